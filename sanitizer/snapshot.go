package sanitizer

import (
	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
)

// Snapshot makes the batch that brings an agent to where the page is now. ok is false when there is no page yet.
//
// It carries the whole string table, so that later batches, which are the same bytes for every agent, find the entries
// they refer to.
func (p *Page) Snapshot() (clean Clean, ok bool) {
	if p.st == nil {
		return Clean{}, false
	}
	b := wire.Batch{Epoch: p.epoch, Seq: p.seq, Snapshot: true, Clear: true}
	size := p.st.snapshot(&b)
	clean = approve(&b, size)
	clear(b.Strings)
	clear(b.Literals)
	return clean, true
}

// snapshot writes strings and tokens, and tells how many bytes the frame will have at most.
func (s *state) snapshot(b *wire.Batch) (size int) {
	w := snapshotWriter{st: s, next: 1}
	w.ops = make([]byte, 0, 16*s.count+256)
	for _, id := range s.table {
		text := s.strs.bytes(id)
		b.Strings = append(b.Strings, wire.Str{Role: s.strs.list[id].role, Text: text})
		size += len(text) + 3
	}
	w.all()
	b.Literals, b.Ops = w.literals, w.ops
	for _, l := range w.literals {
		size += len(l.Text) + 5
	}
	return size + len(w.ops) + 64
}

// fits says whether a snapshot of the page can be sent: an agent who joins late must get what the others got bit by bit.
// What a snapshot takes is only counted upwards; when the count gets too high, one is made to see. That costs a snapshot,
// so it must leave room for many batches before the next time.
func (s *state) fits() bool {
	if s.most.bytes <= shownLimit && s.most.literals <= maxLiterals {
		return true
	}
	var b wire.Batch
	s.most.bytes = s.snapshot(&b)
	s.most.literals = len(b.Literals)
	return s.most.bytes <= shownLimit-shownLimit/128 && s.most.literals <= maxLiterals-maxLiterals/64
}

// maxLiterals is how many literals a batch may have.
const maxLiterals = 262_144

// snapshotWriter writes the tokens of a page as it stands.
type snapshotWriter struct {
	st       *state
	ops      []byte
	literals []wire.Str
	next     wire.NodeID   // what the reader takes as the next new id
	assigned []wire.NodeID // nodes with a slot that was chosen for them
	last     wire.NodeID   // named last
}

func (w *snapshotWriter) all() {
	i := &w.st.info
	if i.url != 0 {
		w.ops = append(w.ops, wire.OpPage, i.flags)
		w.ref(i.url)
		w.ref(i.title)
	}
	if i.width|i.height|i.scale != 0 {
		w.ops = append(w.ops, wire.OpView)
		w.uint(uint64(i.width))
		w.uint(uint64(i.height))
		w.uint(uint64(i.scale))
	}
	if i.media|i.screen[0]|i.screen[1] != 0 {
		w.ops = append(w.ops, wire.OpMedia)
		w.uint(uint64(i.media))
		w.uint(uint64(i.screen[0]))
		w.uint(uint64(i.screen[1]))
	}
	if root := w.st.at(0).first; root != 0 {
		w.ops = append(w.ops, wire.OpInsert)
		w.ops = wire.AppendInt(w.ops, int32(w.next))
		w.children(root)
	}
	w.assignments()
	if i.focus != 0 && w.st.inPage(i.focus) {
		w.ops = append(w.ops, wire.OpFocus)
		w.uint(uint64(i.focus))
	}
	for kind, id := range i.marks {
		if id != 0 && w.st.inPage(id) {
			w.ops = append(w.ops, wire.OpMark, byte(kind))
			w.uint(uint64(id))
		}
	}
	w.ranges()
	w.ops = append(w.ops, wire.OpSum)
	w.uint(uint64(w.st.count))
	w.uint(uint64(w.st.sum))
	w.at(w.st.nextID)
}

func (w *snapshotWriter) uint(v uint64) { w.ops = wire.AppendUint(w.ops, v) }

func (w *snapshotWriter) ref(id strID) {
	e := &w.st.strs.list[id]
	// A batch that empties the table is measured before the old entries are let go.
	if n := int(e.entry); n > 0 && n <= len(w.st.table) && w.st.table[n-1] == id {
		w.uint(uint64(n))
	} else {
		w.ops = append(w.ops, 0)
		w.literals = append(w.literals, wire.Str{Role: e.role, Text: w.st.strs.bytes(id)})
	}
}

// at says which id comes next when the reader would take another.
func (w *snapshotWriter) at(id wire.NodeID) {
	if id != w.next {
		w.ops = append(w.ops, wire.OpAt)
		w.uint(uint64(id))
	}
	w.next = id + 1
}

func (w *snapshotWriter) node(id wire.NodeID) {
	n := w.st.at(id)
	w.at(id)
	switch n.kind {
	case kindText:
		w.ops = append(w.ops, wire.OpText)
		w.ref(n.str)
		if n.attrs != 0 {
			w.assigned = append(w.assigned, id)
		}
	case kindBox:
		size := w.st.attrs[n.attrs].value
		w.ops = append(w.ops, wire.OpBox)
		w.uint(uint64(n.code))
		w.uint(size >> 32)
		w.uint(size & 0xffffffff)
	case kindShadow:
		w.ops = append(w.ops, wire.OpShadow)
		w.uint(uint64(n.code))
		w.children(n.first)
	case kindElement:
		w.element(id, n)
	}
}

func (w *snapshotWriter) children(first wire.NodeID) {
	for id := first; id != 0; id = w.st.at(id).next {
		w.node(id)
	}
	w.ops = append(w.ops, wire.OpEnd)
}

func (w *snapshotWriter) element(id wire.NodeID, n *node) {
	w.ops = append(w.ops, wire.OpElem)
	w.uint(uint64(n.code))
	if n.str != 0 {
		w.ref(n.str)
	}
	count, lives := 0, 0
	for i := n.attrs; i != 0; i = w.st.attrs[i].next {
		if a := &w.st.attrs[i]; a.live && a.code == liveSlot {
			w.assigned = append(w.assigned, id)
		} else if a.live {
			lives++
		} else {
			count++
		}
	}
	w.ops = append(w.ops, byte(count))
	for i := n.attrs; i != 0; i = w.st.attrs[i].next {
		if a := w.st.attrs[i]; !a.live {
			w.attr(a)
		}
	}
	w.ops = append(w.ops, byte(lives))
	for i := n.attrs; i != 0; i = w.st.attrs[i].next {
		if a := w.st.attrs[i]; a.live && a.code != liveSlot {
			w.live(a)
		}
	}
	w.children(n.first)
}

func (w *snapshotWriter) attr(a attr) {
	w.uint(uint64(a.code))
	if a.name != 0 {
		w.ref(a.name)
	}
	switch v := attributes[a.code].value; v {
	case vocab.Flag:
	case vocab.Enum, vocab.Asset:
		w.uint(a.value)
	default:
		w.ref(strID(a.value))
	}
}

func (w *snapshotWriter) live(a attr) {
	w.ops = append(w.ops, byte(a.code))
	switch a.code {
	case wire.LiveValue:
		w.ref(strID(a.value))
	case wire.LiveScroll:
		w.ops = wire.AppendInt(w.ops, int32(uint32(a.value>>32)))
		w.ops = wire.AppendInt(w.ops, int32(uint32(a.value)))
	case wire.LiveNatural:
		w.uint(a.value >> 32)
		w.uint(a.value & 0xffffffff)
	case wire.LiveClosed:
	default:
		w.uint(a.value)
	}
}
