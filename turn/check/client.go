package check

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/pion/stun/v4"
)

// A turnURL is a TURN server with the credential for it.
type turnURL struct {
	raw        string
	host       string // with port
	transport  string // udp, tcp or tls
	user, pass string
}

// parseURL reads an ICE server URL (RFC 7065) as this product writes it.
func parseURL(raw string) (turnURL, error) {
	u := turnURL{raw: raw, transport: "udp"}
	scheme, rest, _ := strings.Cut(raw, ":")
	host, query, _ := strings.Cut(rest, "?")
	if query != "" && query != "transport=udp" && query != "transport=tcp" || scheme != "turn" && scheme != "turns" {
		return u, errors.New("must be turn: or turns: with transport udp or tcp")
	}
	if query == "transport=tcp" {
		u.transport = "tcp"
	}
	port := "3478"
	if scheme == "turns" {
		u.transport, port = "tls", "5349"
	}
	u.host = host
	if _, _, err := net.SplitHostPort(host); err != nil {
		u.host = net.JoinHostPort(strings.Trim(host, "[]"), port)
	}
	return u, nil
}

// dial connects to a TURN server; with TLS without ALPN, as browsers do.
func (c *checker) dial(ctx context.Context, u turnURL) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	if u.transport == "tls" {
		config := c.tls()
		config.ServerName, _, _ = net.SplitHostPort(u.host)
		return (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", u.host)
	}
	return (&net.Dialer{}).DialContext(ctx, u.transport, u.host)
}

// A caller speaks TURN (RFC 8656) by hand, because no client library says what must be refused.
type caller struct {
	conn       net.Conn
	stream     bool
	user, pass string
	realm      stun.Realm
	nonce      stun.Nonce
	asked, got int // bytes of the first request and of its answer
	buf        []byte
}

func (c *checker) caller(ctx context.Context, u turnURL) (*caller, error) {
	conn, err := c.dial(ctx, u)
	if err != nil {
		return nil, err
	}
	return &caller{conn: conn, stream: u.transport != "udp", user: u.user, pass: u.pass, buf: make([]byte, 4096)}, nil
}

// read gives the next frame, valid until the next call.
func (r *caller) read(until time.Time) ([]byte, error) {
	if err := r.conn.SetReadDeadline(until); err != nil {
		return nil, err
	}
	if !r.stream {
		n, err := r.conn.Read(r.buf)
		return r.buf[:n], err
	}
	if _, err := io.ReadFull(r.conn, r.buf[:4]); err != nil {
		return nil, err
	}
	size := int(binary.BigEndian.Uint16(r.buf[2:]))
	if r.buf[0] >= 0x40 {
		size = (size + 3) &^ 3 // ChannelData, padded on streams
	} else {
		size += 16
	}
	if size+4 > len(r.buf) {
		return nil, errors.New("a frame is longer than any the server should send")
	}
	_, err := io.ReadFull(r.conn, r.buf[4:4+size])
	return r.buf[:4+size], err
}

// exchange sends a request, over UDP again every half second, and gives the answer.
func (r *caller) exchange(setters ...stun.Setter) (*stun.Message, error) {
	m, err := stun.Build(append([]stun.Setter{stun.TransactionID}, setters...)...)
	if err != nil {
		return nil, err
	}
	end := time.Now().Add(answerTime)
	for try := 0; time.Now().Before(end); try++ {
		if try == 0 || !r.stream {
			if _, err := r.conn.Write(m.Raw); err != nil {
				return nil, err
			}
		}
		until := end
		if again := time.Now().Add(answerTime / 6); !r.stream && again.Before(end) {
			until = again
		}
		for {
			b, err := r.read(until)
			if isTimeout(err) {
				break
			}
			if err != nil {
				return nil, err
			}
			answer := &stun.Message{Raw: append([]byte(nil), b...)}
			if b[0] < 0x40 && answer.Decode() == nil && answer.TransactionID == m.TransactionID {
				r.asked, r.got = len(m.Raw), len(b)
				return answer, nil
			}
		}
	}
	return nil, errNoAnswer
}

var errNoAnswer = errors.New("no answer")

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// challenge asks without a credential and keeps what the 401 says.
func (r *caller) challenge() (code int, err error) {
	m, err := r.exchange(stun.NewType(stun.MethodAllocate, stun.ClassRequest), overUDP())
	if err != nil {
		return 0, err
	}
	var e stun.ErrorCodeAttribute
	if e.GetFrom(m) != nil || r.realm.GetFrom(m) != nil || r.nonce.GetFrom(m) != nil {
		return int(e.Code), fmt.Errorf("an Allocate without credential is answered by %s, not by 401", m.Type)
	}
	return int(e.Code), nil
}

// ask sends a signed request and gives the error code; 0 is success.
func (r *caller) ask(method stun.Method, setters ...stun.Setter) (int, *stun.Message, error) {
	for range 2 {
		all := append([]stun.Setter{stun.NewType(method, stun.ClassRequest)}, setters...)
		m, err := r.exchange(append(all, stun.NewUsername(r.user), r.realm, r.nonce, stun.NewLongTermIntegrity(r.user, string(r.realm), r.pass))...)
		if err != nil {
			return 0, nil, err
		}
		if m.Type.Class == stun.ClassSuccessResponse {
			return 0, m, nil
		}
		var code stun.ErrorCodeAttribute
		if err := code.GetFrom(m); err != nil {
			return -1, m, nil
		}
		if code.Code != stun.CodeStaleNonce || r.nonce.GetFrom(m) != nil {
			return int(code.Code), m, nil
		}
	}
	return int(stun.CodeStaleNonce), nil, nil
}

// allocate makes an allocation and gives the relayed address.
func (r *caller) allocate() (netip.AddrPort, int, error) {
	if code, err := r.challenge(); err != nil || code != int(stun.CodeUnauthorized) {
		return netip.AddrPort{}, code, err
	}
	code, m, err := r.ask(stun.MethodAllocate, overUDP())
	if err != nil || code != 0 {
		return netip.AddrPort{}, code, err
	}
	var relayed stun.XORMappedAddress
	if err := relayed.GetFromAs(m, stun.AttrXORRelayedAddress); err != nil {
		return netip.AddrPort{}, 0, err
	}
	ip, _ := netip.AddrFromSlice(relayed.IP)
	return netip.AddrPortFrom(ip.Unmap(), uint16(relayed.Port)), 0, nil
}

func overUDP() stun.Setter { return transport(17) }

func transport(protocol byte) stun.Setter {
	return stun.RawAttribute{Type: stun.AttrRequestedTransport, Length: 4, Value: []byte{protocol, 0, 0, 0}}
}

// A peer is XOR-PEER-ADDRESS.
type peer netip.AddrPort

// AddTo writes the attribute.
func (p peer) AddTo(m *stun.Message) error {
	a := netip.AddrPort(p)
	return stun.XORMappedAddress{IP: a.Addr().AsSlice(), Port: int(a.Port())}.AddToAs(m, stun.AttrXORPeerAddress)
}
