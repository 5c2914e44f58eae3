package sfu

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
)

// Measurement is what was last found about one connection. It says nothing of whose it is.
type Measurement struct {
	Role      Role
	Path      wire.Path
	RoundTrip time.Duration // of the last ping; 0 before the first
	Loss      float64       // share of the ICE checks of the last minute that no answer came to
	Stale     time.Duration // between a change of the page and its acknowledgement by this agent; 0 for others
	Waiting   int           // bytes of page and assets that are handed over and have not arrived
	Degraded  bool          // the connection was brought up with a snapshot since the last one: changes came faster than it took them
}

// line is what is known of a connection below its session.
type line struct {
	path    wire.Path
	loss    float64
	waiting int
}

// lossWindow is how many samples loss is taken over, Timeouts.Quality apart: a minute. ICE sends a check every two
// seconds whatever else there is to send, so the figure does not depend on what the page does.
const lossWindow = 12

// answerTime is how old a check without an answer must be before it counts as lost.
const answerTime = time.Second

// checks are the ICE checks that were sent on a pair of candidates, and the answers that came.
type checks struct{ sent, answered uint64 }

// lines measures a connection. The session reads what was found last; ICE is asked on a goroutine of its own, because
// its agent may be busy and a session never waits.
type lines struct {
	left *leftOut

	mu     sync.Mutex
	busy   bool
	last   line
	pair   string
	window []checks
}

// leftOut counts what was left out on purpose, of all connections.
type leftOut struct {
	tooMany atomic.Uint64 // pointers beyond the rate of who sent them
	unheard atomic.Uint64 // pointers that came while the session had too much to do
	unread  atomic.Uint64 // pointers for a line that takes less than there is
}

// quality tells a connection how it does, and whoever counts.
func (s *session) quality(c *conn, now time.Time) {
	l := c.link.measure(c.trip)
	p := c.seat
	q := &wire.Quality{
		RoundTrip: milliseconds(c.trip), Degraded: p.view.lagged,
		Loss: uint8(min(max(l.loss*100+.5, 0), 100)), Path: l.path,
		Heals: uint32(min(s.share.heals+p.heals, 1<<31-1)),
	}
	m := Measurement{Role: p.grant.Role, Path: l.path, RoundTrip: c.trip, Loss: l.loss, Waiting: l.waiting, Degraded: p.view.lagged}
	for _, agent := range s.room.agents {
		if agent.admitted == 0 || agent.conn == nil {
			continue
		}
		stale := agent.view.stale
		if at := agent.view.probe.at; !at.IsZero() {
			stale = max(stale, now.Sub(at))
		}
		q.Stale = max(q.Stale, milliseconds(stale))
		if agent == p {
			m.Stale = stale
		}
	}
	s.tell(c, sanitizer.Server(q))
	if s.cfg.Measured != nil {
		s.cfg.Measured(m)
	}
	if p.view.lagged {
		s.auditSeat(p, Event{Kind: AgentBehind, Rule: "slow"})
	}
	p.view.lagged = false
}

// measure gives what is known and has ICE asked anew.
func (p *peer) measure(trip time.Duration) line {
	p.out.mu.Lock()
	waiting := p.out.waiting + p.buffered()
	p.out.pace.met(trip)
	p.out.mu.Unlock()
	l := &p.lines
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.busy {
		l.busy = true
		go p.ask()
	}
	l.last.waiting = waiting
	return l.last
}

// ask takes a sample.
func (p *peer) ask() {
	defer p.fault()
	transport := p.pc.SCTP().Transport().ICETransport()
	var pair string
	var now checks
	if selected, ok := transport.GetSelectedCandidatePairStats(); ok {
		// Only the report of everything has the number of checks that were sent.
		if s, ok := p.pc.GetStats()[selected.ID].(webrtc.ICECandidatePairStats); ok {
			pair, now = s.ID, checks{s.RequestsSent, s.ResponsesReceived}
			if asked := s.LastRequestTimestamp.Time(); asked.After(s.LastResponseTimestamp.Time()) && time.Since(asked) < answerTime {
				now.sent-- // its answer may be on its way
			}
		}
	}
	l := &p.lines
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy = false
	l.sample(pair, now)
}

// sample takes note of the checks of a pair so far. Another pair is another network.
func (l *lines) sample(pair string, now checks) {
	if n := len(l.window); pair == "" || pair != l.pair || n > 0 && (now.sent < l.window[n-1].sent || now.answered < l.window[n-1].answered) {
		l.pair, l.window, l.last.loss = pair, nil, 0
	}
	if pair == "" {
		return
	}
	l.window = append(l.window, now)
	if len(l.window) > lossWindow+1 {
		l.window = append(l.window[:0], l.window[1:]...)
	}
	sent, answered := now.sent-l.window[0].sent, now.answered-l.window[0].answered
	l.last.loss = 0
	if sent > answered {
		l.last.loss = float64(sent-answered) / float64(sent)
	}
}

// follow keeps the path up to date: ICE says when it takes another pair.
func (p *peer) follow(relayed func(netip.AddrPort) wire.Path) {
	p.pc.SCTP().Transport().ICETransport().OnSelectedCandidatePairChange(func(pair *webrtc.ICECandidatePair) {
		path := pathOf(pair, relayed)
		p.lines.mu.Lock()
		p.lines.last.path = path
		p.lines.mu.Unlock()
	})
}

// pathOf names the way that a pair of candidates is.
func pathOf(pair *webrtc.ICECandidatePair, relayed func(netip.AddrPort) wire.Path) wire.Path {
	if pair == nil || pair.Local == nil || pair.Remote == nil {
		return wire.PathUnknown
	}
	if at, err := netip.ParseAddr(pair.Remote.Address); err == nil && relayed != nil {
		if path := relayed(netip.AddrPortFrom(at.Unmap(), pair.Remote.Port)); path != wire.PathUnknown {
			return path
		}
	}
	if pair.Local.Protocol == webrtc.ICEProtocolTCP {
		return wire.PathTCP
	}
	return wire.PathUDP
}

// LeftOut counts, by reason, the pointers that were not passed on because newer ones replace them.
func (s *SFU) LeftOut() map[string]uint64 {
	return map[string]uint64{
		"pointers_over_rate": s.left.tooMany.Load(), "pointers_session_busy": s.left.unheard.Load(),
		"pointers_slow_line": s.left.unread.Load(),
	}
}

// Paths counts the connections that are open, by the way they came.
func (s *SFU) Paths() map[wire.Path]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	paths := map[wire.Path]int{}
	for _, p := range s.peers {
		if p.open() {
			p.lines.mu.Lock()
			paths[p.lines.last.path]++
			p.lines.mu.Unlock()
		}
	}
	return paths
}
