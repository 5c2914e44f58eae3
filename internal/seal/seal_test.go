package seal

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"

	"vitrine/internal/audit"
	"vitrine/internal/store"
)

// A desk is a shelf in a data directory of its own, with an identity that opens its recordings and what was written down.
type desk struct {
	*testing.T
	dir      string
	kept     store.Store
	shelf    *Shelf
	identity *age.X25519Identity

	mu     sync.Mutex
	events []audit.Event
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{T: t, dir: t.TempDir()}
	var err error
	if d.identity, err = age.GenerateX25519Identity(); err != nil {
		t.Fatal(err)
	}
	d.open()
	t.Cleanup(func() { d.close() })
	return d
}

func (d *desk) open() {
	d.Helper()
	var err error
	if d.kept, err = store.Open(context.Background(), d.dir, ""); err != nil {
		d.Fatal(err)
	}
	if d.shelf, err = Open(context.Background(), d.dir, d.kept, d.log); err != nil {
		d.Fatal(err)
	}
}

func (d *desk) close() {
	d.Helper()
	if d.kept == nil {
		return
	}
	if err := d.shelf.Close(); err != nil {
		d.Error(err)
	}
	if err := d.kept.Close(); err != nil {
		d.Error(err)
	}
	d.kept = nil
}

func (d *desk) log(e audit.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.events = append(d.events, e)
}

func (d *desk) logged(name string) (found []audit.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.events {
		if e.Name == name {
			found = append(found, e)
		}
	}
	return found
}

// record begins a recording whose failures come out of the channel.
func (d *desk) record() (*Tape, chan string) {
	d.Helper()
	failed := make(chan string, 1)
	tape, err := d.shelf.Record(Info{Session: "s_test", Site: "shop", Agent: "agent-1"}, []age.Recipient{d.identity.Recipient()}, Told{
		Drained: func() {}, Failed: func(rule string) { failed <- rule },
	})
	if err != nil {
		d.Fatal(err)
	}
	return tape, failed
}

// reel records n messages with a segment for each of them, and gives the directory.
func (d *desk) reel(n int) (id, dir string) {
	d.Helper()
	tape, _ := d.record()
	for i := range n {
		tape.Write(time.Now(), 1, message(i))
		tape.Cut()
	}
	tape.Close("customer")
	<-tape.ended
	return tape.ID(), filepath.Join(d.dir, DirName, tape.ID())
}

const canary = "canary-of-a-page"

func message(i int) []byte { return fmt.Appendf(nil, "%s %d", canary, i) }

func (d *desk) known(id string) map[uint32]string {
	known := map[uint32]string{}
	for _, e := range d.logged("recording.segment") {
		if e.Recording == id {
			known[uint32(e.Count)] = e.Hash
		}
	}
	return known
}

func (d *desk) load(name string) []Sealed {
	d.Helper()
	found, err := Load(name)
	if err != nil {
		d.Fatal(err)
	}
	return found
}

func (d *desk) unseal(found []Sealed, known map[uint32]string) *Opened {
	d.Helper()
	o, err := Unseal(found, []age.Identity{d.identity}, known)
	if o == nil {
		d.Fatal(err)
	}
	return o
}

// contents are the messages of a recording in order.
func contents(t *testing.T, o *Opened) (all []string) {
	t.Helper()
	for _, s := range o.Plain {
		if _, err := Parse(s.Bytes, func(e Entry) error {
			if e.Kind != KindEnd {
				all = append(all, string(e.Content))
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func findings(o *Opened) (lines []string) {
	for _, f := range o.Findings {
		lines = append(lines, f.String())
	}
	return lines
}

func TestG07_WhatWasRecordedComesBack(t *testing.T) {
	d := newDesk(t)
	tape, _ := d.record()
	var want []string
	for i := range 2000 {
		m := append(message(i), make([]byte, i%900)...)
		want = append(want, string(m))
		tape.Write(time.Now(), byte(i%5), m)
	}
	tape.Close("customer")
	<-tape.ended
	dir := filepath.Join(d.dir, DirName, tape.ID())
	o := d.unseal(d.load(dir), d.known(tape.ID()))
	if got := contents(t, o); !slices.Equal(got, want) {
		t.Fatalf("%d messages came back of %d", len(got), len(want))
	}
	if len(o.Findings) != 0 || o.End != "customer" || o.Recording != tape.ID() || o.Entries[3] != 400 || len(o.Plain) < 4 {
		t.Errorf("findings %v, end %q, %d segments, entries %v", o.Findings, o.End, len(o.Plain), o.Entries)
	}
	for _, s := range d.load(dir) {
		if len(s.Bytes) > MaxSegment+overhead+100 {
			t.Errorf("segment %d has %d bytes", s.Number, len(s.Bytes))
		}
	}
	i, err := d.shelf.Find(t.Context(), tape.ID())
	if err != nil || i.End != "customer" || int(i.Segments) != len(o.Plain) || i.Site != "shop" || i.Agent != "agent-1" {
		t.Errorf("%+v, %v", i, err)
	}
	if len(d.logged("recording.started")) != 1 || len(d.logged("recording.sealed")) != 1 || len(d.logged("recording.segment")) != len(o.Plain) {
		t.Errorf("events: %+v", d.events)
	}
}

// What is in a server's data directory, store and keys included, opens nothing.
func TestG07_TheDataDirectoryAloneOpensNothing(t *testing.T) {
	d := newDesk(t)
	_, dir := d.reel(3)
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Unseal(d.load(dir), []age.Identity{other}, nil); err != ErrIdentity {
		t.Errorf("another identity: %v", err)
	}
	d.close()
	secret, n := d.identity.String(), 0
	err = filepath.WalkDir(d.dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		n++
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(canary)) || HoldsSecret(data) || bytes.Contains(data, []byte(secret)) {
			t.Errorf("%s holds what was recorded, or what opens it", filepath.Base(path))
		}
		return err
	})
	if err != nil || n < 5 {
		t.Errorf("%d files: %v", n, err)
	}
}

// However much of an archive is there, every segment that is whole plays, and that the rest is missing is said.
func TestG07_CutAtEveryByteAllWholeSegmentsPlay(t *testing.T) {
	d := newDesk(t)
	id, dir := d.reel(4)
	info, err := d.shelf.Find(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	if err := d.shelf.Pack(&archive, info, func() {}); err != nil {
		t.Fatal(err)
	}
	whole := d.load(dir)
	ends := make([]int, len(whole)) // where each segment ends in the archive
	at := 0
	for i, s := range whole {
		ends[i] = at + 512 + len(s.Bytes)
		at += 512 + (len(s.Bytes)+511)/512*512
	}
	opened := map[int]*Opened{} // by the number of segments that were found
	for cut := range archive.Len() {
		want := 0
		for want < len(ends) && ends[want] <= cut {
			want++
		}
		found := unpack(bytes.NewReader(archive.Bytes()[:cut]))
		if want == 0 {
			if len(found) != 0 {
				t.Fatalf("cut at %d: %d segments", cut, len(found))
			}
			continue
		}
		o := opened[len(found)]
		if o == nil {
			o = d.unseal(found, d.known(id))
			opened[len(found)] = o
		}
		if len(o.Plain) != want || len(contents(t, o)) != min(want, 4) {
			t.Fatalf("cut at %d of %d: %d segments play of %d that are whole", cut, archive.Len(), len(o.Plain), want)
		}
		if missing := want < len(ends); missing != (len(o.Findings) > 0) {
			t.Fatalf("cut at %d: findings %v", cut, findings(o))
		}
	}
	// A file of its own that was cut at any byte is no segment, and harms no other.
	for cut := range len(whole[1].Bytes) {
		bad := slices.Clone(whole[:2])
		bad[1].Bytes = whole[1].Bytes[:cut]
		if o := d.unseal(bad, nil); len(o.Plain) != 1 || len(o.Findings) != 2 {
			t.Fatalf("segment cut at %d: %d play, %v", cut, len(o.Plain), findings(o))
		}
	}
}

func TestG07_EveryBitFlipIsDetected(t *testing.T) {
	d := newDesk(t)
	id, dir := d.reel(1)
	whole := d.load(dir)
	known := d.known(id)
	for at := range whole[0].Bytes {
		for bit := range 8 {
			bad := slices.Clone(whole)
			bad[0].Bytes = slices.Clone(whole[0].Bytes)
			bad[0].Bytes[at] ^= 1 << bit
			// age names the recipients in the clear; a flip there may look like another identity's file.
			if o, err := Unseal(bad, []age.Identity{d.identity}, known); o != nil && len(o.Findings) == 0 {
				t.Fatalf("bit %d of byte %d was flipped and not found", bit, at)
			} else if o == nil && err != ErrIdentity {
				t.Fatal(err)
			}
		}
	}
}

func TestG07_WhatWasSwappedOrTakenAwayIsNamed(t *testing.T) {
	d := newDesk(t)
	id, dir := d.reel(4) // and a fifth segment with the end
	_, otherDir := d.reel(4)
	whole, other := d.load(dir), d.load(otherDir)
	known := d.known(id)
	for name, c := range map[string]struct {
		found []Sealed
		known map[uint32]string
		want  string
	}{
		"one in the middle, without a log": {slices.Concat(whole[:2], whole[3:]), nil, "segment 3 is missing"},
		"one in the middle":                {slices.Concat(whole[:2], whole[3:]), known, "segment 3 is missing"},
		"the last":                         {whole[:4], known, "segment 5 is missing"},
		"the last, without a log":          {whole[:4], nil, "the end is missing"},
		"two swapped, without a log":       {swapped(whole), nil, "segment 2 is number 3 inside"},
		"two swapped":                      {swapped(whole), known, "segment 2 is not the one"},
		"of another recording, no log":     {slices.Concat(whole[:2], other[2:3], whole[3:]), nil, "segment 3 belongs to another recording"},
		"of another recording":             {slices.Concat(whole[:2], other[2:3], whole[3:]), known, "segment 3 is not the one"},
	} {
		o := d.unseal(c.found, c.known)
		if !slices.ContainsFunc(findings(o), func(line string) bool { return strings.HasPrefix(line, c.want) }) {
			t.Errorf("%s: %q", name, findings(o))
		}
	}
	if o := d.unseal(whole, known); len(o.Findings) != 0 {
		t.Errorf("nothing is wrong, yet: %q", findings(o))
	}
}

func swapped(whole []Sealed) []Sealed {
	bad := slices.Clone(whole)
	bad[1].Bytes, bad[2].Bytes = bad[2].Bytes, bad[1].Bytes
	return bad
}

// A recording of which little happens is on the disk within five seconds all the same.
func TestG07_AQuietRecordingIsSealedInTime(t *testing.T) {
	d := newDesk(t)
	tape, _ := d.record()
	begun := time.Now()
	tape.Write(begun, 1, message(0))
	for len(d.logged("recording.segment")) == 0 {
		if time.Since(begun) > 20*time.Second {
			t.Fatal("nothing was sealed")
		}
		time.Sleep(10 * time.Millisecond)
	}
	if o := d.unseal(d.load(filepath.Join(d.dir, DirName, tape.ID())), nil); len(contents(t, o)) != 1 {
		t.Error("the message is not there")
	}
	if segmentEvery >= 5*time.Second {
		t.Error("more than five seconds can be lost")
	}
}

// After a crash what was sealed plays, the half segment goes, and the recording is noted as cut.
func TestG07_ACrashLeavesWhatWasSealed(t *testing.T) {
	d := newDesk(t)
	tape, _ := d.record()
	tape.Write(time.Now(), 1, message(0))
	tape.Cut()
	for len(d.logged("recording.segment")) == 0 {
		time.Sleep(time.Millisecond)
	}
	dir := filepath.Join(d.dir, DirName, tape.ID())
	if err := os.WriteFile(filepath.Join(dir, "000002.age.tmp"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), d.dir, d.kept, d.log) // as after a kill: the one before was not closed
	if err != nil {
		t.Fatal(err)
	}
	i, err := again.Find(t.Context(), tape.ID())
	if err != nil || i.End != EndCut || i.Segments != 1 || len(d.logged("recording.cut")) != 1 {
		t.Errorf("%+v, %v", i, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "000002.age.tmp")); !os.IsNotExist(err) {
		t.Errorf("the half segment is still there: %v", err)
	}
	o := d.unseal(d.load(dir), nil)
	if len(contents(t, o)) != 1 || o.End != "" || len(o.Findings) != 1 {
		t.Errorf("%q", findings(o))
	}
}

func TestADiskThatFailsStopsTheRecordingAlone(t *testing.T) {
	d := newDesk(t)
	tape, failed := d.record()
	tape.Write(time.Now(), 1, message(0))
	tape.Cut()
	for len(d.logged("recording.segment")) == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := os.RemoveAll(filepath.Join(d.dir, DirName, tape.ID())); err != nil {
		t.Fatal(err)
	}
	tape.Write(time.Now(), 1, message(1))
	tape.Cut()
	if rule := <-failed; rule != RuleDisk {
		t.Errorf("failed by %q", rule)
	}
	tape.Write(time.Now(), 1, message(2)) // nobody minds
	tape.Close("customer")
	<-tape.ended
	i, err := d.shelf.Find(t.Context(), tape.ID())
	if err != nil || i.End != RuleDisk || len(d.logged("recording.failed")) != 1 {
		t.Errorf("%+v, %v", i, err)
	}
	d.reel(1) // another recording does well
}

func TestRetentionDeletesWhatIsOldAndSaysSo(t *testing.T) {
	d := newDesk(t)
	id, dir := d.reel(1)
	live, _ := d.record()
	day := func(string) time.Duration { return 24 * time.Hour }
	if n, err := d.shelf.Sweep(t.Context(), time.Now(), day); n != 0 || err != nil {
		t.Errorf("%d deleted too early, %v", n, err)
	}
	if n, err := d.shelf.Sweep(t.Context(), time.Now().Add(25*time.Hour), day); n != 1 || err != nil {
		t.Errorf("%d deleted, %v", n, err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("it is still there: %v", err)
	}
	if _, err := d.shelf.Find(t.Context(), id); err != ErrNone {
		t.Error(err)
	}
	if e := d.logged("recording.deleted"); len(e) != 1 || e[0].Rule != "retention" || e[0].Recording != id || e[0].Site != "shop" {
		t.Errorf("%+v", e)
	}
	if err := d.shelf.Delete(t.Context(), Info{ID: live.ID()}, audit.Event{}); err != ErrLive {
		t.Errorf("a recording that goes on: %v", err)
	}
	live.Close("customer")
}
