package sfu

import (
	"slices"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
)

// A preview is the customer's own look at what agents are shown, in a window of its own: the page as this server holds
// it, and nothing else. It cannot show anything before the customer shares the page, and it is no agent: it is not
// listed, not asked for, has nothing to say and keeps no session alive.

// maxPreviews are open at once in one session.
const maxPreviews = 2

// viewers yields everybody to whom the page is shown, or will be.
func (s *session) viewers(yield func(*seat) bool) {
	for _, list := range [...][]*seat{s.room.agents, s.room.previews} {
		for _, p := range list {
			if !yield(p) {
				return
			}
		}
	}
	if s.room.tape != nil {
		yield(s.room.tape.seat)
	}
}

// Whom a frame of tellAll is for.

func everybody(*seat) bool { return true }

// people are those who talk and point: a preview is not told, it shows the page alone.
func people(p *seat) bool { return p.grant.Role != Preview }

// watching are the agents who see the page.
func watching(p *seat) bool { return p.sees() && people(p) }

// helloPreview opens a preview, or replaces the connection of one that comes back.
func (s *session) helloPreview(c *conn, f *wire.Hello) {
	if s.mismatch(c, f) {
		return
	}
	i := slices.IndexFunc(s.room.previews, func(p *seat) bool { return p.grant.Subject == c.grant.Subject })
	if i < 0 && len(s.room.previews) >= maxPreviews {
		s.turnAway(c, wire.EndLimit, "limit-previews")
		return
	}
	if i < 0 {
		i = len(s.room.previews)
		s.room.previews = append(s.room.previews, &seat{refused: map[string]int{}})
	}
	p := s.room.previews[i]
	p.admitted = s.consent.granted & wire.ScopeView
	p.look(s.share.closed)
	p.closed = s.share.closed
	s.sit(p, c)
	s.auditSeat(p, Event{Kind: PreviewOpened})
	s.welcome(p)
	if p.admitted != 0 {
		s.beginView(p)
	}
}

// previewSays is everything that a preview may say after Hello. Whether it can be seen changes nothing.
func (s *session) previewSays(c *conn, f wire.FromAgent) {
	switch f := f.(type) {
	case *wire.Ping:
		s.tell(c, sanitizer.Server(&wire.Pong{Seq: f.Seq}))
	case *wire.Pong:
		c.pong(f.Seq)
	case *wire.Ack:
		c.seat.view.acked(f.Epoch, f.Seq)
	case *wire.Need:
		s.need(c.seat)
	case *wire.Presence:
	default:
		s.strike(c, "row36-preview", 0)
	}
}

// leavePreview takes a preview's seat away: there is nothing to come back to but the page.
func (s *session) leavePreview(p *seat, rule string) {
	s.auditSeat(p, Event{Kind: PreviewClosed, Rule: rule})
	s.room.previews = slices.DeleteFunc(s.room.previews, func(other *seat) bool { return other == p })
}
