package sanitizer

import (
	"bytes"
	"unicode/utf8"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"vitrine/internal/wire"
)

// Styles of a wire.Run.
const (
	StyleBold   uint8 = 1
	StyleItalic uint8 = 2
	StyleCode   uint8 = 4
	StyleItem   uint8 = 8  // starts the item of a list
	StyleBreak  uint8 = 16 // starts a line
	StyleTarget uint8 = 32 // says where the link before it leads, or is a link that says so itself
)

// maxRich is how many bytes of text are read.
const maxRich = 8 << 10

// richElements are the elements that chat text may hold.
var richElements = []string{"b", "strong", "i", "em", "u", "s", "code", "pre", "br", "p", "ul", "ol", "li", "blockquote"}

var richPolicy = newRichPolicy()

func newRichPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements(richElements...)
	// Only absolute addresses of https; the rest of a link is text.
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("https")
	p.AllowRelativeURLs(false)
	p.RequireParseableURLs(true)
	return p
}

// inlineStyles are the styles that an element gives the text in it.
var inlineStyles = map[atom.Atom]uint8{
	atom.B: StyleBold, atom.Strong: StyleBold, atom.I: StyleItalic, atom.Em: StyleItalic, atom.Code: StyleCode, atom.Pre: StyleCode,
}

// lineStyles are the elements whose text starts on a line of its own.
var lineStyles = map[atom.Atom]uint8{
	atom.P: StyleBreak, atom.Pre: StyleBreak, atom.Ul: StyleBreak, atom.Ol: StyleBreak, atom.Blockquote: StyleBreak,
	atom.Li: StyleBreak | StyleItem,
}

// Rich reads chat text that may hold a little HTML into runs of plain text with a style, so that nobody who gets it has
// to parse HTML (threat row 47). Everything that is not in a list of fourteen elements is dropped, with its attributes;
// text stays. A link keeps its text, and where it leads stands behind it as text: what people read is where they would go,
// and nothing opens it. More than 8 KiB, and text that is not UTF-8, give nothing.
func Rich(source []byte) []wire.Run {
	if len(source) > maxRich || !utf8.Valid(source) {
		return nil
	}
	clean := richPolicy.SanitizeBytes(escapeLone(source))
	body := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	nodes, err := html.ParseFragment(bytes.NewReader(clean), body)
	clear(clean)
	if err != nil { // more than 512 open elements
		return nil
	}
	var f richRuns
	for _, n := range nodes {
		f.node(n, 0)
	}
	return f.runs
}

// escapeLone makes text of every < that no > follows: people write a<b without meaning an element.
func escapeLone(source []byte) []byte {
	last := bytes.LastIndexByte(source, '>')
	out := make([]byte, 0, len(source)+16)
	for i, c := range source {
		if c == '<' && i > last {
			out = append(out, "&lt;"...)
			continue
		}
		out = append(out, c)
	}
	return out
}

// richRuns gathers runs.
type richRuns struct {
	runs    []wire.Run
	pending uint8 // styles of the next run that say how its line starts
}

// node adds the text of n. The depth is bounded by the parser.
func (f *richRuns) node(n *html.Node, style uint8) {
	if n.Type == html.TextNode {
		f.text([]byte(n.Data), style)
		return
	}
	line := lineStyles[n.DataAtom]
	if n.DataAtom == atom.A {
		f.link(n, style)
		return
	}
	if n.DataAtom == atom.Br {
		if f.pending != 0 {
			f.add(nil, style)
		}
		f.pending = StyleBreak
		return
	}
	if line != 0 && (len(f.runs) > 0 || line&StyleItem != 0) {
		f.pending |= line
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		f.node(c, style|inlineStyles[n.DataAtom])
	}
	if line != 0 && len(f.runs) > 0 {
		f.pending |= StyleBreak
	}
}

// link adds the text of a link and where it leads, as an address for people with its query. A link whose text is its address
// needs no other.
func (f *richRuns) link(n *html.Node, style uint8) {
	first := len(f.runs)
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		f.node(c, style)
	}
	var target []byte
	for _, a := range n.Attr {
		if a.Key == "href" {
			target, _ = appendURL(nil, decodeHost([]byte(a.Val)), true)
		}
	}
	switch {
	case !startsWith(target, "https:"):
	case len(f.runs) == first+1 && sameAddress(f.runs[first].Text, target):
		f.runs[first].Style |= StyleTarget
		f.runs[first].Text = target
	case len(f.runs) == first:
		f.add(target, style|StyleTarget)
	default:
		f.add([]byte(" ("), 0)
		f.add(target, StyleTarget)
		f.add([]byte(")"), 0)
	}
}

// decodeHost undoes what bluemonday does to letters beyond ASCII in an address, up to its path: there %C3%BC names a host.
func decodeHost(url []byte) []byte {
	out := make([]byte, 0, len(url))
	for slashes := 0; len(url) > 0; url = url[1:] {
		if url[0] == '/' {
			slashes++
		}
		if slashes < 3 && url[0] == '%' && len(url) > 2 && url[1] >= '8' && byteFlags[url[1]]&hexByte != 0 && byteFlags[url[2]]&hexByte != 0 {
			out = append(out, hexDigit(url[1])<<4|hexDigit(url[2]))
			url = url[2:]
			continue
		}
		out = append(out, url[0])
	}
	return out
}

func hexDigit(c byte) byte {
	if digit(c) {
		return c - '0'
	}
	return c&0xf + 9
}

// sameAddress tells whether text is the address, written in full.
func sameAddress(text, target []byte) bool {
	return bytes.Equal(text, target) || bytes.Equal(append(bytes.Clone(text), '/'), target)
}

func (f *richRuns) text(text []byte, style uint8) {
	// White space between blocks is not text.
	if f.pending != 0 && len(bytes.TrimSpace(text)) == 0 || len(f.runs) == 0 && len(bytes.TrimSpace(text)) == 0 {
		return
	}
	out := appendChat(make([]byte, 0, len(text)), text)
	clear(text)
	if len(out) > 0 {
		f.add(out, style)
	}
}

func (f *richRuns) add(text []byte, style uint8) {
	style |= f.pending
	if len(f.runs) == 0 {
		style &^= StyleBreak
	}
	f.pending = 0
	if len(f.runs) < maxRuns {
		f.runs = append(f.runs, wire.Run{Style: style, Text: text})
	}
}

// appendChat appends text without control characters, but for tab and line feed, and without what hides or reorders text
// (threat row 27).
func appendChat(dst, text []byte) []byte {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if (!control(r) || r == '\t' || r == '\n') && !deceives(r) {
			dst = append(dst, text[i:i+n]...)
		}
		i += n
	}
	return dst
}
