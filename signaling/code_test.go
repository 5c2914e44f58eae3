package signaling

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"vitrine/internal/audit"
)

func anySession(string) bool { return true }

func TestCodeIsSixDigitsAndGoodOnce(t *testing.T) {
	c := newCodes(time.Minute)
	digits, expires, err := c.issue("s_1")
	if err != nil || !regexp.MustCompile(`^[0-9]{6}$`).MatchString(digits) || time.Until(expires) > time.Minute {
		t.Fatalf("%q until %v, %v", digits, expires, err)
	}
	for _, wrong := range []string{"", "1", digits + "0", digits[:5], " " + digits, "００００００", "-00001"} {
		if _, err := c.redeem(wrong, anySession); !errors.Is(err, errNoCode) {
			t.Errorf("a wrong code is answered with %v", err)
		}
	}
	if session, err := c.redeem(digits, anySession); err != nil || session != "s_1" {
		t.Fatalf("%q, %v", session, err)
	}
	if _, err := c.redeem(digits, anySession); !errors.Is(err, errNoCode) {
		t.Errorf("used twice: %v", err)
	}
}

func TestCodeExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCodes(2 * time.Minute)
		early, _, _ := c.issue("s_1")
		late, _, _ := c.issue("s_2")
		time.Sleep(2*time.Minute - 2*time.Second)
		if _, err := c.redeem(early, anySession); err != nil {
			t.Errorf("before its end: %v", err)
		}
		time.Sleep(2 * time.Second)
		if _, err := c.redeem(late, anySession); !errors.Is(err, errNoCode) {
			t.Errorf("after its end: %v", err)
		}
	})
}

func TestFreshCodeVoidsTheOneBefore(t *testing.T) {
	c := newCodes(time.Minute)
	before, _, _ := c.issue("s_1")
	after, _, _ := c.issue("s_1")
	if _, err := c.redeem(before, anySession); before != after && !errors.Is(err, errNoCode) {
		t.Errorf("the code before: %v", err)
	}
	if _, err := c.redeem(after, anySession); err != nil {
		t.Errorf("the fresh code: %v", err)
	}
	gone, _, _ := c.issue("s_2")
	c.forget("s_2")
	if _, err := c.redeem(gone, anySession); !errors.Is(err, errNoCode) {
		t.Errorf("of a session that ended: %v", err)
	}
	if len(c.live) != 0 || len(c.of) != 0 {
		t.Errorf("%d codes and %d sessions are still remembered", len(c.live), len(c.of))
	}
}

func TestCodeOfAnotherSiteStaysGood(t *testing.T) {
	c := newCodes(time.Minute)
	digits, _, _ := c.issue("s_1")
	if _, err := c.redeem(digits, func(string) bool { return false }); !errors.Is(err, errNoCode) {
		t.Errorf("got %v", err)
	}
	if _, err := c.redeem(digits, anySession); err != nil {
		t.Errorf("somebody else's try used the code up: %v", err)
	}
}

func TestCodesAreUniqueAndBounded(t *testing.T) {
	c := newCodes(time.Minute)
	seen := map[string]bool{}
	for i := range maxCodes {
		digits, _, err := c.issue(fmt.Sprint("s_", i))
		if err != nil || seen[digits] {
			t.Fatalf("code %d: twice %v, %v", i, seen[digits], err)
		}
		seen[digits] = true
	}
	if _, _, err := c.issue("one more"); !errors.Is(err, errCodesFull) {
		t.Errorf("beyond the bound: %v", err)
	}
}

func TestCodesLockAfterManyWrongOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCodes(5 * time.Minute)
		good, _, _ := c.issue("s_1")
		for range lockAfter - 1 {
			if _, err := c.redeem("none", anySession); !errors.Is(err, errNoCode) {
				t.Fatal(err)
			}
		}
		time.Sleep(lockSpan + time.Second)
		if _, err := c.redeem("none", anySession); !errors.Is(err, errNoCode) {
			t.Errorf("slow guesses lock: %v", err)
		}
		for range lockAfter {
			_, _ = c.redeem("none", anySession)
		}
		if _, err := c.redeem(good, anySession); !errors.Is(err, errCodeLocked) {
			t.Errorf("a right code after %d wrong ones: %v", lockAfter, err)
		}
		time.Sleep(lockFor)
		if _, err := c.redeem(good, anySession); err != nil {
			t.Errorf("after the lock: %v", err)
		}
	})
}

// Unknown, used, expired and foreign codes must not be told apart by whoever guesses.
func TestCodesAreRefusedAlike(t *testing.T) {
	e := newEnv(t, func(c *Config) { c.Limits = Limits{Codes: 100} })
	used, foreign, expired := e.begin(), e.begin(), e.begin()
	e.redeem(used.Code)
	hash := e.api.codes.hash(expired.Code)
	e.api.codes.live[hash] = code{expired.Session, time.Now()} // the SFU's sockets keep a fake clock from running
	var answers []string
	for _, try := range []struct{ code, site string }{{"000000", "shop"}, {used.Code, "shop"}, {expired.Code, "shop"}, {foreign.Code, "bank"}, {"abc", "shop"}} {
		r := e.do(call{method: "POST", path: "/v1/codes/" + try.code, token: e.agentToken("eve", try.site)})
		e.problem(r, problemCode)
		answers = append(answers, regexp.MustCompile(`"request_id":"[^"]+"`).ReplaceAllString(string(r.body), ""))
	}
	for _, answer := range answers[1:] {
		if answer != answers[0] {
			t.Errorf("answers differ:\n%s%s", answers[0], answer)
		}
	}
	if n := e.recorded(audit.Event{Name: "code.failed", Rule: "unknown"}); n != len(answers) {
		t.Errorf("%d audit lines", n)
	}
}

func TestWrongCodesAreLimitedPerAddress(t *testing.T) {
	e := newEnv(t, nil)
	try := func(code, from string) int {
		r := httptest.NewRequest("POST", "/v1/codes/"+code, nil)
		r.RemoteAddr = from
		r.Header.Set("Authorization", "Bearer "+e.agentToken("ada", "shop"))
		w := httptest.NewRecorder()
		e.api.ServeHTTP(w, r)
		return w.Code
	}
	for i := range 20 {
		if got := try(e.begin().Code, "192.0.2.1:1"); got != 201 {
			t.Fatalf("right code %d: %d: right ones must not count", i+1, got)
		}
	}
	for i := range 5 {
		if got := try("000000", "192.0.2.1:1"); got != 404 {
			t.Errorf("wrong code %d: %d", i+1, got)
		}
	}
	if got := try("000000", "192.0.2.1:1"); got != 429 {
		t.Errorf("one wrong code too many: %d", got)
	}
	if got := try(e.begin().Code, "192.0.2.1:1"); got != 429 {
		t.Errorf("a right code after too many wrong ones: %d: guessing could go on", got)
	}
	if got := try(e.begin().Code, "192.0.2.2:1"); got != 201 {
		t.Errorf("another address: %d", got)
	}
}
