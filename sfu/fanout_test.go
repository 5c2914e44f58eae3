package sfu

import (
	"crypto/sha256"
	"testing"

	"vitrine/internal/wire"
	"vitrine/test/client"
)

func TestAgentWithoutRoomHasNoQueue(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, slow := co.shared()
		fast := co.agent("fast")
		customer.answers(wire.ScopeSecondAgent)
		slow.fill(true)
		before := len(slow.sent)
		text := make([]byte, 4000)
		for i := range text {
			text[i] = 'x'
		}
		const batches = 200 // 800 kB, more than the ring
		for seq := uint32(1); seq <= batches; seq++ {
			customer.says(client.SetText(1, seq, 4, text))
			if b := last[*wire.Batch](fast); b.Seq != seq {
				t.Fatalf("the fast agent is at %d of %d", b.Seq, seq)
			}
		}
		if len(all[*wire.Batch](slow)) != 1 || len(slow.sent) != before {
			t.Error("something waits for the slow agent")
		}
		if co.s.share.ring.bytes > ringBytes {
			t.Errorf("the ring holds %d bytes", co.s.share.ring.bytes)
		}
		if !slow.asked {
			t.Error("the link does not know that the session waits for room")
		}
		slow.fill(false)
		got := all[*wire.Batch](slow)
		if len(got) != 2 || !got[1].Snapshot || got[1].Seq != batches {
			t.Fatalf("the slow agent got %d batches", len(got))
		}
		customer.says(client.SetText(1, batches+1, 4, text))
		if b := last[*wire.Batch](slow); b.Snapshot || b.Seq != batches+1 {
			t.Errorf("then seq %d, snapshot %v", b.Seq, b.Snapshot)
		}
		slow.fill(true)
		for seq := uint32(batches + 2); seq < batches+9; seq++ {
			customer.says(client.SetText(1, seq, 4, text))
		}
		slow.fill(false)
		if got := all[*wire.Batch](slow); len(got) != 10 || got[9].Snapshot {
			t.Errorf("a short wait was not served from the ring: %d batches", len(got))
		}
		slow.fill(true)
		for seq := uint32(batches + 9); seq < batches+19; seq++ {
			customer.says(client.SetText(1, seq, 4, text))
		}
		slow.fill(false)
		if got := all[*wire.Batch](slow); len(got) != 11 || !got[10].Snapshot {
			t.Errorf("ten changes of a page that is one of them were sent one by one: %d batches", len(got))
		}
	})
}

func TestSnapshotOfTheCustomerMakesEverybodyCurrent(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		agent.fill(true)
		customer.says(client.Append(1, 1, 5, []byte("two")))
		customer.says(client.Snapshot(2, []byte("new")))
		agent.fill(false)
		got := all[*wire.Batch](agent)
		if len(got) != 2 || got[1].Epoch != 2 || co.s.totals.Snapshots != 0 {
			t.Errorf("%d batches, %d snapshots made", len(got), co.s.totals.Snapshots)
		}
	})
}

func TestNeedIsAnsweredAtARate(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, co *core) {
		_, agent := co.shared()
		for range 100 {
			agent.says(&wire.Need{Epoch: 1})
		}
		if got := len(all[*wire.Batch](agent)); got != 6 {
			t.Errorf("%d batches for a hundred calls", got)
		}
	})
}

func TestAssetsReachAllAndLateJoiners(t *testing.T) {
	sheet := []byte("p { color: red }")
	hash := wire.Hash(sha256.Sum256(sheet))
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		agent.fill(true)
		customer.says(&wire.Offer{Asset: 7, Kind: wire.AssetSheet, Hash: hash, Size: uint32(len(sheet))})
		if f := last[*wire.Want](customer); len(f.Hashes) != 1 || f.Hashes[0] != hash {
			t.Fatalf("want %d hashes", len(f.Hashes))
		}
		customer.says(&wire.Chunk{Hash: hash, Count: 1, Data: sheet})
		ready := last[*wire.Ready](agent)
		if ready.Asset != 7 || ready.Mime != wire.MimeCSS {
			t.Errorf("ready %+v", *ready)
		}
		if len(all[*wire.Chunk](agent)) != 0 {
			t.Error("bytes were sent without room")
		}
		agent.fill(false)
		chunk := last[*wire.Chunk](agent)
		if chunk.Hash != ready.Hash || chunk.Hash != wire.Hash(sha256.Sum256(chunk.Data)) {
			t.Error("the bytes are not those that were announced")
		}
		late := co.agent("late")
		customer.answers(wire.ScopeSecondAgent)
		if f := last[*wire.Ready](late); f.Hash != ready.Hash || last[*wire.Chunk](late).Hash != ready.Hash {
			t.Error("who joined late lacks the asset")
		}
		customer.says(&wire.Offer{Asset: 7, Kind: wire.AssetSheet, Hash: hash, Size: uint32(len(sheet))})
		if n := len(all[*wire.Want](customer)); n != 1 {
			t.Errorf("the same bytes were asked for %d times", n)
		}
		customer.says(&wire.Chunk{Hash: hash, Count: 1, Data: sheet})
		if co.count(FrameRefused) != 1 {
			t.Error("bytes that nobody asked for were taken")
		}
	})
}
