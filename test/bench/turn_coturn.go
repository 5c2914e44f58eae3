package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"vitrine/test/turn/coturn"
)

// relayServer is a TURN server with a peer that echoes, and what it costs.
type relayServer struct {
	name string
	at   Addresses
	cpu  func() (time.Duration, error) // of server and peer since they began
	pid  int                           // of the server
	free func() error                  // collects garbage, so that memory is what is held
	stop func()
}

// ourServer is the product's, in a child. The peer is in the same process, because there the product's is.
func ourServer(service string) (*relayServer, error) {
	c, err := startChild(service)
	if err != nil {
		return nil, err
	}
	s := &relayServer{name: "vitrine", pid: c.cmd.Process.Pid, stop: c.stop}
	s.cpu = func() (time.Duration, error) {
		u, err := c.usage(false)
		return u.CPU, err
	}
	s.free = func() error {
		_, err := c.usage(true)
		return err
	}
	if err := c.call("Where", struct{}{}, &s.at); err != nil {
		c.stop()
		return nil, err
	}
	return s, nil
}

// coturnServer is coturn's, as its package brings it, with a child as the peer.
func coturnServer() (*relayServer, error) {
	program, err := coturn.Find(coturn.Server)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "vitrine-bench-")
	if err != nil {
		return nil, err
	}
	peer, err := startChild("peer")
	if err != nil {
		return nil, err
	}
	s := &relayServer{name: "coturn", free: func() error { return nil }}
	s.stop = func() {
		peer.stop()
		_ = os.RemoveAll(folder) // a temporary folder
	}
	if err := peer.call("Where", struct{}{}, &s.at); err != nil {
		s.stop()
		return nil, err
	}
	cmd, err := s.command(program, folder)
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		s.stop()
		return nil, err
	}
	stopPeer := s.stop
	s.pid = cmd.Process.Pid
	s.stop = func() {
		_ = cmd.Process.Kill() // and then it is gone
		_ = cmd.Wait()
		stopPeer()
	}
	s.cpu = func() (time.Duration, error) {
		u, err := peer.usage(false)
		if err != nil {
			return 0, err
		}
		own, err := processorTime(cmd.Process.Pid)
		return u.CPU + own, err
	}
	if err := s.ready(); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// command is coturn's command line. Everything that is not about addresses and files is its default.
func (s *relayServer) command(program, folder string) (*exec.Cmd, error) {
	plain, err := freePort()
	if err != nil {
		return nil, err
	}
	secure, err := freePort()
	if err != nil {
		return nil, err
	}
	s.at.UDP = "127.0.0.1:" + plain
	s.at.TCP, s.at.TLS, s.at.User, s.at.Password = s.at.UDP, "127.0.0.1:"+secure, "u", "p"
	certificate, key := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	if err := writeCertificate(certificate, key); err != nil {
		return nil, err
	}
	return exec.Command(program, "-n", "-a", "-u", "u:p", "-r", "bench", "-L", "127.0.0.1", "-E", "127.0.0.1", "-p", plain,
		"--tls-listening-port", secure, "--cert", certificate, "--pkey", key, "--allow-loopback-peers", "--no-cli",
		"--no-stdout-log", "--log-file", os.DevNull, "--pidfile", filepath.Join(folder, "pid"),
		"--userdb", filepath.Join(folder, "db")), nil
}

// ready waits until the server answers on all its ports.
func (s *relayServer) ready() (err error) {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		err = nil
		for _, transport := range []string{"tcp", "tls", "udp"} {
			c, e := openRaw(s.at, transport)
			if e != nil {
				err = fmt.Errorf("%s over %s: %w", s.name, transport, e)
				break
			}
			c.close()
		}
		if err == nil {
			return nil
		}
	}
	return err
}

func freePort() (string, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// newCertificate signs itself.
func newCertificate() (der, keyDER []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	if der, err = x509.CreateCertificate(rand.Reader, template, template, key.Public(), key); err != nil {
		return nil, nil, err
	}
	keyDER, err = x509.MarshalPKCS8PrivateKey(key)
	return der, keyDER, err
}

func writeCertificate(certificate, key string) error {
	der, keyDER, err := newCertificate()
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
}

func tlsConfig() (*tls.Config, error) {
	der, keyDER, err := newCertificate()
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(keyDER)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}, err
}

// processorTime is what a process has used, of all its threads, in nanoseconds as the scheduler counts them.
func processorTime(pid int) (sum time.Duration, err error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(threads) == 0 {
		return 0, fmt.Errorf("no threads of process %d: %w", pid, err)
	}
	for _, thread := range threads {
		data, err := os.ReadFile(thread)
		if err != nil {
			continue // it ended
		}
		used, err := strconv.ParseInt(strings.Fields(string(data))[0], 10, 64)
		if err != nil {
			return 0, err
		}
		sum += time.Duration(used)
	}
	return sum, nil
}

// resident is the memory of a process in bytes, descriptors how many it has open.
func resident(pid int) (bytes float64, err error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	pages, err := strconv.ParseFloat(strings.Fields(string(data))[1], 64)
	return pages * float64(os.Getpagesize()), err
}

func descriptors(pid int) (float64, error) {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return float64(len(entries)), err
}
