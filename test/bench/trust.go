package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"os"
	"time"

	"filippo.io/age"

	"vitrine/internal/audit"
	"vitrine/internal/seal"
	"vitrine/internal/store"
)

// auditEvents is how many events one sample of the audit log has.
const auditEvents = 20_000

// trust measures what is written down and decided.
func trust(b *bench) error {
	rates, err := interleave(auditRate(auditEvents), bareRate(auditEvents))
	if err != nil {
		return err
	}
	if err := rights(b); err != nil {
		return err
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return err
	}
	to := []age.Recipient{identity.Recipient()}
	seals, err := interleave(sealRate(to), ageRate(to))
	if err != nil {
		return err
	}
	return b.printAll(
		measured("trust.seal", seals[0], "MiB/s").versus("limit 300 MiB/s", 300).atLeast(1),
		measured("trust.seal", seals[0], "MiB/s").versus("age's own writer", seals[1]),
		measured("trust.audit.append", rates[0], "events/s").versus("limit 10000 events/s", 10_000).atLeast(1),
		measured("trust.audit.append", rates[0], "events/s").versus("the store alone, 256 lines a commit", rates[1]),
	)
}

// sealed is how many segments of the largest size one sample seals.
const sealed = 256

// sealRate seals segments of a recording, as a server does but for the disk.
func sealRate(to []age.Recipient) func() (float64, error) {
	return perMiB(func(plain []byte) error {
		_, err := seal.Seal(plain, to)
		return err
	})
}

// ageRate is the floor: the same by age alone, whose buffers nobody overwrites.
func ageRate(to []age.Recipient) func() (float64, error) {
	return perMiB(func(plain []byte) error {
		w, err := age.Encrypt(&bytes.Buffer{}, to...)
		if err != nil {
			return err
		}
		_, err = w.Write(plain)
		return errors.Join(err, w.Close())
	})
}

func perMiB(do func(plain []byte) error) func() (float64, error) {
	return func() (float64, error) {
		plain := make([]byte, seal.MaxSegment)
		begun := time.Now()
		for range sealed {
			if err := do(plain); err != nil {
				return 0, err
			}
		}
		return sealed * seal.MaxSegment / float64(1<<20) / time.Since(begun).Seconds(), nil
	}
}

// auditRate appends events as sessions do and waits until all of them are on the disk.
func auditRate(n int) func() (float64, error) {
	return func() (float64, error) {
		return timed(n, func(dir string, kept store.Store) error {
			_, key, err := ed25519.GenerateKey(nil)
			if err != nil {
				return err
			}
			log, err := audit.Open(context.Background(), kept, key, dir)
			if err != nil {
				return err
			}
			for i := range n {
				e := audit.Event{Name: "consent.granted", Session: "kQ2fJx0yR8m1Zb7cVt5uWg", Role: "customer", Scope: "view,point", Outcome: "allowed", Count: i}
				if err := log.Append(e); err != nil {
					return errors.Join(err, log.Close())
				}
			}
			return log.Close()
		})
	}
}

// bareRate is the floor: lines of the same size, without chain and signature.
func bareRate(n int) func() (float64, error) {
	return func() (float64, error) {
		return timed(n, func(_ string, kept store.Store) error {
			const batch = 256
			text := make([]byte, 260)
			for seq := 1; seq <= n; {
				lines := make([]store.Line, 0, batch)
				for ; len(lines) < batch && seq <= n; seq++ {
					lines = append(lines, store.Line{Seq: uint64(seq), At: time.Now(), Event: "consent.granted", Session: "kQ2fJx0yR8m1Zb7cVt5uWg", Text: text})
				}
				if err := kept.Append(context.Background(), lines); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// timed gives how many a second a piece of work on a fresh store handles.
func timed(n int, do func(dir string, kept store.Store) error) (float64, error) {
	dir, err := os.MkdirTemp("", "vitrine-bench")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	kept, err := store.Open(context.Background(), dir, "")
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	err = do(dir, kept)
	took := time.Since(begin)
	return float64(n) / took.Seconds(), errors.Join(err, kept.Close())
}
