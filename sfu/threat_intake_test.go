package sfu

import (
	"bytes"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"vitrine/internal/wire"
)

// lonePeer is a connection of a session of a test without anything below it: what comes is put into take.
func (co *core) lonePeer(limits Limits) (*peer, *person) {
	co.t.Helper()
	who := co.customer()
	p := &peer{id: who.conn.id, host: co.s.host, conn: who.conn, rates: Config{Limits: limits}.withDefaults().Limits.Rates, grace: time.Second, lines: lines{left: &leftOut{}}}
	p.out.writing = true // nothing is below that could be written to
	return p, who
}

// lostBy wants the connection to have been lost by a rule, or not at all.
func (co *core) lostBy(rule string) {
	co.t.Helper()
	synctest.Wait()
	co.mu.Lock()
	defer co.mu.Unlock()
	got := ""
	for _, e := range co.events {
		if e.Kind == ConnectionClosed {
			got = e.Rule
		}
	}
	if got != rule {
		co.t.Errorf("lost by %q, want %q", got, rule)
	}
}

// TestThreat49_ChannelRates holds what each channel takes at once and in a second, in messages and in bytes. A flood of
// pointers is left out, a flood of anything else closes the connection.
func TestThreat49_ChannelRates(t *testing.T) {
	want := [5]Rate{
		wire.Ctl: {2_000, 2 << 20}, wire.Dom: {20_000, 64 << 20}, wire.Asset: {10_000, 64 << 20}, wire.Ptr: {500, 64 << 10}, wire.Input: {500, 1 << 20},
	}
	for ch := range wire.Channel(5) {
		bubble(t, Config{}, func(_ *testing.T, co *core) {
			p, _ := co.lonePeer(Limits{})
			p.take(ch, make([]byte, 100), nil)
			messages, most := p.intakes[ch].messages.tokens, p.intakes[ch].bytes.tokens
			if messages != float64(2*want[ch].Messages-1) || most != float64(2*want[ch].Bytes-100) {
				t.Errorf("channel %d takes %.0f messages and %.0f bytes more at once", ch, messages, most)
			}
		})
		for name, v := range map[string]struct {
			rate Rate
			size int
		}{"messages": {Rate{5, 1 << 20}, 1}, "bytes": {Rate{1000, 50_000}, 10_000}} {
			bubble(t, Config{}, func(_ *testing.T, co *core) {
				var rates [5]Rate
				rates[ch] = v.rate
				p, _ := co.lonePeer(Limits{Rates: rates})
				p.host = newHost("nobody", 1<<30)
				msg := make([]byte, v.size)
				for range 30 {
					if passed := framesIn(p.host); p.take(ch, msg, nil) != (ch == wire.Ptr || passed < 10) {
						t.Errorf("channel %d: %s: after %d messages the connection stays, or does not", ch, name, passed)
					}
				}
				if n := framesIn(p.host); n != 10 {
					t.Errorf("channel %d: %s: %d passed at once, want 10", ch, name, n)
				}
				time.Sleep(time.Second)
				for range 30 {
					p.take(ch, msg, nil)
				}
				if n := framesIn(p.host); n != 15 {
					t.Errorf("channel %d: %s: %d passed a second later, want 15", ch, name, n)
				}
			})
		}
	}
}

// framesIn counts the frames that wait in a session's queue.
func framesIn(h *host) (n int) {
	for _, t := range h.queue {
		if t.size > 0 {
			n++
		}
	}
	return n
}

// TestThreat37_Intake holds what is lost by which rule before a frame is even one: messages that are too long, frames that
// inflate to a flood, and a session that cannot keep up.
func TestThreat37_Intake(t *testing.T) {
	bubble(t, Config{}, func(_ *testing.T, co *core) {
		p, _ := co.lonePeer(Limits{})
		if p.take(wire.Ctl, nil, io.ErrShortBuffer) {
			t.Error("a message too long is taken")
		}
		co.lostBy("row37-size")
	})
	bubble(t, Config{}, func(_ *testing.T, co *core) {
		p, _ := co.lonePeer(Limits{})
		if p.take(wire.Ctl, nil, io.EOF) {
			t.Error("a closed channel goes on")
		}
		co.lostBy("closed")
	})
	bubble(t, Config{Limits: Limits{Strikes: 1000}}, func(_ *testing.T, co *core) {
		var rates [5]Rate
		rates[wire.Dom] = Rate{Messages: 1000, Bytes: 40_000}
		p, _ := co.lonePeer(Limits{Rates: rates})
		var d wire.Deflater
		var msg []byte
		if err := wire.AppendMessages(bytes.Repeat([]byte("a flood "), 2000), &d, func(m []byte) error {
			msg = append([]byte(nil), m...)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			p.take(wire.Dom, append([]byte(nil), msg...), nil)
		}
		co.lostBy("row39-rate-dom")
	})
	for _, ch := range []wire.Channel{wire.Ctl, wire.Dom, wire.Ptr} {
		bubble(t, Config{}, func(_ *testing.T, co *core) {
			p, who := co.lonePeer(Limits{})
			co.agent("a")
			who.answers(wire.ScopeView)
			busy := make(chan bool)
			co.s.host.post(func(*session) { <-busy })
			co.s.host.put(task{run: func(*session) {}, size: co.s.host.limit}, false) // what waits fills the session's inbox
			p.take(ch, make([]byte, 1000), nil)
			close(busy)
			synctest.Wait()
			rule := ""
			if ch == wire.Ctl {
				rule = "row39-overrun"
			}
			co.lostBy(rule)
			if n := len(all[*wire.Resync](who)); n != map[wire.Channel]int{wire.Dom: 1}[ch] {
				t.Errorf("channel %d: asked to start over %d times", ch, n)
			}
			if co.count(FrameRefused) != 0 {
				t.Errorf("channel %d: the server's own lack of time is held against somebody", ch)
			}
		})
	}
	bubble(t, Config{}, func(_ *testing.T, co *core) {
		customer := co.customer()
		co.do(func(s *session) { s.overrun(customer.conn) })
		if len(all[*wire.Resync](customer)) != 0 {
			t.Error("a page that is not shared is asked for")
		}
	})
	bubble(t, Config{}, func(_ *testing.T, co *core) {
		customer, _ := co.shared()
		co.do(func(s *session) { s.garbled(customer.conn, wire.Dom, "row37-piece") })
		if r := all[*wire.Resync](customer); len(r) != 1 || r[0].Rule != "row37-piece" {
			t.Error("after pieces of a page that make none, it is not asked for again")
		}
	})
}
