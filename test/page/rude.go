package page

import (
	"strings"

	"golang.org/x/net/html"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
)

// Rude writes what doc holds into the element that has begun, and makes nothing fit: every element under its own name,
// wherever it stands; every attribute that has a code, on whatever element; every other behind aria- under its full name.
// Only what the bytes of a batch have no room for is left out. A server refuses most of it whole.
func (b *Builder) Rude(doc *html.Node) {
	for n := range doc.ChildNodes() {
		b.rude(n, 4)
	}
}

func (b *Builder) rude(n *html.Node, depth int) {
	switch {
	case n.Type == html.TextNode || n.Type == html.CommentNode:
		b.Text(valid(n.Data))
		return
	case n.Type != html.ElementNode || depth > wire.MaxDepth:
		return
	}
	code, name := Code(n.Data), valid(n.Data)
	switch n.Namespace {
	case "svg", "math":
		code = Code(n.Namespace + ":" + n.Data)
	case "":
	default:
		code = 0
	}
	if code == 0 {
		code = vocab.CustomElement
	}
	b.Elem(code, name, rudeAttrs(n))
	for c := range n.ChildNodes() {
		b.rude(c, depth+1)
	}
	b.End()
}

func rudeAttrs(n *html.Node) (attrs []Attr) {
	for _, a := range n.Attr {
		if len(attrs) == wire.MaxAttrs {
			break
		}
		name := valid(a.Key)
		if a.Namespace != "" {
			name = a.Namespace + ":" + name
		}
		if rest, ok := strings.CutPrefix(name, "data-"); ok {
			attrs = append(attrs, Attr{Code: vocab.DataAttr, Name: rest, Text: valid(a.Val)})
			continue
		}
		if known := spelled[name]; len(known) > 0 {
			attrs = append(attrs, Attr{Code: known[0].Code, Text: valid(a.Val)})
			continue
		}
		attrs = append(attrs, Attr{Code: vocab.AriaAttr, Name: strings.TrimPrefix(name, "aria-"), Text: valid(a.Val)})
	}
	return attrs
}
