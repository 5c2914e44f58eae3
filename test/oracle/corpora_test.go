package oracle

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
	"vitrine/test/page"
)

const corporaFolder = "../../../shared/corpora"

// TestOracles_Corpora holds what an agent gets of hostile pages, sent by a browser that filters nothing, against
// bluemonday: no byte is left for it to change. Each seeded defect must be seen.
func TestOracles_Corpora(t *testing.T) {
	if _, err := os.Stat(corporaFolder); errors.Is(err, fs.ErrNotExist) {
		t.Skip("corpora not found at ../shared/corpora: 9737 payloads not held against bluemonday")
	}
	policy := Policy()
	seen := map[defect]int{}
	held := 0
	for _, name := range []string{"payloadbox-xss", "html5lib-tree-construction", "closure-html-test-vectors", "dompurify-expect", "h5sc"} {
		f, err := os.Open(filepath.Join(corporaFolder, name+".jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var c struct{ ID, HTML string }
			if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
				t.Fatal(err)
			}
			doc, err := html.Parse(strings.NewReader(c.HTML))
			if err != nil {
				continue // more than 512 open elements
			}
			tree := unfiltered(t, c.ID, doc, c.HTML)
			held++
			if text := written(t, Render(tree)); policy.Sanitize(text) != text {
				t.Errorf("%s: bluemonday changes what passed", c.ID)
			}
			for _, d := range []defect{iframes, scripts, links, images, styles} {
				broken := Render(tree)
				if spoil(broken, doc, d) == 0 {
					continue
				}
				if text := written(t, broken); policy.Sanitize(text) == text {
					t.Errorf("%s: bluemonday does not see that %s passes", c.ID, d)
				}
				seen[d]++
			}
		}
	}
	t.Logf("%d payloads; seeded defects seen: %v", held, seen)
	if held < 9600 {
		t.Errorf("%d payloads, want nearly all of 9737", held)
	}
	for _, d := range []defect{iframes, scripts, links, images, styles} {
		if seen[d] < 40 {
			t.Errorf("%s was tried on %d payloads only", d, seen[d])
		}
	}
}

func unfiltered(t *testing.T, id string, doc *html.Node, text string) *page.Tree {
	t.Helper()
	clean, r := sanitizer.NewPage(sanitizer.Policy{}).Check(page.Unfiltered(doc, text).Batch())
	if r != nil {
		t.Fatalf("%s is refused by %s", id, r.Rule)
	}
	f, err := new(wire.ToAgentDecoder).Decode(wire.Dom, clean.Frame())
	if err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	batch, ok := f.(*wire.Batch)
	if !ok {
		t.Fatalf("%s: a %T came out", id, f)
	}
	replica := page.NewReplica()
	if err := replica.Apply(batch); err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	return replica.Tree
}

// TestSame holds that the comparison of trees sees what differs.
func TestSame(t *testing.T) {
	const text = `<p id="a">one<b>two</b></p>`
	for _, other := range []string{
		`<p id="b">one<b>two</b></p>`, `<p>one<b>two</b></p>`, `<p id="a">one<i>two</i></p>`, `<p id="a">one<b>twos</b></p>`,
		`<p id="a">one</p><b>two</b>`, `<p id="a" class="x">one<b>two</b></p>`, `<p id="a">one<b>two</b> </p>`,
	} {
		if _, ok := same(read(t, text), read(t, other)); ok {
			t.Errorf("%s passes for %s", other, text)
		}
	}
	if at, ok := same(read(t, text), read(t, "<!doctype html><!-- x -->"+text)); !ok {
		t.Errorf("doctype and comment count, at %q", at)
	}
}
