package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"vitrine/internal/audit"
	"vitrine/internal/store"
)

// logged makes a data directory whose log has a few lines.
func logged(t *testing.T) string {
	t.Helper()
	h := serving(t, t.TempDir())
	for i := range 5 {
		h.rec.record(audit.Event{Name: "login", Role: "agent", Subject: fmt.Sprint("agent ", i%2), Site: "demo", Outcome: "allowed"})
	}
	if err := h.stop(); err != nil {
		t.Fatal(err)
	}
	return h.config.Data
}

// serving starts a server on a data directory.
func serving(t *testing.T, data string) *host {
	t.Helper()
	c := devDefaults()
	c.Data, c.Listen, c.UDP, c.Turn = data, "127.0.0.1:0", "127.0.0.1:0", turnConfig{}
	h, err := start(&c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := vitrine(t, args...)
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func TestAuditCommands(t *testing.T) {
	data := logged(t)
	out := run(t, "audit", "verify", "--data", data)
	if !strings.HasPrefix(out, "7 lines are whole, 1 of them signed\n") {
		t.Errorf("verify: %s", out)
	}
	checkpoint := regexp.MustCompile(`\d+:[0-9a-f]{64}`).FindString(out)
	export := filepath.Join(t.TempDir(), "audit.jsonl")
	text := run(t, "audit", "export", "--data", data)
	key := filepath.Join(t.TempDir(), "audit.pub")
	for name, content := range map[string]string{export: text, key: run(t, "audit", "key", "--data", data)} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out := run(t, "audit", "verify", export, "--key", key, "--checkpoint", checkpoint); !strings.HasPrefix(out, "7 lines are whole") {
		t.Errorf("verify of the export: %s", out)
	}
	lines := strings.SplitAfter(text, "\n")
	for what, changed := range map[string]string{
		"a changed line": strings.Replace(text, "agent 1", "agent 7", 1), "a missing line": strings.Join(append(lines[:2:2], lines[3:]...), ""),
		"a missing end": strings.Join(lines[:5], ""), "another file": "hello\n",
	} {
		if err := os.WriteFile(export, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := vitrine(t, "audit", "verify", export, "--key", key, "--checkpoint", checkpoint)
		var known *failure
		if !errors.As(err, &known) || known.status != exitBroken || !strings.HasPrefix(out, "line ") {
			t.Errorf("%s: %v, %s", what, err, out)
		}
	}
}

func TestAuditExportPicksAndIsWrittenDown(t *testing.T) {
	data := logged(t)
	if out := run(t, "audit", "export", "--data", data, "--event", "login", "--subject", "agent 1", "--site", "demo,other"); strings.Count(out, "\n") != 2 {
		t.Errorf("got %s", out)
	}
	if out := run(t, "audit", "export", "--data", data, "--before", "2000-01-01"); out != "" {
		t.Errorf("got %s", out)
	}
	if err := serving(t, data).stop(); err != nil {
		t.Fatal(err)
	}
	if out := run(t, "audit", "export", "--data", data, "--event", "audit.exported"); !strings.Contains(out, `"outcome":"allowed","count":2`) || strings.Count(out, "\n") != 2 {
		t.Errorf("exports in the log: %s", out)
	}
}

func TestAuditCommandsSayWhatIsMissing(t *testing.T) {
	empty := t.TempDir()
	for args, want := range map[string]string{
		"audit verify": "--data", "audit verify --data " + empty: "start `vitrine serve`", "audit verify --data none": "data directory",
		"audit verify " + filepath.Join(empty, "x") + "": "--key", "audit export --data " + empty + " --from yesterday": "2026-03-04",
		"audit verify --checkpoint 7": "number:hash", "audit key --data " + empty: "key file",
	} {
		if out, err := vitrine(t, strings.Fields(args)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v %s", args, err, out)
		}
	}
	files, err := os.ReadDir(empty)
	if err != nil || len(files) > 0 {
		t.Errorf("a command that only reads left %v, %v", files, err)
	}
}

// A log that somebody wrote into is looked at by a person before the server goes on.
func TestStartRefusesABrokenLog(t *testing.T) {
	data := logged(t)
	kept, err := store.Open(context.Background(), data, "")
	if err != nil {
		t.Fatal(err)
	}
	err = kept.Append(context.Background(), []store.Line{{Seq: 8, Event: "login", Text: []byte("{}")}})
	if err = errors.Join(err, kept.Close()); err != nil {
		t.Fatal(err)
	}
	c := devDefaults()
	c.Data, c.Listen, c.UDP, c.Turn = data, "127.0.0.1:0", "127.0.0.1:0", turnConfig{}
	if h, err := start(&c, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "audit verify") {
		t.Errorf("%v, %v", h, err)
	}
	if out, err := vitrine(t, "audit", "verify", "--data", data); err == nil || !strings.HasPrefix(out, "line 8 ") {
		t.Errorf("%v: %s", err, out)
	}
}
