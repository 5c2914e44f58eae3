package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"vitrine/internal/audit"
	"vitrine/internal/store"
)

// exitBroken is the status of a verification that found something.
const exitBroken = 1

func auditCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "audit", Short: "Verify and export the audit log"}
	cmd.AddCommand(verifyCommand(), exportCommand(), auditKeyCommand())
	return cmd
}

// verifyFlags are those of audit verify.
type verifyFlags struct {
	store       storeFlags
	keys        []string
	checkpoints []string
}

func verifyCommand() *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify [FILE]",
		Short: "Find what was changed in the log of a server, or in a whole export of it; status 1 when something was",
		Long: "Every line holds the hash of the line before, and every so often one is signed. So a line that was changed, taken out, put in or\n" +
			"swapped shows, up to the last signed line. That the end was cut off shows against a checkpoint which was kept elsewhere:\n" +
			"each verification prints one. Nothing shows against somebody who has the server's audit.pem and no checkpoint to match.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var published []audit.Checkpoint
			for _, text := range f.checkpoints {
				c, err := audit.ParseCheckpoint(text)
				if err != nil {
					return err
				}
				published = append(published, c)
			}
			if len(args) == 1 {
				return f.file(cmd, args[0], published)
			}
			return f.store.with(cmd, func(dir string, kept store.Store) error { return f.server(cmd, dir, kept, published) })
		},
	}
	f.store.add(cmd)
	cmd.Flags().StringArrayVar(&f.keys, "key", nil, "file with a public key of the log, as `vitrine audit key` prints it (default: that of the data directory)")
	cmd.Flags().StringArrayVar(&f.checkpoints, "checkpoint", nil, "number:hash that was kept elsewhere; may be given several times")
	return cmd
}

func (f *verifyFlags) public() (keys []audit.Public, err error) {
	for _, name := range f.keys {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		key, err := audit.ParsePublic(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// file verifies an export.
func (f *verifyFlags) file(cmd *cobra.Command, name string, published []audit.Checkpoint) error {
	keys, err := f.public()
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		dir, _, err := f.store.read()
		if err != nil {
			return errors.New("name the public key of the log with --key (`vitrine audit key` prints it on the server), or the server's --data")
		}
		if keys, err = keyOf(dir); err != nil {
			return err
		}
	}
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	v := audit.NewVerifier(keys, published...)
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() && v.Add(lines.Bytes()) {
	}
	return errors.Join(lines.Err(), report(cmd.OutOrStdout(), v.Report()))
}

// server verifies the log in a store.
func (f *verifyFlags) server(cmd *cobra.Command, dir string, kept store.Store, published []audit.Checkpoint) error {
	keys, err := f.public()
	if err != nil {
		return err
	}
	own, err := keyOf(dir)
	if err != nil {
		return err
	}
	v := audit.NewVerifier(append(keys, own...), published...)
	err = eachLine(cmd.Context(), kept, store.Query{}, func(text []byte) bool { return v.Add(text) })
	if err != nil {
		return err
	}
	return report(cmd.OutOrStdout(), v.Report())
}

func keyOf(dir string) ([]audit.Public, error) {
	key, err := audit.OpenKey(dir)
	if err != nil {
		return nil, err
	}
	return []audit.Public{audit.PublicOf(key)}, nil
}

// eachLine hands over the lines of a query until one is refused.
func eachLine(ctx context.Context, kept store.Store, q store.Query, take func([]byte) bool) error {
	for {
		lines, err := kept.Lines(ctx, q)
		if err != nil || len(lines) == 0 {
			return err
		}
		for _, l := range lines {
			if !take(l.Text) {
				return nil
			}
			q.After = l.Seq
		}
	}
}

// report prints what a verification found.
func report(out io.Writer, r audit.Report) error {
	if r.Problem != "" {
		fmt.Fprintf(out, "line %d %s\n%d lines before it are whole\n", r.Lines+1, r.Problem, r.Lines)
		return &failure{status: exitBroken}
	}
	fmt.Fprintf(out, "%d lines are whole, %d of them signed\n", r.Lines, r.Checkpoints)
	if r.After > 0 {
		fmt.Fprintf(out, "the last %d are not signed yet: a server signs after a second without events, and when it stops\n", r.After)
	}
	if r.Checkpoints > 0 {
		fmt.Fprintf(out, "keep this elsewhere, and give it with --checkpoint next time: %v\n", r.Last)
	}
	return nil
}

// exportFlags are those of audit export.
type exportFlags struct {
	store              storeFlags
	event, session, by string
	sites              []string
	from, before       string
}

func exportCommand() *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Print the log as lines of JSON; the export itself is written down",
		Long:  "Without filters the export can be verified with `vitrine audit verify FILE`; with filters it is an extract, whose lines no longer follow on each other.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := store.Query{Event: f.event, Session: f.session, Sites: f.sites, Subject: f.by}
			var err error
			if q.From, err = timeOf(f.from); err == nil {
				q.Before, err = timeOf(f.before)
			}
			if err != nil {
				return err
			}
			return f.store.with(cmd, func(_ string, kept store.Store) error { return export(cmd, kept, q) })
		},
	}
	f.store.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.event, "event", "", "only this event, or all that begin so when it ends with a dot, such as session.")
	flags.StringVar(&f.session, "session", "", "only this session")
	flags.StringVar(&f.by, "subject", "", "only what this person did")
	flags.StringSliceVar(&f.sites, "site", nil, "only these sites")
	flags.StringVar(&f.from, "from", "", "only from this time on, such as 2026-03-04 or 2026-03-04T05:06:07Z (UTC)")
	flags.StringVar(&f.before, "before", "", "only before this time")
	return cmd
}

// timeOf reads a day or a moment; empty is none.
func timeOf(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, errors.New("a time is written as 2026-03-04 or 2026-03-04T05:06:07Z")
}

func export(cmd *cobra.Command, kept store.Store, q store.Query) error {
	out := bufio.NewWriter(cmd.OutOrStdout())
	n := 0
	var failed error
	err := eachLine(cmd.Context(), kept, q, func(text []byte) bool {
		n++
		_, failed = out.Write(append(text, '\n'))
		return failed == nil
	})
	if err = errors.Join(err, failed, out.Flush()); err != nil {
		return err
	}
	return audit.Note(cmd.Context(), kept, audit.Event{Name: "audit.exported", Role: "admin", Session: q.Session, Outcome: "allowed", Count: n})
}

func auditKeyCommand() *cobra.Command {
	var f storeFlags
	cmd := &cobra.Command{
		Use: "key", Short: "Print the public key that the log is verified with", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, _, err := f.read()
			if err != nil {
				return err
			}
			keys, err := keyOf(dir)
			if err != nil {
				return err
			}
			text, err := keys[0].PEM()
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(text)
			return err
		},
	}
	f.add(cmd)
	return cmd
}
