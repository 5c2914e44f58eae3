package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"filippo.io/age"
	"go.yaml.in/yaml/v3"

	"vitrine/internal/seal"
	"vitrine/signaling"
)

// recordConfig says for whom the recordings of a site are sealed. Without it nothing is recorded.
type recordConfig struct {
	Recipients []string `yaml:"recipients"`
	Retention  span     `yaml:"retention"`
}

// span is a time that may be written in days.
type span time.Duration

var inDays = regexp.MustCompile(`\A[0-9]{1,5}d\z`)

// UnmarshalYAML reads 30d, 12h and the like.
func (s *span) UnmarshalYAML(node *yaml.Node) error {
	if inDays.MatchString(node.Value) {
		days, err := strconv.Atoi(node.Value[:len(node.Value)-1])
		*s = span(time.Duration(days) * 24 * time.Hour)
		return err
	}
	d, err := time.ParseDuration(node.Value)
	if err != nil {
		return fmt.Errorf("line %d: %q must be a time such as 30d or 12h", node.Line, node.Value)
	}
	*s = span(d)
	return nil
}

const (
	keptByDefault = 30 * 24 * time.Hour
	keptAtLeast   = time.Hour
	keptAtMost    = 10 * 366 * 24 * time.Hour
	sweepEvery    = 10 * time.Minute
)

func (c recordConfig) on() bool { return len(c.Recipients) > 0 || c.Retention != 0 }

// recipients are those of the configuration.
func (c recordConfig) recipients() ([]age.Recipient, error) {
	if len(c.Recipients) == 0 {
		return nil, errors.New("list at least one recipient (age1…): `age-keygen` makes an identity, which stays elsewhere, and prints it")
	}
	return seal.Recipients(c.Recipients)
}

func (c recordConfig) retention() time.Duration {
	if c.Retention == 0 {
		return keptByDefault
	}
	return time.Duration(c.Retention)
}

// recordRules holds the recordings of all sites against what must be.
func (c *config) recordRules() (rules []rule) {
	for _, site := range c.Sites {
		if !site.Record.on() {
			continue
		}
		key := "sites: " + site.Key + ": record"
		if _, err := site.Record.recipients(); err != nil {
			rules = append(rules, rule{false, key + ".recipients: " + err.Error()})
		}
		kept := site.Record.retention()
		rules = append(rules, rule{
			kept >= keptAtLeast && kept <= keptAtMost, key + ".retention: set it between 1h and 3660d",
		})
	}
	return rules
}

// signaling is the recording of a site as the server knows it; nil for none. The configuration was held against its rules.
func (c recordConfig) signaling() *signaling.Recording {
	if !c.on() {
		return nil
	}
	recipients, err := c.recipients()
	if err != nil {
		return nil // nothing is recorded rather than for somebody else
	}
	return &signaling.Recording{Recipients: recipients, Retention: c.retention()}
}

// openShelf opens the place of recordings. What ends while the server stops is on the disk before its audit log closes.
func (h *host) openShelf() (err error) {
	h.rec.shelf, err = seal.Open(context.Background(), h.config.Data, h.rec.kept, h.rec.record)
	if err != nil {
		return err
	}
	h.closing(h.rec.shelf.Close)
	return nil
}

// sweepRecordings deletes recordings whose time is over, now and from time to time.
func (h *host) sweepRecordings() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	h.closing(func() error { cancel(); <-done; return nil })
	go func() {
		defer close(done)
		ticker := time.NewTicker(sweepEvery)
		defer ticker.Stop()
		for {
			if _, err := h.rec.shelf.Sweep(ctx, time.Now(), h.api.Retention); err != nil && ctx.Err() == nil {
				h.logger.Error("recordings whose time is over cannot be deleted: mend the disk or the store", "error", err)
			}
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
		}
	}()
}
