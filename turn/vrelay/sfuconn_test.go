package vrelay

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"vitrine/turn/udpsock"
)

func pinned() netip.AddrPort { return netip.MustParseAddrPort("203.0.113.7:443") }

func hub(t testing.TB, c Config) *Hub {
	t.Helper()
	if !c.Pinned.IsValid() {
		c.Pinned = pinned()
	}
	h, err := NewHub(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

func sfu(t testing.TB, h *Hub, real net.PacketConn) *SFUConn {
	t.Helper()
	c, err := h.SFUConn(real)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func open(t testing.TB, h *Hub, session string) *Relay {
	t.Helper()
	r, err := h.Open(Owner{Session: session, Name: session}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func loopback(t testing.TB) *udpsock.Conn {
	t.Helper()
	c, err := udpsock.Listen("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func addrPort(t testing.TB, a net.Addr) netip.AddrPort {
	t.Helper()
	u, ok := a.(*net.UDPAddr)
	if !ok {
		t.Fatalf("address is a %T", a)
	}
	return u.AddrPort()
}

// sockets gives every kind of connection an SFUConn can be built on.
func sockets(t *testing.T) map[string]net.PacketConn {
	plain, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return map[string]net.PacketConn{
		"none": nil, "udpsock": loopback(t), "net.UDPConn": plain,
		"other": struct{ net.PacketConn }{wrapped},
	}
}

func TestEchoBothWays(t *testing.T) {
	for name, real := range sockets(t) {
		t.Run(name, func(t *testing.T) {
			h := hub(t, Config{})
			c := sfu(t, h, real)
			r := open(t, h, "s")
			peer := net.UDPAddrFromAddrPort(pinned())
			go echo(c)
			buf := make([]byte, maxDatagram)
			for i := range 200 {
				want := []byte("datagram " + strconv.Itoa(i))
				if i == 1 && !r.answered.Load() {
					t.Fatal("the SFU's answer left the relay unanswered")
				}
				if n, err := r.WriteTo(want, peer); n != len(want) || err != nil {
					t.Fatal(n, err)
				}
				_ = r.SetReadDeadline(time.Now().Add(5 * time.Second))
				n, from, err := r.ReadFrom(buf)
				if err != nil || !bytes.Equal(buf[:n], want) || addrPort(t, from) != pinned() {
					t.Fatalf("echo %d: %v", i, err)
				}
			}
			if got := c.LocalAddr().String(); got != pinned().String() {
				t.Errorf("LocalAddr %s is not the pinned peer", got)
			}
		})
	}
}

func echo(c *SFUConn) {
	buf := make([]byte, maxDatagram)
	for {
		n, from, err := c.ReadFromAddrPort(buf)
		if err != nil {
			return
		}
		if _, err := c.WriteToAddrPort(buf[:n], from); err != nil {
			return
		}
	}
}

// A busy relay cannot starve direct peers, whichever kind of socket lies below,
// and a waiting direct datagram does not hold up the relays.
func TestNeitherSideStarves(t *testing.T) {
	for name, real := range sockets(t) {
		if real == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			h := hub(t, Config{})
			c := sfu(t, h, real)
			r := open(t, h, "s")
			r.answered.Store(true) // the cap before the first answer is not what is tested
			client := loopback(t)
			for range 4 * fairRun {
				_, _ = r.WriteTo([]byte("v"), h.peer)
				if _, err := client.WriteTo([]byte("r"), real.LocalAddr()); err != nil {
					t.Fatal(err)
				}
			}
			_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
			buf, seen := make([]byte, 16), map[byte]int{}
			for range 2*fairRun + 2 {
				n, _, err := c.ReadFromAddrPort(buf)
				if err != nil {
					t.Fatalf("after %d virtual and %d real: %v", seen['v'], seen['r'], err)
				}
				seen[buf[:n][0]]++
			}
			if seen['r'] < 2 || seen['v'] < fairRun {
				t.Errorf("%d virtual and %d real, want at least one real per %d virtual", seen['v'], seen['r'], fairRun)
			}
		})
	}
}

func TestOnlyThePinnedPeerExists(t *testing.T) {
	h := hub(t, Config{})
	c := sfu(t, h, nil)
	r := open(t, h, "s")
	others := []string{
		"203.0.113.7:444", "203.0.113.8:443", "0.0.0.0:443", "127.0.0.1:443", "[::1]:443", "[::]:443",
		"[64:ff9b::cb00:7107]:443", "[2002:cb00:7107::1]:443", "198.51.100.1:1025",
	}
	for _, other := range others {
		if n, err := r.WriteTo([]byte("x"), net.UDPAddrFromAddrPort(netip.MustParseAddrPort(other))); n != 1 || err != nil {
			t.Errorf("%s: %d, %v: a datagram to nowhere must look sent", other, n, err)
		}
	}
	if _, err := r.WriteTo([]byte("x"), &net.TCPAddr{IP: h.peer.IP, Port: h.peer.Port}); err != nil {
		t.Error(err)
	}
	if got := h.Stats()["dropped_other_peer"]; got != uint64(len(others)+1) {
		t.Errorf("%d counted as other peer, want %d", got, len(others)+1)
	}
	if !h.up.empty() {
		t.Error("a datagram for another peer reached the SFU's queue")
	}
	// The mapped form is the same host once unmapped (RFC 4291 section 2.5.5.2).
	if _, err := r.WriteTo([]byte("y"), &net.UDPAddr{IP: h.peer.IP.To16(), Port: h.peer.Port}); err != nil {
		t.Error(err)
	}
	buf := make([]byte, 8)
	if n, from, err := c.ReadFromAddrPort(buf); err != nil || n != 1 || from != addrPort(t, r.LocalAddr()) {
		t.Errorf("the pinned peer: %d, %v", n, err)
	}
}

func TestSpoofedSourceIsDropped(t *testing.T) {
	// Loopback cannot send from TEST-NET-2, so the prefix is moved to where it can.
	sender := loopback(t)
	real := loopback(t)
	h := hub(t, Config{Prefix: netip.MustParsePrefix("127.0.0.0/24")})
	c := sfu(t, h, real)
	if _, err := sender.WriteTo([]byte("spoof"), real.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	if _, _, err := c.ReadFromAddrPort(make([]byte, 16)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a source inside the virtual prefix came through the real socket: %v", err)
	}
	if h.Stats()["dropped_spoofed"] != 1 {
		t.Error("the spoofed datagram was not counted")
	}
}

func TestDeadlines(t *testing.T) {
	for name, real := range sockets(t) {
		t.Run(name, func(t *testing.T) {
			h := hub(t, Config{})
			c := sfu(t, h, real)
			r := open(t, h, "s")
			buf := make([]byte, 16)
			for _, conn := range []net.PacketConn{c, r} {
				_ = conn.SetDeadline(time.Now().Add(-time.Second))
				if _, _, err := conn.ReadFrom(buf); !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("%T, past deadline: %v", conn, err)
				}
				_ = conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
				if _, _, err := conn.ReadFrom(buf); !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("%T, coming deadline: %v", conn, err)
				}
				_ = conn.SetDeadline(time.Time{})
			}
			// A removed deadline leaves both readable.
			go func() { _, _ = r.WriteTo([]byte("x"), h.peer) }()
			n, from, err := c.ReadFromAddrPort(buf)
			if err != nil || n != 1 {
				t.Fatal(n, err)
			}
			go func() { _, _ = c.WriteToAddrPort([]byte("y"), from) }()
			if n, _, err := r.ReadFrom(buf); err != nil || n != 1 {
				t.Fatal(n, err)
			}
		})
	}
}

func TestCloseEndsWaitingReads(t *testing.T) {
	for name, real := range sockets(t) {
		t.Run(name, func(t *testing.T) {
			h := hub(t, Config{})
			c := sfu(t, h, real)
			r := open(t, h, "s")
			ended := make(chan error, 2)
			read := func(p net.PacketConn) { _, _, err := p.ReadFrom(make([]byte, 8)); ended <- err }
			go read(c)
			go read(r)
			if err := errors.Join(h.Close(), c.Close()); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := <-ended; !errors.Is(err, net.ErrClosed) {
					t.Errorf("read ended with %v", err)
				}
			}
			for _, conn := range []net.PacketConn{c, r} {
				if _, err := conn.WriteTo([]byte("x"), h.peer); !errors.Is(err, net.ErrClosed) {
					t.Errorf("%T wrote after close: %v", conn, err)
				}
			}
			if _, err := h.Open(Owner{Session: "s", Name: "s"}, nil); !errors.Is(err, ErrClosed) {
				t.Errorf("a closed hub opened a relay: %v", err)
			}
		})
	}
}

func TestLittleGetsThroughBeforeTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := hub(t, Config{Queue: 1000})
		c := sfu(t, h, nil)
		r := open(t, h, "s")
		send := func(n, size int) {
			for range n {
				_, _ = r.WriteTo(make([]byte, size), h.peer)
			}
		}
		send(80, 100)
		if got := h.Stats()["packets_up"]; got != earlyPackets {
			t.Errorf("%d small datagrams of the first second, want %d", got, earlyPackets)
		}
		time.Sleep(time.Second)
		send(80, 1500)
		if got := h.Stats()["bytes_up"]; got > 2*earlyBytes {
			t.Errorf("%d bytes in two seconds", got)
		}
		_, _ = c.WriteTo([]byte("answer"), r.LocalAddr())
		before := h.Stats()["packets_up"]
		send(200, 1500)
		if got := h.Stats()["packets_up"] - before; got != 200 {
			t.Errorf("%d of 200 after the answer", got)
		}
	})
}

func TestOneFloodDelaysOthersByOneEach(t *testing.T) {
	h := hub(t, Config{})
	c := sfu(t, h, nil)
	loud, quiet := open(t, h, "loud"), open(t, h, "quiet")
	loud.answered.Store(true)
	for range 200 {
		_, _ = loud.WriteTo([]byte("l"), h.peer)
	}
	_, _ = quiet.WriteTo([]byte("q"), h.peer)
	buf := make([]byte, 4)
	for i := range 3 {
		if _, from, err := c.ReadFromAddrPort(buf); err != nil {
			t.Fatal(err)
		} else if from == quiet.addr {
			return
		} else if i == 2 {
			t.Error("the quiet relay waits behind the flood")
		}
	}
}
