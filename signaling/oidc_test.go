package signaling

import (
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vitrine/internal/audit"
)

type meAnswer struct {
	Subject, Name string
	Sites         []string
	Roles         map[string][]string
}

// The whole way with a provider of others' making.
func TestG16_AgentSignsInWithAProvider(t *testing.T) {
	var staff Provider
	e := newEnv(t, func(c *Config) {
		staff = openProvider(t, c.Base+redirectURI)
		c.Trust.Providers = []Provider{staff}
	})
	listed := into[[]map[string]string](e, e.do(call{method: "GET", path: "/v1/providers"}), 200)
	if len(listed) != 1 || listed[0]["key"] != "staff" || listed[0]["name"] != "Staff" || len(listed[0]) != 2 {
		t.Errorf("providers: %v", listed)
	}
	b := e.browser()
	address := b.begin("staff")
	asked, err := url.Parse(address)
	if err != nil || !strings.HasPrefix(address, staff.Issuer+"/auth?") {
		t.Fatalf("sent to %s", address)
	}
	q := asked.Query()
	if q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43 ||
		len(q.Get("nonce")) < 22 || len(q.Get("state")) < 22 || q.Get("redirect_uri") != e.base+redirectURI || q.Get("scope") != "openid profile" {
		t.Errorf("asked for %v", q)
	}
	before := b.cookie
	back := b.visit(address, "test-user@127.0.0.1")
	r := b.end(back)
	if r.status != 204 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	b.cookie = b.cookieOf(r)
	if b.cookie == before {
		t.Error("the cookie from before the sign-in is that of the sign-in")
	}
	me := into[meAnswer](e, e.do(call{method: "GET", path: "/v1/me", cookie: b.cookie}), 200)
	if me.Subject != "oidc:staff:id1" || me.Name != "Test User" || !slices.Equal(me.Roles["shop"], []string{RoleAgent}) || len(me.Roles) != 1 {
		t.Errorf("me: %+v", me)
	}
	if e.recorded(audit.Event{Name: "login", Rule: "provider-staff"}) != 1 {
		t.Error("no audit line")
	}
	session := e.begin()
	if got := into[joined](e, e.do(call{method: "POST", path: "/v1/codes/" + session.Code, cookie: b.cookie, origin: e.base}), 201); got.Session != session.Session {
		t.Errorf("joined %+v", got)
	}
	e.problem(e.do(call{method: "GET", path: "/v1/me", cookie: before}), problemSignedOut)
}

func TestG16_WithoutAGroupThereIsNoAccess(t *testing.T) {
	e := newEnv(t, func(c *Config) { c.Trust.Providers = []Provider{openProvider(t, c.Base+redirectURI)} })
	b := e.browser()
	r := b.end(b.visit(b.begin("staff"), "test-user2"))
	if e.problem(r, problemNoRole); r.header.Get("Set-Cookie") != "" {
		t.Error("a cookie is set")
	}
	if e.recorded(audit.Event{Name: "login", Rule: "no-role"}) != 1 {
		t.Error("no audit line")
	}
}

// What goes wrong between the console and a provider that does everything right.
func TestG16_SignInAttacks(t *testing.T) {
	e := newEnv(t, func(c *Config) { c.Trust.Providers = []Provider{openProvider(t, c.Base+redirectURI)} })
	const user = "test-user@127.0.0.1"
	refused := func(name string, r reply, want *Problem, rule string) {
		t.Helper()
		before := e.recorded(audit.Event{Name: "login", Rule: rule})
		if !e.problem(r, want) || r.header.Get("Set-Cookie") != "" || before == 0 {
			t.Errorf("%s: %d, %d audit lines of %s", name, r.status, before, rule)
		}
	}
	b := e.browser()
	back := b.visit(b.begin("staff"), user)
	stolen := e.browser() // has no cookie of a sign-in
	refused("code in another browser", stolen.end(back), problemSignIn, "state")
	refused("the state is spent then", b.end(back), problemSignIn, "state")

	back = b.visit(b.begin("staff"), user)
	if r := b.end(back); r.status != 204 {
		t.Fatalf("%d", r.status)
	}
	refused("state replayed", b.end(back), problemSignIn, "state")

	other := b.visit(b.begin("staff"), user)
	other.Set("code", back.Get("code"))
	refused("code replayed", b.end(other), problemSignIn, "code")

	back = b.visit(b.begin("staff"), user)
	back.Set("state", random())
	refused("another state", b.end(back), problemSignIn, "state")

	back = b.visit(b.begin("staff"), user)
	e.api.signIns.mu.Lock()
	for state, flow := range e.api.signIns.live {
		flow.verifier = strings.Repeat("x", 43)
		e.api.signIns.live[state] = flow
	}
	e.api.signIns.mu.Unlock()
	refused("wrong verifier", b.end(back), problemSignIn, "code")

	first, second := b.visit(b.begin("staff"), user), b.visit(b.begin("staff"), user)
	first.Set("code", second.Get("code"))
	refused("code of another sign-in of the same browser", b.end(first), problemSignIn, "code")

	back = b.visit(b.begin("staff"), user)
	back.Set("iss", "https://other.example")
	refused("answer of another provider", b.end(back), problemSignIn, "response-iss")
}

// Nothing that a request says moves the address that a provider sends people back to.
func TestG16_NoOpenRedirect(t *testing.T) {
	e := newEnv(t, func(c *Config) { c.Trust.Providers = []Provider{openProvider(t, c.Base+redirectURI)} })
	for _, origin := range []string{"https://evil.example", "null", shop} {
		e.problem(e.do(call{method: "POST", path: "/v1/signin/staff", origin: origin}), problemForeign)
		e.problem(e.do(call{method: "POST", path: "/v1/signin", body: `{"code":"a","state":"b"}`, origin: origin}), problemForeign)
	}
	for name, change := range map[string]func(*http.Request){
		"host":      func(r *http.Request) { r.Host = "evil.example" },
		"forwarded": func(r *http.Request) { r.Header.Set("X-Forwarded-Host", "evil.example") },
		"query":     func(r *http.Request) { r.URL.RawQuery = "redirect_uri=https%3A%2F%2Fevil.example&next=//evil.example" },
	} {
		r := httptest.NewRequest("POST", "/v1/signin/staff", nil)
		change(r)
		w := httptest.NewRecorder()
		e.api.ServeHTTP(w, r)
		if w.Code != 200 || strings.Contains(w.Body.String(), "evil") || !strings.Contains(w.Body.String(), url.QueryEscape(e.base+redirectURI)) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	b := e.browser()
	address, _ := url.Parse(b.begin("staff"))
	q := address.Query()
	q.Set("redirect_uri", "https://evil.example/")
	address.RawQuery = q.Encode()
	answer, err := b.http.Get(address.String())
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode < 400 {
		t.Errorf("the provider sends to where it was not told of: %d %s", answer.StatusCode, answer.Header.Get("Location"))
	}
	e.problem(e.do(call{method: "POST", path: "/v1/signin/none", origin: e.base}), problemProvider)
}

// Each ID token is refused, and for its own reason.
func TestG16_FaultyIDTokens(t *testing.T) {
	f := newFaulty(t)
	e := newEnv(t, func(c *Config) { c.Trust.Providers = []Provider{f.provider()} })
	try := func(change func(header, claims map[string]any)) (*browser, reply) {
		f.set(change, nil)
		b := e.browser()
		return b, b.end(b.visit(b.begin("faulty"), ""))
	}
	b, r := try(nil)
	if r.status != 204 {
		t.Fatalf("a good token: %d %s: every one below would be refused for the wrong reason", r.status, r.body)
	}
	me := into[meAnswer](e, e.do(call{method: "GET", path: "/v1/me", cookie: b.cookieOf(r)}), 200)
	if me.Subject != "oidc:faulty:4711" || me.Name != "Ada L." {
		t.Errorf("me: %+v", me)
	}
	now := time.Now().Unix()
	claim := func(name string, value any) func(map[string]any, map[string]any) {
		return func(_, claims map[string]any) {
			if claims[name] = value; value == nil {
				delete(claims, name)
			}
		}
	}
	for name, fault := range map[string]struct {
		change func(header, claims map[string]any)
		rule   string
	}{
		"wrong nonce":           {claim("nonce", random()), "nonce"},
		"no nonce":              {claim("nonce", nil), "nonce"},
		"wrong aud":             {claim("aud", "other"), "aud"},
		"no aud":                {claim("aud", nil), "aud"},
		"two aud and no azp":    {claim("aud", []string{"vitrine", "other"}), "azp"},
		"wrong azp":             {claim("azp", "other"), "azp"},
		"empty azp":             {claim("azp", ""), "azp"},
		"wrong iss":             {claim("iss", "https://other.example"), "iss"},
		"expired":               {claim("exp", now-1), "expired"},
		"no exp":                {claim("exp", nil), "expired"},
		"old":                   {claim("iat", now-3600), "iat"},
		"from the future":       {claim("iat", now+3600), "iat"},
		"nbf in the future":     {claim("nbf", now+3600), "nbf"},
		"wrong at_hash":         {claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"), "at-hash"},
		"no sub":                {claim("sub", nil), "sub"},
		"groups are no list":    {claim("groups", map[string]any{"support": true}), "groups"},
		"groups of other types": {claim("groups", []any{"support", 1}), "groups"},
		"another's key":         {func(h, _ map[string]any) { h["kid"] = "other's" }, "signature"},
		"unknown kid":           {func(h, _ map[string]any) { h["kid"] = "two" }, "signature"},
		"alg none":              {func(h, _ map[string]any) { h["alg"] = "none" }, "alg"},
	} {
		before := e.recorded(audit.Event{Name: "login", Rule: fault.rule})
		_, r := try(fault.change)
		if !e.problem(r, problemSignIn) || e.recorded(audit.Event{Name: "login", Rule: fault.rule}) != before+1 {
			t.Errorf("%s: not refused by rule %s; the last is %+v", name, fault.rule, e.events[len(e.events)-1])
		}
	}
	_, r = try(claim("groups", "support"))
	if r.status != 204 {
		t.Errorf("one group as text: %d", r.status)
	}
	_, r = try(claim("groups", nil))
	e.problem(r, problemNoRole)
}

// A provider that is dead is said to be so, sessions and sign-ins go on, and it is used again when it is back.
func TestG16_DeadProvider(t *testing.T) {
	f := newFaulty(t)
	e := newEnv(t, func(c *Config) { c.Trust.Providers = []Provider{f.provider()} })
	down := func(paths ...string) {
		f.set(nil, func(w http.ResponseWriter, path string) {
			if slices.Contains(paths, path) {
				w.WriteHeader(http.StatusBadGateway)
			}
		})
	}
	at := func(b *browser) (url.Values, *idp) { return b.visit(b.begin("faulty"), ""), e.api.providers[0] }
	down("/.well-known/openid-configuration")
	for range 2 { // the second is refused without asking again
		r := e.do(call{method: "POST", path: "/v1/signin/faulty", origin: e.base})
		if e.problem(r, problemIDP); r.header.Get("Retry-After") != "10" {
			t.Errorf("Retry-After %q", r.header.Get("Retry-After"))
		}
	}
	f.set(nil, nil)
	e.api.providers[0].mu.Lock()
	e.api.providers[0].tried = time.Time{} // ten seconds later
	e.api.providers[0].mu.Unlock()
	b := e.browser()
	back, p := at(b)
	signedIn := b.end(back)
	cookie := b.cookieOf(signedIn)
	for _, path := range []string{"/token", "/keys"} {
		f.set(nil, nil)
		back, _ := at(b)
		down(path)
		e.problem(b.end(back), problemIDP)
	}
	if e.recorded(audit.Event{Name: "login", Rule: "provider-unreachable"}) != 2 {
		t.Error("no audit line")
	}
	f.set(nil, nil)
	back, _ = at(b)
	p.mu.Lock()
	p.found.at = time.Now().Add(-2 * idpFresh)
	p.mu.Unlock()
	down("/.well-known/openid-configuration")
	e.problem(e.do(call{method: "POST", path: "/v1/signin/faulty", origin: e.base}), problemIDP)
	if got := b.end(back); got.status != 204 {
		t.Errorf("who is back from the provider cannot finish: %d %s", got.status, got.body)
	}
	into[meAnswer](e, e.do(call{method: "GET", path: "/v1/me", cookie: cookie}), 200)
}

func TestG16_DiscoveryIsHeldToItsForm(t *testing.T) {
	for name, body := range map[string]string{
		"another issuer": `{"issuer":"https://other.example"}`,
		"no endpoints":   `{"issuer":"$"}`,
		"no PKCE":        `{"issuer":"$","authorization_endpoint":"$/a","token_endpoint":"$/t","jwks_uri":"$/k","code_challenge_methods_supported":["plain"]}`,
		"not JSON":       `hello`,
		"endless":        strings.Repeat(" ", maxIDPBytes) + `{"issuer":"$","authorization_endpoint":"$/a","token_endpoint":"$/t","jwks_uri":"$/k"}`,
	} {
		server := httptest.NewServer(nil)
		server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(strings.ReplaceAll(body, "$", server.URL)))
		})
		failed := 0
		p := newIDP(Provider{Key: "p", Issuer: server.URL}, func(error) { failed++ })
		if _, err := p.discover(); err == nil || failed != 1 {
			t.Errorf("%s: %v, %d failures told", name, err, failed)
		}
		server.Close()
	}
}

func TestProviderConfiguration(t *testing.T) {
	good := newFaulty(t).provider()
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Provider){
		"key":              func(p *Provider) { p.Key = "Staff" },
		"name must":        func(p *Provider) { p.Name = "" },
		"issuer must be a": func(p *Provider) { p.Issuer = "login.example" },
		"must be https":    func(p *Provider) { p.Issuer = "http://login.example" },
		"client_id":        func(p *Provider) { p.ClientID = "" },
		"at least one":     func(p *Provider) { p.Roles = nil },
		"name the group":   func(p *Provider) { p.Roles = []RoleRule{{"", []string{RoleAgent}, []string{"shop"}}} },
		"roles are agent":  func(p *Provider) { p.Roles = []RoleRule{{"a", []string{"root"}, []string{"shop"}}} },
		"keys of sites":    func(p *Provider) { p.Roles = []RoleRule{{"a", []string{RoleAgent}, nil}} },
	} {
		p := good
		change(&p)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, err := newProviders([]Provider{good, good}, map[string]Site{"shop": {}}, nil); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("twice: %v", err)
	}
	if _, err := newProviders([]Provider{good}, nil, nil); err == nil || !strings.Contains(err.Error(), "no site") {
		t.Errorf("a site that does not exist: %v", err)
	}
}

func TestRolesOfGroupsStayAtTheirSites(t *testing.T) {
	p := Provider{Roles: []RoleRule{
		{"support", []string{RoleAgent}, []string{"shop", "bank"}}, {"leads", []string{RoleSupervisor, RoleAgent}, []string{"shop"}},
		{"root", []string{RoleAdmin}, []string{AllSites}}, {AnyGroup, []string{RoleAuditor}, []string{"demo"}},
	}}
	got := p.roles([]string{"support", "leads"})
	if !slices.Equal(got["shop"], []string{RoleAgent, RoleSupervisor}) || !slices.Equal(got["bank"], []string{RoleAgent}) ||
		!slices.Equal(got["demo"], []string{RoleAuditor}) || len(got) != 3 {
		t.Errorf("got %v", got)
	}
	if got := p.roles(nil); len(got) != 1 {
		t.Errorf("without groups: %v", got)
	}
	long := strings.Repeat("x", 300)
	a, b := Provider{Key: "a"}, Provider{Key: "b"}
	for _, pair := range [][2]string{
		{a.subject("1"), b.subject("1")}, {a.subject(long), a.subject(long + "y")}, {a.subject("a\nb"), a.subject("ab")},
		{a.subject(strings.TrimPrefix(a.subject(long), "oidc:a:")), a.subject(long)},
	} {
		if pair[0] == pair[1] || !printable(pair[0]) || !printable(pair[1]) {
			t.Errorf("%q and %q", pair[0], pair[1])
		}
	}
}

func TestSignInsAreBoundedAndEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newSignIns()
		add := func(state string) {
			l.add(state, signIn{ends: time.Now().Add(signInLife), browser: sha256.Sum256([]byte("cookie"))})
			time.Sleep(time.Millisecond)
		}
		add("first")
		add("second")
		for range maxSignIns - 1 { // one too many
			add(random())
		}
		if len(l.live) != maxSignIns {
			t.Errorf("%d sign-ins are kept", len(l.live))
		}
		if _, ok := l.take("first", "cookie"); ok {
			t.Error("the oldest did not make room")
		}
		if _, ok := l.take("second", "cookie"); !ok {
			t.Error("more than the oldest made room")
		}
		add("last")
		time.Sleep(signInLife)
		if _, ok := l.take("last", "cookie"); ok {
			t.Error("a sign-in has no end")
		}
	})
}
