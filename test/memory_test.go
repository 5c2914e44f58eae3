//go:build linux

package test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"

	"vitrine/internal/wire"
	"vitrine/test/client"
)

// forgetWithin is how long after a session's end nothing of its page may be left.
const forgetWithin = 5 * time.Second

// secretWords are content of the page that must be forgotten. They are written in pieces nowhere but in the frames.
func secretWords(n int) string { return fmt.Sprintf("forgetme%05dquietly", n) }

// TestG08_MemoryIsWiped holds that nothing of a page is left in the server's memory five seconds after its session ended, while
// ten other sessions go on: not in slabs, not in buffers of the network below, in no spelling.
func TestG08_MemoryIsWiped(t *testing.T) {
	e := Start(t, Options{})
	needle := []byte("forgetme")
	if hits, err := memory(e.Pid(), needle); err != nil {
		if errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EPERM) {
			t.Skip("reading the memory of another process needs the right to: ", err)
		}
		t.Fatal(err)
	} else if len(hits) > 0 {
		t.Fatal("the words are there before anybody sent them")
	}
	others := make([]*shared, 10)
	for i := range others {
		others[i] = share(t, e, e.AgentToken(t, "ada"))
		fill(t, others[i], func(n int) string { return fmt.Sprintf("anotherpage%05d", n) })
	}
	s := share(t, e, e.AgentToken(t, "ada"))
	fill(t, s, secretWords)
	talk(t, s)
	if hits, err := memory(e.Pid(), needle); err != nil || len(hits) < 1000 {
		t.Fatalf("%d hits while the session goes on, %v: there is nothing to forget", len(hits), err)
	}
	if err := s.agent.Send(&wire.End{}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Take(soon(t), s.customer, func(f *wire.State) bool { return f.State == wire.StateEnded }); err != nil {
		t.Fatal(err)
	}
	s.close()
	for i, ended := 0, time.Now(); time.Since(ended) < forgetWithin; i++ { // life goes on
		o := others[i%len(others)]
		o.page.Update(false)
		o.page.Into(2)
		o.page.Tag("p")
		o.page.Text(fmt.Sprintf("anotherpage again %d", i))
		o.page.End()
		o.page.End()
		o.send(o.page.Batch())
		time.Sleep(20 * time.Millisecond)
	}
	for name, spelling := range inMemory("forgetme") {
		hits, err := memory(e.Pid(), spelling)
		if err != nil {
			t.Fatal(err)
		}
		if len(hits) > 0 {
			for i := 0; i < len(hits); i += max(1, len(hits)/400) {
				t.Log(hits[i])
			}
			t.Errorf("%d hits in %s five seconds after the end, the first at %s", len(hits), name, hits[0])
		}
	}
}

// inMemory are the forms in which words lie in a memory.
func inMemory(words string) map[string][]byte {
	wide := []byte{}
	for _, unit := range utf16.Encode([]rune(words)) {
		wide = append(wide, byte(unit), byte(unit>>8))
	}
	forms := map[string][]byte{"UTF-8": []byte(words), "UTF-16": wide}
	for shift := range 3 {
		enc := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), words...))
		forms[fmt.Sprint("base64 from byte ", shift)] = []byte(enc[(8*shift+5)/6 : len(enc)-1])
	}
	return forms
}

// fill sends a page of two thousand texts and attributes, in small batches and large, and waits until the agent has it.
func fill(t *testing.T, s *shared, words func(int) string) {
	t.Helper()
	b := s.page
	b.Snapshot()
	b.Page(0, "https://shop.example/"+words(0), words(1))
	b.Into(0)
	b.Tag("html")
	b.Tag("body")
	for n := range 500 {
		b.Tag("p", "title", words(n), "class", words(n+1000))
		b.Text(words(n))
		b.End()
	}
	for range 3 {
		b.End()
	}
	s.send(b.Batch())
	for n := range 500 {
		b.Update(false)
		b.Into(2)
		b.Tag("p")
		b.Text(words(2000 + n))
		b.End()
		b.End()
		s.send(b.Batch())
	}
	if _, err := client.Take(soon(t), s.agent, client.Any[*wire.Batch]); err != nil {
		t.Fatal(err)
	}
}

// talk says the words in both directions in whatever else carries words.
func talk(t *testing.T, s *shared) {
	t.Helper()
	s.send(&wire.Say{Text: []byte(secretWords(1))})
	if _, err := client.Take(soon(t), s.agent, client.Any[*wire.Said]); err != nil {
		t.Fatal(err)
	}
	sheet := []byte("." + secretWords(2) + " { color: red } " + strings.Repeat("a."+secretWords(3)+" { color: blue }\n", 400))
	hash := wire.Hash(sha256.Sum256(sheet))
	s.send(&wire.Offer{Asset: 7, Kind: wire.AssetSheet, Hash: hash, Size: uint32(len(sheet))})
	s.send(&wire.Chunk{Hash: hash, Count: 1, Data: sheet})
	if err := s.agent.Send(&wire.Request{Scopes: wire.ScopeControl}); err != nil {
		t.Fatal(err)
	}
	ask, err := client.Take(soon(t), s.customer, func(f *wire.Ask) bool { return f.Scopes&wire.ScopeType != 0 })
	if err != nil {
		t.Fatal(err)
	}
	s.send(&wire.Answer{Ask: ask.Ask, Granted: ask.Scopes})
	if _, err := client.Take(soon(t), s.agent, func(f *wire.Scopes) bool { return f.Granted&wire.ScopeType != 0 }); err != nil {
		t.Fatal(err)
	}
	if err := s.agent.Send(&wire.TypeText{Epoch: 1, Node: 1, Text: []byte(secretWords(4))}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Take(soon(t), s.agent, client.Any[*wire.Refused]); err != nil {
		t.Fatal(err)
	}
}

// memory finds words in what a process has mapped and may write. Each hit says in which kind of memory, and what is around.
func memory(pid int, words []byte) (hits []string, err error) {
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return nil, err
	}
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return nil, err
	}
	defer mem.Close()
	for lines := bufio.NewScanner(bytes.NewReader(maps)); lines.Scan(); {
		var from, to int64
		if fields := strings.Fields(lines.Text()); len(fields) < 2 || !strings.HasPrefix(fields[1], "rw") {
			continue
		}
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x", &from, &to); err != nil {
			return nil, err
		}
		const step = 16 << 20
		for at := from; at < to; at += step {
			part := make([]byte, min(step+int64(len(words)), to-at))
			n, err := mem.ReadAt(part, at)
			if err != nil && !errors.Is(err, syscall.EIO) { // reserved and never used
				return nil, err
			}
			part = part[:n]
			for i := bytes.Index(part, words); i >= 0; {
				hits = append(hits, fmt.Sprintf("%x: %q", at+int64(i), part[max(0, i-24):min(len(part), i+32)]))
				next := bytes.Index(part[i+1:], words)
				if next < 0 {
					break
				}
				i += 1 + next
			}
		}
	}
	return hits, nil
}
