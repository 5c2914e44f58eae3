package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Checkpoint names a state of a log: the number of a line and its SHA-256. Whoever keeps one elsewhere can tell later that
// nothing up to that line was changed, by whomever.
type Checkpoint struct {
	Number uint64
	Hash   string // in hex
}

// String writes a checkpoint as number:hash.
func (c Checkpoint) String() string { return strconv.FormatUint(c.Number, 10) + ":" + c.Hash }

// ParseCheckpoint reads number:hash.
func ParseCheckpoint(text string) (Checkpoint, error) {
	number, hash, _ := strings.Cut(text, ":")
	n, err := strconv.ParseUint(number, 10, 64)
	if sum, bad := hex.DecodeString(hash); err != nil || bad != nil || len(sum) != sha256.Size || hash != strings.ToLower(hash) || n == 0 {
		return Checkpoint{}, fmt.Errorf("audit: a checkpoint is written as number:hash, such as 128:%s…", firstPrevious[:8])
	}
	return Checkpoint{n, hash}, nil
}

// Report is what a verification found.
type Report struct {
	Lines       uint64     // that are whole
	Checkpoints int        // among them
	Last        Checkpoint // the last one
	After       uint64     // lines behind it, which no signature covers
	Stopped     bool       // whether the last line is the checkpoint of an orderly stop
	Problem     string     // what is wrong with line Lines+1; empty when nothing is
}

// Verifier reads a log line by line.
type Verifier struct {
	keys     []Public
	want     map[uint64]string // hashes that lines must have, by number
	previous string
	report   Report
}

// NewVerifier returns a verifier that knows the keys of a log and checkpoints that were kept elsewhere.
func NewVerifier(keys []Public, published ...Checkpoint) *Verifier {
	v := &Verifier{keys: keys, want: map[uint64]string{}, previous: firstPrevious}
	for _, c := range published {
		v.want[c.Number] = c.Hash
	}
	return v
}

// Add takes the next line, without its line feed. After the first problem it takes no more and returns false.
func (v *Verifier) Add(text []byte) bool {
	if v.report.Problem != "" {
		return false
	}
	l, err := parseLine(text)
	hash := hashOf(text)
	switch {
	case err != nil:
		v.report.Problem = err.Error()
	case l.Number != v.report.Lines+1:
		v.report.Problem = fmt.Sprintf("has the number %d: lines were taken out, put in or swapped", l.Number)
	case l.Previous != v.previous:
		v.report.Problem = "does not go on from the line before it: one of the two was changed"
	case v.want[l.Number] != "" && v.want[l.Number] != hash:
		v.report.Problem = "is not the one that was published as a checkpoint"
	case l.Name == CheckpointName:
		if err := l.verify(v.keys); err != nil {
			v.report.Problem = err.Error()
		}
	case l.Key != "" || l.Signature != "":
		v.report.Problem = "is signed and no checkpoint"
	}
	if v.report.Problem != "" {
		return false
	}
	v.previous = hash
	v.report.Lines++
	v.report.After++
	v.report.Stopped = l.Name == CheckpointName && l.Outcome == stopped
	if l.Name == CheckpointName {
		v.report.Checkpoints++
		v.report.Last = Checkpoint{l.Number, hash}
		v.report.After = 0
	}
	return true
}

// Report ends a verification.
func (v *Verifier) Report() Report {
	r := v.report
	for number := range v.want {
		if r.Problem == "" && number > r.Lines {
			r.Problem = fmt.Sprintf("is missing: line %d was published as a checkpoint, so the end was cut off", number)
		}
	}
	return r
}
