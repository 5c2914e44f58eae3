package signaling

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Limits of tokens.
const (
	MaxTokenLife = 10 * time.Minute
	maxToken     = 8 << 10 // bytes; longer ones are refused before anything is parsed
	tokenLeeway  = 5 * time.Second
	tokenParty   = "vitrine" // issuer and audience: tokens are made and read by the same binary
	maxName      = 128       // bytes of a name, subject or id in a claim
	maxGroups    = 64        // that one agent is in
)

// Kind is what a token is for. It is the typ header, so that a token of one kind is never taken for another (RFC 8725
// section 3.11).
type Kind string

// The kinds.
const (
	KindAgent   Kind = "vitrine-agent+jwt"   // signs an agent in
	KindSession Kind = "vitrine-session+jwt" // one connection of one person to one session
	KindSite    Kind = "vitrine-site+jwt"    // lets a customer of a site start a session
	KindCheck   Kind = "vitrine-check+jwt"   // lets somebody check the way to this server

	KindOperator Kind = "vitrine-operator+jwt" // for the admin listener, by who has the data directory
)

// The roles in a session token.
const (
	RoleCustomer = "customer"
	RoleAgent    = "agent"
	RolePreview  = "preview" // the customer's look at what agents are shown
)

// Claims are what a token says. Which of them are there depends on its kind:
//
//	agent    Subject Name Site Roles Groups
//	session  Subject Name Site Session Role
//	site     Subject Site
//	check    Subject
//	operator Subject
type Claims struct {
	jwt.RegisteredClaims
	Session string `json:"session,omitempty"`
	Role    string `json:"role,omitempty"`
	Name    string `json:"name,omitempty"`
	Site    string `json:"site,omitempty"`

	Roles  []string `json:"roles,omitempty"`  // none means RoleAgent
	Groups []string `json:"groups,omitempty"` // for policies
}

// Rejected says which rule refused a token. The rule goes into the audit log, not to the sender.
type Rejected struct{ Rule string }

// Error names the rule.
func (r *Rejected) Error() string { return "signaling: token refused by rule " + r.Rule }

// Tokens makes and verifies tokens. It is safe for concurrent use.
type Tokens struct {
	keys   *Keys
	owners *owners // nil: nobody but this server signs
	boot   int64   // second of the start: older tokens may have been used before it
	used   *replay
	parser *jwt.Parser
}

// NewTokens makes a Tokens from keys. Tokens issued before now are refused: which of them were used died with the
// process before.
func NewTokens(keys *Keys) *Tokens {
	return &Tokens{
		keys: keys,
		boot: time.Now().Unix(),
		used: newReplay(maxSeen),
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{algES256, algEdDSA}), jwt.WithAudience(tokenParty),
			jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
			jwt.WithLeeway(tokenLeeway), jwt.WithStrictDecoding(),
		),
	}
}

// Mint signs a token that is good for ttl, at most MaxTokenLife. It sets the registered claims but Subject.
func (t *Tokens) Mint(kind Kind, claims Claims, ttl time.Duration) (token string, expires time.Time, err error) {
	if ttl < time.Second || ttl > MaxTokenLife {
		return "", time.Time{}, errors.New("signaling: a token lives between one second and ten minutes")
	}
	now := time.Now().Truncate(time.Second)
	claims.RegisteredClaims = jwt.RegisteredClaims{
		Issuer: tokenParty, Audience: jwt.ClaimStrings{tokenParty}, Subject: claims.Subject, ID: random(),
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(ttl.Truncate(time.Second))),
	}
	if rule := complete(kind, &claims); rule != "" {
		return "", time.Time{}, errors.New("signaling: a token without a usable " + rule)
	}
	signer := t.keys.signer()
	unsigned := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	unsigned.Header["typ"], unsigned.Header["kid"] = string(kind), signer.id
	token, err = unsigned.SignedString(signer.private)
	return token, claims.ExpiresAt.Time, err
}

// random is 128 bits that nobody can guess, as text.
func random() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// compact is the one spelling of a token that is read (RFC 7515 section 3.1): three parts of unpadded base64url, the
// last of them the 64 bytes of a signature by ES256 (RFC 7518 section 3.4) or EdDSA (RFC 8032 section 5.1.6). Go's base64 would skip line breaks.
var compact = regexp.MustCompile(`\A[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}\z`)

// headerMembers are the members a header may have. Those that bring their own key, or change how the token is read, are
// not among them: jku, jwk, x5u, x5c, crit, zip.
var headerMembers = map[string]member{"alg": text(8), "typ": text(32), "kid": text(maxName)}

// claimMembers are the members a payload may have.
var claimMembers = map[string]member{
	"iss": text(maxName), "aud": audience, "sub": text(maxName), "jti": text(maxName),
	"iat": seconds, "nbf": seconds, "exp": seconds,
	"session": text(maxName), "role": text(maxName), "name": text(maxName), "site": text(maxName),
	"roles": texts(len(agentRoles)), "groups": texts(maxGroups),
}

// audience allows one audience, alone or as a list of one: a token for two is for somebody else as well.
func audience(raw json.RawMessage) bool {
	var list []string
	return text(maxName)(raw) || json.Unmarshal(raw, &list) == nil && len(list) == 1
}

// Verify reads a token of one kind and uses it up: the same token is refused from then on. Its error is a *Rejected.
func (t *Tokens) Verify(raw string, kind Kind) (Claims, error) {
	claims, rule := t.read(raw, kind)
	if rule == "" {
		rule = t.once(&claims)
	}
	if rule != "" {
		return Claims{}, &Rejected{rule}
	}
	return claims, nil
}

// read checks everything but whether the token was used, and gives the rule that refused it.
func (t *Tokens) read(raw string, kind Kind) (Claims, string) {
	if len(raw) > maxToken {
		return Claims{}, "size"
	}
	if !compact.MatchString(raw) {
		return Claims{}, "form"
	}
	parts := strings.Split(raw, ".")
	head, rule := header(parts[0], kind)
	if rule != "" {
		return Claims{}, rule
	}
	data, rule := object(parts[1], claimMembers)
	if rule != "" {
		return Claims{}, "claims-" + rule
	}
	signer, rule := t.signer(data, head)
	if rule != "" {
		return Claims{}, rule
	}
	var claims Claims
	if _, err := t.parser.ParseWithClaims(raw, &claims, func(*jwt.Token) (any, error) { return signer.key, nil }); err != nil {
		return Claims{}, ruleOf(err)
	}
	if missing := complete(kind, &claims); missing != "" {
		return Claims{}, "claim-" + missing
	}
	if rule := ofOwner(kind, &claims); rule != "" {
		return Claims{}, rule
	}
	switch life := claims.ExpiresAt.Sub(claims.IssuedAt.Time); {
	case life <= 0 || life > MaxTokenLife:
		return Claims{}, "life"
	case claims.IssuedAt.Unix() < t.boot:
		return Claims{}, "before-start"
	}
	return claims, ""
}

// A tokenHeader is what a header says.
type tokenHeader struct{ Alg, Typ, Kid string }

// header checks what golang-jwt does not: that nothing but the three members is there, and that typ and kid are right.
func header(part string, kind Kind) (tokenHeader, string) {
	data, rule := object(part, headerMembers)
	if rule != "" {
		return tokenHeader{}, "header-" + rule
	}
	var h tokenHeader
	if err := json.Unmarshal(data, &h); err != nil {
		return tokenHeader{}, "header-json"
	}
	switch {
	case h.Alg != algES256 && h.Alg != algEdDSA:
		rule = "alg"
	case h.Typ != string(kind):
		rule = "typ"
	case h.Kid == "":
		rule = "kid"
	}
	return h, rule
}

// signer is the key that a token must be signed with: of this server or of an owner, as its issuer says. The key says which
// algorithm it is for, never the token (RFC 8725 section 3.1).
func (t *Tokens) signer(payload []byte, h tokenHeader) (verifier, string) {
	var claims struct {
		Iss *string `json:"iss"`
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Iss == nil {
		return verifier{}, "claim-missing"
	}
	var v verifier
	var rule string
	if *claims.Iss == tokenParty {
		var ok bool
		if v, ok = t.keys.public(h.Kid); !ok {
			rule = "kid-unknown"
		}
	} else {
		v, rule = t.owners.find(*claims.Iss, h.Kid)
	}
	if rule == "" && v.alg != h.Alg {
		rule = "alg"
	}
	return v, rule
}

// ofOwner holds the token of an owner's key against what such a key may say: who starts sessions or is an agent at its own
// site, and nothing of roles and groups. Its agents get names of their own, so that none is taken for another's.
func ofOwner(kind Kind, c *Claims) string {
	switch {
	case c.Issuer == tokenParty:
		return ""
	case kind != KindSite && kind != KindAgent:
		return "owner-kind"
	case c.Issuer != ownerIssuer(c.Site):
		return "owner-site"
	case c.Roles != nil || c.Groups != nil:
		return "owner-roles"
	}
	if kind == KindAgent {
		if c.Name == "" {
			c.Name = c.Subject
		}
		c.Subject = subjectOf(c.Issuer+":", c.Subject)
	}
	c.ID = c.Issuer + "/" + c.ID // ids are unique for one issuer only
	return ""
}

// object decodes one part of a token and holds it against its members.
func object(part string, known map[string]member) (data []byte, rule string) {
	data, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return nil, "base64"
	}
	switch err := strictObject(data, known); {
	case err == nil:
		return data, ""
	case errors.Is(err, errDuplicate):
		return nil, "duplicate"
	case errors.Is(err, errUnknown):
		return nil, "unknown"
	case errors.Is(err, errMember):
		return nil, "type"
	default:
		return nil, "json"
	}
}

// libraryRules names the refusals of golang-jwt, the first that fits counts.
var libraryRules = []struct {
	err  error
	rule string
}{
	{jwt.ErrTokenMalformed, "form"},
	{jwt.ErrTokenSignatureInvalid, "signature"},
	{jwt.ErrTokenExpired, "expired"},
	{jwt.ErrTokenRequiredClaimMissing, "claim-missing"},
	{jwt.ErrTokenUsedBeforeIssued, "iat"},
	{jwt.ErrTokenNotValidYet, "nbf"},
	{jwt.ErrTokenInvalidAudience, "aud"},
}

func ruleOf(err error) string {
	for _, r := range libraryRules {
		if errors.Is(err, r.err) {
			return r.rule
		}
	}
	return "other"
}

// known tells whether a list has nothing but some words.
func known(list, words []string) bool {
	return !slices.ContainsFunc(list, func(word string) bool { return !slices.Contains(words, word) })
}

// complete names the first claim that a kind requires and that is missing or not allowed there.
func complete(kind Kind, c *Claims) string {
	session := kind == KindSession
	for _, need := range []struct {
		claim string
		ok    bool
	}{
		{"iat", c.IssuedAt != nil},
		{"jti", printable(c.ID) && len(c.ID) >= 8},
		{"sub", printable(c.Subject)},
		{"site", (kind == KindCheck || kind == KindOperator) == (c.Site == "") && (c.Site == "" || printable(c.Site))},
		{"name", c.Name == "" || printable(c.Name)},
		{"session", session == (c.Session != "") && len(c.Session) <= maxName},
		{"roles", c.Roles == nil || kind == KindAgent && known(c.Roles, agentRoles)},
		{"groups", c.Groups == nil || kind == KindAgent && !slices.ContainsFunc(c.Groups, func(g string) bool { return !printable(g) })},
		{"role", session == (c.Role == RoleCustomer || c.Role == RoleAgent || c.Role == RolePreview) && (session || c.Role == "")},
	} {
		if !need.ok {
			return need.claim
		}
	}
	return ""
}

// once uses the token's id up.
func (t *Tokens) once(c *Claims) string {
	fresh, room := t.used.use(c.ID, c.ExpiresAt.Time, time.Now())
	switch {
	case !fresh:
		return "replayed"
	case !room:
		return "jti-memory"
	}
	return ""
}
