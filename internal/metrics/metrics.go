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
	Paths    func() map[string]int    // connections by the way they came
	Left     func() map[string]uint64 // frames that were left out, by reason
	Relay    func() map[string]uint64 // counters of the TURN server, by name
	Front    func() map[string]uint64 // counters of the TCP port that HTTPS and TURN share, by name
	Drops    func() uint64            // datagrams that the kernel had no room for
	Expires  func() time.Time         // when the certificate ends that is served; zero without one
	Renewals func() map[string]uint64 // attempts to get a certificate, by what came of them
}

// Metrics is everything that is counted. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	events   *prometheus.CounterVec
	quality  quality
}

// quality is how connections do. Each connection is measured every few seconds, so a histogram tells how much of the
// people's time was how good.
type quality struct{ trip, loss, stale *prometheus.HistogramVec }

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
	m.quality = newQuality()
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.requests, m.duration, m.events, m.quality.trip, m.quality.loss, m.quality.stale, pulled{sources},
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "vitrine_build_info", Help: "Always 1.", ConstLabels: prometheus.Labels{"version": version()},
		}, func() float64 { return 1 }),
	)
	return m
}

func newQuality() quality {
	histogram := func(name, help string, buckets []float64) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, []string{"role", "path"})
	}
	return quality{
		trip: histogram("vitrine_round_trip_seconds", "Round trips between the server and people, measured every few seconds.",
			[]float64{.005, .01, .025, .05, .1, .15, .2, .3, .4, .6, 1, 2, 5}),
		loss: histogram("vitrine_loss_ratio", "Share of the ICE checks of the last minute that were lost, measured every few seconds.",
			[]float64{0, .01, .02, .05, .1, .15, .2, .3, .5, 1}),
		stale: histogram("vitrine_stale_seconds", "Time from a change of the page to its acknowledgement by an agent.",
			[]float64{.01, .025, .05, .1, .2, .3, .5, 1, 2, 5, 10}),
	}
}

// Quality takes one measurement of one connection. trip 0 means there is none yet, stale 0 that it shows no page.
func (m *Metrics) Quality(role, path string, trip, stale time.Duration, loss float64) {
	if trip > 0 {
		m.quality.trip.WithLabelValues(role, path).Observe(trip.Seconds())
	}
	if stale > 0 {
		m.quality.stale.WithLabelValues(role, path).Observe(stale.Seconds())
	}
	m.quality.loss.WithLabelValues(role, path).Observe(loss)
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
	pathsDesc    = prometheus.NewDesc("vitrine_connections", "Connections that are open, by the way they came.", []string{"path"}, nil)
	leftDesc     = prometheus.NewDesc("vitrine_left_out_total", "Frames that were left out because newer ones replace them, by reason.", []string{"what"}, nil)
	relayDesc    = prometheus.NewDesc("vitrine_turn_total", "Counters of the TURN server.", []string{"what"}, nil)
	frontDesc    = prometheus.NewDesc("vitrine_tcp_total", "Counters of the TCP port that HTTPS and TURN share.", []string{"what"}, nil)
	expiresDesc  = prometheus.NewDesc("vitrine_certificate_expires_timestamp_seconds", "When the certificate ends that is served, in Unix time.", nil, nil)
	renewalsDesc = prometheus.NewDesc("vitrine_certificate_total", "Attempts to get a certificate by ACME, by outcome.", []string{"outcome"}, nil)
	dropsDesc    = prometheus.NewDesc("vitrine_udp_drops_total", "Datagrams that the kernel had no room for.", nil, nil)
)

// Describe names the metrics.
func (p pulled) Describe(to chan<- *prometheus.Desc) {
	to <- sessionsDesc
	to <- pathsDesc
	to <- leftDesc
	to <- relayDesc
	to <- frontDesc
	to <- dropsDesc
	to <- expiresDesc
	to <- renewalsDesc
}

// Collect asks the sources.
func (p pulled) Collect(to chan<- prometheus.Metric) {
	gauges := func(desc *prometheus.Desc, source func() map[string]int) {
		if source == nil {
			return
		}
		for what, n := range source() {
			to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(n), what)
		}
	}
	gauges(sessionsDesc, p.sources.Sessions)
	gauges(pathsDesc, p.sources.Paths)
	counters := func(desc *prometheus.Desc, source func() map[string]uint64) {
		if source == nil {
			return
		}
		for what, n := range source() {
			to <- prometheus.MustNewConstMetric(desc, prometheus.UntypedValue, float64(n), what)
		}
	}
	counters(leftDesc, p.sources.Left)
	counters(relayDesc, p.sources.Relay)
	counters(frontDesc, p.sources.Front)
	counters(renewalsDesc, p.sources.Renewals)
	if p.sources.Expires != nil {
		if at := p.sources.Expires(); !at.IsZero() {
			to <- prometheus.MustNewConstMetric(expiresDesc, prometheus.GaugeValue, float64(at.Unix()))
		}
	}
	if p.sources.Drops != nil {
		to <- prometheus.MustNewConstMetric(dropsDesc, prometheus.CounterValue, float64(p.sources.Drops()))
	}
}
