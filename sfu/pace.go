package sfu

import "time"

const (
	paceSpan = 100 * time.Millisecond // over which the rate of a line is taken
	paceLong = time.Second            // a longer span says nothing of now
	paceAim  = 80 * time.Millisecond  // what may wait for a line, besides its round trip
	paceSoon = 150 * time.Millisecond // of changes may wait before the page as it stands takes their place
	firstRTT = 100 * time.Millisecond // until one was measured
)

// pace is how much may wait for one line: what it takes in a moment. More would make what an agent sees old, because a
// change that was handed over cannot be taken back. The outbox guards it.
type pace struct {
	wrote int           // bytes of page and assets so far
	acked int           // of these, at the beginning of the span
	since time.Time     // when the span began; zero: the line was idle
	rate  float64       // bytes a second; 0 before the first span
	trip  time.Duration // the shortest round trip; 0 before the first
	high  int           // 0 before the first span
	armed int           // what the channels have as low
}

// limit is how many bytes may wait.
func (p *pace) limit() int {
	if p.high == 0 {
		return highWater
	}
	return p.high
}

// soon is how many bytes the line takes in a moment; all that there can be before that is known.
func (p *pace) soon() int {
	if p.rate == 0 {
		return ringBytes
	}
	return max(leastWater, int(p.rate*paceSoon.Seconds()))
}

// low is what is left when a line that was full has room again.
func (p *pace) low() int { return p.limit() / 3 }

// look takes note of what is on its way. It is asked before each write, so that a line with nothing to do is noticed: its
// rate would be that of who writes.
func (p *pace) look(now time.Time, buffered int) {
	if buffered == 0 {
		p.since = time.Time{}
		return
	}
	acked := p.wrote - buffered
	took := now.Sub(p.since)
	switch {
	case !p.since.IsZero() && took < paceSpan:
		return
	case !p.since.IsZero() && took < paceLong:
		rate := float64(acked-p.acked) / took.Seconds()
		if p.rate == 0 {
			p.rate = rate
		}
		p.rate += (rate - p.rate) / 4
		// The round trip is added, or a line with a long one, which carries no more than waits for it in that time,
		// would be allowed less and less.
		trip := p.trip
		if trip == 0 {
			trip = firstRTT
		}
		p.high = int(min(max(p.rate*(paceAim+trip).Seconds(), leastWater), highWater))
	}
	p.since, p.acked = now, acked
}

// met takes a round trip.
func (p *pace) met(trip time.Duration) {
	if trip > 0 && (p.trip == 0 || trip < p.trip) {
		p.trip = trip
	}
}
