package sanitizer

// maxAsset is the highest asset number; TypeScript holds numbers up to it exactly.
const maxAsset = 1<<53 - 1

// maxID is the longest id, in bytes.
const maxID = 256

// quotedAddress writes url("...") whose function token is current, and leaves its closing bracket current. When it may
// not stand here, the function token stays current.
func (p *cssParser) quotedAddress(r *valueRules) bool {
	back := p.cssLexer
	p.next()
	p.skipSpace()
	address := p.tok
	p.next()
	p.skipSpace()
	// The end of the input closes what is open. Behind the string only url modifiers could stand, and none is needed.
	closed := p.tok.kind == tokCloseParen || p.tok.kind == tokEOF
	if address.kind == tokString && closed && p.writeAddress(r, &address) {
		return true
	}
	p.cssLexer = back
	return false
}

// address writes an unquoted url(), whose token is current.
func (p *cssParser) address(r *valueRules) bool {
	return p.writeAddress(r, &p.tok)
}

// writeAddress writes the address in t as url("asset:1f") or url("#id"); nothing else passes (threat rows 10 and 19).
func (p *cssParser) writeAddress(r *valueRules, t *cssToken) bool {
	span := p.src[t.start:t.end]
	var buf [maxID]byte
	if t.flag&flagSlow != 0 {
		plain, ok := decodeSpan(buf[:0], span)
		if !ok {
			return false
		}
		span = plain
	}
	asset := validAsset(span) && r.urls&urlAsset != 0
	fragment := validFragment(span) && r.urls&urlFragment != 0
	if !asset && !fragment {
		return false
	}
	p.separate('u')
	p.dst = append(p.dst, `url("`...)
	p.dst = append(p.dst, span...)
	p.dst = append(p.dst, `")`...)
	p.after = afterSafe
	return true
}

// decodeSpan decodes the escapes of a string or url into buf, or is false when they do not fit or are not ASCII.
func decodeSpan(buf, span []byte) ([]byte, bool) {
	for i := 0; i < len(span); {
		r, next, skip := spanRune(span, i, true)
		i = next
		if skip {
			continue
		}
		if r >= 0x80 || len(buf) == cap(buf) {
			return nil, false
		}
		buf = append(buf, byte(r))
	}
	return buf, true
}

// validAsset tells whether s is asset: and a number in lower-case hexadecimal digits without leading zero.
func validAsset(s []byte) bool {
	const scheme = "asset:"
	if len(s) <= len(scheme) || len(s) > len(scheme)+14 || !startsWith(s, scheme) {
		return false
	}
	v := uint64(0)
	for i, c := range s[len(scheme):] {
		if byteFlags[c]&hexByte == 0 || 'A' <= c && c <= 'F' || i == 0 && c == '0' {
			return false
		}
		v = v<<4 | uint64(hexValue(c))
	}
	return v <= maxAsset
}

// startsWith tells whether b starts with prefix.
func startsWith(b []byte, prefix string) bool {
	if len(b) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if b[i] != prefix[i] {
			return false
		}
	}
	return true
}

// validFragment tells whether s is # and an id that needs no escape in a string.
func validFragment(s []byte) bool {
	if len(s) < 2 || len(s) > maxID || s[0] != '#' {
		return false
	}
	for _, c := range s[1:] {
		if c <= ' ' || byteFlags[c]&stringSlow != 0 {
			return false
		}
	}
	return true
}

// AssetIn finds the next reference to an asset in CSS that this package wrote: its number, and where the digits stand.
// It is false when there is none at from or behind it.
func AssetIn(css []byte, from int) (id uint64, start, end int, ok bool) {
	const open = `url("asset:`
	for i := from; i+len(open) < len(css); i++ {
		if css[i] != 'u' || !startsWith(css[i:], open) {
			continue
		}
		start = i + len(open)
		for end = start; end < len(css) && css[end] != '"'; end++ {
			id = id<<4 | uint64(hexValue(css[end]))
		}
		return id, start, end, true
	}
	return 0, 0, 0, false
}
