package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/pion/logging"
	pion "github.com/pion/turn/v3"

	"vitrine/internal/front"
	"vitrine/turn"
	"vitrine/turn/udpsock"
	"vitrine/turn/vrelay"
)

// Addresses are where a TURN server listens, what one may do there, and the peer that echoes.
type Addresses struct {
	UDP, TCP, TLS, Peer, User, Password, Realm string
	OtherUser, OtherPassword                   string // of another session
}

// turnService is the product's TURN server. Behind its relays is an SFU that echoes.
type turnService struct{ at Addresses }

func newTurnService() (any, error) {
	const many = 1 << 30 // one machine plays thousands of clients
	return serveTurn(
		vrelay.Config{PerName: many, PerSession: many, Total: many, SessionRate: many, TotalRate: many},
		turn.Config{ConnsPerIP: many, Conns: many, AllocationsPerIP: many, AnswersPerSecond: many})
}

// newLimitedTurnService has the limits of the product.
func newLimitedTurnService() (any, error) { return serveTurn(vrelay.Config{}, turn.Config{}) }

func serveTurn(relays vrelay.Config, config turn.Config) (any, error) {
	socket, err := udpsock.Listen("udp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	relays.Pinned = addrPort(socket.LocalAddr())
	hub, err := vrelay.NewHub(relays)
	if err != nil {
		return nil, err
	}
	config.Hub, config.Here, config.CredentialTTL = hub, func(string) bool { return true }, time.Hour
	config.UDP, config.TCP = []string{"127.0.0.1:0"}, []string{"127.0.0.1:0"}
	s, err := turn.Listen(config)
	if err != nil {
		return nil, err
	}
	conn, err := hub.SFUConn(socket)
	if err != nil {
		return nil, err
	}
	go echo(conn)
	secure, err := serveTurnTLS(s)
	if err != nil {
		return nil, err
	}
	at := Addresses{Peer: socket.LocalAddr().String(), TLS: secure, Realm: "v"}
	for _, url := range s.URLs() {
		address, transport, _ := strings.Cut(strings.TrimPrefix(url, "turn:"), "?transport=")
		if transport == "udp" {
			at.UDP = address
		} else {
			at.TCP = address
		}
	}
	at.User, at.Password, _ = s.Credentials("bench", "customer")
	at.OtherUser, at.OtherPassword, _ = s.Credentials("other", "customer")
	return &turnService{at}, nil
}

// serveTurnTLS shares a port between HTTPS and TURN, as the product does.
func serveTurnTLS(s *turn.Server) (address string, err error) {
	config, err := tlsConfig()
	if err != nil {
		return "", err
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	front.New(front.Config{Listener: l, TLS: config, Turn: s.ServeConn})
	return l.Addr().String(), nil
}

// newPeerService only echoes.
func newPeerService() (any, error) {
	peer, err := udpsock.Listen("udp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go echo(peer)
	return &turnService{Addresses{Peer: peer.LocalAddr().String()}}, nil
}

// Where tells the addresses.
func (s *turnService) Where(_ struct{}, at *Addresses) error {
	*at = s.at
	return nil
}

// newPionService is pion's TURN server with sockets as relays, and a peer on another socket that echoes.
func newPionService() (any, error) {
	udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	tcp, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	peer, err := udpsock.Listen("udp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go echo(peer)
	at := Addresses{
		UDP: udp.LocalAddr().String(), TCP: tcp.Addr().String(), Peer: peer.LocalAddr().String(),
		User: "u", Password: "p", Realm: "v",
	}
	relays := &pion.RelayAddressGeneratorStatic{RelayAddress: net.IPv4(127, 0, 0, 1), Address: "127.0.0.1"}
	_, err = pion.NewServer(pion.ServerConfig{
		Realm:         at.Realm,
		LoggerFactory: quiet(),
		AuthHandler: func(user, realm string, _ net.Addr) ([]byte, bool) {
			return pion.GenerateAuthKey(user, realm, at.Password), true
		},
		PacketConnConfigs: []pion.PacketConnConfig{{PacketConn: udp, RelayAddressGenerator: relays}},
		ListenerConfigs:   []pion.ListenerConfig{{Listener: tcp, RelayAddressGenerator: relays}},
	})
	return &turnService{at}, err
}

func quiet() logging.LoggerFactory {
	return &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}
}

// echoer is a socket that reads and writes without making addresses: the SFU's ICE mux uses nothing else.
type echoer interface {
	ReadFromAddrPort(b []byte) (int, netip.AddrPort, error)
	WriteToAddrPort(b []byte, to netip.AddrPort) (int, error)
}

// echo sends everything back.
func echo(conn echoer) {
	buf := make([]byte, 1600)
	for {
		n, from, err := conn.ReadFromAddrPort(buf)
		if err != nil {
			return
		}
		// What cannot be written is lost, as on a network.
		_, _ = conn.WriteToAddrPort(buf[:n], from)
	}
}

// How the relays are loaded.
const (
	echoBytes  = 1_100 // about what an SCTP packet has
	echoTime   = 400 * time.Millisecond
	echoWindow = 32 // datagrams on their way
)

// turnFigures are all figures of the TURN server.
func turnFigures(b *bench) error {
	return errors.Join(turnEcho(b), turnAgainstCoturn(b), turnNeighbour(b))
}

// turnEcho measures echoes through a relay: one after another, and many at a time.
func turnEcho(b *bench) error {
	ours, err := startChild("turn")
	if err != nil {
		return err
	}
	defer ours.stop()
	theirs, err := startChild("pion")
	if err != nil {
		return err
	}
	defer theirs.stop()
	for _, transport := range []string{"udp", "tcp"} {
		var clients [2]*echoClient
		for i, c := range []*child{ours, theirs} {
			if clients[i], err = newEchoClient(c, transport); err != nil {
				return fmt.Errorf("%s over %s: %w", c.name, transport, err)
			}
			defer clients[i].close()
		}
		for _, load := range []struct {
			name   string
			window int
		}{{"sequential", 1}, {"windowed", echoWindow}} {
			one := func(i int) func() (float64, error) {
				return func() (float64, error) { return clients[i].run(load.window) }
			}
			rates, err := interleave(one(0), one(1))
			if err != nil {
				return err
			}
			if err := b.print(measured("turn."+transport+"."+load.name, rates[0], "echoes/s").versus("pion/turn v3 with sockets", rates[1])); err != nil {
				return err
			}
		}
	}
	return nil
}

// echoClient has an allocation.
type echoClient struct {
	client *pion.Client
	conn   net.PacketConn // the client's own
	relay  net.PacketConn
	peer   net.Addr
	lost   int
}

func newEchoClient(c *child, transport string) (*echoClient, error) {
	var at Addresses
	if err := c.call("Where", struct{}{}, &at); err != nil {
		return nil, err
	}
	address := at.UDP
	e := &echoClient{}
	var err error
	if transport == "tcp" {
		address = at.TCP
		var tcp net.Conn
		if tcp, err = net.Dial("tcp4", address); err == nil {
			e.conn = pion.NewSTUNConn(tcp)
		}
	} else {
		e.conn, err = udpsock.Listen("udp4", "127.0.0.1:0")
	}
	if err != nil {
		return nil, err
	}
	e.client, err = pion.NewClient(&pion.ClientConfig{
		STUNServerAddr: address, TURNServerAddr: address, Conn: e.conn,
		Username: at.User, Password: at.Password, Realm: at.Realm, LoggerFactory: quiet(),
	})
	if err != nil {
		return nil, err
	}
	if err := e.client.Listen(); err != nil {
		return nil, err
	}
	if e.relay, err = e.client.Allocate(); err != nil {
		return nil, err
	}
	e.peer, err = net.ResolveUDPAddr("udp4", at.Peer)
	return e, err
}

func (e *echoClient) close() {
	// The server is stopped next.
	_ = e.relay.Close()
	e.client.Close()
	_ = e.conn.Close()
}

// run keeps window datagrams on their way for a while and gives the echoes per second. One that is lost is sent again.
func (e *echoClient) run(window int) (float64, error) {
	out, in := make([]byte, echoBytes), make([]byte, 1600)
	for range window {
		if _, err := e.relay.WriteTo(out, e.peer); err != nil {
			return 0, err
		}
	}
	begin, n := time.Now(), 0
	for time.Since(begin) < echoTime {
		if err := e.relay.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
			return 0, err
		}
		if _, _, err := e.relay.ReadFrom(in); err != nil {
			if e.lost++; e.lost > 100 {
				return 0, errors.New("nothing comes back")
			}
		} else {
			n++
		}
		if _, err := e.relay.WriteTo(out, e.peer); err != nil {
			return 0, err
		}
	}
	rate := float64(n) / time.Since(begin).Seconds()
	for range window {
		if err := e.relay.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
			return 0, err
		}
		if _, _, err := e.relay.ReadFrom(in); err != nil {
			break // what was lost does not come
		}
	}
	return rate, nil
}
