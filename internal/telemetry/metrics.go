package telemetry

import (
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics counts what the program does. Whatever does something is given the one
// Metrics of the process and says so when it happens; /metrics shows them all as
// Prometheus reads them ([Metrics.Exposition]), and some as JSON ([Metrics.JSON]).
//
// Labels have few values, all of them known beforehand: nothing that a client or
// Infrahub chooses becomes one, neither a user nor a branch, kind or address.
//
// It is safe for concurrent use. The nil Metrics counts nothing.
type Metrics struct {
	registry *prometheus.Registry

	calls        *prometheus.CounterVec
	callErrors   *prometheus.CounterVec
	callTime     *prometheus.HistogramVec
	messages     *prometheus.CounterVec
	messageTime  *prometheus.HistogramVec
	inFlight     prometheus.Gauge
	sessionBegan prometheus.Counter
	sessionEnded prometheus.Counter
	streams      *prometheus.GaugeVec
	refusals     *prometheus.CounterVec
	logins       *prometheus.CounterVec
	reloads      *prometheus.CounterVec

	upstream            *prometheus.CounterVec
	upstreamTime        prometheus.Observer
	upstreamInFlight    prometheus.Gauge
	upstreamRetries     *prometheus.CounterVec
	upstreamConnections prometheus.Counter
	upstreamQueue       prometheus.Gauge
	upstreamQueueTime   prometheus.Observer
	upstreamPaused      prometheus.Gauge
	answers             *prometheus.CounterVec
	schemas             *prometheus.CounterVec

	stateStore *prometheus.GaugeVec
}

// namespace is what the names of all metrics of this program begin with.
const namespace = "infrahub_mcp"

// Names that the JSON form reads too.
const (
	messagesName    = "messages_total"
	messageTimeName = "message_duration_seconds"
	upstreamName    = "upstream_requests_total"
)

// NewMetrics returns counters at zero, for a program of a version. What has the
// same few labels in every process is there from the start, so that the first
// event is an increase and not a new series.
func NewMetrics(version string) *Metrics {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	to := promauto.With(registry)
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return to.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return to.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels)
	}
	seconds := func(name, help string, labels ...string) *prometheus.HistogramVec {
		return to.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets()}, labels)
	}
	m := &Metrics{
		registry: registry,

		calls:        counter("tool_calls_total", "Calls of tools, by how they ended.", "tool", "outcome"),
		callErrors:   counter("tool_errors_total", "Calls of tools that ended with an error, by its class.", "tool", "class"),
		callTime:     seconds("tool_call_duration_seconds", "How long calls of tools took.", "tool"),
		messages:     counter(messagesName, "Requests of MCP that were answered, by how.", "method", "outcome"),
		messageTime:  seconds(messageTimeName, "How long requests of MCP took, subscriptions as long as they lasted.", "method"),
		inFlight:     gauge("requests_in_flight", "Requests of MCP that are being answered, subscriptions among them.").WithLabelValues(),
		sessionBegan: counter("sessions_started_total", "Sessions over HTTP that were started.").WithLabelValues(),
		sessionEnded: counter("sessions_ended_total", "Sessions over HTTP that their client ended.").WithLabelValues(),
		streams:      gauge("streams_open", "Streams over HTTP that are open and wait for news.", "kind"),
		refusals:     counter("rate_limit_refusals_total", "Requests that were put off because of a limit, by the limit.", "limit"),
		logins:       counter("logins_total", "Logins, by where and by how they ended.", "at", "outcome"),
		reloads:      counter("credential_reloads_total", "Files of credentials that had changed and were read again, by whether they could be used.", "outcome"),

		upstream:            counter(upstreamName, "Requests to Infrahub, repetitions among them, by class of the status of the answer.", "outcome"),
		upstreamTime:        seconds("upstream_request_duration_seconds", "How long requests to Infrahub took, to the last byte of the answer.").WithLabelValues(),
		upstreamInFlight:    gauge("upstream_requests_in_flight", "Requests to Infrahub that are under way.").WithLabelValues(),
		upstreamRetries:     counter("upstream_retries_total", "Requests to Infrahub that were sent again, by why.", "reason"),
		upstreamConnections: counter("upstream_connections_total", "Connections to Infrahub that were opened. Requests use one that is open where they can.").WithLabelValues(),
		upstreamQueue:       gauge("upstream_queue_length", "Requests to Infrahub that wait for their turn.").WithLabelValues(),
		upstreamQueueTime:   seconds("upstream_queue_wait_seconds", "How long requests to Infrahub waited for their turn that had to.").WithLabelValues(),
		upstreamPaused:      gauge("upstream_paused", "1 while Infrahub is not asked because it did not answer, 0 otherwise.").WithLabelValues(),
		answers:             counter("answer_cache_lookups_total", "Lookups in the cache of answers, by what they came to.", "result"),
		schemas:             counter("schema_cache_lookups_total", "Lookups in the cache of schemas, by what they came to.", "result"),

		stateStore: gauge("state_store_up", "1 while the store that replicas share answers, else 0; missing where there is none."),
	}
	gauge("build_info", "1, with the version of the program and of Go.", "version", "go_version").WithLabelValues(version, runtime.Version()).Set(1)
	m.begin()
	return m
}

// begin sets the series of bounded labels to 0.
func (m *Metrics) begin() {
	for _, kind := range []Stream{SessionStream, SubscriptionStream} {
		m.streams.WithLabelValues(string(kind))
	}
	for _, limit := range []Limit{AddressLimit, PrincipalLimit, OpenLimit, LoginLimit, PasswordLimit, RequestLimit, QueueLimit, PauseLimit} {
		m.refusals.WithLabelValues(string(limit))
	}
	for _, at := range []LoginPlace{AtInfrahub, AtProvider} {
		for _, outcome := range []Outcome{OK, Refused, Failed} {
			m.logins.WithLabelValues(string(at), string(outcome))
		}
	}
	for _, outcome := range []Outcome{OK, Failed} {
		m.reloads.WithLabelValues(string(outcome))
	}
	for _, class := range []string{"2xx", "3xx", "4xx", "5xx", noAnswer} {
		m.upstream.WithLabelValues(class)
	}
	for _, reason := range []Reason{Unreachable, Timeout, Overloaded, OtherReason} {
		m.upstreamRetries.WithLabelValues(string(reason))
	}
	for _, result := range []Lookup{LookupHit, LookupChecked, LookupLoaded} {
		m.schemas.WithLabelValues(string(result))
	}
	for _, result := range []Lookup{LookupHit, LookupMissed} {
		m.answers.WithLabelValues(string(result))
	}
}

// buckets are the upper bounds of durations in seconds: from what needs no
// request to Infrahub to the time limit of a call.
func buckets() []float64 {
	return []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120}
}

// Outcome is how something ended.
type Outcome string

// The outcomes.
const (
	OK      Outcome = "ok"
	Refused Outcome = "refused" // whoever asked was told why, and what to do
	Failed  Outcome = "failed"
	Asked   Outcome = "asked" // a call that ended with a question to the user
)

// Class is what an error is about that a call of a tool ended with.
type Class string

// The classes of errors.
const (
	ClassInvalid     Class = "invalid"     // what the caller can mend: arguments, data, a query
	ClassNotFound    Class = "not_found"   // a node, kind or branch that does not exist
	ClassBranch      Class = "branch"      // one that takes no changes now
	ClassForbidden   Class = "forbidden"   // a permission is missing
	ClassCredential  Class = "credential"  // not accepted by Infrahub
	ClassUnreachable Class = "unreachable" // no answer of Infrahub
	ClassTimeout     Class = "timeout"     // no answer in time
	ClassOverloaded  Class = "overloaded"  // Infrahub put the call off
	ClassInfrahub    Class = "infrahub"    // Infrahub failed
	ClassCanceled    Class = "canceled"    // the client did not wait
	ClassServer      Class = "server"      // this server is at fault
)

// ToolCall counts a call of a tool of the catalogue, with the class of the error
// that it ended with, "" without one.
func (m *Metrics) ToolCall(tool string, outcome Outcome, class Class, took time.Duration) {
	if m == nil {
		return
	}
	m.calls.WithLabelValues(tool, string(outcome)).Inc()
	if class != "" {
		m.callErrors.WithLabelValues(tool, string(class)).Inc()
	}
	m.callTime.WithLabelValues(tool).Observe(took.Seconds())
}

// Message counts a request that was answered, with an error if it failed. The
// methods must be of a bounded set.
func (m *Metrics) Message(method string, failed bool, took time.Duration) {
	if m == nil {
		return
	}
	outcome := OK
	if failed {
		outcome = Failed
	}
	m.messages.WithLabelValues(method, string(outcome)).Inc()
	m.messageTime.WithLabelValues(method).Observe(took.Seconds())
}

// RequestBegins counts a request of MCP as one in progress, until RequestEnds.
func (m *Metrics) RequestBegins() {
	if m != nil {
		m.inFlight.Inc()
	}
}

// RequestEnds is the end of a request of MCP.
func (m *Metrics) RequestEnds() {
	if m != nil {
		m.inFlight.Dec()
	}
}

// SessionStarted counts a session over HTTP.
func (m *Metrics) SessionStarted() {
	if m != nil {
		m.sessionBegan.Inc()
	}
}

// SessionEnded counts a session that its client ended. Others are forgotten when
// they are too old: nobody notices.
func (m *Metrics) SessionEnded() {
	if m != nil {
		m.sessionEnded.Inc()
	}
}

// Stream is a kind of stream over HTTP that waits for news.
type Stream string

// The kinds of streams.
const (
	SessionStream      Stream = "session"      // the GET stream of a session, up to 2025-11-25
	SubscriptionStream Stream = "subscription" // subscriptions/listen, from 2026-07-28 on
)

// StreamOpens counts a stream as an open one, until StreamCloses.
func (m *Metrics) StreamOpens(kind Stream) {
	if m != nil {
		m.streams.WithLabelValues(string(kind)).Inc()
	}
}

// StreamCloses is the end of a stream.
func (m *Metrics) StreamCloses(kind Stream) {
	if m != nil {
		m.streams.WithLabelValues(string(kind)).Dec()
	}
}

// Limit is one because of which requests are put off.
type Limit string

// The limits.
const (
	AddressLimit   Limit = "address"      // requests of an address
	PrincipalLimit Limit = "principal"    // requests of a principal
	OpenLimit      Limit = "open"         // requests and streams open at a time
	LoginLimit     Limit = "login"        // use of the endpoints of a login in mode oidc
	PasswordLimit  Limit = "failed_login" // logins that failed before, in mode basic-passthrough
	RequestLimit   Limit = "requests"     // requests of MCP in progress
	QueueLimit     Limit = "queue"        // requests to Infrahub that wait, and how long
	PauseLimit     Limit = "pause"        // requests to an Infrahub that did not answer
)

// PutOff counts a request that was put off because of a limit.
func (m *Metrics) PutOff(limit Limit) {
	if m != nil {
		m.refusals.WithLabelValues(string(limit)).Inc()
	}
}

// LoginPlace is where somebody logs in.
type LoginPlace string

// The places.
const (
	AtInfrahub LoginPlace = "infrahub" // with user name and password
	AtProvider LoginPlace = "provider" // the identity provider, in mode oidc
)

// Login counts a login.
func (m *Metrics) Login(at LoginPlace, outcome Outcome) {
	if m != nil {
		m.logins.WithLabelValues(string(at), string(outcome)).Inc()
	}
}

// Reload counts a file of a credential that was read again.
func (m *Metrics) Reload(outcome Outcome) {
	if m != nil {
		m.reloads.WithLabelValues(string(outcome)).Inc()
	}
}

// noAnswer is the class of requests to Infrahub that were not answered.
const noAnswer = "none"

// UpstreamBegins counts a request to Infrahub as one under way. The function
// returned is its end, with the status of the answer, 0 without one.
func (m *Metrics) UpstreamBegins() (end func(status int, took time.Duration)) {
	if m == nil {
		return func(int, time.Duration) {}
	}
	m.upstreamInFlight.Inc()
	return func(status int, took time.Duration) {
		m.upstreamInFlight.Dec()
		m.upstream.WithLabelValues(class(status)).Inc()
		m.upstreamTime.Observe(took.Seconds())
	}
}

// class is that of a status: "1xx" to "5xx".
func class(status int) string {
	if status < 100 || status > 599 {
		return noAnswer
	}
	return string(rune('0'+status/100)) + "xx"
}

// UpstreamConnects counts a connection to Infrahub.
func (m *Metrics) UpstreamConnects() {
	if m != nil {
		m.upstreamConnections.Inc()
	}
}

// QueueBegins counts a request to Infrahub as one that waits for its turn. The
// function returned is the end of that, however it came.
func (m *Metrics) QueueBegins() (end func()) {
	if m == nil {
		return func() {}
	}
	start := time.Now()
	m.upstreamQueue.Inc()
	return func() {
		m.upstreamQueue.Dec()
		m.upstreamQueueTime.Observe(time.Since(start).Seconds())
	}
}

// UpstreamPauses says whether requests to Infrahub are put off because it did not
// answer.
func (m *Metrics) UpstreamPauses(paused bool) {
	switch {
	case m == nil:
	case paused:
		m.upstreamPaused.Set(1)
	default:
		m.upstreamPaused.Set(0)
	}
}

// Reason is why a request to Infrahub is sent again.
type Reason string

// The reasons.
const (
	Unreachable Reason = "unreachable" // no answer, or that of a gateway
	Timeout     Reason = "timeout"     // no answer in time
	Overloaded  Reason = "overloaded"  // Infrahub put it off
	OtherReason Reason = "other"
)

// UpstreamRetries counts a request to Infrahub that is sent again.
func (m *Metrics) UpstreamRetries(reason Reason) {
	if m != nil {
		m.upstreamRetries.WithLabelValues(string(reason)).Inc()
	}
}

// Lookup is what a lookup in a cache came to.
type Lookup string

// What a lookup comes to.
const (
	LookupHit     Lookup = "hit"     // answered from memory
	LookupChecked Lookup = "checked" // answered from memory, after Infrahub was asked for the hash
	LookupLoaded  Lookup = "loaded"  // the schema was not there and was loaded
	LookupMissed  Lookup = "missed"  // the answer was not there and was made
)

// Answer counts a lookup of an answer: LookupHit or LookupMissed.
func (m *Metrics) Answer(result Lookup) {
	if m != nil {
		m.answers.WithLabelValues(string(result)).Inc()
	}
}

// StateStore says whether the store that replicas share answers.
func (m *Metrics) StateStore(up bool) {
	switch {
	case m == nil:
	case up:
		m.stateStore.WithLabelValues().Set(1)
	default:
		m.stateStore.WithLabelValues().Set(0)
	}
}

// Schema counts a lookup of a schema.
func (m *Metrics) Schema(result Lookup) {
	if m != nil {
		m.schemas.WithLabelValues(string(result)).Inc()
	}
}
