package sanitizer

import "unicode/utf8"

// What stands at the end of the output, as far as it could melt into what comes next (CSS Syntax section 9).
const (
	afterStart  uint8 = iota // nothing yet: leading white space goes
	afterSafe                // nothing melts with this
	afterName                // identifier, hash, dimension
	afterNumber              // number without a unit
	afterDelim               // a delimiter; which one is the last byte
)

// cssWriter appends tokens so that reading them gives the same tokens again.
type cssWriter struct {
	dst   []byte
	after uint8
	space bool // white space is due before the next token
}

// begin starts a new run of tokens.
func (w *cssWriter) begin() {
	w.after = afterStart
	w.space = false
}

// separate makes room before a token that starts with c: a space where the source had one, an empty comment where the
// two would otherwise be read as something else.
func (w *cssWriter) separate(c byte) {
	if w.space {
		w.space = false
		if w.after != afterStart {
			w.dst = append(w.dst, ' ')
		}
		return
	}
	if w.after > afterSafe && w.melts(c) {
		w.dst = append(w.dst, "/**/"...)
	}
}

func (w *cssWriter) melts(c byte) bool {
	name := byteFlags[c]&nameByte != 0 || c == '\\'
	if w.after == afterName {
		return name || c == '(' || c == '>' || c == '+' && w.exponent()
	}
	if w.after == afterNumber {
		return name || c == '%' || c == '.'
	}
	switch last := w.dst[len(w.dst)-1]; last {
	case '-':
		return name || c == '.' || c == '>'
	case '+', '.':
		return byteFlags[c]&numberByte != 0 || c == '.'
	case '/':
		return c == '*'
	default:
		return false
	}
}

// exponent tells whether the output ends in a digit and an e, which a sign and a number would make an exponent.
func (w *cssWriter) exponent() bool {
	n := len(w.dst)
	return n > 1 && w.dst[n-1]|0x20 == 'e' && byteFlags[w.dst[n-2]]&numberByte != 0
}

// punct appends a token that is one character and melts with nothing behind it.
func (w *cssWriter) punct(c byte) {
	w.separate(c)
	w.dst = append(w.dst, c)
	w.after = afterSafe
}

func (w *cssWriter) delim(c byte) {
	w.separate(c)
	w.dst = append(w.dst, c)
	w.after = afterDelim
}

// copyToken appends the current token of l when it is one of the kinds that values are made of.
func (w *cssWriter) copyToken(l *cssLexer) {
	t := &l.tok
	span := l.src[t.start:t.end]
	switch t.kind {
	case tokIdent:
		w.ident(span, t.flag)
	case tokHash:
		w.separate('#')
		w.dst = append(w.dst, '#')
		w.after = afterName
		switch {
		case t.flag&flagSlow == 0:
			w.dst = append(w.dst, span...)
		case t.flag&flagID != 0:
			w.dst = appendIdent(w.dst, span, true)
		default:
			w.dst = appendIdent(w.dst, span, false)
		}
	case tokString:
		w.separate('"')
		w.dst = appendString(w.dst, span, t.flag)
		w.after = afterSafe
	case tokNumber, tokPercentage, tokDimension:
		w.number(l)
	}
}

func (w *cssWriter) ident(span []byte, flag uint8) {
	w.separate('a')
	if flag&flagSlow == 0 {
		w.dst = append(w.dst, span...)
	} else {
		w.dst = appendIdent(w.dst, span, true)
	}
	w.after = afterName
}

func (w *cssWriter) number(l *cssLexer) {
	t := &l.tok
	w.separate(l.src[t.start])
	if t.kind == tokNumber {
		w.dst = append(w.dst, l.src[t.start:t.end]...)
		w.after = afterNumber
		return
	}
	w.dst = append(w.dst, l.src[t.start:t.unit]...)
	if t.kind == tokPercentage {
		w.dst = append(w.dst, '%')
		w.after = afterSafe
		return
	}
	w.after = afterName
	unit := l.src[t.unit:t.end]
	if t.flag&flagSlow == 0 {
		w.dst = append(w.dst, unit...)
		return
	}
	// An escaped unit such as e3 would be read as an exponent, so a leading e stays an escape.
	if r, n, _ := spanRune(unit, 0, false); r == 'e' || r == 'E' {
		w.dst = appendHexEscape(w.dst, r)
		w.dst = appendIdentRest(w.dst, unit[n:])
		return
	}
	w.dst = appendIdent(w.dst, unit, true)
}

// appendIdent serialises the name in span as CSSOM section 2.1 has it: decoded, then escaped where needed. start says
// that it must be an identifier and not only a name.
func appendIdent(dst, span []byte, start bool) []byte {
	if !start {
		return appendIdentRest(dst, span)
	}
	r, n, _ := spanRune(span, 0, false)
	if r == '-' {
		if n == len(span) {
			return append(dst, '\\', '-')
		}
		dst = append(dst, '-')
		span = span[n:]
		r, n, _ = spanRune(span, 0, false)
	}
	if '0' <= r && r <= '9' {
		dst = appendHexEscape(dst, r)
		span = span[n:]
	}
	return appendIdentRest(dst, span)
}

func appendIdentRest(dst, span []byte) []byte {
	for i := 0; i < len(span); {
		var r rune
		r, i, _ = spanRune(span, i, false)
		switch {
		case r >= utf8.RuneSelf:
			if !identRune(r) {
				dst = appendHexEscape(dst, r)
				continue
			}
			dst = utf8.AppendRune(dst, r)
		case byteFlags[r]&nameByte != 0:
			dst = append(dst, byte(r))
		case r < 0x20 || r == 0x7f || r == '<':
			dst = appendHexEscape(dst, r)
		default:
			dst = append(dst, '\\', byte(r))
		}
	}
	return dst
}

// identRune tells whether a code point beyond ASCII is a name code point in every edition of CSS Syntax: the later ones
// take fewer, so the others are written as escapes and read alike everywhere.
func identRune(r rune) bool {
	switch {
	case r < 0xc0:
		return r == 0xb7
	case r < 0x2000:
		return r != 0xd7 && r != 0xf7 && r != 0x37e
	case r < 0x3001:
		return r == 0x200c || r == 0x200d || r == 0x203f || r == 0x2040 ||
			0x2070 <= r && r <= 0x218f || 0x2c00 <= r && r <= 0x2fef
	case r < 0xe000:
		return true
	case r < 0x10000:
		return 0xf900 <= r && r <= 0xfdcf || 0xfdf0 <= r && r <= 0xfffd
	}
	return true
}

// appendString serialises a string with double quotes (CSSOM section 2.1). A less-than sign is escaped too, so that no
// output holds anything that an HTML parser would act on.
func appendString(dst, span []byte, flag uint8) []byte {
	dst = append(dst, '"')
	if flag&flagSlow == 0 {
		dst = append(dst, span...)
		return append(dst, '"')
	}
	for i := 0; i < len(span); {
		r, next, skip := spanRune(span, i, true)
		i = next
		switch {
		case skip:
		case r < 0x20 || r == 0x7f || r == '<':
			dst = appendHexEscape(dst, r)
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}

// appendHexEscape writes an escape in hexadecimal digits, closed by a space as CSSOM does.
func appendHexEscape(dst []byte, r rune) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '\\')
	started := false
	for shift := 20; shift >= 0; shift -= 4 {
		d := r >> shift & 15
		started = started || d != 0 || shift == 0
		if started {
			dst = append(dst, digits[d])
		}
	}
	return append(dst, ' ')
}
