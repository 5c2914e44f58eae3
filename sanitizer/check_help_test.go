package sanitizer_test

import (
	"bytes"
	"testing"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
	"vitrine/test/page"
)

// customer is one page with both ends of its way: what the browser writes, what the server knows, what an agent sees.
type customer struct {
	t testing.TB
	*page.Builder
	page    *sanitizer.Page
	replica *page.Replica
}

func newCustomer(t testing.TB) *customer {
	return &customer{t: t, Builder: page.NewBuilder(), page: sanitizer.NewPage(sanitizer.Policy{}), replica: page.NewReplica()}
}

// send passes the batch on and gives it as the agent got it.
func (c *customer) send() *wire.Batch {
	c.t.Helper()
	clean, r := c.page.Check(c.Batch())
	if r != nil {
		c.t.Fatalf("refused: %s at node %d", r.Rule, r.Node)
	}
	b := decodeBatch(c.t, clean)
	if err := c.replica.Apply(b); err != nil {
		c.t.Fatalf("the agent cannot apply it: %v", err)
	}
	return b
}

// refused wants the batch refused by a rule, and the page as it was.
func (c *customer) refused(rule string) {
	c.t.Helper()
	before := snapshotOf(c.t, c.page)
	nodes, size, epoch, seq := c.page.Nodes(), len(before), c.page.Epoch(), c.page.Seq()
	clean, r := c.page.Check(c.Batch())
	if r == nil {
		c.t.Fatalf("accepted; want %s", rule)
	}
	if r.Rule != rule {
		c.t.Errorf("refused by %s at node %d, want %s", r.Rule, r.Node, rule)
	}
	if !clean.Empty() {
		c.t.Error("a refused batch came with something to send")
	}
	after := snapshotOf(c.t, c.page)
	if !bytes.Equal(before, after) || nodes != c.page.Nodes() || size != len(after) || epoch != c.page.Epoch() || seq != c.page.Seq() {
		c.t.Error("a refused batch changed the page")
	}
}

// refusedFirst wants a snapshot refused by a rule.
func (c *customer) refusedFirst(rule string) {
	c.t.Helper()
	if _, r := c.page.Check(c.Batch()); r == nil || r.Rule != rule {
		c.t.Errorf("%v, want %s", r, rule)
	}
}

func decodeBatch(t testing.TB, c sanitizer.Clean) *wire.Batch {
	t.Helper()
	var d wire.ToAgentDecoder
	f, err := d.Decode(c.Channel(), c.Frame())
	if err != nil {
		t.Fatalf("the agent cannot read it: %v", err)
	}
	if !bytes.Equal(f.AppendTo(nil), c.Frame()) {
		t.Fatal("the frame is not canonical")
	}
	return f.(*wire.Batch)
}

// snapshotOf gives what a late agent would get; nil when there is no page.
func snapshotOf(t testing.TB, p *sanitizer.Page) []byte {
	t.Helper()
	clean, ok := p.Snapshot()
	if !ok {
		return nil
	}
	return clean.Frame()
}

// late is a replica that knows the page's snapshot only.
func late(t testing.TB, p *sanitizer.Page) *page.Replica {
	t.Helper()
	clean, ok := p.Snapshot()
	if !ok {
		t.Fatal("there is no page")
	}
	r := page.NewReplica()
	if err := r.Apply(decodeBatch(t, clean)); err != nil {
		t.Fatalf("a late agent cannot apply the snapshot: %v", err)
	}
	if r.Sums() == 0 {
		t.Fatal("the snapshot has no checksum")
	}
	return r
}

// same wants the agent who was there from the start and one who comes late to see the same page.
func (c *customer) same() {
	c.t.Helper()
	if a, b := c.replica.Tree.Dump(), late(c.t, c.page).Tree.Dump(); a != b {
		c.t.Fatalf("an early and a late agent see two pages:\n%s\n%s", a, b)
	}
}

// shop is a page that has one of everything. Its ids are the numbers below.
const (
	html wire.NodeID = iota + 1
	head
	sheet
	body
	div
	words
	input
	secret // a password control
	hidden // a masked element
	bullets
	list
	option
	group
	inner
	file
	area
	custom
	root
	deep
	svg
	rect
	foreign
	para
	box
	closed // agents may not operate it
	button
	editable
	other // a list without options
	dialog
	link
	shopNext
)

func newShop(t testing.TB) *customer {
	t.Helper()
	c := newCustomer(t)
	c.Snapshot()
	c.Page(0, "https://shop.example/a", "A page")
	c.View(1280, 720, 2000)
	c.Into(0)
	c.Tag("html", "lang", "en")
	c.Tag("head")
	c.Tag("style", "#sheet", "a.css", "media", "screen")
	c.End()
	c.End()
	c.Tag("body")
	c.Tag("div", "class", "a", "id", "x")
	c.Text("some words")
	c.End()
	c.Tag("input", "type", "text", "placeholder", "Name")
	c.End()
	c.Tag("input", "#mask", "", "type", "password")
	c.End()
	c.Tag("div", "#mask", "")
	c.Text("••• ••")
	c.End()
	c.Tag("select")
	c.Tag("option")
	c.End()
	c.Tag("optgroup", "label", "More")
	c.Tag("option")
	c.End()
	c.End()
	c.End()
	c.Tag("input", "type", "file")
	c.End()
	c.Tag("textarea")
	c.End()
	c.Elem(page.Code("#custom"), "shop-cart", nil)
	c.Shadow(0)
	c.Tag("p")
	c.End()
	c.End()
	c.End()
	c.Tag("svg:svg", "viewBox", "0 0 10 10")
	c.Tag("svg:rect", "width", "5", "fill", "red")
	c.End()
	c.Tag("svg:foreignObject")
	c.Tag("p")
	c.End()
	c.End()
	c.End()
	c.Box(wire.BoxFrame, 300, 150)
	c.Tag("div", "#readonly", "")
	c.Tag("button")
	c.End()
	c.End()
	c.Tag("div", "#editable", "")
	c.End()
	c.Tag("select")
	c.End()
	c.Tag("dialog")
	c.End()
	c.Tag("a", "href", "https://shop.example/b?secret#x", "data-a", "1")
	c.End()
	c.End()
	c.End()
	c.End()
	if c.Next() != shopNext {
		t.Fatalf("the shop has %d ids, want %d", c.Next(), shopNext)
	}
	c.send()
	c.same()
	return c
}
