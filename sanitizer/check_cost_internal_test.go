package sanitizer

import (
	"bytes"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
	"vitrine/test/page"
)

// TestThreat37_JournalOfRepeats holds that a batch which says the same things again and again takes no more memory than the
// page that it changes, neither while it is judged nor afterwards.
func TestThreat37_JournalOfRepeats(t *testing.T) {
	for _, refused := range []bool{false, true} {
		p, b := NewPage(Policy{}), page.NewBuilder()
		list(t, b, p, 10)
		before, _ := p.Snapshot()
		b.Update(false)
		b.Set(3, page.Attr{Code: vocab.ReadonlyAttr})
		b.SetText(4, "x")
		for range 200_000 {
			b.Raw(wire.OpSet)
			b.ID(3)
			b.Raw(byte(vocab.ReadonlyAttr))
			b.Raw(wire.OpLive)
			b.ID(3)
			b.Raw(wire.LiveOpen, 1)
		}
		if refused {
			b.Raw(0xff)
		}
		_, r := p.Check(b.Batch())
		if (r != nil) != refused {
			t.Fatal(r)
		}
		j := &p.st.j
		if most := cap(j.nodes) + cap(j.attrs) + cap(j.taken) + cap(j.dropped) + cap(j.newAttrs); most > maxSpare {
			t.Errorf("refused %v: room for %d entries is kept", refused, most)
		}
		if len(p.st.attrs) > 100 {
			t.Errorf("%d attributes", len(p.st.attrs))
		}
		after, _ := p.Snapshot()
		if same := string(before.Frame()) == string(after.Frame()); same != refused {
			t.Errorf("refused %v, same page %v", refused, same)
		}
		for id := range p.st.nextID {
			if p.st.at(id).flags&flagSaved != 0 {
				t.Errorf("node %d is marked", id)
			}
		}
		for i := range p.st.attrs {
			if p.st.attrs[i].saved {
				t.Errorf("attribute %d is marked", i)
			}
		}
		if noNode != (node{}) {
			t.Fatal("the node that is none was written to")
		}
	}
}

// TestThreat24_FullPageIsNotCounted holds that a page which is nearly as large as it may be does not cost the server a
// snapshot for each of its smallest changes.
func TestThreat24_FullPageIsNotCounted(t *testing.T) {
	p, b := NewPage(Policy{}), page.NewBuilder()
	list(t, b, p, 10)
	b.NoTable = true
	text := strings.Repeat("x", 1<<20)
	for i := range 8 {
		b.Update(false)
		b.Into(2)
		b.Text(text[:min(len(text), shownLimit-p.st.most.bytes-400)])
		b.End()
		if check(t, p, b); i == 7 && p.st.most.bytes < shownLimit-1000 {
			t.Fatalf("%d bytes", p.st.most.bytes)
		}
	}
	counted, last := 0, p.st.most.bytes
	for range 1000 {
		b.Update(false)
		b.SetText(4, "y")
		if _, r := p.Check(b.Batch()); r != nil {
			counted++
			break
		}
		if p.st.most.bytes < last {
			counted++
		}
		last = p.st.most.bytes
	}
	if counted > 2 {
		t.Errorf("the page was counted %d times", counted)
	}
}

// TestThreat32_SteadyState holds that a page which is loaded again and again needs no memory for its nodes, attributes and
// strings, however many there are: the room of the page before it is used again. The one allocation is the reader of the frame.
func TestThreat32_SteadyState(t *testing.T) {
	for _, n := range []int{10, 3000} {
		p, b := NewPage(Policy{}), page.NewBuilder()
		list(t, b, p, n)
		var d wire.FromCustomerDecoder
		frame := b.Batch().AppendTo(nil)
		nodes := p.Nodes()
		p, epoch := NewPage(Policy{}), uint32(0)
		step := func() {
			f, err := d.Decode(wire.Dom, frame)
			if err != nil {
				t.Fatal(err)
			}
			epoch++
			batch := f.(*wire.Batch)
			batch.Epoch = epoch
			clean, r := p.Check(batch)
			if r != nil || p.Nodes() != nodes {
				t.Fatal(r, p.Nodes())
			}
			clean.Wipe()
		}
		for range 3 {
			step()
		}
		if got := testing.AllocsPerRun(20, step); got > 1 {
			t.Errorf("%d nodes: %.1f allocations for a snapshot", nodes, got)
		}
	}
}

// TestThreat32_Memory holds that a page of as many nodes as there may be takes less than 64 MiB, as the garbage collector
// sees it. Each of its elements has a class, a style and a data- attribute; each text is another one.
func TestThreat32_Memory(t *testing.T) {
	if testing.Short() {
		t.Skip("a page of 200,000 nodes")
	}
	b := page.NewBuilder()
	b.Snapshot()
	b.Into(0)
	b.Tag("html")
	b.Tag("body")
	for i := 0; b.Next() < wire.MaxNodes-200; i++ {
		b.Tag("ul")
		for j := range 50 {
			b.Tag("li", "class", "row", "data-i", strconv.Itoa(j), "style", "color: red;")
			b.Text("entry " + strconv.Itoa(i*50+j))
			b.End()
		}
		b.End()
	}
	b.End()
	b.End()
	b.End()
	frame := b.Batch()
	heap := func() int {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	before := heap()
	p := NewPage(Policy{})
	clean, r := p.Check(frame)
	if r != nil {
		t.Fatal(r)
	}
	clean.Wipe()
	took := heap() - before
	t.Logf("%d nodes: %d bytes, of which %d are charged", p.Nodes(), took, p.Bytes())
	if p.Nodes() < wire.MaxNodes-300 || took > 64<<20 {
		t.Errorf("%d nodes take %d bytes", p.Nodes(), took)
	}
	runtime.KeepAlive(frame)
}

// TestThreat36_SameBytes holds that what an honest page says is passed on as the very same bytes: nothing of it is written
// anew. The frame of a page that is not honest is not the same.
func TestThreat36_SameBytes(t *testing.T) {
	p, b := NewPage(Policy{}), page.NewBuilder()
	list(t, b, p, 30)
	for name, change := range map[string]func(){
		"a snapshot": func() {
			b.Snapshot()
			b.Page(0, "https://shop.example/a", "A page")
			b.View(1280, 720, 2000)
			b.Into(0)
			b.Tag("html", "lang", "en")
			b.Tag("body", "id", "top", "style", "color: red; margin: 0px;", "class", "a b")
			b.Text("words, Wörter, 言葉\n\t")
			b.Tag("svg:svg", "viewBox", "0 0 10 10", "fill", "url(\"#a\")")
			b.Tag("svg:path", "d", "M0 0L10 10Z")
			b.End()
			b.End()
			for range 10 {
				b.Tag("p", "title", "x")
				b.Text("text")
				b.End()
			}
			b.End()
			b.End()
			b.End()
		},
		"changes": func() {
			b.Update(false)
			b.SetText(4, "other words")
		},
		"a new table": func() {
			b.Update(true)
			b.SetText(4, "again")
		},
	} {
		t.Run(name, func(t *testing.T) {
			if name != "a snapshot" {
				list(t, b, p, 3)
			}
			change()
			frame := b.Batch().AppendTo(nil)
			if clean := check(t, p, b); !bytes.Equal(clean.Frame(), frame) {
				t.Error("the frame was written anew")
			}
		})
	}
	list(t, b, p, 3) // whichever came last
	b.Update(false)
	b.SetText(4, "not\x01shown")
	frame := b.Batch().AppendTo(nil)
	if clean := check(t, p, b); bytes.Equal(clean.Frame(), frame) {
		t.Error("what must go was passed on")
	}
}

// TestLoan holds that the buffer which frames share never serves two at a time, and that a frame which was wiped twice does
// not wipe the one after it.
func TestLoan(t *testing.T) {
	p, b := NewPage(Policy{}), page.NewBuilder()
	list(t, b, p, 3)
	next := func(text string) Clean {
		b.Update(false)
		b.SetText(4, text)
		return check(t, p, b)
	}
	first := next("first")
	second := next("second")
	if !bytes.Contains(first.Frame(), []byte("first")) || !bytes.Contains(second.Frame(), []byte("second")) {
		t.Fatal("two frames share their bytes")
	}
	first.Wipe()
	second.Wipe()
	third := next("third")
	first.Wipe()
	second.Wipe()
	if !bytes.Contains(third.Frame(), []byte("third")) {
		t.Fatal("a frame was wiped by the one before it")
	}
	third.Wipe()
	if bytes.Contains(third.Frame(), []byte("third")) {
		t.Fatal("a frame is not wiped")
	}
}
