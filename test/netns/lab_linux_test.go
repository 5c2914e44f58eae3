package netns

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vitrine/test"
)

// sides are the namespaces: each one's addresses, and what the router sends there.
var sides = []struct {
	name, v4, v6 string
	routes       []string
}{
	{"customer", "10.1.0.2", "fd01::2", []string{"10.1.0.0/16", "fd01::/64"}},
	{"agent", "10.2.0.2", "fd02::2", []string{"10.2.0.0/16", "fd02::/64"}},
	{"server", "10.3.0.2", "fd03::2", []string{"10.3.0.0/16", "fd03::/64"}},
}

const configuration = `
listen: 10.3.0.2:443
public_address: https://10.3.0.2
public_ip: [10.3.0.2, "fd03::2"]
tls: {certificate: "DIR/cert.pem", key: "DIR/key.pem"}
udp: ["0.0.0.0:4433", "[::]:4433"]
ice_tcp: "[::]:4434"
turn: {udp: "10.3.0.2:3478", tcp: "10.3.0.2:3478", host: 10.3.0.2}
admin: {listen: ""}
sites:
  - {key: shop, name: Shop, company: Shop, origins: [https://shop.example, https://10.3.0.2]}
`

// lab is the three namespaces, the router between them, and a server.
type lab struct {
	t    *testing.T
	dir  string
	box  *box
	data string
	bin  string
}

func ip(args ...string) error {
	out, err := exec.Command("ip", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}

// space is the full name of a namespace: processes of this test may run side by side.
func space(name string) string { return fmt.Sprintf("vt%d-%s", os.Getpid(), name) }

// newLab skips where namespaces or TUN devices are not allowed.
func newLab(t *testing.T) *lab {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("network namespaces need root")
	}
	l := &lab{t: t, dir: t.TempDir(), box: &box{}}
	for _, s := range sides {
		if err := ip("netns", "add", space(s.name)); err != nil {
			t.Skipf("network namespaces are not allowed here: %v", err)
		}
		t.Cleanup(func() { _ = ip("netns", "del", space(s.name)) })
		tun, err := openTUN(space(s.name))
		if err != nil {
			t.Skipf("TUN devices are not allowed here: %v", err)
		}
		t.Cleanup(func() { _ = tun.Close() })
		c := &cable{name: s.name, tun: tun, queue: make(chan parcel, 4096)}
		for _, route := range s.routes {
			c.routes = append(c.routes, netip.MustParsePrefix(route))
		}
		l.box.cables = append(l.box.cables, c)
		for _, args := range [][]string{
			{"link", "set", "lo", "up"},
			{"link", "set", "tun0", "up"},
			{"addr", "add", s.v4 + "/32", "dev", "tun0"},
			{"-6", "addr", "add", s.v6 + "/128", "dev", "tun0", "nodad"},
			{"route", "add", "default", "dev", "tun0"},
			{"-6", "route", "add", "default", "dev", "tun0"},
		} {
			if err := ip(append([]string{"-n", space(s.name)}, args...)...); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range l.box.cables {
		go l.box.run(c)
	}
	l.serve()
	return l
}

// openTUN makes the device tun0 of a namespace. A thread that was in another namespace ends with its goroutine.
func openTUN(name string) (*os.File, error) {
	type result struct {
		file *os.File
		err  error
	}
	done := make(chan result)
	go func() {
		runtime.LockOSThread()
		file, err := func() (*os.File, error) {
			at, err := os.Open("/run/netns/" + name)
			if err != nil {
				return nil, err
			}
			defer at.Close()
			if err := unix.Setns(int(at.Fd()), unix.CLONE_NEWNET); err != nil {
				return nil, err
			}
			fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
			if err != nil {
				return nil, err
			}
			request, err := unix.NewIfreq("tun0")
			if err != nil {
				return nil, err
			}
			request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
			if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
				return nil, errors.Join(err, unix.Close(fd))
			}
			return os.NewFile(uintptr(fd), "tun0"), nil
		}()
		done <- result{file, err}
	}()
	r := <-done
	return r.file, r.err
}

// serve starts the real server in its namespace.
func (l *lab) serve() {
	l.t.Helper()
	var err error
	if l.bin, err = test.Binary(); err != nil {
		l.t.Fatal(err)
	}
	l.certificate()
	l.data = filepath.Join(l.dir, "data")
	file := filepath.Join(l.dir, "vitrine.yaml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(configuration, "DIR", l.dir)), 0o600); err != nil {
		l.t.Fatal(err)
	}
	p := l.start("server", nil, l.bin, "serve", "--json", "--config", file, "--data", l.data)
	p.await("{", 30*time.Second)
}

// certificate makes one that the people trust, and nobody else.
func (l *lab) certificate() {
	l.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		l.t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(10, 3, 0, 2)},
		BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		l.t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		l.t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(l.dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			l.t.Fatal(err)
		}
	}
}

// process is a program inside a namespace, and the lines that it prints.
type process struct {
	t     *testing.T
	name  string
	stdin io.WriteCloser

	mu    sync.Mutex
	lines []line
	more  chan struct{}
	ended bool
}

type line struct {
	text string
	at   time.Time
}

// start starts a program that ends with the test.
func (l *lab) start(side string, env []string, args ...string) *process {
	l.t.Helper()
	cmd := exec.Command("ip", append([]string{"netns", "exec", space(side)}, args...)...)
	cmd.Env = append(os.Environ(), append(env, "SSL_CERT_FILE="+filepath.Join(l.dir, "cert.pem"))...)
	return l.run(side, cmd)
}

// run starts a program and reads its lines.
func (l *lab) run(side string, cmd *exec.Cmd) *process {
	l.t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p := &process{t: l.t, name: side, more: make(chan struct{})}
	var err error
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		l.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		l.t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			p.add(lines.Text())
		}
		p.mu.Lock()
		p.ended = true
		close(p.more)
		p.mu.Unlock()
	}()
	l.t.Cleanup(func() {
		_ = p.stdin.Close() // tells people that it is over
		if side == "server" {
			_ = cmd.Process.Signal(syscall.SIGTERM)
		}
		select {
		case <-read:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
		}
		_ = cmd.Wait() // it was told to end
		if l.t.Failed() {
			l.t.Logf("%s: %s", side, p.log())
		}
	})
	return p
}

func (p *process) add(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, line{text, time.Now()})
	close(p.more)
	p.more = make(chan struct{})
}

// log is what it printed, without the changes that were seen.
func (p *process) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b strings.Builder
	for _, l := range p.lines {
		if !strings.HasPrefix(l.text, "seen ") {
			fmt.Fprintln(&b, l.text)
		}
	}
	return b.String()
}

// find waits for a line that matches.
func (p *process) find(within time.Duration, what string, match func(line) bool) line {
	p.t.Helper()
	deadline := time.After(within)
	for {
		p.mu.Lock()
		i, more, ended := slices.IndexFunc(p.lines, match), p.more, p.ended
		var found line
		if i >= 0 {
			found = p.lines[i]
		}
		p.mu.Unlock()
		if i >= 0 {
			return found
		}
		if ended {
			p.t.Fatalf("%s ended before %s", p.name, what)
		}
		select {
		case <-more:
		case <-deadline:
			p.t.Fatalf("%s: no %s within %v", p.name, what, within)
		}
	}
}

// await waits for a line that begins so, and gives the rest.
func (p *process) await(prefix string, within time.Duration) string {
	p.t.Helper()
	found := p.find(within, fmt.Sprintf("%q", prefix), func(l line) bool { return strings.HasPrefix(l.text, prefix) })
	return strings.TrimSpace(strings.TrimPrefix(found.text, prefix))
}

// token is one of an agent.
func (l *lab) token() string {
	l.t.Helper()
	out, err := exec.Command(l.bin, "token", "agent", "--data", l.data, "--subject", "ada", "--name", "Ada", "--site", "shop").Output()
	if err != nil {
		l.t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
