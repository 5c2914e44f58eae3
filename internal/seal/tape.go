package seal

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"sync"
	"time"

	"filippo.io/age"

	"vitrine/internal/audit"
)

const (
	// segmentEvery is less than the five seconds that may be lost, so that sealing and a slow disk fit in.
	segmentEvery = 4 * time.Second
	roomBytes    = 2 << 20 // that wait for the disk, from where the page waits
	mostBytes    = 8 << 20 // that wait for the disk at all
	firstSlab    = 8 << 10
)

// Rules by which a recording stops.
const (
	RuleDisk = "recording-disk" // it could not be written
	RuleSlow = "recording-slow" // it could not be written fast enough
)

// Told is whom a tape tells. Its functions are called on the tape's goroutine.
type Told struct {
	Drained func()            // there is room again
	Failed  func(rule string) // nothing more is recorded
}

// A slab is a segment that is being filled.
type slab struct {
	bytes []byte
	begun time.Time
}

// Tape writes one recording. Its methods do not block; all that waits for a disk is done by a goroutine of its own.
type Tape struct {
	id    string
	dir   string
	to    []age.Recipient
	told  Told
	shelf *Shelf
	info  Info
	ended chan struct{}

	mu      sync.Mutex
	slab    slab
	full    []slab
	waiting int // bytes of full
	hungry  bool
	reason  string // not empty once it is to end
	failed  string // the rule, not empty once it has failed
	wake    chan struct{}
}

// ID names the recording.
func (t *Tape) ID() string { return t.id }

// Write takes down a message of a channel. It copies it.
func (t *Tape) Write(at time.Time, kind byte, message []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.reason != "" || t.failed != "" {
		return
	}
	if t.waiting+len(t.slab.bytes) > mostBytes || len(message) > MaxEntry {
		t.failed = RuleSlow
		t.poke()
		return
	}
	t.put(at, kind, message)
}

// put appends an entry. t.mu is held.
func (t *Tape) put(at time.Time, kind byte, content []byte) {
	need := entrySize + len(content)
	if len(t.slab.bytes)+need > MaxSegment {
		t.turn()
	}
	if t.slab.bytes == nil {
		t.slab = slab{bytes: make([]byte, headerSize, max(firstSlab, headerSize+need)), begun: at.Truncate(time.Millisecond)}
		t.poke() // the clock of the segment begins
	}
	if len(t.slab.bytes)+need > cap(t.slab.bytes) {
		next := make([]byte, len(t.slab.bytes), min(max(2*cap(t.slab.bytes), len(t.slab.bytes)+need), MaxSegment))
		copy(next, t.slab.bytes)
		clear(t.slab.bytes)
		t.slab.bytes = next
	}
	t.slab.bytes = appendEntry(t.slab.bytes, at.Sub(t.slab.begun), kind, content)
}

// turn puts the slab to those that wait to be sealed. t.mu is held.
func (t *Tape) turn() {
	if t.slab.bytes == nil {
		return
	}
	t.full = append(t.full, t.slab)
	t.waiting += len(t.slab.bytes)
	t.slab = slab{}
	t.poke()
}

func (t *Tape) poke() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// Room tells whether more of the page may be given. After a false, Told.Drained follows.
func (t *Tape) Room() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hungry = t.waiting >= roomBytes
	return !t.hungry
}

// Cut seals at once what was taken down so far.
func (t *Tape) Cut() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.turn()
}

// Close ends the recording, for a reason that is written into it, and seals it at once. Nothing is taken down afterwards.
func (t *Tape) Close(reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.reason != "" || t.failed != "" {
		return
	}
	t.put(time.Now(), KindEnd, []byte(reason))
	t.turn()
	t.reason = reason
}

// next takes what is to be sealed now; due is when the slab that is being filled must be.
func (t *Tape) next() (todo []slab, due time.Time, over bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.slab.bytes != nil && time.Since(t.slab.begun) >= segmentEvery {
		t.turn()
	}
	todo, t.full = t.full, nil
	if t.slab.bytes != nil {
		due = t.slab.begun.Add(segmentEvery)
	}
	return todo, due, t.reason != "" || t.failed != ""
}

// run writes segments until the recording has ended or failed.
func (t *Tape) run() {
	defer close(t.ended)
	var previous [hashSize]byte
	if err := t.shelf.begin(t); err != nil {
		t.fail(RuleDisk)
	}
	timer := time.NewTimer(segmentEvery)
	defer timer.Stop()
	for {
		todo, due, over := t.next()
		for i := range todo {
			t.write(&todo[i], &previous)
		}
		if over {
			t.finish()
			return
		}
		if due.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(time.Until(due))
		}
		select {
		case <-t.wake:
		case <-timer.C:
		}
	}
}

// write seals one segment and brings it to the disk. Whatever becomes of it, the slab is overwritten.
func (t *Tape) write(s *slab, previous *[hashSize]byte) {
	defer clear(s.bytes)
	size := len(s.bytes)
	if t.broken() == "" {
		if err := t.segment(s, previous); err != nil {
			t.fail(RuleDisk)
		}
	}
	t.mu.Lock()
	t.waiting -= size
	drained := t.hungry && t.waiting < roomBytes
	t.hungry = t.hungry && !drained
	t.mu.Unlock()
	if drained {
		t.told.Drained()
	}
}

func (t *Tape) broken() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failed
}

// fail stops the recording. What waits is overwritten by the writer.
func (t *Tape) fail(rule string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failed == "" {
		t.failed = rule
		t.poke()
	}
}

func (t *Tape) segment(s *slab, previous *[hashSize]byte) error {
	number := t.info.Segments + 1
	h := Header{Recording: t.id, Number: number, Previous: *previous, Begun: s.begun}
	if err := h.put(s.bytes); err != nil {
		return err
	}
	sealed, err := Seal(s.bytes, t.to)
	if err != nil {
		return err
	}
	if err := writeFile(t.dir, fileName(number), sealed); err != nil {
		return err
	}
	*previous = sha256.Sum256(sealed)
	t.info.Segments, t.info.Bytes = number, t.info.Bytes+int64(len(sealed))
	t.shelf.audit(t.info, audit.Event{Name: "recording.segment", Count: int(number), Hash: hex.EncodeToString(previous[:])})
	return nil
}

// finish says how it ended.
func (t *Tape) finish() {
	t.mu.Lock()
	clear(t.slab.bytes)
	t.slab = slab{}
	for _, s := range t.full {
		clear(s.bytes)
	}
	t.full = nil
	rule, reason := t.failed, t.reason
	t.mu.Unlock()
	if rule != "" {
		t.shelf.end(t, rule, audit.Event{Name: "recording.failed", Outcome: "refused", Rule: rule, Count: int(t.info.Segments)})
		t.told.Failed(rule)
		return
	}
	t.shelf.end(t, reason, audit.Event{Name: "recording.sealed", Outcome: reason, Count: int(t.info.Segments)})
}

// writeFile writes a file under another name, brings it to the disk, and only then gives it its own.
func writeFile(dir, name string, content []byte) (err error) {
	path := filepath.Join(dir, name)
	file, err := os.OpenFile(path+".tmp", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(path+".tmp", path)
	}
	if err != nil {
		_ = os.Remove(path + ".tmp") // there may be none
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if closing := d.Close(); err == nil {
		err = closing
	}
	return err
}
