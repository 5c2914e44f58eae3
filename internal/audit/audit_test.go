package audit

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"vitrine/internal/store"
)

var key = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))

// open opens a log in a folder. It is closed by whoever opened it, or not at all, as after a crash.
func open(t *testing.T, dir string) (*Log, store.Store) {
	t.Helper()
	kept, err := store.Open(context.Background(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
	log, err := Open(context.Background(), kept, key, dir)
	if err != nil {
		t.Fatal(err)
	}
	return log, kept
}

func appended(t *testing.T, log *Log, events ...Event) {
	t.Helper()
	for _, e := range events {
		if err := log.Append(e); err != nil {
			t.Fatal(err)
		}
	}
}

func closed(t *testing.T, log *Log) {
	t.Helper()
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
}

// texts are the lines of a store.
func texts(t *testing.T, kept store.Store) (texts [][]byte) {
	t.Helper()
	for after := uint64(0); ; {
		lines, err := kept.Lines(context.Background(), store.Query{After: after})
		if err != nil {
			t.Fatal(err)
		}
		if len(lines) == 0 {
			return texts
		}
		for _, l := range lines {
			texts = append(texts, l.Text)
			after = l.Seq
		}
	}
}

func verified(lines [][]byte, published ...Checkpoint) Report {
	v := NewVerifier([]Public{NewPublic(key.Public().(ed25519.PublicKey))}, published...)
	for _, l := range lines {
		if !v.Add(l) {
			break
		}
	}
	return v.Report()
}

func TestLinesHaveAFixedOrder(t *testing.T) {
	log, kept := open(t, t.TempDir())
	at := time.Date(2026, 3, 4, 5, 6, 7, 8900, time.FixedZone("east", 3600))
	appended(t, log, Event{Rule: "expired", Outcome: "refused", Name: "token.rejected", Time: at, Count: 2})
	closed(t, log)
	lines := texts(t, kept)
	want := `{"n":2,"time":"2026-03-04T04:06:07.000008Z","event":"token.rejected","outcome":"refused","rule":"expired","count":2,"prev":"` + hashOf(lines[0]) + `"}`
	if string(lines[1]) != want {
		t.Errorf("got  %s\nwant %s", lines[1], want)
	}
}

func TestGoesOnWhereItEnded(t *testing.T) {
	dir := t.TempDir()
	for range 3 {
		log, _ := open(t, dir)
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { appended(t, log, Event{Name: "login"}) })
		}
		all.Wait()
		closed(t, log)
	}
	log, kept := open(t, dir)
	closed(t, log)
	lines := texts(t, kept)
	report := verified(lines)
	if report.Problem != "" || report.After != 0 || !report.Stopped || report.Lines != 3*(50+2)+2 {
		t.Errorf("%+v", report)
	}
	if got := string(lines[52]); !strings.Contains(got, `"event":"audit.opened","outcome":"in-order"`) {
		t.Errorf("after an orderly stop the log begins with %s", got)
	}
}

// Every bit of every line is turned, every line taken out, doubled and swapped with the next.
func TestG06_EveryChangeShows(t *testing.T) {
	log, kept := open(t, t.TempDir())
	for i := range 60 {
		appended(t, log, Event{Name: "consent.granted", Session: fmt.Sprint("s", i), Scope: "view", Outcome: "allowed", Count: i})
	}
	appended(t, log, Event{Name: sessionEnded, Session: "s1", Totals: &Totals{Batches: 3}})
	for range 10 {
		appended(t, log, Event{Name: "policy.denied"})
	}
	closed(t, log)
	lines := texts(t, kept)
	head := log.Head()
	if report := verified(lines, head); report.Problem != "" || report.Checkpoints != 2 || report.After != 0 {
		t.Fatalf("as written: %+v", report)
	}
	flips := 0
	before := NewVerifier([]Public{log.Public()}, head) // has read all lines before the one that is changed
	for i, l := range lines {
		for at := range l {
			for bit := range 8 {
				flips++
				l[at] ^= 1 << bit
				v := *before
				for _, l := range lines[i:] {
					if !v.Add(l) {
						break
					}
				}
				if v.Report().Problem == "" {
					t.Fatalf("line %d, byte %d, bit %d: not seen", i+1, at, bit)
				}
				l[at] ^= 1 << bit
			}
		}
		before.Add(l)
	}
	t.Logf("%d bits turned, all seen", flips)
	for i := range lines {
		others := append(append([][]byte{}, lines[:i]...), lines[i+1:]...)
		doubled := append(append([][]byte{}, lines[:i+1]...), lines[i:]...)
		swapped := append([][]byte{}, lines...)
		if i+1 < len(lines) {
			swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
		}
		for what, changed := range map[string][][]byte{"taken out": others, "doubled": doubled, "swapped": swapped, "cut off": lines[:i]} {
			last := i == len(lines)-1
			if report := verified(changed, head); report.Problem == "" && (!last || what != "swapped") {
				t.Errorf("line %d %s: not seen", i+1, what)
			}
		}
	}
}

func TestG06_WhatIsSignedByAnotherIsSeen(t *testing.T) {
	log, kept := open(t, t.TempDir())
	appended(t, log, Event{Name: "login"})
	closed(t, log)
	other := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{8}, ed25519.SeedSize))
	v := NewVerifier([]Public{NewPublic(other.Public().(ed25519.PublicKey))})
	for _, l := range texts(t, kept) {
		v.Add(l)
	}
	if report := v.Report(); !strings.Contains(report.Problem, "--key") {
		t.Errorf("%+v", report)
	}
}

func TestSignsWhenIdle(t *testing.T) {
	log, kept := open(t, t.TempDir())
	appended(t, log, Event{Name: "login"})
	deadline := time.Now().Add(20 * time.Second)
	for report := (Report{}); report.Checkpoints == 0; report = verified(texts(t, kept)) {
		if time.Now().After(deadline) {
			t.Fatal("no checkpoint after 20 s without an event")
		}
		time.Sleep(20 * time.Millisecond)
	}
	closed(t, log)
}

// A head that is ahead of the store is what a killed process leaves when its last lines had not been written.
func TestLostTailIsReported(t *testing.T) {
	dir := t.TempDir()
	log, _ := open(t, dir)
	appended(t, log, Event{Name: "login"})
	if err := log.Sync(); err != nil {
		t.Fatal(err)
	}
	at := log.Head()
	at.Number += 3
	closed(t, log)
	if err := os.WriteFile(filepath.Join(dir, HeadName), fmt.Appendf(nil, "%020d:%s\n", at.Number+1, at.Hash), 0o600); err != nil {
		t.Fatal(err)
	}
	again, kept := open(t, dir)
	closed(t, again)
	lines := texts(t, kept)
	if got := string(lines[at.Number-3+1]); !strings.Contains(got, `"event":"tail.lost"`) || !strings.Contains(got, `"count":3`) {
		t.Errorf("got %s", got)
	}
	if report := verified(lines); report.Problem != "" {
		t.Errorf("%+v", report)
	}
}

// A store that takes nothing for a while.
type moody struct {
	store.Store
	mu  sync.Mutex
	err error
}

func (m *moody) set(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

func (m *moody) Append(ctx context.Context, lines []store.Line) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	return m.Store.Append(ctx, lines)
}

func TestWaitsForAFullDisk(t *testing.T) {
	dir := t.TempDir()
	inner, err := store.Open(context.Background(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	kept := &moody{Store: inner}
	log, err := Open(context.Background(), kept, key, dir)
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("disk full")
	kept.set(full)
	appended(t, log, Event{Name: "login"})
	if err := log.Sync(); !errors.Is(err, full) || !errors.Is(log.Err(), full) {
		t.Errorf("Sync: %v, Err: %v", err, log.Err())
	}
	kept.set(nil)
	for deadline := time.Now().Add(20 * time.Second); log.Err() != nil && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	if err := log.Sync(); err != nil {
		t.Error(err)
	}
	closed(t, log)
	if report := verified(texts(t, inner)); report.Problem != "" || report.Lines < 3 {
		t.Errorf("%+v", report)
	}
	if err := inner.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestMemoryForWaitingLinesIsBounded(t *testing.T) {
	dir := t.TempDir()
	inner, err := store.Open(context.Background(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	kept := &moody{Store: inner}
	log, err := Open(context.Background(), kept, key, dir)
	if err != nil {
		t.Fatal(err)
	}
	kept.set(errors.New("disk full"))
	for err = nil; err == nil; err = log.Append(Event{Name: "login"}) {
		if n := log.Head().Number; n > maxWaiting+maxWaiting/8 {
			t.Fatalf("%d lines wait", n)
		}
	}
	if !errors.Is(err, ErrFull) {
		t.Error(err)
	}
	kept.set(nil)
	closed(t, log)
	if err := inner.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestRefusesALastLineThatIsNone(t *testing.T) {
	dir := t.TempDir()
	kept, err := store.Open(context.Background(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := kept.Append(context.Background(), []store.Line{{Seq: 1, At: time.Now(), Event: "login", Text: []byte(`{"n":1}`)}}); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(context.Background(), kept, key, dir); err == nil || !strings.Contains(err.Error(), "audit verify") {
		t.Errorf("got %v", err)
	}
	if err := kept.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestCheckpointsAreReadStrictly(t *testing.T) {
	good := Checkpoint{12, firstPrevious}
	if got, err := ParseCheckpoint(good.String()); err != nil || got != good {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"", "12", "x:" + firstPrevious, "0:" + firstPrevious, "12:" + firstPrevious[1:], "12:" + strings.ToUpper(firstPrevious)} {
		if got, err := ParseCheckpoint(bad); err == nil {
			t.Errorf("%q is read as %v", bad, got)
		}
	}
}
