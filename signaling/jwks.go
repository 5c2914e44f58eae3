package signaling

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"sync"
	"syscall"
	"time"
)

const (
	jwksFresh   = 5 * time.Minute  // how long a key that was taken out of a set may still be accepted
	jwksRetry   = 10 * time.Second // between two attempts, whatever asks for them: a dead address, or key ids that nobody knows
	jwksKeep    = time.Hour        // how long the last set stands in for one that cannot be read
	jwksTimeout = 3 * time.Second
	maxJWKS     = 64 << 10 // bytes
	maxKeys     = 32       // of one set
)

// algorithms are those that tokens may be signed with. Each key is for one of them.
const (
	algES256 = "ES256"
	algEdDSA = "EdDSA"
)

// A verifier is a public key with the one algorithm that it is for (RFC 8725 section 3.1).
type verifier struct {
	alg string
	key crypto.PublicKey
}

// keyID is what a key may be called: it stands in addresses and in the audit log.
var keyID = regexp.MustCompile(`\A[A-Za-z0-9._~-]{1,128}\z`)

var errKey = errors.New("is no public key for ES256 (P-256) or EdDSA (Ed25519)")

// verifierOf is a public key with its algorithm.
func verifierOf(key any) (verifier, error) {
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() {
			return verifier{algES256, key}, nil
		}
	case ed25519.PublicKey:
		return verifier{algEdDSA, key}, nil
	}
	return verifier{}, errKey
}

// parsePublic reads a public key as `openssl pkey -pubout` writes it.
func parsePublic(text string) (verifier, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "PUBLIC KEY" || len(rest) > 2 {
		return verifier{}, errKey
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return verifier{}, errKey
	}
	return verifierOf(key)
}

// A jwk is the part of a JSON Web Key that is looked at (RFC 7517, RFC 7518 section 6.2, RFC 8037 section 2).
type jwk struct {
	Kty string `json:"kty"`
	Crv string `json:"crv"`
	X   string `json:"x"`
	Y   string `json:"y,omitempty"`
	Kid string `json:"kid"`
	Use string `json:"use,omitempty"`
	Alg string `json:"alg,omitempty"`
	D   string `json:"d,omitempty"`
}

// verifier reads a key; a point that is not on the curve is none.
func (j jwk) verifier() (verifier, error) {
	strict := base64.RawURLEncoding.Strict()
	x, errX := strict.DecodeString(j.X)
	y, errY := strict.DecodeString(j.Y)
	if errX != nil || errY != nil || len(x) != 32 {
		return verifier{}, errKey
	}
	var key any = ed25519.PublicKey(x)
	switch {
	case j.Kty == "EC" && j.Crv == "P-256" && len(y) == 32:
		point, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
		if err != nil {
			return verifier{}, errKey
		}
		key = point
	case j.Kty != "OKP" || j.Crv != "Ed25519" || j.Y != "":
		return verifier{}, errKey
	}
	v, err := verifierOf(key)
	if err != nil || j.Alg != "" && j.Alg != v.alg {
		return verifier{}, errKey
	}
	return v, nil
}

// parseJWKS reads a key set. Keys for something else are passed over; a private one, or two of one name, spoil the set.
func parseJWKS(data []byte) (map[string]verifier, error) {
	var set struct {
		Keys []jwk `json:"keys"`
	}
	if json.Unmarshal(data, &set) != nil || len(set.Keys) > maxKeys {
		return nil, errors.New("is no set of at most 32 JSON Web Keys")
	}
	keys := map[string]verifier{}
	for _, j := range set.Keys {
		v, err := j.verifier()
		switch _, twice := keys[j.Kid]; {
		case j.D != "":
			return nil, errors.New("holds a private key, which everybody can read there: make another one")
		case err != nil || j.Use != "" && j.Use != "sig" || !keyID.MatchString(j.Kid) || j.Kid == jwksKID:
			continue
		case twice:
			return nil, errors.New("has two keys of one id")
		}
		keys[j.Kid] = v
	}
	if len(keys) == 0 {
		return nil, errors.New("has no key for ES256 (P-256) or EdDSA (Ed25519) with an id")
	}
	return keys, nil
}

// JWKSClient says how key sets are read.
type JWKSClient struct {
	Private bool           // their addresses may be private ones
	Roots   *x509.CertPool // who signs their certificates; nil means the system's
}

var errPrivate = errors.New("the address is a private one: set owners.private_addresses when it shall be")

// client makes the client. It follows no redirect, so that who answers is who was registered, and looks at the address that
// it connects to, so that a name cannot lead into the server's own network.
func (c JWKSClient) client() *http.Client {
	dialer := &net.Dialer{Timeout: jwksTimeout, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !c.Private && !public(at.Addr()) {
			return errPrivate
		}
		return nil
	}}
	return &http.Client{
		Timeout: jwksTimeout,
		Transport: &http.Transport{
			DialContext:     dialer.DialContext,
			TLSClientConfig: &tls.Config{RootCAs: c.Roots, MinVersion: tls.VersionTLS12}, TLSHandshakeTimeout: jwksTimeout,
			IdleConnTimeout: 10 * time.Second, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: 16 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// reserved are networks that are nobody's on the Internet, besides those that netip knows (RFC 6890).
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("2002::/16"),
}

func public(at netip.Addr) bool {
	at = at.Unmap()
	for _, network := range reserved {
		if network.Contains(at) {
			return false
		}
	}
	return at.IsGlobalUnicast() && !at.IsPrivate()
}

// A keySet is the keys at an address.
type keySet struct {
	url    string
	client *http.Client

	mu         sync.Mutex
	keys       map[string]verifier
	got, tried time.Time
}

// jwksURL wants an address that a set can be read from.
func jwksURL(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && u.Fragment == "" && len(address) <= maxCode
}

// find gives a key of the set, or the rule by which there is none. What is old is read again first, and so is the set when a
// key is not in it.
func (s *keySet) find(kid string) (verifier, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	v, ok := s.keys[kid]
	if (!ok || now.Sub(s.got) >= jwksFresh) && now.Sub(s.tried) >= jwksRetry {
		_ = s.read() // what it could not read stands in find's answer
		v, ok = s.keys[kid]
	}
	switch {
	case now.Sub(s.got) >= jwksKeep:
		return verifier{}, "jwks-dead"
	case !ok:
		return verifier{}, "kid-unknown"
	}
	return v, ""
}

// read reads the set. The caller holds the lock.
func (s *keySet) read() error {
	s.tried = time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), jwksTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return err
	}
	answer, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxJWKS+1))
	if err != nil || answer.StatusCode != http.StatusOK || len(data) > maxJWKS {
		return errors.Join(err, errors.New("does not answer 200 with at most 64 KiB"))
	}
	keys, err := parseJWKS(data)
	if err == nil {
		s.keys, s.got = keys, s.tried
	}
	return err
}
