package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"vitrine/internal/backup"
	"vitrine/internal/store"
)

// identity makes an age identity in a file.
func identity(t *testing.T) (recipient, file string) {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "key.txt")
	if err := os.WriteFile(file, []byte("# made for a test\n"+id.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return id.Recipient().String(), file
}

// backedUp makes a data directory with all that a server keeps, and a backup of it.
func backedUp(t *testing.T) (data, file, key string) {
	t.Helper()
	data = logged(t)
	kept, err := store.Open(context.Background(), data, "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = kept.Put(context.Background(), store.Record{Kind: "setting", Key: "shop", At: time.Now(), Value: []byte("kept secret")})
	if err = errors.Join(err, kept.Close()); err != nil {
		t.Fatal(err)
	}
	sealed := filepath.Join(data, "recordings", "s1")
	if err := os.MkdirAll(sealed, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"000001.age": bytes.Repeat([]byte{1, 2, 3}, 1<<20), "000002.age.tmp": []byte("half")} {
		if err := os.WriteFile(filepath.Join(sealed, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	recipient, key := identity(t)
	file = filepath.Join(t.TempDir(), "vitrine.backup")
	if out := run(t, "backup", "--data", data, "--to", recipient, "--out", file); !strings.Contains(out, "read again and whole") {
		t.Errorf("backup: %s", out)
	}
	return data, file, key
}

func TestBackupAndRestore(t *testing.T) {
	data, file, key := backedUp(t)
	text, err := os.ReadFile(file)
	if err != nil || bytes.Contains(text, []byte("kept secret")) || bytes.Contains(text, []byte("audit.opened")) {
		t.Errorf("the backup can be read, or not at all: %v", err)
	}
	fresh := filepath.Join(t.TempDir(), "data")
	if out := run(t, "restore", file, "--identity", key, "--data", fresh); !strings.Contains(out, "lines are whole") {
		t.Errorf("restore: %s", out)
	}
	for _, name := range []string{"audit.pem", "recordings/s1/000001.age"} {
		was, errWas := os.ReadFile(filepath.Join(data, name))
		is, errIs := os.ReadFile(filepath.Join(fresh, name))
		if errWas != nil || errIs != nil || !bytes.Equal(was, is) {
			t.Errorf("%s is not as it was: %v, %v", name, errWas, errIs)
		}
	}
	for _, name := range []string{"recordings/s1/000002.age.tmp", "lock", "audit.head"} {
		if _, err := os.Stat(filepath.Join(fresh, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s was restored", name)
		}
	}
	kept, err := store.Open(context.Background(), fresh, "")
	if err != nil {
		t.Fatal(err)
	}
	record, err := kept.Get(context.Background(), "setting", "shop")
	if err = errors.Join(err, kept.Close()); err != nil || string(record.Value) != "kept secret" {
		t.Errorf("the record: %q, %v", record.Value, err)
	}
	startAgain(t, fresh)
	if out := run(t, "audit", "export", "--data", data, "--event", "audit."); !strings.Contains(out, `"outcome":"new"`) {
		t.Errorf("the log: %s", out)
	}
	if _, err := vitrine(t, "restore", file, "--identity", key, "--data", fresh); !errors.Is(err, backup.ErrHeld) {
		t.Errorf("into a full directory: %v", err)
	}
}

// startAgain starts a server on a data directory and verifies the log that it went on with.
func startAgain(t *testing.T, data string) {
	t.Helper()
	h := serving(t, data)
	if err := h.stop(); err != nil {
		t.Fatal(err)
	}
	if out := run(t, "audit", "verify", "--data", data); !strings.Contains(out, "are whole") {
		t.Errorf("the log goes on as %s", out)
	}
}

func TestRestoreRefuses(t *testing.T) {
	_, file, key := backedUp(t)
	_, other := identity(t)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	for name, c := range map[string]struct {
		content  []byte
		identity string
		want     error
	}{
		"another identity": {whole, other, backup.ErrIdentity}, "a cut file": {whole[:len(whole)-100], key, backup.ErrBroken},
		"a flipped bit": {flipped, key, backup.ErrBroken}, "no backup": {[]byte("hello"), key, backup.ErrBroken}, "an empty file": {nil, key, backup.ErrBroken},
	} {
		bad := filepath.Join(t.TempDir(), "bad")
		if err := os.WriteFile(bad, c.content, 0o600); err != nil {
			t.Fatal(err)
		}
		fresh := filepath.Join(t.TempDir(), "data")
		if out, err := vitrine(t, "restore", bad, "--identity", c.identity, "--data", fresh); !errors.Is(err, c.want) {
			t.Errorf("%s: %v %s", name, err, out)
		}
		if entries, err := os.ReadDir(fresh); err == nil && len(entries) > 0 {
			t.Errorf("%s left %d files", name, len(entries))
		}
	}
}

func TestBackupSaysWhatIsWrong(t *testing.T) {
	data := logged(t)
	recipient, key := identity(t)
	secret, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	there := filepath.Join(t.TempDir(), "there")
	if err := os.WriteFile(there, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"a private key": {[]string{"--to", strings.Fields(string(secret))[5], "--out", "x"}, "must stay elsewhere"},
		"no recipient":  {[]string{"--to", "somebody", "--out", "x"}, "age-keygen"},
		"a file there":  {[]string{"--to", recipient, "--out", there}, "another name"},
		"no folder":     {[]string{"--to", recipient, "--out", "/none/x"}, "no such file"},
	} {
		if out, err := vitrine(t, append([]string{"backup", "--data", data}, c.args...)...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v %s", name, err, out)
		}
	}
	if text, err := os.ReadFile(there); err != nil || string(text) != "precious" {
		t.Error("a file that was there is gone")
	}
	if _, err := vitrine(t, "restore", there, "--identity", there, "--data", t.TempDir()); err == nil || !strings.Contains(err.Error(), "age-keygen") {
		t.Errorf("an identity that is none: %v", err)
	}
}
