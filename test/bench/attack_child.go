package main

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/pion/stun/v2"
)

const (
	attackRate  = 20_000                // datagrams a second
	attackStep  = time.Millisecond      // between bursts of them
	dialRate    = 1_000                 // connections a second
	dialHold    = 300                   // that one attacker keeps at once; the oldest goes first
	dripRate    = 20 * time.Millisecond // between bytes of one connection that dribbles
	attackHosts = 16                    // addresses of one attacker, so that caps of one address do not end it
	dripHosts   = 4                     // of one that dribbles: it keeps what it has, until caps stop it
	dripHold    = 4_000
)

// Assault is one attack on a server.
type Assault struct {
	Kind string
	At   Addresses
}

// attackService attacks a TURN server.
type attackService struct {
	stop chan struct{}
	done chan struct{}
	sent int // datagrams, or connections
	err  error
}

func newAttackService() (any, error) { return &attackService{}, nil }

// assaults are the attacks. Each runs until stop is closed and says how much it did.
var assaults = map[string]func(at Addresses, stop <-chan struct{}) (int, error){
	"bare":      func(at Addresses, stop <-chan struct{}) (int, error) { return pour(at.UDP, stop, bareAllocate()) },
	"unsigned":  func(at Addresses, stop <-chan struct{}) (int, error) { return pour(at.UDP, stop, unsigned()) },
	"oversized": func(at Addresses, stop <-chan struct{}) (int, error) { return pour(at.UDP, stop, oversized()) },
	"wrong":     wrongPassword,
	"replay":    replayed,
	"spoofed":   spoofed,
	"half-open": func(at Addresses, stop <-chan struct{}) (int, error) { return dialAll(at.TLS, stop, false) },
	"handshake": handshakes,
	"dribble":   func(at Addresses, stop <-chan struct{}) (int, error) { return dialAll(at.TCP, stop, true) },
}

// Begin begins to attack.
func (a *attackService) Begin(what Assault, _ *struct{}) error {
	run := assaults[what.Kind]
	if run == nil {
		return fmt.Errorf("no attack %q", what.Kind)
	}
	a.stop, a.done = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(a.done)
		a.sent, a.err = run(what.At, a.stop)
	}()
	return nil
}

// Rest ends it and tells how many datagrams or connections there were.
func (a *attackService) Rest(_ struct{}, sent *int) error {
	close(a.stop)
	<-a.done
	*sent = a.sent
	return a.err
}

func request(setters ...stun.Setter) []byte {
	return stun.MustBuild(append([]stun.Setter{stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest)}, setters...)...).Raw
}

func bareAllocate() []byte { return request() }

func unsigned() []byte { return request(value(stun.AttrRequestedTransport, 17, 0, 0, 0)) }

func oversized() []byte {
	return append([]byte{0, 3, 0xFF, 0xFC, 0x21, 0x12, 0xA4, 0x42}, make([]byte, 1400)...)
}

// paced calls send at a steady rate until stop.
func paced(stop <-chan struct{}, rate float64, send func()) int {
	tick := time.NewTicker(attackStep)
	defer tick.Stop()
	last, owed := time.Now(), 0.0
	for sent := 0; ; {
		select {
		case <-stop:
			return sent
		case <-tick.C:
		}
		// What there was no time for is not made up for: that would be another rate.
		now := time.Now()
		owed = min(owed+rate*now.Sub(last).Seconds(), rate*attackStep.Seconds()*4)
		for last = now; owed >= 1; owed-- {
			send()
			sent++
		}
	}
}

// dialStranger opens the socket that an attacker's datagrams come from, which is not in the network of the people whose session is watched.
func dialStranger(address string) (net.Conn, error) {
	return (&net.Dialer{LocalAddr: &net.UDPAddr{IP: net.IPv4(127, 9, 0, 1)}}).Dial("udp4", address)
}

// pour floods an address with a datagram. Each is a transaction of its own.
func pour(address string, stop <-chan struct{}, frame []byte) (int, error) {
	conn, err := dialStranger(address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	id := uint32(0)
	return paced(stop, attackRate, func() {
		id++
		binary.BigEndian.PutUint32(frame[8:], id)
		_, _ = conn.Write(frame) // lost ones are part of it
	}), nil
}

// challenged is a client that has a nonce of the server's.
func challenged(at Addresses) (*rawClient, error) {
	c, err := dialRaw(at, "udp")
	if err != nil {
		return nil, err
	}
	err = c.challenge()
	if err != nil {
		c.close()
	}
	return c, err
}

func (c *rawClient) signed() []byte {
	return request(value(stun.AttrRequestedTransport, 17, 0, 0, 0), stun.NewUsername(c.at.User), c.realm, c.nonce, c.key)
}

// again floods the server with one request as it is.
func again(address string, frame []byte, stop <-chan struct{}) (int, error) {
	conn, err := dialStranger(address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	return paced(stop, attackRate, func() { _, _ = conn.Write(frame) }), nil // lost ones are part of it
}

// wrongPassword signs with a good name, a good nonce and a wrong password.
func wrongPassword(at Addresses, stop <-chan struct{}) (int, error) {
	at.Password = "a guess"
	c, err := challenged(at)
	if err != nil {
		return 0, err
	}
	defer c.close()
	return again(at.UDP, c.signed(), stop)
}

// replayed sends a request that was rightly signed from another address, as somebody does who overheard it.
func replayed(at Addresses, stop <-chan struct{}) (int, error) {
	c, err := challenged(at)
	if err != nil {
		return 0, err
	}
	defer c.close()
	return again(at.UDP, c.signed(), stop)
}

// spoofed sends requests from addresses that are not its own, of all networks that the loopback has.
func spoofed(at Addresses, stop <-chan struct{}) (int, error) {
	to, err := net.ResolveUDPAddr("udp4", at.UDP)
	if err != nil {
		return 0, err
	}
	raw, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_RAW, syscall.IPPROTO_RAW)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errNotAllowed, err)
	}
	defer func() { _ = syscall.Close(raw) }()
	payload := unsigned()
	packet := make([]byte, 28, 28+len(payload))
	packet = append(packet, payload...)
	packet[0], packet[8], packet[9] = 0x45, 64, syscall.IPPROTO_UDP // the kernel writes length and checksum
	packet[12] = 127
	copy(packet[16:], to.IP.To4())
	binary.BigEndian.PutUint16(packet[22:], uint16(to.Port))
	binary.BigEndian.PutUint16(packet[24:], uint16(8+len(payload)))
	where := &syscall.SockaddrInet4{Addr: [4]byte(to.IP.To4())}
	return paced(stop, attackRate, func() {
		n := rand.Uint64()
		packet[13], packet[14], packet[15] = byte(n), byte(n>>8), byte(n>>16)|1
		binary.BigEndian.PutUint16(packet[20:], uint16(n>>24)|1024)
		_ = syscall.Sendto(raw, packet, 0, where) // lost ones are part of it
	}), nil
}

var errNotAllowed = errors.New("raw sockets are not allowed here")

// dialFrom connects from one of many addresses, and leaves nothing behind when it closes.
func dialFrom(address string, i int) (*net.TCPConn, error) {
	from := &net.TCPAddr{IP: net.IPv4(127, 9, 0, byte(1+i%attackHosts))}
	d := net.Dialer{LocalAddr: from, Timeout: time.Second}
	conn, err := d.Dial("tcp4", address)
	if err != nil {
		return nil, err
	}
	tcp := conn.(*net.TCPConn)
	return tcp, tcp.SetLinger(0)
}

// dialAll opens connection after connection and says nothing on them, or a byte now and then.
func dialAll(address string, stop <-chan struct{}, drip bool) (int, error) {
	hold, hosts := dialHold, attackHosts
	if drip {
		hold, hosts = dripHold, dripHosts
	}
	held := make([]*net.TCPConn, hold)
	frame := unsigned()
	defer func() {
		for _, conn := range held {
			if conn != nil {
				_ = conn.Close()
			}
		}
	}()
	i, last, said := 0, time.Now(), make([]int, hold)
	return paced(stop, dialRate, func() {
		if conn, err := dialFrom(address, i%hosts); err == nil { // one that is refused is an answer, too
			if old := held[i%hold]; old != nil {
				_ = old.Close()
			}
			held[i%hold], said[i%hold] = conn, 0
		}
		i++
		if !drip || time.Since(last) < dripRate {
			return
		}
		last = time.Now()
		for j, conn := range held {
			if conn != nil && said[j] < len(frame)-1 {
				_, _ = conn.Write(frame[said[j] : said[j]+1]) // the server may have closed it
				said[j]++
			}
		}
	}), nil
}

// handshakes makes the server work for connections that end after it: two at a time, as fast as it goes.
func handshakes(at Addresses, stop <-chan struct{}) (sent int, err error) {
	var all sync.WaitGroup
	var mu sync.Mutex
	for worker := range 2 {
		all.Go(func() {
			for i := worker; ; i += 2 {
				select {
				case <-stop:
					return
				default:
				}
				conn, err := dialFrom(at.TLS, i)
				if err != nil {
					continue
				}
				_ = conn.SetDeadline(time.Now().Add(time.Second))
				_ = tls.Client(conn, &tls.Config{InsecureSkipVerify: true}).Handshake() // one that is refused is an answer, too
				_ = conn.Close()
				mu.Lock()
				sent++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return sent, nil
}
