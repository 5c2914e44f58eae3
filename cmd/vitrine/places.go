package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"vitrine/turn/udpsock"
	"vitrine/turn/vrelay"
)

// A list holds several values: in a file as a list or in one text with commas, in a flag with commas.
type list string

// UnmarshalYAML reads both forms.
func (l *list) UnmarshalYAML(node *yaml.Node) error {
	switch {
	case node.Kind == yaml.ScalarNode:
		*l = list(node.Value)
		return nil
	case node.Kind == yaml.SequenceNode && !slices.ContainsFunc(node.Content, func(n *yaml.Node) bool { return n.Kind != yaml.ScalarNode }):
		var values []string
		for _, item := range node.Content {
			values = append(values, item.Value)
		}
		*l = list(strings.Join(values, ","))
		return nil
	}
	return fmt.Errorf("line %d: must be one value, several with commas between them, or a list", node.Line)
}

func (l list) values() (values []string) {
	for value := range strings.SplitSeq(string(l), ",") {
		if value = strings.TrimSpace(value); value != "" {
			values = append(values, value)
		}
	}
	return values
}

// udpPlaces are the addresses of the UDP sockets; none when UDP is off.
func (c *config) udpPlaces() ([]netip.AddrPort, error) {
	if c.UDP == off {
		return nil, nil
	}
	var places []netip.AddrPort
	for _, value := range c.UDP.values() {
		at, err := netip.ParseAddrPort(value)
		if err != nil {
			return nil, err
		}
		places = append(places, netip.AddrPortFrom(at.Addr().Unmap(), at.Port()))
	}
	if len(places) == 0 {
		return nil, errors.New("no address")
	}
	return places, nil
}

// publicIPs are the addresses under which browsers reach the server, at most one of each family.
func (c *config) publicIPs() (ips []netip.Addr, err error) {
	for _, value := range c.PublicIP.values() {
		ip, err := netip.ParseAddr(value)
		if err != nil {
			return nil, err
		}
		ip = ip.Unmap()
		if slices.ContainsFunc(ips, func(other netip.Addr) bool { return other.Is4() == ip.Is4() }) {
			return nil, errors.New("two of one family")
		}
		ips = append(ips, ip)
	}
	return ips, nil
}

// public is the address under which browsers reach what listens at an address; false when nobody said.
func (c *config) public(at netip.Addr) (netip.Addr, bool) {
	ips, _ := c.publicIPs() // what is wrong with them has been told
	if i := slices.IndexFunc(ips, func(ip netip.Addr) bool { return ip.Is4() == at.Is4() }); i >= 0 {
		return ips[i], true
	}
	return at, !at.IsUnspecified()
}

// iceRules are what must hold for the sockets of ICE.
func (c *config) iceRules() []rule {
	_, ipErr := c.publicIPs()
	rules := []rule{{ipErr == nil, "public_ip: must be an IPv4 address, an IPv6 address, or one of each"}}
	udp, _ := c.udpPlaces() // an error was told before
	seen := map[netip.AddrPort]bool{}
	for _, at := range udp {
		public, known := c.public(at.Addr())
		rules = append(rules,
			rule{known || c.dev, fmt.Sprintf("public_ip: set the address under which browsers reach udp %v, of the same family", at)},
			rule{reachable(public, at.Port()) || c.dev, "udp: " + unreachable},
			rule{!seen[at] || at.Port() == 0, fmt.Sprintf("udp: %v stands there twice", at)},
		)
		seen[at] = true
	}
	return append(rules, c.iceTCPRules()...)
}

// apart are the places that must not be one and the same.
func (c *config) apart() (rules []rule) {
	pairs := [][4]string{
		{"turn.tcp", c.Turn.TCP, "listen", c.Listen},
		{"admin.listen", c.Admin.Listen, "listen", c.Listen},
		{"admin.listen", c.Admin.Listen, "turn.tcp", c.Turn.TCP},
		{"admin.listen", c.Admin.Listen, "ice_tcp", c.ICETCP},
	}
	for _, udp := range c.UDP.values() {
		pairs = append(pairs, [4]string{"turn.udp", c.Turn.UDP, "udp", udp})
	}
	for _, p := range pairs {
		rules = append(rules, rule{!samePlace(p[1], p[3]), fmt.Sprintf("%s: %s is taken by %s: choose another port", p[0], p[1], p[2])})
	}
	return rules
}

// samePlace says whether two sockets cannot listen beside each other. What is no address was told elsewhere.
func samePlace(one, other string) bool {
	a, errA := netip.ParseAddrPort(one)
	b, errB := netip.ParseAddrPort(other)
	if errA != nil || errB != nil || a.Port() != b.Port() || a.Port() == 0 {
		return false
	}
	return a.Addr().Unmap() == b.Addr().Unmap() || a.Addr().IsUnspecified() || b.Addr().IsUnspecified()
}

const unreachable = "browsers connect to no port below 1024 but 80 and 443, and to these two at public addresses only: choose another port"

func (c *config) iceTCPRules() []rule {
	if c.ICETCP == "" {
		return nil
	}
	at, err := netip.ParseAddrPort(c.ICETCP)
	if err != nil {
		return []rule{{false, "ice_tcp: must be an IP address with a port of its own, such as 0.0.0.0:4443, or empty for none"}}
	}
	public, known := c.public(at.Addr().Unmap())
	if ips, _ := c.publicIPs(); at.Addr() == netip.IPv6Unspecified() && len(ips) > 0 {
		public, known = ips[0], true // a socket for both families
	}
	rules := []rule{
		{known, "public_ip: set the address under which browsers reach ice_tcp"},
		// Its first 96 bits are those of the IPv4-compatible addresses, which RFC 8445 section 5.1.1.1 leaves out.
		{public != netip.IPv6Loopback(), "ice_tcp: ICE passes over [::1] as a TCP candidate: use 127.0.0.1"},
		{reachable(public, at.Port()), "ice_tcp: " + unreachable},
		{!c.dev || at.Addr().IsLoopback(), "ice_tcp: --dev is for this machine only: use a loopback address"},
	}
	for _, other := range [][2]string{{"listen", c.Listen}, {"turn.tcp", c.Turn.TCP}} {
		to, err := netip.ParseAddrPort(other[1])
		// Browsers keep what comes from the address of a TURN server from ICE, so one port could not serve both.
		rules = append(rules, rule{err != nil || to.Port() != at.Port() || at.Port() == 0, "ice_tcp: needs a port of its own, other than that of " + other[0]})
	}
	return rules
}

// openUDP opens the UDP sockets.
func (h *host) openUDP() error {
	places, err := h.config.udpPlaces()
	if err != nil {
		return err
	}
	for _, at := range places {
		kind := "udp4"
		if at.Addr().Is6() {
			kind = "udp6"
		}
		udp, err := udpsock.Listen(kind, at.String())
		if err != nil {
			return errors.Join(inUse(err, at.String(), "UDP", "--udp"), h.closeUDP())
		}
		h.udp = append(h.udp, udp)
	}
	return nil
}

// closeUDP closes sockets that nothing else was given yet.
func (h *host) closeUDP() error {
	var errs []error
	for _, udp := range h.udp {
		errs = append(errs, udp.Close())
	}
	h.udp = nil
	return errors.Join(errs...)
}

// candidate is the address of a UDP socket as browsers know it.
func (h *host) candidate(udp *udpsock.Conn) netip.AddrPort {
	at := netip.MustParseAddrPort(udp.LocalAddr().String())
	ip, _ := h.config.public(at.Addr().Unmap())
	return netip.AddrPortFrom(ip, at.Port())
}

// relayed is the index of the socket that shares its address with the relays, which have IPv4 only; -1 when there is none.
func (h *host) relayed() int {
	return slices.IndexFunc(h.udp, func(udp *udpsock.Conn) bool { return h.candidate(udp).Addr().Is4() })
}

// virtualPort and virtualAddress stand for the SFU's own where there is none. Nothing is ever sent there, and browsers take
// any port from 1024 on (RFC 5737: the address is nobody's).
const virtualPort = 8443

var virtualAddress = netip.AddrFrom4([4]byte{192, 0, 2, 1})

// pinned is the one address that relays reach: the SFU's own. Without UDP nobody is there, and relays are all that leads
// to it.
func (h *host) pinned() netip.AddrPort {
	if i := h.relayed(); i >= 0 {
		return h.candidate(h.udp[i])
	}
	ip, known := h.config.public(netip.MustParseAddrPort(h.config.Listen).Addr().Unmap())
	if !known || ip.Is6() {
		ip = virtualAddress
	}
	return netip.AddrPortFrom(ip, virtualPort)
}

// merge makes the SFU's connection of a UDP socket, if there is one, and the virtual relays of TURN. The other sockets
// stay as they are.
func (h *host) merge() (conn *vrelay.SFUConn, more []net.PacketConn, err error) {
	if h.hub, err = vrelay.NewHub(vrelay.Config{Pinned: h.pinned()}); err != nil {
		return nil, nil, errors.Join(err, h.closeUDP())
	}
	at := h.relayed()
	var socket net.PacketConn
	for i, udp := range h.udp {
		if i == at {
			socket = udp
		} else {
			more = append(more, udp)
		}
	}
	if conn, err = h.hub.SFUConn(socket); err != nil {
		return nil, nil, errors.Join(err, h.closeUDP())
	}
	return conn, more, nil
}

// listenICE opens the TCP port of ICE; nil when there is none.
func (h *host) listenICE() (net.Listener, error) {
	if h.config.ICETCP == "" {
		return nil, nil
	}
	listener, err := net.Listen("tcp", h.config.ICETCP)
	if err != nil {
		return nil, inUse(err, h.config.ICETCP, "TCP", "--ice-tcp")
	}
	h.iceTCP = listener.Addr().String()
	return listener, nil
}

// loopback tells whether the server is known by an address of this machine only.
func (h *host) loopback() bool {
	return h.config.dev || h.pinned().Addr().IsLoopback() ||
		slices.ContainsFunc(h.udp, func(udp *udpsock.Conn) bool { return h.candidate(udp).Addr().IsLoopback() })
}
