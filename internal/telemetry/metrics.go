package telemetry

import (
	"encoding/json"
	"maps"
	"math"
	"net/http"
	"sync"
)

// Metrics counts messages by method. It is safe for concurrent use.
type Metrics struct {
	mu       sync.Mutex
	requests map[string]int64
	errors   map[string]int64
	latency  map[string]float64
	upstream map[string]int64
}

// NewMetrics returns counters at zero.
func NewMetrics() *Metrics {
	return &Metrics{requests: map[string]int64{}, errors: map[string]int64{}, latency: map[string]float64{}, upstream: map[string]int64{}}
}

// Message counts one message that was answered. The methods must be of a
// bounded set.
func (m *Metrics) Message(method string, failed bool, milliseconds float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests[method]++
	m.latency[method] += milliseconds
	if failed {
		m.errors[method]++
	}
}

// Upstream counts one request to Infrahub by the class of its outcome: "2xx" to
// "5xx", or "none" when there was no answer.
func (m *Metrics) Upstream(status int) {
	class := "none"
	if status >= 100 && status < 600 {
		class = string(rune('0'+status/100)) + "xx"
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.upstream[class]++
}

// snapshot is the JSON form of the counters.
type snapshot struct {
	// Requests and Errors count messages, LatencyMS adds up the milliseconds
	// that they took, by method.
	Requests  map[string]int64   `json:"requests"`
	Errors    map[string]int64   `json:"errors"`
	LatencyMS map[string]float64 `json:"latency_ms"`
	// Upstream counts requests to Infrahub by class of status.
	Upstream map[string]int64 `json:"infrahub_requests"`
}

func (m *Metrics) snapshot() snapshot {
	m.mu.Lock()
	defer m.mu.Unlock()
	latency := maps.Clone(m.latency)
	for method, ms := range latency {
		latency[method] = math.Round(ms*100) / 100
	}
	return snapshot{maps.Clone(m.requests), maps.Clone(m.errors), latency, maps.Clone(m.upstream)}
}

// ServeHTTP answers the counters as JSON.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(m.snapshot()) // the client is gone
}
