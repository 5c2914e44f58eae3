package sanitizer

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
	"vitrine/test/page"
)

// TestThreat27_Plain holds that a string which passes at a glance is one that its role's own rules leave as it is.
func TestThreat27_Plain(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	letters := []string{"a", "Z", "5", " ", "-", ".", "\t", "\n", "\r", "\x00", "\x1f", "\x7f", "\u0080", "\u009f", "\u00a0", "é", "言", "\xff", "\xc2", "😀", "%", "#"}
	plains := 0
	try := func(role wire.Role, text []byte) {
		if !plain(role, text) {
			return
		}
		plains++
		if role == wire.RoleName {
			return // is judged where it is used
		}
		if out, ok := appendByRole(nil, role, text); !ok || !bytes.Equal(out, text) {
			t.Fatalf("role %d: %d bytes pass at a glance, and not when they are judged", role, len(text))
		}
	}
	for role := range wire.RoleTitle + 2 {
		for _, n := range []int{0, 9, 10, maxID, maxID + 1, maxTokens, maxTokens + 1, maxAttr, maxAttr + 1} {
			for _, c := range []string{"a", "9"} {
				try(role, []byte(strings.Repeat(c, n)))
			}
		}
		for range 4000 {
			var text []byte
			for range rng.IntN(24) {
				if rng.IntN(4) > 0 {
					text = append(text, letters[rng.IntN(3)]...)
				} else {
					text = append(text, letters[rng.IntN(len(letters))]...)
				}
			}
			try(role, text)
		}
	}
	if plains < 5000 {
		t.Errorf("only %d strings pass at a glance", plains)
	}
}

// TestThreat37_SpareRoom holds that a page which takes the room of the one before it is as if it had been the first.
func TestThreat37_SpareRoom(t *testing.T) {
	b := page.NewBuilder()
	large := func() {
		b.Snapshot()
		b.Page(0, "https://shop.example/", "A page")
		b.View(10, 20, 30)
		b.Into(0)
		b.Tag("html", "lang", "en")
		b.Tag("body", "id", "a")
		b.Tag("svg:svg", "id", "b")
		b.Tag("svg:use", "#ref", "b")
		b.End()
		b.End()
		for range 300 {
			b.Tag("p", "class", "x", "data-a", "1")
			b.Text("words")
			b.Elem(codeInput, "", nil, page.Live{Kind: wire.LiveValue, Text: "held"})
			b.End()
			b.End()
		}
		b.End()
		b.End()
		b.End()
	}
	small := func() {
		b.Snapshot()
		b.Into(0)
		b.Tag("html")
		b.Tag("body")
		for range 200 {
			b.Tag("br")
			b.End()
			b.Text("x")
		}
		b.End()
		b.End()
		b.End()
	}
	used := NewPage(Policy{})
	for i := range 8 {
		if i%2 == 0 {
			large()
		} else {
			small()
		}
		first := NewPage(Policy{})
		check(t, first, b)
		check(t, used, b)
		if i > 1 && used.spare == nil {
			t.Fatal("there is no room to take")
		}
		b.Update(i%3 == 0)
		b.Set(2, page.Attr{Code: vocab.DataAttr, Name: "b", Text: "2"})
		check(t, first, b)
		check(t, used, b)
		want, _ := first.Snapshot()
		if got, _ := used.Snapshot(); !bytes.Equal(got.Frame(), want.Frame()) {
			t.Fatalf("page %d is not as if it had been the first", i)
		}
		if used.st.cost != first.st.cost || used.st.most != first.st.most || len(used.st.refs.users) != len(first.st.refs.users) {
			t.Fatalf("page %d is not counted as if it had been the first", i)
		}
	}
}

// TestThreat34_NewPassword holds that a control which came as a password, without a mask, tells nothing when it turns into
// another one.
func TestThreat34_NewPassword(t *testing.T) {
	p, b := NewPage(Policy{}), page.NewBuilder()
	b.Snapshot()
	b.Into(0)
	b.Tag("html")
	b.Tag("body")
	id := b.Tag("input", "type", "password")
	b.End()
	b.End()
	b.End()
	b.End()
	check(t, p, b)
	text, _ := page.Attribute(codeInput, "type", "text")
	b.Update(false)
	b.Set(id, text)
	check(t, p, b)
	b.Update(false)
	b.SetLive(id, page.Live{Kind: wire.LiveValue, Text: "told"})
	if _, r := p.Check(b.Batch()); r == nil || r.Rule != ruleMask {
		t.Errorf("got %v", r)
	}
}

// TestThreat40_CostOfGone holds that the score of a page is that of what is in it.
func TestThreat40_CostOfGone(t *testing.T) {
	p, b := NewPage(Policy{}), drawnPage(1, 5)
	check(t, p, b)
	before := p.st.cost
	for range 2 {
		b.Update(false)
		b.Into(2)
		cell := b.Tag("td")
		b.Tag("button")
		b.End()
		b.End()
		b.End()
		check(t, p, b)
		if p.st.cost != before+4+8 {
			t.Fatalf("a cell with a button costs %d", p.st.cost-before)
		}
		b.Update(false)
		b.Detach(cell)
		check(t, p, b)
		if p.st.cost != before {
			t.Fatalf("what is gone costs %d", p.st.cost-before)
		}
	}
}
