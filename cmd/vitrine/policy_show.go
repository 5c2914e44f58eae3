package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"vitrine/sanitizer"
	"vitrine/sanitizer/vocab"
)

// policyView is the whole policy as it is printed.
type policyView struct {
	Version    int                `json:"version"`
	Elements   []elementView      `json:"elements"`
	Attributes []attributeView    `json:"attributes"`
	CSS        sanitizer.CSSView  `json:"css"`
	Assets     []string           `json:"assets"`
	Limits     []sanitizer.Limit  `json:"limits"`
	Refused    map[string]refused `json:"refused"`
}

type elementView struct {
	Code      uint16 `json:"code"`
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	Holds     string `json:"holds"`
	Shadow    bool   `json:"shadow,omitempty"`
	Why       string `json:"why,omitempty"`
}

type attributeView struct {
	Code    uint16   `json:"code"`
	Name    string   `json:"name"`
	Spelled string   `json:"spelled,omitempty"`
	Kind    string   `json:"kind"`
	On      []string `json:"on"`
	Values  []string `json:"values,omitempty"`
	Why     string   `json:"why,omitempty"`
}

// refused are the names that were considered and have no code.
type refused []refusalView

type refusalView struct {
	Row       int      `json:"row"`
	Namespace string   `json:"namespace"`
	Names     []string `json:"names"`
	Why       string   `json:"why"`
}

var contents = map[vocab.Content]string{
	vocab.Empty: "nothing", vocab.Text: "text", vocab.HTMLFlow: "text, HTML, svg, math", vocab.SVGFlow: "text, SVG",
	vocab.HTMLInSVG: "text, HTML, svg, math", vocab.MathFlow: "text, MathML", vocab.Document: "one html element",
}

var kinds = map[vocab.Value]string{
	vocab.Flag: "flag", vocab.Enum: "one of", vocab.Asset: "asset", vocab.Attr: "text", vocab.Tokens: "words", vocab.Decls: "CSS declarations",
	vocab.CSSValue: "CSS value", vocab.Media: "media query", vocab.URL: "address as text", vocab.Number: "numbers", vocab.Colour: "colour",
	vocab.ID: "id", vocab.Path: "path data",
}

var places = map[vocab.Where]string{
	vocab.OnHTML: "every element of HTML", vocab.OnSVG: "every element of SVG", vocab.OnMathML: "every element of MathML", vocab.OnAll: "every element",
}

func viewPolicy() *policyView {
	v := &policyView{
		Version: vocab.Version, CSS: sanitizer.ViewCSS(), Assets: sanitizer.AssetTypes(), Limits: sanitizer.Limits(),
		Refused: map[string]refused{"elements": viewRefusals(vocab.RefusedElements), "attributes": viewRefusals(vocab.RefusedAttributes)},
	}
	hosts := sanitizer.ShadowHosts()
	for _, e := range vocab.Elements {
		v.Elements = append(v.Elements, elementView{
			e.Code, e.Name, e.Space.String(), contents[e.Content], slices.Contains(hosts, e.Key()), e.Why,
		})
	}
	for _, a := range vocab.Attributes {
		on := a.On
		if place, ok := places[a.Where]; ok {
			on = []string{place}
		}
		v.Attributes = append(v.Attributes, attributeView{a.Code, a.Name, a.DOM, kinds[a.Value], on, a.Enum, a.Why})
	}
	return v
}

func viewRefusals(list []vocab.Refusal) (out refused) {
	for _, r := range list {
		out = append(out, refusalView{r.Row, r.Space.String(), strings.Fields(r.Names), r.Why})
	}
	return out
}

// print writes the policy as tables for people.
func (v *policyView) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	row := func(cells ...string) { fmt.Fprintln(w, strings.Join(cells, "\t")) }
	fmt.Fprintf(w, "Tables of version %d. What is not named here has no encoding and is refused.\n", v.Version)
	title := func(name string, count int, columns ...string) {
		fmt.Fprintf(w, "\n%s (%d)\n", name, count)
		row(columns...)
	}
	title("ELEMENTS", len(v.Elements), "NAME", "NAMESPACE", "HOLDS", "SHADOW ROOT", "WHY, BEYOND THE SANITIZER API'S DEFAULT")
	for _, e := range v.Elements {
		row(e.Name, e.Namespace, e.Holds, map[bool]string{true: "yes", false: "no"}[e.Shadow], dash(e.Why))
	}
	title("ATTRIBUTES", len(v.Attributes), "NAME", "KIND", "WHY, BEYOND THE SANITIZER API'S DEFAULT", "ON ELEMENTS")
	for _, a := range v.Attributes {
		row(a.label(), a.Kind, dash(a.Why), a.where())
	}
	printNames(w, "CSS AT-RULES", v.CSS.AtRules)
	printNames(w, "CSS PROPERTIES", v.CSS.Properties)
	printNames(w, "CSS FUNCTIONS", v.CSS.Functions)
	fmt.Fprintf(w, "\nCSS PSEUDO-CLASSES (%d)\n%s\n", len(v.CSS.PseudoClasses), wrap(v.CSS.PseudoClasses))
	fmt.Fprintf(w, "\nCSS PSEUDO-ELEMENTS (%d), and every -webkit-\n%s\n", len(v.CSS.PseudoElements), wrap(v.CSS.PseudoElements))
	fmt.Fprintf(w, "\nTYPES OF ASSETS (%d)\n%s\n", len(v.Assets), wrap(v.Assets))
	title("LIMITS", len(v.Limits), "WHAT", "AT MOST", "ROW")
	for _, l := range v.Limits {
		row(l.What, fmt.Sprint(l.Value, " ", l.Unit), fmt.Sprint(l.Row))
	}
	v.printRefused(row, title)
	return w.Flush()
}

func (v *policyView) printRefused(row func(...string), title func(string, int, ...string)) {
	for _, kind := range []string{"elements", "attributes"} {
		count := 0
		for _, r := range v.Refused[kind] {
			count += len(r.Names)
		}
		title("REFUSED "+strings.ToUpper(kind), count, "ROW", "NAMESPACE", "WHY", "NAMES")
		for _, r := range v.Refused[kind] {
			row(fmt.Sprint(r.Row), r.Namespace, r.Why, strings.Join(r.Names, " "))
		}
	}
	title("REFUSED CSS", len(v.CSS.Refused), "ROW", "KIND", "WHY", "NAMES")
	for _, r := range v.CSS.Refused {
		row(fmt.Sprint(r.Row), r.Kind, r.Why, r.Names)
	}
}

// printNames writes names in groups of those that are known in the same places.
func printNames(w io.Writer, title string, list []sanitizer.CSSName) {
	fmt.Fprintf(w, "\n%s (%d)\n", title, len(list))
	groups := map[string][]string{}
	var order []string
	for _, n := range list {
		where := strings.Join(n.Where, ", ")
		if groups[where] == nil {
			order = append(order, where)
		}
		groups[where] = append(groups[where], n.Name)
	}
	for _, where := range order {
		fmt.Fprintf(w, "in %s:\n%s\n", where, wrap(groups[where]))
	}
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// where says on which elements an attribute may stand, and which values it may have where they are listed.
func (a *attributeView) where() string {
	where := strings.Join(a.On, " ")
	if len(a.Values) > 0 {
		where += "; values: " + strings.Join(a.Values, " ")
	}
	return where
}

// label is an attribute's name with the page's spelling where that is another.
func (a *attributeView) label() string {
	if a.Spelled == a.Name || a.Spelled == "" {
		return a.Name
	}
	return a.Name + ` (spelled "` + a.Spelled + `")`
}

// wrap writes names in lines of at most 120 characters.
func wrap(names []string) string {
	var b strings.Builder
	line := 0
	for _, n := range names {
		switch {
		case line == 0:
		case line+2+len(n) > 120:
			b.WriteString(",\n")
			line = 0
		default:
			b.WriteString(", ")
			line += 2
		}
		b.WriteString(n)
		line += len(n)
	}
	return b.String()
}
