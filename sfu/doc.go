// Package sfu owns the sessions: it connects a customer and agents to the server over WebRTC data channels, holds what
// the customer consented to, and passes on what the sanitizer approved.
//
// One goroutine owns a session (host.go, session.go). Whoever wants something of a session sends it a function; nothing
// of it is shared and there is no lock in it. A panic in it ends that session alone. The session knows its connections
// as links (session.go): what it can do with one is to send, to ask for room and to close. Everything that WebRTC is
// lies behind that (api.go, peer.go, writer.go).
//
//	reader of a channel -> host -> session -> decoder -> consent -> sanitizer -> fan-out or input gate -> link -> writer
//
// What is sent is cut out of a sanitizer.Clean (parcel.go) and comes from nowhere else.
//
// Page content lives in byte slices that are overwritten when the session ends. Events and errors carry ids, rules and
// numbers, never content.
package sfu
