package guard

import (
	"bytes"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v2"
)

// taker is a socket that keeps what is written, call by call.
type taker struct {
	Socket
	calls [][]byte
	sizes []int
}

func (s *taker) WriteToAddrPort(b []byte, _ netip.AddrPort) (int, error) {
	s.calls, s.sizes = append(s.calls, bytes.Clone(b)), append(s.sizes, len(b))
	return len(b), nil
}

func (s *taker) WriteSegments(b []byte, size int, _ netip.AddrPort) error {
	s.calls, s.sizes = append(s.calls, bytes.Clone(b)), append(s.sizes, size)
	return nil
}

// The frames of one size go with one call, a shorter one ends it, and none is changed.
func TestSendGroupsBySize(t *testing.T) {
	p := policy()
	g := NewGate(p, false)
	from := netip.MustParseAddrPort("192.0.2.1:9")
	h := g.Hold(from, "u")
	socket := &taker{}
	packets := NewPackets(socket, g, nothing)
	if packets.Send(h, from, nil) || packets.Send(h, from, [][]byte{{1}}) {
		t.Fatal("sent on a channel that is not bound")
	}
	h.bind(0x4001)
	var batch [][]byte
	var want []byte
	for i, size := range []int{100, 100, 50, 70, 70, 80, 10, 10} {
		batch = append(batch, bytes.Repeat([]byte{byte(i)}, size))
		want = append(append(want, 0x40, 1, 0, byte(size)), batch[i]...)
	}
	if !packets.Send(h, from, nil) || !packets.Send(h, from, batch) {
		t.Fatal("not sent on a bound channel")
	}
	if got := bytes.Join(socket.calls, nil); !bytes.Equal(got, want) {
		t.Errorf("sent %x", got)
	}
	if len(socket.calls) != 4 { // 100 100 50 | 70 70 | 80 10 | 10
		t.Errorf("%d calls, sizes %v", len(socket.calls), socket.sizes)
	}
	for i, call := range socket.calls {
		for at := 0; at < len(call); at += socket.sizes[i] {
			frame := call[at:min(at+socket.sizes[i], len(call))]
			if len(frame) != 4+int(frame[3]) || frame[0] != 0x40 {
				t.Errorf("call %d is cut into something else than frames", i)
			}
		}
	}
}

// A channel is known from the answer to its ChannelBind, and for ten minutes. Only its own number goes past the TURN
// server.
func TestChannelIsLearntFromTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(policy(), false)
		from := netip.MustParseAddrPort("192.0.2.1:9")
		h := g.Hold(from, "u")
		var got [][]byte
		h.Forward(func(b []byte) { got = append(got, bytes.Clone(b)) })
		channel := stun.RawAttribute{Type: stun.AttrChannelNumber, Length: 4, Value: []byte{0x40, 1, 0, 0}}
		request := message0(t, stun.NewType(stun.MethodChannelBind, stun.ClassRequest), channel, peerAddr("203.0.113.7:443"),
			stun.NewUsername("u"), stun.NewRealm("v"), stun.NewNonce("n"), stun.MessageIntegrity("key of u"))
		answer := func(id []byte, class stun.MessageClass) {
			g.observe(stun.MustBuild(stun.NewTransactionIDSetter([12]byte(id)), stun.NewType(stun.MethodChannelBind, class), stun.NewSoftware("12345678")).Raw)
		}
		data := channelData(20)
		try := func(want verdict, taken int) {
			t.Helper()
			if _, v := g.admit(bytes.Clone(data), from); v != want || len(got) != taken {
				t.Errorf("verdict %d, %d taken, want %d and %d", v, len(got), want, taken)
			}
		}
		try(pass, 0)
		if _, v := g.admit(bytes.Clone(request), from); v != pass {
			t.Fatal("the request was not passed on")
		}
		try(pass, 0)
		answer(request[8:20], stun.ClassErrorResponse)
		try(pass, 0)
		answer(make([]byte, 12), stun.ClassSuccessResponse)
		try(pass, 0)
		answer(request[8:20], stun.ClassSuccessResponse)
		try(drop, 1)
		if len(got[0]) != 20 {
			t.Errorf("%d bytes of 20", len(got[0]))
		}
		data[1] = 2
		try(pass, 1)
		data[1] = 1
		time.Sleep(10 * time.Minute)
		try(drop, 2)
		time.Sleep(time.Second)
		try(pass, 2)
	})
}
