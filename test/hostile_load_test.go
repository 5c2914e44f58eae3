package test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
)

// TestHostileNeighbour measures how long changes of an honest session take to the agent, alone and while four other
// customers, each in one session after the other, send as much as they can. It prints the times and holds only that every
// change arrives.
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
		into(b, 3, func() {
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

// TestHostileCustomerBesideOthers measures changes of an honest session at the pace of a busy page, alone and while a
// hostile customer connects, sends what is refused until the server has enough, and is gone. It prints the ratio and
// holds that every change arrives and that the hostile customer is closed.
func TestHostileCustomerBesideOthers(t *testing.T) {
	const rounds, changes, pace = 4, 100, 10 * time.Millisecond
	e := Start(t, Options{})
	honest := share(t, e, e.AgentToken(t, "ada"))
	honest.open()
	honest.send(honest.page.Batch())
	var alone, beside []time.Duration
	for range rounds {
		alone = honest.paced(alone, changes, pace)
		token, done := e.AgentToken(t, "eve"), make(chan error, 1)
		go func() { done <- hostile(t, e, token) }()
		beside = honest.paced(beside, changes, pace)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(alone)
	slices.Sort(beside)
	p99 := func(times []time.Duration) time.Duration { return times[len(times)*99/100] }
	t.Logf("%d changes alone: p50 %v p99 %v; beside a hostile customer: p50 %v p99 %v; ratio of p99 %.2f", len(alone),
		alone[len(alone)/2], p99(alone), beside[len(beside)/2], p99(beside), float64(p99(beside))/float64(p99(alone)))
}

// paced sends n changes at a pace and appends the times that they took.
func (s *shared) paced(times []time.Duration, n int, pace time.Duration) []time.Duration {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for range n {
		<-tick.C
		start := time.Now()
		s.goesOn()
		times = append(times, time.Since(start))
	}
	return times
}

// hostile is one hostile customer from its connection to its end.
func hostile(t *testing.T, e *Env, token string) error {
	ctx := soon(t)
	s, err := tryShare(ctx, e, token)
	if err != nil {
		return err
	}
	defer s.close()
	for range 3 {
		s.page.NoTable = true
		s.open()
		into(s.page, 3, func() {
			for range 500 {
				s.page.Tag("p", "class", canary)
				s.page.End()
			}
			s.page.Elem(uint16(len(vocab.Elements)+1), "script", nil)
			s.page.End()
		})
		// The connection may be closed already.
		_ = s.customer.SendBytes(wire.Dom, s.page.Batch().AppendTo(nil), true)
	}
	select {
	case <-s.customer.Closed():
		return nil
	case <-ctx.Done():
		return errors.New("a hostile customer is still connected")
	}
}
