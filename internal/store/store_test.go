package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"vitrine/internal/store/pgtest"
)

var postgres *pgtest.Server // nil where there is none

func TestMain(m *testing.M) {
	var err error
	postgres, err = pgtest.Start()
	if err != nil && !errors.Is(err, pgtest.ErrNone) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if postgres != nil {
		err = postgres.Stop()
	}
	if err != nil && !errors.Is(err, pgtest.ErrNone) {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func onPostgres(t *testing.T) Store {
	if postgres == nil {
		t.Skip(pgtest.ErrNone)
	}
	return opened(t, "", postgres.Database(t))
}

// kinds are the stores that every test here runs on.
var kinds = map[string]func(t *testing.T) Store{
	"SQLite":     func(t *testing.T) Store { return opened(t, t.TempDir(), "") },
	"PostgreSQL": onPostgres,
}

func opened(t *testing.T, dir, address string) Store {
	t.Helper()
	s, err := Open(context.Background(), dir, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func onBoth(t *testing.T, do func(t *testing.T, s Store)) {
	for name, open := range kinds {
		t.Run(name, func(t *testing.T) { do(t, open(t)) })
	}
}

var noon = time.Date(2026, 3, 4, 12, 0, 0, 5000, time.UTC)

func lineOf(n int) Line {
	return Line{
		Seq: uint64(n), At: noon.Add(time.Duration(n) * time.Minute), Event: []string{"login", "session.ended", "session.created"}[n%3],
		Session: fmt.Sprint("s", n%4), Site: []string{"shop", "bank"}[n%2], Subject: []string{"ann", "bob", ""}[n%3], Text: fmt.Append(nil, "line ", n),
	}
}

func linesOf(from, to int) (lines []Line) {
	for n := from; n <= to; n++ {
		lines = append(lines, lineOf(n))
	}
	return lines
}

func TestLinesComeBackAsTheyWere(t *testing.T) {
	ctx := context.Background()
	onBoth(t, func(t *testing.T, s Store) {
		if _, err := s.Last(ctx); !errors.Is(err, ErrNone) {
			t.Fatalf("an empty log has a last line: %v", err)
		}
		for _, part := range [][]Line{linesOf(1, 1), nil, linesOf(2, 700)} {
			if err := s.Append(ctx, part); err != nil {
				t.Fatal(err)
			}
		}
		if last, err := s.Last(ctx); err != nil || !reflect.DeepEqual(last, lineOf(700)) {
			t.Errorf("the last line is %+v, %v", last, err)
		}
		for _, q := range []Query{
			{}, {After: 690}, {Limit: 3}, {Event: "login"}, {Event: "session."}, {Session: "s3"}, {Sites: []string{"bank"}},
			{Sites: []string{"shop", "bank"}}, {Sites: []string{}}, {Subject: "ann"}, {From: noon.Add(time.Hour), Before: noon.Add(2 * time.Hour)},
			{Session: "s1", Event: "session.ended", After: 100, Limit: 2},
		} {
			if q.Sites != nil && len(q.Sites) == 0 {
				q.Sites = []string{"none"}
			}
			got, err := s.Lines(ctx, q)
			if want := wanted(q); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%+v: %d lines and not %d, %v", q, len(got), len(want), err)
			}
		}
	})
}

// wanted picks lines by reading them one by one.
func wanted(q Query) (lines []Line) {
	for _, l := range linesOf(1, 700) {
		group, isGroup := strings.CutSuffix(q.Event, ".")
		ok := l.Seq > q.After && (q.Event == "" || l.Event == q.Event || (isGroup && strings.HasPrefix(l.Event, group+"."))) &&
			(q.Session == "" || l.Session == q.Session) && (q.Subject == "" || l.Subject == q.Subject) &&
			(q.Sites == nil || strings.Contains(strings.Join(q.Sites, ","), l.Site)) &&
			!l.At.Before(q.From) && (q.Before.IsZero() || l.At.Before(q.Before))
		if ok && (q.Limit == 0 || len(lines) < q.Limit) {
			lines = append(lines, l)
		}
	}
	return lines
}

func TestLinesHaveNoGap(t *testing.T) {
	ctx := context.Background()
	onBoth(t, func(t *testing.T, s Store) {
		if err := s.Append(ctx, linesOf(1, 2)); err != nil {
			t.Fatal(err)
		}
		for _, lines := range [][]Line{linesOf(4, 4), linesOf(2, 3), {lineOf(3), lineOf(5)}} {
			if err := s.Append(ctx, lines); !errors.Is(err, ErrGap) {
				t.Errorf("lines from %d on behind line 2: %v", lines[0].Seq, err)
			}
		}
		if last, err := s.Last(ctx); err != nil || last.Seq != 2 {
			t.Errorf("a refused part left line %d, %v", last.Seq, err)
		}
	})
}

func TestRecords(t *testing.T) {
	ctx := context.Background()
	onBoth(t, func(t *testing.T, s Store) {
		r := Record{Kind: "receipt", Key: "a", Session: "s1", Site: "shop", Subject: "ann", At: noon, Value: []byte("one")}
		for i, step := range []struct {
			version int64
			want    int64
			err     error
		}{{1, 0, ErrConflict}, {0, 1, nil}, {0, 0, ErrConflict}, {2, 0, ErrConflict}, {1, 2, nil}, {AnyVersion, 3, nil}} {
			r.Version = step.version
			version, err := s.Put(ctx, r)
			if !errors.Is(err, step.err) || (err == nil && version != step.want) {
				t.Fatalf("step %d: version %d, %v", i, version, err)
			}
		}
		r.Version = 3
		if got, err := s.Get(ctx, "receipt", "a"); err != nil || !reflect.DeepEqual(got, r) {
			t.Errorf("got %+v, %v", got, err)
		}
		for _, key := range []string{"receipt b", "lock a"} {
			if _, err := s.Get(ctx, strings.Fields(key)[0], strings.Fields(key)[1]); !errors.Is(err, ErrNone) {
				t.Errorf("%s: %v", key, err)
			}
		}
		if _, err := s.Put(ctx, Record{Kind: "receipt", Key: "long", Value: make([]byte, MaxValue+1)}); err == nil {
			t.Error("a value may be too long")
		}
	})
}

func TestListAndDelete(t *testing.T) {
	ctx := context.Background()
	onBoth(t, func(t *testing.T, s Store) {
		for i, key := range []string{"B", "a/1", "a/2", "a%", "b", "ä"} {
			r := Record{Kind: "chat", Key: key, Site: []string{"shop", "bank"}[i%2], Subject: []string{"ann", "bob"}[i/3], At: noon.Add(time.Duration(i) * time.Hour), Value: []byte{byte(i)}}
			for _, kind := range []string{"chat", "other"} {
				r.Kind = kind
				if _, err := s.Put(ctx, r); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, c := range []struct {
			f    Filter
			want string
		}{
			{Filter{}, "B a% a/1 a/2 b ä"}, {Filter{After: "a/1"}, "a/2 b ä"}, {Filter{Prefix: "a/"}, "a/1 a/2"}, {Filter{Prefix: "a%"}, "a%"},
			{Filter{Limit: 2}, "B a%"}, {Filter{Site: "bank"}, "a% a/1 ä"}, {Filter{Subject: "ann"}, "B a/1 a/2"}, {Filter{Before: noon.Add(2 * time.Hour)}, "B a/1"},
		} {
			c.f.Kind = "chat"
			if got := keys(t, s, c.f); got != c.want {
				t.Errorf("%+v: %s, not %s", c.f, got, c.want)
			}
		}
		if n, err := s.Delete(ctx, Filter{Kind: "chat", Subject: "ann", Limit: 1}); err != nil || n != 3 {
			t.Errorf("%d deleted, %v", n, err)
		}
		if got := keys(t, s, Filter{Kind: "chat"}) + "|" + keys(t, s, Filter{Kind: "other"}); got != "a% b ä|B a% a/1 a/2 b ä" {
			t.Errorf("left: %s", got)
		}
	})
}

func keys(t *testing.T, s Store, f Filter) string {
	t.Helper()
	records, err := s.List(context.Background(), f)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, r := range records {
		keys = append(keys, r.Key)
	}
	return strings.Join(keys, " ")
}

func TestDumpAndRestore(t *testing.T) {
	ctx := context.Background()
	onBoth(t, func(t *testing.T, from Store) {
		if err := from.Append(ctx, linesOf(1, 40)); err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			if _, err := from.Put(ctx, Record{Kind: "k", Key: fmt.Sprint(i), At: noon, Value: []byte{0, byte(i)}}); err != nil {
				t.Fatal(err)
			}
		}
		lines, records := dump(t, from)
		for name, open := range kinds {
			t.Run("into "+name, func(t *testing.T) {
				to := open(t)
				if err := to.Restore(ctx, replay(lines, records)); err != nil {
					t.Fatal(err)
				}
				if l, r := dump(t, to); !reflect.DeepEqual(l, lines) || !reflect.DeepEqual(r, records) {
					t.Errorf("%d lines and %d records came back", len(l), len(r))
				}
				if err := to.Restore(ctx, replay(lines, records)); !errors.Is(err, ErrHeld) {
					t.Errorf("into a full store: %v", err)
				}
			})
		}
		empty := opened(t, t.TempDir(), "")
		if err := empty.Restore(ctx, replay(linesOf(1, 3)[1:], nil)); !errors.Is(err, ErrGap) {
			t.Errorf("a log without its beginning: %v", err)
		}
		if _, err := empty.Last(ctx); !errors.Is(err, ErrNone) {
			t.Errorf("a refused restore left lines: %v", err)
		}
	})
}

func dump(t *testing.T, s Store) (lines []Line, records []Record) {
	t.Helper()
	err := s.Dump(context.Background(),
		func(l Line) error { lines = append(lines, l); return nil },
		func(r Record) error { records = append(records, r); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return lines, records
}

func replay(lines []Line, records []Record) func() (*Line, *Record, error) {
	i := -1
	return func() (*Line, *Record, error) {
		i++
		switch {
		case i < len(lines):
			return &lines[i], nil, nil
		case i-len(lines) < len(records):
			return nil, &records[i-len(lines)], nil
		}
		return nil, nil, nil
	}
}

func TestManyAtOnce(t *testing.T) {
	ctx := context.Background()
	onBoth(t, func(t *testing.T, s Store) {
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				for n := range 20 {
					if _, err := s.Put(ctx, Record{Kind: "k", Key: fmt.Sprint(i, "/", n), At: noon}); err != nil {
						t.Error(err)
					}
					if _, err := s.List(ctx, Filter{Kind: "k", Limit: 5}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if n, err := s.Delete(ctx, Filter{Kind: "k"}); err != nil || n != 160 {
			t.Errorf("%d records, %v", n, err)
		}
	})
}

func TestDeletedIsOverwritten(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(context.Background(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	const secret = "correct horse battery staple"
	if _, err := s.Put(context.Background(), Record{Kind: "k", Key: "a", At: noon, Value: []byte(secret)}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Delete(context.Background(), Filter{Kind: "k"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil { // folds the write-ahead log into the file
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil || strings.Contains(string(data), secret) {
			t.Errorf("%s still holds what was deleted, %v", filepath.Base(file), err)
		}
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s may be read by others: %v, %v", filepath.Base(file), info.Mode(), err)
		}
	}
}

func TestSaysWhyItCannotOpen(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	for name, damage := range map[string][]byte{"no database": []byte(strings.Repeat("this is no database ", 100)), "a cut file": nil} {
		path := filepath.Join(dir, FileName)
		if damage == nil {
			s, err := Open(ctx, dir, "")
			if err != nil {
				t.Fatal(err)
			}
			err = errors.Join(s.Append(ctx, linesOf(1, 500)), s.Close())
			data, errRead := os.ReadFile(path)
			if err != nil || errRead != nil {
				t.Fatal(err, errRead)
			}
			damage = append(data[:len(data)/2:len(data)/2], make([]byte, 4096)...)
		}
		if err := os.WriteFile(path, damage, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(ctx, dir, ""); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(ctx, filepath.Join(dir, "none"), ""); err == nil || !strings.Contains(err.Error(), "data directory") {
		t.Errorf("without a directory: %v", err)
	}
	if _, err := Open(ctx, "", "postgres://nobody@127.0.0.1:1/none?sslmode=disable"); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("without a database: %v", err)
	}
}

func TestRefusesNewerData(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(context.Background(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.(*database).db.Exec(`UPDATE vitrine_schema SET version = 99`)
	if err = errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(context.Background(), dir, ""); !errors.Is(err, ErrNewer) {
		t.Errorf("got %v", err)
	}
}
