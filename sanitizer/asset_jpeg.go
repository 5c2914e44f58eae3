package sanitizer

// jpegInfo walks the segments of a JPEG (ITU-T T.81 annex B) to its end. Cameras put further whole images behind the
// first (the previews of a multi-picture file, the gain map of a bright one): those are walked too, and nothing else may
// stand there but padding.
func jpegInfo(info *AssetInfo, data []byte) string {
	var extra AssetInfo
	for {
		end, rule := jpegImage(info, data)
		if rule != "" {
			return rule
		}
		data = data[end:]
		for len(data) > 0 && (data[0] == 0 || data[0] == 0xff && !startsWith(data, "\xff\xd8")) {
			data = data[1:]
		}
		if len(data) == 0 {
			return ""
		}
		if !startsWith(data, "\xff\xd8\xff") {
			return ruleAssetAfter
		}
		extra = AssetInfo{}
		info = &extra
	}
}

// jpegImage walks one image and returns where it ends. There must be one frame header, before the first scan.
func jpegImage(info *AssetInfo, data []byte) (end int, rule string) {
	i := 2
	for {
		for i < len(data) && data[i] == 0xff && i+1 < len(data) && data[i+1] == 0xff {
			i++
		}
		if i+4 > len(data) || data[i] != 0xff {
			return 0, ruleAssetHeader
		}
		marker := data[i+1]
		if marker == 0xd8 || marker == 0xd9 || marker == 0 || 0xd0 <= marker && marker <= 0xd7 {
			return 0, ruleAssetHeader
		}
		size := int(be16(data, i+2))
		if size < 2 {
			return 0, ruleAssetHeader
		}
		switch {
		case marker == 0xda:
			if info.Frames == 0 {
				return 0, ruleAssetHeader
			}
			return jpegEnd(data, i+2+size)
		case 0xc0 <= marker && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc:
			if size < 8 || info.Frames != 0 {
				return 0, ruleAssetHeader
			}
			info.Height, info.Width, info.Frames = be16(data, i+5), be16(data, i+7), 1
		}
		i += 2 + size
	}
}

// jpegEnd looks for the end of the image whose first scan's data is at i. Segments between scans are skipped whole.
func jpegEnd(data []byte, i int) (end int, rule string) {
	for i+1 < len(data) {
		if data[i] != 0xff {
			i++
			continue
		}
		switch marker := data[i+1]; {
		case marker == 0xd9:
			return i + 2, ""
		case marker == 0 || 0xd0 <= marker && marker <= 0xd7:
			i += 2
		case marker == 0xff:
			i++
		case 0xc0 <= marker && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc:
			return 0, ruleAssetHeader // a second frame header could be larger than the one that was judged
		default:
			i += 2 + max(int(be16(data, i+2)), 2)
		}
	}
	return 0, ruleAssetHeader
}
