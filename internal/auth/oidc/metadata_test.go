package oidc_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/auth/oidc"
	"infrahub-mcp/internal/auth/oidc/client"
)

func TestMetadata(t *testing.T) {
	for _, test := range []struct {
		name             string
		base             string
		scopes           []string
		documents        client.DocumentPolicy
		resources        []string // where the metadata of the resource is
		servers          []string // where that of the authorization server is
		wantScopes       any
		wantServerScopes []any
	}{
		{
			name: "at the root", base: baseURL, scopes: []string{"write"}, documents: client.DocumentPolicy{"*"},
			resources:  []string{"/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"},
			servers:    []string{"/.well-known/oauth-authorization-server"},
			wantScopes: []any{"write"}, wantServerScopes: []any{"write", "offline_access"},
		},
		{
			name: "below a path", base: baseURL + "/infra",
			resources: []string{
				"/.well-known/oauth-protected-resource/infra/mcp", "/infra/.well-known/oauth-protected-resource/mcp",
				"/infra/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource",
			},
			servers: []string{
				"/.well-known/oauth-authorization-server/infra", "/infra/.well-known/oauth-authorization-server",
				"/.well-known/oauth-authorization-server",
			},
			wantServerScopes: []any{"offline_access"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t, options{
				server:  func(o *oidc.Settings) { o.BaseURL, o.WriteScopes = test.base, test.scopes },
				clients: func(c *client.Settings) { c.Documents = test.documents },
			})
			resource := map[string]any{
				"resource": test.base + "/mcp", "authorization_servers": []any{test.base},
				"bearer_methods_supported": []any{"header"}, "resource_name": "Infrahub",
			}
			if test.wantScopes != nil {
				resource["scopes_supported"] = test.wantScopes
			}
			server := map[string]any{
				"issuer":                                         test.base,
				"authorization_endpoint":                         test.base + "/authorize",
				"token_endpoint":                                 test.base + "/token",
				"registration_endpoint":                          test.base + "/register",
				"revocation_endpoint":                            test.base + "/revoke",
				"scopes_supported":                               test.wantServerScopes,
				"response_types_supported":                       []any{"code"},
				"response_modes_supported":                       []any{"query"},
				"grant_types_supported":                          []any{"authorization_code", "refresh_token"},
				"token_endpoint_auth_methods_supported":          []any{"none"},
				"revocation_endpoint_auth_methods_supported":     []any{"none"},
				"code_challenge_methods_supported":               []any{"S256"},
				"authorization_response_iss_parameter_supported": true,
				"client_id_metadata_document_supported":          test.documents != nil,
			}
			for path, want := range paths(test.resources, resource, test.servers, server) {
				answer := s.do(httpGet(s, path))
				if answer.Header.Get("Access-Control-Allow-Origin") != "*" || !strings.HasPrefix(answer.Header.Get("Cache-Control"), "public") || answer.Header.Get("Content-Type") != "application/json" {
					t.Errorf("%s: headers %v", path, answer.Header)
				}
				if diff := cmp.Diff(want, fields(t, answer)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", path, diff)
				}
			}
		})
	}
}

func paths(resources []string, resource map[string]any, servers []string, server map[string]any) map[string]map[string]any {
	all := map[string]map[string]any{}
	for _, path := range resources {
		all[path] = resource
	}
	for _, path := range servers {
		all[path] = server
	}
	return all
}

// httpGet asks for a path of the host, which is not below that of the base URL.
func httpGet(s *site, path string) *http.Request {
	r := s.request(http.MethodGet, "", "")
	r.URL.Path = path
	return r
}

func TestWebPagesOfAnyOriginMayUseWhatTakesNoCookie(t *testing.T) {
	s := newSite(t, options{})
	for _, path := range []string{"/register", "/token", "/revoke", oidc.AuthorizationServerPath, oidc.ProtectedResourcePath} {
		answer := s.do(s.request(http.MethodOptions, path, "", "Origin", "https://web.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type"))
		allowed := strings.Split(answer.Header.Get("Access-Control-Allow-Headers"), ", ")
		if answer.StatusCode != http.StatusNoContent || answer.Header.Get("Access-Control-Allow-Origin") != "*" || !slices.Contains(allowed, "Content-Type") || answer.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %d %v", path, answer.StatusCode, answer.Header)
		}
	}
	for _, path := range []string{"/authorize", "/consent", "/oauth/callback"} {
		if answer := s.do(s.request(http.MethodGet, path, "", "Origin", "https://web.example")); answer.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s may be read by other sites", path)
		}
	}
}

func TestRegistration(t *testing.T) {
	s := newSite(t, options{})
	register := func(metadata, media string) *http.Response {
		return s.do(s.request(http.MethodPost, "/register", metadata, "Content-Type", media))
	}
	answer := register(`{"redirect_uris":["`+loopback+`"],"token_endpoint_auth_method":"client_secret_basic"}`, "application/json; charset=utf-8")
	if answer.StatusCode != http.StatusCreated || answer.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", answer.StatusCode, answer.Header)
	}
	if got := fields(t, answer); got["client_secret"] != nil || got["token_endpoint_auth_method"] != "none" || got["client_id"] == "" {
		t.Errorf("answered %v", got)
	}
	wantError(t, register(`{"redirect_uris":["javascript:alert(1)"]}`, "application/json"), 400, "invalid_redirect_uri")
	wantError(t, register(`{`, "application/json"), 400, "invalid_client_metadata")
	wantError(t, register(`{"redirect_uris":["`+loopback+`"]}`, "text/plain"), 400, "invalid_client_metadata")
	wantError(t, register(`{"redirect_uris":["`+loopback+`"]}`, ""), 400, "invalid_client_metadata")
	wantError(t, register(strings.Repeat(" ", 40<<10), "application/json"), 413, "invalid_client_metadata")
}

func TestAnAddressThatAsksTooOftenHasToWait(t *testing.T) {
	s := newSite(t, options{server: func(o *oidc.Settings) {
		o.Wait = func(r *http.Request) time.Duration {
			if r.RemoteAddr == "203.0.113.7:1234" {
				return 1500 * time.Millisecond
			}
			return 0
		}
	}})
	for _, path := range []string{"/register", "/token", "/revoke", "/authorize", "/consent", "/oauth/callback"} {
		method := http.MethodPost
		if path == "/oauth/callback" {
			method = http.MethodGet
		}
		answer := s.do(s.request(method, path, "", "Content-Type", "application/x-www-form-urlencoded"))
		if answer.Header.Get("Retry-After") != "2" {
			t.Errorf("%s: come again after %q", path, answer.Header.Get("Retry-After"))
		}
		if slices.Contains([]string{"/authorize", "/consent", "/oauth/callback"}, path) {
			if page := wantPage(t, answer, http.StatusTooManyRequests); !strings.Contains(page, "Too many requests") {
				t.Errorf("%s: the page does not say why: %s", path, page)
			}
			continue
		}
		wantError(t, answer, http.StatusTooManyRequests, "temporarily_unavailable")
	}
	if answer := s.do(s.request(http.MethodGet, oidc.AuthorizationServerPath, "")); answer.StatusCode != http.StatusOK {
		t.Errorf("the metadata: %d", answer.StatusCode)
	}
}
