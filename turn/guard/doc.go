// Package guard stands between the sockets and the TURN server, which must
// never see a raw connection: its stream framing can be made to loop for ever
// and to recurse per byte by anybody, and several of its answers are wrong.
//
// Order of work for every frame:
//
//  1. framing and length limits, deadlines (Stream, Packets)
//  2. class and method allow-list; what does not parse is dropped, never answered
//  3. limits by source: connections per address, unauthenticated answers per network
//  4. no MESSAGE-INTEGRITY: passed on for a 401
//  5. with it: verified, then refused with 441, 420, 442, 440, 508, 486, 437, 403
//     or 400, signed with the same key, so nobody without a credential gets more
//     than a 401 out of the server
//  6. passed on; the TURN server checks the signature again
//
// What is wrong in the TURN server (pion/turn v3.0.3), in rows that comments and
// tests (TestGuard05_…) refer to, and who makes up for it:
//
//	 1  lengths wrap in 16 bits and the reader loops for ever           Stream
//	 2  one recursion per partial read                                  Stream
//	 3  any accept or receive error ends a listener                     Listener, Packets
//	 4  no write deadline                                               Stream
//	 5  any user may refresh or delete an allocation                    Gate: 441
//	 6  permissions know no port                                        Gate: 403, and the hub
//	 7  a relay over TCP is granted and is one over UDP                 Gate: 442
//	 8  refusals without a code, or with the wrong one                  Gate: 403
//	 9  400 to an unknown user, who then cannot try again               Gate: 401
//	10  silence, unknown attributes, families and lifetimes             Gate: 437, 420, 440, LIFETIME
//	11  EVEN-PORT costs 128 sockets a request                           Gate: 508
//	12  no quotas                                                       Gate: 486, and the hub
//	13  no events                                                       Counts, and the server's journal
//	14  credentials cannot expire without ending long sessions          Gate and package cred
//	15  answers to strangers are up to six times their request          Gate: rate, allow-list
//	16  a log line per bad datagram                                     the server's quiet logger
//	17  permissions and channels without end                            Gate: one peer
//	18  a relay goes deaf on a source that is no *net.UDPAddr           the hub
//	19  timers race when an allocation is refreshed as it ends          one goroutine per stream; nothing is lost
//	20  an allocation cannot be closed                                  the hub: closing the relay does
//	21  an empty key with true authenticates                            package cred never gives one
//	22  user names are read loosely                                     package cred
package guard
