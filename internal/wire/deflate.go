package wire

import (
	"encoding/binary"
	"math/bits"
)

// Deflater deflates frames into raw DEFLATE (RFC 1951): matches by one look into a hash table, blocks with codes of
// their own. It keeps its buffers; it is not safe for use by several goroutines.
type Deflater struct {
	c *compressor
}

const (
	hashBits  = 13
	maxDist   = 32 << 10
	maxPairs  = 8 << 10  // of one block
	maxSource = 64 << 10 // bytes of what one block holds
	headRoom  = 16       // bytes in front of what is deflated, for the message's head
)

// pair is a run of literals and the match behind it: length less 3, and distance less 1.
type pair struct {
	literals     uint32
	length, dist uint16
}

type compressor struct {
	heads [1 << hashBits]int32 // where what hashed to this was last
	pairs [maxPairs]pair
	used  int // pairs; the literals behind the last one have none
	lits  [litCodes]uint32
	dists [distCodes]uint32
	codes codes
	out   []byte
	acc   uint64 // bits that make no byte yet
	n     uint
}

// deflate gives the deflated frame behind headRoom bytes that are free. It stays valid until the next call.
func (d *Deflater) deflate(frame []byte) []byte {
	if d.c == nil {
		d.c = new(compressor)
	}
	c := d.c
	clear(c.heads[:])
	c.out, c.acc, c.n = c.out[:min(headRoom, cap(c.out))], 0, 0
	if len(c.out) < headRoom {
		c.out = make([]byte, headRoom, headRoom+len(frame)/2+64)
	}
	for from, last := 0, false; !last; {
		to := c.match(frame, from)
		last = to == len(frame)
		c.block(frame[from:to], last)
		from = to
	}
	c.flush()
	return c.out
}

// Wipe overwrites the buffers and lets go of them.
func (d *Deflater) Wipe() {
	if d.c != nil {
		clear(d.c.out[:cap(d.c.out)])
		clear(d.c.pairs[:])
	}
	*d = Deflater{}
}

// hash takes six bytes: shorter matches save little and cost a branch that nobody can foresee.
func hash(v uint64) uint64 { return v << 24 * 0x9e3779b97f4a7c15 >> (64 - hashBits) }

// match finds the matches of a block that begins at from, and gives where it ends.
func (c *compressor) match(src []byte, from int) int {
	clear(c.lits[:])
	clear(c.dists[:])
	c.used = 0
	src = src[:min(len(src), from+maxSource)]
	at, anchor := from, from // anchor: where the literals begin
	for at+8 <= len(src) {
		v := load64(src, at)
		head := &c.heads[hash(v)&(1<<hashBits-1)]
		before := int(*head)
		*head = int32(at)
		if uint(at-before-1) >= maxDist || uint32(load64(src, before)) != uint32(v) {
			at += 1 + (at-anchor)>>5
			continue
		}
		length := 4 + same(src, at+4, before+4, maxMatch-4)
		c.count(src[anchor:at])
		c.pair(at-anchor, length, at-before)
		at += length
		anchor = at
		if c.used == maxPairs {
			return at
		}
		if at+7 <= len(src) {
			c.heads[hash(load64(src, at-1))&(1<<hashBits-1)] = int32(at - 1)
		}
	}
	c.count(src[anchor:])
	return len(src)
}

func (c *compressor) count(literals []byte) {
	for _, b := range literals {
		c.lits[b]++
	}
}

func (c *compressor) pair(literals, length, dist int) {
	c.pairs[c.used] = pair{uint32(literals), uint16(length - 3), uint16(dist - 1)}
	c.used++
	c.lits[endOfBlock+1+int(lengthCodes[length-3])]++
	c.dists[distCode(dist-1)]++
}

// same counts how many bytes behind two places are alike, up to most. The second place is before the first.
func same(src []byte, at, before, most int) int {
	end := min(len(src), at+most)
	from := at
	for ; at+8 <= end; at, before = at+8, before+8 {
		if x := load64(src, at) ^ load64(src, before); x != 0 {
			return at - from + bits.TrailingZeros64(x)>>3
		}
	}
	for at < end && src[at] == src[before] {
		at, before = at+1, before+1
	}
	return at - from
}

// load64 and store64 have their bounds written so that the compiler checks them once.
func load64(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i : i+8 : i+8]) }

func store64(b []byte, i int, v uint64) { binary.LittleEndian.PutUint64(b[i:i+8:i+8], v) }

// lengthCodes are the codes of lengths (section 3.2.5) less 257, by length less 3; distCode is that of a distance less 1.
var lengthCodes = func() (codes [256]uint8) {
	for symbol := 257; symbol < litCodes; symbol++ {
		e := litEntry(symbol)
		for i := range 1 << e.extra() {
			if at := e.value() - 3 + i; at < len(codes) {
				codes[at] = uint8(symbol - 257)
			}
		}
	}
	return codes
}()

func distCode(d int) int {
	if d < 4 {
		return d
	}
	n := bits.Len(uint(d)) - 2
	return 2*n + d>>n
}

// block writes what was found as a block, or its bytes as they are where that is shorter.
func (c *compressor) block(src []byte, last bool) {
	c.lits[endOfBlock] = 1
	size := c.codes.make(&c.lits, &c.dists)
	// A stored block may need the rest of a byte and five bytes, for each 65,535 bytes.
	if stored := 8 * (len(src) + 5*(len(src)/0xffff+1)); size >= stored {
		c.stored(src, last)
		return
	}
	c.grow(size/8 + 16)
	c.put(uint64(b2u(last)|2<<1), 3)
	c.head()
	c.body(src)
}

func b2u(b bool) uint {
	if b {
		return 1
	}
	return 0
}

// grow makes room for n bytes. A slice that is outgrown is overwritten.
func (c *compressor) grow(n int) {
	if len(c.out)+n <= cap(c.out) {
		return
	}
	next := make([]byte, len(c.out), max(2*cap(c.out), len(c.out)+n))
	copy(next, c.out)
	clear(c.out)
	c.out = next
}

// put writes at most 48 bits. There must be room for eight bytes.
func (c *compressor) put(v uint64, n uint) {
	c.acc |= v << c.n
	c.n += n
	at := len(c.out)
	store64(c.out[:cap(c.out)], at, c.acc)
	c.out = c.out[:at+int(c.n>>3)]
	c.acc >>= c.n &^ 7
	c.n &= 7
}

// flush fills the last byte up.
func (c *compressor) flush() {
	if c.n > 0 {
		c.out = append(c.out, byte(c.acc))
	}
	c.acc, c.n = 0, 0
}

// stored writes blocks that are not compressed (section 3.2.4).
func (c *compressor) stored(src []byte, last bool) {
	for more := true; more; {
		part := src[:min(len(src), 0xffff)]
		src = src[len(part):]
		more = len(src) > 0
		c.grow(len(part) + 16)
		c.put(uint64(b2u(last && !more)), 3)
		c.flush()
		c.out = binary.LittleEndian.AppendUint16(c.out, uint16(len(part)))
		c.out = binary.LittleEndian.AppendUint16(c.out, ^uint16(len(part)))
		c.out = append(c.out, part...)
	}
}

// body writes literals and matches.
func (c *compressor) body(src []byte) {
	for _, p := range c.pairs[:c.used] {
		c.literals(src[:p.literals])
		src = src[p.literals:][int(p.length)+3:]
		length := int(p.length & 0xff)
		symbol := lengthCodes[length]
		code := c.codes.lit[endOfBlock+1+int(symbol)]
		v, n := code.bits(), code.size()
		v |= uint64(length+3-int(lengthBases[symbol])) << (n & 63)
		n += uint(lengthExtra[symbol])
		dist := int(p.dist)
		d := distCode(dist)
		code = c.codes.dist[d&31]
		v |= code.bits() << (n & 63)
		n += code.size()
		extra := uint(max(0, d>>1-1))
		v |= uint64(dist&(1<<(extra&15)-1)) << (n & 63)
		c.put(v, n+extra)
	}
	c.literals(src)
	end := c.codes.lit[endOfBlock]
	c.put(end.bits(), end.size())
}

// literals writes literals. There must be room for eight bytes more than they take.
func (c *compressor) literals(list []byte) {
	out, at, acc, n := c.out[:cap(c.out)], len(c.out), c.acc, c.n
	for ; len(list) >= 3; list = list[3:] {
		x, y, z := c.codes.lit[list[0]], c.codes.lit[list[1]], c.codes.lit[list[2]]
		acc |= x.bits() << (n & 63)
		n += x.size()
		acc |= y.bits() << (n & 63)
		n += y.size()
		acc |= z.bits() << (n & 63)
		n += z.size()
		store64(out, at, acc)
		at += int(n >> 3)
		acc >>= n &^ 7 & 63
		n &= 7
	}
	for _, b := range list {
		x := c.codes.lit[b]
		acc |= x.bits() << (n & 63)
		n += x.size()
	}
	store64(out, at, acc)
	at += int(n >> 3)
	c.out, c.acc, c.n = out[:at], acc>>(n&^7&63), n&7
}
