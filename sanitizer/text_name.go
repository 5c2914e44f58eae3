package sanitizer

// maxElementName is the longest name of a custom element, and of what follows data-.
const maxElementName = 64

// reservedNames have a hyphen and are no custom elements (HTML, section "Valid custom element name").
var reservedNames = newNameTable([]string{"annotation-xml", "color-profile", "font-face", "font-face-src", "font-face-uri",
	"font-face-format", "font-face-name", "missing-glyph"})

// ValidCustomElement tells whether name may name a custom element on the wire (threat row 15): a lower-case letter, then
// letters, digits, full stops, underscores and hyphens, at least one of them a hyphen with something behind it.
func ValidCustomElement(name []byte) bool {
	if len(name) > maxElementName || len(name) == 0 || !lower(name[0]) {
		return false
	}
	hyphen := 0
	for i, c := range name {
		if !lower(c) && !digit(c) && c != '.' && c != '_' && c != '-' {
			return false
		}
		if c == '-' && hyphen == 0 {
			hyphen = i
		}
	}
	return hyphen > 0 && hyphen < len(name)-1 && reservedNames.find(name) < 0
}

// ValidDataName tells whether suffix may follow "data-" in the name of an attribute.
func ValidDataName(suffix []byte) bool {
	if len(suffix) == 0 || len(suffix) > maxElementName {
		return false
	}
	for _, c := range suffix {
		if !lower(c) && !digit(c) && c != '.' && c != '_' && c != '-' && c != ':' {
			return false
		}
	}
	return true
}

// ariaNames are the states and properties of WAI-ARIA 1.2 and 1.3, without their prefix.
var ariaNames = newNameTable([]string{
	"activedescendant", "atomic", "autocomplete", "braillelabel", "brailleroledescription", "busy", "checked", "colcount",
	"colindex", "colindextext", "colspan", "controls", "current", "describedby", "description", "details", "disabled",
	"dropeffect", "errormessage", "expanded", "flowto", "grabbed", "haspopup", "hidden", "invalid", "keyshortcuts", "label",
	"labelledby", "level", "live", "modal", "multiline", "multiselectable", "orientation", "owns", "placeholder", "posinset",
	"pressed", "readonly", "relevant", "required", "roledescription", "rowcount", "rowindex", "rowindextext", "rowspan",
	"selected", "setsize", "sort", "valuemax", "valuemin", "valuenow", "valuetext", "virtualcontent",
})

// ValidAriaName tells whether suffix follows "aria-" in the name of a state or property that exists.
func ValidAriaName(suffix []byte) bool {
	for _, c := range suffix {
		if !lower(c) {
			return false // the table is looked up in any case
		}
	}
	return ariaNames.find(suffix) >= 0
}

// ValidHighlight tells whether name may name a highlight: an identifier of CSS without escapes.
func ValidHighlight(name []byte) bool {
	if len(name) == 0 || len(name) > maxElementName || digit(name[0]) {
		return false
	}
	for _, c := range name {
		if !lower(c|0x20) && !digit(c) && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

func lower(c byte) bool { return 'a' <= c && c <= 'z' }

func digit(c byte) bool { return '0' <= c && c <= '9' }
