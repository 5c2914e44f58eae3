package audit

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"vitrine/internal/store"
)

// CheckpointName is the event of a line that signs all lines before it.
const CheckpointName = "checkpoint"

// A line is an event as it is kept. Its bytes follow from its fields: what does not encode to the same bytes again is no line.
type line struct {
	Number uint64 `json:"n"` // 1, 2, 3, …
	Event
	Previous  string `json:"prev"`          // SHA-256 of the line before, in hex; of nothing before the first
	Key       string `json:"key,omitempty"` // of a checkpoint: the id of the key
	Signature string `json:"sig,omitempty"` // of a checkpoint: Ed25519 over domain and the line without this field; base64
}

// domain keeps a signature of a checkpoint from being one of anything else.
const domain = "vitrine audit checkpoint v1\n"

// strict refuses spare bits, so that a signature has one spelling.
var strict = base64.StdEncoding.Strict()

func (l line) encode() ([]byte, error) {
	l.Time = l.Time.UTC().Truncate(time.Microsecond)
	text, err := json.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return text, nil
}

// signed is what the signature of a checkpoint stands under.
func (l line) signed() ([]byte, error) {
	l.Signature = ""
	text, err := l.encode()
	return append([]byte(domain), text...), err
}

func hashOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// firstPrevious is what the first line goes on from.
var firstPrevious = hashOf(nil)

// parseLine reads a line strictly.
func parseLine(text []byte) (line, error) {
	var l line
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&l); err != nil {
		return l, errors.New("is no line of an audit log")
	}
	again, err := l.encode()
	if err != nil || !bytes.Equal(again, text) {
		return l, errors.New("is not as the server writes it")
	}
	return l, nil
}

// Public is the public half of a log's key.
type Public struct {
	ID  string // the first 16 hex digits of the key's SHA-256
	Key ed25519.PublicKey
}

// NewPublic names a public key.
func NewPublic(key ed25519.PublicKey) Public { return Public{ID: hashOf(key)[:16], Key: key} }

// PublicOf is the public half of a log's key.
func PublicOf(key ed25519.PrivateKey) Public {
	public := key.Public().(ed25519.PublicKey) // of an Ed25519 key there is no other
	return NewPublic(public)
}

// verify tells what is wrong with a checkpoint.
func (l line) verify(keys []Public) error {
	for _, key := range keys {
		if key.ID != l.Key {
			continue
		}
		signature, err := strict.DecodeString(l.Signature)
		text, failed := l.signed()
		if err != nil || failed != nil || !ed25519.Verify(key.Key, text, signature) {
			return errors.New("has a signature that is not the key's")
		}
		return nil
	}
	return errors.New("is signed by a key that was not given: name it with --key")
}

// stored is the line as the store keeps it.
func (l line) stored(text []byte) store.Line {
	return store.Line{Seq: l.Number, At: l.Time, Event: l.Name, Session: l.Session, Site: l.Site, Subject: l.Subject, Text: text}
}
