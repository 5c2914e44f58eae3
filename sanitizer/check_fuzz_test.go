package sanitizer_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
	"vitrine/test/page"
)

// FuzzCheck sends a frame behind two batches of a random page. Whatever comes out can be read and applied by an agent, is
// what a late agent sees, and verifies again to the same bytes; whatever does not come out changes nothing.
func FuzzCheck(f *testing.F) {
	for seed := range uint64(8) {
		m := newModel(f, seed, seed%2 == 0)
		m.deliver()
		for range 2 {
			m.change()
			m.deliver()
		}
		m.change()
		f.Add(seed, m.Batch().AppendTo(nil))
		rng := rand.New(rand.NewPCG(seed, 1))
		f.Add(seed, bend(rng, m.Batch()).AppendTo(nil))
		m.start()
		f.Add(seed, m.Batch().AppendTo(nil))
	}
	for _, v := range refusals {
		c := newShop(f)
		c.Update(false)
		v.write(c)
		if frame := c.Batch().AppendTo(nil); len(frame) < 4096 {
			f.Add(uint64(0), frame)
		}
	}
	doc, err := page.FromHTML(strings.NewReader(`<!doctype html><title>x</title><style>a{}</style><body class=a><input type=password><svg><rect fill=red></svg>`))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint64(1), doc.Batch().AppendTo(nil))
	f.Fuzz(func(t *testing.T, seed uint64, frame []byte) {
		var d wire.FromCustomerDecoder
		got, err := d.Decode(wire.Dom, frame)
		if err != nil {
			return
		}
		b := got.(*wire.Batch)
		if !bytes.Equal(b.AppendTo(nil), frame) {
			t.Fatal("a frame that is not canonical was decoded")
		}
		m := newModel(t, seed%8, seed%2 == 0)
		m.deliver()
		for range 2 {
			m.change()
			m.deliver()
		}
		before := snapshotOf(t, m.page)
		clean, r := m.page.Check(b)
		if r != nil {
			if !strings.HasPrefix(r.Rule, "row") || !bytes.Equal(before, snapshotOf(t, m.page)) {
				t.Fatalf("%s: the page changed, or the rule names no row", r.Rule)
			}
			return
		}
		out := decodeBatch(t, clean)
		again, r := m.twin.Check(out)
		if r != nil || !bytes.Equal(again.Frame(), clean.Frame()) {
			t.Fatalf("what came out does not verify: %v", r)
		}
		if err := m.replica.Apply(out); err != nil {
			t.Fatalf("the agent cannot apply it: %v", err)
		}
		m.same()
	})
}

// FuzzCheckInput sends an agent's frame to the shop. What comes out can be read by the customer's browser and names a node
// of the page; the page itself never changes.
func FuzzCheckInput(f *testing.F) {
	for _, v := range inputs {
		f.Add(uint8(v.frame.Channel()), v.frame.AppendTo(nil))
	}
	f.Add(uint8(wire.Ptr), (&wire.Pointer{Epoch: 1, Node: div, X: 1}).AppendTo(nil))
	f.Add(uint8(wire.Ctl), (&wire.Stroke{Points: []wire.Point2{{X: 1, Y: -1}}}).AppendTo(nil))
	f.Add(uint8(wire.Ctl), (&wire.Say{Text: []byte("<b>Hello</b> <img src=x onerror=alert(1)>")}).AppendTo(nil))
	c := newShop(f)
	before := snapshotOf(f, c.page)
	f.Fuzz(func(t *testing.T, channel uint8, frame []byte) {
		var d wire.FromAgentDecoder
		got, err := d.Decode(wire.Channel(channel), frame)
		if err != nil {
			return
		}
		if !bytes.Equal(got.AppendTo(nil), frame) {
			t.Fatal("a frame that is not canonical was decoded")
		}
		var clean sanitizer.Clean
		var r *sanitizer.Refusal
		switch got := got.(type) {
		case *wire.Pointer:
			clean, r = c.page.CheckPointer(got, 7)
		case *wire.Stroke:
			clean, r = sanitizer.CheckStroke(got, 7)
		case *wire.Say:
			clean, r = sanitizer.CheckSay(got, 7, "Agent")
		default:
			clean, r = c.page.CheckInput(got, 7)
		}
		if !bytes.Equal(before, snapshotOf(t, c.page)) {
			t.Fatal("input changed the page")
		}
		if r != nil {
			if !clean.Empty() || !strings.HasPrefix(r.Rule, "row") {
				t.Fatalf("refused by %s, but something came out", r.Rule)
			}
			return
		}
		var back wire.ToCustomerDecoder
		out, err := back.Decode(clean.Channel(), clean.Frame())
		if err != nil || !bytes.Equal(out.AppendTo(nil), clean.Frame()) {
			t.Fatalf("the customer cannot read it: %v", err)
		}
	})
}

// FuzzAssets sends a customer's asset frames one after the other: what comes out can be read by an agent, and no more bytes
// are held than were granted.
func FuzzAssets(f *testing.F) {
	data := somePNG(f, 20)
	stream := func(frames ...wire.Frame) (out []byte) {
		for _, fr := range frames {
			out = append(out, byte(fr.Channel()))
			out = wire.AppendBytes(out, fr.AppendTo(nil))
		}
		return out
	}
	f.Add(stream(offer(1, wire.AssetImage, data), chunks(data)[0], &wire.Gone{Asset: 2}))
	sheet := []byte("a{background:url(asset:1f)}@import 'x';")
	f.Add(stream(offer(1, wire.AssetSheet, sheet), offer(2, wire.AssetSheet, sheet), chunks(sheet)[0], chunks(sheet)[0]))
	f.Fuzz(func(t *testing.T, in []byte) {
		a := sanitizer.NewAssets(sanitizer.Policy{MaxAssetBytes: 1 << 20, MaxAssets: 16})
		r := wire.NewReader(in)
		for r.Len() > 0 {
			var d wire.FromCustomerDecoder
			channel := wire.Channel(r.Byte())
			got, err := d.Decode(channel, r.Bytes(1<<16))
			if err != nil {
				return
			}
			var out []sanitizer.Clean
			switch got := got.(type) {
			case *wire.Offer:
				_, out, _ = a.Offer(got)
			case *wire.Chunk:
				out, _ = a.Chunk(got)
			case *wire.Gone:
				if c, refusal := a.Gone(got); refusal == nil {
					out = append(out, c)
				}
			}
			told(t, out)
			if a.Bytes() > 1<<20 || a.Bytes() < 0 {
				t.Fatalf("%d bytes are charged", a.Bytes())
			}
		}
		a.All(func(c sanitizer.Clean) bool { told(t, []sanitizer.Clean{c}); return true })
	})
}
