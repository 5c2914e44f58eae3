package audit

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"vitrine/internal/store"
)

const (
	commitEvery     = 20 * time.Millisecond // lines are written together
	checkpointEvery = 64                    // lines
	idleAfter       = time.Second           // without an event, what is not signed yet is
	retryEvery      = time.Second           // when the store takes nothing
	closeWithin     = 5 * time.Second
	maxWaiting      = 1 << 16 // lines, some 20 MiB
	stopped         = "stopped"
	sessionEnded    = "session.ended"
)

// HeadName is the name of the file that holds number and hash of the last event, inside a data directory. It is written with
// every event and never synced: after a crash it tells how many events had not reached the store.
const HeadName = "audit.head"

// ErrFull means that the store has taken nothing for long and no more lines fit in memory.
var ErrFull = errors.New("audit: the log cannot be written: make room on its disk, or mend its database")

// Log is an open audit log. It is safe for concurrent use.
type Log struct {
	store  store.Store
	key    ed25519.PrivateKey
	public Public
	head   *os.File

	mu       sync.Mutex
	number   uint64 // of the last line
	previous string // its hash
	unsigned int    // lines since the last checkpoint
	waiting  []store.Line
	written  uint64 // number of the last line that is in the store
	err      error  // why the store took nothing the last time
	moved    *sync.Cond

	wake chan struct{}
	stop chan struct{}
	done chan struct{}
}

// Open opens the log that a store holds. The key signs checkpoints; dir is where the head is kept. What a crash took is
// reported by an event.
func Open(ctx context.Context, kept store.Store, key ed25519.PrivateKey, dir string) (*Log, error) {
	head, err := os.OpenFile(filepath.Join(dir, HeadName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("audit: %w: the data directory must be writable", err)
	}
	l := &Log{
		store: kept, key: key, public: PublicOf(key), head: head, previous: firstPrevious,
		wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	l.moved = sync.NewCond(&l.mu)
	if err := l.goOn(ctx, dir); err != nil {
		return nil, errors.Join(err, head.Close())
	}
	if err := l.takeNotes(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("audit: %w", err), head.Close())
	}
	go l.write()
	return l, nil
}

// goOn takes up where the log ends, and says what is missing.
func (l *Log) goOn(ctx context.Context, dir string) error {
	last, err := l.store.Last(ctx)
	if err != nil && !errors.Is(err, store.ErrNone) {
		return fmt.Errorf("audit: %w", err)
	}
	opened := Event{Name: "audit.opened", Outcome: "new"}
	if err == nil {
		end, err := parseLine(last.Text)
		if err != nil || end.Number != last.Seq {
			return fmt.Errorf("audit: line %d of the log %w: look into it with `vitrine audit verify` before the server goes on", last.Seq, errors.Join(err, errNumber))
		}
		l.number, l.previous, l.written = last.Seq, hashOf(last.Text), last.Seq
		opened.Outcome = "in-order"
		if end.Name != CheckpointName || end.Outcome != stopped {
			opened.Outcome = "after-crash"
		}
	}
	// Without a head the log is new, or was restored.
	if before, err := ReadHead(dir); err == nil {
		lost := Event{Name: "tail.lost", Rule: before.String()}
		if before.Number > l.number {
			lost.Count = int(before.Number - l.number)
			if err := l.Append(lost); err != nil {
				return err
			}
		} else if before.Number == l.number && before.Hash != l.previous {
			lost.Outcome = "changed"
			if err := l.Append(lost); err != nil {
				return err
			}
		}
	}
	return l.Append(opened)
}

var errNumber = errors.New("has another number than its place")

// headSize is that of the head file: 20 digits, a colon, 64 digits, a line feed.
const headSize = 86

// ReadHead reads the head of a data directory: what the last event was, whether it has reached the store or not.
func ReadHead(dir string) (Checkpoint, error) {
	text, err := os.ReadFile(filepath.Join(dir, HeadName))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("audit: %w", err)
	}
	if len(text) != headSize {
		return Checkpoint{}, errNoHead
	}
	return ParseCheckpoint(string(text[:headSize-1]))
}

var errNoHead = errors.New("audit: the file of the head is empty or cut")

// Append takes one event. It is written with others, within 20 ms; Sync waits for that. An error means that the event is
// not in the log, and what it stands for must not happen.
func (l *Log) Append(e Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) >= maxWaiting {
		return ErrFull
	}
	if err := l.add(line{Event: e}); err != nil {
		return err
	}
	if l.unsigned >= checkpointEvery || e.Name == sessionEnded {
		return l.sign("")
	}
	return nil
}

// add makes an event the next line.
func (l *Log) add(next line) error {
	if next.Time.IsZero() {
		next.Time = time.Now()
	}
	next.Time = next.Time.UTC().Truncate(time.Microsecond)
	next.Number, next.Previous = l.number+1, l.previous
	if next.Name == CheckpointName {
		text, err := next.signed()
		if err != nil {
			return err
		}
		next.Signature = base64.StdEncoding.EncodeToString(ed25519.Sign(l.key, text))
	}
	text, err := next.encode()
	if err != nil {
		return err
	}
	l.number, l.previous = next.Number, hashOf(text)
	if _, err := fmt.Fprintf(&at{l.head}, "%020d:%s\n", l.number, l.previous); err != nil {
		l.err = fmt.Errorf("audit: %w", err)
	}
	l.unsigned++
	l.waiting = append(l.waiting, next.stored(text))
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return nil
}

// sign adds a checkpoint.
func (l *Log) sign(outcome string) error {
	err := l.add(line{Event: Event{Name: CheckpointName, Outcome: outcome}, Key: l.public.ID})
	l.unsigned = 0
	return err
}

// at writes to the beginning of a file.
type at struct{ file *os.File }

func (a *at) Write(p []byte) (int, error) { return a.file.WriteAt(p, 0) }

// write brings lines to the store, many at a time.
func (l *Log) write() {
	defer close(l.done)
	idle := time.NewTimer(idleAfter)
	defer idle.Stop()
	notes := time.NewTicker(notesEvery)
	defer notes.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-idle.C:
			l.mu.Lock()
			if l.unsigned > 0 {
				_ = l.sign("") // encoding what holds no text cannot fail
			}
			l.mu.Unlock()
		case <-notes.C:
			ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
			err := l.takeNotes(ctx)
			cancel()
			l.fail(err) // the store answers, or it does not
		case <-l.wake:
			pause(commitEvery, l.stop)
			for l.commit() != nil && pause(retryEvery, l.stop) {
			}
			idle.Reset(idleAfter)
		}
	}
}

// pause waits; false when the log is to stop.
func pause(d time.Duration, stop <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-stop:
		return false
	}
}

// commit writes what is waiting. What the store does not take stays.
func (l *Log) commit() error {
	l.mu.Lock()
	lines := l.waiting
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	err := l.store.Append(ctx, lines)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
	if err == nil {
		l.waiting = append([]store.Line(nil), l.waiting[len(lines):]...)
		if n := len(lines); n > 0 {
			l.written = lines[n-1].Seq
		}
	}
	l.moved.Broadcast()
	return err
}

// fail notes how the store did; nil is well.
func (l *Log) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

// Err tells why the log cannot be written just now; nil when it can. While it cannot, nothing new should be allowed.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Sync waits until everything that was appended is in the store, or the store refused it.
func (l *Log) Sync() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for to := l.number; l.written < to; {
		l.moved.Wait()
		if l.err != nil {
			return fmt.Errorf("audit: %w", l.err)
		}
	}
	return nil
}

// Head is the last line. Kept elsewhere, it is a checkpoint.
func (l *Log) Head() Checkpoint {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Checkpoint{l.number, l.previous}
}

// Public is the public half of the log's key.
func (l *Log) Public() Public { return l.public }

// Close signs the end and brings everything to the store. It does not close the store.
func (l *Log) Close() error {
	l.mu.Lock()
	err := l.sign(stopped)
	l.mu.Unlock()
	close(l.stop)
	<-l.done
	return errors.Join(err, l.commit(), l.head.Sync(), l.head.Close())
}
