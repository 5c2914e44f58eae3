package page

import (
	"slices"
	"strings"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
)

// roleOf gives the role of the strings of each kind of value.
func roleOf(v vocab.Value) (wire.Role, bool) {
	switch v {
	case vocab.Attr:
		return wire.RoleAttr, true
	case vocab.Tokens:
		return wire.RoleTokens, true
	case vocab.Decls:
		return wire.RoleDecls, true
	case vocab.CSSValue:
		return wire.RoleCSSValue, true
	case vocab.Media:
		return wire.RoleMedia, true
	case vocab.URL:
		return wire.RoleURL, true
	case vocab.Number:
		return wire.RoleNumber, true
	case vocab.Colour:
		return wire.RoleColour, true
	case vocab.ID:
		return wire.RoleID, true
	case vocab.Path:
		return wire.RolePath, true
	}
	return 0, false
}

// Element gives the entry of the vocabulary with a code; false when there is none.
func Element(code uint16) (vocab.Element, bool) {
	if code == 0 || int(code) > len(vocab.Elements) {
		return vocab.Element{}, false
	}
	return vocab.Elements[code-1], true
}

// AttributeOf gives the entry of the vocabulary with a code; false when there is none.
func AttributeOf(code uint16) (vocab.Attribute, bool) {
	if code == 0 || int(code) > len(vocab.Attributes) {
		return vocab.Attribute{}, false
	}
	return vocab.Attributes[code-1], true
}

var codes = func() map[string]uint16 {
	m := map[string]uint16{}
	for _, e := range vocab.Elements {
		m[Key(e)] = e.Code
	}
	return m
}()

// Key is the name of an element, with "svg:" before those of SVG and "math:" before those of MathML.
func Key(e vocab.Element) string {
	switch e.Space {
	case vocab.SVG:
		return "svg:" + e.Name
	case vocab.MathML:
		return "math:" + e.Name
	}
	return e.Name
}

// Code is the code of an element named as Key names it; 0 when it has none.
func Code(key string) uint16 { return codes[key] }

// May says whether an attribute may stand on an element.
func May(a vocab.Attribute, e vocab.Element) bool {
	switch a.Where {
	case vocab.OnHTML:
		return e.Space == vocab.HTML
	case vocab.OnSVG:
		return e.Space == vocab.SVG
	case vocab.OnMathML:
		return e.Space == vocab.MathML
	case vocab.OnAll:
		return true
	case vocab.OnListed:
		return slices.Contains(a.On, Key(e))
	}
	return false
}

var spelled = func() map[string][]vocab.Attribute {
	m := map[string][]vocab.Attribute{}
	for _, a := range vocab.Attributes {
		if a.DOM != "" {
			m[a.DOM] = append(m[a.DOM], a)
		} else {
			m[a.Name] = append(m[a.Name], a)
		}
	}
	return m
}()

// Attribute makes the attribute that a page spells name="value" on an element; false when the vocabulary has no such
// attribute there, or no such value. Names that start with # are those of the vocabulary; flags ignore the value.
func Attribute(element uint16, name, value string) (Attr, bool) {
	for _, prefix := range []string{"data-", "aria-"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return Attr{Code: spelled[prefix][0].Code, Name: rest, Text: value}, true
		}
	}
	e, ok := Element(element)
	if !ok {
		return Attr{}, false
	}
	for _, a := range spelled[name] {
		if !May(a, e) {
			continue
		}
		out := Attr{Code: a.Code}
		switch a.Value {
		case vocab.Flag:
		case vocab.Asset:
			out.Number = assetOf(value)
		case vocab.Enum:
			i := slices.IndexFunc(a.Enum, func(v string) bool { return strings.EqualFold(v, value) })
			if i < 0 {
				return Attr{}, false
			}
			out.Number = uint64(i)
		default:
			out.Text = value
		}
		return out, true
	}
	return Attr{}, false
}

// assetOf gives a number for an address, which is all that the format asks of an asset's id.
func assetOf(address string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(address) {
		h = (h ^ uint64(address[i])) * 1099511628211
	}
	return h%(1<<53-1) + 1
}
