package sanitizer

import "vitrine/internal/wire"

// checkFont reads the header and the directory of tables of a WOFF or WOFF2 font. The browser's own font sanitiser looks
// at the tables; here it matters that nothing points outside the file or unpacks to more than a font could be.
func checkFont(data []byte) (info AssetInfo, rule string) {
	switch {
	case startsWith(data, "wOF2"):
		info.Mime = wire.MimeWOFF2
		rule = woff2Tables(data)
	case startsWith(data, "wOFF"):
		info.Mime = wire.MimeWOFF
		rule = woffTables(data)
	default:
		return info, ruleAssetType
	}
	if rule != "" {
		return AssetInfo{}, rule
	}
	return info, ""
}

// maxFontTables is how many tables a font may have; real ones have about twenty.
const maxFontTables = 256

// woffTables reads a WOFF file (WOFF 1.0 sections 3 and 4).
func woffTables(data []byte) string {
	const head, entry = 44, 20
	if uint64(be32(data, 8)) != uint64(len(data)) {
		return ruleFontTables
	}
	tables := int(be16(data, 12))
	if tables == 0 || tables > maxFontTables {
		return ruleFontTables
	}
	first := uint64(head + tables*entry)
	total := uint64(12 + 16*tables)
	for i := head; i < head+tables*entry; i += entry {
		offset, packed, size := uint64(be32(data, i+4)), uint64(be32(data, i+8)), uint64(be32(data, i+12))
		// An entry behind the end reads as zeros.
		if offset < first || offset+packed > uint64(len(data)) || packed > size {
			return ruleFontTables
		}
		total += (size + 3) &^ 3
	}
	return fontSize(data, max(total, uint64(be32(data, 16))))
}

// fontSize judges what a font unpacks to.
func fontSize(data []byte, size uint64) string {
	if size > maxFontSize || size > maxFontRatio*uint64(len(data)) {
		return ruleFontSize
	}
	return ""
}

// woff2Tables reads a WOFF2 file (WOFF 2.0 sections 4 and 5). Collections are not shared.
func woff2Tables(data []byte) string {
	const head = 48
	if uint64(be32(data, 8)) != uint64(len(data)) || startsWith(data[4:], "ttcf") {
		return ruleFontTables
	}
	tables := int(be16(data, 12))
	if tables == 0 || tables > maxFontTables {
		return ruleFontTables
	}
	i := head
	total := uint64(12 + 16*tables)
	stream := uint64(0)
	for range tables {
		size, packed, next := woff2Entry(data, i)
		if next < 0 {
			return ruleFontTables
		}
		i = next
		total += (size + 3) &^ 3
		stream += packed
	}
	if uint64(i)+uint64(be32(data, 20)) > uint64(len(data)) {
		return ruleFontTables
	}
	return fontSize(data, max(total, stream, uint64(be32(data, 16))))
}

// woff2Entry reads one entry of the directory: the size of its table as it was and in the packed stream.
func woff2Entry(data []byte, i int) (size, packed uint64, next int) {
	if i >= len(data) {
		return 0, 0, -1
	}
	flags := data[i]
	i++
	glyphs := flags&0x3f == 10 || flags&0x3f == 11 // glyf and loca
	if flags&0x3f == 0x3f {
		glyphs = startsWith(data[i:], "glyf") || startsWith(data[i:], "loca")
		i += 4
	}
	size, i = base128(data, i)
	packed = size
	// Version 0 transforms glyf and loca; for every other table version 0 is none.
	if version := flags >> 6; glyphs && version == 0 || !glyphs && version != 0 {
		packed, i = base128(data, i)
	}
	return size, packed, i
}

// base128 reads a UIntBase128 (WOFF 2.0 section 4.2.1); the place is -1 when there is none.
func base128(data []byte, i int) (uint64, int) {
	v := uint64(0)
	for k := 0; k < 5 && i >= 0 && i+k < len(data); k++ {
		c := data[i+k]
		if k == 0 && c == 0x80 || v>>25 != 0 {
			return 0, -1
		}
		v = v<<7 | uint64(c&0x7f)
		if c&0x80 == 0 {
			return v, i + k + 1
		}
	}
	return 0, -1
}
