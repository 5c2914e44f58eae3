package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	patience = 60              // seconds of CPU time that one run of tests may take; what takes longer hangs
	waiting  = 5 * time.Minute // that a run may take at all
	memory   = 6 << 20         // KiB of address space that a test may have: mutants are greedy
)

// threat is how tests are named that hold a threat row; the seeds of fuzz targets are tests as well.
var threat = regexp.MustCompile(`^TestThreat\d\d_`)

// test is one test of a package, as it went with all mutants asleep.
type test struct {
	folder string
	name   string
	cpu    time.Duration
	meets  map[int]bool
}

// result says how a mutant died, or that it did not.
type result struct {
	killer string // "" is alive
	threat bool   // by a test named after a threat
}

// runner compiles the woven tree and runs its tests.
type runner struct {
	root, dir string
	tree      *tree
	quick     bool // only threat tests are asked
	tests     []*test
	mutex     sync.Mutex
	results   map[*mutant]result
}

// folders are the packages whose tests are asked.
func folders() (list []string) {
	for _, p := range places {
		for _, f := range p.tests {
			if !slices.Contains(list, f) {
				list = append(list, f)
			}
		}
	}
	return list
}

// build weaves the sources and compiles the tests of every package once.
func (r *runner) build() error {
	overlay := map[string]string{}
	put := func(name string, data []byte) error {
		to := filepath.Join(r.dir, strings.ReplaceAll(name, "/", "_"))
		overlay[filepath.Join(r.root, name)] = to
		return os.WriteFile(to, data, 0o600)
	}
	for _, p := range r.tree.pkgs {
		for _, s := range p.files {
			if err := put(s.name, r.tree.weave(s)); err != nil {
				return err
			}
		}
		if err := put(p.folder+"/mutant_switch.go", []byte(switchSource(p.name, r.most()))); err != nil {
			return err
		}
	}
	data, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		return err
	}
	list := filepath.Join(r.dir, "overlay.json")
	if err := os.WriteFile(list, data, 0o600); err != nil {
		return err
	}
	for _, f := range folders() {
		cmd := exec.Command("go", "test", "-c", "-vet=off", "-overlay", list, "-o", r.binary(f), "./"+f)
		cmd.Dir = r.root
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s with mutants does not compile: %w\n%s", f, err, out)
		}
	}
	return nil
}

// most is the highest number of a mutant.
func (r *runner) most() (n int) {
	for _, m := range r.tree.mutants {
		n = max(n, m.id)
	}
	return n
}

func (r *runner) binary(folder string) string {
	return filepath.Join(r.dir, strings.ReplaceAll(folder, "/", "_")+".test")
}

// outcome is how a run of tests went.
type outcome struct {
	failed string // the test that failed first, or what else happened; "" when all passed
	cpu    time.Duration
}

var (
	failure = regexp.MustCompile(`(?m)^--- FAIL: (\w+)`)
	running = regexp.MustCompile(`(?m)^\s*(?:vitrine/\S+\.)((?:Test|Fuzz)\w+)\(`)
)

// execute runs some tests of a package with a mutant awake; 0 is none.
func (r *runner) execute(folder string, names []string, awake int, trace string) outcome {
	if _, err := os.Stat(r.binary(folder)); err != nil {
		return outcome{} // a package without tests
	}
	ctx, stop := context.WithTimeout(context.Background(), waiting+5*time.Second)
	defer stop()
	line := fmt.Sprintf(`{ ulimit -v %d; ulimit -t %d; } 2>/dev/null; exec "$@"`, memory, patience)
	cmd := exec.CommandContext(ctx, "sh", "-c", line, "sh", r.binary(folder), "-test.failfast", "-test.timeout", waiting.String(),
		"-test.run", "^("+strings.Join(names, "|")+")$")
	cmd.Dir = filepath.Join(r.root, folder)
	cmd.Env = append(os.Environ(), "VITRINE_MUTANT="+strconv.Itoa(awake), "VITRINE_MUTANT_TRACE="+trace)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	var o outcome
	if cmd.ProcessState != nil {
		o.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	var exit *exec.ExitError
	switch text := string(out); {
	case err == nil:
	case ctx.Err() != nil || strings.Contains(text, "panic: test timed out") || o.cpu >= patience*time.Second:
		o.failed = "(hangs)"
	case errors.As(err, &exit) && failure.MatchString(text):
		o.failed = failure.FindStringSubmatch(text)[1]
	case running.MatchString(text):
		all := running.FindAllStringSubmatch(text, -1)
		o.failed = all[len(all)-1][1] + " (panics)"
	default:
		o.failed = strings.Join(names, " ")
		if len(names) > 1 {
			o.failed = "(crashes)"
		}
	}
	return o
}

// baseline runs every test alone and notes which mutants it meets. A test that fails without a mutant kills none.
func (r *runner) baseline() {
	var jobs []func()
	for _, f := range folders() {
		cmd := exec.Command(r.binary(f), "-test.list", "^(Test|Fuzz)")
		cmd.Dir = filepath.Join(r.root, f)
		out, err := cmd.Output()
		if err != nil {
			continue // no tests
		}
		for _, name := range strings.Fields(string(out)) {
			if f == "test" && !strings.HasPrefix(name, "TestThreat") {
				continue // those start the whole system
			}
			jobs = append(jobs, func() { r.meet(f, name) })
		}
	}
	inParallel(3*runtime.NumCPU(), jobs)
	fmt.Printf("%d mutants, %d tests\n", len(r.tree.mutants), len(r.tests))
}

func (r *runner) meet(folder, name string) {
	trace := filepath.Join(r.dir, "trace_"+strings.ReplaceAll(folder, "/", "_")+name)
	o := r.execute(folder, []string{name}, 0, trace)
	t := &test{folder: folder, name: name, cpu: o.cpu, meets: map[int]bool{}}
	data, err := os.ReadFile(trace)
	if err == nil {
		for _, word := range strings.Fields(string(data)) {
			if n, err := strconv.Atoi(word); err == nil {
				t.meets[n] = true
			}
		}
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if o.failed != "" {
		fmt.Printf("left out, because it fails without a mutant: %s %s\n", folder, name)
		return
	}
	r.tests = append(r.tests, t)
}

// inParallel does jobs, some at a time.
func inParallel(workers int, jobs []func()) {
	queue := make(chan func())
	var done sync.WaitGroup
	for range workers {
		done.Go(func() {
			for job := range queue {
				job()
			}
		})
	}
	for _, job := range jobs {
		queue <- job
	}
	close(queue)
	done.Wait()
}

// hunt wakes mutants one at a time and runs the tests that meet them.
func (r *runner) hunt(mutants []*mutant) {
	r.results = map[*mutant]result{}
	// What is quick and meets few mutants comes first: it was written for them.
	slices.SortStableFunc(r.tests, func(a, b *test) int {
		return cmp.Compare(a.cpu*time.Duration(len(a.meets)+20), b.cpu*time.Duration(len(b.meets)+20))
	})
	// Tests of package sfu wait for a network most of the time, so more of them run at once.
	var jobs, waiting []func()
	for _, m := range mutants {
		job := func() {
			res := r.kill(m)
			r.mutex.Lock()
			defer r.mutex.Unlock()
			r.results[m] = res
			if res.killer == "" {
				fmt.Println("alive:", m.rule, m)
			}
			if n := len(r.results); n%100 == 0 {
				fmt.Printf("%d of %d\n", n, len(mutants))
			}
		}
		if m.place == "sfu" {
			waiting = append(waiting, job)
		} else {
			jobs = append(jobs, job)
		}
	}
	inParallel(runtime.NumCPU(), jobs)
	inParallel(4*runtime.NumCPU(), waiting)
}

// helpings are how much CPU time the tests of one run take together: most mutants die in the first, small one.
var helpings = []time.Duration{100 * time.Millisecond, 500 * time.Millisecond, time.Hour}

// kill runs the threat tests of the packages that are asked, then all other tests, in helpings that grow.
func (r *runner) kill(m *mutant) result {
	var asked []string
	for _, p := range places {
		if p.folder == m.place {
			asked = p.tests
		}
	}
	for _, isThreat := range []bool{true, false} {
		if !isThreat && r.quick {
			break
		}
		for _, folder := range asked {
			var queue []*test
			for _, t := range r.tests {
				if t.folder == folder && t.meets[m.id] && threat.MatchString(t.name) == isThreat {
					queue = append(queue, t)
				}
			}
			for _, most := range helpings {
				var names []string
				for spent := time.Duration(0); len(queue) > 0 && (len(names) == 0 || spent+queue[0].cpu < most); queue = queue[1:] {
					names, spent = append(names, queue[0].name), spent+queue[0].cpu
				}
				if len(names) == 0 {
					break
				}
				if o := r.execute(folder, names, m.id, ""); o.failed != "" {
					return result{killer: o.failed, threat: isThreat}
				}
			}
		}
	}
	return result{}
}
