package contract

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"
)

// answer is what came back for a request.
type answer struct {
	status int
	header http.Header
	body   any // decoded JSON, or a text
}

// mostBytes is above the size of the GraphQL schema, Infrahub's biggest answer.
const mostBytes = 16 << 20

// newClient returns a client that opens a connection for each request, since
// Infrahub resets the one on which it answered 500, and follows no redirect.
func newClient() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// send sends a request, again if the server was too busy to handle it.
func (s *session) send(ctx context.Context, r request) (answer, error) {
	for {
		a, err := s.sendOnce(ctx, r)
		if err != nil || !a.shed() {
			return a, err
		}
		if err := wait(ctx, a.retryAfter()); err != nil {
			return answer{}, fmt.Errorf("waiting for the server to be less busy: %w", err)
		}
	}
}

func (s *session) sendOnce(ctx context.Context, r request) (answer, error) {
	request, err := r.build(ctx, s.target.Address, s.values)
	if err != nil {
		return answer{}, err
	}
	s.authenticate(request, r.as)
	response, err := s.client.Do(request)
	if err != nil {
		return answer{}, fmt.Errorf("sending the request: %w", err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, mostBytes+1))
	if err != nil {
		return answer{}, fmt.Errorf("reading the answer: %w", err)
	}
	if len(raw) > mostBytes {
		return answer{}, fmt.Errorf("the answer is longer than %d bytes", mostBytes)
	}
	a := answer{status: response.StatusCode, header: response.Header, body: string(raw)}
	media, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err == nil && media == "application/json" {
		if a.body, err = decode(raw); err != nil {
			return answer{}, fmt.Errorf("reading the answer: %w", err)
		}
	}
	return a, nil
}

// authenticate adds the credential of an account.
func (s *session) authenticate(request *http.Request, as account) {
	const key = "X-INFRAHUB-KEY"
	switch as {
	case admin:
		request.Header.Set(key, s.target.AdminToken.Reveal())
	case reader:
		request.Header.Set(key, s.target.ReaderToken.Reveal())
	case engineer:
		request.Header.Set(key, s.target.EngineerToken.Reveal())
	case login:
		request.Header.Set("Authorization", "Bearer "+s.values["access"])
	case nobody:
	}
}

// shed tells whether the server turned the request away unread to have less to
// do. It says so, and means that the request can be repeated.
func (a answer) shed() bool {
	return a.status == http.StatusTooManyRequests && a.header.Get("X-Infrahub-Admission") == "shed"
}

// retryAfter is how long the server asks to be left alone, at most 30 seconds.
func (a answer) retryAfter() time.Duration {
	seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
	if err != nil {
		seconds = 1
	}
	return time.Duration(min(max(seconds, 0), 30)) * time.Second
}
