package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A database is a Store in SQL. The two dialects differ in the names of types and in how parameters are marked.
type database struct {
	db       *sql.DB
	text     string // the type of texts, in the order of their bytes
	blob     string // the type of bytes
	number   string // the type of 64-bit integers
	numbered bool   // parameters are $1, $2, … and not ?

	writer sync.Mutex // SQLite has one writer; the queue is here and not in its busy handler
}

func (d *database) Close() error { return d.db.Close() }

// bind marks parameters as the dialect wants.
func (d *database) bind(query string) string {
	if !d.numbered {
		return query
	}
	var out strings.Builder
	n := 0
	for _, r := range query {
		if r == '?' {
			n++
			out.WriteString("$" + strconv.Itoa(n))
			continue
		}
		out.WriteRune(r)
	}
	return out.String()
}

// reading are the options of a transaction that must see one moment. SQLite's always do, and with immediate locks a reader
// would wait for writers unless it says that it only reads.
func (d *database) reading() *sql.TxOptions {
	if d.numbered {
		return &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	return &sql.TxOptions{ReadOnly: true}
}

// write runs a transaction.
func (d *database) write(ctx context.Context, do func(*sql.Tx) error) error {
	d.writer.Lock()
	defer d.writer.Unlock()
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

const lineColumns = `seq, at, event, session, site, subject, body`

// linesAtOnce is how many rows one statement inserts: SQLite takes 32,766 parameters.
const linesAtOnce = 256

func (d *database) Append(ctx context.Context, lines []Line) error {
	if len(lines) == 0 {
		return nil
	}
	return d.write(ctx, func(tx *sql.Tx) error {
		var last sql.NullInt64
		if err := tx.QueryRowContext(ctx, `SELECT MAX(seq) FROM vitrine_line`).Scan(&last); err != nil {
			return fmt.Errorf("store: %w", err)
		}
		for i, line := range lines {
			if line.Seq != uint64(last.Int64)+uint64(i)+1 {
				return ErrGap
			}
		}
		return d.insertLines(ctx, tx, lines)
	})
}

func (d *database) insertLines(ctx context.Context, tx *sql.Tx, lines []Line) error {
	for len(lines) > 0 {
		part := lines[:min(len(lines), linesAtOnce)]
		lines = lines[len(part):]
		args := make([]any, 0, 7*len(part))
		for _, l := range part {
			args = append(args, int64(l.Seq), l.At.UnixMicro(), l.Event, l.Session, l.Site, l.Subject, l.Text)
		}
		rows := strings.TrimSuffix(strings.Repeat("(?,?,?,?,?,?,?),", len(part)), ",")
		if _, err := tx.ExecContext(ctx, d.bind(`INSERT INTO vitrine_line (`+lineColumns+`) VALUES `+rows), args...); err != nil {
			return fmt.Errorf("store: %w", err)
		}
	}
	return nil
}

func (d *database) Last(ctx context.Context) (Line, error) {
	lines, err := d.lines(ctx, `SELECT `+lineColumns+` FROM vitrine_line ORDER BY seq DESC LIMIT 1`)
	if err != nil || len(lines) == 0 {
		return Line{}, errors.Join(err, none(len(lines)))
	}
	return lines[0], nil
}

func none(found int) error {
	if found == 0 {
		return ErrNone
	}
	return nil
}

// A clause collects conditions and their parameters.
type clause struct {
	where []string
	args  []any
}

func (c *clause) and(condition string, args ...any) {
	c.where = append(c.where, condition)
	c.args = append(c.args, args...)
}

func (c *clause) is(column, value string) {
	if value != "" {
		c.and(column+` = ?`, value)
	}
}

// begins keeps what begins with a prefix, by a range, so that % and _ mean themselves.
func (c *clause) begins(column, prefix string) {
	if prefix == "" {
		return
	}
	c.and(column+` >= ?`, prefix)
	c.and(column+` < ?`, prefix+"\U0010FFFF")
}

func (c *clause) String() string {
	if len(c.where) == 0 {
		return ""
	}
	return ` WHERE ` + strings.Join(c.where, ` AND `)
}

func limit(n int) string {
	if n <= 0 || n > MaxLimit {
		n = MaxLimit
	}
	return ` LIMIT ` + strconv.Itoa(n)
}

func (d *database) Lines(ctx context.Context, q Query) ([]Line, error) {
	var c clause
	if q.After > 0 {
		c.and(`seq > ?`, int64(q.After))
	}
	if strings.HasSuffix(q.Event, ".") {
		c.begins(`event`, q.Event)
	} else {
		c.is(`event`, q.Event)
	}
	c.is(`session`, q.Session)
	c.is(`subject`, q.Subject)
	if q.Sites != nil {
		marks := strings.TrimSuffix(strings.Repeat(`?,`, len(q.Sites)), `,`)
		c.and(`site IN (` + marks + `)`)
		for _, site := range q.Sites {
			c.args = append(c.args, site)
		}
	}
	if !q.From.IsZero() {
		c.and(`at >= ?`, q.From.UnixMicro())
	}
	if !q.Before.IsZero() {
		c.and(`at < ?`, q.Before.UnixMicro())
	}
	return d.lines(ctx, `SELECT `+lineColumns+` FROM vitrine_line`+c.String()+` ORDER BY seq`+limit(q.Limit), c.args...)
}

func (d *database) lines(ctx context.Context, query string, args ...any) (lines []Line, err error) {
	rows, err := d.db.QueryContext(ctx, d.bind(query), args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close(), rows.Err()) }()
	for rows.Next() {
		line, err := scanLine(rows)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func scanLine(rows *sql.Rows) (Line, error) {
	var l Line
	var seq, at int64
	if err := rows.Scan(&seq, &at, &l.Event, &l.Session, &l.Site, &l.Subject, &l.Text); err != nil {
		return l, fmt.Errorf("store: %w", err)
	}
	l.Seq, l.At, l.Text = uint64(seq), time.UnixMicro(at).UTC(), bytes.Clone(l.Text)
	return l, nil
}
