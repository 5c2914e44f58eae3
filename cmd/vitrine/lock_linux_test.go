package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOneServerForADataDirectory(t *testing.T) {
	c, _ := production(t)
	quiet := slog.New(slog.DiscardHandler)
	first, err := start(&c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = first.stop() })
	other, _ := production(t)
	other.Data = c.Data
	if h, err := start(&other, quiet); err == nil || !strings.Contains(err.Error(), "another server uses this data directory: "+c.Data) {
		if h != nil {
			_ = h.stop()
		}
		t.Fatalf("a second server: %v", err)
	}
	info, err := os.Stat(filepath.Join(c.Data, lockFile))
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() != 0 {
		t.Errorf("lock file: %v %v", info, err)
	}
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	h, err := start(&other, quiet)
	if err != nil {
		t.Fatalf("after the first one has stopped: %v", err)
	}
	if err := h.stop(); err != nil {
		t.Error(err)
	}
	// One that fails half way lets go as well.
	failing, _ := production(t)
	failing.Data, failing.TLS.Key = c.Data, failing.TLS.Certificate
	if _, err := start(&failing, quiet); err == nil || strings.Contains(err.Error(), "another server") {
		t.Fatalf("got %v", err)
	}
	release, err := lockData(c.Data, quiet)
	if err != nil {
		t.Fatalf("a start that failed keeps the lock: %v", err)
	}
	if err := release(); err != nil {
		t.Error(err)
	}
}
