package client

import (
	"context"
	"fmt"
	"io"
	"time"

	"vitrine/internal/wire"
)

func (c *Client) read(ch wire.Channel, stream io.Reader) {
	defer c.once.Do(func() { close(c.closed) })
	buf := make([]byte, wire.MaxMessageIn)
	var frames wire.Assembler
	var decode decoder
	for {
		c.mu.Lock()
		gate := c.gates[ch]
		c.mu.Unlock()
		if gate != nil {
			select {
			case <-gate:
			case <-c.closed:
				return
			}
		}
		n, err := stream.Read(buf)
		if err != nil {
			return
		}
		frame, err := frames.Next(buf[:n])
		if frame == nil && err == nil {
			continue
		}
		r := Received{Channel: ch, Bytes: frame, At: time.Now(), Err: err}
		if c.config.On == nil {
			r.Bytes = append([]byte(nil), frame...)
			decode = decoder{}
		}
		if err == nil {
			r.Frame, r.Err = decode.frame(c.config.Agent, ch, r.Bytes)
		}
		c.take(r)
	}
}

// decoder decodes what one side gets.
type decoder struct {
	customer *wire.ToCustomerDecoder
	agent    *wire.ToAgentDecoder
}

func (d *decoder) frame(agent bool, ch wire.Channel, frame []byte) (wire.Frame, error) {
	if agent {
		if d.agent == nil {
			d.agent = new(wire.ToAgentDecoder)
		}
		f, err := d.agent.Decode(ch, frame)
		return f, err
	}
	if d.customer == nil {
		d.customer = new(wire.ToCustomerDecoder)
	}
	f, err := d.customer.Decode(ch, frame)
	return f, err
}

func (c *Client) take(r Received) {
	if ping, ok := r.Frame.(*wire.Ping); ok && r.Err == nil && !c.config.Mute {
		// If it cannot be sent, the connection is gone, which its owner will see.
		_ = c.Send(&wire.Pong{Seq: ping.Seq})
	}
	if c.config.On != nil {
		c.config.On(r)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.log = append(c.log, r)
	c.taken = append(c.taken, false)
	close(c.more)
	c.more = make(chan struct{})
}

// Log is everything that has arrived, taken or not.
func (c *Client) Log() []Received {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Received(nil), c.log...)
}

// Any matches every frame of a type.
func Any[F wire.Frame](F) bool { return true }

// Take takes the first frame of a type that matches and was not taken before, and waits for it if need be.
func Take[F wire.Frame](ctx context.Context, c *Client, match func(F) bool) (F, error) {
	var none F
	for from := 0; ; {
		c.mu.Lock()
		for ; from < len(c.log); from++ {
			if f, ok := c.log[from].Frame.(F); ok && c.log[from].Err == nil && !c.taken[from] && match(f) {
				c.taken[from] = true
				c.mu.Unlock()
				return f, nil
			}
		}
		more := c.more
		c.mu.Unlock()
		select {
		case <-more:
		case <-c.closed:
			// What came last may not have been looked at.
			c.mu.Lock()
			left := len(c.log) - from
			c.mu.Unlock()
			if left == 0 {
				return none, fmt.Errorf("client: closed before a %T came", none)
			}
		case <-ctx.Done():
			return none, fmt.Errorf("client: no %T came: %w", none, ctx.Err())
		}
	}
}
