package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"vitrine/internal/wire"
	"vitrine/signaling"
	"vitrine/test/client"
	"vitrine/test/hostile"
	"vitrine/test/page"
)

const (
	hostilePace = 10 * time.Millisecond  // between documents that the server has to clean
	hostileSpan = 100 * time.Millisecond // in which one session sends them
	knockPace   = 100 * time.Millisecond // between attempts to open the next session
	hostileTime = 10 * time.Second       // for anything that the server has to answer
)

// Victim is the server that a hostile customer works on, with tokens for agents who look on.
type Victim struct {
	Base   string
	Tokens []string
}

// Attacked is what a hostile customer did.
type Attacked struct{ Sessions, Cleaned, Refused int }

func (a Attacked) plus(b Attacked) Attacked {
	return Attacked{a.Sessions + b.Sessions, a.Cleaned + b.Cleaned, a.Refused + b.Refused}
}

// hostileService is a customer who means harm. In each session it sends two frames that are refused, then documents full
// of what must be cleaned away, then the third frame that is refused; and comes again as soon as the server admits it.
type hostileService struct {
	victim  Victim
	attacks []string // names in the order of their turns
	turn    int
	stop    chan struct{}
	done    chan error
	count   Attacked
}

func newHostileService() (any, error) {
	return &hostileService{attacks: slices.Sorted(maps.Keys(hostile.Attacks))}, nil
}

// Prepare takes the victim and opens sessions until the server admits no more: from here on it admits as many as it
// does in the long run.
func (h *hostileService) Prepare(v Victim, _ *struct{}) error {
	h.victim = v
	for {
		if _, err := h.admitted(); err != nil {
			return nil
		}
	}
}

// admitted opens a session. An error means that the server does not admit another one now.
func (h *hostileService) admitted() (client.Session, error) {
	ctx, cancel := context.WithTimeout(context.Background(), hostileTime)
	defer cancel()
	return client.OpenSession(ctx, h.victim.Base, signaling.DevSite().Key, shopOrigin)
}

// Begin begins to attack.
func (h *hostileService) Begin(struct{}, *struct{}) error {
	h.stop, h.done, h.count = make(chan struct{}), make(chan error, 1), Attacked{}
	go func() { h.done <- h.attack() }()
	return nil
}

// Rest ends the session that is open and tells what was done since Begin.
func (h *hostileService) Rest(_ struct{}, count *Attacked) error {
	close(h.stop)
	err := <-h.done
	*count = h.count
	return err
}

func (h *hostileService) attack() error {
	for {
		select {
		case <-h.stop:
			return nil
		default:
		}
		session, err := h.admitted()
		if err == nil {
			err = h.live(session)
		} else if strings.Contains(err.Error(), "429") {
			err = nil
			select {
			case <-h.stop:
			case <-time.After(knockPace):
			}
		}
		if err != nil {
			return err
		}
	}
}

// live is one session from its beginning to its end.
func (h *hostileService) live(session client.Session) error {
	s, err := h.open(session)
	if err != nil {
		return err
	}
	defer s.close()
	for range 2 {
		if err := s.strike(h, true); err != nil {
			return err
		}
	}
	if err := s.documents(h); err != nil {
		return err
	}
	return s.end(h)
}

// hostileSession is one life of a hostile customer.
type hostileSession struct {
	customer, agent *client.Client
	page            *page.Builder
	leaked          atomic.Bool // something reached the agent
}

func (h *hostileService) open(session client.Session) (*hostileSession, error) {
	if len(h.victim.Tokens) == 0 {
		return nil, errors.New("no tokens left")
	}
	token := h.victim.Tokens[0]
	h.victim.Tokens = h.victim.Tokens[1:]
	ctx, cancel := context.WithTimeout(context.Background(), hostileTime)
	defer cancel()
	s := &hostileSession{page: page.NewBuilder()}
	var err error
	s.customer, s.agent, err = meet(ctx, place{base: h.victim.Base}, session, token, func(r client.Received) {
		if bytes.Contains(bytes.ToLower(r.Bytes), []byte(hostile.Canary)) {
			s.leaked.Store(true)
		}
	})
	h.count.Sessions++
	return s, err
}

// strike sends a good snapshot and the next attack behind it. When the session is to go on, the server's answer is
// awaited.
func (s *hostileSession) strike(h *hostileService, goesOn bool) error {
	attack := h.attacks[h.turn%len(h.attacks)]
	h.turn++
	s.page.NoTable = false
	hostile.Open(s.page)
	if err := s.customer.Send(s.page.Batch()); err != nil {
		return err
	}
	epoch := s.page.Batch().Epoch
	s.page.NoTable = true
	s.page.Update(false)
	hostile.Attacks[attack](s.page)
	if err := s.customer.SendBytes(wire.Dom, s.page.Batch().AppendTo(nil), true); err != nil {
		return err
	}
	h.count.Refused++
	if !goesOn {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), hostileTime)
	defer cancel()
	if _, err := client.Take(ctx, s.customer, func(f *wire.Resync) bool { return f.Epoch >= epoch }); err != nil {
		return fmt.Errorf("%s: %w", attack, err)
	}
	return nil
}

// documents sends documents full of what must go, for a time.
func (s *hostileSession) documents(h *hostileService) error {
	tick := time.NewTicker(hostilePace)
	defer tick.Stop()
	for over := time.After(hostileSpan); ; {
		select {
		case <-over:
			return nil
		case <-tick.C:
		}
		if err := hostile.Document(s.page); err != nil {
			return err
		}
		if err := s.customer.SendBytes(wire.Dom, s.page.Batch().AppendTo(nil), true); err != nil {
			return err
		}
		h.count.Cleaned++
	}
}

func (s *hostileSession) close() {
	_ = s.customer.Close()
	_ = s.agent.Close()
}

// end sends the last attack, after which the server closes the connection.
func (s *hostileSession) end(h *hostileService) error {
	if err := s.strike(h, false); err != nil {
		return err
	}
	select {
	case <-s.customer.Closed():
	case <-time.After(hostileTime):
		return errors.New("a hostile customer is still connected")
	}
	if s.leaked.Load() {
		return errors.New("something of an attack reached an agent")
	}
	return nil
}
