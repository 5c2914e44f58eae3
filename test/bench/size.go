package main

import (
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
)

// bundles are the scripts that browsers load, as patterns, with the most bytes that they may have; 0 means no limit. Parts
// that come later are compressed each on its own, as they travel.
var bundles = []struct {
	name  string
	paths []string
	most  float64
}{
	{"sdk", []string{"sdk/vitrine.js"}, 18_000},
	{"sdk.whole", []string{"sdk/vitrine.js", "sdk/vitrine-[!f]*.mjs", "sdk/vitrine-frames.mjs"}, 18_000},
	{"sdk.frame", []string{"sdk/vitrine-frame.js"}, 0},
	{"viewer", []string{"sdk/viewer.js"}, 0},
	{"console", []string{"console/console.js"}, 0},
}

// size tells what the browsers have to load, minified and compressed as the server sends it.
func size(b *bench) error {
	for _, s := range bundles {
		n := 0
		for _, pattern := range s.paths {
			// The patterns are constants, so there is no error.
			names, _ := filepath.Glob(filepath.Join(b.root, "web", "dist", pattern))
			for _, name := range names {
				size, err := zipped(name)
				if err != nil {
					return err
				}
				n += size
			}
		}
		if n == 0 {
			return fmt.Errorf("no %s: run make build", s.paths[0])
		}
		f := measured("size."+s.name, float64(n), "B")
		f.Value = float64(n)
		if s.most > 0 {
			f = f.limit(s.most)
		}
		if err := b.print(f); err != nil {
			return err
		}
	}
	return nil
}

// zipped is the size of a file after gzip -9.
func zipped(path string) (int, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	var n counter
	w, err := gzip.NewWriterLevel(&n, gzip.BestCompression)
	if err != nil {
		return 0, err
	}
	if _, err := w.Write(data); err != nil {
		return 0, err
	}
	err = w.Close()
	return int(n), err
}

// counter counts what is written to it.
type counter int

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}
