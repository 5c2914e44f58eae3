package udpsock

import (
	"testing"

	"golang.org/x/sys/unix"
)

// Loopback takes every datagram at once, so the send buffer is filled from the
// other end: a corked socket keeps what is written charged to itself until the
// kernel answers ENOBUFS, the same answer a full device queue gives.
func TestFullBufferDropsAndCounts(t *testing.T) {
	c := listen(t, "udp4", "127.0.0.1:0")
	to := at(t, c, "127.0.0.1")
	if err := c.udp.SetWriteBuffer(1); err != nil { // the kernel's floor, 2304 usable
		t.Fatal(err)
	}
	var cork error
	if err := c.raw.Control(func(fd uintptr) { cork = unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_CORK, 1) }); err != nil || cork != nil {
		t.Fatal(err, cork)
	}
	payload := make([]byte, 1400)
	for range 32 {
		n, err := c.WriteToAddrPort(payload, to)
		if err != nil || n != len(payload) {
			t.Fatalf("wrote %d, %v: a full buffer must look written", n, err)
		}
	}
	if c.Drops() == 0 {
		t.Error("the kernel refused nothing or the refusals were not counted")
	}
}

func TestTryRead(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1"} {
		c, err := Listen("udp", "["+host+"]:0")
		if err != nil {
			t.Logf("no %s on this machine", host)
			continue
		}
		t.Cleanup(func() { _ = c.Close() })
		buf := make([]byte, 8)
		if _, _, ok := c.TryReadFromAddrPort(buf); ok {
			t.Fatal("read something from an empty socket")
		}
		if _, err := c.WriteToAddrPort([]byte("hi"), at(t, c, host)); err != nil {
			t.Fatal(err)
		}
		wait(t, c)
		if n, from, ok := c.TryReadFromAddrPort(buf); !ok || string(buf[:n]) != "hi" || from != at(t, c, host) {
			t.Errorf("ok=%v n=%d", ok, n)
		}
	}
}

// wait blocks until the socket has something to read.
func wait(t *testing.T, c *Conn) {
	t.Helper()
	err := c.raw.Control(func(fd uintptr) {
		_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 5000)
	})
	if err != nil {
		t.Fatal(err)
	}
}
