package config

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTheTagsOfEverySettingAreSound holds what the code takes for granted.
func TestTheTagsOfEverySettingAreSound(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Settings() {
		t.Run(s.Name+s.Flag, func(t *testing.T) {
			if seen[s.Name+" "+s.Flag] || s.Name == "" && s.Flag == "" {
				t.Error("the name is missing or used twice")
			}
			seen[s.Name+" "+s.Flag] = true
			if s.Group == "" || s.Allowed == "" || !strings.HasSuffix(s.Meaning, ".") {
				t.Errorf("group %q, allowed %q, meaning %q", s.Group, s.Allowed, s.Meaning)
			}
			if isSecret := s.field.Type == reflect.TypeFor[Secret](); s.Secret != isSecret {
				t.Errorf("secret is %v, the type is %v", s.Secret, s.field.Type)
			}
			if s.Required && s.Default != "" {
				t.Error("it is required and has a default")
			}
			config := new(Config)
			for _, e := range entriesOf(config) {
				if e.Name != s.Name || e.Flag != s.Flag {
					continue
				}
				e.text = s.Default
				value, err := e.decode()
				switch {
				case s.Default == "" && (value.Kind() == reflect.String || value.Kind() == reflect.Slice):
				case err != nil:
					t.Errorf("the default does not decode: %v", err)
				default:
					if _, err := e.check(value); err != nil {
						t.Errorf("the default is refused: %v", err)
					}
				}
			}
		})
	}
}

// TestEveryTagIsKnown catches a tag that is misspelled and so does nothing.
func TestEveryTagIsKnown(t *testing.T) {
	known := map[string]bool{}
	for name := range strings.FieldsSeq("envconfig flag default desc required min max unit oneof format secret lines verbatim envfile empty with") {
		known[name] = true
	}
	for _, s := range Settings() {
		for _, tag := range regexp.MustCompile(`(\w+):"`).FindAllStringSubmatch(string(s.field.Tag), -1) {
			if !known[tag[1]] {
				t.Errorf("%s has the unknown tag %q", s.Name, tag[1])
			}
		}
		if format := s.field.Tag.Get("format"); format != "" && formatOf(format).allowed == formatOf("").allowed {
			t.Errorf("%s has the unknown format %q", s.Name, format)
		}
	}
}

// TestTheNamesAreThoseOfTheContract holds the names and defaults that the
// Python server's users rely on.
func TestTheNamesAreThoseOfTheContract(t *testing.T) {
	contract := map[string]string{
		"MCP_HOST": "127.0.0.1", "MCP_PORT": "8001",
		"INFRAHUB_ADDRESS": "", "INFRAHUB_API_TOKEN": "", "INFRAHUB_USERNAME": "", "INFRAHUB_PASSWORD": "",
		"INFRAHUB_TIMEOUT": "60", "INFRAHUB_DEFAULT_BRANCH": "", "INFRAHUB_PROXY": "",
		"INFRAHUB_PROXY_MOUNTS_HTTP": "", "INFRAHUB_PROXY_MOUNTS_HTTPS": "", "INFRAHUB_TLS_INSECURE": "false",
		"INFRAHUB_TLS_CA_FILE": "", "INFRAHUB_PAGINATION_SIZE": "50", "INFRAHUB_MAX_CONCURRENT_EXECUTION": "5",
		"INFRAHUB_RETRY_ON_FAILURE": "false", "INFRAHUB_RETRY_DELAY": "5", "INFRAHUB_PRIORITY": "",
		"INFRAHUB_RATE_LIMIT_RETRY_ENABLED": "true", "INFRAHUB_RATE_LIMIT_MAX_RETRIES": "10",
		"INFRAHUB_RATE_LIMIT_BACKOFF_BASE": "0.5", "INFRAHUB_RATE_LIMIT_BACKOFF_MAX": "60",
		"INFRAHUB_MCP_ENV_FILE": ".env", "INFRAHUB_MCP_READ_ONLY": "false",
		"INFRAHUB_MCP_BRANCH_PATTERN": "mcp/session-{date}-{hex}", "INFRAHUB_MCP_MAX_BRANCH_RETRIES": "5",
		"INFRAHUB_MCP_LOG_LEVEL": "info", "INFRAHUB_MCP_LOG_FORMAT": "auto", "INFRAHUB_MCP_RATE_LIMIT_RPS": "0", "INFRAHUB_MCP_RATE_LIMIT_BURST": "0",
		"INFRAHUB_MCP_RETRY_MAX_ATTEMPTS": "0", "INFRAHUB_MCP_RETRY_BASE_DELAY": "1",
		"INFRAHUB_MCP_QUEUE_TIMEOUT": "30", "INFRAHUB_MCP_BREAKER_FAILURES": "10", "INFRAHUB_MCP_BREAKER_PAUSE": "2", "INFRAHUB_MCP_MAX_REQUESTS": "1000",
		"INFRAHUB_MCP_CACHE_ENABLED": "false", "INFRAHUB_MCP_CACHE_LIST_TTL": "300", "INFRAHUB_MCP_CACHE_READ_TTL": "3600",
		"INFRAHUB_MCP_OTEL_ENABLED": "false", "INFRAHUB_MCP_PROMETHEUS_ENABLED": "false", "INFRAHUB_MCP_METRICS_ADDRESS": "",
		"INFRAHUB_MCP_DEREFERENCE_SCHEMAS": "false", "INFRAHUB_MCP_SCHEMA_EXPAND_PEERS": "true",
		"INFRAHUB_MCP_PING_INTERVAL_MS": "0", "INFRAHUB_MCP_AUTH_MODE": "none", "INFRAHUB_MCP_AUTH_SCOPES_WRITE": "write",
		"INFRAHUB_MCP_TOKEN_PASSTHROUGH_HEADER": "Authorization", "INFRAHUB_MCP_OIDC_CONFIG_URL": "",
		"INFRAHUB_MCP_OIDC_CLIENT_ID": "", "INFRAHUB_MCP_OIDC_BASE_URL": "", "INFRAHUB_MCP_OIDC_CLIENT_SECRET": "",
		"INFRAHUB_MCP_OIDC_AUDIENCE": "", "INFRAHUB_MCP_OIDC_USER_CLAIM": "email",
		"INFRAHUB_MCP_MAX_RESPONSE_BYTES": "500000", "INFRAHUB_MCP_REVEAL_SECRETS": "false",
		"INFRAHUB_MCP_ALLOWED_HOSTS": "", "INFRAHUB_MCP_ALLOWED_ORIGINS": "", "INFRAHUB_MCP_TRUSTED_PROXIES": "",
		"INFRAHUB_MCP_TLS_CERT_FILE": "", "INFRAHUB_MCP_TLS_KEY_FILE": "", "INFRAHUB_MCP_SESSION_TTL": "86400",
		"INFRAHUB_MCP_MAX_CONNECTIONS": "10000", "INFRAHUB_MCP_MAX_STREAMS": "10000", "INFRAHUB_MCP_SIGNING_KEY": "",
		"INFRAHUB_MCP_SHUTDOWN_TIMEOUT": "30", "INFRAHUB_MCP_SHUTDOWN_DELAY": "0", "INFRAHUB_MCP_STATE_URL": "", "INFRAHUB_MCP_PATH": "/mcp",
		"INFRAHUB_MCP_OIDC_REDIRECT_PATH": "/oauth/callback", "INFRAHUB_MCP_OIDC_SCOPES": "openid,email,profile",
		"INFRAHUB_MCP_OIDC_OFFLINE_ACCESS": "true", "INFRAHUB_MCP_OIDC_SCOPE_CLAIMS": "", "INFRAHUB_MCP_OIDC_ALLOWED_REDIRECT_URIS": "", "INFRAHUB_MCP_OIDC_CIMD": "on",
		"INFRAHUB_MCP_OIDC_PASS_USER":        "false",
		"INFRAHUB_MCP_ALLOW_AGNOSTIC_WRITES": "false", "INFRAHUB_MCP_CONFIRM_DELETES": "auto",
		"OTEL_SDK_DISABLED": "false", "OTEL_TRACES_EXPORTER": "otlp",
		"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "",
		"OTEL_EXPORTER_OTLP_ENDPOINT": "", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "",
		"OTEL_EXPORTER_OTLP_HEADERS": "", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "",
		"OTEL_TRACES_SAMPLER": "parentbased_always_on", "OTEL_TRACES_SAMPLER_ARG": "1",
	}
	got := map[string]string{}
	for _, s := range Settings() {
		if s.Name != "" {
			got[s.Name] = s.Default
		}
	}
	if diff := cmp.Diff(contract, got); diff != "" {
		t.Error(diff)
	}
}
