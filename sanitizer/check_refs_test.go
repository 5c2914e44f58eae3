package sanitizer_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"vitrine/sanitizer/vocab"
	"vitrine/test/page"
)

// drawing begins a page with an svg element, which is node 3; done ends both.
func drawing(t testing.TB) *customer {
	c := newCustomer(t)
	c.Snapshot()
	c.Into(0)
	c.Tag("html")
	c.Tag("body")
	c.Tag("svg:svg")
	return c
}

func (c *customer) done() {
	for range 4 {
		c.End()
	}
}

// group writes a g element with an id that holds n elements of a kind, each with the same attributes.
func (c *customer) group(id string, n int, key string, pairs ...string) {
	c.Tag("svg:g", "id", id)
	for range n {
		c.Tag(key, pairs...)
		c.End()
	}
	c.End()
}

// TestThreat30_Shown holds that what a page shows by reference is bounded: levels of elements that name the level below ten
// times each are refused, by whatever they name it, and a page full of icons is not.
func TestThreat30_Shown(t *testing.T) {
	name := map[string]func(id string) (string, []string){
		"use": func(id string) (string, []string) { return "svg:use", []string{"#ref", id} },
		"encoded": func(id string) (string, []string) {
			return "svg:use", []string{"#ref", fmt.Sprintf("%%%02X%s", id[0], id[1:])}
		},
		"presentation": func(id string) (string, []string) { return "svg:rect", []string{"clip-path", `url("#` + id + `")`} },
		"style":        func(id string) (string, []string) { return "svg:rect", []string{"style", `mask: url("#` + id + `");`} },
	}
	for kind, by := range name {
		for _, levels := range []int{3, 6} {
			c := drawing(t)
			c.group("l0", 10, "svg:path", "d", "M0 0")
			for i := range levels {
				key, pairs := by("l" + strconv.Itoa(i))
				c.group("l"+strconv.Itoa(i+1), 10, key, pairs...)
			}
			c.done()
			if levels == 3 {
				c.send()
				c.same()
				continue
			}
			t.Run(kind, func(*testing.T) { c.refused("row30-shown") })
		}
	}
	c := drawing(t)
	c.group("icon", 40, "svg:path", "d", "M0 0")
	for range 2000 {
		c.Tag("svg:use", "#ref", "icon")
		c.End()
	}
	for range 20_000 { // naming a colour shows nothing more
		c.Tag("svg:rect", "fill", `url("#colour")`)
		c.End()
	}
	c.Tag("svg:linearGradient", "id", "colour", "#ref", "colour2")
	for range 50 {
		c.Tag("svg:stop", "offset", "1")
		c.End()
	}
	c.End()
	c.done()
	c.send()
}

// TestThreat30_Drawn holds that what is drawn in many places is counted for each, also when it is small.
func TestThreat30_Drawn(t *testing.T) {
	for users, rule := range map[int]string{3000: "", 5000: "row30-shown"} {
		c := drawing(t)
		c.Tag("svg:clipPath", "id", "clip")
		for range 99 {
			c.Tag("svg:path", "d", "M0 0")
			c.End()
		}
		c.End()
		for range users {
			c.Tag("svg:rect", "clip-path", `url("#clip")`)
			c.End()
		}
		c.done()
		if rule == "" {
			c.send()
		} else {
			c.refused(rule)
		}
	}
}

// TestThreat30_Chain holds that references lead from one to the next eight times at most.
func TestThreat30_Chain(t *testing.T) {
	for _, n := range []int{8, 9} {
		c := drawing(t)
		c.group("l1", 1, "svg:path", "d", "M0 0")
		for i := 1; i < n; i++ {
			c.group("l"+strconv.Itoa(i+1), 1, "svg:use", "#ref", "l"+strconv.Itoa(i))
		}
		c.Tag("svg:use", "#ref", "l"+strconv.Itoa(n))
		c.End()
		c.done()
		if n == 8 {
			c.send()
		} else {
			c.refused("row30-chain")
		}
	}
}

// TestThreat30_Cycle holds that elements do not show each other. One that would show itself shows nothing in a browser, and
// is no reason to refuse a page.
func TestThreat30_Cycle(t *testing.T) {
	c := drawing(t)
	c.group("a", 1, "svg:use", "#ref", "b")
	c.group("b", 1, "svg:use", "#ref", "a")
	c.done()
	c.refused("row30-cycle")

	c = drawing(t)
	c.group("a", 3, "svg:use", "#ref", "a")
	c.Tag("svg:pattern", "id", "p")
	c.Tag("svg:rect", "fill", `url("#p")`)
	c.End()
	c.End()
	c.Tag("svg:use", "#ref", "nothing")
	c.End()
	c.done()
	c.send()
}

// TestThreat30_Later holds the same for pages that change: every way by which an element comes to show more is judged, and a
// batch that is refused leaves nothing behind.
func TestThreat30_Later(t *testing.T) {
	const big, user, outside = 4, 105, 106 // ids of the nodes below
	start := func() *customer {
		c := drawing(t)
		c.group("big", 100, "svg:path", "d", "M0 0") // 4 to 104
		c.Tag("svg:use", "#ref", "big")              // 105
		c.End()
		c.group("out", 999, "svg:path", "d", "M0 0") // 106 to 1105
		c.done()
		c.send()
		c.Update(false)
		return c
	}
	uses := func(c *customer, n int, id string) {
		for range n {
			c.Tag("svg:use", "#ref", id)
			c.End()
		}
	}
	for name, change := range map[string]func(c *customer, n int){
		"new users": func(c *customer, n int) {
			c.Into(3)
			uses(c, n, "big")
			c.End()
		},
		"a new target": func(c *customer, n int) {
			c.Into(3)
			uses(c, n, "later")
			c.End()
			c.send()
			c.Update(false)
			c.Set(big, page.Attr{Code: 13, Text: "later"})
		},
		"another name": func(c *customer, n int) {
			c.Into(3)
			uses(c, n, "later")
			c.End()
			c.Set(outside, page.Attr{Code: 13, Text: "elsewhere"})
			c.send()
			c.Update(false)
			c.Set(user, page.Attr{Code: vocab.RefAttr, Text: "elsewhere"})
			c.Set(big, page.Attr{Code: 13, Text: "later"})
		},
		"a larger target": func(c *customer, n int) {
			c.Into(3)
			uses(c, 100, "big")
			c.End()
			c.send()
			c.Update(false)
			c.Into(big)
			for range n - 100 {
				c.Tag("svg:path", "d", "M0 0")
				c.End()
			}
			c.End()
		},
		"a target that takes in": func(c *customer, n int) {
			c.Into(3)
			uses(c, n/11, "big")
			c.End()
			c.send()
			c.Update(false)
			c.Detach(outside)
			c.Into(big)
			c.Take(outside)
			c.End()
		},
		"heirs": func(c *customer, n int) {
			c.Into(2)
			div := c.Tag("div", "style", `fill: url("#big");`)
			c.End()
			c.End()
			c.send()
			c.Update(false)
			c.Into(div)
			for range 12 * n {
				c.Tag("svg:svg")
				c.End()
			}
			c.End()
		},
		"a style": func(c *customer, n int) {
			c.Into(3)
			c.Tag("svg:g", "id", "many")
			uses(c, n-40, "big")
			c.End()
			c.End()
			c.send()
			c.Update(false)
			c.Set(outside, page.Attr{Code: 14, Text: `mask: url("#many"); clip-path: url("#many"); filter: url("#many"); -webkit-mask: url("#many");`})
		},
	} {
		t.Run(name, func(*testing.T) {
			c := start()
			change(c, 300)
			c.send()
			c.same()
			c = start()
			change(c, 1020)
			c.refused("row30-shown")
		})
	}
}

// TestThreat30_Removed holds that what is gone does not count any more.
func TestThreat30_Removed(t *testing.T) {
	c := drawing(t)
	c.group("big", 400, "svg:path", "d", "M0 0")
	c.done()
	c.send()
	for range 20 {
		c.Update(false)
		c.Into(3)
		first := c.Tag("svg:g")
		for range 200 {
			c.Tag("svg:use", "#ref", "big")
			c.End()
		}
		c.End()
		c.End()
		c.send()
		c.Update(false)
		c.Detach(first)
		c.send()
	}
	c.same()
}

// TestThreat30_TwoOfOneName holds that where an id stands twice, the element is meant that a browser takes: the first one of
// the tree. Drawings that were put into one page often have the same ids.
func TestThreat30_TwoOfOneName(t *testing.T) {
	pair := func(c *customer, first, second string) {
		c.group(first, 1, "svg:path", "d", "M0 0")
		c.group(second, 1, "svg:use", "#ref", first)
	}
	c := drawing(t)
	pair(c, "a", "b")
	pair(c, "b", "a") // here, b shows a, and both are those above
	c.done()
	c.send()
	c.same()
	// A later element that comes first in the tree changes what is meant.
	c.Update(false)
	c.Before(4)
	c.group("a", 1, "svg:use", "#ref", "b")
	c.End()
	c.refused("row30-cycle")
	// So does taking away the one that was meant, or its name.
	for _, change := range []func(){
		func() { c.Detach(4) },
		func() { c.Unset(4, page.Attr{Code: 13}) },
	} {
		c = drawing(t)
		pair(c, "a", "b")
		pair(c, "b", "a")
		c.done()
		c.send()
		c.Update(false)
		change()
		c.refused("row30-cycle")
	}

	// A shadow tree has names of its own.
	c = newCustomer(t)
	c.Snapshot()
	c.Into(0)
	c.Tag("html")
	c.Tag("body")
	c.Tag("svg:svg")
	pair(c, "a", "b")
	c.End()
	c.Tag("div")
	c.Shadow(0)
	c.Tag("svg:svg")
	pair(c, "b", "a")
	c.End()
	c.End()
	c.End()
	for range 3 {
		c.End()
	}
	c.send()
	c.same()

	// What it does not have itself is looked for around it.
	c = drawing(t)
	c.group("big", 99, "svg:path", "d", "M0 0")
	c.End()
	c.Tag("div")
	c.Shadow(0)
	c.Tag("svg:svg")
	for range 1100 {
		c.Tag("svg:use", "#ref", "big")
		c.End()
	}
	c.End()
	c.End()
	c.done()
	c.refused("row30-shown")
}

// TestThreat30_Inherited holds that a pattern or marker is counted for every element that inherits it, and that a pattern of a
// large drawing passes when it is small.
func TestThreat30_Inherited(t *testing.T) {
	for name, v := range map[string]struct {
		pattern, shapes, uses int
		attr, value           string
		rule                  string
	}{
		"fill":            {400, 10_000, 0, "fill", `url("#p")`, "row30-shown"},
		"stroke in style": {400, 10_000, 0, "style", `color: red; stroke: url("#p");`, "row30-shown"},
		"marker":          {400, 10_000, 0, "marker-end", `url("#p")`, "row30-shown"},
		"variable":        {400, 10_000, 0, "style", `--a: url("#p"); fill: var(--a);`, "row30-shown"},
		"by use":          {400, 0, 99, "fill", `url("#p")`, "row30-shown"},
		"second address":  {400, 10_000, 0, "style", `fill: url("#q") url("#p");`, "row30-shown"},
		"not inherited":   {400, 10_000, 0, "mask", `url("#p")`, ""},
		"mask in style":   {400, 10_000, 0, "style", `mask: url("#p"); fill: red;`, ""},
		"fill before":     {400, 10_000, 0, "style", `fill: url("#q"); mask: url("#p");`, ""},
		"small":           {2, 10_000, 0, "fill", `url("#p")`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := drawing(t)
			c.Tag("svg:pattern", "id", "p")
			for range v.pattern {
				c.Tag("svg:path", "d", "M0 0")
				c.End()
			}
			c.End()
			c.group("icon", 40, "svg:path", "d", "M0 0")
			c.Tag("svg:g", v.attr, v.value)
			for range v.shapes {
				c.Tag("svg:rect", "width", "1")
				c.End()
			}
			for range v.uses {
				c.Tag("svg:use", "#ref", "icon")
				c.End()
			}
			c.End()
			c.done()
			if v.rule == "" {
				c.send()
			} else {
				c.refused(v.rule)
			}
		})
	}
}

// TestThreat33_RefusedOrder holds that a refused batch does not change how the page is counted from then on: whether the
// order of the tree matters is a part of what it leaves as it was.
func TestThreat33_RefusedOrder(t *testing.T) {
	c := drawing(t)
	for _, names := range [][2]string{{"a", "b"}, {"b", "a"}} { // 4 to 7 and 8 to 11
		c.group(names[0], 1, "svg:path", "d", "M0 0")
		c.group(names[1], 1, "svg:use", "#ref", names[0])
	}
	c.done()
	c.send()
	large := func() {
		c.Into(2)
		for range 5 {
			c.Text(strings.Repeat("x", 1<<20))
		}
		c.End()
	}
	c.Update(false)
	large()
	c.send()
	c.Update(false)
	c.Detach(8)
	c.Detach(10)
	large()
	seq := c.Batch().Seq
	c.refused("row32-bytes") // it no longer fits into a snapshot
	c.Update(false)
	c.Detach(4)
	b := c.Batch()
	b.Seq = seq
	if _, r := c.page.Check(b); r == nil || r.Rule != "row30-cycle" {
		t.Errorf("got %v, want row30-cycle", r)
	}
}
