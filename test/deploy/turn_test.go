package deploy

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"vitrine/test"
	"vitrine/turn/check"
)

const patience = time.Minute

// blocks are the code blocks of a document by their mark: "sh deploy-settings" is marked deploy-settings.
func blocks(t *testing.T, name string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../docs", name))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, m := range regexp.MustCompile("(?ms)^```sh (deploy-[a-z]+)\n(.*?)^```$").FindAllStringSubmatch(string(data), -1) {
		found[m[1]] += m[2]
	}
	return found
}

// ports are ports of this machine that nobody listens on, by TCP and UDP.
func ports(t *testing.T, n int) (list []int) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		list = append(list, l.Addr().(*net.TCPAddr).Port)
	}
	return list
}

var setting = regexp.MustCompile(`(?m)^export ([A-Z]+)=`)

// The document alone, on a clean directory, with another authority, name and ports: a server with TLS that passes its own
// checks.
func TestFollowingTURNGivesAServerThatWorks(t *testing.T) {
	t.Parallel()
	parts := blocks(t, "TURN.md")
	free := ports(t, 2)
	authority := startPebble(t, free[0], 90*24*time.Hour)
	dir := t.TempDir()
	values := map[string]string{
		"NAME": "localhost", "ADDRESS": "127.0.0.1", "PORT": fmt.Sprint(free[0]), "ADMIN": fmt.Sprintf("127.0.0.1:%d", free[1]),
		"DIR": filepath.Join(dir, "vitrine"), "DIRECTORY": authority.directory,
	}
	// The test gives each setting of the document another value, and no more.
	var names []string
	for _, m := range setting.FindAllStringSubmatch(parts["deploy-settings"], -1) {
		names = append(names, m[1])
		if values[m[1]] == "" {
			t.Fatalf("%s is set in the document and not here", m[1])
		}
	}
	if len(names) != len(values) {
		t.Fatalf("the document sets %v", names)
	}
	binary, err := test.Binary()
	if err != nil {
		t.Fatal(err)
	}
	tools := filepath.Join(dir, "bin")
	if err := os.Mkdir(tools, 0o700); err != nil {
		t.Fatal(err)
	}
	if binary, err = filepath.Abs(binary); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(binary, filepath.Join(tools, "vitrine")); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "PATH="+tools+":"+os.Getenv("PATH"), "SSL_CERT_FILE="+authority.roots)
	for name, value := range values {
		env = append(env, name+"="+value)
	}
	shell := func(ctx context.Context, script string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, "sh", "-euc", script)
		cmd.Env, cmd.Dir = env, dir
		return cmd
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	run := func(part string) string {
		t.Helper()
		if parts[part] == "" {
			t.Fatalf("the document has no block %s", part)
		}
		out, err := shell(ctx, parts[part]).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", part, err, out)
		}
		return string(out)
	}
	run("deploy-configure")
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	server := shell(t.Context(), "exec "+strings.TrimSpace(parts["deploy-run"]))
	server.Stdout, server.Stderr = log, log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGTERM) // it may have ended
		_ = server.Wait()
		if text, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("log of the server:\n%s", text)
		}
		_ = log.Close()
	})
	if !awaitLog(ctx, log.Name(), "certificate obtained") {
		t.Fatal("no certificate came")
	}
	out := run("deploy-check")
	for _, want := range []string{"ok       certificate", "ok       alpn", "ok       echo turns:localhost:", "ok       refusals turns:localhost:", "ok       end"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
	if strings.Contains(out, "failed ") {
		t.Errorf("a finding:\n%s", out)
	}
	info, err := os.Stat(filepath.Join(values["DIR"], "data", "acme"))
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("the certificate's keys are not the owner's alone: %v, %v", info, err)
	}
	report := check.Report{}
	token, err := shell(ctx, `vitrine token check --data "$DIR/data" --subject test`).Output()
	if err != nil {
		t.Fatal(err)
	}
	text, err := shell(ctx, fmt.Sprintf(`vitrine turn check --json --token %s "https://$NAME:$PORT"`, strings.TrimSpace(string(token)))).Output()
	if err != nil || json.Unmarshal(text, &report) != nil || !report.Passed {
		t.Errorf("%v\n%s", err, text)
	}
	if !slices.ContainsFunc(report.Steps, func(s check.Step) bool { return s.Name == "direct" && s.Result == check.Passed }) {
		t.Errorf("no direct way:\n%s", text)
	}
}

func awaitLog(ctx context.Context, name, text string) bool {
	for ctx.Err() == nil {
		if data, err := os.ReadFile(name); err == nil && strings.Contains(string(data), text) {
			return true
		}
		time.Sleep(50 * time.Millisecond)
	}
	return false
}
