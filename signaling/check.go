package signaling

import (
	"errors"
	"net/http"
	"time"

	"vitrine/internal/audit"
	"vitrine/internal/wire"
	"vitrine/sfu"
)

const (
	checkSite = "(check)"       // no site of a configuration can be called so
	checkLife = 5 * time.Minute // of a session that checks the way to this server
)

// check opens a session that nobody can join, for whoever checks whether a network lets people through to this server:
// `vitrine turn check` and the page at /check. It has no code and nothing of a page can come into it. A relay is not to be
// had for the asking, so it takes a token that the server's admin signed; a development server, which is for its own
// machine only, asks for none.
func (s *Server) check(w http.ResponseWriter, r *http.Request) error {
	if s.draining.Load() {
		return problemUnavailable
	}
	var body struct{ Token string }
	if err := readJSON(r, map[string]member{"token": text(maxToken)}, &body); err != nil {
		return err
	}
	if !s.ownPage(r) {
		return problemForeign
	}
	if _, wait, ok := s.starts.take(sourceOf(r)); !ok {
		return problemRate.after(wait)
	}
	subject := "check-" + random()
	switch {
	case body.Token != "":
		claims, err := s.verify(body.Token, KindCheck)
		if err != nil {
			return err
		}
		subject = claims.Subject
	case !s.config.Demo:
		return problemNoToken
	}
	id, err := s.config.SFU.Open(sfu.SessionConfig{Site: checkSite, Origin: s.config.Base})
	if err != nil {
		return problemOf(err)
	}
	s.book.add(entry{session: id, site: checkSite, origin: s.config.Base, customer: subject, created: time.Now()})
	t, err := s.ticket(sfu.Grant{Session: id, Role: sfu.Customer, Subject: subject}, checkSite)
	if err != nil {
		return errors.Join(problemOf(err), s.config.SFU.End(id, wire.EndFault))
	}
	time.AfterFunc(checkLife, func() { _ = s.config.SFU.End(id, wire.EndLimit) }) // most have ended long before
	s.audit(audit.Event{Name: "check.started", Session: id, Role: RoleCustomer, Subject: subject, Outcome: "allowed"})
	return writeJSON(w, http.StatusCreated, struct {
		Session string `json:"session"`
		ticket
		ICE []ICEServer `json:"ice"`
	}{id, t, s.iceServers(id, RoleCustomer)})
}
