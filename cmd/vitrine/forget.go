package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// wipeSetting makes the garbage collector overwrite what it frees. Pages lie in slabs that a session wipes when it ends, but
// parts of them pass through buffers of the WebRTC, compression and HTTP libraries, which nobody else would wipe.
const wipeSetting = "clobberfree=1"

// wipeFreed makes sure that the setting holds. The runtime reads it once, at the start of a process, so the process starts
// itself anew, under the same id, when it does not.
func wipeFreed() error {
	const name = "GODEBUG"
	if strings.Contains(os.Getenv(name), wipeSetting) {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("cannot find its own program: %w (or set %s=%s yourself)", err, name, wipeSetting)
	}
	setting := strings.TrimPrefix(os.Getenv(name)+","+wipeSetting, ",")
	if err := os.Setenv(name, setting); err != nil {
		return err
	}
	if err := syscall.Exec(self, os.Args, os.Environ()); err != nil {
		return fmt.Errorf("cannot start itself anew: %w (or set %s=%s yourself)", err, name, wipeSetting)
	}
	return nil
}

// forgetAfter are the times between the end of a session, or of one of its connections, and the collections of what it left.
// The second finds what the first still saw in use.
var forgetAfter = [...]time.Duration{500 * time.Millisecond, time.Second}

// A forgetter overwrites what ended sessions left, soon after and not too often.
type forgetter struct {
	ended chan struct{}
	rinse func() // overwrites what is in use
}

func newForgetter(rinse func()) forgetter { return forgetter{make(chan struct{}, 1), rinse} }

// after notes that a session ended, or that a connection of one has closed. It never waits.
func (f forgetter) after() {
	select {
	case f.ended <- struct{}{}:
	default: // the next collection takes it with it
	}
}

// run collects until stop is closed.
func (f forgetter) run(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-f.ended:
		}
		for _, wait := range forgetAfter {
			time.Sleep(wait)
			runtime.GC()
			runtime.GC() // what lay in pools goes with the second
			f.rinse()
		}
	}
}
