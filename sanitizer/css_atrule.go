package sanitizer

// atKind is an at-rule that is kept.
type atKind uint8

const (
	atMedia atKind = iota
	atSupports
	atContainer
	atLayer
	atScope
	atStartingStyle
	atKeyframes
	atFontFace
	atProperty
	atCounterStyle
)

type atEntry struct {
	name   string
	kind   atKind
	nested bool // may stand in a style rule
}

// atRules are the at-rules that are kept.
//
// Considered and left out: import (loads, threat row 19), namespace (changes what selectors mean), charset (frames are
// UTF-8), page and its margins (nobody prints the stage), document (an old condition on addresses), view-transition (the
// stage does not navigate), font-palette-values and font-feature-values (rare; fonts look alike without), function and
// mixin (whole values behind a name), position-try (a second set of declarations behind a name).
var atRules = []atEntry{
	{"media", atMedia, true},
	{"supports", atSupports, true},
	{"container", atContainer, true},
	{"layer", atLayer, true},
	{"scope", atScope, true},
	{"starting-style", atStartingStyle, true},
	{"keyframes", atKeyframes, false},
	{"-webkit-keyframes", atKeyframes, false},
	{"font-face", atFontFace, false},
	{"property", atProperty, false},
	{"counter-style", atCounterStyle, false},
}

var atNames = newNameTable(atRuleNames())

func atRuleNames() []string {
	names := make([]string, len(atRules))
	for i, e := range atRules {
		names[i] = e.name
	}
	return names
}

// atPrelude writes an at-rule up to its block or semicolon, which is then current.
func (p *cssParser) atPrelude(set ruleSet) (blockKind, bool) {
	var buf [maxName]byte
	name, ok := p.plainName(buf[:0])
	if !ok || set == keyframeRules || set == noRules {
		return blockKind{}, false
	}
	i := atNames.find(name)
	if i < 0 || set == nestedRules && !atRules[i].nested {
		return blockKind{}, false
	}
	p.dst = append(p.dst, '@')
	p.dst = append(p.dst, atRules[i].name...)
	p.next()
	p.skipSpace()
	group := blockKind{0, topRules}
	if set == nestedRules {
		group = styleBlock
	}
	kind := group
	switch atRules[i].kind {
	case atMedia:
		p.dst = append(p.dst, ' ')
		p.mediaQueries()
	case atSupports:
		p.dst = append(p.dst, ' ')
		ok = p.value(&runSupports) == valueGood
	case atContainer:
		p.dst = append(p.dst, ' ')
		ok = p.value(&runContainer) == valueGood
	case atLayer:
		return group, p.layerNames()
	case atScope:
		kind = styleBlock
		ok = p.scopeLimits()
	case atKeyframes:
		kind = blockKind{0, keyframeRules}
		ok = p.ruleName(true)
	case atFontFace:
		kind = blockKind{inFontFace, noRules}
	case atProperty:
		kind = blockKind{inProperty, noRules}
		custom, lone := p.customName()
		ok = custom && !lone && p.ruleName(false)
	case atCounterStyle:
		kind = blockKind{inCounter, noRules}
		ok = p.ruleName(false)
	}
	return kind, ok && p.tok.kind == tokOpenBrace
}

// ruleName writes the name that an at-rule defines.
func (p *cssParser) ruleName(quoted bool) bool {
	if p.tok.kind != tokIdent && (!quoted || p.tok.kind != tokString) {
		return false
	}
	p.dst = append(p.dst, ' ')
	p.begin()
	p.copyToken(&p.cssLexer)
	p.next()
	p.skipSpace()
	return true
}

// layerNames writes the names of @layer: any number before a semicolon, one or none before a block.
func (p *cssParser) layerNames() bool {
	names := 0
	for p.tok.kind == tokIdent {
		if names > 0 {
			p.dst = append(p.dst, ',')
		}
		p.dst = append(p.dst, ' ')
		names++
		if !p.layerName() {
			return false
		}
		p.skipSpace()
		if p.tok.kind != tokComma {
			break
		}
		p.next()
		p.skipSpace()
		if p.tok.kind != tokIdent {
			return false
		}
	}
	switch p.tok.kind {
	case tokOpenBrace:
		return names <= 1
	case tokSemicolon, tokEOF, tokCloseBrace:
		return names > 0 && (p.tok.kind != tokCloseBrace || p.use.depth > 0)
	}
	return false
}

// layerName writes one name such as base.buttons.
func (p *cssParser) layerName() bool {
	for {
		p.begin()
		p.copyToken(&p.cssLexer)
		p.next()
		if !p.isDelim('.') {
			return true
		}
		p.next()
		if p.tok.kind != tokIdent {
			return false
		}
		p.dst = append(p.dst, '.')
	}
}

// scopeLimits writes the root and the lower limit of @scope, either of which may be missing.
func (p *cssParser) scopeLimits() bool {
	if p.tok.kind == tokOpenParen && !p.scopeLimit() {
		return false
	}
	if p.tok.kind == tokIdent && p.isName("to") {
		p.dst = append(p.dst, " to"...)
		p.next()
		p.skipSpace()
		return p.tok.kind == tokOpenParen && p.scopeLimit()
	}
	return true
}

func (p *cssParser) scopeLimit() bool {
	p.dst = append(p.dst, " ("...)
	p.next()
	if !p.selectors(true, tokCloseParen) {
		return false
	}
	p.dst = append(p.dst, ')')
	p.next()
	p.skipSpace()
	return true
}
