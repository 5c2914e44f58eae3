package sanitizer

import (
	"encoding/binary"

	"vitrine/internal/wire"
)

// Limits of threat rows 28 and 31.
const (
	maxImageBytes  = 8 << 20
	maxImageSide   = 16384
	maxImageArea   = 25_000_000
	maxImageFrames = 100_000_000 // area of all frames together
	maxFontBytes   = 2 << 20
	maxFontSize    = 16 << 20 // of a font as it says it unpacks to
	maxFontRatio   = 30
	maxFonts       = 32 // of a page
)

// The rules by which an asset is refused. Rules that start with "row" and a number are named after the threat they answer.
const (
	ruleAssetBytes  = "row28-bytes"      // too many bytes
	ruleAssetSide   = "row28-dimensions" // too wide, too high, or nothing at all
	ruleAssetFrames = "row28-frames"     // an animation of too many or too large frames
	ruleAssetType   = "row29-type"       // not a type that is shared
	ruleAssetHeader = "row29-header"     // the header says one thing and the bytes another, or they end too early
	ruleAssetAfter  = "row29-trailing"   // something stands behind the end
	ruleFontBytes   = "row31-bytes"      // too many bytes
	ruleFontTables  = "row31-tables"     // the directory of tables does not fit the bytes
	ruleFontSize    = "row31-size"       // it would unpack to too much
	ruleFonts       = "row31-fonts"      // a font too many
	ruleSheet       = "row24-sheet"      // a style sheet that is too long, or not UTF-8
	ruleFull        = "row37-full"       // no room in the session
)

// reasonOf is what agents are told about a rule.
func reasonOf(rule string) wire.GoneReason {
	switch rule {
	case ruleAssetBytes, ruleFontBytes:
		return wire.GoneTooBig
	case ruleAssetSide:
		return wire.GoneSize
	case ruleAssetFrames:
		return wire.GoneFrames
	case ruleAssetType:
		return wire.GoneType
	case ruleAssetHeader, ruleAssetAfter, ruleFontTables, ruleSVGForm:
		return wire.GoneDamaged
	case ruleFontSize, ruleSVGDrawn, ruleSVGNodes:
		return wire.GoneExpands
	case ruleFonts, ruleFull:
		return wire.GoneFull
	}
	return wire.GoneRule
}

// AssetInfo is what the bytes of an asset say about it. Width, Height and Frames are of images.
type AssetInfo struct {
	Mime   wire.Mime
	Width  uint32
	Height uint32
	Frames uint32
}

// CheckAsset finds the type of an image or font by its bytes and judges what its header says, without unpacking anything.
// The rule is empty when the asset may be passed on. Trailing bytes are refused, so that a file is of one type only
// (threat row 29). A style sheet is not judged here: AppendSheet writes it anew.
func CheckAsset(kind wire.AssetKind, data []byte) (info AssetInfo, rule string) {
	switch kind {
	case wire.AssetImage:
		if len(data) > maxImageBytes {
			return info, ruleAssetBytes
		}
		return checkImage(data)
	case wire.AssetFont:
		if len(data) > maxFontBytes {
			return info, ruleFontBytes
		}
		return checkFont(data)
	}
	return info, ruleAssetType
}

func checkImage(data []byte) (info AssetInfo, rule string) {
	switch {
	case startsWith(data, "\x89PNG\r\n\x1a\n"):
		info.Mime = wire.MimePNG
		rule = pngInfo(&info, data)
	case startsWith(data, "\xff\xd8\xff"):
		info.Mime = wire.MimeJPEG
		rule = jpegInfo(&info, data)
	case startsWith(data, "GIF87a"), startsWith(data, "GIF89a"):
		info.Mime = wire.MimeGIF
		rule = gifInfo(&info, data)
	case startsWith(data, "RIFF") && len(data) >= 12 && startsWith(data[8:], "WEBP"):
		info.Mime = wire.MimeWebP
		rule = webpInfo(&info, data)
	case len(data) >= 12 && startsWith(data[4:], "ftyp"):
		info.Mime = wire.MimeAVIF
		rule = avifInfo(&info, data)
	default:
		return info, ruleAssetType
	}
	if rule != "" {
		return AssetInfo{}, rule
	}
	area := uint64(info.Width) * uint64(info.Height)
	switch {
	case area == 0 || info.Width > maxImageSide || info.Height > maxImageSide || area > maxImageArea:
		return AssetInfo{}, ruleAssetSide
	case info.Frames > 1 && area*uint64(info.Frames) > maxImageFrames:
		return AssetInfo{}, ruleAssetFrames
	}
	return info, ""
}

// be32 reads a 32-bit number at i, most significant byte first; 0 behind the end.
func be32(b []byte, i int) uint32 {
	if i < 0 || i+4 > len(b) {
		return 0
	}
	return binary.BigEndian.Uint32(b[i:])
}

func be16(b []byte, i int) uint32 {
	if i < 0 || i+2 > len(b) {
		return 0
	}
	return uint32(binary.BigEndian.Uint16(b[i:]))
}

func le16(b []byte, i int) uint32 {
	if i < 0 || i+2 > len(b) {
		return 0
	}
	return uint32(binary.LittleEndian.Uint16(b[i:]))
}

func le24(b []byte, i int) uint32 {
	if i < 0 || i+3 > len(b) {
		return 0
	}
	return uint32(b[i]) | uint32(b[i+1])<<8 | uint32(b[i+2])<<16
}

func le32(b []byte, i int) uint32 {
	if i < 0 || i+4 > len(b) {
		return 0
	}
	return binary.LittleEndian.Uint32(b[i:])
}
