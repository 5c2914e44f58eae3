package main

import (
	"context"
	"fmt"
	"time"

	"vitrine/signaling"
)

// trustConfig is who may come in, and where what is kept of them is kept.
type trustConfig struct {
	Store  storeConfig  `yaml:"store"`
	Agents agentsConfig `yaml:"agents"`
	Owners ownersConfig `yaml:"owners"`
	Access accessConfig `yaml:"access"`
}

// agentsConfig says with whom agents sign in.
type agentsConfig struct {
	Providers []providerConfig `yaml:"providers"`
}

// ownersConfig is about the owners' back ends.
type ownersConfig struct {
	PrivateAddresses bool `yaml:"private_addresses"`
}

type providerConfig struct {
	Key         string       `yaml:"key"`
	Name        string       `yaml:"name"`
	Issuer      string       `yaml:"issuer"`
	ClientID    string       `yaml:"client_id"`
	SecretFile  string       `yaml:"client_secret_file"`
	Scopes      []string     `yaml:"scopes"`
	GroupsClaim string       `yaml:"groups_claim"`
	CARoot      string       `yaml:"ca_root"`
	Roles       []roleConfig `yaml:"roles"`
}

type roleConfig struct {
	Group string   `yaml:"group"`
	Roles []string `yaml:"roles"`
	Sites []string `yaml:"sites"`
}

// open reads the files that the providers' settings name.
func (a agentsConfig) open() (providers []signaling.Provider, err error) {
	for _, p := range a.Providers {
		provider := signaling.Provider{
			Key: p.Key, Name: p.Name, Issuer: p.Issuer, ClientID: p.ClientID, Scopes: p.Scopes, Claim: p.GroupsClaim,
		}
		for _, r := range p.Roles {
			provider.Roles = append(provider.Roles, signaling.RoleRule(r))
		}
		if p.SecretFile != "" {
			if provider.Secret, err = secretFile("agents.providers.client_secret_file", p.SecretFile); err != nil {
				return nil, err
			}
		}
		if p.CARoot != "" {
			if provider.Roots, err = readRoots(p.CARoot); err != nil {
				return nil, fmt.Errorf("agents.providers.ca_root: %w", err)
			}
		}
		providers = append(providers, provider)
	}
	return providers, nil
}

// trust is by whom the server lets itself be told who somebody is.
func (h *host) trust() (signaling.Trust, error) {
	providers, err := h.config.Agents.open()
	return signaling.Trust{
		Auditing: h.rec.log.Err, Providers: providers, Records: h.rec.kept, Recordings: h.rec.shelf, Access: h.access,
		JWKS: signaling.JWKSClient{Private: h.config.Owners.PrivateAddresses},
	}, err
}

// keyTime is how long it takes until a key that was added to the data directory, or taken out of it, counts.
const keyTime = 2 * time.Second

// watch reads the keys of the data directory again and again, so that rotating one ends no session.
func (h *host) watch(keys *signaling.Keys) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	h.closing(func() error { stop(); <-done; return nil })
	go func() {
		defer close(done)
		tick := time.NewTicker(keyTime)
		defer tick.Stop()
		last := ""
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			changed, err := keys.Reload()
			switch {
			case err != nil && err.Error() != last:
				h.logger.Error("the keys cannot be read again; those from before stay", "error", err)
			case changed:
				h.logger.Info("the keys of tokens have changed", "keys", keys.Len())
			}
			if last = ""; err != nil {
				last = err.Error()
			}
		}
	}()
}
