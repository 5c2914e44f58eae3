package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"vitrine/internal/seal"
	"vitrine/signaling"
)

// config is the configuration file. docs/vitrine.example.yaml documents every key; a test holds the two together.
type config struct {
	Listen        string       `yaml:"listen"`
	PublicAddress string       `yaml:"public_address"`
	Data          string       `yaml:"data"`
	TLS           tlsConfig    `yaml:"tls"`
	Proxies       []string     `yaml:"trusted_proxies"`
	UDP           list         `yaml:"udp"`
	ICETCP        string       `yaml:"ice_tcp"`
	PublicIP      list         `yaml:"public_ip"`
	Turn          turnConfig   `yaml:"turn"`
	Sites         []siteConfig `yaml:"sites"`
	Admin         adminConfig  `yaml:"admin"`

	boundsConfig `yaml:",inline"`
	trustConfig  `yaml:",inline"`

	dev bool
}

// boundsConfig is how long and how much.
type boundsConfig struct {
	Session sessionConfig `yaml:"session"`
	Limits  limitsConfig  `yaml:"limits"`
}

type tlsConfig struct {
	Certificate string      `yaml:"certificate"`
	Key         string      `yaml:"key"`
	ACME        *acmeConfig `yaml:"acme"`
}

type turnConfig struct {
	UDP  string `yaml:"udp"`
	TCP  string `yaml:"tcp"`
	TLS  bool   `yaml:"tls"`
	Host string `yaml:"host"`

	External externalConfig `yaml:"external"`
}

// off is written instead of an address for what shall not be.
const off = "off"

type siteConfig struct {
	Key     string   `yaml:"key"`
	Name    string   `yaml:"name"`
	Company string   `yaml:"company"`
	Origins []string `yaml:"origins"`
	Mask    []string `yaml:"mask"`
	Private bool     `yaml:"private"`

	ShowQuery bool     `yaml:"show_query"`
	Detect    []string `yaml:"detect"`

	Record recordConfig `yaml:"record"`
}

type sessionConfig struct {
	CodeTTL     time.Duration `yaml:"code_ttl"`
	Waiting     time.Duration `yaml:"waiting"`
	AskTimeout  time.Duration `yaml:"ask_timeout"`
	AgentAway   time.Duration `yaml:"agent_away"`
	ResumeGrace time.Duration `yaml:"resume_grace"`
	HardLimit   time.Duration `yaml:"hard_limit"`
}

type limitsConfig struct {
	Sessions   int `yaml:"sessions"`
	Requests   int `yaml:"requests_per_minute"`
	Starts     int `yaml:"starts_per_minute"`
	WrongCodes int `yaml:"wrong_codes_per_minute"`
}

type adminConfig struct {
	Listen string `yaml:"listen"`
}

// defaults is what a configuration file starts from.
func defaults() config {
	return config{
		Listen: "0.0.0.0:443", UDP: "0.0.0.0:443", Turn: turnConfig{TLS: true},
		Admin: adminConfig{Listen: "127.0.0.1:9090"},
		boundsConfig: boundsConfig{
			Session: sessionConfig{
				CodeTTL: 2 * time.Minute, Waiting: 30 * time.Minute, AskTimeout: 2 * time.Minute,
				AgentAway: 2 * time.Minute, ResumeGrace: 2 * time.Minute, HardLimit: 4 * time.Hour,
			},
			Limits: limitsConfig{Sessions: 10_000, Requests: 600, Starts: 60, WrongCodes: 5},
		},
	}
}

// devDefaults is what a development server starts from: this machine only, and no waiting for whoever tries things out.
func devDefaults() config {
	c := defaults()
	c.dev, c.Listen, c.UDP, c.Admin.Listen = true, "127.0.0.1:8080", "127.0.0.1:8443", ""
	c.Turn = turnConfig{UDP: devTurn, TCP: devTurn, TLS: true}
	c.Limits.Requests, c.Limits.Starts = 60_000, 6_000
	return c
}

// load reads a configuration file over what is set already. A key that is not known is an error: a misspelled one would
// otherwise leave its default in place without a word.
func load(name string, into *config) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	if seal.HoldsSecret(text) {
		return fmt.Errorf("configuration %s: %w", name, seal.ErrSecret)
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("configuration %s: %s", name, explain(err))
	}
	if err := dec.Decode(&struct{}{}); !errors.Is(err, io.EOF) {
		return fmt.Errorf("configuration %s: holds more than one document; keep the first", name)
	}
	into.PublicAddress = asBrowsersSay(into.PublicAddress)
	return nil
}

// asBrowsersSay writes an origin as browsers do in their Origin header, which it is compared with (RFC 6454 section 6.2):
// in lower case, without the port that its scheme has anyway.
func asBrowsersSay(origin string) string {
	origin = strings.ToLower(origin)
	if strings.HasPrefix(origin, "https://") {
		return strings.TrimSuffix(origin, ":443")
	}
	return strings.TrimSuffix(origin, ":80")
}

var (
	unknownKey = regexp.MustCompile(`field (\S+) not found in type \S+`)
	wrongKind  = regexp.MustCompile(`into (\[\])?main\.\w+`)
)

// explain says in an admin's words what the YAML reader found.
func explain(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.TrimPrefix(text, "unmarshal errors:\n")
	text = unknownKey.ReplaceAllString(text, "key \"$1\" is not known; docs/vitrine.example.yaml has all keys")
	text = strings.ReplaceAll(text, "into time.Duration", "into a time such as 90s, 2m or 4h")
	text = wrongKind.ReplaceAllString(text, "into what the key holds: see docs/vitrine.example.yaml")
	return strings.Join(strings.Fields(text), " ")
}

// A rule is one thing that must hold for a configuration, and what to do when it does not.
type rule struct {
	ok   bool
	todo string
}

// validate says what is wrong with a configuration, and what to do.
func (c *config) validate() error {
	rules := append(c.times(), c.TLS.ACME.rules(c.TLS)...)
	rules = append(append(rules, c.places()...), c.recordRules()...)
	if i := slices.IndexFunc(rules, func(r rule) bool { return !r.ok }); i >= 0 {
		return errors.New("configuration: " + rules[i].todo)
	}
	return nil
}

func (c *config) times() []rule {
	var rules []rule
	for _, t := range []struct {
		key         string
		value       time.Duration
		least, most time.Duration
	}{
		{"code_ttl", c.Session.CodeTTL, time.Second, 10 * time.Minute},
		{"waiting", c.Session.Waiting, time.Second, 24 * time.Hour},
		{"ask_timeout", c.Session.AskTimeout, time.Second, time.Hour},
		{"agent_away", c.Session.AgentAway, 100 * time.Millisecond, time.Hour},
		{"resume_grace", c.Session.ResumeGrace, 100 * time.Millisecond, 10 * time.Minute},
		{"hard_limit", c.Session.HardLimit, time.Second, 24 * time.Hour},
	} {
		rules = append(rules, rule{
			t.value >= t.least && t.value <= t.most,
			fmt.Sprintf("session.%s: set it between %v and %v", t.key, t.least, t.most),
		})
	}
	for _, l := range []struct {
		key   string
		value int
	}{
		{"sessions", c.Limits.Sessions}, {"requests_per_minute", c.Limits.Requests},
		{"starts_per_minute", c.Limits.Starts}, {"wrong_codes_per_minute", c.Limits.WrongCodes},
	} {
		rules = append(rules, rule{l.value > 0, "limits." + l.key + ": set it to 1 or more"})
	}
	return rules
}

func (c *config) places() []rule {
	listen, listenErr := netip.ParseAddrPort(c.Listen)
	udp, udpErr := c.udpPlaces()
	noUDP := c.UDP == off
	rules := []rule{
		{listenErr == nil, "listen: must be an IP address with a port, such as 0.0.0.0:443"},
		{udpErr == nil, "udp: must be one or more IP addresses with a port, such as 0.0.0.0:443 or [::]:443, or off for no UDP at all"},
		{(c.TLS.Certificate == "") == (c.TLS.Key == ""), "tls: set both certificate and key, or neither"},
		{!noUDP || c.Turn.TCP != "" || c.turnTLS() || c.ICETCP != "", "udp: off leaves TCP as the only way: set tls with turn.tls, turn.tcp, or ice_tcp"},
		{!noUDP || c.Turn.UDP == "" || c.dev, "udp: off means no UDP at all: leave turn.udp empty"},
	}
	for _, p := range [][2]string{{"turn.udp", c.Turn.UDP}, {"turn.tcp", c.Turn.TCP}, {"admin.listen", c.Admin.Listen}} {
		_, err := netip.ParseAddrPort(p[1])
		rules = append(rules, rule{
			err == nil || p[1] == "" || c.dev && p[1] == devTurn,
			p[0] + ": must be an IP address with a port, or empty for none",
		})
	}
	rules = append(rules, c.Turn.External.rules()...)
	for _, p := range c.Proxies {
		network, err := netip.ParsePrefix(p)
		rules = append(rules,
			rule{err == nil, fmt.Sprintf("trusted_proxies: must be networks such as 192.0.2.0/24 or 192.0.2.1/32; %q is none", p)},
			rule{err != nil || network.Bits() > 0, "trusted_proxies: " + p + " would let everybody claim any address: list the load balancers' networks"},
		)
	}
	admin, adminErr := netip.ParseAddrPort(c.Admin.Listen)
	rules = append(rules, rule{
		adminErr != nil || admin.Addr().IsLoopback(), "admin.listen: must be a loopback address: metrics are not for everybody",
	})
	if listenErr != nil || udpErr != nil {
		return rules
	}
	rules = append(append(rules, c.iceRules()...), c.apart()...)
	if c.dev {
		return append(rules, c.devPlaces(listen, udp)...)
	}
	return append(rules, c.publicPlaces(listen)...)
}

// publicPlaces is what a server for everybody needs.
func (c *config) publicPlaces(listen netip.AddrPort) []rule {
	base, err := url.Parse(c.PublicAddress)
	origin := err == nil && base.Host != "" && base.Scheme+"://"+base.Host == c.PublicAddress
	_, known := c.public(listen.Addr().Unmap())
	return []rule{
		{origin && (base.Scheme == "https" || listen.Addr().IsLoopback()), "public_address: set the https origin under which browsers reach this server, such as https://cobrowse.example"},
		{c.TLS.on() || listen.Addr().IsLoopback(), "tls: set certificate and key, or acme, or listen on a loopback address behind a TLS front"},
		{c.UDP != off || known, "public_ip: set the address under which browsers reach this server"},
		{c.Data != "", "data: set a directory for keys and the audit log, here or with --data"},
		{len(c.Sites) > 0, "sites: list at least one site; `vitrine serve --dev` has one to try things out"},
	}
}

// reachable says whether browsers use such a candidate: Chromium passes over those with a port below 1024, other than 80
// and 443 at public addresses.
func reachable(at netip.Addr, port uint16) bool {
	shared := netip.MustParsePrefix("100.64.0.0/10") // RFC 6598
	private := at.IsPrivate() || at.IsLoopback() || at.IsLinkLocalUnicast() || shared.Contains(at)
	return port == 0 || port >= 1024 || (port == 80 || port == 443) && !private
}

// turnTLS says whether TURN shares the TLS port.
func (c *config) turnTLS() bool { return c.Turn.TLS && c.TLS.on() }

// proxies are the networks whose connections begin with a PROXY header.
func (c *config) proxies() (networks []netip.Prefix) {
	for _, p := range c.Proxies {
		networks = append(networks, netip.MustParsePrefix(p))
	}
	return networks
}

// devPlaces keeps a development server, whose demo site trusts every page of this machine, on this machine.
func (c *config) devPlaces(listen netip.AddrPort, udp []netip.AddrPort) []rule {
	const only = ": --dev is for this machine only: use a loopback address, or write a configuration and leave --dev out"
	rules := []rule{
		{listen.Addr().IsLoopback(), "listen" + only},
		{!slices.ContainsFunc(udp, func(at netip.AddrPort) bool { return !at.Addr().IsLoopback() }), "udp" + only},
		{c.PublicAddress == "" && c.PublicIP == "", "public_address and public_ip: are not for --dev"},
	}
	for _, p := range [][2]string{{"turn.udp", c.Turn.UDP}, {"turn.tcp", c.Turn.TCP}} {
		at, err := netip.ParseAddrPort(p[1])
		rules = append(rules, rule{err != nil || at.Addr().IsLoopback(), p[0] + only})
	}
	return rules
}

// sites are the configured sites, and the demo site of a development server.
func (c *config) sites() []signaling.Site {
	var sites []signaling.Site
	for _, s := range c.Sites {
		sites = append(sites, signaling.Site{
			Key: s.Key, Name: s.Name, Company: s.Company, Origins: s.Origins, Mask: s.Mask, Private: s.Private,
			ShowQuery: s.ShowQuery, Detect: s.Detect, Record: s.Record.signaling(),
		})
	}
	demo := signaling.DevSite()
	if c.dev && !slices.ContainsFunc(sites, func(s signaling.Site) bool { return s.Key == demo.Key }) {
		sites = append(sites, demo)
	}
	return sites
}
