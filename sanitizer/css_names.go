package sanitizer

import (
	"encoding/binary"
	"strings"
)

// nameTable finds an ASCII name in a fixed list, in any case and without allocating. Its zero value holds nothing.
type nameTable struct {
	names []string
	slots []uint16 // index into names plus one; a power of two long
}

func newNameTable(names []string) nameTable {
	size := 64
	for size < 4*len(names) {
		size *= 2
	}
	t := nameTable{names: names, slots: make([]uint16, size)}
	for i, name := range names {
		h := nameHash([]byte(name)) & uint32(size-1)
		for t.slots[h] != 0 {
			h = (h + 1) & uint32(size-1)
		}
		t.slots[h] = uint16(i + 1)
	}
	return t
}

// find returns the index of name in the list, or -1.
func (t *nameTable) find(name []byte) int {
	if len(t.slots) == 0 {
		return -1
	}
	mask := uint32(len(t.slots) - 1)
	for h := nameHash(name) & mask; t.slots[h] != 0; h = (h + 1) & mask {
		if i := int(t.slots[h]) - 1; sameName(name, t.names[i]) {
			return i
		}
	}
	return -1
}

// nameHash mixes the first and last eight bytes with the case bit set, so that case makes no difference.
func nameHash(name []byte) uint32 {
	const cases, odd = 0x2020202020202020, 0x9e3779b97f4a7c15
	h := uint64(len(name))
	if len(name) >= 8 {
		h ^= (binary.LittleEndian.Uint64(name) | cases) * odd
		h ^= h >> 29
		h ^= binary.LittleEndian.Uint64(name[len(name)-8:]) | cases
	} else {
		for _, c := range name {
			h = h<<8 | uint64(c|0x20)
		}
	}
	h *= odd
	return uint32(h >> 32)
}

// Where a declaration may stand; a property's set says where it is known.
const (
	inStyle    uint8 = 1 << iota // style rule, keyframe, style attribute
	inFontFace                   // @font-face
	inProperty                   // @property
	inCounter                    // @counter-style
)

// How the value of a property is judged.
const (
	judgeValue   uint8 = iota // by valueRules
	judgeCursor               // one keyword: threat row 25
	judgeUnicode              // unicode-range
)

type propertyEntry struct {
	name  string
	where uint8
	judge uint8
}

// otherProperties are the descriptors of at-rules and the properties whose values are judged in their own way. A name
// that is in styleProperties as well is known in both places.
var otherProperties = []propertyEntry{
	{"cursor", inStyle, judgeCursor},

	{"font-family", inFontFace, judgeValue}, {"src", inFontFace, judgeValue}, {"font-style", inFontFace, judgeValue},
	{"font-weight", inFontFace, judgeValue}, {"font-stretch", inFontFace, judgeValue},
	{"font-width", inFontFace | inStyle, judgeValue}, {"font-display", inFontFace, judgeValue},
	{"font-variant", inFontFace, judgeValue}, {"font-feature-settings", inFontFace, judgeValue},
	{"font-variation-settings", inFontFace, judgeValue}, {"font-language-override", inFontFace, judgeValue},
	{"font-named-instance", inFontFace, judgeValue}, {"ascent-override", inFontFace, judgeValue},
	{"descent-override", inFontFace, judgeValue}, {"line-gap-override", inFontFace, judgeValue},
	{"size-adjust", inFontFace, judgeValue}, {"unicode-range", inFontFace, judgeUnicode},

	{"syntax", inProperty, judgeValue}, {"inherits", inProperty, judgeValue}, {"initial-value", inProperty, judgeValue},

	{"system", inCounter, judgeValue}, {"symbols", inCounter, judgeValue}, {"additive-symbols", inCounter, judgeValue},
	{"negative", inCounter, judgeValue}, {"prefix", inCounter, judgeValue}, {"suffix", inCounter, judgeValue},
	{"range", inCounter, judgeValue}, {"pad", inCounter, judgeValue}, {"fallback", inCounter, judgeValue},
	{"speak-as", inCounter, judgeValue},
}

// propertyTable is both lists together, by name.
type propertyTable struct {
	nameTable
	where []uint8
	judge []uint8
}

var properties = newPropertyTable()

func newPropertyTable() propertyTable {
	var t propertyTable
	known := map[string]int{}
	add := func(name string, where, judge uint8) {
		i, ok := known[name]
		if !ok {
			i = len(t.names)
			known[name] = i
			t.names = append(t.names, name)
			t.where = append(t.where, 0)
			t.judge = append(t.judge, judgeValue)
		}
		t.where[i] |= where
		t.judge[i] = max(t.judge[i], judge)
	}
	for _, name := range styleProperties {
		add(name, inStyle, judgeValue)
	}
	for _, e := range otherProperties {
		add(e.name, e.where, e.judge)
	}
	t.nameTable = newNameTable(t.names)
	return t
}

// Sets of functions.
const (
	forValue     uint8 = 1 << iota // values of properties
	forFontFace                    // @font-face
	forMedia                       // media queries
	forSupports                    // @supports conditions
	forContainer                   // @container conditions
	forCounter                     // @counter-style
	forColour                      // colour attributes
)

// What a function is, beyond being allowed.
const (
	funcPlain    uint8 = iota
	funcVar            // stands for tokens that are not known here
	funcAttr           // funcVar whose arguments are looked at
	funcImage          // takes strings as addresses: none may reach it, nor any funcVar
	funcType           // names a type of image in a string, inside funcImage only
	funcURL            // url( with a quoted address
	funcSelector       // selector(), whose argument is one complex selector
)

type functionEntry struct {
	names string // separated by spaces
	where uint8
	class uint8
}

// cssFunctions are the functions that may be called. One that is not here spoils the declaration.
//
// Considered and left out: src (an address that var() can make), image and cross-fade (strings as addresses), element
// (shows another element), paint (threat row 22), expression and progid filters (row 21), alpha (the old filter),
// -moz-image-rect (address), if (its branches hold whole values), functions whose name starts with two hyphens (they need
// @function, which is dropped).
var cssFunctions = []functionEntry{
	{"calc min max clamp round mod rem abs sign sin cos tan asin acos atan atan2 pow sqrt hypot log exp calc-size " +
		"sibling-index sibling-count progress random media-progress container-progress -webkit-calc -moz-calc",
		forValue | forMedia | forSupports | forContainer | forColour, funcPlain},
	{"rgb rgba hsl hsla hwb lab lch oklab oklch color color-mix contrast-color light-dark device-cmyk color-layers",
		forValue | forSupports | forColour, funcPlain},
	{"linear-gradient radial-gradient conic-gradient repeating-linear-gradient repeating-radial-gradient " +
		"repeating-conic-gradient -webkit-linear-gradient -webkit-radial-gradient -webkit-repeating-linear-gradient " +
		"-webkit-repeating-radial-gradient -webkit-gradient color-stop from to -moz-linear-gradient -moz-radial-gradient",
		forValue | forSupports, funcPlain},
	{"matrix matrix3d perspective rotate rotate3d rotatex rotatey rotatez scale scale3d scalex scaley scalez skew skewx " +
		"skewy translate translate3d translatex translatey translatez", forValue | forSupports, funcPlain},
	{"blur brightness contrast drop-shadow grayscale hue-rotate invert opacity saturate sepia", forValue | forSupports, funcPlain},
	{"circle ellipse inset polygon path rect xywh ray shape superellipse", forValue | forSupports, funcPlain},
	{"repeat minmax fit-content masonry", forValue | forSupports, funcPlain},
	{"cubic-bezier steps linear frames spring", forValue | forSupports, funcPlain},
	{"counter counters symbols anchor anchor-size scroll view snap-interval target-counter", forValue | forSupports, funcPlain},
	{"stylistic historical-forms styleset character-variant swash ornaments annotation palette-mix",
		forValue | forSupports | forFontFace, funcPlain},
	{"local format tech", forFontFace, funcPlain},
	{"var", forValue | forSupports | forContainer, funcVar},
	{"env constant", forValue | forMedia | forSupports | forContainer, funcVar},
	{"attr", forValue | forSupports, funcAttr},
	{"image-set -webkit-image-set", forValue | forSupports, funcImage},
	{"type", forValue | forSupports, funcType},
	{"url", forValue | forSupports | forFontFace, funcURL},
	{"font-tech font-format not and or", forSupports, funcPlain},
	{"selector", forSupports, funcSelector},
	{"style scroll-state not and or", forContainer, funcPlain},
	{"not and or only", forMedia, funcPlain},
}

type functionTable struct {
	nameTable
	where []uint8
	class []uint8
}

var functions = newFunctionTable()

func newFunctionTable() functionTable {
	var t functionTable
	known := map[string]int{}
	for _, e := range cssFunctions {
		for _, name := range strings.Fields(e.names) {
			i, ok := known[name]
			if !ok {
				i = len(t.names)
				known[name] = i
				t.names = append(t.names, name)
				t.where = append(t.where, 0)
				t.class = append(t.class, e.class)
			}
			t.where[i] |= e.where
		}
	}
	t.nameTable = newNameTable(t.names)
	return t
}
