package turn

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v2"

	"vitrine/turn/vrelay"
)

// pipeEnd is one end of a connection in memory, so that hours pass in an instant.
type pipeEnd struct {
	net.Conn
	local, remote net.Addr
}

func (p pipeEnd) LocalAddr() net.Addr  { return p.local }
func (p pipeEnd) RemoteAddr() net.Addr { return p.remote }

// timeless runs a test against a server in a bubble: one client on a stream that holds an allocation, and the SFU's end.
func timeless(t *testing.T, test func(t *testing.T, r *raw, b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		hub, err := vrelay.NewHub(vrelay.Config{Pinned: netip.MustParseAddrPort("203.0.113.7:443")})
		if err != nil {
			t.Fatal(err)
		}
		b := &bench{hub: hub, gone: map[string]bool{}}
		if b.Server, err = Listen(Config{Hub: hub, Here: func(string) bool { return true }, CredentialTTL: time.Hour}); err != nil {
			t.Fatal(err)
		}
		if b.sfu, err = hub.SFUConn(nil); err != nil {
			t.Fatal(err)
		}
		client, server := net.Pipe()
		at, from := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443}, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 9}
		if err := b.ServeConn(pipeEnd{server, at, from}); err != nil {
			t.Fatal(err)
		}
		user, pass, _ := b.Credentials("s1", "customer")
		r := &raw{t: t, conn: client, stream: true, user: user, pass: pass}
		test(t, r, b)
		if err := errors.Join(client.Close(), b.Close(), hub.Close(), b.sfu.Close()); err != nil && !errors.Is(err, io.ErrClosedPipe) {
			t.Error(err)
		}
	})
}

// relayed is the address in the answer to an Allocate.
func relayed(t *testing.T, m *stun.Message) *net.UDPAddr {
	t.Helper()
	var a stun.XORMappedAddress
	if err := a.GetFromAs(m, stun.AttrXORRelayedAddress); err != nil {
		t.Fatal(err)
	}
	return &net.UDPAddr{IP: a.IP, Port: a.Port}
}

func seconds(m *stun.Message) uint32 {
	v, err := m.Get(stun.AttrLifetime)
	if err != nil || len(v) != 4 {
		return 1 << 31
	}
	return binary.BigEndian.Uint32(v)
}

func asking(n uint32) stun.Setter {
	v := binary.BigEndian.AppendUint32(nil, n)
	return attr(stun.AttrLifetime, v...)
}

// RFC 8656 section 7.2 and 8: ten minutes at least and an hour at most, whatever is asked for.
func TestRFC8656_Lifetime(t *testing.T) {
	for asked, want := range map[uint32]uint32{0: 600, 1: 600, 599: 600, 600: 600, 777: 777, 1800: 1800, 3599: 3599, 3600: 3599, 7200: 3599, 1<<32 - 1: 3599} {
		b := start(t, nil)
		r := b.dial(t, "udp", "s1")
		if m := r.expect(0, stun.MethodAllocate, overUDP(), asking(asked)); seconds(m) != want {
			t.Errorf("asked for %d s and got %d, want %d", asked, seconds(m), want)
		}
		if asked == 0 {
			continue // the end, in a Refresh
		}
		if m := r.expect(0, stun.MethodRefresh, asking(asked)); seconds(m) != want {
			t.Errorf("refreshed for %d s and got %d, want %d", asked, seconds(m), want)
		}
	}
	// Without a wish it is ten minutes, and a FINGERPRINT behind a changed request is no harm.
	b := start(t, nil)
	r := b.dial(t, "udp", "s1")
	if m := r.expect(0, stun.MethodAllocate, overUDP()); seconds(m) != 600 {
		t.Errorf("%d s by default", seconds(m))
	}
	r.challenge()
	m := r.signed(stun.MethodRefresh, asking(5))
	if err := stun.Fingerprint.AddTo(m); err != nil {
		t.Fatal(err)
	}
	if m = r.answerTo(m); m.Type.Class != stun.ClassSuccessResponse || seconds(m) != 600 {
		t.Errorf("with a fingerprint: %v, %d s", m.Type, seconds(m))
	}
}

// An allocation ends when nobody refreshes it, and lives while somebody does. Refresh with 0 ends it at once.
func TestRFC8656_Expiry(t *testing.T) {
	timeless(t, func(t *testing.T, r *raw, b *bench) {
		r.allocate()
		time.Sleep(9 * time.Minute)
		r.expect(0, stun.MethodRefresh)
		time.Sleep(9 * time.Minute)
		r.expect(0, stun.MethodRefresh)
		time.Sleep(10*time.Minute + time.Second)
		synctest.Wait()
		if n := b.Stats()["allocations"]; n != 0 {
			t.Errorf("%d allocations after ten minutes", n)
		}
		r.expect(437, stun.MethodRefresh)
		r.allocate().expect(0, stun.MethodRefresh, asking(0))
		r.expect(437, stun.MethodRefresh)
	})
}

// RFC 8489 section 9.2.4: a nonce is good for an hour; then 438 with the next one.
func TestRFC8656_StaleNonce(t *testing.T) {
	timeless(t, func(t *testing.T, r *raw, _ *bench) {
		r.allocate()
		for range 7 {
			time.Sleep(9 * time.Minute)
			code, m := r.ask(stun.MethodRefresh)
			if code == 438 {
				r.nonce = nil
				if err := r.nonce.GetFrom(m); err != nil || !m.Contains(stun.AttrRealm) {
					t.Fatalf("438 without nonce and realm: %v", err)
				}
				r.expect(0, stun.MethodRefresh)
				return
			}
		}
		t.Error("a nonce is good for more than an hour")
	})
	b := start(t, nil)
	r := b.dial(t, "udp", "s1").allocate()
	r.nonce = stun.NewNonce("made up")
	if m := r.expect(438, stun.MethodRefresh); !m.Contains(stun.AttrNonce) {
		t.Error("438 without a nonce")
	}
}

// quiet tells whether nothing comes for a minute.
func (r *raw) silent() bool {
	_ = r.conn.SetReadDeadline(time.Now().Add(time.Minute))
	defer func() { _ = r.conn.SetReadDeadline(time.Time{}) }()
	_, err := r.conn.Read(make([]byte, 1))
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// Sections 9 and 12: a permission lasts five minutes, a channel ten. What the peer sends without one is dropped.
func TestRFC8656_PermissionsAndChannelsEnd(t *testing.T) {
	timeless(t, func(t *testing.T, r *raw, b *bench) {
		peer := to(b.hub.Pinned())
		at := relayed(t, r.expect(0, stun.MethodAllocate, overUDP(), asking(3000)))
		send := func(text string) { _, _ = b.sfu.WriteTo([]byte(text), at) }
		send("unpermitted")
		if !r.silent() {
			t.Error("data of a peer without a permission came through")
		}
		r.expect(0, stun.MethodCreatePermission, peer)
		time.Sleep(4*time.Minute + 50*time.Second)
		send("in time")
		m, err := r.read()
		data := &stun.Message{Raw: m}
		if err != nil || data.Decode() != nil || data.Type != stun.NewType(stun.MethodData, stun.ClassIndication) {
			t.Fatalf("no Data indication: %v", err)
		}
		if v, err := data.Get(stun.AttrData); err != nil || string(v) != "in time" {
			t.Errorf("data %q, %v", v, err)
		}
		time.Sleep(11 * time.Second)
		send("too late")
		if !r.silent() {
			t.Error("a permission outlived five minutes")
		}
		indication, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication), peer, attr(stun.AttrData, 'x'))
		if err != nil {
			t.Fatal(err)
		}
		r.send(indication.Raw)
		synctest.Wait()
		if n := b.Stats()["packets_up"]; n != 0 {
			t.Errorf("%d datagrams without a permission", n)
		}
		r.expect(0, stun.MethodChannelBind, attr(stun.AttrChannelNumber, 0x40, 0x11, 0, 0), peer)
		for range 2 {
			time.Sleep(4*time.Minute + 30*time.Second)
			r.expect(0, stun.MethodCreatePermission, peer)
		}
		send("by channel")
		if m, err = r.read(); err != nil || !bytes.Equal(m, append([]byte{0x40, 0x11, 0, 10}, "by channel\x00\x00"...)) {
			t.Errorf("%x, %v: want padded ChannelData", m, err)
		}
		time.Sleep(90 * time.Second)
		send("as indication")
		if m, err = r.read(); err != nil || m[0] >= 0x40 {
			t.Errorf("a channel outlived ten minutes: %v", err)
		}
	})
}

// A stream on which nothing comes for eleven minutes is closed.
func TestIdleStreamIsClosed(t *testing.T) {
	timeless(t, func(t *testing.T, r *raw, b *bench) {
		r.allocate()
		began := time.Now()
		if _, err := r.read(); !errors.Is(err, io.EOF) {
			t.Errorf("%v", err)
		}
		if d := time.Since(began); d < 10*time.Minute || d > 11*time.Minute {
			t.Errorf("closed after %v", d)
		}
		synctest.Wait()
		if s := b.Stats(); s["streams"] != 0 || s["allocations"] != 0 {
			t.Errorf("%v", s)
		}
	})
}

// Section 7.2: a repeated Allocate gets the same answer, another one on the same 5-tuple 437; both are signed.
func TestRFC8656_RepeatedAllocate(t *testing.T) {
	for _, network := range []string{"udp", "tcp"} {
		b := start(t, nil)
		r := b.dial(t, network, "s1")
		r.challenge()
		request := r.signed(stun.MethodAllocate, overUDP())
		first, again := r.answerTo(request), r.answerTo(request)
		if !bytes.Equal(first.Raw, again.Raw) || first.Type.Class != stun.ClassSuccessResponse {
			t.Errorf("%s: the repetition gets another answer", network)
		}
		if err := r.key().Check(first); err != nil {
			t.Errorf("%s: success is not signed: %v", network, err)
		}
		if m := r.expect(437, stun.MethodAllocate, overUDP()); r.key().Check(m) != nil {
			t.Errorf("%s: 437 is not signed", network)
		}
		if n := b.Stats()["opened"]; n != 1 {
			t.Errorf("%s: %d relays", network, n)
		}
		if !first.Contains(stun.AttrXORMappedAddress) || !b.hub.Prefix().Contains(addrPort(relayed(t, first)).Addr()) {
			t.Errorf("%s: addresses", network)
		}
	}
}

// RFC 8489 section 6.3: who asks is checked before what is asked. Nobody learns by a code what the server knows.
func TestRFC8656_AuthenticationComesFirst(t *testing.T) {
	b := start(t, nil)
	for name, setters := range map[string][]stun.Setter{
		"unknown attribute": {overUDP(), attr(0x7FFE, 1)},
		"transport":         {attr(stun.AttrRequestedTransport, 6, 0, 0, 0)},
		"family":            {overUDP(), attr(stun.AttrRequestedAddressFamily, 2, 0, 0, 0)},
		"EVEN-PORT":         {overUDP(), attr(stun.AttrEvenPort, 0x80)},
	} {
		r := b.dial(t, "udp", "s1")
		r.pass = "wrong"
		if m := r.expect(401, stun.MethodAllocate, setters...); !m.Contains(stun.AttrRealm) || !m.Contains(stun.AttrNonce) {
			t.Errorf("%s: 401 without realm and nonce", name)
		}
	}
	b.dial(t, "udp", "s1").expect(437, stun.MethodCreatePermission, to(netip.MustParseAddrPort("127.0.0.1:9")))
	stranger := b.dial(t, "udp", "s1").allocate()
	stranger.pass = "wrong"
	for _, method := range []stun.Method{stun.MethodRefresh, stun.MethodCreatePermission, stun.MethodChannelBind} {
		stranger.expect(401, method, to(netip.MustParseAddrPort("127.0.0.1:9")))
	}
}

// Section 12: channels are 0x4000 to 0x4FFF, and each has one peer.
func TestRFC8656_ChannelNumbers(t *testing.T) {
	b := start(t, nil)
	peer := to(b.hub.Pinned())
	for number, want := range map[uint16]int{0x3FFF: 400, 0x4000: 0, 0x4FFF: 0, 0x5000: 400, 0x7FFF: 400, 0: 400} {
		r := b.dial(t, "udp", "s1").allocate()
		r.expect(want, stun.MethodChannelBind, attr(stun.AttrChannelNumber, byte(number>>8), byte(number), 0, 0), peer)
	}
	r := b.dial(t, "udp", "s1").allocate()
	channel := attr(stun.AttrChannelNumber, 0x40, 0, 0, 0)
	r.expect(0, stun.MethodChannelBind, channel, peer)
	r.expect(0, stun.MethodChannelBind, channel, peer) // a refresh
	r.expect(400, stun.MethodChannelBind, attr(stun.AttrChannelNumber, 0x40, 1, 0, 0), peer)
}
