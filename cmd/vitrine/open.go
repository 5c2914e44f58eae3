package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"vitrine/internal/audit"
	"vitrine/internal/seal"
	"vitrine/internal/wire"
)

// openFlags are those of open.
type openFlags struct {
	identity, out, audit string
}

func openCommand() *cobra.Command {
	var f openFlags
	cmd := &cobra.Command{
		Use:   "open RECORDING",
		Short: "Open a recording with an age identity; status 1 when something is missing, swapped or damaged",
		Long: "RECORDING is an archive as GET /v1/recordings/{recording} gives it, or a directory below recordings/ of a data directory. Do it\n" +
			"where the identity lives, which is not the server. The result is not sealed any more; the player of the console plays it.\n" +
			"With the audit log (`vitrine audit export`, verified by `vitrine audit verify`) the command also tells segments that were\n" +
			"swapped for others which look right, and those that are missing at the end.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.open(cmd, args[0]) },
	}
	cmd.Flags().StringVar(&f.identity, "identity", "", "file with the age identity that opens the recording")
	cmd.Flags().StringVar(&f.out, "out", "", "file to write what was recorded to; it must not be there yet (default: only the summary)")
	cmd.Flags().StringVar(&f.audit, "audit", "", "file with an export of the server's audit log")
	if err := cmd.MarkFlagRequired("identity"); err != nil {
		panic(err) // the flag was defined above: cannot happen
	}
	return cmd
}

func (f *openFlags) open(cmd *cobra.Command, name string) error {
	identities, err := identitiesOf(f.identity)
	if err != nil {
		return err
	}
	found, err := seal.Load(name)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return errors.New("there are no segments of a recording: name the archive, or the directory with the files 000001.age and on")
	}
	opened, err := seal.Unseal(found, identities, nil)
	if opened != nil && opened.Recording != "" && f.audit != "" {
		known, logErr := segmentsIn(f.audit, opened.Recording)
		if logErr != nil {
			return logErr
		}
		opened, err = seal.Unseal(found, identities, known)
	}
	if opened == nil {
		return err
	}
	if err == nil && f.out != "" {
		if err := writeNew(f.out, opened.Pack); err != nil {
			return err
		}
	}
	summarize(cmd.OutOrStdout(), opened)
	if err != nil {
		return err
	}
	if len(opened.Findings) > 0 {
		return &failure{status: exitBroken}
	}
	return nil
}

// writeNew writes a file that is not there yet, for its owner alone.
func writeNew(name string, write func(io.Writer) error) error {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already: choose another name", name)
	}
	if err != nil {
		return err
	}
	out := bufio.NewWriter(file)
	if err := errors.Join(write(out), out.Flush(), file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
}

// segmentsIn are the hashes of a recording's segments in an export of the audit log.
func segmentsIn(name, recording string) (map[uint32]string, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	known := map[uint32]string{}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e audit.Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("%s is no export of an audit log: `vitrine audit export` writes one", name)
		}
		if e.Name == "recording.segment" && e.Recording == recording {
			known[uint32(e.Count)] = e.Hash
		}
	}
	if len(known) == 0 && lines.Err() == nil {
		return nil, fmt.Errorf("%s tells of no segment of recording %s: it is of another server, or an extract", name, recording)
	}
	return known, lines.Err()
}

// recorded is what a recording holds, in words.
var recorded = []struct {
	kind  wire.Channel
	words string
}{
	{wire.Dom, "messages of the page"}, {wire.Asset, "pieces of images, fonts and sheets"}, {wire.Ptr, "movements of pointers"},
	{wire.Input, "inputs of agents"}, {wire.Ctl, "other messages"},
}

func summarize(out io.Writer, o *seal.Opened) {
	if o.Recording != "" {
		fmt.Fprintf(out, "recording %s\nbegun     %s\nlast      %s, %v later\n", o.Recording, o.Begun.Format(time.RFC3339),
			o.Ended.Format(time.RFC3339), o.Ended.Sub(o.Begun).Round(100*time.Millisecond))
	}
	if o.End != "" {
		fmt.Fprintf(out, "ended     %s\n", o.End)
	}
	fmt.Fprintf(out, "segments  %d opened\n", len(o.Plain))
	for _, k := range recorded {
		fmt.Fprintf(out, "%9d %s\n", o.Entries[byte(k.kind)], k.words)
	}
	for _, finding := range o.Findings {
		fmt.Fprintln(out, finding)
	}
}
