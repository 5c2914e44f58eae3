package sfu

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
	"vitrine/test/client"
)

// oneOfEach is one frame of every type that an agent can send.
func oneOfEach() []wire.FromAgent {
	return []wire.FromAgent{
		&wire.Hello{}, &wire.Ping{}, &wire.Pong{}, &wire.Request{}, &wire.Release{}, &wire.End{}, &wire.Say{}, &wire.Ack{}, &wire.Need{},
		&wire.Presence{}, &wire.Pointer{}, &wire.Stroke{}, &wire.ScrollTo{}, &wire.Click{}, &wire.Drag{}, &wire.Choose{},
		&wire.TypeText{}, &wire.PressKey{}, &wire.SetValue{}, &wire.Navigate{},
	}
}

// needs is what each type needs, written down a second time.
var needs = map[wire.Type]wire.Scope{
	wire.TypePointer: wire.ScopePoint, wire.TypeStroke: wire.ScopePoint, wire.TypeScrollTo: wire.ScopeScroll,
	wire.TypeClick: wire.ScopeClick, wire.TypeDrag: wire.ScopeClick, wire.TypeChoose: wire.ScopeClick,
	wire.TypeTypeText: wire.ScopeType, wire.TypePressKey: wire.ScopeType, wire.TypeSetValue: wire.ScopeType,
	wire.TypeNavigate: wire.ScopeNavigate,
}

// Every type of frame against every set of scopes that the customer granted and every set that the rules allow. Frames that
// need no scope are no inputs: the gate refuses them all.
func TestG04_EveryFrameEveryScopeSet(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, co *core) {
		co.shared()
		wrong, passed, refused := 0, 0, 0
		co.do(func(s *session) {
			p := s.room.agents[0]
			s.consent.driver = p.id
			for granted := range wire.Scope(1 << len(scopeRules)) {
				for may := range wire.Scope(1 << len(scopeRules)) {
					s.consent.granted, p.may = granted, may
					for _, f := range oneOfEach() {
						p.gate = [paces]bucket{}
						need := needs[f.Type()]
						want := need != 0 && granted&need != 0 && may&need != 0 && may&wire.ScopeView != 0
						got := s.gate(p, f) == ""
						if got != want {
							wrong++
						}
						if got {
							passed++
						} else {
							refused++
						}
					}
				}
			}
			s.consent.granted, p.may = wire.ScopeView, wire.ScopeView
		})
		t.Logf("%d passed, %d refused", passed, refused)
		if wrong != 0 || passed == 0 || refused == 0 {
			t.Errorf("%d wrong decisions", wrong)
		}
	})
}

// page is a batch that says where the page is; a snapshot when its number is 0.
func page(epoch, seq uint32, path string) *wire.Batch {
	b := client.Snapshot(epoch, []byte("of "+path))
	if seq > 0 {
		b = &wire.Batch{Epoch: epoch, Seq: seq}
	}
	b.Literals = append([]wire.Str{
		{Role: wire.RoleURL, Text: []byte("https://shop.example" + path)}, {Role: wire.RoleTitle, Text: []byte("t")},
	}, b.Literals...)
	b.Ops = append([]byte{wire.OpPage, 0, 0, 0}, b.Ops...)
	return b
}

// closing is a set of rules by which pages below /closed are closed to all but the agent "chief", and nobody types on /look.
func closing(q Question) Ruling {
	path := strings.TrimPrefix(string(q.Address), q.Origin)
	may := wire.ScopeView | wire.ScopeControl | wire.ScopeSecondAgent | MayHandOver
	switch {
	case !q.OnPage || q.Grant.Subject == "chief":
	case strings.HasPrefix(path, "/closed") || path == "":
		may = 0
	case path == "/look":
		may &^= wire.ScopeType
	}
	return Ruling{May: may, By: func(wire.Scope) string { return "closing" }}
}

func TestG05_ClosedPagesAreHeldBack(t *testing.T) {
	bubble(t, Config{Access: closing}, func(t *testing.T, co *core) {
		customer, agent := co.customer(), co.agent("a")
		customer.answers(wire.ScopeView)
		shown := func(p *person) int { return len(all[*wire.Batch](p)) }
		customer.says(page(1, 0, "/open"))
		if shown(agent) != 1 || len(all[*wire.Closed](agent)) != 0 {
			t.Fatal("an open page is not shown")
		}
		customer.says(page(1, 1, "/closed/a"))
		customer.says(client.SetText(1, 2, 4, []byte("secret")))
		if shown(agent) != 1 || !last[*wire.Closed](agent).Closed || !last[*wire.Closed](customer).Closed {
			t.Fatal("a closed page is shown, or nobody is told")
		}
		agent.says(&wire.Need{Epoch: 1})
		agent.says(&wire.Stroke{Tool: wire.ToolClear})
		if shown(agent) != 1 || last[*wire.Refused](agent).Rule != "policy-page" {
			t.Fatalf("%d batches, refused by %q", shown(agent), last[*wire.Refused](agent).Rule)
		}
		agent.says(&wire.Request{Scopes: wire.ScopeControl})
		if last[*wire.Refused](agent).Rule != "policy-page" {
			t.Error("control of a closed page is asked for")
		}
		// Who comes late, or comes back, sees no more; who may see it does.
		back := co.agent("a")
		if shown(back) != 0 || !last[*wire.Closed](back).Closed {
			t.Error("a closed page is shown to an agent who comes back")
		}
		chief := co.agent("chief")
		customer.answers(wire.ScopeSecondAgent)
		if shown(chief) != 1 || last[*wire.Closed](customer).Closed {
			t.Error("the page is kept from somebody who may see it")
		}
		// The address changes before what is shown does: it opens a moment later, when nothing of before is on its way.
		customer.says(page(1, 3, "/open"))
		if last[*wire.Closed](back).Closed != true {
			t.Error("the page is opened at once")
		}
		time.Sleep(settleTime)
		synctest.Wait()
		if last[*wire.Closed](back).Closed || shown(back) != 0 {
			t.Fatal("the page is not opened, or shown too early")
		}
		back.says(&wire.Need{})
		if b := last[*wire.Batch](back); !b.Snapshot || b.Seq != 3 {
			t.Errorf("batch %d, snapshot %v", b.Seq, b.Snapshot)
		}
		customer.says(client.SetText(1, 4, 4, []byte("more")))
		if last[*wire.Batch](back).Seq != 4 || co.count(PageClosed) != 1 || co.count(PageOpened) != 1 {
			t.Error("the page does not go on")
		}
	})
}

// What a new page brings besides itself waits until it is known which page it is.
func TestG05_AssetsOfClosedPagesAreHeldBack(t *testing.T) {
	bubble(t, Config{Access: closing}, func(t *testing.T, co *core) {
		customer, agent := co.customer(), co.agent("a")
		customer.answers(wire.ScopeView)
		gone := func(id wire.AssetID) *wire.Gone { return &wire.Gone{Asset: id, Reason: wire.GoneFull} }
		customer.says(gone(1))
		if len(all[*wire.Gone](agent)) != 0 {
			t.Error("something of an unknown page went out")
		}
		customer.says(page(1, 0, "/closed"))
		customer.says(gone(2))
		if len(all[*wire.Gone](agent)) != 0 || len(all[*wire.Batch](agent)) != 0 {
			t.Error("something of a closed page went out")
		}
		next := co.customer()
		next.says(page(2, 0, "/open"))
		agent.says(&wire.Need{})
		if len(all[*wire.Gone](agent)) == 0 || len(all[*wire.Batch](agent)) != 1 {
			t.Error("an open page is not shown whole")
		}
	})
}

func TestG05_ScopesFollowThePage(t *testing.T) {
	bubble(t, Config{Access: closing}, func(t *testing.T, co *core) {
		customer, agent := co.customer(), co.agent("a")
		customer.answers(wire.ScopeView)
		customer.says(page(1, 0, "/open"))
		agent.says(&wire.Request{Scopes: wire.ScopeControl})
		customer.answers(wire.ScopeControl)
		gate := func() (rule string) {
			co.do(func(s *session) { rule = s.gate(s.room.agents[0], &wire.PressKey{}) })
			return rule
		}
		if rule := gate(); rule != "" {
			t.Errorf("refused by %q", rule)
		}
		customer.says(page(1, 1, "/look"))
		if rule := gate(); rule != "policy-scope" {
			t.Errorf("refused by %q", rule)
		}
		customer.says(page(1, 2, "/open"))
		if rule := gate(); rule != "" {
			t.Errorf("refused by %q: what the customer granted is gone", rule)
		}
	})
}

// The rules change under a session: what they no longer allow ends at once.
func TestG05_RecheckCuts(t *testing.T) {
	may := wire.ScopeView | wire.ScopeControl | MayHandOver
	rules := func(Question) Ruling { return Ruling{May: may, By: func(wire.Scope) string { return "r" }} }
	bubble(t, Config{Access: rules}, func(t *testing.T, co *core) {
		customer, agent := co.control()
		co.agent("b").turned(wire.EndPolicy) // nobody joins a colleague
		may = wire.ScopeView | wire.ScopePoint
		co.do((*session).recheck)
		if got := last[*wire.Scopes](customer).Granted; got != wire.ScopeView|wire.ScopePoint {
			t.Errorf("%b is granted", got)
		}
		may = 0
		co.do((*session).recheck)
		agent.turned(wire.EndPolicy)
		co.ends(wire.EndPolicy)
		if co.count(AccessAllowed) != 2 || co.count(AccessRefused) != 4 {
			t.Errorf("%d allowed and %d refused", co.count(AccessAllowed), co.count(AccessRefused))
		}
	})
}

func TestG05_TakingOverNeedsARight(t *testing.T) {
	rules := func(q Question) Ruling {
		may := wire.ScopeView | wire.ScopeControl | wire.ScopeSecondAgent
		if q.Grant.Subject == "chief" {
			may |= MayHandOver
		}
		return Ruling{May: may}
	}
	bubble(t, Config{Access: rules}, func(t *testing.T, co *core) {
		customer, _ := co.control()
		for _, name := range []string{"b", "chief"} {
			other := co.agent(name)
			customer.answers(wire.ScopeSecondAgent)
			asked := len(all[*wire.Ask](customer))
			other.says(&wire.Request{Scopes: wire.ScopeControl})
			if name == "b" && (last[*wire.Refused](other).Rule != "policy-handover" || len(all[*wire.Ask](customer)) != asked) {
				t.Error("the page may be taken over without the right to it")
			}
			if name == "chief" && len(all[*wire.Ask](customer)) != asked+1 {
				t.Error("the page cannot be taken over")
			}
		}
	})
}

// BenchmarkGate is what a frame costs that asks whether it may.
func BenchmarkGate(b *testing.B) {
	s := &session{consent: consent{granted: wire.ScopeView | wire.ScopeControl, driver: 1}}
	p := &seat{id: 1, admitted: wire.ScopeView, may: wire.ScopeView | wire.ScopeControl}
	f := wire.FromAgent(&wire.Click{})
	b.ReportAllocs()
	for b.Loop() {
		if s.rights(p).Refuses(sanitizer.NeedScope(f)) != "" {
			b.Fatal("refused")
		}
	}
}
