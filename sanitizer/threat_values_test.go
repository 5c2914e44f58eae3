package sanitizer

import (
	"bytes"
	"encoding/binary"
	"testing"

	"vitrine/internal/wire"
)

// TestThreat30_NumberWords holds the words that may stand among numbers, and that clamping makes no larger number.
func TestThreat30_NumberWords(t *testing.T) {
	run(t, AppendNumber, []cssTest{
		{"left", "left"}, {"auto-reverse", "auto-reverse"}, {"url", "-"}, {"expression", "-"}, {"script", "-"}, {"1e99em", "-"}, {"1e99e5", "-"},
		{"1e99px", "1000000000px"},
	})
	long := bytes.Repeat([]byte("a"), maxColour)
	if _, ok := AppendColour(nil, long); !ok {
		t.Error("a word of the greatest length is refused")
	}
	for _, bad := range [][]byte{nil, []byte(" \n "), append(long, 'a')} {
		if _, ok := AppendColour(nil, bad); ok {
			t.Errorf("a colour of %d bytes passed", len(bad))
		}
	}
}

// TestThreat20_UnknownPseudos holds that a rule whose selector names what is in no table is dropped whole, however it is
// named, and that a rule which is cut off in a selector leaves nothing open.
func TestThreat20_UnknownPseudos(t *testing.T) {
	for _, s := range []string{
		"a:unknown-class", "a:unknown-function(b)", "a::unknown-element", "a::-webkit-", "a::-webkit-x1", "a::-webkit-x(b)", "a:-webkit-scrollbar",
		"a:not(:unknown-class)", "a:is(b{c", "a:lang(%)", "a:lang({", "a:has(> :unknown-class)", "a:nth-child(2n of :unknown-class)", "a|b", "a[b!=c]",
		"a[b='c' x]", "a[|=c]", "a[*|*=c]", "a[|]", "a[*]", "a[b", "a:not(b", "a[b{c]", "::slotted(b", "::part(%)", "a[*|b", "a[b|=%]",
	} {
		css := "p { color: red } " + s + " { color: blue }"
		out, ok := AppendSheet(nil, []byte(css))
		if !ok || bytes.Contains(out, []byte("blue")) {
			t.Errorf("%s passed: %s", s, out)
		}
		if bytes.Count(out, []byte("{")) != bytes.Count(out, []byte("}")) || bytes.Count(out, []byte("(")) != bytes.Count(out, []byte(")")) {
			t.Errorf("%s leaves a bracket open: %s", s, out)
		}
	}
}

// TestThreat19_ScopeLimits holds that an @scope whose limits are no selectors is dropped whole.
func TestThreat19_ScopeLimits(t *testing.T) {
	for _, s := range []string{"(.a) to ({x})", "({x}) to (.b)", "(.a) to", "(.a) to .b", "(.a", "(.a) to (.b", "(", "() {", "(.a) to ()"} {
		out, ok := AppendSheet(nil, []byte("@scope "+s+" { p { color: blue } }"))
		if !ok || len(out) > 0 {
			t.Errorf("@scope %s passed: %s", s, out)
		}
	}
}

// bigWOFF is a font with so many tables, all of them empty.
func bigWOFF(tables int) []byte {
	b := make([]byte, 44+20*tables)
	copy(b, "wOFF\x00\x01\x00\x00")
	binary.BigEndian.PutUint32(b[8:], uint32(len(b)))
	binary.BigEndian.PutUint16(b[12:], uint16(tables))
	for i := 44; i < len(b); i += 20 {
		binary.BigEndian.PutUint32(b[i+4:], uint32(len(b)))
	}
	return b
}

// TestThreat29_Headers holds what no header may say, each thing on its own in a file that is right but for it.
func TestThreat29_Headers(t *testing.T) {
	const image = wire.AssetImage
	jpeg3 := jpegBytes(3, 2)
	marked := func(marker byte, size int) []byte {
		seg := append([]byte{0xff, marker, byte(size >> 8), byte(size)}, make([]byte, max(size-2, 0))...)
		return bytes.Join([][]byte{jpeg3[:2], seg, jpeg3[2:]}, nil)
	}
	tests := []assetTest{
		{"jpeg with a comment", image, marked(0xfe, 10), "", AssetInfo{wire.MimeJPEG, 3, 2, 1}},
		{"avif with a short meta", image, avif(3, 2, box("meta", []byte{1, 2})), ruleAssetHeader, AssetInfo{}},
		{"webp with bytes behind the last chunk", image, riff(vp8l(3, 2), []byte{1, 2, 3, 4}), ruleAssetHeader, AssetInfo{}},
		{"webp with a short VP8X", image, riff(chunk("VP8X", make([]byte, 6)), vp8l(1, 1)), ruleAssetHeader, AssetInfo{}},
		{"webp with two VP8X", image, riff(vp8x(3, 2), vp8x(3, 2), vp8l(3, 2)), ruleAssetHeader, AssetInfo{}},
		{"webp with two pictures", image, riff(vp8l(3, 2), vp8l(3, 2)), ruleAssetHeader, AssetInfo{}},
		{"webp with a frame and no canvas", image, riff(anmf(3, 2, vp8l(3, 2))), ruleAssetHeader, AssetInfo{}},
		{"woff with most tables", wire.AssetFont, bigWOFF(maxFontTables), "", AssetInfo{Mime: wire.MimeWOFF}},
		{"woff with one table too many", wire.AssetFont, bigWOFF(maxFontTables + 1), ruleFontTables, AssetInfo{}},
		{"woff2 with a size beyond 32 bits", wire.AssetFont, with(with(woff2(16, 100), 49, 0x90, 0x80, 0x80, 0x80, 0), 20, 0, 0, 0, 4), ruleFontTables, AssetInfo{}},
	}
	for _, marker := range []byte{0xd8, 0xd9, 0xd0, 0xd7, 0x00} {
		tests = append(tests, assetTest{"jpeg with a marker that has no segment", image, marked(marker, 4), ruleAssetHeader, AssetInfo{}})
	}
	// A frame header that has a size and nothing behind it, in front of a scan.
	short := []byte("\xff\xd8\xff\xc0\x00\x07\x08\x00\x02\x00\x03\xff\xda\x00\x02\xff\xd9")
	checkAssets(t, append(tests, assetTest{"jpeg with a short frame header", image, short, ruleAssetHeader, AssetInfo{}}))
}
