package access

import (
	"strings"
	"time"

	"github.com/cedar-policy/cedar-go"

	"vitrine/internal/wire"
)

// Action is something that one may do or not.
type Action string

// The actions. The first ones are the scopes that a customer consents to, in the order of their bits.
const (
	View         Action = "view"
	Point        Action = "point"
	Scroll       Action = "scroll"
	Click        Action = "click"
	Type         Action = "type"
	Navigate     Action = "navigate"
	Record       Action = "record"
	SecondAgent  Action = "second-agent"
	HandOver     Action = "handover" // to take the page over from another agent
	Lock         Action = "lock"
	Keys         Action = "keys"
	WriteSetting Action = "settings.write"
	ReadAudit    Action = "audit.read"
	ReadRecord   Action = "recording.read"
	DeleteRecord Action = "recording.delete"
	ReadChat     Action = "chat.read"
	ReadSubject  Action = "subject.read"
	EraseSubject Action = "subject.delete"
)

// HandOverBit stands for HandOver in a set of scopes. It is no scope: nobody asks a customer for it.
const HandOverBit wire.Scope = 1 << 8

// bits are the actions that have one, in the order of the bits.
var bits = [...]Action{View, Point, Scroll, Click, Type, Navigate, Record, SecondAgent, HandOver}

// Actions are all actions.
func Actions() []Action {
	return append(append([]Action(nil), bits[:]...),
		Lock, Keys, WriteSetting, ReadAudit, ReadRecord, DeleteRecord, ReadChat, ReadSubject, EraseSubject)
}

func (a Action) uid() cedar.EntityUID { return cedar.NewEntityUID(typeAction, cedar.String(a)) }

// Server is the place of what belongs to no site.
const Server = ""

// The names of decisions that no policy made.
const (
	ByNothing = "no-policy" // nothing permits it
	failed    = "!"         // stands behind the name of a policy that could not be worked out
)

// Person is somebody whose rights are asked for.
type Person struct {
	id     cedar.EntityUID
	entity cedar.Entity
}

// NewPerson makes a person with the roles that they have at the place that is asked about.
func NewPerson(subject string, roles, groups []string) Person {
	var parents []cedar.EntityUID
	for _, role := range roles {
		parents = append(parents, cedar.NewEntityUID(typeRole, cedar.String(role)))
	}
	for _, group := range groups {
		parents = append(parents, cedar.NewEntityUID(typeGroup, cedar.String(group)))
	}
	id := cedar.NewEntityUID(typeAgent, cedar.String(subject))
	return Person{id, cedar.Entity{UID: id, Parents: cedar.NewEntityUIDSet(parents...)}}
}

// Moment is what holds when something is asked.
type Moment struct {
	Time      time.Time // in the time zone of the policies
	Recording bool
}

func (m Moment) record() cedar.Record {
	weekday := (int64(m.Time.Weekday())+6)%7 + 1 // 1 is Monday, as in ISO 8601
	return cedar.NewRecord(cedar.RecordMap{
		"hour": cedar.Long(m.Time.Hour()), "weekday": cedar.Long(weekday), "recording": cedar.Boolean(m.Recording),
	})
}

// Decision is an answer, and the policy that gave it.
type Decision struct {
	Allowed bool
	Policy  string
}

// scene is what a decision is about. It is where Cedar finds its entities.
type scene struct {
	policies *Policies
	person   *Person
	resource cedar.Entity
	parent   cedar.Entity // of the resource
}

// Get gives an entity.
func (s *scene) Get(id cedar.EntityUID) (cedar.Entity, bool) {
	switch {
	case id == s.person.id:
		return s.person.entity, true
	case id == s.resource.UID:
		return s.resource, true
	case id == s.parent.UID:
		return s.parent, true
	}
	entity, ok := s.policies.known[id]
	return entity, ok
}

var (
	serverID  = cedar.NewEntityUID(typeServer, "vitrine")
	theServer = cedar.NewEntityUIDSet(serverID)
)

// at makes the scene of a site, or of the server.
func (p *Policies) at(who *Person, site string) *scene {
	if site == Server {
		return &scene{policies: p, person: who, resource: cedar.Entity{UID: serverID}}
	}
	id := cedar.NewEntityUID(typeSite, cedar.String(site))
	return &scene{policies: p, person: who, resource: cedar.Entity{UID: id, Parents: theServer}}
}

// on makes the scene of a page out of that of its site. Without a path, what policies say of it cannot be worked out.
func (s *scene) on(path string, known bool) *scene {
	page := *s
	page.parent = s.resource
	page.resource = cedar.Entity{UID: cedar.NewEntityUID(typePage, s.resource.UID.ID), Parents: cedar.NewEntityUIDSet(s.resource.UID)}
	if known {
		page.resource.Attributes = cedar.NewRecord(cedar.RecordMap{"path": cedar.String(path)})
	}
	return &page
}

// decide asks Cedar.
func (s *scene) decide(action Action, when cedar.Record) Decision {
	allowed, why := cedar.Authorize(s.policies.actions[action], s, cedar.Request{
		Principal: s.person.id, Action: action.uid(), Resource: s.resource.UID, Context: when,
	})
	switch {
	case len(why.Errors) > 0: // its message may hold what stands in an address
		return Decision{false, string(why.Errors[0].PolicyID) + failed}
	case len(why.Reasons) == 0:
		return Decision{false, ByNothing}
	}
	return Decision{bool(allowed), string(why.Reasons[0].PolicyID)}
}

// Decide says whether somebody may do something at a site, or on the Server.
func (p *Policies) Decide(who Person, action Action, site string, when Moment) Decision {
	return p.at(&who, site).decide(action, when.record())
}

// Verdict is what somebody may ask a customer for, and do when it is granted.
type Verdict struct {
	May wire.Scope // HandOverBit included
	by  [len(bits)]string
}

// By names the policies that decided about some of the scopes, each once.
func (v Verdict) By(scopes wire.Scope) string {
	var names []string
	seen := map[string]bool{}
	for i, name := range v.by {
		if scopes&(1<<i) != 0 && !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// Scopes are all that a verdict is about.
const Scopes wire.Scope = 1<<len(bits) - 1

// narrow takes from a verdict what another one refuses.
func (v *Verdict) narrow(other Verdict) {
	for i := range bits {
		if bit := wire.Scope(1) << i; v.May&bit != 0 {
			v.May &^= bit &^ other.May
			v.by[i] = other.by[i]
		}
	}
}

func (s *scene) verdict(when cedar.Record) (v Verdict) {
	for i, action := range bits {
		d := s.decide(action, when)
		if d.Allowed {
			v.May |= 1 << i
		}
		v.by[i] = d.Policy
	}
	return v
}

// Nothing is the verdict on somebody who may nothing, whatever the policies say; rule names why.
func Nothing(rule string) (v Verdict) {
	for i := range v.by {
		v.by[i] = rule
	}
	return v
}

// AtSite says what somebody may at a site before its page is known.
func (p *Policies) AtSite(who Person, site string, when Moment) Verdict {
	return p.at(&who, site).verdict(when.record())
}

// OnPage says what somebody may on a page of a site: what the site allows and the page as well. An address that servers read
// in more than one way must be allowed in all of them. The address is not kept.
func (p *Policies) OnPage(who Person, site string, address Address, when Moment) Verdict {
	moment, here := when.record(), p.at(&who, site)
	v := here.verdict(moment)
	address.readings(func(path string, known bool) {
		v.narrow(here.on(path, known).verdict(moment))
	})
	return v
}

// PageActions are those that a page can allow or refuse, in the order of their bits.
func PageActions() []Action { return append([]Action(nil), bits[:]...) }
