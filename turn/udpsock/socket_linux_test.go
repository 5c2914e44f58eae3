package udpsock

import (
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// UDP on loopback never fills a send buffer, so the same send operation is aimed
// at a local datagram socket that nobody reads: there the kernel's answer to a
// full queue can be had for certain.
func TestFullBufferDropsAndCounts(t *testing.T) {
	c := listen(t, "udp4", "127.0.0.1:0")
	path := filepath.Join(t.TempDir(), "s")
	deaf, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(deaf) }()
	if err := unix.Bind(deaf, &unix.SockaddrUnix{Name: path}); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0) // a blocking socket: only MSG_DONTWAIT saves the caller
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(fd) }()
	op, ok := sendOps.Get().(*sendOp)
	if !ok {
		t.Fatal("pool holds something else")
	}
	op.buf, op.to = make([]byte, 1400), &unix.SockaddrUnix{Name: path}
	for range 4096 {
		op.call(uintptr(fd))
		if n, err := c.settle(len(op.buf), op.err); err != nil || n != len(op.buf) {
			t.Fatalf("wrote %d, %v: a full buffer must look written", n, err)
		}
		if c.Drops() > 0 {
			return
		}
	}
	t.Error("nothing was dropped")
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
