package audit

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"vitrine/internal/keyfile"
)

// KeyName is the name of the file with the key that signs checkpoints, inside a data directory.
const KeyName = "audit.pem"

// OpenKey reads the key of a data directory.
func OpenKey(dir string) (ed25519.PrivateKey, error) {
	name := filepath.Join(dir, KeyName)
	read, err := keyfile.Read(name)
	if err != nil {
		return nil, fmt.Errorf("audit: key file %s: %w", name, err)
	}
	key, ok := read.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("audit: key file %s: is not an Ed25519 key", name)
	}
	return key, nil
}

// OpenOrCreateKey reads the key of a data directory and makes one when there is none.
func OpenOrCreateKey(dir string) (ed25519.PrivateKey, error) {
	key, err := OpenKey(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	_, key, err = ed25519.GenerateKey(nil)
	if err == nil {
		err = keyfile.Write(filepath.Join(dir, KeyName), key)
	}
	if err != nil {
		return nil, fmt.Errorf("audit: cannot make a key: %w", err)
	}
	return key, nil
}

const publicBlock = "PUBLIC KEY"

// PEM is a public key for a file: SubjectPublicKeyInfo (RFC 8410).
func (p Public) PEM() ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(p.Key)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: publicBlock, Bytes: der}), nil
}

// ParsePublic reads what PEM wrote.
func ParsePublic(data []byte) (Public, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != publicBlock {
		return Public{}, errors.New("audit: a public key is a PEM block of type " + publicBlock + ": `vitrine audit key` prints it")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	key, ok := parsed.(ed25519.PublicKey)
	if err != nil || !ok {
		return Public{}, errors.New("audit: is not an Ed25519 public key")
	}
	return NewPublic(key), nil
}
