package signaling

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"vitrine/internal/access"
	"vitrine/internal/audit"
	"vitrine/internal/store"
	"vitrine/internal/wire"
	"vitrine/sfu"
)

// What can be locked.
const (
	lockAgent   = "agent"
	lockSite    = "site"
	lockSession = "session"
)

const (
	lockRecord  = "lock" // kind of the records
	maxLocks    = 10_000
	storeWithin = 5 * time.Second
)

// A lock keeps an agent, a site's sessions or one session out until it is lifted.
type lock struct {
	ID     string `json:"id"`
	Kind   string `json:"kind"`
	Target string `json:"target"`
	Reason string `json:"reason"`
	By     string `json:"by"`
	At     int64  `json:"at"`
}

// locks are the locks that hold. They are kept in the store, so that they hold after a restart.
type locks struct {
	kept Records // nil keeps them as long as the process lives

	mu   sync.Mutex
	live map[string]lock // by id
}

// openLocks reads the locks that were set before.
func openLocks(kept Records) (*locks, error) {
	l := &locks{kept: kept, live: map[string]lock{}}
	if kept == nil {
		return l, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), storeWithin)
	defer cancel()
	for after := ""; ; {
		records, err := kept.List(ctx, store.Filter{Kind: lockRecord, After: after})
		if err != nil {
			return nil, fmt.Errorf("locks: %w", err)
		}
		for _, r := range records {
			var one lock
			if err := json.Unmarshal(r.Value, &one); err != nil || one.ID != r.Key {
				return nil, fmt.Errorf("locks: the record %s cannot be read: restore a backup", r.Key)
			}
			l.live[one.ID], after = one, one.ID
		}
		if len(records) < store.MaxLimit {
			return l, nil
		}
	}
}

// on names the kind of the lock that keeps out an agent ("" for nobody), a site or a session; "" when none does.
func (l *locks) on(agent, site, session string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.live) == 0 {
		return ""
	}
	for _, one := range l.live {
		target := map[string]string{lockAgent: agent, lockSite: site, lockSession: session}[one.Kind]
		if target != "" && one.Target == target {
			return one.Kind
		}
	}
	return ""
}

// set keeps a lock. It holds from here on, whatever the store says; an error means that a restart would forget it.
func (l *locks) set(ctx context.Context, one lock) error {
	l.mu.Lock()
	full := len(l.live) >= maxLocks
	if !full {
		l.live[one.ID] = one
	}
	l.mu.Unlock()
	if full {
		return problemFull
	}
	if l.kept == nil {
		return nil
	}
	value, err := json.Marshal(one)
	if err != nil {
		return err
	}
	r := store.Record{Kind: lockRecord, Key: one.ID, At: time.Unix(one.At, 0), Value: value}
	switch one.Kind {
	case lockAgent:
		r.Subject = one.Target
	case lockSite:
		r.Site = one.Target
	case lockSession:
		r.Session = one.Target
	}
	_, err = l.kept.Put(ctx, r)
	return err
}

func (l *locks) find(id string) (lock, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	one, ok := l.live[id]
	return one, ok
}

// lift takes a lock away. With an error it still holds.
func (l *locks) lift(ctx context.Context, id string) error {
	if l.kept != nil {
		if _, err := l.kept.Delete(ctx, store.Filter{Kind: lockRecord, Prefix: id}); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.live, id)
	return nil
}

// list gives all locks, the oldest first.
func (l *locks) list() []lock {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.SortedFunc(maps.Values(l.live), func(a, b lock) int {
		if a.At != b.At {
			return int(a.At - b.At)
		}
		return strings.Compare(a.ID, b.ID)
	})
}

// shut refuses whoever is locked out.
func (s *Server) shut(agent, site, session string) error {
	if kind := s.locks.on(agent, site, session); kind != "" {
		role := RoleAgent
		if agent == "" {
			role = RoleCustomer
		}
		s.audit(audit.Event{Name: "lock.met", Session: session, Site: site, Role: role, Subject: agent, Outcome: "refused", Rule: "lock-" + kind})
		return problemLocked
	}
	return nil
}

// setLock locks an agent, a site or a session, and cuts what is live of it.
func (s *Server) setLock(w http.ResponseWriter, r *http.Request) error {
	var body struct{ Kind, Target, Reason string }
	who, err := s.locker(r)
	if err != nil {
		return err
	}
	known := map[string]member{"kind": text(maxName), "target": text(maxName), "reason": text(maxName)}
	if err := readJSON(r, known, &body); err != nil {
		return err
	}
	one := lock{ID: "l_" + random(), Kind: body.Kind, Target: body.Target, Reason: body.Reason, By: who.subject, At: time.Now().Unix()}
	if !printable(one.Target) || one.Reason != "" && !printable(one.Reason) {
		return problemJSON
	}
	if err := s.mayLock(who, one); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), storeWithin)
	defer cancel()
	kept := s.locks.set(ctx, one)
	var refused *Problem
	if errors.As(kept, &refused) {
		return kept
	}
	s.cut(one)
	s.noteLock("lock.set", one)
	if kept != nil {
		s.config.Logger.Error("a lock holds, but is not in the store: a restart would forget it", "lock", one.ID, "error", kept)
	}
	return writeJSON(w, http.StatusCreated, one)
}

// cut ends what is live of a thing that is locked.
func (s *Server) cut(one lock) {
	end := func(id string) {
		if err := s.config.SFU.End(id, wire.EndPolicy); err != nil && !errors.Is(err, sfu.ErrNoSession) {
			s.config.Logger.Error("a locked session cannot be ended", "session", id, "error", err)
		}
	}
	switch one.Kind {
	case lockAgent:
		s.config.SFU.Dismiss(one.Target, wire.EndPolicy)
	case lockSession:
		end(one.Target)
	case lockSite:
		for _, e := range s.book.list(func(site string) bool { return site == one.Target }) {
			go end(e.session) // they do not wait for each other
		}
	}
}

func (s *Server) noteLock(name string, one lock) {
	e := audit.Event{Name: name, Outcome: one.Kind, Rule: one.ID}
	switch one.Kind {
	case lockAgent:
		e.Role, e.Subject = RoleAgent, one.Target
	case lockSite:
		e.Site = one.Target
	case lockSession:
		e.Session = one.Target
	}
	s.audit(e)
}

// mayLock says whether somebody may lock a thing, or lift the lock on it. What is not theirs does not exist for them.
func (s *Server) mayLock(who agentID, one lock) error {
	place := one.Target
	switch one.Kind {
	case lockAgent:
		place = access.Server
	case lockSession:
		e, ok := s.book.find(one.Target)
		if ok {
			place = e.site
		} else if who.roles[AllSites] == nil || s.locks.on("", "", one.Target) == "" {
			return problemSession
		} else {
			place = access.Server // it has ended
		}
	case lockSite:
		if _, ok := s.sites[one.Target]; !ok {
			return problemSite
		}
	default:
		return problemJSON
	}
	switch {
	case one.Kind == lockSession && len(who.at(place)) == 0:
		return problemSession
	case one.Kind == lockSite && len(who.at(place)) == 0:
		return problemSite
	case !who.operator && !s.allow(who, access.Lock, place):
		return problemPolicy
	}
	return nil
}

// locker is who asks for locks: a signed-in agent, or whoever has the server's data directory.
func (s *Server) locker(r *http.Request) (agentID, error) {
	if !isOperator(r) {
		return s.agent(r)
	}
	raw, ok := bearer(r)
	if !ok {
		return agentID{}, problemNoToken
	}
	claims, err := s.verify(raw, KindOperator)
	if err != nil {
		return agentID{}, err
	}
	return agentID{subject: claims.Subject, name: claims.Subject, roles: map[string][]string{AllSites: {RoleAdmin}}, operator: true}, nil
}

// listLocks gives the locks that the asker could lift.
func (s *Server) listLocks(w http.ResponseWriter, r *http.Request) error {
	who, err := s.locker(r)
	if err != nil {
		return err
	}
	may := who.operator || s.decide(who, access.Lock, access.Server).Allowed
	rows := []lock{}
	for _, one := range s.locks.list() {
		if may || one.Kind == lockSite && s.decide(who, access.Lock, one.Target).Allowed {
			rows = append(rows, one)
		}
	}
	return writeJSON(w, http.StatusOK, rows)
}

// liftLock takes a lock away.
func (s *Server) liftLock(w http.ResponseWriter, r *http.Request) error {
	who, err := s.locker(r)
	if err != nil {
		return err
	}
	one, ok := s.locks.find(r.PathValue("lock"))
	if !ok {
		return problemNoLock
	}
	if err := s.mayLock(who, one); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), storeWithin)
	defer cancel()
	if err := s.locks.lift(ctx, one.ID); err != nil {
		return err
	}
	s.noteLock("lock.lifted", one)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// lockRoutes are the routes of locks, for agents and for whoever runs the server.
func (s *Server) lockRoutes() []route {
	return []route{
		{http.MethodPost, "/v1/locks", familyAPI, false, maxJSON, s.setLock},
		{http.MethodGet, "/v1/locks", familyAPI, false, 0, s.listLocks},
		{http.MethodDelete, "/v1/locks/{lock}", familyAPI, false, 0, s.liftLock},
	}
}

type operatorKey struct{}

func isOperator(r *http.Request) bool { return r.Context().Value(operatorKey{}) != nil }

// Operator answers what whoever runs the server may ask for on the admin listener, with a token that the data directory's key
// signed.
func (s *Server) Operator() http.Handler {
	mux := http.NewServeMux()
	for _, rt := range s.lockRoutes() {
		handle := s.serve(rt)
		mux.HandleFunc(rt.method+" "+rt.pattern, func(w http.ResponseWriter, r *http.Request) {
			handle(w, r.WithContext(context.WithValue(r.Context(), operatorKey{}, true)))
		})
	}
	return mux
}
