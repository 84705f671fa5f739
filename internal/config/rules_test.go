package config

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSettingsThatContradictEachOtherAreRefused(t *testing.T) {
	const noToken = "-"
	tests := []struct {
		name      string
		variables map[string]string
		problems  []string
	}{
		{
			"no credential", map[string]string{"INFRAHUB_API_TOKEN": noToken},
			[]string{"No credential for Infrahub is set: set INFRAHUB_API_TOKEN, or INFRAHUB_USERNAME with INFRAHUB_PASSWORD."},
		},
		{
			"an empty token is none", map[string]string{"INFRAHUB_API_TOKEN": ""},
			[]string{"No credential for Infrahub is set: set INFRAHUB_API_TOKEN, or INFRAHUB_USERNAME with INFRAHUB_PASSWORD."},
		},
		{"user name and password", map[string]string{"INFRAHUB_API_TOKEN": noToken, "INFRAHUB_USERNAME": "a", "INFRAHUB_PASSWORD": "b"}, nil},
		{
			"a user name alone", map[string]string{"INFRAHUB_API_TOKEN": noToken, "INFRAHUB_USERNAME": "a"},
			[]string{"INFRAHUB_USERNAME is set alone: INFRAHUB_USERNAME and INFRAHUB_PASSWORD belong together."},
		},
		{
			"a password alone", map[string]string{"INFRAHUB_API_TOKEN": noToken, "INFRAHUB_PASSWORD": "b"},
			[]string{"INFRAHUB_PASSWORD is set alone: INFRAHUB_USERNAME and INFRAHUB_PASSWORD belong together."},
		},
		{
			"a token and a login", map[string]string{"INFRAHUB_USERNAME": "a", "INFRAHUB_PASSWORD": "b"},
			[]string{"INFRAHUB_API_TOKEN is set together with INFRAHUB_USERNAME and INFRAHUB_PASSWORD: set either the token, or user name and password."},
		},
		{
			"a token and half a login", map[string]string{"INFRAHUB_PASSWORD": "b"},
			[]string{"INFRAHUB_API_TOKEN is set together with INFRAHUB_PASSWORD: set either the token, or user name and password."},
		},
		{
			"a malformed token is not a missing one", map[string]string{"INFRAHUB_API_TOKEN": "a b"},
			[]string{"INFRAHUB_API_TOKEN is (hidden), but must be printable ASCII characters without blanks."},
		},
		{"a token and an empty login", map[string]string{"INFRAHUB_USERNAME": "", "INFRAHUB_PASSWORD": ""}, nil},
		{
			"a proxy for all and one for http", map[string]string{"INFRAHUB_PROXY": "http://p", "INFRAHUB_PROXY_MOUNTS_HTTP": "http://p"},
			[]string{"INFRAHUB_PROXY is set together with INFRAHUB_PROXY_MOUNTS_HTTP: set one proxy for all requests, or one for each scheme."},
		},
		{
			"the path of something else", map[string]string{"INFRAHUB_MCP_PATH": "/token", "INFRAHUB_MCP_OIDC_REDIRECT_PATH": "/health"},
			[]string{
				`INFRAHUB_MCP_PATH is "/token", where this server has something else: choose another path.`,
				`INFRAHUB_MCP_OIDC_REDIRECT_PATH is "/health", where this server has something else: choose another path.`,
			},
		},
		{
			"one path for two things", map[string]string{"INFRAHUB_MCP_PATH": "/back", "INFRAHUB_MCP_OIDC_REDIRECT_PATH": "/back"},
			[]string{`INFRAHUB_MCP_PATH is "/back", where this server has something else: choose another path.`},
		},
		{
			"a path that is always answered", map[string]string{"INFRAHUB_MCP_PATH": "/auth/callback"},
			[]string{`INFRAHUB_MCP_PATH is "/auth/callback", where this server has something else: choose another path.`},
		},
		{
			"a path among metadata", map[string]string{"INFRAHUB_MCP_PATH": "/.well-known/mcp"},
			[]string{`INFRAHUB_MCP_PATH is "/.well-known/mcp", where this server has something else: choose another path.`},
		},
		{"paths of one's own", map[string]string{"INFRAHUB_MCP_PATH": "/tokens", "INFRAHUB_MCP_OIDC_REDIRECT_PATH": "/auth/callback"}, nil},
		{"a proxy for each scheme", map[string]string{"INFRAHUB_PROXY_MOUNTS_HTTP": "http://p", "INFRAHUB_PROXY_MOUNTS_HTTPS": "http://q"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			environment(t, with(test.variables))
			_, _, err := Load(nil)
			if diff := cmp.Diff(test.problems, problemsOf(t, err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestModesThatNeedHeadersRefuseStdio(t *testing.T) {
	for _, mode := range []string{AuthTokenPassthrough, AuthBasicPassthrough, AuthOIDC} {
		for _, transport := range []string{TransportStdio, TransportHTTP} {
			environment(t, with(map[string]string{"INFRAHUB_MCP_AUTH_MODE": mode}))
			_, _, err := Load(Flags{"transport": transport})
			refuses := strings.Contains(strings.Join(problemsOf(t, err), "\n"), "which needs --transport streamable-http")
			if refuses != (transport == TransportStdio) {
				t.Errorf("mode %s on %s: refused %v", mode, transport, refuses)
			}
		}
	}
}

func TestASharedStateNeedsAKeyThatReplicasShare(t *testing.T) {
	oidc := map[string]string{
		"INFRAHUB_MCP_AUTH_MODE": AuthOIDC, "INFRAHUB_MCP_OIDC_CLIENT_ID": "infrahub",
		"INFRAHUB_MCP_OIDC_CONFIG_URL": "https://idp.example/.well-known/openid-configuration", "INFRAHUB_MCP_OIDC_BASE_URL": "https://mcp.example",
	}
	for _, test := range []struct {
		name, transport string
		settings        map[string]string
		refuses         bool
	}{
		{"without a key", TransportHTTP, nil, true},
		{"with a key", TransportHTTP, map[string]string{"INFRAHUB_MCP_SIGNING_KEY": "k"}, false},
		{"with a file of keys", TransportHTTP, map[string]string{"INFRAHUB_MCP_SIGNING_KEY_FILE": "k"}, false},
		{"on stdio, where nothing is shared", TransportStdio, nil, false},
		{"logins with a client secret, which makes a key", TransportHTTP, map[string]string{"INFRAHUB_MCP_AUTH_MODE": AuthOIDC, "INFRAHUB_MCP_OIDC_CLIENT_SECRET": "s"}, false},
		{"logins of a public client", TransportHTTP, map[string]string{"INFRAHUB_MCP_AUTH_MODE": AuthOIDC}, true},
		{"a client secret that is not used", TransportHTTP, map[string]string{"INFRAHUB_MCP_OIDC_CLIENT_SECRET": "s"}, true},
	} {
		settings := map[string]string{"INFRAHUB_MCP_STATE_URL": "redis://redis.example"}
		if test.settings["INFRAHUB_MCP_AUTH_MODE"] != "" {
			maps.Copy(settings, oidc)
		}
		maps.Copy(settings, test.settings)
		environment(t, with(settings))
		_, _, err := Load(Flags{"transport": test.transport})
		refuses := strings.Contains(strings.Join(problemsOf(t, err), "\n"), "INFRAHUB_MCP_STATE_URL is set without INFRAHUB_MCP_SIGNING_KEY")
		if refuses != test.refuses {
			t.Errorf("%s: refused %t: %v", test.name, refuses, err)
		}
	}
}

func TestPassthroughModesNeedNoCredential(t *testing.T) {
	for _, mode := range []string{AuthTokenPassthrough, AuthBasicPassthrough} {
		environment(t, with(map[string]string{"INFRAHUB_MCP_AUTH_MODE": mode, "INFRAHUB_API_TOKEN": "-"}))
		_, _, err := Load(Flags{"transport": TransportHTTP})
		if problems := problemsOf(t, err); problems != nil {
			t.Errorf("mode %s: %q", mode, problems)
		}
	}
}

func TestOIDCNamesOnlyWhatIsMissing(t *testing.T) {
	environment(t, with(map[string]string{"INFRAHUB_MCP_AUTH_MODE": "OIDC", "INFRAHUB_MCP_OIDC_CLIENT_ID": "infrahub"}))
	_, _, err := Load(Flags{"transport": TransportHTTP})
	want := `INFRAHUB_MCP_AUTH_MODE is "oidc", which also needs INFRAHUB_MCP_OIDC_CONFIG_URL, INFRAHUB_MCP_OIDC_BASE_URL.`
	if problems := problemsOf(t, err); len(problems) == 0 || problems[0] != want {
		t.Errorf("%q, want first %q", problems, want)
	}
}

func TestDangerousSettingsAreWarnedOf(t *testing.T) {
	environment(t, with(map[string]string{"INFRAHUB_TLS_INSECURE": "true", "INFRAHUB_ADDRESS": "-"}))
	writeFile(t, ".env", "INFRAHUB_ADDRESS=http://elsewhere.example")
	_, warnings, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"INFRAHUB_TLS_INSECURE is on: the certificate of Infrahub is not checked.",
		`INFRAHUB_ADDRESS comes from ".env" while the credential sent there comes from the environment.`,
	}
	if diff := cmp.Diff(want, warnings); diff != "" {
		t.Error(diff)
	}
}
