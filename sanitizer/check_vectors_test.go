package sanitizer_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
	"vitrine/sanitizer/vocab"
	"vitrine/test/page"
)

var update = flag.Bool("update", false, "write the vectors of batches anew")

const batchVectors = "../test/vectors/batch/"

// stories are pages and what happens to them, in clean batches. What a customer sends is also what an agent gets.
var stories = map[string]func(*customer, func()){
	"page": func(c *customer, next func()) {
		c.Snapshot()
		c.Page(1, "https://shop.example/a", "A \"page\"")
		c.View(1280, 720, 2000)
		c.Into(0)
		c.Tag("html", "lang", "en")
		c.Tag("head")
		c.End()
		c.Tag("body", "class", "a b", "data-x", "1", "aria-label", "Zoë\n你好")
		c.Text("text with \"quotes\", \\ and\nlines")
		c.Text(strings.Repeat("long ", 60))
		c.Elem(page.Code("input"), "", []page.Attr{attribute("input", "type", "checkbox")}, page.Live{Kind: wire.LiveChecked, A: 1})
		c.End()
		c.Elem(vocab.CustomElement, "shop-cart", nil)
		c.End()
		c.Box(wire.BoxMedia, 300, 150)
		c.End()
		c.End()
		c.End()
		c.Focus(6)
		c.Sum(sumOf(1, 0, 2, 1, 3, 1, 4, 3, 5, 3, 6, 3, 7, 3, 8, 3))
		next()
	},
	"moves": func(c *customer, next func()) {
		paragraphs(c, 5)
		next()
		c.Update(false)
		c.Detach(5)
		c.Detach(9)
		c.Before(3)
		c.Take(9)
		c.End()
		c.Into(2)
		c.Tag("section", "class", "new")
		c.Take(5)
		c.Text("behind")
		c.End()
		c.End()
		next()
		c.Update(false)
		c.Detach(5) // out of the new section, which goes
		c.Detach(13)
		c.Before(7)
		c.Take(5)
		c.End()
		next()
	},
	"nested": func(c *customer, next func()) {
		paragraphs(c, 3)
		next()
		c.Update(false)
		c.Detach(2)
		c.Detach(3) // held by what was taken out before
		c.Detach(6)
		c.Into(1)
		c.Tag("body")
		c.Take(3)
		c.Take(6)
		c.End()
		c.End()
		next()
	},
	"changes": func(c *customer, next func()) {
		paragraphs(c, 3)
		next()
		c.Update(false)
		c.Set(3, attribute("p", "title", "said"))
		c.Set(3, attribute("p", "class", "other"))
		c.Unset(5, attribute("p", "class", ""))
		c.SetText(4, "changed")
		c.SetLive(7, page.Live{Kind: wire.LiveScroll, A: 0, B: 120})
		c.Focus(3)
		next()
		c.Update(true)
		c.Set(5, attribute("p", "class", "row"))
		c.SetText(6, "behind an empty table")
		c.Set(3, page.Attr{Code: vocab.DataAttr, Name: "k", Text: "row"})
		c.Unset(3, attribute("p", "title", ""))
		c.Focus(0)
		next()
	},
	"shadow": func(c *customer, next func()) {
		c.Snapshot()
		c.Into(0)
		c.Tag("html")
		c.Tag("body")
		c.Elem(vocab.CustomElement, "x-card", nil)
		c.Shadow(1)
		c.Tag("slot")
		c.End()
		c.End()
		c.Tag("p")
		c.Text("slotted")
		c.End()
		c.End()
		c.Tag("svg:svg", "viewBox", "0 0 10 10")
		c.Tag("svg:foreignObject")
		c.Tag("p")
		c.End()
		c.End()
		c.End()
		c.End()
		c.End()
		c.End()
		next()
		c.Update(false)
		insert(c, 4, func() { c.Text("in the shadow") })
		next()
	},
	"frames": func(c *customer, next func()) {
		c.Snapshot()
		c.Into(0)
		c.Tag("html")
		c.Tag("body")
		c.Tag("#frame", "#quirks", "", "width", "300", "frameborder", "no")
		document(c, func() { c.Text("within") })
		c.End()
		c.Tag("#frame")
		c.End()
		c.End()
		c.End()
		c.End()
		next()
		c.Update(false)
		c.Detach(4)
		insert(c, 3, func() { document(c, func() { c.Text("the next document") }) })
		insert(c, 7, func() { document(c, nothingMore) })
		next()
	},
	"masked": func(c *customer, next func()) {
		c.Snapshot()
		c.Into(0)
		c.Tag("html")
		c.Tag("body")
		c.Tag("div", "#mask", "", "class", "secret")
		c.Text("••• ••")
		c.Elem(page.Code("input"), "", []page.Attr{attribute("input", "type", "password")}, page.Live{Kind: wire.LiveBullets, A: 8})
		c.End()
		c.End()
		c.End()
		c.End()
		c.End()
		next()
	},
}

// paragraphs begins a snapshot with n paragraphs: 3, 5, 7 and so on, each with the text behind it.
func paragraphs(c *customer, n int) {
	c.Snapshot()
	c.Into(0)
	c.Tag("html")
	c.Tag("body")
	for i := range n {
		c.Tag("p", "class", "row")
		c.Text(fmt.Sprintf("text %d", i))
		c.End()
	}
	c.End()
	c.End()
	c.End()
}

// sumOf is what OpSum says of nodes, given as id and parent in turns.
func sumOf(pairs ...wire.NodeID) (count int, hash uint32) {
	for i := 0; i < len(pairs); i += 2 {
		hash += wire.SumStep(pairs[i], pairs[i+1])
	}
	return len(pairs) / 2, hash
}

// write writes the file of a story: every batch with the page behind it, and the snapshot that a late agent gets then.
func write(t *testing.T, name string, story func(*customer, func())) {
	t.Helper()
	var s strings.Builder
	fmt.Fprintf(&s, "# %s: written by go test ./sanitizer -update, read by Go and TypeScript. Lines with | are the page behind the batch.\n", name)
	c := newCustomer(t)
	n := 0
	add := func(frame []byte, r *page.Replica) {
		fmt.Fprintf(&s, "\nbatch: %d\nhex: %x\n", n, frame)
		n++
		for line := range strings.Lines(r.Tree.Dump()) {
			s.WriteString("|" + line)
		}
	}
	story(c, func() {
		frame := c.Batch().AppendTo(nil)
		c.send()
		add(frame, c.replica)
	})
	last, _ := c.page.Snapshot()
	add(last.Frame(), late(t, c.page))
	if err := os.WriteFile(batchVectors+name+".txt", []byte(s.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestVectorsOfBatches holds that every batch of the vectors passes as it is and makes the page that the vectors draw, for
// an agent who saw all batches and for one who comes late.
func TestVectorsOfBatches(t *testing.T) {
	if *update {
		for name, story := range stories {
			write(t, name, story)
		}
	}
	files, err := filepath.Glob(batchVectors + "*.txt")
	if err != nil || len(files) != len(stories) {
		t.Fatalf("%d files for %d stories (%v)", len(files), len(stories), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p, r := sanitizer.NewPage(sanitizer.Policy{}), page.NewReplica()
		blocks := strings.Split(string(data), "\n\n")[1:]
		for i, block := range blocks {
			_, text, _ := strings.Cut(block, "hex: ")
			digits, dump, _ := strings.Cut(text, "\n")
			frame, err := hex.DecodeString(digits)
			if err != nil {
				t.Fatal(err)
			}
			var d wire.ToAgentDecoder
			f, err := d.Decode(wire.Dom, frame)
			if err != nil {
				t.Fatalf("%s %d: %v", file, i, err)
			}
			want := strings.TrimSuffix(strings.ReplaceAll("\n"+dump, "\n|", "\n")[1:], "\n")
			if i == len(blocks)-1 { // what the server makes for a late agent
				r = page.NewReplica()
				if got := snapshotOf(t, p); !bytes.Equal(got, frame) {
					t.Errorf("%s: the server's snapshot is another one", file)
				}
			} else if clean, refusal := p.Check(f.(*wire.Batch)); refusal != nil || !bytes.Equal(clean.Frame(), frame) {
				t.Fatalf("%s %d: %v, or it does not pass as it is", file, i, refusal)
			}
			if err := r.Apply(f.(*wire.Batch)); err != nil {
				t.Fatalf("%s %d: %v", file, i, err)
			}
			if got := strings.TrimSuffix(r.Tree.Dump(), "\n"); got != want {
				t.Errorf("%s %d: got\n%s\nwant\n%s", file, i, got, want)
			}
		}
	}
}
