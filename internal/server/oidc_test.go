package server

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/auth"
	"infrahub-mcp/internal/auth/oidc/idptest"
	"infrahub-mcp/internal/auth/oidc/seal"
	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/sandbox"
	"infrahub-mcp/internal/tool"
)

// publicURL is where clients reach the servers of these tests.
const publicURL = "https://mcp.example.com"

// signingKey is that of these servers: 32 bytes in base64.
const signingKey = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

// singleSigned is the configuration of a server in mode oidc, and its provider.
func singleSigned(t *testing.T, more map[string]string) (*config.Config, *sandbox.Sandbox, *idptest.Provider) {
	t.Helper()
	idp := idptest.New(t, idptest.Keycloak)
	settings := map[string]string{
		"INFRAHUB_MCP_AUTH_MODE": "oidc", "INFRAHUB_MCP_OIDC_CONFIG_URL": idp.ConfigURL(),
		"INFRAHUB_MCP_OIDC_CLIENT_ID": idp.ClientID, "INFRAHUB_MCP_OIDC_CLIENT_SECRET": idp.ClientSecret,
		"INFRAHUB_MCP_OIDC_BASE_URL": publicURL, "INFRAHUB_MCP_SIGNING_KEY": signingKey, "INFRAHUB_MCP_AUTH_SCOPES_WRITE": "write",
	}
	maps.Copy(settings, more)
	cfg, box := sandboxed(t, settings)
	return cfg, box, idp
}

// accessToken is one that a server with these settings issued.
func accessToken(t *testing.T, user string, scopes ...string) string {
	t.Helper()
	return accessTokenOf(t, time.Now(), user, scopes...)
}

// accessTokenOf is one that was issued at a time.
func accessTokenOf(t *testing.T, issued time.Time, user string, scopes ...string) string {
	t.Helper()
	return signed(t, signingKey, issued, user, scopes...)
}

// signed is an access token that was signed with a key.
func signed(t *testing.T, key string, issued time.Time, user string, scopes ...string) string {
	t.Helper()
	keys, err := auth.ParseKeys(key)
	if err != nil {
		t.Fatal(err)
	}
	token, err := seal.NewTokens(keys, publicURL, publicURL+"/mcp").Sign(seal.Access{
		ID: user + "-token", Family: user + "-login", Subject: "key-of-" + user, Provider: "https://idp.example.com", ProviderSubject: user + "-1",
		Client: "client", Scopes: scopes, Name: user, IssuedAt: issued, Expires: time.Now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// caller sends requests of MCP, on a session, with an access token.
type caller struct {
	t                       *testing.T
	address, token, session string
}

func newCaller(t *testing.T, address, token string) *caller {
	t.Helper()
	c := &caller{t: t, address: address, token: token}
	_, answer, header := c.send(initialize)
	if c.session = header.Get("Mcp-Session-Id"); c.session == "" {
		t.Fatalf("there is no session: %s", answer)
	}
	return c
}

func (c *caller) send(body string, headers ...string) (status int, answer string, header http.Header) {
	c.t.Helper()
	headers = append([]string{"Accept", accept, "Authorization", "Bearer " + c.token}, headers...)
	if c.session != "" {
		headers = append(headers, "Mcp-Session-Id", c.session)
	}
	return do(c.t, http.MethodPost, c.address+"/mcp", body, headers...)
}

// tools are the names of the tools that are listed.
func (c *caller) tools() []string {
	c.t.Helper()
	_, answer, _ := c.send(list)
	var names []string
	for _, entry := range tool.Catalogue() {
		if strings.Contains(answer, `"name":"`+entry.Name+`"`) {
			names = append(names, entry.Name)
		}
	}
	return names
}

// namesOf are those of the tools that read, or of all.
func namesOf(all bool) []string {
	var names []string
	for _, entry := range tool.Catalogue() {
		if all || entry.Access == tool.Read {
			names = append(names, entry.Name)
		}
	}
	return names
}

func TestWritingNeedsItsScope(t *testing.T) {
	cfg, box, _ := singleSigned(t, map[string]string{"INFRAHUB_MCP_BRANCH_PATTERN": "ai/{user}/{hex}"})
	address, log, _ := serve(t, cfg)
	reader, writer := newCaller(t, address, accessToken(t, "rea")), newCaller(t, address, accessToken(t, "wes", "write"))
	if diff := cmp.Diff(namesOf(true), writer.tools()); diff != "" {
		t.Errorf("the tools of who may write (-want +got):\n%s", diff)
	}
	// After the writer, so that a list that was kept would show.
	if diff := cmp.Diff(namesOf(false), reader.tools()); diff != "" {
		t.Errorf("the tools of who may not (-want +got):\n%s", diff)
	}

	before := len(box.Base().Store.Branches())
	for _, entry := range tool.Catalogue() {
		if entry.Access == tool.Read {
			continue
		}
		status, answer, header := reader.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":%q,"arguments":{"kind":"BuiltinTag","data":{"name":"x"},"hfid":["x"],"title":"x","query":"mutation { BuiltinTagDelete(data: {hfid: [\"red\"]}) { ok } }"}}}`, entry.Name))
		want := `Bearer error="insufficient_scope", error_description="Writing needs more than this login allows.", scope="write", resource_metadata="` + publicURL + `/.well-known/oauth-protected-resource/mcp"`
		if got := header.Get("WWW-Authenticate"); status != http.StatusForbidden || got != want {
			t.Errorf("%s: %d %q", entry.Name, status, got)
		}
		if !strings.Contains(answer, `"id":7`) || !strings.Contains(answer, `"code":-32001`) || !strings.Contains(answer, "this login does not allow") {
			t.Errorf("%s: %s", entry.Name, answer)
		}
	}
	// A call that hides what it is.
	for _, body := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_session_info","name":"node_upsert","arguments":{"kind":"BuiltinTag","data":{"name":"x"}}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"node_upsert","name":"get_session_info","arguments":{"kind":"BuiltinTag","data":{"name":"x"}}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"Name":"node_upsert","arguments":{"kind":"BuiltinTag","data":{"name":"x"}}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_session_info","NAME":"node_upsert","arguments":{"kind":"BuiltinTag","data":{"name":"x"}}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_session_info","arguments":{}},"params":{"name":"node_upsert","arguments":{"kind":"BuiltinTag","data":{"name":"x"}}}}`,
		`{"jsonrpc":"2.0","id":1,"METHOD":"tools/call","method":"ping","params":{"name":"node_upsert","arguments":{"kind":"BuiltinTag","data":{"name":"x"}}}}`,
		`[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"node_upsert","arguments":{"kind":"BuiltinTag","data":{"name":"x"}}}}]`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"query_graphql","arguments":{"query":"mutation { BuiltinTagCreate(data: {name: {value: \"x\"}}) { ok } }"}}}`,
	} {
		if _, answer, _ := reader.send(body); strings.Contains(answer, `"branch"`) && strings.Contains(answer, `"id":`) && strings.Contains(answer, "display_label") {
			t.Errorf("%s\nis answered %s", body, answer)
		}
	}
	if after := len(box.Base().Store.Branches()); after != before {
		t.Errorf("%d branches were made for who may not write", after-before)
	}
	out := writer.call("node_upsert", `{"kind":"BuiltinTag","data":{"name":"x"}}`)
	if name, _ := out["branch"].(string); !strings.HasPrefix(name, "ai/wes/") {
		t.Errorf("the branch of the writer is %q", name)
	}
	for _, line := range []string{
		`tool_call tool=node_delete user=rea branch="" outcome=refused reason="insufficient scope" subject=rea-1`,
		`tool_call tool=node_upsert user=wes branch=ai/wes/`, "subject=wes-1",
	} {
		if !strings.Contains(log.String(), line) {
			t.Errorf("the log lacks %s:\n%s", line, log)
		}
	}
	if strings.Contains(log.String(), reader.token) || strings.Contains(log.String(), writer.token) {
		t.Error("the log holds a token")
	}
}

// call calls a tool and returns its structured result.
func (c *caller) call(name, arguments string) map[string]any {
	c.t.Helper()
	_, answer, _ := c.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":%q,"arguments":%s}}`, name, arguments))
	return content(c.t, answer)
}

func TestEachUserIsTold(t *testing.T) {
	cfg, _, _ := singleSigned(t, nil)
	address, _, _ := serve(t, cfg)
	reader, writer := newCaller(t, address, accessToken(t, "rea")), newCaller(t, address, accessToken(t, "wes", "write"))
	if info := reader.call("get_session_info", `{}`); info["user"] != "rea" || info["access"] != "read" || !strings.Contains(fmt.Sprint(info), "Log in again") {
		t.Errorf("the reader: %v", info)
	}
	if info := writer.call("get_session_info", `{}`); info["user"] != "wes" || info["access"] != "write" {
		t.Errorf("the writer: %v", info)
	}
	_, forReader, _ := reader.send(initialize)
	_, forWriter, _ := writer.send(initialize)
	if !strings.Contains(forReader, "read-only") || !strings.Contains(forWriter, "propose_changes") {
		t.Errorf("the instructions speak of tools that are not listed, or do not of those that are:\n%s\n%s", forReader, forWriter)
	}
}

func TestASessionBelongsToAUserAndNotToAToken(t *testing.T) {
	cfg, _, _ := singleSigned(t, nil)
	address, _, _ := serve(t, cfg)
	wes := newCaller(t, address, accessToken(t, "wes", "write"))
	branch := wes.call("node_upsert", `{"kind":"BuiltinTag","data":{"name":"x"}}`)["branch"]
	renewed := &caller{t: t, address: address, token: accessToken(t, "wes", "write"), session: wes.session}
	if info := renewed.call("get_session_info", `{}`); info["session_branch"] != branch {
		t.Errorf("with another token the session is on %v, not on %v", info["session_branch"], branch)
	}
	other := &caller{t: t, address: address, token: accessToken(t, "ann", "write"), session: wes.session}
	if status, answer, _ := other.send(list); status != http.StatusNotFound {
		t.Errorf("another user: %d %s", status, answer)
	}
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		if status, _, _ := do(t, method, address+"/mcp", "", "Authorization", "Bearer "+other.token, "Mcp-Session-Id", wes.session, "Accept", accept); status != http.StatusNotFound {
			t.Errorf("%s by another user: %d", method, status)
		}
	}
	// Without sessions a branch is its user's too.
	_, answer, _ := (&caller{t: t, address: address, token: other.token}).send(fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"node_upsert","arguments":{"kind":"BuiltinTag","data":{"name":"y"},"branch":%q}}}`, branch))
	if !strings.Contains(answer, `"isError":true`) {
		t.Errorf("another user writes on the branch: %s", answer)
	}
}

func TestListsThatDependOnTheCallerAreNotShared(t *testing.T) {
	cfg, _, _ := singleSigned(t, nil)
	address, _, _ := serve(t, cfg)
	modern := &caller{t: t, address: address, token: accessToken(t, "wes", "write")}
	const body = `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}`
	status, answer, _ := modern.send(body, "MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/list")
	if status != http.StatusOK || !strings.Contains(answer, `"cacheScope":"private"`) {
		t.Errorf("%d %s", status, answer)
	}
}

func TestAReadOnlyServerDoesNotAskForScopes(t *testing.T) {
	cfg, _, _ := singleSigned(t, map[string]string{"INFRAHUB_MCP_READ_ONLY": "true"})
	address, _, _ := serve(t, cfg)
	writer := newCaller(t, address, accessToken(t, "wes", "write"))
	if diff := cmp.Diff(namesOf(false), writer.tools()); diff != "" {
		t.Errorf("the tools (-want +got):\n%s", diff)
	}
	status, answer, header := writer.send(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"node_upsert","arguments":{"kind":"BuiltinTag","data":{"name":"x"}}}}`)
	if header.Get("WWW-Authenticate") != "" || status != http.StatusOK || !strings.Contains(answer, `"code":-32601`) {
		t.Errorf("a write: %d %s", status, answer)
	}
	_, document, _ := do(t, http.MethodGet, address+"/.well-known/oauth-protected-resource/mcp", "")
	if strings.Contains(document, "scopes_supported") {
		t.Errorf("the metadata: %s", document)
	}
}

func TestARefusalOfInfrahubIsNoReasonToLogInAgain(t *testing.T) {
	cfg, _, _ := singleSigned(t, nil)
	cfg.Infrahub.APIToken = "refused-by-infrahub"
	address, _, _ := serve(t, cfg)
	status, answer, header := newCaller(t, address, accessToken(t, "wes", "write")).send(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_nodes","arguments":{"kind":"BuiltinTag"}}}`)
	if status != http.StatusOK || header.Get("WWW-Authenticate") != "" || !strings.Contains(answer, `"error"`) && !strings.Contains(answer, `"isError":true`) {
		t.Errorf("%d %s", status, answer)
	}
}

func TestTheUserIsNamedToInfrahubWhereThatIsSet(t *testing.T) {
	for _, pass := range []string{"true", "false"} {
		cfg, box, _ := singleSigned(t, map[string]string{"INFRAHUB_MCP_OIDC_PASS_USER": pass, "INFRAHUB_MCP_BRANCH_PATTERN": "ai/{hex}"})
		address, _, _ := serve(t, cfg)
		writer := newCaller(t, address, accessToken(t, "wes", "write"))
		name, _ := writer.call("node_upsert", `{"kind":"BuiltinTag","data":{"name":"x"}}`)["branch"].(string)
		branch, err := box.Base().Store.Branch(name)
		if err != nil || strings.Contains(branch.Description, "wes") != (pass == "true") {
			t.Errorf("pass user %s: the branch is described %q", pass, branch.Description)
		}
		writer.call("propose_changes", `{"title":"x","description":"Why."}`)
		_, answer, _ := writer.send(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"query_graphql","arguments":{"query":"{ CoreProposedChange { edges { node { description { value } } } } }"}}}`)
		if strings.Contains(answer, "Proposed for wes") != (pass == "true") || !strings.Contains(answer, "Why.") {
			t.Errorf("pass user %s: the proposed change is %s", pass, answer)
		}
	}
}

func TestLoginsWorkWhileOtherRequestsAreGuarded(t *testing.T) {
	cfg, _, _ := singleSigned(t, nil)
	address, _, _ := serve(t, cfg)
	for _, test := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		want                     string
	}{
		{"MCP without a token", "POST", "/mcp", list, nil, 401, `"code":-32001`},
		{"MCP from a page of another origin", "POST", "/mcp", list, []string{"Origin", "https://evil.example"}, 403, "invalid_origin"},
		{"metadata from a page of another origin", "GET", "/.well-known/oauth-protected-resource/mcp", "", []string{"Origin", "https://web.example"}, 200, publicURL + "/mcp"},
		{"registration from a page of another origin", "POST", "/register", `{"redirect_uris":["https://web.example/callback"]}`, []string{"Origin", "https://web.example"}, 201, "client_id"},
		{"by the public name", "GET", "/.well-known/oauth-authorization-server", "", []string{"Host", "mcp.example.com"}, 200, `"issuer":"` + publicURL + `"`},
		{"by another name", "GET", "/.well-known/oauth-authorization-server", "", []string{"Host", "evil.example"}, 403, "invalid_host"},
		{"metadata that does not exist", "GET", "/.well-known/openid-configuration", "", nil, 404, "invalid_request"},
		{"health", "GET", "/health", "", nil, 200, "healthy"},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, answer, _ := do(t, test.method, address+test.path, test.body, test.headers...)
			if status != test.status || !strings.Contains(answer, test.want) || !json.Valid([]byte(answer)) {
				t.Errorf("%d: %s", status, answer)
			}
		})
	}
}

func TestTheLoginEndpointsHaveALimit(t *testing.T) {
	cfg, _, _ := singleSigned(t, nil)
	address, _, _ := serve(t, cfg)
	count := map[int]int{}
	for range 200 {
		status, _, header := do(t, http.MethodPost, address+"/register", `{"redirect_uris":["http://127.0.0.1/callback"]}`)
		count[status]++
		if status == http.StatusTooManyRequests && header.Get("Retry-After") == "" {
			t.Fatal("it does not say when to come again")
		}
	}
	if count[201] < loginsAtOnce || count[429] == 0 || count[201]+count[429] != 200 {
		t.Errorf("statuses: %v", count)
	}
}

func TestModeOIDCIsAnnounced(t *testing.T) {
	cfg, _, idp := singleSigned(t, nil)
	_, log, _ := serve(t, cfg)
	for _, line := range []string{
		"oidc_auth enabled=true config_url=" + idp.ConfigURL() + " client_id=" + idp.ClientID,
		"auth_middleware enabled=true auth_mode=oidc write_scopes=['write']",
	} {
		if !strings.Contains(log.String(), line) {
			t.Errorf("the log lacks %s:\n%s", line, log)
		}
	}
	if strings.Contains(log.String(), "INFRAHUB_MCP_SIGNING_KEY") {
		t.Errorf("the log warns of the signing key:\n%s", log)
	}
}

func TestAServerWithoutASigningKeySaysWhatThatMeans(t *testing.T) {
	for secret, want := range map[string]string{"a-client-secret": "made of the client secret", "": "random key"} {
		cfg, _, _ := singleSigned(t, map[string]string{"INFRAHUB_MCP_SIGNING_KEY": "", "INFRAHUB_MCP_OIDC_CLIENT_SECRET": secret})
		if _, log, _ := serve(t, cfg); !strings.Contains(log.String(), want) {
			t.Errorf("with the client secret %q the log is:\n%s", secret, log)
		}
	}
}

func TestAWrongProviderIsFatalAndOneThatIsAwayIsNot(t *testing.T) {
	cfg, _, idp := singleSigned(t, nil)
	idp.Fault(idptest.Discovery, idptest.Fault{Status: http.StatusNotFound})
	cfg.Server.Transport = config.TransportHTTP
	if err := Run(t.Context(), cfg, Options{Err: io.Discard}); err == nil || !strings.Contains(err.Error(), "INFRAHUB_MCP_OIDC_CONFIG_URL") {
		t.Errorf("a provider without a discovery document: %v", err)
	}
	idp.Down(true)
	address, _, _ := serve(t, cfg)
	newCaller(t, address, accessToken(t, "wes", "write"))
	if status, answer, _ := do(t, http.MethodGet, address+"/health", ""); status != http.StatusOK {
		t.Errorf("health: %d %s", status, answer)
	}
}

func TestTheSharedStoreHasToBeThereAtTheStart(t *testing.T) {
	cfg, _, _ := singleSigned(t, map[string]string{"INFRAHUB_MCP_STATE_URL": "redis://:" + marked + "@127.0.0.1:1/0"})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	log := &lockedBuffer{}
	err := Run(ctx, cfg, Options{Err: log})
	if err == nil || !strings.Contains(err.Error(), "INFRAHUB_MCP_STATE_URL") || strings.Contains(err.Error()+log.String(), marked) {
		t.Errorf("%v\n%s", err, log)
	}
}

func TestSigningKeysComeFromAFileToo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, []byte("\n"+signingKey+"\n"+strings.Repeat("b", 43)+"=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, _, _ := singleSigned(t, map[string]string{"INFRAHUB_MCP_SIGNING_KEY": "", "INFRAHUB_MCP_SIGNING_KEY_FILE": path})
	address, _, _ := serve(t, cfg)
	newCaller(t, address, accessToken(t, "wes", "write"))

	cfg.Auth.SigningKey = "c2hvcnQ="
	if _, err := signingKeys(cfg); err == nil || !strings.Contains(err.Error(), "INFRAHUB_MCP_SIGNING_KEY_FILE") || strings.Contains(err.Error(), "c2hvcnQ") {
		t.Errorf("a short key: %v", err)
	}
}

func TestTheServerIsBelowThePathOfItsPublicAddressToo(t *testing.T) {
	cfg, _, _ := singleSigned(t, map[string]string{"INFRAHUB_MCP_OIDC_BASE_URL": publicURL + "/infra", "INFRAHUB_MCP_PATH": "/tools"})
	address, _, _ := serve(t, cfg)
	for _, path := range []string{"/tools", "/infra/tools", "/infra/tools/"} {
		status, _, header := do(t, http.MethodPost, address+path, list)
		want := publicURL + "/infra/.well-known/oauth-protected-resource/tools"
		if status != http.StatusUnauthorized || !strings.Contains(header.Get("WWW-Authenticate"), want) {
			t.Errorf("%s: %d %s", path, status, header.Get("WWW-Authenticate"))
		}
	}
	for _, path := range []string{"/.well-known/oauth-protected-resource/infra/tools", "/infra/.well-known/oauth-protected-resource/tools"} {
		if _, answer, _ := do(t, http.MethodGet, address+path, ""); !strings.Contains(answer, `"resource":"`+publicURL+`/infra/tools"`) {
			t.Errorf("%s: %s", path, answer)
		}
	}
	if status, _, _ := do(t, http.MethodPost, address+"/mcp", list); status != http.StatusNotFound {
		t.Errorf("/mcp: %d", status)
	}
}
