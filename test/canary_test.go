package test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
	"vitrine/test/client"
	"vitrine/test/hostile"
	"vitrine/test/page"
)

// spellings are the forms in which a canary could turn up.
func spellings(canary string) (list [][]byte) {
	b := []byte(canary)
	list = append(list, b, []byte(strings.ToUpper(canary)), []byte(hex.EncodeToString(b)))
	// Base64 has three forms, by where the canary starts in it; what depends on neighbours is cut off.
	for shift := range 3 {
		enc := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), b...))
		list = append(list, []byte(enc[(8*shift+5)/6:len(enc)-1]))
	}
	return list
}

// finds says whether text holds a canary in any form.
func finds(text []byte, canaries ...string) bool {
	for _, c := range canaries {
		for _, s := range spellings(c) {
			if bytes.Contains(text, s) {
				return true
			}
		}
	}
	return false
}

// honestWords stand where an honest page, customer and agent have room for content.
const honestWords = "honestcanary9c2e"

// TestCanaries_Finder holds that the search below sees what it looks for.
func TestCanaries_Finder(t *testing.T) {
	for _, prefix := range []string{"", "a", "ab", "abc"} {
		enc := base64.StdEncoding.EncodeToString([]byte(prefix + honestWords + "xyz"))
		if !finds([]byte("log "+enc+" log"), honestWords) {
			t.Errorf("not seen behind %d bytes in base64", len(prefix))
		}
	}
	if !finds([]byte(hex.EncodeToString([]byte("x"+honestWords))), honestWords) || finds([]byte("nothing of it"), honestWords) {
		t.Error("the search does not work")
	}
}

// honestPage fills every kind of place of a page with the canary.
func honestPage(b *page.Builder) {
	b.Snapshot()
	b.Page(0, "https://shop.example/"+honestWords, "Shop "+honestWords)
	b.Into(0)
	b.Tag("html", "lang", honestWords)
	b.Tag("body", "class", honestWords, "id", honestWords, "style", "--x: "+honestWords+"; font-family: "+honestWords)
	b.Tag("a", "href", "https://"+honestWords+".example/", "title", honestWords, "data-"+honestWords, honestWords, "aria-label", honestWords)
	b.Text(honestWords)
	b.End()
	b.Elem(page.Code("input"), "", nil, page.Live{Kind: wire.LiveValue, Text: honestWords})
	b.End()
	b.Elem(1, "x-"+honestWords, nil)
	b.End()
	b.End()
	b.End()
	b.End()
}

// TestCanaries holds that nothing of what anybody sends gets into a log, a file, a metric or the answer to a bad request:
// an honest session with a canary in every place that has room for one, every attack of the tests, frames that are none,
// and requests with a canary in each of their parts.
func TestCanaries(t *testing.T) {
	e := Start(t, Options{Flags: []string{"--admin", "127.0.0.1:0"}})
	honestSession(t, e)
	hostileSessions(t, e)
	greetings(t, e)
	answers := badRequests(t, e)
	admin := regexp.MustCompile(`"admin listener","address":"([0-9.:]+)"`).FindStringSubmatch(e.Log())
	if admin == nil {
		t.Fatal("the log does not say where metrics are")
	}
	_, _, metrics := get(t, "http://"+admin[1]+"/metrics")
	if err := e.Stop(); err != nil {
		t.Fatal(err)
	}
	if len(metrics) < 100 || len(e.Log()) < 100 || len(answers) < 20 {
		t.Fatalf("%d bytes of metrics, %d of the log, %d answers: there is nothing to search", len(metrics), len(e.Log()), len(answers))
	}
	for name, text := range answers {
		if finds(text, canary, honestWords) {
			t.Errorf("a canary is in the answer to %s", name)
		}
	}
	if finds(metrics, canary, honestWords) {
		t.Error("a canary is in the metrics")
	}
	if finds([]byte(e.Log()), canary, honestWords) {
		t.Error("a canary is in the log")
	}
	searchFiles(t, e.Data)
}

// searchFiles looks through everything that the server has written, names of files included.
func searchFiles(t *testing.T, dir string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		files++
		if finds(data, canary, honestWords) || finds([]byte(entry.Name()), canary, honestWords) {
			t.Errorf("a canary is in %s", entry.Name())
		}
		return nil
	})
	if err != nil || files < 2 {
		t.Fatalf("%d files were searched: %v", files, err)
	}
}

// honestSession goes through a session in which everybody says the canary, and sees it arrive.
func honestSession(t *testing.T, e *Env) {
	t.Helper()
	s := share(t, e, e.AgentToken(t, "ada"))
	honestPage(s.page)
	s.send(s.page.Batch())
	got, err := client.Take(soon(t), s.agent, client.Any[*wire.Batch])
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(got.AppendTo(nil), []byte(honestWords)) {
		t.Fatal("the page did not arrive: there would be nothing to leak")
	}
	sheet := []byte("." + honestWords + " { color: red }")
	hash := wire.Hash(sha256.Sum256(sheet))
	s.send(&wire.Offer{Asset: 7, Kind: wire.AssetSheet, Hash: hash, Size: uint32(len(sheet))})
	s.send(&wire.Chunk{Hash: hash, Count: 1, Data: sheet})
	broken := []byte("\x89PNG\r\n\x1a\n" + honestWords)
	s.send(&wire.Offer{Asset: 8, Kind: wire.AssetImage, Hash: sha256.Sum256(broken), Size: uint32(len(broken))})
	s.send(&wire.Chunk{Hash: sha256.Sum256(broken), Count: 1, Data: broken})
	s.send(&wire.Say{Text: []byte("<b>" + honestWords + "</b>")})
	if _, err := client.Take(soon(t), s.agent, client.Any[*wire.Said]); err != nil {
		t.Fatal(err)
	}
	agent := func(f wire.Frame) {
		if err := s.agent.Send(f); err != nil {
			t.Fatal(err)
		}
	}
	agent(&wire.Request{Scopes: wire.ScopeControl})
	ask, err := client.Take(soon(t), s.customer, func(f *wire.Ask) bool { return f.Scopes&wire.ScopeType != 0 })
	if err != nil {
		t.Fatal(err)
	}
	s.send(&wire.Answer{Ask: ask.Ask, Granted: ask.Scopes})
	if _, err := client.Take(soon(t), s.agent, func(f *wire.Scopes) bool { return f.Granted&wire.ScopeType != 0 }); err != nil {
		t.Fatal(err)
	}
	for node := range wire.NodeID(8) { // into the control, and into what is none
		agent(&wire.TypeText{Epoch: 1, Node: node, Text: []byte(honestWords)})
		agent(&wire.SetValue{Epoch: 1, Node: node, Value: []byte(honestWords)})
	}
	if _, err := client.Take(soon(t), s.customer, client.Any[*wire.TypeText]); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Take(soon(t), s.agent, client.Any[*wire.Refused]); err != nil {
		t.Fatal(err)
	}
	s.send(&wire.Receipt{Seq: 1, From: 1, Rule: honestWords})
	agent(&wire.End{})
	if _, err := client.Take(soon(t), s.customer, func(f *wire.State) bool { return f.State == wire.StateEnded }); err != nil {
		t.Fatal(err)
	}
}

// hostileSessions send every attack and every kind of garbage, each until the server has had enough.
func hostileSessions(t *testing.T, e *Env) {
	t.Helper()
	ended := func(f *wire.State) bool { return f.State == wire.StateEnded }
	for name, attack := range hostile.Attacks {
		s := share(t, e, e.AgentToken(t, "ada"))
		for range 3 {
			s.open()
			s.send(s.page.Batch())
			s.page.NoTable = true
			s.page.Update(false)
			attack(s.page)
			s.send(s.page.Batch())
			epoch := s.page.Batch().Epoch
			if _, err := client.Take(soon(t), s.customer, func(f *wire.Resync) bool { return f.Epoch >= epoch }); err != nil {
				if _, over := client.Take(soon(t), s.customer, ended); over != nil {
					t.Fatalf("%s: %v", name, err)
				}
				break
			}
		}
		s.close()
	}
	words := []byte(canary)
	for _, role := range []string{"customer", "agent"} {
		for ch := range wire.Channel(5) {
			for _, kind := range []byte{0, 1, 3} {
				s := share(t, e, e.AgentToken(t, "ada"))
				who := s.customer
				if role == "agent" {
					who = s.agent
				}
				for range 3 {
					// What the channel does not take ends the connection meanwhile, and that is as good.
					if who.SendMessage(ch, append([]byte{kind}, words...)) != nil {
						break
					}
				}
				<-who.Closed()
				s.close()
			}
		}
	}
}

// greetings are Hellos whose name of the software is the canary, one of them of another version.
func greetings(t *testing.T, e *Env) {
	t.Helper()
	for version := range uint32(2) {
		session, err := client.OpenSession(soon(t), e.Base, "demo", e.Origin())
		if err != nil {
			t.Fatal(err)
		}
		c, err := client.Connect(soon(t), client.Config{}, client.DialHTTP(e.Base, session, e.Origin()))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Send(&wire.Hello{Protocol: wire.ProtocolVersion + version, Table: vocab.Version, Client: honestWords}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.Take(soon(t), c, client.Any[*wire.State]); err != nil {
			t.Fatal(err)
		}
		_ = c.Close()
	}
}

// badRequests sends requests with a canary in each of their parts, and gives the answers.
func badRequests(t *testing.T, e *Env) map[string][]byte {
	t.Helper()
	answers := map[string][]byte{}
	ask := func(method, path, body string, header ...string) {
		r, err := http.NewRequestWithContext(soon(t), method, e.Base+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode < 400 {
			t.Errorf("%s %d was answered with %d", method, len(answers), answer.StatusCode)
		}
		for key, values := range answer.Header {
			text = append(text, key+": "+strings.Join(values, ",")+"\n"...)
		}
		name := method + " " + strings.ReplaceAll(path, canary, "…") + " " + strings.ReplaceAll(strings.Join(header, " "), canary, "…")
		answers[name+" "+strings.ReplaceAll(body, canary, "…")] = text
	}
	const asJSON = "application/json"
	session, _ := openSession(t, e)
	for _, body := range []string{
		canary, `{"siteKey":"` + canary + `"}`, `{"` + canary + `":1}`, `{"siteKey":"demo","` + canary + `":1}`, `{"token":"` + canary + `"}`,
		`{"siteKey":"demo","__proto__":"` + canary + `"}`, `{"siteKey":"` + canary, `{"siteKey":["` + canary + `"]}`,
	} {
		ask("POST", "/v1/sessions", body, "Content-Type", asJSON, "Origin", e.Origin())
	}
	ask("POST", "/v1/sessions", `{"siteKey":"demo"}`, "Content-Type", asJSON, "Origin", "https://"+canary+".example")
	ask("POST", "/v1/sessions", `{"siteKey":"demo"}`, "Content-Type", "text/"+canary, "Origin", e.Origin())
	for _, path := range []string{"/v1/sessions/" + canary + "/code", "/v1/codes/" + canary, "/v1/login", "/v1/sessions/" + canary + "/preview",
		"/v1/sessions/" + session.Session + "/connections", "/v1/connections/" + canary} {
		for _, auth := range []string{"Bearer " + canary, canary, "Bearer " + canary + "." + canary + "." + canary} {
			ask("POST", path, canary, "Authorization", auth, "Content-Type", "application/sdp", "Origin", e.Origin())
		}
	}
	for _, path := range []string{"/" + canary, "/v1/" + canary, "/problems/" + canary, "/v1/me?" + canary, "/%63anary" + canary, "/..%2f" + canary} {
		ask("GET", path, "", "Cookie", canary+"="+canary, "User-Agent", canary, "Referer", "https://"+canary+"/", "X-Forwarded-For", canary)
	}
	ask("DELETE", "/v1/sessions/"+canary, "", "Authorization", "Bearer "+canary)
	return answers
}
