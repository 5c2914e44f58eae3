// Package seal keeps recordings that the machine which writes them cannot open. A recording is a row of segments, each an age
// file (age-encryption.org/v1) for the holders of the owner's identities. A segment says inside its seal which one it is and
// what the one before looked like from outside, so that a missing, swapped or changed one shows.
//
// Inside a segment: a header of fixed size, then entries. An entry is milliseconds since the segment began (uvarint), a kind
// (a byte), the length of what follows (uvarint), and that. Kinds 0 to 4 are messages of the channels of internal/wire, as they
// were sent to agents; of channel 4, as they were sent to the customer. KindEnd is the last entry of a recording.
package seal

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// Limits of a segment.
const (
	MaxSegment = 256 << 10 // bytes inside the seal
	MaxEntry   = 64 << 10  // bytes of one entry's content
	headerSize = 4 + idSize + 4 + hashSize + 8
	idSize     = 16
	hashSize   = 32
	entrySize  = 10 + 1 + 10 // at most, before the content
)

// magic begins every segment; its last byte is the version.
const magic = "VTR\x01"

// KindEnd is the entry that ends a recording. It holds the reason.
const KindEnd = 0xff

// ErrSegment means that what was under the seal is no segment.
var ErrSegment = errors.New("seal: what is inside is no segment of a recording, or one of a newer version")

// Header says which segment this is.
type Header struct {
	Recording string // 32 hex digits
	Number    uint32 // 1, 2, 3, …
	Previous  [hashSize]byte
	Begun     time.Time // milliseconds
}

// put writes the header over the first bytes of a segment.
func (h Header) put(to []byte) error {
	id, err := hex.DecodeString(h.Recording)
	if err != nil || len(id) != idSize {
		return fmt.Errorf("seal: the id of a recording has %d hex digits", 2*idSize)
	}
	copy(to, magic)
	copy(to[4:], id)
	binary.BigEndian.PutUint32(to[4+idSize:], h.Number)
	copy(to[8+idSize:], h.Previous[:])
	binary.BigEndian.PutUint64(to[8+idSize+hashSize:], uint64(h.Begun.UnixMilli()))
	return nil
}

// Entry is one thing that was recorded. Content is a part of the segment that it was read from.
type Entry struct {
	At      time.Time
	Kind    byte
	Content []byte
}

// appendEntry appends an entry. The caller has made room.
func appendEntry(to []byte, after time.Duration, kind byte, content []byte) []byte {
	to = binary.AppendUvarint(to, uint64(max(after.Milliseconds(), 0)))
	to = append(to, kind)
	to = binary.AppendUvarint(to, uint64(len(content)))
	return append(to, content...)
}

// Parse reads a segment and hands over its entries.
func Parse(plain []byte, each func(Entry) error) (h Header, err error) {
	if len(plain) < headerSize || string(plain[:4]) != magic {
		return h, ErrSegment
	}
	h.Recording = hex.EncodeToString(plain[4 : 4+idSize])
	h.Number = binary.BigEndian.Uint32(plain[4+idSize:])
	copy(h.Previous[:], plain[8+idSize:])
	h.Begun = time.UnixMilli(int64(binary.BigEndian.Uint64(plain[8+idSize+hashSize:]) & (1<<53 - 1))).UTC()
	for rest := plain[headerSize:]; len(rest) > 0; {
		after, n := binary.Uvarint(rest)
		if n <= 0 || after > uint64(24*time.Hour/time.Millisecond) || len(rest) == n {
			return h, ErrSegment
		}
		kind := rest[n]
		rest = rest[n+1:]
		size, n := binary.Uvarint(rest)
		if n <= 0 || size > MaxEntry || size > uint64(len(rest)-n) {
			return h, ErrSegment
		}
		e := Entry{At: h.Begun.Add(time.Duration(after) * time.Millisecond), Kind: kind, Content: rest[n : n+int(size)]}
		if err := each(e); err != nil {
			return h, err
		}
		rest = rest[n+int(size):]
	}
	return h, nil
}

// fileName is the name of a segment's file.
func fileName(number uint32) string { return fmt.Sprintf("%06d.age", number) }
