package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"vitrine/internal/wire"
	"vitrine/sfu"
	"vitrine/signaling"
	"vitrine/test/client"
	"vitrine/turn/udpsock"
)

// The line of a slow agent, and the page that comes over it faster than it carries.
const (
	slowRate    = 2_000_000 / 8   // bytes a second
	fastRate    = 100_000_000 / 8 // of a line that differs in nothing else: what the delay and this machine make
	slowDelay   = 25 * time.Millisecond
	slowQueue   = 64 << 10 // of the bottleneck
	slowTexts   = 10       // of the page; changed in turns
	slowText    = 4 << 10  // bytes of each
	slowPace    = 10 * time.Millisecond
	slowTime    = 8 * time.Second
	slowWarm    = 2 * time.Second // at the beginning, not counted
	slowSample  = 20 * time.Millisecond
	setUpRounds = 15
)

// quality measures how connections do for people: how long they take to be there by every way, and how far a slow agent
// is behind.
func quality(b *bench) error {
	return errors.Join(setUp(b), slowAgent(b))
}

// setUp measures the time from an offer to open channels by every way to the server, between processes.
func setUp(b *bench) error {
	folder, err := os.MkdirTemp("", "vitrine-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	config := filepath.Join(folder, "vitrine.yaml")
	text := fmt.Sprintf("tls: {certificate: %[1]s/cert.pem, key: %[1]s/key.pem}\n", folder)
	err = errors.Join(writeCertificate(filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")), os.WriteFile(config, []byte(text), 0o600))
	if err != nil {
		return err
	}
	host, err := b.serve("--config", config)
	if err != nil {
		return err
	}
	defer host.stop()
	certificate, err := os.ReadFile(filepath.Join(folder, "cert.pem"))
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	http.DefaultTransport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	ways := []string{"", "udp", "tcp", "tls"}
	times := make([][]float64, len(ways))
	for round := range setUpRounds + 1 {
		for i := range ways {
			way := (i + round) % len(ways)
			took, err := connectOnce(place{base: host.Base, relay: ways[way]}, roots)
			if err != nil {
				return fmt.Errorf("way %q: %w", ways[way], err)
			}
			if round > 0 {
				times[way] = append(times[way], milliseconds(took))
			}
		}
	}
	for i, way := range ways {
		f := measured("quality.setup.relay."+way, median(times[i]), "ms")
		if way == "" {
			f = measured("quality.setup.straight", median(times[i]), "ms")
		} else {
			f = f.versus("straight", median(times[0]))
		}
		if err := b.print(f); err != nil {
			return err
		}
	}
	return nil
}

// connectOnce opens a session and connects its customer: from the offer, with the relay's allocation, to open channels.
func connectOnce(at place, roots *x509.CertPool) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(context.Background(), hostileTime)
	defer cancel()
	session, err := client.OpenSession(ctx, at.base, signaling.DevSite().Key, shopOrigin)
	if err != nil {
		return 0, err
	}
	config := client.Config{Relay: at.relays(session)}
	if at.relay == "tls" {
		config.Roots = roots
	}
	if at.relay != "" && len(config.Relay) == 0 {
		return 0, errors.New("the server names no such relay")
	}
	begin := time.Now()
	c, err := client.Connect(ctx, config, client.DialHTTP(at.base, session, shopOrigin))
	if err != nil {
		return 0, err
	}
	return time.Since(begin), c.Close()
}

// slow is what was seen of an agent on a slow line.
type slow struct {
	mu      sync.Mutex
	sent    []time.Time // of every change
	seen    int         // changes that the agent shows
	shots   int         // times that the agent got the page as it stands
	waiting []float64   // bytes that the server holds for them
}

// slowAgent measures how old the oldest change is that an agent at the end of a slow line does not show, and what the
// server holds for them.
func slowAgent(b *bench) error {
	var behind, floor, held []float64
	var shots float64
	for range samples {
		s, fast := &slow{}, &slow{}
		var late []float64
		var failed error
		var both sync.WaitGroup
		both.Go(func() { late, failed = fast.run(fastRate) })
		got, err := s.run(slowRate)
		both.Wait()
		if err := errors.Join(err, failed); err != nil {
			return err
		}
		behind, floor, held = append(behind, got...), append(floor, late...), append(held, s.waiting...)
		shots += float64(s.shots) / samples
	}
	return b.printAll(
		measured("quality.slow.floor.p50", quantile(floor, 0.5), "ms"),
		measured("quality.slow.floor.p99", quantile(floor, 0.99), "ms"),
		measured("quality.slow.stale.p50", quantile(behind, 0.5), "ms"),
		measured("quality.slow.stale.p99", quantile(behind, 0.99), "ms").limit(500),
		measured("quality.slow.buffer", slices.Max(held)/1024, "KiB").limit(64),
		measured("quality.slow.snapshots", shots, "a run"),
	)
}

// run has a customer change a page faster than the line of their agent carries, and samples how far the agent is behind.
func (s *slow) run(rate float64) (behind []float64, err error) {
	socket, err := udpsock.Listen("udp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	at := net.UDPAddrFromAddrPort(addrPort(socket.LocalAddr()))
	server, err := sfu.New(sfu.Config{UDP: socket, Loopback: true, Timeouts: sfu.Timeouts{Ping: slowSample, Quality: slowSample}, Measured: s.measured})
	if err != nil {
		return nil, err
	}
	defer server.Close()
	line, err := newShaper(at, rate, slowQueue, slowDelay)
	if err != nil {
		return nil, err
	}
	defer line.close()
	customer, agent, err := s.meet(server, strings.NewReplacer(fmt.Sprintf(" %d ", at.Port), fmt.Sprintf(" %d ", line.port())))
	if err != nil {
		return nil, err
	}
	defer func() { _, _ = customer.Close(), agent.Close() }()
	return s.change(customer)
}

// meet connects a customer straight, and an agent through the line that the replacer names.
func (s *slow) meet(server *sfu.SFU, line *strings.Replacer) (customer, agent *client.Client, err error) {
	session, err := server.Open(sfu.SessionConfig{Site: "bench", Origin: shopOrigin})
	if err != nil {
		return nil, nil, err
	}
	dial := func(g sfu.Grant, answer func(string) string) client.Dial {
		return func(ctx context.Context, offer string) (string, error) {
			c, err := server.Connect(ctx, g, offer)
			return answer(c.Answer), err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	straight := func(answer string) string { return answer }
	customer, err = client.Connect(ctx, client.Config{}, dial(sfu.Grant{Session: session, Role: sfu.Customer, Subject: "c", Origin: shopOrigin}, straight))
	if err != nil {
		return nil, nil, err
	}
	on := func(r client.Received) {
		if batch, ok := r.Frame.(*wire.Batch); ok && r.Err == nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.seen = max(s.seen, int(batch.Seq))
			if batch.Snapshot && batch.Seq > 0 {
				s.shots++
			}
		}
	}
	grant := sfu.Grant{Session: session, Role: sfu.Agent, Subject: "a", Name: "A", Company: "B", May: wire.ScopeView}
	agent, err = client.Connect(ctx, client.Config{Agent: true, On: on}, dial(grant, line.Replace))
	if err != nil {
		return nil, nil, errors.Join(err, customer.Close())
	}
	err = errors.Join(customer.Hello(), agent.Hello())
	if err == nil {
		err = consent(ctx, customer)
	}
	return customer, agent, err
}

// measured takes what the server holds for the agent.
func (s *slow) measured(m sfu.Measurement) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.Role != sfu.Agent || len(s.sent) == 0 || time.Since(s.sent[0]) < slowWarm {
		return
	}
	s.waiting = append(s.waiting, float64(m.Waiting))
}

// change changes the page and samples how old the oldest change is that the agent does not show.
func (s *slow) change(customer *client.Client) (behind []float64, err error) {
	noise := rand.NewChaCha8([32]byte{1})
	text := func() []byte {
		raw := make([]byte, slowText*3/4)
		_, _ = noise.Read(raw) // it never fails
		return []byte(base64.StdEncoding.EncodeToString(raw))
	}
	var texts [][]byte
	for range slowTexts {
		texts = append(texts, text())
	}
	if err := customer.Send(client.Snapshot(1, texts...)); err != nil {
		return nil, err
	}
	pace, sample := time.NewTicker(slowPace), time.NewTicker(slowSample)
	defer pace.Stop()
	defer sample.Stop()
	for begin := time.Now(); time.Since(begin) < slowTime; {
		select {
		case <-pace.C:
			s.mu.Lock()
			s.sent = append(s.sent, time.Now())
			seq := len(s.sent)
			s.mu.Unlock()
			node := client.FirstParagraph + 1 + 2*wire.NodeID(seq%slowTexts)
			if err := customer.Send(client.SetText(1, uint32(seq), node, text())); err != nil {
				return nil, err
			}
		case now := <-sample.C:
			s.mu.Lock()
			if late := 0.0; now.Sub(begin) > slowWarm {
				if s.seen < len(s.sent) {
					late = milliseconds(now.Sub(s.sent[s.seen]))
				}
				behind = append(behind, late)
			}
			s.mu.Unlock()
		}
	}
	return behind, nil
}
