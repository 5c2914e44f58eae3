package check

import (
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/pion/stun/v4"
)

// canary listens on this machine and sends datagrams through the relay to it, by every name it has. Nothing may arrive.
// The canaries are reached directly first, so that silence means something.
func (c *checker) canary(r *caller) (reached []string, canaries int) {
	for _, at := range own() {
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(at, 0)))
		if err != nil {
			continue // this machine has no such address
		}
		var direct, relayed atomic.Bool
		done := make(chan struct{})
		go func() {
			defer close(done)
			buf := make([]byte, 64)
			for {
				n, err := conn.Read(buf)
				if err != nil {
					return
				}
				switch string(buf[:n]) {
				case "direct":
					direct.Store(true)
				case "relay":
					relayed.Store(true)
				}
			}
		}()
		port := netip.MustParseAddrPort(conn.LocalAddr().String()).Port()
		names := []netip.Addr{at}
		if at.IsLoopback() && at.Is4() {
			names = append(names, netip.MustParseAddr("0.0.0.0"))
		}
		for _, name := range names {
			r.push(netip.AddrPortFrom(name, port))
		}
		if self, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(at, port))); err == nil {
			_, _ = self.Write([]byte("direct")) // if it cannot be sent, this canary counts for nothing
			_ = self.Close()
		}
		_ = conn.SetReadDeadline(time.Now().Add(quiet))
		<-done
		_ = conn.Close() // nobody needs it any more
		if direct.Load() {
			canaries++
		}
		if relayed.Load() {
			reached = append(reached, at.String())
		}
	}
	return reached, canaries
}

// push tries all ways to have a datagram relayed to an address. What is refused is no error here: the canary judges.
func (r *caller) push(to netip.AddrPort) {
	data := stun.RawAttribute{Type: stun.AttrData, Length: 5, Value: []byte("relay")}
	_, _, _ = r.ask(stun.MethodCreatePermission, peer(to))
	if m, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication), peer(to), data); err == nil {
		_, _ = r.conn.Write(m.Raw)
	}
	const number = 0x4FF0
	_, _, _ = r.ask(stun.MethodChannelBind, channel(number), peer(to))
	frame := []byte{number >> 8, number & 0xFF, 0, 5, 'r', 'e', 'l', 'a', 'y', 0, 0, 0}
	_, _ = r.conn.Write(frame)
}

func channel(number uint16) stun.Setter {
	return stun.RawAttribute{Type: stun.AttrChannelNumber, Length: 4, Value: []byte{byte(number >> 8), byte(number), 0, 0}}
}
