package server

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/telemetry/metricstest"
)

const exposition = "text/plain; version=0.0.4"

func TestMetricsHaveTheFormThatIsSet(t *testing.T) {
	for name, test := range map[string]struct {
		prometheus, kind, want string
	}{
		"JSON":       {"false", "application/json", `"requests":{"tools/list":1}`},
		"exposition": {"true", exposition, "\ninfrahub_mcp_messages_total{method=\"tools/list\",outcome=\"ok\"} 1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			address, _, _ := serve(t, configuration(t, upstream(t).URL, map[string]string{"INFRAHUB_MCP_PROMETHEUS_ENABLED": test.prometheus}))
			do(t, "POST", address+"/mcp", list)
			status, answer, header := do(t, "GET", address+"/metrics", "")
			if status != 200 || !strings.HasPrefix(header.Get("Content-Type"), test.kind) || !strings.Contains(answer, test.want) {
				t.Errorf("%d %s: %s", status, header.Get("Content-Type"), answer)
			}
		})
	}
}

func TestWhoMayReadMetricsIsTheSameInBothForms(t *testing.T) {
	for _, prometheus := range []string{"false", "true"} {
		for name, test := range map[string]struct {
			method  string
			headers []string
			status  int
		}{
			"anybody, without a credential": {"GET", nil, 200},
			"a probe":                       {"HEAD", nil, 200},
			"nobody by another name":        {"GET", []string{"Host", "evil.example"}, 403},
			"no page of another origin":     {"GET", []string{"Origin", "https://evil.example"}, 403},
			"nobody who sends something":    {"POST", nil, 404},
		} {
			t.Run(name+", Prometheus "+prometheus, func(t *testing.T) {
				address, _, _ := serve(t, configuration(t, "http://127.0.0.1:1", map[string]string{
					"INFRAHUB_MCP_PROMETHEUS_ENABLED": prometheus, "INFRAHUB_MCP_AUTH_MODE": "token-passthrough", "INFRAHUB_MCP_RATE_LIMIT_RPS": "0.001", "INFRAHUB_MCP_RATE_LIMIT_BURST": "1",
				}))
				for range 3 { // the limit of rates does not concern them
					if status, answer, _ := do(t, test.method, address+"/metrics", "", test.headers...); status != test.status && (test.status != 404 || status != 429) {
						t.Errorf("%d %s", status, answer)
					}
				}
			})
		}
	}
}

// metricsAddress is where a server says that its metrics are.
func metricsAddress(t *testing.T, log string) string {
	t.Helper()
	found := regexp.MustCompile(`address=(http://\S+)/metrics`).FindStringSubmatch(log)
	if found == nil {
		t.Fatalf("the log does not say where the metrics are: %s", log)
	}
	return found[1]
}

func TestMetricsOnAPortOfTheirOwn(t *testing.T) {
	address, log, stop := serve(t, configuration(t, upstream(t).URL, map[string]string{
		"INFRAHUB_MCP_METRICS_ADDRESS": "127.0.0.1:0", "INFRAHUB_MCP_PROMETHEUS_ENABLED": "true", "INFRAHUB_MCP_ALLOWED_HOSTS": "mcp.example.com,localhost",
	}))
	apart := metricsAddress(t, log.String())
	do(t, "POST", address+"/mcp", list)
	for name, test := range map[string]struct {
		method, url string
		headers     []string
		status      int
		want        string
	}{
		"there":                                 {"GET", apart + "/metrics", nil, 200, "infrahub_mcp_messages_total{"},
		"not beside MCP":                        {"GET", address + "/metrics", nil, 404, "not_found"},
		"nothing else there":                    {"POST", apart + "/mcp", nil, 404, "not_found"},
		"not by a name that points at loopback": {"GET", apart + "/metrics", []string{"Host", "evil.example"}, 403, "invalid_host"},
		"nor by one of MCP":                     {"GET", apart + "/metrics", []string{"Host", "mcp.example.com"}, 403, "invalid_host"},
		"not for a page of another origin":      {"GET", apart + "/metrics", []string{"Origin", "https://evil.example"}, 403, "invalid_origin"},
	} {
		t.Run(name, func(t *testing.T) {
			status, answer, _ := do(t, test.method, test.url, list, test.headers...)
			if status != test.status || !strings.Contains(answer, test.want) {
				t.Errorf("%d %s", status, answer)
			}
		})
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if conn, err := net.Dial("tcp", strings.TrimPrefix(apart, "http://")); err == nil {
		conn.Close()
		t.Error("it still listens")
	}
}

func TestMetricsOfAServerOnStdio(t *testing.T) {
	cfg := configuration(t, upstream(t).URL, map[string]string{"INFRAHUB_MCP_METRICS_ADDRESS": "127.0.0.1:0", "INFRAHUB_MCP_PROMETHEUS_ENABLED": "true"})
	in, requests := io.Pipe()
	answers, out := io.Pipe()
	log := &lockedBuffer{}
	ended := make(chan error, 1)
	go func() { ended <- Run(t.Context(), cfg, Options{In: in, Out: out, Err: log, Version: "test"}) }()
	if _, err := io.WriteString(requests, `{"jsonrpc":"2.0","id":1,"method":"ping"}`+"\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := answers.Read(make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	if _, answer, _ := do(t, "GET", metricsAddress(t, log.String())+"/metrics", ""); !strings.Contains(answer, `infrahub_mcp_messages_total{method="ping",outcome="ok"} 1`) {
		t.Errorf("%s", answer)
	}
	_ = requests.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestAnAddressOfMetricsInUseIsAnError(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	cfg := configuration(t, "http://127.0.0.1:1", map[string]string{"INFRAHUB_MCP_METRICS_ADDRESS": taken.Addr().String()})
	cfg.Server.Transport = config.TransportHTTP
	if err := Run(t.Context(), cfg, Options{Err: io.Discard}); err == nil || !strings.Contains(err.Error(), "INFRAHUB_MCP_METRICS_ADDRESS") || !strings.Contains(err.Error(), "in use") {
		t.Errorf("got %v", err)
	}
}

// TestMetricsNameNobodyAndNothing lets clients choose all they can choose, and
// looks for it in the metrics.
func TestMetricsNameNobodyAndNothing(t *testing.T) {
	const chosen = "chosenbysomebody"
	cfg, _ := sandboxed(t, map[string]string{"INFRAHUB_MCP_PROMETHEUS_ENABLED": "true"})
	address, log, _ := serve(t, cfg)
	id := session(t, address)
	for _, body := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"` + chosen + `"}`,
		`{"jsonrpc":"2.0","id":"` + chosen + `","method":"tools/call","params":{"name":"` + chosen + `"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_nodes","arguments":{"kind":"` + chosen + `","branch":"` + chosen + `"}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_nodes","arguments":{"kind":"BuiltinTag","branch":"` + chosen + `"}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"node_upsert","arguments":{"kind":"BuiltinTag","data":{"name":"` + chosen + `"}}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"` + chosen + `"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"infrahub://schema/` + chosen + `"}}`,
	} {
		do(t, "POST", address+"/mcp", body, "Accept", accept, "Mcp-Session-Id", id, "User-Agent", chosen)
	}
	do(t, "GET", address+"/"+chosen, "")
	_, answer, _ := do(t, "GET", address+"/metrics", "")
	credential := cfg.Infrahub.APIToken.Reveal()
	infrahub := strings.TrimPrefix(cfg.Infrahub.Address, "http://")
	for what, text := range map[string]string{"what clients chose": chosen, "the session": id, "the credential": credential, "the address of Infrahub": infrahub, "a session branch": "mcp/session-"} {
		if strings.Contains(answer, text) {
			t.Errorf("%s is in the metrics:\n%s", what, answer)
		}
	}
	series := metricstest.Parse(t, strings.NewReader(answer))
	if series[`infrahub_mcp_tool_calls_total{outcome="ok",tool="node_upsert"}`] != 1 || series[`infrahub_mcp_tool_calls_total{outcome="refused",tool="get_nodes"}`] != 2 {
		t.Errorf("the calls did not do what they should, so that this shows nothing:\n%s\n%s", answer, log)
	}
}

// TestEachPartOfTheServerCounts uses a server in all ways that need no login and
// checks that each part was given the metrics.
func TestEachPartOfTheServerCounts(t *testing.T) {
	address, _, _ := serve(t, func() *config.Config {
		cfg, _ := sandboxed(t, map[string]string{
			"INFRAHUB_MCP_PROMETHEUS_ENABLED": "true", "INFRAHUB_MCP_RATE_LIMIT_RPS": "0.001", "INFRAHUB_MCP_RATE_LIMIT_BURST": "4",
		})
		return cfg
	}())
	id := session(t, address) // two requests
	structured(t, address, id, "get_nodes", `{"kind":"BuiltinTag"}`)
	do(t, "DELETE", address+"/mcp", "", "Mcp-Session-Id", id)
	if status, _, _ := do(t, "POST", address+"/mcp", list); status != http.StatusTooManyRequests {
		t.Fatalf("status %d", status)
	}
	_, answer, _ := do(t, "GET", address+"/metrics", "")
	series := metricstest.Parse(t, strings.NewReader(answer))
	for _, name := range []string{
		`tool_calls_total{outcome="ok",tool="get_nodes"}`, `tool_call_duration_seconds_count{tool="get_nodes"}`,
		`messages_total{method="tools/call",outcome="ok"}`, `message_duration_seconds_count{method="tools/call"}`,
		"sessions_started_total", "sessions_ended_total", `rate_limit_refusals_total{limit="address"}`,
		`upstream_requests_total{outcome="2xx"}`, "upstream_request_duration_seconds_count", "upstream_connections_total",
		`schema_cache_lookups_total{result="loaded"}`,
	} {
		if series[metricstest.Prefix+name] == 0 {
			t.Errorf("%s is not counted", name)
		}
	}
}

// TestEachGuardCounts meets each limit, and logs in, where that needs a mode or a
// setting of its own.
func TestEachGuardCounts(t *testing.T) {
	oidc := map[string]string{
		"INFRAHUB_MCP_AUTH_MODE": "oidc", "INFRAHUB_MCP_OIDC_BASE_URL": publicURL, "INFRAHUB_MCP_SIGNING_KEY": signingKey,
		"INFRAHUB_MCP_OIDC_CLIENT_ID": "infrahub", "INFRAHUB_MCP_OIDC_CONFIG_URL": "http://127.0.0.1:1/.well-known/openid-configuration",
	}
	basic := map[string]string{"INFRAHUB_MCP_AUTH_MODE": "basic-passthrough"}
	guess := func(t *testing.T, address string, passwords int) {
		var guesses sync.WaitGroup
		for n := range passwords {
			guesses.Go(func() {
				request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_session_info"}}`))
				if err != nil {
					t.Error(err)
					return
				}
				request.Header.Set("Content-Type", "application/json")
				request.SetBasicAuth("ann", fmt.Sprint("guess", n))
				response, err := http.DefaultClient.Do(request)
				if err != nil {
					t.Error(err)
					return
				}
				_ = response.Body.Close()
			})
		}
		guesses.Wait()
	}
	for name, test := range map[string]struct {
		settings map[string]string
		meet     func(t *testing.T, address string)
		want     string
	}{
		"the rate of a principal": {
			map[string]string{"INFRAHUB_MCP_AUTH_MODE": "token-passthrough", "INFRAHUB_MCP_RATE_LIMIT_RPS": "0.001", "INFRAHUB_MCP_RATE_LIMIT_BURST": "2", "INFRAHUB_MCP_TRUSTED_PROXIES": "127.0.0.1"},
			func(t *testing.T, address string) {
				for _, from := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"} { // else it is that of the address
					do(t, "POST", address+"/mcp", list, "Authorization", "Bearer "+marked, "X-Forwarded-For", from)
				}
			},
			`rate_limit_refusals_total{limit="principal"}`,
		},
		"requests that are open": {
			map[string]string{"INFRAHUB_MCP_MAX_STREAMS": "1"},
			func(t *testing.T, address string) {
				request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/mcp", nil)
				if err != nil {
					t.Fatal(err)
				}
				request.Header.Set("Accept", "text/event-stream")
				request.Header.Set("Mcp-Session-Id", session(t, address))
				stream, err := http.DefaultClient.Do(request)
				if err != nil {
					t.Fatal(err)
				}
				do(t, "POST", address+"/mcp", list)
				_ = stream.Body.Close()
			},
			`rate_limit_refusals_total{limit="open"}`,
		},
		"the endpoints of a login": {
			oidc,
			func(t *testing.T, address string) {
				for range loginsAtOnce * 2 {
					do(t, "POST", address+"/revoke", "")
				}
			},
			`rate_limit_refusals_total{limit="login"}`,
		},
		"a login that comes back unasked": {
			oidc,
			func(t *testing.T, address string) { do(t, "GET", address+"/oauth/callback?state=x&code=y", "") },
			`logins_total{at="provider",outcome="refused"}`,
		},
		"a call that the login does not allow": {
			oidc,
			func(t *testing.T, address string) {
				newCaller(t, address, accessToken(t, "rea")).send(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"node_delete"}}`)
			},
			`tool_calls_total{outcome="refused",tool="node_delete"}`,
		},
		"a wrong password": {
			basic, func(t *testing.T, address string) { guess(t, address, 1) }, `logins_total{at="infrahub",outcome="refused"}`,
		},
		"more wrong passwords than may be": {
			basic, func(t *testing.T, address string) { guess(t, address, 20) }, `rate_limit_refusals_total{limit="failed_login"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			settings := map[string]string{"INFRAHUB_MCP_METRICS_ADDRESS": "127.0.0.1:0", "INFRAHUB_MCP_PROMETHEUS_ENABLED": "true"}
			maps.Copy(settings, test.settings)
			cfg, _ := sandboxed(t, settings)
			address, log, _ := serve(t, cfg)
			test.meet(t, address)
			_, answer, _ := do(t, "GET", metricsAddress(t, log.String())+"/metrics", "")
			if metricstest.Parse(t, strings.NewReader(answer))[metricstest.Prefix+test.want] == 0 {
				t.Errorf("%s is not counted:\n%s\n%s", test.want, answer, log)
			}
		})
	}
}
