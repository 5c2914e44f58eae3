package sanitizer

import "vitrine/internal/wire"

// values are the parts of a Policy that change what texts become. Its zero value is the default.
type values struct {
	showQuery bool
	detect    Detect
}

// append rewrites a string by its role, as appendByRole does, and then as the policy asks. What it gives is left alone when
// it comes again. max is how long the result may be: where bullets, of three bytes each, would make it longer, asterisks
// take their place.
func (v values) append(dst []byte, role wire.Role, text []byte, max int) (out []byte, ok bool) {
	mark := len(dst)
	if role == wire.RoleURL && v.showQuery {
		out, ok = appendURL(dst, text, true)
	} else {
		out, ok = appendByRole(dst, role, text)
	}
	if !ok || v.detect == 0 || !speaks(role) {
		return out, ok
	}
	// The masked text is put behind the plain one first, and moved to its place when it differs.
	end := len(out)
	out = maskSecrets(out, out[mark:end], v.detect)
	if len(out)-end > max {
		out = replaceSecrets(out[:end], out[mark:end], v.detect, asterisk)
	}
	size := copy(out[mark:], out[end:])
	clear(out[mark+size:])
	return out[:mark+size], true
}

// speaks tells the roles of strings that people read: there a secret could stand.
func speaks(role wire.Role) bool {
	switch role {
	case wire.RoleText, wire.RoleAttr, wire.RoleInput, wire.RoleTitle, wire.RoleURL:
		return true
	}
	return false
}
