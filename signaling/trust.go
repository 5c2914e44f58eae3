package signaling

import (
	"vitrine/internal/access"
	"vitrine/internal/seal"
)

// Trust is by whom the server lets itself be told who somebody is, and what it keeps of that.
type Trust struct {
	Auditing  func() error    // why the audit log takes nothing just now; nil means it always does
	Records   Records         // keeps the keys of owners and the locks; nil means that there are none, and that a restart lifts locks
	JWKS      JWKSClient      // reads the key sets of owners
	Providers []Provider      // that agents sign in with, in the order in which they are offered
	Access    *access.Manager // who may do what; nil means the default policy
	// Recordings is where recordings are kept; nil means that there are none.
	Recordings *seal.Shelf
}

// doors are the ways in for agents.
type doors struct {
	logins    *logins
	signIns   *signIns
	providers []*idp
	owners    *owners
}

func (t Trust) withDefaults() (Trust, error) {
	if t.Auditing == nil {
		t.Auditing = func() error { return nil }
	}
	if t.Access != nil {
		return t, nil
	}
	var err error
	t.Access, err = access.Open("", nil)
	return t, err
}
