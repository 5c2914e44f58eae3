package sfu

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"

	"vitrine/internal/wire"
)

// peer is one WebRTC connection: five channels, a reader for each, and one writer.
type peer struct {
	id     string
	host   *host
	conn   *conn
	pc     *webrtc.PeerConnection
	out    outbox
	rates  [5]Rate
	grace  time.Duration // a frame in pieces may take so long, besides its bytes
	forget func(*peer)   // is called once, when the connection is closed

	channels [5]*webrtc.DataChannel
	intakes  [5]intake // an intake's stream is set before opened counts it
	opened   atomic.Int32
	gone     sync.Once
	lines    lines

	restart sync.Mutex // one restart at a time; guards ice
	ice     iceSession
}

// An iceSession is what the ETag of a connection stands for. A client that did not hear the answer to a restart asks again
// with the same offer.
type iceSession struct {
	etag        string
	from, ufrag string // what the restart was asked with; empty before there was one
	answer      string
}

// channelInits are the channels as both sides create them. Nothing else is accepted: a fixed list needs no RFC 8832
// handshake, whose loop a peer could block.
//
// pion does not apply unordered delivery and retransmission limits to what it sends on negotiated channels, only to
// those that it opened by handshake; what browsers send follows them. Streams do not wait for each other, so what is
// left is that a lost pointer is sent again, and the writer keeps few of them.
var channelInits = [5]struct {
	label         string
	ordered, once bool
}{
	wire.Ctl:   {label: "ctl", ordered: true},
	wire.Dom:   {label: "dom", ordered: true},
	wire.Asset: {label: "asset"},
	wire.Ptr:   {label: "ptr", once: true},
	wire.Input: {label: "input", ordered: true},
}

// newPeer makes a connection object without connecting it.
func (s *SFU) newPeer(h *host, g Grant) (*peer, error) {
	pc, err := s.engine.api.NewPeerConnection(s.engine.config)
	if err != nil {
		return nil, err
	}
	p := &peer{
		id: newID("c_"), host: h, pc: pc, rates: s.cfg.Limits.Rates, ice: iceSession{etag: newID("")}, forget: s.forget,
		grace: s.cfg.Timeouts.Frame, lines: lines{left: &s.left},
	}
	p.conn = &conn{id: p.id, link: p, grant: g}
	for ch := range channelInits {
		if err := p.channel(wire.Channel(ch)); err != nil {
			return nil, errors.Join(err, pc.Close())
		}
	}
	pc.OnDataChannel(func(*webrtc.DataChannel) { p.lost("row36-stray-channel") })
	// With an error, pion could make nothing of a new stream and has stopped looking.
	pc.SCTP().OnClose(func(err error) {
		if err != nil {
			p.lost("row36-stray-stream")
		} else {
			p.lost("closed")
		}
	})
	p.follow(s.cfg.Relayed)
	pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateFailed || state == webrtc.PeerConnectionStateClosed {
			p.lost("ice")
		}
	})
	return p, nil
}

func (p *peer) channel(ch wire.Channel) error {
	spec, id, yes, never := channelInits[ch], uint16(ch), true, uint16(0)
	set := &webrtc.DataChannelInit{Negotiated: &yes, ID: &id, Ordered: &spec.ordered}
	if spec.once {
		set.MaxRetransmits = &never
	}
	dc, err := p.pc.CreateDataChannel(spec.label, set)
	if err != nil {
		return err
	}
	p.channels[ch] = dc
	// Zero on ctl tells when the last word has arrived; that of the heavy ones follows the line (see arm).
	dc.OnBufferedAmountLow(p.work)
	dc.OnOpen(func() {
		stream, err := dc.DetachWithDeadline()
		if err != nil {
			p.lost("detach")
			return
		}
		p.intakes[ch].stream = stream
		p.opened.Add(1)
		p.listen(ch)
		p.work()
	})
	return nil
}

// open says whether all channels are.
func (p *peer) open() bool { return p.opened.Load() == int32(len(p.channels)) }

// answer takes an offer without candidates and gives the answer with all of the server's.
func (p *peer) answer(ctx context.Context, offer string) (string, error) {
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return "", ErrOffer
	}
	answer, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return "", ErrOffer
	}
	gathered := webrtc.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(answer); err != nil {
		return "", ErrOffer
	}
	select {
	case <-gathered:
		return p.pc.LocalDescription().SDP, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// lost tells the session that the connection is gone, and lets go of it.
func (p *peer) lost(rule string) {
	p.gone.Do(func() {
		p.host.post(func(s *session) { s.lost(p.conn, rule) })
		p.shut()
	})
}

// close is what the session asks for: the last words are sent and the connection is closed.
func (p *peer) close() { p.gone.Do(p.shut) }

// fault ends the session after a panic on one of this connection's goroutines.
func (p *peer) fault() {
	if recover() != nil {
		place := panicPlace()
		p.host.post(func(s *session) { s.fault(place) })
		p.lost("fault")
	}
}
