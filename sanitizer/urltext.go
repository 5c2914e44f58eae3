package sanitizer

import (
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// maxURLText is the longest address that is shown, in bytes.
const maxURLText = 2 << 10

// urlSchemes are the schemes that are shown (threat row 3); those with a host take one behind two slashes.
var urlSchemes = []struct {
	name string
	host bool
	port int // the default port, which is not shown
}{
	{"https", true, 443}, {"http", true, 80}, {"mailto", false, 0}, {"tel", false, 0},
}

// AppendURLText appends an address as text for people: read as the URL Standard reads it, without user name, password,
// query and fragment, which carry secrets. It is false for every scheme but http, https, mailto and tel, and for what
// has no host that could be shown in ASCII.
func AppendURLText(dst, url []byte) (out []byte, ok bool) { return appendURL(dst, url, false) }

// appendURL does what AppendURLText does. query says that query and fragment are shown as well.
func appendURL(dst, url []byte, query bool) (out []byte, ok bool) {
	mark := len(dst)
	if len(url) > 8*maxURLText || !utf8.Valid(url) {
		return dst, false
	}
	// The bytes that count are put behind dst first, then the address behind them, and that is moved to its place.
	dst = appendURLBytes(dst, url)
	end := len(dst)
	raw := dst[mark:end]
	for i := range urlSchemes {
		s := &urlSchemes[i]
		if len(raw) <= len(s.name) || raw[len(s.name)] != ':' || !sameName(raw[:len(s.name)], s.name) {
			continue
		}
		rest := raw[len(s.name)+1:]
		dst = append(append(dst, s.name...), ':')
		if s.host {
			dst, rest, ok = appendAuthority(append(dst, "//"...), rest, s.port)
		} else {
			ok = len(rest) > 0
		}
		if !ok {
			break
		}
		head := len(dst)
		dst = appendURLPath(dst, rest, s.host, query)
		// What is shown must name somebody: nothing is left of some, and of others only a query.
		if len(dst) == head || !s.host && (dst[head] == '?' || dst[head] == '#') {
			break
		}
		size := min(len(dst)-end, maxURLText)
		for size > 0 && end+size < len(dst) && !utf8.RuneStart(dst[end+size]) {
			size--
		}
		copy(dst[mark:], dst[end:end+size])
		clear(dst[mark+size:])
		return dst[:mark+size], true
	}
	clear(dst[mark:])
	return dst[:mark], false
}

// appendURLBytes strips what the URL Standard strips before it parses: C0 controls and spaces around, tabs and newlines
// anywhere.
func appendURLBytes(dst, url []byte) []byte {
	for len(url) > 0 && url[0] <= ' ' {
		url = url[1:]
	}
	for len(url) > 0 && url[len(url)-1] <= ' ' {
		url = url[:len(url)-1]
	}
	for _, c := range url {
		if c != '\t' && c != '\n' && c != '\r' {
			dst = append(dst, c)
		}
	}
	return dst
}

func urlSlash(c byte) bool { return c == '/' || c == '\\' }

// appendAuthority writes host and port of what stands behind the scheme, and returns what is left.
func appendAuthority(dst, rest []byte, defaultPort int) (out, left []byte, ok bool) {
	for len(rest) > 0 && urlSlash(rest[0]) {
		rest = rest[1:]
	}
	end := 0
	start := 0
	for end < len(rest) && !urlSlash(rest[end]) && rest[end] != '?' && rest[end] != '#' {
		if rest[end] == '@' {
			start = end + 1 // what stands before is user name and password
		}
		end++
	}
	host := rest[start:end]
	left = rest[end:]
	port := len(host)
	for port > 0 && digit(host[port-1]) {
		port--
	}
	if port > 0 && host[port-1] == ':' {
		number := 0
		for _, c := range host[port:] {
			number = min(number*10+int(c-'0'), 1<<16)
		}
		if number >= 1<<16 {
			return dst, nil, false
		}
		digits := host[port:]
		dst, ok = appendHost(dst, host[:port-1])
		if ok && len(digits) > 0 && number != defaultPort {
			dst = append(append(dst, ':'), digits...)
		}
		return dst, left, ok
	}
	dst, ok = appendHost(dst, host)
	return dst, left, ok
}

// maxHost is the longest host name (RFC 1035 section 2.3.4).
const maxHost = 253

// appendHost writes a host in lower case and ASCII.
func appendHost(dst, host []byte) ([]byte, bool) {
	if len(host) == 0 || len(host) > maxHost {
		return dst, false
	}
	if host[0] == '[' {
		return appendIPv6(dst, host)
	}
	for _, c := range host {
		if c >= utf8.RuneSelf {
			return appendInternational(dst, host)
		}
	}
	for _, c := range host {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if !lower(c) && !digit(c) && c != '.' && c != '-' && c != '_' {
			return dst, false
		}
		dst = append(dst, c)
	}
	return dst, true
}

// appendInternational writes a host that is not ASCII in its ASCII form (UTS 46). Browsers hand out addresses in that form
// already, so this is for other writers, and the one place where bytes of a page become a Go string: package idna
// takes nothing else.
func appendInternational(dst, host []byte) ([]byte, bool) {
	ascii, err := idna.Lookup.ToASCII(string(host))
	if err != nil || len(ascii) == 0 || len(ascii) > maxHost { // nothing is left of a host that cannot be seen
		return dst, false
	}
	return append(dst, ascii...), true
}

func appendIPv6(dst, host []byte) ([]byte, bool) {
	if host[len(host)-1] != ']' || len(host) < 4 || len(host) > 47 {
		return dst, false
	}
	for _, c := range host[1 : len(host)-1] {
		if byteFlags[c]&hexByte == 0 && c != ':' && c != '.' {
			return dst, false
		}
	}
	for _, c := range host {
		if 'A' <= c && c <= 'F' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst, true
}

// appendURLPath writes a path, up to the query or fragment unless that is shown. A space and what stands for one is
// written as %20, so that an address is one word; what hides or reorders text is left out.
func appendURLPath(dst, path []byte, slash, query bool) []byte {
	if slash && (len(path) == 0 || !urlSlash(path[0])) {
		dst = append(dst, '/')
	}
	for i := 0; i < len(path); {
		r, n := utf8.DecodeRune(path[i:])
		i += n
		if r == '?' || r == '#' {
			if !query {
				break
			}
			slash = false // a backslash behind it is one
		}
		switch {
		case r == '\\' && slash:
			dst = append(dst, '/')
		case r == ' ' || r == 0xa0 || r == 0x1680 || 0x2000 <= r && r <= 0x200a || r == 0x202f || r == 0x205f || r == 0x3000:
			dst = append(dst, "%20"...)
		case !control(r) && !deceives(r):
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}
