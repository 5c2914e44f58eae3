package udpsock

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	batchSize = 16   // datagrams of one call
	batchMTU  = 1600 // bytes; a longer datagram is cut, as no frame is that long
)

// mmsghdr is the kernel's struct mmsghdr (recvmmsg(2)).
type mmsghdr struct {
	header unix.Msghdr
	size   uint32
}

// Batched reads what waits in the socket with one call and gives it out one by
// one. It is for one reader; its memory is fixed.
type Batched struct {
	*Conn
	headers [batchSize]mmsghdr
	vectors [batchSize]unix.Iovec
	names   [batchSize]unix.RawSockaddrInet6 // large enough for IPv4's
	buffers [batchSize][batchMTU]byte
	next, n int
	err     error
	call    func(fd uintptr) bool
}

// Batch makes a reader that reads in batches.
func (c *Conn) Batch() *Batched {
	b := &Batched{Conn: c}
	for i := range b.headers {
		b.vectors[i].Base = &b.buffers[i][0]
		b.vectors[i].SetLen(batchMTU)
		h := &b.headers[i].header
		h.Name, h.Iov = (*byte)(unsafe.Pointer(&b.names[i])), &b.vectors[i]
		h.SetIovlen(1)
	}
	b.call = b.receive
	return b
}

// receive is what the runtime calls while the socket is readable; false waits on.
func (b *Batched) receive(fd uintptr) bool {
	for i := range b.headers {
		b.headers[i].header.Namelen = uint32(unsafe.Sizeof(b.names[i]))
	}
	for {
		n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&b.headers)), batchSize, unix.MSG_DONTWAIT, 0, 0)
		switch {
		case errno == unix.EINTR:
			continue
		case errno == unix.EAGAIN:
			return false
		case errno != 0:
			b.err = errno
		}
		b.next, b.n = 0, int(n)
		return true
	}
}

// ReadFromAddrPort gives the next datagram; IPv4 sources come unmapped.
func (b *Batched) ReadFromAddrPort(p []byte) (int, netip.AddrPort, error) {
	if b.next >= b.n {
		b.next, b.n, b.err = 0, 0, nil
		if err := b.raw.Read(b.call); err != nil {
			return 0, netip.AddrPort{}, err
		}
		if b.err != nil {
			if errors.Is(b.err, unix.ENOSYS) {
				return b.Conn.ReadFromAddrPort(p)
			}
			b.n = 0
			return 0, netip.AddrPort{}, &net.OpError{Op: "read", Net: "udp", Err: b.err}
		}
	}
	i := b.next
	b.next++
	n := copy(p, b.buffers[i][:min(b.headers[i].size, batchMTU)])
	return n, source(&b.names[i]), nil
}

// source decodes a kernel's address.
func source(name *unix.RawSockaddrInet6) netip.AddrPort {
	if name.Family == unix.AF_INET {
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(name))
		return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), networkOrder(v4.Port))
	}
	ip := netip.AddrFrom16(name.Addr).Unmap()
	if name.Scope_id != 0 && ip.Is6() {
		ip = ip.WithZone(strconv.FormatUint(uint64(name.Scope_id), 10))
	}
	return netip.AddrPortFrom(ip, networkOrder(name.Port))
}

// networkOrder reads a port that the kernel wrote in network order.
func networkOrder(port uint16) uint16 {
	b := (*[2]byte)(unsafe.Pointer(&port))
	return uint16(b[0])<<8 | uint16(b[1])
}
