// Package store keeps what outlives a session: the lines of the audit log, and records such as settings, receipts and
// sealed chats. Nothing of a page is ever given to it in the clear.
//
// One file of SQLite is the default; PostgreSQL takes its place by configuration alone. Both run the same statements and
// the same tests.
package store

import (
	"context"
	"errors"
	"time"
)

// Line is one line of the audit log.
type Line struct {
	Seq     uint64    // 1, 2, 3, … without a gap
	At      time.Time // UTC, microseconds
	Event   string    // its name, such as "session.ended"
	Session string    // id, or empty
	Site    string    // key, or empty
	Subject string    // who, or empty
	Text    []byte    // the line itself, without a line feed
}

// Query picks lines. Empty fields pick all.
type Query struct {
	After   uint64 // only lines with a higher number
	Event   string // a name, or the beginning of names when it ends with "."
	Session string
	Sites   []string // one of them; nil picks all
	Subject string
	From    time.Time // included
	Before  time.Time // not included
	Limit   int       // 1 to MaxLimit; 0 means MaxLimit
}

// MaxLimit is the most that one call returns.
const MaxLimit = 1000

// Record is a value under a kind and a key.
type Record struct {
	Kind    string // such as "receipt"
	Key     string // unique in its kind
	Session string // id, or empty
	Site    string // key, or empty
	Subject string // whom it is about, or empty
	At      time.Time
	Version int64  // 1 when it is new, one more with every change; for Put, that of the record to write over
	Value   []byte // at most MaxValue bytes
}

// MaxValue is the longest value of a record, in bytes.
const MaxValue = 1 << 20

// AnyVersion is the version of a record that is written whatever was there.
const AnyVersion = -1

// Filter picks records of one kind. Empty fields pick all.
type Filter struct {
	Kind    string // required
	After   string // only keys behind this one
	Prefix  string // only keys that begin so
	Session string
	Site    string
	Subject string
	Before  time.Time // only older ones
	Limit   int       // as in Query
}

// Errors that callers tell apart.
var (
	ErrNone     = errors.New("store: there is no such record")
	ErrConflict = errors.New("store: somebody else changed the record: read it again")
	ErrGap      = errors.New("store: the audit log does not go on from its last line")
	ErrHeld     = errors.New("store: it holds data already: restore into an empty one")
	ErrNewer    = errors.New("store: a newer version of Vitrine wrote this data: run that version, or restore a backup")
	ErrCorrupt  = errors.New("store: the file is damaged: restore a backup, or move the file away to begin anew (and keep it as evidence)")
)

// Store is safe for concurrent use. What a call wrote is on the disk when it returns without an error.
type Store interface {
	// Append adds lines to the audit log, all or none. They must go on from the last one (ErrGap).
	Append(ctx context.Context, lines []Line) error
	// Last returns the last line, or ErrNone.
	Last(ctx context.Context) (Line, error)
	// Lines returns the lines that a query picks, in their order.
	Lines(ctx context.Context, q Query) ([]Line, error)

	// Put writes a record over the one of r.Version; 0 means that there is none yet, AnyVersion whatever there is. What is
	// not so is ErrConflict. It returns the record's new version.
	Put(ctx context.Context, r Record) (version int64, err error)
	// Get returns a record, or ErrNone.
	Get(ctx context.Context, kind, key string) (Record, error)
	// List returns the records that a filter picks, in the order of their keys.
	List(ctx context.Context, f Filter) ([]Record, error)
	// Delete takes away the records that a filter picks, whatever its limit, and says how many.
	Delete(ctx context.Context, f Filter) (int, error)

	// Dump hands over all lines and records as they stand at one moment, lines first.
	Dump(ctx context.Context, line func(Line) error, record func(Record) error) error
	// Restore writes what Dump gave, until next gives nothing. A store that holds anything is left alone (ErrHeld).
	Restore(ctx context.Context, next func() (*Line, *Record, error)) error

	Close() error
}
