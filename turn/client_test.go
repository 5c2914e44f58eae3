package turn

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/stun/v2"
	pion "github.com/pion/turn/v3"

	"vitrine/turn/udpsock"
	"vitrine/turn/vrelay"
)

// bench is a running server with a hub whose SFU side echoes, unless an SFU is put there.
type bench struct {
	*Server
	hub  *vrelay.Hub
	sfu  *vrelay.SFUConn
	mu   sync.Mutex
	gone map[string]bool // sessions that have ended; all others are here
}

func (b *bench) end(session string) {
	b.mu.Lock()
	b.gone[session] = true
	b.mu.Unlock()
}

func start(t *testing.T, change func(*Config)) *bench {
	t.Helper()
	leakFree(t)
	real, err := udpsock.Listen("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return startOn(t, real, addrPort(real.LocalAddr()), change)
}

// startOn starts a server for an SFU with that real socket, or none.
func startOn(t *testing.T, real net.PacketConn, pinned netip.AddrPort, change func(*Config)) *bench {
	t.Helper()
	hub, err := vrelay.NewHub(vrelay.Config{Pinned: pinned, PerName: 100, PerSession: 100})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{hub: hub, gone: map[string]bool{}}
	here := func(s string) bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return !b.gone[s]
	}
	config := Config{Hub: hub, Here: here, UDP: []string{"127.0.0.1:0"}, TCP: []string{"127.0.0.1:0"}, AnswersPerSecond: 10_000}
	if change != nil {
		change(&config)
	}
	b.hub, hub = config.Hub, config.Hub
	if b.Server, err = Listen(config); err != nil {
		t.Fatal(err)
	}
	if b.sfu, err = hub.SFUConn(real); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(b.Close(), hub.Close(), b.sfu.Close()); err != nil {
			t.Error(err)
		}
		if n := b.Stats()["disagreed"]; n != 0 {
			t.Errorf("guard and TURN server disagreed %d times about a signature", n)
		}
	})
	return b
}

func (b *bench) echo() {
	go func() {
		buf := make([]byte, 1600)
		for {
			n, from, err := b.sfu.ReadFromAddrPort(buf)
			if err != nil {
				return
			}
			if _, err := b.sfu.WriteToAddrPort(buf[:n], from); err != nil {
				return
			}
		}
	}()
}

// at gives the address behind the URL of a transport.
func (b *bench) at(t *testing.T, transport string) string {
	t.Helper()
	for _, url := range b.URLs() {
		if rest, ok := strings.CutSuffix(url, "?transport="+transport); ok {
			return strings.TrimPrefix(rest, "turn:")
		}
	}
	t.Fatalf("no URL for %s", transport)
	return ""
}

// leakFree fails the test when goroutines are left after all other cleanups.
func leakFree(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		if !await(func() bool { return runtime.NumGoroutine() <= before }) {
			stacks := make([]byte, 1<<16)
			t.Errorf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
		}
	})
}

// await polls a condition that nothing signals, for at most 5 s.
func await(ok func() bool) bool {
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if ok() {
			return true
		}
	}
	return ok()
}

// raw speaks TURN by hand, so that a test can say what no client library would.
type raw struct {
	t          *testing.T
	conn       net.Conn
	stream     bool
	user, pass string
	realm      stun.Realm
	nonce      stun.Nonce
	indicated  [][]byte // data that arrived between answers
}

func dial(t *testing.T, network, address, user, pass string) *raw {
	t.Helper()
	conn, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	return &raw{t: t, conn: conn, stream: network == "tcp", user: user, pass: pass}
}

func (b *bench) dial(t *testing.T, network, session string) *raw {
	t.Helper()
	user, pass, _ := b.Credentials(session, "customer")
	return dial(t, network, b.at(t, network), user, pass)
}

func (r *raw) send(b []byte) {
	r.t.Helper()
	if _, err := r.conn.Write(b); err != nil {
		r.t.Fatal(err)
	}
}

// read gives the next frame.
func (r *raw) read() ([]byte, error) {
	buf := make([]byte, 2048)
	if !r.stream {
		n, err := r.conn.Read(buf)
		return buf[:n], err
	}
	if _, err := io.ReadFull(r.conn, buf[:4]); err != nil {
		return nil, err
	}
	size := int(binary.BigEndian.Uint16(buf[2:])) + 20
	if buf[0] >= 0x40 {
		size = 4 + (size-20+3)&^3
	}
	_, err := io.ReadFull(r.conn, buf[4:size])
	return buf[:size], err
}

// exchange sends a request as it is and gives the answer to it.
func (r *raw) exchange(setters ...stun.Setter) *stun.Message {
	r.t.Helper()
	m, err := stun.Build(append([]stun.Setter{stun.TransactionID}, setters...)...)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.answerTo(m)
}

// answerTo sends a request and waits for its answer.
func (r *raw) answerTo(m *stun.Message) *stun.Message {
	r.t.Helper()
	r.send(m.Raw)
	for {
		b, err := r.read()
		if err != nil {
			r.t.Fatalf("no answer to %v: %v", m.Type, err)
		}
		answer := &stun.Message{Raw: b}
		if b[0] < 0x40 && answer.Decode() == nil && answer.TransactionID == m.TransactionID {
			return answer
		}
		r.indicated = append(r.indicated, b)
	}
}

func (r *raw) key() stun.MessageIntegrity {
	return pion.GenerateAuthKey(r.user, string(r.realm), r.pass)
}

// challenge fetches realm and nonce, unless they are here.
func (r *raw) challenge() {
	r.t.Helper()
	if r.nonce != nil {
		return
	}
	m := r.exchange(stun.NewType(stun.MethodAllocate, stun.ClassRequest), overUDP())
	if err := errors.Join(r.nonce.GetFrom(m), r.realm.GetFrom(m)); err != nil {
		r.t.Fatalf("no challenge: %v", err)
	}
}

// signed makes a request with the credential.
func (r *raw) signed(method stun.Method, setters ...stun.Setter) *stun.Message {
	r.t.Helper()
	all := append([]stun.Setter{stun.TransactionID, stun.NewType(method, stun.ClassRequest)}, setters...)
	m, err := stun.Build(append(all, stun.NewUsername(r.user), r.realm, r.nonce, r.key())...)
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}

// ask sends a signed request, first fetching a nonce, and gives the error code; 0 is success.
func (r *raw) ask(method stun.Method, setters ...stun.Setter) (int, *stun.Message) {
	r.t.Helper()
	r.challenge()
	m := r.answerTo(r.signed(method, setters...))
	if m.Type.Class == stun.ClassSuccessResponse {
		return 0, m
	}
	var code stun.ErrorCodeAttribute
	if err := code.GetFrom(m); err != nil {
		return -1, m // an error without a code, as the TURN server alone would send
	}
	return int(code.Code), m
}

// allocate makes an allocation, or fails the test.
func (r *raw) allocate() *raw {
	r.t.Helper()
	if code, _ := r.ask(stun.MethodAllocate, overUDP()); code != 0 {
		r.t.Fatalf("allocate: %d", code)
	}
	return r
}

func overUDP() stun.Setter { return attr(stun.AttrRequestedTransport, 17, 0, 0, 0) }

func attr(typ stun.AttrType, value ...byte) stun.Setter {
	return stun.RawAttribute{Type: typ, Length: uint16(len(value)), Value: value}
}

func lifetime(seconds byte) stun.Setter { return attr(stun.AttrLifetime, 0, 0, 0, seconds) }

// to names a peer. IPv4-mapped addresses stay in their long form on the wire.
type to netip.AddrPort

func (p to) AddTo(m *stun.Message) error {
	a := netip.AddrPort(p)
	if !a.Addr().Is4In6() {
		return stun.XORMappedAddress{IP: a.Addr().AsSlice(), Port: int(a.Port())}.AddToAs(m, stun.AttrXORPeerAddress)
	}
	ip, id := a.Addr().As16(), m.TransactionID
	v := binary.BigEndian.AppendUint16([]byte{0, 2}, a.Port()^0x2112)
	for i, mask := range append([]byte{0x21, 0x12, 0xA4, 0x42}, id[:]...) {
		v = append(v, ip[i]^mask)
	}
	m.Add(stun.AttrXORPeerAddress, v)
	return nil
}

// client is pion's own TURN client on a fresh connection.
func (b *bench) client(t *testing.T, network, session string) (*pion.Client, net.PacketConn) {
	t.Helper()
	user, pass, _ := b.Credentials(session, "agent")
	var conn net.PacketConn
	var err error
	if network == "tcp" {
		stream, dialErr := net.Dial("tcp", b.at(t, "tcp"))
		conn, err = pion.NewSTUNConn(stream), dialErr
	} else {
		conn, err = net.ListenPacket("udp4", "127.0.0.1:0")
	}
	if err != nil {
		t.Fatal(err)
	}
	c, err := pion.NewClient(&pion.ClientConfig{
		TURNServerAddr: b.at(t, network), STUNServerAddr: b.at(t, network), Conn: conn,
		Username: user, Password: pass, LoggerFactory: &quiet{},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); _ = conn.Close() })
	if err := c.Listen(); err != nil {
		t.Fatal(err)
	}
	return c, conn
}
