// Package audit writes down who did what and when. Events are lines of JSON in a fixed order of fields, each with the
// SHA-256 of the one before, and every so often one that is signed: what is changed, taken out, put in or swapped later shows
// (see Verifier). Lines hold names, counts and outcomes; never content of a page, never an address.
package audit

import (
	"time"
)

// Event is what happened. Its fields are written in this order, empty ones left out.
type Event struct {
	Time    time.Time `json:"time"`              // set by Append when zero; UTC, microseconds
	Name    string    `json:"event"`             // such as "code.redeemed"
	Session string    `json:"session,omitempty"` // id of the session
	Site    string    `json:"site,omitempty"`    // key of the site
	Role    string    `json:"role,omitempty"`    // "customer", "agent" or "preview"
	Subject string    `json:"subject,omitempty"` // who: the sub claim
	Conn    string    `json:"conn,omitempty"`    // id of the connection
	Scope   string    `json:"scope,omitempty"`   // what was consented to, such as "view,point"
	Outcome string    `json:"outcome,omitempty"` // "allowed", "refused", or the reason of an end
	Rule    string    `json:"rule,omitempty"`    // the rule that refused, or the policy that decided
	Count   int       `json:"count,omitempty"`   // how many, where an event stands for several
	Totals  *Totals   `json:"totals,omitempty"`  // of a session that ended

	Recording string `json:"recording,omitempty"` // id of the recording
	Hash      string `json:"sha256,omitempty"`    // of a sealed segment, in hex; Count is its number
}

// Totals are what a session did in its life.
type Totals struct {
	Batches   int `json:"batches"`
	Bytes     int `json:"bytes"`
	Snapshots int `json:"snapshots"`
	Inputs    int `json:"inputs"`
	Refused   int `json:"refused"`
}
