package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
)

// acmeConfig has certificates made and renewed by a certificate authority (RFC 8555).
type acmeConfig struct {
	Domains     []string `yaml:"domains"`
	Email       string   `yaml:"email"`
	Directory   string   `yaml:"directory"`
	Roots       string   `yaml:"ca_root"`
	HTTP        string   `yaml:"http"`
	AcceptTerms bool     `yaml:"accept_terms"`
}

// on says whether the port speaks TLS.
func (t tlsConfig) on() bool { return t.Certificate != "" || t.ACME != nil }

// rules are what must hold for ACME.
func (a *acmeConfig) rules(t tlsConfig) []rule {
	if a == nil {
		return nil
	}
	_, err := netip.ParseAddrPort(a.HTTP)
	return []rule{
		{t.Certificate == "" && t.Key == "", "tls.acme: leave certificate and key out, or leave acme out"},
		{len(a.Domains) > 0, "tls.acme.domains: list the names that the certificate is for, first that of public_address"},
		{a.AcceptTerms, "tls.acme.accept_terms: set it to true when you agree with the terms of the certificate authority"},
		{a.Directory == "" || strings.HasPrefix(a.Directory, "https://"), "tls.acme.directory: must be the https address of an ACME directory"},
		{a.HTTP == "" || err == nil, "tls.acme.http: must be an IP address with a port, such as 0.0.0.0:80, or empty for none"},
	}
}

// An authority keeps a certificate that an ACME server signs, in the data directory. TLS-ALPN-01 (RFC 8737) is answered on
// the port of HTTPS itself, so no other port has to be open; HTTP-01 where a port for it is configured.
type authority struct {
	config *acmeConfig
	magic  *certmagic.Config
	issuer *certmagic.ACMEIssuer
	cache  *certmagic.Cache
	cancel context.CancelFunc
	ctx    context.Context
}

// openACME makes the authority of this server. Nothing is asked of the ACME server before manage.
func (h *host) openACME(at net.Addr) (*authority, error) {
	a := &authority{config: h.config.TLS.ACME}
	place, err := netip.ParseAddrPort(at.String())
	if err != nil {
		return nil, err
	}
	template := certmagic.ACMEIssuer{
		CA: a.config.Directory, Email: a.config.Email, Agreed: a.config.AcceptTerms,
		DisableHTTPChallenge: a.config.HTTP == "",
		// The solver looks whether somebody answers there, and finds this server.
		ListenHost: place.Addr().String(), AltTLSALPNPort: int(place.Port()),
		Logger: zap.NewNop(), // what matters comes as an event
	}
	if a.config.HTTP != "" {
		template.AltHTTPPort = int(netip.MustParseAddrPort(a.config.HTTP).Port())
	}
	if template.CA == "" {
		template.CA = certmagic.LetsEncryptProductionCA
	}
	if a.config.Roots != "" {
		if template.TrustedRoots, err = readRoots(a.config.Roots); err != nil {
			return nil, fmt.Errorf("tls.acme.ca_root: %w", err)
		}
	}
	a.cache = certmagic.NewCache(certmagic.CacheOptions{
		RenewCheckInterval: renewTime,

		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return a.magic, nil },
		Logger:           zap.NewNop(),
	})
	a.magic = certmagic.New(a.cache, certmagic.Config{
		Storage:           &certmagic.FileStorage{Path: filepath.Join(h.config.Data, "acme")},
		DefaultServerName: a.config.Domains[0], // TURN clients that were given an address send no name
		Logger:            zap.NewNop(),
		OnEvent:           h.acmeEvent,
	})
	a.issuer = certmagic.NewACMEIssuer(a.magic, template)
	a.magic.Issuers = []certmagic.Issuer{a.issuer}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	h.closing(func() error {
		a.cancel()
		a.cache.Stop()
		return nil
	})
	return a, nil
}

// renewTime is how often it is looked whether a certificate is due, which costs nothing while none is. One that lives for a
// minute only, as authorities of one's own may want it, is renewed in time; public ones live for days.
const renewTime = 15 * time.Second

// acmeEvent writes down what happens to certificates; they are public, with their names.
func (h *host) acmeEvent(_ context.Context, event string, data map[string]any) error {
	switch event {
	case "cert_obtained":
		h.port.obtained.Add(1)
		h.logger.Info("certificate obtained", "name", data["identifier"], "renewal", data["renewal"])
	case "cert_failed":
		h.port.failed.Add(1)
		reason := fmt.Sprint(data["error"])
		left, old := data["remaining"].(time.Duration)
		switch {
		case !old:
			h.logger.Error("no certificate could be had; it is tried again", "name", data["identifier"], "error", reason)
		case left <= 0:
			h.logger.Error("the certificate has ended and could not be renewed: browsers refuse it; it is tried again",
				"name", data["identifier"], "error", reason)
		default:
			h.logger.Error("the certificate could not be renewed; the old one is served until it ends, and it is tried again",
				"name", data["identifier"], "days_left", int(left.Hours()/24), "ends_in", left.Round(time.Second).String(), "error", reason)
		}
	}
	return nil
}

// expires is when the first of the certificates ends; zero before there is one.
func (a *authority) expires() (first time.Time) {
	for _, name := range a.config.Domains {
		for _, cert := range a.cache.AllMatchingCertificates(name) {
			if leaf := cert.Leaf; leaf != nil && (first.IsZero() || leaf.NotAfter.Before(first)) {
				first = leaf.NotAfter
			}
		}
	}
	return first
}

// tls is how the port speaks TLS.
func (a *authority) tls() *tls.Config {
	return &tls.Config{
		GetCertificate: a.magic.GetCertificate,
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1", "acme-tls/1"},
	}
}

// manage gets the certificate, unless the data directory has it, and renews it from then on. The port must be served
// already: the ACME server connects to it.
func (h *host) manage(a *authority) error {
	if a.config.HTTP != "" {
		listener, err := net.Listen("tcp", a.config.HTTP)
		if err != nil {
			return inUse(err, a.config.HTTP, "TCP", "tls.acme.http")
		}
		redirect := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, h.base+r.URL.RequestURI(), http.StatusMovedPermanently)
		})
		h.serveHTTP(listener, a.issuer.HTTPChallengeHandler(redirect))
	}
	if err := a.magic.ManageAsync(a.ctx, a.config.Domains); err != nil {
		return errors.Join(errors.New("tls.acme: the certificate cannot be kept"), err)
	}
	return nil
}
