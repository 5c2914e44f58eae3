package sanitizer_test

import (
	"testing"

	"vitrine/internal/wire"
)

// The hosts page: a host whose slots scripts fill, one whose slots names fill, and what stands beside them.
const (
	manualRoot = wire.NodeID(4)
	manualSlot = wire.NodeID(5)
	lightText  = wire.NodeID(6)
	lightElem  = wire.NodeID(7)
	namedSlot  = wire.NodeID(10)
	namedElem  = wire.NodeID(11)
	hosts      = wire.NodeID(12)
)

func hostsPage(c *customer) {
	c.Snapshot()
	c.Into(0)
	c.Tag("html")
	c.Tag("body")
	for _, flags := range []uint64{4, 0} {
		c.Tag("div")
		c.Shadow(flags)
		c.Tag("slot")
		c.End()
		c.End()
		if flags == 4 {
			c.Text("light")
		}
		c.Tag("p")
		c.End()
		c.End()
	}
	c.End()
	c.End()
	c.End()
}

func TestThreat33_SlotsAndMarks(t *testing.T) {
	for _, test := range []struct {
		rule, name string
		write      func(*customer)
	}{
		{"", "a text and an element in a slot", func(c *customer) { c.Assign(lightText, manualSlot, 1); c.Assign(lightElem, manualSlot, 0) }},
		{"", "in none", func(c *customer) { c.Assign(lightText, 0, 0) }},
		{"", "every mark", func(c *customer) {
			for kind := byte(1); kind <= wire.MarkRing; kind++ {
				c.Mark(kind, lightElem)
			}
		}},
		{"row33-slot", "a slot that names fill", func(c *customer) { c.Assign(namedElem, namedSlot, 0) }},
		{"row33-slot", "a slot of another host", func(c *customer) { c.Assign(namedElem, manualSlot, 0) }},
		{"row33-slot", "what is no slot", func(c *customer) { c.Assign(lightElem, lightElem, 0) }},
		{"row33-slot", "a text as a slot", func(c *customer) { c.Assign(lightElem, lightText, 0) }},
		{"row33-slot", "a slot that is not there", func(c *customer) { c.Assign(lightElem, hosts+9, 0) }},
		{"row33-slot", "a slot that is taken out", func(c *customer) { c.Detach(manualSlot); c.Assign(lightElem, manualSlot, 0) }},
		{"row33-node", "a shadow root in a slot", func(c *customer) { c.Assign(manualRoot, manualSlot, 0) }},
		{"row33-node", "what is taken out in a slot", func(c *customer) { c.Detach(lightElem); c.Assign(lightElem, manualSlot, 0) }},
		{"row33-node", "what is not there in a slot", func(c *customer) { c.Assign(hosts+9, manualSlot, 0) }},
		{"row35-range", "a place beyond all children", func(c *customer) { c.Assign(lightElem, manualSlot, wire.MaxChildren+1) }},
		{"row36-token", "no mark", func(c *customer) { c.Mark(0, lightElem) }},
		{"row36-token", "an unknown mark", func(c *customer) { c.Mark(wire.MarkRing+1, lightElem) }},
		{"row33-node", "a mark on a text", func(c *customer) { c.Mark(wire.MarkTarget, lightText) }},
		{"row33-node", "a mark on what is not there", func(c *customer) { c.Mark(wire.MarkActive, hosts+9) }},
		{"row36-token", "a slot behind a mark", func(c *customer) { c.Mark(wire.MarkActive, 0); c.Assign(lightElem, 0, 0) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCustomer(t)
			hostsPage(c)
			c.send()
			c.Update(false)
			test.write(c)
			if test.rule == "" {
				c.send()
				return
			}
			c.refused(test.rule)
		})
	}
}

// Who comes late gets the slots and marks of what is still there, and nothing of what is gone.
func TestSlotsAndMarks_Snapshot(t *testing.T) {
	c := newCustomer(t)
	hostsPage(c)
	c.Assign(lightText, manualSlot, 1)
	c.Assign(lightElem, manualSlot, 0)
	c.Mark(wire.MarkTarget, lightElem)
	c.Mark(wire.MarkFullscreen, namedElem)
	c.send()
	c.same()
	c.Update(false)
	c.Detach(lightElem)
	c.Detach(manualSlot)
	c.send()
	c.same()
}
