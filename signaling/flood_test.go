package signaling

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Whoever sends restart after restart, each with an offer and tokens that are good, is held by the limit of their address:
// ICE starts anew no more often than that, who holds back is heard again, and the connection goes on.
func TestRestartFloodIsHeld(t *testing.T) {
	const limit, flood = 40, 200
	e := newEnv(t, func(c *Config) { c.Limits.Requests = limit })
	session := e.begin()
	c, made := e.join(session.Session, session.Token, false)
	path, token, etag := made.header.Get("Location"), made.header.Get("Vitrine-Token"), made.header.Get("ETag")
	var restarted, held int
	for range flood {
		err := c.Restart(soon(t), func(_ context.Context, offer string) (string, error) {
			r := e.do(call{method: "PATCH", path: path, token: token, origin: shop, body: offer, mediaType: sdpType, ifMatch: etag})
			switch r.status {
			case http.StatusOK:
				restarted++
				token, etag = r.header.Get("Vitrine-Token"), r.header.Get("ETag")
				return string(r.body), nil
			case http.StatusTooManyRequests:
				held++
				if wait, err := strconv.Atoi(r.header.Get("Retry-After")); err != nil || wait < 1 || wait > 60 {
					t.Fatalf("Retry-After: %q", r.header.Get("Retry-After"))
				}
				return "", errHeld
			}
			t.Fatalf("restart: %d %s", r.status, r.body)
			return "", nil
		})
		if err != nil && !errors.Is(err, errHeld) {
			t.Fatal(err)
		}
		if held > 0 {
			break
		}
	}
	if restarted == 0 || restarted > limit || held == 0 {
		t.Fatalf("%d restarts, %d held", restarted, held)
	}
	// The rest of the flood comes at once and is turned away before tokens, offers or the SFU are looked at.
	again := call{method: "PATCH", path: path, token: token, origin: shop, body: "v=0\r\n", mediaType: sdpType, ifMatch: etag}
	var turned atomic.Int32
	var all sync.WaitGroup
	for range flood {
		all.Go(func() {
			if e.do(again).status == http.StatusTooManyRequests {
				turned.Add(1)
			}
		})
	}
	all.Wait()
	if turned.Load() < flood*9/10 {
		t.Errorf("%d of %d were turned away", turned.Load(), flood)
	}
	// Another address has a limit of its own: there the token is looked at, and it is none.
	r := httptest.NewRequest(http.MethodPatch, path, strings.NewReader(again.body))
	r.RemoteAddr = "192.0.2.9:1"
	w := httptest.NewRecorder()
	e.api.ServeHTTP(w, r)
	if w.Code != http.StatusUnauthorized {
		t.Errorf("another address: %d", w.Code)
	}
	select {
	case <-c.Closed():
		t.Error("the connection broke")
	default:
	}
	if err := c.Hello(); err != nil {
		t.Errorf("the connection carries nothing: %v", err)
	}
}

var errHeld = errors.New("held")
