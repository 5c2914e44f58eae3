package sanitizer

// ruleSet says which rules may stand in a place.
type ruleSet uint8

const (
	noRules ruleSet = iota
	topRules
	nestedRules   // in a style rule: relative selectors, at-rules that hold declarations
	keyframeRules // in @keyframes
)

// blockKind says what a block may hold.
type blockKind struct {
	where uint8 // the declarations that are known in it; none when 0
	rules ruleSet
}

var (
	styleBlock    = blockKind{inStyle, nestedRules}
	keyframeBlock = blockKind{inStyle | inKeyframe, noRules}
)

// rule reads the rule at the current token and writes it behind prefix when it is allowed.
func (p *cssParser) rule(prefix string, set ruleSet) bool {
	mark := len(p.dst)
	back := p.cssLexer
	at := p.tok.kind == tokAt
	p.dst = append(p.dst, prefix...)
	var kind blockKind
	known := false
	if !p.use.full && p.use.rules < maxRules && p.use.depth < maxNesting {
		if at {
			kind, known = p.atPrelude(set)
		} else {
			kind, known = p.stylePrelude(set)
		}
	}
	if !known {
		p.dst = p.dst[:mark]
		p.cssLexer = back
		p.skipRule(at || set == nestedRules || set == noRules, p.use.depth > 0)
		return false
	}
	p.use.rules++
	if p.tok.kind == tokOpenBrace {
		p.block(kind)
	} else {
		p.dst = append(p.dst, ';')
		if p.tok.kind == tokSemicolon {
			p.next()
		}
	}
	if !p.room() {
		p.dst = p.dst[:mark]
		p.use.full = true
		return false
	}
	return true
}

// stylePrelude writes what stands before the block of a style rule or a keyframe.
func (p *cssParser) stylePrelude(set ruleSet) (blockKind, bool) {
	if set == keyframeRules {
		return keyframeBlock, p.keyframeSelectors() && p.tok.kind == tokOpenBrace
	}
	if set == noRules || p.looksCustom() {
		return blockKind{}, false
	}
	return styleBlock, p.selectors(set == nestedRules, tokOpenBrace)
}

// looksCustom tells whether a rule starts as a custom property does, which makes it none (CSS Syntax section 5.5.3).
func (p *cssParser) looksCustom() bool {
	if p.tok.kind != tokIdent {
		return false
	}
	if custom, _ := p.customName(); !custom {
		return false
	}
	ahead := p.cssLexer
	ahead.next()
	for ahead.tok.kind == tokSpace {
		ahead.next()
	}
	return ahead.tok.kind == tokColon
}

// block reads the block whose opening brace is current and writes what it may hold.
func (p *cssParser) block(b blockKind) {
	p.use.depth++
	p.next()
	p.dst = append(p.dst, " {"...)
	prefix := " "
	for p.tok.kind != tokEOF && p.tok.kind != tokCloseBrace {
		switch p.tok.kind {
		case tokSpace, tokSemicolon:
			p.next()
			continue
		case tokIdent:
			if b.where != 0 && p.declaration(prefix, b.where) == declDone {
				continue
			}
		}
		if p.rule("\n  ", b.rules) {
			prefix = "\n  "
		}
	}
	if prefix == " " {
		p.dst = append(p.dst, " }"...)
	} else {
		p.dst = append(p.dst, "\n}"...)
	}
	p.use.depth--
	if p.tok.kind == tokCloseBrace {
		p.next()
	}
}

// keyframeSelectors writes a list of from, to, percentages and percentages of a named range.
func (p *cssParser) keyframeSelectors() bool {
	for {
		p.begin()
		p.skipSpace()
		if p.tok.kind == tokIdent {
			edge := p.isName("from") || p.isName("to")
			p.copyToken(&p.cssLexer)
			p.next()
			space := p.tok.kind == tokSpace
			p.skipSpace()
			if !edge && (!space || p.tok.kind != tokPercentage) {
				return false
			}
			p.space = true
			if edge && p.tok.kind == tokPercentage {
				return false
			}
		} else if p.tok.kind != tokPercentage {
			return false
		}
		if p.tok.kind == tokPercentage {
			p.copyToken(&p.cssLexer)
			p.next()
			p.skipSpace()
		}
		if p.tok.kind != tokComma {
			return true
		}
		p.dst = append(p.dst, ", "...)
		p.next()
	}
}

// mediaQueries writes a list of media queries, of which one must hold. One that is not understood never holds (Media
// Queries section 3.2) and is left out; when no other is left, "not all" says so.
func (p *cssParser) mediaQueries() {
	start := len(p.dst)
	bad := false
	for {
		mark := len(p.dst)
		if mark > start {
			p.dst = append(p.dst, ", "...)
		}
		end := p.value(&runMedia)
		if end != valueGood {
			p.dst = p.dst[:mark]
			bad = bad || end != valueEmpty || p.tok.kind == tokComma
		}
		if p.tok.kind != tokComma {
			break
		}
		p.next()
	}
	switch {
	case len(p.dst) > start:
	case bad:
		p.dst = append(p.dst, "not all"...)
	default:
		p.dst = append(p.dst, "all"...)
	}
}
