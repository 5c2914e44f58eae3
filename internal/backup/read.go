package backup

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"

	"vitrine/internal/store"
)

// Errors that callers tell apart.
var (
	ErrIdentity = errors.New("backup: this identity does not open it: use the one whose recipient the backup was made for")
	ErrBroken   = errors.New("backup: the file is cut or was changed: use another copy")
	ErrNewer    = errors.New("backup: a newer version of Vitrine made it: run that version")
	ErrHeld     = errors.New("backup: the data directory is not empty: restore into a new one")
)

// A reader reads the parts of a backup.
type reader struct {
	tar  *tar.Reader
	hash hash.Hash
	sum  Summary
	end  bool // the sum was read and is right
}

func newReader(from io.Reader, by []age.Identity) (*reader, error) {
	opened, err := age.Decrypt(from, by...)
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return nil, ErrIdentity
	}
	if err != nil {
		return nil, ErrBroken
	}
	packed, err := gzip.NewReader(opened)
	if err != nil {
		return nil, ErrBroken
	}
	r := &reader{tar: tar.NewReader(packed), hash: sha256.New()}
	name, content, err := r.next()
	if err != nil || name != manifestName {
		return nil, errors.Join(err, ErrBroken)
	}
	var manifest Summary
	if err := json.NewDecoder(content).Decode(&manifest); err != nil {
		return nil, ErrBroken
	}
	if manifest.Format > format {
		return nil, ErrNewer
	}
	r.sum.Format, r.sum.At = manifest.Format, manifest.At
	return r, r.drain(content)
}

// drain reads what nobody needed: it counts into the sum.
func (r *reader) drain(content io.Reader) error {
	if _, err := io.Copy(io.Discard, content); err != nil {
		return ErrBroken
	}
	return nil
}

// next gives the next part; io.EOF after the sum.
func (r *reader) next() (string, io.Reader, error) {
	header, err := r.tar.Next()
	if errors.Is(err, io.EOF) && r.end {
		return "", nil, io.EOF
	}
	if err != nil || r.end || header.Typeflag != tar.TypeReg {
		return "", nil, ErrBroken
	}
	if header.Name == sumName {
		return "", nil, r.finish()
	}
	fmt.Fprintf(r.hash, "%d %s\n", header.Size, header.Name)
	return header.Name, io.TeeReader(r.tar, r.hash), nil
}

// finish holds what was read against the sum.
func (r *reader) finish() error {
	var sum Summary
	if err := json.NewDecoder(r.tar).Decode(&sum); err != nil {
		return ErrBroken
	}
	r.sum.SHA256 = hex.EncodeToString(r.hash.Sum(nil))
	if sum != r.sum {
		return ErrBroken
	}
	r.end = true
	_, _, err := r.next()
	return err
}

// each hands over all parts, and gives what they are together.
func (r *reader) each(take func(name string, content io.Reader) error) (Summary, error) {
	for {
		name, content, err := r.next()
		if errors.Is(err, io.EOF) {
			return r.sum, nil
		}
		if err == nil {
			err = take(name, content)
		}
		if err == nil {
			err = r.drain(content)
		}
		if err != nil {
			return Summary{}, err
		}
	}
}

// items hands over what a part of the store holds.
func (r *reader) items(content io.Reader, take func(item) error) error {
	lines := bufio.NewScanner(content)
	lines.Buffer(nil, maxPart)
	for lines.Scan() {
		var i item
		decoder := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&i); err != nil || (i.Line == nil) == (i.Record == nil) {
			return ErrBroken
		}
		if i.Line != nil {
			r.sum.Lines++
		} else {
			r.sum.Records++
		}
		if err := take(i); err != nil {
			return err
		}
	}
	if lines.Err() != nil {
		return ErrBroken
	}
	return nil
}

// Verify reads a backup to its end.
func Verify(from io.Reader, by ...age.Identity) (Summary, error) {
	r, err := newReader(from, by)
	if err != nil {
		return Summary{}, err
	}
	return r.each(func(name string, content io.Reader) error {
		if strings.HasPrefix(name, storePrefix) {
			return r.items(content, func(item) error { return nil })
		}
		n, err := io.Copy(io.Discard, content)
		r.sum.Files++
		r.sum.Bytes += n
		return err
	})
}

// Restore writes a backup into an empty data directory and an empty store. The backup should have been verified: what is
// found to be wrong late leaves files behind, and nothing in the store.
func Restore(ctx context.Context, from io.Reader, kept store.Store, dir string, by ...age.Identity) (Summary, error) {
	r, err := newReader(from, by)
	if err != nil {
		return Summary{}, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Summary{}, fmt.Errorf("backup: %w", err)
	}
	defer root.Close()
	items, done := make(chan item), make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { done <- kept.Restore(ctx, feed(ctx, items)) }()
	sum, err := r.each(func(name string, content io.Reader) error {
		if strings.HasPrefix(name, storePrefix) {
			return r.items(content, func(i item) error {
				select {
				case items <- i:
					return nil
				case err := <-done:
					done <- err
					return err
				}
			})
		}
		n, err := r.file(root, name, content)
		r.sum.Files++
		r.sum.Bytes += n
		return err
	})
	if err != nil {
		cancel()
		return Summary{}, errors.Join(err, ignoreCancelled(<-done))
	}
	close(items)
	return sum, <-done
}

func ignoreCancelled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// feed gives a store one item after the other.
func feed(ctx context.Context, items <-chan item) func() (*store.Line, *store.Record, error) {
	return func() (*store.Line, *store.Record, error) {
		select {
		case i := <-items: // nothing once it is closed
			return i.Line, i.Record, nil
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}

// file writes one file of the data directory. The root keeps names within it.
func (r *reader) file(root *os.Root, name string, content io.Reader) (int64, error) {
	path, ok := strings.CutPrefix(name, filePrefix)
	if !ok || leftOut(path) || !filepath.IsLocal(path) {
		return 0, ErrBroken
	}
	if err := root.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	file, err := root.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return 0, ErrHeld
	}
	if err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	n, err := io.Copy(file, content)
	return n, errors.Join(err, file.Sync(), file.Close())
}
