package signaling

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func TestG12_RotationKeepsTheOldKeyUntilItIsRemoved(t *testing.T) {
	dir := t.TempDir()
	old, err := OpenOrCreateKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	claims := Claims{Site: "demo"}
	claims.Subject = "ada"
	raw, _, err := NewTokens(old).Mint(KindAgent, claims, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	names, _ := filepath.Glob(filepath.Join(dir, "keys", "*.pem"))
	if err := os.Rename(names[0], filepath.Join(dir, "keys", "0.pem")); err != nil {
		t.Fatal(err)
	}
	if err := createKey(filepath.Join(dir, "keys")); err != nil {
		t.Fatal(err)
	}
	both, err := OpenKeys(dir)
	if err != nil || both.Len() != 2 || both.signer().id == old.signer().id {
		t.Fatalf("two keys wanted, the new one signing: %v", err)
	}
	if _, err := NewTokens(both).Verify(raw, KindAgent); err != nil {
		t.Errorf("a token of the old key, with both keys there: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "keys", "0.pem")); err != nil {
		t.Fatal(err)
	}
	left, err := OpenKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewTokens(left).Verify(raw, KindAgent); err == nil || !strings.Contains(err.Error(), "kid-unknown") {
		t.Errorf("a token of the key that was removed: %v", err)
	}
}

func TestKeyFilesAreHeldToTheirForm(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenKeys(dir); !errors.Is(err, ErrNoKey) || !strings.Contains(err.Error(), "--data") {
		t.Errorf("no key: %v", err)
	}
	if _, err := OpenOrCreateKeys(dir); err != nil {
		t.Fatal(err)
	}
	names, _ := filepath.Glob(filepath.Join(dir, "keys", "*.pem"))
	folder, err := os.Stat(filepath.Join(dir, "keys"))
	if err != nil || folder.Mode().Perm() != 0o700 {
		t.Errorf("folder mode %v, %v", folder.Mode(), err)
	}
	info, err := os.Stat(names[0])
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file mode %v, %v", info.Mode(), err)
	}
	data, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]struct {
		data []byte
		mode os.FileMode
		want string
	}{
		"readable by others": {data, 0o644, "chmod 600"},
		"not PEM":            {[]byte("hello"), 0o600, "PEM"},
		"two keys":           {append(append([]byte{}, data...), data...), 0o600, "one PEM block"},
		"too large":          {make([]byte, 1<<13), 0o600, "PEM file"},
	} {
		if err := os.WriteFile(names[0], bad.data, bad.mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(names[0], bad.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenKeys(dir); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Rotating a key takes no restart, and nobody who is connected notices.
func TestG12_RotationDropsNoSession(t *testing.T) {
	dir := t.TempDir()
	keys, err := OpenOrCreateKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	e := newEnv(t, func(c *Config) { c.Tokens = NewTokens(keys) })
	e.tokens = e.api.config.Tokens
	session := e.begin()
	seat := e.redeem(session.Code)
	_, r := e.join(session.Session, session.Token, false)
	if r.status != 201 {
		t.Fatalf("join: %d", r.status)
	}
	old, oldNext := keys.signer().id, r.header.Get("Vitrine-Token")
	names, _ := filepath.Glob(filepath.Join(dir, "keys", "*.pem"))
	if err := os.Rename(names[0], filepath.Join(dir, "keys", "0.pem")); err != nil {
		t.Fatal(err)
	}
	if err := createKey(filepath.Join(dir, "keys")); err != nil {
		t.Fatal(err)
	}
	if changed, err := keys.Reload(); err != nil || !changed || keys.Len() != 2 || keys.signer().id == old {
		t.Fatalf("changed %v, %v: the new key does not sign", changed, err)
	}
	if changed, err := keys.Reload(); err != nil || changed {
		t.Errorf("nothing changed, but: %v, %v", changed, err)
	}
	r = e.do(call{method: "GET", path: "/v1/ice", token: oldNext, origin: shop})
	if r.status != 200 {
		t.Errorf("a token of the old key: %d %s", r.status, r.body)
	}
	newNext := r.header.Get("Vitrine-Token")
	spare := e.mint(KindAgent, Claims{Site: "shop"}, "eva")
	if _, r := e.join(seat.Session, seat.Token, true); r.status != 201 {
		t.Errorf("an agent with a token of the old key: %d", r.status)
	}
	if err := os.Remove(filepath.Join(dir, "keys", "0.pem")); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Reload(); err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{"customer's": newNext, "agent's": spare} {
		path := "/v1/ice"
		if token == spare {
			path = "/v1/me"
		}
		if r := e.do(call{method: "GET", path: path, token: token}); r.status != 200 {
			t.Errorf("the %s token of the new key: %d %s", name, r.status, r.body)
		}
	}
	if info, ok := e.sfu.Lookup(session.Session); !ok || len(info.Agents) != 1 {
		t.Errorf("the session: %+v, %v", info, ok)
	}
	newest, _ := filepath.Glob(filepath.Join(dir, "keys", "*.pem"))
	if err := os.Chmod(newest[0], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Reload(); err == nil || keys.Len() != 1 {
		t.Errorf("keys that cannot be read: %v, %d left", err, keys.Len())
	}
}

// What the server publishes verifies what it signs, and nothing of the private half is in it.
func TestG12_PublishedKeysVerify(t *testing.T) {
	e := newEnv(t, nil)
	r := e.do(call{method: "GET", path: "/.well-known/jwks.json"})
	keys, err := parseJWKS(r.body)
	if err != nil || r.status != 200 || len(keys) != 1 || strings.Contains(string(r.body), `"d"`) {
		t.Fatalf("%d %s: %v", r.status, r.body, err)
	}
	raw := e.agentToken("ada", "shop")
	token, err := jwt.NewParser(jwt.WithValidMethods([]string{algES256})).Parse(raw, func(token *jwt.Token) (any, error) {
		return keys[token.Header["kid"].(string)].key, nil
	})
	if err != nil || !token.Valid {
		t.Error(err)
	}
	for kid, v := range keys {
		if v.thumbprint() != kid {
			t.Errorf("kid %s is not the thumbprint", kid)
		}
	}
}
