package sanitizer

import (
	"bytes"
	"slices"

	"vitrine/internal/wire"
)

// rangeSet is what is selected, or highlighted under a name.
type rangeSet struct {
	name  strID // 0 for the selection
	order int32
	list  []pageRange
	kind  uint8
}

// pageRange is a run of the page from one place to another.
type pageRange struct {
	from, to         wire.NodeID
	fromUnit, toUnit uint32
}

// Bytes that a range and a set of them take in a snapshot at most.
const (
	shownRange = 16
	shownSet   = 16
)

// ranges takes what is selected, or highlighted under a name, in place of what was.
func (c *checker) ranges() bool {
	set := rangeSet{kind: c.r.Byte()}
	switch set.kind {
	case wire.RangesSelection:
	case wire.RangesHighlight:
		name, ok := c.ref(wire.RoleName)
		if !ok {
			return false
		}
		if !ValidHighlight(c.st.strs.bytes(name)) {
			return c.refuse(0, ruleName)
		}
		set.name = name
	default:
		return c.refuse(0, ruleToken)
	}
	set.order = c.r.Int(1 << 30)
	for n := c.r.Uint(wire.MaxRanges); n > 0 && c.r.Rule() == ""; n-- {
		r, ok := c.oneRange()
		if !ok {
			return false
		}
		set.list = append(set.list, r)
	}
	return c.keepRanges(set)
}

// oneRange takes a range whose ends are in the page. How long their texts are is not asked: viewers cut what is beyond.
func (c *checker) oneRange() (r pageRange, ok bool) {
	for _, end := range []struct {
		id   *wire.NodeID
		unit *uint32
	}{{&r.from, &r.fromUnit}, {&r.to, &r.toUnit}} {
		id := wire.NodeID(c.r.U31())
		kind := c.st.at(id).kind
		if id == 0 || !c.inPage(id) || kind != kindElement && kind != kindText {
			return r, c.refuse(id, ruleNode)
		}
		limit := uint64(1)
		if kind == kindText {
			limit = wire.MaxOffset
		}
		*end.id, *end.unit = id, uint32(c.r.Uint(limit))
	}
	return r, true
}

// keepRanges puts a set in the place of the one of its kind and name.
func (c *checker) keepRanges(set rangeSet) bool {
	i := &c.st.info
	old := slices.IndexFunc(i.ranges, func(s rangeSet) bool {
		return s.kind == set.kind && bytes.Equal(c.st.nameOf(s), c.st.nameOf(set))
	})
	next := slices.Clone(i.ranges)
	if old >= 0 {
		c.letGo(next[old].name)
		next = slices.Delete(next, old, old+1)
	}
	if len(set.list) == 0 {
		c.letGo(set.name)
	} else {
		next = append(next, set)
	}
	count := 0
	for _, s := range next {
		count += len(s.list)
	}
	if len(next) > wire.MaxRangeSets || count > wire.MaxRanges {
		return c.refuse(0, ruleRanges)
	}
	c.st.most.bytes += shownSet + shownRange*len(set.list)
	i.ranges = next
	return true
}

func (s *state) nameOf(set rangeSet) []byte {
	if set.name == 0 {
		return nil
	}
	return s.strs.bytes(set.name)
}

// letGo ends the use of a string when the batch is applied.
func (c *checker) letGo(id strID) {
	if id != 0 {
		c.st.j.dropped = append(c.st.j.dropped, id)
	}
}

// ranges tells what is selected and highlighted of what is still there.
func (w *snapshotWriter) ranges() {
	for _, set := range w.st.info.ranges {
		there := slices.DeleteFunc(slices.Clone(set.list), func(r pageRange) bool { return !w.st.inPage(r.from) || !w.st.inPage(r.to) })
		if len(there) == 0 {
			continue
		}
		w.ops = append(w.ops, wire.OpRanges, set.kind)
		if set.name != 0 {
			w.ref(set.name)
		}
		w.ops = wire.AppendInt(w.ops, set.order)
		w.uint(uint64(len(there)))
		for _, r := range there {
			for _, v := range []uint32{uint32(r.from), r.fromUnit, uint32(r.to), r.toUnit} {
				w.uint(uint64(v))
			}
		}
	}
}
