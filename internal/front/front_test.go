package front

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/pires/go-proxyproto"
)

func certificate(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, NextProtos: []string{"h2", "http/1.1"},
	}
}

// house is a front with both of its sides: an HTTP server that says who asked, and an echo for TURN.
type house struct {
	*Front
	t       *testing.T
	address string
	roots   *x509.CertPool
}

func open(t *testing.T, change func(*Config)) *house {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config := Config{Listener: listener, TLS: certificate(t), Turn: func(conn net.Conn) error {
		go func() {
			defer conn.Close()
			_, _ = conn.Write([]byte(conn.RemoteAddr().String() + "\n"))
			_, _ = io.Copy(conn, conn)
		}()
		return nil
	}}
	if change != nil {
		change(&config)
	}
	h := &house{Front: New(config), t: t, address: listener.Addr().String(), roots: x509.NewCertPool()}
	if config.TLS != nil {
		leaf, err := x509.ParseCertificate(config.TLS.Certificates[0].Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		h.roots.AddCert(leaf)
	}
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto+" "+r.RemoteAddr)
	})}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(h.Front)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-served
	})
	return h
}

func (h *house) dial() net.Conn {
	h.t.Helper()
	conn, err := net.Dial("tcp", h.address)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	return conn
}

func (h *house) secure(conn net.Conn, protocols ...string) *tls.Conn {
	h.t.Helper()
	c := tls.Client(conn, &tls.Config{RootCAs: h.roots, ServerName: "127.0.0.1", NextProtos: protocols})
	if err := c.Handshake(); err != nil {
		h.t.Fatal(err)
	}
	return c
}

// get asks over HTTP and gives what the server says: protocol and who asked.
func (h *house) get(transport *http.Transport) string {
	h.t.Helper()
	transport.TLSClientConfig = &tls.Config{RootCAs: h.roots}
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	scheme := "https://"
	if h.config.TLS == nil {
		scheme = "http://"
	}
	response, err := client.Get(scheme + h.address)
	if err != nil {
		h.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return string(body)
}

// turn speaks TURN and gives who the server thinks it talks with.
func (h *house) turn(conn net.Conn) string {
	h.t.Helper()
	message := []byte{0x00, 0x03, 0, 0, 'x', '\n'}
	if _, err := conn.Write(message); err != nil {
		h.t.Fatal(err)
	}
	got := make([]byte, 0, 128)
	for !bytes.HasSuffix(got, message) {
		more := make([]byte, 64)
		n, err := conn.Read(more)
		if err != nil {
			h.t.Fatalf("after %d bytes: %v", len(got), err)
		}
		got = append(got, more[:n]...)
	}
	who, _, _ := bytes.Cut(got, []byte("\n"))
	return string(who)
}

func TestOnePort(t *testing.T) {
	h := open(t, nil)
	if got := h.get(&http.Transport{ForceAttemptHTTP2: true}); got[:8] != "HTTP/2.0" {
		t.Errorf("over h2: %s", got)
	}
	if got := h.get(&http.Transport{TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}}); got[:8] != "HTTP/1.1" {
		t.Errorf("over http/1.1: %s", got)
	}
	for name, protocols := range map[string][]string{"no ALPN": nil, "http/1.1": {"http/1.1"}} {
		conn := h.dial()
		if got := h.turn(h.secure(conn, protocols...)); got != conn.LocalAddr().String() {
			t.Errorf("TURN with %s: the server sees %s, want %s", name, got, conn.LocalAddr())
		}
	}
	h.settle(func(s Stats) bool { return s.HTTP == 2 && s.Turn == 2 && s.Failed == 0 && s.Refused == 0 })
}

func TestOnePort_PlainHTTP(t *testing.T) {
	h := open(t, func(c *Config) { c.TLS = nil })
	if got := h.get(&http.Transport{}); got[:8] != "HTTP/1.1" {
		t.Error(got)
	}
}

func TestProxyProtocol(t *testing.T) {
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	client := &net.TCPAddr{IP: net.IPv4(203, 0, 113, 9), Port: 4711}
	for name, version := range map[string]byte{"v1": 1, "v2": 2} {
		t.Run(name, func(t *testing.T) {
			h := open(t, func(c *Config) { c.Trusted = loopback })
			conn := h.dial()
			header := proxyproto.HeaderProxyFromAddrs(version, client, conn.RemoteAddr())
			if _, err := header.WriteTo(conn); err != nil {
				t.Fatal(err)
			}
			if got := h.turn(h.secure(conn)); got != client.String() {
				t.Errorf("the server sees %s, want %s", got, client)
			}
			dial := func(context.Context, string, string) (net.Conn, error) {
				conn, err := net.Dial("tcp", h.address)
				if err == nil {
					_, err = header.WriteTo(conn)
				}
				return conn, err
			}
			if got := h.get(&http.Transport{DialContext: dial}); got != "HTTP/1.1 "+client.String() {
				t.Errorf("HTTP sees %s", got)
			}
		})
	}
	t.Run("left out by a load balancer", func(t *testing.T) {
		h := open(t, func(c *Config) { c.Trusted = loopback })
		c := tls.Client(h.dial(), &tls.Config{RootCAs: h.roots, ServerName: "127.0.0.1"})
		if err := c.Handshake(); err == nil {
			t.Error("a connection without a header was taken")
		}
	})
	t.Run("from a stranger", func(t *testing.T) {
		h := open(t, func(c *Config) { c.Trusted = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} })
		conn := h.dial()
		if _, err := proxyproto.HeaderProxyFromAddrs(1, client, conn.RemoteAddr()).WriteTo(conn); err != nil {
			t.Fatal(err)
		}
		c := tls.Client(conn, &tls.Config{RootCAs: h.roots, ServerName: "127.0.0.1"})
		if err := c.Handshake(); err == nil {
			t.Error("a stranger's header was believed")
		}
	})
}

func TestHalfOpenConnections(t *testing.T) {
	for name, talk := range map[string]func(*house) net.Conn{
		"silent":             func(h *house) net.Conn { return h.dial() },
		"silent after TLS":   func(h *house) net.Conn { return h.secure(h.dial()) },
		"not TLS":            func(h *house) net.Conn { c := h.dial(); _, _ = c.Write([]byte("GET / HTTP/1.1\r\n\r\n")); return c },
		"dribbled handshake": func(h *house) net.Conn { c := h.dial(); _, _ = c.Write([]byte{0x16, 0x03, 0x01, 0x02}); return c },
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, func(c *Config) { c.Handshake = 200 * time.Millisecond })
			conn := talk(h)
			if _, err := io.Copy(io.Discard, conn); errors.Is(err, net.ErrClosed) {
				t.Fatal(err)
			}
			h.settle(func(s Stats) bool { return s.HalfOpen == 0 && s.Failed == 1 })
		})
	}
}

// settle waits for the counters: they change a moment after the client has seen the end.
func (h *house) settle(ok func(Stats) bool) {
	h.t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for !ok(h.Stats()) {
		if time.Now().After(deadline) {
			h.t.Fatalf("stats %+v", h.Stats())
		}
		time.Sleep(time.Millisecond)
	}
}

func TestCaps(t *testing.T) {
	h := open(t, func(c *Config) { c.HalfOpenPerIP = 3 })
	for range 3 {
		h.dial()
	}
	h.settle(func(s Stats) bool { return s.HalfOpen == 3 })
	if _, err := h.dial().Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the fourth half-open connection: %v", err)
	}
	h.settle(func(s Stats) bool { return s.Refused == 1 })

	total := open(t, func(c *Config) { c.HalfOpen = 2 })
	for range 2 {
		total.dial()
	}
	total.settle(func(s Stats) bool { return s.HalfOpen == 2 })
	if _, err := total.dial().Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the third of two: %v", err)
	}
}

// TestCaps_BehindLoadBalancer holds that the cap per client holds for those whom a load balancer names, too, and that others
// are not locked out by one.
func TestCaps_BehindLoadBalancer(t *testing.T) {
	h := open(t, func(c *Config) {
		c.Trusted, c.HalfOpenPerIP = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, 3
	})
	dial := func(host byte) net.Conn {
		conn := h.dial()
		client := &net.TCPAddr{IP: net.IPv4(203, 0, 113, host), Port: 4711}
		if _, err := proxyproto.HeaderProxyFromAddrs(1, client, conn.RemoteAddr()).WriteTo(conn); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	for range 4 {
		dial(9)
	}
	h.settle(func(s Stats) bool { return s.Refused == 1 && s.HalfOpen == 3 })
	if got := h.turn(h.secure(dial(10))); got != "203.0.113.10:4711" {
		t.Errorf("another client is seen as %s", got)
	}
}

// TestCaps_NetworkOfIPv6 holds that the addresses of one customer's network count together: there are 2^64 of them.
func TestCaps_NetworkOfIPv6(t *testing.T) {
	h := open(t, func(c *Config) {
		c.Trusted, c.HalfOpenPerIP = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, 3
		c.Handshake = time.Minute // they are to stay for as long as the test looks
	})
	from := func(client string) net.Conn {
		conn := h.dial()
		if _, err := fmt.Fprintf(conn, "PROXY TCP6 %s 2001:db8::1 50000 443\r\n", client); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	for n := range 4 { // one of them is too many, whichever is the last to be read
		from(fmt.Sprintf("2001:db8:0:7:%x::9", n))
	}
	h.settle(func(s Stats) bool { return s.Refused == 1 && s.HalfOpen == 3 })
	from("2001:db8:0:8::9")
	h.settle(func(s Stats) bool { return s.HalfOpen == 4 && s.Refused == 1 })
}

// TestPace holds that a client cannot keep the server busy with handshakes, that others do not notice, and that it may come
// back later.
func TestPace(t *testing.T) {
	h := open(t, func(c *Config) {
		c.Trusted, c.HandshakesPerIP = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, 2
	})
	shake := func(client string) bool {
		conn := h.dial()
		if _, err := fmt.Fprintf(conn, "PROXY TCP4 %s 192.0.2.1 50000 443\r\n", client); err != nil {
			t.Fatal(err)
		}
		return tls.Client(conn, &tls.Config{RootCAs: h.roots, ServerName: "127.0.0.1"}).Handshake() == nil
	}
	begin, fine := time.Now(), 0
	for range 60 {
		if shake("203.0.113.9") {
			fine++
		}
	}
	if most := 20 + 2*int(time.Since(begin)/time.Second+1); fine < 20 || fine > most {
		t.Errorf("%d of 60 handshakes, want 20 to %d", fine, most)
	}
	if !shake("203.0.113.10") {
		t.Error("another client is kept out")
	}
	deadline := time.Now().Add(10 * time.Second)
	for !shake("203.0.113.9") {
		if time.Now().After(deadline) {
			t.Fatal("the client does not get in again")
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// TestPace_Memory holds that a flood from many networks takes a bounded number of buckets, and gives nobody new tokens while
// fewer came than are remembered.
func TestPace_Memory(t *testing.T) {
	p := newPace(1)
	first := netip.MustParseAddr("10.0.0.1")
	for p.take(first) {
	}
	at := first
	for range maxPaced {
		at = at.Next()
		p.take(at)
	}
	if p.take(first) {
		t.Error("the client is forgotten too early")
	}
	for range 4 * maxPaced {
		at = at.Next()
		p.take(at)
	}
	if n := len(p.young) + len(p.old); n > 2*maxPaced {
		t.Errorf("%d buckets", n)
	}
}

// Connections that have shown what they are do not count against the caps.
func TestCaps_WorkingConnectionsAreFree(t *testing.T) {
	h := open(t, func(c *Config) { c.HalfOpen, c.HalfOpenPerIP = 1, 1 })
	for range 5 {
		h.turn(h.secure(h.dial()))
		h.settle(func(s Stats) bool { return s.HalfOpen == 0 })
	}
}

func TestClose(t *testing.T) {
	h := open(t, nil)
	idle, working := h.dial(), h.secure(h.dial())
	h.turn(working)
	h.settle(func(s Stats) bool { return s.HalfOpen == 1 })
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, idle); err != nil {
		t.Errorf("a half-open connection: %v", err)
	}
	h.turn(working) // what was handed over stays
	if _, err := h.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept after Close: %v", err)
	}
	if err := h.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("second Close: %v", err)
	}
}
