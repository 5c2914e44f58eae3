package signaling

import (
	"net/http"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"
)

// A handler answers a request, or gives the error that refuse answers with.
type handler func(w http.ResponseWriter, r *http.Request) error

// A route is one method of one address.
type route struct {
	method, pattern string
	family          family
	cors            bool  // pages of configured origins may call it
	body            int64 // bytes that a body may have
	do              handler
}

const (
	maxJSON  = 4 << 10
	maxOffer = 16 << 10
)

// routes are all routes in the order of use.
func (s *Server) routes() []route {
	const get, post, patch, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete
	list := []route{
		// a customer starts a session; an agent signs in and redeems its code
		{post, "/v1/sessions", familyAPI, true, maxToken + maxJSON, s.start},
		{post, "/v1/sessions/{session}/code", familyAPI, true, 0, s.renewCode},
		{post, "/v1/login", familyAPI, false, maxToken + maxJSON, s.login},
		{get, "/v1/providers", familyAPI, false, 0, s.listProviders},
		{post, "/v1/signin/{provider}", familyAPI, false, 0, s.beginSignIn},
		{post, "/v1/signin", familyAPI, false, maxJSON, s.endSignIn},
		{get, "/v1/me", familyAPI, false, 0, s.me},
		{get, "/v1/sessions", familyAPI, false, 0, s.lobby},
		{post, "/v1/codes/{code}", familyAPI, false, 0, s.redeem},
		{post, "/v1/sessions/{session}/preview", familyAPI, true, 0, s.preview},
		// an admin of a site registers the keys of its owner's back end
		{get, "/.well-known/jwks.json", familyAPI, false, 0, s.ownKeys},
		{get, "/v1/keys", familyAPI, false, 0, s.listKeys},
		{post, "/v1/keys", familyAPI, false, 2 * maxJSON, s.addKey},
		{post, "/v1/keys/{kid}/revoke", familyAPI, false, maxJSON, s.revokeKey},
		// an admin checks the way to this server
		{post, "/v1/checks", familyAPI, false, maxToken + maxJSON, s.check},
		// both connect, stay connected and end
		{get, "/v1/ice", familyAPI, true, 0, s.ice},
		{post, "/v1/sessions/{session}/connections", familyAPI, true, maxOffer, s.connect},
		{patch, "/v1/connections/{connection}", familyAPI, true, maxOffer, s.restart},
		{del, "/v1/connections/{connection}", familyAPI, true, 0, s.disconnect},
		{del, "/v1/sessions/{session}", familyAPI, true, 0, s.end},
		{del, "/v1/login", familyAPI, false, 0, s.logout},
		{post, "/v1/signoff/{provider}", familyAPI, false, maxIDToken, s.signOff},
		// pages
		{get, "/", familyAPI, false, 0, redirect("/console/")},
		{get, "/console", familyAPI, false, 0, redirect("/console/")},
		{get, "/check", familyAPI, false, 0, redirect("/check/")},
		{get, "/player", familyAPI, false, 0, redirect("/player/")},
		{get, "/favicon.ico", familyAPI, false, 0, noIcon},
		{get, "/problems/{code}", familyAPI, false, 0, s.problemPage},
	}
	list = append(list, append(s.recordingRoutes(), s.lockRoutes()...)...)
	for _, m := range mounts {
		if m.family == familyDemo && !s.config.Demo {
			continue
		}
		if strings.HasSuffix(m.prefix, "/") {
			list = append(list, route{get, m.prefix + "*", m.family, false, 0, s.file})
		} else {
			list = append(list, route{get, m.prefix, m.family, false, 0, s.file})
		}
	}
	if s.config.Docs != nil {
		list = append(list, route{get, "/docs", familyAPI, false, 0, redirect("/docs/")}, route{get, "/docs/*", familyAPI, false, 0, s.file})
	}
	if s.config.Demo {
		list = append(list, route{get, "/demo", familyAPI, false, 0, redirect("/demo/")})
	}
	return append(list, // for whoever watches the server
		route{get, "/healthz", familyAPI, false, 0, s.healthz},
		route{get, "/readyz", familyAPI, false, 0, s.readyz},
	)
}

// router mounts the routes, and for each address that pages of other origins may call, the answer to preflights.
func (s *Server) router() http.Handler {
	mux := chi.NewRouter()
	asked := map[string][]string{} // pattern → methods
	for _, rt := range s.routes() {
		mux.Method(rt.method, rt.pattern, s.serve(rt))
		if rt.method == http.MethodGet {
			mux.Method(http.MethodHead, rt.pattern, s.serve(rt))
		}
		if rt.cors {
			asked[rt.pattern] = append(asked[rt.pattern], rt.method)
		}
	}
	for pattern, methods := range asked {
		options := route{method: http.MethodOptions, pattern: pattern, cors: true}
		preflight := s.preflight(methods)
		options.do = func(w http.ResponseWriter, r *http.Request) error { preflight(w, r); return nil }
		mux.Method(http.MethodOptions, pattern, s.serve(options))
	}
	mux.NotFound(s.serve(route{do: func(http.ResponseWriter, *http.Request) error { return problemNotFound }}))
	mux.MethodNotAllowed(s.serve(route{do: func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Allow", strings.Join(allowed(mux, r.URL.Path), ", "))
		return problemMethod
	}}))
	return mux
}

// allowed are the methods of an address (RFC 9110 section 15.5.6 wants them in a 405).
func allowed(mux chi.Routes, path string) []string {
	methods := []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPatch, http.MethodDelete, http.MethodOptions}
	return slices.DeleteFunc(methods, func(method string) bool { return !mux.Match(chi.NewRouteContext(), method, path) })
}
