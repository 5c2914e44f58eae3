package sanitizer

import (
	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
)

// detach takes a node out of its place.
func (c *checker) detach() bool {
	id, ok := c.id()
	if !ok {
		return false
	}
	n := c.st.at(id)
	if n.kind == kindNone || n.kind == kindShadow || n.flags&flagDetached != 0 {
		return c.refuse(id, ruleNode)
	}
	c.unlink(id)
	c.st.j.detached = append(c.st.j.detached, id)
	return true
}

func (c *checker) unlink(id wire.NodeID) {
	st := c.st
	n := st.edit(id)
	st.sum -= wire.SumStep(id, n.parent)
	st.count--
	parent := st.edit(n.parent)
	parent.kids--
	if n.prev != 0 {
		st.edit(n.prev).next = n.next
	} else {
		parent.first = n.next
	}
	if n.next != 0 {
		st.edit(n.next).prev = n.prev
	} else {
		parent.last = n.prev
	}
	n.parent, n.prev, n.next = 0, 0, 0
	n.flags |= flagDetached
}

// link puts a node before another one, or last.
func (c *checker) link(id, parent, before wire.NodeID) {
	st := c.st
	p, n := st.edit(parent), st.edit(id)
	p.kids++
	n.parent, n.next = parent, before
	if before != 0 {
		b := st.edit(before)
		n.prev, b.prev = b.prev, id
	} else {
		n.prev, p.last = p.last, id
	}
	if n.prev != 0 {
		st.edit(n.prev).next = id
	} else {
		p.first = id
	}
	st.sum += wire.SumStep(id, parent)
	st.count++
}

// settle marks what was taken out and not taken back as gone. After it the tree is final.
func (c *checker) settle() {
	for _, id := range c.st.j.detached {
		if c.st.at(id).flags&flagDetached != 0 {
			n := c.st.edit(id)
			n.flags |= flagGone
			c.st.cost -= n.cost()
			c.leave(id)
		}
	}
}

// leave takes what a gone node holds out of the count.
func (c *checker) leave(id wire.NodeID) {
	for k := c.st.at(id).first; k != 0; k = c.st.at(k).next {
		c.st.count--
		c.st.sum -= wire.SumStep(k, id)
		n := c.st.edit(k)
		n.flags |= flagGone
		c.st.cost -= n.cost()
		c.leave(k)
	}
}

// insert puts a run of nodes into one place.
func (c *checker) insert() bool {
	st := c.st
	v, k := int64(c.r.Int(1<<30)), int64(st.nextID)
	named, before := wire.NodeID(0), wire.NodeID(0)
	parent := wire.NodeID(0)
	switch {
	case v < 0 && k+v > 0:
		named = wire.NodeID(k + v)
		before, parent = named, st.at(named).parent
	case v > 0 && k-v >= 0:
		named = wire.NodeID(k - v)
		parent = named
	default:
		return c.refuse(0, rulePlace)
	}
	if named >= st.j.base && named != 0 || !st.inPage(named) || st.at(named).kind == kindNone || st.at(before).kind == kindShadow {
		return c.refuse(named, rulePlace)
	}
	c.depth, c.tables = 0, 0
	for id := parent; id != 0; id = st.at(id).parent {
		c.depth++
		if n := st.at(id); n.kind == kindElement {
			rule := &elements[n.code]
			c.tables += int(rule.nests)
			// What comes here may be shown elsewhere as well.
			st.refs.changed = st.refs.changed || rule.space == vocab.SVG || n.flags&flagRefers != 0
		}
	}
	c.masked = st.at(parent).flags&flagMasked != 0
	c.slots = nil
	if st.nextID&(1<<pageBits-1) != 0 {
		c.slots = st.open(st.nextID)
	}
	for n := 0; ; n++ {
		op := c.r.Byte()
		if op == wire.OpEnd {
			return n > 0 || c.refuse(named, ruleToken)
		}
		if !c.node(op, parent, before) {
			return false
		}
	}
}

// node reads one node with all it holds and puts it into its place.
func (c *checker) node(op byte, parent, before wire.NodeID) bool {
	st := c.st
	p := st.at(parent)
	if p.kids >= wire.MaxChildren {
		return c.refuse(parent, ruleChildren)
	}
	var id wire.NodeID
	var n *node
	switch op {
	case wire.OpElem:
		id, n = c.element(parent, 0, c.mayHold(parent))
	case wire.OpText:
		if !c.holdsText(parent) {
			return c.refuse(parent, ruleContent)
		}
		s, ok := c.ref(wire.RoleText)
		if !ok || c.masked && !c.hidden(s) {
			return c.refuse(parent, ruleMask)
		}
		if id, n = c.place(parent); n != nil {
			*n = node{str: s, kind: kindText, flags: c.flags()}
		}
	case wire.OpRef:
		return c.retake(parent, before)
	case wire.OpBox:
		id, n = c.box(parent)
	default:
		return c.refuse(parent, ruleToken)
	}
	if n != nil {
		c.link(id, parent, before)
	}
	return n != nil
}

// box reads what stands for something that is not shared.
func (c *checker) box(parent wire.NodeID) (wire.NodeID, *node) {
	if !c.mayHold(parent).has(uint64(codeDiv)) {
		c.refuse(parent, ruleContent)
		return 0, nil
	}
	reason := uint16(c.r.Uint(uint64(wire.BoxLimit)))
	size := c.r.Uint(1<<20) << 32
	size |= c.r.Uint(1 << 20)
	id, n := c.place(parent)
	if n != nil {
		*n = node{kind: kindBox, code: reason, flags: c.flags()}
		n.attrs = c.st.newAttr(attr{live: true, code: liveBox, value: size})
	}
	return id, n
}

// liveBox is where the size of a box is kept; it is no kind of live state on the wire.
const liveBox = 255

// hidden says whether a text tells nothing but its length: bullets and white space only.
func (c *checker) hidden(id strID) bool {
	b := c.st.strs.bytes(id)
	for len(b) > 0 {
		switch {
		case b[0] == ' ' || b[0] == '\n' || b[0] == '\t' || b[0] == '\r':
			b = b[1:]
		case len(b) >= 3 && b[0] == 0xE2 && b[1] == 0x80 && b[2] == 0xA2:
			b = b[3:]
		case len(b) >= 2 && b[0] == 0xC2 && b[1] == 0xA0:
			b = b[2:]
		default:
			return false
		}
	}
	return true
}

// mayHold gives the elements that a node may hold now (threat rows 11, 13).
func (c *checker) mayHold(parent wire.NodeID) *codeSet {
	p := c.st.at(parent)
	switch {
	case parent == 0 && p.kids == 0:
		return &onlyHTML
	case parent == 0:
	case p.kind == kindShadow:
		return &contents[vocab.HTMLFlow]
	case p.kind == kindElement && !p.full():
		return &contents[elements[p.code].content]
	}
	return &nothing
}

// full says whether a document within the page has its one child.
func (n *node) full() bool { return n.kids > 0 && n.code == codeFrame && n.kind == kindElement }

func (c *checker) holdsText(parent wire.NodeID) bool {
	p := c.st.at(parent)
	return parent != 0 && (p.kind == kindShadow || p.kind == kindElement && elements[p.code].holdsText())
}

// retake puts a node that the batch took out into its new place.
func (c *checker) retake(parent, before wire.NodeID) bool {
	id, ok := c.id()
	if !ok {
		return false
	}
	n := c.st.at(id)
	if n.flags&flagDetached == 0 {
		return c.refuse(id, ruleDetached)
	}
	if (n.flags&flagMasked != 0) != c.masked && !c.ownMask(id) {
		return c.refuse(id, ruleMask)
	}
	if !c.mayTake(parent, n) {
		return c.refuse(parent, ruleContent)
	}
	switch levels, tables := c.height(id); {
	case c.depth+levels > wire.MaxDepth:
		return c.refuse(parent, ruleDepth)
	case c.tables+tables > maxTables:
		return c.refuse(parent, ruleNesting)
	}
	c.st.edit(id).flags &^= flagDetached
	c.link(id, parent, before)
	return true
}

// mayTake says whether a node may move to a parent.
func (c *checker) mayTake(parent wire.NodeID, n *node) bool {
	switch n.kind {
	case kindElement:
		return c.mayHold(parent).has(uint64(n.code))
	case kindBox:
		return c.mayHold(parent).has(uint64(codeDiv))
	case kindText:
		return c.holdsText(parent)
	}
	return false
}

// ownMask says whether a node is hidden by itself and not only because of where it was.
func (c *checker) ownMask(id wire.NodeID) bool {
	n := c.st.at(id)
	return n.attrs != 0 && !c.st.attrs[n.attrs].live && c.st.attrs[n.attrs].code == vocab.MaskAttr
}

// height is how many levels of elements hang below and including a node, and what they at most count as tables in each
// other.
func (c *checker) height(id wire.NodeID) (levels, tables int) {
	n := c.st.at(id)
	for k := n.first; k != 0; k = c.st.at(k).next {
		l, t := c.height(k)
		levels, tables = max(levels, l), max(tables, t)
	}
	if n.kind == kindElement || n.kind == kindShadow {
		levels++
	}
	if n.kind == kindElement {
		tables += int(elements[n.code].nests)
	}
	return levels, tables
}

// cost is what an element costs a browser to lay out.
func (n *node) cost() int {
	if n.kind != kindElement {
		return 0
	}
	return int(elements[n.code].cost)
}
