// Package metrics counts what the server does, for Prometheus. Labels are routes, rules and names of events: never an
// address, an id or anything of a page.
package metrics

import (
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Sources are asked when somebody reads the metrics. Each may be nil.
type Sources struct {
	Sessions func() map[string]int    // sessions by state
	Relay    func() map[string]uint64 // counters of the TURN server, by name
	Front    func() map[string]uint64 // counters of the TCP port that HTTPS and TURN share, by name
	Drops    func() uint64            // datagrams that the kernel had no room for
}

// Metrics is everything that is counted. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	events   *prometheus.CounterVec
}

// New makes the metrics of one server.
func New(sources Sources) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vitrine_http_requests_total", Help: "Requests answered, by route.",
		}, []string{"method", "route", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "vitrine_http_request_seconds", Help: "Time to answer a request.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}, []string{"route"}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vitrine_events_total", Help: "Events of the audit log, by name, outcome and rule.",
		}, []string{"event", "outcome", "rule"}),
	}
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.requests, m.duration, m.events, pulled{sources},
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "vitrine_build_info", Help: "Always 1.", ConstLabels: prometheus.Labels{"version": version()},
		}, func() float64 { return 1 }),
	)
	return m
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}

// methods bounds the label: a client may send any word as a method.
var methods = map[string]bool{"GET": true, "HEAD": true, "POST": true, "PATCH": true, "DELETE": true, "OPTIONS": true}

// Request counts one answered request. route is the pattern, "" for none.
func (m *Metrics) Request(method, route string, status int, took time.Duration) {
	if !methods[method] {
		method = "other"
	}
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(route).Observe(took.Seconds())
}

// Event counts one event of the audit log.
func (m *Metrics) Event(name, outcome, rule string) {
	m.events.WithLabelValues(name, outcome, rule).Inc()
}

// Handler answers with all metrics in Prometheus' text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// pulled are the metrics that are asked of the sources.
type pulled struct{ sources Sources }

var (
	sessionsDesc = prometheus.NewDesc("vitrine_sessions", "Sessions that are open.", []string{"state"}, nil)
	relayDesc    = prometheus.NewDesc("vitrine_turn_total", "Counters of the TURN server.", []string{"what"}, nil)
	frontDesc    = prometheus.NewDesc("vitrine_tcp_total", "Counters of the TCP port that HTTPS and TURN share.", []string{"what"}, nil)
	dropsDesc    = prometheus.NewDesc("vitrine_udp_drops_total", "Datagrams that the kernel had no room for.", nil, nil)
)

// Describe names the metrics.
func (p pulled) Describe(to chan<- *prometheus.Desc) {
	to <- sessionsDesc
	to <- relayDesc
	to <- frontDesc
	to <- dropsDesc
}

// Collect asks the sources.
func (p pulled) Collect(to chan<- prometheus.Metric) {
	if p.sources.Sessions != nil {
		for state, n := range p.sources.Sessions() {
			to <- prometheus.MustNewConstMetric(sessionsDesc, prometheus.GaugeValue, float64(n), state)
		}
	}
	counters := func(desc *prometheus.Desc, source func() map[string]uint64) {
		if source == nil {
			return
		}
		for what, n := range source() {
			to <- prometheus.MustNewConstMetric(desc, prometheus.UntypedValue, float64(n), what)
		}
	}
	counters(relayDesc, p.sources.Relay)
	counters(frontDesc, p.sources.Front)
	if p.sources.Drops != nil {
		to <- prometheus.MustNewConstMetric(dropsDesc, prometheus.CounterValue, float64(p.sources.Drops()))
	}
}
