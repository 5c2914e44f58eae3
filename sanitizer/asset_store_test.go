package sanitizer_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"testing"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
)

// give offers an asset, sends its bytes when they are wanted, and returns what agents are told.
func give(t *testing.T, a *sanitizer.Assets, id wire.AssetID, kind wire.AssetKind, data []byte) (wanted bool, frames []wire.ToAgent) {
	t.Helper()
	wanted, out, r := a.Offer(offer(id, kind, data))
	if r != nil {
		t.Fatal(r)
	}
	if wanted {
		for _, c := range chunks(data) {
			if out, r = a.Chunk(c); r != nil {
				t.Fatal(r)
			}
		}
	}
	return wanted, told(t, out)
}

// fontOf is a WOFF2 of one table, a different one for each number.
func fontOf(number byte) []byte {
	b := make([]byte, 48+2+8)
	copy(b, "wOF2\x00\x01\x00\x00")
	binary.BigEndian.PutUint32(b[8:], uint32(len(b)))
	binary.BigEndian.PutUint16(b[12:], 1)
	binary.BigEndian.PutUint32(b[16:], 100)
	binary.BigEndian.PutUint32(b[20:], 8)
	b[48], b[49], b[57] = 1, 16, number
	return b
}

// TestThreat31_FontsOfPage holds that a page has 32 fonts, that the next is not even asked for, and that the next page has
// as many again.
func TestThreat31_FontsOfPage(t *testing.T) {
	a := sanitizer.NewAssets(sanitizer.Policy{})
	for page := range 2 {
		for i := range 40 {
			number := byte(40*page + i)
			wanted, frames := give(t, a, wire.AssetID(number)+1, wire.AssetFont, fontOf(number))
			if wanted != (i < 32) || len(frames) == 0 {
				t.Fatalf("page %d, font %d: wanted %v", page, i, wanted)
			}
			if gone, ok := frames[0].(*wire.Gone); ok != (i >= 32) || ok && gone.Reason != wire.GoneFull {
				t.Fatalf("page %d, font %d: told as gone %v", page, i, ok)
			}
		}
		if wanted, _ := give(t, a, 1000+wire.AssetID(page), wire.AssetImage, somePNG(t, page+1)); !wanted {
			t.Error("images count as fonts")
		}
		a.Restart()
	}
	if wanted, _ := give(t, a, 33, wire.AssetFont, fontOf(39)); !wanted {
		t.Error("a font that was one too many is one for ever")
	}
}

// TestThreat28_Reasons holds what agents are told about what they cannot see.
func TestThreat28_Reasons(t *testing.T) {
	wide, animated, cut := somePNG(t, 9), bytes.Buffer{}, somePNG(t, 9)
	binary.BigEndian.PutUint32(wide[16:], 16385)
	moving := gif.GIF{}
	for range 101 {
		moving.Image = append(moving.Image, image.NewPaletted(image.Rect(0, 0, 1000, 1000), color.Palette{color.Black}))
		moving.Delay = append(moving.Delay, 1)
	}
	if err := gif.EncodeAll(&animated, &moving); err != nil {
		t.Fatal(err)
	}
	bomb := fontOf(1)
	binary.BigEndian.PutUint32(bomb[16:], 17<<20)
	broken := fontOf(2)
	broken[13] = 0
	loop := []byte(`<svg xmlns="http://www.w3.org/2000/svg"><use id="a" href="#a"/></svg>`)
	for name, v := range map[string]struct {
		kind   wire.AssetKind
		data   []byte
		reason wire.GoneReason
	}{
		"too wide":          {wire.AssetImage, wide, wire.GoneSize},
		"too many frames":   {wire.AssetImage, animated.Bytes(), wire.GoneFrames},
		"cut short":         {wire.AssetImage, cut[:len(cut)-9], wire.GoneDamaged},
		"something behind":  {wire.AssetImage, append(bytes.Clone(cut), "<html>"...), wire.GoneDamaged},
		"not a picture":     {wire.AssetImage, []byte("BM0000000000000"), wire.GoneType},
		"html":              {wire.AssetImage, []byte("<!doctype html><p>"), wire.GoneDamaged},
		"html of XML":       {wire.AssetImage, []byte(`<html xmlns="http://www.w3.org/1999/xhtml"/>`), wire.GoneType},
		"broken vector":     {wire.AssetImage, []byte("<svg"), wire.GoneDamaged},
		"vector that grows": {wire.AssetImage, loop, wire.GoneExpands},
		"font bomb":         {wire.AssetFont, bomb, wire.GoneExpands},
		"broken font":       {wire.AssetFont, broken, wire.GoneDamaged},
		"no font":           {wire.AssetFont, somePNG(t, 3), wire.GoneType},
	} {
		a := sanitizer.NewAssets(sanitizer.Policy{})
		wanted, frames := give(t, a, 1, v.kind, v.data)
		gone, ok := frames[0].(*wire.Gone)
		if !wanted || len(frames) != 1 || !ok || gone.Reason != v.reason {
			t.Errorf("%s: told %d frames, %v", name, len(frames), frames[0])
		}
		if a.Bytes() != 0 {
			t.Errorf("%s: %d bytes are charged", name, a.Bytes())
		}
		if wanted, again := give(t, a, 2, v.kind, v.data); wanted || len(again) != 1 {
			t.Errorf("%s: asked for again", name)
		}
	}
	for name, v := range map[string]struct {
		kind   wire.AssetKind
		size   uint32
		reason wire.GoneReason
	}{
		"no bytes":    {wire.AssetImage, 0, wire.GoneMissing},
		"large image": {wire.AssetImage, 8<<20 + 1, wire.GoneTooBig},
		"large font":  {wire.AssetFont, 2<<20 + 1, wire.GoneTooBig},
		"large sheet": {wire.AssetSheet, 12 << 20, wire.GoneFull},
	} {
		a := sanitizer.NewAssets(sanitizer.Policy{MaxAssetBytes: 10 << 20})
		want, out, r := a.Offer(&wire.Offer{Asset: 1, Kind: v.kind, Hash: wire.Hash{1}, Size: v.size})
		if gone, ok := told(t, out)[0].(*wire.Gone); want || r != nil || !ok || gone.Reason != v.reason || a.Bytes() != 0 {
			t.Errorf("%s: wanted %v, %v", name, want, r)
		}
	}
}

// TestThreat29_VectorImages holds that a vector image reaches agents as the server wrote it, under the hash of that, and is
// charged for it.
func TestThreat29_VectorImages(t *testing.T) {
	a := sanitizer.NewAssets(sanitizer.Policy{})
	data := []byte("\ufeff <svg xmlns='http://www.w3.org/2000/svg' width='30' height='20' onload='x'><script>x</script><rect width='3'/></svg>")
	want := []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"><rect width="3"/></svg>`)
	_, frames := give(t, a, 1, wire.AssetImage, data)
	if len(frames) != 2 {
		t.Fatalf("%d frames", len(frames))
	}
	ready, ok := frames[0].(*wire.Ready)
	if !ok || ready.Mime != wire.MimeSVG || ready.Width != 30 || ready.Height != 20 || ready.Hash != sha256.Sum256(want) || int(ready.Size) != len(want) {
		t.Errorf("told %v", frames[0])
	}
	if c, ok := frames[1].(*wire.Chunk); !ok || !bytes.Equal(c.Data, want) {
		t.Error("other bytes are sent")
	}
	if _, frames := give(t, a, 2, wire.AssetFont, data[1:]); frames[0].(*wire.Gone).Reason != wire.GoneType {
		t.Error("a vector image passes as a font")
	}
}

// TestThreat24_SheetsAreJudgedOnce holds that a sheet with the same bytes is neither asked for nor judged again in a
// session, whatever it is called and on whichever page it stands.
func TestThreat24_SheetsAreJudgedOnce(t *testing.T) {
	a := sanitizer.NewAssets(sanitizer.Policy{})
	data := []byte("a{color:red;behavior:url(x)}")
	wanted, first := give(t, a, 1, wire.AssetSheet, data)
	if !wanted || len(first) != 2 {
		t.Fatal(wanted, len(first))
	}
	charged := a.Bytes()
	for id := wire.AssetID(2); id < 50; id++ {
		if id%10 == 0 {
			a.Restart()
		}
		wanted, frames := give(t, a, id, wire.AssetSheet, data)
		if wanted || len(frames) != 1 || frames[0].(*wire.Ready).Hash != first[0].(*wire.Ready).Hash || frames[0].(*wire.Ready).Asset != id {
			t.Fatalf("sheet %d: wanted %v, told %d frames", id, wanted, len(frames))
		}
		if _, r := a.Chunk(chunks(data)[0]); r == nil || r.Rule != "row36-asset" {
			t.Fatal("bytes that nobody asked for are judged")
		}
	}
	if a.Bytes() != charged {
		t.Errorf("charged for %d bytes, then for %d", charged, a.Bytes())
	}
}

// TestThreat29_OffersAndChunks holds the corners of what is announced: bytes under two sizes, a piece behind the last one, a
// sheet that is too long, and that a late agent hears of what is missing.
func TestThreat29_OffersAndChunks(t *testing.T) {
	full := sanitizer.NewAssets(sanitizer.Policy{MaxAssets: 1})
	if wanted, _ := give(t, full, 1, wire.AssetImage, somePNG(t, 3)); !wanted {
		t.Fatal("not wanted")
	}
	if _, frames := give(t, full, 2, wire.AssetImage, somePNG(t, 3)); len(frames) != 1 || frames[0].(*wire.Gone).Reason != wire.GoneFull {
		t.Error("known bytes under one name too many")
	}
	a := sanitizer.NewAssets(sanitizer.Policy{})
	data := make([]byte, 2*wire.MaxChunk)
	f := offer(1, wire.AssetImage, data)
	a.Offer(f)
	f.Size++
	if _, _, r := a.Offer(f); r == nil || r.Rule != "row29-kind" {
		t.Errorf("another size: %v", r)
	}
	if _, r := a.Chunk(&wire.Chunk{Hash: sha256.Sum256(data), Index: 2, Count: 2}); r == nil || r.Rule != "row35-chunk" {
		t.Errorf("a piece behind the last: %v", r)
	}
	if _, frames := give(t, a, 2, wire.AssetSheet, bytes.Repeat([]byte("a{}\n"), 1<<19+1)); frames[0].(*wire.Gone).Reason != wire.GoneRule {
		t.Error("a sheet of more than 2 MiB is shown")
	}
	var late []sanitizer.Clean
	a.All(func(c sanitizer.Clean) bool { late = append(late, c); return true })
	if frames := told(t, late); len(frames) != 1 || frames[0].(*wire.Gone).Asset != 2 || frames[0].(*wire.Gone).Reason != wire.GoneRule {
		t.Errorf("a late agent is told %d things", len(frames))
	}
}

// TestThreat37_Renamed holds that an asset which becomes other bytes again and again, as a canvas does, fills nothing: what
// it was is let go, with chunks that come late, and what is another asset as well stays.
func TestThreat37_Renamed(t *testing.T) {
	a := sanitizer.NewAssets(sanitizer.Policy{})
	kept := somePNG(t, 3)
	give(t, a, 1, wire.AssetImage, kept)
	give(t, a, 2, wire.AssetImage, kept)
	held := 0
	for i := range 200 {
		if wanted, _ := give(t, a, 2, wire.AssetImage, somePNG(t, 4+i)); !wanted {
			t.Fatalf("picture %d is not asked for", i)
		}
		for _, c := range a.Dropped() {
			held++
			c.Wipe()
		}
	}
	if want := len(kept) + len(somePNG(t, 203)); a.Bytes() != want || held != 199 {
		t.Errorf("%d bytes are held, want %d; %d chunks were let go", a.Bytes(), want, held)
	}
	if wanted, _ := give(t, a, 3, wire.AssetImage, kept); wanted {
		t.Error("what another asset is was let go as well")
	}
	// Bytes that were asked for and come after the asset is something else are no fault of the page.
	late := somePNG(t, 300)
	if wanted, _, r := a.Offer(offer(2, wire.AssetImage, late)); !wanted || r != nil {
		t.Fatal(wanted, r)
	}
	give(t, a, 2, wire.AssetImage, kept)
	for _, c := range chunks(late) {
		if out, r := a.Chunk(c); len(out) != 0 || r != nil {
			t.Errorf("late bytes: %d frames, %v", len(out), r)
		}
	}
	if a.Bytes() != len(kept) {
		t.Errorf("%d bytes are held, want %d", a.Bytes(), len(kept))
	}
	a.Restart()
	a.Wipe()
	if a.Bytes() != 0 {
		t.Error("bytes are left")
	}
}
