package sfu

import (
	"time"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
)

// consent is what the customer allows now, and what they have been asked.
type consent struct {
	granted wire.Scope
	driver  wire.AgentID // whose input is passed on; the control scopes were granted in their name
	paused  bool
	asks    []ask
	lastAsk uint32
	refused map[string]int // questions in a row, by the subject they were asked for
}

// maxRefusals is how often a customer says no to an agent before nothing more is asked in that agent's name. Who asks
// until somebody presses the wrong button has no consent.
const maxRefusals = 3

// ask is a question that waits for its answer.
type ask struct {
	number uint32
	scopes wire.Scope
	agent  *seat
	until  time.Time
}

// outcomes say what an answer does, by what was asked. The first row whose scope was asked for counts.
var outcomes = [...]struct {
	asked   wire.Scope
	granted func(*session, ask, wire.Scope)
	refused func(*session, ask)
}{
	{wire.ScopeView, (*session).admit, (*session).refuseFirst},
	{wire.ScopeSecondAgent, (*session).admit, (*session).refuseFurther},
	{wire.ScopeControl | wire.ScopeRecord, (*session).grant, (*session).refuseScopes},
}

// revocations say what taking a scope back does, in this order.
var revocations = [...]struct {
	scope wire.Scope
	do    func(*session, wire.Scope)
}{
	{wire.ScopeView, func(s *session, _ wire.Scope) { s.end(wire.EndCustomer) }},
	{wire.ScopeSecondAgent, func(s *session, _ wire.Scope) { s.dismissFurther() }},
	{wire.ScopeControl | wire.ScopeRecord, (*session).withdraw},
}

// askFor asks the customer for scopes in an agent's name. One question of an agent waits at a time.
func (s *session) askFor(p *seat, scopes wire.Scope) {
	s.consent.lastAsk++
	a := ask{number: s.consent.lastAsk, scopes: scopes, agent: p, until: time.Now().Add(s.cfg.Timeouts.Ask)}
	s.consent.asks = append(s.consent.asks, a)
	s.auditSeat(p, Event{Kind: ConsentAsked, Scope: scopes})
	s.pose(a)
}

func (s *session) pose(a ask) {
	if s.room.customer != nil {
		s.tell(s.room.customer.conn, sanitizer.Server(&wire.Ask{
			Ask: a.number, Scopes: a.scopes, Agent: a.agent.id, Name: a.agent.grant.Name, Company: a.agent.grant.Company,
		}))
	}
}

func (s *session) asking(p *seat) bool {
	for i := range s.consent.asks {
		if s.consent.asks[i].agent == p {
			return true
		}
	}
	return false
}

// askToAdmit asks for the agents who may not see the page yet: for the first one whether to share at all, for others
// when that is decided.
func (s *session) askToAdmit() {
	if s.room.customer == nil || s.room.customer.conn == nil {
		return
	}
	for _, p := range append([]*seat(nil), s.room.agents...) {
		if p.admitted != 0 || s.asking(p) {
			continue
		}
		if s.consent.granted&wire.ScopeView != 0 && p.asks&wire.ScopeSecondAgent == 0 {
			s.dismiss(p, wire.EndPolicy)
		} else if s.consent.granted&wire.ScopeView != 0 {
			s.askFor(p, wire.ScopeSecondAgent)
		} else if len(s.consent.asks) == 0 {
			s.askFor(p, wire.ScopeView)
		}
	}
}

// answer is the customer's decision. One to a question that timed out meanwhile is late and nothing else.
func (s *session) answer(c *conn, f *wire.Answer) {
	for i, a := range s.consent.asks {
		if a.number != f.Ask {
			continue
		}
		if f.Granted&^a.scopes != 0 {
			s.strike(c, "row39-granted", 0)
			return
		}
		s.consent.asks = append(s.consent.asks[:i], s.consent.asks[i+1:]...)
		s.decide(a, f.Granted)
		return
	}
	if f.Ask == 0 || f.Ask > s.consent.lastAsk {
		s.strike(c, "row39-ask", 0)
	}
}

// decide carries an answer out.
func (s *session) decide(a ask, granted wire.Scope) {
	if granted == 0 {
		s.consent.refused[a.agent.grant.Subject]++
	} else {
		delete(s.consent.refused, a.agent.grant.Subject)
	}
	for _, o := range outcomes {
		switch {
		case a.scopes&o.asked == 0:
			continue
		case granted == 0:
			s.auditSeat(a.agent, Event{Kind: ConsentRefused, Scope: a.scopes})
			o.refused(s, a)
		default:
			s.auditSeat(a.agent, Event{Kind: ConsentGranted, Scope: granted})
			o.granted(s, a, granted)
		}
		break
	}
	if s.state != wire.StateEnded {
		s.recheck()
		s.askToAdmit()
		s.settle()
	}
}

// admit lets an agent see the page.
func (s *session) admit(a ask, granted wire.Scope) {
	first := s.consent.granted&wire.ScopeView == 0
	s.consent.granted |= granted & (wire.ScopeView | wire.ScopeSecondAgent)
	a.agent.admitted = granted
	a.agent.active = time.Now()
	for _, p := range s.room.previews {
		p.admitted = s.consent.granted & wire.ScopeView
	}
	s.tellScopes()
	s.settle()
	if first {
		s.tellShare()
		return
	}
	s.tell(a.agent.conn, sanitizer.Server(&wire.State{State: s.stateFor(a.agent)}))
	s.beginView(a.agent)
}

// grant gives the scopes of control to one agent, who drives from then on. What another driver had ends with that: it
// was granted in their name.
func (s *session) grant(a ask, granted wire.Scope) {
	if granted&wire.ScopeControl != 0 && s.consent.driver != a.agent.id {
		s.consent.granted &^= wire.ScopeControl
	}
	if granted&wire.ScopeRecord != 0 && !s.record(a.agent) {
		granted &^= wire.ScopeRecord
		s.tell(a.agent.conn, sanitizer.Server(&wire.Refused{Rule: ruleRecording}))
	}
	s.consent.granted |= granted
	if granted&wire.ScopeControl != 0 {
		s.consent.driver = a.agent.id
	}
	s.tellScopes()
}

func (s *session) refuseFirst(ask) { s.end(wire.EndRefused) }

func (s *session) refuseFurther(a ask) { s.dismiss(a.agent, wire.EndRefused) }

func (s *session) refuseScopes(a ask) {
	s.tell(a.agent.conn, sanitizer.Server(&wire.Refused{Rule: "consent-refused"}))
}

// revoke takes scopes back at once.
func (s *session) revoke(f *wire.Revoke) {
	taken := f.Scopes & s.consent.granted
	if taken == 0 {
		return
	}
	s.audit(Event{Kind: ConsentRevoked, Role: Customer, Subject: s.room.customer.grant.Subject, Scope: taken})
	for _, r := range revocations {
		if taken&r.scope != 0 && s.state != wire.StateEnded {
			r.do(s, taken&r.scope)
		}
	}
	if s.state != wire.StateEnded {
		s.tellScopes()
		s.recheck()
		s.settle()
	}
}

// withdraw takes scopes of control and recording away. Nobody drives without any, and nothing is recorded.
func (s *session) withdraw(scopes wire.Scope) {
	s.consent.granted &^= scopes
	if scopes&wire.ScopeRecord != 0 {
		s.withdrawRecord("revoked")
	}
	if s.consent.granted&wire.ScopeControl == 0 {
		s.consent.driver = 0
	}
}

func (s *session) dismissFurther() {
	s.consent.granted &^= wire.ScopeSecondAgent
	for _, p := range append([]*seat(nil), s.room.agents...) {
		if p.admitted == wire.ScopeSecondAgent {
			s.dismiss(p, wire.EndCustomer)
		}
	}
}

// request is an agent who wants more.
func (s *session) request(p *seat, f *wire.Request) {
	want := f.Scopes & (wire.ScopeControl | wire.ScopeRecord)
	if !s.judge(p) {
		return
	}
	s.draw(p, s.shut(p))
	may := want & p.asks
	if s.set.Record == nil {
		may &^= wire.ScopeRecord
	}
	has := (s.consent.driver == p.id || may&wire.ScopeControl == 0) && s.consent.granted&may == may
	rule := ""
	switch {
	case want == 0 || may == 0:
		rule = "policy-scope"
	case p.admitted == 0:
		rule = scopeRules[0]
	case p.closed:
		rule = "policy-page"
	case want&wire.ScopeControl != 0 && s.consent.driver != 0 && s.consent.driver != p.id && p.asks&MayHandOver == 0:
		rule = "policy-handover"
	case s.room.customer.conn == nil:
		rule = "customer-away"
	case has:
		s.tell(p.conn, sanitizer.Server(s.scopes()))
		return
	case s.asking(p):
		rule = "consent-pending"
	case s.consent.refused[p.grant.Subject] >= maxRefusals:
		rule = "consent-refused"
	default:
		s.askFor(p, may)
		return
	}
	s.tell(p.conn, sanitizer.Server(&wire.Refused{Rule: rule}))
}

// release is an agent who gives back what they were granted.
func (s *session) release(p *seat, f *wire.Release) {
	var own wire.Scope
	if p.id == s.consent.driver {
		own |= wire.ScopeControl
	}
	if s.recordsFor(p) {
		own |= wire.ScopeRecord
	}
	back := f.Scopes & s.consent.granted & own
	if back == 0 {
		return
	}
	s.auditSeat(p, Event{Kind: ConsentReleased, Scope: back})
	s.withdraw(back)
	s.tellScopes()
	s.publish()
}

func (s *session) scopes() *wire.Scopes {
	return &wire.Scopes{Granted: s.consent.granted, Driver: s.consent.driver}
}

func (s *session) tellScopes() {
	s.tellAll(sanitizer.Server(s.scopes()), everybody)
}
