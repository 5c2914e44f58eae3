package sanitizer_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
	"vitrine/sanitizer/vocab"
	"vitrine/test/page"
)

// model is a customer whose page is also kept as a plain tree, which changes at random.
type model struct {
	*customer
	rng      *rand.Rand
	tree     *page.Tree
	base     wire.NodeID
	detached []*page.Node
	dirty    bool // strings that the server has to rewrite
	twin     *sanitizer.Page
	size     int                  // of what is about to be inserted
	hidden   map[wire.NodeID]bool // made in a hidden part, which is for life
}

func newModel(t testing.TB, seed uint64, dirty bool) *model {
	m := &model{customer: newCustomer(t), rng: rand.New(rand.NewPCG(seed, 33)), dirty: dirty, twin: sanitizer.NewPage(sanitizer.Policy{})}
	m.start()
	return m
}

func (m *model) one(n int) bool { return m.rng.IntN(n) == 0 }

// start makes a new epoch.
func (m *model) start() {
	m.Snapshot()
	m.tree, m.base, m.detached, m.hidden = page.NewTree(), 0, nil, map[wire.NodeID]bool{}
	m.Into(0)
	root := m.begin(m.tree.Root, page.Code("html"))
	m.begin(root, page.Code("body"))
	m.tree.Next = m.Builder.Next()
	m.End()
	m.End()
	m.End()
}

// begin writes an element without attributes that is the last child of parent.
func (m *model) begin(parent *page.Node, code uint16) *page.Node {
	n := &page.Node{Kind: page.Elem, Code: code}
	n.ID = m.Elem(code, "", nil)
	m.tree.Nodes[n.ID] = n
	parent.Put(n, len(parent.Children))
	return n
}

// old gives a random node that was there before the batch and hangs together with the document; nil when it hits none.
func (m *model) old(kinds ...page.Kind) *page.Node {
	n := m.tree.Nodes[wire.NodeID(m.rng.Uint32N(uint32(m.base)))]
	if n == nil || len(kinds) > 0 && !slices.Contains(kinds, n.Kind) {
		return nil
	}
	for k := n; k != m.tree.Root; k = k.Parent {
		if k.Parent == nil {
			return nil
		}
	}
	return n
}

// change writes one random batch and changes the tree alike.
func (m *model) change() {
	m.Update(m.one(8))
	m.base, m.detached, m.size = m.tree.Next, nil, 0
	if m.one(6) {
		m.tree.Info.Flags, m.tree.Info.URL, m.tree.Info.Title = uint64(m.rng.IntN(2)), m.value(wire.RoleURL), m.value(wire.RoleTitle)
		m.Builder.Page(m.tree.Info.Flags, m.tree.Info.URL, m.tree.Info.Title)
	}
	if m.one(6) {
		v := [3]uint64{m.rng.Uint64N(5000), m.rng.Uint64N(5000), m.rng.Uint64N(4000)}
		m.View(v[0], v[1], v[2])
		m.tree.Info.View = v
	}
	if m.one(6) {
		v := [3]uint64{m.rng.Uint64N(wire.MediaAll + 1), m.rng.Uint64N(5000), m.rng.Uint64N(5000)}
		m.Media(v[0], v[1], v[2])
		m.tree.Info.Media = v
	}
	for range m.rng.IntN(6) {
		m.detachOne()
	}
	for range m.rng.IntN(6) {
		m.insertRun()
	}
	for _, top := range m.detached {
		top.Walk(func(n *page.Node) { delete(m.tree.Nodes, n.ID) })
	}
	for range m.rng.IntN(12) {
		m.touch()
	}
	if m.one(3) {
		if n := m.old(page.Elem); n != nil {
			m.Focus(n.ID)
			m.tree.Info.Focus = n.ID
		} else {
			m.Focus(0)
			m.tree.Info.Focus = 0
		}
	}
	m.ranges()
	m.tree.Next = m.Builder.Next()
	if m.one(2) {
		m.Sum(m.tree.Sum())
	}
}

// ranges selects or highlights something, or nothing.
func (m *model) ranges() {
	for _, name := range []string{"", "a", "b"} {
		if !m.one(6) {
			continue
		}
		var list []page.Range
		for range m.rng.IntN(3) {
			var ends [2]wire.NodeID
			var units [2]uint64
			for i := range ends {
				n := m.old(page.Elem, page.Text)
				if n == nil {
					return
				}
				ends[i], units[i] = n.ID, m.rng.Uint64N(2)
			}
			list = append(list, page.Range{From: ends[0], FromUnit: units[0], To: ends[1], ToUnit: units[1]})
		}
		kind, key, order := byte(wire.RangesSelection), "selection", int32(m.rng.IntN(5)-2)
		if name != "" {
			kind, key = wire.RangesHighlight, "highlight "+name
		}
		m.Ranges(kind, name, order, list...)
		m.tree.Info.Rename(fmt.Sprintf("%s in order %d", key, order), list)
	}
}

// detachOne takes a node out, also one of a subtree that was taken out before.
func (m *model) detachOne() {
	n := m.tree.Nodes[wire.NodeID(m.rng.Uint32N(uint32(m.base)))]
	if n == nil || n.Kind == page.Shadow || n.Kind == page.Document || n.Parent == nil || n.Parent == m.tree.Root && !m.one(20) {
		return
	}
	m.Detach(n.ID)
	n.Cut()
	m.detached = append(m.detached, n)
}

// insertRun puts a run of nodes into a place.
func (m *model) insertRun() {
	n := m.old()
	if n == nil {
		return
	}
	parent, at := n, len(n.Children)
	before := n.Kind != page.Document && n.Kind != page.Shadow && n.Parent != m.tree.Root && m.one(2)
	if before {
		parent, at = n.Parent, n.Index()
	}
	if len(parent.Children) > 0 && parent == m.tree.Root || !m.takes(parent) {
		return
	}
	if before {
		m.Before(n.ID)
	} else {
		m.Into(n.ID)
	}
	count := 1 + m.rng.IntN(3)
	if parent == m.tree.Root {
		count = 1
	}
	for range count {
		m.node(parent, at, 0)
		at++
	}
	m.End()
}

// takes says whether a node may have children.
func (m *model) takes(n *page.Node) bool {
	if n.Kind == page.Document || n.Kind == page.Shadow {
		return true
	}
	e, ok := page.Element(n.Code)
	return n.Kind == page.Elem && ok && e.Content != vocab.Empty
}

func hiddenBy(n *page.Node) bool {
	for ; n != nil; n = n.Parent {
		if len(n.Attrs) > 0 && n.Attrs[0].Code == vocab.MaskAttr {
			return true
		}
	}
	return false
}

// fits says whether a node that was taken out may be a child of parent.
func (m *model) fits(parent, n *page.Node) bool {
	own := len(n.Attrs) > 0 && n.Attrs[0].Code == vocab.MaskAttr
	if (hiddenBy(parent) || m.hidden[n.ID]) && !own {
		return false
	}
	return slices.Contains(m.codes(parent), codeOf(n))
}

func codeOf(n *page.Node) uint16 {
	switch n.Kind {
	case page.Text:
		return 0
	case page.Box:
		return page.Code("div")
	}
	return n.Code
}

var (
	flow   = codesOf("div p span a img input button select style #custom svg:svg section option textarea dialog math:math")
	inSVG  = codesOf("svg:g svg:rect svg:foreignObject svg:a svg:path svg:title svg:style")
	inMath = codesOf("math:mrow math:mi math:mfrac math:mtext math:mspace")
)

func codesOf(names string) (list []uint16) {
	for _, n := range strings.Fields(names) {
		list = append(list, page.Code(n))
	}
	return list
}

// codes gives what a parent may hold; 0 is a text.
func (m *model) codes(parent *page.Node) []uint16 {
	e, _ := page.Element(parent.Code)
	switch {
	case parent.Kind == page.Document:
		return codesOf("html")
	case parent.Kind == page.Shadow || e.Content == vocab.HTMLFlow || e.Content == vocab.HTMLInSVG:
		return append(slices.Clone(flow), 0)
	case e.Content == vocab.SVGFlow:
		return append(slices.Clone(inSVG), 0)
	case e.Content == vocab.MathFlow:
		return append(slices.Clone(inMath), 0)
	case e.Content == vocab.Text:
		return []uint16{0}
	}
	return nil
}

// node writes one node: one that was taken out, a text, a box or a new element.
func (m *model) node(parent *page.Node, at, depth int) {
	m.size++
	for i, n := range m.detached {
		if n.ID != 0 && m.one(2) && m.fits(parent, n) {
			m.Take(n.ID)
			parent.Put(n, at)
			m.detached = slices.Delete(m.detached, i, i+1)
			return
		}
	}
	codes := m.codes(parent)
	code := codes[m.rng.IntN(len(codes))]
	n := &page.Node{Kind: page.Elem, Code: code}
	switch {
	case code == 0:
		n.Kind, n.Text = page.Text, m.text(parent)
		n.ID = m.Text(n.Text)
	case code == page.Code("section"):
		n.Kind, n.Code, n.Size = page.Box, uint16(m.rng.IntN(4)), [2]uint64{m.rng.Uint64N(2000), m.rng.Uint64N(2000)}
		n.ID = m.Box(wire.BoxReason(n.Code), n.Size[0], n.Size[1])
	default:
		m.element(parent, n, at, depth)
		return
	}
	m.keep(parent, n, at)
}

// keep notes a new node.
func (m *model) keep(parent, n *page.Node, at int) {
	m.tree.Nodes[n.ID] = n
	parent.Put(n, at)
	if hiddenBy(n) {
		m.hidden[n.ID] = true
	}
}

func (m *model) element(parent, n *page.Node, at, depth int) {
	hidden := hiddenBy(parent)
	if m.one(12) && n.Code != page.Code("html") {
		n.Attrs = append(n.Attrs, page.Attr{Code: vocab.MaskAttr})
		hidden = true
	}
	for range m.rng.IntN(4) {
		if a, ok := m.attr(n.Code, hidden); ok && n.FindAttr(a) < 0 {
			n.Attrs = append(n.Attrs, a)
		}
	}
	if m.one(3) {
		n.SetLive(m.live(hidden))
	}
	if n.Code == vocab.CustomElement {
		n.Name = []string{"a-b", "shop-cart", "x-" + strings.Repeat("y", 60)}[m.rng.IntN(3)]
	}
	n.ID = m.Elem(n.Code, n.Name, n.Attrs, n.Lives...)
	m.keep(parent, n, at)
	if page.Code("div") == n.Code && m.one(3) {
		s := &page.Node{Kind: page.Shadow, Code: uint16(m.rng.IntN(8))}
		s.ID = m.Shadow(uint64(s.Code))
		m.keep(n, s, 0)
		m.inside(s, depth)
		m.End()
	}
	if m.takes(n) {
		m.inside(n, depth)
	}
	m.End()
}

func (m *model) inside(n *page.Node, depth int) {
	for range m.rng.IntN(4) {
		if depth < 6 && m.size < 40 {
			m.node(n, len(n.Children), depth+1)
		}
	}
}

func (m *model) text(parent *page.Node) string {
	if hiddenBy(parent) {
		return strings.Repeat("•", 1+m.rng.IntN(60)) + " "
	}
	return m.value(wire.RoleText)
}

// values are strings that the server leaves as they are, by role.
var values = map[wire.Role][]string{
	wire.RoleText:     {"", "a", "some words", "Zoë says 你好", strings.Repeat("long ", 200), "\u202ea\tb\n", "<script>"},
	wire.RoleAttr:     {"", "a title", strings.Repeat("x", 129)},
	wire.RoleTokens:   {"", "a", "a b c", "Zoë"},
	wire.RoleDecls:    {"", "color: red;", "color: blue; margin: 0;"},
	wire.RoleURL:      {"", "https://shop.example/a", "mailto:a@b"},
	wire.RoleInput:    {"", "typed", strings.Repeat("z", 300)},
	wire.RoleNumber:   {"", "1", "10"},
	wire.RoleColour:   {"red"},
	wire.RoleID:       {"x", "y1"},
	wire.RolePath:     {"M0 0"},
	wire.RoleCSSValue: {"red", "none"},
	wire.RoleMedia:    {"screen"},
	wire.RoleTitle:    {"", "A page"},
	wire.RoleName:     {"a", "b-c", "d1"},
}

// dirt is what the server has to rewrite or to take away.
var dirt = []string{"\x00a", "javascript:1", "https://u:p@h/?q", "color:red;background:url(//x)", "a b\u202ec", "}x{", "1e999", "\x7f", "M1,1L2-3",
	"red;", " #FfF ", "@import 'x'", strings.Repeat("p: url(x); color:red;", 9), "url(#a)", "-0.50", "\t\n"}

func (m *model) value(role wire.Role) string {
	if m.dirty && role != wire.RoleName && m.one(2) {
		return dirt[m.rng.IntN(len(dirt))]
	}
	list := values[role]
	return list[m.rng.IntN(len(list))]
}

// attr gives a random attribute that may stand on an element.
func (m *model) attr(code uint16, hidden bool) (page.Attr, bool) {
	e, _ := page.Element(code)
	a := vocab.Attributes[m.rng.IntN(len(vocab.Attributes))]
	if m.one(3) {
		a = vocab.Attributes[m.rng.IntN(20)]
	}
	readable := a.Value == vocab.Attr || a.Value == vocab.URL || a.Code == vocab.SrcAttr
	// Types of controls change what may be told of them; the vectors of row 34 try that.
	if !page.May(a, e) || a.Code == vocab.MaskAttr || a.Name == "type" || hidden && readable {
		return page.Attr{}, false
	}
	out := page.Attr{Code: a.Code}
	switch {
	case a.Value == vocab.Enum:
		out.Number = m.rng.Uint64N(uint64(len(a.Enum)))
	case a.Value == vocab.Asset:
		out.Number = 1 + m.rng.Uint64N(1<<53-1)
	case a.Value != vocab.Flag:
		out.Text = m.value([...]wire.Role{vocab.Attr: wire.RoleAttr, vocab.Tokens: wire.RoleTokens, vocab.Decls: wire.RoleDecls,
			vocab.CSSValue: wire.RoleCSSValue, vocab.Media: wire.RoleMedia, vocab.URL: wire.RoleURL, vocab.Number: wire.RoleNumber,
			vocab.Colour: wire.RoleColour, vocab.ID: wire.RoleID, vocab.Path: wire.RolePath}[a.Value])
	}
	switch a.Code {
	case vocab.DataAttr:
		out.Name = m.value(wire.RoleName)
	case vocab.AriaAttr:
		out.Name = []string{"label", "hidden", "current"}[m.rng.IntN(3)]
	}
	return out, true
}

func (m *model) live(hidden bool) page.Live {
	kinds := []byte{wire.LiveChecked, wire.LiveIndeterminate, wire.LiveSelected, wire.LiveScroll, wire.LiveBullets, wire.LiveNatural, wire.LiveOpen, wire.LiveClosed}
	if !hidden {
		kinds = append(kinds, wire.LiveValue)
	}
	l := page.Live{Kind: kinds[m.rng.IntN(len(kinds))]}
	switch l.Kind {
	case wire.LiveValue:
		l.Text = m.value(wire.RoleInput)
	case wire.LiveScroll:
		l.A, l.B = m.rng.Int64N(20000)-10000, m.rng.Int64N(20000)-10000
	case wire.LiveNatural:
		l.A, l.B = m.rng.Int64N(16384), m.rng.Int64N(16384)
	case wire.LiveClosed:
	default:
		l.A = m.rng.Int64N(2)
	}
	return l
}

// touch changes a node that was there before.
func (m *model) touch() {
	n := m.old(page.Elem, page.Text)
	switch {
	case n == nil:
	case n.Kind == page.Text:
		n.Text = m.text(n.Parent)
		m.SetText(n.ID, n.Text)
	case m.one(3):
		l := m.live(hiddenBy(n))
		n.SetLive(l)
		m.SetLive(n.ID, l)
	case m.one(3):
		if len(n.Attrs) > 0 && n.Attrs[len(n.Attrs)-1].Code != vocab.MaskAttr {
			last := len(n.Attrs) - 1
			m.Unset(n.ID, n.Attrs[last])
			n.Attrs = slices.Delete(n.Attrs, last, last+1)
		}
	default:
		if a, ok := m.attr(n.Code, hiddenBy(n)); ok {
			n.SetAttr(a)
			m.Set(n.ID, a)
		}
	}
}
