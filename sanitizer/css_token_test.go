package sanitizer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func corpusPath(name string) string { return filepath.Join("..", "..", "shared", "corpora", name) }

// corpusLines reads a file of the shared corpora, one JSON value a line, and skips the test when it is not there.
func corpusLines(t testing.TB, name string, want int) []json.RawMessage {
	t.Helper()
	f, err := os.Open(corpusPath(name))
	if err != nil {
		t.Skipf("corpora not found at ../shared/corpora: %d cases of %s not run", want, strings.TrimSuffix(name, ".jsonl"))
	}
	defer f.Close()
	var lines []json.RawMessage
	for s := bufio.NewScanner(f); s.Scan(); {
		lines = append(lines, bytes.Clone(s.Bytes()))
	}
	if len(lines) != want {
		t.Fatalf("%s has %d cases, want %d", name, len(lines), want)
	}
	return lines
}

type cssCase struct {
	ID       string          `json:"id"`
	Kind     string          `json:"kind"`
	CSS      json.RawMessage `json:"css"`
	Value    string          `json:"value"`
	Expected json.RawMessage `json:"expected"`
	Tokens   []struct {
		Type string `json:"type"`
	} `json:"tokens"`
}

// text is the CSS of a case; the cases about encodings hold it inside an object.
func (c *cssCase) text() string {
	var s string
	if json.Unmarshal(c.CSS, &s) == nil {
		return s
	}
	var o struct {
		Bytes string `json:"css_bytes"`
	}
	if json.Unmarshal(c.CSS, &o) == nil && o.Bytes != "" {
		return strings.ToValidUTF8(o.Bytes, "\ufffd")
	}
	return c.Value
}

func cssCases(t testing.TB, name string, want int) []cssCase {
	t.Helper()
	var cases []cssCase
	for _, line := range corpusLines(t, name, want) {
		var c cssCase
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, c)
	}
	return cases
}

// differs are the cases in which this tokenizer reads another edition of CSS Syntax than the corpus on purpose.
var differs = map[string]string{}

func init() {
	for i := 38; i <= 46; i++ {
		differs[fmt.Sprint("cssp-component_value_list-", i)] = "unicode-range is no token in CSS Syntax 3, but read where the descriptor stands"
	}
}

func (l *cssLexer) spanText() string {
	return decodeText(l.src[l.tok.start:l.tok.end], l.tok.kind == tokString)
}

func decodeText(span []byte, inString bool) string {
	var out []byte
	for i := 0; i < len(span); {
		r, next, skip := spanRune(span, i, inString)
		if !skip {
			out = utf8.AppendRune(out, r)
		}
		i = next
	}
	return string(out)
}

var openers = map[tokenKind]string{tokOpenParen: "()", tokOpenSquare: "[]", tokOpenBrace: "{}"}

// components reads component values in the form of css-parsing-tests, up to the kind end.
func components(l *cssLexer, end tokenKind) []any {
	out := []any{}
	for l.next(); l.tok.kind != tokEOF && l.tok.kind != end; l.next() {
		switch k := l.tok.kind; k {
		case tokSpace:
			out = append(out, " ")
		case tokIdent:
			out = append(out, []any{"ident", l.spanText()})
		case tokAt:
			out = append(out, []any{"at-keyword", l.spanText()})
		case tokHash:
			kind := "unrestricted"
			if l.tok.flag&flagID != 0 {
				kind = "id"
			}
			out = append(out, []any{"hash", l.spanText(), kind})
		case tokString:
			out = append(out, []any{"string", l.spanText()})
		case tokURL:
			out = append(out, []any{"url", l.spanText()})
		case tokBadString:
			out = append(out, []any{"error", "bad-string"})
		case tokBadURL:
			out = append(out, []any{"error", "bad-url"})
		case tokNumber:
			out = append(out, []any{"number", string(l.src[l.tok.start:l.tok.end])})
		case tokPercentage:
			out = append(out, []any{"percentage", string(l.src[l.tok.start:l.tok.unit])})
		case tokDimension:
			out = append(out, []any{"dimension", string(l.src[l.tok.start:l.tok.unit]), decodeText(l.src[l.tok.unit:l.tok.end], false)})
		case tokCDO:
			out = append(out, "<!--")
		case tokCDC:
			out = append(out, "-->")
		case tokFunction:
			out = append(out, append([]any{"function", l.spanText()}, components(l, tokCloseParen)...))
		case tokOpenParen, tokOpenSquare, tokOpenBrace:
			closer, _ := closerOf(k)
			out = append(out, append([]any{openers[k]}, components(l, closer)...))
		case tokCloseParen, tokCloseSquare, tokCloseBrace:
			out = append(out, []any{"error", string(l.tok.delim)})
		default:
			out = append(out, string(l.tok.delim))
		}
	}
	return out
}

// plainExpectation brings the expected values of the corpus to what components gives: numbers by their text, operators of
// two characters as two, no word about the end of input.
func plainExpectation(v any) any {
	list, ok := v.([]any)
	if !ok {
		return v
	}
	out := []any{}
	name, _ := first(list).(string)
	for i, e := range list {
		s, isString := e.(string)
		entry, isList := e.([]any)
		what, _ := first(entry).(string)
		switch {
		case isString && len(s) == 2 && (s[1] == '=' || s == "||") && (i > 0 || name == s):
			out = append(out, s[:1], s[1:])
		case isList && what == "error" && strings.HasPrefix(fmt.Sprint(entry[1]), "eof-"):
		case isList && (what == "number" || what == "percentage"):
			out = append(out, entry[:2])
		case isList && what == "dimension":
			out = append(out, []any{what, entry[1], entry[4]})
		case isList:
			out = append(out, plainExpectation(e))
		default:
			out = append(out, e)
		}
	}
	return out
}

func first(list []any) any {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

func TestCSSTokens_ParsingTests(t *testing.T) {
	ran := 0
	for _, c := range cssCases(t, "css-parsing-tests.jsonl", 165) {
		if c.Kind != "component_value_list" || differs[c.ID] != "" {
			continue
		}
		ran++
		var expected any
		if err := json.Unmarshal(c.Expected, &expected); err != nil {
			t.Fatal(err)
		}
		got := components(&cssLexer{src: []byte(c.text())}, tokEOF)
		if want := plainExpectation(expected); !reflect.DeepEqual(any(got), want) {
			t.Errorf("%s: tokens differ", c.ID)
			if testing.Verbose() {
				t.Logf("%s got %d values, want %d", c.ID, len(got), len(want.([]any)))
			}
		}
	}
	if ran != 41 {
		t.Fatalf("%d cases ran, want 41", ran)
	}
}

var tokenNames = map[tokenKind]string{tokIdent: "ident", tokFunction: "function", tokAt: "at-keyword", tokHash: "hash",
	tokString: "string", tokBadString: "bad-string", tokURL: "url", tokBadURL: "bad-url", tokDelim: "delim",
	tokNumber: "number", tokPercentage: "percentage", tokDimension: "dimension", tokSpace: "whitespace", tokCDO: "CDO",
	tokCDC: "CDC", tokColon: "colon", tokSemicolon: "semicolon", tokComma: "comma", tokCloseParen: ")"}

func TestCSSTokens_Csstree(t *testing.T) {
	for _, c := range cssCases(t, "csstree-tokenize.jsonl", 112) {
		css := []byte(c.text())
		want, _, _ := strings.Cut(strings.TrimPrefix(c.ID, "csstok-"), "-token.json")
		if len(c.Tokens) > 0 {
			l := cssLexer{src: css}
			for _, token := range c.Tokens {
				if l.next(); tokenNames[l.tok.kind]+"-token" != token.Type {
					t.Errorf("%s: a token is a %s, want %s", c.ID, tokenNames[l.tok.kind], token.Type)
				}
			}
			continue
		}
		l := cssLexer{src: css}
		l.next()
		one := l.pos == len(css) && tokenNames[l.tok.kind] == want
		if one != (c.Kind == "valid") && differs[c.ID] == "" {
			t.Errorf("%s (%s): one token of the kind: %v, it is a %s", c.ID, c.Kind, one, tokenNames[l.tok.kind])
		}
	}
}
