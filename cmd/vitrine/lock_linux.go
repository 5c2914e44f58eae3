package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// lockFile is held while a server uses the data directory. It stays behind, empty: removing it would let a third server
// lock a new file while a second one waits for the old.
const lockFile = "lock"

// lockData keeps a second server out of a data directory: each would remember on its own which tokens were used, so that
// a token would be good once at each. The kernel lets go of the lock when the process ends, however it ends (flock(2)).
func lockData(dir string, _ *slog.Logger) (release func() error, err error) {
	file, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		return file.Close, nil
	}
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = fmt.Errorf("another server uses this data directory: %s: stop that one, or choose another directory with --data", dir)
	} else {
		err = fmt.Errorf("data directory %s cannot be locked: %w", dir, err)
	}
	return nil, errors.Join(err, file.Close())
}
