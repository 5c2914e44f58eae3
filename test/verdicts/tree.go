package main

import (
	"encoding/json"
	"errors"
	"strings"

	"golang.org/x/net/html"
)

// tree is a payload as a browser understood it: test/e2e/verdicts/tree.ts says how nodes are written.
type tree struct {
	ID    string            `json:"id"`
	Text  string            `json:"text"` // of the payload
	Nodes []json.RawMessage `json:"nodes"`
}

var errTree = errors.New("a node is not written as it must be")

// document gives the tree as a document that holds its nodes.
func (t tree) document() (*html.Node, error) {
	doc := &html.Node{Type: html.DocumentNode}
	for _, raw := range t.Nodes {
		n, err := node(raw)
		if err != nil {
			return nil, err
		}
		doc.AppendChild(n)
	}
	return doc, nil
}

func node(raw json.RawMessage) (*html.Node, error) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return &html.Node{Type: html.TextNode, Data: text}, nil
	}
	var parts []json.RawMessage
	if err := json.Unmarshal(raw, &parts); err != nil {
		return nil, errTree
	}
	var head [2]string
	for i := range head {
		if i >= len(parts) || json.Unmarshal(parts[i], &head[i]) != nil {
			return nil, errTree
		}
	}
	if head[0] == "!" {
		return &html.Node{Type: html.CommentNode, Data: head[1]}, nil
	}
	var attrs [][2]string
	var kids []json.RawMessage
	if len(parts) != 4 || json.Unmarshal(parts[2], &attrs) != nil || json.Unmarshal(parts[3], &kids) != nil {
		return nil, errTree
	}
	n := &html.Node{Type: html.ElementNode, Data: head[1], Namespace: strings.TrimPrefix(head[0], "html")}
	for _, a := range attrs {
		n.Attr = append(n.Attr, attribute(n.Namespace, a[0], a[1]))
	}
	for _, raw := range kids {
		kid, err := node(raw)
		if err != nil {
			return nil, err
		}
		n.AppendChild(kid)
	}
	return n, nil
}

// attribute gives a name its namespace, as parsers do in foreign content.
func attribute(space, name, value string) html.Attribute {
	if prefix, rest, ok := strings.Cut(name, ":"); ok && space != "" && (prefix == "xlink" || prefix == "xml") {
		return html.Attribute{Namespace: prefix, Key: rest, Val: value}
	}
	return html.Attribute{Key: name, Val: value}
}
