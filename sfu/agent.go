package sfu

import (
	"time"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
)

// agentSays is everything that an agent may say after Hello.
func (s *session) agentSays(p *seat, f wire.FromAgent) {
	switch f := f.(type) {
	case *wire.Ping:
		s.tell(p.conn, sanitizer.Server(&wire.Pong{Seq: f.Seq}))
		return
	case *wire.Pong:
		p.conn.pong(f.Seq)
		return
	case *wire.Ack:
		p.view.acked(f.Epoch, f.Seq)
		return
	case *wire.Presence:
		s.presence(p, f)
		return
	case *wire.Need:
		s.need(p)
		return
	}
	p.active = time.Now()
	switch f := f.(type) {
	case *wire.Request:
		s.request(p, f)
	case *wire.Release:
		s.release(p, f)
	case *wire.End:
		s.agentEnds(p)
	case *wire.Say:
		s.say(p, f)
	default:
		s.input(p, f)
	}
}

// presence notes whether the agent looks. Coming back to the page is doing something.
func (s *session) presence(p *seat, f *wire.Presence) {
	if f.Visible && (f.Active || !p.visible) {
		p.active = time.Now()
	}
	if p.visible != f.Visible {
		p.visible = f.Visible
		s.tellAgents()
	}
}

// need sends a snapshot to an agent whose copy does not fit. It is the server's work, so it has its rate.
func (s *session) need(p *seat) {
	if p.view.held {
		if p.sees() {
			s.beginView(p)
		}
		return
	}
	if !p.sees() || !p.pace(paceNeed) {
		return
	}
	p.view.behind, p.view.amiss = true, true
	s.pump(p)
}

// agentEnds ends the session for everybody, unless somebody else is driving: then who leaves is one who watched.
func (s *session) agentEnds(p *seat) {
	if p.admitted == 0 && s.consent.granted&wire.ScopeView != 0 || s.consent.driver != 0 && s.consent.driver != p.id {
		s.dismiss(p, wire.EndAgent)
		s.settle()
		return
	}
	s.end(wire.EndAgent)
}
