package main

import (
	"regexp"
	"strings"

	"vitrine/sanitizer"
)

// cssPlace is where declarations and rules stand: what to write around one so that it is judged as it would be there.
type cssPlace struct {
	before, after string
	rules         bool // rules may stand here
	style         bool // declarations and nested rules stand here
}

var (
	inSheet    = cssPlace{"", "", true, false}
	inRule     = cssPlace{"a{", "}", true, true}
	inInline   = cssPlace{"", "", false, true}
	inFrames   = cssPlace{"@keyframes x{", "}", true, false}
	inFrame    = cssPlace{"@keyframes x{from{", "}}", false, true}
	inFont     = cssPlace{"@font-face{", "}", false, true}
	inProperty = cssPlace{"@property --x{", "}", false, true}
	inCounter  = cssPlace{"@counter-style x{", "}", false, true}
)

// maxCSSDepth is how deep blocks are looked into; the sanitizer keeps fewer.
const maxCSSDepth = 64

// cssReader walks through CSS and judges it piece by piece.
type cssReader struct {
	x       *explanation
	element string
	line    int // of the first character
	src     string
	depth   int // of blocks
	last    int // where a line was counted up to
}

// sheet judges a style sheet that begins on a line.
func (x *explanation) sheet(element, css string, line int) {
	r := cssReader{x: x, element: element, line: line, src: css}
	r.block(0, len(css), inSheet)
}

// declarations judges a style attribute.
func (x *explanation) declarations(element, css string, line int) {
	r := cssReader{x: x, element: element, line: line, src: css}
	r.block(0, len(css), inInline)
}

// block judges what stands from start to end in a place.
func (r *cssReader) block(start, end int, in cssPlace) {
	for i := start; i < end; {
		i = r.space(i, end)
		if i >= end {
			return
		}
		stop := r.until(i, end, ";{")
		at := r.src[i] == '@'
		switch {
		case stop < end && r.src[stop] == '{' && (at || !r.isDeclaration(i, stop, in)):
			close := r.until(stop+1, end, "}")
			r.rule(i, stop, close, in)
			i = close + 1
		case at:
			r.statement(i, stop, in)
			i = stop + 1
		default:
			if in.style {
				stop = r.until(i, end, ";")
				r.declaration(i, stop, in)
			}
			i = stop + 1
		}
	}
}

// isDeclaration says whether what ends before a brace is a custom property, the only kind whose value begins with one.
func (r *cssReader) isDeclaration(i, stop int, in cssPlace) bool {
	name, _, colon := strings.Cut(r.src[i:stop], ":")
	return in.style && colon && strings.HasPrefix(strings.TrimSpace(name), "--")
}

// space skips white space, comments, stray semicolons and what hides CSS from ancient browsers.
func (r *cssReader) space(i, end int) int {
	for i < end {
		switch {
		case strings.ContainsRune(" \t\r\n\f;}", rune(r.src[i])):
			i++
		case strings.HasPrefix(r.src[i:end], "/*"):
			i = skipComment(r.src, i, end)
		case strings.HasPrefix(r.src[i:end], "<!--"):
			i += 4
		case strings.HasPrefix(r.src[i:end], "-->"):
			i += 3
		default:
			return i
		}
	}
	return end
}

func skipComment(src string, i, end int) int {
	n := strings.Index(src[i+2:end], "*/")
	if n < 0 {
		return end
	}
	return i + 2 + n + 2
}

// until finds the first of some characters outside of brackets, strings and comments; end when there is none.
func (r *cssReader) until(i, end int, stops string) int {
	var open []byte
	for i < end {
		c := r.src[i]
		if len(open) == 0 && strings.IndexByte(stops, c) >= 0 {
			return i
		}
		switch {
		case c == '\\':
			i++
		case c == '"' || c == '\'':
			for i++; i < end && r.src[i] != c && r.src[i] != '\n'; i++ {
				if r.src[i] == '\\' {
					i++
				}
			}
		case strings.HasPrefix(r.src[i:end], "/*"):
			i = skipComment(r.src, i, end)
			continue
		case c == '(' || c == '[' || c == '{':
			open = append(open, map[byte]byte{'(': ')', '[': ']', '{': '}'}[c])
		case len(open) > 0 && c == open[len(open)-1]:
			open = open[:len(open)-1]
		}
		i++
	}
	return end
}

func (r *cssReader) drop(at int, name string, row int, why string) {
	if r.line > 0 { // pieces are met in the order of the file
		r.line += strings.Count(r.src[r.last:at], "\n")
		r.last = at
	}
	effect := isDropped
	if name == "@import" {
		effect = isReplaced
	}
	r.x.met(finding{effect, r.element, name, row, why}, r.line)
}

// kept says whether the sanitizer keeps anything of a piece of CSS in a place.
func kept(css string, in cssPlace) bool {
	if in == inInline {
		out, ok := sanitizer.AppendDeclarations(nil, []byte(css))
		return ok && len(out) > 0
	}
	with, ok := sanitizer.AppendSheet(nil, []byte(in.before+css+in.after))
	without, _ := sanitizer.AppendSheet(nil, []byte(in.before+in.after))
	return ok && len(with) > len(without)
}

var atWord = regexp.MustCompile(`^@(-?[a-zA-Z][a-zA-Z-]*)`)

func atName(text string) string {
	m := atWord.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return strings.ToLower(m[1])
}

// statement judges an at-rule without a block.
func (r *cssReader) statement(i, stop int, in cssPlace) {
	name := atName(r.src[i:stop])
	if name != "import" && kept(r.src[i:stop]+";", in) {
		return
	}
	r.dropAt(i, name)
}

func (r *cssReader) dropAt(at int, name string) {
	if known, ok := sanitizer.RefusedCSS("at-rule", name); ok {
		r.drop(at, "@"+plainName(name), known.Row, known.Why)
		return
	}
	r.drop(at, "@"+plainName(name), 19, "an at-rule that is not in the list, or not with what it says here")
}

// rule judges a rule whose block stands between open and close.
func (r *cssReader) rule(i, open, close int, in cssPlace) {
	head := r.src[i:open]
	name := atName(head)
	if r.depth == maxCSSDepth {
		r.drop(i, "", 24, "blocks within blocks, too many")
		return
	}
	if !in.rules || !kept(head+"{}", in) {
		if strings.HasPrefix(head, "@") {
			r.dropAt(i, name)
		} else {
			r.drop(i, "selector", 20, "a selector that is not understood, or too long; its rule goes")
		}
		return
	}
	inside := in
	switch {
	case strings.HasSuffix(name, "keyframes"):
		inside = inFrames
	case name == "font-face":
		inside = inFont
	case name == "property":
		inside = inProperty
	case name == "counter-style":
		inside = inCounter
	case in == inFrames:
		inside = inFrame
	case name == "":
		inside = inRule
	}
	r.depth++
	r.block(open+1, close, inside)
	r.depth--
}

var (
	cssURL      = regexp.MustCompile(`(?is)url\(\s*(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^"')\s]*)\s*\)`)
	cssString   = regexp.MustCompile(`(?s)"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'`)
	cssFunction = regexp.MustCompile(`(-?-?[a-zA-Z_][-a-zA-Z0-9_]*)\(`)
)

// asAssets writes addresses as the SDK does: each becomes an asset, but for ids of the same page.
func asAssets(css string) string {
	return cssURL.ReplaceAllStringFunc(css, func(url string) string {
		if inside := strings.TrimLeft(url[len("url("):], " \t\r\n\"'"); strings.HasPrefix(inside, "#") {
			return url
		}
		return `url("asset:1")`
	})
}

var (
	keptFunctions = map[string]bool{}
	keptNames     = map[string]bool{}
)

func init() {
	v := sanitizer.ViewCSS()
	for _, f := range v.Functions {
		keptFunctions[f.Name] = true
	}
	for _, p := range v.Properties {
		keptNames[p.Name] = true
	}
}

// declaration judges one declaration.
func (r *cssReader) declaration(i, stop int, in cssPlace) {
	text := asAssets(r.src[i:stop])
	passed := kept(text, in)
	r.x.Declarations.add(passed)
	if passed {
		return
	}
	name, value, colon := strings.Cut(text, ":")
	name = strings.ToLower(strings.TrimSpace(name))
	if !colon {
		r.drop(i, "declaration", 26, "has no colon")
		return
	}
	if !keptNames[name] && !strings.HasPrefix(name, "--") {
		if known, ok := sanitizer.RefusedCSS("property", name); ok {
			r.drop(i, plainName(name), known.Row, known.Why)
			return
		}
		r.drop(i, plainName(name), 19, "a property that is not in the list")
		return
	}
	for _, m := range cssFunction.FindAllStringSubmatch(cssString.ReplaceAllString(value, ""), -1) {
		function := strings.ToLower(m[1])
		if known, ok := sanitizer.RefusedCSS("function", function); ok {
			r.drop(i, plainName(name)+": "+plainName(function)+"()", known.Row, known.Why)
			return
		}
		if !keptFunctions[function] {
			r.drop(i, plainName(name)+": "+plainName(function)+"()", 19, "a function that is not in the list")
			return
		}
	}
	r.drop(i, plainName(name), 19, "a value that is not kept")
}
