package sanitizer

import (
	"bytes"
	"testing"
)

// TestAssets_Rewritten holds that nothing of an asset stays in memory that is let go: not what came, and not the room for
// what is passed on when that was refused, or grew out of it.
func TestAssets_Rewritten(t *testing.T) {
	secret := []byte("4000 0012 3456 7899")
	cases := []struct {
		name string
		size int // of what is written
		rule string
		room int // of the store
	}{
		{"passed", 40, "", 1 << 20},
		{"refused", 40, ruleSheet, 1 << 20},
		{"grown", 4096, "", 1 << 20},
		{"too large", 4096, "", 1024},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a := NewAssets(Policy{MaxAssetBytes: c.room})
			b := &blob{data: bytes.Clone(secret)}
			came := b.data
			var room []byte
			out, _, rule := a.rewrite(b, func(dst, data []byte) ([]byte, AssetInfo, string) {
				room = dst[:cap(dst)]
				dst = append(dst, data...)
				return append(dst, make([]byte, c.size)...), AssetInfo{}, c.rule
			})
			passed := rule == ""
			if passed != (c.rule == "" && c.room > c.size) {
				t.Fatalf("rule %q", rule)
			}
			if passed != bytes.Contains(out, secret) {
				t.Errorf("passed %v with %d bytes", passed, len(out))
			}
			if c.name != "passed" && !zero(room) {
				t.Error("the first room is not overwritten")
			}
			if passed && !zero(came) {
				t.Error("what came is not overwritten")
			}
		})
	}
}

func zero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }
