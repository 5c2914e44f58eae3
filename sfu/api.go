package sfu

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"

	"vitrine/internal/wire"
)

// engine is WebRTC as this server speaks it: data channels only, all connections on the same few sockets.
type engine struct {
	api    *webrtc.API
	config webrtc.Configuration
	udp    ice.UDPMux
	tcp    ice.TCPMux // nil without ICE over TCP
	water  rinser
}

// newEngine builds the one API object of a process. Each setting answers something that was measured or read:
//   - no media engine and no interceptors: a third less memory for each peer;
//   - DTLS server without HelloVerify: a round trip less. The cookie of RFC 6347 section 4.2.1 guards against forged
//     source addresses, and DTLS packets come here only from an address that has passed an ICE check;
//   - a congestion window of at least 32 KiB: half the time for a snapshot on a fresh connection;
//   - a retransmission timeout of at most 1 s: back-off would reach 60 s;
//   - no multicast DNS: no look-ups of names that clients choose;
//   - cipher suites with authenticated encryption only.
func newEngine(c Config) (*engine, error) {
	se := webrtc.SettingEngine{LoggerFactory: silence{}}
	log := silence{}.NewLogger("")
	e := &engine{udp: muxUDP(c, log)}
	se.SetICEUDPMux(rinsedUDP{e.udp, &e.water})
	if err := e.ways(&se, c, log); err != nil {
		return nil, errors.Join(err, e.udp.Close())
	}
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	se.SetIncludeLoopbackCandidate(c.Loopback)
	se.SetICETimeouts(10*time.Second, 20*time.Second, 2*time.Second)
	if err := se.SetAnsweringDTLSRole(webrtc.DTLSRoleServer); err != nil {
		return nil, fmt.Errorf("sfu: %w", err)
	}
	se.SetDTLSInsecureSkipHelloVerify(true)
	se.SetDTLSCipherSuites(
		dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		dtls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		dtls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	)
	se.DetachDataChannels()
	se.SetSCTPMaxMessageSize(wire.MaxMessageIn)
	se.SetSCTPMinCwnd(32 << 10)
	se.SetSCTPRTOMax(time.Second)
	se.EnableSctpSnap(true)
	se.EnableSCTPZeroChecksum(true)
	certificate, err := newCertificate()
	if err != nil {
		return nil, err
	}
	e.config.Certificates = []webrtc.Certificate{*certificate}
	e.api = webrtc.NewAPI(
		webrtc.WithSettingEngine(se),
		webrtc.WithMediaEngine(&webrtc.MediaEngine{}),
		webrtc.WithInterceptorRegistry(&interceptor.Registry{}),
	)
	return e, nil
}

// ways adds ICE over TCP, if that is wanted, and tells ICE the addresses of this machine.
func (e *engine) ways(se *webrtc.SettingEngine, c Config, log logging.LeveledLogger) (err error) {
	types := []webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6}
	var addresses []netip.Addr
	if c.TCP != nil {
		if e.tcp, addresses, err = muxTCP(c, log); err != nil {
			return err
		}
		se.SetICETCPMux(rinsedTCP{e.tcp, &e.water})
		types = append(types, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6)
	}
	se.SetNetworkTypes(types)
	machine, err := newNetwork(addresses)
	if err != nil {
		return err
	}
	se.SetNet(machine)
	return nil
}

func (e *engine) close() {
	// Nothing can be done about a socket that does not close.
	_ = e.udp.Close()
	if e.tcp != nil {
		_ = e.tcp.Close()
	}
}

// newCertificate makes the certificate of this process; its fingerprint goes into every answer.
func newCertificate() (*webrtc.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("sfu: certificate: %w", err)
	}
	certificate, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return nil, fmt.Errorf("sfu: certificate: %w", err)
	}
	return certificate, nil
}

// silence drops what the WebRTC libraries would print: it holds people's addresses.
type silence struct{}

// NewLogger returns the silence itself.
func (silence) NewLogger(string) logging.LeveledLogger { return silence{} }

func (silence) Trace(string)          {}
func (silence) Tracef(string, ...any) {}
func (silence) Debug(string)          {}
func (silence) Debugf(string, ...any) {}
func (silence) Info(string)           {}
func (silence) Infof(string, ...any)  {}
func (silence) Warn(string)           {}
func (silence) Warnf(string, ...any)  {}
func (silence) Error(string)          {}
func (silence) Errorf(string, ...any) {}
