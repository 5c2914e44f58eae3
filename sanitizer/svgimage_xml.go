package sanitizer

import (
	"bytes"
	"unicode/utf8"
)

// xmlKind is what an xmlReader has found.
type xmlKind uint8

const (
	xmlBroken xmlKind = iota // not well-formed, or not of the part of XML that is read
	xmlStart
	xmlEnd
	xmlText // character data; references are resolved
	xmlDone
)

// xmlAttr is one attribute as it is written.
type xmlAttr struct{ name, value []byte }

// xmlReader reads the part of XML 1.0 that images need, and refuses the rest: UTF-8 only, no declarations of entities, so
// nothing can grow; processing instructions and comments are passed over. A reader of its own keeps the content in slices
// that can be wiped.
type xmlReader struct {
	data  []byte
	at    int
	name  []byte    // of the element that starts or ends
	attrs []xmlAttr // of the element that starts
	empty bool      // it ends at once
	text  []byte    // the last xmlText; good until the next call
}

// next reads up to the next element or text.
func (x *xmlReader) next() xmlKind {
	for x.at < len(x.data) {
		rest := x.data[x.at:]
		switch {
		case rest[0] != '<':
			return x.characters()
		case startsWith(rest, "<?"):
			if !x.skip("<?", "?>") {
				return xmlBroken
			}
		case startsWith(rest, "<!--"):
			if !x.skip("<!--", "-->") {
				return xmlBroken
			}
		case startsWith(rest, "<![CDATA["):
			end := bytes.Index(rest, []byte("]]>"))
			if end < 0 {
				return xmlBroken
			}
			x.text = append(x.text[:0], rest[len("<![CDATA["):end]...)
			x.at += end + 3
			return xmlText
		case startsWith(rest, "<!DOCTYPE"):
			// An internal subset could declare entities.
			end := bytes.IndexByte(rest, '>')
			if end < 0 || bytes.IndexByte(rest[:end], '[') >= 0 {
				return xmlBroken
			}
			x.at += end + 1
		case startsWith(rest, "</"):
			return x.endTag()
		default:
			return x.startTag()
		}
	}
	return xmlDone
}

func (x *xmlReader) skip(start, end string) bool {
	n := bytes.Index(x.data[x.at+len(start):], []byte(end))
	x.at += len(start) + n + len(end)
	return n >= 0
}

func (x *xmlReader) characters() xmlKind {
	raw := x.data[x.at:]
	if end := bytes.IndexByte(raw, '<'); end >= 0 {
		raw = raw[:end]
	}
	x.at += len(raw)
	var ok bool
	if x.text, ok = appendResolved(x.text[:0], raw); !ok {
		return xmlBroken
	}
	return xmlText
}

func (x *xmlReader) endTag() xmlKind {
	x.at += 2
	ok := x.readName()
	x.space()
	if !ok || x.at >= len(x.data) || x.data[x.at] != '>' {
		return xmlBroken
	}
	x.at++
	return xmlEnd
}

// maxXMLAttrs is how many attributes an element may have.
const maxXMLAttrs = 128

func (x *xmlReader) startTag() xmlKind {
	x.at++
	x.attrs = x.attrs[:0]
	if !x.readName() {
		return xmlBroken
	}
	element := x.name
	for {
		spaced := x.space()
		rest := x.data[x.at:]
		if startsWith(rest, ">") || startsWith(rest, "/>") {
			x.empty = rest[0] == '/'
			x.at += 1
			if x.empty {
				x.at++
			}
			x.name = element
			return xmlStart
		}
		if !spaced || len(x.attrs) == maxXMLAttrs || !x.attribute() {
			return xmlBroken
		}
	}
}

// attribute reads one attribute. None stands twice.
func (x *xmlReader) attribute() bool {
	if !x.readName() {
		return false
	}
	name := x.name
	x.space()
	if x.at >= len(x.data) || x.data[x.at] != '=' {
		return false
	}
	x.at++
	x.space()
	if x.at >= len(x.data) || x.data[x.at] != '"' && x.data[x.at] != '\'' {
		return false
	}
	quote := x.data[x.at]
	x.at++
	end := bytes.IndexByte(x.data[x.at:], quote)
	if end < 0 || bytes.IndexByte(x.data[x.at:x.at+end], '<') >= 0 {
		return false
	}
	for _, a := range x.attrs {
		if bytes.Equal(a.name, name) {
			return false
		}
	}
	x.attrs = append(x.attrs, xmlAttr{name, x.data[x.at : x.at+end]})
	x.at += end + 1
	return true
}

// space skips white space and says whether there was any.
func (x *xmlReader) space() bool {
	from := x.at
	for x.at < len(x.data) && blank(x.data[x.at]) {
		x.at++
	}
	return x.at > from
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// maxXMLName is the longest name.
const maxXMLName = 128

// readName reads a name into x.name. Characters beyond ASCII are not looked at closely: no such name is in a table.
func (x *xmlReader) readName() bool {
	from := x.at
	for x.at < len(x.data) {
		c := x.data[x.at]
		first := lower(c|0x20) || c == '_' || c == ':' || c >= utf8.RuneSelf
		if !first && (x.at == from || !digit(c) && c != '-' && c != '.') {
			break
		}
		x.at++
	}
	x.name = x.data[from:x.at]
	return len(x.name) > 0 && len(x.name) <= maxXMLName
}

// appendResolved appends text with its references resolved. It is false for entities that XML does not define itself.
func appendResolved(dst, raw []byte) ([]byte, bool) {
	for len(raw) > 0 {
		amp := bytes.IndexByte(raw, '&')
		if amp < 0 {
			return append(dst, raw...), true
		}
		dst = append(dst, raw[:amp]...)
		raw = raw[amp+1:]
		end := bytes.IndexByte(raw[:min(len(raw), 12)], ';')
		if end < 1 {
			return dst, false
		}
		r, ok := resolve(raw[:end])
		if !ok {
			return dst, false
		}
		dst = utf8.AppendRune(dst, r)
		raw = raw[end+1:]
	}
	return dst, true
}

// resolve gives the character of a reference (XML 1.0 sections 4.1 and 4.6).
func resolve(name []byte) (rune, bool) {
	switch string(name) {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	digits, numbered := bytes.CutPrefix(name, []byte("#"))
	digits, hex := bytes.CutPrefix(digits, []byte("x"))
	base := rune(10)
	if hex {
		base = 16
	}
	if !numbered {
		return 0, false
	}
	r := rune(0)
	for _, c := range digits {
		v := rune(16)
		switch {
		case digit(c):
			v = rune(c - '0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			v = rune(c|0x20-'a') + 10
		}
		if v >= base || r > utf8.MaxRune {
			return 0, false
		}
		r = r*base + v
	}
	return r, r != 0 && utf8.ValidRune(r)
}

// appendXML appends text so that it says the same in XML. What XML cannot say is left out.
func appendXML(dst, text []byte) []byte {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		switch {
		case r == '&':
			dst = append(dst, "&amp;"...)
		case r == '<':
			dst = append(dst, "&lt;"...)
		case r == '>':
			dst = append(dst, "&gt;"...)
		case r == '"':
			dst = append(dst, "&quot;"...)
		case r == '\r':
			dst = append(dst, "&#13;"...)
		case r == '\t' || r == '\n' || !control(r) && r != 0xfffe && r != 0xffff && (r != utf8.RuneError || n > 1):
			dst = append(dst, text[i:i+n]...)
		}
		i += n
	}
	return dst
}
