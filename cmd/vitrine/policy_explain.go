package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"golang.org/x/net/html"

	"vitrine/sanitizer"
	"vitrine/sanitizer/vocab"
)

// What becomes of a thing that does not pass as it is.
const (
	isDropped  = "dropped"
	isReplaced = "replaced"
	isMasked   = "masked"
)

// finding is one kind of thing in a page that does not pass as it is.
type finding struct {
	Effect  string `json:"effect"`
	Element string `json:"element"`
	Name    string `json:"name,omitempty"` // of an attribute, a property, a function, an at-rule
	Row     int    `json:"row"`
	Why     string `json:"why"`
}

// foundAt says how often a finding was met, and on which lines of the file first.
type foundAt struct {
	finding
	Count int   `json:"count"`
	Lines []int `json:"lines,omitempty"`
}

// tally counts what passes as it is.
type tally struct {
	Passed int `json:"passed"`
	Of     int `json:"of"`
}

func (t *tally) add(passed bool) {
	t.Of++
	if passed {
		t.Passed++
	}
}

// maxLines is how many lines a finding names.
const maxLines = 5

// explanation is what policy explain prints.
type explanation struct {
	Elements     tally      `json:"elements"`
	Attributes   tally      `json:"attributes"`
	Declarations tally      `json:"declarations"`
	Elsewhere    int        `json:"sheetsElsewhere"` // style sheets of other files, which are not judged
	Findings     []*foundAt `json:"findings"`

	masks *pageMasks
	known map[finding]*foundAt
}

// explainPage judges a page by the tables.
func explainPage(doc *html.Node, masks *pageMasks) *explanation {
	x := &explanation{masks: masks, known: map[finding]*foundAt{}, Findings: []*foundAt{}}
	start := shown
	if masks.private {
		start = quiet
	}
	for n := range doc.ChildNodes() {
		x.node(n, nil, start)
	}
	order := map[string]int{isMasked: 0, isReplaced: 1, isDropped: 2}
	slices.SortStableFunc(x.Findings, func(a, b *foundAt) int {
		return cmp.Or(order[a.Effect]-order[b.Effect], a.Row-b.Row, strings.Compare(a.Element, b.Element), strings.Compare(a.Name, b.Name))
	})
	return x
}

// met counts a finding.
func (x *explanation) met(f finding, line int) {
	at := x.known[f]
	if at == nil {
		at = &foundAt{finding: f}
		x.known[f] = at
		x.Findings = append(x.Findings, at)
	}
	at.Count++
	if line > 0 && len(at.Lines) < maxLines && !slices.Contains(at.Lines, line) {
		at.Lines = append(at.Lines, line)
	}
}

// node judges a node below an element that passes; up is nil for the document.
func (x *explanation) node(n *html.Node, up *vocab.Element, outer privacy) {
	switch n.Type {
	case html.TextNode:
		if up != nil && outer == shown {
			x.secrets("#text", "", n.Data, lineOf(n.Parent))
		}
	case html.CommentNode:
		x.met(finding{isDropped, "#comment", "", 13, "comments are not told"}, 0)
	case html.ElementNode:
		x.element(n, up, outer)
	}
}

// secrets looks for what the site wants masked in a text.
func (x *explanation) secrets(element, name, text string, line int) {
	for _, kind := range x.masks.detect {
		d, _ := sanitizer.DetectNamed(kind)
		for range sanitizer.CountSecrets([]byte(text), d) {
			x.met(finding{isMasked, element, name, 34, "looks like a secret: " + kind}, line)
		}
	}
}

func (x *explanation) element(n *html.Node, up *vocab.Element, outer privacy) {
	line := lineOf(n)
	as, f := tell(n, up)
	if as == nil || f.Effect != "" {
		x.met(f, line)
	}
	x.Elements.add(f.Effect == "")
	if as == nil {
		return
	}
	now, why := x.masks.of(n, outer)
	switch {
	case why != "" && now == removed:
		x.met(finding{isReplaced, nameOf(n), "", 34, "an empty box stands for it: " + why}, line)
		return
	case why != "":
		x.met(finding{isMasked, nameOf(n), "", 34, why}, line)
	}
	x.attributes(n, as, now)
	if as.Name == "style" && n.Data == "style" {
		for c := range n.ChildNodes() {
			x.sheet(nameOf(n), c.Data, line)
		}
		return
	}
	if n.Data == "link" {
		x.Elsewhere++
		return
	}
	for c := range n.ChildNodes() {
		x.node(c, as, now)
	}
}

// nameOf is an element's name for the report; names that the page made up are cut.
func nameOf(n *html.Node) string {
	name := n.Data
	switch n.Namespace {
	case "svg":
		name = "svg:" + name
	case "math":
		name = "math:" + name
	}
	return plainName(name)
}

// plainName is a name without what could play tricks with a terminal.
func plainName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '?'
		}
		return r
	}, name)
	if len(name) > 64 {
		return name[:64] + "…"
	}
	return name
}

var tableOf = func() map[string]*vocab.Element {
	m := map[string]*vocab.Element{}
	for i := range vocab.Elements {
		m[vocab.Elements[i].Key()] = &vocab.Elements[i]
	}
	return m
}()

var (
	// boxed are the elements of HTML that an empty box stands for.
	boxed = strings.Fields("iframe object embed audio video canvas")
	// omitted are those that are left out with all they hold; see web/sdk/vocab.ts.
	omitted = strings.Fields("script noscript template base meta title source track param datalist noembed noframes frameset frame")
)

// tell says as what an element is told below another, nil when it is not told at all, and what to report of that. The
// finding is empty when the element passes as it is.
func tell(n *html.Node, up *vocab.Element) (*vocab.Element, finding) {
	as, f := tellAnywhere(n)
	name := nameOf(n)
	switch {
	case as == nil:
	case up == nil && as.Name != "html", up != nil && !mayHold(up, as):
		holder := "the document"
		if up != nil {
			holder = up.Key()
		}
		return nil, finding{isDropped, name, "", 11, "may not stand in " + holder}
	}
	return as, f
}

func tellAnywhere(n *html.Node) (*vocab.Element, finding) {
	switch n.Namespace {
	case "svg":
		return tellForeign(n, vocab.SVG, "")
	case "math":
		if strings.HasPrefix(n.Data, "annotation") {
			return tellForeign(n, vocab.MathML, "")
		}
		return tellForeign(n, vocab.MathML, "math:mrow")
	}
	name := n.Data
	switch {
	case name == "link" && contains(strings.Fields(strings.ToLower(attr(n, "rel"))), "stylesheet"):
		return tableOf["style"], finding{}
	case slices.Contains(boxed, name):
		row, why := whyNot(vocab.HTML, name, 18)
		if tableOf[name] != nil {
			why = "shows what no file says; an empty box of the same size stands for it"
		}
		return nil, finding{isReplaced, name, "", row, why}
	case name == "link", slices.Contains(omitted, name):
		row, why := whyNot(vocab.HTML, name, 1)
		return nil, finding{isDropped, name, "", row, why}
	case name == "style" && !contains([]string{"", "text/css"}, strings.ToLower(attr(n, "type"))):
		return nil, finding{isDropped, name, "", 23, "is no style sheet by its type"}
	case tableOf[name] != nil && tableOf[name].Space == vocab.HTML && tableOf[name].Code != vocab.CustomElement:
		return tableOf[name], finding{}
	case sanitizer.ValidCustomElement([]byte(name)):
		return tableOf["#custom"], finding{}
	}
	row, why := whyNot(vocab.HTML, name, 1)
	return tableOf["span"], finding{isReplaced, nameOf(n), "", row, "span stands for it: " + why}
}

// tellForeign tells an element of SVG or MathML; other stands for one that has no code.
func tellForeign(n *html.Node, space vocab.Space, other string) (*vocab.Element, finding) {
	if as := tableOf[space.Key(n.Data)]; as != nil {
		return as, finding{}
	}
	row, why := whyNot(space, n.Data, 1)
	if as := tableOf[other]; as != nil {
		return as, finding{isReplaced, nameOf(n), "", row, why}
	}
	return nil, finding{isDropped, nameOf(n), "", row, why}
}

// whyNot gives the row and the reason for which an element has no code.
func whyNot(space vocab.Space, name string, row int) (int, string) {
	if r, ok := vocab.RefusedElement(space, name); ok {
		return r.Row, r.Why
	}
	return row, "is not in the tables"
}

// mayHold says whether an element may hold another (web/sdk/encode.ts).
func mayHold(up, as *vocab.Element) bool {
	if up.Name == "head" {
		return as.Name == "style"
	}
	switch up.Content {
	case vocab.HTMLFlow, vocab.HTMLInSVG:
		return as.Space == vocab.HTML && as.Name != "html" || as.Key() == "svg:svg" || as.Key() == "math:math"
	case vocab.SVGFlow:
		return as.Space == vocab.SVG
	case vocab.MathFlow:
		return as.Space == vocab.MathML
	}
	return false
}

// print writes the report as a table for people.
func (x *explanation) print(out io.Writer, file string) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintf(w, "%s: %d of %d elements, %d of %d attributes and %d of %d declarations pass as they are.\n", file, x.Elements.Passed,
		x.Elements.Of, x.Attributes.Passed, x.Attributes.Of, x.Declarations.Passed, x.Declarations.Of)
	if x.masks.private {
		fmt.Fprintln(w, "The site is private: every text and value is masked but what is marked to be shown.")
	}
	if x.Elsewhere > 0 {
		fmt.Fprintf(w, "Style sheets of other files, not judged here: %d.\n", x.Elsewhere)
	}
	if len(x.Findings) == 0 {
		fmt.Fprintln(w, "Nothing would be dropped, replaced or masked.")
		return w.Flush()
	}
	fmt.Fprintln(w, "\nWHAT HAPPENS\tELEMENT\tNAME\tROW\tCOUNT\tLINES\tWHY")
	for _, f := range x.Findings {
		lines := strings.Trim(strings.ReplaceAll(fmt.Sprint(f.Lines), " ", ", "), "[]")
		if len(f.Lines) == maxLines && f.Count > maxLines {
			lines += ", …"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%s\t%s\n", f.Effect, f.Element, f.Name, f.Row, f.Count, lines, f.Why)
	}
	return w.Flush()
}
