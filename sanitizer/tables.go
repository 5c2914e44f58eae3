package sanitizer

import (
	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
)

// elementRule is what a code of the vocabulary allows, in the form that the frame path reads.
type elementRule struct {
	space   vocab.Space
	content vocab.Content
	shadow  bool // may have a shadow root (DOM, attachShadow)
}

// attributeRule likewise. The zero value allows nothing: on is empty.
type attributeRule struct {
	value vocab.Value
	role  wire.Role
	enum  uint32
	on    [4]uint64 // set of element codes
}

const maxCode = 255

var (
	elements   [maxCode + 1]elementRule
	attributes [maxCode + 1]attributeRule
	codes      = map[string]uint16{} // element names to codes, for the rules that name one
)

var (
	codeHTML, codeSVG, codeMath, codeInput, codeTextarea, codeSelect, codeOption uint16
	attrType                                                                     uint16
	inputTypes                                                                   []string
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

// The tables are compiled once; a fault in them is a fault of the build, and a test reads them before any server does.
func init() {
	if err := vocab.Validate(); err != nil {
		panic(err)
	}
	for _, e := range vocab.Elements {
		codes[e.Key()] = e.Code
		elements[e.Code] = elementRule{space: e.Space, content: e.Content}
	}
	for _, name := range shadowHosts {
		elements[codes[name]].shadow = true
	}
	codeHTML, codeSVG, codeMath, codeInput = codes["html"], codes["svg:svg"], codes["math:math"], codes["input"]
	codeTextarea, codeSelect, codeOption = codes["textarea"], codes["select"], codes["option"]
	for _, a := range vocab.Attributes {
		r := attributeRule{value: a.Value, enum: uint32(len(a.Enum))}
		if int(a.Value) < len(roles) {
			r.role = roles[a.Value]
		}
		for _, e := range vocab.Elements {
			if a.May(&e) {
				r.on[e.Code/64] |= 1 << (e.Code % 64)
			}
		}
		attributes[a.Code] = r
		if a.Name == "type" {
			attrType, inputTypes = a.Code, a.Enum
		}
	}
}

func (r *attributeRule) allowedOn(element uint16) bool {
	return r.on[element/64]&(1<<(element%64)) != 0
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
func (r *elementRule) holdsText() bool { return r.content != vocab.Empty }

func (r *attributeRule) isString() bool { return r.value > vocab.Asset }
