package main

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"vitrine/sanitizer"
	"vitrine/sanitizer/vocab"
)

// judgements say how the values of a kind are judged, and the row of what does not pass.
var judgements = map[vocab.Value]struct {
	judge func(dst, value []byte) ([]byte, bool)
	row   int
}{
	vocab.Tokens: {sanitizer.AppendTokens, 35}, vocab.Attr: {sanitizer.AppendText, 27}, vocab.CSSValue: {sanitizer.AppendCSSValue, 10},
	vocab.Media: {sanitizer.AppendMediaQuery, 5}, vocab.Number: {sanitizer.AppendNumber, 30}, vocab.Colour: {sanitizer.AppendColour, 19},
	vocab.ID: {sanitizer.AppendID, 16}, vocab.Path: {sanitizer.AppendPathData, 30}, vocab.URL: {address, 3},
}

// attributes judges the attributes of an element that is told as another, or as itself.
func (x *explanation) attributes(n *html.Node, as *vocab.Element, now privacy) {
	for _, a := range n.Attr {
		if a.Key == lineMark && a.Namespace == "" {
			continue
		}
		name := a.Key
		if a.Namespace != "" {
			name = a.Namespace + ":" + name
		}
		f := x.attribute(n, as, name, a.Val)
		if f.Effect == "" && now > shown && hiddenByMask(as, name) {
			f = finding{isMasked, nameOf(n), plainName(name), 34, "says what is masked"}
		}
		if f.Effect == "" && name == "href" && as.Space != vocab.MathML && n.Data != "link" && !x.masks.showQuery && strings.Contains(a.Val, "?") {
			f = finding{isMasked, nameOf(n), "href", 3, "shown without its query and fragment"}
		}
		x.Attributes.add(f.Effect == "")
		if f.Effect != "" {
			x.met(f, lineOf(n))
		}
		if name == "style" && f.Effect == "" {
			x.declarations(nameOf(n), a.Val, lineOf(n))
		}
	}
}

// attribute judges one attribute, as the page spells it; the finding is empty when it passes.
func (x *explanation) attribute(n *html.Node, as *vocab.Element, name, value string) finding {
	drop := func(row int, why string) finding { return finding{isDropped, nameOf(n), plainName(name), row, why} }
	if suffix, ok := strings.CutPrefix(name, "data-"); ok {
		if !sanitizer.ValidDataName([]byte(suffix)) {
			return drop(15, "its name is not letters, digits, dots, colons and hyphens")
		}
		return finding{}
	}
	if suffix, ok := strings.CutPrefix(name, "aria-"); ok {
		if !sanitizer.ValidAriaName([]byte(suffix)) {
			return drop(2, "WAI-ARIA has no such state or property")
		}
		return finding{}
	}
	if toldOtherwise(n, as, name, value) {
		return finding{}
	}
	a := attributeOn(as, name)
	if a == nil {
		if r, ok := vocab.RefusedAttribute(as.Space, name); ok {
			return drop(r.Row, r.Why)
		}
		if r, ok := onOthers[name]; ok {
			return drop(r.row, r.why)
		}
		if known(name) {
			return drop(2, "has no code on this element")
		}
		return drop(2, "is not in the tables")
	}
	if a.Value == vocab.Enum && !slices.ContainsFunc(a.Enum, func(v string) bool { return strings.EqualFold(v, strings.TrimSpace(value)) }) {
		return drop(7, "its value is not one of those listed")
	}
	if j, ok := judgements[a.Value]; ok && value != "" {
		if _, ok := j.judge(nil, []byte(value)); !ok {
			return drop(j.row, "its value is no "+strings.TrimSuffix(kinds[a.Value], "s"))
		}
	}
	return finding{}
}

// known says whether an attribute has a code on some element.
func known(name string) bool {
	return slices.ContainsFunc(vocab.Attributes, func(a vocab.Attribute) bool { return a.DOM == name })
}

// onOthers are attributes that have a code, but not on the elements where pages have them most.
var onOthers = map[string]struct {
	row int
	why string
}{
	"name":  {16, "names of controls and links would hide properties of the document and of forms"},
	"value": {20, "told as live state, so that no sheet of the page can select by it"},
}

// attributeOn finds the attribute that a page spells so on an element.
func attributeOn(as *vocab.Element, name string) *vocab.Attribute {
	for i := range vocab.Attributes {
		if a := &vocab.Attributes[i]; a.DOM == name && a.May(as) {
			return a
		}
	}
	return nil
}

// toldOtherwise says whether an attribute has no code under its name because it is told in another way.
func toldOtherwise(n *html.Node, as *vocab.Element, name, value string) bool {
	local := strings.HasPrefix(value, "#") && len(value) > 1
	switch name {
	case "contenteditable":
		return true
	case "checked", "selected", "value":
		return slices.Contains([]string{"input", "option"}, as.Key())
	case "src":
		return as.Key() == "img" || as.Key() == "input" && strings.EqualFold(attr(n, "type"), "image")
	case "href", "xlink:href":
		ref := slices.ContainsFunc(vocab.Attributes, func(a vocab.Attribute) bool { return a.Code == vocab.RefAttr && a.May(as) })
		return as.Key() == "svg:image" || ref && local || n.Data == "link" && n.Namespace == ""
	case "rel", "type":
		return as.Name == "style" // it made a style sheet of the element
	}
	return strings.HasPrefix(name, "xmlns") // the tables know the namespace
}

// hiddenByMask says whether an attribute tells what a mask hides.
func hiddenByMask(as *vocab.Element, name string) bool {
	if name == "src" || strings.HasPrefix(name, "aria-") || strings.HasPrefix(name, "data-") {
		return name != "data-vitrine"
	}
	a := attributeOn(as, name)
	return a != nil && (a.Value == vocab.Attr || a.Value == vocab.URL)
}

var scheme = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*:`)

// address judges an address. One that is relative has the page's own scheme.
func address(dst, value []byte) ([]byte, bool) {
	bare := strings.Map(func(r rune) rune {
		if r <= ' ' {
			return -1
		}
		return r
	}, string(value))
	if !scheme.MatchString(bare) {
		return dst, true
	}
	return sanitizer.AppendURLText(dst, value)
}
