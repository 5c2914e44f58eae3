package sanitizer

import (
	"encoding/binary"
	"unicode"
	"unicode/utf8"
)

// AppendText appends text of the page: strict UTF-8 without the control characters of C0 and C1, but for tab, line feed
// and carriage return (threat row 27). Bidirectional controls stay, because the page's text needs them. It is false for
// what is not UTF-8.
func AppendText(dst, text []byte) (out []byte, ok bool) {
	mark := len(dst)
	start, i := 0, 0
	for {
		i = plainEnd(text, i)
		if i >= len(text) {
			return append(dst, text[start:]...), true
		}
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			return dst[:mark], false
		}
		if control(r) && r != '\t' && r != '\n' && r != '\r' {
			dst = append(dst, text[start:i]...)
			start = i + n
		}
		i += n
	}
}

// plainEnd returns the first place at i or behind it whose byte is not a printable character of ASCII. Eight bytes are
// looked at together.
func plainEnd(text []byte, i int) int {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(text); i += 8 {
		x := binary.LittleEndian.Uint64(text[i:])
		del := x ^ 0x7f*ones
		if (x|(x-0x20*ones)|(del-ones))&high != 0 {
			break
		}
	}
	for i < len(text) && text[i] >= 0x20 && text[i] < 0x7f {
		i++
	}
	return i
}

// control tells whether r is a control character of C0 or C1, or DEL.
func control(r rune) bool {
	return r < 0x20 || 0x7f <= r && r < 0xa0
}

// maxMarks is how many combining marks in a row a string of the console may hold: more would paint over what is around.
const maxMarks = 4

// AppendChrome appends at most max characters of text for a place where the console shows it beside its own words, such
// as a title or a name (threat row 27). Characters are what people take for one: marks, and what else joins the character
// before it, do not count. What is not UTF-8 and what hides or reorders text is left out; white space becomes single
// spaces.
func AppendChrome(dst, text []byte, max int) []byte {
	start := len(dst)
	count, joined := 0, 0
	last := rune(0) // the character before, which another may join
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		broken := r == utf8.RuneError && n == 1
		i += n
		if r == '\t' || r == '\n' || r == '\r' || unicode.Is(unicode.Zs, r) {
			r = ' '
			if len(dst) == start || dst[len(dst)-1] == ' ' {
				continue
			}
		}
		if broken || control(r) || deceives(r) {
			continue
		}
		if len(dst) > start && joins(last, r) {
			if joined++; joined > maxMarks {
				continue
			}
		} else {
			if count == max {
				break
			}
			count++
			joined = 0
		}
		last = r
		if joined == 1 && regional(r) {
			last = 0 // two make a flag, a third begins another
		}
		dst = utf8.AppendRune(dst, r)
	}
	if len(dst) > start && dst[len(dst)-1] == ' ' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

// joins tells whether r belongs to the character before it (UAX 29 section 3, without what is left out anyhow): a mark, a
// skin tone, the second half of a flag, or a part of a Hangul syllable.
func joins(last, r rune) bool {
	switch {
	case unicode.In(r, unicode.M), 0x1f3fb <= r && r <= 0x1f3ff:
		return true
	case regional(r):
		return regional(last)
	case 0x1160 <= r && r <= 0x11ff:
		return 0x1100 <= last && last <= 0x11ff || 0xac00 <= last && last <= 0xd7a3
	}
	return false
}

func regional(r rune) bool { return 0x1f1e6 <= r && r <= 0x1f1ff }

// hidden are the characters that show nothing themselves, or change the order or the look of what is around them.
var hidden = [][2]rune{
	{0xad, 0xad}, {0x34f, 0x34f}, {0x61c, 0x61c}, {0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f},
	{0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff},
	{0xffa0, 0xffa0}, {0xfff9, 0xfffb}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
}

func deceives(r rune) bool {
	if r < 0xad {
		return false
	}
	for _, h := range hidden {
		if r <= h[1] {
			return r >= h[0]
		}
	}
	return false
}

// maxTokens is the longest list of classes and the like, in bytes.
const maxTokens = 4 << 10

// AppendTokens appends a list of classes or the like. White space becomes spaces, other control characters go. It is
// false for what is not UTF-8 or longer than 4 KiB.
func AppendTokens(dst, list []byte) (out []byte, ok bool) {
	mark := len(dst)
	if len(list) > maxTokens {
		return dst, false
	}
	for i := 0; i < len(list); {
		r, n := utf8.DecodeRune(list[i:])
		if r == utf8.RuneError && n == 1 {
			return dst[:mark], false
		}
		switch {
		case r == '\t' || r == '\n' || r == '\f' || r == '\r':
			dst = append(dst, ' ')
		case !control(r):
			dst = append(dst, list[i:i+n]...)
		}
		i += n
	}
	return dst, true
}

// AppendID appends an id or a reference to one: at most 256 bytes without white space and control characters (threat row
// 16). An empty one is none.
func AppendID(dst, id []byte) (out []byte, ok bool) {
	if len(id) == 0 || len(id) > maxID {
		return dst, false
	}
	for i := 0; i < len(id); {
		r, n := utf8.DecodeRune(id[i:])
		if r == utf8.RuneError && n == 1 || r == ' ' || control(r) {
			return dst, false
		}
		i += n
	}
	return append(dst, id...), true
}
