package signaling

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
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
	if err != nil || len(both.list) != 2 || both.signer().id == old.signer().id {
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
