package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/sandbox"
	"infrahub-mcp/internal/sandbox/seed"
)

func TestATraceReachesInfrahubWithEveryRequestOfACall(t *testing.T) {
	const parent = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"
	box, err := sandbox.New(sandbox.Options{Devices: 1})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	parents := map[string]int{}
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		parents[r.Header.Get("Traceparent")]++
		mu.Unlock()
		box.ServeHTTP(w, r)
	}))
	t.Cleanup(upstream.Close)
	cfg := configuration(t, upstream.URL, nil)
	cfg.Infrahub.APIToken = config.Secret(seed.Accounts()[0].Token)
	address, _, _ := serve(t, cfg)
	id := session(t, address)
	// The schema, a branch and the write itself.
	_, answer, _ := do(t, "POST", address+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"node_upsert","arguments":{"kind":"BuiltinTag","data":{"name":"x"}},"_meta":{"traceparent":"`+parent+`"}}}`, "Accept", accept, "Mcp-Session-Id", id)
	if !strings.Contains(answer, `"structuredContent"`) {
		t.Fatal(answer)
	}
	mu.Lock()
	defer mu.Unlock()
	if parents[parent] < 3 || len(parents) != 1 {
		t.Errorf("requests by their trace: %v", parents)
	}
}
