package sanitizer

import (
	"slices"
	"strings"

	"vitrine/internal/wire"
)

// CSSName is a name that style sheets may use, and the places where it is known.
type CSSName struct {
	Name  string   `json:"name"`
	Where []string `json:"where"`
}

// CSSRefusal is names of CSS that were considered and are dropped.
type CSSRefusal struct {
	Row   int    `json:"row"`  // threat row
	Kind  string `json:"kind"` // at-rule, property or function
	Names string `json:"names"`
	Why   string `json:"why"`
}

// Limit is a number that the sanitizer holds pages to.
type Limit struct {
	Row   int    `json:"row"`
	What  string `json:"what"`
	Value int    `json:"value"`
	Unit  string `json:"unit"`
}

// CSSView is what is kept of style sheets, as people read it. It is a copy: nothing can be changed by it.
type CSSView struct {
	AtRules        []CSSName    `json:"atRules"`
	Properties     []CSSName    `json:"properties"`
	Functions      []CSSName    `json:"functions"`
	PseudoClasses  []string     `json:"pseudoClasses"`
	PseudoElements []string     `json:"pseudoElements"`
	Refused        []CSSRefusal `json:"refused"`
}

// Places of declarations and of functions, by the bits of their sets.
var (
	declarationPlaces = []string{"style", "@font-face", "@property", "@counter-style"}
	functionPlaces    = []string{"value", "@font-face", "@media", "@supports", "@container", "@counter-style", "colour attribute"}
)

// refusedCSS are the names of CSS that were considered and left out.
var refusedCSS = []CSSRefusal{
	{19, "at-rule", "import", "loads; the SDK takes imported sheets in where the page may read them"},
	{19, "at-rule", "namespace", "changes what selectors mean"},
	{19, "at-rule", "document", "an old condition on addresses"},
	{19, "at-rule", "charset", "frames are UTF-8"},
	{19, "at-rule", "page", "nobody prints the stage"},
	{19, "at-rule", "view-transition", "the stage does not navigate"},
	{19, "at-rule", "font-palette-values font-feature-values", "rare; text looks alike without"},
	{19, "at-rule", "function mixin position-try", "whole values or declarations behind a name"},
	{21, "property", "behavior -moz-binding", "runs code in old browsers"},
	{21, "property", "-ms-* -o-*", "of browsers that are gone, some of which ran code by them"},
	{20, "property", "-webkit-user-modify", "makes text editable"},
	{25, "property", "app-region -webkit-app-region", "lets the page drag the window"},
	{25, "property", "-webkit-user-drag interactivity interest-delay", "about input, which the stage does not take"},
	{25, "property", "overlay", "belongs to the browser's top layer"},
	{19, "function", "src", "an address that var() can make"},
	{19, "function", "image cross-fade -moz-image-rect", "takes strings as addresses"},
	{25, "function", "element -moz-element", "paints another element in this place"},
	{22, "function", "paint", "runs a worklet"},
	{21, "function", "expression", "runs code in old browsers"},
	{21, "function", "alpha", "a filter of old browsers"},
	{24, "function", "if", "its branches hold whole values"},
}

// ViewCSS gives what is kept of style sheets.
func ViewCSS() CSSView {
	v := CSSView{Refused: slices.Clone(refusedCSS)}
	for _, e := range atRules {
		where := []string{"sheet"}
		if e.nested {
			where = append(where, "style rule")
		}
		v.AtRules = append(v.AtRules, CSSName{e.name, where})
	}
	for i, name := range properties.names {
		v.Properties = append(v.Properties, CSSName{name, placesOf(properties.where[i], declarationPlaces)})
	}
	for i, name := range functions.names {
		v.Functions = append(v.Functions, CSSName{name, placesOf(functions.where[i], functionPlaces)})
	}
	for i := range classTables {
		brackets := [...]string{"", "()"}[i]
		for _, name := range classTables[i].names {
			v.PseudoClasses = append(v.PseudoClasses, name+brackets)
		}
		for _, name := range elementTables[i].names {
			v.PseudoElements = append(v.PseudoElements, name+brackets)
		}
	}
	byName := func(a, b CSSName) int { return strings.Compare(a.Name, b.Name) }
	slices.SortFunc(v.AtRules, byName)
	slices.SortFunc(v.Properties, byName)
	slices.SortFunc(v.Functions, byName)
	slices.Sort(v.PseudoClasses)
	slices.Sort(v.PseudoElements)
	return v
}

func placesOf(set uint8, names []string) (places []string) {
	for i, name := range names {
		if set&(1<<i) != 0 {
			places = append(places, name)
		}
	}
	return places
}

// RefusedCSS tells why a name of CSS is dropped; false when it was never considered. Kind is at-rule, property or function.
func RefusedCSS(kind, name string) (CSSRefusal, bool) {
	for _, r := range refusedCSS {
		if r.Kind != kind {
			continue
		}
		for n := range strings.FieldsSeq(r.Names) {
			if stem, open := strings.CutSuffix(n, "*"); n == name || open && strings.HasPrefix(name, stem) {
				return r, true
			}
		}
	}
	return CSSRefusal{}, false
}

// AssetTypes are the types of files that are shown, which are found by their bytes.
func AssetTypes() []string {
	return []string{"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "font/woff2", "font/woff", "image/svg+xml (written anew)"}
}

// Limits are the numbers that pages are held to, by threat row.
func Limits() []Limit {
	return []Limit{
		{16, "id", maxID, "bytes"},
		{15, "name of a custom element or behind data-", maxElementName, "bytes"},
		{24, "style sheet", maxSheet, "bytes"},
		{24, "rules of a style sheet", maxRules, ""},
		{24, "selectors of a style sheet", maxSelectors, ""},
		{24, "selector", maxSelector, "bytes"},
		{24, "compound selectors of a selector", maxCompounds, ""},
		{24, "blocks in blocks", maxNesting, ""},
		{24, "var() in a value", maxVars, ""},
		{24, "custom property", maxCustom, "bytes"},
		{28, "image", maxImageBytes, "bytes"},
		{28, "side of an image", maxImageSide, "pixels"},
		{28, "area of an image", maxImageArea, "pixels"},
		{28, "area of an animation's frames", maxImageFrames, "pixels"},
		{30, "number in an attribute", maxMagnitude, ""},
		{31, "font", maxFontBytes, "bytes"},
		{31, "font, unpacked", maxFontSize, "bytes"},
		{31, "font, unpacked against packed", maxFontRatio, "times"},
		{32, "nodes of a page", wire.MaxNodes, ""},
		{32, "depth of a page", wire.MaxDepth, ""},
		{32, "children of a node", wire.MaxChildren, ""},
		{32, "attributes of an element", wire.MaxAttrs, ""},
		{32, "attribute", maxAttr, "bytes"},
		{32, "text", wire.MaxLiteral, "bytes"},
		{32, "page", defaultPageBytes(), "bytes"},
	}
}

func defaultPageBytes() int { return Policy{}.withDefaults().MaxPageBytes }

// ShadowHosts are the elements that may have a shadow root, by their keys.
func ShadowHosts() []string { return slices.Clone(shadowHosts) }

// CountSecrets says how many secrets of the given kinds a text holds.
func CountSecrets(text []byte, kinds Detect) (count int) {
	scan := secretScan{text: text, detect: kinds}
	for {
		start, end := scan.next()
		if start == end {
			return count
		}
		count++
	}
}
