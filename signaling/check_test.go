package signaling

import "testing"

func (e *env) check(token, origin string) reply {
	e.Helper()
	body := "{}"
	if token != "" {
		body = `{"token":"` + token + `"}`
	}
	return e.do(call{method: "POST", path: "/v1/checks", body: body, origin: origin})
}

func TestCheckWantsATokenOfItsOwnKind(t *testing.T) {
	e := newEnv(t, func(c *Config) { c.Demo = false })
	e.problem(e.check("", ""), problemNoToken)
	for _, other := range []string{
		e.agentToken("ada", "shop"), e.mint(KindSite, Claims{Site: "shop"}, "me"),
		e.mint(KindSession, Claims{Site: checkSite, Session: "x", Role: RoleCustomer}, "me"),
	} {
		if r := e.check(other, ""); r.status != 401 {
			t.Errorf("a token of another kind: %d %s", r.status, r.body)
		}
	}
	token := e.mint(KindCheck, Claims{}, "me")
	got := into[begun](e, e.check(token, ""), 201)
	if got.Code != "" || got.Token == "" || len(got.ICE) != 1 {
		t.Errorf("%+v", got)
	}
	if r := e.check(token, ""); r.status != 401 {
		t.Errorf("the token is good twice: %d", r.status)
	}
	if _, _, err := e.tokens.Mint(KindCheck, Claims{Site: "shop"}, MaxTokenLife); err == nil {
		t.Error("a check token names a site")
	}
	start := e.do(call{method: "POST", path: "/v1/sessions", body: `{"siteKey":"` + checkSite + `"}`, origin: e.base})
	e.problem(start, problemOrigin)
}

func TestCheckSessionIsForNobodyElse(t *testing.T) {
	e := newEnv(t, nil)
	e.problem(e.check("", shop), problemForeign)
	got := into[begun](e, e.check("", e.base), 201)
	renewed := e.do(call{method: "POST", path: "/v1/sessions/" + got.Session + "/code", token: got.Token, origin: e.base})
	e.problem(renewed, problemRole)
	rows := into[[]struct{ Session string }](e, e.do(call{method: "GET", path: "/v1/sessions", token: e.agentToken("ada", "shop")}), 200)
	if len(rows) != 0 {
		t.Errorf("agents see it: %+v", rows)
	}
	next := renewed.header.Get("Vitrine-Token")
	foreign := e.do(call{method: "GET", path: "/v1/ice", token: next, origin: shop})
	e.problem(foreign, problemForeign)
	again := into[begun](e, e.check("", ""), 201)
	if r := e.do(call{method: "DELETE", path: "/v1/sessions/" + again.Session, token: again.Token}); r.status != 204 {
		t.Errorf("ending it: %d %s", r.status, r.body)
	}
	if _, there := e.sfu.Lookup(again.Session); there {
		t.Error("it is still there")
	}
}
