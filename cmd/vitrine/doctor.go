package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"vitrine/turn/check"
	"vitrine/turn/udpsock"
)

// A doctor looks at this machine as the server would meet it, whether the server runs or not.
type doctor struct {
	config  config
	ctx     context.Context
	running bool // a server holds the data directory
	steps   []check.Step
}

func doctorCommand() *cobra.Command {
	var file string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look at this machine: configuration, ports, buffers, clock, certificate, storage",
		Long: "Run it on the server, as the server's user, before the start or beside the running server.\n" +
			"Exit status: 0 all is well, 1 something was found, 2 it could not run. `vitrine turn check` looks from outside.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := doctor{ctx: cmd.Context()}
			d.run(file)
			findings := 0
			for _, s := range d.steps {
				if s.Result == check.Failed {
					findings++
				}
				if !asJSON {
					printStep(cmd.OutOrStdout(), s)
				}
			}
			if asJSON {
				err := json.NewEncoder(cmd.OutOrStdout()).Encode(struct {
					Passed bool         `json:"passed"`
					Steps  []check.Step `json:"steps"`
				}{findings == 0, d.steps})
				if err != nil {
					return err
				}
			}
			if findings > 0 {
				return &failure{status: 1}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "configuration file; without one, that of serve --dev")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

func (d *doctor) add(s check.Step) {
	if s.Result == "" {
		s.Result = check.Passed
	}
	d.steps = append(d.steps, s)
}

func (d *doctor) run(file string) {
	if !d.configuration(file) {
		return
	}
	d.storage()
	d.ports()
	d.buffers()
	d.files()
	d.certificate()
	d.external()
	d.clock()
}

func (d *doctor) configuration(file string) bool {
	s := check.Step{Name: "configuration", Detail: "that of serve --dev"}
	var err error
	if file == "" {
		d.config = devDefaults()
		d.config.Data, err = devData()
	} else {
		d.config = defaults()
		s.Detail = file
		err = load(file, &d.config)
	}
	if err == nil {
		err = d.config.validate()
	}
	if err != nil {
		s.Result, s.Detail, s.Cause, s.Remedy = check.Failed, err.Error(), "the server does not start with it", "docs/vitrine.example.yaml has every key"
	}
	d.add(s)
	return err == nil
}

// storage writes to the data directory and looks who holds it.
func (d *doctor) storage() {
	s := check.Step{Name: "storage", Detail: d.config.Data}
	info, err := os.Stat(d.config.Data)
	if errors.Is(err, os.ErrNotExist) {
		s.Result, s.Detail = check.Skipped, d.config.Data+" is not there yet: the first start makes it"
		d.add(s)
		return
	}
	var probe *os.File
	if err == nil {
		probe, err = os.CreateTemp(d.config.Data, ".doctor-*")
	}
	if err == nil {
		_, err = probe.Write(make([]byte, leastRoom)) // a full disk still takes empty files
		err = errors.Join(err, probe.Sync(), probe.Close(), os.Remove(probe.Name()))
	}
	switch {
	case err != nil:
		s.Result, s.Detail = check.Failed, err.Error()
		s.Cause, s.Remedy = unwritable(err)
	case info.Mode().Perm()&0o077 != 0:
		s.Result, s.Detail, s.Cause, s.Remedy = check.Failed, d.config.Data+" is open to others", "it holds the keys that sign tokens", "chmod 700 "+d.config.Data
	default:
		release, err := lockData(d.config.Data, slog.New(slog.DiscardHandler))
		d.running = err != nil
		s.Detail += " is writable, and held by the running server"
		if err == nil {
			s.Detail = d.config.Data + " is writable, and no server runs on it"
			_ = release() // the probe of the lock has said what it had to
		}
	}
	d.add(s)
}

// leastRoom is what the data directory must have room for: keys, certificates and some lines of the audit log.
const leastRoom = 256 << 10

// unwritable is why the data directory takes nothing, and what to do.
func unwritable(err error) (cause, remedy string) {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "the disk is full", "make room there: the audit log, keys and certificates need it"
	case errors.Is(err, syscall.EROFS):
		return "the file system is read-only", "mount it for writing, or choose another place for data; under systemd StateDirectory makes one"
	case errors.Is(err, os.ErrPermission):
		return "this user cannot write there", "run doctor as the server's user, and give that user the directory"
	}
	return "the directory cannot be written", "look at its disk"
}

// ports tries to listen where the server would: while it runs the ports must be taken, otherwise free.
func (d *doctor) ports() {
	c := d.config
	places := []struct{ key, network, address string }{
		{"listen", "tcp", c.Listen}, {"ice_tcp", "tcp", c.ICETCP}, {"turn.udp", "udp", c.Turn.UDP},
		{"turn.tcp", "tcp", c.Turn.TCP}, {"admin.listen", "tcp", c.Admin.Listen},
	}
	if c.TLS.ACME != nil {
		places = append(places, struct{ key, network, address string }{"tls.acme.http", "tcp", c.TLS.ACME.HTTP})
	}
	for _, address := range c.UDP.values() {
		places = append(places, struct{ key, network, address string }{"udp", "udp", address})
	}
	for _, p := range places {
		if p.address == "" || p.address == off || p.address == devTurn || strings.HasSuffix(p.address, ":0") {
			continue
		}
		err := tryPort(p.network, p.address)
		s := check.Step{Name: "port " + p.key, Detail: p.network + " " + p.address + " is free"}
		busy := errors.Is(err, syscall.EADDRINUSE)
		switch {
		case busy && d.running:
			s.Detail = p.network + " " + p.address + " is in use, as it must be while the server runs"
		case busy:
			s.Result, s.Detail, s.Cause = check.Failed, p.network+" "+p.address+" is in use", "another program has it"
			s.Remedy = "stop that one (ss -lpn shows it), or choose another port for " + p.key
		case err != nil:
			s.Result, s.Detail, s.Cause = check.Failed, inUse(err, p.address, p.network, p.key).Error(), "the server cannot listen there"
			s.Remedy = "choose an address of this machine; for ports below 1024 give the right CAP_NET_BIND_SERVICE"
		case d.running:
			s.Result, s.Detail, s.Cause = check.Warned, p.network+" "+p.address+" is free although a server runs", "it was started with another configuration or flags"
			s.Remedy = "give doctor the configuration that the server has"
		}
		d.add(s)
	}
}

func tryPort(network, address string) error {
	var open io.Closer
	var err error
	if network == "udp" {
		network := "udp4"
		if at, err := netip.ParseAddrPort(address); err == nil {
			at = netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
			if address = at.String(); at.Addr().Is6() {
				network = "udp6" // a socket for one family, as the server opens it
			}
		}
		open, err = net.ListenPacket(network, address)
	} else {
		open, err = net.Listen("tcp", address)
	}
	if err != nil {
		return err
	}
	return open.Close()
}

// buffers asks the kernel for the sizes that the server asks for.
func (d *doctor) buffers() {
	if d.config.UDP == off {
		return
	}
	s := check.Step{Name: "udp buffers"}
	conn, err := udpsock.Listen("udp4", "127.0.0.1:0")
	if err != nil {
		s.Result, s.Detail, s.Cause, s.Remedy = check.Failed, err.Error(), "this machine gives no UDP socket", "look at its limits; without UDP set udp: off"
		d.add(s)
		return
	}
	recv, send := conn.Buffers()
	_ = conn.Close() // it was only to be measured
	d.add(room(recv, send))
}

// room judges the buffers that the kernel gives.
func room(recv, send int) check.Step {
	s := check.Step{Name: "udp buffers", Detail: fmt.Sprintf("%d KiB in, %d KiB out", recv>>10, send>>10)}
	switch {
	case recv == 0:
		s.Result, s.Detail = check.Skipped, "this system does not tell"
	case recv < udpsock.BufferSize || send < udpsock.BufferSize:
		s.Result, s.Cause = check.Warned, "the kernel's limit is lower than what the server asks for: packets are lost under load"
		s.Remedy = "sysctl -w net.core.rmem_max=8388608 net.core.wmem_max=8388608, and the same in /etc/sysctl.d"
	}
	return s
}

// leastFiles is how many descriptors a busy server needs: one for each TCP connection of HTTPS and TURN.
const leastFiles = 8192

func (d *doctor) certificate() {
	t := d.config.TLS
	s := check.Step{Name: "certificate"}
	switch {
	case t.ACME != nil:
		for _, name := range t.ACME.Domains {
			d.acme(name)
		}
		return
	case t.Certificate == "":
		return
	}
	pair, err := tls.LoadX509KeyPair(t.Certificate, t.Key)
	if err != nil {
		s.Result, s.Detail, s.Cause, s.Remedy = check.Failed, err.Error(), "the files cannot be used", "both must be PEM, belong together and be readable by the server's user"
		d.add(s)
		return
	}
	left := d.validity(&s, pair.Leaf)
	host := hostOf(d.config.PublicAddress)
	switch {
	case s.Result == check.Failed:
		s.Remedy = "renew it, or set the clock"
	case host != "" && pair.Leaf.VerifyHostname(host) != nil:
		s.Result, s.Cause, s.Remedy = check.Failed, "it is not for "+host, "get one that names the host of public_address"
	case len(pair.Certificate) == 1 && pair.Leaf.Issuer.String() != pair.Leaf.Subject.String():
		s.Result, s.Cause, s.Remedy = check.Warned, "the file may lack the intermediate certificate", "name the file with the whole chain (fullchain.pem); `vitrine turn check` verifies it"
	case left < 10*24*time.Hour:
		s.Result, s.Cause, s.Remedy = check.Warned, "it ends soon", "look at what renews it"
	}
	d.add(s)
}

// validity tells until when a certificate is good; one that is not good today is a finding.
func (d *doctor) validity(s *check.Step, leaf *x509.Certificate) (left time.Duration) {
	left = time.Until(leaf.NotAfter)
	s.Detail = fmt.Sprintf("for %s, valid until %s", strings.Join(leaf.DNSNames, ", "), leaf.NotAfter.UTC().Format("2006-01-02 15:04"))
	s.Figures = map[string]float64{"days_left": float64(int(left.Hours() / 24))}
	switch {
	case left <= 0:
		s.Result, s.Cause = check.Failed, "it has ended: browsers refuse it"
	case time.Now().Before(leaf.NotBefore):
		s.Result, s.Cause = check.Failed, "it is not valid yet"
	}
	return left
}

// acme looks at the certificate that the server keeps for a name.
func (d *doctor) acme(name string) {
	s := check.Step{Name: "certificate"}
	defer func() { d.add(s) }()
	found, _ := filepath.Glob(filepath.Join(d.config.Data, "acme", "certificates", "*", name, name+".crt")) // the pattern is good
	if len(found) == 0 {
		s.Result, s.Detail = check.Skipped, "none there yet for "+name+": the running server gets it by ACME"
		return
	}
	data, err := os.ReadFile(found[0])
	block, _ := pem.Decode(data)
	var leaf *x509.Certificate
	if err == nil && block == nil {
		err = errors.New(found[0] + " holds no PEM")
	}
	if err == nil {
		leaf, err = x509.ParseCertificate(block.Bytes)
	}
	if err != nil {
		s.Result, s.Detail, s.Cause = check.Failed, err.Error(), "the server cannot use what it kept"
		s.Remedy = "run doctor as the server's user; if the file is damaged, remove it: the server gets another"
		return
	}
	left := d.validity(&s, leaf)
	const renewal = "the server's log tells why renewal fails; TCP 443 of this name must lead to it"
	switch {
	case s.Result == check.Failed:
		s.Remedy = renewal
	case left < leaf.NotAfter.Sub(leaf.NotBefore)/4: // it is renewed when a third is left
		s.Result, s.Cause, s.Remedy = check.Warned, "it ends soon and was not renewed", renewal
	}
}

// external reads the secret that is shared with TURN servers of others, as the server does when it starts.
func (d *doctor) external() {
	e := d.config.Turn.External
	if len(e.URLs) == 0 {
		return
	}
	s := check.Step{Name: "turn.external", Detail: "the secret is there; `vitrine turn check --external` looks at the servers"}
	if _, err := e.open(d.config.Session.HardLimit); err != nil {
		s.Result, s.Detail, s.Cause = check.Failed, err.Error(), "the server does not start without it"
		s.Remedy = "write the other server's static-auth-secret into the file, readable by the server's user alone"
	}
	d.add(s)
}

// clock compares this machine's with the Date of whoever answers at the public address: tokens and credentials live for
// minutes.
func (d *doctor) clock() {
	base := d.config.PublicAddress
	s := check.Step{Name: "clock"}
	if base == "" || !d.running {
		s.Result, s.Detail = check.Skipped, "compared with the Date of public_address while the server runs"
		d.add(s)
		return
	}
	request, err := http.NewRequestWithContext(d.ctx, http.MethodHead, base+"/healthz", nil)
	if err == nil {
		// The time is asked for, nothing is told: whose certificate it is, the step above and turn check look at.
		client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
		var answer *http.Response
		if answer, err = client.Do(request); err == nil {
			_ = answer.Body.Close() // HEAD has none
			var there time.Time
			if there, err = http.ParseTime(answer.Header.Get("Date")); err == nil {
				off := time.Since(there).Round(time.Second)
				s.Detail = fmt.Sprintf("%v from that of %s", off, base)
				if off.Abs() > 3*time.Second {
					s.Result, s.Cause, s.Remedy = check.Failed, "a clock is wrong, here or there: tokens are refused", "run an NTP client (systemd-timesyncd, chrony)"
				}
			}
		}
	}
	if err != nil {
		s.Result, s.Detail = check.Warned, "no Date from "+base+": "+err.Error()
		s.Cause, s.Remedy = "the public address is not reached from this machine", "none, if the network does not lead back (NAT without hairpin); `vitrine turn check` from outside tells"
	}
	d.add(s)
}

func hostOf(origin string) string {
	_, rest, _ := strings.Cut(origin, "://")
	if host, _, err := net.SplitHostPort(rest); err == nil {
		return host
	}
	return strings.Trim(rest, "[]")
}
