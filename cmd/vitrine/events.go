package main

import (
	"log/slog"
	"strings"

	"vitrine/internal/audit"
	"vitrine/internal/metrics"
	"vitrine/internal/wire"
	"vitrine/sfu"
)

// A recorder brings every event to the audit log and counts it.
type recorder struct {
	log     *audit.Log
	metrics *metrics.Metrics
	logger  *slog.Logger
}

func (r recorder) record(e audit.Event) {
	r.metrics.Event(e.Name, e.Outcome, e.Rule)
	if err := r.log.Append(e); err != nil {
		r.logger.Error("the audit log cannot be written: make room or mend its disk", "event", e.Name, "error", err)
	}
}

// session records an event of the SFU's. That a session was opened is recorded by who opened it, with site and subject.
func (r recorder) session(e sfu.Event) {
	if e.Kind == sfu.SessionOpened {
		return
	}
	event := audit.Event{
		Time: e.Time, Name: string(e.Kind), Session: e.Session, Subject: e.Subject, Conn: e.Conn,
		Scope: scopeNames(e.Scope), Rule: e.Rule, Count: e.Count,
	}
	if e.Role != 0 {
		event.Role = e.Role.String()
	}
	if e.Kind == sfu.SessionEnded {
		event.Outcome = sfu.ReasonName(e.Reason)
		event.Totals = &audit.Totals{
			Batches: e.Totals.Batches, Bytes: e.Totals.Bytes, Snapshots: e.Totals.Snapshots,
			Inputs: e.Totals.Inputs, Refused: e.Totals.Refused,
		}
	}
	r.record(event)
}

// scopes are the names of scopes in the order of their bits.
var scopes = []string{"view", "point", "scroll", "click", "type", "navigate", "record", "second-agent"}

func scopeNames(set wire.Scope) string {
	var names []string
	for i, name := range scopes {
		if set&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}
