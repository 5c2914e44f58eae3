package sanitizer

import (
	"bytes"

	"vitrine/internal/wire"
)

// strID names a string of a page. 0 is none.
type strID uint32

// str is one string: its place in the slab, how often it is used, and its entry in the string table counted from 1.
type str struct {
	off, size uint32
	refs      uint32
	entry     uint32
	role      wire.Role
	fits      fits
}

const strBytes = 20

// fits are the places that a name fits into, and what CSS holds; judged once, when the string comes.
type fits uint8

const (
	fitsElement fits = 1 << iota // a custom element
	fitsData                     // behind data-
	fitsAria                     // behind aria-
	fitsRefers                   // CSS that names an element
)

func fitsOf(name []byte) (f fits) {
	if ValidCustomElement(name) {
		f |= fitsElement
	}
	if ValidDataName(name) {
		f |= fitsData
	}
	if ValidAriaName(name) {
		f |= fitsAria
	}
	return f
}

// stringStore keeps the strings of a page in one slab. Freed strings are overwritten at once; the slab is compacted when
// half of it is free.
type stringStore struct {
	slab    []byte
	list    []str
	free    []strID
	garbage int
	scratch []byte // where a string is rewritten before it moves to the slab
	values  values // what the session's policy asks of texts
}

func (s *stringStore) bytes(id strID) []byte {
	e := &s.list[id]
	return s.slab[e.off : e.off+e.size : e.off+e.size]
}

// add stores text, which must not be a part of the slab. The string has one use.
func (s *stringStore) add(role wire.Role, entry uint32, text []byte) strID {
	off := len(s.slab)
	if off+len(text) > cap(s.slab) {
		s.grow(len(text))
	}
	s.slab = append(s.slab, text...)
	id := len(s.list)
	if n := len(s.free); n > 0 {
		id = int(s.free[n-1])
		s.free = s.free[:n-1]
	} else {
		s.list = append(s.list, str{})
	}
	// Field by field: a whole one would be put together elsewhere first.
	e := &s.list[id]
	e.off, e.size, e.refs, e.entry, e.role = uint32(off), uint32(len(text)), 1, entry, role
	switch role {
	case wire.RoleName:
		e.fits = fitsOf(text)
	case wire.RoleDecls, wire.RoleCSSValue:
		if bytes.Contains(text, openURL) {
			e.fits = fitsRefers
		}
	}
	return strID(id)
}

// grow makes room for n bytes more and overwrites what it leaves.
func (s *stringStore) grow(n int) {
	next := make([]byte, len(s.slab), max(2*cap(s.slab), len(s.slab)+n, 4096))
	copy(next, s.slab)
	clear(s.slab[:cap(s.slab)])
	s.slab = next
}

// release gives one use back and frees the string after the last.
func (s *stringStore) release(id strID) {
	e := &s.list[id]
	if e.refs > 1 {
		e.refs--
		return
	}
	s.drop(id)
}

// drop frees a string that nobody uses.
func (s *stringStore) drop(id strID) {
	clear(s.bytes(id))
	s.garbage += int(s.list[id].size)
	s.list[id] = str{}
	s.free = append(s.free, id)
}

// tidy compacts the slab when that is worth it. Places of strings change; slices of them do not survive it.
func (s *stringStore) tidy() {
	if s.garbage < 1<<18 || 2*s.garbage < len(s.slab) {
		return
	}
	next := make([]byte, 0, (len(s.slab)-s.garbage)*5/4)
	for i := range s.list {
		// Those that are free or empty move as well: a place behind the slab's end could not be read.
		e := &s.list[i]
		at := uint32(len(next))
		next = append(next, s.slab[e.off:e.off+e.size]...)
		e.off = at
	}
	clear(s.slab)
	s.slab, s.garbage = next, 0
}

func (s *stringStore) wipe() {
	clear(s.slab[:cap(s.slab)])
	clear(s.scratch[:cap(s.scratch)])
	*s = stringStore{}
}

// empty overwrites all strings and keeps the room that they took.
func (s *stringStore) empty() stringStore {
	clear(s.slab)
	clear(s.scratch[:cap(s.scratch)])
	clear(s.list)
	if cap(s.scratch) > maxRoom/16 {
		s.scratch = nil
	}
	return stringStore{slab: s.slab[:0], list: s.list[:0], free: s.free[:0], scratch: s.scratch}
}

// rewrite judges a string by its role and stores what may pass, as a table entry or, when entry is 0, a literal. same says
// that it passed as it came. ok is false when the frame must be refused: text that is not UTF-8 has no meaning at all.
//
// What would be longer than its limit when it is written anew becomes empty, too, so that the result can be judged again.
func (s *stringStore) rewrite(role wire.Role, entry uint32, text []byte) (id strID, same, ok bool) {
	most := wire.MaxLiteral
	if entry > 0 {
		most = wire.MaxEntry
	}
	if need := 8*len(text) + 64; cap(s.scratch) < need {
		clear(s.scratch[:cap(s.scratch)])
		s.scratch = make([]byte, 0, need)
	}
	out, kept := s.values.append(s.scratch[:0], role, text, most)
	if !kept {
		if role == wire.RoleText || role == wire.RoleAttr || role == wire.RoleInput || role == wire.RoleTitle || role > wire.RoleTitle {
			return 0, false, false
		}
		out = out[:0]
	}
	if len(out) > most {
		clear(out)
		out = out[:0]
	}
	same = bytes.Equal(out, text)
	id = s.add(role, entry, out)
	clear(out)
	return id, same, true
}

// maxAttr is the longest text of an attribute in bytes (threat row 32).
const maxAttr = 64 << 10

func appendByRole(dst []byte, role wire.Role, text []byte) ([]byte, bool) {
	switch role {
	case wire.RoleText, wire.RoleInput:
		return AppendText(dst, text)
	case wire.RoleAttr:
		if len(text) > maxAttr {
			return dst, true
		}
		return AppendText(dst, text)
	case wire.RoleTitle:
		return AppendChrome(dst, text, maxTitle), true
	case wire.RoleTokens:
		return AppendTokens(dst, text)
	case wire.RoleDecls:
		return AppendDeclarations(dst, text)
	case wire.RoleCSSValue:
		return AppendCSSValue(dst, text)
	case wire.RoleMedia:
		return AppendMediaQuery(dst, text)
	case wire.RoleURL:
		return AppendURLText(dst, text)
	case wire.RoleNumber:
		return AppendNumber(dst, text)
	case wire.RoleColour:
		return AppendColour(dst, text)
	case wire.RoleID:
		return AppendID(dst, text)
	case wire.RolePath:
		return AppendPathData(dst, text)
	case wire.RoleName:
		// Which kind of name it must be depends on where it is used; fits tells where that may be.
		return append(dst, text...), len(text) <= wire.MaxEntry
	}
	return dst, false
}

// maxTitle is the longest page title in characters.
const maxTitle = 512
