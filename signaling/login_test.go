package signaling

import (
	"testing"
	"testing/synctest"
	"time"

	"vitrine/internal/audit"
)

func (e *env) signIn() string {
	e.Helper()
	r := e.do(call{method: "POST", path: "/v1/login", body: `{"token":"` + e.agentToken("ada", "shop") + `"}`, origin: e.base})
	if r.status != 204 || len(r.body) != 0 {
		e.Fatalf("login: %d %s", r.status, r.body)
	}
	return e.cookieOf(r)
}

func TestG14_ConsoleSignsInAndOut(t *testing.T) {
	e := newEnv(t, nil)
	cookie := e.signIn()
	if len(cookie) < 43 {
		t.Errorf("cookie of %d characters", len(cookie))
	}
	me := into[struct {
		Subject, Name string
		Sites         []string
	}](e, e.do(call{method: "GET", path: "/v1/me", cookie: cookie}), 200)
	if me.Subject != "ada" || me.Name != "Agent ada" || len(me.Sites) != 1 || me.Sites[0] != "shop" {
		t.Errorf("me: %+v", me)
	}
	r := e.do(call{method: "DELETE", path: "/v1/login", cookie: cookie, origin: e.base})
	if r.status != 204 || e.cookieOf(r) != "" {
		t.Errorf("logout: %d", r.status)
	}
	e.problem(e.do(call{method: "GET", path: "/v1/me", cookie: cookie}), problemSignedOut)
	if e.recorded(audit.Event{Name: "login"}) != 1 || e.recorded(audit.Event{Name: "logout"}) != 1 {
		t.Error("login and logout are not both in the audit log")
	}
	if r := e.do(call{method: "DELETE", path: "/v1/login", origin: e.base}); r.status != 204 {
		t.Errorf("logout of nobody: %d", r.status)
	}
}

// A cookie goes along whatever page makes the request: SameSite keeps it away from others, and so does the Origin check.
func TestCookieWorksOnOwnPagesOnly(t *testing.T) {
	e := newEnv(t, nil)
	cookie, session := e.signIn(), e.begin()
	for _, origin := range []string{"https://evil.example", "null", shop, "http://127.0.0.1:1"} {
		for _, c := range []call{
			{method: "POST", path: "/v1/codes/" + session.Code},
			{method: "GET", path: "/v1/me"}, {method: "GET", path: "/v1/sessions"}, {method: "DELETE", path: "/v1/login"},
		} {
			c.cookie, c.origin = cookie, origin
			e.problem(e.do(c), problemForeign)
		}
		e.problem(e.do(call{method: "POST", path: "/v1/login", body: `{"token":"` + e.agentToken("eve", "shop") + `"}`, origin: origin}), problemForeign)
		e.problem(e.do(call{method: "POST", path: "/v1/codes/" + session.Code, token: e.agentToken("ada", "shop"), origin: origin}), problemForeign)
	}
	if got := into[joined](e, e.do(call{method: "POST", path: "/v1/codes/" + session.Code, cookie: cookie, origin: e.base}), 201); got.Session != session.Session {
		t.Errorf("the console's own page: %+v", got)
	}
}

func TestLoginTokenIsGoodOnce(t *testing.T) {
	e := newEnv(t, nil)
	token := e.agentToken("ada", "shop")
	body := `{"token":"` + token + `"}`
	if r := e.do(call{method: "POST", path: "/v1/login", body: body, origin: e.base}); r.status != 204 {
		t.Fatalf("first: %d", r.status)
	}
	r := e.do(call{method: "POST", path: "/v1/login", body: body, origin: e.base})
	if e.problem(r, problemToken); r.header.Get("Set-Cookie") != "" {
		t.Error("a refused login sets a cookie")
	}
	if e.recorded(audit.Event{Name: "token.rejected", Rule: "replayed"}) != 1 {
		t.Error("no audit line")
	}
	site := e.mint(KindSite, Claims{Site: "shop"}, "c1")
	e.problem(e.do(call{method: "POST", path: "/v1/login", body: `{"token":"` + site + `"}`, origin: e.base}), problemToken)
}

func TestLoginEndsWhenIdleAndAfterAShift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogins()
		value, ok := l.add(agentID{subject: "ada"})
		if !ok {
			t.Fatal("no room")
		}
		for range 3 {
			time.Sleep(loginIdle - time.Second)
			if _, ok := l.find(value); !ok {
				t.Fatal("a login in use ended")
			}
		}
		time.Sleep(loginIdle)
		if _, ok := l.find(value); ok {
			t.Error("an idle login goes on")
		}
		value, _ = l.add(agentID{subject: "ada"})
		begin := time.Now()
		for time.Since(begin) < loginMost {
			time.Sleep(10 * time.Minute)
			_, ok = l.find(value)
		}
		if ok {
			t.Error("a login has no end")
		}
	})
}

func TestLoginsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogins()
		for range maxLogins {
			if _, ok := l.add(agentID{}); !ok {
				t.Fatal("refused below the bound")
			}
		}
		if _, ok := l.add(agentID{}); ok {
			t.Error("no bound")
		}
		time.Sleep(loginIdle)
		if _, ok := l.add(agentID{}); !ok {
			t.Error("idle logins keep others out")
		}
	})
}
