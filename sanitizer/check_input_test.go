package sanitizer_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
	"vitrine/test/page"
)

// inputs are what an agent may try on the shop, with the rule that refuses it; "" passes.
var inputs = []struct {
	rule, name string
	frame      wire.FromAgent
}{
	{"", "click a button", &wire.Click{Epoch: 1, Node: div, Count: 1}},
	{"row42-stale", "click on another page", &wire.Click{Epoch: 2, Node: div}},
	{"row42-stale", "click on a page that is gone", &wire.Click{Epoch: 0, Node: div}},
	{"row42-target", "click on the document", &wire.Click{Epoch: 1}},
	{"row42-target", "click on a text", &wire.Click{Epoch: 1, Node: words}},
	{"row42-target", "click on a box", &wire.Click{Epoch: 1, Node: box}},
	{"row42-target", "click on a shadow root", &wire.Click{Epoch: 1, Node: root}},
	{"row42-target", "click on what is not there", &wire.Click{Epoch: 1, Node: shopNext}},
	{"row42-target", "click far beyond", &wire.Click{Epoch: 1, Node: 1<<31 - 1}},
	{"row42-readonly", "click on what may not be operated", &wire.Click{Epoch: 1, Node: closed}},
	{"row42-readonly", "click inside of it", &wire.Click{Epoch: 1, Node: button}},
	{"row41-file", "click on a file control", &wire.Click{Epoch: 1, Node: file}},
	{"", "click inside a shadow root", &wire.Click{Epoch: 1, Node: deep}},
	{"", "drag", &wire.Drag{Epoch: 1, Node: div, To: deep}},
	{"row42-stale", "drag on another page", &wire.Drag{Epoch: 2, Node: div, To: div}},
	{"row42-target", "drag the document", &wire.Drag{Epoch: 1, To: div}},
	{"row42-target", "drag to nowhere", &wire.Drag{Epoch: 1, Node: div}},
	{"row42-readonly", "drag what may not be operated", &wire.Drag{Epoch: 1, Node: closed, To: div}},
	{"row42-readonly", "drag onto what may not be operated", &wire.Drag{Epoch: 1, Node: div, To: button}},
	{"row41-file", "drag onto a file control", &wire.Drag{Epoch: 1, Node: div, To: file}},
	{"row41-typing", "drag in a password", &wire.Drag{Epoch: 1, Node: secret, To: secret}},
	{"row41-typing", "drag onto what is hidden", &wire.Drag{Epoch: 1, Node: div, To: hidden}},
	{"", "type into a text control", &wire.TypeText{Epoch: 1, Node: input, Text: []byte("Zoë\t1\n")}},
	{"", "type into a textarea", &wire.TypeText{Epoch: 1, Node: area, Text: []byte("x")}},
	{"", "type into an editable element", &wire.TypeText{Epoch: 1, Node: editable, Text: []byte("x")}},
	{"row41-typing", "type into a password", &wire.TypeText{Epoch: 1, Node: secret, Text: []byte("x")}},
	{"row41-typing", "type into a file control", &wire.TypeText{Epoch: 1, Node: file, Text: []byte("x")}},
	{"row41-typing", "type into a div", &wire.TypeText{Epoch: 1, Node: div, Text: []byte("x")}},
	{"row41-typing", "type into what is hidden", &wire.TypeText{Epoch: 1, Node: hidden, Text: []byte("x")}},
	{"row41-typing", "type into a list", &wire.TypeText{Epoch: 1, Node: list, Text: []byte("x")}},
	{"row42-readonly", "type into what may not be operated", &wire.TypeText{Epoch: 1, Node: button, Text: []byte("x")}},
	{"row42-stale", "type on another page", &wire.TypeText{Epoch: 9, Node: input, Text: []byte("x")}},
	{"row43-text", "type an escape", &wire.TypeText{Epoch: 1, Node: input, Text: []byte("a\x1b[A")}},
	{"row43-text", "type a zero", &wire.TypeText{Epoch: 1, Node: input, Text: []byte("a\x00")}},
	{"row43-text", "type a carriage return", &wire.TypeText{Epoch: 1, Node: input, Text: []byte("a\r")}},
	{"row43-text", "type DEL", &wire.TypeText{Epoch: 1, Node: input, Text: []byte("a\x7f")}},
	{"row43-text", "type NEL", &wire.TypeText{Epoch: 1, Node: input, Text: []byte("a\u0085")}},
	{"row43-text", "type CSI of C1 behind other text", &wire.TypeText{Epoch: 1, Node: input, Text: []byte("£\u009b")}},
	{"", "press Enter", &wire.PressKey{Epoch: 1, Node: input, Key: wire.KeyEnter}},
	{"row41-typing", "press a key in a password", &wire.PressKey{Epoch: 1, Node: secret, Key: wire.KeyDelete}},
	{"row41-typing", "press Space in a password", &wire.PressKey{Epoch: 1, Node: secret, Key: wire.KeySpace}},
	{"row41-typing", "select all in a password", &wire.PressKey{Epoch: 1, Node: secret, Key: wire.KeySelectAll}},
	{"", "Tab out of a password", &wire.PressKey{Epoch: 1, Node: secret, Key: wire.KeyTab}},
	{"", "Shift+Tab out of what is hidden", &wire.PressKey{Epoch: 1, Node: hidden, Key: wire.KeyShiftTab}},
	{"", "Escape in a password", &wire.PressKey{Epoch: 1, Node: secret, Key: wire.KeyEscape}},
	{"", "Tab out of a file control", &wire.PressKey{Epoch: 1, Node: file, Key: wire.KeyTab}},
	{"row42-readonly", "Tab out of what may not be operated", &wire.PressKey{Epoch: 1, Node: button, Key: wire.KeyTab}},
	{"row41-typing", "press a key in what is hidden", &wire.PressKey{Epoch: 1, Node: hidden}},
	{"row42-readonly", "press a key in what may not be operated", &wire.PressKey{Epoch: 1, Node: button}},
	{"row41-file", "press Space on a file control", &wire.PressKey{Epoch: 1, Node: file, Key: wire.KeySpace}},
	{"row41-file", "press Enter on a file control", &wire.PressKey{Epoch: 1, Node: file}},
	{"row42-target", "press a key on the document", &wire.PressKey{Epoch: 1}},
	{"", "scroll the page", &wire.ScrollTo{Epoch: 1, Y: 100}},
	{"", "scroll a node", &wire.ScrollTo{Epoch: 1, Node: div, Y: 100}},
	{"row42-target", "scroll what is not there", &wire.ScrollTo{Epoch: 1, Node: shopNext}},
	{"row42-stale", "scroll another page", &wire.ScrollTo{Epoch: 2}},
	{"", "choose", &wire.Choose{Epoch: 1, Node: list, Option: option, On: true}},
	{"", "choose in a group", &wire.Choose{Epoch: 1, Node: list, Option: inner, On: true}},
	{"row42-option", "choose from another list", &wire.Choose{Epoch: 1, Node: other, Option: option}},
	{"row42-option", "choose a group", &wire.Choose{Epoch: 1, Node: list, Option: group}},
	{"row42-option", "choose nothing", &wire.Choose{Epoch: 1, Node: list}},
	{"row42-option", "choose what is not there", &wire.Choose{Epoch: 1, Node: list, Option: 1 << 30}},
	{"row42-target", "choose in a div", &wire.Choose{Epoch: 1, Node: div, Option: option}},
	{"row41-typing", "set the value of a text control", &wire.SetValue{Epoch: 1, Node: input, Value: []byte("1")}},
	{"row41-typing", "set the value of a password", &wire.SetValue{Epoch: 1, Node: secret, Value: []byte("1")}},
	{"row41-typing", "set the value of a file control", &wire.SetValue{Epoch: 1, Node: file, Value: []byte("1")}},
	{"row42-stale", "set a value on another page", &wire.SetValue{Epoch: 7, Node: input, Value: []byte("1")}},
	{"", "go back", &wire.Navigate{To: wire.MoveBack}},
	{"row36-token", "what is no input", &wire.Need{}},
}

// TestThreat42_Input holds what an agent may do to the page, and that the server says who did it.
func TestThreat42_Input(t *testing.T) {
	c := newShop(t)
	before := snapshotOf(t, c.page)
	for _, v := range inputs {
		t.Run(v.rule+" "+v.name, func(t *testing.T) {
			clean, r := c.page.CheckInput(v.frame, 7)
			if v.rule == "" {
				if r != nil {
					t.Fatalf("refused by %s", r.Rule)
				}
				var d wire.ToCustomerDecoder
				f, err := d.Decode(clean.Channel(), clean.Frame())
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(f.AppendTo(nil), clean.Frame()) || !fromSeven(f) {
					t.Error("the frame is not canonical, or does not say whom it is from")
				}
				return
			}
			if r == nil || r.Rule != v.rule {
				t.Errorf("got %v", r)
			}
			if !clean.Empty() {
				t.Error("a refused input came with something to send")
			}
		})
	}
	if !bytes.Equal(before, snapshotOf(t, c.page)) {
		t.Error("input changed the server's page")
	}
}

func fromSeven(f wire.ToCustomer) bool {
	switch f := f.(type) {
	case *wire.Click:
		return f.From == 7
	case *wire.Drag:
		return f.From == 7
	case *wire.TypeText:
		return f.From == 7
	case *wire.PressKey:
		return f.From == 7
	case *wire.ScrollTo:
		return f.From == 7
	case *wire.Choose:
		return f.From == 7
	case *wire.SetValue:
		return f.From == 7
	case *wire.Navigate:
		return f.From == 7
	}
	return false
}

// TestThreat41_TypesOfControls holds which controls take text and which a whole value, by type; and that a control that
// was a password stays closed (threat row 34).
func TestThreat41_TypesOfControls(t *testing.T) {
	text := strings.Fields("text search tel url email number")
	value := strings.Fields("number range date time datetime-local month week color")
	all := strings.Fields("text search tel url email password number checkbox radio range date time datetime-local month week color " +
		"file button submit reset hidden image")
	for _, kind := range all {
		t.Run(kind, func(t *testing.T) {
			c := newShop(t)
			c.Update(false)
			id := c.Next()
			insert(c, div, func() { c.Tag("input", "type", kind); c.End() })
			c.send()
			_, r := c.page.CheckInput(&wire.TypeText{Epoch: 1, Node: id, Text: []byte("1")}, 1)
			if (r == nil) != contains(text, kind) {
				t.Errorf("typing: %v", r)
			}
			_, r = c.page.CheckInput(&wire.SetValue{Epoch: 1, Node: id, Value: []byte("1")}, 1)
			if (r == nil) != contains(value, kind) {
				t.Errorf("setting: %v", r)
			}
			_, r = c.page.CheckInput(&wire.Click{Epoch: 1, Node: id}, 1)
			if (r == nil) != (kind != "file") {
				t.Errorf("clicking: %v", r)
			}
			c.Update(false)
			c.Set(id, attribute("input", "type", "password"))
			c.Set(id, attribute("input", "type", "text"))
			c.send()
			if _, r = c.page.CheckInput(&wire.TypeText{Epoch: 1, Node: id, Text: []byte("1")}, 1); r == nil || r.Rule != "row41-typing" {
				t.Errorf("typing into what was a password: %v", r)
			}
			c.Update(false)
			c.SetLive(id, page.Live{Kind: wire.LiveValue, Text: "x"})
			c.refused("row34-mask")
		})
	}
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// TestThreat43_Values holds that a value set as a whole is digits, signs and letters.
func TestThreat43_Values(t *testing.T) {
	c := newShop(t)
	c.Update(false)
	id := c.Next()
	insert(c, div, func() { c.Tag("input", "type", "date"); c.End() })
	c.send()
	for value, want := range map[string]string{"2026-01-02": "", "#ff00aa": "", "10 20": "", "": "", "<b>": "row43-text",
		"a\"": "row43-text", "a\n": "row43-text", "é": "row43-text", "{": "row43-text", "!": "row43-text"} {
		_, r := c.page.CheckInput(&wire.SetValue{Epoch: 1, Node: id, Value: []byte(value)}, 1)
		if want == "" && r != nil || want != "" && (r == nil || r.Rule != want) {
			t.Errorf("%d bytes: got %v, want %q", len(value), r, want)
		}
	}
}

// TestThreat42_Pointer holds where somebody may point.
func TestThreat42_Pointer(t *testing.T) {
	c := newShop(t)
	for _, v := range []struct {
		rule  string
		frame wire.Pointer
	}{
		{"", wire.Pointer{Epoch: 1, Node: 0}},
		{"", wire.Pointer{Epoch: 1, Node: words}},
		{"", wire.Pointer{Kind: wire.PointerLeave, Epoch: 99, Node: 99}},
		{"row42-stale", wire.Pointer{Epoch: 2, Node: div}},
		{"row42-target", wire.Pointer{Epoch: 1, Node: shopNext}},
	} {
		clean, r := c.page.CheckPointer(&v.frame, 3)
		if v.rule != "" {
			if r == nil || r.Rule != v.rule {
				t.Errorf("got %v, want %s", r, v.rule)
			}
			continue
		}
		var d wire.ToAgentDecoder
		f, err := d.Decode(wire.Ptr, clean.Frame())
		if err != nil || r != nil {
			t.Fatal(err, r)
		}
		if p, ok := f.(*wire.Pointed); !ok || p.From != 3 {
			t.Error("no pointer of agent 3 came out")
		}
	}
	if _, r := sanitizer.NewPage(sanitizer.Policy{}).CheckPointer(&wire.Pointer{}, 0); r == nil || r.Rule != "row42-stale" {
		t.Errorf("before the first page: %v", r)
	}
}

// TestThreat45_Scopes holds which scope every frame of an agent needs.
func TestThreat45_Scopes(t *testing.T) {
	for _, v := range []struct {
		frame wire.FromAgent
		scope wire.Scope
	}{
		{&wire.Pointer{}, wire.ScopePoint}, {&wire.Stroke{}, wire.ScopePoint}, {&wire.ScrollTo{}, wire.ScopeScroll},
		{&wire.Click{}, wire.ScopeClick}, {&wire.Drag{}, wire.ScopeClick}, {&wire.Choose{}, wire.ScopeClick}, {&wire.TypeText{}, wire.ScopeType},
		{&wire.PressKey{}, wire.ScopeType}, {&wire.SetValue{}, wire.ScopeType}, {&wire.Navigate{}, wire.ScopeNavigate},
		{&wire.Hello{}, 0}, {&wire.Need{}, 0}, {&wire.Say{}, 0},
	} {
		if got := sanitizer.NeedScope(v.frame); got != v.scope {
			t.Errorf("%s needs %b, want %b", v.frame.Type(), got, v.scope)
		}
	}
}

// TestThreat47_Strokes holds that a drawing has points, and that clearing has none.
func TestThreat47_Strokes(t *testing.T) {
	points := []wire.Point2{{X: 1, Y: 2}}
	for _, v := range []struct {
		rule  string
		frame wire.Stroke
	}{
		{"", wire.Stroke{Tool: wire.ToolPen, Points: points}},
		{"", wire.Stroke{Tool: wire.ToolClear}},
		{"row47-stroke", wire.Stroke{Tool: wire.ToolPen}},
		{"row47-stroke", wire.Stroke{Tool: wire.ToolClear, Points: points}},
	} {
		clean, r := sanitizer.CheckStroke(&v.frame, 2)
		if (r == nil) != (v.rule == "") || r != nil && (r.Rule != v.rule || !clean.Empty()) {
			t.Errorf("got %v, want %q", r, v.rule)
		}
	}
	if _, r := sanitizer.CheckSay(&wire.Say{Text: []byte(" <!-- --> ")}, 1, "A"); r == nil || r.Rule != "row47-empty" {
		t.Errorf("an empty message: %v", r)
	}
}

// TestRefusalRules holds that every rule by which a batch, an input or an asset frame is refused is named by a vector.
func TestRefusalRules(t *testing.T) {
	rule := regexp.MustCompile(`"(row\d\d-[a-z0-9-]+)"`)
	read := func(files ...string) map[string]bool {
		found := map[string]bool{}
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range rule.FindAllSubmatch(data, -1) {
				found[string(m[1])] = true
			}
		}
		return found
	}
	tests, err := filepath.Glob("check_*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	tested, rules := read(tests...), read("refusal.go", "input.go", "store.go")
	if len(rules) < 30 {
		t.Fatalf("only %d rules found", len(rules))
	}
	for r := range rules {
		if !tested[r] {
			t.Errorf("no vector for rule %s", r)
		}
	}
}
