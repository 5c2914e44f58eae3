package sfu

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vitrine/internal/wire"
	"vitrine/test/client"
)

// reel is a tape that holds what it was given in memory.
type reel struct {
	person // what a person at the tape's place would have seen
	told   TapeTold
	agent  string

	inputs []byte // kinds of messages that went to the customer
	cuts   int
	closed string
	full   bool
}

func (r *reel) Write(_ time.Time, kind byte, message []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if wire.Channel(kind) == wire.Input {
		r.inputs = append(r.inputs, message...)
		return
	}
	p := &parcel{channel: wire.Channel(kind)}
	p.append(message)
	p.refs.Store(1)
	r.sent = append(r.sent, p)
}

func (r *reel) Room() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.full
}

func (r *reel) Cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cuts++
}

func (r *reel) Close(reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = reason
}

func (r *reel) reason() string {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// studio is a session whose recordings are kept in memory.
type studio struct {
	*core
	mu    sync.Mutex
	reels []*reel
	fails error
}

func (st *studio) record(_, agent string, told TapeTold) (Tape, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.fails != nil {
		return nil, st.fails
	}
	r := &reel{told: told, agent: agent}
	r.core, r.conn = st.core, &conn{grant: Grant{Role: recording}}
	st.reels = append(st.reels, r)
	return r, nil
}

const mayRecord = wire.ScopeView | wire.ScopeControl | wire.ScopeRecord | wire.ScopeSecondAgent

func studioTest(t *testing.T, run func(t *testing.T, st *studio)) {
	bubble(t, Config{}, func(t *testing.T, co *core) {
		st := &studio{core: co}
		co.do(func(s *session) { s.set.Record = st.record })
		run(t, st)
	})
}

func (st *studio) granted() wire.Scope { return st.s.host.info.Load().Granted }

// recorded is a session that one agent sees and records.
func (st *studio) recorded() (customer, agent *person, r *reel) {
	st.t.Helper()
	customer = st.customer()
	agent = st.join(Grant{Role: Agent, Subject: "a", Name: "a", May: mayRecord})
	customer.answers(wire.ScopeView)
	customer.says(client.Snapshot(1, []byte("one")))
	agent.says(&wire.Request{Scopes: wire.ScopeRecord})
	if ask := last[*wire.Ask](customer); ask.Scopes != wire.ScopeRecord || ask.Name != "a" {
		st.t.Fatalf("asked for %b in the name of %q", ask.Scopes, ask.Name)
	}
	if len(st.reels) != 0 {
		st.t.Fatal("it is recorded before the customer agreed")
	}
	customer.answers(wire.ScopeRecord)
	if len(st.reels) != 1 || st.granted()&wire.ScopeRecord == 0 || st.reels[0].agent != "a" {
		st.t.Fatal("it is not recorded")
	}
	return customer, agent, st.reels[0]
}

func TestARecordingIsWhatAgentsSee(t *testing.T) {
	studioTest(t, func(t *testing.T, st *studio) {
		customer, agent, r := st.recorded()
		if got := all[*wire.Batch](&r.person); len(got) != 1 || !got[0].Snapshot {
			t.Fatal("it does not begin with the page as it stands")
		}
		if last[*wire.Scopes](&r.person).Granted&wire.ScopeRecord == 0 || len(all[*wire.Welcome](&r.person)) != 1 {
			t.Error("it does not say what was granted")
		}
		customer.says(client.Append(1, 1, client.FirstParagraph+2, []byte("two")))
		customer.says(&wire.Pointer{Kind: wire.PointerMove, Epoch: 1, Node: client.FirstParagraph})
		if got := all[*wire.Batch](&r.person); len(got) != 2 || len(all[*wire.Pointed](&r.person)) != 1 {
			t.Errorf("%d batches", len(got))
		}
		if len(r.inputs) != 0 {
			t.Error("there was no input")
		}
		agent.says(&wire.Request{Scopes: wire.ScopeControl})
		customer.answers(wire.ScopeControl)
		agent.says(&wire.Click{Seq: 1, Epoch: 1, Node: client.FirstParagraph, Count: 1})
		synctest.Wait()
		if len(r.inputs) == 0 {
			t.Error("the agent's input is missing")
		}
		agent.says(&wire.Say{Text: []byte("hello")})
		customer.says(&wire.Say{Text: []byte("hello")})
		if len(all[*wire.Said](agent)) != 2 || len(all[*wire.Said](&r.person)) != 0 {
			t.Error("the chat is no part of a recording")
		}
		if len(all[*wire.Ticket](&r.person)) != 0 || len(all[*wire.Ping](&r.person)) != 0 {
			t.Error("it holds what is for one connection alone")
		}
		if i := st.s.host.info.Load(); len(i.Agents) != 1 {
			t.Error("a recording is no agent")
		}
	})
}

func TestARecordingStopsAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		stop func(*studio, *person, *person)
		want string
		on   bool // the session goes on
	}{
		"revoked":       {func(_ *studio, c, _ *person) { c.says(&wire.Revoke{Scopes: wire.ScopeRecord}) }, "revoked", true},
		"released":      {func(_ *studio, _, a *person) { a.says(&wire.Release{Scopes: wire.ScopeRecord}) }, "revoked", true},
		"customer ends": {func(_ *studio, c, _ *person) { c.says(&wire.End{}) }, "customer", false},
		"agent ends":    {func(_ *studio, _, a *person) { a.says(&wire.End{}) }, "agent", false},
		"fault":         {func(st *studio, _, _ *person) { st.do(func(*session) { panic("x") }) }, "fault", false},
	} {
		t.Run(name, func(t *testing.T) {
			studioTest(t, func(t *testing.T, st *studio) {
				customer, agent, r := st.recorded()
				c.stop(st, customer, agent)
				if got := r.reason(); got != c.want || st.granted()&wire.ScopeRecord != 0 && c.on {
					t.Errorf("ended by %q, granted %b", got, st.granted())
				}
				if st.over() == c.on {
					t.Fatal("the session does not stand as it should")
				}
				if !c.on {
					return
				}
				before := len(r.sent)
				customer.says(client.Append(1, 1, client.FirstParagraph+2, []byte("two")))
				if synctest.Wait(); len(r.sent) != before || last[*wire.Scopes](customer).Granted&wire.ScopeRecord != 0 {
					t.Error("it goes on recording, or says so")
				}
				agent.says(&wire.Request{Scopes: wire.ScopeRecord})
				customer.answers(wire.ScopeRecord)
				if len(st.reels) != 2 {
					t.Error("a second recording does not begin")
				}
			})
		})
	}
}

func TestAPauseSealsWhatThereIs(t *testing.T) {
	studioTest(t, func(t *testing.T, st *studio) {
		customer, _, r := st.recorded()
		customer.says(&wire.Pause{Paused: true})
		if r.cuts == 0 || r.reason() != "" {
			t.Errorf("%d cuts, ended by %q", r.cuts, r.reason())
		}
		customer.says(client.Append(1, 1, client.FirstParagraph+2, []byte("two")))
		if len(all[*wire.Batch](&r.person)) != 1 {
			t.Error("it records what is held back")
		}
	})
}

// A disk that fails costs the recording, and everybody is told. The session goes on.
func TestAFailedRecordingIsTold(t *testing.T) {
	studioTest(t, func(t *testing.T, st *studio) {
		customer, agent, r := st.recorded()
		r.told.Failed("recording-disk")
		if f := last[*wire.Refused](agent); f.Rule != "recording-disk" {
			t.Errorf("the agent is told %q", f.Rule)
		}
		for _, p := range []*person{customer, agent} {
			if last[*wire.Scopes](p).Granted&wire.ScopeRecord != 0 {
				t.Error("somebody believes that it is recorded")
			}
		}
		st.goesOn()
		st.mu.Lock()
		st.fails = errors.New("no disk")
		st.mu.Unlock()
		agent.says(&wire.Request{Scopes: wire.ScopeRecord})
		customer.answers(wire.ScopeRecord)
		if f := last[*wire.Refused](agent); f.Rule != ruleRecording || st.granted()&wire.ScopeRecord != 0 {
			t.Errorf("refused by %q", f.Rule)
		}
		st.goesOn()
	})
}

func TestWhoMayNotRecordIsNotAskedFor(t *testing.T) {
	studioTest(t, func(t *testing.T, st *studio) {
		customer, agent := st.shared() // May holds no ScopeRecord
		asks := len(all[*wire.Ask](customer))
		agent.says(&wire.Request{Scopes: wire.ScopeRecord})
		if f := last[*wire.Refused](agent); f.Rule != "policy-scope" || len(all[*wire.Ask](customer)) != asks {
			t.Errorf("%q", f.Rule)
		}
		// A site that records nothing refuses whatever a token says.
		st.do(func(s *session) { s.set.Record = nil; s.room.agents[0].grant.May |= wire.ScopeRecord })
		agent.says(&wire.Request{Scopes: wire.ScopeRecord})
		if len(all[*wire.Ask](customer)) != asks || len(st.reels) != 0 {
			t.Error("a recording was asked for")
		}
	})
}

// A second agent's recording leaves the driver in place, and ends when that agent leaves.
func TestWhoRecordsNeedNotDrive(t *testing.T) {
	studioTest(t, func(t *testing.T, st *studio) {
		customer, agent := st.shared()
		agent.says(&wire.Request{Scopes: wire.ScopeControl})
		customer.answers(wire.ScopeControl)
		second := st.join(Grant{Role: Agent, Subject: "b", Name: "b", May: mayRecord})
		customer.answers(wire.ScopeSecondAgent)
		second.says(&wire.Request{Scopes: wire.ScopeRecord})
		customer.answers(wire.ScopeRecord)
		if st.granted()&wire.ScopeControl != wire.ScopeControl || last[*wire.Scopes](agent).Driver != 1 || len(st.reels) != 1 {
			t.Fatalf("granted %b", st.granted())
		}
		second.says(&wire.End{})
		if st.reels[0].reason() != "agent-left" || st.granted()&wire.ScopeControl != wire.ScopeControl || st.granted()&wire.ScopeRecord != 0 {
			t.Errorf("ended by %q, granted %b", st.reels[0].reason(), st.granted())
		}
	})
}

// A page that changes for long is written down as a whole once a minute; a disk that is slow gets it later.
func TestARecordingHasWholePages(t *testing.T) {
	studioTest(t, func(t *testing.T, st *studio) {
		customer, agent, r := st.recorded()
		change := func(seq int) { customer.says(client.SetText(1, uint32(seq), client.FirstParagraph+1, []byte("x"))) }
		for i := range 13 {
			st.alive(10*time.Second, customer, agent)
			agent.says(&wire.Presence{Visible: true, Active: true})
			change(i + 1)
		}
		whole := 0
		for _, b := range all[*wire.Batch](&r.person) {
			if b.Snapshot {
				whole++
			}
		}
		if whole != 3 {
			t.Errorf("%d whole pages in two minutes", whole)
		}
		r.mu.Lock()
		r.full = true
		r.mu.Unlock()
		n := len(all[*wire.Batch](&r.person))
		change(14)
		if len(all[*wire.Batch](&r.person)) != n {
			t.Error("a full tape was given more")
		}
		r.mu.Lock()
		r.full = false
		r.mu.Unlock()
		r.told.Drained()
		if got := all[*wire.Batch](&r.person); len(got) != n+1 || !slices.ContainsFunc(got, func(b *wire.Batch) bool { return b.Seq == 14 }) {
			t.Error("it does not come when there is room")
		}
	})
}
