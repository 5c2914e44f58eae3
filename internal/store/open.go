package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"
	_ "modernc.org/sqlite"             // registers the driver "sqlite"
)

// FileName is the name of the SQLite file inside a data directory.
const FileName = "vitrine.db"

// Open opens the store of a server: a file in the data directory, or the PostgreSQL database that address names, a URL such
// as postgres://vitrine@db.example/vitrine?sslmode=verify-full. A store that is not there yet is made.
func Open(ctx context.Context, dir, address string) (Store, error) {
	if address != "" {
		return openPostgres(ctx, address)
	}
	return openSQLite(ctx, filepath.Join(dir, FileName))
}

// openSQLite opens a file. WAL lets readers go on beside the writer, FULL brings every commit to the disk, secure_delete
// overwrites what is deleted.
func openSQLite(ctx context.Context, path string) (Store, error) {
	// The driver would make the file readable for all whom the umask lets.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("store: %w: the data directory must be writable", err)
	}
	if err := file.Close(); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	options := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "secure_delete(ON)", "foreign_keys(ON)", "trusted_schema(OFF)",
	}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: options.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	db.SetMaxOpenConns(4)
	var verdict string
	err = db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict)
	if err != nil || verdict != "ok" {
		return nil, errors.Join(damaged(err), db.Close())
	}
	return prepare(ctx, &database{db: db, text: "TEXT", blob: "BLOB", number: "INTEGER"})
}

// damaged tells a file that is no database, or a broken one, from one that cannot be read just now.
func damaged(err error) error {
	if err == nil || strings.Contains(err.Error(), "not a database") || strings.Contains(err.Error(), "malformed") || strings.Contains(err.Error(), "corrupt") {
		return ErrCorrupt
	}
	return fmt.Errorf("store: %w", err)
}

func openPostgres(ctx context.Context, address string) (Store, error) {
	db, err := sql.Open("pgx", address)
	if err != nil {
		return nil, errors.New("store: the address of the database must be a URL such as postgres://user@host/name?sslmode=verify-full")
	}
	db.SetMaxOpenConns(8)
	db.SetConnMaxIdleTime(time.Minute)
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("store: the database does not answer: %w", err), db.Close())
	}
	return prepare(ctx, &database{db: db, text: `TEXT COLLATE "C"`, blob: "BYTEA", number: "BIGINT", numbered: true})
}

// schemaVersion is raised with every change of the tables; steps in prepare bring an older store up to it.
const schemaVersion = 1

// prepare makes the tables when they are not there.
func prepare(ctx context.Context, d *database) (Store, error) {
	tables := []string{
		`CREATE TABLE IF NOT EXISTS vitrine_schema (version ` + d.number + ` NOT NULL)`,
		`CREATE TABLE IF NOT EXISTS vitrine_line (seq ` + d.number + ` PRIMARY KEY, at ` + d.number + ` NOT NULL, event ` + d.text + ` NOT NULL,
			session ` + d.text + ` NOT NULL, site ` + d.text + ` NOT NULL, subject ` + d.text + ` NOT NULL, body ` + d.blob + ` NOT NULL)`,
		`CREATE INDEX IF NOT EXISTS vitrine_line_session ON vitrine_line (session, seq)`,
		`CREATE INDEX IF NOT EXISTS vitrine_line_at ON vitrine_line (at)`,
		`CREATE TABLE IF NOT EXISTS vitrine_record (kind ` + d.text + ` NOT NULL, key ` + d.text + ` NOT NULL, session ` + d.text + ` NOT NULL,
			site ` + d.text + ` NOT NULL, subject ` + d.text + ` NOT NULL, at ` + d.number + ` NOT NULL, version ` + d.number + ` NOT NULL, value ` + d.blob + ` NOT NULL, PRIMARY KEY (kind, key))`,
		`CREATE INDEX IF NOT EXISTS vitrine_record_session ON vitrine_record (kind, session)`,
		`CREATE INDEX IF NOT EXISTS vitrine_record_subject ON vitrine_record (kind, subject)`,
	}
	err := d.write(ctx, func(tx *sql.Tx) error {
		for _, statement := range tables {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("store: %w", err)
			}
		}
		var version int64
		switch err := tx.QueryRowContext(ctx, `SELECT version FROM vitrine_schema`).Scan(&version); {
		case errors.Is(err, sql.ErrNoRows):
			_, err = tx.ExecContext(ctx, d.bind(`INSERT INTO vitrine_schema (version) VALUES (?)`), schemaVersion)
			return err
		case err != nil:
			return fmt.Errorf("store: %w", err)
		case version > schemaVersion:
			return ErrNewer
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, d.db.Close())
	}
	return d, nil
}
