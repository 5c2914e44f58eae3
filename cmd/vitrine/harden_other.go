//go:build !linux

package main

import "log/slog"

// harden can switch core dumps off on Linux only.
func harden(logger *slog.Logger) error {
	logger.Warn("core dumps are not switched off on this system: a crash may write customers' pages to disk")
	return nil
}
