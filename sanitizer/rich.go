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
)

const (
	maxRich     = 8 << 10
	maxRichRuns = 256
)

// richElements are the elements that chat text may hold.
var richElements = []string{"b", "strong", "i", "em", "u", "s", "code", "pre", "br", "p", "ul", "ol", "li", "blockquote"}

var richPolicy = newRichPolicy()

func newRichPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements(richElements...)
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
// text stays. More than 8 KiB, and text that is not UTF-8, give nothing.
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
	if len(f.runs) < maxRichRuns {
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
