// Package vocab holds the alphabet of the DOM payload: every element and attribute that can be named, each with its code.
//
// What is not in these tables has no encoding, so no frame can say it. The tables are data for three readers: package
// sanitizer judges with them, the SDK encodes with them, and the viewer builds with them; the generator of internal/wire
// writes the TypeScript twin. Codes are append-only: an entry is never removed or given another meaning, and a change
// raises Version; test/vectors/vocab/codes.txt holds that.
//
// An entry that the safe default of the Sanitizer API (WICG) lacks says why it is here. What was considered and refused is
// data, too, with its reason and threat row: `vitrine policy show` prints it all.
//
// Names that start with # are no HTML attributes. They carry what HTML says in a form that is not shared: #src an asset
// instead of an address, #ref a reference within the page instead of a link, #mask that the node's content is hidden.
package vocab

import (
	"fmt"
	"slices"
)

// Version is compared when a connection opens; peers with different tables cannot talk to each other.
const Version = 5

// Space is a namespace.
type Space uint8

// The namespaces.
const (
	HTML Space = iota
	SVG
	MathML
)

// Namespaces are the namespace names by Space (Infra, section 8).
var Namespaces = []string{"http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML"}

// Content says what an element may hold.
type Content uint8

// The kinds of content.
const (
	Empty     Content = iota // nothing
	Text                     // text nodes only: the HTML parser would read more as text, too
	HTMLFlow                 // text, HTML elements, svg and math
	SVGFlow                  // text and SVG elements
	HTMLInSVG                // an SVG element that holds HTML: foreignObject
	MathFlow                 // text and MathML elements; HTML stands nowhere under MathML
	Document                 // one html element: what a document holds
)

// ContentNames are the names of the kinds in the TypeScript table.
var ContentNames = []string{"Empty", "Text", "HTMLFlow", "SVGFlow", "HTMLInSVG", "MathFlow", "Document"}

// Value says what an attribute's value is and so how it is coded and judged. There is no kind for an address that a
// browser would follow.
type Value uint8

// The kinds of values. Flag has no value, Enum is a number, Asset an asset id; all others are strings whose role is
// given by RoleOf.
const (
	Flag Value = iota
	Enum
	Asset
	Attr
	Tokens
	Decls
	CSSValue
	Media
	URL
	Number
	Colour
	ID
	Path
)

// ValueNames are the names of the kinds in the TypeScript table.
var ValueNames = []string{"Flag", "Enum", "Asset", "Attr", "Tokens", "Decls", "CSSValue", "Media", "URL", "Number", "Colour", "ID", "Path"}

// Where says on which elements an attribute may stand.
type Where uint8

// The places.
const (
	OnHTML   Where = iota // every HTML element
	OnSVG                 // every SVG element
	OnAll                 // every element
	OnListed              // the elements named in Attribute.On
	OnMathML              // every MathML element
)

// Element is one element that can be named.
type Element struct {
	Code    uint16
	Space   Space
	Name    string
	Content Content
	Why     string // why it may be named although the Sanitizer API's safe default leaves it out; empty when that has it
}

// prefixes stand before the names of elements by Space, where names of several namespaces meet.
var prefixes = []string{"", "svg:", "math:"}

// String is the language's name.
func (s Space) String() string { return [...]string{"HTML", "SVG", "MathML"}[s] }

// Key is the name of an element of a namespace, with "svg:" or "math:" before those that are not HTML.
func (s Space) Key(name string) string { return prefixes[s] + name }

// Key is the element's name, with "svg:" or "math:" before those that are not HTML.
func (e *Element) Key() string { return e.Space.Key(e.Name) }

// Attribute is one attribute that can be named.
type Attribute struct {
	Code  uint16
	Name  string // unique
	DOM   string // how the page spells it; empty for names that start with #
	Value Value
	Where Where
	On    []string // keys of elements; for OnListed
	Enum  []string // the values of an Enum; the code of one is its index
	Why   string   // why it may be named where the Sanitizer API's safe default leaves it out; empty when that has it
}

// May says whether the attribute may stand on an element.
func (a *Attribute) May(e *Element) bool {
	switch a.Where {
	case OnHTML:
		return e.Space == HTML
	case OnSVG:
		return e.Space == SVG
	case OnMathML:
		return e.Space == MathML
	case OnAll:
		return true
	case OnListed:
		return slices.Contains(a.On, e.Key())
	}
	return false
}

// Codes with a meaning of their own.
const (
	CustomElement = 1 // an HTML element whose name follows as text
	FrameElement  = 182
	DataAttr      = 1 // data-*; what stands for * follows as text
	AriaAttr      = 2 // aria-*; likewise
	MaskAttr      = 3 // the node's content is hidden; only as the first attribute of a new node, and for its whole life
	ReadonlyAttr  = 4 // agents must not operate the node or what it holds
	EditableAttr  = 5 // a person can type into the element (contenteditable)
	SheetAttr     = 6 // the style sheet of a style element
	SrcAttr       = 7 // the picture of an img, svg image or video
	RefAttr       = 8 // the id that an SVG reference names
	HrefAttr      = 9 // the address of a link, as text for people
)

// Validate tells what is wrong with the tables. Tests and the generator call it.
func Validate() error {
	for i, e := range Elements {
		if int(e.Code) != i+1 {
			return fmt.Errorf("element %s: codes must count from 1", e.Name)
		}
	}
	known := map[string]bool{}
	for _, e := range Elements {
		if known[e.Key()] {
			return fmt.Errorf("element %s stands twice", e.Key())
		}
		known[e.Key()] = true
	}
	for i, a := range Attributes {
		if int(a.Code) != i+1 {
			return fmt.Errorf("attribute %s: codes must count from 1", a.Name)
		}
		if (a.Value == Enum) != (len(a.Enum) > 0) || (a.Where == OnListed) != (len(a.On) > 0) {
			return fmt.Errorf("attribute %s: values or places do not fit its kind", a.Name)
		}
		for _, n := range a.On {
			if !known[n] {
				return fmt.Errorf("attribute %s: no element %s", a.Name, n)
			}
		}
	}
	return nil
}
