package sanitizer_test

import (
	"bytes"
	"strings"
	"testing"

	"vitrine/internal/wire"
	"vitrine/sanitizer"
	"vitrine/test/page"
)

// TestThreat34_SecretsOfPage holds that a secret that a page's masks missed does not leave the server by any of its ways, and
// that what leaves passes unchanged when it is judged again.
func TestThreat34_SecretsOfPage(t *testing.T) {
	const card, account, mail = "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00", "jane@example.com"
	for _, policy := range []sanitizer.Policy{{}, {Detect: sanitizer.DetectCards | sanitizer.DetectIBANs | sanitizer.DetectEmails}} {
		c := newCustomer(t)
		c.page = sanitizer.NewPage(policy)
		c.Snapshot()
		c.Page(0, "https://shop.example/4111111111111111", "Bill of "+mail)
		c.View(1280, 720, 2000)
		c.Into(0)
		c.Tag("html")
		c.Tag("body")
		p := c.Tag("p", "title", account, "aria-label", "card "+card, "data-mail", mail)
		text := c.Text("paid with " + card + " by " + mail + " from " + account)
		c.End()
		field := c.Tag("input", "placeholder", mail)
		c.End()
		c.Tag("img", "alt", strings.Repeat("x", 90)+card)
		c.End()
		c.Tag("a", "href", "mailto:"+mail)
		c.End()
		c.End()
		c.End()
		c.End()
		judged(t, c, policy)
		c.Update(false)
		a, ok := page.Attribute(page.Code("p"), "title", mail)
		if !ok {
			t.Fatal("no title")
		}
		c.Set(p, a)
		c.SetText(text, "now "+account)
		c.SetLive(field, page.Live{Kind: wire.LiveValue, Text: card})
		judged(t, c, policy)
		snapshot := snapshotOf(t, c.page)
		if policy.Detect != 0 && leaks(snapshot) || policy.Detect == 0 && !leaks(snapshot) {
			t.Errorf("detection %d: the snapshot is not what it must be", policy.Detect)
		}
	}
}

func leaks(frame []byte) bool {
	for _, s := range []string{"4111", "DE89", "0532", "jane@"} {
		if bytes.Contains(frame, []byte(s)) {
			return true
		}
	}
	return false
}

// judged sends a batch and wants no secret in it when they are looked for.
func judged(t *testing.T, c *customer, policy sanitizer.Policy) {
	t.Helper()
	b := c.send()
	frame := b.AppendTo(nil)
	if policy.Detect == 0 {
		if !leaks(frame) {
			t.Error("without the option, secrets are text")
		}
		return
	}
	if leaks(frame) {
		t.Error("a secret reached the agent")
	}
	if !bytes.Contains(frame, []byte("\u2022\u2022\u2022\u2022")) {
		t.Error("there are no bullets")
	}
	if !b.Snapshot {
		return
	}
	again := sanitizer.NewPage(policy)
	clean, r := again.Check(b)
	if r != nil || !bytes.Equal(clean.Frame(), frame) {
		t.Errorf("what was judged is changed when it is judged again: %v", r)
	}
}

// TestThreat03_QueryOfPage holds that query and fragment are shown by a site's wish alone.
func TestThreat03_QueryOfPage(t *testing.T) {
	for _, show := range []bool{false, true} {
		c := newCustomer(t)
		c.page = sanitizer.NewPage(sanitizer.Policy{ShowQuery: show})
		c.Snapshot()
		c.Page(0, "https://u:pw@shop.example/a?order=7#top", "Title")
		c.Into(0)
		c.Tag("html")
		c.Tag("body")
		c.Tag("a", "href", "https://shop.example/b?page=8")
		c.End()
		c.End()
		c.End()
		c.End()
		clean, r := c.page.Check(c.Batch())
		if r != nil {
			t.Fatal(r)
		}
		frame := clean.Frame()
		for _, part := range []string{"order=7", "#top", "page=8"} {
			if bytes.Contains(frame, []byte(part)) != show {
				t.Errorf("show %v: %s", show, part)
			}
		}
		if bytes.Contains(frame, []byte("pw")) || !bytes.Contains(frame, []byte("https://shop.example/a")) {
			t.Error("the address is not what it must be")
		}
	}
}
