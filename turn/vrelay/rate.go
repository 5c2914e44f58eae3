package vrelay

import (
	"sync/atomic"
	"time"
)

// rate bounds bytes per second in one word, so that relays of one session can
// share it without a lock. The word is the time at which all bytes taken so far
// will have been paid for; it may lie one second ahead, which is the burst.
type rate struct{ paid atomic.Int64 } // nanoseconds since the hub began

func (r *rate) take(n, perSecond int, now time.Duration) bool {
	cost := int64(n) * int64(time.Second) / int64(perSecond)
	for {
		paid := r.paid.Load()
		next := max(paid, int64(now)) + cost
		if next-int64(now) > int64(time.Second) {
			return false
		}
		if r.paid.CompareAndSwap(paid, next) {
			return true
		}
	}
}

// charge takes n bytes from the session's allowance and the hub's, whichever
// way they go, and counts the datagram as dropped when one has not enough left.
func (r *Relay) charge(n int) bool {
	h := r.hub
	now := time.Since(h.start)
	switch {
	case !r.session.rate.take(n, h.config.SessionRate, now):
		h.counts.add(overSession, 1)
		return false
	case !h.rate.take(n, h.config.TotalRate, now):
		h.counts.add(overTotal, 1)
		return false
	}
	return true
}

// Use is what passed through relays.
type Use struct {
	Session     string `json:"session"`
	Allocations int    `json:"allocations"`
	BytesUp     uint64 `json:"bytes_up"`   // from clients to the SFU
	BytesDown   uint64 `json:"bytes_down"` // from the SFU to clients
}

// Use tells what has passed through the relay so far.
func (r *Relay) Use() Use {
	return Use{Session: r.owner.Session, Allocations: 1, BytesUp: r.bytesUp.Load(), BytesDown: r.bytesDown.Load()}
}

// Sessions tells, of every session that holds relays, what has passed through
// the ones it holds now. The order is not defined.
func (h *Hub) Sessions() []Use {
	h.mu.RLock()
	defer h.mu.RUnlock()
	uses := make([]Use, 0, len(h.bySess))
	for session, held := range h.bySess {
		sum := Use{Session: session}
		for r := range held.relays {
			u := r.Use()
			sum.Allocations++
			sum.BytesUp += u.BytesUp
			sum.BytesDown += u.BytesDown
		}
		uses = append(uses, sum)
	}
	return uses
}
