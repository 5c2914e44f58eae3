package turn

import (
	"sync/atomic"

	"github.com/pion/logging"
)

// quiet counts what the TURN server would log and prints nothing: its lines
// hold addresses and user names, and anybody can provoke one per datagram.
type quiet struct{ errors, warnings atomic.Uint64 }

// NewLogger gives the same counters to every scope.
func (q *quiet) NewLogger(string) logging.LeveledLogger { return q }

// Trace, Debug and Info are of no interest even as numbers.

func (q *quiet) Trace(string)          {}
func (q *quiet) Tracef(string, ...any) {}
func (q *quiet) Debug(string)          {}
func (q *quiet) Debugf(string, ...any) {}
func (q *quiet) Info(string)           {}
func (q *quiet) Infof(string, ...any)  {}
func (q *quiet) Warn(string)           { q.warnings.Add(1) }
func (q *quiet) Warnf(string, ...any)  { q.warnings.Add(1) }
func (q *quiet) Error(string)          { q.errors.Add(1) }
func (q *quiet) Errorf(string, ...any) { q.errors.Add(1) }
