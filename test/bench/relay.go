package main

import (
	"errors"
	"fmt"
	"time"

	"vitrine/internal/wire"
	"vitrine/test/page"
)

// What the relay is loaded with.
const (
	bulkFrame  = 16<<10 - 512 // bytes of a frame, so that it is one message on both sides
	bulkBytes  = 10 << 20     // of one sample
	bulkWindow = 6            // frames on their way: an agent who is further behind gets the page as it stands instead
	smallFrame = 1 << 10
	smallPause = 10 * time.Millisecond
	smallBytes = 120 << 10 // of one sample
)

// lane is a way from one connection through a relay to another.
type lane struct {
	name    string
	child   *child
	in, out *end
	tokens  chan struct{} // one for each message on its way
	arrived chan time.Time
	keep    [][]byte // what arrived, when it is wanted
	seen    func(n int)
	count   int
}

// relay measures what the SFU with its sanitizer costs against a relay of pion that reads and writes.
func relay(b *bench) error {
	t := newTraffic()
	first := t.snapshot()
	r, err := newRig()
	if err != nil {
		return err
	}
	defer r.close()
	lanes, people, err := newLanes(r, first)
	if err != nil {
		return err
	}
	defer lanes[0].child.stop()
	defer lanes[1].child.stop()
	replica, err := newReplica(first)
	if err != nil {
		return err
	}
	run := relayRun{b: b, t: t, lanes: lanes, replica: replica}
	for _, m := range []struct {
		name    string
		deflate bool
	}{{"relay.bulk", false}, {"relay.bulk.deflated", true}} {
		if err := run.bulk(m.name, m.deflate); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	if err := run.latency(); err != nil {
		return err
	}
	if err := replica.apply(lanes[0]); err != nil {
		return err
	}
	if n := people[0].resyncs.Load(); n > 0 {
		return fmt.Errorf("the SFU asked %d times for a snapshot", n)
	}
	return nil
}

// newLanes makes the lane through the SFU and the one through the bare relay.
func newLanes(r *rig, snapshot []byte) (lanes [2]*lane, people [2]*person, err error) {
	server, err := startChild("sfu")
	if err != nil {
		return lanes, people, err
	}
	customer, agent, err := r.pair(server)
	if err != nil {
		return lanes, people, err
	}
	whole := make(chan struct{}, 1)
	l := newLane("sfu", server, customer.end, agent.end)
	// The viewer tells once a display frame what it applied.
	last := time.Now()
	l.seen = func(n int) {
		if n < 0 {
			whole <- struct{}{}
		} else if now := time.Now(); now.Sub(last) >= 16*time.Millisecond {
			last = now
			agent.reply(&wire.Ack{Epoch: 1, Seq: uint32(n)})
		}
	}
	for _, msg := range messages(false, snapshot) {
		if _, err := customer.streams[wire.Dom].Write(msg); err != nil {
			return lanes, people, err
		}
	}
	if _, err := await(whole, "snapshot at the agent"); err != nil {
		return lanes, people, err
	}
	bare, err := newBareLane(r)
	return [2]*lane{l, bare}, [2]*person{customer, agent}, err
}

func newBareLane(r *rig) (*lane, error) {
	server, err := startChild("bare")
	if err != nil {
		return nil, err
	}
	var ends [2]*end
	for i := range ends {
		ends[i], err = r.dial(func(offer string) (answer string, err error) {
			return answer, server.call("Connect", offer, &answer)
		})
		if err != nil {
			return nil, err
		}
	}
	l := newLane("bare", server, ends[0], ends[1])
	l.count = 0
	l.seen = func(int) {}
	return l, server.call("Relay", struct{}{}, &struct{}{})
}

// newLane listens at the far end. Until the snapshot has come whole, nothing counts.
func newLane(name string, c *child, in, out *end) *lane {
	l := &lane{name: name, child: c, in: in, out: out, tokens: make(chan struct{}, bulkWindow), arrived: make(chan time.Time, 1<<16)}
	l.count = -1
	var frames wire.Assembler
	out.listen(wire.Dom, wire.MaxMessageIn, func(msg []byte) {
		if l.count < 0 {
			if frame, err := frames.Next(msg); frame != nil && err == nil {
				l.seen(l.count)
				l.count = 0
			}
			return
		}
		l.count++
		l.keep = append(l.keep, append([]byte(nil), msg...))
		l.seen(l.count)
		l.arrived <- time.Now()
		<-l.tokens
	})
	return l
}

// send sends a message as soon as there are fewer than the window on their way.
func (l *lane) send(msg []byte) error {
	select {
	case l.tokens <- struct{}{}:
	case <-time.After(10 * time.Second):
		return errors.New(l.name + ": messages were lost")
	}
	_, err := l.in.streams[wire.Dom].Write(msg)
	return err
}

// settle waits until n messages have arrived and gives their times.
func (l *lane) settle(n int) (times []time.Time, err error) {
	for range n {
		at, err := await(l.arrived, l.name+": message")
		if err != nil {
			return nil, err
		}
		times = append(times, at)
	}
	return times, nil
}

// bulk sends messages as fast as they go, and gives the seconds and the relay's processor seconds that they took.
func (l *lane) bulk(msgs [][]byte) (seconds, cpu float64, err error) {
	before, err := l.child.usage(false)
	if err != nil {
		return 0, 0, err
	}
	begin := time.Now()
	for _, msg := range msgs {
		if err := l.send(msg); err != nil {
			return 0, 0, err
		}
	}
	times, err := l.settle(len(msgs))
	if err != nil {
		return 0, 0, err
	}
	after, err := l.child.usage(false)
	return times[len(times)-1].Sub(begin).Seconds(), (after.CPU - before.CPU).Seconds(), err
}

// relayRun is what the measurements of one run share.
type relayRun struct {
	b       *bench
	t       *traffic
	lanes   [2]*lane // through the SFU and through the bare relay
	replica *replica
}

// rounds makes the messages of all samples: enough frames of a size for that many bytes.
func (r relayRun) rounds(size, bytes int, deflate bool) ([][][]byte, error) {
	rounds := make([][][]byte, samples+1)
	for i := range rounds {
		var frames [][]byte
		for n := 0; n < bytes; {
			f, err := r.t.next(size)
			if err != nil {
				return nil, err
			}
			frames = append(frames, f)
			n += len(f)
		}
		rounds[i] = messages(deflate, frames...)
	}
	return rounds, nil
}

// bulk sends the same messages through both lanes. What arrives through the SFU is applied afterwards: a frame that
// is no batch of the page, or missing, fails.
func (r relayRun) bulk(name string, deflate bool) error {
	rounds, err := r.rounds(bulkFrame, bulkBytes, deflate)
	if err != nil {
		return err
	}
	const mb = bulkBytes / 1e6
	var cpus [2][]float64
	one := func(i int) func() (float64, error) {
		round := 0
		return func() (float64, error) {
			seconds, cpu, err := r.lanes[i].bulk(rounds[round])
			round++
			cpus[i] = append(cpus[i], cpu*1e3/mb)
			if i == 0 && err == nil {
				err = r.replica.apply(r.lanes[0])
			}
			r.lanes[i].keep = nil
			return mb / seconds, err
		}
	}
	rates, err := interleave(one(0), one(1))
	if err != nil {
		return err
	}
	f := measured(name, rates[0], "MB/s").versus("bare pion relay", rates[1])
	if !deflate {
		f = f.atLeast(0.6) // inflating and deflating is work that the bare relay has no part in
	}
	return r.b.printAll(
		f,
		measured(name+".cpu", median(cpus[0][1:]), "ms/MB").versus("bare pion relay", median(cpus[1][1:])),
	)
}

// latency sends small frames at a steady pace.
func (r relayRun) latency() error {
	rounds, err := r.rounds(smallFrame, smallBytes, false)
	if err != nil {
		return err
	}
	var all [2][]float64
	one := func(i int) func() (float64, error) {
		round := 0
		return func() (float64, error) {
			times, err := r.lanes[i].paced(rounds[round])
			if round++; round > 1 {
				all[i] = append(all[i], times...)
			}
			return median(times), err
		}
	}
	if _, err := interleave(one(0), one(1)); err != nil {
		return err
	}
	p50, p99 := [2]float64{}, [2]float64{}
	for i := range all {
		p50[i], p99[i] = quantile(all[i], 0.5), quantile(all[i], 0.99)
	}
	return r.b.printAll(
		measured("relay.latency.p50", p50[0], "ms").versus("bare pion relay", p50[1]),
		measured("relay.latency.p99", p99[0], "ms").versus("bare pion relay", p99[1]),
		measured("relay.latency.added.p50", p50[0]-p50[1], "ms").limit(0.3),
		measured("relay.latency.added.p99", p99[0]-p99[1], "ms").limit(2),
	)
}

// paced sends messages at a steady pace and gives how many milliseconds each took.
func (l *lane) paced(msgs [][]byte) ([]float64, error) {
	tick := time.NewTicker(smallPause)
	defer tick.Stop()
	var sent []time.Time
	for _, msg := range msgs {
		<-tick.C
		sent = append(sent, time.Now())
		if err := l.send(msg); err != nil {
			return nil, err
		}
	}
	times, err := l.settle(len(msgs))
	if err != nil {
		return nil, err
	}
	took := make([]float64, len(times))
	for i, at := range times {
		took[i] = milliseconds(at.Sub(sent[i]))
	}
	return took, nil
}

// replica is the agent's page. It shows that what was counted as relayed was really the page's next state.
type replica struct {
	page    *page.Replica
	frames  wire.Assembler
	decoder wire.ToAgentDecoder
}

func newReplica(snapshot []byte) (*replica, error) {
	r := &replica{page: page.NewReplica()}
	return r, r.frame(snapshot)
}

func (r *replica) frame(frame []byte) error {
	f, err := r.decoder.Decode(wire.Dom, frame)
	if err != nil {
		return err
	}
	batch, ok := f.(*wire.Batch)
	if !ok {
		return errors.New("not a batch")
	}
	return r.page.Apply(batch)
}

// apply applies what arrived through a lane since the last time.
func (r *replica) apply(l *lane) error {
	for _, msg := range l.keep {
		frame, err := r.frames.Next(msg)
		if err != nil {
			return err
		}
		if frame == nil {
			return errors.New("a frame came in pieces")
		}
		if err := r.frame(frame); err != nil {
			return err
		}
	}
	l.keep = nil
	return nil
}
