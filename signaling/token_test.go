package signaling

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A forger signs whatever it is told to, with the server's own key unless told otherwise.
type forger struct {
	t   *testing.T
	key key
}

// tokens makes a server's tokens and somebody who has its key.
func tokens(t *testing.T) (*Tokens, forger) {
	t.Helper()
	keys, err := OpenOrCreateKeys(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return NewTokens(keys), forger{t, keys.signer()}
}

func (f forger) header(more string) string {
	return fmt.Sprintf(`{"alg":"ES256","typ":"vitrine-agent+jwt","kid":"%s"%s}`, f.key.id, more)
}

// payload is a good agent's payload with some members replaced, or left out where the value is "".
func payload(replace ...string) string {
	now := time.Now().Unix()
	members := [][2]string{
		{"iss", `"vitrine"`}, {"aud", `"vitrine"`}, {"sub", `"ada"`}, {"jti", fmt.Sprintf("%q", random())},
		{"iat", fmt.Sprint(now)}, {"exp", fmt.Sprint(now + 300)}, {"site", `"demo"`},
	}
	for i := 0; i < len(replace); i += 2 {
		found := false
		for j := range members {
			if members[j][0] == replace[i] {
				members[j][1], found = replace[i+1], true
			}
		}
		if !found {
			members = append(members, [2]string{replace[i], replace[i+1]})
		}
	}
	var parts []string
	for _, m := range members {
		if m[1] != "" {
			parts = append(parts, fmt.Sprintf("%q:%s", m[0], m[1]))
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// es256 signs with a P-256 key.
func (f forger) es256(header, payload string, private *ecdsa.PrivateKey) string {
	f.t.Helper()
	text := b64(header) + "." + b64(payload)
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, private, sum[:])
	if err != nil {
		f.t.Fatal(err)
	}
	var sig [64]byte
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return text + "." + b64(string(sig[:]))
}

// good signs header and payload with the server's key.
func (f forger) good(header, payload string) string {
	return f.es256(header, payload, f.key.private)
}

func newP256(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return private
}

func TestG12_ForgedTokenIsGoodWhenNothingIsWrong(t *testing.T) {
	tokens, f := tokens(t)
	claims, err := tokens.Verify(f.good(f.header(""), payload("name", `"Ada L."`)), KindAgent)
	if err != nil || claims.Subject != "ada" || claims.Name != "Ada L." || claims.Site != "demo" {
		t.Fatalf("got %+v, %v: every attack below would be refused for the wrong reason", claims, err)
	}
}

// Each of these is refused, and for its own reason: the rule shows that nothing else was in the way.
func TestG12_TokenAttacks(t *testing.T) {
	tokens, f := tokens(t)
	now := time.Now().Unix()
	second := func(d int64) string { return fmt.Sprint(now + d) }
	unsigned := strings.Repeat("A", 86)
	used := f.good(f.header(""), payload())
	if _, err := tokens.Verify(used, KindAgent); err != nil {
		t.Fatal(err)
	}
	fresh := f.good(f.header(""), payload())
	parts := strings.Split(fresh, ".")
	attacks := []struct {
		name, token, rule string
	}{
		{"01 alg none", b64(`{"alg":"none","typ":"vitrine-agent+jwt"}`) + "." + b64(payload()) + ".", "form"},
		{"01b alg none with a signature's length", b64(strings.Replace(f.header(""), "ES256", "none", 1)) + "." + b64(payload()) + "." + unsigned, "alg"},
		{"02 HS256 keyed with the public key", f.hs256(payload()), "form"},
		{"02b HS256 keyed with the public key, stretched", f.hs256(payload()) + strings.Repeat("A", 43), "alg"},
		{"03 valid RS256", f.rs256(payload()), "form"},
		{"04 valid EdDSA", f.eddsa(payload()), "alg"},
		{"05 wrong ES256 key", f.es256(f.header(""), payload(), newP256(t)), "signature"},
		{"06 unknown kid", f.good(`{"alg":"ES256","typ":"vitrine-agent+jwt","kid":"none-such"}`, payload()), "kid-unknown"},
		{"07 no kid", f.good(`{"alg":"ES256","typ":"vitrine-agent+jwt"}`, payload()), "kid"},
		{"08 wrong aud", f.good(f.header(""), payload("aud", `"other"`)), "aud"},
		{"08b no aud", f.good(f.header(""), payload("aud", "")), "claim-missing"},
		{"08c one audience of two", f.good(f.header(""), payload("aud", `["vitrine","other"]`)), "claims-type"},
		{"09 wrong iss", f.good(f.header(""), payload("iss", `"other"`)), "iss"},
		{"09b no iss", f.good(f.header(""), payload("iss", "")), "claim-missing"},
		{"10 expired", f.good(f.header(""), payload("iat", second(-60), "exp", second(-6))), "expired"},
		{"11 no exp", f.good(f.header(""), payload("exp", "")), "claim-missing"},
		{"12 iat in the future", f.good(f.header(""), payload("iat", second(7))), "iat"},
		{"12b no iat", f.good(f.header(""), payload("iat", "")), "claim-iat"},
		{"13 nbf in the future", f.good(f.header(""), payload("nbf", second(7))), "nbf"},
		{"14 no jti", f.good(f.header(""), payload("jti", "")), "claim-jti"},
		{"15 life above ten minutes", f.good(f.header(""), payload("iat", second(0), "exp", second(601))), "life"},
		{"16 wrong typ", f.good(strings.Replace(f.header(""), "vitrine-agent+jwt", "JWT", 1), payload()), "typ"},
		{"16b another kind of ours", f.good(strings.Replace(f.header(""), "agent", "site", 1), payload()), "typ"},
		{"17 jku header", f.good(f.header(`,"jku":"https://evil.example/jwks"`), payload()), "header-unknown"},
		{"17b x5u header", f.good(f.header(`,"x5u":"https://evil.example/crt"`), payload()), "header-unknown"},
		{"17c jwk header", f.good(f.header(`,"jwk":{"kty":"EC"}`), payload()), "header-unknown"},
		{"17d x5c header", f.good(f.header(`,"x5c":["AA"]`), payload()), "header-unknown"},
		{"17e crit header", f.good(f.header(`,"crit":["exp"],"exp":1`), payload()), "header-unknown"},
		{"18 replayed jti", used, "replayed"},
		{"19 tampered payload", parts[0] + "." + b64(payload("sub", `"eve"`)) + "." + parts[2], "signature"},
		{"19b tampered header", b64(f.header(" ")) + "." + parts[1] + "." + parts[2], "signature"},
		{"20 trailing =", fresh + "=", "form"},
		{"20b trailing = inside", parts[0] + "=." + parts[1] + "." + parts[2], "form"},
		{"21 garbage", "garbage", "form"},
		{"21b empty", "", "form"},
		{"21c three empty parts", "..", "form"},
		{"22 duplicate claims", f.good(f.header(""), strings.Replace(payload(), `"sub":"ada"`, `"sub":"ada","sub":"eve"`, 1)), "claims-duplicate"},
		{"22b duplicate header", f.good(f.header(`,"alg":"none"`), payload()), "header-duplicate"},
		{"22c claims apart by case only", f.good(f.header(""), strings.Replace(payload(), `"sub":"ada"`, `"sub":"ada","SUB":"eve"`, 1)), "claims-unknown"},
		{"22d header apart by case only", f.good(f.header(`,"KID":"other"`), payload()), "header-unknown"},
		{"23 longer than 8 kB", f.good(f.header(""), payload("name", fmt.Sprintf("%q", strings.Repeat("x", 9000)))), "size"},
		{"24 session claims in an agent's token", f.good(f.header(""), payload("session", `"s_1"`, "role", `"agent"`)), "claim-session"},
		{"25 DER signature instead of 64 bytes", f.der(payload()), "form"},
		{"25b r shortened by a zero byte", f.short(payload()), "form"},
		{"26 line break inside", parts[0] + "." + parts[1] + "." + parts[2][:40] + "\n" + parts[2][40:], "form"},
		{"26b stray bits in the last character", parts[0] + "." + parts[1] + "." + stray(parts[2]), "form"},
		{"27 invalid UTF-8 in a claim", f.good(f.header(""), strings.Replace(payload(), "ada", "a\xffa", 1)), "claims-json"},
		{"28 two objects", f.good(f.header(""), payload()+"{}"), "claims-json"},
		{"29 exp as a fraction", f.good(f.header(""), payload("exp", second(60)+".5")), "claims-type"},
		{"29b exp beyond time", f.good(f.header(""), payload("exp", "999999999999999")), "claims-type"},
		{"29c exp before iat", f.good(f.header(""), payload("iat", second(4), "exp", second(3))), "life"},
		{"30 issued before the start", f.good(f.header(""), payload("iat", second(-30))), "before-start"},
		{"31 no subject", f.good(f.header(""), payload("sub", "")), "claim-sub"},
		{"32 name that turns a dialog around", f.good(f.header(""), payload("name", `"adm\u202enimda"`)), "claim-name"},
		{"33 payload is a list", f.good(f.header(""), "["+payload()+"]"), "claims-json"},
		{"34 four parts", fresh + "." + parts[2], "form"},
	}
	for _, attack := range attacks {
		t.Run(attack.name, func(t *testing.T) {
			claims, err := tokens.Verify(attack.token, KindAgent)
			var rejected *Rejected
			if !errors.As(err, &rejected) || rejected.Rule != attack.rule {
				t.Errorf("got %v, want rule %s", err, attack.rule)
			}
			if claims.Subject != "" {
				t.Error("claims of a refused token were given")
			}
		})
	}
	if _, err := tokens.Verify(fresh, KindAgent); err != nil {
		t.Errorf("the attacks used up the token they were made from: %v", err)
	}
}

func (f forger) hs256(payload string) string {
	der, err := x509.MarshalPKIXPublicKey(&f.key.private.PublicKey)
	if err != nil {
		f.t.Fatal(err)
	}
	text := b64(strings.Replace(f.header(""), "ES256", "HS256", 1)) + "." + b64(payload)
	mac := hmac.New(sha256.New, der)
	mac.Write([]byte(text))
	return text + "." + b64(string(mac.Sum(nil)))
}

func (f forger) rs256(payload string) string {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		f.t.Fatal(err)
	}
	text := b64(strings.Replace(f.header(""), "ES256", "RS256", 1)) + "." + b64(payload)
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, sum[:])
	if err != nil {
		f.t.Fatal(err)
	}
	return text + "." + b64(string(sig))
}

func (f forger) eddsa(payload string) string {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		f.t.Fatal(err)
	}
	text := b64(strings.Replace(f.header(""), "ES256", "EdDSA", 1)) + "." + b64(payload)
	return text + "." + b64(string(ed25519.Sign(private, []byte(text))))
}

func (f forger) der(payload string) string {
	text := b64(f.header("")) + "." + b64(payload)
	sum := sha256.Sum256([]byte(text))
	sig, err := ecdsa.SignASN1(rand.Reader, f.key.private, sum[:])
	if err != nil {
		f.t.Fatal(err)
	}
	return text + "." + b64(string(sig))
}

// short writes r and s without their leading zeros, as big.Int.Bytes gives them.
func (f forger) short(payload string) string {
	text := b64(f.header("")) + "." + b64(payload)
	sum := sha256.Sum256([]byte(text))
	for {
		r, s, err := ecdsa.Sign(rand.Reader, f.key.private, sum[:])
		if err != nil {
			f.t.Fatal(err)
		}
		if r.Cmp(new(big.Int).Lsh(big.NewInt(1), 248)) < 0 {
			return text + "." + b64(string(append(r.Bytes(), s.Bytes()...)))
		}
	}
}

// stray sets the bits of the last character that belong to no byte.
func stray(sig string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, sig[85])
	return sig[:85] + string(alphabet[last|1])
}

func TestG12_KindsAreNotExchangeable(t *testing.T) {
	kinds := map[Kind]Claims{
		KindAgent:   {Site: "demo", Name: "Ada"},
		KindSite:    {Site: "demo"},
		KindSession: {Site: "demo", Session: "s_1", Role: RoleCustomer},
	}
	tokens, _ := tokens(t)
	for made, claims := range kinds {
		claims.Subject = "ada"
		for wanted := range kinds {
			raw, _, err := tokens.Mint(made, claims, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tokens.Verify(raw, wanted); (err == nil) != (made == wanted) {
				t.Errorf("%s taken as %s: %v", made, wanted, err)
			}
		}
	}
}

func TestG12_TokenIsGoodOnceAndForItsLife(t *testing.T) {
	keys, err := OpenOrCreateKeys(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		tokens := NewTokens(keys)
		mint := func() string {
			claims := Claims{Site: "demo"}
			claims.Subject = "ada"
			raw, _, err := tokens.Mint(KindAgent, claims, MaxTokenLife)
			if err != nil {
				t.Fatal(err)
			}
			return raw
		}
		once, late, tooLate := mint(), mint(), mint()
		for i := range 3 {
			if _, err := tokens.Verify(once, KindAgent); (err == nil) != (i == 0) {
				t.Errorf("use %d: %v", i+1, err)
			}
		}
		time.Sleep(MaxTokenLife + tokenLeeway - time.Second)
		if _, err := tokens.Verify(late, KindAgent); err != nil {
			t.Errorf("inside the leeway: %v", err)
		}
		if _, err := tokens.Verify(once, KindAgent); err == nil || !strings.Contains(err.Error(), "replayed") {
			t.Errorf("used, inside the leeway: %v", err)
		}
		time.Sleep(2 * time.Second)
		if _, err := tokens.Verify(tooLate, KindAgent); err == nil || !strings.Contains(err.Error(), "expired") {
			t.Errorf("past the leeway: %v", err)
		}
	})
}

func TestG12_JTIMemoryIsBoundedAndRefusesWhenFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReplay(100)
		for i := range 100 {
			if fresh, room := r.use(fmt.Sprint("id", i), time.Now().Add(time.Minute), time.Now()); !fresh || !room {
				t.Fatalf("id %d: %v %v", i, fresh, room)
			}
		}
		if _, room := r.use("one more", time.Now().Add(time.Minute), time.Now()); room {
			t.Error("room beyond the bound")
		}
		if fresh, _ := r.use("id7", time.Now().Add(time.Minute), time.Now()); fresh {
			t.Error("a used id was forgotten under pressure")
		}
		time.Sleep(time.Minute + tokenLeeway + time.Second)
		if fresh, room := r.use("one more", time.Now().Add(time.Minute), time.Now()); !fresh || !room || len(r.seen) != 1 {
			t.Errorf("expired ids stay: %v %v, %d left", fresh, room, len(r.seen))
		}
	})
}

func TestMintRefusesWhatVerifyWould(t *testing.T) {
	tokens, _ := tokens(t)
	ada := Claims{Site: "demo"}
	ada.Subject = "ada"
	for name, try := range map[string]struct {
		change func(*Claims)
		ttl    time.Duration
	}{
		"too long a life": {func(*Claims) {}, MaxTokenLife + time.Second},
		"no life":         {func(*Claims) {}, 0},
		"no subject":      {func(c *Claims) { c.Subject = "" }, time.Minute},
		"no site":         {func(c *Claims) { c.Site = "" }, time.Minute},
		"a session":       {func(c *Claims) { c.Session = "s_1" }, time.Minute},
		"a control name":  {func(c *Claims) { c.Name = "a\nb" }, time.Minute},
	} {
		claims := ada
		try.change(&claims)
		if _, _, err := tokens.Mint(KindAgent, claims, try.ttl); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
}

func FuzzG18_TokenParse(f *testing.F) {
	keys, err := OpenOrCreateKeys(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	tokens := NewTokens(keys)
	claims := Claims{Site: "demo"}
	claims.Subject = "ada"
	raw, _, err := tokens.Mint(KindAgent, claims, time.Minute)
	if err != nil {
		f.Fatal(err)
	}
	if _, err := tokens.Verify(raw, KindAgent); err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add(raw[:len(raw)-1])
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, raw string) {
		if _, err := tokens.Verify(raw, KindAgent); err == nil {
			t.Error("a token that nobody signed is good")
		}
	})
}
