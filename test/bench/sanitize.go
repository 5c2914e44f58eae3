package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	douceur "github.com/aymerick/douceur/parser"
	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/css"

	"vitrine/sanitizer"
)

// sampleTime is how long one sample takes at least.
const sampleTime = 100 * time.Millisecond

// sheets are the style sheets of the benchmark: one of many plain rules, one as people write them, one as tools minify.
var sheets = []struct{ name, path string }{
	{"bootstrap", "web/node_modules/bootstrap/dist/css/bootstrap.css"},
	{"dashboard", "test/e2e/pages/dashboard.css"},
	{"shop", "web/demo/shop.css"},
	{"report", "web/node_modules/playwright-core/lib/vite/htmlReport/report.css"},
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
	if err := b.sanitizeLargest(); err != nil {
		return err
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
	if err := b.print(measured("sanitize.css."+name, rates[0], "MB/s").versus("tdewolff lexer (tokens only)", rates[1]).atLeast(0.5)); err != nil || !old {
		return err
	}
	return b.print(measured("sanitize.css."+name, rates[0], "MB/s").versus("douceur parser", rates[2]).atLeast(30))
}

// rate gives how many megabytes a call handles in a second of processor time: of the threads that collect its garbage, too,
// but not of what else runs on the machine.
func rate(size int, call func() error) func() (float64, error) {
	return func() (float64, error) {
		runtime.GC()
		began, begin := processor(), time.Now()
		runs := 0
		for ; runs == 0 || time.Since(begin) < sampleTime; runs++ {
			if err := call(); err != nil {
				return 0, err
			}
		}
		return float64(runs) * float64(size) / 1e6 / (processor() - began).Seconds(), nil
	}
}

// processor is the processor time that the process has taken.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
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
