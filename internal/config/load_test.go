package config

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// environment makes the given variables the only settings in the process
// environment, and an empty folder the working directory, until the test ends.
func environment(t testing.TB, variables map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if capitals := strings.ToUpper(name); strings.HasPrefix(capitals, "INFRAHUB_") || strings.HasPrefix(capitals, "MCP_") || strings.HasPrefix(capitals, "OTEL_") {
			t.Setenv(name, "") // puts the variable back when the test ends
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, value := range variables {
		t.Setenv(name, value)
	}
}

// with returns the least environment that is sound, changed as said: an entry
// with the value "-" takes a variable away.
func with(changes map[string]string) map[string]string {
	variables := map[string]string{"INFRAHUB_ADDRESS": "http://localhost:8000", "INFRAHUB_API_TOKEN": "sesame"}
	for name, value := range changes {
		variables[name] = value
		if value == "-" {
			delete(variables, name)
		}
	}
	return variables
}

// problemsOf returns the problems of an error of Load.
func problemsOf(t testing.TB, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	var all *Error
	if !errors.As(err, &all) {
		t.Fatalf("the error is no *Error: %v", err)
	}
	if all.Error() != strings.Join(all.Problems, "\n") {
		t.Errorf("Error() is %q, not one line for each problem", all.Error())
	}
	return all.Problems
}

func TestDefaultsHoldWhereNothingIsSet(t *testing.T) {
	environment(t, with(nil))
	got, warnings, err := Load(nil)
	if err != nil || warnings != nil {
		t.Fatalf("Load: %v, %v", warnings, err)
	}
	want := &Config{
		Infrahub: Infrahub{
			Address: "http://localhost:8000", APIToken: "sesame", Timeout: time.Minute,
			PaginationSize: 50, MaxConcurrentExecution: 5, RetryDelay: 5 * time.Second,
			RateLimitRetryEnabled: true, RateLimitMaxRetries: 10,
			RateLimitBackoffBase: 500 * time.Millisecond, RateLimitBackoffMax: time.Minute,
		},
		Server:  Server{Transport: "stdio", Host: "127.0.0.1", Port: 8001, Path: "/mcp", EnvFile: ".env", AllowedHosts: []string{}, AllowedOrigins: []string{}, TrustedProxies: []string{}, SessionTTL: 24 * time.Hour, ShutdownTimeout: 30 * time.Second, MaxConnections: 10000, MaxStreams: 10000},
		Tools:   Tools{MaxResponseBytes: 500000, SchemaExpandPeers: true},
		Logging: Logging{Level: "info", Format: "auto"},
		Limits:  Limits{RetryBaseDelay: time.Second, QueueTimeout: 30 * time.Second, BreakerFailures: 10, BreakerPause: 2 * time.Second, MaxRequests: 1000, CacheListTTL: 5 * time.Minute, CacheReadTTL: time.Hour},
		Branch:  Branch{Pattern: "mcp/session-{date}-{hex}", MaxRetries: 5},
		Writes:  Writes{ConfirmDeletes: "auto"},
		Auth:    Auth{Mode: "none", ScopesWrite: []string{"write"}, TokenPassthroughHeader: "Authorization", OIDCUserClaim: "email", OIDCRedirectPath: "/oauth/callback", OIDCScopes: []string{"openid", "email", "profile"}, OIDCOfflineAccess: true, OIDCScopeClaims: []string{}, OIDCAllowedRedirects: []string{}, OIDCCIMD: []string{"on"}},
		Tracing: Tracing{Exporter: "otlp", Protocol: "http/protobuf", Sampler: "parentbased_always_on", SamplerArgument: 1},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b Secret) bool { return a.Reveal() == b.Reveal() })); diff != "" {
		t.Error(diff)
	}
}

func TestValuesAreRead(t *testing.T) {
	tests := []struct {
		name, value string
		field       func(*Config) any
		want        any
	}{
		{"INFRAHUB_ADDRESS", " https://infrahub.example/ ", func(c *Config) any { return c.Infrahub.Address }, "https://infrahub.example"},
		{"INFRAHUB_ADDRESS", "http://infrahub.example:8000/base//", func(c *Config) any { return c.Infrahub.Address }, "http://infrahub.example:8000/base"},
		{"INFRAHUB_ADDRESS", "http://[::1]:8000", func(c *Config) any { return c.Infrahub.Address }, "http://[::1]:8000"},
		{"INFRAHUB_API_TOKEN", " open-sesame\t", func(c *Config) any { return c.Infrahub.APIToken.Reveal() }, "open-sesame"},
		{"INFRAHUB_DEFAULT_BRANCH", "stable", func(c *Config) any { return c.Infrahub.DefaultBranch }, "stable"},
		{"INFRAHUB_TIMEOUT", "60", func(c *Config) any { return c.Infrahub.Timeout }, time.Minute},
		{"INFRAHUB_TIMEOUT", "0.25", func(c *Config) any { return c.Infrahub.Timeout }, 250 * time.Millisecond},
		{"INFRAHUB_TIMEOUT", " 90s ", func(c *Config) any { return c.Infrahub.Timeout }, 90 * time.Second},
		{"INFRAHUB_TIMEOUT", "1m30s", func(c *Config) any { return c.Infrahub.Timeout }, 90 * time.Second},
		{"INFRAHUB_TIMEOUT", "1e2", func(c *Config) any { return c.Infrahub.Timeout }, 100 * time.Second},
		{"INFRAHUB_TIMEOUT", "", func(c *Config) any { return c.Infrahub.Timeout }, time.Minute},
		{"INFRAHUB_TIMEOUT", "  ", func(c *Config) any { return c.Infrahub.Timeout }, time.Minute},
		{"INFRAHUB_PRIORITY", "High", func(c *Config) any { return c.Infrahub.Priority }, "high"},
		{"INFRAHUB_PRIORITY", "", func(c *Config) any { return c.Infrahub.Priority }, ""},
		{"INFRAHUB_PROXY", "http://user:word@proxy.example:3128", func(c *Config) any { return c.Infrahub.Proxy.Reveal() }, "http://user:word@proxy.example:3128"},
		{"INFRAHUB_PROXY_MOUNTS_HTTPS", "socks5://proxy.example", func(c *Config) any { return c.Infrahub.ProxyMountsHTTPS.Reveal() }, "socks5://proxy.example"},
		{"INFRAHUB_PAGINATION_SIZE", "010", func(c *Config) any { return c.Infrahub.PaginationSize }, 10},
		{"INFRAHUB_TLS_INSECURE", "no", func(c *Config) any { return c.Infrahub.TLSInsecure }, false},
		{"INFRAHUB_RATE_LIMIT_RETRY_ENABLED", "Off", func(c *Config) any { return c.Infrahub.RateLimitRetryEnabled }, false},
		{"MCP_HOST", "0.0.0.0", func(c *Config) any { return c.Server.Host }, "0.0.0.0"},
		{"MCP_HOST", "[::1]", func(c *Config) any { return c.Server.Host }, "::1"},
		{"MCP_PORT", "0", func(c *Config) any { return c.Server.Port }, 0},
		{"INFRAHUB_MCP_PING_INTERVAL_MS", "1500", func(c *Config) any { return c.Server.PingInterval }, 1500 * time.Millisecond},
		{"INFRAHUB_MCP_PING_INTERVAL_MS", "2s", func(c *Config) any { return c.Server.PingInterval }, 2 * time.Second},
		{"INFRAHUB_MCP_READ_ONLY", " YES ", func(c *Config) any { return c.Tools.ReadOnly }, true},
		{"INFRAHUB_MCP_READ_ONLY", "1", func(c *Config) any { return c.Tools.ReadOnly }, true},
		{"INFRAHUB_MCP_READ_ONLY", "on", func(c *Config) any { return c.Tools.ReadOnly }, true},
		{"INFRAHUB_MCP_READ_ONLY", "True", func(c *Config) any { return c.Tools.ReadOnly }, true},
		{"INFRAHUB_MCP_SCHEMA_EXPAND_PEERS", "0", func(c *Config) any { return c.Tools.SchemaExpandPeers }, false},
		{"INFRAHUB_MCP_SCHEMA_EXPAND_PEERS", "", func(c *Config) any { return c.Tools.SchemaExpandPeers }, true},
		{"INFRAHUB_MCP_DEREFERENCE_SCHEMAS", "true", func(c *Config) any { return c.Tools.DereferenceSchemas }, true},
		{"INFRAHUB_MCP_MAX_RESPONSE_BYTES", "10000", func(c *Config) any { return c.Tools.MaxResponseBytes }, 10000},
		{"INFRAHUB_MCP_REVEAL_SECRETS", "true", func(c *Config) any { return c.Tools.RevealSecrets }, true},
		{"INFRAHUB_MCP_BRANCH_PATTERN", "ai/{user}-{hex}", func(c *Config) any { return c.Branch.Pattern }, "ai/{user}-{hex}"},
		{"INFRAHUB_MCP_MAX_BRANCH_RETRIES", "20", func(c *Config) any { return c.Branch.MaxRetries }, 20},
		{"INFRAHUB_MCP_ALLOW_AGNOSTIC_WRITES", "true", func(c *Config) any { return c.Writes.AllowAgnostic }, true},
		{"INFRAHUB_MCP_CONFIRM_DELETES", " Always ", func(c *Config) any { return c.Writes.ConfirmDeletes }, "always"},
		{"INFRAHUB_MCP_CONFIRM_DELETES", "", func(c *Config) any { return c.Writes.ConfirmDeletes }, "auto"},
		{"INFRAHUB_MCP_LOG_LEVEL", " WARNING ", func(c *Config) any { return c.Logging.Level }, "warning"},
		{"INFRAHUB_MCP_LOG_FORMAT", "JSON", func(c *Config) any { return c.Logging.Format }, "json"},
		{"INFRAHUB_MCP_RETRY_BASE_DELAY", "0.5", func(c *Config) any { return c.Limits.RetryBaseDelay }, 500 * time.Millisecond},
		{"INFRAHUB_MCP_AUTH_MODE", " None ", func(c *Config) any { return c.Auth.Mode }, "none"},
		{"INFRAHUB_MCP_AUTH_SCOPES_WRITE", " write ,", func(c *Config) any { return c.Auth.ScopesWrite }, []string{"write"}},
		{"INFRAHUB_MCP_RATE_LIMIT_RPS", "0.0", func(c *Config) any { return c.Limits.RateLimitRPS }, 0.0},
	}
	for _, test := range tests {
		t.Run(test.name+"="+test.value, func(t *testing.T) {
			environment(t, with(map[string]string{test.name: test.value}))
			config, _, err := Load(nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, test.field(config)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAPasswordKeepsItsBlanks(t *testing.T) {
	environment(t, with(map[string]string{"INFRAHUB_API_TOKEN": "-", "INFRAHUB_USERNAME": " admin ", "INFRAHUB_PASSWORD": "  "}))
	config, _, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	if config.Infrahub.Username != "admin" || config.Infrahub.Password.Reveal() != "  " {
		t.Errorf("user %q, password %q", config.Infrahub.Username, config.Infrahub.Password.Reveal())
	}
}

func TestMalformedValuesAreRefused(t *testing.T) {
	const seconds = ", but must be a number of seconds from 0.1 to 86400."
	const address = ", but must be an http or https URL with a host, without user, query and fragment."
	tests := []struct{ name, value, problem string }{
		{"INFRAHUB_TIMEOUT", "soon", `INFRAHUB_TIMEOUT is "soon"` + seconds},
		{"INFRAHUB_TIMEOUT", "0", `INFRAHUB_TIMEOUT is "0"` + seconds},
		{"INFRAHUB_TIMEOUT", "-1", `INFRAHUB_TIMEOUT is "-1"` + seconds},
		{"INFRAHUB_TIMEOUT", "-5s", `INFRAHUB_TIMEOUT is "-5s"` + seconds},
		{"INFRAHUB_TIMEOUT", "NaN", `INFRAHUB_TIMEOUT is "NaN"` + seconds},
		{"INFRAHUB_TIMEOUT", "Inf", `INFRAHUB_TIMEOUT is "Inf"` + seconds},
		{"INFRAHUB_TIMEOUT", "1e999", `INFRAHUB_TIMEOUT is "1e999"` + seconds},
		{"INFRAHUB_TIMEOUT", "1e300", `INFRAHUB_TIMEOUT is "1e300"` + seconds},
		{"INFRAHUB_TIMEOUT", "9223372036.9", `INFRAHUB_TIMEOUT is "9223372036.9"` + seconds},
		{"INFRAHUB_TIMEOUT", "9000h", `INFRAHUB_TIMEOUT is "9000h"` + seconds},
		{"INFRAHUB_TIMEOUT", "0x10", `INFRAHUB_TIMEOUT is "0x10"` + seconds},
		{"INFRAHUB_TIMEOUT", "1_000", `INFRAHUB_TIMEOUT is "1_000"` + seconds},
		{"INFRAHUB_TIMEOUT", "60 60", `INFRAHUB_TIMEOUT is "60 60"` + seconds},
		{"INFRAHUB_MCP_PING_INTERVAL_MS", "300001", `INFRAHUB_MCP_PING_INTERVAL_MS is "300001", but must be a number of milliseconds from 0 to 300000.`},
		{"INFRAHUB_PAGINATION_SIZE", "0", `INFRAHUB_PAGINATION_SIZE is "0", but must be a whole number of nodes from 1 to 1000.`},
		{"INFRAHUB_PAGINATION_SIZE", "1.5", `INFRAHUB_PAGINATION_SIZE is "1.5", but must be a whole number of nodes from 1 to 1000.`},
		{"INFRAHUB_PAGINATION_SIZE", "99999999999999999999", `INFRAHUB_PAGINATION_SIZE is "99999999999999999999", but must be a whole number of nodes from 1 to 1000.`},
		{"INFRAHUB_MCP_MAX_RESPONSE_BYTES", "9999", `INFRAHUB_MCP_MAX_RESPONSE_BYTES is "9999", but must be a whole number of bytes from 10000 to 20000000.`},
		{"INFRAHUB_MCP_MAX_RESPONSE_BYTES", "20000001", `INFRAHUB_MCP_MAX_RESPONSE_BYTES is "20000001", but must be a whole number of bytes from 10000 to 20000000.`},
		{"MCP_PORT", "65536", `MCP_PORT is "65536", but must be a whole number from 0 to 65535.`},
		{"MCP_PORT", "tcp://10.0.0.1:8001", `MCP_PORT is "tcp://10.0.0.1:8001", but must be a whole number from 0 to 65535.`},
		{"INFRAHUB_MCP_READ_ONLY", "ja", `INFRAHUB_MCP_READ_ONLY is "ja", but must be true or false.`},
		{"INFRAHUB_MCP_RATE_LIMIT_RPS", "NaN", `INFRAHUB_MCP_RATE_LIMIT_RPS is "NaN", but must be a number from 0 to 10000.`},
		{"INFRAHUB_MCP_RATE_LIMIT_RPS", "-1", `INFRAHUB_MCP_RATE_LIMIT_RPS is "-1", but must be a number from 0 to 10000.`},
		{"INFRAHUB_MCP_MAX_BRANCH_RETRIES", "21", `INFRAHUB_MCP_MAX_BRANCH_RETRIES is "21", but must be a whole number of attempts from 1 to 20.`},
		{"INFRAHUB_MCP_CONFIRM_DELETES", "sometimes", `INFRAHUB_MCP_CONFIRM_DELETES is "sometimes", but must be one of auto, always, never.`},
		{"INFRAHUB_MCP_ALLOW_AGNOSTIC_WRITES", "some", `INFRAHUB_MCP_ALLOW_AGNOSTIC_WRITES is "some", but must be true or false.`},
		{"INFRAHUB_MCP_CACHE_LIST_TTL", "0", `INFRAHUB_MCP_CACHE_LIST_TTL is "0", but must be a number of seconds from 1 to 2592000.`},
		{"INFRAHUB_MCP_LOG_LEVEL", "warn", `INFRAHUB_MCP_LOG_LEVEL is "warn", but must be one of debug, info, warning, error. Did you mean warning?`},
		{"INFRAHUB_MCP_LOG_LEVEL", "loud", `INFRAHUB_MCP_LOG_LEVEL is "loud", but must be one of debug, info, warning, error.`},
		{"INFRAHUB_MCP_AUTH_MODE", "oauth", `INFRAHUB_MCP_AUTH_MODE is "oauth", but must be one of none, token-passthrough, basic-passthrough, oidc.`},
		{"INFRAHUB_PRIORITY", "urgent", `INFRAHUB_PRIORITY is "urgent", but must be one of high, medium, low.`},
		{"INFRAHUB_MCP_BRANCH_PATTERN", "x-{hxe}", `INFRAHUB_MCP_BRANCH_PATTERN is "x-{hxe}", but must be a branch name that may hold {date}, {hex} and {user}. There is no placeholder "hxe". Did you mean hex?`},
		{"INFRAHUB_MCP_AUTH_SCOPES_WRITE", "a b", `INFRAHUB_MCP_AUTH_SCOPES_WRITE is "a b", but must be scopes separated by commas.`},
		{"INFRAHUB_MCP_TOKEN_PASSTHROUGH_HEADER", "X Token", `INFRAHUB_MCP_TOKEN_PASSTHROUGH_HEADER is "X Token", but must be the name of an HTTP header.`},
		{"INFRAHUB_MCP_OIDC_AUDIENCE", "a\nb", `INFRAHUB_MCP_OIDC_AUDIENCE is "a\nb", but must be text on one line.`},
		{"INFRAHUB_ADDRESS", "localhost:8000", `INFRAHUB_ADDRESS is "localhost:8000"` + address + ` Did you mean http://localhost:8000?`},
		{"INFRAHUB_ADDRESS", "ftp://infrahub.example", `INFRAHUB_ADDRESS is "ftp://infrahub.example"` + address},
		{"INFRAHUB_ADDRESS", "http://root:sesame@infrahub.example", `INFRAHUB_ADDRESS is (hidden)` + address + ` A credential has a setting of its own and does not belong in an address.`},
		{"INFRAHUB_ADDRESS", "http://infrahub.example/?token=sesame", `INFRAHUB_ADDRESS is (hidden)` + address},
		{"INFRAHUB_API_TOKEN", "ses ame", `INFRAHUB_API_TOKEN is (hidden), but must be printable ASCII characters without blanks.`},
		{"INFRAHUB_PROXY", "proxy.example:3128", `INFRAHUB_PROXY is (hidden), but must be an http, https or socks5 URL with a host. It has no scheme such as http:// in front.`},
		{"INFRAHUB_TLS_CA_FILE", "missing.pem", `INFRAHUB_TLS_CA_FILE is "missing.pem", but must be a file of certificates in PEM format. It cannot be read: no such file or directory.`},
		{"INFRAHUB_TIMEOUT", strings.Repeat("9", 5000), `INFRAHUB_TIMEOUT is "` + strings.Repeat("9", 100) + `…"` + seconds},
	}
	for _, test := range tests {
		t.Run(test.problem[:min(len(test.problem), 60)], func(t *testing.T) {
			environment(t, with(map[string]string{test.name: test.value}))
			config, _, err := Load(nil)
			if config != nil {
				t.Error("a configuration comes beside the error")
			}
			if diff := cmp.Diff([]string{test.problem}, problemsOf(t, err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAllProblemsAreReportedAtOnce(t *testing.T) {
	environment(t, map[string]string{
		"INFRAHUB_USERNAME":      "admin",
		"INFRAHUB_TIMEOUT":       "soon",
		"INFRAHUB_MCP_READ_ONLY": "perhaps",
		"MCP_PORT":               "-1",
		"INFRAHUB_MCP_AUTH_MODE": "oidc",
	})
	_, _, err := Load(Flags{"host": "127.0.0.1:80", "transport": "http"})
	want := []string{
		`INFRAHUB_TIMEOUT is "soon", but must be a number of seconds from 0.1 to 86400.`,
		`--transport is "http", but must be one of stdio, streamable-http. Did you mean streamable-http?`,
		`--host is "127.0.0.1:80", but must be an IP address or a host name, without a port. The port has its own setting, --port or MCP_PORT.`,
		`MCP_PORT is "-1", but must be a whole number from 0 to 65535.`,
		`INFRAHUB_MCP_READ_ONLY is "perhaps", but must be true or false.`,
		`INFRAHUB_ADDRESS is not set, but must be an http or https URL with a host, without user, query and fragment.`,
		`INFRAHUB_USERNAME is set alone: INFRAHUB_USERNAME and INFRAHUB_PASSWORD belong together.`,
		`INFRAHUB_MCP_AUTH_MODE is "oidc", which also needs INFRAHUB_MCP_OIDC_CONFIG_URL, INFRAHUB_MCP_OIDC_CLIENT_ID, INFRAHUB_MCP_OIDC_BASE_URL.`,
	}
	if diff := cmp.Diff(want, problemsOf(t, err)); diff != "" {
		t.Error(diff)
	}
}

func TestFlagsGoBeforeVariablesBeforeDefaults(t *testing.T) {
	tests := []struct {
		name      string
		flags     Flags
		variables map[string]string
		want      Server
	}{
		{"nothing is given", nil, nil, Server{Transport: "stdio", Host: "127.0.0.1", Port: 8001}},
		{"variables are given", nil, map[string]string{"MCP_HOST": "::", "MCP_PORT": "9000"}, Server{Transport: "stdio", Host: "::", Port: 9000}},
		{
			"flags are given", Flags{"transport": "Streamable-HTTP", "host": "localhost", "port": "0"},
			map[string]string{"MCP_HOST": "::", "MCP_PORT": "9000"},
			Server{Transport: "streamable-http", Host: "localhost", Port: 0},
		},
		{"a flag hides a malformed variable", Flags{"port": "80"}, map[string]string{"MCP_PORT": "eighty"}, Server{Transport: "stdio", Host: "127.0.0.1", Port: 80}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			environment(t, with(test.variables))
			config, _, err := Load(test.flags)
			if err != nil {
				t.Fatal(err)
			}
			want := untouched()
			want.Transport, want.Host, want.Port = test.want.Transport, test.want.Host, test.want.Port
			if diff := cmp.Diff(want, config.Server); diff != "" {
				t.Error(diff)
			}
			server, err := LoadServer(test.flags)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, *server); diff != "" {
				t.Errorf("LoadServer: %s", diff)
			}
		})
	}
}

func TestAnEmptyFlagIsRefused(t *testing.T) {
	environment(t, with(nil))
	for flag, value := range map[string]string{"host": "", "port": " ", "transport": ""} {
		if _, _, err := Load(Flags{flag: value}); len(problemsOf(t, err)) != 1 || !strings.HasPrefix(err.Error(), "--"+flag+" is ") {
			t.Errorf("--%s=%q: %v", flag, value, err)
		}
	}
}

func TestLoadServerNeedsNothingOfInfrahub(t *testing.T) {
	environment(t, map[string]string{"MCP_PORT": "x"})
	_, err := LoadServer(nil)
	if diff := cmp.Diff([]string{`MCP_PORT is "x", but must be a whole number from 0 to 65535.`}, problemsOf(t, err)); diff != "" {
		t.Error(diff)
	}
}

func TestLoadChangesNoVariable(t *testing.T) {
	environment(t, map[string]string{"INFRAHUB_MCP_READ_ONLY": "x"})
	writeFile(t, ".env", "INFRAHUB_ADDRESS=http://localhost\nINFRAHUB_API_TOKEN=sesame\n")
	before := os.Environ()
	if _, _, err := Load(nil); err == nil {
		t.Fatal("READ_ONLY=x is accepted")
	}
	if !reflect.DeepEqual(before, os.Environ()) {
		t.Error("the environment has changed")
	}
}

func TestWhatIsSettledGoesBeforeAllThatTheEnvironmentSaysOfInfrahub(t *testing.T) {
	environment(t, map[string]string{
		"INFRAHUB_ADDRESS": "no address", "INFRAHUB_API_TOKEN": "ses ame", "INFRAHUB_USERNAME": "ann", "INFRAHUB_PASSWORD": "word",
		"INFRAHUB_DEFAULT_BRANCH": "a..b", "INFRAHUB_TLS_INSECURE": "perhaps", "INFRAHUB_TLS_CA_FILE": "missing.pem",
		"INFRAHUB_PROXY": "nowhere", "INFRAHUB_PROXY_MOUNTS_HTTP": "http://proxy.example", "INFRAHUB_PROXY_MOUNTS_HTTPS": "http://proxy.example",
		"INFRAHUB_MCP_ENV_FILE": "missing.env", "INFRAHUB_MCP_READ_ONLY": "true", "INFRAHUB_TIMEOUT": "7",
	})
	if err := os.WriteFile(".env", []byte("INFRAHUB_API_TOKEN=other\nINFRAHUB_MCP_READ_ONLY=false\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	config, warnings, err := LoadFor(Flags{"port": "9"}, "http://127.0.0.1:4321", "sesame")
	if err != nil || warnings != nil {
		t.Fatalf("%v, %q", err, warnings)
	}
	want := Infrahub{
		Address: "http://127.0.0.1:4321", APIToken: "sesame", Timeout: 7 * time.Second,
		PaginationSize: 50, MaxConcurrentExecution: 5, RetryDelay: 5 * time.Second,
		RateLimitRetryEnabled: true, RateLimitMaxRetries: 10,
		RateLimitBackoffBase: 500 * time.Millisecond, RateLimitBackoffMax: time.Minute,
	}
	if diff := cmp.Diff(want, config.Infrahub, cmp.Comparer(func(a, b Secret) bool { return a.Reveal() == b.Reveal() })); diff != "" {
		t.Error(diff)
	}
	if !config.Tools.ReadOnly || config.Server.Port != 9 || config.Server.EnvFile != ".env" {
		t.Errorf("what is not about Infrahub does not count: %+v, %+v", config.Tools, config.Server)
	}
}

func TestWhatIsSettledIsCheckedAndOtherProblemsAreStillReported(t *testing.T) {
	environment(t, map[string]string{"INFRAHUB_TIMEOUT": "soon", "INFRAHUB_MCP_READONLY": "1"})
	config, warnings, err := LoadFor(nil, "http://127.0.0.1:4321", "sesame")
	if problems := problemsOf(t, err); config != nil || len(problems) != 1 || !strings.HasPrefix(problems[0], "INFRAHUB_TIMEOUT") {
		t.Errorf("problems %q", problems)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "INFRAHUB_MCP_READONLY") {
		t.Errorf("warnings %q", warnings)
	}
}

// untouched is the group Server where nothing is set.
func untouched() Server {
	return Server{
		Path: "/mcp", EnvFile: ".env", AllowedHosts: []string{}, AllowedOrigins: []string{}, TrustedProxies: []string{},
		SessionTTL: 24 * time.Hour, ShutdownTimeout: 30 * time.Second, MaxConnections: 10000, MaxStreams: 10000,
	}
}

func TestTheDefaultConfigurationIsTheSameEverywhere(t *testing.T) {
	environment(t, nil)
	want, _, err := LoadFor(nil, "http://127.0.0.1:4321", "sesame")
	if err != nil {
		t.Fatal(err)
	}
	environment(t, map[string]string{
		"INFRAHUB_ADDRESS": "no address", "INFRAHUB_API_TOKEN": "ses ame", "INFRAHUB_TIMEOUT": "7", "MCP_PORT": "9",
		"INFRAHUB_MCP_READ_ONLY": "true", "INFRAHUB_MCP_AUTH_MODE": "oidc",
	})
	got, err := Default("http://127.0.0.1:4321", "sesame")
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
