package main

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"vitrine/internal/wire"
	"vitrine/sanitizer/vocab"
	"vitrine/sfu"
)

// person is one side of a session in Go: it says Hello, answers pings, and consents to everything.
type person struct {
	*end
	share   chan uint32 // epochs above which the page was asked for
	active  chan struct{}
	resyncs atomic.Int64
	acks    atomic.Int64
}

// join connects somebody to a session of the SFU in a child.
func (r *rig) join(c *child, grant sfu.Grant) (*person, error) {
	e, err := r.dial(func(offer string) (answer string, err error) {
		return answer, c.call("Connect", Offered{grant, offer}, &answer)
	})
	if err != nil {
		return nil, err
	}
	p := &person{end: e, share: make(chan uint32, 8), active: make(chan struct{}, 8)}
	if grant.Role == sfu.Customer {
		var decoder wire.ToCustomerDecoder
		e.listen(wire.Ctl, firstBuffer, func(msg []byte) { p.customer(&decoder, msg) })
	} else {
		var decoder wire.ToAgentDecoder
		e.listen(wire.Ctl, firstBuffer, func(msg []byte) { p.agent(&decoder, msg) })
	}
	return p, p.send(&wire.Hello{Protocol: wire.ProtocolVersion, Table: vocab.Version, Client: "bench"})
}

// send sends a small frame.
func (p *person) send(f wire.Frame) error {
	_, err := p.streams[f.Channel()].Write(f.AppendTo([]byte{0}))
	return err
}

// reply is send where there is nobody to tell: a connection that is gone shows in what does not arrive.
func (p *person) reply(f wire.Frame) { _ = p.send(f) }

func (p *person) customer(d *wire.ToCustomerDecoder, msg []byte) {
	f, err := d.Decode(wire.Ctl, msg[1:])
	if err != nil {
		return
	}
	switch f := f.(type) {
	case *wire.Ping:
		p.reply(&wire.Pong{Seq: f.Seq})
	case *wire.Ask:
		p.reply(&wire.Answer{Ask: f.Ask, Granted: f.Scopes})
	case *wire.Share:
		if f.On {
			p.share <- f.Epoch
		}
	case *wire.Ack:
		p.acks.Add(1)
	case *wire.Resync:
		p.resyncs.Add(1)
	}
}

func (p *person) agent(d *wire.ToAgentDecoder, msg []byte) {
	f, err := d.Decode(wire.Ctl, msg[1:])
	if err != nil {
		return
	}
	switch f := f.(type) {
	case *wire.Ping:
		p.reply(&wire.Pong{Seq: f.Seq})
	case *wire.State:
		if f.State == wire.StateActive {
			p.active <- struct{}{}
		}
	}
}

// await waits for one value.
func await[T any](c <-chan T, what string) (v T, err error) {
	select {
	case v = <-c:
		return v, nil
	case <-time.After(15 * time.Second):
		return v, errors.New("no " + what)
	}
}

// pair opens a session with a customer and an agent whom the customer let in.
func (r *rig) pair(c *child) (customer, agent *person, err error) {
	var id string
	if err := c.call("Open", struct{}{}, &id); err != nil {
		return nil, nil, err
	}
	customer, err = r.join(c, sfu.Grant{Session: id, Role: sfu.Customer, Subject: "c", Origin: "http://127.0.0.1"})
	if err != nil {
		return nil, nil, fmt.Errorf("customer: %w", err)
	}
	agent, err = r.join(c, sfu.Grant{Session: id, Role: sfu.Agent, Subject: "a", Name: "A", Company: "B", May: wire.ScopeView})
	if err != nil {
		return nil, nil, fmt.Errorf("agent: %w", err)
	}
	if _, err = await(customer.share, "Share"); err != nil {
		return nil, nil, err
	}
	_, err = await(agent.active, "active session")
	return customer, agent, err
}
