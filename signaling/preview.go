package signaling

import (
	"net/http"
	"net/url"
	"time"

	"vitrine/internal/audit"
	"vitrine/sfu"
)

// previewLife is how long a preview's address is good: it is opened at once, or not at all.
const previewLife = time.Minute

// preview gives the customer the address of a page that shows what agents are shown. Its token stands in the fragment,
// which browsers send to no server (RFC 9110 section 4.2.5), and every preview is somebody of its own.
func (s *Server) preview(w http.ResponseWriter, r *http.Request) error {
	p, err := s.as(w, r, RoleCustomer)
	if err != nil {
		return err
	}
	t, err := s.sign(sfu.Grant{Session: p.Session, Role: sfu.Preview, Subject: "preview-" + random()}, p.Site, previewLife)
	if err != nil {
		return err
	}
	s.audit(audit.Event{Name: "preview.created", Session: p.Session, Site: p.Site, Role: RoleCustomer, Subject: p.Subject, Outcome: "allowed"})
	fragment := url.Values{"session": {p.Session}, "token": {t.Token}}
	return writeJSON(w, http.StatusCreated, struct {
		URL     string `json:"url"`
		Expires int64  `json:"expires"`
	}{"/console/preview#" + fragment.Encode(), t.TokenExpires})
}
