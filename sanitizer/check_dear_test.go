package sanitizer_test

import (
	"strconv"
	"testing"

	"vitrine/internal/wire"
)

// rows writes a table.
func (c *customer) rows(rows, cells int, text bool) wire.NodeID {
	id := c.Tag("table")
	for i := range rows {
		c.Tag("tr")
		for range cells {
			c.Tag("td")
			if text {
				c.Text("cell " + strconv.Itoa(i))
			}
			c.End()
		}
		c.End()
	}
	c.End()
	return id
}

// TestThreat40_Cost holds that a page is refused which costs a browser far more than its bytes tell, and that a table of
// 10,000 rows is not; what is gone does not count.
func TestThreat40_Cost(t *testing.T) {
	begin := func() *customer {
		c := newCustomer(t)
		c.Snapshot()
		c.Into(0)
		c.Tag("html")
		c.Tag("body")
		return c
	}
	end := func(c *customer) {
		for range 3 {
			c.End()
		}
	}
	accepted := func(c *customer) {
		t.Helper()
		if _, r := c.page.Check(c.Batch()); r != nil {
			t.Fatal(r)
		}
	}
	c := begin()
	table := c.rows(10_000, 9, true)
	end(c)
	accepted(c)
	for range 2 {
		c.Update(false)
		c.Detach(table)
		c.Into(2)
		table = c.rows(10_000, 9, true)
		c.End()
		accepted(c)
	}
	c.Update(false)
	c.Into(2)
	for range 200_000 - c.page.Nodes() {
		c.Tag("svg:svg")
		c.End()
	}
	c.End()
	accepted(c)

	c = begin()
	for range 4 {
		c.rows(1000, 40, false)
	}
	end(c)
	c.refused("row40-cost")

	c = begin()
	c.Tag("svg:svg")
	for range 13_000 {
		c.Tag("svg:feOffset")
		c.End()
	}
	c.End()
	end(c)
	c.refused("row40-cost")
}

// TestThreat40_Nesting holds that tables stand in each other 64 times at most, whether they come so or are moved there.
func TestThreat40_Nesting(t *testing.T) {
	nest := func(c *customer, n int) {
		for range n {
			c.Tag("table")
		}
		for range n {
			c.End()
		}
	}
	start := func(first, second int) *customer {
		c := newCustomer(t)
		c.Snapshot()
		c.Into(0)
		c.Tag("html")
		c.Tag("body")
		nest(c, first)
		nest(c, second)
		for range 3 {
			c.End()
		}
		return c
	}
	start(64, 1).send()
	start(65, 1).refused("row40-nesting")
	for n, rule := range map[int]string{32: "", 33: "row40-nesting"} {
		c := start(32, n)
		c.send()
		c.Update(false)
		c.Detach(3 + 32)
		c.Into(3 + 31)
		c.Take(3 + 32)
		c.End()
		if rule == "" {
			c.send()
			c.same()
		} else {
			c.refused(rule)
		}
		c = start(32, 1)
		c.send()
		c.Update(false)
		c.Into(3 + 31)
		nest(c, n)
		c.End()
		if rule == "" {
			c.send()
		} else {
			c.refused(rule)
		}
	}
}

// TestThreat40_Padded holds that mpadded and ruby elements stand in each other 16 times at most: 400 mpadded take a browser 22
// seconds to lay out, 250 ruby more than one, and what they take grows with the cube of their number.
func TestThreat40_Padded(t *testing.T) {
	for _, keys := range [][2]string{{"math:math", "math:mpadded"}, {"div", "ruby"}} {
		t.Run(keys[1], func(t *testing.T) { holdsNesting(t, keys[0], keys[1]) })
	}
}

func holdsNesting(t *testing.T, outer, key string) {
	pad := func(c *customer, n int) {
		for range n {
			c.Tag(key)
		}
		for range n {
			c.End()
		}
	}
	start := func(first, second int) *customer {
		c := newCustomer(t)
		c.Snapshot()
		c.Into(0)
		c.Tag("html")
		c.Tag("body")
		c.Tag(outer) // 3
		pad(c, first)
		pad(c, second)
		for range 4 {
			c.End()
		}
		return c
	}
	start(16, 16).send()
	start(17, 0).refused("row40-nesting")
	for n, rule := range map[int]string{8: "", 9: "row40-nesting"} {
		c := start(8, n)
		c.send()
		c.Update(false)
		c.Detach(4 + 8)
		c.Into(4 + 7)
		c.Take(4 + 8)
		c.End()
		if rule == "" {
			c.send()
			c.same()
		} else {
			c.refused(rule)
		}
	}
	c := start(8, 0)
	c.send()
	c.Update(false)
	c.Into(4 + 7)
	pad(c, 9)
	c.End()
	c.refused("row40-nesting")
}
