package sanitizer_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"vitrine/internal/wire"
)

// deliver sends the batch and holds the invariants: what comes out verifies without a rewrite (and gives the same bytes),
// an early and a late agent see the same page, and it is the model's.
func (m *model) deliver() {
	m.t.Helper()
	clean, r := m.page.Check(m.Batch())
	if r != nil {
		m.t.Fatalf("refused: %s at node %d", r.Rule, r.Node)
	}
	b := decodeBatch(m.t, clean)
	again, r := m.twin.Check(b)
	if r != nil {
		m.t.Fatalf("what came out is refused: %s at node %d", r.Rule, r.Node)
	}
	if !bytes.Equal(again.Frame(), clean.Frame()) {
		m.t.Fatal("what came out is rewritten again")
	}
	if !m.dirty && !bytes.Equal(m.Batch().AppendTo(nil), clean.Frame()) {
		m.t.Fatal("a clean batch did not come out as it went in")
	}
	if err := m.replica.Apply(b); err != nil {
		m.t.Fatalf("the agent cannot apply it: %v", err)
	}
	m.same()
	if count, _ := m.tree.Sum(); count != m.page.Nodes() {
		m.t.Fatalf("the page has %d nodes, the model %d", m.page.Nodes(), count)
	}
	if got := m.replica.Tree.Dump(); !m.dirty && got != m.tree.Dump() {
		m.t.Fatalf("the agent sees another page than the customer:\n%s\n%s", got, m.tree.Dump())
	}
	if m.page.Nodes() > 600 {
		m.start() // before the page gets slow to compare
		m.deliver()
	}
}

func (m *model) run(steps int) {
	m.t.Helper()
	m.deliver()
	for range steps {
		m.change()
		m.deliver()
	}
}

// TestThreat33_Model applies random changes to a page, to its model, to an agent's replica and to one of an agent who
// comes late, and holds them against each other after every batch.
func TestThreat33_Model(t *testing.T) {
	for _, dirty := range []bool{false, true} {
		for seed := range uint64(40) {
			t.Run(fmt.Sprintf("dirty=%v seed=%d", dirty, seed), func(t *testing.T) { newModel(t, seed, dirty).run(60) })
		}
	}
}

// TestThreat33_Mutants bends valid batches: nothing panics, a refused one changes nothing and names a row, and one that is
// accepted all the same leaves early and late agents with the same page.
func TestThreat33_Mutants(t *testing.T) {
	refused, accepted := 0, 0
	for seed := range uint64(150) {
		m := newModel(t, seed, true)
		m.run(4)
		for alive := true; alive && refused < 20_000; {
			m.change()
			before := snapshotOf(t, m.page)
			for range 40 {
				b := bend(m.rng, m.Batch())
				clean, r := m.page.Check(b)
				if r == nil {
					accepted++
					alive = false
					if err := m.replica.Apply(decodeBatch(t, clean)); err != nil {
						t.Fatalf("seed %d: the agent cannot apply a bent batch: %v", seed, err)
					}
					m.same()
					break
				}
				refused++
				if !strings.HasPrefix(r.Rule, "row") {
					t.Fatalf("rule %q names no row", r.Rule)
				}
				if !bytes.Equal(before, snapshotOf(t, m.page)) {
					t.Fatalf("seed %d: a batch refused by %s changed the page", seed, r.Rule)
				}
			}
			if alive {
				m.deliver()
			}
		}
	}
	t.Logf("%d bent batches refused, %d accepted", refused, accepted)
	if refused < 1000 || accepted == 0 {
		t.Error("the bent batches try nothing")
	}
}

// bend gives a batch with something wrong in it, or a bit of luck.
func bend(rng *rand.Rand, b *wire.Batch) *wire.Batch {
	out := *b
	out.Ops = slices.Clone(b.Ops)
	out.Strings, out.Literals = slices.Clone(b.Strings), slices.Clone(b.Literals)
	for range 1 + rng.IntN(3) {
		n := len(out.Ops)
		switch k := rng.IntN(9); {
		case n == 0:
			out.Ops = append(out.Ops, byte(rng.IntN(20)))
		case k == 0:
			out.Ops[rng.IntN(n)] ^= 1 << rng.IntN(8)
		case k == 1:
			out.Ops[rng.IntN(n)] = byte(rng.IntN(0x14))
		case k == 2:
			out.Ops = out.Ops[:rng.IntN(n)]
		case k == 3:
			i := rng.IntN(n)
			out.Ops = slices.Delete(out.Ops, i, min(n, i+1+rng.IntN(4)))
		case k == 4:
			i := rng.IntN(n)
			out.Ops = slices.Insert(out.Ops, i, slices.Clone(out.Ops[i:min(n, i+1+rng.IntN(8))])...)
		case k == 5:
			out.Ops = append(out.Ops, out.Ops[rng.IntN(n):]...)
		case k == 6 && len(out.Strings) > 0:
			out.Strings[rng.IntN(len(out.Strings))].Role = wire.Role(rng.IntN(14))
		case k == 7 && len(out.Literals) > 0:
			i := rng.IntN(len(out.Literals))
			out.Literals = slices.Delete(out.Literals, i, i+1)
		case k == 8:
			out.Clear = !out.Clear
		}
	}
	return &out
}
