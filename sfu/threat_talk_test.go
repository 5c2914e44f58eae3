package sfu

import (
	"testing"
	"time"

	"vitrine/internal/wire"
)

// TestThreat47_Chat holds who may talk: people, when they are admitted; a message of nothing, or of too much, reaches
// nobody; a preview is not told.
func TestThreat47_Chat(t *testing.T) {
	bubble(t, Config{}, func(_ *testing.T, co *core) {
		customer, agent := co.shared()
		b, preview := co.agent("b"), co.preview("p")
		b.says(&wire.Say{Text: []byte("let me in")})
		if r := last[*wire.Refused](b); r.Rule != "scope-view" || reached(customer, wire.TypeSaid) != 0 {
			t.Errorf("who was not admitted was told %q", r.Rule)
		}
		agent.says(&wire.Say{Text: []byte("<script>x</script>")})
		if r := last[*wire.Refused](agent); r.Rule != "row47-empty" || reached(customer, wire.TypeSaid) != 0 {
			t.Errorf("a message of nothing was refused by %q", r.Rule)
		}
		customer.says(&wire.Say{Text: []byte("hello")})
		if reached(agent, wire.TypeSaid) != 1 || reached(b, wire.TypeSaid) != 0 || reached(preview, wire.TypeSaid) != 0 {
			t.Error("a message reached the wrong people")
		}
	})
}

// TestThreat48_DrawingsCost holds that a drawing is charged by its points and never by less than a few of them, so that an
// agent cannot paint the page over: at most 16 full strokes at once, and about two in a second.
func TestThreat48_DrawingsCost(t *testing.T) {
	bubble(t, Config{}, func(_ *testing.T, co *core) {
		customer, agent := co.control()
		for range 400 {
			agent.says(&wire.Stroke{Points: make([]wire.Point2, 1)})
		}
		short := reached(customer, wire.TypeStroked)
		co.alive(8*time.Second, customer)
		for range 400 {
			agent.says(&wire.Stroke{Points: make([]wire.Point2, 2000)})
		}
		if long := reached(customer, wire.TypeStroked) - short; short > 4096/17+1 || long > 2 || short == 0 || long == 0 {
			t.Errorf("%d short drawings and %d long ones passed", short, long)
		}
	})
}

// TestThreat49_TalkAndQuestions holds the paces of what is no input: chat, requests for the page, and pauses.
func TestThreat49_TalkAndQuestions(t *testing.T) {
	bubble(t, Config{}, func(_ *testing.T, co *core) {
		customer, agent := co.shared()
		for range 40 {
			agent.says(&wire.Say{Text: []byte("x")})
		}
		if n := reached(customer, wire.TypeSaid); n != 20 {
			t.Errorf("%d messages passed at once, want 20", n)
		}
		if r := last[*wire.Refused](agent); r.Rule != "rate-say" {
			t.Errorf("a message too many was refused by %q", r.Rule)
		}
		before := len(all[*wire.Batch](agent))
		for range 20 {
			agent.says(&wire.Need{})
		}
		if n := len(all[*wire.Batch](agent)) - before; n != 5 {
			t.Errorf("%d snapshots at once, want 5", n)
		}
		for i := range 20 {
			customer.says(&wire.Pause{Paused: i%2 == 0})
		}
		if co.count(FrameRefused) != 0 {
			t.Error("twenty pauses cost a strike")
		}
		for i := range 3 {
			customer.says(&wire.Pause{Paused: i%2 == 0})
		}
		co.ends(wire.EndProtocol)
	})
}
