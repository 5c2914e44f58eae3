package sanitizer_test

import (
	"slices"
	"strings"
	"testing"

	"vitrine/sanitizer"
)

// TestThreat19_RefusedNames holds that nothing of CSS is both kept and refused, and that every refused name drops what it
// stands in.
func TestThreat19_RefusedNames(t *testing.T) {
	v := sanitizer.ViewCSS()
	has := func(list []sanitizer.CSSName, name string) bool {
		return slices.ContainsFunc(list, func(n sanitizer.CSSName) bool { return n.Name == name })
	}
	if len(v.AtRules) < 10 || len(v.Properties) < 400 || len(v.Functions) < 80 || len(v.PseudoClasses) < 60 || len(v.PseudoElements) < 15 {
		t.Fatal("the lists were not read")
	}
	if !has(v.Properties, "color") || !has(v.Functions, "calc") || !has(v.AtRules, "media") || !slices.Contains(v.PseudoClasses, "not()") {
		t.Error("the lists lack what every page uses")
	}
	for _, r := range v.Refused {
		for name := range strings.FieldsSeq(r.Names) {
			name = strings.Replace(name, "*", "x", 1)
			sheet, list := "", v.AtRules
			switch r.Kind {
			case "at-rule":
				sheet = "@" + name + " x { a { color: red } }"
			case "property":
				sheet, list = "a { "+name+": none }", v.Properties
			case "function":
				sheet, list = "a { width: "+name+"(a) }", v.Functions
			default:
				t.Fatalf("kind %q is not known", r.Kind)
			}
			out, ok := sanitizer.AppendSheet(nil, []byte(sheet))
			if has(list, name) || !ok || strings.Contains(string(out), name) {
				t.Errorf("%s %s is refused by row %d and kept", r.Kind, name, r.Row)
			}
			if got, ok := sanitizer.RefusedCSS(r.Kind, name); !ok || got.Row != r.Row || r.Why == "" {
				t.Errorf("%s %s is not found again", r.Kind, name)
			}
		}
	}
	// What is listed is what is kept.
	for _, p := range v.Properties {
		if !slices.Contains(p.Where, "style") {
			continue
		}
		out, _ := sanitizer.AppendSheet(nil, []byte("a { "+p.Name+": inherit }"))
		if !strings.Contains(string(out), p.Name+": inherit") {
			t.Errorf("property %s is listed and dropped", p.Name)
		}
	}
}

// TestThreat32_LimitsAreShown holds that the limits are numbers and belong to rows.
func TestThreat32_LimitsAreShown(t *testing.T) {
	for _, l := range sanitizer.Limits() {
		if l.Row < 1 || l.Row > 50 || l.Value < 1 || l.What == "" {
			t.Errorf("limit %q is none", l.What)
		}
	}
	if len(sanitizer.AssetTypes()) < 7 {
		t.Error("types are missing")
	}
}
