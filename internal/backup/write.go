package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"vitrine/internal/store"
)

// A writer writes the parts of a backup.
type writer struct {
	tar  *tar.Writer
	hash hash.Hash // over names and contents, all parts but the last
	sum  Summary
	part bytes.Buffer // of the store
	n    int          // parts of the store so far
}

func newWriter(to io.Writer) *writer { return &writer{tar: tar.NewWriter(to), hash: sha256.New()} }

// entry writes one part.
func (w *writer) entry(name string, size int64, content io.Reader) error {
	if err := w.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size, ModTime: w.sum.At, Format: tar.FormatPAX}); err != nil {
		return err
	}
	fmt.Fprintf(w.hash, "%d %s\n", size, name)
	_, err := io.CopyN(io.MultiWriter(w.tar, w.hash), content, size)
	return err
}

func (w *writer) json(name string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return w.entry(name, int64(len(text)), bytes.NewReader(text))
}

// store writes what a store holds.
func (w *writer) store(ctx context.Context, kept store.Store) error {
	err := kept.Dump(ctx,
		func(l store.Line) error { w.sum.Lines++; return w.item(item{Line: &l}) },
		func(r store.Record) error { w.sum.Records++; return w.item(item{Record: &r}) })
	if err != nil {
		return err
	}
	return w.flush()
}

func (w *writer) item(i item) error {
	text, err := json.Marshal(i)
	if err != nil {
		return err
	}
	w.part.Write(append(text, '\n'))
	if w.part.Len() < chunk {
		return nil
	}
	return w.flush()
}

func (w *writer) flush() error {
	if w.part.Len() == 0 {
		return nil
	}
	w.n++
	err := w.entry(fmt.Sprintf("%s%06d.jsonl", storePrefix, w.n), int64(w.part.Len()), &w.part)
	w.part.Reset()
	return err
}

// files writes the files of a data directory.
func (w *writer) files(ctx context.Context, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		if leftOut(path) || !entry.Type().IsRegular() {
			return nil
		}
		file, err := root.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		info, err := file.Stat()
		if err != nil {
			return err
		}
		w.sum.Files++
		w.sum.Bytes += info.Size()
		return w.entry(filePrefix+filepath.ToSlash(path), info.Size(), file)
	})
}
