// Package turn holds tests of the TURN server by programs that others wrote, and attacks on it through real sockets.
package turn

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"vitrine/test/turn/coturn"
)

// echoHost is a running ./echo.
type echoHost struct {
	UDP, TCP, TLS, Peer, User, Password string

	stdin io.Closer
	out   *bufio.Reader
	cmd   *exec.Cmd
}

// startEcho builds ./echo and starts it. tags are "uclient" for a guard that lets coturn's client do what it must do to
// run at all, or "" for the guard of the product.
func startEcho(t *testing.T, tags string) *echoHost {
	t.Helper()
	program := filepath.Join(t.TempDir(), "echo")
	if out, err := exec.Command("go", "build", "-tags", tags, "-o", program, "./echo").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	h := &echoHost{cmd: exec.Command(program)}
	var errs bytes.Buffer
	h.cmd.Stderr = &errs
	in, err := h.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = h.cmd.Wait() // a second Wait only says that it was waited for
	})
	h.stdin, h.out = in, bufio.NewReader(out)
	line, err := h.out.ReadBytes('\n')
	if err != nil || json.Unmarshal(line, h) != nil {
		t.Fatalf("echo says %q, %v\n%s", line, err, errs.String())
	}
	return h
}

// stop ends it and gives its counters.
func (h *echoHost) stop(t *testing.T) map[string]int {
	t.Helper()
	_ = h.stdin.Close()
	line, err := h.out.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	stats := map[string]int{}
	if err := json.Unmarshal(line, &stats); err != nil {
		t.Fatal(err)
	}
	return stats
}

func find(t *testing.T, program string) string {
	t.Helper()
	path, err := coturn.Find(program)
	if errors.Is(err, coturn.ErrMissing) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	return path
}

// run is how one run of coturn's client went.
type run struct {
	code           int
	sent, received int
	output         string
}

var sentLine = regexp.MustCompile(`tot_send_msgs=(\d+), tot_recv_msgs=(\d+)`)

// uclient runs coturn's client against the host: one client that sends five datagrams, or as the flags want it.
func (h *echoHost) uclient(flags ...string) (run, error) {
	program, err := coturn.Find(coturn.Client)
	if err != nil {
		return run{}, err
	}
	at := h.UDP
	switch {
	case slices.Contains(flags, "-S"):
		at = h.TLS
	case slices.Contains(flags, "-t"), slices.Contains(flags, "-T"):
		at = h.TCP
	}
	server, port, _ := net.SplitHostPort(at)
	peer, peerPort, _ := net.SplitHostPort(h.Peer)
	args := append([]string{"-u", h.User, "-w", h.Password, "-e", peer, "-r", peerPort, "-p", port}, flags...)
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, append(args, server)...)
	cmd.WaitDelay = time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	if ctx.Err() != nil {
		return run{}, fmt.Errorf("it hangs:\n%s", tail(out.String()))
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return run{}, err
	}
	r := run{code: cmd.ProcessState.ExitCode(), output: out.String()}
	if all := sentLine.FindAllStringSubmatch(r.output, -1); len(all) > 0 {
		r.sent, _ = strconv.Atoi(all[len(all)-1][1])
		r.received, _ = strconv.Atoi(all[len(all)-1][2])
	}
	return r, nil
}

// must runs coturn's client, or fails the test.
func (h *echoHost) must(t *testing.T, flags ...string) run {
	t.Helper()
	r, err := h.uclient(flags...)
	if err != nil {
		t.Fatalf("uclient %s: %v", strings.Join(flags, " "), err)
	}
	return r
}

func tail(s string) string { return s[max(0, len(s)-2000):] }

// coturn's client, in every way in which it must get all of its datagrams back. All run at once: mostly they wait. It gives
// up on what is late, as it may be on a busy machine, so who lacks something is run again alone. What the server itself
// lost it counts, and that must be nothing.
func TestUclientPasses(t *testing.T) {
	find(t, coturn.Client)
	h := startEcho(t, "uclient")
	var runs sync.WaitGroup
	again := make(chan string, 32)
	for _, flags := range []string{
		"-c", "-c -t", "-c -t -S", "-c -s", "-c -t -s", "-c -t -S -s", "-c -D", "-c -t -D",
		"-c -x", "-c -X", "-c -Z", "-c -B", "-c -M", "-c -t -M", "-c -m 10 -n 20",
	} {
		runs.Go(func() {
			r, err := h.uclient(strings.Fields(flags)...)
			switch {
			case err != nil:
				t.Errorf("%s: %v", flags, err)
			case r.code == 0 && r.sent > r.received:
				t.Logf("%s: %d of %d came back in time", flags, r.received, r.sent)
				again <- flags
			case r.code != 0 || r.sent == 0 || r.sent != r.received:
				t.Errorf("%s: exit code %d, %d of %d came back:\n%s", flags, r.code, r.received, r.sent, tail(r.output))
			default:
				t.Logf("%s: %d of %d came back", flags, r.received, r.sent)
			}
		})
	}
	runs.Wait()
	close(again)
	for flags := range again {
		if r := h.must(t, strings.Fields(flags)...); r.code != 0 || r.sent == 0 || r.sent != r.received {
			t.Errorf("%s, alone: exit code %d, %d of %d came back:\n%s", flags, r.code, r.received, r.sent, tail(r.output))
		}
	}
	stats := h.stop(t)
	if n := stats["disagreed"]; n != 0 {
		t.Errorf("guard and TURN server disagreed %d times", n)
	}
	for _, lost := range []string{"dropped_queue_up", "dropped_queue_down", "dropped_rate_session", "dropped_rate_total", "dropped_before_answer", "dropped_oversized", "dropped_other_peer"} {
		if stats[lost] != 0 {
			t.Errorf("%s: %d", lost, stats[lost])
		}
	}
	// A datagram that came up went down, unless the client had left before.
	if stats["packets_up"] == 0 || stats["packets_up"] != stats["packets_down"]+stats["dropped_no_relay"] {
		t.Errorf("%d datagrams came up, %d went down, %d found nobody", stats["packets_up"], stats["packets_down"], stats["dropped_no_relay"])
	}
}

// Without -c the client has a second allocation for RTCP, whose peer is the port above. What it sends there is lost in
// the hub, and nothing else is.
func TestUclientLosesTheOtherPort(t *testing.T) {
	find(t, coturn.Client)
	h := startEcho(t, "uclient")
	r := h.must(t)
	if r.code != 0 || r.sent != 10 || r.received != 5 {
		t.Errorf("exit code %d, %d of %d came back, want 5 of 10:\n%s", r.code, r.received, r.sent, tail(r.output))
	}
	if stats := h.stop(t); stats["dropped_other_peer"] != 5 || stats["packets_up"] != 5 {
		t.Errorf("%d datagrams for the other port, %d for the peer, want 5 and 5", stats["dropped_other_peer"], stats["packets_up"])
	}
}

// What the product does not offer is refused with the right code, by its own guard.
func TestUclientFails(t *testing.T) {
	find(t, coturn.Client)
	for _, tags := range []string{"", "uclient"} {
		h := startEcho(t, tags)
		for flags, want := range map[string]string{
			"-c -T": "error 442", // relays over TCP (RFC 6062)
			"-c -y": "error 403", // from client to client
			"-c -g": "error 420", // DONT-FRAGMENT
		} {
			t.Run(flags+" "+tags, func(t *testing.T) {
				r := run{code: 0}
				// In the product's build half of the Allocates fail earlier, because the client wants an even port every other time.
				for range 20 {
					if r = h.must(t, strings.Fields(flags)...); strings.Contains(r.output, want) {
						break
					}
				}
				if r.code == 0 || !strings.Contains(r.output, want) {
					t.Errorf("exit code %d, want %s:\n%s", r.code, want, tail(r.output))
				}
			})
		}
	}
}

// With the guard of the product the client cannot even name the port above its peer's.
func TestUclientMayNotNameTheOtherPort(t *testing.T) {
	find(t, coturn.Client)
	h := startEcho(t, "")
	r := run{}
	for range 20 {
		if r = h.must(t, "-c"); strings.Contains(r.output, "error 403") {
			break
		}
	}
	if r.code == 0 || !strings.Contains(r.output, "error 403") {
		t.Errorf("exit code %d:\n%s", r.code, tail(r.output))
	}
	if stats := h.stop(t); stats["packets_up"]+stats["dropped_other_peer"] != 0 {
		t.Errorf("%v", stats)
	}
}
