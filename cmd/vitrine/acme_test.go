package main

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// The commented block of the example has every key of acme, and is good as soon as the comment signs are gone.
func TestExampleOfACME(t *testing.T) {
	data, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	_, block, ok := strings.Cut(string(data), "  acme: null\n")
	if !ok {
		t.Fatal("the example has no acme: null")
	}
	block = regexp.MustCompile(`(?m)^  # (.*)$`).ReplaceAllString(regexp.MustCompile(`(?s)\A((?:  # [^\n]*\n)+).*`).ReplaceAllString(block, "$1"), "  $1")
	name := filepath.Join(t.TempDir(), "vitrine.yaml")
	if err := os.WriteFile(name, []byte("tls:\n"+block), 0o600); err != nil {
		t.Fatal(err)
	}
	var c config
	if err := load(name, &c); err != nil || c.TLS.ACME == nil {
		t.Fatalf("%v\n%s", err, block)
	}
	v := reflect.ValueOf(*c.TLS.ACME)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("%s is not in the example", v.Type().Field(i).Tag.Get("yaml"))
		}
	}
	for _, r := range c.TLS.ACME.rules(c.TLS) {
		if !r.ok {
			t.Error(r.todo)
		}
	}
}

func TestACMERules(t *testing.T) {
	good := acmeConfig{Domains: []string{"cobrowse.example"}, AcceptTerms: true}
	for want, change := range map[string]func(*config){
		"leave certificate and key out": func(c *config) { c.TLS.Certificate, c.TLS.Key = "a", "b" },
		"tls.acme.domains":              func(c *config) { c.TLS.ACME.Domains = nil },
		"tls.acme.accept_terms":         func(c *config) { c.TLS.ACME.AcceptTerms = false },
		"tls.acme.directory":            func(c *config) { c.TLS.ACME.Directory = "http://ca.example" },
		"tls.acme.http":                 func(c *config) { c.TLS.ACME.HTTP = "80" },
	} {
		c := defaults()
		if err := load(example, &c); err != nil {
			t.Fatal(err)
		}
		acme := good
		c.TLS = tlsConfig{ACME: &acme}
		if err := c.validate(); err != nil {
			t.Fatal(err)
		}
		change(&c)
		if err := c.validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
}
