package sfu

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"time"

	"vitrine/internal/wire"
)

// SFU holds all sessions of a process and the socket of their connections. It is safe for concurrent use.
type SFU struct {
	cfg    Config
	engine *engine
	left   leftOut

	mu      sync.Mutex
	hosts   map[string]*host
	peers   map[string]*peer
	polling bool // there is a poller
	closed  bool
	work    sync.WaitGroup // sessions and connections
}

// Connection is the outcome of an offer.
type Connection struct {
	ID     string // unguessable
	ETag   string // changes with every restart
	Answer string // SDP
}

// New returns an SFU that listens on the sockets of its configuration.
func New(c Config) (*SFU, error) {
	if c.UDP == nil {
		return nil, ErrConfig
	}
	c = c.withDefaults()
	e, err := newEngine(c)
	if err != nil {
		return nil, err
	}
	return &SFU{cfg: c, engine: e, hosts: map[string]*host{}, peers: map[string]*peer{}}, nil
}

// newID is 128 random bits in base64url behind a prefix.
func newID(prefix string) string {
	var b [16]byte
	// crypto/rand.Read does not fail: it ends the process instead.
	_, _ = rand.Read(b[:])
	return prefix + base64.RawURLEncoding.EncodeToString(b[:])
}

// Open begins a session and returns its id. Outcomes: ErrFull, ErrClosed.
func (s *SFU) Open(c SessionConfig) (string, error) {
	id := newID("s_")
	var salt [4]byte
	_, _ = rand.Read(salt[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return "", ErrClosed
	case len(s.hosts) >= s.cfg.Limits.Sessions:
		return "", ErrFull
	}
	se := newSession(id, &s.cfg, c, binary.LittleEndian.Uint32(salt[:]))
	s.hosts[id] = se.host
	s.work.Go(func() {
		se.host.serve(se)
		s.mu.Lock()
		delete(s.hosts, id)
		s.mu.Unlock()
	})
	return id, nil
}

func (s *SFU) host(id string) (*host, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.hosts[id]
	switch {
	case s.closed:
		return nil, ErrClosed
	case h == nil:
		return nil, ErrNoSession
	}
	return h, nil
}

// Connect answers an offer of somebody who may take part in a session. The client's candidates are not looked at; the
// answer holds all of the server's. Outcomes: ErrGrant, ErrOffer, ErrNoSession, ErrBusy, ErrClosed, or ctx's error.
func (s *SFU) Connect(ctx context.Context, g Grant, offer string) (Connection, error) {
	if g.Role < Customer || g.Role > Preview || g.Subject == "" {
		return Connection{}, ErrGrant
	}
	g.Name, g.Company, g.Origin = clip(g.Name, 128), clip(g.Company, 128), clip(g.Origin, 256)
	h, err := s.host(g.Session)
	if err != nil {
		return Connection{}, err
	}
	sdp, err := cleanOffer(offer)
	if err != nil {
		return Connection{}, err
	}
	p, err := s.newPeer(h, g)
	if err != nil {
		return Connection{}, err
	}
	if err := s.keep(p); err != nil {
		return Connection{}, errors.Join(err, p.pc.Close())
	}
	if err := h.ask(func(se *session) error { return se.connect(p.conn) }); err != nil {
		p.close()
		return Connection{}, err
	}
	answer, err := p.answer(ctx, sdp)
	if err != nil {
		p.lost("offer")
		return Connection{}, err
	}
	return Connection{ID: p.id, ETag: p.ice.etag, Answer: answer}, nil
}

// clip cuts a name to what a frame can carry, at the start of a character.
func clip(name string, max int) string {
	if len(name) <= max {
		return name
	}
	for max > 0 && name[max]&0xc0 == 0x80 {
		max--
	}
	return name[:max]
}

// peer finds a connection that belongs to the person of the grant. To others it does not exist.
func (s *SFU) peer(g Grant, conn string) (*peer, error) {
	s.mu.Lock()
	p := s.peers[conn]
	s.mu.Unlock()
	if p == nil || p.host.id != g.Session || p.conn.grant.Role != g.Role || p.conn.grant.Subject != g.Subject {
		return nil, ErrNoConnection
	}
	return p, nil
}

// Restart takes a new offer for a connection whose network changed (ICE restart, RFC 8445 section 9). Channels and
// session go on. etag must be that of the last answer; the same offer once more gets the same answer, because the first may
// have been lost with the network. Outcomes: ErrNoConnection, ErrETag, ErrOffer, or ctx's error.
func (s *SFU) Restart(ctx context.Context, g Grant, conn, etag, offer string) (Connection, error) {
	p, err := s.peer(g, conn)
	if err != nil {
		return Connection{}, err
	}
	sdp, err := cleanOffer(offer)
	if err != nil {
		return Connection{}, err
	}
	p.restart.Lock()
	defer p.restart.Unlock()
	ufrag := ufragOf(sdp)
	if p.ice.answer != "" && etag == p.ice.from && ufrag == p.ice.ufrag {
		return Connection{ID: p.id, ETag: p.ice.etag, Answer: p.ice.answer}, nil
	}
	if etag != p.ice.etag {
		return Connection{}, ErrETag
	}
	answer, err := p.answer(ctx, sdp)
	if err != nil {
		return Connection{}, err
	}
	p.ice = iceSession{etag: newID(""), from: etag, ufrag: ufrag, answer: answer}
	return Connection{ID: p.id, ETag: p.ice.etag, Answer: answer}, nil
}

// Disconnect closes a connection of the person of the grant. The session goes on as if the network had failed.
// Outcome: ErrNoConnection.
func (s *SFU) Disconnect(g Grant, conn string) error {
	p, err := s.peer(g, conn)
	if err != nil {
		return err
	}
	p.lost("disconnected")
	return nil
}

// End ends a session and returns when everybody was told and it is wiped. Outcomes: ErrNoSession, ErrClosed.
func (s *SFU) End(id string, reason wire.EndReason) error {
	h, err := s.host(id)
	if err != nil {
		return err
	}
	if err := h.ask(func(se *session) error { se.end(reason); return nil }); err != nil {
		return err
	}
	<-h.done
	return nil
}

// List gives all sessions, the oldest first.
func (s *SFU) List() []Info {
	s.mu.Lock()
	list := make([]Info, 0, len(s.hosts))
	for _, h := range s.hosts {
		list = append(list, *h.info.Load())
	}
	s.mu.Unlock()
	slices.SortFunc(list, func(a, b Info) int { return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID)) })
	return list
}

// Lookup gives one session. False means that there is none, or none any more.
func (s *SFU) Lookup(id string) (Info, bool) {
	h, err := s.host(id)
	if err != nil {
		return Info{}, false
	}
	return *h.info.Load(), true
}

// keep notes a connection until it is closed. The first one starts the poller.
func (s *SFU) keep(p *peer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.peers[p.id] = p
	s.work.Add(1)
	if len(s.peers) == 1 && !s.polling {
		s.polling = true
		go s.poll()
	}
	return nil
}

func (s *SFU) forget(p *peer) {
	s.mu.Lock()
	delete(s.peers, p.id)
	_, goesOn := s.hosts[p.host.id]
	s.mu.Unlock()
	if !goesOn {
		s.cfg.OnGone()
	}
	s.work.Done()
}

// poll looks after the channels that have no reader, while there are connections.
func (s *SFU) poll() {
	ticker := time.NewTicker(pollTime)
	defer ticker.Stop()
	buf := make([]byte, wire.MaxMessageIn+1)
	var peers []*peer
	for range ticker.C {
		peers = peers[:0]
		s.mu.Lock()
		for _, p := range s.peers {
			peers = append(peers, p)
		}
		s.polling = len(peers) > 0
		s.mu.Unlock()
		if len(peers) == 0 {
			return
		}
		for _, p := range peers {
			p.poll(buf)
		}
		clear(peers)
	}
}

// closeTime is how long Close waits for connections to close.
const closeTime = 3 * time.Second

// Close ends all sessions with EndServer, closes all connections and then the sockets.
func (s *SFU) Close() {
	s.mu.Lock()
	closed := s.closed
	s.closed = true
	hosts := make([]*host, 0, len(s.hosts))
	for _, h := range s.hosts {
		hosts = append(hosts, h)
	}
	s.mu.Unlock()
	if closed {
		return
	}
	for _, h := range hosts {
		h.post(func(se *session) { se.end(wire.EndServer) })
	}
	idle := make(chan struct{})
	go func() {
		s.work.Wait()
		close(idle)
	}()
	select {
	case <-idle:
	case <-time.After(closeTime):
	}
	s.engine.close()
}

// Rinse overwrites what ended sessions left in buffers that live connections hold: within two seconds or so, when each of
// them has received a packet. What is garbage only the collector can overwrite.
func (s *SFU) Rinse() { s.engine.water.rinse() }
