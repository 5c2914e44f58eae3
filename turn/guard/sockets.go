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
	// WriteSegments writes datagrams of size bytes each, the last may be shorter.
	WriteSegments(b []byte, size int, to netip.AddrPort) error
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

// Send sends datagrams of the peer as ChannelData, past the TURN server, those
// of one size with one call. With none it tells whether a channel is bound.
// false leaves them to the TURN server. It never waits.
func (p *Packets) Send(h *Holding, to netip.AddrPort, batch [][]byte) bool {
	number, ok := h.Channel()
	if !ok || len(batch) == 0 {
		return ok
	}
	out, isBuffer := sendBuffers.Get().(*[]byte)
	if !isBuffer {
		return false
	}
	defer sendBuffers.Put(out)
	b := (*out)[:0]
	size, last := 0, 0 // of the frames in b: the first one's and the last one's
	for _, data := range batch {
		if n := chanHeader + len(data); len(b) > 0 && (last < size || n > size) {
			p.send(b, size, to)
			b = b[:0]
		}
		last = chanHeader + len(data)
		if len(b) == 0 {
			size = last
		}
		b = appendChannel(b, number, data)
	}
	p.send(b, size, to)
	*out = b
	return true
}

func (p *Packets) send(b []byte, size int, to netip.AddrPort) {
	// Lost, as any datagram may be.
	if len(b) > size {
		_ = p.WriteSegments(b, size, to)
	} else {
		_, _ = p.WriteToAddrPort(b, to)
	}
}

func appendChannel(b []byte, number uint16, data []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, number)
	b = binary.BigEndian.AppendUint16(b, uint16(len(data)))
	return append(b, data...)
}

// sendBuffers are buffers for what is sent in one call.
var sendBuffers = sync.Pool{New: func() any { return new([]byte) }}

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
