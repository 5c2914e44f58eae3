package test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"vitrine/test/client"
	"vitrine/test/turn/coturn"
)

const externalSecret = "0123456789abcdef0123456789abcdef"

// startCoturn starts coturn with a shared secret and gives its port.
func startCoturn(t *testing.T) string {
	t.Helper()
	program, err := coturn.Find(coturn.Server)
	if errors.Is(err, coturn.ErrMissing) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(free(t))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cmd := exec.Command(program, "-n", "--use-auth-secret", "--static-auth-secret="+externalSecret, "-r", "relay.example", "-L", "127.0.0.1", "-E", "127.0.0.1",
		"-p", port, "--no-tls", "--no-dtls", "--allow-loopback-peers", "--no-cli", "--no-stdout-log", "--log-file", os.DevNull,
		"--pidfile", filepath.Join(dir, "pid"), "--userdb", filepath.Join(dir, "db"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			_ = conn.Close()
			return port
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

// A customer comes through a coturn that shares a secret with the server, and through nothing else.
func TestExternalTURN(t *testing.T) {
	port := startCoturn(t)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(externalSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	url := "turn:127.0.0.1:" + port + "?transport="
	e := Start(t, Options{Config: fmt.Sprintf("turn: {external: {urls: [%q, %q], secret_file: %q}}\n", url+"udp", url+"tcp", secret)})
	for _, transport := range []string{"udp", "tcp"} {
		session, err := client.OpenSession(soon(t), e.Base, "demo", e.Origin())
		if err != nil {
			t.Fatal(err)
		}
		var relay []webrtc.ICEServer
		for _, s := range session.ICE {
			for _, u := range s.URLs {
				if u == url+transport {
					relay = append(relay, webrtc.ICEServer{URLs: []string{u}, Username: s.Username, Credential: s.Credential})
				}
			}
			if strings.Contains(s.Username, session.Session) && strings.HasPrefix(s.URLs[0], url) {
				t.Error("others' servers learn which session it is")
			}
		}
		if len(relay) != 1 || len(session.ICE) != 2 {
			t.Fatalf("%s: %d relays, %d servers", transport, len(relay), len(session.ICE))
		}
		c := join(t, e, session, client.Config{Relay: relay})
		pair, err := c.PC.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
		if err != nil || pair == nil || pair.Local.Typ != webrtc.ICECandidateTypeRelay {
			t.Errorf("%s: the pair is %v, %v", transport, pair, err)
		}
	}
}

func TestExternalTURN_Secret(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		secret string
		mode   os.FileMode
		urls   string
		want   string
	}{
		"short":      {"too short", 0o600, "turn:relay.example:3478", "at least 16"},
		"readable":   {externalSecret, 0o644, "turn:relay.example:3478", "chmod 600"},
		"no TURN":    {externalSecret, 0o600, "stun:relay.example:3478", "turn.external.urls"},
		"credential": {externalSecret, 0o600, "turn:me@relay.example", "turn.external.urls"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(dir, strings.ReplaceAll(name, " ", "-"))
			if err := os.WriteFile(file, []byte(c.secret), c.mode); err != nil {
				t.Fatal(err)
			}
			e, err := Launch(t.TempDir(), Options{Config: fmt.Sprintf("turn: {external: {urls: [%q], secret_file: %q}}\n", c.urls, file)})
			if err == nil {
				_ = e.Stop()
				t.Fatal("the server starts")
			}
			if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), c.secret) {
				t.Errorf("it says: %v", err)
			}
		})
	}
}
