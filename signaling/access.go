package signaling

import (
	"slices"

	"vitrine/internal/access"
	"vitrine/internal/audit"
	"vitrine/sanitizer"
	"vitrine/sfu"
)

// Both packages number the right to take a page over alike; this does not compile when they do not.
const (
	_ = uint(sfu.MayHandOver - access.HandOverBit)
	_ = uint(access.HandOverBit - sfu.MayHandOver)
)

// at are the roles of an agent at a site, or on the server, where only roles at all sites count.
func (a agentID) at(site string) []string {
	return append(slices.Clone(a.roles[AllSites]), a.roles[site]...)
}

func (a agentID) person(site string) access.Person {
	return access.NewPerson(a.subject, a.at(site), a.groups)
}

// decide asks the policies without writing anything down. Who has no role at a site may nothing there.
func (s *Server) decide(a agentID, action access.Action, site string) access.Decision {
	m := s.config.Trust.Access
	if len(a.at(site)) == 0 {
		return access.Decision{Policy: "no-role"}
	}
	return m.Policies().Decide(a.person(site), action, site, m.Now(false))
}

// allow asks the policies whether an agent may do something at a site or on the server, and writes the answer down.
func (s *Server) allow(a agentID, action access.Action, site string) bool {
	d := s.decide(a, action, site)
	e := audit.Event{
		Name: string(sfu.AccessRefused), Site: site, Role: RoleAgent, Subject: a.subject,
		Scope: string(action), Outcome: "refused", Rule: d.Policy,
	}
	if d.Allowed {
		e.Name, e.Outcome = string(sfu.AccessAllowed), "allowed"
	}
	s.audit(e)
	return d.Allowed
}

// Judge answers the SFU's questions about agents. It blocks for nothing.
func (s *Server) Judge(q sfu.Question) sfu.Ruling {
	m := s.config.Trust.Access
	a, known := s.book.agent(q.Grant.Session, q.Grant.Subject)
	var v access.Verdict
	switch lock := s.locks.on(q.Grant.Subject, q.Site, q.Grant.Session); {
	case lock != "":
		v = access.Nothing("lock-" + lock)
	case !known || len(a.at(q.Site)) == 0:
		v = access.Nothing("no-role")
	case q.OnPage:
		address := access.Address{Origin: q.Origin, URL: q.Address, Cut: sanitizer.MaxAddress}
		v = m.Policies().OnPage(a.person(q.Site), q.Site, address, m.Now(q.Recording))
	default:
		v = m.Policies().AtSite(a.person(q.Site), q.Site, m.Now(q.Recording))
	}
	return sfu.Ruling{May: v.May, By: v.By}
}
