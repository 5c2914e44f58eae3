package test

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var (
	threatRow  = regexp.MustCompile(`^\| (\d+) \|`)
	testName   = regexp.MustCompile("`((?:Test|Fuzz)\\w+|[a-z]+\\.(?:spec|test)\\.ts)`")
	testFunc   = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	rowOfRule  = regexp.MustCompile("\"(row(\\d\\d)-[a-z0-9-]+)\"")
	namedRules = regexp.MustCompile("`(row\\d\\d-[a-z0-9-]+)`")
)

// TestThreatTable holds that every row of the threat table stands once, that each names tests which exist, and that every
// rule by which the server refuses belongs to a row; a rule that the table names must exist.
func TestThreatTable(t *testing.T) {
	tests, rules := map[string]bool{}, map[string]int{}
	var table string
	for _, s := range readTree(t) {
		switch {
		case s.path == "docs/THREATS.md":
			table = string(s.data)
		case strings.HasSuffix(s.path, "_test.go"):
			for _, m := range testFunc.FindAllSubmatch(s.data, -1) {
				tests[string(m[1])] = true
			}
		case isTest(s.path):
			tests[path.Base(s.path)] = true
		case strings.HasSuffix(s.path, ".go") && under(s.path, contentPath):
			for _, m := range rowOfRule.FindAllSubmatch(s.data, -1) {
				row, err := strconv.Atoi(string(m[2]))
				if err != nil {
					t.Fatal(err)
				}
				rules[string(m[1])] = row
			}
		}
	}
	if len(tests) < 100 || len(rules) < 30 {
		t.Fatalf("%d tests and %d rules found: the table would hold for nothing", len(tests), len(rules))
	}
	rows := map[int]bool{}
	for line := range strings.Lines(table) {
		m := threatRow.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		row, err := strconv.Atoi(m[1])
		if err != nil || rows[row] {
			t.Errorf("row %s stands twice", m[1])
		}
		rows[row] = true
		names := testName.FindAllStringSubmatch(line, -1)
		if len(names) == 0 {
			t.Errorf("row %d names no test", row)
		}
		for _, n := range names {
			if !tests[n[1]] {
				t.Errorf("row %d names %s, which does not exist", row, n[1])
			}
		}
		for _, r := range namedRules.FindAllStringSubmatch(line, -1) {
			if _, ok := rules[r[1]]; !ok {
				t.Errorf("row %d names the rule %s, which does not exist", row, r[1])
			}
		}
	}
	for row := 1; row <= 50; row++ {
		if !rows[row] {
			t.Errorf("row %d is not in the table", row)
		}
	}
	for rule, row := range rules {
		if !rows[row] {
			t.Errorf("rule %s belongs to no row", rule)
		}
	}
	for _, name := range []string{"TestCorpora", "TestCorpora_Rude", "FuzzCheck"} {
		if !slices.Contains(strings.FieldsFunc(table, func(r rune) bool { return strings.ContainsRune("` ,\n()", r) }), name) {
			t.Errorf("the table does not name %s", name)
		}
	}
}
