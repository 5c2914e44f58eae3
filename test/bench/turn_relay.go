package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/pion/stun/v2"

	"vitrine/test/turn/coturn"
)

// How the relays are loaded against coturn.
const (
	loadBytes   = 1_000 // of one datagram
	loadClients = 4
	loadWindow  = 16 // datagrams of one client that are on their way
	loadTime    = 500 * time.Millisecond
	allocTime   = 500 * time.Millisecond
	heldFirst   = 300   // allocations that are there before memory is measured
	held        = 2_000 // allocations whose memory is measured
)

// Wanted ratios to coturn.
var (
	wantEcho = map[string]float64{"udp": 1.5, "tcp": 1, "tls": 1}
	wantCPU  = map[string]float64{"udp": 0.6}
)

// turnAgainstCoturn measures the product's TURN server and coturn's in turns. Without coturn it says so and measures
// only the product's.
func turnAgainstCoturn(b *bench) error {
	ours, err := ourServer("turn")
	if err != nil {
		return err
	}
	defer ours.stop()
	servers := []*relayServer{ours}
	theirs, err := coturnServer()
	switch {
	case errors.Is(err, coturn.ErrMissing):
		fmt.Fprintf(os.Stderr, "   turn: nothing is held against coturn: %v\n", err)
	case err != nil:
		return err
	default:
		defer theirs.stop()
		servers = append(servers, theirs)
	}
	for _, transport := range []string{"udp", "tcp", "tls"} {
		if err := relayLoad(b, servers, transport); err != nil {
			return fmt.Errorf("%s: %w", transport, err)
		}
		if err := allocationRate(b, servers, transport); err != nil {
			return fmt.Errorf("allocations over %s: %w", transport, err)
		}
	}
	return allocationCost(b)
}

// against holds a figure of ours against coturn's, if that was measured.
func against(name string, values []float64, unit string) figure {
	f := measured(name, values[0], unit)
	if len(values) > 1 {
		f = f.versus("coturn", values[1])
	}
	return f
}

// relayLoad measures echoes a second and what each costs in processor time of server and peer.
func relayLoad(b *bench, servers []*relayServer, transport string) error {
	var runs []func() (float64, error)
	costs := make([][]float64, len(servers))
	for i, s := range servers {
		clients := make([]*rawClient, loadClients)
		for j := range clients {
			c, err := openRaw(s.at, transport)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			defer c.close()
			clients[j] = c
		}
		runs = append(runs, func() (float64, error) {
			before, err := s.cpu()
			if err != nil {
				return 0, err
			}
			begin := time.Now()
			n, err := together(len(clients), func(j int) (float64, error) {
				n, err := clients[j].echoes(loadBytes, loadWindow, loadTime)
				return float64(n), err
			})
			if err != nil || n == 0 {
				return 0, errors.Join(err, fmt.Errorf("%s: %.0f echoes", s.name, n))
			}
			took := time.Since(begin)
			after, err := s.cpu()
			costs[i] = append(costs[i], float64((after-before).Nanoseconds())/1000/n)
			return n / took.Seconds(), err
		})
	}
	rates, err := interleave(runs...)
	if err != nil {
		return err
	}
	var cpu []float64
	for _, c := range costs {
		cpu = append(cpu, median(c[1:])) // the first was to warm up
	}
	echoes, cost := against("turn."+transport+".echo", rates, "echoes/s"), against("turn."+transport+".cpu", cpu, "µs/echo")
	if len(servers) > 1 {
		echoes = echoes.atLeast(wantEcho[transport])
		if want := wantCPU[transport]; want > 0 {
			cost = cost.atMost(want)
		}
	}
	return b.printAll(echoes, cost)
}

// allocationRate measures how often a second a client can come, allocate and go.
func allocationRate(b *bench, servers []*relayServer, transport string) error {
	var runs []func() (float64, error)
	for _, s := range servers {
		runs = append(runs, func() (float64, error) {
			begin := time.Now()
			n, err := together(loadClients, func(int) (n float64, err error) {
				for time.Since(begin) < allocTime {
					// Some fail: coturn keeps an address for a while, and the kernel gives it to the next socket. They do
					// not count.
					if e := comeAndGo(s.at, transport); e != nil {
						err = e
					} else {
						n++
					}
				}
				if n == 0 {
					return 0, fmt.Errorf("%s: %w", s.name, err)
				}
				return n, nil
			})
			return n / time.Since(begin).Seconds(), err
		})
	}
	rates, err := interleave(runs...)
	if err != nil {
		return err
	}
	f := against("turn."+transport+".allocations", rates, "allocations/s")
	if len(servers) > 1 {
		f = f.atLeast(1)
	}
	return b.print(f)
}

func comeAndGo(at Addresses, transport string) error {
	c, err := dialRaw(at, transport)
	if err != nil {
		return err
	}
	defer c.close()
	if err := c.conn.SetDeadline(time.Now().Add(allocTime)); err != nil {
		return err
	}
	if err := c.allocate(); err != nil {
		return err
	}
	return c.must(stun.MethodRefresh, value(stun.AttrLifetime, 0, 0, 0, 0))
}

// allocationCost measures what an allocation with one channel costs while nothing happens.
// Each server is a fresh one, whose memory has never held more.
func allocationCost(b *bench) error {
	var memory, files []float64
	for _, begin := range []func() (*relayServer, error){func() (*relayServer, error) { return ourServer("turn") }, coturnServer} {
		s, err := begin()
		if errors.Is(err, coturn.ErrMissing) {
			break // it was said already
		} else if err != nil {
			return err
		}
		m, f, err := s.hold()
		s.stop()
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		memory, files = append(memory, m/1024), append(files, f)
	}
	kib := measured("turn.udp.memory", memory[0], "KiB/allocation").limit(20)
	fds := measured("turn.udp.descriptors", files[0], "descriptors/allocation")
	fds.Against, fds.target, fds.met = "limit 0", "0", files[0] == 0
	ratio := files[0]
	fds.Ratio = &ratio
	if err := b.printAll(kib, fds); err != nil || len(memory) == 1 || memory[1] <= 0 {
		return err
	}
	return b.print(against("turn.udp.memory.ratio", memory, "KiB/allocation"))
}

// hold opens allocations over UDP and gives what each costs in memory and descriptors.
func (s *relayServer) hold() (memory, files float64, err error) {
	var clients []*rawClient
	defer func() {
		for _, c := range clients {
			c.close()
		}
	}()
	open := func(n int) (rss, fds float64, err error) {
		for range n {
			var c *rawClient
			// coturn keeps an address for a while, and the kernel gives it to the next socket: then another one is tried.
			for range 5 {
				if c, err = openRaw(s.at, "udp"); err == nil {
					break
				}
			}
			if err != nil {
				return 0, 0, err
			}
			clients = append(clients, c)
		}
		if err := s.free(); err != nil {
			return 0, 0, err
		}
		if rss, err = resident(s.pid); err != nil {
			return 0, 0, err
		}
		fds, err = descriptors(s.pid)
		return rss, fds, err
	}
	rss, fds, err := open(heldFirst)
	if err != nil {
		return 0, 0, err
	}
	rssAfter, fdsAfter, err := open(held)
	return (rssAfter - rss) / held, (fdsAfter - fds) / held, err
}

// turnNeighbour measures one client's round trips while another session floods the same port with datagrams, with the
// limits that the product has. The flooding process gets only processor time that nobody else wants: in life it is
// another machine.
func turnNeighbour(b *bench) error {
	s, err := ourServer("turn limited")
	if err != nil {
		return err
	}
	defer s.stop()
	flooder, err := startChild("flood", lowest()...)
	if err != nil {
		return err
	}
	defer flooder.stop()
	quiet, err := openRaw(s.at, "udp")
	if err != nil {
		return err
	}
	defer quiet.close()
	victim := s.at
	victim.User, victim.Password = s.at.OtherUser, s.at.OtherPassword
	trips := func(flood bool) (list []float64, err error) {
		if flood {
			if err := flooder.call("Start", victim, &struct{}{}); err != nil {
				return nil, err
			}
			defer func() { err = errors.Join(err, flooder.call("Stop", struct{}{}, &struct{}{})) }()
		}
		for end := time.Now().Add(loadTime); time.Now().Before(end); {
			begin := time.Now()
			if n, err := quiet.echoOnce(); err != nil {
				return nil, err
			} else if n > 0 {
				list = append(list, milliseconds(time.Since(begin)))
			}
		}
		return list, nil
	}
	var calm, flooded []float64
	for i := range samples + 1 {
		for _, flood := range []bool{i%2 == 0, i%2 == 1} {
			list, err := trips(flood)
			if err != nil {
				return err
			}
			if i > 0 && flood {
				flooded = slices.Concat(flooded, list)
			} else if i > 0 {
				calm = slices.Concat(calm, list)
			}
		}
	}
	return b.printAll(
		measured("turn.neighbour.p50", quantile(flooded, 0.5), "ms").limit(1),
		measured("turn.neighbour.p50.calm", quantile(calm, 0.5), "ms"),
		measured("turn.neighbour.p99", quantile(flooded, 0.99), "ms").versus("without a flood", quantile(calm, 0.99)),
	)
}

// echoOnce sends one datagram and waits for it; 0 when it is lost.
func (c *rawClient) echoOnce() (int, error) {
	if _, err := c.conn.Write(frame(100)); err != nil {
		return 0, err
	}
	if err := c.conn.SetDeadline(time.Now().Add(answerTime / 10)); err != nil {
		return 0, err
	}
	for {
		b, err := c.read()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return 0, nil
		case err != nil:
			return 0, err
		case b[0] == 0x40:
			return 1, nil
		}
	}
}

// floodService floods a TURN server with datagrams for its relay.
type floodService struct {
	stop chan struct{}
	done chan error
}

func newFloodService() (any, error) { return &floodService{}, nil }

// Start begins.
func (f *floodService) Start(at Addresses, _ *struct{}) error {
	c, err := openRaw(at, "udp")
	if err != nil {
		return err
	}
	if err := c.conn.SetDeadline(time.Time{}); err != nil {
		return err
	}
	f.stop, f.done = make(chan struct{}), make(chan error, 1)
	go func() {
		defer c.close()
		out := frame(loadBytes)
		for {
			select {
			case <-f.stop:
				f.done <- c.leave()
				return
			default:
				_, _ = c.conn.Write(out) // a full buffer is part of a flood
			}
		}
	}()
	return nil
}

// leave ends the allocation. What is lost in one's own flood is sent again.
func (c *rawClient) leave() (err error) {
	for range 10 {
		if err = c.conn.SetDeadline(time.Now().Add(answerTime / 10)); err != nil {
			return err
		}
		if _, _, err = c.ask(stun.MethodRefresh, value(stun.AttrLifetime, 0, 0, 0, 0)); err == nil {
			return nil // ended now, or by a request whose answer was lost
		}
	}
	return err
}

// Stop ends it and its allocation.
func (f *floodService) Stop(struct{}, *struct{}) error {
	close(f.stop)
	return <-f.done
}
