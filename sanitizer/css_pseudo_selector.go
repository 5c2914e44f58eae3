package sanitizer

import "strings"

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
	if p.stateAttribute(t.use[i], t.names[i]) {
		return true
	}
	if t.use[i] == pseudoNamed && !p.use.element {
		return p.ownState()
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
	// The argument of ::slotted() is about an element of the page, that of ::before:is() about the pseudo-element.
	behind := p.use.behind
	p.use.behind = p.use.element && !element
	ok = p.pseudoArgument(t.arg[i]) && p.tok.kind == tokCloseParen
	p.use.behind = behind
	if !ok {
		return false
	}
	p.dst = append(p.dst, ')')
	p.next()
	return true
}

// stateAttribute writes the attribute that stands for a pseudo-class, if one does; behind a pseudo-element none can stand.
func (p *cssParser) stateAttribute(use uint8, name string) bool {
	switch {
	case p.use.element:
		return false
	case use == pseudoState:
		p.dst = append(p.dst, "[vitrine-"...)
		p.dst = append(p.dst, name...)
		p.dst = append(p.dst, ']')
		return true
	case use == pseudoAbsent:
		p.dst = append(p.dst, ":not([vitrine-undefined])"...)
		return true
	}
	return false
}

// ownState writes the attribute that stands for :state(), whose argument is current: one name (HTML, section 4.13.7.5).
func (p *cssParser) ownState() bool {
	p.skipSpace()
	if p.tok.kind != tokIdent {
		return false
	}
	p.dst = append(p.dst, "[vitrine-states~="...)
	p.dst = appendString(p.dst, p.src[p.tok.start:p.tok.end], p.tok.flag)
	p.next()
	p.skipSpace()
	if p.tok.kind != tokCloseParen {
		return false
	}
	p.dst = append(p.dst, ']')
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

// pseudoArgument reads an argument up to its closing bracket, which the caller holds to be current.
func (p *cssParser) pseudoArgument(arg uint8) bool {
	switch arg {
	case argList, argForgiving:
		return p.innerSelectors(false, arg == argForgiving)
	case argRelative:
		return p.innerSelectors(true, false)
	case argNth:
		return p.nth()
	default:
		return p.words()
	}
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
func (p *cssParser) nth() bool {
	mark := len(p.dst)
	p.begin()
	p.skipSpace()
	for {
		switch p.tok.kind {
		case tokSpace:
			p.space = true
		case tokNumber, tokDimension:
			p.copyToken(&p.cssLexer)
		case tokDelim:
			p.delim(p.tok.delim)
		case tokIdent:
			if p.isName("of") {
				if !anPlusB(p.dst[mark:]) {
					return false
				}
				p.dst = append(p.dst, " of "...)
				p.next()
				return p.innerSelectors(false, false)
			}
			p.copyToken(&p.cssLexer)
		default:
			return anPlusB(p.dst[mark:])
		}
		p.next()
	}
}

// anPlusB tells whether s, which has single spaces and none at its ends, is odd, even, an integer, or a step with or
// without an offset. A comment between its parts spoils it.
func anPlusB(s []byte) bool {
	if sameName(s, "odd") || sameName(s, "even") {
		return true
	}
	number := func() bool {
		n := len(s)
		s = s[digits(s, 0):]
		return len(s) < n
	}
	skip := func(set string) bool {
		if len(s) == 0 || strings.IndexByte(set, s[0]) < 0 {
			return false
		}
		s = s[1:]
		return true
	}
	skip("+-")
	if number() && len(s) == 0 {
		return true
	}
	if !skip("nN") {
		return false
	}
	if len(s) == 0 {
		return true
	}
	skip(" ")
	signed := skip("+-")
	skip(" ")
	return signed && number() && len(s) == 0
}
