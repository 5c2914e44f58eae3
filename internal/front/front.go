// Package front shares one TCP port between HTTPS and TURN over TLS.
//
//	accept -> caps -> PROXY header -> TLS handshake -> first decrypted byte -> HTTP or TURN
//
// Networks that let nothing else pass let TLS on port 443 pass. Browsers send no ALPN on turns: URLs, so the protocols
// cannot be told apart before the handshake; after it the first byte tells: STUN messages begin with two zero bits and a
// type below 0x0400, so with 0x00-0x03 (RFC 8489, section 5), and no HTTP request begins so.
package front

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pires/go-proxyproto"
)

// Config is what a front needs. Listener is required.
type Config struct {
	// Listener is the port. The front closes it.
	Listener net.Listener
	// TLS is nil for plain HTTP: everything then goes to HTTP.
	TLS *tls.Config
	// Turn takes a stream of TURN, which is its own from then on. nil closes them.
	Turn func(net.Conn) error
	// Trusted are the networks of load balancers. Each of their connections must begin with a PROXY header (version 1 or
	// 2) that names the real client: where it may be left out, clients can write one.
	Trusted []netip.Prefix
	// Handshake is how long PROXY header, handshake and first byte may take. 0 means 5 seconds.
	Handshake time.Duration
	// HalfOpen and HalfOpenPerIP bound connections that have not shown what they are. 0 means 2,048 and 64.
	HalfOpen, HalfOpenPerIP int
	// HandshakesPerIP is how many TLS handshakes a client may begin in a second, ten seconds' worth of them at once:
	// nothing that strangers may ask for costs the server more. 0 means 60.
	HandshakesPerIP int
}

// Stats are counters since the start, and one gauge.
type Stats struct {
	HalfOpen   uint64 // connections that have not shown what they are, now
	Refused    uint64 // connections beyond the caps and the pace
	Failed     uint64 // handshakes that failed or took too long
	HTTP, Turn uint64 // connections by what they were
}

// Front is a net.Listener for an HTTP server: Accept gives the connections that speak HTTP.
type Front struct {
	config Config
	inner  net.Listener
	http   chan net.Conn
	done   chan struct{}
	once   sync.Once
	work   sync.WaitGroup

	mu   sync.Mutex
	open map[net.Conn]netip.Addr // half-open, by the address that they are counted for
	per  map[netip.Addr]int
	pace *pace

	refused, failed, toHTTP, toTurn atomic.Uint64
}

// New starts to take connections.
func New(config Config) *Front {
	for _, d := range []struct {
		field *int
		value int
	}{{&config.HalfOpen, 2048}, {&config.HalfOpenPerIP, 64}, {&config.HandshakesPerIP, 60}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if config.Handshake <= 0 {
		config.Handshake = 5 * time.Second
	}
	f := &Front{
		config: config, inner: config.Listener, http: make(chan net.Conn), done: make(chan struct{}),
		open: map[net.Conn]netip.Addr{}, per: map[netip.Addr]int{}, pace: newPace(config.HandshakesPerIP),
	}
	f.work.Go(f.accept)
	return f
}

// retryPause is how long Accept waits after an error that is not the listener's end, such as too many open files.
const retryPause = 50 * time.Millisecond

func (f *Front) accept() {
	for {
		conn, err := f.inner.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			select {
			case <-f.done:
				return
			case <-time.After(retryPause):
			}
			continue
		}
		if !f.enter(conn) {
			f.refused.Add(1)
			_ = conn.Close() // it was never used
			continue
		}
		f.work.Go(func() { f.greet(conn) })
	}
}

// enter counts a half-open connection. A load balancer speaks for many, so only the total bounds it until it has said for
// whom; see claim.
func (f *Front) enter(conn net.Conn) bool {
	ip := addrOf(conn)
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case <-f.done:
		return false
	default:
	}
	from := source(ip)
	if len(f.open) >= f.config.HalfOpen || !f.trusted(ip) && !f.mayEnter(from) {
		return false
	}
	f.open[conn] = from
	f.per[from]++
	return true
}

// claim counts a half-open connection for the client whom a load balancer has named, instead of for the load balancer.
func (f *Front) claim(raw net.Conn, client netip.Addr) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	balancer, ok := f.open[raw]
	from := source(client)
	if !ok || !f.trusted(client) && !f.mayEnter(from) {
		return false
	}
	f.open[raw] = from
	f.per[from]++
	if f.per[balancer]--; f.per[balancer] == 0 {
		delete(f.per, balancer)
	}
	return true
}

// mayEnter says whether a client may have one more connection that has not shown what it is.
func (f *Front) mayEnter(from netip.Addr) bool {
	return f.per[from] < f.config.HalfOpenPerIP && (f.config.TLS == nil || f.pace.take(from))
}

func (f *Front) leave(conn net.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	ip, ok := f.open[conn]
	if !ok {
		return
	}
	delete(f.open, conn)
	if f.per[ip]--; f.per[ip] == 0 {
		delete(f.per, ip)
	}
}

func addrOf(conn net.Conn) netip.Addr {
	at, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap()
}

// source is whom an address is counted for: an IPv6 network as a whole, because one customer has all of it.
func source(a netip.Addr) netip.Addr {
	if a.Is4() || !a.IsValid() {
		return a
	}
	return netip.PrefixFrom(a.WithZone(""), 64).Masked().Addr()
}

func (f *Front) trusted(ip netip.Addr) bool {
	for _, p := range f.config.Trusted {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// greet finds out what a connection speaks and hands it over.
func (f *Front) greet(raw net.Conn) {
	defer f.leave(raw)
	conn, turn, err := f.sort(raw)
	if err != nil {
		if errors.Is(err, errTooMany) {
			f.refused.Add(1)
		} else {
			f.failed.Add(1)
		}
		_ = raw.Close() // the failure is counted; closing it cannot fail in a way that matters
		return
	}
	if turn {
		f.toTurn.Add(1)
		if f.config.Turn == nil {
			_ = conn.Close() // nobody takes it
			return
		}
		_ = f.config.Turn(conn) // who refuses a stream closes and counts it
		return
	}
	select {
	case f.http <- conn:
		f.toHTTP.Add(1)
	case <-f.done:
		_ = conn.Close() // the server is stopping
	}
}

var errTooMany = errors.New("too many half-open connections of one client")

func (f *Front) sort(raw net.Conn) (conn net.Conn, turn bool, err error) {
	deadline := time.Now().Add(f.config.Handshake)
	conn = raw
	if f.trusted(addrOf(raw)) {
		proxied := proxyproto.NewConn(raw, proxyproto.WithPolicy(proxyproto.REQUIRE), proxyproto.SetReadHeaderTimeout(f.config.Handshake))
		// The header is read with the first call that needs it.
		if _, err := proxied.Read(nil); err != nil {
			return nil, false, err
		}
		if !f.claim(raw, addrOf(proxied)) {
			return nil, false, errTooMany
		}
		conn = proxied
	}
	if f.config.TLS == nil {
		return conn, false, conn.SetDeadline(time.Time{})
	}
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, false, err
	}
	secure := tls.Server(conn, f.config.TLS)
	if err := secure.Handshake(); err != nil {
		return nil, false, err
	}
	if secure.ConnectionState().NegotiatedProtocol == "h2" {
		return secure, false, secure.SetDeadline(time.Time{})
	}
	first := make([]byte, 1)
	if _, err := secure.Read(first); err != nil {
		return nil, false, err
	}
	return &begun{Conn: secure, first: first}, first[0] <= 0x03, secure.SetDeadline(time.Time{})
}

// begun is a connection whose first byte was read already.
type begun struct {
	*tls.Conn // whoever takes it over sees that it is secure
	first     []byte
}

// Read gives the first byte alone, and then what follows.
func (b *begun) Read(p []byte) (int, error) {
	if len(b.first) > 0 && len(p) > 0 {
		n := copy(p, b.first)
		b.first = b.first[n:]
		return n, nil
	}
	return b.Conn.Read(p)
}

// Accept gives the next connection that speaks HTTP.
func (f *Front) Accept() (net.Conn, error) {
	select {
	case conn := <-f.http:
		return conn, nil
	case <-f.done:
		return nil, net.ErrClosed
	}
}

// Close closes the port and everything that has not shown what it is. What was handed over stays.
func (f *Front) Close() error {
	err := net.ErrClosed
	f.once.Do(func() {
		f.mu.Lock()
		close(f.done)
		err = f.inner.Close()
		for conn := range f.open {
			_ = conn.Close() // its handshake ends with an error
		}
		f.mu.Unlock()
		f.work.Wait()
	})
	return err
}

// Addr is the port's address.
func (f *Front) Addr() net.Addr { return f.inner.Addr() }

// Stats reads the counters.
func (f *Front) Stats() Stats {
	f.mu.Lock()
	half := len(f.open)
	f.mu.Unlock()
	return Stats{
		HalfOpen: uint64(half), Refused: f.refused.Load(), Failed: f.failed.Load(), HTTP: f.toHTTP.Load(), Turn: f.toTurn.Load(),
	}
}
