package guard

import "encoding/binary"

// refusal is an error answer that the guard gives itself, because the TURN
// server gives none or a wrong one.
type refusal struct {
	code    int
	counter Counter
	reason  string
}

// The refusals, in the order in which they are looked for.
var (
	wrongCredentials     = refusal{441, refused441, "Wrong Credentials"}
	unknownAttribute     = refusal{420, refused420, "Unknown Attribute"}
	unsupportedTransport = refusal{442, refused442, "Unsupported Transport Protocol"}
	unsupportedFamily    = refusal{440, refused440, "Address Family not Supported"}
	insufficientCapacity = refusal{508, refused508, "Insufficient Capacity"}
	quotaReached         = refusal{486, refused486, "Allocation Quota Reached"}
	allocationMismatch   = refusal{437, refused437, "Allocation Mismatch"}
	forbidden            = refusal{403, refused403, "Forbidden"}
	badRequest           = refusal{400, refused400, "Bad Request"}
)

// refuse writes the signed error response to m behind b.
func (m *message) refuse(b []byte, r *refusal, key []byte) []byte {
	b = append(b, m.raw[:stunHeader]...)
	binary.BigEndian.PutUint16(b, m.kind|errorClass)
	// RFC 8489 section 14.8: two reserved bytes, class, number, phrase
	b = attribute(b, attrErrorCode, append([]byte{0, 0, byte(r.code / 100), byte(r.code % 100)}, r.reason...))
	if r.code == unknownAttribute.code {
		var types []byte
		for _, typ := range m.unknown[:m.unknowns] {
			types = binary.BigEndian.AppendUint16(types, typ)
		}
		b = attribute(b, attrUnknown, types)
	}
	b = attribute(b, attrIntegrity, sum(b, key))
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-stunHeader))
	return b
}

func attribute(b []byte, typ uint16, value []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, typ)
	b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}
