package audit

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestLinesHaveAFixedOrder(t *testing.T) {
	dir := t.TempDir()
	log, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 4, 5, 6, 7, 8900, time.FixedZone("east", 3600))
	if err := log.Append(Event{Rule: "expired", Outcome: "refused", Name: "token.rejected", Time: at, Count: 2}); err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	want := `{"time":"2026-03-04T04:06:07.000008Z","event":"token.rejected","outcome":"refused","rule":"expired","count":2}` + "\n"
	if got := read(t, dir); got != want {
		t.Errorf("got  %swant %s", got, want)
	}
	info, err := os.Stat(filepath.Join(dir, FileName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v: only the owner may read it", info.Mode(), err)
	}
}

func TestAppendsToWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, FileName), []byte(`{"time":"cut off`), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if err := log.Append(Event{Name: "login"}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(read(t, dir)), "\n")
	if len(lines) != 51 || lines[0] != `{"time":"cut off` {
		t.Fatalf("%d lines, the first %q", len(lines), lines[0])
	}
	for _, line := range lines[1:] {
		if !strings.HasSuffix(line, `"event":"login"}`) {
			t.Errorf("line %q is not whole", line)
		}
	}
}

func TestSaysWhyItCannotOpen(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "data directory") {
		t.Errorf("got %v", err)
	}
}

func read(t *testing.T, dir string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
