package idptest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"time"
)

// Fault is what an endpoint does wrong.
type Fault struct {
	// Status is answered instead of doing the work; 0 does the work, after the
	// delay.
	Status int
	// Body is answered with Status, as ContentType, which is application/json if
	// it is "".
	Body, ContentType string
	// Location is the header of a redirect.
	Location string
	// Delay is before the answer. It ends with the request.
	Delay time.Duration
	// Drop closes the connection instead of answering.
	Drop bool
	// Times is how many requests meet the fault; 0 is all until Heal.
	Times int
}

// Fault makes an endpoint misbehave from now on.
func (p *Provider) Fault(e Endpoint, f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults[e] = f
}

// Heal ends the fault of an endpoint.
func (p *Provider) Heal(e Endpoint) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.faults, e)
}

// Down makes all endpoints drop connections, or heals them all.
func (p *Provider) Down(down bool) {
	for _, e := range []Endpoint{Discovery, Authorize, Token, UserInfo, Revocation, JWKS} {
		if down {
			p.Fault(e, Fault{Drop: true})
		} else {
			p.Heal(e)
		}
	}
}

// fault meets the fault of an endpoint, and reports whether it answered.
func (p *Provider) fault(w http.ResponseWriter, r *http.Request, e Endpoint) bool {
	p.mu.Lock()
	f, ok := p.faults[e]
	if ok && f.Times > 0 {
		if f.Times--; f.Times == 0 {
			delete(p.faults, e)
		} else {
			p.faults[e] = f
		}
	}
	p.mu.Unlock()
	if !ok {
		return false
	}
	if f.Delay > 0 {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
		}
	}
	if f.Drop {
		panic(http.ErrAbortHandler)
	}
	if f.Status == 0 {
		return false
	}
	if f.ContentType == "" {
		f.ContentType = "application/json"
	}
	w.Header().Set("Content-Type", f.ContentType)
	if f.Location != "" {
		w.Header().Set("Location", f.Location)
	}
	w.WriteHeader(f.Status)
	_, _ = io.WriteString(w, f.Body)
	return true
}

// Transport reaches the provider, and nothing else, without a network.
func (p *Provider) Transport() http.RoundTripper { return transport(p.roundTrip) }

// transport is a function so that a test that prints what it tests, and searches
// that for secrets, does not find the provider's.
type transport func(*http.Request) (*http.Response, error)

// RoundTrip implements [http.RoundTripper].
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

var errDropped = errors.New("the connection was closed without an answer")

func (p *Provider) roundTrip(r *http.Request) (*http.Response, error) {
	issuer, err := url.Parse(p.issuer)
	if err != nil || r.URL.Host != issuer.Host {
		return nil, fmt.Errorf("there is no host %q but that of the provider", r.URL.Host)
	}
	var body []byte
	if r.Body != nil {
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, fmt.Errorf("reading the body of the request: %w", err)
		}
		r.Body.Close()
	}
	request := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), bytes.NewReader(body))
	request.Header = r.Header.Clone()
	answer := httptest.NewRecorder()
	done := make(chan bool, 1)
	go func() {
		whole := false
		defer func() {
			if !whole {
				_ = recover() // the handler dropped the connection
			}
			done <- whole
		}()
		p.ServeHTTP(answer, request)
		whole = true
	}()
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case whole := <-done:
		if !whole {
			return nil, errDropped
		}
	}
	result := answer.Result()
	result.Request = r
	return result, nil
}
