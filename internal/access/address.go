package access

import (
	"bytes"
	"unsafe"
)

// Address is where a page is: its origin and its address as the sanitizer lets it through.
type Address struct {
	Origin string // of the page as the browser stated it; the page itself has no say in it
	URL    []byte // of the page as it states it; not kept
	Cut    int    // bytes from which on addresses are cut off
}

// readings calls yield with the ways in which the path of an address can be read: as it stands, and decoded. When it cannot
// be read, or is not of the page's origin, known is false.
//
// Policies are worked out on strings. These are views of bytes that are overwritten before readings returns, so that of what
// a page is called nothing stays; yield must not keep them.
func (a Address) readings(yield func(path string, known bool)) {
	raw, ok := a.path()
	if !ok {
		yield("", false)
		return
	}
	plain := append([]byte(nil), raw...)
	defer clear(plain)
	decoded, ok := resolve(plain)
	defer clear(decoded)
	if !ok {
		yield("", false)
		return
	}
	yield(view(plain), true)
	if !bytes.Equal(plain, decoded) {
		yield(view(decoded), true)
	}
}

func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// path is the path of the address.
func (a Address) path() ([]byte, bool) {
	rest, ok := bytes.CutPrefix(a.URL, []byte(a.Origin))
	if !ok || a.Origin == "" || a.Cut > 0 && len(a.URL) >= a.Cut {
		return nil, false
	}
	if i := bytes.IndexAny(rest, "?#"); i >= 0 {
		rest = rest[:i]
	}
	return rest, len(rest) > 0 && rest[0] == '/'
}

// resolve decodes a path once (RFC 3986 section 2.1), takes its dot segments out (section 5.2.4) and makes one slash of
// several. It is false for what no reader agrees on: wrong per cent signs, control characters, backslashes, and what is still
// encoded after that.
func resolve(path []byte) ([]byte, bool) {
	out := make([]byte, 0, len(path))
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c == '%' {
			if i+2 >= len(path) || nibble(path[i+1]) < 0 || nibble(path[i+2]) < 0 {
				return out, false
			}
			c = byte(nibble(path[i+1])<<4 | nibble(path[i+2]))
			i += 2
			if c == '%' {
				return out, false
			}
		}
		if c < ' ' || c == 0x7f || c == '\\' {
			return out, false
		}
		out = append(out, c)
	}
	return segments(out), true
}

// segments takes "." and ".." and empty segments out, in place.
func segments(path []byte) []byte {
	whole := path
	out := path[:0]
	for len(path) > 0 {
		path = path[1:] // the slash
		end := bytes.IndexByte(path, '/')
		last := end < 0
		if last {
			end = len(path)
		}
		segment := path[:end]
		path = path[end:]
		switch {
		case string(segment) == "..":
			out = out[:max(bytes.LastIndexByte(out, '/'), 0)]
		case string(segment) == ".", len(segment) == 0 && !last:
		default:
			out = append(append(out, '/'), segment...)
		}
	}
	if len(out) == 0 {
		out = append(out, '/')
	}
	clear(whole[len(out):])
	return out
}

func nibble(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
