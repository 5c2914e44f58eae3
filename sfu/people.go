package sfu

import (
	"cmp"
	"slices"
	"time"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
	"vitrine/sanitizer/vocab"
)

// present says whether an agent can see what happens now.
func (p *seat) present() bool { return p.conn != nil && p.visible }

// mismatch closes a connection whose software cannot talk to this one.
func (s *session) mismatch(c *conn, f *wire.Hello) bool {
	if f.Protocol == wire.ProtocolVersion && f.Table == vocab.Version {
		return false
	}
	s.turnAway(c, wire.EndProtocol, "row36-version")
	return true
}

// turnAway closes a connection with a reason that its user can read.
func (s *session) turnAway(c *conn, reason wire.EndReason, rule string) {
	s.tell(c, sanitizer.Server(&wire.State{State: wire.StateEnded, Reason: reason}))
	s.drop(c, rule)
}

// helloCustomer takes the customer's seat, or gives it back to them: after a navigation, a reload or a lost network the
// session goes on without new consent.
func (s *session) helloCustomer(c *conn, f *wire.Hello) {
	if s.mismatch(c, f) {
		return
	}
	p := s.room.customer
	if p == nil {
		p = &seat{refused: map[string]int{}}
		s.room.customer = p
	}
	s.sit(p, c)
	s.share.assets.Restart()
	s.share.fresh, s.share.kept = true, nil
	s.lags(false)
	s.times.grace = time.Time{}
	s.auditSeat(p, Event{Kind: CustomerJoined})
	s.welcome(p)
	if s.share.closed {
		s.tell(c, sanitizer.Server(&wire.Closed{Closed: true}))
	}
	for _, a := range s.consent.asks {
		s.pose(a)
	}
	s.askToAdmit()
	s.settle()
	if s.consent.granted&wire.ScopeView != 0 {
		s.tellShare()
	}
}

// helloAgent gives an agent their seat. What they may see is for the customer to say.
func (s *session) helloAgent(c *conn, f *wire.Hello) {
	if s.mismatch(c, f) {
		return
	}
	if !s.welcomed(c) {
		s.turnAway(c, wire.EndPolicy, scopeRules[0])
		return
	}
	p := s.seatOf(c.grant.Subject)
	if p == nil && s.consent.refused[c.grant.Subject] >= maxRefusals {
		s.turnAway(c, wire.EndRefused, "consent-refused")
		return
	}
	if p == nil {
		if len(s.room.agents) >= s.cfg.Limits.Agents {
			s.turnAway(c, wire.EndLimit, "limit-agents")
			return
		}
		s.room.lastID++
		p = &seat{id: s.room.lastID, refused: map[string]int{}}
		s.room.agents = append(s.room.agents, p)
	}
	s.times.joined = true
	s.sit(p, c)
	p.visible, p.active = true, time.Now()
	s.auditSeat(p, Event{Kind: AgentJoined})
	if !s.judge(p) {
		return
	}
	p.closed = s.shut(p)
	s.welcome(p)
	s.tellAgents()
	s.askToAdmit()
	s.settle()
	if p.admitted != 0 {
		s.beginView(p)
	}
	s.drawAll()
}

func (s *session) seatOf(subject string) *seat {
	for _, p := range s.room.agents {
		if p.grant.Subject == subject {
			return p
		}
	}
	return nil
}

// sit binds a connection to a seat. Only now the one before is closed, so that a failed attempt costs nothing.
func (s *session) sit(p *seat, c *conn) {
	old := p.conn
	p.conn, p.grant, c.seat = c, c.grant, p
	p.view = view{behind: true}
	if old != nil {
		s.drop(old, "replaced")
	}
}

// origin is the origin of the customer's page.
func (s *session) origin() string {
	if s.room.customer != nil {
		return cmp.Or(s.room.customer.grant.Origin, s.set.Origin)
	}
	return s.set.Origin
}

// welcome tells somebody who they are and how things stand.
func (s *session) welcome(p *seat) {
	f := &wire.Welcome{
		Protocol: wire.ProtocolVersion, Session: s.id, Self: p.id, Origin: s.origin(), Salt: s.salt,
		AwaySeconds: uint32(s.cfg.Timeouts.AgentAway / time.Second),
	}
	if p.id != 0 {
		f.Name = p.grant.Name
	}
	s.tell(p.conn, sanitizer.Server(f))
	s.ticket(p.conn)
	s.tell(p.conn, sanitizer.Server(&wire.State{State: s.stateFor(p)}))
	s.tell(p.conn, sanitizer.Server(s.scopes()))
	if people(p) {
		s.tell(p.conn, sanitizer.Server(s.agents()))
	}
}

// ticket gives somebody the token for their next connection.
func (s *session) ticket(c *conn) {
	c.ticketAt = time.Now().Add(s.cfg.Timeouts.Ticket)
	if s.cfg.NewTicket == nil {
		return
	}
	token, err := s.cfg.NewTicket(c.grant)
	if err != nil {
		s.audit(Event{Kind: Fault, Conn: c.id, Rule: "ticket"})
		return
	}
	s.tell(c, sanitizer.Server(&wire.Ticket{Token: token}))
}

func (s *session) agents() *wire.Agents {
	f := &wire.Agents{}
	for _, p := range s.room.agents {
		f.List = append(f.List, wire.Agent{ID: p.id, Name: p.grant.Name, Active: p.present()})
	}
	return f
}

func (s *session) tellAgents() {
	s.tellAll(sanitizer.Server(s.agents()), people)
	s.publish()
}

// dismiss takes an agent's seat away.
func (s *session) dismiss(p *seat, reason wire.EndReason) {
	s.auditSeat(p, Event{Kind: AgentLeft, Reason: reason})
	s.room.agents = slices.DeleteFunc(s.room.agents, func(other *seat) bool { return other == p })
	s.consent.asks = slices.DeleteFunc(s.consent.asks, func(a ask) bool { return a.agent == p })
	if s.consent.driver == p.id || s.recordsFor(p) {
		if s.recordsFor(p) {
			s.withdrawRecord("agent-left")
		}
		if s.consent.driver == p.id {
			s.withdraw(wire.ScopeControl)
		}
		s.tellScopes()
	}
	if p.conn != nil {
		s.turnAway(p.conn, reason, "dismissed")
	}
	s.tellAgents()
}
