package main

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
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
	bad := slices.IndexFunc(e.URLs, func(u string) bool { return !turnURL(u) })
	return []rule{
		{bad < 0, "turn.external.urls: must be like turn:relay.example:3478?transport=udp or turns:relay.example:5349?transport=tcp"},
		{(len(e.URLs) == 0) == (e.SecretFile == ""), "turn.external: set both urls and secret_file, or neither"},
	}
}

var turnURI = regexp.MustCompile(`\Aturns?:([0-9A-Za-z._-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?(?:\?transport=(?:udp|tcp))?\z`)

// turnURL says whether browsers take a URL (RFC 7065). They refuse to make any connection at all when one of those that
// they are given is malformed, so that it would end every session.
func turnURL(u string) bool {
	parts := turnURI.FindStringSubmatch(u)
	if parts == nil {
		return false
	}
	port, err := strconv.ParseUint(cmp.Or(parts[2], "3478"), 10, 16)
	if err != nil || port == 0 {
		return false
	}
	inner, bracket := strings.CutPrefix(parts[1], "[")
	ip, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
	return !bracket || err == nil && ip.Is6()
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
	text, err := secretFile("turn.external.secret_file", e.SecretFile)
	if err != nil {
		return nil, err
	}
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
