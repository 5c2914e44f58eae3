package signaling

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"vitrine/internal/keyfile"
)

// ErrNoKey says that a data directory holds no key yet.
var ErrNoKey = errors.New("signaling: the data directory holds no key: start `vitrine serve` with it once, or name the right one with --data")

const keyFolder = "keys"

// A key signs and verifies tokens; id is its RFC 7638 thumbprint, which the kid header names.
type key struct {
	id      string
	private *ecdsa.PrivateKey
}

// Keys are the ES256 keys of a data directory: keys/*.pem in the order of their names. All of them verify, the last one
// signs; so a key is rotated in by adding a file and rotated out by deleting one.
type Keys struct{ list []key }

// OpenKeys reads the keys of a data directory. ErrNoKey is returned when there is none.
func OpenKeys(dir string) (*Keys, error) {
	names, err := filepath.Glob(filepath.Join(dir, keyFolder, "*.pem"))
	if err != nil {
		return nil, fmt.Errorf("signaling: %w", err)
	}
	if len(names) == 0 {
		return nil, ErrNoKey
	}
	slices.Sort(names)
	keys := &Keys{}
	for _, name := range names {
		k, err := readKey(name)
		if err != nil {
			return nil, fmt.Errorf("signaling: key file %s: %w", name, err)
		}
		keys.list = append(keys.list, k)
	}
	return keys, nil
}

// OpenOrCreateKeys reads the keys of a data directory and makes the first one when there is none. The folder and the
// file are readable by their owner only.
func OpenOrCreateKeys(dir string) (*Keys, error) {
	keys, err := OpenKeys(dir)
	if !errors.Is(err, ErrNoKey) {
		return keys, err
	}
	if err := createKey(filepath.Join(dir, keyFolder)); err != nil {
		return nil, fmt.Errorf("signaling: cannot make a key: %w", err)
	}
	return OpenKeys(dir)
}

func createKey(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	id, err := thumbprint(&private.PublicKey)
	if err != nil {
		return err
	}
	return keyfile.Write(filepath.Join(folder, time.Now().UTC().Format("20060102T150405Z")+"-"+id[:8]+".pem"), private)
}

func readKey(name string) (key, error) {
	parsed, err := keyfile.Read(name)
	if err != nil {
		return key{}, err
	}
	private, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || private.Curve != elliptic.P256() {
		return key{}, errors.New("is not an ECDSA key on P-256")
	}
	id, err := thumbprint(&private.PublicKey)
	return key{id, private}, err
}

// thumbprint is the RFC 7638 name of a public key: SHA-256 over its required JWK members in order.
func thumbprint(public *ecdsa.PublicKey) (string, error) {
	point, err := public.Bytes() // 4, x, y
	if err != nil {
		return "", err
	}
	b64 := base64.RawURLEncoding
	jwk := fmt.Sprintf(`{"crv":"P-256","kty":"EC","x":"%s","y":"%s"}`, b64.EncodeToString(point[1:33]), b64.EncodeToString(point[33:]))
	sum := sha256.Sum256([]byte(jwk))
	return b64.EncodeToString(sum[:]), nil
}

// signer is the key that new tokens are signed with.
func (k *Keys) signer() key { return k.list[len(k.list)-1] }

// public is the key of an id.
func (k *Keys) public(id string) (*ecdsa.PublicKey, bool) {
	i := slices.IndexFunc(k.list, func(k key) bool { return k.id == id })
	if i < 0 {
		return nil, false
	}
	return &k.list[i].private.PublicKey, true
}

// MakeDataDir makes a data directory that only its owner can enter. One that exists is left as it is.
func MakeDataDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("signaling: data directory: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() {
		return errors.Join(err, fmt.Errorf("signaling: data directory %s: %w", dir, fs.ErrInvalid))
	}
	return nil
}
