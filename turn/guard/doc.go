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
package guard
