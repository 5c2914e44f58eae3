// Package test holds the tests of the whole system and of the repository itself. What it exports starts the real binary
// for them.
package test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"vitrine/internal/audit"
	"vitrine/internal/store"
)

// patience is how long a start or an end may take on a busy machine.
const patience = 30 * time.Second

// Options say what a server of a test is like. The zero value is `vitrine serve --dev` on free ports with a directory of
// its own.
type Options struct {
	Config string   // text of a configuration file, such as "session: {agent_away: 2s}"
	Flags  []string // further flags, after those that Launch sets
}

// Env is a running server.
type Env struct {
	Base    string   `json:"base"`
	Console string   `json:"console"` // with a token that signs in once
	Demo    string   `json:"demo"`
	UDP     string   `json:"udp"`
	Turn    []string `json:"turn"`
	Data    string   `json:"-"` // its data directory

	binary string
	cmd    *exec.Cmd
	stderr *output
	exited chan error
	once   sync.Once
	ended  error
}

// Start starts a server that ends with the test, and shows its log when the test failed.
func Start(t testing.TB, o Options) *Env {
	t.Helper()
	e, err := Launch(t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Stop(); err != nil {
			t.Errorf("the server did not end well: %v", err)
		}
		if t.Failed() {
			t.Logf("log of the server:\n%s", e.Log())
		}
	})
	return e
}

// Launch starts a server that keeps its data in dir. The caller stops it.
func Launch(dir string, o Options) (*Env, error) {
	binary, err := Binary()
	if err != nil {
		return nil, err
	}
	args := []string{
		"serve", "--dev", "--json", "--listen", "127.0.0.1:0", "--udp", "127.0.0.1:0",
		"--turn-udp", "127.0.0.1:0", "--turn-tcp", "127.0.0.1:0", "--data", filepath.Join(dir, "data"),
	}
	if o.Config != "" {
		name := filepath.Join(dir, "vitrine.yaml")
		if err := os.WriteFile(name, []byte(o.Config), 0o600); err != nil {
			return nil, err
		}
		args = append(args, "--config", name)
	}
	e := &Env{Data: filepath.Join(dir, "data"), binary: binary, stderr: &output{}, exited: make(chan error, 1)}
	e.cmd = exec.Command(binary, append(args, o.Flags...)...)
	e.cmd.Stderr = e.stderr
	stdout, err := e.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := e.cmd.Start(); err != nil {
		return nil, err
	}
	line := make(chan []byte, 1)
	go func() {
		text, _ := bufio.NewReader(stdout).ReadBytes('\n') // an end without a line shows below
		line <- text
		e.exited <- e.cmd.Wait()
	}()
	select {
	case text := <-line:
		if err := json.Unmarshal(text, e); err != nil {
			err := e.Stop() // only then all that it said is there
			return nil, errors.Join(fmt.Errorf("the server did not start: %s", e.Log()), err)
		}
		return e, nil
	case <-time.After(patience):
		return nil, errors.Join(fmt.Errorf("the server is not ready after %v: %s", patience, e.Log()), e.Stop())
	}
}

// Stop asks the server to end with SIGTERM and waits until it has. It may be called again.
func (e *Env) Stop() error {
	e.once.Do(func() {
		if err := e.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			e.ended = err
		}
		select {
		case err := <-e.exited:
			e.ended = errors.Join(e.ended, err)
		case <-time.After(patience):
			e.ended = errors.Join(e.ended, errors.New("still running after SIGTERM"), e.cmd.Process.Kill())
		}
	})
	return e.ended
}

// Pid is the server's process.
func (e *Env) Pid() int { return e.cmd.Process.Pid }

// Log is what the server has written to stderr so far.
func (e *Env) Log() string { return e.stderr.String() }

// Run runs another command of the binary, such as "token", and gives what it printed.
func (e *Env) Run(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, e.binary, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(string(out)), err
}

// AgentToken is a fresh token of an agent of the demo site, made by `vitrine token agent`.
func (e *Env) AgentToken(t testing.TB, subject string) string {
	t.Helper()
	token, err := e.Run("token", "agent", "--data", e.Data, "--subject", subject, "--name", "Agent "+subject)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// Origin is what pages of the demo shop send as their origin.
func (e *Env) Origin() string { return e.Base }

// Audit is what the audit log holds so far, without what it says of itself.
func (e *Env) Audit(t testing.TB) []audit.Event {
	t.Helper()
	head, err := audit.ReadHead(e.Data)
	if err != nil {
		t.Fatal(err)
	}
	ctx := soonFor(t)
	kept, err := store.Open(ctx, e.Data, "")
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	for last := (store.Line{}); last.Seq < head.Number; last, err = kept.Last(ctx) {
		if errors.Is(err, store.ErrNone) {
			err = nil // not even the first is there yet
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	lines, err := kept.Lines(ctx, store.Query{})
	if err != nil {
		t.Fatal(err)
	}
	var events []audit.Event
	for _, line := range lines {
		var event audit.Event
		if err := json.Unmarshal(line.Text, &event); err != nil {
			t.Fatalf("audit line %d: %v", line.Seq, err)
		}
		if event.Name != audit.CheckpointName && !strings.HasPrefix(event.Name, "audit.") {
			events = append(events, event)
		}
	}
	return events
}

func soonFor(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// An output keeps what a process writes, for whoever asks while it runs.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write keeps b.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

// String is everything so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// Binary builds the server once in the life of the process and gives its path.
var Binary = sync.OnceValues(func() (string, error) {
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env: %w", err)
	}
	root := filepath.Dir(strings.TrimSpace(string(mod)))
	folder := filepath.Join(root, "bin")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	// Other test processes may be building it, or running it, at this moment.
	fresh := filepath.Join(folder, fmt.Sprintf("vitrine-test.%d", os.Getpid()))
	build := exec.Command("go", "build", "-trimpath", "-o", fresh, "./cmd/vitrine")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	binary := filepath.Join(folder, "vitrine-test")
	return binary, os.Rename(fresh, binary)
})
