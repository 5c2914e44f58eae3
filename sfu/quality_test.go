package sfu

import (
	"sync"
	"testing"
	"time"

	"vitrine/internal/wire"
	"vitrine/test/client"
)

// TestLossIsOfTheLastMinute takes samples of ICE's counters as they would come every five seconds.
func TestLossIsOfTheLastMinute(t *testing.T) {
	var l lines
	at := checks{}
	next := func(pair string, sent, answered uint64) float64 {
		at.sent, at.answered = at.sent+sent, at.answered+answered
		l.sample(pair, at)
		return l.last.loss
	}
	if loss := next("a", 7, 3); loss != 0 {
		t.Errorf("%v lost after one sample: what was before nobody has seen", loss)
	}
	if loss := next("a", 10, 5); loss != .5 {
		t.Errorf("%v lost, not half", loss)
	}
	if loss := next("a", 10, 10); loss != .25 {
		t.Errorf("%v lost, not a quarter", loss)
	}
	for range lossWindow - 1 {
		next("a", 2, 2)
	}
	if loss := next("a", 2, 2); loss != 0 {
		t.Errorf("%v lost a minute later", loss)
	}
	if loss := next("a", 0, 2); loss != 0 {
		t.Errorf("%v lost with more answers than checks", loss)
	}
	next("a", 10, 0)
	if loss := next("b", 0, 0); loss != 0 {
		t.Errorf("%v lost on a pair that was just taken", loss)
	}
	if next("", 0, 0); len(l.window) != 0 {
		t.Error("samples of a pair that is no more")
	}
}

func TestQualityIsToldAndCounted(t *testing.T) {
	var mu sync.Mutex
	var got []Measurement
	measured := func(m Measurement) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, m)
	}
	bubble(t, Config{Measured: measured, Timeouts: Timeouts{AgentAway: time.Hour}}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		customer.says(client.Append(1, 1, 5, []byte("x")))
		time.Sleep(80 * time.Millisecond)
		agent.says(&wire.Ack{Epoch: 1, Seq: 1})
		co.alive(11*time.Second, customer, agent)
		for who, p := range map[string]*person{"customer": customer, "agent": agent} {
			q := last[*wire.Quality](p)
			if q.Path != wire.PathRelayTLS || q.Loss != 3 || q.Stale < 80 || q.Stale > 200 || q.Degraded {
				t.Errorf("the %s is told %+v", who, *q)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		seen := map[Role]Measurement{}
		for _, m := range got {
			seen[m.Role] = m
		}
		if m := seen[Agent]; m.Path != wire.PathRelayTLS || m.Loss != .034 || m.Stale < 80*time.Millisecond {
			t.Errorf("counted of the agent: %+v", m)
		}
		if m := seen[Customer]; m.Stale != 0 || m.Path != wire.PathRelayTLS {
			t.Errorf("counted of the customer: %+v", m)
		}
	})
}

// TestAgentBehindIsAudited fills an agent's line until only the page as it stands will do.
func TestAgentBehindIsAudited(t *testing.T) {
	bubble(t, Config{Timeouts: Timeouts{AgentAway: time.Hour}}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		agent.fill(true)
		text := make([]byte, 60<<10)
		for i := range text {
			text[i] = 'a' + byte(i*i%23)
		}
		for seq := range uint32(6) {
			customer.says(client.Append(1, 1+seq, wire.NodeID(5+2*seq), text))
		}
		agent.fill(false)
		co.do(func(s *session) { s.drained(agent.conn) })
		co.alive(6*time.Second, customer, agent)
		if q := last[*wire.Quality](agent); !q.Degraded {
			t.Errorf("the agent is told %+v", *q)
		}
		co.mu.Lock()
		defer co.mu.Unlock()
		for _, e := range co.events {
			if e.Kind == AgentBehind && e.Role == Agent && e.Rule != "" {
				return
			}
		}
		t.Error("no event tells of it")
	})
}
