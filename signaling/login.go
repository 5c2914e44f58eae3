package signaling

import (
	"crypto/sha256"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"vitrine/internal/audit"
)

const (
	cookieName = "__Host-vitrine" // the prefix makes browsers insist on Secure, Path=/ and this very host
	loginIdle  = 15 * time.Minute
	loginMost  = 12 * time.Hour
	maxLogins  = 10_000
)

// A login is one signed-in console.
type login struct {
	agent       agentID
	since, used time.Time
}

// logins are the signed-in consoles, in memory only: a restart signs everybody out. They are found by the hash of the
// cookie, so that the memory never holds what a browser would have to send.
type logins struct {
	mu   sync.Mutex
	live map[[32]byte]login
	off  map[string]int64 // subject → second in which their provider signed them off: tokens from before are void
}

func newLogins() *logins { return &logins{live: map[[32]byte]login{}, off: map[string]int64{}} }

// add signs an agent in and gives the cookie's value; false when there are too many logins.
func (l *logins) add(agent agentID) (string, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if len(l.live) >= maxLogins {
		for hash, old := range l.live {
			if !old.good(now) {
				delete(l.live, hash)
			}
		}
	}
	if len(l.live) >= maxLogins {
		return "", false
	}
	value := random() + random()
	l.live[sha256.Sum256([]byte(value))] = login{agent, now, now}
	return value, true
}

func (l login) good(now time.Time) bool {
	return now.Sub(l.used) < loginIdle && now.Sub(l.since) < loginMost
}

// find gives the agent of a cookie, and notes that it was used.
func (l *logins) find(value string) (agentID, bool) {
	hash := sha256.Sum256([]byte(value))
	l.mu.Lock()
	defer l.mu.Unlock()
	found, ok := l.live[hash]
	now := time.Now()
	if !ok || !found.good(now) {
		delete(l.live, hash)
		return agentID{}, false
	}
	found.used = now
	l.live[hash] = found
	return found.agent, true
}

func (l *logins) remove(value string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.live, sha256.Sum256([]byte(value)))
}

// signOff ends the sign-ins that a provider speaks of: that of one of its sessions, or all of a subject. It gives the
// subjects; their tokens of up to now are void.
func (l *logins) signOff(subject string, from via) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var who []string
	if subject != "" {
		who = append(who, subject)
	}
	for hash, one := range l.live {
		if one.agent.via.provider != from.provider || from.sid != "" && one.agent.via != from || from.sid == "" && one.agent.subject != subject {
			continue
		}
		delete(l.live, hash)
		if !slices.Contains(who, one.agent.subject) {
			who = append(who, one.agent.subject)
		}
	}
	now := time.Now().Unix()
	maps.DeleteFunc(l.off, func(_ string, second int64) bool { return now-second > int64((MaxTokenLife + tokenLeeway).Seconds()) })
	for _, subject := range who {
		l.off[subject] = now
	}
	return who
}

// isOff tells whether a session token is from before its agent was signed off.
func (l *logins) isOff(c Claims) bool {
	if c.Role != RoleAgent {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	second, off := l.off[c.Subject]
	return off && c.IssuedAt.Unix() <= second
}

// setCookie sets the console's cookie. It has no lifetime of its own: it goes with the browser.
func setCookie(w http.ResponseWriter, value string) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}

// agent is whoever signed the request in: by a token that is used up here, or by the console's cookie. A cookie works
// on the server's own pages only; SameSite says so to the browser, and the Origin header to us.
func (s *Server) agent(r *http.Request) (agentID, error) {
	if raw, ok := bearer(r); ok {
		claims, err := s.verify(raw, KindAgent)
		if err != nil {
			return agentID{}, err
		}
		if !s.ownPage(r) {
			return agentID{}, problemForeign
		}
		agent := agentOf(claims)
		return agent, s.shut(agent.subject, "", "")
	}
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return agentID{}, problemNoToken
	}
	if !s.ownPage(r) {
		return agentID{}, problemForeign
	}
	agent, ok := s.logins.find(cookie.Value)
	if !ok {
		return agentID{}, problemSignedOut
	}
	return agent, s.shut(agent.subject, "", "")
}

// login signs a console in with an agent token.
func (s *Server) login(w http.ResponseWriter, r *http.Request) error {
	if !s.ownPage(r) {
		return problemForeign
	}
	var body struct{ Token string }
	if err := readJSON(r, map[string]member{"token": text(maxToken)}, &body); err != nil {
		return err
	}
	claims, err := s.verify(body.Token, KindAgent)
	if err != nil {
		return err
	}
	agent := agentOf(claims)
	if err := s.shut(agent.subject, "", ""); err != nil {
		return err
	}
	value, ok := s.logins.add(agent)
	if !ok {
		return problemFull
	}
	s.audit(audit.Event{Name: "login", Role: RoleAgent, Subject: agent.subject, Site: claims.Site, Outcome: "allowed"})
	setCookie(w, value)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// logout signs a console out. It never fails: who is not signed in is signed out.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) error {
	if !s.ownPage(r) {
		return problemForeign
	}
	if cookie, err := r.Cookie(cookieName); err == nil {
		if agent, ok := s.logins.find(cookie.Value); ok {
			s.audit(audit.Event{Name: "logout", Role: RoleAgent, Subject: agent.subject})
		}
		s.logins.remove(cookie.Value)
	}
	setCookie(w, "")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// me says who is signed in.
func (s *Server) me(w http.ResponseWriter, r *http.Request) error {
	agent, err := s.agent(r)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, struct {
		Subject string              `json:"subject"`
		Name    string              `json:"name"`
		Sites   []string            `json:"sites"`
		Roles   map[string][]string `json:"roles"`
	}{agent.subject, agent.name, agent.sites(), agent.roles})
}
