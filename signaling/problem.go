package signaling

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Problem is an answer that says no, as RFC 9457 problem details. Detail says what to do; none of the members repeats
// input.
type Problem struct {
	Code       string // the last part of its type, stable
	Status     int
	Title      string
	Detail     string
	RetryAfter time.Duration // 0: no such header

	cause error // goes into the log
}

// Error is the code.
func (p *Problem) Error() string { return "signaling: " + p.Code }

// The problems, in the order in which a request can meet them.
var (
	problemRate        = &Problem{Code: "rate-limit", Status: http.StatusTooManyRequests, Title: "Too many requests", Detail: "Wait for the time in the Retry-After header, then try again."}
	problemNotFound    = &Problem{Code: "not-found", Status: http.StatusNotFound, Title: "There is nothing here", Detail: "Check the address against docs/openapi.yaml."}
	problemMethod      = &Problem{Code: "method", Status: http.StatusMethodNotAllowed, Title: "The method is not allowed here", Detail: "Use one of the methods in the Allow header."}
	problemOrigin      = &Problem{Code: "origin", Status: http.StatusForbidden, Title: "This page may not use the site key", Detail: "Add the page's origin (scheme, host and port) to the origins of this site in the server's configuration, and use the site's own key."}
	problemMedia       = &Problem{Code: "media-type", Status: http.StatusUnsupportedMediaType, Title: "The content type is not the expected one", Detail: "Send application/json, or application/sdp for offers."}
	problemTooLarge    = &Problem{Code: "too-large", Status: http.StatusRequestEntityTooLarge, Title: "The body is too large", Detail: "Offers may have 16 KiB, JSON 4 KiB."}
	problemJSON        = &Problem{Code: "json", Status: http.StatusBadRequest, Title: "The body is not what this address takes", Detail: "Send one JSON object with the members of docs/openapi.yaml, each once, and no others."}
	problemNoToken     = &Problem{Code: "token-missing", Status: http.StatusUnauthorized, Title: "A token is needed", Detail: "Send a token in the header \"Authorization: Bearer …\", or sign in to the console."}
	problemToken       = &Problem{Code: "token-refused", Status: http.StatusUnauthorized, Title: "The token is refused", Detail: "Tokens are good once, for one purpose and for ten minutes at most: ask for a new one."}
	problemSignedOut   = &Problem{Code: "signed-out", Status: http.StatusUnauthorized, Title: "Nobody is signed in", Detail: "Sign in again: a console session ends after 15 minutes without use."}
	problemProvider    = &Problem{Code: "provider-unknown", Status: http.StatusNotFound, Title: "There is no such identity provider", Detail: "GET /v1/providers lists those that this server knows; the admin adds one under agents.providers of the configuration."}
	problemIDP         = &Problem{Code: "provider-unreachable", Status: http.StatusServiceUnavailable, Title: "The identity provider does not answer", Detail: "Try again in a moment, or sign in with another provider. Sessions that are under way go on. If it lasts, the admin finds the reason in the server's log.", RetryAfter: idpRetry}
	problemSignIn      = &Problem{Code: "sign-in-refused", Status: http.StatusForbidden, Title: "The sign-in is refused", Detail: "Begin again on the sign-in screen, in one go and in one browser: a sign-in is good once and for ten minutes. If it comes back, the audit log tells the admin the rule."}
	problemNoRole      = &Problem{Code: "no-role", Status: http.StatusForbidden, Title: "Your account has no access here", Detail: "Ask the admin to give one of your groups a role, in agents.providers of the configuration."}
	problemForm        = &Problem{Code: "logout-token", Status: http.StatusBadRequest, Title: "The logout token is refused", Detail: "Send one logout_token of this provider as application/x-www-form-urlencoded, each once."}
	problemSite        = &Problem{Code: "site-unknown", Status: http.StatusNotFound, Title: "There is no such site for you", Detail: "Use the key of a site at which you have a role."}
	problemAdmin       = &Problem{Code: "admin-only", Status: http.StatusForbidden, Title: "This is for admins of the site", Detail: "Ask the server's admin for the role admin at this site, or let an admin do it."}
	problemNoStore     = &Problem{Code: "store-unavailable", Status: http.StatusServiceUnavailable, Title: "Nothing can be kept just now", Detail: "Nothing was changed. The admin finds the reason in the server's log: a full disk, or a database that does not answer. Then try again.", RetryAfter: 30 * time.Second}
	problemKey         = &Problem{Code: "key", Status: http.StatusUnprocessableEntity, Title: "The key cannot be used", Detail: "Send a public key for ES256 (P-256) or EdDSA (Ed25519) as `openssl pkey -pubout` writes it, and as kid up to 128 of A-Z, a-z, 0-9, '.', '_', '~' and '-', other than \"jwks\"."}
	problemKeyTaken    = &Problem{Code: "key-taken", Status: http.StatusConflict, Title: "There was a key of this id before", Detail: "Make a new key, or give it another kid. A key that was revoked does not come back."}
	problemKeySet      = &Problem{Code: "key-set", Status: http.StatusUnprocessableEntity, Title: "The key set cannot be read", Detail: "Give the https address of a JSON Web Key Set with ES256 or EdDSA keys that each have a kid: at most 64 KiB, answered within 3 seconds, without a redirect and not at a private address unless owners.private_addresses is set. The server's log says what was wrong."}
	problemNoKey       = &Problem{Code: "key-unknown", Status: http.StatusNotFound, Title: "There is no such key", Detail: "GET /v1/keys lists the keys of your sites; \"jwks\" stands for a site's key set."}
	problemRole        = &Problem{Code: "role", Status: http.StatusForbidden, Title: "The token is for another role", Detail: "Use the token of the customer for the customer's calls and that of the agent for the agent's."}
	problemForeign     = &Problem{Code: "foreign-page", Status: http.StatusForbidden, Title: "This call is for the server's own pages", Detail: "Call it from the console, or from a program without an Origin header."}
	problemSession     = &Problem{Code: "session-unknown", Status: http.StatusNotFound, Title: "There is no such session for you", Detail: "It may have ended. Start a new one, or ask for a new code."}
	problemConnection  = &Problem{Code: "connection-unknown", Status: http.StatusNotFound, Title: "There is no such connection of yours", Detail: "It may have closed. Make a new one with POST /v1/sessions/{id}/connections."}
	problemCode        = &Problem{Code: "code-unknown", Status: http.StatusNotFound, Title: "This code does not open a session", Detail: "Codes are good once and for a short time: ask the customer to read out the code that is shown now."}
	problemCodeLocked  = &Problem{Code: "code-locked", Status: http.StatusTooManyRequests, Title: "Codes are locked for a moment", Detail: "Too many wrong codes were tried. Wait for the time in the Retry-After header, then try again.", RetryAfter: lockFor}
	problemOffer       = &Problem{Code: "offer", Status: http.StatusUnprocessableEntity, Title: "The offer cannot be used", Detail: "Send the offer of an RTCPeerConnection that has data channels and nothing else."}
	problemNoMatch     = &Problem{Code: "if-match-missing", Status: http.StatusPreconditionRequired, Title: "If-Match is needed", Detail: "Send the ETag of the last answer in If-Match."}
	problemMatch       = &Problem{Code: "if-match", Status: http.StatusPreconditionFailed, Title: "The connection has changed", Detail: "Another offer came first. Send the newest ETag in If-Match, or make a new connection."}
	problemPolicy      = &Problem{Code: "policy", Status: http.StatusForbidden, Title: "The access policy does not allow this", Detail: "Ask the admin: the audit log names the policy that refused it, and `vitrine policy test` shows who may what."}
	problemLocked      = &Problem{Code: "locked", Status: http.StatusForbidden, Title: "This is locked", Detail: "An admin has locked the agent, the site or the session. Ask the admin to lift the lock."}
	problemNoLock      = &Problem{Code: "lock-unknown", Status: http.StatusNotFound, Title: "There is no such lock for you", Detail: "It may have been lifted. GET /v1/locks lists those that hold."}
	problemFull        = &Problem{Code: "full", Status: http.StatusServiceUnavailable, Title: "The server is full", Detail: "Try again in a minute, or ask the admin for more capacity.", RetryAfter: time.Minute}
	problemUnavailable = &Problem{Code: "unavailable", Status: http.StatusServiceUnavailable, Title: "The server is shutting down", Detail: "Try again in a few seconds.", RetryAfter: 5 * time.Second}
	problemRecording   = &Problem{Code: "recording-unknown", Status: http.StatusNotFound, Title: "There is no such recording for you", Detail: "It may have been deleted. GET /v1/recordings lists those that you may open."}
	problemRecorded    = &Problem{Code: "recording-live", Status: http.StatusConflict, Title: "It is being recorded just now", Detail: "End the recording, or its session, and try again."}
	problemQuery       = &Problem{Code: "query", Status: http.StatusBadRequest, Title: "The query is not what this address takes", Detail: "limit is 1 to 100, cursor what the last answer gave."}
	problemAudit       = &Problem{Code: "audit-unavailable", Status: http.StatusServiceUnavailable, Title: "The audit log cannot be written", Detail: "Nothing new is allowed that could not be written down; what goes on goes on. The admin has to make room on the server's disk, or mend its database. Then try again.", RetryAfter: 30 * time.Second}
	problemInternal    = &Problem{Code: "internal", Status: http.StatusInternalServerError, Title: "The server made a mistake", Detail: "Try again. If it comes back, give the admin the request_id: the server's log has it."}
)

// problems is all of them: their pages are served below /problems/.
func problems() []*Problem {
	return []*Problem{
		problemRate, problemNotFound, problemMethod, problemOrigin, problemMedia, problemTooLarge, problemJSON,
		problemNoToken, problemToken, problemSignedOut, problemProvider, problemIDP, problemSignIn, problemNoRole, problemForm, problemSite,
		problemAdmin, problemNoStore, problemKey, problemKeyTaken, problemKeySet, problemNoKey, problemRole, problemForeign, problemSession, problemConnection,
		problemCode, problemCodeLocked, problemOffer, problemNoMatch, problemMatch, problemPolicy, problemLocked, problemNoLock, problemFull, problemUnavailable,
		problemRecording, problemRecorded, problemQuery, problemAudit, problemInternal,
	}
}

// after is the problem with a time to wait.
func (p *Problem) after(wait time.Duration) *Problem {
	with := *p
	with.RetryAfter = wait
	return &with
}

// refuse answers with an error's problem. What is no Problem is a fault of the server's: it is logged, not told.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var p *Problem
	if !errors.As(err, &p) {
		p = problemInternal
		s.config.Logger.Error("request", "request", requestID(r), "route", routeOf(r), "error", err)
	}
	if p.cause != nil {
		s.config.Logger.Warn("request", "request", requestID(r), "route", routeOf(r), "problem", p.Code, "error", p.cause)
	}
	header := w.Header()
	header.Set("Content-Type", "application/problem+json")
	header.Set("Cache-Control", "no-store")
	header.Del("ETag")
	if p.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int((p.RetryAfter+time.Second-1)/time.Second)))
	}
	if p.Status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", `Bearer realm="vitrine"`) // RFC 9110 section 15.5.2 wants one
	}
	w.WriteHeader(p.Status)
	body := struct {
		Type      string `json:"type"`
		Title     string `json:"title"`
		Status    int    `json:"status"`
		Detail    string `json:"detail"`
		Code      string `json:"code"`
		RequestID string `json:"request_id"`
	}{s.config.Base + "/problems/" + p.Code, p.Title, p.Status, p.Detail, p.Code, requestID(r)}
	_ = json.NewEncoder(w).Encode(body) // fails only when the client is gone
}

// problemPage is the page that a problem's type points to.
func (s *Server) problemPage(w http.ResponseWriter, r *http.Request) error {
	list := problems()
	i := slices.IndexFunc(list, func(p *Problem) bool { return p.Code == r.PathValue("code") })
	if i < 0 {
		return problemNotFound
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err := w.Write([]byte(list[i].Title + ".\n" + list[i].Detail + "\n"))
	return err
}
