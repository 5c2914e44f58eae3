package turn

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/stun/v2"

	"vitrine/turn/guard"
	"vitrine/turn/vrelay"
)

// legitimate is a session that runs while the server is attacked: a client with a channel whose datagrams come back.
type legitimate struct {
	*raw
	took []time.Duration
	lost int
}

func (b *bench) legitimate(t *testing.T, network string) *legitimate {
	t.Helper()
	r := b.dial(t, network, "legitimate").allocate()
	r.expect(0, stun.MethodChannelBind, attr(stun.AttrChannelNumber, 0x40, 0, 0, 0), to(b.hub.Pinned()))
	return &legitimate{raw: r}
}

// echoes sends datagrams one after another and notes how long each is on its way. What is lost is sent again, as DTLS and
// SCTP do: a flood may fill the kernel's buffer.
func (l *legitimate) echoes(n int) {
	l.t.Helper()
	frame := append([]byte{0x40, 0, 0, 100}, make([]byte, 100)...)
	for range n {
		began := time.Now()
		for !l.echoed(frame) {
			if l.lost++; l.lost > 100 {
				l.t.Error("100 legitimate datagrams are lost")
				return
			}
		}
		l.took = append(l.took, time.Since(began))
	}
}

func (l *legitimate) echoed(frame []byte) bool {
	l.send(frame)
	_ = l.conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	for {
		m, err := l.read()
		if err != nil {
			return false
		}
		if m[0] == 0x40 {
			return true
		}
	}
}

func (l *legitimate) median() time.Duration {
	slices.Sort(l.took)
	return l.took[len(l.took)/2]
}

// heap is what is in use after a collection.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// under runs an attack for a while beside a legitimate session and checks what it did to the server's memory and to the
// session, and that nothing is left of it. The attack and the session share the processors, so the session's time is
// bounded by what a person would notice, not by a ratio: that is the bench's.
func (b *bench) under(t *testing.T, attack func(stop <-chan struct{})) {
	t.Helper()
	session := b.legitimate(t, "udp")
	session.echoes(50)
	before := heap()
	stop := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() { attack(stop) })
	session.took, session.lost = nil, 0
	for began := time.Now(); time.Since(began) < 500*time.Millisecond; {
		session.echoes(20)
	}
	during := heap()
	close(stop)
	done.Wait()
	if grown := during - before; grown > 16<<20 {
		t.Errorf("memory grew by %d KiB", grown>>10)
	}
	if n := len(session.took); session.lost > 1+n/20 {
		t.Errorf("%d of %d legitimate datagrams are lost", session.lost, n)
	}
	_ = session.conn.SetDeadline(time.Now().Add(10 * time.Second))
	if m := session.median(); m > 50*time.Millisecond {
		t.Errorf("the legitimate session's median is %v", m)
	}
	if code, _ := session.ask(stun.MethodRefresh); code != 0 {
		t.Errorf("the legitimate session's Refresh: %d", code)
	}
	before = int64(cpu(t))
	time.Sleep(100 * time.Millisecond) // the span over which work that goes on would show
	if used := time.Duration(int64(cpu(t)) - before); used > 70*time.Millisecond {
		t.Errorf("%v of CPU in 100 ms after the attack", used)
	}
}

// flood sends until it is stopped. gap lets others have the processor.
func flood(t *testing.T, address string, stop <-chan struct{}, next func(i int) []byte) {
	conn, err := net.Dial("udp", address)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = conn.Close() }()
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		_, _ = conn.Write(next(i)) // lost ones are part of it
		if i%16 == 0 {
			time.Sleep(100 * time.Microsecond) // the pace of the attack, nothing is awaited
		}
	}
}

func TestAttack_FloodOfAllocate(t *testing.T) {
	bare := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest)).Raw
	asks := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest), overUDP()).Raw
	binding := stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw
	oversized := append([]byte{0, 3, 0xFF, 0xFC, 0x21, 0x12, 0xA4, 0x42}, make([]byte, 1500)...)
	for name, c := range map[string]struct {
		frame   []byte
		counter string
	}{
		"bare":      {bare, "dropped_bare_allocate"},
		"unsigned":  {asks, "suppressed"},
		"binding":   {binding, "dropped_not_allowed"},
		"oversized": {oversized, "dropped_malformed"},
		"noise":     {bytes.Repeat([]byte{0xA5}, 200), "dropped_malformed"},
		"data":      {append([]byte{0x40, 0, 0, 200}, make([]byte, 200)...), "dropped_unbound"},
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t, func(c *Config) { c.AnswersPerSecond = 20 })
			b.echo()
			b.under(t, func(stop <-chan struct{}) {
				flood(t, b.at(t, "udp"), stop, func(i int) []byte {
					if c.frame[0] == 0 {
						binary.BigEndian.PutUint32(c.frame[8:], uint32(i)) // each is a transaction of its own
					}
					return c.frame
				})
			})
			if s := b.Stats(); s[c.counter] < 1000 || s["allocations"] != 1 || s["challenged"] > 100 {
				t.Errorf("%s %d, %d allocations, %d challenged", c.counter, s[c.counter], s["allocations"], s["challenged"])
			}
		})
	}
}

// Names that are made up, and rightly made names with a wrong signature, cost a hash and give at most a 401.
func TestAttack_WrongCredentials(t *testing.T) {
	b := start(t, func(c *Config) { c.AnswersPerSecond = 20 })
	b.echo()
	attacker := b.dial(t, "udp", "s1")
	attacker.challenge()
	attacker.pass = "guess"
	guess := attacker.signed(stun.MethodAllocate, overUDP()).Raw
	attacker.user = strings.Repeat("x", 500)
	long := attacker.signed(stun.MethodAllocate, overUDP()).Raw
	b.under(t, func(stop <-chan struct{}) {
		flood(t, b.at(t, "udp"), stop, func(i int) []byte { return pick(i%2 == 0, guess, long) })
	})
	if s := b.Stats(); s["bad_integrity"] < 1000 || s["allocations"] != 1 || s["suppressed"] < 900 {
		t.Errorf("%v", s)
	}
}

// A request that was overheard and is sent again from elsewhere gives nothing that its sender could use: it is not
// theirs to sign the next one, and the name's share bounds what is allocated.
func TestAttack_ReplayedRequests(t *testing.T) {
	hub, err := vrelay.NewHub(vrelay.Config{Pinned: netip.MustParseAddrPort("127.0.0.1:9"), PerName: 4})
	if err != nil {
		t.Fatal(err)
	}
	b := start(t, func(c *Config) { c.Hub = hub })
	victim := b.dial(t, "udp", "s1")
	victim.challenge()
	overheard := victim.signed(stun.MethodAllocate, overUDP())
	if m := victim.answerTo(overheard); m.Type.Class != stun.ClassSuccessResponse {
		t.Fatal("the victim has no allocation")
	}
	ending := victim.signed(stun.MethodRefresh, asking(0))
	var got []*raw
	for range 20 {
		attacker := b.dial(t, "udp", "s1")
		attacker.user, attacker.pass = victim.user, "unknown to the attacker"
		if m := attacker.answerTo(ending); m.Type.Class != stun.ClassErrorResponse {
			t.Error("an overheard Refresh works from elsewhere")
		}
		attacker.answerTo(overheard)
		got = append(got, attacker)
	}
	if s := b.Stats(); s["allocations"] != 4 || s["refused_486"] != 17 || s["refused_437"] != 20 {
		t.Errorf("%d allocations, %d and %d refused", s["allocations"], s["refused_486"], s["refused_437"])
	}
	for _, attacker := range got {
		attacker.expect(401, stun.MethodRefresh, asking(0)) // signed by a guess
	}
	victim.expect(0, stun.MethodRefresh)
	// Over TCP every connection has nonces of its own.
	stream := b.dial(t, "tcp", "s1")
	stream.challenge()
	again := stream.signed(stun.MethodAllocate, overUDP())
	elsewhere := b.dial(t, "tcp", "s1")
	var code stun.ErrorCodeAttribute
	if m := elsewhere.answerTo(again); code.GetFrom(m) != nil || code.Code != stun.CodeStaleNonce {
		t.Errorf("a nonce of another connection: %v", code.Code)
	}
}

// A rightly signed request that is sent again and again, from the address that it was made for, is answered so often and
// no more; one that comes later is.
func TestAttack_RepeatedRequests(t *testing.T) {
	b := start(t, nil)
	b.echo()
	attacker := b.dial(t, "udp", "s1").allocate()
	again := attacker.signed(stun.MethodRefresh, asking(600)).Raw
	b.under(t, func(stop <-chan struct{}) {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			_, _ = attacker.conn.Write(again) // lost ones are part of it
			if i%16 == 0 {
				time.Sleep(100 * time.Microsecond) // the pace of the attack, nothing is awaited
			}
		}
	})
	if s := b.Stats(); s["dropped_over_asks"] < 500 || s["allocations"] != 2 {
		t.Errorf("%d dropped, %d allocations", s["dropped_over_asks"], s["allocations"])
	}
	if !await(func() bool {
		later := attacker.signed(stun.MethodRefresh, asking(600))
		attacker.send(later.Raw)
		_ = attacker.conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		for {
			answer, err := attacker.read()
			if err != nil {
				return false
			}
			if bytes.Equal(answer[8:20], later.TransactionID[:]) {
				return answer[0] == 1 && answer[1] == 4 // a success of Refresh
			}
		}
	}) {
		t.Error("the client is not heard any more")
	}
}

// Requests from forged sources: one network gets so many answers a second, others are not touched, and the table of
// networks does not grow.
func TestAttack_ForgedSources(t *testing.T) {
	var counts guard.Counts
	p := guard.NewPolicy(guard.Policy{Pinned: netip.MustParseAddrPort("203.0.113.7:443"), Realm: "v", Counts: &counts}, 0)
	socket := &forger{frame: stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest), overUDP()).Raw}
	packets := guard.NewPackets(socket, guard.NewGate(p, false), func() {})
	before := heap()
	began := time.Now()
	passed := 0
	for buf := make([]byte, 1600); ; passed++ {
		if _, _, err := packets.ReadFrom(buf); err != nil {
			break
		}
	}
	if grown := heap() - before; grown > 1<<20 {
		t.Errorf("memory grew by %d KiB", grown>>10)
	}
	// 65,536 addresses of 256 networks, eight times each.
	if most := 256 * 10 * (2 + int(time.Since(began).Seconds())); passed == 0 || passed > most {
		t.Errorf("%d answers to 256 networks in %v, at most %d are wanted", passed, time.Since(began), most)
	}
	if counts.Get(guard.Suppressed) < 400_000 {
		t.Errorf("%d suppressed", counts.Get(guard.Suppressed))
	}
}

// forger is a socket on which requests come from everywhere.
type forger struct {
	guard.Socket
	frame []byte
	sent  int
}

func (f *forger) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	if f.sent++; f.sent > 8*65536 {
		return 0, netip.AddrPort{}, net.ErrClosed
	}
	return copy(b, f.frame), netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(f.sent >> 8), byte(f.sent)}), 9), nil
}

// Frames that come byte by byte, connections on which nothing comes, and connections that go after every frame.
func TestAttack_SlowStreams(t *testing.T) {
	limits := guard.Limits{FirstFrame: 1500 * time.Millisecond, Write: time.Second, Idle: time.Minute}
	b := start(t, func(c *Config) { c.Limits, c.ConnsPerIP = limits, 200 })
	b.echo()
	frame := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest), overUDP()).Raw
	b.under(t, func(stop <-chan struct{}) {
		var conns []net.Conn
		for i := range 400 {
			conn, err := net.Dial("tcp", b.at(t, "tcp"))
			if err != nil {
				continue // the server has its cap
			}
			conns = append(conns, conn)
			if i%4 == 0 {
				_ = conn.Close()
			}
		}
		for i := 0; ; i++ {
			select {
			case <-stop:
				await(func() bool { return b.Stats()["streams"] == 0 }) // it is the server that ends them
				for _, conn := range conns {
					_ = conn.Close()
				}
				return
			case <-time.After(2 * time.Millisecond):
			}
			for j, conn := range conns {
				if j%2 == 0 && i < len(frame)-1 {
					_, _ = conn.Write(frame[i : i+1])
				}
			}
		}
	})
	if !await(func() bool { return b.Stats()["streams"] == 0 }) {
		t.Errorf("%d streams are left", b.Stats()["streams"])
	}
	if s := b.Stats(); s["closed_slow_frame"] < 50 || s["refused_conns"] < 50 {
		t.Errorf("%d too slow, %d over the cap", s["closed_slow_frame"], s["refused_conns"])
	}
}

// A valid credential in the wrong hands: allocations up to its share, one peer, and before the SFU has answered no more
// than ICE needs. The SFU here does not answer.
func TestAttack_StolenCredential(t *testing.T) {
	hub, err := vrelay.NewHub(vrelay.Config{Pinned: netip.MustParseAddrPort("127.0.0.1:9")})
	if err != nil {
		t.Fatal(err)
	}
	b := start(t, func(c *Config) { c.Hub = hub })
	user, pass, _ := b.Credentials("s1", "customer")
	var held []*raw
	for range 50 {
		r := b.dial(t, "udp", "s1")
		r.user, r.pass = user, pass
		if code, _ := r.ask(stun.MethodAllocate, overUDP()); code == 0 {
			held = append(held, r)
		} else if code != 486 {
			t.Fatalf("beyond the share: %d", code)
		}
	}
	if len(held) != 4 {
		t.Fatalf("%d allocations of one name, want 4", len(held))
	}
	for _, peer := range []string{"127.0.0.1:10", "10.0.0.1:443", "[::1]:9", "169.254.169.254:80", "198.51.100.1:1025"} {
		held[0].expect(403, stun.MethodCreatePermission, to(netip.MustParseAddrPort(peer)))
	}
	r := held[0]
	r.expect(0, stun.MethodChannelBind, attr(stun.AttrChannelNumber, 0x40, 0, 0, 0), to(b.hub.Pinned()))
	frame := append([]byte{0x40, 0, 0, 200}, make([]byte, 200)...)
	for range 500 {
		r.send(frame)
	}
	r.expect(0, stun.MethodRefresh) // all before it was read
	if s := b.Stats(); s["packets_up"] > 100 || s["dropped_before_answer"] < 300 {
		t.Errorf("%d reached the SFU, %d did not", s["packets_up"], s["dropped_before_answer"])
	}
	// When the session ends, the credential ends with it.
	b.end("s1")
	b.Kick("s1")
	late := b.dial(t, "udp", "s1")
	late.user, late.pass = user, pass
	late.expect(401, stun.MethodAllocate, overUDP())
}

// A client that reads nothing of what it asked for does not hold up the server.
func TestAttack_DeafStream(t *testing.T) {
	b := start(t, func(c *Config) { c.Limits.Write = 300 * time.Millisecond })
	b.echo()
	deaf := b.dial(t, "tcp", "s1").allocate()
	deaf.expect(0, stun.MethodChannelBind, attr(stun.AttrChannelNumber, 0x40, 0, 0, 0), to(b.hub.Pinned()))
	b.under(t, func(stop <-chan struct{}) {
		frame := append([]byte{0x40, 0, 0x05, 0x78}, make([]byte, 1400)...)
		// The kernel's buffers take megabytes first.
		for end := time.Now().Add(10 * time.Second); time.Now().Before(end) && b.Stats()["closed_slow_write"] == 0; {
			_ = deaf.conn.SetWriteDeadline(time.Now().Add(time.Second))
			if _, err := deaf.conn.Write(frame); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
				break
			}
		}
		<-stop
	})
	_ = deaf.conn.Close()
	if s := b.Stats(); s["closed_slow_write"] != 1 {
		t.Errorf("the deaf connection was not closed: %v", s)
	}
	if !await(func() bool { return b.Stats()["streams"] == 0 }) {
		t.Error("its stream is still there")
	}
}
