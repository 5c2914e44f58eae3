package udpsock

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

const nonBlocking = true

// sendOp is one sendto with everything it needs, so that a write allocates
// nothing: RawConn.Control takes a func, and a func made per call would escape.
type sendOp struct {
	buf  []byte
	to   unix.Sockaddr
	sa4  unix.SockaddrInet4
	sa6  unix.SockaddrInet6
	err  error
	call func(fd uintptr)

	control []byte // with the size of segments; empty for one datagram
	space   [24]byte
}

var sendOps = sync.Pool{New: func() any {
	op := new(sendOp)
	op.call = func(fd uintptr) {
		for {
			if len(op.control) > 0 {
				_, op.err = unix.SendmsgN(int(fd), op.buf, op.control, op.to, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
			} else {
				op.err = unix.Sendto(int(fd), op.buf, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, op.to)
			}
			if !errors.Is(op.err, unix.EINTR) {
				return
			}
		}
	}
	return op
}}

// WriteToAddrPort sends one datagram. A full kernel buffer is reported as
// written and counted in Drops.
func (c *Conn) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	op, ok := sendOps.Get().(*sendOp)
	if !ok {
		return 0, errAddr
	}
	defer sendOps.Put(op)
	if !op.aim(to, c.v6) {
		return 0, errAddr
	}
	op.buf = b
	// Control takes no write lock, so one writer never waits for another.
	err := c.raw.Control(op.call)
	op.buf, op.to = nil, nil
	if err != nil {
		return 0, err
	}
	return c.settle(len(b), op.err)
}

// WriteSegments sends datagrams of size bytes each, the last one may be shorter,
// which lie one after another in b, with one call (UDP_SEGMENT, udp(7)). Where
// the kernel or the way to the peer do not allow that, it sends them one by one.
func (c *Conn) WriteSegments(b []byte, size int, to netip.AddrPort) error {
	op, ok := sendOps.Get().(*sendOp)
	if !ok || !op.aim(to, c.v6) {
		return errAddr
	}
	defer sendOps.Put(op)
	op.buf, op.control = b, op.segments(size)
	err := c.raw.Control(op.call)
	op.buf, op.to, op.control = nil, nil, nil
	if err != nil {
		return err
	}
	if op.err == nil || errors.Is(op.err, unix.EAGAIN) || errors.Is(op.err, unix.ENOBUFS) {
		_, err = c.settle(len(b), op.err)
		return err
	}
	for len(b) > 0 {
		n := min(size, len(b))
		if _, e := c.WriteToAddrPort(b[:n], to); e != nil {
			err = e
		}
		b = b[n:]
	}
	return err
}

// segments is the control message that tells the kernel where to cut.
func (op *sendOp) segments(size int) []byte {
	control := op.space[:unix.CmsgSpace(2)]
	h := (*unix.Cmsghdr)(unsafe.Pointer(&control[0]))
	h.Level, h.Type = unix.SOL_UDP, unix.UDP_SEGMENT
	h.SetLen(unix.CmsgLen(2))
	binary.NativeEndian.PutUint16(control[unix.CmsgLen(0):], uint16(size))
	return control
}

// settle turns the kernel's answer into ours.
func (c *Conn) settle(n int, err error) (int, error) {
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.ENOBUFS):
		c.drops.Add(1)
		return n, nil
	}
	// The address stays out of the error: errors reach logs.
	return 0, &net.OpError{Op: "write", Net: "udp", Err: err}
}

func (op *sendOp) aim(to netip.AddrPort, v6 bool) bool {
	ip := to.Addr()
	switch {
	case !ip.IsValid():
		return false
	case v6:
		op.sa6 = unix.SockaddrInet6{Port: int(to.Port()), Addr: ip.As16()}
		if ip.Zone() != "" && !op.zone(ip.Zone()) {
			return false
		}
		op.to = &op.sa6
	case ip.Unmap().Is4():
		op.sa4 = unix.SockaddrInet4{Port: int(to.Port()), Addr: ip.Unmap().As4()}
		op.to = &op.sa4
	default:
		return false
	}
	return true
}

// zone resolves a link-local scope; the kernel wants its index.
func (op *sendOp) zone(name string) bool {
	if index, err := strconv.ParseUint(name, 10, 32); err == nil {
		op.sa6.ZoneId = uint32(index)
		return true
	}
	ifc, err := net.InterfaceByName(name)
	if err != nil {
		return false
	}
	op.sa6.ZoneId = uint32(ifc.Index)
	return true
}

// TryReadFromAddrPort reads one datagram if one is waiting, else ok is false.
// It lets a reader that also serves another source look here without parking.
func (c *Conn) TryReadFromAddrPort(b []byte) (n int, from netip.AddrPort, ok bool) {
	err := c.raw.Control(func(fd uintptr) {
		var sa unix.Sockaddr
		var err error
		n, sa, err = unix.Recvfrom(int(fd), b, unix.MSG_DONTWAIT)
		if err != nil {
			return
		}
		switch sa := sa.(type) {
		case *unix.SockaddrInet4:
			from, ok = netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port)), true
		case *unix.SockaddrInet6:
			ip := netip.AddrFrom16(sa.Addr).Unmap()
			if sa.ZoneId != 0 && ip.Is6() {
				ip = ip.WithZone(strconv.FormatUint(uint64(sa.ZoneId), 10))
			}
			from, ok = netip.AddrPortFrom(ip, uint16(sa.Port)), true
		}
	})
	return n, from, ok && err == nil
}

// inspect reads back what the kernel made of the socket. Linux reports twice
// the usable size, the other half being its own bookkeeping (socket(7)).
func (c *Conn) inspect() error {
	var inner error
	err := c.raw.Control(func(fd uintptr) {
		var domain int
		var errs [3]error
		c.recv, errs[0] = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF)
		c.send, errs[1] = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF)
		domain, errs[2] = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_DOMAIN)
		c.recv, c.send, c.v6 = c.recv/2, c.send/2, domain == unix.AF_INET6
		inner = errors.Join(errs[:]...)
	})
	return errors.Join(err, inner)
}
