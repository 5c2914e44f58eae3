package sanitizer

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unsafe"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
	"vitrine/test/page"
)

// list is a page with n paragraphs of a text each. Paragraph i has id 3+2i, its text the next.
func list(t testing.TB, b *page.Builder, p *Page, n int) {
	t.Helper()
	b.Snapshot()
	b.Into(0)
	b.Tag("html")
	b.Tag("body")
	for i := range n {
		b.Tag("p", "class", "row", "data-i", fmt.Sprint(i), "style", "color: red;")
		b.Text(fmt.Sprintf("text %d", i))
		b.End()
	}
	b.End()
	b.End()
	b.End()
	check(t, p, b)
}

func check(t testing.TB, p *Page, b *page.Builder) Clean {
	t.Helper()
	c, r := p.Check(b.Batch())
	if r != nil {
		t.Fatalf("refused: %s at node %d", r.Rule, r.Node)
	}
	return c
}

// memory is everything that a page holds on to, as bytes, up to the end of every slice.
func memory(p *Page) (parts [][]byte) {
	c := &p.check
	for _, o := range append(c.outs[:cap(c.outs)], wire.Str{}) {
		parts = append(parts, o.Text)
	}
	st := p.st
	if st == nil {
		return parts
	}
	parts = append(parts, st.strs.slab[:cap(st.strs.slab)], st.strs.scratch[:cap(st.strs.scratch)])
	return append(parts, unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(st.attrs))), cap(st.attrs)*int(unsafe.Sizeof(attr{}))))
}

func holds(parts [][]byte, canary string) bool {
	for _, p := range parts {
		if bytes.Contains(p, []byte(canary)) {
			return true
		}
	}
	return false
}

const canary = "CANARY-5b1e"

// TestThreat37_StringsDoNotGrow holds that a page which changes for a long time does not grow: strings that nobody uses are
// freed, and the slab is compacted.
func TestThreat37_StringsDoNotGrow(t *testing.T) {
	p, b := NewPage(Policy{}), page.NewBuilder()
	list(t, b, p, 100)
	rng := rand.New(rand.NewPCG(1, 2))
	first, most := 0, 0
	for i := range 6000 {
		b.Update(i%50 == 49)
		for range 20 {
			id := wire.NodeID(3 + 2*rng.IntN(100))
			switch rng.IntN(4) {
			case 0:
				b.SetText(id+1, strings.Repeat(fmt.Sprint(rng.Uint64()), 20))
			case 1:
				b.SetText(id+1, fmt.Sprint(rng.Uint32()))
			case 2:
				b.Set(id, page.Attr{Code: vocab.DataAttr, Name: "i", Text: fmt.Sprint(rng.Uint32())})
			default:
				b.SetLive(id, page.Live{Kind: wire.LiveValue, Text: strings.Repeat("v", rng.IntN(2000))})
			}
		}
		check(t, p, b)
		if i == 2000 {
			first = p.Bytes() + cap(p.st.strs.slab) + len(p.st.strs.list)
		}
		most = max(most, p.Bytes()+cap(p.st.strs.slab)+len(p.st.strs.list))
	}
	t.Logf("%d bytes after 2000 batches, at most %d", first, most)
	if first == 0 || most > first+2<<20 {
		t.Errorf("the page grows: %d bytes after 2000 batches, later up to %d", first, most)
	}
	uses := 0
	for _, id := range p.st.table {
		if p.st.strs.list[id].refs == 0 {
			t.Fatal("an entry of the table is not in use")
		}
	}
	for _, s := range p.st.strs.list {
		uses += int(s.refs)
	}
	// Text, class, data- name and value, style and live value of each paragraph, and the table.
	if limit := 100*7 + len(p.st.table); uses > limit {
		t.Errorf("%d uses are counted, there are at most %d", uses, limit)
	}
}

// TestThreat37_NodesDoNotGrow holds that nodes which come and go leave no memory behind, and that a page whose nodes lie
// far apart is charged for it.
func TestThreat37_NodesDoNotGrow(t *testing.T) {
	p, b := NewPage(Policy{}), page.NewBuilder()
	list(t, b, p, 10)
	before := p.Bytes()
	id := b.Next()
	for i := range 3000 {
		b.Update(false)
		if i > 0 {
			b.Detach(id)
		}
		id = b.Next()
		b.Into(2)
		b.Tag("div", "class", "row")
		for range 50 {
			b.Text("x")
		}
		b.End()
		b.End()
		check(t, p, b)
	}
	if n := p.Nodes(); n != 2+20+51 {
		t.Errorf("%d nodes are left", n)
	}
	if grown := p.Bytes() - before; grown > 256<<10 {
		t.Errorf("the page grew by %d bytes", grown)
	}
	if len(p.st.attrs) > 2000 || len(p.st.strs.list) > 2000 {
		t.Errorf("%d attributes and %d strings are kept", len(p.st.attrs), len(p.st.strs.list))
	}
	before = p.Bytes()
	for range 100 {
		b.Update(false)
		b.Into(2)
		b.Tag("div")
		b.End()
		first := b.Next()
		for range 2 << pageBits {
			b.Text("x")
		}
		b.End()
		check(t, p, b)
		b.Update(false)
		for id := first; id < b.Next(); id++ {
			b.Detach(id)
		}
		check(t, p, b)
	}
	if charged := p.Bytes() - before; charged < 90*nodeBytes<<pageBits {
		t.Errorf("100 nodes far apart are charged with %d bytes", charged)
	}
}

// TestThreat37_Freed holds that a string is overwritten as soon as nobody uses it, and all of them when the page is wiped
// or replaced. The canary is put into every place that has room for text.
func TestThreat37_Freed(t *testing.T) {
	write := func(b *page.Builder) {
		b.Snapshot()
		b.Page(0, "https://shop.example/"+canary, canary)
		b.Into(0)
		b.Tag("html")
		b.Tag("body", "class", canary, "title", canary, "data-"+strings.ToLower(canary), canary, "id", canary, "style", "content: '"+canary+"';")
		b.Text(strings.Repeat("long ", 50) + canary)
		b.Text(canary)
		b.Elem(codeInput, "", nil, page.Live{Kind: wire.LiveValue, Text: canary})
		b.End()
		b.Tag("a", "href", "https://"+canary+".example/x")
		b.End()
		b.End()
		b.End()
		b.End()
	}
	p, b := NewPage(Policy{}), page.NewBuilder()
	write(b)
	clean := check(t, p, b)
	slabs := memory(p)
	if !holds(slabs, canary) || !bytes.Contains(clean.Frame(), []byte(canary)) {
		t.Fatal("the canary is not where it is searched")
	}
	old := p.st
	p.Wipe()
	if holds(slabs, canary) || holds(slabs, strings.ToLower(canary)) {
		t.Error("wiping left the canary in memory")
	}
	if old.strs.slab != nil || old.pages != nil || p.Nodes() != 0 {
		t.Error("wiping left something")
	}
	clean.Wipe()
	if bytes.Contains(clean.Frame(), []byte(canary)) {
		t.Error("wiping left the canary in the frame")
	}

	p, b = NewPage(Policy{}), page.NewBuilder()
	write(b)
	check(t, p, b)
	slabs = memory(p)
	b.Snapshot()
	b.Into(0)
	b.Tag("html")
	b.End()
	b.End()
	check(t, p, b)
	if holds(slabs, canary) || holds(memory(p), canary) {
		t.Error("the next snapshot left the canary in memory")
	}

	p, b = NewPage(Policy{}), page.NewBuilder()
	list(t, b, p, 3)
	b.Update(false)
	b.SetText(4, canary)
	check(t, p, b)
	slabs = memory(p)
	b.Update(true)
	b.SetText(4, "x")
	check(t, p, b)
	if holds(memory(p), canary) || holds(slabs, canary) {
		t.Error("a text that was replaced is still in memory")
	}
	b.Update(false)
	b.SetText(4, canary)
	b.SetText(4, canary+"\xff")
	if _, r := p.Check(b.Batch()); r == nil || r.Rule != ruleUTF8 {
		t.Fatalf("got %v", r)
	}
	if holds(memory(p), canary) {
		t.Error("a refused batch is still in memory")
	}
}

// TestThreat32_SnapshotFits holds that a page cannot grow beyond what one frame can bring to an agent who joins late.
func TestThreat32_SnapshotFits(t *testing.T) {
	p, b := NewPage(Policy{}), page.NewBuilder()
	list(t, b, p, 10)
	text := strings.Repeat("x", 1<<20)
	refused := 0
	for range 20 {
		seq := *b
		b.Update(false)
		b.Into(2)
		b.Text(text)
		b.End()
		if _, r := p.Check(b.Batch()); r != nil {
			if r.Rule != ruleBytes {
				t.Fatal(r)
			}
			refused++
			*b = seq
		}
		c, ok := p.Snapshot()
		if !ok || len(c.Frame()) > wire.MaxFrame {
			t.Fatalf("a snapshot has %d bytes", len(c.Frame()))
		}
	}
	if refused != 13 {
		t.Errorf("%d of 20 texts of 1 MiB are refused", refused)
	}
	for range 30 { // what goes makes room again, and what is replaced does not count twice
		b.Update(false)
		b.SetText(4, text[:900<<10])
		b.SetText(6, text[:10])
		check(t, p, b)
	}
}

// TestThreat32_SnapshotLiterals holds the same for the number of strings.
func TestThreat32_SnapshotLiterals(t *testing.T) {
	p, b := NewPage(Policy{}), page.NewBuilder()
	list(t, b, p, 10)
	b.NoTable = true
	refused := false
	for i := range 8 {
		b.Update(false)
		b.Into(2)
		b.Tag("div")
		for range 12_000 {
			b.Tag("p", "class", "a", "title", "b", "lang", "c")
			b.End()
		}
		b.End()
		b.End()
		if _, r := p.Check(b.Batch()); r != nil {
			if refused = true; r.Rule != ruleBytes || i < 7 {
				t.Fatalf("step %d: %v", i, r)
			}
		}
	}
	c, _ := p.Snapshot()
	var d wire.ToAgentDecoder
	if _, err := d.Decode(wire.Dom, c.Frame()); err != nil || !refused {
		t.Error(err, refused)
	}
}

// TestThreat32_GrownStrings holds that a string that gets longer by being written anew still fits into its place.
func TestThreat32_GrownStrings(t *testing.T) {
	p, b := NewPage(Policy{}), page.NewBuilder()
	list(t, b, p, 3)
	b.Update(false)
	for i := range 3 {
		css := strings.Repeat("a:b;", 8) + strings.Repeat("color:red;", 12)
		b.Set(wire.NodeID(3+2*i), page.Attr{Code: 14, Text: css[len(css)-126+i:]})
	}
	c := check(t, p, b)
	var d wire.ToAgentDecoder
	f, err := d.Decode(wire.Dom, c.Frame())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range f.(*wire.Batch).Strings {
		if len(s.Text) > wire.MaxEntry {
			t.Errorf("an entry of the table has %d bytes", len(s.Text))
		}
	}
}

// TestAllocations holds that a page which is busy makes no memory for nodes, attributes or strings: only for the frame
// that goes out.
func TestAllocations(t *testing.T) {
	p, b := NewPage(Policy{}), page.NewBuilder()
	list(t, b, p, 2000)
	first := wire.NodeID(0)
	batch := func() *wire.Batch {
		b.Update(false)
		for i := range 200 {
			id := wire.NodeID(3 + 2*(i*7%2000))
			b.SetText(id+1, "text 5")
			b.Set(id, page.Attr{Code: vocab.DataAttr, Name: "i", Text: "7"})
			b.Set(id, page.Attr{Code: 14, Text: "color: red;"})
		}
		return b.Batch()
	}
	grow := func() *wire.Batch {
		b.Update(false)
		if first > 0 {
			b.Detach(first)
		}
		first = b.Next()
		b.Into(2)
		b.Tag("div")
		for range 200 {
			b.Tag("p", "class", "row", "style", "color: red;")
			b.Text("text 1")
			b.End()
		}
		b.End()
		b.End()
		return b.Batch()
	}
	for name, next := range map[string]func() *wire.Batch{"changes": batch, "nodes": grow} {
		var queue []*wire.Batch
		for range 20 + 1 + 100 { // AllocsPerRun calls once more than it counts
			queue = append(queue, next())
		}
		step := func() {
			if _, r := p.Check(queue[0]); r != nil {
				t.Fatal(r)
			}
			queue = queue[1:]
		}
		for range 20 {
			step()
		}
		if n := testing.AllocsPerRun(100, step); n > 3 {
			t.Errorf("%s: %.1f allocations for a batch of 200 nodes", name, n)
		}
	}
}
