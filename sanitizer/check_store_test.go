package sanitizer_test

import (
	"bytes"
	"crypto/sha256"
	"image"
	"image/png"
	"strings"
	"testing"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
)

func somePNG(t testing.TB, side int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, side, side))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func offer(id wire.AssetID, kind wire.AssetKind, data []byte) *wire.Offer {
	return &wire.Offer{Asset: id, Kind: kind, Hash: sha256.Sum256(data), Size: uint32(len(data))}
}

// chunks cuts an asset as a customer's browser does.
func chunks(data []byte) (list []*wire.Chunk) {
	count := (len(data) + wire.MaxChunk - 1) / wire.MaxChunk
	for i := range count {
		list = append(list, &wire.Chunk{Hash: sha256.Sum256(data), Index: uint32(i), Count: uint32(count),
			Data: data[i*wire.MaxChunk : min(len(data), (i+1)*wire.MaxChunk)]})
	}
	return list
}

// told decodes what agents are told.
func told(t testing.TB, list []sanitizer.Clean) (frames []wire.ToAgent) {
	t.Helper()
	for _, c := range list {
		var d wire.ToAgentDecoder
		f, err := d.Decode(c.Channel(), c.Frame())
		if err != nil {
			t.Fatalf("the agent cannot read it: %v", err)
		}
		frames = append(frames, f)
	}
	return frames
}

// TestThreat29_Assets holds that bytes reach an agent only when they were asked for, have the announced hash and are what
// they say.
func TestThreat29_Assets(t *testing.T) {
	a := sanitizer.NewAssets(sanitizer.Policy{})
	data := somePNG(t, 300)
	want, out, r := a.Offer(offer(1, wire.AssetImage, data))
	if !want || len(out) != 0 || r != nil {
		t.Fatal(want, len(out), r)
	}
	if want, _, _ = a.Offer(offer(2, wire.AssetImage, data)); want {
		t.Error("bytes that are on their way were asked for twice")
	}
	for _, c := range chunks(data) {
		if out, r = a.Chunk(c); r != nil {
			t.Fatal(r)
		}
	}
	frames := told(t, out)
	if len(frames) < 3 {
		t.Fatalf("agents are told %d things", len(frames))
	}
	for i, id := range []wire.AssetID{1, 2} {
		if f, ok := frames[i].(*wire.Ready); !ok || f.Asset != id || f.Mime != wire.MimePNG || f.Width != 300 || f.Hash != sha256.Sum256(data) {
			t.Errorf("frame %d does not say that asset %d is ready", i, id)
		}
	}
	var got []byte
	for _, f := range frames[2:] {
		got = append(got, f.(*wire.Chunk).Data...)
	}
	if !bytes.Equal(got, data) {
		t.Error("the agent gets other bytes")
	}
	var all []sanitizer.Clean
	a.All(func(c sanitizer.Clean) bool { all = append(all, c); return true })
	if len(told(t, all)) != len(frames) {
		t.Error("a late agent is told other things")
	}
	a.Wipe()
	for _, c := range all[2:] {
		if bytes.ContainsFunc(c.Frame(), func(r rune) bool { return r != 0 }) {
			t.Error("wiping left bytes of an asset")
		}
	}
}

// TestThreat29_StoreRefusals holds every rule by which an asset frame is refused.
func TestThreat29_StoreRefusals(t *testing.T) {
	data := somePNG(t, 300)
	long := bytes.Repeat([]byte("a{color:red}\n"), 4000)
	two := func() *sanitizer.Assets {
		a := sanitizer.NewAssets(sanitizer.Policy{MaxAssets: 2})
		a.Offer(offer(1, wire.AssetImage, data))
		a.Offer(offer(2, wire.AssetSheet, long))
		return a
	}
	bend := func(change func(*wire.Chunk)) func(*sanitizer.Assets) *sanitizer.Refusal {
		return func(a *sanitizer.Assets) *sanitizer.Refusal {
			c := *chunks(long)[0]
			change(&c)
			_, r := a.Chunk(&c)
			return r
		}
	}
	for name, v := range map[string]struct {
		rule string
		do   func(*sanitizer.Assets) *sanitizer.Refusal
	}{
		"nobody asked": {"row36-asset", bend(func(c *wire.Chunk) { c.Hash[0]++ })},
		"index":        {"row35-chunk", bend(func(c *wire.Chunk) { c.Index = 99 })},
		"count":        {"row35-chunk", bend(func(c *wire.Chunk) { c.Count++ })},
		"short":        {"row35-chunk", bend(func(c *wire.Chunk) { c.Data = c.Data[1:] })},
		"another hash": {"row29-hash", func(a *sanitizer.Assets) *sanitizer.Refusal { return wrongHash(a, data) }},
		"another kind": {"row29-kind", func(a *sanitizer.Assets) *sanitizer.Refusal {
			_, _, r := a.Offer(offer(1, wire.AssetFont, data))
			return r
		}},
		"asset 0": {"row37-assets", func(a *sanitizer.Assets) *sanitizer.Refusal {
			_, _, r := a.Offer(offer(0, wire.AssetImage, data))
			return r
		}},
		"asset 0 gone": {"row37-assets", func(a *sanitizer.Assets) *sanitizer.Refusal { _, r := a.Gone(&wire.Gone{}); return r }},
		"twice": {"row35-chunk", func(a *sanitizer.Assets) *sanitizer.Refusal {
			a.Chunk(chunks(long)[0])
			_, r := a.Chunk(chunks(long)[0])
			return r
		}},
	} {
		if r := v.do(two()); r == nil || r.Rule != v.rule {
			t.Errorf("%s: got %v, want %s", name, r, v.rule)
		}
	}
}

// wrongHash sends bytes that do not have the announced hash.
func wrongHash(a *sanitizer.Assets, data []byte) *sanitizer.Refusal {
	for _, c := range chunks(data) {
		c.Data = append([]byte(nil), c.Data...)
		c.Data[0]++
		out, r := a.Chunk(c)
		if r != nil {
			for _, o := range out {
				var d wire.ToAgentDecoder
				if f, err := d.Decode(o.Channel(), o.Frame()); err != nil || f.Type() != wire.TypeGone {
					return nil // anything but Gone would be a leak
				}
			}
			return r
		}
	}
	return nil
}

// TestThreat37_FullStore holds that an asset too many, under a new name or with new bytes under an old one, is told as
// missing and not kept: long sessions of honest pages get there, too.
func TestThreat37_FullStore(t *testing.T) {
	a := sanitizer.NewAssets(sanitizer.Policy{MaxAssets: 2})
	for i := range 1000 {
		for _, id := range []wire.AssetID{1, 2, wire.AssetID(i + 3)} {
			want, out, r := a.Offer(&wire.Offer{Asset: id, Size: 9, Hash: wire.Hash{byte(i), byte(i >> 8), byte(id)}})
			if r != nil || want != (i == 0 && id < 3) {
				t.Fatalf("offer %d of asset %d: wanted %v, refused %v", i, id, want, r)
			}
			if !want && !isGone(out) {
				t.Fatalf("offer %d of asset %d: not told as gone", i, id)
			}
		}
		if c, r := a.Gone(&wire.Gone{Asset: wire.AssetID(i + 3)}); r != nil || !isGone([]sanitizer.Clean{c}) {
			t.Fatalf("gone %d: refused %v", i, r)
		}
	}
	if a.Bytes() != 18 {
		t.Errorf("charged for %d bytes, want 18", a.Bytes())
	}
}

func isGone(out []sanitizer.Clean) bool {
	var d wire.ToAgentDecoder
	if len(out) != 1 {
		return false
	}
	f, err := d.Decode(out[0].Channel(), out[0].Frame())
	return err == nil && f.Type() == wire.TypeGone
}

// TestThreat37_OfferedAgain holds that the same asset offered again and again is told once.
func TestThreat37_OfferedAgain(t *testing.T) {
	a := sanitizer.NewAssets(sanitizer.Policy{})
	data, other := somePNG(t, 30), somePNG(t, 31)
	for range 100 {
		a.Offer(offer(1, wire.AssetImage, other))
		a.Offer(offer(1, wire.AssetImage, data))
	}
	out, r := a.Chunk(chunks(data)[0])
	if r != nil || len(out) != 2 {
		t.Errorf("agents are told %d things: %v", len(out), r)
	}
	if out, r = a.Chunk(chunks(other)[0]); r != nil || len(out) != 0 {
		t.Errorf("agents are told %d things of bytes that have no number any more: %v", len(out), r)
	}
	if _, r := a.Gone(&wire.Gone{Asset: 1}); r != nil {
		t.Error(r)
	}
}

// TestThreat37_Budget holds that bytes are charged as declared, before they come.
func TestThreat37_Budget(t *testing.T) {
	a := sanitizer.NewAssets(sanitizer.Policy{MaxAssetBytes: 10 << 20})
	for i := range 4 {
		want, out, r := a.Offer(&wire.Offer{Asset: wire.AssetID(i + 1), Hash: wire.Hash{byte(i)}, Size: 5 << 20})
		if r != nil || want != (i < 2) || len(out) != map[bool]int{true: 0, false: 1}[want] {
			t.Errorf("offer %d: want %v, told %d, %v", i, want, len(out), r)
		}
	}
	if a.Bytes() != 10<<20 {
		t.Errorf("%d bytes are charged", a.Bytes())
	}
}

// TestThreat24_LongSheet holds that the chunks of the longest sheet can be read by an agent.
func TestThreat24_LongSheet(t *testing.T) {
	a := sanitizer.NewAssets(sanitizer.Policy{})
	data := bytes.Repeat([]byte("a{color:red}"), 2<<20/12)
	if want, _, r := a.Offer(offer(1, wire.AssetSheet, data)); !want || r != nil {
		t.Fatal(want, r)
	}
	var out []sanitizer.Clean
	for _, c := range chunks(data) {
		var r *sanitizer.Refusal
		if out, r = a.Chunk(c); r != nil {
			t.Fatal(r)
		}
	}
	told(t, out)
	if len(out) == 0 {
		t.Error("agents are told nothing")
	}
}

// TestThreat37_AssetCutShort holds that an asset whose connection broke half way is asked for again and charged once.
func TestThreat37_AssetCutShort(t *testing.T) {
	a := sanitizer.NewAssets(sanitizer.Policy{})
	data := append([]byte("p { color: red }"), bytes.Repeat([]byte(" "), 3*wire.MaxChunk)...)
	f, parts := offer(1, wire.AssetSheet, data), chunks(data)
	if want, _, r := a.Offer(f); !want || r != nil {
		t.Fatal("not wanted at first")
	}
	if _, r := a.Chunk(parts[0]); r != nil {
		t.Fatal(r)
	}
	a.Restart()
	if _, r := a.Chunk(parts[1]); r == nil || r.Rule != "row36-asset" {
		t.Error("a chunk of before is taken")
	}
	if a.Bytes() != 0 {
		t.Errorf("%d bytes are charged for what is not held", a.Bytes())
	}
	if want, _, r := a.Offer(f); !want || r != nil {
		t.Fatal("not wanted again")
	}
	var out []sanitizer.Clean
	for _, c := range parts {
		var r *sanitizer.Refusal
		if out, r = a.Chunk(c); r != nil {
			t.Fatal(r)
		}
	}
	if len(told(t, out)) != 2 || a.Bytes() == 0 {
		t.Errorf("agents are told %d frames", len(out))
	}
	a.Restart()
	if want, out, _ := a.Offer(f); want || len(told(t, out)) != 1 {
		t.Error("a whole asset was forgotten")
	}
}

// TestThreat37_SheetsThatGrow holds that a sheet is charged for what it is written to, not only for what it came as.
func TestThreat37_SheetsThatGrow(t *testing.T) {
	const limit = 1 << 20
	a := sanitizer.NewAssets(sanitizer.Policy{MaxAssetBytes: limit})
	held, gone := 0, 0
	for id := range wire.AssetID(16) {
		// A less-than sign in a string takes four bytes when it is written anew.
		data := []byte("p { content: \"" + strings.Repeat("<", 60<<10+int(id)) + "\" }")
		if want, _, r := a.Offer(offer(id+1, wire.AssetSheet, data)); r != nil || !want {
			t.Fatal(want, r)
		}
		for _, c := range chunks(data) {
			out, r := a.Chunk(c)
			if r != nil {
				t.Fatal(r)
			}
			for _, f := range told(t, out) {
				switch f := f.(type) {
				case *wire.Chunk:
					held += len(f.Data)
				case *wire.Gone:
					if gone++; f.Reason != wire.GoneFull {
						t.Errorf("gone for reason %d", f.Reason)
					}
				}
			}
		}
	}
	if held > limit || held < limit/2 || gone == 0 || a.Bytes() != held {
		t.Errorf("%d bytes are held, %d charged, %d sheets gone", held, a.Bytes(), gone)
	}
}
