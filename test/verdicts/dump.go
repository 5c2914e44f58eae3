package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
	"vitrine/test/page"
)

// dumped is a node of a page as test/e2e/support/probe/types.ts has it, as far as parsers decide about it.
type dumped struct {
	Kind     string            `json:"kind"`
	Text     *string           `json:"text,omitempty"`
	Attrs    map[string]string `json:"attrs,omitempty"`
	Children []dumped          `json:"children,omitempty"`
}

// dump reads names of files, one a line, and writes for each what an agent would get of the page, as one line of JSON.
func dump(in io.Reader, out io.Writer) error {
	lines, encode := bufio.NewScanner(in), json.NewEncoder(out)
	for lines.Scan() {
		root, err := dumpFile(lines.Text())
		if err != nil {
			return fmt.Errorf("%s: %w", lines.Text(), err)
		}
		if err := encode.Encode(root); err != nil {
			return err
		}
	}
	return lines.Err()
}

func dumpFile(name string) (dumped, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return dumped{}, err
	}
	b, err := page.FromHTML(bytes.NewReader(text))
	if err != nil {
		return dumped{}, err
	}
	clean, r := sanitizer.NewPage(sanitizer.Policy{}).Check(b.Batch())
	if r != nil {
		return dumped{}, fmt.Errorf("refused by %s", r.Rule)
	}
	f, err := new(wire.ToAgentDecoder).Decode(wire.Dom, clean.Frame())
	if err != nil {
		return dumped{}, err
	}
	batch, ok := f.(*wire.Batch)
	if !ok {
		return dumped{}, errors.New("no batch came out")
	}
	replica := page.NewReplica()
	if err := replica.Apply(batch); err != nil {
		return dumped{}, err
	}
	return dumpNode(replica.Tree.Root.Children[0]), nil
}

func dumpNode(n *page.Node) dumped {
	d := dumped{}
	switch n.Kind {
	case page.Text:
		d.Kind, d.Text = "#text", &n.Text
	case page.Box:
		d.Kind = "#box"
	default:
		e, _ := page.Element(n.Code)
		d.Kind = page.Key(e)
		if n.Name != "" {
			d.Kind = n.Name
		}
		d.Attrs = map[string]string{}
		for _, a := range n.Attrs {
			if rule, _ := page.AttributeOf(a.Code); rule.Name == "id" || rule.Name == "class" {
				d.Attrs[rule.Name] = a.Text
			}
		}
	}
	for _, c := range n.Children {
		d.Children = append(d.Children, dumpNode(c))
	}
	return d
}
