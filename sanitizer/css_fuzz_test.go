package sanitizer

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"testing"
	"unicode/utf8"
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

// valueTokens are the tokens that values are made of, by kind and meaning. White space is one token and none at the ends.
func valueTokens(css []byte, each func(l *cssLexer)) []string {
	list := []string{""}
	l := cssLexer{src: css}
	for l.next(); l.tok.kind != tokEOF; l.next() {
		t := &l.tok
		text := string(t.delim)
		switch {
		case t.kind == tokSpace:
			if text = ""; list[len(list)-1] == "" {
				continue
			}
		case t.kind == tokDelim && (t.delim >= 128 || delimSets[t.delim] == 0), kindsAll>>t.kind&1 == 0:
			continue // never written
		case t.kind == tokIdent, t.kind == tokString, t.kind == tokHash:
			text = l.spanText()
		case t.kind == tokNumber, t.kind == tokPercentage:
			text = string(css[t.start:t.unit])
		case t.kind == tokDimension:
			text = string(css[t.start:t.unit]) + " " + decodeText(css[t.unit:t.end], false)
		}
		each(&l)
		if t.kind == tokSpace {
			list = append(list, "")
		} else {
			list = append(list, fmt.Sprint(t.kind, t.flag&flagID, " ", text))
		}
	}
	if list[len(list)-1] == "" {
		list = list[:len(list)-1]
	}
	return list
}

const kindsAll = (kindsValue | kindsBraces | 1<<tokColon) &^ (1<<tokFunction | 1<<tokURL)

// FuzzTokens holds that tokens which were written are read as the same tokens.
func FuzzTokens(f *testing.F) {
	for _, seed := range sheetSeeds {
		f.Add([]byte(seed))
	}
	for _, c := range corpusSeeds(f) {
		f.Add(c)
	}
	for _, seed := range []string{"a/**/b", "1/**/2", "1/**/e3", `1\65 3`, `1\45 `, "-/**/-a", "+/**/1", "./**/5", "//**/*x", "#/**/a", `#\31 a`, "a/**/(", "1/**/%", "<!/**/--",
		`-\-`, `\-`, `\31 `, `-\31 `, "\u00d7", "\u2713", "\x00", "a\\", `"\`, "1e", "1e+", "--/**/>", "a-/**/->", "$/**/=", "|/**/|", "0/**/0", "1/**/-1", "1/**/--a", "1e/**/+1"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if utf8.Valid(src) && !tokensStay(src) {
			t.Error("tokens that were written are read as others")
		}
	})
}

// tokensStay writes the tokens of src and tells whether they are read as the same ones.
func tokensStay(src []byte) bool {
	var w cssWriter
	want := valueTokens(src, func(l *cssLexer) {
		switch l.tok.kind {
		case tokSpace:
			w.space = true
		case tokDelim:
			w.delim(l.tok.delim)
		case tokIdent, tokString, tokHash, tokNumber, tokPercentage, tokDimension:
			w.copyToken(l)
		default:
			w.punct(l.tok.delim)
		}
	})
	return slices.Equal(valueTokens(w.dst, func(*cssLexer) {}), want)
}

func TestThreat19_TokensStayApart(t *testing.T) {
	parts := []string{"a", "e", "-", "--", "-a", "--a", "a--", "\\31 a", "\\-", "u", "U", "1", ".5", "-1", "+1", "1e3", "1.5", "1%", "1px", "1e", "1E", "1\\45 3", "1--", "1-a", "#a", "#1", "#1\\61 ", "#\\31 a", "'x'",
		"+", ".", "/", "*", "<", ">", "=", "|", "~", "^", "$", "&", "%", "?", "(", ")", "[", "]", "{", "}", ",", ":", "\u2713", "\\{", "-\\-", "1\\65 ", "1\\2d a"}
	for _, a := range parts {
		for _, b := range parts {
			for _, c := range []string{"", "/**/1", "/**/a", "/**/>", "/**/-"} {
				if src := a + "/**/" + b + c; !tokensStay([]byte(src)) {
					t.Errorf("%s is read as something else", src)
				}
			}
		}
	}
}

var selectorSeeds = []string{"a:hover", ":is(a,:unknown,b:focus) > c", "::file-selector-button:is(:hover)", "li:nth-child( 2N + 1 of .a , #b )::marker",
	`[a=b],[ c ~= 'd' I ],[*|e],[|f$=g s]`, `.\31 a,.a\:b,#\@x`, ":host(:hover)::slotted(a:focus)", "a:has(> b + c:target)", "::-webkit-scrollbar:hover", "a:not(:active)",
	":lang(de, 'fr'):dir(ltr)", "x::part(a b):hover", "--x:is(a)", "*|*|a", "&:hover &", ":where()", ":is(:is(:is(a", "a||b", ":nth-child(n-1)"}

// FuzzSelector holds that selectors which pass are the same selectors in another rule, and that they name no state of the
// stage's own except behind a pseudo-element.
func FuzzSelector(f *testing.F) {
	for _, seed := range selectorSeeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		rule := append(src[:len(src):len(src)], "{}"...)
		fixedPoint(t, "fuzz", rule)
		out, _ := AppendSheet(nil, rule)
		head, one := bytes.CutSuffix(out, []byte(" { }"))
		if !one || len(stripStrings(out)) != 2 || head[0] == '@' {
			return
		}
		want := "@media all {\n  " + string(out) + "\n}"
		if again, _ := AppendSheet(nil, []byte(want)); string(again) != want {
			t.Error("the selectors are read differently in a media query")
		}
		colons := 0
		l := cssLexer{src: head}
		for l.next(); l.tok.kind != tokEOF && colons < 2; l.next() {
			if l.tok.kind == tokColon {
				colons++
				continue
			}
			if colons == 1 && l.tok.kind == tokIdent {
				if i := classTables[0].find(head[l.tok.start:l.tok.end]); i >= 0 && classTables[0].use[i] == pseudoState {
					t.Error("a state is left")
				}
			}
			colons = 0
		}
	})
}
