package wire_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"vitrine/internal/wire"
)

// oracle is the standard library's inflater, used again and again.
type oracle struct {
	src bytes.Reader
	r   io.ReadCloser
	out []byte
}

// inflates says whether packed is one whole stream of so many bytes, and gives them.
func (o *oracle) inflates(packed []byte, size int) ([]byte, bool) {
	o.src.Reset(packed)
	if o.r == nil {
		o.r = flate.NewReader(&o.src)
	} else if o.r.(flate.Resetter).Reset(&o.src, nil) != nil {
		return nil, false
	}
	o.out = append(o.out[:0], make([]byte, size)...)
	if _, err := io.ReadFull(o.r, o.out); err != nil {
		return nil, false
	}
	var more [1]byte
	n, err := o.r.Read(more[:])
	return o.out, n == 0 && errors.Is(err, io.EOF) && o.src.Len() == 0
}

// TestThreat38_InflateAgrees holds that a deflated message is taken if and only if the standard library finds one whole
// stream of the announced size in it, and that the frame is the same: many streams of three bytes, noise behind each kind of block, and valid streams cut off at every byte, with
// every bit turned, and with one byte more or less announced.
func TestThreat38_InflateAgrees(t *testing.T) {
	var a wire.Assembler
	var o oracle
	taken, tried := 0, 0
	try := func(packed []byte, size int) {
		tried++
		got, err := a.Next(cat(1, size, packed))
		ok := err == nil
		want, fine := o.inflates(packed, size)
		if ok != fine || ok && !bytes.Equal(got, want) {
			t.Fatalf("stream %x of %d bytes: taken %v, by the standard library %v", packed[:min(len(packed), 40)], size, ok, fine)
		}
		if ok {
			taken++
		}
	}
	for n := range 1 << 14 {
		try([]byte{byte(n), byte(n >> 8), 0}, n>>5&1)
	}
	rnd := rand.New(rand.NewPCG(38, 1))
	for range 20_000 {
		packed := make([]byte, 3+rnd.IntN(24))
		for i := range packed {
			packed[i] = byte(rnd.Uint32())
		}
		try(packed, rnd.IntN(4))
		packed[0] = packed[0]&^6 | byte(rnd.IntN(3))<<1
		try(packed, rnd.IntN(4))
	}
	samples := [][]byte{nil, []byte("a"), bytes.Repeat([]byte("ab"), 40), []byte("the quick brown fox jumps over the lazy dog, the quick brown fox")}
	for range 6 {
		text := make([]byte, 20+rnd.IntN(120))
		for i := range text {
			text[i] = "eeeeettaoin shrdlu"[rnd.IntN(18)]
		}
		samples = append(samples, text)
	}
	for _, text := range samples {
		for _, level := range []int{flate.NoCompression, flate.HuffmanOnly, flate.BestCompression} {
			damage(text, level, try)
		}
	}
	if taken < 100 || tried-taken < 30_000 {
		t.Errorf("%d of %d streams were taken: that proves little", taken, tried)
	}
}

// damage tries a stream as it is and broken in every simple way.
func damage(text []byte, level int, try func([]byte, int)) {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, level)
	if err != nil {
		panic(err)
	}
	_, _ = w.Write(text) // a buffer takes everything
	_ = w.Close()
	packed := out.Bytes()
	for _, more := range []int{-1, 0, 1} {
		if len(text)+more >= 0 {
			try(packed, len(text)+more)
		}
	}
	try(append(packed[:len(packed):len(packed)], 0), len(text))
	for n := range packed {
		try(packed[:n], len(text))
		for bit := range 8 {
			broken := bytes.Clone(packed)
			broken[n] ^= 1 << bit
			try(broken, len(text))
		}
	}
}

// FuzzInflate holds that what the standard library takes is taken and means the same, and that all that is taken has the
// size and the ratio that it may have. One kind of broken stream is taken, too: where a block has a single distance code
// (RFC 1951 section 3.2.7), the library reads the other one, which means nothing, as in an earlier frame of that sender.
func FuzzInflate(f *testing.F) {
	for _, in := range [][]byte{{}, []byte("a"), bytes.Repeat([]byte("ab"), 300), []byte("a page says this and a page says that")} {
		var packed bytes.Buffer
		w, err := flate.NewWriter(&packed, flate.BestSpeed)
		if err != nil {
			f.Fatal(err)
		}
		_, _ = w.Write(in) // into memory, which takes it
		_ = w.Close()
		f.Add(packed.Bytes(), uint16(len(in)))
	}
	f.Add([]byte{0x4b, 0x04, 0x00}, uint16(1))
	var a wire.Assembler
	var o oracle
	f.Fuzz(func(t *testing.T, packed []byte, size uint16) {
		got, err := a.Next(cat(1, int(size), packed))
		want, fine := o.inflates(packed, int(size))
		allowed := int(size) <= 100*len(packed) // the ratio that row 38 allows
		ok := err == nil
		if ok && (len(got) != int(size) || !allowed) || fine && allowed && (!ok || !bytes.Equal(got, want)) {
			t.Fatalf("taken %v with %d of %d bytes, by the standard library %v, allowed %v", ok, len(got), size, fine, allowed)
		}
	})
}
