package seal

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"filippo.io/age"
)

// Sealed is a segment as it was found.
type Sealed struct {
	Number uint32 // by its name
	Bytes  []byte
}

// Finding is something that is wrong with a recording.
type Finding struct {
	Number uint32 // the segment; 0 is the recording as a whole
	What   string
}

// String says it in one line.
func (f Finding) String() string {
	if f.Number == 0 {
		return f.What
	}
	return fmt.Sprintf("segment %d %s", f.Number, f.What)
}

// Opened is a recording that was opened.
type Opened struct {
	Recording string
	Begun     time.Time
	Ended     time.Time // of the last entry
	End       string    // the reason; empty when the end is missing
	Entries   map[byte]int
	Plain     []Sealed // segments that opened, in order, without their seal
	Findings  []Finding
}

// Load reads the segments of a directory, or of an archive as GET /v1/recordings/{id} gives it.
func Load(name string) (found []Sealed, err error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		names, err := segments(name)
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			content, err := os.ReadFile(filepath.Join(name, n))
			if err != nil {
				return nil, err
			}
			found = add(found, n, content)
		}
		return found, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return unpack(file), nil
}

// unpack reads an archive up to its end, or to where it was cut: what came before is whole, what is missing shows as missing.
func unpack(from io.Reader) (found []Sealed) {
	in := tar.NewReader(from)
	for {
		head, err := in.Next()
		if err != nil {
			return found
		}
		content, err := io.ReadAll(io.LimitReader(in, 2*MaxSegment))
		if err != nil {
			return found
		}
		found = add(found, path.Base(head.Name), content)
	}
}

func add(found []Sealed, name string, content []byte) []Sealed {
	base, ok := strings.CutSuffix(name, ".age")
	number, err := strconv.ParseUint(base, 10, 32)
	if !ok || err != nil || number == 0 {
		return found
	}
	return append(found, Sealed{uint32(number), content})
}

// Unseal opens the segments of a recording and says what is wrong with them. known are the SHA-256 of the segments by number,
// out of the audit log; nil when the log is not at hand. It fails only when nothing can be opened.
func Unseal(found []Sealed, by []age.Identity, known map[uint32]string) (*Opened, error) {
	o := &Opened{Entries: map[byte]int{}}
	slices.SortStableFunc(found, func(a, b Sealed) int { return int(int64(a.Number) - int64(b.Number)) })
	var previous [hashSize]byte
	next := uint32(1)
	for _, s := range found {
		for ; next < s.Number; next++ {
			o.find(next, "is missing")
			previous = [hashSize]byte{}
		}
		next = max(next, s.Number+1)
		sum := sha256.Sum256(s.Bytes)
		if want, ok := known[s.Number]; known != nil && (!ok || want != hex.EncodeToString(sum[:])) {
			o.find(s.Number, "is not the one that the audit log tells of: it was swapped, changed or damaged")
		}
		plain, err := unseal(s.Bytes, by)
		if errors.Is(err, ErrIdentity) {
			return nil, err
		}
		if err != nil {
			o.find(s.Number, "is damaged and does not open")
			previous = [hashSize]byte{}
			continue
		}
		if o.take(s.Number, plain, previous) {
			o.Plain = append(o.Plain, Sealed{s.Number, plain})
		}
		previous = sum
	}
	for number := range known {
		if number >= next {
			o.find(number, "is missing")
		}
	}
	slices.SortStableFunc(o.Findings, func(a, b Finding) int { return int(int64(a.Number) - int64(b.Number)) })
	if o.End == "" {
		o.find(0, "the end is missing: the server went down, the disk was full, or later segments were taken away")
	}
	if len(o.Plain) == 0 {
		return o, errors.New("seal: no segment of it opens")
	}
	return o, nil
}

func (o *Opened) find(number uint32, what string) {
	o.Findings = append(o.Findings, Finding{number, what})
}

// take reads a segment that opened; false when it is no part of the recording.
func (o *Opened) take(number uint32, plain []byte, previous [hashSize]byte) bool {
	entries, last, end := map[byte]int{}, time.Time{}, ""
	h, err := Parse(plain, func(e Entry) error {
		entries[e.Kind]++
		last = e.At
		if e.Kind == KindEnd {
			end = string(e.Content) // a reason of the server's own, nothing of a page
		}
		return nil
	})
	switch {
	case err != nil:
		o.find(number, "is no segment that this version can read")
		return false
	case o.Recording != "" && h.Recording != o.Recording:
		o.find(number, "belongs to another recording: it was put in or swapped")
		return false
	case h.Number != number:
		o.find(number, fmt.Sprintf("is number %d inside: it was swapped", h.Number))
		return false
	case previous != [hashSize]byte{} && h.Previous != previous:
		o.find(number, "does not go on from the one before it: one of the two was swapped or changed")
	}
	if o.Recording == "" {
		o.Recording, o.Begun = h.Recording, h.Begun
	}
	o.Ended = last
	if end != "" {
		o.End = end
	}
	for kind, n := range entries {
		o.Entries[kind] += n
	}
	return true
}

// Pack writes what was opened as an archive that the player of the console plays without an identity.
func (o *Opened) Pack(to io.Writer) error {
	out := tar.NewWriter(to)
	for _, s := range o.Plain {
		name := o.Recording + "/" + strings.TrimSuffix(fileName(s.Number), ".age") + ".plain"
		head := &tar.Header{Name: name, Mode: 0o600, Size: int64(len(s.Bytes)), ModTime: o.Begun, Format: tar.FormatUSTAR}
		if err := out.WriteHeader(head); err != nil {
			return err
		}
		if _, err := out.Write(s.Bytes); err != nil {
			return err
		}
	}
	return out.Close()
}
