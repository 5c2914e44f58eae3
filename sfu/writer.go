package sfu

import (
	"sync"
	"time"

	"vitrine/internal/wire"
)

// flushTime is how long a closing connection waits for its last words to arrive. A packet that was lost is sent again
// after a second at the earliest (RFC 9260, section 6.3.1).
const flushTime = 2 * time.Second

const (
	maxUrgent  = 1 << 20 // bytes of control frames that may wait; who lets more pile up is not listening
	maxPoints  = 16      // pointers that may wait; older ones say nothing new
	pointWater = 4 << 10 // pointers are sent while less than that of them is on its way
)

// outbox is what waits to be written. The session puts parcels in, the writer takes messages out.
type outbox struct {
	mu      sync.Mutex
	urgent  []*parcel // of ctl and input
	points  []*parcel
	heavy   [2][]*parcel // of dom and asset, in this order of rank
	cursor  [2]int       // message of the first heavy parcel that is due
	light   int          // bytes of urgent
	waiting int          // bytes of heavy that are not written yet
	pace    pace
	hungry  bool // the session wants to know when there is room
	writing bool // there is a writer
	again   bool // it has to look once more
	closing bool // nothing more is accepted
	closed  bool // the writer has gone for good
}

// add queues a parcel, and tells how many pointers it took the place of. False means that too much waits already.
func (o *outbox) add(p *parcel) (replaced uint64, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.closing:
		p.release()
	case p.channel == wire.Dom || p.channel == wire.Asset:
		i := int(p.channel - wire.Dom)
		o.heavy[i] = append(o.heavy[i], p)
		o.waiting += p.size()
	case p.channel == wire.Ptr:
		if len(o.points) == maxPoints {
			o.points[0].release()
			o.points = o.points[1:]
			replaced = 1
		}
		o.points = append(o.points, p)
	default:
		o.urgent = append(o.urgent, p)
		o.light += p.size()
	}
	return replaced, o.light <= maxUrgent
}

// takeUrgent takes everything that does not wait for room.
func (o *outbox) takeUrgent() (urgent, points []*parcel, closing bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	urgent, points = o.urgent, o.points
	o.urgent, o.points, o.light = nil, nil, 0
	return urgent, points, o.closing
}

// takeHeavy takes the next message of the page, or of an asset when there is none of the page. done is the parcel to
// release when the message is written and was its last.
func (o *outbox) takeHeavy(buffered int) (msg []byte, ch wire.Channel, done *parcel) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.pace.look(time.Now(), buffered)
	for i, limit := range [...]int{o.pace.limit(), o.pace.limit() / 2} {
		if len(o.heavy[i]) == 0 || buffered >= limit {
			continue
		}
		p := o.heavy[i][0]
		msg = p.message(o.cursor[i])
		o.waiting -= len(msg)
		o.pace.wrote += len(msg)
		o.cursor[i]++
		if o.cursor[i] == len(p.ends) {
			o.cursor[i] = 0
			o.heavy[i][0] = nil
			o.heavy[i] = o.heavy[i][1:]
			done = p
		}
		return msg, p.channel, done
	}
	return nil, 0, nil
}

// sated says once that a session that wants to know has room again.
func (o *outbox) sated(buffered int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.hungry || o.waiting+buffered > o.pace.low() {
		return false
	}
	o.hungry = false
	return true
}

// drop lets go of everything that waits.
func (o *outbox) drop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, list := range [][]*parcel{o.urgent, o.points, o.heavy[0], o.heavy[1]} {
		for _, p := range list {
			p.release()
		}
	}
	o.urgent, o.points, o.heavy, o.waiting, o.light = nil, nil, [2][]*parcel{}, 0, 0
	o.closing, o.closed = true, true
}

func (p *peer) send(c *parcel) {
	replaced, ok := p.out.add(c)
	p.lines.left.unread.Add(replaced)
	if ok {
		p.work()
	} else {
		p.lost("row39-deaf")
	}
}

func (p *peer) room(what cargo) bool {
	o := &p.out
	o.mu.Lock()
	buffered := p.buffered()
	o.pace.look(time.Now(), buffered)
	limit := [...]int{aChange: o.pace.limit(), aSnapshot: o.pace.low() + 1, anAsset: o.pace.limit() / 2}[what]
	full := o.waiting+buffered >= limit
	o.hungry = o.hungry || full
	o.mu.Unlock()
	if full {
		p.arm()
		p.work()
	}
	return !full
}

func (p *peer) soon() int {
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	return p.out.pace.soon()
}

// arm has the heavy channels tell when little is on its way. An amount that has passed the new threshold already tells
// nothing, so the writer looks once more.
func (p *peer) arm() {
	o := &p.out
	o.mu.Lock()
	low := o.pace.low()
	changed := o.pace.armed != low
	if o.pace.armed = low; changed {
		// Both channels at half of it are together at it.
		for _, ch := range [...]wire.Channel{wire.Dom, wire.Asset} {
			p.channels[ch].SetBufferedAmountLowThreshold(uint64(low / 2))
		}
	}
	o.mu.Unlock()
	if changed {
		p.work()
	}
}

// buffered is how much of the page and of assets is on its way: written, but not acknowledged by the peer's SCTP.
func (p *peer) buffered() int {
	return int(p.channels[wire.Dom].BufferedAmount() + p.channels[wire.Asset].BufferedAmount())
}

// work makes sure that somebody writes. The writer is a goroutine only while there is something to do.
func (p *peer) work() {
	o := &p.out
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.closed:
	case o.writing:
		o.again = true
	default:
		o.writing = true
		go p.write()
	}
}

// shut has the writer write the last words and close the connection.
func (p *peer) shut() {
	p.out.mu.Lock()
	p.out.closing = true
	p.out.mu.Unlock()
	p.work()
}

// write is the only goroutine that writes to the connection, and the one that closes it.
func (p *peer) write() {
	for {
		if p.writeOnce() {
			p.finish()
			return
		}
		p.out.mu.Lock()
		again := p.out.again
		p.out.again, p.out.writing = false, again
		p.out.mu.Unlock()
		if !again {
			return
		}
	}
}

// finish closes the connection.
func (p *peer) finish() {
	defer p.forget(p)
	defer p.fault()
	// What nobody will read goes first: closing may wait for a peer that does not answer.
	p.out.drop()
	// One that does not close properly is left to ICE's timeouts.
	_ = p.pc.Close()
}

// writeOnce writes what there is and may be written. True means that the connection is to be closed.
func (p *peer) writeOnce() (closing bool) {
	defer p.fault()
	if !p.open() {
		p.out.mu.Lock()
		defer p.out.mu.Unlock()
		return p.out.closing // nobody is there to hear anything
	}
	for {
		urgent, points, closing := p.out.takeUrgent()
		ok := p.writeAll(urgent) && p.writePoints(points)
		if closing {
			p.flush()
			return true
		}
		wrote, more := p.writeHeavy()
		if !ok || !more {
			p.lost("closed")
			return true
		}
		if wrote {
			continue
		}
		p.arm()
		if p.out.sated(p.buffered()) {
			p.host.post(func(s *session) { s.drained(p.conn) })
		}
		return false
	}
}

// writeHeavy writes one message of the page or of an asset, if there is room.
func (p *peer) writeHeavy() (wrote, ok bool) {
	msg, ch, done := p.out.takeHeavy(p.buffered())
	if msg == nil {
		return false, true
	}
	_, err := p.intakes[ch].stream.Write(msg)
	if done != nil {
		done.release()
	}
	return true, err == nil
}

func (p *peer) writeAll(parcels []*parcel) bool {
	ok := true
	for _, c := range parcels {
		for i := 0; ok && i < len(c.ends); i++ {
			_, err := p.intakes[c.channel].stream.Write(c.message(i))
			ok = err == nil
		}
		c.release()
	}
	return ok
}

func (p *peer) writePoints(parcels []*parcel) bool {
	if p.channels[wire.Ptr].BufferedAmount() < pointWater {
		return p.writeAll(parcels)
	}
	for _, c := range parcels {
		c.release()
	}
	p.lines.left.unread.Add(uint64(len(parcels)))
	return true
}

// flush waits until the other side has the last words, or for too long.
func (p *peer) flush() {
	const step = 5 * time.Millisecond
	for waited := time.Duration(0); waited < flushTime && p.channels[wire.Ctl].BufferedAmount() > 0; waited += step {
		time.Sleep(step)
	}
}
