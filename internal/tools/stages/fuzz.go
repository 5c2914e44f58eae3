package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// fuzzTime is how much CPU time `make fuzz` gives each target, by one worker.
const fuzzTime = 10 * time.Minute

// fuzzPatience is how many times longer than its CPU time a target may take on a busy machine.
const fuzzPatience = 6

// fuzzBriefly is how long `make test` does.
const fuzzBriefly = time.Second

// fuzzTarget is one fuzz target and how it went.
type fuzzTarget struct {
	pkg, name string
	wall, cpu time.Duration
	execs     int
	fresh     int // inputs that reached code that none before had
	err       error
}

// fuzzBrief runs every target for a moment.
func fuzzBrief([]string) error { return fuzzAll(fuzzBriefly, "", false) }

// fuzz runs every target for long. The first argument is how long instead, the second the names or packages of the targets
// to run, separated by commas.
func fuzz(args []string) error {
	each, only := fuzzTime, ""
	if len(args) > 0 {
		d, err := time.ParseDuration(args[0])
		if err != nil {
			return fmt.Errorf("FUZZTIME: %w", err)
		}
		each = d
	}
	if len(args) > 1 {
		only = args[1]
	}
	return fuzzAll(each, only, true)
}

// fuzzAll runs targets one after another and prints a table. An input that breaks a target is kept by the go command in
// the package's testdata, where every later `go test` runs it.
func fuzzAll(each time.Duration, only string, loud bool) error {
	targets, err := fuzzTargets(only)
	if err != nil {
		return err
	}
	var broken error
	for i, t := range targets {
		if loud {
			fmt.Printf("%d/%d %s %s for %s of CPU time\n", i+1, len(targets), t.pkg, t.name, each)
		}
		t.run(each)
		for loud && t.err == nil && each-t.cpu > fuzzBriefly && t.wall < fuzzPatience*each {
			t.run(each - t.cpu) // other programs had the processor
		}
		if t.err != nil {
			broken = errors.Join(broken, fmt.Errorf("%s %s: %w", t.pkg, t.name, t.err))
		}
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "target\tinputs tried\tnew\twall s\tCPU s\tresult\t")
	for _, t := range targets {
		result := "passed"
		if t.err != nil {
			result = "BROKEN"
		}
		fmt.Fprintf(w, "%s %s\t%d\t%d\t%.0f\t%.0f\t%s\t\n", strings.TrimPrefix(t.pkg, "./"), t.name, t.execs, t.fresh,
			t.wall.Seconds(), t.cpu.Seconds(), result)
	}
	return errors.Join(w.Flush(), broken)
}

// fuzzName finds the targets in a test file.
var fuzzName = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(\w+ \*testing\.F\)`)

// fuzzTargets finds the targets in the tests of every package.
func fuzzTargets(only string) (targets []*fuzzTarget, err error) {
	files, err := sources("_test.go", ".")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		pkg := "./" + filepath.ToSlash(filepath.Dir(file))
		for _, m := range fuzzName.FindAllSubmatch(data, -1) {
			wanted := func(word string) bool { return strings.Contains(pkg+"."+string(m[1]), word) }
			if only == "" || slices.ContainsFunc(strings.Split(only, ","), wanted) {
				targets = append(targets, &fuzzTarget{pkg: pkg, name: string(m[1])})
			}
		}
	}
	if len(targets) == 0 {
		return nil, fmt.Errorf("no fuzz target is called like that: %q", only)
	}
	return targets, nil
}

var (
	fuzzExecs = regexp.MustCompile(`execs: (\d+)`)
	fuzzFresh = regexp.MustCompile(`new interesting: (\d+)`)
)

// run fuzzes one target with one worker, and adds up what that took.
func (t *fuzzTarget) run(each time.Duration) {
	cmd := exec.Command("go", "test", "-run", "^$", "-fuzz", "^"+t.name+"$", "-fuzztime", each.String(), "-fuzzminimizetime", "2s", "-parallel", "1", t.pkg)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	begin := time.Now()
	err := cmd.Run()
	t.wall += time.Since(begin)
	if cmd.ProcessState != nil {
		t.cpu += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	t.execs += lastMatch(fuzzExecs, out.Bytes())
	t.fresh += lastMatch(fuzzFresh, out.Bytes())
	// The go command may say that time ran out in the middle of an input, which is how it was asked to end.
	if err != nil && !bytes.Contains(out.Bytes(), []byte("Failing input written")) && bytes.Contains(out.Bytes(), []byte("context deadline exceeded")) {
		err = nil
	}
	if err != nil {
		fmt.Print(out.String())
		t.err = err
	}
}

// lastMatch is the number that r finds last, 0 for none.
func lastMatch(r *regexp.Regexp, text []byte) int {
	all := r.FindAllSubmatch(text, -1)
	if len(all) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(string(all[len(all)-1][1])) // digits, by the expression
	return n
}
