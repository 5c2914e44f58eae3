package deploy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
)

// A pebble is a certificate authority on loopback that validates for real: it connects to the port that it is given.
type pebble struct {
	directory string // address of the ACME directory
	roots     string // PEM file: the root of its own certificate, and the root of those it signs
	stop      func() error
}

// TestMain has every pebble answer at once.
func TestMain(m *testing.M) {
	for name, value := range map[string]string{"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// startPebble starts one whose challenges go to this port of the name, and whose certificates live for some time.
func startPebble(t *testing.T, tlsPort int, life time.Duration) pebble {
	t.Helper()
	quiet := log.New(io.Discard, "", 0)
	store := db.NewMemoryStore()
	signer := ca.New(quiet, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {ValidityPeriod: uint64(life.Seconds())}})
	validator := va.New(quiet, 1, tlsPort, true, "", store)
	front := wfe.New(quiet, store, validator, signer, []string{"pebble.example"}, true, false, 1, 1)
	root, pair := minica(t)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: front.Handler(), ErrorLog: quiet, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }() // ends with the test
	t.Cleanup(func() { _ = server.Close() })
	roots := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(roots, append(root, signer.GetRootCert(0).PEM()...), 0o600); err != nil {
		t.Fatal(err)
	}
	return pebble{"https://" + listener.Addr().String() + wfe.DirectoryPath, roots, server.Close}
}

// minica makes a certificate for this machine and the root that signed it.
func minica(t *testing.T) (root []byte, pair tls.Certificate) {
	t.Helper()
	template := func(name string) *x509.Certificate {
		serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
		if err != nil {
			t.Fatal(err)
		}
		return &x509.Certificate{
			SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			BasicConstraintsValid: true,
		}
	}
	keys := make([]*ecdsa.PrivateKey, 2)
	for i := range keys {
		var err error
		if keys[i], err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	top, leaf := template("minica root"), template("pebble")
	top.IsCA, top.KeyUsage = true, x509.KeyUsageCertSign
	leaf.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	signed, err := x509.CreateCertificate(rand.Reader, top, top, &keys[0].PublicKey, keys[0])
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, top, &keys[1].PublicKey, keys[0])
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), tls.Certificate{Certificate: [][]byte{der}, PrivateKey: keys[1]}
}
