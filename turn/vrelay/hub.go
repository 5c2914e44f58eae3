// Package vrelay is the in-process relay hub: the far side of every TURN
// allocation is the SFU's ICE mux, reached without any socket.
//
//	TURN server -> Relay.WriteTo -> bounded queue -> SFUConn.ReadFromAddrPort -> ICE mux
//	TURN server <- Relay.ReadFrom <- bounded queue <- SFUConn.WriteToAddrPort <- ICE mux
//
// A relayed address is virtual: it comes from a documentation prefix (RFC 5737),
// is never seen on a wire, and can exchange datagrams with one pinned peer, the
// SFU's own address and port. There is nothing else that a relay could reach.
package vrelay

import (
	"errors"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxDatagram = 1600  // bytes; the TURN server's and ICE's buffers are no larger
	firstPort   = 1025  // relayed ports start here
	portSpan    = 64000 // and end before firstPort+portSpan
)

// DefaultPrefix is TEST-NET-2, which browsers accept as an address and no
// network routes (RFC 5737).
func DefaultPrefix() netip.Prefix { return netip.MustParsePrefix("198.51.100.0/24") }

// Outcomes of Open.
var (
	ErrClosed = errors.New("vrelay: hub is closed")
	ErrQuota  = errors.New("vrelay: allocation quota reached")
	ErrFull   = errors.New("vrelay: no room for another allocation")
	ErrOwner  = errors.New("vrelay: an allocation needs a session and a name")
)

// Config is what a Hub needs.
type Config struct {
	// Pinned is the one peer that relays can reach: the SFU's IPv4 address and
	// port, the same that its ICE candidate names. Required. Nothing is ever
	// sent to it, so without IPv4 any address outside Prefix will do.
	Pinned netip.AddrPort
	// Prefix holds the relayed addresses. Zero means DefaultPrefix. It must not be
	// in use on the site.
	Prefix netip.Prefix
	// Queue bounds the datagrams waiting in each direction of one relay. 0 means 256.
	Queue int
	// PerName, PerSession and Total bound allocations. 0 means 4, 16 and 4096.
	// A session holds one customer and several agents, a name is one of them.
	PerName, PerSession, Total int
	// SessionRate and TotalRate bound the bytes that pass in a second, both ways
	// together, of one session and of all. 0 means 16 MiB and 256 MiB.
	SessionRate, TotalRate int
}

func (c Config) validate() (Config, error) {
	c.Pinned = unmap(c.Pinned)
	if !c.Prefix.IsValid() {
		c.Prefix = DefaultPrefix()
	}
	c.Prefix = c.Prefix.Masked()
	switch {
	case !c.Pinned.IsValid() || !c.Pinned.Addr().Is4() || c.Pinned.Port() == 0:
		return c, errors.New("vrelay: pinned peer must be an IPv4 address with a port")
	case c.Pinned.Addr().IsUnspecified() || c.Pinned.Addr().IsMulticast():
		return c, errors.New("vrelay: pinned peer must be one host's address")
	case !c.Prefix.Addr().Is4() || c.Prefix.Bits() > 30 || c.Prefix.Bits() < 8:
		return c, errors.New("vrelay: relay prefix must be IPv4 and between /8 and /30")
	case c.Prefix.Contains(c.Pinned.Addr()):
		return c, errors.New("vrelay: relay prefix contains the pinned peer; choose another prefix")
	case min(c.Queue, c.PerName, c.PerSession, c.Total, c.SessionRate, c.TotalRate) < 0:
		return c, errors.New("vrelay: limits must not be negative")
	}
	for _, d := range []struct {
		field *int
		value int
	}{{&c.Queue, 256}, {&c.PerName, 4}, {&c.PerSession, 16}, {&c.Total, 4096}, {&c.SessionRate, 16 << 20}, {&c.TotalRate, 256 << 20}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	return c, nil
}

// Owner is who an allocation belongs to: the session that Kick ends, and the
// credential's user name, which the per-name quota counts.
type Owner struct {
	Session, Name string
	Way           string // by which the client reaches the TURN server; for those who look at the SFU's connections
}

// Hub owns the relays. It is safe for concurrent use.
type Hub struct {
	config Config
	hosts  uint64 // usable addresses of the prefix
	peer   *net.UDPAddr
	counts counters
	up     uplink
	sfu    atomic.Pointer[SFUConn]
	start  time.Time
	rate   rate // of all

	mu     sync.RWMutex
	closed bool
	next   uint64 // counts addresses handed out
	relays map[netip.AddrPort]*Relay
	byName map[string]int
	bySess map[string]*account
}

// account is what the relays of one session share. It lives while there is one.
type account struct {
	relays map[*Relay]struct{}
	rate   rate
}

// NewHub makes a hub, or says what in the configuration is wrong.
func NewHub(config Config) (*Hub, error) {
	config, err := config.validate()
	if err != nil {
		return nil, err
	}
	return &Hub{
		config: config, start: time.Now(),
		hosts:  1<<(32-config.Prefix.Bits()) - 2, // without network and broadcast address
		peer:   net.UDPAddrFromAddrPort(config.Pinned),
		relays: map[netip.AddrPort]*Relay{},
		byName: map[string]int{},
		bySess: map[string]*account{},
	}, nil
}

// Pinned is the one peer.
func (h *Hub) Pinned() netip.AddrPort { return h.config.Pinned }

// Prefix holds the relayed addresses.
func (h *Hub) Prefix() netip.Prefix { return h.config.Prefix }

// Room tells what Open would say to the owner now: nil, ErrQuota when the name
// or the session has its share, ErrFull when the hub has.
func (h *Hub) Room(owner Owner) error {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.room(owner)
}

func (h *Hub) room(owner Owner) error {
	session := h.bySess[owner.Session]
	switch {
	case h.byName[owner.Name] >= h.config.PerName, session != nil && len(session.relays) >= h.config.PerSession:
		return ErrQuota
	case len(h.relays) >= h.config.Total:
		return ErrFull
	}
	return nil
}

// Open makes a relay for owner. gone is called once, after the relay was
// closed by whoever, with what had passed through it; it may be nil.
func (h *Hub) Open(owner Owner, gone func(Use)) (*Relay, error) {
	if owner.Session == "" || owner.Name == "" {
		return nil, ErrOwner
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, ErrClosed
	}
	if err := h.room(owner); err != nil {
		h.counts.add(refusedQuota, 1)
		return nil, err
	}
	addr, ok := h.address()
	if !ok {
		return nil, ErrFull
	}
	session := h.bySess[owner.Session]
	if session == nil {
		session = &account{relays: map[*Relay]struct{}{}}
		h.bySess[owner.Session] = session
	}
	r := newRelay(h, owner, addr, gone)
	r.session = session
	h.relays[addr] = r
	h.byName[owner.Name]++
	session.relays[r] = struct{}{}
	h.counts.add(opened, 1)
	return r, nil
}

// address gives the next address of the sequence. ICE's mux keys its fast path
// by remote address for as long as a session lives, so none is used again
// before the whole prefix was, and then only when it is free.
func (h *Hub) address() (netip.AddrPort, bool) {
	for range len(h.relays) + 1 {
		n := h.next % (h.hosts * portSpan)
		h.next++
		ip := h.config.Prefix.Addr().As4()
		host := uint32(ip[0])<<24 | uint32(ip[1])<<16 | uint32(ip[2])<<8 | uint32(ip[3])
		host += uint32(n%h.hosts) + 1
		addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{byte(host >> 24), byte(host >> 16), byte(host >> 8), byte(host)}),
			uint16(firstPort+n/h.hosts))
		if _, taken := h.relays[addr]; !taken {
			return addr, true
		}
	}
	return netip.AddrPort{}, false
}

// forget takes a closed relay out of the tables.
func (h *Hub) forget(r *Relay) {
	h.mu.Lock()
	delete(h.relays, r.addr)
	if h.byName[r.owner.Name]--; h.byName[r.owner.Name] <= 0 {
		delete(h.byName, r.owner.Name)
	}
	delete(r.session.relays, r)
	if len(r.session.relays) == 0 {
		delete(h.bySess, r.owner.Session)
	}
	h.mu.Unlock()
	h.up.drop(r)
}

func (h *Hub) find(addr netip.AddrPort) *Relay {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.relays[addr]
}

// Way tells how the client of a relay reaches the TURN server; "" when no relay has the address.
func (h *Hub) Way(addr netip.AddrPort) string {
	if r := h.find(addr); r != nil {
		return r.owner.Way
	}
	return ""
}

// Kick closes the relays of a session and tells how many there were. The TURN
// server deletes an allocation as soon as reading from its relay fails.
func (h *Hub) Kick(session string) int {
	h.mu.RLock()
	var relays []*Relay
	if held := h.bySess[session]; held != nil {
		relays = slices.Collect(maps.Keys(held.relays))
	}
	h.mu.RUnlock()
	return closeAll(relays)
}

// Close closes every relay and refuses new ones. The SFUConn stays open: its
// real socket may serve peers that need no relay.
func (h *Hub) Close() error {
	h.mu.Lock()
	h.closed = true
	var relays []*Relay
	for _, r := range h.relays {
		relays = append(relays, r)
	}
	h.mu.Unlock()
	closeAll(relays)
	return nil
}

func closeAll(relays []*Relay) int {
	for _, r := range relays {
		_ = r.Close() // a relay's Close has no error
	}
	return len(relays)
}

// wake tells the SFU's reader that a virtual datagram waits.
func (h *Hub) wake() {
	if c := h.sfu.Load(); c != nil {
		c.wake()
	}
}

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
