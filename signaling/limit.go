package signaling

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxSources bounds how many addresses a limiter remembers in each of its two generations.
const maxSources = 1 << 14

// A limiter gives every source address its own token bucket. Memory is bounded by two generations: when the young one
// is full it becomes the old one, and what was not asked for since is forgotten.
type limiter struct {
	limit rate.Limit
	burst int

	mu         sync.Mutex
	young, old map[netip.Prefix]*rate.Limiter
}

// perMinute makes a limiter that lets n through a minute, all of them at once if need be.
func perMinute(n int) *limiter {
	return &limiter{limit: rate.Limit(float64(n) / 60), burst: n, young: map[netip.Prefix]*rate.Limiter{}}
}

// take takes one from the source's bucket. refund puts it back; wait is how long the caller has to, when ok is false.
func (l *limiter) take(source netip.Prefix) (refund func(), wait time.Duration, ok bool) {
	now := time.Now()
	r := l.bucket(source).ReserveN(now, 1)
	if wait = r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return nil, wait, false
	}
	return func() { r.CancelAt(now) }, 0, true
}

func (l *limiter) bucket(source netip.Prefix) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b, ok := l.young[source]; ok {
		return b
	}
	b, ok := l.old[source]
	if !ok {
		b = rate.NewLimiter(l.limit, l.burst)
	}
	if len(l.young) >= maxSources {
		l.young, l.old = map[netip.Prefix]*rate.Limiter{}, l.young
	}
	l.young[source] = b
	return b
}

// sourceOf is whom a request is counted for: an IPv4 address, or the /64 that one IPv6 customer has for themselves.
func sourceOf(r *http.Request) netip.Prefix {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Prefix{} // all that have no address share one bucket
	}
	addr := from.Addr().Unmap().WithZone("")
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(addr, bits).Masked()
}
