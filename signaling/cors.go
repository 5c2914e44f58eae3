package signaling

import (
	"net/http"
	"strings"
)

// What a page of an allowed origin may send and read.
const (
	corsHeaders = "Authorization, Content-Type, If-Match"
	corsExposed = "ETag, Location, Retry-After, Vitrine-Token"
	corsMaxAge  = "600" // seconds that browsers keep a preflight's answer
)

// cors lets pages of configured origins read the answer, even one that says no, and tells every cache that the answer
// depends on the origin. Never with credentials: the console's cookie works on the server's own pages only. Whether the
// origin belongs to the site in question is asked again by the handler.
func (s *Server) cors(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" || !s.knownOrigin(origin) {
		return
	}
	header.Set("Access-Control-Allow-Origin", origin)
	header.Set("Access-Control-Expose-Headers", corsExposed)
}

func (s *Server) knownOrigin(origin string) bool {
	for _, site := range s.sites {
		if site.allows(origin) {
			return true
		}
	}
	return false
}

// preflight answers the question that a browser asks before a call from another origin (Fetch section 4.8).
func (s *Server) preflight(methods []string) http.HandlerFunc {
	allow := strings.Join(methods, ", ")
	return func(w http.ResponseWriter, _ *http.Request) {
		header := w.Header()
		header.Set("Allow", allow+", OPTIONS")
		header.Set("Accept-Post", "application/json, application/sdp") // RFC 9725 section 4.2
		if header.Get("Access-Control-Allow-Origin") != "" {
			header.Add("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers")
			header.Set("Access-Control-Allow-Methods", allow)
			header.Set("Access-Control-Allow-Headers", corsHeaders)
			header.Set("Access-Control-Max-Age", corsMaxAge)
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

// ownPage tells whether a request comes from a page of this server, or from no page at all. Browsers name the origin of
// every request that is not a plain GET, so an absent one is a program.
func (s *Server) ownPage(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || origin == s.config.Base {
		return true
	}
	for _, alias := range s.config.Aliases {
		if origin == alias {
			return true
		}
	}
	return false
}
