package check

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"
)

// name looks the host up.
func (c *checker) name(ctx context.Context) bool {
	host := c.base.Hostname()
	if _, err := netip.ParseAddr(host); err == nil {
		return c.add(Step{Name: "name", Result: Skipped, Detail: host + " is an address"})
	}
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	begin := time.Now()
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil || len(found) == 0 {
		return c.add(Step{
			Name: "name", Result: Failed, Detail: host + " has no address", Cause: "the name is misspelled, or has no A or AAAA record that this network can see",
			Remedy: "add an A record (and AAAA, if the server has IPv6) for the host of public_address",
		})
	}
	var list []string
	for _, a := range found {
		list = append(list, a.Unmap().String())
	}
	return c.add(Step{
		Name: "name", Detail: host + " is " + strings.Join(list, ", "), Figures: map[string]float64{"lookup_ms": milliseconds(time.Since(begin))},
	})
}

// port opens the server's TCP port.
func (c *checker) port(ctx context.Context) bool {
	begin := time.Now()
	conn, err := (&net.Dialer{Timeout: dialTime}).DialContext(ctx, "tcp", c.address())
	if err != nil {
		cause, remedy := "a firewall on the way drops the packets, or the machine is off", "open this TCP port from everywhere to the server"
		if errors.Is(err, syscall.ECONNREFUSED) {
			cause, remedy = "nothing listens there", "start the server, or look at `listen` in its configuration and at port mappings before it"
		}
		return c.add(Step{Name: "port", Result: Failed, Detail: "tcp " + c.address() + ": " + said(err), Cause: cause, Remedy: remedy})
	}
	took := time.Since(begin)
	_ = conn.Close() // it was only to be opened
	return c.add(Step{Name: "port", Detail: "tcp " + c.address() + " accepts", Figures: map[string]float64{"connect_ms": milliseconds(took)}})
}

// secure checks certificate and ALPN.
func (c *checker) secure(ctx context.Context) bool {
	if c.base.Scheme == "http" {
		return c.plain(ctx)
	}
	conn, err := c.handshake(ctx, nil)
	if err != nil {
		return c.add(Step{
			Name: "certificate", Result: Failed, Detail: "no TLS: " + said(err),
			Cause:  "the port does not speak TLS, or something between here and there cuts it",
			Remedy: "set tls in the configuration; with a load balancer before the server let it pass TCP on, not HTTP",
		})
	}
	state := conn.ConnectionState()
	_ = conn.Close() // the handshake was all
	return c.certificate(state.PeerCertificates) && c.alpn(ctx)
}

// plain sees whether a port that is to speak HTTP does not speak TLS.
func (c *checker) plain(ctx context.Context) bool {
	conn, err := c.handshake(ctx, nil)
	if err != nil {
		return c.add(Step{Name: "certificate", Result: Skipped, Detail: "plain HTTP: right on a loopback address only"})
	}
	_ = conn.Close() // the handshake was all
	return c.add(Step{
		Name: "certificate", Result: Failed, Detail: "the address says http, and the port speaks TLS",
		Cause: "an address that begins with http:// is for plain HTTP", Remedy: "use https: vitrine turn check https://" + c.base.Host,
	})
}

// handshake speaks TLS without judging the certificate: that is a step of its own.
func (c *checker) handshake(ctx context.Context, protocols []string) (*tls.Conn, error) {
	config := c.tls()
	config.NextProtos, config.InsecureSkipVerify = protocols, true
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", c.address())
	if err != nil {
		return nil, err
	}
	return conn.(*tls.Conn), nil
}

// soon is when a certificate should have been renewed.
const soon = 10 * 24 * time.Hour

// certificate verifies the chain exactly as it was sent: browsers may fetch a missing intermediate, TURN clients do not.
func (c *checker) certificate(chain []*x509.Certificate) bool {
	leaf := chain[0]
	between := x509.NewCertPool()
	for _, cert := range chain[1:] {
		between.AddCert(cert)
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: c.config.Roots, Intermediates: between, DNSName: c.base.Hostname()})
	s := Step{Name: "certificate", Detail: fmt.Sprintf("%d sent, valid until %s", len(chain), leaf.NotAfter.UTC().Format("2006-01-02 15:04"))}
	left := time.Until(leaf.NotAfter)
	s.Figures = map[string]float64{"days_left": float64(int(left.Hours() / 24))}
	var name x509.HostnameError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &name):
		s.Result, s.Cause = Failed, "it is not for "+c.base.Hostname()
		s.Remedy = "get one that names the host of public_address"
	case errors.As(err, &unknown) && len(chain) == 1 && leaf.Issuer.String() != leaf.Subject.String():
		s.Result, s.Cause = Failed, "the chain as sent is not complete: the intermediate is missing"
		s.Remedy = "let tls.certificate name the file with the whole chain (fullchain.pem), the server's own certificate first"
	case errors.As(err, &unknown):
		s.Result, s.Cause = Failed, "nobody here knows who signed it"
		s.Remedy = "use a public CA; for a private one give --ca here and install its root on every client"
	case err != nil:
		s.Result, s.Cause, s.Remedy = Failed, said(err), "renew it: files are read again when they change, ACME renews by itself"
	case left < soon && left < leaf.NotAfter.Sub(leaf.NotBefore)/4:
		s.Result, s.Cause, s.Remedy = Warned, "it ends soon and was not renewed", "look at the log of the server, or of what renews it"
	}
	return c.add(s)
}

// alpn asks for HTTP in both versions. TURN is asked without ALPN, as browsers do, when its URLs are known.
func (c *checker) alpn(ctx context.Context) bool {
	for _, protocol := range []string{"http/1.1", "h2"} {
		conn, err := c.handshake(ctx, []string{protocol})
		if err == nil {
			if got := conn.ConnectionState().NegotiatedProtocol; got != protocol {
				err = fmt.Errorf("the server took %q", got)
			}
			err = errors.Join(err, conn.Close())
		}
		if err == nil {
			err = c.health(ctx, protocol == "h2")
		}
		if err != nil {
			return c.add(Step{
				Name: "alpn", Result: Failed, Detail: protocol + ": " + said(err),
				Cause: "something before the server ends TLS itself", Remedy: "let it pass TCP on; its networks go into trusted_proxies",
			})
		}
	}
	return c.add(Step{Name: "alpn", Detail: "http/1.1 and h2 are both served"})
}

func (c *checker) health(ctx context.Context, second bool) error {
	var protocols http.Protocols
	protocols.SetHTTP1(!second)
	protocols.SetHTTP2(second)
	transport := &http.Transport{TLSClientConfig: c.tls(), Protocols: &protocols}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.report.Base+"/healthz", nil)
	if err != nil {
		return err
	}
	answer, err := (&http.Client{Transport: transport, Timeout: requestTime}).Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK || (answer.ProtoMajor == 2) != second {
		return fmt.Errorf("/healthz answers %d by %s", answer.StatusCode, answer.Proto)
	}
	return nil
}

// own are the addresses of this machine where a canary can sit.
func own() []netip.Addr {
	all := []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()}
	list, err := net.InterfaceAddrs()
	if err != nil {
		return all
	}
	for _, a := range list {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() && !slices.Contains(all, p.Addr()) {
			all = append(all, p.Addr())
		}
	}
	return all
}
