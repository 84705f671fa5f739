package oidc

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"infrahub-mcp/internal/auth/oidc/provider"
	"infrahub-mcp/internal/auth/oidc/seal"
	"infrahub-mcp/internal/telemetry"
)

// identity is a user as the provider named them at the login.
type identity struct {
	Issuer  string `json:"i"`
	Subject string `json:"s"`
	Name    string `json:"n"`
}

// grant is what a login gave.
type grant struct {
	Client   string   `json:"c"` // hash of the client's id
	Family   string   `json:"f"` // the login, by which all that comes of it can be revoked
	Identity identity `json:"u"`
	Scopes   []string `json:"w,omitempty"`
	// Upstream is the provider's refresh token, "" without.
	Upstream string `json:"t,omitempty"`
	// Life is how long the provider says that its tokens last, 0 if it does not.
	Life time.Duration `json:"l,omitempty"`
	// Ends is when the user has to log in again, in seconds since 1970.
	Ends int64 `json:"e"`
}

// code is an authorization code.
type code struct {
	ID          string `json:"j"`
	RedirectURI string `json:"r"`
	Challenge   string `json:"p"`
	Grant       grant  `json:"g"`
}

// callback takes the user back from the provider (OpenID Connect Core, section
// 3.1.2.5). The code of the provider is redeemed here rather than when the
// client comes for its token, so that the user sees what goes wrong.
func (o *Server) callback(w http.ResponseWriter, r *http.Request) {
	private(w)
	form := r.URL.Query()
	state := form.Get("state")
	if name := repeated(form); name != "" || state == "" {
		o.showFault(w, http.StatusBadRequest, "The identity provider sent you back with an incomplete answer.", startAgain)
		return
	}
	var j journey
	if err := o.box.Open(seal.State, o.cookie(r, journeyCookie(state)), &j); err != nil ||
		subtle.ConstantTimeCompare([]byte(j.State), []byte(digest(state))) != 1 {
		o.ended(r, slog.LevelWarn, "refused", "reason", "no login of this browser is under way")
		o.showFault(w, http.StatusForbidden, "This login was not begun in this browser, or too long ago, or it is over.",
			"If you have just logged in, your MCP client may be connected already. Otherwise start the login again from there.")
		return
	}
	o.setCookie(w, journeyCookie(state), "", 0)
	if first, _, err := o.settings.Ledger.Mark(r.Context(), "state:"+j.State, loginLife); err != nil {
		o.ended(r, slog.LevelError, "put off", "reason", fmt.Errorf("%w: %w", errStore, err))
		retryAfter(w, unavailableFor)
		o.showFault(w, http.StatusServiceUnavailable, "The server cannot finish the login now.", startAgain)
		return
	} else if !first {
		o.ended(r, slog.LevelWarn, "refused", "reason", "the answer of the provider came twice")
		o.showFault(w, http.StatusBadRequest, "This login is over.", "If you have just logged in, your MCP client may be connected already. Otherwise start the login again from there.")
		return
	}
	if err := o.settings.Provider.CheckIssuer(form["iss"]); err != nil {
		o.ended(r, slog.LevelWarn, "refused", "reason", "the answer names another issuer")
		o.showFault(w, http.StatusForbidden, "The answer does not come from the identity provider of this server.", startAgain)
		return
	}
	asked := j.Request
	if form.Has("error") {
		refused := o.settings.Provider.Declined(r.Context(), form.Get("error"), len(asked.Scopes) > 0)
		o.ended(r, slog.LevelInfo, "refused", "reason", refused)
		o.redirect(w, r, asked.RedirectURI, asked.State, ofProvider(refused.Code))
		return
	}
	login, err := o.settings.Provider.Exchange(r.Context(), form.Get("code"), j.Attempt)
	if err != nil {
		o.failed(w, r, asked, err)
		return
	}
	if err := o.finish(w, r, asked, login); err != nil {
		o.settings.Logger.ErrorContext(r.Context(), "a code could not be sealed", "error", err)
		o.redirect(w, r, asked.RedirectURI, asked.State, &refusal{"server_error", "The server failed."})
	}
}

// finish sends the browser back to the client with a code.
func (o *Server) finish(w http.ResponseWriter, r *http.Request, asked request, login provider.Login) error {
	g := grant{
		Client: asked.Client, Family: rand.Text(), Identity: identity{login.Issuer, login.Subject, login.Name},
		Scopes: both(asked.Scopes, login.Granted), Upstream: login.RefreshToken, Life: login.Life,
		Ends: time.Now().Add(refreshLife).Unix(),
	}
	sealed, err := o.box.Seal(seal.Code, code{rand.Text(), asked.RedirectURI, asked.Challenge, g}, codeLife)
	if err != nil {
		return err
	}
	o.ended(r, slog.LevelInfo, "granted", "user", g.Identity.Name, "subject", g.Identity.Subject, "scopes", g.Scopes)
	o.answer(w, r, asked.RedirectURI, url.Values{"code": {sealed}}, asked.State)
	return nil
}

// failed tells the client, and through it the user, that the login could not be
// completed. Why is told to the operator.
func (o *Server) failed(w http.ResponseWriter, r *http.Request, asked request, err error) {
	o.ended(r, slog.LevelWarn, "failed", "reason", err)
	refused := &refusal{"server_error", "The identity provider's answer could not be used. The operator of this server finds the reason in its log."}
	if unavailable(err) {
		refused = &refusal{"temporarily_unavailable", "The identity provider does not answer. Try again in a moment."}
	}
	if r, ok := errors.AsType[*provider.Refused](err); ok {
		refused = ofProvider(r.Code)
	}
	o.redirect(w, r, asked.RedirectURI, asked.State, refused)
}

// ofProvider is what a client is told of an error of the provider. The codes
// that mean the same between client and this server are passed on.
func ofProvider(code string) *refusal {
	switch code {
	case "access_denied":
		return &refusal{code, "The identity provider did not let the user in, or the user said no there."}
	case "temporarily_unavailable":
		return &refusal{code, "The identity provider is not available. Try again in a moment."}
	}
	return &refusal{"server_error", "The identity provider refused the login (" + code + "). The operator of this server can mend this."}
}

// both returns the scopes that are in both lists.
func both(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(scope string) bool { return !slices.Contains(b, scope) })
}

// ended writes the line of a login that is over, and counts it.
func (o *Server) ended(r *http.Request, level slog.Level, outcome string, attributes ...any) {
	o.log(r, level, outcome, attributes...)
	counted := telemetry.Failed
	switch outcome {
	case "granted":
		counted = telemetry.OK
	case "refused":
		counted = telemetry.Refused
	}
	o.settings.Metrics.Login(telemetry.AtProvider, counted)
}

// log writes a line about a login.
func (o *Server) log(r *http.Request, level slog.Level, outcome string, attributes ...any) {
	o.settings.Logger.Log(r.Context(), level, "oidc_login", append([]any{"outcome", outcome}, attributes...)...)
}
