package sfu

import (
	"errors"
	"net"
	"net/netip"
	"time"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
)

// Role is whose side a connection is on. The zero value is nobody's.
type Role uint8

// The roles.
const (
	Customer Role = iota + 1
	Agent
	Preview // the customer, looking at what agents are shown
)

// String is the role's name.
func (r Role) String() string {
	switch r {
	case Customer:
		return "customer"
	case Agent:
		return "agent"
	case Preview:
		return "preview"
	case recording:
		return "recording"
	}
	return "nobody"
}

// Grant is what a verified token says about a person. It is good for one session.
type Grant struct {
	Session string
	Role    Role
	Subject string     // unique among the people of the session: who returns under it is the same person
	Name    string     // shown to the others; at most 128 bytes
	Company string     // of an agent, shown when the customer is asked; at most 128 bytes
	Origin  string     // of a customer's page, as the browser gave it; at most 256 bytes
	May     wire.Scope // what an agent may ask for; ScopeView is needed to join, the zero value may nothing
}

// Config is what an SFU needs. Every field but UDP may be left zero.
type Config struct {
	// UDP is the socket for ICE, DTLS and SCTP of all connections. Required. ICE uses its AddrPort methods when it has
	// them. MoreUDP are further ones, of other ports or of IPv6; each is a candidate of its own. The SFU closes them.
	UDP     net.PacketConn
	MoreUDP []net.PacketConn
	// TCP takes ICE over TCP (RFC 6544, passive candidates). nil means none. The SFU closes it.
	TCP net.Listener
	// Addresses replace the sockets' own addresses of the same family in the answers: the public ones of a server behind
	// NAT, at most one of each family. Needed where TCP listens on all addresses.
	Addresses []netip.Addr
	// Loopback lets the server offer loopback addresses. For development.
	Loopback bool
	// Timeouts and Limits have safe defaults field by field.
	Timeouts Timeouts
	Limits   Limits
	// Audit gets everything that is worth remembering. It is called on sessions' goroutines, so it must not block for
	// long and must be safe for concurrent use. nil means nobody listens.
	Audit func(Event)
	// Measured is told how a connection does, every Timeouts.Quality. It is called as Audit is. nil means nobody listens.
	Measured func(Measurement)
	// Relayed names the way of a client whose packets come from an address of the built-in TURN server's relays, and is
	// PathUnknown for all others. It must not block. nil means there is no such server.
	Relayed func(netip.AddrPort) wire.Path
	// NewTicket signs a token for the next connection of the same person. It must not block. nil means no tickets.
	NewTicket func(Grant) (string, error)
	// Access says what an agent may, besides what the customer agrees to. It is called on sessions' goroutines, so it must not
	// block and must be safe for concurrent use. nil means all that the grant says.
	Access func(Question) Ruling
	// OnEnd is told the id of a session that has just ended, after everybody was told. nil means nobody is.
	OnEnd func(session string)
	// OnGone is told that a connection of a session that has ended is closed: now nothing holds what it carried. nil means
	// nobody is.
	OnGone func()
}

// Timeouts are the spans that end or repeat something.
type Timeouts struct {
	AgentAway   time.Duration // all agents hidden, unconnected or idle for so long end the session; 0 means 2 minutes
	ResumeGrace time.Duration // a customer's connection may be gone for so long; 0 means 2 minutes
	Ask         time.Duration // an unanswered question counts as refused; 0 means 2 minutes
	Waiting     time.Duration // a session that no agent joined ends; 0 means 30 minutes
	HardLimit   time.Duration // no session is longer; 0 means 4 hours
	Handshake   time.Duration // from the offer to Hello; 0 means 10 seconds
	Frame       time.Duration // a frame that comes in pieces must be whole by then, and a second later for each 16 KiB; 0 means 15 seconds
	Silence     time.Duration // a connection that says nothing for so long is lost; 0 means 10 seconds
	Quiet       time.Duration // a customer who says nothing for so long is away as far as the agents are concerned; 0 means 4 seconds
	Ping        time.Duration // between pings; 0 means 1 second
	Quality     time.Duration // between Quality frames; 0 means 5 seconds
	Ticket      time.Duration // between fresh tickets; 0 means 4 minutes
}

// Limits bound what one side may make the server hold or do.
type Limits struct {
	Sessions int // open at once; 0 means 10,000
	Agents   int // of one session; 0 means 16, which is also the most
	Pending  int // connections of one session that have not said Hello; 0 means 8
	Strikes  int // refused frames that end a connection; 0 means 3
	Inbox    int // bytes of frames that wait for one session; 0 means 24 MiB
	// Rates are how much one connection may send on each channel; a zero Rate means the default of that channel.
	Rates [5]Rate
}

// Rate is a token bucket for messages and one for bytes, each holding two seconds' worth.
type Rate struct {
	Messages int // per second
	Bytes    int // per second
}

// SessionConfig is what a new session needs.
type SessionConfig struct {
	Site   string           // name of the site, for List and the audit
	Origin string           // of the customer's page, until their connection says it anew
	Policy sanitizer.Policy // limits of the page
	Record Recorder         // begins a recording that the customer consented to; nil means that nothing is ever recorded
}

// Outcomes of the calls of an SFU.
var (
	ErrConfig       = errors.New("sfu: a UDP socket is needed, and TCP must be a TCP listener")
	ErrAddress      = errors.New("sfu: TCP listens on all addresses: say by which the server is known")
	ErrClosed       = errors.New("sfu: shutting down")
	ErrFull         = errors.New("sfu: too many sessions")
	ErrBusy         = errors.New("sfu: too many connections of this session are being made")
	ErrNoSession    = errors.New("sfu: no such session")
	ErrNoConnection = errors.New("sfu: no such connection")
	ErrGrant        = errors.New("sfu: the grant is for nobody")
	ErrOffer        = errors.New("sfu: the offer must have one application section, be valid SDP and at most 16 KB")
	ErrETag         = errors.New("sfu: the connection was restarted meanwhile")
)

func (c Config) withDefaults() Config {
	t := &c.Timeouts
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&t.AgentAway, 2 * time.Minute}, {&t.ResumeGrace, 2 * time.Minute}, {&t.Ask, 2 * time.Minute},
		{&t.Waiting, 30 * time.Minute}, {&t.HardLimit, 4 * time.Hour}, {&t.Handshake, 10 * time.Second},
		{&t.Frame, 15 * time.Second}, {&t.Silence, 10 * time.Second}, {&t.Quiet, 4 * time.Second}, {&t.Ping, time.Second}, {&t.Quality, 5 * time.Second}, {&t.Ticket, 4 * time.Minute},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	l := &c.Limits
	for _, d := range []struct {
		field *int
		value int
	}{{&l.Sessions, 10_000}, {&l.Agents, maxAgents}, {&l.Pending, 8}, {&l.Strikes, 3}, {&l.Inbox, 24 << 20}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	l.Agents = min(l.Agents, maxAgents)
	for ch := range l.Rates {
		if l.Rates[ch].Messages <= 0 {
			l.Rates[ch].Messages = defaultRates[ch].Messages
		}
		if l.Rates[ch].Bytes <= 0 {
			l.Rates[ch].Bytes = defaultRates[ch].Bytes
		}
	}
	if c.Audit == nil {
		c.Audit = func(Event) {}
	}
	if c.OnEnd == nil {
		c.OnEnd = func(string) {}
	}
	if c.OnGone == nil {
		c.OnGone = func() {}
	}
	return c
}

// maxAgents is what a wire.Agents can list.
const maxAgents = 16

// defaultRates are far above what a browser does, so that only a flood meets them.
var defaultRates = [5]Rate{
	wire.Ctl:   {Messages: 2_000, Bytes: 2 << 20},
	wire.Dom:   {Messages: 20_000, Bytes: 64 << 20},
	wire.Asset: {Messages: 10_000, Bytes: 64 << 20},
	wire.Ptr:   {Messages: 500, Bytes: 64 << 10},
	wire.Input: {Messages: 500, Bytes: 1 << 20},
}
