package sanitizer

import (
	"strconv"
	"strings"
	"testing"

	"vitrine/internal/wire"
	"vitrine/test/page"
)

// drawnPage is a page with a number of elements of one id, and users that name it. Node 3 is the svg element.
func drawnPage(named, users int) *page.Builder {
	b := page.NewBuilder()
	b.Snapshot()
	b.Into(0)
	b.Tag("html")
	b.Tag("body")
	b.Tag("svg:svg")
	for i := range named {
		id := "a"
		if users == 0 {
			id += strconv.Itoa(i)
		}
		b.Tag("svg:g", "id", id)
		b.End()
	}
	for range users {
		b.Tag("svg:use", "#ref", "a")
		b.End()
	}
	b.Tag("svg:g", "id", "b")
	b.End()
	b.End()
	b.Tag("div")
	b.End()
	b.End()
	b.End()
	b.End()
	return b
}

// TestThreat30_Work holds that counting what is shown by reference is bounded, also for a page that is made for it to take
// long: for a batch, it takes as many steps as there are elements that could be concerned, and never more than the limit.
func TestThreat30_Work(t *testing.T) {
	// Many users of a name that stands many times: the name is looked at once.
	p, b := NewPage(Policy{}), drawnPage(24_000, 24_000)
	check(t, p, b)
	if n := p.st.refs.graph.steps; n > 10*48_000 {
		t.Errorf("%d steps for 24,000 users of one name", n)
	}
	// Where the order of the tree counts, each of them is a search.
	b.Update(false)
	b.Into(3)
	for _, names := range [][2]string{{"c", "d"}, {"d", "c"}} {
		b.Tag("svg:g", "id", names[0])
		b.End()
		b.Tag("svg:g", "id", names[1])
		b.Tag("svg:use", "#ref", names[0])
		b.End()
		b.End()
	}
	b.End()
	if _, r := p.Check(b.Batch()); r == nil || r.Rule != ruleShown {
		t.Fatalf("got %v", r)
	}
	if g := p.st.refs.graph; g.steps <= maxSteps || g.steps > maxSteps+24_000 {
		t.Errorf("%d steps", g.steps)
	}

	p, b = NewPage(Policy{}), drawnPage(1, 1000)
	check(t, p, b)
	g := p.st.refs.graph
	first := g.steps
	if first == 0 || first > 10_000 {
		t.Fatalf("%d steps for 1000 users", first)
	}
	g.steps = 0
	b.Update(false)
	b.Into(b.Next() - 1)
	for range 1000 {
		b.Tag("p", "id", "x", "style", "color: red;")
		b.End()
	}
	b.End()
	check(t, p, b)
	if g.steps != 0 {
		t.Errorf("%d steps for paragraphs", g.steps)
	}
	b.Update(false)
	b.Into(3)
	b.Tag("svg:use", "#ref", "a")
	b.End()
	b.End()
	check(t, p, b)
	if g.steps == 0 || g.steps > first+10 {
		t.Errorf("%d steps for another user, %d for the first thousand", g.steps, first)
	}

	p, b = NewPage(Policy{}), drawnPage(50_000-3, 0)
	check(t, p, b)
	if p.st.refs.graph != nil {
		t.Error("a page without references was counted")
	}
}

// TestThreat37_ReferencesDoNotGrow holds that the lists of what refers to what do not grow with elements that come and go.
func TestThreat37_ReferencesDoNotGrow(t *testing.T) {
	p, b := NewPage(Policy{}), drawnPage(3, 3)
	check(t, p, b)
	for range 300 {
		b.Update(false)
		b.Into(3)
		id := b.Tag("svg:g", "id", "c")
		for range 20 {
			b.Tag("svg:use", "#ref", "a")
			b.End()
		}
		b.End()
		b.End()
		check(t, p, b)
		b.Update(false)
		b.Detach(id)
		check(t, p, b)
	}
	if r := &p.st.refs; len(r.users)+len(r.named) > 300 {
		t.Errorf("%d users and %d named elements are remembered", len(r.users), len(r.named))
	}
}

// TestThreat32_StopsEarly holds that a batch which goes beyond a limit is not read to its end first: it takes no more memory
// than the limit allows, and what the limit is looked at in between.
func TestThreat32_StopsEarly(t *testing.T) {
	p, b := NewPage(Policy{MaxNodes: 1000}), drawnPage(1, 1)
	check(t, p, b)
	b.Update(false)
	b.Into(2)
	for range 40_000 {
		b.Text("x")
	}
	b.End()
	if _, r := p.Check(b.Batch()); r == nil || r.Rule != ruleNodes {
		t.Fatalf("got %v", r)
	}
	if n := len(p.st.pages); n > 1000>>pageBits+3 {
		t.Errorf("%d pages of nodes were made", n)
	}

	p, b = NewPage(Policy{MaxPageBytes: 200 << 10}), drawnPage(1, 1)
	check(t, p, b)
	b.Update(false)
	b.Into(2)
	for range 20_000 {
		b.Tag("p", "class", "a", "title", "b", "lang", "c", "id", "d")
		b.Text("x")
		b.End()
	}
	b.End()
	if _, r := p.Check(b.Batch()); r == nil || r.Rule != ruleBytes {
		t.Fatalf("got %v", r)
	}
	if n := cap(p.st.attrs); n > 20_000 {
		t.Errorf("room for %d attributes was made", n)
	}

	p, b = NewPage(Policy{MaxPageBytes: 1 << 20}), drawnPage(1, 1)
	check(t, p, b)
	b.Update(false)
	b.Into(2)
	for range 8 {
		b.Text(strings.Repeat("x", 1<<20))
	}
	b.End()
	if _, r := p.Check(b.Batch()); r == nil || r.Rule != ruleBytes {
		t.Fatalf("got %v", r)
	}
	if n := cap(p.st.strs.slab); n > 5<<20 {
		t.Errorf("room for %d bytes of strings was made", n)
	}

	// Within one new element as well as at the place where a run begins.
	for _, nested := range []bool{false, true} {
		p, b = NewPage(Policy{}), drawnPage(1, 1)
		check(t, p, b)
		b.Update(false)
		b.Into(2)
		if nested {
			b.Tag("div")
		}
		for range wire.MaxChildren + 1 {
			b.Text("x")
		}
		if nested {
			b.End()
		}
		b.End()
		if _, r := p.Check(b.Batch()); r == nil || r.Rule != ruleChildren {
			t.Errorf("nested %v: got %v", nested, r)
		}
	}
}
