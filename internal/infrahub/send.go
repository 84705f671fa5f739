package infrahub

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"infrahub-mcp/internal/telemetry"
)

// request is one HTTP request, which may be sent more than once.
type request struct {
	method string
	path   string // below the address, not escaped
	query  url.Values
	body   []byte

	header string // that carries the credential: X-INFRAHUB-KEY or Authorization
	secret string // the credential, without the word Bearer
	// document is the text of a GraphQL query, which no message may repeat.
	document string
	// repeatable says that to run it twice does no harm.
	repeatable bool
	sent       int         // how often it was sent before
	onRetry    func(Retry) // may be nil

	lane   string // in which it waits for its turn
	beside bool   // it waits for none
}

// answer is a whole answer of the server, of any status.
type answer struct {
	status     int
	header     http.Header
	body       []byte
	retryAfter time.Duration

	id               string // X-Request-ID that was sent
	secret, document string // as in the request; no message may repeat them
}

// outcome is what one attempt came to: an answer, or an error and what is
// known about it.
type outcome struct {
	answer
	err *Error
	// unsent: nothing of the request left this machine.
	unsent bool
	// stale: a connection kept from before was closed before any answer came.
	stale bool
	// transient: another attempt may well succeed.
	transient bool
	// paused: it was not sent because Infrahub did not answer others.
	paused bool
}

// failed is the error of an attempt that did not succeed.
func (o outcome) failed() *Error {
	if o.err != nil {
		return o.err
	}
	return o.failure()
}

// asked is the wait that an attempt that did not succeed asks for, 0 for none.
func (o outcome) asked() time.Duration {
	if o.err != nil {
		return o.err.RetryAfter
	}
	return o.retryAfter
}

// succeed sends a request and returns the answer if it is a success.
func (u *Upstream) succeed(ctx context.Context, r request) (answer, error) {
	a, err := u.send(ctx, r)
	if err != nil {
		return answer{}, err
	}
	if a.status < 200 || a.status > 299 {
		fault := a.failure()
		if r.document != "" {
			explainBare500(fault)
		}
		return answer{}, fault
	}
	return a, nil
}

// explainBare500 says what Infrahub means by a 500 without a word of
// explanation on a GraphQL request.
func explainBare500(e *Error) {
	if e.HTTPStatus == http.StatusInternalServerError && len(e.Details) == 0 {
		e.Message = "Infrahub failed on this GraphQL request (500) and gives no reason. It does so when the query has a syntax error or a variable does not fit."
	}
}

// send sends a request, again where the rules allow it, and returns the last
// answer.
func (u *Upstream) send(ctx context.Context, r request) (answer, error) {
	id := uuid.NewString()
	attempts := u.retry.start(r.repeatable)
	for {
		o := u.attempt(ctx, r, id)
		wait, again := attempts.next(ctx, o)
		if !again {
			if o.err != nil {
				return answer{}, o.err
			}
			return o.answer, nil
		}
		if o.stale {
			// Others may be closed too: the next attempt takes a fresh one.
			u.transport.CloseIdleConnections()
		}
		if r.onRetry != nil && wait > 0 {
			r.onRetry(Retry{Reason: o.failed().Kind, Wait: wait})
		}
		if u.pause(ctx, wait) != nil {
			return answer{}, gaveUp(ctx)
		}
		u.metrics.UpstreamRetries(counted(o.failed().Kind))
		r.sent++
	}
}

// attempt sends a request once, within the timeout and when it is its turn.
func (u *Upstream) attempt(ctx context.Context, r request, id string) (o outcome) {
	if !r.beside {
		done, refused := u.turns.take(ctx, r.lane)
		if refused != nil {
			paused := errors.Is(refused, errPaused)
			return outcome{err: refused, unsent: true, transient: paused, paused: paused}
		}
		defer func() { done(o) }()
	}
	limited, cancel := context.WithTimeout(ctx, u.timeout)
	defer cancel()

	start, ended := time.Now(), u.metrics.UpstreamBegins()
	traced, span := u.traced(limited, r, id)
	defer span.End()
	o = u.exchange(traced, r, id)
	if o.err != nil {
		o.err.RequestID = id
		if limited.Err() != nil {
			o.err, o.stale = u.late(ctx, o.err), false
		}
	}
	took := time.Since(start)

	ended(o.status, took)
	span.Answered(o.status)
	if o.err != nil {
		span.Fail(o.err.Kind.String())
	}
	attrs := []slog.Attr{
		slog.String("method", r.method), slog.String("path", r.path), slog.Int("status", o.status),
		slog.Duration("duration", took), slog.String("infrahub_request_id", id),
	}
	if o.err != nil {
		attrs = append(attrs, slog.String("fault", o.err.Kind.String()))
	}
	u.log.LogAttrs(ctx, slog.LevelDebug, "infrahub_request", attrs...)
	return o
}

// exchange does the HTTP of an attempt.
func (u *Upstream) exchange(ctx context.Context, r request, id string) outcome {
	var reused atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			reused.Store(info.Reused)
			if !info.Reused {
				u.metrics.UpstreamConnects()
			}
		},
	})
	req, err := u.newRequest(ctx, r, id)
	if err != nil {
		return outcome{err: &Error{Kind: Invalid, Message: "The request to Infrahub cannot be written.", cause: err}}
	}
	resp, err := u.http.Do(req)
	if err != nil {
		return u.unanswered(err, reused.Load())
	}
	defer resp.Body.Close()

	o := outcome{answer: answer{
		status:     resp.StatusCode,
		header:     resp.Header,
		retryAfter: parseRetryAfter(resp.Header.Get("Retry-After"), u.now()),
		id:         id,
		secret:     r.secret,
		document:   r.document,
	}}
	o.body, o.err = u.read(resp)
	switch {
	case o.err != nil:
		o.transient = o.err.Kind != TooLarge
	case unavailable(o.status):
		o.transient = true
	case o.status == http.StatusInternalServerError:
		// Infrahub resets the connection of a 500 after the answer. The next
		// request must not meet that: a mutation could not be repeated.
		u.transport.CloseIdleConnections()
	}
	return o
}

// newRequest builds the HTTP request. The credential goes to the configured
// address only, since every URL is made from it.
func (u *Upstream) newRequest(ctx context.Context, r request, id string) (*http.Request, error) {
	target := *u.base
	target.Path += r.path
	target.RawQuery = r.query.Encode()
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target.String(), body)
	if err != nil {
		return nil, err
	}
	// A page load, which "text/html" would be, is answered differently.
	req.Header.Set("Accept", "application/json, text/plain")
	req.Header.Set("X-Request-ID", id)
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if u.userAgent != "" {
		req.Header.Set("User-Agent", u.userAgent)
	}
	if u.priority != "" {
		req.Header.Set("X-Priority", u.priority)
	}
	telemetry.Inject(ctx, req.Header)
	switch r.header {
	case "":
	case "Authorization":
		req.Header.Set(r.header, "Bearer "+r.secret)
	default:
		req.Header.Set(r.header, r.secret)
	}
	return req, nil
}

// read reads the body of an answer.
func (u *Upstream) read(resp *http.Response) ([]byte, *Error) {
	var buf bytes.Buffer
	// What a server announces is believed up to a megabyte.
	buf.Grow(int(min(max(resp.ContentLength, 0), 1<<20)) + bytes.MinRead)
	_, err := buf.ReadFrom(io.LimitReader(resp.Body, u.maxBody+1))
	switch {
	case err != nil:
		return nil, &Error{Kind: Unreachable, HTTPStatus: resp.StatusCode, cause: err,
			Message: "The answer of Infrahub broke off before its end."}
	case int64(buf.Len()) > u.maxBody:
		return nil, &Error{Kind: TooLarge, HTTPStatus: resp.StatusCode,
			Message: fmt.Sprintf("The answer of Infrahub is larger than %d MiB: ask for less at a time.", u.maxBody>>20)}
	}
	return buf.Bytes(), nil
}

// unanswered explains why there was no answer. reused says that the request
// went out on a connection kept from before.
func (u *Upstream) unanswered(err error, reused bool) outcome {
	// The wrapping of net/http repeats the method and the URL.
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	o := outcome{
		err:       &Error{Kind: Unreachable, cause: err},
		transient: true,
	}
	var (
		op        *net.OpError
		untrusted *tls.CertificateVerificationError
		noTLS     tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &untrusted):
		o.transient = false
		o.err.Message = fmt.Sprintf("The certificate of Infrahub at %s is not trusted: %s. INFRAHUB_TLS_CA_FILE can name the certificate of its authority.",
			u.Address(), clean(untrusted.Err.Error()))
		return o
	case errors.As(err, &noTLS), errors.Is(err, http.ErrSchemeMismatch):
		o.transient = false
		o.err.Message = fmt.Sprintf("The server at %s does not speak TLS: INFRAHUB_ADDRESS may have to begin with http://.", u.Address())
		return o
	case errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect"):
		o.unsent = true
	default:
		o.stale = reused
	}
	o.err.Message = fmt.Sprintf("Infrahub at %s cannot be reached: %s.", u.Address(), strings.TrimSuffix(clean(err.Error()), "."))
	return o
}

// late returns the error of an attempt whose time is over. ctx is the caller's.
func (u *Upstream) late(ctx context.Context, err *Error) *Error {
	if ctx.Err() != nil {
		late := gaveUp(ctx)
		late.RequestID = err.RequestID
		return late
	}
	return &Error{
		Kind:      Timeout,
		Message:   fmt.Sprintf("Infrahub at %s did not answer within %s.", u.Address(), u.timeout),
		RequestID: err.RequestID,
		cause:     errors.Join(context.DeadlineExceeded, err.cause),
	}
}
