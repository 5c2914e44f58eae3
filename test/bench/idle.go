package main

import (
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

// idlePeers is how many connections are open at once.
const idlePeers = 100

// warmPeers are open before, so that what a process needs once is not counted as theirs.
const warmPeers = 20

// idleTime is how long connections have been idle when they are looked at: everything that is only needed while
// connecting has ended by then.
const idleTime = 3 * time.Second

// idle measures what a connection costs a server while nothing happens on it. The clients are in this process, the
// server in its own, so the difference that a hundred more make there is the server's side alone. Half the connections are
// customers, half agents; each pair shares a session.
func idle(b *bench) error {
	var got [2]Usage
	for i, make := range []func(*rig, *child, int) error{idleSFU, idleBare} {
		u, err := idleUse([]string{"sfu", "bare"}[i], make)
		if err != nil {
			return err
		}
		got[i] = u
	}
	per := func(n uint64) float64 { return float64(n) / idlePeers }
	return b.printAll(
		measured("idle.goroutines", per(uint64(got[0].Goroutines)), "goroutines").limit(20),
		measured("idle.goroutines", per(uint64(got[0].Goroutines)), "goroutines").versus("bare pion peer", per(uint64(got[1].Goroutines))),
		measured("idle.heap", per(got[0].Heap)/1e3, "kB").versus("bare pion peer", per(got[1].Heap)/1e3),
		measured("idle.heap", per(got[0].Heap)/1e3, "kB").limit(150),
		measured("idle.rss", per(got[0].RSS)/1e3, "kB").versus("bare pion peer", per(got[1].RSS)/1e3),
		measured("idle.rss", per(got[0].RSS)/1e3, "kB").limit(220),
		measured("idle.cpu", got[0].CPU.Seconds()*100, "% of a core").versus("bare pion peer", got[1].CPU.Seconds()*100),
	)
}

// idleUse is what the connections that connect makes cost a child, processor time for each second.
func idleUse(name string, connect func(*rig, *child, int) error) (cost Usage, err error) {
	c, err := startChild(name)
	if err != nil {
		return cost, err
	}
	defer c.stop()
	r, err := newRig()
	if err != nil {
		return cost, err
	}
	defer r.close()
	if err := connect(r, c, warmPeers); err != nil {
		return cost, fmt.Errorf("%s: %w", name, err)
	}
	time.Sleep(idleTime)
	before, err := c.usage(true)
	if err != nil {
		return cost, err
	}
	if err := connect(r, c, idlePeers); err != nil {
		return cost, fmt.Errorf("%s: %w", name, err)
	}
	time.Sleep(idleTime)
	busy, err := c.usage(false)
	if err != nil {
		return cost, err
	}
	begin := time.Now()
	time.Sleep(idleTime)
	rest, err := c.usage(false)
	if err != nil {
		return cost, err
	}
	cost.CPU = time.Duration(float64(rest.CPU-busy.CPU) / time.Since(begin).Seconds())
	after, err := c.usage(true)
	cost.Goroutines = after.Goroutines - before.Goroutines
	cost.Heap, cost.RSS = after.Heap-before.Heap, after.RSS-before.RSS
	return cost, err
}

// inParallel makes n connections, a few at a time.
func inParallel(n int, connect func() error) error {
	var work errgroup.Group
	work.SetLimit(8)
	for range n {
		work.Go(connect)
	}
	return work.Wait()
}

func idleSFU(r *rig, c *child, n int) error {
	return inParallel(n/2, func() error {
		_, _, err := r.pair(c)
		return err
	})
}

func idleBare(r *rig, c *child, n int) error {
	err := inParallel(n, func() error {
		_, err := r.dial(func(offer string) (answer string, err error) {
			return answer, c.call("Connect", offer, &answer)
		})
		return err
	})
	if err != nil {
		return err
	}
	return c.call("Idle", struct{}{}, &struct{}{})
}
