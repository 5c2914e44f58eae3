package sanitizer

import (
	"slices"
	"strings"
	"testing"
)

// TestThreat47_Elements holds the elements that chat may hold: looks, and links by a rule of their own.
func TestThreat47_Elements(t *testing.T) {
	looks := strings.Fields("b strong i em u s code pre br p ul ol li blockquote")
	for _, name := range richElements {
		if !slices.Contains(looks, name) {
			t.Errorf("%s may stand in chat", name)
		}
	}
}

// TestThreat03_Hosts holds that a host in brackets ends with one, and holds nothing but an address.
func TestThreat03_Hosts(t *testing.T) {
	for url, ok := range map[string]bool{
		"https://[::1]/": true, "https://[::1/": false, "https://[::1": false, "https://[::1]x/": false, "https://[]/": false, "https://[g::1]/": false, "https://[::1]]/": false,
	} {
		if out, got := AppendURLText(nil, []byte(url)); got != ok {
			t.Errorf("%s: %v %s", url, got, out)
		}
	}
}
