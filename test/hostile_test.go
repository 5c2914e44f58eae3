package test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
	"vitrine/test/client"
	"vitrine/test/page"
)

// canary stands where nothing may reach an agent, plain where something must.
const (
	canary = "canary-4d1f"
	plain  = "plain-words-77"
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

// open writes the beginning of a snapshot: html is node 1, body 2, a div 3 with the text 4, an svg 5, a masked div 6.
func (s *shared) open() {
	b := s.page
	b.Snapshot()
	b.Page(0, "https://shop.example/", "Shop")
	b.Into(0)
	b.Tag("html")
	b.Tag("body")
	b.Tag("div")
	b.Text(plain)
	b.End()
	b.Tag("svg:svg")
	b.End()
	b.Tag("div", "#mask", "")
	b.End()
	b.End()
	b.End()
	b.End()
}

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

// cleaned are values from which the canary must go while the rest of the page stays: element, attribute and value.
var cleaned = [][3]string{
	{"a", "href", "javascript:" + canary}, {"a", "href", "java\tscript:" + canary}, {"a", "href", " \x01JaVaScRiPt:" + canary},
	{"a", "href", "data:text/html," + canary}, {"a", "href", "vbscript:" + canary}, {"a", "href", "https://u:" + canary + "@shop.example/"},
	{"a", "href", "https://shop.example/?" + canary}, {"a", "href", "blob:https://shop.example/" + canary},
	{"svg:a", "href", "javascript:" + canary}, {"blockquote", "cite", "file:///" + canary},
	{"div", "style", "background:url(//" + canary + ")"}, {"div", "style", "background:u\\72l('//" + canary + "')"},
	{"div", "style", "width:expression(" + canary + ")"}, {"div", "style", "-moz-binding:url(" + canary + ")"},
	{"div", "style", "background:image-set('" + canary + "' 1x)"}, {"div", "style", "color:red}@import '" + canary + "';{"},
	{"div", "style", "behavior:url(#" + canary + ")"}, {"svg:rect", "fill", "url(https://" + canary + "/)"},
	{"svg:rect", "filter", "url(data:image/svg+xml," + canary + ")"}, {"svg:rect", "mask", "src('" + canary + "')"},
	{"div", "id", canary + " onclick=1"}, {"td", "colspan", canary}, {"svg:path", "d", canary}, {"body", "bgcolor", "url(" + canary + ")"},
}

// TestHostileValues holds that what acts is taken out of a page on its way, and that the rest arrives.
func TestHostileValues(t *testing.T) {
	e := Start(t, Options{})
	s := share(t, e, e.AgentToken(t, "ada"))
	b := s.page
	b.Snapshot()
	b.Page(0, "javascript:"+canary, "Shop")
	b.Into(0)
	b.Tag("html")
	b.Tag("body")
	b.Text(plain)
	for _, v := range cleaned {
		if strings.HasPrefix(v[0], "svg:") {
			b.Tag("svg:svg")
		}
		a, ok := page.Attribute(page.Code(v[0]), v[1], v[2])
		if !ok {
			t.Fatalf("no attribute %s on %s", v[1], v[0])
		}
		b.Elem(page.Code(v[0]), "", []page.Attr{a})
		b.End()
		if strings.HasPrefix(v[0], "svg:") {
			b.End()
		}
	}
	b.End()
	b.End()
	b.End()
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
	if !strings.Contains(replica.Tree.Dump(), plain) || len(replica.Tree.Nodes) < len(cleaned) {
		t.Error("the rest of the page did not arrive")
	}
	s.nothing()
}

// attacks are batches behind a good snapshot that must be refused whole. They all carry the canary as text.
var attacks = map[string]func(*page.Builder){
	"script":                 func(b *page.Builder) { into(b, 3, func() { b.Elem(1, "script", nil); b.Text(canary); b.End() }) },
	"element without code":   func(b *page.Builder) { into(b, 3, func() { b.Elem(200, "", nil); b.Text(canary); b.End() }) },
	"on* behind aria-":       func(b *page.Builder) { b.Set(3, page.Attr{Code: vocab.AriaAttr, Name: "onclick", Text: canary}) },
	"on* behind data-":       func(b *page.Builder) { b.Set(3, page.Attr{Code: vocab.DataAttr, Name: "x onclick", Text: canary}) },
	"attribute without code": func(b *page.Builder) { b.Raw(wire.OpSet); b.ID(3); b.Uint(250); b.Ref(wire.RoleAttr, canary) },
	"address on a div":       func(b *page.Builder) { b.Raw(wire.OpSet); b.ID(3); b.Uint(vocab.HrefAttr); b.Ref(wire.RoleURL, canary) },
	"HTML in SVG":            func(b *page.Builder) { into(b, 5, func() { b.Tag("p"); b.Text(canary); b.End() }) },
	"text in style": func(b *page.Builder) {
		into(b, 3, func() { b.Tag("style"); b.Text("@import '" + canary + "'"); b.End() })
	},
	"second root":            func(b *page.Builder) { into(b, 0, func() { b.Tag("html"); b.Text(canary); b.End() }) },
	"text in what is hidden": func(b *page.Builder) { into(b, 6, func() { b.Text(canary) }) },
	"cycle":                  func(b *page.Builder) { b.Detach(2); into(b, 3, func() { b.Text(canary); b.Take(2) }) },
	"taken twice":            func(b *page.Builder) { b.Detach(4); into(b, 3, func() { b.Text(canary); b.Take(4); b.Take(4) }) },
	"id used again":          func(b *page.Builder) { into(b, 3, func() { b.Raw(wire.OpAt, 4); b.Text(canary) }) },
	"id of the future":       func(b *page.Builder) { b.SetText(b.Next(), canary) },
	"dangling place":         func(b *page.Builder) { b.Before(b.Next() + 9); b.Text(canary); b.End() },
	"deep nesting": func(b *page.Builder) {
		into(b, 3, func() {
			for range 600 {
				b.Tag("p")
			}
			b.Text(canary)
			for range 600 {
				b.End()
			}
		})
	},
	"many children": func(b *page.Builder) {
		into(b, 3, func() {
			b.Text(canary)
			for range wire.MaxChildren {
				b.Text("x")
			}
		})
	},
	"text as css":  func(b *page.Builder) { b.Raw(wire.OpSet); b.ID(3); b.Uint(14); b.Ref(wire.RoleText, canary) },
	"not UTF-8":    func(b *page.Builder) { b.SetText(4, canary+"\xff") },
	"wrong sum":    func(b *page.Builder) { b.SetText(4, canary); b.Sum(6, 1) },
	"junk":         func(b *page.Builder) { b.SetText(4, canary); b.Raw(0xff, 0xfe, 0xfd) },
	"unused entry": func(b *page.Builder) { b.String(wire.RoleText, canary) },
}

func into(b *page.Builder, id wire.NodeID, write func()) {
	b.Into(id)
	write()
	b.End()
}

// TestHostileBatches sends every attack three times. Each is refused whole and answered with Resync, the third ends the
// session and closes the connection, nothing of it reaches the agent, and another session goes on.
func TestHostileBatches(t *testing.T) {
	e := Start(t, Options{})
	token := e.AgentToken(t, "ada")
	other := share(t, e, e.AgentToken(t, "bob"))
	other.open()
	other.send(other.page.Batch())
	for name, attack := range attacks {
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
