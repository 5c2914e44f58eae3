package guard

import "sync/atomic"

// Counter names one figure of the guard.
type Counter uint8

// The counters, in the order of work. All only grow, but for Streams.
const (
	RefusedConns  Counter = iota // connections over a cap, closed before they were read
	Streams                      // gauge: connections open
	BadFrame                     // stream closed: oversized, too short or not TURN
	SlowFrame                    // stream closed: no whole frame in time
	SlowWrite                    // stream closed: the client stopped reading
	RetriedErrors                // accept and receive errors that were survived
	Malformed                    // dropped: does not parse
	NotAllowed                   // dropped: class and method not on the list
	BareAllocate                 // dropped: Allocate without REQUESTED-TRANSPORT
	Suppressed                   // unauthenticated answer over the rate: silence
	Challenged                   // passed on for a 401
	BadIntegrity                 // wrong or unknown credential, challenged again
	Unbound                      // data without an allocation, or for another peer: dropped
	Passed                       // frames handed to the TURN server or, on a channel, to the relay
	OverAsks                     // rightly signed, but too many of one allocation: dropped
	OverSession                  // no allocation: the session or the name has its share
	OverIP                       // no allocation: the address has its share
	OverTotal                    // no allocation: the server is full
	Disagreed                    // the TURN server refused what the guard had verified
	refused400                   // refusals signed by the guard, by code
	refused403
	refused420
	refused437
	refused440
	refused441
	refused442
	refused486
	refused508
	counterEnd
)

var counterNames = [counterEnd]string{
	"refused_conns", "streams", "closed_bad_frame", "closed_slow_frame", "closed_slow_write", "retried_errors",
	"dropped_malformed", "dropped_not_allowed", "dropped_bare_allocate", "suppressed", "challenged", "bad_integrity",
	"dropped_unbound", "passed", "dropped_over_asks", "quota_session", "quota_ip", "quota_total", "disagreed",
	"refused_400", "refused_403", "refused_420", "refused_437", "refused_440", "refused_441", "refused_442", "refused_486", "refused_508",
}

// String gives the counter's metric name.
func (c Counter) String() string { return counterNames[c] }

// Counts holds the counters of one server.
type Counts [counterEnd]atomic.Uint64

// Add adds n, which is negative only for gauges.
func (c *Counts) Add(which Counter, n int) { c[which].Add(uint64(int64(n))) }

// Get reads one counter.
func (c *Counts) Get(which Counter) uint64 { return c[which].Load() }

// Stats gives every counter by its metric name.
func (c *Counts) Stats() map[string]uint64 {
	stats := make(map[string]uint64, counterEnd)
	for which := range counterEnd {
		stats[which.String()] = c[which].Load()
	}
	return stats
}
