package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// sample is one line of browser.mjs. Which fields are set depends on the group.
type sample struct {
	Page, Mode, Scenario, Kind string
	Whole, Snapshot            float64 // ms
	MS, Task                   float64
	Bytes, Deflated, Gzip      float64
	HTML, Bare                 float64 // bytes of the page's own HTML after gzip
	First, Styled              float64 // ms
}

// browse runs a group of browser.mjs and gives its samples.
func (b *bench) browse(group string, args ...string) ([]sample, error) {
	return b.browseFor(groupTime, group, args...)
}

// browseFor is browse for groups that take longer.
func (b *bench) browseFor(limit time.Duration, group string, args ...string) (all []sample, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit-5*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", append([]string{filepath.Join(b.root, "test", "bench", "browser.mjs"), group}, args...)...)
	// Node passes the signal on to the browser by ending.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var s sample
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			return nil, errors.Join(err, cmd.Wait())
		}
		all = append(all, s)
	}
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("browser.mjs %s: %w", group, err)
	}
	return all, nil
}

// pick gives one value of all samples that fit. Fewer than a median needs are an error.
func pick(all []sample, fits func(sample) bool, value func(sample) float64) ([]float64, error) {
	var list []float64
	for _, s := range all {
		if fits(s) {
			list = append(list, value(s))
		}
	}
	if len(list) < samples {
		return nil, fmt.Errorf("only %d samples", len(list))
	}
	return list, nil
}

// snapshot measures the first snapshot of a freshly loaded page against rrweb's.
func snapshot(b *bench) error {
	all, err := b.browse("snapshot")
	if err != nil {
		return err
	}
	for page, most := range map[string]float64{"dashboard": 0.3, "form": 0.2} {
		value := func(mode string, value func(sample) float64) (float64, error) {
			list, err := pick(all, func(s sample) bool { return s.Page == page && s.Mode == mode }, value)
			return median(list), err
		}
		whole := func(s sample) float64 { return s.Whole }
		ours, err1 := value("vitrine", whole)
		theirs, err2 := value("rrweb", func(s sample) float64 { return s.Snapshot })
		start, err3 := value("rrweb", whole)
		oursPlain, err4 := value("vitrine without CSS", whole)
		plain, err5 := value("rrweb without CSS", func(s sample) float64 { return s.Snapshot })
		gzip, err6 := value("vitrine", func(s sample) float64 { return s.Gzip })
		html, err7 := value("vitrine", func(s sample) float64 { return s.HTML })
		bare, err8 := value("vitrine", func(s sample) float64 { return s.Bare })
		if err := errors.Join(err1, err2, err3, err4, err5, err6, err7, err8); err != nil {
			return err
		}
		f := measured("snapshot."+page, ours, "ms")
		if err := b.printAll(
			f.versus("rrweb snapshot", theirs).atMost(most),
			f.versus("rrweb record()", start),
			measured("snapshot."+page+".plain", oursPlain, "ms").versus("rrweb snapshot without CSS", plain),
			measured("snapshot."+page+".gzip", gzip, "B").versus("outerHTML after gzip", html).atMost(1.1),
			measured("snapshot."+page+".gzip", gzip, "B").versus("outerHTML without scripts and sheets after gzip", bare),
		); err != nil {
			return err
		}
	}
	return nil
}

// latency measures the whole system: the real server, a customer's page and the console.
func latency(b *bench) error {
	all, err := b.browseHosted(groupTime, "latency")
	if err != nil {
		return err
	}
	value := func(kind string, q float64, value func(sample) float64) float64 {
		list, e := pick(all, func(s sample) bool { return s.Kind == kind }, value)
		err = errors.Join(err, e)
		return quantile(list, q)
	}
	ms := func(s sample) float64 { return s.MS }
	figures := []figure{
		measured("latency.paint", value("paint", 0.5, func(s sample) float64 { return s.First }), "ms").limit(1000),
		measured("latency.paint.styled", value("paint", 0.5, func(s sample) float64 { return s.Styled }), "ms").limit(1000),
		measured("latency.mutation.p50", value("mutation", 0.5, ms), "ms").limit(25),
		measured("latency.mutation.p99", value("mutation", 0.99, ms), "ms").limit(60),
		measured("latency.channels", value("channels", 0.5, ms), "ms").limit(40),
		measured("latency.channels.fresh", value("channels fresh", 0.5, ms), "ms"),
	}
	if err != nil {
		return err
	}
	return b.printAll(figures...)
}

// browseHosted is browseFor with a running server, to whose console the group has a link.
func (b *bench) browseHosted(limit time.Duration, group string) ([]sample, error) {
	host, err := b.serve()
	if err != nil {
		return nil, err
	}
	defer host.stop()
	link, err := host.signIn("Bench")
	if err != nil {
		return nil, err
	}
	args, err := json.Marshal(map[string]string{"base": host.Base, "console": link})
	if err != nil {
		return nil, err
	}
	all, err := b.browseFor(limit, group, string(args))
	if err != nil {
		host.stop() // and with it the writing of its log
		return nil, fmt.Errorf("%w\n%s", err, host.log)
	}
	return all, nil
}

// resume measures how long an agent waits for the page when the customer goes to another one, or to another tab.
func resume(b *bench) error {
	all, err := b.browseHosted(groupTime, "resume")
	if err != nil {
		return err
	}
	for _, kind := range []string{"navigate", "reload", "back", "tab new", "tab back"} {
		list, err := pick(all, func(s sample) bool { return s.Kind == kind }, func(s sample) float64 { return s.MS })
		if err != nil {
			return err
		}
		name := "resume." + strings.ReplaceAll(kind, " ", ".")
		if err := b.print(measured(name, median(list), "ms").limit(2000)); err != nil {
			return err
		}
	}
	return nil
}

// host is a running server: the real binary, on free ports.
type host struct {
	Base    string `json:"base"`
	Console string `json:"console"`

	binary, folder string
	cmd            *exec.Cmd
	log            *strings.Builder
}

// serve builds the binary and starts it, with further flags behind those that give it ports and a folder of its own.
func (b *bench) serve(flags ...string) (*host, error) {
	folder, err := os.MkdirTemp("", "vitrine-bench-")
	if err != nil {
		return nil, err
	}
	h := &host{binary: filepath.Join(folder, "vitrine"), folder: folder, log: &strings.Builder{}}
	build := exec.Command("go", "build", "-trimpath", "-o", h.binary, "./cmd/vitrine")
	build.Dir, build.Stderr = b.root, os.Stderr
	if err := build.Run(); err != nil {
		h.stop()
		return nil, err
	}
	args := []string{"serve", "--dev", "--json", "--listen", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--data", filepath.Join(folder, "data")}
	h.cmd = exec.Command(h.binary, append(args, flags...)...)
	h.cmd.Dir, h.cmd.Stderr = folder, h.log
	out, err := h.cmd.StdoutPipe()
	if err == nil {
		err = h.cmd.Start()
	}
	if err != nil {
		h.cmd = nil
		h.stop()
		return nil, err
	}
	timer := time.AfterFunc(15*time.Second, func() { _ = h.cmd.Process.Kill() })
	defer timer.Stop()
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, h)
	}
	if err != nil {
		h.stop()
		return nil, fmt.Errorf("server: %w\n%s", err, h.log)
	}
	return h, nil
}

// signIn makes a link to the console that signs an agent in.
func (h *host) signIn(name string) (string, error) {
	token := exec.Command(h.binary, "token", "agent", "--data", filepath.Join(h.folder, "data"), "--subject", name, "--site", "demo")
	token.Dir = h.folder
	out, err := token.Output()
	return h.Base + "/console/#token=" + strings.TrimSpace(string(out)), err
}

// stop stops the server and removes what it left.
func (h *host) stop() {
	if h.cmd != nil {
		_ = h.cmd.Process.Signal(syscall.SIGTERM)
		timer := time.AfterFunc(10*time.Second, func() { _ = h.cmd.Process.Kill() })
		_ = h.cmd.Wait()
		timer.Stop()
	}
	_ = os.RemoveAll(h.folder)
}
