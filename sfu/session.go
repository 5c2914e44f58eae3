package sfu

import (
	"time"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
)

// link is what a session can do with a connection. None of it blocks.
type link interface {
	// send hands a parcel over, and with it one reference.
	send(p *parcel)
	// room says whether so little of page and assets waits to be sent that something may be added. After a false, the
	// session is told with drained as soon as little is left.
	room(what cargo) bool
	// soon is how many bytes the line takes in a moment that people do not mind.
	soon() int
	// measure takes the last round trip and gives what was last found about the way of the connection.
	measure(trip time.Duration) line
	// close sends what is waiting on the control channel, if that is quickly done, and closes the connection.
	close()
}

// conn is one connection as the session sees it.
type conn struct {
	id      string
	link    link
	grant   Grant
	seat    *seat // nil until Hello
	closed  bool
	opened  time.Time
	heard   time.Time
	quiet   bool // it has said nothing for a while
	strikes int

	pingSeq   uint32
	pingMark  uint32        // the ping whose answer is timed
	pingAt    time.Time     // when that one was sent; zero: none is
	trip      time.Duration // of the last answered ping
	ticketAt  time.Time     // when the next ticket is due
	qualityAt time.Time     // when the next Quality is due; zero before the first ping
}

// seat is the place of a person in a session. It outlives connections: who comes back under the same subject takes the
// same seat.
type seat struct {
	id       wire.AgentID // 0 is the customer
	grant    Grant
	conn     *conn      // nil while there is none
	admitted wire.Scope // of an agent or a preview: the scope by which they may see the page, or 0
	asks     wire.Scope // what the rules let an agent ask for at this site
	may      wire.Scope // what of that holds on the page as it stands; 0 while it is not known
	closed   bool       // they know that the rules keep the page from them
	ruled    ruled
	visible  bool
	active   time.Time // when they last did something
	view     view
	gate     [paces]bucket
	refused  map[string]int // inputs by rule
	heals    int            // of the page that they see
}

// session is one co-browsing session. Only its own goroutine touches it.
type session struct {
	id      string
	cfg     *Config
	set     SessionConfig
	host    *host
	state   wire.SessionState
	reason  wire.EndReason
	over    bool
	room    room
	consent consent
	share   share
	times   times
	totals  Totals
	salt    uint32

	fromCustomer wire.FromCustomerDecoder
	fromAgent    wire.FromAgentDecoder
}

// room is who is there.
type room struct {
	customer *seat   // nil until their first Hello
	agents   []*seat // in the order of their first Hello
	previews []*seat // those that are connected
	tape     *tape   // nil while nothing is recorded
	lastID   wire.AgentID
	conns    []*conn // all that are open, those that have not said Hello included
}

// times are the moments that end or repeat something.
type times struct {
	opened time.Time
	beat   time.Time // when the next round of pings is due
	grace  time.Time // when a missing customer is given up; zero while they are connected
	joined bool      // an agent was here
}

func newSession(id string, cfg *Config, set SessionConfig, salt uint32) *session {
	now := time.Now()
	s := &session{id: id, cfg: cfg, set: set, salt: salt & (1<<31 - 1)}
	s.host = newHost(id, cfg.Limits.Inbox)
	s.consent.refused = map[string]int{}
	s.share = share{page: sanitizer.NewPage(set.Policy), assets: sanitizer.NewAssets(set.Policy), place: place{fresh: true}}
	s.times = times{opened: now, beat: now.Add(cfg.Timeouts.Ping), grace: now.Add(cfg.Timeouts.Handshake + cfg.Timeouts.ResumeGrace)}
	s.publish()
	return s
}

func (s *session) audit(e Event) {
	e.Time, e.Session = time.Now(), s.id
	s.cfg.Audit(e)
}

func (s *session) auditSeat(p *seat, e Event) {
	e.Role, e.Subject = p.grant.Role, p.grant.Subject
	if p.conn != nil {
		e.Conn = p.conn.id
	}
	s.audit(e)
}

// tell sends a frame that is for one connection alone.
func (s *session) tell(c *conn, clean sanitizer.Clean) {
	if c != nil && !c.closed && !clean.Empty() {
		c.link.send(pack(clean, nil))
	}
	clean.Wipe()
}

// tellAll sends a frame to everybody who said Hello and may see it.
func (s *session) tellAll(clean sanitizer.Clean, may func(*seat) bool) {
	p := pack(clean, nil)
	clean.Wipe()
	for c := range s.listening {
		if may(c.seat) {
			c.link.send(p.share())
		}
	}
	p.release()
}

// connect takes a connection that is being made. Nothing is accepted from it but Hello.
func (s *session) connect(c *conn) error {
	guests := 0
	for _, other := range s.room.conns {
		if other.seat == nil {
			guests++
		}
	}
	switch {
	case s.state == wire.StateEnded:
		return ErrNoSession
	case guests >= s.cfg.Limits.Pending:
		return ErrBusy
	}
	c.opened = time.Now()
	s.room.conns = append(s.room.conns, c)
	return nil
}

// frame takes a whole frame as it came. packed says that it came deflated.
func (s *session) frame(c *conn, ch wire.Channel, frame []byte, packed bool) {
	if c.closed || s.state == wire.StateEnded {
		return
	}
	c.heard = time.Now()
	if c.quiet {
		c.quiet = false
		s.settle()
	}
	if c.grant.Role == Customer {
		f, err := s.fromCustomer.Decode(ch, frame)
		switch hello, greets := f.(*wire.Hello); {
		case err != nil:
			s.undecodable(c, ch, ruleOf(err))
		case greets != (c.seat == nil):
			s.strike(c, "row36-hello", 0)
		case greets:
			s.helloCustomer(c, hello)
		default:
			s.customerSays(c, f, packed)
		}
		return
	}
	f, err := s.fromAgent.Decode(ch, frame)
	switch hello, greets := f.(*wire.Hello); {
	case err != nil:
		s.strike(c, ruleOf(err), 0)
	case greets != (c.seat == nil):
		s.strike(c, "row36-hello", 0)
	case greets && c.grant.Role == Preview:
		s.helloPreview(c, hello)
	case greets:
		s.helloAgent(c, hello)
	case c.grant.Role == Preview:
		s.previewSays(c, f)
	default:
		s.agentSays(c.seat, f)
	}
}

// undecodable answers a customer's frame that is none. If it should have been a batch, the page has lost its place.
func (s *session) undecodable(c *conn, ch wire.Channel, rule string) {
	if ch == wire.Dom && s.consent.granted&wire.ScopeView != 0 && c.seat != nil {
		s.resync(c, 0, &sanitizer.Refusal{Rule: rule})
	}
	s.strike(c, rule, 0)
}

// garbled is told when bytes of a connection cannot even be put together to a frame.
func (s *session) garbled(c *conn, ch wire.Channel, rule string) {
	if c.closed || s.state == wire.StateEnded {
		return
	}
	if c.grant.Role == Customer {
		s.undecodable(c, ch, rule)
	} else {
		s.strike(c, rule, 0)
	}
}

// strike counts a refused frame. The last one closes the connection, and a customer's takes the session with it: what
// their page says cannot be relied on.
func (s *session) strike(c *conn, rule string, node wire.NodeID) {
	c.strikes++
	s.totals.Refused++
	s.audit(Event{Kind: FrameRefused, Conn: c.id, Role: c.grant.Role, Subject: c.grant.Subject, Rule: rule, Count: c.strikes})
	switch {
	case c.strikes < s.cfg.Limits.Strikes:
	case c.grant.Role == Customer && c.seat != nil:
		s.end(wire.EndProtocol)
	default:
		s.tell(c, sanitizer.Server(&wire.State{State: wire.StateEnded, Reason: wire.EndProtocol}))
		s.drop(c, rule)
	}
}

// drop closes a connection from this side.
func (s *session) drop(c *conn, rule string) {
	c.link.close()
	s.lost(c, rule)
}

// lost is told when a connection is gone, by whatever cause.
func (s *session) lost(c *conn, rule string) {
	if c.closed {
		return
	}
	c.closed = true
	for i, other := range s.room.conns {
		if other == c {
			s.room.conns = append(s.room.conns[:i], s.room.conns[i+1:]...)
			break
		}
	}
	s.audit(Event{Kind: ConnectionClosed, Conn: c.id, Role: c.grant.Role, Subject: c.grant.Subject, Rule: rule})
	p := c.seat
	if s.state == wire.StateEnded || p == nil || p.conn != c {
		return
	}
	p.conn = nil
	p.view = view{behind: true}
	switch p.grant.Role {
	case Customer:
		s.times.grace = time.Now().Add(s.cfg.Timeouts.ResumeGrace)
		s.auditSeat(p, Event{Kind: CustomerLost, Rule: rule})
	case Preview:
		s.leavePreview(p, rule)
	default:
		s.auditSeat(p, Event{Kind: AgentLost, Rule: rule})
		s.tellAgents()
	}
	s.settle()
}

// ruleOf is the rule that a decoder's error names.
func ruleOf(err error) string {
	if d, ok := err.(*wire.DecodeError); ok {
		return d.Rule
	}
	return "row35-frame"
}
