package sfu

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
	"vitrine/test/client"
)

// struck wants the last frame of somebody to have been a strike by a rule.
func (co *core) struck(rule string, role Role) {
	co.t.Helper()
	synctest.Wait()
	co.mu.Lock()
	defer co.mu.Unlock()
	for _, e := range slices.Backward(co.events) {
		if e.Kind == FrameRefused {
			if e.Rule != rule || e.Role != role {
				co.t.Errorf("struck by %s as %s, want %s", e.Rule, e.Role, rule)
			}
			return
		}
	}
	co.t.Errorf("not struck, want %s", rule)
}

// turned wants somebody to have been turned away.
func (p *person) turned(reason wire.EndReason) {
	p.core.t.Helper()
	if f := last[*wire.State](p); f.State != wire.StateEnded || f.Reason != reason || !p.isClosed() {
		p.core.t.Errorf("%s was told %+v, want an end by %s", p.conn.grant.Subject, *f, ReasonName(reason))
	}
}

// control gives an agent control.
func (co *core) control() (customer, agent *person) {
	co.t.Helper()
	customer, agent = co.shared()
	agent.says(&wire.Request{Scopes: wire.ScopeControl})
	customer.answers(wire.ScopeControl)
	return customer, agent
}

// acts are one of every input that an agent has.
var acts = []wire.FromAgent{
	&wire.ScrollTo{Epoch: 1, Node: client.FirstParagraph}, &wire.Click{Epoch: 1, Node: client.FirstParagraph, Count: 1},
	&wire.Choose{Epoch: 1, Node: client.FirstParagraph, Option: 3},
	&wire.TypeText{Epoch: 1, Node: client.FirstParagraph, Text: []byte("x")},
	&wire.PressKey{Epoch: 1, Node: client.FirstParagraph}, &wire.SetValue{Epoch: 1, Node: client.FirstParagraph, Value: []byte("1")},
	&wire.Navigate{To: wire.MoveReload}, &wire.Stroke{Tool: wire.ToolClear},
}

// reached counts the frames of one type that a person got.
func reached(p *person, t wire.Type) (n int) {
	for _, f := range all[wire.Frame](p) {
		if f.Type() == t {
			n++
		}
	}
	return n
}

// TestThreat36_BeforeConsent holds that nothing of a page is listened to before the customer shares it, of every frame
// that could carry some.
func TestThreat36_BeforeConsent(t *testing.T) {
	for _, f := range []wire.Frame{
		client.Snapshot(1, []byte("one")), &wire.Offer{Asset: 1, Size: 1}, &wire.Chunk{Count: 1}, &wire.Gone{Asset: 1},
	} {
		bubble(t, Config{}, func(_ *testing.T, co *core) {
			customer, agent := co.customer(), co.agent("a")
			customer.says(f)
			co.struck("consent-view", Customer)
			if len(shown(agent)) != 0 || co.s.share.page.Nodes() != 0 || co.s.share.assets.Bytes() != 0 {
				co.t.Errorf("a %s before consent was kept", f.Type())
			}
		})
	}
}

// TestThreat36_Hello holds the beginning of a connection: Hello first, once, of the same version, from a grant that may
// something.
func TestThreat36_Hello(t *testing.T) {
	for _, g := range []Grant{{Role: Customer, Subject: "c"}, {Role: Agent, Subject: "a", May: wire.ScopeView}, {Role: Preview, Subject: "p"}} {
		bubble(t, Config{}, func(_ *testing.T, co *core) {
			p := co.connect(g)
			p.says(&wire.Ping{})
			co.struck("row36-hello", g.Role)
			if len(all[wire.Frame](p)) != 0 {
				t.Error("somebody was answered before their Hello")
			}
			hello := &wire.Hello{Protocol: wire.ProtocolVersion, Table: vocab.Version}
			p.says(hello)
			p.says(hello)
			co.struck("row36-hello", g.Role)
			if len(all[*wire.Welcome](p)) != 1 {
				t.Error("a second Hello was answered")
			}
		})
		for _, wrong := range []*wire.Hello{{Protocol: wire.ProtocolVersion + 1, Table: vocab.Version}, {Protocol: wire.ProtocolVersion, Table: vocab.Version - 1}} {
			bubble(t, Config{}, func(_ *testing.T, co *core) {
				p := co.connect(g)
				p.says(wrong)
				p.turned(wire.EndProtocol)
			})
		}
	}
}

// TestThreat36_UnknownFrames holds that what is no frame, and a receipt for a rule that no page has, costs a strike; the
// third ends the session of a customer, and the connection of anybody else.
func TestThreat36_UnknownFrames(t *testing.T) {
	garbage := []byte{99}
	bubble(t, Config{}, func(_ *testing.T, co *core) {
		customer, agent := co.shared()
		for range 3 {
			co.goesOn()
			co.do(func(s *session) { s.frame(agent.conn, wire.Ctl, garbage, false) })
			co.struck("row36-type", Agent)
		}
		agent.turned(wire.EndProtocol)
		preview := co.preview("p")
		preview.says(&wire.Say{Text: []byte("x")})
		co.struck("row36-preview", Preview)
		for range 2 {
			co.do(func(s *session) { s.garbled(preview.conn, wire.Ctl, "row37-piece") })
		}
		preview.turned(wire.EndProtocol)
		co.goesOn()
		for i := range 3 {
			co.goesOn()
			co.do(func(s *session) { s.frame(customer.conn, wire.Dom, garbage, false) })
			if r := all[*wire.Resync](customer); len(r) != i+1 || r[i].Rule != "row36-type" {
				t.Errorf("after %d frames that were none: %d requests to start over", i+1, len(r))
			}
		}
		co.ends(wire.EndProtocol)
	})
	bubble(t, Config{}, func(_ *testing.T, co *core) {
		customer, agent := co.shared()
		customer.says(&wire.Receipt{Seq: 1, From: 2, Rule: "row42-target"})
		if len(all[*wire.Refused](agent)) != 0 {
			t.Error("a receipt reached another agent than it was for")
		}
		customer.says(&wire.Receipt{Seq: 3, From: 1, Rule: "row42-target"})
		if r := all[*wire.Refused](agent); len(r) != 1 || r[0].Seq != 3 {
			t.Error("a receipt did not reach the agent that it was for")
		}
		customer.says(&wire.Receipt{Seq: 1, From: 1, Rule: "my-own-text"})
		co.struck("row36-rule", Customer)
		if len(all[*wire.Refused](agent)) != 1 {
			t.Error("a customer's text reached an agent by a receipt")
		}
		customer.says(&wire.Stroke{Tool: wire.ToolPen})
		co.struck("row47-stroke", Customer)
		if len(all[*wire.Stroked](agent)) != 0 {
			t.Error("a refused drawing reached an agent")
		}
	})
}

// TestThreat36_RefusedBatch holds that a refused batch reaches nobody, that the page is asked for anew, and that it costs
// a strike; an asset that is refused costs one, too.
func TestThreat36_RefusedBatch(t *testing.T) {
	bubble(t, Config{}, func(_ *testing.T, co *core) {
		customer, agent := co.shared()
		before := len(all[*wire.Batch](agent))
		customer.says(client.SetText(1, 1, 999, []byte("x")))
		co.struck("row33-node", Customer)
		if r := last[*wire.Resync](customer); r.Rule != "row33-node" || len(all[*wire.Batch](agent)) != before {
			t.Errorf("the customer was told %+v", *r)
		}
		customer.says(&wire.Offer{Asset: 0, Size: 1})
		co.struck("row37-assets", Customer)
		co.goesOn()
	})
}

// TestThreat37_People holds how many people and connections a session takes.
func TestThreat37_People(t *testing.T) {
	bubble(t, Config{}, func(_ *testing.T, co *core) {
		co.customer()
		for i := range maxAgents {
			co.agent(string(rune('a' + i)))
		}
		co.agent("one too many").turned(wire.EndLimit)
		if co.agent("a").isClosed() {
			t.Error("who was there before may not come back")
		}
		for _, name := range []string{"p", "q"} {
			if co.preview(name).isClosed() {
				t.Error("a preview was turned away")
			}
		}
		co.preview("r").turned(wire.EndLimit)
		if co.preview("p").isClosed() {
			t.Error("a preview may not come back")
		}
	})
	bubble(t, Config{Limits: Limits{Pending: 2}}, func(_ *testing.T, co *core) {
		for range 2 {
			co.connect(Grant{Role: Agent, Subject: "a"})
		}
		try := func() error {
			p := &person{core: co}
			p.conn = &conn{link: p, grant: Grant{Role: Agent, Subject: "b"}}
			return co.s.host.ask(func(s *session) error { return s.connect(p.conn) })
		}
		if err := try(); err != ErrBusy {
			t.Errorf("a third connection without a Hello: %v", err)
		}
		co.do(func(s *session) { s.end(wire.EndServer) })
		if try() == nil {
			t.Error("a session that ended took a connection")
		}
	})
}

// TestThreat39_Answers holds that an answer fits its question: a part of what was asked, to a question that was asked.
func TestThreat39_Answers(t *testing.T) {
	for name, v := range map[string]struct {
		rule   string
		answer wire.Answer
	}{
		"more than was asked":      {"row39-granted", wire.Answer{Ask: 1, Granted: wire.ScopeView | wire.ScopeControl}},
		"something else":           {"row39-granted", wire.Answer{Ask: 1, Granted: wire.ScopeSecondAgent}},
		"no question":              {"row39-ask", wire.Answer{Ask: 0, Granted: wire.ScopeView}},
		"a question not asked yet": {"row39-ask", wire.Answer{Ask: 2, Granted: wire.ScopeView}},
	} {
		bubble(t, Config{}, func(_ *testing.T, co *core) {
			customer := co.customer()
			co.agent("a")
			customer.says(&v.answer)
			co.struck(v.rule, Customer)
			if co.s.consent.granted != 0 {
				t.Errorf("%s: granted %b", name, co.s.consent.granted)
			}
			customer.answers(wire.ScopeView)
			if co.s.consent.granted != wire.ScopeView {
				t.Errorf("%s: the right answer does not count any more", name)
			}
			customer.says(&wire.Answer{Ask: 1, Granted: wire.ScopeView}) // late, and nothing else
			if co.count(FrameRefused) != 1 {
				t.Errorf("%s: a late answer costs a strike", name)
			}
		})
	}
}

// TestThreat39_OriginOfTheGrant holds that agents are shown the origin of the customer's grant, which came with the
// browser's request; no frame has room for another.
func TestThreat39_OriginOfTheGrant(t *testing.T) {
	bubble(t, Config{}, func(_ *testing.T, co *core) {
		customer := co.join(Grant{Role: Customer, Subject: "customer", Origin: "https://other.example"})
		agent := co.agent("a")
		for _, p := range []*person{customer, agent} {
			if w := last[*wire.Welcome](p); w.Origin != "https://other.example" {
				t.Errorf("the origin is %q", w.Origin)
			}
		}
	})
}

// TestThreat45_Gate holds every condition of the gate on its own: everything else is as it must be, and nothing passes.
func TestThreat45_Gate(t *testing.T) {
	for rule, spoil := range map[string]func(s *session, p *seat){
		"policy-scope":  func(_ *session, p *seat) { p.may = wire.ScopeView },
		"policy-page":   func(_ *session, p *seat) { p.may = 0 },
		"scope-":        func(s *session, _ *seat) { s.consent.granted = wire.ScopeView },
		"scope-view":    func(_ *session, p *seat) { p.admitted = 0 },
		"driver":        func(s *session, _ *seat) { s.consent.driver = 2 },
		"paused":        func(s *session, _ *seat) { s.state = wire.StatePaused },
		"customer-away": func(s *session, _ *seat) { s.state = wire.StateResuming },
	} {
		bubble(t, Config{}, func(_ *testing.T, co *core) {
			customer, agent := co.control()
			before := len(all[wire.Frame](customer))
			for _, f := range acts {
				co.do(func(s *session) {
					old, seat := s.consent, *agent.conn.seat
					state := s.state
					spoil(s, agent.conn.seat)
					s.input(agent.conn.seat, f)
					s.consent, s.state = old, state
					agent.conn.seat.admitted, agent.conn.seat.may = seat.admitted, seat.may
				})
				if r := last[*wire.Refused](agent); !strings.HasPrefix(r.Rule, rule) {
					t.Errorf("%s: a %s was refused by %q", rule, f.Type(), r.Rule)
				}
			}
			if n := len(all[wire.Frame](customer)); n != before {
				t.Errorf("%s: %d frames reached the customer", rule, n-before)
			}
			agent.says(&wire.Navigate{To: wire.MoveReload})
			if reached(customer, wire.TypeNavigate) != 1 {
				t.Errorf("%s: with everything as it must be, nothing passes either", rule)
			}
		})
	}
	bubble(t, Config{}, func(_ *testing.T, co *core) {
		_, agent := co.control()
		co.do(func(s *session) { s.input(agent.conn.seat, &wire.Ack{}) })
		if r := last[*wire.Refused](agent); r.Rule != "policy-frame" {
			t.Errorf("what is no input was refused by %q", r.Rule)
		}
	})
}

// TestThreat45_RefusedInput holds that an input which the page does not allow is answered with rule and node and reaches
// nobody; a pointer is not answered.
func TestThreat45_RefusedInput(t *testing.T) {
	bubble(t, Config{}, func(_ *testing.T, co *core) {
		customer, agent := co.control()
		agent.says(&wire.Click{Seq: 5, Epoch: 1, Node: 77, Count: 1})
		if r := last[*wire.Refused](agent); r.Rule != "row42-target" || r.Node != 77 || r.Seq != 5 {
			t.Errorf("the agent was told %+v", *r)
		}
		told := len(all[*wire.Refused](agent))
		agent.says(&wire.Pointer{Epoch: 1, Node: 77})
		agent.says(&wire.Stroke{Tool: wire.ToolPen})
		if n := len(all[*wire.Refused](agent)) - told; n != 1 {
			t.Errorf("%d answers to a pointer and a drawing, want that to the drawing", n)
		}
		if reached(customer, wire.TypeClick)+reached(customer, wire.TypePointed)+reached(customer, wire.TypeStroked) != 0 {
			t.Error("a refused input reached the customer")
		}
	})
}

// TestThreat45_Requests holds what an agent may ask for, and when the customer is asked at all.
func TestThreat45_Requests(t *testing.T) {
	for rule, try := range map[string]func(co *core, customer, agent *person){
		"policy-scope": func(_ *core, _, agent *person) {
			agent.says(&wire.Request{Scopes: wire.ScopeRecord})
		},
		"scope-view": func(co *core, _, _ *person) {
			co.agent("b").says(&wire.Request{Scopes: wire.ScopeControl})
		},
		"customer-away": func(co *core, customer, agent *person) {
			co.do(func(s *session) { s.lost(customer.conn, "closed") })
			agent.says(&wire.Request{Scopes: wire.ScopeControl})
		},
		"consent-pending": func(_ *core, _, agent *person) {
			agent.says(&wire.Request{Scopes: wire.ScopeControl})
			agent.says(&wire.Request{Scopes: wire.ScopePoint})
		},
		"consent-refused": func(_ *core, customer, agent *person) {
			for range maxRefusals {
				agent.says(&wire.Request{Scopes: wire.ScopeControl})
				customer.answers(0)
			}
			agent.says(&wire.Request{Scopes: wire.ScopeControl})
		},
	} {
		bubble(t, Config{}, func(_ *testing.T, co *core) {
			customer, agent := co.shared()
			try(co, customer, agent)
			who := agent
			if rule == "scope-view" {
				who = co.s.room.agents[1].conn.link.(*person)
			}
			if r := last[*wire.Refused](who); r.Rule != rule {
				t.Errorf("refused by %q, want %s", r.Rule, rule)
			}
			asked := map[string]int{"scope-view": 2, "consent-pending": 2, "consent-refused": 1 + maxRefusals}[rule]
			if n := len(all[*wire.Ask](customer)); n != max(asked, 1) {
				t.Errorf("%s: the customer was asked %d times", rule, n)
			}
		})
	}
	bubble(t, Config{}, func(_ *testing.T, co *core) {
		_, agent := co.shared()
		agent.says(&wire.Request{Scopes: wire.ScopeView | wire.ScopeSecondAgent})
		if r := last[*wire.Refused](agent); r.Rule != "policy-scope" {
			t.Errorf("who asks for what nobody grants on request is told %q", r.Rule)
		}
		co.join(Grant{Role: Agent, Subject: "x", May: wire.ScopeControl}).turned(wire.EndPolicy)
	})
	bubble(t, Config{}, func(_ *testing.T, co *core) {
		customer, agent := co.shared()
		for range maxRefusals {
			b := co.agent("b")
			customer.answers(0)
			b.turned(wire.EndRefused)
		}
		asked := len(all[*wire.Ask](customer))
		co.agent("b").turned(wire.EndRefused)
		if len(all[*wire.Ask](customer)) != asked || agent.isClosed() {
			t.Error("who was refused so often is asked for again")
		}
	})
}
