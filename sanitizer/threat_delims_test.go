package sanitizer

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// TestThreat19_Delimiters puts every delimiter that CSS has, and every token that belongs to no value, into every kind of
// value: those that are not on the short list of its kind spoil it.
func TestThreat19_Delimiters(t *testing.T) {
	sheet := func(before, behind string) func(string) string {
		return func(v string) string {
			out, _ := AppendSheet(nil, []byte(before+v+behind))
			return string(out)
		}
	}
	inline := func(before string) func(string) string {
		return func(v string) string {
			out, _ := AppendDeclarations(nil, []byte(before+v))
			return string(out)
		}
	}
	const arithmetic, custom, condition = "+-*/", "+-*/.>=|~^$&%?", "+-*/.>=|~^$&<"
	kinds := map[string]struct {
		write func(string) string
		may   string
	}{
		"declaration":      {sheet("p { quotes: zzz ", " }"), arithmetic},
		"custom property":  {sheet("p { --x: zzz ", " }"), custom},
		"style attribute":  {inline("quotes: zzz "), arithmetic},
		"custom in inline": {inline("--x: zzz "), custom},
		"font-face":        {sheet("@font-face { font-family: zzz ", " }"), arithmetic},
		"counter-style":    {sheet("@counter-style a { system: zzz ", " }"), arithmetic},
		"property":         {sheet("@property --x { initial-value: zzz ", " }"), arithmetic},
		"cursor":           {sheet("p { cursor: zzz", " }"), ""},
		"cursor inline":    {inline("cursor: zzz"), ""},
		"attribute": {func(v string) string {
			out, _ := AppendCSSValue(nil, []byte("zzz "+v))
			return string(out)
		}, arithmetic},
		"colour": {func(v string) string {
			out, _ := AppendColour(nil, []byte("zzz "+v))
			return string(out)
		}, arithmetic},
		"supports":  {sheet("@supports (zzz ", ") { p { color: red } }"), condition},
		"container": {sheet("@container (zzz ", ") { p { color: red } }"), condition},
	}
	for name, k := range kinds {
		for c := byte('!'); c < 0x7f; c++ {
			if strings.IndexByte("\"'()[]{};:,\\!#@_-", c) >= 0 || lower(c|0x20) || digit(c) {
				continue // no delimiters by themselves
			}
			got := strings.Contains(k.write(string([]byte{c, ' ', 'b'})), "zzz")
			if want := strings.IndexByte(k.may, c) >= 0; got != want {
				t.Errorf("%s: %q may stand there: %v", name, c, got)
			}
		}
		for _, bad := range []string{"@import", "@x", "<!--", "-->", "url(a b)", "\"open\n", "url(//x)", "url('//x')", "src('x')", "a!b", "#", "\x80"} {
			if got := k.write(bad); strings.Contains(got, "zzz") {
				t.Errorf("%s: %q may stand there: %s", name, bad, got)
			}
		}
		if !strings.HasPrefix(name, "custom") && name != "supports" && name != "container" {
			for _, bad := range []string{": b", "a:b", "{ b"} {
				if got := k.write(bad); strings.Contains(got, "zzz") {
					t.Errorf("%s: %q may stand there: %s", name, bad, got)
				}
			}
		}
	}
}

// TestThreat10_Addresses holds for every kind of value which addresses it takes: assets, ids of the page, or none; and that
// nothing else is one.
func TestThreat10_Addresses(t *testing.T) {
	write := map[string]func(string) []byte{
		"asset id": func(v string) []byte { out, _ := AppendSheet(nil, []byte("p { fill: "+v+" }")); return out },
		"asset id in a custom property": func(v string) []byte {
			out, _ := AppendSheet(nil, []byte("p { --x: "+v+" }"))
			return out
		},
		"asset id inline":                      func(v string) []byte { out, _ := AppendDeclarations(nil, []byte("fill: "+v)); return out },
		"asset id in a custom property inline": func(v string) []byte { out, _ := AppendDeclarations(nil, []byte("--x: "+v)); return out },
		"asset in font-face": func(v string) []byte {
			out, _ := AppendSheet(nil, []byte("@font-face { src: "+v+" }"))
			return out
		},
		"id in an attribute": func(v string) []byte { out, _ := AppendCSSValue(nil, []byte(v)); return out },
		"none in a counter style": func(v string) []byte {
			out, _ := AppendSheet(nil, []byte("@counter-style a { symbols: "+v+" }"))
			return out
		},
		"none in a colour": func(v string) []byte { out, _ := AppendColour(nil, []byte(v)); return out },
		"none in a cursor": func(v string) []byte { out, _ := AppendSheet(nil, []byte("p { cursor: "+v+" }")); return out },
		"none in a container": func(v string) []byte {
			out, _ := AppendSheet(nil, []byte("@container style(--x: "+v+") { p { color: red } }"))
			return out
		},
		"none in a media query": func(v string) []byte { out, _ := AppendMediaQuery(nil, []byte("(width: "+v+")")); return out },
		"none in a style of media": func(v string) []byte {
			out, _ := AppendSheet(nil, []byte("@media "+v+" { p { color: red } }"))
			return out
		},
	}
	for name, w := range write {
		for _, quote := range []string{"", `"`, "'"} {
			for v, kind := range map[string]string{
				"asset:1f": "asset", "#a": "id", "asset:": "", "asset:01": "", "asset:1F": "", "asset:1g": "", "asset:20000000000000": "", "asset:1f0000000000000": "",
				"xsset:1f": "", "#": "", "a": "", "//x": "", "data:,x": "", "#a b": "", "#" + strings.Repeat("a", maxID): "", "": "", "a#b": "",
			} {
				if quote == "" && strings.Contains(v, " ") {
					continue
				}
				out := w("url(" + quote + v + quote + ")")
				may := slices.Contains(strings.Fields(name), kind)
				if got := bytes.Contains(out, []byte("url(")); got != may {
					t.Errorf("%s: url(%s%s%s): %s", name, quote, v[:min(len(v), 30)], quote, out[:min(len(out), 80)])
				}
			}
		}
	}
}

// TestThreat24_OpenBrackets holds that brackets nested beyond the limit spoil a value even where the end of the input would
// close them: what is written is closed.
func TestThreat24_OpenBrackets(t *testing.T) {
	for _, open := range []string{"(", "[", "calc(", "{"} {
		for n := maxNesting - 2; n < maxNesting+3; n++ {
			value := strings.Repeat(open, n)
			for _, css := range []string{"p { --x: " + value, "p { quotes: " + value, "@supports " + value, "@container " + value} {
				out, ok := AppendSheet(nil, []byte(css))
				balanced := ok
				for _, pair := range []string{"()", "[]", "{}"} {
					balanced = balanced && bytes.Count(out, []byte(pair[:1])) == bytes.Count(out, []byte(pair[1:]))
				}
				if !balanced || n > maxNesting && bytes.Count(out, []byte(open[len(open)-1:])) > maxNesting {
					t.Errorf("%d of %q in %.12q: %.60q", n, open, css, out)
				}
			}
		}
	}
}

// TestThreat19_KindsByPlace holds that a conditional at-rule has no room for a block, and a cursor none for anything but a
// word.
func TestThreat19_KindsByPlace(t *testing.T) {
	for _, css := range []string{
		"@container (a {b}) { p { color: red } }", "@container a ({b: c}) { p { color: red } }", "@supports (a: {b}) { p { color: red } }",
		"@media (a {b}) { p { }  }", "p { quotes: ({a}) }", "p { cursor: 5 }", "p { cursor: 5px }", "p { cursor: #a }", "p { cursor: 5% }", "p { cursor: 'a' }",
	} {
		out, ok := AppendSheet(nil, []byte(css))
		if !ok || bytes.Contains(out, []byte("{b")) || bytes.Contains(out, []byte("red")) || bytes.Contains(out, []byte("cursor")) || bytes.Contains(out, []byte("quotes")) {
			t.Errorf("%s: %s", css, out)
		}
	}
	for _, css := range []string{"cursor: 5", "cursor: 5px", "cursor: #a", "cursor: 5%", "cursor: 'a'", "cursor: a, b", "cursor: a/b", "cursor: (a)", "cursor: [a]"} {
		if out, ok := AppendDeclarations(nil, []byte(css)); !ok || len(out) > 0 {
			t.Errorf("%s: %s", css, out)
		}
	}
}

// TestThreat19_FunctionsByPlace holds that functions of one place do not work in another.
func TestThreat19_FunctionsByPlace(t *testing.T) {
	for _, css := range []string{
		"p { color: selector(a) }", "p { --x: font-tech(a) }", "p { src: local(a) }", "@property --x { initial-value: selector(a) }",
		"@property --x { initial-value: local(a) }", "@font-face { src: calc(1) }", "@counter-style a { symbols: calc(1) }",
		"@counter-style a { symbols: image-set('a' 1x) }", "p { color: style(a) }", "p { cursor: calc(1) }",
	} {
		out, ok := AppendSheet(nil, []byte(css))
		if !ok || bytes.Contains(out, []byte("(")) {
			t.Errorf("%s: %s", css, out)
		}
	}
	if out, ok := AppendDeclarations(nil, []byte("color: selector(a); --x: local(a); cursor: calc(1)")); !ok || len(out) > 0 {
		t.Errorf("inline: %s", out)
	}
}
