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
	"net/http"
	"net/netip"
	"testing"
	"time"

	"vitrine/internal/front"
	"vitrine/turn"
	"vitrine/turn/udpsock"
	"vitrine/turn/vrelay"
)

// host is the product's TURN server on a TLS port that it shares with HTTPS. In place of the SFU there is an echo.
type host struct {
	*turn.Server
	hub       *vrelay.Hub
	front     *front.Front
	tls, peer string // its address, and the one that relays reach
}

func startHost(t *testing.T) *host {
	t.Helper()
	socket, err := udpsock.Listen("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &host{peer: socket.LocalAddr().String()}
	if h.hub, err = vrelay.NewHub(vrelay.Config{Pinned: addrPort(t, h.peer)}); err != nil {
		t.Fatal(err)
	}
	if h.Server, err = turn.Listen(turn.Config{Hub: h.hub, Here: func(string) bool { return true }}); err != nil {
		t.Fatal(err)
	}
	sfu, err := h.hub.SFUConn(socket)
	if err != nil {
		t.Fatal(err)
	}
	go echo(sfu)
	h.serveTLS(t)
	t.Cleanup(func() {
		if err := errors.Join(h.Close(), h.hub.Close(), sfu.Close()); err != nil {
			t.Error(err)
		}
	})
	return h
}

// serveTLS shares a port between HTTPS and TURN, as the product does.
func (h *host) serveTLS(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.tls = l.Addr().String()
	h.front = front.New(front.Config{
		Listener: l, TLS: &tls.Config{Certificates: []tls.Certificate{selfSigned(t)}, MinVersion: tls.VersionTLS12},
		Turn: h.ServeConn, Handshake: time.Second,
	})
	web := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: time.Second}
	go func() { _ = web.Serve(h.front) }() // it ends with the front
	t.Cleanup(func() { _ = h.front.Close() })
}

// echo sends everything back.
func echo(conn *vrelay.SFUConn) {
	buf := make([]byte, 1600)
	for {
		n, from, err := conn.ReadFromAddrPort(buf)
		if err != nil {
			return
		}
		if _, err := conn.WriteToAddrPort(buf[:n], from); err != nil {
			return
		}
	}
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

func addrPort(t testing.TB, s string) netip.AddrPort {
	t.Helper()
	a, err := netip.ParseAddrPort(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
