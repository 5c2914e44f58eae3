package test

import (
	"bytes"
	"testing"

	"vitrine/internal/wire"
	"vitrine/test/client"
)

// TestThreat34_SecretsOfASite holds that what a site's configuration asks for reaches the session's sanitizer: secrets become
// bullets, and addresses are shown whole.
func TestThreat34_SecretsOfASite(t *testing.T) {
	const site = "sites: [{key: demo, name: Demo, company: Demo, origins: ['http://127.0.0.1:*'], detect: [cards, ibans, emails], show_query: true}]"
	for _, config := range []string{"", site} {
		e := Start(t, Options{Config: config})
		s := share(t, e, e.AgentToken(t, "ada"))
		b := s.page
		b.Snapshot()
		b.Page(0, "https://shop.example/bill?order=7", "Bill")
		b.Into(0)
		b.Tag("html")
		b.Tag("body")
		b.Text(plain + " 4111-1111-1111-1111 DE89370400440532013000 jane@example.com")
		b.End()
		b.End()
		b.End()
		if err := s.customer.SendBytes(wire.Dom, b.Batch().AppendTo(nil), true); err != nil {
			t.Fatal(err)
		}
		got, err := client.Take(soon(t), s.agent, func(f *wire.Batch) bool { return f.Snapshot })
		if err != nil {
			t.Fatal(err)
		}
		frame := got.AppendTo(nil)
		for _, secret := range []string{"1111-1111", "DE8937", "jane@"} {
			if bytes.Contains(frame, []byte(secret)) != (config == "") {
				t.Errorf("with the configuration %q: %s", config, secret)
			}
		}
		if bytes.Contains(frame, []byte("order=7")) == (config == "") || !bytes.Contains(frame, []byte(plain)) {
			t.Errorf("with the configuration %q: the rest of the page is not what it must be", config)
		}
	}
}
