package main

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"vitrine/internal/access"
	"vitrine/internal/store"
)

func written(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestPolicyTestTellsWhatIsNotMet(t *testing.T) {
	policy := written(t, "access.cedar", string(access.Default())+`
@id("payment") forbid (principal, action, resource is Page) when { resource.path like "/payment*" };
@id("night") forbid (principal, action in Action::"control", resource) when { context.hour < 8 };`)
	table := written(t, "table.yaml", `
cases:
  - {name: shop, roles: [agent], site: shop, path: /a, allow: [view, click], deny: [lock]}
  - {name: pay, roles: [agent], site: shop, path: /payment, deny: [view]}
  - {name: early, roles: [agent], site: shop, at: 2026-03-02T07:00, allow: [view], deny: [click]}
  - {name: admin, roles: [admin], allow: [lock], deny: [audit.read]}
`)
	if out := run(t, "policy", "test", table, "--policy", policy); !strings.Contains(out, "8 expectations, 0 not met") {
		t.Error(out)
	}
	wrong := written(t, "table.yaml", `
cases:
  - {name: pay, roles: [agent], site: shop, path: /payment, allow: [view]}
  - {name: shop, roles: [agent], site: shop, deny: [view]}
`)
	out, err := vitrine(t, "policy", "test", wrong, "--policy", policy)
	var status *failure
	if !errors.As(err, &status) || status.status != 1 {
		t.Errorf("error %v", err)
	}
	for _, want := range []string{
		"case 1 (pay): view: want allow, got deny by payment", "case 2 (shop): view: want deny, got allow by agents-look", "2 expectations, 2 not met",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%s\nis not in:\n%s", want, out)
		}
	}
	for text, want := range map[string]string{
		"cases: []": "holds no cases",
		"cases: [{roles: [boss], site: a, allow: [view]}]":   "no role",
		"cases: [{roles: [agent], site: a, allow: [look]}]":  "no action",
		"cases: [{roles: [agent], site: a}]":                 "says nothing",
		"cases: [{roles: [agent], path: a, allow: [view]}]":  "slash",
		"cases: [{roles: [agent], at: noon, allow: [view]}]": "local time",
		"cases: [{rolls: [agent]}]":                          "rolls",
	} {
		if _, err := vitrine(t, "policy", "test", written(t, "t.yaml", text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if out := run(t, "policy", "default"); out != string(access.Default()) {
		t.Error("the default policy is not printed")
	}
}

func TestServerDoesNotStartWithoutItsPolicy(t *testing.T) {
	for policy, want := range map[string]string{
		"/nowhere/access.cedar":                          "access policy",
		written(t, "a.cedar", "permit (principal"):       "a.cedar",
		written(t, "b.cedar", "// nothing but comments"): "no policy",
	} {
		c := devDefaults()
		c.Data, c.Listen, c.UDP, c.Turn, c.Access.Policy = t.TempDir(), "127.0.0.1:0", "127.0.0.1:0", turnConfig{}, policy
		h, err := start(&c, slog.New(slog.DiscardHandler))
		if err == nil {
			t.Error("it starts")
			err = h.stop()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", policy, err)
		}
	}
}

// Changed files are taken, broken ones are not, and both stand in the audit log.
func TestPolicyIsReadAnew(t *testing.T) {
	file := written(t, "access.cedar", string(access.Default()))
	c := devDefaults()
	c.Data, c.Listen, c.UDP, c.Turn, c.Access.Policy = t.TempDir(), "127.0.0.1:0", "127.0.0.1:0", turnConfig{}, file
	h, err := start(&c, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	before := h.access.Policies().Digest()
	if err := os.WriteFile(file, []byte("permit ("), 0o600); err != nil {
		t.Fatal(err)
	}
	h.reloadAccess()
	if h.access.Policies().Digest() != before {
		t.Error("a broken policy is in force")
	}
	if err := os.WriteFile(file, []byte(`@id("x") permit (principal, action, resource);`), 0o600); err != nil {
		t.Fatal(err)
	}
	h.reloadAccess()
	if h.access.Policies().Digest() == before {
		t.Error("the new policy is not in force")
	}
	if err := h.rec.log.Sync(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"policy.refused", "policy.loaded"} {
		if lines, err := h.rec.kept.Lines(t.Context(), store.Query{Event: name}); err != nil || len(lines) != 1 {
			t.Errorf("%s: %d lines, %v", name, len(lines), err)
		}
	}
	if err := h.stop(); err != nil {
		t.Error(err)
	}
}

func TestG03_LockCommand(t *testing.T) {
	c := devDefaults()
	c.Data, c.Listen, c.UDP, c.Turn, c.Admin.Listen = t.TempDir(), "127.0.0.1:0", "127.0.0.1:0", turnConfig{}, "127.0.0.1:0"
	logs := &seen{}
	h, err := start(&c, slog.New(slog.NewJSONHandler(logs, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := h.stop(); err != nil {
			t.Error(err)
		}
	}()
	_, admin, ok := strings.Cut(logs.String(), `"admin listener","address":"`)
	admin, _, _ = strings.Cut(admin, `"`)
	if !ok {
		t.Fatal(logs.String())
	}
	where := []string{"--data", h.config.Data, "--admin", admin}
	id := strings.TrimSpace(run(t, append([]string{"lock", "agent", "ada", "--reason", "left"}, where...)...))
	if out := run(t, append([]string{"lock", "list"}, where...)...); !strings.Contains(out, id) || !strings.Contains(out, "ada") || !strings.Contains(out, "left") {
		t.Error(out)
	}
	if _, err := vitrine(t, append([]string{"lock", "site", "nowhere"}, where...)...); err == nil || !strings.Contains(err.Error(), "no such site") {
		t.Error(err)
	}
	run(t, append([]string{"lock", "lift", id}, where...)...)
	if out := run(t, append([]string{"lock", "list"}, where...)...); strings.TrimSpace(out) != "" {
		t.Error(out)
	}
	other := t.TempDir()
	if _, err := vitrine(t, "lock", "list", "--data", other, "--admin", admin); err == nil {
		t.Error("somebody without the data directory gets an answer")
	}
}

// seen keeps what is logged.
type seen struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *seen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *seen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}
