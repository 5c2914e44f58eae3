package sanitizer

import (
	"bytes"
	"strings"
	"testing"
)

// keeps runs sheets that must come through as they are.
func keeps(t *testing.T, sheets ...string) {
	t.Helper()
	for i, sheet := range sheets {
		if out, ok := AppendSheet(nil, []byte(sheet)); !ok || string(out) != sheet {
			t.Errorf("kept case %d: %s\n got %s", i, sheet, out)
		}
	}
}

// loses runs rules of which nothing may be left, between two that stay.
func loses(t *testing.T, rules ...string) {
	t.Helper()
	for i, rule := range rules {
		out, ok := AppendSheet(nil, []byte("a{top:0}"+rule+"b{top:0}"))
		if want := "a { top: 0; }\nb { top: 0; }"; !ok || string(out) != want {
			t.Errorf("lost case %d: %s\n got %s", i, rule, out)
		}
	}
}

// losesDecls runs declarations of which nothing may be left, in a block that opens with head, between two that stay.
func losesDecls(t *testing.T, head, stays string, decls ...string) {
	t.Helper()
	for i, decl := range decls {
		out, ok := AppendSheet(nil, []byte(head+"{"+stays+";"+decl+";"+stays+"}"))
		if want := head + " { " + stays + "; " + stays + "; }"; !ok || string(out) != want {
			t.Errorf("case %d of %s: %s\n got %s", i, head, decl, out)
		}
	}
}

func TestThreat19_NamesOfAtRules(t *testing.T) {
	keeps(t,
		"@keyframes x { }", `@keyframes "x" { }`, "@-webkit-keyframes x { }", "@property --x { }", "@counter-style x { }",
		"@layer a;", "@layer a.b.c, d;", "@layer a.b { }", "@layer { }", "@scope { }", "@scope (.a, > b) { }", "@scope to (.b) { }",
		"@scope (.a) to (& > .b) { }", "@starting-style { }", "@font-face { }", "@media all { }", "@container x { }")
	loses(t,
		"@keyframes{}", "@keyframes 1{}", "@keyframes x y{}", "@keyframes x;", `@property "--x"{}`, "@property --{}", "@property x{}",
		"@property{}", "@property --x --y{}", `@counter-style "x"{}`, "@counter-style{}", "@counter-style x;", "@font-face x{}", "@font-face;",
		"@layer;", "@layer a,;", "@layer ,a;", "@layer a.;", "@layer a. b;", "@layer a.1;", "@layer a b;", "@layer a,b{}", "@layer a.{}", `@layer "a";`,
		"@scope (1){}", "@scope (){}", "@scope .a{}", "@scope (.a{}){}", "@scope (.a) to{}", "@scope (.a) to .b{}", "@scope (.a) x (.b){}", "@scope (.a) to (1){}",
		"@scope (.a) (.b){}", "@starting-style x{}", "@starting-style;", "@supports;", "@supports{}", "@container;", "@container{}", "@media;", "@media (x);",
		"@supports (a:b);", "@x{}", "@x;", "@{}", "@1{}", "@-moz-keyframes x{}", "@media-x{}", "@layer a}b;", "@layer a/b;", `@layer a."b";`, "@layer a.#b;", `@scope "to" (.b){}`, "@scope #to (.b){}", "@layer\\{a;")
}

// The names that are considered and left out must stay out.
func TestThreat19_LeftOutAtRules(t *testing.T) {
	for _, name := range []string{"import", "namespace", "charset", "page", "document", "-moz-document", "view-transition", "font-palette-values",
		"font-feature-values", "function", "mixin", "apply", "position-try", "custom-media", "custom-selector", "color-profile", "viewport", "-ms-viewport",
		"top-left", "when", "else", "env", "result", "contents", "supports-condition", "nest", "tailwind", "theme"} {
		loses(t, "@"+name+" x;", "@"+name+" x{a{top:1px}top:2px}", "@"+name+`"x";`, "@"+name+" url(asset:1);", "@"+strings.ToUpper(name)+" --x{}")
	}
}

func TestThreat19_WhereAtRulesStand(t *testing.T) {
	keeps(t, "a {\n  @media all {\n  @supports (a:b) {\n  @layer x {\n  @container (a:b) {\n  @scope {\n  @starting-style { top: 0; }\n}\n}\n}\n}\n}\n}",
		"@media all {\n  @font-face { font-style: italic; }\n  @keyframes x {\n  to { top: 0; }\n}\n  @property --x { }\n  @counter-style x { }\n}")
	for _, rule := range []string{"@font-face{src:local(x)}", "@keyframes x{}", "@-webkit-keyframes x{}", "@property --x{}", "@counter-style x{}"} {
		losesDecls(t, "a", "top: 0", rule)
	}
	for _, rule := range []string{"@media all{to{top:0}}", "a{top:0}", "@layer x;", "1px{top:0}", "#a{}", "x 5px{}", "x{}", "from 5%{}", "5% 6%{}", "from,{}", ",from{}", "{}", "from x{}", "'x'{}", "x y 5%{}", "x5%{}"} {
		out, _ := AppendSheet(nil, []byte("@keyframes k{"+rule+"to{top:0}}b{top:0}"))
		if want := "@keyframes k {\n  to { top: 0; }\n}\nb { top: 0; }"; string(out) != want {
			t.Errorf("%s: got %s", rule, out)
		}
	}
	run(t, AppendSheet, []cssTest{{"a{top:0;@x}b{top:0}", "a { top: 0; }\nb { top: 0; }"}, {"a{top:0;1}b{top:0}", "a { top: 0; }\nb { top: 0; }"}, {"@media all{@x}b{top:0}", "@media all { }\nb { top: 0; }"}})
	keeps(t, "@keyframes k {\n  from, to, 5% { top: 0; }\n  entry 5%, exit-crossing 1e1% { --x: 1; }\n}")
	for _, at := range []string{"@font-face", "@property --x", "@counter-style x"} {
		out, _ := AppendSheet(nil, []byte(at+"{a{top:0}@media all{a{top:0}}b:hover{top:0}}"))
		if string(out) != at+" { }" {
			t.Errorf("%s holds rules: %s", at, out)
		}
	}
	// There a semicolon ends nothing: the declaration is the head of the rule.
	out, _ := AppendSheet(nil, []byte("@media all{top:0;a{top:0}b{top:0}}@supports (a:b){top:0}"))
	if want := "@media all {\n  b { top: 0; }\n}\n@supports (a:b) { }"; string(out) != want {
		t.Errorf("declarations outside of style rules: %s", out)
	}
}

func TestThreat19_WhereDescriptorsStand(t *testing.T) {
	losesDecls(t, "a", "top: 0", "src:local(x)", "syntax:'*'", "inherits:true", "initial-value:0", "symbols:'x'", "system:cyclic", "suffix:'x'", "font-display:swap",
		"ascent-override:1%", "unicode-range:U+1", "size-adjust:1%", "range:auto", "pad:1 'x'", "negative:'-'", "fallback:decimal")
	losesDecls(t, "@font-face", "font-style: italic", "color:red", "--x:1", "syntax:'*'", "symbols:'x'", "background:url(asset:1)", "src:url(#a)", "src:var(--x)", "src:attr(x)",
		"src:env(x)", "src:image-set(url(asset:1) 1x)", "src:url(http://x) format('x')", "src:src('x')", "src:calc(1px)", "font-weight:1!important", "font-family:{x}", "src:")
	losesDecls(t, "@property --x", "inherits: true", "color:red", "--y:1", "src:local(x)", "initial-value:url(http://x)", "initial-value:paint(x)", "initial-value:1!important",
		"initial-value:image-set('x' 1x)", "symbols:'x'", "unicode-range:U+1", "initial-value:{x}", "syntax:<url>")
	losesDecls(t, "@counter-style x", `suffix: "."`, "color:red", "--y:1", "symbols:url(asset:1)", "symbols:url(#a) 'x'", "symbols:image-set(url(asset:1) 1x)", "symbols:linear-gradient(red,blue)",
		"symbols:var(--x)", "symbols:calc(1)", "system:cyclic!important", "prefix:symbols('x')", "syntax:'*'")
	keeps(t, `@property --x { syntax: "\3c image>"; initial-value: url("asset:1"); }`,
		`@font-face { src: local(x), url("asset:1") format(woff2) tech(color-COLRv1); font-feature-settings: "liga" 1; font-variant: styleset(x); }`)
}

func TestThreat19_UnicodeRange(t *testing.T) {
	keeps(t, "@font-face { unicode-range: U+0; }", "@font-face { unicode-range: U+123456, U+0-10FFFF, U+??????, U+4??; font-style: italic; }")
	losesDecls(t, "@font-face", "font-style: italic", "unicode-range:U+", "unicode-range:U", "unicode-range:", "unicode-range:26", "unicode-range:U+1234567", "unicode-range:U+???????",
		"unicode-range:U+12345??", "unicode-range:U+0-", "unicode-range:U+0-z", "unicode-range:U+0-1234567", "unicode-range:U+4?-5", "unicode-range:U+26x", "unicode-range:U+26-27x",
		"unicode-range:U+26\\31", "unicode-range:U+0-1?", "unicode-range:U+26 U+27", "unicode-range:U+26,", "unicode-range:,U+26", "unicode-range:x+26", "unicode-range:U-26",
		"unicode-range:U+26 !important", "unicode-range:url(asset:1)", "unicode-range:U+26(1;2)", "unicode-range:U+G")
	run(t, AppendSheet, []cssTest{
		{"@font-face{unicode-range:\tu+0 ,\nU+1 }", "@font-face { unicode-range: U+0, U+1; }"},
		{"@font-face{unicode-range:U+0}", "@font-face { unicode-range: U+0; }"},
		{"@font-face{unicode-range:U+0", "@font-face { unicode-range: U+0; }"}, {"@font-face{unicode-range:", "@font-face { }"},
		{"@font-face{unicode-range:U", "@font-face { }"}, {"@font-face{unicode-range:U+", "@font-face { }"}, {"@font-face{unicode-range:U+0-", "@font-face { }"},
	})
}

// The functions that are considered and left out must stay out, wherever a value stands.
func TestThreat19_LeftOutFunctions(t *testing.T) {
	for _, name := range []string{"src", "image", "cross-fade", "-webkit-cross-fade", "element", "-moz-element", "paint", "-webkit-paint", "expression", "alpha", "-moz-image-rect", "if",
		"-webkit-canvas", "url-prefix", "domain", "regexp", "url-x", "toggle", "inherit", "first-valid", "random-item", "--f", "leader", "content", "string", "running", "target-text", "layer",
		"supports", "not", "and", "or", "only", "selector", "style", "scroll-state", "local", "format", "tech", "font-tech", "font-format", "is", "lang"} {
		for _, value := range []string{name + "(x)", "1px " + name + "()", "calc(" + name + "('x'))", strings.ToUpper(name) + "(x)", "image-set(" + name + "('x') 1x)"} {
			losesDecls(t, "a", "top: 0", "background:"+value, "--x:"+value)
			if out, ok := AppendCSSValue(nil, []byte(value)); ok {
				t.Errorf("%s is a value: %s", value, out)
			}
			if out, ok := AppendColour(nil, []byte(value)); ok {
				t.Errorf("%s is a colour: %s", value, out)
			}
			if out, _ := AppendDeclarations(nil, []byte("background:"+value+";--x:"+value)); len(out) > 0 {
				t.Errorf("%s is in a style attribute: %s", value, out)
			}
			loses(t, "@container (a:"+value+"x()){b{top:1px}}")
		}
	}
}

func TestThreat19_FunctionsInConditions(t *testing.T) {
	keeps(t, "@media (min-width:calc(1px + env(x))) and (not (a)), not (a) {\n  a { top: 0; }\n}",
		"@container x style(--a: var(--b)) or scroll-state(stuck: top) {\n  a { top: 0; }\n}",
		`@supports (background:url("asset:1")) and (mask:url("#a")) and font-tech(variations) and (not font-format(woff2)) {`+"\n  a { top: 0; }\n}",
		`@supports (a:"}{){}") {`+"\n  b { top: 0; }\n}")
	loses(t, "@supports (a:src(x)){}", "@supports style(a:b){}", "@supports local(x){}", "@container (a:url(#a)){}", "@container (a:url(asset:1)){}",
		"@container selector(a){}", "@container style(--x:rgb(1 2 3)){}", "@container (a:attr(x)){}", "@supports ({}){}", "@supports (a@b){}", "@supports (a!b){}", "@container (a?b){}")
	run(t, AppendMediaQuery, []cssTest{
		{"(a:var(--x))", "not all"}, {"(a:rgb(1 2 3))", "not all"}, {"(a:url(#a))", "not all"}, {"style(a)", "not all"}, {"(a:'x')", "not all"}, {"[a]", "not all"}, {"(a:#fff)", "not all"},
		{"(a:image-set(x))", "not all"}, {"a{b}", "-"}, {"a;b", "-"}, {"a}", "-"}, {"a,,b", "a, b"}, {",", "not all"}, {"a,", "a"}, {"(a", "(a)"}, {"a)", "not all"}, {"a!b", "not all"},
		{"(a%b)", "not all"}, {"(a@b)", "not all"}, {"(1 = a >= 2)", "(1 = a >= 2)"},
	})
}

func TestThreat19_DelimitersInValues(t *testing.T) {
	for c := byte('!'); c < 127; c++ {
		if byteClass[c] != byteDelim && strings.IndexByte("+-./", c) < 0 {
			continue
		}
		s := string(c)
		value, custom := strings.Contains("+-*/", s), strings.Contains("+-*/.>=|~^$&%?", s)
		if out, _ := AppendDeclarations(nil, []byte("width:1px "+s+" 2px")); (len(out) > 0) != value {
			t.Errorf("%q in a value: %s", s, out)
		}
		if out, _ := AppendDeclarations(nil, []byte("--x:a "+s+" b")); (len(out) > 0) != custom {
			t.Errorf("%q in a custom property: %s", s, out)
		}
		if out, _ := AppendSheet(nil, []byte("a{--x:a "+s+" b}")); bytes.Contains(out, []byte("--x")) != custom {
			t.Errorf("%q in a custom property of a rule: %s", s, out)
		}
	}
	run(t, AppendDeclarations, []cssTest{
		{"grid-area:1//2", "-"}, {"width:1px\u00d7\\", "width: 1px\\d7 \ufffd;"}, {"width:a:b", "-"}, {"width:[a] (b) {c}", "-"}, {"width:[a)", "-"}, {"width:(a]", "-"}, {"width:a)", "-"}, {"width:a]", "-"},
		{"width:[(a", "width: [(a)];"}, {"--x:a:b", "--x: a:b;"}, {"--x: !important", "--x:  !important;"}, {"--x:a!b", "-"}, {"--x:a !important b", "-"}, {"width:!important", "-"}, {"width:", "-"},
		{"width:a !important!important", "-"}, {"width:a;;left:b", "width: a; left: b;"}, {"1a:b;left:b", "left: b;"}, {"a b;left:b", "left: b;"}, {"width:(a !important)", "-"},
		{"width:\"a\nb", "-"}, {"width:url(a b)", "-"}, {"width:url(\"a\"", "-"}, {"width:<!--", "-"}, {"width:-->", "-"}, {"width:a@b", "-"}, {"--x:<!--", "-"}, {"--x:@b", "-"}, {"--x:url(a b)", "-"},
		{"width:attr(x URL)", "-"}, {"width:attr(x, (url))", "-"}, {"width:calc(attr(x) + url)", "width: calc(attr(x) + url);"}, {"width:image-set((url(asset:1)) 1x, [x])", "width: image-set((url(\"asset:1\")) 1x, [x]);"},
		{"width:image-set(calc(1px) 'x')", "-"}, {"width:image-set((\"x\"))", "-"}, {"width:image-set(type(attr(x)))", "-"}, {"width:image-set(type((var(--x))))", "-"}, {"width:image-set(url(asset:1)) 'x' var(--y)", "width: image-set(url(\"asset:1\")) \"x\" var(--y);"},
		{"width:image-set(image-set('x'))", "-"}, {"width:image-set(type(calc('x')))", "-"}, {"width:image-set(x) type('x')", "-"},
	})
}

func TestThreat20_SelectorGrammar(t *testing.T) {
	keeps(t, "*|*, |a, [*|a], [|a], [a=\"b\" s], [a|=\"b\"], *.a, *#b, *:is(c), *[d] { }", "#--x:is(a) { }", ":lang(\"*-CH\", de) { }", ":lang(*-CH):heading(1, 2) { }", ":dir(ltr):lang(x) { }", "::highlight(x)::picker(select)::scroll-button(*) { }",
		"a::slotted(b):host(c, d) { }", "::-webkit-x, ::-moz-selection, ::cue(b) { }", "&, a&, &.b:is(&) { }", "#a\\@b { }", `[a="]{}"] { }`, "a:has(> b, + c) { }", ":nth-child(1 of a, b) { }")
	loses(t, "#1a{}", "#{}", ".#a{}", ".'a'{}", ".:hover{}", "*|.{}", "*|>{}", "| a{}", "*| a{}", "> a b{}", "> a, b{}", "[=b]{}", "[a~.b]{}", "[a~~b]{}", "[a~]{}", ".{}", ".1{}", ". a{}", "a b|c{}", "a|{}", "*|{}", "|{}", "||a{}", "a||b{}", "*|1{}", "a|b{}", "|*|a{}", "1{}", "'a'{}", "a(b){}", "a!b{}", "a%{}", "a:{}", "a::{}", "a:1{}", "a: b{}", "a:::b{}", "::{}", ":{}",
		":x{}", "::x{}", ":x(a){}", "::x(a){}", ":is{}", ":hover(){}", ":not(){}", ":not(a,){}", ":not(,a){}", ":has(){}", ":has(>){}", ":not(> a){}", ":nth-child(){}", ":slotted(a){}", "::hover{}", "::is(a){}",
		":lang(){}", ":lang(a>b){}", ":lang(a.b){}", ":lang(#a){}", ":lang(url(asset:1)){}", ":lang([a]){}", ":lang(x(a)){}", ":lang( ){}", "::part(){}", "::part(1px){}",
		"[]{}", "[1]{}", "['a']{}", "[a b]{}", "[a=]{}", "[a==b]{}", "[a=1]{}", "[a=b c]{}", "[a=b i s]{}", "[a=b 'i']{}", "[a=#b]{}", "[a~b]{}", "[a~ =b]{}", "[a!=b]{}", "[a>=b]{}", "[a:b]{}", "[*]{}", "[*|*]{}", "[|*]{}", "[*|1]{}", "[a|b]{}", "[.a]{}",
		"a >> b{}", "a > > b{}", "a >{}", "> a{}", "a + + b{}", "a,{}", ",a{}", "a,,b{}", "a /deep/ b{}", "a >>> b{}", ":hover:{}", "::-webkit-{}", "::-webkit-1{}", "::-webkit-\\31{}", "::-ms-x{}", ":-webkit-x{}", ":-moz-x{}", ":host-context{}", ":is(a)b{}", "a;{}")
	loses(t, ":-ms-input-placeholder{}", "::-o-x{}", ":local{}", ":global(a){}", "::v-deep a{}", "::ng-deep a{}", ":visited-x{}", "::view-transition{}", "::view-transition-group(x){}")
}

func TestThreat24_SelectorLimits(t *testing.T) {
	long := strings.Repeat("x", maxSelector)
	keeps(t, long+" { }", long+", "+long+" { }", "@scope ("+long+") { }", "@supports selector("+long+") { }")
	loses(t, long+"x{}", "a,"+long+"x{}", "@scope ("+long+"x){}", "@supports selector("+long+"x){}")
	chain := "a" + strings.Repeat(" b", maxCompounds-1)
	keeps(t, chain+" { }", chain+", "+chain+" { }", "@supports selector("+chain+") { }", "@supports selector("+chain+") and selector("+chain+") { }")
	loses(t, chain+" b{}", "@supports selector("+chain+" b){}", ":is("+chain+"){}", ":is("+chain+" b){}", ":where("+chain+" b,c){}", "a:is("+chain+",b){}", ":nth-child(1 of "+chain+"){}", ":has("+chain+"){}", ":has(:is("+chain+")){}")
	nest := func(n int) string { return strings.Repeat(":is(", n) + "a" + strings.Repeat(")", n) }
	keeps(t, nest(maxCompounds-1)+" { }")
	loses(t, nest(maxCompounds)+"{}", nest(maxNesting+1)+"{}", ":where("+nest(maxNesting)+"){}", nest(maxNesting+5)+"{}")
	deep := func(n int) string { return strings.Repeat(":is(", n) + strings.Repeat(")", n) }
	if out, _ := AppendSheet(nil, []byte("a:is(b, "+deep(maxNesting+1)+"){}c{}")); string(out) != "c { }" {
		t.Errorf("brackets in brackets: %s", out)
	}
	// So many selectors are for one sheet, however they are spread.
	many := strings.Repeat(strings.Repeat("a,", 999)+"a{}", maxSelectors/1000)
	out, _ := AppendSheet(nil, []byte(many+"b{}"))
	if n := bytes.Count(out, []byte("a")); n != maxSelectors || bytes.Contains(out, []byte("b")) {
		t.Errorf("%d selectors, want %d", n, maxSelectors)
	}
}

func TestThreat24_ValueLimits(t *testing.T) {
	vars := func(n int) string { return strings.TrimSpace(strings.Repeat("var(--y) ", n)) }
	deep := func(n int) string { return strings.Repeat("(", n) + "a" + strings.Repeat(")", n) }
	calls := func(n int) string { return strings.Repeat("calc(", n) + "1px" + strings.Repeat(")", n) }
	fill := func(n int) string { return strings.Repeat("x", n) }
	custom := maxCustom - len(" --x: ;")
	keeps(t, "a { width: "+vars(maxVars)+"; }", "a { width: "+deep(maxNesting)+"; --x: "+deep(maxNesting)+"; }", "a { width: "+calls(maxNesting)+"; }", "a { --x: "+fill(custom)+"; }",
		"a { width: "+fill(10*maxCustom)+"; }")
	losesDecls(t, "a", "top: 0", "width:"+vars(maxVars+1), "width:"+vars(maxVars)+" env(x)", "width:"+vars(maxVars)+" attr(x)", "width:"+strings.Repeat("var(--a,", maxVars+1)+strings.Repeat(")", maxVars+1), "width:"+deep(maxNesting+1), "--x:"+deep(maxNesting+1),
		"width:"+calls(maxNesting+1), "--x:["+deep(maxNesting)+"]", "--x:"+fill(custom+1), "--"+fill(maxCustom)+":1", "--x:"+strings.Repeat("{", maxNesting+1)+strings.Repeat("}", maxNesting+1))
	// What is over a limit costs no more than itself: the declarations beside it stay.
	run(t, AppendDeclarations, []cssTest{
		{"top:0;--x:" + fill(maxCustom) + ";left:0", "top: 0; left: 0;"},
		{"top:0;width:" + vars(maxVars+1) + ";left:0", "top: 0; left: 0;"},
	})
}

func TestThreat24_SizeLimits(t *testing.T) {
	pad := func(n int) []byte { return append([]byte("a{top:0}"), bytes.Repeat([]byte(" "), n-8)...) }
	if out, ok := AppendSheet(nil, pad(maxSheet)); !ok || len(out) == 0 {
		t.Error("a sheet at the limit is dropped")
	}
	if out, ok := AppendSheet(nil, pad(maxSheet+1)); ok || len(out) != 0 {
		t.Error("a sheet over the limit is read")
	}
	for name, f := range map[string]func(dst, src []byte) ([]byte, bool){"AppendCSSValue": AppendCSSValue, "AppendMediaQuery": AppendMediaQuery} {
		if out, ok := f(nil, bytes.Repeat([]byte("x"), maxDecls)); !ok || len(out) != maxDecls {
			t.Errorf("%s: a value at the limit is dropped", name)
		}
		if _, ok := f(nil, bytes.Repeat([]byte("x"), maxDecls+1)); ok {
			t.Errorf("%s: a value over the limit is read", name)
		}
		if _, ok := f(nil, append([]byte("x/*"), append(bytes.Repeat([]byte("x"), maxDecls), "*/"...)...)); ok {
			t.Errorf("%s: a long comment is read", name)
		}
		// The output has a limit of its own: escapes make it longer.
		if _, ok := f(nil, bytes.Repeat([]byte("\u00a0"), maxDecls/2)); ok {
			t.Errorf("%s: an output over the limit is kept", name)
		}
	}
	// A style attribute loses what has no room, and a sheet the rules that have none.
	many := bytes.Repeat([]byte("top:0;"), maxDecls/6)
	out, ok := AppendDeclarations(nil, many)
	if !ok || len(out) > maxDecls || len(out) < maxDecls-16 {
		t.Errorf("%d bytes of declarations, at most %d", len(out), maxDecls)
	}
	grow := bytes.Repeat([]byte("a{b:c;width:\u00a0\u00a0\u00a0\u00a0\u00a0\u00a0\u00a0\u00a0\u00a0\u00a0\u00a0\u00a0\u00a0\u00a0\u00a0\u00a0\u00a0\u00a0}"), 40_000)
	out, ok = AppendSheet(nil, grow)
	if !ok || len(out) > maxSheet || len(out) < maxSheet-4096 || balance(out) != 0 {
		t.Errorf("%d bytes of a sheet, at most %d", len(out), maxSheet)
	}
	if again, ok := AppendSheet(nil, out); !ok || !bytes.Equal(again, out) {
		t.Error("the largest sheet is not a fixed point")
	}
	// Nothing comes after a sheet that is full, also not what would still have room.
	out, _ = AppendSheet(nil, append(grow, "z{top:0}"...))
	if bytes.Contains(out, []byte("z")) {
		t.Error("a rule behind one that had no room")
	}
}

// TestThreat23_SheetsStandAlone holds that a sheet cannot reach into the next one: what is cut in two stays cut.
func TestThreat23_SheetsStandAlone(t *testing.T) {
	for i, halves := range [][2]string{
		{"@imp", `ort "http://x";a{top:0}`}, {"@import url(", "http://x);a{top:0}"}, {"a{background:u", "rl(http://x)}"}, {"a{content:\"", "\";background:url(http://x)}"},
		{"/*", "*/a{background:url(http://x)}"}, {"a{", "background:url(http://x)}"}, {"a\\", "{top:0}"}, {"@media x{", "}a{top:0}"}, {"a{--x:{", "}}b{top:0}"}, {"<!--", "-->a{top:0}"}, {"a{top:0", ";left:0}"},
	} {
		first, _ := AppendSheet(nil, []byte(halves[0]))
		second, _ := AppendSheet(nil, []byte(halves[1]))
		both := append(append(bytes.Clone(first), '\n'), second...)
		if len(first) == 0 {
			both = second
		}
		if again, _ := AppendSheet(nil, both); !bytes.Equal(again, both) && len(second) > 0 {
			t.Errorf("case %d: two sheets together say something else: %s", i, again)
		}
		if balance(first) != 0 || balance(second) != 0 {
			t.Errorf("case %d: a half is left open", i)
		}
		for _, half := range [][]byte{first, second} {
			addresses(t, halves[0], half)
		}
	}
}

// TestThreat21_LeftOutProperties holds that what is considered and left out stays out.
func TestThreat21_LeftOutProperties(t *testing.T) {
	for _, name := range []string{"behavior", "-ms-behavior", "-moz-binding", "-o-link", "-o-link-source", "-ms-filter", "-ms-transform", "-o-transform", "-webkit-user-modify", "-moz-user-modify", "app-region", "-webkit-app-region",
		"window-drag", "-webkit-user-drag", "interactivity", "interest-delay", "interest-delay-start", "frame-sizing", "overlay", "view-transition-scope", "page-orientation", "size", "src", "result", "zzz", "colour", "x-color", "_color", "-color",
		"filter-", "moz-binding", "scrollbar-face-color", "layer-background-image", "include-source", "-webkit-dashboard-region", "navigation", "types"} {
		losesDecls(t, "a", "top: 0", name+":red", strings.ToUpper(name)+":none", name+":url(asset:1)")
		if out, _ := AppendDeclarations(nil, []byte(name+":red")); len(out) > 0 {
			t.Errorf("%s is in a style attribute", name)
		}
		out, _ := AppendSheet(nil, []byte("@keyframes x{to{"+name+":red}}"))
		if bytes.Contains(out, []byte("red")) {
			t.Errorf("%s is in a keyframe", name)
		}
	}
}

func TestThreat25_CursorEverywhere(t *testing.T) {
	losesDecls(t, "a", "top: 0", "cursor:none", "cursor:NONE!important", "cursor:url(asset:1)", "cursor:url(asset:1),auto", "cursor:url(#a),none", "cursor:var(--x)", "cursor:env(x)", "cursor:attr(x)",
		"cursor:image-set(url(asset:1) 1x)", "cursor:'none'", "cursor:auto none", "cursor:auto,none", "cursor:", "cursor:(none)", "cursor:1", "cursor:#a", "cursor:auto 1 1", "cursor:\\6eone", "cursor:non\\65", "cursor:{none}")
	keeps(t, "a { cursor: none-x; cursor: inherit !important; }", "@keyframes x {\n  to { cursor: zoom-in; }\n}")
	out, _ := AppendSheet(nil, []byte("@keyframes x{to{cursor:none;cursor:url(asset:1),auto}}@media all{a{cursor:none}b{&{cursor:none}}}@scope{cursor:none}"))
	if want := "@keyframes x {\n  to { }\n}\n@media all {\n  a { }\n  b {\n  & { }\n}\n}\n@scope { }"; string(out) != want {
		t.Errorf("got %s", out)
	}
}

func TestThreat19_AddressesInParts(t *testing.T) {
	long := strings.Repeat("a", maxID-1)
	run(t, AppendDeclarations, []cssTest{
		{"mask:url(#" + long + ")", `mask: url("#` + long + `");`}, {"mask:url(#" + long + "a)", "-"}, {"mask:url(#)", "-"}, {"mask:url()", "-"}, {"mask:url('')", "-"}, {"mask:url(\"#a b\")", "-"}, {"mask:url('#a<b')", "-"},
		{"mask:url('#a\\\"b')", "-"}, {"mask:url('#a\\\\b')", "-"}, {"mask:url(#a\\\nb)", "-"}, {"mask:url('#a\\\nb')", `mask: url("#ab");`}, {"mask:url(#\u00e9)", `mask: url("#é");`}, {"mask:url(#\\e9)", "-"},
		{"mask:url( '#a' )", `mask: url("#a");`}, {"mask:url('#a' x)", "-"}, {"mask:url('#a','#b')", "-"}, {"mask:url(var(--x))", "-"}, {"mask:url('#a'", `mask: url("#a");`}, {"mask:url(#a", `mask: url("#a");`},
		{"mask:url(asset:10000000000000001)", "-"}, {"mask:url(asset:g)", "-"}, {"mask:url(asset:-1)", "-"}, {"mask:url(ASSET:1)", "-"}, {"mask:url(asset:1#a)", "-"}, {"mask:url(asset:0)", "-"}, {"mask:url(asset:123456789abcdef)", "-"}, {"mask:url(asset:9 )", `mask: url("asset:9");`},
		{"mask:url(a#b)", "-"}, {"mask:url(data:,x)", "-"}, {"mask:url(blob:x)", "-"}, {"mask:url(//x)", "-"}, {"mask:url(?)", "-"}, {"mask:url(javascript:1)", "-"}, {"mask:url( \"asset:1f\" ) x", `mask: url("asset:1f") x;`},
	})
}

// What is left open takes everything behind it along, however much of it was understood.
func TestThreat20_OpenSelectors(t *testing.T) {
	for _, css := range []string{"[* b", "[a~ b", "[a b", "[a", "[a,b", "[a=b", "[a=b i", "::-webkit-x( b", ":not(a b", ":is(a", ":is(a,", ":lang(a", ":nth-child(n", ":nth-child(n of a", "@scope to [.b)", "@scope (.a",
		"@supports (selector(a,b)", "@supports selector(a", "a(b", "a:hover(", "@media x(", "@layer a(", "@keyframes x("} {
		run(t, AppendSheet, []cssTest{{css + "{}c{top:0}", "-"}, {"a{}" + css + "{}c{top:0}", "a { }"}})
	}
}

// The same for values: nothing of a value that holds something bad is left when the input ends in it.
func TestThreat19_OpenValues(t *testing.T) {
	for _, value := range []string{"\u00e9(x", "paint(x", "src('x'", "type('x'", "image-set('x'", "image-set(var(--x", "attr(x url", "url('#a' x", "url(x", "(a !important", "[)", "(]", "calc(paint(x", "@x", "<!--", "a!b(",
		strings.TrimSuffix(strings.Repeat("var(--y) ", maxVars+1), ") "), strings.Repeat("(", maxNesting+1), strings.Repeat("x", maxName+1) + "(x"} {
		run(t, AppendDeclarations, []cssTest{{"width:" + value, "-"}, {"top:0;--x:" + value, "top: 0;"}})
		run(t, AppendSheet, []cssTest{{"a{width:" + value, "a { }"}, {"a{--x:" + value, "a { }"}})
		run(t, AppendCSSValue, []cssTest{{value, "-"}})
	}
	run(t, AppendDeclarations, []cssTest{
		{"mask:url(#\\e9) x", "-"}, {"mask:url(\"#a\n)", "-"}, {"mask:url(\"#a\n) x", "-"}, {"width:a + important", "width: a + important;"}, {"width:a * important", "width: a * important;"}, {"width:a !\"important\"", "-"}, {"width:a !important(x)", "-"},
		{"curs\\6fr:none", "-"}, {"b\\65havior:x", "-"}, {"c\\6f lor:a>b", "-"}, {"--\\78 y:a>b", "--xy: a/**/>b;"}, {"-\\-a:b", "--a: b;"}, {"\\--a:b", "--a: b;"}, {"-\\-:b", "-"}, {"cursor:auto}x", "-"}, {"cursor:auto{x", "-"},
	})
}

// TestThreat24_FullSheet holds that nothing comes behind a rule that had no room, also not what would have some.
func TestThreat24_FullSheet(t *testing.T) {
	rule := "a { --x: " + strings.Repeat("x", 4000) + "; }\n"
	n := (maxSheet - 1000) / len(rule)
	rest := maxSheet - n*len(rule) - len("b { width: ; }\n") - 100
	css := strings.Repeat(rule, n) + "b { width: " + strings.Repeat("x", rest) + "; }"
	short := strings.NewReplacer("a { --x: ", "a{--x:", "; }\n", "}").Replace(css) // the output is the longer one
	for _, long := range []int{50, 200} {
		out, ok := AppendSheet(nil, []byte(short+strings.Repeat("c", long)+"{}z{}"))
		if full := long > 100; !ok || !bytes.HasPrefix(out, []byte(css)) || bytes.HasSuffix(out, []byte("z { }")) == full {
			t.Errorf("a rule of %d bytes before the last: %d bytes are left", long, len(out))
		}
	}
}
