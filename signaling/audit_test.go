package signaling

import (
	"errors"
	"sync/atomic"
	"testing"
)

// While nothing can be written down nobody new gets in; whoever is in may come back, leave and end.
func TestNobodyGetsInUnwritten(t *testing.T) {
	var broken atomic.Bool
	e := newEnv(t, func(c *Config) {
		c.Trust.Auditing = func() error {
			if broken.Load() {
				return errors.New("disk full")
			}
			return nil
		}
	})
	session := e.begin()
	broken.Store(true)
	for name, c := range map[string]call{
		"start":  {method: "POST", path: "/v1/sessions", body: `{"siteKey":"shop"}`, origin: shop},
		"login":  {method: "POST", path: "/v1/login", body: `{"token":"` + e.agentToken("ada", "shop") + `"}`},
		"redeem": {method: "POST", path: "/v1/codes/" + session.Code, token: e.agentToken("ada", "shop")},
		"ready":  {method: "GET", path: "/readyz"},
	} {
		if r := e.do(c); !e.problem(r, problemAudit) || r.header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	if _, r := e.join(session.Session, session.Token, false); r.status != 201 {
		t.Errorf("a customer's connection: %d %s", r.status, r.body)
	}
	broken.Store(false)
	if joined := e.redeem(session.Code); joined.Session != session.Session {
		t.Errorf("the code was spent: %+v", joined)
	}
}
