//go:build !uclient

package guard

import "net/netip"

// isPinned tells whether a peer is the one that may be named.
func isPinned(peer, pinned netip.AddrPort) bool { return peer == pinned }

// endChannel is the first number above those of channels (RFC 8656 section 12).
const endChannel = 0x5000

// pairs tells whether wishes for a pair of ports (EVEN-PORT, RESERVATION-TOKEN)
// are passed over instead of being refused.
const pairs = false
