package sanitizer

import (
	"encoding/binary"
	"unicode/utf8"

	"vitrine/internal/wire"
)

// Most strings of a page are plain: they pass as they are, and to see that takes no more than to look at their bytes. A
// string that is not plain is judged by the rules of its role, which may well leave it as it is, too.

// plainRule says which strings of a role are plain.
type plainRule struct {
	most  int    // bytes
	least int    // bytes
	class uint8  // which bytes may be in it
	below uint64 // eight times the first byte that is surely in the class, up to and without DEL
	wide  bool   // characters beyond ASCII may be in it
}

// Classes of bytes, one bit each.
const (
	inText   uint8 = 1 << iota // what stays in text: printable, tab, line feed, carriage return
	inTokens                   // printable
	inID                       // printable and no space
	inNumber                   // digits
	inName                     // anything: a name is judged where it is used
)

const eight = 0x0101010101010101

// plainRules by role. The zero value is a role whose strings are never plain, unless empty ones are: most is 0.
var plainRules = [256]plainRule{
	wire.RoleText:   {most: wire.MaxLiteral, class: inText, below: ' ' * eight, wide: true},
	wire.RoleInput:  {most: wire.MaxLiteral, class: inText, below: ' ' * eight, wide: true},
	wire.RoleAttr:   {most: maxAttr, class: inText, below: ' ' * eight, wide: true},
	wire.RoleTokens: {most: maxTokens, class: inTokens, below: ' ' * eight},
	wire.RoleID:     {most: maxID, least: 1, class: inID, below: '!' * eight},
	wire.RoleNumber: {most: maxDigits, class: inNumber, below: 0x80 * eight},
	wire.RoleName:   {most: wire.MaxEntry, class: inName, below: 0x80 * eight},
}

// maxDigits is how many digits a number may have that is smaller than maxMagnitude, whatever they are.
const maxDigits = 9

var byteClasses = byteClassTable()

func byteClassTable() (t [256]uint8) {
	for c := range t {
		t[c] = inName
		if printable := c >= ' ' && c < 0x7f; printable {
			t[c] |= inText | inTokens
		}
		if c > ' ' && c < 0x7f {
			t[c] |= inID
		}
		if c >= '0' && c <= '9' {
			t[c] |= inNumber
		}
	}
	for _, c := range "\t\n\r" {
		t[c] |= inText
	}
	return t
}

// plain says whether a string of a role passes as it is. Eight bytes are looked at together where nearly all of them are
// letters.
func plain(role wire.Role, text []byte) bool {
	r := &plainRules[role]
	if len(text) > r.most || len(text) < r.least || r.class == 0 {
		return false
	}
	for ; len(text) >= 8; text = text[8:] {
		x := binary.LittleEndian.Uint64(text)
		if (x|(x-r.below)|(x+eight))&(0x80*eight) == 0 {
			continue
		}
		for i, c := range text[:8] {
			if byteClasses[c]&r.class == 0 {
				return r.wide && c >= 0x80 && plainWide(text[i:])
			}
		}
	}
	for i, c := range text {
		if byteClasses[c]&r.class == 0 {
			return r.wide && c >= 0x80 && plainWide(text[i:])
		}
	}
	return true
}

// plainWide says whether text stays as it is when it holds characters beyond ASCII: it is UTF-8, without control characters.
func plainWide(text []byte) bool {
	for i := 0; i < len(text); {
		if c := text[i]; c < 0x80 {
			if byteClasses[c]&inText == 0 {
				return false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 || control(r) {
			return false
		}
		i += n
	}
	return true
}
