package login_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// app is an MCP client that a person runs on their own machine. It is as strict as
// the specification lets it be (MCP 2026-07-28, authorization).
type app struct {
	mcp  string // endpoint it was told
	name string

	callback string // redirect URI
	answers  chan url.Values

	// What it learns of the server.
	resource string
	scopes   []string // that the server says it knows
	metadata metadata
	id       string // client id
}

// metadata is of the authorization server (RFC 8414).
type metadata struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	Registration  string   `json:"registration_endpoint"`
	Revocation    string   `json:"revocation_endpoint"`
	Scopes        []string `json:"scopes_supported"`
	Responses     []string `json:"response_types_supported"`
	Grants        []string `json:"grant_types_supported"`
	Challenges    []string `json:"code_challenge_methods_supported"`
	TokenAuth     []string `json:"token_endpoint_auth_methods_supported"`
	TellsIssuer   bool     `json:"authorization_response_iss_parameter_supported"`
	Documents     bool     `json:"client_id_metadata_document_supported"`
}

// newApp is a client of a server. It waits for answers at a loopback address.
func newApp(t *testing.T, s *server, name string) *app {
	t.Helper()
	a := &app{mcp: s.mcp(), name: name, answers: make(chan url.Values, 10)}
	listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/callback" {
			http.NotFound(w, r)
			return
		}
		a.answers <- r.URL.Query()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, `<!doctype html><title>Client</title><p id="client-has-answer">You may close this page.</p>`)
	}))
	t.Cleanup(listener.Close)
	a.callback = listener.URL + "/callback"
	return a
}

// known is newApp with all that a client does before it sends somebody to the
// browser: it is refused, looks around and registers.
func known(t *testing.T, s *server) *app {
	t.Helper()
	a := newApp(t, s, "Login tests")
	a.discover(t)
	a.register(t)
	return a
}

// discover follows the challenge of the server to its metadata, and checks that
// each says the same of itself as what led there.
func (a *app) discover(t *testing.T) {
	t.Helper()
	refused := a.ask(t, "", "tools/list", nil)
	challenge := refused.challenge(t)
	if refused.status != http.StatusUnauthorized || challenge["error"] != "" {
		t.Fatalf("without a token: %s, challenge %v", refused, challenge)
	}
	var resource struct {
		Resource string   `json:"resource"`
		Servers  []string `json:"authorization_servers"`
		Scopes   []string `json:"scopes_supported"`
	}
	get(t, challenge["resource_metadata"], &resource)
	if resource.Resource != a.mcp || len(resource.Servers) != 1 {
		t.Fatalf("the protected resource is %+v, want %s", resource, a.mcp)
	}
	a.resource, a.scopes = resource.Resource, resource.Scopes
	get(t, wellKnown(t, resource.Servers[0], "oauth-authorization-server"), &a.metadata)
	if a.metadata.Issuer != resource.Servers[0] {
		t.Fatalf("the authorization server %s calls itself %s", resource.Servers[0], a.metadata.Issuer)
	}
	if !slices.Contains(a.metadata.Challenges, "S256") || !slices.Contains(a.metadata.TokenAuth, "none") {
		t.Fatalf("no public client can use %+v", a.metadata)
	}
}

// wellKnown inserts a well-known path into a URL (RFC 8414, section 3.1).
func wellKnown(t *testing.T, of, name string) string {
	t.Helper()
	u, err := url.Parse(of)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = strings.TrimSuffix("/.well-known/"+name+u.Path, "/")
	return u.String()
}

func get(t *testing.T, address string, into any) {
	t.Helper()
	response, err := shared.web.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK || !strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") {
		t.Fatalf("%s: %s: %.300s", address, response.Status, raw)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("%s: %v: %.300s", address, err, raw)
	}
}

// register registers the client (RFC 7591).
func (a *app) register(t *testing.T) {
	t.Helper()
	body, err := json.Marshal(object{
		"client_name": a.name, "redirect_uris": []string{a.callback}, "token_endpoint_auth_method": "none",
		"grant_types": []string{"authorization_code", "refresh_token"}, "response_types": []string{"code"},
	})
	if err != nil {
		t.Fatal(err)
	}
	response, err := shared.web.Post(a.metadata.Registration, "application/json", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var client struct {
		ID        string   `json:"client_id"`
		Secret    string   `json:"client_secret"`
		Redirects []string `json:"redirect_uris"`
	}
	if err := json.NewDecoder(response.Body).Decode(&client); err != nil || response.StatusCode != http.StatusCreated {
		t.Fatalf("registering: %s, %v", response.Status, err)
	}
	if client.ID == "" || client.Secret != "" || !slices.Equal(client.Redirects, []string{a.callback}) {
		t.Fatalf("the client is registered as %+v", client)
	}
	a.id = client.ID
}

// attempt is one login that the client asks for.
type attempt struct {
	state, verifier string
	url             string // that the browser is sent to
}

// attempt prepares a login. Without scopes the server decides.
func (a *app) attempt(t *testing.T, scopes ...string) attempt {
	t.Helper()
	login := attempt{state: rand.Text(), verifier: rand.Text() + rand.Text()}
	shared.secrets.add("a code verifier of a client", login.verifier)
	hash := sha256.Sum256([]byte(login.verifier))
	query := url.Values{
		"response_type": {"code"}, "client_id": {a.id}, "redirect_uri": {a.callback}, "state": {login.state}, "resource": {a.resource},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(hash[:])}, "code_challenge_method": {"S256"},
	}
	if len(scopes) > 0 {
		query.Set("scope", strings.Join(scopes, " "))
	}
	login.url = a.metadata.Authorization + "?" + query.Encode()
	return login
}

// answer is what the browser brought back.
func (a *app) answer(t *testing.T) url.Values {
	t.Helper()
	select {
	case values := <-a.answers:
		return values
	case <-time.After(time.Minute):
		t.Fatal("the browser brought no answer")
		return nil
	}
}

// accepts checks an answer (RFC 6749, section 4.1.2; RFC 9207).
func (a *app) accepts(t *testing.T, login attempt, answer url.Values) {
	t.Helper()
	for name, want := range map[string]string{"state": login.state, "iss": a.metadata.Issuer} {
		if !slices.Equal(answer[name], []string{want}) {
			t.Fatalf("the answer has the %s %q, want %q", name, answer[name], want)
		}
	}
}

// redeem turns the answer into tokens.
func (a *app) redeem(t *testing.T, login attempt, answer url.Values) tokens {
	t.Helper()
	got, refused := a.tryRedeem(t, login, answer)
	if refused != nil {
		t.Fatalf("redeeming the code: %v", refused)
	}
	return got
}

func (a *app) tryRedeem(t *testing.T, login attempt, answer url.Values) (tokens, *refusal) {
	t.Helper()
	a.accepts(t, login, answer)
	code := answer["code"]
	if len(code) != 1 || answer.Has("error") {
		t.Fatalf("the answer has %d codes, error %q", len(code), answer["error"])
	}
	shared.secrets.add("an authorization code", code[0])
	return a.token(t, url.Values{
		"grant_type": {"authorization_code"}, "code": code, "redirect_uri": {a.callback},
		"code_verifier": {login.verifier}, "resource": {a.resource},
	})
}

// refused wants the answer to be an error.
func (a *app) refused(t *testing.T, login attempt, answer url.Values, code string) {
	t.Helper()
	a.accepts(t, login, answer)
	if answer.Get("error") != code || answer.Has("code") {
		t.Errorf("the client is told the error %q, want %s", answer["error"], code)
	}
}

// refresh asks for new tokens.
func (a *app) refresh(t *testing.T, old tokens) tokens {
	t.Helper()
	got, refused := a.tryRefresh(t, old)
	if refused != nil {
		t.Fatalf("refreshing: %v", refused)
	}
	return got
}

func (a *app) tryRefresh(t *testing.T, old tokens) (tokens, *refusal) {
	t.Helper()
	return a.token(t, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {old.Refresh}, "resource": {a.resource}})
}

// tokens are what the token endpoint gives out.
type tokens struct {
	Access  string `json:"access_token"`
	Type    string `json:"token_type"`
	Life    int    `json:"expires_in"`
	Refresh string `json:"refresh_token"`
	Scope   string `json:"scope"`
}

// refusal is an error of the token endpoint (RFC 6749, section 5.2).
type refusal struct {
	Status int    `json:"-"`
	Code   string `json:"error"`
	Text   string `json:"error_description"`
}

func (r *refusal) String() string { return fmt.Sprintf("status %d, %s: %s", r.Status, r.Code, r.Text) }

// is reports whether a refusal is one of a status and a code.
func (r *refusal) is(status int, code string) bool {
	return r != nil && r.Status == status && r.Code == code
}

func (a *app) token(t *testing.T, form url.Values) (tokens, *refusal) {
	t.Helper()
	form.Set("client_id", a.id)
	response, err := shared.web.PostForm(a.metadata.Token, form)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if cache := response.Header.Get("Cache-Control"); cache != "no-store" {
		t.Errorf("the token endpoint answers with Cache-Control %q", cache)
	}
	if response.StatusCode != http.StatusOK {
		refused := refusal{Status: response.StatusCode}
		if err := json.Unmarshal(raw, &refused); err != nil || refused.Code == "" {
			t.Fatalf("the token endpoint answers %s: %.300s", response.Status, raw)
		}
		return tokens{}, &refused
	}
	var got tokens
	if err := json.Unmarshal(raw, &got); err != nil || got.Access == "" || !strings.EqualFold(got.Type, "Bearer") {
		t.Fatalf("the token endpoint answers %.300s", raw)
	}
	shared.secrets.add("an access token", got.Access)
	shared.secrets.add("a refresh token", got.Refresh)
	return got, nil
}

// revoke gives a token back (RFC 7009), as a client that need not be its owner.
func (a *app) revoke(t *testing.T, token string) {
	t.Helper()
	response, err := shared.web.PostForm(a.metadata.Revocation, url.Values{"token": {token}, "client_id": {a.id}})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		raw, _ := io.ReadAll(response.Body)
		t.Fatalf("revoking: %s: %.300s", response.Status, raw)
	}
}

// logIn is a whole login of a person who allows everything.
func (a *app) logIn(t *testing.T, in *tab, name string, scopes ...string) tokens {
	t.Helper()
	login := a.attempt(t, scopes...)
	in.logIn(t, login.url, name)
	return a.redeem(t, login, a.answer(t))
}

// reply is what came back for a request to the MCP endpoint.
type reply struct {
	status int
	header http.Header
	body   string
}

func (r reply) String() string { return fmt.Sprintf("status %d: %.600s", r.status, r.body) }

var challengeParameter = regexp.MustCompile(`([a-z_]+)="((?:[^"\\]|\\.)*)"`)

// challenge is that of the reply: the parameters of one challenge Bearer.
func (r reply) challenge(t *testing.T) map[string]string {
	t.Helper()
	all := r.header.Values("WWW-Authenticate")
	if len(all) != 1 || !strings.HasPrefix(all[0], "Bearer ") {
		t.Fatalf("%s: the challenges are %q", r, all)
	}
	parameters := map[string]string{}
	for _, found := range challengeParameter.FindAllStringSubmatch(all[0], -1) {
		parameters[found[1]] = found[2]
	}
	return parameters
}

// modern is the protocol version that a client speaks.
const modern = "2026-07-28"

// meta is what each request of it says of the client.
func (a *app) meta() object {
	return object{
		"io.modelcontextprotocol/protocolVersion":    modern,
		"io.modelcontextprotocol/clientCapabilities": object{},
		"io.modelcontextprotocol/clientInfo":         object{"name": a.name, "version": "1"},
	}
}

// ask sends an MCP request, with a token or with none.
func (a *app) ask(t *testing.T, access, method string, params object) reply {
	t.Helper()
	all := object{"_meta": a.meta()}
	maps.Copy(all, params)
	body, err := json.Marshal(object{"jsonrpc": "2.0", "id": 1, "method": method, "params": all})
	if err != nil {
		t.Fatal(err)
	}
	header := map[string]string{"Mcp-Protocol-Version": modern, "Mcp-Method": method}
	if name, ok := params["name"].(string); ok {
		header["Mcp-Name"] = name
	}
	return a.post(t, access, string(body), header)
}

// post sends a body to the MCP endpoint.
func (a *app) post(t *testing.T, access, body string, header map[string]string) reply {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, a.mcp, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json, text/event-stream")
	for name, value := range header {
		request.Header.Set(name, value)
	}
	if access != "" {
		request.Header.Set("Authorization", "Bearer "+access)
	}
	response, err := shared.web.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{response.StatusCode, response.Header, string(raw)}
}

// tools lists the names of the tools.
func (a *app) tools(t *testing.T, access string) []string {
	t.Helper()
	r := a.ask(t, access, "tools/list", nil)
	var message struct {
		Result struct {
			Tools []struct{ Name string }
			Scope string `json:"cacheScope"`
		}
	}
	r.decode(t, &message)
	if message.Result.Scope != "private" {
		t.Errorf("a list that differs from person to person may be cached as %q", message.Result.Scope)
	}
	var names []string
	for _, tool := range message.Result.Tools {
		names = append(names, tool.Name)
	}
	slices.Sort(names)
	return names
}

// decode reads the JSON-RPC message of a reply, which may have come as an event.
func (r reply) decode(t *testing.T, into any) {
	t.Helper()
	body := r.body
	if strings.HasPrefix(r.header.Get("Content-Type"), "text/event-stream") {
		for line := range strings.Lines(body) {
			if data, ok := strings.CutPrefix(line, "data:"); ok {
				body = data // the last is the answer
			}
		}
	}
	if err := json.Unmarshal([]byte(body), into); err != nil || r.status != http.StatusOK {
		t.Fatalf("%s (%v)", r, err)
	}
}

// writeTools are those that need the scope to write.
func writeTools() []string {
	return []string{"mutate_graphql", "node_delete", "node_upsert", "propose_changes", "reset_session_branch"}
}

// upsert is the write that the tests try.
func (a *app) upsert(t *testing.T, access string) reply {
	t.Helper()
	return a.ask(t, access, "tools/call", object{"name": "node_upsert", "arguments": object{
		"kind": "BuiltinTag", "data": object{"name": "login-" + strings.ToLower(rand.Text()[:8])},
	}})
}

// writes wants to be able to write, and to be offered it. It returns the branch
// that was written to.
func (a *app) writes(t *testing.T, access string) (branch string) {
	t.Helper()
	a.offersWriting(t, access)
	var message struct {
		Result struct {
			IsError    bool
			Content    []struct{ Text string }
			Structured struct{ Branch string } `json:"structuredContent"`
		}
	}
	a.upsert(t, access).decode(t, &message)
	if message.Result.IsError || message.Result.Structured.Branch == "" {
		t.Fatalf("writing: %+v", message.Result)
	}
	return message.Result.Structured.Branch
}

// offersWriting wants all tools that write to be offered.
func (a *app) offersWriting(t *testing.T, access string) {
	t.Helper()
	offered := a.tools(t, access)
	if missing := slices.DeleteFunc(writeTools(), func(name string) bool { return slices.Contains(offered, name) }); len(missing) > 0 {
		t.Errorf("%q are not offered", missing)
	}
}

// reads wants to be able to read.
func (a *app) reads(t *testing.T, access string) {
	t.Helper()
	var message struct {
		Result struct {
			IsError    bool
			Structured struct {
				Count int
			} `json:"structuredContent"`
		}
	}
	a.ask(t, access, "tools/call", object{"name": "get_nodes", "arguments": object{"kind": "DcimDevice", "limit": 3}}).decode(t, &message)
	if message.Result.IsError || message.Result.Structured.Count != 3 {
		t.Errorf("reading: %+v", message.Result)
	}
}

// onlyReads wants to be able to read, to be offered no tool that writes, and to be
// told which scope is missing when it writes nevertheless.
func (a *app) onlyReads(t *testing.T, access string) {
	t.Helper()
	offered := a.tools(t, access)
	if !slices.Contains(offered, "get_nodes") {
		t.Errorf("only %q are offered", offered)
	}
	for _, name := range writeTools() {
		if slices.Contains(offered, name) {
			t.Errorf("%s is offered", name)
		}
	}
	a.reads(t, access)
	refused := a.upsert(t, access)
	challenge := refused.challenge(t)
	if refused.status != http.StatusForbidden || challenge["error"] != "insufficient_scope" || challenge["scope"] != "write" {
		t.Errorf("writing: %s, challenge %v", refused, challenge)
	}
	get(t, challenge["resource_metadata"], &struct{}{})
}

// works reports whether the server accepts a token.
func (a *app) works(t *testing.T, access string) bool {
	t.Helper()
	r := a.ask(t, access, "tools/list", nil)
	switch r.status {
	case http.StatusOK:
		return true
	case http.StatusUnauthorized:
		if got := r.challenge(t)["error"]; got != "invalid_token" {
			t.Errorf("the challenge to a token that is refused has the error %q", got)
		}
		return false
	default:
		t.Fatalf("asking with a token: %s", r)
		return false
	}
}
