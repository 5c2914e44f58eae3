package signaling

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"vitrine/internal/audit"
)

type requestKey struct{}

// withRequestID names a request, so that an answer and the log can be put side by side.
func withRequestID(ctx context.Context) context.Context {
	return context.WithValue(ctx, requestKey{}, random())
}

func requestID(r *http.Request) string {
	id, _ := r.Context().Value(requestKey{}).(string)
	return id
}

// readBody reads the body of one media type.
func readBody(r *http.Request, mediaType string) ([]byte, error) {
	if got, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || got != mediaType {
		return nil, problemMedia
	}
	data, err := io.ReadAll(r.Body)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, problemTooLarge
	case err != nil:
		return nil, problemJSON // cut short: the client is gone
	}
	return data, nil
}

// readJSON reads one JSON object with known members into a struct.
func readJSON(r *http.Request, known map[string]member, into any) error {
	data, err := readBody(r, "application/json")
	if err != nil {
		return err
	}
	if strictObject(data, known) != nil || json.Unmarshal(data, into) != nil {
		return problemJSON
	}
	return nil
}

func writeJSON(w http.ResponseWriter, status int, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n')) // fails only when the client is gone
	return nil
}

// bearer is the token of the Authorization header (RFC 6750 section 2.1). A token is never taken from an address.
func bearer(r *http.Request) (string, bool) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return "", len(values) > 1 // two are one token too many: the empty one is refused
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", true
	}
	return token, true
}

// verify uses a token up; a refusal is remembered with its rule and answered without it.
func (s *Server) verify(raw string, kind Kind) (Claims, error) {
	claims, err := s.config.Tokens.Verify(raw, kind)
	var rejected *Rejected
	if errors.As(err, &rejected) {
		s.rejected(rejected.Rule, Claims{})
		return Claims{}, problemToken
	}
	return claims, err
}

// rejected remembers that a token was refused. The claims are those of a token whose signature was good, or empty.
func (s *Server) rejected(rule string, c Claims) {
	s.audit(audit.Event{
		Name: "token.rejected", Session: c.Session, Site: c.Site, Role: c.Role, Subject: c.Subject,
		Outcome: "refused", Rule: rule,
	})
}

func (s *Server) audit(e audit.Event) { s.config.Audit(e) }
