// Package sanitizer decides what may pass between a customer's page and an agent.
//
// A Page is the server's copy of what the customer shares. Check judges a batch against the vocabulary and the page as it
// stands, and either applies the whole of it and returns a Clean to pass on, or returns a Refusal and leaves the page as
// it was. CheckInput does the same for what an agent does to the page. Only this package can make a Clean, and nothing
// but a Clean is ever sent to the other side.
//
// Tokens are passed on as they came or not at all; strings are rewritten by their role: text loses control characters,
// style sheets are tokenised and written anew, addresses become text for people. A string that nothing of is allowed
// becomes empty, so its place in the string table stays.
//
// The package is pure: it has no clock, no log, no goroutine and does no I/O. Bytes of the page live in slabs that Wipe
// overwrites; they never become Go strings.
package sanitizer
