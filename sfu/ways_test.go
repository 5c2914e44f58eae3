package sfu_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"vitrine/internal/wire"
	"vitrine/sfu"
	"vitrine/test/client"
)

// listenUDP opens a socket, or skips where the machine has no such address.
func listenUDP(t *testing.T, network string, ip net.IP) *net.UDPConn {
	t.Helper()
	udp, err := net.ListenUDP(network, &net.UDPAddr{IP: ip})
	if err != nil {
		t.Skipf("no %s here: %v", network, err)
	}
	return udp
}

// only hides all candidates but those that hold a text.
func only(dial client.Dial, text string) client.Dial {
	return func(ctx context.Context, offer string) (string, error) {
		answer, err := dial(ctx, offer)
		var kept strings.Builder
		for line := range strings.Lines(answer) {
			if !strings.HasPrefix(line, "a=candidate:") || strings.Contains(line, text) {
				kept.WriteString(line)
			}
		}
		return kept.String(), err
	}
}

// remote is the server's candidate of the pair that a client uses.
func remote(t *testing.T, c *client.Client) *webrtc.ICECandidate {
	t.Helper()
	pair, err := c.PC.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || pair == nil {
		t.Fatalf("no pair: %v", err)
	}
	return pair.Remote
}

func (e *env) through(text string, networks ...webrtc.NetworkType) *webrtc.ICECandidate {
	e.t.Helper()
	g := customerGrant(e.open())
	c, err := client.Connect(timeout(e.t), client.Config{Networks: networks}, only(e.dial(g), text))
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { _ = c.Close() })
	e.send(c, hello)
	return remote(e.t, c)
}

func TestEverySocketIsAWay(t *testing.T) {
	second := listenUDP(t, "udp4", net.IPv4(127, 0, 0, 1))
	sixth := listenUDP(t, "udp6", net.IPv6loopback)
	e := start(t, sfu.Config{MoreUDP: []net.PacketConn{second, sixth}})
	for _, at := range []*net.UDPAddr{e.udp, second.LocalAddr().(*net.UDPAddr), sixth.LocalAddr().(*net.UDPAddr)} {
		text := " " + at.IP.String() + " " + at.AddrPort().String()[strings.LastIndex(at.AddrPort().String(), ":")+1:] + " "
		kind := webrtc.NetworkTypeUDP4
		if at.IP.To4() == nil {
			kind = webrtc.NetworkTypeUDP6
		}
		if got := e.through(text, kind); got.Address != at.IP.String() || int(got.Port) != at.Port {
			t.Errorf("through %v: used %v", at, got)
		}
	}
}

func TestICEOverTCP(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := start(t, sfu.Config{TCP: tcp})
	got := e.through(" tcp ", webrtc.NetworkTypeTCP4)
	if got.Protocol != webrtc.ICEProtocolTCP || int(got.Port) != tcp.Addr().(*net.TCPAddr).Port {
		t.Errorf("used %v", got)
	}
}

// One listener on all addresses, known by one of each family, as behind a cloud's NAT.
func TestICEOverTCP_KnownByOtherAddresses(t *testing.T) {
	tcp, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	e := start(t, sfu.Config{TCP: tcp, Addresses: []netip.Addr{netip.MustParseAddr("127.0.0.2")}})
	if got := e.through(" tcp ", webrtc.NetworkTypeTCP4); got.Address != "127.0.0.2" {
		t.Errorf("used %v", got)
	}
	tcp, err = net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	udp := listenUDP(t, "udp4", net.IPv4(127, 0, 0, 1))
	if _, err := sfu.New(sfu.Config{UDP: udp, TCP: tcp}); !errors.Is(err, sfu.ErrAddress) {
		t.Errorf("all addresses and none that is known: %v", err)
	}
	_ = tcp.Close()
}

// Who opens TCP connections and says nothing, or too many of them, keeps nobody else out.
func TestICEOverTCP_Flood(t *testing.T) {
	tcp, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := start(t, sfu.Config{TCP: tcp})
	var open []net.Conn
	for range 200 {
		conn, err := net.Dial("tcp4", tcp.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, conn)
	}
	for _, conn := range open[128:] {
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a connection beyond the bound: %v", err)
		}
	}
	// The silent ones are closed after five seconds, and count no more.
	_ = open[0].SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := open[0].Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !strings.Contains(err.Error(), "reset") {
		t.Errorf("a silent connection: %v", err)
	}
	for _, conn := range open {
		_ = conn.Close()
	}
	if got := e.through(" tcp ", webrtc.NetworkTypeTCP4); got.Protocol != webrtc.ICEProtocolTCP {
		t.Errorf("used %v", got)
	}
}

// The server tells each connection the way it came, and counts it.
func TestWaysAreTold(t *testing.T) {
	tcp, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	measured := make(chan sfu.Measurement, 64)
	e := start(t, sfu.Config{
		TCP: tcp, Timeouts: sfu.Timeouts{Ping: 20 * time.Millisecond, Quality: 50 * time.Millisecond},
		Measured: func(m sfu.Measurement) {
			select {
			case measured <- m:
			default:
			}
		},
		Relayed: func(at netip.AddrPort) wire.Path {
			if !at.Addr().IsLoopback() {
				t.Errorf("asked about %v", at)
			}
			return wire.PathUnknown
		},
	})
	udp := strconv.Itoa(e.udp.Port)
	for way, c := range map[wire.Path]struct {
		text    string
		network webrtc.NetworkType
	}{wire.PathUDP: {" " + udp + " ", webrtc.NetworkTypeUDP4}, wire.PathTCP: {" tcp ", webrtc.NetworkTypeTCP4}} {
		g := customerGrant(e.open())
		cl, err := client.Connect(timeout(t), client.Config{Networks: []webrtc.NetworkType{c.network}}, only(e.dial(g), c.text))
		if err != nil {
			t.Fatal(err)
		}
		e.send(cl, hello)
		q := take(t, cl, client.Any[*wire.Quality])
		if q.Path != way || q.Loss != 0 {
			t.Errorf("by %d: told %+v", way, *q)
		}
		for m := range measured {
			if m.Path == way && m.Role == sfu.Customer {
				break
			}
		}
		if n := e.sfu.Paths()[way]; n != 1 {
			t.Errorf("%d connections are counted", n)
		}
		_ = cl.Close()
	}
}
