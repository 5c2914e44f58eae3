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
		for _, v := range []byte{0, 1, 2, 0x7f, 0x80, 0xff, data[i] ^ 1, data[i] + 1, data[i] - 1, ';', ',', '!'} {
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
		"other 35, row28-dimensions 54, row29-header 434, row29-trailing 10, row29-type 128, same 317")
	everyByte(t, image, "animated png", plainPNG(pngChunk("acTL", string(be(2, 0)))+pngChunk("fcTL", "12345678901234567890123456")),
		"other 114, row28-dimensions 54, row28-frames 13, row29-header 756, row29-trailing 10, row29-type 128, same 831")
	everyByte(t, image, "jpeg", plainJPEG(1),
		"other 35, row28-dimensions 10, row29-header 291, row29-trailing 1, row29-type 45, same 356")
	everyByte(t, image, "jpeg of two scans", plainJPEG(2),
		"other 35, row28-dimensions 10, row29-header 375, row29-trailing 2, row29-type 45, same 623")
	everyByte(t, image, "jpeg of two images", append(append(plainJPEG(1), 0, 0xff), plainJPEG(1)...),
		"other 35, row28-dimensions 10, row29-header 578, row29-trailing 58, row29-type 45, same 780")
	everyByte(t, image, "gif", plainGIF(),
		"other 29, row28-dimensions 8, row29-header 558, row29-trailing 3, row29-type 96, same 396")
	everyByte(t, image, "webp, lossless", riff(vp8l(3, 2)),
		"other 44, row29-header 176, row29-trailing 30, row29-type 144, same 24")
	everyByte(t, image, "webp, lossy", riff(vp8(3, 2)),
		"other 41, row28-dimensions 2, row29-header 217, row29-trailing 38, row29-type 144, same 40")
	everyByte(t, image, "webp, extended", riff(vp8x(3, 2), chunk("ALPH", []byte{1}), vp8(3, 2)),
		"row29-header 467, row29-trailing 96, row29-type 144, same 223")
	everyByte(t, image, "webp, animated", riff(vp8x(3, 2), anmf(3, 2, vp8l(3, 2)), anmf(3, 2, vp8(3, 2))),
		"other 126, row28-dimensions 30, row29-header 920, row29-trailing 201, row29-type 144, same 341")
	everyByte(t, image, "avif", avif(3, 2),
		"other 35, row28-dimensions 246, row29-header 529, row29-type 190, same 234")
	everyByte(t, image, "avif, animated", movingAVIF(),
		"other 414, row28-dimensions 62, row28-frames 13, row29-header 1631, row29-type 187, same 1871")
}

func TestThreat31_EveryByte(t *testing.T) {
	two := woff(16)
	everyByte(t, wire.AssetFont, "woff", two,
		"row29-type 64, row31-size 58, row31-tables 430, same 602")
	everyByte(t, wire.AssetFont, "woff2", woff2(16, 100),
		"row29-type 64, row31-size 29, row31-tables 331, same 506")
	everyByte(t, wire.AssetFont, "woff2 of five tables", widerWOFF2(),
		"row29-type 64, row31-size 39, row31-tables 424, same 739")
}
