// Package test holds the tests of the whole system and of the repository itself.
package test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The budgets. Medians do not tell a good tree from a bad one, the tails do.
const (
	maxFunction   = 60 // lines, test functions excepted: a test reads top to bottom
	maxFile       = 450
	maxFields     = 15
	maxParameters = 5
)

// A waiver lets one finding pass. One that is no longer needed fails the test as well.
type waiver struct{ rule, where, why string }

var waivers = []waiver{
	{"content", "sanitizer/urltext.go:appendInternational", "package idna takes a string; browsers hand out host names in ASCII, which never get here"},
}

// A finding is one break of one rule, where: "path" or "path:Name".
type finding struct{ rule, where, text string }

// A source is one file: its path from the root, with slashes, and what is in it.
type source struct {
	path string
	data []byte
}

// root is the repository: the tests of this package run in test/.
const root = ".."

// skipped are the folders that hold nothing written by hand.
var skipped = []string{".git", "node_modules", "dist", "bin", "artefacts"}

func TestHouseBudgetsGo(t *testing.T) {
	report(t, checkEach(t, ".go", checkGo), "function", "file", "fields", "parameters", "doc")
}

func TestHouseBudgetsTypeScript(t *testing.T) {
	var sources []source
	for _, s := range readTree(t) {
		if isTypeScript(s.path) && !generated(s) {
			sources = append(sources, s)
		}
	}
	report(t, checkTypeScript(t, sources), "ts-function", "ts-file", "ts-fields", "ts-parameters", "ts-import")
}

func TestHousePackageDocs(t *testing.T) {
	report(t, checkPackageDocs(filter(readTree(t), ".go")), "package-doc")
}

func TestHouseArrows(t *testing.T) {
	report(t, checkEach(t, ".go", checkImports), "import")
}

func TestHouseContentPath(t *testing.T) {
	report(t, checkContent(t), "content")
}

func TestHouseFiles(t *testing.T) {
	report(t, checkEach(t, "", checkText), "machine-path", "lock-address")
}

// report fails the test for every finding that no waiver names, and for every waiver of these rules that nothing needs.
func report(t *testing.T, findings []finding, rules ...string) {
	t.Helper()
	used := map[waiver]bool{}
	slices.SortFunc(findings, func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.where, b.where), cmp.Compare(a.rule, b.rule))
	})
	for _, f := range findings {
		i := slices.IndexFunc(waivers, func(w waiver) bool { return w.rule == f.rule && w.where == f.where })
		if i < 0 {
			t.Errorf("%s: %s: %s", f.where, f.rule, f.text)
			continue
		}
		used[waivers[i]] = true
		t.Logf("%s: %s: waived: %s", f.where, f.text, waivers[i].why)
	}
	for _, w := range waivers {
		if slices.Contains(rules, w.rule) && !used[w] {
			t.Errorf("%s: the waiver of rule %q is not needed any more", w.where, w.rule)
		}
	}
}

// checkEach runs one check over every file with the suffix that people wrote.
func checkEach(t *testing.T, suffix string, check func(source) []finding) []finding {
	t.Helper()
	var findings []finding
	for _, s := range filter(readTree(t), suffix) {
		findings = append(findings, check(s)...)
	}
	return findings
}

func filter(sources []source, suffix string) []source {
	var kept []source
	for _, s := range sources {
		if strings.HasSuffix(s.path, suffix) && !generated(s) {
			kept = append(kept, s)
		}
	}
	return kept
}

// readTree reads every file of the repository that is written by hand or generated into it.
func readTree(t *testing.T) []source {
	t.Helper()
	var sources []source
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains(skipped, entry.Name()):
			return filepath.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // an editor's file, gone again
		}
		name, _ := filepath.Rel(root, path)
		sources = append(sources, source{filepath.ToSlash(name), data})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(sources) < 20 {
		t.Fatalf("only %d files found below %s: the rules would hold for nothing", len(sources), root)
	}
	return sources
}

// generated tells what a machine wrote: budgets are for what people read.
func generated(s source) bool {
	head, _, _ := bytes.Cut(s.data, []byte("\n\n"))
	return strings.HasSuffix(s.path, "_gen.go") ||
		bytes.Contains(head, []byte("Code generated ")) ||
		s.path == "web/wire/frames.ts" || s.path == "web/wire/vocabulary.ts"
}

func isTypeScript(path string) bool {
	return strings.HasSuffix(path, ".ts") || strings.HasSuffix(path, ".tsx")
}

// isTest tells test code by its name, in both languages.
func isTest(path string) bool {
	return strings.HasSuffix(path, "_test.go") || strings.Contains(path, ".test.ts") || strings.Contains(path, ".spec.ts")
}

// machinePath is the address of a file on somebody's machine.
var machinePath = regexp.MustCompile("(^|[\\s\"'`=(])/(" + strings.Join([]string{"home", "root", "work", "Users", "mnt"}, "|") + `)/[\w.]`)

// lockAddress is where a package was downloaded from; the lockfile pins by hash and leaves the place open.
var lockAddress = regexp.MustCompile(`"resolved":\s*"http`)

// checkText holds what goes for every file, whatever its language.
func checkText(s source) []finding {
	var findings []finding
	if bytes.IndexByte(s.data, 0) >= 0 {
		return nil // an image
	}
	for i, line := range bytes.Split(s.data, []byte("\n")) {
		if machinePath.Match(line) {
			findings = append(findings, finding{"machine-path", s.path, fmt.Sprintf("line %d names a folder of one machine", i+1)})
		}
		if strings.HasSuffix(s.path, "-lock.json") && lockAddress.Match(line) {
			findings = append(findings, finding{"lock-address", s.path, fmt.Sprintf("line %d holds a download address", i+1)})
		}
	}
	return findings
}
