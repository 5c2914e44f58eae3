package sfu

import (
	"testing"
	"time"

	"vitrine/internal/wire"
	"vitrine/test/client"
)

// Agents are told when the page lags behind and when everything was told, those who come later included.
func TestAgentsAreToldThatThePageLagsBehind(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		told := func(p *person) (list []bool) {
			for _, f := range all[*wire.Behind](p) {
				list = append(list, f.Behind)
			}
			return list
		}
		before := len(told(agent))
		for _, behind := range []bool{true, true, false, true} {
			customer.says(&wire.Behind{Behind: behind})
		}
		if got := told(agent)[before:]; len(got) != 3 || !got[0] || got[1] || !got[2] {
			t.Errorf("told %v", got)
		}
		if len(told(customer)) != 0 {
			t.Error("the customer is told what they said")
		}
		second := co.agent("b")
		if len(told(second)) != 0 {
			t.Error("who waits for the customer's word learns of the page")
		}
		customer.answers(wire.ScopeSecondAgent)
		if got := told(second); len(got) != 1 || !got[0] {
			t.Errorf("who comes later is told %v", got)
		}
		co.join(customer.conn.grant)
		if last[*wire.Behind](agent).Behind {
			t.Error("a fresh connection of the customer's lags behind before it said a word")
		}
	})
}

// What crosses the end of the consent is no mistake and reaches nobody.
func TestBehindWithoutConsent(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, agent := co.customer(), co.agent("a")
		customer.says(&wire.Behind{Behind: true})
		if len(all[*wire.Behind](agent)) != 0 || co.count(FrameRefused) != 0 {
			t.Error("without consent")
		}
	})
}

// A page that flips between the two would fill everybody's queue.
func TestBehindHasARate(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		before := len(all[*wire.Behind](agent))
		for i := 0; i < 200 && !co.over(); i++ {
			customer.says(&wire.Behind{Behind: i%2 == 0})
		}
		co.ends(wire.EndProtocol)
		if n := len(all[*wire.Behind](agent)) - before; n > 20 {
			t.Errorf("%d were passed on", n)
		}
	})
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		for i := range 100 {
			customer.says(&wire.Behind{Behind: i%2 == 0})
			agent.says(&wire.Presence{Visible: true, Active: true})
			time.Sleep(300 * time.Millisecond)
		}
		customer.says(client.Snapshot(2, []byte("one")))
		co.goesOn()
	})
}

// A connection that seemed quiet while its batches were left out is asked for the page, and pays no strike for the gap.
func TestBatchesLeftOutOfAQuietConnection(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		co.alive(6*time.Second, agent)
		agent.is(wire.StateResuming)
		co.do(func(s *session) { s.overrun(customer.conn) })
		if f := last[*wire.Resync](customer); f.Epoch != 1 || f.Rule != "row39-overrun" {
			t.Errorf("asked %+v", *f)
		}
		customer.says(client.Append(1, 2, 5, []byte("behind a gap")))
		customer.says(client.Snapshot(2, []byte("again")))
		if b := last[*wire.Batch](agent); b.Epoch != 2 || co.count(FrameRefused) != 0 {
			t.Errorf("epoch %d, %d strikes", b.Epoch, co.count(FrameRefused))
		}
	})
}
