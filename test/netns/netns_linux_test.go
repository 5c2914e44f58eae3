package netns

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// pair is a co-browse that goes on: the customer's page changes 20 times a second.
type pair struct {
	lab             *lab
	customer, agent *process
	took            time.Duration // from nothing to the first picture
	ways            [2]string
}

func (l *lab) pair() *pair {
	l.t.Helper()
	self, err := os.Executable()
	if err != nil {
		l.t.Fatal(err)
	}
	token := l.token()
	began := time.Now()
	p := &pair{lab: l}
	p.customer = l.start("customer", []string{role + "=customer"}, self)
	code := p.customer.await("code ", 30*time.Second)
	p.agent = l.start("agent", []string{role + "=agent", "CODE=" + code, "TOKEN=" + token}, self)
	p.agent.await("seen ", 40*time.Second)
	p.took = time.Since(began)
	for i, side := range []*process{p.customer, p.agent} {
		p.ways[i] = strings.Fields(side.await("open ", time.Second))[1]
	}
	return p
}

// change is one change of the page: when it was made and when the agent saw it.
type change struct{ made, seen time.Time }

func (p *pair) changes() (list []change) {
	p.agent.mu.Lock()
	defer p.agent.mu.Unlock()
	for _, l := range p.agent.lines {
		var seen, made int64
		if n, _ := fmt.Sscanf(l.text, "seen %d %d", &seen, &made); n == 2 {
			list = append(list, change{time.Unix(0, made), time.Unix(0, seen)})
		}
	}
	return list
}

// goesOn waits until the agent has seen so many changes that were made after a moment, and gives the time from that
// moment to the first of them.
func (p *pair) goesOn(after time.Time, count int, within time.Duration) time.Duration {
	p.lab.t.Helper()
	deadline := time.Now().Add(within)
	for {
		fresh := p.changes()
		fresh = slices.DeleteFunc(fresh, func(c change) bool { return c.made.Before(after) })
		if len(fresh) >= count {
			return fresh[0].seen.Sub(after)
		}
		p.agent.mu.Lock()
		more, ended := p.agent.more, p.agent.ended
		p.agent.mu.Unlock()
		if ended || time.Now().After(deadline) {
			p.lab.t.Fatalf("the co-browse does not go on: %d changes of %d within %v", len(fresh), count, within)
		}
		select {
		case <-more:
		case <-time.After(time.Until(deadline)):
		}
	}
}

// age is how old changes are when they are seen: median and 99th percentile of those made after a moment.
func (p *pair) age(after time.Time) (p50, p99 time.Duration) {
	var ages []time.Duration
	for _, c := range p.changes() {
		if c.made.After(after) {
			ages = append(ages, c.seen.Sub(c.made))
		}
	}
	slices.Sort(ages)
	return ages[len(ages)/2], ages[len(ages)*99/100]
}

// tcpOnly lets TCP to and from a port of the server pass, and nothing else.
func tcpOnly(port uint16) func(packet) bool {
	return func(p packet) bool { return p.proto == protoTCP && (p.src.Port() == port || p.dst.Port() == port) }
}

func TestNetworks(t *testing.T) {
	for _, s := range []struct {
		name string
		net  network
		way  string // of both people, as far as the network leaves no choice
	}{
		{"open", network{}, "direct-"},
		{"UDP blocked", network{pass: func(p packet) bool { return p.proto == protoTCP }}, "direct-tcp-"},
		{"only tcp 443", network{pass: tcpOnly(443)}, "relay-"},
		{"UDP over IPv6 and tcp 443", network{pass: func(p packet) bool {
			return p.proto == protoUDP && p.src.Addr().Is6() || tcpOnly(443)(p)
		}}, "direct-udp-ipv6"},
		{"TCP over IPv6 and tcp 443", network{pass: func(p packet) bool {
			return p.proto == protoTCP && p.src.Addr().Is6() || tcpOnly(443)(p)
		}}, "direct-tcp-ipv6"},
		{"symmetric NAT", network{
			nat:  newNAT(netip.MustParseAddr("10.1.99.1")),
			pass: func(p packet) bool { return p.src.Addr().Is4() && (p.proto == protoUDP || tcpOnly(443)(p)) },
		}, "direct-udp-ipv4"},
		{"5 % loss at 50 ms", network{delay: 25 * time.Millisecond, loss: 0.05}, "direct-"},
	} {
		t.Run(s.name, func(t *testing.T) {
			l := newLab(t)
			l.box.set(func(n *network) { *n = s.net })
			p := l.pair()
			for _, way := range p.ways {
				if !strings.HasPrefix(way, s.way) {
					t.Errorf("the way is %s, want %s", way, s.way)
				}
			}
			began := time.Now()
			p.goesOn(began, 60, 30*time.Second)
			p50, p99 := p.age(began)
			t.Logf("| %-32s | %-16s | %-16s | first picture %5d ms | age p50 %3d p99 %4d ms |", s.name, p.ways[0], p.ways[1],
				p.took.Milliseconds(), p50.Milliseconds(), p99.Milliseconds())
		})
	}
}

// The customer's link fails for five seconds. Nothing is made anew: what waited arrives when it is back.
func TestLinkDown(t *testing.T) {
	l := newLab(t)
	p := l.pair()
	p.goesOn(time.Now(), 20, 20*time.Second)
	l.box.set(func(n *network) { n.down = true })
	down := time.Now()
	<-time.After(5 * time.Second)
	if seen := p.changes(); seen[len(seen)-1].made.After(down.Add(time.Second)) {
		t.Error("changes arrived over a link that is down")
	}
	l.box.set(func(n *network) { n.down = false })
	up := time.Now()
	took := p.goesOn(up, 20, 30*time.Second)
	t.Logf("| %-32s | %-16s | goes on %5d ms after the link is back |", "link down for 5 s", p.ways[0], took.Milliseconds())
	if took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

// The customer moves to another address, as from one Wi-Fi to another, and comes back by a new connection.
func TestAddressChange(t *testing.T) {
	l := newLab(t)
	l.box.set(func(n *network) { n.pass = func(p packet) bool { return p.src.Addr().Is4() } })
	p := l.pair()
	p.goesOn(time.Now(), 20, 20*time.Second)
	l.readdress()
	moved := time.Now()
	if _, err := fmt.Fprintln(p.customer.stdin, "moved"); err != nil {
		t.Fatal(err)
	}
	took := p.goesOn(moved, 20, 30*time.Second)
	t.Logf("| %-32s | %-16s | goes on %5d ms after the move |", "address change, new connection", p.ways[0], took.Milliseconds())
	if took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

// gap takes the customer's link away for a while, and says how the browsers come back.
func (p *pair) gap(name string, gap time.Duration) {
	p.lab.t.Helper()
	before := p.calls()
	p.lab.box.set(func(n *network) { n.down = true })
	<-time.After(gap)
	p.lab.box.set(func(n *network) { n.down = false })
	p.recovers(fmt.Sprintf("%s, link down for %v", name, gap), "the link is back", before)
}

// recovers waits until the page is shared again and writes a row of the table: by an ICE restart, a new connection or by
// itself.
func (p *pair) recovers(name, since string, before map[string]int) {
	p.lab.t.Helper()
	took := p.goesOn(time.Now(), 20, 40*time.Second)
	after := p.calls()
	p.lab.t.Logf("| %-36s | goes on %5d ms after %-16s | restarts %d | new connections %d |", name, took.Milliseconds(), since,
		after["customer PATCH 200"]-before["customer PATCH 200"], after["customer POST 201"]-before["customer POST 201"])
	if took > 10*time.Second {
		p.lab.t.Errorf("took %v", took)
	}
}

// lossy lets a network lose packets for a while: that is no break.
func (p *pair) lossy(name string, during time.Duration) {
	p.lab.t.Helper()
	before := p.calls()
	p.lab.box.set(func(n *network) { n.delay, n.loss = 25*time.Millisecond, 0.05 })
	<-time.After(during)
	p.lab.box.set(func(n *network) { n.delay, n.loss = 0, 0 })
	after := p.calls()
	restarts := after["customer PATCH 200"] + after["agent PATCH 200"] - before["customer PATCH 200"] - before["agent PATCH 200"]
	connections := after["customer POST 201"] + after["agent POST 201"] - before["customer POST 201"] - before["agent POST 201"]
	p.lab.t.Logf("| %-36s | for %v | restarts %d | new connections %d |", name, during, restarts, connections)
	if restarts > 2 || connections > 0 {
		p.lab.t.Error("losses are taken for breaks")
	}
}

// calls counts the calls for connections so far.
func (p *pair) calls() map[string]int {
	p.agent.mu.Lock()
	defer p.agent.mu.Unlock()
	counts := map[string]int{}
	for _, l := range p.agent.lines {
		if call, ok := strings.CutPrefix(l.text, "call "); ok {
			counts[call]++
		}
	}
	return counts
}

// Real browsers where nothing but tcp/443 passes, whose link then fails for five seconds and for fifteen: within ten the
// connection is mended, after that the SDK makes a new one and the session goes on.
func TestChromium(t *testing.T) {
	l := newLab(t)
	l.box.set(func(n *network) { n.pass = tcpOnly(443) })
	p := l.browsers()
	began := time.Now()
	p.goesOn(began, 20, 30*time.Second)
	t.Logf("| %-32s | %-16s | %-16s | first picture %5d ms |", "Chromium, only tcp 443", p.ways[0], p.ways[1], p.took.Milliseconds())
	for _, way := range p.ways {
		if way != "relay-tls" {
			t.Errorf("the way is %s", way)
		}
	}
	p.gap("Chromium, tcp 443", 5*time.Second)
	p.gap("Chromium, tcp 443", 15*time.Second)
	before := p.calls()
	l.readdress()
	p.recovers("Chromium, tcp 443, address change", "the move", before)
}

// Real browsers that reach the server directly: the same, and a customer who gets another address, as from Wi-Fi to mobile.
func TestChromiumDirect(t *testing.T) {
	l := newLab(t)
	l.box.set(func(n *network) { n.pass = func(p packet) bool { return p.src.Addr().Is4() } })
	p := l.browsers()
	p.goesOn(time.Now(), 20, 30*time.Second)
	p.lossy("Chromium, direct, 5 % loss at 50 ms", 20*time.Second)
	p.gap("Chromium, direct", 5*time.Second)
	p.gap("Chromium, direct", 15*time.Second)
	before := p.calls()
	l.readdress()
	p.recovers("Chromium, direct, address change", "the move", before)
}

// readdress gives the customer's device another address.
func (l *lab) readdress() {
	l.t.Helper()
	for _, args := range [][]string{
		{"addr", "add", "10.1.0.3/32", "dev", "tun0"}, {"addr", "del", "10.1.0.2/32", "dev", "tun0"},
		{"route", "replace", "default", "dev", "tun0", "src", "10.1.0.3"},
	} {
		if err := ip(append([]string{"-n", space("customer")}, args...)...); err != nil {
			l.t.Fatal(err)
		}
	}
}

// browsers is a pair of Chromiums. The one process prints what both see.
func (l *lab) browsers() *pair {
	l.t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		l.t.Skip("no node here")
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		l.t.Skip("no Chromium here: make test installs it")
	}
	programs := map[string]string{"server": server, "token": l.token()}
	for _, side := range []string{"customer", "agent"} {
		name := filepath.Join(l.dir, side)
		text := fmt.Sprintf("#!/bin/sh\nexec ip netns exec %s %s \"$@\"\n", space(side), chromium)
		if err := os.WriteFile(name, []byte(text), 0o700); err != nil {
			l.t.Fatal(err)
		}
		programs[side] = name
	}
	told, err := json.Marshal(programs)
	if err != nil {
		l.t.Fatal(err)
	}
	began := time.Now()
	p := &pair{lab: l}
	p.agent = l.run("browsers", exec.Command(node, "browser.mjs", string(told)))
	p.agent.await("seen ", 60*time.Second)
	p.took = time.Since(began)
	copy(p.ways[:], strings.Fields(p.agent.await("ways ", 5*time.Second)))
	return p
}
