package sfu_test

import (
	"testing"
	"time"

	"vitrine/internal/wire"
	"vitrine/sfu"
	"vitrine/test/client"
)

// TestThreat37_SlowFrames holds that nobody may keep half a frame here: neither by going silent nor by one byte at a time.
func TestThreat37_SlowFrames(t *testing.T) {
	first := []byte{2, 0, 64, 64, 'x'} // 64 bytes are announced, one comes
	e := start(t, sfu.Config{Timeouts: sfu.Timeouts{Frame: 300 * time.Millisecond}})
	other := e.unharmed()
	for name, drip := range map[string]bool{"silent": false, "dripping": true} {
		t.Run(name, func(t *testing.T) {
			session, customer, agent := e.pair(client.Config{})
			take(t, agent, client.Any[*wire.Batch])
			begun := time.Now()
			if err := customer.SendMessage(wire.Dom, first); err != nil {
				t.Fatal(err)
			}
			if drip {
				go func() {
					for range 40 {
						time.Sleep(20 * time.Millisecond)
						if customer.SendMessage(wire.Dom, []byte{3, 'x'}) != nil {
							return
						}
					}
				}()
			}
			e.event(func(ev sfu.Event) bool { return ev.Session == session && ev.Rule == "row37-slow" })
			if took := time.Since(begun); took < 300*time.Millisecond {
				t.Errorf("closed after %v already", took)
			}
			other.check()
		})
	}
	// A frame that is whole in time is a frame, and the next one has its own time.
	_, customer, agent := e.pair(client.Config{})
	take(t, agent, client.Any[*wire.Batch])
	for seq := range uint32(4) {
		frame := client.SetText(1, seq+1, client.FirstParagraph+1, []byte("in two pieces")).AppendTo(nil)
		head := append([]byte{2, 0, byte(len(frame)), byte(len(frame))}, frame[:9]...)
		for _, msg := range [][]byte{head, append([]byte{3}, frame[9:]...)} {
			if err := customer.SendMessage(wire.Dom, msg); err != nil {
				t.Fatal(err)
			}
			time.Sleep(60 * time.Millisecond) // together more than one frame may take
		}
		take(t, agent, func(b *wire.Batch) bool { return b.Seq == seq+1 })
	}
}
