package turn

import (
	"crypto/tls"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/pion/logging"
	pion "github.com/pion/turn/v3"
)

// session is a client with an allocation, over TLS on the port that TURN shares with HTTPS.
type session struct {
	t     *testing.T
	relay net.PacketConn
	peer  net.Addr
	took  []time.Duration
}

func (h *host) session(t *testing.T, name string) *session {
	t.Helper()
	conn, err := tls.Dial("tcp", h.tls, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	user, password, _ := h.Credentials(name, "customer")
	client, err := pion.NewClient(&pion.ClientConfig{
		STUNServerAddr: h.tls, TURNServerAddr: h.tls, Conn: pion.NewSTUNConn(conn), Username: user, Password: password,
		LoggerFactory: &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); _ = conn.Close() })
	if err := client.Listen(); err != nil {
		t.Fatal(err)
	}
	relay, err := client.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	return &session{t: t, relay: relay, peer: net.UDPAddrFromAddrPort(addrPort(t, h.peer))}
}

// echo sends one datagram and waits until it is back.
func (s *session) echo() {
	s.t.Helper()
	began := time.Now()
	if _, err := s.relay.WriteTo(make([]byte, 200), s.peer); err != nil {
		s.t.Fatal(err)
	}
	_ = s.relay.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, _, err := s.relay.ReadFrom(make([]byte, 1600)); err != nil {
		s.t.Fatal(err)
	}
	s.took = append(s.took, time.Since(began))
}

func (s *session) median() time.Duration {
	slices.Sort(s.took)
	return s.took[len(s.took)/2]
}

// Handshakes that begin and do not end, some byte by byte: they have a deadline and a cap, and a session beside them,
// which came through the same port, is served.
func TestAttack_HalfOpenTLS(t *testing.T) {
	h := startHost(t)
	s := h.session(t, "s1")
	for range 20 {
		s.echo()
	}
	hello := clientHello(t)
	var conns []net.Conn
	for i := range 200 {
		conn, err := net.Dial("tcp", h.tls)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		conns = append(conns, conn)
		_, _ = conn.Write(hello[:i%len(hello)]) // over the cap it is closed already
	}
	if half := h.front.Stats().HalfOpen; half > 64 {
		t.Errorf("%d half-open connections of one address", half)
	}
	s.took = nil
	for i := range 200 {
		s.echo()
		_, _ = conns[i].Write(hello[i%len(hello):][:1])
	}
	if m := s.median(); m > 50*time.Millisecond {
		t.Errorf("the session's median is %v", m)
	}
	await(t, "half-open connections are gone", func() bool { return h.front.Stats().HalfOpen == 0 })
	if f := h.front.Stats(); f.Refused < 100 || f.Failed < 50 {
		t.Errorf("%d refused, %d failed", f.Refused, f.Failed)
	}
	h.session(t, "s2").echo()
}

// A connection that ends its handshake and then says nothing, or not what a frame is.
func TestAttack_TLSWithoutAFrame(t *testing.T) {
	h := startHost(t)
	var conns []net.Conn
	firsts := [][]byte{{}, {0}, {0, 3, 0xFF, 0xFC}, {0, 1, 0xFF, 0xEC, 0x21, 0x12, 0xA4, 0x42}}
	for _, first := range firsts {
		conn, err := tls.Dial("tcp", h.tls, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		if _, err := conn.Write(first); err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	for i, conn := range conns {
		first := firsts[i]
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		if n, err := conn.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("%x is answered", first)
		} else if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
			t.Errorf("after %x the connection is kept", first)
		}
	}
	h.session(t, "s1").echo()
}

// clientHello is what a client says first.
func clientHello(t *testing.T) []byte {
	t.Helper()
	ours, theirs := net.Pipe()
	go func() {
		_ = tls.Client(ours, &tls.Config{InsecureSkipVerify: true}).Handshake() // it ends with the pipe
	}()
	defer func() { _ = ours.Close() }()
	buf := make([]byte, 4096)
	n, err := theirs.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return buf[:n]
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in ten seconds: %s", what)
		}
	}
}
