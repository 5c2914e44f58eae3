package sanitizer

import (
	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
)

// addAttr appends an attribute or live state to a new or existing node.
func (c *checker) addAttr(id wire.NodeID, a attr) {
	st := c.st
	i := st.newAttr(a)
	n := st.at(id)
	if n.attrs == 0 {
		st.edit(id).attrs = i
		return
	}
	last := n.attrs
	for st.attrs[last].next != 0 {
		last = st.attrs[last].next
	}
	if id < st.j.base {
		st.editAttr(last).next = i
	} else {
		st.attrs[last].next = i
	}
}

// attribute reads an attribute for a node that is there already.
func (c *checker) attribute(id wire.NodeID) (a attr, ok bool) {
	a, ok = c.attributeName(id)
	return a, ok && c.attributeValue(id, c.st.at(id), &a, false)
}

// attributeValue reads the value of an attribute. first says that it is the first of a new element, where alone a mask may
// stand.
func (c *checker) attributeValue(id wire.NodeID, n *node, a *attr, first bool) bool {
	rule := &attributes[a.code]
	switch rule.value {
	case vocab.Flag:
		if a.code == vocab.MaskAttr {
			if !first {
				return c.refuse(id, ruleMask)
			}
			c.masked = true
			n.flags |= flagMasked
		}
	case vocab.Enum:
		a.value = c.r.Uint(1<<31 - 1)
		if a.value >= uint64(rule.enum) {
			return c.refuse(id, ruleValue)
		}
	case vocab.Asset:
		a.value = c.r.Uint(1<<53 - 1)
		if a.value == 0 {
			return c.refuse(id, ruleValue)
		}
	default:
		s, ok := c.ref(rule.role)
		if !ok {
			return false
		}
		a.value = uint64(s)
	}
	if c.masked && rule.tells {
		return c.refuse(id, ruleMask)
	}
	return true
}

// attributeName reads the code of an attribute that may stand on the element, and the name of one that has it as text.
func (c *checker) attributeName(id wire.NodeID) (a attr, ok bool) {
	a.code = uint16(c.r.Uint(maxCode))
	if !allowedOn[c.st.at(id).code].has(uint64(a.code)) {
		return a, c.refuse(id, ruleAttribute)
	}
	if attributes[a.code].named {
		a.name, ok = c.attributeSuffix(id, a.code)
		return a, ok
	}
	return a, true
}

// attributeSuffix reads what follows data- or aria- in the name of an attribute.
func (c *checker) attributeSuffix(id wire.NodeID, code uint16) (strID, bool) {
	s, ok := c.ref(wire.RoleName)
	if !ok {
		return 0, false
	}
	need := fitsData
	if code == vocab.AriaAttr {
		need = fitsAria
	}
	if c.st.strs.list[s].fits&need == 0 {
		return 0, c.refuse(id, ruleName)
	}
	return s, true
}

// find gives the place of the same attribute or live state of a node; 0 when there is none.
func (c *checker) find(id wire.NodeID, a attr) uint32 {
	st := c.st
	for i := st.at(id).attrs; i != 0; i = st.attrs[i].next {
		o := &st.attrs[i]
		if o.code == a.code && o.live == a.live && st.sameName(o.name, a.name) {
			return i
		}
	}
	return 0
}

// target reads the id of a node of the page that was there before the batch.
func (c *checker) target(kind uint8) (wire.NodeID, bool) {
	id, ok := c.id()
	if !ok {
		return 0, false
	}
	n := c.st.at(id)
	if id >= c.st.j.base || n.kind != kind || n.flags&flagGone != 0 {
		return 0, c.refuse(id, ruleNode)
	}
	c.masked = n.flags&flagMasked != 0
	return id, true
}

// replace puts a into the place i of an attribute, or adds it when i is 0.
func (c *checker) replace(id wire.NodeID, i uint32, a attr) {
	if i == 0 {
		c.addAttr(id, a)
		return
	}
	old := c.st.editAttr(i)
	if old.name != 0 {
		c.st.j.dropped = append(c.st.j.dropped, old.name)
	}
	if old.isString() {
		c.st.j.dropped = append(c.st.j.dropped, strID(old.value))
	}
	a.next, a.saved = old.next, true
	*old = a
}

func (c *checker) set() bool {
	id, ok := c.target(kindElement)
	if !ok {
		return false
	}
	a, ok := c.attribute(id)
	if !ok {
		return false
	}
	i := c.find(id, a)
	if i == 0 && c.attrCount(id) >= wire.MaxAttrs {
		return c.refuse(id, ruleAttrs)
	}
	c.replace(id, i, a)
	if attributes[a.code].marks {
		c.mark(id, c.st.at(id), &a)
	}
	if a.code != attrType {
		return true
	}
	if c.st.inputType(id) == typePassword {
		c.st.edit(id).flags |= flagSecret
	}
	// A control that turns secret must come anew: what it held as another type must not stay (threat row 34).
	if c.st.secret(id) && c.find(id, attr{live: true, code: wire.LiveValue}) != 0 {
		return c.refuse(id, ruleMask)
	}
	return true
}

func (c *checker) attrCount(id wire.NodeID) (n int) {
	for i := c.st.at(id).attrs; i != 0; i = c.st.attrs[i].next {
		if !c.st.attrs[i].live {
			n++
		}
	}
	return n
}

func (c *checker) unset() bool {
	id, ok := c.target(kindElement)
	if !ok {
		return false
	}
	a, ok := c.attributeName(id)
	if !ok {
		return false
	}
	i := c.find(id, a)
	if a.name != 0 {
		// The name was only needed to find the attribute.
		c.st.j.dropped = append(c.st.j.dropped, a.name)
	}
	switch {
	case a.code == vocab.MaskAttr:
		return c.refuse(id, ruleMask)
	case i == 0:
		return c.refuse(id, ruleAttribute)
	}
	c.cut(id, i)
	return true
}

// cut takes an attribute out of a node's list.
func (c *checker) cut(id wire.NodeID, i uint32) {
	st := c.st
	gone := *st.editAttr(i)
	if st.at(id).attrs == i {
		st.edit(id).attrs = gone.next
	} else {
		p := st.at(id).attrs
		for st.attrs[p].next != i {
			p = st.attrs[p].next
		}
		st.editAttr(p).next = gone.next
	}
	if gone.name != 0 {
		st.j.dropped = append(st.j.dropped, gone.name)
	}
	if gone.isString() {
		st.j.dropped = append(st.j.dropped, strID(gone.value))
	}
	st.j.deadAttr = append(st.j.deadAttr, i)
}

func (c *checker) setText() bool {
	id, ok := c.target(kindText)
	if !ok {
		return false
	}
	s, ok := c.ref(wire.RoleText)
	if !ok {
		return false
	}
	if c.masked && !c.hidden(s) {
		return c.refuse(id, ruleMask)
	}
	n := c.st.edit(id)
	c.st.j.dropped = append(c.st.j.dropped, n.str)
	n.str = s
	return true
}

// lives reads the live states of a new element.
func (c *checker) lives(id wire.NodeID, count byte) bool {
	if count > 16 {
		return c.refuse(id, ruleAttrs)
	}
	for range count {
		if !c.live(id) {
			return false
		}
	}
	return true
}

// live reads one live state and puts it into its place.
func (c *checker) live(id wire.NodeID) bool {
	a := attr{live: true, code: uint16(c.r.Byte())}
	switch a.code {
	case wire.LiveValue:
		if c.masked || c.st.secret(id) {
			return c.refuse(id, ruleMask)
		}
		s, ok := c.ref(wire.RoleInput)
		if !ok {
			return false
		}
		a.value = uint64(s)
	case wire.LiveChecked, wire.LiveIndeterminate, wire.LiveSelected, wire.LiveUndefined:
		a.value = c.r.Uint(1)
	case wire.LiveScroll:
		x, y := c.r.Int(maxScroll), c.r.Int(maxScroll)
		a.value = uint64(uint32(x))<<32 | uint64(uint32(y))
	case wire.LiveBullets:
		a.value = c.r.Uint(4096)
	case wire.LiveNatural:
		w := c.r.Uint(maxSide)
		a.value = w<<32 | c.r.Uint(maxSide)
	case wire.LiveOpen:
		a.value = c.r.Uint(65535)
	case wire.LiveClosed:
	default:
		return c.refuse(id, ruleToken)
	}
	i := c.find(id, a)
	if a.code == wire.LiveClosed {
		// Closed ends open: they are one state.
		i = max(i, c.find(id, attr{live: true, code: wire.LiveOpen}))
	} else if a.code == wire.LiveOpen {
		i = max(i, c.find(id, attr{live: true, code: wire.LiveClosed}))
	}
	c.replace(id, i, a)
	return c.r.Rule() == ""
}

const (
	maxScroll = 1 << 24 // CSS pixels
	maxSide   = 16384   // pixels of an image's side
)

const typePassword = "password"

// inputType gives the type of an input element as it is spelled; "text" when it has none, "" for any other node.
func (s *state) inputType(id wire.NodeID) string {
	if s.at(id).code != codeInput || s.at(id).kind != kindElement {
		return ""
	}
	for i := s.at(id).attrs; i != 0; i = s.attrs[i].next {
		if a := &s.attrs[i]; !a.live && a.code == attrType {
			return inputTypes[a.value]
		}
	}
	return "text"
}

// secret says whether a control holds something that is never told, whatever the page says (threat rows 7, 41). One that
// was a password stays secret for its whole life: "show password" does not unmask it (threat row 34).
func (s *state) secret(id wire.NodeID) bool {
	t := s.inputType(id)
	return t == typePassword || t == "hidden" || t == "file" || s.at(id).flags&flagSecret != 0
}
