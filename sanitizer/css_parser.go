package sanitizer

import "unicode/utf8"

// cssParser reads CSS and writes what is allowed of it. It lives on the stack of one call.
type cssParser struct {
	cssLexer
	cssWriter
	val valueState
	use cssUse
}

// cssUse counts what the limits are about.
type cssUse struct {
	base      int // where the output starts in dst
	limit     int // bytes of output
	depth     int // open blocks
	rules     int
	selectors int
	compounds int  // of the complex selector at hand
	element   bool // a pseudo-element has been read in the compound selector at hand
	behind    bool // the selectors at hand are an argument behind a pseudo-element and about it
	full      bool // a limit is reached: nothing more is written
}

// AppendSheet appends the style sheet in css as the policy allows it: rules, declarations and selectors that are not
// understood or not allowed are left out one by one, as a browser leaves out what it does not know. It is false for what
// is not UTF-8 or larger than 2 MiB. The output gives itself when it is read again.
func AppendSheet(dst, css []byte) (out []byte, ok bool) {
	if len(css) > maxSheet || !utf8.Valid(css) {
		return dst, false
	}
	p := cssParser{cssLexer: cssLexer{src: css}, cssWriter: cssWriter{dst: dst}}
	p.use.base, p.use.limit = len(dst), maxSheet
	p.next()
	for p.tok.kind != tokEOF {
		switch p.tok.kind {
		case tokSpace, tokCDO, tokCDC:
			p.next()
		default:
			prefix := ""
			if len(p.dst) > p.use.base {
				prefix = "\n"
			}
			p.rule(prefix, topRules)
		}
	}
	return p.dst, true
}

// AppendDeclarations appends the declarations of a style attribute that the policy allows. It is false for what is not
// UTF-8. The output gives itself when it is read again; it may be empty.
func AppendDeclarations(dst, css []byte) (out []byte, ok bool) {
	if !utf8.Valid(css) {
		return dst, false
	}
	p := cssParser{cssLexer: cssLexer{src: css}, cssWriter: cssWriter{dst: dst}}
	p.use.base, p.use.limit = len(dst), maxDecls
	p.next()
	for p.tok.kind != tokEOF {
		prefix := " "
		if len(p.dst) == p.use.base {
			prefix = ""
		}
		switch p.tok.kind {
		case tokSpace, tokSemicolon:
			p.next()
		case tokIdent:
			if p.declaration(prefix, inStyle|inAttribute) != declDone {
				p.skipTo(len(p.dst), runInline.stop)
			}
		default:
			p.skipTo(len(p.dst), runInline.stop)
		}
	}
	return p.dst, true
}

// AppendCSSValue appends the value of an SVG presentation attribute. It is false when something in it is not allowed, and
// when it is empty.
func AppendCSSValue(dst, value []byte) (out []byte, ok bool) {
	return appendValue(dst, value, &runAttribute, maxDecls)
}

// appendValue appends a value whose input and output are at most limit bytes.
func appendValue(dst, value []byte, r *valueRules, limit int) (out []byte, ok bool) {
	if len(value) > limit || !utf8.Valid(value) {
		return dst, false
	}
	p := cssParser{cssLexer: cssLexer{src: value}, cssWriter: cssWriter{dst: dst}}
	p.next()
	if p.value(r) != valueGood || len(p.dst)-len(dst) > limit {
		return dst, false
	}
	return p.dst, true
}

// AppendMediaQuery appends a list of media queries. What is not understood never holds. It is false for what is not UTF-8, for an empty list and for one that goes on behind its end.
func AppendMediaQuery(dst, v []byte) (out []byte, ok bool) {
	if len(v) > maxDecls || !utf8.Valid(v) {
		return dst, false
	}
	p := cssParser{cssLexer: cssLexer{src: v}, cssWriter: cssWriter{dst: dst}}
	p.next()
	p.skipSpace()
	if p.tok.kind == tokEOF {
		return dst, false
	}
	p.mediaQueries()
	if p.tok.kind != tokEOF || len(p.dst)-len(dst) > maxDecls {
		return dst, false
	}
	return p.dst, true
}

func (p *cssParser) skipSpace() {
	for p.tok.kind == tokSpace {
		p.next()
	}
}

// closerOf returns the kind that closes what k opens.
func closerOf(k tokenKind) (tokenKind, bool) {
	switch k {
	case tokFunction, tokOpenParen:
		return tokCloseParen, true
	case tokOpenSquare:
		return tokCloseSquare, true
	case tokOpenBrace:
		return tokCloseBrace, true
	}
	return 0, false
}

// skipTo reads component values from the current token on until one of the kinds in stop is current outside brackets.
// What is open at the start are the closing kinds behind base in dst, which serves as the stack and ends at base.
func (p *cssParser) skipTo(base int, stop uint32) {
	for {
		k := p.tok.kind
		if k == tokEOF || len(p.dst) == base && stop>>k&1 != 0 {
			break
		}
		if len(p.dst) > base && p.dst[len(p.dst)-1] == byte(k) {
			p.dst = p.dst[:len(p.dst)-1]
		} else if closer, ok := closerOf(k); ok {
			p.dst = append(p.dst, byte(closer))
		}
		p.next()
	}
	p.dst = p.dst[:base]
}

// skipRule reads the rest of a rule that is not written: up to and with its block, or up to and with a semicolon where
// one ends it. inBlock says that a closing brace ends it as well.
func (p *cssParser) skipRule(semicolon, inBlock bool) {
	stop := uint32(1 << tokOpenBrace)
	if semicolon {
		stop |= 1 << tokSemicolon
	}
	if inBlock {
		stop |= 1 << tokCloseBrace
	}
	p.skipTo(len(p.dst), stop)
	switch p.tok.kind {
	case tokSemicolon:
		p.next()
	case tokOpenBrace:
		p.next()
		p.skipTo(len(p.dst), 1<<tokCloseBrace)
		if p.tok.kind == tokCloseBrace {
			p.next()
		}
	}
}

// room tells whether the output is within its limit, leaving space to close the open blocks.
func (p *cssParser) room() bool {
	return len(p.dst)-p.use.base+4*p.use.depth <= p.use.limit
}
