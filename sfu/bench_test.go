package sfu

import (
	"context"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"vitrine/internal/wire"
	"vitrine/test/client"
)

// ahead is how far a benchmark's sender is ahead of its receiver, in frames.
const ahead = 16

// BenchmarkRelay sends frames of 15 kB from a customer through the server to an agent, each changing a text of the page:
// "sfu" checks them and passes them on, "bare" is a relay on the same engine that only copies messages.
func BenchmarkRelay(b *testing.B) {
	b.Run("bare", func(b *testing.B) {
		relay := newBareRelay(b)
		agent, arrived := receiver(b, relay.dial(false))
		customer := sender(b, relay.dial(true))
		pour(b, customer, arrived, func(seq uint32) wire.Frame { return client.SetText(1, seq, 4, text15) })
		_ = agent
	})
	b.Run("sfu", func(b *testing.B) {
		s, err := New(Config{UDP: loopback(b), Loopback: true})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(s.Close)
		id, err := s.Open(SessionConfig{})
		if err != nil {
			b.Fatal(err)
		}
		dial := func(g Grant) client.Dial {
			g.Session = id
			return func(ctx context.Context, offer string) (string, error) {
				c, err := s.Connect(ctx, g, offer)
				return c.Answer, err
			}
		}
		agent, arrived := receiver(b, dial(Grant{Role: Agent, Subject: "a", May: wire.ScopeView}))
		customer := sender(b, dial(Grant{Role: Customer, Subject: "c"}))
		must(b, customer.Hello())
		must(b, agent.Hello())
		ask, err := client.Take(b.Context(), customer, client.Any[*wire.Ask])
		must(b, err)
		must(b, customer.Send(&wire.Answer{Ask: ask.Ask, Granted: wire.ScopeView}))
		_, err = client.Take(b.Context(), customer, client.Any[*wire.Share])
		must(b, err)
		must(b, customer.Send(client.Snapshot(1, []byte("x"))))
		<-arrived
		pour(b, customer, arrived, func(seq uint32) wire.Frame { return client.SetText(1, seq, 4, text15) })
	})
}

var text15 = func() []byte {
	text := make([]byte, 15<<10)
	for i := range text {
		text[i] = 'a' + byte(i*7%26)
	}
	return text
}()

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func loopback(b *testing.B) net.PacketConn {
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	must(b, err)
	_, _ = udp.SetReadBuffer(4<<20), udp.SetWriteBuffer(4<<20)
	return udp
}

// receiver is an agent who tells of every batch.
func receiver(b *testing.B, dial client.Dial) (*client.Client, <-chan struct{}) {
	arrived := make(chan struct{}, 1024)
	c, err := client.Connect(b.Context(), client.Config{Agent: true, On: func(r client.Received) {
		if r.Channel == wire.Dom {
			arrived <- struct{}{}
		}
	}}, dial)
	must(b, err)
	b.Cleanup(func() { _ = c.Close() })
	return c, arrived
}

func sender(b *testing.B, dial client.Dial) *client.Client {
	c, err := client.Connect(b.Context(), client.Config{}, dial)
	must(b, err)
	b.Cleanup(func() { _ = c.Close() })
	return c
}

// pour sends b.N frames and waits until all have arrived.
func pour(b *testing.B, customer *client.Client, arrived <-chan struct{}, frame func(seq uint32) wire.Frame) {
	b.SetBytes(int64(len(text15)))
	b.ResetTimer()
	// The clients' share is in it, the same for both. Unlike the rate it hardly depends on what else the machine does.
	used := cpu(b)
	got := 0
	wait := func() {
		select {
		case <-arrived:
			got++
		case <-time.After(10 * time.Second):
			b.Fatalf("%d of %d frames arrived", got, b.N)
		}
	}
	for i := range b.N {
		must(b, customer.Send(frame(uint32(i)+1)))
		for i+1-got >= ahead {
			wait()
		}
	}
	for got < b.N {
		wait()
	}
	b.StopTimer()
	b.ReportMetric(float64((cpu(b)-used).Microseconds())/1000/(float64(b.N*len(text15))/(1<<20)), "cpu-ms/MB")
}

// cpu is the processor time of this process.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// bareRelay copies what comes on the page channel of one connection to that of another.
type bareRelay struct {
	b      *testing.B
	engine *engine
	out    chan io.Writer
}

func newBareRelay(b *testing.B) *bareRelay {
	e, err := newEngine(Config{UDP: loopback(b), Loopback: true})
	must(b, err)
	b.Cleanup(e.close)
	return &bareRelay{b: b, engine: e, out: make(chan io.Writer, 1)}
}

func (r *bareRelay) dial(from bool) client.Dial {
	return func(ctx context.Context, offer string) (string, error) {
		pc, err := r.engine.api.NewPeerConnection(r.engine.config)
		must(r.b, err)
		r.b.Cleanup(func() { _ = pc.Close() })
		p := &peer{pc: pc}
		for ch := range channelInits {
			id, yes := uint16(ch), true
			dc, err := pc.CreateDataChannel(channelInits[ch].label, &webrtc.DataChannelInit{Negotiated: &yes, ID: &id})
			must(r.b, err)
			dc.OnOpen(func() {
				stream, err := dc.Detach()
				if err != nil || wire.Channel(ch) != wire.Dom {
					return
				}
				if !from {
					r.out <- stream
					return
				}
				out, buf := <-r.out, make([]byte, wire.MaxMessageIn)
				for {
					n, err := stream.Read(buf)
					if err != nil {
						return
					}
					if _, err := out.Write(buf[:n]); err != nil {
						return
					}
				}
			})
		}
		return p.answer(ctx, offer)
	}
}
