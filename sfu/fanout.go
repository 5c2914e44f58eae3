package sfu

import (
	"slices"
	"time"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
)

// Flow control towards agents. There is no queue of changes for anybody: an agent has a place in the ring of the last
// batches. Who is slower than the ring is long gets the page as it stands when their channel has drained.
const (
	ringBytes  = 256 << 10 // of batches that are kept
	highWater  = 128 << 10 // the most that may wait for a line; batches are handed over while less does
	leastWater = 16 << 10  // the least
)

// cargo is what a link is asked to have room for.
type cargo uint8

const (
	aChange   cargo = iota
	aSnapshot       // goes onto a line that has little to do: it is large
	anAsset         // takes what the page leaves
)

// share is what the customer shares.
type share struct {
	page   *sanitizer.Page
	assets *sanitizer.Assets
	floor  uint32 // batches of this epoch and older ones are not listened to
	missed bool   // a snapshot came while the session was paused
	behind bool   // the customer said so
	amiss  string // the rule by which a batch was refused, until a snapshot has put it right
	heals  int
	place
	ring   ring
	shot   *parcel // snapshot of the page as it stands, or nil
	weight int     // bytes of the last snapshot
	pack   wire.Deflater
}

// place is where the customer is, as far as the rules look at it.
type place struct {
	address []byte            // of the page, as it was when it was asked about
	settled time.Time         // when a page whose address changed under it may be opened
	closed  bool              // the customer knows that the rules keep the page from all agents
	fresh   bool              // the connection is new and has not brought its page yet
	kept    []sanitizer.Clean // what it has brought besides; the sanitizer's own bytes
}

func (h *share) wipe() {
	clear(h.address)
	h.place = place{}
	h.page.Wipe()
	h.assets.Wipe()
	h.ring.reset()
	h.dropShot()
	h.pack.Wipe()
}

func (h *share) dropShot() {
	if h.shot != nil {
		h.shot.release()
		h.shot = nil
	}
}

// ring holds the last batches.
type ring struct {
	parcels []*parcel
	first   uint64 // number of the first one
	bytes   int
}

func (r *ring) end() uint64 { return r.first + uint64(len(r.parcels)) }

func (r *ring) add(p *parcel) {
	r.parcels = append(r.parcels, p)
	r.bytes += p.size()
}

// trim lets go of the oldest batches beyond the limit.
func (r *ring) trim(limit int) {
	n := 0
	for n < len(r.parcels) && r.bytes > limit {
		r.bytes -= r.parcels[n].size()
		r.parcels[n].release()
		r.parcels[n] = nil
		n++
	}
	r.parcels = r.parcels[n:]
	r.first += uint64(n)
	if len(r.parcels) == 0 {
		r.parcels = nil
	}
}

// after is how many bytes of batches there are from a number on.
func (r *ring) after(next uint64) (bytes int) {
	for i := max(next, r.first) - r.first; i < uint64(len(r.parcels)); i++ {
		bytes += r.parcels[i].size()
	}
	return bytes
}

func (r *ring) reset() { r.trim(-1) }

// view is how far an agent has got.
type view struct {
	behind bool              // a snapshot is due
	held   bool              // they have not said yet that nothing is left of the page before
	late   bool              // they came while the page was not decided about
	amiss  bool              // because the agent's copy does not fit
	next   uint64            // number of the next batch in the ring
	assets []sanitizer.Clean // chunks that wait for room; the sanitizer's own bytes
	lagged bool              // had to be brought up with a snapshot since the last Quality
	probe  probe
	stale  time.Duration // what the last probe measured
}

// probe is one batch whose way to the stage is being timed.
type probe struct {
	epoch, seq uint32
	at         time.Time // zero: none
}

// acked takes note of what the stage applied.
func (v *view) acked(epoch, seq uint32) {
	if p := v.probe; !p.at.IsZero() && (epoch > p.epoch || epoch == p.epoch && seq >= p.seq) {
		v.stale = time.Since(p.at)
		v.probe = probe{}
	}
}

// tellShare asks the customer for the page.
func (s *session) tellShare() {
	s.share.floor = max(s.share.floor, s.share.page.Epoch())
	s.tell(s.room.customer.conn, sanitizer.Server(&wire.Share{On: true, Epoch: s.share.floor}))
}

// batch is a change of the page.
func (s *session) batch(c *conn, b *wire.Batch, packed bool) {
	switch {
	case s.state != wire.StateActive:
		s.share.missed = s.share.missed || b.Snapshot
		s.share.floor = max(s.share.floor, b.Epoch)
		return
	case b.Epoch <= s.share.floor:
		return // on its way before the customer heard that a snapshot is needed
	}
	clean, r := s.share.page.Check(b)
	if r != nil {
		s.share.amiss = r.Rule
		s.resync(c, b.Epoch, r)
		s.strike(c, r.Rule, r.Node)
		return
	}
	if b.Snapshot && s.share.amiss != "" {
		s.share.heals++
		s.auditSeat(c.seat, Event{Kind: PageHealed, Rule: s.share.amiss})
		s.share.amiss = ""
	}
	s.totals.Batches++
	s.totals.Bytes += len(clean.Frame())
	s.tell(c, sanitizer.Server(&wire.Ack{Epoch: b.Epoch, Seq: b.Seq}))
	first := s.arrived(b)
	if s.state != wire.StateActive {
		clean.Wipe()
		return
	}
	if s.fanOut(clean, b, packed); first {
		s.decided()
	}
}

// resync asks for a snapshot. What comes of the old epoch until then is not listened to and costs no strike.
func (s *session) resync(c *conn, epoch uint32, r *sanitizer.Refusal) {
	s.share.floor = max(s.share.floor, s.share.page.Epoch(), epoch)
	s.tell(c, sanitizer.Server(&wire.Resync{Epoch: s.share.floor, Rule: r.Rule, Node: r.Node}))
}

// overrun is told when batches were left out because the session could not keep up. That is nobody's mistake, also of a
// connection that seemed quiet because what it said had to wait.
func (s *session) overrun(c *conn) {
	if !c.closed && (s.state == wire.StateActive || s.state == wire.StateResuming) && c.seat != nil {
		s.resync(c, 0, &sanitizer.Refusal{Rule: "row39-overrun"})
	}
}

// fanOut gives a batch to all agents. It is cut and deflated once for all of them.
func (s *session) fanOut(clean sanitizer.Clean, b *wire.Batch, packed bool) {
	h := &s.share
	h.dropShot()
	s.keyframe()
	if b.Snapshot {
		h.ring.reset()
		for p := range s.viewers {
			s.current(p)
		}
	}
	deflate := &h.pack
	if !packed && !b.Snapshot {
		deflate = nil
	}
	h.ring.add(pack(clean, deflate))
	if b.Snapshot {
		h.weight = h.ring.bytes
	}
	clean.Wipe()
	now := time.Now()
	for p := range s.viewers {
		if p.sees() && p.conn != nil && p.view.probe.at.IsZero() {
			p.view.probe = probe{epoch: b.Epoch, seq: b.Seq, at: now}
		}
		s.pump(p)
	}
	h.ring.trim(ringBytes)
}

// assets passes on what became known of assets. Announcements are small and go at once, bytes wait for room.
func (s *session) assets(c *conn, out []sanitizer.Clean, r *sanitizer.Refusal) {
	if s.share.fresh {
		s.share.kept = append(s.share.kept, out...)
	} else {
		s.passAssets(out)
	}
	if r != nil {
		s.strike(c, r.Rule, r.Node)
	}
}

func (s *session) passAssets(out []sanitizer.Clean) {
	for _, clean := range out {
		if clean.Channel() == wire.Ctl && !clean.Empty() {
			s.tellAll(clean, (*seat).sees)
			continue
		}
		for p := range s.viewers {
			if p.sees() && p.conn != nil && !clean.Empty() {
				p.view.assets = append(p.view.assets, clean)
			}
		}
	}
	for p := range s.viewers {
		s.pump(p)
	}
}

// beginView shows an agent who joins, or comes back, what there is.
func (s *session) beginView(p *seat) {
	p.view = view{behind: true, late: s.share.fresh}
	if p.closed {
		s.tell(p.conn, sanitizer.Server(&wire.Closed{Closed: true}))
	}
	if p.sees() && !s.share.fresh {
		s.bring(p)
		s.pump(p)
	}
}

// bring tells an agent everything but the page itself.
func (s *session) bring(p *seat) {
	if people(p) {
		s.tell(p.conn, sanitizer.Server(&wire.Behind{Behind: s.share.behind}))
	}
	for clean := range s.share.assets.All {
		if clean.Channel() == wire.Ctl {
			s.tell(p.conn, clean)
		} else {
			p.view.assets = append(p.view.assets, clean)
		}
	}
}

// dropAssets takes bytes that are no asset any more from everybody who still waits for them, and overwrites them.
func (s *session) dropAssets() {
	gone := s.share.assets.Dropped()
	if len(gone) == 0 {
		return
	}
	same := func(a, b sanitizer.Clean) bool {
		return len(a.Frame()) > 0 && len(b.Frame()) > 0 && &a.Frame()[0] == &b.Frame()[0]
	}
	s.share.kept = slices.DeleteFunc(s.share.kept, func(waits sanitizer.Clean) bool {
		return slices.ContainsFunc(gone, func(c sanitizer.Clean) bool { return same(waits, c) })
	})
	for p := range s.viewers {
		p.view.assets = slices.DeleteFunc(p.view.assets, func(waits sanitizer.Clean) bool {
			return slices.ContainsFunc(gone, func(c sanitizer.Clean) bool { return same(waits, c) })
		})
	}
	for _, c := range gone {
		c.Wipe()
	}
}

// pump hands over what an agent has room for: the page first, then bytes of assets.
func (s *session) pump(p *seat) {
	h, v := &s.share, &p.view
	for p.conn != nil && p.sees() && !v.held {
		what, ok := s.due(p)
		if !ok || !p.conn.link.room(what) {
			return
		}
		switch what {
		case aSnapshot:
			if s.snapshot() == nil {
				return // there is no page yet; its first batch will come by the ring
			}
			v.lagged = v.lagged || !v.behind
			s.current(p)
			s.totals.Snapshots++
			p.conn.link.send(h.shot.share())
		case aChange:
			p.conn.link.send(h.ring.parcels[v.next-h.ring.first].share())
			v.next++
		case anAsset:
			p.conn.link.send(pack(v.assets[0], nil))
			v.assets[0] = sanitizer.Clean{}
			v.assets = v.assets[1:]
		}
	}
}

// due is what an agent gets next. Who has fallen behind by more than their line takes soon and than the page weighs gets
// the page as it stands: it is there before the changes that led to it would be.
func (s *session) due(p *seat) (what cargo, ok bool) {
	h, v := &s.share, &p.view
	switch {
	case v.behind || v.next < h.ring.first:
		return aSnapshot, true
	case v.next+1 < h.ring.end() && h.ring.after(v.next) > max(p.conn.link.soon(), h.weight):
		return aSnapshot, true
	case v.next < h.ring.end():
		return aChange, true
	}
	return anAsset, len(v.assets) > 0
}

// current takes note that an agent has, or will have with what is sent now, the page as it stands.
func (s *session) current(p *seat) {
	v := &p.view
	if v.amiss {
		p.heals++
		s.auditSeat(p, Event{Kind: StageHealed, Rule: "need"})
	}
	v.behind, v.amiss, v.next = false, false, s.share.ring.end()
}

// snapshot is the page as it stands, made once for all who need it now; nil when there is no page.
func (s *session) snapshot() *parcel {
	h := &s.share
	if h.shot == nil {
		if clean, ok := h.page.Snapshot(); ok {
			h.shot = pack(clean, &h.pack)
			h.weight = h.shot.size()
			clean.Wipe()
		}
	}
	return h.shot
}

// drained is told when a link that was full has room again.
func (s *session) drained(c *conn) {
	if c.seat != nil && !c.closed {
		s.pump(c.seat)
	}
}
