package sanitizer

import (
	"bytes"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
)

// named gives the size of what a name stands for: of the largest element that has it, or, when the order of the tree is
// known, of the first one in the user's own tree, or else in one around it.
func (g *graph) named(user wire.NodeID, name []byte, in int32) (size int, ok bool) {
	found, h := int32(0), hash(name)
	var scope wire.NodeID
	if g.ordered {
		scope = g.scope(g.st.at(user).parent)
	}
	first, deepest := int32(0), int8(-1)
	for {
		for i := g.heads[h&uint32(len(g.heads)-1)]; i != 0; i = g.targets[i-1].next {
			g.steps++
			t := &g.targets[i-1]
			if t.hash != h || g.ordered && t.scope != scope || !bytes.Equal(g.st.strs.bytes(t.name), name) {
				continue
			}
			found = i
			if g.ordered {
				continue // those that come first stand last in the list
			}
			if first == 0 {
				if first = i; t.most > 0 && !g.called(in, name) {
					return g.again(user, t, in)
				}
			}
			n, ok := g.size(user, i, in)
			if !ok {
				return 0, false
			}
			size = max(size, n)
			if !elements[g.st.at(t.id).code].colour {
				deepest = max(deepest, g.targets[i-1].chain)
			}
		}
		if !g.ordered || found != 0 || scope == 0 || g.st.at(scope).kind != kindShadow {
			break
		}
		scope = g.scope(g.st.at(scope).parent)
	}
	if g.ordered && found != 0 {
		return g.size(user, found, in)
	}
	if first != 0 && !g.called(in, name) {
		t := &g.targets[first-1]
		t.most, t.chains = int32(size)+1, deepest
	}
	return size, true
}

// called tells whether a target has a name; what names the element around itself is no measure for others.
func (g *graph) called(in int32, name []byte) bool {
	return in != 0 && bytes.Equal(g.st.strs.bytes(g.targets[in-1].name), name)
}

// again gives what was found for a name before: many users may name what stands many times.
func (g *graph) again(user wire.NodeID, t *target, in int32) (size int, ok bool) {
	if in != 0 {
		outer := &g.targets[in-1]
		outer.chain = max(outer.chain, t.chains+1)
	} else if t.chains+1 > maxChain {
		return 0, g.fail(user, ruleChain)
	}
	return int(t.most) - 1, true
}

// size gives the nodes that a target shows with all that those show.
func (g *graph) size(user wire.NodeID, i, in int32) (int, bool) {
	t := &g.targets[i-1]
	switch {
	case i == in || elements[g.st.at(t.id).code].colour:
		return 0, true
	case t.size < 0:
		return 0, g.fail(user, ruleCycle)
	case t.size == 0:
		t.size = -1
		if !g.measure(i) {
			return 0, false
		}
	}
	if in != 0 {
		outer := &g.targets[in-1]
		outer.chain = max(outer.chain, t.chain+1)
	} else if t.chain+1 > maxChain {
		return 0, g.fail(user, ruleChain)
	}
	return int(t.size), true
}

// measure counts a target from what is in it.
func (g *graph) measure(i int32) bool {
	st := g.st
	top := g.targets[i-1].id
	size := 0
	for id := top; ; {
		n := st.at(id)
		size++
		if n.flags&flagRefers != 0 {
			if g.depth++; g.depth > maxChain {
				return g.fail(id, ruleChain)
			}
			more, ok := g.shows(id, i)
			if g.depth--; !ok {
				return false
			}
			size += more
		}
		if g.steps++; size > maxShown || g.steps > maxSteps {
			return g.fail(id, ruleShown)
		}
		if id = g.after(id, top); id == 0 {
			g.targets[i-1].size = int32(size)
			return true
		}
	}
}

// inheritedPaint begin the names of the properties by which an element says how everything in it is drawn. A variable may
// become the value of any.
var inheritedPaint = []string{"fill", "stroke", "marker", "--"}

// painted says whether declarations could end in one of such a property.
func painted(css []byte) bool {
	for _, name := range inheritedPaint {
		if bytes.Contains(css, []byte(name)) {
			return true
		}
	}
	return false
}

// within gives how many elements inherit from a user: those in it, itself, and those that it and they show by use elements.
func (g *graph) within(user wire.NodeID, in int32) (count int, ok bool) {
	st := g.st
	for id := user; ; {
		n := st.at(id)
		if n.kind == kindElement {
			count++
		}
		if n.code == codeUse && n.flags&flagRefers != 0 {
			for i := n.attrs; i != 0; i = st.attrs[i].next {
				if a := &st.attrs[i]; !a.live && a.code == vocab.RefAttr {
					more, ok := g.named(id, st.strs.bytes(strID(a.value)), in)
					if !ok {
						return 0, false
					}
					count += more
				}
			}
		}
		if g.steps++; count > maxShown || g.steps > maxSteps {
			return 0, g.fail(user, ruleShown)
		}
		if id = g.after(id, user); id == 0 {
			return count, true
		}
	}
}

// after gives the node that follows in the order of the tree in a subtree; 0 is the end.
func (g *graph) after(id, top wire.NodeID) wire.NodeID {
	n := g.st.at(id)
	if n.first != 0 {
		return n.first
	}
	for id != top {
		if n = g.st.at(id); n.next != 0 {
			return n.next
		}
		id = n.parent
	}
	return 0
}
