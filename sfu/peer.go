package sfu

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"

	"vitrine/internal/wire"
)

// peer is one WebRTC connection: five channels, a reader for each, and one writer.
type peer struct {
	id    string
	host  *host
	conn  *conn
	pc    *webrtc.PeerConnection
	out   outbox
	rates [5]Rate

	channels [5]*webrtc.DataChannel
	streams  [5]io.ReadWriteCloser // set before ready is closed
	opened   atomic.Int32
	ready    chan struct{} // all channels are open
	gone     sync.Once

	restart sync.Mutex // one restart at a time; guards etag
	etag    string
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
		id: newID("c_"), host: h, pc: pc, rates: s.cfg.Limits.Rates, ready: make(chan struct{}), etag: newID(""),
	}
	p.out.wake = make(chan struct{}, 1)
	p.conn = &conn{id: p.id, link: p, grant: g}
	for ch := range channelInits {
		if err := p.channel(wire.Channel(ch)); err != nil {
			return nil, errors.Join(err, pc.Close())
		}
	}
	pc.OnDataChannel(func(*webrtc.DataChannel) { p.lost("row36-stray-channel") })
	pc.SCTP().OnError(func(error) { p.lost("row36-stray-stream") })
	pc.SCTP().OnClose(func(error) { p.lost("closed") })
	pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateFailed || state == webrtc.PeerConnectionStateClosed {
			p.lost("ice")
		}
	})
	s.work.Go(func() {
		p.write()
		s.forget(p.id)
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
	// Both heavy channels below half of it are together below it. Zero on ctl tells when the last word has arrived.
	if ch == wire.Dom || ch == wire.Asset {
		dc.SetBufferedAmountLowThreshold(lowWater / 2)
	}
	dc.OnBufferedAmountLow(p.out.signal)
	dc.OnOpen(func() {
		stream, err := dc.Detach()
		if err != nil {
			p.lost("detach")
			return
		}
		p.streams[ch] = stream
		go p.read(ch, stream)
		if p.opened.Add(1) == int32(len(p.channels)) {
			close(p.ready)
		}
	})
	return nil
}

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
		p.out.shut()
	})
}

// close is what the session asks for: the last words are sent and the connection is closed.
func (p *peer) close() { p.gone.Do(p.out.shut) }

// fault ends the session after a panic on one of this connection's goroutines.
func (p *peer) fault() {
	if recover() != nil {
		place := panicPlace()
		p.host.post(func(s *session) { s.fault(place) })
		p.lost("fault")
	}
}

// firstBuffer is what a reader starts with; most messages of most channels fit.
const firstBuffer = 2 << 10

// keptBuffer is the largest frame whose buffers a reader keeps for the next.
const keptBuffer = 256 << 10

// read takes messages off one channel as they come. It never waits for anything else: an unread channel would close the
// window of all of them.
func (p *peer) read(ch wire.Channel, stream io.Reader) {
	buf := make([]byte, firstBuffer)
	var frames wire.Assembler
	var messages, bytes bucket
	rate := p.rates[ch]
	packed := false
	defer func() {
		clear(buf)
		frames.Wipe()
	}()
	defer p.fault()
	for {
		n, err := stream.Read(buf)
		switch {
		case errors.Is(err, io.ErrShortBuffer) && len(buf) <= wire.MaxMessageIn:
			clear(buf)
			buf = make([]byte, min(2*len(buf), wire.MaxMessageIn+1))
			continue
		case errors.Is(err, io.ErrShortBuffer):
			p.lost("row37-size")
			return
		case err != nil:
			p.lost("closed")
			return
		}
		now := time.Now()
		if !messages.take(now, 1, float64(rate.Messages), 2*float64(rate.Messages)) ||
			!bytes.take(now, float64(n), float64(rate.Bytes), max(2*float64(rate.Bytes), wire.MaxMessageIn)) {
			if ch == wire.Ptr {
				continue
			}
			p.lost("row39-rate-" + channelInits[ch].label)
			return
		}
		msg := buf[:n]
		if n > 1 && (msg[0] == 1 || msg[0] == 2) {
			packed = msg[0] == 1 || msg[1] == 1
		}
		p.message(ch, &frames, msg, &packed)
	}
}

// message puts one message to the frame it belongs to and passes a frame on when it is whole.
func (p *peer) message(ch wire.Channel, frames *wire.Assembler, msg []byte, packed *bool) {
	if ch != wire.Dom && len(msg) > 0 && msg[0] != 0 {
		p.host.post(func(s *session) { s.garbled(p.conn, ch, "row37-piece") })
		return
	}
	frame, err := frames.Next(msg)
	if err != nil {
		rule := ruleOf(err)
		p.host.post(func(s *session) { s.garbled(p.conn, ch, rule) })
		return
	}
	if frame != nil {
		p.deliver(ch, frame, *packed)
		*packed = false
		if len(frame) > keptBuffer {
			frames.Wipe()
		}
	}
}

// deliver hands a copy of a frame to the session. When the session cannot keep up, the page is asked for again, pointers
// are left out, and a flood of anything else closes the connection.
func (p *peer) deliver(ch wire.Channel, frame []byte, packed bool) {
	own := append(make([]byte, 0, len(frame)), frame...)
	wipe := func() { clear(own) }
	ok := p.host.put(task{
		run: func(s *session) {
			defer wipe()
			s.frame(p.conn, ch, own, packed)
		},
		drop: wipe,
		size: len(own),
	}, true)
	if ok {
		return
	}
	wipe()
	switch {
	case ch == wire.Ptr:
	case ch == wire.Dom && p.conn.grant.Role == Customer:
		p.host.post(func(s *session) { s.overrun(p.conn) })
	default:
		p.lost("row39-overrun")
	}
}
