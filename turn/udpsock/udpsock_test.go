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

// What waits is given in its order and with its source, however much it is; closing ends a waiting read.
func TestBatch(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1"} {
		c, err := Listen("udp", "["+host+"]:0")
		if err != nil {
			t.Logf("no %s on this machine", host)
			continue
		}
		b, from := c.Batch(), at(t, c, host)
		buf := make([]byte, 64)
		for round := range 3 {
			const many = 40
			for i := range many {
				if _, err := c.WriteToAddrPort(bytes.Repeat([]byte{byte(i)}, 1+i), from); err != nil {
					t.Fatal(err)
				}
			}
			for i := range many {
				n, source, err := b.ReadFromAddrPort(buf)
				if err != nil || source != from || !bytes.Equal(buf[:n], bytes.Repeat([]byte{byte(i)}, 1+i)) {
					t.Fatalf("round %d, datagram %d: %d bytes, right source %v, %v", round, i, n, source == from, err)
				}
			}
		}
		if _, err := c.WriteToAddrPort(make([]byte, 3000), from); err != nil {
			t.Fatal(err)
		}
		if n, _, err := b.ReadFromAddrPort(make([]byte, 4000)); err != nil || n > 3000 {
			t.Errorf("a long datagram: %d, %v", n, err)
		}
		ended := make(chan error, 1)
		go func() { _, _, err := b.ReadFromAddrPort(buf); ended <- err }()
		_ = c.Close()
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("after close: %v", err)
		}
	}
}

// What is sent with one call arrives as the datagrams that it is made of, also where the kernel will not cut it: a
// segment of 9,000 bytes fits no Ethernet, and one of more than 65,507 nothing.
func TestWriteSegments(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1"} {
		c, err := Listen("udp", "["+host+"]:0")
		if err != nil {
			t.Logf("no %s on this machine", host)
			continue
		}
		t.Cleanup(func() { _ = c.Close() })
		_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
		for _, sizes := range [][]int{{1000, 1000, 1000}, {1000, 1000, 1}, {1200}, {9000, 9000, 9000}, {4, 4, 4, 4, 4, 2}} {
			var all []byte
			for i, size := range sizes {
				all = append(all, bytes.Repeat([]byte{byte(i)}, size)...)
			}
			if err := c.WriteSegments(all, sizes[0], at(t, c, host)); err != nil {
				t.Fatal(err)
			}
			buf := make([]byte, 10_000)
			for i, size := range sizes {
				n, _, err := c.ReadFromAddrPort(buf)
				if err != nil || !bytes.Equal(buf[:n], bytes.Repeat([]byte{byte(i)}, size)) {
					t.Fatalf("%v: datagram %d has %d bytes, %v", sizes, i, n, err)
				}
			}
		}
		if err := c.WriteSegments(make([]byte, 70_000*2), 70_000, at(t, c, host)); err == nil {
			t.Error("a datagram of 70,000 bytes was sent")
		}
	}
	if err := listen(t, "udp4", "127.0.0.1:0").WriteSegments([]byte("x"), 1, netip.AddrPort{}); err == nil {
		t.Error("sent to no address")
	}
}
