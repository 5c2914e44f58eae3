package sfu_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"vitrine/internal/wire"
	"vitrine/sfu"
	"vitrine/test/client"
)

// restarter is a customer with an open connection, whose offers a test may change before it hands them in.
type restarter struct {
	*env
	session string
	grant   sfu.Grant
	client  *client.Client
	conn    sfu.Connection
}

func newRestarter(t *testing.T) *restarter {
	r := &restarter{env: start(t, sfu.Config{})}
	r.session = r.open()
	r.grant = customerGrant(r.session)
	c, err := client.Connect(timeout(t), client.Config{}, func(ctx context.Context, offer string) (answer string, err error) {
		r.conn, err = r.sfu.Connect(ctx, r.grant, offer)
		return r.conn.Answer, err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	r.client = c
	r.send(c, hello)
	take(t, c, client.Any[*wire.Welcome])
	return r
}

// hand gives an offer in as it is.
func (r *restarter) hand(ctx context.Context, offer string) (string, error) {
	conn, err := r.sfu.Restart(ctx, r.grant, r.conn.ID, r.conn.ETag, offer)
	if err == nil {
		r.conn = conn
	}
	return conn.Answer, err
}

func (r *restarter) alive(seq uint32) {
	r.t.Helper()
	r.send(r.client, frame(&wire.Ping{Seq: seq}))
	take(r.t, r.client, func(f *wire.Pong) bool { return f.Seq == seq })
}

// Many restarts one after another leave nothing behind: each lets go of the ICE session before.
func TestManyRestartsLeaveNothingBehind(t *testing.T) {
	r := newRestarter(t)
	var before int
	for i := range 120 {
		if i == 20 {
			before = runtime.NumGoroutine()
		}
		if err := r.client.Restart(timeout(t), r.hand); err != nil {
			t.Fatal(err)
		}
	}
	r.alive(1)
	eventually(t, func() bool { return runtime.NumGoroutine() < before+30 }, func() string {
		return fmt.Sprintf("%d goroutines before 100 restarts, %d after", before, runtime.NumGoroutine())
	})
}

// Of offers that come at once with the same ETag one wins; the others are told, and nothing hangs.
func TestRestartsAtOnce(t *testing.T) {
	r := newRestarter(t)
	err := r.client.Restart(timeout(t), func(ctx context.Context, offer string) (string, error) {
		var won, stale atomic.Int32
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				mine := strings.Replace(offer, "a=ice-ufrag:", fmt.Sprintf("a=ice-ufrag:x%d", i), 1)
				switch _, err := r.sfu.Restart(ctx, r.grant, r.conn.ID, r.conn.ETag, mine); {
				case err == nil:
					won.Add(1)
				case errors.Is(err, sfu.ErrETag):
					stale.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 || stale.Load() != 15 {
			t.Errorf("%d offers won, %d were told that another did", won.Load(), stale.Load())
		}
		return "", context.Canceled
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := r.sfu.End(r.session, wire.EndCustomer); err != nil {
		t.Error(err)
	}
}

// Offers that cannot be used are refused, and the connection is as good as before.
func TestRestartRefusesWhatCannotBeUsed(t *testing.T) {
	change := func(from, to string) func(string) string {
		return func(offer string) string { return strings.ReplaceAll(offer, from, to) }
	}
	for name, broken := range map[string]func(string) string{
		"no ufrag":       change("a=ice-ufrag:", "a=x:"),
		"no password":    change("a=ice-pwd:", "a=x:"),
		"no fingerprint": change("a=fingerprint:", "a=x:"),
		"no mid":         change("a=mid:", "a=x:"),
		"two sections":   func(offer string) string { return offer + offer[strings.Index(offer, "m=application"):] },
		"rejected":       change("m=application 9", "m=application 0"),
		"empty":          func(string) string { return "" },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRestarter(t)
			err := r.client.Restart(timeout(t), func(ctx context.Context, offer string) (string, error) {
				if _, err := r.sfu.Restart(ctx, r.grant, r.conn.ID, r.conn.ETag, broken(offer)); !errors.Is(err, sfu.ErrOffer) {
					t.Errorf("it says: %v", err)
				}
				return r.hand(ctx, offer)
			})
			if err != nil {
				t.Fatalf("a good offer after it: %v", err)
			}
			r.alive(2)
		})
	}
}

// Whoever ended the session does not come back by a restart, not even by one that was on its way.
func TestRestartWhileTheSessionEnds(t *testing.T) {
	r := newRestarter(t)
	err := r.client.Restart(timeout(t), func(ctx context.Context, offer string) (string, error) {
		ended := make(chan error, 1)
		go func() { ended <- r.sfu.End(r.session, wire.EndCustomer) }()
		for {
			conn, err := r.sfu.Restart(ctx, r.grant, r.conn.ID, r.conn.ETag, offer)
			if errors.Is(err, sfu.ErrNoConnection) {
				break
			}
			if err == nil {
				r.conn = conn
			} else if !errors.Is(err, sfu.ErrOffer) {
				t.Error(err)
				break
			}
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if _, err := r.sfu.Connect(ctx, r.grant, offer); !errors.Is(err, sfu.ErrNoSession) {
			t.Errorf("a new connection: %v", err)
		}
		return "", context.Canceled
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// An agent who was sent away has no connection that could be restarted.
func TestRestartByAnAgentWhoWasRefused(t *testing.T) {
	r := newRestarter(t)
	grant := agentGrant(r.session, "ada")
	var conn sfu.Connection
	agent, err := client.Connect(timeout(t), client.Config{Agent: true}, func(ctx context.Context, offer string) (answer string, err error) {
		conn, err = r.sfu.Connect(ctx, grant, offer)
		return conn.Answer, err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer agent.Close()
	r.send(agent, hello)
	ask := take(t, r.client, client.Any[*wire.Ask])
	r.send(r.client, frame(&wire.Answer{Ask: ask.Ask}))
	take(t, agent, state(wire.StateEnded))
	err = agent.Restart(timeout(t), func(ctx context.Context, offer string) (string, error) {
		for {
			again, err := r.sfu.Restart(ctx, grant, conn.ID, conn.ETag, offer)
			if errors.Is(err, sfu.ErrNoConnection) {
				return "", err
			}
			if err != nil && !errors.Is(err, sfu.ErrOffer) {
				t.Error(err)
				return "", err
			}
			if err == nil {
				conn = again
			}
		}
	})
	if !errors.Is(err, sfu.ErrNoConnection) {
		t.Error(err)
	}
}
