// Command bench measures the product and prints one JSON line per figure.
//
//	go run ./test/bench [group,group…]
//
// Figures go to stdout, progress to stderr. Every figure is the median of at least five samples. What it is held against
// is measured in the same run, sample by sample in turns, so that a slow or busy machine slows both. docs/BENCH.md says
// what each figure means.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A group is a set of figures that are measured together.
type group struct {
	name  string
	run   func(*bench) error
	limit time.Duration // what takes longer hangs; 0 means groupTime
}

// groups are all groups, the cheap ones first. A new figure is a line in its group's file, a new group a line here.
var groups = []group{
	{name: "size", run: size},
	{name: "sanitize", run: sanitize},
	{name: "turn", run: turnFigures, limit: 2 * groupTime},
	{name: "trust", run: trust},
	{name: "relay", run: relay},
	{name: "idle", run: idle},
	{name: "snapshot", run: snapshot},
	{name: "churn", run: churn, limit: churnTime},
	{name: "overhead", run: overhead, limit: overheadTime},
	{name: "latency", run: latency},
	{name: "resume", run: resume},
	{name: "quality", run: quality},
	{name: "neighbour", run: neighbour, limit: 4 * groupTime},
	{name: "attack", run: attack, limit: 5 * groupTime},
}

// groupTime bounds most groups.
const groupTime = 150 * time.Second

func main() {
	if len(os.Args) == 3 && os.Args[1] == childFlag {
		if err := serveChild(os.Args[2]); err != nil {
			fail(err)
		}
		return
	}
	chosen, err := choose(os.Args[1:])
	if err != nil {
		fail(err)
	}
	b := &bench{root: findRoot()}
	bad := false
	for _, g := range chosen {
		begin := time.Now()
		fmt.Fprintf(os.Stderr, "── %s\n", g.name)
		if err := within(cmp.Or(g.limit, groupTime), func() error { return g.run(b) }); err != nil {
			fmt.Fprintf(os.Stderr, "%s: FAILED: %v\n", g.name, err)
			bad = true
		}
		fmt.Fprintf(os.Stderr, "%s: %s\n", g.name, time.Since(begin).Round(100*time.Millisecond))
	}
	stopChildren()
	if bad {
		os.Exit(1)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "bench:", err)
	os.Exit(2)
}

// choose picks groups by their names; no name picks all.
func choose(args []string) ([]group, error) {
	names := strings.FieldsFunc(strings.Join(args, ","), func(r rune) bool { return r == ',' || r == ' ' })
	if len(names) == 0 {
		return groups, nil
	}
	var chosen []group
	for _, g := range groups {
		if slices.Contains(names, g.name) {
			chosen = append(chosen, g)
		}
	}
	if len(chosen) != len(names) {
		var all []string
		for _, g := range groups {
			all = append(all, g.name)
		}
		return nil, fmt.Errorf("unknown group in %q; there are: %s", strings.Join(names, ","), strings.Join(all, ", "))
	}
	return chosen, nil
}

// findRoot is the folder of the module: the one with go.mod, here or above.
func findRoot() string {
	folder, err := os.Getwd()
	if err != nil {
		fail(err)
	}
	for at := folder; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return at
		}
		if at == filepath.Dir(at) {
			fail(errors.New("run it inside the repository"))
		}
	}
}

// within runs a function for at most so long. One that hangs is left behind; the process ends soon after.
func within(limit time.Duration, run func() error) error {
	done := make(chan error, 1)
	go func() { done <- run() }()
	select {
	case err := <-done:
		return err
	case <-time.After(limit):
		return fmt.Errorf("took longer than %s", limit)
	}
}
