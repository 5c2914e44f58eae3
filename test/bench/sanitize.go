package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	douceur "github.com/aymerick/douceur/parser"
	"github.com/microcosm-cc/bluemonday"
	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/css"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
	"vitrine/test/page"
)

// sampleTime is how long one sample takes at least.
const sampleTime = 100 * time.Millisecond

// sheets are the style sheets of the benchmark: one of many plain rules, one as people write them, one as tools minify.
var sheets = []struct{ name, path string }{
	{"dashboard", "test/e2e/pages/dashboard.css"},
	{"shop", "web/demo/shop.css"},
	{"report", "web/node_modules/playwright-core/lib/vite/htmlReport/report.css"},
}

// document is one page as HTML and as the snapshot that a browser would send of it.
type document struct {
	name  string
	html  []byte
	frame []byte
	nodes int
}

// sanitize measures the sanitizer alone: whole pages, and style sheets.
func sanitize(b *bench) error {
	documents, err := b.documents()
	if err != nil {
		return err
	}
	for _, d := range documents {
		if err := b.sanitizePage(d); err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
	}
	for _, s := range sheets {
		data, err := os.ReadFile(filepath.Join(b.root, s.path))
		if err != nil {
			return err
		}
		if err := b.sanitizeSheet(s.name, data); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// documents has the pages rendered and reads them. The last one is all of the small ones together, which take too little
// time to be measured alone.
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
	var documents []document
	for _, r := range rendered {
		name := strings.TrimSuffix(filepath.Base(r.Path), ".html")
		builder, err := page.FromHTML(strings.NewReader(r.HTML))
		if err != nil {
			return nil, err
		}
		d := document{name: name, html: []byte(r.HTML), frame: builder.Batch().AppendTo(nil), nodes: int(builder.Next()) - 1}
		documents = append(documents, d)
	}
	return documents, nil
}

// check decodes and judges a snapshot, as the server does with a frame that arrived.
func check(frame []byte) error {
	var decoder wire.FromCustomerDecoder
	f, err := decoder.Decode(wire.Dom, frame)
	if err != nil {
		return err
	}
	batch, ok := f.(*wire.Batch)
	if !ok {
		return fmt.Errorf("a %T", f)
	}
	if _, refusal := sanitizer.NewPage(sanitizer.Policy{}).Check(batch); refusal != nil {
		return refusal
	}
	return nil
}

func (b *bench) sanitizePage(d document) error {
	policy := bluemonday.UGCPolicy()
	ours := func() error { return check(d.frame) }
	theirs := func() error {
		if policy.SanitizeReader(bytes.NewReader(d.html)).Len() == 0 {
			return fmt.Errorf("bluemonday kept nothing")
		}
		return nil
	}
	rates, err := interleave(rate(len(d.html), ours), rate(len(d.html), theirs))
	if err != nil {
		return err
	}
	allocations, err := allocs(ours)
	if err != nil {
		return err
	}
	seconds := float64(len(d.html)) / 1e6 / rates[0]
	return b.printAll(
		measured("sanitize.page."+d.name, rates[0], "MB/s of HTML").versus("bluemonday UGCPolicy", rates[1]),
		measured("sanitize.page."+d.name+".node", seconds*1e9/float64(d.nodes), "ns/node"),
		measured("sanitize.page."+d.name+".allocs", allocations/float64(d.nodes), "allocs/node"),
	)
}

func (b *bench) sanitizeSheet(name string, sheet []byte) error {
	var dst []byte
	ours := func() error {
		out, ok := sanitizer.AppendSheet(dst[:0], sheet)
		if dst = out; !ok || len(out) == 0 {
			return fmt.Errorf("nothing was kept")
		}
		return nil
	}
	lexed := func() error {
		l := css.NewLexer(parse.NewInputBytes(sheet))
		for {
			if kind, _ := l.Next(); kind == css.ErrorToken {
				if l.Err() == io.EOF {
					return nil
				}
				return l.Err()
			}
		}
	}
	parsed := func() error {
		_, err := douceur.Parse(string(sheet))
		return err
	}
	variants := []func() (float64, error){rate(len(sheet), ours), rate(len(sheet), lexed)}
	old := parsed() == nil // douceur does not read every sheet of today
	if old {
		variants = append(variants, rate(len(sheet), parsed))
	}
	rates, err := interleave(variants...)
	if err != nil {
		return err
	}
	if err := b.print(measured("sanitize.css."+name, rates[0], "MB/s").versus("tdewolff lexer (tokens only)", rates[1])); err != nil || !old {
		return err
	}
	return b.print(measured("sanitize.css."+name, rates[0], "MB/s").versus("douceur parser", rates[2]))
}

// rate gives how many megabytes a second a call handles.
func rate(size int, call func() error) func() (float64, error) {
	return func() (float64, error) {
		runtime.GC()
		seconds, err := perRun(sampleTime, call)
		return float64(size) / 1e6 / seconds, err
	}
}

// allocs gives the allocations of a call.
func allocs(call func() error) (float64, error) {
	const runs = 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		if err := call(); err != nil {
			return 0, err
		}
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / runs, nil
}
