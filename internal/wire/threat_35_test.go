package wire_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"vitrine/internal/wire"
)

// most is the largest number that a field takes; of a list or a text, the most items or bytes.
func most(v reflect.Value, field reflect.StructField) int64 {
	if n, ok := enums[v.Type()]; ok {
		return n
	}
	switch {
	case v.Type() == reflect.TypeFor[wire.Scope]():
		return int64(wire.ScopeSecondAgent)*2 - 1
	case v.Kind() == reflect.Uint64:
		return 1<<53 - 1
	case v.Kind() == reflect.Int32:
		return limit(field, 1<<30)
	}
	return limit(field, 1<<31-1)
}

// tooMuch gives ways to put into a field what is just more than it takes; each returns false when the field's Go type has
// no room for that.
var tooMuch = map[reflect.Kind][]func(v reflect.Value, most int64) bool{
	reflect.Uint8: {setUint}, reflect.Uint32: {setUint}, reflect.Uint64: {setUint},
	reflect.Int32: {
		func(v reflect.Value, most int64) bool { v.SetInt(most + 1); return v.Int() == most+1 },
		func(v reflect.Value, most int64) bool { v.SetInt(-most - 1); return v.Int() == -most-1 },
	},
	reflect.String: {func(v reflect.Value, most int64) bool { v.SetString(strings.Repeat("a", int(most)+1)); return true }},
	reflect.Slice: {func(v reflect.Value, most int64) bool {
		v.Set(reflect.MakeSlice(v.Type(), int(most)+1, int(most)+1))
		return true
	}},
}

func setUint(v reflect.Value, most int64) bool {
	v.SetUint(uint64(most) + 1)
	return v.Uint() == uint64(most)+1
}

// eachField calls do with every field of a frame that can be more than it may; lists on the way there have one item.
func eachField(v reflect.Value, name string, do func(v reflect.Value, field reflect.StructField, name string)) {
	for i := range v.NumField() {
		f, field := v.Field(i), v.Type().Field(i)
		here := name + "." + field.Name
		if tooMuch[f.Kind()] != nil {
			do(f, field, here)
		}
		if f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.Struct {
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
			eachField(f.Index(0), here, do)
			f.SetZero()
		}
	}
}

// TestThreat35_Bounds puts one more than the most into every field of every frame: each is refused for that, whoever gets
// the frame. With the most itself all texts and lists are taken.
func TestThreat35_Bounds(t *testing.T) {
	tried := 0
	for _, f := range frames {
		in := fresh(f)
		eachField(reflect.ValueOf(in).Elem(), f.Type().String(), func(v reflect.Value, field reflect.StructField, name string) {
			n := most(v, field)
			for way, put := range tooMuch[v.Kind()] {
				if put(v, n) {
					tried++
					refusedBy(t, in, name, way)
				}
			}
			if v.Kind() == reflect.String || v.Kind() == reflect.Slice {
				tooMuch[v.Kind()][0](v, n-1)
				for _, d := range directions {
					if _, err := decode(d, in.Channel(), in.AppendTo(nil)); may(d, in) && err != nil {
						t.Errorf("%s: %s with the most it takes: %v", d, name, err)
					}
				}
			}
			v.SetZero()
		})
	}
	if tried < 140 {
		t.Errorf("only %d fields were tried", tried)
	}
}

func refusedBy(t *testing.T, in wire.Frame, name string, way int) {
	t.Helper()
	for _, d := range directions {
		if !may(d, in) {
			continue
		}
		_, err := decode(d, in.Channel(), in.AppendTo(nil))
		if e, ok := err.(*wire.DecodeError); !ok || e.Rule != "row35-range" {
			t.Errorf("%s: %s by way %d: got %v, want row35-range", d, name, way, err)
		}
	}
}

// TestThreat35_Numbers holds that there is one way to write a number, a truth and a text, and that no length is believed
// before so many bytes are there.
func TestThreat35_Numbers(t *testing.T) {
	for name, v := range map[string]struct {
		rule string
		read func(r *wire.Reader)
		in   []byte
	}{
		"no number":                    {"row35-length", func(r *wire.Reader) { r.U31() }, nil},
		"a number cut off":             {"row35-length", func(r *wire.Reader) { r.U31() }, []byte{0x80}},
		"zero in two bytes":            {"row35-varint", func(r *wire.Reader) { r.U31() }, []byte{0x80, 0}},
		"five bytes that say one":      {"row35-varint", func(r *wire.Reader) { r.U31() }, []byte{0x81, 0x80, 0x80, 0x80, 0}},
		"more than 64 bits":            {"row35-varint", func(r *wire.Reader) { r.U31() }, bytes.Repeat([]byte{0xff}, 11)},
		"2^31":                         {"row35-range", func(r *wire.Reader) { r.U31() }, []byte{0x80, 0x80, 0x80, 0x80, 8}},
		"one more in a short form":     {"row35-range", func(r *wire.Reader) { r.Uint(5) }, []byte{6}},
		"one more in a long form":      {"row35-range", func(r *wire.Reader) { r.Uint(128) }, []byte{0x81, 1}},
		"a signed number too low":      {"row35-range", func(r *wire.Reader) { r.Int(5) }, []byte{11}},
		"a signed number too high":     {"row35-range", func(r *wire.Reader) { r.Int(5) }, []byte{12}},
		"no byte":                      {"row35-length", func(r *wire.Reader) { r.Byte() }, nil},
		"no truth":                     {"row35-length", func(r *wire.Reader) { r.Bool() }, nil},
		"a third truth":                {"row35-bool", func(r *wire.Reader) { r.Bool() }, []byte{2}},
		"bytes that are not there":     {"row35-length", func(r *wire.Reader) { r.Bytes(10) }, []byte{3, 1, 2}},
		"more bytes than allowed":      {"row35-range", func(r *wire.Reader) { r.Bytes(1) }, []byte{2, 1, 2}},
		"half a character":             {"row35-utf8", func(r *wire.Reader) { r.Text(10) }, []byte{1, 0xc3}},
		"a surrogate":                  {"row35-utf8", func(r *wire.Reader) { r.Text(10) }, []byte{3, 0xed, 0xa0, 0x80}},
		"a character in a longer form": {"row35-utf8", func(r *wire.Reader) { r.Text(10) }, []byte{2, 0xc0, 0xaf}},
		"items that cannot be there":   {"row35-length", func(r *wire.Reader) { r.Count(1 << 20) }, []byte{0xff, 0x7f, 1}},
		"more items than allowed":      {"row35-range", func(r *wire.Reader) { r.Count(1) }, []byte{2, 1, 1}},
		"a hash cut off":               {"row35-length", func(r *wire.Reader) { r.Hash() }, make([]byte, 31)},
	} {
		r := wire.NewReader(v.in)
		if v.read(&r); r.Rule() != v.rule {
			t.Errorf("%s: got %q, want %s", name, r.Rule(), v.rule)
		}
		if r.Len() != 0 || r.Uint(1<<20) != 0 || r.Byte() != 0 || len(r.Bytes(9)) != 0 {
			t.Errorf("%s: what is behind was read all the same", name)
		}
	}
}

// TestThreat35_Rest holds that nothing may stand behind a frame, and that none is whole without its last byte.
func TestThreat35_Rest(t *testing.T) {
	for _, f := range frames {
		b := fresh(f).AppendTo(nil)
		for _, d := range directions {
			if !may(d, f) {
				continue
			}
			_, err := decode(d, f.Channel(), append(b[:len(b):len(b)], 0))
			wantRule(t, err, "row35-trailing-bytes")
			if len(b) > 1 {
				_, err = decode(d, f.Channel(), b[:len(b)-1])
				wantRule(t, err, "row35-length")
			}
		}
	}
}

// TestThreat36_Roles holds for every frame that a decoder for the other side, or the other channel, does not know it; nor
// does any decoder know a number that no frame has.
func TestThreat36_Roles(t *testing.T) {
	for _, f := range frames {
		in := fresh(f)
		b := in.AppendTo(nil)
		for _, d := range directions {
			for ch := range wire.Channel(6) {
				_, err := decode(d, ch, b)
				switch {
				case !may(d, in):
					wantRule(t, err, "row36-type")
				case ch != in.Channel():
					wantRule(t, err, "row36-channel")
				case err != nil:
					t.Errorf("%s: %s: %v", d, f.Type(), err)
				}
			}
		}
	}
	for _, d := range directions {
		for _, b := range [][]byte{{0}, {17}, {99}, wire.AppendUint(nil, 1<<20)} {
			_, err := decode(d, wire.Ctl, b)
			wantRule(t, err, "row36-type")
		}
		_, err := decode(d, wire.Ctl, nil)
		wantRule(t, err, "row35-length")
		_, err = decode(d, wire.Ctl, []byte{0x81, 0})
		wantRule(t, err, "row35-varint")
	}
}

// TestThreat44_NoRoomForAddresses holds that no frame of an agent has a text field but those that are typed, set or said,
// so that none can carry an address to go to, and that a move is one of a list.
func TestThreat44_NoRoomForAddresses(t *testing.T) {
	texts := map[string]bool{"hello.Client": true, "typetext.Text": true, "setvalue.Value": true, "say.Text": true}
	for _, f := range frames {
		if _, ok := f.(wire.FromAgent); !ok {
			continue
		}
		eachField(reflect.ValueOf(fresh(f)).Elem(), f.Type().String(), func(v reflect.Value, _ reflect.StructField, name string) {
			isText := v.Kind() == reflect.String || v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8
			if isText && !texts[name] {
				t.Errorf("%s of an agent has room for an address", name)
			}
		})
	}
	_, err := decode("from-agent", wire.Input, (&wire.Navigate{To: wire.MoveReload + 1}).AppendTo(nil))
	wantRule(t, err, "row35-range")
}

// TestThreat50_NoQueries holds the list of what an agent may say at all: nothing in it asks for what is masked, and no
// frame of an agent changes a mask.
func TestThreat50_NoQueries(t *testing.T) {
	may := map[string]bool{
		"hello": true, "ping": true, "pong": true, "request": true, "release": true, "end": true, "say": true, "ack": true,
		"need": true, "presence": true, "stroke": true, "pointer": true, "click": true, "typetext": true, "presskey": true,
		"scrollto": true, "choose": true, "setvalue": true, "navigate": true, "drag": true,
	}
	for _, f := range frames {
		if _, ok := f.(wire.FromAgent); ok != may[f.Type().String()] {
			t.Errorf("an agent may say %s: %v", f.Type(), ok)
		}
	}
}

// TestThreat46_FixedShapes holds that frames have no names of properties on the wire: whatever a text holds, it comes back
// as that text and as nothing else.
func TestThreat46_FixedShapes(t *testing.T) {
	for _, name := range []string{"__proto__", "constructor", "prototype", `{"__proto__":{"x":1}}`} {
		in := &wire.Hello{Protocol: 1, Client: name}
		out, err := decode("from-customer", wire.Ctl, in.AppendTo(nil))
		if err != nil {
			t.Fatal(err)
		}
		if got := out.(*wire.Hello); *got != *in {
			t.Error("a name changed the frame around it")
		}
	}
}
