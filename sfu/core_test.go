package sfu

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
	"vitrine/test/client"
)

// core is a session without WebRTC: its links note what they get. It runs inside a synctest bubble, where time passes
// only when everybody waits.
type core struct {
	t *testing.T
	s *session

	mu     sync.Mutex
	events []Event
	ended  int
}

// person is a link with its connection.
type person struct {
	core *core
	conn *conn

	mu     sync.Mutex
	sent   []*parcel
	full   bool
	asked  bool // for room, in vain
	closed bool
}

func (p *person) send(c *parcel) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, c)
}

func (p *person) room(cargo) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = p.asked || p.full
	return !p.full
}

func (p *person) soon() int { return 32 << 10 }

func (p *person) measure(time.Duration) line { return line{path: wire.PathRelayTLS, loss: .034} }

func (p *person) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
}

// fill says whether the link has no room.
func (p *person) fill(full bool) {
	p.mu.Lock()
	p.full = full
	p.mu.Unlock()
	if !full {
		p.core.do(func(s *session) { s.drained(p.conn) })
	}
}

func (p *person) isClosed() bool {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

func newCore(t *testing.T, c Config) *core {
	co := &core{t: t}
	c.Audit = func(e Event) {
		co.mu.Lock()
		defer co.mu.Unlock()
		co.events = append(co.events, e)
	}
	c.OnEnd = func(string) {
		co.mu.Lock()
		defer co.mu.Unlock()
		co.ended++
	}
	c = c.withDefaults()
	co.s = newSession("s_test", &c, SessionConfig{Site: "demo", Origin: "https://shop.example"}, 7)
	go co.s.host.serve(co.s)
	t.Cleanup(func() {
		co.s.host.post(func(s *session) { s.end(wire.EndServer) })
		<-co.s.host.done
	})
	return co
}

// do runs a function on the session's goroutine and waits until nothing more happens.
func (co *core) do(run func(*session)) {
	co.s.host.post(run)
	synctest.Wait()
}

func (co *core) connect(g Grant) *person {
	co.t.Helper()
	p := &person{core: co}
	p.conn = &conn{id: "c_" + g.Subject, link: p, grant: g}
	if err := co.s.host.ask(func(s *session) error { return s.connect(p.conn) }); err != nil {
		co.t.Fatal(err)
	}
	return p
}

func (co *core) join(g Grant) *person {
	co.t.Helper()
	p := co.connect(g)
	p.says(&wire.Hello{Protocol: wire.ProtocolVersion, Table: vocab.Version})
	return p
}

func (co *core) customer() *person {
	return co.join(Grant{Role: Customer, Subject: "customer", Origin: "https://shop.example"})
}

func (co *core) agent(subject string) *person {
	return co.join(Grant{Role: Agent, Subject: subject, Name: subject, May: wire.ScopeView | wire.ScopeControl | wire.ScopeSecondAgent})
}

// shared is a session that one agent sees.
func (co *core) shared() (customer, agent *person) {
	co.t.Helper()
	customer, agent = co.customer(), co.agent("a")
	customer.answers(wire.ScopeView)
	customer.says(client.Snapshot(1, []byte("one")))
	return customer, agent
}

func (p *person) says(f wire.Frame) {
	p.core.do(func(s *session) { s.frame(p.conn, f.Channel(), f.AppendTo(nil), false) })
}

// answers grants a part of what was asked last.
func (p *person) answers(granted wire.Scope) {
	p.core.t.Helper()
	p.says(&wire.Answer{Ask: last[*wire.Ask](p).Ask, Granted: granted})
}

func (p *person) decode(c *parcel) wire.Frame {
	p.core.t.Helper()
	var a wire.Assembler
	for i := range c.ends {
		frame, err := a.Next(c.message(i))
		if err != nil {
			p.core.t.Fatal(err)
		}
		if frame == nil {
			continue
		}
		if p.conn.grant.Role == Customer {
			f, err := new(wire.ToCustomerDecoder).Decode(c.channel, frame)
			if err != nil {
				p.core.t.Fatal(err)
			}
			return f
		}
		f, err := new(wire.ToAgentDecoder).Decode(c.channel, frame)
		if err != nil {
			p.core.t.Fatal(err)
		}
		return f
	}
	p.core.t.Fatal("a parcel without a whole frame")
	return nil
}

// all are all frames of a type that a person was sent.
func all[F wire.Frame](p *person) []F {
	p.core.t.Helper()
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []F
	for _, c := range p.sent {
		if len(c.buf) == 0 {
			continue // wiped
		}
		if f, ok := p.decode(c).(F); ok {
			out = append(out, f)
		}
	}
	return out
}

func last[F wire.Frame](p *person) F {
	p.core.t.Helper()
	frames := all[F](p)
	if len(frames) == 0 {
		var none F
		p.core.t.Fatalf("no %T was sent", none)
	}
	return frames[len(frames)-1]
}

func (co *core) ends(reason wire.EndReason) {
	co.t.Helper()
	synctest.Wait()
	select {
	case <-co.s.host.done:
	default:
		co.t.Fatal("the session goes on")
	}
	if co.s.reason != reason {
		co.t.Fatalf("ended by %s, want %s", ReasonName(co.s.reason), ReasonName(reason))
	}
	if co.ended != 1 || co.count(SessionEnded) != 1 {
		co.t.Errorf("OnEnd was called %d times, %d events", co.ended, co.count(SessionEnded))
	}
}

func (co *core) goesOn() {
	co.t.Helper()
	synctest.Wait()
	if i := co.s.host.info.Load(); i.State == wire.StateEnded {
		co.t.Fatalf("the session ended: %s", ReasonName(i.Reason))
	}
}

func (co *core) over() bool {
	synctest.Wait()
	return co.s.host.info.Load().State == wire.StateEnded
}

func (co *core) count(kind Kind) int {
	synctest.Wait()
	co.mu.Lock()
	defer co.mu.Unlock()
	n := 0
	for _, e := range co.events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

func (p *person) is(state wire.SessionState) {
	p.core.t.Helper()
	if got := last[*wire.State](p).State; got != state {
		p.core.t.Fatalf("%s was told state %d, want %d", p.conn.grant.Subject, got, state)
	}
}

// alive keeps people from being taken for lost while time passes.
func (co *core) alive(d time.Duration, people ...*person) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		time.Sleep(min(5*time.Second, time.Until(end)))
		synctest.Wait()
		for _, p := range people {
			p.says(&wire.Ping{})
		}
	}
}
