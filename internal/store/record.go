package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

const recordColumns = `kind, key, session, site, subject, at, version, value`

func (d *database) Put(ctx context.Context, r Record) (version int64, err error) {
	if r.Kind == "" || r.Key == "" || len(r.Value) > MaxValue {
		return 0, fmt.Errorf("store: a record needs a kind, a key and a value of at most %d bytes", MaxValue)
	}
	err = d.write(ctx, func(tx *sql.Tx) error {
		var old int64 // 0 when there is none
		err := tx.QueryRowContext(ctx, d.bind(`SELECT version FROM vitrine_record WHERE kind = ? AND key = ?`), r.Kind, r.Key).Scan(&old)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("store: %w", err)
		}
		if r.Version != AnyVersion && r.Version != old {
			return ErrConflict
		}
		if _, err := tx.ExecContext(ctx, d.bind(`DELETE FROM vitrine_record WHERE kind = ? AND key = ?`), r.Kind, r.Key); err != nil {
			return fmt.Errorf("store: %w", err)
		}
		version, r.Version = old+1, old+1
		return d.insertRecord(ctx, tx, r)
	})
	return version, err
}

func (d *database) insertRecord(ctx context.Context, tx *sql.Tx, r Record) error {
	value := r.Value
	if value == nil {
		value = []byte{}
	}
	_, err := tx.ExecContext(ctx, d.bind(`INSERT INTO vitrine_record (`+recordColumns+`) VALUES (?,?,?,?,?,?,?,?)`),
		r.Kind, r.Key, r.Session, r.Site, r.Subject, r.At.UnixMicro(), r.Version, value)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

func (d *database) Get(ctx context.Context, kind, key string) (Record, error) {
	records, err := d.records(ctx, `SELECT `+recordColumns+` FROM vitrine_record WHERE kind = ? AND key = ?`, kind, key)
	if err != nil || len(records) == 0 {
		return Record{}, errors.Join(err, none(len(records)))
	}
	return records[0], nil
}

// clause is what a filter says, without its limit.
func (f Filter) clause() clause {
	var c clause
	c.and(`kind = ?`, f.Kind)
	if f.After != "" {
		c.and(`key > ?`, f.After)
	}
	c.begins(`key`, f.Prefix)
	c.is(`session`, f.Session)
	c.is(`site`, f.Site)
	c.is(`subject`, f.Subject)
	if !f.Before.IsZero() {
		c.and(`at < ?`, f.Before.UnixMicro())
	}
	return c
}

func (d *database) List(ctx context.Context, f Filter) ([]Record, error) {
	c := f.clause()
	return d.records(ctx, `SELECT `+recordColumns+` FROM vitrine_record`+c.String()+` ORDER BY key`+limit(f.Limit), c.args...)
}

func (d *database) Delete(ctx context.Context, f Filter) (n int, err error) {
	c := f.clause()
	err = d.write(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, d.bind(`DELETE FROM vitrine_record`+c.String()), c.args...)
		if err != nil {
			return fmt.Errorf("store: %w", err)
		}
		gone, err := result.RowsAffected()
		n = int(gone)
		return err
	})
	return n, err
}

func (d *database) records(ctx context.Context, query string, args ...any) (records []Record, err error) {
	rows, err := d.db.QueryContext(ctx, d.bind(query), args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close(), rows.Err()) }()
	for rows.Next() {
		record, err := scanRecord(rows)
		if err != nil {
			return nil, err
		}
		records = append(records, record)
	}
	return records, nil
}

func scanRecord(rows *sql.Rows) (Record, error) {
	var r Record
	var at int64
	if err := rows.Scan(&r.Kind, &r.Key, &r.Session, &r.Site, &r.Subject, &at, &r.Version, &r.Value); err != nil {
		return r, fmt.Errorf("store: %w", err)
	}
	r.At, r.Value = time.UnixMicro(at).UTC(), bytes.Clone(r.Value)
	return r, nil
}

// Dump reads within one transaction, so it sees one moment, whatever is written meanwhile.
func (d *database) Dump(ctx context.Context, line func(Line) error, record func(Record) error) error {
	tx, err := d.db.BeginTx(ctx, d.reading())
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	err = each(ctx, tx, `SELECT `+lineColumns+` FROM vitrine_line ORDER BY seq`, scanLine, line)
	if err == nil {
		err = each(ctx, tx, `SELECT `+recordColumns+` FROM vitrine_record ORDER BY kind, key`, scanRecord, record)
	}
	return errors.Join(err, tx.Rollback())
}

func each[T any](ctx context.Context, tx *sql.Tx, query string, scan func(*sql.Rows) (T, error), give func(T) error) (err error) {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close(), rows.Err()) }()
	for rows.Next() {
		item, err := scan(rows)
		if err != nil {
			return err
		}
		if err := give(item); err != nil {
			return err
		}
	}
	return nil
}

// Restore writes everything in one transaction: it is there whole or not at all.
func (d *database) Restore(ctx context.Context, next func() (*Line, *Record, error)) error {
	return d.write(ctx, func(tx *sql.Tx) error {
		var held int64
		query := `SELECT (SELECT COUNT(*) FROM vitrine_line) + (SELECT COUNT(*) FROM vitrine_record)`
		if err := tx.QueryRowContext(ctx, query).Scan(&held); err != nil {
			return fmt.Errorf("store: %w", err)
		}
		if held > 0 {
			return ErrHeld
		}
		for seq := uint64(1); ; {
			line, record, err := next()
			switch {
			case err != nil:
				return err
			case line != nil && line.Seq != seq:
				return ErrGap
			case line != nil:
				seq++
				err = d.insertLines(ctx, tx, []Line{*line})
			case record != nil:
				err = d.insertRecord(ctx, tx, *record)
			default:
				return nil
			}
			if err != nil {
				return err
			}
		}
	})
}
