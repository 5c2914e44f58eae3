package sfu

import (
	"time"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
)

// Paces are the kinds of things that people do, each with a rate of its own.
const (
	pacePoint = iota
	paceScroll
	paceKey
	paceClick
	paceDraw
	paceSay
	paceNeed
	pacePause
	paceBehind
	paces
)

// paceRates are what a person may do in a second, and at once.
var paceRates = [paces]struct {
	name        string
	rate, burst float64
}{
	pacePoint:  {"rate-point", 60, 120},
	paceScroll: {"rate-scroll", 60, 120},
	paceKey:    {"rate-key", 30, 90},
	paceClick:  {"rate-click", 10, 20},
	paceDraw:   {"rate-draw", 512, 4096}, // points, of about 4 bytes
	paceSay:    {"rate-say", 2, 20},
	paceNeed:   {"rate-need", 1, 5},
	pacePause:  {"rate-pause", 1, 20},
	paceBehind: {"rate-behind", 8, 20},
}

// pace says whether a person may do something of a kind once more.
func (p *seat) pace(kind int) bool { return p.spend(kind, 1) }

// spend says whether a person may do n things of a kind at once.
func (p *seat) spend(kind, n int) bool {
	return p.gate[kind].take(time.Now(), float64(n), paceRates[kind].rate, paceRates[kind].burst)
}

// paceOf is the pace of an agent's frame.
func paceOf(f wire.FromAgent) int {
	switch f.(type) {
	case *wire.Pointer:
		return pacePoint
	case *wire.ScrollTo:
		return paceScroll
	case *wire.TypeText, *wire.PressKey, *wire.SetValue:
		return paceKey
	case *wire.Stroke:
		return paceDraw
	}
	return paceClick
}

// costOf is how many things of its pace a frame is: a drawing counts by its points, and costs as much as a few of them
// however short it is.
func costOf(f wire.Frame) int {
	if stroke, ok := f.(*wire.Stroke); ok {
		return 16 + len(stroke.Points)
	}
	return 1
}

// input is the gate that everything an agent does to the page goes through: what the token allows, what the customer
// consented to, who drives, how fast, and whether it makes sense on the page as it stands.
func (s *session) input(p *seat, f wire.FromAgent) {
	if rule := s.gate(p, f); rule != "" {
		s.refuseFrame(p, f, &sanitizer.Refusal{Rule: rule})
		return
	}
	var clean sanitizer.Clean
	var r *sanitizer.Refusal
	everybody := false
	switch f := f.(type) {
	case *wire.Pointer:
		clean, r = s.share.page.CheckPointer(f, p.id)
		everybody = true
	case *wire.Stroke:
		clean, r = sanitizer.CheckStroke(f, p.id)
		everybody = true
	default:
		clean, r = s.share.page.CheckInput(f, p.id)
	}
	switch {
	case r != nil:
		s.refuseFrame(p, f, r)
	case everybody:
		s.tellAll(clean, func(other *seat) bool { return other != p && (other == s.room.customer || watching(other)) })
	default:
		s.totals.Inputs++
		s.takeDown(clean)
		s.tell(s.room.customer.conn, clean)
	}
}

// gate says by which rule a frame is refused, or "".
func (s *session) gate(p *seat, f wire.FromAgent) string {
	pace := paceOf(f)
	rule := s.rights(p).Refuses(sanitizer.NeedScope(f))
	switch {
	case rule != "":
		return rule
	case s.state == wire.StatePaused:
		return "paused"
	case s.state != wire.StateActive:
		return "customer-away"
	case !p.spend(pace, costOf(f)):
		return paceRates[pace].name
	}
	return ""
}

// rights are the bits of an agent as they stand.
func (s *session) rights(p *seat) Rights {
	return Rights{p.admitted, p.may, s.consent.granted, s.consent.driver == p.id}
}

// refuseFrame tells an agent that a frame was not passed on. A pointer is not answered: the next one comes anyway.
func (s *session) refuseFrame(p *seat, f wire.FromAgent, r *sanitizer.Refusal) {
	if _, pointer := f.(*wire.Pointer); !pointer {
		s.refuse(p, seqOf(f), r.Rule, r.Node)
	}
}

// refuse answers an agent. A customer gets no answer; their page knows.
func (s *session) refuse(p *seat, seq uint32, rule string, node wire.NodeID) {
	s.totals.Refused++
	p.refused[rule]++
	// The audit grows with the logarithm of what somebody tries.
	if n := p.refused[rule]; n&(n-1) == 0 {
		s.auditSeat(p, Event{Kind: InputRefused, Rule: rule, Count: n})
	}
	if p != s.room.customer {
		s.tell(p.conn, sanitizer.Server(&wire.Refused{Seq: seq, Rule: rule, Node: node}))
	}
}

// seqOf is the number by which an agent knows an input, or 0.
func seqOf(f wire.FromAgent) uint32 {
	switch f := f.(type) {
	case *wire.Click:
		return f.Seq
	case *wire.Drag:
		return f.Seq
	case *wire.TypeText:
		return f.Seq
	case *wire.PressKey:
		return f.Seq
	case *wire.ScrollTo:
		return f.Seq
	case *wire.Choose:
		return f.Seq
	case *wire.SetValue:
		return f.Seq
	case *wire.Navigate:
		return f.Seq
	}
	return 0
}
