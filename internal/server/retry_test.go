package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/sandbox"
	"infrahub-mcp/internal/sandbox/seed"
)

func TestTheClientIsToldThatARequestIsSentAgain(t *testing.T) {
	box, err := sandbox.New(sandbox.Options{Devices: 1})
	if err != nil {
		t.Fatal(err)
	}
	var busy atomic.Bool
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if busy.CompareAndSwap(true, false) {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		box.ServeHTTP(w, r)
	}))
	t.Cleanup(upstream.Close)
	cfg := configuration(t, upstream.URL, map[string]string{
		"INFRAHUB_RATE_LIMIT_RETRY_ENABLED": "true", "INFRAHUB_RATE_LIMIT_BACKOFF_BASE": "0.01",
	})
	cfg.Infrahub.APIToken = config.Secret(seed.Accounts()[0].Token)
	address, _, _ := serve(t, cfg)
	id := session(t, address)
	busy.Store(true)
	_, answer, _ := do(t, "POST", address+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"query_graphql","arguments":{"query":"{ BuiltinTag { count } }"}}}`, "Accept", accept, "Mcp-Session-Id", id)
	for _, want := range []string{`"method":"notifications/message"`, `"level":"warning"`, `"logger":"infrahub-mcp"`, `"reason":"overloaded"`, "Infrahub is busy; the request is sent again in", `"structuredContent"`} {
		if !strings.Contains(answer, want) {
			t.Errorf("the answer lacks %s: %s", want, answer)
		}
	}
	if strings.Contains(answer, upstream.URL) || strings.Contains(answer, seed.Accounts()[0].Token) {
		t.Errorf("the answer holds the address of Infrahub or the credential: %s", answer)
	}
}

func TestARetryIsExplained(t *testing.T) {
	for _, test := range []struct {
		reason infrahub.Kind
		want   string
	}{
		{infrahub.Overloaded, "Infrahub is busy; the request is sent again in 1.5s."},
		{infrahub.Unreachable, "Infrahub does not answer; the request is sent again in 1.5s."},
		{infrahub.Timeout, "Infrahub does not answer; the request is sent again in 1.5s."},
	} {
		if got := retried(infrahub.Retry{Reason: test.reason, Wait: 1512 * time.Millisecond}); got.Text != test.want {
			t.Errorf("%s: %q", test.reason, got.Text)
		}
	}
}
