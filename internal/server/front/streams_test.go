package front

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// hold opens a request that stays open until release is called.
func hold(h http.Handler, method, client string) (ctx func() context.Context, release func() int) {
	inside, gone := make(chan context.Context, 1), make(chan int, 1)
	ctx0, cancel := context.WithCancel(context.Background())
	request := httptest.NewRequestWithContext(context.WithValue(ctx0, insideKey{}, inside), method, "/mcp", nil)
	request.Header.Set("Client", client)
	go func() {
		recorder := httptest.NewRecorder()
		h.ServeHTTP(recorder, request)
		close(inside)
		gone <- recorder.Code
	}()
	return func() context.Context { return <-inside }, func() int { cancel(); return <-gone }
}

type insideKey struct{}

// stay keeps a request open for as long as its context says.
func stay(w http.ResponseWriter, r *http.Request) {
	if inside, found := r.Context().Value(insideKey{}).(chan context.Context); found {
		inside <- r.Context()
		<-r.Context().Done()
	}
	w.WriteHeader(http.StatusOK)
}

func TestStreamsAreBounded(t *testing.T) {
	streams := NewStreams(StreamLimits{Total: 3, PerClient: 2})
	h := Chain(http.HandlerFunc(stay), streams.By(byHeader, nil))
	status := func(client string) int {
		got := call(t, h, http.MethodGet, "/mcp", "Client", client)
		if got.Code != http.StatusOK && (got.Header().Get("Retry-After") != "5" || decode(t, got)["jsonrpc"] != "2.0") {
			t.Errorf("the refusal is %v %s", got.Header(), got.Body)
		}
		return got.Code
	}
	var releases []func() int
	for _, client := range []string{"ann", "ann", ""} {
		inside, release := hold(h, http.MethodGet, client)
		if inside() == nil {
			t.Fatalf("a stream of %q was refused", client)
		}
		releases = append(releases, release)
	}
	if got := streams.Open(); got != 3 {
		t.Errorf("%d are open", got)
	}
	if got := status("ann"); got != http.StatusTooManyRequests {
		t.Errorf("the third of one client: status %d", got)
	}
	if got := status("bob"); got != http.StatusServiceUnavailable {
		t.Errorf("the fourth of all: status %d", got)
	}
	releases[2]()
	if got := status("bob"); got != http.StatusOK {
		t.Errorf("after one has ended: status %d", got)
	}
	releases[0]()
	if got := status("ann"); got != http.StatusOK {
		t.Errorf("after one of that client has ended: status %d", got)
	}
	releases[1]()
	if streams.Open() != 0 || len(streams.byClient) != 0 {
		t.Errorf("%d open, %v", streams.Open(), streams.byClient)
	}
}

func TestAPanicClosesItsStream(t *testing.T) {
	streams := NewStreams(StreamLimits{})
	h := Chain(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("fault") }), streams.By(byHeader, nil))
	func() {
		defer func() { _ = recover() }()
		call(t, h, http.MethodGet, "/mcp", "Client", "ann")
	}()
	if streams.Open() != 0 || len(streams.byClient) != 0 {
		t.Errorf("%d open, %v", streams.Open(), streams.byClient)
	}
}

func TestStreamsEndAtTheirAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := Chain(http.HandlerFunc(stay), NewStreams(StreamLimits{Life: time.Hour}).By(byHeader, nil))
		get, releaseGet := hold(h, http.MethodGet, "ann")
		post, releasePost := hold(h, http.MethodPost, "ann")
		of, other := get(), post()
		<-of.Done()
		if got := context.Cause(of); !errors.Is(got, errStreamLife) {
			t.Errorf("the stream ended with %v", got)
		}
		if other.Err() != nil {
			t.Error("a call was cut")
		}
		releaseGet()
		releasePost()
	})
}
