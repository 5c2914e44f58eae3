package check

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"errors"

	"github.com/pion/stun/v4"

	"vitrine/turn/vrelay"
)

// turn checks one TURN server: the allocation, the way through it, its refusals and its manners towards strangers.
func (c *checker) turn(ctx context.Context, u turnURL) {
	r := c.allocation(ctx, u)
	if r == nil {
		return
	}
	defer r.conn.Close()
	c.strangers(ctx, u)
	line := c.echo(ctx, u.raw, &u)
	if line == nil {
		return
	}
	defer line.close()
	c.refusals(ctx, u, r, line)
	c.throughput(u, r, line)
}

// allocation makes one, or says why there is none.
func (c *checker) allocation(ctx context.Context, u turnURL) *caller {
	s := Step{Name: "allocate", URL: u.raw, Result: Failed}
	r, err := c.caller(ctx, u)
	if err != nil {
		s.Detail = "cannot connect: " + said(err)
		s.Cause, s.Remedy = "this network blocks "+u.transport+" to "+u.host, "open that port, or leave this listener out of the configuration: browsers try every URL"
		if errors.Is(err, syscall.ECONNREFUSED) {
			s.Cause, s.Remedy = "nothing listens there", "look at turn and turn.host, and at port mappings before the server"
		} else if u.transport == "tls" {
			s.Cause, s.Remedy = "the certificate is not for this name, or something before the server wants an HTTP ALPN or ends TLS itself",
				"browsers send no ALPN on turns: URLs: let the load balancer pass TCP on"
		}
		c.add(s)
		return nil
	}
	begin := time.Now()
	relayed, code, err := r.allocate()
	s.Figures = map[string]float64{"allocate_ms": milliseconds(time.Since(begin))}
	virtual := vrelay.DefaultPrefix().Contains(relayed.Addr())
	switch {
	case errors.Is(err, errNoAnswer):
		s.Detail, s.Cause = "no answer to an Allocate", "a firewall drops the packets, or the answers; or another program has the port"
		s.Remedy = "open " + u.transport + " " + u.host + " in both directions"
	case err != nil:
		s.Detail, s.Cause, s.Remedy = said(err), "what answers there is not a TURN server", "look at what stands before the server: it must pass TCP on, not HTTP"
	case code == 486 || code == 508:
		s.Detail = fmt.Sprintf("refused with %d", code)
		s.Cause, s.Remedy = "the quota of this address or of the server is used up", "wait, or look at `vitrine turn sessions` for who holds allocations"
	case code != 0:
		s.Detail = fmt.Sprintf("refused with %d", code)
		s.Cause, s.Remedy = "the credential is not accepted", "compare the clocks of the servers; an external TURN server must have the same secret"
	case !virtual && !c.config.External:
		s.Detail = "the relayed address is a real one: this is not the built-in server"
		s.Cause, s.Remedy = "another TURN server answers under this name and port", "give --external if that is meant; if not, look at turn.host and at port mappings"
	default:
		s.Result, s.Detail = Passed, "challenged with 401, then granted; the relayed address exists inside the server only"
		if !virtual {
			s.Detail = "challenged with 401, then granted; the relay is a real port of " + u.host
		}
	}
	if !c.add(s) {
		_ = r.conn.Close() // it is of no use
		return nil
	}
	return r
}

// quiet is how long nothing must come.
const quiet = 400 * time.Millisecond

// strangers looks at what somebody without a credential can draw out of the server: over UDP the source can be forged.
func (c *checker) strangers(ctx context.Context, u turnURL) {
	if u.transport != "udp" {
		return
	}
	r, err := c.caller(ctx, u)
	if err != nil {
		return // the step before has connected in the same way, and said so
	}
	defer r.conn.Close()
	s := Step{Name: "strangers", URL: u.raw}
	if _, err := r.challenge(); err != nil {
		s.Result, s.Detail, s.Cause = Warned, "no second challenge: "+said(err), "answers to strangers are limited to some a second for each network"
		s.Remedy = "none, if this was run several times within a second"
		c.add(s)
		return
	}
	factor := float64(r.got) / float64(r.asked)
	s.Figures = map[string]float64{"amplification": factor}
	bare, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest))
	if err == nil {
		_, err = r.conn.Write(bare.Raw)
	}
	if err == nil {
		_, err = r.read(time.Now().Add(quiet))
	}
	s.Detail = fmt.Sprintf("an answer is %.1f times as long as its question, and one without REQUESTED-TRANSPORT has none", factor)
	if err == nil {
		s.Result, s.Detail = Failed, "an Allocate of 20 bytes without REQUESTED-TRANSPORT is answered"
	} else if factor > 5 {
		s.Result, s.Detail = Failed, fmt.Sprintf("an answer is %.1f times as long as its question", factor)
	}
	if s.Result == Failed {
		s.Cause, s.Remedy = "the server can be used to flood others", "an external server: limit its unauthenticated answers; or leave UDP out"
	}
	c.add(s)
}

// refusals asks for what must not be had: other hosts, other ports, TCP; and looks whether anything arrives where nothing
// may.
func (c *checker) refusals(ctx context.Context, u turnURL, r *caller, line *line) {
	s := Step{Name: "refusals", URL: u.raw}
	next := netip.AddrPortFrom(line.sfu.Addr(), line.sfu.Port()+1)
	peers := []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:53"), netip.MustParseAddrPort("169.254.169.254:80")}
	if !c.config.External && line.sfu.IsValid() {
		peers = append(peers, next)
	}
	var open []string
	for _, to := range peers {
		if to.Addr() == line.sfu.Addr() && c.config.External {
			continue
		}
		code, _, err := r.ask(stun.MethodCreatePermission, peer(to))
		if err != nil || code != 403 {
			open = append(open, fmt.Sprintf("%v: %s", to, outcome(code, err)))
		}
	}
	if other, err := c.caller(ctx, u); err == nil {
		code, err := other.challenge()
		if err == nil && code == 401 {
			code, _, err = other.ask(stun.MethodAllocate, transport(6))
		}
		if err != nil || code != 442 && !(c.config.External && code != 0) {
			open = append(open, "relay over TCP: "+outcome(code, err))
		}
		_ = other.conn.Close() // it has no allocation
	}
	reached, canaries := c.canary(r)
	switch {
	case len(reached) > 0:
		s.Result, s.Detail = Failed, "datagrams went through the relay to "+strings.Join(reached, ", ")
		s.Cause, s.Remedy = "the server relays to others than the SFU", "an external server: deny all peers but the SFU's address (docs/TURN.md)"
	case len(open) > 0:
		s.Result, s.Detail = Failed, "not refused as it must be: "+strings.Join(open, "; ")
		s.Cause, s.Remedy = "the server would relay to others than the SFU, or answers wrongly", "an external server: deny all peers but the SFU's address (docs/TURN.md)"
	default:
		s.Detail = fmt.Sprintf("403 for %d other peers, 442 for TCP, nothing at %d canaries on this machine", len(peers), canaries)
	}
	c.add(s)
}

func outcome(code int, err error) string {
	switch {
	case err != nil:
		return said(err)
	case code == 0:
		return "granted"
	}
	return fmt.Sprint(code)
}

// kick ends the session and waits until its allocations are gone.
func (c *checker) kick(ctx context.Context) {
	var held []*caller
	for _, u := range c.session.urls {
		if r, err := c.caller(ctx, u); err == nil {
			defer r.conn.Close()
			if _, code, err := r.allocate(); err == nil && code == 0 {
				held = append(held, r)
			}
		}
	}
	s := Step{Name: "end", Detail: "the session ended; its allocations are gone"}
	begin := time.Now()
	if err := c.end(ctx); err != nil {
		s.Result, s.Detail, s.Cause, s.Remedy = Failed, "the session could not be ended: "+said(err), "the server stopped, or the token was lost on the way", "look at the server's log"
		c.add(s)
		return
	}
	for _, r := range held {
		if !r.gone(begin.Add(answerTime)) {
			s.Result, s.Detail = Failed, "an allocation is still there three seconds after its session ended"
			s.Cause, s.Remedy = "credentials of an external server outlive the session", "let them be good for a short time only"
			if c.config.External {
				s.Result = Warned
			}
		}
	}
	s.Figures = map[string]float64{"gone_ms": milliseconds(time.Since(begin)), "allocations": float64(len(held))}
	c.add(s)
}

// gone tells whether the allocation goes until then: a Refresh is answered by an error, or the stream is closed.
func (r *caller) gone(until time.Time) bool {
	for time.Now().Before(until) {
		code, _, err := r.ask(stun.MethodRefresh)
		if err != nil && !errors.Is(err, errNoAnswer) || err == nil && code != 0 {
			return true
		}
	}
	return false
}
