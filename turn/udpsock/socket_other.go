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
