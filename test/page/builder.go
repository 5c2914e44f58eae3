package page

import (
	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
)

// Attr is an attribute. Name is what follows data- or aria-, Number an enumerated value or an asset, Text all other values.
type Attr struct {
	Code   uint16
	Name   string
	Number uint64
	Text   string
}

// Live is a live state: Text of LiveValue, A and B of those with numbers.
type Live struct {
	Kind byte
	A, B int64
	Text string
}

type entry struct {
	role wire.Role
	text string
}

// Builder writes one batch after the other. Start with Snapshot; it panics on nothing and checks nothing, so that it can
// also write what must be refused.
type Builder struct {
	// NoTable makes every string a literal.
	NoTable bool
	// Sheets are the style sheets that Payload named, by asset.
	Sheets map[wire.AssetID]string
	batch  wire.Batch
	table  map[entry]int
	bytes  int
	next   wire.NodeID
	last   wire.NodeID
}

// NewBuilder returns a builder whose first snapshot has epoch 1.
func NewBuilder() *Builder { return &Builder{} }

// Snapshot begins the next epoch.
func (b *Builder) Snapshot() {
	b.batch = wire.Batch{Epoch: b.batch.Epoch + 1, Snapshot: true, Clear: true}
	b.table, b.bytes, b.next, b.last = map[entry]int{}, 0, 1, 0
}

// Update begins the next batch of the epoch; with clear it empties the string table first.
func (b *Builder) Update(clear bool) {
	b.batch = wire.Batch{Epoch: b.batch.Epoch, Seq: b.batch.Seq + 1, Clear: clear}
	b.last = 0
	if clear {
		b.Clear()
	}
}

// Clear empties the string table with the batch that has begun.
func (b *Builder) Clear() { b.batch.Clear, b.table, b.bytes = true, map[entry]int{}, 0 }

// Batch is the batch as it stands. It stays valid when the next one begins.
func (b *Builder) Batch() *wire.Batch {
	out := b.batch
	return &out
}

// Next is the id that the next new node will get.
func (b *Builder) Next() wire.NodeID { return b.next }

// sheet names a style sheet.
func (b *Builder) sheet(text string) Attr {
	if b.Sheets == nil {
		b.Sheets = map[wire.AssetID]string{}
	}
	n := assetOf(text)
	b.Sheets[wire.AssetID(n)] = text
	return Attr{Code: vocab.SheetAttr, Number: n}
}

// Raw appends bytes to the token stream.
func (b *Builder) Raw(ops ...byte) { b.batch.Ops = append(b.batch.Ops, ops...) }

// Uint appends a number to the token stream.
func (b *Builder) Uint(v uint64) { b.batch.Ops = wire.AppendUint(b.batch.Ops, v) }

// Int appends a signed number to the token stream.
func (b *Builder) Int(v int32) { b.batch.Ops = wire.AppendInt(b.batch.Ops, v) }

// String puts an entry into the string table without referring to it, and returns the reference.
func (b *Builder) String(role wire.Role, text string) int {
	b.batch.Strings = append(b.batch.Strings, wire.Str{Role: role, Text: []byte(text)})
	if b.table == nil {
		b.table = map[entry]int{}
	}
	b.table[entry{role, text}] = len(b.table) + 1
	b.bytes += len(text)
	return len(b.table)
}

// Literal adds a literal without referring to it.
func (b *Builder) Literal(role wire.Role, text string) {
	b.batch.Literals = append(b.batch.Literals, wire.Str{Role: role, Text: []byte(text)})
}

// Ref writes a reference to a string: through the table where the string fits into it, else as a literal.
func (b *Builder) Ref(role wire.Role, text string) {
	if n := b.table[entry{role, text}]; n > 0 {
		b.Uint(uint64(n))
		return
	}
	if !b.NoTable && len(text) <= wire.MaxEntry && len(b.table) < wire.MaxTable && b.bytes+len(text) <= wire.MaxTableBytes {
		b.Uint(uint64(b.String(role, text)))
		return
	}
	b.Literal(role, text)
	b.Uint(0)
}

// ID writes an id as the difference to the one named before.
func (b *Builder) ID(id wire.NodeID) {
	b.Int(int32(id) - int32(b.last))
	b.last = id
}

// Page tells flags, address and title.
func (b *Builder) Page(flags uint64, url, title string) {
	b.Raw(wire.OpPage)
	b.Uint(flags)
	b.Ref(wire.RoleURL, url)
	b.Ref(wire.RoleTitle, title)
}

// Media tells what media queries ask for.
func (b *Builder) Media(bits, width, height uint64) {
	b.Raw(wire.OpMedia)
	b.Uint(bits)
	b.Uint(width)
	b.Uint(height)
}

// View tells the viewport.
func (b *Builder) View(width, height, scale uint64) {
	b.Raw(wire.OpView)
	b.Uint(width)
	b.Uint(height)
	b.Uint(scale)
}

// Detach takes a node out.
func (b *Builder) Detach(id wire.NodeID) {
	b.Raw(wire.OpDetach)
	b.ID(id)
}

// Into begins a run of nodes behind the last child of a node; End ends it.
func (b *Builder) Into(id wire.NodeID) {
	b.Raw(wire.OpInsert)
	b.Int(int32(b.next) - int32(id))
}

// Before begins a run of nodes before a node; End ends it.
func (b *Builder) Before(id wire.NodeID) {
	b.Raw(wire.OpInsert)
	b.Int(int32(id) - int32(b.next))
}

// End ends a run, an element or a shadow root.
func (b *Builder) End() { b.Raw(wire.OpEnd) }

// Elem begins an element with its attributes and live states; End ends it. name is for custom elements.
func (b *Builder) Elem(code uint16, name string, attrs []Attr, lives ...Live) wire.NodeID {
	b.Raw(wire.OpElem)
	b.Uint(uint64(code))
	if code == vocab.CustomElement {
		b.Ref(wire.RoleName, name)
	}
	b.Raw(byte(len(attrs)))
	for _, a := range attrs {
		b.Attr(a)
	}
	b.Raw(byte(len(lives)))
	for _, l := range lives {
		b.live(l)
	}
	return b.id()
}

// Tag begins an element that is named as Key names it, with attributes as name and value in turns.
func (b *Builder) Tag(key string, pairs ...string) wire.NodeID {
	code := Code(key)
	var attrs []Attr
	for i := 0; i+1 < len(pairs); i += 2 {
		if a, ok := Attribute(code, pairs[i], pairs[i+1]); ok {
			attrs = append(attrs, a)
		}
	}
	return b.Elem(code, "", attrs)
}

func (b *Builder) id() wire.NodeID {
	b.next++
	return b.next - 1
}

// Attr writes an attribute.
func (b *Builder) Attr(a Attr) {
	b.attrName(a)
	rule, _ := AttributeOf(a.Code)
	role, isString := roleOf(rule.Value)
	switch {
	case isString:
		b.Ref(role, a.Text)
	case rule.Value != vocab.Flag:
		b.Uint(a.Number)
	}
}

func (b *Builder) attrName(a Attr) {
	b.Uint(uint64(a.Code))
	if a.Code == vocab.DataAttr || a.Code == vocab.AriaAttr {
		b.Ref(wire.RoleName, a.Name)
	}
}

func (b *Builder) live(l Live) {
	b.Raw(l.Kind)
	switch l.Kind {
	case wire.LiveValue:
		b.Ref(wire.RoleInput, l.Text)
	case wire.LiveScroll:
		b.Int(int32(l.A))
		b.Int(int32(l.B))
	case wire.LiveNatural:
		b.Uint(uint64(l.A))
		b.Uint(uint64(l.B))
	case wire.LiveClosed:
	default:
		b.Uint(uint64(l.A))
	}
}

// Text writes a text node.
func (b *Builder) Text(text string) wire.NodeID {
	b.Raw(wire.OpText)
	b.Ref(wire.RoleText, text)
	return b.id()
}

// Shadow begins a shadow root; End ends it.
func (b *Builder) Shadow(flags uint64) wire.NodeID {
	b.Raw(wire.OpShadow)
	b.Uint(flags)
	return b.id()
}

// Take puts a detached node here.
func (b *Builder) Take(id wire.NodeID) {
	b.Raw(wire.OpRef)
	b.ID(id)
}

// Box writes a box.
func (b *Builder) Box(reason wire.BoxReason, width, height uint64) wire.NodeID {
	b.Raw(wire.OpBox)
	b.Uint(uint64(reason))
	b.Uint(width)
	b.Uint(height)
	return b.id()
}

// Set gives a node an attribute.
func (b *Builder) Set(id wire.NodeID, a Attr) {
	b.Raw(wire.OpSet)
	b.ID(id)
	b.Attr(a)
}

// Unset takes an attribute from a node.
func (b *Builder) Unset(id wire.NodeID, a Attr) {
	b.Raw(wire.OpUnset)
	b.ID(id)
	b.attrName(a)
}

// SetText gives a text node another text.
func (b *Builder) SetText(id wire.NodeID, text string) {
	b.Raw(wire.OpText)
	b.ID(id)
	b.Ref(wire.RoleText, text)
}

// SetLive tells a live state.
func (b *Builder) SetLive(id wire.NodeID, l Live) {
	b.Raw(wire.OpLive)
	b.ID(id)
	b.live(l)
}

// Focus tells which node has the focus.
func (b *Builder) Focus(id wire.NodeID) {
	b.Raw(wire.OpFocus)
	b.Uint(uint64(id))
}

// Assign tells which slot a script chose for a node.
func (b *Builder) Assign(id, slot wire.NodeID, order uint64) {
	b.Raw(wire.OpAssign)
	b.ID(id)
	b.Uint(uint64(slot))
	b.Uint(order)
}

// Mark tells which node is what a mark says.
func (b *Builder) Mark(kind byte, id wire.NodeID) {
	b.Raw(wire.OpMark, kind)
	b.Uint(uint64(id))
}

// Ranges tells what is selected, or highlighted under a name.
func (b *Builder) Ranges(kind byte, name string, order int32, list ...Range) {
	b.Raw(wire.OpRanges, kind)
	if kind == wire.RangesHighlight {
		b.Ref(wire.RoleName, name)
	}
	b.Int(order)
	b.Uint(uint64(len(list)))
	for _, r := range list {
		b.Uint(uint64(r.From))
		b.Uint(r.FromUnit)
		b.Uint(uint64(r.To))
		b.Uint(r.ToUnit)
	}
}

// Sum tells what the tree must be now.
func (b *Builder) Sum(count int, hash uint32) {
	b.Raw(wire.OpSum)
	b.Uint(uint64(count))
	b.Uint(uint64(hash))
}

// Skip makes id the one that the next new node gets, for a builder that goes on where another one was.
func (b *Builder) Skip(id wire.NodeID) { b.next = id }
