package guard

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// bucket is a token bucket; it holds at most one second's worth.
type bucket struct {
	tokens float64
	last   time.Time
}

func (b *bucket) take(rate float64, now time.Time) bool {
	if !b.last.IsZero() {
		b.tokens = min(rate, b.tokens+now.Sub(b.last).Seconds()*rate)
	}
	b.last = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

const slots = 4096

// buckets limits by network in fixed memory: networks share 4,096 buckets by
// a secret hash, so nobody can aim at another's bucket and no flood of forged
// sources makes the table grow.
type buckets struct {
	rate float64
	seed maphash.Seed
	mu   sync.Mutex
	slot [slots]bucket
}

func newBuckets(rate int) *buckets {
	b := &buckets{rate: float64(rate), seed: maphash.MakeSeed()}
	for i := range b.slot {
		b.slot[i].tokens = b.rate
	}
	return b
}

func (b *buckets) take(ip netip.Addr, now time.Time) bool {
	i := maphash.Comparable(b.seed, network(ip, 24, 56)) % slots
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.slot[i].take(b.rate, now)
}

func network(ip netip.Addr, v4, v6 int) netip.Prefix {
	ip = ip.Unmap().WithZone("")
	bits := v6
	if ip.Is4() {
		bits = v4
	}
	prefix, _ := ip.Prefix(bits) // fails only for the zero Addr, whose zero Prefix is a fine key
	return prefix
}

// Caps bounds what addresses hold, per address (IPv6: per /64) and in all.
type Caps struct {
	perIP, total int
	mu           sync.Mutex
	open         int
	by           map[netip.Prefix]int
}

// NewCaps makes caps. 0 means 64 per address and 4,096 in all.
func NewCaps(perIP, total int) *Caps {
	if perIP == 0 {
		perIP = 64
	}
	if total == 0 {
		total = 4096
	}
	return &Caps{perIP: perIP, total: total, by: map[netip.Prefix]int{}}
}

// Room tells whether Enter would find room now.
func (c *Caps) Room(ip netip.Addr) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open < c.total && c.by[network(ip, 32, 64)] < c.perIP
}

// Enter counts one in, or tells that there is no room. Each Enter
// that returned true needs one Leave.
func (c *Caps) Enter(ip netip.Addr) bool {
	key := network(ip, 32, 64)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open >= c.total || c.by[key] >= c.perIP {
		return false
	}
	c.open++
	c.by[key]++
	return true
}

// Leave counts one out.
func (c *Caps) Leave(ip netip.Addr) {
	key := network(ip, 32, 64)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open--
	if c.by[key]--; c.by[key] <= 0 {
		delete(c.by, key)
	}
}
