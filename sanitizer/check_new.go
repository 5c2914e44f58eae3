package sanitizer

import (
	"bytes"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
)

// Whole subtrees of new nodes, which is what nearly all of a page comes as. Their ids follow each other and nothing refers
// to them yet, so they are written straight into the pages of the state, and the journal need not know them: undoing is
// forgetting the ids from the base of the batch on.

// place gives the next id and its node, which is still zero; nil when the page is full.
func (c *checker) place(parent wire.NodeID) (wire.NodeID, *node) {
	id := c.st.nextID
	at := id & (1<<pageBits - 1)
	if (at == 0 || c.slots == nil) && !c.turn(id, parent) {
		return id, nil
	}
	c.st.nextID++
	return id, &c.slots[at]
}

// turn opens the page of nodes that id is in. Limits are looked at here, once for many nodes, and again at the batch's end:
// what the batch took out still counts here.
func (c *checker) turn(id, parent wire.NodeID) bool {
	st := c.st
	if int(id-st.j.base) > c.policy.MaxNodes || id > 1<<30 {
		return c.refuse(parent, ruleNodes)
	}
	if st.size() > c.policy.MaxPageBytes {
		return c.refuse(parent, ruleBytes)
	}
	c.slots = st.open(id)
	return true
}

// fill reads what a new element or shadow root holds, up to its end token. may are the elements that it may hold.
func (c *checker) fill(parent wire.NodeID, p *node, may *codeSet, text bool) bool {
	st := c.st
	var prev wire.NodeID
	var last *node
	sum, own := uint32(0), 0
	for {
		op := c.r.Byte()
		var id wire.NodeID
		var n *node
		switch {
		case p.kids >= wire.MaxChildren && op != wire.OpEnd:
			return c.refuse(parent, ruleChildren)
		case op == wire.OpElem && p.full():
			return c.refuse(parent, ruleContent)
		case op == wire.OpText && text:
			s, ok := c.ref(wire.RoleText)
			if !ok || c.masked && !c.hidden(s) {
				return c.refuse(parent, ruleMask)
			}
			if id, n = c.place(parent); n != nil {
				n.parent, n.prev, n.str, n.kind, n.flags = parent, prev, s, kindText, c.flags()
			}
		case op == wire.OpElem:
			id, n = c.element(parent, prev, may)
		case op == wire.OpEnd:
			st.sum += sum
			st.count += own
			p.last = prev
			return c.r.Rule() == "" || c.refuse(parent, ruleToken)
		case op == wire.OpShadow && prev == 0 && p.kind == kindElement:
			id, n = c.shadow(parent, p)
		default:
			// Boxes and nodes from elsewhere take the slower way.
			p.last = prev
			if !c.node(op, parent, 0) {
				return false
			}
			prev = p.last
			last = st.at(prev)
			continue
		}
		if n == nil {
			return false
		}
		if last != nil {
			last.next = id
		} else {
			p.first = id
		}
		prev, last = id, n
		p.kids++
		own++
		sum += wire.SumStep(id, parent)
	}
}

// flags are those that a new node has from where it is.
func (c *checker) flags() uint8 {
	if c.masked {
		return flagMasked
	}
	return 0
}

// element reads an element with all it holds. The caller puts it into the list of its siblings.
func (c *checker) element(parent, prev wire.NodeID, may *codeSet) (wire.NodeID, *node) {
	code := c.r.Short()
	if code >= 0x80 {
		code = c.r.Uint(maxCode)
	}
	if !may.has(code) {
		return 0, c.unfit(parent, uint16(code))
	}
	if c.depth++; c.depth > wire.MaxDepth {
		c.refuse(parent, ruleDepth)
		return 0, nil
	}
	name := strID(0)
	if code == vocab.CustomElement {
		s, ok := c.ref(wire.RoleName)
		if !ok || c.st.strs.list[s].fits&fitsElement == 0 {
			c.refuse(parent, ruleName)
			return 0, nil
		}
		name = s
	}
	id, n := c.place(parent)
	if n == nil {
		return 0, nil
	}
	outer := c.masked
	n.parent, n.prev, n.str, n.code, n.kind, n.flags = parent, prev, name, uint16(code), kindElement, c.flags()
	rule := &elements[code]
	c.st.cost += int(rule.cost)
	c.tables += int(rule.nests)
	ok := c.tables <= maxTables || c.refuse(parent, ruleNesting)
	if count := c.r.Byte(); count > 0 {
		ok = ok && c.attributes(id, n, count)
		if ok && n.code == codeInput && c.st.inputType(id) == typePassword {
			n.flags |= flagSecret
		}
	}
	if count := c.r.Byte(); count > 0 {
		ok = ok && c.lives(id, count)
	}
	ok = ok && c.fill(id, n, &contents[rule.content], rule.holdsText())
	c.masked = outer
	c.depth--
	c.tables -= int(rule.nests)
	if !ok {
		return 0, nil
	}
	return id, n
}

// unfit refuses an element where it may not be.
func (c *checker) unfit(parent wire.NodeID, code uint16) *node {
	if code == 0 || int(code) > len(vocab.Elements) {
		c.refuse(parent, ruleElement)
	} else {
		c.refuse(parent, ruleContent)
	}
	return nil
}

// shadow reads the shadow root of a new element.
func (c *checker) shadow(host wire.NodeID, h *node) (wire.NodeID, *node) {
	if !elements[h.code].shadow {
		c.refuse(host, ruleShadow)
		return 0, nil
	}
	if c.depth++; c.depth > wire.MaxDepth {
		c.refuse(host, ruleDepth)
		return 0, nil
	}
	flags := uint16(c.r.Uint(7))
	id, n := c.place(host)
	if n == nil {
		return 0, nil
	}
	*n = node{parent: host, code: flags, kind: kindShadow, flags: c.flags()}
	if !c.fill(id, n, &contents[vocab.HTMLFlow], true) {
		return 0, nil
	}
	c.depth--
	return id, n
}

// attributes reads the attributes of a new element.
func (c *checker) attributes(id wire.NodeID, n *node, count byte) bool {
	if count > wire.MaxAttrs {
		return c.refuse(id, ruleAttrs)
	}
	st := c.st
	allowed := &allowedOn[n.code]
	var seen codeSet
	tail := uint32(0)
	for i := range count {
		code := c.r.Short()
		if code >= 0x80 {
			code = c.r.Uint(maxCode)
		}
		if !allowed.has(code) {
			return c.refuse(id, ruleAttribute)
		}
		a := attr{code: uint16(code)}
		rule := &attributes[code]
		if rule.role != noRole && !rule.named && !(rule.tells && c.masked) {
			// Most attributes are a string under a name that has a code.
			s, ok := c.ref(rule.role)
			if !ok {
				return false
			}
			a.value = uint64(s)
			if rule.marks {
				c.mark(id, n, &a)
			}
			if seen.has(code) {
				return c.refuse(id, ruleDouble)
			}
		} else if !c.special(id, n, &a, i == 0, seen.has(code)) {
			return false
		}
		seen.add(code)
		at := st.newAttr(a)
		if tail == 0 {
			n.attrs = at
		} else {
			st.attrs[tail].next = at
		}
		tail = at
	}
	return true
}

// special reads an attribute of a new element that needs a closer look. again says that the code was there before.
func (c *checker) special(id wire.NodeID, n *node, a *attr, first, again bool) (ok bool) {
	rule := &attributes[a.code]
	if rule.named {
		if a.name, ok = c.attributeSuffix(id, a.code); !ok {
			return false
		}
	}
	if !c.attributeValue(id, n, a, first) {
		return false
	}
	if again && (!rule.named || c.find(id, *a) != 0) {
		return c.refuse(id, ruleDouble)
	}
	return true
}

// sameName says whether two names are spelled alike.
func (s *state) sameName(a, b strID) bool {
	return a == b || a != 0 && b != 0 && bytes.Equal(s.strs.bytes(a), s.strs.bytes(b))
}
