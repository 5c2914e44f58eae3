package sanitizer

import "vitrine/internal/wire"

// Clean is a frame that may be sent to the other side. Only this package makes one; its zero value is nothing to send.
type Clean struct {
	frame   []byte
	channel wire.Channel
	from    *loan // where the bytes go back to; nil when they are the frame's own
	turn    uint64
}

// Frame is the frame's bytes. They are shared by everybody who gets the frame and must not be changed, but for wiping
// when nobody needs them any more.
func (c Clean) Frame() []byte { return c.frame }

// Channel is the channel that the frame travels on.
func (c Clean) Channel() wire.Channel { return c.channel }

// Empty says that there is nothing to send.
func (c Clean) Empty() bool { return c.frame == nil }

// Wipe overwrites the frame. The owner of a Clean calls it when everybody has got it; nobody may look at the frame then.
func (c Clean) Wipe() {
	switch {
	case c.from == nil:
		clear(c.frame[:cap(c.frame)])
	case c.from.turn == c.turn && c.from.out:
		clear(c.frame[:cap(c.frame)])
		c.from.out = false
	}
}

// loan is a buffer for the frames of a page, so that each does not need one of its own. It is with one frame at a time, up to
// the frame's Wipe; a frame that comes meanwhile gets a buffer of its own.
type loan struct {
	buf  []byte
	turn uint64 // tells the frame that has the buffer from those that had it
	out  bool
}

// maxLoan is the largest buffer that is kept.
const maxLoan = 1 << 20

func (l *loan) approve(f wire.Frame, size int) Clean {
	if l.out || size > maxLoan {
		return approve(f, size)
	}
	if cap(l.buf) < size {
		l.buf = make([]byte, 0, size+size/4)
	}
	l.turn++
	l.out = true
	return Clean{frame: f.AppendTo(l.buf[:0]), channel: f.Channel(), from: l, turn: l.turn}
}

func approve(f wire.Frame, size int) Clean {
	return Clean{frame: f.AppendTo(make([]byte, 0, size)), channel: f.Channel()}
}

// Control are the frames that the server makes itself and that hold nothing of a page.
type Control interface {
	wire.Frame
	*wire.Welcome | *wire.Ping | *wire.Pong | *wire.State | *wire.Ask | *wire.Scopes | *wire.Agents | *wire.Share |
		*wire.Resync | *wire.Refused | *wire.Ack | *wire.Ticket | *wire.Quality | *wire.Want | *wire.Behind |
		*wire.Closed
}

// Server approves a frame that the server made itself. The constraint lists which frames those are.
func Server[F Control](f F) Clean { return approve(f, 64) }
