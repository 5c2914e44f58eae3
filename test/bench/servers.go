package main

import (
	"context"
	"net"
	"net/netip"
	"time"

	"vitrine/internal/wire"
	"vitrine/sfu"
	"vitrine/turn/udpsock"
	"vitrine/turn/vrelay"
)

// sfuService is a real SFU on its socket, wired as the product wires it.
type sfuService struct{ sfu *sfu.SFU }

func newSFUService() (any, error) {
	socket, err := udpsock.Listen("udp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	hub, err := vrelay.NewHub(vrelay.Config{Pinned: addrPort(socket.LocalAddr())})
	if err != nil {
		return nil, err
	}
	conn, err := hub.SFUConn(socket)
	if err != nil {
		return nil, err
	}
	s, err := sfu.New(sfu.Config{UDP: conn, Loopback: true})
	return &sfuService{s}, err
}

func addrPort(a net.Addr) netip.AddrPort {
	udp, ok := a.(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	return udp.AddrPort()
}

// Open opens a session and tells its id.
func (s *sfuService) Open(_ struct{}, id *string) (err error) {
	*id, err = s.sfu.Open(sfu.SessionConfig{Site: "bench", Origin: "http://127.0.0.1"})
	return err
}

// Offered is an offer with what a token would say about its sender.
type Offered struct {
	Grant sfu.Grant
	Offer string
}

// Connect answers an offer.
func (s *sfuService) Connect(o Offered, answer *string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := s.sfu.Connect(ctx, o.Grant, o.Offer)
	*answer = c.Answer
	return err
}

// bareService is what pion alone does: connections without any meaning. Two that are joined are a relay.
type bareService struct {
	rig  *rig
	idle int // connections that are being read
}

func newBareService() (any, error) {
	r, err := newRig()
	return &bareService{rig: r}, err
}

// Connect answers an offer and keeps the connection.
func (s *bareService) Connect(offer string, answer *string) error {
	e, err := s.rig.newEnd(s.rig.api)
	if err != nil {
		return err
	}
	*answer, err = e.accept(offer)
	return err
}

// Idle reads every channel of the connections made since the last time and throws away what comes.
func (s *bareService) Idle(_ struct{}, _ *struct{}) error {
	fresh := s.rig.ends[s.idle:]
	s.idle += len(fresh)
	for _, e := range fresh {
		if err := e.wait(); err != nil {
			return err
		}
		for ch := range e.streams {
			e.listen(wire.Channel(ch), firstBuffer, func([]byte) {})
		}
	}
	return nil
}

// Relay writes what comes on the dom channel of the first connection to that of the second.
func (s *bareService) Relay(_ struct{}, _ *struct{}) error {
	for _, e := range s.rig.ends {
		if err := e.wait(); err != nil {
			return err
		}
	}
	out := s.rig.ends[1].streams[wire.Dom]
	s.rig.ends[0].listen(wire.Dom, wire.MaxMessageIn, func(msg []byte) {
		// A connection that is gone shows in messages that do not arrive.
		_, _ = out.Write(msg)
	})
	return nil
}
