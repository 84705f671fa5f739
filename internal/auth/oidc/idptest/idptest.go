// Package idptest is an OpenID provider in the process, for tests. It takes
// after a vendor, does as that vendor does where vendors differ, and can be told
// to misbehave.
package idptest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Provider is an identity provider that a test controls. It is safe for
// concurrent use.
type Provider struct {
	// ClientID and ClientSecret are of the one client. Set ClientSecret to ""
	// before the first request for a public client.
	ClientID, ClientSecret string

	profile Profile
	issuer  string

	mu       sync.Mutex
	behavior Behavior
	user     User
	refusal  struct{ code, description string } // of the authorization endpoint
	disabled bool
	keys     []signingKey // newest first
	withheld signingKey   // signs what nobody shall verify
	made     int          // number of keys
	faults   map[Endpoint]Fault
	requests map[Endpoint][]request
	codes    map[string]grant
	access   map[string]grant
	refresh  map[string]grant
}

// User is who logs in.
type User struct {
	Subject string
	// Claims are those beyond sub, such as email.
	Claims map[string]any
	// Scopes are those beyond the ones of OpenID Connect that the user may be
	// granted, by their short names.
	Scopes []string
	// Roles are in claims, where the vendor has them.
	Roles []string
}

// Endpoint is an endpoint of a Provider.
type Endpoint string

// The endpoints.
const (
	Discovery  Endpoint = "discovery"
	Authorize  Endpoint = "authorize"
	Token      Endpoint = "token"
	UserInfo   Endpoint = "userinfo"
	Revocation Endpoint = "revocation"
	JWKS       Endpoint = "jwks"
)

type request struct {
	parameters url.Values
	auth       string
}

// New starts a provider on a free port of loopback. It ends with the test.
func New(t testing.TB, profile Profile) *Provider {
	t.Helper()
	p := &Provider{}
	server := httptest.NewUnstartedServer(p)
	p.setUp(t, profile, "http://"+server.Listener.Addr().String())
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return p
}

// NewVirtual returns a provider without a network: it has the issuer of the
// vendor it takes after, and only [Provider.Transport] reaches it. It may be
// used in a bubble of package testing/synctest.
func NewVirtual(t testing.TB, profile Profile) *Provider {
	t.Helper()
	p := &Provider{}
	p.setUp(t, profile, "")
	return p
}

func (p *Provider) setUp(t testing.TB, profile Profile, base string) {
	t.Helper()
	v, ok := vendors()[profile]
	if !ok {
		t.Fatalf("there is no profile %q", profile)
	}
	if base == "" {
		base = v.base
	}
	p.profile, p.issuer = profile, base+v.path
	p.ClientID, p.ClientSecret = clientID, clientSecret
	p.behavior = v.behavior
	p.user = User{
		Subject: "user-1",
		Claims: map[string]any{
			"email": "ann@example.com", "email_verified": true, "name": "Ann", "preferred_username": "ann",
		},
		Scopes: []string{"write"},
	}
	p.keys, p.withheld = []signingKey{p.newKey()}, p.newKey()
	p.faults, p.requests = map[Endpoint]Fault{}, map[Endpoint][]request{}
	p.codes, p.access, p.refresh = map[string]grant{}, map[string]grant{}, map[string]grant{}
}

// Issuer is the issuer in the discovery document.
func (p *Provider) Issuer() string { return p.issuer }

// ConfigURL is the address of the discovery document.
func (p *Provider) ConfigURL() string { return p.base() + discoveryPath }

// base is the issuer without a slash at its end.
func (p *Provider) base() string { return strings.TrimSuffix(p.issuer, "/") }

// SetUser sets who logs in from now on. Logins of the same subject take on the
// new scopes, roles and claims when they are refreshed.
func (p *Provider) SetUser(u User) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.user = u
}

// Disable makes every refresh fail with invalid_grant, or no longer.
func (p *Provider) Disable(disabled bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.disabled = disabled
}

// Deny makes the authorization endpoint send users back with an error. "" ends
// that.
func (p *Provider) Deny(code, description string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refusal.code, p.refusal.description = code, description
}

// Configure changes how the provider behaves.
func (p *Provider) Configure(change func(*Behavior)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.behavior)
}

// Requests returns the parameters of all requests to an endpoint, oldest first:
// those of the body, or of the query of a GET.
func (p *Provider) Requests(e Endpoint) []url.Values {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []url.Values
	for _, r := range p.requests[e] {
		all = append(all, r.parameters)
	}
	return all
}

// AuthStyles returns how each request to an endpoint was authenticated, oldest
// first: "basic", "post", "public" (a client_id alone), "bearer" or "none".
func (p *Provider) AuthStyles(e Endpoint) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for _, r := range p.requests[e] {
		all = append(all, r.auth)
	}
	return all
}

// Login follows an authorization URL, as the user, and returns where the
// provider sends the browser back to. The test fails if it does not.
func (p *Provider) Login(t testing.TB, authorizeURL string) (callbackURL string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, authorizeURL, http.NoBody)
	if err != nil {
		t.Fatalf("the authorization URL: %v", err)
	}
	answer, err := p.Transport().RoundTrip(r)
	if err != nil {
		t.Fatalf("following the authorization URL: %v", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusFound {
		t.Fatalf("the authorization endpoint answers %d and does not send the browser back", answer.StatusCode)
	}
	return answer.Header.Get("Location")
}

// snapshot is what an answer is made of.
func (p *Provider) snapshot() (Behavior, User) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u := p.user
	u.Scopes, u.Roles = slices.Clone(u.Scopes), slices.Clone(u.Roles)
	return p.behavior, u
}
