package signaling

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"vitrine/internal/audit"
)

// wantHeaders are on every answer whatsoever.
var wantHeaders = map[string]string{
	"X-Content-Type-Options":     "nosniff",
	"Referrer-Policy":            "no-referrer",
	"Cross-Origin-Opener-Policy": "same-origin",
	"Permissions-Policy":         permissions,
}

// pathOf makes an address of a route's pattern.
func pathOf(pattern string) string {
	return strings.NewReplacer("{session}", "s_none", "{connection}", "c_none", "{code}", "123456", "{kid}", "k", "{provider}", "p", "/*", "/").Replace(pattern)
}

func TestG15_SecurityHeadersOnEveryRoute(t *testing.T) {
	e := newEnv(t, func(c *Config) { c.Limits = Limits{Requests: 10_000} })
	walked := 0
	check := func(method, path string) {
		r := e.do(call{method: method, path: path, origin: shop})
		for name, want := range wantHeaders {
			if got := r.header.Values(name); len(got) != 1 || got[0] != want {
				t.Errorf("%s %s: %s is %q", method, path, name, got)
			}
		}
		policy := r.header.Values("Content-Security-Policy")
		if len(policy) != 1 || !strings.HasPrefix(policy[0], "default-src '") || strings.Contains(policy[0], "unsafe-eval") ||
			!strings.Contains(policy[0], "frame-ancestors '") {
			t.Errorf("%s %s: policy %q", method, path, policy)
		}
		if corp := r.header.Get("Cross-Origin-Resource-Policy"); (corp == "cross-origin") != strings.HasPrefix(path, "/sdk/") || corp == "" {
			t.Errorf("%s %s: CORP %q", method, path, corp)
		}
		if r.header.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s %s: HSTS over plain HTTP", method, path)
		}
		if r.header.Get("Cache-Control") == "" || r.header.Get("Server") != "" {
			t.Errorf("%s %s: Cache-Control %q, Server %q", method, path, r.header.Get("Cache-Control"), r.header.Get("Server"))
		}
	}
	err := chi.Walk(e.api.handler.(chi.Routes), func(method, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		walked++
		check(method, pathOf(pattern))
		return nil
	})
	if err != nil || walked < 30 {
		t.Fatalf("walked %d routes, %v", walked, err)
	}
	for _, path := range []string{"/console/console.js", "/sdk/vitrine.js", "/none", "/v1/none", "/demo/none"} {
		check("GET", path)
	}
	check("PUT", "/v1/sessions")
}

func TestG15_PagesHaveTheirOwnPolicies(t *testing.T) {
	e := newEnv(t, nil)
	for path, want := range map[string]string{
		"/console/":        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; frame-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
		"/console/preview": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; frame-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
		"/stage":           "default-src 'none'; img-src blob: data:; style-src 'unsafe-inline'; font-src blob:; frame-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; require-trusted-types-for 'script'; trusted-types 'none'",
		"/stage/quirks":    "default-src 'none'; img-src blob: data:; style-src 'unsafe-inline'; font-src blob:; frame-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; require-trusted-types-for 'script'; trusted-types 'none'",
	} {
		r := e.do(call{method: "GET", path: path})
		if got := r.header.Get("Content-Security-Policy"); r.status != 200 || got != want {
			t.Errorf("%s: %d\n got %s\nwant %s", path, r.status, got, want)
		}
	}
}

func TestHSTSWhereTLSIs(t *testing.T) {
	e := newEnv(t, func(c *Config) { c.Base = "https://cobrowse.example" })
	if got := e.do(call{method: "GET", path: "/healthz"}).header.Get("Strict-Transport-Security"); got != "max-age=63072000; includeSubDomains" {
		t.Errorf("got %q", got)
	}
}

func TestStaticFiles(t *testing.T) {
	e := newEnv(t, nil)
	for path, want := range map[string][2]string{
		"/demo/":              {"demo index", "text/html; charset=utf-8"},
		"/demo/index.html":    {"demo index", "text/html; charset=utf-8"},
		"/demo/shop.css":      {"demo css", "text/css; charset=utf-8"},
		"/sdk/vitrine.js":     {"sdk js", "text/javascript; charset=utf-8"},
		"/sdk/vitrine.mjs":    {"sdk mjs", "text/javascript; charset=utf-8"},
		"/sdk/vitrine.js.map": {"{}", "application/json"},
		"/sdk/vitrine.d.ts":   {"sdk types", "text/plain; charset=utf-8"},
		"/console/":           {"console html", "text/html; charset=utf-8"},
		"/console/console.js": {"console js", "text/javascript; charset=utf-8"},
		"/console/preview":    {"console html", "text/html; charset=utf-8"},
		"/stage":              {"stage html", "text/html; charset=utf-8"},
		"/stage/quirks":       {"quirks html", "text/html; charset=utf-8"},
		"/docs/DEPLOY.md":     {"deploy", "text/plain; charset=utf-8"},
	} {
		r := e.do(call{method: "GET", path: path})
		if r.status != 200 || string(r.body) != want[0] || r.header.Get("Content-Type") != want[1] || r.header.Get("Cache-Control") != "no-cache" && !strings.HasPrefix(path, "/docs/") {
			t.Errorf("%s: %d %q %v", path, r.status, r.body, r.header)
		}
		request := httptest.NewRequest("GET", path, nil)
		request.Header.Set("If-None-Match", r.header.Get("ETag"))
		w := httptest.NewRecorder()
		e.api.ServeHTTP(w, request)
		if w.Code != http.StatusNotModified || w.Body.Len() != 0 {
			t.Errorf("%s with its ETag: %d", path, w.Code)
		}
	}
	if r := e.do(call{method: "GET", path: "/sdk/vitrine.js", origin: "https://anybody.example"}); r.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Error("the SDK does not load on owners' pages")
	}
	for path, to := range map[string]string{"/": "/console/", "/console": "/console/", "/demo": "/demo/", "/docs": "/docs/"} {
		if r := e.do(call{method: "GET", path: path}); r.status != 302 || r.header.Get("Location") != to {
			t.Errorf("%s: %d to %q", path, r.status, r.header.Get("Location"))
		}
	}
	for _, path := range []string{"/sdk/", "/sdk/none.js", "/sdk/../signaling/key.go", "/sdk/%2e%2e/x", "/console/../keys", "/demo/img/", "/stage/"} {
		if r := e.do(call{method: "GET", path: path}); r.status != 404 {
			t.Errorf("%s: %d", path, r.status)
		}
	}
}

func TestDemoShopIsForDevelopmentOnly(t *testing.T) {
	e := newEnv(t, func(c *Config) { c.Demo = false })
	for _, path := range []string{"/demo/", "/demo/index.html", "/demo"} {
		e.problem(e.do(call{method: "GET", path: path}), problemNotFound)
	}
}

func TestUnbuiltBrowserCodeIsSaid(t *testing.T) {
	e := newEnv(t, func(c *Config) { c.Files = fsOf("sdk/vitrine.js") })
	if r := e.do(call{method: "GET", path: "/console/"}); r.status != 404 {
		t.Errorf("console: %d", r.status)
	}
	if r := e.do(call{method: "GET", path: "/sdk/vitrine.js"}); r.status != 200 {
		t.Errorf("SDK: %d", r.status)
	}
	c := Config{SFU: e.sfu, Tokens: e.tokens, Base: e.base, Files: fsOf("sdk/program.exe")}
	if _, err := New(c); err == nil || !strings.Contains(err.Error(), "media type") {
		t.Errorf("a file of unknown type: %v", err)
	}
}

func TestCORSForConfiguredOriginsOnly(t *testing.T) {
	e := newEnv(t, nil)
	session := e.begin()
	for origin, allowed := range map[string]bool{
		shop: true, "https://www.shop.example": true, "https://bank.example": true, "http://127.0.0.1:5173": true,
		"http://localhost": true, "http://[::1]:80": true,
		"https://evil.example": false, "http://shop.example": false, "https://shop.example:444": false, "null": false,
		"https://shop.example.evil.example": false, "http://localhost.evil.example:80": false, "http://127.0.0.1:80x": false,
		"HTTPS://SHOP.EXAMPLE": false, "http://localhost:": false, "http://localhost:123456": false,
	} {
		r := e.do(call{method: "OPTIONS", path: "/v1/sessions/" + session.Session + "/connections", origin: origin})
		if r.status != 204 || (r.header.Get("Access-Control-Allow-Origin") == origin) != allowed ||
			(r.header.Get("Access-Control-Allow-Methods") != "") != allowed || (r.header.Get("Access-Control-Allow-Headers") != "") != allowed {
			t.Errorf("preflight from %s: %d %v", origin, r.status, r.header)
		}
		if !slices.Contains(r.header.Values("Vary"), "Origin") || r.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("preflight from %s: Vary %q, credentials %q", origin, r.header.Values("Vary"), r.header.Get("Access-Control-Allow-Credentials"))
		}
	}
	r := e.do(call{method: "POST", path: "/v1/sessions", body: `{"siteKey":"shop"}`, origin: shop})
	if r.status != 201 || r.header.Get("Access-Control-Allow-Origin") != shop || !strings.Contains(r.header.Get("Access-Control-Expose-Headers"), "Vitrine-Token") {
		t.Errorf("start: %d %v", r.status, r.header)
	}
	if r := e.do(call{method: "POST", path: "/v1/sessions", body: `{"siteKey":"none"}`, origin: shop}); r.header.Get("Access-Control-Allow-Origin") != shop {
		t.Error("the SDK cannot read why it was refused")
	}
	for _, path := range []string{"/v1/login", "/v1/me", "/v1/codes/123456"} {
		r := e.do(call{method: "OPTIONS", path: path, origin: shop})
		if r.header.Get("Access-Control-Allow-Origin") != "" || r.status != 405 {
			t.Errorf("%s: %d: pages of customers may call what is the agents'", path, r.status)
		}
	}
}

func TestSitesAndOrigins(t *testing.T) {
	e := newEnv(t, nil)
	for name, try := range map[string]struct{ key, origin string }{
		"no origin":          {"shop", ""},
		"foreign origin":     {"shop", "https://evil.example"},
		"another site's":     {"shop", "https://bank.example"},
		"null":               {"shop", "null"},
		"plain http":         {"shop", "http://shop.example"},
		"unknown site":       {"none", shop},
		"loopback elsewhere": {"shop", "http://127.0.0.1:80"},
	} {
		r := e.do(call{method: "POST", path: "/v1/sessions", body: fmt.Sprintf(`{"siteKey":%q}`, try.key), origin: try.origin})
		if r.status != problemOrigin.Status {
			t.Errorf("%s: %d", name, r.status)
		}
		e.problem(r, problemOrigin)
	}
	if n := len(e.sfu.List()); n != 0 {
		t.Errorf("%d sessions were opened all the same", n)
	}
}

func TestSiteConfiguration(t *testing.T) {
	good := testSites()[0]
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	if err := DevSite().Validate(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Site){
		"key":                   func(s *Site) { s.Key = "Shop" },
		"name":                  func(s *Site) { s.Name = "" },
		"company":               func(s *Site) { s.Company = "a\u202eb" },
		"at least one":          func(s *Site) { s.Origins = nil },
		"nothing more":          func(s *Site) { s.Origins = []string{"https://shop.example/"} },
		"lower case":            func(s *Site) { s.Origins = []string{"https://Shop.example"} },
		"wildcard: list":        func(s *Site) { s.Origins = []string{"https://*.shop.example"} },
		"loopback origins only": func(s *Site) { s.Origins = []string{"https://shop.example:*"} },
		"must be https":         func(s *Site) { s.Origins = []string{"http://shop.example"} },
		"default port":          func(s *Site) { s.Origins = []string{"https://shop.example:443"} },
		"mask selector":         func(s *Site) { s.Mask = []string{" "} },
		"mask selectors":        func(s *Site) { s.Mask = slices.Repeat([]string{"a"}, maxSelectors+1) },
	} {
		site := good
		change(&site)
		if err := site.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestProblems(t *testing.T) {
	e := newEnv(t, nil)
	session := e.begin()
	big := strings.Repeat("x", maxOffer+1)
	for name, try := range map[string]struct {
		call
		want *Problem
	}{
		"no such address":      {call{method: "GET", path: "/v1/nothing"}, problemNotFound},
		"wrong method":         {call{method: "PUT", path: "/v1/sessions"}, problemMethod},
		"not JSON":             {call{method: "POST", path: "/v1/sessions", body: "hello", mediaType: "text/plain", origin: shop}, problemMedia},
		"no type":              {call{method: "POST", path: "/v1/sessions", body: "[]", origin: shop}, problemMedia},
		"a list":               {call{method: "POST", path: "/v1/sessions", body: "[]", mediaType: "application/json", origin: shop}, problemJSON},
		"empty":                {call{method: "POST", path: "/v1/sessions", body: "{}", origin: shop}, problemJSON},
		"nothing":              {call{method: "POST", path: "/v1/sessions", mediaType: "application/json", origin: shop}, problemJSON},
		"unknown member":       {call{method: "POST", path: "/v1/sessions", body: `{"siteKey":"shop","admin":true}`, origin: shop}, problemJSON},
		"wrong case":           {call{method: "POST", path: "/v1/sessions", body: `{"sitekey":"shop"}`, origin: shop}, problemJSON},
		"twice":                {call{method: "POST", path: "/v1/sessions", body: `{"siteKey":"shop","siteKey":"bank"}`, origin: shop}, problemJSON},
		"wrong type":           {call{method: "POST", path: "/v1/sessions", body: `{"siteKey":1}`, origin: shop}, problemJSON},
		"null":                 {call{method: "POST", path: "/v1/sessions", body: `{"siteKey":null}`, origin: shop}, problemJSON},
		"both":                 {call{method: "POST", path: "/v1/sessions", body: `{"siteKey":"shop","token":"a"}`, origin: shop}, problemJSON},
		"two values":           {call{method: "POST", path: "/v1/sessions", body: `{"siteKey":"shop"}{}`, origin: shop}, problemJSON},
		"cut off":              {call{method: "POST", path: "/v1/sessions", body: `{"siteKey":"sh`, origin: shop}, problemJSON},
		"deep":                 {call{method: "POST", path: "/v1/sessions", body: `{"siteKey":` + strings.Repeat("[", 4000), origin: shop}, problemJSON},
		"invalid UTF-8":        {call{method: "POST", path: "/v1/sessions", body: "{\"siteKey\":\"sh\xffop\"}", origin: shop}, problemJSON},
		"large JSON":           {call{method: "POST", path: "/v1/sessions", body: `{"siteKey":"` + big + `"}`, origin: shop}, problemTooLarge},
		"no token":             {call{method: "POST", path: "/v1/sessions/" + session.Session + "/connections", body: "v=0", mediaType: sdpType, origin: shop}, problemNoToken},
		"garbage token":        {call{method: "POST", path: "/v1/sessions/" + session.Session + "/connections", body: "v=0", mediaType: sdpType, origin: shop, token: "garbage"}, problemToken},
		"agent call, no token": {call{method: "POST", path: "/v1/codes/123456"}, problemNoToken},
		"body where none is":   {call{method: "POST", path: "/v1/codes/123456", body: "x"}, problemTooLarge},
		"large offer":          {call{method: "POST", path: "/v1/sessions/" + session.Session + "/connections", body: big, mediaType: sdpType, origin: shop}, problemTooLarge},
		"signed out":           {call{method: "GET", path: "/v1/me", cookie: "nobody"}, problemSignedOut},
	} {
		r := e.do(try.call)
		if !e.problem(r, try.want) {
			t.Logf("the case was: %s", name)
		}
		if r.status == 401 && r.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: 401 without WWW-Authenticate", name)
		}
		if r.status == 405 && r.header.Get("Allow") != "GET, HEAD, POST, OPTIONS" {
			t.Errorf("%s: Allow: %q", name, r.header.Get("Allow"))
		}
	}
	if n := e.recorded(audit.Event{Name: "token.rejected", Rule: "form"}); n != 1 {
		t.Errorf("%d audit lines for the garbage token", n)
	}
}

func TestEveryProblemHasItsPageAndSaysWhatToDo(t *testing.T) {
	e := newEnv(t, nil)
	for _, p := range problems() {
		r := e.do(call{method: "GET", path: "/problems/" + p.Code})
		if r.status != 200 || !strings.Contains(string(r.body), p.Detail) || len(p.Detail) < 20 {
			t.Errorf("%s: %d %q", p.Code, r.status, r.body)
		}
	}
	e.problem(e.do(call{method: "GET", path: "/problems/none"}), problemNotFound)
}

func TestBodiesWithoutALengthAreBounded(t *testing.T) {
	e := newEnv(t, nil)
	for path, body := range map[string]string{
		"/v1/sessions": `{"siteKey":"` + strings.Repeat("x", maxToken+maxJSON) + `"}`,
		"/v1/login":    `{"token":"` + strings.Repeat("x", maxToken+maxJSON) + `"}`,
	} {
		r := httptest.NewRequest("POST", path, struct{ *strings.Reader }{strings.NewReader(body)})
		r.ContentLength = -1
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		e.api.ServeHTTP(w, r)
		if w.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestPanicEndsTheRequestOnly(t *testing.T) {
	e := newEnv(t, nil)
	const secret = "never in a log"
	h := e.api.serve(route{do: func(http.ResponseWriter, *http.Request) error { panic(secret) }})
	w := httptest.NewRecorder()
	h(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != 500 || strings.Contains(w.Body.String(), secret) || !json.Valid(w.Body.Bytes()) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestG13_RequestsAreLimitedPerAddress(t *testing.T) {
	e := newEnv(t, func(c *Config) { c.Limits = Limits{Requests: 20, Starts: 3} })
	try := func(from string) int {
		r := httptest.NewRequest("POST", "/v1/sessions", strings.NewReader(`{"siteKey":"shop"}`))
		r.RemoteAddr = from
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Origin", shop)
		w := httptest.NewRecorder()
		e.api.ServeHTTP(w, r)
		if w.Code == 429 && (w.Header().Get("Retry-After") == "" || w.Header().Get("Retry-After") == "0") {
			t.Error("429 without Retry-After")
		}
		return w.Code
	}
	for i := range 5 {
		want := 201
		if i >= 3 {
			want = 429
		}
		if got := try("192.0.2.1:1000"); got != want {
			t.Errorf("start %d: %d", i+1, got)
		}
		if got := try(fmt.Sprintf("[2001:db8::%d]:1000", i+1)); got != want {
			t.Errorf("start %d from one /64: %d", i+1, got)
		}
	}
	if got := try("192.0.2.2:1000"); got != 201 {
		t.Errorf("another address: %d", got)
	}
	for i := range 30 {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/v1/me", nil)
		r.RemoteAddr = "192.0.2.9:1"
		e.api.ServeHTTP(w, r)
		if want := map[bool]int{true: 401, false: 429}[i < 20]; w.Code != want {
			t.Errorf("request %d: %d", i+1, w.Code)
		}
	}
}

func TestLimiterMemoryIsBounded(t *testing.T) {
	l := perMinute(1)
	for i := range 3 * maxSources {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255)
		l.take(sourceOf(r))
	}
	if n := len(l.young) + len(l.old); n > 2*maxSources {
		t.Errorf("%d sources are remembered", n)
	}
}

func TestReadyUntilDrained(t *testing.T) {
	e := newEnv(t, nil)
	if r := e.do(call{method: "GET", path: "/readyz"}); r.status != 200 {
		t.Errorf("ready: %d", r.status)
	}
	e.api.Drain()
	e.problem(e.do(call{method: "GET", path: "/readyz"}), problemUnavailable)
	e.problem(e.do(call{method: "POST", path: "/v1/sessions", body: `{"siteKey":"shop"}`, origin: shop}), problemUnavailable)
	if r := e.do(call{method: "GET", path: "/healthz"}); r.status != 200 {
		t.Errorf("healthy: %d", r.status)
	}
}
