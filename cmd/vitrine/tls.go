package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"vitrine/internal/front"
)

// A port is the TCP port of HTTPS and TURN with its certificate.
type port struct {
	*front.Front
	expires          func() time.Time // nil without TLS
	obtained, failed atomic.Uint64    // attempts to get a certificate by ACME
}

// ends is when the certificate ends that is served; zero when there is none.
func (p *port) ends() time.Time {
	if p.expires == nil {
		return time.Time{}
	}
	return p.expires()
}

// attempts counts the attempts to get a certificate by their outcome.
func (p *port) attempts() map[string]uint64 {
	return map[string]uint64{"obtained": p.obtained.Load(), "failed": p.failed.Load()}
}

// served is a certificate that is read from files, and again when they have changed: a renewed one needs no restart.
// Connections that exist keep the old one.
type served struct {
	files  tlsConfig
	logger *slog.Logger

	mu      sync.Mutex
	pair    *tls.Certificate
	stamp   [2]os.FileInfo // of the files that pair was read from
	checked time.Time
}

// checkTime is how often the files are looked at, at most.
const checkTime = 2 * time.Second

// load reads the certificate with its key. TLS 1.3 is preferred and 1.2 accepted, with Go's choice of suites: all of
// them have forward secrecy and AEAD from 1.2 on where both sides offer it.
// expires tells how long it is good.
func (t tlsConfig) load(logger *slog.Logger) (config *tls.Config, expires func() time.Time, err error) {
	c := &served{files: t, logger: logger}
	if err := c.read(); err != nil {
		return nil, nil, err
	}
	return &tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current(), nil },
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
	}, func() time.Time { return c.current().Leaf.NotAfter }, nil
}

func (c *served) stat() (stamp [2]os.FileInfo, err error) {
	for i, name := range []string{c.files.Certificate, c.files.Key} {
		if stamp[i], err = os.Stat(name); err != nil {
			return stamp, err
		}
	}
	return stamp, nil
}

func (c *served) read() error {
	stamp, err := c.stat()
	if err != nil {
		return fmt.Errorf("tls: %w", err)
	}
	pair, err := tls.LoadX509KeyPair(c.files.Certificate, c.files.Key)
	if err != nil {
		return fmt.Errorf("tls: %w: certificate and key must be PEM files that belong together", err)
	}
	c.pair, c.stamp = &pair, stamp
	return nil
}

// current gives the certificate of the files as they are now. While they are half written or wrong, it is the last good
// one.
func (c *served) current() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.checked) < checkTime {
		return c.pair
	}
	c.checked = time.Now()
	stamp, err := c.stat()
	if err == nil && same(stamp, c.stamp) {
		return c.pair
	}
	if err == nil {
		err = c.read()
	}
	if err != nil {
		c.logger.Error("the certificate has changed and cannot be used; the old one is served until it can", "error", err.Error())
		return c.pair
	}
	c.logger.Info("the certificate was read again", "expires", c.pair.Leaf.NotAfter)
	return c.pair
}

func same(a, b [2]os.FileInfo) bool {
	for i := range a {
		if !os.SameFile(a[i], b[i]) || !a[i].ModTime().Equal(b[i].ModTime()) || a[i].Size() != b[i].Size() {
			return false
		}
	}
	return true
}
