package wire

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
)

// samples are inputs of every kind that a compressor treats differently.
func samples() (list [][]byte) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 3, 7, 8, 9, 100, 1000, 5000, 16 << 10, 70_000, 200_000, 1 << 20} {
		noise, few, text, far := make([]byte, n), make([]byte, n), make([]byte, n), make([]byte, n)
		skewed := make([]byte, n)
		for i := range n {
			noise[i] = byte(rnd.Uint32())
			few[i] = "abcd"[rnd.IntN(4)]
			text[i] = "the quick brown fox jumps over it; "[(i+i/91)%35]
			if far[i] = noise[i]; i >= 32<<10 {
				far[i] = far[i-32<<10] // the farthest distance that there is
			}
			skewed[i] = byte(min(255, int(rnd.ExpFloat64()*rnd.ExpFloat64()*9)))
		}
		list = append(list, noise, few, text, far, skewed, make([]byte, n), bytes.Repeat([]byte("ab"), n/2), fibonacci(n))
	}
	return append(list, nil)
}

// fibonacci is text whose letters occur as often as makes the longest codes.
func fibonacci(n int) (out []byte) {
	a, b := 1, 1
	for letter := byte(0); len(out) < n; letter++ {
		for range min(a, n-len(out)) {
			out = append(out, letter)
		}
		a, b = b, a+b
	}
	rand.New(rand.NewPCG(3, 4)).Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// theirs inflates with the standard library, and says whether that is one whole stream of so many bytes.
func theirs(z []byte, size int) ([]byte, bool) {
	src := bytes.NewReader(z)
	r := flate.NewReader(src)
	out := make([]byte, size)
	if _, err := io.ReadFull(r, out); err != nil {
		return nil, false
	}
	var more [1]byte
	n, err := r.Read(more[:])
	return out, n == 0 && errors.Is(err, io.EOF) && src.Len() == 0
}

// TestDeflateInflate holds that the standard library and this package read what this package writes.
func TestDeflateInflate(t *testing.T) {
	var d Deflater
	var z inflater
	for i, in := range samples() {
		packed := d.deflate(in)[headRoom:]
		if most := len(in) + 5*(len(in)/8000+1) + 8; len(packed) > most {
			t.Errorf("sample %d: %d bytes were deflated to %d", i, len(in), len(packed))
		}
		if out, ok := theirs(packed, len(in)); !ok || !bytes.Equal(out, in) {
			t.Fatalf("sample %d of %d bytes: the standard library does not read it", i, len(in))
		}
		out := make([]byte, len(in))
		if !z.inflate(out, packed) || !bytes.Equal(out, in) {
			t.Fatalf("sample %d of %d bytes was inflated to something else", i, len(in))
		}
	}
}

// TestInflateOthers holds that what others write is read: every level of the standard library, with flushes in between.
func TestInflateOthers(t *testing.T) {
	var z inflater
	for level := flate.HuffmanOnly; level <= flate.BestCompression; level++ {
		for i, in := range samples() {
			var buf bytes.Buffer
			w, err := flate.NewWriter(&buf, level)
			if err != nil {
				t.Fatal(err)
			}
			for part := in; len(part) > 0; {
				n := min(len(part), 60_000)
				if _, err := w.Write(part[:n]); err != nil {
					t.Fatal(err)
				}
				if part = part[n:]; i%2 == 0 {
					if err := w.Flush(); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			out := make([]byte, len(in))
			if !z.inflate(out, buf.Bytes()) || !bytes.Equal(out, in) {
				t.Fatalf("level %d, sample %d of %d bytes", level, i, len(in))
			}
		}
	}
}

// agree wants both inflaters to say the same of the same bytes.
func agree(t *testing.T, z *inflater, packed []byte, size int) {
	t.Helper()
	want, ok := theirs(packed, size)
	out := make([]byte, size)
	if got := z.inflate(out, packed); got != ok {
		t.Fatalf("%x to %d bytes: %t, want %t", packed, size, got, ok)
	}
	if ok && !bytes.Equal(out, want) {
		t.Fatalf("%x was inflated to something else", packed)
	}
}

// TestThreat38_InflateDamaged changes bits of good streams, cuts them off and asks for a byte more or less: the verdict
// is that of the standard library each time.
func TestThreat38_InflateDamaged(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	var d Deflater
	var z inflater
	for _, in := range samples() {
		if len(in) > 5000 {
			continue
		}
		good := bytes.Clone(d.deflate(in)[headRoom:])
		for _, size := range []int{len(in), len(in) + 1, max(0, len(in)-1)} {
			agree(t, &z, good, size)
			agree(t, &z, append(bytes.Clone(good), 0), size)
			agree(t, &z, good[:len(good)-1], size)
		}
		for range 200 {
			bad := bytes.Clone(good)
			for range 1 + rnd.IntN(3) {
				bad[rnd.IntN(min(len(bad), 200))] ^= 1 << rnd.IntN(8)
			}
			agree(t, &z, bad, len(in))
		}
	}
}

// FuzzInflate holds that the verdict on any bytes is that of the standard library.
func FuzzInflate(f *testing.F) {
	var d Deflater
	for _, in := range samples() {
		if len(in) <= 1000 {
			f.Add(bytes.Clone(d.deflate(in)[headRoom:]), uint16(len(in)))
		}
	}
	f.Add([]byte{0x4b, 0x04, 0x00}, uint16(1))
	var z inflater
	f.Fuzz(func(t *testing.T, packed []byte, size uint16) { agree(t, &z, packed, int(size)) })
}

// FuzzDeflate holds that the standard library reads what is written of any bytes.
func FuzzDeflate(f *testing.F) {
	for _, in := range samples() {
		if len(in) <= 1000 {
			f.Add(in, uint8(1))
		}
	}
	var d Deflater
	f.Fuzz(func(t *testing.T, in []byte, times uint8) {
		in = bytes.Repeat(in, min(int(times), 1+(1<<20)/(len(in)+1)))
		if out, ok := theirs(d.deflate(in)[headRoom:], len(in)); !ok || !bytes.Equal(out, in) {
			t.Fatal("the standard library does not read it")
		}
	})
}
