package sanitizer

import (
	"strings"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
)

// elementRule is what a code of the vocabulary allows, in the form that the frame path reads.
type elementRule struct {
	space   vocab.Space
	content vocab.Content
	shadow  bool   // may have a shadow root (DOM, attachShadow)
	colour  bool   // a gradient: what names it shows no more nodes for it
	nests   uint8  // how much it counts of maxTables, where such elements are in each other
	cost    uint16 // what the element costs a browser to lay out, against about 1 for a paragraph (threat row 40)
}

// attributeRule likewise. The zero value allows nothing: on is empty.
type attributeRule struct {
	value vocab.Value
	role  wire.Role
	enum  uint32
	on    codeSet // elements
	named bool    // its name follows as text
	tells bool    // its value tells something that a mask hides
	marks bool    // it may name an element, or give it a name
	paint bool    // what is in the element inherits it: what it names is drawn for each of them
}

// noRole is the role of values that are no strings.
const noRole wire.Role = 255

// codeSet is a set of codes, which are at most maxCode. 0 is in none.
type codeSet [(maxCode + 1) / 64]uint64

func (s *codeSet) has(code uint64) bool { return s[code/64%uint64(len(s))]&(1<<(code%64)) != 0 }

func (s *codeSet) add(code uint64) { s[code/64%uint64(len(s))] |= 1 << (code % 64) }

const maxCode = 255

var (
	elements   [maxCode + 1]elementRule
	attributes [maxCode + 1]attributeRule
	codes      = map[string]uint16{} // element names to codes, for the rules that name one
)

// The same by what is asked on the frame path. contents are the elements that each kind of content may hold, allowedOn the
// attributes that may stand on each element.
var (
	contents          [16]codeSet
	allowedOn         [maxCode + 1]codeSet
	onlyHTML, nothing codeSet
)

var (
	codeHTML, codeSVG, codeMath, codeDiv, codeInput, codeTextarea, codeSelect, codeOption, codeUse, codeFrame, codeSlot uint16
	attrType, attrID                                                                                                    uint16
	inputTypes                                                                                                          []string
)

// roles gives the role of the strings of each kind of value.
var roles = [...]wire.Role{
	vocab.Attr: wire.RoleAttr, vocab.Tokens: wire.RoleTokens, vocab.Decls: wire.RoleDecls, vocab.CSSValue: wire.RoleCSSValue,
	vocab.Media: wire.RoleMedia, vocab.URL: wire.RoleURL, vocab.Number: wire.RoleNumber, vocab.Colour: wire.RoleColour,
	vocab.ID: wire.RoleID, vocab.Path: wire.RolePath,
}

// shadowHosts are the built-in elements that may have a shadow root.
var shadowHosts = []string{
	"#custom", "article", "aside", "blockquote", "body", "div", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "main", "nav", "p", "section", "span",
}

// costs are the elements that cost a browser more to lay out and to draw than their bytes tell (threat row 40).
var costs = []struct {
	cost  uint16
	names []string
}{
	{4, []string{"td", "th", "option", "svg:use"}},
	{8, []string{"input", "textarea", "select", "button", "progress", "meter", "table"}},
	{20, []string{"math:mpadded", "svg:mask", "svg:clipPath", "svg:pattern", "svg:marker", "svg:filter"}},
	{2000, []string{"#frame"}},
	{50, []string{"svg:feBlend", "svg:feColorMatrix", "svg:feComponentTransfer", "svg:feComposite", "svg:feDropShadow", "svg:feFlood", "svg:feGaussianBlur", "svg:feMerge", "svg:feOffset", "svg:feTile"}},
}

// The limits of what a page may cost: 10,000 rows of ten cells cost 400,000.
const (
	maxCost    = 600_000
	maxTables  = 64 // in each other
	cubeNests  = 4  // as many tables count as an element for which browsers take the cube of its depth in time
	frameNests = 8  // and as a document in a document
)

// The tables are compiled once; a fault in them is a fault of the build, and a test reads them before any server does.
func init() {
	if err := vocab.Validate(); err != nil {
		panic(err)
	}
	for _, e := range vocab.Elements {
		codes[e.Key()] = e.Code
		elements[e.Code] = elementRule{space: e.Space, content: e.Content}
	}
	for _, c := range costs {
		for _, name := range c.names {
			elements[codes[name]].cost = c.cost
		}
	}
	codeFrame = codes["#frame"]
	elements[codes["table"]].nests = 1
	elements[codes["math:mpadded"]].nests, elements[codes["ruby"]].nests = cubeNests, cubeNests
	elements[codeFrame].nests = frameNests
	elements[codes["svg:linearGradient"]].colour, elements[codes["svg:radialGradient"]].colour = true, true
	for _, name := range shadowHosts {
		elements[codes[name]].shadow = true
	}
	codeHTML, codeSVG, codeMath, codeInput = codes["html"], codes["svg:svg"], codes["math:math"], codes["input"]
	codeTextarea, codeSelect, codeOption, codeSlot = codes["textarea"], codes["select"], codes["option"], codes["slot"]
	for _, a := range vocab.Attributes {
		r := attributeRule{value: a.Value, enum: uint32(len(a.Enum)), role: noRole}
		if a.Value > vocab.Asset {
			r.role = roles[a.Value]
		}
		r.named = a.Code == vocab.DataAttr || a.Code == vocab.AriaAttr
		r.marks = a.Name == "id" || a.Code == vocab.RefAttr || a.Value == vocab.Decls || a.Value == vocab.CSSValue
		for _, paint := range inheritedPaint {
			r.paint = r.paint || a.Value == vocab.CSSValue && strings.HasPrefix(a.Name, paint)
		}
		r.tells = a.Value == vocab.Attr || a.Value == vocab.URL || a.Code == vocab.SrcAttr
		for _, e := range vocab.Elements {
			if a.May(&e) {
				r.on.add(uint64(e.Code))
			}
		}
		attributes[a.Code] = r
		if a.Name == "type" {
			attrType, inputTypes = a.Code, a.Enum
		} else if a.Name == "id" {
			attrID = a.Code
		}
	}
	codeDiv, codeUse = codes["div"], codes["svg:use"]
	index()
}

// index fills the tables that are asked on the frame path. The html element stands in no other set than that of documents.
func index() {
	for _, e := range vocab.Elements {
		for content := range contents {
			holder := elementRule{content: vocab.Content(content)}
			if e.Code != codeHTML && holder.holds(&elements[e.Code], e.Code) {
				contents[content].add(uint64(e.Code))
			}
		}
		for _, a := range vocab.Attributes {
			if attributes[a.Code].on.has(uint64(e.Code)) {
				allowedOn[e.Code].add(uint64(a.Code))
			}
		}
	}
	onlyHTML.add(uint64(codeHTML))
	contents[vocab.Document] = onlyHTML
}

// holds says whether a parent with this rule may hold a child element with rule c and the given code.
func (r *elementRule) holds(c *elementRule, code uint16) bool {
	switch r.content {
	case vocab.HTMLFlow, vocab.HTMLInSVG:
		return c.flows(code)
	case vocab.SVGFlow:
		return c.space == vocab.SVG
	case vocab.MathFlow:
		return c.space == vocab.MathML
	}
	return false
}

// flows says whether an element with this rule and the given code may stand where HTML stands.
func (r *elementRule) flows(code uint16) bool {
	return r.space == vocab.HTML || code == codeSVG || code == codeMath
}

// holdsText says whether a parent with this rule may hold text.
func (r *elementRule) holdsText() bool {
	return r.content != vocab.Empty && r.content != vocab.Document
}

func (r *attributeRule) isString() bool { return r.value > vocab.Asset }
