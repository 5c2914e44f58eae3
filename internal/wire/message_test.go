package wire_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"math/rand/v2"
	"testing"

	"vitrine/internal/wire"
)

// split gives copies of the messages of a frame.
func split(t testing.TB, frame []byte, d *wire.Deflater) (list [][]byte) {
	t.Helper()
	err := wire.AppendMessages(frame, d, func(m []byte) error {
		if len(m) > wire.MaxMessage {
			t.Fatalf("a message has %d bytes", len(m))
		}
		list = append(list, bytes.Clone(m))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// join gives copies of the frames of messages, up to the first error.
func join(a *wire.Assembler, messages ...[]byte) (frames [][]byte, err error) {
	for _, m := range messages {
		f, err := a.Next(m)
		if err != nil {
			return frames, err
		}
		if f != nil {
			frames = append(frames, bytes.Clone(f))
		}
	}
	return frames, nil
}

func noise(n int) []byte {
	b := make([]byte, n)
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

// TestMessages splits and joins frames of sizes around every border.
func TestMessages(t *testing.T) {
	var a wire.Assembler
	var d wire.Deflater
	for _, n := range []int{1, 2, 1000, wire.DeflateFrom, wire.MaxMessage - 9, wire.MaxMessage - 8, wire.MaxMessage - 7, wire.MaxMessage,
		wire.MaxMessage + 1, 3*wire.MaxMessage + 5, wire.MaxMessageIn, 1 << 20, wire.MaxFrame} {
		for _, frame := range [][]byte{noise(n), bytes.Repeat([]byte("abcdefgh"), (n+7)/8)[:n]} {
			for _, with := range []*wire.Deflater{nil, &d} {
				got, err := join(&a, split(t, frame, with)...)
				if err != nil || len(got) != 1 || !bytes.Equal(got[0], frame) {
					t.Errorf("a frame of %d bytes, deflated %v: %d frames, %v", n, with != nil, len(got), err)
				}
			}
		}
	}
	stop := errors.New("stop")
	if err := wire.AppendMessages(noise(100_000), nil, func([]byte) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the error of the sender is lost: %v", err)
	}
}

func deflated(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

// cat joins the parts of a message.
func cat(parts ...any) (b []byte) {
	for _, p := range parts {
		switch p := p.(type) {
		case int:
			b = wire.AppendUint(b, uint64(p))
		case []byte:
			b = append(b, p...)
		}
	}
	return b
}

// TestThreat38_Bombs holds what stops a frame that would inflate to more than it may, or to something else than it says.
func TestThreat38_Bombs(t *testing.T) {
	zeros := make([]byte, 1<<20)
	text := bytes.Repeat([]byte("some text "), 30)
	for name, v := range map[string]struct {
		rule string
		msg  []byte
	}{
		"ratio":                 {"row38-ratio", cat(1, len(zeros), deflated(t, zeros))},
		"larger than any frame": {"row35-range", cat(1, wire.MaxFrame+1, deflated(t, zeros))},
		"larger than announced": {"row38-inflate", cat(1, len(text)-1, deflated(t, text))},
		"less than announced":   {"row38-inflate", cat(1, len(text)+1, deflated(t, text))},
		"bytes behind the end":  {"row38-inflate", cat(1, len(text), deflated(t, text), []byte{0})},
		"cut off":               {"row38-inflate", cat(1, len(text), deflated(t, text)[:10])},
		"not deflated":          {"row38-inflate", cat(1, 30, noise(30))},
		"nothing":               {"row38-ratio", cat(1, 1)},
		"no size":               {"row35-length", []byte{1}},
		"size in a long form":   {"row35-varint", []byte{1, 0x81, 0x00, 1, 2}},
	} {
		var a wire.Assembler
		_, err := join(&a, v.msg)
		if e, ok := err.(*wire.DecodeError); !ok || e.Rule != v.rule {
			t.Errorf("%s: got %v, want %s", name, err, v.rule)
		}
		if got, err := join(&a, []byte{0, 7}); err != nil || len(got) != 1 {
			t.Errorf("%s: the next frame is lost: %v", name, err)
		}
	}
}

// TestThreat37_Pieces holds the order of pieces, and that memory is taken for what came and not for what was announced.
func TestThreat37_Pieces(t *testing.T) {
	body := noise(100)
	first := func(total, size int, piece []byte) []byte { return cat(2, 0, total, size, piece) }
	for name, v := range map[string]struct {
		rule string
		msgs [][]byte
	}{
		"no first piece":          {"row37-piece", [][]byte{cat(3, body)}},
		"frame between pieces":    {"row37-piece", [][]byte{first(200, 200, body), cat(0, body)}},
		"first piece twice":       {"row37-piece", [][]byte{first(200, 200, body), first(200, 200, body)}},
		"empty piece":             {"row37-piece", [][]byte{first(200, 200, body), {3}}},
		"empty first piece":       {"row37-piece", [][]byte{first(200, 200, nil)}},
		"more than announced":     {"row37-piece", [][]byte{first(150, 150, body), cat(3, body)}},
		"two sizes":               {"row37-piece", [][]byte{first(200, 300, body)}},
		"nothing announced":       {"row37-piece", [][]byte{first(0, 0, body)}},
		"too much announced":      {"row35-range", [][]byte{first(wire.MaxFrame+1, wire.MaxFrame+1, body)}},
		"unknown flags":           {"row35-range", [][]byte{cat(2, 2, 200, 200, body)}},
		"unknown kind":            {"row37-piece", [][]byte{{4, 1}}},
		"empty message":           {"row35-length", [][]byte{{}}},
		"message that is too big": {"row35-length", [][]byte{cat(0, noise(wire.MaxMessageIn))}},
		"deflated pieces: ratio":  {"row38-ratio", [][]byte{cat(2, 1, 200, 100_000, body), cat(3, body)}},
	} {
		var a wire.Assembler
		_, err := join(&a, v.msgs...)
		if e, ok := err.(*wire.DecodeError); !ok || e.Rule != v.rule {
			t.Errorf("%s: got %v, want %s", name, err, v.rule)
		}
	}
	if n := testing.AllocsPerRun(10, func() {
		var a wire.Assembler
		if _, err := a.Next(first(wire.MaxFrame, wire.MaxFrame, body)); err != nil {
			t.Error(err)
		}
	}); n > 10 {
		t.Errorf("%.0f allocations for an announced frame", n)
	}
	a := wire.Assembler{Limit: 1000}
	if _, err := join(&a, cat(0, noise(1001))); err == nil {
		t.Error("a limit of 1000 bytes lets 1001 pass")
	}
}

// TestWipe holds that nothing of a frame stays behind.
func TestWipe(t *testing.T) {
	secret := bytes.Repeat([]byte("CANARY-77"), 4000)
	var d wire.Deflater
	var a wire.Assembler
	var kept [][]byte
	for _, m := range split(t, secret, &d) {
		f, err := a.Next(m)
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, f)
	}
	half := split(t, noise(40_000), nil)[0]
	f, err := a.Next(half)
	if err != nil || f != nil {
		t.Fatal("half a frame came out")
	}
	a.Wipe()
	d.Wipe()
	for _, k := range kept {
		if bytes.Contains(k, []byte("CANARY")) {
			t.Error("wiping left bytes of a frame")
		}
	}
	if got, err := join(&a, split(t, secret, nil)...); err != nil || len(got) != 1 {
		t.Error("a wiped assembler does not work again", err)
	}
}

// FuzzAssembler feeds messages, each behind its length: no panic, no frame above the limit, and an assembler that has
// refused still takes the next whole frame.
func FuzzAssembler(f *testing.F) {
	stream := func(messages ...[]byte) (out []byte) {
		for _, m := range messages {
			out = wire.AppendBytes(out, m)
		}
		return out
	}
	var d wire.Deflater
	f.Add(stream(split(f, noise(10), nil)...))
	f.Add(stream(split(f, noise(20_000), nil)...))
	f.Add(stream(split(f, bytes.Repeat([]byte("ab"), 2000), &d)...))
	f.Add(stream(cat(1, 300, deflated(f, make([]byte, 300))), cat(2, 1, 40, 300, noise(20)), cat(3, noise(20))))
	f.Fuzz(func(t *testing.T, in []byte) {
		a := wire.Assembler{Limit: 1 << 16}
		r := wire.NewReader(in)
		for r.Len() > 0 {
			frame, err := a.Next(r.Bytes(1 << 17))
			if len(frame) > 1<<16 {
				t.Fatalf("a frame of %d bytes", len(frame))
			}
			if err != nil {
				if got, err := join(&a, []byte{0, 7}); err != nil || len(got) != 1 || got[0][0] != 7 {
					t.Fatalf("the next frame is lost: %v", err)
				}
			}
		}
	})
}
