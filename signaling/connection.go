package signaling

import (
	"errors"
	"net/http"
	"strings"

	"vitrine/internal/wire"
	"vitrine/sfu"
)

// Connections are made as in WHIP (RFC 9725): the offer goes in, the answer comes out, and the address of the
// connection takes an ICE restart or its end. One deviation: a restart is a whole new offer, because there is no parser
// for SDP fragments on this side.

const sdpType = "application/sdp"

// problemOf is the answer to what the SFU or the codes refuse.
func problemOf(err error) error {
	for _, known := range []struct {
		err error
		is  *Problem
	}{
		{sfu.ErrNoSession, problemSession},
		{sfu.ErrNoConnection, problemConnection},
		{sfu.ErrOffer, problemOffer},
		{sfu.ErrETag, problemMatch},
		{sfu.ErrGrant, problemRole},
		{sfu.ErrBusy, problemFull},
		{sfu.ErrFull, problemFull},
		{sfu.ErrClosed, problemUnavailable},
		{errNoCode, problemCode},
		{errCodeLocked, problemCodeLocked},
		{errCodesFull, problemFull},
		{errIDP, problemIDP},
	} {
		if errors.Is(err, known.err) {
			return known.is
		}
	}
	return err
}

// connect answers an offer with a new connection of the person.
func (s *Server) connect(w http.ResponseWriter, r *http.Request) error {
	p, err := s.person(w, r, r.PathValue("session"))
	if err != nil {
		return err
	}
	offer, err := readBody(r, sdpType)
	if err != nil {
		return err
	}
	c, err := s.config.SFU.Connect(r.Context(), p.grant, string(offer))
	if err != nil {
		return problemOf(err)
	}
	if s.logins.isOff(p.Claims) { // while the offer was being answered
		s.config.SFU.Dismiss(p.Subject, wire.EndPolicy)
	}
	w.Header().Set("Location", "/v1/connections/"+c.ID)
	return answerSDP(w, http.StatusCreated, c)
}

func answerSDP(w http.ResponseWriter, status int, c sfu.Connection) error {
	w.Header().Set("ETag", `"`+c.ETag+`"`)
	w.Header().Set("Content-Type", sdpType)
	w.WriteHeader(status)
	_, _ = w.Write([]byte(c.Answer)) // fails only when the client is gone
	return nil
}

// restart answers a new offer for a connection of the person: an ICE restart, after a change of network.
func (s *Server) restart(w http.ResponseWriter, r *http.Request) error {
	p, err := s.person(w, r, "")
	if err != nil {
		return err
	}
	match := r.Header.Get("If-Match")
	if match == "" {
		return problemNoMatch
	}
	offer, err := readBody(r, sdpType)
	if err != nil {
		return err
	}
	etag := strings.TrimSuffix(strings.TrimPrefix(match, `"`), `"`)
	c, err := s.config.SFU.Restart(r.Context(), p.grant, r.PathValue("connection"), etag, string(offer))
	if err != nil {
		return problemOf(err)
	}
	return answerSDP(w, http.StatusOK, c)
}

// disconnect closes a connection of the person. The session goes on.
func (s *Server) disconnect(w http.ResponseWriter, r *http.Request) error {
	p, err := s.person(w, r, "")
	if err != nil {
		return err
	}
	if err := s.config.SFU.Disconnect(p.grant, r.PathValue("connection")); err != nil {
		return problemOf(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
