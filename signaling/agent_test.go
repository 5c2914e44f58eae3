package signaling

import (
	"slices"
	"testing"
)

func TestRolesHoldWhereTheyWereGiven(t *testing.T) {
	ada := agentID{roles: map[string][]string{"shop": {RoleAgent}, "bank": {RoleAuditor, RoleAdmin}}}
	root := agentID{roles: map[string][]string{AllSites: {RoleAdmin, RoleSupervisor}}}
	for _, try := range []struct {
		who        agentID
		site, role string
		want       bool
	}{
		{ada, "shop", RoleAgent, true}, {ada, "shop", RoleAdmin, false}, {ada, "bank", RoleAdmin, true}, {ada, "bank", RoleAgent, false},
		{ada, AllSites, RoleAdmin, false}, {ada, "", RoleAgent, false}, {ada, "none", RoleAuditor, false}, {ada, "shop", "", false},
		{root, "shop", RoleAdmin, true}, {root, AllSites, RoleAdmin, true}, {root, "shop", RoleAgent, false}, {root, checkSite, RoleAdmin, false},
		{agentID{}, "shop", RoleAgent, false}, {agentID{}, AllSites, RoleAgent, false},
	} {
		if got := try.who.is(try.site, try.role); got != try.want {
			t.Errorf("%v is %s at %q: %v", try.who.roles, try.role, try.site, got)
		}
	}
	for site, want := range map[string]bool{"shop": true, "bank": false} {
		if ada.may(site) != want {
			t.Errorf("ada may at %s: %v", site, !want)
		}
	}
	if !root.may("shop") || root.may(checkSite) || !slices.Equal(ada.sites(), []string{"bank", "shop"}) {
		t.Error("a supervisor of all sites, or the list of sites, is wrong")
	}
}

func TestRolesComeFromTheToken(t *testing.T) {
	e := newEnv(t, nil)
	session := e.begin()
	auditor := e.mint(KindAgent, Claims{Site: "shop", Roles: []string{RoleAuditor}}, "bob")
	e.problem(e.do(call{method: "POST", path: "/v1/codes/" + session.Code, token: auditor}), problemCode)
	everywhere := e.mint(KindAgent, Claims{Site: AllSites, Roles: []string{RoleSupervisor}, Groups: []string{"leads"}}, "eva")
	if r := e.do(call{method: "POST", path: "/v1/codes/" + session.Code, token: everywhere}); r.status != 201 {
		t.Errorf("a supervisor of every site: %d %s", r.status, r.body)
	}
	for name, claims := range map[string]Claims{
		"unknown role":       {Site: "shop", Roles: []string{"root"}},
		"a group's name":     {Site: "shop", Groups: []string{"a\nb"}},
		"customer's session": {Site: "shop", Session: "s_1", Role: RoleCustomer, Roles: []string{RoleAdmin}},
	} {
		kind := KindAgent
		if claims.Session != "" {
			kind = KindSession
		}
		claims.Subject = "eve"
		if _, _, err := e.tokens.Mint(kind, claims, MaxTokenLife); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
}
