package sfu

import (
	"testing"
	"time"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
	"vitrine/test/client"
)

// A person may do so many things of a kind at once and so many in a second; what is more is refused.
func TestThreat49_Paces(t *testing.T) {
	stroke := &wire.Stroke{Points: make([]wire.Point2, 240)}
	for _, c := range []struct {
		name        string
		frame       wire.Frame
		burst, rate int
	}{
		{"rate-key", &wire.PressKey{Epoch: 1, Node: client.FirstParagraph}, 90, 30},
		{"rate-click", &wire.Click{Epoch: 1, Node: client.FirstParagraph, Count: 1}, 20, 10},
		{"rate-scroll", &wire.ScrollTo{Epoch: 1, Node: client.FirstParagraph}, 120, 60},
		{"rate-draw", stroke, 16, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, Config{}, func(t *testing.T, co *core) {
				customer, agent := co.shared()
				agent.says(&wire.Request{Scopes: wire.ScopeControl})
				customer.answers(wire.ScopeControl)
				flood := func() (passed int) {
					before := len(all[*wire.Refused](agent))
					for range 150 {
						agent.says(c.frame)
					}
					refused := all[*wire.Refused](agent)[before:]
					for _, r := range refused {
						if r.Rule != c.name {
							t.Fatalf("refused by %q", r.Rule)
						}
					}
					return 150 - len(refused)
				}
				if n := flood(); n != c.burst {
					t.Errorf("%d passed at once, want %d", n, c.burst)
				}
				time.Sleep(time.Second)
				if n := flood(); n != c.rate {
					t.Errorf("%d passed a second later, want %d", n, c.rate)
				}
			})
		})
	}
}

// Pointers are not answered, so what passes is counted at the customer.
func TestThreat49_Pointers(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		agent.says(&wire.Request{Scopes: wire.ScopeControl})
		customer.answers(wire.ScopeControl)
		for range 200 {
			agent.says(&wire.Pointer{Epoch: 1, Node: client.FirstParagraph})
		}
		if n := len(all[*wire.Pointed](customer)); n != 120 {
			t.Errorf("%d pointers passed at once, want 120", n)
		}
	})
}

// A customer's drawings are held to the same pace.
func TestThreat49_CustomerDraws(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		for range 100 {
			customer.says(&wire.Stroke{Points: make([]wire.Point2, 240)})
		}
		if n := len(all[*wire.Stroked](agent)); n != 16 {
			t.Errorf("%d drawings passed at once, want 16", n)
		}
	})
}

// sanitizer.NeedScope and the gate agree on what has a pace: no frame passes unpaced.
func TestThreat49_EverythingHasAPace(t *testing.T) {
	for _, f := range []wire.FromAgent{
		&wire.Pointer{}, &wire.Stroke{}, &wire.ScrollTo{}, &wire.Click{}, &wire.Choose{}, &wire.TypeText{}, &wire.PressKey{}, &wire.SetValue{}, &wire.Navigate{},
	} {
		if pace := paceRates[paceOf(f)]; sanitizer.NeedScope(f) == 0 || pace.rate == 0 || pace.burst < pace.rate || costOf(f) < 1 {
			t.Errorf("%T has no pace", f)
		}
	}
}
