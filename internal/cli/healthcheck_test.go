package cli

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"infrahub-mcp/internal/config"
)

func TestHealthcheckTellsByItsExitStatusHowTheServerIs(t *testing.T) {
	tests := []struct {
		name   string
		code   int
		body   string
		status int
		ending string // of the line on standard error
	}{
		{"it is healthy", 200, `{"status":"healthy"}`, exitOK, ""},
		{"it is unhealthy", 503, `{"status":"unhealthy","reason":"Infrahub does\nnot answer."}`, exitFailure, "/health answers 503 Service Unavailable: Infrahub does not answer."},
		{"it gives no reason", 500, "oops", exitFailure, "/health answers 500 Internal Server Error"},
		{"it redirects", 302, "", exitFailure, "/health answers 302 Found"},
		{"the reason is endless", 503, `{"reason":"` + strings.Repeat("a", 1<<20) + `"}`, exitFailure, "/health answers 503 Service Unavailable"},
		{"the reason is long", 503, `{"reason":"` + strings.Repeat("a", 1000) + `"}`, exitFailure, strings.Repeat("a", 300) + "…"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet || r.URL.Path != "/health" {
					t.Errorf("%s %s was asked for", r.Method, r.URL.Path)
				}
				w.Header().Set("Location", "http://"+r.Host+"/elsewhere")
				w.WriteHeader(test.code)
				_, _ = w.Write([]byte(test.body))
			}))
			defer server.Close()
			environment(t, map[string]string{"HTTP_PROXY": "http://127.0.0.1:1"})
			host, port, err := net.SplitHostPort(server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			status, out, errors := run(t, "healthcheck", "--host", host, "--port", port)
			if status != test.status || out != "" {
				t.Errorf("status %d, output %q", status, out)
			}
			if strings.Count(errors, "\n") != status || !strings.HasSuffix(errors, test.ending+"\n"[:status]) {
				t.Errorf("standard error: %q", errors)
			}
		})
	}
}

func TestHealthcheckTakesTheSettingsOfTheServer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	environment(t, map[string]string{"MCP_HOST": "0.0.0.0", "MCP_PORT": port})
	if status, _, errors := run(t, "healthcheck"); status != exitOK {
		t.Errorf("status %d: %s", status, errors)
	}
}

func TestHealthcheckFailsWithOneLine(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	_, port, err := net.SplitHostPort(closed.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	tests := []struct {
		name      string
		arguments []string
		line      string
	}{
		{"nobody listens", []string{"--port", port}, "infrahub-mcp: asking http://127.0.0.1:" + port + "/health: dial tcp 127.0.0.1:" + port + ": connect: connection refused\n"},
		{"any port is none", []string{"--port", "0"}, "infrahub-mcp: port 0 is any free one: say with --port or MCP_PORT which it was\n"},
		{
			"the settings are wrong", []string{"--port", "x", "--host", "a b"},
			"infrahub-mcp: --host is \"a b\", but must be an IP address or a host name, without a port. --port is \"x\", but must be a whole number from 0 to 65535.\n",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			environment(t, nil)
			status, out, errors := run(t, append([]string{"healthcheck"}, test.arguments...)...)
			if status != exitFailure || out != "" || errors != test.line {
				t.Errorf("status %d, output %q, standard error %q", status, out, errors)
			}
		})
	}
}

func TestHealthcheckThatIsInterruptedIsNoGoodNews(t *testing.T) {
	environment(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if status := Run(ctx, []string{"healthcheck"}, Streams{In: http.NoBody, Out: t.Output(), Err: t.Output()}); status != exitFailure {
		t.Errorf("status %d", status)
	}
}

func TestAServerOnEveryInterfaceIsAskedOverLoopback(t *testing.T) {
	for host, want := range map[string]string{
		"0.0.0.0":   "http://127.0.0.1:8001/health",
		"::":        "http://127.0.0.1:8001/health",
		"127.0.0.2": "http://127.0.0.2:8001/health",
		"::1":       "http://[::1]:8001/health",
		"localhost": "http://localhost:8001/health",
	} {
		if got := healthAddress(&config.Server{Host: host, Port: 8001}); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}
}
