package sfu_test

import (
	"context"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"vitrine/internal/wire"
	"vitrine/sfu"
	"vitrine/test/client"
)

// env is an SFU on loopback with everything that it told.
type env struct {
	t   *testing.T
	sfu *sfu.SFU
	udp *net.UDPAddr

	mu     sync.Mutex
	events []sfu.Event
	more   chan struct{}
}

func start(t *testing.T, c sfu.Config) *env {
	t.Helper()
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = udp.SetReadBuffer(4<<20), udp.SetWriteBuffer(4<<20)
	e := &env{t: t, more: make(chan struct{}), udp: udp.LocalAddr().(*net.UDPAddr)}
	c.UDP, c.Loopback = udp, true
	c.Audit = func(ev sfu.Event) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.events = append(e.events, ev)
		close(e.more)
		e.more = make(chan struct{})
	}
	e.sfu, err = sfu.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.sfu.Close)
	t.Cleanup(func() {
		if t.Failed() {
			e.mu.Lock()
			defer e.mu.Unlock()
			for _, ev := range e.events {
				t.Logf("%s %s %s %s rule %q reason %d", ev.Kind, ev.Conn, ev.Role, ev.Subject, ev.Rule, ev.Reason)
			}
		}
	})
	return e
}

// event waits for an event that matches.
func (e *env) event(match func(sfu.Event) bool) sfu.Event {
	e.t.Helper()
	deadline := time.After(20 * time.Second)
	for from := 0; ; {
		e.mu.Lock()
		for ; from < len(e.events); from++ {
			if match(e.events[from]) {
				defer e.mu.Unlock()
				return e.events[from]
			}
		}
		more := e.more
		e.mu.Unlock()
		select {
		case <-more:
		case <-deadline:
			e.t.Fatal("the event did not come")
		}
	}
}

func (e *env) open() string {
	e.t.Helper()
	id, err := e.sfu.Open(sfu.SessionConfig{Site: "demo", Origin: "https://shop.example"})
	if err != nil {
		e.t.Fatal(err)
	}
	return id
}

func timeout(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func customerGrant(session string) sfu.Grant {
	return sfu.Grant{Session: session, Role: sfu.Customer, Subject: "customer", Origin: "https://shop.example"}
}

func agentGrant(session, subject string) sfu.Grant {
	return sfu.Grant{
		Session: session, Role: sfu.Agent, Subject: subject, Name: "Agent " + subject, Company: "Demo shop",
		May: wire.ScopeView | wire.ScopeControl | wire.ScopeSecondAgent,
	}
}

// dial answers offers without HTTP.
func (e *env) dial(g sfu.Grant) client.Dial {
	return func(ctx context.Context, offer string) (string, error) {
		c, err := e.sfu.Connect(ctx, g, offer)
		return c.Answer, err
	}
}

func (e *env) connect(g sfu.Grant, c client.Config) *client.Client {
	e.t.Helper()
	c.Agent = g.Role != sfu.Customer
	cl, err := client.Connect(timeout(e.t), c, e.dial(g))
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { _ = cl.Close() })
	return cl
}

// join connects, says Hello and waits for Welcome.
func (e *env) join(g sfu.Grant, c client.Config) *client.Client {
	e.t.Helper()
	cl := e.connect(g, c)
	e.send(cl, hello)
	take(e.t, cl, client.Any[*wire.Welcome])
	return cl
}

func hello(c *client.Client) error { return c.Hello() }

func frame(f wire.Frame) func(*client.Client) error {
	return func(c *client.Client) error { return c.Send(f) }
}

func (e *env) send(c *client.Client, what func(*client.Client) error) {
	e.t.Helper()
	if err := what(c); err != nil {
		e.t.Fatal(err)
	}
}

func take[F wire.Frame](t *testing.T, c *client.Client, match func(F) bool) F {
	t.Helper()
	f, err := client.Take(timeout(t), c, match)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func state(want wire.SessionState) func(*wire.State) bool {
	return func(f *wire.State) bool { return f.State == want }
}

// pair is a session with one agent, shared, with a small page.
func (e *env) pair(a client.Config) (session string, customer, agent *client.Client) {
	e.t.Helper()
	session = e.open()
	customer = e.join(customerGrant(session), client.Config{})
	agent = e.join(agentGrant(session, "a"), a)
	e.grant(customer, wire.ScopeView)
	share := take(e.t, customer, client.Any[*wire.Share])
	e.send(customer, frame(client.Snapshot(share.Epoch+1, []byte("one"))))
	take(e.t, customer, client.Any[*wire.Ack])
	return session, customer, agent
}

// grant answers the next question with all that was asked.
func (e *env) grant(customer *client.Client, want wire.Scope) {
	e.t.Helper()
	ask := take(e.t, customer, client.Any[*wire.Ask])
	if ask.Scopes != want {
		e.t.Fatalf("asked for %b, want %b", ask.Scopes, want)
	}
	e.send(customer, frame(&wire.Answer{Ask: ask.Ask, Granted: ask.Scopes}))
}

// eventually polls what cannot be awaited, such as the number of goroutines.
func eventually(t *testing.T, what func() bool, describe func() string) {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for !what() {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<20)
			t.Fatalf("%s\n%s", describe(), buf[:runtime.Stack(buf, true)])
		}
		time.Sleep(20 * time.Millisecond)
	}
}
