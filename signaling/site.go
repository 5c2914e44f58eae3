package signaling

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"vitrine/sanitizer"
)

// Site is one owner's site: whose pages may start sessions, and how they are masked.
type Site struct {
	Key     string   // names the site in the SDK's call; public
	Name    string   // shown to customers and agents
	Company string   // shown to customers in the consent dialog
	Origins []string // exact origins such as "https://shop.example"; a loopback origin may end in ":*" for every port
	Mask    []string // CSS selectors of elements that are masked besides what always is
	Private bool     // everything is masked that is not marked data-vitrine="show"
	// ShowQuery shows agents the query and fragment of addresses, which often carry names, numbers and keys.
	ShowQuery bool
	// Detect are the kinds of secrets that the server looks for in every text: cards, ibans, emails.
	Detect []string
	// Record is how its sessions may be recorded; nil means not at all.
	Record *Recording
}

// policy is what the site asks of the sanitizer. Names that do not exist were refused by Validate.
func (s Site) policy() sanitizer.Policy {
	p := sanitizer.Policy{ShowQuery: s.ShowQuery}
	for _, name := range s.Detect {
		kind, _ := sanitizer.DetectNamed(name)
		p.Detect |= kind
	}
	return p
}

// DevSite is the site of a development server: every port of this machine and nothing else.
func DevSite() Site {
	return Site{
		Key: "demo", Name: "Demo shop", Company: "Demo shop",
		Origins: []string{"http://127.0.0.1:*", "http://localhost:*", "http://[::1]:*"},
	}
}

var siteKey = regexp.MustCompile(`\A[a-z0-9][a-z0-9-]{0,62}\z`)

const (
	maxSelectors = 256
	maxSelector  = 1 << 10 // bytes
)

// Validate says what is wrong with a site, in words for the person who configures it.
func (s Site) Validate() error {
	switch {
	case !siteKey.MatchString(s.Key):
		return fmt.Errorf("site key %q: use 1 to 63 of a-z, 0-9 and '-'", s.Key)
	case !printable(s.Name):
		return fmt.Errorf("site %s: name must be 1 to %d bytes of printable text", s.Key, maxName)
	case !printable(s.Company):
		return fmt.Errorf("site %s: company must be 1 to %d bytes of printable text", s.Key, maxName)
	case len(s.Origins) == 0:
		return fmt.Errorf("site %s: list at least one origin, such as https://shop.example", s.Key)
	case len(s.Mask) > maxSelectors:
		return fmt.Errorf("site %s: more than %d mask selectors", s.Key, maxSelectors)
	}
	for _, origin := range s.Origins {
		if err := checkOrigin(origin); err != nil {
			return fmt.Errorf("site %s: origin %q: %w", s.Key, origin, err)
		}
	}
	for _, selector := range s.Mask {
		if strings.TrimSpace(selector) == "" || len(selector) > maxSelector || !utf8.ValidString(selector) {
			return fmt.Errorf("site %s: a mask selector is empty or longer than %d bytes", s.Key, maxSelector)
		}
	}
	for _, name := range s.Detect {
		if _, ok := sanitizer.DetectNamed(name); !ok {
			return fmt.Errorf("site %s: detect %q: use cards, ibans and emails", s.Key, name)
		}
	}
	return nil
}

// checkOrigin wants the serialisation of an origin as browsers send it (RFC 6454 section 6.2).
func checkOrigin(origin string) error {
	exact, anyPort := strings.CutSuffix(origin, ":*")
	u, err := url.Parse(exact)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Scheme+"://"+u.Host != exact {
		return errors.New("must be scheme://host or scheme://host:port and nothing more")
	}
	loopback := isLoopback(u.Hostname())
	port := u.Port()
	switch {
	case exact != strings.ToLower(exact):
		return errors.New("must be in lower case, as browsers send it")
	case strings.Contains(exact, "*"):
		return errors.New("must not hold a wildcard: list every origin")
	case anyPort && (!loopback || port != ""):
		return errors.New("the port wildcard is for loopback origins only")
	case u.Scheme == "http" && !loopback:
		return errors.New("must be https: on http anybody on the way could change the page")
	case port == "443" && u.Scheme == "https" || port == "80" && u.Scheme == "http":
		return errors.New("must leave the default port out, as browsers do")
	case strings.HasSuffix(u.Host, ":"):
		return errors.New("has an empty port")
	}
	return nil
}

// isLoopback tells hosts that are this machine.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// allows tells whether an Origin header belongs to the site.
func (s Site) allows(origin string) bool {
	return slices.ContainsFunc(s.Origins, func(allowed string) bool {
		if prefix, anyPort := strings.CutSuffix(allowed, "*"); anyPort {
			port, ok := strings.CutPrefix(origin, prefix)
			return ok && digits(port, 1, 5) || origin == strings.TrimSuffix(prefix, ":")
		}
		return origin == allowed
	})
}

// digits tells whether s is between least and most decimal digits.
func digits(s string, least, most int) bool {
	if len(s) < least || len(s) > most {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// printable tells whether s may be shown as a name: not empty, at most maxName bytes, no control or format characters,
// which could turn a name in a dialog around.
func printable(s string) bool {
	return s != "" && len(s) <= maxName && utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool {
		return !unicode.IsPrint(r)
	}) < 0
}
