package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// certificate writes a certificate for this machine and gives its files and who trusts it.
func certificate(t *testing.T) (tlsConfig, *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := tlsConfig{Certificate: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	for name, block := range map[string]*pem.Block{
		files.Certificate: {Type: "CERTIFICATE", Bytes: der}, files.Key: {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return files, pool
}

// freePort is a TCP port of this machine that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// production is a real configuration on this machine.
func production(t *testing.T) (config, *x509.CertPool) {
	t.Helper()
	c := defaults()
	if err := load(example, &c); err != nil {
		t.Fatal(err)
	}
	files, pool := certificate(t)
	c.TLS, c.Data, c.Listen, c.UDP = files, t.TempDir(), freePort(t), "127.0.0.1:0"
	c.PublicAddress, c.Turn, c.Admin.Listen = "https://"+c.Listen, turnConfig{}, ""
	c.Store, c.Agents, c.Access = storeConfig{}, agentsConfig{}, accessConfig{}
	if err := c.validate(); err != nil {
		t.Fatal(err)
	}
	return c, pool
}

func TestProductionServesByTLSOnly(t *testing.T) {
	c, pool := production(t)
	h, err := start(&c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := h.stop(); err != nil {
			t.Error(err)
		}
	}()
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true,
	}}
	for path, want := range map[string]int{"/healthz": 200, "/console/": 200, "/demo/": 404, "/metrics": 404} {
		r, err := client.Get(c.PublicAddress + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Body.Close()
		if r.StatusCode != want || r.ProtoMajor != 2 || r.Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("%s: %d by HTTP/%d, HSTS %q", path, r.StatusCode, r.ProtoMajor, r.Header.Get("Strict-Transport-Security"))
		}
	}
	old := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, MaxVersion: tls.VersionTLS11},
	}}
	if r, err := old.Get(c.PublicAddress + "/healthz"); err == nil {
		_ = r.Body.Close()
		t.Error("TLS 1.1 is accepted")
	}
	request, err := http.NewRequest("POST", c.PublicAddress+"/v1/sessions", strings.NewReader(`{"siteKey":"demo"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header = http.Header{"Origin": {"http://127.0.0.1:80"}, "Content-Type": {"application/json"}}
	r, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	if r.StatusCode != 403 {
		t.Errorf("the demo site exists in production: %d", r.StatusCode)
	}
}

func TestStartLeavesNothingBehindWhenItFails(t *testing.T) {
	c, _ := production(t)
	c.TLS.Key = c.TLS.Certificate
	if _, err := start(&c, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "belong together") {
		t.Fatalf("got %v", err)
	}
	c, _ = production(t)
	h, err := start(&c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	udp := h.udp[0].LocalAddr().String()
	if err := h.stop(); err != nil {
		t.Error(err)
	}
	for network, address := range map[string]string{"tcp": c.Listen, "udp": udp} {
		if network == "tcp" {
			l, err := net.Listen(network, address)
			if err != nil {
				t.Errorf("still open: %v", err)
				continue
			}
			_ = l.Close()
			continue
		}
		l, err := net.ListenPacket(network, address)
		if err != nil {
			t.Errorf("still open: %v", err)
			continue
		}
		_ = l.Close()
	}
}

// running starts a server that the test stops.
func running(t *testing.T, c config) *host {
	t.Helper()
	h, err := start(&c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.stop(); err != nil {
			t.Error(err)
		}
	})
	return h
}

func TestRenewedCertificateIsServedWithoutRestart(t *testing.T) {
	c, first := production(t)
	running(t, c)
	serial := func(pool *x509.CertPool) error {
		conn, err := tls.Dial("tcp", c.Listen, &tls.Config{RootCAs: pool})
		if err == nil {
			_ = conn.Close()
		}
		return err
	}
	if err := serial(first); err != nil {
		t.Fatal(err)
	}
	files, second := certificate(t)
	// A key that does not belong to the certificate yet is what a renewal looks like half way.
	for i, move := range [][2]string{{files.Certificate, c.TLS.Certificate}, {files.Key, c.TLS.Key}} {
		if err := os.Rename(move[0], move[1]); err != nil {
			t.Fatal(err)
		}
		want := [...]*x509.CertPool{first, second}[i]
		deadline := time.Now().Add(4 * checkTime)
		for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
			err := serial(want)
			if i == 0 && err != nil {
				t.Fatalf("half way: %v", err)
			}
			if i == 0 && time.Since(began) > checkTime+500*time.Millisecond || i == 1 && err == nil {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("the new certificate is not served: %v", err)
			}
		}
	}
}

func TestNoUDPAtAll(t *testing.T) {
	c, pool := production(t)
	c.UDP, c.Turn.TLS = off, true
	if err := c.validate(); err != nil {
		t.Fatal(err)
	}
	before := udpSockets(t)
	h := running(t, c)
	if n := udpSockets(t) - before; n != 0 {
		t.Errorf("%d UDP sockets", n)
	}
	urls := h.turnURLs()
	if len(urls) != 1 || urls[0] != "turns:"+c.Listen+"?transport=tcp" {
		t.Errorf("URLs of TURN: %v", urls)
	}
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	r, err := client.Get(c.PublicAddress + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	if r.StatusCode != 200 {
		t.Errorf("not ready: %d", r.StatusCode)
	}
}

// udpSockets counts those of this process.
func udpSockets(t *testing.T) (n int) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("sockets are counted in /proc, which is Linux's")
	}
	var table strings.Builder
	for _, name := range []string{"udp", "udp6"} {
		text, err := os.ReadFile("/proc/self/net/" + name)
		if err != nil {
			t.Fatal(err)
		}
		table.Write(text)
	}
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		to, err := os.Readlink(link)
		inode, socket := strings.CutPrefix(to, "socket:[")
		if err == nil && socket && strings.Contains(table.String(), " "+strings.TrimSuffix(inode, "]")+" ") {
			n++
		}
	}
	return n
}
