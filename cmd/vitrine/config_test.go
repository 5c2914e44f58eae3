package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"vitrine/signaling"
)

const example = "../../docs/vitrine.example.yaml"

func TestExampleLoadsAndIsValid(t *testing.T) {
	c := defaults()
	if err := load(example, &c); err != nil {
		t.Fatal(err)
	}
	if err := c.validate(); err != nil {
		t.Error(err)
	}
	if c.Session != defaults().Session || c.Limits != defaults().Limits {
		t.Error("times and limits of the example are not the defaults that its comments name")
	}
	for _, site := range c.sites() {
		if err := site.Validate(); err != nil {
			t.Error(err)
		}
	}
}

func TestExampleHasEveryKeyWithAComment(t *testing.T) {
	data, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		t.Fatal(err)
	}
	written := map[string]bool{}
	walkNode(t, root.Content[0], "", false, written)
	var known []string
	walkType(reflect.TypeFor[config](), "", &known)
	for _, key := range known {
		if !written[key] {
			t.Errorf("%s is not in the example", key)
		}
		delete(written, key)
	}
	for key := range written {
		t.Errorf("%s is in the example only", key)
	}
	if len(known) < 30 {
		t.Errorf("only %d keys found", len(known))
	}
}

func walkNode(t *testing.T, node *yaml.Node, prefix string, above bool, keys map[string]bool) {
	for i := 0; i+1 < len(node.Content) && node.Kind == yaml.MappingNode; i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		name := strings.TrimPrefix(prefix+"."+key.Value, ".")
		comment := key.HeadComment != "" || i == 0 && node.HeadComment != ""
		if !comment && !above {
			t.Errorf("%s has no comment", name)
		}
		keys[name] = true
		walkNode(t, value, name, comment, keys)
		for _, item := range value.Content {
			if value.Kind == yaml.SequenceNode {
				walkNode(t, item, name, comment, keys)
			}
		}
	}
}

func walkType(typ reflect.Type, prefix string, keys *[]string) {
	for field := range typ.Fields() {
		tag := field.Tag.Get("yaml")
		if tag == "" {
			continue
		}
		if tag == ",inline" {
			walkType(field.Type, prefix, keys)
			continue
		}
		name := strings.TrimPrefix(prefix+"."+tag, ".")
		*keys = append(*keys, name)
		inner := field.Type
		if inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			walkType(inner, name, keys)
		}
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "vitrine.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestConfigurationErrorsSayWhereAndWhatToDo(t *testing.T) {
	for text, want := range map[string]string{
		"listne: x":                    `line 1: key "listne" is not known; docs/vitrine.example.yaml has all keys`,
		"udp: a\nsession: {hard: 1s}":  `line 2: key "hard" is not known`,
		"session:\n  agent_away: soon": "line 2: cannot unmarshal !!str `soon` into a time such as 90s, 2m or 4h",
		"sites: 3":                     "line 1",
		"listen: [":                    "line 1",
		"listen: a\nlisten: b":         "line 2: mapping key \"listen\" already defined at line 1",
		"listen: a\n---\nlisten: b":    "more than one document",
		"limits: {sessions: many}":     "line 1: cannot unmarshal !!str `many` into int",
	} {
		c := defaults()
		err := load(write(t, text), &c)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "vitrine.yaml") || strings.Contains(err.Error(), "main.") {
			t.Errorf("%q: %v", text, err)
		}
	}
	c := defaults()
	if err := load(write(t, ""), &c); err != nil || !reflect.DeepEqual(c, defaults()) {
		t.Errorf("an empty file: %v", err)
	}
}

func TestValidationNamesTheKey(t *testing.T) {
	good := func() config {
		c := defaults()
		if err := load(example, &c); err != nil {
			t.Fatal(err)
		}
		return c
	}
	for want, change := range map[string]func(*config){
		"listen: must be":                  func(c *config) { c.Listen = "localhost:443" },
		"udp: must be one or more":         func(c *config) { c.UDP = "443" },
		"stands there twice":               func(c *config) { c.UDP = "0.0.0.0:443, 0.0.0.0:443" },
		"reach udp [::]:443, of the same":  func(c *config) { c.PublicIP = "203.0.113.7" },
		"or one of each":                   func(c *config) { c.PublicIP = "203.0.113.7,203.0.113.8" },
		"ice_tcp: must be":                 func(c *config) { c.ICETCP = "4443" },
		"ice_tcp: needs a port of its own": func(c *config) { c.ICETCP = "0.0.0.0:3478" },
		"other than that of listen":        func(c *config) { c.ICETCP = "0.0.0.0:443" },
		"ice_tcp: browsers connect to no":  func(c *config) { c.ICETCP = "0.0.0.0:500" },
		"reach ice_tcp":                    func(c *config) { c.ICETCP, c.UDP, c.PublicIP = "0.0.0.0:4443", "[::]:443", "2001:db8::7" },
		"ice_tcp: ICE passes over [::1]":   func(c *config) { c.ICETCP, c.UDP, c.PublicIP = "[::1]:4443", "10.0.0.7:4000", "" },
		"public_address: set the https":    func(c *config) { c.PublicAddress = "http://cobrowse.example" },
		"public_address: set":              func(c *config) { c.PublicAddress = "https://cobrowse.example/path" },
		"tls: set both":                    func(c *config) { c.TLS.Key = "" },
		"tls: set certificate":             func(c *config) { c.TLS = tlsConfig{} },
		"public_ip: set":                   func(c *config) { c.PublicIP = "" },
		"public_ip: must be":               func(c *config) { c.PublicIP = "host" },
		"data: set":                        func(c *config) { c.Data = "" },
		"sites: list":                      func(c *config) { c.Sites = nil },
		"udp: browsers connect to no":      func(c *config) { c.PublicIP = "10.0.0.7" },
		"80 and 443, and to these":         func(c *config) { c.UDP = "0.0.0.0:500" },
		"udp: off leaves":                  func(c *config) { c.UDP, c.Turn, c.ICETCP = off, turnConfig{}, "" },
		"udp: off means":                   func(c *config) { c.UDP = off },
		"trusted_proxies: must be":         func(c *config) { c.Proxies = []string{"192.0.2.1"} },
		`"192.0.2.1" is none`:              func(c *config) { c.Proxies = []string{"192.0.2.0/24", "192.0.2.1"} },
		"let everybody claim any address":  func(c *config) { c.Proxies = []string{"::/0"} },
		"is taken by udp":                  func(c *config) { c.Turn.UDP, c.UDP = "203.0.113.7:443", "0.0.0.0:443" },
		"turn.tcp: 0.0.0.0:443 is taken":   func(c *config) { c.Turn.TCP = "0.0.0.0:443" },
		"admin.listen: 127.0.0.1:443 is":   func(c *config) { c.Admin.Listen = "127.0.0.1:443" },
		"turn.udp: must be":                func(c *config) { c.Turn.UDP = "3478" },
		"admin.listen: must be a loopback": func(c *config) { c.Admin.Listen = "0.0.0.0:9090" },
		"session.agent_away: set it":       func(c *config) { c.Session.AgentAway = 0 },
		"session.code_ttl: set it":         func(c *config) { c.Session.CodeTTL = time.Hour },
		"limits.wrong_codes_per_minute":    func(c *config) { c.Limits.WrongCodes = 0 },
	} {
		c := good()
		change(&c)
		if err := c.validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestListsAreWrittenInTwoWays(t *testing.T) {
	for _, text := range []string{"udp: 0.0.0.0:443, [::]:443", "udp: [\"0.0.0.0:443\", \"[::]:443\"]", "udp:\n  - 0.0.0.0:443\n  - \"[::]:443\""} {
		c := defaults()
		if err := load(write(t, text), &c); err != nil {
			t.Fatal(err)
		}
		if places, err := c.udpPlaces(); err != nil || len(places) != 2 || !places[1].Addr().Is6() {
			t.Errorf("%q: %v, %v", text, places, err)
		}
	}
	c := defaults()
	if err := load(write(t, "udp: {a: b}"), &c); err == nil || !strings.Contains(err.Error(), "several with commas") {
		t.Errorf("a mapping: %v", err)
	}
}

func TestPublicAddressesAreOfTheSocketsFamily(t *testing.T) {
	c := defaults()
	c.PublicIP = "203.0.113.7, 2001:db8::7"
	for at, want := range map[string]string{"0.0.0.0": "203.0.113.7", "10.0.0.1": "203.0.113.7", "::": "2001:db8::7", "fd00::1": "2001:db8::7"} {
		if got, ok := c.public(netip.MustParseAddr(at)); !ok || got.String() != want {
			t.Errorf("%s: %v, %v", at, got, ok)
		}
	}
	c.PublicIP = ""
	if got, ok := c.public(netip.MustParseAddr("10.0.0.1")); !ok || got.String() != "10.0.0.1" {
		t.Errorf("an address of its own: %v, %v", got, ok)
	}
	if _, ok := c.public(netip.IPv6Unspecified()); ok {
		t.Error("an address for all of them is known without anybody having said it")
	}
}

func TestOnlyDevHasTheDemoSite(t *testing.T) {
	has := func(c config) bool {
		return slices.ContainsFunc(c.sites(), func(s signaling.Site) bool { return s.Key == "demo" })
	}
	if has(defaults()) || !has(devDefaults()) {
		t.Error("the demo site trusts every page of this machine: it is for --dev, and there by itself")
	}
	c := devDefaults()
	c.Sites = []siteConfig{{Key: "demo", Name: "Own"}}
	if sites := c.sites(); len(sites) != 1 || sites[0].Name != "Own" {
		t.Errorf("a configured demo site: %+v", sites)
	}
}

// TestSiteOptionsReachTheSite holds that no option of a site is lost on its way.
func TestSiteOptionsReachTheSite(t *testing.T) {
	c := defaults()
	if err := load(example, &c); err != nil {
		t.Fatal(err)
	}
	c.Sites[0].ShowQuery = true
	site := c.sites()[0]
	if !site.ShowQuery || !slices.Equal(site.Detect, []string{"cards", "ibans"}) {
		t.Errorf("show_query %v, detect %v", site.ShowQuery, site.Detect)
	}
	site.Detect = append(site.Detect, "telephones")
	if err := site.Validate(); err == nil || !strings.Contains(err.Error(), "telephones") || !strings.Contains(err.Error(), "cards") {
		t.Errorf("a kind of secret that does not exist: %v", err)
	}
}

func TestBrowsersTakeTheURLsOfOtherTURNServers(t *testing.T) {
	for _, good := range []string{
		"turn:relay.example", "turn:relay.example:3478", "turns:relay.example:5349?transport=tcp", "turn:192.0.2.1:1?transport=udp",
		"turn:[2001:db8::1]:3478?transport=tcp", "turns:[2001:db8::1]",
	} {
		if !turnURL(good) {
			t.Errorf("%s is refused", good)
		}
	}
	for _, bad := range []string{
		"", "turn:", "turn:?transport=udp", "turn::3478", "turn:relay.example:", "turn:relay.example:0", "turn:relay.example:99999",
		"turn:relay.example?transport=sctp", "turn:relay.example?transport=udp&x=1", "turn:a:b", "turn:[::1:3478", "turn:[192.0.2.1]", "turn:2001:db8::1",
		"turn://relay.example", "turn:me@relay.example", "stun:relay.example", "https://relay.example", "turn:relay.example\n", "turn:r\u00e9lay.example",
	} {
		if turnURL(bad) {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestThePublicAddressIsWhatBrowsersSay(t *testing.T) {
	for written, want := range map[string]string{
		"https://cobrowse.example":      "https://cobrowse.example",
		"https://cobrowse.example:443":  "https://cobrowse.example",
		"https://CoBrowse.Example:8443": "https://cobrowse.example:8443",
		"https://[2001:DB8::7]:443":     "https://[2001:db8::7]",
		"https://cobrowse.example:80":   "https://cobrowse.example:80",
		"http://localhost:80":           "http://localhost",
		"http://127.0.0.1:8080":         "http://127.0.0.1:8080",
		"":                              "",
	} {
		c := defaults()
		if err := load(write(t, "public_address: "+written), &c); err != nil || c.PublicAddress != want {
			t.Errorf("%q is taken for %q, %v", written, c.PublicAddress, err)
		}
	}
}
