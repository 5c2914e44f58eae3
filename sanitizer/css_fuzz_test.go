package sanitizer

import (
	"bytes"
	"os"
	"testing"
)

// appenders are the functions whose output must give itself.
var appenders = map[string]func(dst, src []byte) ([]byte, bool){
	"AppendSheet": AppendSheet, "AppendDeclarations": AppendDeclarations, "AppendCSSValue": AppendCSSValue,
	"AppendMediaQuery": AppendMediaQuery, "AppendColour": AppendColour, "AppendNumber": AppendNumber,
	"AppendPathData": AppendPathData, "AppendTokens": AppendTokens, "AppendID": AppendID,
	"AppendURLText": AppendURLText, "AppendText": AppendText,
	"AppendChrome": func(dst, src []byte) ([]byte, bool) { return AppendChrome(dst, src, 64), true },
}

// fixedPoint checks what holds for every appender: dst is kept, the output gives itself, and nothing is changed when
// nothing is accepted. It names the function only.
func fixedPoint(t *testing.T, id string, src []byte) {
	t.Helper()
	for name, f := range appenders {
		out, ok := f([]byte("dst"), src)
		if !bytes.HasPrefix(out, []byte("dst")) || !ok && len(out) != 3 {
			t.Errorf("%s: %s changed what was there", id, name)
			continue
		}
		if !ok {
			continue
		}
		out = out[3:]
		again, ok := f(nil, out)
		// An empty output may be no value at all.
		if len(out) > 0 && !ok || !bytes.Equal(again, out) {
			t.Errorf("%s: the output of %s does not give itself", id, name)
		}
	}
}

func TestCorpora_FixedPoint(t *testing.T) {
	ran := 0
	for _, c := range cssCases(t, "css-parsing-tests.jsonl", 165) {
		fixedPoint(t, c.ID, []byte(c.text()))
		safeCSS(t, c.ID, []byte(c.text()))
		ran++
	}
	for _, c := range cssCases(t, "csstree-tokenize.jsonl", 112) {
		fixedPoint(t, c.ID, []byte(c.text()))
		safeCSS(t, c.ID, []byte(c.text()))
		ran++
	}
	for id, text := range naughty(t) {
		fixedPoint(t, id, text)
		safeCSS(t, id, text)
		ran++
	}
	if ran != 165+112+515 {
		t.Fatalf("%d cases ran", ran)
	}
}

// safeCSS checks what no output of the CSS functions may hold (threat rows 19, 21, 25, 26), and that it reads as the
// same sheet wherever it is put.
func safeCSS(t *testing.T, id string, src []byte) {
	t.Helper()
	for name, f := range map[string]func(dst, src []byte) ([]byte, bool){"AppendSheet": AppendSheet,
		"AppendDeclarations": AppendDeclarations, "AppendCSSValue": AppendCSSValue, "AppendMediaQuery": AppendMediaQuery} {
		out, ok := f(nil, src)
		if !ok {
			continue
		}
		// Text in a string may say anything, but nothing that an HTML parser would act on.
		if bytes.Contains(out, []byte("</")) || bytes.Contains(out, []byte("<!--")) {
			t.Errorf("%s: output of %s holds markup", id, name)
		}
		addresses(t, id, out)
		if depth := balance(out); depth != 0 {
			t.Errorf("%s: output of %s is not balanced", id, name)
		}
	}
}

// addresses reads the output with the tokenizer and checks every address in it.
func addresses(t *testing.T, id string, out []byte) {
	t.Helper()
	l := cssLexer{src: out}
	for l.next(); l.tok.kind != tokEOF; l.next() {
		switch l.tok.kind {
		case tokURL, tokBadURL, tokBadString, tokCDO, tokCDC:
			t.Errorf("%s: output holds a token that is never written", id)
		case tokAt:
			var buf [maxName]byte
			if word, ok := l.plainName(buf[:0]); !ok || atNames.find(word) < 0 {
				t.Errorf("%s: output holds an at-rule that is not allowed", id)
			}
		case tokFunction:
			var buf [maxName]byte
			word, ok := l.plainName(buf[:0])
			known := functions.find(word) >= 0 || classTables[1].find(word) >= 0 || elementTables[1].find(word) >= 0
			if !ok || !known {
				t.Errorf("%s: output holds a function that is not allowed", id)
			}
			if !l.isName("url") {
				continue
			}
			l.next()
			inside := l.src[l.tok.start:l.tok.end]
			if l.tok.kind != tokString || !validAsset(inside) && !validFragment(inside) {
				t.Errorf("%s: output holds an address that is not allowed", id)
			}
		}
	}
}

// balance returns how many brackets are open at the end.
func balance(out []byte) int {
	depth := 0
	l := cssLexer{src: out}
	for l.next(); l.tok.kind != tokEOF; l.next() {
		if _, ok := closerOf(l.tok.kind); ok {
			depth++
		}
		switch l.tok.kind {
		case tokCloseBrace, tokCloseParen, tokCloseSquare:
			depth--
		}
	}
	return depth
}

var sheetSeeds = []string{
	`a:hover>b::before{color:red!important;background:url(asset:1f) no-repeat;--x:{a:b};width:calc(1px + 2%)}`,
	`@media (400px<=width) and (min-width:1px),x{a{top:0}}@import url(x);@layer a,b;@layer c{d{top:0}}`,
	`@font-face{src:url("asset:1") format("woff2");unicode-range:U+0-7f,u+4??}@keyframes k{from{top:0}50%{left:1px}}`,
	`@supports (display:grid) and selector(a>b){a{top:0;&:is(b,c) d{left:0}}}@scope (.a) to (.b){c{top:0}}`,
	`.\31 a,.b\:c{content:"\3c !--";d\65 :\66;grid-area:1/2/3;font:12px/1.5 "x",y}a{b{c{d{top:0}}}}`,
	`a{width:1\65 3;margin:-1px/**/-2px;x:url(;}</style><!--b{top:0}-->c{top:\`, `a{background:image-set(var(--x),"y")`,
	`"@import url(x)`, `a{content:"expression(";--x:"</style>"}`, `@property --x{syntax:"<length>";inherits:false}@counter-style a{symbols:"x"}li:nth-child(2n + 1 of .a){--y:a/**/>b`,
}

func FuzzSheet(f *testing.F) {
	for _, seed := range sheetSeeds {
		f.Add([]byte(seed))
	}
	for _, c := range corpusSeeds(f) {
		f.Add(c)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		fixedPoint(t, "fuzz", src)
		safeCSS(t, "fuzz", src)
	})
}

func FuzzDeclarations(f *testing.F) {
	for _, seed := range sheetSeeds {
		f.Add([]byte("x;" + seed))
	}
	f.Add([]byte("color:red;background:u\\72l(asset:1);--x:a/**/>b;cursor:none"))
	f.Fuzz(func(t *testing.T, src []byte) {
		out, ok := AppendDeclarations(nil, src)
		if !ok {
			return
		}
		safeCSS(t, "fuzz", src)
		if bytes.ContainsRune(stripStrings(out), '{') || bytes.ContainsRune(stripStrings(out), '}') {
			t.Error("a brace is left")
		}
		// The same declarations in a rule say the same.
		sheet, _ := AppendSheet(nil, append(append([]byte("a{"), out...), '}'))
		want := "a { " + string(out) + " }"
		if len(out) == 0 {
			want = "a { }"
		}
		if string(sheet) != want {
			t.Error("a rule reads the declarations differently")
		}
	})
}

// stripStrings takes out strings and names, in which a brace is an escape or text.
func stripStrings(css []byte) []byte {
	var out []byte
	l := cssLexer{src: css}
	for l.next(); l.tok.kind != tokEOF; l.next() {
		switch l.tok.kind {
		case tokOpenBrace, tokCloseBrace:
			out = append(out, l.tok.delim)
		}
	}
	return out
}

func FuzzText(f *testing.F) {
	for _, seed := range []string{"a\tb\x00c\u0085", "https://user:pw@Ex\u00e4mple.com:443/a b?c#d", "\u202eabc\u200b", "1e99.5,-2%",
		"M0 0L1-1.5.5z", "rgb(1 2 3/.5)", "<b>a</b><li>x"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		fixedPoint(t, "fuzz", src)
		for _, r := range Rich(src) {
			if out, ok := AppendText(nil, r.Text); !ok || !bytes.Equal(out, r.Text) {
				t.Error("a run is not clean text")
			}
		}
	})
}

func FuzzAsset(f *testing.F) {
	for _, seed := range assetSeeds() {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for kind := range 4 {
			info, rule := CheckAsset(wireKind(kind), data)
			if rule != "" && info != (AssetInfo{}) {
				t.Error("a refused asset has a description")
			}
			if rule == "" && kind == 0 && (info.Width == 0 || info.Height == 0 || info.Frames == 0 || info.Width*info.Height > maxImageArea) {
				t.Error("an image without a size was accepted")
			}
		}
	})
}

// corpusSeeds are the texts of the CSS corpora, or nothing when they are not there: fuzzing works without them.
func corpusSeeds(f *testing.F) [][]byte {
	f.Helper()
	var seeds [][]byte
	if _, err := os.Stat(corpusPath("css-parsing-tests.jsonl")); err != nil {
		return nil
	}
	for _, c := range cssCases(f, "css-parsing-tests.jsonl", 165) {
		seeds = append(seeds, []byte(c.text()))
	}
	return seeds
}
