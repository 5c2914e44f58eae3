package sanitizer

import "vitrine/internal/wire"

// Page is the server's copy of one customer's page. It is not safe for use by several goroutines.
type Page struct {
	policy Policy
	st     *state // nil before the first snapshot
	spare  *state // an empty one with room, for the next snapshot; may be nil
	epoch  uint32
	seq    uint32
	check  checker
	loan   loan
}

// NewPage returns a page that waits for its first snapshot.
func NewPage(p Policy) *Page { return &Page{policy: p.withDefaults()} }

// Epoch is the epoch of the last snapshot; 0 before the first.
func (p *Page) Epoch() uint32 { return p.epoch }

// Seq is the number of the last batch in its epoch.
func (p *Page) Seq() uint32 { return p.seq }

// Nodes is the number of nodes in the page, without the document.
func (p *Page) Nodes() int {
	if p.st == nil {
		return 0
	}
	return p.st.count
}

// Bytes is about how much memory the page takes.
func (p *Page) Bytes() int {
	if p.st == nil {
		return 0
	}
	n := p.st.size()
	if p.spare != nil {
		n += p.spare.room()
	}
	return n
}

// Wipe overwrites everything that is known of the page. The epoch stays, so that an old frame cannot bring it back.
func (p *Page) Wipe() {
	if p.st != nil {
		p.st.wipe()
		p.st = nil
	}
	if p.spare != nil {
		p.spare.wipe()
		p.spare = nil
	}
	p.check = checker{}
}

// Check judges a batch. When all of it is allowed, the page changes and the Clean is what agents get; otherwise the page
// stays as it was. b and what it points to are not kept.
func (p *Page) Check(b *wire.Batch) (Clean, *Refusal) {
	if r := p.sequence(b); r != nil {
		return Clean{}, r
	}
	st := p.st
	if b.Snapshot {
		st = p.fresh()
		st.reserve(b)
	}
	st.strs.values = values{p.policy.ShowQuery, p.policy.Detect}
	st.begin()
	c := &p.check
	c.reset(st, p.policy)
	defer c.release()
	if c.strings(b) && c.ops(b) {
		clean := p.loan.approve(c.cleaned(b), c.outSize+len(b.Ops)+64)
		if len(clean.frame) <= wire.MaxFrame {
			st.commit()
			if b.Snapshot && p.st != nil {
				p.retire(p.st)
			}
			p.st, p.epoch, p.seq = st, b.Epoch, b.Seq
			return clean, nil
		}
		clean.Wipe()
		c.refuse(0, ruleBytes)
	}
	if b.Snapshot {
		p.retire(st)
	} else {
		st.rollback()
	}
	return Clean{}, c.refusal
}

// fresh gives a state for a snapshot.
func (p *Page) fresh() *state {
	if st := p.spare; st != nil {
		p.spare = nil
		return st.reset()
	}
	return newState()
}

// retire overwrites a state. Its room is kept for the next snapshot when it is not much.
func (p *Page) retire(st *state) {
	if st.room() > maxRoom {
		st.wipe()
		return
	}
	st.empty()
	p.spare = st
}

// sequence holds the order of batches (threat row 36).
func (p *Page) sequence(b *wire.Batch) *Refusal {
	switch {
	case b.Snapshot && b.Clear && b.Seq == 0 && b.Epoch > p.epoch:
	case !b.Snapshot && p.st != nil && b.Epoch == p.epoch && b.Seq == p.seq+1:
	default:
		return &Refusal{Rule: ruleSequence}
	}
	return nil
}

// Address is what the page states as its address, as it is shown: empty when it states none that can be shown. It is part of
// the page's memory and not to be kept. One of MaxAddress bytes may have been cut.
func (p *Page) Address() []byte {
	if p.st == nil || p.st.info.url == 0 {
		return nil
	}
	return p.st.strs.bytes(p.st.info.url)
}

// MaxAddress is the longest address that is shown, in bytes.
const MaxAddress = maxURLText
