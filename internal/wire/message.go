package wire

import (
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/flate"
)

// A message is a whole frame or a piece of one. Its first byte says which:
//
//	0 frame                                  a whole frame
//	1 size deflated                          a whole frame, raw DEFLATE (RFC 1951), inflated to size bytes
//	2 flags total size piece                 the first piece of a frame; flags: 1 = deflated; total bytes in all pieces;
//	                                         size bytes after inflation (equal to total when not deflated)
//	3 piece                                  the next piece
//
// Only ordered channels carry pieces; a frame's pieces follow each other without another frame between them.
const (
	msgWhole    = 0
	msgDeflated = 1
	msgFirst    = 2
	msgNext     = 3
)

// Rules of the message layer.
const (
	ruleInflate = "row38-inflate"
	ruleRatio   = "row38-ratio"
	rulePiece   = "row37-piece"
	ruleHuge    = "row37-size"
)

// maxRatio is how many times larger than its deflated form a frame may be.
const maxRatio = 100

// AppendMessages splits a frame into messages and calls emit with each. A message is only valid during the call.
func AppendMessages(frame []byte, deflate *Deflater, emit func(msg []byte) error) error {
	body, flags := frame, uint64(0)
	if deflate != nil && len(frame) >= DeflateFrom {
		out := deflate.deflate(frame)
		if d := out[headRoom:]; len(d) < len(frame) && len(frame) <= maxRatio*len(d) {
			body, flags = d, 1
		}
		if flags == 1 && len(body)+8 <= MaxMessage {
			head := AppendUint(append(make([]byte, 0, headRoom), msgDeflated), uint64(len(frame)))
			at := headRoom - len(head)
			copy(out[at:], head)
			return emit(out[at:])
		}
	}
	buf := make([]byte, 0, min(MaxMessage, len(body)+16))
	if len(body)+8 <= MaxMessage {
		return emit(append(append(buf, msgWhole), body...))
	}
	buf = append(buf, msgFirst)
	buf = AppendUint(buf, flags)
	buf = AppendUint(buf, uint64(len(body)))
	buf = AppendUint(buf, uint64(len(frame)))
	for len(body) > 0 {
		n := min(len(body), MaxMessage-len(buf))
		if err := emit(append(buf, body[:n]...)); err != nil {
			return err
		}
		body = body[n:]
		buf = append(buf[:0], msgNext)
	}
	return nil
}

// headRoom is what stands free before a deflated frame, so that its message can begin there.
const headRoom = 8

// Deflater deflates frames. It keeps its buffers; it is not safe for use by several goroutines.
type Deflater struct {
	w   *flate.Writer
	buf bytes.Buffer
}

// deflate gives the deflated frame behind headRoom bytes. It is valid until the next call.
func (d *Deflater) deflate(frame []byte) []byte {
	d.buf.Reset()
	// Writing to a bytes.Buffer cannot fail.
	_, _ = d.buf.Write(make([]byte, headRoom))
	if d.w == nil {
		// The level is a constant in range, so there is no error.
		d.w, _ = flate.NewWriter(&d.buf, flate.BestSpeed)
	}
	d.w.Reset(&d.buf)
	_, _ = d.w.Write(frame)
	_ = d.w.Close()
	return d.buf.Bytes()
}

// Wipe overwrites the buffers and lets go of the compressor, whose window holds the end of the last frame.
func (d *Deflater) Wipe() {
	clear(d.buf.Bytes()[:d.buf.Cap()])
	*d = Deflater{}
}

// inflater inflates frames. It keeps its window; it is not safe for use by several goroutines.
type inflater struct {
	r   io.ReadCloser
	src bytes.Reader
}

// inflate fills dst with what src inflates to, and says whether src is one whole stream of exactly that many bytes.
func (z *inflater) inflate(dst, src []byte) bool {
	z.src.Reset(src)
	if z.r == nil {
		z.r = flate.NewReader(&z.src)
	} else if z.r.(flate.Resetter).Reset(&z.src, nil) != nil {
		return false
	}
	if _, err := io.ReadFull(z.r, dst); err != nil {
		return false
	}
	var more [1]byte
	n, err := z.r.Read(more[:])
	return n == 0 && errors.Is(err, io.EOF) && z.src.Len() == 0
}

// Assembler turns the messages of one channel back into frames. The zero value is ready for use.
type Assembler struct {
	Limit   int // bytes of the largest frame, after inflation; 0 means MaxFrame
	partial []byte
	frame   []byte // the last inflated frame
	total   int    // bytes expected in all pieces; 0 when no frame is open
	size    int    // bytes after inflation
	packed  bool
	inflate inflater
}

// Next takes a message. It returns a frame when one is complete and nil otherwise. The frame is valid until the next call.
func (a *Assembler) Next(msg []byte) ([]byte, error) {
	if len(msg) == 0 || len(msg) > MaxMessageIn {
		return nil, a.fail(ruleLength)
	}
	r := NewReader(msg[1:])
	switch kind := msg[0]; {
	case kind == msgNext && a.total > 0:
		return a.piece(r.rest())
	case a.total > 0 || kind > msgFirst:
		return nil, a.fail(rulePiece)
	case kind == msgWhole:
		if len(r.rest()) > a.limit() {
			return nil, a.fail(ruleHuge)
		}
		return r.rest(), nil
	case kind == msgDeflated:
		size := int(r.Uint(uint64(a.limit())))
		if r.rule != "" {
			return nil, a.fail(r.rule)
		}
		return a.unpack(r.rest(), size)
	}
	a.packed = r.Uint(1) == 1
	a.total = int(r.Uint(uint64(a.limit())))
	a.size = int(r.Uint(uint64(a.limit())))
	if r.rule == "" && (a.total == 0 || !a.packed && a.total != a.size) {
		r.Fail(rulePiece)
	}
	if r.rule != "" {
		return nil, a.fail(r.rule)
	}
	return a.piece(r.rest())
}

// Open gives the bytes expected in all pieces of the frame that has begun to come; 0 when none has.
func (a *Assembler) Open() int { return a.total }

func (a *Assembler) limit() int {
	if a.Limit > 0 {
		return a.Limit
	}
	return MaxFrame
}

// piece adds the next piece. Memory grows with what has come, not with what was announced.
func (a *Assembler) piece(b []byte) ([]byte, error) {
	if len(b) == 0 || len(a.partial)+len(b) > a.total {
		return nil, a.fail(rulePiece)
	}
	a.partial = appendWiped(a.partial, b)
	if len(a.partial) < a.total {
		return nil, nil
	}
	whole := a.partial
	a.partial, a.total = a.partial[:0], 0
	if a.packed {
		return a.unpack(whole, a.size)
	}
	return whole, nil
}

// appendWiped is append that clears the old array when it moves to a new one.
func appendWiped(dst, b []byte) []byte {
	if len(dst)+len(b) <= cap(dst) {
		return append(dst, b...)
	}
	next := make([]byte, len(dst), max(2*cap(dst), len(dst)+len(b)))
	copy(next, dst)
	clear(dst[:cap(dst)])
	return append(next, b...)
}

func (a *Assembler) unpack(b []byte, size int) ([]byte, error) {
	if size > maxRatio*len(b) {
		return nil, a.fail(ruleRatio)
	}
	if cap(a.frame) < size {
		clear(a.frame[:cap(a.frame)])
		a.frame = make([]byte, size)
	}
	a.frame = a.frame[:size]
	if !a.inflate.inflate(a.frame, b) {
		return nil, a.fail(ruleInflate)
	}
	return a.frame, nil
}

func (a *Assembler) fail(rule string) error {
	a.partial, a.total = a.partial[:0], 0
	return &DecodeError{Rule: rule}
}

// Wipe overwrites everything that the assembler holds.
func (a *Assembler) Wipe() {
	clear(a.partial[:cap(a.partial)])
	clear(a.frame[:cap(a.frame)])
	*a = Assembler{Limit: a.Limit}
}
