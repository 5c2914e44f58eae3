package sfu_test

import (
	"bytes"
	"slices"
	"strconv"
	"testing"
	"time"

	"vitrine/internal/wire"
	"vitrine/sfu"
	"vitrine/test/client"
)

func TestPageReachesAgentAndLateJoiner(t *testing.T) {
	e := start(t, sfu.Config{})
	session, customer, agent := e.pair(client.Config{})
	first := take(t, agent, client.Any[*wire.Batch])
	if !first.Snapshot || first.Epoch != 1 || len(first.Literals) != 1 {
		t.Fatalf("first batch: epoch %d, snapshot %v, %d literals", first.Epoch, first.Snapshot, len(first.Literals))
	}
	next := client.FirstParagraph + 2
	e.send(customer, frame(client.Append(1, 1, next, []byte("two"))))
	if b := take(t, agent, client.Any[*wire.Batch]); b.Snapshot || b.Seq != 1 {
		t.Fatalf("second batch: seq %d, snapshot %v", b.Seq, b.Snapshot)
	}

	late := e.join(agentGrant(session, "b"), client.Config{})
	take(t, late, state(wire.StateAsked))
	e.grant(customer, wire.ScopeSecondAgent)
	take(t, late, state(wire.StateActive))
	if b := take(t, late, client.Any[*wire.Batch]); !b.Snapshot || b.Epoch != 1 || b.Seq != 1 || len(b.Literals) != 2 {
		t.Fatalf("late joiner got epoch %d seq %d, snapshot %v, %d literals", b.Epoch, b.Seq, b.Snapshot, len(b.Literals))
	}
	e.send(customer, frame(client.Append(1, 2, next+2, []byte("three"))))
	for name, c := range map[string]*client.Client{"first": agent, "late": late} {
		if b := take(t, c, client.Any[*wire.Batch]); b.Snapshot || b.Seq != 2 {
			t.Errorf("%s agent got seq %d, snapshot %v", name, b.Seq, b.Snapshot)
		}
	}
}

func TestLargePageComesInPiecesBothWays(t *testing.T) {
	e := start(t, sfu.Config{})
	session := e.open()
	customer := e.join(customerGrant(session), client.Config{})
	agent := e.join(agentGrant(session, "a"), client.Config{})
	e.grant(customer, wire.ScopeView)
	take(t, customer, client.Any[*wire.Share])
	text := make([]byte, 300)
	for i := range text {
		text[i] = 'a' + byte(i*i%23)
	}
	texts := make([][]byte, 5000)
	for i := range texts {
		texts[i] = text
	}
	page := client.Snapshot(1, texts...)
	e.send(customer, func(c *client.Client) error { return c.SendBytes(wire.Dom, page.AppendTo(nil), false) })
	if b := take(t, agent, client.Any[*wire.Batch]); len(b.Literals) != len(texts) {
		t.Fatalf("%d literals of %d", len(b.Literals), len(texts))
	}
	page.Epoch = 2
	e.send(customer, func(c *client.Client) error { return c.SendBytes(wire.Dom, page.AppendTo(nil), true) })
	if b := take(t, agent, client.Any[*wire.Batch]); b.Epoch != 2 || len(b.Literals) != len(texts) {
		t.Fatalf("deflated: epoch %d, %d literals", b.Epoch, len(b.Literals))
	}
}

func TestConsentRefused(t *testing.T) {
	e := start(t, sfu.Config{})
	session := e.open()
	customer := e.join(customerGrant(session), client.Config{})
	agent := e.join(agentGrant(session, "a"), client.Config{})
	ask := take(t, customer, client.Any[*wire.Ask])
	if ask.Name != "Agent a" || ask.Company != "Demo shop" || ask.Scopes != wire.ScopeView {
		t.Fatalf("asked %+v", *ask)
	}
	// What is sent before the answer is a strike and goes nowhere.
	e.send(customer, frame(client.Snapshot(1, []byte("early"))))
	e.event(func(ev sfu.Event) bool { return ev.Kind == sfu.FrameRefused && ev.Rule == "consent-view" })
	e.send(customer, frame(&wire.Answer{Ask: ask.Ask}))
	if f := take(t, agent, state(wire.StateEnded)); f.Reason != wire.EndRefused {
		t.Fatalf("reason %d", f.Reason)
	}
	ended := e.event(func(ev sfu.Event) bool { return ev.Kind == sfu.SessionEnded })
	if ended.Totals.Batches != 0 || ended.Totals.Snapshots != 0 {
		t.Fatalf("totals %+v", ended.Totals)
	}
	<-agent.Closed()
	for _, r := range agent.Log() {
		if r.Channel != wire.Ctl {
			t.Errorf("agent got a frame on channel %d", r.Channel)
		}
	}
	for _, r := range customer.Log() {
		if _, asked := r.Frame.(*wire.Share); asked {
			t.Error("the page was asked for")
		}
	}
}

func TestControl(t *testing.T) {
	e := start(t, sfu.Config{})
	_, customer, agent := e.pair(client.Config{})
	take(t, agent, client.Any[*wire.Batch])
	click := &wire.Click{Seq: 1, Epoch: 1, Node: client.FirstParagraph, Count: 1}
	e.send(agent, frame(click))
	if f := take(t, agent, client.Any[*wire.Refused]); f.Seq != 1 || f.Rule != "scope-click" {
		t.Fatalf("refused %+v", *f)
	}
	e.send(agent, frame(&wire.Request{Scopes: wire.ScopeControl}))
	e.grant(customer, wire.ScopeControl)
	take(t, agent, func(f *wire.Scopes) bool { return f.Driver == 1 && f.Granted == wire.ScopeView|wire.ScopeControl })
	click.Seq = 2
	e.send(agent, frame(click))
	if f := take(t, customer, client.Any[*wire.Click]); f.Seq != 2 || f.From != 1 || f.Node != client.FirstParagraph {
		t.Fatalf("click %+v", *f)
	}
	e.send(customer, frame(&wire.Receipt{Seq: 2, From: 1, Rule: "row42-covered", Node: client.FirstParagraph}))
	if f := take(t, agent, client.Any[*wire.Refused]); f.Seq != 2 || f.Rule != "row42-covered" {
		t.Fatalf("receipt %+v", *f)
	}
	e.send(agent, frame(&wire.Pointer{Kind: wire.PointerMove, Epoch: 1, Node: client.FirstParagraph, X: 7}))
	if f := take(t, customer, client.Any[*wire.Pointed]); f.From != 1 || f.X != 7 {
		t.Fatalf("pointed %+v", *f)
	}
	e.send(customer, frame(&wire.Revoke{Scopes: wire.ScopeClick}))
	take(t, agent, func(f *wire.Scopes) bool {
		return f.Granted == (wire.ScopeView|wire.ScopeControl)&^wire.ScopeClick
	})
	click.Seq = 3
	e.send(agent, frame(click))
	if f := take(t, agent, client.Any[*wire.Refused]); f.Seq != 3 || f.Rule != "scope-click" {
		t.Fatalf("after revoke: %+v", *f)
	}
}

func TestStopReachesAgentAtOnceAndNothingAfterIt(t *testing.T) {
	e := start(t, sfu.Config{})
	session, customer, agent := e.pair(client.Config{})
	take(t, agent, client.Any[*wire.Batch])
	stop := make(chan struct{})
	flooded := make(chan struct{})
	go func() { // the page keeps changing while the customer stops
		defer close(flooded)
		for seq, next := uint32(1), client.FirstParagraph+2; ; seq, next = seq+1, next+2 {
			select {
			case <-stop:
				return
			default:
			}
			if customer.Send(client.Append(1, seq, next, []byte("more"))) != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	take(t, agent, func(f *wire.Batch) bool { return f.Seq > 20 })
	pressed := time.Now()
	e.send(customer, frame(&wire.End{}))
	if f := take(t, agent, state(wire.StateEnded)); f.Reason != wire.EndCustomer {
		t.Fatalf("reason %d", f.Reason)
	}
	<-agent.Closed()
	close(stop)
	<-flooded
	log := agent.Log()
	if last := log[len(log)-1].At.Sub(pressed); last > 250*time.Millisecond {
		t.Errorf("the last frame came %v after the stop", last)
	}
	if _, ok := e.sfu.Lookup(session); ok {
		t.Error("the session is still there")
	}
	if err := e.sfu.End(session, wire.EndAgent); err != sfu.ErrNoSession {
		t.Errorf("ending it again: %v", err)
	}
}

func TestCustomerResumes(t *testing.T) {
	e := start(t, sfu.Config{})
	session, customer, agent := e.pair(client.Config{})
	take(t, agent, client.Any[*wire.Batch])
	if err := customer.Close(); err != nil {
		t.Fatal(err)
	}
	take(t, agent, state(wire.StateResuming))
	back := e.join(customerGrant(session), client.Config{})
	take(t, back, state(wire.StateActive))
	share := take(t, back, client.Any[*wire.Share])
	if !share.On || share.Epoch != 1 {
		t.Fatalf("share %+v", *share)
	}
	e.send(back, frame(client.Snapshot(2, []byte("again"))))
	if b := take(t, agent, client.Any[*wire.Batch]); b.Epoch != 2 || !b.Snapshot {
		t.Fatalf("epoch %d", b.Epoch)
	}
	// A second connection replaces the first without a gap in between.
	third := e.join(customerGrant(session), client.Config{})
	take(t, third, state(wire.StateActive))
	<-back.Closed()
	if info, _ := e.sfu.Lookup(session); info.State != wire.StateActive {
		t.Fatalf("state %d", info.State)
	}
}

// textOf is 8 KiB that say which batch they are of.
func textOf(seq uint32) []byte {
	text := make([]byte, 8<<10)
	for i := range text {
		text[i] = 'a' + byte((i+1)*int(seq)%26)
	}
	copy(text, strconv.Itoa(int(seq)))
	return text
}

func TestSlowAgentGetsASnapshotAndDelaysNobody(t *testing.T) {
	e := start(t, sfu.Config{Timeouts: sfu.Timeouts{Silence: time.Minute}})
	session, customer, agent := e.pair(client.Config{})
	take(t, agent, client.Any[*wire.Batch])
	slow := e.join(agentGrant(session, "slow"), client.Config{ReceiveBuffer: 64 << 10})
	e.grant(customer, wire.ScopeSecondAgent)
	take(t, slow, client.Any[*wire.Batch])
	slow.Hold(wire.Dom)

	const batches = 300 // 2.4 MB: more than the slow one's window, the high-water mark and the ring together
	for seq := uint32(1); seq <= batches; seq++ {
		// The next one is sent when this one has arrived: if anything waited for the slow agent, it would wait for ever.
		e.send(customer, frame(client.SetText(1, seq, client.FirstParagraph+1, textOf(seq))))
		b := take(t, agent, client.Any[*wire.Batch])
		if b.Snapshot || b.Seq != seq || len(b.Literals) != 1 || !bytes.Equal(b.Literals[0].Text, textOf(seq)) {
			t.Fatalf("the other agent got seq %d, snapshot %v, instead of %d as it was sent", b.Seq, b.Snapshot, seq)
		}
	}
	slow.Go(wire.Dom)
	newest := take(t, slow, func(f *wire.Batch) bool { return f.Seq == batches })
	if len(newest.Literals) != 1 || !bytes.Equal(newest.Literals[0].Text, textOf(batches)) {
		t.Error("the newest that the slow agent got is not the newest")
	}
	var seqs []uint32
	snapshots := 0
	for _, r := range slow.Log() {
		b, ok := r.Frame.(*wire.Batch)
		if !ok {
			continue
		}
		if n := len(seqs); b.Snapshot {
			snapshots++
		} else if b.Seq != seqs[n-1]+1 {
			t.Errorf("the slow agent got seq %d after %d without a snapshot", b.Seq, seqs[n-1])
		}
		seqs = append(seqs, b.Seq)
	}
	if snapshots < 2 || len(seqs) > batches*2/3 || !slices.IsSorted(seqs) {
		t.Errorf("the slow agent got %d batches, %d of them snapshots, in order: %v", len(seqs), snapshots, slices.IsSorted(seqs))
	}
	e.send(customer, frame(client.SetText(1, batches+1, client.FirstParagraph+1, []byte("end"))))
	take(t, slow, func(f *wire.Batch) bool { return f.Seq == batches+1 })
}

func TestChatReachesEverybody(t *testing.T) {
	e := start(t, sfu.Config{})
	_, customer, agent := e.pair(client.Config{})
	e.send(agent, frame(&wire.Say{Text: []byte("hello")}))
	for name, c := range map[string]*client.Client{"customer": customer, "agent": agent} {
		if f := take(t, c, client.Any[*wire.Said]); f.From != 1 || f.Name != "Agent a" || len(f.Runs) == 0 {
			t.Errorf("%s got %d runs from %d", name, len(f.Runs), f.From)
		}
	}
}
