package main

import (
	"fmt"
	"log/slog"

	"golang.org/x/sys/unix"
)

// harden keeps what the process holds of customers' pages out of core dumps, and other processes of the same user from
// reading it (prctl(2), PR_SET_DUMPABLE).
func harden(*slog.Logger) error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("cannot switch core dumps off: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("cannot make the process undumpable: %w", err)
	}
	return nil
}
