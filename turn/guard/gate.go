package guard

import (
	"encoding/binary"
	"net/netip"
	"sync"
	"time"
)

// Message kinds on the allow-list: class and method (RFC 8489 section 5).
const (
	allocate         = 0x0003
	refresh          = 0x0004
	createPermission = 0x0008
	channelBind      = 0x0009
	sendIndication   = 0x0016

	successClass = 0x0100
	errorClass   = 0x0110
	firstChannel = 0x4000
	transportUDP = 17
	familyIPv4   = 1
)

// Policy is what all gates of a server share.
type Policy struct {
	// Pinned is the one peer that may be named.
	Pinned netip.AddrPort
	// Realm is the server's own.
	Realm string
	// Key gives the long-term key of a user name. held says that the asking
	// 5-tuple holds an allocation of that name. Never nil with true.
	Key func(username string, held bool) (key []byte, ok bool)
	// Room tells whether the quotas leave room for one more allocation of the
	// name, asked for from that address.
	Room func(username string, from netip.Addr) Room
	// Counts receives every outcome.
	Counts *Counts

	answers *buckets
}

// Room is what the quotas say to one more allocation. The zero value refuses.
type Room uint8

// Answers of Policy.Room.
const (
	Full  Room = iota // the server has no room for anybody: 508
	Quota             // whoever asks has had their share: 486
	Free
)

// NewPolicy completes p; answersPerSecond bounds the answers that one /24 (or
// /56) gets without a credential over UDP. 0 means 10, below 0 none.
func NewPolicy(p Policy, answersPerSecond int) *Policy {
	if answersPerSecond == 0 {
		answersPerSecond = 10
	}
	p.answers = newBuckets(max(answersPerSecond, 0))
	return &p
}

// verdict is what happens to a frame. The zero value drops it.
type verdict uint8

const (
	drop verdict = iota
	pass
	answer // send the reply
	hangup // stream only: close it
)

// Gate stands before one listener socket or one stream connection and decides
// about each frame. It knows which 5-tuple holds whose allocation.
type Gate struct {
	policy *Policy
	own    *bucket // a stream's own rate; nil on UDP, where the /24's counts

	mu   sync.Mutex
	held map[netip.AddrPort]*Holding

	// of the one goroutine that reads
	msg      message
	verified [12]byte // transaction that the guard found rightly signed
	binding  [12]byte // transaction of the last ChannelBind that was passed on
	bindsTo  *Holding // and what it binds a channel of
	reply    [256]byte
}

// NewGate makes a gate for one UDP listener, or for one stream.
func NewGate(policy *Policy, stream bool) *Gate {
	g := &Gate{policy: policy, held: map[netip.AddrPort]*Holding{}}
	if stream {
		g.own = &bucket{tokens: policy.answers.rate}
	}
	return g
}

// Release forgets a holding, unless a newer one of the same 5-tuple took its place.
func (g *Gate) Release(from netip.AddrPort, h *Holding) {
	g.mu.Lock()
	if g.held[from] == h {
		delete(g.held, from)
	}
	g.mu.Unlock()
}

// Holder gives the name whose allocation from holds, or "".
func (g *Gate) Holder(from netip.AddrPort) string {
	if h := g.holding(from); h != nil {
		return h.name
	}
	return ""
}

func (g *Gate) holding(from netip.AddrPort) *Holding {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.held[from]
}

// admit decides about one whole frame. With pass, out is what the TURN server
// shall see; with answer, what the client shall get.
func (g *Gate) admit(b []byte, from netip.AddrPort) (out []byte, v verdict) {
	count := g.policy.Counts
	h := g.holding(from)
	if isChannelData(b) {
		if h == nil {
			count.Add(Unbound, 1)
			return nil, drop
		}
		count.Add(Passed, 1)
		if h.forward(b) {
			return nil, drop
		}
		return b, pass
	}
	m := &g.msg
	if !m.parse(b, g.policy.Pinned) {
		count.Add(Malformed, 1)
		return nil, drop
	}
	switch m.kind {
	case allocate:
		if m.has&hasTransport == 0 {
			count.Add(BareAllocate, 1)
			return nil, drop
		}
	case refresh, createPermission, channelBind:
	case sendIndication:
		if h == nil || m.has&hasPeer == 0 || m.has&hasForeignPeer != 0 {
			count.Add(Unbound, 1)
			return nil, drop
		}
		count.Add(Passed, 1)
		return b, pass
	default:
		count.Add(NotAllowed, 1)
		return nil, drop
	}
	if m.integrity == 0 {
		return g.challenge(from)
	}
	return g.verify(h, from)
}

// verify is the part of the order of work that needs a key.
func (g *Gate) verify(h *Holding, from netip.AddrPort) ([]byte, verdict) {
	m, count := &g.msg, g.policy.Counts
	const named = hasUsername | hasRealm | hasNonce
	if m.has&named != named || string(m.realm) != g.policy.Realm {
		count.Add(BadIntegrity, 1)
		return g.challenge(from)
	}
	name := string(m.username)
	key, ok := g.policy.Key(name, h != nil && h.name == name)
	if !ok || len(key) == 0 || !m.signed(key) {
		count.Add(BadIntegrity, 1)
		return g.challenge(from)
	}
	if r := g.refusal(h, name, from.Addr()); r != nil {
		count.Add(r.counter, 1)
		return m.refuse(g.reply[:0], r, key), answer
	}
	// Only who knows the key gets here, so nobody can use up the share of another.
	if h != nil && !h.asked.take(asksPerSecond, time.Now()) {
		count.Add(OverAsks, 1)
		return nil, drop
	}
	// A ChannelBind may rightly get a 400: the one peer has its channel already.
	if m.kind == channelBind {
		if m.peer == g.policy.Pinned {
			g.binding, g.bindsTo = m.transaction(), h
		}
	} else {
		g.verified = m.transaction()
	}
	m.amend(key)
	count.Add(Passed, 1)
	return m.raw, pass
}

// refusal tells which rule a verified request breaks, in order; nil is none.
func (g *Gate) refusal(h *Holding, name string, from netip.Addr) *refusal {
	m := &g.msg
	foreign := m.has&hasPeer == 0 || m.has&hasForeignPeer != 0
	switch {
	case h != nil && h.name != name:
		return &wrongCredentials
	case m.unknowns > 0:
		return &unknownAttribute
	}
	if m.kind == allocate {
		return g.refusalOfAllocate(h, name, from)
	}
	switch {
	case h == nil:
		return &allocationMismatch
	case m.kind == refresh:
		return nil
	case foreign:
		return &forbidden
	case m.kind == channelBind && (m.has&hasChannel == 0 || m.channel < firstChannel || m.channel >= endChannel): // RFC 8656 section 12
		return &badRequest
	}
	return nil
}

func (g *Gate) refusalOfAllocate(h *Holding, name string, from netip.Addr) *refusal {
	m := &g.msg
	switch {
	case h != nil && h.transaction != m.transaction():
		return &allocationMismatch
	case h != nil:
		return nil // the TURN server repeats its answer (RFC 8656 section 7.2)
	case m.transport != transportUDP:
		return &unsupportedTransport
	case m.has&hasFamily != 0 && m.family != familyIPv4:
		return &unsupportedFamily
	case m.has&hasReservation != 0 && !pairs:
		return &insufficientCapacity
	}
	switch g.policy.Room(name, from) {
	case Free:
		return nil
	case Quota:
		return &quotaReached
	}
	return &insufficientCapacity
}

// challenge lets the TURN server answer 401 with a fresh nonce. It is handed
// the bare header: that is all it needs, and a wrong signature would get a 400
// from it, after which a client does not try again. The rate bounds what a
// forged source can draw from us (row 15).
func (g *Gate) challenge(from netip.AddrPort) ([]byte, verdict) {
	now := time.Now()
	if g.own != nil {
		if !g.own.take(g.policy.answers.rate, now) {
			g.policy.Counts.Add(Suppressed, 1)
			return nil, hangup
		}
	} else if !g.policy.answers.take(from.Addr(), now) {
		g.policy.Counts.Add(Suppressed, 1)
		return nil, drop
	}
	g.policy.Counts.Add(Challenged, 1)
	header := g.msg.raw[:stunHeader]
	binary.BigEndian.PutUint16(header[2:], 0)
	return header, pass
}

// observe looks at what the TURN server sends. A channel that it binds is known
// to the guard from then on. A 400 to a request that the guard had verified
// means that the two checks of one signature differ.
func (g *Gate) observe(b []byte) {
	if len(b) < stunHeader+8 || isChannelData(b) {
		return
	}
	kind := binary.BigEndian.Uint16(b)
	if kind == channelBind|successClass && g.bindsTo != nil && [12]byte(b[8:stunHeader]) == g.binding {
		g.bindsTo.bind(g.msg.channel)
	}
	if kind&errorClass != errorClass {
		return
	}
	if [12]byte(b[8:stunHeader]) == g.verified && binary.BigEndian.Uint16(b[stunHeader:]) == attrErrorCode && b[stunHeader+6] == 4 && b[stunHeader+7] == 0 {
		g.policy.Counts.Add(Disagreed, 1)
	}
}

// Stream tells whether the gate stands before one stream connection.
func (g *Gate) Stream() bool { return g.own != nil }
