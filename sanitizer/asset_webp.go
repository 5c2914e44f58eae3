package sanitizer

// webpInfo walks the chunks of a WebP (RFC 9649). The size of the canvas comes from VP8X, VP8L or VP8, whichever is first,
// and every picture in the file must fit it.
func webpInfo(info *AssetInfo, data []byte) string {
	size := int64(le32(data, 4)) + 8
	if size > int64(len(data)) || size < 12 {
		return ruleAssetHeader
	}
	if size+size&1 < int64(len(data)) {
		return ruleAssetAfter
	}
	data = data[:size]
	i := 12
	for i+8 <= len(data) {
		n := int64(le32(data, i+4))
		if n > int64(len(data)-i-8) {
			return ruleAssetHeader
		}
		body := data[i+8 : i+8+int(n)]
		if rule := webpChunk(info, data[i:i+4], body); rule != "" {
			return rule
		}
		i += 8 + int(n+n&1)
	}
	if i < len(data) || info.Frames == 0 {
		return ruleAssetHeader
	}
	return ""
}

// webpChunk reads one chunk.
func webpChunk(info *AssetInfo, name, body []byte) string {
	switch {
	case startsWith(name, "VP8X"):
		if len(body) < 10 || info.Width != 0 {
			return ruleAssetHeader
		}
		info.Width, info.Height = le24(body, 4)+1, le24(body, 7)+1
	case startsWith(name, "ANMF"):
		if len(body) < 24 {
			return ruleAssetHeader
		}
		x, y, w, h := 2*le24(body, 0), 2*le24(body, 3), le24(body, 6)+1, le24(body, 9)+1
		if x+w > info.Width || y+h > info.Height {
			return ruleAssetHeader
		}
		info.Frames++
		return webpFrame(body[16:], w, h)
	case startsWith(name, "VP8 "), startsWith(name, "VP8L"):
		w, h, ok := webpSize(name, body)
		if !ok || info.Width != 0 && (w != info.Width || h != info.Height) || info.Frames != 0 {
			return ruleAssetHeader
		}
		info.Width, info.Height, info.Frames = w, h, 1
	}
	return ""
}

// webpFrame walks the chunks of one frame of an animation; its picture must be of the size that the frame says.
func webpFrame(data []byte, width, height uint32) string {
	for i := 0; i+8 <= len(data); {
		n := int64(le32(data, i+4))
		if n > int64(len(data)-i-8) {
			return ruleAssetHeader
		}
		name := data[i : i+4]
		if startsWith(name, "VP8 ") || startsWith(name, "VP8L") {
			if w, h, _ := webpSize(name, data[i+8:i+8+int(n)]); w != width || h != height {
				return ruleAssetHeader
			}
		}
		i += 8 + int(n+n&1)
	}
	return ""
}

// webpSize reads the size of a picture: RFC 6386 section 9.1 for VP8, RFC 9649 section 3.4 for VP8L.
func webpSize(name, body []byte) (width, height uint32, ok bool) {
	if startsWith(name, "VP8L") {
		if len(body) < 5 || body[0] != 0x2f {
			return 0, 0, false
		}
		bits := le32(body, 1)
		return bits&0x3fff + 1, bits>>14&0x3fff + 1, true
	}
	if len(body) < 10 || body[0]&1 != 0 || body[3] != 0x9d || body[4] != 0x01 || body[5] != 0x2a {
		return 0, 0, false
	}
	return le16(body, 6) & 0x3fff, le16(body, 8) & 0x3fff, true
}
