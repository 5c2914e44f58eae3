package audit

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"vitrine/internal/store"
)

// noteKind is the kind of records that wait to become lines.
const noteKind = "audit.note"

// notesEvery is how often a log looks for notes of others.
const notesEvery = 5 * time.Second

// Note leaves an event for the log that a server has open, or will open next: a log has one writer.
func Note(ctx context.Context, kept store.Store, e Event) error {
	e.Time = time.Now().UTC().Truncate(time.Microsecond)
	value, err := json.Marshal(e)
	if err == nil {
		_, err = kept.Put(ctx, store.Record{Kind: noteKind, Key: e.Time.Format(time.RFC3339Nano) + " " + rand.Text(), At: e.Time, Value: value})
	}
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// takeNotes makes lines of the notes that others left. A note goes when its line is in the store.
func (l *Log) takeNotes(ctx context.Context) error {
	notes, err := l.store.List(ctx, store.Filter{Kind: noteKind})
	if err != nil || len(notes) == 0 {
		return err
	}
	for _, note := range notes {
		var e Event
		if err := json.Unmarshal(note.Value, &e); err != nil {
			e = Event{Name: "audit.note", Outcome: "unreadable"}
		}
		if err := l.Append(e); err != nil {
			return err
		}
	}
	if err := l.commit(); err != nil {
		return err
	}
	for _, note := range notes {
		if _, err := l.store.Delete(ctx, store.Filter{Kind: noteKind, Prefix: note.Key}); err != nil {
			return err
		}
	}
	return nil
}
