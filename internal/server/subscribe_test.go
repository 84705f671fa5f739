package server

import (
	"bufio"
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// news opens the stream of a session and returns its next notifications.
func news(ctx context.Context, t *testing.T, address, session string, headers ...string) (next func() string) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/mcp", nil)
	if err != nil {
		t.Fatal(err)
	}
	for pair := range slices.Chunk(headers, 2) {
		request.Header.Set(pair[0], pair[1])
	}
	request.Header.Set("Accept", accept)
	request.Header.Set("Mcp-Session-Id", session)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	if response.StatusCode != http.StatusOK {
		t.Fatalf("the stream: %d", response.StatusCode)
	}
	lines := bufio.NewScanner(response.Body)
	return func() string {
		t.Helper()
		for lines.Scan() {
			if raw, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return raw
			}
		}
		t.Fatalf("the stream has ended: %v", lines.Err())
		return ""
	}
}

func subscribe(t *testing.T, address, session, uri string, headers ...string) string {
	t.Helper()
	body := `{"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"` + uri + `"}}`
	_, answer, _ := do(t, http.MethodPost, address+"/mcp", body, append([]string{"Accept", accept, "Mcp-Session-Id", session}, headers...)...)
	return answer
}

func TestABranchOfOneSessionIsNewsForAnother(t *testing.T) {
	cfg, _ := sandboxed(t, nil)
	address, _, stop := serve(t, cfg)
	// Less than from one round of looking to the next, so that only the hint of the
	// writer can bring the news.
	ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
	defer cancel()
	watcher, writer := session(t, address), session(t, address)
	next := news(ctx, t, address, watcher)
	for _, uri := range []string{"infrahub://branches", "infrahub://schema", "infrahub://schema/DcimDevice", "infrahub://graphql-schema"} {
		if answer := subscribe(t, address, watcher, uri); !strings.Contains(answer, `"result":{}`) {
			t.Errorf("%s: %s", uri, answer)
		}
	}
	structured(t, address, writer, "node_upsert", `{"kind":"BuiltinTag","data":{"name":"x"}}`)
	const want = `{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"infrahub://branches"}}`
	if got := next(); got != want {
		t.Errorf("the watcher is told %s", got)
	}
	structured(t, address, watcher, "reset_session_branch", `{"branch":"`+structured(t, address, writer, "get_session_info", `{}`)["session_branch"].(string)+`"}`)
	if got := next(); got != want { // now it is the one marked in the list
		t.Errorf("the watcher is told %s", got)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestASubscriptionReadsWithTheCredentialOfItsCaller(t *testing.T) {
	cfg, _ := sandboxed(t, map[string]string{"INFRAHUB_MCP_AUTH_MODE": "token-passthrough"})
	address, _, _ := serve(t, cfg)
	for token, says := range map[string]string{cfg.Infrahub.APIToken.Reveal(): `"result":{}`, "wrong": `"code":-32001`} {
		_, _, header := do(t, http.MethodPost, address+"/mcp", initialize, "Accept", accept, "Authorization", "Bearer "+token)
		if answer := subscribe(t, address, header.Get("Mcp-Session-Id"), "infrahub://branches", "Authorization", "Bearer "+token); !strings.Contains(answer, says) {
			t.Errorf("want %s, got %s", says, answer)
		}
	}
}

func TestAUserWhoLogsInForMoreIsToldOfTheTools(t *testing.T) {
	cfg, _, _ := singleSigned(t, nil)
	address, _, _ := serve(t, cfg)
	before := time.Now().Add(-time.Minute)
	reader := newCaller(t, address, accessTokenOf(t, before, "wes"))
	next := news(t.Context(), t, address, reader.session, "Authorization", "Bearer "+reader.token)
	writer := &caller{t: t, address: address, session: reader.session, token: accessToken(t, "wes", "write")}
	writer.call("node_upsert", `{"kind":"BuiltinTag","data":{"name":"x"}}`)
	if got := next(); got != `{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}` {
		t.Errorf("the stream says %s", got)
	}
}

func TestAListIsSaidToChangeOnlyWhereItCan(t *testing.T) {
	for name, test := range map[string]struct {
		oidc     bool
		settings map[string]string
		says     bool
	}{
		"a login":                               {true, nil, true},
		"a login, read-only":                    {true, map[string]string{"INFRAHUB_MCP_READ_ONLY": "true"}, false},
		"a login, and all who have it write":    {true, map[string]string{"INFRAHUB_MCP_AUTH_SCOPES_WRITE": ""}, false},
		"the credential of the server":          {false, nil, false},
		"the credential of each caller":         {false, map[string]string{"INFRAHUB_MCP_AUTH_MODE": "token-passthrough"}, false},
		"the name and password of every caller": {false, map[string]string{"INFRAHUB_MCP_AUTH_MODE": "basic-passthrough"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, _ := sandboxed(t, test.settings)
			authorization := "Bearer " + cfg.Infrahub.APIToken.Reveal()
			if cfg.Auth.Mode == "basic-passthrough" {
				authorization = "Basic YTpi"
			}
			if test.oidc {
				cfg, _, _ = singleSigned(t, test.settings)
				authorization = "Bearer " + accessToken(t, "wes")
			}
			address, _, _ := serve(t, cfg)
			_, answer, _ := do(t, http.MethodPost, address+"/mcp", initialize, "Accept", accept, "Authorization", authorization)
			if got := strings.Contains(answer, `"tools":{"listChanged":true}`); got != test.says || !strings.Contains(answer, `"subscribe":true`) {
				t.Errorf("it says %s", answer)
			}
		})
	}
}
