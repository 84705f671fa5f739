// Package provider speaks to the identity provider: it finds out where and how
// the provider answers, has users log in there, renews their logins, and checks
// tokens that the provider made.
//
// A user is who the id token says. That a user may write is believed on evidence
// alone, see [Login]. Nothing here keeps an access token of the provider.
package provider

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
)

// Provider is an identity provider. It is safe for concurrent use.
type Provider struct {
	settings Settings
	issuer   string // without a slash at its end, as the address of discovery has it
	client   *http.Client
	known    atomic.Pointer[metadata] // nil until discovery succeeded
}

// Settings are what a Provider is made of. The names in parentheses are those of
// the environment.
type Settings struct {
	// ConfigURL is the address of the discovery document
	// (INFRAHUB_MCP_OIDC_CONFIG_URL).
	ConfigURL string
	// ClientID and ClientSecret are of this server at the provider. ClientSecret
	// is a function so that package fmt cannot print it; nil or "" is a public
	// client.
	ClientID     string
	ClientSecret func() string
	// RedirectURL is where the provider sends users back to.
	RedirectURL string
	// Scopes are asked for at every login (INFRAHUB_MCP_OIDC_SCOPES); nil is
	// openid, email and profile. Without openid there is no id token, so it is
	// always asked for.
	Scopes []string
	// Online does not ask for offline access, unless Scopes name it: logins last
	// no longer than the user's session at the provider.
	Online bool
	// WriteScopes are the scopes of writing (INFRAHUB_MCP_AUTH_SCOPES_WRITE).
	WriteScopes []string
	// ScopeClaims are claims whose values count as scopes
	// (INFRAHUB_MCP_OIDC_SCOPE_CLAIMS), with dots between the names of nested
	// ones.
	ScopeClaims []string
	// Audience is that of access tokens for this server
	// (INFRAHUB_MCP_OIDC_AUDIENCE), "" for none.
	Audience string
	// UserClaim is the claim with a name for people
	// (INFRAHUB_MCP_OIDC_USER_CLAIM); "" is email.
	UserClaim string
	// Transport sends the requests; nil is one with sane limits.
	Transport http.RoundTripper
	// Logger gets what an operator should know; nil is none.
	Logger *slog.Logger
}

var (
	// ErrUnavailable is a provider that does not answer, or cannot at present:
	// what was asked may work later. No token is to be given up for it.
	ErrUnavailable = errors.New("the identity provider is not available")
	// ErrInvalid is an answer or a token that is not to be believed.
	ErrInvalid = errors.New("what the identity provider is said to have issued is not valid")
)

// Refused is a refusal of the provider, with a code of RFC 6749 (sections 4.1.2.1
// and 5.2) or OpenID Connect. It holds nothing else of what the provider said.
//
// A refusal that is about this server rather than about the user
// (invalid_client, unauthorized_client, unsupported_grant_type) matches
// [ErrUnavailable] with [errors.Is]: the operator has to mend it, and no user's
// token is to be given up for it.
type Refused struct{ Code string }

// Refusal returns the Refused of an error code that came from the provider, or
// claims to. A code that cannot be one becomes server_error.
func Refusal(code string) *Refused {
	if !wellFormed(code) {
		code = "server_error"
	}
	return &Refused{code}
}

// Error names the code.
func (r *Refused) Error() string {
	return fmt.Sprintf("the identity provider refuses with the error %q", r.Code)
}

// Is reports whether target is [ErrUnavailable] and the refusal is about this
// server.
func (r *Refused) Is(target error) bool {
	return target == ErrUnavailable && slices.Contains([]string{"invalid_client", "unauthorized_client", "unsupported_grant_type"}, r.Code)
}

// Over reports whether a refusal to refresh means that the user has to log in
// again: the refresh token counts no more (RFC 6749, section 5.2), or the
// provider wants to see the user (OpenID Connect Core 1.0, section 3.1.2.6; Entra
// answers so at its token endpoint too).
func (r *Refused) Over() bool {
	return slices.Contains([]string{"invalid_grant", "interaction_required", "login_required", "consent_required"}, r.Code)
}

// wellFormed reports whether a code may be shown and forwarded. RFC 6749 allows
// more characters, but no registered code has any.
func wellFormed(code string) bool {
	const maxCode = 64
	return code != "" && len(code) <= maxCode && strings.Trim(code, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == ""
}

const discoveryPath = "/.well-known/openid-configuration"

// New returns a Provider that has asked nobody yet. Its errors name settings.
func New(s Settings) (*Provider, error) {
	at, err := url.Parse(s.ConfigURL)
	switch {
	case err != nil, at.Scheme != "https" && at.Scheme != "http", at.Host == "", at.User != nil, at.Fragment != "":
		return nil, errors.New("INFRAHUB_MCP_OIDC_CONFIG_URL is not an http or https address without user and fragment")
	case !strings.HasSuffix(at.EscapedPath(), discoveryPath):
		return nil, fmt.Errorf("INFRAHUB_MCP_OIDC_CONFIG_URL is %q, but must be the address of the discovery document, which ends in %s",
			s.ConfigURL, discoveryPath)
	case s.ClientID == "":
		return nil, errors.New("INFRAHUB_MCP_OIDC_CLIENT_ID is not set")
	case s.RedirectURL == "":
		return nil, errors.New("there is no redirect URL")
	}
	if s.ClientSecret == nil {
		s.ClientSecret = func() string { return "" }
	}
	if s.Scopes == nil {
		s.Scopes = []string{"openid", "email", "profile"}
	}
	if !slices.Contains(s.Scopes, "openid") {
		s.Scopes = append([]string{"openid"}, s.Scopes...)
	}
	s.UserClaim = cmp.Or(s.UserClaim, "email")
	s.Logger = cmp.Or(s.Logger, slog.New(slog.DiscardHandler))
	issuer, _, _ := strings.Cut(s.ConfigURL, "?")
	return &Provider{settings: s, issuer: strings.TrimSuffix(issuer, discoveryPath), client: newClient(s.Transport)}, nil
}

// metadata returns what discovery found.
func (p *Provider) metadata() (*metadata, error) {
	if m := p.known.Load(); m != nil {
		return m, nil
	}
	return nil, fmt.Errorf("%w: its discovery document has not been read yet", ErrUnavailable)
}
