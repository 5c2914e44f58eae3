package sanitizer

import "bytes"

// maxMagnitude is the largest number in an attribute (threat row 30): larger ones become it.
const maxMagnitude = 1e9

// numberWords are the words that stand where a number or length could.
var numberWords = newNameTable([]string{"auto", "none", "any", "left", "center", "right", "top", "bottom", "auto-reverse"})

// maxUnit is the longest unit of a length.
const maxUnit = 5

// AppendNumber appends a number, a length, a date or a time, or a list of them with commas and spaces, as width="100%" or
// points="10,20 30,40" hold. Numbers are finite and at most a billion. It is false when there is anything else.
func AppendNumber(dst, list []byte) (out []byte, ok bool) {
	mark := len(dst)
	for i := 0; i < len(list); {
		c := list[i]
		switch {
		case byteClass[c] == byteSpace:
			dst = append(dst, ' ')
			i++
		case c == ',' || c == ':' || c == ';':
			dst = append(dst, c)
			i++
		case lower(c | 0x20):
			n := i
			for n < len(list) && (lower(list[n]|0x20) || list[n] == '-') {
				n++
			}
			if numberWords.find(list[i:n]) < 0 {
				return dst[:mark], false
			}
			dst = append(dst, list[i:n]...)
			i = n
		default:
			n := numberEnd(list, i)
			if n < 0 {
				return dst[:mark], false
			}
			size := len(dst)
			dst = appendClamped(dst, list, i, n)
			changed := !bytes.Equal(dst[size:], list[i:n])
			i = unitEnd(list, n)
			// A unit such as em behind another number could be read as an exponent.
			if i-n > maxUnit || changed && i > n && list[n]|0x20 == 'e' {
				return dst[:mark], false
			}
			dst = append(dst, list[n:i]...)
		}
	}
	return dst, true
}

// unitEnd returns the end of the unit at i: letters, a per cent sign, or the star of an HTML relative length.
func unitEnd(list []byte, i int) int {
	if i < len(list) && (list[i] == '%' || list[i] == '*') {
		return i + 1
	}
	for i < len(list) && lower(list[i]|0x20) {
		i++
	}
	return i
}

// numberEnd returns the end of the number at i, or -1 when none is there.
func numberEnd(s []byte, i int) int {
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	start := i
	i = digits(s, i)
	whole := i - start
	if i < len(s) && s[i] == '.' {
		n := digits(s, i+1)
		if whole == 0 && n == i+1 {
			return -1
		}
		i = n
	} else if whole == 0 {
		return -1
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		n := i + 1
		if n < len(s) && (s[n] == '+' || s[n] == '-') {
			n++
		}
		if end := digits(s, n); end > n {
			return end
		}
	}
	return i
}

// appendClamped appends the number at i up to n in s, or the largest one when it is larger. Spaces keep that apart from a
// number or unit before it and from a fraction behind it.
func appendClamped(dst, s []byte, i, n int) []byte {
	if magnitude(s[i:n]) <= maxMagnitude {
		return append(dst, s[i:n]...)
	}
	switch {
	case s[i] == '-' || s[i] == '+':
		dst = append(dst, s[i])
	case i > 0 && byteClass[s[i-1]] != byteSpace && s[i-1] != ',':
		dst = append(dst, ' ')
	}
	dst = append(dst, "1000000000"...)
	if n < len(s) && s[n] == '.' {
		dst = append(dst, ' ')
	}
	return dst
}

// magnitude returns about the absolute value of a number that numberEnd has found. It is exact enough to compare: digits
// beyond the range of a float64 make it infinite.
func magnitude(number []byte) float64 {
	v := 0.0
	scale := 0
	i := 0
	if number[0] == '+' || number[0] == '-' {
		i++
	}
	point := false
	for ; i < len(number) && number[i]|0x20 != 'e'; i++ {
		if number[i] == '.' {
			point = true
			continue
		}
		v = v*10 + float64(number[i]-'0')
		if point {
			scale--
		}
	}
	if i < len(number) {
		exp, sign := 0, 1
		for _, c := range number[i+1:] {
			switch {
			case c == '-':
				sign = -1
			case digit(c):
				exp = min(exp*10+int(c-'0'), 1<<20)
			}
		}
		scale += sign * exp
	}
	for ; scale > 0 && v != 0 && v <= maxMagnitude; scale-- {
		v *= 10
	}
	for ; scale < 0 && v > maxMagnitude; scale++ {
		v /= 10
	}
	return v
}

// AppendPathData appends the data of an SVG path: commands, numbers, commas and spaces (SVG 2 section 9.3). It is false
// when there is anything else.
func AppendPathData(dst, d []byte) (out []byte, ok bool) {
	mark := len(dst)
	for i := 0; i < len(d); {
		c := d[i]
		switch {
		case byteClass[c] == byteSpace:
			dst = append(dst, ' ')
			i++
		case c == ',' || pathCommands[c]:
			dst = append(dst, c)
			i++
		default:
			n := numberEnd(d, i)
			if n < 0 {
				return dst[:mark], false
			}
			dst = appendClamped(dst, d, i, n)
			i = n
		}
	}
	return dst, true
}

var pathCommands = pathCommandTable()

func pathCommandTable() (t [256]bool) {
	for _, c := range []byte("MmLlHhVvCcSsQqTtAaZz") {
		t[c] = true
	}
	return t
}

// maxColour is the longest colour, in bytes.
const maxColour = 128

// AppendColour appends a colour: a name, hexadecimal digits with or without # (HTML section "Rules for parsing a legacy
// colour value"), or a colour function of CSS. It is false when it is anything else.
func AppendColour(dst, colour []byte) (out []byte, ok bool) {
	word := colour
	for len(word) > 0 && byteClass[word[0]] == byteSpace {
		word = word[1:]
	}
	for len(word) > 0 && byteClass[word[len(word)-1]] == byteSpace {
		word = word[:len(word)-1]
	}
	for i, c := range word {
		if !lower(c|0x20) && !digit(c) && (c != '#' || i != 0) {
			return appendValue(dst, colour, &runColour, maxColour)
		}
	}
	if len(word) == 0 || len(word) > maxColour {
		return dst, false
	}
	return append(dst, word...), true
}
