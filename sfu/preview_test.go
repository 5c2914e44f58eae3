package sfu

import (
	"bytes"
	"crypto/sha256"
	"testing"
	"testing/synctest"
	"time"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
	"vitrine/test/client"
)

func (co *core) preview(subject string) *person {
	co.t.Helper()
	return co.join(Grant{Role: Preview, Subject: subject})
}

// shown are the bytes of everything of the page that a person was sent: batches, and what is known of assets.
func shown(p *person) []byte {
	p.core.t.Helper()
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []byte
	for _, c := range p.sent {
		switch f := p.decode(c).(type) {
		case *wire.Batch, *wire.Ready, *wire.Chunk, *wire.Gone:
			out = append(f.AppendTo(append(out, byte(c.channel))), '\n')
		}
	}
	return out
}

func TestPreviewSeesWhatAnAgentSees(t *testing.T) {
	sheet := []byte("p { color: red }")
	hash := wire.Hash(sha256.Sum256(sheet))
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer := co.customer()
		early := co.preview("early")
		early.is(wire.StateWaiting)
		agent := co.agent("a")
		early.is(wire.StateAsked)
		if len(shown(early)) != 0 || last[*wire.Scopes](early).Granted != 0 {
			t.Fatal("something is shown without consent")
		}
		customer.answers(wire.ScopeView)
		early.is(wire.StateActive)
		customer.says(client.Snapshot(1, []byte("one")))
		customer.says(client.Append(1, 1, client.FirstParagraph+2, []byte("two")))
		customer.says(&wire.Offer{Asset: 7, Kind: wire.AssetSheet, Hash: hash, Size: uint32(len(sheet))})
		customer.says(&wire.Chunk{Hash: hash, Count: 1, Data: sheet})
		customer.says(&wire.Gone{Asset: 8})
		if got := all[*wire.Batch](early); len(got) != 2 || !got[0].Snapshot || last[*wire.Ready](early).Asset != 7 ||
			len(all[*wire.Chunk](early)) != 1 || last[*wire.Gone](early).Asset != 8 {
			t.Fatalf("the preview was shown %d batches", len(got))
		}
		if !bytes.Equal(shown(early), shown(agent)) {
			t.Error("the preview is not shown what the agent is")
		}
		late, second := co.preview("late"), co.agent("b")
		customer.answers(wire.ScopeSecondAgent)
		customer.says(client.SetText(1, 2, client.FirstParagraph+1, []byte("three")))
		if got := all[*wire.Batch](late); len(got) != 2 || !got[0].Snapshot || got[0].Seq != 1 {
			t.Fatalf("who previews late was shown %d batches", len(got))
		}
		if !bytes.Equal(shown(late), shown(second)) {
			t.Error("who previews late is not shown what a late agent is")
		}
		before := len(all[*wire.Batch](early))
		early.says(&wire.Need{Epoch: 1})
		if got := all[*wire.Batch](early); len(got) != before+1 || !got[before].Snapshot || got[before].Seq != 2 {
			t.Error("a preview that needs a snapshot does not get it")
		}
		customer.says(&wire.Pause{Paused: true})
		early.is(wire.StatePaused)
		agent.says(&wire.End{})
		for _, p := range []*person{early, late} {
			if f := last[*wire.State](p); f.State != wire.StateEnded || f.Reason != wire.EndAgent || !p.isClosed() {
				t.Errorf("%s after the end: %+v", p.conn.grant.Subject, *f)
			}
		}
		co.ends(wire.EndAgent)
	})
}

func TestPreviewHasNothingToSay(t *testing.T) {
	frames := []wire.Frame{
		&wire.Request{Scopes: wire.ScopeControl}, &wire.Release{Scopes: wire.ScopeControl}, &wire.End{}, &wire.Say{Text: []byte("x")},
		&wire.Pointer{Kind: wire.PointerLeave}, &wire.Stroke{Tool: wire.ToolClear}, &wire.ScrollTo{Epoch: 1},
		&wire.Click{Epoch: 1, Node: 3, Count: 1}, &wire.Choose{Epoch: 1, Node: 3, Option: 3}, &wire.SetValue{Epoch: 1, Node: 3, Value: []byte("1")},
		&wire.TypeText{Epoch: 1, Node: 3, Text: []byte("x")}, &wire.PressKey{Epoch: 1, Node: 3}, &wire.Navigate{To: wire.MoveReload},
		&wire.Hello{Protocol: wire.ProtocolVersion, Table: vocab.Version},
	}
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		agent.says(&wire.Request{Scopes: wire.ScopeControl})
		customer.answers(wire.ScopeControl)
		told := func() int { synctest.Wait(); return len(customer.sent) + len(agent.sent) }
		for i, f := range frames {
			preview := co.preview("p")
			before := told()
			for range 3 {
				if preview.isClosed() {
					t.Fatalf("frame %d closed the preview too early", i)
				}
				preview.says(f)
			}
			if !preview.isClosed() || last[*wire.State](preview).Reason != wire.EndProtocol {
				t.Errorf("frame %d is taken from a preview", i)
			}
			if told() != before {
				t.Errorf("frame %d reached somebody", i)
			}
		}
		if n := co.count(FrameRefused); n != 3*len(frames) {
			t.Errorf("%d frames refused of %d", n, 3*len(frames))
		}
		preview := co.preview("p")
		for range 100 {
			preview.says(&wire.Ping{Seq: 5})
			preview.says(&wire.Pong{})
			preview.says(&wire.Ack{Epoch: 1})
			preview.says(&wire.Presence{Visible: true, Active: true})
			preview.says(&wire.Need{Epoch: 1})
		}
		if preview.isClosed() || last[*wire.Pong](preview).Seq != 5 || len(all[*wire.Batch](preview)) != 6 {
			t.Error("what a preview may say is not taken as an agent's is")
		}
		co.goesOn()
	})
}

func TestPreviewIsNobody(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		asks, lists := len(all[*wire.Ask](customer)), len(all[*wire.Agents](agent))
		one, two := co.preview("one"), co.preview("two")
		if len(all[*wire.Ask](customer)) != asks || len(all[*wire.Agents](agent)) != lists || len(all[*wire.Agents](one)) != 0 {
			t.Error("somebody is told of a preview, or a preview of somebody")
		}
		if i := co.s.host.info.Load(); len(i.Agents) != 1 || i.State != wire.StateActive {
			t.Errorf("%d agents, state %d", len(i.Agents), i.State)
		}
		third := co.preview("three")
		if f := last[*wire.State](third); f.State != wire.StateEnded || f.Reason != wire.EndLimit || !third.isClosed() {
			t.Errorf("a third preview: %+v", *f)
		}
		again := co.preview("one")
		if !one.isClosed() || again.isClosed() || len(all[*wire.Batch](again)) != 1 {
			t.Error("a preview that comes back does not take its own place")
		}
		co.do(func(s *session) { s.lost(two.conn, "closed") })
		if next := co.preview("three"); next.isClosed() {
			t.Error("a closed preview keeps its place")
		}
		agent.says(&wire.Say{Text: []byte("hello")})
		agent.says(&wire.Request{Scopes: wire.ScopeControl})
		customer.answers(wire.ScopeControl)
		agent.says(&wire.Stroke{Tool: wire.ToolClear})
		customer.says(&wire.Say{Text: []byte("hello")})
		customer.says(&wire.Stroke{Tool: wire.ToolClear})
		customer.says(&wire.Pointer{Kind: wire.PointerLeave})
		said := func(p *person) [3]int {
			return [3]int{len(all[*wire.Said](p)), len(all[*wire.Stroked](p)), len(all[*wire.Pointed](p))}
		}
		if said(again) != [3]int{} || said(agent) != [3]int{2, 1, 1} || said(customer) != [3]int{2, 1, 0} {
			t.Errorf("chat, strokes, pointers: preview %v, agent %v, customer %v", said(again), said(agent), said(customer))
		}
		if co.count(PreviewOpened) != 4 || co.count(PreviewClosed) != 1 || co.count(AgentJoined) != 1 {
			t.Errorf("%d opened, %d closed", co.count(PreviewOpened), co.count(PreviewClosed))
		}
	})
}

func TestPreviewKeepsNoSessionAlive(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		preview := co.preview("p")
		for range 13 {
			co.alive(10*time.Second, customer, agent, preview)
			if !co.over() {
				preview.says(&wire.Presence{Visible: true, Active: true})
			}
		}
		co.ends(wire.EndAgentAway)
	})
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer := co.customer()
		preview := co.preview("p")
		co.alive(29*time.Minute, customer, preview) // no agent was here, so none is away
		co.goesOn()
		co.alive(2*time.Minute, customer, preview)
		co.ends(wire.EndLimit)
	})
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		preview := co.preview("p")
		co.do(func(s *session) { s.lost(preview.conn, "closed") })
		agent.is(wire.StateActive)
		preview = co.preview("p")
		co.do(func(s *session) { s.lost(customer.conn, "closed") })
		preview.is(wire.StateResuming)
		co.alive(2*time.Minute+time.Second, agent, preview)
		co.ends(wire.EndCustomerGone)
	})
}
