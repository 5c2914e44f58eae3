package sanitizer

// selectors reads a list of complex selectors (Selectors Level 4) up to the kind end, which is then current, and writes
// it. One selector that is not understood spoils the list, as it does in a browser. relative says that a selector may
// start with a combinator.
func (p *cssParser) selectors(relative bool, end tokenKind) bool {
	for {
		p.use.selectors++
		p.use.compounds = 0
		mark := len(p.dst)
		if p.use.selectors > maxSelectors || !p.complexSelector(relative, end) || len(p.dst)-mark > maxSelector {
			return false
		}
		if p.tok.kind == end {
			return true
		}
		p.dst = append(p.dst, ", "...)
		p.next()
	}
}

// innerSelectors is selectors for an argument; it counts towards the complex selector around it. In a forgiving list a
// selector that is not understood is left out alone, and nothing may be left (Selectors Level 4 section 18.1); one that
// is over a limit spoils the rule all the same. Arguments in arguments are bounded by their compound selectors.
func (p *cssParser) innerSelectors(relative, forgiving bool) bool {
	element, start := p.use.element, len(p.dst)
	for {
		mark, back := len(p.dst), p.cssLexer
		if mark > start {
			p.dst = append(p.dst, ", "...)
		}
		if !p.complexSelector(relative, tokCloseParen) {
			if !forgiving || p.use.compounds > maxCompounds {
				return false
			}
			p.dst, p.cssLexer = p.dst[:mark], back
			p.skipTo(mark, 1<<tokComma|1<<tokCloseParen)
		}
		if p.tok.kind != tokComma {
			break
		}
		p.next()
	}
	p.use.element = element
	return p.tok.kind == tokCloseParen
}

// selectorCondition writes selector() of @supports, whose function token is current, and leaves its closing bracket
// current. When it may not stand here, the function token stays current.
func (p *cssParser) selectorCondition() bool {
	back := p.cssLexer
	p.separate('s')
	p.dst = append(p.dst, "selector("...)
	p.next()
	mark := len(p.dst)
	p.use.compounds = 0
	if !p.complexSelector(false, tokCloseParen) || p.tok.kind != tokCloseParen || len(p.dst)-mark > maxSelector {
		p.cssLexer = back
		return false
	}
	p.dst = append(p.dst, ')')
	p.after, p.space = afterSafe, false
	return true
}

// complexSelector reads compound selectors and combinators up to a comma or the kind end.
func (p *cssParser) complexSelector(relative bool, end tokenKind) bool {
	first := true
	for {
		space := p.tok.kind == tokSpace
		p.skipSpace()
		c := byte(0)
		if p.isDelim('>') || p.isDelim('+') || p.isDelim('~') {
			c = p.tok.delim
			p.next()
			p.skipSpace()
		}
		atEnd := p.tok.kind == end || p.tok.kind == tokComma
		switch {
		case atEnd:
			return !first && c == 0
		case first && c != 0:
			if !relative {
				return false
			}
			p.dst = append(p.dst, c, ' ')
		case !first && c != 0:
			p.dst = append(p.dst, ' ', c, ' ')
		case !first && !space:
			return false
		case !first:
			p.dst = append(p.dst, ' ')
		}
		first = false
		p.use.compounds++
		if p.use.compounds > maxCompounds || !p.compound() {
			return false
		}
	}
}

// compound reads a compound selector: at least one simple selector.
func (p *cssParser) compound() bool {
	p.use.element = p.use.behind
	start := p.pos
	if !p.typeSelector() {
		return false
	}
	any := p.pos != start
	for {
		switch p.tok.kind {
		case tokHash:
			if p.tok.flag&flagID == 0 {
				return false
			}
			p.begin()
			p.copyToken(&p.cssLexer)
			p.next()
		case tokDelim:
			switch p.tok.delim {
			case '.':
				if !p.classSelector() {
					return false
				}
			case '&':
				p.dst = append(p.dst, '&')
				p.next()
			default:
				return any
			}
		case tokOpenSquare:
			if !p.attributeSelector() {
				return false
			}
		case tokColon:
			if !p.pseudo() {
				return false
			}
		default:
			return any
		}
		any = true
	}
}

func (p *cssParser) classSelector() bool {
	p.next()
	if p.tok.kind != tokIdent {
		return false
	}
	p.dst = append(p.dst, '.')
	p.begin()
	p.copyToken(&p.cssLexer)
	p.next()
	return true
}

// typeSelector reads a type selector when there is one. A namespace may be any or none: names of namespaces need an
// at-rule that is dropped. It is false for what starts like one and is none.
func (p *cssParser) typeSelector() bool {
	star := p.isDelim('*')
	bar := p.isDelim('|')
	if p.tok.kind != tokIdent && !star && !bar {
		return true
	}
	if p.tok.kind == tokIdent {
		p.begin()
		p.copyToken(&p.cssLexer)
		p.next()
		return !p.isDelim('|')
	}
	p.dst = append(p.dst, p.tok.delim)
	p.next()
	if star {
		if !p.isDelim('|') {
			return true
		}
		p.dst = append(p.dst, '|')
		p.next()
	}
	if p.isDelim('*') {
		p.dst = append(p.dst, '*')
		p.next()
		return true
	}
	if p.tok.kind != tokIdent {
		return false
	}
	p.begin()
	p.copyToken(&p.cssLexer)
	p.next()
	return true
}

// attributeSelector reads [name], [name=value] and their like. The value is written as a string.
func (p *cssParser) attributeSelector() bool {
	p.dst = append(p.dst, '[')
	p.next()
	p.skipSpace()
	start := len(p.dst)
	if p.tok.kind == tokIdent {
		p.begin()
		p.copyToken(&p.cssLexer)
		p.next()
	} else if !p.typeSelector() || p.dst[len(p.dst)-1] == '*' || len(p.dst) == start {
		return false
	}
	p.skipSpace()
	if p.tok.kind == tokDelim && !p.attributeMatch() {
		return false
	}
	if p.tok.kind != tokCloseSquare {
		return false
	}
	p.dst = append(p.dst, ']')
	p.next()
	return true
}

// attributeMatch reads the operator, the value and the flag of an attribute selector.
func (p *cssParser) attributeMatch() bool {
	switch c := p.tok.delim; c {
	case '~', '|', '^', '$', '*':
		p.dst = append(p.dst, c)
		p.next()
		if !p.isDelim('=') {
			return false
		}
	case '=':
	default:
		return false
	}
	p.dst = append(p.dst, '=')
	p.next()
	p.skipSpace()
	if p.tok.kind != tokIdent && p.tok.kind != tokString {
		return false
	}
	p.dst = appendString(p.dst, p.src[p.tok.start:p.tok.end], p.tok.flag)
	p.next()
	p.skipSpace()
	if p.tok.kind == tokIdent {
		switch {
		case p.isName("i"):
			p.dst = append(p.dst, " i"...)
		case p.isName("s"):
			p.dst = append(p.dst, " s"...)
		default:
			return false
		}
		p.next()
		p.skipSpace()
	}
	return true
}
