package sanitizer

import (
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
