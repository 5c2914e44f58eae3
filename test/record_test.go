package test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"

	"vitrine/internal/audit"
	"vitrine/internal/seal"
	"vitrine/internal/wire"
	"vitrine/test/client"
)

// A studio is a server whose demo site may be recorded, with the identity that opens what it recorded.
type studio struct {
	*testing.T
	dir      string
	options  Options
	identity string // a file
}

func newStudio(t *testing.T) *studio {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	st := &studio{T: t, dir: t.TempDir(), identity: filepath.Join(t.TempDir(), "identity.txt")}
	if err := os.WriteFile(st.identity, []byte(identity.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	st.options.Config = fmt.Sprintf(`sites: [{key: demo, name: Demo shop, company: Demo shop, origins: ["http://127.0.0.1:*"], record: {recipients: [%s], retention: 1d}}]`,
		identity.Recipient())
	return st
}

func (st *studio) launch() *Env {
	st.Helper()
	e, err := Launch(st.dir, st.options)
	if err != nil {
		st.Fatal(err)
	}
	st.Cleanup(func() { _ = e.Stop() }) // it may have been killed
	return e
}

// roleToken is one for somebody with a role at the demo site.
func roleToken(t *testing.T, e *Env, subject, role string) string {
	t.Helper()
	text, err := e.Run("token", "agent", "--data", e.Data, "--subject", subject, "--role", role)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func took[F wire.Frame](t *testing.T, c *client.Client, match func(F) bool) F {
	t.Helper()
	f, err := client.Take(soon(t), c, match)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func say(t *testing.T, c *client.Client, f wire.Frame) {
	t.Helper()
	if err := c.Send(f); err != nil {
		t.Fatal(err)
	}
}

// recorded is a session that is being recorded.
func (st *studio) recorded(e *Env) (customer, agent *client.Client, epoch uint32) {
	st.Helper()
	session, _ := openSession(st.T, e)
	redeemed, err := client.RedeemCode(soon(st.T), e.Base, session.Code, e.AgentToken(st, "ada"))
	if err != nil {
		st.Fatal(err)
	}
	customer = join(st.T, e, session, client.Config{})
	agent = join(st.T, e, redeemed, client.Config{Agent: true})
	ask := took(st.T, customer, client.Any[*wire.Ask])
	say(st.T, customer, &wire.Answer{Ask: ask.Ask, Granted: wire.ScopeView})
	epoch = took(st.T, customer, func(f *wire.Share) bool { return f.On }).Epoch + 1
	say(st.T, customer, client.Snapshot(epoch, []byte(pageCanary)))
	took(st.T, agent, func(f *wire.Batch) bool { return f.Snapshot })
	say(st.T, agent, &wire.Request{Scopes: wire.ScopeRecord})
	ask = took(st.T, customer, func(f *wire.Ask) bool { return f.Scopes == wire.ScopeRecord })
	say(st.T, customer, &wire.Answer{Ask: ask.Ask, Granted: wire.ScopeRecord})
	took(st.T, agent, func(f *wire.Scopes) bool { return f.Granted&wire.ScopeRecord != 0 })
	return customer, agent, epoch
}

const pageCanary = "canary-that-was-recorded"

// recordingDir is where the only recording of a server is.
func recordingDir(t *testing.T, e *Env) string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(e.Data, seal.DirName, "*"))
	if err != nil || len(dirs) != 1 {
		t.Fatalf("%d recordings, %v", len(dirs), err)
	}
	return dirs[0]
}

// A server that is killed while it records loses less than five seconds; all before plays, and what is missing is said.
func TestG07_KilledWhileRecording(t *testing.T) {
	st := newStudio(t)
	e := st.launch()
	customer, _, epoch := st.recorded(e)
	// Something changes all the time, so that whatever is lost shows.
	begun := time.Now()
	for seq := uint32(1); time.Since(begun) < 11*time.Second; seq++ {
		say(t, customer, client.SetText(epoch, seq, client.FirstParagraph+1, fmt.Appendf(nil, "text %d", seq)))
		took(t, customer, func(f *wire.Ack) bool { return f.Seq == seq })
	}
	killed := time.Now()
	if err := syscall.Kill(e.Pid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-e.exited
	dir := recordingDir(t, e)
	out, err := e.Run("open", dir, "--identity", st.identity)
	if err == nil || !strings.Contains(out, "the end is missing") {
		t.Errorf("a recording that was cut is taken for whole: %v\n%s", err, out)
	}
	file, err := os.Open(st.identity)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	identities, err := age.ParseIdentities(file)
	if err != nil {
		t.Fatal(err)
	}
	found, err := seal.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := seal.Unseal(found, identities, nil)
	if err != nil || len(opened.Findings) != 1 {
		t.Fatalf("%+v, %v", opened, err)
	}
	lost := killed.Sub(opened.Ended)
	t.Logf("%v lost, %d segments", lost, len(opened.Plain))
	if lost > 5*time.Second {
		t.Errorf("%v were lost", lost)
	}
	e = st.launch()
	if !slices.ContainsFunc(e.Audit(t), func(e audit.Event) bool { return e.Name == "recording.cut" && e.Count == len(opened.Plain) }) {
		t.Error("the log does not say that a recording was cut")
	}
	if err := e.Stop(); err != nil {
		t.Error(err)
	}
}

// fetch calls the API as somebody with a role.
func fetch(t *testing.T, e *Env, method, path, as string) (int, []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(soon(t), method, e.Base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+as)
	r, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, body
}

// A recording from the customer's consent to its end: who may have it, what opens it, what is written down.
func TestG07_ARecordingIsForItsReadersAlone(t *testing.T) {
	st := newStudio(t)
	e := st.launch()
	customer, agent, _ := st.recorded(e)
	var list struct {
		Recordings []struct {
			Recording, Session, Agent string
			Ended                     int64
		}
	}
	for !slices.ContainsFunc(e.Audit(t), func(e audit.Event) bool { return e.Name == "recording.segment" }) {
		time.Sleep(10 * time.Millisecond) // the package's timeout bounds it
	}
	status, body := fetch(t, e, "GET", "/v1/recordings", roleToken(t, e, "rita", "auditor"))
	if err := json.Unmarshal(body, &list); err != nil || status != 200 || len(list.Recordings) != 1 || list.Recordings[0].Ended != 0 {
		t.Fatalf("%d %s, %v", status, body, err)
	}
	id := list.Recordings[0].Recording
	one := "/v1/recordings/" + id
	if status, _ := fetch(t, e, "DELETE", one, roleToken(t, e, "adam", "admin")); status != http.StatusConflict {
		t.Errorf("a recording that goes on is deleted with %d", status)
	}
	say(t, customer, &wire.Revoke{Scopes: wire.ScopeRecord})
	took(t, agent, func(f *wire.Scopes) bool { return f.Granted&wire.ScopeRecord == 0 })
	for !slices.ContainsFunc(e.Audit(t), func(e audit.Event) bool { return e.Name == "recording.sealed" && e.Outcome == "revoked" }) {
		time.Sleep(10 * time.Millisecond) // the package's timeout bounds it
	}
	for role, want := range map[string]int{"agent": 404, "supervisor": 404, "admin": 404, "auditor": 200} {
		if status, _ := fetch(t, e, "GET", one, roleToken(t, e, "somebody", role)); status != want {
			t.Errorf("%s gets %d", role, status)
		}
	}
	_, archive := fetch(t, e, "GET", one, roleToken(t, e, "rita", "auditor"))
	if strings.Contains(string(archive), pageCanary) {
		t.Fatal("the page is in the clear")
	}
	work := t.TempDir()
	tape, log, plain := filepath.Join(work, "tape.tar"), filepath.Join(work, "log.jsonl"), filepath.Join(work, "plain.tar")
	export, err := e.Run("audit", "export", "--data", e.Data)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{tape: archive, log: []byte(export + "\n")} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := e.Run("open", tape, "--identity", st.identity, "--audit", log, "--out", plain)
	if err != nil || !strings.Contains(out, "ended     revoked") || !strings.Contains(out, id) {
		t.Errorf("%v\n%s", err, out)
	}
	if data, err := os.ReadFile(plain); err != nil || !strings.Contains(string(data), pageCanary) {
		t.Errorf("what was opened does not hold the page: %v", err)
	}
	for _, c := range []struct {
		role string
		want int
	}{{"auditor", 404}, {"admin", 204}, {"admin", 404}} {
		if status, _ := fetch(t, e, "DELETE", one, roleToken(t, e, "somebody", c.role)); status != c.want {
			t.Errorf("%s deletes with %d", c.role, status)
		}
	}
	if status, _ := fetch(t, e, "GET", one, roleToken(t, e, "rita", "auditor")); status != 404 {
		t.Errorf("it is still there: %d", status)
	}
	counts := map[string]int{}
	for _, event := range e.Audit(t) {
		if event.Recording == id {
			counts[event.Name+" "+event.Outcome]++
		}
	}
	for what, want := range map[string]int{
		"recording.started allowed": 1, "recording.sealed revoked": 1, "recording.opened allowed": 2, "recording.opened refused": 3,
		"recording.deleted allowed": 1, "recording.deleted refused": 1,
	} {
		if counts[what] != want {
			t.Errorf("%s: %d times in the log, not %d", what, counts[what], want)
		}
	}
	if err := e.Stop(); err != nil {
		t.Error(err)
	}
	searchFor(t, st.dir, pageCanary)
}

// searchFor looks for a text in all files below a directory.
func searchFor(t *testing.T, dir, text string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if finds(data, text) {
			t.Errorf("%s holds what was on the page", filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A server does not start with a key in its configuration that opens what it records.
func TestG07_AnIdentityInTheConfigurationStopsTheStart(t *testing.T) {
	st := newStudio(t)
	identity, err := os.ReadFile(st.identity)
	if err != nil {
		t.Fatal(err)
	}
	for _, config := range []string{
		st.options.Config + "\n# " + string(identity),
		strings.Replace(st.options.Config, "recipients: [", "recipients: ["+strings.TrimSpace(string(identity))+", ", 1),
	} {
		if e, err := Launch(t.TempDir(), Options{Config: config}); err == nil || !strings.Contains(err.Error(), "must never be on this machine") {
			if err == nil {
				err = e.Stop()
			}
			t.Errorf("it started, or said something else: %v", err)
		} else if strings.Contains(err.Error(), strings.TrimSpace(string(identity))) {
			t.Error("the error repeats the key")
		}
	}
}
