package sfu

import (
	"sync/atomic"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
)

// parcel is an approved frame cut into messages, shared by everybody who gets it. Whoever holds one owns a reference;
// the last to let go overwrites the bytes.
type parcel struct {
	channel wire.Channel
	buf     []byte
	ends    []int // where each message ends in buf
	refs    atomic.Int32
}

// pack is the only way to a parcel: nothing can be sent that the sanitizer did not approve. The caller owns one
// reference. With a deflater, frames worth it are deflated. The Clean may be wiped afterwards.
func pack(c sanitizer.Clean, d *wire.Deflater) *parcel {
	frame := c.Frame()
	p := &parcel{channel: c.Channel()}
	switch {
	case d == nil:
		p.buf = make([]byte, 0, len(frame)+len(frame)/4096+16)
	case len(frame) > wire.MaxMessage: // may become several messages; one takes what it needs
		p.buf = make([]byte, 0, len(frame)/3)
	}
	// The only error there could be is emit's own.
	_ = wire.AppendMessages(frame, d, func(msg []byte) error {
		p.append(msg)
		clear(msg)
		return nil
	})
	p.refs.Store(1)
	return p
}

// append adds a message. A slice that is outgrown is overwritten.
func (p *parcel) append(msg []byte) {
	if need := len(p.buf) + len(msg); need > cap(p.buf) {
		next := make([]byte, len(p.buf), need+len(p.buf)/2)
		copy(next, p.buf)
		clear(p.buf)
		p.buf = next
	}
	p.buf = append(p.buf, msg...)
	p.ends = append(p.ends, len(p.buf))
}

// message is message number i.
func (p *parcel) message(i int) []byte {
	from := 0
	if i > 0 {
		from = p.ends[i-1]
	}
	return p.buf[from:p.ends[i]]
}

func (p *parcel) size() int { return len(p.buf) }

// share takes another reference.
func (p *parcel) share() *parcel {
	p.refs.Add(1)
	return p
}

// release lets a reference go.
func (p *parcel) release() {
	if p.refs.Add(-1) == 0 {
		clear(p.buf)
		p.buf = nil
	}
}
