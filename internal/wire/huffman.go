package wire

import (
	"math/bits"
	"slices"
)

// code is a Huffman code, its first bit lowest, with its size from bit 16 on.
type code uint32

func (c code) bits() uint64 { return uint64(c & 0xffff) }
func (c code) size() uint   { return uint(c >> 16) }

// lengthBases and lengthExtra are the shortest lengths of the codes from 257 on and their extra bits.
var lengthBases, lengthExtra = func() (bases [29]uint16, extra [29]uint8) {
	for i := range bases {
		e := litEntry(endOfBlock + 1 + i)
		bases[i], extra[i] = uint16(e.value()), uint8(e.extra())
	}
	return bases, extra
}()

// codes are those of one block, with the code that their lengths are written in.
type codes struct {
	lit    [litCodes]code
	dist   [32]code
	order  [19]code
	plan   [litCodes + distCodes]step // lengths of codes in the alphabet of section 3.2.7
	steps  int
	lits   int // codes of lit that are written
	dists  int
	orders int
}

// step is one symbol of the alphabet of lengths with its extra bits.
type step struct{ symbol, extra uint8 }

// orderExtra are the extra bits of the symbols that repeat.
var orderExtra = [19]uint8{16: 2, 17: 3, 18: 7}

// make chooses codes by how often each symbol occurs, and gives the bits of the block.
func (c *codes) make(lits *[litCodes]uint32, dists *[distCodes]uint32) int {
	shorten(c.lit[:], lits[:], maxCode)
	shorten(c.dist[:distCodes], dists[:], maxCode)
	for c.lits = litCodes; c.lit[c.lits-1] == 0; {
		c.lits--
	}
	c.lits = max(c.lits, endOfBlock+1)
	for c.dists = distCodes; c.dists > 1 && c.dist[c.dists-1] == 0; {
		c.dists--
	}
	size := c.outline()
	for i := range c.lit[:endOfBlock+1] {
		size += int(lits[i]) * int(c.lit[i].size())
	}
	for i, extra := range lengthExtra {
		size += int(lits[endOfBlock+1+i]) * int(c.lit[endOfBlock+1+i].size()+uint(extra))
	}
	for i, n := range dists {
		size += int(n) * (int(c.dist[i].size()) + max(0, i>>1-1))
	}
	return size
}

// outline plans the head of a block, and gives its bits.
func (c *codes) outline() int {
	var list [litCodes + distCodes]uint8
	for i := range c.lits {
		list[i] = uint8(c.lit[i].size())
	}
	for i := range c.dists {
		list[c.lits+i] = uint8(c.dist[i].size())
	}
	var often [19]uint32
	c.steps = 0
	add := func(symbol, extra int) {
		c.plan[c.steps] = step{uint8(symbol), uint8(extra)}
		c.steps++
		often[symbol]++
	}
	for rest := list[:c.lits+c.dists]; len(rest) > 0; {
		run := 1
		for run < len(rest) && rest[run] == rest[0] {
			run++
		}
		v := int(rest[0])
		rest = rest[run:]
		if v != 0 {
			add(v, 0)
			run--
		}
		for run >= 3 {
			n := min(run, 138)
			switch {
			case v != 0:
				n = min(run, 6)
				add(16, n-3)
			case n <= 10:
				add(17, n-3)
			default:
				add(18, n-11)
			}
			run -= n
		}
		for range run {
			add(v, 0)
		}
	}
	shorten(c.order[:], often[:], orderBits)
	for c.orders = len(codeOrder); c.order[codeOrder[c.orders-1]] == 0; {
		c.orders--
	}
	size := 3 + 14 + 3*c.orders
	for i, n := range often {
		size += int(n) * int(c.order[i].size()+uint(orderExtra[i]))
	}
	return size
}

// head writes the head of a block.
func (c *compressor) head() {
	k := &c.codes
	c.put(uint64(k.lits-257)|uint64(k.dists-1)<<5|uint64(k.orders-4)<<10, 14)
	for _, symbol := range codeOrder[:k.orders] {
		c.put(uint64(k.order[symbol].size()), 3)
	}
	for _, s := range k.plan[:k.steps] {
		code := k.order[s.symbol]
		c.put(code.bits()|uint64(s.extra)<<code.size(), code.size()+uint(orderExtra[s.symbol]))
	}
}

// shorten makes the shortest canonical code (section 3.2.2) whose codes have at most so many bits.
func shorten(list []code, often []uint32, most int) {
	clear(list)
	var order, weights [litCodes]uint32
	n := 0
	for i, w := range often {
		if w > 0 {
			order[n] = w<<9 | uint32(i) // a block has at most 1<<17 symbols
			n++
		}
	}
	if n == 0 {
		return
	}
	slices.Sort(order[:n])
	for i := range n {
		weights[i] = order[i] >> 9
	}
	depths(weights[:n])
	var count [33]int
	for _, d := range weights[:n] {
		count[min(int(d), most)]++
	}
	even(count[:most+1])
	for size, i := most, 0; i < n; size-- {
		for range count[size] {
			list[order[i]&(1<<9-1)] = code(size) << 16
			i++
		}
	}
	var next [maxCode + 2]uint16
	for size := 1; size <= most; size++ {
		next[size+1] = (next[size] + uint16(count[size])) << 1
	}
	for i := range list {
		if size := list[i].size(); size > 0 {
			list[i] |= code(bits.Reverse16(next[size]) >> (16 - size))
			next[size]++
		}
	}
}

// even makes a code out of one that was cut off at the longest size: as long as there are too many codes, one of the
// longest goes beside a shorter one that is made longer.
func even(count []int) {
	longest := len(count) - 1
	total := 0
	for size := 1; size <= longest; size++ {
		total += count[size] << (longest - size)
	}
	for ; total > 1<<longest; total-- {
		count[longest]--
		for size := longest - 1; size > 0; size-- {
			if count[size] > 0 {
				count[size]--
				count[size+1] += 2
				break
			}
		}
	}
}

// depths replaces weights, the lightest first, with the lengths of the shortest code (Moffat and Katajainen, In-Place
// Calculation of Minimum-Redundancy Codes, 1995).
func depths(w []uint32) {
	n := len(w)
	if n == 1 {
		w[0] = 1
		return
	}
	pairUp(w)
	w[n-2] = 0
	for i := n - 3; i >= 0; i-- {
		w[i] = w[w[i]] + 1
	}
	free, used, depth := 1, 0, uint32(0)
	root, next := n-2, n-1
	for free > 0 {
		for root >= 0 && w[root] == depth {
			used++
			root--
		}
		for ; free > used; free-- {
			w[next] = depth
			next--
		}
		free, used = 2*used, 0
		depth++
	}
}

// pairUp builds the tree: each inner node's weight is replaced with the place of its parent.
func pairUp(w []uint32) {
	n, root, leaf := len(w), 0, 0
	for next := range n - 1 {
		lightest := func() uint32 {
			if leaf >= n || root < next && w[root] < w[leaf] {
				v := w[root]
				w[root] = uint32(next)
				root++
				return v
			}
			leaf++
			return w[leaf-1]
		}
		a := lightest()
		w[next] = a + lightest()
	}
}
