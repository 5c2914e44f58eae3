package guard

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v2"
)

func peer() netip.AddrPort { return netip.MustParseAddrPort("203.0.113.7:443") }

func policy(change ...func(*Policy)) *Policy {
	p := Policy{
		Pinned: peer(), Realm: "v", Counts: new(Counts),
		Key:  func(name string, _ bool) ([]byte, bool) { return []byte("key of " + name), name != "nobody" },
		Room: func(string, netip.Addr) Room { return Free },
	}
	for _, c := range change {
		c(&p)
	}
	return NewPolicy(p, 0)
}

func nothing() {}

func channelData(size int) []byte {
	b := make([]byte, chanHeader+(size+3)&^3)
	binary.BigEndian.PutUint16(b, 0x4001)
	binary.BigEndian.PutUint16(b[2:], uint16(size))
	return b
}

func message0(t testing.TB, setters ...stun.Setter) []byte {
	t.Helper()
	m, err := stun.Build(append([]stun.Setter{stun.TransactionID}, setters...)...)
	if err != nil {
		t.Fatal(err)
	}
	return m.Raw
}

func FuzzParse(f *testing.F) {
	f.Add(message0(f, stun.NewType(stun.MethodAllocate, stun.ClassRequest), transport(17), stun.NewUsername("u"), stun.NewRealm("v"),
		stun.NewNonce("n"), stun.MessageIntegrity("key"), stun.Fingerprint))
	f.Add(message0(f, stun.NewType(stun.MethodCreatePermission, stun.ClassRequest), peerAddr("203.0.113.7:443"), stun.Fingerprint))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m message
		if !m.parse(b, peer()) {
			return
		}
		theirs := &stun.Message{Raw: bytes.Clone(b)}
		if err := theirs.Decode(); err != nil {
			t.Fatalf("the TURN server's parser refuses what ours accepts: %v", err)
		}
		var name stun.Username
		if err := name.GetFrom(theirs); err == nil != (m.has&hasUsername != 0) || string(name) != string(m.username) {
			t.Fatal("two readings of the user name")
		}
		if m.integrity != 0 != theirs.Contains(stun.AttrMessageIntegrity) {
			t.Fatal("two readings of the signature")
		}
		if m.integrity != 0 && m.signed([]byte("key")) != (stun.MessageIntegrity("key").Check(theirs) == nil) {
			t.Fatal("two results of the signature")
		}
		if m.has&hasReservation == 0 && (theirs.Contains(stun.AttrEvenPort) || theirs.Contains(stun.AttrReservationToken)) {
			t.Fatal("EVEN-PORT or RESERVATION-TOKEN slipped by")
		}
	})
}

func transport(protocol byte) stun.Setter {
	return stun.RawAttribute{Type: stun.AttrRequestedTransport, Length: 4, Value: []byte{protocol, 0, 0, 0}}
}

type peerAddr string

func (p peerAddr) AddTo(m *stun.Message) error {
	a := netip.MustParseAddrPort(string(p))
	return stun.XORMappedAddress{IP: a.Addr().AsSlice(), Port: int(a.Port())}.AddToAs(m, stun.AttrXORPeerAddress)
}

// RFC 5769 section 2.1: a request with short-term authentication, attributes that nobody knows and a FINGERPRINT.
func TestRFC5769ShortTerm(t *testing.T) {
	raw, err := hex.DecodeString(strings.Join(strings.Fields(`
		000100582112a442b7e7a701bc34d686fa87dfae
		802200105354554e207465737420636c69656e74
		002400046e0001ff
		80290008932ff9b151263b36
		000600096576746a3a68367659202020
		000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2
		80280004e57a3bcf`), ""))
	if err != nil {
		t.Fatal(err)
	}
	var m message
	if !m.parse(raw, peer()) {
		t.Fatal("the vector does not parse")
	}
	if !m.signed([]byte("VOkJxbRl1RmTxUk/WvJxBt")) || string(m.username) != "evtj:h6vY" {
		t.Error("the vector's signature does not verify")
	}
	if m.unknowns != 1 || m.unknown[0] != 0x0024 {
		t.Errorf("unknown attributes %x", m.unknown[:m.unknowns])
	}
	raw[len(raw)-1] ^= 1
	if m.parse(raw, peer()) {
		t.Error("a wrong FINGERPRINT passes")
	}
}

// RFC 5769 section 2.4: a request with long-term authentication.
func TestRFC5769LongTerm(t *testing.T) {
	raw, err := hex.DecodeString(strings.Join(strings.Fields(`
		000100602112a44278ad3433c6ad72c029da412e
		00060012e3839ee38388e383aae38383e382afe382b90000
		0015001c662f2f3439396b39353464364f4c33346f4c39465354767936347341
		0014000b6578616d706c652e6f726700
		00080014f67024656dd64a3e02b8e0712e85c9a28ca89666`), ""))
	if err != nil {
		t.Fatal(err)
	}
	var m message
	if !m.parse(raw, peer()) {
		t.Fatal("the vector does not parse")
	}
	key := md5.Sum([]byte("マトリックス:example.org:TheMatrIX"))
	if !m.signed(key[:]) {
		t.Error("the vector's signature does not verify")
	}
	raw[30] ^= 1
	if m.signed(key[:]) {
		t.Error("a changed vector verifies")
	}
}

func TestParseRefusesTwoReadings(t *testing.T) {
	kind := stun.NewType(stun.MethodAllocate, stun.ClassRequest)
	integrity := stun.MessageIntegrity("key")
	even := stun.RawAttribute{Type: stun.AttrEvenPort, Length: 1, Value: []byte{0}}
	good := message0(t, kind, transport(17), integrity, stun.Fingerprint)
	var m message
	if !m.parse(good, peer()) {
		t.Fatal("a plain request was refused")
	}
	bad := map[string][]byte{
		"attribute after the signature": append(bytes.Clone(message0(t, kind, integrity)), message0(t, kind, even)[stunHeader:]...),
		"two user names":                message0(t, kind, stun.NewUsername("a"), stun.NewUsername("b")),
		"two transports":                message0(t, kind, transport(17), transport(6)),
		"short transport":               message0(t, kind, stun.RawAttribute{Type: stun.AttrRequestedTransport, Length: 1, Value: []byte{17}}),
		"wrong fingerprint":             append(bytes.Clone(good[:len(good)-1]), good[len(good)-1]^1),
		"attribute past the end":        append(bytes.Clone(good[:stunHeader]), 0, 6, 0, 9, 'a', 'b', 'c', 'd'),
		"ChannelData":                   channelData(20),
		"cut":                           good[:len(good)-4],
	}
	binary.BigEndian.PutUint16(bad["attribute after the signature"][2:], uint16(len(bad["attribute after the signature"])-stunHeader))
	binary.BigEndian.PutUint16(bad["attribute past the end"][2:], 8)
	for name, b := range bad {
		if m.parse(b, peer()) {
			t.Errorf("%s: accepted", name)
		}
	}
	allocs := testing.AllocsPerRun(100, func() { m.parse(good, peer()) })
	if allocs != 0 {
		t.Errorf("parsing allocates %v times", allocs)
	}
}

// ask signs a request of user and hands it to the gate.
func ask(t *testing.T, g *Gate, method stun.Method, user string, setters ...stun.Setter) (int, verdict, []byte) {
	t.Helper()
	all := append([]stun.Setter{stun.NewType(method, stun.ClassRequest)}, setters...)
	if user != "" {
		all = append(all, stun.NewUsername(user), stun.NewRealm("v"), stun.NewNonce("n"), stun.MessageIntegrity("key of "+user))
	}
	out, v := g.admit(message0(t, all...), netip.MustParseAddrPort("192.0.2.1:9"))
	if v != answer {
		return 0, v, out
	}
	m := &stun.Message{Raw: bytes.Clone(out)}
	if err := m.Decode(); err != nil {
		t.Fatalf("our answer does not decode: %v", err)
	}
	if err := stun.MessageIntegrity("key of " + user).Check(m); err != nil || m.Type != stun.NewType(method, stun.ClassErrorResponse) {
		t.Errorf("answer %v is not rightly signed: %v", m.Type, err)
	}
	var code stun.ErrorCodeAttribute
	if err := code.GetFrom(m); err != nil {
		t.Fatal(err)
	}
	return int(code.Code), v, out
}

func TestOrderOfWork(t *testing.T) {
	raw := func(typ stun.AttrType, value ...byte) stun.Setter {
		return stun.RawAttribute{Type: typ, Length: uint16(len(value)), Value: value}
	}
	udp, channel := transport(17), raw(stun.AttrChannelNumber, 0x40, 0, 0, 0)
	right, wrong := peerAddr("203.0.113.7:443"), peerAddr("203.0.113.7:444")
	mapped, v6 := peerAddr("[::ffff:203.0.113.7]:53"), peerAddr("[::1]:443")
	for name, c := range map[string]struct {
		holder  string
		method  stun.Method
		user    string
		setters []stun.Setter
		code    int
		verdict verdict
	}{
		"allocate":                    {"", stun.MethodAllocate, "u", []stun.Setter{udp}, 0, pass},
		"allocate again":              {"u", stun.MethodAllocate, "u", []stun.Setter{udp}, 437, answer},
		"allocate again, otherwise":   {"u", stun.MethodAllocate, "u", []stun.Setter{transport(6)}, 437, answer},
		"unsigned":                    {"", stun.MethodAllocate, "", []stun.Setter{udp}, 0, pass},
		"bare allocate":               {"", stun.MethodAllocate, "", nil, 0, drop},
		"bare allocate, signed":       {"", stun.MethodAllocate, "u", nil, 0, drop},
		"binding":                     {"", stun.MethodBinding, "", nil, 0, drop},
		"connect (RFC 6062)":          {"u", stun.MethodConnect, "u", []stun.Setter{right}, 0, drop},
		"other user's allocation":     {"u", stun.MethodRefresh, "v", nil, 441, answer},
		"other user allocates":        {"u", stun.MethodAllocate, "v", []stun.Setter{udp}, 441, answer},
		"DONT-FRAGMENT":               {"", stun.MethodAllocate, "u", []stun.Setter{udp, raw(stun.AttrDontFragment)}, 420, answer},
		"transport TCP":               {"", stun.MethodAllocate, "u", []stun.Setter{transport(6)}, 442, answer},
		"family IPv6":                 {"", stun.MethodAllocate, "u", []stun.Setter{udp, raw(stun.AttrRequestedAddressFamily, 2, 0, 0, 0)}, 440, answer},
		"family IPv4":                 {"", stun.MethodAllocate, "u", []stun.Setter{udp, raw(stun.AttrRequestedAddressFamily, 1, 0, 0, 0)}, 0, pass},
		"EVEN-PORT":                   {"", stun.MethodAllocate, "u", []stun.Setter{udp, raw(stun.AttrEvenPort, 0)}, 508, answer},
		"RESERVATION-TOKEN":           {"", stun.MethodAllocate, "u", []stun.Setter{udp, raw(stun.AttrReservationToken, 1, 2, 3, 4, 5, 6, 7, 8)}, 508, answer},
		"over a quota":                {"", stun.MethodAllocate, "greedy", []stun.Setter{udp}, 486, answer},
		"server full":                 {"", stun.MethodAllocate, "late", []stun.Setter{udp}, 508, answer},
		"refresh":                     {"u", stun.MethodRefresh, "u", nil, 0, pass},
		"refresh of nothing":          {"", stun.MethodRefresh, "u", nil, 437, answer},
		"permission without any":      {"", stun.MethodCreatePermission, "u", []stun.Setter{right}, 437, answer},
		"permission":                  {"u", stun.MethodCreatePermission, "u", []stun.Setter{right}, 0, pass},
		"permission for other port":   {"u", stun.MethodCreatePermission, "u", []stun.Setter{wrong}, 403, answer},
		"permission, one of two":      {"u", stun.MethodCreatePermission, "u", []stun.Setter{right, wrong}, 403, answer},
		"permission for mapped":       {"u", stun.MethodCreatePermission, "u", []stun.Setter{mapped}, 403, answer},
		"permission for IPv6":         {"u", stun.MethodCreatePermission, "u", []stun.Setter{v6}, 403, answer},
		"permission for nobody":       {"u", stun.MethodCreatePermission, "u", nil, 403, answer},
		"channel":                     {"u", stun.MethodChannelBind, "u", []stun.Setter{channel, right}, 0, pass},
		"channel for other port":      {"u", stun.MethodChannelBind, "u", []stun.Setter{channel, wrong}, 403, answer},
		"channel without number":      {"u", stun.MethodChannelBind, "u", []stun.Setter{right}, 400, answer},
		"channel out of range":        {"u", stun.MethodChannelBind, "u", []stun.Setter{raw(stun.AttrChannelNumber, 0x50, 0, 0, 0), right}, 400, answer},
		"unknown user is challenged":  {"", stun.MethodAllocate, "nobody", []stun.Setter{udp}, 0, pass},
		"unsigned with bad transport": {"", stun.MethodAllocate, "", []stun.Setter{transport(6)}, 0, pass},
	} {
		rooms := map[string]Room{"greedy": Quota, "late": Full, "u": Free, "v": Free}
		g := NewGate(policy(func(p *Policy) { p.Room = func(n string, _ netip.Addr) Room { return rooms[n] } }), false)
		if c.holder != "" {
			g.Hold(netip.MustParseAddrPort("192.0.2.1:9"), c.holder)
		}
		code, v, out := ask(t, g, c.method, c.user, c.setters...)
		if code != c.code || v != c.verdict {
			t.Errorf("%s: code %d verdict %d, want %d and %d", name, code, v, c.code, c.verdict)
		}
		challenged := g.policy.Counts.Get(Challenged) == 1
		if want := v == pass && (c.user == "" || c.user == "nobody"); challenged != want || challenged && len(out) != stunHeader {
			t.Errorf("%s: challenged=%v with %d bytes handed on", name, challenged, len(out))
		}
	}
}

func TestDataNeedsAnAllocation(t *testing.T) {
	from := netip.MustParseAddrPort("192.0.2.1:9")
	send := func(p string) []byte {
		return message0(t, stun.NewType(stun.MethodSend, stun.ClassIndication), peerAddr(p), stun.RawAttribute{Type: stun.AttrData, Length: 1, Value: []byte("x")})
	}
	g := NewGate(policy(), false)
	for _, b := range [][]byte{channelData(20), send("203.0.113.7:443")} {
		if _, v := g.admit(b, from); v != drop {
			t.Error("data without an allocation passed")
		}
	}
	h := g.Hold(from, "u")
	for _, b := range [][]byte{channelData(20), send("203.0.113.7:443")} {
		if _, v := g.admit(b, from); v != pass {
			t.Error("data of an allocation was dropped")
		}
	}
	if _, v := g.admit(send("203.0.113.7:53"), from); v != drop {
		t.Error("data for another port passed")
	}
	newer := g.Hold(from, "v")
	g.Release(from, h)
	if g.Holder(from) != "v" {
		t.Error("the release of an old holding took the newer one")
	}
	g.Release(from, newer)
	if g.Holder(from) != "" {
		t.Error("a released holding is still there")
	}
}

func TestUnauthenticatedAnswersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(policy(), false)
		b := message0(t, stun.NewType(stun.MethodAllocate, stun.ClassRequest), transport(17))
		answers := func(from string) (n int) {
			for range 100 {
				if _, v := g.admit(bytes.Clone(b), netip.MustParseAddrPort(from)); v == pass {
					n++
				}
			}
			return n
		}
		if n := answers("192.0.2.1:9") + answers("192.0.2.200:77"); n != 10 {
			t.Errorf("one /24 got %d answers at once, want 10", n)
		}
		if n := answers("[2001:db8::1]:9"); n != 10 {
			t.Errorf("another network got %d answers, want 10", n)
		}
		time.Sleep(500 * time.Millisecond)
		if n := answers("192.0.2.1:9"); n != 5 {
			t.Errorf("after half a second %d answers, want 5", n)
		}
		stream := NewGate(policy(), true)
		var last verdict
		for range 11 {
			_, last = stream.admit(bytes.Clone(b), netip.MustParseAddrPort("192.0.2.1:9"))
		}
		if last != hangup {
			t.Error("a stream that asks 11 times in an instant is kept")
		}
	})
}

func TestCaps(t *testing.T) {
	c := NewCaps(2, 3)
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	sameNet, other := netip.MustParseAddr("2001:db8::2"), netip.MustParseAddr("192.0.2.2")
	for i, step := range []struct {
		ip   netip.Addr
		want bool
	}{{a, true}, {a, true}, {a, false}, {b, true}, {sameNet, false}, {other, false}} {
		if got := c.Enter(step.ip); got != step.want {
			t.Errorf("step %d: %v", i, got)
		}
	}
	c.Leave(a)
	if !c.Enter(other) || c.Enter(a) {
		t.Error("a freed place was not given once")
	}
	for _, ip := range []netip.Addr{a, b, other} {
		c.Leave(ip)
	}
	if c.open != 0 || len(c.by) != 0 {
		t.Error("the table is not empty")
	}
}

func TestDisagreementIsCounted(t *testing.T) {
	p := policy()
	g := NewGate(p, false)
	from := netip.MustParseAddrPort("192.0.2.1:9")
	request := message0(t, stun.NewType(stun.MethodAllocate, stun.ClassRequest), transport(17),
		stun.NewUsername("u"), stun.NewRealm("v"), stun.NewNonce("n"), stun.MessageIntegrity("key of u"))
	if _, v := g.admit(request, from); v != pass {
		t.Fatal("a good request was not passed")
	}
	reply := func(code stun.ErrorCode) []byte {
		m := stun.MustBuild(stun.NewTransactionIDSetter([12]byte(request[8:20])), stun.NewType(stun.MethodAllocate, stun.ClassErrorResponse), code)
		return m.Raw
	}
	g.observe(reply(stun.CodeStaleNonce))
	g.observe(channelData(100))
	if p.Counts.Get(Disagreed) != 0 {
		t.Error("a stale nonce is no disagreement")
	}
	g.observe(reply(stun.CodeBadRequest))
	if p.Counts.Get(Disagreed) != 1 {
		t.Error("a 400 to a verified request was not counted")
	}
}
