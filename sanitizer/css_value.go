package sanitizer

// Limits of threat row 24. They are judged on what is written, so that the output of one pass passes the next.
const (
	maxSheet     = 2 << 20 // bytes of a style sheet
	maxRules     = 50_000  // rules of a style sheet
	maxSelectors = 100_000 // complex selectors of a style sheet
	maxSelector  = 1 << 10 // bytes of a complex selector
	maxCompounds = 32      // compound selectors in a complex selector, those in its functions included
	maxNesting   = 32      // blocks in blocks; brackets in brackets
	maxVars      = 16      // var() and the like in one value
	maxCustom    = 4 << 10 // bytes of a custom property
	maxDecls     = 64 << 10
)

// valueRules say what a run of component values may hold. The zero value allows nothing.
type valueRules struct {
	stop      uint32 // kinds that end the run outside brackets
	allow     uint32 // kinds that may stand in it
	functions uint8  // sets of functions that may be called
	delims    uint8  // sets of delimiters that may stand in it
	urls      uint8  // kinds of address
	important bool   // may end with !important
	nested    bool   // an opening brace outside brackets means that this is no value but a nested rule
}

// Sets of delimiters.
const (
	delimsValue     uint8 = 1 << iota // arithmetic and the slash
	delimsCustom                      // whatever cannot build a comment, markup or an at-rule
	delimsCondition                   // comparisons, and what selector() needs
)

// Kinds of address.
const (
	urlAsset    uint8 = 1 << iota // url("asset:1f")
	urlFragment                   // url("#id")
)

var delimSets = [128]uint8{
	'+': delimsValue | delimsCustom | delimsCondition, '-': delimsValue | delimsCustom | delimsCondition,
	'*': delimsValue | delimsCustom | delimsCondition, '/': delimsValue | delimsCustom | delimsCondition,
	'.': delimsCustom | delimsCondition, '>': delimsCustom | delimsCondition, '=': delimsCustom | delimsCondition,
	'|': delimsCustom | delimsCondition, '~': delimsCustom | delimsCondition, '^': delimsCustom | delimsCondition,
	'$': delimsCustom | delimsCondition, '&': delimsCustom | delimsCondition,
	'%': delimsCustom, '?': delimsCustom,
	'<': delimsCondition,
}

const (
	kindsValue = 1<<tokSpace | 1<<tokIdent | 1<<tokFunction | 1<<tokHash | 1<<tokString | 1<<tokURL | 1<<tokDelim |
		1<<tokNumber | 1<<tokPercentage | 1<<tokDimension | 1<<tokComma | 1<<tokOpenSquare | 1<<tokCloseSquare |
		1<<tokOpenParen | 1<<tokCloseParen
	kindsBraces = 1<<tokOpenBrace | 1<<tokCloseBrace
	stopInBlock = 1<<tokSemicolon | 1<<tokCloseBrace
)

// The kinds of run.
var (
	runDecl = valueRules{stop: stopInBlock | 1<<tokOpenBrace, allow: kindsValue, functions: forValue,
		delims: delimsValue, urls: urlAsset | urlFragment, important: true, nested: true}
	runCustom = valueRules{stop: stopInBlock, allow: kindsValue | kindsBraces | 1<<tokColon, functions: forValue,
		delims: delimsCustom, urls: urlAsset | urlFragment, important: true}
	// In a style attribute braces and at-keywords have no place (threat row 26).
	runInline = valueRules{stop: 1 << tokSemicolon, allow: kindsValue, functions: forValue,
		delims: delimsValue, urls: urlAsset | urlFragment, important: true}
	runInlineCustom = valueRules{stop: 1 << tokSemicolon, allow: kindsValue | 1<<tokColon, functions: forValue,
		delims: delimsCustom, urls: urlAsset | urlFragment, important: true}
	runFontFace = valueRules{stop: stopInBlock | 1<<tokOpenBrace, allow: kindsValue, functions: forFontFace,
		delims: delimsValue, urls: urlAsset, nested: true}
	runDescriptor = valueRules{stop: stopInBlock | 1<<tokOpenBrace, allow: kindsValue, functions: forCounter,
		delims: delimsValue, nested: true}
	runProperty = valueRules{stop: stopInBlock | 1<<tokOpenBrace, allow: kindsValue, functions: forValue,
		delims: delimsValue, urls: urlAsset | urlFragment, nested: true}
	runCursor       = valueRules{stop: stopInBlock | 1<<tokOpenBrace, allow: 1<<tokSpace | 1<<tokIdent, important: true, nested: true}
	runInlineCursor = valueRules{stop: 1 << tokSemicolon, allow: 1<<tokSpace | 1<<tokIdent, important: true}
	runAttribute    = valueRules{allow: kindsValue, functions: forValue, delims: delimsValue, urls: urlFragment}
	runColour       = valueRules{allow: kindsValue &^ (1<<tokString | 1<<tokURL | 1<<tokOpenSquare | 1<<tokCloseSquare),
		functions: forColour, delims: delimsValue}
	runMedia = valueRules{stop: 1<<tokComma | 1<<tokSemicolon | 1<<tokOpenBrace | 1<<tokCloseBrace,
		allow: 1<<tokSpace | 1<<tokIdent | 1<<tokFunction | 1<<tokDelim | 1<<tokNumber | 1<<tokPercentage |
			1<<tokDimension | 1<<tokColon | 1<<tokComma | 1<<tokOpenParen | 1<<tokCloseParen,
		functions: forMedia, delims: delimsCondition}
	runSupports = valueRules{stop: 1<<tokSemicolon | 1<<tokOpenBrace | 1<<tokCloseBrace, allow: kindsValue | 1<<tokColon,
		functions: forSupports, delims: delimsCondition, urls: urlAsset | urlFragment}
	runContainer = valueRules{stop: 1<<tokSemicolon | 1<<tokOpenBrace | 1<<tokCloseBrace, allow: kindsValue | 1<<tokColon,
		functions: forContainer, delims: delimsCondition}
)

// valueEnd says how a run ended.
type valueEnd uint8

const (
	valueBad   valueEnd = iota // something in it is not allowed; nothing was written
	valueBrace                 // as valueBad, and it stopped at an opening brace
	valueEmpty                 // it holds nothing
	valueGood
)

// bracket is an open bracket or function.
type bracket struct {
	closer tokenKind
	class  uint8
}

// valueState is where a run stands.
type valueState struct {
	open      [maxNesting]bracket
	depth     int
	images    int // open brackets that are image-set() or lie in one
	vars      int
	important bool
}

// value writes the run of component values at the current token as r allows and leaves the token that ends it current.
func (p *cssParser) value(r *valueRules) valueEnd {
	mark := len(p.dst)
	v := &p.val
	v.depth, v.images, v.vars, v.important = 0, 0, 0, false
	p.begin()
	for {
		k := p.tok.kind
		if v.depth == 0 && r.stop>>k&1 != 0 {
			if k == tokOpenBrace && r.nested {
				p.dst = p.dst[:mark]
				return valueBrace
			}
			break
		}
		if k == tokEOF {
			for v.depth > 0 {
				p.closeBracket()
			}
			break
		}
		if p.isDelim('!') && v.depth == 0 && r.important && p.importantEnd(r) {
			v.important = true
			break
		}
		if !p.valueToken(r) {
			p.dst = p.dst[:mark]
			return p.skipValue(r)
		}
		p.next()
	}
	if len(p.dst) == mark {
		return valueEmpty
	}
	return valueGood
}

// skipValue goes on behind something bad to where the run ends. The brackets open at that point are kept behind the
// output, which has room for any depth.
func (p *cssParser) skipValue(r *valueRules) valueEnd {
	base := len(p.dst)
	for _, b := range p.val.open[:p.val.depth] {
		p.dst = append(p.dst, byte(b.closer))
	}
	p.skipTo(base, r.stop)
	if p.tok.kind == tokOpenBrace && r.nested {
		return valueBrace
	}
	return valueBad
}

// importantEnd reads !important when it ends the run; otherwise nothing is read.
func (p *cssParser) importantEnd(r *valueRules) bool {
	back := p.cssLexer
	p.next()
	p.skipSpace()
	if p.tok.kind == tokIdent && p.isName("important") {
		p.next()
		p.skipSpace()
		if p.tok.kind == tokEOF || r.stop>>p.tok.kind&1 != 0 && p.tok.kind != tokOpenBrace {
			return true
		}
	}
	p.cssLexer = back
	return false
}

// valueToken writes the current token, or is false when it may not stand here.
func (p *cssParser) valueToken(r *valueRules) bool {
	k := p.tok.kind
	if r.allow>>k&1 == 0 {
		return false
	}
	switch k {
	case tokSpace:
		p.space = true
	case tokIdent:
		if p.inside() == funcAttr && p.isName("url") {
			return false
		}
		p.copyToken(&p.cssLexer)
	case tokString:
		if p.val.images > 0 && p.inside() != funcType {
			return false
		}
		p.copyToken(&p.cssLexer)
	case tokHash, tokNumber, tokPercentage, tokDimension:
		p.copyToken(&p.cssLexer)
	case tokComma:
		p.punct(',')
	case tokColon:
		p.punct(':')
	case tokDelim:
		if c := p.tok.delim; c >= 128 || delimSets[c]&r.delims == 0 || c == '/' && p.after == afterDelim {
			return false
		}
		p.delim(p.tok.delim)
	case tokURL:
		return p.address(r)
	case tokFunction:
		return p.function(r)
	case tokOpenParen:
		return p.openBracket('(', tokCloseParen, p.inside())
	case tokOpenSquare:
		return p.openBracket('[', tokCloseSquare, p.inside())
	case tokOpenBrace:
		return p.openBracket('{', tokCloseBrace, p.inside())
	default: // a closing bracket
		if p.val.depth == 0 || p.val.open[p.val.depth-1].closer != k {
			return false
		}
		p.closeBracket()
	}
	return true
}

// inside returns the class of the innermost open function; brackets in a function count as it.
func (p *cssParser) inside() uint8 {
	if p.val.depth == 0 {
		return funcPlain
	}
	return p.val.open[p.val.depth-1].class
}

func (p *cssParser) openBracket(c byte, closer tokenKind, class uint8) bool {
	p.punct(c)
	return p.push(closer, class)
}

func (p *cssParser) push(closer tokenKind, class uint8) bool {
	v := &p.val
	if v.depth == maxNesting {
		return false
	}
	if v.images > 0 || class == funcImage {
		v.images++
	}
	v.open[v.depth] = bracket{closer, class}
	v.depth++
	return true
}

func (p *cssParser) closeBracket() {
	v := &p.val
	v.depth--
	if v.images > 0 {
		v.images--
	}
	c := byte(')')
	switch v.open[v.depth].closer {
	case tokCloseSquare:
		c = ']'
	case tokCloseBrace:
		c = '}'
	}
	p.punct(c)
}

// function writes a function's name and opening bracket when it may be called here.
func (p *cssParser) function(r *valueRules) bool {
	var buf [maxName]byte
	name, ok := p.plainName(buf[:0])
	if !ok {
		return false
	}
	i := functions.find(name)
	if i < 0 || functions.where[i]&r.functions == 0 {
		return false
	}
	class := functions.class[i]
	switch class {
	case funcURL:
		return p.quotedAddress(r)
	case funcSelector:
		return p.selectorCondition()
	case funcVar, funcAttr:
		p.val.vars++
		if p.val.vars > maxVars || p.val.images > 0 {
			return false
		}
	case funcType:
		if p.inside() != funcImage {
			return false
		}
	}
	p.separate(functions.names[i][0])
	p.dst = append(p.dst, functions.names[i]...)
	p.dst = append(p.dst, '(')
	p.after = afterSafe
	return p.push(tokCloseParen, class)
}
