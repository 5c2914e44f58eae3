package udpsock

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"
)

func listen(t testing.TB, network, address string) *Conn {
	t.Helper()
	c, err := Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

func at(t testing.TB, c *Conn, ip string) netip.AddrPort {
	t.Helper()
	local, ok := c.LocalAddr().(*net.UDPAddr)
	if !ok {
		t.Fatal("local address is not UDP")
	}
	return netip.AddrPortFrom(netip.MustParseAddr(ip), uint16(local.Port))
}

func TestFamilies(t *testing.T) {
	v4 := listen(t, "udp4", "127.0.0.1:0")
	v6, err := Listen("udp6", "[::1]:0")
	if err != nil {
		t.Skipf("no IPv6 on this machine: %v", err)
	}
	t.Cleanup(func() { _ = v6.Close() })
	dual := listen(t, "udp", ":0")
	for _, c := range []struct {
		name     string
		from, to *Conn
		ip       string
	}{
		{"v4 to v4", v4, v4, "127.0.0.1"}, {"v6 to v6", v6, v6, "::1"},
		{"v4 to dual", v4, dual, "127.0.0.1"}, {"v6 to dual", v6, dual, "::1"},
		{"dual to v4", dual, v4, "127.0.0.1"}, {"dual to v6", dual, v6, "::1"},
		{"dual to mapped", dual, v4, "::ffff:127.0.0.1"}, {"v4 to mapped", v4, v4, "::ffff:127.0.0.1"},
	} {
		buf := make([]byte, 64)
		want := []byte(c.name)
		if n, err := c.from.WriteToAddrPort(want, at(t, c.to, c.ip)); err != nil || n != len(want) {
			t.Errorf("%s: wrote %d, %v", c.name, n, err)
			continue
		}
		n, from, err := c.to.ReadFromAddrPort(buf)
		if err != nil || !bytes.Equal(buf[:n], want) || from.Addr().Is4In6() {
			t.Errorf("%s: read %q from mapped=%v, %v", c.name, buf[:n], from.Addr().Is4In6(), err)
		}
		// The answer finds its way by the address just read, both interfaces.
		if _, err := c.to.WriteTo(want, net.UDPAddrFromAddrPort(from)); err != nil {
			t.Errorf("%s: answer: %v", c.name, err)
		} else if n, _, err := c.from.ReadFrom(buf); err != nil || !bytes.Equal(buf[:n], want) {
			t.Errorf("%s: answer %q, %v", c.name, buf[:n], err)
		}
	}
}

func TestRefusesOtherAddresses(t *testing.T) {
	v4 := listen(t, "udp4", "127.0.0.1:0")
	for _, to := range []netip.AddrPort{{}, netip.MustParseAddrPort("[2001:db8::1]:9")} {
		if _, err := v4.WriteToAddrPort([]byte("x"), to); err == nil {
			t.Errorf("IPv4 socket wrote to an address of the wrong family (valid=%v)", to.IsValid())
		}
	}
	if _, err := v4.WriteTo([]byte("x"), &net.TCPAddr{}); err == nil {
		t.Error("wrote to a TCP address")
	}
	if err := v4.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := v4.WriteToAddrPort([]byte("x"), netip.MustParseAddrPort("127.0.0.1:9")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("write after close: %v", err)
	}
}

func TestBuffersAreReadBack(t *testing.T) {
	c := listen(t, "udp4", "127.0.0.1:0")
	recv, send := c.Buffers()
	if c.NonBlocking && (recv <= 0 || send <= 0 || recv > BufferSize || send > BufferSize) {
		t.Errorf("buffers %d, %d", recv, send)
	}
}

// BenchmarkWrite shows that a write allocates nothing.
func BenchmarkWrite(b *testing.B) {
	c := listen(b, "udp4", "127.0.0.1:0")
	to := at(b, c, "127.0.0.1")
	payload := make([]byte, 1200)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.WriteToAddrPort(payload, to); err != nil {
			b.Fatal(err)
		}
	}
}
