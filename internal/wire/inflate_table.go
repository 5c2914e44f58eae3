package wire

import "math/bits"

// How many bits of a code the first look into a table takes.
const (
	litBits   = 10
	distBits  = 8
	orderBits = 7 // all that codes of code lengths may have (section 3.2.7)
)

// An entry of a table says how many bits a code has (bits 0-4), how many extra bits follow it (bits 8-11), what it is
// (bits 12-15), and its value, base, or the place of a second table (bits 16-31). 0 is a code that does not exist.
type entry uint32

const (
	entryLiteral entry = 1 << 12
	entryEnd     entry = 1 << 13
	entryMore    entry = 1 << 14 // look again, by as many bits as there are extra bits
)

func (e entry) bits() uint      { return uint(e & 31) }
func (e entry) extra() uint     { return uint(e >> 8 & 15) }
func (e entry) value() int      { return int(e >> 16) }
func (e entry) is(k entry) bool { return e&k != 0 }

// Sizes of tables: powers of two above what a complete code can need (1,334 and 402 entries), so that an index needs no
// check but a mask.
type (
	litTable   [1 << 11]entry
	distTable  [1 << 9]entry
	orderTable [1 << orderBits]entry
)

// codeOrder is the order in which lengths of codes of lengths come (section 3.2.7).
var codeOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// litEntry is the entry of a literal or length without its bits; 0 for symbols that must not occur.
func litEntry(symbol int) entry {
	switch {
	case symbol < endOfBlock:
		return entryLiteral | entry(symbol)<<16
	case symbol == endOfBlock:
		return entryEnd
	case symbol < 265:
		return entry(symbol-257+3) << 16
	case symbol < 285:
		extra := (symbol - 261) >> 2
		return entry(extra)<<8 | entry((4+(symbol-265)&3)<<extra+3)<<16
	case symbol == 285:
		return maxMatch << 16
	}
	return 0
}

func distEntry(symbol int) entry {
	switch {
	case symbol < 4:
		return entry(symbol+1) << 16
	case symbol < distCodes:
		extra := (symbol - 2) >> 1
		return entry(extra)<<8 | entry((2+symbol&1)<<extra+1)<<16
	}
	return 0
}

func orderEntry(symbol int) entry {
	extra := [3]entry{2, 3, 7}
	e := entryLiteral | entry(symbol)<<16
	if symbol >= 16 {
		e |= extra[symbol-16] << 8
	}
	return e
}

// build makes a table of a canonical code (section 3.2.2) from the lengths of its codes. False means that they are no
// complete code; none at all, and a single one of one bit, are let through as zlib does.
func build(table []entry, first uint, lengths []uint8, of func(int) entry) bool {
	var count [maxCode + 1]int
	for _, n := range lengths {
		count[n]++
	}
	count[0] = 0
	var next [maxCode + 1]int // where the symbols of a length begin in order
	total, longest := 0, 0
	for n := 1; n <= maxCode; n++ {
		if next[n] = total; count[n] > 0 {
			total, longest = total+count[n], n
		}
	}
	clear(table)
	var order [288 + 32]uint16
	code := 0
	for n := 1; n <= longest; n++ {
		code = code<<1 + count[n]
	}
	if total == 0 {
		return true
	}
	if code != 1<<longest && !(total == 1 && longest == 1) {
		return false
	}
	for symbol, n := range lengths {
		if n > 0 {
			order[next[n]] = uint16(symbol)
			next[n]++
		}
	}
	place(table, first, order[:total], count, of)
	return true
}

// place writes the entries of symbols in the order of their codes.
func place(table []entry, first uint, order []uint16, count [maxCode + 1]int, of func(int) entry) {
	code, size := uint(0), uint(1)
	free := 1 << first // where the next second table begins
	prefix, start, wide := ^uint(0), 0, uint(0)
	for _, symbol := range order {
		for count[size] == 0 {
			size++
			code <<= 1
		}
		reversed := uint(bits.Reverse16(uint16(code))) >> (16 - size)
		e := of(int(symbol))
		if size <= first {
			fillEvery(table[:1<<first], reversed, 1<<size, e|entry(size)*min(e, 1))
		} else {
			if p := reversed & (1<<first - 1); p != prefix {
				prefix, start, wide = p, free, width(count[:], size, first)
				free += 1 << wide
				table[p] = entryMore | entry(wide)<<8 | entry(start)<<16
			}
			fillEvery(table[start:start+1<<wide], reversed>>first, 1<<(size-first), e|entry(size)*min(e, 1))
		}
		count[size]--
		code++
	}
}

func fillEvery(table []entry, from, step uint, e entry) {
	for i := from; i < uint(len(table)); i += step {
		table[i] = e
	}
}

// width is how many bits a second table needs that begins with a code of a size: as many as are taken by the codes that
// share its prefix.
func width(count []int, size, first uint) uint {
	left := 1 << (size - first)
	for ; size < maxCode; size++ {
		if left -= count[size]; left <= 0 {
			break
		}
		left <<= 1
	}
	return size - first
}
