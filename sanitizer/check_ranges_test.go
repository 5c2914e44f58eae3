package sanitizer_test

import (
	"testing"

	"vitrine/internal/wire"
	"vitrine/test/page"
)

func TestThreat33_Ranges(t *testing.T) {
	whole := page.Range{From: lightText, FromUnit: 1, To: lightElem, ToUnit: 1}
	for _, test := range []struct {
		rule, name string
		write      func(*customer)
	}{
		{"", "a selection", func(c *customer) { c.Ranges(wire.RangesSelection, "", 0, whole) }},
		{"", "none", func(c *customer) { c.Ranges(wire.RangesSelection, "", 0) }},
		{"", "highlights in any number", func(c *customer) {
			c.Ranges(wire.RangesHighlight, "find_-9", -3, whole, whole)
			c.Ranges(wire.RangesHighlight, "Other", 7, whole)
			c.Ranges(wire.RangesHighlight, "find_-9", 0)
		}},
		{"", "a place far behind a text's end", func(c *customer) {
			c.Ranges(wire.RangesSelection, "", 0, page.Range{From: lightText, To: lightText, ToUnit: wire.MaxOffset})
		}},
		{"", "as many as there may be", func(c *customer) {
			for i := range wire.MaxRangeSets {
				c.Ranges(wire.RangesHighlight, name(i), 0, manyRanges(whole, wire.MaxRanges/wire.MaxRangeSets)...)
			}
		}},
		{"row35-range", "a place beyond all texts", func(c *customer) {
			c.Ranges(wire.RangesSelection, "", 0, page.Range{From: lightText, To: lightText, ToUnit: wire.MaxOffset + 1})
		}},
		{"row35-range", "a place in an element that is none", func(c *customer) {
			c.Ranges(wire.RangesSelection, "", 0, page.Range{From: lightElem, To: lightElem, ToUnit: 2})
		}},
		{"row33-node", "in a shadow root itself", func(c *customer) {
			c.Ranges(wire.RangesSelection, "", 0, page.Range{From: manualRoot, To: lightText})
		}},
		{"row33-node", "in the document itself", func(c *customer) {
			c.Ranges(wire.RangesSelection, "", 0, page.Range{From: lightText, To: 0})
		}},
		{"row33-node", "in what is taken out", func(c *customer) {
			c.Detach(lightElem)
			c.Ranges(wire.RangesSelection, "", 0, whole)
		}},
		{"row33-node", "in what is not there", func(c *customer) {
			c.Ranges(wire.RangesSelection, "", 0, page.Range{From: lightText, To: hosts + 9})
		}},
		{"row15-name", "a name that is none", func(c *customer) { c.Ranges(wire.RangesHighlight, "a{}", 0, whole) }},
		{"row15-name", "an empty name", func(c *customer) { c.Ranges(wire.RangesHighlight, "", 0, whole) }},
		{"row15-name", "a name that begins with a digit", func(c *customer) { c.Ranges(wire.RangesHighlight, "1a", 0, whole) }},
		{"row36-token", "no kind", func(c *customer) { c.Ranges(0, "", 0, whole) }},
		{"row36-token", "an unknown kind", func(c *customer) { c.Ranges(wire.RangesHighlight+1, "", 0, whole) }},
		{"row36-token", "a mark behind ranges", func(c *customer) {
			c.Ranges(wire.RangesSelection, "", 0)
			c.Mark(wire.MarkTarget, 0)
		}},
		{"row35-range", "more ranges than there may be", func(c *customer) {
			c.Ranges(wire.RangesSelection, "", 0, manyRanges(whole, wire.MaxRanges+1)...)
		}},
		{"row32-ranges", "more ranges together", func(c *customer) {
			c.Ranges(wire.RangesSelection, "", 0, manyRanges(whole, wire.MaxRanges)...)
			c.Ranges(wire.RangesHighlight, "a", 0, whole)
		}},
		{"row32-ranges", "more names than there may be", func(c *customer) {
			for i := range wire.MaxRangeSets + 1 {
				c.Ranges(wire.RangesHighlight, name(i), 0, whole)
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCustomer(t)
			hostsPage(c)
			c.send()
			c.Update(false)
			test.write(c)
			if test.rule == "" {
				c.send()
				c.same()
				return
			}
			c.refused(test.rule)
		})
	}
}

func name(i int) string { return string([]byte{'a' + byte(i%26), 'a' + byte(i/26)}) }

func manyRanges(r page.Range, n int) (list []page.Range) {
	for range n {
		list = append(list, r)
	}
	return list
}

// Who comes late gets the ranges of what is still there, and what media queries ask for.
func TestRangesAndMedia_Snapshot(t *testing.T) {
	c := newCustomer(t)
	hostsPage(c)
	c.Ranges(wire.RangesSelection, "", 0, page.Range{From: lightElem, To: lightElem, ToUnit: 1})
	c.Ranges(wire.RangesHighlight, "a", 2, page.Range{From: lightText, To: lightText, ToUnit: 3}, page.Range{From: lightText, To: lightElem})
	c.send()
	c.same()
	c.Update(false)
	c.Media(wire.MediaDark|wire.MediaStill, 1920, 1080)
	c.Detach(lightElem)
	c.send()
	c.same()
	c.Update(false)
	c.Media(wire.MediaAll+1, 0, 0)
	c.refused("row35-range")
}
