package signaling

import (
	"bytes"
	"net/url"
	"strings"
	"testing"
	"time"

	"vitrine/internal/audit"
	"vitrine/internal/wire"
	"vitrine/test/client"
)

// preview asks for a preview and gives the token of its address.
func (e *env) preview(session, token string) (preview, next string) {
	e.Helper()
	r := e.do(call{method: "POST", path: "/v1/sessions/" + session + "/preview", token: token, origin: shop})
	got := into[struct {
		URL     string
		Expires int64
	}](e, r, 201)
	if left := time.Until(time.Unix(got.Expires, 0)); left < 30*time.Second || left > previewLife {
		e.Errorf("the address expires in %v", left)
	}
	path, fragment, _ := strings.Cut(got.URL, "#")
	values, err := url.ParseQuery(fragment)
	if err != nil || path != "/console/preview" || values.Get("session") != session || len(values) != 2 {
		e.Fatalf("address %s, %d values, %v", path, len(values), err)
	}
	return values.Get("token"), r.header.Get("Vitrine-Token")
}

func TestPreviewShowsTheCustomerWhatTheAgentSees(t *testing.T) {
	e := newEnv(t, nil)
	session := e.begin()
	token, next := e.preview(session.Session, session.Token)
	ice := into[struct {
		ICE   []ICEServer
		Token string
	}](e, e.do(call{method: "GET", path: "/v1/ice", token: token, origin: e.base}), 200)
	if len(ice.ICE) != 1 || ice.ICE[0].Username != session.Session+RolePreview {
		t.Errorf("ICE: %+v", ice.ICE)
	}
	e.problem(e.do(call{method: "GET", path: "/v1/ice", token: token}), problemToken)
	preview, _ := e.join(session.Session, ice.Token, true)
	take(e, preview, func(f *wire.State) bool { return f.State == wire.StateWaiting })
	ticket := take[*wire.Ticket](e, preview, nil)

	customer, _ := e.join(session.Session, next, false)
	agent, _ := e.join(session.Session, e.redeem(session.Code).Token, true)
	ask := take[*wire.Ask](e, customer, nil)
	if err := customer.Send(&wire.Answer{Ask: ask.Ask, Granted: wire.ScopeView}); err != nil {
		t.Fatal(err)
	}
	share := take[*wire.Share](e, customer, nil)
	take(e, preview, func(f *wire.State) bool { return f.State == wire.StateActive })
	if err := customer.Send(client.Snapshot(share.Epoch+1, []byte("one"))); err != nil {
		t.Fatal(err)
	}
	seen, shown := take[*wire.Batch](e, preview, nil), take[*wire.Batch](e, agent, nil)
	if !seen.Snapshot || !bytes.Equal(seen.AppendTo(nil), shown.AppendTo(nil)) {
		t.Error("the preview is not shown what the agent is")
	}
	if info, _ := e.sfu.Lookup(session.Session); len(info.Agents) != 1 {
		t.Errorf("%d agents", len(info.Agents))
	}
	// The channel's ticket is for the same preview: its connection takes the place of the one before.
	again, _ := e.join(session.Session, ticket.Token, true)
	take[*wire.Batch](e, again, nil)
	<-preview.Closed()
	if err := customer.Send(&wire.End{}); err != nil {
		t.Fatal(err)
	}
	if f := take(e, again, func(f *wire.State) bool { return f.State == wire.StateEnded }); f.Reason != wire.EndCustomer {
		t.Errorf("ended for reason %d", f.Reason)
	}
	if e.recorded(audit.Event{Name: "preview.created", Session: session.Session}) != 1 {
		t.Error("no audit line")
	}
}

// Every call that takes a session token, for every role: nil is a call that the role may make.
func TestG12_Roles(t *testing.T) {
	e := newEnv(t, nil)
	session, other := e.begin(), e.begin()
	origins := map[string]string{RoleCustomer: shop, RoleAgent: e.base, RolePreview: e.base}
	at := "/v1/sessions/" + session.Session
	sdp := call{method: "POST", path: at + "/connections", body: "v=0", mediaType: sdpType}
	restart := call{method: "PATCH", path: "/v1/connections/none", body: "v=0\r\n", mediaType: sdpType, ifMatch: `"x"`}
	for _, row := range []struct {
		call                     call
		customer, agent, preview *Problem
	}{
		{call{method: "POST", path: at + "/code"}, nil, problemRole, problemRole},
		{call{method: "POST", path: at + "/preview"}, nil, problemRole, problemRole},
		{call{method: "GET", path: "/v1/ice"}, nil, nil, nil},
		{sdp, problemOffer, problemOffer, problemOffer},
		{restart, problemConnection, problemConnection, problemConnection},
		{call{method: "DELETE", path: "/v1/connections/none"}, problemConnection, problemConnection, problemConnection},
		{call{method: "GET", path: "/v1/me"}, problemToken, problemToken, problemToken},
		{call{method: "GET", path: "/v1/sessions"}, problemToken, problemToken, problemToken},
		{call{method: "POST", path: "/v1/codes/" + other.Code}, problemToken, problemToken, problemToken},
		{call{method: "DELETE", path: "/v1/sessions/" + other.Session}, problemSession, problemSession, problemSession},
		{call{method: "DELETE", path: at}, nil, problemSession, problemRole}, // the preview's turn comes first
	} {
		for _, role := range []struct {
			name string
			want *Problem
		}{{RolePreview, row.preview}, {RoleCustomer, row.customer}, {RoleAgent, row.agent}} {
			c := row.call
			c.token = e.mint(KindSession, Claims{Session: session.Session, Role: role.name, Site: "shop"}, "x-"+role.name)
			c.origin = origins[role.name]
			r := e.do(c)
			if ok := role.want == nil && r.status < 300 || role.want != nil && e.problem(r, role.want); !ok {
				t.Errorf("%s %s %s: %d %s", role.name, c.method, c.path, r.status, r.body)
			}
		}
	}
	own := Claims{Session: other.Session, Role: RolePreview, Site: "shop"}
	for _, origin := range []string{shop, "https://evil.example", "null"} {
		e.problem(e.do(call{method: "GET", path: "/v1/ice", token: e.mint(KindSession, own, "p"), origin: origin}), problemForeign)
	}
	e.problem(e.do(call{method: "POST", path: "/v1/sessions/" + other.Session + "/preview", token: other.Token, origin: "https://evil.example"}), problemOrigin)
}
