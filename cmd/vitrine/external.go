package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"vitrine/signaling"
)

// externalConfig names TURN servers of others, such as coturn or eturnal, that share a secret with this server.
type externalConfig struct {
	URLs       []string `yaml:"urls"`
	SecretFile string   `yaml:"secret_file"`
}

// leastSecret is how many bytes a shared secret needs: whoever guesses it has a relay.
const leastSecret = 16

// rules are what must hold of the configuration.
func (e externalConfig) rules() []rule {
	good := true
	for _, u := range e.URLs {
		scheme, rest, _ := strings.Cut(u, ":")
		good = good && (scheme == "turn" || scheme == "turns") && rest != "" && !strings.ContainsAny(rest, "/@ ")
	}
	return []rule{
		{good, "turn.external.urls: must be like turn:relay.example:3478?transport=udp or turns:relay.example:5349?transport=tcp"},
		{(len(e.URLs) == 0) == (e.SecretFile == ""), "turn.external: set both urls and secret_file, or neither"},
	}
}

// external mints credentials for TURN servers of others: an expiry and a name, signed with the secret that is shared
// (draft-uberti-behave-turn-rest-00; coturn calls it use-auth-secret).
type external struct {
	urls   []string
	secret []byte
	life   time.Duration
}

// open reads the secret. The result is nil when no servers are named.
func (e externalConfig) open(life time.Duration) (*external, error) {
	if len(e.URLs) == 0 {
		return nil, nil
	}
	info, err := os.Stat(e.SecretFile)
	if err != nil {
		return nil, fmt.Errorf("turn.external.secret_file: %w", err)
	}
	if info.Mode().Perm()&0o007 != 0 {
		return nil, errors.New("turn.external.secret_file: everybody on this machine may read it: chmod 600")
	}
	secret, err := os.ReadFile(e.SecretFile)
	if err != nil {
		return nil, fmt.Errorf("turn.external.secret_file: %w", err)
	}
	text := strings.TrimSpace(string(secret))
	if len(text) < leastSecret {
		return nil, fmt.Errorf("turn.external.secret_file: holds %d bytes, at least %d are needed: openssl rand -hex 32", len(text), leastSecret)
	}
	return &external{e.URLs, []byte(text), life}, nil
}

// server is what a browser is given. The name is random: those who run the other server learn of no session.
func (e *external) server(now time.Time) signaling.ICEServer {
	var name [8]byte
	_, _ = rand.Read(name[:]) // crypto/rand does not fail: it ends the process instead
	user := strconv.FormatInt(now.Add(e.life).Unix(), 10) + ":" + hex.EncodeToString(name[:])
	sum := hmac.New(sha1.New, e.secret)
	_, _ = sum.Write([]byte(user)) // a hash takes everything
	return signaling.ICEServer{URLs: e.urls, Username: user, Credential: base64.StdEncoding.EncodeToString(sum.Sum(nil))}
}
