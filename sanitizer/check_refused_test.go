package sanitizer_test

import (
	"bytes"
	"strings"
	"testing"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
	"vitrine/test/page"
)

func attribute(element, name, value string) page.Attr {
	a, ok := page.Attribute(page.Code(element), name, value)
	if !ok {
		panic("no attribute " + name + " on " + element)
	}
	return a
}

func setClass(c *customer) { setClassOf(c, div) }

func setClassOf(c *customer, id wire.NodeID) {
	c.Raw(wire.OpSet)
	c.ID(id)
	c.Uint(uint64(attribute("div", "class", "").Code))
}

func insert(c *customer, into wire.NodeID, write func()) {
	c.Into(into)
	write()
	c.End()
}

// TestThreat33_Refusals holds every rule by which a batch is refused, and that nothing is left of a refused batch.
func TestThreat33_Refusals(t *testing.T) {
	for _, v := range refusals {
		t.Run(v.rule+" "+v.name, func(t *testing.T) {
			c := newShop(t)
			c.Update(false)
			v.write(c)
			c.refused(v.rule)
			// The page goes on as if nothing had been.
			c.NoTable = true
			c.Update(false)
			fix(c)
			c.Into(div)
			c.Text("more")
			c.End()
			c.send()
			c.same()
		})
	}
}

// fix brings the builder to where the server is: the refused batch used an epoch's number, ids and table entries.
func fix(c *customer) {
	c.Builder = page.NewBuilder()
	c.NoTable = true
	for c.Builder.Batch().Epoch < c.page.Epoch() {
		c.Snapshot()
	}
	for c.Builder.Batch().Seq <= c.page.Seq() {
		c.Update(false)
	}
	c.Skip(c.replica.Tree.Next)
}

// TestThreat33_RefusalsInNewPage holds that a refused snapshot leaves the page that was there, or none.
func TestThreat33_RefusalsInNewPage(t *testing.T) {
	bad := func(c *customer) {
		c.Snapshot()
		c.Into(0)
		c.Tag("html")
		c.Tag("body")
		c.Elem(1, "script", nil)
		c.End()
		c.End()
		c.End()
		c.End()
	}
	c := newCustomer(t)
	bad(c)
	c.refused("row15-name")
	if c.page.Nodes() != 0 || c.page.Bytes() != 0 || c.page.Epoch() != 0 {
		t.Error("a refused snapshot left something behind")
	}
	c = newShop(t)
	bad(c)
	c.refused("row15-name")
	c.Snapshot()
	c.refused("row33-place") // a snapshot without a page
	c.Snapshot()
	c.Into(0)
	c.Tag("html")
	c.End()
	c.End()
	c.send()
	c.same()
}

// TestThreat36_Sequence holds the order of batches.
func TestThreat36_Sequence(t *testing.T) {
	ok := func(c *customer) *wire.Batch {
		c.Snapshot()
		c.Into(0)
		c.Tag("html")
		c.End()
		c.End()
		return c.Batch()
	}
	for name, change := range map[string]func(*wire.Batch){
		"same epoch":             func(b *wire.Batch) { b.Epoch = 1 },
		"epoch before":           func(b *wire.Batch) { b.Epoch = 0 },
		"snapshot with a number": func(b *wire.Batch) { b.Seq = 1 },
		"table kept":             func(b *wire.Batch) { b.Clear = false },
		"no snapshot":            func(b *wire.Batch) { b.Snapshot = false },
		"gap":                    func(b *wire.Batch) { b.Snapshot, b.Clear, b.Epoch, b.Seq = false, false, 1, 2 },
		"again":                  func(b *wire.Batch) { b.Snapshot, b.Clear, b.Epoch, b.Seq = false, false, 1, 0 },
		"update of a later epoch": func(b *wire.Batch) {
			b.Snapshot, b.Clear, b.Epoch, b.Seq = false, false, 2, 1
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newShop(t)
			b := ok(c)
			change(b)
			before := snapshotOf(t, c.page)
			if _, r := c.page.Check(b); r == nil || r.Rule != "row36-sequence" {
				t.Errorf("got %v", r)
			}
			if !bytes.Equal(before, snapshotOf(t, c.page)) {
				t.Error("a refused batch changed the page")
			}
		})
	}
	c := newCustomer(t)
	c.Update(false)
	c.refused("row36-sequence") // before the first snapshot
	c = newShop(t)
	c.page.Wipe()
	c.Update(false)
	c.refused("row36-sequence") // after the page is gone
	c.Builder = page.NewBuilder()
	ok(c)
	c.refused("row36-sequence") // a wiped page does not forget its epoch
}

// TestThreat32_Bytes holds the limits on the size of a page.
func TestThreat32_Bytes(t *testing.T) {
	c := newShop(t)
	c.page = sanitizer.NewPage(sanitizer.Policy{MaxPageBytes: 1 << 20, MaxNodes: 100})
	write := func(texts int) {
		c.Snapshot()
		c.Into(0)
		c.Tag("html")
		c.Tag("body")
		for range texts {
			c.Text(strings.Repeat("x", 300<<10))
		}
		c.End()
		c.End()
		c.End()
	}
	write(2)
	c.send()
	write(4)
	c.refused("row32-bytes")
	c.Snapshot()
	c.Into(0)
	c.Tag("html")
	for range 100 {
		c.Tag("p")
		c.End()
	}
	c.End()
	c.End()
	c.refused("row32-nodes")
}

// TestThreat32_Table holds the limits of the string table: the last entry that fits, and the first that does not.
func TestThreat32_Table(t *testing.T) {
	for name, size := range map[string]int{"entries": 4, "bytes": wire.MaxEntry} {
		t.Run(name, func(t *testing.T) {
			c := newShop(t)
			c.Update(true)
			c.Into(div)
			for i := range min(wire.MaxTable, wire.MaxTableBytes/size) {
				text := []byte(strings.Repeat("x", size))
				copy(text, []byte{'a' + byte(i&15), 'a' + byte(i>>4&15), 'a' + byte(i>>8&15), 'a' + byte(i>>12&15)})
				c.Text(string(text))
			}
			c.End()
			c.send()
			c.same()
			c.Update(false)
			c.Raw(wire.OpText)
			c.ID(words)
			c.Uint(uint64(c.String(wire.RoleText, "y")))
			c.refused("row32-table")
		})
	}
}
