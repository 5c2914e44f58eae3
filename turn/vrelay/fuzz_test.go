package vrelay

import (
	"net"
	"net/netip"
	"strconv"
	"testing"
	"time"
)

// Any order of opening, closing, kicking and writing: the hub never holds more than its quotas say, its queues have an
// end, addresses are not given twice, and at the end nothing is left. Two bytes are one step: what, and with which relay.
func FuzzHub(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0})
	f.Add([]byte{0, 1, 0, 2, 0, 3, 2, 0, 2, 0, 2, 0, 3, 1, 3, 1, 5, 2, 4, 0, 0, 1})
	f.Add([]byte{0, 0, 2, 0, 2, 0, 2, 0, 2, 0, 2, 0, 2, 0, 6, 0, 6, 0, 1, 0, 2, 0, 3, 0, 7, 0})
	const queue, perName, perSession, total = 4, 3, 4, 8
	f.Fuzz(func(t *testing.T, steps []byte) {
		h := hub(t, Config{Queue: queue, PerName: perName, PerSession: perSession, Total: total, SessionRate: 20_000, TotalRate: 50_000})
		c, err := h.SFUConn(nil)
		if err != nil {
			t.Fatal(err)
		}
		var relays []*Relay
		gone := 0
		taken := map[netip.AddrPort]bool{}
		past := time.Unix(1, 0)
		buf := make([]byte, 2000) // some are too long
		for ; len(steps) >= 2; steps = steps[2:] {
			which := int(steps[1])
			var r *Relay
			if len(relays) > 0 {
				r = relays[which%len(relays)]
			}
			switch what := steps[0] % 8; {
			case what == 0:
				session := strconv.Itoa(which % 3)
				if r, err := h.Open(Owner{Session: session, Name: session + strconv.Itoa(which%2)}, func(Use) { gone++ }); err == nil {
					if taken[r.addr] {
						t.Fatal("an address was given twice")
					}
					taken[r.addr] = true
					relays = append(relays, r)
				}
			case what == 1:
				h.Kick(strconv.Itoa(which % 3))
			case r == nil:
			case what == 2:
				_, _ = r.WriteTo(buf[:which*7], h.peer)
			case what == 3:
				_, _ = c.WriteToAddrPort(buf[:which*7], r.addr)
			case what == 4:
				_ = r.SetReadDeadline(past)
				_, _, _ = r.ReadFrom(buf)
			case what == 5:
				_ = r.Close()
			case what == 6:
				_ = c.SetReadDeadline(past)
				_, _, _ = c.ReadFromAddrPort(buf)
			case what == 7:
				_, _ = r.WriteTo(buf[:16], &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: which})
			}
			bounded(t, h, queue, total)
		}
		_ = h.Close()
		if len(h.relays)+len(h.byName)+len(h.bySess) != 0 || gone != len(relays) {
			t.Fatalf("%d relays are left, %d of %d are gone", len(h.relays), gone, len(relays))
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// bounded checks what the hub holds.
func bounded(t *testing.T, h *Hub, queue, total int) {
	t.Helper()
	if len(h.relays) > total {
		t.Fatalf("%d relays", len(h.relays))
	}
	for _, r := range h.relays {
		if r.up.len > queue || r.down.len > queue {
			t.Fatalf("%d and %d datagrams wait", r.up.len, r.down.len)
		}
	}
}
