// Package coturn finds the programs of coturn, another TURN server: its client is an acceptance test of ours, and its
// server is what ours is measured against.
package coturn

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// Names of the programs.
const (
	Server = "turnserver"
	Client = "turnutils_uclient"
	Stun   = "turnutils_stunclient"
)

// ErrMissing says that coturn is not here and cannot be had.
var ErrMissing = errors.New(`coturn is not installed: install the package "coturn" (as root on Debian: apt-get install coturn) to run this`)

var install = sync.OnceValue(func() error {
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		return ErrMissing
	}
	// Tests of several packages run at once, and apt takes one at a time: it waits for its lock.
	for _, args := range [][]string{
		{"update", "-q"},
		{"install", "-q", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120", "coturn"},
	} {
		if err := quietly("apt-get", args...); err != nil {
			return fmt.Errorf("%w; apt-get %s: %w", ErrMissing, args[0], err)
		}
	}
	// The package starts a server of its own, which nobody asked for. Where there is no service manager it did not.
	_ = quietly("service", "coturn", "stop")
	return nil
})

func quietly(program string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	out, err := cmd.CombinedOutput()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return fmt.Errorf("%w: %s", err, lines[len(lines)-1])
	}
	return nil
}

// Find gives the path of one of coturn's programs. When it is missing and this process may do so, it is installed with
// the system's package manager; else the error is ErrMissing.
func Find(program string) (string, error) {
	if path, err := exec.LookPath(program); err == nil {
		return path, nil
	}
	if err := install(); err != nil {
		return "", err
	}
	return exec.LookPath(program)
}
