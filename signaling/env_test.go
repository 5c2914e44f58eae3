package signaling

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"vitrine/internal/audit"
	"vitrine/sfu"
)

const shop = "https://shop.example" // an allowed origin of the tests' first site

// An env is a server with a real SFU on loopback, and everything that it recorded.
type env struct {
	*testing.T
	api    *Server
	sfu    *sfu.SFU
	tokens *Tokens
	base   string

	mu     sync.Mutex
	events []audit.Event
}

func testSites() []Site {
	return []Site{
		{Key: "shop", Name: "Shop", Company: "Shop Ltd", Origins: []string{shop, "https://www.shop.example"}, Mask: []string{".secret"}, Private: true},
		{Key: "bank", Name: "Bank", Company: "Bank plc", Origins: []string{"https://bank.example"}},
		DevSite(),
	}
}

// browserCode stands for what `make build` makes; each file says where it is from.
var browserCode = fstest.MapFS{
	"demo/index.html":      {Data: []byte("demo index")},
	"demo/shop.css":        {Data: []byte("demo css")},
	"sdk/vitrine.js":       {Data: []byte("sdk js")},
	"sdk/vitrine.mjs":      {Data: []byte("sdk mjs")},
	"sdk/vitrine.js.map":   {Data: []byte("{}")},
	"sdk/vitrine.d.ts":     {Data: []byte("sdk types")},
	"console/console.html": {Data: []byte("console html")},
	"console/console.js":   {Data: []byte("console js")},
	"stage/stage.html":     {Data: []byte("stage html")},
	"stage/quirks.html":    {Data: []byte("quirks html")},
}

func newEnv(t *testing.T, change func(*Config)) *env {
	t.Helper()
	keys, err := OpenOrCreateKeys(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &env{T: t, tokens: NewTokens(keys)}
	e.sfu, err = sfu.New(sfu.Config{
		UDP: udp, Loopback: true,
		Access:    func(q sfu.Question) sfu.Ruling { return e.api.Judge(q) },
		NewTicket: func(g sfu.Grant) (string, error) { return e.api.Ticket(g) },
		OnEnd:     func(session string) { e.api.Ended(session) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.sfu.Close)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { e.api.ServeHTTP(w, r) }))
	e.base = "http://" + server.Listener.Addr().String()
	c := Config{
		SFU: e.sfu, Tokens: e.tokens, Base: e.base, Sites: testSites(), Files: browserCode, Demo: true,
		Docs: fstest.MapFS{"DEPLOY.md": {Data: []byte("deploy")}},
		ICE: func(session, role string) []ICEServer {
			return []ICEServer{{URLs: []string{"turn:127.0.0.1:1?transport=udp"}, Username: session + role, Credential: "c"}}
		},
		Audit: e.record,
	}
	if change != nil {
		change(&c)
	}
	if e.api, err = New(c); err != nil {
		t.Fatal(err)
	}
	server.Start()
	t.Cleanup(server.Close)
	return e
}

func (e *env) record(event audit.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.events = append(e.events, event)
}

// recorded tells how many events match.
func (e *env) recorded(match audit.Event) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, got := range e.events {
		if got.Name == match.Name && got.Rule == match.Rule && (match.Session == "" || got.Session == match.Session) {
			n++
		}
	}
	return n
}

// A call is a request to make.
type call struct {
	method, path, body, mediaType, token, origin, cookie, ifMatch string
}

// A reply is what came back.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (e *env) do(c call) reply {
	e.Helper()
	r, err := http.NewRequest(c.method, e.base+c.path, strings.NewReader(c.body))
	if err != nil {
		e.Fatal(err)
	}
	if c.mediaType == "" && strings.HasPrefix(c.body, "{") {
		c.mediaType = "application/json"
	}
	for name, value := range map[string]string{"Content-Type": c.mediaType, "Origin": c.origin, "If-Match": c.ifMatch} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.cookie != "" {
		r.Header.Set("Cookie", cookieName+"="+c.cookie)
	}
	client := http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		e.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		e.Fatal(err)
	}
	return reply{answer.StatusCode, answer.Header, body}
}

// into reads a JSON answer with a status.
func into[T any](e *env, r reply, status int) T {
	e.Helper()
	var v T
	if r.status != status {
		e.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	if err := json.Unmarshal(r.body, &v); err != nil {
		e.Fatal(err)
	}
	return v
}

// problem holds an answer against a problem, and every problem against RFC 9457.
func (e *env) problem(r reply, want *Problem) bool {
	e.Helper()
	var got struct {
		Type, Title, Detail, Code string
		Status                    int
		RequestID                 string `json:"request_id"`
	}
	if r.status != want.Status || r.header.Get("Content-Type") != "application/problem+json" {
		e.Errorf("status %d, type %q, want %s: %s", r.status, r.header.Get("Content-Type"), want.Code, r.body)
		return false
	}
	if err := json.Unmarshal(r.body, &got); err != nil {
		e.Errorf("%v: %s", err, r.body)
		return false
	}
	if got.Code != want.Code || got.Type != e.base+"/problems/"+want.Code || got.Title != want.Title ||
		got.Detail != want.Detail || got.Status != want.Status || len(got.RequestID) < 16 {
		e.Errorf("got %+v, want %s", got, want.Code)
		return false
	}
	return true
}

func (e *env) agentToken(subject, site string) string {
	e.Helper()
	return e.mint(KindAgent, Claims{Site: site, Name: "Agent " + subject}, subject)
}

func (e *env) mint(kind Kind, claims Claims, subject string) string {
	e.Helper()
	claims.Subject = subject
	raw, _, err := e.tokens.Mint(kind, claims, time.Minute)
	if err != nil {
		e.Fatal(err)
	}
	return raw
}

// begun is the answer to POST /v1/sessions.
type begun struct {
	Session, Code, Token      string
	CodeExpires, TokenExpires int64
	ICE                       []ICEServer
	Site                      struct{ Name, Company string }
	Mask                      struct {
		Selectors []string
		Private   bool
	}
}

func (e *env) begin() begun {
	e.Helper()
	return into[begun](e, e.do(call{method: "POST", path: "/v1/sessions", body: `{"siteKey":"shop"}`, origin: shop}), 201)
}

// joined is the answer to POST /v1/codes.
type joined struct {
	Session, Token string
	TokenExpires   int64
	ICE            []ICEServer
}

func (e *env) redeem(code string) joined {
	e.Helper()
	return into[joined](e, e.do(call{method: "POST", path: "/v1/codes/" + code, token: e.agentToken("ada", "shop")}), 201)
}

// cookieOf is the value of the console's cookie, after holding its attributes to what they must be.
func (e *env) cookieOf(r reply) string {
	e.Helper()
	lines := r.header.Values("Set-Cookie")
	if len(lines) != 1 {
		e.Fatalf("%d cookies", len(lines))
	}
	parts := strings.Split(lines[0], "; ")
	value, ok := strings.CutPrefix(parts[0], cookieName+"=")
	attributes := slices.Sorted(slices.Values(parts[1:]))
	if want := []string{"HttpOnly", "Path=/", "SameSite=Strict", "Secure"}; !ok || !slices.Equal(attributes, want) {
		e.Errorf("cookie %q: want exactly %q", strings.Join(attributes, "; "), want)
	}
	return value
}

func fsOf(name string) fstest.MapFS { return fstest.MapFS{name: {Data: []byte("x")}} }
