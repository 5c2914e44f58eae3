package signaling

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vitrine/internal/audit"
	"vitrine/internal/store"
)

func openStore(t *testing.T) store.Store {
	t.Helper()
	kept, err := store.Open(context.Background(), t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
	return kept
}

func withStore(t *testing.T) func(*Config) {
	return func(c *Config) { c.Trust.Records = openStore(t) }
}

func publicPEM(t *testing.T, public crypto.PublicKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func asJSON(members map[string]string) string {
	data, _ := json.Marshal(members) // strings always can be
	return string(data)
}

func (e *env) adminToken(site string) string {
	e.Helper()
	return e.mint(KindAgent, Claims{Site: site, Roles: []string{RoleAdmin}}, "root")
}

func (e *env) addKey(members map[string]string) reply {
	e.Helper()
	return e.do(call{method: "POST", path: "/v1/keys", body: asJSON(members), token: e.adminToken(AllSites)})
}

func (e *env) revoke(site, kid string) reply {
	e.Helper()
	return e.do(call{method: "POST", path: "/v1/keys/" + kid + "/revoke", body: asJSON(map[string]string{"site": site}), token: e.adminToken(site)})
}

// An owner's token is one of a kind with some members replaced, signed with the owner's key.
func (f forger) owner(kind Kind, kid string, replace ...string) string {
	header := fmt.Sprintf(`{"alg":"ES256","typ":"%s","kid":"%s"}`, kind, kid)
	return f.good(header, payload(append([]string{"iss", `"site:shop"`, "site", `"shop"`}, replace...)...))
}

func TestG12_OwnersKeysAreGoodAtTheirSiteOnly(t *testing.T) {
	e := newEnv(t, withStore(t))
	owner := forger{t, key{private: newP256(t)}}
	bank := forger{t, key{private: newP256(t)}}
	added := into[ownerKey](e, e.addKey(map[string]string{"site": "shop", "kid": "k1", "key": publicPEM(t, owner.key.private.Public())}), 201)
	if added.Alg != algES256 || added.KID != "k1" {
		t.Errorf("added %+v", added)
	}
	into[ownerKey](e, e.addKey(map[string]string{"site": "bank", "kid": "k1", "key": publicPEM(t, bank.key.private.Public())}), 201)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if k := into[ownerKey](e, e.addKey(map[string]string{"site": "shop", "key": publicPEM(t, edKey.Public())}), 201); k.Alg != algEdDSA || len(k.KID) != 43 {
		t.Errorf("added %+v", k)
	} else {
		text := b64(`{"alg":"EdDSA","typ":"vitrine-site+jwt","kid":"`+k.KID+`"}`) + "." + b64(payload("iss", `"site:shop"`, "site", `"shop"`))
		if _, err := e.tokens.Verify(text+"."+b64(string(ed25519.Sign(edKey, []byte(text)))), KindSite); err != nil {
			t.Errorf("EdDSA: %v", err)
		}
	}
	start := func(token string) reply {
		return e.do(call{method: "POST", path: "/v1/sessions", body: asJSON(map[string]string{"token": token}), origin: shop})
	}
	into[begun](e, start(owner.owner(KindSite, "k1")), 201)
	r := e.do(call{method: "POST", path: "/v1/login", body: asJSON(map[string]string{"token": owner.owner(KindAgent, "k1", "name", `"Ada"`)}), origin: e.base})
	me := into[meAnswer](e, e.do(call{method: "GET", path: "/v1/me", cookie: e.cookieOf(r)}), 200)
	if me.Subject != "site:shop:ada" || me.Name != "Ada" || !slices.Equal(me.Roles["shop"], []string{RoleAgent}) || len(me.Roles) != 1 {
		t.Errorf("me: %+v", me)
	}
	own := e.tokens.keys.signer()
	jti := fmt.Sprintf("%q", random())
	if _, err := e.tokens.Verify(owner.owner(KindSite, "k1", "jti", jti), KindSite); err != nil {
		t.Fatal(err)
	}
	if _, err := e.tokens.Verify(bank.owner(KindSite, "k1", "iss", `"site:bank"`, "site", `"bank"`, "jti", jti), KindSite); err != nil {
		t.Errorf("the same id by another owner: %v", err)
	}
	for name, attack := range map[string]struct {
		token string
		kind  Kind
		rule  string
	}{
		"another site's claim":         {owner.owner(KindSite, "k1", "site", `"bank"`), KindSite, "owner-site"},
		"another site's issuer":        {owner.owner(KindSite, "k1", "iss", `"site:bank"`, "site", `"bank"`), KindSite, "signature"},
		"every site":                   {owner.owner(KindAgent, "k1", "site", `"*"`), KindAgent, "owner-site"},
		"this server's issuer":         {owner.owner(KindAgent, "k1", "iss", `"vitrine"`), KindAgent, "kid-unknown"},
		"no issuer":                    {owner.owner(KindAgent, "k1", "iss", ""), KindAgent, "claim-missing"},
		"issuer of another form":       {owner.owner(KindAgent, "k1", "iss", `"shop"`), KindAgent, "iss"},
		"a site that does not exist":   {owner.owner(KindAgent, "k1", "iss", `"site:none"`, "site", `"none"`), KindAgent, "kid-unknown"},
		"this server's key":            {forger{t, own}.owner(KindAgent, own.id), KindAgent, "kid-unknown"},
		"a session's token":            {owner.owner(KindSession, "k1", "session", `"s_1"`, "role", `"customer"`), KindSession, "owner-kind"},
		"a check's token":              {owner.owner(KindCheck, "k1", "site", ""), KindCheck, "owner-kind"},
		"admin by its own word":        {owner.owner(KindAgent, "k1", "roles", `["admin"]`), KindAgent, "owner-roles"},
		"groups by its own word":       {owner.owner(KindAgent, "k1", "groups", `["it-security"]`), KindAgent, "owner-roles"},
		"longer than ten minutes":      {owner.owner(KindSite, "k1", "exp", fmt.Sprint(time.Now().Unix()+601)), KindSite, "life"},
		"replayed":                     {owner.owner(KindSite, "k1", "jti", jti), KindSite, "replayed"},
		"another's signature":          {bank.owner(KindSite, "k1"), KindSite, "signature"},
		"EdDSA by its word, ES256 key": {owner.good(`{"alg":"EdDSA","typ":"vitrine-site+jwt","kid":"k1"}`, payload("iss", `"site:shop"`, "site", `"shop"`)), KindSite, "alg"},
		"agent's token as a site's":    {owner.owner(KindAgent, "k1"), KindSite, "typ"},
	} {
		_, err := e.tokens.Verify(attack.token, attack.kind)
		if rejected, ok := err.(*Rejected); !ok || rejected.Rule != attack.rule {
			t.Errorf("%s: %v, want rule %s", name, err, attack.rule)
		}
	}
}

func TestG12_RevokedKeyIsRefusedAtOnceAndForEver(t *testing.T) {
	kept := openStore(t)
	e := newEnv(t, func(c *Config) { c.Trust.Records = kept })
	owner := forger{t, key{private: newP256(t)}}
	members := map[string]string{"site": "shop", "kid": "k1", "key": publicPEM(t, owner.key.private.Public())}
	into[ownerKey](e, e.addKey(members), 201)
	if _, err := e.tokens.Verify(owner.owner(KindSite, "k1"), KindSite); err != nil {
		t.Fatal(err)
	}
	session := e.begin()
	if r := e.revoke("shop", "k1"); r.status != 204 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	refused := func(e *env) {
		t.Helper()
		_, err := e.tokens.Verify(owner.owner(KindSite, "k1"), KindSite)
		if rejected, ok := err.(*Rejected); !ok || rejected.Rule != "kid-revoked" {
			t.Errorf("got %v", err)
		}
		e.problem(e.addKey(members), problemKeyTaken)
	}
	refused(e)
	refused(newEnv(t, func(c *Config) { c.Trust.Records = kept })) // a restart
	if _, ok := e.sfu.Lookup(session.Session); !ok {
		t.Error("a session ended with the key")
	}
	if r := e.revoke("shop", "k1"); r.status != 204 {
		t.Errorf("again: %d", r.status)
	}
	e.problem(e.revoke("shop", "none"), problemNoKey)
	if e.recorded(audit.Event{Name: "key.added", Rule: "kid:k1"}) != 1 || e.recorded(audit.Event{Name: "key.revoked", Rule: "kid:k1"}) != 2 {
		t.Error("audit lines are missing")
	}
}

func TestG05_KeysAreForAdminsOfTheSite(t *testing.T) {
	e := newEnv(t, withStore(t))
	public := publicPEM(t, newP256(t).Public())
	token := func(site string, roles ...string) string {
		return e.mint(KindAgent, Claims{Site: site, Roles: roles}, "bob")
	}
	try := func(path, token, site string) reply {
		body := map[string]string{"site": site}
		if path == "/v1/keys" {
			body["key"] = public
		}
		return e.do(call{method: "POST", path: path, body: asJSON(body), token: token})
	}
	for _, path := range []string{"/v1/keys", "/v1/keys/k1/revoke"} {
		e.problem(try(path, token("shop", RoleAgent, RoleSupervisor, RoleAuditor), "shop"), problemAdmin)
		e.problem(try(path, token("bank", RoleAdmin), "shop"), problemSite)
		e.problem(try(path, token("shop", RoleAdmin), "none"), problemSite)
		e.problem(try(path, token(AllSites, RoleAdmin), "none"), problemSite)
		e.problem(try(path, "", "shop"), problemNoToken)
		e.problem(try(path, e.begin().Token, "shop"), problemToken)
	}
	e.problem(e.do(call{method: "POST", path: "/v1/keys", body: asJSON(map[string]string{"site": "shop", "key": public}), token: token("shop", RoleAdmin), origin: shop}), problemForeign)
	into[ownerKey](e, try("/v1/keys", token("shop", RoleAdmin), "shop"), 201)
	list := func(token string) []ownerKey {
		return into[[]ownerKey](e, e.do(call{method: "GET", path: "/v1/keys", token: token}), 200)
	}
	if got := list(token("shop", RoleAdmin)); len(got) != 1 || got[0].Site != "shop" || got[0].Key != public {
		t.Errorf("list: %+v", got)
	}
	if got := append(list(token("bank", RoleAdmin)), list(token("shop", RoleAgent))...); len(got) != 0 {
		t.Errorf("others see %+v", got)
	}
	if e.recorded(audit.Event{Name: "key.refused", Rule: "role"}) != 2 {
		t.Error("no audit line for the refusal")
	}
	without := newEnv(t, nil)
	without.problem(without.addKey(map[string]string{"site": "shop", "key": public}), problemNoStore)
}

func TestKeysAreHeldToTheirForm(t *testing.T) {
	e := newEnv(t, withStore(t))
	good := publicPEM(t, newP256(t).Public())
	private, err := x509.MarshalPKCS8PrivateKey(newP256(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]struct {
		members map[string]string
		want    *Problem
	}{
		"neither":         {map[string]string{"site": "shop"}, problemJSON},
		"both":            {map[string]string{"site": "shop", "key": good, "jwks": "https://a.example"}, problemJSON},
		"not PEM":         {map[string]string{"site": "shop", "key": "hello"}, problemKey},
		"a private key":   {map[string]string{"site": "shop", "key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))}, problemKey},
		"two keys":        {map[string]string{"site": "shop", "key": good + good}, problemKey},
		"the set's name":  {map[string]string{"site": "shop", "key": good, "kid": "jwks"}, problemKey},
		"a kid of spaces": {map[string]string{"site": "shop", "key": good, "kid": "a b"}, problemKey},
		"a set's kid":     {map[string]string{"site": "shop", "jwks": "https://a.example", "kid": "a"}, problemKeySet},
		"plain http":      {map[string]string{"site": "shop", "jwks": "http://a.example"}, problemKeySet},
		"a file":          {map[string]string{"site": "shop", "jwks": "file:///etc/passwd"}, problemKeySet},
		"with a password": {map[string]string{"site": "shop", "jwks": "https://a:b@a.example"}, problemKeySet},
	} {
		if r := e.addKey(try.members); !e.problem(r, try.want) {
			t.Logf("the case was: %s", name)
		}
	}
}

// A setServer answers with a key set, and counts how often it was asked.
type setServer struct {
	*httptest.Server
	asked  atomic.Int32
	answer atomic.Pointer[http.HandlerFunc]
}

func newSetServer(t *testing.T) *setServer {
	s := &setServer{}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		(*s.answer.Load())(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *setServer) set(f http.HandlerFunc) { s.answer.Store(&f) }

func (s *setServer) text(text string) {
	s.set(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) })
}

// jwks is a set of keys by their ids.
func jwks(t *testing.T, keys ...key) string {
	var members []string
	for _, k := range keys {
		point, err := k.private.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		members = append(members, fmt.Sprintf(`{"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","kid":%q,"x":%q,"y":%q,"more":[1]}`,
			k.id, b64(string(point[1:33])), b64(string(point[33:]))))
	}
	return `{"keys":[` + strings.Join(append(members, `{"kty":"RSA","kid":"r","n":"AQAB","e":"AQAB"}`, `{"kty":"oct","kid":"o","k":"AAAA"}`), ",") + `]}`
}

func TestG12_KeySetIsReadAgainInTime(t *testing.T) {
	server := newSetServer(t)
	first, second := key{"one", newP256(t)}, key{"two", newP256(t)}
	e := newEnv(t, func(c *Config) {
		c.Trust.Records = openStore(t)
		c.Trust.JWKS.Roots, c.Trust.JWKS.Private = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, true
	})
	server.text(jwks(t, first))
	into[ownerKey](e, e.addKey(map[string]string{"site": "shop", "jwks": server.URL + "/keys"}), 201)
	verify := func(k key, rule string) {
		t.Helper()
		_, err := e.tokens.Verify(forger{t, k}.owner(KindSite, k.id), KindSite)
		if rejected, ok := err.(*Rejected); ok != (rule != "") || ok && rejected.Rule != rule {
			t.Errorf("%s: %v, want %q; asked %d times", k.id, err, rule, server.asked.Load())
		}
	}
	registered, _ := e.api.owners.get("shop", jwksKID)
	later := func(d time.Duration) { // as if that much time had gone by
		registered.set.mu.Lock()
		defer registered.set.mu.Unlock()
		registered.set.got, registered.set.tried = registered.set.got.Add(-d), registered.set.tried.Add(-d)
	}
	asked := func(want int32) {
		t.Helper()
		if got := server.asked.Load(); got != want {
			t.Errorf("the set was asked for %d times, want %d", got, want)
		}
	}
	verify(first, "")
	asked(1)
	for range 50 { // ids that nobody knows are no flood on the owner's server
		verify(key{random(), newP256(t)}, "kid-unknown")
	}
	asked(1)
	server.text(jwks(t, first, second))
	later(jwksRetry)
	verify(second, "") // a new key counts at its first use
	asked(2)
	server.text(jwks(t, second))
	later(jwksFresh - time.Second)
	verify(first, "")
	later(time.Second)
	verify(first, "kid-unknown") // what was withdrawn is refused within five minutes
	asked(3)
	verify(second, "")
	server.set(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	later(jwksKeep - time.Second)
	verify(second, "") // the last set stands in
	verify(second, "") // without asking for every token
	asked(4)
	later(time.Second)
	verify(second, "jwks-dead")
	server.text(jwks(t, second))
	later(jwksRetry)
	verify(second, "")
	if r := e.revoke("shop", "two"); r.status != 204 {
		t.Errorf("revoke: %d %s", r.status, r.body)
	}
	verify(second, "kid-revoked")
	server.text(jwks(t, first))
	later(jwksRetry)
	verify(first, "")
	if r := e.revoke("shop", jwksKID); r.status != 204 {
		t.Errorf("revoke the set: %d", r.status)
	}
	verify(first, "kid-unknown")
}

func TestG12_KeySetsThatAreRefused(t *testing.T) {
	server := newSetServer(t)
	roots := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	good := jwks(t, key{"one", newP256(t)})
	try := func(client JWKSClient, url string) error {
		set := &keySet{url: url, client: client.client()}
		set.mu.Lock()
		defer set.mu.Unlock()
		return set.read()
	}
	server.text(good)
	if err := try(JWKSClient{Private: true, Roots: roots}, server.URL); err != nil {
		t.Fatalf("a good one: %v", err)
	}
	if err := try(JWKSClient{Roots: roots}, server.URL); err == nil || !strings.Contains(err.Error(), "owners.private_addresses") {
		t.Errorf("a private address: %v", err)
	}
	if err := try(JWKSClient{Private: true}, server.URL); err == nil {
		t.Error("a certificate that nobody signed")
	}
	elsewhere := newSetServer(t)
	elsewhere.text(good)
	bad := key{"one", newP256(t)}
	point, _ := bad.private.PublicKey.Bytes()
	off := fmt.Sprintf(`{"keys":[{"kty":"EC","crv":"P-256","kid":"a","x":%q,"y":%q}]}`, b64(string(point[1:33])), b64(strings.Repeat("\x01", 32)))
	for name, answer := range map[string]http.HandlerFunc{
		"redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) },
		"too long": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(good + strings.Repeat(" ", maxJWKS)))
		},
		"too slow":         func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"not JSON":         func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) },
		"no keys":          func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"keys":[]}`)) },
		"keys of RSA only": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(jwks(t))) },
		"off the curve":    func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(off)) },
		"two of one id":    func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(jwks(t, bad, bad))) },
		"a private key": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(strings.Replace(good, `"more":[1]`, `"d":"AAAA"`, 1)))
		},
		"too many keys": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"keys":[` + strings.Repeat(`{},`, maxKeys) + `{}]}`))
		},
		"another algorithm": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(strings.Replace(good, `"alg":"ES256"`, `"alg":"ES384"`, 1)))
		},
	} {
		server.set(answer)
		begin := time.Now()
		if err := try(JWKSClient{Private: true, Roots: roots}, server.URL); err == nil {
			t.Errorf("%s: read", name)
		}
		if took := time.Since(begin); took > 3*jwksTimeout {
			t.Errorf("%s: held up for %v", name, took)
		}
	}
	if elsewhere.asked.Load() != 0 {
		t.Error("a redirect was followed")
	}
}
