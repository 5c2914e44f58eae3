package cred

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Row 21: an empty key with true would authenticate anybody. Every way out of Verify is walked.
func TestGuard21_NoEmptyKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := ring(t, func(s string) bool { return s == "s1" })
		good := mint(t, r, "s1")
		for name, c := range map[string]struct {
			username string
			held, ok bool
		}{
			"good":             {good.Username, false, true},
			"good and held":    {good.Username, true, true},
			"not a name":       {"admin", false, false},
			"not a name, held": {"admin", true, false},
			"empty":            {"", false, false},
			"too long":         {strings.Repeat("x", 1000), false, false},
			"unknown key":      {"9999999999:s1:customer:" + strings.Repeat("0", nonceLen), false, false},
			"no such session":  {mint(t, r, "s2").Username, false, false},
			"held, no session": {mint(t, r, "s2").Username, true, false},
		} {
			key, ok := r.Verify(c.username, "v", c.held)
			if ok != c.ok || ok != (len(key) == 16) || !ok && key != nil {
				t.Errorf("%s: %v with a key of %d bytes", name, ok, len(key))
			}
		}
		time.Sleep(time.Hour)
		if key, ok := r.Verify(good.Username, "v", false); ok || key != nil {
			t.Error("expired")
		}
	})
}
