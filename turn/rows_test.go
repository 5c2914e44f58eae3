package turn

import (
	"bytes"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/pion/stun/v2"

	"vitrine/turn/vrelay"
)

// Every row of the table in guard/doc.go has a test that is named after it.
func TestEveryRowHasATest(t *testing.T) {
	doc, err := os.ReadFile("guard/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	tests, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	below, err := filepath.Glob("*/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var source []byte
	for _, file := range append(tests, below...) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source = append(source, data...)
	}
	rows := regexp.MustCompile(`(?m)^//\t ?(\d+)  `).FindAllSubmatch(doc, -1)
	if len(rows) != 22 {
		t.Errorf("%d rows in the table", len(rows))
	}
	for _, row := range rows {
		name := "func TestGuard" + strings.Repeat("0", 2-len(row[1])) + string(row[1]) + "_"
		if !bytes.Contains(source, []byte(name)) {
			t.Errorf("no %s… in any test", name)
		}
	}
}

// both runs an exchange with the TURN server as it comes and with ours. What the
// first does proves that the exchange finds the fault, and that the test would
// fail without what makes up for it.
func both(t *testing.T, handler func(net.Addr, net.IP) bool, exchange func(t *testing.T, r *raw, alone bool)) {
	t.Helper()
	t.Run("alone", func(t *testing.T) { exchange(t, plain(t, handler), true) })
	t.Run("guarded", func(t *testing.T) { exchange(t, start(t, nil).dial(t, "udp", "s1"), false) })
}

// expect asks and compares the code: -1 is an error without one.
func (r *raw) expect(want int, method stun.Method, setters ...stun.Setter) *stun.Message {
	r.t.Helper()
	code, m := r.ask(method, setters...)
	if code != want {
		r.t.Errorf("%v: %d, want %d", method, code, want)
	}
	return m
}

// unanswered tells whether a signed request gets no answer: the one to a second request comes first.
func (r *raw) unanswered(method stun.Method, setters ...stun.Setter) bool {
	r.t.Helper()
	r.challenge()
	first := r.signed(method, setters...)
	r.indicated = nil
	r.send(first.Raw)
	r.exchange(stun.NewType(stun.MethodAllocate, stun.ClassRequest), overUDP())
	for _, b := range r.indicated {
		if bytes.Equal(b[8:20], first.TransactionID[:]) {
			return false
		}
	}
	return true
}

func pick[T any](first bool, a, b T) T {
	if first {
		return a
	}
	return b
}

func TestGuard07_RelayOverTCP(t *testing.T) {
	both(t, nil, func(t *testing.T, r *raw, alone bool) {
		r.expect(pick(alone, 0, 442), stun.MethodAllocate, attr(stun.AttrRequestedTransport, 6, 0, 0, 0))
	})
}

func TestGuard08_DeniedPeer(t *testing.T) {
	never := func(net.Addr, net.IP) bool { return false }
	other := to(netip.MustParseAddrPort("192.0.2.9:9"))
	both(t, never, func(t *testing.T, r *raw, alone bool) {
		r.t = t
		r.allocate()
		r.expect(pick(alone, -1, 403), stun.MethodCreatePermission, other)
		m := r.expect(pick(alone, 401, 403), stun.MethodChannelBind, attr(stun.AttrChannelNumber, 0x40, 0, 0, 0), other)
		if signed := r.key().Check(m) == nil; signed == alone {
			t.Errorf("the refusal is signed: %v", signed)
		}
	})
}

func TestGuard09_Recovery(t *testing.T) {
	b := start(t, nil)
	alone := plain(t, nil)
	alone.pass = "wrong"
	alone.expect(400, stun.MethodAllocate, overUDP())
	r := b.dial(t, "udp", "s1")
	right := r.pass
	r.pass = "wrong"
	m := r.expect(401, stun.MethodAllocate, overUDP())
	// The answer holds what is needed for another try with the right password.
	r.nonce, r.pass = nil, right
	if err := r.nonce.GetFrom(m); err != nil {
		t.Fatal(err)
	}
	r.expect(0, stun.MethodAllocate, overUDP())
}

func TestGuard10_Conformance(t *testing.T) {
	unknown := attr(0x7FFE, 1, 2, 3, 4)
	v6 := attr(stun.AttrRequestedAddressFamily, 2, 0, 0, 0)
	for name, c := range map[string]struct {
		setter stun.Setter
		want   int
	}{"unknown attribute": {unknown, 420}, "IPv6": {v6, 440}} {
		t.Run(name, func(t *testing.T) {
			both(t, nil, func(t *testing.T, r *raw, alone bool) {
				m := r.expect(pick(alone, 0, c.want), stun.MethodAllocate, overUDP(), c.setter)
				if c.want == 420 && !alone {
					types, err := m.Get(stun.AttrUnknownAttributes)
					if err != nil || !bytes.Equal(types, []byte{0x7F, 0xFE}) {
						t.Errorf("UNKNOWN-ATTRIBUTES %x, %v", types, err)
					}
				}
			})
		})
	}
	for name, method := range map[string]stun.Method{"refresh": stun.MethodRefresh, "permission": stun.MethodCreatePermission, "channel": stun.MethodChannelBind} {
		t.Run(name+" without an allocation", func(t *testing.T) {
			both(t, nil, func(t *testing.T, r *raw, alone bool) {
				peer := to(netip.MustParseAddrPort("127.0.0.1:9"))
				setters := []stun.Setter{attr(stun.AttrChannelNumber, 0x40, 0, 0, 0), peer}
				if alone {
					if !r.unanswered(method, setters...) {
						t.Error("the TURN server answers")
					}
					return
				}
				r.expect(437, method, setters...)
			})
		})
	}
}

// EVEN-PORT makes the TURN server open and close sockets to find a number. Ours does not begin to.
func TestGuard11_PortPairs(t *testing.T) {
	both(t, nil, func(t *testing.T, r *raw, alone bool) {
		m := r.expect(pick(alone, 0, 508), stun.MethodAllocate, overUDP(), attr(stun.AttrEvenPort, 0x80))
		if m.Contains(stun.AttrReservationToken) != alone {
			t.Error("a port is reserved")
		}
	})
	b := start(t, nil)
	b.dial(t, "udp", "s1").expect(508, stun.MethodAllocate, overUDP(), attr(stun.AttrReservationToken, 1, 2, 3, 4, 5, 6, 7, 8))
	if s := b.Stats(); s["opened"] != 0 {
		t.Errorf("%d relays were opened", s["opened"])
	}
}

// Addresses have their share of allocations as well, and the server has an end.
func TestGuard12_QuotasOfAddressesAndInAll(t *testing.T) {
	b := start(t, func(c *Config) { c.AllocationsPerIP = 2 })
	first := b.dial(t, "udp", "s1").allocate()
	b.dial(t, "tcp", "s2").allocate()
	b.dial(t, "udp", "s3").expect(486, stun.MethodAllocate, overUDP())
	first.expect(0, stun.MethodRefresh, lifetime(0))
	b.dial(t, "udp", "s3").expect(0, stun.MethodAllocate, overUDP())
	if s := b.Stats(); s["quota_ip"] != 1 || s["refused_486"] != 1 {
		t.Errorf("%v", s)
	}
	hub, err := vrelay.NewHub(vrelay.Config{Pinned: netip.MustParseAddrPort("127.0.0.1:9"), Total: 1})
	if err != nil {
		t.Fatal(err)
	}
	full := start(t, func(c *Config) { c.Hub = hub })
	full.dial(t, "udp", "s1").allocate()
	full.dial(t, "udp", "s2").expect(508, stun.MethodAllocate, overUDP())
	if s := full.Stats(); s["quota_total"] != 1 || s["refused_508"] != 1 {
		t.Errorf("%v", s)
	}
}

// lockedBuffer may be written by several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// What happens is counted and written down, as JSON, by session, without addresses and user names.
func TestGuard13_Events(t *testing.T) {
	var log lockedBuffer
	b := start(t, func(c *Config) { c.Log = slog.New(slog.NewJSONHandler(&log, nil)) })
	b.echo()
	r := b.dial(t, "tcp", "s1").allocate()
	r.expect(0, stun.MethodChannelBind, attr(stun.AttrChannelNumber, 0x40, 0, 0, 0), to(b.hub.Pinned()))
	r.send(append([]byte{0x40, 0, 0, 12}, "by a channel"...))
	if _, err := r.read(); err != nil {
		t.Fatal(err)
	}
	if uses := b.Sessions(); len(uses) != 1 || uses[0] != (vrelay.Use{Session: "s1", Allocations: 1, BytesUp: 12, BytesDown: 12}) {
		t.Errorf("sessions: %+v", uses)
	}
	b.Kick("s1")
	closed := `"msg":"turn: allocation closed","session":"s1","role":"customer","seconds":0,"bytes_up":12,"bytes_down":12`
	if !await(func() bool { return strings.Contains(log.String(), closed) }) {
		t.Errorf("the log has no %s", closed)
	}
	for _, secret := range []string{"127.0.0.1", r.user, r.pass, "198.51.100."} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	if s := b.Stats(); s["opened"] != 1 || s["closed"] != 1 || s["bytes_up"] != 12 || s["packets_down"] != 1 || s["allocations"] != 0 {
		t.Errorf("%v", s)
	}
}

// However many allocations come and go, there are so many lines a second, and they say how many there should have been.
func TestGuard16_LogFlood(t *testing.T) {
	var log lockedBuffer
	b := start(t, func(c *Config) { c.Log = slog.New(slog.NewJSONHandler(&log, nil)) })
	const times = 100
	for range times {
		r := b.dial(t, "udp", "s1")
		r.allocate().expect(0, stun.MethodRefresh, lifetime(0))
		r.send([]byte("\x00\x01garbage"))
		r.send(stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw)
	}
	if !await(func() bool { s := b.Stats(); return s["closed"] == times && s["dropped_malformed"] == times }) {
		t.Fatalf("%v", b.Stats())
	}
	lines := strings.Count(log.String(), "\n")
	if lines == 0 || lines > 10*linesPerSecond {
		t.Errorf("%d lines of %d allocations", lines, times)
	}
	if strings.Contains(log.String(), "garbage") {
		t.Error("the log holds what a stranger sent")
	}
}

// One peer, so one permission and one channel, whatever a client asks for.
func TestGuard17_Channels(t *testing.T) {
	const asked = 200
	both(t, nil, func(t *testing.T, r *raw, alone bool) {
		r.t = t
		r.allocate()
		granted := 0
		for i := range asked {
			peer := to(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(1000+i)))
			if code, _ := r.ask(stun.MethodChannelBind, attr(stun.AttrChannelNumber, 0x40, byte(i), 0, 0), peer); code == 0 {
				granted++
			}
		}
		if granted != pick(alone, asked, 0) {
			t.Errorf("%d of %d channels", granted, asked)
		}
	})
}

// Refreshing and kicking at once ends in order: every allocation goes, and nothing is left behind (the cleanup of start
// counts goroutines).
func TestGuard19_RefreshAsItEnds(t *testing.T) {
	b := start(t, nil)
	for range 20 {
		r := b.dial(t, "udp", "s1").allocate()
		var done sync.WaitGroup
		done.Go(func() { b.Kick("s1") })
		for range 5 {
			r.send(r.signed(stun.MethodRefresh).Raw) // the TURN server gives no answer when it was just too late
		}
		done.Wait()
		r.expect(437, stun.MethodRefresh)
	}
	if !await(func() bool { return b.Stats()["allocations"] == 0 }) {
		t.Errorf("%v", b.Stats())
	}
}
