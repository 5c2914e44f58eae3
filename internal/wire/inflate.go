package wire

// Raw DEFLATE (RFC 1951) from one slice into another whose size is known. What a library offers reads byte by byte and
// keeps a window of its own; here the frame that comes out is the window, and nothing is kept but tables.

// Alphabets of RFC 1951, section 3.2.5.
const (
	litCodes   = 286 // literals, the end of a block, lengths
	distCodes  = 30
	endOfBlock = 256
	maxCode    = 15 // bits of the longest code
	maxMatch   = 258
)

// inflater inflates. The zero value is ready for use; it is not safe for use by several goroutines.
type inflater struct {
	lit   litTable
	dist  distTable
	order orderTable
	fixed bool // lit and dist are those of fixed blocks

	src []byte
	pos int    // of the next byte of src
	acc uint64 // bits that were taken out of src, the next one lowest
	n   uint   // how many of them; bits of acc above may be set

	dst []byte
	out int // bytes of dst that are written
}

// inflate fills dst from src. It is true when src is one whole stream of exactly that many bytes with nothing behind it.
func (z *inflater) inflate(dst, src []byte) bool {
	z.src, z.pos, z.acc, z.n, z.dst, z.out = src, 0, 0, 0, dst, 0
	ok, last := true, false
	for ok && !last {
		var head uint
		head, ok = z.take(3)
		last = head&1 == 1
		switch {
		case !ok:
		case head>>1 == 0:
			ok = z.stored()
		case head>>1 == 1:
			z.fix()
			ok = z.block()
		case head>>1 == 2:
			ok = z.dynamic() && z.block()
		default:
			ok = false
		}
	}
	unread := len(z.src) - z.pos + int(z.n/8)
	z.src, z.dst = nil, nil
	return ok && unread == 0 && z.out == len(dst)
}

// fill takes bytes out of src until acc has at least 56 bits or there are none.
func (z *inflater) fill() {
	if z.pos+8 <= len(z.src) {
		z.acc |= load64(z.src, z.pos) << z.n
		z.pos += int(63-z.n) >> 3
		z.n |= 56
		return
	}
	// Above n there may be bits of a byte that is not counted yet.
	z.acc &= 1<<z.n - 1
	for z.n <= 56 && z.pos < len(z.src) {
		z.acc |= uint64(z.src[z.pos]) << z.n
		z.pos++
		z.n += 8
	}
}

// take takes n bits, at most 16.
func (z *inflater) take(n uint) (v uint, ok bool) {
	if z.n < n {
		z.fill()
	}
	if z.n < n {
		return 0, false
	}
	v = uint(z.acc & (1<<n - 1))
	z.acc >>= n
	z.n -= n
	return v, true
}

// stored copies a block that is not compressed (section 3.2.4).
func (z *inflater) stored() bool {
	z.acc >>= z.n & 7
	z.n &^= 7
	size, ok1 := z.take(16)
	check, ok2 := z.take(16)
	if !ok1 || !ok2 || size != ^check&0xffff {
		return false
	}
	z.pos -= int(z.n / 8) // whole bytes that were taken too early
	z.acc, z.n = 0, 0
	if int(size) > len(z.src)-z.pos || int(size) > len(z.dst)-z.out {
		return false
	}
	copy(z.dst[z.out:], z.src[z.pos:z.pos+int(size)])
	z.pos += int(size)
	z.out += int(size)
	return true
}

// dynamic reads the codes of a block (section 3.2.7).
func (z *inflater) dynamic() bool {
	z.fixed = false
	head, ok := z.take(14)
	lits, dists, orders := int(head&31)+257, int(head>>5&31)+1, int(head>>10)+4
	if !ok || lits > litCodes || dists > distCodes {
		return false
	}
	var lengths [litCodes + distCodes]uint8
	for _, symbol := range codeOrder[:orders] {
		v, ok := z.take(3)
		if !ok {
			return false
		}
		lengths[symbol] = uint8(v)
	}
	if !build(z.order[:], orderBits, lengths[:19], orderEntry) {
		return false
	}
	clear(lengths[:19])
	if !z.lengths(lengths[:lits+dists]) {
		return false
	}
	return build(z.lit[:], litBits, lengths[:lits], litEntry) && build(z.dist[:], distBits, lengths[lits:lits+dists], distEntry)
}

// lengths reads the lengths of codes.
func (z *inflater) lengths(list []uint8) bool {
	for i := 0; i < len(list); {
		if z.n < orderBits+7 {
			z.fill()
		}
		e := z.order[z.acc&(1<<orderBits-1)]
		if e == 0 || e.bits()+e.extra() > z.n {
			return false
		}
		z.acc >>= e.bits()
		extra := int(z.acc & (1<<e.extra() - 1))
		z.acc >>= e.extra()
		z.n -= e.bits() + e.extra()
		v, times := uint8(e.value()), 1
		switch v {
		case 16:
			if i == 0 {
				return false
			}
			v, times = list[i-1], 3+extra
		case 17:
			v, times = 0, 3+extra
		case 18:
			v, times = 0, 11+extra
		}
		if times > len(list)-i {
			return false
		}
		for range times {
			list[i] = v
			i++
		}
	}
	return true
}

// fix makes the tables of fixed blocks (section 3.2.6).
func (z *inflater) fix() {
	if z.fixed {
		return
	}
	var lengths [288]uint8
	for i := range lengths {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 8
		}
	}
	var dists [32]uint8
	for i := range dists {
		dists[i] = 5
	}
	// Both codes are complete.
	z.fixed = build(z.lit[:], litBits, lengths[:], litEntry) && build(z.dist[:], distBits, dists[:], distEntry)
}

// block inflates the symbols of a block.
func (z *inflater) block() bool {
	for {
		if done, ok := z.fast(); done || !ok {
			return ok
		}
		// Near the end of either side every step is checked.
		if done, ok := z.step(); done || !ok {
			return ok
		}
	}
}

// step inflates one symbol.
func (z *inflater) step() (done, ok bool) {
	z.fill()
	e := z.lit[z.acc&(1<<litBits-1)]
	if e.is(entryMore) {
		e = z.lit[(uint(e.value())+uint(z.acc>>litBits)&(1<<e.extra()-1))&(1<<11-1)]
	}
	switch {
	case e.bits() == 0 || e.bits()+e.extra() > z.n:
		return false, false
	case e.is(entryLiteral):
		z.skip(e.bits())
		if z.out == len(z.dst) {
			return false, false
		}
		z.dst[z.out] = byte(e.value())
		z.out++
		return false, true
	case e.is(entryEnd):
		z.skip(e.bits())
		return true, true
	}
	length := e.value() + int(z.acc>>e.bits()&(1<<e.extra()-1))
	z.skip(e.bits() + e.extra())
	e = z.dist[z.acc&(1<<distBits-1)]
	if e.is(entryMore) {
		e = z.dist[(uint(e.value())+uint(z.acc>>distBits)&(1<<e.extra()-1))&(1<<9-1)]
	}
	if e.bits() == 0 || e.bits()+e.extra() > z.n {
		return false, false
	}
	dist := e.value() + int(z.acc>>e.bits()&(1<<e.extra()-1))
	z.skip(e.bits() + e.extra())
	if dist > z.out || length > len(z.dst)-z.out {
		return false, false
	}
	for range length {
		z.dst[z.out] = z.dst[z.out-dist]
		z.out++
	}
	return false, true
}

func (z *inflater) skip(n uint) {
	z.acc >>= n
	z.n -= n
}

// fast inflates while both sides have room for whatever one step may need: 48 bits in, a match and a word out.
func (z *inflater) fast() (done, ok bool) {
	src, dst, pos, out, acc, n := z.src, z.dst, z.pos, z.out, z.acc, z.n
	ok = true
	for pos+8 <= len(src) && out+maxMatch+8 <= len(dst) {
		acc |= load64(src, pos) << n
		pos += int(63-n) >> 3
		n |= 56
		e := z.lit[acc&(1<<litBits-1)]
		if e.is(entryLiteral) {
			acc >>= e.bits()
			n -= e.bits()
			dst[out] = byte(e.value())
			out++
			if e = z.lit[acc&(1<<litBits-1)]; e.is(entryLiteral) {
				acc >>= e.bits()
				n -= e.bits()
				dst[out] = byte(e.value())
				out++
				continue // a match may need more bits than are left
			}
			if n < 48 {
				continue
			}
		}
		if e.is(entryMore) {
			e = z.lit[(uint(e.value())+uint(acc>>litBits)&(1<<e.extra()-1))&(1<<11-1)]
		}
		acc >>= e.bits()
		n -= e.bits()
		if e&(entryLiteral|entryEnd) != 0 || e.bits() == 0 {
			if e.is(entryLiteral) {
				dst[out] = byte(e.value())
				out++
				continue
			}
			done, ok = true, e.is(entryEnd)
			break
		}
		length := e.value() + int(acc&(1<<e.extra()-1))
		acc >>= e.extra()
		n -= e.extra()
		e = z.dist[acc&(1<<distBits-1)]
		if e.is(entryMore) {
			e = z.dist[(uint(e.value())+uint(acc>>distBits)&(1<<e.extra()-1))&(1<<9-1)]
		}
		acc >>= e.bits()
		dist := e.value() + int(acc&(1<<e.extra()-1))
		acc >>= e.extra()
		n -= e.bits() + e.extra()
		if e.bits() == 0 || dist > out {
			ok = false
			break
		}
		move(dst, out, dist, length)
		out += length
	}
	z.pos, z.out, z.acc, z.n = pos, out, acc, n
	return done, ok
}

// move copies a match within dst. It may write up to seven bytes behind it.
func move(dst []byte, out, dist, length int) {
	if dist < 8 {
		for i := out; i < out+length; i++ {
			dst[i] = dst[i-dist]
		}
		return
	}
	for i := out; i < out+length; i += 8 {
		store64(dst, i, load64(dst, i-dist))
	}
}
