package sfu

import (
	"time"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
)

// deadline is when something is due next.
func (s *session) deadline() time.Time {
	next := s.times.beat
	sooner := func(t time.Time) {
		if !t.IsZero() && t.Before(next) {
			next = t
		}
	}
	sooner(s.times.opened.Add(s.cfg.Timeouts.HardLimit))
	sooner(s.times.grace)
	sooner(s.share.settled)
	if s.times.joined {
		sooner(s.away())
	} else {
		sooner(s.times.opened.Add(s.cfg.Timeouts.Waiting))
	}
	for i := range s.consent.asks {
		sooner(s.consent.asks[i].until)
	}
	return next
}

// away is when the agents will have been away for too long: counted from the last time that one of them did something.
// A hidden page and a lost connection do nothing, so they need no clock of their own. Who only waits for the customer's
// word does not keep a session alive that is shared with others.
func (s *session) away() time.Time {
	last := s.times.opened
	for _, p := range s.room.agents {
		if (p.admitted != 0 || s.consent.granted&wire.ScopeView == 0) && p.active.After(last) {
			last = p.active
		}
	}
	return last.Add(s.cfg.Timeouts.AgentAway)
}

// tick does what is due.
func (s *session) tick() {
	now := time.Now()
	due := func(t time.Time) bool { return !t.IsZero() && !now.Before(t) }
	switch {
	case due(s.times.opened.Add(s.cfg.Timeouts.HardLimit)):
		s.end(wire.EndLimit)
	case due(s.times.grace):
		s.end(wire.EndCustomerGone)
	case s.times.joined && due(s.away()):
		s.end(wire.EndAgentAway)
	case !s.times.joined && due(s.times.opened.Add(s.cfg.Timeouts.Waiting)):
		s.end(wire.EndLimit)
	}
	for i := 0; i < len(s.consent.asks) && s.state != wire.StateEnded; {
		if a := s.consent.asks[i]; due(a.until) {
			s.consent.asks = append(s.consent.asks[:i], s.consent.asks[i+1:]...)
			s.decide(a, 0)
			i = 0
			continue
		}
		i++
	}
	if s.state != wire.StateEnded && due(s.share.settled) {
		s.share.settled = time.Time{}
		s.recheck()
	}
	if s.state != wire.StateEnded && due(s.times.beat) {
		s.times.beat = now.Add(s.cfg.Timeouts.Ping)
		s.heartbeat(now)
	}
}

// heartbeat looks after every connection once in a while.
func (s *session) heartbeat(now time.Time) {
	for _, c := range append([]*conn(nil), s.room.conns...) {
		switch {
		case s.state == wire.StateEnded || c.closed:
		case c.seat == nil && now.Sub(c.opened) >= s.cfg.Timeouts.Handshake:
			s.drop(c, "handshake")
		case c.seat == nil:
		case now.Sub(c.heard) >= s.cfg.Timeouts.Silence:
			s.drop(c, "silence")
		default:
			s.care(c, now)
		}
	}
}

func (s *session) care(c *conn, now time.Time) {
	// The picture stands still, and agents must not take it for what the customer sees, nor act on it.
	if c.seat == s.room.customer && !c.quiet && now.Sub(c.heard) >= s.cfg.Timeouts.Quiet {
		c.quiet = true
		s.settle()
	}
	c.pingSeq++
	if c.pingAt.IsZero() {
		c.pingMark, c.pingAt = c.pingSeq, now
	}
	s.tell(c, sanitizer.Server(&wire.Ping{Seq: c.pingSeq}))
	if !now.Before(c.ticketAt) {
		s.ticket(c)
	}
	switch {
	case c.qualityAt.IsZero():
		// The first is told with the next ping: people want to know at once, and there is no round trip yet.
		c.link.measure(c.trip)
		c.qualityAt = now.Add(s.cfg.Timeouts.Ping)
	case !now.Before(c.qualityAt):
		s.quality(c, now)
		c.qualityAt = now.Add(s.cfg.Timeouts.Quality)
	}
}

// pong takes the answer to the ping that is timed.
func (c *conn) pong(seq uint32) {
	if seq == c.pingMark && !c.pingAt.IsZero() {
		c.trip = time.Since(c.pingAt)
		c.pingAt = time.Time{}
	}
}

// milliseconds is a duration as frames carry it.
func milliseconds(d time.Duration) uint32 {
	return uint32(min(max(d.Milliseconds(), 0), 1<<31-1))
}
