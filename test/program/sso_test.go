package program_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"infrahub-mcp/internal/auth/oidc/idptest"
)

// sso is a program in mode oidc, before an Infrahub of its own and behind an
// identity provider that the test controls.
type sso struct {
	*program
	idp    *idptest.Provider
	public string            // base URL under which clients reach the program
	mcp    string            // path of MCP below it
	issued func(...string)   // is told what must not be logged
	answer func(what string) // is told what the pages of a login answer
}

// newSSO starts the program. public is its base URL; requests to it go to the
// address where the program listens.
func newSSO(t *testing.T, i infrahub, public string, settings ...string) *sso {
	t.Helper()
	idp := idptest.New(t, idptest.Keycloak)
	s := ssoOf(nil, idp, public)
	s.program = start(t, launch{transport: overHTTP, address: i.address, token: i.token, settings: append(ssoSettings(idp, public), settings...)})
	return s
}

func ssoOf(p *program, idp *idptest.Provider, public string) *sso {
	return &sso{program: p, idp: idp, public: public, mcp: "/mcp", issued: func(...string) {}, answer: func(string) {}}
}

// ssoSettings are those of mode oidc at a provider.
func ssoSettings(idp *idptest.Provider, public string) []string {
	return []string{
		"INFRAHUB_MCP_AUTH_MODE=oidc", "INFRAHUB_MCP_OIDC_BASE_URL=" + public, "INFRAHUB_MCP_OIDC_CONFIG_URL=" + idp.ConfigURL(),
		"INFRAHUB_MCP_OIDC_CLIENT_ID=" + idp.ClientID, "INFRAHUB_MCP_OIDC_CLIENT_SECRET=" + idp.ClientSecret,
	}
}

// visit sends a request to an address below the public one, with the cookies of a
// browser if there is one, and follows no redirect.
func (s *sso) visit(t *testing.T, browser http.CookieJar, method, address, body string, header http.Header) reply {
	t.Helper()
	public, err := url.Parse(address)
	if err != nil || !strings.HasPrefix(address, s.public) {
		t.Fatalf("the browser is sent to %s: %v", address, err)
	}
	at, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	actual := *public
	actual.Scheme, actual.Host = at.Scheme, at.Host
	request, err := http.NewRequestWithContext(t.Context(), method, actual.String(), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header, request.Host, request.Close = header, public.Host, true
	if browser != nil {
		for _, c := range browser.Cookies(public) {
			request.AddCookie(c)
		}
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		return reply{status: response.StatusCode, header: response.Header} // it does not end
	}
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if browser != nil {
		browser.SetCookies(public, response.Cookies())
		for _, c := range response.Cookies() {
			s.issued(c.Value)
		}
	}
	return reply{response.StatusCode, response.Header, string(raw)}
}

// Of a login: where its client waits, and what it proves itself with.
const (
	clientAt = "http://127.0.0.1:4711/callback"
	verifier = "a-verifier-with-at-least-forty-three-letters-0"
)

var consentForm = regexp.MustCompile(`name="form" value="([^"]*)"`)

// login logs the user of the provider in, by a client that registers for it, and
// returns the access and the refresh token. The login allows writing.
func (s *sso) login(t *testing.T) (access, refresh string) {
	t.Helper()
	browser, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := func(r reply, status int) reply {
		t.Helper()
		s.answer(r.body)
		if r.status != status {
			t.Fatalf("the login stops: %v; want %d", r, status)
		}
		return r
	}
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {originOf(s.public)}, "Sec-Fetch-Site": {"same-origin"}}

	r := want(s.visit(t, nil, http.MethodPost, s.public+"/register", `{"client_name":"Tests","redirect_uris":["`+clientAt+`"]}`, http.Header{"Content-Type": {"application/json"}}), http.StatusCreated)
	id := member(t, r, "client_id")
	hash := sha256.Sum256([]byte(verifier))
	r = want(s.visit(t, browser, http.MethodGet, s.public+"/authorize?"+url.Values{
		"response_type": {"code"}, "client_id": {id}, "redirect_uri": {clientAt}, "scope": {"write"}, "resource": {s.public + s.mcp},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(hash[:])}, "code_challenge_method": {"S256"}, "state": {"state-of-the-client"},
	}.Encode(), "", http.Header{}), http.StatusOK)
	found := consentForm.FindStringSubmatch(r.body)
	if found == nil {
		t.Fatalf("no consent page: %s", r.body)
	}
	sealed := html.UnescapeString(found[1])
	r = want(s.visit(t, browser, http.MethodPost, s.public+"/consent", url.Values{"form": {sealed}, "action": {"approve"}, "write": {"on"}}.Encode(), form.Clone()), http.StatusSeeOther)
	r = want(s.visit(t, browser, http.MethodGet, s.idp.Login(t, r.header.Get("Location")), "", http.Header{}), http.StatusSeeOther)
	back, err := url.Parse(r.header.Get("Location"))
	if err != nil || back.Query().Get("code") == "" || !strings.HasPrefix(back.String(), clientAt) {
		t.Fatalf("the client gets no code: %s", back)
	}
	code := back.Query().Get("code")
	access, refresh = s.redeem(t, url.Values{
		"grant_type": {"authorization_code"}, "client_id": {id}, "redirect_uri": {clientAt}, "code": {code}, "code_verifier": {verifier}, "resource": {s.public + s.mcp},
	})
	s.issued(sealed, code, verifier, access, refresh)
	if renewed, next := s.redeem(t, url.Values{"grant_type": {"refresh_token"}, "client_id": {id}, "refresh_token": {refresh}}); renewed != "" {
		access, refresh = renewed, next
		s.issued(access, refresh)
	}
	return access, refresh
}

// redeem gets tokens.
func (s *sso) redeem(t *testing.T, q url.Values) (access, refresh string) {
	t.Helper()
	r := s.visit(t, nil, http.MethodPost, s.public+"/token", q.Encode(), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
	if r.status != http.StatusOK {
		t.Fatalf("no tokens: %v", r)
	}
	return member(t, r, "access_token"), member(t, r, "refresh_token")
}

// ask sends a message to the endpoint of MCP.
func (s *sso) ask(t *testing.T, method, body string, header http.Header) reply {
	t.Helper()
	return s.visit(t, nil, method, s.public+s.mcp, body, header)
}

func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Scheme + "://" + u.Host
}

// member is a text in an answer in JSON.
func member(t *testing.T, r reply, name string) string {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(r.body), &all); err != nil {
		t.Fatalf("%v: %v", r, err)
	}
	text, _ := all[name].(string)
	return text
}
