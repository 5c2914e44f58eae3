package sanitizer

// inAttribute says that a declaration stands in a style attribute, besides the sets that say where it is known.
const inAttribute uint8 = 1 << 7

// inKeyframe says that a declaration stands in a keyframe, where nothing is important (CSS Animations section 3).
const inKeyframe uint8 = 1 << 6

// declEnd says how reading a declaration ended.
type declEnd uint8

const (
	declDone declEnd = iota // written or left out; what ends it is current
	declRule                // this is no declaration: the first token is current again
)

// declaration reads the declaration at the current identifier and writes it behind prefix when it is allowed there.
func (p *cssParser) declaration(prefix string, where uint8) declEnd {
	back := p.cssLexer
	name := p.tok
	custom, lone := p.customName()
	p.next()
	p.skipSpace()
	if p.tok.kind != tokColon {
		p.cssLexer = back
		return declRule
	}
	mark := len(p.dst)
	index := -1
	judge := judgeValue
	rules := p.declRules(where, custom)
	known := custom && !lone && where&inStyle != 0
	if !custom {
		if index = p.propertyAt(&name); index >= 0 {
			known = properties.where[index]&where&^(inAttribute|inKeyframe) != 0
			judge = properties.judge[index]
		}
	}
	if !known {
		p.next()
		p.val.depth = 0
		if p.skipValue(rules) == valueBrace {
			p.cssLexer = back
			return declRule
		}
		return declDone
	}
	p.dst = append(p.dst, prefix...)
	if custom {
		p.begin()
		p.ident(p.src[name.start:name.end], name.flag)
	} else {
		p.dst = append(p.dst, properties.names[index]...)
	}
	p.dst = append(p.dst, ": "...)
	end := p.judged(rules, judge, where)
	if end == valueBrace {
		p.dst = p.dst[:mark]
		p.cssLexer = back
		return declRule
	}
	if p.val.important {
		p.dst = append(p.dst, " !important"...)
	}
	p.dst = append(p.dst, ';')
	big := custom && len(p.dst)-mark > maxCustom
	if end == valueBad || end == valueEmpty && !custom || big || !p.room() || p.val.important && where&inKeyframe != 0 {
		p.dst = p.dst[:mark]
	}
	return declDone
}

// judged reads a value behind the colon that is current.
func (p *cssParser) judged(rules *valueRules, judge, where uint8) valueEnd {
	switch judge {
	case judgeUnicode:
		p.val.important = false
		return p.unicodeRange()
	case judgeCursor:
		p.next()
		return p.cursor(where)
	}
	p.next()
	return p.value(rules)
}

// declRules picks the rules for a value.
func (p *cssParser) declRules(where uint8, custom bool) *valueRules {
	switch {
	case where&inAttribute != 0 && custom:
		return &runInlineCustom
	case where&inAttribute != 0:
		return &runInline
	case where&inFontFace != 0:
		return &runFontFace
	case where&inCounter != 0:
		return &runDescriptor
	case where&inProperty != 0:
		return &runProperty
	case custom:
		return &runCustom
	}
	return &runDecl
}

// customName tells whether the current identifier names a custom property; lone is the bare -- that CSS reserves.
func (p *cssParser) customName() (custom, lone bool) {
	span := p.src[p.tok.start:p.tok.end]
	if p.tok.flag&flagSlow == 0 {
		return len(span) >= 2 && span[0] == '-' && span[1] == '-', len(span) == 2
	}
	hyphens := 0
	for i := 0; i < len(span); {
		var r rune
		r, i, _ = spanRune(span, i, false)
		if hyphens < 2 && r != '-' {
			return false, false
		}
		if hyphens == 2 {
			return true, false
		}
		hyphens++
	}
	return hyphens == 2, true
}

// propertyAt looks up the name in t.
func (p *cssParser) propertyAt(t *cssToken) int {
	var buf [maxName]byte
	name, ok := p.plain(t, buf[:0])
	if !ok {
		return -1
	}
	return properties.find(name)
}

// cursor reads the value of cursor: one keyword that shows a pointer (threat row 25). var() could bring none or url().
func (p *cssParser) cursor(where uint8) valueEnd {
	mark := len(p.dst)
	rules := &runCursor
	if where&inAttribute != 0 {
		rules = &runInlineCursor
	}
	end := p.value(rules)
	if end != valueGood {
		return end
	}
	word := p.dst[mark:]
	bad := sameName(word, "none")
	for _, c := range word {
		bad = bad || byteFlags[c]&nameByte == 0
	}
	if bad {
		p.dst = p.dst[:mark]
		return valueBad
	}
	return valueGood
}

// unicodeRange reads the value of unicode-range, behind the colon that is current. CSS Syntax section 7 reads it from the
// characters of the declaration, because its tokens would come apart otherwise.
func (p *cssParser) unicodeRange() valueEnd {
	mark := len(p.dst)
	i := p.pos
	for {
		for i < len(p.src) && byteClass[p.src[i]] == byteSpace {
			i++
		}
		n := rangeEnd(p.src, i)
		if n < 0 {
			break
		}
		p.dst = append(p.dst, "U+"...)
		p.dst = append(p.dst, p.src[i+2:n]...)
		for i = n; i < len(p.src) && byteClass[p.src[i]] == byteSpace; {
			i++
		}
		if i < len(p.src) && p.src[i] == ',' {
			p.dst = append(p.dst, ", "...)
			i++
			continue
		}
		p.pos = i
		p.next()
		if k := p.tok.kind; k == tokEOF || stopInBlock>>k&1 != 0 {
			return valueGood
		}
		break
	}
	p.dst = p.dst[:mark]
	p.val.depth = 0
	return p.skipValue(&runDescriptor)
}

// rangeEnd returns the end of one range such as U+0025-00FF or u+4?? at i, or -1. What does not belong to it follows.
func rangeEnd(src []byte, i int) int {
	if i+2 >= len(src) || src[i]|0x20 != 'u' || src[i+1] != '+' {
		return -1
	}
	start := i + 2
	n := start
	for n < len(src) && n-start < 6 && byteFlags[src[n]]&hexByte != 0 {
		n++
	}
	digits := n
	for n < len(src) && n-start < 6 && src[n] == '?' {
		n++
	}
	if n == start {
		return -1
	}
	if n == digits && n < len(src) && src[n] == '-' {
		second := n + 1
		n = second
		for n < len(src) && n-second < 6 && byteFlags[src[n]]&hexByte != 0 {
			n++
		}
		if n == second {
			return -1
		}
	}
	return n
}
