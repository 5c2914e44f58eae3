package sfu

import (
	"slices"

	"vitrine/internal/wire"
)

// Dismiss takes an agent out of every session at once: those who sit in it, and those who are about to. The sessions go
// on. That the agent does not come back is for the caller to see to.
func (s *SFU) Dismiss(subject string, reason wire.EndReason) {
	s.mu.Lock()
	hosts := make([]*host, 0, len(s.hosts))
	for _, h := range s.hosts {
		hosts = append(hosts, h)
	}
	s.mu.Unlock()
	for _, h := range hosts {
		h.post(func(se *session) { se.dismissAgent(subject, reason) })
	}
}

func (s *session) dismissAgent(subject string, reason wire.EndReason) {
	if s.state == wire.StateEnded {
		return
	}
	if p := s.seatOf(subject); p != nil {
		s.dismiss(p, reason)
		s.settle()
	}
	for _, c := range slices.Clone(s.room.conns) { // those that have not said Hello yet
		if c.grant.Role == Agent && c.grant.Subject == subject {
			s.turnAway(c, reason, "dismissed")
		}
	}
}
