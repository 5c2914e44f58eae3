package signaling

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"vitrine/internal/access"
	"vitrine/internal/audit"
	"vitrine/internal/wire"
	"vitrine/sfu"
)

// mayAsk is what an agent may ask a customer for. Where a site may be recorded there is more: see mayAskAt.
const mayAsk = wire.ScopeView | wire.ScopeControl | wire.ScopeSecondAgent

// A ticket is a fresh session token with its end.
type ticket struct {
	Token        string `json:"token"`
	TokenExpires int64  `json:"tokenExpires"`
}

// The two halves of an answer that begins a session for somebody.
type (
	siteInfo struct {
		Name    string `json:"name"`
		Company string `json:"company"`
	}
	maskInfo struct {
		Selectors []string `json:"selectors"`
		Private   bool     `json:"private"`
	}
)

// A started is what a customer's page is told.
type started struct {
	Session     string `json:"session"`
	Code        string `json:"code"`
	CodeExpires int64  `json:"codeExpires"`
	ticket
	ICE  []ICEServer `json:"ice"`
	Site siteInfo    `json:"site"`
	Mask maskInfo    `json:"mask"`
}

// start opens a session for a customer's page: by the site's key, or by a token that the owner's back end signed. The
// page's origin must belong to the site in both cases, because it is what agents are shown.
func (s *Server) start(w http.ResponseWriter, r *http.Request) error {
	if s.draining.Load() {
		return problemUnavailable
	}
	var body struct{ SiteKey, Token string }
	if err := readJSON(r, map[string]member{"siteKey": text(maxName), "token": text(maxToken)}, &body); err != nil {
		return err
	}
	if (body.SiteKey == "") == (body.Token == "") {
		return problemJSON
	}
	if _, wait, ok := s.starts.take(sourceOf(r)); !ok {
		return problemRate.after(wait)
	}
	key, subject := body.SiteKey, "customer-"+random()
	if body.Token != "" {
		claims, err := s.verify(body.Token, KindSite)
		if err != nil {
			return err
		}
		key, subject = claims.Site, claims.Subject
	}
	origin := r.Header.Get("Origin")
	site, ok := s.sites[key]
	if !ok || !site.allows(origin) {
		return problemOrigin
	}
	if err := s.shut("", key, ""); err != nil {
		return err
	}
	id, err := s.config.SFU.Open(sfu.SessionConfig{Site: key, Origin: origin, Policy: site.policy(), Record: s.recorder(site)})
	if err != nil {
		return problemOf(err)
	}
	s.book.add(entry{session: id, site: key, origin: origin, customer: subject, created: time.Now()})
	answer, err := s.started(id, site, subject)
	if err != nil {
		return errors.Join(problemOf(err), s.config.SFU.End(id, wire.EndFault))
	}
	s.audit(audit.Event{Name: "session.created", Session: id, Site: key, Role: RoleCustomer, Subject: subject, Outcome: "allowed"})
	return writeJSON(w, http.StatusCreated, answer)
}

func (s *Server) started(id string, site Site, subject string) (started, error) {
	digits, expires, err := s.codes.issue(id)
	if err != nil {
		return started{}, err
	}
	t, err := s.ticket(sfu.Grant{Session: id, Role: sfu.Customer, Subject: subject}, site.Key)
	if err != nil {
		return started{}, err
	}
	selectors := site.Mask
	if selectors == nil {
		selectors = []string{}
	}
	return started{
		Session: id, Code: digits, CodeExpires: expires.Unix(), ticket: t, ICE: s.iceServers(id, RoleCustomer),
		Site: siteInfo{site.Name, site.Company}, Mask: maskInfo{selectors, site.Private},
	}, nil
}

// ticket signs a token for the next connection of a person.
func (s *Server) ticket(g sfu.Grant, site string) (ticket, error) {
	return s.sign(g, site, MaxTokenLife)
}

func (s *Server) sign(g sfu.Grant, site string, life time.Duration) (ticket, error) {
	claims := Claims{Session: g.Session, Role: g.Role.String(), Name: g.Name, Site: site}
	claims.Subject = g.Subject
	token, expires, err := s.config.Tokens.Mint(KindSession, claims, life)
	return ticket{token, expires.Unix()}, err
}

// Ticket signs a token for the next connection of the person that a grant is for.
func (s *Server) Ticket(g sfu.Grant) (string, error) {
	e, ok := s.book.find(g.Session)
	if !ok {
		return "", sfu.ErrNoSession
	}
	t, err := s.ticket(g, e.site)
	return t.Token, err
}

// Ended forgets a session: its code and its tokens are good for nothing from here on.
func (s *Server) Ended(session string) {
	s.codes.forget(session)
	s.book.remove(session)
}

// iceServers are the ICE servers for one role of a session; never nil, because clients read a list.
func (s *Server) iceServers(session, role string) []ICEServer {
	return append([]ICEServer{}, s.config.ICE(session, role)...)
}

// A person is who shows a session token, and the session it is for.
type person struct {
	Claims
	grant sfu.Grant
}

// person reads the session token of a request. session is the one the address names, "" when it names none. Each token
// is good once, so the next one goes out at once: a client whose call is then refused for another reason is not lost.
func (s *Server) person(w http.ResponseWriter, r *http.Request, session string) (person, error) {
	raw, ok := bearer(r)
	if !ok {
		return person{}, problemNoToken
	}
	claims, err := s.verify(raw, KindSession)
	if err != nil {
		return person{}, err
	}
	if session != "" && claims.Session != session {
		s.rejected("other-session", claims)
		return person{}, problemSession
	}
	e, ok := s.book.find(claims.Session)
	if !ok || e.site != claims.Site {
		return person{}, problemSession
	}
	if s.logins.isOff(claims) {
		s.rejected("signed-off", claims)
		return person{}, problemSignedOut
	}
	if err := s.place(r, claims); err != nil {
		return person{}, err
	}
	insider := ""
	if claims.Role == RoleAgent {
		insider = claims.Subject
	}
	if err := s.shut(insider, claims.Site, claims.Session); err != nil {
		return person{}, err
	}
	grant := s.grant(r, claims, e)
	next, err := s.ticket(grant, e.site)
	if err != nil {
		return person{}, err
	}
	w.Header().Set("Vitrine-Token", next.Token)
	return person{claims, grant}, nil
}

// place holds a person's page against their role: customers call from their site's pages, agents and previews from the
// server's own.
func (s *Server) place(r *http.Request, c Claims) error {
	origin := r.Header.Get("Origin")
	switch {
	case c.Role != RoleCustomer && !s.ownPage(r):
		return problemForeign
	case c.Site == checkSite && !s.ownPage(r):
		return problemForeign
	case c.Site != checkSite && c.Role == RoleCustomer && origin != "" && !s.sites[c.Site].allows(origin):
		return problemOrigin
	}
	return nil
}

// grant is what the SFU is told of a person. The origin is that of this very request: customers move between the
// origins of a site, and what agents are shown must be where the page is now.
func (s *Server) grant(r *http.Request, c Claims, e entry) sfu.Grant {
	g := sfu.Grant{Session: c.Session, Subject: c.Subject, Name: c.Name}
	switch c.Role {
	case RoleCustomer:
		g.Role, g.Origin = sfu.Customer, r.Header.Get("Origin")
		if g.Origin == "" {
			g.Origin = e.origin
		}
	case RoleAgent:
		g.Role, g.Company, g.May = sfu.Agent, s.sites[e.site].Company, s.mayAskAt(s.sites[e.site])
	case RolePreview:
		g.Role = sfu.Preview
	}
	return g
}

// as is a person who must have one of some roles in the session that the address names.
func (s *Server) as(w http.ResponseWriter, r *http.Request, roles ...string) (person, error) {
	p, err := s.person(w, r, r.PathValue("session"))
	if err == nil && !slices.Contains(roles, p.Role) {
		s.rejected("role", p.Claims)
		err = problemRole
	}
	return p, err
}

// renewCode gives the customer a fresh code; the one before is void.
func (s *Server) renewCode(w http.ResponseWriter, r *http.Request) error {
	p, err := s.as(w, r, RoleCustomer)
	if err != nil {
		return err
	}
	if p.Site == checkSite {
		return problemRole // there is nothing to see
	}
	digits, expires, err := s.codes.issue(p.Session)
	if err != nil {
		return problemOf(err)
	}
	return writeJSON(w, http.StatusOK, struct {
		Code        string `json:"code"`
		CodeExpires int64  `json:"codeExpires"`
		Token       string `json:"token"`
	}{digits, expires.Unix(), w.Header().Get("Vitrine-Token")})
}

// redeem turns a code into a session token for the agent who was told it. Unknown, expired, used and other companies'
// codes are answered alike. What was wrong counts for the source address; what was right does not, so a call centre
// behind one address is not slowed down.
func (s *Server) redeem(w http.ResponseWriter, r *http.Request) error {
	agent, err := s.agent(r)
	if err != nil {
		return err
	}
	refund, wait, ok := s.guesses.take(sourceOf(r))
	if !ok {
		s.audit(audit.Event{Name: "code.failed", Role: RoleAgent, Subject: agent.subject, Outcome: "refused", Rule: "rate"})
		return problemRate.after(wait)
	}
	var e entry
	session, err := s.codes.redeem(r.PathValue("code"), func(session string) bool {
		e, ok = s.book.find(session)
		return ok && len(agent.at(e.site)) > 0 && s.allow(agent, access.View, e.site)
	})
	if err != nil {
		rule := "unknown"
		if errors.Is(err, errCodeLocked) {
			rule = "locked"
		}
		s.audit(audit.Event{Name: "code.failed", Role: RoleAgent, Subject: agent.subject, Outcome: "refused", Rule: rule})
		return problemOf(err)
	}
	refund()
	s.book.admit(session, agent)
	t, err := s.ticket(sfu.Grant{Session: session, Role: sfu.Agent, Subject: agent.subject, Name: agent.name}, e.site)
	if err != nil {
		return err
	}
	s.audit(audit.Event{Name: "code.redeemed", Session: session, Site: e.site, Role: RoleAgent, Subject: agent.subject, Outcome: "allowed"})
	return writeJSON(w, http.StatusCreated, struct {
		Session string `json:"session"`
		ticket
		ICE []ICEServer `json:"ice"`
	}{session, t, s.iceServers(session, RoleAgent)})
}

// stateNames are how states are written in JSON.
var stateNames = map[wire.SessionState]string{
	wire.StateWaiting: "waiting", wire.StateAsked: "asked", wire.StateActive: "active", wire.StatePaused: "paused",
	wire.StateResuming: "resuming", wire.StateEnded: "ended",
}

// StateName is how a state is written in JSON and metrics.
func StateName(state wire.SessionState) string { return stateNames[state] }

// lobby lists the sessions of the agent's sites, oldest first.
func (s *Server) lobby(w http.ResponseWriter, r *http.Request) error {
	agent, err := s.agent(r)
	if err != nil {
		return err
	}
	type row struct {
		Session string `json:"session"`
		Site    string `json:"site"`
		State   string `json:"state"`
		Created int64  `json:"created"`
		Agents  int    `json:"agents"`
	}
	rows := []row{}
	for _, e := range s.book.list(func(site string) bool { return s.decide(agent, access.View, site).Allowed }) {
		if info, ok := s.config.SFU.Lookup(e.session); ok {
			rows = append(rows, row{e.session, e.site, StateName(info.State), e.created.Unix(), len(info.Agents)})
		}
	}
	return writeJSON(w, http.StatusOK, rows)
}

// end ends a session for everybody.
func (s *Server) end(w http.ResponseWriter, r *http.Request) error {
	p, err := s.as(w, r, RoleCustomer, RoleAgent)
	if err != nil {
		return err
	}
	reason := wire.EndCustomer
	if p.Role == RoleAgent {
		reason = wire.EndAgent
	}
	if err := s.config.SFU.End(p.Session, reason); err != nil {
		return problemOf(err)
	}
	w.Header().Del("Vitrine-Token") // there is nothing left to use it for
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// ice gives fresh TURN credentials for a session.
func (s *Server) ice(w http.ResponseWriter, r *http.Request) error {
	p, err := s.person(w, r, "")
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, struct {
		ICE   []ICEServer `json:"ice"`
		Token string      `json:"token"`
	}{s.iceServers(p.Session, p.Role), w.Header().Get("Vitrine-Token")})
}
