package provider

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/uuid"
	"golang.org/x/oauth2"
)

// Attempt is one login at the provider: what only the browser that began it, and
// the provider, may know. Its JSON is for sealing; package fmt and logs show
// nothing of it.
type Attempt struct {
	// Nonce comes back in the id token (OpenID Connect Core 1.0, section
	// 3.1.2.1).
	Nonce string `json:"nonce"`
	// Verifier proves at the token endpoint who began (RFC 7636).
	Verifier string `json:"verifier"`
}

// NewAttempt returns an Attempt with 256 random bits for each secret.
func NewAttempt() Attempt {
	nonce := make([]byte, 32)
	_, _ = rand.Read(nonce) // never fails (crypto/rand)
	return Attempt{Nonce: base64.RawURLEncoding.EncodeToString(nonce), Verifier: oauth2.GenerateVerifier()}
}

// Format writes nothing of the secrets.
func (a Attempt) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "login attempt") // the formatter reports its own errors
}

// LogValue shows nothing of the secrets.
func (a Attempt) LogValue() slog.Value { return slog.StringValue("login attempt") }

// AuthorizeURL returns where to send the browser: the authorization endpoint,
// always with a nonce and a code challenge S256, never with a resource, which is
// this server's business and which some providers refuse. write asks for the
// scopes of writing as well. The error is [ErrUnavailable] until discovery has
// succeeded.
func (p *Provider) AuthorizeURL(state string, a Attempt, write bool) (string, error) {
	m, err := p.metadata()
	if err != nil {
		return "", err
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)}
	if m.google && !p.settings.Online {
		// Google's way to ask for a refresh token; it comes with a fresh consent
		// alone.
		options = append(options, oauth2.AccessTypeOffline, oauth2.SetAuthURLParam("prompt", "consent"))
	}
	if audience := p.settings.Audience; audience != "" && !entraAudience(audience) {
		options = append(options, oauth2.SetAuthURLParam("audience", audience))
	}
	config := p.oauth(m)
	config.Scopes = p.scopes(m, write)
	return config.AuthCodeURL(state, options...), nil
}

// entraAudience reports whether an audience looks like one of Entra, which knows
// no parameter for it.
func entraAudience(audience string) bool {
	return strings.HasPrefix(audience, "api://") || len(audience) == 36 && uuid.Validate(audience) == nil
}

// scopes are what to ask for. Providers such as Google and Entra refuse a login
// with a scope that they do not know, so a scope of writing is asked for if the
// discovery document has it, or INFRAHUB_MCP_OIDC_SCOPES, or if it is an
// address, which nobody sets without meaning this provider.
func (p *Provider) scopes(m *metadata, write bool) []string {
	var all []string
	for _, s := range p.settings.Scopes {
		if write || !slices.ContainsFunc(p.settings.WriteScopes, func(w string) bool { return sameScope(s, w) }) {
			all = append(all, s)
		}
	}
	for _, w := range p.settings.WriteScopes {
		known := slices.Contains(m.document.Scopes, w) || strings.Contains(w, "://")
		asked := slices.ContainsFunc(all, func(s string) bool { return sameScope(s, w) })
		if write && known && !asked {
			all = append(all, w)
		}
	}
	if !p.settings.Online && slices.Contains(m.document.Scopes, oidc.ScopeOfflineAccess) && !slices.Contains(all, oidc.ScopeOfflineAccess) {
		all = append(all, oidc.ScopeOfflineAccess)
	}
	return all
}

// oauth returns the client of the authorization and token endpoints. It is made
// anew for each use, so that nothing that is kept holds the secret.
func (p *Provider) oauth(m *metadata) *oauth2.Config {
	return &oauth2.Config{
		ClientID:     p.settings.ClientID,
		ClientSecret: p.settings.ClientSecret(),
		RedirectURL:  p.settings.RedirectURL,
		Endpoint:     oauth2.Endpoint{AuthURL: m.document.Authorization, TokenURL: m.document.Token, AuthStyle: m.style},
	}
}

// CheckIssuer checks the parameter iss of a response of the authorization
// endpoint, of which values are all there were (RFC 9207, section 2.4): it has
// to be the provider's, and must not be missing if the provider says that it
// sends it. Errors match [ErrInvalid] or [ErrUnavailable].
func (p *Provider) CheckIssuer(values []string) error {
	m, err := p.metadata()
	switch {
	case err != nil:
		return err
	case len(values) == 0 && !m.document.IssuerInResponse:
		return nil
	case len(values) == 0:
		return fmt.Errorf("%w: the response of the login names no issuer", ErrInvalid)
	case len(values) > 1 || values[0] != m.issuer:
		return fmt.Errorf("%w: the response of the login is of another issuer", ErrInvalid)
	}
	return nil
}
