package cred

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func always(string) bool { return true }

func ring(t testing.TB, here func(string) bool) *Ring {
	t.Helper()
	r, err := NewRing(here)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func mint(t testing.TB, r *Ring, session string) Credential {
	t.Helper()
	c, err := r.Mint(session, "customer", 2*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestVerifyGivesTheLongTermKey(t *testing.T) {
	r := ring(t, func(s string) bool { return s == "s1" })
	c := mint(t, r, "s1")
	got, ok := r.Verify(c.Username, "v", false)
	want := md5.Sum([]byte(c.Username + ":v:" + c.Password))
	if !ok || !bytes.Equal(got, want[:]) {
		t.Fatalf("ok=%v, key differs from md5(user:realm:password)", ok)
	}
	// The password is the REST scheme's, so an external server with the same key agrees.
	mac := hmac.New(sha1.New, r.keys[0].secret[:])
	mac.Write([]byte(c.Username))
	if c.Password != base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
		t.Error("password is not base64(HMAC-SHA1(key, username))")
	}
}

func TestExpiryStopsAllButTheHolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := ring(t, always)
		c := mint(t, r, "s1")
		time.Sleep(3 * time.Minute)
		if _, ok := r.Verify(c.Username, "v", false); ok {
			t.Error("expired name verified without an allocation")
		}
		if _, ok := r.Verify(c.Username, "v", true); !ok {
			t.Error("expired name refused although its 5-tuple holds an allocation of it")
		}
	})
}

func TestSessionEndKillsTheCredential(t *testing.T) {
	live := true
	r := ring(t, func(string) bool { return live })
	c := mint(t, r, "s1")
	live = false
	for _, held := range []bool{false, true} {
		if _, ok := r.Verify(c.Username, "v", held); ok {
			t.Errorf("held=%v: name of an ended session verified", held)
		}
	}
}

func TestRotation(t *testing.T) {
	r := ring(t, always)
	c := mint(t, r, "s1")
	for range ringSize - 1 {
		r.Rotate()
		if _, ok := r.Verify(c.Username, "v", false); !ok {
			t.Fatal("an old key on the ring no longer verifies")
		}
	}
	if fresh := mint(t, r, "s1"); strings.HasPrefix(fresh.Username[strings.LastIndex(fresh.Username, ":")+1:], r.keys[len(r.keys)-1].id) {
		t.Error("the oldest key still signs")
	}
	r.Rotate()
	if _, ok := r.Verify(c.Username, "v", false); ok {
		t.Error("a key that left the ring still verifies")
	}
	if _, ok := ring(t, always).Verify(c.Username, "v", false); ok {
		t.Error("another boot's key verifies")
	}
}

func TestMintRefusesWhatParseWould(t *testing.T) {
	r := ring(t, always)
	for _, c := range []struct {
		session, role string
		ttl           time.Duration
	}{
		{"", "a", time.Minute}, {"a:b", "a", time.Minute}, {"a", "", time.Minute}, {"a", "b c", time.Minute},
		{strings.Repeat("x", maxSession+1), "a", time.Minute}, {"a", "b", 0}, {"a", "b", 2 * time.Hour},
	} {
		if _, err := r.Mint(c.session, c.role, c.ttl); !errors.Is(err, ErrName) {
			t.Errorf("%+v: error %v", c, err)
		}
	}
	if _, err := NewRing(nil); err == nil {
		t.Error("a ring without a way to know sessions was made")
	}
}

// Row 22: a name is exactly what Mint writes.
func TestGuard22_ParseIsStrict(t *testing.T) {
	nonce := strings.Repeat("a1", nonceLen/2)
	if _, ok := Parse("1700000000:s:customer:" + nonce); !ok {
		t.Fatal("a canonical name was refused")
	}
	for _, bad := range []string{
		"", ":::", "1700000000", "01700000000:s:r:" + nonce, "+170000000:s:r:" + nonce, "-1:s:r:" + nonce,
		" 1700000000:s:r:" + nonce, "1e9:s:r:" + nonce, "0x10:s:r:" + nonce, "123456789012:s:r:" + nonce,
		"1700000000::r:" + nonce, "1700000000:s::" + nonce, "1700000000:s:r:", "1700000000:s:r:" + nonce + "00",
		"1700000000:s:r:" + strings.ToUpper(nonce), "1700000000:s:r:" + nonce + ":x", "1700000000:s\x00:r:" + nonce,
		"1700000000:s:r:" + nonce[1:] + "\n", "1700000000:" + strings.Repeat("s", 200) + ":r:" + nonce,
	} {
		if _, ok := Parse(bad); ok {
			t.Errorf("accepted %q", bad)
		}
	}
}

// Row 21: every way out of Verify gives a whole key with true and nil with false.
func FuzzVerify(f *testing.F) {
	r := ring(f, func(s string) bool { return s != "gone" })
	good := mint(f, r, "s1").Username
	gone := mint(f, r, "gone").Username
	for _, seed := range []string{good, gone, good + "0", good[1:], "", ":", ":::", "1:s:r:" + strings.Repeat("0", nonceLen)} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, username string, held bool) {
		key, ok := r.Verify(username, "v", held)
		if ok != (len(key) == md5.Size) || !ok && key != nil {
			t.Fatalf("ok=%v with a key of %d bytes", ok, len(key))
		}
		if name, parsed := Parse(username); ok && (!parsed || name.Session == "gone") {
			t.Fatal("verified a name that does not parse or whose session is gone")
		}
	})
}
