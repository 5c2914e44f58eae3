package page

import (
	"strings"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
)

// insert reads a run of nodes into one place.
func (p *Replica) insert() error {
	v, k := p.r.Int(1<<30), int32(p.Tree.Next)
	var parent *Node
	place := 0
	if v > 0 {
		if parent = p.Tree.Nodes[wire.NodeID(k-v)]; parent != nil {
			place = len(parent.Children)
		}
	} else if n := p.Tree.Nodes[wire.NodeID(k+v)]; v < 0 && n != nil && n.Parent != nil && n.Kind != Shadow {
		parent, place = n.Parent, n.Index()
	}
	if parent == nil || parent != p.Tree.Root && !p.inTree(parent) {
		return errBatch("place", 0)
	}
	depth := 0
	for n := parent; n != nil; n = n.Parent {
		depth++
	}
	for first := true; ; first = false {
		op := p.r.Byte()
		if op == wire.OpEnd {
			if first || p.r.Rule() != "" {
				return errBatch("an empty run", parent.ID)
			}
			return nil
		}
		taken, err := p.read(op, parent, place, depth)
		if err != nil {
			return err
		}
		if taken {
			place++
		}
	}
}

// read reads one node into a place. It is false for OpAt, which is none.
func (p *Replica) read(op byte, parent *Node, place, depth int) (bool, error) {
	n := &Node{ID: p.Tree.Next}
	var err error
	switch op {
	case wire.OpAt:
		p.Tree.Next = wire.NodeID(p.r.U31())
		return false, nil
	case wire.OpRef:
		if n, err = p.node(); err != nil || p.detached[n.ID] == nil {
			return false, errBatch("taken back but not taken out", p.last)
		}
		delete(p.detached, n.ID)
		parent.Put(n, place)
		n.Walk(func(k *Node) {
			if err == nil {
				err = p.judge(k)
			}
		})
		return true, err
	case wire.OpText:
		n.Kind = Text
		if n.Text, err = p.text(wire.RoleText); err != nil {
			return false, err
		}
	case wire.OpBox:
		n.Kind, n.Code = Box, uint16(p.r.Uint(uint64(wire.BoxLimit)))
		n.Size = [2]uint64{p.r.Uint(1 << 20), p.r.Uint(1 << 20)}
	case wire.OpShadow:
		n.Kind, n.Code = Shadow, uint16(p.r.Uint(7))
	case wire.OpElem:
		n.Kind, n.Code = Elem, uint16(p.r.U31())
	default:
		return false, errBatch("no such node", parent.ID)
	}
	if p.Tree.Nodes[n.ID] != nil || n.ID == 0 || depth > wire.MaxDepth+1 || p.r.Rule() != "" {
		return false, errBatch("id used twice, or too deep", n.ID)
	}
	p.Tree.Next++
	p.Tree.Nodes[n.ID] = n
	parent.Put(n, place)
	if n.Kind == Elem {
		err = p.element(n)
	}
	if err == nil {
		err = p.judge(n)
	}
	if err != nil || n.Kind != Elem && n.Kind != Shadow {
		return true, err
	}
	return true, p.children(n, depth+1)
}

func (p *Replica) children(n *Node, depth int) error {
	for {
		op := p.r.Byte()
		if op == wire.OpEnd {
			if p.r.Rule() != "" {
				return errBatch(p.r.Rule(), n.ID)
			}
			return nil
		}
		if _, err := p.read(op, n, len(n.Children), depth); err != nil {
			return err
		}
	}
}

// element reads name, attributes and live states.
func (p *Replica) element(n *Node) (err error) {
	if _, ok := Element(n.Code); !ok {
		return errBatch("no such element", n.ID)
	}
	if n.Code == vocab.CustomElement {
		if n.Name, err = p.text(wire.RoleName); err != nil {
			return err
		}
		if !customName.MatchString(n.Name) || reserved[n.Name] {
			return errBatch("name of a custom element", n.ID)
		}
	}
	count := int(p.r.Byte())
	for i := range count {
		a, err := p.attr(n, i == 0)
		if err != nil {
			return err
		}
		if n.FindAttr(a) >= 0 {
			return errBatch("attribute twice", n.ID)
		}
		n.Attrs = append(n.Attrs, a)
	}
	for range int(p.r.Byte()) {
		l, err := p.live()
		if err != nil {
			return err
		}
		n.SetLive(l)
	}
	return nil
}

func (p *Replica) attrName(n *Node) (a Attr, err error) {
	a.Code = uint16(p.r.U31())
	rule, ok := AttributeOf(a.Code)
	if e, _ := Element(n.Code); !ok || !May(rule, e) {
		return a, errBatch("attribute", n.ID)
	}
	if a.Code == vocab.DataAttr || a.Code == vocab.AriaAttr {
		if a.Name, err = p.text(wire.RoleName); err != nil {
			return a, err
		}
		if !suffix.MatchString(a.Name) || a.Code == vocab.AriaAttr && strings.ContainsAny(a.Name, "-.:_0123456789") {
			return a, errBatch("name of an attribute", n.ID)
		}
	}
	return a, nil
}

func (p *Replica) attr(n *Node, first bool) (Attr, error) {
	a, err := p.attrName(n)
	if err != nil {
		return a, err
	}
	rule, _ := AttributeOf(a.Code)
	role, isString := roleOf(rule.Value)
	switch {
	case isString:
		a.Text, err = p.text(role)
	case rule.Value == vocab.Enum:
		a.Number = p.r.Uint(uint64(len(rule.Enum) - 1))
	case rule.Value == vocab.Asset:
		if a.Number = p.r.Uint(1<<53 - 1); a.Number == 0 {
			return a, errBatch("asset", n.ID)
		}
	case a.Code == vocab.MaskAttr && !first:
		return a, errBatch("mask", n.ID)
	}
	return a, err
}

func (p *Replica) live() (l Live, err error) {
	l.Kind = p.r.Byte()
	switch l.Kind {
	case wire.LiveValue:
		l.Text, err = p.text(wire.RoleInput)
	case wire.LiveChecked, wire.LiveIndeterminate, wire.LiveSelected, wire.LiveUndefined:
		l.A = int64(p.r.Uint(1))
	case wire.LiveScroll:
		l.A, l.B = int64(p.r.Int(1<<24)), int64(p.r.Int(1<<24))
	case wire.LiveBullets:
		l.A = int64(p.r.Uint(4096))
	case wire.LiveNatural:
		l.A, l.B = int64(p.r.Uint(16384)), int64(p.r.Uint(16384))
	case wire.LiveOpen:
		l.A = int64(p.r.Uint(65535))
	case wire.LiveClosed:
	default:
		return l, errBatch("live state", 0)
	}
	return l, err
}
