package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"vitrine/internal/access"
	"vitrine/internal/audit"
	"vitrine/sfu"
	"vitrine/signaling"
)

// accessConfig says who may do what.
type accessConfig struct {
	Policy   string `yaml:"policy"`
	TimeZone string `yaml:"time_zone"`
}

// open reads the policy. A server with a policy that cannot be read does not start.
func (c accessConfig) open() (*access.Manager, error) {
	zone, err := c.zone()
	if err != nil {
		return nil, err
	}
	return access.Open(c.Policy, zone)
}

func (c accessConfig) zone() (*time.Location, error) {
	zone, err := time.LoadLocation(c.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("access.time_zone: use a name such as Europe/Amsterdam, or leave it out for UTC: %w", err)
	}
	return zone, nil
}

// deciders are what is asked who somebody is and what they may, and where that is kept.
type deciders struct {
	tokens *signaling.Tokens
	access *access.Manager
}

// openAccess reads the policy.
func (h *host) openAccess() (err error) {
	h.access, err = h.config.Access.open()
	return err
}

// watchPolicies looks after the policy: a file that changes, or SIGHUP, has it read anew, and every minute live sessions are
// asked about anew, because policies can look at the clock.
func (h *host) watchPolicies() error {
	hangUp := make(chan os.Signal, 1)
	signal.Notify(hangUp, syscall.SIGHUP)
	done, ended := make(chan struct{}), make(chan struct{})
	h.closing(func() error {
		signal.Stop(hangUp)
		close(done)
		<-ended
		return nil
	})
	go func() {
		defer close(ended)
		h.watchAccess(hangUp, done)
	}()
	return nil
}

const (
	policyEvery  = time.Second // the file is looked at
	recheckEvery = time.Minute // policies can look at the hour
)

func (h *host) watchAccess(hangUp <-chan os.Signal, done <-chan struct{}) {
	look, recheck := time.NewTicker(policyEvery), time.NewTicker(recheckEvery)
	defer look.Stop()
	defer recheck.Stop()
	for {
		select {
		case <-done:
			return
		case <-recheck.C:
			h.sfu.Recheck()
		case <-hangUp:
			h.reloadAccess()
		case <-look.C:
			h.reloadAccess()
		}
	}
}

// reloadAccess takes a policy file that has changed. One that cannot be read changes nothing.
func (h *host) reloadAccess() {
	news, err := h.access.Reload()
	switch {
	case !news:
	case err != nil:
		h.logger.Error("the access policy cannot be read: the one from before stays in force", "error", err)
		h.rec.record(audit.Event{Name: "policy.refused", Outcome: "refused", Rule: h.access.Policies().Digest()})
	default:
		h.logger.Info("access policy read", "digest", h.access.Policies().Digest())
		h.rec.record(audit.Event{Name: "policy.loaded", Outcome: "allowed", Rule: h.access.Policies().Digest()})
		h.sfu.Recheck()
	}
}

// judge answers the SFU's questions about agents; no session is open before the API is.
func (h *host) judge(q sfu.Question) sfu.Ruling { return h.api.Judge(q) }
