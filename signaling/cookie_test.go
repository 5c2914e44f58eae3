package signaling

import (
	"net/http"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
)

// Every route is called: by nobody, by a customer, by an agent with a cookie and by one with a token. Whatever cookie comes back
// has exactly the attributes that it must have, and only the ways in and out of the console set one.
func TestG14_CookiesOfEveryRoute(t *testing.T) {
	f := newFaulty(t)
	e := newEnv(t, func(c *Config) {
		c.Limits = Limits{Requests: 100_000, Starts: 100_000, Codes: 100_000}
		c.Trust.Providers, c.Trust.Records = []Provider{f.provider()}, openStore(t)
	})
	may := map[string]bool{"POST /v1/login": true, "DELETE /v1/login": true, "POST /v1/signin": true, "POST /v1/signin/{provider}": true}
	set := map[string]bool{}
	walked := 0
	err := chi.Walk(e.api.handler.(chi.Routes), func(method, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		walked++
		session := e.begin()
		path := strings.NewReplacer("{session}", session.Session, "{code}", session.Code, "{provider}", "faulty").Replace(pattern)
		path = pathOf(path)
		b := e.browser()
		back := b.visit(b.begin("faulty"), "")
		bodies := map[string]string{
			"POST /v1/sessions": `{"siteKey":"shop"}`, "POST /v1/login": asJSON(map[string]string{"token": e.agentToken("ada", "shop")}),
			"POST /v1/signin": asJSON(map[string]string{"code": back.Get("code"), "state": back.Get("state"), "iss": back.Get("iss")}),
			"POST /v1/keys":   asJSON(map[string]string{"site": "shop", "key": publicPEM(t, newP256(t).Public())}),
		}
		body := bodies[method+" "+pattern]
		for _, c := range []call{
			{token: session.Token, origin: shop}, {cookie: b.cookie, origin: e.base}, {cookie: e.signIn(), origin: e.base},
			{token: e.adminToken("shop")}, {origin: shop}, {},
		} {
			c.method, c.path, c.body = method, path, body
			r := e.do(c)
			if r.header.Get("Set-Cookie") == "" {
				continue
			}
			e.cookieOf(r)
			if set[method+" "+pattern] = true; !may[method+" "+pattern] || c.origin == shop {
				t.Errorf("%s %s for a page of %q sets a cookie", method, pattern, c.origin)
			}
		}
		return nil
	})
	if err != nil || walked < 40 || len(set) != len(may) {
		t.Errorf("walked %d routes, %v; cookies are set by %v", walked, err, set)
	}
}
