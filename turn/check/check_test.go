package check

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pion/logging"
	pion "github.com/pion/turn/v3"
)

// An authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func (a *authority) issue(t *testing.T, name string, ca bool, until time.Duration) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-90 * 24 * time.Hour), NotAfter: time.Now().Add(until), IsCA: ca, BasicConstraintsValid: true,
	}
	if !ca {
		template.DNSNames = []string{name}
	}
	by := a
	if a == nil {
		by = &authority{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, &key.PublicKey, by.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key}
}

func TestCertificateIsJudgedAsSent(t *testing.T) {
	root := (*authority)(nil).issue(t, "root", true, time.Hour*24*365)
	between := root.issue(t, "between", true, time.Hour*24*365)
	good := between.issue(t, "cobrowse.example", false, time.Hour*24*60)
	other := between.issue(t, "other.example", false, time.Hour*24*60)
	old := between.issue(t, "cobrowse.example", false, -time.Hour)
	ending := between.issue(t, "cobrowse.example", false, time.Hour*24*3)
	stranger := (*authority)(nil).issue(t, "cobrowse.example", false, time.Hour*24*60)
	roots := x509.NewCertPool()
	roots.AddCert(root.cert)
	for name, test := range map[string]struct {
		chain []*x509.Certificate
		want  Result
		cause string
	}{
		"whole":        {[]*x509.Certificate{good.cert, between.cert}, Passed, ""},
		"incomplete":   {[]*x509.Certificate{good.cert}, Failed, "intermediate is missing"},
		"another name": {[]*x509.Certificate{other.cert, between.cert}, Failed, "not for cobrowse.example"},
		"expired":      {[]*x509.Certificate{old.cert, between.cert}, Failed, "expired"},
		"ends soon":    {[]*x509.Certificate{ending.cert, between.cert}, Warned, "ends soon"},
		"self-signed":  {[]*x509.Certificate{stranger.cert}, Failed, "nobody here knows"},
	} {
		t.Run(name, func(t *testing.T) {
			c := &checker{config: Config{Roots: roots}}
			c.base = mustURL(t, "https://cobrowse.example")
			c.certificate(test.chain)
			got := c.report.Steps[0]
			if got.Result != test.want || !strings.Contains(got.Cause, test.cause) || (got.Cause == "") != (got.Remedy == "") {
				t.Errorf("%+v", got)
			}
		})
	}
}

// An ordinary TURN server relays to everybody: the canary must show it, or its silence means nothing elsewhere.
func TestCanarySeesAnOpenRelay(t *testing.T) {
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, err := pion.NewServer(pion.ServerConfig{
		Realm:         "x",
		LoggerFactory: &logging.DefaultLoggerFactory{DefaultLogLevel: logging.LogLevelDisabled},
		AuthHandler: func(user, realm string, _ net.Addr) ([]byte, bool) {
			return pion.GenerateAuthKey(user, realm, "secret"), true
		},
		PacketConnConfigs: []pion.PacketConnConfig{{
			PacketConn:            conn,
			RelayAddressGenerator: &pion.RelayAddressGeneratorStatic{RelayAddress: net.IPv4(127, 0, 0, 1), Address: "127.0.0.1"},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	u, err := parseURL("turn:" + conn.LocalAddr().String() + "?transport=udp")
	if err != nil {
		t.Fatal(err)
	}
	u.user, u.pass = "me", "secret"
	c := &checker{base: mustURL(t, "http://127.0.0.1")}
	if r := c.allocation(t.Context(), u); r != nil {
		t.Error("a real relayed address passes for the built-in server's")
	}
	c.config.External = true
	r := c.allocation(t.Context(), u)
	if r == nil {
		t.Fatalf("%+v", c.report.Steps)
	}
	defer r.conn.Close()
	c.refusals(t.Context(), u, r, &line{sfu: netip.MustParseAddrPort("127.0.0.1:9")})
	last := c.report.Steps[len(c.report.Steps)-1]
	if last.Result != Failed || !strings.Contains(last.Detail, "127.0.0.1") || c.done().Passed {
		t.Errorf("%+v", last)
	}
}

func TestRunSaysWhatItCannotDo(t *testing.T) {
	for _, base := range []string{"", "cobrowse.example", "ftp://cobrowse.example"} {
		if _, err := Run(t.Context(), Config{Base: base}); !errors.Is(err, ErrRun) {
			t.Errorf("%q: %v", base, err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	report, err := Run(context.Background(), Config{Base: "http://" + l.Addr().String()})
	last := report.Steps[len(report.Steps)-1]
	if err != nil || report.Passed || last.Name != "port" || last.Cause != "nothing listens there" {
		t.Errorf("%+v, %v", last, err)
	}
}

// An address that begins with http:// where the server speaks TLS, on that port or on another, is answered with the right one.
func TestRunSaysToUseHTTPS(t *testing.T) {
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	leads := httptest.NewServer(http.RedirectHandler("https://cobrowse.example/v1/checks", http.StatusMovedPermanently))
	defer leads.Close()
	for base, want := range map[string]string{
		strings.Replace(secure.URL, "https:", "http:", 1): "use https: vitrine turn check " + secure.URL,
		leads.URL: "use https: vitrine turn check https://cobrowse.example",
	} {
		report, err := Run(t.Context(), Config{Base: base})
		if err != nil || report.Passed {
			t.Fatalf("%s: %v, %+v", base, err, report)
		}
		if last := report.Steps[len(report.Steps)-1]; last.Result != Failed || last.Remedy != want {
			t.Errorf("%s: %+v", base, last)
		}
	}
}

func TestRunAsksForAToken(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/checks" {
			http.NotFound(w, r)
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
		_ = json.NewEncoder(w).Encode(map[string]string{"detail": "a token is needed"})
	}))
	defer server.Close()
	_, err := Run(t.Context(), Config{Base: server.URL})
	if !errors.Is(err, ErrRun) || !strings.Contains(err.Error(), "vitrine token check") {
		t.Error(err)
	}
}

func TestParseURL(t *testing.T) {
	for raw, want := range map[string]string{
		"turn:a.example:3478?transport=udp": "udp a.example:3478", "turn:a.example": "udp a.example:3478",
		"turn:[::1]:99?transport=tcp": "tcp [::1]:99", "turns:a.example:443?transport=tcp": "tls a.example:443",
		"turns:a.example": "tls a.example:5349", "turns:[::1]": "tls [::1]:5349",
	} {
		if u, err := parseURL(raw); err != nil || u.transport+" "+u.host != want {
			t.Errorf("%s: %s %s, %v", raw, u.transport, u.host, err)
		}
	}
	for _, raw := range []string{"stun:a.example", "https://a.example", "turn:a.example?transport=sctp"} {
		if _, err := parseURL(raw); err == nil {
			t.Error(raw)
		}
	}
}

func mustURL(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
