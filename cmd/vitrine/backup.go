package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"vitrine/internal/audit"
	"vitrine/internal/backup"
	"vitrine/internal/store"
	"vitrine/signaling"
)

// backupFlags are those of backup.
type backupFlags struct {
	store storeFlags
	to    []string
	out   string
}

func backupCommand() *cobra.Command {
	var f backupFlags
	cmd := &cobra.Command{
		Use:   "backup",
		Short: "Write all that a server keeps into one file that only the holder of an age identity can open",
		Long: "The server may go on meanwhile. The file holds the audit log, settings, keys and sealed recordings, and nothing of a page that is\n" +
			"not sealed. It is read again to its end before the command says that it is there. `age-keygen` makes an identity (keep it\n" +
			"elsewhere) and prints its recipient, age1….",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			recipients, err := recipientsOf(f.to)
			if err != nil {
				return err
			}
			return f.store.with(cmd, func(dir string, kept store.Store) error { return f.write(cmd, dir, kept, recipients) })
		},
	}
	f.store.add(cmd)
	cmd.Flags().StringArrayVar(&f.to, "to", nil, "recipient, age1…; may be given several times")
	cmd.Flags().StringVar(&f.out, "out", "", "file to write; it must not be there yet")
	for _, name := range []string{"to", "out"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // the flag was defined above: cannot happen
		}
	}
	return cmd
}

// recipientsOf reads public keys. Whoever gives a private one has shown it to this machine.
func recipientsOf(names []string) (recipients []age.Recipient, err error) {
	for _, name := range names {
		if strings.HasPrefix(strings.ToUpper(name), "AGE-SECRET-KEY") {
			return nil, errors.New("that is an identity, which must stay elsewhere: give its recipient (age1…), and make a new identity if others could read this one")
		}
		recipient, err := age.ParseX25519Recipient(name)
		if err != nil {
			return nil, errors.New("a recipient is age1 and 58 more letters and digits: `age-keygen -y FILE` prints that of an identity")
		}
		recipients = append(recipients, recipient)
	}
	return recipients, nil
}

// write writes the backup under another name, reads it again, and only then gives it its own.
func (f *backupFlags) write(cmd *cobra.Command, dir string, kept store.Store, to []age.Recipient) error {
	if _, err := os.Lstat(f.out); !errors.Is(err, os.ErrNotExist) {
		return errors.Join(err, fmt.Errorf("%s is there already: choose another name", f.out))
	}
	once, err := age.GenerateX25519Identity() // to read it again here, and then forgotten
	if err != nil {
		return err
	}
	part := f.out + ".part"
	file, err := os.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	sum, err := backup.Write(cmd.Context(), file, kept, dir, append(to, once.Recipient())...)
	if err = errors.Join(err, file.Sync()); err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err == nil {
		var again backup.Summary
		if again, err = backup.Verify(file, once); err == nil && again != sum {
			err = backup.ErrBroken
		}
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	if err := os.Rename(part, f.out); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s: %d events, %d records, %d files, read again and whole\n", f.out, sum.Lines, sum.Records, sum.Files)
	return audit.Note(cmd.Context(), kept, audit.Event{Name: "backup.written", Role: "admin", Outcome: "allowed", Count: sum.Lines})
}

// restoreFlags are those of restore.
type restoreFlags struct {
	store    storeFlags
	identity string
}

func restoreCommand() *cobra.Command {
	var f restoreFlags
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Write a backup into an empty data directory, and verify its audit log",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			identities, err := identitiesOf(f.identity)
			if err != nil {
				return err
			}
			return f.read(cmd, args[0], identities)
		},
	}
	f.store.add(cmd)
	cmd.Flags().StringVar(&f.identity, "identity", "", "file with the age identity that opens the backup")
	if err := cmd.MarkFlagRequired("identity"); err != nil {
		panic(err) // the flag was defined above: cannot happen
	}
	return cmd
}

func identitiesOf(name string) ([]age.Identity, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	identities, err := age.ParseIdentities(file)
	if err != nil {
		return nil, errors.New("the identity must be a file as `age-keygen` writes it, with a line AGE-SECRET-KEY-1…")
	}
	return identities, nil
}

// read verifies the backup before it touches anything.
func (f *restoreFlags) read(cmd *cobra.Command, name string, by []age.Identity) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := backup.Verify(file, by...); err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	dir, where, err := f.place()
	if err != nil {
		return err
	}
	kept, err := where.open(cmd.Context(), dir)
	if err != nil {
		return err
	}
	sum, err := backup.Restore(cmd.Context(), file, kept, dir, by...)
	if err == nil {
		fmt.Fprintf(cmd.OutOrStdout(), "%d events, %d records and %d files of %v are back\n", sum.Lines, sum.Records, sum.Files, sum.At)
		err = verifyRestored(cmd.Context(), cmd.OutOrStdout(), dir, kept)
	}
	return errors.Join(err, kept.Close())
}

// place gives an empty data directory.
func (f *restoreFlags) place() (dir string, where storeConfig, err error) {
	c := defaults()
	if f.store.config != "" {
		if err := load(f.store.config, &c); err != nil {
			return "", where, err
		}
	}
	if f.store.data != "" {
		c.Data = f.store.data
	}
	if c.Data == "" {
		return "", where, errors.New("name a new data directory with --data, or a configuration file that does with --config")
	}
	if err := signaling.MakeDataDir(c.Data); err != nil {
		return "", where, err
	}
	entries, err := os.ReadDir(c.Data)
	if err == nil && len(entries) > 0 {
		err = backup.ErrHeld
	}
	return c.Data, c.Store, err
}

func verifyRestored(ctx context.Context, out io.Writer, dir string, kept store.Store) error {
	keys, err := keyOf(dir)
	if err != nil {
		return err
	}
	v := audit.NewVerifier(keys)
	if err := eachLine(ctx, kept, store.Query{}, v.Add); err != nil {
		return err
	}
	return report(out, v.Report())
}
