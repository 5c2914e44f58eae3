package test

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"

	"vitrine/test/client"
	"vitrine/turn/check"
)

// status is the exit status behind an error of Env.Run.
func status(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return 0
}

// free is an address of this machine that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestTurnCheckPassesOnAGoodServer(t *testing.T) {
	e := Start(t, Options{})
	out, err := e.Run("turn", "check", "--json", e.Base)
	if err != nil {
		t.Fatalf("status %d: %v\n%s", status(err), err, out)
	}
	var report check.Report
	if err := json.Unmarshal([]byte(out), &report); err != nil || !report.Passed {
		t.Fatalf("%v\n%s", err, out)
	}
	steps := map[string]int{}
	for _, s := range report.Steps {
		steps[s.Name]++
		if s.Result == check.Warned || s.Result == check.Failed {
			t.Errorf("%+v", s)
		}
		if s.Name == "echo" && (s.Figures["pongs"] != s.Figures["pings"] || s.Figures["rtt_p50_ms"] <= 0) {
			t.Errorf("%+v", s)
		}
		if s.Name == "throughput" && (s.Figures["checks"] < 100 || s.Figures["up_mbit_s"] <= 0) {
			t.Errorf("%+v", s)
		}
	}
	for name, n := range map[string]int{"allocate": 2, "echo": 2, "refusals": 2, "throughput": 2, "strangers": 1, "direct": 1, "end": 1} {
		if steps[name] != n {
			t.Errorf("%s: %d times, want %d", name, steps[name], n)
		}
	}
}

func TestTurnCheckEndsWithAStatus(t *testing.T) {
	e := Start(t, Options{})
	for _, test := range []struct {
		args []string
		want int
	}{
		{[]string{"turn", "check", "http://" + free(t)}, 1},
		{[]string{"turn", "check", "nonsense"}, 2},
		{[]string{"turn", "check", "--token", "nonsense", e.Base}, 2},
		{[]string{"turn", "sessions", "--admin", free(t)}, 2},
	} {
		if out, err := e.Run(test.args...); status(err) != test.want {
			t.Errorf("%v: %d, want %d: %v %s", test.args, status(err), test.want, err, out)
		}
	}
	token, err := e.Run("token", "check", "--data", e.Data, "--subject", "me")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{http.StatusCreated, http.StatusUnauthorized} {
		body := strings.NewReader(`{"token":"` + token + `"}`)
		r, err := http.Post(e.Base+"/v1/checks", "application/json", body)
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Body.Close()
		if r.StatusCode != want {
			t.Errorf("use %d of a token: %d, want %d", i+1, r.StatusCode, want)
		}
	}
}

func TestTurnSessionsAndKick(t *testing.T) {
	admin := free(t)
	e := Start(t, Options{Flags: []string{"--admin", admin}})
	session, ice := openSession(t, e)
	relay := []webrtc.ICEServer{{URLs: e.Turn[:1], Username: ice.Username, Credential: ice.Credential}}
	join(t, e, session, client.Config{Relay: relay})
	out, err := e.Run("turn", "sessions", "--admin", admin)
	var use struct {
		Session     string
		Allocations int
		BytesUp     uint64 `json:"bytes_up"`
	}
	if err != nil || json.Unmarshal([]byte(out), &use) != nil || use.Session != session.Session || use.Allocations < 1 || use.BytesUp == 0 {
		t.Fatalf("%q, %v", out, err)
	}
	if strings.Contains(out, "127.0.0.1") {
		t.Errorf("addresses are listed: %s", out)
	}
	request, err := http.NewRequest(http.MethodDelete, "http://"+admin+"/turn/sessions/"+session.Session, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Origin", "https://elsewhere.example")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if _ = answer.Body.Close(); answer.StatusCode != http.StatusForbidden {
		t.Errorf("a web page may kick: %d", answer.StatusCode)
	}
	if out, err := e.Run("turn", "kick", session.Session, "--admin", admin); err != nil {
		t.Fatalf("%s %v", out, err)
	}
	if out, err := e.Run("turn", "sessions", "--admin", admin); err != nil || out != "" {
		t.Errorf("after the kick: %q, %v", out, err)
	}
	if _, err := e.Run("turn", "kick", session.Session, "--admin", admin); status(err) != 1 {
		t.Errorf("nothing to kick: %v", err)
	}
}

func TestDoctor(t *testing.T) {
	e := Start(t, Options{})
	dir := t.TempDir()
	file := func(listen, data string) string {
		name := filepath.Join(t.TempDir(), "vitrine.yaml")
		text := "listen: " + listen + "\npublic_address: http://" + listen + "\nudp: 127.0.0.1:0\npublic_ip: 127.0.0.1\ndata: " + data + "\n" +
			"admin: {listen: \"\"}\nsites: [{key: shop, name: Shop, company: Ltd, origins: [\"https://shop.example\"]}]\n"
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	listen := strings.TrimPrefix(e.Base, "http://")
	open := filepath.Join(dir, "open")
	if err := os.Mkdir(open, 0o755); err != nil {
		t.Fatal(err)
	}
	edit := func(name, from, to string) string {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(strings.Replace(string(text), from, to, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	secretless := edit(file(free(t), filepath.Join(dir, "new")), "udp:", "turn: {external: {urls: [\"turn:relay.example\"], secret_file: "+filepath.Join(dir, "none")+"}}\nudp:")
	mapped := edit(file(free(t), filepath.Join(dir, "new")), "udp: 127.0.0.1:0", "udp: \"[::ffff:"+strings.Replace(free(t), ":", "]:", 1)+"\"")
	for name, test := range map[string]struct {
		config string
		want   int
		say    string
	}{
		"running":         {file(listen, e.Data), 0, "held by the running server"},
		"somebody's port": {file(listen, filepath.Join(dir, "new")), 1, "another program has it"},
		"open data":       {file(free(t), open), 1, "open to others"},
		"no such file":    {filepath.Join(dir, "none"), 1, "no such file"},
		"no secret":       {secretless, 1, "turn.external.secret_file"},
		"mapped IPv4":     {mapped, 0, "[::ffff:127.0.0.1]"},
		"nothing started": {file(free(t), filepath.Join(dir, "new")), 0, "is free"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := e.Run("doctor", "--json", "--config", test.config)
			if status(err) != test.want || !strings.Contains(out, test.say) {
				t.Errorf("status %d, want %d: %s", status(err), test.want, out)
			}
		})
	}
}
