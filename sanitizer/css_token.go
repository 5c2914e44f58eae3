package sanitizer

// The tokenizer of CSS Syntax Level 3 section 4, over bytes in place: a token is a span of the source, escapes are
// decoded by whoever reads the span. Input is valid UTF-8. Two places keep clear of the letter of the specification,
// with the same tokens as result: CR, FF and CRLF are treated as newlines where they stand instead of being replaced
// before, and NUL is read as U+FFFD where it stands.

type tokenKind uint8

const (
	tokEOF tokenKind = iota
	tokSpace
	tokIdent
	tokFunction
	tokAt
	tokHash
	tokString
	tokBadString
	tokURL
	tokBadURL
	tokDelim
	tokNumber
	tokPercentage
	tokDimension
	tokCDO
	tokCDC
	tokColon
	tokSemicolon
	tokComma
	tokOpenSquare
	tokCloseSquare
	tokOpenParen
	tokCloseParen
	tokOpenBrace
	tokCloseBrace
)

const (
	flagSlow uint8 = 1 << iota // the span must be decoded or escaped; without it the bytes are the canonical form
	flagID                     // a hash token whose name is an identifier
)

// cssToken is one token. start and end are the span of what it holds: the name of an identifier, function, at-keyword or
// hash without the characters around it, the inside of a string, the address in an unquoted url(), the digits of a
// number. unit is where the unit of a dimension starts; delim the character of a delimiter.
type cssToken struct {
	kind  tokenKind
	flag  uint8
	delim byte
	start int
	end   int
	unit  int
}

// Classes of bytes, in the order in which next looks at them.
const (
	byteDelim uint8 = iota
	byteSpace
	byteName // starts a name
	byteDigit
	byteSign // + - . may start a number
	byteQuote
	byteHash
	byteAt
	byteSlash
	byteLess
	byteBackslash
	bytePunct // is a token by itself
)

const (
	nameByte    uint8 = 1 << iota // may stand in a name
	nameSlow                      // may stand in a name, but not in the canonical form as it is
	stringSlow                    // as nameSlow, for strings
	hexByte                       // hexadecimal digit
	numberByte                    // decimal digit
	newlineByte                   // CR, LF, FF
)

var (
	byteClass = classTable()
	byteFlags = flagTable()
	punctKind = [128]tokenKind{
		':': tokColon, ';': tokSemicolon, ',': tokComma, '[': tokOpenSquare, ']': tokCloseSquare,
		'(': tokOpenParen, ')': tokCloseParen, '{': tokOpenBrace, '}': tokCloseBrace,
	}
)

func classTable() (t [256]uint8) {
	for c := range t {
		switch {
		case c >= 0x80, c == 0, c == '_', 'a' <= c|0x20 && c|0x20 <= 'z':
			t[c] = byteName
		case '0' <= c && c <= '9':
			t[c] = byteDigit
		}
	}
	for c, class := range map[byte]uint8{' ': byteSpace, '\t': byteSpace, '\n': byteSpace, '\r': byteSpace, '\f': byteSpace,
		'+': byteSign, '-': byteSign, '.': byteSign, '"': byteQuote, '\'': byteQuote, '#': byteHash, '@': byteAt,
		'/': byteSlash, '<': byteLess, '\\': byteBackslash} {
		t[c] = class
	}
	for _, c := range []byte(":;,[](){}") {
		t[c] = bytePunct
	}
	return t
}

func flagTable() (t [256]uint8) {
	for c := range t {
		digit := '0' <= c && c <= '9'
		if c >= 0x80 || c == 0 || c == '_' || c == '-' || digit || 'a' <= c|0x20 && c|0x20 <= 'z' {
			t[c] |= nameByte
		}
		if c >= 0x80 || c == 0 {
			t[c] |= nameSlow
		}
		if c < 0x20 || c == 0x7f || c == '<' || c == '"' || c == '\\' {
			t[c] |= stringSlow
		}
		if digit || 'a' <= c|0x20 && c|0x20 <= 'f' {
			t[c] |= hexByte
		}
		if digit {
			t[c] |= numberByte
		}
	}
	for _, c := range []byte("\r\n\f") {
		t[c] |= newlineByte
	}
	return t
}

// cssLexer reads tokens. tok is the current token, pos the first byte behind it.
type cssLexer struct {
	src []byte
	pos int
	tok cssToken
}

// isDelim tells whether the current token is the delimiter c.
func (l *cssLexer) isDelim(c byte) bool { return l.tok.kind == tokDelim && l.tok.delim == c }

// at returns the byte at i, or behind the end a newline, which continues no token.
func (l *cssLexer) at(i int) byte {
	if i < len(l.src) {
		return l.src[i]
	}
	return '\n'
}

// next makes the token at pos the current one. Comments are skipped.
func (l *cssLexer) next() {
	i := l.pos
	if i >= len(l.src) {
		l.single(tokEOF, len(l.src), 0)
		return
	}
	c := l.src[i]
	switch byteClass[c] {
	case byteName:
		l.identLike(i)
	case byteSpace:
		n := i + 1
		for n < len(l.src) && byteClass[l.src[n]] == byteSpace {
			n++
		}
		l.single(tokSpace, i, n-i)
	case bytePunct:
		l.single(punctKind[c], i, 1)
	case byteDigit:
		l.number(i)
	case byteSign:
		l.sign(i, c)
	case byteQuote:
		l.quoted(i)
	case byteHash:
		l.hash(i)
	case byteAt:
		if !l.startsIdent(i + 1) {
			l.single(tokDelim, i, 1)
			return
		}
		end, flag := l.name(i + 1)
		l.tok = cssToken{kind: tokAt, flag: flag, start: i + 1, end: end}
		l.pos = end
	case byteBackslash:
		if l.validEscape(i) {
			l.identLike(i)
			return
		}
		l.single(tokDelim, i, 1)
	case byteLess:
		if l.has(i, "<!--") {
			l.single(tokCDO, i, 4)
			return
		}
		l.single(tokDelim, i, 1)
	case byteSlash:
		if l.has(i, "/*") {
			l.pos = skipComment(l.src, i+2)
			l.afterComment()
			return
		}
		l.single(tokDelim, i, 1)
	default:
		l.single(tokDelim, i, 1)
	}
}

// afterComment goes on behind a comment, and behind those that follow it.
func (l *cssLexer) afterComment() {
	for l.has(l.pos, "/*") {
		l.pos = skipComment(l.src, l.pos+2)
	}
	l.next()
}

// single makes a token of n bytes that needs no more than its kind and its first byte.
func (l *cssLexer) single(kind tokenKind, i, n int) {
	var c byte
	if n > 0 {
		c = l.src[i]
	}
	l.tok = cssToken{kind: kind, delim: c, start: i, end: i + n}
	l.pos = i + n
}

func (l *cssLexer) has(i int, s string) bool {
	return i <= len(l.src) && startsWith(l.src[i:], s)
}

// skipComment returns the place behind the comment whose inside starts at i.
func skipComment(src []byte, i int) int {
	for ; i+1 < len(src); i++ {
		if src[i] == '*' && src[i+1] == '/' {
			return i + 2
		}
	}
	return len(src)
}

// sign reads what starts with + - or a full stop.
func (l *cssLexer) sign(i int, c byte) {
	switch {
	case l.startsNumber(i):
		l.number(i)
	case c == '-' && l.has(i, "-->"):
		l.single(tokCDC, i, 3)
	case c == '-' && l.startsIdent(i):
		l.identLike(i)
	default:
		l.single(tokDelim, i, 1)
	}
}

func (l *cssLexer) hash(i int) {
	c := l.at(i + 1)
	if byteFlags[c]&nameByte == 0 && !l.validEscape(i+1) {
		l.single(tokDelim, i, 1)
		return
	}
	id := l.startsIdent(i + 1)
	end, flag := l.name(i + 1)
	if id {
		flag |= flagID
	}
	l.tok = cssToken{kind: tokHash, flag: flag, start: i + 1, end: end}
	l.pos = end
}

// validEscape is CSS Syntax section 4.3.8: two code points are a valid escape.
func (l *cssLexer) validEscape(i int) bool {
	return i < len(l.src) && l.src[i] == '\\' && (i+1 >= len(l.src) || byteFlags[l.src[i+1]]&newlineByte == 0)
}

// startsIdent is section 4.3.9: three code points would start an identifier.
func (l *cssLexer) startsIdent(i int) bool {
	c := l.at(i)
	if c == '-' {
		d := l.at(i + 1)
		return d == '-' || byteClass[d] == byteName || l.validEscape(i+1)
	}
	return byteClass[c] == byteName || l.validEscape(i)
}

// startsNumber is section 4.3.10: three code points would start a number.
func (l *cssLexer) startsNumber(i int) bool {
	c := l.at(i)
	if c == '+' || c == '-' {
		i++
		c = l.at(i)
	}
	if c == '.' {
		c = l.at(i + 1)
	}
	return byteFlags[c]&numberByte != 0
}

// name is section 4.3.12: it returns the end of the name at i. A backslash at the very end counts as U+FFFD.
func (l *cssLexer) name(i int) (end int, flag uint8) {
	src := l.src
	for {
		for i < len(src) && byteFlags[src[i]]&(nameByte|nameSlow) == nameByte {
			i++
		}
		switch {
		case i >= len(src):
			return i, flag
		case byteFlags[src[i]]&nameByte != 0:
			i++
		case src[i] == '\\' && l.validEscape(i):
			_, i = decodeEscape(src, i+1)
		default:
			return i, flag
		}
		flag = flagSlow
	}
}

// number reads a number, percentage or dimension (section 4.3.3).
func (l *cssLexer) number(i int) {
	start := i
	src := l.src
	if src[i] == '+' || src[i] == '-' {
		i++
	}
	i = digits(src, i)
	if i+1 < len(src) && src[i] == '.' && byteFlags[src[i+1]]&numberByte != 0 {
		i = digits(src, i+1)
	}
	if i < len(src) && src[i]|0x20 == 'e' {
		n := i + 1
		if c := l.at(n); c == '+' || c == '-' {
			n++
		}
		if byteFlags[l.at(n)]&numberByte != 0 {
			i = digits(src, n)
		}
	}
	t := cssToken{kind: tokNumber, start: start, end: i, unit: i}
	switch {
	case i < len(src) && src[i] == '%':
		t.kind = tokPercentage
		i++
	case i < len(src) && l.startsIdent(i):
		t.kind = tokDimension
		i, t.flag = l.name(i)
		t.end = i
	}
	l.tok = t
	l.pos = i
}

func digits(src []byte, i int) int {
	for i < len(src) && byteFlags[src[i]]&numberByte != 0 {
		i++
	}
	return i
}
