package sanitizer

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"vitrine/internal/wire"
)

// naughty are the strings of the big list, by id.
func naughty(t testing.TB) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, line := range corpusLines(t, "blns.jsonl", 515) {
		var c struct{ ID, Text string }
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		out[c.ID] = []byte(c.Text)
	}
	return out
}

func TestThreat27_Text(t *testing.T) {
	run(t, AppendText, []cssTest{
		{"plain text that is longer than eight bytes", "plain text that is longer than eight bytes"},
		{"a\tb\nc\rd", "a\tb\nc\rd"},
		{"a\x00b\x1fc\x7fd\u0080e\u009ff", "abcdef"},
		{"0123456\x0189", "012345689"},
		{"0123456\x7f89", "012345689"},
		{"bidi \u202e stays \u200b", "bidi \u202e stays \u200b"},
		{"\u00a0\u00e9\u4e2d\U0001f600", "\u00a0\u00e9\u4e2d\U0001f600"},
	})
}

func TestThreat27_Chrome(t *testing.T) {
	chrome := func(dst, src []byte) ([]byte, bool) { return AppendChrome(dst, src, 8), true }
	run(t, chrome, []cssTest{
		{"a\u202eb\u2066c\u200bd\ufeffe\u061c\U000e0041", "abcde"},
		{"  a \t\n b  ", "a b"},
		{"0123456789", "01234567"},
		{"\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d", "\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d"},
		{"a\xffb", "ab"},
		{"a" + strings.Repeat("\u0301", 6) + "b", "a\u0301\u0301\u0301\u0301b"},
		{"\u200b", "-"}, {"a\ufffdb", "a\ufffdb"}, {strings.Repeat("a\u1161", 9), strings.Repeat("a\u1161", 4)},
		{strings.Repeat("\U0001f200", 9), strings.Repeat("\U0001f200", 8)},
		{"e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301", strings.Repeat("e\u0301", 8)},
		{strings.Repeat("\U0001f1e9\U0001f1ea", 9), strings.Repeat("\U0001f1e9\U0001f1ea", 8)},
		{strings.Repeat("\U0001f44d\U0001f3fd", 9), strings.Repeat("\U0001f44d\U0001f3fd", 8)},
		{strings.Repeat("\u1112\u1161\u11ab", 9), strings.Repeat("\u1112\u1161\u11ab", 8)},
		{strings.Repeat("\u0915\u093f", 9), strings.Repeat("\u0915\u093f", 8)},
		{"\u0301a", "\u0301a"},
		{strings.Repeat("\u0301", 20), strings.Repeat("\u0301", 5)},
	})
	for i, class := range [][2]rune{{0x202a, 0x202e}, {0x2066, 0x2069}, {0x200b, 0x200f}, {0x61c, 0x61c}, {0xfeff, 0xfeff}, {0xe0000, 0xe007f},
		{0xad, 0xad}, {0x34f, 0x34f}, {0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x2028, 0x2029}, {0x2060, 0x2065}, {0x206a, 0x206f},
		{0x3164, 0x3164}, {0xfe00, 0xfe0f}, {0xffa0, 0xffa0}, {0xfff9, 0xfffb}, {0x1d173, 0x1d17a}, {0xe0100, 0xe01ef}, {0, 8}, {0xe, 0x1f}, {0x7f, 0x9f}} {
		for _, r := range class {
			for place, out := range map[string][]byte{"title": AppendChrome(nil, []byte("a"+string(r)+"b"), 9), "chat": appendChat(nil, []byte("a"+string(r)+"b")),
				"address": appendURLPath(nil, []byte("/a"+string(r)+"b"), true, false)[1:]} {
				if string(out) != "ab" {
					t.Errorf("class %d: a %s holds what hides or reorders text", i, place)
				}
			}
		}
	}
	for id, text := range naughty(t) {
		out := AppendChrome(nil, text, 100)
		for _, r := range string(out) {
			if control(r) || deceives(r) {
				t.Errorf("%s: a character that hides or reorders text is left", id)
			}
		}
		if !utf8.Valid(out) || utf8.RuneCount(out) > 100*(1+maxMarks) {
			t.Errorf("%s: not UTF-8, or too long", id)
		}
	}
}

func TestThreat03_URLText(t *testing.T) {
	run(t, AppendURLText, []cssTest{
		{"https://example.com", "https://example.com/"},
		{"HTTPS://EXAMPLE.com:443/a/b?c=d#e", "https://example.com/a/b"},
		{"http://user:pw@example.com:8080/", "http://example.com:8080/"},
		{"https://a@b@example.com\\x?y", "https://example.com/x"},
		{"https:example.com/x", "https://example.com/x"},
		{"https:\\\\example.com\\x", "https://example.com/x"},
		{" \x01ht\ntps:\t//exam\rple.com/ \x00", "https://example.com/"},
		{"https://example.com/a b/\u202eb\u200b", "https://example.com/a%20b/b"},
		{"https://b\u00fccher.example/", "https://xn--bcher-kva.example/"},
		{"https://ex\u200bample.com/", "https://example.com/"},
		{"https://[::1]:80/x", "https://[::1]:80/x"},
		{"http://[::G]/", "-"},
		{"https://exa%6dple.com/", "-"},
		{"https:///", "-"},
		{"https://", "-"},
		{"https://\u200b/", "-"}, {"https://\u00ad", "-"},
		{"https://a:99999/", "-"},
		{"https://a:/x", "https://a/x"},
		{"javascript:alert(1)", "-"},
		{"java\nscript:alert(1)", "-"},
		{"\x01javascript:alert(1)", "-"},
		{"JaVaScRiPt://example.com/%0aalert(1)", "-"},
		{"vbscript:x", "-"},
		{"data:text/html,x", "-"},
		{"blob:https://example.com/x", "-"},
		{"file:///etc/passwd", "-"},
		{"\uff4aavascript:x", "-"},
		{"javascript&colon;alert(1)", "-"},
		{"/relative", "-"},
		{"mailto:a@example.com?subject=x", "mailto:a@example.com"},
		{"mailto:?bcc=x", "-"}, {"mailto:", "-"}, {"mailto:#x", "-"}, {"https://example.com/\xff", "-"},
		{"https://[::1/x", "-"}, {"https://[::abcd/x", "-"}, {"https://[]/", "-"}, {"https://[:]/", "-"}, {"https://[" + strings.Repeat("1", 46) + "]/", "-"},
		{"https://" + strings.Repeat("a", 254) + "/", "-"}, {"https://" + strings.Repeat("a", 253) + "/", "https://" + strings.Repeat("a", 253) + "/"},
		{"https://" + strings.Repeat(strings.Repeat("a", 40)+"\u00fc.", 5) + "aaaaaaaaaaaaaaaaaaaa/", "-"}, {"https://\u00fc_x.example/", "-"},
		{"https://example.com/" + strings.Repeat("a", 8*maxURLText), "-"},
		{"tel:+49 30 123", "tel:+49%2030%20123"},
		{"", "-"},
	})
	out, ok := AppendURLText(nil, []byte("https://example.com/"+strings.Repeat("\u00e9", 2000)))
	if !ok || len(out) > maxURLText || !utf8.Valid(out) {
		t.Error("a long address is not cut at a character")
	}
}

func TestThreat03_URLQuery(t *testing.T) {
	whole := func(dst, url []byte) ([]byte, bool) { return appendURL(dst, url, true) }
	run(t, whole, []cssTest{
		{"https://u:p@example.com/a\\b?c=\\d e#f\u202eg", "https://example.com/a/b?c=\\d%20e#fg"},
		{"https://example.com?a=1", "https://example.com/?a=1"},
		{"https://example.com#x@y", "https://example.com/#x@y"},
		{"mailto:a@example.com?subject=x y", "mailto:a@example.com?subject=x%20y"},
		{"javascript:alert(1)?x", "-"}, {"https:///?x", "-"},
	})
}

// FuzzURLText holds that an address that is shown is one word of an allowed scheme, names no user, hides nothing, shows
// its query only when it may, and is the same when it is judged again.
func FuzzURLText(f *testing.F) {
	for _, c := range []string{"https://user:pw@b\u00fccher.example:8080/a/b?c=d#e", "HTTP:\\\\example.com\\x", "mailto:a@example.com?subject=x", "tel:+49 30 123",
		" java\nscript:alert(1)", "https://[::1]:80/", "https://xn--a/", "https://\u202eexample.com/", "https://a:99999/", "data:,x", "https://a%40b/"} {
		f.Add([]byte(c))
	}
	if _, err := os.Stat(corpusPath("blns.jsonl")); err == nil {
		for _, c := range naughty(f) {
			f.Add(c)
		}
	}
	f.Fuzz(func(t *testing.T, url []byte) {
		for _, query := range []bool{false, true} {
			out, ok := appendURL([]byte("x"), url, query)
			if out[0] != 'x' || !ok && len(out) != 1 {
				t.Fatal("what was there before is changed")
			}
			if !ok {
				continue
			}
			out = out[1:]
			scheme, rest, _ := strings.Cut(string(out), ":")
			if scheme != "https" && scheme != "http" && scheme != "mailto" && scheme != "tel" {
				t.Fatal("another scheme")
			}
			if len(out) > maxURLText || !utf8.Valid(out) || !query && bytes.ContainsAny(out, "?#") {
				t.Fatal("too long, not UTF-8, or with a query")
			}
			for _, r := range rest {
				if control(r) || deceives(r) || r == ' ' {
					t.Fatal("a character that hides, or a space")
				}
			}
			if host, isWeb := strings.CutPrefix(rest, "//"); isWeb && scheme[0] == 'h' {
				if end := strings.IndexAny(host, "/?#"); end <= 0 || strings.IndexFunc(host[:end], func(r rune) bool { return r > 0x7e || r == '@' || r == '%' }) >= 0 {
					t.Fatal("the host is not plain ASCII")
				}
			}
			if again, ok := appendURL(nil, out, query); !ok || !bytes.Equal(again, out) {
				t.Fatal("not the same when it is judged again")
			}
		}
	})
}

func TestThreat15_CustomElements(t *testing.T) {
	for name, want := range map[string]bool{"x-y": true, "a1.b_c-d": true, "x-": false, "-x": false, "x": false, "X-y": false,
		"1-x": false, "x-\u00e9": false, "x-y z": false, "annotation-xml": false, "font-face": false, "color-profile": false,
		"missing-glyph": false, "font-face-src": false, "font-face-uri": false, "font-face-name": false, "font-face-format": false, "": false, "on-click": true, "x-" + strings.Repeat("y", 63): false, "x--y": true} {
		if ValidCustomElement([]byte(name)) != want {
			t.Errorf("ValidCustomElement(%q) is %v", name, !want)
		}
	}
}

func TestThreat02_TextualNames(t *testing.T) {
	for name, want := range map[string]bool{"label": true, "labelledby": true, "onclick": false, "Label": false, "": false, "label ": false} {
		if ValidAriaName([]byte(name)) != want {
			t.Errorf("ValidAriaName(%q) is %v", name, !want)
		}
	}
	for name, want := range map[string]bool{"x": true, "v-0.a_b:c": true, "": false, "X": false, "a b": false, "a=b": false,
		"a\"": false, "a>": false, "a/": false, strings.Repeat("x", 65): false} {
		if ValidDataName([]byte(name)) != want {
			t.Errorf("ValidDataName(%q) is %v", name, !want)
		}
	}
}

func TestThreat16_IDs(t *testing.T) {
	run(t, AppendID, []cssTest{
		{"a", "a"}, {"nodeType", "nodeType"}, {"\u00e9", "\u00e9"}, {"a b", "-"}, {"a\tb", "-"}, {"a\x00", "-"}, {"", "-"},
		{strings.Repeat("x", 257), "-"},
	})
	run(t, AppendTokens, []cssTest{
		{"a b\tc\nd", "a b c d"}, {"a\x00b\u0085", "ab"}, {"sm:w-1/2 [&>p]:x", "sm:w-1/2 [&>p]:x"}, {strings.Repeat("x", 4097), "-"},
	})
}

func TestThreat30_Numbers(t *testing.T) {
	run(t, AppendNumber, []cssTest{
		{"100%", "100%"}, {"1.5em", "1.5em"}, {"0 0 24 24", "0 0 24 24"}, {"10,20 30,40", "10,20 30,40"}, {"auto", "auto"},
		{"-1e3", "-1e3"}, {"1e999", "1000000000"}, {"-99999999999.5.5", "-1000000000 .5"}, {"2*", "2*"}, {"2024-01-31", "2024-01-31"},
		{"1e-999999999999999999999", "1e-999999999999999999999"}, {"0.000000000000000000000000000001e40", "1000000000"},
		{"0e9999999999", "0e9999999999"}, {"NaN", "-"}, {"Infinity", "-"}, {"1;url(x)", "-"}, {"javascript:1", "-"}, {"calc(1px)", "-"},
		{"1pxpxpx", "-"}, {".", "-"}, {"5.", "5."}, {"5.px", "5.px"},
	})
	run(t, AppendPathData, []cssTest{
		{"M10-20.5.5L1e3,4 z", "M10-20.5.5L1e3,4 z"}, {"M1e99.5 0", "M 1000000000 .5 0"}, {"M0 0\nL1 1", "M0 0 L1 1"},
		{"M0 0 url(x)", "-"}, {"M0 0;", "-"}, {"x", "-"},
	})
	run(t, AppendColour, []cssTest{
		{"red", "red"}, {" #FfF ", "#FfF"}, {"000000", "000000"}, {"rgb(1, 2, 3)", "rgb(1, 2, 3)"}, {"url(#a)", "-"}, {"var(--x)", "-"},
		{"expression(1)", "-"}, {"red;", "-"}, {"", "-"}, {"color(display-p3 1 0 0 / .5)", "color(display-p3 1 0 0 / .5)"},
	})
}

func flat(runs []wire.Run) string {
	var b strings.Builder
	for _, r := range runs {
		b.WriteByte("0123456789abcdefghijklmnopqrstuvwxyz"[r.Style])
		b.WriteByte('(')
		b.Write(r.Text)
		b.WriteByte(')')
	}
	return b.String()
}

func TestThreat47_Rich(t *testing.T) {
	for i, test := range []cssTest{
		{"a < b && c", "0(a < b && c)"},
		{"a<b", "0(a<b)"},
		{"x &lt;b&gt; &amp; y", "0(x <b> & y)"},
		{"plain\nlines", "0(plain\nlines)"},
		{"a <b>b <i>c</i></b><em>d</em>", "0(a )1(b )3(c)2(d)"},
		{"<p>a</p>\n<p>b</p>", "0(a)g(b)"},
		{"a<br>b<br><br>c", "0(a)g(b)g()g(c)"},
		{"x<ul><li>a</li><li>b</li></ul>y", "0(x)o(a)o(b)g(y)"},
		{"<ul><li>a", "8(a)"},
		{"<code>a</code><pre>b\nc</pre>d", "4(a)k(b\nc)g(d)"},
		{"<blockquote>a</blockquote>b", "0(a)g(b)"},
		{"<script>alert(1)</script>a", "0(a)"},
		{"<img src=x onerror=alert(1)>a", "0(a)"},
		{"<b onclick=x style=color:red>a</b>", "1(a)"},
		{"<a href=javascript:x>a</a>", "0(a)"},
		{"see <a href='https://x.example/a?b=c&amp;d#e' onclick=x>this</a>!", "0(see )0(this)0( ()w(https://x.example/a?b=c&d#e)0())0(!)"},
		{"<a href='https://x.example/'>https://x.example</a>", "w(https://x.example/)"},
		{"<a href='https://x.example/a'>https://x.example/a</a>", "w(https://x.example/a)"},
		{"<a href='https://evil.example/'>https://x.example/</a>", "0(https://x.example/)0( ()w(https://evil.example/)0())"},
		{"<b><a href='https://x.example/'><i>a</i></a></b>", "3(a)0( ()w(https://x.example/)0())"},
		{"<a href='https://u:p@b\u00fccher.example/\u202e'>a</a>", "0(a)0( ()w(https://xn--bcher-kva.example/%E2%80%AE)0())"},
		{"<a href='https://x.example/'></a>", "w(https://x.example/)"},
		{"<a href=http://x.example/>a</a>", "0(a)"},
		{"<a href=//x.example/>a</a><a href=/x>b</a><a href=x>c</a><a href=#d>d</a><a>e</a>", "0(abcde)"},
		{"<a href=data:,x>a</a><a href=mailto:a@b.example>b</a><a href='java\nscript:x'>c</a><a href='https:'>d</a>", "0(abc)0(d)"},
		{"<a href='https://x.example/' target=_top style=color:red>a", "0(a)0( ()w(https://x.example/)0())"},
		{"<svg><style><b>x</b>", ""},
		{"a\u202e\u200bb\x00", "0(ab)"},
		{strings.Repeat("x", maxRich+1), ""},
		{"a\xff", ""},
		{"", ""},
	} {
		if got := flat(Rich([]byte(test.in))); got != test.want {
			t.Errorf("case %d: got %s want %s", i, got, test.want)
		}
	}
	if want := []string{"b", "strong", "i", "em", "u", "s", "code", "pre", "br", "p", "ul", "ol", "li", "blockquote"}; !slices.Equal(richElements, want) {
		t.Errorf("chat may hold %v", richElements)
	}
	for _, name := range []string{"script", "img", "iframe", "style", "form", "svg", "input", "table", "div", "span", "h1", "video", "object", "math"} {
		if out := richPolicy.Sanitize("<" + name + ">x"); strings.Contains(out, "<"+name) {
			t.Errorf("%s is an element of chat", name)
		}
	}
	if runs := Rich([]byte(strings.Repeat("<b>a</b>b", 900))); len(runs) != maxRuns {
		t.Errorf("%d runs, want %d", len(runs), maxRuns)
	}
	if len(Rich([]byte(strings.Repeat("<b>", 2000)))) != 0 {
		t.Error("deep markup gave text")
	}
}

// FuzzRich holds that chat is a bounded number of runs of clean text, that every address in it is shown as it is and is of
// https, and that the text alone, as a message again, says the same.
func FuzzRich(f *testing.F) {
	for _, seed := range []string{"a <b>b</b><ul><li>c", "<a href='https://x.example/?a=b'>x</a>", "<a href='https://u:p@x.example'><a href='javascript:x'>y", "a<b", "&lt;b>&#x202e;",
		"<table><a href=https://x.example/><tr>", "<pre>\n<code>x</pre></code>", "<svg><a xlink:href=https://x.example/>"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		runs := Rich(source)
		if len(runs) > maxRuns || len(source) > maxRich && runs != nil {
			t.Fatal("too much")
		}
		for _, r := range runs {
			if r.Style > 63 || !utf8.Valid(r.Text) {
				t.Fatal("no run of the wire")
			}
			for _, c := range string(r.Text) {
				if control(c) && c != '\t' && c != '\n' || deceives(c) {
					t.Fatal("a character that hides or reorders text")
				}
			}
			if again, ok := appendURL(nil, r.Text, true); r.Style&StyleTarget != 0 && (!ok || !bytes.Equal(again, r.Text) || !bytes.HasPrefix(r.Text, []byte("https://"))) {
				t.Fatal("a link that leads to what is no address of https")
			}
		}
	})
}
