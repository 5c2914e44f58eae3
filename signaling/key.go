package signaling

import (
	"crypto/ecdsa"
	"crypto/ed25519"
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
	"sync"
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
// signs; so a key is rotated in by adding a file and rotated out by deleting one, and no session notices. It is safe for
// concurrent use.
type Keys struct {
	dir string

	mu   sync.RWMutex
	list []key
}

// Reload reads the keys again. When they cannot be read those from before stay. changed tells whether there are others now.
func (k *Keys) Reload() (changed bool, err error) {
	fresh, err := OpenKeys(k.dir)
	if err != nil {
		return false, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	changed = !slices.EqualFunc(k.list, fresh.list, func(a, b key) bool { return a.id == b.id })
	k.list = fresh.list
	return changed, nil
}

// all are the keys as they are now.
func (k *Keys) all() []key {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.list // replaced as a whole, never changed
}

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
	keys := &Keys{dir: dir}
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
	b64 := base64.RawURLEncoding.EncodeToString
	return thumb(fmt.Sprintf(`{"crv":"P-256","kty":"EC","x":"%s","y":"%s"}`, b64(point[1:33]), b64(point[33:]))), nil
}

func thumb(members string) string {
	sum := sha256.Sum256([]byte(members))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// thumbprint is the RFC 7638 name of a key.
func (v verifier) thumbprint() string {
	switch key := v.key.(type) {
	case *ecdsa.PublicKey:
		if id, err := thumbprint(key); err == nil {
			return id
		}
	case ed25519.PublicKey: // RFC 8037 appendix A.3
		return thumb(fmt.Sprintf(`{"crv":"Ed25519","kty":"OKP","x":"%s"}`, base64.RawURLEncoding.EncodeToString(key)))
	}
	return ""
}

// Len is how many keys there are.
func (k *Keys) Len() int { return len(k.all()) }

// signer is the key that new tokens are signed with.
func (k *Keys) signer() key {
	list := k.all()
	return list[len(list)-1]
}

// public is the key of an id.
func (k *Keys) public(id string) (verifier, bool) {
	list := k.all()
	i := slices.IndexFunc(list, func(k key) bool { return k.id == id })
	if i < 0 {
		return verifier{}, false
	}
	return verifier{algES256, &list[i].private.PublicKey}, true
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
