package sanitizer

import (
	"bytes"
	"strings"
	"testing"
)

// cssTest gives what a reader makes of an input; an output of "-" means that nothing is left.
type cssTest struct{ in, want string }

func run(t *testing.T, f func(dst, src []byte) ([]byte, bool), tests []cssTest) {
	t.Helper()
	for i, test := range tests {
		out, ok := f([]byte("#"), []byte(test.in))
		got := strings.TrimPrefix(string(out), "#")
		if !ok || got == "" {
			got = "-"
		}
		if got != test.want {
			t.Errorf("case %d: %s\n got %s\nwant %s", i, test.in, got, test.want)
			continue
		}
		if got == "-" {
			if string(out) != "#" {
				t.Errorf("case %d: dst was changed", i)
			}
			continue
		}
		if again, _ := f(nil, []byte(got)); string(again) != got {
			t.Errorf("case %d: not a fixed point: %s gives %s", i, got, again)
		}
	}
}

func TestThreat19_Declarations(t *testing.T) {
	run(t, AppendDeclarations, []cssTest{
		{"color:red", "color: red;"},
		{"COLOR : Red ; Margin:0 AUTO", "color: Red; margin: 0 AUTO;"},
		{"background:url(http://x/y)", "-"},
		{"background:url('http://x/y')", "-"},
		{`background:\75rl(http://x/y)`, "-"},
		{`background:u\72 l("http://x/y")`, "-"},
		{"background:URL( asset:1f )", `background: url("asset:1f");`},
		{`background:url("asset:1f" crossorigin(anonymous))`, "-"},
		{`background:url("asset:1f"`, `background: url("asset:1f");`},
		{"background:url(asset:01)", "-"},
		{"background:url(asset:1F)", "-"},
		{"background:url(asset:)", "-"},
		{"background:url(asset:1fffffffffffff)", `background: url("asset:1fffffffffffff");`},
		{"background:url(asset:20000000000000)", "-"},
		{"background:url(asset:1fffffffffffff0)", "-"},
		{"background:url(asset:1/../x)", "-"},
		{"filter:url(#a)", `filter: url("#a");`},
		{"filter:url(x.svg#a)", "-"},
		{`background:url("\61 sset:2")`, `background: url("asset:2");`},
		{`background:image-set("http://x" 1x)`, "-"},
		{`background:image-set(url(asset:1) 1x, url(asset:2) 2x)`, `background: image-set(url("asset:1") 1x, url("asset:2") 2x);`},
		{`background:image-set(url(asset:1) type("image/png"))`, `background: image-set(url("asset:1") type("image/png"));`},
		{`background:image-set(linear-gradient("http://x"))`, "-"},
		{`background:-webkit-image-set(var(--u) 1x)`, "-"},
		{`background:image-set((env(--u)) 1x)`, "-"},
		{`background:image-set(attr(data-x) 1x)`, "-"},
		{`background:type("http://x")`, "-"},
		{`background:src("http://x")`, "-"},
		{`background:src(var(--x))`, "-"},
		{`background:cross-fade(url(asset:1), "x")`, "-"},
		{`background:image("http://x")`, "-"},
		{`background:element(#x)`, "-"},
		{`content:attr(data-x url)`, "-"},
		{`content:attr(data-x type(<url>))`, "-"},
		{`content:attr(data-label) ": "`, `content: attr(data-label) ": ";`},
		{"--x:url(http://x)", "-"},
		{"--x: url(asset:3) , var(--y)", `--x: url("asset:3") , var(--y);`},
		{"--x:", "--x: ;"},
		{"--:1", "-"},
		{`--x:image-set("http://x")`, "-"},
		{"@import url(x);color:red", "color: red;"},
		{"color:red;@import 'x'", "color: red;"},
		{"color:red !IMPORTANT", "color: red !important;"},
		{"color:red ! important ", "color: red !important;"},
		{"color:red !important x", "-"},
		{"color:red !ie", "-"},
		{"width:calc(1px + (2px*3", "width: calc(1px + (2px*3));"},
		{"margin:1px/**/2px", "margin: 1px/**/2px;"},
		{"margin:1px/**/ /**/2px", "margin: 1px 2px;"},
		{"margin:1e/**/+3 1E/**/+a 1ex/**/+3", "margin: 1e/**/+3 1E/**/+a 1ex+3;"},
		{`color:r\65 d`, "color: red;"},
		{`co\6cor:red`, "color: red;"},
		{`width:1\65 3`, `width: 1\65 3;`},
		{`width:1\45 3`, `width: 1\45 3;`},
		{"width:2x/**/+3 ae/**/+3 1/**/+3", "width: 2x+3 ae+3 1+3;"},
		{"font-family:a\u00f7b\u037ec\uf900d\ufdd0", "font-family: a\\f7 b\\37e c\uf900d\\fdd0 ;"},
		{`content:'a"b\'<!--</style>\0'`, `content: "a\"b'\3c !--\3c /style>` + "\ufffd\";"},
		{"content:\"a\nb\";color:red", "-"},
		{"content:\"a\nb;color:red", "color: red;"},
		{"content:'a\\\nb'", `content: "ab";`},
		{"font-family:\u00d7", `font-family: \d7 ;`},
		{"grid-area:1/2", "grid-area: 1/2;"},
		{"transition:all .3s cubic-bezier(.4,0,.2,1)", "transition: all .3s cubic-bezier(.4,0,.2,1);"},
	})
}

func TestThreat19_AtRules(t *testing.T) {
	run(t, AppendSheet, []cssTest{
		{`@import url("http://x");a{top:0}`, "a { top: 0; }"},
		{`@\69mport "http://x";a{top:0}`, "a { top: 0; }"},
		{`@namespace svg url(http://x);@charset "x";a{top:0}`, "a { top: 0; }"},
		{"@page{margin:0}a{top:0}", "a { top: 0; }"},
		{"@document url(http://x){a{top:0}}b{top:0}", "b { top: 0; }"},
		{"@font-feature-values x{@styleset{a:1}}b{top:0}", "b { top: 0; }"},
		{"@font-face{font-family:x;src:url(http://x),local(y)}", "@font-face { font-family: x; }"},
		{"@font-face{font-family:x;src:url(asset:a) format('woff2') tech(variations), local('Y');color:red;unicode-range:u+26, U+0-7f,U+4??}",
			`@font-face { font-family: x; src: url("asset:a") format("woff2") tech(variations), local("Y"); unicode-range: U+26, U+0-7f, U+4??; }`},
		{"@font-face{unicode-range:U+z;font-weight:1}", "@font-face { font-weight: 1; }"},
		{"@counter-style x{system:cyclic;symbols:url(asset:1);suffix:'.'}", `@counter-style x { system: cyclic; suffix: "."; }`},
		{"@property --x{syntax:'*';inherits:false;initial-value:0}", `@property --x { syntax: "*"; inherits: false; initial-value: 0; }`},
		{"@property x{syntax:'*'}", "-"},
		{"@supports (background:url(http://x)){a{top:0}}", "-"},
		{"@supports (display:grid) and (not selector(a > b)){a{top:0}}", "@supports (display:grid) and (not selector(a > b)) {\n  a { top: 0; }\n}"},
		{"@supports selector( :has(> *|a:HOVER) ){a{top:0}}", "@supports selector(:has(> *|a[vitrine-hover])) {\n  a { top: 0; }\n}"},
		{"@supports selector(a,b){a{top:0}}@supports selector(:x(y)) or (top:0){a{top:0}}@supports selector(a{b{top:0}}c{top:0}", "-"},
		{"@supports selector(:x(y) {]) or (top:0){a{top:0}}b{top:0}}) {c{top:0}}b{top:1px}", "b { top: 1px; }"},
		{"@supports (top:0)or selector(a){a{top:0}}", "@supports (top:0)or selector(a) {\n  a { top: 0; }\n}"},
		{"@container card (width > 40ch){a{top:0}}", "@container card (width > 40ch) {\n  a { top: 0; }\n}"},
		{"@media print,(min-width:1px){a{top:0}}", "@media print, (min-width:1px) {\n  a { top: 0; }\n}"},
		{"@media <!-- x{a{top:0}}", "@media not all {\n  a { top: 0; }\n}"},
		{"@media (a<b) and (c</style>){a{top:0}}", "@media not all {\n  a { top: 0; }\n}"},
		{"@media{a{top:0}}", "@media all {\n  a { top: 0; }\n}"},
		{"@layer a , b.c;@layer d{a{top:0}}@layer{b{top:0}}", "@layer a, b.c;\n@layer d {\n  a { top: 0; }\n}\n@layer {\n  b { top: 0; }\n}"},
		{"@layer a . b;c{top:0}", "c { top: 0; }"},
		{"@scope (.a:hover) to (.b){img{top:0}}", "@scope (.a[vitrine-hover]) to (.b) {\n  img { top: 0; }\n}"},
		{"@starting-style{a{top:0}}", "@starting-style {\n  a { top: 0; }\n}"},
		{"@keyframes x{from{top:0!important;left:0}50.5%,to{background:url(http://x)}entry 0%{top:1px}x{top:0}}",
			"@keyframes x {\n  from { left: 0; }\n  50.5%, to { }\n  entry 0% { top: 1px; }\n}"},
		{"@-webkit-keyframes 'x y'{0%{top:0}}", "@-webkit-keyframes \"x y\" {\n  0% { top: 0; }\n}"},
		{"<!-- a{top:0} -->", "a { top: 0; }"},
		{"a{top:0}}b{top:0}c{top:0}", "a { top: 0; }\nc { top: 0; }"},
		{"a{top:0;b{left:0}&:hover{left:1px}color:red}", "a { top: 0;\n  b { left: 0; }\n  &[vitrine-hover] { left: 1px; }\n  color: red;\n}"},
		{"a{@media print{top:0;> b{top:1px}}@font-face{src:local(x)}}", "a {\n  @media print { top: 0;\n  > b { top: 1px; }\n}\n}"},
		{"a{color:hover{top:0}b:hover{top:1px}}", "a {\n  color[vitrine-hover] { top: 0; }\n  b[vitrine-hover] { top: 1px; }\n}"},
		{"a{*zoom:1;top:0}", "a { top: 0; }"},
		{"a{--x:{b:c;d:e};top:0}", "a { top: 0; }"},
		{"a{--x:{b:c} [d];top:0}", "a { --x: {b:c} [d]; top: 0; }"},
		{"a{top:0", "a { top: 0; }"},
		{"a{top:rgb(0;} b{left:0}", "a { }"},
	})
}

func TestThreat20_StateSelectors(t *testing.T) {
	sheet := func(dst, src []byte) ([]byte, bool) { return AppendSheet(dst, src) }
	run(t, sheet, []cssTest{
		{"a:hover{}", "a[vitrine-hover] { }"},
		{"a:fullscreen:target{}x-y:not(:defined){}a::before:defined{}", "a[vitrine-fullscreen][vitrine-target] { }\nx-y:not(:not([vitrine-undefined])) { }\na::before:defined { }"},
		{"x-y:state(on){}x-y:State( \\6f n-2 ):hover{}", "x-y[vitrine-states~=\"on\"] { }\nx-y[vitrine-states~=\"on-2\"][vitrine-hover] { }"},
		{"a:state(){}a:state(b c){}a:state(\"b\"){}a:state(1){}a:state(*){}a:state{}", "-"},
		{":host(:state(on)) b{}a::part(p):state(on){}", ":host([vitrine-states~=\"on\"]) b { }\na::part(p):state(on) { }"},
		{"a:HOVER:Focus-Within{}", "a[vitrine-hover][vitrine-focus-within] { }"},
		{":focus,:active,:focus-visible,:target{}", "[vitrine-focus], [vitrine-active], [vitrine-focus-visible], [vitrine-target] { }"},
		{"a:not(:hover):is(b,:active) c{}", "a:not([vitrine-hover]):is(b, [vitrine-active]) c { }"},
		{":host(:hover)::slotted(a:focus){}", ":host([vitrine-hover])::slotted(a[vitrine-focus]) { }"},
		{"::-webkit-scrollbar-thumb:hover{}", "::-webkit-scrollbar-thumb:hover { }"},
		{"a::-WebKit-x-y:hover{}", "a::-webkit-x-y:hover { }"},
		{"a::-webkit-x1{}b::-webkit-x(a){}c::-webkit-{}", "-"},
		{"a::before:hover b:hover{}", "a::before:hover b[vitrine-hover] { }"},
		{"a::file-selector-button:is(:hover,:not(:focus)) b:hover{}", "a::file-selector-button:is(:hover, :not(:focus)) b[vitrine-hover] { }"},
		{"::slotted(a:is(:hover)):is(b:hover){}", "::slotted(a:is([vitrine-hover])):is(b:hover) { }"},
		{"a:before{}", "a::before { }"},
		{"a:unknown{}b{}", "b { }"},
		{"a:is(:unknown(x(),{},[]),b,c|d,:hover,){}", "a:is(b, [vitrine-hover]) { }"},
		{"a:is(){}a:where( ::x ) b:is(c:is(d:y)):hover{}", "a:is() { }\na:where() b:is(c:is())[vitrine-hover] { }"},
		{"a:not(:unknown,b){}a:has(){}a:not(){}:nth-child(1 of ){}a:is(b{}", "-"},
		{"a,b::-ms-clear{}c{}", "c { }"},
		{"a>b+c~d e{}", "a > b + c ~ d e { }"},
		{"> a{}", "-"},
		{"a:has(> b:hover){}", "a:has(> b[vitrine-hover]) { }"},
		{"li:nth-child( 2N + 1 of .a , #b )::marker{}", "li:nth-child(2N + 1 of .a, #b)::marker { }"},
		{"li:nth-last-of-type(-n+3){}", "li:nth-last-of-type(-n+3) { }"},
		{":nth-child(ODD):nth-col(even):nth-child(5):nth-child(+5):nth-child(-5){}", ":nth-child(ODD):nth-col(even):nth-child(5):nth-child(+5):nth-child(-5) { }"},
		{":nth-child(n):nth-child(-n):nth-child(+N):nth-child(-2n){}", ":nth-child(n):nth-child(-n):nth-child(+N):nth-child(-2n) { }"},
		{":nth-child( n- 1 ):nth-child(2n +1):nth-child(n - 1):nth-child(2n- 1):nth-child(n-1){}", ":nth-child(n- 1):nth-child(2n +1):nth-child(n - 1):nth-child(2n- 1):nth-child(n-1) { }"},
		{":nth-child(x){}:nth-child(){}:nth-child(1.5n){}:nth-child(1e3){}:nth-child(+ n){}:nth-child(n n){}:nth-child(n 1){}:nth-child(n--1){}", "-"},
		{":nth-child(n + -1){}:nth-child(n+){}:nth-child(-){}:nth-child(n+1x){}:nth-child(n+1 1){}:nth-child(2x){}:nth-child(n*1){}:nth-child(n,n){}", "-"},
		{":nth-child(of a){}:nth-child(x of a){}:nth-child(n of){}:nth-child(n of :x){}:nth-child(n of a b{}:nth-child(n){}", "-"},
		{"[a=b],[ c ~= 'd' I ],[*|e],[|f$=g s]{}", `[a="b"], [c~="d" i], [*|e], [|f$="g" s] { }`},
		{"[a=1],b{}", "-"},
		{"svg|a{}", "-"},
		{"*|a,|b,*,*|*{}", "*|a, |b, *, *|* { }"},
		{`.\31 a,.a\:b,#\@x,.md\/2{}`, `.\31 a, .a\:b, #\@x, .md\/2 { }`},
		{":lang(de, 'fr'):dir(ltr){}", `:lang(de, "fr"):dir(ltr) { }`},
		{"x::part(a b):hover{}", "x::part(a b):hover { }"},
		{"a..b{}", "-"},
		{"--x:is(a){}@media all{--y /**/ :hover{}-\\-z:b{}}--x a:hover{}", "@media all { }\n--x a[vitrine-hover] { }"},
		{"a,,b{}", "-"},
		{"a,{}", "-"},
		{"a{}b|c{}", "a { }"},
		{".\u00e9{}", ".\u00e9 { }"},
		{".\u2713{}", `.\2713  { }`},
	})
}

func TestThreat21_LegacyExecution(t *testing.T) {
	run(t, AppendDeclarations, []cssTest{
		{"width:expression(alert(1))", "-"},
		{`width:expr\65ssion(alert(1))`, "-"},
		{"width:exp/**/ression(alert(1))", "-"},
		{"behavior:url(#x)", "-"},
		{"-moz-binding:url(asset:1)", "-"},
		{"filter:progid:DXImageTransform.Microsoft.gradient(startColorstr='#1',endColorstr='#2')", "-"},
		{"-ms-filter:'x'", "-"},
		{"-o-link:'javascript:x'", "-"},
		{"filter:alpha(opacity=50)", "-"},
		{"color:javascript:alert(1)", "-"},
	})
}

func TestThreat22_Worklets(t *testing.T) {
	run(t, AppendDeclarations, []cssTest{
		{"background:paint(x)", "-"},
		{"--x:paint(x)", "-"},
		{"animation:-webkit-paint(x)", "-"},
		{"color:--fn(x)", "-"},
	})
}

func TestThreat25_Cursor(t *testing.T) {
	run(t, AppendDeclarations, []cssTest{
		{"cursor:none", "-"},
		{`cursor:n\6f ne`, "-"},
		{"cursor:NONE !important", "-"},
		{"cursor:url(asset:1),auto", "-"},
		{"cursor:var(--x)", "-"},
		{"cursor:pointer", "cursor: pointer;"},
		{"cursor:-webkit-grab!important", "cursor: -webkit-grab !important;"},
	})
	run(t, AppendSheet, []cssTest{{"a{cursor:none;cursor:url(asset:1) 1 1,none;cursor:text}", "a { cursor: text; }"}})
}

func TestThreat26_StyleAttribute(t *testing.T) {
	run(t, AppendDeclarations, []cssTest{
		{"color:red}body{top:0", "-"},
		{"top:0;}left:0;right:0", "top: 0; right: 0;"},
		{"--x:{a:b};top:0", "top: 0;"},
		{"--x:}a{;top:0", "-"},
		{"--x:}a;top:0", "top: 0;"},
		{"--x:@media;top:0", "top: 0;"},
		{"--x:<!--;--y:-->;top:0", "top: 0;"},
		{"--x:a</style>;top:0", "top: 0;"},
		{"--x:a>b;--y:a|b", "--x: a/**/>b; --y: a|b;"},
		{"content:'}{@<!--'", `content: "}{@\3c !--";`},
		{"a:hover{top:0};left:0", "left: 0;"},
	})
}

func TestThreat10_PresentationAttributes(t *testing.T) {
	run(t, AppendCSSValue, []cssTest{
		{"url(#a)", `url("#a")`},
		{"url(asset:1)", "-"},
		{"url(http://x#a)", "-"},
		{`url("#a") #fff`, `url("#a") #fff`},
		{"translate(10,20) rotate( 45 )", "translate(10,20) rotate( 45 )"},
		{"red;fill:blue", "-"},
		{"red}", "-"},
		{"red !important", "-"},
		{"", "-"},
		{"javascript:x", "-"},
		{"5 3,2", "5 3,2"},
		{"e/**/+3", "e+3"},
	})
}

func TestThreat05_MediaQueries(t *testing.T) {
	run(t, AppendMediaQuery, []cssTest{
		{"screen and (min-width: 40em)", "screen and (min-width: 40em)"},
		{"(400px<=width<=700px)", "(400px<=width<=700px)"},
		{"url(x), print", "print"},
		{"url(x)", "not all"},
		{"print{", "-"},
		{"", "-"},
		{"  ", "-"},
	})
}

func TestThreat24_Limits(t *testing.T) {
	count := func(in string) int {
		out, ok := AppendSheet(nil, []byte(in))
		if !ok {
			t.Fatal("the whole sheet was dropped")
		}
		if again, _ := AppendSheet(nil, out); !bytes.Equal(again, out) {
			t.Error("not a fixed point at a limit")
		}
		return bytes.Count(out, []byte("{"))
	}
	if n := count(strings.Repeat("a{}", maxRules+10)); n != maxRules {
		t.Errorf("%d rules, want %d", n, maxRules)
	}
	if n := count("a" + strings.Repeat(" b", maxCompounds-1) + "{}"); n != 1 {
		t.Error("a selector at the limit was dropped")
	}
	if n := count("a" + strings.Repeat(" b", maxCompounds) + "{}c{}"); n != 1 {
		t.Error("a selector over the limit was kept")
	}
	if n := count(strings.Repeat(":is(", 40) + "a" + strings.Repeat(")", 40) + "{}c{}"); n != 1 {
		t.Error("a deep selector was kept")
	}
	if n := count(".a" + strings.Repeat("x", maxSelector) + "{}c{}"); n != 1 {
		t.Error("a long selector was kept")
	}
	if n := count(strings.Repeat("a{", 100) + strings.Repeat("}", 100) + "c{}"); n != maxNesting+1 {
		t.Errorf("%d blocks, want %d", n, maxNesting+1)
	}
	if n := count("a{--x:" + strings.Repeat("var(--y)", maxVars+1) + "}"); n != 1 {
		t.Error("rule lost")
	}
	for _, in := range []string{strings.Repeat("var(--y)", maxVars+1), strings.Repeat("(", maxNesting+1), strings.Repeat("x", maxCustom)} {
		if out, _ := AppendDeclarations(nil, []byte("--x:"+in)); len(out) != 0 {
			t.Error("a value over a limit was kept")
		}
	}
	if _, ok := AppendSheet(nil, make([]byte, maxSheet+1)); ok {
		t.Error("a sheet over the limit was read")
	}
	big := strings.Repeat("a{b{}}", maxSheet/6)
	out, _ := AppendSheet(nil, []byte(big))
	if again, ok := AppendSheet(nil, out); !ok || len(out) > maxSheet || !bytes.Equal(again, out) {
		t.Error("the largest sheet is not a fixed point")
	}
}

func TestThreat35_NotUTF8(t *testing.T) {
	for _, f := range []func(dst, src []byte) ([]byte, bool){AppendSheet, AppendDeclarations, AppendCSSValue, AppendMediaQuery,
		AppendColour, AppendNumber, AppendPathData, AppendTokens, AppendID, AppendURLText, AppendText} {
		if out, ok := f([]byte("x"), []byte("a\xff")); ok || string(out) != "x" {
			t.Error("text that is not UTF-8 was kept")
		}
	}
}

func TestAssetIn(t *testing.T) {
	css, _ := AppendSheet(nil, []byte(`a{background:url(asset:1f),url(#x);content:'url("asset:2")'}b{mask:url(asset:3)}`))
	var ids []uint64
	for at := 0; ; {
		id, _, end, ok := AssetIn(css, at)
		if !ok {
			break
		}
		ids, at = append(ids, id), end
	}
	if len(ids) != 2 || ids[0] != 0x1f || ids[1] != 3 {
		t.Errorf("assets %v, want 1f and 3", ids)
	}
}
