package provider

import (
	"net"
	"net/http"
	"time"
)

const (
	requestLimit = 10 * time.Second // for one request to the provider
	maxBody      = 1 << 20          // bytes of one answer
)

// newClient returns a client that follows no redirect, since a redirected
// request would take a code or a secret elsewhere, and that reads no more of an
// answer than maxBody.
func newClient(transport http.RoundTripper) *http.Client {
	if transport == nil {
		transport = &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			ForceAttemptHTTP2:     true,
			MaxIdleConns:          20,
			MaxIdleConnsPerHost:   10,
			MaxConnsPerHost:       50,
			IdleConnTimeout:       90 * time.Second,
			TLSHandshakeTimeout:   5 * time.Second,
			ResponseHeaderTimeout: requestLimit,
		}
	}
	return &http.Client{
		Transport:     bounded{transport},
		Timeout:       requestLimit,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type bounded struct{ next http.RoundTripper }

// RoundTrip implements [http.RoundTripper]. Reading more than the limit is an
// error, so that no half of an answer is taken for the whole.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.next.RoundTrip(r)
	if err == nil {
		answer.Body = http.MaxBytesReader(nil, answer.Body, maxBody)
	}
	return answer, err
}
