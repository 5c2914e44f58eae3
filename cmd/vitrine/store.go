package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vitrine/internal/audit"
	"vitrine/internal/store"
)

// storeConfig says where the audit log is kept, and whatever else outlives a session.
type storeConfig struct {
	PostgresFile string `yaml:"postgres_file"`
}

// openWithin bounds how long opening a store may take; a long SQLite file is checked whole.
const openWithin = time.Minute

// open opens the store of a data directory.
func (c storeConfig) open(ctx context.Context, data string) (store.Store, error) {
	ctx, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	var address string
	if c.PostgresFile != "" {
		var err error
		if address, err = secretFile("store.postgres_file", c.PostgresFile); err != nil {
			return nil, err
		}
	}
	return store.Open(ctx, data, address)
}

// secretFile reads a file that holds one secret; key is the setting that names it.
func secretFile(key, name string) (string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	if info.Mode().Perm()&0o007 != 0 {
		return "", fmt.Errorf("%s: everybody on this machine may read it: chmod 600", key)
	}
	secret, err := os.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	return strings.TrimSpace(string(secret)), nil
}

// storeFlags name a store on the command line.
type storeFlags struct{ config, data string }

func (f *storeFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.config, "config", "", "configuration file of the server")
	cmd.Flags().StringVar(&f.data, "data", "", "data directory of the server, where there is no configuration file")
}

// read gives the data directory, and where its store is.
func (f *storeFlags) read() (data string, where storeConfig, err error) {
	c := defaults()
	if f.config != "" {
		if err := load(f.config, &c); err != nil {
			return "", c.Store, err
		}
	}
	if f.data != "" {
		c.Data = f.data
	}
	data, err = dataOf(c.Data)
	return data, c.Store, err
}

// with opens the store for a command. One that is not there is not made.
func (f *storeFlags) with(cmd *cobra.Command, do func(dir string, kept store.Store) error) error {
	dir, where, err := f.read()
	if err != nil {
		return err
	}
	if where.PostgresFile == "" {
		if _, err := os.Stat(filepath.Join(dir, store.FileName)); err != nil {
			return fmt.Errorf("%w: start `vitrine serve` with this data directory once, or name the right one", err)
		}
	}
	kept, err := where.open(cmd.Context(), dir)
	if err != nil {
		return err
	}
	return errors.Join(do(dir, kept), kept.Close())
}

// openTrail opens the store and the audit log in it.
func (h *host) openTrail() (store.Store, *audit.Log, error) {
	kept, err := h.config.Store.open(context.Background(), h.config.Data)
	if err != nil {
		return nil, nil, err
	}
	h.closing(kept.Close)
	key, err := audit.OpenOrCreateKey(h.config.Data)
	if err != nil {
		return nil, nil, err
	}
	trail, err := audit.Open(context.Background(), kept, key, h.config.Data)
	if err != nil {
		return nil, nil, err
	}
	h.closing(trail.Close)
	return kept, trail, nil
}
