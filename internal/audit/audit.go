// Package audit writes down who did what and when: one line of JSON per event, in a fixed order of fields, to a file
// that is only ever appended to. Events hold names, counts and outcomes; never content of a page, never an address.
package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// FileName is the log's name inside a data directory.
const FileName = "audit.jsonl"

// Event is one line. Its fields are written in this order, empty ones left out.
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
	Rule    string    `json:"rule,omitempty"`    // the rule that refused
	Count   int       `json:"count,omitempty"`   // how many, where an event stands for several
	Totals  *Totals   `json:"totals,omitempty"`  // of a session that ended
}

// Totals are what a session did in its life.
type Totals struct {
	Batches   int `json:"batches"`
	Bytes     int `json:"bytes"`
	Snapshots int `json:"snapshots"`
	Inputs    int `json:"inputs"`
	Refused   int `json:"refused"`
}

// Log is an open audit file. It is safe for concurrent use.
type Log struct {
	mu   sync.Mutex
	file *os.File
}

// Open opens the log of a data directory for appending and makes it, readable by its owner only, when there is none.
// A last line that a crash cut short is closed with a line feed, so that the next event starts on its own line.
func Open(dir string) (*Log, error) {
	file, err := os.OpenFile(filepath.Join(dir, FileName), os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("audit: %w: the data directory must be writable", err)
	}
	if err := endLine(file); err != nil {
		return nil, errors.Join(fmt.Errorf("audit: %w", err), file.Close())
	}
	return &Log{file: file}, nil
}

func endLine(file *os.File) error {
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return err
	}
	var last [1]byte
	if _, err := file.ReadAt(last[:], info.Size()-1); err != nil || last[0] == '\n' {
		return err
	}
	_, err = file.Write([]byte("\n"))
	return err
}

// Append writes one event. The line is with the kernel when it returns.
func (l *Log) Append(e Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	e.Time = e.Time.UTC().Truncate(time.Microsecond)
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if _, err := l.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// Close brings everything to the disk and closes the file.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.file.Sync(), l.file.Close())
}
