package turn

import (
	"log/slog"
	"strings"
	"sync"
	"time"

	"vitrine/turn/cred"
	"vitrine/turn/vrelay"
)

const (
	linesPerSecond = 20               // about allocations; what is over is counted in the next line
	summaryEvery   = 10 * time.Second // of what was refused and dropped
)

// journal writes the log of a server. Anybody can provoke a refusal per
// datagram, so refusals are never lines of their own: every ten seconds one line
// tells how many of which kind there were, if there were any. A nil journal
// writes nothing.
type journal struct {
	log   *slog.Logger
	stats func() map[string]uint64
	done  chan struct{}
	once  sync.Once
	work  sync.WaitGroup

	mu      sync.Mutex
	second  time.Time // begin of the second that lines counts
	lines   int
	skipped int
}

func newJournal(log *slog.Logger, stats func() map[string]uint64) *journal {
	if log == nil {
		return nil
	}
	j := &journal{log: log, stats: stats, done: make(chan struct{})}
	j.work.Go(j.summarise)
	return j
}

func (j *journal) close() {
	if j == nil {
		return
	}
	j.once.Do(func() { close(j.done) })
	j.work.Wait()
}

func (j *journal) opened(name cred.Name, way string) {
	j.line("allocation opened", "session", name.Session, "role", name.Role, "transport", way)
}

func (j *journal) closed(name cred.Name, use vrelay.Use, lasted time.Duration) {
	j.line("allocation closed", "session", name.Session, "role", name.Role,
		"seconds", int(lasted.Seconds()), "bytes_up", use.BytesUp, "bytes_down", use.BytesDown)
}

func (j *journal) line(message string, args ...any) {
	if j == nil {
		return
	}
	now := time.Now()
	j.mu.Lock()
	if now.Sub(j.second) >= time.Second {
		j.second, j.lines = now, 0
	}
	if j.lines >= linesPerSecond {
		j.skipped++
		j.mu.Unlock()
		return
	}
	j.lines++
	if j.skipped > 0 {
		args = append(args, "lines_skipped", j.skipped)
		j.skipped = 0
	}
	j.mu.Unlock()
	j.log.Info("turn: "+message, args...)
}

// trouble are the prefixes of the counters that a summary looks at.
var trouble = []string{"refused_", "closed_", "dropped_", "quota_", "suppressed", "bad_integrity", "disagreed", "retried_errors", "log_errors"}

// summarise writes what was refused and dropped since the last line.
func (j *journal) summarise() {
	ticker := time.NewTicker(summaryEvery)
	defer ticker.Stop()
	before := j.stats()
	for {
		select {
		case <-j.done:
			return
		case <-ticker.C:
		}
		now := j.stats()
		var args []any
		for what, n := range now {
			for _, prefix := range trouble {
				if strings.HasPrefix(what, prefix) && n > before[what] {
					args = append(args, what, n-before[what])
					break
				}
			}
		}
		before = now
		if len(args) > 0 {
			j.log.Warn("turn: refused or dropped", args...)
		}
	}
}
