//go:build !linux

package udpsock

import "net/netip"

const nonBlocking = false

// WriteToAddrPort sends one datagram. On this platform the write may block
// while the kernel's buffer is full; NonBlocking says so.
func (c *Conn) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	return c.udp.WriteToUDPAddrPort(b, to)
}

// inspect has nothing to read on this platform: Buffers gives zeros.
func (c *Conn) inspect() error { return nil }

// Batched reads one datagram at a time on this platform.
type Batched struct{ *Conn }

// Batch makes a reader for one goroutine.
func (c *Conn) Batch() *Batched { return &Batched{c} }

// WriteSegments sends datagrams of size bytes each, the last one may be shorter,
// which lie one after another in b.
func (c *Conn) WriteSegments(b []byte, size int, to netip.AddrPort) error {
	for len(b) > 0 {
		n := min(size, len(b))
		if _, err := c.WriteToAddrPort(b[:n], to); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}
