package sanitizer_test

import (
	"testing"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
	"vitrine/test/page"
)

// document writes an html element with a body that holds something.
func document(c *customer, write func()) {
	c.Tag("html")
	c.Tag("body")
	write()
	c.End()
	c.End()
}

func nothingMore() {}

// framed begins a page whose body is node 2, with a frame that is node 3.
func framed(t testing.TB, within func(c *customer)) *customer {
	c := newCustomer(t)
	c.Snapshot()
	c.Into(0)
	c.Tag("html")
	c.Tag("body")
	c.Tag("#frame", "class", "wide", "frameborder", "0", "width", "300")
	within(c)
	c.End()
	c.End()
	c.End()
	c.End()
	return c
}

// TestThreat04_Frames holds what a document within the page may be: nodes under a frame that has no address, one html element
// at a time, and nowhere else.
func TestThreat04_Frames(t *testing.T) {
	c := framed(t, func(c *customer) { document(c, nothingMore) }) // html is 4, body 5
	c.send()
	c.same()
	for name, write := range map[string]func(c *customer){
		"text":          func(c *customer) { c.Text("loose") },
		"box":           func(c *customer) { c.Box(wire.BoxFrame, 1, 1) },
		"element":       func(c *customer) { c.Tag("p"); c.End() },
		"second html":   func(c *customer) { document(c, nothingMore) },
		"another frame": func(c *customer) { c.Tag("#frame"); document(c, nothingMore); c.End() },
	} {
		c := framed(t, func(c *customer) { document(c, nothingMore) })
		c.send()
		c.Update(false)
		insert(c, 3, func() { write(c) })
		t.Run(name, func(*testing.T) { c.refused("row11-content") })
	}
	for _, write := range []func(c *customer){
		func(c *customer) { document(c, nothingMore); document(c, nothingMore) },
		func(c *customer) { c.Text("loose") },
		func(c *customer) { c.Tag("body"); c.End() },
	} {
		c := framed(t, write)
		c.refusedFirst("row11-content")
	}
	c.Update(false)
	insert(c, 5, func() { c.Tag("html"); c.End() })
	c.refused("row11-content")
}

// TestThreat04_FramesRenew holds that a document can take the place of another one.
func TestThreat04_FramesRenew(t *testing.T) {
	c := framed(t, func(c *customer) { document(c, nothingMore) })
	c.send()
	c.Update(false)
	c.Detach(4)
	insert(c, 3, func() { document(c, func() { c.Text("the next page") }) })
	c.send()
	c.same()
}

// TestThreat04_NoAddress holds that a frame has no attribute that loads, runs or permits anything.
func TestThreat04_NoAddress(t *testing.T) {
	frame, _ := page.Element(vocab.FrameElement)
	for i := range vocab.Attributes {
		a := &vocab.Attributes[i]
		if a.May(&frame) && (a.Value == vocab.Asset || a.Value == vocab.URL) {
			t.Errorf("%s on a frame", a.Name)
		}
	}
	for _, name := range []string{"src", "srcdoc", "sandbox", "allow", "name", "loading", "csp"} {
		if _, ok := page.Attribute(vocab.FrameElement, name, "x"); ok {
			t.Errorf("%s can stand on a frame", name)
		}
	}
}

// TestThreat32_Frames holds that documents are bounded, in each other and side by side.
func TestThreat32_Frames(t *testing.T) {
	for _, v := range []struct {
		levels, side int
		rule         string
	}{{8, 1, ""}, {9, 1, "row40-nesting"}, {1, 250, ""}, {1, 301, "row40-cost"}} {
		c := newCustomer(t)
		c.Snapshot()
		c.Into(0)
		c.Tag("html")
		c.Tag("body")
		for range v.side {
			for range v.levels {
				c.Tag("#frame")
				c.Tag("html")
				c.Tag("body")
			}
			for range 3 * v.levels {
				c.End()
			}
		}
		c.End()
		c.End()
		c.End()
		_, r := c.page.Check(c.Batch())
		if (r == nil) != (v.rule == "") || r != nil && r.Rule != v.rule {
			t.Errorf("%d levels of %d: %v, want %q", v.levels, v.side, r, v.rule)
		}
	}
}

// TestThreat34_Frames holds that what is hidden, or kept from agents, stays so in the documents within.
func TestThreat34_Frames(t *testing.T) {
	c := newCustomer(t)
	c.Snapshot()
	c.Into(0)
	c.Tag("html")
	c.Tag("body")
	c.Tag("div", "#mask", "")
	c.Tag("#frame")
	document(c, func() { c.Text("•••") })
	c.End()
	c.End()
	c.Tag("div", "#readonly", "")
	c.Tag("#frame")
	document(c, func() { c.Tag("button"); c.End() }) // 11
	c.End()
	c.End()
	c.End()
	c.End()
	c.End()
	c.send()
	c.Update(false)
	insert(c, 6, func() { c.Text("secret") })
	c.refused("row34-mask")
	if _, r := c.page.CheckInput(&wire.Click{Seq: 1, Epoch: c.page.Epoch(), Node: 12, Count: 1}, 1); r == nil || r.Rule != "row42-readonly" {
		t.Errorf("a click in a readonly frame: %v", r)
	}
}

// TestThreat30_Frames holds that a reference means an element of its own document, so that a small element of one does not
// stand for a large one of another.
func TestThreat30_Frames(t *testing.T) {
	// The ids are those of the document within; the page's own, which come first, are empty.
	c := newCustomer(t)
	c.Snapshot()
	c.Into(0)
	c.Tag("html")
	c.Tag("body")
	levels := []string{"l0", "l1", "l2", "l3", "l4", "l5", "l6"}
	c.Tag("svg:svg")
	for _, id := range levels {
		c.group(id, 0, "svg:path")
	}
	c.End()
	c.Tag("#frame")
	c.Tag("html")
	c.Tag("body")
	c.Tag("svg:svg")
	c.group("l0", 10, "svg:path", "d", "M0 0")
	for i := range 6 {
		c.group(levels[i+1], 10, "svg:use", "#ref", levels[i])
	}
	for range 7 {
		c.End()
	}
	c.refusedFirst("row30-shown")
	// Nor does the page's own large one stand for what the document within lacks.
	c = newCustomer(t)
	c.Snapshot()
	c.Into(0)
	c.Tag("html")
	c.Tag("body")
	c.Tag("svg:svg")
	c.group("big", 40_000, "svg:path")
	c.End()
	c.Tag("#frame")
	c.Tag("html")
	c.Tag("body")
	c.Tag("svg:svg")
	for range 10 {
		c.Tag("svg:use", "#ref", "big")
		c.End()
	}
	for range 7 {
		c.End()
	}
	c.send()
}
