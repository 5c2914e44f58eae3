package sanitizer

import "vitrine/internal/wire"

// liveSlot is where the slot of a node is kept that was chosen by a script, in the upper half, and its place there; it is
// no kind of live state on the wire.
const liveSlot = 254

// manualSlots is the flag of a shadow root whose slots are chosen by scripts.
const manualSlots = 4

// maxMark is the highest kind of mark.
const maxMark = wire.MarkRing

// assign puts a child of a host into a slot of the host's shadow root, or takes it out of the one that it is in.
func (c *checker) assign() bool {
	id, ok := c.id()
	if !ok {
		return false
	}
	slot, order := wire.NodeID(c.r.U31()), c.r.Uint(wire.MaxChildren)
	n := c.st.at(id)
	if n.kind != kindElement && n.kind != kindText || !c.inPage(id) {
		return c.refuse(id, ruleNode)
	}
	i := c.find(id, attr{live: true, code: liveSlot})
	if slot == 0 {
		if i != 0 {
			c.cut(id, i)
		}
		return true
	}
	if !c.st.mayFill(slot, n.parent) {
		return c.refuse(slot, ruleSlot)
	}
	c.replace(id, i, attr{live: true, code: liveSlot, value: uint64(slot)<<32 | order})
	return c.r.Rule() == ""
}

// mayFill says whether a node is a slot in a shadow root of a host where scripts choose what a slot holds.
func (s *state) mayFill(slot, host wire.NodeID) bool {
	n := s.at(slot)
	if n.kind != kindElement || n.code != codeSlot || !s.inPage(slot) {
		return false
	}
	for id := n.parent; id != 0; id = s.at(id).parent {
		if root := s.at(id); root.kind == kindShadow {
			return root.code&manualSlots != 0 && root.parent == host
		}
	}
	return false
}

// marked notes which element of the page is what a mark says.
func (c *checker) marked() bool {
	kind, id := c.r.Byte(), wire.NodeID(c.r.U31())
	if kind == 0 || kind > maxMark {
		return c.refuse(id, ruleToken)
	}
	if id != 0 && (!c.inPage(id) || c.st.at(id).kind != kindElement) {
		return c.refuse(id, ruleNode)
	}
	c.st.info.marks[kind] = id
	return true
}

// assignments tells the slots that were chosen by scripts. One that is gone holds nothing.
func (w *snapshotWriter) assignments() {
	for _, id := range w.assigned {
		for i := w.st.at(id).attrs; i != 0; i = w.st.attrs[i].next {
			a := &w.st.attrs[i]
			slot := wire.NodeID(a.value >> 32)
			if !a.live || a.code != liveSlot || !w.st.mayFill(slot, w.st.at(id).parent) {
				continue
			}
			w.ops = append(w.ops, wire.OpAssign)
			w.ops = wire.AppendInt(w.ops, int32(id)-int32(w.last))
			w.last = id
			w.uint(uint64(slot))
			w.uint(a.value & 0xffffffff)
		}
	}
}
