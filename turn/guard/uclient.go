//go:build uclient

package guard

import "net/netip"

// This file is for one test program and never part of the product. coturn's
// client, turnutils_uclient, exits unless it may also name the port above its
// peer's and ask for pairs of ports, as RTP and RTCP once needed them, and it
// takes channel numbers from the larger range of RFC 5766. Here the guard lets
// it, so that its datagrams show that the hub alone lets none through to the
// other port.

// isPinned allows the port above as well.
func isPinned(peer, pinned netip.AddrPort) bool {
	return peer.Addr() == pinned.Addr() && (peer.Port() == pinned.Port() || peer.Port() == pinned.Port()+1)
}

const (
	endChannel = 0x8000
	pairs      = true
)
