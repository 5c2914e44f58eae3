package turn

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pion/stun/v2"

	"vitrine/turn/udpsock"
	"vitrine/turn/vrelay"
)

func TestEchoThroughTheHub(t *testing.T) {
	for _, network := range []string{"udp", "tcp"} {
		t.Run(network, func(t *testing.T) {
			b := start(t, nil)
			b.echo()
			c, _ := b.client(t, network, "s1")
			relay, err := c.Allocate()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = relay.Close() })
			if at := addrPort(relay.LocalAddr()); !b.hub.Prefix().Contains(at.Addr()) {
				t.Error("the relayed address is not virtual")
			}
			peer := net.UDPAddrFromAddrPort(b.hub.Pinned())
			buf := make([]byte, 1600)
			for i := range 300 {
				// The first travel as Send indications, the rest as ChannelData; more than
				// 50 a second come through, because the SFU answers.
				want := bytes.Repeat([]byte{byte(i)}, 16+i*4)
				if _, err := relay.WriteTo(want, peer); err != nil {
					t.Fatal(err)
				}
				_ = relay.SetReadDeadline(time.Now().Add(5 * time.Second))
				n, from, err := relay.ReadFrom(buf)
				if err != nil || !bytes.Equal(buf[:n], want) || addrPort(from) != b.hub.Pinned() {
					t.Fatalf("echo %d: %d bytes, %v", i, n, err)
				}
			}
		})
	}
}

// An allocation costs the server no descriptor on UDP and one on TCP: the
// sockets of this process are the server's and the clients'.
func TestNoSocketPerAllocation(t *testing.T) {
	b := start(t, nil)
	before := descriptors(t)
	const each = 20
	for range each {
		b.dial(t, "udp", "s1").allocate()
		b.dial(t, "tcp", "s1").allocate()
	}
	if got := b.Stats()["allocations"]; got != 2*each {
		t.Fatalf("%d allocations", got)
	}
	// One end of each UDP client, both ends of each TCP connection.
	if got, want := descriptors(t)-before, 3*each; got != want {
		t.Errorf("%d new sockets for %d allocations, want %d", got, 2*each, want)
	}
}

func descriptors(t *testing.T) (sockets int) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("needs /proc to count sockets")
	}
	for _, e := range entries {
		if target, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.HasPrefix(target, "socket:") {
			sockets++
		}
	}
	return sockets
}

// Row 1, end to end: the client sees the end and the server is idle.
func TestGuard01_HostileLengthCostsNothing(t *testing.T) {
	b := start(t, nil)
	for _, hostile := range [][]byte{
		append([]byte{0, 1, 0xFF, 0xEC, 0x21, 0x12, 0xA4, 0x42}, make([]byte, 12)...),
		append([]byte{0x40, 0, 0xFF, 0xFC}, make([]byte, 8)...),
	} {
		r := b.dial(t, "tcp", "s1")
		r.send(hostile)
		if _, err := r.read(); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the connection lives: %v", err)
		}
	}
	if !await(func() bool { return b.Stats()["streams"] == 0 }) {
		t.Error("a stream is still open")
	}
	before := cpu(t)
	time.Sleep(100 * time.Millisecond) // the span over which a looping server would show
	if used := cpu(t) - before; used > 50*time.Millisecond {
		t.Errorf("%v of CPU in 100 ms of silence", used)
	}
}

func cpu(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Row 5: an allocation answers to the name that made it.
func TestGuard05_OtherUser(t *testing.T) {
	for _, network := range []string{"udp", "tcp"} {
		b := start(t, nil)
		r := b.dial(t, network, "s1").allocate()
		user, pass := r.user, r.pass
		r.user, r.pass, _ = b.Credentials("s2", "agent")
		for _, method := range []stun.Method{stun.MethodRefresh, stun.MethodCreatePermission, stun.MethodChannelBind} {
			if code, _ := r.ask(method, lifetime(0), to(b.hub.Pinned()), attr(stun.AttrChannelNumber, 0x40, 0, 0, 0)); code != 441 {
				t.Errorf("%s: %v by another user: %d, want 441", network, method, code)
			}
		}
		if b.Stats()["allocations"] != 1 {
			t.Errorf("%s: another user deleted the allocation", network)
		}
		r.user, r.pass = user, pass
		if code, _ := r.ask(stun.MethodRefresh, lifetime(0)); code != 0 || b.Stats()["allocations"] != 0 {
			t.Errorf("%s: the owner could not delete it: %d", network, code)
		}
	}
}

func TestRefusals(t *testing.T) {
	b := start(t, nil)
	for name, c := range map[string]struct {
		allocated bool
		method    stun.Method
		setters   []stun.Setter
		code      int
	}{
		"TCP relay":           {false, stun.MethodAllocate, []stun.Setter{attr(stun.AttrRequestedTransport, 6, 0, 0, 0)}, 442},
		"EVEN-PORT":           {false, stun.MethodAllocate, []stun.Setter{overUDP(), attr(stun.AttrEvenPort, 0x80)}, 508},
		"DONT-FRAGMENT":       {false, stun.MethodAllocate, []stun.Setter{overUDP(), attr(stun.AttrDontFragment)}, 420},
		"IPv6 relay":          {false, stun.MethodAllocate, []stun.Setter{overUDP(), attr(stun.AttrRequestedAddressFamily, 2, 0, 0, 0)}, 440},
		"second Allocate":     {true, stun.MethodAllocate, []stun.Setter{overUDP()}, 437},
		"refresh of nothing":  {false, stun.MethodRefresh, nil, 437},
		"permission, nothing": {false, stun.MethodCreatePermission, []stun.Setter{to(b.hub.Pinned())}, 437},
		"permission":          {true, stun.MethodCreatePermission, []stun.Setter{to(b.hub.Pinned())}, 0},
		"other peer":          {true, stun.MethodCreatePermission, []stun.Setter{to(netip.MustParseAddrPort("169.254.169.254:80"))}, 403},
		"other port":          {true, stun.MethodCreatePermission, []stun.Setter{to(netip.AddrPortFrom(b.hub.Pinned().Addr(), b.hub.Pinned().Port()+1))}, 403},
	} {
		for _, network := range []string{"udp", "tcp"} {
			r := b.dial(t, network, "s1")
			if c.allocated {
				r.allocate()
			}
			if code, _ := r.ask(c.method, c.setters...); code != c.code {
				t.Errorf("%s over %s: %d, want %d", name, network, code, c.code)
			}
		}
	}
	// Row 17: one peer, so one channel.
	r := b.dial(t, "udp", "s1").allocate()
	for number, want := range []int{0, 400, 400} {
		if code, _ := r.ask(stun.MethodChannelBind, attr(stun.AttrChannelNumber, 0x40, byte(number), 0, 0), to(b.hub.Pinned())); code != want {
			t.Errorf("channel %d: %d, want %d", number, code, want)
		}
	}
}

// Row 9: whoever is not known is challenged again, so that a client can try with a new credential.
func TestGuard09_WrongPasswordIsChallenged(t *testing.T) {
	b := start(t, nil)
	for name, spoil := range map[string]func(r *raw){
		"password":        func(r *raw) { r.pass = "x" },
		"unknown name":    func(r *raw) { r.user = "9999999999:s1:customer:" + strings.Repeat("0", 24) },
		"ended session":   func(r *raw) { r.user, r.pass, _ = b.Credentials("over", "agent"); b.end("over") },
		"not even a name": func(r *raw) { r.user = "admin" },
	} {
		r := b.dial(t, "udp", "s1")
		spoil(r)
		if code, m := r.ask(stun.MethodAllocate, overUDP()); code != 401 || !m.Contains(stun.AttrNonce) || !m.Contains(stun.AttrRealm) {
			t.Errorf("%s: %d, want a 401 with nonce and realm", name, code)
		}
	}
	if b.Stats()["allocations"] != 0 {
		t.Error("something was allocated")
	}
}

// Row 14: expiry stops Allocate and nothing else.
func TestGuard14_ExpiryStopsOnlyAllocate(t *testing.T) {
	b := start(t, func(c *Config) { c.CredentialTTL = time.Second })
	r := b.dial(t, "udp", "s1").allocate()
	late := b.dial(t, "udp", "s1")
	late.user, late.pass = r.user, r.pass
	expiry, err := strconv.ParseInt(strings.Split(r.user, ":")[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if !await(func() bool { return time.Now().Unix() > expiry }) {
		t.Fatal("the credential does not expire")
	}
	if code, _ := r.ask(stun.MethodRefresh); code != 0 {
		t.Errorf("refresh after expiry: %d", code)
	}
	if code, _ := r.ask(stun.MethodCreatePermission, to(b.hub.Pinned())); code != 0 {
		t.Errorf("permission after expiry: %d", code)
	}
	if code, _ := late.ask(stun.MethodAllocate, overUDP()); code != 401 {
		t.Errorf("allocate after expiry: %d, want 401", code)
	}
	if code, _ := r.ask(stun.MethodRefresh, lifetime(0)); code != 0 {
		t.Errorf("deletion after expiry: %d", code)
	}
	if code, _ := r.ask(stun.MethodRefresh); code != 401 {
		t.Errorf("refresh after deletion: %d, want 401", code)
	}
}

// Row 15: what a forged source can draw from the server.
func TestGuard15_Amplification(t *testing.T) {
	b := start(t, func(c *Config) { c.AnswersPerSecond = 0 })
	r := b.dial(t, "udp", "s1")
	bare := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest))
	binding := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodBinding, stun.ClassRequest))
	ask := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest), overUDP())
	r.send(bare.Raw)
	r.send(binding.Raw)
	r.send([]byte("\x00\x01garbage"))
	for range 40 {
		r.send(ask.Raw)
	}
	if !await(func() bool { s := b.Stats(); return s["challenged"]+s["suppressed"] == 40 }) {
		t.Fatal("not all requests were counted")
	}
	_ = r.conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	answers := 0
	for {
		m, err := r.read()
		if err != nil {
			break
		}
		answers++
		if len(m) > 128 {
			t.Errorf("a 401 of %d bytes to a request of %d", len(m), len(ask.Raw))
		}
		if !bytes.Equal(m[8:20], ask.Raw[8:20]) {
			t.Error("a bare Allocate or a Binding was answered")
		}
	}
	// Ten at once; one more may come while the requests are on their way.
	if s := b.Stats(); answers < 10 || answers > 11 || uint64(answers) != s["challenged"] || s["dropped_bare_allocate"] != 1 || s["dropped_not_allowed"] != 1 || s["dropped_malformed"] != 1 {
		t.Errorf("%d answers, %v", answers, s)
	}
}

// Row 20: the end of a session ends its allocations and connections.
func TestGuard20_Kick(t *testing.T) {
	b := start(t, nil)
	var streams []*raw
	for range 25 {
		b.dial(t, "udp", "s1").allocate()
		streams = append(streams, b.dial(t, "tcp", "s1").allocate())
	}
	other := b.dial(t, "tcp", "s2").allocate()
	b.end("s1")
	began := time.Now()
	if n := b.Kick("s1"); n != 50 {
		t.Errorf("kicked %d of 50", n)
	}
	for _, r := range streams {
		if _, err := r.read(); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("a connection of the session is still open: %v", err)
		}
	}
	if !await(func() bool { s := b.Stats(); return s["allocations"] == 1 && s["streams"] == 1 }) {
		t.Errorf("%v", b.Stats())
	}
	if took := time.Since(began); took > 250*time.Millisecond {
		t.Errorf("all gone after %v, want 250 ms", took)
	}
	if code, _ := other.ask(stun.MethodRefresh); code != 0 {
		t.Errorf("the other session's refresh: %d", code)
	}
}

// A session that ends between the check of its name and the making of its relay
// was kicked too early to lose it: the relay must not come to be.
func TestSessionEndsWhileAllocating(t *testing.T) {
	asked := 0
	b := start(t, func(c *Config) {
		c.Here = func(string) bool { asked++; return asked <= 2 } // the guard's and the server's check pass
	})
	if code, _ := b.dial(t, "udp", "s1").ask(stun.MethodAllocate, overUDP()); code != 508 || b.Stats()["allocations"] != 0 {
		t.Errorf("code %d, %d allocations", code, b.Stats()["allocations"])
	}
}

// Row 12: a name has its share of allocations.
func TestGuard12_Quota(t *testing.T) {
	leakFree(t)
	hub, err := vrelay.NewHub(vrelay.Config{Pinned: netip.MustParseAddrPort("127.0.0.1:9"), PerName: 1})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Listen(Config{Hub: hub, Here: func(string) bool { return true }, UDP: []string{"127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	b := &bench{Server: s, hub: hub}
	first := b.dial(t, "udp", "s1").allocate()
	second := b.dial(t, "udp", "s1")
	second.user, second.pass = first.user, first.pass
	if code, _ := second.ask(stun.MethodAllocate, overUDP()); code != 486 {
		t.Errorf("beyond the quota: %d, want 486", code)
	}
}

// A TLS connection whose handshake is done is served like one of TCP.
func TestServeConn(t *testing.T) {
	b := start(t, func(c *Config) { c.UDP, c.TCP, c.ConnsPerIP = nil, nil, 1 })
	b.echo()
	certificate := selfSigned(t)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	refused := make(chan error, 2)
	go func() {
		for range 2 {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			refused <- b.ServeConn(conn)
		}
	}()
	connect := func() *raw {
		conn, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		user, pass, _ := b.Credentials("s1", "customer")
		return &raw{t: t, conn: conn, stream: true, user: user, pass: pass}
	}
	r := &raw{}
	done := make(chan struct{})
	go func() { defer close(done); r = connect() }()
	if err := <-refused; err != nil {
		t.Fatal(err)
	}
	<-done
	r.allocate()
	if b.Stats()["streams"] != 1 {
		t.Error("the stream is not counted")
	}
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := <-refused; err == nil || b.Stats()["refused_conns"] != 1 {
		t.Errorf("a second connection of one address beyond the cap: %v", err)
	}
	_ = b.Close()
	if _, err := r.read(); err == nil {
		t.Error("the connection outlived the server")
	}
	local, remote := net.Pipe()
	defer func() { _ = remote.Close() }()
	if err := b.ServeConn(local); err == nil {
		t.Error("a closed server took a connection that is not TCP")
	}
}

func TestConfig(t *testing.T) {
	pinned, err := udpsock.Listen("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := addrPort(pinned.LocalAddr())
	_ = pinned.Close() // its port stays free for the case below
	hub, err := vrelay.NewHub(vrelay.Config{Pinned: at})
	if err != nil {
		t.Fatal(err)
	}
	good := Config{Hub: hub, Here: func(string) bool { return true }}
	leakFree(t)
	for name, change := range map[string]func(*Config){
		"no hub":              func(c *Config) { c.Hub = nil },
		"no sessions":         func(c *Config) { c.Here = nil },
		"long realm":          func(c *Config) { c.Realm = "vitrine" },
		"lifetime":            func(c *Config) { c.CredentialTTL = 2 * time.Hour },
		"negative":            func(c *Config) { c.Conns = -1 },
		"negative limit":      func(c *Config) { c.Limits.Idle = -1 },
		"no such address":     func(c *Config) { c.UDP = []string{"127.0.0.1:0"}; c.TCP = []string{"nonsense"} },
		"bad UDP address":     func(c *Config) { c.UDP = []string{"127.0.0.1:99999"} },
		"no host in URLs":     func(c *Config) { c.TCP = []string{":0"} },
		"no host in URLs/UDP": func(c *Config) { c.UDP = []string{":0"} },
		"the SFU's own port":  func(c *Config) { c.UDP = []string{at.String()} },
	} {
		c := good
		change(&c)
		if s, err := Listen(c); err == nil {
			t.Errorf("%s: accepted", name)
			_ = s.Close()
		}
	}
	s, err := Listen(good)
	if err != nil {
		t.Fatal(err)
	}
	if user, pass, ttl := s.Credentials("a b", "agent"); user != "" || pass != "" || ttl != 0 {
		t.Error("a credential for what cannot be a name")
	}
	if len(s.URLs()) != 0 || s.Close() != nil {
		t.Error("a server without listeners")
	}
	named := good
	named.Host, named.TCP, named.UDP = "turn.example", []string{":0"}, []string{"[::]:0"}
	if s, err = Listen(named); err != nil {
		t.Fatal(err)
	}
	for i, transport := range []string{"udp", "tcp"} {
		if url := s.URLs()[i]; !strings.HasPrefix(url, "turn:turn.example:") || !strings.HasSuffix(url, "?transport="+transport) {
			t.Errorf("URL %s", url)
		}
	}
	_ = s.Close()
}
