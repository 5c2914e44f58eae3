package check

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/pion/stun/v4"
)

const (
	probeTime = 1500 * time.Millisecond
	probeSize = 1000 // bytes of one ICE check
	window    = 16   // checks in flight
	probeLost = time.Second
)

// throughput measures what a relay carries: ICE checks (RFC 8445 section 7.2) of 1,000 bytes in ChannelData, 16 of them in
// flight, each answered by the SFU itself. It is the one kind of datagram that the SFU acknowledges one by one, so losses
// are seen as the network makes them, and the bitrate is of what has arrived. It is a lower bound: the window is small.
func (c *checker) throughput(u turnURL, r *caller, l *line) {
	s := Step{Name: "throughput", URL: u.raw}
	if !l.sfu.IsValid() {
		s.Result, s.Detail = Skipped, "the SFU names no IPv4 candidate that a relay could be asked for"
		c.add(s)
		return
	}
	code, _, err := r.ask(stun.MethodChannelBind, channel(0x4000), peer(l.sfu))
	if err != nil || code != 0 {
		s.Result, s.Detail = Failed, "no channel to the SFU: "+outcome(code, err)
		s.Cause, s.Remedy = "the TURN server does not let relays reach the SFU's candidate", "an external server: allow "+l.sfu.Addr().String()+" as the only peer"
		c.add(s)
		return
	}
	p := prober{r: r, l: l, waiting: map[[stun.TransactionIDSize]byte]time.Time{}}
	p.run()
	took := p.last.Sub(p.begin)
	if p.answered == 0 || took <= 0 {
		s.Result, s.Detail = Failed, "no ICE check was answered through a channel"
		s.Cause, s.Remedy = "datagrams do not get from the relay to the SFU", "look at the server's log"
		c.add(s)
		return
	}
	bits := float64(p.answered*probeSize*8) / took.Seconds() / 1e6
	loss := 100 * float64(p.lost) / float64(p.lost+p.answered)
	s.Figures = map[string]float64{"up_mbit_s": bits, "loss_percent": loss, "checks": float64(p.answered + p.lost)}
	s.Detail = fmt.Sprintf("at least %.1f Mbit/s up, %.1f %% of %d checks lost", bits, loss, p.answered+p.lost)
	if loss > 5 {
		s.Result, s.Cause = Warned, "the network loses packets"
		s.Remedy = "look at the UDP buffers of the server (`vitrine doctor`) and at the line"
	}
	c.add(s)
}

// A prober keeps a window of checks in flight.
type prober struct {
	r              *caller
	l              *line
	waiting        map[[stun.TransactionIDSize]byte]time.Time
	begin, last    time.Time
	answered, lost int
}

func (p *prober) run() {
	p.begin = time.Now()
	p.last = p.begin
	end := p.begin.Add(probeTime)
	for {
		now := time.Now()
		for id, sent := range p.waiting {
			if now.Sub(sent) > probeLost {
				delete(p.waiting, id)
				p.lost++
			}
		}
		if now.After(end) && len(p.waiting) == 0 {
			return
		}
		for now.Before(end) && len(p.waiting) < window {
			if p.send() != nil {
				return
			}
		}
		b, err := p.r.read(now.Add(probeLost / 4))
		switch {
		case isTimeout(err):
			continue
		case err != nil:
			p.lost += len(p.waiting)
			return
		}
		p.take(b)
	}
}

func (p *prober) take(b []byte) {
	if len(b) < 24 || b[0]>>6 != 1 {
		return
	}
	id := [stun.TransactionIDSize]byte(b[12:24])
	if _, ours := p.waiting[id]; ours && binary.BigEndian.Uint16(b[4:]) == 0x0101 { // a Binding success
		delete(p.waiting, id)
		p.answered++
		p.last = time.Now()
	}
}

// send sends one check, filled up with an attribute that nobody has to understand.
func (p *prober) send() error {
	m, err := stun.Build(
		stun.TransactionID, stun.BindingRequest, stun.NewUsername(p.l.theirs[0]+":"+p.l.ours[0]),
		stun.RawAttribute{Type: stun.AttrICEControlling, Length: 8, Value: []byte{0, 0, 0, 0, 0, 0, 0, 1}},
		stun.RawAttribute{Type: stun.AttrPriority, Length: 4, Value: []byte{0, 0, 0, 1}},
	)
	if err != nil {
		return err
	}
	const rest = 4 + 24 + 8 // its own header, MESSAGE-INTEGRITY, FINGERPRINT
	fill := (probeSize - len(m.Raw) - rest) &^ 3
	m.Add(0xFF00, make([]byte, fill))
	if err := stun.NewShortTermIntegrity(p.l.theirs[1]).AddTo(m); err != nil {
		return err
	}
	if err := stun.Fingerprint.AddTo(m); err != nil {
		return err
	}
	frame := binary.BigEndian.AppendUint16([]byte{0x40, 0x00}, uint16(len(m.Raw)))
	frame = append(frame, m.Raw...)
	for len(frame)%4 != 0 {
		frame = append(frame, 0)
	}
	p.waiting[m.TransactionID] = time.Now()
	_, err = p.r.conn.Write(frame)
	return err
}
