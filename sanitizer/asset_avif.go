package sanitizer

// avifBoxes is how deep boxes are looked into: meta, iprp, ipco, ispe; and moov, trak, mdia, minf, stbl, stsz.
const avifBoxes = 8

// avifScan gathers what the boxes of an AVIF (ISO/IEC 14496-12 and 23008-12) say.
type avifScan struct {
	width, height uint32 // the largest of all pictures and tracks
	frames        uint32
	brand         bool
	picture       bool // pixel data is announced
	boxes         int
}

// maxAVIFBoxes is how many boxes a file may have.
const maxAVIFBoxes = 4096

// avifInfo walks the boxes of an AVIF. The largest size found anywhere is judged, because items may be combined.
func avifInfo(info *AssetInfo, data []byte) string {
	var s avifScan
	if !s.walk(data, 0) || !s.brand || !s.picture {
		if !s.brand {
			return ruleAssetType
		}
		return ruleAssetHeader
	}
	info.Width, info.Height, info.Frames = s.width, s.height, max(s.frames, 1)
	return ""
}

// avifContainers are the boxes that hold boxes, and how many bytes of their own stand before those.
var avifContainers = []struct {
	name string
	skip int
}{{"meta", 4}, {"iprp", 0}, {"ipco", 0}, {"moov", 0}, {"trak", 0}, {"mdia", 0}, {"minf", 0}, {"stbl", 0}}

// walk reads the boxes in data.
func (s *avifScan) walk(data []byte, depth int) bool {
	for i := 0; i < len(data); {
		s.boxes++
		if depth > avifBoxes || s.boxes > maxAVIFBoxes {
			return false
		}
		size, head := uint64(be32(data, i)), 8
		switch size {
		case 0:
			size = uint64(len(data) - i)
		case 1:
			size, head = uint64(be32(data, i+8))<<32|uint64(be32(data, i+12)), 16
		}
		if size < uint64(head) || size > uint64(len(data)-i) {
			return false
		}
		body := data[i+head : i+int(size)]
		if !s.box(data[i+4:i+8], body, depth) {
			return false
		}
		i += int(size)
	}
	return true
}

func (s *avifScan) box(name, body []byte, depth int) bool {
	switch {
	case startsWith(name, "ftyp"):
		for i := 0; i+4 <= len(body); i += 4 {
			if i != 4 && (startsWith(body[i:], "avif") || startsWith(body[i:], "avis")) {
				s.brand = true
			}
		}
	case startsWith(name, "ispe"):
		s.size(be32(body, 4), be32(body, 8))
	case startsWith(name, "tkhd"):
		if n := len(body); n >= 8 {
			s.size(be32(body, n-8)>>16, be32(body, n-4)>>16)
		}
	case startsWith(name, "stsz"):
		s.frames = max(s.frames, be32(body, 8))
	case startsWith(name, "mdat"), startsWith(name, "idat"):
		s.picture = true
	}
	for _, c := range avifContainers {
		if startsWith(name, c.name) {
			return len(body) >= c.skip && s.walk(body[c.skip:], depth+1)
		}
	}
	return true
}

func (s *avifScan) size(width, height uint32) {
	s.width, s.height = max(s.width, width), max(s.height, height)
}
