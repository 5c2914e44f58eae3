package signaling

import (
	"maps"
	"slices"
)

// The roles that an agent has at a site, besides RoleAgent. None of them holds another.
const (
	RoleSupervisor = "supervisor" // may join the sessions of others
	RoleAdmin      = "admin"      // keys, locks, settings
	RoleAuditor    = "auditor"    // reads what is kept
)

var agentRoles = []string{RoleAgent, RoleSupervisor, RoleAdmin, RoleAuditor}

// Roles are all roles that an agent can have.
func Roles() []string { return slices.Clone(agentRoles) }

// AllSites stands for every site in a role's place. No site of a configuration can be called so.
const AllSites = "*"

// An agentID is who an agent is and what they are where, whether they showed a token or a cookie.
type agentID struct {
	subject string // unique among all that can sign in: see ownerSubject and providerSubject
	name    string // what customers are shown; says nothing of who somebody is
	groups  []string
	roles   map[string][]string // by site, or AllSites
	via     via

	operator bool // has the server's data directory, so policies do not hold for them
}

// A via is where somebody signed in: the key of the provider, and what it calls that sign-in. It is empty for tokens.
type via struct{ provider, sid string }

// agentOf is the agent of a token. One that names no roles is for an agent and nothing more.
func agentOf(c Claims) agentID {
	name, roles := c.Name, c.Roles
	if name == "" {
		name = c.Subject
	}
	if len(roles) == 0 {
		roles = []string{RoleAgent}
	}
	return agentID{subject: c.Subject, name: name, groups: c.Groups, roles: map[string][]string{c.Site: roles}}
}

// is tells whether an agent has one of some roles at a site. AllSites asks for what is nobody's in particular: only who has
// the role everywhere has it there.
func (a agentID) is(site string, roles ...string) bool {
	for _, role := range roles {
		if slices.Contains(a.roles[AllSites], role) && site != checkSite || slices.Contains(a.roles[site], role) {
			return true
		}
	}
	return false
}

// may tells whether an agent may look after a site's customers.
func (a agentID) may(site string) bool { return a.is(site, RoleAgent, RoleSupervisor) }

// sites are those where an agent has any role.
func (a agentID) sites() []string { return slices.Sorted(maps.Keys(a.roles)) }
