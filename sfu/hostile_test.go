package sfu_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"vitrine/internal/wire"
	"vitrine/sfu"
	"vitrine/test/client"
)

// unharmed is a session that must go on whatever happens in others.
type unharmed struct {
	e        *env
	customer *client.Client
	agent    *client.Client
	seq      uint32
}

func (e *env) unharmed() *unharmed {
	_, customer, agent := e.pair(client.Config{})
	take(e.t, agent, client.Any[*wire.Batch])
	return &unharmed{e: e, customer: customer, agent: agent}
}

func (u *unharmed) check() {
	u.e.t.Helper()
	u.seq++
	u.e.send(u.customer, frame(client.SetText(1, u.seq, client.FirstParagraph+1, []byte("still here"))))
	take(u.e.t, u.agent, func(f *wire.Batch) bool { return f.Seq == u.seq })
}

func TestThirdStrikeClosesTheConnection(t *testing.T) {
	garbage := []struct {
		name string
		role sfu.Role
		rule string
		ch   wire.Channel
		msg  []byte
	}{
		{"no frame", sfu.Customer, "row35-length", wire.Ctl, []byte{0}},
		{"empty message", sfu.Customer, "row35-length", wire.Ctl, []byte{}},
		{"unknown type", sfu.Customer, "row36-type", wire.Ctl, []byte{0, 200, 1}},
		{"long varint", sfu.Customer, "row35-varint", wire.Ctl, []byte{0, 0x83, 0x00}},
		{"rest behind a frame", sfu.Customer, "row35-trailing-bytes", wire.Ctl, append([]byte{0}, (&wire.Ping{Seq: 1}).AppendTo([]byte{})[0], 1, 1)},
		{"agent's frame from a customer", sfu.Customer, "row36-type", wire.Input, (&wire.Click{}).AppendTo([]byte{0})},
		{"customer's frame from an agent", sfu.Agent, "row36-type", wire.Dom, client.Snapshot(9, []byte("x")).AppendTo([]byte{0})},
		{"server's frame", sfu.Agent, "row36-type", wire.Ctl, (&wire.Scopes{Granted: 255, Driver: 1}).AppendTo([]byte{0})},
		{"wrong channel", sfu.Agent, "row36-channel", wire.Ctl, (&wire.Click{}).AppendTo([]byte{0})},
		{"page on the control channel", sfu.Customer, "row36-channel", wire.Ctl, client.Snapshot(9, []byte("x")).AppendTo([]byte{0})},
		{"piece without a first", sfu.Customer, "row37-piece", wire.Dom, []byte{3, 1}},
		{"pieces on the control channel", sfu.Agent, "row37-piece", wire.Ctl, []byte{2, 0, 9, 9, 1}},
		{"huge announcement", sfu.Customer, "row35-range", wire.Dom, []byte{2, 0, 0xff, 0xff, 0xff, 0x7f, 1}},
		{"bad deflate", sfu.Customer, "row38-inflate", wire.Dom, []byte{1, 20, 0xff, 0xff, 0xff}},
		{"second hello", sfu.Agent, "row36-hello", wire.Ctl, (&wire.Hello{Protocol: 1}).AppendTo([]byte{0})},
		{"answer to no question", sfu.Customer, "row39-ask", wire.Ctl, (&wire.Answer{Ask: 77}).AppendTo([]byte{0})},
		{"receipt with text", sfu.Customer, "row36-rule", wire.Ctl, (&wire.Receipt{From: 1, Rule: "Call me"}).AppendTo([]byte{0})},
	}
	e := start(t, sfu.Config{})
	other := e.unharmed()
	for _, g := range garbage {
		t.Run(g.name, func(t *testing.T) {
			session, customer, agent := e.pair(client.Config{})
			take(t, agent, client.Any[*wire.Batch])
			bad, good := customer, agent
			if g.role == sfu.Agent {
				bad, good = agent, customer
			}
			for range 3 {
				if err := bad.SendMessage(g.ch, g.msg); err != nil {
					t.Fatal(err)
				}
			}
			if f := take(t, bad, state(wire.StateEnded)); f.Reason != wire.EndProtocol {
				t.Errorf("reason %d", f.Reason)
			}
			<-bad.Closed()
			refused := e.event(func(ev sfu.Event) bool { return ev.Session == session && ev.Kind == sfu.FrameRefused })
			if refused.Rule != g.rule || refused.Role != g.role {
				t.Errorf("rule %q of the %s, want %q of the %s", refused.Rule, refused.Role, g.rule, g.role)
			}
			if g.role == sfu.Customer {
				take(t, good, state(wire.StateEnded))
			} else if _, ok := e.sfu.Lookup(session); !ok {
				t.Error("an agent's strikes ended the session")
			}
			other.check()
		})
	}
}

func TestNothingBeforeHello(t *testing.T) {
	e := start(t, sfu.Config{})
	session := e.open()
	c := e.connect(customerGrant(session), client.Config{})
	for _, f := range []wire.Frame{&wire.Ping{}, client.Snapshot(1, []byte("x")), &wire.End{}} {
		e.send(c, frame(f))
	}
	take(t, c, state(wire.StateEnded))
	<-c.Closed()
	refused := e.event(func(ev sfu.Event) bool { return ev.Kind == sfu.FrameRefused })
	if refused.Rule != "row36-hello" {
		t.Errorf("rule %q", refused.Rule)
	}
	if info, ok := e.sfu.Lookup(session); !ok || info.State != wire.StateWaiting {
		t.Error("what came before Hello changed the session")
	}
	for _, wrong := range []*wire.Hello{{Protocol: 99, Table: 1}, {Protocol: 1, Table: 99}} {
		c := e.connect(customerGrant(session), client.Config{})
		e.send(c, frame(wrong))
		<-c.Closed()
	}
}

func TestRefusedBatchIsHealedBySnapshot(t *testing.T) {
	e := start(t, sfu.Config{})
	_, customer, agent := e.pair(client.Config{})
	take(t, agent, client.Any[*wire.Batch])
	e.send(customer, frame(client.SetText(1, 1, 4711, []byte("x")))) // no such node
	for seq := uint32(2); seq < 9; seq++ {                           // on their way already
		e.send(customer, frame(client.SetText(1, seq, client.FirstParagraph+1, []byte("x"))))
	}
	f := take(t, customer, client.Any[*wire.Resync])
	if f.Epoch != 1 || !strings.HasPrefix(f.Rule, "row") {
		t.Fatalf("resync %+v", *f)
	}
	e.send(customer, frame(client.Snapshot(2, []byte("healed"))))
	if b := take(t, agent, client.Any[*wire.Batch]); b.Epoch != 2 {
		t.Fatalf("epoch %d seq %d reached the agent", b.Epoch, b.Seq)
	}
}

func TestStrayChannelClosesTheConnection(t *testing.T) {
	e := start(t, sfu.Config{})
	other := e.unharmed()
	strays := map[string]webrtc.DataChannelInit{
		"row36-stray-channel": {},
		"row36-stray-stream":  {Negotiated: new(bool), ID: new(uint16)},
	}
	*strays["row36-stray-stream"].Negotiated = true
	*strays["row36-stray-stream"].ID = 9
	for rule, set := range strays {
		session := e.open()
		c := e.join(customerGrant(session), client.Config{})
		dc, err := c.PC.CreateDataChannel("stray", &set)
		if err != nil {
			t.Fatal(err)
		}
		dc.OnOpen(func() {
			if stream, err := dc.Detach(); err == nil {
				_, _ = stream.Write([]byte{1, 2, 3})
			}
		})
		<-c.Closed()
		e.event(func(ev sfu.Event) bool {
			return ev.Session == session && ev.Kind == sfu.ConnectionClosed && ev.Rule == rule
		})
		other.check()
	}
}

func TestFloodClosesTheConnection(t *testing.T) {
	e := start(t, sfu.Config{Limits: sfu.Limits{Rates: [5]sfu.Rate{wire.Ctl: {Messages: 50, Bytes: 1 << 20}}}})
	other := e.unharmed()
	session := e.open()
	c := e.join(customerGrant(session), client.Config{})
	for range 200 {
		if c.Send(&wire.Ping{}) != nil {
			break
		}
	}
	<-c.Closed()
	e.event(func(ev sfu.Event) bool { return ev.Session == session && ev.Rule == "row39-rate-ctl" })
	other.check()
}

// The server answers checks and sends none of its own accord, whatever address an offer names.
// TestThreat38_InflatedFlood holds that frames count as what they become: the same bytes over and over take nothing on the
// way, and all of the server's time behind it.
func TestThreat38_InflatedFlood(t *testing.T) {
	e := start(t, sfu.Config{Limits: sfu.Limits{Rates: [5]sfu.Rate{wire.Dom: {Messages: 20_000, Bytes: 512 << 10}}}})
	session, customer, agent := e.pair(client.Config{})
	take(t, agent, client.Any[*wire.Batch])
	block := make([]byte, 1000)
	for i := range block {
		block[i] = 'a' + byte(i*i%23)
	}
	text := bytes.Repeat(block, 400)
	for seq := range uint32(12) { // more than the share grows by while a busy machine takes its time
		f := client.SetText(1, seq+1, client.FirstParagraph+1, text)
		if err := customer.SendBytes(wire.Dom, f.AppendTo(nil), true); err != nil {
			break
		}
	}
	e.event(func(ev sfu.Event) bool { return ev.Session == session && ev.Rule == "row39-rate-dom" })
}

func TestOfferNamesAThirdAddress(t *testing.T) {
	e := start(t, sfu.Config{})
	victim, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer victim.Close()
	port := victim.LocalAddr().(*net.UDPAddr).Port
	lines := fmt.Sprintf("a=candidate:1 1 udp 2130706431 127.0.0.1 %d typ host\r\na=candidate:2 1 udp 1694498815 127.0.0.1 %d typ srflx raddr 0.0.0.0 rport 0\r\na=remote-candidates:1 127.0.0.1 %d\r\na=end-of-candidates\r\n", port, port, port)
	session := e.open()
	dial := e.dial(customerGrant(session))
	c, err := client.Connect(timeout(t), client.Config{}, func(ctx context.Context, offer string) (string, error) {
		head, media, _ := strings.Cut(offer, "m=application")
		return dial(ctx, head+lines+"m=application"+media+lines)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	e.send(c, hello)
	take(t, c, client.Any[*wire.Welcome])
	// A server that had taken the candidates would have checked them at least once in the 200 ms of each round.
	if err := victim.SetReadDeadline(time.Now().Add(1500 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, from, err := victim.ReadFromUDP(make([]byte, 1500)); !errors.Is(err, net.ErrClosed) && err == nil {
		t.Fatalf("%d bytes came from %v", n, from)
	}
}

func TestOffersThatAreRefused(t *testing.T) {
	e := start(t, sfu.Config{})
	session := e.open()
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	if _, err := pc.CreateDataChannel("x", nil); err != nil {
		t.Fatal(err)
	}
	good, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	media := good.SDP[strings.Index(good.SDP, "m="):]
	for name, offer := range map[string]string{
		"empty":        "",
		"no SDP":       "hello",
		"two sections": good.SDP + media,
		"audio":        strings.Replace(good.SDP, "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "m=audio 9 UDP/TLS/RTP/SAVPF 111", 1),
		"too long":     good.SDP + strings.Repeat("a=x\r\n", 4000),
		"no section":   good.SDP[:len(good.SDP)-len(media)],
		"no password":  strings.ReplaceAll(good.SDP, "a=ice-pwd", "a=ice-nothing"),
		"no print":     strings.ReplaceAll(good.SDP, "a=fingerprint", "a=finger"),
	} {
		if _, err := e.sfu.Connect(timeout(t), customerGrant(session), offer); !errors.Is(err, sfu.ErrOffer) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := e.sfu.Connect(timeout(t), customerGrant("s_none"), good.SDP); !errors.Is(err, sfu.ErrNoSession) {
		t.Errorf("foreign session: %v", err)
	}
	if _, err := e.sfu.Connect(timeout(t), sfu.Grant{Session: session}, good.SDP); !errors.Is(err, sfu.ErrGrant) {
		t.Errorf("no role: %v", err)
	}
}

func TestAnswerNamesTheGivenAddressesOnly(t *testing.T) {
	e := start(t, sfu.Config{Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.7")}})
	session := e.open()
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	if _, err := pc.CreateDataChannel("x", nil); err != nil {
		t.Fatal(err)
	}
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := e.sfu.Connect(timeout(t), customerGrant(session), offer.SDP)
	if err != nil {
		t.Fatal(err)
	}
	var candidates []string
	for line := range strings.Lines(c.Answer) {
		if strings.HasPrefix(line, "a=candidate:") {
			candidates = append(candidates, strings.TrimSpace(line))
		}
	}
	want := fmt.Sprintf(" 192.0.2.7 %d typ host", e.udp.Port)
	if len(candidates) == 0 || slices.ContainsFunc(candidates, func(c string) bool { return !strings.Contains(c, want) }) {
		t.Errorf("candidates %q", candidates)
	}
	if !strings.Contains(c.Answer, "a=setup:passive") || !strings.Contains(c.Answer, "a=max-message-size:65536") {
		t.Error("the answer lacks the DTLS role or the message size")
	}
}

func TestRestartBelongsToItsOwner(t *testing.T) {
	e := start(t, sfu.Config{})
	session := e.open()
	g := customerGrant(session)
	var conn sfu.Connection
	c, err := client.Connect(timeout(t), client.Config{}, func(ctx context.Context, offer string) (answer string, err error) {
		conn, err = e.sfu.Connect(ctx, g, offer)
		return conn.Answer, err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	e.send(c, hello)
	take(t, c, client.Any[*wire.Welcome])
	old := conn.ETag
	if err := c.Restart(timeout(t), func(ctx context.Context, offer string) (string, error) {
		for _, wrong := range []sfu.Grant{agentGrant(session, "customer"), customerGrant("s_other")} {
			if _, err := e.sfu.Restart(ctx, wrong, conn.ID, conn.ETag, offer); !errors.Is(err, sfu.ErrNoConnection) {
				t.Errorf("a stranger's restart: %v", err)
			}
		}
		if _, err := e.sfu.Restart(ctx, g, conn.ID, "old", offer); !errors.Is(err, sfu.ErrETag) {
			t.Errorf("old ETag: %v", err)
		}
		first := conn.ETag
		if conn, err = e.sfu.Restart(ctx, g, conn.ID, first, offer); err != nil {
			return "", err
		}
		// Whoever did not hear the answer gets it again, and nobody who has another offer.
		if again, err := e.sfu.Restart(ctx, g, conn.ID, first, offer); err != nil || again != conn {
			t.Errorf("the same once more: %v, the same answer: %v", err, again == conn)
		}
		other := strings.Replace(offer, "a=ice-ufrag:", "a=ice-ufrag:x", 1)
		if _, err := e.sfu.Restart(ctx, g, conn.ID, first, other); !errors.Is(err, sfu.ErrETag) {
			t.Errorf("another offer with the old ETag: %v", err)
		}
		return conn.Answer, nil
	}); err != nil {
		t.Fatal(err)
	}
	if conn.ETag == old {
		t.Error("the ETag did not change")
	}
	e.send(c, frame(&wire.Ping{Seq: 5}))
	take(t, c, func(f *wire.Pong) bool { return f.Seq == 5 })
	if err := e.sfu.Disconnect(agentGrant(session, "x"), conn.ID); !errors.Is(err, sfu.ErrNoConnection) {
		t.Errorf("a stranger's disconnect: %v", err)
	}
	if err := e.sfu.Disconnect(g, conn.ID); err != nil {
		t.Error(err)
	}
	<-c.Closed()
}

func TestOfferWithoutConnectionTimesOut(t *testing.T) {
	e := start(t, sfu.Config{Timeouts: sfu.Timeouts{Handshake: 300 * time.Millisecond, Ping: 50 * time.Millisecond}, Limits: sfu.Limits{Pending: 2}})
	session := e.open()
	base := runtime.NumGoroutine()
	g := customerGrant(session)
	offers := func() error {
		pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
		if err != nil {
			t.Fatal(err)
		}
		defer pc.Close()
		if _, err := pc.CreateDataChannel("x", nil); err != nil {
			t.Fatal(err)
		}
		offer, err := pc.CreateOffer(nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = e.sfu.Connect(timeout(t), g, offer.SDP)
		return err
	}
	for range 2 {
		if err := offers(); err != nil {
			t.Fatal(err)
		}
	}
	if err := offers(); !errors.Is(err, sfu.ErrBusy) {
		t.Errorf("third offer at once: %v", err)
	}
	e.event(func(ev sfu.Event) bool { return ev.Kind == sfu.ConnectionClosed && ev.Rule == "handshake" })
	eventually(t, func() bool { return runtime.NumGoroutine() <= base+2 }, func() string {
		return fmt.Sprintf("%d goroutines, %d at first", runtime.NumGoroutine(), base)
	})
}

func TestConnectionsLeaveNothingBehind(t *testing.T) {
	e := start(t, sfu.Config{})
	cycle := func() {
		_, customer, agent := e.pair(client.Config{})
		take(t, agent, client.Any[*wire.Batch])
		e.send(customer, frame(&wire.End{}))
		<-agent.Closed()
		<-customer.Closed()
		if err := errors.Join(customer.Close(), agent.Close()); err != nil {
			t.Fatal(err)
		}
	}
	cycle()
	eventually(t, func() bool { return runtime.NumGoroutine() < 12 }, func() string { return "no rest after the first cycle" })
	base := runtime.NumGoroutine()
	for range 25 {
		cycle()
	}
	eventually(t, func() bool { return runtime.NumGoroutine() <= base }, func() string {
		return fmt.Sprintf("%d goroutines after 25 cycles, %d before", runtime.NumGoroutine(), base)
	})
}
