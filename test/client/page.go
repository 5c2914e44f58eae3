package client

import "vitrine/internal/wire"

// Elements of the pages below; package vocab names them.
const (
	codeHTML = 2
	codeBody = 4
	codeP    = 8
)

// Body is the node that the paragraphs of Snapshot and Append are in.
const Body wire.NodeID = 2

// FirstParagraph is the first paragraph's node. Each paragraph takes two ids, its own and that of its text.
const FirstParagraph wire.NodeID = 3

// Snapshot is a small page: html, body, and a paragraph for each text.
func Snapshot(epoch uint32, texts ...[]byte) *wire.Batch {
	b := &wire.Batch{Epoch: epoch, Snapshot: true, Clear: true}
	b.Ops = wire.AppendInt(append(b.Ops, wire.OpInsert), 1)
	b.Ops = append(b.Ops, wire.OpElem, codeHTML, 0, 0, wire.OpElem, codeBody, 0, 0)
	paragraphs(b, texts)
	b.Ops = append(b.Ops, wire.OpEnd, wire.OpEnd, wire.OpEnd)
	return b
}

// Append is a batch that adds paragraphs to the body. next is the next new id of the epoch.
func Append(epoch, seq uint32, next wire.NodeID, texts ...[]byte) *wire.Batch {
	b := &wire.Batch{Epoch: epoch, Seq: seq}
	b.Ops = wire.AppendInt(append(b.Ops, wire.OpInsert), int32(next-Body))
	paragraphs(b, texts)
	b.Ops = append(b.Ops, wire.OpEnd)
	return b
}

// SetText is a batch that gives a text node a new text.
func SetText(epoch, seq uint32, node wire.NodeID, text []byte) *wire.Batch {
	b := &wire.Batch{Epoch: epoch, Seq: seq, Literals: []wire.Str{{Role: wire.RoleText, Text: text}}}
	b.Ops = append(wire.AppendInt(append(b.Ops, wire.OpText), int32(node)), 0)
	return b
}

func paragraphs(b *wire.Batch, texts [][]byte) {
	for _, text := range texts {
		b.Ops = append(b.Ops, wire.OpElem, codeP, 0, 0, wire.OpText, 0, wire.OpEnd)
		b.Literals = append(b.Literals, wire.Str{Role: wire.RoleText, Text: text})
	}
}
