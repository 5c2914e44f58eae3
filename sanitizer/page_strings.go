package sanitizer

import "vitrine/internal/wire"

// strID names a string of a page. 0 is none.
type strID uint32

// str is one string: its place in the slab, how often it is used, and its entry in the string table counted from 1.
type str struct {
	off, size uint32
	refs      uint32
	entry     uint32
	role      wire.Role
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

// add stores text, which must not be a part of the slab.
func (s *stringStore) add(role wire.Role, text []byte) strID {
	if len(s.list) == 0 {
		s.list = append(s.list, str{})
	}
	e := str{off: uint32(len(s.slab)), size: uint32(len(text)), role: role}
	s.slab = appendWiping(s.slab, text)
	if n := len(s.free); n > 0 {
		id := s.free[n-1]
		s.free = s.free[:n-1]
		s.list[id] = e
		return id
	}
	s.list = append(s.list, e)
	return strID(len(s.list) - 1)
}

// appendWiping is append that overwrites the old array when it moves to a new one.
func appendWiping(dst, b []byte) []byte {
	if len(dst)+len(b) <= cap(dst) {
		return append(dst, b...)
	}
	next := make([]byte, len(dst), max(2*cap(dst), len(dst)+len(b), 4096))
	copy(next, dst)
	clear(dst[:cap(dst)])
	return append(next, b...)
}

func (s *stringStore) take(id strID) { s.list[id].refs++ }

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

// rewrite judges a string by its role and stores what may pass. ok is false when the frame must be refused: text that is
// not UTF-8 has no meaning at all.
//
// What would be longer than max when it is written anew becomes empty, too, so that the result can be judged again.
func (s *stringStore) rewrite(role wire.Role, text []byte, max int) (id strID, ok bool) {
	if need := 8*len(text) + 64; cap(s.scratch) < need {
		clear(s.scratch[:cap(s.scratch)])
		s.scratch = make([]byte, 0, need)
	}
	out, kept := s.values.append(s.scratch[:0], role, text, max)
	if !kept {
		if role == wire.RoleText || role == wire.RoleAttr || role == wire.RoleInput || role == wire.RoleTitle || role > wire.RoleTitle {
			return 0, false
		}
		out = out[:0]
	}
	if len(out) > max {
		clear(out)
		out = out[:0]
	}
	id = s.add(role, out)
	clear(out)
	return id, true
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
		// Which kind of name it must be depends on where it is used; the use judges it.
		return append(dst, text...), len(text) <= wire.MaxEntry
	}
	return dst, false
}

// maxTitle is the longest page title in characters.
const maxTitle = 512
