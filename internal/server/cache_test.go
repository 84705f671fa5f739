package server

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/sandbox"
	"infrahub-mcp/internal/sandbox/seed"
	"infrahub-mcp/internal/telemetry/metricstest"
)

// watched counts the requests to an Infrahub in memory by path and branch.
type watched struct {
	box *sandbox.Sandbox
	mu  sync.Mutex
	got map[string]int
}

func (w *watched) ServeHTTP(response http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.got[strings.TrimSuffix(r.URL.Path+" "+regexp.MustCompile(`[0-9a-f]{8}$`).ReplaceAllString(r.URL.Query().Get("branch"), "…"), " ")]++
	w.mu.Unlock()
	w.box.ServeHTTP(response, r)
}

// count returns how often a path was asked for, and forgets it.
func (w *watched) count(path string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer delete(w.got, path)
	return w.got[path]
}

// caching is a server that keeps answers, for callers who bring their tokens.
func caching(t *testing.T, enabled string) (address string, w *watched) {
	t.Helper()
	box, err := sandbox.New(sandbox.Options{Devices: 1})
	if err != nil {
		t.Fatal(err)
	}
	w = &watched{box: box, got: map[string]int{}}
	upstream := httptest.NewServer(w)
	t.Cleanup(upstream.Close)
	cfg := configuration(t, upstream.URL, map[string]string{
		"INFRAHUB_MCP_AUTH_MODE": "token-passthrough", "INFRAHUB_MCP_CACHE_ENABLED": enabled, "INFRAHUB_MCP_PROMETHEUS_ENABLED": "true",
		"INFRAHUB_MCP_BRANCH_PATTERN": "mcp/{hex}",
	})
	address, _, _ = serve(t, cfg)
	return address, w
}

// newer is a caller of the newer era, which has no sessions.
type newer struct {
	t              *testing.T
	address, token string
}

func (n newer) ask(method, name, params string) string {
	n.t.Helper()
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{%s"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}`, method, params)
	_, answer, _ := do(n.t, http.MethodPost, n.address+"/mcp", body, "Accept", accept, "Authorization", "Bearer "+n.token,
		"MCP-Protocol-Version", "2026-07-28", "Mcp-Method", method, "Mcp-Name", name)
	return answer
}

// reading returns what a caller reads and calls, in each era.
func readings(t *testing.T, address, token string) map[string]func(method, name, params string) string {
	t.Helper()
	older := newCaller(t, address, token)
	return map[string]func(method, name, params string) string{
		"2025-11-25": func(method, _, params string) string {
			_, answer, _ := older.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{%s}}`, method, strings.TrimSuffix(params, ",")))
			return answer
		},
		"2026-07-28": newer{t, address, token}.ask,
	}
}

const (
	sdl      = "infrahub://graphql-schema"
	branches = "infrahub://branches"
)

func TestWhatIsMadeOfTheSchemaIsKeptForItsCallerAlone(t *testing.T) {
	for _, era := range []string{"2025-11-25", "2026-07-28"} {
		t.Run(era, func(t *testing.T) {
			address, w := caching(t, "true")
			accounts := seed.Accounts()
			ann, bob := readings(t, address, accounts[0].Token)[era], readings(t, address, accounts[1].Token)[era]
			read := func(ask func(method, name, params string) string, uri string) string {
				return ask("resources/read", uri, `"uri":"`+uri+`",`)
			}
			first := read(ann, sdl)
			if !strings.Contains(first, "type DcimDevice") || w.count("/schema.graphql") != 1 {
				t.Fatalf("the schema is not read: %.300s", first)
			}
			if again := read(ann, sdl); !strings.Contains(again, "type DcimDevice") || w.count("/schema.graphql") != 0 {
				t.Error("it is read from Infrahub again")
			}
			if theirs := read(bob, sdl); !strings.Contains(theirs, "type DcimDevice") || w.count("/schema.graphql") != 1 {
				t.Error("another caller gets what was kept for the first")
			}

			// What the writer does shows at once: the branch, what is on it, and
			// then what is read of it.
			describe := func(ask func(method, name, params string) string) string {
				return ask("tools/call", "get_schema", `"name":"get_schema","arguments":{"kind":"BuiltinTag"},`)
			}
			onMain := describe(ann)
			if strings.Contains(onMain, `"branch":"mcp/`) || onMain != describe(ann) {
				t.Errorf("on main: %s", onMain)
			}
			read(ann, branches)
			written := ann("tools/call", "node_upsert", `"name":"node_upsert","arguments":{"kind":"BuiltinTag","data":{"name":"kept"}},`)
			made := regexp.MustCompile(`mcp/[0-9a-f]{8}`).FindString(written)
			if made == "" {
				t.Fatalf("nothing was written: %s", written)
			}
			if list := read(ann, branches); !strings.Contains(list, made) {
				t.Errorf("the writer does not see its branch: %s", list)
			}
			if list := read(bob, branches); !strings.Contains(list, made) {
				t.Errorf("nor does anybody else: %s", list)
			}
			if nodes := ann("tools/call", "get_nodes", `"name":"get_nodes","arguments":{"kind":"BuiltinTag"},`); !strings.Contains(nodes, "kept") {
				t.Errorf("the writer does not see its write: %s", nodes)
			}
			if got := describe(ann); !strings.Contains(got, made) {
				t.Errorf("the schema is that of another branch: %s", got)
			}
			read(ann, sdl)
			if w.count("/schema.graphql mcp/…") != 1 {
				t.Error("what is read is not that of the session branch")
			}
			if got := describe(bob); strings.Contains(got, made) {
				t.Errorf("another caller reads the branch of the writer: %s", got)
			}
			// A reset is a branch anew.
			reset := ann("tools/call", "reset_session_branch", `"name":"reset_session_branch","arguments":{"branch":"mcp/0123abcd"},`)
			if got := describe(ann); !strings.Contains(reset, "mcp/0123abcd") || !strings.Contains(got, "mcp/0123abcd") || !strings.Contains(read(ann, branches), "mcp/0123abcd") {
				t.Errorf("after a reset: %s %s", reset, got)
			}

			_, metrics, _ := do(t, http.MethodGet, address+"/metrics", "")
			series := metricstest.Parse(t, strings.NewReader(metrics))
			if hit, missed := series[metricstest.Prefix+`answer_cache_lookups_total{result="hit"}`], series[metricstest.Prefix+`answer_cache_lookups_total{result="missed"}`]; hit != 2 || missed != 7 {
				t.Errorf("%v hits and %v misses are counted", hit, missed)
			}
		})
	}
}

func TestClientsAreToldHowLongTheyMayKeepLists(t *testing.T) {
	for enabled, list := range map[string]string{"false": "0", "true": "300000"} {
		address, w := caching(t, enabled)
		ann := newer{t, address, seed.Accounts()[0].Token}
		got := map[string]string{}
		for _, method := range []string{"tools/list", "resources/list", "resources/templates/list", "prompts/list"} {
			got[method] = hints(ann.ask(method, "", ""))
		}
		for _, uri := range []string{sdl, branches} {
			got[uri] = hints(ann.ask("resources/read", uri, `"uri":"`+uri+`",`))
		}
		private := " private"
		want := map[string]string{
			"tools/list": list + private, "resources/list": list + private, "resources/templates/list": list + private, "prompts/list": list + private,
			// Only the server knows when these change.
			sdl: "0" + private, branches: "0" + private,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("INFRAHUB_MCP_CACHE_ENABLED=%s (-want +got):\n%s", enabled, diff)
		}
		w.count("/schema.graphql")
		ann.ask("resources/read", sdl, `"uri":"`+sdl+`",`)
		if kept := w.count("/schema.graphql") == 0; kept != (enabled == "true") {
			t.Errorf("INFRAHUB_MCP_CACHE_ENABLED=%s: kept is %v", enabled, kept)
		}
	}
}

// hints are the two of an answer.
func hints(answer string) string {
	ttl := regexp.MustCompile(`"ttlMs":(\d+)`).FindStringSubmatch(answer)
	scope := regexp.MustCompile(`"cacheScope":"(\w+)"`).FindStringSubmatch(answer)
	if ttl == nil || scope == nil {
		return answer
	}
	return ttl[1] + " " + scope[1]
}
