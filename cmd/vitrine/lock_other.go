//go:build !linux

package main

import "log/slog"

// lockData can keep a second server out on Linux only.
func lockData(_ string, logger *slog.Logger) (release func() error, err error) {
	logger.Warn("the data directory is not locked on this system: make sure that no other server uses it")
	return func() error { return nil }, nil
}
