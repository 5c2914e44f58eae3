package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"vitrine/signaling"
	"vitrine/test/client"
)

const (
	attackRounds = 30                     // of one block of each attack and two quiet ones
	attackRest   = 100 * time.Millisecond // before a block: what the last one left behind is over
	attackMemory = 48 << 20               // bytes that the server may grow by, of all attacks together
)

// attackConfig has the limits of production, but for those that a watch of minutes would meet itself.
const attackConfig = `limits: {requests_per_minute: 600, starts_per_minute: 600}
session: {agent_away: 30m, resume_grace: 10m}
tls: {certificate: %[1]s/cert.pem, key: %[1]s/key.pem}
admin: {listen: %[2]s}
`

// attackKinds are the attacks, each with what must count it. The first two blocks are without.
var attackKinds = []struct{ name, counter string }{
	{"quiet", ""},
	{"floor", ""},
	{"bare", `vitrine_turn_total{what="dropped_bare_allocate"}`},
	{"unsigned", `vitrine_turn_total{what="suppressed"}`},
	{"oversized", `vitrine_turn_total{what="dropped_malformed"}`},
	{"wrong", `vitrine_turn_total{what="bad_integrity"}`},
	{"replay", `vitrine_turn_total{what="opened"}`},
	{"spoofed", `vitrine_turn_total{what="challenged"}`},
	{"half-open", `vitrine_tcp_total{what="failed"}`},
	{"handshake", `vitrine_tcp_total{what="failed"}`},
	{"dribble", `vitrine_turn_total{what="refused_conns"}`},
}

// raid is what was measured of one attack.
type raid struct {
	blocks  [][]float64 // milliseconds of every change, by block
	cpu     float64     // seconds of the server's processor
	lasted  float64     // seconds
	sent    int         // datagrams or connections
	counted float64     // by the server
	refused bool        // this machine does not let it be made
}

// siege is a server under attack, with a session that goes on.
type siege struct {
	host     *host
	honest   *honest
	attacker *child
	metrics  string
	raids    []raid
	memory   float64 // bytes of the server, the most that were seen
}

// attack measures how long changes of an honest session take to its agent, through the TURN server, while somebody attacks
// that, against the same without. The attacker has the lowest nice value: in life it is
// another machine.
func attack(b *bench) error {
	s, err := b.besiege()
	if err != nil {
		return err
	}
	defer s.end()
	before := 0.0
	for round := range attackRounds + 1 {
		for i := range attackKinds {
			// The order turns, so that whatever else the machine does meets every kind alike.
			kind := (i*(1+2*(round%5)) + round) % len(attackKinds)
			if err := s.block(kind); err != nil {
				return fmt.Errorf("%s: %w\n%s", attackKinds[kind].name, err, s.host.log)
			}
		}
		if round == 0 { // that was to warm up
			before, s.raids = s.memory, make([]raid, len(attackKinds))
		}
	}
	return s.print(b, s.memory-before)
}

// besiege starts the server, the session and the attacker.
func (b *bench) besiege() (s *siege, err error) {
	s = &siege{raids: make([]raid, len(attackKinds))}
	defer func() {
		if err != nil {
			s.end()
		}
	}()
	folder, err := os.MkdirTemp("", "vitrine-bench-")
	if err != nil {
		return s, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	admin, err := freePort()
	if err != nil {
		return s, err
	}
	admin = "127.0.0.1:" + admin
	s.metrics = "http://" + admin + "/metrics"
	config := filepath.Join(folder, "vitrine.yaml")
	text := fmt.Sprintf(attackConfig, folder, admin)
	err = errors.Join(writeCertificate(filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")), os.WriteFile(config, []byte(text), 0o600))
	if err != nil {
		return s, err
	}
	if s.host, err = b.serve("--config", config); err != nil {
		return s, err
	}
	// The certificate is one that was just made; the clients of this process trust what is on the loopback.
	http.DefaultTransport.(*http.Transport).TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
	tokens, err := s.host.tokens(1)
	if err != nil {
		return s, err
	}
	if s.honest, err = newHonest(place{base: s.host.Base, relay: "udp"}, tokens[0]); err != nil {
		return s, err
	}
	s.attacker, err = startChild("attack", "nice", "-n", "19")
	return s, err
}

func (s *siege) end() {
	if s.attacker != nil {
		s.attacker.stop()
	}
	if s.honest != nil {
		s.honest.close()
	}
	if s.host != nil {
		s.host.stop()
	}
}

// target is where the TURN server is, with a credential that the attacker has a right to.
func (s *siege) target() (at Addresses, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), hostileTime)
	defer cancel()
	session, err := client.OpenSession(ctx, s.host.Base, signaling.DevSite().Key, shopOrigin)
	if err != nil {
		return at, err
	}
	for _, server := range session.ICE {
		at.User, at.Password = server.Username, server.Credential
		for _, u := range server.URLs {
			address, transport, _ := strings.Cut(strings.TrimPrefix(u, "turn:"), "?transport=")
			switch transport {
			case "udp":
				at.UDP = address
			case "tcp":
				at.TCP = address
			}
		}
	}
	base, err := url.Parse(s.host.Base)
	at.TLS = base.Host
	return at, err
}

// block measures one block of a kind.
func (s *siege) block(kind int) error {
	r, k := &s.raids[kind], attackKinds[kind]
	if r.refused {
		return nil
	}
	var at Addresses
	var before float64
	var err error
	if k.counter != "" {
		if at, err = s.target(); err != nil {
			return err
		}
		if before, err = s.read(k.counter); err != nil {
			return err
		}
	}
	time.Sleep(attackRest)
	if k.counter != "" {
		if err := s.attacker.call("Begin", Assault{k.name, at}, &struct{}{}); err != nil {
			return err
		}
		time.Sleep(attackRest / 4) // until it has begun
	}
	if err := s.watch(r); err != nil || k.counter == "" {
		return err
	}
	after, err := s.read(k.counter)
	if err != nil {
		return err
	}
	r.counted += after - before
	var sent int
	err = s.attacker.call("Rest", struct{}{}, &sent)
	if err != nil && strings.Contains(err.Error(), errNotAllowed.Error()) {
		r.refused = true
		return nil
	}
	r.sent += sent
	return err
}

// watch measures the session and the server for the time of a block.
func (s *siege) watch(r *raid) error {
	pid := s.host.cmd.Process.Pid
	cpu, err := processCPU(pid)
	if err != nil {
		return err
	}
	begin := time.Now()
	times, err := s.honest.changes(neighbourChanges)
	if err != nil {
		return err
	}
	r.blocks = append(r.blocks, times)
	r.lasted += time.Since(begin).Seconds()
	after, err := processCPU(pid)
	if err != nil {
		return err
	}
	r.cpu += after - cpu
	memory, err := resident(pid)
	s.memory = max(s.memory, memory)
	return err
}

// read reads one metric of the server.
func (s *siege) read(metric string) (float64, error) {
	answer, err := http.Get(s.metrics)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), metric+" "); ok {
			return strconv.ParseFloat(rest, 64)
		}
	}
	return 0, fmt.Errorf("no metric %s", metric)
}

// all are the milliseconds of every change.
func (r *raid) all() []float64 { return slices.Concat(r.blocks...) }

// rounds is the median of the ratios of the p99 of one block to that of the quiet block of the same round: what else the
// machine does for a while does not show in it.
func (r *raid) rounds(calm *raid) float64 {
	var ratios []float64
	for i := range min(len(r.blocks), len(calm.blocks)) {
		ratios = append(ratios, quantile(r.blocks[i], 0.99)/quantile(calm.blocks[i], 0.99))
	}
	return median(ratios)
}

// print makes figures of what was measured. The floor is what chance makes of two quiet blocks; no attack can be held to
// less.
func (s *siege) print(b *bench, grown float64) error {
	const quiet, without = 0, "the same without attacker"
	calm := &s.raids[quiet]
	for i, k := range attackKinds[quiet+1:] {
		r := &s.raids[i+1]
		if r.refused {
			fmt.Fprintf(os.Stderr, "   attack.%s: not measured: %v\n", k.name, errNotAllowed)
			continue
		}
		name, share := "attack."+k.name, func(r *raid) float64 { return 100 * r.cpu / r.lasted }
		p99 := measured(name+".p99", quantile(r.all(), 0.99), "ms").versus(without, quantile(calm.all(), 0.99))
		rounds := measured(name+".p99.rounds", r.rounds(calm), "median of rounds").versus(without, 1)
		figures := []figure{p99, rounds, measured(name+".p50", median(r.all()), "ms").versus(without, median(calm.all()))}
		if k.counter != "" {
			figures[0], figures[1] = p99.atMost(1.1), rounds.atMost(1.1)
			figures = append(figures,
				measured(name+".rate", float64(r.sent)/r.lasted, "a second"),
				measured(name+".cpu", share(r), "% of a core, server").versus(without, share(calm)))
		}
		if err := b.printAll(figures...); err != nil {
			return err
		}
		if k.counter != "" && r.counted < 1 {
			return fmt.Errorf("%s: no counter shows it", k.name)
		}
	}
	return b.print(measured("attack.memory", grown/(1<<20), "MiB").limit(attackMemory / (1 << 20)))
}
