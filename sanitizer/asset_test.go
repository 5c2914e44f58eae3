package sanitizer

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"vitrine/internal/wire"
)

func wireKind(i int) wire.AssetKind { return wire.AssetKind(i) }

func encoded(encode func(*bytes.Buffer) error) []byte {
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		panic("a test image could not be made")
	}
	return b.Bytes()
}

func pngImage(w, h int) []byte {
	return encoded(func(b *bytes.Buffer) error { return png.Encode(b, image.NewGray(image.Rect(0, 0, w, h))) })
}

func jpegBytes(w, h int) []byte {
	return encoded(func(b *bytes.Buffer) error { return jpeg.Encode(b, image.NewGray(image.Rect(0, 0, w, h)), nil) })
}

func gifImage(w, h, frames int) []byte {
	g := gif.GIF{}
	for range frames {
		g.Image = append(g.Image, image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{color.Black, color.White}))
		g.Delay = append(g.Delay, 1)
	}
	return encoded(func(b *bytes.Buffer) error { return gif.EncodeAll(b, &g) })
}

func riff(chunks ...[]byte) []byte {
	body := append([]byte("WEBP"), bytes.Join(chunks, nil)...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

func chunk(name string, body []byte) []byte {
	out := append(binary.LittleEndian.AppendUint32([]byte(name), uint32(len(body))), body...)
	if len(body)%2 == 1 {
		out = append(out, 0)
	}
	return out
}

func u24(v int) []byte { return []byte{byte(v), byte(v >> 8), byte(v >> 16)} }

// vp8l is the header of a lossless picture.
func vp8l(w, h int) []byte {
	return chunk("VP8L", append([]byte{0x2f}, binary.LittleEndian.AppendUint32(nil, uint32(w-1)|uint32(h-1)<<14)...))
}

func vp8x(w, h int) []byte {
	return chunk("VP8X", bytes.Join([][]byte{{2, 0, 0, 0}, u24(w - 1), u24(h - 1)}, nil))
}

func anmf(w, h int, picture []byte) []byte {
	return chunk("ANMF", bytes.Join([][]byte{u24(0), u24(0), u24(w - 1), u24(h - 1), {0, 0, 0, 0}, picture}, nil))
}

func box(name string, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+8)), name...), body...)
}

func avif(w, h uint32, more ...[]byte) []byte {
	ispe := box("ispe", make([]byte, 4), binary.BigEndian.AppendUint32(nil, w), binary.BigEndian.AppendUint32(nil, h))
	meta := box("meta", make([]byte, 4), box("iprp", box("ipco", ispe)))
	return bytes.Join(append([][]byte{box("ftyp", []byte("avif\x00\x00\x00\x00mif1")), meta, box("mdat", []byte{1})}, more...), nil)
}

// nested puts boxes into each other.
func nested(name string, depth int) []byte {
	if depth == 0 {
		return nil
	}
	return box(name, nested(name, depth-1))
}

// realWebP is a lossy picture of 1 by 1 as an encoder wrote it.
func realWebP() []byte {
	b, err := base64.StdEncoding.DecodeString("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA")
	if err != nil {
		panic("a test image could not be read")
	}
	return b
}

// woff is a font with one table that unpacks to size bytes.
func woff(size uint32) []byte {
	b := make([]byte, 44+20+8)
	copy(b, "wOFF\x00\x01\x00\x00")
	binary.BigEndian.PutUint32(b[8:], uint32(len(b)))
	binary.BigEndian.PutUint16(b[12:], 1)
	binary.BigEndian.PutUint32(b[16:], 28+size)
	copy(b[44:], "head")
	binary.BigEndian.PutUint32(b[48:], 64)
	binary.BigEndian.PutUint32(b[52:], 8)
	binary.BigEndian.PutUint32(b[56:], size)
	return b
}

// manyTables is a WOFF whose tables are one too many, all of them empty.
func manyTables() []byte {
	const tables = maxFontTables + 1
	b := woff(16)[:44]
	for range tables {
		b = append(append(b, "head"...), be(44+20*tables, 0, 0, 0)...)
	}
	binary.BigEndian.PutUint32(b[8:], uint32(len(b)))
	binary.BigEndian.PutUint16(b[12:], tables)
	binary.BigEndian.PutUint32(b[16:], 0)
	return b
}

// woff2 is a font with one table of size bytes, up to 127.
func woff2(size byte, total uint32) []byte {
	b := make([]byte, 48+2+8)
	copy(b, "wOF2\x00\x01\x00\x00")
	binary.BigEndian.PutUint32(b[8:], uint32(len(b)))
	binary.BigEndian.PutUint16(b[12:], 1)
	binary.BigEndian.PutUint32(b[16:], total)
	binary.BigEndian.PutUint32(b[20:], 8)
	b[48], b[49] = 1, size // head
	return b
}

func assetSeeds() [][]byte {
	return [][]byte{pngImage(3, 2), jpegBytes(3, 2), gifImage(3, 2, 2), riff(vp8l(3, 2)), riff(vp8x(3, 2), anmf(3, 2, vp8l(3, 2))),
		realWebP(), avif(3, 2), woff(16), woff2(16, 100)}
}

type assetTest struct {
	name string
	kind wire.AssetKind
	data []byte
	rule string
	info AssetInfo
}

func cut(b []byte, n int) []byte { return b[:len(b)-n] }

func with(b []byte, i int, v ...byte) []byte {
	b = bytes.Clone(b)
	copy(b[i:], v)
	return b
}

func checkAssets(t *testing.T, tests []assetTest) {
	t.Helper()
	for _, test := range tests {
		info, rule := CheckAsset(test.kind, test.data)
		if rule != test.rule || info != test.info {
			t.Errorf("%s: rule %q info %v, want %q %v", test.name, rule, info, test.rule, test.info)
		}
	}
}

func TestThreat28_Images(t *testing.T) {
	const image = wire.AssetImage
	acTL := append(binary.BigEndian.AppendUint32(nil, 8), "acTL\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	png3 := pngImage(3, 2)
	animated := bytes.Join([][]byte{png3[:33], acTL, png3[33:]}, nil)
	checkAssets(t, []assetTest{
		{"png", image, png3, "", AssetInfo{wire.MimePNG, 3, 2, 1}},
		{"jpeg", image, jpegBytes(30, 20), "", AssetInfo{wire.MimeJPEG, 30, 20, 1}},
		{"gif", image, gifImage(3, 2, 5), "", AssetInfo{wire.MimeGIF, 3, 2, 5}},
		{"webp lossy", image, realWebP(), "", AssetInfo{wire.MimeWebP, 1, 1, 1}},
		{"webp lossless", image, riff(vp8l(300, 200)), "", AssetInfo{wire.MimeWebP, 300, 200, 1}},
		{"webp animation", image, riff(vp8x(3, 2), anmf(3, 2, vp8l(3, 2)), anmf(1, 1, vp8l(1, 1))), "", AssetInfo{wire.MimeWebP, 3, 2, 2}},
		{"avif", image, avif(640, 480), "", AssetInfo{wire.MimeAVIF, 640, 480, 1}},
		{"animated png", image, animated, "", AssetInfo{wire.MimePNG, 3, 2, 4096}},
		{"png too wide", image, with(png3, 16, 0, 0, 0x40, 1), ruleAssetSide, AssetInfo{}},
		{"png too large", image, with(png3, 16, 0, 0, 0x20, 0, 0, 0, 0x20, 0), ruleAssetSide, AssetInfo{}},
		{"png too high", image, with(png3, 20, 0, 0, 0x40, 1), ruleAssetSide, AssetInfo{}},
		{"png of nothing", image, with(png3, 16, 0, 0, 0, 0), ruleAssetSide, AssetInfo{}},
		{"png side over 2^31", image, with(png3, 16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), ruleAssetSide, AssetInfo{}},
		{"png frames", image, with(animated, 16, 0, 0, 1, 0, 0, 0, 1, 0), ruleAssetFrames, AssetInfo{}},
		{"webp larger inside", image, riff(vp8x(3, 2), vp8l(16000, 16000)), ruleAssetHeader, AssetInfo{}},
		{"webp with a bit of a chunk", image, riff(vp8l(3, 2), []byte("abc")), ruleAssetHeader, AssetInfo{}},
		{"webp with a short head", image, riff(chunk("VP8X", make([]byte, 9)), vp8l(1, 1)), ruleAssetHeader, AssetInfo{}},
		{"webp with two heads", image, riff(vp8x(3, 2), vp8x(3, 2), vp8l(3, 2)), ruleAssetHeader, AssetInfo{}},
		{"webp with two pictures", image, riff(vp8l(3, 2), vp8l(3, 2)), ruleAssetHeader, AssetInfo{}},
		{"webp frame without a head", image, riff(anmf(3, 2, vp8l(3, 2))), ruleAssetHeader, AssetInfo{}},
		{"avif with a short box", image, avif(3, 2, box("meta", []byte{0})), ruleAssetHeader, AssetInfo{}},
		{"webp frame outside", image, riff(vp8x(3, 2), anmf(4, 2, vp8l(4, 2))), ruleAssetHeader, AssetInfo{}},
		{"webp frame larger inside", image, riff(vp8x(3, 2), anmf(3, 2, vp8l(9000, 9000))), ruleAssetHeader, AssetInfo{}},
		{"avif of many boxes", image, avif(3, 2, bytes.Repeat(box("free"), maxAVIFBoxes)), ruleAssetHeader, AssetInfo{}},
		{"avif too deep", image, avif(3, 2, nested("moov", avifBoxes+2)), ruleAssetHeader, AssetInfo{}},
		{"avif too large", image, avif(16384, 16384), ruleAssetSide, AssetInfo{}},
		{"avif second item too large", image, avif(1, 1, box("moov", box("trak", box("tkhd", make([]byte, 76), []byte{0xff, 0, 0, 0, 1, 0, 0, 0})))),
			ruleAssetSide, AssetInfo{}},
		{"too many bytes", image, make([]byte, maxImageBytes+1), ruleAssetBytes, AssetInfo{}},
	})
	large := gifImage(1000, 1000, 101)
	checkAssets(t, []assetTest{{"gif frames", image, large, ruleAssetFrames, AssetInfo{}}})
}

func TestThreat29_Types(t *testing.T) {
	const image = wire.AssetImage
	jpeg3 := jpegBytes(3, 2)
	twice := bytes.Join([][]byte{jpeg3, {0, 0}, jpegBytes(9, 9), {0}}, nil)
	sof := bytes.Index(jpeg3, []byte{0xff, 0xc0})
	checkAssets(t, []assetTest{
		{"svg", image, []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), ruleAssetType, AssetInfo{}},
		{"html", image, []byte("<!doctype html>"), ruleAssetType, AssetInfo{}},
		{"bmp", image, []byte("BM000000000000000000000000"), ruleAssetType, AssetInfo{}},
		{"nothing", image, nil, ruleAssetType, AssetInfo{}},
		{"font as image", image, woff2(16, 100), ruleAssetType, AssetInfo{}},
		{"image as font", wire.AssetFont, pngImage(1, 1), ruleAssetType, AssetInfo{}},
		{"sheet", wire.AssetSheet, []byte("a{}"), ruleAssetType, AssetInfo{}},
		{"unknown kind", wire.AssetKind(9), pngImage(1, 1), ruleAssetType, AssetInfo{}},
		{"heic", image, box("ftyp", []byte("heic\x00\x00\x00\x00mif1")), ruleAssetType, AssetInfo{}},
		{"gif and script", image, append(gifImage(1, 1, 1), "/**/=1;alert(1)"...), ruleAssetAfter, AssetInfo{}},
		{"png and html", image, append(pngImage(1, 1), "<script>"...), ruleAssetAfter, AssetInfo{}},
		{"jpeg and html", image, append(bytes.Clone(jpeg3), "<script>"...), ruleAssetAfter, AssetInfo{}},
		{"jpeg and zip", image, append(bytes.Clone(jpeg3), "PK\x03\x04"...), ruleAssetAfter, AssetInfo{}},
		{"webp and html", image, append(realWebP(), "<script>"...), ruleAssetAfter, AssetInfo{}},
		{"jpeg with previews", image, twice, "", AssetInfo{wire.MimeJPEG, 3, 2, 1}},
		{"jpeg with two headers", image, bytes.Join([][]byte{jpeg3[:sof], jpeg3[sof : sof+13], jpeg3[sof:]}, nil), ruleAssetHeader, AssetInfo{}},
		{"gif frame outside", image, with(gifImage(1, 1, 1), bytes.IndexByte(gifImage(1, 1, 1), 0x2c)+5, 9), ruleAssetHeader, AssetInfo{}},
	})
	for i, data := range assetSeeds()[:7] {
		for n := 1; n < len(data); n++ {
			if _, rule := CheckAsset(image, cut(data, n)); rule == "" {
				// A frame's data may lack its last padding byte, and an AVIF may end between boxes.
				if !(i == 6 && bytes.HasSuffix(cut(data, n), []byte("mdat"))) {
					t.Errorf("image %d without its last %d bytes was accepted", i, n)
				}
			}
		}
	}
}

func TestThreat31_Fonts(t *testing.T) {
	const font = wire.AssetFont
	two := woff2(16, 100)
	checkAssets(t, []assetTest{
		{"woff", font, woff(16), "", AssetInfo{Mime: wire.MimeWOFF}},
		{"woff2", font, two, "", AssetInfo{Mime: wire.MimeWOFF2}},
		{"truetype", font, []byte("\x00\x01\x00\x00\x00\x01"), ruleAssetType, AssetInfo{}},
		{"woff outside", font, with(woff(16), 48, 0, 0, 0xff, 0), ruleFontTables, AssetInfo{}},
		{"woff offset overflow", font, with(woff(16), 48, 0xff, 0xff, 0xff, 0xff), ruleFontTables, AssetInfo{}},
		{"woff in the header", font, with(woff(16), 48, 0, 0, 0, 1), ruleFontTables, AssetInfo{}},
		{"woff without tables", font, with(woff(16), 12, 0, 0), ruleFontTables, AssetInfo{}},
		{"woff bomb", font, woff(1 << 20), ruleFontSize, AssetInfo{}},
		{"woff length", font, append(woff(16), 0), ruleFontTables, AssetInfo{}},
		{"woff2 bomb", font, woff2(16, 16<<20+1), ruleFontSize, AssetInfo{}},
		{"woff2 ratio", font, woff2(16, 31*uint32(len(two))), ruleFontSize, AssetInfo{}},
		{"woff2 table bomb", font, with(with(two, 49, 0x8f, 0xff, 0xff, 0x7f), 20, 0, 0, 0, 4), ruleFontSize, AssetInfo{}},
		{"woff2 leading zero", font, with(two, 49, 0x80, 1), ruleFontTables, AssetInfo{}},
		{"woff2 stream outside", font, with(two, 20, 0xff, 0xff, 0xff, 0xff), ruleFontTables, AssetInfo{}},
		{"woff2 length", font, append(bytes.Clone(two), 0), ruleFontTables, AssetInfo{}},
		{"woff2 collection", font, with(two, 4, 't', 't', 'c', 'f'), ruleFontTables, AssetInfo{}},
		{"woff of many tables", font, with(append(bytes.Clone(woff(16)), make([]byte, 6000)...), 8, 0, 0, 0x17, 0xb8, 1, 1), ruleFontTables, AssetInfo{}},
		{"woff2 of many tables", font, with(append(bytes.Clone(two), make([]byte, 600)...), 8, 0, 0, 2, 0x92, 1, 1), ruleFontTables, AssetInfo{}},
		{"woff of many good tables", font, manyTables(), ruleFontTables, AssetInfo{}},
		{"woff2 beyond 32 bits", font, with(append(bytes.Clone(two), 0, 0, 0, 0), 8, 0, 0, 0, byte(len(two)+4))[:len(two)+4], "", AssetInfo{Mime: wire.MimeWOFF2}},
		{"woff2 size beyond 32 bits", font, with(with(two, 20, 0, 0, 0, 4), 49, 0xff, 0xff, 0xff, 0xff, 0x7f), ruleFontTables, AssetInfo{}},
		{"woff of much", font, with(append(bytes.Clone(woff(16)), make([]byte, 1<<20)...), 8, 0, 0x10, 0, 72, 0, 1, 0, 0, 1, 0, 0, 1), ruleFontSize, AssetInfo{}},
		{"too many bytes", font, make([]byte, maxFontBytes+1), ruleFontBytes, AssetInfo{}},
	})
	for n := 1; n < len(two); n++ {
		if _, rule := CheckAsset(font, cut(two, n)); rule == "" {
			t.Errorf("a font without its last %d bytes was accepted", n)
		}
	}
}
