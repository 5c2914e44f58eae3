package sanitizer

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
)

// Limits of an image that is drawn from elements, besides those of threat row 30.
const (
	maxSVGBytes = 1 << 20 // before and after
	maxSVGNodes = 20_000
	maxSVGDepth = 256
)

// The rules by which a vector image is refused.
const (
	ruleSVGForm  = "row29-svg"   // not an image of SVG in plain XML
	ruleSVGNodes = "row32-image" // too many elements, or too deep
	ruleSVGDrawn = "row30-image" // references draw too much, or in a circle
)

// isMarkup tells whether bytes begin like XML; no picture does.
func isMarkup(data []byte) bool {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	for len(data) > 0 && blank(data[0]) {
		data = data[1:]
	}
	return startsWith(data, "<")
}

// AppendSVG appends a vector image as it may be shown by an img element: only elements and attributes of the vocabulary, in
// the namespace of SVG, with values judged like those of a page; nothing that loads, runs or links (threat row 29). It is
// written anew and is the same when it is judged again. What is not allowed is left out with all it holds; the rule is
// empty unless nothing can be shown at all.
func AppendSVG(dst, data []byte) (out []byte, info AssetInfo, rule string) {
	return appendSVG(dst, data, 0)
}

func appendSVG(dst, data []byte, detect Detect) (out []byte, info AssetInfo, rule string) {
	if len(data) > maxSVGBytes {
		return dst, info, ruleAssetBytes
	}
	if !utf8.Valid(data) {
		return dst, info, ruleSVGForm
	}
	w := svgWriter{xml: xmlReader{data: bytes.TrimPrefix(data, []byte("\ufeff"))}, out: dst, detect: detect}
	w.graph.ids = map[svgID]int32{}
	mark := len(dst)
	for w.rule == "" && w.step() {
	}
	if w.rule == "" && !w.graph.fits() {
		w.rule = ruleSVGDrawn
	}
	if w.rule == "" {
		w.rule = w.measure(&info)
	}
	w.wipe()
	if w.rule != "" {
		clear(w.out[mark:])
		return w.out[:mark], AssetInfo{}, w.rule
	}
	return w.out, info, ""
}

// svgOpen is an element that has begun.
type svgOpen struct {
	name  []byte // as it is written, with its prefix
	code  uint16 // 0: left out, with all it holds
	node  int32
	names int  // how many prefixes are known in its parent
	text  bool // what is drawn in it is text
	link  bool // it has a reference
}

// svgWriter reads one image and writes it anew.
type svgWriter struct {
	xml     xmlReader
	out     []byte
	open    []svgOpen
	spaces  []xmlSpace
	graph   svgGraph
	pending bool   // the last start tag is not closed yet: the element may be empty
	value   []byte // an attribute's value with its references resolved
	clean   []byte // the same as it may be written
	css     []byte // text of the style element that is open
	size    svgSize
	seen    bool // the root element
	detect  Detect
	rule    string
}

// svgSize is what the root says about the image's size: side, or 0.
type svgSize struct{ width, height, boxWidth, boxHeight float64 }

func (w *svgWriter) wipe() {
	for _, b := range [][]byte{w.value, w.clean, w.css, w.xml.text} {
		clear(b[:cap(b)])
	}
}

// step reads one part of the image. It is false at the end.
func (w *svgWriter) step() bool {
	switch w.xml.next() {
	case xmlStart:
		w.start()
	case xmlEnd:
		w.end()
	case xmlText:
		w.text()
	case xmlDone:
		if !w.seen || len(w.open) > 0 {
			w.rule = ruleSVGForm
		}
		return false
	default:
		w.rule = ruleSVGForm
	}
	if len(w.out) > maxSVGBytes {
		w.rule = ruleAssetBytes
	}
	return true
}

// start reads a start tag.
func (w *svgWriter) start() {
	if w.seen && len(w.open) == 0 || len(w.open) == maxSVGDepth {
		w.rule = ruleSVGForm
		if len(w.open) > 0 {
			w.rule = ruleSVGNodes
		}
		return
	}
	o := svgOpen{name: w.xml.name, names: len(w.spaces), node: -1}
	w.declare()
	if w.rule != "" {
		return
	}
	o.code = w.codeOf(o.name)
	if !w.seen && o.code != codeSVG {
		w.rule = ruleAssetType
		return
	}
	w.seen = true
	if o.code != 0 {
		w.element(&o)
	}
	w.open = append(w.open, o)
	if w.xml.empty {
		w.end()
	}
}

// element writes the start tag of an element that is kept.
func (w *svgWriter) element(o *svgOpen) {
	parent := int32(-1)
	if n := len(w.open); n > 0 {
		parent = w.open[n-1].node
		o.text = w.open[n-1].text
	}
	if len(w.graph.nodes) == maxSVGNodes {
		w.rule = ruleSVGNodes
		return
	}
	e := svgTable.element(o.code)
	o.text = o.text || e.text
	o.node = w.graph.add(parent, e.gradient)
	w.close()
	w.out = append(append(w.out, '<'), e.name...)
	if parent < 0 {
		w.out = append(w.out, ` xmlns="`...)
		w.out = append(append(w.out, vocab.Namespaces[vocab.SVG]...), '"')
	}
	w.pending = true
	for _, a := range w.xml.attrs {
		w.attribute(o, a)
	}
}

// close ends the last start tag: something follows in its element.
func (w *svgWriter) close() {
	if w.pending {
		w.out = append(w.out, '>')
		w.pending = false
	}
}

// end reads an end tag, or the end of an empty element.
func (w *svgWriter) end() {
	n := len(w.open)
	if n == 0 || !bytes.Equal(w.open[n-1].name, w.xml.name) {
		w.rule = ruleSVGForm
		return
	}
	o := w.open[n-1]
	w.open = w.open[:n-1]
	w.spaces = w.spaces[:o.names]
	if o.code == 0 {
		return
	}
	e := svgTable.element(o.code)
	if e.sheet {
		w.sheet()
	}
	if w.pending {
		w.out = append(w.out, "/>"...)
		w.pending = false
		return
	}
	w.out = append(append(append(w.out, "</"...), e.name...), '>')
}

// text reads character data. What is not drawn is not written.
func (w *svgWriter) text() {
	n := len(w.open)
	if n == 0 {
		if len(bytes.TrimSpace(w.xml.text)) > 0 {
			w.rule = ruleSVGForm
		}
		return
	}
	o := &w.open[n-1]
	switch {
	case o.code == 0 || len(w.xml.text) == 0:
	case svgTable.element(o.code).sheet:
		w.css = append(w.css, w.xml.text...)
	case o.text:
		w.clean, _ = values{detect: w.detect}.append(w.clean[:0], wire.RoleText, w.xml.text, maxSVGBytes)
		if len(w.clean) > 0 {
			w.close()
			w.out = appendXML(w.out, w.clean)
		}
	}
}

// sheet judges the text of a style element and writes it.
func (w *svgWriter) sheet() {
	var ok bool
	w.clean, ok = AppendSheet(w.clean[:0], w.css)
	clear(w.css)
	w.css = w.css[:0]
	if !ok || len(w.clean) == 0 || bytes.Contains(w.clean, []byte("asset:")) { // there are no assets in an image
		return
	}
	w.graph.cssRefs(-1, refOnce, w.clean)
	w.close()
	w.out = appendXML(w.out, w.clean)
}

// measure judges the size that the image says it has. One that says none is as large as its place.
func (w *svgWriter) measure(info *AssetInfo) string {
	s := w.size
	if s.width == 0 && s.height == 0 {
		s.width, s.height = s.boxWidth, s.boxHeight
		if s.width > maxImageSide || s.height > maxImageSide || s.width*s.height > maxImageArea {
			s.width, s.height = 0, 0 // units of its own, which say nothing about pixels
		}
	}
	if s.width > maxImageSide || s.height > maxImageSide || s.width*s.height > maxImageArea {
		return ruleAssetSide
	}
	*info = AssetInfo{Mime: wire.MimeSVG, Width: uint32(s.width), Height: uint32(s.height), Frames: 1}
	return ""
}

// svgElement is an element that an image may have.
type svgElement struct {
	code     uint16
	name     string
	text     bool // holds text that is drawn
	sheet    bool
	gradient bool
}

// svgNames are the elements and attributes of the vocabulary that an image may have, by their spelling.
type svgNames struct {
	elements   []svgElement
	byCode     [maxCode + 1]uint8 // index in elements, counted from 1
	names      nameTable
	attrs      nameTable
	codes      [][]uint16 // attributes of each spelling
	enums      [maxCode + 1][]string
	attrNames  []string
	references uint16 // code of #ref
}

var svgTable = newSVGNames()

// svgLeftOut are elements of the vocabulary that are not for images: HTML, other images, and what only people who can
// point at it would see.
var svgLeftOut = []string{"foreignObject", "image", "title", "desc", "view"}

func newSVGNames() *svgNames {
	t := &svgNames{}
	var names, attrs []string // the tables want lower case
	for i := range vocab.Elements {
		e := &vocab.Elements[i]
		if e.Space != vocab.SVG || slices.Contains(svgLeftOut, e.Name) {
			continue
		}
		names = append(names, strings.ToLower(e.Name))
		t.elements = append(t.elements, svgElement{
			code: e.Code, name: e.Name, text: e.Name == "text", sheet: e.Name == "style",
			gradient: e.Name == "linearGradient" || e.Name == "radialGradient",
		})
		t.byCode[e.Code] = uint8(len(t.elements))
	}
	t.names = newNameTable(names)
	for i := range vocab.Attributes {
		a := &vocab.Attributes[i]
		t.enums[a.Code] = a.Enum
		if a.Name == "#ref" {
			t.references = a.Code
		}
		if a.DOM == "" || !drawn(a) {
			continue
		}
		at := slices.Index(t.attrNames, a.DOM)
		if at < 0 {
			at = len(t.attrNames)
			t.attrNames = append(t.attrNames, a.DOM)
			t.codes = append(t.codes, nil)
		}
		t.codes[at] = append(t.codes[at], a.Code)
	}
	for _, name := range t.attrNames {
		attrs = append(attrs, strings.ToLower(name))
	}
	t.attrs = newNameTable(attrs)
	return t
}

// drawn tells whether an attribute has a say in how an image looks.
func drawn(a *vocab.Attribute) bool {
	switch a.Value {
	case vocab.Flag, vocab.Asset, vocab.Attr, vocab.URL:
		return false
	}
	return true
}

func (t *svgNames) element(code uint16) *svgElement { return &t.elements[t.byCode[code]-1] }
