package sanitizer_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
	"vitrine/sanitizer/vocab"
	"vitrine/test/page"
)

// TestThreat35_TokenBounds holds the bounds of the numbers in the token stream: the most passes, one more does not.
func TestThreat35_TokenBounds(t *testing.T) {
	for name, v := range map[string]struct {
		most  int64
		write func(c *customer, n int64)
	}{
		"box width":    {1 << 20, func(c *customer, n int64) { insert(c, div, func() { c.Box(0, uint64(n), 1) }) }},
		"box height":   {1 << 20, func(c *customer, n int64) { insert(c, div, func() { c.Box(0, 1, uint64(n)) }) }},
		"asset":        {1<<53 - 1, func(c *customer, n int64) { c.Set(sheet, page.Attr{Code: vocab.SheetAttr, Number: uint64(n)}) }},
		"layer":        {65535, func(c *customer, n int64) { c.SetLive(dialog, page.Live{Kind: wire.LiveOpen, A: n}) }},
		"image width":  {16384, func(c *customer, n int64) { c.SetLive(div, page.Live{Kind: wire.LiveNatural, A: n, B: 1}) }},
		"image height": {16384, func(c *customer, n int64) { c.SetLive(div, page.Live{Kind: wire.LiveNatural, A: 1, B: n}) }},
		"scroll right": {1 << 24, func(c *customer, n int64) { c.SetLive(div, page.Live{Kind: wire.LiveScroll, A: n}) }},
		"scroll down":  {1 << 24, func(c *customer, n int64) { c.SetLive(div, page.Live{Kind: wire.LiveScroll, B: n}) }},
		"scroll up":    {1 << 24, func(c *customer, n int64) { c.SetLive(div, page.Live{Kind: wire.LiveScroll, B: -n}) }},
		"bullets":      {4096, func(c *customer, n int64) { c.SetLive(secret, page.Live{Kind: wire.LiveBullets, A: n}) }},
		"view width":   {65535, func(c *customer, n int64) { c.View(uint64(n), 1, 1) }},
		"view height":  {65535, func(c *customer, n int64) { c.View(1, uint64(n), 1) }},
		"view scale":   {65535, func(c *customer, n int64) { c.View(1, 1, uint64(n)) }},
		"checked":      {1, func(c *customer, n int64) { c.SetLive(option, page.Live{Kind: wire.LiveChecked, A: n}) }},
	} {
		for _, more := range []int64{0, 1} {
			c := newShop(t)
			c.Update(false)
			v.write(c, v.most+more)
			switch _, r := c.page.Check(c.Batch()); {
			case more == 0 && r != nil:
				t.Errorf("%s: the most is refused: %s", name, r.Rule)
			case more == 1 && (r == nil || r.Rule != "row35-range"):
				t.Errorf("%s: one more: %v", name, r)
			}
		}
	}
}

// TestThreat35_EveryRoleIsText holds that what is not UTF-8 is refused, or made empty where the value is judged by a
// grammar, in strings of every role.
func TestThreat35_EveryRoleIsText(t *testing.T) {
	for name, write := range map[string]func(c *customer, text string){
		"text":        func(c *customer, s string) { c.SetText(words, s) },
		"attribute":   func(c *customer, s string) { c.Set(link, page.Attr{Code: vocab.DataAttr, Name: "a", Text: s}) },
		"live value":  func(c *customer, s string) { c.SetLive(input, page.Live{Kind: wire.LiveValue, Text: s}) },
		"placeholder": func(c *customer, s string) { c.Set(input, attribute("input", "placeholder", s)) },
	} {
		for _, bad := range []string{"a\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\xe2\x82"} {
			c := newShop(t)
			c.Update(false)
			write(c, bad)
			if _, r := c.page.Check(c.Batch()); r == nil || r.Rule != "row35-utf8" {
				t.Errorf("%s: %x: %v", name, bad, r)
			}
		}
	}
}

// TestThreat32_LongTexts holds how long a title and the text of an attribute may be: a title is cut, what is too long for an
// attribute becomes empty.
func TestThreat32_LongTexts(t *testing.T) {
	c := newShop(t)
	c.NoTable = true
	c.Update(false)
	c.Page(0, "https://shop.example/", strings.Repeat("é", 600))
	b := c.send()
	longest := 0
	for _, s := range b.Literals {
		if s.Role == wire.RoleTitle {
			longest = utf8.RuneCount(s.Text)
		}
	}
	if longest == 0 || longest > 512 {
		t.Errorf("a title of %d characters", longest)
	}
	for size, kept := range map[int]int{64 << 10: 64 << 10, 64<<10 + 1: 0} {
		c.Update(false)
		c.Set(link, page.Attr{Code: vocab.DataAttr, Name: "a", Text: strings.Repeat("x", size)})
		for _, s := range c.send().Literals {
			if s.Role == wire.RoleAttr && len(s.Text) != kept {
				t.Errorf("of an attribute of %d bytes %d are left", size, len(s.Text))
			}
		}
	}
}

// TestThreat32_PolicyRaisesNothing holds that an owner's policy cannot allow more nodes than the format does.
func TestThreat32_PolicyRaisesNothing(t *testing.T) {
	c := newCustomer(t)
	c.page = sanitizer.NewPage(sanitizer.Policy{MaxNodes: 1 << 30})
	c.Snapshot()
	c.Into(0)
	c.Tag("html")
	for range wire.MaxNodes/wire.MaxChildren + 1 {
		c.Tag("p")
		for range wire.MaxChildren - 1 {
			c.Text("x")
		}
		c.End()
	}
	c.End()
	c.End()
	if _, r := c.page.Check(c.Batch()); r == nil || r.Rule != "row32-nodes" {
		t.Errorf("got %v", r)
	}
}

// TestThreat14_NotInSVG holds that nothing of SVG or MathML hosts a shadow root.
func TestThreat14_NotInSVG(t *testing.T) {
	for _, key := range []string{"svg:svg", "math:math"} {
		c := newShop(t)
		c.Update(false)
		insert(c, div, func() { c.Tag(key); c.Shadow(0); c.End(); c.End() })
		c.refused("row14-shadow")
	}
}
