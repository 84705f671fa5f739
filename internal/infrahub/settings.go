package infrahub

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"infrahub-mcp/internal/telemetry"
)

// Settings describe one Infrahub server and how to reach it.
type Settings struct {
	// Address is the base URL of the server: http or https, without
	// credentials, query or fragment. A trailing slash is ignored.
	Address string
	// Timeout is of one attempt of one request, from the connection to the
	// last byte of the answer. 0 means 60 seconds.
	Timeout time.Duration

	// CAFile names a file of PEM certificates that are trusted besides those
	// of the system.
	CAFile string
	// Insecure switches the check of the server's certificate off.
	Insecure bool
	// Proxy is the URL of the proxy for every request; ProxyHTTP and
	// ProxyHTTPS are those for an address of that scheme, and go before it.
	// Without any of the three the variables HTTP_PROXY, HTTPS_PROXY and
	// NO_PROXY of the environment decide.
	Proxy, ProxyHTTP, ProxyHTTPS string

	// Priority is sent as X-Priority: high, medium, low, or empty for none.
	Priority string

	// ReadAttempts is how many further attempts a read gets after a transient
	// failure: no connection, no answer in time, 502, 503 or 504. 0 leaves the
	// one immediate repeat on a fresh connection when a kept one was closed.
	ReadAttempts int
	// ReadDelay is the wait before the first further attempt. It doubles each
	// time, with jitter, up to 30 seconds.
	ReadDelay time.Duration
	// RateLimit says what to do when the server answers 429.
	RateLimit RateLimit
	// MaxConcurrent is how many requests the process has under way at a time;
	// 0 means any number. Those beyond wait, principals in turns.
	MaxConcurrent int
	// QueueTimeout is how long a request may wait for its turn. 0 means 30 seconds.
	QueueTimeout time.Duration
	// BreakerFailures is how many requests in a row must find no answer for
	// Infrahub not to be asked for the time of BreakerPause; 0 asks always.
	BreakerFailures int
	// BreakerPause is that time. 0 means 2 seconds.
	BreakerPause time.Duration

	// UserAgent is the User-Agent header, empty for that of Go.
	UserAgent string
	// Logger gets one line at debug level for each attempt: method, path,
	// status, duration, request id. Headers, bodies and variables are never
	// logged. nil means no log.
	Logger *slog.Logger
	// Metrics count attempts, connections and logins; nil counts nothing.
	Metrics *telemetry.Metrics
}

// RateLimit says what to do when the server answers 429. Infrahub marks what
// it refused before running it with "X-Infrahub-Admission: shed"; only such a
// mutation is ever repeated.
type RateLimit struct {
	// Retry repeats the request after a wait.
	Retry bool
	// MaxRetries is how often, at most.
	MaxRetries int
	// Base is the first wait when the server names none; it doubles each time,
	// with jitter.
	Base time.Duration
	// Max bounds every wait, also one that the server names. 0 means 60 seconds.
	Max time.Duration
}

// withDefaults returns the settings with what was left out filled in.
func (s Settings) withDefaults() Settings {
	s.Timeout = cmp.Or(s.Timeout, 60*time.Second)
	s.RateLimit.Max = cmp.Or(s.RateLimit.Max, 60*time.Second)
	s.QueueTimeout = cmp.Or(s.QueueTimeout, 30*time.Second)
	s.BreakerPause = cmp.Or(s.BreakerPause, 2*time.Second)
	s.Priority = strings.ToLower(s.Priority)
	if s.Logger == nil {
		s.Logger = slog.New(slog.DiscardHandler)
	}
	return s
}

// validate reports the settings that are out of range. Those that build
// something (the address, the transport) are checked where it is built.
func (s Settings) validate() error {
	var errs []error
	switch s.Priority {
	case "", "high", "medium", "low":
	default:
		errs = append(errs, fmt.Errorf("INFRAHUB_PRIORITY is %q: use high, medium, low or nothing", s.Priority))
	}
	for _, d := range []struct {
		variable string
		value    time.Duration
	}{
		{"INFRAHUB_TIMEOUT", s.Timeout},
		{"INFRAHUB_MCP_RETRY_BASE_DELAY", s.ReadDelay},
		{"INFRAHUB_RATE_LIMIT_BACKOFF_BASE", s.RateLimit.Base},
		{"INFRAHUB_RATE_LIMIT_BACKOFF_MAX", s.RateLimit.Max},
		{"INFRAHUB_MCP_QUEUE_TIMEOUT", s.QueueTimeout},
		{"INFRAHUB_MCP_BREAKER_PAUSE", s.BreakerPause},
	} {
		if d.value < 0 {
			errs = append(errs, fmt.Errorf("%s is %s: use a duration that is not negative", d.variable, d.value))
		}
	}
	for _, n := range []struct {
		variable string
		value    int
	}{
		{"INFRAHUB_MCP_RETRY_MAX_ATTEMPTS", s.ReadAttempts},
		{"INFRAHUB_RATE_LIMIT_MAX_RETRIES", s.RateLimit.MaxRetries},
		{"INFRAHUB_MAX_CONCURRENT_EXECUTION", s.MaxConcurrent},
		{"INFRAHUB_MCP_BREAKER_FAILURES", s.BreakerFailures},
	} {
		if n.value < 0 {
			errs = append(errs, fmt.Errorf("%s is %d: use a number that is not negative", n.variable, n.value))
		}
	}
	return errors.Join(errs...)
}

// parseAddress returns the base URL of the server. Its errors do not quote the
// address, which may hold a password by mistake.
func parseAddress(address string) (*url.URL, error) {
	const want = "use the base URL of Infrahub, such as https://infrahub.example.com"
	if address == "" {
		return nil, errors.New("INFRAHUB_ADDRESS is empty: " + want)
	}
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, errors.New("INFRAHUB_ADDRESS is not a URL: " + want)
	case u.User != nil:
		return nil, errors.New("INFRAHUB_ADDRESS holds credentials: give them in INFRAHUB_API_TOKEN, or in INFRAHUB_USERNAME and INFRAHUB_PASSWORD")
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return nil, errors.New("INFRAHUB_ADDRESS does not begin with http:// or https:// and a host: " + want)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("INFRAHUB_ADDRESS holds a query or a fragment: " + want)
	}
	// A prefix of a reverse proxy stays; what is asked for is put behind it.
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimRight(u.Path, "/")}, nil
}
