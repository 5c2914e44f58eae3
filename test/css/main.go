// Command css is the bridge between the browser's tests and package sanitizer. It reads one JSON object a line with a
// piece of CSS, and writes one with what the sanitizer leaves of it and how that falls into rules and declarations.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/css"
	"vitrine/sanitizer"
)

// piece is a line of input.
type piece struct {
	ID   string `json:"id"`
	Kind string `json:"kind"` // sheet, declarations, value or media
	CSS  string `json:"css"`
}

// judged is a line of output.
type judged struct {
	ID    string `json:"id"`
	Kind  string `json:"kind"`
	OK    bool   `json:"ok"`
	Out   string `json:"out"`
	Items []item `json:"items"` // of a sheet or of declarations
}

// item is a declaration, or a rule: with a block, or up to a semicolon.
type item struct {
	Text  string `json:"text"` // the declaration, or what stands before the block or the semicolon
	Rule  bool   `json:"rule"`
	Block bool   `json:"block"`
	Items []item `json:"items"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	for line := 1; in.Scan(); line++ {
		var p piece
		if err := json.Unmarshal(in.Bytes(), &p); err != nil {
			return fmt.Errorf("line %d is no JSON", line)
		}
		j, err := judge(p)
		if err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
		if err := encoder.Encode(j); err != nil {
			return err
		}
	}
	if err := in.Err(); err != nil {
		return err
	}
	return out.Flush()
}

func judge(p piece) (judged, error) {
	j := judged{ID: p.ID, Kind: p.Kind, Items: []item{}}
	appenders := map[string]func(dst, css []byte) ([]byte, bool){"sheet": sanitizer.AppendSheet,
		"declarations": sanitizer.AppendDeclarations, "value": sanitizer.AppendCSSValue, "media": sanitizer.AppendMediaQuery}
	f := appenders[p.Kind]
	if f == nil {
		return j, fmt.Errorf("no kind %q", p.Kind)
	}
	clean, ok := f(nil, []byte(p.CSS))
	j.OK, j.Out = ok, string(clean)
	if ok && (p.Kind == "sheet" || p.Kind == "declarations") {
		r := newReader(clean)
		j.Items = r.items()
		if r.kind != css.ErrorToken {
			return j, fmt.Errorf("the output of %s closes more than it opens", p.ID)
		}
	}
	return j, nil
}

// reader cuts CSS into items with the tokens of a tokenizer that shares nothing with the sanitizer's.
type reader struct {
	lexer *css.Lexer
	src   []byte
	kind  css.TokenType
	start int // of the current token
	end   int
}

func newReader(src []byte) *reader {
	r := &reader{lexer: css.NewLexer(parse.NewInputBytes(append([]byte(nil), src...))), src: src}
	r.next()
	return r
}

func (r *reader) next() {
	kind, data := r.lexer.Next()
	r.kind, r.start = kind, r.end
	r.end += len(data)
}

// items reads to the end of the block, whose closing brace is then current, or to the end of the input.
func (r *reader) items() []item {
	list := []item{}
	for {
		switch r.kind {
		case css.ErrorToken, css.RightBraceToken:
			return list
		case css.WhitespaceToken, css.SemicolonToken, css.CommentToken:
			r.next()
		default:
			list = append(list, r.item())
		}
	}
}

func (r *reader) item() item {
	start, at := r.start, r.kind == css.AtKeywordToken
	custom := r.kind == css.CustomPropertyNameToken && bytes.HasPrefix(bytes.TrimLeft(r.src[r.end:], " "), []byte(":"))
	for depth := 0; r.kind != css.ErrorToken; r.next() {
		switch r.kind {
		case css.LeftBraceToken:
			if depth == 0 && !custom {
				i := item{Text: string(r.src[start:r.start]), Rule: true, Block: true}
				r.next()
				i.Items = r.items()
				if r.kind == css.RightBraceToken {
					r.next()
				}
				return i
			}
			depth++
		case css.FunctionToken, css.LeftParenthesisToken, css.LeftBracketToken:
			depth++
		case css.RightParenthesisToken, css.RightBracketToken:
			depth--
		case css.SemicolonToken, css.RightBraceToken:
			if depth == 0 {
				return item{Text: string(r.src[start:r.start]), Rule: at, Items: []item{}}
			}
			if r.kind == css.RightBraceToken {
				depth--
			}
		}
	}
	return item{Text: string(r.src[start:r.start]), Rule: at, Items: []item{}}
}
