package sfu

import (
	"testing"
	"time"

	"vitrine/internal/wire"
	"vitrine/test/client"
)

// What was wrong and has been put right is counted: for the customer what their page told, for an agent also what they hold.
func TestHealsAreCounted(t *testing.T) {
	bubble(t, Config{Timeouts: Timeouts{AgentAway: time.Hour}}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		wrong := client.SetText(1, 1, 4, []byte("x"))
		wrong.Ops = append(wrong.Ops, wire.OpSum, 4, 1) // four nodes, but not these
		customer.says(wrong)
		if r := last[*wire.Resync](customer); r.Rule != "row33-sum" {
			t.Fatalf("asked to start over by %s", r.Rule)
		}
		if co.count(PageHealed) != 0 {
			t.Error("counted before it was put right")
		}
		before := len(all[*wire.Batch](agent))
		customer.says(client.Snapshot(2, []byte("right")))
		if got := all[*wire.Batch](agent)[before:]; len(got) != 1 || !got[0].Snapshot {
			t.Errorf("%d batches for the agent", len(got))
		}
		agent.says(&wire.Need{Epoch: 2})
		customer.says(client.Snapshot(3, []byte("a page that nobody missed")))
		if pages, stages := co.count(PageHealed), co.count(StageHealed); pages != 1 || stages != 1 {
			t.Errorf("%d pages and %d stages were put right", pages, stages)
		}
		co.alive(11*time.Second, customer, agent)
		if c, a := last[*wire.Quality](customer).Heals, last[*wire.Quality](agent).Heals; c != 1 || a != 2 {
			t.Errorf("the customer is told %d, the agent %d", c, a)
		}
	})
}

// A snapshot of the customer's that comes before an agent's own was sent is as good.
func TestSnapshotOfTheCustomerHealsStages(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, co *core) {
		customer, agent := co.shared()
		agent.fill(true)
		agent.says(&wire.Need{Epoch: 1})
		if co.count(StageHealed) != 0 {
			t.Error("counted before anything was sent")
		}
		customer.says(client.Snapshot(2, []byte("new")))
		agent.fill(false)
		if got := co.count(StageHealed); got != 1 {
			t.Errorf("put right %d times", got)
		}
	})
}
