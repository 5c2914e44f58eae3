package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"vitrine/docs"
	"vitrine/internal/front"
	"vitrine/internal/metrics"
	"vitrine/internal/wire"
	"vitrine/sfu"
	"vitrine/signaling"
	"vitrine/turn"
	"vitrine/turn/udpsock"
	"vitrine/turn/vrelay"
	"vitrine/web"
)

// A host is a running server with all its parts.
type host struct {
	deciders
	config *config
	logger *slog.Logger
	base   string // origin under which browsers reach it
	rec    recorder
	sockets
	port   port
	hub    *vrelay.Hub
	sfu    *sfu.SFU
	turn   *turn.Server
	others *external // TURN servers of others, or nil
	api    *signaling.Server
	forget forgetter
	failed chan error // a server that stopped by itself

	closers []func() error // in the order of starting
}

// sockets are those of WebRTC.
type sockets struct {
	udp    []*udpsock.Conn // none without UDP
	iceTCP string          // where ICE takes TCP; empty for nowhere
}

// start brings all parts up, each on the ones before, or none and says why.
func start(c *config, logger *slog.Logger) (*host, error) {
	h := &host{config: c, logger: logger, failed: make(chan error, 2)}
	h.forget = newForgetter(func() { h.sfu.Rinse() }) // nothing ends before the SFU is there
	over := make(chan struct{})
	go h.forget.run(over)
	h.closing(func() error { close(over); return nil })
	for _, part := range []func() error{h.openAccess, h.openData, h.openSockets, h.openSFU, h.openTurn, h.openAPI, h.openAdmin, h.watchPolicies} {
		if err := part(); err != nil {
			return nil, errors.Join(err, h.stop())
		}
	}
	return h, nil
}

// stop ends all sessions, then stops the parts in the reverse order of their starting.
func (h *host) stop() error {
	if h.api != nil {
		h.api.Drain()
	}
	if h.sfu != nil {
		h.sfu.Close()
	}
	var errs []error
	for i := len(h.closers) - 1; i >= 0; i-- {
		errs = append(errs, h.closers[i]())
	}
	h.closers = nil
	return errors.Join(errs...)
}

func (h *host) closing(f func() error) { h.closers = append(h.closers, f) }

// openData opens what outlives the process: keys and the audit log.
func (h *host) openData() error {
	if err := signaling.MakeDataDir(h.config.Data); err != nil {
		return err
	}
	release, err := lockData(h.config.Data, h.logger)
	if err != nil {
		return err
	}
	h.closing(release)
	keys, err := signaling.OpenOrCreateKeys(h.config.Data)
	if err != nil {
		return err
	}
	h.tokens = signaling.NewTokens(keys)
	h.watch(keys)
	kept, trail, err := h.openTrail()
	if err != nil {
		return err
	}
	counted := metrics.New(metrics.Sources{
		Sessions: h.countSessions,
		Paths:    h.countPaths,
		Left:     func() map[string]uint64 { return h.sfu.LeftOut() },
		Relay:    func() map[string]uint64 { return h.turn.Stats() },
		Drops:    h.drops,
		Front:    h.frontStats,
		Expires:  h.port.ends,
		Renewals: h.port.attempts,
	})
	h.rec = recorder{log: trail, metrics: counted, logger: h.logger, kept: kept, cut: h.cut}
	return h.openShelf()
}

// cut ends a session of which nothing more can be written down.
func (h *host) cut(session string) {
	if err := h.sfu.End(session, wire.EndFault); err != nil && !errors.Is(err, sfu.ErrNoSession) {
		h.logger.Error("a session cannot be ended", "session", session, "error", err)
	}
}

func (h *host) countSessions() map[string]int {
	states := map[string]int{}
	for _, info := range h.sfu.List() {
		states[signaling.StateName(info.State)]++
	}
	return states
}

func (h *host) countPaths() map[string]int {
	paths := map[string]int{}
	for path, n := range h.sfu.Paths() {
		paths[pathName(path)] += n
	}
	return paths
}

// drops counts the datagrams that the kernel had no room for.
func (h *host) drops() (n uint64) {
	for _, udp := range h.udp {
		n += udp.Drops()
	}
	return n
}

// frontStats are the counters of the TCP port, by metric name.
func (h *host) frontStats() map[string]uint64 {
	if h.port.Front == nil {
		return nil
	}
	s := h.port.Stats()
	return map[string]uint64{"half_open": s.HalfOpen, "refused": s.Refused, "failed": s.Failed, "http": s.HTTP, "turn": s.Turn}
}

// openSockets opens the UDP sockets of the SFU. The TCP one for HTTP is opened with the API, which needs it last.
func (h *host) openSockets() error {
	if h.config.UDP == off {
		h.logger.Warn("no UDP: every connection goes over TCP, which costs time and bandwidth; meant for networks that have no UDP")
		return nil
	}
	if err := h.openUDP(); err != nil {
		return err
	}
	udp := h.udp[0] // what the kernel gives one it gives all
	if recv, send := udp.Buffers(); recv != 0 && (recv < udpsock.BufferSize || send < udpsock.BufferSize) {
		h.logger.Warn("the kernel gives small UDP buffers, packets will be lost under load: "+
			"set net.core.rmem_max and net.core.wmem_max to 8388608 (sysctl)", "recv", recv, "send", send)
	}
	if !udp.NonBlocking {
		h.logger.Warn("UDP writes may block on this system: one slow customer can hold up others")
	}
	return nil
}

// openSFU starts the SFU.
func (h *host) openSFU() error {
	tcp, err := h.listenICE()
	if err != nil {
		return errors.Join(err, h.closeUDP())
	}
	conn, more, err := h.merge()
	if err != nil {
		return errors.Join(err, closeListener(tcp))
	}
	addresses, err := h.config.publicIPs()
	if err != nil {
		return errors.Join(err, conn.Close(), closeListener(tcp))
	}
	h.sfu, err = sfu.New(sfu.Config{
		UDP: conn, MoreUDP: more, TCP: tcp, Addresses: addresses,
		Loopback: h.loopback(),
		Timeouts: sfu.Timeouts{
			AgentAway: h.config.Session.AgentAway, ResumeGrace: h.config.Session.ResumeGrace,
			Ask: h.config.Session.AskTimeout, Waiting: h.config.Session.Waiting, HardLimit: h.config.Session.HardLimit,
		},
		Limits:    sfu.Limits{Sessions: h.config.Limits.Sessions},
		Audit:     h.rec.session,
		Measured:  h.rec.measured,
		Relayed:   func(at netip.AddrPort) wire.Path { return ways[h.hub.Way(at)] },
		Access:    h.judge,
		NewTicket: func(g sfu.Grant) (string, error) { return h.api.Ticket(g) }, // no session is open before the API is
		OnEnd:     func(session string) { h.api.Ended(session); h.turn.Kick(session); h.forget.after() },
		OnGone:    h.forget.after,
	})
	if err != nil {
		return errors.Join(err, conn.Close(), closeListener(tcp))
	}
	return nil
}

func closeListener(l net.Listener) error {
	if l == nil {
		return nil
	}
	return l.Close()
}

// openTurn starts the TURN server. With "auto" it takes the usual port or, when another program has it, a free one.
func (h *host) openTurn() error {
	c := h.config.Turn
	server, err := h.listenTurn(c, "3478")
	if errors.Is(err, syscall.EADDRINUSE) && (c.UDP == devTurn || c.TCP == devTurn) {
		server, err = h.listenTurn(c, "0")
	}
	if err != nil {
		return inUse(err, c.UDP+" "+c.TCP, "TURN", "--turn-udp and --turn-tcp")
	}
	h.turn = server
	h.closing(server.Close)
	// A credential is good for as long as the longest session: others' servers do not hear of its end.
	h.others, err = c.External.open(h.config.Session.HardLimit)
	return err
}

func (h *host) listenTurn(c turnConfig, port string) (*turn.Server, error) {
	list := func(address string) []string {
		switch address {
		case "":
			return nil
		case devTurn:
			address = net.JoinHostPort("127.0.0.1", port)
		}
		return []string{address}
	}
	if h.config.UDP == off {
		c.UDP = ""
	}
	return turn.Listen(turn.Config{Hub: h.hub, Here: h.here, UDP: list(c.UDP), TCP: list(c.TCP), Host: c.Host, Log: h.logger})
}

// here tells whether a session lives on this host, for TURN: its credentials die with the session.
func (h *host) here(session string) bool {
	info, ok := h.sfu.Lookup(session)
	return ok && info.State != wire.StateEnded
}

// ice gives a person the ICE servers of a session.
func (h *host) ice(session, role string) []signaling.ICEServer {
	var servers []signaling.ICEServer
	username, password, _ := h.turn.Credentials(session, role)
	if urls := h.turnURLs(); username != "" && len(urls) > 0 {
		servers = append(servers, signaling.ICEServer{URLs: urls, Username: username, Credential: password})
	}
	if h.others != nil {
		servers = append(servers, h.others.server(time.Now()))
	}
	return servers
}

// turnURLs are the ICE server URLs of TURN: of its own listeners, and of the TLS port that it shares with HTTPS.
func (h *host) turnURLs() []string {
	urls := h.turn.URLs()
	base, err := url.Parse(h.base)
	if err != nil || !h.config.turnTLS() {
		return urls
	}
	port := base.Port()
	if port == "" {
		port = "443"
	}
	return append(urls, "turns:"+net.JoinHostPort(base.Hostname(), port)+"?transport=tcp")
}

// openAPI starts HTTP.
func (h *host) openAPI() error {
	listener, err := net.Listen("tcp", h.config.Listen)
	if err != nil {
		return inUse(err, h.config.Listen, "TCP", "--listen")
	}
	h.base = h.config.PublicAddress
	var aliases []string
	if h.config.dev {
		scheme := "http://"
		if h.config.TLS.on() {
			scheme = "https://"
		}
		h.base = scheme + listener.Addr().String()
		_, port, _ := net.SplitHostPort(listener.Addr().String())
		for _, name := range []string{"127.0.0.1", "localhost", "[::1]"} {
			aliases = append(aliases, scheme+name+":"+port)
		}
	}
	trust, err := h.trust()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	h.api, err = signaling.New(signaling.Config{
		SFU: h.sfu, Tokens: h.tokens, Files: web.Files(), Docs: docs.Files(),
		Base: h.base, Aliases: aliases, Sites: h.config.sites(), Demo: h.config.dev, ICE: h.ice,
		CodeLife: h.config.Session.CodeTTL,
		Limits: signaling.Limits{
			Requests: h.config.Limits.Requests, Starts: h.config.Limits.Starts, Codes: h.config.Limits.WrongCodes,
		},
		Audit: h.rec.record, Trust: trust,
		Observe: func(o signaling.Observation) { h.rec.metrics.Request(o.Method, o.Route, o.Status, o.Took) },
		Logger:  h.logger,
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	secure, authority, err := h.secure(listener.Addr())
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	config := front.Config{Listener: listener, TLS: secure, Trusted: h.config.proxies()}
	if h.config.turnTLS() {
		config.Turn = h.turn.ServeConn
	}
	h.port.Front = front.New(config)
	h.sweepRecordings()
	h.serveHTTP(h.port.Front, h.api)
	if authority != nil {
		return h.manage(authority)
	}
	return nil
}

// secure is how the port speaks TLS; nil when it does not. The authority is who renews the certificate, if anybody does.
func (h *host) secure(at net.Addr) (*tls.Config, *authority, error) {
	switch {
	case h.config.TLS.ACME != nil:
		authority, err := h.openACME(at)
		if err != nil {
			return nil, nil, err
		}
		h.port.expires = authority.expires
		return authority.tls(), authority, nil
	case h.config.TLS.Certificate != "":
		config, expires, err := h.config.TLS.load(h.logger)
		h.port.expires = expires
		return config, nil, err
	}
	return nil, nil, nil
}

// openAdmin starts the listener for whoever watches the server.
func (h *host) openAdmin() error {
	if h.config.Admin.Listen == "" {
		return nil
	}
	listener, err := net.Listen("tcp", h.config.Admin.Listen)
	if err != nil {
		return inUse(err, h.config.Admin.Listen, "TCP", "--admin")
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", h.rec.metrics.Handler())
	mux.Handle("GET /healthz", h.api)
	mux.Handle("GET /readyz", h.api)
	h.turnRoutes(mux)
	mux.Handle("/v1/locks", h.api.Operator())
	mux.Handle("/v1/locks/", h.api.Operator())
	h.logger.Info("admin listener", "address", listener.Addr().String())
	h.serveHTTP(listener, mux)
	return nil
}

// serveHTTP serves one listener. Every wait has an end: a client that is slow on purpose holds a connection for seconds.
func (h *host) serveHTTP(listener net.Listener, handler http.Handler) {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    24 << 10,
		ErrorLog:          log.New(io.Discard, "", 0), // its lines hold addresses of clients
	}
	h.closing(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		err := server.Shutdown(ctx)
		// A server that has not begun to serve yet does not know its listener.
		if closing := listener.Close(); !errors.Is(closing, net.ErrClosed) {
			err = errors.Join(err, closing)
		}
		return err
	})
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			h.failed <- fmt.Errorf("HTTP on %s stopped: %w", listener.Addr(), err)
		}
	}()
}

// inUse says what to do when an address cannot be listened on.
func inUse(err error, address, what, flag string) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s %s is in use by another program: stop that one, or choose another port with %s (0 picks a free one)",
			what, strings.TrimSpace(address), flag)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%s %s: ports below 1024 need the right to bind them: choose another with %s, or run `setcap cap_net_bind_service=+ep` on the binary",
			what, strings.TrimSpace(address), flag)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("%s %s is no address of this machine: choose one with %s", what, strings.TrimSpace(address), flag)
	}
	return fmt.Errorf("%s %s: %w (change it with %s)", what, strings.TrimSpace(address), err, flag)
}
