package sfu

import (
	"time"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
)

// A recording is one more viewer of the page: it gets what agents get, from behind the sanitizer, with the masks applied, and in
// the same messages. What agents do to the page is taken down too; the chat is not. There is a recording only while the
// customer consents to that very scope.

// Tape takes a recording down, sealed. Its methods copy what they are given and do not block; they are called on the session's
// goroutine.
type Tape interface {
	// Write takes a message. kind is its channel; those of wire.Input went to the customer, all others to agents.
	Write(at time.Time, kind byte, message []byte)
	// Room tells whether more of the page may be given; after a false, TapeTold.Drained follows.
	Room() bool
	// Cut brings what was taken to the disk now.
	Cut()
	// Close ends the recording and brings it to the disk now.
	Close(reason string)
}

// TapeTold are the words of a tape to its session. They may come from any goroutine.
type TapeTold struct {
	Drained func()
	Failed  func(rule string) // nothing more is recorded
}

// Recorder begins a recording of a session in the name of an agent, by their subject.
type Recorder func(session, agent string, told TapeTold) (Tape, error)

// recording is the role of a tape's seat. No grant can have it.
const recording Role = Preview + 1

// keyframes is how often a page that changes is written down as a whole, so that a player need not begin at the beginning.
const keyframes = time.Minute

// ruleRecording is by which recording is refused or stops when no more can be said.
const ruleRecording = "recording-failed"

// tapeLink makes a tape look like a connection.
type tapeLink struct{ tape Tape }

func (l tapeLink) send(p *parcel) {
	now := time.Now()
	for i := range p.ends {
		l.tape.Write(now, byte(p.channel), p.message(i))
	}
	p.release()
}

func (l tapeLink) room(cargo) bool { return l.tape.Room() }

// soon is much: a tape is never so slow that it gets a snapshot in the place of changes, only when the ring is over.
func (l tapeLink) soon() int { return 1 << 30 }

func (l tapeLink) measure(time.Duration) line { return line{} }

func (l tapeLink) close() {}

// tape is a recording that goes on.
type tape struct {
	to    Tape
	seat  *seat
	agent *seat     // who asked for it
	whole time.Time // when the page was last written down as a whole
}

// record begins to take down what agents see. False means that it cannot be.
func (s *session) record(agent *seat) bool {
	if s.room.tape != nil {
		return true
	}
	t := &tape{agent: agent}
	told := TapeTold{
		Drained: func() { s.host.post(func(s *session) { s.tapeDrained(t) }) },
		Failed:  func(rule string) { s.host.post(func(s *session) { s.tapeFailed(t, rule) }) },
	}
	to, err := s.set.Record(s.id, agent.grant.Subject, told)
	if err != nil {
		return false
	}
	t.to, s.room.tape = to, t
	t.seat = &seat{grant: Grant{Role: recording}, admitted: s.consent.granted & wire.ScopeView, refused: map[string]int{}}
	t.seat.conn = &conn{id: "", link: tapeLink{to}, grant: t.seat.grant, seat: t.seat}
	c := t.seat.conn
	s.tell(c, sanitizer.Server(&wire.Welcome{Protocol: wire.ProtocolVersion, Session: s.id, Origin: s.origin(), Salt: s.salt}))
	s.tell(c, sanitizer.Server(&wire.State{State: s.state}))
	s.tell(c, sanitizer.Server(s.scopes()))
	s.tell(c, sanitizer.Server(s.agents()))
	t.whole = time.Now()
	t.seat.look(s.share.closed)
	t.seat.closed = s.share.closed
	s.beginView(t.seat)
	return true
}

// unrecord ends the recording at once.
func (s *session) unrecord(reason string) {
	if t := s.room.tape; t != nil {
		s.room.tape = nil
		t.seat.conn.closed = true
		t.seat.view = view{}
		t.to.Close(reason)
	}
}

func (s *session) tapeDrained(t *tape) {
	if s.room.tape == t {
		s.pump(t.seat)
	}
}

// tapeFailed goes on without the recording. Customer and agents are told: the scope is gone, and why.
func (s *session) tapeFailed(t *tape, rule string) {
	if s.room.tape != t {
		return
	}
	s.withdrawRecord(rule)
	s.tellAll(sanitizer.Server(&wire.Refused{Rule: rule}), func(p *seat) bool { return p.grant.Role == Agent && p.admitted != 0 })
	s.tellScopes()
	s.publish()
}

// withdrawRecord takes the scope away, and with it the recording.
func (s *session) withdrawRecord(reason string) {
	s.consent.granted &^= wire.ScopeRecord
	s.unrecord(reason)
}

// recordsFor tells whether the recording is in an agent's name.
func (s *session) recordsFor(p *seat) bool { return s.room.tape != nil && s.room.tape.agent == p }

// takeDown writes down what goes to the customer.
func (s *session) takeDown(clean sanitizer.Clean) {
	if s.room.tape != nil && !clean.Empty() {
		s.room.tape.seat.conn.link.send(pack(clean, nil))
	}
}

// keyframe has the page written down as a whole, when that is due and there was a change.
func (s *session) keyframe() {
	if t := s.room.tape; t != nil && time.Since(t.whole) >= keyframes {
		t.whole = time.Now()
		t.seat.view.behind = true
	}
}

// listening are the connections of all who are told what is not for one alone.
func (s *session) listening(yield func(*conn) bool) {
	for _, c := range s.room.conns {
		if c.seat != nil && !c.closed && !yield(c) {
			return
		}
	}
	if s.room.tape != nil {
		yield(s.room.tape.seat.conn)
	}
}
