package wire_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"vitrine/internal/wire"
)

// frames has one of every frame; TestEveryFrameIsTested counts them.
var frames = []wire.Frame{
	&wire.Hello{}, &wire.Welcome{}, &wire.Ping{}, &wire.Pong{}, &wire.State{}, &wire.Ask{}, &wire.Answer{}, &wire.Revoke{},
	&wire.Scopes{}, &wire.Agents{}, &wire.Share{}, &wire.Resync{}, &wire.Request{}, &wire.Release{}, &wire.Pause{}, &wire.Behind{}, &wire.Closed{}, &wire.End{},
	&wire.Say{}, &wire.Said{}, &wire.Refused{}, &wire.Receipt{}, &wire.Ack{}, &wire.Need{}, &wire.Presence{}, &wire.Ticket{},
	&wire.Quality{}, &wire.Stroke{}, &wire.Stroked{}, &wire.Offer{}, &wire.Want{}, &wire.Gone{}, &wire.Chunk{}, &wire.Ready{},
	&wire.Batch{}, &wire.Pointer{}, &wire.Pointed{}, &wire.Click{}, &wire.Drag{}, &wire.TypeText{}, &wire.PressKey{}, &wire.ScrollTo{},
	&wire.Choose{}, &wire.SetValue{}, &wire.Navigate{},
}

// directions are the four decoders by the name that vectors use.
var directions = []string{"from-customer", "from-agent", "to-customer", "to-agent"}

// decode decodes with the decoder of a direction.
func decode(direction string, ch wire.Channel, b []byte) (f wire.Frame, err error) {
	switch direction {
	case "from-customer":
		f, err = new(wire.FromCustomerDecoder).Decode(ch, b)
	case "from-agent":
		f, err = new(wire.FromAgentDecoder).Decode(ch, b)
	case "to-customer":
		f, err = new(wire.ToCustomerDecoder).Decode(ch, b)
	case "to-agent":
		f, err = new(wire.ToAgentDecoder).Decode(ch, b)
	default:
		panic("no direction " + direction)
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// may says whether a frame travels in a direction.
func may(direction string, f wire.Frame) (ok bool) {
	switch direction {
	case "from-customer":
		_, ok = f.(wire.FromCustomer)
	case "from-agent":
		_, ok = f.(wire.FromAgent)
	case "to-customer":
		_, ok = f.(wire.ToCustomer)
	case "to-agent":
		_, ok = f.(wire.ToAgent)
	}
	return ok
}

// filler fills frames with values.
type filler struct {
	rng  *rand.Rand // nil for the largest values
	most bool
}

// fill sets every field of a struct to something that the format allows.
func (f filler) fill(v reflect.Value) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		f.value(v.Field(i), field)
	}
}

// limit gives max of the field's tag.
func limit(field reflect.StructField, otherwise int64) int64 {
	for part := range strings.SplitSeq(field.Tag.Get("wire"), ",") {
		if s, ok := strings.CutPrefix(part, "max="); ok {
			n, err := strconv.ParseInt(s, 10, 64)
			if err != nil {
				panic(err)
			}
			return n
		}
	}
	return otherwise
}

// enums are the types whose values are listed, with the highest.
var enums = map[reflect.Type]int64{
	reflect.TypeFor[wire.SessionState](): int64(wire.StateEnded), reflect.TypeFor[wire.EndReason](): int64(wire.EndFault),
	reflect.TypeFor[wire.AssetKind](): int64(wire.AssetSheet), reflect.TypeFor[wire.Mime](): int64(wire.MimeSVG),
	reflect.TypeFor[wire.GoneReason](): int64(wire.GoneFull), reflect.TypeFor[wire.PointerKind](): int64(wire.PointerLeave),
	reflect.TypeFor[wire.StrokeTool](): int64(wire.ToolClear), reflect.TypeFor[wire.Key](): int64(wire.KeySpace),
	reflect.TypeFor[wire.Move](): int64(wire.MoveReload), reflect.TypeFor[wire.Path](): int64(wire.PathRelayTLS), reflect.TypeFor[wire.Role](): int64(wire.RoleTitle),
}

func (f filler) number(most int64) int64 {
	if f.most {
		return most
	}
	return f.rng.Int64N(most + 1)
}

func (f filler) value(v reflect.Value, field reflect.StructField) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(f.number(1) == 1)
	case reflect.Uint8, reflect.Uint32, reflect.Uint64:
		most := limit(field, 1<<31-1)
		if n, ok := enums[v.Type()]; ok {
			most = n
		} else if v.Kind() == reflect.Uint64 {
			most = 1<<53 - 1
		} else if field.Type == reflect.TypeFor[wire.Scope]() {
			most = int64(wire.ScopeSecondAgent)*2 - 1
		}
		v.SetUint(uint64(f.number(most)))
	case reflect.Int32:
		n := f.number(limit(field, 1<<30))
		if f.most || f.rng.IntN(2) == 0 {
			n = -n
		}
		v.SetInt(n)
	case reflect.String:
		v.SetString(f.text(min(limit(field, 0), 40)))
	case reflect.Array:
		for i := range v.Len() {
			v.Index(i).SetUint(uint64(f.number(255)))
		}
	case reflect.Slice:
		f.slice(v, field)
	default:
		panic("no value for " + v.Kind().String())
	}
}

func (f filler) text(most int64) string {
	s := strings.Repeat("aé你😀\n\"", 8)
	n := int(f.number(most))
	for n > 0 && n < len(s) && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n]
}

func (f filler) slice(v reflect.Value, field reflect.StructField) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		if strings.Contains(field.Tag.Get("wire"), "utf8") || strings.Contains(field.Tag.Get("wire"), "text") {
			v.SetBytes([]byte(f.text(30)))
			return
		}
		b := make([]byte, f.number(20))
		for i := range b {
			b[i] = byte(f.number(255))
		}
		v.SetBytes(b)
		return
	}
	n := int(f.number(3))
	v.Set(reflect.MakeSlice(v.Type(), n, n))
	for i := range n {
		if v.Index(i).Kind() == reflect.Struct {
			f.fill(v.Index(i))
		} else {
			f.value(v.Index(i), field)
		}
	}
}

// fresh gives a new frame of the same type.
func fresh(f wire.Frame) wire.Frame {
	return reflect.New(reflect.TypeOf(f).Elem()).Interface().(wire.Frame)
}

// TestEveryFrameIsTested holds that the list above is complete.
func TestEveryFrameIsTested(t *testing.T) {
	known := map[wire.Type]bool{}
	for _, f := range frames {
		known[f.Type()] = true
	}
	for n := range wire.Type(1000) {
		if (n.String() != "?") != known[n] {
			t.Errorf("frame %d (%s) is not in the list, or does not exist", n, n)
		}
	}
}

// TestRoundTrip fills every frame many times: it comes back as it was, in the directions that may carry it and in no
// other, on its channel and on no other, and neither shorter nor longer.
func TestRoundTrip(t *testing.T) {
	for _, f := range frames {
		t.Run(f.Type().String(), func(t *testing.T) {
			sent := 0
			for i := range 60 {
				in := fresh(f)
				fill := filler{rng: rand.New(rand.NewPCG(uint64(i), uint64(f.Type()))), most: i == 0}
				fill.fill(reflect.ValueOf(in).Elem())
				b := in.AppendTo(nil)
				for _, d := range directions {
					out, err := decode(d, in.Channel(), b)
					if !may(d, in) {
						wantRule(t, err, "row36-type")
						continue
					}
					if err != nil {
						t.Fatalf("%s: %v", d, err)
					}
					sent++
					if again := out.AppendTo(nil); !bytes.Equal(again, b) {
						t.Fatalf("%s: another frame came back", d)
					}
					if got, want := fmt.Sprintf("%+v", out), fmt.Sprintf("%+v", in); got != want {
						t.Fatalf("%s: got %s, want %s", d, got, want)
					}
					badly(t, d, in, b)
				}
			}
			if sent == 0 {
				t.Error("no direction carries the frame")
			}
		})
	}
}

// badly decodes what is not quite the frame.
func badly(t *testing.T, d string, in wire.Frame, b []byte) {
	t.Helper()
	_, err := decode(d, in.Channel()+1, b)
	wantRule(t, err, "row36-channel")
	_, err = decode(d, in.Channel(), append(b[:len(b):len(b)], 0))
	wantRule(t, err, "row35-trailing-bytes")
	for n := range min(len(b), 64) {
		if _, err := decode(d, in.Channel(), b[:n]); err == nil {
			t.Fatalf("%s: the first %d of %d bytes are a frame, too", d, n, len(b))
		}
	}
}

func wantRule(t *testing.T, err error, rule string) {
	t.Helper()
	if e, ok := err.(*wire.DecodeError); !ok || e.Rule != rule {
		t.Fatalf("got %v, want %s", err, rule)
	}
}

// FuzzDecode holds for every direction: what is decoded is encoded to the same bytes, and no error says more than a rule.
func FuzzDecode(f *testing.F) {
	for _, fr := range frames {
		for seed := range uint64(3) {
			in := fresh(fr)
			fill := filler{rng: rand.New(rand.NewPCG(seed, 1)), most: seed == 0}
			fill.fill(reflect.ValueOf(in).Elem())
			f.Add(uint8(in.Channel()), in.AppendTo(nil))
		}
	}
	f.Fuzz(func(t *testing.T, ch uint8, b []byte) {
		for _, d := range directions {
			out, err := decode(d, wire.Channel(ch), b)
			if err != nil {
				if e, ok := err.(*wire.DecodeError); !ok || !strings.HasPrefix(e.Rule, "row3") {
					t.Fatalf("%s: the error names no rule", d)
				}
				continue
			}
			if !may(d, out) {
				t.Fatalf("%s: a frame of another direction", d)
			}
			if !bytes.Equal(out.AppendTo(nil), b) {
				t.Fatalf("%s: a %s that is not canonical", d, out.Type())
			}
		}
	})
}
