package protocol

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestABusyServerRefusesRequestsAndNothingElse(t *testing.T) {
	var busy atomic.Bool
	var inside atomic.Int32
	server, _, g := testHTTP(t, HTTPOptions{Enter: func(context.Context) (func(), int, time.Duration) {
		if busy.Load() {
			return nil, http.StatusServiceUnavailable, 1500 * time.Millisecond
		}
		inside.Add(1)
		return func() { inside.Add(-1) }, 0, 0
	}})
	session := initialize(t, server.URL, "")
	running := make(chan string, 1)
	go func() {
		running <- text(t, send(t, http.MethodPost, server.URL, callGate("7", "first"), legacy(session, "")))
	}()
	<-g.entered
	if inside.Load() != 1 {
		t.Errorf("%d requests have a place", inside.Load())
	}
	busy.Store(true)
	modernPing := `{"jsonrpc":"2.0","id":"m","method":"server/discover","params":{` + modernMeta + `}}`
	for name, request := range map[string]struct {
		body    string
		headers map[string]string
		id      string
	}{
		"a request":                  {ping, legacy(session, ""), `"p"`},
		"a request of the newer era": {modernPing, modern("server/discover", ""), `"m"`},
		"the beginning of a session": {initializeWith("{}"), map[string]string{}, "0"},
		"a batch":                    {"[" + ping + "]", map[string]string{}, "null"},
	} {
		response := send(t, http.MethodPost, server.URL, request.body, request.headers)
		answer := text(t, response)
		if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") != "2" || response.Header.Get(sessionHeader) != "" ||
			!strings.Contains(answer, `"code":-32005`) || !strings.Contains(answer, `"id":`+request.id) || !strings.Contains(answer, "Try again in 2 s") {
			t.Errorf("%s: %d %v %s", name, response.StatusCode, response.Header, answer)
		}
	}
	for name, body := range map[string]string{
		"a notification":         `{"jsonrpc":"2.0","method":"notifications/initialized"}`,
		"the answer of a user":   `{"jsonrpc":"2.0","id":"ask-1","result":{"action":"accept"}}`,
		"a batch of such things": `[{"jsonrpc":"2.0","method":"notifications/initialized"}]`,
		"a cancellation":         `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}`,
	} {
		headers := legacy(session, "")
		if body[0] == '[' {
			headers = map[string]string{}
		}
		if response := send(t, http.MethodPost, server.URL, body, headers); response.StatusCode != http.StatusAccepted {
			t.Errorf("%s: %d %s", name, response.StatusCode, text(t, response))
		}
	}
	if got := <-g.entered; got != "cancelled first" {
		t.Errorf("the call was not cancelled: %s", got)
	}
	<-running
	// A stream of news has a place of its own.
	if stream := send(t, http.MethodGet, server.URL, "", legacy(session, "")); stream.StatusCode != http.StatusOK {
		t.Errorf("a stream: %d", stream.StatusCode)
	} else if err := stream.Body.Close(); err != nil {
		t.Error(err)
	}
	busy.Store(false)
	if response := send(t, http.MethodPost, server.URL, ping, legacy(session, "")); response.StatusCode != http.StatusOK || !strings.Contains(text(t, response), `"result"`) {
		t.Errorf("afterwards: %d", response.StatusCode)
	}
	if inside.Load() != 0 {
		t.Errorf("%d requests keep their place", inside.Load())
	}
}
