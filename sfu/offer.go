package sfu

import (
	"slices"
	"strings"

	"github.com/pion/sdp/v3"
)

// maxOffer is how many bytes an offer may have. A browser's offer for data channels has about 700.
const maxOffer = 16 << 10

// strippedAttributes name addresses that the client would have the server send to. Without them the server only ever
// answers those who sent it a valid ICE check first.
var strippedAttributes = []string{"candidate", "end-of-candidates", "remote-candidates"}

// neededAttributes are those without which an offer cannot be answered (RFC 8839 section 5.4, RFC 8122 section 5, RFC 9143).
// pion notices only after it has taken the offer, and then takes no other one for the connection.
var neededAttributes = []string{"ice-ufrag", "ice-pwd", "fingerprint", "mid"}

// cleanOffer checks an offer and returns it without candidates.
func cleanOffer(offer string) (string, error) {
	if len(offer) > maxOffer {
		return "", ErrOffer
	}
	var d sdp.SessionDescription
	if d.UnmarshalString(offer) != nil || len(d.MediaDescriptions) != 1 {
		return "", ErrOffer
	}
	m := d.MediaDescriptions[0]
	// RFC 8841: an application section over DTLS and SCTP. Port 0 would reject it (RFC 3264 section 5.1).
	if m.MediaName.Media != "application" || m.MediaName.Port.Value == 0 || !slices.Contains(m.MediaName.Protos, "DTLS") || !slices.Contains(m.MediaName.Protos, "SCTP") {
		return "", ErrOffer
	}
	for _, key := range neededAttributes {
		if _, ok := m.Attribute(key); !ok {
			if _, ok = d.Attribute(key); !ok {
				return "", ErrOffer
			}
		}
	}
	strip := func(a sdp.Attribute) bool { return slices.Contains(strippedAttributes, a.Key) }
	d.Attributes = slices.DeleteFunc(d.Attributes, strip)
	m.Attributes = slices.DeleteFunc(m.Attributes, strip)
	out, err := d.Marshal()
	if err != nil {
		return "", ErrOffer
	}
	var text strings.Builder
	text.Write(out)
	return text.String(), nil
}

// ufragOf is the name of an offer's ICE session (RFC 8839 section 5.4). Each restart has a fresh one.
func ufragOf(offer string) string {
	_, rest, _ := strings.Cut(offer, "\na=ice-ufrag:")
	ufrag, _, _ := strings.Cut(rest, "\r")
	return ufrag
}
