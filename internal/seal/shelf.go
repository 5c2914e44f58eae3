package seal

import (
	"archive/tar"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"filippo.io/age"

	"vitrine/internal/audit"
	"vitrine/internal/store"
)

// DirName is the directory of recordings inside a data directory.
const DirName = "recordings"

// kind is that of the records that say which recordings there are.
const kind = "recording"

// Ends of recordings that did not end in order.
const (
	Running = ""    // it is being written
	EndCut  = "cut" // the server went down while it was written
)

// storeWithin bounds a call of the store.
const storeWithin = 10 * time.Second

// Errors of a shelf.
var (
	ErrNone = errors.New("seal: there is no such recording")
	ErrLive = errors.New("seal: it is being recorded: end the recording first")
)

// Info is what the server knows of a recording.
type Info struct {
	ID       string    `json:"-"`
	Session  string    `json:"-"`
	Site     string    `json:"-"`
	Agent    string    `json:"agent"` // the subject of who asked for it
	Begun    time.Time `json:"-"`
	Ended    time.Time `json:"ended,omitzero"`
	End      string    `json:"end,omitempty"` // Running, EndCut, a reason, or the rule by which it failed
	Segments uint32    `json:"segments"`
	Bytes    int64     `json:"bytes"`
}

// Shelf holds the recordings of a server. It is safe for concurrent use.
type Shelf struct {
	dir   string
	store store.Store
	log   func(audit.Event)

	mu   sync.Mutex
	live map[string]*Tape
	over bool
}

// Open opens the shelf of a data directory. What a crash left of a segment that was being written goes, and recordings that it
// cut are noted as such.
func Open(ctx context.Context, data string, kept store.Store, log func(audit.Event)) (*Shelf, error) {
	s := &Shelf{dir: filepath.Join(data, DirName), store: kept, log: log, live: map[string]*Tape{}}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	halves, err := filepath.Glob(filepath.Join(s.dir, "*", "*.tmp"))
	for _, half := range halves {
		err = errors.Join(err, os.Remove(half))
	}
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return s, s.each(ctx, "", func(i Info) error {
		if i.End != Running {
			return nil
		}
		i.End, i.Ended = EndCut, time.Now().UTC()
		if i.Segments, i.Bytes, err = s.measure(i.ID); err != nil {
			return err
		}
		s.audit(i, audit.Event{Name: "recording.cut", Count: int(i.Segments)})
		return s.note(ctx, i)
	})
}

// Record begins a recording.
func (s *Shelf) Record(i Info, to []age.Recipient, told Told) (*Tape, error) {
	var id [idSize]byte
	// crypto/rand.Read does not fail: it ends the process instead.
	_, _ = rand.Read(id[:])
	i.ID, i.Begun = hex.EncodeToString(id[:]), time.Now().UTC()
	t := &Tape{
		id: i.ID, dir: filepath.Join(s.dir, i.ID), to: to, told: told, shelf: s, info: i,
		ended: make(chan struct{}), wake: make(chan struct{}, 1),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return nil, errors.New("seal: shutting down")
	}
	s.live[i.ID] = t
	go t.run()
	return t, nil
}

// begin makes the place of a recording.
func (s *Shelf) begin(t *Tape) error {
	s.audit(t.info, audit.Event{Name: "recording.started", Subject: t.info.Agent, Outcome: "allowed"})
	if err := os.Mkdir(t.dir, 0o700); err != nil {
		return err
	}
	if err := syncDir(s.dir); err != nil {
		return err
	}
	return s.note(context.Background(), t.info)
}

// end notes the end of a recording. That it cannot be noted changes nothing: the next start notes it.
func (s *Shelf) end(t *Tape, how string, e audit.Event) {
	t.info.End, t.info.Ended = how, time.Now().UTC()
	err := s.note(context.Background(), t.info)
	s.audit(t.info, e)
	if err != nil {
		s.audit(t.info, audit.Event{Name: "recording.failed", Outcome: "refused", Rule: "recording-store"})
	}
	s.mu.Lock()
	delete(s.live, t.id)
	s.mu.Unlock()
}

func (s *Shelf) audit(i Info, e audit.Event) {
	e.Recording, e.Session, e.Site = i.ID, i.Session, i.Site
	s.log(e)
}

func (s *Shelf) note(ctx context.Context, i Info) error {
	value, err := json.Marshal(i)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	_, err = s.store.Put(ctx, store.Record{
		Kind: kind, Key: i.ID, Session: i.Session, Site: i.Site, Subject: i.Agent, At: i.Begun, Version: store.AnyVersion, Value: value,
	})
	return err
}

func infoOf(r store.Record) (Info, error) {
	i := Info{ID: r.Key, Session: r.Session, Site: r.Site, Begun: r.At}
	if err := json.Unmarshal(r.Value, &i); err != nil {
		return i, fmt.Errorf("seal: the record of recording %s is damaged", r.Key)
	}
	return i, nil
}

// each hands over all recordings in the order of their ids, from the one after a given id on.
func (s *Shelf) each(ctx context.Context, after string, do func(Info) error) error {
	for {
		records, err := s.store.List(ctx, store.Filter{Kind: kind, After: after})
		if err != nil || len(records) == 0 {
			return err
		}
		for _, r := range records {
			after = r.Key
			i, err := infoOf(r)
			if err == nil {
				err = do(i)
			}
			if err != nil {
				return err
			}
		}
	}
}

// List gives recordings in the order of their ids: those behind one id, that may be seen, at most so many.
func (s *Shelf) List(ctx context.Context, after string, most int, may func(Info) bool) (list []Info, err error) {
	enough := errors.New("enough")
	err = s.each(ctx, after, func(i Info) error {
		if !may(i) {
			return nil
		}
		if i.End == Running {
			if i.Segments, i.Bytes, err = s.measure(i.ID); err != nil {
				return err
			}
		}
		if list = append(list, i); len(list) == most {
			return enough
		}
		return nil
	})
	if errors.Is(err, enough) {
		err = nil
	}
	return list, err
}

// Find gives one recording, or ErrNone.
func (s *Shelf) Find(ctx context.Context, id string) (Info, error) {
	if !validID(id) {
		return Info{}, ErrNone
	}
	r, err := s.store.Get(ctx, kind, id)
	if errors.Is(err, store.ErrNone) {
		return Info{}, ErrNone
	}
	if err != nil {
		return Info{}, err
	}
	return infoOf(r)
}

func validID(id string) bool {
	b, err := hex.DecodeString(id)
	return err == nil && len(b) == idSize && id == strings.ToLower(id)
}

// segments are the files of a recording, in order.
func segments(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if e.Type().IsRegular() && strings.HasSuffix(e.Name(), ".age") {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, err
}

func (s *Shelf) measure(id string) (n uint32, bytes int64, err error) {
	names, err := segments(filepath.Join(s.dir, id))
	for _, name := range names {
		info, err := os.Stat(filepath.Join(s.dir, id, name))
		if err != nil {
			return 0, 0, err
		}
		n, bytes = n+1, bytes+info.Size()
	}
	return n, bytes, err
}

// Pack writes a recording as a tar archive of its segments, sealed as they are. each is called before every segment.
func (s *Shelf) Pack(to io.Writer, i Info, each func()) error {
	dir := filepath.Join(s.dir, i.ID)
	names, err := segments(dir)
	if err != nil {
		return err
	}
	out := tar.NewWriter(to)
	for _, name := range names {
		each()
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		head := &tar.Header{Name: i.ID + "/" + name, Mode: 0o600, Size: int64(len(content)), ModTime: i.Begun, Format: tar.FormatUSTAR}
		if err := out.WriteHeader(head); err != nil {
			return err
		}
		if _, err := out.Write(content); err != nil {
			return err
		}
	}
	return out.Close()
}

// Delete takes a recording away. e is what is written down of it, with who did it and why.
func (s *Shelf) Delete(ctx context.Context, i Info, e audit.Event) error {
	s.mu.Lock()
	_, live := s.live[i.ID]
	s.mu.Unlock()
	if live {
		return ErrLive
	}
	if !validID(i.ID) {
		return ErrNone
	}
	if err := os.RemoveAll(filepath.Join(s.dir, i.ID)); err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	if _, err := s.store.Delete(ctx, store.Filter{Kind: kind, Prefix: i.ID}); err != nil {
		return err
	}
	e.Name, e.Outcome, e.Count = "recording.deleted", "allowed", int(i.Segments)
	s.audit(i, e)
	return nil
}

// Sweep deletes what is older than its site keeps recordings.
func (s *Shelf) Sweep(ctx context.Context, now time.Time, keep func(site string) time.Duration) (deleted int, err error) {
	var old []Info
	err = s.each(ctx, "", func(i Info) error {
		if i.End != Running && now.Sub(i.Begun) > keep(i.Site) {
			old = append(old, i)
		}
		return nil
	})
	for _, i := range old {
		if err == nil {
			err = s.Delete(ctx, i, audit.Event{Rule: "retention"})
			deleted++
		}
	}
	return deleted, err
}

// Close waits until everything that ended is on the disk. Whoever records must have ended before.
func (s *Shelf) Close() error {
	s.mu.Lock()
	s.over = true
	var live []*Tape
	for _, t := range s.live {
		live = append(live, t)
	}
	s.mu.Unlock()
	for _, t := range live {
		t.Close("server")
		<-t.ended
	}
	return nil
}
