package page

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
)

// Unfiltered writes the snapshot of a document as a browser would that filters nothing but is held by the format: every
// element and attribute that has a code goes in with its value as it is; one without becomes a custom element, or a
// data- attribute, of that name; and the payload itself is written in every role that a string can have. Only the shape
// of the tree is made to fit, so a server has no reason to refuse the batch as a whole.
func Unfiltered(doc *html.Node, payload string) *Builder {
	b := NewBuilder()
	b.Snapshot()
	b.Page(1, valid(payload), valid(payload))
	b.View(1280, 720, 1000)
	b.Into(0)
	b.Tag("html")
	b.Tag("body")
	b.Payload(doc, payload)
	b.End()
	b.End()
	b.End()
	return b
}

// Payload writes what doc holds, and the payload in every role, as Unfiltered does, into the element that has begun.
func (b *Builder) Payload(doc *html.Node, payload string) {
	u := unfiltered{b: b}
	for n := range doc.ChildNodes() {
		u.node(n, "body", 4)
	}
	u.roles(valid(payload))
}

type unfiltered struct{ b *Builder }

func valid(s string) string {
	if len(s) > 60<<10 {
		s = s[:60<<10]
	}
	return strings.ToValidUTF8(s, "\ufffd")
}

// roles writes a payload in every role.
func (u unfiltered) roles(payload string) {
	b := u.b
	attr := func(code uint16, name string) Attr {
		a, _ := Attribute(code, name, payload)
		return a
	}
	on := func(key string, lives []Live, names ...string) {
		var attrs []Attr
		for _, n := range names {
			attrs = append(attrs, attr(Code(key), n))
		}
		b.Elem(Code(key), "", attrs, lives...)
	}
	on("a", nil, "href", "title", "class", "id", "style", "data-x", "aria-label", "slot", "part", "lang", "role", "tabindex")
	b.Text(payload)
	b.End()
	on("input", []Live{{Kind: wire.LiveValue, Text: payload}}, "placeholder", "alt", "min", "size")
	b.End()
	b.Elem(Code("style"), "", append([]Attr{b.sheet(payload)}, attr(Code("style"), "media")))
	b.End()
	on("body", nil, "bgcolor", "text", "link")
	b.End()
	on("svg:svg", nil, "viewBox", "fill", "style", "transform")
	on("svg:path", nil, "d", "stroke", "clip-path", "mask", "filter")
	b.End()
	on("svg:use", nil, "#ref", "x")
	b.End()
	on("svg:a", nil, "href")
	b.Text(payload)
	b.End()
	b.End()
}

func (u unfiltered) node(n *html.Node, in string, depth int) {
	e, _ := Element(Code(in))
	switch {
	case depth > wire.MaxDepth-8:
	case n.Type == html.TextNode || n.Type == html.CommentNode:
		if e.Content != vocab.Empty {
			u.b.Text(valid(n.Data))
		}
	case n.Type == html.ElementNode:
		u.element(n, in, depth)
	}
}

var elementName = regexp.MustCompile(`[^a-z0-9._-]`)

// element writes an element. Where the format has no room for one inside in, what it holds is written instead.
func (u unfiltered) element(n *html.Node, in string, depth int) {
	e, _ := Element(Code(in))
	key, name := n.Data, ""
	if n.Namespace != "" {
		key = n.Namespace + ":" + n.Data
	}
	inSVG := e.Space == vocab.SVG && in != "svg:foreignObject"
	if Code(key) == 0 || key == "html" {
		key, name = "#custom", "x-"+elementName.ReplaceAllString(strings.ToLower(n.Data), "")
		name = name[:min(len(name), 64)]
		if inSVG {
			key = "svg:g"
		}
		if e.Space == vocab.MathML {
			key = "math:mrow"
		}
	}
	if name == "x-" {
		key = "span"
	}
	k, _ := Element(Code(key))
	fits := mayStand(&Node{Kind: Elem, Code: Code(in)}, &Node{Kind: Elem, Code: k.Code})
	if fits {
		attrs := u.attrs(n, k)
		if text := n.FirstChild; text != nil && n.Data == "style" && len(attrs) < wire.MaxAttrs {
			attrs = append(attrs, u.b.sheet(valid(text.Data)))
		}
		u.b.Elem(k.Code, name, attrs)
		in = key
	}
	for c := range n.ChildNodes() {
		u.node(c, in, depth+1)
	}
	if fits {
		u.b.End()
	}
}

var dataName = regexp.MustCompile(`[^a-z0-9._:-]`)

func (u unfiltered) attrs(n *html.Node, e vocab.Element) (attrs []Attr) {
	add := func(a Attr, ok bool) bool {
		twice := slices.ContainsFunc(attrs, func(o Attr) bool { return o.Code == a.Code && o.Name == a.Name })
		if ok && !twice && len(attrs) < wire.MaxAttrs {
			attrs = append(attrs, a)
		}
		return ok
	}
	for _, a := range n.Attr {
		name := a.Key
		if a.Namespace != "" {
			name = a.Namespace + ":" + name
		}
		value := valid(a.Val)
		if out, ok := Attribute(e.Code, name, value); ok && sayable(out) && add(out, true) {
			continue
		}
		if s := dataName.ReplaceAllString(strings.ToLower(name), ""); s != "" {
			add(Attribute(e.Code, "data-"+s[:min(len(s), 64)], value))
		}
	}
	return attrs
}
