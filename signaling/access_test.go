package signaling

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"vitrine/internal/access"
	"vitrine/internal/audit"
	"vitrine/internal/store"
	"vitrine/internal/wire"
	"vitrine/sfu"
)

// withPolicy has a server decide by a policy of its own, or the default one with more behind it.
func withPolicy(t *testing.T, more string) func(*Config) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "access.cedar")
	if err := os.WriteFile(name, append(access.Default(), more...), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := access.Open(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	return func(c *Config) { c.Trust.Access = m }
}

// rights is what the default policy gives each role, written down a second time.
var rights = map[string][]access.Action{
	RoleAgent: {access.View, access.Point, access.Scroll, access.Click, access.Type, access.Navigate, access.Record, access.SecondAgent, access.HandOver},
	RoleSupervisor: {
		access.View, access.Point, access.Scroll, access.Click, access.Type, access.Navigate, access.SecondAgent, access.HandOver,
		access.ReadRecord, access.ReadChat,
	},
	RoleAdmin:   {access.Lock, access.Keys, access.WriteSetting, access.EraseSubject, access.DeleteRecord},
	RoleAuditor: {access.ReadAudit, access.ReadRecord, access.ReadChat, access.ReadSubject},
}

// Every role, alone and at one site or at all of them, against every action at every site and, where pages count, on pages.
func TestG05_RoleActionSitePath(t *testing.T) {
	e := newEnv(t, withPolicy(t, `
@id("payment") forbid (principal, action, resource is Page) when { resource.path like "/payment*" };
@id("no-typing") forbid (principal, action == Action::"type", resource is Page) when { resource.path == "/form" };`))
	cases, outcomes := 0, map[string]int{}
	for role, allowed := range rights {
		for _, where := range []string{"shop", AllSites} {
			a := agentID{subject: role + "@" + where, roles: map[string][]string{where: {role}}}
			for _, site := range []string{"shop", "bank", access.Server} {
				for _, action := range access.Actions() {
					want := slices.Contains(allowed, action) && (where == AllSites || where == site)
					before := e.recorded(audit.Event{Name: "access.allowed"}) + len(e.events)
					if got := e.api.allow(a, action, site); got != want {
						t.Errorf("%s may %s at %q: %v, want %v", a.subject, action, site, got, want)
					}
					if len(e.events)+e.recorded(audit.Event{Name: "access.allowed"}) == before {
						t.Fatal("the decision is not written down")
					}
					last := e.events[len(e.events)-1]
					if (last.Outcome == "allowed") != want || last.Rule == "" || last.Scope != string(action) || last.Subject != a.subject {
						t.Fatalf("written down as %+v", last)
					}
					outcomes[last.Outcome]++
					cases++
				}
				if site == access.Server {
					continue
				}
				session := "s_" + a.subject + site
				e.api.book.add(entry{session: session, site: site})
				e.api.book.admit(session, a)
				for _, path := range []string{"/", "/payment", "/payment/card", "/form"} {
					origin := shop
					r := e.api.Judge(sfu.Question{
						Grant: sfu.Grant{Session: session, Subject: a.subject}, Site: site, Origin: origin, OnPage: true, Address: []byte(origin + path),
					})
					for i, action := range access.PageActions() {
						want := slices.Contains(allowed, action) && (where == AllSites || where == site) &&
							path != "/payment" && path != "/payment/card" && (path != "/form" || action != access.Type)
						if got := r.May&(1<<i) != 0; got != want {
							t.Errorf("%s may %s on %s%s: %v, want %v", a.subject, action, site, path, got, want)
						}
						cases++
					}
				}
			}
		}
	}
	t.Logf("%d cases; written down: %v", cases, outcomes)
	if outcomes["allowed"] == 0 || outcomes["refused"] == 0 {
		t.Error("one outcome never came")
	}
}

// A session of a site at which an agent is nobody does not exist for them, whatever they ask of it.
func TestG05_ForeignSessionsAreNotThere(t *testing.T) {
	e := newEnv(t, nil)
	session := e.begin()
	bank := func() string {
		return e.mint(KindAgent, Claims{Site: "bank", Roles: Roles()}, "bob")
	}
	e.problem(e.do(call{method: "POST", path: "/v1/codes/" + session.Code, token: bank()}), problemCode)
	body := fmt.Sprintf(`{"kind":"session","target":%q}`, session.Session)
	e.problem(e.do(call{method: "POST", path: "/v1/locks", body: body, token: bank()}), problemSession)
	e.problem(e.do(call{method: "POST", path: "/v1/locks", body: `{"kind":"site","target":"shop"}`, token: bank()}), problemSite)
	if rows := into[[]any](e, e.do(call{method: "GET", path: "/v1/sessions", token: bank()}), 200); len(rows) != 0 {
		t.Errorf("%d sessions are listed", len(rows))
	}
	// Who is somebody there, but not for this, is told so.
	agent := e.mint(KindAgent, Claims{Site: "shop", Roles: []string{RoleAgent}}, "ada")
	e.problem(e.do(call{method: "POST", path: "/v1/locks", body: body, token: agent}), problemPolicy)
	auditor := e.mint(KindAgent, Claims{Site: "shop", Roles: []string{RoleAuditor}}, "eve")
	e.problem(e.do(call{method: "POST", path: "/v1/codes/" + session.Code, token: auditor}), problemCode)
	if n := e.recorded(audit.Event{Name: "access.refused", Rule: access.ByNothing}); n != 2 {
		t.Errorf("%d refusals by no policy", n)
	}
	e.redeem(session.Code) // the code is still good for who may
	if e.recorded(audit.Event{Name: "access.allowed", Rule: "agents-look"}) != 1 {
		t.Error("what was allowed is not written down")
	}
}

// A person who is in when the policy changes has no more than it says from then on.
func TestG05_ReloadCutsLiveSessions(t *testing.T) {
	name := filepath.Join(t.TempDir(), "access.cedar")
	write := func(text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(string(access.Default()))
	m, err := access.Open(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	e := newEnv(t, func(c *Config) { c.Trust.Access = m })
	session := e.begin()
	in := e.redeem(session.Code)
	agent, _ := e.join(session.Session, in.Token, true)
	write("permit (principal, action, resource")
	if news, err := m.Reload(); !news || err == nil {
		t.Fatal("a broken policy is taken")
	}
	if news, err := m.Reload(); news || err == nil {
		t.Error("a policy that is as broken as before is news")
	}
	if !m.Policies().Decide(access.NewPerson("x", []string{RoleAgent}, nil), access.View, "shop", m.Now(false)).Allowed {
		t.Error("the policy from before is not in force")
	}
	write(`@id("nobody") forbid (principal, action, resource);`)
	if news, err := m.Reload(); !news || err != nil {
		t.Fatal(err)
	}
	e.sfu.Recheck()
	take(e, agent, func(f *wire.State) bool { return f.State == wire.StateEnded && f.Reason == wire.EndPolicy })
}

// cutWithin is how long the end of what was locked may take.
const cutWithin = time.Second

func TestG03_LocksCutAtOnce(t *testing.T) {
	kept, err := store.Open(t.Context(), t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, kind := range []string{lockAgent, lockSite, lockSession} {
		t.Run(kind, func(t *testing.T) {
			e := newEnv(t, func(c *Config) { c.Trust.Records = kept })
			session := e.begin()
			in := e.redeem(session.Code)
			agent, last := e.join(session.Session, in.Token, true)
			signedIn := e.cookieOf(e.do(call{method: "POST", path: "/v1/login", body: fmt.Sprintf(`{"token":%q}`, e.agentToken("ada", "shop"))}))
			target := map[string]string{lockAgent: "ada", lockSite: "shop", lockSession: session.Session}[kind]
			admin := func() string { return e.mint(KindAgent, Claims{Site: AllSites, Roles: []string{RoleAdmin}}, "root") }
			begin := time.Now()
			body := fmt.Sprintf(`{"kind":%q,"target":%q,"reason":"test"}`, kind, target)
			held := into[lock](e, e.do(call{method: "POST", path: "/v1/locks", body: body, token: admin()}), 201)
			take(e, agent, func(f *wire.State) bool { return f.State == wire.StateEnded && f.Reason == wire.EndPolicy })
			if took := time.Since(begin); took > cutWithin {
				t.Errorf("cut after %v", took)
			}
			again := func() {
				t.Helper()
				switch kind {
				case lockAgent:
					e.problem(e.do(call{method: "GET", path: "/v1/me", cookie: signedIn}), problemLocked)
					e.problem(e.do(call{method: "GET", path: "/v1/ice", token: last.header.Get("Vitrine-Token")}), problemLocked)
					e.problem(e.do(call{method: "POST", path: "/v1/login", body: fmt.Sprintf(`{"token":%q}`, e.agentToken("ada", "shop"))}), problemLocked)
				case lockSite:
					e.problem(e.do(call{method: "POST", path: "/v1/sessions", body: `{"siteKey":"shop"}`, origin: shop}), problemLocked)
				}
			}
			again()
			if n := e.recorded(audit.Event{Name: "lock.set", Rule: held.ID}); n != 1 {
				t.Errorf("%d events", n)
			}
			// A restart does not lift it.
			restarted := newEnv(t, func(c *Config) { c.Trust.Records = kept })
			rows := into[[]lock](restarted, restarted.do(call{method: "GET", path: "/v1/locks", token: restarted.mint(KindAgent, Claims{Site: AllSites, Roles: []string{RoleAdmin}}, "root")}), 200)
			if len(rows) != 1 || rows[0] != held {
				t.Errorf("after a restart: %+v", rows)
			}
			e.problem(e.do(call{method: "DELETE", path: "/v1/locks/" + held.ID, token: e.agentToken("eve", "shop")}), map[string]*Problem{lockAgent: problemPolicy, lockSite: problemPolicy, lockSession: problemSession}[kind])
			if r := e.do(call{method: "DELETE", path: "/v1/locks/" + held.ID, token: admin()}); r.status != http.StatusNoContent {
				t.Fatalf("%d: %s", r.status, r.body)
			}
			e.problem(e.do(call{method: "DELETE", path: "/v1/locks/" + held.ID, token: admin()}), problemNoLock)
			if kind == lockSite {
				e.begin()
			}
		})
	}
}
