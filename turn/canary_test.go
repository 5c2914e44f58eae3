package turn

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/pion/stun/v2"
	pion "github.com/pion/turn/v3"
)

// Two datagrams are sent to a canary that listens beside the SFU, at another
// port, under every spelling of its address. The TURN server as it comes lets
// them through, which proves that the canary sings; a permission handler pinned
// to the SFU's address does not help, because permissions know no port; through
// the hub nothing arrives.
func TestGuard06_Canary(t *testing.T) {
	columns := map[string]func(t *testing.T) *raw{
		"default": func(t *testing.T) *raw { return plain(t, nil) },
		"pinned": func(t *testing.T) *raw {
			return plain(t, func(_ net.Addr, ip net.IP) bool { return ip.Equal(net.IPv4(127, 0, 0, 1)) })
		},
		"hub": func(t *testing.T) *raw { return start(t, nil).dial(t, "udp", "s1") },
	}
	for _, row := range []struct {
		peer string
		want map[string]int
	}{
		{"127.0.0.1", map[string]int{"default": 2, "pinned": 2}},
		{"0.0.0.0", map[string]int{"default": 2}},
		{"::ffff:127.0.0.1", map[string]int{"default": 2, "pinned": 2}},
		{"127.0.0.2", nil}, {"::1", nil}, {"::", nil}, {"64:ff9b::7f00:1", nil}, // NAT64 (RFC 6052)
		{"2002:7f00:1::", nil}, {"::ffff:0:127.0.0.1", nil}, // 6to4 (RFC 3056), IPv4-translated (RFC 2765)
		{"169.254.169.254", nil}, {"::ffff:169.254.169.254", nil}, {"fd00:ec2::254", nil}, // metadata of cloud hosts
	} {
		for column, connect := range columns {
			t.Run(row.peer+"/"+column, func(t *testing.T) {
				canary, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = canary.Close() }()
				r := connect(t).allocate()
				fly(r, netip.AddrPortFrom(netip.MustParseAddr(row.peer), addrPort(canary.LocalAddr()).Port()))
				got := 0
				for buf := make([]byte, 64); ; got++ {
					_ = canary.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
					if _, _, err := canary.ReadFrom(buf); errors.Is(err, os.ErrDeadlineExceeded) {
						break
					} else if err != nil {
						t.Fatal(err)
					}
				}
				if got != row.want[column] {
					t.Errorf("%d of 2 datagrams arrived, want %d", got, row.want[column])
				}
			})
		}
	}
}

// fly asks for a permission and a channel and sends one datagram by each way,
// whatever the answers were. The closing request makes sure that all was handled.
func fly(r *raw, peer netip.AddrPort) {
	r.t.Helper()
	r.ask(stun.MethodCreatePermission, to(peer))
	r.ask(stun.MethodChannelBind, attr(stun.AttrChannelNumber, 0x40, 0, 0, 0), to(peer))
	m, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication), to(peer), attr(stun.AttrData, []byte("through Send")...))
	if err != nil {
		r.t.Fatal(err)
	}
	r.send(m.Raw)
	r.send(append([]byte{0x40, 0, 0, 12}, "by a channel"...))
	r.ask(stun.MethodRefresh)
}

// plain is the TURN server as it comes, with real relay sockets.
func plain(t *testing.T, handler pion.PermissionHandler) *raw {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := pion.NewServer(pion.ServerConfig{
		Realm: "v", LoggerFactory: &quiet{},
		AuthHandler: func(user, realm string, _ net.Addr) ([]byte, bool) {
			return pion.GenerateAuthKey(user, realm, "secret"), true
		},
		PacketConnConfigs: []pion.PacketConnConfig{{
			PacketConn: conn, PermissionHandler: handler,
			RelayAddressGenerator: &pion.RelayAddressGeneratorStatic{RelayAddress: net.IPv4(127, 0, 0, 1), Address: "0.0.0.0"},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return dial(t, "udp", conn.LocalAddr().String(), "user", "secret")
}

func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
