package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"vitrine/sanitizer"
)

const corpora = "../shared/corpora"

// cssFigures are what came of the texts of CSS, each read as a sheet and as declarations.
type cssFigures struct {
	Texts   int
	Kept    int // texts of which something is left
	URLs    int // addresses left that are neither an asset nor a part of the page
	AtRules int // at-rules left that are in no table
	Foreign int // functions left that are in no table
	Changed int // outputs that the sanitizer would change again
}

var (
	cssURL      = regexp.MustCompile(`(?i)url\(\s*["']?([^"')]*)`)
	cssAtRule   = regexp.MustCompile(`@([a-zA-Z-]+)`)
	cssFunction = regexp.MustCompile(`([a-zA-Z_-][a-zA-Z0-9_-]*)\(`)
	cssString   = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	cssSelector = regexp.MustCompile(`::?[a-zA-Z-]+\(`)
)

// css sends every text of the corpora of CSS through the sanitizer.
func css() (f cssFigures, err error) {
	for _, name := range []string{"css-parsing-tests", "csstree-tokenize"} {
		data, err := os.ReadFile(filepath.Join(corpora, name+".jsonl"))
		if err != nil {
			return f, err
		}
		lines := bufio.NewScanner(bytes.NewReader(data))
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var c struct {
				CSS   json.RawMessage
				Value string
			}
			if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
				return f, err
			}
			var bytesOf struct {
				Text string `json:"css_bytes"`
			}
			text := c.Value
			if json.Unmarshal(c.CSS, &text) != nil && json.Unmarshal(c.CSS, &bytesOf) == nil {
				text = bytesOf.Text
			}
			f.Texts++
			f.judge([]byte(text))
		}
	}
	return f, nil
}

func (f *cssFigures) judge(text []byte) {
	kept := false
	for _, pass := range []func(dst, src []byte) ([]byte, bool){sanitizer.AppendSheet, sanitizer.AppendDeclarations} {
		out, ok := pass(nil, text)
		if !ok || len(out) == 0 {
			continue
		}
		kept = true
		if again, ok := pass(nil, out); !ok || !bytes.Equal(again, out) {
			f.Changed++
		}
		f.look(string(out))
	}
	if kept {
		f.Kept++
	}
}

// look searches an output for what must not be in it.
func (f *cssFigures) look(out string) {
	view := sanitizer.ViewCSS()
	named := func(list []sanitizer.CSSName, name string) bool {
		return slices.ContainsFunc(list, func(n sanitizer.CSSName) bool { return strings.EqualFold(n.Name, name) })
	}
	for _, m := range cssURL.FindAllStringSubmatch(out, -1) {
		if !strings.HasPrefix(m[1], "#") && !strings.HasPrefix(m[1], "asset:") {
			f.URLs++
		}
	}
	bare := cssString.ReplaceAllString(out, `""`)
	for _, m := range cssAtRule.FindAllStringSubmatch(bare, -1) {
		if !named(view.AtRules, m[1]) {
			f.AtRules++
		}
	}
	bare = cssSelector.ReplaceAllString(bare, "")
	for _, m := range cssFunction.FindAllStringSubmatch(bare, -1) {
		if m[1] != "url" && m[1] != "and" && m[1] != "or" && m[1] != "not" && !named(view.Functions, m[1]) {
			f.Foreign++
		}
	}
}
