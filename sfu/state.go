package sfu

import (
	"time"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
)

// moves are all changes of state that there are. What is missing here cannot happen; a try is a fault of the program.
var moves = [...][]wire.SessionState{
	wire.StateWaiting:  {wire.StateAsked, wire.StateResuming, wire.StateEnded},
	wire.StateAsked:    {wire.StateActive, wire.StatePaused, wire.StateResuming, wire.StateEnded},
	wire.StateActive:   {wire.StatePaused, wire.StateResuming, wire.StateEnded},
	wire.StatePaused:   {wire.StateActive, wire.StateResuming, wire.StateEnded},
	wire.StateResuming: {wire.StateWaiting, wire.StateAsked, wire.StateActive, wire.StatePaused, wire.StateEnded},
	wire.StateEnded:    {},
}

// settle brings the state in line with what is the case, and tells everybody when it changed.
func (s *session) settle() {
	if s.state == wire.StateEnded {
		return
	}
	to := s.stands()
	if to != s.state {
		s.move(to)
		s.tellState()
		if s.room.tape != nil && to != wire.StateActive {
			s.room.tape.to.Cut()
		}
	}
	s.publish()
}

// stands is where the session stands.
func (s *session) stands() wire.SessionState {
	switch {
	case s.room.customer != nil && (s.room.customer.conn == nil || s.room.customer.conn.quiet):
		return wire.StateResuming
	case s.consent.granted&wire.ScopeView != 0 && s.consent.paused:
		return wire.StatePaused
	case s.consent.granted&wire.ScopeView != 0:
		return wire.StateActive
	case len(s.consent.asks) > 0:
		return wire.StateAsked
	}
	return wire.StateWaiting
}

// move changes the state.
func (s *session) move(to wire.SessionState) {
	for _, allowed := range moves[s.state] {
		if allowed == to {
			s.state = to
			return
		}
	}
	panic("sfu: no such move")
}

// stateFor is the state as one person may know it: who waits for the customer's word sees that, not the session.
func (s *session) stateFor(p *seat) wire.SessionState {
	if p != s.room.customer && p.admitted == 0 && (s.state == wire.StateActive || s.state == wire.StatePaused) {
		return wire.StateAsked
	}
	return s.state
}

func (s *session) tellState() {
	for c := range s.listening {
		s.tell(c, sanitizer.Server(&wire.State{State: s.stateFor(c.seat), Reason: s.reason}))
	}
}

// end ends the session: everybody is told, all connections close, everything known of the page is overwritten. It runs
// to its end even when a step panics.
func (s *session) end(reason wire.EndReason) {
	if s.state == wire.StateEnded {
		return
	}
	s.move(wire.StateEnded)
	s.reason, s.over = reason, true
	conns := s.room.conns
	s.room.conns = nil
	for _, step := range []func(){
		func() {
			for _, c := range conns {
				s.tell(c, sanitizer.Server(&wire.State{State: wire.StateEnded, Reason: reason}))
			}
		},
		func() {
			for _, c := range conns {
				c.closed = true
				c.link.close()
			}
		},
		func() { s.unrecord(ReasonName(reason)) },
		s.wipe,
		s.publish,
		func() { s.audit(Event{Kind: SessionEnded, Reason: reason, Totals: s.totals}) },
		func() { s.cfg.OnEnd(s.id) },
	} {
		s.step(step)
	}
}

func (s *session) step(run func()) {
	defer func() {
		if recover() != nil {
			s.audit(Event{Kind: Fault, Rule: panicPlace()})
		}
	}()
	run()
}

// fault ends the session because the program failed in it.
func (s *session) fault(place string) {
	s.audit(Event{Kind: Fault, Rule: place})
	if s.state == wire.StateEnded {
		s.over = true
		return
	}
	s.end(wire.EndFault)
}

// wipe overwrites everything that came from the page or was said.
func (s *session) wipe() {
	s.share.wipe()
	s.fromCustomer, s.fromAgent = wire.FromCustomerDecoder{}, wire.FromAgentDecoder{}
	for p := range s.viewers {
		p.view = view{}
	}
}

// Info is what may be known of a session from outside.
type Info struct {
	ID      string
	Site    string
	Origin  string
	State   wire.SessionState
	Reason  wire.EndReason
	Created time.Time
	Granted wire.Scope
	Agents  []AgentInfo
}

// AgentInfo is one agent of a session.
type AgentInfo struct {
	ID      wire.AgentID
	Subject string
	Name    string
	Active  bool // connected and visible
	Driver  bool
}

// publish lets List and Lookup see how things stand.
func (s *session) publish() {
	i := &Info{
		ID: s.id, Site: s.set.Site, Origin: s.origin(), State: s.state, Reason: s.reason,
		Created: s.times.opened, Granted: s.consent.granted,
	}
	for _, p := range s.room.agents {
		i.Agents = append(i.Agents, AgentInfo{
			ID: p.id, Subject: p.grant.Subject, Name: p.grant.Name, Active: p.present(), Driver: p.id == s.consent.driver,
		})
	}
	s.host.info.Store(i)
}
