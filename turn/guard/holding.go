package guard

import (
	"encoding/binary"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// Holding is one allocation of a 5-tuple.
//
// What comes on its channel goes to the relay at once, past the TURN server,
// which needs several times as long for each datagram as the way through the
// kernel takes. Which channel that is, it has decided before: the guard learns
// it from the answer to ChannelBind.
type Holding struct {
	name        string
	addr        net.Addr
	transaction [12]byte // of the Allocate that made it: a repetition gets the same answer
	up          func(b []byte)
	asked       bucket // of the one goroutine that reads
	channel     atomic.Pointer[channel]
}

// asksPerSecond is how often one allocation may ask for something. A client asks a few times when it comes and then every
// few minutes; a request that is sent again and again costs the TURN server's work and an answer each time.
const asksPerSecond = 50

// channel is a bound channel. There is one, because there is one peer.
type channel struct {
	number uint16
	until  time.Time
}

// channelLife is how long a binding is good for (RFC 8656 section 12).
const channelLife = 10 * time.Minute

// Hold records that from now holds an allocation of name. It is called by the
// goroutine that reads, while the request that asked for it is being handled.
func (g *Gate) Hold(from netip.AddrPort, name string) *Holding {
	h := &Holding{name: name, addr: net.UDPAddrFromAddrPort(from), transaction: g.msg.transaction(), asked: bucket{tokens: asksPerSecond}}
	g.mu.Lock()
	g.held[from] = h
	g.mu.Unlock()
	return h
}

// Forward names the relay of the holding: what takes a datagram for the one
// peer. It is called by the goroutine that reads, as Hold is.
func (h *Holding) Forward(up func(b []byte)) { h.up = up }

// Channel is the channel that is bound now; ok is false when there is none.
func (h *Holding) Channel() (number uint16, ok bool) {
	c := h.channel.Load()
	if c == nil || time.Now().After(c.until) {
		return 0, false
	}
	return c.number, true
}

func (h *Holding) bind(number uint16) {
	h.channel.Store(&channel{number, time.Now().Add(channelLife)})
}

// forward hands ChannelData, one whole frame, to the relay. false leaves it to
// the TURN server, which knows no such channel either and drops it.
func (h *Holding) forward(b []byte) bool {
	number, ok := h.Channel()
	if !ok || h.up == nil || binary.BigEndian.Uint16(b) != number {
		return false
	}
	h.up(b[chanHeader : chanHeader+int(binary.BigEndian.Uint16(b[2:]))])
	return true
}
