package signaling

import (
	"cmp"
	"context"
	"encoding/base64"
	"net/http"
	"slices"
	"time"

	"vitrine/internal/audit"
)

// admin is an agent who is admin of a site. To others a site that they have nothing to do with does not exist.
func (s *Server) admin(r *http.Request, site string) (agentID, error) {
	agent, err := s.agent(r)
	if err != nil {
		return agentID{}, err
	}
	_, exists := s.sites[site]
	switch {
	case !exists || !agent.is(site, agentRoles...):
		return agentID{}, problemSite
	case !agent.is(site, RoleAdmin):
		s.audit(audit.Event{Name: "key.refused", Site: site, Role: RoleAgent, Subject: agent.subject, Outcome: "refused", Rule: "role"})
		return agentID{}, problemAdmin
	case s.owners.kept == nil:
		return agentID{}, problemNoStore
	}
	return agent, nil
}

// addKey registers a public key of a site's owner, or the address of a set of them. Tokens that are signed with it are good
// for that site only.
func (s *Server) addKey(w http.ResponseWriter, r *http.Request) error {
	var body struct{ Site, KID, Key, JWKS string }
	members := map[string]member{"site": text(maxName), "kid": text(maxName), "key": text(maxJSON), "jwks": text(maxCode)}
	if err := readJSON(r, members, &body); err != nil {
		return err
	}
	agent, err := s.admin(r, body.Site)
	if err != nil {
		return err
	}
	k := ownerKey{Site: body.Site, KID: body.KID, Key: body.Key, JWKS: body.JWKS, Added: time.Now().Unix()}
	if err := s.owners.check(&k); err != nil {
		return err
	}
	if err := s.keep(r.Context(), k); err != nil {
		return err
	}
	s.audit(audit.Event{Name: "key.added", Site: k.Site, Role: RoleAdmin, Subject: agent.subject, Outcome: "allowed", Rule: "kid:" + k.KID})
	return writeJSON(w, http.StatusCreated, k)
}

func (s *Server) keep(ctx context.Context, k ownerKey) error {
	if err := s.owners.save(ctx, k); err != nil {
		s.config.Logger.Error("an owner's key cannot be kept", "site", k.Site, "error", err)
		return problemNoStore
	}
	return nil
}

// check holds a new key against what it must be, and reads the set behind an address once, so that a wrong one is told now.
func (o *owners) check(k *ownerKey) error {
	if (k.Key == "") == (k.JWKS == "") {
		return problemJSON
	}
	if k.JWKS != "" {
		if k.KID != "" || !jwksURL(k.JWKS) {
			return problemKeySet
		}
		k.KID = jwksKID
		_ = o.ready(k) // an address is always ready
		k.set.mu.Lock()
		defer k.set.mu.Unlock()
		if err := k.set.read(); err != nil {
			with := *problemKeySet
			with.cause = err
			return &with
		}
		return nil
	}
	if o.ready(k) != nil {
		return problemKey
	}
	k.Alg = k.read.alg
	k.KID = cmp.Or(k.KID, k.read.thumbprint())
	if k.KID == jwksKID || !keyID.MatchString(k.KID) {
		return problemKey
	}
	if _, taken := o.get(k.Site, k.KID); taken {
		return problemKeyTaken // also when it was revoked: a key does not come back
	}
	return nil
}

// revokeKey makes a key of a site's owner good for nothing at once, whether it was registered or is in the site's set.
func (s *Server) revokeKey(w http.ResponseWriter, r *http.Request) error {
	var body struct{ Site string }
	if err := readJSON(r, map[string]member{"site": text(maxName)}, &body); err != nil {
		return err
	}
	agent, err := s.admin(r, body.Site)
	if err != nil {
		return err
	}
	kid := r.PathValue("kid")
	k, known := s.owners.get(body.Site, kid)
	_, set := s.owners.get(body.Site, jwksKID)
	if !keyID.MatchString(kid) || !known && !set {
		return problemNoKey
	}
	if !known {
		k = ownerKey{Site: body.Site, KID: kid, Added: time.Now().Unix()} // of the set, or not in it yet
	}
	if k.Revoked == 0 {
		k.Revoked = time.Now().Unix()
		if err := s.keep(r.Context(), k); err != nil {
			return err
		}
	}
	s.audit(audit.Event{Name: "key.revoked", Site: k.Site, Role: RoleAdmin, Subject: agent.subject, Outcome: "allowed", Rule: "kid:" + kid})
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// listKeys gives the keys of the sites that an agent is admin of.
func (s *Server) listKeys(w http.ResponseWriter, r *http.Request) error {
	agent, err := s.agent(r)
	if err != nil {
		return err
	}
	rows := slices.DeleteFunc(s.owners.list(), func(k ownerKey) bool { return !agent.is(k.Site, RoleAdmin) })
	slices.SortFunc(rows, func(a, b ownerKey) int { return cmp.Or(cmp.Compare(a.Site, b.Site), cmp.Compare(a.KID, b.KID)) })
	if rows == nil {
		rows = []ownerKey{}
	}
	return writeJSON(w, http.StatusOK, rows)
}

// ownKeys gives the public keys of this server (RFC 7517 section 5).
func (s *Server) ownKeys(w http.ResponseWriter, _ *http.Request) error {
	set := struct {
		Keys []jwk `json:"keys"`
	}{[]jwk{}}
	for _, k := range s.config.Tokens.keys.all() {
		point, err := k.private.PublicKey.Bytes()
		if err != nil {
			return err
		}
		b64 := base64.RawURLEncoding.EncodeToString
		set.Keys = append(set.Keys, jwk{Kty: "EC", Crv: "P-256", X: b64(point[1:33]), Y: b64(point[33:]), Kid: k.id, Use: "sig", Alg: algES256})
	}
	w.Header().Set("Cache-Control", "public, max-age=300")
	return writeJSON(w, http.StatusOK, set)
}
