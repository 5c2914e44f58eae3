package audit

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"vitrine/internal/store"
)

const victim = "VITRINE_AUDIT_VICTIM"

// TestMain is also the process that is killed: it appends as fast as it can, and says the number of what Sync confirmed.
func TestMain(m *testing.M) {
	dir := os.Getenv(victim)
	if dir == "" {
		os.Exit(m.Run())
	}
	kept, err := store.Open(context.Background(), dir, "")
	if err == nil {
		var log *Log
		if log, err = Open(context.Background(), kept, key, dir); err == nil {
			err = appendForEver(log)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func appendForEver(log *Log) error {
	for i := 0; ; i++ {
		if err := log.Append(Event{Name: "login", Count: i + 1}); err != nil {
			return err
		}
		if i%100 == 99 {
			n := log.Head().Number
			if err := log.Sync(); err != nil {
				return err
			}
			fmt.Println(n)
		}
	}
}

// The process is killed 200 times at random. Every time the store opens, the chain holds, what was confirmed is there, and
// what had not reached the store is reported.
func TestG11_KilledAtRandom(t *testing.T) {
	rounds := 200
	if testing.Short() {
		rounds = 20
	}
	var dir string
	rnd := rand.New(rand.NewPCG(11, 11))
	lost := 0
	for round := range rounds {
		if round%20 == 0 {
			dir = t.TempDir() // a long log takes long to read again
		}
		confirmed := kill(t, dir, time.Duration(rnd.IntN(40_000))*time.Microsecond)
		log, kept := open(t, dir)
		closed(t, log)
		lines := texts(t, kept)
		report := verified(lines)
		if report.Problem != "" || report.Lines < confirmed {
			t.Fatalf("confirmed up to %d: %+v", confirmed, report)
		}
		for _, l := range lines[max(0, len(lines)-4):] {
			if l, err := parseLine(l); err != nil || l.Name == "tail.lost" {
				lost++
			}
		}
	}
	t.Logf("killed %d times, a tail was lost and reported %d times", rounds, lost)
	if lost == 0 {
		t.Error("no kill took a line: the test shows nothing")
	}
}

// kill runs the victim for a while after its first confirmation and returns the last number it confirmed.
func kill(t *testing.T, dir string, after time.Duration) (confirmed uint64) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victim+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	limit := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() }) // it may have ended
	defer limit.Stop()
	first := true
	for lines := bufio.NewScanner(out); lines.Scan(); {
		n, err := strconv.ParseUint(strings.TrimSpace(lines.Text()), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		confirmed = n
		if first {
			first = false
			time.AfterFunc(after, func() { _ = cmd.Process.Kill() }) // it may have ended
		}
	}
	_ = cmd.Wait() // killed
	if confirmed == 0 {
		t.Fatal("the process confirmed nothing")
	}
	return confirmed
}
