package sanitizer_test

import (
	"strings"
	"testing"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
	"vitrine/test/page"
)

// refusedByRow tries the refusals of one row on the shop; there must be so many.
func refusedByRow(t *testing.T, row string, least int) {
	t.Helper()
	n := 0
	for _, v := range refusals {
		if strings.HasPrefix(v.rule, row+"-") {
			n++
			c := newShop(t)
			c.Update(false)
			v.write(c)
			c.refused(v.rule)
		}
	}
	if n < least {
		t.Errorf("%s: %d cases", row, n)
	}
}

// attributesOn are the spellings of all attributes that may stand on an element.
func attributesOn(t *testing.T, key string) map[string]bool {
	t.Helper()
	on := map[string]bool{}
	for i := range vocab.Elements {
		e := &vocab.Elements[i]
		if e.Key() != key {
			continue
		}
		for j := range vocab.Attributes {
			if a := &vocab.Attributes[j]; a.May(e) {
				on[a.DOM] = true
			}
		}
	}
	if len(on) == 0 {
		t.Fatalf("there is no %s", key)
	}
	return on
}

// TestThreat07_Forms holds that controls are looks: nothing on them sends, names, focuses or completes anything, and what a
// control that keeps a secret holds cannot be said.
func TestThreat07_Forms(t *testing.T) {
	acting := strings.Fields("action formaction form formmethod formtarget formenctype formnovalidate method target enctype " +
		"accept-charset autofocus autocomplete capture accept dirname list src value name novalidate onsubmit")
	for _, key := range []string{"form", "input", "button", "select", "textarea", "option", "fieldset", "output", "label"} {
		on := attributesOn(t, key)
		for _, name := range acting {
			if on[name] {
				t.Errorf("%s has a code for %s", key, name)
			}
		}
	}
	refusedByRow(t, "row07", 2)
	for _, kind := range []string{"password", "hidden", "file"} {
		c := newShop(t)
		c.Update(false)
		insert(c, div, func() {
			c.Elem(page.Code("input"), "", []page.Attr{attribute("input", "type", kind)}, page.Live{Kind: wire.LiveValue, Text: "x"})
			c.End()
		})
		c.refused("row34-mask")
		c = newShop(t)
		c.Update(false)
		insert(c, div, func() {
			c.Elem(page.Code("input"), "", []page.Attr{attribute("input", "type", kind)}, page.Live{Kind: wire.LiveBullets, A: 5})
			c.End()
		})
		c.send()
	}
}

// TestThreat11_Transitions holds where HTML and SVG may stand in each other, for every pair of elements, and that a
// moved node is judged as a new one is.
func TestThreat11_Transitions(t *testing.T) {
	refusedByRow(t, "row11", 16)
	for _, v := range []struct{ into, child string }{
		{"svg:svg", "div"}, {"svg:g", "p"}, {"svg:desc", "p"}, {"svg:title", "p"}, {"svg:text", "span"}, {"div", "svg:g"},
		{"p", "svg:rect"}, {"svg:foreignObject", "svg:g"}, {"div", "html"},
	} {
		c := newShop(t)
		into := c.Next()
		c.Update(false)
		c.Into(body)
		parent := []string{}
		if strings.HasPrefix(v.into, "svg:") && v.into != "svg:svg" {
			parent = append(parent, "svg:svg")
		}
		for _, key := range append(parent, v.into) {
			into = c.Tag(key)
		}
		for range append(parent, v.into) {
			c.End()
		}
		c.End()
		c.send()
		c.Update(false)
		insert(c, into, func() { c.Tag(v.child); c.End() })
		c.refused("row11-content")
	}
}

// TestThreat13_RawText holds that what an HTML parser would read as text holds no element here, and that there is no
// kind of node but elements, texts, shadow roots and boxes: a comment, a processing instruction, a doctype or a CDATA
// section has no token.
func TestThreat13_RawText(t *testing.T) {
	for _, key := range []string{"style", "textarea", "option", "svg:style"} {
		for _, child := range []string{"p", "svg:svg", "svg:g", "#custom"} {
			c := newShop(t)
			c.Update(false)
			parent := div
			if key == "svg:style" {
				parent = svg
			}
			insert(c, parent, func() {
				c.Tag(key)
				if child == "#custom" {
					c.Elem(vocab.CustomElement, "x-y", nil)
				} else {
					c.Tag(child)
				}
				c.End()
				c.End()
			})
			c.refused("row11-content")
		}
	}
	known := map[byte]bool{wire.OpElem: true, wire.OpText: true, wire.OpRef: true, wire.OpBox: true, wire.OpEnd: true}
	for op := range 256 {
		if known[byte(op)] {
			continue
		}
		c := newShop(t)
		c.Update(false)
		insert(c, div, func() { c.Raw(byte(op)); c.Raw(make([]byte, 8)...) })
		if _, r := c.page.Check(c.Batch()); r == nil || r.Rule != "row36-token" && !strings.HasPrefix(r.Rule, "row35") {
			t.Errorf("token %#x in a run: %v", op, r)
		}
	}
}

// TestThreat14_Shadow holds which elements may have a shadow root, and that a template has no code: nothing can hold
// nodes that a browser would move elsewhere.
func TestThreat14_Shadow(t *testing.T) {
	refusedByRow(t, "row14", 2)
	// Those of attachShadow (DOM, section 4.9), without elements that are not in the tables.
	hosts := map[string]bool{"#custom": true}
	for name := range strings.FieldsSeq("article aside blockquote body div footer h1 h2 h3 h4 h5 h6 header main nav p section span") {
		hosts[name] = true
	}
	for _, e := range vocab.Elements {
		if e.Name == "template" {
			t.Error("template has a code")
		}
		if e.Space != vocab.HTML || e.Name == "html" {
			continue
		}
		c := newShop(t)
		c.Update(false)
		insert(c, div, func() {
			c.Elem(e.Code, "x-y", nil)
			c.Shadow(0)
			c.End()
			c.End()
		})
		_, r := c.page.Check(c.Batch())
		switch {
		case hosts[e.Name] && r != nil:
			t.Errorf("%s may have a shadow root: %s", e.Name, r.Rule)
		case !hosts[e.Name] && (r == nil || r.Rule != "row14-shadow"):
			t.Errorf("%s must not have a shadow root: %v", e.Name, r)
		}
	}
	for _, name := range []string{"shadowrootmode", "shadowrootdelegatesfocus", "shadowrootclonable"} {
		if attributesOn(t, "div")[name] {
			t.Errorf("%s has a code", name)
		}
	}
}

// TestThreat23_StyleHoldsNothing holds that the text of a style element has no encoding, whole or in pieces: its sheet is
// an asset, which is judged whole.
func TestThreat23_StyleHoldsNothing(t *testing.T) {
	for _, key := range []string{"style", "svg:style"} {
		parent := div
		if key != "style" {
			parent = svg
		}
		for _, parts := range [][]string{{"@import 'x'"}, {"@imp", "ort 'x'"}, {""}} {
			c := newShop(t)
			c.Update(false)
			insert(c, parent, func() {
				c.Tag(key)
				for _, p := range parts {
					c.Text(p)
				}
				c.End()
			})
			c.refused("row11-content")
		}
	}
	c := newShop(t)
	c.Update(false)
	c.Detach(words)
	insert(c, sheet, func() { c.Take(words) })
	c.refused("row11-content")
}

// TestThreat08_Navigation holds that a link is a look: where it leads is text for people, and nothing on it opens,
// downloads, reports or names a window. A link in SVG is a group with such a text.
func TestThreat08_Navigation(t *testing.T) {
	acting := strings.Fields("target download ping rel rev referrerpolicy attributionsrc hreflang type xlink:href interestfor command")
	for _, key := range []string{"a", "area", "svg:a", "form", "button"} {
		on := attributesOn(t, key)
		for _, name := range acting {
			if on[name] && (key != "button" || name != "type") {
				t.Errorf("%s has a code for %s", key, name)
			}
		}
	}
	for i := range vocab.Attributes {
		if a := &vocab.Attributes[i]; a.DOM == "href" && a.Value != vocab.URL {
			t.Errorf("%s is %s, not text for people", a.Name, vocab.ValueNames[a.Value])
		}
	}
	c := newShop(t)
	c.Update(false)
	c.Set(link, attribute("a", "href", "javascript:top.location='https://shop.example/'"))
	b := c.send()
	for _, s := range append(b.Strings, b.Literals...) {
		if len(s.Text) > 0 && s.Role == wire.RoleURL {
			t.Error("an address that acts is shown as a link")
		}
	}
}
