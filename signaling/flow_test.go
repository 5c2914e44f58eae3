package signaling

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"vitrine/internal/audit"
	"vitrine/internal/wire"
	"vitrine/test/client"
)

// dial posts an offer with a token and keeps the reply.
func (e *env) dial(session string, token, origin string, got *reply) client.Dial {
	return func(_ context.Context, offer string) (string, error) {
		*got = e.do(call{
			method: "POST", path: "/v1/sessions/" + session + "/connections", body: offer, mediaType: sdpType, token: token, origin: origin,
		})
		if got.status != 201 {
			e.Fatalf("offer: %d %s", got.status, got.body)
		}
		return string(got.body), nil
	}
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// join connects a person with a token, says Hello and waits for the welcome.
func (e *env) join(session, token string, agent bool) (*client.Client, reply) {
	e.Helper()
	var got reply
	origin := shop
	if agent {
		origin = ""
	}
	c, err := client.Connect(soon(e.T), client.Config{Agent: agent}, e.dial(session, token, origin, &got))
	if err != nil {
		e.Fatal(err)
	}
	e.Cleanup(func() { _ = c.Close() })
	if err := c.Hello(); err != nil {
		e.Fatal(err)
	}
	take[*wire.Welcome](e, c, nil)
	return c, got
}

func take[F wire.Frame](e *env, c *client.Client, match func(F) bool) F {
	e.Helper()
	if match == nil {
		match = client.Any[F]
	}
	f, err := client.Take(soon(e.T), c, match)
	if err != nil {
		e.Fatal(err)
	}
	return f
}

func TestFlowFromSiteKeyToEnd(t *testing.T) {
	e := newEnv(t, nil)
	session := e.begin()
	if !strings.HasPrefix(session.Session, "s_") || session.Site.Name != "Shop" || session.Site.Company != "Shop Ltd" ||
		len(session.Mask.Selectors) != 1 || !session.Mask.Private || len(session.ICE) != 1 ||
		session.ICE[0].Username != session.Session+"customer" || session.ICE[0].URLs[0] != "turn:127.0.0.1:1?transport=udp" {
		t.Fatalf("started: %+v", session)
	}
	if left := time.Until(time.Unix(session.CodeExpires, 0)); left < time.Minute || left > 2*time.Minute {
		t.Errorf("the code expires in %v", left)
	}
	if left := time.Until(time.Unix(session.TokenExpires, 0)); left < 9*time.Minute || left > MaxTokenLife {
		t.Errorf("the token expires in %v", left)
	}
	agentSide := e.redeem(session.Code)
	if agentSide.Session != session.Session || len(agentSide.ICE) != 1 || agentSide.ICE[0].Username != session.Session+"agent" {
		t.Fatalf("redeemed: %+v", agentSide)
	}
	customer, made := e.join(session.Session, session.Token, false)
	for name, ok := range map[string]bool{
		"type": made.header.Get("Content-Type") == sdpType, "location": strings.HasPrefix(made.header.Get("Location"), "/v1/connections/"),
		"etag": strings.HasPrefix(made.header.Get("ETag"), `"`), "next token": made.header.Get("Vitrine-Token") != "",
		"cors": made.header.Get("Access-Control-Allow-Origin") == shop,
	} {
		if !ok {
			t.Errorf("the answer's %s is wrong: %v", name, made.header)
		}
	}
	agent, _ := e.join(session.Session, agentSide.Token, true)
	ask := take[*wire.Ask](e, customer, nil)
	if ask.Scopes != wire.ScopeView {
		t.Errorf("asked for %b", ask.Scopes)
	}
	if err := customer.Send(&wire.Answer{Ask: ask.Ask, Granted: wire.ScopeView}); err != nil {
		t.Fatal(err)
	}
	take(e, agent, func(f *wire.State) bool { return f.State == wire.StateActive })
	lobby := into[[]struct {
		Session, Site, State string
		Created              int64
		Agents               int
	}](e, e.do(call{method: "GET", path: "/v1/sessions", token: e.agentToken("ben", "shop")}), 200)
	if len(lobby) != 1 || lobby[0].Session != session.Session || lobby[0].State != "active" || lobby[0].Agents != 1 || lobby[0].Site != "shop" {
		t.Errorf("lobby: %+v", lobby)
	}
	if rows := into[[]any](e, e.do(call{method: "GET", path: "/v1/sessions", token: e.agentToken("eve", "bank")}), 200); len(rows) != 0 {
		t.Errorf("another company's agent sees %d sessions", len(rows))
	}
	next := made.header.Get("Vitrine-Token")
	r := e.do(call{method: "DELETE", path: "/v1/sessions/" + session.Session, token: next, origin: shop})
	if r.status != 204 {
		t.Fatalf("end: %d %s", r.status, r.body)
	}
	if end := take(e, agent, func(f *wire.State) bool { return f.State == wire.StateEnded }); end.Reason != wire.EndCustomer {
		t.Errorf("ended for reason %d", end.Reason)
	}
	for _, event := range []string{"session.created", "code.redeemed"} {
		if e.recorded(audit.Event{Name: event, Session: session.Session}) != 1 {
			t.Errorf("%s is not in the audit log", event)
		}
	}
}

func TestTicketFromTheChannelConnectsAgain(t *testing.T) {
	e := newEnv(t, nil)
	session := e.begin()
	first, _ := e.join(session.Session, session.Token, false)
	ticket := take[*wire.Ticket](e, first, nil)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	e.join(session.Session, ticket.Token, false)
	if e.recorded(audit.Event{Name: "token.rejected"}) != 0 {
		t.Error("a good ticket was refused")
	}
}

func TestRestartAndDisconnect(t *testing.T) {
	e := newEnv(t, nil)
	session := e.begin()
	c, made := e.join(session.Session, session.Token, false)
	path, token := made.header.Get("Location"), made.header.Get("Vitrine-Token")
	step := func(c call) reply {
		c.path, c.token, c.origin = path, token, shop
		r := e.do(c)
		if next := r.header.Get("Vitrine-Token"); next != "" {
			token = next
		}
		return r
	}
	e.problem(step(call{method: "PATCH", body: "v=0", mediaType: sdpType}), problemNoMatch)
	e.problem(step(call{method: "PATCH", body: "v=0", mediaType: "application/trickle-ice-sdpfrag", ifMatch: "*"}), problemMedia)
	e.problem(step(call{method: "PATCH", body: "v=0", mediaType: sdpType, ifMatch: made.header.Get("ETag")}), problemOffer)
	err := c.Restart(soon(t), func(_ context.Context, offer string) (string, error) {
		e.problem(step(call{method: "PATCH", body: offer, mediaType: sdpType, ifMatch: `"old"`}), problemMatch)
		r := step(call{method: "PATCH", body: offer, mediaType: sdpType, ifMatch: made.header.Get("ETag")})
		if r.status != 200 || r.header.Get("Content-Type") != sdpType || r.header.Get("ETag") == made.header.Get("ETag") {
			t.Fatalf("restart: %d %v", r.status, r.header)
		}
		return string(r.body), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if r := step(call{method: "DELETE"}); r.status != 204 {
		t.Fatalf("disconnect: %d %s", r.status, r.body)
	}
	select {
	case <-c.Closed():
	case <-time.After(45 * time.Second): // the word of the end is a datagram; without it ICE finds out
		t.Error("the connection is still open")
	}
	e.join(session.Session, token, false)
}

func TestOffersThatCannotBeUsed(t *testing.T) {
	e := newEnv(t, nil)
	session := e.begin()
	token := session.Token
	for name, offer := range map[string]string{
		"nothing": "", "no SDP": "hello", "audio": "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n",
	} {
		r := e.do(call{
			method: "POST", path: "/v1/sessions/" + session.Session + "/connections", body: offer, mediaType: sdpType, token: token, origin: shop,
		})
		if !e.problem(r, problemOffer) {
			t.Logf("the case was: %s", name)
		}
		if token = r.header.Get("Vitrine-Token"); token == "" {
			t.Fatalf("%s: a bad offer costs the customer the session", name)
		}
	}
}

// What a token of the right kind may not do: each case has its status, and each leaves the session as it was.
func TestG12_TokensOfOthers(t *testing.T) {
	e := newEnv(t, nil)
	mine, other := e.begin(), e.begin()
	agentSide := e.redeem(mine.Code)
	sdp := func(c call) call { c.body, c.mediaType = "v=0", sdpType; return c }
	at := func(session string) string { return "/v1/sessions/" + session + "/connections" }
	session := func(c Claims) string { return e.mint(KindSession, c, "x") }
	for _, try := range []struct {
		name string
		call call
		want *Problem
	}{
		{"token of another session", sdp(call{method: "POST", path: at(mine.Session), token: other.Token, origin: shop}), problemSession},
		{"session that does not exist", sdp(call{method: "POST", path: at("s_none"), token: session(Claims{Session: "s_none", Role: RoleCustomer, Site: "shop"}), origin: shop}), problemSession},
		{"session of another site", sdp(call{method: "POST", path: at(mine.Session), token: session(Claims{Session: mine.Session, Role: RoleCustomer, Site: "bank"}), origin: "https://bank.example"}), problemSession},
		{"agent's token for a session call", sdp(call{method: "POST", path: at(mine.Session), token: e.agentToken("ada", "shop")}), problemToken},
		{"customer's token as agent's", call{method: "POST", path: "/v1/codes/" + other.Code, token: session(Claims{Session: mine.Session, Role: RoleCustomer, Site: "shop"})}, problemToken},
		{"customer's token in the lobby", call{method: "GET", path: "/v1/sessions", token: session(Claims{Session: mine.Session, Role: RoleCustomer, Site: "shop"})}, problemToken},
		{"agent asks for a code", call{method: "POST", path: "/v1/sessions/" + mine.Session + "/code", token: agentSide.Token}, problemRole},
		{"customer on a foreign page", sdp(call{method: "POST", path: at(mine.Session), token: mine.Token, origin: "https://evil.example"}), problemOrigin},
		{"customer on another site's page", sdp(call{method: "POST", path: at(other.Session), token: session(Claims{Session: other.Session, Role: RoleCustomer, Site: "shop"}), origin: "https://bank.example"}), problemOrigin},
		{"agent on a foreign page", sdp(call{method: "POST", path: at(mine.Session), token: session(Claims{Session: mine.Session, Role: RoleAgent, Site: "shop"}), origin: shop}), problemForeign},
		{"ending another's session", call{method: "DELETE", path: "/v1/sessions/" + mine.Session, token: session(Claims{Session: other.Session, Role: RoleCustomer, Site: "shop"}), origin: shop}, problemSession},
		{"a token used before", call{method: "DELETE", path: "/v1/sessions/" + mine.Session, token: mine.Token, origin: shop}, problemToken},
		{"a connection that is nobody's", call{method: "DELETE", path: "/v1/connections/none", token: session(Claims{Session: mine.Session, Role: RoleCustomer, Site: "shop"}), origin: shop}, problemConnection},
		{"a token in the address", call{method: "GET", path: "/v1/me?token=" + e.agentToken("ada", "shop")}, problemNoToken},
	} {
		r := e.do(try.call)
		if !e.problem(r, try.want) {
			t.Logf("the case was: %s", try.name)
		}
		if leaks := r.header.Get("Vitrine-Token") != ""; leaks && try.want != problemConnection && try.want != problemRole {
			t.Errorf("%s: the refusal hands out a token", try.name)
		}
	}
	if n := len(e.sfu.List()); n != 2 {
		t.Errorf("%d sessions left of 2", n)
	}
	for _, rule := range []string{"other-session", "typ", "replayed", "role"} {
		if e.recorded(audit.Event{Name: "token.rejected", Rule: rule}) == 0 {
			t.Errorf("no audit line with rule %s", rule)
		}
	}
}

func TestG12_ConnectionOfAnotherPerson(t *testing.T) {
	e := newEnv(t, nil)
	session := e.begin()
	agentSide := e.redeem(session.Code)
	_, made := e.join(session.Session, session.Token, false)
	r := e.do(call{method: "DELETE", path: made.header.Get("Location"), token: agentSide.Token})
	e.problem(r, problemConnection)
}

func TestG12_TokenAfterTheSessionEnded(t *testing.T) {
	e := newEnv(t, nil)
	session := e.begin()
	later := e.mint(KindSession, Claims{Session: session.Session, Role: RoleCustomer, Site: "shop"}, "x")
	code := session.Code
	if r := e.do(call{method: "DELETE", path: "/v1/sessions/" + session.Session, token: session.Token, origin: shop}); r.status != 204 || r.header.Get("Vitrine-Token") != "" {
		t.Fatalf("end: %d %v", r.status, r.header)
	}
	e.problem(e.do(call{method: "GET", path: "/v1/ice", token: later, origin: shop}), problemSession)
	e.problem(e.do(call{method: "POST", path: "/v1/codes/" + code, token: e.agentToken("ada", "shop")}), problemCode)
}

func TestG12_TwoAuthorizationHeaders(t *testing.T) {
	e := newEnv(t, nil)
	r, err := http.NewRequest("GET", e.base+"/v1/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header["Authorization"] = []string{"Bearer " + e.agentToken("ada", "shop"), "Bearer " + e.agentToken("eve", "shop")}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != 401 {
		t.Errorf("two tokens: %d", answer.StatusCode)
	}
}

func TestSiteTokenStartsASession(t *testing.T) {
	e := newEnv(t, nil)
	token := e.mint(KindSite, Claims{Site: "shop"}, "customer-4711")
	body := `{"token":"` + token + `"}`
	started := into[begun](e, e.do(call{method: "POST", path: "/v1/sessions", body: body, origin: shop}), 201)
	claims, err := e.tokens.Verify(started.Token, KindSession)
	if err != nil || claims.Subject != "customer-4711" || claims.Role != RoleCustomer || claims.Session != started.Session {
		t.Errorf("claims %+v, %v", claims, err)
	}
	e.problem(e.do(call{method: "POST", path: "/v1/sessions", body: body, origin: shop}), problemToken)
	bank := e.mint(KindSite, Claims{Site: "bank"}, "customer-1")
	e.problem(e.do(call{method: "POST", path: "/v1/sessions", body: `{"token":"` + bank + `"}`, origin: shop}), problemOrigin)
}

func TestFreshCodeAndICE(t *testing.T) {
	e := newEnv(t, nil)
	session := e.begin()
	fresh := into[struct {
		Code, Token string
		CodeExpires int64
	}](e, e.do(call{method: "POST", path: "/v1/sessions/" + session.Session + "/code", token: session.Token, origin: shop}), 200)
	if session.Code != fresh.Code {
		e.problem(e.do(call{method: "POST", path: "/v1/codes/" + session.Code, token: e.agentToken("ada", "shop")}), problemCode)
	}
	ice := into[struct {
		ICE   []ICEServer
		Token string
	}](e, e.do(call{method: "GET", path: "/v1/ice", token: fresh.Token, origin: shop}), 200)
	if len(ice.ICE) != 1 || ice.ICE[0].Credential != "c" || ice.Token == "" {
		t.Errorf("ice: %+v", ice)
	}
	if got := e.redeem(fresh.Code); got.Session != session.Session {
		t.Errorf("redeemed %s", got.Session)
	}
}

// The customer moves between the origins of a site; the agent is shown where the page is now, not where it began.
func TestOriginIsThatOfTheConnection(t *testing.T) {
	e := newEnv(t, nil)
	session := e.begin()
	var got reply
	c, err := client.Connect(soon(t), client.Config{}, e.dial(session.Session, session.Token, "https://www.shop.example", &got))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Hello(); err != nil {
		t.Fatal(err)
	}
	take[*wire.Welcome](e, c, nil)
	if info, ok := e.sfu.Lookup(session.Session); !ok || info.Origin != "https://www.shop.example" {
		t.Errorf("origin %q", info.Origin)
	}
}
