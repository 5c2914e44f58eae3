//go:build linux

package audit

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"vitrine/internal/store"
)

// On a disk that is really full nothing is lost: what was appended waits, and is there once there is room.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skip("a small disk needs the right to mount one: ", err)
	}
	defer func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	}()
	kept, err := store.Open(context.Background(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	log, err := Open(context.Background(), kept, key, dir)
	if err != nil {
		t.Fatal(err)
	}
	ballast := filepath.Join(dir, "ballast")
	if err := fill(ballast); err != nil {
		t.Fatal(err)
	}
	for i := 0; log.Err() == nil; i++ {
		if i > 20_000 {
			t.Fatal("a full disk takes everything")
		}
		appended(t, log, Event{Name: "login"})
		if i%1000 == 999 {
			_ = log.Sync() // it may fail by now
		}
	}
	number := log.Head().Number
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); log.Err() != nil && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	closed(t, log)
	if report := verified(texts(t, kept)); report.Problem != "" || report.Lines < number {
		t.Errorf("%d lines were appended: %+v", number, report)
	}
	if err := kept.Close(); err != nil {
		t.Fatal(err)
	}
}

// fill writes a file until the disk is full.
func fill(name string) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	for err == nil {
		_, err = file.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		return err
	}
	return file.Close()
}
