// Package backup writes everything that a server keeps into one file that only the holder of an age identity can open, and
// writes it back on an empty machine. Sealed recordings stay sealed in it; of pages there is nothing else.
//
// Inside is a tar archive, compressed: a manifest, the store as lines of JSON, the files of the data directory, and a sum.
package backup

import (
	"compress/gzip"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"

	"vitrine/internal/audit"
	"vitrine/internal/store"
)

const (
	format       = 1
	manifestName = "manifest.json"
	storePrefix  = "store/" // and a number
	filePrefix   = "data/"
	sumName      = "sum.json"
	chunk        = 4 << 20 // bytes of one part of the store
	maxPart      = 64 << 20
)

// Summary says what a backup holds.
type Summary struct {
	Format  int       `json:"format"`
	At      time.Time `json:"at"`
	Lines   int       `json:"lines"`
	Records int       `json:"records"`
	Files   int       `json:"files"`
	Bytes   int64     `json:"bytes"` // of the files
	SHA256  string    `json:"sha256,omitempty"`
}

// An item is one line of a part of the store.
type item struct {
	Line   *store.Line   `json:"line,omitempty"`
	Record *store.Record `json:"record,omitempty"`
}

// leftOut says whether a file of a data directory is one that a server makes anew, or whose content is elsewhere here.
func leftOut(path string) bool {
	base := filepath.Base(path)
	return path == "lock" || path == audit.HeadName || strings.HasPrefix(path, store.FileName) ||
		strings.HasSuffix(base, ".new") || strings.HasSuffix(base, ".tmp")
}

// Write writes a backup of a store and a data directory for the holders of some identities. The server may go on meanwhile:
// the store is read as it stood at one moment, and files are only ever added whole.
func Write(ctx context.Context, out io.Writer, kept store.Store, dir string, to ...age.Recipient) (Summary, error) {
	sealed, err := age.Encrypt(out, to...)
	if err != nil {
		return Summary{}, fmt.Errorf("backup: %w", err)
	}
	packed := gzip.NewWriter(sealed)
	w := newWriter(packed)
	w.sum.Format, w.sum.At = format, time.Now().UTC().Truncate(time.Second)
	err = w.json(manifestName, w.sum)
	if err == nil {
		err = w.store(ctx, kept)
	}
	if err == nil {
		err = w.files(ctx, dir)
	}
	if err == nil {
		w.sum.SHA256 = hex.EncodeToString(w.hash.Sum(nil))
		err = w.json(sumName, w.sum)
	}
	// A file that was not closed does not open: what failed is not taken for a backup.
	if err == nil {
		err = errors.Join(w.tar.Close(), packed.Close(), sealed.Close())
	}
	if err != nil {
		return Summary{}, fmt.Errorf("backup: %w", err)
	}
	return w.sum, nil
}
