// Command mutants takes the server's rules out, one at a time, and expects a test to notice.
//
// Every rule that it finds in the packages of the frame path becomes a mutant: a condition that never holds, a limit that
// is never met, a flag that is not set, a name too many in a list. All mutants are woven into one copy of the sources,
// each behind a number, and the copy is compiled once per package with `go test -c -overlay`, so that no file of the tree
// is touched and a run costs the tests and not the compiler. The number of the mutant that is awake comes from the
// environment.
//
// First every test runs alone, with all mutants asleep, and notes which of them it comes by. Then each mutant is woken
// for the tests that come by it: those named after a threat first, all others when none of those saw it. What is still
// alive then is a rule that no test holds. The figure that counts is the share that was killed; below 95 % the command
// fails. What cannot change behaviour stands in equivalent.txt with its reason.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// least is the share of mutants in percent that tests must kill.
const least = 95

func main() {
	only := flag.String("only", "", "mutants whose rule, file or function contains one of these words, separated by commas")
	verbose := flag.Bool("v", false, "print every mutant, not only those that survive")
	quick := flag.Bool("quick", false, "ask only the tests that are named after a threat")
	list := flag.Bool("list", false, "print the mutants and stop")
	flag.Parse()
	begin := time.Now()
	ok, err := run(options{only: strings.FieldsFunc(*only, func(r rune) bool { return r == ',' }), verbose: *verbose, list: *list, quick: *quick})
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(2)
	}
	fmt.Printf("took %s\n", time.Since(begin).Round(time.Second))
	if !ok {
		os.Exit(1)
	}
}

// options are what the command line says.
type options struct {
	only    []string
	verbose bool
	list    bool
	quick   bool
}

// run is the whole command; false means that too many mutants survived.
func run(o options) (bool, error) {
	root, err := os.Getwd()
	if err != nil {
		return false, err
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	t, err := load(root)
	if err != nil {
		return false, err
	}
	find(t)
	broken, err := t.prune()
	if err != nil {
		return false, err
	}
	for _, m := range broken {
		fmt.Println("not a mutant, because it does not compile:", m)
	}
	equivalent, err := readEquivalent(filepath.Join(root, "internal/tools/mutants/equivalent.txt"), t.mutants)
	if err != nil {
		return false, err
	}
	if o.list {
		for _, m := range t.mutants {
			fmt.Println(m.rule, m)
		}
		return true, nil
	}
	r := runner{root: root, dir: dir, tree: t, quick: o.quick}
	if err := r.build(); err != nil {
		return false, err
	}
	r.baseline()
	r.hunt(pick(t.mutants, o.only, equivalent))
	return report(t.mutants, r.results, equivalent, o.verbose), nil
}

// pick leaves out what was not asked for, and what is known to change nothing.
func pick(all []*mutant, only []string, equivalent map[string]string) (picked []*mutant) {
	for _, m := range all {
		if _, ok := equivalent[m.key]; ok {
			continue
		}
		wanted := len(only) == 0
		for _, word := range only {
			wanted = wanted || strings.Contains(m.rule+" "+m.key, word)
		}
		if wanted {
			picked = append(picked, m)
		}
	}
	return picked
}

// readEquivalent reads the mutants that cannot change behaviour: the key of one, a tab, and why. One that is not there any
// more is told, so that the list does not grow old.
func readEquivalent(name string, mutants []*mutant) (map[string]string, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, m := range mutants {
		known[m.key] = true
	}
	list := map[string]string{}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, why, ok := strings.Cut(line, "\t")
		switch {
		case !ok || strings.TrimSpace(why) == "":
			return nil, fmt.Errorf("%s: no reason for %s", name, key)
		case !known[key]:
			fmt.Println("equivalent.txt names a mutant that is not there:", key)
			continue
		}
		list[key] = why
	}
	if 20*len(list) > len(mutants) {
		return nil, fmt.Errorf("%s: %d of %d mutants are more than 5 %%", name, len(list), len(mutants))
	}
	return list, nil
}
