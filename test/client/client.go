// Package client speaks to an SFU the way a browser does, from Go: for tests, hostile ones included, and benchmarks.
//
// Connect makes the offer, hands it to a Dial (DialHTTP for a running server, or any function around an sfu.SFU) and
// opens the five channels. Send and SendBytes send well-formed frames, SendMessage sends whatever one likes. What
// arrives is kept in the order of arrival and taken with Take, or given to Config.On as it comes.
//
//	c, err := client.Connect(ctx, client.Config{Agent: true}, dial)
//	err = c.Hello()
//	welcome, err := client.Take(ctx, c, client.Any[*wire.Welcome])
package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
)

// Dial gets the answer to an offer.
type Dial func(ctx context.Context, offer string) (answer string, err error)

// Config says what a client is like. The zero value is a customer with a browser's manners.
type Config struct {
	// Agent makes it an agent.
	Agent bool
	// Mute keeps it from answering pings.
	Mute bool
	// Relay uses nothing but these ICE servers' relays.
	Relay []webrtc.ICEServer
	// Roots are whom TURN over TLS must be signed by, when nothing else is relayed through; nil means the system's.
	Roots *x509.CertPool
	// Servers are ICE servers that it uses besides the direct ways, as a browser does.
	Servers []webrtc.ICEServer
	// Networks are all that it uses; nil means UDP.
	Networks []webrtc.NetworkType
	// ReceiveBuffer is the window for what arrives, in bytes; 0 means 1 MiB.
	ReceiveBuffer uint32
	// On gets every frame on the goroutine of its channel, valid during the call. When it is set nothing is kept for Take.
	On func(Received)
}

// Received is a frame that arrived. Err tells why bytes that arrived are no frame.
type Received struct {
	Frame   wire.Frame
	Channel wire.Channel
	Bytes   []byte // the frame's bytes after inflation
	At      time.Time
	Err     error
}

// Client is a connection with its five channels open.
type Client struct {
	// PC is the connection itself, for statistics and restarts.
	PC *webrtc.PeerConnection

	config   Config
	channels [5]*webrtc.DataChannel
	streams  [5]io.ReadWriteCloser
	deflater wire.Deflater
	sending  sync.Mutex

	mu     sync.Mutex
	log    []Received
	taken  []bool
	more   chan struct{} // closed and replaced when something arrives
	gates  [5]chan struct{}
	closed chan struct{}
	once   sync.Once
}

// Connect makes a connection and waits until its channels are open.
func Connect(ctx context.Context, config Config, dial Dial) (*Client, error) {
	pc, err := newAPI(config).NewPeerConnection(configuration(config))
	if err != nil {
		return nil, err
	}
	c := &Client{PC: pc, config: config, more: make(chan struct{}), closed: make(chan struct{})}
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateFailed || s == webrtc.PeerConnectionStateClosed {
			c.once.Do(func() { close(c.closed) })
		}
	})
	opened := make(chan error, len(c.channels))
	for ch := range c.channels {
		if err := c.open(wire.Channel(ch), opened); err != nil {
			return nil, errors.Join(err, pc.Close())
		}
	}
	if err := c.negotiate(ctx, dial, nil); err != nil {
		return nil, errors.Join(err, pc.Close())
	}
	for range c.channels {
		select {
		case err = <-opened:
		case <-c.closed:
			err = errors.New("client: the connection failed")
		case <-ctx.Done():
			err = fmt.Errorf("client: channels did not open: %w", ctx.Err())
		}
		if err != nil {
			return nil, errors.Join(err, pc.Close())
		}
	}
	for ch, stream := range c.streams {
		go c.read(wire.Channel(ch), stream)
	}
	return c, nil
}

func newAPI(config Config) *webrtc.API {
	se := webrtc.SettingEngine{LoggerFactory: &logging.DefaultLoggerFactory{Writer: io.Discard}}
	se.DetachDataChannels()
	se.SetIncludeLoopbackCandidate(true)
	if config.Relay != nil {
		se.SetRelayAcceptanceMinWait(0) // there is nothing better to wait for
	}
	if config.Roots != nil {
		se.SetICEProxyDialer(secure{&tls.Config{RootCAs: config.Roots, MinVersion: tls.VersionTLS12}})
	}
	if config.Networks != nil {
		se.SetNetworkTypes(config.Networks)
	}
	if config.ReceiveBuffer > 0 {
		se.SetSCTPMaxReceiveBufferSize(config.ReceiveBuffer)
	}
	return webrtc.NewAPI(webrtc.WithSettingEngine(se))
}

// secure dials TURN over TLS. pion itself trusts the system's roots only.
type secure struct{ config *tls.Config }

// Dial connects to a TURN server.
func (s secure) Dial(network, address string) (net.Conn, error) {
	return tls.Dial(network, address, s.config)
}

func configuration(config Config) webrtc.Configuration {
	if config.Relay == nil {
		return webrtc.Configuration{ICEServers: config.Servers}
	}
	return webrtc.Configuration{ICEServers: config.Relay, ICETransportPolicy: webrtc.ICETransportPolicyRelay}
}

func (c *Client) open(ch wire.Channel, opened chan<- error) error {
	id, yes, ordered, never := uint16(ch), true, ch != wire.Asset && ch != wire.Ptr, uint16(0)
	set := &webrtc.DataChannelInit{Negotiated: &yes, ID: &id, Ordered: &ordered}
	if ch == wire.Ptr {
		set.MaxRetransmits = &never
	}
	dc, err := c.PC.CreateDataChannel(fmt.Sprint(ch), set)
	if err != nil {
		return err
	}
	c.channels[ch] = dc
	dc.OnOpen(func() {
		stream, err := dc.Detach()
		c.streams[ch] = stream
		opened <- err
	})
	return nil
}

func (c *Client) negotiate(ctx context.Context, dial Dial, options *webrtc.OfferOptions) error {
	offer, err := c.PC.CreateOffer(options)
	if err != nil {
		return err
	}
	gathered := webrtc.GatheringCompletePromise(c.PC)
	if err := c.PC.SetLocalDescription(offer); err != nil {
		return err
	}
	if c.config.Relay != nil {
		<-gathered // a relayed address is worth waiting for: the server learns it from nothing else but the first check
	}
	answer, err := dial(ctx, c.PC.LocalDescription().SDP)
	if err != nil {
		return err
	}
	return c.PC.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer})
}

// Restart restarts ICE with a new offer.
func (c *Client) Restart(ctx context.Context, dial Dial) error {
	return c.negotiate(ctx, dial, &webrtc.OfferOptions{ICERestart: true})
}

// Hello sends the first frame that a client must send.
func (c *Client) Hello() error {
	return c.Send(&wire.Hello{Protocol: wire.ProtocolVersion, Table: vocab.Version, Client: "go-test"})
}

// Send sends a frame on its channel.
func (c *Client) Send(f wire.Frame) error { return c.SendBytes(f.Channel(), f.AppendTo(nil), false) }

// SendBytes sends the bytes of a frame, deflated when that is worth it and asked for.
func (c *Client) SendBytes(ch wire.Channel, frame []byte, deflate bool) error {
	c.sending.Lock()
	defer c.sending.Unlock()
	var d *wire.Deflater
	if deflate {
		d = &c.deflater
	}
	return wire.AppendMessages(frame, d, func(msg []byte) error { return c.SendMessage(ch, msg) })
}

// SendMessage sends one message as it is.
func (c *Client) SendMessage(ch wire.Channel, msg []byte) error {
	_, err := c.streams[ch].Write(msg)
	return err
}

// Buffered is how many bytes of a channel the server has not acknowledged.
func (c *Client) Buffered(ch wire.Channel) int { return int(c.channels[ch].BufferedAmount()) }

// Hold stops reading a channel, as a client does that is too slow, until Go. One message that is being waited for is
// still read.
func (c *Client) Hold(ch wire.Channel) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gates[ch] == nil {
		c.gates[ch] = make(chan struct{})
	}
}

// Go goes on reading a channel.
func (c *Client) Go(ch wire.Channel) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gates[ch] != nil {
		close(c.gates[ch])
		c.gates[ch] = nil
	}
}

// Closed is closed when the connection is.
func (c *Client) Closed() <-chan struct{} { return c.closed }

// Close closes the connection.
func (c *Client) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.PC.Close()
}
