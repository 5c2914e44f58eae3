package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"

	"vitrine/internal/wire"
	"vitrine/turn/udpsock"
)

// rig is WebRTC with the settings of the SFU on a socket with large buffers: the bare relay and all clients use it, so
// that a difference is none of settings.
type rig struct {
	api    *webrtc.API
	config webrtc.Configuration

	mu   sync.Mutex
	ends []*end
}

func newRig() (*rig, error) {
	api, err := newAPI()
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	certificate, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return nil, err
	}
	return &rig{api: api, config: webrtc.Configuration{Certificates: []webrtc.Certificate{*certificate}}}, nil
}

// newAPI makes WebRTC on a socket of its own.
func newAPI() (*webrtc.API, error) {
	socket, err := udpsock.Listen("udp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	silent := &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}
	se := webrtc.SettingEngine{LoggerFactory: silent}
	se.SetICEUDPMux(webrtc.NewICEUDPMux(silent.NewLogger(""), socket))
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	se.SetIncludeLoopbackCandidate(true)
	se.SetICETimeouts(10*time.Second, 20*time.Second, 2*time.Second)
	if err := se.SetAnsweringDTLSRole(webrtc.DTLSRoleServer); err != nil {
		return nil, err
	}
	se.SetDTLSInsecureSkipHelloVerify(true)
	se.SetDTLSCipherSuites(dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)
	se.DetachDataChannels()
	se.SetSCTPMaxMessageSize(wire.MaxMessageIn)
	se.SetSCTPMinCwnd(32 << 10)
	se.SetSCTPRTOMax(time.Second)
	se.EnableSctpSnap(true)
	se.EnableSCTPZeroChecksum(true)
	return webrtc.NewAPI(
		webrtc.WithSettingEngine(se),
		webrtc.WithMediaEngine(&webrtc.MediaEngine{}),
		webrtc.WithInterceptorRegistry(&interceptor.Registry{}),
	), nil
}

// close closes all connections.
func (r *rig) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.ends {
		// Whoever is on the other side may be gone already.
		_ = e.pc.Close()
	}
	r.ends = nil
}

// end is one side of a connection with the five channels.
type end struct {
	pc      *webrtc.PeerConnection
	streams [5]io.ReadWriteCloser
	opened  chan error
}

func (r *rig) newEnd(api *webrtc.API) (*end, error) {
	pc, err := api.NewPeerConnection(r.config)
	if err != nil {
		return nil, err
	}
	e := &end{pc: pc, opened: make(chan error, 5)}
	r.mu.Lock()
	r.ends = append(r.ends, e)
	r.mu.Unlock()
	for ch := range e.streams {
		id, yes, ordered, never := uint16(ch), true, wire.Channel(ch) != wire.Asset && wire.Channel(ch) != wire.Ptr, uint16(0)
		set := &webrtc.DataChannelInit{Negotiated: &yes, ID: &id, Ordered: &ordered}
		if wire.Channel(ch) == wire.Ptr {
			set.MaxRetransmits = &never
		}
		dc, err := pc.CreateDataChannel(fmt.Sprint(ch), set)
		if err != nil {
			return nil, err
		}
		dc.OnOpen(func() {
			stream, err := dc.Detach()
			e.streams[ch] = stream
			e.opened <- err
		})
	}
	return e, nil
}

// wait waits until the channels are open.
func (e *end) wait() error {
	late := time.After(15 * time.Second)
	for range e.streams {
		select {
		case err := <-e.opened:
			if err != nil {
				return err
			}
		case <-late:
			return errors.New("channels did not open")
		}
	}
	return nil
}

// firstBuffer is what the SFU's readers start with.
const firstBuffer = 2 << 10

// listen gives every message of a channel to a function, until the connection closes. size is that of the largest message.
func (e *end) listen(ch wire.Channel, size int, each func(msg []byte)) {
	go func() {
		buf := make([]byte, size)
		for {
			n, err := e.streams[ch].Read(buf)
			if err != nil {
				return
			}
			each(buf[:n])
		}
	}()
}

// dial connects to whoever answers an offer. It does so from a socket of its own: a mux tells its connections apart by
// the other side's address, and clients of one server all have the same.
func (r *rig) dial(answer func(offer string) (string, error)) (*end, error) {
	api, err := newAPI()
	if err != nil {
		return nil, err
	}
	e, err := r.newEnd(api)
	if err != nil {
		return nil, err
	}
	offer, err := e.pc.CreateOffer(nil)
	if err != nil {
		return nil, err
	}
	if err := e.pc.SetLocalDescription(offer); err != nil {
		return nil, err
	}
	text, err := answer(e.pc.LocalDescription().SDP)
	if err != nil {
		return nil, err
	}
	if err := e.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: text}); err != nil {
		return nil, err
	}
	return e, e.wait()
}

// accept answers an offer.
func (e *end) accept(offer string) (string, error) {
	if err := e.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return "", err
	}
	answer, err := e.pc.CreateAnswer(nil)
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(e.pc)
	if err := e.pc.SetLocalDescription(answer); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	select {
	case <-gathered:
		return e.pc.LocalDescription().SDP, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
