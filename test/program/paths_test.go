package program_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"infrahub-mcp/test/mcptest"
)

// home is the address of a server without any path.
func (p *program) home(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	return u.Scheme + "://" + u.Host
}

func TestMCPIsAtThePathOfItsSetting(t *testing.T) {
	parallel(t)
	const path = "/tools/infrahub"
	setting := "INFRAHUB_MCP_PATH=" + path
	for name, test := range map[string]struct {
		settings   []string
		credential func(t *testing.T) string
		challenge  string // without a credential
	}{
		"none": {nil, func(*testing.T) string { return "" }, ""},
		byToken: {
			[]string{"INFRAHUB_API_TOKEN=", "INFRAHUB_MCP_AUTH_MODE=" + byToken},
			func(t *testing.T) string { return "Bearer " + account(t, "reader").Token }, "Bearer",
		},
		byBasic: {
			[]string{"INFRAHUB_API_TOKEN=", "INFRAHUB_MCP_AUTH_MODE=" + byBasic},
			func(t *testing.T) string { return basic("reader", account(t, "reader").Password) }, `Basic realm="infrahub", charset="UTF-8"`,
		},
	} {
		t.Run("in mode "+name, func(t *testing.T) {
			parallel(t)
			b := newBox(t)
			p := start(t, launch{transport: overHTTP, address: b.address, token: b.token, settings: append(test.settings, setting)})
			if !strings.HasSuffix(p.url, path) {
				t.Errorf("the log says it listens at %s", p.url)
			}
			credential, home := test.credential(t), p.home(t)
			list := rpc("tools/list", object{})
			for _, step := range []struct {
				method, path, credential string
				status                   int
				says                     string
			}{
				{"POST", path, credential, 200, "get_nodes"},
				{"POST", path + "/", credential, 200, "get_nodes"},
				{"POST", "/mcp", credential, 404, "MCP is at " + path},
				{"POST", "/mcp", "", 404, "MCP is at " + path},
				{"POST", path + "/more", credential, 404, "MCP is at " + path},
				{"POST", strings.ToUpper(path), credential, 404, "MCP is at " + path},
				{"GET", "/mcp", credential, 404, "MCP is at " + path},
				{"DELETE", "/mcp", credential, 404, "MCP is at " + path},
				{"GET", "/health", "", 200, "healthy"},
				{"GET", "/metrics", "", 200, "requests"},
				{"GET", path + "/health", "", 404, "MCP is at " + path},
				{"GET", "/.well-known/oauth-protected-resource" + path, "", 404, `"invalid_request"`},
				{"GET", "/.well-known/oauth-protected-resource/mcp", "", 404, `"invalid_request"`},
				{"GET", path + "/.well-known/openid-configuration", "", 404, `"invalid_request"`},
			} {
				r, err := knock(t.Context(), step.method, home+step.path, list, as(step.credential))
				if err != nil || r.status != step.status || !strings.Contains(r.body, step.says) {
					t.Errorf("%s %s with the credential %q: %v, %v; want %d with %q", step.method, step.path, step.credential, r, err, step.status, step.says)
				}
			}
			// A session is opened, used and ended there.
			id := p.open(t, as(credential))
			for _, step := range []struct {
				method string
				status int
			}{{http.MethodPost, 200}, {http.MethodDelete, 200}, {http.MethodPost, 404}} {
				if r := p.knock(t, step.method, list, as(credential, "Mcp-Session-Id", id)); r.status != step.status {
					t.Errorf("%s in a session: %v; want %d", step.method, r, step.status)
				}
			}
			if r := p.knock(t, http.MethodPost, list, as("")); test.challenge != "" && (r.status != http.StatusUnauthorized || r.header.Get("WWW-Authenticate") != test.challenge) {
				t.Errorf("without a credential: %v %v", r, r.header)
			}
		})
	}
}

var metadataOf = regexp.MustCompile(`resource_metadata="([^"]+)"`)

// What a challenge names can be followed, whatever the paths, also where what
// stands before the server cuts its own path off.
func TestALoginFindsItsWayWhateverThePaths(t *testing.T) {
	parallel(t)
	for _, test := range []struct{ public, path string }{
		{"http://127.0.0.1:8001", "/mcp"},
		{"https://mcp.example.com", "/tools/infrahub"},
		{"https://example.com/infra", "/mcp"},
		{"https://example.com/a/b", "/tools/infrahub"},
		{"https://example.com/mcp", "/mcp"},
	} {
		t.Run(test.public+" with "+test.path, func(t *testing.T) {
			parallel(t)
			b := newBox(t)
			s := newSSO(t, b.infrahub, test.public, "INFRAHUB_MCP_PATH="+test.path)
			s.mcp = test.path
			list := rpc("tools/list", object{})

			refused := s.ask(t, http.MethodPost, list, as(""))
			found := metadataOf.FindStringSubmatch(refused.header.Get("WWW-Authenticate"))
			if refused.status != http.StatusUnauthorized || refused.code() != -32001 || found == nil {
				t.Fatalf("without a token: %v %v", refused, refused.header)
			}
			prefix := strings.TrimPrefix(test.public, originOf(test.public))
			for _, metadata := range []string{
				found[1],
				originOf(test.public) + "/.well-known/oauth-protected-resource" + prefix + test.path, // RFC 9728, section 3.1
				test.public + "/.well-known/oauth-protected-resource",
			} {
				r := s.look(t, metadata)
				resource := decode[struct {
					Resource string   `json:"resource"`
					Servers  []string `json:"authorization_servers"`
				}](t, []byte(r.body))
				if r.status != http.StatusOK || resource.Resource != test.public+test.path || len(resource.Servers) != 1 || resource.Servers[0] != test.public {
					t.Errorf("%s: %v", metadata, r)
				}
			}
			for _, metadata := range []string{
				originOf(test.public) + "/.well-known/oauth-authorization-server" + prefix, // RFC 8414, section 3.1
				test.public + "/.well-known/oauth-authorization-server",
			} {
				r := s.look(t, metadata)
				if r.status != http.StatusOK || member(t, r, "issuer") != test.public || member(t, r, "token_endpoint") != test.public+"/token" {
					t.Errorf("%s: %v", metadata, r)
				}
			}
			access, _ := s.login(t)
			for _, target := range []string{test.public + test.path, originOf(test.public) + test.path} {
				if r := s.post(t, target, list, "Bearer "+access); r.status != http.StatusOK || !strings.Contains(r.body, "get_nodes") {
					t.Errorf("%s with a token: %v", target, r)
				}
				if r := s.post(t, target, list, ""); r.status != http.StatusUnauthorized || !strings.Contains(r.header.Get("WWW-Authenticate"), found[0]) {
					t.Errorf("%s without a token: %v %v", target, r, r.header)
				}
			}
			for path, status := range map[string]int{"/health": 200, "/metrics": 200, "/nothing": 404} {
				if r := s.look(t, originOf(test.public)+path); r.status != status {
					t.Errorf("%s: %v; want %d", path, r, status)
				}
			}
			if test.path != "/mcp" {
				if r := s.post(t, originOf(test.public)+"/mcp", list, "Bearer "+access); r.status != http.StatusNotFound {
					t.Errorf("/mcp is served as well: %v", r)
				}
			}
		})
	}
}

// look gets what is at an address of the server's host.
func (s *sso) look(t *testing.T, address string) reply {
	t.Helper()
	return s.whole().visit(t, nil, http.MethodGet, address, "", http.Header{})
}

// post sends a message of MCP to an address of the server's host.
func (s *sso) post(t *testing.T, address, body, credential string) reply {
	t.Helper()
	return s.whole().visit(t, nil, http.MethodPost, address, body, as(credential))
}

// whole is the host of the server, whatever its path.
func (s *sso) whole() *sso {
	whole := *s
	whole.public = originOf(s.public)
	return &whole
}

// A path that cannot be that of MCP is refused at the start in one line.
func TestAPathThatCannotBeServedEndsTheStart(t *testing.T) {
	parallel(t)
	for _, path := range []string{"mcp", "/", "/mcp/", "/a b", "/{x}", "/a/../b", "//mcp", "/mcp?x=1", "/mcp#x", "/m%63p"} {
		t.Run(path, func(t *testing.T) {
			parallel(t)
			process, err := mcptest.Start(mcptest.Command{
				Path: shared.race, Dir: t.TempDir(), Args: []string{"--transport", "streamable-http", "--port", "0"},
				Env: []string{"INFRAHUB_ADDRESS=http://127.0.0.1:1", "INFRAHUB_API_TOKEN=x", "INFRAHUB_MCP_PATH=" + path, "GORACE=atexit_sleep_ms=50"},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer process.Kill()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			status, err := process.Wait(ctx)
			if log := process.Log(); err != nil || status == 0 || !strings.Contains(log, "INFRAHUB_MCP_PATH") || strings.Contains(log, "goroutine ") {
				t.Errorf("exit status %d, %v: %s", status, err, log)
			}
		})
	}
}
