package wire

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// Frame is any frame.
type Frame interface {
	// Type is the frame's number.
	Type() Type
	// Channel is the channel it travels on.
	Channel() Channel
	// AppendTo appends the frame's bytes to dst.
	AppendTo(dst []byte) []byte
}

// Type is the number of a frame. Its String is the frame's name.
type Type uint32

// DecodeError says why bytes are not a frame. It never holds any of the bytes.
type DecodeError struct {
	Frame Type   // 0 when not even the type could be read
	Rule  string // such as row35-varint
}

// Error names the rule.
func (e *DecodeError) Error() string { return "frame " + e.Frame.String() + ": " + e.Rule }

// Rules that a decoder may name. The number is the threat row.
const (
	ruleVarint = "row35-varint"
	ruleLength = "row35-length"
	ruleRange  = "row35-range"
	ruleRest   = "row35-trailing-bytes"
	ruleUTF8   = "row35-utf8"
	ruleBool   = "row35-bool"
	ruleType   = "row36-type"
	ruleRole   = "row36-channel"
)

const (
	maxUint  = 1<<31 - 1
	maxAsset = 1<<53 - 1
)

// Reader takes numbers and strings from a slice, front to back. The first error stays; after it every call returns zero.
// It counts bytes instead of cutting the slice: a pointer that moves costs the garbage collector something each time.
type Reader struct {
	b    []byte
	at   int
	rule string
}

// NewReader reads from b, which must not change meanwhile.
func NewReader(b []byte) Reader { return Reader{b: b} }

// Rule is the rule that was broken first, or "".
func (r *Reader) Rule() string { return r.rule }

// Len is the number of bytes left.
func (r *Reader) Len() int { return len(r.b) - r.at }

// rest is what is left.
func (r *Reader) rest() []byte { return r.b[r.at:] }

// Fail makes rule the reader's error unless it has one.
func (r *Reader) Fail(rule string) {
	if r.rule == "" {
		r.rule = rule
	}
	r.b, r.at = nil, 0
}

// Byte takes one byte.
func (r *Reader) Byte() byte {
	if r.at >= len(r.b) {
		r.Fail(ruleLength)
		return 0
	}
	c := r.b[r.at]
	r.at++
	return c
}

// Short takes a number below 128; for a longer one it gives 128 and takes nothing. Unlike Uint it is small enough to become a
// part of the caller.
func (r *Reader) Short() uint64 {
	if r.at < len(r.b) && r.b[r.at] < 0x80 {
		r.at++
		return uint64(r.b[r.at-1])
	}
	return 0x80
}

// Uint takes a number of at most max (itself at most 2^53-1). Longer forms than needed are refused.
func (r *Reader) Uint(max uint64) uint64 {
	if r.at < len(r.b) && r.b[r.at] < 0x80 && uint64(r.b[r.at]) <= max {
		r.at++
		return uint64(r.b[r.at-1])
	}
	return r.Long(max)
}

// Long is Uint, and faster for numbers that Short does not take.
func (r *Reader) Long(max uint64) uint64 {
	if b := r.b[r.at:]; len(b) > 1 && b[0] >= 0x80 && b[1]-1 < 0x7f {
		if v := uint64(b[0]&0x7f) | uint64(b[1])<<7; v <= max {
			r.at += 2
			return v
		}
	}
	return r.longUint(max)
}

func (r *Reader) longUint(max uint64) uint64 {
	v, n := binary.Uvarint(r.rest())
	switch {
	case n == 0:
		r.Fail(ruleLength)
	case n < 0 || n > 1 && r.b[r.at+n-1] == 0:
		r.Fail(ruleVarint)
	case v > max:
		r.Fail(ruleRange)
	default:
		r.at += n
		return v
	}
	return 0
}

// U31 takes a number up to 2^31-1.
func (r *Reader) U31() uint32 { return uint32(r.Uint(maxUint)) }

// Int takes a zigzag-coded number between -max and max.
func (r *Reader) Int(max int32) int32 {
	u := r.Uint(uint64(max) * 2)
	return int32(u>>1) ^ -int32(u&1)
}

// Bool takes 0 or 1.
func (r *Reader) Bool() bool {
	c := r.Byte()
	if c > 1 {
		r.Fail(ruleBool)
	}
	return c == 1
}

// Bytes takes a length of at most max and as many bytes. The result is a part of the input.
func (r *Reader) Bytes(max int) []byte {
	n := int(r.Short())
	if n >= 0x80 {
		n = int(r.Long(uint64(max)))
	} else if n > max {
		r.Fail(ruleRange)
		return nil
	}
	if n > len(r.b)-r.at {
		r.Fail(ruleLength)
		return nil
	}
	out := r.b[r.at : r.at+n : r.at+n]
	r.at += n
	return out
}

// Text is Bytes that must be UTF-8.
func (r *Reader) Text(max int) []byte {
	b := r.Bytes(max)
	if !utf8.Valid(b) {
		r.Fail(ruleUTF8)
		return nil
	}
	return b
}

// Count takes the length of a list of at most max items, each of which takes at least one byte.
func (r *Reader) Count(max int) int {
	n := int(r.Uint(uint64(max)))
	if n > r.Len() {
		r.Fail(ruleLength)
		return 0
	}
	return n
}

// Hash takes 32 bytes.
func (r *Reader) Hash() (h Hash) {
	if r.Len() < len(h) {
		r.Fail(ruleLength)
		return h
	}
	r.at += copy(h[:], r.rest())
	return h
}

// AppendUint appends a number in its shortest form.
func AppendUint(dst []byte, v uint64) []byte {
	if v < 0x80 {
		return append(dst, byte(v))
	}
	return binary.AppendUvarint(dst, v)
}

// AppendInt appends a zigzag-coded number.
func AppendInt(dst []byte, v int32) []byte {
	return binary.AppendUvarint(dst, uint64(uint32(v<<1)^uint32(v>>31)))
}

// AppendBool appends 0 or 1.
func AppendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// AppendBytes appends a length and the bytes.
func AppendBytes(dst, b []byte) []byte {
	return append(AppendUint(dst, uint64(len(b))), b...)
}

// AppendString appends a length and the bytes of s.
func AppendString(dst []byte, s string) []byte {
	return append(AppendUint(dst, uint64(len(s))), s...)
}

// UintSize is the number of bytes that AppendUint takes.
func UintSize(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }

// begin takes the type of a frame.
func begin(r *Reader) Type { return Type(r.U31()) }

// finish turns what is wrong with a reader, or left in it, into an error.
func finish(r *Reader, t Type) error {
	if r.rule == "" && r.Len() > 0 {
		r.Fail(ruleRest)
	}
	if r.rule != "" {
		return &DecodeError{Frame: t, Rule: r.rule}
	}
	return nil
}
