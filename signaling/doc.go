// Package signaling is the HTTP side of Vitrine: it decides who may talk to which session and hands the rest to the SFU.
//
//	customer's page                      agent's console
//	POST /v1/sessions ── code ─ read out ─► POST /v1/codes/{code}
//	POST …/connections ── offer ──► sfu ◄── offer ── POST …/connections
//
// Tokens stop here (token.go, key.go): the SFU sees a sfu.Grant. Every answer that says no is a Problem (problem.go).
// The routes are listed in one place, in the order of use (routes.go). Nothing of a page passes through this package.
package signaling
