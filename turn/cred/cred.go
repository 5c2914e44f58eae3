// Package cred mints and verifies the TURN credentials of a session.
//
// A user name is expiry:session:role:nonce and its password is
// base64(HMAC-SHA1(key, username)), the REST scheme of
// draft-uberti-behave-turn-rest-00, so standard tools understand it. The keys
// are random per boot and never leave the process: there is no TURN secret to
// configure, leak or rotate by hand.
package cred

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	maxUsername = 160 // bytes; a longer name is refused before any work is done on it
	maxSession  = 64
	maxRole     = 16
	maxExpiry   = 11 // decimal digits: good until the year 5138
	keyIDLen    = 8  // hex digits at the start of the nonce that name the signing key
	nonceLen    = 24 // hex digits
	maxTTL      = time.Hour
	ringSize    = 3 // one key signs, two older ones still verify
)

// ErrName says that a session id, role or lifetime cannot be put into a user name.
var ErrName = errors.New("cred: session, role or lifetime does not fit a user name")

// errNoHere says that the ring was given no way to ask whether a session exists.
var errNoHere = errors.New("cred: a func that knows the sessions of this host is required")

// Credential is what a client is given: good for Allocate until Expires.
type Credential struct {
	Username, Password string
	TTL                time.Duration
	Expires            time.Time
}

// Name is a user name taken apart.
type Name struct {
	Expiry               time.Time
	Session, Role, Nonce string
}

// Parse takes a user name apart. It accepts exactly what Mint writes: four
// parts, canonical decimal, lower-case hex; anything else is not a name.
func Parse(username string) (Name, bool) {
	if len(username) > maxUsername || strings.Count(username, ":") != 3 {
		return Name{}, false
	}
	expiry, rest, _ := strings.Cut(username, ":")
	session, rest, _ := strings.Cut(rest, ":")
	role, nonce, _ := strings.Cut(rest, ":")
	if expiry == "" || len(expiry) > maxExpiry || expiry[0] == '0' || !all(expiry, isDigit) {
		return Name{}, false
	}
	if !word(session, maxSession) || !word(role, maxRole) || len(nonce) != nonceLen || !all(nonce, isHex) {
		return Name{}, false
	}
	seconds, err := strconv.ParseInt(expiry, 10, 64)
	if err != nil {
		return Name{}, false
	}
	return Name{Expiry: time.Unix(seconds, 0), Session: session, Role: role, Nonce: nonce}, true
}

type key struct {
	id     string
	secret [sha1.BlockSize]byte // RFC 2104: one block is used as it is
}

func newKey() key {
	var k key
	var id [keyIDLen / 2]byte
	rand.Read(id[:]) // never fails: crypto/rand ends the program instead
	rand.Read(k.secret[:])
	k.id = hex.EncodeToString(id[:])
	return k
}

func (k *key) password(username string) string {
	mac := hmac.New(sha1.New, k.secret[:])
	mac.Write([]byte(username))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Ring holds the signing keys of one boot. It is safe for concurrent use.
type Ring struct {
	here func(session string) bool

	mu    sync.RWMutex
	keys  []key // newest first
	decoy key   // spends the time of a real key on names that name none
}

// NewRing makes a ring with one random key. here tells whether a session
// lives on this host; a name of any other session does not verify.
func NewRing(here func(session string) bool) (*Ring, error) {
	if here == nil {
		return nil, errNoHere
	}
	return &Ring{here: here, keys: []key{newKey()}, decoy: newKey()}, nil
}

// Rotate puts a new key in front. Names signed by the two keys before it still verify.
func (r *Ring) Rotate() {
	next := newKey()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys = append([]key{next}, r.keys[:min(len(r.keys), ringSize-1)]...)
}

// Mint makes a credential for one role of one session. ErrName is returned
// when session or role hold anything but letters, digits, '-', '_' and '.',
// or when ttl is not within one second and one hour.
func (r *Ring) Mint(session, role string, ttl time.Duration) (Credential, error) {
	if !word(session, maxSession) || !word(role, maxRole) || ttl < time.Second || ttl > maxTTL {
		return Credential{}, ErrName
	}
	r.mu.RLock()
	k := r.keys[0]
	r.mu.RUnlock()
	var random [(nonceLen - keyIDLen) / 2]byte
	rand.Read(random[:])
	expires := time.Unix(time.Now().Add(ttl).Unix(), 0)
	username := strconv.FormatInt(expires.Unix(), 10) + ":" + session + ":" + role + ":" + k.id + hex.EncodeToString(random[:])
	return Credential{Username: username, Password: k.password(username), TTL: ttl, Expires: expires}, nil
}

// Verify gives the long-term key of a user name (RFC 8489 section 9.2.2),
// against which the caller checks MESSAGE-INTEGRITY in constant time. It never
// returns a nil key with true. An expired name is good only when held is true:
// the 5-tuple that asks already holds an allocation of that very name, so a
// long session can refresh what it got in time. Unknown, expired and ended
// are refused alike, after the same work.
func (r *Ring) Verify(username, realm string, held bool) ([]byte, bool) {
	name, parsed := Parse(username)
	if !parsed {
		username = username[:min(len(username), maxUsername)]
	}
	k, known := r.find(name.Nonce)
	sum := md5.Sum([]byte(username + ":" + realm + ":" + k.password(username)))
	fresh := held || time.Now().Before(name.Expiry)
	here := r.here(name.Session)
	if !parsed || !known || !fresh || !here {
		return nil, false
	}
	return sum[:], true
}

func (r *Ring) find(nonce string) (key, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, k := range r.keys {
		if strings.HasPrefix(nonce, k.id) {
			return k, true
		}
	}
	return r.decoy, false
}

func word(s string, most int) bool {
	return s != "" && len(s) <= most && all(s, isWord)
}

func all(s string, is func(byte) bool) bool {
	for i := range len(s) {
		if !is(s[i]) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isHex(c byte) bool   { return isDigit(c) || 'a' <= c && c <= 'f' }
func isWord(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '-' || c == '_' || c == '.'
}
