package login_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
)

// place is how clients and browsers reach the program: its base URL, and what
// stands in front of it.
type place struct {
	path   string // of the base URL
	cut    bool   // what stands in front cuts that path off, as an ingress may do
	secure bool   // what stands in front speaks https
}

// below is the path of a base URL that has one.
const below = "/tools/infrahub"

// everywhere runs a test at each place.
func everywhere(t *testing.T, test func(t *testing.T, at place)) {
	t.Parallel()
	for name, at := range map[string]place{
		"a host alone":           {},
		"a path that is cut off": {path: below, cut: true},
		"a path behind https":    {path: below, secure: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, at)
		})
	}
}

// front is what stands in front of the program, or of several: it passes each
// request on to the address that to names for it. It returns the base URL.
func (at place) front(t *testing.T, to func() (address string)) (base string) {
	t.Helper()
	// Its own, because the end of every httptest.Server closes connections of the
	// default one.
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	proxy := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: to()})
			r.Out.Host = r.In.Host
			if at.cut {
				r.Out.URL.Path = strings.TrimPrefix(r.In.URL.Path, at.path)
			}
		},
		// The program may be away, which tests see by themselves.
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	listener := httptest.NewUnstartedServer(readFirst(proxy))
	listener.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(listener.Close)
	if at.secure {
		listener.StartTLS()
	} else {
		listener.Start()
	}
	return listener.URL + at.path
}

// readFirst reads the body of a request before a proxy passes it on. Otherwise
// package net/http may close the body as soon as the answer begins, and the proxy,
// which looks whether there is more of it, takes that for a failure and breaks the
// answer off.
func readFirst(proxy http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest) // the client is gone
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r)
	})
}

// server starts the program at a place, with settings that are laid over those for
// the shared realm.
func (at place) server(t *testing.T, more settings) *server {
	t.Helper()
	return at.serverWith(t, atRealm().with(more))
}

// serverWith starts the program at a place with settings.
func (at place) serverWith(t *testing.T, all settings) *server {
	t.Helper()
	s := at.prepare(t, all)
	s.start(t)
	return s
}

// prepare makes a server at a place that does not run yet.
func (at place) prepare(t *testing.T, all settings) *server {
	t.Helper()
	s := &server{address: freeAddress(t)}
	base := "http://" + s.address + at.path
	if at.cut || at.secure {
		base = at.front(t, func() string { return s.address })
	}
	s.configure(base, all)
	return s
}

// newServer is place.server at a host alone.
func newServer(t *testing.T, more settings) *server { t.Helper(); return place{}.server(t, more) }

// serverWith is place.serverWith at a host alone.
func serverWith(t *testing.T, all settings) *server { t.Helper(); return place{}.serverWith(t, all) }

// prepare is place.prepare at a host alone.
func prepare(t *testing.T, all settings) *server { t.Helper(); return place{}.prepare(t, all) }
