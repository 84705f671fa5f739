package infrahub

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"infrahub-mcp/internal/telemetry"
)

// maxBody bounds what is read of one answer, in bytes after decompression. The
// largest answers that make sense (the GraphQL schema, 1.7 MB, and pages of
// nodes) stay far below it.
const maxBody = 64 << 20

// Upstream is one Infrahub server as the whole process sees it: the pool of
// connections, the logins of all callers and the version of the server. It is
// safe for concurrent use.
type Upstream struct {
	base      *url.URL
	http      *http.Client
	transport *http.Transport
	turns     *turns
	logins    *logins
	versions  *versions
	// keyOf names credentials; see [Client.Key].
	keyOf func(Credential) string

	timeout   time.Duration
	priority  string
	userAgent string
	retry     retryRules
	log       *slog.Logger
	metrics   *telemetry.Metrics

	// What tests replace: the bound of an answer, the clock, waiting.
	maxBody int64
	now     func() time.Time
	pause   func(context.Context, time.Duration) error
}

// New returns the Upstream that the settings describe. It sends nothing: a
// server that is down is found out by the first request. The error names every
// bad setting by its environment variable.
func New(s Settings) (*Upstream, error) {
	s = s.withDefaults()
	base, addressErr := parseAddress(s.Address)
	transport, transportErr := newTransport(s)
	if err := errors.Join(addressErr, transportErr, s.validate()); err != nil {
		return nil, err
	}
	return &Upstream{
		base:      base,
		transport: transport,
		http: &http.Client{
			Transport: transport,
			// A redirect is an answer, not an instruction: following it would
			// send the credential where the operator did not send it.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			// No cookie jar: Infrahub answers a login with cookies, which would
			// authenticate a later request of somebody else.
		},
		turns:     newTurns(s),
		logins:    newLogins(),
		versions:  &versions{},
		keyOf:     newKeyOf(),
		timeout:   s.Timeout,
		priority:  s.Priority,
		userAgent: s.UserAgent,
		retry:     newRetryRules(s),
		log:       s.Logger,
		metrics:   s.Metrics,
		maxBody:   maxBody,
		now:       time.Now,
		pause:     pause,
	}, nil
}

// Client returns a client that acts with the credential c, and takes turns with
// those of other credentials. It is cheap: make one for each request of a caller.
func (u *Upstream) Client(c Credential) *Client {
	key := u.keyOf(c)
	return &Client{upstream: u, credential: func() Credential { return c }, key: key, lane: key}
}

// Forget forgets the login of a user name and password, if there is one. Who still
// has a client with them logs in anew.
func (u *Upstream) Forget(c Credential) { u.logins.drop(u.keyOf(c)) }

// Address is the base URL of the server, without a trailing slash.
func (u *Upstream) Address() string {
	return u.base.String()
}

// Close forgets the logins and closes the connections that are kept open.
// Requests under way are not touched; their contexts end them.
func (u *Upstream) Close() {
	u.logins.forget()
	u.transport.CloseIdleConnections()
}

// pause waits for d, or returns the error of ctx as soon as that ends.
func pause(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
