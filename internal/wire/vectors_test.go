package wire_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"vitrine/internal/wire"
)

var update = flag.Bool("update", false, "write the vectors of frames and messages anew; refuse.txt is written by hand")

const vectors = "../../test/vectors/wire/"

// vector is one case of a file: lines of a key and a value, cases apart by empty lines, # before comments.
type vector map[string]string

func readVectors(t testing.TB, name string) (list []vector) {
	t.Helper()
	data, err := os.ReadFile(vectors + name)
	if err != nil {
		t.Fatal(err)
	}
	for block := range strings.SplitSeq(string(data), "\n\n") {
		v := vector{}
		for line := range strings.Lines(block) {
			if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
				continue
			}
			key, value, ok := strings.Cut(line+" ", ": ")
			value = strings.TrimSpace(value)
			if !ok {
				t.Fatalf("%s: a line without a key", name)
			}
			v[key] = value
		}
		if len(v) > 0 {
			list = append(list, v)
		}
	}
	if len(list) == 0 {
		t.Fatalf("%s holds no case", name)
	}
	return list
}

func (v vector) bytes(t testing.TB, key string) []byte {
	t.Helper()
	b, err := hex.DecodeString(v[key])
	if err != nil {
		t.Fatalf("%s: %v", v["case"], err)
	}
	return b
}

func (v vector) channel(t testing.TB) wire.Channel {
	t.Helper()
	n, err := strconv.Atoi(v["channel"])
	if err != nil {
		t.Fatal(err)
	}
	return wire.Channel(n)
}

// named gives the fields of a frame under their names in TypeScript, bytes and hashes as hexadecimal numbers.
func named(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Struct:
		out := map[string]any{}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			name := strings.ToLower(f.Name[:1]) + f.Name[1:]
			switch {
			case f.Name == "Kind":
				name = strings.ToLower(f.Type.Name()[:1]) + f.Type.Name()[1:]
			case f.Name == strings.ToUpper(f.Name):
				name = strings.ToLower(f.Name)
			}
			tag := f.Tag.Get("wire")
			if f.Type == reflect.TypeFor[[]byte]() && (strings.Contains(tag, "utf8") || strings.Contains(tag, "text")) {
				out[name] = string(v.Field(i).Bytes())
				continue
			}
			out[name] = named(v.Field(i))
		}
		return out
	case reflect.Array:
		b := make([]byte, v.Len())
		reflect.Copy(reflect.ValueOf(b), v)
		return hex.EncodeToString(b)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return hex.EncodeToString(v.Bytes())
		}
		out := []any{}
		for i := range v.Len() {
			out = append(out, named(v.Index(i)))
		}
		return out
	}
	return v.Interface()
}

// fieldsOf is what the line "fields" of a vector says.
func fieldsOf(f wire.Frame) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(named(reflect.ValueOf(f).Elem())); err != nil {
		panic(err)
	}
	return strings.TrimSpace(b.String())
}

// writeFrames writes the vectors of every frame: with the least values, with the largest, and with some.
func writeFrames(t *testing.T) {
	t.Helper()
	for _, f := range frames {
		var s strings.Builder
		fmt.Fprintf(&s, "# %s: written by go test ./internal/wire -update, read by Go and TypeScript.\n", f.Type())
		for i, name := range []string{"least", "most", "some"} {
			in := fresh(f)
			if i > 0 {
				fill := filler{rng: rand.New(rand.NewPCG(5, uint64(f.Type()))), most: i == 1}
				fill.fill(reflect.ValueOf(in).Elem())
			}
			var in4 []string
			for _, d := range directions {
				if may(d, in) {
					in4 = append(in4, d)
				}
			}
			fmt.Fprintf(&s, "\ncase: %s\ndirections: %s\nchannel: %d\nhex: %x\nfields: %s\n", name, strings.Join(in4, " "), in.Channel(),
				in.AppendTo(nil), fieldsOf(in))
		}
		if err := os.WriteFile(vectors+"frame-"+f.Type().String()+".txt", []byte(s.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestVectorsOfFrames holds that every frame means what the vectors say, in every direction that may carry it.
func TestVectorsOfFrames(t *testing.T) {
	if *update {
		writeFrames(t)
	}
	files, err := filepath.Glob(vectors + "frame-*.txt")
	if err != nil || len(files) != len(frames) {
		t.Fatalf("%d files for %d frames (%v)", len(files), len(frames), err)
	}
	for _, f := range frames {
		for _, v := range readVectors(t, "frame-"+f.Type().String()+".txt") {
			b := v.bytes(t, "hex")
			for _, d := range directions {
				out, err := decode(d, v.channel(t), b)
				if !strings.Contains(v["directions"], d) {
					wantRule(t, err, "row36-type")
					continue
				}
				if err != nil {
					t.Fatalf("%s %s %s: %v", f.Type(), v["case"], d, err)
				}
				if got := fieldsOf(out); got != v["fields"] || out.Type() != f.Type() {
					t.Errorf("%s %s: got %s\nwant %s", f.Type(), v["case"], got, v["fields"])
				}
				if !bytes.Equal(out.AppendTo(nil), b) {
					t.Errorf("%s %s: encoded to other bytes", f.Type(), v["case"])
				}
			}
		}
	}
}

// TestVectorsOfRefusals holds that bytes which are no frame are refused by the rule that the vectors name.
func TestVectorsOfRefusals(t *testing.T) {
	for _, v := range readVectors(t, "refuse.txt") {
		_, err := decode(v["direction"], v.channel(t), v.bytes(t, "hex"))
		if e, ok := err.(*wire.DecodeError); !ok || e.Rule != v["rule"] {
			t.Errorf("%s: got %v, want %s", v["case"], err, v["rule"])
		}
	}
}

// writeMessages writes the vectors of the message layer.
func writeMessages(t *testing.T) {
	t.Helper()
	text := bytes.Repeat([]byte("some text "), 30)
	packed := deflated(t, text)
	half := len(packed) / 2
	var s strings.Builder
	s.WriteString("# Messages in, frames or a rule out: written by go test ./internal/wire -update, read by Go and TypeScript.\n")
	add := func(name string, messages ...[]byte) {
		var a wire.Assembler
		got, err := join(&a, messages...)
		fmt.Fprintf(&s, "\ncase: %s\nmessages: %s\n", name, hexes(messages))
		if e, ok := err.(*wire.DecodeError); ok {
			fmt.Fprintf(&s, "rule: %s\n", e.Rule)
			return
		}
		fmt.Fprintf(&s, "frames: %s\n", hexes(got))
	}
	add("whole", cat(0, []byte("frame")))
	add("two", cat(0, []byte("a")), cat(0, []byte("b")))
	add("deflated", cat(1, len(text), packed))
	add("pieces", cat(2, 0, 6, 6, []byte("abc")), cat(3, []byte("def")), cat(0, []byte("g")))
	add("deflated pieces", cat(2, 1, len(packed), len(text), packed[:half]), cat(3, packed[half:]))
	add("ratio", cat(1, 100_000, packed))
	add("more than announced", cat(1, len(text)-1, packed))
	add("less than announced", cat(1, len(text)+1, packed))
	add("cut off", cat(1, len(text), packed[:half]))
	add("not deflated", cat(1, 30, bytes.Repeat([]byte{0xff}, 30)))
	add("bytes behind the end\nreader: go", cat(1, len(text), packed, []byte{0, 0, 0}))
	add("size beyond all frames", cat(1, wire.MaxFrame+1, packed))
	add("size in a long form", []byte{1, 0x81, 0x00, 1, 2})
	add("piece without a first one", cat(3, []byte("a")))
	add("frame between pieces", cat(2, 0, 6, 6, []byte("abc")), cat(0, []byte("d")))
	add("empty piece", cat(2, 0, 6, 6, []byte("abc")), []byte{3})
	add("too many bytes in pieces", cat(2, 0, 5, 5, []byte("abc")), cat(3, []byte("def")))
	add("two sizes", cat(2, 0, 5, 6, []byte("abc")))
	add("nothing announced", cat(2, 0, 0, 0, []byte("abc")))
	add("flags", cat(2, 2, 5, 5, []byte("abc")))
	add("unknown kind", []byte{9, 1})
	if err := os.WriteFile(vectors+"messages.txt", []byte(s.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func hexes(list [][]byte) string {
	var out []string
	for _, b := range list {
		out = append(out, hex.EncodeToString(b))
	}
	return strings.Join(out, " ")
}

// TestVectorsOfMessages holds the message layer against its vectors.
func TestVectorsOfMessages(t *testing.T) {
	if *update {
		writeMessages(t)
	}
	for _, v := range readVectors(t, "messages.txt") {
		var messages [][]byte
		for _, h := range strings.Fields(v["messages"]) {
			b, err := hex.DecodeString(h)
			if err != nil {
				t.Fatal(err)
			}
			messages = append(messages, b)
		}
		var a wire.Assembler
		got, err := join(&a, messages...)
		if v["rule"] != "" {
			wantRule(t, err, v["rule"])
		} else if err != nil || hexes(got) != v["frames"] {
			t.Errorf("%s: got other frames, %v", v["case"], err)
		}
	}
}
