package guard

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"runtime"
	"testing"

	"github.com/pion/stun/v2"
)

// bounded fails a fuzz target whose memory grows: every so many inputs it looks at what is in use after a collection.
type bounded struct {
	inputs int
	first  uint64
}

func (b *bounded) check(t *testing.T) {
	t.Helper()
	if b.inputs++; b.inputs%20_000 != 0 {
		return
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	use := m.HeapInuse + m.StackInuse
	if b.first == 0 {
		b.first = use
	} else if use > b.first+64<<20 {
		t.Fatalf("memory grew from %d to %d KiB", b.first>>10, use>>10)
	}
}

// Whatever a client sends, in whatever order: the gate does not fall over, lets nothing unsigned through but a bare header,
// nothing for another peer, and answers nobody who is not known with more than a challenge.
//
// An input is a list of frames: a byte says whose it is and whether it is signed, two bytes how long it is.
func FuzzGate(f *testing.F) {
	for _, seed := range gateSeeds(f) {
		f.Add(seed)
	}
	memory := &bounded{}
	f.Fuzz(func(t *testing.T, input []byte) {
		memory.check(t)
		g := NewGate(policy(), false)
		forwarded := 0
		for len(input) >= 3 {
			who, size := input[0], int(binary.BigEndian.Uint16(input[1:]))
			input = input[3:]
			frame := bytes.Clone(input[:min(size, len(input))])
			input = input[len(frame):]
			from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, who & 3}), 9)
			if who&4 != 0 {
				frame = sign(frame)
			}
			if who&8 != 0 {
				g.Hold(from, "u").Forward(func([]byte) { forwarded++ })
			}
			if !whole(frame) {
				continue
			}
			out, v := g.admit(frame, from)
			judge(t, g, out, v)
			if v == pass && len(out) > stunHeader {
				answer := stun.MustBuild(stun.NewTransactionIDSetter([12]byte(out[8:20])), stun.NewType(stun.MethodChannelBind, stun.ClassSuccessResponse), stun.NewSoftware("12345678"))
				g.observe(answer.Raw)
			}
		}
		if len(g.held) > 4 {
			t.Fatalf("%d holdings of four clients", len(g.held))
		}
	})
}

// judge checks one outcome.
func judge(t *testing.T, g *Gate, out []byte, v verdict) {
	t.Helper()
	switch v {
	case answer:
		var m stun.Message
		if err := stun.Decode(bytes.Clone(out), &m); err != nil || m.Type.Class != stun.ClassErrorResponse {
			t.Fatalf("an answer that is none: %v", err)
		}
		if err := stun.MessageIntegrity("key of u").Check(&m); err != nil {
			t.Fatal("an answer to somebody who did not sign")
		}
	case pass:
		if len(out) == stunHeader || isChannelData(out) {
			return
		}
		m := &stun.Message{Raw: bytes.Clone(out)}
		if err := m.Decode(); err != nil {
			t.Fatalf("the TURN server would not understand it: %v", err)
		}
		if m.Type.Class == stun.ClassRequest && stun.MessageIntegrity("key of u").Check(m) != nil {
			t.Fatal("an unsigned request passed")
		}
		for _, a := range m.Attributes {
			if a.Type != stun.AttrXORPeerAddress || m.Type.Method == stun.MethodRefresh || m.Type.Method == stun.MethodAllocate {
				continue
			}
			if at, ok := g.msg.xorAddress(a.Value); !ok || at != peer() {
				t.Fatal("another peer passed")
			}
		}
	}
}

// sign adds to a request what a client with a credential adds, if the frame is one.
func sign(frame []byte) []byte {
	m := &stun.Message{Raw: bytes.Clone(frame)}
	if m.Decode() != nil {
		return frame
	}
	all := []stun.Setter{stun.NewTransactionIDSetter(m.TransactionID), m.Type}
	for _, a := range m.Attributes {
		all = append(all, stun.RawAttribute(a))
	}
	signed, err := stun.Build(append(all, stun.NewUsername("u"), stun.NewRealm("v"), stun.NewNonce("n"), stun.MessageIntegrity("key of u"))...)
	if err != nil {
		return frame
	}
	return signed.Raw
}

// gateSeeds are conversations, and one frame of every kind.
func gateSeeds(t testing.TB) (seeds [][]byte) {
	attr := func(typ stun.AttrType, value ...byte) stun.Setter {
		return stun.RawAttribute{Type: typ, Length: uint16(len(value)), Value: value}
	}
	right, channel := peerAddr("203.0.113.7:443"), attr(stun.AttrChannelNumber, 0x40, 1, 0, 0)
	request := func(method stun.Method, setters ...stun.Setter) []byte {
		return message0(t, append([]stun.Setter{stun.NewType(method, stun.ClassRequest)}, setters...)...)
	}
	frames := [][]byte{
		request(stun.MethodAllocate, transport(17), attr(stun.AttrLifetime, 0, 0, 0, 1)),
		request(stun.MethodCreatePermission, right),
		request(stun.MethodChannelBind, channel, right),
		channelData(20),
		message0(t, stun.NewType(stun.MethodSend, stun.ClassIndication), right, attr(stun.AttrData, 'x')),
		request(stun.MethodRefresh, attr(stun.AttrLifetime, 0, 0, 0, 0)),
		request(stun.MethodAllocate),
		request(stun.MethodAllocate, transport(6), stun.Fingerprint),
		request(stun.MethodAllocate, transport(17), attr(stun.AttrEvenPort, 0x80), attr(0x7FFE, 1)),
		request(stun.MethodCreatePermission, peerAddr("[::1]:443"), peerAddr("203.0.113.7:444")),
		request(stun.MethodBinding),
		request(stun.MethodConnect, right),
		{0x40, 0, 0xFF, 0xFC, 0, 0, 0, 0, 0, 0, 0, 0},
		{0x00, 0x01, 0xFF, 0xEC, 0x21, 0x12, 0xA4, 0x42, 0, 0, 0, 0},
	}
	var all []byte
	for _, flags := range []byte{0, 4, 12} {
		var talk []byte
		for _, frame := range frames {
			one := append(binary.BigEndian.AppendUint16([]byte{flags}, uint16(len(frame))), frame...)
			talk = append(talk, one...)
			seeds = append(seeds, one)
		}
		seeds, all = append(seeds, talk), append(all, talk...)
	}
	return append(seeds, all)
}

// The seeds do what they are there for: they reach every outcome.
func TestGateSeeds(t *testing.T) {
	p := policy()
	g := NewGate(p, false)
	from := netip.MustParseAddrPort("192.0.2.1:9")
	g.Hold(from, "u")
	seen := map[verdict]int{}
	for _, seed := range gateSeeds(t) {
		if len(seed) < 3 || len(seed) != 3+int(binary.BigEndian.Uint16(seed[1:])) {
			continue
		}
		frame := bytes.Clone(seed[3:])
		if seed[0]&4 != 0 {
			frame = sign(frame)
		}
		if whole(frame) {
			_, v := g.admit(frame, from)
			seen[v]++
		}
	}
	if seen[drop] == 0 || seen[pass] == 0 || seen[answer] == 0 {
		t.Errorf("%v", seen)
	}
	if p.Counts.Get(Passed) == 0 {
		t.Error("nothing passed")
	}
}
