package sfu

import (
	"strconv"
	"time"

	"vitrine/internal/wire"
)

// Event is one thing worth remembering. It never holds anything of a page, a chat or an input.
type Event struct {
	Time    time.Time
	Session string
	Kind    Kind
	Conn    string         // id of the connection it is about, or ""
	Role    Role           // of the person it is about, or 0
	Subject string         // of the person it is about, or ""
	Scope   wire.Scope     // of consent events
	Reason  wire.EndReason // of SessionEnded
	Rule    string         // why something was refused or closed; of a Fault the function it happened in
	Count   int            // how often so far, of InputRefused and FrameRefused
	Totals  Totals         // of SessionEnded
}

// Totals are what a session did in its life.
type Totals struct {
	Batches, Bytes, Snapshots, Inputs, Refused int
}

// Kind is what an Event tells.
type Kind string

// The kinds of events.
const (
	SessionOpened    Kind = "session.opened"
	SessionPaused    Kind = "session.paused"
	SessionContinued Kind = "session.continued"
	SessionEnded     Kind = "session.ended"
	CustomerJoined   Kind = "customer.joined"
	CustomerLost     Kind = "customer.lost"
	AgentJoined      Kind = "agent.joined"
	AgentLost        Kind = "agent.lost"
	AgentLeft        Kind = "agent.left"
	AgentBehind      Kind = "agent.behind" // their line or computer did not take all changes; they got the page as it stood
	PageHealed       Kind = "page.healed"  // what a customer's page told did not fit; a new snapshot of theirs put it right
	StageHealed      Kind = "stage.healed" // what an agent's viewer holds did not fit; it was given the page as it stands
	PreviewOpened    Kind = "preview.opened"
	PreviewClosed    Kind = "preview.closed"
	ConsentAsked     Kind = "consent.asked"
	ConsentGranted   Kind = "consent.granted"
	ConsentRefused   Kind = "consent.refused"
	ConsentRevoked   Kind = "consent.revoked"
	ConsentReleased  Kind = "consent.released"
	AccessAllowed    Kind = "access.allowed" // what the rules let an agent do; Rule names those that decided
	AccessRefused    Kind = "access.refused"
	PageClosed       Kind = "page.closed" // the rules keep the page from an agent
	PageOpened       Kind = "page.opened"
	InputRefused     Kind = "input.refused"
	FrameRefused     Kind = "frame.refused"
	ConnectionClosed Kind = "connection.closed"
	Fault            Kind = "fault"
)

// scopeRules name the scopes in the order of their bits.
var scopeRules = [...]string{
	"scope-view", "scope-point", "scope-scroll", "scope-click", "scope-type", "scope-navigate", "scope-record", "scope-second-agent",
}

// scopeRule is the rule by which something is refused that needs scope, one bit.
func scopeRule(scope wire.Scope) string {
	for i, name := range scopeRules {
		if scope == 1<<i {
			return name
		}
	}
	return "scope-" + strconv.Itoa(int(scope))
}

// reasonNames are how an end is written in logs.
var reasonNames = [...]string{
	"none", "customer", "agent", "agent_away", "customer_gone", "refused", "limit", "policy", "protocol", "server", "fault",
}

// ReasonName is how an end is written in logs and metrics.
func ReasonName(r wire.EndReason) string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "unknown"
}
