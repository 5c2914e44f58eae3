package sfu

import (
	"net"
	"net/netip"
	"sync/atomic"

	"github.com/pion/ice/v4"
)

// A rinser overwrites what ended sessions left in buffers that the connections of others hold. pion's DTLS decrypts a record
// where it lies, in one of a pool of buffers, and whoever takes that buffer next waits with it for a packet: until then,
// and behind the end of shorter packets for ever, it holds text of a session that is over. So each connection is given
// a few packets of its own, as long as they can be and without meaning, which DTLS drops (RFC 6347 section 4.1.2.7).
type rinser struct{ round atomic.Uint32 }

// rinsePackets is how many each connection is given: several readers may exchange buffers meanwhile.
const rinsePackets = 4

// rinseWater is a record of application data whose seal is wrong. It has the length of the longest packet that pion takes.
var rinseWater = func() (p [1500]byte) {
	const header = 13 // RFC 6347 section 4.1
	copy(p[:], []byte{23, 254, 253, 0, 1, 255, 255, 255, 255, 255, 255, byte((len(p) - header) >> 8), byte((len(p) - header) & 0xFF)})
	return p
}()

// rinse gives every connection its packets, with the next one that it receives anyway: ICE's checks come every two seconds.
func (r *rinser) rinse() { r.round.Add(1) }

type (
	rinsedUDP struct {
		ice.UDPMux
		by *rinser
	}
	rinsedTCP struct {
		ice.TCPMux
		by *rinser
	}
)

// GetConn gives a connection of one ufrag.
func (m rinsedUDP) GetConn(ufrag string, addr net.Addr) (net.PacketConn, error) {
	conn, err := m.UDPMux.GetConn(ufrag, addr)
	return m.by.wrap(conn), err
}

// GetConnByUfrag gives a connection of one ufrag.
func (m rinsedTCP) GetConnByUfrag(ufrag string, isIPv6 bool, local net.IP) (net.PacketConn, error) {
	conn, err := m.TCPMux.GetConnByUfrag(ufrag, isIPv6, local)
	return m.by.wrap(conn), err
}

func (r *rinser) wrap(conn net.PacketConn) net.PacketConn {
	state := rinsing{by: r, seen: r.round.Load()}
	switch conn := conn.(type) {
	case nil:
		return nil
	case socket:
		return &rinsedSocket{socket: conn, rinsing: state}
	}
	return &rinsedConn{PacketConn: conn, rinsing: state}
}

// rinsing is how far one reader is. It has one goroutine.
type rinsing struct {
	by   *rinser
	seen uint32 // the round it has had
	owed int
}

// next fills b when a packet is owed.
func (r *rinsing) next(b []byte) (n int, ok bool) {
	if r.owed == 0 {
		return 0, false
	}
	r.owed--
	return copy(b, rinseWater[:]), true
}

// received notes that a packet came: only now it is known from where the others must seem to come.
func (r *rinsing) received() {
	if round := r.by.round.Load(); round != r.seen {
		r.seen, r.owed = round, rinsePackets
	}
}

type rinsedSocket struct {
	socket
	rinsing
	from netip.AddrPort
}

// ReadFromAddrPort gives the next packet.
func (c *rinsedSocket) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	if n, ok := c.next(b); ok {
		return n, c.from, nil
	}
	n, from, err := c.socket.ReadFromAddrPort(b)
	if err == nil {
		c.from = from
		c.received()
	}
	return n, from, err
}

type rinsedConn struct {
	net.PacketConn
	rinsing
	from net.Addr
}

// ReadFrom gives the next packet.
func (c *rinsedConn) ReadFrom(b []byte) (int, net.Addr, error) {
	if n, ok := c.next(b); ok {
		return n, c.from, nil
	}
	n, from, err := c.PacketConn.ReadFrom(b)
	if err == nil {
		c.from = from
		c.received()
	}
	return n, from, err
}
