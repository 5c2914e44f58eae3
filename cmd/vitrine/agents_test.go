package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vitrine/internal/keyfile"
)

// A key that is added to the data directory of a running server counts without a restart.
func TestG12_KeysAreReadAgainWhileRunning(t *testing.T) {
	c, pool := production(t)
	running(t, c)
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	published := func() int {
		r, err := client.Get(c.PublicAddress + "/.well-known/jwks.json")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		var set struct{ Keys []any }
		if err := json.NewDecoder(r.Body).Decode(&set); err != nil {
			t.Fatal(err)
		}
		return len(set.Keys)
	}
	if n := published(); n != 1 {
		t.Fatalf("%d keys", n)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := keyfile.Write(filepath.Join(c.Data, "keys", "z.pem"), key); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * keyTime); published() != 2; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the new key does not count")
		}
	}
}

func TestProvidersAreReadFromTheConfiguration(t *testing.T) {
	c := defaults()
	if err := load(example, &c); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	p := &c.Agents.Providers[0]
	p.CARoot, p.SecretFile = "", filepath.Join(dir, "secret")
	if err := os.WriteFile(p.SecretFile, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	providers, err := c.Agents.open()
	if err != nil || len(providers) != 1 {
		t.Fatal(providers, err)
	}
	got := providers[0]
	if got.Secret != "s3cret" || got.Issuer != "https://login.example" || got.Claim != "groups" || len(got.Roles) != 3 || got.Roles[2].Sites[0] != "*" {
		t.Errorf("got %+v", got)
	}
	if err := got.Validate(); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(){
		"client_secret_file": func() { p.SecretFile = filepath.Join(dir, "none") },
		"chmod 600":          func() { p.SecretFile = filepath.Join(dir, "secret"); _ = os.Chmod(p.SecretFile, 0o644) },
		"ca_root":            func() { p.SecretFile, p.CARoot = "", filepath.Join(dir, "secret") },
	} {
		saved := *p
		change()
		if _, err := c.Agents.open(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
		*p = saved
	}
}
