package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vitrine/turn/check"
	"vitrine/turn/udpsock"
)

func TestDoctorJudgesBuffers(t *testing.T) {
	for _, row := range []struct {
		recv, send int
		want       check.Result
	}{
		{udpsock.BufferSize, udpsock.BufferSize, ""}, {0, 0, check.Skipped},
		{212992, udpsock.BufferSize, check.Warned}, {udpsock.BufferSize, 212992, check.Warned},
	} {
		s := room(row.recv, row.send)
		if s.Result != row.want || (s.Result == check.Warned) != strings.Contains(s.Remedy, "net.core.rmem_max=8388608 net.core.wmem_max=8388608") {
			t.Errorf("%d, %d: %+v", row.recv, row.send, s)
		}
	}
}

// What ACME has put into the data directory is looked at as a file of one's own would be.
func TestDoctorLooksAtWhatACMEKeeps(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	day := 24 * time.Hour
	signed := func(begin, end time.Duration) []byte {
		template := x509.Certificate{
			SerialNumber: big.NewInt(1), DNSNames: []string{"cobrowse.example"},
			NotBefore: time.Now().Add(begin), NotAfter: time.Now().Add(end),
		}
		der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
	for name, row := range map[string]struct {
		file  []byte
		want  check.Result
		cause string
	}{
		"none":        {nil, check.Skipped, ""},
		"good":        {signed(-10*day, 80*day), check.Passed, ""},
		"not renewed": {signed(-80*day, 10*day), check.Warned, "was not renewed"},
		"ended":       {signed(-90*day, -day), check.Failed, "it has ended"},
		"tomorrow's":  {signed(day, 90*day), check.Failed, "not valid yet"},
		"damaged":     {[]byte("nothing"), check.Failed, "cannot use what it kept"},
	} {
		t.Run(name, func(t *testing.T) {
			d := doctor{config: config{Data: t.TempDir(), TLS: tlsConfig{ACME: &acmeConfig{Domains: []string{"cobrowse.example"}}}}}
			place := filepath.Join(d.config.Data, "acme", "certificates", "ca.example-directory", "cobrowse.example")
			if err := os.MkdirAll(place, 0o700); err != nil {
				t.Fatal(err)
			}
			if row.file != nil {
				if err := os.WriteFile(filepath.Join(place, "cobrowse.example.crt"), row.file, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			d.certificate()
			if len(d.steps) != 1 {
				t.Fatalf("%d steps", len(d.steps))
			}
			s := d.steps[0]
			if s.Result != row.want || !strings.Contains(s.Cause, row.cause) || (s.Cause == "") != (s.Remedy == "") {
				t.Errorf("%+v", s)
			}
		})
	}
}
