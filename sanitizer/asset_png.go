package sanitizer

// pngInfo walks the chunks of a PNG (PNG Third Edition section 5): IHDR first, IEND last and nothing behind it. acTL says
// how many frames an animation has.
func pngInfo(info *AssetInfo, data []byte) string {
	const head = 8
	if be32(data, head) != 13 || !startsWith(data[min(head+4, len(data)):], "IHDR") {
		return ruleAssetHeader
	}
	info.Width, info.Height, info.Frames = be32(data, head+8), be32(data, head+12), 1
	controls := uint32(0)
	for i := head; ; {
		size := int64(be32(data, i))
		if size > int64(len(data)-i-12) { // or nothing is left at all
			return ruleAssetHeader
		}
		name := data[i+4 : i+8]
		switch {
		case startsWith(name, "acTL"):
			info.Frames = max(info.Frames, be32(data, i+8))
		case startsWith(name, "fcTL"):
			controls++
		}
		i += 12 + int(size)
		if startsWith(name, "IEND") {
			info.Frames = max(info.Frames, controls)
			if i != len(data) {
				return ruleAssetAfter
			}
			return ""
		}
	}
}

// gifInfo walks the blocks of a GIF (GIF89a specification, appendix B) up to the trailer, counting frames. Frames may not
// lie outside the screen.
func gifInfo(info *AssetInfo, data []byte) string {
	if len(data) < 13 {
		return ruleAssetHeader
	}
	info.Width, info.Height = le16(data, 6), le16(data, 8)
	i := 13 + colourTable(data[10])
	for i < len(data) {
		switch data[i] {
		case 0x3b:
			if info.Frames == 0 {
				return ruleAssetHeader
			}
			if i+1 != len(data) {
				return ruleAssetAfter
			}
			return ""
		case 0x21:
			i = subBlocks(data, i+2)
		case 0x2c:
			if i+10 > len(data) || le16(data, i+1)+le16(data, i+5) > info.Width || le16(data, i+3)+le16(data, i+7) > info.Height {
				return ruleAssetHeader
			}
			info.Frames++
			i = subBlocks(data, i+10+colourTable(data[i+9])+1)
		default:
			return ruleAssetHeader
		}
		if i < 0 {
			return ruleAssetHeader
		}
	}
	return ruleAssetHeader
}

// colourTable returns the size of the colour table that the flags of a GIF announce.
func colourTable(flags byte) int {
	if flags&0x80 == 0 {
		return 0
	}
	return 3 << (flags&7 + 1)
}

// subBlocks returns the place behind the chain of sub-blocks at i, or -1 when it does not end.
func subBlocks(data []byte, i int) int {
	for i < len(data) {
		size := int(data[i])
		i += 1 + size
		if size == 0 {
			return i
		}
	}
	return -1
}
