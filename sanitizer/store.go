package sanitizer

import (
	"crypto/sha256"
	"slices"

	"vitrine/internal/wire"
)

// The rules by which an asset is refused. Assets that come as they should but may not be shown are answered with Gone
// and are no refusals.
const (
	ruleUnasked = "row36-asset"  // bytes that nobody asked for
	ruleChunk   = "row35-chunk"  // a chunk that does not fit its asset
	ruleHash    = "row29-hash"   // bytes that do not have the announced hash
	ruleOffer   = "row37-assets" // an asset without a name
	ruleKind    = "row29-kind"   // the same bytes offered as two kinds
)

// Assets are the images, fonts and style sheets of a session by the hash of their bytes. It is not safe for use by
// several goroutines.
type Assets struct {
	policy Policy
	named  map[wire.AssetID]*blob
	blobs  map[wire.Hash]*blob
	order  []wire.AssetID // in order of offer, for those who join late
	bytes  int
	let    []Clean // chunks of assets that were let go
	fonts  int     // that were offered since the customer's last connection: of their page
}

// blob is one asset's bytes.
type blob struct {
	hash          wire.Hash // as announced
	kind          wire.AssetKind
	size          uint32 // as announced
	charged       int    // of the store's bytes
	width, height uint32
	got           []bool
	left          int
	data          []byte // as received; let go once it is approved or refused
	chunks        []Clean
	ready         wire.Ready
	names         int // assets that it is
	gone          bool
	reason        wire.GoneReason
	waiting       []wire.AssetID
}

// NewAssets returns an empty store.
func NewAssets(p Policy) *Assets {
	return &Assets{policy: p.withDefaults(), named: map[wire.AssetID]*blob{}, blobs: map[wire.Hash]*blob{}}
}

// Offer notes an asset. want says that its bytes must be asked for; out is what agents are told at once because the
// bytes are known already.
func (a *Assets) Offer(f *wire.Offer) (want bool, out []Clean, r *Refusal) {
	if f.Asset == 0 {
		return false, nil, &Refusal{Rule: ruleOffer}
	}
	b := a.blobs[f.Hash]
	if a.full(f.Asset) || b == nil && len(a.blobs) >= a.policy.MaxAssets {
		// A long session of honest pages gets here, too: what is one too many is shown as missing.
		return false, []Clean{approve(&wire.Gone{Asset: f.Asset, Reason: wire.GoneFull}, 16)}, nil
	}
	switch {
	case b == nil:
		b = &blob{hash: f.Hash, kind: f.Kind, size: f.Size, width: f.Width, height: f.Height}
		if reason, no := a.unwanted(f); no {
			b.gone, b.reason = true, reason
		} else {
			b.charged = int(f.Size)
			a.bytes += b.charged
			b.left = (int(f.Size) + wire.MaxChunk - 1) / wire.MaxChunk
			want = true
		}
		if b.reason != wire.GoneFull {
			a.blobs[f.Hash] = b // else there may be room on another page
		}
	case b.kind != f.Kind || b.size != f.Size:
		return false, nil, &Refusal{Rule: ruleKind}
	}
	a.name(f.Asset, b)
	switch {
	case b.gone:
		out = append(out, approve(&wire.Gone{Asset: f.Asset, Reason: b.reason}, 16))
	case b.chunks != nil:
		out = append(out, b.announce(f.Asset))
	case !slices.Contains(b.waiting, f.Asset):
		b.waiting = append(b.waiting, f.Asset)
	}
	return want, out, nil
}

// name says what an asset is from now on. What it was before is let go when it is nothing else: a canvas is another picture
// twice a second, and all of them together would fill the store.
func (a *Assets) name(id wire.AssetID, b *blob) {
	old := a.named[id]
	if old == b {
		return
	}
	a.named[id] = b
	b.names++
	if old == nil {
		a.order = append(a.order, id)
	} else if old.names--; old.names == 0 {
		a.drop(old)
	}
}

// drop lets go of bytes that no asset is. Bytes that are on their way are let go when they have come.
func (a *Assets) drop(b *blob) {
	if b.left > 0 {
		return
	}
	a.bytes -= b.charged
	a.let = append(a.let, b.chunks...)
	b.charged, b.chunks = 0, nil
	if a.blobs[b.hash] == b {
		delete(a.blobs, b.hash)
	}
}

// Dropped gives the chunks that were let go since the last time. Who has passed none of them on to come wipes them.
func (a *Assets) Dropped() []Clean {
	let := a.let
	a.let = nil
	return let
}

// unwanted says why bytes are not even asked for: what is announced breaks a limit already.
func (a *Assets) unwanted(f *wire.Offer) (reason wire.GoneReason, no bool) {
	if f.Kind == wire.AssetFont {
		if a.fonts++; a.fonts > maxFonts {
			return reasonOf(ruleFonts), true
		}
	}
	switch {
	case f.Size == 0:
		return wire.GoneMissing, true
	case f.Kind == wire.AssetImage && f.Size > maxImageBytes:
		return reasonOf(ruleAssetBytes), true
	case f.Kind == wire.AssetFont && f.Size > maxFontBytes:
		return reasonOf(ruleFontBytes), true
	case a.bytes+int(f.Size) > a.policy.MaxAssetBytes:
		return wire.GoneFull, true
	}
	return 0, false
}

// full says whether there is no room for another name.
func (a *Assets) full(id wire.AssetID) bool {
	return a.named[id] == nil && len(a.named) >= a.policy.MaxAssets
}

func (b *blob) announce(id wire.AssetID) Clean {
	f := b.ready
	f.Asset = id
	return approve(&f, 64)
}

// Gone notes that an asset cannot be shown.
func (a *Assets) Gone(f *wire.Gone) (Clean, *Refusal) {
	if f.Asset == 0 {
		return Clean{}, &Refusal{Rule: ruleOffer}
	}
	if a.full(f.Asset) {
		return approve(f, 16), nil
	}
	a.name(f.Asset, &blob{gone: true, reason: f.Reason})
	return approve(f, 16), nil
}

// Chunk takes a part of an asset. After the last one, out is what agents are told: that the asset is ready, and its
// approved bytes; or that it is gone, when the bytes are not what may be shown.
func (a *Assets) Chunk(f *wire.Chunk) (out []Clean, r *Refusal) {
	b := a.blobs[f.Hash]
	if b == nil || b.left == 0 {
		return nil, &Refusal{Rule: ruleUnasked}
	}
	count := (int(b.size) + wire.MaxChunk - 1) / wire.MaxChunk
	at := int(f.Index) * wire.MaxChunk
	if int(f.Count) != count || int(f.Index) >= count || len(f.Data) != min(wire.MaxChunk, int(b.size)-at) {
		return nil, &Refusal{Rule: ruleChunk}
	}
	if b.data == nil {
		b.data, b.got = make([]byte, b.size), make([]bool, count)
	}
	if b.got[f.Index] {
		return nil, &Refusal{Rule: ruleChunk}
	}
	copy(b.data[at:], f.Data)
	b.got[f.Index] = true
	if b.left--; b.left > 0 {
		return nil, nil
	}
	if sha256.Sum256(b.data) != b.hash {
		a.lose(b, wire.GoneRule)
		r = &Refusal{Rule: ruleHash}
	} else {
		a.judge(b)
	}
	if b.names == 0 {
		a.drop(b)
		return nil, r
	}
	for _, id := range b.waiting {
		if a.named[id] != b {
			continue // it is something else by now
		}
		if b.gone {
			out = append(out, approve(&wire.Gone{Asset: id, Reason: b.reason}, 16))
		} else {
			out = append(out, b.announce(id))
		}
	}
	b.waiting = nil
	return append(out, b.chunks...), r
}

// Restart forgets assets whose bytes have not all come. The rest of them will not: they were asked for on a connection
// that is gone, and whoever comes back offers everything anew.
func (a *Assets) Restart() {
	a.fonts = 0
	for hash, b := range a.blobs {
		if b.left == 0 {
			continue
		}
		clear(b.data)
		b.data, b.got, b.left, b.waiting = nil, nil, 0, nil
		a.bytes -= b.charged
		b.charged = 0
		delete(a.blobs, hash)
	}
}

func (a *Assets) lose(b *blob, reason wire.GoneReason) {
	clear(b.data)
	b.data, b.got, b.gone, b.reason = nil, nil, true, reason
	a.bytes -= b.charged
	b.charged = 0
}

// judge approves an asset's bytes or loses them.
func (a *Assets) judge(b *blob) {
	data := b.data
	ready := wire.Ready{Kind: b.kind, Width: b.width, Height: b.height, Hash: b.hash}
	var info AssetInfo
	var rule string
	var write func(dst, data []byte) ([]byte, AssetInfo, string)
	switch {
	case b.kind == wire.AssetSheet:
		write = writeSheet
	case b.kind == wire.AssetImage && isMarkup(data):
		write = a.writeSVG
	}
	if write == nil {
		info, rule = CheckAsset(b.kind, data)
	} else {
		data, info, rule = a.rewrite(b, write)
		ready.Hash = sha256.Sum256(data)
	}
	if rule != "" {
		a.lose(b, reasonOf(rule))
		return
	}
	ready.Mime = info.Mime
	if info.Width > 0 && info.Height > 0 {
		ready.Width, ready.Height = info.Width, info.Height
	}
	ready.Size = uint32(len(data))
	b.ready = ready
	count := (len(data) + wire.MaxChunk - 1) / wire.MaxChunk
	for i := range count {
		part := data[i*wire.MaxChunk : min(len(data), (i+1)*wire.MaxChunk)]
		b.chunks = append(b.chunks, approve(&wire.Chunk{Hash: ready.Hash, Index: uint32(i), Count: uint32(count), Data: part}, len(part)+48))
	}
	clear(data)
	b.data, b.got = nil, nil
}

// writeSheet writes a style sheet anew. One of which nothing is left is a sheet all the same: viewers wait for it.
func writeSheet(dst, data []byte) (out []byte, info AssetInfo, rule string) {
	out, ok := AppendSheet(dst, data)
	if !ok {
		return out, info, ruleSheet
	}
	if len(out) == 0 {
		out = append(out, '\n')
	}
	return out, AssetInfo{Mime: wire.MimeCSS}, ""
}

// writeSVG writes a vector image anew.
func (a *Assets) writeSVG(dst, data []byte) (out []byte, info AssetInfo, rule string) {
	return appendSVG(dst, data, a.policy.Detect)
}

// rewrite writes an asset anew and charges what it grew by, because escapes and marks make it longer.
func (a *Assets) rewrite(b *blob, write func(dst, data []byte) ([]byte, AssetInfo, string)) (out []byte, info AssetInfo, rule string) {
	// Room enough for nearly all of them: what append leaves behind when it moves on is not overwritten.
	room := make([]byte, 0, 2*len(b.data)+64)
	out, info, rule = write(room, b.data)
	if rule != "" || len(out) > cap(room) {
		clear(room[:cap(room)])
	}
	more := max(len(out)-b.charged, 0)
	if rule == "" && a.bytes+more > a.policy.MaxAssetBytes {
		rule = ruleFull
	}
	if rule != "" {
		clear(out)
		return nil, info, rule
	}
	a.bytes, b.charged = a.bytes+more, b.charged+more
	clear(b.data)
	return out, info, ""
}

// All gives everything that an agent who joins now must be told, the announcements first and style sheets before images.
func (a *Assets) All(yield func(Clean) bool) {
	for _, id := range a.order {
		b := a.named[id]
		c := Clean{}
		switch {
		case b.gone:
			c = approve(&wire.Gone{Asset: id, Reason: b.reason}, 16)
		case b.chunks != nil:
			c = b.announce(id)
		default:
			continue
		}
		if !yield(c) {
			return
		}
	}
	seen := map[*blob]bool{}
	for _, sheets := range []bool{true, false} {
		for _, id := range a.order {
			b := a.named[id]
			if seen[b] || (b.kind == wire.AssetSheet) != sheets {
				continue
			}
			seen[b] = true
			for _, c := range b.chunks {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// Bytes is how many bytes of assets are held, or will be when all that was announced has come.
func (a *Assets) Bytes() int { return a.bytes }

// Wipe overwrites and forgets all assets.
func (a *Assets) Wipe() {
	for _, c := range a.let {
		c.Wipe()
	}
	for _, b := range a.blobs {
		clear(b.data)
		for _, c := range b.chunks {
			c.Wipe()
		}
	}
	*a = Assets{policy: a.policy, named: map[wire.AssetID]*blob{}, blobs: map[wire.Hash]*blob{}}
}
