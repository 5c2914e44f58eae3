package sanitizer

import (
	"bytes"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
)

// What elements show of each other (threat row 30). A use element shows a copy of what it names, a pattern, mask, clip path,
// marker or filter is drawn wherever it is named, and what is shown may itself name others: ten levels of ten are ten
// thousand million nodes. So a page is counted as the browser would see it, with everything in the place where it is named.
//
// Only what names something (users) and what can be named (elements of SVG with an id) is looked at, and only after a batch
// that could have changed it. The work for a batch is bounded by maxSteps, however large the page is.

// The limits of what a page shows by reference.
const (
	maxUsed  = 100_000   // nodes that all use elements of the page show together
	maxShown = 400_000   // nodes that all references show together
	maxSteps = 1_000_000 // steps that are taken to count them
	maxChain = 8         // references that lead from one to the next
)

// references are the elements of a page that name others, and those of SVG that have an id. Both lists may hold elements
// that are gone, or have stopped to.
type references struct {
	users, named []wire.NodeID
	stale        int  // entries of both lists that the last count did not need
	ordered      bool // the last count had to look at the order of the tree
	changed      bool // by the batch that is being checked
	graph        *graph
}

// mark takes note of an attribute that names an element, or by which an element can be named.
func (c *checker) mark(id wire.NodeID, n *node, a *attr) {
	st := c.st
	r := &st.refs
	switch {
	case a.code == attrID:
		if elements[n.code].space != vocab.SVG {
			return
		}
		if n.flags&flagNamed == 0 {
			st.edit(id).flags |= flagNamed
			r.named = append(r.named, id)
		}
	case a.code == vocab.RefAttr || st.strs.list[a.value].fits&fitsRefers != 0:
		if n.flags&flagRefers == 0 {
			st.edit(id).flags |= flagRefers
			r.users = append(r.users, id)
		}
	default:
		return
	}
	r.changed = true
}

// shown judges what the page shows by reference, when the batch could have changed that.
func (c *checker) shown() bool {
	r := &c.st.refs
	if !r.changed && !r.ordered || len(r.users) == 0 {
		return true
	}
	if r.graph == nil {
		r.graph = &graph{}
	}
	g := r.graph
	g.reset(c.st, false)
	ok := g.count()
	if !ok {
		// An id may stand twice, or in another shadow tree. Which element is meant depends on the order of the tree; to look
		// at that takes longer.
		g.reset(c.st, true)
		ok = g.count()
	}
	r.ordered = g.ordered
	r.stale = len(r.users) + len(r.named) - g.live
	if !ok {
		return c.refuse(g.at, g.rule)
	}
	return true
}

// compact forgets the entries that are not needed any more, once they are most of them.
func (r *references) compact(s *state) {
	r.changed = false
	if r.stale < 64 || 2*r.stale < len(r.users)+len(r.named) {
		return
	}
	keep := func(list []wire.NodeID, flag uint8) []wire.NodeID {
		out := list[:0]
		for _, id := range list {
			if n := s.at(id); n.kind != kindNone && n.flags&flag != 0 {
				out = append(out, id)
			}
		}
		return out
	}
	r.users, r.named, r.stale = keep(r.users, flagRefers), keep(r.named, flagNamed), 0
}

// graph counts what is shown. It is made of numbers only.
type graph struct {
	st      *state
	targets []target
	heads   []int32 // first target of each hash, counted from 1; the others follow by target.next
	steps   int
	used    int
	all     int
	live    int // entries of the lists that are needed
	depth   int
	ordered bool
	at      wire.NodeID // where a rule was broken
	rule    string
}

// target is an element that can be named.
type target struct {
	id    wire.NodeID
	name  strID
	hash  uint32
	scope wire.NodeID // of its id: the shadow root or frame that it is in, 0 for the page; only when the order counts
	next  int32
	size  int32 // nodes that it shows, with all that those show; 0 when not counted yet, -1 while it is being counted
	chain int8  // references that follow each other below it
	// Of the first of those with one name, when the order does not count: what all of them come to. most is one more.
	most   int32
	chains int8
}

func (g *graph) reset(st *state, ordered bool) {
	*g = graph{st: st, targets: emptied(g.targets), heads: emptied(g.heads), ordered: ordered}
}

// count fills the table of targets and adds up what every user shows.
func (g *graph) count() bool {
	st := g.st
	size := 64
	for size < 2*len(st.refs.named) {
		size *= 2
	}
	g.heads = append(g.heads, make([]int32, size)...)
	if g.ordered {
		g.walk()
	}
	for _, id := range st.refs.named {
		if !g.ordered {
			g.add(id, 0)
		}
		if g.steps > maxSteps {
			return g.fail(id, ruleShown)
		}
	}
	for _, id := range st.refs.users {
		n := st.at(id)
		if n.kind != kindElement || n.flags&flagGone != 0 {
			continue
		}
		g.live++
		size, ok := g.shows(id, 0)
		if !ok {
			return false
		}
		if g.all += size; n.code == codeUse {
			g.used += size
		}
		if g.used > maxUsed || g.all > maxShown {
			return g.fail(id, ruleShown)
		}
	}
	return true
}

func (g *graph) fail(at wire.NodeID, rule string) bool {
	if g.rule == "" {
		g.at, g.rule = at, rule
	}
	return false
}

// walk adds the targets in the order of the tree.
func (g *graph) walk() {
	st := g.st
	scope := wire.NodeID(0)
	for id := st.at(0).first; id != 0; {
		n := st.at(id)
		if n.flags&flagNamed != 0 {
			g.add(id, scope)
		}
		if n.kind == kindShadow || n.code == codeFrame && n.kind == kindElement {
			scope = id
		}
		next := n.first
		for next == 0 && id != 0 {
			if scope == id {
				scope = g.scope(st.at(id).parent)
			}
			if next = st.at(id).next; next == 0 {
				id = st.at(id).parent
			}
		}
		id = next
	}
}

// scope is the shadow root or the document within the page that a node is in, 0 for the page itself.
func (g *graph) scope(id wire.NodeID) wire.NodeID {
	for ; id != 0; id = g.st.at(id).parent {
		if n := g.st.at(id); n.kind == kindShadow || n.code == codeFrame && n.kind == kindElement {
			break
		}
		g.steps++
	}
	return id
}

func (g *graph) add(id, scope wire.NodeID) {
	n := g.st.at(id)
	if n.kind != kindElement || n.flags&flagGone != 0 {
		return
	}
	st := g.st
	for i := n.attrs; i != 0; i = st.attrs[i].next {
		g.steps++
		if a := &st.attrs[i]; !a.live && a.code == attrID {
			name := strID(a.value)
			h := hash(st.strs.bytes(name))
			head := &g.heads[h&uint32(len(g.heads)-1)]
			g.targets = append(g.targets, target{id: id, name: name, hash: h, scope: scope, next: *head})
			*head = int32(len(g.targets))
			g.live++
			return
		}
	}
}

// hash is FNV-1a.
func hash(b []byte) uint32 {
	h := uint32(2166136261)
	for _, c := range b {
		h = (h ^ uint32(c)) * 16777619
	}
	return h
}

// shows gives the nodes that a user shows in its place. in is the target that it stands in, counted from 1; what names the
// element around itself shows nothing.
func (g *graph) shows(user wire.NodeID, in int32) (size int, ok bool) {
	st := g.st
	var buf [maxID]byte
	for i := st.at(user).attrs; i != 0; i = st.attrs[i].next {
		a := &st.attrs[i]
		g.steps++
		switch {
		case a.live || !attributes[a.code].isString():
		case a.code == vocab.RefAttr:
			name := st.strs.bytes(strID(a.value))
			n, ok := g.named(user, name, in)
			if plain := decode(buf[:0], name); ok && plain != nil {
				var m int
				m, ok = g.named(user, plain, in)
				n = max(n, m)
			}
			if !ok {
				return 0, false
			}
			size += n
		case st.strs.list[a.value].fits&fitsRefers != 0:
			n, ok := g.styled(user, a, in)
			if !ok {
				return 0, false
			}
			size += n
		}
		if size > maxShown || g.steps > maxSteps {
			return 0, g.fail(user, ruleShown)
		}
	}
	return size, true
}

// openURL is how the address of an element stands in CSS that was written anew.
var openURL = []byte(`url("#`)

// styled adds up what the addresses in an attribute of CSS name.
func (g *graph) styled(user wire.NodeID, a *attr, in int32) (size int, ok bool) {
	css := g.st.strs.bytes(strID(a.value))
	paint := attributes[a.code].paint
	for {
		at := bytes.Index(css, openURL)
		if at < 0 {
			return size, true
		}
		if before := css[:at]; attributes[a.code].value == vocab.Decls {
			paint = painted(before) || paint && bytes.IndexByte(before, ';') < 0
		}
		css = css[at+len(openURL):]
		end := bytes.IndexByte(css, '"')
		if end < 0 {
			return size, true
		}
		n, ok := g.named(user, css[:end], in)
		if ok && paint && n > 0 {
			var times int
			times, ok = g.within(user, in)
			n *= times
		}
		if !ok {
			return 0, false
		}
		if size += n; size > maxShown {
			return 0, g.fail(user, ruleShown)
		}
		css = css[end+1:]
	}
}

// decode gives the name that a reference has when its per cent signs are decoded (URL, section 1.3), nil when it has none.
func decode(out, name []byte) []byte {
	if bytes.IndexByte(name, '%') < 0 {
		return nil
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c == '%' && i+2 < len(name) {
			high, low := unhex(name[i+1]), unhex(name[i+2])
			if high < 16 && low < 16 {
				c, i = high<<4|low, i+2
			}
		}
		out = append(out, c)
	}
	return out
}

func unhex(c byte) byte {
	switch {
	case digit(c):
		return c - '0'
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 16
}
