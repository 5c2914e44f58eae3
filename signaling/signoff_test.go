package signaling

import (
	"net/url"
	"testing"
	"time"

	"vitrine/internal/audit"
	"vitrine/internal/wire"
	"vitrine/test/client"
)

// logoutToken is a logout token of the faulty provider, with some claims replaced.
func (f *faulty) logoutToken(replace map[string]any) string {
	now := time.Now().Unix()
	claims := map[string]any{
		"iss": f.server.URL, "aud": "vitrine", "iat": now, "exp": now + 120, "jti": random(), "sub": "4711",
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	}
	for name, value := range replace {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.change = nil
	return f.sign(claims)
}

func (e *env) signOff(token string) reply {
	return e.do(call{method: "POST", path: "/v1/signoff/faulty", body: url.Values{"logout_token": {token}}.Encode(), mediaType: "application/x-www-form-urlencoded"})
}

// A provider that signs somebody off ends their sign-ins, and takes them out of sessions at once.
func TestG16_ProviderSignsOff(t *testing.T) {
	f := newFaulty(t)
	e := newEnv(t, func(c *Config) { c.Trust.Providers = []Provider{f.provider()} })
	signIn := func() string {
		b := e.browser()
		return b.cookieOf(b.end(b.visit(b.begin("faulty"), "")))
	}
	cookie, session := signIn(), e.begin()
	seat := into[joined](e, e.do(call{method: "POST", path: "/v1/codes/" + session.Code, cookie: cookie, origin: e.base}), 201)
	agent, r := e.join(seat.Session, seat.Token, true)
	if r.status != 201 {
		t.Fatalf("join: %d %s", r.status, r.body)
	}
	next := r.header.Get("Vitrine-Token")
	now := time.Now().Unix()
	for name, bad := range map[string]map[string]any{
		"an ID token":      {"nonce": "n"},
		"no event":         {"events": map[string]any{}},
		"no jti":           {"jti": nil},
		"nobody":           {"sub": nil},
		"wrong aud":        {"aud": "other"},
		"wrong iss":        {"iss": "https://other.example"},
		"expired":          {"exp": now - 1},
		"old":              {"iat": now - 3600},
		"good for a year":  {"exp": now + 31_536_000},
		"no time of issue": {"iat": nil},
	} {
		if r := e.signOff(f.logoutToken(bad)); !e.problem(r, problemForm) {
			t.Logf("the case was: %s", name)
		}
	}
	e.problem(e.signOff("garbage"), problemForm)
	into[meAnswer](e, e.do(call{method: "GET", path: "/v1/me", cookie: cookie}), 200)
	if r := e.signOff(f.logoutToken(map[string]any{"sub": "somebody else"})); r.status != 200 {
		t.Errorf("somebody else: %d", r.status)
	}
	into[meAnswer](e, e.do(call{method: "GET", path: "/v1/me", cookie: cookie}), 200)
	token := f.logoutToken(map[string]any{"sub": nil, "sid": "sid-1"})
	if r := e.signOff(token); r.status != 200 || r.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if f, err := client.Take(t.Context(), agent, func(f *wire.State) bool { return f.State == wire.StateEnded }); err != nil || f.Reason != wire.EndPolicy {
		t.Errorf("the agent's screen: %+v, %v", f, err)
	}
	e.problem(e.do(call{method: "GET", path: "/v1/me", cookie: cookie}), problemSignedOut)
	e.problem(e.do(call{method: "GET", path: "/v1/ice", token: next}), problemSignedOut)
	e.problem(e.signOff(token), problemForm)
	if e.recorded(audit.Event{Name: "logout", Rule: "provider-faulty"}) != 2 || e.recorded(audit.Event{Name: "token.rejected", Rule: "signed-off"}) != 1 ||
		e.recorded(audit.Event{Name: "token.rejected", Rule: "replayed"}) != 1 {
		t.Errorf("audit lines: %+v", e.events)
	}
	if info, ok := e.sfu.Lookup(session.Session); !ok || info.State == wire.StateEnded {
		t.Error("the customer's session ended with its agent")
	}
	signIn() // and may sign in again
}
