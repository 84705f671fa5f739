// Package oidc is mode oidc: MCP clients log in at the company's identity
// provider, and writing needs a scope.
//
// [Server] is both an OAuth resource server, which checks the tokens that come
// with requests of MCP (RFC 6750, RFC 9728), and an authorization server before
// the provider (OAuth 2.1): it registers clients, asks the user, sends them to
// the provider, and hands out tokens of its own. The provider's tokens never
// reach a client, and those of clients never leave this server.
//
// What a login is made of travels sealed with the client or the browser (package
// seal), so that any replica with the same keys can serve any step. What must be
// remembered, that something was used or revoked, is in package ledger.
package oidc

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"infrahub-mcp/internal/auth"
	"infrahub-mcp/internal/auth/oidc/client"
	"infrahub-mcp/internal/auth/oidc/ledger"
	"infrahub-mcp/internal/auth/oidc/provider"
	"infrahub-mcp/internal/auth/oidc/seal"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/keylock"
	"infrahub-mcp/internal/telemetry"
)

// Settings are what a Server needs.
type Settings struct {
	// BaseURL is where clients and browsers reach the server, without a slash at
	// its end. It is the issuer of the tokens.
	BaseURL string
	// Path is that of MCP below BaseURL; both together are the resource that the
	// tokens are for.
	Path string
	// RedirectPath is where the provider sends users back to, below BaseURL.
	RedirectPath string
	// WriteScopes are needed for writing, all of them. With none every user may
	// write.
	WriteScopes []string
	// ReadOnly says that nobody may write, so that no scope is offered for it.
	ReadOnly bool
	Keys     auth.Keys
	Provider *provider.Provider
	Clients  *client.Registry
	Ledger   ledger.Store
	// Credential returns the server's own as it is now, by which it acts in Infrahub
	// for everyone.
	Credential func() infrahub.Credential
	// Wait returns how long the sender of a request that needs no token has to
	// wait before the next one, 0 when it need not. Nil is no limit.
	Wait   func(*http.Request) time.Duration
	Logger *slog.Logger
	// Metrics count logins; nil counts nothing.
	Metrics *telemetry.Metrics
}

// Server is the authorization server and the resource server. It is safe for
// concurrent use.
type Server struct {
	settings  Settings
	base      *url.URL
	resource  string
	box       *seal.Box
	tokens    *seal.Tokens
	origins   *http.CrossOriginProtection
	faults    faults
	rotations keylock.Locks
	template  *template.Template
}

// How long things last.
const (
	loginLife   = 10 * time.Minute    // from the consent page to the return from the provider
	codeLife    = time.Minute         // RFC 6749, section 4.1.2, allows ten
	accessLife  = time.Hour           // at most; less when the provider says less
	refreshLife = 30 * 24 * time.Hour // from the login on; then the user logs in again
	grace       = 30 * time.Second    // in which a refresh may be repeated, as clients do that race or crash
)

// Limits of what comes in.
const (
	maxForm  = 32 << 10
	maxState = 1 << 10 // the parameter state of a client
	maxToken = 8 << 10
)

// New returns a server. The provider need not have been started.
func New(s Settings) (*Server, error) {
	base, err := url.Parse(s.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("reading the base URL: %w", err)
	}
	origins := http.NewCrossOriginProtection()
	if err := origins.AddTrustedOrigin(base.Scheme + "://" + base.Host); err != nil {
		return nil, fmt.Errorf("reading the base URL: %w", err)
	}
	o := &Server{
		settings: s, base: base, resource: s.BaseURL + s.Path,
		box: seal.New(s.Keys), tokens: seal.NewTokens(s.Keys, s.BaseURL, s.BaseURL+s.Path),
		origins: origins, template: newTemplate(),
	}
	if s.ReadOnly {
		o.settings.WriteScopes = nil
	}
	o.faults = o.newFaults()
	return o, nil
}

// Renew takes the keys as they are now; see [auth.Keys.Replace].
func (o *Server) Renew() {
	o.box.Renew()
	o.tokens.Renew()
}

// identity is that of a principal.
func (o *Server) identity(p auth.Principal) auth.Identity {
	return auth.Identity{Principal: p, Credential: o.settings.Credential()}
}

// Routes are the endpoints by path, each below the path of the base URL as well
// as at the root: what stands before the server may or may not cut that path off.
func (o *Server) Routes() map[string]http.Handler {
	routes := map[string]http.Handler{}
	prefix := o.base.Path
	add := func(path string, handler http.Handler) {
		routes[path], routes[prefix+path] = handler, handler
	}
	// Metadata is found by a path in front of that of what it describes (RFC
	// 9728, section 3; RFC 8414, section 3.1), and some look for it behind.
	for _, suffix := range []string{"", o.settings.Path, prefix, prefix + o.settings.Path} {
		add(ProtectedResourcePath+suffix, o.open(http.MethodGet, o.protectedResource))
	}
	for _, suffix := range []string{"", prefix} {
		add(AuthorizationServerPath+suffix, o.open(http.MethodGet, o.authorizationServer))
	}
	add("/register", o.open(http.MethodPost, o.limit(o.register, tooManyRequests)))
	add("/token", o.open(http.MethodPost, o.limit(o.token, tooManyRequests)))
	add("/revoke", o.open(http.MethodPost, o.limit(o.revoke, tooManyRequests)))
	add("/authorize", o.page(o.limit(o.authorize, o.showTooMany), http.MethodGet, http.MethodPost))
	add("/consent", o.page(o.limit(o.consent, o.showTooMany), http.MethodPost))
	for _, path := range []string{o.settings.RedirectPath, "/oauth/callback", "/auth/callback"} {
		add(path, o.page(o.limit(o.callback, o.showTooMany), http.MethodGet))
	}
	return routes
}

// MayWrite reports whether a principal has every scope that writing needs.
func (o *Server) MayWrite(p auth.Principal) bool {
	return !o.settings.ReadOnly && !slices.ContainsFunc(o.settings.WriteScopes, func(scope string) bool { return !slices.Contains(p.Scopes, scope) })
}

// open is an endpoint that programs use, from web pages of any origin too: it
// takes no cookie, so nobody can use another's browser for anything (Fetch
// standard, section 3.3).
func (o *Server) open(method string, handler http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Access-Control-Allow-Origin", "*")
		header.Set("X-Content-Type-Options", "nosniff")
		switch {
		case r.Method == http.MethodOptions:
			header.Set("Access-Control-Allow-Methods", method+", OPTIONS")
			header.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, MCP-Protocol-Version")
			header.Set("Access-Control-Max-Age", "86400")
			w.WriteHeader(http.StatusNoContent)
		case r.Method == method, r.Method == http.MethodHead && method == http.MethodGet:
			handler(w, r)
		default:
			header.Set("Allow", method+", OPTIONS")
			refuse(w, http.StatusMethodNotAllowed, "invalid_request", "Use "+method+".")
		}
	})
}

// page is an endpoint that people see in their browser.
func (o *Server) page(handler http.HandlerFunc, methods ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(methods, r.Method) {
			w.Header().Set("Allow", strings.Join(methods, ", "))
			o.showFault(w, http.StatusMethodNotAllowed, "This address takes no "+r.Method+" requests.", startAgain)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			o.showFault(w, unreadable(err), "The request cannot be read, or is too long.", startAgain)
			return
		}
		handler(w, r)
	})
}

// limit bounds how often an address may use an endpoint; refuse says that it has
// to wait.
func (o *Server) limit(handler, refuse http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if o.settings.Wait != nil {
			if wait := o.settings.Wait(r); wait > 0 {
				retryAfter(w, wait)
				refuse(w, r)
				return
			}
		}
		handler(w, r)
	}
}

// tooManyRequests refuses a request of a client.
func tooManyRequests(w http.ResponseWriter, _ *http.Request) {
	refuse(w, http.StatusTooManyRequests, "temporarily_unavailable", "Too many requests. Wait for the time that Retry-After names.")
}

// subject is the key of a user: one at one provider, whatever its name is. It
// needs no secret, as the id of a user is none.
func subject(issuer, id string) string {
	hash := sha256.Sum256([]byte(fmt.Sprintf("%d:%s%s", len(issuer), issuer, id)))
	return base64.RawURLEncoding.EncodeToString(hash[:])
}

// unavailable reports whether an error means that the identity provider, or the
// store of what was used, does not answer now.
func unavailable(err error) bool {
	return errors.Is(err, provider.ErrUnavailable) || errors.Is(err, errStore) || errors.Is(err, context.DeadlineExceeded)
}

// errStore wraps the errors of the ledger.
var errStore = errors.New("the shared store does not answer")
