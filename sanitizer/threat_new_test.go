package sanitizer_test

import (
	"testing"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
	"vitrine/test/page"
)

// TestThreat02_NewElements holds for every element and every attribute that may not stand on it that a new element cannot
// have it either.
func TestThreat02_NewElements(t *testing.T) {
	c := newShop(t)
	refused := 0
	for i := range vocab.Elements {
		e := &vocab.Elements[i]
		if k := e.Key(); k == "html" || k == "svg:svg" || k == "math:math" {
			continue
		}
		for k := range vocab.Attributes {
			a := &vocab.Attributes[k]
			if a.May(e) {
				continue
			}
			b := page.NewBuilder()
			b.NoTable = true
			b.Update(false)
			b.Skip(c.Next())
			b.Into(div)
			b.Tag([...]string{vocab.HTML: "div", vocab.SVG: "svg:svg", vocab.MathML: "math:math"}[e.Space])
			b.Elem(e.Code, "shop-item", []page.Attr{goodAttr(a)})
			for range 3 {
				b.End()
			}
			batch := b.Batch()
			batch.Epoch, batch.Seq = c.page.Epoch(), c.page.Seq()+1
			if _, r := c.page.Check(batch); r == nil || r.Rule != "row02-attribute" {
				t.Fatalf("%s on a new %s is not refused by row02-attribute: %v", a.Name, e.Key(), r)
			}
			refused++
		}
	}
	if refused < 20_000 {
		t.Errorf("%d pairs were refused", refused)
	}
}

// TestThreat34_PasswordForLife holds that a control that came as a password keeps its secret when it becomes a text
// control, whether it came alone or with the page.
func TestThreat34_PasswordForLife(t *testing.T) {
	for _, own := range []bool{false, true} {
		c := newShop(t)
		c.Update(false)
		id := c.Next()
		insert(c, div, func() {
			attrs := []page.Attr{attribute("input", "type", "password")}
			if own {
				attrs = append(attrs, attribute("input", "title", "x"))
			}
			c.Elem(page.Code("input"), "", attrs)
			c.End()
		})
		c.send()
		c.Update(false)
		c.Set(id, attribute("input", "type", "text"))
		c.send()
		c.Update(false)
		c.SetLive(id, page.Live{Kind: wire.LiveValue, Text: "x"})
		c.refused("row34-mask")
		if _, r := c.page.CheckInput(&wire.TypeText{Epoch: 1, Node: id, Text: []byte("x")}, 1); r == nil || r.Rule != "row41-typing" {
			t.Errorf("typing into it: %v", r)
		}
	}
}

// TestThreat34_LiveStateIsNoMask holds that a live state whose number is that of the mask does not count as one: the control
// may not leave what hides it, nor come into it.
func TestThreat34_LiveStateIsNoMask(t *testing.T) {
	c := newShop(t)
	c.Update(false)
	inside := c.Next()
	insert(c, hidden, func() {
		c.Elem(page.Code("input"), "", nil, page.Live{Kind: vocab.MaskAttr, A: 1})
		c.End()
	})
	c.send()
	c.Update(false)
	c.Detach(inside)
	insert(c, div, func() { c.Take(inside) })
	c.refused("row34-mask")
}

// TestThreat33_Gone holds that what was forgotten stays forgotten: nothing can be done to it, and nothing put around it.
func TestThreat33_Gone(t *testing.T) {
	for name, try := range map[string]func(c *customer){
		"taken out again": func(c *customer) { c.Detach(div) },
		"child taken out": func(c *customer) { c.Detach(words) },
		"set":             func(c *customer) { c.Set(div, attribute("div", "class", "x")) },
		"text of a child": func(c *customer) { c.SetText(words, "x") },
		"live":            func(c *customer) { c.SetLive(div, page.Live{Kind: wire.LiveScroll}) },
		"focus":           func(c *customer) { c.Focus(div) },
	} {
		c := newShop(t)
		c.Update(false)
		c.Detach(div)
		c.send()
		c.Update(false)
		try(c)
		if _, r := c.page.Check(c.Batch()); r == nil || r.Rule != "row33-node" {
			t.Errorf("%s: %v", name, r)
		}
	}
	for name, begin := range map[string]func(c *customer){
		"into": func(c *customer) { c.Into(div) }, "before": func(c *customer) { c.Before(div) }, "into a child": func(c *customer) { c.Into(words) },
	} {
		c := newShop(t)
		c.Update(false)
		c.Detach(div)
		c.send()
		c.Update(false)
		begin(c)
		c.Text("x")
		c.End()
		if _, r := c.page.Check(c.Batch()); r == nil || r.Rule != "row33-place" {
			t.Errorf("%s: %v", name, r)
		}
	}
}
