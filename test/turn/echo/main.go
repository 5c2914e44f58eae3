// Command echo is the product's TURN server with an echo in place of the SFU, for other people's test programs. It prints
// its addresses and a credential as one line of JSON, and its counters as another when its input ends.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"vitrine/internal/front"
	"vitrine/turn"
	"vitrine/turn/udpsock"
	"vitrine/turn/vrelay"
)

// start is the first line.
type start struct {
	UDP, TCP, TLS  string // addresses to reach it at
	Peer           string // what its relays reach
	User, Password string
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "echo:", err)
		os.Exit(1)
	}
}

func run() error {
	socket, err := udpsock.Listen("udp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	hub, err := vrelay.NewHub(vrelay.Config{Pinned: socket.LocalAddr().(*net.UDPAddr).AddrPort(), PerName: 1000, PerSession: 1000})
	if err != nil {
		return err
	}
	server, err := turn.Listen(turn.Config{
		Hub: hub, Here: func(string) bool { return true }, CredentialTTL: time.Hour, AllocationsPerIP: 1000,
		UDP: []string{"127.0.0.1:0"}, TCP: []string{"127.0.0.1:0"},
	})
	if err != nil {
		return err
	}
	sfu, err := hub.SFUConn(socket)
	if err != nil {
		return err
	}
	go answer(sfu)
	secure, err := serveTLS(server)
	if err != nil {
		return err
	}
	first := start{TLS: secure, Peer: socket.LocalAddr().String()}
	for _, url := range server.URLs() {
		address, transport, _ := strings.Cut(strings.TrimPrefix(url, "turn:"), "?transport=")
		if transport == "udp" {
			first.UDP = address
		} else {
			first.TCP = address
		}
	}
	first.User, first.Password, _ = server.Credentials("s1", "customer")
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(first); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	return errors.Join(out.Encode(server.Stats()), server.Close())
}

// answer sends everything back.
func answer(conn *vrelay.SFUConn) {
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

// serveTLS shares one port between HTTPS and TURN, as the product does. Its certificate is signed by itself.
func serveTLS(server *turn.Server) (address string, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return "", err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	config := &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12,
	}
	f := front.New(front.Config{Listener: l, TLS: config, Turn: server.ServeConn})
	web := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = web.Serve(f) }() // it ends with the process
	return l.Addr().String(), nil
}
