package sfu

import (
	"bytes"
	"time"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
)

// What an agent may is asked at control moments: when they join, when the page or the consent changes, and when Recheck says
// that the rules may have changed. The answer is kept as bits, and frames look at nothing else.

// MayHandOver in a Grant lets an agent ask for control while another agent drives. It is no scope.
const MayHandOver wire.Scope = 1 << 8

// Question is what is asked about an agent.
type Question struct {
	Grant     Grant
	Site      string
	Origin    string // of the customer's page
	OnPage    bool   // the page is known, and it is asked about
	Address   []byte // of the page as the sanitizer lets it through, empty when it states none; not to be kept
	Recording bool   // the customer lets the session be recorded
}

// Ruling is the answer. The zero value allows nothing.
type Ruling struct {
	May wire.Scope
	By  func(wire.Scope) string // names of the rules that decided about some scopes; nil names none
}

func (r Ruling) by(scopes wire.Scope) string {
	if r.By == nil || scopes == 0 {
		return ""
	}
	return r.By(scopes)
}

// Rights are the bits that everything an agent does is tested against. The zero value allows nothing.
type Rights struct {
	Admitted wire.Scope // the scope by which the customer let them see the page, or 0
	May      wire.Scope // what the rules let them do on the page as it stands
	Granted  wire.Scope // what the customer consented to
	Driver   bool       // it was granted in their name
}

// Refuses names the rule by which something that needs a scope is refused, or "".
func (r Rights) Refuses(scope wire.Scope) string {
	switch {
	case scope == 0:
		return "policy-frame"
	case r.Admitted == 0:
		return scopeRules[0]
	case r.May&wire.ScopeView == 0:
		return "policy-page"
	case r.May&scope == 0:
		return "policy-scope"
	case r.Granted&scope == 0:
		return scopeRule(scope)
	case !r.Driver:
		return "driver"
	}
	return ""
}

// settleTime is how long a page that changes its address without loading anew stays closed where the new address is open:
// applications change the address first and what they show after that.
const settleTime = time.Second

// rules is what an agent may: at the site, or on the page as it stands.
func (s *session) rules(g Grant, onPage bool) Ruling {
	if s.cfg.Access == nil {
		return Ruling{May: g.May | MayHandOver}
	}
	q := Question{Grant: g, Site: s.set.Site, Origin: s.origin(), Recording: s.consent.granted&wire.ScopeRecord != 0}
	if onPage {
		q.OnPage, q.Address = true, s.share.page.Address()
	}
	r := s.cfg.Access(q)
	r.May &= g.May | MayHandOver
	return r
}

// welcomed asks whether somebody may join at all.
func (s *session) welcomed(c *conn) bool {
	r := s.rules(c.grant, false)
	further := s.consent.granted&wire.ScopeView != 0 && s.seatOf(c.grant.Subject) == nil
	ok := r.May&wire.ScopeView != 0 && (!further || r.May&wire.ScopeSecondAgent != 0)
	if !ok {
		s.audit(Event{
			Kind: AccessRefused, Conn: c.id, Role: c.grant.Role, Subject: c.grant.Subject,
			Scope: wire.ScopeView | wire.ScopeSecondAgent, Rule: r.by(wire.ScopeView | wire.ScopeSecondAgent),
		})
	}
	return ok
}

// sees says whether the page is shown to somebody now: the customer agreed, and the rules let them see this page.
func (p *seat) sees() bool { return p.admitted != 0 && p.may&wire.ScopeView != 0 }

// judge brings an agent's bits in line with the rules. What they may no longer ask for, they lose. False means that they are
// out.
func (s *session) judge(p *seat) bool {
	site := s.rules(p.grant, false)
	page := site
	p.asks, p.may = site.May, 0
	if s.share.page.Nodes() > 0 {
		page = s.rules(p.grant, true)
		p.may = page.May & site.May
	}
	s.noteRuling(p, page)
	if site.May&wire.ScopeView == 0 || p.admitted == wire.ScopeSecondAgent && site.May&wire.ScopeSecondAgent == 0 {
		s.dismiss(p, wire.EndPolicy)
		return false
	}
	var held wire.Scope // in their name
	if s.consent.driver == p.id {
		held |= wire.ScopeControl
	}
	if s.recordsFor(p) {
		held |= wire.ScopeRecord
	}
	if lost := s.consent.granted & held &^ site.May; lost != 0 {
		s.auditSeat(p, Event{Kind: ConsentRevoked, Scope: lost, Rule: page.by(lost)})
		s.withdraw(lost)
		s.tellScopes()
	}
	if p.closed && time.Now().Before(s.share.settled) {
		p.may = 0
	}
	return true
}

// noteRuling writes down what was decided, unless it is what was decided before.
func (s *session) noteRuling(p *seat, r Ruling) {
	asked := p.grant.May | MayHandOver
	note := ruled{r.May & asked, r.by(r.May & asked), r.by(asked &^ r.May)}
	if note == p.ruled || s.cfg.Access == nil {
		return
	}
	p.ruled = note
	if note.may != 0 {
		s.auditSeat(p, Event{Kind: AccessAllowed, Scope: note.may, Rule: note.allowed})
	}
	if refused := asked &^ note.may; refused != 0 {
		s.auditSeat(p, Event{Kind: AccessRefused, Scope: refused, Rule: note.refused})
	}
}

// A ruled is what was written down of an agent's rights last.
type ruled struct {
	may              wire.Scope
	allowed, refused string
}

// recheck asks anew about everybody. A session that lost all who watched it by that is over.
func (s *session) recheck() {
	if s.state == wire.StateEnded {
		return
	}
	watched := s.watched()
	for _, p := range append([]*seat(nil), s.room.agents...) {
		if s.judge(p) {
			s.draw(p, s.shut(p))
		}
	}
	if watched && !s.watched() {
		s.end(wire.EndPolicy)
		return
	}
	s.drawAll()
	s.settle()
}

// watched says whether anybody is there to whom the customer agreed.
func (s *session) watched() bool {
	for _, p := range s.room.agents {
		if p.admitted != 0 {
			return true
		}
	}
	return false
}

// shut says whether the rules keep the page from an agent. A page that is not there yet is not closed, it is not shown.
func (s *session) shut(p *seat) bool { return s.share.page.Nodes() > 0 && p.may&wire.ScopeView == 0 }

// arrived is told that a batch was accepted, and asks anew when it brought another page. It runs before the batch goes out.
// first says that it is the first of its connection.
func (s *session) arrived(b *wire.Batch) (first bool) {
	h := &s.share
	address := h.page.Address()
	if !b.Snapshot && bytes.Equal(address, h.address) {
		return false
	}
	if !bytes.Equal(address, h.address) {
		clear(h.address)
		h.address, h.settled = append(h.address[:0], address...), time.Now().Add(settleTime)
	}
	first = h.fresh
	if first {
		h.fresh, h.settled = false, time.Time{}
	}
	s.recheck()
	return first
}

// decided passes on what was held back until the page was decided about.
func (s *session) decided() {
	kept := s.share.kept
	s.share.kept = nil
	for p := range s.viewers {
		if p.view.late && p.sees() {
			p.view.late = false
			s.bring(p)
		}
	}
	s.passAssets(kept)
}

// draw closes the page to somebody, or opens it again. What was on the way to them is of the page before, so it begins anew
// when they have said that there is nothing left of that.
func (s *session) draw(p *seat, shut bool) {
	if p.closed == shut {
		return
	}
	p.closed = shut
	kind := PageClosed
	if !shut {
		kind = PageOpened
	}
	if p.admitted == 0 {
		return
	}
	s.auditSeat(p, Event{Kind: kind})
	p.view = view{behind: true, held: true}
	s.tell(p.conn, sanitizer.Server(&wire.Closed{Closed: shut}))
}

// drawAll does the same for the customer and for previews: the page is closed to them when it is to all who would see it.
func (s *session) drawAll() {
	shut := false
	for _, p := range s.room.agents {
		if p.admitted != 0 && !p.closed {
			shut = false
			break
		}
		shut = shut || p.admitted != 0
	}
	for _, p := range s.room.previews {
		p.look(shut)
		s.draw(p, shut)
	}
	if t := s.room.tape; t != nil {
		s.drawTape(t.seat, shut)
	}
	if s.share.closed != shut {
		s.share.closed = shut
		s.tell(s.room.customer.conn, sanitizer.Server(&wire.Closed{Closed: shut}))
	}
}

// drawTape does the same for a recording, which has nothing on the way.
func (s *session) drawTape(p *seat, shut bool) {
	p.look(shut)
	if p.closed == shut {
		return
	}
	p.closed = shut
	if shut {
		s.tell(p.conn, sanitizer.Server(&wire.Closed{Closed: true}))
		return
	}
	s.tell(p.conn, sanitizer.Server(&wire.Closed{}))
	s.beginView(p)
}

// look gives a preview or a recording its bits.
func (p *seat) look(shut bool) {
	p.may = wire.ScopeView
	if shut {
		p.may = 0
	}
}

// Recheck has all sessions ask anew what their agents may. It does not wait for them.
func (s *SFU) Recheck() {
	s.mu.Lock()
	hosts := make([]*host, 0, len(s.hosts))
	for _, h := range s.hosts {
		hosts = append(hosts, h)
	}
	s.mu.Unlock()
	for _, h := range hosts {
		h.post((*session).recheck)
	}
}
