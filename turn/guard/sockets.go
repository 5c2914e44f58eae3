package guard

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// pause is how long a failing socket is left alone before the next try: out of
// descriptors, an aborted connection or a reset from a dead UDP peer pass.
const pause = 50 * time.Millisecond

// Socket is a UDP socket.
type Socket interface {
	net.PacketConn
	ReadFromAddrPort(b []byte) (int, netip.AddrPort, error)
	WriteToAddrPort(b []byte, to netip.AddrPort) (int, error)
}

// Packets stands before a UDP listener. Reading ends with net.ErrClosed and
// with nothing else, because the TURN server drops every allocation of a
// socket whose read fails once (row 3).
type Packets struct {
	Socket
	gate   *Gate
	closed chan struct{}
	once   sync.Once
	ended  func()
	end    sync.Once
}

// NewPackets wraps a socket. ended is called once, when the TURN server has
// been told that there is nothing more to read.
func NewPackets(socket Socket, gate *Gate, ended func()) *Packets {
	return &Packets{Socket: socket, gate: gate, closed: make(chan struct{}), ended: ended}
}

// ReadFrom gives the next datagram that the gate admits.
func (p *Packets) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := p.ReadFromAddrPort(b)
		if err != nil {
			if errors.Is(err, net.ErrClosed) || !wait(p.closed, p.gate.policy.Counts) {
				p.end.Do(p.ended)
				return 0, nil, net.ErrClosed
			}
			continue
		}
		if !whole(b[:n]) {
			p.gate.policy.Counts.Add(Malformed, 1)
			continue
		}
		out, v := p.gate.admit(b[:n], from)
		switch v {
		case pass:
			return len(out), p.address(from), nil
		case answer:
			_, _ = p.WriteToAddrPort(out, from) // lost, as any datagram may be
		}
	}
}

// address gives the net.Addr of a source, that of its allocation if it has one.
func (p *Packets) address(from netip.AddrPort) net.Addr {
	if h := p.gate.holding(from); h != nil {
		return h.addr
	}
	return net.UDPAddrFromAddrPort(from)
}

// WriteTo sends a datagram of the TURN server.
func (p *Packets) WriteTo(b []byte, to net.Addr) (int, error) {
	p.gate.observe(b)
	return p.Socket.WriteTo(b, to)
}

// chanFrames are buffers for ChannelData.
var chanFrames = sync.Pool{New: func() any { return new([mtu + chanHeader]byte) }}

// Send sends a datagram of the peer as ChannelData, past the TURN server. false
// leaves it to the TURN server, because no channel is bound. It never waits.
func (p *Packets) Send(h *Holding, to netip.AddrPort, b []byte) bool {
	number, ok := h.Channel()
	f, isFrame := chanFrames.Get().(*[mtu + chanHeader]byte)
	if !isFrame {
		return false
	}
	defer chanFrames.Put(f)
	if !ok || len(b) > mtu {
		return false
	}
	binary.BigEndian.PutUint16(f[:], number)
	binary.BigEndian.PutUint16(f[2:], uint16(len(b)))
	n := chanHeader + copy(f[chanHeader:], b)
	_, _ = p.WriteToAddrPort(f[:n], to) // lost, as any datagram may be
	return true
}

// Close closes the socket and ends a waiting read.
func (p *Packets) Close() error {
	var err error
	p.once.Do(func() {
		close(p.closed)
		err = p.Socket.Close()
	})
	return err
}

// Listener accepts until it is closed: any other error is survived.
type Listener struct {
	net.Listener
	counts *Counts
	closed chan struct{}
	once   sync.Once
}

// NewListener wraps a listener.
func NewListener(l net.Listener, counts *Counts) *Listener {
	return &Listener{Listener: l, counts: counts, closed: make(chan struct{})}
}

// Accept gives the next connection, or net.ErrClosed after Close.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err == nil {
			return conn, nil
		}
		if errors.Is(err, net.ErrClosed) || !wait(l.closed, l.counts) {
			return nil, net.ErrClosed
		}
	}
}

// Close closes the listener and ends a waiting Accept.
func (l *Listener) Close() error {
	var err error
	l.once.Do(func() {
		close(l.closed)
		err = l.Listener.Close()
	})
	return err
}

// wait counts an error and pauses; false means closed meanwhile.
func wait(closed <-chan struct{}, counts *Counts) bool {
	counts.Add(RetriedErrors, 1)
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-closed:
		return false
	case <-timer.C:
		return true
	}
}
