package signaling

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const (
	idpTimeout  = 5 * time.Second  // of one call to a provider
	idpSignIn   = 12 * time.Second // of all calls of one sign-in
	idpRetry    = 10 * time.Second // between two attempts to reach one that is dead
	idpFresh    = time.Minute      // how long its discovery document is believed
	maxIDPBytes = 1 << 20          // of one answer
)

// errIDP says that a provider does not answer, or not as it should.
var errIDP = errors.New("signaling: the identity provider does not answer")

// An idp is a provider with what is known of it.
type idp struct {
	Provider
	client *http.Client
	failed func(error) // told of each failed discovery

	mu    sync.Mutex
	found *discovered
	tried time.Time
}

// A discovered is what a provider says of itself (OpenID Connect Discovery 1.0).
type discovered struct {
	*oidc.Provider
	at       time.Time
	endpoint oauth2.Endpoint
	namesIss bool // it puts iss into its answers (RFC 9207)
}

func newIDP(p Provider, failed func(error)) *idp {
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: idpTimeout}).DialContext,
		TLSClientConfig:     &tls.Config{RootCAs: p.Roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: idpTimeout, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
		MaxResponseHeaderBytes: 64 << 10,
	}
	return &idp{Provider: p, failed: failed, client: &http.Client{
		Timeout: idpTimeout, Transport: bounded{transport, maxIDPBytes},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// bounded cuts answers that are too long.
type bounded struct {
	http.RoundTripper
	most int64
}

// RoundTrip makes one call.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(answer.Body, b.most), answer.Body}
	return answer, nil
}

// discover gives what the provider says of itself. What was found is kept for a while, and for longer while the provider
// is dead; a dead one is asked again, but not by everybody at once.
func (p *idp) discover() (*discovered, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.found != nil && now.Sub(p.found.at) < idpFresh {
		return p.found, nil
	}
	if now.Sub(p.tried) >= idpRetry {
		fresh, err := p.ask()
		if err == nil {
			p.found = fresh
			return fresh, nil
		}
		p.tried = time.Now()
		p.failed(err)
	}
	if p.found != nil {
		return p.found, nil
	}
	return nil, errIDP
}

// alive is discover for who sends somebody to the provider: one that does not answer just now is told of here, not by the
// browser's own error page.
func (p *idp) alive() (*discovered, error) {
	d, err := p.discover()
	if err == nil && time.Since(d.at) >= idpFresh {
		err = errIDP
	}
	return d, err
}

func (p *idp) ask() (*discovered, error) {
	found, err := oidc.NewProvider(oidc.ClientContext(context.Background(), p.client), p.Issuer)
	if err != nil {
		return nil, err
	}
	var more struct {
		Token    string   `json:"token_endpoint"`
		Keys     string   `json:"jwks_uri"`
		Methods  []string `json:"token_endpoint_auth_methods_supported"`
		PKCE     []string `json:"code_challenge_methods_supported"`
		NamesIss bool     `json:"authorization_response_iss_parameter_supported"`
	}
	if err := found.Claims(&more); err != nil {
		return nil, err
	}
	endpoint := found.Endpoint()
	for _, address := range []string{endpoint.AuthURL, more.Token, more.Keys} {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || u.Scheme != "https" && !strings.HasPrefix(p.Issuer, "http:") {
			return nil, errors.New("the discovery document names an endpoint that is not https")
		}
	}
	if more.PKCE != nil && !slices.Contains(more.PKCE, "S256") {
		return nil, errors.New("the provider does not offer PKCE with S256 (RFC 7636)")
	}
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if p.Secret == "" || more.Methods != nil && !slices.Contains(more.Methods, "client_secret_basic") {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return &discovered{found, time.Now(), endpoint, more.NamesIss}, nil
}

// flow is the client of one sign-in.
func (p *idp) flow(d *discovered, redirect string) *oauth2.Config {
	scopes := append([]string{oidc.ScopeOpenID, "profile"}, p.Scopes...)
	slices.Sort(scopes)
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.Secret, Endpoint: d.endpoint, RedirectURL: redirect, Scopes: slices.Compact(scopes),
	}
}

// An identity is who a provider says that somebody is.
type identity struct {
	sub, name, sid string // name may be empty
	groups         []string
}

// redeem trades a code for who somebody is. Its error is errIDP, or a *Rejected that names the rule.
func (p *idp) redeem(ctx context.Context, started signIn, code string) (identity, error) {
	d, err := p.discover()
	if err != nil {
		return identity{}, err
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, p.client), idpSignIn)
	defer cancel()
	token, err := p.flow(d, started.redirect).Exchange(ctx, code, oauth2.VerifierOption(started.verifier))
	if err != nil {
		return identity{}, refusedCode(err)
	}
	raw, _ := token.Extra("id_token").(string)
	who, err := p.verify(ctx, d, started.nonce, raw, token.AccessToken)
	if err != nil || who.groups != nil && who.name != "" || d.UserInfoEndpoint() == "" {
		return who, err
	}
	return p.complete(ctx, d, token, who)
}

// complete adds what some providers tell at the userinfo endpoint only (OpenID Connect Core section 5.3).
func (p *idp) complete(ctx context.Context, d *discovered, token *oauth2.Token, who identity) (identity, error) {
	info, err := d.UserInfo(ctx, oauth2.StaticTokenSource(token))
	switch {
	case err != nil:
		return identity{}, errIDP
	case info.Subject != who.sub:
		return identity{}, &Rejected{"userinfo-sub"}
	}
	var said names
	if info.Claims(&said) != nil {
		return identity{}, &Rejected{"id-claims"}
	}
	who.name = cmp.Or(who.name, said.shown())
	if who.groups == nil {
		who.groups, err = p.groups(info.Claims)
	}
	return who, err
}

// names are the claims that a person can be shown by.
type names struct {
	Name     string `json:"name"`
	Username string `json:"preferred_username"`
}

// shown is the first name that can be shown, or nothing.
func (n names) shown() string {
	for _, name := range []string{n.Name, n.Username} {
		if printable(name) {
			return name
		}
	}
	return ""
}

// refusedCode tells a provider that refuses from one that is dead.
func refusedCode(err error) error {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) && refused.Response != nil && refused.Response.StatusCode < 500 {
		return &Rejected{"code"}
	}
	return errIDP
}

// verify checks an ID token (OpenID Connect Core section 3.1.3.7).
func (p *idp) verify(ctx context.Context, d *discovered, nonce, raw, access string) (identity, error) {
	if len(raw) > maxIDToken {
		return identity{}, &Rejected{"size"}
	}
	token, err := d.VerifierContext(ctx, &oidc.Config{ClientID: p.ClientID}).Verify(ctx, raw)
	if err != nil {
		return identity{}, refusedID(err)
	}
	var claims struct {
		Party   *string `json:"azp"`
		Session string  `json:"sid"`
		names
	}
	age := time.Since(token.IssuedAt)
	switch err := token.Claims(&claims); {
	case err != nil:
		return identity{}, &Rejected{"id-claims"}
	case nonce == "" || token.Nonce != nonce:
		return identity{}, &Rejected{"nonce"}
	case claims.Party != nil && *claims.Party != p.ClientID, claims.Party == nil && len(token.Audience) > 1:
		return identity{}, &Rejected{"azp"}
	case token.AccessTokenHash != "" && token.VerifyAccessToken(access) != nil:
		return identity{}, &Rejected{"at-hash"}
	case token.Subject == "":
		return identity{}, &Rejected{"sub"}
	case age > MaxTokenLife || age < -time.Minute:
		return identity{}, &Rejected{"iat"}
	}
	groups, err := p.groups(token.Claims)
	return identity{token.Subject, claims.shown(), claims.Session, groups}, err
}

// maxIDToken bounds an ID token: one with a thousand groups in it is shorter.
const maxIDToken = 64 << 10

// refusedID names why the library refused a token. It has a type for one reason only; the others are told by their words,
// and what fits none is refused all the same. Keys that cannot be had are no fault of the token.
func refusedID(err error) error {
	var expired *oidc.TokenExpiredError
	switch {
	case errors.As(err, &expired):
		return &Rejected{"expired"}
	case strings.Contains(err.Error(), "fetching keys"):
		return errIDP
	}
	for _, known := range [][2]string{
		{"issued by a different provider", "iss"}, {"expected audience", "aud"}, {"expected logout token audience", "aud"},
		{"verify signature", "signature"}, {"before the nbf", "nbf"}, {"unexpected signature algorithm", "alg"}, {"malformed jwt", "form"},
	} {
		if strings.Contains(err.Error(), known[0]) {
			return &Rejected{known[1]}
		}
	}
	return &Rejected{"id-token"}
}

// groups reads the claim that lists groups: a list of names, or one name. nil means that there is no such claim.
func (p *idp) groups(claims func(any) error) ([]string, error) {
	name := p.Claim
	if name == "" {
		name = "groups"
	}
	var all map[string]json.RawMessage
	if claims(&all) != nil {
		return nil, &Rejected{"id-claims"}
	}
	raw, ok := all[name]
	if !ok {
		return nil, nil
	}
	groups, one := []string{}, ""
	if json.Unmarshal(raw, &one) == nil && one != "" {
		return []string{one}, nil
	}
	if json.Unmarshal(raw, &groups) != nil {
		return nil, &Rejected{"groups"}
	}
	return groups, nil
}
