package guard

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"runtime"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v2"
)

// script is a connection that gives its bytes in the pieces it was told.
type script struct {
	net.Conn
	data   []byte
	pieces []byte // sizes, used round and round
	turn   int
	closed bool
}

func (s *script) Read(p []byte) (int, error) {
	if s.closed || len(s.data) == 0 {
		return 0, io.EOF
	}
	n := len(s.data)
	if len(s.pieces) > 0 {
		n = int(s.pieces[s.turn%len(s.pieces)])
		s.turn++
	}
	n = copy(p, s.data[:min(n, len(s.data))])
	s.data = s.data[n:]
	return n, nil
}
func (s *script) Close() error                     { s.closed = true; return nil }
func (s *script) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 9} }
func (s *script) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 9} }
func (s *script) SetReadDeadline(time.Time) error  { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }
func (s *script) Write(p []byte) (int, error)      { return len(p), nil }

func frames(t testing.TB, p *Policy, data, pieces []byte) (got [][]byte) {
	t.Helper()
	s, err := NewStream(&script{data: data, pieces: pieces}, NewGate(p, true), Limits{}, nothing)
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, mtu)
	for {
		n, err := s.Read(buf)
		if err != nil {
			if !errors.Is(err, io.EOF) || n != 0 {
				t.Fatalf("ended with %d, %v", n, err)
			}
			return got
		}
		if n < minChanFrame || n >= mtu {
			t.Fatalf("a frame of %d bytes", n)
		}
		got = append(got, bytes.Clone(buf[:n]))
	}
}

// Any split of any byte string gives the same frames, or EOF at the same place.
func FuzzFraming(f *testing.F) {
	p := policy()
	ask := message0(f, stun.NewType(stun.MethodAllocate, stun.ClassRequest), transport(17))
	f.Add(ask, []byte{1})
	f.Add(append(bytes.Clone(ask), channelData(13)...), []byte{3, 200, 7})
	f.Add(append(channelData(1500), channelData(1595)...), []byte{255, 1})
	f.Add([]byte{0x00, 0x01, 0xFF, 0xEC, 0x21, 0x12, 0xA4, 0x42}, []byte{4})
	f.Add([]byte{0x40, 0x00, 0xFF, 0xFC, 0, 0, 0, 0, 0, 0, 0, 0}, []byte{12})
	f.Add([]byte{0x50, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8}, []byte{})
	f.Fuzz(func(t *testing.T, data, pieces []byte) {
		for i := range pieces {
			pieces[i] = max(pieces[i], 1)
		}
		whole, split := frames(t, p, data, nil), frames(t, p, data, pieces)
		if len(whole) != len(split) {
			t.Fatalf("%d frames whole, %d split", len(whole), len(split))
		}
		at := 0
		for i := range whole {
			if !bytes.Equal(whole[i], split[i]) || !bytes.HasPrefix(data[at:], whole[i]) {
				t.Fatalf("frame %d differs", i)
			}
			at += len(whole[i])
		}
	})
}

// pair is a real TCP connection, the server's end wrapped.
func pair(t *testing.T, limits Limits) (net.Conn, *Stream, *Counts) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	p := policy()
	s, err := NewStream(conn, NewGate(p, true), limits, nothing)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close(); _ = s.Close() })
	_ = client.SetDeadline(time.Now().Add(10 * time.Second))
	return client, s, p.Counts
}

// Row 1: lengths that wrap in 16 bits, and all that is no frame.
func TestGuard01_HostileLengthsEndTheStream(t *testing.T) {
	for name, b := range map[string][]byte{
		"STUN 0xFFEC":        append([]byte{0, 1, 0xFF, 0xEC, 0x21, 0x12, 0xA4, 0x42}, make([]byte, 12)...),
		"ChannelData 0xFFFC": append([]byte{0x40, 0, 0xFF, 0xFC}, make([]byte, 8)...),
		"ChannelData 0xFFFF": append([]byte{0x40, 0, 0xFF, 0xFF}, make([]byte, 8)...),
		"ChannelData 1597":   append([]byte{0x40, 0, 0x06, 0x3D}, make([]byte, 8)...),
		"STUN of 1600":       append([]byte{0, 3, 0x06, 0x2C, 0x21, 0x12, 0xA4, 0x42}, make([]byte, 12)...),
		"ChannelData of 3":   {0x40, 0, 0, 3, 1, 2, 3, 0},
		"ChannelData of 0":   {0x40, 0, 0, 0},
		"reserved channel":   append([]byte{0x50, 0, 0, 12}, make([]byte, 12)...),
		"odd STUN length":    append([]byte{0, 3, 0, 1, 0x21, 0x12, 0xA4, 0x42}, make([]byte, 13)...),
		"no cookie":          append([]byte{0, 3, 0, 0, 1, 2, 3, 4}, make([]byte, 12)...),
		"HTTP":               []byte("GET / HTTP/1.1\r\n\r\n"),
		"TLS":                {0x16, 3, 1, 2, 0},
	} {
		t.Run(name, func(t *testing.T) {
			client, s, counts := pair(t, Limits{})
			if _, err := client.Write(b); err != nil {
				t.Fatal(err)
			}
			if n, err := s.Read(make([]byte, mtu)); n != 0 || !errors.Is(err, io.EOF) {
				t.Errorf("read %d, %v", n, err)
			}
			if counts.Get(BadFrame) != 1 {
				t.Error("not counted")
			}
			// EOF, or a reset where the server closed with our bytes unread.
			if n, err := client.Read(make([]byte, 1)); n != 0 || err == nil || errors.Is(err, syscall.ETIMEDOUT) {
				t.Errorf("the client still has a connection: %d, %v", n, err)
			}
		})
	}
}

// Row 2: a frame that comes byte by byte costs no stack and no memory.
func TestGuard02_DribbleCostsNoStack(t *testing.T) {
	p := policy()
	data := append(channelData(1590), channelData(1590)...)
	read := func() {
		if got := frames(t, p, data, []byte{1}); len(got) != 2 {
			t.Fatalf("%d frames", len(got))
		}
	}
	read() // so that what is measured is not the first call's growth
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	done := make(chan struct{})
	go func() { defer close(done); read(); runtime.ReadMemStats(&after) }() // a fresh stack
	<-done
	if grown := int64(after.StackInuse) - int64(before.StackInuse); grown > 64<<10 {
		t.Errorf("the stack grew by %d KiB", grown>>10)
	}
}

func TestDeadlines(t *testing.T) {
	short := Limits{FirstFrame: 100 * time.Millisecond, Write: 200 * time.Millisecond, Idle: 100 * time.Millisecond}
	t.Run("first frame, dribbled", func(t *testing.T) {
		client, s, counts := pair(t, short)
		go func() {
			for _, b := range channelData(400) {
				if _, err := client.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(time.Millisecond) // the pace of the attack, nothing is awaited
			}
		}()
		if n, err := s.Read(make([]byte, mtu)); n != 0 || !errors.Is(err, io.EOF) || counts.Get(SlowFrame) != 1 {
			t.Errorf("read %d, %v", n, err)
		}
	})
	t.Run("idle", func(t *testing.T) {
		client, s, counts := pair(t, short)
		if _, err := client.Write(channelData(20)); err != nil {
			t.Fatal(err)
		}
		if n, err := s.Read(make([]byte, mtu)); n != 24 || err != nil {
			t.Fatal(n, err)
		}
		if n, err := s.Read(make([]byte, mtu)); n != 0 || !errors.Is(err, io.EOF) || counts.Get(SlowFrame) != 1 {
			t.Errorf("read %d, %v", n, err)
		}
	})
}

// Row 4: a client that stops reading holds a writer for as long as the limit says, and then loses its connection.
func TestGuard04_DeafClient(t *testing.T) {
	_, s, counts := pair(t, Limits{Write: 200 * time.Millisecond})
	ended := make(chan error, 1)
	go func() {
		for {
			if _, err := s.WriteTo(channelData(1500), nil); err != nil {
				ended <- err
				return
			}
		}
	}()
	select {
	case err := <-ended:
		if counts.Get(SlowWrite) != 1 {
			t.Errorf("writing to a deaf client: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the writer waits for ever")
	}
	if _, err := s.Read(make([]byte, mtu)); !errors.Is(err, io.EOF) {
		t.Errorf("the connection lives on: %v", err)
	}
}

// flaky fails a few times before it does its work.
type flaky struct {
	Socket
	net.Listener
	failures int
}

func (f *flaky) fail() error {
	if f.failures--; f.failures >= 0 {
		return &net.OpError{Op: "read", Err: syscall.EMFILE}
	}
	return nil
}

func (f *flaky) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	if err := f.fail(); err != nil {
		return 0, netip.AddrPort{}, err
	}
	return copy(b, bareRequest()), netip.MustParseAddrPort("192.0.2.1:9"), nil
}

func bareRequest() []byte {
	m := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest), transport(17))
	return m.Raw
}

func (f *flaky) Close() error { return nil }

func (f *flaky) Accept() (net.Conn, error) {
	if err := f.fail(); err != nil {
		return nil, err
	}
	return &script{}, nil
}

// Row 3: errors that pass do not end a listener.
func TestGuard03_SocketsSurviveErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := policy()
		start := time.Now()
		packets := NewPackets(&flaky{failures: 3}, NewGate(p, false), nothing)
		if n, _, err := packets.ReadFrom(make([]byte, mtu)); n != stunHeader || err != nil {
			t.Errorf("packets: %d, %v", n, err)
		}
		if _, err := NewListener(&flaky{failures: 3}, p.Counts).Accept(); err != nil {
			t.Errorf("listener: %v", err)
		}
		if p.Counts.Get(RetriedErrors) != 6 || time.Since(start) != 6*pause {
			t.Errorf("%d retries in %v", p.Counts.Get(RetriedErrors), time.Since(start))
		}
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	guarded := NewListener(l, new(Counts))
	ended := make(chan error, 1)
	go func() { _, err := guarded.Accept(); ended <- err }()
	if err := guarded.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("after close: %v", err)
	}
}
