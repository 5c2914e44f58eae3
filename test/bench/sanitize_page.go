package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
	"vitrine/test/page"
)

// document is one page as HTML and as the snapshot that a browser would send of it.
type document struct {
	name  string
	html  []byte
	frame []byte // all of it may pass, and is spelled as the server would spell it
	mixed []byte // the same, but a tenth of its texts and all of its styles hold something that must go
	nodes int
}

// documentation are real pages that come with Go. Those that an installation lacks are left out.
var documentation = []string{"go_spec.html", "asm.html", "go_mem.html"}

// documents has the pages of the tests rendered and reads them, and those of Go's documentation.
func (b *bench) documents() ([]document, error) {
	cmd := exec.Command("node", filepath.Join(b.root, "test", "bench", "render.mjs"))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("render.mjs: %w", err)
	}
	var rendered []struct{ Path, HTML string }
	if err := json.Unmarshal(out, &rendered); err != nil {
		return nil, err
	}
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	for _, name := range documentation {
		path := filepath.Join(strings.TrimSpace(string(goroot)), "doc", name)
		if text, err := os.ReadFile(path); err == nil {
			rendered = append(rendered, struct{ Path, HTML string }{path, string(text)})
		}
	}
	var documents []document
	for _, r := range rendered {
		d, err := newDocument(strings.TrimSuffix(filepath.Base(r.Path), ".html"), r.HTML)
		if err != nil {
			return nil, err
		}
		documents = append(documents, d)
	}
	return documents, nil
}

// newDocument leaves out what a browser tells in other ways, such as scripts and sheets, so that both sides judge the same.
func newDocument(name, text string) (document, error) {
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		return document{}, err
	}
	strip(root)
	var clean bytes.Buffer
	if err := html.Render(&clean, root); err != nil {
		return document{}, err
	}
	builder, err := page.FromHTML(bytes.NewReader(clean.Bytes()))
	if err != nil {
		return document{}, err
	}
	batch := builder.Batch()
	judged, refusal := sanitizer.NewPage(sanitizer.Policy{}).Check(batch)
	if refusal != nil {
		return document{}, refusal
	}
	d := document{name: name, html: clean.Bytes(), frame: judged.Frame(), nodes: int(builder.Next()) - 1}
	mixed := 0
	for _, list := range [][]wire.Str{batch.Strings, batch.Literals} {
		for i := range list {
			switch s := &list[i]; {
			case s.Role == wire.RoleDecls && len(s.Text) < 100:
				s.Text = append(slices.Clip(s.Text), "; behavior: none"...)
			case s.Role == wire.RoleText || s.Role == wire.RoleAttr:
				if mixed++; mixed%10 == 0 && len(s.Text) < wire.MaxEntry {
					s.Text = append(slices.Clip(s.Text), 1)
				}
			}
		}
	}
	d.mixed = batch.AppendTo(nil)
	return d, nil
}

// strip takes scripts, sheets and comments out of a tree.
func strip(n *html.Node) {
	for k := n.FirstChild; k != nil; {
		next := k.NextSibling
		if k.Type == html.CommentNode || slices.Contains([]string{"script", "style", "noscript", "template"}, k.Data) && k.Type == html.ElementNode {
			n.RemoveChild(k)
		} else {
			strip(k)
		}
		k = next
	}
}

// reader judges snapshots as the server does with frames that arrive one after the other: the page is loaded again and again.
type reader struct {
	decoder wire.FromCustomerDecoder
	page    *sanitizer.Page
	epoch   uint32
}

func newReader() *reader { return &reader{page: sanitizer.NewPage(sanitizer.Policy{})} }

func (r *reader) check(frame []byte) error {
	f, err := r.decoder.Decode(wire.Dom, frame)
	if err != nil {
		return err
	}
	batch, ok := f.(*wire.Batch)
	if !ok {
		return fmt.Errorf("a %T", f)
	}
	r.epoch++
	batch.Epoch = r.epoch
	clean, refusal := r.page.Check(batch)
	if refusal != nil {
		return refusal
	}
	clean.Wipe()
	return nil
}

func (b *bench) sanitizePage(d document) error {
	policy := bluemonday.UGCPolicy()
	steady, mixed := newReader(), newReader()
	ours := func() error { return steady.check(d.frame) }
	theirs := func() error {
		if policy.SanitizeReader(bytes.NewReader(d.html)).Len() == 0 {
			return fmt.Errorf("bluemonday kept nothing")
		}
		return nil
	}
	size := len(d.html)
	rates, err := interleave(rate(size, ours), rate(size, theirs),
		rate(size, func() error { return mixed.check(d.mixed) }),
		rate(size, func() error { return newReader().check(d.frame) }))
	if err != nil {
		return err
	}
	allocations, err := allocs(ours)
	if err != nil {
		return err
	}
	const peer = "bluemonday UGCPolicy"
	name := "sanitize.page." + d.name
	seconds := float64(size) / 1e6 / rates[0]
	return b.printAll(
		measured(name, rates[0], "MB/s of HTML").versus(peer, rates[1]).atLeast(10),
		measured(name+".rewrite", rates[2], "MB/s of HTML").versus(peer, rates[1]).atLeast(8),
		measured(name+".fresh", rates[3], "MB/s of HTML").versus(peer, rates[1]),
		measured(name+".node", seconds*1e9/float64(d.nodes), "ns/node"),
		measured(name+".allocs", allocations/float64(d.nodes), "allocs/node"),
	)
}

// sanitizeLargest measures how much memory the largest page takes that there may be.
func (b *bench) sanitizeLargest() error {
	p := page.NewBuilder()
	p.Snapshot()
	p.Into(0)
	p.Tag("html")
	p.Tag("body")
	for i := 0; p.Next() < wire.MaxNodes-200; i++ {
		p.Tag("ul")
		for j := range 50 {
			p.Tag("li", "class", "row", "data-i", strconv.Itoa(j), "style", "color: red;")
			p.Text("entry " + strconv.Itoa(i*50+j))
			p.End()
		}
		p.End()
	}
	p.End()
	p.End()
	p.End()
	frame := p.Batch().AppendTo(nil)
	before := heap()
	r := newReader()
	if err := r.check(frame); err != nil {
		return err
	}
	r.decoder = wire.FromCustomerDecoder{}
	took := heap() - before
	nodes := r.page.Nodes()
	return b.print(measured(fmt.Sprintf("sanitize.tree.%d", nodes), took/(1<<20), "MiB").limit(64))
}

// heap is what is in use after a collection.
func heap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
