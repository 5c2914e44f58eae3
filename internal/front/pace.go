package front

import (
	"net/netip"

	"golang.org/x/time/rate"
)

// maxPaced bounds how many clients a pace remembers in each of its two generations.
const maxPaced = 1 << 14

// pace gives every client a token bucket of its own. Memory is bounded by two generations: when the young one is full it
// becomes the old one, and who was not seen since is forgotten.
type pace struct {
	perSecond  int
	young, old map[netip.Addr]*rate.Limiter
}

func newPace(perSecond int) *pace {
	return &pace{perSecond: perSecond, young: map[netip.Addr]*rate.Limiter{}}
}

// take takes a token from a client's bucket, which holds ten seconds' worth.
func (p *pace) take(from netip.Addr) bool {
	b, ok := p.young[from]
	if !ok {
		if b, ok = p.old[from]; !ok {
			b = rate.NewLimiter(rate.Limit(p.perSecond), 10*p.perSecond)
		}
		if len(p.young) >= maxPaced {
			p.young, p.old = map[netip.Addr]*rate.Limiter{}, p.young
		}
		p.young[from] = b
	}
	return b.Allow()
}
