package sfu

import (
	"slices"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
)

// customerSays is everything that a customer may say after Hello.
func (s *session) customerSays(c *conn, f wire.FromCustomer, packed bool) {
	switch f := f.(type) {
	case *wire.Ping:
		s.tell(c, sanitizer.Server(&wire.Pong{Seq: f.Seq}))
	case *wire.Pong:
		c.pong(f.Seq)
	case *wire.Answer:
		s.answer(c, f)
	case *wire.Revoke:
		s.revoke(f)
	case *wire.Pause:
		s.pause(c, f.Paused)
	case *wire.Behind:
		s.behind(c, f.Behind)
	case *wire.End:
		s.end(wire.EndCustomer)
	case *wire.Say:
		s.say(c.seat, f)
	case *wire.Receipt:
		s.receipt(c, f)
	case *wire.Stroke:
		s.customerDraws(c, f)
	case *wire.Pointer:
		s.customerPoints(f)
	case *wire.Offer, *wire.Gone, *wire.Chunk, *wire.Batch:
		s.shared(c, f, packed)
	}
}

// shared is what needs the customer's consent to share: without it, nothing of the page is accepted or kept.
func (s *session) shared(c *conn, f wire.FromCustomer, packed bool) {
	if s.consent.granted&wire.ScopeView == 0 {
		s.strike(c, "consent-view", 0)
		return
	}
	switch f := f.(type) {
	case *wire.Batch:
		s.batch(c, f, packed)
	case *wire.Offer:
		want, out, r := s.share.assets.Offer(f)
		s.dropAssets()
		s.assets(c, out, r)
		if want {
			s.tell(c, sanitizer.Server(&wire.Want{Hashes: []wire.Hash{f.Hash}}))
		}
	case *wire.Chunk:
		out, r := s.share.assets.Chunk(f)
		s.dropAssets()
		s.assets(c, out, r)
	case *wire.Gone:
		clean, r := s.share.assets.Gone(f)
		s.dropAssets()
		s.assets(c, []sanitizer.Clean{clean}, r)
	}
}

// pause holds the page back or lets it go on. The page comes on another channel than this frame, so its snapshot may
// have come before the word that it may; then it was not accepted and is asked for again.
func (s *session) pause(c *conn, paused bool) {
	if s.consent.paused == paused {
		return
	}
	s.consent.paused = paused
	if !c.seat.pace(pacePause) {
		if s.strike(c, paceRates[pacePause].name, 0); s.state == wire.StateEnded {
			return
		}
	}
	kind := SessionContinued
	if paused {
		kind = SessionPaused
	}
	s.auditSeat(c.seat, Event{Kind: kind})
	s.settle()
	if !paused && s.state == wire.StateActive && s.share.missed {
		s.share.missed = false
		s.tell(c, sanitizer.Server(&wire.Resync{Epoch: s.share.floor, Rule: "paused"}))
	}
}

// behind takes note of whether the page is told as it stands, or lags behind. Without consent nobody is told: the word may
// have crossed the end of the consent.
func (s *session) behind(c *conn, behind bool) {
	if !c.seat.pace(paceBehind) {
		s.strike(c, paceRates[paceBehind].name, 0)
		return
	}
	s.lags(behind && s.consent.granted&wire.ScopeView != 0)
}

// lags tells the agents, if that is news.
func (s *session) lags(behind bool) {
	if s.share.behind != behind {
		s.share.behind = behind
		s.tellAll(sanitizer.Server(&wire.Behind{Behind: behind}), watching)
	}
}

// say is a chat message of anybody. Once the page is shared, who waits for the customer's word has no part in the talk.
func (s *session) say(p *seat, f *wire.Say) {
	talks := func(p *seat) bool {
		return people(p) && p.grant.Role != recording && (p == s.room.customer || p.admitted != 0 || s.consent.granted&wire.ScopeView == 0)
	}
	if !talks(p) {
		s.refuse(p, 0, scopeRules[0], 0)
		return
	}
	if !p.pace(paceSay) {
		s.refuse(p, 0, paceRates[paceSay].name, 0)
		return
	}
	clean, r := sanitizer.CheckSay(f, p.id, p.grant.Name)
	if r != nil {
		s.refuse(p, 0, r.Rule, r.Node)
		return
	}
	s.tellAll(clean, talks)
}

// pageRules are the rules by which a page may refuse an input, besides those of the scopes.
var pageRules = []string{
	"row41-file", "row41-typing", "row42-covered", "row42-option", "row42-readonly", "row42-stale", "row42-target",
}

// receipt passes the page's word on to the agent whose input was not carried out. Rules are counted and end up in the
// audit log, so only those that are known go through.
func (s *session) receipt(c *conn, f *wire.Receipt) {
	known := slices.Concat(pageRules, scopeRules[:])
	i := slices.Index(known, f.Rule)
	if i < 0 {
		s.strike(c, "row36-rule", 0)
		return
	}
	for _, p := range s.room.agents {
		if p.id == f.From {
			s.refuse(p, f.Seq, known[i], f.Node)
		}
	}
}

func (s *session) customerDraws(c *conn, f *wire.Stroke) {
	if s.state != wire.StateActive || !c.seat.spend(paceDraw, costOf(f)) {
		return
	}
	clean, r := sanitizer.CheckStroke(f, 0)
	if r != nil {
		s.strike(c, r.Rule, r.Node)
		return
	}
	s.tellAll(clean, watching)
}

// customerPoints passes the customer's pointer on. One that is refused is not worth a strike: it may have been overtaken
// by a batch.
func (s *session) customerPoints(f *wire.Pointer) {
	if s.state != wire.StateActive {
		return
	}
	if clean, r := s.share.page.CheckPointer(f, 0); r == nil {
		s.tellAll(clean, watching)
	}
}
