package sfu_test

import (
	"fmt"
	"testing"

	"vitrine/internal/wire"
	"vitrine/sfu"
	"vitrine/test/client"
)

// An agent who is dismissed is out of every session at once; sessions and other agents stay.
func TestG03_DismissedAgentIsOutEverywhere(t *testing.T) {
	e := start(t, sfu.Config{})
	one, customer, agent := e.pair(client.Config{})
	two, _, elsewhere := e.pair(client.Config{})
	waiting := e.connect(agentGrant(one, "a"), client.Config{})
	other := e.join(agentGrant(two, "b"), client.Config{})
	e.sfu.Dismiss("a", wire.EndPolicy)
	for _, c := range []*client.Client{agent, elsewhere, waiting} {
		if f := take(t, c, state(wire.StateEnded)); f.Reason != wire.EndPolicy {
			t.Errorf("reason %d", f.Reason)
		}
	}
	for session, agents := range map[string]int{one: 0, two: 1} {
		var info sfu.Info
		var ok bool
		eventually(t, func() bool { info, ok = e.sfu.Lookup(session); return ok && len(info.Agents) == agents }, func() string {
			return fmt.Sprintf("%+v, %v: want %d agents", info, ok, agents)
		})
		if info.State == wire.StateEnded {
			t.Error("the session ended with its agent")
		}
	}
	take(t, customer, func(f *wire.Agents) bool { return len(f.List) == 0 })
	e.send(other, frame(&wire.Presence{Visible: true}))
	left := e.event(func(ev sfu.Event) bool { return ev.Kind == sfu.AgentLeft && ev.Session == one })
	if left.Subject != "a" || left.Reason != wire.EndPolicy {
		t.Errorf("event %+v", left)
	}
}
