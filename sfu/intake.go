package sfu

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/pion/datachannel"

	"vitrine/internal/wire"
)

// intake is where the messages of one channel become frames. Either a reader of its own has it, or the poller.
type intake struct {
	stream   datachannel.ReadWriteCloserDeadliner
	live     atomic.Bool // a reader has it
	open     atomic.Bool
	frames   wire.Assembler
	messages bucket
	bytes    bucket
	packed   bool
	spare    atomic.Pointer[[]byte] // overwritten, for the next frame
	due      atomic.Int64           // when the frame that comes in pieces must be whole, in Unix nanoseconds; 0: none is coming
}

// A goroutine that waits in a read is the only way to hear of a message at once, and five of them for every idle
// connection are many. So only the channels in attended have a reader all the time. The others are polled, all
// connections' by one goroutine; when something comes, a reader takes over until the channel has been quiet for a while.
// Channels that a role may not send on never need more than that.
var attended = [...][5]bool{
	Customer: {wire.Ctl: true, wire.Dom: true},
	Agent:    {wire.Ctl: true, wire.Input: true},
	Preview:  {wire.Ctl: true},
}

const (
	pollTime    = 50 * time.Millisecond
	quietTime   = 10 * time.Second // after which a reader leaves its channel to the poller
	firstBuffer = 2 << 10          // what a reader starts with; most messages of most channels fit
	keptBuffer  = 256 << 10        // bytes of the largest frame whose buffers are kept for the next
	spareFrom   = 2 << 10          // bytes of the smallest frame whose copy is worth reusing
	taskBytes   = 256              // what a frame takes in the session's queue besides its bytes
	slowest     = 16 << 10         // bytes of a frame in a second: a line that carries less cannot carry a page
)

// listen begins to take messages off a channel that has just opened.
func (p *peer) listen(ch wire.Channel) {
	in := &p.intakes[ch]
	if attended[p.conn.grant.Role][ch] {
		in.live.Store(true)
		go p.read(ch)
	} else if in.stream.SetReadDeadline(time.Unix(1, 0)) != nil {
		p.lost("closed")
		return
	}
	in.open.Store(true)
}

// read takes messages off one channel as they come. It never waits for anything else: an unread channel would close the
// window of all of them.
func (p *peer) read(ch wire.Channel) {
	in := &p.intakes[ch]
	buf := make([]byte, firstBuffer)
	parked := false
	defer func() {
		clear(buf)
		in.frames.Wipe()
		in.live.Store(!parked)
	}()
	defer p.fault()
	var armed time.Time
	for {
		if now := time.Now(); !attended[p.conn.grant.Role][ch] && now.Sub(armed) > quietTime/10 {
			armed = now
			if in.stream.SetReadDeadline(now.Add(quietTime)) != nil {
				p.lost("closed")
				return
			}
		}
		n, err := in.stream.Read(buf)
		switch {
		case errors.Is(err, io.ErrShortBuffer) && len(buf) <= wire.MaxMessageIn:
			clear(buf)
			buf = make([]byte, min(2*len(buf), wire.MaxMessageIn+1))
			continue
		case errors.Is(err, os.ErrDeadlineExceeded):
			// From here on reads return at once, with a message or with this error.
			parked = true
			return
		}
		if !p.take(ch, buf[:max(n, 0)], err) {
			return
		}
	}
}

// poll looks at the channels that no reader has. buf has room for any message.
func (p *peer) poll(buf []byte) {
	defer p.fault()
	for i := range p.intakes {
		in, ch := &p.intakes[i], wire.Channel(i)
		if due := in.due.Load(); due != 0 && time.Now().UnixNano() > due {
			p.lost("row37-slow")
			return
		}
		if !in.open.Load() || in.live.Load() {
			continue
		}
		n, err := in.stream.Read(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			continue
		}
		if in.live.Store(true); p.take(ch, buf[:max(n, 0)], err) {
			go p.read(ch)
		}
		clear(buf[:max(n, 0)])
	}
}

// take judges the outcome of a read. False means that the connection is lost.
func (p *peer) take(ch wire.Channel, msg []byte, err error) bool {
	in, rate := &p.intakes[ch], p.rates[ch]
	switch {
	case errors.Is(err, io.ErrShortBuffer):
		p.lost("row37-size")
		return false
	case err != nil:
		p.lost("closed")
		return false
	}
	if !in.messages.take(time.Now(), 1, float64(rate.Messages), 2*float64(rate.Messages)) || !p.spend(ch, len(msg)) {
		if ch == wire.Ptr {
			p.lines.left.tooMany.Add(1)
			return true
		}
		p.lost("row39-rate-" + channelInits[ch].label)
		return false
	}
	if len(msg) > 1 && (msg[0] == 1 || msg[0] == 2) {
		in.packed = msg[0] == 1 || msg[1] == 1
	}
	p.message(ch, msg)
	return true
}

// spend takes bytes out of a channel's bucket.
func (p *peer) spend(ch wire.Channel, n int) bool {
	rate := float64(p.rates[ch].Bytes)
	return p.intakes[ch].bytes.take(time.Now(), float64(n), rate, max(2*rate, wire.MaxMessageIn))
}

// message puts one message to the frame it belongs to and passes a frame on when it is whole.
func (p *peer) message(ch wire.Channel, msg []byte) {
	in := &p.intakes[ch]
	if ch != wire.Dom && len(msg) > 0 && msg[0] != 0 {
		p.host.post(func(s *session) { s.garbled(p.conn, ch, "row37-piece") })
		return
	}
	frame, err := in.frames.Next(msg)
	if err != nil {
		rule := ruleOf(err)
		p.host.post(func(s *session) { s.garbled(p.conn, ch, rule) })
		return
	}
	in.watch(p.grace)
	if frame != nil {
		// What a frame was inflated to is work all the same; a flood may not hide in it.
		if in.packed && !p.spend(ch, len(frame)) {
			p.lost("row39-rate-" + channelInits[ch].label)
			return
		}
		p.deliver(ch, frame, in.packed)
		in.packed = false
		if len(frame) > keptBuffer {
			in.frames.Wipe()
		}
	}
}

// watch notes until when the frame that has begun to come in pieces must be whole: nobody may hold memory with half a
// frame (threat row 37).
func (in *intake) watch(grace time.Duration) {
	switch total := in.frames.Open(); {
	case total == 0:
		in.due.Store(0)
	case in.due.Load() == 0:
		in.due.Store(time.Now().Add(grace + time.Duration(total)*time.Second/slowest).UnixNano())
	}
}

// deliver hands a copy of a frame to the session. When the session cannot keep up, the page is asked for again, pointers
// are left out, and a flood of anything else closes the connection.
func (p *peer) deliver(ch wire.Channel, frame []byte, packed bool) {
	in := &p.intakes[ch]
	own := append(in.room(len(frame)), frame...)
	wipe := func() { in.giveBack(own) }
	ok := p.host.put(task{
		run: func(s *session) {
			defer wipe()
			s.frame(p.conn, ch, own, packed)
		},
		drop: wipe,
		size: len(own) + taskBytes,
	}, true)
	if ok {
		return
	}
	wipe()
	switch {
	case ch == wire.Ptr:
		p.lines.left.unheard.Add(1)
	case ch == wire.Dom && p.conn.grant.Role == Customer:
		p.host.post(func(s *session) { s.overrun(p.conn) })
	default:
		p.lost("row39-overrun")
	}
}

// room is an empty buffer for n bytes: the one that was given back, if it is large enough.
func (in *intake) room(n int) []byte {
	if n > spareFrom {
		if b := in.spare.Swap(nil); b != nil && cap(*b) >= n {
			return (*b)[:0]
		}
		n = max(n, wire.MaxMessage)
	}
	return make([]byte, 0, n)
}

// giveBack overwrites a buffer and keeps it for the next frame of this channel if it is of the size that most have.
// Buffers never go from one connection to another.
func (in *intake) giveBack(b []byte) {
	clear(b)
	if cap(b) == wire.MaxMessage {
		in.spare.Store(&b)
	}
}
