package sanitizer

import (
	"bytes"
	"crypto/sha256"
)

// Limits of threat row 30 for one image.
const (
	maxSVGDrawn = 100_000 // elements that are drawn when every reference is followed
	maxSVGChain = 8       // references that lead on to each other
)

// svgRefKind is how a reference draws what it names.
type svgRefKind uint8

const (
	refOnce    svgRefKind = iota // once: use, clip-path, mask, filter
	refInherit                   // once for the element and for each one in it: fill, stroke, markers
)

// svgRef is a reference of an element to an id.
type svgRef struct {
	kind   svgRefKind
	target svgID
	next   int32 // of the same element, or -1
}

// svgNode is an element of an image as far as its size matters.
type svgNode struct {
	first, last, next int32 // children, and the next sibling; -1 for none
	refs              int32 // or -1
	gradient          bool  // draws nothing by itself: a reference to it is for free
	state             uint8 // 0 not seen, 1 being counted, 2 counted
	depth             uint8 // of references below it
	drawn             int32 // elements, with everything that is followed
}

// svgGraph is what refers to what in an image.
type svgGraph struct {
	nodes  []svgNode
	refs   []svgRef
	ids    map[svgID]int32
	sheets []svgID // what style sheets and variables refer to
}

// svgID stands for an id: the beginning of its SHA-256, which nobody makes collide.
type svgID [16]byte

func idOf(id []byte) svgID {
	sum := sha256.Sum256(id)
	return svgID(sum[:])
}

// add puts a node in behind the last child of parent; -1 is none.
func (g *svgGraph) add(parent int32, gradient bool) int32 {
	id := int32(len(g.nodes))
	g.nodes = append(g.nodes, svgNode{first: -1, last: -1, next: -1, refs: -1, gradient: gradient})
	if parent < 0 {
		return id
	}
	p := &g.nodes[parent]
	if p.last < 0 {
		p.first = id
	} else {
		g.nodes[p.last].next = id
	}
	p.last = id
	return id
}

func (g *svgGraph) name(node int32, id []byte) {
	h := idOf(id)
	if _, taken := g.ids[h]; !taken {
		g.ids[h] = node
	}
}

func (g *svgGraph) refer(node int32, kind svgRefKind, id []byte) {
	n := &g.nodes[node]
	g.refs = append(g.refs, svgRef{kind, idOf(id), n.refs})
	n.refs = int32(len(g.refs) - 1)
}

// cssRefs notes the ids that sanitised CSS refers to. A variable may be used anywhere, like a sheet.
func (g *svgGraph) cssRefs(node int32, kind svgRefKind, css []byte) {
	everywhere := node < 0 || bytes.Contains(css, []byte("--"))
	for {
		const open = `url("#`
		i := bytes.Index(css, []byte(open))
		if i < 0 {
			return
		}
		css = css[i+len(open):]
		end := max(bytes.IndexByte(css, '"'), 0) // the writer of CSS lets no id pass that needs an escape
		if everywhere {
			g.sheets = append(g.sheets, idOf(css[:end]))
		} else {
			g.refer(node, kind, css[:end])
		}
		css = css[end:]
	}
}

// fits says whether drawing the whole image stays within the limits. References in a circle do not.
func (g *svgGraph) fits() bool {
	if len(g.nodes) == 0 {
		return true
	}
	ok := g.count(0)
	// What a sheet refers to may be drawn by every element, and by every element of what it refers to in turn.
	total := int64(g.nodes[0].drawn)
	seen := map[int32]bool{}
	for _, h := range g.sheets {
		target, known := g.ids[h]
		if !known || g.nodes[target].gradient || seen[target] {
			continue
		}
		seen[target] = true
		total = min(total*int64(1+g.nodes[target].drawn), maxSVGDrawn+1)
	}
	return ok && total <= maxSVGDrawn && len(seen) <= maxSVGChain
}

// count sets what is drawn for a node. A node that is being counted already refers to itself.
func (g *svgGraph) count(id int32) bool {
	n := &g.nodes[id]
	switch n.state {
	case 1:
		return false
	case 2:
		return true
	}
	n.state = 1
	drawn, factor, depth := int64(1), int64(1), uint8(0)
	for c := n.first; c >= 0; c = g.nodes[c].next {
		if !g.count(c) {
			return false
		}
		drawn += int64(g.nodes[c].drawn)
		depth = max(depth, g.nodes[c].depth)
	}
	for r := n.refs; r >= 0; r = g.refs[r].next {
		target, known := g.ids[g.refs[r].target]
		if !known {
			continue
		}
		if !g.count(target) {
			return false
		}
		t := &g.nodes[target]
		if t.gradient {
			continue
		}
		depth = max(depth, t.depth+1)
		if g.refs[r].kind == refInherit {
			factor += int64(t.drawn)
		} else {
			drawn += int64(t.drawn)
		}
	}
	// One too many is as bad as any number: it is the sum for the root that is judged.
	n.state, n.drawn, n.depth = 2, int32(min(drawn*factor, maxSVGDrawn+1)), depth
	return depth <= maxSVGChain
}
