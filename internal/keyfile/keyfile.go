// Package keyfile keeps private keys in files that only their owner may read: one PEM block of PKCS #8 (RFC 5958) each.
package keyfile

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
)

const (
	block   = "PRIVATE KEY"
	maxSize = 4 << 10
)

// Read reads a key. The error says what to do, but not which file it is about.
func Read(name string) (any, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || info.Size() > maxSize:
		return nil, errors.New("is not a PEM file of one key")
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("others may read it (mode %v): run chmod 600 on it", info.Mode().Perm())
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	found, rest := pem.Decode(data)
	if found == nil || found.Type != block || strings.TrimSpace(string(rest)) != "" {
		return nil, errors.New("must hold one PEM block of type " + block)
	}
	key, err := x509.ParsePKCS8PrivateKey(found.Bytes)
	if err != nil {
		return nil, errors.New("is not a PKCS #8 key")
	}
	return key, nil
}

// Write writes a key. Under its final name the file is whole: another process may be reading it.
func Write(name string, key crypto.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	data := pem.EncodeToMemory(&pem.Block{Type: block, Bytes: der})
	if err := os.WriteFile(name+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}
