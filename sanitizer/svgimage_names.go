package sanitizer

import (
	"bytes"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
)

// nameSpace is what a prefix stands for.
type nameSpace uint8

const (
	otherSpace nameSpace = iota // nothing of it is kept
	svgSpace
	xlinkSpace
	xmlSpaceName
	noSpace // of attributes without a prefix
)

// xmlSpace is a prefix that an element has declared.
type xmlSpace struct {
	prefix []byte
	space  nameSpace
}

// declare notes the prefixes that the current start tag declares (Namespaces in XML 1.0, section 3).
func (w *svgWriter) declare() {
	for _, a := range w.xml.attrs {
		prefix, ok := bytes.CutPrefix(a.name, []byte("xmlns"))
		if !ok || len(prefix) > 0 && prefix[0] != ':' {
			continue
		}
		s := xmlSpace{prefix: bytes.TrimPrefix(prefix, []byte(":"))}
		switch string(a.value) {
		case vocab.Namespaces[vocab.SVG]:
			s.space = svgSpace
		case "http://www.w3.org/1999/xlink":
			s.space = xlinkSpace
		}
		// Every name with a prefix is looked up in this list.
		if len(w.spaces) == maxXMLSpaces {
			w.rule = ruleSVGForm
			return
		}
		w.spaces = append(w.spaces, s)
	}
}

// maxXMLSpaces is how many declarations of prefixes may be in force at one place. Drawing programs write about ten.
const maxXMLSpaces = 256

// spaceOf splits a name and gives what its prefix stands for.
func (w *svgWriter) spaceOf(name []byte) (local []byte, space nameSpace) {
	prefix, local, cut := bytes.Cut(name, []byte(":"))
	if !cut {
		prefix, local = nil, name
	}
	for i := len(w.spaces) - 1; i >= 0; i-- {
		if bytes.Equal(w.spaces[i].prefix, prefix) {
			return local, w.spaces[i].space
		}
	}
	if string(prefix) == "xml" {
		return local, xmlSpaceName
	}
	return local, otherSpace
}

// codeOf gives the code of an element where it stands; 0 when it is left out.
func (w *svgWriter) codeOf(name []byte) uint16 {
	local, space := w.spaceOf(name)
	at := svgTable.names.find(local)
	if space != svgSpace || at < 0 || string(local) != svgTable.elements[at].name {
		return 0
	}
	code := svgTable.elements[at].code
	if n := len(w.open); n > 0 {
		parent := w.open[n-1].code
		if parent == 0 || !elements[parent].holds(&elements[code], code) {
			return 0
		}
	}
	return code
}

// attribute judges one attribute and writes it.
func (w *svgWriter) attribute(o *svgOpen, a xmlAttr) {
	local, space := a.name, noSpace
	if bytes.IndexByte(local, ':') >= 0 {
		local, space = w.spaceOf(local)
	}
	var ok bool
	if w.value, ok = appendResolved(w.value[:0], a.value); !ok {
		w.rule = ruleSVGForm
		return
	}
	for i, c := range w.value {
		if blank(c) {
			w.value[i] = ' ' // XML 1.0 section 3.3.3
		}
	}
	switch {
	case space == xmlSpaceName && string(local) == "space" && string(w.value) == "preserve":
		w.write("xml:space", w.value)
	case (space == xlinkSpace || space == noSpace) && string(local) == "href":
		w.reference(o, space)
	case space == noSpace:
		w.plain(o, local)
	}
}

// reference writes a link to an element of the same image; no other is kept. Where both spellings stand, the newer counts
// (SVG 2 section 16.1.1).
func (w *svgWriter) reference(o *svgOpen, space nameSpace) {
	id, ok := bytes.CutPrefix(bytes.TrimSpace(w.value), []byte("#"))
	if !ok || o.link || !attributes[svgTable.references].on.has(uint64(o.code)) {
		return
	}
	if space == xlinkSpace {
		for _, other := range w.xml.attrs {
			if string(other.name) == "href" {
				return
			}
		}
	}
	if w.clean, ok = AppendID(append(w.clean[:0], '#'), id); ok {
		o.link = true
		w.graph.refer(o.node, refOnce, id)
		w.write("href", w.clean)
	}
}

// plain judges an attribute without a prefix by the vocabulary.
func (w *svgWriter) plain(o *svgOpen, name []byte) {
	at := svgTable.attrs.find(name)
	if at < 0 || string(name) != svgTable.attrNames[at] {
		return
	}
	for _, code := range svgTable.codes[at] {
		rule := &attributes[code]
		if !rule.on.has(uint64(o.code)) {
			continue
		}
		if rule.value == vocab.Enum {
			for _, v := range svgTable.enums[code] {
				if string(w.value) == v {
					w.write(svgTable.attrNames[at], w.value)
				}
			}
			return
		}
		var ok bool
		w.clean, ok = appendByRole(w.clean[:0], rule.role, w.value)
		if ok && len(w.clean) > 0 && w.known(o, svgTable.attrNames[at], rule) {
			w.write(svgTable.attrNames[at], w.clean)
		}
		return
	}
}

// known takes note of what a value says about the graph and the size. It is false when the value cannot be kept.
func (w *svgWriter) known(o *svgOpen, name string, rule *attributeRule) bool {
	switch rule.role {
	case wire.RoleID:
		if name == "id" {
			w.graph.name(o.node, w.clean)
		}
	case wire.RoleDecls, wire.RoleCSSValue:
		kind := refOnce
		for _, inherited := range []string{"fill", "stroke", "marker"} {
			if startsWith([]byte(name), inherited) || name == "style" && bytes.Contains(w.clean, []byte(inherited)) {
				kind = refInherit
			}
		}
		if bytes.Contains(w.clean, []byte("asset:")) {
			return false // there are no assets in an image
		}
		w.graph.cssRefs(o.node, kind, w.clean)
	case wire.RoleNumber:
		if o.node == 0 {
			w.sized(name)
		}
	}
	return true
}

// sized reads the size of the image.
func (w *svgWriter) sized(name string) {
	switch name {
	case "width":
		w.size.width = pixels(w.clean)
	case "height":
		w.size.height = pixels(w.clean)
	case "viewBox":
		fields := bytes.FieldsFunc(w.clean, func(r rune) bool { return r == ' ' || r == ',' })
		if len(fields) == 4 {
			w.size.boxWidth, w.size.boxHeight = pixels(fields[2]), pixels(fields[3])
		}
	}
}

// cssUnits are how many pixels the absolute units have (CSS Values 4 section 6.2).
var cssUnits = []struct {
	name   string
	pixels float64
}{{"", 1}, {"px", 1}, {"pt", 4. / 3}, {"pc", 16}, {"in", 96}, {"cm", 96 / 2.54}, {"mm", 9.6 / 2.54}, {"q", 2.4 / 2.54}}

// pixels reads a length; 0 when it is relative, negative or none.
func pixels(length []byte) float64 {
	size := 0
	for size < len(length) && (digit(length[size]) || length[size] == '.') {
		size++
	}
	if size == 0 || size > 32 {
		return 0
	}
	for _, u := range cssUnits {
		if sameName(length[size:], u.name) {
			return parseDecimal(length[:size]) * u.pixels
		}
	}
	return 0
}

// parseDecimal reads a number without sign and exponent.
func parseDecimal(text []byte) float64 {
	v, scale := 0., 0.
	for _, c := range text {
		if c == '.' {
			if scale != 0 {
				return 0
			}
			scale = 1
			continue
		}
		v = v*10 + float64(c-'0')
		scale *= 10
	}
	if scale > 1 {
		v /= scale
	}
	return v
}

// write writes an attribute.
func (w *svgWriter) write(name string, value []byte) {
	w.out = append(append(append(w.out, ' '), name...), `="`...)
	w.out = append(appendXML(w.out, value), '"')
}
