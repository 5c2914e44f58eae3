package signaling

import (
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"

	"vitrine/internal/audit"
	"vitrine/sfu"
)

// ICEServer is one entry of an RTCConfiguration's iceServers (WebRTC section 4.2.4).
type ICEServer struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username,omitempty"`
	Credential string   `json:"credential,omitempty"`
}

// Limits are how much one source address may ask for. Zero fields mean the defaults.
type Limits struct {
	Requests int // of the API, a minute; 0 means 600
	Starts   int // of sessions, a minute; 0 means 60
	Codes    int // wrong codes, a minute; 0 means 5
}

// Observation is one answered request, for metrics. Route is the pattern, never the address that was asked for.
type Observation struct {
	Method, Route string
	Status        int
	Took          time.Duration
}

// Config is what a Server needs. The first five are required.
type Config struct {
	SFU      *sfu.SFU
	Tokens   *Tokens
	Files    fs.FS  // the built browser code
	Docs     fs.FS  // the documentation; nil means none
	Base     string // origin under which browsers reach the server, such as "https://vitrine.example"
	Sites    []Site
	Aliases  []string                               // further origins of the server's own pages
	Demo     bool                                   // serve the demonstration shop
	ICE      func(session, role string) []ICEServer // nil means none
	CodeLife time.Duration                          // of a six-digit code; 0 means 2 minutes
	Limits   Limits                                 //
	Audit    func(audit.Event)                      // nil means nobody listens
	Trust    Trust                                  //
	Observe  func(Observation)                      // nil means nobody listens
	Logger   *slog.Logger                           // nil means no log
}

func (c Config) withDefaults() (Config, error) {
	base, err := url.Parse(c.Base)
	if err != nil || base.Scheme+"://"+base.Host != c.Base || base.Host == "" {
		return c, errors.New("signaling: base must be an origin such as https://vitrine.example")
	}
	if c.SFU == nil || c.Tokens == nil || c.Files == nil {
		return c, errors.New("signaling: an SFU, tokens and the browser code are required")
	}
	for _, d := range []struct {
		field *int
		value int
	}{{&c.Limits.Requests, 600}, {&c.Limits.Starts, 60}, {&c.Limits.Codes, 5}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if c.CodeLife <= 0 {
		c.CodeLife = 2 * time.Minute
	}
	if c.ICE == nil {
		c.ICE = func(string, string) []ICEServer { return nil }
	}
	if c.Audit == nil {
		c.Audit = func(audit.Event) {}
	}
	if c.Trust, err = c.Trust.withDefaults(); err != nil {
		return c, err
	}
	if c.Observe == nil {
		c.Observe = func(Observation) {}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// Server answers HTTP. It is safe for concurrent use.
type Server struct {
	config  Config
	sites   map[string]Site
	headers map[family]http.Header
	files   map[string]file
	book    *book
	codes   *codes
	locks   *locks
	doors
	requests *limiter
	starts   *limiter
	guesses  *limiter
	draining atomic.Bool
	handler  http.Handler
}

// New makes a Server, or says what in the configuration is wrong.
func New(config Config) (*Server, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{
		config:   config,
		sites:    map[string]Site{},
		headers:  headers(strings.HasPrefix(config.Base, "https:")),
		book:     newBook(),
		codes:    newCodes(config.CodeLife),
		doors:    doors{logins: newLogins(), signIns: newSignIns()},
		requests: perMinute(config.Limits.Requests),
		starts:   perMinute(config.Limits.Starts),
		guesses:  perMinute(config.Limits.Codes),
	}
	for _, site := range config.Sites {
		if err := site.Validate(); err != nil {
			return nil, err
		}
		if _, twice := s.sites[site.Key]; twice {
			return nil, errors.New("site " + site.Key + ": is listed twice")
		}
		s.sites[site.Key] = site
	}
	if s.providers, err = newProviders(config.Trust.Providers, s.sites, config.Logger); err != nil {
		return nil, err
	}
	if s.owners, err = openOwners(config.Trust.Records, config.Trust.JWKS.client()); err != nil {
		return nil, err
	}
	config.Tokens.owners = s.owners
	if s.locks, err = openLocks(config.Trust.Records); err != nil {
		return nil, err
	}
	var missing []string
	if s.files, missing, err = loadFiles(config.Files); err != nil {
		return nil, err
	}
	if err := s.loadDocs(config.Docs); err != nil {
		return nil, err
	}
	if len(missing) > 0 {
		config.Logger.Error("browser code is not built: run make build", "missing", missing)
	}
	s.handler = s.router()
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Drain makes readyz and new sessions say that the server is shutting down.
func (s *Server) Drain() { s.draining.Store(true) }

// serve wraps what every route has in common around its handler: headers, limits, errors, a panic's end.
func (s *Server) serve(rt route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		answer := &answer{ResponseWriter: w}
		r = r.WithContext(withRequestID(r.Context()))
		defer func() {
			if fault := recover(); fault != nil {
				s.fault(answer, r, fault)
			}
			s.config.Observe(Observation{r.Method, routeOf(r), answer.status, time.Since(begin)})
		}()
		for name, values := range s.headers[rt.family] {
			answer.Header()[name] = values
		}
		if rt.cors {
			s.cors(answer, r)
		}
		if err := s.admit(answer, r, rt); err != nil {
			s.refuse(answer, r, err)
			return
		}
		if err := rt.do(answer, r); err != nil {
			s.refuse(answer, r, err)
		}
	}
}

// decisive are the calls by which somebody new gets in. They are refused while nothing can be written down; whoever is in may
// come back.
var decisive = []string{"/v1/sessions", "/v1/login", "/v1/signin", "/v1/codes/{code}"}

// admit holds a request against the limits that need no look inside.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, rt route) error {
	if strings.HasPrefix(rt.pattern, "/v1/") {
		if _, wait, ok := s.requests.take(sourceOf(r)); !ok {
			return problemRate.after(wait)
		}
	}
	if slices.Contains(decisive, rt.pattern) && rt.method == http.MethodPost && s.config.Trust.Auditing() != nil {
		return problemAudit
	}
	if r.ContentLength > rt.body {
		return problemTooLarge
	}
	r.Body = http.MaxBytesReader(w, r.Body, rt.body)
	return nil
}

// fault ends a request whose handler panicked. The panic's value is not logged: only its type and where it happened.
func (s *Server) fault(w *answer, r *http.Request, fault any) {
	if fault == http.ErrAbortHandler {
		panic(fault) // net/http's own way to drop a connection
	}
	where := "unknown"
	var frames [16]uintptr
	callers := runtime.CallersFrames(frames[:runtime.Callers(3, frames[:])])
	for {
		frame, more := callers.Next()
		if strings.Contains(frame.Function, "vitrine/") {
			where = frame.Function
			break
		}
		if !more {
			break
		}
	}
	s.config.Logger.Error("panic", "request", requestID(r), "route", routeOf(r), "function", where)
	if w.status == 0 {
		s.refuse(w, r, problemInternal)
	}
}

// An answer remembers which status was sent.
type answer struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes and sends the status.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write sends bytes of the body, after status 200 if none was sent.
func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// routeOf is the pattern of the route that a request met, "" for none.
func routeOf(r *http.Request) string {
	if c := chi.RouteContext(r.Context()); c != nil {
		return c.RoutePattern()
	}
	return ""
}

// healthz says that the process answers.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// readyz says whether new sessions are welcome.
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) error {
	if s.draining.Load() {
		return problemUnavailable
	}
	if s.config.Trust.Auditing() != nil {
		return problemAudit
	}
	return writeJSON(w, http.StatusOK, map[string]string{"status": "ready"})
}
