package vrelay

import (
	"net/netip"
	"sync"
	"time"
)

// packet is one datagram on its way. Only DTLS ciphertext and ICE checks pass
// here, so a used packet goes back to the pool unwiped.
type packet struct {
	next *packet
	n    int
	buf  [maxDatagram]byte
}

var packets = sync.Pool{New: func() any { return new(packet) }}

func pack(b []byte) *packet {
	p, ok := packets.Get().(*packet)
	if !ok {
		p = new(packet)
	}
	p.n = copy(p.buf[:], b)
	return p
}

// unpack copies the datagram out and gives the packet back; a short b cuts it,
// as a UDP socket would.
func (p *packet) unpack(b []byte) int {
	n := copy(b, p.buf[:p.n])
	p.next = nil
	packets.Put(p)
	return n
}

// fifo is a linked queue, so that an idle relay holds no buffer at all.
type fifo struct {
	head, tail *packet
	len        int
}

func (q *fifo) push(p *packet) {
	if q.tail == nil {
		q.head = p
	} else {
		q.tail.next = p
	}
	q.tail = p
	q.len++
}

func (q *fifo) pop() *packet {
	p := q.head
	if p == nil {
		return nil
	}
	q.head = p.next
	if q.head == nil {
		q.tail = nil
	}
	q.len--
	return p
}

func (q *fifo) clear() {
	for p := q.pop(); p != nil; p = q.pop() {
		p.next = nil
		packets.Put(p)
	}
}

// uplink holds the queues of all relays towards the SFU and serves them in
// turn, so that one flooding client delays the others by one datagram each.
type uplink struct {
	mu          sync.Mutex
	first, last *Relay // relays with something to deliver
}

// push queues b and says which counter it went to.
func (u *uplink) push(r *Relay, b []byte) (Counter, int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case r.gone:
		return noRelay, 0
	case !r.answered.Load() && !r.early.take(len(b), time.Now()):
		return beforeAnswer, 0
	case r.up.len >= r.hub.config.Queue:
		return droppedUp, 0
	}
	r.up.push(pack(b))
	if !r.ready {
		u.enlist(r)
	}
	return packetsUp, r.up.len
}

func (u *uplink) enlist(r *Relay) {
	r.ready, r.next = true, nil
	if u.last == nil {
		u.first = r
	} else {
		u.last.next = r
	}
	u.last = r
}

// pop copies the next datagram to b; ok is false when none waits.
func (u *uplink) pop(b []byte) (n int, from netip.AddrPort, ok bool) {
	u.mu.Lock()
	var p *packet
	for p == nil && u.first != nil {
		r := u.first
		if u.first = r.next; u.first == nil {
			u.last = nil
		}
		r.ready, r.next = false, nil
		if p = r.up.pop(); p != nil {
			from = r.addr
		}
		if r.up.len > 0 {
			u.enlist(r)
		}
	}
	u.mu.Unlock()
	if p == nil {
		return 0, netip.AddrPort{}, false
	}
	return p.unpack(b), from, true
}

func (u *uplink) empty() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.first == nil
}

func (u *uplink) drop(r *Relay) {
	u.mu.Lock()
	defer u.mu.Unlock()
	r.gone = true
	r.up.clear() // the relay may stay listed; pop passes over it
}

// Before ICE has answered, a client gets no more than checks need: a stolen
// credential cannot flood the mux with datagrams nobody asked for.
const (
	earlyPackets = 50       // per second
	earlyBytes   = 64 << 10 // per second
)

// allowance is a token bucket for packets and bytes together.
type allowance struct {
	packets, bytes float64
	last           time.Time
}

func (a *allowance) take(n int, now time.Time) bool {
	passed := now.Sub(a.last).Seconds()
	if a.last.IsZero() {
		passed = 1
	}
	a.last = now
	a.packets = min(earlyPackets, a.packets+passed*earlyPackets)
	a.bytes = min(earlyBytes, a.bytes+passed*earlyBytes)
	if a.packets < 1 || a.bytes < float64(n) {
		return false
	}
	a.packets, a.bytes = a.packets-1, a.bytes-float64(n)
	return true
}
