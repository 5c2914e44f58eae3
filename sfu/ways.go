package sfu

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
	"github.com/pion/transport/v4"
	"github.com/pion/transport/v4/stdnet"
	"github.com/pion/webrtc/v4"
)

const (
	// bindTime is how long a TCP connection may take to its first ICE check, and how long one for a connection that does
	// not exist is kept: anybody can open these.
	bindTime = 5 * time.Second
	// tcpBuffer is what waits for a client that reads slowly. Beyond it packets are lost, as with UDP.
	tcpBuffer = 4 << 20
	// tcpTotal and tcpSource bound the TCP connections for ICE, of all and of one address.
	tcpTotal, tcpSource = 4096, 128
	acceptPause         = 50 * time.Millisecond
)

// network is what ICE believes about this machine: the addresses that it is known by. Without it every connection would
// ask the kernel for all interfaces, and the answers would name those that nobody reaches.
type network struct {
	*stdnet.Net
	interfaces []*transport.Interface
}

// Interfaces gives the addresses as those of one interface.
func (n network) Interfaces() ([]*transport.Interface, error) { return n.interfaces, nil }

// newNetwork makes a network of addresses.
func newNetwork(addresses []netip.Addr) (network, error) {
	real, err := stdnet.NewNet()
	if err != nil {
		return network{}, fmt.Errorf("sfu: interfaces: %w", err)
	}
	known := transport.NewInterface(net.Interface{Index: 1, MTU: 1500, Name: "known", Flags: net.FlagUp})
	for _, a := range addresses {
		known.AddAddress(&net.IPNet{IP: a.AsSlice(), Mask: net.CIDRMask(a.BitLen(), a.BitLen())})
	}
	return network{real, []*transport.Interface{known}}, nil
}

// knownBy is the address of the list that has the family of at, else at.
func knownBy(list []netip.Addr, at netip.Addr) netip.Addr {
	at = at.Unmap()
	if i := slices.IndexFunc(list, func(a netip.Addr) bool { return a.Is4() == at.Is4() }); i >= 0 {
		return list[i]
	}
	return at
}

// muxUDP gives ICE all sockets, each with a candidate of its own.
func muxUDP(c Config, log logging.LeveledLogger) ice.UDPMux {
	var muxes []ice.UDPMux
	for _, socket := range append([]net.PacketConn{c.UDP}, c.MoreUDP...) {
		muxes = append(muxes, webrtc.NewICEUDPMux(log, rename(socket, c.Addresses)))
	}
	if len(muxes) == 1 {
		return muxes[0]
	}
	return ice.NewMultiUDPMuxDefault(muxes...)
}

// socket is a UDP socket as ICE likes them best.
type socket interface {
	net.PacketConn
	ReadFromAddrPort(b []byte) (int, netip.AddrPort, error)
	WriteToAddrPort(b []byte, to netip.AddrPort) (int, error)
}

type (
	renamed struct { // a socket that is known by another address
		socket
		at net.Addr
	}
	renamedPlain struct {
		net.PacketConn
		at net.Addr
	}
)

// LocalAddr is the address that stands in the answers.
func (r renamed) LocalAddr() net.Addr { return r.at }

// LocalAddr is the address that stands in the answers.
func (r renamedPlain) LocalAddr() net.Addr { return r.at }

func rename(conn net.PacketConn, list []netip.Addr) net.PacketConn {
	local, ok := conn.LocalAddr().(*net.UDPAddr)
	if !ok || len(list) == 0 {
		return conn
	}
	own := local.AddrPort()
	at := net.UDPAddrFromAddrPort(netip.AddrPortFrom(knownBy(list, own.Addr()), own.Port()))
	if s, ok := conn.(socket); ok {
		return renamed{s, at}
	}
	return renamedPlain{conn, at}
}

// muxTCP gives ICE a listener for passive TCP candidates (RFC 6544), and the addresses of these.
func muxTCP(c Config, log logging.LeveledLogger) (ice.TCPMux, []netip.Addr, error) {
	local, ok := c.TCP.Addr().(*net.TCPAddr)
	if !ok {
		return nil, nil, ErrConfig
	}
	own := local.AddrPort().Addr().Unmap()
	addresses := c.Addresses
	if !own.IsUnspecified() {
		addresses = []netip.Addr{knownBy(c.Addresses, own)}
	} else if own.Is4() {
		addresses = slices.DeleteFunc(slices.Clone(addresses), netip.Addr.Is6)
	}
	if len(addresses) == 0 {
		return nil, nil, ErrAddress
	}
	listener := &gate{Listener: c.TCP, port: local.Port, addresses: addresses, sources: map[netip.Addr]int{}}
	return ice.NewTCPMuxDefault(ice.TCPMuxParams{
		Listener: listener, Logger: log, ReadBufferSize: 64, WriteBufferSize: tcpBuffer,
		FirstStunBindTimeout: bindTime, AliveDurationForConnFromStun: bindTime,
	}), addresses, nil
}

// gate lets a bounded number of TCP connections in, and tells ICE that they came to an address that is known.
type gate struct {
	net.Listener
	port      int
	addresses []netip.Addr

	mu      sync.Mutex
	total   int
	sources map[netip.Addr]int
}

// Addr is every address of the port: which of them are known stands in the network.
func (g *gate) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv6unspecified, Port: g.port} }

// Accept gives the next connection that is within the bounds. It ends with the listener only: ICE takes any other error
// for the end, too, and one connection too many must not close the port.
func (g *gate) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil, err
		}
		if err != nil {
			time.Sleep(acceptPause)
			continue
		}
		if remote, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
			from := remote.AddrPort().Addr().Unmap()
			if g.enter(source(from)) {
				at := netip.AddrPortFrom(knownBy(g.addresses, from), uint16(g.port))
				return &guest{Conn: conn, at: net.TCPAddrFromAddrPort(at), leave: sync.OnceFunc(func() { g.leave(source(from)) })}, nil
			}
		}
		_ = conn.Close() // nobody is there to be told
	}
}

// source is whom an address is counted for: an IPv6 network as a whole.
func source(a netip.Addr) netip.Addr {
	if a.Is4() {
		return a
	}
	return netip.PrefixFrom(a.WithZone(""), 64).Masked().Addr()
}

func (g *gate) enter(from netip.Addr) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.total >= tcpTotal || g.sources[from] >= tcpSource {
		return false
	}
	g.total++
	g.sources[from]++
	return true
}

func (g *gate) leave(from netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.total--
	if g.sources[from]--; g.sources[from] == 0 {
		delete(g.sources, from)
	}
}

// guest is a TCP connection that counts until it is closed.
type guest struct {
	net.Conn
	at    net.Addr
	leave func()
}

// LocalAddr is the address by which the client knows this end.
func (g *guest) LocalAddr() net.Addr { return g.at }

// Close closes the connection.
func (g *guest) Close() error {
	g.leave()
	return g.Conn.Close()
}
