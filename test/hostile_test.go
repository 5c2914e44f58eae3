package test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"vitrine/internal/wire"
	"vitrine/test/client"
	"vitrine/test/hostile"
	"vitrine/test/page"
)

// canary stands where nothing may reach an agent, plain where something must.
const (
	canary = hostile.Canary
	plain  = hostile.Plain
)

// shared is a session whose page an agent sees.
type shared struct {
	t        *testing.T
	customer *client.Client
	agent    *client.Client
	page     *page.Builder
}

func share(t *testing.T, e *Env, token string) *shared {
	t.Helper()
	s, err := tryShare(soon(t), e, token)
	if err != nil {
		t.Fatal(err)
	}
	s.t = t
	t.Cleanup(s.close)
	return s
}

func (s *shared) close() {
	_ = s.customer.Close()
	_ = s.agent.Close()
}

// tryShare is share for goroutines, which may not end a test.
func tryShare(ctx context.Context, e *Env, token string) (*shared, error) {
	session, err := client.OpenSession(ctx, e.Base, "demo", e.Origin())
	if err != nil {
		return nil, err
	}
	joined, err := client.RedeemCode(ctx, e.Base, session.Code, token)
	if err != nil {
		return nil, err
	}
	s := &shared{page: page.NewBuilder()}
	if s.customer, err = client.Connect(ctx, client.Config{}, client.DialHTTP(e.Base, session, e.Origin())); err != nil {
		return nil, err
	}
	if s.agent, err = client.Connect(ctx, client.Config{Agent: true}, client.DialHTTP(e.Base, joined, "")); err != nil {
		return nil, errors.Join(err, s.customer.Close())
	}
	if err := errors.Join(s.customer.Hello(), s.agent.Hello()); err != nil {
		return nil, err
	}
	ask, err := client.Take(ctx, s.customer, client.Any[*wire.Ask])
	if err != nil {
		return nil, err
	}
	if err := s.customer.Send(&wire.Answer{Ask: ask.Ask, Granted: ask.Scopes}); err != nil {
		return nil, err
	}
	_, err = client.Take(ctx, s.customer, func(f *wire.Share) bool { return f.On })
	return s, err
}

// open writes the beginning of a snapshot.
func (s *shared) open() { hostile.Open(s.page) }

func (s *shared) send(f wire.Frame) {
	s.t.Helper()
	if err := s.customer.Send(f); err != nil {
		s.t.Fatal(err)
	}
}

// nothing wants no frame of the agent to hold the canary, inflated, in either case, and every frame to be one.
func (s *shared) nothing() {
	s.t.Helper()
	for _, r := range s.agent.Log() {
		if r.Err != nil {
			s.t.Errorf("the agent got what is no frame: %v", r.Err)
		}
		if bytes.Contains(bytes.ToLower(r.Bytes), []byte(canary)) {
			s.t.Errorf("a canary reached the agent in a %s", r.Frame.Type())
		}
	}
}

// TestHostileValues holds that what acts is taken out of a page on its way, and that the rest arrives.
func TestHostileValues(t *testing.T) {
	e := Start(t, Options{})
	s := share(t, e, e.AgentToken(t, "ada"))
	b := s.page
	if err := hostile.Document(b); err != nil {
		t.Fatal(err)
	}
	if err := s.customer.SendBytes(wire.Dom, b.Batch().AppendTo(nil), true); err != nil {
		t.Fatal(err)
	}
	got, err := client.Take(soon(t), s.agent, func(f *wire.Batch) bool { return f.Snapshot })
	if err != nil {
		t.Fatal(err)
	}
	replica := page.NewReplica()
	if err := replica.Apply(got); err != nil {
		t.Fatalf("the agent cannot apply it: %v", err)
	}
	if !strings.Contains(replica.Tree.Dump(), plain) || len(replica.Tree.Nodes) < len(hostile.Values) {
		t.Error("the rest of the page did not arrive")
	}
	s.nothing()
}

// TestHostileBatches sends every attack three times. Each is refused whole and answered with Resync, the third ends the
// session and closes the connection, nothing of it reaches the agent, and another session goes on.
func TestHostileBatches(t *testing.T) {
	e := Start(t, Options{})
	token := e.AgentToken(t, "ada")
	other := share(t, e, e.AgentToken(t, "bob"))
	other.open()
	other.send(other.page.Batch())
	for name, attack := range hostile.Attacks {
		t.Run(name, func(t *testing.T) {
			s := share(t, e, nextToken(t, e, &token))
			for strike := range 3 {
				s.open()
				s.send(s.page.Batch())
				epoch := s.page.Batch().Epoch
				if _, err := client.Take(soon(t), s.agent, func(f *wire.Batch) bool { return f.Epoch == epoch }); err != nil {
					t.Fatal(err)
				}
				s.page.NoTable = true
				s.page.Update(false)
				attack(s.page)
				s.send(s.page.Batch())
				if strike == 2 {
					break
				}
				r, err := client.Take(soon(t), s.customer, client.Any[*wire.Resync])
				if err != nil || r.Epoch < epoch || !strings.HasPrefix(r.Rule, "row") {
					t.Fatalf("strike %d: %+v, %v", strike+1, r, err)
				}
			}
			for _, c := range []*client.Client{s.customer, s.agent} {
				f, err := client.Take(soon(t), c, func(f *wire.State) bool { return f.State == wire.StateEnded })
				if err != nil || f.Reason != wire.EndProtocol {
					t.Fatalf("%+v, %v", f, err)
				}
				<-c.Closed()
			}
			s.nothing()
			other.goesOn()
		})
	}
	if status, _, _ := get(t, e.Base+"/healthz"); status != 200 {
		t.Errorf("the server is not well: %d", status)
	}
	if strings.Contains(e.Log(), canary) {
		t.Error("a canary is in the server's log")
	}
	for _, ev := range e.Audit(t) {
		if strings.Contains(ev.Rule+ev.Subject+ev.Name, canary) {
			t.Error("a canary is in the audit log")
		}
	}
}

// nextToken makes a fresh agent token; each is single use.
func nextToken(t *testing.T, e *Env, token *string) string {
	t.Helper()
	out := *token
	*token = e.AgentToken(t, "ada")
	return out
}

// goesOn sends a change through a session and waits until its agent has it.
func (s *shared) goesOn() {
	s.t.Helper()
	s.page.Update(false)
	s.page.SetText(4, plain)
	b := s.page.Batch()
	s.send(b)
	if _, err := client.Take(soon(s.t), s.agent, func(f *wire.Batch) bool { return f.Epoch == b.Epoch && f.Seq == b.Seq }); err != nil {
		s.t.Fatal(err)
	}
}

// TestHostileMessages sends what is no frame of a customer at all.
func TestHostileMessages(t *testing.T) {
	e := Start(t, Options{})
	replay := func(s *shared) [][]byte {
		first := s.page.Batch().AppendTo([]byte{0})
		return [][]byte{first, first, first, first}
	}
	update := func(s *shared) [][]byte {
		s.page.Update(false)
		s.page.SetText(4, canary)
		b := s.page.Batch()
		b.Seq = 9
		return [][]byte{b.AppendTo([]byte{0})}
	}
	for name, v := range map[string]struct {
		ch   wire.Channel
		msgs func(*shared) [][]byte
	}{
		"replayed snapshot": {wire.Dom, replay},
		"gap":               {wire.Dom, update},
		"an agent's frame":  {wire.Input, func(*shared) [][]byte { return thrice((&wire.TypeText{Text: []byte(canary)}).AppendTo([]byte{0})) }},
		"the server's frame": {wire.Ctl, func(*shared) [][]byte {
			return thrice((&wire.Said{Name: canary, Runs: []wire.Run{{Text: []byte(canary)}}}).AppendTo([]byte{0}))
		}},
		"page on control": {wire.Ctl, func(s *shared) [][]byte { return thrice(s.page.Batch().AppendTo([]byte{0})) }},
		"huge length": {wire.Dom, func(*shared) [][]byte {
			return thrice(append([]byte{0, 50, 2, 0, 1, 1, 1, 0, 0xff, 0xff, 0x3f}, canary...))
		}},
		"huge announcement":    {wire.Dom, func(*shared) [][]byte { return thrice(append(binary.AppendUvarint([]byte{2, 0}, 1<<40), canary...)) }},
		"deflated to too much": {wire.Dom, func(*shared) [][]byte { return thrice([]byte{1, 0xff, 0xff, 0x7f, 0x4b, 0x04}) }},
	} {
		t.Run(name, func(t *testing.T) {
			s := share(t, e, e.AgentToken(t, "ada"))
			s.open()
			s.send(s.page.Batch())
			if _, err := client.Take(soon(t), s.agent, client.Any[*wire.Batch]); err != nil {
				t.Fatal(err)
			}
			if name == "replayed snapshot" || name == "gap" {
				for _, m := range v.msgs(s) {
					if err := s.customer.SendMessage(v.ch, m); err != nil {
						t.Fatal(err)
					}
				}
				if _, err := client.Take(soon(t), s.customer, client.Any[*wire.Resync]); err != nil {
					t.Fatal(err)
				}
				s.open() // the next epoch heals it
				s.send(s.page.Batch())
				s.goesOn()
				s.nothing()
				return
			}
			for _, m := range v.msgs(s) {
				if err := s.customer.SendMessage(v.ch, m); err != nil {
					t.Fatal(err)
				}
			}
			if f, err := client.Take(soon(t), s.customer, func(f *wire.State) bool { return f.State == wire.StateEnded }); err != nil || f.Reason != wire.EndProtocol {
				t.Fatalf("%+v, %v", f, err)
			}
			<-s.customer.Closed()
			s.nothing()
		})
	}
}

func thrice(m []byte) [][]byte { return [][]byte{m, m, m} }
