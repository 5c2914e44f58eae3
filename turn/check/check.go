// Package check looks at a running server from outside, as a browser would meet it, and says of every step between the two
// whether it works, and if not, why and what to do: name, port, certificate, TLS with and without ALPN, the TURN server's
// answers and refusals, and the way through it to the SFU and back.
//
// It is a client: nothing of the server's own code is asked, so it tells the truth about a server anywhere.
package check

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Result is how a step went.
type Result string

// The results. Only Failed makes a finding.
const (
	Passed  Result = "ok"
	Warned  Result = "warning"
	Failed  Result = "failed"
	Skipped Result = "skipped"
)

// Step is one thing that was looked at. Cause and Remedy are there when it failed or is doubtful.
type Step struct {
	Name    string             `json:"step"`
	URL     string             `json:"url,omitempty"` // of the TURN server, where the step is about one
	Result  Result             `json:"result"`
	Detail  string             `json:"detail"`
	Cause   string             `json:"cause,omitempty"`
	Remedy  string             `json:"remedy,omitempty"`
	Figures map[string]float64 `json:"figures,omitempty"` // by name with unit
}

// Report is all steps in order.
type Report struct {
	Base   string `json:"base"`
	Passed bool   `json:"passed"`
	Steps  []Step `json:"steps"`
}

// Config says what is checked. Base is required.
type Config struct {
	// Base is the origin of the server, such as https://cobrowse.example.
	Base string
	// Token is one of `vitrine token check`. A development server needs none.
	Token string
	// Roots are trusted besides nothing else; nil means the system's.
	Roots *x509.CertPool
	// External accepts TURN servers that are not the built-in one: their relayed addresses are real, and they can pin the
	// SFU's address but not its port.
	External bool
	// Each is called with every step as it ends; nil means nobody watches.
	Each func(Step)
}

// ErrRun says that nothing could be checked: the address or the token is not right.
var ErrRun = errors.New("check: could not run")

const (
	dialTime    = 5 * time.Second
	requestTime = 10 * time.Second
	answerTime  = 3 * time.Second // for an answer of a TURN server
	openTime    = 15 * time.Second
)

// A checker is one run.
type checker struct {
	config  Config
	base    *url.URL
	report  Report
	http    *http.Client
	session session
}

// Run checks everything it can get to. Its error is ErrRun, with the reason, or nil.
func Run(ctx context.Context, config Config) (Report, error) {
	base, err := url.Parse(config.Base)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		return Report{}, fmt.Errorf("%w: the address must be the server's origin, such as https://cobrowse.example", ErrRun)
	}
	c := &checker{config: config, base: base, report: Report{Base: base.Scheme + "://" + base.Host}}
	c.http = &http.Client{Timeout: requestTime, Transport: &http.Transport{
		TLSClientConfig: c.tls(), ForceAttemptHTTP2: true, DialContext: (&net.Dialer{Timeout: dialTime}).DialContext,
	}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }} // a server that leads elsewhere is a finding
	defer c.http.CloseIdleConnections()
	if c.name(ctx) && c.port(ctx) && c.secure(ctx) {
		if err := c.open(ctx); err != nil {
			return c.done(), err
		}
		if c.session.ID != "" {
			c.relays(ctx)
			c.direct(ctx)
			c.kick(ctx)
		}
	}
	return c.done(), nil
}

func (c *checker) done() Report {
	c.report.Passed = len(c.report.Steps) > 0
	for _, s := range c.report.Steps {
		if s.Result == Failed {
			c.report.Passed = false
		}
	}
	return c.report
}

// add records a step and says whether one may go on.
func (c *checker) add(s Step) bool {
	if s.Result == "" {
		s.Result = Passed
	}
	c.report.Steps = append(c.report.Steps, s)
	if c.config.Each != nil {
		c.config.Each(s)
	}
	return s.Result != Failed
}

// tls is how this run speaks TLS. ALPN is set by who uses it.
func (c *checker) tls() *tls.Config {
	return &tls.Config{RootCAs: c.config.Roots, ServerName: c.base.Hostname(), MinVersion: tls.VersionTLS12}
}

// address is where the server's TCP port is.
func (c *checker) address() string {
	port := c.base.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[c.base.Scheme]
	}
	return net.JoinHostPort(c.base.Hostname(), port)
}

// relays checks every URL that the server hands out.
func (c *checker) relays(ctx context.Context) {
	if len(c.session.urls) == 0 {
		c.add(Step{
			Name: "turn", Result: Warned, Detail: "the server hands out no TURN server",
			Cause:  "neither turn.udp nor turn.tcp is set, and TURN over TLS is off or there is no certificate",
			Remedy: "set tls, and leave turn.tls on: networks without UDP have no other way",
		})
		return
	}
	for _, u := range c.session.urls {
		c.turn(ctx, u)
	}
}

// milliseconds is a duration as a figure.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// said is the text of an error for a line of its own, without what a reader has seen before.
func said(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err.Error()
	}
	return strings.TrimSpace(err.Error())
}
