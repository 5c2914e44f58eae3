package vrelay

import (
	"sync"
	"time"
)

// deadline is a settable point in time that a select can wait for. The zero
// value never passes.
type deadline struct {
	mu     sync.Mutex
	timer  *time.Timer
	expire chan struct{} // closed when the time has passed; nil until first wanted
}

// set moves the deadline; the zero time removes it.
func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil && !d.timer.Stop() && d.expire != nil {
		<-d.expire // its func runs without the lock; let it finish before the channel is replaced
	}
	d.timer = nil
	if d.expire != nil && isClosed(d.expire) || d.expire == nil {
		d.expire = make(chan struct{})
	}
	if t.IsZero() {
		return
	}
	wait := time.Until(t)
	if wait <= 0 {
		close(d.expire)
		return
	}
	expire := d.expire
	d.timer = time.AfterFunc(wait, func() { close(expire) })
}

// passed is closed once the deadline that is set now has passed.
func (d *deadline) passed() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.expire == nil {
		d.expire = make(chan struct{})
	}
	return d.expire
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
