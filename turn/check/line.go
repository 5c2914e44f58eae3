package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pion/datachannel"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
)

// A line is a connection to the SFU with its channels open.
type line struct {
	pc     *webrtc.PeerConnection
	ctl    datachannel.ReadWriteCloser
	sfu    netip.AddrPort // the SFU's candidate
	ours   [2]string      // ICE user fragment and password
	theirs [2]string

	write sync.Mutex
	pongs chan uint32
	ready chan struct{} // closed by Welcome
	lost  chan struct{} // closed when the connection is
	once  sync.Once
}

// A dialer connects pion's TURN client, with this run's idea of trust.
type dialer struct {
	check *checker
	to    *turnURL
}

// Dial is called with what the URL says already.
func (d dialer) Dial(string, string) (net.Conn, error) {
	return d.check.dial(context.Background(), *d.to)
}

// dialLine connects to the SFU: through one TURN server alone, or directly when there is none given.
func (c *checker) dialLine(ctx context.Context, u *turnURL) (*line, error) {
	se := webrtc.SettingEngine{LoggerFactory: &logging.DefaultLoggerFactory{Writer: io.Discard}}
	se.DetachDataChannels()
	se.SetIncludeLoopbackCandidate(true)
	se.SetRelayAcceptanceMinWait(0) // there is nothing better to wait for
	config := webrtc.Configuration{}
	if u != nil {
		if u.transport != "udp" {
			se.SetICEProxyDialer(dialer{c, u})
		}
		config.ICETransportPolicy = webrtc.ICETransportPolicyRelay
		config.ICEServers = []webrtc.ICEServer{{URLs: []string{u.raw}, Username: u.user, Credential: u.pass}}
	}
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(se)).NewPeerConnection(config)
	if err != nil {
		return nil, err
	}
	l := &line{pc: pc, pongs: make(chan uint32, 64), ready: make(chan struct{}), lost: make(chan struct{})}
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateFailed || s == webrtc.PeerConnectionStateClosed {
			l.gone()
		}
	})
	if err := c.negotiate(ctx, l); err != nil {
		return nil, errors.Join(err, pc.Close())
	}
	return l, nil
}

// channels makes the five channels; opened is told when the control channel is open.
func (l *line) channels(opened chan<- error) error {
	for ch := range 5 {
		id, yes, ordered, never := uint16(ch), true, ch != int(wire.Asset) && ch != int(wire.Ptr), uint16(0)
		set := &webrtc.DataChannelInit{Negotiated: &yes, ID: &id, Ordered: &ordered}
		if ch == int(wire.Ptr) {
			set.MaxRetransmits = &never
		}
		dc, err := l.pc.CreateDataChannel(fmt.Sprint(wire.Channel(ch)), set)
		if err != nil {
			return err
		}
		if wire.Channel(ch) == wire.Ctl {
			dc.OnOpen(func() {
				stream, err := dc.Detach()
				l.ctl = stream
				opened <- err
			})
		}
	}
	return nil
}

// negotiate connects and says Hello.
func (c *checker) negotiate(ctx context.Context, l *line) error {
	opened := make(chan error, 1)
	if err := l.channels(opened); err != nil {
		return err
	}
	offer, err := l.pc.CreateOffer(nil)
	if err != nil {
		return err
	}
	gathered := webrtc.GatheringCompletePromise(l.pc)
	if err := l.pc.SetLocalDescription(offer); err != nil {
		return err
	}
	select {
	case <-gathered:
	case <-ctx.Done():
		return errors.New("no relayed address came in time")
	}
	local := l.pc.LocalDescription().SDP
	answer, err := c.connect(ctx, local)
	if err != nil {
		return err
	}
	l.read(local, answer)
	if err := l.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		return err
	}
	select {
	case err = <-opened:
	case <-l.lost:
		err = errors.New("ICE found no way")
	case <-ctx.Done():
		err = errors.New("ICE, DTLS or SCTP did not get through in time")
	}
	if err != nil {
		return err
	}
	go l.listen()
	if err := l.send(&wire.Hello{Protocol: wire.ProtocolVersion, Table: vocab.Version, Client: "vitrine turn check"}); err != nil {
		return err
	}
	select {
	case <-l.ready:
		return nil
	case <-l.lost:
	case <-ctx.Done():
	}
	return errors.New("the SFU did not welcome the connection")
}

// read takes what the throughput step needs out of offer and answer.
func (l *line) read(offer, answer string) {
	for text, to := range map[string]*[2]string{offer: &l.ours, answer: &l.theirs} {
		for row := range strings.Lines(text) {
			row = strings.TrimSpace(row)
			if v, ok := strings.CutPrefix(row, "a=ice-ufrag:"); ok {
				to[0] = v
			}
			if v, ok := strings.CutPrefix(row, "a=ice-pwd:"); ok {
				to[1] = v
			}
			// a=candidate:foundation component transport priority address port typ … (RFC 8839 section 5.1)
			f := strings.Fields(row)
			if text != answer || !strings.HasPrefix(row, "a=candidate:") || len(f) < 8 || !strings.EqualFold(f[2], "udp") || l.sfu.IsValid() {
				continue
			}
			ip, err := netip.ParseAddr(f[4])
			port, portErr := strconv.ParseUint(f[5], 10, 16)
			if err == nil && portErr == nil && ip.Is4() {
				l.sfu = netip.AddrPortFrom(ip, uint16(port))
			}
		}
	}
}

func (l *line) gone()  { l.once.Do(func() { close(l.lost) }) }
func (l *line) close() { l.gone(); _ = l.pc.Close() }

func (l *line) send(f wire.Frame) error {
	l.write.Lock()
	defer l.write.Unlock()
	return wire.AppendMessages(f.AppendTo(nil), nil, func(msg []byte) error {
		_, err := l.ctl.Write(msg)
		return err
	})
}

// listen answers pings and notes pongs.
func (l *line) listen() {
	defer l.gone()
	buf := make([]byte, wire.MaxMessageIn)
	var frames wire.Assembler
	var decoder wire.ToCustomerDecoder
	for {
		n, err := l.ctl.Read(buf)
		if err != nil {
			return
		}
		frame, err := frames.Next(buf[:n])
		if frame == nil || err != nil {
			continue
		}
		f, err := decoder.Decode(wire.Ctl, frame)
		if err != nil {
			continue // of a newer server
		}
		switch f := f.(type) {
		case *wire.Welcome:
			close(l.ready)
		case *wire.Ping:
			if l.send(&wire.Pong{Seq: f.Seq}) != nil {
				return
			}
		case *wire.Pong:
			select {
			case l.pongs <- f.Seq:
			default:
			}
		}
	}
}

// pings is how many round trips are measured.
const pings = 40

// measure sends one Ping after another and gives the sorted round trips of those that came back.
func (l *line) measure() (trips []time.Duration) {
	for seq := range uint32(pings) {
		begin := time.Now()
		if l.send(&wire.Ping{Seq: seq}) != nil {
			break
		}
		select {
		case <-l.pongs:
			trips = append(trips, time.Since(begin))
		case <-l.lost:
		case <-time.After(answerTime):
		}
		if len(trips) <= int(seq)/2 {
			break
		}
	}
	slices.Sort(trips)
	return trips
}

// echo connects, through one TURN server or directly, and measures the way to the SFU and back.
func (c *checker) echo(ctx context.Context, name string, u *turnURL) *line {
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	s := Step{Name: "echo", URL: name}
	if u == nil {
		s.Name = "direct"
	}
	begin := time.Now()
	l, err := c.dialLine(ctx, u)
	took := time.Since(begin)
	if err != nil {
		s.Result, s.Detail = Failed, said(err)
		s.Cause, s.Remedy = "datagrams do not get from the relay to the SFU", "look at the server's log; with an external server, its relay ports must reach the SFU's udp port"
		if u == nil {
			s.Result, s.Cause, s.Remedy = Warned, "this network lets no UDP out to the server, or the server runs with udp: off", "open the SFU's udp port if you can: direct connections are faster. The relay carries sessions without"
		}
		c.add(s)
		return nil
	}
	trips := l.measure()
	s.Figures = map[string]float64{"open_ms": milliseconds(took), "pings": pings, "pongs": float64(len(trips))}
	if len(trips) < pings {
		s.Result, s.Detail = Failed, fmt.Sprintf("%d of %d pings came back", len(trips), pings)
		s.Cause, s.Remedy = "the connection broke while it was used", "look for a proxy or firewall that closes long connections"
	} else {
		p50, p95 := trips[len(trips)/2], trips[len(trips)*95/100]
		s.Figures["rtt_p50_ms"], s.Figures["rtt_p95_ms"] = milliseconds(p50), milliseconds(p95)
		s.Detail = fmt.Sprintf("open in %d ms, round trip p50 %.1f ms, p95 %.1f ms", took.Milliseconds(), milliseconds(p50), milliseconds(p95))
	}
	if !c.add(s) {
		l.close()
		return nil
	}
	return l
}

// direct tries the way without a relay.
func (c *checker) direct(ctx context.Context) {
	if l := c.echo(ctx, "", nil); l != nil {
		l.close()
	}
}
