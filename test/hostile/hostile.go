// Package hostile is what a customer's page sends who means harm: the tests and the measurements of the whole system
// send the same.
package hostile

import (
	"fmt"
	"strings"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
	"vitrine/test/page"
)

// Canary stands where nothing may reach an agent, Plain where something must.
const (
	Canary = "canary-4d1f"
	Plain  = "plain-words-77"
)

// Open writes the beginning of a snapshot: html is node 1, body 2, a div 3 with the text 4, an svg 5, a masked div 6.
func Open(b *page.Builder) {
	b.Snapshot()
	b.Page(0, "https://shop.example/", "Shop")
	b.Into(0)
	b.Tag("html")
	b.Tag("body")
	b.Tag("div")
	b.Text(Plain)
	b.End()
	b.Tag("svg:svg")
	b.End()
	b.Tag("div", "#mask", "")
	b.End()
	b.End()
	b.End()
	b.End()
}

// Values are values from which the canary must go while the rest of the page stays: element, attribute and value.
var Values = [][3]string{
	{"a", "href", "javascript:" + Canary}, {"a", "href", "java\tscript:" + Canary}, {"a", "href", " \x01JaVaScRiPt:" + Canary},
	{"a", "href", "data:text/html," + Canary}, {"a", "href", "vbscript:" + Canary}, {"a", "href", "https://u:" + Canary + "@shop.example/"},
	{"a", "href", "https://shop.example/?" + Canary}, {"a", "href", "blob:https://shop.example/" + Canary},
	{"svg:a", "href", "javascript:" + Canary}, {"blockquote", "cite", "file:///" + Canary},
	{"div", "style", "background:url(//" + Canary + ")"}, {"div", "style", "background:u\\72l('//" + Canary + "')"},
	{"div", "style", "width:expression(" + Canary + ")"}, {"div", "style", "-moz-binding:url(" + Canary + ")"},
	{"div", "style", "background:image-set('" + Canary + "' 1x)"}, {"div", "style", "color:red}@import '" + Canary + "';{"},
	{"div", "style", "behavior:url(#" + Canary + ")"}, {"svg:rect", "fill", "url(https://" + Canary + "/)"},
	{"svg:rect", "filter", "url(data:image/svg+xml," + Canary + ")"}, {"svg:rect", "mask", "src('" + Canary + "')"},
	{"div", "id", Canary + " onclick=1"}, {"td", "colspan", Canary}, {"svg:path", "d", Canary}, {"body", "bgcolor", "url(" + Canary + ")"},
}

// Document writes a snapshot with every one of Values in it.
func Document(b *page.Builder) error {
	b.Snapshot()
	b.Page(0, "javascript:"+Canary, "Shop")
	b.Into(0)
	b.Tag("html")
	b.Tag("body")
	b.Text(Plain)
	for _, v := range Values {
		svg := strings.HasPrefix(v[0], "svg:")
		if svg {
			b.Tag("svg:svg")
		}
		a, ok := page.Attribute(page.Code(v[0]), v[1], v[2])
		if !ok {
			return fmt.Errorf("hostile: no attribute %s on %s", v[1], v[0])
		}
		b.Elem(page.Code(v[0]), "", []page.Attr{a})
		b.End()
		if svg {
			b.End()
		}
	}
	b.End()
	b.End()
	b.End()
	return nil
}

// Attacks are batches behind a good snapshot that must be refused whole. They all carry the canary as text.
var Attacks = map[string]func(*page.Builder){
	"script":                 func(b *page.Builder) { Into(b, 3, func() { b.Elem(1, "script", nil); b.Text(Canary); b.End() }) },
	"element without code":   func(b *page.Builder) { Into(b, 3, func() { b.Elem(200, "", nil); b.Text(Canary); b.End() }) },
	"on* behind aria-":       func(b *page.Builder) { b.Set(3, page.Attr{Code: vocab.AriaAttr, Name: "onclick", Text: Canary}) },
	"on* behind data-":       func(b *page.Builder) { b.Set(3, page.Attr{Code: vocab.DataAttr, Name: "x onclick", Text: Canary}) },
	"attribute without code": func(b *page.Builder) { b.Raw(wire.OpSet); b.ID(3); b.Uint(250); b.Ref(wire.RoleAttr, Canary) },
	"address on a div":       func(b *page.Builder) { b.Raw(wire.OpSet); b.ID(3); b.Uint(vocab.HrefAttr); b.Ref(wire.RoleURL, Canary) },
	"HTML in SVG":            func(b *page.Builder) { Into(b, 5, func() { b.Tag("p"); b.Text(Canary); b.End() }) },
	"text in style": func(b *page.Builder) {
		Into(b, 3, func() { b.Tag("style"); b.Text("@import '" + Canary + "'"); b.End() })
	},
	"second root":            func(b *page.Builder) { Into(b, 0, func() { b.Tag("html"); b.Text(Canary); b.End() }) },
	"text in what is hidden": func(b *page.Builder) { Into(b, 6, func() { b.Text(Canary) }) },
	"cycle":                  func(b *page.Builder) { b.Detach(2); Into(b, 3, func() { b.Text(Canary); b.Take(2) }) },
	"taken twice":            func(b *page.Builder) { b.Detach(4); Into(b, 3, func() { b.Text(Canary); b.Take(4); b.Take(4) }) },
	"id used again":          func(b *page.Builder) { Into(b, 3, func() { b.Raw(wire.OpAt, 4); b.Text(Canary) }) },
	"id of the future":       func(b *page.Builder) { b.SetText(b.Next(), Canary) },
	"dangling place":         func(b *page.Builder) { b.Before(b.Next() + 9); b.Text(Canary); b.End() },
	"deep nesting": func(b *page.Builder) {
		Into(b, 3, func() {
			for range 600 {
				b.Tag("p")
			}
			b.Text(Canary)
			for range 600 {
				b.End()
			}
		})
	},
	"many children": func(b *page.Builder) {
		Into(b, 3, func() {
			b.Text(Canary)
			for range wire.MaxChildren {
				b.Text("x")
			}
		})
	},
	"text as css":  func(b *page.Builder) { b.Raw(wire.OpSet); b.ID(3); b.Uint(14); b.Ref(wire.RoleText, Canary) },
	"not UTF-8":    func(b *page.Builder) { b.SetText(4, Canary+"\xff") },
	"wrong sum":    func(b *page.Builder) { b.SetText(4, Canary); b.Sum(6, 1) },
	"junk":         func(b *page.Builder) { b.SetText(4, Canary); b.Raw(0xff, 0xfe, 0xfd) },
	"unused entry": func(b *page.Builder) { b.String(wire.RoleText, Canary) },
}

// Into writes into a node.
func Into(b *page.Builder, id wire.NodeID, write func()) {
	b.Into(id)
	write()
	b.End()
}
