package test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vitrine/turn/check"
)

// machine is what doctor is to look at: a good configuration in a folder of its own, of which a test spoils one thing.
type machine struct {
	*testing.T
	dir                             string
	listen, public, udp, data, more string
}

func newMachine(t *testing.T) *machine {
	m := &machine{T: t, dir: t.TempDir(), listen: free(t), udp: "127.0.0.1:0"}
	m.public, m.data = "http://"+m.listen, filepath.Join(m.dir, "data")
	if err := os.Mkdir(m.data, 0o700); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *machine) write() (config string) {
	config = filepath.Join(m.dir, "vitrine.yaml")
	text := "listen: " + m.listen + "\npublic_address: " + m.public + "\nudp: " + m.udp + "\npublic_ip: 127.0.0.1\ndata: " + m.data + "\n" +
		"admin: {listen: \"\"}\nsites: [{key: shop, name: Shop, company: Ltd, origins: [\"https://shop.example\"]}]\n" + m.more
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		m.Fatal(err)
	}
	return config
}

// certificate has the server use a certificate for this machine that is good until then.
func (m *machine) certificate(until time.Time) (file string) {
	m.Helper()
	var keys [2]*ecdsa.PrivateKey
	for i := range keys {
		var err error
		if keys[i], err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			m.Fatal(err)
		}
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: until.Add(-90 * 24 * time.Hour), NotAfter: until, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &keys[0].PublicKey, keys[0])
	if err != nil {
		m.Fatal(err)
	}
	m.public = "https://" + m.listen
	m.more = "tls: {certificate: " + filepath.Join(m.dir, "cert.pem") + ", key: " + filepath.Join(m.dir, "key.pem") + "}\n"
	files := map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}}
	for i, name := range []string{"key.pem", "other.pem"} {
		data, err := x509.MarshalPKCS8PrivateKey(keys[i])
		if err != nil {
			m.Fatal(err)
		}
		files[name] = &pem.Block{Type: "PRIVATE KEY", Bytes: data}
	}
	for name, block := range files {
		if err := os.WriteFile(filepath.Join(m.dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			m.Fatal(err)
		}
	}
	return filepath.Join(m.dir, "cert.pem")
}

// chmod takes rights from a file; it gets them back, or the test could not remove it.
func (m *machine) chmod(name string, mode os.FileMode) {
	m.Helper()
	if err := os.Chmod(name, mode); err != nil {
		m.Fatal(err)
	}
	m.Cleanup(func() { _ = os.Chmod(name, 0o700) })
}

// doctor runs the command, behind others if they are given, and gives its findings.
func (m *machine) doctor(before ...string) (status int, findings []check.Step) {
	m.Helper()
	binary, err := Binary()
	if err != nil {
		m.Fatal(err)
	}
	if binary, err = filepath.Abs(binary); err != nil {
		m.Fatal(err)
	}
	args := append(before, binary, "doctor", "--json", "--config", m.write())
	out, err := exec.Command(args[0], args[1:]...).Output()
	if strings.Contains(strings.Join(before, " "), "unshare") && len(out) == 0 {
		m.Skip("this machine allows no namespaces of one's own")
	}
	var report check.Report
	if json.Unmarshal(out, &report) != nil {
		m.Fatalf("%v: %s", err, out)
	}
	for _, s := range report.Steps {
		if s.Result == check.Failed {
			findings = append(findings, s)
		}
	}
	if exit, ok := err.(*exec.ExitError); ok {
		status = exit.ExitCode()
	}
	return status, findings
}

// A machine on which one thing is wrong has one finding, which names it, its cause and what to do.
func TestDoctorOnOddMachines(t *testing.T) {
	// Whoever has left their user namespace behind has a file's rights as its owner, and no others.
	nobody := []string{"unshare", "--user"}
	// mounted runs what follows where a file system was put over a folder.
	mounted := func(script string) []string {
		return []string{"unshare", "--user", "--map-root-user", "--mount", "sh", "-euc", script + `; exec "$@"`, "sh"}
	}
	for name, row := range map[string]struct {
		spoil       func(m *machine) []string
		step, cause string
		detail      string
	}{
		"clock off by a minute": {func(m *machine) []string {
			e := Start(m.T, Options{})
			late := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Date", time.Now().Add(-time.Minute).UTC().Format(http.TimeFormat))
			}))
			m.Cleanup(late.Close)
			m.data, m.listen, m.public = e.Data, strings.TrimPrefix(e.Base, "http://"), late.URL
			m.udp = "off"
			m.more = "turn: {tcp: \"" + strings.TrimSuffix(strings.TrimPrefix(e.Turn[1], "turn:"), "?transport=tcp") + "\"}\n"
			return nil
		}, "clock", "a clock is wrong", "1m"},
		"UDP port taken": {func(m *machine) []string {
			conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
			if err != nil {
				m.Fatal(err)
			}
			m.Cleanup(func() { _ = conn.Close() })
			m.udp = conn.LocalAddr().String()
			return nil
		}, "port udp", "another program has it", "in use"},
		"certificate of another's rights": {func(m *machine) []string {
			m.chmod(m.certificate(time.Now().Add(time.Hour*24*60)), 0)
			return nobody
		}, "certificate", "cannot be used", "permission denied"},
		"certificate that is none": {func(m *machine) []string {
			if err := os.WriteFile(m.certificate(time.Now().Add(time.Hour*24*60)), []byte("none"), 0o600); err != nil {
				m.Fatal(err)
			}
			return nil
		}, "certificate", "cannot be used", "PEM"},
		"key of another certificate": {func(m *machine) []string {
			m.certificate(time.Now().Add(time.Hour * 24 * 60))
			if err := os.Rename(filepath.Join(m.dir, "other.pem"), filepath.Join(m.dir, "key.pem")); err != nil {
				m.Fatal(err)
			}
			return nil
		}, "certificate", "cannot be used", "private key does not match"},
		"certificate that has ended": {func(m *machine) []string {
			m.certificate(time.Now().Add(-time.Hour))
			return nil
		}, "certificate", "it has ended", "valid until"},
		"data of another user": {func(m *machine) []string {
			m.chmod(m.data, 0o500)
			return nobody
		}, "storage", "this user cannot write there", "permission denied"},
		"data on a full disk": {func(m *machine) []string {
			return mounted("mount -t tmpfs -o size=64k,mode=700 none " + m.data)
		}, "storage", "the disk is full", "no space left"},
		"data on a read-only disk": {func(m *machine) []string {
			return mounted("mount --bind " + m.data + " " + m.data + "; mount -o remount,bind,ro " + m.data)
		}, "storage", "the file system is read-only", "read-only"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			status, findings := m.doctor(row.spoil(m)...)
			if status != 1 || len(findings) != 1 {
				t.Fatalf("status %d, findings %+v", status, findings)
			}
			f := findings[0]
			if f.Name != row.step || !strings.Contains(f.Cause, row.cause) || !strings.Contains(f.Detail, row.detail) || f.Remedy == "" || strings.Contains(f.Detail+f.Cause+f.Remedy, "\n") {
				t.Errorf("%+v", f)
			}
		})
	}
	// Without the fault there is no finding.
	m := newMachine(t)
	m.certificate(time.Now().Add(time.Hour * 24 * 60))
	if status, findings := m.doctor(); status != 0 || len(findings) != 0 {
		t.Errorf("a machine that is well: status %d, %+v", status, findings)
	}
}
