package oidc_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"infrahub-mcp/internal/auth"
	"infrahub-mcp/internal/auth/oidc"
	"infrahub-mcp/internal/auth/oidc/client"
	"infrahub-mcp/internal/auth/oidc/idptest"
	"infrahub-mcp/internal/auth/oidc/ledger"
	"infrahub-mcp/internal/auth/oidc/provider"
	"infrahub-mcp/internal/auth/oidc/seal"
	"infrahub-mcp/internal/infrahub"
)

// baseURL is that of the sites whose tests do not say otherwise.
const baseURL = "https://mcp.example.com"

// loopback is the redirect URI of the clients in these tests.
const loopback = "http://127.0.0.1:4711/callback"

// ownToken is the server's own credential for Infrahub.
const ownToken = "own-infrahub-token"

// site is a server in mode oidc with its identity provider, in memory: requests
// are given to its handler, and the provider is reached without a network. It may
// be used in a bubble of package testing/synctest.
type site struct {
	t        testing.TB
	settings oidc.Settings
	idp      *idptest.Provider
	server   *oidc.Server
	handler  http.Handler
	log      *lockedBuffer
}

// lockedBuffer is a buffer for several goroutines.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// options change a site before it is built.
type options struct {
	profile  idptest.Profile // Keycloak
	provider func(*provider.Settings)
	clients  func(*client.Settings)
	server   func(*oidc.Settings)
	stopped  bool // the provider is not started
	idp      *idptest.Provider
}

func newSite(t testing.TB, o options) *site {
	t.Helper()
	s := &site{t: t, idp: o.idp, log: &lockedBuffer{}}
	if s.idp == nil {
		s.idp = idptest.NewVirtual(t, cmp.Or(o.profile, idptest.Keycloak))
	}
	logger := slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	settings := oidc.Settings{
		BaseURL: baseURL, Path: "/mcp", RedirectPath: "/oauth/callback", WriteScopes: []string{"write"},
		Keys: auth.KeysOf("a secret of the tests"), Ledger: ledger.NewMemory(),
		Credential: func() infrahub.Credential { return infrahub.Credential{Token: ownToken} }, Logger: logger,
	}
	if o.server != nil {
		o.server(&settings)
	}
	upstream := provider.Settings{
		ConfigURL: s.idp.ConfigURL(), ClientID: s.idp.ClientID, ClientSecret: func() string { return s.idp.ClientSecret },
		RedirectURL: settings.BaseURL + settings.RedirectPath, WriteScopes: settings.WriteScopes,
		Transport: s.idp.Transport(), Logger: logger,
	}
	if o.provider != nil {
		o.provider(&upstream)
	}
	var err error
	if settings.Provider, err = provider.New(upstream); err != nil {
		t.Fatal(err)
	}
	if !o.stopped {
		if err := settings.Provider.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	clients := client.Settings{Box: seal.New(settings.Keys), KnownID: s.idp.ClientID, Logger: logger}
	if o.clients != nil {
		o.clients(&clients)
	}
	settings.Clients = client.New(clients)
	s.settings = settings
	s.restart()
	return s
}

// restart replaces the server by another one with the same settings, as another
// replica is one.
func (s *site) restart() {
	s.t.Helper()
	server, err := oidc.New(s.settings)
	if err != nil {
		s.t.Fatal(err)
	}
	mux := http.NewServeMux()
	for path, handler := range server.Routes() {
		mux.Handle(path, handler)
	}
	base, err := url.Parse(s.settings.BaseURL)
	if err != nil {
		s.t.Fatal(err)
	}
	mux.Handle(base.Path+s.settings.Path, auth.Require(server, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := auth.IdentityFrom(r.Context())
		_ = json.NewEncoder(w).Encode(map[string]any{
			"mode": id.Principal.Mode, "key": id.Principal.Key, "name": id.Principal.Name, "subject": id.Principal.Subject,
			"scopes": id.Principal.Scopes, "write": server.MayWrite(id.Principal), "own": id.Credential.Token == ownToken,
		})
	})))
	s.server, s.handler = server, mux
}

// do answers a request.
func (s *site) do(r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w.Result()
}

// request makes a request of the site, with pairs of header names and values.
func (s *site) request(method, path, body string, header ...string) *http.Request {
	r := httptest.NewRequestWithContext(context.Background(), method, s.settings.BaseURL+path, strings.NewReader(body))
	r.RemoteAddr = "203.0.113.7:1234"
	for pair := range slices.Chunk(header, 2) {
		r.Header.Add(pair[0], pair[1])
	}
	return r
}

// body is the text of an answer.
func body(t testing.TB, answer *http.Response) string {
	t.Helper()
	defer answer.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(answer.Body); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// fields are the members of an answer in JSON.
func fields(t testing.TB, answer *http.Response) map[string]any {
	t.Helper()
	var members map[string]any
	text := body(t, answer)
	if err := json.Unmarshal([]byte(text), &members); err != nil {
		t.Fatalf("status %d and no JSON object: %s", answer.StatusCode, text)
	}
	return members
}

// post sends a form as a program does.
func (s *site) post(path string, form url.Values, header ...string) *http.Response {
	return s.do(s.request(http.MethodPost, path, form.Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded"}, header...)...))
}

// register makes a client known and returns its id.
func (s *site) register(redirectURIs ...string) string {
	s.t.Helper()
	metadata, err := json.Marshal(map[string]any{"client_name": "Test client", "redirect_uris": redirectURIs})
	if err != nil {
		s.t.Fatal(err)
	}
	answer := s.do(s.request(http.MethodPost, "/register", string(metadata), "Content-Type", "application/json"))
	if answer.StatusCode != http.StatusCreated {
		s.t.Fatalf("registration: %d %s", answer.StatusCode, body(s.t, answer))
	}
	id, _ := fields(s.t, answer)["client_id"].(string)
	return id
}

// verifier is that of PKCE in these tests.
const verifier = "a-verifier-with-at-least-forty-three-letters-0"

// challengeOf is the challenge of a verifier.
func challengeOf(verifier string) string {
	hash := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(hash[:])
}

// asking are the parameters of a good authorization request, changed by pairs of
// names and values: "" removes a parameter.
func asking(clientID string, changes ...string) url.Values {
	q := url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {loopback}, "state": {"state of the client"},
		"code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"}, "resource": {baseURL + "/mcp"}, "scope": {"write"},
	}
	change(q, changes)
	return q
}

// redeeming are the parameters of a good token request for a code.
func redeeming(clientID, code string, changes ...string) url.Values {
	q := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {clientID}, "redirect_uri": {loopback}, "code": {code},
		"code_verifier": {verifier}, "resource": {baseURL + "/mcp"},
	}
	change(q, changes)
	return q
}

// refreshing are the parameters of a good token request for a refresh token.
func refreshing(clientID, token string, changes ...string) url.Values {
	q := url.Values{"grant_type": {"refresh_token"}, "client_id": {clientID}, "refresh_token": {token}}
	change(q, changes)
	return q
}

func change(q url.Values, changes []string) {
	for pair := range slices.Chunk(changes, 2) {
		if name, value := pair[0], pair[1]; value == "" {
			q.Del(name)
		} else {
			q.Set(name, value)
		}
	}
}

// browser is that of one user: it keeps cookies, and follows redirects only where
// it is told to.
type browser struct {
	site *site
	jar  *cookiejar.Jar
}

func (s *site) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &browser{s, jar}
}

// send gives a request to the site, with the cookies of the browser.
func (b *browser) send(r *http.Request) *http.Response {
	for _, c := range b.jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	answer := b.site.do(r)
	b.jar.SetCookies(r.URL, answer.Cookies())
	return answer
}

// open loads an address of the site, as a navigation.
func (b *browser) open(address string) *http.Response {
	b.site.t.Helper()
	path, ok := strings.CutPrefix(address, b.site.settings.BaseURL)
	if !ok {
		b.site.t.Fatalf("the browser is sent away: %s", address)
	}
	return b.send(b.site.request(http.MethodGet, path, "", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"))
}

// ask sends an authorization request.
func (b *browser) ask(q url.Values) *http.Response {
	b.site.t.Helper()
	return b.open(b.site.settings.BaseURL + "/authorize?" + q.Encode())
}

var hidden = regexp.MustCompile(`name="form" value="([^"]*)"`)

// formOf is the sealed form of a consent page.
func formOf(t testing.TB, page *http.Response) string {
	t.Helper()
	text := body(t, page)
	found := hidden.FindStringSubmatch(text)
	if page.StatusCode != http.StatusOK || found == nil {
		t.Fatalf("status %d and no consent page:\n%s", page.StatusCode, text)
	}
	return html.UnescapeString(found[1])
}

// submit sends the form of a consent page back, as the page does.
func (b *browser) submit(form url.Values, header ...string) *http.Response {
	r := b.site.request(http.MethodPost, "/consent", form.Encode(), append([]string{
		"Content-Type", "application/x-www-form-urlencoded",
	}, header...)...)
	if header == nil {
		r.Header.Set("Origin", b.site.settings.BaseURL)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	return b.send(r)
}

// location is where an answer sends the browser.
func location(t testing.TB, answer *http.Response) string {
	t.Helper()
	if answer.StatusCode != http.StatusSeeOther {
		t.Fatalf("status %d and no redirect:\n%s", answer.StatusCode, body(t, answer))
	}
	return answer.Header.Get("Location")
}

// approve allows what a consent page asks for, writing too, and returns where the
// browser is sent: to the provider.
func (b *browser) approve(page *http.Response) string {
	b.site.t.Helper()
	return location(b.site.t, b.submit(url.Values{"form": {formOf(b.site.t, page)}, "action": {"approve"}, "write": {"on"}}))
}

// finish takes the browser from the provider back to the client, and returns the
// parameters that the client gets.
func (b *browser) finish(toProvider string) url.Values {
	b.site.t.Helper()
	return answered(b.site.t, b.open(b.site.idp.Login(b.site.t, toProvider)))
}

// answered are the parameters that a client gets.
func answered(t testing.TB, answer *http.Response) url.Values {
	t.Helper()
	u, err := url.Parse(location(t, answer))
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// code logs a user in for a client, all the way to the code.
func (s *site) code(clientID string, changes ...string) string {
	s.t.Helper()
	b := s.browser()
	got := b.finish(b.approve(b.ask(asking(clientID, changes...))))
	if got.Get("code") == "" {
		s.t.Fatalf("the client gets no code but %v\n%s", got, s.log)
	}
	return got.Get("code")
}

// granted are the tokens of a token request.
type granted struct{ access, refresh, scope string }

// tokens sends a token request that has to succeed.
func (s *site) tokens(q url.Values) granted {
	s.t.Helper()
	answer := s.post("/token", q)
	if answer.StatusCode != http.StatusOK {
		s.t.Fatalf("token: %d %s\n%s", answer.StatusCode, body(s.t, answer), s.log)
	}
	got := fields(s.t, answer)
	text := func(name string) string { value, _ := got[name].(string); return value }
	return granted{text("access_token"), text("refresh_token"), text("scope")}
}

// login is a whole login of a client that registers for it.
func (s *site) login(changes ...string) (clientID string, got granted) {
	s.t.Helper()
	clientID = s.register(loopback)
	return clientID, s.tokens(redeeming(clientID, s.code(clientID, changes...)))
}

// wantError checks the answer to a program: status and OAuth error code.
func wantError(t *testing.T, answer *http.Response, status int, code string) {
	t.Helper()
	got := fields(t, answer)
	if answer.StatusCode != status || got["error"] != code || got["error_description"] == "" {
		t.Errorf("answered %d %v, want %d %s", answer.StatusCode, got, status, code)
	}
	if answer.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the answer may be kept: %q", answer.Header.Get("Cache-Control"))
	}
}

// mcp sends a request of MCP with a token.
func (s *site) mcp(token string) *http.Response {
	return s.do(s.request(http.MethodPost, "/mcp", "{}", "Authorization", "Bearer "+token))
}

// wantUser checks that a token is let in, and returns who that is.
func (s *site) wantUser(token string) map[string]any {
	s.t.Helper()
	answer := s.mcp(token)
	if answer.StatusCode != http.StatusOK {
		s.t.Fatalf("the token is not let in: %d %s", answer.StatusCode, body(s.t, answer))
	}
	return fields(s.t, answer)
}

// wantRefused checks that a token is not let in.
func (s *site) wantRefused(what, token string) {
	s.t.Helper()
	answer := s.mcp(token)
	if challenge := answer.Header.Get("WWW-Authenticate"); answer.StatusCode != http.StatusUnauthorized || !strings.Contains(challenge, `error="invalid_token"`) {
		s.t.Errorf("%s: status %d, challenge %q", what, answer.StatusCode, challenge)
	}
}

// upstream is how often an endpoint of the provider was asked.
func (s *site) upstream(e idptest.Endpoint) int { return len(s.idp.Requests(e)) }
