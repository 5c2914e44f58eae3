package sanitizer

// pseudo reads a pseudo-class or pseudo-element, whose first colon is current.
func (p *cssParser) pseudo() bool {
	p.next()
	element := p.tok.kind == tokColon
	if element {
		p.next()
	}
	tables := &classTables
	if element {
		tables = &elementTables
	}
	call := 0
	switch p.tok.kind {
	case tokIdent:
	case tokFunction:
		call = 1
	default:
		return false
	}
	var buf [maxName]byte
	name, ok := p.plainName(buf[:0])
	if !ok {
		return false
	}
	t := &tables[call]
	i := t.find(name)
	if i < 0 {
		return element && call == 0 && p.webkitElement(name)
	}
	p.next()
	// The attribute stands for the pseudo-class, except behind a pseudo-element, where no attribute can stand.
	if t.use[i] == pseudoState && !p.use.element {
		p.dst = append(p.dst, "[vitrine-"...)
		p.dst = append(p.dst, t.names[i]...)
		p.dst = append(p.dst, ']')
		return true
	}
	if element || t.use[i] == pseudoDouble {
		p.use.element = true
		p.dst = append(p.dst, ':')
	}
	p.dst = append(p.dst, ':')
	p.dst = append(p.dst, t.names[i]...)
	if call == 0 {
		return true
	}
	p.dst = append(p.dst, '(')
	if !p.pseudoArgument(t.arg[i]) || p.tok.kind != tokCloseParen {
		return false
	}
	p.dst = append(p.dst, ')')
	p.next()
	return true
}

// webkitElement writes a pseudo-element that starts with -webkit-, whose name is current.
func (p *cssParser) webkitElement(name []byte) bool {
	const prefix = "-webkit-"
	if len(name) <= len(prefix) || !sameName(name[:len(prefix)], prefix) {
		return false
	}
	p.dst = append(p.dst, "::"...)
	for _, c := range name {
		if c != '-' && !lower(c|0x20) {
			return false
		}
		p.dst = append(p.dst, c|0x20)
	}
	p.use.element = true
	p.next()
	return true
}

// pseudoArgument reads an argument up to its closing bracket.
func (p *cssParser) pseudoArgument(arg uint8) bool {
	switch arg {
	case argList:
		return p.innerSelectors(false)
	case argRelative:
		return p.innerSelectors(true)
	case argNth:
		return p.nth()
	case argWords:
		return p.words()
	}
	return false
}

// words reads identifiers and strings with commas or spaces between them.
func (p *cssParser) words() bool {
	p.begin()
	p.skipSpace()
	any := false
	for {
		switch p.tok.kind {
		case tokSpace:
			p.space = true
		case tokComma:
			p.space = false
			p.punct(',')
			p.space = true
		case tokIdent, tokString, tokNumber:
			p.copyToken(&p.cssLexer)
			any = true
		case tokDelim:
			if p.tok.delim != '*' {
				return false
			}
			p.delim('*')
			any = true
		case tokCloseParen:
			p.space = false
			return any
		default:
			return false
		}
		p.next()
	}
}

// nth reads the an+b of CSS Syntax section 6, whose tokens may be cut in many ways, and "of" with a list of selectors.
// A browser judges the exact form again; here it matters that nothing else gets through.
func (p *cssParser) nth() bool {
	p.begin()
	p.skipSpace()
	any := false
	for {
		switch p.tok.kind {
		case tokSpace:
			p.space = true
		case tokNumber:
			p.copyToken(&p.cssLexer)
		case tokDelim:
			if p.tok.delim != '+' && p.tok.delim != '-' {
				return false
			}
			p.delim(p.tok.delim)
		case tokIdent:
			if any && p.isName("of") {
				p.dst = append(p.dst, " of "...)
				p.next()
				return p.innerSelectors(false)
			}
			if !nthName(p.src[p.tok.start:p.tok.end]) {
				return false
			}
			p.copyToken(&p.cssLexer)
		case tokDimension:
			if !nthName(p.src[p.tok.unit:p.tok.end]) {
				return false
			}
			p.copyToken(&p.cssLexer)
		case tokCloseParen:
			p.space = false
			return any
		default:
			return false
		}
		any = any || p.tok.kind != tokSpace
		p.next()
	}
}

// nthName tells whether an identifier or unit can be part of an+b: odd, even, or n with hyphens and digits around it.
func nthName(name []byte) bool {
	if sameName(name, "odd") || sameName(name, "even") {
		return true
	}
	if len(name) > 0 && name[0] == '-' {
		name = name[1:]
	}
	if len(name) == 0 || name[0]|0x20 != 'n' {
		return false
	}
	for i, c := range name[1:] {
		if c != '-' && byteFlags[c]&numberByte == 0 || c == '-' && i > 0 {
			return false
		}
	}
	return true
}
