package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/net/html"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
	"vitrine/test/client"
	"vitrine/test/page"
)

// patience is how long the server may take for one answer.
const patience = 20 * time.Second

// order is one line of input. Exactly one field is set.
type order struct {
	Show   *show `json:"show"`   // trees for one page
	Refuse *tree `json:"refuse"` // a tree that the server is to refuse
}

type show struct {
	Turn  int    `json:"turn"`
	Trees []tree `json:"trees"`
}

// told is one line of output.
type told struct {
	Code    string            `json:"code,omitempty"`    // to join the session by; the first line
	Rules   map[string]string `json:"rules,omitempty"`   // trees that are refused as they are, and by which rule
	Refused string            `json:"refused,omitempty"` // the rule that the server named
	Ended   bool              `json:"ended,omitempty"`   // the server ended the session
	Error   string            `json:"error,omitempty"`
}

// feeder is a customer's browser that filters nothing.
type feeder struct {
	c     *client.Client
	b     *page.Builder
	out   *json.Encoder
	texts sync.Map // style sheets by hash
}

// feed opens a session and carries orders out until its input ends.
func feed(base, origin string, in io.Reader, out io.Writer) error {
	f := &feeder{b: page.NewBuilder(), out: json.NewEncoder(out)}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	session, err := client.OpenSession(ctx, base, "demo", origin)
	if err != nil {
		return err
	}
	if f.c, err = client.Connect(ctx, client.Config{}, client.DialHTTP(base, session, origin)); err != nil {
		return err
	}
	if err := f.begin(ctx, session.Code); err != nil {
		return errors.Join(err, f.c.Close())
	}
	failed := make(chan error, 1)
	go func() { failed <- f.sheets() }()
	return errors.Join(f.orders(in), f.c.Close(), <-failed)
}

// begin says hello, tells the code, and agrees to whatever is asked.
func (f *feeder) begin(ctx context.Context, code string) error {
	if err := errors.Join(f.c.Hello(), f.out.Encode(told{Code: code})); err != nil {
		return err
	}
	ask, err := client.Take(ctx, f.c, client.Any[*wire.Ask])
	if err != nil {
		return err
	}
	if err := f.c.Send(&wire.Answer{Ask: ask.Ask, Granted: ask.Scopes}); err != nil {
		return err
	}
	_, err = client.Take(ctx, f.c, func(s *wire.Share) bool { return s.On })
	return err
}

// orders carries out one line after the other.
func (f *feeder) orders(in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var o order
		answer, err := told{}, json.Unmarshal(lines.Bytes(), &o)
		switch {
		case err != nil:
		case o.Show != nil:
			answer, err = f.show(*o.Show)
		case o.Refuse != nil:
			answer, err = f.refuse(*o.Refuse)
		}
		if err != nil {
			answer.Error = err.Error()
		}
		if err := f.out.Encode(answer); err != nil {
			return err
		}
	}
	return lines.Err()
}

// open begins a snapshot whose body takes what follows.
func open(b *page.Builder, text string) {
	b.Snapshot()
	b.Page(1, text, text)
	b.View(1280, 720, 1000)
	b.Into(0)
	b.Tag("html")
	b.Tag("body")
}

func shut(b *page.Builder) {
	b.End()
	b.End()
	b.End()
}

// show sends trees as one page: each made to fit the format, with its payload in every role, and, where the server has
// no reason to refuse it, once more as it is.
func (f *feeder) show(s show) (told, error) {
	answer := told{Rules: map[string]string{}}
	text := ""
	if len(s.Trees) > 0 {
		text = s.Trees[0].Text
	}
	open(f.b, text)
	for _, t := range s.Trees {
		doc, err := t.document()
		if err != nil {
			return answer, fmt.Errorf("%s: %w", t.ID, err)
		}
		rule := judge(doc)
		if rule != "" {
			answer.Rules[t.ID] = rule
		}
		f.b.Tag("div", "data-case", t.ID)
		f.b.Payload(doc, t.Text)
		if rule == "" {
			f.b.Rude(doc)
		}
		f.b.End()
	}
	f.b.Tag("p", "data-turn", fmt.Sprint(s.Turn))
	f.b.End()
	shut(f.b)
	if err := f.offer(); err != nil {
		return answer, err
	}
	rule, _, err := f.send()
	answer.Refused = rule
	return answer, err
}

// offer names the style sheets of the page that is being written, as they are.
func (f *feeder) offer() error {
	for id, text := range f.b.Sheets {
		hash := wire.Hash(sha256.Sum256([]byte(text)))
		f.texts.Store(hash, text)
		if err := f.c.Send(&wire.Offer{Asset: id, Kind: wire.AssetSheet, Hash: hash, Size: uint32(len(text))}); err != nil {
			return err
		}
	}
	f.b.Sheets = nil
	return nil
}

// sheets sends the style sheets that the server asks for, until the connection is closed.
func (f *feeder) sheets() error {
	for {
		want, err := client.Take(context.Background(), f.c, client.Any[*wire.Want])
		if err != nil {
			return nil // closed: by this side, or by the server, which orders tells
		}
		for _, hash := range want.Hashes {
			text, _ := f.texts.Load(hash)
			data := []byte(text.(string))
			count := uint32((len(data) + wire.MaxChunk - 1) / wire.MaxChunk)
			for i := range count {
				part := data[i*wire.MaxChunk : min(len(data), int(i+1)*wire.MaxChunk)]
				if err := f.c.Send(&wire.Chunk{Hash: hash, Index: i, Count: count, Data: part}); err != nil {
					return err
				}
			}
		}
	}
}

// refuse sends a tree as it is.
func (f *feeder) refuse(t tree) (told, error) {
	doc, err := t.document()
	if err != nil {
		return told{}, err
	}
	open(f.b, "")
	f.b.Rude(doc)
	shut(f.b)
	rule, ended, err := f.send()
	if ended {
		err = nil
	}
	return told{Refused: rule, Ended: ended}, err
}

// judge gives the rule by which a page that holds a tree as it is would be refused; "" when it would not.
func judge(doc *html.Node) string {
	b := page.NewBuilder()
	open(b, "")
	b.Rude(doc)
	shut(b)
	// Coded and read again: what the format itself does not take is refused by its decoder.
	f, err := new(wire.FromCustomerDecoder).Decode(wire.Dom, b.Batch().AppendTo(nil))
	if err != nil {
		var bad *wire.DecodeError
		if errors.As(err, &bad) {
			return bad.Rule
		}
		return "row35-frame"
	}
	batch, ok := f.(*wire.Batch)
	if !ok {
		return "row36-type"
	}
	_, r := sanitizer.NewPage(sanitizer.Policy{}).Check(batch)
	if r != nil {
		return r.Rule
	}
	return ""
}

// send sends the snapshot and waits until the server has taken or refused it.
func (f *feeder) send() (rule string, ended bool, err error) {
	batch := f.b.Batch()
	if err := f.c.SendBytes(wire.Dom, batch.AppendTo(nil), true); err != nil {
		return "", f.closed(), err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	type outcome struct {
		rule  string
		ended bool
		err   error
	}
	first := make(chan outcome, 3)
	go func() {
		_, err := client.Take(ctx, f.c, func(a *wire.Ack) bool { return a.Epoch == batch.Epoch })
		first <- outcome{err: err}
	}()
	go func() {
		r, err := client.Take(ctx, f.c, func(r *wire.Resync) bool { return r.Epoch >= batch.Epoch })
		if err == nil {
			first <- outcome{rule: r.Rule}
		}
	}()
	go func() {
		_, err := client.Take(ctx, f.c, func(s *wire.State) bool { return s.State == wire.StateEnded })
		if err == nil {
			first <- outcome{ended: true}
		}
	}()
	got := <-first
	if got.err != nil && f.closed() {
		return "", true, nil
	}
	return got.rule, got.ended, got.err
}

// closed says whether the server closed the connection, which it does behind an end.
func (f *feeder) closed() bool {
	select {
	case <-f.c.Closed():
		return true
	default:
		return false
	}
}
