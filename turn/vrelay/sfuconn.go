package vrelay

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// fairRun is how many virtual datagrams are read in a row before the real
// socket is looked at, so that a busy relay cannot starve direct peers.
const fairRun = 32

var (
	errAttached = errors.New("vrelay: the hub already has its SFU connection")
	errAddress  = errors.New("vrelay: address is not a UDP address")
)

// addrPortConn is ICE's optional interface for sockets that read and write
// without allocating addresses.
type addrPortConn interface {
	ReadFromAddrPort(b []byte) (int, netip.AddrPort, error)
	WriteToAddrPort(b []byte, to netip.AddrPort) (int, error)
}

// tryReader looks at a socket without waiting.
type tryReader interface {
	TryReadFromAddrPort(b []byte) (n int, from netip.AddrPort, ok bool)
}

// SFUConn is the one connection that the SFU's ICE mux reads and writes: the
// real UDP socket, if there is one, merged with all virtual relays. It has
// ICE's AddrPort methods. LocalAddr is the pinned peer, so ICE makes one host
// candidate of it, with or without a real socket.
type SFUConn struct {
	hub    *Hub
	socket net.PacketConn // nil: no UDP at all
	io     addrPortConn   // the same socket
	closed chan struct{}
	once   sync.Once

	reading sync.Mutex // one reader at a time
	run     int        // virtual datagrams since the real socket was last looked at

	notify chan struct{} // wakes a reader that has no real socket
	read   deadline      // its deadline

	parked atomic.Bool // the reader is, or is about to be, inside the real socket's read
	wakeMu sync.Mutex  // orders the deadlines set on the real socket
	until  time.Time   // the caller's read deadline for it
}

// SFUConn makes the hub's connection for the SFU. real may be nil, then virtual
// relays are all there is. A hub has one SFUConn in its life; asking again is
// an error. Closing the SFUConn closes the real socket.
func (h *Hub) SFUConn(real net.PacketConn) (*SFUConn, error) {
	c := &SFUConn{hub: h, socket: real, closed: make(chan struct{}), notify: make(chan struct{}, 1)}
	switch s := real.(type) {
	case nil:
	case *net.UDPConn:
		c.io = udpConn{s}
	case addrPortConn:
		c.io = s
	default:
		c.io = packetConn{real}
	}
	if !h.sfu.CompareAndSwap(nil, c) {
		return nil, errAttached
	}
	return c, nil
}

// ReadFromAddrPort reads the next datagram, virtual or real.
func (c *SFUConn) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	for {
		if isClosed(c.closed) {
			return 0, netip.AddrPort{}, net.ErrClosed
		}
		if c.run < fairRun {
			if n, from, ok := c.hub.up.pop(b); ok {
				c.run++
				return n, from, nil
			}
		}
		n, from, err := c.other(b)
		c.run = 0
		switch {
		case errors.Is(err, errWoken):
		case err != nil:
			return 0, netip.AddrPort{}, err
		case c.hub.config.Prefix.Contains(from.Addr()):
			c.hub.counts.add(spoofed, 1)
		default:
			return n, from, nil
		}
	}
}

// errWoken sends the reader back to the virtual queues.
var errWoken = errors.New("vrelay: woken")

// other reads what is not virtual. With virtual datagrams waiting it only
// takes a look; with none it waits for the socket or for a wake.
func (c *SFUConn) other(b []byte) (int, netip.AddrPort, error) {
	if c.io == nil {
		return 0, netip.AddrPort{}, c.sleep()
	}
	if try, ok := c.socket.(tryReader); ok && c.run >= fairRun {
		if n, from, ok := try.TryReadFromAddrPort(b); ok {
			return n, unmap(from), nil
		}
		return 0, netip.AddrPort{}, errWoken
	}
	c.parked.Store(true)
	// A datagram that was queued before parked was set woke nobody.
	if !c.hub.up.empty() {
		if c.run < fairRun {
			c.parked.Store(false)
			return 0, netip.AddrPort{}, errWoken
		}
		// This socket cannot be looked at without waiting: wait very little.
		c.wakeMu.Lock()
		_ = c.socket.SetReadDeadline(time.Now().Add(100 * time.Microsecond))
		c.wakeMu.Unlock()
	}
	n, from, err := c.io.ReadFromAddrPort(b)
	c.parked.Store(false)
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		return 0, netip.AddrPort{}, c.woken()
	}
	return n, unmap(from), err
}

// woken tells a wake from the caller's own deadline, and puts the latter back.
func (c *SFUConn) woken() error {
	c.wakeMu.Lock()
	defer c.wakeMu.Unlock()
	if !c.until.IsZero() && !time.Now().Before(c.until) {
		return os.ErrDeadlineExceeded
	}
	if err := c.socket.SetReadDeadline(c.until); err != nil {
		return err
	}
	return errWoken
}

// sleep waits for a virtual datagram where there is no real socket.
func (c *SFUConn) sleep() error {
	if !c.hub.up.empty() {
		return errWoken
	}
	select {
	case <-c.notify:
		return errWoken
	case <-c.closed:
		return net.ErrClosed
	case <-c.read.passed():
		return os.ErrDeadlineExceeded
	}
}

// wake brings the reader back to the virtual queues. A reader inside the real
// socket's read is woken by a deadline in the past: no second goroutine and no
// further copy on the direct path, and nothing at all while the reader is busy.
func (c *SFUConn) wake() {
	if c.io == nil {
		select {
		case c.notify <- struct{}{}:
		default:
		}
		return
	}
	if c.parked.CompareAndSwap(true, false) {
		c.wakeMu.Lock()
		_ = c.socket.SetReadDeadline(time.Unix(1, 0)) // fails only when closed, and then the read has ended
		c.wakeMu.Unlock()
	}
}

// WriteToAddrPort writes to a relay when to is inside the virtual prefix, else
// to the real socket. What has nowhere to go is counted and lost, as on a network.
func (c *SFUConn) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if isClosed(c.closed) {
		return 0, net.ErrClosed
	}
	to = unmap(to)
	if c.hub.config.Prefix.Contains(to.Addr()) {
		if r := c.hub.find(to); r != nil {
			r.deliver(b)
		} else {
			c.hub.counts.add(noRelay, 1)
		}
		return len(b), nil
	}
	if c.io == nil {
		c.hub.counts.add(noSocket, 1)
		return len(b), nil
	}
	return c.io.WriteToAddrPort(b, to)
}

// ReadFrom reads the next datagram. The address is a *net.UDPAddr.
func (c *SFUConn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.ReadFromAddrPort(b)
	if err != nil {
		return n, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// WriteTo writes one datagram to a *net.UDPAddr as WriteToAddrPort does.
func (c *SFUConn) WriteTo(b []byte, to net.Addr) (int, error) {
	addr, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, errAddress
	}
	return c.WriteToAddrPort(b, addr.AddrPort())
}

// Close closes the real socket and ends waiting reads with net.ErrClosed.
func (c *SFUConn) Close() error {
	var err error
	c.once.Do(func() {
		close(c.closed)
		if c.socket != nil {
			err = c.socket.Close()
		}
	})
	return err
}

// LocalAddr is the pinned peer, whatever the real socket is bound to.
func (c *SFUConn) LocalAddr() net.Addr { return c.hub.peer }

// SetDeadline sets both deadlines.
func (c *SFUConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline sets the time after which a waiting read gives up.
func (c *SFUConn) SetReadDeadline(t time.Time) error {
	if c.socket == nil {
		c.read.set(t)
		return nil
	}
	c.wakeMu.Lock()
	defer c.wakeMu.Unlock()
	c.until = t
	return c.socket.SetReadDeadline(t)
}

// SetWriteDeadline is for the real socket; a write to a relay never waits.
func (c *SFUConn) SetWriteDeadline(t time.Time) error {
	if c.socket == nil {
		return nil
	}
	return c.socket.SetWriteDeadline(t)
}

// udpConn gives a *net.UDPConn ICE's method names.
type udpConn struct{ *net.UDPConn }

func (c udpConn) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	return c.ReadFromUDPAddrPort(b)
}

func (c udpConn) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	return c.WriteToUDPAddrPort(b, to)
}

// packetConn gives any other socket ICE's methods, at the price of an allocation.
type packetConn struct{ net.PacketConn }

func (c packetConn) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	n, from, err := c.ReadFrom(b)
	if err != nil {
		return n, netip.AddrPort{}, err
	}
	addr, ok := from.(*net.UDPAddr)
	if !ok {
		return n, netip.AddrPort{}, errAddress
	}
	return n, addr.AddrPort(), nil
}

func (c packetConn) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	return c.WriteTo(b, net.UDPAddrFromAddrPort(to))
}
