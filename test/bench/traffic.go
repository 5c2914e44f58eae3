package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"vitrine/internal/wire"
	"vitrine/test/page"
)

// traffic writes the batches of a busy page: a table whose cells change and a list that grows at one end and shrinks at
// the other.
type traffic struct {
	b     *page.Builder
	rnd   *rand.Rand
	cells []wire.NodeID // texts in the table
	rows  []wire.NodeID
	list  wire.NodeID
	items []wire.NodeID
	cell  int // the next to change
	age   int // batches since the string table was cleared
}

// Sizes of the page.
const (
	tableRows   = 400
	listItems   = 40
	clearTable  = 20 // batches after which the string table is emptied, before it is full
	batchMargin = 64 // bytes of a frame that are left free
)

// newTraffic begins with the snapshot, which is the builder's batch.
func newTraffic() *traffic {
	t := &traffic{b: page.NewBuilder(), rnd: rand.New(rand.NewPCG(1, 2))}
	t.b.Snapshot()
	t.b.Page(0, "https://shop.example/orders", "Orders")
	t.b.View(1280, 720, 1000)
	t.b.Into(0)
	t.b.Tag("html", "lang", "en")
	t.b.Tag("body", "class", "dashboard")
	t.b.Tag("table", "class", "orders wide")
	t.b.Tag("tbody")
	for range tableRows {
		t.rows = append(t.rows, t.b.Tag("tr", "class", "row open"))
		for range 4 {
			t.b.Tag("td", "class", "number")
			t.cells = append(t.cells, t.b.Text(t.words(16)))
			t.b.End()
		}
		t.b.End()
	}
	t.b.End()
	t.b.End()
	t.list = t.b.Tag("ul", "class", "messages")
	for range listItems {
		t.item()
	}
	for range 4 {
		t.b.End()
	}
	return t
}

var vocabulary = strings.Fields(`alder birch cedar dogwood elm fir ginkgo hazel ivy juniper larch maple order customer paid
	packed sent returned open delivery address invoice total price quantity bowl candle glass lamp plate teapot vase`)

// words are a few words and a number, so that no two texts are the same.
func (t *traffic) words(n int) string {
	var s strings.Builder
	for range n {
		s.WriteString(vocabulary[t.rnd.IntN(len(vocabulary))])
		s.WriteByte(' ')
	}
	fmt.Fprintf(&s, "%d", t.rnd.IntN(1_000_000))
	return s.String()
}

func (t *traffic) item() {
	t.items = append(t.items, t.b.Tag("li", "class", "message unread", "title", t.words(2)))
	t.b.Text(t.words(5))
	t.b.End()
}

// next writes a batch whose frame has about size bytes.
func (t *traffic) next(size int) ([]byte, error) {
	t.age = (t.age + 1) % clearTable
	t.b.Update(t.age == 0)
	n := min(4, max(1, size/512))
	for range n {
		t.b.Detach(t.items[0])
		t.items = t.items[1:]
	}
	t.b.Into(t.list)
	for range n {
		t.item()
	}
	t.b.End()
	for used := len(t.b.Batch().AppendTo(nil)); used < size-batchMargin; {
		t.cell = (t.cell + 1) % len(t.cells)
		text := t.words(2 + t.rnd.IntN(5))
		t.b.SetText(t.cells[t.cell], text)
		used += len(text) + 6
	}
	frame := t.b.Batch().AppendTo(nil)
	if len(frame) > size {
		return nil, errors.New("a batch became too long")
	}
	return frame, nil
}

// snapshot is the frame of the page's beginning.
func (t *traffic) snapshot() []byte { return t.b.Batch().AppendTo(nil) }

// messages are frames as they go over a channel.
func messages(deflate bool, frames ...[]byte) (out [][]byte) {
	var d *wire.Deflater
	if deflate {
		d = new(wire.Deflater)
	}
	for _, f := range frames {
		// The only error there could be is emit's own.
		_ = wire.AppendMessages(f, d, func(msg []byte) error {
			out = append(out, append([]byte(nil), msg...))
			return nil
		})
	}
	return out
}
