package telemetry

import (
	"encoding/json"
	"math"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// readersAtOnce bounds the requests for metrics that are answered at a time.
// Anybody may send them.
const readersAtOnce = 16

// Exposition answers all metrics in the text format of Prometheus.
func (m *Metrics) Exposition() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: readersAtOnce})
}

// JSON answers the messages and the requests to Infrahub as JSON, see snapshot.
func (m *Metrics) JSON() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		counted, err := m.snapshot()
		if err != nil {
			http.Error(w, "The metrics cannot be read.", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(counted) // the client is gone
	})
}

// snapshot is the JSON form.
type snapshot struct {
	// Requests and Errors count messages, LatencyMS adds up the milliseconds
	// that they took, by method.
	Requests  map[string]uint64  `json:"requests"`
	Errors    map[string]uint64  `json:"errors"`
	LatencyMS map[string]float64 `json:"latency_ms"`
	// Upstream counts requests to Infrahub by class of status.
	Upstream map[string]uint64 `json:"infrahub_requests"`
}

// snapshot leaves out what did not happen.
func (m *Metrics) snapshot() (snapshot, error) {
	s := snapshot{map[string]uint64{}, map[string]uint64{}, map[string]float64{}, map[string]uint64{}}
	families, err := m.registry.Gather()
	if err != nil {
		return s, err
	}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			label := map[string]string{}
			for _, pair := range metric.GetLabel() {
				label[pair.GetName()] = pair.GetValue()
			}
			count := uint64(metric.GetCounter().GetValue())
			switch family.GetName() {
			case namespace + "_" + messagesName:
				s.Requests[label["method"]] += count
				if label["outcome"] == string(Failed) {
					s.Errors[label["method"]] += count
				}
			case namespace + "_" + messageTimeName:
				ms := metric.GetHistogram().GetSampleSum() * 1000
				s.LatencyMS[label["method"]] = math.Round(ms*100) / 100
			case namespace + "_" + upstreamName:
				if count > 0 {
					s.Upstream[label["outcome"]] = count
				}
			}
		}
	}
	return s, nil
}
