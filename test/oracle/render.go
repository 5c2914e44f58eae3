package oracle

import (
	"strings"

	"golang.org/x/net/html"

	"vitrine/sanitizer/vocab"
	"vitrine/test/page"
)

// defect is one thing that a broken sanitizer would let through. The zero value lets nothing through.
type defect string

// The defects that an oracle must see.
const (
	iframes defect = "iframe"
	scripts defect = "script"
	links   defect = "href"
	images  defect = "svg"
	styles  defect = "style"
)

// Render writes a replica's tree as the HTML that a page of it would be. Addresses, sheets and SVG have no place in it:
// they are codes and assets on the wire. Boxes become empty spans.
func Render(t *page.Tree) *html.Node {
	doc := &html.Node{Type: html.DocumentNode}
	for _, c := range t.Root.Children {
		if n := render(c); n != nil {
			doc.AppendChild(n)
		}
	}
	return doc
}

func render(n *page.Node) *html.Node {
	switch n.Kind {
	case page.Text:
		return &html.Node{Type: html.TextNode, Data: n.Text}
	case page.Box:
		return &html.Node{Type: html.ElementNode, Data: "span"}
	case page.Elem:
	default:
		return nil
	}
	e, _ := page.Element(n.Code)
	if e.Space != vocab.HTML || e.Name == "style" {
		return nil
	}
	out := &html.Node{Type: html.ElementNode, Data: e.Name}
	if n.Code == vocab.CustomElement {
		out.Data = n.Name
	}
	for _, a := range n.Attrs {
		if rendered, ok := renderAttr(a); ok {
			out.Attr = append(out.Attr, rendered)
		}
	}
	for _, c := range n.Children {
		kid := render(c)
		// Two texts with something between them that is not written would become one.
		if last := out.LastChild; kid != nil && kid.Type == html.TextNode && last != nil && last.Type == html.TextNode {
			last.Data += kid.Data
		} else if kid != nil && (kid.Type != html.TextNode || kid.Data != "") {
			out.AppendChild(kid)
		}
	}
	return out
}

func renderAttr(a page.Attr) (html.Attribute, bool) {
	rule, _ := page.AttributeOf(a.Code)
	name := rule.DOM + a.Name
	switch {
	case strings.HasPrefix(name, "data-xml"):
		// bluemonday takes no such names, as early drafts of HTML did not. The one difference that is meant.
		return html.Attribute{}, false
	case rule.DOM == "" || rule.Value == vocab.URL || rule.Value == vocab.Asset || name == "style":
		return html.Attribute{}, false
	case rule.Value == vocab.Flag:
		return html.Attribute{Key: name}, true
	case rule.Value == vocab.Enum:
		return html.Attribute{Key: name, Val: rule.Enum[a.Number]}, true
	}
	return html.Attribute{Key: name, Val: a.Text}, true
}

// spoil puts into a document what a sanitizer with a defect would have let through: what the page itself had of it.
func spoil(to, from *html.Node, d defect) (put int) {
	body := find(to, "body")
	if body == nil {
		return 0
	}
	for n := range from.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		made := &html.Node{Type: html.ElementNode, Data: n.Data, Namespace: n.Namespace}
		switch {
		case d == links && n.Data == "a":
			made.Attr = []html.Attribute{{Key: "href", Val: "https://shop.example/"}}
		case string(d) == n.Data:
			made.Attr = n.Attr
		default:
			continue
		}
		body.AppendChild(made)
		put++
	}
	return put
}

func find(n *html.Node, name string) *html.Node {
	for c := range n.Descendants() {
		if c.Type == html.ElementNode && c.Data == name {
			return c
		}
	}
	return nil
}

// same says whether two trees are alike, the order of attributes and the doctype left out. Where not, it names the element.
func same(a, b *html.Node) (at string, ok bool) {
	x, y := kids(a), kids(b)
	if a.Type != b.Type || a.Data != b.Data || len(x) != len(y) || !sameAttrs(a.Attr, b.Attr) {
		return path(a), false
	}
	for i := range x {
		if at, ok = same(x[i], y[i]); !ok {
			return at, false
		}
	}
	return "", true
}

func kids(n *html.Node) (list []*html.Node) {
	for c := range n.ChildNodes() {
		if c.Type != html.DoctypeNode && c.Type != html.CommentNode {
			list = append(list, c)
		}
	}
	return list
}

func sameAttrs(a, b []html.Attribute) bool {
	if len(a) != len(b) {
		return false
	}
	values := map[string]string{}
	for _, attr := range a {
		values[attr.Namespace+" "+attr.Key] = attr.Val
	}
	for _, attr := range b {
		if v, ok := values[attr.Namespace+" "+attr.Key]; !ok || v != attr.Val {
			return false
		}
	}
	return true
}

func path(n *html.Node) string {
	var names []string
	for ; n != nil; n = n.Parent {
		if n.Type == html.ElementNode {
			names = append([]string{n.Data}, names...)
		}
	}
	return strings.Join(names, " > ")
}
