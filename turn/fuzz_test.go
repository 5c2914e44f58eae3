package turn

import (
	"io"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/pion/stun/v2"

	"vitrine/turn/vrelay"
)

// fed is a connection that gives what it was given, in pieces, and takes everything.
type fed struct {
	data, pieces []byte
	turn         int
	closed       chan struct{}
}

func (f *fed) Read(p []byte) (int, error) {
	if len(f.data) == 0 {
		return 0, io.EOF
	}
	n := len(f.data)
	if len(f.pieces) > 0 {
		n = 1 + int(f.pieces[f.turn%len(f.pieces)])
		f.turn++
	}
	n = copy(p, f.data[:min(n, len(f.data))])
	f.data = f.data[n:]
	return n, nil
}

func (f *fed) Write(p []byte) (int, error) { return len(p), nil }
func (f *fed) Close() error                { close(f.closed); return nil }

func (f *fed) LocalAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443} }
func (f *fed) RemoteAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 9}
}
func (f *fed) SetDeadline(time.Time) error      { return nil }
func (f *fed) SetReadDeadline(time.Time) error  { return nil }
func (f *fed) SetWriteDeadline(time.Time) error { return nil }

// Whatever comes on a connection, guard and TURN server together end with it: at once, without holding anything, and
// without having handed the SFU a datagram, since nobody here has a credential.
func FuzzConnection(f *testing.F) {
	ask := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest), overUDP()).Raw
	signed := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest), overUDP(), stun.NewUsername("1:a:b:c"),
		stun.NewRealm("v"), stun.NewNonce("n"), stun.MessageIntegrity("key"), stun.Fingerprint).Raw
	f.Add(ask, []byte{})
	f.Add(append(append([]byte{}, ask...), signed...), []byte{0})
	f.Add([]byte{0, 1, 0xFF, 0xEC, 0x21, 0x12, 0xA4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, []byte{3, 7})
	f.Add([]byte{0x40, 0, 0xFF, 0xFC, 0, 0, 0, 0, 0, 0, 0, 0}, []byte{})
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"), []byte{1})
	hub, err := vrelay.NewHub(vrelay.Config{Pinned: netip.MustParseAddrPort("127.0.0.1:9")})
	if err != nil {
		f.Fatal(err)
	}
	s, err := Listen(Config{Hub: hub, Here: func(string) bool { return true }})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	inputs, first := 0, uint64(0)
	f.Fuzz(func(t *testing.T, data, pieces []byte) {
		conn := &fed{data: data, pieces: pieces, closed: make(chan struct{})}
		if err := s.ServeConn(conn); err != nil {
			t.Fatal(err)
		}
		select {
		case <-conn.closed:
		case <-time.After(5 * time.Second):
			t.Fatal("the connection has no end")
		}
		if stats := s.Stats(); stats["allocations"]+stats["packets_up"]+stats["disagreed"] != 0 {
			t.Fatalf("%v", stats)
		}
		if inputs++; inputs%10_000 == 0 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			if first == 0 {
				first = m.HeapInuse + m.StackInuse
			} else if m.HeapInuse+m.StackInuse > first+64<<20 {
				t.Fatalf("memory grew from %d to %d KiB", first>>10, (m.HeapInuse+m.StackInuse)>>10)
			}
		}
	})
}
