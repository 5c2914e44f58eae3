// Package turn is the built-in TURN server (RFC 8656): pion's behind a guard,
// with relays that lead to the SFU in the same process and nowhere else.
//
//	sockets -> guard -> TURN server -> vrelay.Hub -> the SFU's ICE mux
//
// It is for networks where only TCP or TLS passes: the SFU has a public
// address, so nobody needs a relay to a stranger.
package turn

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"vitrine/turn/cred"
	"vitrine/turn/guard"
	"vitrine/turn/udpsock"
	"vitrine/turn/vrelay"
)

// Config is what a server needs. Hub and Here are required, all else has a default.
type Config struct {
	// Hub takes the datagrams. The caller gives its SFUConn to the SFU.
	Hub *vrelay.Hub
	// Here tells whether a session lives on this host. When a session ends it
	// must answer false before Kick is called.
	Here func(session string) bool
	// UDP and TCP are addresses to listen on, such as "127.0.0.1:0". Both may be
	// empty: ServeConn works without a listener.
	UDP, TCP []string
	// Host is the name or address in URLs. Empty means each listener's own
	// address, which must then not be the unspecified one.
	Host string
	// Realm is at most 4 characters, because every 401 carries it to whoever
	// asked. Empty means "v".
	Realm string
	// CredentialTTL is how long a credential is good for Allocate. 0 means 2 minutes.
	CredentialTTL time.Duration
	// ConnsPerIP and Conns bound stream connections. 0 means 64 and 4,096.
	ConnsPerIP, Conns int
	// AllocationsPerIP bounds the allocations of one address (IPv6: one /64). 0
	// means 64, as many as it may have connections. The hub bounds those of a
	// name, of a session and in all.
	AllocationsPerIP int
	// AnswersPerSecond bounds the answers without a credential to one /24 over
	// UDP. 0 means 10, below 0 none.
	AnswersPerSecond int
	// Limits of a stream connection.
	Limits guard.Limits
	// Log gets a line per allocation and one of what was refused, both bounded,
	// with session ids and without user names and addresses. nil means none.
	Log *slog.Logger
}

func (c Config) validate() (Config, error) {
	if c.Realm == "" {
		c.Realm = "v"
	}
	if c.CredentialTTL == 0 {
		c.CredentialTTL = 2 * time.Minute
	}
	switch {
	case c.Hub == nil:
		return c, errors.New("turn: a relay hub is required")
	case c.Here == nil:
		return c, errors.New("turn: a func that knows the sessions of this host is required")
	case len(c.Realm) > 4:
		return c, errors.New("turn: realm is longer than 4 characters; it enlarges every answer to strangers")
	case c.CredentialTTL < time.Second || c.CredentialTTL > time.Hour:
		return c, errors.New("turn: credential lifetime must be from 1 s to 1 h")
	case c.ConnsPerIP < 0 || c.Conns < 0 || c.AllocationsPerIP < 0:
		return c, errors.New("turn: connection and allocation limits must not be negative")
	case c.Limits.FirstFrame < 0 || c.Limits.Write < 0 || c.Limits.Idle < 0:
		return c, errors.New("turn: stream limits must not be negative")
	}
	return c, nil
}

// Server is a running TURN server. It is safe for concurrent use.
type Server struct {
	config  Config
	policy  *guard.Policy
	ring    *cred.Ring
	caps    *guard.Caps // of stream connections
	allocs  *guard.Caps // of allocations by address
	counts  guard.Counts
	log     quiet
	journal *journal
	urls    []string
	work    struct {
		accepts  sync.WaitGroup // accept loops
		reads    sync.WaitGroup // edges that are still read
		holdings sync.WaitGroup // allocations that are not yet gone
	}

	mu        sync.Mutex
	closed    bool
	listeners []net.Listener
	edges     map[*edge]struct{}
}

// Listen starts a server on all addresses of the configuration, or on none and
// says why.
func Listen(config Config) (*Server, error) {
	config, err := config.validate()
	if err != nil {
		return nil, err
	}
	ring, err := cred.NewRing(config.Here)
	if err != nil {
		return nil, err
	}
	s := &Server{
		config: config, ring: ring, edges: map[*edge]struct{}{},
		caps: guard.NewCaps(config.ConnsPerIP, config.Conns), allocs: guard.NewCaps(config.AllocationsPerIP, math.MaxInt),
	}
	s.journal = newJournal(config.Log, s.Stats)
	s.policy = guard.NewPolicy(guard.Policy{
		Pinned: config.Hub.Pinned(), Realm: config.Realm, Counts: &s.counts,
		Key:  func(name string, held bool) ([]byte, bool) { return ring.Verify(name, config.Realm, held) },
		Room: s.room,
	}, config.AnswersPerSecond)
	for _, address := range config.UDP {
		if err := s.listenUDP(address); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	for _, address := range config.TCP {
		if err := s.listenTCP(address); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// room tells whether one more allocation fits the quotas, and counts which it does not fit.
func (s *Server) room(name string, from netip.Addr) guard.Room {
	n, _ := cred.Parse(name) // it was verified, so it parses
	switch err := s.config.Hub.Room(vrelay.Owner{Session: n.Session, Name: name}); {
	case errors.Is(err, vrelay.ErrQuota):
		s.counts.Add(guard.OverSession, 1)
		return guard.Quota
	case err != nil:
		s.counts.Add(guard.OverTotal, 1)
		return guard.Full
	case !s.allocs.Room(from):
		s.counts.Add(guard.OverIP, 1)
		return guard.Quota
	}
	return guard.Free
}

func (s *Server) listenUDP(address string) error {
	socket, err := udpsock.Listen("udp", address)
	if err != nil {
		return err
	}
	at := addrPort(socket.LocalAddr())
	sfu := s.config.Hub.Pinned()
	if at.Port() == sfu.Port() && (at.Addr() == sfu.Addr() || at.Addr().IsUnspecified()) {
		return errors.Join(errors.New("turn: UDP listener has the SFU's address and port; "+
			"browsers swallow datagrams from a TURN server's address, so they would never connect directly"), socket.Close())
	}
	if err := s.addURL(at, "udp"); err != nil {
		return errors.Join(err, socket.Close())
	}
	e := s.newEdge(false)
	packets := guard.NewPackets(socket.Batch(), e.gate, func() { s.leave(e) })
	e.close, e.packets = packets.Close, packets
	if err := s.enter(e); err != nil {
		return errors.Join(err, socket.Close())
	}
	if err := e.run(packets); err != nil {
		s.leave(e)
		return errors.Join(fmt.Errorf("turn: %w", err), socket.Close())
	}
	return nil
}

func (s *Server) listenTCP(address string) error {
	inner, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("turn: %w", err)
	}
	if err := s.addURL(addrPort(inner.Addr()), "tcp"); err != nil {
		return errors.Join(err, inner.Close())
	}
	l := guard.NewListener(inner, &s.counts)
	s.mu.Lock()
	s.listeners = append(s.listeners, l)
	s.mu.Unlock()
	s.work.accepts.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = s.ServeConn(conn) // refused connections are closed and counted
		}
	})
	return nil
}

func (s *Server) addURL(at netip.AddrPort, transport string) error {
	host := s.config.Host
	if host == "" {
		if at.Addr().IsUnspecified() {
			return errors.New("turn: listening on all addresses needs a host for the URLs")
		}
		host = at.Addr().String()
	}
	s.urls = append(s.urls, "turn:"+net.JoinHostPort(host, strconv.Itoa(int(at.Port())))+"?transport="+transport)
	return nil
}

// ServeConn serves one accepted stream connection, plain TCP or TLS after its
// handshake, and returns at once. The connection is the server's from here on;
// when it is refused, it is closed and the error says why.
func (s *Server) ServeConn(conn net.Conn) error {
	ip := addrPort(conn.RemoteAddr()).Addr()
	if !s.caps.Enter(ip) {
		s.counts.Add(guard.RefusedConns, 1)
		return errors.Join(errors.New("turn: too many connections"), conn.Close())
	}
	e := s.newEdge(true)
	e.way = "tcp"
	if _, secure := conn.(interface{ ConnectionState() tls.ConnectionState }); secure {
		e.way = "tls"
	}
	stream, err := guard.NewStream(conn, e.gate, s.config.Limits, func() { s.leave(e); s.count(ip, -1) })
	if err != nil {
		s.caps.Leave(ip)
		return errors.Join(err, conn.Close())
	}
	e.close, e.stream = stream.Close, stream
	if err := s.enter(e); err != nil {
		s.caps.Leave(ip)
		return errors.Join(err, conn.Close())
	}
	s.count(ip, 1)
	if err := e.run(stream); err != nil {
		s.leave(e)
		s.count(ip, -1)
		return errors.Join(fmt.Errorf("turn: %w", err), conn.Close())
	}
	return nil
}

// count keeps the gauge of streams, and the caps when one leaves.
func (s *Server) count(ip netip.Addr, n int) {
	s.counts.Add(guard.Streams, n)
	if n < 0 {
		s.caps.Leave(ip)
	}
}

var errClosed = errors.New("turn: server is closed")

func (s *Server) enter(e *edge) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	s.edges[e] = struct{}{}
	s.work.reads.Add(1)
	return nil
}

func (s *Server) leave(e *edge) {
	s.mu.Lock()
	delete(s.edges, e)
	s.mu.Unlock()
	s.work.reads.Done()
}

// URLs names the listeners as ICE server URLs (RFC 7065), UDP first.
func (s *Server) URLs() []string { return append([]string(nil), s.urls...) }

// Credentials mints a credential for one role of a session. All three are zero
// when session or role cannot be put into a user name: letters, digits, '-',
// '_' and '.', at most 64 and 16.
func (s *Server) Credentials(session, role string) (username, password string, ttl time.Duration) {
	c, err := s.ring.Mint(session, role, s.config.CredentialTTL)
	if err != nil {
		return "", "", 0
	}
	return c.Username, c.Password, c.TTL
}

// RotateKey signs new credentials with a new key; those of the last two stay good.
func (s *Server) RotateKey() { s.ring.Rotate() }

// Kick ends the allocations of a session, then its stream connections, and
// tells how many allocations there were.
func (s *Server) Kick(session string) int {
	n := s.config.Hub.Kick(session)
	s.mu.Lock()
	var edges []*edge
	for e := range s.edges {
		if e.session == session && e.gate.Stream() {
			edges = append(edges, e)
		}
	}
	s.mu.Unlock()
	for _, e := range edges {
		_ = e.close() // the client may have closed it already
	}
	return n
}

// Sessions tells which sessions hold allocations and what passed through them.
func (s *Server) Sessions() []vrelay.Use { return s.config.Hub.Sessions() }

// Stats gives every counter by its metric name. None holds a name or an address.
func (s *Server) Stats() map[string]uint64 {
	stats := map[string]uint64{"log_errors": s.log.errors.Load(), "log_warnings": s.log.warnings.Load()}
	maps.Copy(stats, s.counts.Stats())
	maps.Copy(stats, s.config.Hub.Stats())
	return stats
}

// Close closes all sockets and connections and returns when every allocation
// made through this server is gone. The hub stays open.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	listeners := s.listeners
	s.listeners = nil
	var edges []*edge
	for e := range s.edges {
		edges = append(edges, e)
	}
	s.mu.Unlock()
	var errs []error
	for _, l := range listeners {
		errs = append(errs, l.Close())
	}
	for _, e := range edges {
		errs = append(errs, e.close())
	}
	s.work.accepts.Wait()
	s.work.reads.Wait()
	s.work.holdings.Wait()
	s.journal.close()
	return errors.Join(errs...)
}
