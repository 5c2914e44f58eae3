package sanitizer

import (
	"bytes"
	"crypto/sha256"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
)

const svgHead = `<svg xmlns="http://www.w3.org/2000/svg"`

// svgOf puts content into an image.
func svgOf(content string) string {
	return svgHead + ` xmlns:xlink="http://www.w3.org/1999/xlink" width="10" height="10">` + content + "</svg>"
}

// svgCases are contents of an image and what is left of them.
var svgCases = []struct{ in, want string }{
	{`<rect width="5" height="5" fill="red"/>`, `<rect width="5" height="5" fill="red"/>`},
	{`<g><path d="M0 0L1 1z"></path> </g>`, `<g><path d="M0 0L1 1z"/></g>`},
	{`<text x="1">a &amp; b<tspan>c &lt;</tspan></text>`, `<text x="1">a &amp; b<tspan>c &lt;</tspan></text>`},
	{`<text xml:space="preserve"> a <![CDATA[<b>]]></text>`, `<text xml:space="preserve"> a &lt;b&gt;</text>`},
	{`words <g>words</g>`, `<g/>`},
	{`<title>t</title><desc>d</desc><metadata><x/></metadata>`, ``},
	{`<script>alert(1)</script><g onclick="alert(1)" onload="x"/>`, `<g/>`},
	{`<script href="x.js"/><style>@import "x"; .a{fill:red}</style>`, `<style>.a { fill: red; }</style>`},
	{`<style><![CDATA[.a>b{fill:url(#p)}]]></style>`, `<style>.a &gt; b { fill: url(&quot;#p&quot;); }</style>`},
	{`<style>.a{fill:url(https://evil.example/x)}.b{background:url(data:,x)}</style>`, "<style>.a { }\n.b { }</style>"},
	{`<style>.a{fill:url("asset:1f")}</style><g fill='url("asset:1f")'/>`, `<style/><g/>`},
	{`<g style='mask:url("asset:1f")'/><g style='fill:url("#a\\"b")'/><style>a{fill:url("#a\\"b")}</style>`, `<g/><g/><style>a { }</style>`},
	{`<text>&#65;&#x41;&#x1F600;</text>`, "<text>AA\U0001f600</text>"},
	{`<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">x</p></foreignObject>`, ``},
	{`<image href="https://evil.example/x.png"/><image xlink:href="data:image/png;base64,AA"/>`, ``},
	{`<a href="javascript:alert(1)" xlink:href="https://evil.example/"><g/></a>`, `<a><g/></a>`},
	{`<animate attributeName="href" values="javascript:x"/><set attributeName="onclick" to="x"/>`, ``},
	{`<g id="a"/><use href="#a"/><use xlink:href="#a"/>`, `<g id="a"/><use href="#a"/><use href="#a"/>`},
	{`<use href="https://evil.example/x.svg#a"/><use xlink:href="data:,x"/><use href="x.svg#a"/>`, `<use/><use/><use/>`},
	{`<g id="a"/><use href="#a" xlink:href="#b"/>`, `<g id="a"/><use href="#a"/>`},
	{`<g fill="url(#p)" filter="url(https://evil.example/#f)" stroke="url('#q')"/>`, `<g fill="url(&quot;#p&quot;)" stroke="url(&quot;#q&quot;)"/>`},
	{`<g style="fill:url(//evil.example/);stroke:red;behavior:url(#x)"/>`, `<g style="stroke: red;"/>`},
	{`<linearGradient id="g" gradientUnits="userSpaceOnUse"><stop offset="0" stop-color="red"/></linearGradient>`,
		`<linearGradient id="g" gradientUnits="userSpaceOnUse"><stop offset="0" stop-color="red"/></linearGradient>`},
	{`<linearGradient gradientUnits="javascript:x"/>`, `<linearGradient/>`},
	{`<feMorphology radius="1000"/><feImage href="https://evil.example/"/><feTurbulence/>`, ``},
	{`<circle r="1e99" cx="-1e99"/>`, `<circle r="1000000000" cx="-1000000000"/>`},
	{`<LinearGradient/><SCRIPT/><Rect/>`, ``},
	{`<x:g xmlns:x="http://www.w3.org/2000/svg"/><x:script xmlns:x="http://www.w3.org/2000/svg"/>`, `<g/>`},
	{`<g xmlns="http://www.w3.org/1999/xhtml"><g/></g><math xmlns="http://www.w3.org/1998/Math/MathML"/>`, ``},
	{`<inkscape:g xmlns:inkscape="urn:x"/><g inkscape:fill="red" data-x="1" aria-label="x" title="t" href="#a"/>`, `<g/>`},
	{`<y:use xmlns:y="http://www.w3.org/2000/svg" xmlns:z="http://www.w3.org/1999/xlink" z:href="#a"/>`, `<use href="#a"/>`},
	{`<g class="a  b" id="x y" transform="rotate(45)"/>`, `<g class="a  b" transform="rotate(45)"/>`},
	{`<!-- x --><?xml-stylesheet href="https://evil.example/x.css"?><g/>`, `<g/>`},
	{`<svg onload="x" width="5"><rect width="1"/></svg>`, `<svg width="5"><rect width="1"/></svg>`},
}

func TestThreat29_SVGImages(t *testing.T) {
	for _, c := range svgCases {
		out, info, rule := AppendSVG([]byte("before"), []byte(svgOf(c.in)))
		head := "before" + svgHead + ` width="10" height="10"`
		want := head + ">" + c.want + "</svg>"
		if c.want == "" {
			want = head + "/>"
		}
		if rule != "" || string(out) != want || info != (AssetInfo{wire.MimeSVG, 10, 10, 1}) {
			t.Errorf("%s: %s %v\n got %s\nwant %s", c.in, rule, info, out, want)
		}
	}
}

// TestThreat29_SVGForms holds what is no image at all.
func TestThreat29_SVGForms(t *testing.T) {
	deep := strings.Repeat("<g>", maxSVGDepth) + strings.Repeat("</g>", maxSVGDepth)
	for name, v := range map[string]struct{ in, rule string }{
		"another root":                  {`<html xmlns="http://www.w3.org/1999/xhtml"/>`, ruleAssetType},
		"no namespace":                  {`<svg/>`, ruleAssetType},
		"html":                          {`<!doctype html><p>`, ruleSVGForm},
		"entity":                        {`<!DOCTYPE svg [<!ENTITY a "b">]>` + svgOf(""), ruleSVGForm},
		"entities that grow":            {`<!DOCTYPE svg [<!ENTITY a "bbbb"><!ENTITY c "&a;&a;">]>` + svgOf("<text>&c;</text>"), ruleSVGForm},
		"unknown entity":                {svgOf("<text>&nbsp;</text>"), ruleSVGForm},
		"entity in attribute":           {svgOf(`<g id="&x;"/>`), ruleSVGForm},
		"reference to NUL":              {svgOf("<text>&#0;</text>"), ruleSVGForm},
		"reference too high":            {svgOf("<text>&#x110000;</text>"), ruleSVGForm},
		"reference to half":             {svgOf("<text>&#xd800;</text>"), ruleSVGForm},
		"not closed":                    {svgHead + "><g>", ruleSVGForm},
		"crossed":                       {svgOf("<g><a></g></a>"), ruleSVGForm},
		"two roots":                     {svgOf("") + svgOf(""), ruleSVGForm},
		"text behind":                   {svgOf("") + "x", ruleSVGForm},
		"html behind":                   {svgOf("") + "<script>", ruleSVGForm},
		"text before":                   {"x" + svgOf(""), ruleSVGForm},
		"attribute twice":               {svgOf(`<g id="a" id="b"/>`), ruleSVGForm},
		"attribute unquoted":            {svgOf(`<g id=a />`), ruleSVGForm},
		"attribute in letters":          {svgOf(`<g id=aba />`), ruleSVGForm},
		"attribute with <":              {svgOf(`<g id="<"/>`), ruleSVGForm},
		"end alone":                     {"</svg>", ruleSVGForm},
		"reference of no digits":        {svgOf("<text>&#;</text>"), ruleSVGForm},
		"reference of no digit in hex":  {svgOf("<text>&#x;</text>"), ruleSVGForm},
		"reference without sign":        {svgOf("<text>&65;</text>"), ruleSVGForm},
		"reference with letters":        {svgOf("<text>&#6a;</text>"), ruleSVGForm},
		"reference beyond hex":          {svgOf("<text>&#x4g;</text>"), ruleSVGForm},
		"reference that wraps":          {svgOf("<text>&#x100000041;</text>"), ruleSVGForm},
		"attribute of no name":          {svgOf(`<g ="a"/>`), ruleSVGForm},
		"attribute of no value":         {svgOf(`<g id/>`), ruleSVGForm},
		"attribute cut":                 {svgHead + ` id`, ruleSVGForm},
		"attribute cut behind the sign": {svgHead + ` id=`, ruleSVGForm},
		"attribute not ended":           {svgHead + ` id="a`, ruleSVGForm},
		"element of no name":            {svgOf(`< >`), ruleSVGForm},
		"end of no name":                {svgOf(`</>`), ruleSVGForm},
		"no space":                      {svgOf(`<g id="a"class="b"/>`), ruleSVGForm},
		"bare ampersand":                {svgOf(`<text>a & b</text>`), ruleSVGForm},
		"comment open":                  {svgOf("") + "<!-- x", ruleSVGForm},
		"CDATA open":                    {svgOf("<text><![CDATA[x</text>"), ruleSVGForm},
		"instruction open":              {svgOf("") + "<?x", ruleSVGForm},
		"doctype open":                  {"<!DOCTYPE svg", ruleSVGForm},
		"declaration inside":            {svgOf("<!ENTITY a 'b'>"), ruleSVGForm},
		"not UTF-8":                     {svgOf("<text>\xff</text>"), ruleSVGForm},
		"UTF-16":                        {"<\x00s\x00v\x00g\x00", ruleSVGForm},
		"long name":                     {svgOf("<" + strings.Repeat("g", maxXMLName+1) + "/>"), ruleSVGForm},
		"many attributes":               {svgOf("<g" + numbered(` a%d=""`, maxXMLAttrs+1) + "/>"), ruleSVGForm},
		"too long":                      {svgOf(strings.Repeat(" ", maxSVGBytes)), ruleAssetBytes},
		"grows too long":                {svgOf("<text>" + strings.Repeat("&#34;", maxSVGBytes/6) + "</text>"), ruleAssetBytes},
		"too deep":                      {svgOf(deep), ruleSVGNodes},
		"many prefixes":                 {svgOf("<g" + numbered(` xmlns:a%d=""`, maxXMLAttrs) + "><g" + numbered(` xmlns:b%d=""`, maxXMLAttrs) + "/></g>"), ruleSVGForm},
		"too many":                      {svgOf(strings.Repeat("<g/>", maxSVGNodes)), ruleSVGNodes},
		"too wide":                      {svgHead + ` width="16385" height="1"/>`, ruleAssetSide},
		"too high":                      {svgHead + ` width="1" height="16385px"/>`, ruleAssetSide},
		"too large":                     {svgHead + ` width="5001" height="5000"/>`, ruleAssetSide},
		"too large in inches":           {svgHead + ` width="171in" height="1in"/>`, ruleAssetSide},
		"nothing":                       {"", ruleSVGForm},
	} {
		if out, info, rule := AppendSVG([]byte("x"), []byte(v.in)); rule != v.rule || string(out) != "x" || info != (AssetInfo{}) {
			t.Errorf("%s: rule %q, want %q; %d bytes are left", name, rule, v.rule, len(out)-1)
		}
	}
	for name, v := range map[string]struct {
		in            string
		width, height uint32
	}{
		"mark and declaration": {"\ufeff<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"x.dtd\">" + svgOf(""), 10, 10},
		"box":                  {svgHead + ` viewBox="0 0 24 12"/>`, 24, 12},
		"box of its own units": {svgHead + ` viewBox="0 0 1e6 1e6"/>`, 0, 0},
		"large box":            {svgHead + ` viewBox="0 0 100000 100000"/>`, 0, 0},
		"wide box":             {svgHead + ` viewBox="0 0 20000 10"/>`, 0, 0},
		"high box":             {svgHead + ` viewBox="0 0 10 20000"/>`, 0, 0},
		"box of many pixels":   {svgHead + ` viewBox="0 0 6000 6000"/>`, 0, 0},
		"centimetres":          {svgHead + ` width="2.54cm" height="25.4mm"/>`, 96, 96},
		"percent":              {svgHead + ` width="100%" height="50%"/>`, 0, 0},
		"as deep as can be":    {svgOf(strings.Repeat("<g>", maxSVGDepth-1) + strings.Repeat("</g>", maxSVGDepth-1)), 10, 10},
		"as many as can be":    {svgOf(strings.Repeat("<g/>", maxSVGNodes-1)), 10, 10},
		"as large as can be":   {svgHead + ` width="5000" height="5000"/>`, 5000, 5000},
	} {
		if _, info, rule := AppendSVG(nil, []byte(v.in)); rule != "" || info.Width != v.width || info.Height != v.height {
			t.Errorf("%s: %s, %d by %d", name, rule, info.Width, info.Height)
		}
	}
}

func numbered(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// laughs is an image whose levels each show the one below so often.
func laughs(levels, times int, show string) string {
	var b strings.Builder
	b.WriteString(`<g id="l0"/>`)
	for i := 1; i <= levels; i++ {
		fmt.Fprintf(&b, `<g id="l%d">`, i)
		for range times {
			fmt.Fprintf(&b, show, i-1)
		}
		b.WriteString("</g>")
	}
	return svgOf(b.String())
}

func TestThreat30_SVGImages(t *testing.T) {
	const use, fill, clip = `<use href="#l%d"/>`, `<rect fill="url(#l%d)"/>`, `<g clip-path="url(#l%d)"/>`
	pattern := func(inner string) string { return `<pattern id="p">` + inner + `</pattern>` }
	for name, v := range map[string]struct {
		in   string
		fits bool
	}{
		"ten icons":                   {laughs(1, 10, use), true},
		"laughs":                      {laughs(8, 10, use), false},
		"laughs by fill":              {laughs(8, 10, fill), false},
		"laughs by clip-path":         {laughs(8, 10, clip), false},
		"chain of eight":              {laughs(8, 1, use), true},
		"chain of nine":               {laughs(9, 1, use), false},
		"itself":                      {svgOf(`<use id="a" href="#a"/>`), false},
		"what it stands in":           {svgOf(`<g id="a"><use href="#a"/></g>`), false},
		"circle":                      {svgOf(`<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>`), false},
		"circle by pattern":           {svgOf(pattern(`<rect fill="url(#p)"/>`)), false},
		"circle by style":             {svgOf(pattern(`<rect style="stroke:url(#p)"/>`)), false},
		"circle by mask":              {svgOf(`<mask id="m"><g mask="url(#m)"/></mask>`), false},
		"circle of gradients":         {svgOf(`<linearGradient id="a" href="#b"/><linearGradient id="b" href="#a"/>`), false},
		"nothing there":               {svgOf(`<use href="#x"/><g fill="url(#y)"/>`), true},
		"gradient for all":            {svgOf(`<linearGradient id="g"><stop/></linearGradient>` + strings.Repeat(`<g fill="url(#g)">`, 100) + strings.Repeat("</g>", 100)), true},
		"gradient in a sheet":         {svgOf(`<style>*{fill:url(#g)}</style><linearGradient id="g"><stop/></linearGradient>` + strings.Repeat("<rect/>", 5000)), true},
		"pattern, inherited":          {svgOf(pattern(strings.Repeat("<rect/>", 400)) + `<g fill="url(#p)">` + strings.Repeat("<rect/>", 400) + "</g>"), false},
		"pattern, once":               {svgOf(pattern(strings.Repeat("<rect/>", 400)) + `<g mask="url(#p)">` + strings.Repeat("<rect/>", 400) + "</g>"), true},
		"pattern, inherited by style": {svgOf(pattern(strings.Repeat("<rect/>", 400)) + `<g style="marker-end:url(#p)">` + strings.Repeat("<rect/>", 400) + "</g>"), false},
		"pattern in a sheet":          {svgOf(`<style>*{stroke:url(#p)}</style>` + pattern(strings.Repeat("<rect/>", 400)) + strings.Repeat("<rect/>", 400)), false},
		"pattern in a variable":       {svgOf(`<g style="--a:url(#p)"/>` + pattern(strings.Repeat("<rect/>", 400)) + strings.Repeat("<rect/>", 400)), false},
		"clips in a sheet":            {svgOf(`<style>.a{clip-path:url(#a)}.b{clip-path:url(#b)}</style><clipPath id="a"><rect/></clipPath><clipPath id="b"><rect/></clipPath>` + strings.Repeat("<rect/>", 500)), true},
		"nine clips in a sheet":       {svgOf("<style>" + numbered(".a{clip-path:url(#c%d)}", 9) + "</style>" + numbered(`<clipPath id="c%d"/>`, 9)), false},
		"eight clips in a sheet":      {svgOf("<style>" + numbered(".a{clip-path:url(#c%d)}", 8) + "</style>" + numbered(`<clipPath id="c%d"/>`, 8)), true},
		"laughs that wrap":            {laughs(8, 64, use), false},
		"id twice, first counts":      {svgOf(`<g id="l"/><g id="l"><use href="#l"/></g>`), true},
	} {
		_, _, rule := AppendSVG(nil, []byte(v.in))
		if v.fits && rule != "" || !v.fits && rule != ruleSVGDrawn {
			t.Errorf("%s: rule %q", name, rule)
		}
	}
}

func TestThreat34_SVGSecrets(t *testing.T) {
	in := []byte(svgOf("<text>jane@example.com</text>"))
	for detect, want := range map[Detect]bool{0: true, DetectEmails: false} {
		if out, _, rule := appendSVG(nil, in, detect); rule != "" || bytes.Contains(out, []byte("jane@")) != want {
			t.Errorf("detection %d: %s, the address is there: %v", detect, rule, !want)
		}
	}
}

// checkSVG holds the properties of an image that was written, read by a parser that shares nothing with the writer.
func checkSVG(t *testing.T, out []byte) {
	t.Helper()
	allowed := map[string]bool{}
	for i := range vocab.Elements {
		if e := &vocab.Elements[i]; e.Space == vocab.SVG && e.Name != "foreignObject" && e.Name != "image" {
			allowed[e.Name] = true
		}
	}
	d := xml.NewDecoder(bytes.NewReader(out))
	d.Strict = true
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("not well-formed: %d bytes", len(out))
		}
		switch v := token.(type) {
		case xml.StartElement:
			if v.Name.Space != vocab.Namespaces[vocab.SVG] || !allowed[v.Name.Local] {
				t.Fatal("an element that is not allowed")
			}
			for _, a := range v.Attr {
				value := strings.ToLower(a.Value)
				switch {
				case strings.HasPrefix(a.Name.Local, "on"):
					t.Fatal("an event attribute")
				case a.Name.Local == "href" && !strings.HasPrefix(value, "#"):
					t.Fatal("a link")
				case a.Name.Local != "xmlns" && a.Name.Local != "id" && a.Name.Local != "class" && strings.Contains(strings.ReplaceAll(value, `url("#`, ""), "url("):
					t.Fatal("an address")
				}
			}
		case xml.ProcInst, xml.Directive, xml.Comment:
			t.Fatal("more than elements and text")
		}
	}
}

func FuzzSVGImage(f *testing.F) {
	for _, c := range svgCases {
		f.Add([]byte(svgOf(c.in)))
	}
	f.Add([]byte("\ufeff<?xml version='1.0'?><!DOCTYPE svg>" + laughs(3, 3, `<use href="#l%d"/>`)))
	f.Add([]byte(svgOf(`<style>a{fill:url(#b);--x:url("#\41")}</style><text>&#x41;&quot;]]&gt;</text>`)))
	f.Fuzz(func(t *testing.T, data []byte) {
		out, info, rule := AppendSVG([]byte("x"), data)
		if out[0] != 'x' || rule != "" && (len(out) != 1 || info != AssetInfo{}) {
			t.Fatal("a refused image left something")
		}
		if rule != "" {
			return
		}
		out = out[1:]
		checkSVG(t, out)
		again, info2, rule := AppendSVG(nil, out)
		if rule != "" || !bytes.Equal(again, out) || info != info2 {
			t.Fatalf("not the same when it is judged again: %s\n%s\n%s", rule, out, again)
		}
	})
}

// TestThreat29_SVGEveryByte holds what becomes of an image that differs in one byte from one that has everything.
func TestThreat29_SVGEveryByte(t *testing.T) {
	const want = " 2574, row29-svg 5202, row29-type 792, c8c25089"
	in := []byte("\ufeff<?xml version='1.0'?>\n<!DOCTYPE svg>" + svgOf(`<!-- c --><g id='a' class="b c">&amp;<text x="1">&#x41;<![CDATA[<]]></text></g><use xlink:href="#a"/>`))
	counts := map[string]int{}
	all := sha256.New()
	at := func(changed []byte) {
		out, _, rule := AppendSVG(nil, changed)
		counts[rule]++
		all.Write(out)
	}
	for i := range in {
		for _, c := range []byte("<>&;\"'/=:#! xg\x00\xff") {
			at(with(in, i, c))
			at(slices.Insert(bytes.Clone(in), i, c))
		}
		at(in[:i])
		at(slices.Delete(bytes.Clone(in), i, i+1))
	}
	var got []string
	for _, rule := range slices.Sorted(maps.Keys(counts)) {
		got = append(got, fmt.Sprintf("%s %d", rule, counts[rule]))
	}
	if text := fmt.Sprintf("%s, %x", strings.Join(got, ", "), all.Sum(nil)[:4]); text != want {
		t.Errorf("\n got %s\nwant %s", text, want)
	}
}
