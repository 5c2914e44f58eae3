package test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"vitrine/internal/store"
	"vitrine/internal/wire"
	"vitrine/test/client"
)

func get(t *testing.T, address string) (int, http.Header, []byte) {
	t.Helper()
	c := http.Client{Timeout: patience}
	r, err := c.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, r.Header, body
}

func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func TestServePrintsWhereEverythingIs(t *testing.T) {
	e := Start(t, Options{})
	for name, address := range map[string]string{"base": e.Base, "console": e.Console, "demo": e.Demo} {
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "http" || u.Hostname() != "127.0.0.1" || u.Port() == "" || u.Port() == "0" {
			t.Errorf("%s: %s", name, address)
		}
		if status, _, _ := get(t, address); status != 200 {
			t.Errorf("%s: %d", name, status)
		}
	}
	if len(e.Turn) != 2 || !strings.HasSuffix(e.Turn[0], "?transport=udp") || !strings.HasSuffix(e.Turn[1], "?transport=tcp") {
		t.Errorf("turn: %q", e.Turn)
	}
	if !regexp.MustCompile(`^127\.0\.0\.1:[1-9][0-9]*$`).MatchString(e.UDP) {
		t.Errorf("udp: %q", e.UDP)
	}
	_, token, ok := strings.Cut(e.Console, "/console/#token=")
	if !ok {
		t.Fatalf("console: %s", e.Console)
	}
	login := func() int {
		r, err := http.Post(e.Base+"/v1/login", "application/json", strings.NewReader(fmt.Sprintf(`{"token":%q}`, token)))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		return r.StatusCode
	}
	if first, second := login(), login(); first != 204 || second != 401 {
		t.Errorf("the printed token signs in with %d, then %d", first, second)
	}
	if status, _, _ := get(t, e.Base+"/metrics"); status != 404 {
		t.Errorf("/metrics is public: %d", status)
	}
}

// A session through the real binary: direct, and through each TURN transport alone.
func TestServeCarriesASession(t *testing.T) {
	e := Start(t, Options{})
	paths := map[string][]string{"direct": nil, "turn udp": e.Turn[:1], "turn tcp": e.Turn[1:]}
	for name, urls := range paths {
		t.Run(name, func(t *testing.T) {
			session, ice := openSession(t, e)
			agent, err := client.RedeemCode(soon(t), e.Base, session.Code, e.AgentToken(t, "ada"))
			if err != nil {
				t.Fatal(err)
			}
			var relay []webrtc.ICEServer
			if urls != nil {
				relay = []webrtc.ICEServer{{URLs: urls, Username: ice.Username, Credential: ice.Credential}}
			}
			customer := join(t, e, session, client.Config{Relay: relay})
			console := join(t, e, agent, client.Config{Agent: true})
			ask, err := client.Take(soon(t), customer, client.Any[*wire.Ask])
			if err != nil {
				t.Fatal(err)
			}
			if len(ask.Name) == 0 || ask.Scopes != wire.ScopeView {
				t.Errorf("asked: %+v", ask)
			}
			if err := customer.Send(&wire.Answer{Ask: ask.Ask, Granted: wire.ScopeView}); err != nil {
				t.Fatal(err)
			}
			share, err := client.Take(soon(t), customer, func(f *wire.Share) bool { return f.On })
			if err != nil {
				t.Fatal(err)
			}
			if err := customer.Send(client.Snapshot(share.Epoch+1, []byte("hello"))); err != nil {
				t.Fatal(err)
			}
			if _, err := client.Take(soon(t), console, func(f *wire.Batch) bool { return f.Snapshot }); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// An iceServer is an entry of the "ice" list.
type iceServer struct {
	URLs                 []string
	Username, Credential string
}

func openSession(t *testing.T, e *Env) (client.Session, iceServer) {
	t.Helper()
	request, err := http.NewRequestWithContext(soon(t), "POST", e.Base+"/v1/sessions", strings.NewReader(`{"siteKey":"demo"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header = http.Header{"Origin": {e.Origin()}, "Content-Type": {"application/json"}}
	r, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var got struct {
		client.Session
		ICE []iceServer `json:"ice"`
	}
	if err := json.NewDecoder(r.Body).Decode(&got); err != nil || r.StatusCode != 201 || len(got.ICE) != 1 {
		t.Fatalf("%d %+v, %v", r.StatusCode, got, err)
	}
	if !slices.Equal(got.ICE[0].URLs, e.Turn) {
		t.Errorf("ICE servers %q, printed %q", got.ICE[0].URLs, e.Turn)
	}
	return got.Session, got.ICE[0]
}

func join(t *testing.T, e *Env, s client.Session, c client.Config) *client.Client {
	t.Helper()
	origin := e.Origin()
	if c.Agent {
		origin = ""
	}
	joined, err := client.Connect(soon(t), c, client.DialHTTP(e.Base, s, origin))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = joined.Close() })
	if err := joined.Hello(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Take(soon(t), joined, client.Any[*wire.Welcome]); err != nil {
		t.Fatal(err)
	}
	return joined
}

func TestServeEndsSessionsOnSIGTERM(t *testing.T) {
	e := Start(t, Options{})
	session, _ := openSession(t, e)
	customer := join(t, e, session, client.Config{})
	begin := time.Now()
	if err := e.Stop(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
	end, err := client.Take(soon(t), customer, func(f *wire.State) bool { return f.State == wire.StateEnded })
	if err != nil || end.Reason != wire.EndServer {
		t.Errorf("the customer was told %+v, %v", end, err)
	}
	var last string
	for _, event := range e.Audit(t) {
		if event.Session == session.Session {
			last = event.Name + " " + event.Outcome
		}
	}
	if last != "session.ended server" {
		t.Errorf("the audit log's last word on the session is %q", last)
	}
}

func TestServeTakesTimesFromTheConfiguration(t *testing.T) {
	e := Start(t, Options{Config: "session: {resume_grace: 300ms}\n"})
	session, _ := openSession(t, e)
	agentSide, err := client.RedeemCode(soon(t), e.Base, session.Code, e.AgentToken(t, "ada"))
	if err != nil {
		t.Fatal(err)
	}
	customer := join(t, e, session, client.Config{})
	agent := join(t, e, agentSide, client.Config{Agent: true})
	if _, err := client.Take(soon(t), customer, client.Any[*wire.Ask]); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if err := customer.Close(); err != nil {
		t.Fatal(err)
	}
	end, err := client.Take(soon(t), agent, func(f *wire.State) bool { return f.State == wire.StateEnded })
	if err != nil || end.Reason != wire.EndCustomerGone {
		t.Fatalf("%+v, %v", end, err)
	}
	if took := time.Since(begin); took > 15*time.Second {
		t.Errorf("the default grace of 2 minutes seems to hold: %v", took)
	}
}

func TestServeSaysWhatIsWrong(t *testing.T) {
	e := Start(t, Options{})
	dir := t.TempDir()
	file := func(text string) string {
		name := filepath.Join(dir, "vitrine.yaml")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	busy := strings.TrimPrefix(e.Base, "http://")
	turnUDP := strings.TrimSuffix(strings.TrimPrefix(e.Turn[0], "turn:"), "?transport=udp")
	dev := []string{"serve", "--dev", "--data", filepath.Join(dir, "d"), "--listen", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--turn-udp", "", "--turn-tcp", ""}
	for want, flags := range map[string][]string{
		"in use by another program: stop that one, or choose another port with --listen": {"--listen", busy},
		"choose another port with --udp":                                                 {"--udp", e.UDP},
		"choose another port with --turn-udp":                                            {"--turn-udp", turnUDP},
		"--dev is for this machine only":                                                 {"--listen", "0.0.0.0:0"},
		"udp: --dev is for this machine only":                                            {"--udp", "192.0.2.1:1"},
		"turn.tcp: --dev is for this machine only":                                       {"--turn-tcp", "0.0.0.0:0"},
		"listen: must be an IP address with a port":                                      {"--listen", "8080"},
		"admin.listen: must be a loopback address":                                       {"--admin", "0.0.0.0:1"},
		"no such file": {"--config", filepath.Join(dir, "none.yaml")},
		"line 2: key \"agent_awya\" is not known": {"--config", file("session:\n  agent_awya: 2m\n")},
	} {
		out, err := e.Run(append(slices.Clone(dev), flags...)...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %q, %v, want %q", flags, out, err, want)
		}
	}
}

func TestServeHasMetricsOnTheAdminListenerOnly(t *testing.T) {
	e := Start(t, Options{Flags: []string{"--admin", "127.0.0.1:0"}})
	openSession(t, e)
	match := regexp.MustCompile(`"admin listener","address":"([0-9.:]+)"`).FindStringSubmatch(e.Log())
	if match == nil {
		t.Fatalf("the log does not say where: %s", e.Log())
	}
	status, _, body := get(t, "http://"+match[1]+"/metrics")
	if status != 200 || !bytes.Contains(body, []byte(`vitrine_sessions{state="waiting"} 1`)) {
		t.Errorf("metrics: %d %.300s", status, body)
	}
	if status, _, _ := get(t, "http://"+match[1]+"/readyz"); status != 200 {
		t.Errorf("readyz: %d", status)
	}
	if status, _, _ := get(t, e.Base+"/metrics"); status != 404 {
		t.Errorf("public: %d", status)
	}
}

func TestTokenCommands(t *testing.T) {
	e := Start(t, Options{})
	site, err := e.Run("token", "customer", "--data", e.Data, "--site", "demo", "--subject", "customer-4711")
	if err != nil {
		t.Fatal(err)
	}
	start := func() int {
		request, err := http.NewRequestWithContext(soon(t), "POST", e.Base+"/v1/sessions", strings.NewReader(fmt.Sprintf(`{"token":%q}`, site)))
		if err != nil {
			t.Fatal(err)
		}
		request.Header = http.Header{"Origin": {e.Origin()}, "Content-Type": {"application/json"}}
		r, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		return r.StatusCode
	}
	if first, second := start(), start(); first != 201 || second != 401 {
		t.Errorf("a site token starts a session with %d, then %d", first, second)
	}
	session, _ := openSession(t, e)
	own, err := e.Run("token", "customer", "--data", e.Data, "--session", session.Session, "--subject", "customer-1")
	if err != nil {
		t.Fatal(err)
	}
	session.Token = own
	join(t, e, session, client.Config{})
	for want, args := range map[string][]string{
		"data directory":  {"token", "agent", "--data", filepath.Join(e.Data, "none"), "--subject", "a"},
		"holds no key":    {"token", "agent", "--data", t.TempDir(), "--subject", "a"},
		"\"subject\" not": {"token", "agent", "--data", e.Data},
		"ten minutes":     {"token", "agent", "--data", e.Data, "--subject", "a", "--ttl", "11m"},
	} {
		if out, err := e.Run(args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q, %v", args, out, err)
		}
	}
	if out, err := e.Run("version"); err != nil || !strings.HasPrefix(out, "vitrine ") {
		t.Errorf("version: %q, %v", out, err)
	}
}

// The log holds no address of anybody and nothing that signs in.
func TestLogAndDataHoldNoSecrets(t *testing.T) {
	e := Start(t, Options{})
	session, ice := openSession(t, e)
	token := e.AgentToken(t, "ada")
	if _, err := client.RedeemCode(soon(t), e.Base, session.Code, token); err != nil {
		t.Fatal(err)
	}
	get(t, e.Base+"/v1/me?token="+token)
	if err := e.Stop(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(e.Data, store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range map[string]string{"log": e.Log(), "audit log": string(data)} {
		for what, secret := range map[string]string{
			"an agent's token": token, "a customer's token": session.Token, "a code": `"` + session.Code + `"`,
			"a TURN password": ice.Credential, "an address": "127.0.0.1",
		} {
			if strings.Contains(text, secret) {
				t.Errorf("the %s holds %s", where, what)
			}
		}
	}
}

func TestServeLeavesNoCoreDumps(t *testing.T) {
	e := Start(t, Options{})
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", e.Pid()))
	if err != nil {
		t.Skipf("no /proc here: %v", err)
	}
	if !regexp.MustCompile(`Max core file size\s+0\s+0\s`).Match(limits) {
		t.Errorf("core dumps are on:\n%s", limits)
	}
}
