package main

import (
	"crypto/tls"
	"fmt"
)

// load reads the certificate with its key. TLS 1.3 is preferred and 1.2 accepted, with Go's choice of suites: all of
// them have forward secrecy and AEAD from 1.2 on where both sides offer it.
func (t tlsConfig) load() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(t.Certificate, t.Key)
	if err != nil {
		return nil, fmt.Errorf("tls: %w: certificate and key must be PEM files that belong together", err)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{pair},
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"h2", "http/1.1"},
	}, nil
}
