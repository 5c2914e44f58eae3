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
	c.depth = 0
	for id := parent; id != 0; id = st.at(id).parent {
		c.depth++
	}
	c.masked = st.at(parent).flags&flagMasked != 0
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

// node reads one node with all it holds.
func (c *checker) node(op byte, parent, before wire.NodeID) bool {
	if c.st.at(parent).kids >= wire.MaxChildren {
		return c.refuse(parent, ruleChildren)
	}
	switch op {
	case wire.OpElem:
		return c.element(parent, before)
	case wire.OpText:
		return c.text(parent, before)
	case wire.OpRef:
		return c.retake(parent, before)
	case wire.OpBox:
		if !c.holds(parent, codeDiv) {
			return c.refuse(parent, ruleContent)
		}
		n := node{kind: kindBox, code: uint16(c.r.Uint(uint64(wire.BoxLimit)))}
		size := c.r.Uint(1<<20) << 32
		size |= c.r.Uint(1 << 20)
		id, ok := c.fresh(n, parent, before)
		if ok {
			c.addAttr(id, attr{live: true, code: liveBox, value: size})
		}
		return ok
	}
	return c.refuse(parent, ruleToken)
}

// liveBox is where the size of a box is kept; it is no kind of live state on the wire.
const liveBox = 255

var codeDiv uint16

func init() { codeDiv = codes["div"] }

// fresh makes the next node.
func (c *checker) fresh(n node, parent, before wire.NodeID) (wire.NodeID, bool) {
	st := c.st
	id := st.nextID
	// What the batch took out still counts here, so that the limit itself is judged at the batch's end.
	if int(id-st.j.base) >= c.policy.MaxNodes || id > 1<<30 {
		return id, c.refuse(parent, ruleNodes)
	}
	if st.size() > c.policy.MaxPageBytes {
		return id, c.refuse(parent, ruleBytes)
	}
	if c.masked {
		n.flags |= flagMasked
	}
	st.put(id, n)
	st.most.bytes += shownNode
	st.nextID++
	c.link(id, parent, before)
	return id, true
}

func (c *checker) text(parent, before wire.NodeID) bool {
	p := c.st.at(parent)
	if parent == 0 || p.kind == kindElement && !elements[p.code].holdsText() || p.kind != kindElement && p.kind != kindShadow {
		return c.refuse(parent, ruleContent)
	}
	s, ok := c.ref(wire.RoleText)
	if !ok || c.masked && !c.hidden(s) {
		return c.refuse(parent, ruleMask)
	}
	_, ok = c.fresh(node{kind: kindText, str: s}, parent, before)
	return ok
}

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

// holds says whether a node may hold an element of the given code (threat rows 11, 13).
func (c *checker) holds(parent wire.NodeID, code uint16) bool {
	p := c.st.at(parent)
	switch {
	case parent == 0:
		return code == codeHTML && p.kids == 0
	case code == codeHTML:
		return false
	case p.kind == kindShadow:
		return elements[code].flows(code)
	case p.kind == kindElement:
		return elements[p.code].holds(&elements[code], code)
	}
	return false
}

// element reads an element, its attributes and live states, its shadow root and its children.
func (c *checker) element(parent, before wire.NodeID) bool {
	code := uint16(c.r.Uint(maxCode))
	if code == 0 || int(code) > len(vocab.Elements) {
		return c.refuse(parent, ruleElement)
	}
	if !c.holds(parent, code) {
		return c.refuse(parent, ruleContent)
	}
	if c.depth++; c.depth > wire.MaxDepth {
		return c.refuse(parent, ruleDepth)
	}
	n := node{kind: kindElement, code: code}
	if code == vocab.CustomElement {
		s, ok := c.ref(wire.RoleName)
		if !ok || !ValidCustomElement(c.st.strs.bytes(s)) {
			return c.refuse(parent, ruleName)
		}
		n.str = s
	}
	outer := c.masked
	id, ok := c.fresh(n, parent, before)
	ok = ok && c.attributes(id)
	if ok && c.st.inputType(id) == typePassword {
		c.st.at(id).flags |= flagSecret
	}
	ok = ok && c.lives(id) && c.children(id)
	c.masked = outer
	c.depth--
	return ok
}

// children reads an optional shadow root and nodes up to the end token.
func (c *checker) children(id wire.NodeID) bool {
	for first := true; ; first = false {
		op := c.r.Byte()
		switch {
		case op == wire.OpEnd:
			return c.r.Rule() == "" || c.refuse(id, ruleToken)
		case op == wire.OpShadow && first:
			if !elements[c.st.at(id).code].shadow {
				return c.refuse(id, ruleShadow)
			}
			if !c.shadow(id) {
				return false
			}
		case !c.node(op, id, 0):
			return false
		}
	}
}

func (c *checker) shadow(host wire.NodeID) bool {
	if c.depth++; c.depth > wire.MaxDepth {
		return c.refuse(host, ruleDepth)
	}
	id, ok := c.fresh(node{kind: kindShadow, code: uint16(c.r.Uint(7))}, host, 0)
	for ok {
		op := c.r.Byte()
		if op == wire.OpEnd {
			break
		}
		ok = c.node(op, id, 0)
	}
	c.depth--
	return ok && c.r.Rule() == ""
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
	if !c.mayHold(parent, n) {
		return c.refuse(parent, ruleContent)
	}
	if c.depth+c.height(id) > wire.MaxDepth {
		return c.refuse(parent, ruleDepth)
	}
	c.st.edit(id).flags &^= flagDetached
	c.link(id, parent, before)
	return true
}

func (c *checker) mayHold(parent wire.NodeID, n *node) bool {
	p := c.st.at(parent)
	switch n.kind {
	case kindElement:
		return c.holds(parent, n.code)
	case kindBox:
		return c.holds(parent, codeDiv)
	case kindText:
		return parent != 0 && (p.kind == kindShadow || p.kind == kindElement && elements[p.code].holdsText())
	}
	return false
}

// ownMask says whether a node is hidden by itself and not only because of where it was.
func (c *checker) ownMask(id wire.NodeID) bool {
	n := c.st.at(id)
	return n.attrs != 0 && !c.st.attrs[n.attrs].live && c.st.attrs[n.attrs].code == vocab.MaskAttr
}

// height is how many levels of elements hang below and including a node.
func (c *checker) height(id wire.NodeID) int {
	h := 0
	for k := c.st.at(id).first; k != 0; k = c.st.at(k).next {
		h = max(h, c.height(k))
	}
	if k := c.st.at(id).kind; k == kindElement || k == kindShadow {
		h++
	}
	return h
}
