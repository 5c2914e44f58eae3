package guard

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/binary"
	"hash/crc32"
	"net/netip"
)

const (
	mtu          = 1600 // frames of this size and above are refused; the TURN server's buffer is this large
	stunHeader   = 20
	chanHeader   = 4
	minChanFrame = 12 // no DTLS record and no ICE check is smaller on the wire
	magicCookie  = 0x2112A442
	fingerprint  = 0x5354554e // RFC 8489 section 14.7
	integrityLen = sha1.Size
)

// Attribute types (RFC 8489, RFC 8656) that the guard looks at or knows.
const (
	attrUsername       = 0x0006
	attrIntegrity      = 0x0008
	attrErrorCode      = 0x0009
	attrUnknown        = 0x000A
	attrChannel        = 0x000C
	attrLifetime       = 0x000D
	attrPeer           = 0x0012
	attrData           = 0x0013
	attrRealm          = 0x0014
	attrNonce          = 0x0015
	attrFamily         = 0x0017
	attrEvenPort       = 0x0018
	attrTransport      = 0x0019
	attrReservation    = 0x0022
	attrIntegrity256   = 0x001C
	attrFingerprint    = 0x8028
	comprehensionLimit = 0x8000 // types below it must be understood
)

// frameSize tells how long the frame at the start of b is on a stream. ok is
// false when b can never become a frame; a size of 0 with ok means that more
// bytes are needed to tell. Lengths are computed in int: 16 bits wrap (row 1).
func frameSize(b []byte) (size int, ok bool) {
	if len(b) == 0 {
		return 0, true
	}
	switch b[0] >> 6 {
	case 0: // STUN; methods are small, so other protocols show in the first byte (RFC 7983)
		if len(b) < 8 {
			return 0, b[0] < 4
		}
		length := int(binary.BigEndian.Uint16(b[2:]))
		size = stunHeader + length
		return size, b[0] < 4 && length%4 == 0 && size < mtu && binary.BigEndian.Uint32(b[4:]) == magicCookie
	case 1: // ChannelData, padded to 4 bytes on a stream (RFC 8656 section 12.5)
		if len(b) < chanHeader {
			return 0, true
		}
		size = chanHeader + (int(binary.BigEndian.Uint16(b[2:]))+3)&^3
		return size, size >= minChanFrame && size < mtu && b[0] < endChannel>>8
	}
	return 0, false
}

// whole tells whether b, one datagram, is exactly one frame. Padding of
// ChannelData is optional in a datagram.
func whole(b []byte) bool {
	size, ok := frameSize(b)
	if !ok || size == 0 {
		return false
	}
	if isChannelData(b) {
		return len(b) <= size && len(b) >= chanHeader+int(binary.BigEndian.Uint16(b[2:]))
	}
	return len(b) == size
}

func isChannelData(b []byte) bool { return b[0]>>6 == 1 }

// What a message holds.
const (
	hasTransport = 1 << iota
	hasNonce
	hasReservation // EVEN-PORT or RESERVATION-TOKEN
	hasFamily
	hasPeer
	hasForeignPeer // a peer that is not the pinned one
	hasChannel
	hasUsername
	hasRealm
	hasLifetime
)

// Bounds of an allocation's life in seconds (RFC 8656 section 7.2). The TURN
// server takes what is asked for below an hour, one second or none as well, and
// turns an hour and more into ten minutes.
const (
	minLifetime = 600
	maxLifetime = 3599
)

// message is a STUN message taken apart in place: the slices point into it.
type message struct {
	raw             []byte
	kind            uint16 // class and method
	has             uint16
	integrity       int // offset of MESSAGE-INTEGRITY, 0 when there is none
	username, realm []byte
	lifetime        []byte // value of LIFETIME
	reservation     []byte // EVEN-PORT or RESERVATION-TOKEN, with its header
	channel         uint16
	peer            netip.AddrPort // the last one named
	transport       byte
	family          byte
	unknown         [8]uint16 // comprehension-required types not understood
	unknowns        int
}

// parse takes b apart without allocating. It refuses what has two readings:
// anything but FINGERPRINT after MESSAGE-INTEGRITY is outside the signature and
// yet would be seen by a parser that looks attributes up by type.
func (m *message) parse(b []byte, pinned netip.AddrPort) bool {
	size, ok := frameSize(b)
	if !ok || len(b) < stunHeader || size != len(b) || isChannelData(b) {
		return false
	}
	*m = message{raw: b, kind: binary.BigEndian.Uint16(b)}
	last := false
	for at := stunHeader; at < len(b); {
		if last || len(b)-at < 4 {
			return false
		}
		typ, length := binary.BigEndian.Uint16(b[at:]), int(binary.BigEndian.Uint16(b[at+2:]))
		if length > len(b)-at-4 {
			return false
		}
		whole := b[at : at+4+length]
		value := whole[4:]
		switch {
		case typ == attrFingerprint:
			if length != 4 || binary.BigEndian.Uint32(value) != crc32.ChecksumIEEE(b[:at])^fingerprint {
				return false
			}
			last = true
		case m.integrity != 0 && typ != attrIntegrity256:
			return false
		case typ == attrIntegrity:
			if length != integrityLen {
				return false
			}
			m.integrity = at
		default:
			if !m.note(typ, whole, pinned) {
				return false
			}
		}
		at += 4 + (length+3)&^3
	}
	return true
}

// note records one attribute, given with its header. Repeated attributes that
// say who asks are refused.
func (m *message) note(typ uint16, whole []byte, pinned netip.AddrPort) bool {
	v := whole[4:]
	switch typ {
	case attrUsername:
		m.username = v
		return m.once(hasUsername)
	case attrRealm:
		m.realm = v
		return m.once(hasRealm)
	case attrNonce:
		return m.once(hasNonce)
	case attrTransport:
		if len(v) != 4 {
			return false
		}
		m.transport = v[0]
		return m.once(hasTransport)
	case attrFamily:
		if len(v) != 4 {
			return false
		}
		m.family = v[0]
		return m.once(hasFamily)
	case attrChannel:
		if len(v) != 4 {
			return false
		}
		m.channel = binary.BigEndian.Uint16(v)
		return m.once(hasChannel)
	case attrLifetime:
		if len(v) != 4 {
			return false
		}
		m.lifetime = v
		return m.once(hasLifetime)
	case attrEvenPort, attrReservation:
		m.has |= hasReservation
		m.reservation = whole
	case attrPeer:
		m.has |= hasPeer
		var ok bool
		if m.peer, ok = m.xorAddress(v); !ok || !isPinned(m.peer, pinned) {
			m.has |= hasForeignPeer
		}
	case attrData, attrIntegrity256:
	default:
		if typ < comprehensionLimit && m.unknowns < len(m.unknown) {
			m.unknown[m.unknowns] = typ
			m.unknowns++
		}
	}
	return true
}

func (m *message) once(bit uint16) bool {
	first := m.has&bit == 0
	m.has |= bit
	return first
}

// xorAddress decodes an XOR-mapped address (RFC 8489 section 14.2), unmapped.
func (m *message) xorAddress(v []byte) (netip.AddrPort, bool) {
	if len(v) < 8 {
		return netip.AddrPort{}, false
	}
	port := binary.BigEndian.Uint16(v[2:]) ^ magicCookie>>16
	var ip [16]byte
	n := copy(ip[:], v[4:])
	for i := range n {
		ip[i] ^= m.raw[4+i] // cookie, then transaction id
	}
	switch {
	case v[1] == 1 && len(v) == 8:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip[:4])), port), true
	case v[1] == 2 && len(v) == 20:
		return netip.AddrPortFrom(netip.AddrFrom16(ip).Unmap(), port), true
	}
	return netip.AddrPort{}, false
}

// transaction is the id of the message.
func (m *message) transaction() (id [12]byte) {
	if len(m.raw) >= stunHeader {
		copy(id[:], m.raw[8:stunHeader])
	}
	return id
}

// amend changes what a verified request asks for to what the TURN server does
// right, and signs it again. What follows the signature, which would not fit
// any more, is cut off.
func (m *message) amend(key []byte) {
	if bounded := m.boundLifetime(); !m.dropPair() && !bounded {
		return
	}
	end := m.integrity + 4 + integrityLen
	copy(m.raw[m.integrity+4:end], sum(m.raw[:m.integrity], key))
	m.raw = m.raw[:end]
	binary.BigEndian.PutUint16(m.raw[2:], uint16(end-stunHeader))
}

// boundLifetime brings the lifetime within its bounds and tells whether it was
// not. 0 in a Refresh means the end.
func (m *message) boundLifetime() bool {
	if m.lifetime == nil || m.kind != allocate && m.kind != refresh {
		return false
	}
	asked := binary.BigEndian.Uint32(m.lifetime)
	if asked == 0 && m.kind == refresh || asked >= minLifetime && asked <= maxLifetime {
		return false
	}
	binary.BigEndian.PutUint32(m.lifetime, min(max(asked, minLifetime), maxLifetime))
	return true
}

// dropPair makes a wish for a pair of ports into an attribute that nobody
// knows, where such wishes are not refused.
func (m *message) dropPair() bool {
	if !pairs || m.reservation == nil {
		return false
	}
	binary.BigEndian.PutUint16(m.reservation, 0xFFFF)
	return true
}

// signed tells in constant time whether MESSAGE-INTEGRITY was made with key.
// The length in the header counts as if the message ended with it.
func (m *message) signed(key []byte) bool {
	want := sum(m.raw[:m.integrity], key)
	return hmac.Equal(want, m.raw[m.integrity+4:m.integrity+4+integrityLen])
}

// sum is the HMAC-SHA1 of a message whose MESSAGE-INTEGRITY comes next.
func sum(b, key []byte) []byte {
	var header [stunHeader]byte
	copy(header[:], b)
	binary.BigEndian.PutUint16(header[2:], uint16(len(b)-stunHeader+4+integrityLen))
	mac := hmac.New(sha1.New, key)
	mac.Write(header[:])
	mac.Write(b[stunHeader:])
	return mac.Sum(nil)
}
