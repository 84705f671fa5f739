package oidc

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"infrahub-mcp/internal/auth/oidc/client"
	"infrahub-mcp/internal/auth/oidc/provider"
	"infrahub-mcp/internal/auth/oidc/redirect"
	"infrahub-mcp/internal/auth/oidc/seal"
)

// request is an authorization request of a client that was found right.
type request struct {
	Client      string   `json:"c"` // hash of the client's id
	RedirectURI string   `json:"r"`
	State       string   `json:"s,omitempty"`
	Challenge   string   `json:"p"` // of PKCE, always S256
	Scopes      []string `json:"w"` // scopes of writing that are asked for
}

// refusal is what a client is told on its redirect URI (RFC 6749, section
// 4.1.2.1).
type refusal struct{ code, description string }

// authorize takes the request of a client, which the user's browser brings, and
// shows the consent page (OAuth 2.1, section 4.1.1). As long as it is not clear
// that the client may be answered at its redirect URI, the user is told and not
// the client: redirecting to an address that anyone may choose would lend him
// this server's name.
func (o *Server) authorize(w http.ResponseWriter, r *http.Request) {
	if name := repeated(r.Form); name != "" {
		o.showFault(w, http.StatusBadRequest, "The request of your MCP client names a parameter more than once.", startAgain)
		return
	}
	from, ok := o.findClient(w, r)
	if !ok {
		return
	}
	uri, ok := o.redirectURI(w, r, from)
	if !ok {
		return
	}
	asked, refused := o.readRequest(r.Form)
	if refused != nil {
		o.redirect(w, r, uri, r.Form.Get("state"), refused)
		return
	}
	asked.Client, asked.RedirectURI = from.Hash(), uri
	if _, err := o.settings.Provider.AuthorizeURL("", provider.Attempt{}, false); err != nil {
		o.showUnavailable(w, r, err)
		return
	}
	o.ask(w, r, from, asked)
}

const startAgain = "Start the login again from your MCP client."

// findClient finds the client of a request, or shows why there is none.
func (o *Server) findClient(w http.ResponseWriter, r *http.Request) (client.Client, bool) {
	id := r.Form.Get("client_id")
	if id == "" {
		o.showFault(w, http.StatusBadRequest, "The request does not name an MCP client.", "This address is for MCP clients, which begin the login by themselves.")
		return client.Client{}, false
	}
	from, err := o.settings.Clients.Find(r.Context(), id)
	switch {
	case errors.Is(err, client.ErrUnavailable):
		retryAfter(w, unavailableFor)
		o.showFault(w, http.StatusServiceUnavailable, "The document that describes your MCP client cannot be read now.", "Try again in a moment.")
		return from, false
	case err != nil:
		o.settings.Logger.InfoContext(r.Context(), "oidc_login", "outcome", "refused", "reason", err)
		o.showFault(w, http.StatusBadRequest, "This server does not know the MCP client that sent you.",
			"Remove the saved login of this server in your MCP client, so that it registers anew, and try again.")
		return from, false
	}
	return from, true
}

// redirectURI returns where the answer goes, or shows that it may go nowhere.
// Without one in the request it is the client's only one.
func (o *Server) redirectURI(w http.ResponseWriter, r *http.Request, from client.Client) (string, bool) {
	uri := r.Form.Get("redirect_uri")
	if uri == "" && len(from.RedirectURIs) == 1 {
		uri = from.RedirectURIs[0]
	}
	if uri == "" || !from.Redirects(uri) {
		o.settings.Logger.InfoContext(r.Context(), "oidc_login", "outcome", "refused", "reason", "redirect URI not registered", "client", from.Kind)
		o.showFault(w, http.StatusBadRequest, "Your MCP client wants the answer at an address that it has not registered.",
			"If you trust it, ask the operator of this server to allow that address (INFRAHUB_MCP_OIDC_ALLOWED_REDIRECT_URIS).")
		return "", false
	}
	return uri, true
}

// readRequest checks what the client may be told about.
func (o *Server) readRequest(form url.Values) (request, *refusal) {
	asked := request{State: form.Get("state"), Challenge: form.Get("code_challenge")}
	switch {
	case len(asked.State) > maxState:
		return asked, &refusal{"invalid_request", "The parameter state is too long."}
	case form.Has("request") || form.Has("request_uri"):
		return asked, &refusal{"invalid_request", "Requests in a JWT are not supported."}
	case form.Get("response_type") != "code":
		return asked, &refusal{"unsupported_response_type", "The response type must be code."}
	case form.Has("response_mode") && form.Get("response_mode") != "query":
		return asked, &refusal{"invalid_request", "The response mode must be query."}
	case !isChallenge(asked.Challenge):
		return asked, &refusal{"invalid_request", "The parameter code_challenge is required (PKCE, S256)."}
	case form.Get("code_challenge_method") != "S256":
		return asked, &refusal{"invalid_request", "The parameter code_challenge_method must be S256."}
	case form.Has("resource") && !o.isResource(form.Get("resource")):
		return asked, &refusal{"invalid_target", "The resource must be " + o.resource + "."}
	}
	// Scopes beyond those of writing give nothing here, and clients name some that
	// they have read elsewhere. Without any a client wants what there is.
	named, ok := readScopes(form)
	for _, scope := range o.settings.WriteScopes {
		if !ok || slices.Contains(named, scope) {
			asked.Scopes = append(asked.Scopes, scope)
		}
	}
	return asked, nil
}

// readScopes returns the scopes that a form names, and whether it names any.
func readScopes(form url.Values) ([]string, bool) {
	scopes := strings.Fields(form.Get("scope"))
	return scopes, len(scopes) > 0
}

// isResource reports whether a client means this server by a resource (RFC
// 8707). Scheme and host may be in upper case, and a slash may end it (MCP,
// Authorization, Canonical Server URI); a server whose MCP is below another
// address is named by that too.
func (o *Server) isResource(resource string) bool {
	u, err := url.Parse(resource)
	if err != nil {
		return false
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	named := strings.TrimSuffix(u.String(), "/")
	return named == o.resource || named == o.settings.BaseURL
}

// isChallenge reports whether a text can be the SHA-256 of a verifier in
// base64url (RFC 7636, section 4.2).
func isChallenge(text string) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return err == nil && len(raw) == sha256.Size
}

// redirect sends the browser back to the client with a refusal.
func (o *Server) redirect(w http.ResponseWriter, r *http.Request, uri, state string, refused *refusal) {
	o.answer(w, r, uri, url.Values{"error": {refused.code}, "error_description": {refused.description}}, state)
}

// answer sends the browser back to the client. The state goes back as it came,
// and the issuer goes with it (RFC 9207).
func (o *Server) answer(w http.ResponseWriter, r *http.Request, uri string, parameters url.Values, state string) {
	if state != "" && len(state) <= maxState {
		parameters.Set("state", state)
	}
	parameters.Set("iss", o.settings.BaseURL)
	private(w)
	// 303, so that a form is not sent to the client (RFC 9700, section 4.12).
	http.Redirect(w, r, redirect.Answer(uri, parameters), http.StatusSeeOther)
}

// private keeps a page, or the address of one, out of caches and of the referrers
// of others.
func private(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	// Not no-referrer: with that browsers send the form with the origin "null".
	header.Set("Referrer-Policy", "same-origin")
	header.Set("X-Content-Type-Options", "nosniff")
}

// form is what the consent page sends back.
type consentForm struct {
	Request request `json:"r"`
	// Nonce is a hash of the cookie of the browser that the page was shown in.
	Nonce string `json:"n"`
}

// ask shows the consent page. The request is sealed in its form, which counts
// only in the browser that it was shown in.
func (o *Server) ask(w http.ResponseWriter, r *http.Request, from client.Client, asked request) {
	nonce := o.cookie(r, consentCookie)
	if len(nonce) != nonceSize {
		nonce = rand.Text()
	}
	// Tabs share it, so that each can be answered; it lasts as long as the newest.
	o.setCookie(w, consentCookie, nonce, loginLife)
	form, err := o.box.Seal(seal.Form, consentForm{asked, digest(nonce)}, loginLife)
	if err != nil {
		o.settings.Logger.ErrorContext(r.Context(), "a consent page could not be sealed", "error", err)
		o.showFault(w, http.StatusInternalServerError, "The server failed.", startAgain)
		return
	}
	o.showConsent(w, from, asked, form)
}

// nonceSize is the length of rand.Text.
const nonceSize = 26

// consent takes the user's answer. Only now the browser gets the cookie that
// lets it come back from the provider: whoever is sent to the provider without
// having answered here does not get in (MCP, Security Best Practices, Confused
// Deputy Problem).
func (o *Server) consent(w http.ResponseWriter, r *http.Request) {
	if err := o.origins.Check(r); err != nil {
		o.showFault(w, http.StatusForbidden, "This form was sent from another web site.", startAgain)
		return
	}
	var form consentForm
	if err := o.box.Open(seal.Form, r.PostForm.Get("form"), &form); err != nil {
		if errors.Is(err, seal.ErrExpired) {
			o.showFault(w, http.StatusBadRequest, "This page has waited too long for an answer.", startAgain)
			return
		}
		o.showFault(w, http.StatusForbidden, "This form is not one of this server.", startAgain)
		return
	}
	if subtle.ConstantTimeCompare([]byte(form.Nonce), []byte(digest(o.cookie(r, consentCookie)))) != 1 {
		o.showFault(w, http.StatusForbidden, "This form was shown in another browser, or cookies are switched off.", startAgain)
		return
	}
	asked := form.Request
	switch r.PostForm.Get("action") {
	case "approve":
	case "deny":
		o.settings.Logger.InfoContext(r.Context(), "oidc_login", "outcome", "denied")
		o.redirect(w, r, asked.RedirectURI, asked.State, &refusal{"access_denied", "The user said no."})
		return
	default:
		o.showFault(w, http.StatusBadRequest, "The form holds no answer.", startAgain)
		return
	}
	if r.PostForm.Get("write") == "" {
		asked.Scopes = nil
	}
	o.depart(w, r, asked)
}

// journey is what is known of a login while the user is at the provider. It is
// sealed in a cookie.
type journey struct {
	Request request          `json:"r"`
	State   string           `json:"s"` // a hash of the parameter state
	Attempt provider.Attempt `json:"a"`
}

// depart sends the browser to the provider.
func (o *Server) depart(w http.ResponseWriter, r *http.Request, asked request) {
	state, attempt := rand.Text()+rand.Text(), provider.NewAttempt()
	to, err := o.settings.Provider.AuthorizeURL(state, attempt, len(asked.Scopes) > 0)
	if err != nil {
		o.showUnavailable(w, r, err)
		return
	}
	sealed, err := o.box.Seal(seal.State, journey{asked, digest(state), attempt}, loginLife)
	if err != nil {
		o.settings.Logger.ErrorContext(r.Context(), "a login could not be sealed", "error", err)
		o.showFault(w, http.StatusInternalServerError, "The server failed.", startAgain)
		return
	}
	o.dropOldJourneys(w, r)
	o.setCookie(w, journeyCookie(state), sealed, loginLife)
	private(w)
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// digest is a short form of a secret that tells nothing of it.
func digest(secret string) string {
	hash := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(hash[:])
}

// detached is a context for what has to be finished although the client is gone.
func detached(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }
