package vrelay

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Relay is the relayed address of one allocation: the net.PacketConn that the
// TURN server takes for a UDP socket.
type Relay struct {
	hub      *Hub
	owner    Owner
	addr     netip.AddrPort
	onGone   func(Use)
	session  *account
	answered atomic.Bool // the SFU has written to it

	bytesUp, bytesDown atomic.Uint64

	// under the uplink's lock
	up    fifo
	early allowance
	ready bool
	gone  bool
	next  *Relay

	downlink
}

// downlink is the way from the SFU to the client.
type downlink struct {
	mu     sync.Mutex
	down   fifo
	notify chan struct{} // holds one token while down may hold something
	closed chan struct{}
	once   sync.Once
	read   deadline

	direct, batch atomic.Pointer[func(batch [][]byte) bool] // ways past the TURN server
	last          atomic.Int64                              // when something was delivered, since the hub began
}

func newRelay(h *Hub, owner Owner, addr netip.AddrPort, gone func(Use)) *Relay {
	r := &Relay{hub: h, owner: owner, addr: addr, onGone: gone}
	r.notify = make(chan struct{}, 1)
	r.closed = make(chan struct{})
	return r
}

// WriteTo takes a datagram of the client for the pinned peer. One for any
// other address is lost without an error: there is no such network.
func (r *Relay) WriteTo(b []byte, to net.Addr) (int, error) {
	select {
	case <-r.closed:
		return 0, net.ErrClosed
	default:
	}
	if peer, ok := to.(*net.UDPAddr); !ok || unmap(peer.AddrPort()) != r.hub.config.Pinned {
		r.hub.counts.add(otherPeer, 1)
		return len(b), nil
	}
	r.Up(b)
	return len(b), nil
}

// Up takes a datagram of the client for the pinned peer.
func (r *Relay) Up(b []byte) {
	switch {
	case len(b) > maxDatagram:
		r.hub.counts.add(oversized, 1)
		return
	case !r.charge(len(b)):
		return
	}
	which, waiting := r.hub.up.push(r, b)
	r.hub.counts.add(which, 1)
	if which == packetsUp {
		r.hub.counts.add(bytesUp, len(b))
		r.bytesUp.Add(uint64(len(b)))
		r.hub.counts.high(waiting)
		r.hub.wake()
	}
}

// Direct names a shorter way to the client than reading from the relay, for a
// datagram that comes alone. It must not wait. Where it gives false the datagram
// goes the long way.
func (r *Relay) Direct(down func(batch [][]byte) bool) { r.direct.Store(&down) }

// Batch names a way to the client that takes what waits at once. It is called
// by the goroutine that reads from the relay and may wait. With nothing it tells
// whether it would take something; else each datagram goes the long way.
func (r *Relay) Batch(down func(batch [][]byte) bool) { r.batch.Store(&down) }

// maxBatch is how many datagrams go to Batch at once.
const maxBatch = 16

// flush hands what waits to Batch and tells whether it did.
func (r *Relay) flush() bool {
	down := r.batch.Load()
	if down == nil || !(*down)(nil) {
		return false
	}
	var waiting [maxBatch]*packet
	var batch [maxBatch][]byte
	n := 0
	r.mu.Lock()
	for ; n < maxBatch && r.down.len > 0; n++ {
		waiting[n] = r.down.pop()
		batch[n] = waiting[n].buf[:waiting[n].n]
	}
	r.mu.Unlock()
	if n == 0 {
		return false
	}
	(*down)(batch[:n])
	for _, p := range waiting[:n] {
		p.next = nil
		packets.Put(p)
	}
	return true
}

// ReadFrom gives the next datagram of the SFU. The source is always the pinned
// peer as *net.UDPAddr: the TURN server's relay goroutine ends on any other type.
func (r *Relay) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		select {
		case <-r.closed:
			return 0, nil, net.ErrClosed
		default:
		}
		if r.flush() {
			continue
		}
		r.mu.Lock()
		p := r.down.pop()
		r.mu.Unlock()
		if p != nil {
			return p.unpack(b), r.hub.peer, nil
		}
		select {
		case <-r.notify:
		case <-r.closed:
		case <-r.read.passed():
			return 0, nil, os.ErrDeadlineExceeded
		}
	}
}

// deliver queues a datagram of the SFU for the client.
func (r *Relay) deliver(b []byte) {
	if len(b) > maxDatagram {
		r.hub.counts.add(oversized, 1)
		return
	}
	r.answered.Store(true)
	if !r.charge(len(b)) {
		return
	}
	if r.alone() && r.sendDirect(b) {
		r.delivered(len(b))
		return
	}
	r.mu.Lock()
	waiting := r.down.len
	full := waiting >= r.hub.config.Queue || r.isClosed()
	if !full {
		r.down.push(pack(b))
	}
	r.mu.Unlock()
	if full {
		r.hub.counts.add(droppedDown, 1)
		return
	}
	r.delivered(len(b))
	r.hub.counts.high(waiting + 1)
	select {
	case r.notify <- struct{}{}:
	default:
	}
}

// burst is the distance of datagrams below which waiting for the next ones
// pays: they are then sent with one call.
const burst = 50 * time.Microsecond

// alone tells whether nothing was delivered just before.
func (r *Relay) alone() bool {
	now := time.Since(r.hub.start)
	return now-time.Duration(r.last.Swap(int64(now))) > burst
}

func (r *Relay) sendDirect(b []byte) bool {
	down := r.direct.Load()
	return down != nil && !r.isClosed() && (*down)([][]byte{b})
}

func (r *Relay) delivered(n int) {
	r.hub.counts.add(packetsDown, 1)
	r.hub.counts.add(bytesDown, n)
	r.bytesDown.Add(uint64(n))
}

func (r *Relay) isClosed() bool {
	select {
	case <-r.closed:
		return true
	default:
		return false
	}
}

// Close ends the relay. Waiting reads return net.ErrClosed.
func (r *Relay) Close() error {
	r.once.Do(func() {
		r.mu.Lock()
		close(r.closed)
		r.down.clear()
		r.mu.Unlock()
		r.hub.forget(r)
		r.hub.counts.add(closedRelays, 1)
		r.read.set(time.Time{})
		if r.onGone != nil {
			r.onGone(r.Use())
		}
	})
	return nil
}

// LocalAddr is the relayed address as *net.UDPAddr.
func (r *Relay) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(r.addr) }

// SetDeadline sets the read deadline; writes never wait.
func (r *Relay) SetDeadline(t time.Time) error { return r.SetReadDeadline(t) }

// SetReadDeadline sets the time after which a waiting read gives up.
func (r *Relay) SetReadDeadline(t time.Time) error {
	r.read.set(t)
	return nil
}

// SetWriteDeadline does nothing: writes never wait.
func (r *Relay) SetWriteDeadline(time.Time) error { return nil }
