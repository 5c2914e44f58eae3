package sfu

import (
	"crypto/sha256"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"vitrine/internal/wire"
	"vitrine/test/client"
)

// Sheets are on their way when a customer moves on to the next page: what had not come whole is asked for again there.
func TestAssetsAreAskedForAgainAfterABreak(t *testing.T) {
	sheet := make([]byte, 2*wire.MaxChunk)
	for i := range sheet {
		sheet[i] = ' '
	}
	hash := wire.Hash(sha256.Sum256(sheet))
	offer := &wire.Offer{Asset: 7, Kind: wire.AssetSheet, Hash: hash, Size: uint32(len(sheet))}
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		customer.says(offer)
		customer.says(&wire.Chunk{Hash: hash, Index: 0, Count: 2, Data: sheet[:wire.MaxChunk]})
		back := co.customer()
		back.says(offer)
		if len(all[*wire.Want](back)) != 1 {
			t.Fatal("the rest is not asked for")
		}
		for i := range uint32(2) {
			back.says(&wire.Chunk{Hash: hash, Index: i, Count: 2, Data: sheet[i*wire.MaxChunk : (i+1)*wire.MaxChunk]})
		}
		if len(all[*wire.Ready](agent)) != 0 {
			t.Error("something of a page went out that nobody knows yet")
		}
		back.says(client.Snapshot(2, []byte("one")))
		if last[*wire.Ready](agent).Asset != 7 || co.count(FrameRefused) != 0 {
			t.Error("the sheet did not get through")
		}
	})
}

// TestI4_ReceiptsSayNothing holds that a page cannot write into the audit log, nor fill the server, by what it answers
// to inputs: the rules that it may name are known.
func TestI4_ReceiptsSayNothing(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		for range 8 {
			for _, rule := range []string{"row42-covered", "scope-click"} {
				customer.says(&wire.Receipt{Seq: 1, From: 1, Rule: rule, Node: 3})
				if f := last[*wire.Refused](agent); f.Rule != rule || f.Node != 3 {
					t.Fatalf("the agent was told %q at %d", f.Rule, f.Node)
				}
			}
		}
		if n := co.count(InputRefused); n != 8 {
			t.Errorf("16 refusals of two rules took %d lines", n)
		}
		told := len(all[*wire.Refused](agent))
		for i := range 3 {
			customer.says(&wire.Receipt{Seq: 1, From: 1, Rule: "card-4111-" + strconv.Itoa(i)})
		}
		co.ends(wire.EndProtocol)
		if len(all[*wire.Refused](agent)) != told || co.count(InputRefused) != 8 {
			t.Error("a rule that nobody knows was passed on")
		}
	})
}

// Somebody who holds their page back before anybody sees it has not broken anything.
func TestPauseBeforeSharing(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer := co.customer()
		customer.says(&wire.Pause{Paused: true})
		agent := co.agent("a")
		customer.answers(wire.ScopeView)
		agent.is(wire.StatePaused)
		customer.says(client.Snapshot(1, []byte("one")))
		if len(all[*wire.Batch](agent)) != 0 {
			t.Error("a page that is held back is shown")
		}
		customer.says(&wire.Pause{})
		agent.is(wire.StateActive)
		customer.says(client.Snapshot(2, []byte("one")))
		if len(all[*wire.Batch](agent)) != 1 || co.count(Fault) != 0 {
			t.Error("the page does not come")
		}
	})
}

// A page that flips between paused and not would fill the audit log and everybody's queue.
func TestPauseHasARate(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, _ := co.shared()
		for i := 0; i < 200 && !co.over(); i++ {
			customer.says(&wire.Pause{Paused: i%2 == 0})
		}
		co.ends(wire.EndProtocol)
		if n := co.count(SessionPaused) + co.count(SessionContinued); n > 40 {
			t.Errorf("%d lines", n)
		}
	})
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		for i := range 200 {
			customer.says(&wire.Pause{Paused: i%2 == 0})
			agent.says(&wire.Presence{Visible: true, Active: true})
			time.Sleep(time.Second)
			synctest.Wait()
		}
		co.goesOn()
	})
}

// TestI2_ChatNeedsAdmission holds that who waits for the customer's word neither reads the talk of the others nor talks to
// the customer over their heads.
func TestI2_ChatNeedsAdmission(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer := co.customer()
		agent := co.agent("a")
		agent.says(&wire.Say{Text: []byte("before the answer")})
		if len(all[*wire.Said](customer)) != 1 {
			t.Fatal("the first agent cannot explain what they ask for")
		}
		customer.answers(wire.ScopeView)
		second := co.agent("b")
		customer.says(&wire.Say{Text: []byte("for a alone")})
		second.says(&wire.Say{Text: []byte("psst")})
		if len(all[*wire.Said](agent)) != 2 || len(all[*wire.Said](second)) != 0 || len(all[*wire.Said](customer)) != 2 {
			t.Errorf("said: agent %d, second %d, customer %d", len(all[*wire.Said](agent)), len(all[*wire.Said](second)), len(all[*wire.Said](customer)))
		}
		if last[*wire.Refused](second).Rule != "scope-view" {
			t.Error("the second agent is not told why")
		}
		customer.answers(wire.ScopeSecondAgent)
		customer.says(&wire.Say{Text: []byte("for both")})
		if len(all[*wire.Said](second)) != 1 {
			t.Error("who is admitted is not told")
		}
	})
}

// TestI2_NobodyIsWornDown holds that an agent cannot ask until the customer gives in.
func TestI2_NobodyIsWornDown(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		asked := func() int { return len(all[*wire.Ask](customer)) }
		for range maxRefusals - 1 {
			agent.says(&wire.Request{Scopes: wire.ScopeControl})
			customer.answers(0)
		}
		agent.says(&wire.Request{Scopes: wire.ScopeControl})
		customer.answers(wire.ScopeClick) // a yes begins the count anew
		agent.says(&wire.Release{Scopes: wire.ScopeControl})
		before := asked()
		for range 10 {
			agent.says(&wire.Request{Scopes: wire.ScopeControl})
			if asked() > before {
				before = asked()
				customer.answers(0)
			}
		}
		if n := asked(); n != 1+2*maxRefusals {
			t.Errorf("the customer was asked %d times", n)
		}
		before = asked()
		for range 10 {
			second := co.agent("b")
			if asked() == before {
				if f := last[*wire.State](second); f.Reason != wire.EndRefused || !second.isClosed() {
					t.Fatalf("turned away with %+v", *f)
				}
				continue
			}
			before = asked()
			customer.answers(0)
		}
		if n := asked(); n != 1+3*maxRefusals {
			t.Errorf("with a second agent, %d times", n)
		}
		co.goesOn()
	})
}
