package vrelay

import "sync/atomic"

// Counter names one figure of the hub.
type Counter uint8

// The counters, in the order a datagram meets them. All but the last two only grow.
const (
	opened          Counter = iota // relays made
	closedRelays                   // relays closed
	refusedQuota                   // Open refused by a quota
	otherPeer                      // a client wrote to an address that is not the pinned peer
	oversized                      // a datagram larger than any buffer behind it
	beforeAnswer                   // a client sent too much before the SFU had answered it
	overSession                    // the session's bytes per second are used up, either way
	overTotal                      // the hub's bytes per second are used up, either way
	droppedUp                      // the queue towards the SFU was full
	packetsUp                      // datagrams delivered to the SFU
	bytesUp                        //
	noRelay                        // the SFU wrote to a virtual address nobody holds
	noSocket                       // the SFU wrote to a real address without a real socket
	droppedDown                    // the queue towards the client was full
	packetsDown                    // datagrams delivered towards the client
	bytesDown                      //
	spoofed                        // the real socket received a source inside the virtual prefix
	queueHighWater                 // gauge: the longest queue seen
	liveAllocations                // gauge
	counterEnd
)

var counterNames = [counterEnd]string{
	"opened", "closed", "refused_quota", "dropped_other_peer", "dropped_oversized", "dropped_before_answer",
	"dropped_rate_session", "dropped_rate_total", "dropped_queue_up", "packets_up", "bytes_up", "dropped_no_relay", "dropped_no_socket", "dropped_queue_down",
	"packets_down", "bytes_down", "dropped_spoofed", "queue_high_water", "allocations",
}

// String gives the counter's metric name.
func (c Counter) String() string { return counterNames[c] }

type counters [counterEnd]atomic.Uint64

func (c *counters) add(which Counter, n int) { c[which].Add(uint64(n)) }

func (c *counters) high(length int) {
	for {
		now := c[queueHighWater].Load()
		if uint64(length) <= now || c[queueHighWater].CompareAndSwap(now, uint64(length)) {
			return
		}
	}
}

// Stats gives every counter by its metric name.
func (h *Hub) Stats() map[string]uint64 {
	stats := make(map[string]uint64, counterEnd)
	for which := range counterEnd {
		stats[which.String()] = h.counts[which].Load()
	}
	h.mu.RLock()
	stats[liveAllocations.String()] = uint64(len(h.relays))
	h.mu.RUnlock()
	return stats
}
