package sanitizer_test

import (
	"testing"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
	"vitrine/test/page"
)

// goodAttr is an attribute with a value that is what its kind asks for.
func goodAttr(a *vocab.Attribute) page.Attr {
	out := page.Attr{Code: a.Code}
	switch a.Value {
	case vocab.Flag, vocab.Enum:
	case vocab.Asset:
		out.Number = 7
	case vocab.Decls:
		out.Text = "color: red;"
	case vocab.URL:
		out.Text = "https://shop.example/"
	case vocab.Path:
		out.Text = "M0 0"
	case vocab.Number:
		out.Text = "1"
	case vocab.Media:
		out.Text = "print"
	default:
		out.Text = "red"
	}
	switch a.Code {
	case vocab.DataAttr:
		out.Name = "x"
	case vocab.AriaAttr:
		out.Name = "label"
	}
	return out
}

// place writes an element where its language stands, and gives its id.
func place(c *customer, e *vocab.Element) wire.NodeID {
	around := [...]string{vocab.HTML: "div", vocab.SVG: "svg:svg", vocab.MathML: "math:math"}[e.Space]
	c.Into(div)
	c.Tag(around)
	name := ""
	if e.Code == vocab.CustomElement {
		name = "shop-item"
	}
	id := c.Elem(e.Code, name, nil)
	c.End()
	c.End()
	c.End()
	return id
}

// TestThreat02_EveryPair holds every attribute of the tables against every element: where it may stand it reaches the
// agent, and everywhere else the batch is refused.
func TestThreat02_EveryPair(t *testing.T) {
	passed, refused := 0, 0
	for i := range vocab.Elements {
		e := &vocab.Elements[i]
		if k := e.Key(); k == "html" || k == "svg:svg" || k == "math:math" {
			continue // they stand around the others
		}
		c := newShop(t)
		c.Update(false)
		id := place(c, e)
		c.send()
		for k := range vocab.Attributes {
			a := &vocab.Attributes[k]
			if a.Code == vocab.MaskAttr || a.Name == "type" {
				continue // a mask stands on a new node only; a control's type changes what its other attributes may be
			}
			if !a.May(e) {
				refused++
				notHere(c, id, a, e)
				continue
			}
			passed++
			c.Update(false)
			c.Set(id, goodAttr(a))
			c.send()
			c.Update(false)
			c.Unset(id, goodAttr(a))
			c.send()
		}
		c.same()
	}
	if passed < 5000 || refused < 20000 {
		t.Errorf("%d pairs passed and %d were refused", passed, refused)
	}
}

// notHere wants an attribute refused on an element.
func notHere(c *customer, id wire.NodeID, a *vocab.Attribute, e *vocab.Element) {
	b := page.NewBuilder()
	b.NoTable = true
	b.Update(false)
	b.Skip(c.Next())
	b.Set(id, goodAttr(a))
	batch := b.Batch()
	batch.Epoch, batch.Seq = c.page.Epoch(), c.page.Seq()+1
	if _, r := c.page.Check(batch); r == nil || r.Rule != "row02-attribute" {
		c.t.Fatalf("%s on %s is not refused by row02-attribute: %v", a.Name, e.Key(), r)
	}
}

// TestThreat12_Transitions holds what may stand around and within formulas: they stand where text flows, and hold text and
// formulas alone.
func TestThreat12_Transitions(t *testing.T) {
	cases := []struct {
		name string
		ok   bool
		path []string
	}{
		{"in the page", true, []string{"div", "math:math", "math:mrow", "math:mfrac", "math:mi"}},
		{"in a foreign object", true, []string{"svg:svg", "svg:foreignObject", "math:math", "math:mi"}},
		{"in a cell of a table of formulas", true, []string{"math:math", "math:mtable", "math:mtr", "math:mtd", "math:msqrt"}},
		{"outside of math", false, []string{"div", "math:mi"}},
		{"in SVG", false, []string{"svg:svg", "math:math"}},
		{"HTML in math", false, []string{"math:math", "div"}},
		{"HTML in text", false, []string{"math:math", "math:mtext", "span"}},
		{"an image in text", false, []string{"math:math", "math:mtext", "img"}},
		{"SVG in text", false, []string{"math:math", "math:mtext", "svg:svg"}},
		{"SVG in math", false, []string{"math:math", "svg:svg"}},
		{"a style in math", false, []string{"math:math", "style"}},
		{"in an option", false, []string{"select", "option", "math:math"}},
		{"in a space", false, []string{"math:math", "math:mspace", "math:mi"}},
	}
	for _, v := range cases {
		t.Run(v.name, func(t *testing.T) {
			c := newShop(t)
			c.Update(false)
			c.Into(div)
			for _, key := range v.path {
				c.Tag(key)
			}
			if v.ok {
				c.Text("x")
			}
			for range v.path {
				c.End()
			}
			c.End()
			if !v.ok {
				c.refused("row11-content")
				return
			}
			c.send()
			c.same()
		})
	}
	for _, key := range []string{"math:math", "math:mtext"} {
		c := newShop(t)
		c.Update(false)
		c.Into(div)
		c.Tag("math:math")
		if key != "math:math" {
			c.Tag(key)
		}
		c.Box(wire.BoxFrame, 1, 1)
		c.refused("row11-content")
	}
	c := newShop(t)
	c.Update(false)
	c.Into(root) // a shadow root
	c.Tag("math:math", "math-display", "block")
	c.End()
	c.End()
	c.send()
	c.same()
}
