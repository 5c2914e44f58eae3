package seal

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"golang.org/x/crypto/chacha20poly1305"
)

// The payload of an age file (C2SP age, section "Payload"): a nonce, then chunks under ChaCha20-Poly1305.
const (
	chunkSize   = 64 << 10
	nonceSize   = 16
	payloadName = "payload"
)

// overhead is how many bytes a sealed segment has more than what is in it, for one recipient: an estimate for a buffer.
const overhead = 1 << 10

// A keyTap is a recipient that notes the key of the file it is asked to wrap. age's own writer copies what it is given through
// buffers that nobody can overwrite afterwards; with the key the payload is sealed here, out of the one buffer that is.
type keyTap struct {
	age.Recipient
	key []byte
}

// Wrap notes the key and wraps it.
func (k *keyTap) Wrap(key []byte) ([]*age.Stanza, error) {
	k.key = append(k.key[:0], key...)
	return k.Recipient.Wrap(key)
}

// Seal seals plain for all recipients and overwrites it. What it returns is an age file.
func Seal(plain []byte, recipients []age.Recipient) ([]byte, error) {
	defer clear(plain)
	if len(recipients) == 0 {
		return nil, errors.New("seal: nobody could open it: there is no recipient")
	}
	tap := &keyTap{Recipient: recipients[0]}
	defer func() { clear(tap.key) }()
	out := bytes.NewBuffer(make([]byte, 0, len(plain)+overhead+200*len(recipients)+(len(plain)/chunkSize+1)*chacha20poly1305.Overhead))
	// age writes the header and the nonce at once; its writer is not used.
	if _, err := age.Encrypt(out, append([]age.Recipient{tap}, recipients[1:]...)...); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	sealed := out.Bytes()
	key, err := hkdf.Key(sha256.New, tap.key, sealed[len(sealed)-nonceSize:], payloadName, chacha20poly1305.KeySize)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	aead, err := chacha20poly1305.New(key)
	clear(key)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	var nonce [chacha20poly1305.NonceSize]byte
	for i := 0; ; i++ {
		chunk := plain[:min(chunkSize, len(plain))]
		plain = plain[len(chunk):]
		nonce[9], nonce[10] = byte(i>>8), byte(i) // the counter; a segment has few chunks
		if len(plain) == 0 {
			nonce[11] = 1 // the last one
		}
		sealed = aead.Seal(sealed, nonce[:], chunk, nil)
		if len(plain) == 0 {
			return sealed, nil
		}
	}
}

// errUnsealed says what age does not say in an operator's words.
var errUnsealed = errors.New("seal: it is damaged, or the identity is another one than it was sealed for")

// unseal opens a sealed segment.
func unseal(sealed []byte, by []age.Identity) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(sealed), by...)
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return nil, ErrIdentity
	}
	if err != nil {
		return nil, errUnsealed
	}
	plain, err := io.ReadAll(io.LimitReader(r, MaxSegment+MaxEntry))
	if err != nil {
		return nil, errUnsealed
	}
	return plain, nil
}

// ErrIdentity means that a recording was sealed for somebody else.
var ErrIdentity = errors.New("seal: the identity is not one that the recording was sealed for")

// ErrSecret means that a private key stands where none may be.
var ErrSecret = errors.New("that is an identity (AGE-SECRET-KEY…), which must never be on this machine: name its recipient (age1…), and make a new identity")

// secretPrefix begins an identity.
const secretPrefix = "AGE-SECRET-KEY-"

// HoldsSecret tells whether a text has a private key in it, in whatever place.
func HoldsSecret(text []byte) bool {
	return bytes.Contains(bytes.ToUpper(text), []byte(secretPrefix))
}

// Recipients reads public keys.
func Recipients(names []string) (recipients []age.Recipient, err error) {
	for _, name := range names {
		if HoldsSecret([]byte(name)) {
			return nil, ErrSecret
		}
		recipient, err := age.ParseX25519Recipient(strings.TrimSpace(name))
		if err != nil {
			return nil, errors.New("a recipient is age1 and 58 more letters and digits: `age-keygen -y FILE` prints that of an identity")
		}
		recipients = append(recipients, recipient)
	}
	return recipients, nil
}
