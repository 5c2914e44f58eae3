package guard

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Limits of one stream connection. Zero values mean the defaults.
type Limits struct {
	FirstFrame time.Duration // from accept to the first whole frame; 5 s
	Write      time.Duration // until the client takes an answer; 5 s
	Idle       time.Duration // between whole frames; 11 min, one more than an allocation lives
}

func (l Limits) defaults() Limits {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&l.FirstFrame, 5 * time.Second}, {&l.Write, 5 * time.Second}, {&l.Idle, 11 * time.Minute}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	return l
}

var errNotTCP = errors.New("guard: a stream needs TCP addresses")

// Stream turns a TCP or TLS connection into the net.PacketConn that one TURN
// server reads: exactly one whole, admitted frame per read. Memory is fixed,
// nothing recurses, and whatever is not a frame in time closes the connection
// (rows 1, 2 and 4).
type Stream struct {
	conn   net.Conn
	gate   *Gate
	limits Limits
	from   netip.AddrPort

	small      [2 * mtu]byte
	buf        []byte    // small, or a large one once the client holds an allocation
	start, end int       // unread bytes
	first      bool      // a whole frame has come
	readBy     time.Time // the read deadline now set

	writeBy   atomic.Int64 // the write deadline now set, Unix nanoseconds
	ended     func()
	closeOnce sync.Once
	endOnce   sync.Once
}

// NewStream takes conn over; on error it is still the caller's. The
// first-frame deadline runs from here. ended is called once, when the TURN
// server has been told that there is nothing more to read.
func NewStream(conn net.Conn, gate *Gate, limits Limits, ended func()) (*Stream, error) {
	remote, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return nil, errNotTCP
	}
	s := &Stream{conn: conn, gate: gate, limits: limits.defaults(), ended: ended}
	s.buf = s.small[:]
	from := remote.AddrPort()
	s.from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	s.readBy = time.Now().Add(s.limits.FirstFrame)
	if err := conn.SetReadDeadline(s.readBy); err != nil {
		return nil, err
	}
	return s, nil
}

// largeBuffer takes what a busy client sends with fewer calls. Who holds no
// allocation does not get one: those are bounded, strangers are many.
const largeBuffer = 16 << 10

// Read gives exactly one whole frame. Every end is io.EOF: too slow, not a
// frame and closed look alike to the reader and are told apart by counters.
func (s *Stream) Read(p []byte) (int, error) {
	for {
		size, ok := frameSize(s.buf[s.start:s.end])
		switch {
		case !ok:
			return s.fail(BadFrame)
		case size != 0 && size <= s.end-s.start:
			if len(p) < size {
				return s.fail(BadFrame)
			}
			n := copy(p, s.buf[s.start:s.start+size])
			s.start += size
			if err := s.extend(); err != nil {
				return s.fail(counterEnd)
			}
			return n, nil
		}
		if s.start > 0 {
			s.end, s.start = copy(s.buf, s.buf[s.start:s.end]), 0
		}
		// A frame is shorter than half the buffer, so there is always room.
		n, err := s.conn.Read(s.buf[s.end:])
		s.end += n
		if s.end == len(s.buf) && len(s.buf) < largeBuffer && s.gate.holding(s.from) != nil {
			s.buf = append(make([]byte, 0, largeBuffer), s.buf...)[:largeBuffer]
		}
		switch {
		case err == nil || n > 0: // an error beside bytes comes again
		case errors.Is(err, os.ErrDeadlineExceeded):
			return s.fail(SlowFrame)
		default:
			return s.fail(counterEnd)
		}
	}
}

// extend moves the read deadline after a whole frame, not after a byte: a
// frame that dribbles in does not keep the connection. It is moved in steps,
// because setting it costs more than reading a frame from the buffer.
func (s *Stream) extend() error {
	by := time.Now().Add(s.limits.Idle)
	if s.first && by.Sub(s.readBy) < s.limits.Idle/16 {
		return nil
	}
	s.first, s.readBy = true, by
	return s.conn.SetReadDeadline(by)
}

func (s *Stream) fail(why Counter) (int, error) {
	if why != counterEnd {
		s.gate.policy.Counts.Add(why, 1)
	}
	_ = s.Close() // the connection is lost already
	return 0, io.EOF
}

// ReadFrom gives the next frame that the gate admits. An error is final and the
// connection is closed with it.
func (s *Stream) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		n, err := s.Read(p)
		if err != nil {
			s.endOnce.Do(s.ended)
			return 0, nil, err
		}
		out, v := s.gate.admit(p[:n], s.from)
		switch v {
		case pass:
			return len(out), s.conn.RemoteAddr(), nil
		case answer:
			_, _ = s.write(out) // a failed write closes the connection and ends the next read
		case hangup:
			s.start = s.end // nothing more of this client is looked at
			_ = s.Close()
		}
	}
}

// WriteTo sends a frame of the TURN server. The address is the connection's own.
func (s *Stream) WriteTo(p []byte, _ net.Addr) (int, error) {
	s.gate.observe(p)
	return s.write(p)
}

func (s *Stream) write(p []byte) (int, error) {
	now := time.Now()
	if by := now.Add(s.limits.Write).UnixNano(); by-s.writeBy.Load() > int64(s.limits.Write/5) {
		s.writeBy.Store(by)
		if err := s.conn.SetWriteDeadline(time.Unix(0, by)); err != nil {
			return 0, err
		}
	}
	n, err := s.conn.Write(p)
	if err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			s.gate.policy.Counts.Add(SlowWrite, 1)
		}
		_ = s.Close() // part of a frame may be out: nothing can follow it
	}
	return n, err
}

// Send sends datagrams of the peer as ChannelData, past the TURN server and in
// one call. With none it tells whether a channel is bound. false leaves them to
// the TURN server.
func (s *Stream) Send(h *Holding, batch [][]byte) bool {
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
	for _, data := range batch {
		b = appendChannel(b, number, data)
		b = append(b, "\x00\x00\x00"[:-len(data)&3]...) // padded on a stream (RFC 8656 section 12.5)
	}
	*out = b
	_, _ = s.write(b) // a failed write closes the connection
	return true
}

// Close closes the connection; a waiting read ends.
func (s *Stream) Close() error {
	var err error
	s.closeOnce.Do(func() { err = s.conn.Close() })
	return err
}

// LocalAddr is the server's end of the connection.
func (s *Stream) LocalAddr() net.Addr { return s.conn.LocalAddr() }

// SetDeadline refuses: deadlines here are the guard's.
func (s *Stream) SetDeadline(time.Time) error { return errors.ErrUnsupported }

// SetReadDeadline refuses: deadlines here are the guard's.
func (s *Stream) SetReadDeadline(time.Time) error { return errors.ErrUnsupported }

// SetWriteDeadline refuses: deadlines here are the guard's.
func (s *Stream) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }
