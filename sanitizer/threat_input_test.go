package sanitizer_test

import (
	"testing"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
	"vitrine/test/page"
)

// TestThreat41_Masked holds that nothing can be done to what is masked, whatever kind of control it is, and that the same
// control without a mask takes it.
func TestThreat41_Masked(t *testing.T) {
	for _, masked := range []bool{false, true} {
		c := newShop(t)
		c.Update(false)
		var ids [3]wire.NodeID
		around := []string{}
		if masked {
			around = append(around, "#mask", "")
		}
		c.Into(body)
		c.Tag("div", around...)
		ids[0] = c.Tag("input", "type", "range")
		c.End()
		ids[1] = c.Tag("select")
		ids[2] = c.Tag("option")
		c.End()
		c.End()
		c.End()
		c.End()
		c.send()
		for _, v := range []struct {
			rule  string
			frame wire.FromAgent
		}{
			{"row41-typing", &wire.SetValue{Epoch: 1, Node: ids[0], Value: []byte("7")}},
			{"row41-typing", &wire.Drag{Epoch: 1, Node: ids[0], To: ids[0], ToX: 65535}},
			{"row42-target", &wire.Choose{Epoch: 1, Node: ids[1], Option: ids[2], On: true}},
			{"row41-typing", &wire.PressKey{Epoch: 1, Node: ids[1], Key: wire.KeyEnter}},
		} {
			_, r := c.page.CheckInput(v.frame, 1)
			if masked != (r != nil) || masked && r.Rule != v.rule {
				t.Errorf("masked %v: %s: %v", masked, v.frame.Type(), r)
			}
		}
	}
}

// TestThreat43_SetValues holds what the value of a control with a picker may be made of.
func TestThreat43_SetValues(t *testing.T) {
	c := newShop(t)
	c.Update(false)
	id := c.Next()
	insert(c, div, func() { c.Elem(page.Code("input"), "", []page.Attr{attribute("input", "type", "date")}); c.End() })
	c.send()
	for n := range 256 {
		ch := byte(n)
		may := ch >= '#' && ch <= 'z' && ch != '<' && ch != '>' || ch == ' '
		_, r := c.page.CheckInput(&wire.SetValue{Epoch: 1, Node: id, Value: []byte{'1', ch}}, 1)
		if may != (r == nil) || r != nil && r.Rule != "row43-text" {
			t.Errorf("byte %#x: %v", n, r)
		}
	}
}

// TestThreat45_EveryFrameHasAScope holds which scope each frame of an agent needs.
func TestThreat45_EveryFrameHasAScope(t *testing.T) {
	for scope, frames := range map[wire.Scope][]wire.FromAgent{
		wire.ScopePoint:    {&wire.Pointer{}, &wire.Stroke{}},
		wire.ScopeScroll:   {&wire.ScrollTo{}},
		wire.ScopeClick:    {&wire.Click{}, &wire.Drag{}, &wire.Choose{}},
		wire.ScopeType:     {&wire.TypeText{}, &wire.PressKey{}, &wire.SetValue{}},
		wire.ScopeNavigate: {&wire.Navigate{}},
		0: {&wire.Hello{}, &wire.Ping{}, &wire.Pong{}, &wire.Request{}, &wire.Release{}, &wire.End{}, &wire.Say{}, &wire.Ack{},
			&wire.Need{}, &wire.Presence{}},
	} {
		for _, f := range frames {
			if got := sanitizer.NeedScope(f); got != scope {
				t.Errorf("%s needs %b, want %b", f.Type(), got, scope)
			}
		}
	}
}
