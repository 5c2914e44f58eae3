package sanitizer

import (
	"slices"

	"vitrine/internal/wire"
)

// reserve makes room for a snapshot, as far as its size tells how much that will be.
func (s *state) reserve(b *wire.Batch) {
	size := 0
	for i := range b.Strings {
		size += len(b.Strings[i].Text)
	}
	for i := range b.Literals {
		size += len(b.Literals[i].Text)
	}
	if cap(s.strs.slab) < size {
		s.strs.slab = make([]byte, 0, size)
	}
	s.strs.list = slices.Grow(s.strs.list, len(b.Strings)+len(b.Literals)+1)
	s.table = slices.Grow(s.table, len(b.Strings))
	s.attrs = slices.Grow(s.attrs, len(b.Ops)/8)
	s.pages = slices.Grow(s.pages, len(b.Ops)>>(pageBits+2))
	s.alive = slices.Grow(s.alive, len(b.Ops)>>(pageBits+2))
}

// size is about how many bytes the page takes, without what the last batch needed to be undone.
func (s *state) size() int {
	lists := len(s.strs.list)*strBytes + (len(s.table)+len(s.refs.users)+len(s.refs.named))*4
	return len(s.strs.slab) + len(s.attrs)*24 + s.used*nodeBytes<<pageBits + len(s.pages)*26 + lists
}

// room is how many bytes the state keeps for the next page.
func (s *state) room() int {
	return cap(s.strs.slab) + cap(s.strs.list)*strBytes + cap(s.attrs)*24 + (s.used+len(s.freePages))*nodeBytes<<pageBits
}

// maxRoom is how many bytes a state that a snapshot replaced may keep for the snapshot after it.
const maxRoom = 2 << 20

// empty overwrites all that is known of the page and keeps the room that it took.
func (s *state) empty() {
	strs, attrs, pages, table := s.strs.empty(), s.attrs, s.freePages, s.table[:0]
	clear(attrs)
	for _, p := range s.pages {
		if p != nil {
			clear(p)
			pages = append(pages, p)
		}
	}
	free, j := s.freeAttrs[:0], s.j
	refs := references{users: s.refs.users[:0], named: s.refs.named[:0], graph: s.refs.graph}
	j.reset()
	*s = state{pages: s.pages[:0], alive: s.alive[:0], freePages: pages, attrs: attrs[:0], freeAttrs: free, strs: strs, table: table, refs: refs, j: j}
}

func (s *state) wipe() {
	s.strs.wipe()
	clear(s.attrs)
	for _, p := range s.pages {
		clear(p)
	}
	*s = state{}
}
