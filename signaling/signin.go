package signaling

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"vitrine/internal/audit"
	"vitrine/internal/wire"
)

// A sign-in begins and ends on the console's own page: the page asks for the provider's address, goes there, is sent back to
// with a code in its address, and hands the code over in a call of its own. So the one cookie can be SameSite=Strict, which
// browsers leave out when another site sends them here, and the code is taken from a page of this server only.

const (
	signInLife  = 10 * time.Minute // from the console to the provider and back
	maxSignIns  = 10_000
	redirectURI = "/console/" // registered with the provider, below the public address
	maxCode     = 2 << 10     // bytes of an authorization code
)

// A signIn is one that is under way.
type signIn struct {
	provider *idp
	browser  [32]byte // hash of its cookie: whoever brings the code back must be who was sent away (RFC 6749 section 10.12)
	nonce    string
	verifier string
	redirect string
	ends     time.Time
}

// signIns are those under way, by the hash of their state, each good once.
type signIns struct {
	mu   sync.Mutex
	live map[[32]byte]signIn
}

func newSignIns() *signIns { return &signIns{live: map[[32]byte]signIn{}} }

// add notes a sign-in. When there are too many the oldest makes room: anybody may begin one, and those whom a flood would
// keep out are people who take seconds.
func (l *signIns) add(state string, flow signIn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.live) >= maxSignIns {
		var oldest [32]byte
		first := flow.ends
		for hash, old := range l.live {
			if old.ends.Before(first) {
				oldest, first = hash, old.ends
			}
		}
		delete(l.live, oldest)
	}
	if len(l.live) < maxSignIns {
		l.live[sha256.Sum256([]byte(state))] = flow
	}
}

// take gives the sign-in of a state to the browser that began it.
func (l *signIns) take(state, cookie string) (signIn, bool) {
	hash := sha256.Sum256([]byte(state))
	l.mu.Lock()
	defer l.mu.Unlock()
	flow, ok := l.live[hash]
	delete(l.live, hash)
	return flow, ok && time.Now().Before(flow.ends) && flow.browser == sha256.Sum256([]byte(cookie))
}

// newProviders readies the providers of a configuration.
func newProviders(list []Provider, sites map[string]Site, logger *slog.Logger) ([]*idp, error) {
	var all []*idp
	for _, p := range list {
		if err := p.Validate(); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(all, func(other *idp) bool {
			return other.Key == p.Key || other.Issuer == p.Issuer && other.ClientID == p.ClientID
		}) {
			return nil, errors.New("provider " + p.Key + ": is listed twice")
		}
		for _, rule := range p.Roles {
			for _, site := range rule.Sites {
				if _, ok := sites[site]; !ok && site != AllSites {
					return nil, fmt.Errorf("provider %s: there is no site with the key %q", p.Key, site)
				}
			}
		}
		all = append(all, newIDP(p, func(err error) {
			logger.Warn("an identity provider does not answer: agents cannot sign in with it; those who are signed in go on",
				"provider", p.Key, "issuer", p.Issuer, "error", err)
		}))
	}
	return all, nil
}

func (s *Server) provider(key string) (*idp, error) {
	i := slices.IndexFunc(s.providers, func(p *idp) bool { return p.Key == key })
	if i < 0 {
		return nil, problemProvider
	}
	return s.providers[i], nil
}

// listProviders tells the sign-in screen what can be chosen.
func (s *Server) listProviders(w http.ResponseWriter, _ *http.Request) error {
	type row struct {
		Key  string `json:"key"`
		Name string `json:"name"`
	}
	rows := []row{}
	for _, p := range s.providers {
		rows = append(rows, row{p.Key, p.Name})
	}
	return writeJSON(w, http.StatusOK, rows)
}

// beginSignIn gives the console the address at which the provider asks who the agent is.
func (s *Server) beginSignIn(w http.ResponseWriter, r *http.Request) error {
	if !s.ownPage(r) {
		return problemForeign
	}
	p, err := s.provider(r.PathValue("provider"))
	if err != nil {
		return err
	}
	if _, wait, ok := s.starts.take(sourceOf(r)); !ok {
		return problemRate.after(wait)
	}
	d, err := p.alive()
	if err != nil {
		return problemOf(err)
	}
	cookie := ""
	if old, err := r.Cookie(cookieName); err == nil && len(old.Value) == 2*len(random()) {
		cookie = old.Value // another tab may be signing in
	} else {
		cookie = random() + random()
		setCookie(w, cookie)
	}
	base := s.config.Base
	if origin := r.Header.Get("Origin"); origin != "" {
		base = origin // one of the server's own: the code must come back to where the cookie is
	}
	flow := signIn{p, sha256.Sum256([]byte(cookie)), random(), oauth2.GenerateVerifier(), base + redirectURI, time.Now().Add(signInLife)}
	state := random()
	s.signIns.add(state, flow)
	address := p.flow(d, flow.redirect).AuthCodeURL(state, oidc.Nonce(flow.nonce), oauth2.S256ChallengeOption(flow.verifier))
	return writeJSON(w, http.StatusOK, struct {
		URL string `json:"url"`
	}{address})
}

// endSignIn takes the code that the provider sent the console back with.
func (s *Server) endSignIn(w http.ResponseWriter, r *http.Request) error {
	if !s.ownPage(r) {
		return problemForeign
	}
	var body struct{ Code, State, Iss string }
	if err := readJSON(r, map[string]member{"code": text(maxCode), "state": text(maxName), "iss": text(maxCode)}, &body); err != nil {
		return err
	}
	old := ""
	if cookie, err := r.Cookie(cookieName); err == nil {
		old = cookie.Value
	}
	flow, ok := s.signIns.take(body.State, old)
	if !ok {
		return s.refuseSignIn(nil, &Rejected{"state"})
	}
	agent, err := flow.identify(r.Context(), body.Code, body.Iss)
	if err != nil {
		return s.refuseSignIn(flow.provider, err)
	}
	if len(agent.roles) == 0 {
		s.audit(audit.Event{Name: "login", Role: RoleAgent, Subject: agent.subject, Outcome: "refused", Rule: "no-role"})
		return problemNoRole
	}
	value, ok := s.logins.add(agent)
	if !ok {
		return problemFull
	}
	s.logins.remove(old)
	s.audit(audit.Event{Name: "login", Role: RoleAgent, Subject: agent.subject, Outcome: "allowed", Rule: "provider-" + flow.provider.Key})
	setCookie(w, value)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// identify is the agent whom a provider's code stands for.
func (f signIn) identify(ctx context.Context, code, iss string) (agentID, error) {
	d, err := f.provider.discover()
	if err != nil {
		return agentID{}, err
	}
	// Without this a provider could be handed the code of another (RFC 9207 section 2.4).
	if (iss != "" || d.namesIss) && iss != f.provider.Issuer {
		return agentID{}, &Rejected{"response-iss"}
	}
	who, err := f.provider.redeem(ctx, f, code)
	if err != nil {
		return agentID{}, err
	}
	return agentID{
		subject: f.provider.subject(who.sub), name: cmp.Or(who.name, "Agent"), groups: who.groups, roles: f.provider.roles(who.groups),
		via: via{f.provider.Key, who.sid},
	}, nil
}

// refuseSignIn remembers why a sign-in was refused. The browser is told that it was, not why.
func (s *Server) refuseSignIn(p *idp, err error) error {
	event := audit.Event{Name: "login", Role: RoleAgent, Outcome: "refused", Rule: "provider-unreachable"}
	var rejected *Rejected
	if errors.As(err, &rejected) {
		event.Rule = rejected.Rule
		err = problemSignIn
	}
	if p != nil {
		s.config.Logger.Info("a sign-in was refused", "provider", p.Key, "rule", event.Rule)
	}
	s.audit(event)
	return problemOf(err)
}

// signOff takes a logout token, by which a provider says that it signed somebody out, or locked them (OpenID Connect
// Back-Channel Logout 1.0). It ends the person's sign-ins here, and takes them out of every session.
func (s *Server) signOff(w http.ResponseWriter, r *http.Request) error {
	p, err := s.provider(r.PathValue("provider"))
	if err != nil {
		return err
	}
	if _, wait, ok := s.starts.take(sourceOf(r)); !ok {
		return problemRate.after(wait)
	}
	data, err := readBody(r, "application/x-www-form-urlencoded")
	if err != nil {
		return err
	}
	form, err := url.ParseQuery(string(data))
	if err != nil || len(form["logout_token"]) != 1 {
		return problemForm
	}
	token, err := p.logout(r.Context(), form.Get("logout_token"))
	if err == nil {
		if fresh, room := s.config.Tokens.used.use("logout\x00"+p.Key+"\x00"+token.TokenID, token.Expiry, time.Now()); !fresh || !room {
			err = &Rejected{"replayed"}
		}
	}
	var rejected *Rejected
	if errors.As(err, &rejected) {
		s.audit(audit.Event{Name: "token.rejected", Role: RoleAgent, Outcome: "refused", Rule: rejected.Rule})
		return problemForm
	}
	if err != nil {
		return problemOf(err)
	}
	subject := ""
	if token.Subject != "" {
		subject = p.subject(token.Subject)
	}
	for _, who := range s.logins.signOff(subject, via{p.Key, token.SessionID}) {
		s.audit(audit.Event{Name: "logout", Role: RoleAgent, Subject: who, Rule: "provider-" + p.Key})
		s.config.SFU.Dismiss(who, wire.EndPolicy)
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// logout checks a logout token. Its keys are those of the last discovery: this call is for anybody to make.
func (p *idp) logout(ctx context.Context, raw string) (*oidc.LogoutToken, error) {
	d, err := p.discover()
	if err != nil {
		return nil, err
	}
	token, err := d.Verifier(&oidc.Config{ClientID: p.ClientID}).VerifyLogout(oidc.ClientContext(ctx, p.client), raw)
	if err != nil {
		return nil, refusedID(err)
	}
	if age := time.Since(token.IssuedAt); age > MaxTokenLife || age < -time.Minute || time.Until(token.Expiry) > MaxTokenLife {
		return nil, &Rejected{"life"}
	}
	return token, nil
}
