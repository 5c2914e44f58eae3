package sanitizer

import "vitrine/internal/wire"

// Clean is a frame that may be sent to the other side. Only this package makes one; its zero value is nothing to send.
type Clean struct {
	frame   []byte
	channel wire.Channel
}

// Frame is the frame's bytes. They are shared by everybody who gets the frame and must not be changed, but for wiping
// when nobody needs them any more.
func (c Clean) Frame() []byte { return c.frame }

// Channel is the channel that the frame travels on.
func (c Clean) Channel() wire.Channel { return c.channel }

// Empty says that there is nothing to send.
func (c Clean) Empty() bool { return c.frame == nil }

// Wipe overwrites the frame. The owner of a Clean calls it when everybody has got it.
func (c Clean) Wipe() { clear(c.frame[:cap(c.frame)]) }

func approve(f wire.Frame, size int) Clean {
	return Clean{frame: f.AppendTo(make([]byte, 0, size)), channel: f.Channel()}
}

// Control are the frames that the server makes itself and that hold nothing of a page.
type Control interface {
	wire.Frame
	*wire.Welcome | *wire.Ping | *wire.Pong | *wire.State | *wire.Ask | *wire.Scopes | *wire.Agents | *wire.Share |
		*wire.Resync | *wire.Refused | *wire.Ack | *wire.Ticket | *wire.Quality | *wire.Want
}

// Server approves a frame that the server made itself. The constraint lists which frames those are.
func Server[F Control](f F) Clean { return approve(f, 64) }
