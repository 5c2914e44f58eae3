package signaling

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Provider is an OpenID provider that agents sign in with (OpenID Connect Core 1.0, authorization code flow with PKCE).
type Provider struct {
	Key      string   // names it in addresses and subjects; stable
	Name     string   // what the sign-in screen calls it
	Issuer   string   // where its discovery document is, exactly as it writes it itself
	ClientID string   // what it calls this server
	Secret   string   // of the client; empty for a public one
	Scopes   []string // asked for besides openid and profile
	Claim    string   // that lists a person's groups; empty means "groups"
	Roles    []RoleRule
	Roots    *x509.CertPool // who signs the certificate of the provider; nil means the system's
}

// RoleRule gives the people of one group roles at some sites. Who is in no such group has no access.
type RoleRule struct {
	Group string // AnyGroup means everybody whom the provider lets in
	Roles []string
	Sites []string // keys, or AllSites
}

// AnyGroup stands for everybody whom a provider lets in.
const AnyGroup = "*"

// Validate says what is wrong with a provider, in words for the person who configures it.
func (p Provider) Validate() error {
	u, err := url.Parse(p.Issuer)
	switch {
	case !siteKey.MatchString(p.Key):
		return fmt.Errorf("provider key %q: use 1 to 63 of a-z, 0-9 and '-'", p.Key)
	case !printable(p.Name):
		return fmt.Errorf("provider %s: name must be 1 to %d bytes of printable text", p.Key, maxName)
	case err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return fmt.Errorf("provider %s: issuer must be an address such as https://login.example", p.Key)
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return fmt.Errorf("provider %s: issuer must be https: on http anybody on the way could sign in", p.Key)
	case p.ClientID == "":
		return fmt.Errorf("provider %s: set client_id to what the provider calls this server", p.Key)
	case len(p.Roles) == 0:
		return fmt.Errorf("provider %s: give at least one group a role, or nobody can sign in", p.Key)
	}
	for i, r := range p.Roles {
		if err := r.validate(); err != nil {
			return fmt.Errorf("provider %s: role rule %d: %w", p.Key, i+1, err)
		}
	}
	return nil
}

func (r RoleRule) validate() error {
	switch {
	case !printable(r.Group):
		return errors.New(`name the group, or "*" for everybody whom the provider lets in`)
	case len(r.Roles) == 0 || !known(r.Roles, agentRoles):
		return errors.New("roles are " + strings.Join(agentRoles, ", "))
	case len(r.Sites) == 0:
		return errors.New(`name the keys of sites, or "*" for every site`)
	}
	return nil
}

// roles are what the groups of a person make of them. Roles at one site say nothing of another.
func (p Provider) roles(groups []string) map[string][]string {
	given := map[string][]string{}
	for _, rule := range p.Roles {
		if rule.Group != AnyGroup && !slices.Contains(groups, rule.Group) {
			continue
		}
		for _, site := range rule.Sites {
			for _, role := range rule.Roles {
				if !slices.Contains(given[site], role) {
					given[site] = append(given[site], role)
				}
			}
		}
	}
	return given
}

// subject is who a person of the provider is to this server: nobody of another provider, of an owner or of this server's own
// tokens can be called so. A sub that is too long or cannot be shown is named by its hash.
func (p Provider) subject(sub string) string { return subjectOf("oidc:"+p.Key+":", sub) }

func subjectOf(prefix, sub string) string {
	if !printable(prefix+sub) || strings.HasPrefix(sub, "#") {
		sum := sha256.Sum256([]byte(sub))
		sub = "#" + base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return prefix + sub
}
