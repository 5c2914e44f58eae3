package metrics

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestTextHoldsWhatWasCounted(t *testing.T) {
	m := New(Sources{
		Sessions: func() map[string]int { return map[string]int{"active": 3} },
		Paths:    func() map[string]int { return map[string]int{"relay-tls": 2} },
		Left:     func() map[string]uint64 { return map[string]uint64{"pointers_over_rate": 7} },
		Relay:    func() map[string]uint64 { return map[string]uint64{"allocations": 4} },
		Front:    func() map[string]uint64 { return map[string]uint64{"turn": 6} },
		Drops:    func() uint64 { return 5 },
		Expires:  func() time.Time { return time.Unix(1700000000, 0) },
		Renewals: func() map[string]uint64 { return map[string]uint64{"failed": 8} },
	})
	m.Request("POST", "/v1/sessions", 201, 3*time.Millisecond)
	m.Request("BREW", "", 405, time.Millisecond)
	m.Event("token.rejected", "refused", "expired")
	m.Quality("agent", "relay-tls", 80*time.Millisecond, 200*time.Millisecond, .03)
	m.Quality("customer", "udp", 0, 0, 0)
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, line := range []string{
		`vitrine_http_requests_total{method="POST",route="/v1/sessions",status="201"} 1`,
		`vitrine_http_requests_total{method="other",route="",status="405"} 1`,
		`vitrine_http_request_seconds_count{route="/v1/sessions"} 1`,
		`vitrine_events_total{event="token.rejected",outcome="refused",rule="expired"} 1`,
		`vitrine_sessions{state="active"} 3`,
		`vitrine_connections{path="relay-tls"} 2`,
		`vitrine_left_out_total{what="pointers_over_rate"} 7`,
		`vitrine_round_trip_seconds_bucket{path="relay-tls",role="agent",le="0.1"} 1`,
		`vitrine_round_trip_seconds_bucket{path="relay-tls",role="agent",le="0.05"} 0`,
		`vitrine_stale_seconds_sum{path="relay-tls",role="agent"} 0.2`,
		`vitrine_loss_ratio_bucket{path="relay-tls",role="agent",le="0.02"} 0`,
		`vitrine_loss_ratio_bucket{path="udp",role="customer",le="0"} 1`,
		`vitrine_turn_total{what="allocations"} 4`,
		`vitrine_tcp_total{what="turn"} 6`,
		`vitrine_udp_drops_total 5`,
		`vitrine_certificate_expires_timestamp_seconds 1.7e+09`,
		`vitrine_certificate_total{outcome="failed"} 8`,
		`go_goroutines`,
	} {
		if !strings.Contains(w.Body.String(), line) {
			t.Errorf("%s is missing", line)
		}
	}
}
