package sanitizer

import (
	"vitrine/internal/wire"
)

// Kinds of nodes. The zero value is a node that is gone.
const (
	kindNone uint8 = iota
	kindElement
	kindText
	kindShadow
	kindBox
)

// Flags of nodes.
const (
	flagMasked   uint8 = 1 << iota // its content is hidden, for its whole life
	flagSecret                     // it is or was a password control
	flagDetached                   // taken out by the batch that is being checked
	flagGone                       // taken out and not taken back
	flagSaved                      // the journal has it
	flagNamed                      // it is in the list of elements with an id
	flagRefers                     // it is in the list of elements that name others
)

// node is one node of a page. For a text node str is the text, for a custom element its name; code is the element's code,
// the flags of a shadow root, or the reason of a box.
type node struct {
	parent, first, last, prev, next wire.NodeID
	kids                            uint32
	attrs                           uint32 // first of its attributes and live states; 0 is none
	str                             strID
	code                            uint16
	kind, flags                     uint8
}

// attr is an attribute (live false) or a live state (live true) of a node, in a list. value is a strID, an asset, a
// number, or two 32-bit numbers.
type attr struct {
	value uint64
	next  uint32
	name  strID
	code  uint16
	live  bool
	saved bool // the journal has it
}

// pageBits gives the number of nodes that are kept together: their memory goes when the last of them is gone.
const pageBits = 8

// Bytes that a node and a page of nodes take here, and at most that a node and an attribute take in a snapshot.
const (
	nodeBytes  = 36
	shownNode  = 18
	shownAttr  = 14
	shownLimit = wire.MaxFrame - 64
)

// state is a page with its strings. All of it is replaced by a snapshot.
type state struct {
	pages     [][]node // nodes by id, in pages that go when all their nodes are gone
	alive     []uint16 // nodes in each page
	freePages [][]node
	used      int // pages in use
	nextID    wire.NodeID
	totals
	refs       references
	attrs      []attr
	freeAttrs  []uint32
	strs       stringStore
	table      []strID
	tableBytes int
	info       pageInfo
	most       most
	j          journal
}

// totals are sums over the nodes of a page, without the document.
type totals struct {
	count int
	sum   uint32 // see wire.SumStep
	cost  int    // see elementRule
}

// pageInfo is what a page says about itself besides its nodes.
type pageInfo struct {
	flags                uint8
	url, title           strID
	width, height, scale uint32
	focus                wire.NodeID
	marks                [maxMark + 1]wire.NodeID // by kind
	media                uint32                   // wire.Media bits
	screen               [2]uint32
	ranges               []rangeSet // never changed in place: the state before a batch is kept with it
}

// journal remembers what a batch changed, so that a refused batch leaves nothing behind.
type journal struct {
	nodes    []nodeImage
	attrs    []attrImage
	newAttrs []uint32 // places that were free before; those from attrBase on are new, too
	taken    []strID  // uses that the batch added
	dropped  []strID  // uses that end when the batch is applied
	deadAttr []uint32
	detached []wire.NodeID
	added    []strID // strings that came with the batch
	table    []strID // before the batch, when it empties the table
	base     wire.NodeID
	cleared  bool
	whole    bool // a snapshot: refused, all of the state goes, so there is nothing to undo
	before   before
}

// before is what a state was in numbers when a batch began.
type before struct {
	totals
	users, named int
	stale        int
	ordered      bool
	bytes        int // of the string table
	length       int // of the string table
	attrs        int
	info         pageInfo
}

type nodeImage struct {
	id wire.NodeID
	n  node
}

type attrImage struct {
	i uint32
	a attr
}

// most is what a snapshot of the page takes at most. It is only counted upwards; fits counts it anew when it gets high.
type most struct {
	bytes    int
	literals int
}

func newState() *state { return new(state).reset() }

// reset makes the state of an empty page. All that it has room for is zero.
func (s *state) reset() *state {
	s.nextID, s.attrs, s.strs.list = 1, append(s.attrs[:0], attr{}), append(s.strs.list[:0], str{})
	s.open(0)[0].kind = kindElement
	s.alive[0] = 1
	s.j.whole = true
	return s
}

// at gives a node; the zero node when there is none. The pointer is for reading: changes go through edit.
func (s *state) at(id wire.NodeID) *node {
	p := int(id >> pageBits)
	if p >= len(s.pages) || s.pages[p] == nil {
		return &noNode
	}
	return &s.pages[p][id&(1<<pageBits-1)]
}

var noNode node

// open gives the page of nodes that a new id is in.
func (s *state) open(id wire.NodeID) *[1 << pageBits]node {
	p := int(id >> pageBits)
	for p >= len(s.pages) {
		s.pages = append(s.pages, nil)
		s.alive = append(s.alive, 0)
	}
	if s.pages[p] == nil {
		s.pages[p] = s.newPage()
	}
	return (*[1 << pageBits]node)(s.pages[p])
}

// adopt counts the batch's new nodes to their pages.
func (s *state) adopt() {
	for id := s.j.base; id < s.nextID; {
		end := min(s.nextID, (id>>pageBits+1)<<pageBits)
		s.alive[id>>pageBits] += uint16(end - id)
		id = end
	}
}

func (s *state) newPage() []node {
	s.used++
	if n := len(s.freePages); n > 0 {
		page := s.freePages[n-1]
		s.freePages = s.freePages[:n-1]
		return page
	}
	return make([]node, 1<<pageBits)
}

// forget unmakes a node.
func (s *state) forget(id wire.NodeID) {
	p := int(id >> pageBits)
	s.pages[p][id&(1<<pageBits-1)] = node{}
	s.alive[p]--
	if s.alive[p] == 0 && p != 0 {
		if len(s.freePages) < maxFreePages {
			s.freePages = append(s.freePages, s.pages[p])
		}
		s.pages[p] = nil
		s.used--
	}
}

// maxFreePages is how many empty pages of nodes are kept for the next nodes.
const maxFreePages = 64

// edit gives a node for changing and remembers what it was before the batch. What a batch changes again and again is
// remembered once, so that the journal does not outgrow the page.
func (s *state) edit(id wire.NodeID) *node {
	n := s.at(id)
	if id < s.j.base && n.flags&flagSaved == 0 {
		s.j.nodes = append(s.j.nodes, nodeImage{id, *n})
		n.flags |= flagSaved
	}
	return n
}

func (s *state) editAttr(i uint32) *attr {
	a := &s.attrs[i]
	if !a.saved {
		s.j.attrs = append(s.j.attrs, attrImage{i, *a})
		a.saved = true
	}
	return a
}

func (s *state) newAttr(a attr) uint32 {
	if len(s.freeAttrs) > 0 {
		return s.reuseAttr(a)
	}
	s.attrs = append(s.attrs, a)
	return uint32(len(s.attrs) - 1)
}

func (s *state) reuseAttr(a attr) uint32 {
	n := len(s.freeAttrs) - 1
	i := s.freeAttrs[n]
	s.freeAttrs = s.freeAttrs[:n]
	s.attrs[i] = a
	s.j.newAttrs = append(s.j.newAttrs, i)
	return i
}

// tally adds what the batch brought to what a snapshot takes at most. Strings are counted where they come.
func (s *state) tally() {
	s.most.bytes += int(s.nextID-s.j.base)*shownNode + (len(s.attrs)-s.j.before.attrs+len(s.j.newAttrs))*shownAttr
}

// shownString is what a string takes in a snapshot besides its bytes: role, length and reference.
const shownString = 8

// begin starts the journal of a batch.
func (s *state) begin() {
	s.j.base, s.j.cleared = s.nextID, false
	s.j.before = before{totals: s.totals, users: len(s.refs.users), named: len(s.refs.named), stale: s.refs.stale, ordered: s.refs.ordered, bytes: s.tableBytes, length: len(s.table), attrs: len(s.attrs), info: s.info}
}

// clear empties the string table. Its strings are let go when the batch is applied.
func (s *state) clear() {
	s.j.table = append(s.j.table[:0], s.table...)
	s.table, s.tableBytes, s.j.cleared = s.table[:0], 0, true
	for _, id := range s.j.table {
		e := &s.strs.list[id]
		s.most.bytes += int(e.refs) * (int(e.size) + shownString)
		s.most.literals += int(e.refs)
	}
}

// rollback undoes the batch.
func (s *state) rollback() {
	s.adopt()
	for id := s.j.base; id < s.nextID; id++ {
		s.forget(id)
	}
	for i := len(s.j.nodes) - 1; i >= 0; i-- {
		*s.at(s.j.nodes[i].id) = s.j.nodes[i].n
	}
	for i := len(s.j.attrs) - 1; i >= 0; i-- {
		s.attrs[s.j.attrs[i].i] = s.j.attrs[i].a
	}
	for _, i := range s.j.newAttrs {
		s.attrs[i] = attr{}
	}
	s.freeAttrs = append(s.freeAttrs, s.j.newAttrs...)
	clear(s.attrs[s.j.before.attrs:])
	s.attrs = s.attrs[:s.j.before.attrs]
	for _, id := range s.j.taken {
		s.strs.list[id].refs--
	}
	for _, id := range s.j.added {
		s.strs.drop(id)
	}
	s.table = s.table[:min(len(s.table), s.j.before.length)]
	if s.j.cleared {
		s.table = append(s.table[:0], s.j.table...)
		for i, id := range s.table {
			s.strs.list[id].entry = uint32(i + 1)
		}
	}
	s.nextID, s.totals, s.tableBytes, s.info = s.j.base, s.j.before.totals, s.j.before.bytes, s.j.before.info
	s.refs.users, s.refs.named, s.refs.changed = s.refs.users[:s.j.before.users], s.refs.named[:s.j.before.named], false
	s.refs.stale, s.refs.ordered = s.j.before.stale, s.j.before.ordered
	s.j.reset()
	s.strs.tidy()
}

// commit makes the batch's changes final and frees what is gone.
func (s *state) commit() {
	s.adopt()
	for i := range s.j.nodes {
		s.at(s.j.nodes[i].id).flags &^= flagSaved
	}
	for i := range s.j.attrs {
		s.attrs[s.j.attrs[i].i].saved = false
	}
	for _, id := range s.j.detached {
		if n := s.at(id); n.flags&flagGone != 0 {
			s.bury(id)
		} else if n.kind != kindNone {
			n.flags &^= flagDetached
		}
	}
	for _, id := range s.j.dropped {
		s.strs.release(id)
	}
	for _, i := range s.j.deadAttr {
		s.attrs[i] = attr{}
	}
	s.freeAttrs = append(s.freeAttrs, s.j.deadAttr...)
	if s.j.cleared {
		for _, id := range s.j.table {
			s.strs.list[id].entry = 0
			s.strs.release(id)
		}
	}
	s.refs.compact(s)
	s.j.reset()
	s.strs.tidy()
}

func (j *journal) reset() {
	j.nodes, j.attrs, j.newAttrs, j.taken, j.dropped = emptied(j.nodes), emptied(j.attrs), emptied(j.newAttrs), emptied(j.taken), emptied(j.dropped)
	j.deadAttr, j.detached, j.added = emptied(j.deadAttr), emptied(j.detached), emptied(j.added)
	j.whole = false
}

// emptied is a slice for the next batch. What an unusual batch needed is let go.
func emptied[E any](s []E) []E {
	if cap(s) > maxSpare {
		return nil
	}
	return s[:0]
}

// maxSpare is how many entries a slice may keep room for between batches.
const maxSpare = 1 << 14

// bury frees a node that is gone and all it holds.
func (s *state) bury(id wire.NodeID) {
	n := *s.at(id)
	for c := n.first; c != 0; {
		next := s.at(c).next
		s.bury(c)
		c = next
	}
	if n.str != 0 {
		s.strs.release(n.str)
	}
	for i := n.attrs; i != 0; {
		a := s.attrs[i]
		s.releaseAttr(a)
		s.attrs[i] = attr{}
		s.freeAttrs = append(s.freeAttrs, i)
		i = a.next
	}
	s.forget(id)
}

func (s *state) releaseAttr(a attr) {
	if a.name != 0 {
		s.strs.release(a.name)
	}
	if a.isString() {
		s.strs.release(strID(a.value))
	}
}

// isString says whether the value is a string.
func (a *attr) isString() bool {
	if a.live {
		return a.code == wire.LiveValue
	}
	return attributes[a.code].isString()
}
