package test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"vitrine/internal/store"
	"vitrine/internal/store/pgtest"
)

// The server keeps its log in PostgreSQL by configuration alone.
func TestServeOnPostgres(t *testing.T) {
	db, err := pgtest.Start()
	if errors.Is(err, pgtest.ErrNone) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Stop(); err != nil {
			t.Error(err)
		}
	}()
	address := filepath.Join(t.TempDir(), "postgres.url")
	if err := os.WriteFile(address, []byte(db.Database(t)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("store: {postgres_file: %s}", address)
	e := Start(t, Options{Config: config})
	openSession(t, e)
	if err := e.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(e.Data, store.FileName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a file of SQLite besides: %v", err)
	}
	name := filepath.Join(t.TempDir(), "vitrine.yaml")
	if err := os.WriteFile(name, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := e.Run("audit", "export", "--config", name, "--data", e.Data, "--event", "session.")
	if err != nil || !strings.Contains(out, `"event":"session.created"`) || !strings.Contains(out, `"event":"session.ended"`) {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := e.Run("audit", "verify", "--config", name, "--data", e.Data); err != nil || !strings.Contains(out, "are whole") {
		t.Errorf("%v: %s", err, out)
	}
}

// A server that is killed finds its log whole when it starts anew, and writes down that it was killed.
func TestG11_KilledServer(t *testing.T) {
	dir := t.TempDir()
	e, err := Launch(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	openSession(t, e)
	before := len(e.Audit(t)) // waits until all is written
	if err := syscall.Kill(e.Pid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-e.exited
	if e, err = Launch(dir, Options{}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := e.Stop(); err != nil {
			t.Error(err)
		}
	}()
	if after := len(e.Audit(t)); before == 0 || after != before {
		t.Errorf("%d events before, %d after", before, after)
	}
	kept, err := store.Open(context.Background(), e.Data, "")
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	lines, err := kept.Lines(context.Background(), store.Query{Event: "audit.opened"})
	if err != nil || len(lines) != 2 || !strings.Contains(string(lines[1].Text), `"outcome":"after-crash"`) {
		t.Errorf("%d starts, %v", len(lines), err)
	}
	if out, err := e.Run("audit", "verify", "--data", e.Data); err != nil || !strings.Contains(out, "are whole") {
		t.Errorf("%v: %s", err, out)
	}
}
