package sfu

import (
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// task is something that a session is asked to do. drop runs instead of run when the session is over first; it may be nil.
type task struct {
	run  func(*session)
	drop func()
	size int // bytes of memory of a frame that it holds
}

// host is a session seen from outside: a queue of functions and the goroutine that runs them. It is the only thing that
// others share with a session.
type host struct {
	id    string
	limit int // bytes of frames that may wait
	wake  chan struct{}
	done  chan struct{} // closed when the session is over and wiped
	info  atomic.Pointer[Info]

	mu    sync.Mutex
	queue []task
	bytes int
	over  bool
}

func newHost(id string, limit int) *host {
	return &host{id: id, limit: limit, wake: make(chan struct{}, 1), done: make(chan struct{})}
}

// post sends the session a function. It never blocks. False means that the session is over.
func (h *host) post(run func(*session)) bool { return h.put(task{run: run}, false) }

// put queues a task. With bounded it is refused when too many bytes wait already.
func (h *host) put(t task, bounded bool) bool {
	h.mu.Lock()
	ok := !h.over && (!bounded || h.bytes == 0 || h.bytes+t.size <= h.limit)
	if ok {
		h.queue = append(h.queue, t)
		h.bytes += t.size
	}
	h.mu.Unlock()
	if ok {
		select {
		case h.wake <- struct{}{}:
		default:
		}
	}
	return ok
}

// ask runs a function on the session and waits for its answer. The error is ErrNoSession when the session is over.
func (h *host) ask(run func(*session) error) error {
	answer := make(chan error, 1)
	t := task{run: func(s *session) { answer <- run(s) }, drop: func() { answer <- ErrNoSession }}
	if !h.put(t, false) {
		return ErrNoSession
	}
	select {
	case err := <-answer:
		return err
	case <-h.done:
	}
	select {
	case err := <-answer: // it was this function that ended the session
		return err
	default: // a fault cut it short
		return ErrNoSession
	}
}

// next takes the first task.
func (h *host) next() (task, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.queue) == 0 {
		h.queue = nil
		return task{}, false
	}
	t := h.queue[0]
	h.queue[0] = task{}
	h.queue = h.queue[1:]
	h.bytes -= t.size
	return t, true
}

// serve runs the session until it is over. It is the goroutine that owns it.
func (h *host) serve(s *session) {
	timer := time.NewTimer(time.Until(s.deadline()))
	defer timer.Stop()
	h.guard(s, func(s *session) { s.audit(Event{Kind: SessionOpened}) })
	for !s.over {
		select {
		case <-h.wake:
		case <-timer.C:
			h.guard(s, (*session).tick)
		}
		for !s.over {
			t, ok := h.next()
			if !ok {
				break
			}
			h.guard(s, t.run)
		}
		timer.Reset(time.Until(s.deadline()))
	}
	h.close()
}

// guard runs one function. A panic ends this session and nothing else; what it says may hold content, so only the place
// is kept.
func (h *host) guard(s *session, run func(*session)) {
	defer func() {
		if recover() != nil {
			s.fault(panicPlace())
		}
	}()
	run(s)
}

// close refuses further tasks and drops those that wait.
func (h *host) close() {
	h.mu.Lock()
	queue := h.queue
	h.queue, h.bytes, h.over = nil, 0, true
	h.mu.Unlock()
	for _, t := range queue {
		if t.drop != nil {
			t.drop()
		}
	}
	close(h.done)
}

// panicPlace is the function that panicked, seen from a deferred function.
func panicPlace() string {
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	panicking := false
	for {
		f, more := frames.Next()
		switch {
		case strings.HasPrefix(f.Function, "runtime."):
			panicking = panicking || f.Function == "runtime.gopanic"
		case panicking:
			return f.Function
		}
		if !more {
			return "unknown"
		}
	}
}
