package main

import (
	"errors"
	"fmt"
	"io"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Servers run in a process of their own, so that what they cost can be told from what their clients cost. A child is
// this program again: it serves calls on stdin and stdout until its stdin is closed.

// childFlag starts the program as a child.
const childFlag = "-child"

// services are what a child can be.
var services = map[string]func() (any, error){
	"sfu":  newSFUService,
	"bare": newBareService,
	"turn": newTurnService,
	"pion": newPionService,
	"peer": newPeerService,

	"turn limited": newLimitedTurnService,
	"flood":        newFloodService,

	"hostile": newHostileService,
	"attack":  newAttackService,
}

// pipe is stdin and stdout as one connection.
type pipe struct {
	io.ReadCloser
	io.WriteCloser
}

// Close closes both.
func (p pipe) Close() error { return errors.Join(p.ReadCloser.Close(), p.WriteCloser.Close()) }

func serveChild(name string) error {
	make := services[name]
	if make == nil {
		return fmt.Errorf("no child %q", name)
	}
	service, err := make()
	if err != nil {
		return err
	}
	s := rpc.NewServer()
	if err := errors.Join(s.RegisterName("Child", service), s.RegisterName("Usage", &usageService{})); err != nil {
		return err
	}
	s.ServeCodec(jsonrpc.NewServerCodec(pipe{os.Stdin, os.Stdout}))
	return nil
}

// child is a running child.
type child struct {
	name   string
	client *rpc.Client
	cmd    *exec.Cmd
}

// running are the children that were not stopped yet.
var running struct {
	sync.Mutex
	list map[*child]bool
}

// startChild starts a child. What is put before its program is a program that starts others.
func startChild(name string, before ...string) (*child, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := append(before, program, childFlag, name)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{name: name, client: jsonrpc.NewClient(pipe{out, in}), cmd: cmd}
	running.Lock()
	defer running.Unlock()
	if running.list == nil {
		running.list = map[*child]bool{}
	}
	running.list[c] = true
	return c, nil
}

// call calls a method of the child's service.
func (c *child) call(method string, args, reply any) error {
	call := c.client.Go("Child."+method, args, reply, make(chan *rpc.Call, 1))
	select {
	case <-call.Done:
	case <-time.After(20 * time.Second):
		return fmt.Errorf("child %s: %s: no answer", c.name, method)
	}
	if call.Error != nil {
		return fmt.Errorf("child %s: %s: %w", c.name, method, call.Error)
	}
	return nil
}

// usage asks what the child uses now; settle collects garbage first.
func (c *child) usage(settle bool) (u Usage, err error) {
	return u, c.client.Call("Usage.Read", settle, &u)
}

// stop ends the child.
func (c *child) stop() {
	running.Lock()
	delete(running.list, c)
	running.Unlock()
	// Its stdin ends, so it ends; what it says at its end is of no interest.
	_ = c.client.Close()
	timer := time.AfterFunc(5*time.Second, func() { _ = c.cmd.Process.Kill() })
	defer timer.Stop()
	_ = c.cmd.Wait()
}

func stopChildren() {
	running.Lock()
	list := running.list
	running.list = nil
	running.Unlock()
	for c := range list {
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
	}
}

// Usage is what a process uses.
type Usage struct {
	Goroutines int
	Heap       uint64        // bytes in use
	RSS        uint64        // bytes resident
	CPU        time.Duration // since the start, user and system
}

type usageService struct{}

// Read reads it.
func (*usageService) Read(settle bool, u *Usage) error {
	if settle {
		runtime.GC()
		debug.FreeOSMemory()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u.Goroutines, u.Heap = runtime.NumGoroutine(), m.HeapAlloc
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return err
	}
	u.CPU = time.Duration(r.Utime.Nano() + r.Stime.Nano())
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			u.RSS = kb << 10
			return err
		}
	}
	return errors.New("no VmRSS")
}
