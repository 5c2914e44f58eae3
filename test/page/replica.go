package page

import (
	"errors"
	"fmt"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
)

// Replica is an agent's side: it applies batches as the server sends them, snapshots with OpAt included, and refuses
// whatever a server may never send.
type Replica struct {
	Tree     *Tree
	table    []wire.Str
	epoch    uint32
	seq      uint32
	literals []wire.Str
	r        wire.Reader
	last     wire.NodeID
	detached map[wire.NodeID]*Node
	sums     int
}

// NewReplica returns a replica that waits for a snapshot.
func NewReplica() *Replica { return &Replica{} }

// Sums is how many checksums of the sender were found right.
func (p *Replica) Sums() int { return p.sums }

// errBatch says which rule of the format a batch breaks.
func errBatch(rule string, id wire.NodeID) error { return fmt.Errorf("%s at node %d", rule, id) }

// Apply applies a batch. After an error the replica is of no more use.
func (p *Replica) Apply(b *wire.Batch) error {
	switch {
	case b.Snapshot && b.Clear:
		p.Tree = NewTree()
	case b.Snapshot || p.Tree == nil || b.Epoch != p.epoch || b.Seq != p.seq+1:
		return errBatch("batch out of order", 0)
	}
	p.epoch, p.seq, p.last, p.detached = b.Epoch, b.Seq, 0, map[wire.NodeID]*Node{}
	if b.Clear {
		p.table = nil
	}
	for _, list := range [][]wire.Str{b.Strings, b.Literals} {
		for _, s := range list {
			if err := checkValue(s.Role, string(s.Text)); err != nil {
				return err
			}
		}
	}
	for _, s := range b.Strings {
		p.table = append(p.table, wire.Str{Role: s.Role, Text: append([]byte(nil), s.Text...)})
	}
	p.literals = b.Literals
	p.r = wire.NewReader(b.Ops)
	if err := p.tokens(b.Snapshot); err != nil {
		return err
	}
	if len(p.literals) > 0 || len(p.table) > wire.MaxTable {
		return errors.New("strings left over")
	}
	return p.settle()
}

// settle forgets what was not taken back and holds the limits of the format against the tree.
func (p *Replica) settle() error {
	for _, top := range p.detached {
		top.Walk(func(n *Node) { delete(p.Tree.Nodes, n.ID) })
	}
	if len(p.Tree.Root.Children) > 1 {
		return errBatch("two roots", 0)
	}
	seen := 0
	p.Tree.Root.Walk(func(n *Node) {
		if p.Tree.Nodes[n.ID] == n {
			seen++
		}
	})
	if seen != len(p.Tree.Nodes) || seen > wire.MaxNodes+1 {
		return errBatch("nodes that hang nowhere", 0)
	}
	return nil
}

func (p *Replica) tokens(snapshot bool) error {
	order := map[byte]int{wire.OpPage: 1, wire.OpView: 2, wire.OpMedia: 3, wire.OpDetach: 4, wire.OpInsert: 5, wire.OpSet: 6, wire.OpUnset: 6,
		wire.OpText: 6, wire.OpLive: 6, wire.OpAssign: 6, wire.OpFocus: 7, wire.OpMark: 8, wire.OpRanges: 9, wire.OpSum: 10, wire.OpAt: 11}
	many := map[int]bool{4: true, 5: true, 6: true, 8: true, 9: true}
	at := 0
	for p.r.Len() > 0 {
		op := p.r.Byte()
		next, known := order[op]
		if !known || next < at || next == at && !many[next] || op == wire.OpAt && !snapshot {
			return errBatch(fmt.Sprintf("token %#x out of place", op), 0)
		}
		at = next
		if err := p.token(op); err != nil {
			return err
		}
		if p.r.Rule() != "" {
			return errors.New(p.r.Rule())
		}
	}
	return nil
}

func (p *Replica) token(op byte) (err error) {
	info := &p.Tree.Info
	switch op {
	case wire.OpPage:
		info.Flags = p.r.Uint(1)
		if info.URL, err = p.text(wire.RoleURL); err == nil {
			info.Title, err = p.text(wire.RoleTitle)
		}
	case wire.OpView:
		info.View = [3]uint64{p.r.Uint(1 << 16), p.r.Uint(1 << 16), p.r.Uint(1 << 16)}
	case wire.OpMedia:
		info.Media = [3]uint64{p.r.Uint(wire.MediaAll), p.r.Uint(1 << 16), p.r.Uint(1 << 16)}
	case wire.OpDetach:
		return p.detach()
	case wire.OpInsert:
		return p.insert()
	case wire.OpSet, wire.OpUnset, wire.OpText, wire.OpLive:
		return p.change(op)
	case wire.OpFocus:
		info.Focus = wire.NodeID(p.r.U31())
		if n := p.Tree.Nodes[info.Focus]; info.Focus != 0 && (n == nil || n.Kind != Elem) {
			return errBatch("focus", info.Focus)
		}
	case wire.OpAssign:
		return p.assign()
	case wire.OpMark:
		kind, id := p.r.Uint(wire.MarkRing), wire.NodeID(p.r.U31())
		if n := p.Tree.Nodes[id]; kind == 0 || id != 0 && (n == nil || n.Kind != Elem) {
			return errBatch("mark", id)
		}
		info.Marks[kind] = id
	case wire.OpRanges:
		return p.ranges()
	case wire.OpSum:
		return p.sum()
	case wire.OpAt:
		p.Tree.Next = wire.NodeID(p.r.U31())
	}
	return err
}

func (p *Replica) ranges() error {
	key := "selection"
	if kind := p.r.Uint(wire.RangesHighlight); kind == 0 {
		return errBatch("ranges", 0)
	} else if kind == wire.RangesHighlight {
		name, err := p.text(wire.RoleName)
		if err != nil {
			return err
		}
		key = "highlight " + name
	}
	key = fmt.Sprintf("%s in order %d", key, p.r.Int(1<<30))
	var list []Range
	for n := p.r.Uint(wire.MaxRanges); n > 0; n-- {
		r := Range{From: wire.NodeID(p.r.U31()), FromUnit: p.r.Uint(wire.MaxOffset)}
		r.To, r.ToUnit = wire.NodeID(p.r.U31()), p.r.Uint(wire.MaxOffset)
		for _, id := range []wire.NodeID{r.From, r.To} {
			if n := p.Tree.Nodes[id]; n == nil || n.Kind != Elem && n.Kind != Text {
				return errBatch("range", id)
			}
		}
		list = append(list, r)
	}
	p.Tree.Info.Rename(key, list)
	return nil
}

func (p *Replica) assign() error {
	n, err := p.node()
	if err != nil {
		return err
	}
	slot, order := wire.NodeID(p.r.U31()), p.r.Uint(wire.MaxChildren)
	if !p.inTree(n) || slot != 0 && !p.Tree.mayFill(slot, n.Parent) {
		return errBatch("slot", slot)
	}
	n.Slot, n.Order = slot, order
	return nil
}

func (p *Replica) sum() error {
	count, hash := p.Tree.Sum()
	if c, h := p.r.U31(), uint32(p.r.Uint(1<<32-1)); int(c) != count || h != hash {
		return errBatch("checksum", 0)
	}
	p.sums++
	return nil
}

// text takes a reference to a string.
func (p *Replica) text(role wire.Role) (string, error) {
	n := int(p.r.U31())
	var s wire.Str
	switch {
	case n == 0 && len(p.literals) > 0:
		s, p.literals = p.literals[0], p.literals[1:]
	case n == 0 || n > len(p.table):
		return "", errBatch("no such string", 0)
	default:
		s = p.table[n-1]
	}
	if s.Role != role {
		return "", errBatch("a string in another role", 0)
	}
	return string(s.Text), nil
}

// node takes an id.
func (p *Replica) node() (*Node, error) {
	p.last += wire.NodeID(p.r.Int(1 << 30))
	n := p.Tree.Nodes[p.last]
	if n == nil || p.last == 0 {
		return nil, errBatch("no such node", p.last)
	}
	return n, nil
}

func (p *Replica) detach() error {
	n, err := p.node()
	switch {
	case err != nil:
		return err
	case n.Parent == nil || n.Kind == Shadow:
		return errBatch("detached twice, or a shadow root", n.ID)
	}
	n.Cut()
	p.detached[n.ID] = n
	return nil
}

// change applies a token about a node that was there before.
func (p *Replica) change(op byte) error {
	n, err := p.node()
	if err != nil {
		return err
	}
	if (op == wire.OpText) != (n.Kind == Text) || n.Kind != Text && n.Kind != Elem || !p.inTree(n) {
		return errBatch("change of another kind of node", n.ID)
	}
	switch op {
	case wire.OpSet:
		a, err := p.attr(n, false)
		if err != nil {
			return err
		}
		n.SetAttr(a)
		return p.judge(n)
	case wire.OpUnset:
		a, err := p.attrName(n)
		i := n.FindAttr(a)
		if err != nil || i < 0 || a.Code == vocab.MaskAttr {
			return errBatch("unset", n.ID)
		}
		n.Attrs = append(n.Attrs[:i:i], n.Attrs[i+1:]...)
		return nil
	case wire.OpText:
		n.Text, err = p.text(wire.RoleText)
		if err == nil {
			err = p.judge(n)
		}
		return err
	}
	l, err := p.live()
	if err == nil {
		n.SetLive(l)
		err = p.judge(n)
	}
	return err
}

func (p *Replica) inTree(n *Node) bool {
	for ; n.Parent != nil; n = n.Parent {
		if n.Parent == p.Tree.Root {
			return true
		}
	}
	return false
}
