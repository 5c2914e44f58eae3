package netns

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"os"
	"sync"
	"time"
)

const (
	protoTCP = 6
	protoUDP = 17
)

// packet is an IP packet with what the router looks at. Ports are zero for protocols that have none.
type packet struct {
	bytes    []byte
	head     int // length of the IP header
	proto    byte
	src, dst netip.AddrPort
}

func parse(b []byte) (p packet, ok bool) {
	p.bytes = b
	var src, dst netip.Addr
	switch {
	case len(b) >= 20 && b[0]>>4 == 4:
		p.head, p.proto = int(b[0]&15)*4, b[9]
		src, dst = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
	case len(b) >= 40 && b[0]>>4 == 6:
		p.head, p.proto = 40, b[6]
		src, dst = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
	default:
		return p, false
	}
	var from, to uint16
	if (p.proto == protoTCP || p.proto == protoUDP) && len(b) >= p.head+8 {
		from, to = binary.BigEndian.Uint16(b[p.head:]), binary.BigEndian.Uint16(b[p.head+2:])
	}
	p.src, p.dst = netip.AddrPortFrom(src, from), netip.AddrPortFrom(dst, to)
	return p, true
}

// rewrite puts other IPv4 addresses into a packet.
func (p *packet) rewrite(src, dst netip.AddrPort) {
	b := p.bytes
	for at, a := range map[int]netip.Addr{12: src.Addr(), 16: dst.Addr()} {
		four := a.As4()
		copy(b[at:], four[:])
	}
	binary.BigEndian.PutUint16(b[p.head:], src.Port())
	binary.BigEndian.PutUint16(b[p.head+2:], dst.Port())
	p.src, p.dst = src, dst
	binary.BigEndian.PutUint16(b[10:], 0)
	binary.BigEndian.PutUint16(b[10:], ^fold(sum(b[:p.head])))
	at := p.head + 16 // of TCP
	if p.proto == protoUDP {
		at = p.head + 6
	}
	body := b[p.head:]
	pseudo := sum(b[12:20]) + uint32(p.proto) + uint32(len(body)) // RFC 9293 section 3.1
	binary.BigEndian.PutUint16(b[at:], 0)
	check := ^fold(pseudo + sum(body))
	if check == 0 && p.proto == protoUDP {
		check = 0xffff // zero means no checksum (RFC 768)
	}
	binary.BigEndian.PutUint16(b[at:], check)
}

func sum(b []byte) (s uint32) {
	for ; len(b) > 1; b = b[2:] {
		s += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		s += uint32(b[0]) << 8
	}
	return s
}

func fold(s uint32) uint16 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

// network is what lies between people and the server. It may be changed while packets flow.
type network struct {
	delay time.Duration     // one way
	loss  float64           // of every packet, each way
	pass  func(packet) bool // nil lets everything pass
	down  bool              // nothing passes to or from the customer
	nat   *nat              // nil means addresses stay
}

// wire is a TUN device inside a namespace, and what waits to be written to it.
type cable struct {
	name   string
	tun    *os.File
	routes []netip.Prefix
	queue  chan parcel
}

type parcel struct {
	at    time.Time
	bytes []byte
}

// box is the router.
type box struct {
	mu     sync.Mutex
	net    network
	cables []*cable
}

// set changes the network.
func (b *box) set(change func(*network)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(&b.net)
}

// run moves the packets of one cable until its device is closed.
func (b *box) run(c *cable) {
	go func() {
		for p := range c.queue {
			time.Sleep(time.Until(p.at))
			_, _ = c.tun.Write(p.bytes) // a packet that nobody takes is lost
		}
	}()
	buf := make([]byte, 65536)
	for {
		n, err := c.tun.Read(buf)
		if err != nil {
			return
		}
		if p, ok := parse(append([]byte(nil), buf[:n]...)); ok {
			b.forward(c, p)
		}
	}
}

func (b *box) forward(from *cable, p packet) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := &b.net
	if n.nat != nil && !n.nat.translate(from, &p) {
		return
	}
	to := b.route(p.dst.Addr())
	switch {
	case to == nil, to == from,
		n.down && (from.name == "customer" || to.name == "customer"),
		n.pass != nil && !n.pass(p),
		n.loss > 0 && rand.Float64() < n.loss:
		return
	}
	select {
	case to.queue <- parcel{time.Now().Add(n.delay), p.bytes}:
	default: // a router's queue that is full
	}
}

func (b *box) route(to netip.Addr) *cable {
	for _, c := range b.cables {
		for _, route := range c.routes {
			if route.Contains(to) {
				return c
			}
		}
	}
	return nil
}

// nat is a symmetric NAT in front of the customer (RFC 4787 section 4.1: address- and port-dependent mapping): every pair
// of addresses has a port of its own, and only the very address that was written to may answer.
type nat struct {
	outside netip.Addr
	ports   map[flow]uint16
	flows   map[uint16]flow
}

type flow struct {
	proto    byte
	src, dst netip.AddrPort
}

func newNAT(outside netip.Addr) *nat {
	return &nat{outside: outside, ports: map[flow]uint16{}, flows: map[uint16]flow{}}
}

func (n *nat) translate(from *cable, p *packet) bool {
	switch {
	case !p.src.Addr().Is4() || p.src.Port() == 0:
		return from.name != "customer" && p.dst.Addr() != n.outside
	case from.name == "customer":
		f := flow{p.proto, p.src, p.dst}
		port, ok := n.ports[f]
		for !ok {
			port = uint16(20000 + rand.IntN(40000))
			if _, taken := n.flows[port]; !taken {
				n.ports[f], n.flows[port], ok = port, f, true
			}
		}
		p.rewrite(netip.AddrPortFrom(n.outside, port), p.dst)
	case p.dst.Addr() == n.outside:
		f, ok := n.flows[p.dst.Port()]
		if !ok || f.proto != p.proto || f.dst != p.src {
			return false
		}
		p.rewrite(p.src, f.src)
	}
	return true
}
