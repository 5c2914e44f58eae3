package sanitizer

import (
	"unicode"
	"unicode/utf8"
)

// Detect is the set of secrets that are looked for in what a page says. Its zero value looks for nothing.
type Detect uint8

// The secrets that can be told from other text by their form.
const (
	DetectCards  Detect = 1 << iota // numbers of payment cards (ISO/IEC 7812): issuer, length and check digit
	DetectIBANs                     // bank accounts (ISO 13616): country, length and check digits
	DetectEmails                    // addresses of e-mail (RFC 5322, the form without quotes)
)

// DetectNamed gives a kind of secret by its name in a configuration: cards, ibans or emails.
func DetectNamed(name string) (kind Detect, ok bool) {
	switch name {
	case "cards":
		return DetectCards, true
	case "ibans":
		return DetectIBANs, true
	case "emails":
		return DetectEmails, true
	}
	return 0, false
}

// bullet takes the place of each character of a secret; asterisk does where there is no room for bullets.
const (
	bullet   = "\u2022"
	asterisk = "*"
)

// maskSecrets appends text with a bullet in the place of each character of a secret (threat row 34). Spaces and hyphens
// between the groups of a number stay, so that lines break where they did. It is a second line behind the masks of
// the page: a number that is split over two nodes, or that is still being typed, is not seen.
func maskSecrets(dst, text []byte, detect Detect) []byte {
	return replaceSecrets(dst, text, detect, bullet)
}

// replaceSecrets does what maskSecrets does, with any character. What it wrote is no part of a secret when it is read again.
func replaceSecrets(dst, text []byte, detect Detect, with string) []byte {
	s := secretScan{text: text, detect: detect}
	copied := 0
	for {
		start, end := s.next()
		if start == end {
			return append(dst, text[copied:]...)
		}
		dst = append(dst, text[copied:start]...)
		for i := start; i < end; {
			if n := separator(text, i); n > 0 {
				dst = append(dst, text[i:i+n]...)
				i += n
				continue
			}
			_, n := utf8.DecodeRune(text[i:])
			dst = append(dst, with...)
			i += n
		}
		copied = end
	}
}

// secretScan looks for secrets from the front to the back.
type secretScan struct {
	text   []byte
	detect Detect
	at     int // where the search goes on
	done   int // end of the last secret: what stands before belongs to no other
}

// next returns where the next secret begins and ends; both are the same when there is none.
func (s *secretScan) next() (start, end int) {
	for ; s.at < len(s.text); s.at++ {
		i := s.at
		c := s.text[i]
		switch {
		case digit(c):
			first := i == s.done || !digit(s.text[i-1])
			if s.detect&DetectIBANs != 0 && first && i-2 >= s.done {
				if end = s.iban(i - 2); end > 0 {
					return s.found(i-2, end)
				}
			}
			if s.detect&DetectCards != 0 && first && s.mayBegin(i) {
				if end = s.card(i); end > 0 {
					return s.found(i, end)
				}
			}
		case s.detect&DetectEmails != 0 && (c == '@' || c == '%' && startsWith(s.text[i:], "%40")):
			if start, end = s.email(i); end > 0 {
				return s.found(start, end)
			}
		}
	}
	return 0, 0
}

func (s *secretScan) found(start, end int) (int, int) {
	s.at, s.done = end, end
	return start, end
}

// separator is the size of the character at i when it may stand between the groups of a number.
func separator(text []byte, i int) int {
	if i >= len(text) {
		return 0
	}
	switch c := text[i]; {
	case c == ' ' || c == '-':
		return 1
	case c < utf8.RuneSelf:
		return 0
	}
	switch r, n := utf8.DecodeRune(text[i:]); r {
	case 0xa0, 0x2009, 0x200a, 0x2010, 0x2011, 0x2012, 0x2013, 0x202f:
		return n
	}
	return 0
}

// mayBegin says that what stands before a number does not make it something else: a telephone number with its plus sign,
// or the digits behind a decimal point.
func (s *secretScan) mayBegin(i int) bool {
	if i == s.done {
		return true
	}
	switch s.text[i-1] {
	case '+':
		return false
	case '.', ',':
		return i-2 < s.done || !digit(s.text[i-2])
	}
	return true
}

// maxCard and maxGroups bound what is read of a number.
const (
	maxCard   = 19
	maxGroups = 5
)

// card returns where the card number that begins at i ends, or 0.
func (s *secretScan) card(i int) int {
	var digits [maxCard]byte
	var ends [maxGroups]int // place in the text behind each group
	var sizes [maxGroups]int
	groups, total := 0, 0
	for groups < maxGroups {
		from := i
		for i < len(s.text) && digit(s.text[i]) && total < maxCard {
			digits[total] = s.text[i] - '0'
			total++
			i++
		}
		if i == from || i < len(s.text) && digit(s.text[i]) {
			break // nothing, or more digits than a card has
		}
		ends[groups], sizes[groups] = i, i-from
		groups++
		n := separator(s.text, i)
		if n == 0 || i+n >= len(s.text) || !digit(s.text[i+n]) {
			break
		}
		i += n
	}
	for ; groups > 0; groups-- {
		total = 0
		for _, size := range sizes[:groups] {
			total += size
		}
		if cardGroups(sizes[:groups]) && issued(digits[:total], groups) && luhn(digits[:total]) {
			return ends[groups-1]
		}
	}
	return 0
}

// cardGroups tells whether a card number is written in groups of these sizes: in one, in fours with a rest, or as the
// issuers of shorter numbers print them.
func cardGroups(sizes []int) bool {
	switch len(sizes) {
	case 1:
		return true
	case 2:
		return sizes[0] == 6 && sizes[1] == 13
	case 3:
		if sizes[0] == 4 && sizes[1] == 6 && (sizes[2] == 4 || sizes[2] == 5) {
			return true
		}
	}
	if len(sizes) == 4 && sizes[0] == 4 && sizes[1] == 3 && sizes[2] == 3 && sizes[3] == 3 {
		return true
	}
	for _, size := range sizes[:len(sizes)-1] {
		if size != 4 {
			return false
		}
	}
	return sizes[len(sizes)-1] <= 4
}

// issuers are the ranges of first digits that issue cards, with the numbers of digits that they use.
var issuers = []struct {
	low, high   int
	size        int // digits of low and high
	least, most int
}{
	{4, 4, 1, 16, 16}, {4, 4, 1, 19, 19}, // Visa; those of 13 digits are known by their groups
	{51, 55, 2, 16, 16}, {2221, 2720, 4, 16, 16}, // Mastercard
	{34, 34, 2, 15, 15}, {37, 37, 2, 15, 15}, // American Express
	{300, 305, 3, 14, 19}, {3095, 3095, 4, 14, 19}, {36, 36, 2, 14, 19}, {38, 39, 2, 14, 19}, // Diners Club
	{3528, 3589, 4, 16, 19},                        // JCB
	{6011, 6011, 4, 16, 19}, {644, 659, 3, 16, 19}, // Discover
	{62, 62, 2, 16, 19}, {81, 82, 2, 16, 19}, // UnionPay, RuPay
	{60, 60, 2, 16, 16}, {508, 508, 3, 16, 16}, // RuPay
	{2200, 2204, 4, 16, 19}, {9792, 9792, 4, 16, 16}, // Mir, Troy
	{5018, 5018, 4, 12, 19}, {5020, 5020, 4, 12, 19}, {5038, 5038, 4, 12, 19}, {5893, 5893, 4, 12, 19}, // Maestro
	{6304, 6304, 4, 12, 19}, {6759, 6759, 4, 12, 19}, {6761, 6763, 4, 12, 19},
}

// issued tells whether somebody issues cards of these digits. A number of 13 digits in one piece is an article's (EAN) far
// more often than an old Visa card's.
func issued(digits []byte, groups int) bool {
	if len(digits) == 13 && digits[0] == 4 && groups == 4 {
		return true
	}
	for i := range issuers {
		r := &issuers[i]
		if len(digits) < r.least || len(digits) > r.most {
			continue
		}
		head := 0
		for _, d := range digits[:r.size] {
			head = head*10 + int(d)
		}
		if r.low <= head && head <= r.high {
			return true
		}
	}
	return false
}

// luhn tells whether the last digit is the check digit of the others (ISO/IEC 7812-1 annex B).
func luhn(digits []byte) bool {
	sum := 0
	for i, d := range digits {
		v := int(d)
		if (len(digits)-i)%2 == 0 {
			v = v*2 - v/5*9
		}
		sum += v
	}
	return sum%10 == 0
}

// email returns the address around the sign at i, or 0, 0.
func (s *secretScan) email(i int) (start, end int) {
	const maxLocal, maxDomain = 64, 255
	start = i
	for start > s.done && i-start < maxLocal {
		r, n := utf8.DecodeLastRune(s.text[s.done:start])
		if !localPart(r) {
			break
		}
		start -= n
	}
	at := i + 1
	if s.text[i] == '%' {
		at = i + 3
	}
	if start == i || at >= len(s.text) {
		return 0, 0
	}
	// The address ends behind the letters that begin its last label: what follows, such as a full stop, is the sentence's.
	letters, label := 0, at
	for k := at; k < len(s.text) && k-at < maxDomain; {
		r, n := utf8.DecodeRune(s.text[k:])
		switch {
		case r == '.' && k > label:
			label, letters = k+n, 0
		case letter(r):
			if letters >= 0 {
				letters++
			}
		case (digit(s.text[k]) || r == '-') && k >= label:
			letters = -1
		default:
			return start, end
		}
		k += n
		if letters >= 2 && label > at {
			end = k
		}
	}
	if end == 0 {
		return 0, 0
	}
	return start, end
}

// localPart tells whether r may stand before the sign of an address (RFC 5322 section 3.2.3, RFC 6531 section 3.3). An
// asterisk does not: it may be what is left of another secret.
func localPart(r rune) bool {
	if letter(r) || '0' <= r && r <= '9' {
		return true
	}
	switch r {
	case '.', '!', '#', '$', '%', '&', '\'', '+', '/', '=', '?', '^', '_', '`', '{', '|', '}', '~', '-':
		return true
	}
	return false
}

func letter(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r|0x20 && r|0x20 <= 'z'
	}
	return r != utf8.RuneError && unicode.IsLetter(r)
}
