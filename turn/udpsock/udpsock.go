// Package udpsock is a UDP socket whose writes never block.
//
// ICE's mux and the TURN server each write for all their peers through one
// socket. A write that waits for room in the kernel's buffer would stall every
// peer behind the slowest (pion/ice#971), so a full buffer drops the datagram
// and counts it, as a router would. DTLS and SCTP recover it.
package udpsock

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"
)

// BufferSize is asked of the kernel for each direction. It is capped in
// silence at net.core.rmem_max and wmem_max, so Buffers tells what was given.
const BufferSize = 4 << 20

var errAddr = errors.New("udpsock: address is not a UDP address")

// Conn is a net.PacketConn that also reads and writes netip.AddrPort without
// allocating. It is safe for concurrent use.
type Conn struct {
	// NonBlocking tells whether a full kernel buffer drops the datagram. Where
	// the platform has no such call it is false and writes may block.
	NonBlocking bool

	udp        *net.UDPConn
	raw        syscall.RawConn
	v6         bool // an AF_INET6 socket: IPv4 addresses are written in mapped form
	recv, send int
	drops      atomic.Uint64
}

// Listen opens a socket at address, such as "127.0.0.1:0" or ":443". network
// is "udp" (dual stack where the host part allows it), "udp4" or "udp6".
func Listen(network, address string) (*Conn, error) {
	addr, err := net.ResolveUDPAddr(network, address)
	if err != nil {
		return nil, fmt.Errorf("udpsock: %w", err)
	}
	udp, err := net.ListenUDP(network, addr)
	if err != nil {
		return nil, fmt.Errorf("udpsock: %w", err)
	}
	raw, err := udp.SyscallConn()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("udpsock: %w", err), udp.Close())
	}
	c := &Conn{udp: udp, raw: raw, NonBlocking: nonBlocking}
	// Errors of the two calls show in the sizes read back, which is what counts.
	_ = udp.SetReadBuffer(BufferSize)
	_ = udp.SetWriteBuffer(BufferSize)
	if err := c.inspect(); err != nil {
		return nil, errors.Join(fmt.Errorf("udpsock: %w", err), udp.Close())
	}
	return c, nil
}

// Buffers gives the usable sizes of the kernel's buffers in bytes, or zeros
// where the platform does not tell.
func (c *Conn) Buffers() (recv, send int) { return c.recv, c.send }

// Drops counts datagrams that the kernel had no room for.
func (c *Conn) Drops() uint64 { return c.drops.Load() }

// ReadFromAddrPort reads one datagram; IPv4 sources come unmapped.
func (c *Conn) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	n, from, err := c.udp.ReadFromUDPAddrPort(b)
	return n, unmap(from), err
}

// ReadFrom reads one datagram. The address is a *net.UDPAddr.
func (c *Conn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.ReadFromAddrPort(b)
	if err != nil {
		return n, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// WriteTo sends one datagram to a *net.UDPAddr as WriteToAddrPort does.
func (c *Conn) WriteTo(b []byte, addr net.Addr) (int, error) {
	to, ok := addr.(*net.UDPAddr)
	if !ok {
		return 0, errAddr
	}
	return c.WriteToAddrPort(b, to.AddrPort())
}

// Close closes the socket; a waiting read returns net.ErrClosed.
func (c *Conn) Close() error { return c.udp.Close() }

// LocalAddr gives the *net.UDPAddr that the socket is bound to.
func (c *Conn) LocalAddr() net.Addr { return c.udp.LocalAddr() }

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error { return c.udp.SetDeadline(t) }

// SetReadDeadline sets the time after which a waiting read gives up.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.udp.SetReadDeadline(t) }

// SetWriteDeadline matters only where NonBlocking is false: no other write waits.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.udp.SetWriteDeadline(t) }

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
