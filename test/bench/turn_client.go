package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/stun/v2"
	pion "github.com/pion/turn/v3"
)

// rawClient speaks TURN with as little work of its own as it can, so that what is measured is the server. It is the same
// for every server.
type rawClient struct {
	at        Addresses
	transport string // udp, tcp or tls
	conn      net.Conn
	in        *bufio.Reader // of a stream
	realm     stun.Realm
	nonce     stun.Nonce
	key       stun.MessageIntegrity
	buf       [2048]byte
}

const answerTime = 5 * time.Second

var crowded atomic.Uint32

// crowd gives one of many addresses: handshakes are bounded for each.
func crowd() net.IP { return net.IPv4(127, 8, 0, byte(1+crowded.Add(1)%200)) }

func dialRaw(at Addresses, transport string) (*rawClient, error) {
	c := &rawClient{at: at, transport: transport}
	var err error
	switch transport {
	case "udp":
		c.conn, err = net.Dial("udp4", at.UDP)
	case "tcp":
		c.conn, err = net.Dial("tcp4", at.TCP)
	case "tls":
		// One key exchange for all: coturn offers this one alone by default, and the newer ones cost more.
		c.conn, err = tls.DialWithDialer(&net.Dialer{LocalAddr: &net.TCPAddr{IP: crowd()}}, "tcp4", at.TLS, &tls.Config{InsecureSkipVerify: true, CurvePreferences: []tls.CurveID{tls.CurveP256}})
	}
	if err != nil {
		return nil, err
	}
	if transport != "udp" {
		c.in = bufio.NewReaderSize(c.conn, 64<<10)
	}
	return c, c.conn.SetDeadline(time.Now().Add(answerTime))
}

// close leaves nothing behind: connections in TIME_WAIT would use up the ports of a long run.
func (c *rawClient) close() {
	conn := c.conn
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // closing does what can be done
	}
	_ = conn.Close()
}

// read gives the next frame.
func (c *rawClient) read() ([]byte, error) {
	if c.in == nil {
		n, err := c.conn.Read(c.buf[:])
		return c.buf[:n], err
	}
	if _, err := io.ReadFull(c.in, c.buf[:4]); err != nil {
		return nil, err
	}
	size := int(binary.BigEndian.Uint16(c.buf[2:])) + 20
	if c.buf[0] >= 0x40 {
		size = 4 + (size-20+3)&^3
	}
	if size > len(c.buf) {
		return nil, errors.New("a frame larger than any buffer")
	}
	_, err := io.ReadFull(c.in, c.buf[4:size])
	return c.buf[:size], err
}

// ask sends a request and gives the answer and its code, 0 for success.
func (c *rawClient) ask(method stun.Method, setters ...stun.Setter) (*stun.Message, int, error) {
	all := append([]stun.Setter{stun.TransactionID, stun.NewType(method, stun.ClassRequest)}, setters...)
	if c.nonce != nil {
		all = append(all, stun.NewUsername(c.at.User), c.realm, c.nonce, c.key)
	}
	request, err := stun.Build(all...)
	if err != nil {
		return nil, 0, err
	}
	if _, err := c.conn.Write(request.Raw); err != nil {
		return nil, 0, err
	}
	for {
		b, err := c.read()
		if err != nil {
			return nil, 0, fmt.Errorf("no answer to %v: %w", method, err)
		}
		m := &stun.Message{Raw: bytes.Clone(b)}
		if b[0] >= 0x40 || m.Decode() != nil || m.TransactionID != request.TransactionID {
			continue
		}
		if m.Type.Class == stun.ClassSuccessResponse {
			return m, 0, nil
		}
		var code stun.ErrorCodeAttribute
		return m, int(code.Code), code.GetFrom(m)
	}
}

func (c *rawClient) must(method stun.Method, setters ...stun.Setter) error {
	_, code, err := c.ask(method, setters...)
	if err == nil && code != 0 {
		err = fmt.Errorf("%v is refused with %d", method, code)
	}
	return err
}

func value(typ stun.AttrType, v ...byte) stun.Setter {
	return stun.RawAttribute{Type: typ, Length: uint16(len(v)), Value: v}
}

// allocate asks twice, as clients do: the first answer is a challenge.
func (c *rawClient) allocate() error {
	if err := c.challenge(); err != nil {
		return err
	}
	return c.must(stun.MethodAllocate, value(stun.AttrRequestedTransport, 17, 0, 0, 0))
}

// challenge gets a nonce.
func (c *rawClient) challenge() error {
	m, code, err := c.ask(stun.MethodAllocate, value(stun.AttrRequestedTransport, 17, 0, 0, 0))
	if err != nil {
		return err
	}
	if code != 401 {
		return fmt.Errorf("the challenge is a %d", code)
	}
	if err := errors.Join(c.nonce.GetFrom(m), c.realm.GetFrom(m)); err != nil {
		return err
	}
	c.key = pion.GenerateAuthKey(c.at.User, string(c.realm), c.at.Password)
	return nil
}

// bind opens channel 0x4000 to the peer.
func (c *rawClient) bind() error {
	peer, err := net.ResolveUDPAddr("udp4", c.at.Peer)
	if err != nil {
		return err
	}
	return c.must(stun.MethodChannelBind, value(stun.AttrChannelNumber, 0x40, 0, 0, 0), peerSetter{peer})
}

type peerSetter struct{ *net.UDPAddr }

// AddTo writes XOR-PEER-ADDRESS.
func (p peerSetter) AddTo(m *stun.Message) error {
	return stun.XORMappedAddress{IP: p.IP, Port: p.Port}.AddToAs(m, stun.AttrXORPeerAddress)
}

// open is a client with an allocation and a channel.
func openRaw(at Addresses, transport string) (*rawClient, error) {
	c, err := dialRaw(at, transport)
	if err != nil {
		return nil, err
	}
	if err := c.allocate(); err != nil {
		c.close()
		return nil, err
	}
	return c, c.bind()
}

// frame is ChannelData of some bytes, a multiple of four.
func frame(size int) []byte {
	return append([]byte{0x40, 0, byte(size >> 8), byte(size)}, make([]byte, size)...)
}

// echoes keeps window frames on their way for a while and gives how many came back. What is lost is sent again.
func (c *rawClient) echoes(size, window int, lasting time.Duration) (n int, err error) {
	out := frame(size)
	end := time.Now().Add(lasting)
	on := 0 // the way
	for round := 0; ; round++ {
		for ; on < window; on++ {
			if _, err := c.conn.Write(out); err != nil {
				return n, err
			}
		}
		if round%64 == 0 || window == 1 {
			now := time.Now()
			if now.After(end) {
				break
			}
			if err := c.conn.SetDeadline(now.Add(answerTime / 10)); err != nil {
				return n, err
			}
		}
		b, err := c.read()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) && c.in == nil && time.Now().Before(end):
			on = 0
		case err != nil:
			return n, err
		case b[0] == 0x40:
			n++
			on--
		}
	}
	return n, c.drain(on)
}

// drain takes what is still on its way.
func (c *rawClient) drain(on int) error {
	if err := c.conn.SetDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		return err
	}
	for ; on > 0; on-- {
		if _, err := c.read(); err != nil {
			if c.in != nil {
				return err // half a frame may be read: the stream is of no use any more
			}
			break
		}
	}
	return c.conn.SetDeadline(time.Now().Add(answerTime))
}

// together runs a function once for each of so many, at the same time, and gives the sum.
func together(n int, run func(i int) (float64, error)) (sum float64, err error) {
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			got, e := run(i)
			mu.Lock()
			defer mu.Unlock()
			sum += got
			err = errors.Join(err, e)
		})
	}
	all.Wait()
	return sum, err
}
