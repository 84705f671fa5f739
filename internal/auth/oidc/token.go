package oidc

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"infrahub-mcp/internal/auth/oidc/client"
	"infrahub-mcp/internal/auth/oidc/provider"
	"infrahub-mcp/internal/auth/oidc/seal"
)

// Grant types (RFC 6749, sections 4.1.3 and 6).
const (
	grantCode    = "authorization_code"
	grantRefresh = "refresh_token"
)

// refreshToken is what a refresh token holds.
type refreshToken struct {
	ID    string `json:"j"`
	Grant grant  `json:"g"`
}

// tokens are the answer to a token request (RFC 6749, section 5.1).
type tokens struct {
	Access  string `json:"access_token"`
	Type    string `json:"token_type"`
	Expires int64  `json:"expires_in"`
	Refresh string `json:"refresh_token,omitempty"`
	Scope   string `json:"scope"`
}

// tokenError is a refusal at the token endpoint (RFC 6749, section 5.2).
type tokenError struct {
	status            int
	code, description string
}

func (e *tokenError) Error() string { return e.description }

func invalidGrant(description string) error {
	return &tokenError{http.StatusBadRequest, "invalid_grant", description}
}

func invalidRequest(description string) error {
	return &tokenError{http.StatusBadRequest, "invalid_request", description}
}

// token exchanges a code or a refresh token for tokens (OAuth 2.1, section 3.2).
func (o *Server) token(w http.ResponseWriter, r *http.Request) {
	values, ok := form(w, r)
	if !ok {
		return
	}
	var answer *tokens
	from, err := o.tokenClient(r, values)
	if err == nil {
		switch values.Get("grant_type") {
		case grantCode:
			answer, err = o.redeem(detached(r.Context()), values, from)
		case grantRefresh:
			answer, err = o.refresh(detached(r.Context()), values, from)
		case "":
			err = invalidRequest("The parameter grant_type is missing.")
		default:
			err = &tokenError{http.StatusBadRequest, "unsupported_grant_type", "The grant type must be authorization_code or refresh_token."}
		}
	}
	if err != nil {
		o.refuseToken(w, r, err)
		return
	}
	w.Header().Set("Pragma", "no-cache")
	reply(w, http.StatusOK, answer)
}

// refuseToken answers an error. What passes must not read as the end of a grant:
// clients throw their tokens away then.
func (o *Server) refuseToken(w http.ResponseWriter, r *http.Request, err error) {
	refused, ok := errors.AsType[*tokenError](err)
	switch {
	case ok:
		o.log(r, slog.LevelInfo, "token refused", "code", refused.code, "reason", err)
		if refused.status == http.StatusServiceUnavailable {
			retryAfter(w, unavailableFor)
		}
		refuse(w, refused.status, refused.code, refused.description)
	case unavailable(err):
		o.log(r, slog.LevelWarn, "token put off", "reason", err)
		retryAfter(w, unavailableFor)
		refuse(w, http.StatusServiceUnavailable, "temporarily_unavailable", "The identity provider does not answer. Try again in a moment; the token is still good.")
	default:
		o.log(r, slog.LevelError, "token failed", "reason", err)
		refuse(w, http.StatusInternalServerError, "server_error", "The server failed.")
	}
}

// tokenClient finds the client of a token request. All clients are public: there
// is no secret to check, and one that is sent is not looked at.
func (o *Server) tokenClient(r *http.Request, values url.Values) (client.Client, error) {
	id := values.Get("client_id")
	if id == "" {
		user, _, _ := r.BasicAuth() // RFC 6749, section 2.3.1
		id, _ = url.QueryUnescape(user)
	}
	if id == "" {
		return client.Client{}, invalidRequest("The parameter client_id is missing.")
	}
	from, err := o.settings.Clients.Find(r.Context(), id)
	switch {
	case errors.Is(err, client.ErrUnavailable):
		return from, &tokenError{http.StatusServiceUnavailable, "temporarily_unavailable", "The document that describes the client cannot be read now."}
	case err != nil:
		return from, &tokenError{http.StatusUnauthorized, "invalid_client", "The client is not known here. Register again."}
	}
	return from, nil
}

// redeem exchanges a code. The code counts once; whoever sends it again may have
// stolen it, or may have been stolen from, so the login ends (OAuth 2.1, section
// 4.1.3). What can be checked without using it up is checked before.
func (o *Server) redeem(ctx context.Context, values url.Values, from client.Client) (*tokens, error) {
	var c code
	if err := o.box.Open(seal.Code, values.Get("code"), &c); err != nil {
		return nil, invalidGrant("The code is not valid, or no longer.")
	}
	switch {
	case c.Grant.Client != from.Hash():
		return nil, invalidGrant("The code was made for another client.")
	case values.Has("redirect_uri") && values.Get("redirect_uri") != c.RedirectURI:
		return nil, invalidGrant("The redirect URI is not that of the authorization request.")
	case values.Has("resource") && !o.isResource(values.Get("resource")):
		return nil, &tokenError{http.StatusBadRequest, "invalid_target", "The resource must be " + o.resource + "."}
	case !isVerifier(values.Get("code_verifier")):
		return nil, invalidRequest("The parameter code_verifier must have 43 to 128 letters, digits, or -._~.")
	case subtle.ConstantTimeCompare([]byte(digest(values.Get("code_verifier"))), []byte(c.Challenge)) != 1:
		return nil, invalidGrant("The code_verifier does not belong to the code_challenge.")
	}
	first, _, err := o.settings.Ledger.Mark(ctx, "code:"+c.ID, 2*codeLife)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errStore, err)
	}
	if !first {
		return nil, errors.Join(invalidGrant("The code was used before. The login has been ended."), o.end(ctx, c.Grant))
	}
	return o.issue(c.Grant, c.Grant.Scopes)
}

// refresh exchanges a refresh token. The provider is asked every time, so that a
// user who was locked out there, or lost a permission, has lost it here too.
func (o *Server) refresh(ctx context.Context, values url.Values, from client.Client) (*tokens, error) {
	var t refreshToken
	if err := o.box.Open(seal.Refresh, values.Get("refresh_token"), &t); err != nil {
		return nil, invalidGrant("The refresh token is not valid, or no longer.")
	}
	g := t.Grant
	named, narrowed := readScopes(values)
	beyond := func(scope string) bool { return scope != offlineAccess && !slices.Contains(g.Scopes, scope) }
	switch {
	case g.Client != from.Hash():
		return nil, invalidGrant("The refresh token was made for another client.")
	case o.settings.Ledger.Revoked("family:" + g.Family):
		return nil, invalidGrant("The login was ended.")
	case values.Has("resource") && !o.isResource(values.Get("resource")):
		return nil, &tokenError{http.StatusBadRequest, "invalid_target", "The resource must be " + o.resource + "."}
	case narrowed && slices.ContainsFunc(named, beyond):
		return nil, &tokenError{http.StatusBadRequest, "invalid_scope", "A refresh cannot add scopes. Log in again."}
	}
	answer, err := o.rotate(ctx, t)
	if err != nil || !narrowed {
		return answer, err
	}
	// Narrower is this access token, not the login (RFC 6749, section 6).
	return o.narrow(answer, named)
}

// rotate makes new tokens of a refresh token. A second use within the grace time
// gets the same tokens, at whatever replica: that is a client that raced against
// itself or did not get the answer. Later it is a theft, and the login ends
// (OAuth 2.1, section 4.3.1).
func (o *Server) rotate(ctx context.Context, t refreshToken) (*tokens, error) {
	defer o.rotations.Lock(t.ID)()
	if answer, err := o.rotated(ctx, t); answer != nil || err != nil {
		return answer, err
	}
	g := t.Grant
	login, err := o.settings.Provider.Refresh(ctx, g.Upstream, provider.Login{Issuer: g.Identity.Issuer, Subject: g.Identity.Subject, Name: g.Identity.Name, Granted: g.Scopes})
	if refused, ok := errors.AsType[*provider.Refused](err); ok && refused.Over() {
		// Another replica may have been faster, at a provider that takes each of
		// its refresh tokens once.
		if answer, err := o.rotated(ctx, t); answer != nil || err != nil {
			return answer, err
		}
		return nil, errors.Join(invalidGrant("The identity provider has ended the login."), o.end(ctx, g))
	}
	if err != nil {
		return nil, err
	}
	g.Scopes, g.Life, g.Upstream = both(g.Scopes, login.Granted), login.Life, login.RefreshToken
	answer, err := o.issue(g, g.Scopes)
	if err != nil {
		return nil, err
	}
	return answer, o.remember(ctx, t, answer)
}

// rotated returns the tokens that were made of a refresh token within the grace
// time, or ends the login when that is longer ago. Without both it was not used.
func (o *Server) rotated(ctx context.Context, t refreshToken) (*tokens, error) {
	kept, ok, err := o.settings.Ledger.Kept(ctx, "refresh:"+t.ID)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errStore, err)
	}
	var answer tokens
	if ok && o.box.Open(seal.Answer, kept, &answer) == nil {
		return &answer, nil
	}
	used, err := o.settings.Ledger.Marked(ctx, "refresh:"+t.ID)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errStore, err)
	}
	if used {
		return nil, errors.Join(invalidGrant("The refresh token was used before. The login has been ended."), o.end(ctx, t.Grant))
	}
	return nil, nil
}

// remember keeps what was made of a refresh token for the grace time, and that it
// was used as long as the login can last.
func (o *Server) remember(ctx context.Context, t refreshToken, answer *tokens) error {
	sealed, err := o.box.Seal(seal.Answer, answer, grace)
	if err != nil {
		return err
	}
	if err := o.settings.Ledger.Keep(ctx, "refresh:"+t.ID, sealed, grace); err != nil {
		return fmt.Errorf("%w: %w", errStore, err)
	}
	if _, _, err := o.settings.Ledger.Mark(ctx, "refresh:"+t.ID, time.Until(time.Unix(t.Grant.Ends, 0))); err != nil {
		return fmt.Errorf("%w: %w", errStore, err)
	}
	return nil
}

// issue makes tokens of a grant. There is a refresh token only where the provider
// gave one, since without nobody could tell whether the user is still let in.
func (o *Server) issue(g grant, scopes []string) (*tokens, error) {
	life := accessLife
	if g.Life > 0 {
		life = min(life, g.Life)
	}
	now := time.Now()
	access, err := o.tokens.Sign(seal.Access{
		ID: rand.Text(), Family: g.Family, Subject: subject(g.Identity.Issuer, g.Identity.Subject),
		Provider: g.Identity.Issuer, ProviderSubject: g.Identity.Subject, Client: g.Client,
		Scopes: scopes, Name: g.Identity.Name, IssuedAt: now, Expires: now.Add(life),
	})
	if err != nil {
		return nil, err
	}
	answer := &tokens{Access: access, Type: "Bearer", Expires: int64(life.Seconds()), Scope: strings.Join(scopes, " ")}
	left := time.Until(time.Unix(g.Ends, 0))
	if g.Upstream == "" || left <= 0 {
		return answer, nil
	}
	answer.Refresh, err = o.box.Seal(seal.Refresh, refreshToken{rand.Text(), g}, left)
	return answer, err
}

// narrow replaces the access token of an answer by one with fewer scopes.
func (o *Server) narrow(answer *tokens, scopes []string) (*tokens, error) {
	access, err := o.tokens.Verify(answer.Access)
	if err != nil {
		return nil, err
	}
	access.ID, access.Scopes = rand.Text(), both(access.Scopes, scopes)
	narrowed := *answer
	narrowed.Scope = strings.Join(access.Scopes, " ")
	narrowed.Access, err = o.tokens.Sign(access)
	return &narrowed, err
}

// end ends a login: nothing that was made of it counts any more.
func (o *Server) end(ctx context.Context, g grant) error {
	if err := o.settings.Ledger.Revoke(ctx, "family:"+g.Family, time.Until(time.Unix(g.Ends, 0))); err != nil {
		return fmt.Errorf("%w: %w", errStore, err)
	}
	return nil
}

// isVerifier checks the form of a verifier (RFC 7636, section 4.1).
func isVerifier(text string) bool {
	return len(text) >= 43 && len(text) <= 128 && !strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._~", r)
	})
}

// String keeps tokens out of everything that prints them.
func (t *tokens) String() string { return "tokens" }
