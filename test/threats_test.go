package test

import (
	"fmt"
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
	rowOfTest  = regexp.MustCompile(`^TestThreat(\d\d)_`)
	rowOfTitle = regexp.MustCompile(`threat-(\d\d)`)
	namedRules = regexp.MustCompile("`(row\\d\\d-[a-z0-9-]+)`")
)

// TestThreatTable holds that every row of the threat table stands once, that each names tests which exist, one of them
// named after the row (TestThreat07_Forms, or a file with a test called threat-07 …), and that every rule by which the
// server refuses belongs to a row; a rule that the table names must exist.
func TestThreatTable(t *testing.T) {
	tests, rules := map[string][]string{}, map[string]int{} // a test has the rows that it is named after
	var table string
	for _, s := range readTree(t) {
		switch {
		case s.path == "docs/THREATS.md":
			table = string(s.data)
		case strings.HasSuffix(s.path, "_test.go"):
			for _, m := range testFunc.FindAllSubmatch(s.data, -1) {
				tests[string(m[1])] = append(tests[string(m[1])], rowsIn(rowOfTest, m[1])...)
			}
		case isTest(s.path):
			tests[path.Base(s.path)] = append(tests[path.Base(s.path)], rowsIn(rowOfTitle, s.data)...)
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
		own := 0
		for _, n := range names {
			after, exists := tests[n[1]]
			if !exists {
				t.Errorf("row %d names %s, which does not exist", row, n[1])
			}
			if slices.Contains(after, fmt.Sprintf("%02d", row)) {
				own++
			}
		}
		if own == 0 {
			t.Errorf("row %d names no test that is named after it", row)
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

// rowsIn gives the rows that names of tests carry. Every list is there, if empty, so that a test without a row exists.
func rowsIn(pattern *regexp.Regexp, text []byte) []string {
	rows := []string{}
	for _, m := range pattern.FindAllSubmatch(text, -1) {
		rows = append(rows, string(m[1]))
	}
	return rows
}
