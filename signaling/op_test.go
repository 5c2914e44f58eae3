package signaling

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// grouped is the example provider's storage, which also knows who is in which group.
type grouped struct {
	*storage.Storage
	groups map[string][]string
}

func (g grouped) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, token, subject, origin string) error {
	err := g.Storage.SetUserinfoFromToken(ctx, info, token, subject, origin)
	info.AppendClaims("groups", g.groups[info.Subject])
	return err
}

var _ exampleop.Storage = grouped{}
var _ op.CanSetUserinfoFromRequest = grouped{}

// openProvider starts an OpenID provider of others' making. redirect is the address that it lets people be sent back to.
func openProvider(t *testing.T, redirect string) Provider {
	t.Helper()
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	clients := map[string]*storage.Client{"vitrine": storage.WebClient("vitrine", "a secret", redirect)}
	users := grouped{storage.NewStorageWithClients(storage.NewUserStore(server.URL), clients), map[string][]string{"id1": {"support"}, "id2": {"others"}}}
	handler = exampleop.SetupServer(server.URL, users, slog.New(slog.DiscardHandler), false)
	return Provider{
		Key: "staff", Name: "Staff", Issuer: server.URL, ClientID: "vitrine", Secret: "a secret",
		Roles: []RoleRule{{"support", []string{RoleAgent}, []string{"shop"}}},
	}
}

// A faulty provider signs in whoever comes, and does one thing wrong.
type faulty struct {
	*testing.T
	server *httptest.Server
	key    *ecdsa.PrivateKey

	mu      sync.Mutex
	granted map[string]url.Values                 // code → what was asked for
	change  func(header, claims map[string]any)   // of the next ID tokens
	answer  func(w http.ResponseWriter, p string) // in place of the answers of one path
}

func newFaulty(t *testing.T) *faulty {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	f := &faulty{T: t, key: key, granted: map[string]url.Values{}}
	f.server = httptest.NewServer(f)
	t.Cleanup(f.server.Close)
	return f
}

func (f *faulty) provider() Provider {
	return Provider{
		Key: "faulty", Name: "Faulty", Issuer: f.server.URL, ClientID: "vitrine",
		Roles: []RoleRule{{"support", []string{RoleAgent}, []string{"shop"}}},
	}
}

func (f *faulty) set(change func(header, claims map[string]any), answer func(http.ResponseWriter, string)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.change, f.answer = change, answer
}

func (f *faulty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.answer != nil {
		ww := httptest.NewRecorder()
		if f.answer(ww, r.URL.Path); ww.Body.Len() > 0 || ww.Code != 200 {
			w.WriteHeader(ww.Code)
			_, _ = w.Write(ww.Body.Bytes())
			return
		}
	}
	base := f.server.URL
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		f.json(w, map[string]any{
			"issuer": base, "authorization_endpoint": base + "/auth", "token_endpoint": base + "/token", "jwks_uri": base + "/keys",
			"id_token_signing_alg_values_supported": []string{"ES256"}, "code_challenge_methods_supported": []string{"S256"},
			"authorization_response_iss_parameter_supported": true,
		})
	case "/auth":
		code := random()
		f.granted[code] = r.URL.Query()
		to := r.URL.Query().Get("redirect_uri") + "?" + url.Values{"code": {code}, "state": {r.URL.Query().Get("state")}, "iss": {base}}.Encode()
		http.Redirect(w, r, to, http.StatusFound)
	case "/keys":
		point, _ := f.key.PublicKey.Bytes()
		b64 := base64.RawURLEncoding.EncodeToString
		f.json(w, map[string]any{"keys": []any{map[string]any{"kty": "EC", "crv": "P-256", "kid": "one", "x": b64(point[1:33]), "y": b64(point[33:])}}})
	case "/token":
		f.token(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (f *faulty) token(w http.ResponseWriter, r *http.Request) {
	asked, ok := f.granted[r.FormValue("code")]
	delete(f.granted, r.FormValue("code"))
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if !ok || base64.RawURLEncoding.EncodeToString(sum[:]) != asked.Get("code_challenge") || r.FormValue("redirect_uri") != asked.Get("redirect_uri") {
		w.WriteHeader(http.StatusBadRequest)
		f.json(w, map[string]any{"error": "invalid_grant"})
		return
	}
	access := random()
	half := sha256.Sum256([]byte(access))
	now := time.Now().Unix()
	claims := map[string]any{
		"iss": f.server.URL, "aud": "vitrine", "sub": "4711", "iat": now, "exp": now + 300, "nonce": asked.Get("nonce"), "name": "Ada L.",
		"at_hash": base64.RawURLEncoding.EncodeToString(half[:16]), "groups": []string{"support"}, "sid": "sid-1",
	}
	f.json(w, map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": f.sign(claims)})
}

// sign makes a token of the provider's, changed as was set.
func (f *faulty) sign(claims map[string]any) string {
	header := map[string]any{"alg": "ES256", "kid": "one", "typ": "JWT"}
	key := f.key
	if f.change != nil {
		f.change(header, claims)
	}
	if header["kid"] == "other's" {
		key, header["kid"] = newP256(f.T), "one"
	}
	token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims(claims))
	token.Header = header
	var text string
	var err error
	if header["alg"] == "none" {
		token.Method = jwt.SigningMethodNone
		text, err = token.SignedString(jwt.UnsafeAllowNoneSignatureType)
	} else {
		text, err = token.SignedString(key)
	}
	if err != nil {
		f.Error(err)
	}
	return text
}

func (f *faulty) json(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(body); err != nil {
		f.Error(err)
	}
}

// A browser is one that an agent signs in with: it keeps cookies, follows the provider, and stops where it is sent back.
type browser struct {
	*env
	http   *http.Client
	cookie string
}

func (e *env) browser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{env: e, http: &http.Client{Jar: jar, Timeout: 20 * time.Second, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), e.base) {
			return http.ErrUseLastResponse
		}
		return nil
	}}}
}

// begin asks for the provider's address.
func (b *browser) begin(provider string) string {
	b.Helper()
	r := b.do(call{method: "POST", path: "/v1/signin/" + provider, origin: b.base, cookie: b.cookie})
	if r.header.Get("Set-Cookie") != "" {
		b.cookie = b.cookieOf(r)
	}
	return into[struct{ URL string }](b.env, r, 200).URL
}

// visit goes to the provider, signs in there where it asks, and gives the address that it sends the browser back to.
func (b *browser) visit(address, user string) url.Values {
	b.Helper()
	answer, err := b.http.Get(address)
	if err != nil {
		b.Fatal(err)
	}
	if at := answer.Request.URL; strings.HasPrefix(at.Path, "/login/") {
		_ = answer.Body.Close()
		form := url.Values{"id": {at.Query().Get("authRequestID")}, "username": {user}, "password": {"verysecure"}}
		if answer, err = b.http.PostForm(at.String(), form); err != nil {
			b.Fatal(err)
		}
	}
	defer answer.Body.Close()
	to, err := url.Parse(answer.Header.Get("Location"))
	if err != nil || answer.StatusCode != http.StatusFound || to.Path != redirectURI || to.Scheme+"://"+to.Host != b.base {
		text, _ := io.ReadAll(answer.Body)
		b.Fatalf("the provider answers %d, sends to %q: %s", answer.StatusCode, to, text)
	}
	return to.Query()
}

// end hands the code over.
func (b *browser) end(back url.Values) reply {
	b.Helper()
	body := fmt.Sprintf(`{"code":%q,"state":%q,"iss":%q}`, back.Get("code"), back.Get("state"), back.Get("iss"))
	if back.Get("iss") == "" {
		body = fmt.Sprintf(`{"code":%q,"state":%q}`, back.Get("code"), back.Get("state"))
	}
	return b.do(call{method: "POST", path: "/v1/signin", body: body, origin: b.base, cookie: b.cookie})
}
