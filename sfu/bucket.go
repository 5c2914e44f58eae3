package sfu

import "time"

// bucket is a token bucket. Its zero value is full from the first take on.
type bucket struct {
	tokens float64
	last   time.Time
}

// take takes n tokens out of a bucket that gains rate a second and holds at most burst. It takes nothing when there are
// fewer.
func (b *bucket) take(now time.Time, n, rate, burst float64) bool {
	if b.last.IsZero() {
		b.tokens = burst
	} else {
		b.tokens = min(burst, b.tokens+now.Sub(b.last).Seconds()*rate)
	}
	b.last = now
	if b.tokens < n {
		return false
	}
	b.tokens -= n
	return true
}
