package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"vitrine/sanitizer/vocab"
)

// vitrine runs the command with arguments and gives what it prints.
func vitrine(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := root()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err := cmd.Execute()
	return out.String(), err
}

// pageFile writes a file to explain.
func pageFile(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// explained runs policy explain on a page and gives its findings.
func explained(t *testing.T, content string, flags ...string) *explanation {
	t.Helper()
	out, err := vitrine(t, append([]string{"policy", "explain", pageFile(t, content), "--json"}, flags...)...)
	if err != nil {
		t.Fatal(err)
	}
	var x explanation
	if err := json.Unmarshal([]byte(out), &x); err != nil {
		t.Fatal(err)
	}
	return &x
}

func (x *explanation) find(effect, element, name string) *foundAt {
	i := slices.IndexFunc(x.Findings, func(f *foundAt) bool { return f.Effect == effect && f.Element == element && f.Name == name })
	if i < 0 {
		return nil
	}
	return x.Findings[i]
}

func TestPolicyShow(t *testing.T) {
	out, err := vitrine(t, "policy", "show")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		fmt.Sprintf("ELEMENTS (%d)", len(vocab.Elements)), fmt.Sprintf("ATTRIBUTES (%d)", len(vocab.Attributes)),
		"CSS AT-RULES", "CSS PROPERTIES", "CSS FUNCTIONS", "CSS PSEUDO-CLASSES", "TYPES OF ASSETS", "LIMITS", "REFUSED ELEMENTS",
		"REFUSED ATTRIBUTES", "REFUSED CSS", "munderover", "MathML", "box-shadow", "image/avif", "srcdoc", "-moz-binding",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not shown", want)
		}
	}
	for line := range strings.Lines(out) {
		if strings.Contains(line, "%!") {
			t.Error("a line is badly formatted")
		}
	}
}

func TestPolicyShow_JSON(t *testing.T) {
	out, err := vitrine(t, "policy", "show", "--json")
	if err != nil {
		t.Fatal(err)
	}
	var v policyView
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatal(err)
	}
	if v.Version != vocab.Version || len(v.Elements) != len(vocab.Elements) || len(v.Attributes) != len(vocab.Attributes) {
		t.Error("the tables are not all there")
	}
	for _, e := range v.Elements {
		if e.Name == "" || e.Namespace == "" || e.Holds == "" {
			t.Errorf("element %d lacks something", e.Code)
		}
	}
	for _, a := range v.Attributes {
		if a.Kind == "" || len(a.On) == 0 {
			t.Errorf("attribute %s lacks something", a.Name)
		}
	}
	for kind, list := range v.Refused {
		for _, r := range list {
			if r.Row == 0 || r.Why == "" || len(r.Names) == 0 {
				t.Errorf("refused %s lack something", kind)
			}
		}
	}
}

func TestPolicyExplain(t *testing.T) {
	x := explained(t, `<!doctype html>
<html><head><title>Canary</title>
<style>
a { color: red; behavior: url(canary.htc); width: paint(canary) }
@media print { b { zzz: canary } }
@page { margin: 0 }
a:canary { color: red }
</style></head>
<body onload="canary()">
<script>canary()</script>
<a href="javascript:canary()" target="_top">canary</a>
<a href="/canary?q=canary">canary</a>
<p style="color: red; -moz-binding: url(#canary)">canary</p>
<iframe src="canary"></iframe>
<blink>canary</blink>
<input type="password" value="canary">
<input autocomplete="cc-number" placeholder="canary">
<div data-vitrine="hide"><p onclick="canary()">canary</p></div>
<math><semantics><mi>x</mi><annotation>canary</annotation></semantics></math>
<svg><use href="#a"/><use href="https://canary.example/#a"/><animate attributeName="href"/></svg>
<ol type="canary"></ol>
</body></html>`)
	for _, want := range []struct {
		effect, element, name string
		row, line             int
	}{
		{"dropped", "title", "", 27, 2}, {"dropped", "style", "behavior", 21, 4}, {"dropped", "style", "width: paint()", 22, 4},
		{"dropped", "style", "zzz", 19, 5}, {"dropped", "style", "@page", 19, 6}, {"dropped", "style", "selector", 20, 7},
		{"dropped", "body", "onload", 2, 9}, {"dropped", "script", "", 1, 10}, {"dropped", "a", "href", 3, 11}, {"dropped", "a", "target", 8, 11},
		{"masked", "a", "href", 3, 12}, {"dropped", "p", "-moz-binding", 21, 13}, {"replaced", "iframe", "", 4, 14}, {"replaced", "blink", "", 40, 15},
		{"masked", "input", "", 34, 16}, {"masked", "input", "placeholder", 34, 17}, {"replaced", "div", "", 34, 18},
		{"replaced", "math:semantics", "", 11, 19}, {"dropped", "math:annotation", "", 11, 19}, {"dropped", "svg:use", "href", 10, 20},
		{"dropped", "svg:animate", "", 9, 20}, {"dropped", "ol", "type", 7, 21},
	} {
		f := x.find(want.effect, want.element, want.name)
		if f == nil {
			t.Errorf("%s %s %s is not found", want.effect, want.element, want.name)
			continue
		}
		if f.Row != want.row || len(f.Lines) == 0 || f.Lines[0] != want.line || f.Why == "" {
			t.Errorf("%s %s %s: row %d, lines %v; want row %d, line %d", f.Effect, f.Element, f.Name, f.Row, f.Lines, want.row, want.line)
		}
	}
	if x.find("dropped", "p", "onclick") != nil {
		t.Error("what is hidden was looked into")
	}
	if d := x.Declarations; d.Of != 6 || d.Passed != 2 {
		t.Errorf("%d of %d declarations pass", d.Passed, d.Of)
	}
	if x.Elements.Passed >= x.Elements.Of || x.Attributes.Passed >= x.Attributes.Of {
		t.Error("nothing was counted")
	}
}

// TestPolicyExplain_TellsNoContent holds that names are printed and nothing else of a page.
func TestPolicyExplain_TellsNoContent(t *testing.T) {
	page := pageFile(t, `<html><body onclick="canary1" class="canary2" title="canary3"><!-- canary4 --><p style="color:canary5;behavior:url(canary6)">canary7</p>
<style>/* canary8 */ .canary9:bogus { color: red } a { zzz: canary10; color: x("canary11") }</style><script>canary12</script>
<a href="javascript:canary13">x</a><input type=password value=canary14><b `+"\x1b]0;x\x07"+`=1></b></body></html>`)
	for _, flags := range [][]string{nil, {"--json"}} {
		out, err := vitrine(t, append([]string{"policy", "explain", page}, flags...)...)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out, "canary") || strings.Contains(out, "\x1b") {
			t.Error("content of the page was printed")
		}
		if !strings.Contains(out, "behavior") || !strings.Contains(out, "onclick") {
			t.Error("names are not printed")
		}
	}
}

func TestPolicyExplain_CleanPage(t *testing.T) {
	out, err := vitrine(t, "policy", "explain", pageFile(t, "<!doctype html><html><body><p class=a style='color:red'>x</p></body></html>"))
	if err != nil || !strings.Contains(out, "Nothing would be dropped") {
		t.Errorf("a clean page: %v, %q", err, out)
	}
}

func TestPolicyExplain_SiteOptions(t *testing.T) {
	const page = `<html><body><p class="vip">x</p><p>4111 1111 1111 1111</p><a href="/a?b">x</a><input><b data-vitrine="show">x</b></body></html>`
	x := explained(t, page)
	if x.find("masked", "p", "") != nil || x.find("masked", "#text", "") != nil || x.find("masked", "a", "href") == nil {
		t.Error("without options something else is masked")
	}
	x = explained(t, page, "--mask", "p.vip", "--detect", "cards", "--show-query")
	if x.find("masked", "p", "") == nil || x.find("masked", "a", "href") != nil || x.find("masked", "#text", "") == nil {
		t.Error("the options of the site do not hold")
	}
	if x = explained(t, page, "--private"); x.find("masked", "a", "href") == nil || x.find("masked", "input", "") == nil {
		t.Error("a private page is not private")
	}
	config := filepath.Join(t.TempDir(), "vitrine.yaml")
	if err := os.WriteFile(config, []byte("sites:\n- key: shop\n  mask: [.vip]\n  detect: [cards]\n- key: bank\n  private: true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	x = explained(t, page, "--config", config, "--site", "shop")
	if x.find("masked", "p", "") == nil || x.find("masked", "#text", "") == nil {
		t.Error("what the configuration masks is not masked")
	}
	x = explained(t, page, "--config", config, "--site", "bank")
	if f := x.find("masked", "input", ""); f == nil || !strings.Contains(f.Why, "private") {
		t.Error("a private site is not private")
	}
}

func TestPolicyExplain_Errors(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	large := file("large.html", "<p>x</p>")
	if err := os.Truncate(large, maxPageFile+1); err != nil {
		t.Fatal(err)
	}
	page := file("page.html", "<p>x</p>")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{filepath.Join(dir, "none.html")}, "there is no such file"},
		{[]string{dir}, "this is a directory"},
		{[]string{os.DevNull}, "no regular file"},
		{[]string{large}, "too large: 33 MiB, at most 32"},
		{[]string{file("empty.html", " \n")}, "the file is empty"},
		{[]string{file("a.png", "\x89PNG\r\n\x1a\n\x00\x00")}, "looks like image/png"},
		{[]string{file("a.txt", "nothing but words")}, "there is no element in it"},
		{[]string{file("a.xml", "<?xml version='1.0'?><feed/>")}, "looks like text/xml"},
		{[]string{file("a16.html", "\xff\xfe<\x00p\x00>\x00")}, "save it as UTF-8"},
		{[]string{file("deep.html", strings.Repeat("<div>", 600))}, "more than 512"},
		{[]string{page, "--mask", "p:::"}, "cannot read the selector"},
		{[]string{page, "--site", "shop"}, "name that with --config"},
		{[]string{page, "--config", filepath.Join(dir, "none.yaml")}, "configuration"},
		{[]string{page, "--config", example, "--site", "nobody"}, `no site "nobody"`},
		{[]string{page, "--detect", "dreams"}, "no kind of secret"},
		{nil, "accepts 1 arg"},
	} {
		_, err := vitrine(t, append([]string{"policy", "explain"}, c.args...)...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d arguments: %v, want %q", len(c.args), err, c.want)
		}
	}
}

// TestPolicyExplain_Rude holds that broken pages and sheets end in an answer.
func TestPolicyExplain_Rude(t *testing.T) {
	for _, content := range []string{
		"<p><style>@media", "<p><style>a{b", "<p><style>a{color:red;/*", `<p><style>a{color:"`, "<p style='{{{{'>", `<p style="\">`, "<p><style>}}}{{{",
		"<p><style>" + strings.Repeat("@media print{", 500), "<p><style>" + strings.Repeat("a{", 2000), "<p><style>--x:{", "<p " + strings.Repeat("a ", 2000) + ">",
		"<svg><style>a{color:red}</style><math><p>", "<!--", "<p><!doctype x><![CDATA[<b>]]>", "<p><style>@", "<p><style>@{}",
	} {
		if _, err := vitrine(t, "policy", "explain", pageFile(t, "<html>"+content)); err != nil {
			t.Errorf("%.20q: %v", content, err)
		}
	}
}

// TestPolicyExplain_Corpora holds that every payload ends in an answer, and soon.
func TestPolicyExplain_Corpora(t *testing.T) {
	masks, err := newPageMasks(&siteConfig{Detect: []string{"cards", "ibans", "emails"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"dompurify-expect", "h5sc", "closure-html-test-vectors", "payloadbox-xss", "html5lib-tree-construction", "css-parsing-tests"} {
		data, err := os.ReadFile("../../../shared/corpora/" + name + ".jsonl")
		if errors.Is(err, fs.ErrNotExist) {
			t.Skipf("corpora not found at ../shared/corpora: the payloads of %s were not explained", name)
		}
		found, cases := 0, 0
		for line := range bytes.Lines(data) {
			var c struct {
				ID, HTML string
				CSS      any
			}
			if err := json.Unmarshal(line, &c); err != nil {
				t.Fatalf("%s: a line is no case", name)
			}
			if css, ok := c.CSS.(string); ok {
				c.HTML = "<style>" + css + "</style><p style='" + css + "'>"
			}
			marked, _ := markLines([]byte(c.HTML))
			doc, err := html.Parse(bytes.NewReader(marked))
			if err != nil {
				continue
			}
			start := time.Now()
			x := explainPage(doc, masks)
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("%s takes %v", c.ID, took)
			}
			if err := x.print(io.Discard, "page"); err != nil {
				t.Error(err)
			}
			cases++
			found += len(x.Findings)
		}
		if cases < 100 || found < cases/4 {
			t.Errorf("%s: %d cases, %d findings: this tries nothing", name, cases, found)
		}
	}
}
