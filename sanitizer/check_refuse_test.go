package sanitizer_test

import (
	"strings"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
	"vitrine/test/page"
)

// refusals are batches that must be refused, each by one rule. Every one is tried on the shop.
var refusals = []struct {
	rule, name string
	write      func(*customer)
}{
	{"row36-string", "no such entry", func(c *customer) { setClass(c); c.Uint(500) }},
	{"row36-string", "no literal", func(c *customer) { setClass(c); c.Uint(0) }},
	{"row36-string", "another role", func(c *customer) { setClass(c); c.Ref(wire.RoleAttr, "x") }},
	{"row36-string", "literal of another role", func(c *customer) { setClass(c); c.Literal(wire.RoleAttr, "x"); c.Uint(0) }},
	{"row34-mask", "text deep in a new masked element", func(c *customer) {
		insert(c, div, func() { c.Tag("div", "#mask", ""); c.Tag("p"); c.Text("told"); c.End(); c.End() })
	}},
	{"row34-mask", "title deep in a new masked element", func(c *customer) {
		insert(c, div, func() { c.Tag("div", "#mask", ""); c.Tag("p", "title", "told"); c.End(); c.End() })
	}},
	{"row34-mask", "picture in a masked element", func(c *customer) {
		insert(c, hidden, func() { c.Elem(page.Code("img"), "", []page.Attr{{Code: vocab.SrcAttr, Number: 1}}); c.End() })
	}},
	{"row34-mask", "link in a masked element", func(c *customer) {
		insert(c, hidden, func() { c.Tag("a", "href", "https://shop.example/"); c.End() })
	}},
	{"row36-token", "shadow root in a shadow root", func(c *customer) {
		insert(c, div, func() {
			c.Tag("p")
			c.Shadow(0)
			c.Shadow(0)
			c.End()
			c.End()
			c.End()
		})
	}},
	{"row36-string", "css as class", func(c *customer) { setClass(c); c.Ref(wire.RoleDecls, "color: red") }},
	{"row36-string", "entry of the table that was emptied", func(c *customer) { c.Clear(); setClass(c); c.Uint(1) }},
	{"row36-unused", "entry", func(c *customer) { c.String(wire.RoleText, "x") }},
	{"row36-unused", "literal", func(c *customer) { c.Literal(wire.RoleText, "x") }},
	{"row36-string", "not in the order of first use", func(c *customer) {
		c.String(wire.RoleTokens, "x1")
		n := c.String(wire.RoleTokens, "x2")
		setClass(c)
		c.Uint(uint64(n))
		setClassOf(c, html)
		c.Uint(uint64(n - 1))
	}},
	{"row32-table", "entry too long", func(c *customer) {
		setClass(c)
		c.Uint(uint64(c.String(wire.RoleTokens, strings.Repeat("x", wire.MaxEntry+1))))
	}},
	{"row35-utf8", "text", func(c *customer) { c.SetText(words, "a\xff") }},
	{"row35-utf8", "attribute", func(c *customer) { c.Set(link, page.Attr{Code: vocab.DataAttr, Name: "a", Text: "\xc0\x80"}) }},
	{"row35-utf8", "surrogate", func(c *customer) { c.SetText(words, "\xed\xa0\x80") }},
	{"row36-token", "end", func(c *customer) { c.End() }},
	{"row36-token", "unknown", func(c *customer) { c.Raw(0x7f) }},
	{"row36-token", "element outside a run", func(c *customer) { c.Tag("p") }},
	{"row36-token", "id told by a customer", func(c *customer) { c.Raw(wire.OpAt, 1) }},
	{"row36-token", "id told inside a run", func(c *customer) { c.Into(div); c.Raw(wire.OpAt, 1); c.Text("x"); c.End() }},
	{"row36-token", "insert behind set", func(c *customer) { setClass(c); c.Ref(wire.RoleTokens, "q"); c.Into(div); c.Text("x"); c.End() }},
	{"row36-token", "detach behind insert", func(c *customer) { c.Into(div); c.Text("x"); c.End(); c.Detach(box) }},
	{"row36-token", "focus twice", func(c *customer) { c.Focus(input); c.Focus(input) }},
	{"row36-token", "view twice", func(c *customer) { c.View(1, 1, 1); c.View(1, 1, 1) }},
	{"row36-token", "empty run", func(c *customer) { c.Into(div); c.End() }},
	{"row35-length", "cut off in a run", func(c *customer) { c.Into(div); c.Text("x") }},
	{"row35-length", "cut off in an element", func(c *customer) { c.Into(div); c.Tag("p") }},
	{"row35-length", "cut off in a shadow root", func(c *customer) { c.Into(div); c.Tag("p"); c.Shadow(0) }},
	{"row35-length", "cut off in an attribute", func(c *customer) { c.Raw(wire.OpSet); c.ID(div) }},
	{"row35-varint", "long form", func(c *customer) { c.Raw(wire.OpFocus, 0x80, 0x00) }},
	{"row35-range", "page flags", func(c *customer) { c.Raw(wire.OpPage, 2) }},
	{"row35-range", "viewport", func(c *customer) { c.View(1<<16, 1, 1) }},
	{"row35-range", "box reason", func(c *customer) { c.Into(div); c.Box(wire.BoxLimit+1, 1, 1); c.End() }},
	{"row35-range", "box size", func(c *customer) { c.Into(div); c.Box(0, 1<<21, 1); c.End() }},
	{"row35-range", "shadow flags", func(c *customer) {
		c.Into(div)
		c.Tag("p")
		c.Shadow(8)
		c.End()
		c.End()
		c.End()
	}},
	{"row35-range", "live flag", func(c *customer) { c.SetLive(option, page.Live{Kind: wire.LiveSelected, A: 2}) }},
	{"row35-range", "bullets", func(c *customer) { c.SetLive(secret, page.Live{Kind: wire.LiveBullets, A: 4097}) }},
	{"row35-range", "scroll", func(c *customer) { c.SetLive(div, page.Live{Kind: wire.LiveScroll, A: 1 << 25}) }},
	{"row35-range", "attribute beyond all codes", func(c *customer) { c.Raw(wire.OpSet); c.ID(div); c.Uint(1000) }},
	{"row36-token", "live state", func(c *customer) { c.Raw(wire.OpLive); c.ID(div); c.Raw(77) }},
	{"row01-element", "code 0", func(c *customer) { insert(c, div, func() { c.Elem(0, "", nil); c.End() }) }},
	{"row01-element", "code behind the last", func(c *customer) {
		insert(c, div, func() { c.Elem(uint16(len(vocab.Elements)+1), "", nil); c.End() })
	}},
	{"row02-attribute", "code 0", func(c *customer) { c.Raw(wire.OpSet); c.ID(div); c.Uint(0) }},
	{"row02-attribute", "code behind the last", func(c *customer) { c.Raw(wire.OpSet); c.ID(div); c.Uint(uint64(len(vocab.Attributes) + 1)) }},
	{"row02-attribute", "on another element", func(c *customer) { c.Set(div, attribute("a", "href", "https://shop.example/")) }},
	{"row02-attribute", "svg on html", func(c *customer) { c.Set(div, attribute("svg:rect", "fill", "red")) }},
	{"row02-attribute", "html on svg", func(c *customer) { c.Set(rect, attribute("div", "title", "x")) }},
	{"row02-attribute", "unset what is not there", func(c *customer) { c.Unset(div, attribute("div", "title", "")) }},
	{"row02-attribute", "unset data that is not there", func(c *customer) { c.Unset(link, page.Attr{Code: vocab.DataAttr, Name: "b"}) }},
	{"row07-value", "enumerated", func(c *customer) { c.Set(input, page.Attr{Code: attribute("input", "type", "text").Code, Number: 99}) }},
	{"row07-value", "asset 0", func(c *customer) { c.Set(sheet, page.Attr{Code: vocab.SheetAttr}) }},
	{"row15-name", "script", func(c *customer) { insert(c, div, func() { c.Elem(1, "script", nil); c.End() }) }},
	{"row15-name", "reserved", func(c *customer) { insert(c, div, func() { c.Elem(1, "annotation-xml", nil); c.End() }) }},
	{"row15-name", "upper case", func(c *customer) { insert(c, div, func() { c.Elem(1, "X-Y", nil); c.End() }) }},
	{"row15-name", "space", func(c *customer) { insert(c, div, func() { c.Elem(1, "x-y onclick=1", nil); c.End() }) }},
	{"row15-name", "too long", func(c *customer) { insert(c, div, func() { c.Elem(1, "x-"+strings.Repeat("y", 63), nil); c.End() }) }},
	{"row15-name", "empty data", func(c *customer) { c.Set(div, page.Attr{Code: vocab.DataAttr}) }},
	{"row15-name", "data with space", func(c *customer) { c.Set(div, page.Attr{Code: vocab.DataAttr, Name: "a onclick"}) }},
	{"row15-name", "aria that does not exist", func(c *customer) { c.Set(div, page.Attr{Code: vocab.AriaAttr, Name: "onclick"}) }},
	{"row36-attribute", "twice", func(c *customer) {
		a := attribute("p", "title", "x")
		insert(c, div, func() { c.Elem(page.Code("p"), "", []page.Attr{a, a}); c.End() })
	}},
	{"row36-attribute", "flag twice", func(c *customer) {
		a := attribute("p", "hidden", "")
		insert(c, div, func() { c.Elem(page.Code("p"), "", []page.Attr{a, a}); c.End() })
	}},
	{"row36-attribute", "enumerated twice", func(c *customer) {
		a := attribute("p", "dir", "ltr")
		insert(c, div, func() { c.Elem(page.Code("p"), "", []page.Attr{a, a}); c.End() })
	}},
	{"row36-attribute", "data twice", func(c *customer) {
		c.NoTable = true
		a := attribute("p", "data-a", "x")
		insert(c, div, func() { c.Elem(page.Code("p"), "", []page.Attr{a, a}); c.End() })
	}},
	{"row11-content", "html in svg", func(c *customer) { insert(c, svg, func() { c.Tag("p"); c.End() }) }},
	{"row11-content", "svg in html", func(c *customer) { insert(c, div, func() { c.Tag("svg:rect"); c.End() }) }},
	{"row11-content", "svg in foreignObject", func(c *customer) { insert(c, foreign, func() { c.Tag("svg:rect"); c.End() }) }},
	{"row11-content", "element in option", func(c *customer) { insert(c, option, func() { c.Tag("p"); c.End() }) }},
	{"row11-content", "text in style", func(c *customer) { insert(c, sheet, func() { c.Text("@import 'x'") }) }},
	{"row11-content", "text in textarea", func(c *customer) { insert(c, area, func() { c.Text("x") }) }},
	{"row11-content", "text in the document", func(c *customer) { insert(c, 0, func() { c.Text("x") }) }},
	{"row11-content", "text in text", func(c *customer) { insert(c, words, func() { c.Text("x") }) }},
	{"row11-content", "text in a box", func(c *customer) { insert(c, box, func() { c.Text("x") }) }},
	{"row11-content", "box in svg", func(c *customer) { insert(c, svg, func() { c.Box(0, 1, 1) }) }},
	{"row11-content", "html in a body", func(c *customer) { insert(c, body, func() { c.Tag("html"); c.End() }) }},
	{"row11-content", "a second root", func(c *customer) { insert(c, 0, func() { c.Tag("html"); c.End() }) }},
	{"row11-content", "a root that is no html", func(c *customer) { c.Detach(html); insert(c, 0, func() { c.Tag("body"); c.End() }) }},
	{"row11-content", "moved into svg", func(c *customer) { c.Detach(para); insert(c, svg, func() { c.Take(para) }) }},
	{"row11-content", "text moved into style", func(c *customer) { c.Detach(words); insert(c, sheet, func() { c.Take(words) }) }},
	{"row11-content", "box moved into svg", func(c *customer) { c.Detach(box); insert(c, svg, func() { c.Take(box) }) }},
	{"row14-shadow", "on an element that may not host", func(c *customer) {
		insert(c, div, func() { c.Tag("a"); c.Shadow(0); c.End(); c.End() })
	}},
	{"row14-shadow", "on svg", func(c *customer) { insert(c, svg, func() { c.Tag("svg:g"); c.Shadow(0); c.End(); c.End() }) }},
	{"row36-token", "second shadow root", func(c *customer) {
		insert(c, div, func() {
			c.Tag("p")
			c.Shadow(0)
			c.End()
			c.Shadow(0)
			c.End()
			c.End()
		})
	}},
	{"row36-token", "shadow root behind a child", func(c *customer) {
		insert(c, div, func() { c.Tag("p"); c.Text("x"); c.Shadow(0); c.End(); c.End() })
	}},
	{"row36-token", "shadow root on an old node", func(c *customer) { insert(c, div, func() { c.Shadow(0); c.End() }) }},
	{"row33-place", "behind a node that is not there", func(c *customer) { c.Raw(wire.OpInsert); c.Int(-int32(c.Next())); c.Text("x"); c.End() }},
	{"row33-place", "zero", func(c *customer) { c.Raw(wire.OpInsert); c.Int(0); c.Text("x"); c.End() }},
	{"row33-place", "far away", func(c *customer) { c.Raw(wire.OpInsert); c.Int(1 << 29); c.Text("x"); c.End() }},
	{"row33-place", "in a node that this batch made", func(c *customer) {
		id := c.Next()
		insert(c, div, func() { c.Tag("p"); c.End() })
		insert(c, id, func() { c.Text("x") })
	}},
	{"row33-place", "in a node that is taken out", func(c *customer) { c.Detach(div); insert(c, div, func() { c.Text("x") }) }},
	{"row33-place", "below a node that is taken out", func(c *customer) { c.Detach(body); insert(c, div, func() { c.Text("x") }) }},
	{"row33-place", "before a node that is taken out", func(c *customer) { c.Detach(div); c.Before(div); c.Text("x"); c.End() }},
	{"row33-place", "before a shadow root", func(c *customer) { c.Before(root); c.Text("x"); c.End() }},
	{"row33-place", "cycle", func(c *customer) { c.Detach(body); insert(c, div, func() { c.Take(body) }) }},
	{"row33-node", "detach the document", func(c *customer) { c.Raw(wire.OpDetach); c.ID(0) }},
	{"row33-node", "detach what is not there", func(c *customer) { c.Detach(c.Next()) }},
	{"row33-node", "detach twice", func(c *customer) { c.Detach(div); c.Detach(div) }},
	{"row33-node", "detach a shadow root", func(c *customer) { c.Detach(root) }},
	{"row33-node", "negative id", func(c *customer) { c.Raw(wire.OpDetach); c.Int(-1) }},
	{"row33-node", "set on a text", func(c *customer) { c.Set(words, attribute("div", "class", "x")) }},
	{"row33-node", "set on the document", func(c *customer) { c.Set(0, attribute("div", "class", "x")) }},
	{"row33-node", "set on a box", func(c *customer) { c.Set(box, attribute("div", "class", "x")) }},
	{"row33-node", "set on what this batch made", func(c *customer) {
		id := c.Next()
		insert(c, div, func() { c.Tag("p"); c.End() })
		c.Set(id, attribute("div", "class", "x"))
	}},
	{"row33-node", "set on what goes", func(c *customer) { c.Detach(div); c.Set(div, attribute("div", "class", "x")) }},
	{"row33-node", "text of what goes with its parent", func(c *customer) { c.Detach(div); c.SetText(words, "x") }},
	{"row33-node", "text of an element", func(c *customer) { c.SetText(div, "x") }},
	{"row33-node", "live state of a text", func(c *customer) { c.SetLive(words, page.Live{Kind: wire.LiveScroll}) }},
	{"row33-node", "live state of a box", func(c *customer) { c.SetLive(box, page.Live{Kind: wire.LiveChecked, A: 1}) }},
	{"row33-node", "focus on a text", func(c *customer) { c.Focus(words) }},
	{"row33-node", "focus on what is not there", func(c *customer) { c.Focus(c.Next()) }},
	{"row33-node", "focus on what goes", func(c *customer) { c.Detach(body); c.Focus(input) }},
	{"row33-detached", "not taken out", func(c *customer) { insert(c, div, func() { c.Take(box) }) }},
	{"row33-detached", "taken back twice", func(c *customer) { c.Detach(box); insert(c, div, func() { c.Take(box); c.Take(box) }) }},
	{"row33-detached", "held by what was taken out", func(c *customer) { c.Detach(div); insert(c, closed, func() { c.Take(words) }) }},
	{"row32-attributes", "65", func(c *customer) {
		var attrs []page.Attr
		for i := range wire.MaxAttrs + 1 {
			attrs = append(attrs, page.Attr{Code: vocab.DataAttr, Name: "n" + strings.Repeat("x", i%60) + string(rune('a'+i/60))})
		}
		insert(c, div, func() { c.Elem(page.Code("p"), "", attrs); c.End() })
	}},
	{"row32-attributes", "one after the other", func(c *customer) {
		for i := range wire.MaxAttrs {
			c.Set(div, page.Attr{Code: vocab.DataAttr, Name: "n" + strings.Repeat("x", i%60) + string(rune('a'+i/60))})
		}
	}},
	{"row32-attributes", "17 live states", func(c *customer) {
		insert(c, div, func() { c.Elem(page.Code("p"), "", nil, make([]page.Live, 17)...); c.End() })
	}},
	{"row32-depth", "513", func(c *customer) {
		insert(c, div, func() {
			for range wire.MaxDepth {
				c.Tag("p")
			}
			for range wire.MaxDepth {
				c.End()
			}
		})
	}},
	{"row32-depth", "moved deep", func(c *customer) {
		c.Detach(closed)
		insert(c, div, func() {
			for range wire.MaxDepth - 4 {
				c.Tag("p")
			}
			c.Take(closed)
			for range wire.MaxDepth - 4 {
				c.End()
			}
		})
	}},
	{"row32-depth", "shadow root", func(c *customer) {
		insert(c, div, func() {
			for range wire.MaxDepth - 3 {
				c.Tag("p")
			}
			c.Shadow(0)
			for range wire.MaxDepth - 2 {
				c.End()
			}
		})
	}},
	{"row32-children", "one too many", func(c *customer) {
		insert(c, div, func() {
			for range wire.MaxChildren {
				c.Text("x")
			}
		})
	}},
	{"row32-nodes", "too many", func(c *customer) {
		insert(c, body, func() {
			for range 5 {
				c.Tag("p")
				for range wire.MaxNodes/5 + 10 {
					c.Text("x")
				}
				c.End()
			}
		})
	}},
	{"row34-mask", "text in what is hidden", func(c *customer) { insert(c, hidden, func() { c.Text("a") }) }},
	{"row34-mask", "text of what is hidden", func(c *customer) { c.SetText(bullets, "•a") }},
	{"row34-mask", "text moved into what is hidden", func(c *customer) { c.Detach(words); insert(c, hidden, func() { c.Take(words) }) }},
	{"row34-mask", "element moved into what is hidden", func(c *customer) { c.Detach(div); insert(c, hidden, func() { c.Take(div) }) }},
	{"row34-mask", "moved out of what is hidden", func(c *customer) { c.Detach(bullets); insert(c, div, func() { c.Take(bullets) }) }},
	{"row34-mask", "unset the mask", func(c *customer) { c.Raw(wire.OpUnset); c.ID(hidden); c.Uint(vocab.MaskAttr) }},
	{"row34-mask", "set a mask", func(c *customer) { c.Set(div, page.Attr{Code: vocab.MaskAttr}) }},
	{"row34-mask", "mask that is not first", func(c *customer) {
		insert(c, div, func() { c.Tag("p", "title", "x", "#mask", ""); c.End() })
	}},
	{"row34-mask", "attribute that a person reads", func(c *customer) { c.Set(secret, attribute("input", "placeholder", "x")) }},
	{"row34-mask", "data of what is hidden", func(c *customer) { c.Set(hidden, attribute("div", "data-a", "x")) }},
	{"row34-mask", "aria of what is hidden", func(c *customer) { c.Set(hidden, attribute("div", "aria-label", "x")) }},
	{"row34-mask", "address in what is hidden", func(c *customer) {
		insert(c, hidden, func() { c.Tag("a", "href", "https://shop.example/"); c.End() })
	}},
	{"row34-mask", "picture in what is hidden", func(c *customer) { insert(c, hidden, func() { c.Tag("img", "#src", "x.png"); c.End() }) }},
	{"row34-mask", "value in what is hidden", func(c *customer) {
		insert(c, hidden, func() { c.Elem(page.Code("input"), "", nil, page.Live{Kind: wire.LiveValue, Text: "x"}); c.End() })
	}},
	{"row34-mask", "value of a password", func(c *customer) { c.SetLive(secret, page.Live{Kind: wire.LiveValue, Text: "x"}) }},
	{"row34-mask", "value of a password without a mask", func(c *customer) {
		insert(c, div, func() {
			c.Elem(page.Code("input"), "", []page.Attr{attribute("input", "type", "password")}, page.Live{Kind: wire.LiveValue, Text: "x"})
			c.End()
		})
	}},
	{"row34-mask", "value of a file", func(c *customer) { c.SetLive(file, page.Live{Kind: wire.LiveValue, Text: "x"}) }},
	{"row34-mask", "type changed to password while a value is known", func(c *customer) {
		c.SetLive(input, page.Live{Kind: wire.LiveValue, Text: "x"})
		c.Set(input, attribute("input", "type", "password"))
	}},
	{"row34-mask", "password shown", func(c *customer) {
		c.Set(input, attribute("input", "type", "password"))
		c.Set(input, attribute("input", "type", "text"))
		c.SetLive(input, page.Live{Kind: wire.LiveValue, Text: "x"})
	}},
	{"row33-sum", "count", func(c *customer) { n, h := c.replica.Tree.Sum(); c.Sum(n+1, h) }},
	{"row33-sum", "hash", func(c *customer) { n, h := c.replica.Tree.Sum(); c.Sum(n, h+1) }},
	{"row36-token", "sum twice", func(c *customer) { n, h := c.replica.Tree.Sum(); c.Sum(n, h); c.Sum(n, h) }},
}
