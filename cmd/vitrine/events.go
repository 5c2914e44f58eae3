package main

import (
	"log/slog"
	"strings"

	"vitrine/internal/audit"
	"vitrine/internal/metrics"
	"vitrine/internal/seal"
	"vitrine/internal/store"
	"vitrine/internal/wire"
	"vitrine/sfu"
)

// A recorder brings every event to the audit log and counts it.
type recorder struct {
	log     *audit.Log
	metrics *metrics.Metrics
	logger  *slog.Logger
	shelf   *seal.Shelf          // of recordings
	kept    store.Store          // where the log is, and whatever else outlives a session
	cut     func(session string) // ends a session that can no longer be written down
}

func (r recorder) record(e audit.Event) {
	r.metrics.Event(e.Name, e.Outcome, e.Rule)
	if err := r.log.Append(e); err != nil {
		r.logger.Error("an event is not in the audit log", "event", e.Name, "error", err)
		if e.Session != "" && e.Name != string(sfu.SessionEnded) {
			go r.cut(e.Session) // this is the goroutine of the session
		}
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
	switch e.Kind {
	case sfu.AccessAllowed:
		event.Outcome = "allowed"
	case sfu.AccessRefused:
		event.Outcome = "refused"
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

// ways are the paths of clients of the TURN server by how they reach it.
var ways = map[string]wire.Path{"udp": wire.PathRelayUDP, "tcp": wire.PathRelayTCP, "tls": wire.PathRelayTLS}

// paths are the names of paths.
var paths = [...]string{
	wire.PathUnknown: "unknown", wire.PathUDP: "udp", wire.PathTCP: "tcp",
	wire.PathRelayUDP: "relay-udp", wire.PathRelayTCP: "relay-tcp", wire.PathRelayTLS: "relay-tls",
}

func pathName(p wire.Path) string { return paths[p] }

// measured counts how a connection does.
func (r recorder) measured(m sfu.Measurement) {
	r.metrics.Quality(m.Role.String(), pathName(m.Path), m.RoundTrip, m.Stale, m.Loss)
}

// scopes are the names of scopes in the order of their bits.
var scopes = []string{"view", "point", "scroll", "click", "type", "navigate", "record", "second-agent", "handover"}

func scopeNames(set wire.Scope) string {
	var names []string
	for i, name := range scopes {
		if set&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}
