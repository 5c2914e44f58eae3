package sfu

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vitrine/internal/wire"
	"vitrine/test/client"
)

func bubble(t *testing.T, c Config, run func(t *testing.T, co *core)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { run(t, newCore(t, c)) })
}

func TestMovesEndWhereTheyShould(t *testing.T) {
	for from, allowed := range moves {
		state := wire.SessionState(from)
		if slices.Contains(allowed, state) {
			t.Errorf("state %d moves to itself", state)
		}
		if slices.Contains(allowed, wire.StateEnded) == (state == wire.StateEnded) {
			t.Errorf("state %d: everything ends once", state)
		}
		if slices.Contains(allowed, wire.StateActive) && state == wire.StateWaiting {
			t.Error("sharing without asking")
		}
	}
}

func TestG01_AgentAway(t *testing.T) {
	away := 2 * time.Minute
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		joined := time.Now()
		co.alive(away-10*time.Second, customer, agent) // pings are no activity
		co.goesOn()
		time.Sleep(9 * time.Second)
		customer.says(&wire.Ping{})
		agent.says(&wire.Ping{})
		co.goesOn()
		time.Sleep(time.Second)
		co.ends(wire.EndAgentAway)
		if d := time.Since(joined) - away; d < -time.Second || d > time.Second {
			t.Errorf("%v too late", d)
		}
		customer.is(wire.StateEnded)
	})
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		for range 5 {
			co.alive(90*time.Second, customer, agent)
			agent.says(&wire.Presence{Visible: true, Active: true})
		}
		agent.says(&wire.Presence{Visible: false})
		for range 13 {
			co.alive(10*time.Second, customer, agent)
			if co.over() {
				break
			}
			agent.says(&wire.Presence{Visible: false, Active: true}) // nobody looks
		}
		co.ends(wire.EndAgentAway)
	})
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		second := co.agent("b")
		customer.answers(wire.ScopeSecondAgent)
		co.do(func(s *session) { s.lost(agent.conn, "closed") })
		co.alive(100*time.Second, customer, second)
		second.says(&wire.Presence{Visible: true, Active: true})
		co.alive(100*time.Second, customer, second) // one who is there is enough
		co.goesOn()
		co.do(func(s *session) { s.lost(second.conn, "closed") })
		co.alive(30*time.Second, customer)
		co.ends(wire.EndAgentAway)
	})
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		third := co.agent("c") // is not admitted, and does not keep the session alive
		for range 13 {
			co.alive(10*time.Second, customer, agent, third)
			if !co.over() {
				third.says(&wire.Presence{Visible: true, Active: true})
			}
		}
		co.ends(wire.EndAgentAway)
	})
}

func TestCustomerGone(t *testing.T) {
	c := Config{Timeouts: Timeouts{ResumeGrace: 30 * time.Second}}
	bubble(t, c, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		co.do(func(s *session) { s.lost(customer.conn, "closed") })
		agent.is(wire.StateResuming)
		co.alive(29*time.Second, agent)
		co.goesOn()
		back := co.customer()
		back.is(wire.StateActive)
		if share := last[*wire.Share](back); !share.On || share.Epoch != 1 {
			t.Errorf("share %+v", *share)
		}
		back.says(client.Append(1, 1, 5, []byte("old epoch"))) // not listened to, and no strike
		if co.count(FrameRefused) != 0 {
			t.Error("a strike for the old epoch")
		}
		back.says(client.Snapshot(2, []byte("again")))
		if b := last[*wire.Batch](agent); b.Epoch != 2 {
			t.Errorf("the agent got epoch %d", b.Epoch)
		}
		co.do(func(s *session) { s.lost(back.conn, "closed") })
		co.alive(31*time.Second, agent)
		co.ends(wire.EndCustomerGone)
		agent.is(wire.StateEnded)
	})
	bubble(t, c, func(t *testing.T, co *core) { // never came
		time.Sleep(41 * time.Second)
		co.ends(wire.EndCustomerGone)
	})
}

// Nothing that agents are shown is older than the customer's last word without their being told, and meanwhile they do
// nothing to a page that they do not see.
func TestCustomerQuiet(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, agent := co.control()
		epoch := last[*wire.Share](customer).Epoch
		co.alive(10*time.Second, customer, agent)
		agent.is(wire.StateActive)
		co.alive(6*time.Second, agent)
		agent.is(wire.StateResuming)
		if customer.isClosed() {
			t.Fatal("the connection was given up")
		}
		before := reached(customer, wire.TypeClick)
		agent.says(&wire.Click{Seq: 1, Epoch: epoch, Node: 1})
		if r := last[*wire.Refused](agent); r.Rule != "customer-away" || reached(customer, wire.TypeClick) != before {
			t.Errorf("a click was refused by %q", r.Rule)
		}
		customer.says(&wire.Ping{Seq: 1})
		agent.is(wire.StateActive)
		if again := last[*wire.Share](customer); again.Epoch != epoch || co.s.consent.driver == 0 {
			t.Errorf("epoch %d, want %d; driver %d", again.Epoch, epoch, co.s.consent.driver)
		}
		co.alive(11*time.Second, agent)
		if !customer.isClosed() {
			t.Error("a connection that says nothing is kept")
		}
	})
}

func TestLimitsOfTime(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer := co.customer()
		co.alive(31*time.Minute, customer)
		co.ends(wire.EndLimit)
	})
	bubble(t, Config{Timeouts: Timeouts{HardLimit: time.Minute}}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		co.alive(61*time.Second, customer, agent)
		co.ends(wire.EndLimit)
	})
	bubble(t, Config{Timeouts: Timeouts{Ask: time.Minute}}, func(t *testing.T, co *core) {
		customer, agent := co.customer(), co.agent("a")
		co.alive(61*time.Second, customer, agent)
		co.ends(wire.EndRefused)
	})
	bubble(t, Config{Timeouts: Timeouts{Ask: time.Minute}}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		agent.says(&wire.Request{Scopes: wire.ScopeControl})
		co.alive(61*time.Second, customer, agent)
		co.goesOn()
		if r := last[*wire.Refused](agent); r.Rule != "consent-refused" {
			t.Errorf("rule %q", r.Rule)
		}
		customer.answers(wire.ScopeControl) // too late
		if co.s.consent.granted != wire.ScopeView || co.count(FrameRefused) != 0 {
			t.Error("a late answer counted")
		}
	})
}

func TestConnectionsThatSayNothing(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		guest := co.connect(Grant{Role: Agent, Subject: "guest"})
		co.alive(12*time.Second, customer)
		if !agent.isClosed() || !guest.isClosed() || customer.isClosed() {
			t.Errorf("closed: agent %v, guest %v, customer %v", agent.isClosed(), guest.isClosed(), customer.isClosed())
		}
		if pings := len(all[*wire.Ping](customer)); pings < 10 || pings > 13 {
			t.Errorf("%d pings in 12 s", pings)
		}
		if list := last[*wire.Agents](customer).List; len(list) != 1 || list[0].Active {
			t.Errorf("agents %+v", list)
		}
	})
}

func TestTicketsAndQuality(t *testing.T) {
	n := 0
	ticket := func(g Grant) (string, error) { n++; return fmt.Sprint(g.Subject, n), nil }
	bubble(t, Config{NewTicket: ticket}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		if f := last[*wire.Ticket](customer); f.Token != "customer1" {
			t.Errorf("first ticket %q", f.Token)
		}
		co.alive(4*time.Minute-time.Second, customer)
		_ = agent
		if tickets := all[*wire.Ticket](customer); len(tickets) != 1 {
			t.Errorf("%d tickets before time", len(tickets))
		}
	})
	bubble(t, Config{NewTicket: ticket, Timeouts: Timeouts{AgentAway: time.Hour}}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		co.alive(241*time.Second, customer, agent)
		if tickets := all[*wire.Ticket](agent); len(tickets) != 2 || tickets[0].Token == tickets[1].Token {
			t.Errorf("%d tickets after four minutes", len(tickets))
		}
		customer.says(client.Append(1, 1, 5, []byte("x")))
		ping := last[*wire.Ping](agent)
		time.Sleep(30 * time.Millisecond)
		agent.says(&wire.Ack{Epoch: 1, Seq: 1})
		_ = ping
		co.alive(6*time.Second, customer, agent)
		if q := last[*wire.Quality](customer); q.Stale == 0 {
			t.Errorf("quality %+v", *q)
		}
	})
}

func TestRoundTrip(t *testing.T) {
	bubble(t, Config{Timeouts: Timeouts{AgentAway: time.Hour}}, func(t *testing.T, co *core) {
		_, agent := co.shared()
		for range 8 {
			pings := len(all[*wire.Ping](agent))
			for len(all[*wire.Ping](agent)) == pings {
				time.Sleep(100 * time.Millisecond)
				synctest.Wait()
			}
			time.Sleep(40 * time.Millisecond)
			agent.says(&wire.Pong{Seq: last[*wire.Ping](agent).Seq})
		}
		if q := last[*wire.Quality](agent); q.RoundTrip < 40 || q.RoundTrip > 140 {
			t.Errorf("round trip %d ms", q.RoundTrip)
		}
	})
}

func TestPauseHoldsThePageBack(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		before := len(all[*wire.Batch](agent))
		customer.says(&wire.Pause{Paused: true})
		customer.says(client.Append(1, 1, 5, []byte("on its way")))
		customer.says(client.Snapshot(2, []byte("came before the word that it may")))
		if len(all[*wire.Batch](agent)) != before || co.s.share.page.Epoch() != 1 {
			t.Fatal("a batch was accepted while the session was paused")
		}
		customer.says(&wire.Pause{Paused: false})
		if f := last[*wire.Resync](customer); f.Epoch != 2 {
			t.Errorf("resync %+v", *f)
		}
		customer.says(client.Snapshot(3, []byte("again")))
		if b := last[*wire.Batch](agent); b.Epoch != 3 {
			t.Errorf("epoch %d", b.Epoch)
		}
		if co.count(FrameRefused) != 0 {
			t.Error("a strike for what crossed a pause")
		}
	})
}

func TestPanicEndsThisSessionAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hit, other := newCore(t, Config{}), newCore(t, Config{})
		customer, agent := hit.shared()
		otherCustomer, otherAgent := other.shared()
		page := hit.s.share.page
		hit.do(func(*session) { panic("what a page said") })
		hit.ends(wire.EndFault)
		for _, p := range []*person{customer, agent} {
			if f := last[*wire.State](p); f.State != wire.StateEnded || f.Reason != wire.EndFault || !p.isClosed() {
				t.Errorf("%s was told %+v", p.conn.grant.Subject, *f)
			}
		}
		if page.Nodes() != 0 {
			t.Error("the page was not wiped")
		}
		for _, e := range hit.events {
			if e.Kind == Fault && !strings.Contains(e.Rule, "TestPanicEndsThisSessionAlone") {
				t.Errorf("fault in %q", e.Rule)
			}
			if strings.Contains(e.Rule, "what a page said") {
				t.Error("the event holds what the panic said")
			}
		}
		if hit.count(Fault) != 1 {
			t.Errorf("%d faults", hit.count(Fault))
		}
		other.goesOn()
		otherCustomer.says(client.Append(1, 1, 5, []byte("two")))
		if b := last[*wire.Batch](otherAgent); b.Seq != 1 {
			t.Error("the other session does not work")
		}
		if err := hit.s.host.ask(func(*session) error { return nil }); err != ErrNoSession {
			t.Errorf("asking a session that is over: %v", err)
		}
	})
}

func TestEndWipes(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		page, assets := co.s.share.page, co.s.share.assets
		agent.fill(true)
		customer.says(client.Append(1, 1, 5, []byte("two")))
		kept := co.s.share.ring.parcels[len(co.s.share.ring.parcels)-1]
		bytes := kept.buf
		if len(bytes) == 0 || slices.Max(bytes) == 0 {
			t.Fatal("the ring holds nothing")
		}
		customer.says(&wire.End{})
		co.ends(wire.EndCustomer)
		if page.Nodes() != 0 || assets.Bytes() != 0 {
			t.Error("page or assets were not wiped")
		}
		if slices.Max(bytes) != 0 {
			t.Error("a batch in the ring was not overwritten")
		}
		if f := last[*wire.State](agent); f.Reason != wire.EndCustomer {
			t.Errorf("state %+v", *f)
		}
		after := len(agent.sent)
		customer.says(client.Append(1, 2, 7, []byte("three")))
		if len(agent.sent) != after {
			t.Error("something was sent after the end")
		}
	})
}
