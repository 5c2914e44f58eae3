package deploy

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"vitrine/test"
)

// shortLife is how long a certificate of the renewal test is good. The server looks every 15 seconds whether one is due, and
// one that would not outlive five looks is.
const shortLife = 80 * time.Second

// A renewing server has a certificate of short life by ACME.
type renewing struct {
	*testing.T
	address, admin, log string
	roots               *x509.CertPool
}

func startRenewing(t *testing.T, authority pebble, free []int) renewing {
	t.Helper()
	binary, err := test.Binary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	pem, err := os.ReadFile(authority.roots)
	if err != nil {
		t.Fatal(err)
	}
	r := renewing{
		T: t, address: fmt.Sprintf("localhost:%d", free[0]), admin: fmt.Sprintf("127.0.0.1:%d", free[1]),
		log: filepath.Join(dir, "log"), roots: x509.NewCertPool(),
	}
	if !r.roots.AppendCertsFromPEM(pem) {
		t.Fatal("no roots")
	}
	config := filepath.Join(dir, "vitrine.yaml")
	text := fmt.Sprintf("listen: 127.0.0.1:%d\nudp: off\npublic_address: https://%s\ndata: %s\nadmin: {listen: \"%s\"}\n"+
		"tls: {acme: {domains: [localhost], directory: \"%s\", ca_root: %s, accept_terms: true}}\n"+
		"sites: [{key: shop, name: Shop, company: Ltd, origins: [\"https://shop.example\"]}]\n",
		free[0], r.address, filepath.Join(dir, "data"), r.admin, authority.directory, authority.roots)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(r.log)
	if err != nil {
		t.Fatal(err)
	}
	server := exec.Command(binary, "serve", "--config", config)
	server.Stdout, server.Stderr = log, log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGTERM) // it may have ended
		_ = server.Wait()
		if t.Failed() {
			t.Logf("log of the server:\n%s", r.said(""))
		}
		_ = log.Close()
	})
	return r
}

// said are the lines of the log that hold a text.
func (r renewing) said(text string) (lines []string) {
	data, err := os.ReadFile(r.log)
	if err != nil {
		r.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if strings.Contains(line, text) {
			lines = append(lines, line)
		}
	}
	return lines
}

// dial makes a connection, verified, and gives the certificate that it was served.
func (r renewing) dial() (*tls.Conn, *x509.Certificate) {
	r.Helper()
	conn, err := tls.Dial("tcp", r.address, &tls.Config{RootCAs: r.roots, ServerName: "localhost", MinVersion: tls.VersionTLS12})
	if err != nil {
		r.Fatal(err)
	}
	return conn, conn.ConnectionState().PeerCertificates[0]
}

// serves asks something on a connection that stays open.
func (r renewing) serves(conn *tls.Conn) bool {
	r.Helper()
	if _, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		return false
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return err == nil && answer.StatusCode == http.StatusOK
}

// metric is a value of /metrics.
func (r renewing) metric(name string) float64 {
	r.Helper()
	answer, err := http.Get("http://" + r.admin + "/metrics")
	if err != nil {
		r.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		r.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindSubmatch(text)
	if m == nil {
		r.Fatalf("there is no metric %s", name)
	}
	value, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		r.Fatal(err)
	}
	return value
}

// A certificate is renewed while the server runs: new connections get the new one, one from before goes on. When the
// authority is gone the old one stays, the log says for how long, and metrics show it.
func TestCertificateIsRenewedAndOutlivesItsAuthority(t *testing.T) {
	t.Parallel()
	free := ports(t, 2)
	authority := startPebble(t, free[0], shortLife)
	r := startRenewing(t, authority, free)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	if !awaitLog(ctx, r.log, "certificate obtained") {
		t.Fatal("no certificate came")
	}
	old, first := r.dial()
	defer old.Close()
	if !r.serves(old) {
		t.Fatal("the first connection is not served")
	}
	if !awaitLog(ctx, r.log, `"renewal":true`) {
		t.Fatal("the certificate was not renewed")
	}
	var second *x509.Certificate
	for {
		var conn *tls.Conn
		conn, second = r.dial()
		_ = conn.Close()
		if second.SerialNumber.Cmp(first.SerialNumber) != 0 {
			break
		}
		if ctx.Err() != nil {
			t.Fatal("new connections get the old certificate")
		}
		time.Sleep(50 * time.Millisecond)
	}
	if !second.NotAfter.After(first.NotAfter) {
		t.Errorf("renewed until %v, before %v", second.NotAfter, first.NotAfter)
	}
	if !r.serves(old) {
		t.Error("the connection of before does not go on")
	}
	if err := authority.stop(); err != nil {
		t.Fatal(err)
	}
	failed := len(r.said("could not be renewed"))
	if !awaitLog(ctx, r.log, "could not be renewed") || failed > 0 {
		t.Fatalf("no word that renewal fails, or %d before", failed)
	}
	line := r.said("could not be renewed")[0]
	for _, want := range []string{`"level":"ERROR"`, "the old one is served until it ends", `"name":"localhost"`, `"days_left":0`, `"ends_in":"`} {
		if !strings.Contains(line, want) {
			t.Errorf("no %s in %s", want, line)
		}
	}
	conn, kept := r.dial()
	defer conn.Close()
	if !r.serves(conn) || !r.serves(old) {
		t.Error("connections are not served when renewal fails")
	}
	if got := r.metric("vitrine_certificate_expires_timestamp_seconds"); got != float64(kept.NotAfter.Unix()) {
		t.Errorf("it ends at %v, want %d", got, kept.NotAfter.Unix())
	}
	if got := r.metric(`vitrine_certificate_total{outcome="failed"}`); got < 1 {
		t.Errorf("%v failures", got)
	}
	if got, want := r.metric(`vitrine_certificate_total{outcome="obtained"}`), len(r.said("certificate obtained")); got != float64(want) {
		t.Errorf("%v certificates, the log has %d", got, want)
	}
}
