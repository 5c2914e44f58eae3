package signaling

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"unicode/utf8"
)

// What strictObject refuses. None of the texts repeats input.
var (
	errNotObject = errors.New("is not one JSON object in UTF-8")
	errDuplicate = errors.New("names a member twice")
	errUnknown   = errors.New("has a member that is not known here")
	errMember    = errors.New("has a member of the wrong type")
)

// A member is what a JSON object may hold under one name.
type member func(raw json.RawMessage) bool

// strictObject reads a flat JSON object so that it has one meaning only. encoding/json alone would take the last of two
// members of one name, match names whatever their case, and read invalid UTF-8 as U+FFFD; each of these has been an
// attack on tokens, because two readers then see two different objects.
func strictObject(data []byte, known map[string]member) error {
	if !utf8.Valid(data) {
		return errNotObject
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return errNotObject
	}
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return errNotObject
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return errNotObject
		}
		switch check, ok := known[name]; {
		case seen[name]:
			return errDuplicate
		case !ok:
			return errUnknown
		case !check(raw):
			return errMember
		}
		seen[name] = true
	}
	if _, err := dec.Token(); err != nil { // the closing brace
		return errNotObject
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errNotObject
	}
	return nil
}

// text allows strings of at most a number of bytes.
func text(most int) member {
	return func(raw json.RawMessage) bool {
		var s string
		return raw[0] == '"' && json.Unmarshal(raw, &s) == nil && len(s) <= most
	}
}

// texts allows lists of at most a number of short strings.
func texts(most int) member {
	return func(raw json.RawMessage) bool {
		var list []json.RawMessage
		return raw[0] == '[' && json.Unmarshal(raw, &list) == nil && len(list) <= most &&
			!slices.ContainsFunc(list, func(one json.RawMessage) bool { return !text(maxName)(one) })
	}
}

// seconds allows whole numbers from 1970 to the year 5138 (RFC 7519 NumericDate without fractions).
func seconds(raw json.RawMessage) bool {
	for _, c := range raw {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(raw) <= 11
}
