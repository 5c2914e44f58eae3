package page

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
)

// Kind is what a node is.
type Kind uint8

// The kinds of nodes.
const (
	Document Kind = iota
	Elem
	Text
	Shadow
	Box
)

// Node is one node of a Tree. A shadow root is the first child of its host.
type Node struct {
	ID       wire.NodeID
	Kind     Kind
	Code     uint16 // of an element; flags of a shadow root; reason of a box
	Name     string // of a custom element
	Text     string
	Size     [2]uint64 // of a box
	Attrs    []Attr
	Lives    []Live
	Slot     wire.NodeID // that a script chose for it
	Order    uint64      // in the slot
	Parent   *Node
	Children []*Node
}

// Info is what a page tells besides its nodes.
type Info struct {
	Flags      uint64
	URL, Title string
	View       [3]uint64
	Media      [3]uint64
	Ranges     map[string][]Range // by kind and name
	Focus      wire.NodeID
	Marks      [wire.MarkRing + 1]wire.NodeID // by kind
}

// Range is a run of the page from one place to another.
type Range struct {
	From, To         wire.NodeID
	FromUnit, ToUnit uint64
}

// Rename puts ranges in the place of those of the same kind and name, whatever their order was.
func (i *Info) Rename(key string, list []Range) {
	name, _, _ := strings.Cut(key, " in order ")
	maps.DeleteFunc(i.Ranges, func(k string, _ []Range) bool {
		old, _, _ := strings.Cut(k, " in order ")
		return old == name
	})
	if i.Ranges == nil {
		i.Ranges = map[string][]Range{}
	}
	if len(list) > 0 {
		i.Ranges[key] = list
	}
}

// Tree is a page as a plain tree.
type Tree struct {
	Info  Info
	Root  *Node
	Nodes map[wire.NodeID]*Node // those that hang together with the root, the root included
	Next  wire.NodeID
}

// NewTree returns a tree that has a document and nothing else.
func NewTree() *Tree {
	root := &Node{}
	return &Tree{Root: root, Nodes: map[wire.NodeID]*Node{0: root}, Next: 1}
}

// Put makes n a child of parent at a place.
func (n *Node) Put(child *Node, at int) {
	child.Parent = n
	n.Children = slices.Insert(n.Children, at, child)
}

// Index is the place of a node among its siblings.
func (n *Node) Index() int { return slices.Index(n.Parent.Children, n) }

// Cut takes a node out of its place.
func (n *Node) Cut() {
	i := n.Index()
	n.Parent.Children = slices.Delete(n.Parent.Children, i, i+1)
	n.Parent = nil
}

// Walk calls each with a node and all that it holds, in order.
func (n *Node) Walk(each func(*Node)) {
	each(n)
	for _, c := range n.Children {
		c.Walk(each)
	}
}

// SetAttr gives a node an attribute.
func (n *Node) SetAttr(a Attr) {
	if i := n.FindAttr(a); i >= 0 {
		n.Attrs[i] = a
		return
	}
	n.Attrs = append(n.Attrs, a)
}

// FindAttr is the place of the same attribute, or -1.
func (n *Node) FindAttr(a Attr) int {
	return slices.IndexFunc(n.Attrs, func(o Attr) bool { return o.Code == a.Code && o.Name == a.Name })
}

// SetLive gives a node a live state. Open and closed are one state.
func (n *Node) SetLive(l Live) {
	slot := func(kind byte) byte {
		if kind == wire.LiveClosed {
			return wire.LiveOpen
		}
		return kind
	}
	i := slices.IndexFunc(n.Lives, func(o Live) bool { return slot(o.Kind) == slot(l.Kind) })
	if i >= 0 {
		n.Lives[i] = l
		return
	}
	n.Lives = append(n.Lives, l)
}

// Sum is what OpSum says about the tree: its nodes without the document, and their hash.
func (t *Tree) Sum() (count int, hash uint32) {
	t.Root.Walk(func(n *Node) {
		if n != t.Root {
			count++
			hash += wire.SumStep(n.ID, n.Parent.ID)
		}
	})
	return count, hash
}

// Dump writes the tree in a form that two trees share exactly when they are the same: one line a node, attributes and
// live states in the order of their names.
func (t *Tree) Dump() string {
	var s strings.Builder
	i := t.Info
	focus := i.Focus
	if t.Nodes[focus] == nil {
		focus = 0 // the node is gone, and the focus with it
	}
	fmt.Fprintf(&s, "page flags=%d url=%s title=%s view=%dx%d@%d focus=%d next=%d\n", i.Flags, quote(i.URL), quote(i.Title),
		i.View[0], i.View[1], i.View[2], focus, t.Next)
	for kind, id := range i.Marks {
		if id != 0 && t.Nodes[id] != nil {
			fmt.Fprintf(&s, "mark %d at %d\n", kind, id)
		}
	}
	if i.Media != [3]uint64{} {
		fmt.Fprintf(&s, "media %x screen %dx%d\n", i.Media[0], i.Media[1], i.Media[2])
	}
	for _, name := range slices.Sorted(maps.Keys(i.Ranges)) {
		for _, r := range i.Ranges[name] {
			if t.Nodes[r.From] != nil && t.Nodes[r.To] != nil {
				fmt.Fprintf(&s, "range %s %d.%d to %d.%d\n", name, r.From, r.FromUnit, r.To, r.ToUnit)
			}
		}
	}
	for id := range t.Next {
		if n := t.Nodes[id]; n != nil && t.mayFill(n.Slot, n.Parent) {
			fmt.Fprintf(&s, "slot %d holds %d as %d\n", n.Slot, id, n.Order)
		}
	}
	for _, c := range t.Root.Children {
		c.dump(&s, 0)
	}
	return s.String()
}

// mayFill says whether a node is a slot of a host, of those that scripts fill.
func (t *Tree) mayFill(id wire.NodeID, host *Node) bool {
	n := t.Nodes[id]
	if n == nil || n.Kind != Elem || n.Code != Code("slot") {
		return false
	}
	for n = n.Parent; n != nil && n.Kind != Shadow; n = n.Parent {
	}
	return n != nil && n.Code&4 != 0 && n.Parent == host
}

func (n *Node) dump(s *strings.Builder, depth int) {
	fmt.Fprintf(s, "%s%d ", strings.Repeat("  ", depth), n.ID)
	switch n.Kind {
	case Text:
		s.WriteString(quote(n.Text))
	case Shadow:
		fmt.Fprintf(s, "#shadow %d", n.Code)
	case Box:
		fmt.Fprintf(s, "#box %d %dx%d", n.Code, n.Size[0], n.Size[1])
	default:
		n.dumpElement(s)
	}
	s.WriteByte('\n')
	for _, c := range n.Children {
		c.dump(s, depth+1)
	}
}

func (n *Node) dumpElement(s *strings.Builder) {
	e, _ := Element(n.Code)
	name := Key(e)
	if n.Code == vocab.CustomElement {
		name = n.Name
	}
	var parts []string
	for _, a := range n.Attrs {
		parts = append(parts, a.String())
	}
	slices.Sort(parts)
	s.WriteString("<" + strings.Join(append([]string{name}, parts...), " ") + ">")
	parts = parts[:0]
	for _, l := range n.Lives {
		parts = append(parts, fmt.Sprintf(" %s=%d,%d%s", liveNames[l.Kind], l.A, l.B, quote(l.Text)))
	}
	slices.Sort(parts)
	s.WriteString(strings.Join(parts, ""))
}

var liveNames = [...]string{
	wire.LiveValue: "value", wire.LiveChecked: "checked", wire.LiveIndeterminate: "indeterminate", wire.LiveSelected: "selected",
	wire.LiveScroll: "scroll", wire.LiveBullets: "bullets", wire.LiveNatural: "natural", wire.LiveOpen: "open", wire.LiveClosed: "closed",
	wire.LiveUndefined: "undefined",
}

// String writes an attribute as a page spells it.
func (a Attr) String() string {
	rule, _ := AttributeOf(a.Code)
	name := rule.DOM
	if name == "" {
		name = rule.Name
	}
	name += a.Name
	switch rule.Value {
	case vocab.Flag:
		return name
	case vocab.Asset:
		return fmt.Sprintf("%s=%x", name, a.Number)
	case vocab.Enum:
		if a.Number >= uint64(len(rule.Enum)) {
			return name + "=?"
		}
		return name + "=" + quote(rule.Enum[a.Number])
	}
	return name + "=" + quote(a.Text)
}

var quoting = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`)

func quote(s string) string { return `"` + quoting.Replace(s) + `"` }
