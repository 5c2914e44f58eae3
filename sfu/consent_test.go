package sfu

import (
	"testing"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
)

// Every kind of input against every set of scopes.
func TestG04_Scopes(t *testing.T) {
	inputs := []wire.FromAgent{
		&wire.Pointer{Kind: wire.PointerLeave}, &wire.Stroke{Tool: wire.ToolClear},
		&wire.ScrollTo{Epoch: 1}, &wire.Click{Epoch: 1, Node: 3, Count: 1}, &wire.Drag{Epoch: 1, Node: 3, To: 3}, &wire.Choose{Epoch: 1, Node: 3, Option: 3},
		&wire.TypeText{Epoch: 1, Node: 3, Text: []byte("x")}, &wire.PressKey{Epoch: 1, Node: 3},
		&wire.SetValue{Epoch: 1, Node: 3, Value: []byte("1")}, &wire.Navigate{To: wire.MoveReload},
	}
	wrong := 0
	for granted := range wire.Scope(1 << len(scopeRules)) {
		bubble(t, Config{}, func(t *testing.T, co *core) {
			_, agent := co.shared()
			co.do(func(s *session) {
				s.consent.granted, s.consent.driver = granted|wire.ScopeView, 1
				for _, f := range inputs {
					rule := s.gate(s.room.agents[0], f)
					allowed := granted&sanitizer.NeedScope(f) != 0
					if allowed != (rule == "") || !allowed && rule != scopeRule(sanitizer.NeedScope(f)) {
						wrong++
					}
					s.consent.driver = 2
					if s.gate(s.room.agents[0], f) == "" {
						wrong++ // somebody else drives
					}
					s.consent.driver = 1
				}
				s.room.agents[0].may = wire.ScopeView
				for _, f := range inputs {
					if s.gate(s.room.agents[0], f) == "" {
						wrong++ // the token does not allow it
					}
				}
				s.room.agents[0].admitted = 0
				for _, f := range inputs {
					if s.gate(s.room.agents[0], f) != "scope-view" {
						wrong++
					}
				}
			})
			_ = agent
		})
	}
	if wrong != 0 {
		t.Errorf("%d wrong decisions", wrong)
	}
}

func TestInputOnlyWhileActive(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		agent.says(&wire.Request{Scopes: wire.ScopeControl})
		customer.answers(wire.ScopeControl)
		reload := func(want string) {
			t.Helper()
			before := len(all[*wire.Navigate](customer))
			agent.says(&wire.Navigate{Seq: 9, To: wire.MoveReload})
			if want == "" {
				if len(all[*wire.Navigate](customer)) != before+1 {
					t.Error("the input did not arrive")
				}
				return
			}
			if r := last[*wire.Refused](agent); r.Rule != want || r.Seq != 9 {
				t.Errorf("refused %+v, want %s", *r, want)
			}
		}
		reload("")
		customer.says(&wire.Pause{Paused: true})
		agent.is(wire.StatePaused)
		reload("paused")
		customer.says(&wire.Pause{Paused: false})
		agent.is(wire.StateActive)
		reload("")
		agent.says(&wire.Release{Scopes: wire.ScopeControl})
		if f := last[*wire.Scopes](customer); f.Driver != 0 || f.Granted != wire.ScopeView {
			t.Errorf("after release: %+v", *f)
		}
		reload("scope-navigate")
		agent.says(&wire.Request{Scopes: wire.ScopeNavigate})
		customer.answers(wire.ScopeNavigate)
		for range 40 {
			agent.says(&wire.Navigate{To: wire.MoveReload})
		}
		if r := last[*wire.Refused](agent); r.Rule != "rate-click" {
			t.Errorf("a flood was refused by %q", r.Rule)
		}
		if n := co.count(InputRefused); n > 12 {
			t.Errorf("%d events for a flood", n)
		}
		co.do(func(s *session) { s.lost(customer.conn, "closed") })
		reload("customer-away")
	})
}

func TestHandOver(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, a := co.shared()
		b := co.agent("b")
		b.is(wire.StateAsked)
		if got := all[*wire.Batch](b); len(got) != 0 {
			t.Fatal("who was not admitted got the page")
		}
		b.says(&wire.Request{Scopes: wire.ScopeControl})
		if r := last[*wire.Refused](b); r.Rule != "scope-view" {
			t.Errorf("rule %q", r.Rule)
		}
		customer.answers(wire.ScopeSecondAgent)
		b.is(wire.StateActive)
		if got := all[*wire.Batch](b); len(got) != 1 || !got[0].Snapshot {
			t.Fatalf("%d batches for who joined late", len(got))
		}
		a.says(&wire.Request{Scopes: wire.ScopeControl})
		customer.answers(wire.ScopeControl)
		b.says(&wire.Request{Scopes: wire.ScopePoint})
		customer.answers(wire.ScopePoint)
		if f := last[*wire.Scopes](a); f.Driver != 2 || f.Granted != wire.ScopeView|wire.ScopeSecondAgent|wire.ScopePoint {
			t.Errorf("what one driver was granted went to the next: %+v", *f)
		}
		a.says(&wire.Navigate{Seq: 1, To: wire.MoveReload})
		if r := last[*wire.Refused](a); r.Rule != "scope-navigate" {
			t.Errorf("rule %q", r.Rule)
		}
		customer.says(&wire.Revoke{Scopes: wire.ScopeSecondAgent})
		if f := last[*wire.State](b); f.State != wire.StateEnded || f.Reason != wire.EndCustomer || !b.isClosed() {
			t.Errorf("the second agent after revoke: %+v", *f)
		}
		if f := last[*wire.Scopes](a); f.Driver != 0 || f.Granted != wire.ScopeView {
			t.Errorf("after revoke: %+v", *f)
		}
		a.is(wire.StateActive)
		c := co.agent("c")
		customer.answers(0)
		if f := last[*wire.State](c); f.State != wire.StateEnded || f.Reason != wire.EndRefused || !c.isClosed() {
			t.Errorf("who was refused: %+v", *f)
		}
		co.goesOn()
		customer.says(&wire.Revoke{Scopes: wire.ScopeView})
		co.ends(wire.EndCustomer)
	})
}

func TestMoreThanWasAskedIsNotGranted(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, agent := co.customer(), co.agent("a")
		customer.answers(wire.ScopeView | wire.ScopeControl)
		if co.s.consent.granted != 0 || co.count(FrameRefused) != 1 {
			t.Errorf("granted %b", co.s.consent.granted)
		}
		customer.answers(wire.ScopeView)
		agent.says(&wire.Request{Scopes: wire.ScopeControl | wire.ScopeRecord})
		if f := last[*wire.Ask](customer); f.Scopes != wire.ScopeControl {
			t.Errorf("asked for %b, which the token does not allow", f.Scopes)
		}
		customer.answers(wire.ScopeClick | wire.ScopePoint)
		if f := last[*wire.Scopes](agent); f.Granted != wire.ScopeView|wire.ScopeClick|wire.ScopePoint || f.Driver != 1 {
			t.Errorf("scopes %+v", *f)
		}
	})
	bubble(t, Config{}, func(t *testing.T, co *core) { // a grant that may nothing does not get in
		co.customer()
		p := co.join(Grant{Role: Agent, Subject: "x"})
		if f := last[*wire.State](p); f.Reason != wire.EndPolicy || !p.isClosed() {
			t.Errorf("state %+v", *f)
		}
		co.goesOn()
	})
}
