package sanitizer_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	markup "golang.org/x/net/html"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
	"vitrine/sanitizer/vocab"
	"vitrine/test/page"
)

// corpora are the files of HTML payloads with the number of cases that each must have.
var corpora = []struct {
	file  string
	cases int
}{
	{"dompurify-expect.jsonl", 223}, {"h5sc.jsonl", 149}, {"closure-html-test-vectors.jsonl", 979},
	{"payloadbox-xss.jsonl", 6590}, {"html5lib-tree-construction.jsonl", 1796}, {"blns.jsonl", 515},
}

const corporaFolder = "../../shared/corpora/"

// payload is one case: text is what the file calls html or text.
type payload struct{ id, text string }

func readCorpus(t *testing.T, file string, want int) (list []payload) {
	t.Helper()
	f, err := os.Open(corporaFolder + file)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(corporaFolder); err == nil {
			t.Fatalf("the corpora are there, but %s is not", file)
		}
		t.Skipf("corpora not found at ../shared/corpora: %d cases of %s not run", want, file)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	scan := bufio.NewScanner(f)
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		var c struct{ ID, HTML, Text string }
		if err := json.Unmarshal(scan.Bytes(), &c); err != nil || c.ID == "" {
			t.Fatalf("%s: line %d is no case", file, len(list)+1)
		}
		list = append(list, payload{c.ID, c.HTML + c.Text})
	}
	if len(list) != want || scan.Err() != nil {
		t.Fatalf("%s has %d cases, want %d (%v)", file, len(list), want, scan.Err())
	}
	return list
}

// TestCorpora sends every payload as a page that a browser without any filter would send, and holds what must be true of
// whatever comes out: it is accepted as a whole, reads and applies, its values are of their kinds, it verifies again
// without a change, and a late agent sees the same.
func TestCorpora(t *testing.T) {
	for _, c := range corpora {
		t.Run(c.file, func(t *testing.T) {
			list := readCorpus(t, c.file, c.cases)
			p, twin := sanitizer.NewPage(sanitizer.Policy{}), sanitizer.NewPage(sanitizer.Policy{})
			nodes, unread, seen := 0, 0, 0
			for i, v := range list {
				doc, err := markup.Parse(strings.NewReader(v.text))
				if err != nil {
					unread++ // more than 512 open elements
					continue
				}
				b := page.Unfiltered(doc, v.text).Batch()
				b.Epoch = uint32(i + 1)
				if page.NewReplica().Apply(b) != nil {
					seen++ // the oracle is not blind: it knows what the server has to change
				}
				nodes += through(t, v, p, twin, b)
			}
			t.Logf("%d pages, %d nodes, %d not read; %d are not fit for an agent as they are", len(list), nodes, unread, seen)
			if nodes < 15*len(list) || unread > 20 || seen < len(list)/2 {
				t.Error("this tries nothing")
			}
		})
	}
}

// through sends one page and gives the number of its nodes.
func through(t *testing.T, v payload, p, twin *sanitizer.Page, b *wire.Batch) int {
	t.Helper()
	start := time.Now()
	clean, r := p.Check(b)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("%s takes %v", v.id, took)
	}
	if r != nil {
		t.Errorf("%s is refused by %s at node %d", v.id, r.Rule, r.Node)
		return 0
	}
	out := decodeBatch(t, clean)
	replica := page.NewReplica()
	if err := replica.Apply(out); err != nil {
		t.Errorf("%s: the agent cannot apply it: %v", v.id, err)
		return 0
	}
	again, r := twin.Check(out)
	if r != nil || !bytes.Equal(again.Frame(), clean.Frame()) {
		t.Errorf("%s: what came out does not verify: %v", v.id, r)
	}
	if replica.Tree.Dump() != late(t, p).Tree.Dump() {
		t.Errorf("%s: a late agent sees another page", v.id)
	}
	return p.Nodes()
}

// TestCorpora_Rude sends the names of every payload where the format has room for a name but must not take it: as custom
// elements, behind data- and aria-, and every attribute on an element that may not have it. Whatever is refused changes
// nothing and names its row; what passes is what the grammar of names allows.
func TestCorpora_Rude(t *testing.T) {
	for _, c := range corpora[:5] {
		t.Run(c.file, func(t *testing.T) {
			shop := newShop(t)
			before := snapshotOf(t, shop.page)
			first, _ := shop.page.Snapshot()
			made := decodeBatch(t, first)
			elements, attrs := map[string]bool{}, map[string]bool{}
			for _, v := range readCorpus(t, c.file, c.cases) {
				doc, err := markup.Parse(strings.NewReader(v.text))
				if err != nil {
					continue
				}
				for n := range doc.Descendants() {
					if n.Type == markup.ElementNode {
						elements[n.Data] = true
					}
					for _, a := range n.Attr {
						attrs[a.Key] = true
					}
				}
			}
			passed, refused := 0, 0
			try := func(known bool, write func(*customer)) {
				*shop.Builder = *page.NewBuilder()
				shop.NoTable = true
				shop.Snapshot()
				shop.Update(false)
				shop.Skip(shopNext)
				write(shop)
				q := sanitizer.NewPage(sanitizer.Policy{})
				if _, r := q.Check(made); r != nil {
					t.Fatal(r)
				}
				clean, r := q.Check(shop.Batch())
				switch {
				case r == nil && !known:
					t.Error("a name passed that the grammar does not allow")
				case r == nil:
					passed++
					replica := late(t, q)
					if replica.Tree == nil || clean.Empty() {
						t.Error("nothing came out")
					}
				case !strings.HasPrefix(r.Rule, "row"):
					t.Errorf("rule %q names no row", r.Rule)
				default:
					refused++
					if !bytes.Equal(before, snapshotOf(t, q)) {
						t.Errorf("a batch refused by %s changed the page", r.Rule)
					}
				}
			}
			for name := range elements {
				name = strings.ToValidUTF8(name, "\ufffd")
				try(sanitizer.ValidCustomElement([]byte(name)), func(c *customer) {
					insert(c, div, func() { c.Elem(vocab.CustomElement, name, nil); c.End() })
				})
			}
			for name := range attrs {
				name = strings.ToValidUTF8(name, "\ufffd")
				try(sanitizer.ValidDataName([]byte(name)), func(c *customer) { c.Set(div, page.Attr{Code: vocab.DataAttr, Name: name, Text: "x"}) })
				try(sanitizer.ValidAriaName([]byte(name)), func(c *customer) { c.Set(div, page.Attr{Code: vocab.AriaAttr, Name: name, Text: "x"}) })
			}
			t.Logf("%d element names, %d attribute names: %d batches passed, %d refused", len(elements), len(attrs), passed, refused)
			if refused < 40 || passed == 0 {
				t.Error("the names try nothing")
			}
		})
	}
}

// TestThreat01_Names holds that no name of the lists of things that run has a code, and that none can be said as a name.
func TestThreat01_Names(t *testing.T) {
	data, err := os.ReadFile(corporaFolder + "wicg-event-handler-attributes.txt")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("corpora not found at ../shared/corpora: 88 names of event handlers not held against the tables")
	}
	names := 0
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "//") {
			continue
		}
		names++
		for _, a := range vocab.Attributes {
			if strings.EqualFold(a.DOM, line) || strings.HasPrefix(a.DOM, "on") {
				t.Errorf("attribute %s has code %d", a.Name, a.Code)
			}
		}
		if sanitizer.ValidAriaName([]byte(line)) {
			t.Error("a handler can be said behind aria-")
		}
	}
	if names != 88 {
		t.Errorf("%d names, want 88", names)
	}
	for _, name := range strings.Fields("script noscript template base meta link title iframe frame frameset object embed applet portal fencedframe " +
		"audio source track datalist selectedcontent svg:script svg:animate svg:set svg:animateTransform svg:animateMotion svg:discard " +
		"svg:feImage svg:mpath svg:feMorphology svg:feTurbulence svg:cursor math") {
		if page.Code(name) != 0 {
			t.Errorf("element %s has a code", name)
		}
		if sanitizer.ValidCustomElement([]byte(name)) {
			t.Errorf("%s can be said as a custom element", name)
		}
	}
}
