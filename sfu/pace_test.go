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
