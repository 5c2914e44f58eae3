package seal

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
)

// The bytes of a page are overwritten as soon as they are sealed, and age's own buffers never had them.
func TestSealingOverwrites(t *testing.T) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	second, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 3*chunkSize + 5, MaxSegment} {
		plain := make([]byte, n)
		_, _ = rand.Read(plain)
		want := slices.Clone(plain)
		sealed, err := Seal(plain, []age.Recipient{identity.Recipient(), second.Recipient()})
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 && !bytes.Equal(plain, make([]byte, n)) {
			t.Errorf("%d bytes were not overwritten", n)
		}
		for _, by := range []age.Identity{identity, second} {
			r, err := age.Decrypt(bytes.NewReader(sealed), by)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes do not come back: %v", n, err)
			}
		}
	}
	if _, err := Seal([]byte("x"), nil); err == nil {
		t.Error("sealed for nobody")
	}
}

func TestRecipientsAreNoIdentities(t *testing.T) {
	d := newDesk(t)
	if _, err := Recipients([]string{d.identity.String()}); err != ErrSecret {
		t.Errorf("an identity was taken: %v", err)
	}
	if !HoldsSecret([]byte("record: " + strings.ToLower(d.identity.String()))) {
		t.Error("in small letters it is one all the same")
	}
	for _, name := range []string{"", "age1", "ssh-ed25519 AAAA"} {
		if _, err := Recipients([]string{name}); err == nil {
			t.Errorf("%q was taken", name)
		}
	}
	if got, err := Recipients([]string{d.identity.Recipient().String()}); err != nil || len(got) != 1 {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	plain := make([]byte, headerSize)
	if err := (Header{Recording: strings.Repeat("ab", idSize), Number: 1, Begun: time.UnixMilli(1)}).put(plain); err != nil {
		f.Fatal(err)
	}
	f.Add(appendEntry(plain, time.Second, 1, []byte("x")))
	f.Add(binary.AppendUvarint(slices.Clone(plain), 1<<63))
	f.Fuzz(func(t *testing.T, data []byte) {
		n := 0
		_, err := Parse(data, func(e Entry) error {
			n += len(e.Content)
			return nil
		})
		if err == nil && n > len(data) {
			t.Error("more came out than went in")
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		b.Fatal(err)
	}
	to := []age.Recipient{identity.Recipient()}
	plain := make([]byte, MaxSegment)
	b.SetBytes(int64(len(plain)))
	for b.Loop() {
		if _, err := Seal(plain, to); err != nil {
			b.Fatal(err)
		}
	}
}
