package oracle

import (
	"regexp"

	"github.com/microcosm-cc/bluemonday"

	"vitrine/sanitizer/vocab"
	"vitrine/test/page"
)

// Policy is bluemonday's policy for what the vocabulary names: its HTML elements and attributes, no addresses, no style
// elements, no SVG.
func Policy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	custom := regexp.MustCompile(`^[a-z][a-z0-9._]*-[a-z0-9._-]+$`)
	var names []string
	for _, e := range vocab.Elements {
		if e.Space == vocab.HTML && e.Name != "style" && e.Code != vocab.CustomElement {
			names = append(names, e.Name)
		}
	}
	p.AllowElements(names...)
	p.AllowNoAttrs().OnElements(names...)
	p.AllowElementsMatching(custom)
	p.AllowNoAttrs().OnElementsMatching(custom)
	for _, a := range vocab.Attributes {
		if a.DOM == "" || a.Value == vocab.URL || a.Value == vocab.Asset || a.DOM == "style" {
			continue
		}
		if a.Code == vocab.DataAttr || a.Code == vocab.AriaAttr {
			continue
		}
		for _, e := range vocab.Elements {
			switch {
			case e.Space != vocab.HTML || e.Name == "style" || !page.May(a, e):
			case e.Code == vocab.CustomElement:
				p.AllowAttrs(a.DOM).OnElementsMatching(custom)
			default:
				p.AllowAttrs(a.DOM).OnElements(e.Name)
			}
		}
	}
	p.AllowDataAttributes()
	p.AllowAttrs(aria...).Globally()
	p.RequireNoFollowOnLinks(false)
	return p
}

// aria are the states and properties that page.FromHTML writes.
var aria = page.AriaNames()
