package turn

import (
	"errors"
	"net"
	"net/netip"
	"time"

	pion "github.com/pion/turn/v3"

	"vitrine/turn/cred"
	"vitrine/turn/guard"
	"vitrine/turn/vrelay"
)

var (
	errNoTCPRelay = errors.New("turn: relays over TCP (RFC 6062) are not offered")
	errNobody     = errors.New("turn: nobody is authenticated or the session has ended")
)

// edge is one listener socket or one stream connection with its own TURN
// server. That server reads, authenticates and allocates in one goroutine, so
// the name it authenticated last owns the allocation it asks for next.
type edge struct {
	server  *Server
	gate    *guard.Gate
	close   func() error
	packets *guard.Packets // of a socket, else nil
	stream  *guard.Stream  // of a stream, whose writes may wait

	way string // udp, tcp or tls: how clients come

	name string // authenticated last
	from netip.AddrPort

	session string // of a stream's allocation; under the server's lock
}

func (s *Server) newEdge(stream bool) *edge {
	return &edge{server: s, gate: guard.NewGate(s.policy, stream), way: "udp"}
}

// run starts the TURN server on conn, which must end with an error when closed.
func (e *edge) run(conn net.PacketConn) error {
	pin := e.server.config.Hub.Pinned().Addr()
	_, err := pion.NewServer(pion.ServerConfig{
		Realm:         e.server.policy.Realm,
		LoggerFactory: &e.server.log,
		AuthHandler:   e.authenticate,
		PacketConnConfigs: []pion.PacketConnConfig{{
			PacketConn:            conn,
			RelayAddressGenerator: e,
			// The gate has compared address and port before; a permission knows only the address.
			PermissionHandler: func(_ net.Addr, peer net.IP) bool {
				ip, ok := netip.AddrFromSlice(peer)
				return ok && ip.Unmap() == pin
			},
		}},
	})
	return err
}

// authenticate gives the TURN server the key of a name, never nil with true.
func (e *edge) authenticate(username, _ string, src net.Addr) ([]byte, bool) {
	from := addrPort(src)
	key, ok := e.server.ring.Verify(username, e.server.policy.Realm, e.gate.Holder(from) == username)
	if !ok {
		return nil, false
	}
	e.name, e.from = username, from
	return key, true
}

// Validate has nothing to check: an edge is made whole.
func (e *edge) Validate() error { return nil }

// AllocatePacketConn opens a relay for the name authenticated last. The
// requested port means nothing: relayed addresses are virtual.
func (e *edge) AllocatePacketConn(string, int) (net.PacketConn, net.Addr, error) {
	name, ok := cred.Parse(e.name)
	if !ok {
		return nil, nil, errNobody
	}
	s := e.server
	from := e.from
	if !s.allocs.Enter(from.Addr()) {
		return nil, nil, vrelay.ErrQuota
	}
	holding := e.gate.Hold(from, e.name)
	s.work.holdings.Add(1)
	gone := func() {
		e.gate.Release(from, holding)
		s.allocs.Leave(from.Addr())
		s.work.holdings.Done()
	}
	s.mu.Lock()
	e.session = name.Session // before the relay exists, so that a kick finds the connection as well
	s.mu.Unlock()
	began := time.Now()
	relay, err := s.config.Hub.Open(vrelay.Owner{Session: name.Session, Name: e.name, Way: e.way}, func(use vrelay.Use) {
		s.journal.closed(name, use, time.Since(began))
		gone()
	})
	if err != nil {
		gone()
		return nil, nil, err
	}
	s.journal.opened(name, e.way)
	// The session may have ended, and its relays been kicked, since the name was verified.
	if !s.config.Here(name.Session) {
		return nil, nil, errors.Join(errNobody, relay.Close())
	}
	holding.Forward(relay.Up)
	if e.packets != nil {
		send := func(batch [][]byte) bool { return e.packets.Send(holding, from, batch) }
		relay.Direct(send)
		relay.Batch(send)
	} else {
		relay.Batch(func(batch [][]byte) bool { return e.stream.Send(holding, batch) })
	}
	return relay, relay.LocalAddr(), nil
}

// AllocateConn always refuses: there are no relays over TCP.
func (e *edge) AllocateConn(string, int) (net.Conn, net.Addr, error) {
	return nil, nil, errNoTCPRelay
}

func addrPort(a net.Addr) netip.AddrPort {
	var from netip.AddrPort
	switch a := a.(type) {
	case *net.UDPAddr:
		from = a.AddrPort()
	case *net.TCPAddr:
		from = a.AddrPort()
	}
	return netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
}
