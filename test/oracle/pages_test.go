package oracle

import (
	"bytes"
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

// packages are the folders of real pages; docs/decisions/012 says why these.
var packages = []string{"dijit", "dojo"}

const (
	modules  = "../../web/node_modules"
	fewest   = 450 // pages that must be there
	artefact = "../../bin/figures/pages.json"
)

// real is a page that somebody wrote.
type real struct {
	name string
	text []byte
}

func pages(t *testing.T) (list []real) {
	t.Helper()
	for _, p := range packages {
		folder := filepath.Join(modules, p)
		if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
			t.Skipf("web/node_modules/%s is not there (make build installs it): no pages to hold the oracles against", p)
		}
		err := filepath.WalkDir(folder, func(name string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(name, ".html") {
				return err
			}
			text, err := os.ReadFile(name)
			short, _ := filepath.Rel(modules, name)
			list = append(list, real{filepath.ToSlash(short), text})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(list) < fewest {
		t.Fatalf("%d pages, want at least %d", len(list), fewest)
	}
	return list
}

// passed sends a page through the server's check and gives the tree that an agent gets.
func passed(t *testing.T, p real) *page.Tree {
	t.Helper()
	b, err := page.FromHTML(bytes.NewReader(p.text))
	if err != nil {
		t.Fatalf("%s: %v", p.name, err)
	}
	clean, r := sanitizer.NewPage(sanitizer.Policy{}).Check(b.Batch())
	if r != nil {
		t.Fatalf("%s: an honest page is refused by %s at node %d", p.name, r.Rule, r.Node)
	}
	f, err := new(wire.ToAgentDecoder).Decode(wire.Dom, clean.Frame())
	if err != nil {
		t.Fatalf("%s: %v", p.name, err)
	}
	replica := page.NewReplica()
	batch, ok := f.(*wire.Batch)
	if !ok {
		t.Fatalf("%s: a %T came out", p.name, f)
	}
	if err := replica.Apply(batch); err != nil {
		t.Fatalf("%s: %v", p.name, err)
	}
	return replica.Tree
}

func written(t *testing.T, n *html.Node) string {
	t.Helper()
	var s strings.Builder
	if err := html.Render(&s, n); err != nil {
		t.Fatal(err)
	}
	return s.String()
}

func read(t *testing.T, text string) *html.Node {
	t.Helper()
	n, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// wellFormed says whether a page, written from its tree, is read as the same tree. Where it is not, no page made of it can be.
func wellFormed(t *testing.T, p real) bool {
	t.Helper()
	doc := read(t, string(p.text))
	_, ok := same(doc, read(t, written(t, doc)))
	return ok
}

// TestOracles holds what an agent gets of every page against two oracles: bluemonday, with the same policy, changes no
// byte of it; and a parser that reads it finds the same tree.
func TestOracles(t *testing.T) {
	policy := Policy()
	figures := Figures{Defects: map[string]int{}}
	for _, p := range pages(t) {
		tree := passed(t, p)
		figures.Pages++
		figures.Nodes += len(tree.Nodes) - 1
		doc := Render(tree)
		text := written(t, doc)
		if policy.Sanitize(text) != text {
			t.Errorf("%s: bluemonday changes what passed", p.name)
			continue
		}
		figures.Fixed++
		if !wellFormed(t, p) {
			figures.Malformed++
			continue
		}
		if at, ok := same(doc, read(t, text)); !ok {
			t.Errorf("%s: read again, it is another tree at %s", p.name, at)
			continue
		}
		figures.Same++
		for _, d := range []defect{iframes, scripts, links, images, styles} {
			broken := Render(tree)
			if spoil(broken, read(t, string(p.text)), d) == 0 {
				continue
			}
			if text := written(t, broken); policy.Sanitize(text) == text {
				t.Errorf("%s: bluemonday does not see that %s passes", p.name, d)
			}
			figures.Defects[string(d)]++
		}
	}
	t.Logf("%+v", figures)
	if figures.Same < 100 {
		t.Errorf("only %d pages are held against the parser", figures.Same)
	}
	if err := figures.keep(); err != nil {
		t.Error(err)
	}
}

// keep leaves the figures for docs/verdicts.md.
func (f Figures) keep() error {
	data, err := json.Marshal(f)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(artefact), 0o755); err != nil {
		return err
	}
	return os.WriteFile(artefact, data, 0o644)
}
