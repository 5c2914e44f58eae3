package test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"vitrine/internal/wire"
	"vitrine/test/hostile"
)

// TestHostileNeighbour measures how long changes of an honest session take to the agent, alone and while four other
// customers, each in one session after the other, send as much as they can. It prints the times and holds only that every
// change arrives; `make bench ONLY=neighbour` measures.
func TestHostileNeighbour(t *testing.T) {
	const attackers, lives = 4, 4
	e := Start(t, Options{})
	honest := share(t, e, e.AgentToken(t, "ada"))
	honest.open()
	honest.send(honest.page.Batch())
	var tokens []string
	for range attackers * lives {
		tokens = append(tokens, e.AgentToken(t, "eve"))
	}
	over := make(chan struct{})
	close(over)
	alone := honest.latency(500, over)
	over = make(chan struct{})
	var wg sync.WaitGroup
	var closed, sent [attackers]int
	for i := range attackers {
		wg.Go(func() {
			for _, token := range tokens[i*lives:][:lives] {
				s, err := tryShare(soon(t), e, token)
				if err != nil {
					t.Errorf("attacker %d: %v", i, err)
					return
				}
				sent[i] += s.nonsense()
				select {
				case <-s.customer.Closed():
					closed[i]++
				case <-time.After(patience):
				}
				s.close()
			}
		})
	}
	go func() {
		wg.Wait()
		close(over)
	}()
	attacked := honest.latency(500, over)
	t.Logf("%d changes alone: p50 %v p99 %v; %d changes beside %v batches of 20,000 nodes and more: p50 %v p99 %v", len(alone),
		alone[len(alone)/2], alone[len(alone)*99/100], len(attacked), sent, attacked[len(attacked)/2], attacked[len(attacked)*99/100])
	for i, n := range closed {
		if n != lives {
			t.Errorf("attacker %d was closed %d times, want %d", i, n, lives)
		}
	}
}

// latency sends changes one after the other, at least n and until over is closed, and gives the times from sending to
// arrival, sorted.
func (s *shared) latency(n int, over <-chan struct{}) (times []time.Duration) {
	s.t.Helper()
	for {
		start := time.Now()
		s.goesOn()
		times = append(times, time.Since(start))
		select {
		case <-over:
			if len(times) >= n {
				slices.Sort(times)
				return times
			}
		default:
		}
	}
}

// nonsense sends good snapshots of many nodes and bad ones in turns until it is closed, and gives how many.
func (s *shared) nonsense() (sent int) {
	for ; sent < 400; sent++ {
		s.open()
		b := s.page
		b.NoTable = true
		hostile.Into(b, 3, func() {
			for range 20_000 {
				b.Tag("p", "class", canary)
				b.End()
			}
			if sent%20 == 19 {
				b.Elem(1, "script", nil)
				b.End()
			}
		})
		if s.customer.SendBytes(wire.Dom, b.Batch().AppendTo(nil), true) != nil {
			return sent
		}
		for s.customer.Buffered(wire.Dom) > 1<<20 {
			select {
			case <-s.customer.Closed():
				return sent
			case <-time.After(time.Millisecond):
			}
		}
	}
	return sent
}
