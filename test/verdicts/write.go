package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"vitrine/test/oracle"
)

// verdict is what came of a corpus on one way; test/e2e/verdicts/judge.ts writes it.
type verdict struct {
	Feed            string         `json:"feed"`
	Trees           int            `json:"trees"`
	Elements        int            `json:"elements"`
	Attributes      int            `json:"attributes"`
	ShownElements   int            `json:"shownElements"`
	ShownAttributes int            `json:"shownAttributes"`
	Poked           int            `json:"poked"`
	Refused         map[string]int `json:"refused"`
	Scripts         []string       `json:"scripts"`
	Requests        []string       `json:"requests"`
	Forbidden       []string       `json:"forbidden"`
}

// judged is a corpus with its verdicts.
type judged struct {
	Corpus struct {
		Name  string `json:"name"`
		Cases int    `json:"cases"`
	} `json:"corpus"`
	Distinct int       `json:"distinct"`
	Alarm    []string  `json:"alarm"` // the detectors that the positive control set off
	Feeds    []verdict `json:"feeds"`
}

// browser is what came of the pages in the browser.
type browser struct {
	Pages  int `json:"pages"`
	Differ int `json:"differ"`
}

const head = `# Verdicts

Written by ` + "`make verdicts`" + `; nothing here is written by hand. The corpora are public collections of hostile markup that lie beside the checkout
and are no part of it. Nothing below depends on the day or the machine: a run that changes a figure changed the product, the corpora or
the browser.

## Payloads

Every payload is read by Chromium in two contexts, as a document and as a fragment, and where its corpus names an element, inside that.
Trees that are alike count once. Each tree then goes to the stage of an agent's console by two ways, through the real server:

- **SDK**: it stands in a customer's page, and the SDK tells of it.
- **raw**: a program tells of it, in the SDK's place, that leaves nothing out: what has a code goes in with its value as it is, what
  has none under another name, and the payload itself in every role that a string can have, as a style sheet too. First it tries to send the tree with
  all its names as they are; *refused* counts the trees that the server refuses so, by rule. One tree of each rule is sent over the wire to see it
  refused there.

On the way back, in the agent's browser: **ran** counts scripts, dialogs and reports of a policy (alert, prompt, confirm, print, eval, open and a
canary are watched in console and stage), **asked** requests other than the console's own, connections to any other address (every
host name leads to a counting socket), windows and downloads, **forbidden** whatever stands on the stage and is not an
element or attribute of the tables, an address that is not "#", "#id", an asset or an image inside itself, CSS that names any other, a stage that was replaced.
Then some elements are clicked and get Enter and Tab, under the overlay and without it. **Detectors** are those that go off when
the same payloads are built in a bare frame by a builder without rules: zero means something where they do.

`

// corporaInOrder are the corpora of payloads as they stand in the table.
var corporaInOrder = []string{
	"payloadbox-xss", "html5lib-tree-construction", "closure-html-test-vectors", "dompurify-expect", "h5sc", "blns", "css-parsing-tests", "csstree-tokenize",
}

// write writes the page of verdicts. It fails when one of them is bad, behind the writing.
func write(from, to string) error {
	list := make([]judged, len(corporaInOrder))
	var pages oracle.Figures
	var seen browser
	all := map[string]any{"pages.json": &pages, "browser.json": &seen}
	for i, name := range corporaInOrder {
		all["payloads-"+name+".json"] = &list[i]
	}
	for name, into := range all {
		data, err := os.ReadFile(filepath.Join(from, name))
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is not there: the stages before this one write it, where the corpora are", name)
		}
		if err == nil {
			err = json.Unmarshal(data, into)
		}
		if err != nil {
			return err
		}
	}
	sheets, err := css()
	if err != nil {
		return err
	}
	var s strings.Builder
	s.WriteString(head)
	bad := payloads(&s, list)
	oracles(&s, pages, seen, sheets)
	if err := os.WriteFile(to, []byte(s.String()), 0o644); err != nil {
		return err
	}
	if bad > 0 || sheets.URLs+sheets.AtRules+sheets.Foreign+sheets.Changed > 0 || seen.Differ > 0 || pages.Fixed != pages.Pages {
		return fmt.Errorf("%s holds verdicts that must not be", to)
	}
	return nil
}

// payloads writes the tables of payloads and counts what is bad.
func payloads(s *strings.Builder, list []judged) (bad int) {
	s.WriteString("| corpus | cases | trees | elements | attributes | way | elements on the stage | attributes on the stage | clicked | ran | asked | forbidden | detectors |\n")
	s.WriteString("| --- | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n")
	cases, trees := 0, 0
	for _, j := range list {
		cases += j.Corpus.Cases
		trees += j.Distinct
		for _, v := range j.Feeds {
			bad += len(v.Scripts) + len(v.Requests) + len(v.Forbidden)
			fmt.Fprintf(s, "| %s | %d | %d | %d | %d | %s | %d | %d | %d | %d | %d | %d | %s |\n", j.Corpus.Name, j.Corpus.Cases, v.Trees, v.Elements,
				v.Attributes, v.Feed, v.ShownElements, v.ShownAttributes, v.Poked, len(v.Scripts), len(v.Requests), len(v.Forbidden), strings.Join(j.Alarm, ", "))
		}
	}
	fmt.Fprintf(s, "\nTogether %d cases, %d trees, each by two ways: **%d** that ran, asked or stood where nothing may.\n", cases, trees, bad)
	s.WriteString("\nWhat is not on the stage on the SDK's way the SDK left out: the server refused no frame of it, which would count as forbidden.\n")
	s.WriteString("On the raw way more elements are on the stage than the trees have, because each payload is written in every role besides. Attributes of pictures\nare not counted.\n")
	s.WriteString("\nRefused under their own names, by rule:\n\n| corpus | trees | refused | by rule |\n| --- | ---: | ---: | --- |\n")
	for _, j := range list {
		for _, v := range j.Feeds {
			if v.Feed != "raw" {
				continue
			}
			sum, rules := 0, []string{}
			for rule, n := range v.Refused {
				sum += n
				rules = append(rules, fmt.Sprintf("`%s` %d", rule, n))
			}
			slices.Sort(rules)
			fmt.Fprintf(s, "| %s | %d | %d | %s |\n", j.Corpus.Name, v.Trees, sum, strings.Join(rules, ", "))
		}
	}
	failing(s, list)
	return bad
}

// failing names the trees that something is wrong with, never what they hold.
func failing(s *strings.Builder, list []judged) {
	for _, j := range list {
		for _, v := range j.Feeds {
			for _, line := range slices.Concat(v.Scripts, v.Requests, v.Forbidden) {
				fmt.Fprintf(s, "\n- **%s** by %s: %s", j.Corpus.Name, v.Feed, line)
			}
		}
	}
}

// oracles writes what other programs say.
func oracles(s *strings.Builder, pages oracle.Figures, seen browser, sheets cssFigures) {
	s.WriteString("\n## CSS\n\nThe texts of two corpora of CSS, each as a sheet and as declarations. In the table above they are payloads, too.\n\n")
	s.WriteString("| texts | something is left of | addresses left but for assets and parts of the page | at-rules in no table | functions in no table | changed when judged again |\n")
	s.WriteString("| ---: | ---: | ---: | ---: | ---: | ---: |\n")
	fmt.Fprintf(s, "| %d | %d | %d | %d | %d | %d |\n", sheets.Texts, sheets.Kept, sheets.URLs, sheets.AtRules, sheets.Foreign, sheets.Changed)
	s.WriteString("\n## Pages that people wrote\n\n")
	fmt.Fprintf(s, "%d pages of two npm packages (docs/decisions/012), %d nodes as an agent gets them, written as HTML:\n\n", pages.Pages, pages.Nodes)
	fmt.Fprintf(s, "- bluemonday, with the tables' elements and attributes as its policy, changes no byte of **%d of %d**;\n", pages.Fixed, pages.Pages)
	fmt.Fprintf(s, "- golang.org/x/net/html reads the tree that was written from **%d of %d** (%d pages cannot be written as HTML at all);\n", pages.Same, pages.Pages, pages.Malformed)
	fmt.Fprintf(s, "- Chromium's tree of the page, the stage, and the tree of golang.org/x/net/html differ on **%d of %d**. Left out as meant: a number that is none\n  is not passed on.\n", seen.Differ, seen.Pages)
	var defects []string
	for name, n := range pages.Defects {
		defects = append(defects, fmt.Sprintf("%s on %d", name, n))
	}
	slices.Sort(defects)
	fmt.Fprintf(s, "\nWith one thing wrongly let through, bluemonday goes off on every page that has it: %s.\n", strings.Join(defects, ", "))
	s.WriteString("`go test ./test/oracle` holds the same against all payloads.\n")
}
