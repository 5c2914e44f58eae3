package access_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cedar-policy/cedar-go"

	"vitrine/internal/access"
	"vitrine/internal/wire"
)

const origin = "https://shop.example"

// strict is a policy in which everything that a policy can look at makes a difference.
const strict = `
@id("agents") permit (principal in Role::"agent", action in [Action::"view", Action::"control"], resource);
@id("night") forbid (principal, action in Action::"control", resource) when { context.hour >= 18 || context.weekday > 5 };
@id("recorded") forbid (principal, action == Action::"type", resource) when { context.recording };
@id("private") forbid (principal, action, resource is Page) when { resource.path == "/payment" || resource.path like "/payment/*" };
@id("bills") forbid (principal, action, resource is Page in Site::"shop") when { resource.path like "/invoices/*" } unless { principal in Group::"billing" };
@id("bank") forbid (principal, action in Action::"control", resource in Site::"bank") unless { principal in Role::"supervisor" };
@id("supervisors") permit (principal in Role::"supervisor", action, resource in Server::"vitrine");
@id("admins") permit (principal in Role::"admin", action == Action::"lock", resource);
@id("auditors") permit (principal in Role::"auditor", action == Action::"audit.read", resource);
`

func parse(t testing.TB, text string) *access.Policies {
	t.Helper()
	p, err := access.Parse("test", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// subsets are all sets of some words.
func subsets(words ...string) (sets [][]string) {
	for bits := range 1 << len(words) {
		var set []string
		for i, word := range words {
			if bits&(1<<i) != 0 {
				set = append(set, word)
			}
		}
		sets = append(sets, set)
	}
	return sets
}

// A question is one of the many.
type question struct {
	roles, groups []string
	action        access.Action
	site, path    string
	when          access.Moment
}

// plain is what Cedar says of a whole policy file, without anything of this package's sorting out.
func plain(t *testing.T, set *cedar.PolicySet, c question) bool {
	t.Helper()
	roles, groups, action, site, path, when := c.roles, c.groups, c.action, c.site, c.path, c.when
	agent := cedar.NewEntityUID("Agent", "ada")
	server, place := cedar.NewEntityUID("Server", "vitrine"), cedar.NewEntityUID("Site", cedar.String(site))
	var parents []cedar.EntityUID
	for _, role := range roles {
		parents = append(parents, cedar.NewEntityUID("Role", cedar.String(role)))
	}
	for _, group := range groups {
		parents = append(parents, cedar.NewEntityUID("Group", cedar.String(group)))
	}
	control := cedar.NewEntityUID("Action", "control")
	entities := cedar.EntityMap{
		agent: {UID: agent, Parents: cedar.NewEntityUIDSet(parents...)},
		place: {UID: place, Parents: cedar.NewEntityUIDSet(server)},
	}
	for _, id := range []cedar.String{"point", "scroll", "click", "type", "navigate"} {
		uid := cedar.NewEntityUID("Action", id)
		entities[uid] = cedar.Entity{UID: uid, Parents: cedar.NewEntityUIDSet(control)}
	}
	ask := func(resource cedar.EntityUID) bool {
		day := (int64(when.Time.Weekday())+6)%7 + 1
		allowed, why := cedar.Authorize(set, entities, cedar.Request{
			Principal: agent, Action: cedar.NewEntityUID("Action", cedar.String(action)), Resource: resource,
			Context: cedar.NewRecord(cedar.RecordMap{
				"hour": cedar.Long(when.Time.Hour()), "weekday": cedar.Long(day), "recording": cedar.Boolean(when.Recording),
			}),
		})
		if len(why.Errors) > 0 {
			t.Fatal(why.Errors)
		}
		return bool(allowed)
	}
	if path == "" {
		return ask(place)
	}
	page := cedar.NewEntityUID("Page", cedar.String(site))
	entities[page] = cedar.Entity{
		UID: page, Parents: cedar.NewEntityUIDSet(place), Attributes: cedar.NewRecord(cedar.RecordMap{"path": cedar.String(path)}),
	}
	return ask(place) && ask(page)
}

var scopeActions = []access.Action{
	access.View, access.Point, access.Scroll, access.Click, access.Type, access.Navigate, access.Record, access.SecondAgent, access.HandOver,
}

// moments are an hour inside and one outside of working hours of a weekday and of a Sunday, recorded and not.
func moments() (list []access.Moment) {
	for _, day := range []int{2, 8} { // a Monday and a Sunday
		for _, hour := range []int{0, 17, 18} {
			for _, recording := range []bool{false, true} {
				list = append(list, access.Moment{Time: time.Date(2026, 3, day, hour, 30, 0, 0, time.UTC), Recording: recording})
			}
		}
	}
	return list
}

// The bits that frames look at are what Cedar says, for every set of roles, scope, hour, flag, site and page.
func TestG05_BitsAreWhatCedarSays(t *testing.T) {
	for name, text := range map[string]string{"strict": strict, "default": string(access.Default())} {
		policies := parse(t, text)
		set, err := cedar.NewPolicySetFromBytes("test", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		asked, outcomes := 0, map[bool]int{}
		for _, roles := range subsets("agent", "supervisor", "admin", "auditor") {
			for _, groups := range subsets("billing") {
				person := access.NewPerson("ada", roles, groups)
				for _, when := range moments() {
					for _, site := range []string{"shop", "bank"} {
						for _, path := range []string{"", "/", "/payment", "/payment/card", "/invoices/7"} {
							v := policies.AtSite(person, site, when)
							if path != "" {
								v = policies.OnPage(person, site, access.Address{Origin: origin, URL: []byte(origin + path)}, when)
							}
							for i, action := range scopeActions {
								asked++
								want := plain(t, set, question{roles, groups, action, site, path, when})
								outcomes[want]++
								if got := v.May&(1<<i) != 0; got != want {
									t.Fatalf("%s: %v %v may %s %s%s at %v: bits say %v, Cedar %v", name, roles, groups, action, site, path, when, got, want)
								}
								if v.By(1<<i) == "" {
									t.Fatalf("%s: nobody decided about %s", name, action)
								}
							}
						}
					}
				}
			}
		}
		t.Logf("%s: %d decisions, %d allowed, %d refused", name, asked, outcomes[true], outcomes[false])
		if outcomes[true] == 0 || outcomes[false] == 0 {
			t.Error("one outcome never came")
		}
	}
}

func TestG05_TheDecidingPolicyIsNamed(t *testing.T) {
	p := parse(t, strict)
	noon := access.Moment{Time: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}
	agent := access.NewPerson("ada", []string{"agent"}, nil)
	for _, c := range []struct {
		url  string
		want string // by which view was decided
		may  bool
	}{
		{origin + "/", "agents", true},
		{origin + "/payment", "private", false},
		{origin + "/payments", "agents", true},
		{origin + "/invoices/1", "bills", false},
		// what a server may read as such a page
		{origin + "/%70ayment", "private", false},
		{origin + "/help/../payment/x", "private", false},
		{origin + "/help%2F..%2fpayment%2fx", "private", false},
		{origin + "//payment//x", "private", false},
		{origin + "/./payment/", "private", false},
		{origin + "/payment/../help", "private", false}, // as it stands it begins so
		// what can be read in no way
		{origin + "/%2570ayment", "private!", false},
		{origin + "/%zz", "private!", false},
		{origin + "/a%5cb", "private!", false},
		{origin + "/a%00", "private!", false},
		{"https://other.example/", "private!", false},
		{"https://shop.example.evil/", "private!", false},
		{"about:blank", "private!", false},
		{"", "private!", false},
	} {
		v := p.OnPage(agent, "shop", access.Address{Origin: origin, URL: []byte(c.url)}, noon)
		if got := v.May&wire.ScopeView != 0; got != c.may || v.By(wire.ScopeView) != c.want {
			t.Errorf("%s: %v by %s, want %v by %s", c.url, got, v.By(wire.ScopeView), c.may, c.want)
		}
	}
	cut := access.Address{Origin: origin, URL: []byte(origin + "/" + strings.Repeat("a", 100)), Cut: 100}
	if v := p.OnPage(agent, "shop", cut, noon); v.May != 0 {
		t.Error("an address that was cut off was taken for a whole one")
	}
	for _, c := range []struct {
		roles  []string
		action access.Action
		want   access.Decision
	}{
		{[]string{"agent"}, access.Lock, access.Decision{Policy: access.ByNothing}},
		{[]string{"admin"}, access.Lock, access.Decision{Allowed: true, Policy: "admins"}},
		{[]string{"auditor"}, access.ReadAudit, access.Decision{Allowed: true, Policy: "auditors"}},
		{nil, access.View, access.Decision{Policy: access.ByNothing}},
	} {
		for _, site := range []string{"shop", access.Server} {
			if got := p.Decide(access.NewPerson("ada", c.roles, nil), c.action, site, noon); got != c.want {
				t.Errorf("%v %s at %q: %+v, want %+v", c.roles, c.action, site, got, c.want)
			}
		}
	}
}

func TestPolicyThatCannotBeMeantIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		``:                                     "holds no policy",
		`permit (principal, action, resource)`: "test",
		`permit (principal in Role::"boss", action, resource);`:                                         "boss",
		`permit (principal, action, resource) unless { principal in Role::"chief" };`:                   "chief",
		`permit (principal, action == Action::"look", resource);`:                                       "look",
		`permit (principal, action, resource) when { context.minute > 3 };`:                             "minute",
		`permit (principal, action, resource) when { resource.path like "/x" };`:                        "path",
		`permit (principal, action, resource is Page) when { resource.url == "/" };`:                    "url",
		`@id("a") permit (principal, action, resource); @id("a") permit (principal, action, resource);`: "another policy called a",
		`@id("A b") permit (principal, action, resource);`:                                              "@id",
	} {
		if _, err := access.Parse("test", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want something about %q", text, err, want)
		}
	}
}

func FuzzAddress(f *testing.F) {
	p := parse(f, `
@id("all") permit (principal, action, resource);
@id("no") forbid (principal, action, resource is Page) when { resource.path like "/payment*" || resource.path like "*/../*" && resource.path like "*/payment*" };`)
	agent := access.NewPerson("ada", []string{"agent"}, nil)
	for _, url := range []string{"/", "/payment", "/a/../payment", "/%70ayment", "/%2e%2e/payment", "//payment", "/a?b#c"} {
		f.Add([]byte(origin + url))
	}
	f.Fuzz(func(t *testing.T, url []byte) {
		before := slices.Clone(url)
		v := p.OnPage(agent, "shop", access.Address{Origin: origin, URL: url}, access.Moment{})
		if !slices.Equal(before, url) {
			t.Fatal("the address was changed")
		}
		if strings.HasPrefix(string(url), origin+"/payment") && v.May != 0 {
			t.Fatal("a closed page is open")
		}
	})
}

func BenchmarkJoin(b *testing.B) {
	p := parse(b, string(access.Default()))
	now := access.Moment{Time: time.Now()}
	agent := access.NewPerson("ada", []string{"agent"}, []string{"north"})
	address := access.Address{Origin: origin, URL: []byte(origin + "/account/orders/1")}
	for name, run := range map[string]func(){
		"decide": func() { p.Decide(agent, access.View, "shop", now) },
		"site":   func() { p.AtSite(agent, "shop", now) },
		"page":   func() { p.OnPage(agent, "shop", address, now) },
	} {
		b.Run(fmt.Sprint(name), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
		})
	}
}
