package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pion/webrtc/v4"

	"vitrine/internal/wire"
	"vitrine/signaling"
	"vitrine/test/client"
	"vitrine/test/hostile"
	"vitrine/test/page"
)

// How an honest session is watched. Blocks are short and their order turns, so that whatever else the machine does meets
// every kind alike.
const (
	neighbourRounds  = 120                    // of one block of each kind
	neighbourPart    = 10                     // rounds whose changes make one ratio
	neighbourChanges = 100                    // of one block
	neighbourPace    = 4 * time.Millisecond   // between changes
	neighbourRest    = 100 * time.Millisecond // before a block: what the last one left behind is over
	hostileTokens    = 400                    // more than sessions that the server admits in the time of a group
)

// neighbourConfig gives the server the limits that it has in production; a development server has next to none.
const neighbourConfig = `limits: {requests_per_minute: 600, starts_per_minute: 60}
session: {agent_away: 10m}
`

// The kinds of blocks. The second quiet one is what chance makes of the first.
const (
	quietBlock = iota
	floorBlock
	hostileBlock
	blockKinds
)

// blockOrders are all orders of a round.
var blockOrders = [][blockKinds]int{{0, 1, 2}, {2, 0, 1}, {1, 2, 0}, {0, 2, 1}, {1, 0, 2}, {2, 1, 0}}

// watch is what was measured of an honest session.
type watch struct {
	blocks [blockKinds][][]float64 // milliseconds of every change, by block
	cpu    [blockKinds]float64     // seconds of the server's processor
	lasted [blockKinds]float64     // seconds
}

// neighbour measures how long changes of an honest session take to its agent while a hostile customer works on the same
// server, against the same without. The hostile one gets only processor time that nobody else wants: in life it is
// another machine.
func neighbour(b *bench) error {
	folder, err := os.MkdirTemp("", "vitrine-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	config := filepath.Join(folder, "vitrine.yaml")
	if err := os.WriteFile(config, []byte(neighbourConfig), 0o600); err != nil {
		return err
	}
	host, err := b.serve("--config", config)
	if err != nil {
		return err
	}
	defer host.stop()
	tokens, err := host.tokens(hostileTokens + 1)
	if err != nil {
		return err
	}
	honest, err := newHonest(place{base: host.Base}, tokens[0])
	if err != nil {
		return err
	}
	defer honest.close()
	attacker, err := startChild("hostile", lowest()...)
	if err != nil {
		return err
	}
	defer attacker.stop()
	// Both have one address here, and so one allowance; the attacker uses it up.
	if err := attacker.call("Prepare", Victim{host.Base, tokens[1:]}, &struct{}{}); err != nil {
		return err
	}
	var w watch
	var total Attacked
	for round := range neighbourRounds + 1 {
		for _, kind := range blockOrders[round%len(blockOrders)] {
			done, err := w.block(honest, host, attacker, kind)
			if err != nil {
				return fmt.Errorf("%w\n%s", err, host.log)
			}
			total = total.plus(done)
		}
		if round == 0 {
			w, total = watch{}, Attacked{} // that was for warming up
		}
	}
	fmt.Fprintf(os.Stderr, "   hostile: %d sessions, %d documents to clean, %d frames refused\n", total.Sessions, total.Cleaned, total.Refused)
	if total.Sessions < neighbourRounds || total.Refused < total.Sessions {
		return errors.New("the hostile customer did not do what it should")
	}
	return w.print(b)
}

// lowest is the command that gives a process only what others leave: SCHED_IDLE, or the lowest nice value without it.
func lowest() []string {
	if path, err := exec.LookPath("chrt"); err == nil {
		return []string{path, "--idle", "0"}
	}
	return []string{"nice", "-n", "19"}
}

// tokens signs agents in without starting a process for each.
func (h *host) tokens(n int) (list []string, err error) {
	keys, err := signaling.OpenKeys(filepath.Join(h.folder, "data"))
	if err != nil {
		return nil, err
	}
	mint := signaling.NewTokens(keys)
	for i := range n {
		claims := signaling.Claims{Site: signaling.DevSite().Key, Name: "Agent"}
		claims.Subject = "agent" + strconv.Itoa(i)
		token, _, err := mint.Mint(signaling.KindAgent, claims, signaling.MaxTokenLife)
		if err != nil {
			return nil, err
		}
		list = append(list, token)
	}
	return list, nil
}

// block measures one block of a kind.
func (w *watch) block(s *honest, h *host, attacker *child, kind int) (done Attacked, err error) {
	time.Sleep(neighbourRest)
	if kind == hostileBlock {
		if err := attacker.call("Begin", struct{}{}, &struct{}{}); err != nil {
			return done, err
		}
	}
	cpu, err := processCPU(h.cmd.Process.Pid)
	if err != nil {
		return done, err
	}
	begin := time.Now()
	times, err := s.changes(neighbourChanges)
	if err != nil {
		return done, err
	}
	w.blocks[kind] = append(w.blocks[kind], times)
	w.lasted[kind] += time.Since(begin).Seconds()
	after, err := processCPU(h.cmd.Process.Pid)
	w.cpu[kind] += after - cpu
	if err == nil && kind == hostileBlock {
		err = attacker.call("Rest", struct{}{}, &done)
	}
	return done, err
}

// processCPU is how many seconds of processor a process has used (proc_pid_stat(5)). The kernel's clock for that has
// 100 ticks a second on every machine that Go runs on.
func processCPU(pid int) (float64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The second field is a name in brackets; utime and stime are fields 14 and 15.
	_, rest, _ := strings.Cut(string(data), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, errors.New("no processor time")
	}
	user, err1 := strconv.ParseFloat(fields[11], 64)
	system, err2 := strconv.ParseFloat(fields[12], 64)
	return (user + system) / 100, errors.Join(err1, err2)
}

// print makes figures of what was measured.
func (w *watch) print(b *bench) error {
	var pooled [blockKinds][]float64
	for kind, blocks := range w.blocks {
		pooled[kind] = slices.Concat(blocks...)
	}
	const without, again = "the same without attacker", "the same once more"
	for _, q := range []struct {
		name string
		q    float64
		most float64 // of the ratio; 0 means that nothing is wanted
	}{{"neighbour.p50", 0.5, 0}, {"neighbour.p99", 0.99, 1.1}} {
		alone := quantile(pooled[quietBlock], q.q)
		f := measured(q.name, quantile(pooled[hostileBlock], q.q), "ms").versus(without, alone)
		if q.most > 0 {
			f = f.atMost(q.most)
		}
		if err := b.printAll(f, measured(q.name+".floor", quantile(pooled[floorBlock], q.q), "ms").versus(again, alone)); err != nil {
			return err
		}
		for _, kind := range []struct {
			name, against string
			kind          int
		}{{"", without, hostileBlock}, {".floor", again, floorBlock}} {
			if err := w.spread(b, q.name+kind.name+".parts", kind.against, q.q, kind.kind); err != nil {
				return err
			}
		}
	}
	share := func(kind int) float64 { return 100 * w.cpu[kind] / w.lasted[kind] }
	return b.print(measured("neighbour.cpu", share(hostileBlock), "% of a core, server").versus(without, share(quietBlock)))
}

// spread prints the quartiles of the ratios of a quantile, part by part of the run.
func (w *watch) spread(b *bench, name, against string, q float64, kind int) error {
	var ratios []float64
	for i := 0; i+neighbourPart <= len(w.blocks[kind]); i += neighbourPart {
		part := func(kind int) float64 { return quantile(slices.Concat(w.blocks[kind][i:i+neighbourPart]...), q) }
		ratios = append(ratios, part(kind)/part(quietBlock))
	}
	for _, at := range []struct {
		name string
		q    float64
	}{{".q1", 0.25}, {".median", 0.5}, {".q3", 0.75}} {
		if err := b.print(measured(name+at.name, quantile(ratios, at.q), "of a twelfth of the run").versus(against, 1)); err != nil {
			return err
		}
	}
	return nil
}

// honest is a session whose changes are timed.
type honest struct {
	customer, agent *client.Client
	page            *page.Builder
	arrived         chan arrival
}

// arrival is a batch at the agent.
type arrival struct {
	epoch, seq uint32
	at         time.Time
}

func newHonest(at place, token string) (*honest, error) {
	s := &honest{page: page.NewBuilder(), arrived: make(chan arrival, neighbourChanges)}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	session, err := client.OpenSession(ctx, at.base, signaling.DevSite().Key, shopOrigin)
	if err != nil {
		return nil, err
	}
	s.customer, s.agent, err = meet(ctx, at, session, token, func(r client.Received) {
		if batch, ok := r.Frame.(*wire.Batch); ok && r.Err == nil {
			s.arrived <- arrival{batch.Epoch, batch.Seq, r.At}
		}
	})
	if err != nil {
		return nil, err
	}
	hostile.Open(s.page)
	return s, s.customer.Send(s.page.Batch())
}

func (s *honest) close() {
	_ = s.customer.Close()
	_ = s.agent.Close()
}

// changes sends changes at a steady pace and gives how many milliseconds each took.
func (s *honest) changes(n int) ([]float64, error) {
	tick := time.NewTicker(neighbourPace)
	defer tick.Stop()
	sent := map[uint32]time.Time{}
	for i := range n {
		<-tick.C
		s.page.Update(false)
		s.page.SetText(4, hostile.Plain+strconv.Itoa(i))
		batch := s.page.Batch()
		sent[batch.Seq] = time.Now()
		if err := s.customer.Send(batch); err != nil {
			return nil, err
		}
	}
	var times []float64
	for len(times) < n {
		a, err := await(s.arrived, "change at the agent")
		if err != nil {
			return nil, err
		}
		if from, ok := sent[a.seq]; ok {
			times = append(times, milliseconds(a.at.Sub(from)))
			delete(sent, a.seq)
		}
	}
	return times, nil
}

// shopOrigin is that of the page that customers come from.
const shopOrigin = "http://127.0.0.1:80"

// place is a server, and how customers come to it.
type place struct {
	base  string
	relay string // transport of the TURN server that the customer uses and nothing else; "" means straight
}

// relays are the ICE servers that a customer uses and nothing else; nil for none.
func (p place) relays(session client.Session) (list []webrtc.ICEServer) {
	if p.relay == "" {
		return nil
	}
	for _, server := range session.ICE {
		for _, url := range server.URLs {
			if scheme, _, _ := strings.Cut(url, ":"); scheme == "turns" && p.relay == "tls" || scheme == "turn" && strings.HasSuffix(url, "="+p.relay) {
				list = append(list, webrtc.ICEServer{URLs: []string{url}, Username: server.Username, Credential: server.Credential})
			}
		}
	}
	return list
}

// meet connects a customer and an agent in a session that was opened, and has the customer grant what is asked.
func meet(ctx context.Context, at place, session client.Session, token string, on func(client.Received)) (customer, agent *client.Client, err error) {
	joined, err := client.RedeemCode(ctx, at.base, session.Code, token)
	if err != nil {
		return nil, nil, err
	}
	if customer, err = client.Connect(ctx, client.Config{Relay: at.relays(session)}, client.DialHTTP(at.base, session, shopOrigin)); err != nil {
		return nil, nil, err
	}
	if agent, err = client.Connect(ctx, client.Config{Agent: true, On: on}, client.DialHTTP(at.base, joined, "")); err != nil {
		return nil, nil, errors.Join(err, customer.Close())
	}
	err = errors.Join(customer.Hello(), agent.Hello())
	if err == nil {
		err = consent(ctx, customer)
	}
	if err != nil {
		return nil, nil, errors.Join(err, customer.Close(), agent.Close())
	}
	return customer, agent, nil
}

// consent grants what the customer is asked and waits until the page is wanted.
func consent(ctx context.Context, customer *client.Client) error {
	ask, err := client.Take(ctx, customer, client.Any[*wire.Ask])
	if err == nil {
		err = customer.Send(&wire.Answer{Ask: ask.Ask, Granted: ask.Scopes})
	}
	if err == nil {
		_, err = client.Take(ctx, customer, func(f *wire.Share) bool { return f.On })
	}
	return err
}
