package sanitizer

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"vitrine/internal/wire"
)

func be(sizes ...uint32) (out []byte) {
	for _, v := range sizes {
		out = binary.BigEndian.AppendUint32(out, v)
	}
	return out
}

func pngChunk(name, body string) string { return string(be(uint32(len(body)))) + name + body + "crc." }

// plainPNG, plainJPEG and plainGIF are made here and not by an encoder, whose bytes may change with its version.
func plainPNG(more string) []byte {
	return []byte("\x89PNG\r\n\x1a\n" + pngChunk("IHDR", string(be(3, 2))+"\x08\x00\x00\x00\x00") + more + pngChunk("IDAT", "data") + pngChunk("IEND", ""))
}

func plainJPEG(scans int) []byte {
	scan := "\xff\xda\x00\x04..data\xff\x00data\xff\xd0data"
	return []byte("\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xc0\x00\x0b\x08\x00\x02\x00\x03\x01abc" + strings.Repeat(scan, scans) + "\xff\xd9")
}

func plainGIF() []byte {
	frame := ",\x00\x00\x00\x00\x03\x00\x02\x00\x80abcdef\x02\x02ab\x00"
	return []byte("GIF89a\x03\x00\x02\x00\x80\x00\x00abcdef" + "!\xf9\x02ab\x00" + frame + frame + ";")
}

func vp8(w, h byte) []byte { return chunk("VP8 ", []byte{0, 0, 0, 0x9d, 1, 0x2a, w, 0, h, 0}) }

// movingAVIF has what stands in an AVIF of several frames, a box of 64-bit size, and one up to the end.
func movingAVIF() []byte {
	wide := append(append(be(1), "free"...), be(0, 20, 0)...)
	stsz := box("stsz", be(0, 0, 5))
	tkhd := box("tkhd", make([]byte, 76), be(3<<16, 2<<16))
	moov := box("moov", box("trak", tkhd, box("mdia", box("minf", box("stbl", stsz)))))
	end := append(be(0), "mdatdata"...)
	return bytes.Join([][]byte{avif(3, 2), wide, moov, end}, nil)
}

// widerWOFF2 has transformed tables, one with a name of its own, and sizes of two bytes.
func widerWOFF2() []byte {
	directory := "\x0a\x81\x00\x40" + "\x0b\x20\x00" + "\x3fABCD\x20" + "\x3fglyf\x20\x10" + "\x41\x20\x08"
	b := append([]byte("wOF2\x00\x01\x00\x00"), be(0)...)
	b = append(append(b, 0, 5, 0, 0), be(400, 8)...)
	b = append(b, make([]byte, 24)...)
	b = append(append(b, directory...), "8 bytes."...)
	binary.BigEndian.PutUint32(b[8:], uint32(len(b)))
	return b
}

// changes are all files that differ from one in one byte: changed, left out, put in, or the last.
func changes(data []byte, yield func([]byte)) {
	for i := range data {
		for _, v := range []byte{0, 1, 2, 0x7f, 0x80, 0xff, data[i] ^ 1, data[i] + 1, data[i] - 1, ';', ',', '!', 7, 0xc2, 0xd0, 0xd8, 0xd9, 0xda} {
			yield(with(data, i, v))
		}
		yield(slices.Delete(bytes.Clone(data), i, i+1))
		yield(slices.Insert(bytes.Clone(data), i, 0))
		yield(slices.Insert(bytes.Clone(data), i, 0xff))
		yield(data[:i])
	}
	yield(append(bytes.Clone(data), 0))
	yield(append(bytes.Clone(data), '<'))
}

// verdicts counts what becomes of all those files: refused by which rule, as good as the one, or of another size.
func verdicts(kind wire.AssetKind, data []byte) string {
	counts := map[string]int{}
	good, _ := CheckAsset(kind, data)
	changes(data, func(changed []byte) {
		info, rule := CheckAsset(kind, changed)
		switch {
		case rule != "":
		case info == good:
			rule = "same"
		default:
			rule = "other"
		}
		counts[rule]++
	})
	var out []string
	for _, rule := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, fmt.Sprintf("%s %d", rule, counts[rule]))
	}
	return strings.Join(out, ", ")
}

// everyByte holds what becomes of files that differ from good ones in one byte. A change of these figures is a change of
// what is accepted: it must be meant.
func everyByte(t *testing.T, kind wire.AssetKind, name string, data []byte, want string) {
	t.Helper()
	if _, rule := CheckAsset(kind, data); rule != "" {
		t.Errorf("%s is refused by %s", name, rule)
	}
	if got := verdicts(kind, data); got != want {
		t.Errorf("%s:\n got %s\nwant %s", name, got, want)
	}
}

func TestThreat29_EveryByte(t *testing.T) {
	const image = wire.AssetImage
	everyByte(t, image, "png", plainPNG(""),
		"other 49, row28-dimensions 88, row29-header 554, row29-trailing 10, row29-type 176, same 467")
	everyByte(t, image, "animated png", plainPNG(pngChunk("acTL", string(be(2, 0)))+pngChunk("fcTL", "12345678901234567890123456")),
		"other 170, row28-dimensions 88, row28-frames 19, row29-header 924, row29-trailing 10, row29-type 176, same 1233")
	everyByte(t, image, "jpeg", plainJPEG(1),
		"other 49, row28-dimensions 20, row29-header 378, row29-trailing 3, row29-type 62, same 502")
	everyByte(t, image, "jpeg of two scans", plainJPEG(2),
		"other 49, row28-dimensions 20, row29-header 482, row29-trailing 7, row29-type 62, same 878")
	everyByte(t, image, "jpeg of two images", append(append(plainJPEG(1), 0, 0xff), plainJPEG(1)...),
		"other 49, row28-dimensions 20, row29-header 752, row29-trailing 91, row29-type 62, same 1096")
	everyByte(t, image, "gif", plainGIF(),
		"other 43, row28-dimensions 18, row29-header 725, row29-trailing 3, row29-type 132, same 577")
	everyByte(t, image, "webp, lossless", riff(vp8l(3, 2)),
		"other 67, row29-header 253, row29-trailing 31, row29-type 192, same 31")
	everyByte(t, image, "webp, lossy", riff(vp8(3, 2)),
		"other 65, row28-dimensions 2, row29-header 308, row29-trailing 39, row29-type 192, same 56")
	everyByte(t, image, "webp, extended", riff(vp8x(3, 2), chunk("ALPH", []byte{1}), vp8(3, 2)),
		"row29-header 666, row29-trailing 97, row29-type 192, same 323")
	everyByte(t, image, "webp, animated", riff(vp8x(3, 2), anmf(3, 2, vp8l(3, 2)), anmf(3, 2, vp8(3, 2))),
		"other 188, row28-dimensions 52, row29-header 1304, row29-trailing 202, row29-type 192, same 484")
	everyByte(t, image, "avif", avif(3, 2),
		"other 49, row28-dimensions 376, row29-header 673, row29-type 262, same 336")
	everyByte(t, image, "avif, animated", movingAVIF(),
		"other 604, row28-dimensions 106, row28-frames 19, row29-header 2020, row29-type 254, same 2741")
}

func TestThreat31_EveryByte(t *testing.T) {
	two := woff(16)
	everyByte(t, wire.AssetFont, "woff", two,
		"row29-type 88, row31-size 92, row31-tables 514, same 892")
	everyByte(t, wire.AssetFont, "woff2", woff2(16, 100),
		"row29-type 88, row31-size 47, row31-tables 400, same 743")
	everyByte(t, wire.AssetFont, "woff2 of five tables", widerWOFF2(),
		"row29-type 88, row31-size 96, row31-tables 493, same 1063")
}
