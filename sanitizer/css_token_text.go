package sanitizer

import "unicode/utf8"

// identLike reads an identifier, a function or an unquoted url() (section 4.3.4).
func (l *cssLexer) identLike(i int) {
	end, flag := l.name(i)
	l.tok = cssToken{kind: tokIdent, flag: flag, start: i, end: end}
	l.pos = end
	if end >= len(l.src) || l.src[end] != '(' {
		return
	}
	l.tok.kind = tokFunction
	l.pos = end + 1
	var buf [maxName]byte
	if name, ok := l.plainName(buf[:0]); !ok || !sameName(name, "url") {
		return
	}
	n := l.pos
	for n < len(l.src) && byteClass[l.src[n]] == byteSpace {
		n++
	}
	if c := l.at(n); n < len(l.src) && (c == '"' || c == '\'') {
		return
	}
	l.unquotedURL(n)
}

// unquotedURL reads the rest of a url token whose first byte that is not a space is at i (section 4.3.6).
func (l *cssLexer) unquotedURL(i int) {
	start := i
	flag := uint8(0)
	for i < len(l.src) {
		c := l.src[i]
		switch {
		case c == ')':
			l.tok = cssToken{kind: tokURL, flag: flag, start: start, end: i}
			l.pos = i + 1
			return
		case byteClass[c] == byteSpace:
			end := i
			for i < len(l.src) && byteClass[l.src[i]] == byteSpace {
				i++
			}
			if i < len(l.src) && l.src[i] != ')' {
				l.badURL(i)
				return
			}
			l.tok = cssToken{kind: tokURL, flag: flag, start: start, end: end}
			l.pos = min(i+1, len(l.src))
			return
		case c == '"', c == '\'', c == '(', c != 0 && c < 0x20, c == 0x7f, c == '\\' && !l.validEscape(i):
			l.badURL(i)
			return
		case c == '\\':
			flag = flagSlow
			_, i = decodeEscape(l.src, i+1)
		default:
			if byteFlags[c]&stringSlow != 0 {
				flag = flagSlow
			}
			i++
		}
	}
	l.tok = cssToken{kind: tokURL, flag: flag, start: start, end: len(l.src)}
	l.pos = len(l.src)
}

// badURL consumes the remnants of a bad url (section 4.3.14).
func (l *cssLexer) badURL(i int) {
	start := i
	for i < len(l.src) && l.src[i] != ')' {
		if l.validEscape(i) {
			_, i = decodeEscape(l.src, i+1)
			continue
		}
		i++
	}
	l.tok = cssToken{kind: tokBadURL, start: start, end: i}
	l.pos = min(i+1, len(l.src))
}

// quoted reads a string (section 4.3.5).
func (l *cssLexer) quoted(i int) {
	quote := l.src[i]
	i++
	start := i
	flag := uint8(0)
	for i < len(l.src) {
		c := l.src[i]
		if c == quote {
			l.tok = cssToken{kind: tokString, flag: flag, start: start, end: i}
			l.pos = i + 1
			return
		}
		f := byteFlags[c]
		if f&stringSlow == 0 {
			i++
			continue
		}
		if f&newlineByte != 0 {
			l.tok = cssToken{kind: tokBadString, start: start, end: i}
			l.pos = i
			return
		}
		flag = flagSlow
		i++
		if c == '\\' && i < len(l.src) {
			if byteFlags[l.src[i]]&newlineByte != 0 {
				i = skipNewline(l.src, i)
			} else {
				_, i = decodeEscape(l.src, i)
			}
		}
	}
	l.tok = cssToken{kind: tokString, flag: flag, start: start, end: len(l.src)}
	l.pos = len(l.src)
}

// skipNewline returns the place behind the newline at i; CR LF is one.
func skipNewline(src []byte, i int) int {
	if src[i] == '\r' && i+1 < len(src) && src[i+1] == '\n' {
		return i + 2
	}
	return i + 1
}

// decodeEscape reads the escape whose backslash is before i (section 4.3.7) and returns the place behind it.
func decodeEscape(src []byte, i int) (rune, int) {
	if i >= len(src) {
		return utf8.RuneError, i
	}
	if byteFlags[src[i]]&hexByte == 0 {
		return nextRune(src, i)
	}
	r := rune(0)
	n := i
	for n < len(src) && n < i+6 && byteFlags[src[n]]&hexByte != 0 {
		r = r<<4 | rune(hexValue(src[n]))
		n++
	}
	if n < len(src) && byteClass[src[n]] == byteSpace {
		n = skipNewline(src, n)
	}
	if r == 0 || r > utf8.MaxRune || 0xd800 <= r && r < 0xe000 {
		r = utf8.RuneError
	}
	return r, n
}

// nextRune reads one code point; NUL is U+FFFD as the preprocessing of section 3.3 has it.
func nextRune(src []byte, i int) (rune, int) {
	c := src[i]
	if c == 0 {
		return utf8.RuneError, i + 1
	}
	if c < utf8.RuneSelf {
		return rune(c), i + 1
	}
	r, n := utf8.DecodeRune(src[i:])
	return r, i + n
}

func hexValue(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// spanRune reads one code point of a name, string or url at i, where inString says that an escaped newline stands for
// nothing; then skip is true.
func spanRune(src []byte, i int, inString bool) (r rune, next int, skip bool) {
	if src[i] != '\\' {
		r, next = nextRune(src, i)
		return r, next, false
	}
	i++
	if inString {
		if i >= len(src) {
			return 0, i, true // CSS Syntax section 4.3.5: a backslash before the end of input does nothing
		}
		if byteFlags[src[i]]&newlineByte != 0 {
			return 0, skipNewline(src, i), true
		}
	}
	r, next = decodeEscape(src, i)
	return r, next, false
}

// maxName is the longest name that any table holds, and more.
const maxName = 64

// plainName is plain for the current token.
func (l *cssLexer) plainName(buf []byte) ([]byte, bool) { return l.plain(&l.tok, buf) }

// plain returns the name of a token with its escapes decoded, in buf when there are any. It is false for names that are
// longer than buf or that are not ASCII, which no table holds.
func (l *cssLexer) plain(t *cssToken, buf []byte) ([]byte, bool) {
	span := l.src[t.start:t.end]
	if t.flag&flagSlow == 0 {
		return span, len(span) <= maxName
	}
	for i := 0; i < len(span); {
		var r rune
		r, i, _ = spanRune(span, i, false)
		if r >= utf8.RuneSelf || len(buf) == cap(buf) {
			return nil, false
		}
		buf = append(buf, byte(r))
	}
	return buf, true
}

// isName compares the name of the current token with a lower-case ASCII name, in any case (section 3.1 of the CSS
// specifications: names are ASCII case-insensitive).
func (l *cssLexer) isName(want string) bool {
	var buf [maxName]byte
	name, ok := l.plainName(buf[:0])
	return ok && sameName(name, want)
}

// sameName compares name with want, which is lower-case ASCII, in any case.
func sameName(name []byte, want string) bool {
	if len(name) != len(want) {
		return false
	}
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != want[i] {
			return false
		}
	}
	return true
}
