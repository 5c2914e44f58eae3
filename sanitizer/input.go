package sanitizer

import (
	"bytes"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
)

// The rules by which an agent's input is refused.
const (
	ruleStale    = "row42-stale"    // it was meant for a page that is gone
	ruleTarget   = "row42-target"   // not a node of the page that can be operated
	ruleReadonly = "row42-readonly" // the owner does not want it operated
	ruleTyping   = "row41-typing"   // not a place where an agent may type
	ruleFile     = "row41-file"     // only the customer chooses files
	ruleControl  = "row43-text"     // control characters in typed text
	ruleOption   = "row42-option"   // not an option of that list
	ruleStroke   = "row47-stroke"   // a drawing without points
)

// NeedScope says which scope an agent's frame needs: 0 for frames that need none but to be in the session.
func NeedScope(f wire.FromAgent) wire.Scope {
	switch f.(type) {
	case *wire.Pointer, *wire.Stroke:
		return wire.ScopePoint
	case *wire.ScrollTo:
		return wire.ScopeScroll
	case *wire.Click, *wire.Drag, *wire.Choose:
		return wire.ScopeClick
	case *wire.TypeText, *wire.PressKey, *wire.SetValue:
		return wire.ScopeType
	case *wire.Navigate:
		return wire.ScopeNavigate
	}
	return 0
}

// CheckPointer judges where somebody points.
func (p *Page) CheckPointer(f *wire.Pointer, from wire.AgentID) (Clean, *Refusal) {
	if f.Kind != wire.PointerLeave {
		if r := p.operable(f.Epoch, f.Node, false); r != nil {
			return Clean{}, r
		}
	}
	return approve(&wire.Pointed{From: from, Kind: f.Kind, Epoch: f.Epoch, Node: f.Node, X: f.X, Y: f.Y}, 24), nil
}

// CheckInput judges what an agent does to the page. Whether the agent may do such things at all is for the caller to
// say (NeedScope). The Clean goes to the customer.
func (p *Page) CheckInput(f wire.FromAgent, from wire.AgentID) (Clean, *Refusal) {
	switch f := f.(type) {
	case *wire.Click:
		r := p.operable(f.Epoch, f.Node, true)
		if r == nil && p.isFile(f.Node) {
			r = &Refusal{Node: f.Node, Rule: ruleFile}
		}
		return pass(&wire.Click{Seq: f.Seq, From: from, Epoch: f.Epoch, Node: f.Node, X: f.X, Y: f.Y, Count: f.Count}, r)
	case *wire.Drag:
		return p.checkDrag(f, from)
	case *wire.TypeText:
		return p.checkText(f, from)
	case *wire.PressKey:
		r := p.operable(f.Epoch, f.Node, true)
		switch {
		case r != nil:
		case moving(f.Key):
		case p.isFile(f.Node):
			r = &Refusal{Node: f.Node, Rule: ruleFile}
		case p.st.closed(f.Node):
			r = &Refusal{Node: f.Node, Rule: ruleTyping}
		}
		return pass(&wire.PressKey{Seq: f.Seq, From: from, Epoch: f.Epoch, Node: f.Node, Key: f.Key}, r)
	case *wire.ScrollTo:
		return pass(&wire.ScrollTo{Seq: f.Seq, From: from, Epoch: f.Epoch, Node: f.Node, X: f.X, Y: f.Y}, p.operable(f.Epoch, f.Node, false))
	case *wire.Choose:
		r := p.operable(f.Epoch, f.Node, true)
		if r == nil {
			r = p.checkChoice(f)
		}
		return pass(&wire.Choose{Seq: f.Seq, From: from, Epoch: f.Epoch, Node: f.Node, Option: f.Option, On: f.On}, r)
	case *wire.SetValue:
		return p.checkValue(f, from)
	case *wire.Navigate:
		return pass(&wire.Navigate{Seq: f.Seq, From: from, To: f.To}, nil)
	}
	return Clean{}, &Refusal{Rule: ruleToken}
}

func pass(f wire.Frame, r *Refusal) (Clean, *Refusal) {
	if r != nil {
		return Clean{}, r
	}
	return approve(f, 32), nil
}

// operable says whether a node is there and may be pointed at, or with operate be operated.
func (p *Page) operable(epoch uint32, id wire.NodeID, operate bool) *Refusal {
	switch {
	case p.st == nil || epoch != p.epoch:
		return &Refusal{Node: id, Rule: ruleStale}
	case id == 0 && !operate:
		return nil
	case id == 0 || !p.st.inPage(id):
		return &Refusal{Node: id, Rule: ruleTarget}
	case !operate:
		return nil
	case p.st.at(id).kind != kindElement:
		return &Refusal{Node: id, Rule: ruleTarget}
	case p.st.flagged(id, vocab.ReadonlyAttr):
		return &Refusal{Node: id, Rule: ruleReadonly}
	}
	return nil
}

// flagged says whether a node or one that holds it has an attribute.
func (s *state) flagged(id wire.NodeID, code uint16) bool {
	for ; id != 0; id = s.at(id).parent {
		if s.has(id, code) {
			return true
		}
	}
	return false
}

func (s *state) has(id wire.NodeID, code uint16) bool {
	for i := s.at(id).attrs; i != 0; i = s.attrs[i].next {
		if a := &s.attrs[i]; !a.live && a.code == code {
			return true
		}
	}
	return false
}

func (p *Page) isFile(id wire.NodeID) bool {
	return p.st.at(id).code == codeInput && p.st.inputType(id) == "file"
}

// moving says whether a key leaves what has the focus as it is, and says nothing of what that holds: agents must be able to
// go on from a field that is closed to them.
func moving(key wire.Key) bool {
	return key == wire.KeyTab || key == wire.KeyShiftTab || key == wire.KeyEscape
}

// closed says whether nothing may be typed into a node because its content is hidden (threat row 41).
func (s *state) closed(id wire.NodeID) bool {
	return s.at(id).flags&flagMasked != 0 || s.secret(id)
}

// textInputs are the types of input elements that have a caret.
var textInputs = map[string]bool{"text": true, "search": true, "tel": true, "url": true, "email": true, "number": true}

// valueInputs are the types whose value is set as a whole.
var valueInputs = map[string]bool{
	"range": true, "date": true, "time": true, "datetime-local": true, "month": true, "week": true, "color": true, "number": true,
}

func (p *Page) checkText(f *wire.TypeText, from wire.AgentID) (Clean, *Refusal) {
	if r := p.operable(f.Epoch, f.Node, true); r != nil {
		return Clean{}, r
	}
	n := p.st.at(f.Node)
	open := n.code == codeTextarea || n.code == codeInput && textInputs[p.st.inputType(f.Node)] || p.st.flagged(f.Node, vocab.EditableAttr)
	if !open || p.st.closed(f.Node) {
		return Clean{}, &Refusal{Node: f.Node, Rule: ruleTyping}
	}
	text, ok := typed(f.Text)
	if !ok {
		return Clean{}, &Refusal{Node: f.Node, Rule: ruleControl}
	}
	return approve(&wire.TypeText{Seq: f.Seq, From: from, Epoch: f.Epoch, Node: f.Node, Text: text}, len(text)+24), nil
}

func (p *Page) checkValue(f *wire.SetValue, from wire.AgentID) (Clean, *Refusal) {
	if r := p.operable(f.Epoch, f.Node, true); r != nil {
		return Clean{}, r
	}
	n := p.st.at(f.Node)
	if n.code != codeInput || !valueInputs[p.st.inputType(f.Node)] || p.st.closed(f.Node) {
		return Clean{}, &Refusal{Node: f.Node, Rule: ruleTyping}
	}
	// Values of these types are digits, signs and a few letters (HTML, section 4.10.5.1).
	for _, c := range f.Value {
		if c > 'z' || c < '#' && c != ' ' || c == '<' || c == '>' {
			return Clean{}, &Refusal{Node: f.Node, Rule: ruleControl}
		}
	}
	return approve(&wire.SetValue{Seq: f.Seq, From: from, Epoch: f.Epoch, Node: f.Node, Value: f.Value}, len(f.Value)+24), nil
}

// typed says whether text can have been typed: no control characters but tab and line feed.
func typed(text []byte) ([]byte, bool) {
	for _, c := range text {
		if c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
			return nil, false
		}
	}
	for i := bytes.IndexByte(text, 0xC2); i >= 0 && i+1 < len(text); {
		if text[i+1] < 0xA0 {
			return nil, false // C1
		}
		next := bytes.IndexByte(text[i+1:], 0xC2)
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return text, true
}

// checkDrag judges both ends: what is let go over a node operates that node, too.
func (p *Page) checkDrag(f *wire.Drag, from wire.AgentID) (Clean, *Refusal) {
	for _, id := range [...]wire.NodeID{f.Node, f.To} {
		if r := p.operable(f.Epoch, id, true); r != nil {
			return Clean{}, r
		}
		if p.isFile(id) {
			return Clean{}, &Refusal{Node: id, Rule: ruleFile}
		}
		if p.st.closed(id) { // a slider takes its value from a drag
			return Clean{}, &Refusal{Node: id, Rule: ruleTyping}
		}
	}
	return approve(&wire.Drag{Seq: f.Seq, From: from, Epoch: f.Epoch, Node: f.Node, X: f.X, Y: f.Y, To: f.To, ToX: f.ToX, ToY: f.ToY}, 48), nil
}

func (p *Page) checkChoice(f *wire.Choose) *Refusal {
	s := p.st
	if s.at(f.Node).code != codeSelect || s.closed(f.Node) {
		return &Refusal{Node: f.Node, Rule: ruleTarget}
	}
	if f.Option == 0 || f.Option >= s.nextID || s.at(f.Option).code != codeOption || s.at(f.Option).kind != kindElement {
		return &Refusal{Node: f.Option, Rule: ruleOption}
	}
	for id := s.at(f.Option).parent; id != 0; id = s.at(id).parent {
		if id == f.Node {
			return nil
		}
	}
	return &Refusal{Node: f.Option, Rule: ruleOption}
}

// CheckStroke judges a drawing.
func CheckStroke(f *wire.Stroke, from wire.AgentID) (Clean, *Refusal) {
	if (len(f.Points) == 0) != (f.Tool == wire.ToolClear) {
		return Clean{}, &Refusal{Rule: ruleStroke}
	}
	return approve(&wire.Stroked{From: from, Tool: f.Tool, Colour: f.Colour, Points: f.Points}, 8*len(f.Points)+16), nil
}

// CheckSay judges a chat message. name is the sender's, from their token.
func CheckSay(f *wire.Say, from wire.AgentID, name string) (Clean, *Refusal) {
	runs := Rich(f.Text)
	said := wire.Said{From: from, Name: name}
	for _, r := range runs {
		if len(said.Runs) == maxRuns {
			break
		}
		said.Runs = append(said.Runs, wire.Run{Style: r.Style, Text: r.Text})
	}
	if len(said.Runs) == 0 {
		return Clean{}, &Refusal{Rule: "row47-empty"}
	}
	return approve(&said, len(f.Text)+64), nil
}

// maxRuns is how many runs a Said may have.
const maxRuns = 256
