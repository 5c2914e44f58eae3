package sanitizer

import (
	"vitrine/internal/wire"
)

// checker judges one batch against a state and applies it as it goes; the journal of the state undoes it.
type checker struct {
	st       *state
	policy   Policy
	r        wire.Reader
	last     wire.NodeID          // named last, for differences
	slots    *[1 << pageBits]node // where the next new node goes
	literals []strID
	literal  int // next literal
	seen     int // table entries from the front that something refers to
	outSize  int
	changed  []change
	outs     []wire.Str
	out      wire.Batch // what goes out
	where
	refusal *Refusal
}

// where is the place of the node being read.
type where struct {
	depth  int
	tables int  // that it is in
	masked bool // it is in a hidden part
}

// change is a string of the batch that had to be written anew: its place among all of them, table first.
type change struct {
	at int
	id strID
}

func (c *checker) reset(st *state, policy Policy) {
	*c = checker{st: st, policy: policy, literals: emptied(c.literals), changed: emptied(c.changed), outs: emptied(c.outs)}
}

// release lets go of the batch and of the places in the slab that it was cleaned to.
func (c *checker) release() {
	c.r, c.out = wire.Reader{}, wire.Batch{}
	clear(c.outs)
}

// refuse notes the first rule that was broken and returns false.
func (c *checker) refuse(node wire.NodeID, rule string) bool {
	if c.refusal == nil {
		if r := c.r.Rule(); r != "" {
			rule = r
		}
		c.refusal = &Refusal{Node: node, Rule: rule}
	}
	return false
}

// strings judges the batch's strings and adds them to the page.
func (c *checker) strings(b *wire.Batch) bool {
	st := c.st
	if b.Clear {
		st.clear()
	}
	before := len(st.strs.slab)
	c.seen = len(st.table)
	if len(b.Strings) > wire.MaxTable-len(st.table) {
		return c.refuse(0, ruleTable)
	}
	for i := range b.Strings {
		s := &b.Strings[i]
		if len(s.Text) > wire.MaxEntry {
			return c.refuse(0, ruleTable)
		}
		id, ok := c.take(s, i, uint32(len(st.table)+1))
		if !ok {
			return false
		}
		st.table = append(st.table, id)
	}
	if st.tableBytes += len(st.strs.slab) - before; st.tableBytes > wire.MaxTableBytes {
		return c.refuse(0, ruleTable)
	}
	for i := range b.Literals {
		id, ok := c.take(&b.Literals[i], len(b.Strings)+i, 0)
		if !ok {
			return false
		}
		c.literals = append(c.literals, id)
		if len(st.strs.slab) > c.policy.MaxPageBytes {
			return c.refuse(0, ruleBytes)
		}
	}
	c.outSize = len(st.strs.slab) - before + shownString*(len(b.Strings)+len(b.Literals))
	st.most.bytes += c.outSize
	st.most.literals += len(b.Literals)
	return true
}

// take judges a string and stores it. The use that it begins with is that of the table, or of the one place that a literal
// is for.
func (c *checker) take(s *wire.Str, at int, entry uint32) (id strID, ok bool) {
	strs := &c.st.strs
	if plain(s.Role, s.Text) && (strs.values.detect == 0 || !speaks(s.Role)) {
		id = strs.add(s.Role, entry, s.Text)
	} else {
		var same bool
		if id, same, ok = strs.rewrite(s.Role, entry, s.Text); !ok {
			return 0, c.refuse(0, ruleUTF8)
		}
		if !same {
			c.changed = append(c.changed, change{at, id})
		}
	}
	if !c.st.j.whole {
		c.st.j.added = append(c.st.j.added, id)
	}
	return id, true
}

// cleaned gives the batch with its strings as they were rewritten. Those are parts of the slab, valid until the next change.
func (c *checker) cleaned(b *wire.Batch) *wire.Batch {
	out := &c.out
	*out = *b
	if len(c.changed) == 0 {
		return out
	}
	c.outs = append(append(c.outs, b.Strings...), b.Literals...)
	for _, ch := range c.changed {
		c.outs[ch.at].Text = c.st.strs.bytes(ch.id)
	}
	out.Strings, out.Literals = c.outs[:len(b.Strings)], c.outs[len(b.Strings):]
	return out
}

// ref takes a reference to a string of the given role.
func (c *checker) ref(role wire.Role) (strID, bool) {
	n := int(c.r.Short())
	if n >= 0x80 {
		n = int(c.r.Long(1<<31 - 1))
	}
	if n == 0 {
		return c.nextLiteral(role)
	}
	if n > len(c.st.table) || n > c.seen+1 {
		return 0, c.refuse(0, ruleString)
	}
	id := c.st.table[n-1]
	c.seen = max(c.seen, n)
	e := &c.st.strs.list[id]
	if e.role != role {
		return 0, c.refuse(0, ruleString)
	}
	e.refs++
	if !c.st.j.whole {
		c.st.j.taken = append(c.st.j.taken, id)
	}
	return id, true
}

func (c *checker) nextLiteral(role wire.Role) (strID, bool) {
	if c.literal == len(c.literals) {
		return 0, c.refuse(0, ruleString)
	}
	id := c.literals[c.literal]
	c.literal++
	if c.st.strs.list[id].role != role {
		return 0, c.refuse(0, ruleString)
	}
	return id, true
}

// id takes the difference to the node named last.
func (c *checker) id() (wire.NodeID, bool) {
	v := int64(c.last) + int64(c.r.Int(1<<30))
	if v <= 0 || v >= int64(c.st.nextID) {
		return 0, c.refuse(0, ruleNode)
	}
	c.last = wire.NodeID(v)
	return c.last, true
}

// sections gives the place of each kind of token in the order of a batch; 0 is a token that does not stand here.
var sections = [256]uint8{
	wire.OpPage: 1, wire.OpView: 2, wire.OpMedia: 3, wire.OpDetach: 4, wire.OpInsert: 5,
	wire.OpSet: 6, wire.OpUnset: 6, wire.OpText: 6, wire.OpLive: 6, wire.OpAssign: 6, wire.OpFocus: 7, wire.OpMark: 8,
	wire.OpRanges: 9, wire.OpSum: 10,
}

// once says which sections hold at most one token.
var once = [11]bool{1: true, 2: true, 3: true, 7: true, 10: true}

// ops judges and applies the token stream.
func (c *checker) ops(b *wire.Batch) bool {
	c.r = wire.NewReader(b.Ops)
	section := uint8(0)
	for c.r.Len() > 0 {
		op := c.r.Byte()
		next := sections[op]
		if next == 0 || next < section || next == section && once[next] {
			return c.refuse(0, ruleToken)
		}
		if section <= 5 && next > 5 {
			c.settle()
		}
		section = next
		if !c.op(op) || c.r.Rule() != "" {
			return c.refuse(0, ruleToken)
		}
		if c.st.size() > c.policy.MaxPageBytes {
			return c.refuse(0, ruleBytes) // before it takes even more
		}
	}
	if section <= 5 {
		c.settle()
	}
	c.st.tally()
	switch {
	case c.literal != len(c.literals) || c.seen != len(c.st.table):
		return c.refuse(0, ruleUnused)
	case b.Snapshot && c.st.at(0).first == 0:
		return c.refuse(0, rulePlace)
	case c.st.count > c.policy.MaxNodes:
		return c.refuse(0, ruleNodes)
	case c.st.cost > maxCost:
		return c.refuse(0, ruleCost)
	case !c.shown():
		return false
	case c.st.size() > c.policy.MaxPageBytes || !c.st.fits():
		return c.refuse(0, ruleBytes)
	}
	return true
}

func (c *checker) op(op byte) bool {
	switch op {
	case wire.OpPage:
		return c.page()
	case wire.OpView:
		i := &c.st.info
		i.width, i.height, i.scale = uint32(c.r.Uint(maxView)), uint32(c.r.Uint(maxView)), uint32(c.r.Uint(maxView))
		return true
	case wire.OpMedia:
		i := &c.st.info
		i.media, i.screen = uint32(c.r.Uint(wire.MediaAll)), [2]uint32{uint32(c.r.Uint(maxView)), uint32(c.r.Uint(maxView))}
		return true
	case wire.OpDetach:
		return c.detach()
	case wire.OpInsert:
		return c.insert()
	case wire.OpSet:
		return c.set()
	case wire.OpUnset:
		return c.unset()
	case wire.OpText:
		return c.setText()
	case wire.OpLive:
		id, ok := c.target(kindElement)
		return ok && c.live(id)
	case wire.OpAssign:
		return c.assign()
	case wire.OpFocus:
		return c.focus()
	case wire.OpMark:
		return c.marked()
	case wire.OpRanges:
		return c.ranges()
	default:
		count, sum := c.r.U31(), uint32(c.r.Uint(1<<32-1))
		if int(count) != c.st.count || sum != c.st.sum {
			return c.refuse(0, ruleSum)
		}
		return true
	}
}

// maxView bounds the sides of a viewport in CSS pixels and the scale in thousandths.
const maxView = 65535

func (c *checker) page() bool {
	flags := uint8(c.r.Uint(1))
	url, ok := c.ref(wire.RoleURL)
	if !ok {
		return false
	}
	title, ok := c.ref(wire.RoleTitle)
	if !ok {
		return false
	}
	i := &c.st.info
	for _, old := range []strID{i.url, i.title} {
		if old != 0 {
			c.st.j.dropped = append(c.st.j.dropped, old)
		}
	}
	i.flags, i.url, i.title = flags, url, title
	return true
}

func (c *checker) focus() bool {
	id := wire.NodeID(c.r.U31())
	if id != 0 && (!c.inPage(id) || c.st.at(id).kind != kindElement) {
		return c.refuse(id, ruleNode)
	}
	c.st.info.focus = id
	return true
}

// inPage says whether a node hangs together with the document.
func (c *checker) inPage(id wire.NodeID) bool { return c.st.inPage(id) }

func (s *state) inPage(id wire.NodeID) bool {
	if id >= s.nextID {
		return false
	}
	for ; id != 0; id = s.at(id).parent {
		n := s.at(id)
		if n.kind == kindNone || n.flags&(flagDetached|flagGone) != 0 {
			return false
		}
	}
	return true
}
