package vrelay

import (
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// Row 18: the TURN server's relay goroutine ends on a source of any other type than *net.UDPAddr, and the allocation
// goes deaf.
func TestGuard18_SourceIsAUDPAddr(t *testing.T) {
	h := hub(t, Config{})
	c := sfu(t, h, nil)
	r := open(t, h, "s")
	_, _ = c.WriteTo([]byte("x"), r.LocalAddr())
	_, from, err := r.ReadFrom(make([]byte, 8))
	if addr, ok := from.(*net.UDPAddr); err != nil || !ok || unmap(addr.AddrPort()) != h.Pinned() {
		t.Errorf("from %T, %v", from, err)
	}
	if _, ok := r.LocalAddr().(*net.UDPAddr); !ok {
		t.Errorf("the relayed address is a %T", r.LocalAddr())
	}
}

// A session has so many bytes a second, both ways together and over all its relays, and so has the hub.
func TestByteRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := hub(t, Config{SessionRate: 100_000, TotalRate: 150_000, Queue: 10_000})
		c := sfu(t, h, nil)
		first, second, other := open(t, h, "a"), open(t, h, "a"), open(t, h, "b")
		for _, r := range []*Relay{first, second, other} {
			r.answered.Store(true)
		}
		up := func(r *Relay, n int) {
			for range n {
				_, _ = r.WriteTo(make([]byte, 1000), h.peer)
			}
		}
		up(first, 60)
		for range 60 {
			_, _ = c.WriteTo(make([]byte, 1000), second.LocalAddr())
		}
		s := h.Stats()
		if s["packets_up"] != 60 || s["packets_down"] != 40 || s["dropped_rate_session"] != 20 {
			t.Errorf("one session: %v", s)
		}
		up(other, 60)
		if s = h.Stats(); s["packets_up"] != 110 || s["dropped_rate_total"] != 10 {
			t.Errorf("in all: %v", s)
		}
		time.Sleep(500 * time.Millisecond)
		up(first, 60)
		if s = h.Stats(); s["packets_up"] != 160 {
			t.Errorf("after half a second %d more, want 50", s["packets_up"]-110)
		}
		if uses := h.Sessions(); len(uses) != 2 {
			t.Errorf("sessions: %+v", uses)
		}
	})
}
