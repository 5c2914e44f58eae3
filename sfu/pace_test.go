package sfu

import (
	"testing"
	"time"
)

// TestPaceFollowsTheLine has a line take what is written at a rate: what may wait is what it takes in a moment.
func TestPaceFollowsTheLine(t *testing.T) {
	for name, c := range map[string]struct {
		rate, least, most int
		trip              time.Duration
	}{
		"2 Mbit/s":                     {250_000, 24 << 10, 48 << 10, 50 * time.Millisecond},
		"hardly any":                   {10_000, leastWater, leastWater, 50 * time.Millisecond},
		"fast":                         {50_000_000, highWater, highWater, 5 * time.Millisecond},
		"fast and far, window-limited": {400_000, 100 << 10, highWater, 300 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			var p pace
			if p.limit() != highWater {
				t.Errorf("%d before anything is known", p.limit())
			}
			p.met(c.trip)
			now, buffered := time.Unix(1, 0), 0
			for range 100 {
				add := p.limit() - buffered
				p.wrote += add
				buffered += add
				now = now.Add(20 * time.Millisecond)
				buffered = max(1, buffered-c.rate/50)
				p.look(now, buffered)
			}
			if p.limit() < c.least || p.limit() > c.most {
				t.Errorf("%d may wait, not %d to %d", p.limit(), c.least, c.most)
			}
			p.look(now, 0)
			// Who has little to say says nothing of the line.
			at := p.limit()
			for range 100 {
				p.wrote += 100
				now = now.Add(20 * time.Millisecond)
				p.look(now, 100)
				p.look(now, 0)
			}
			if p.limit() != at {
				t.Errorf("%d after a time of little to send, not %d", p.limit(), at)
			}
		})
	}
}

// TestPaceKeepsTheLineBusy has a writer who fills up whenever there is room again, on a line with a round trip: what is left
// then must last until the new comes.
func TestPaceKeepsTheLineBusy(t *testing.T) {
	for name, c := range map[string]struct {
		rate int // bytes a millisecond
		trip int // milliseconds
	}{
		"2 Mbit/s, near": {250, 20}, "2 Mbit/s": {250, 50}, "2 Mbit/s, far": {250, 200}, "1 Mbit/s, far": {125, 300},
	} {
		t.Run(name, func(t *testing.T) {
			var p pace
			p.met(time.Duration(c.trip) * time.Millisecond)
			sent := make([]int, c.trip) // what the line carried in each of the last milliseconds
			queue, flight, idle := 0, 0, 0
			const all = 20_000
			for ms := range all {
				if ms == all/2 {
					idle = 0 // the line is known now
				}
				now := time.Unix(1, 0).Add(time.Duration(ms) * time.Millisecond)
				if p.look(now, queue+flight); queue+flight <= p.low() {
					add := p.limit() - queue - flight
					queue += add
					p.wrote += add
				}
				n := min(queue, c.rate)
				idle += c.rate - n
				queue, flight = queue-n, flight+n-sent[ms%c.trip]
				sent[ms%c.trip] = n
			}
			if share := float64(idle) / float64(c.rate*all/2); share > .03 {
				t.Errorf("the line stood still for %.0f %% of the time", share*100)
			}
		})
	}
}
