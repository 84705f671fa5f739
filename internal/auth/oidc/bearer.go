package oidc

import (
	"errors"
	"net/http"
	"strings"

	"infrahub-mcp/internal/auth"
	"infrahub-mcp/internal/auth/oidc/provider"
	"infrahub-mcp/internal/auth/oidc/seal"
)

// Authenticate implements [auth.Authenticator]: it checks the access token of a
// request of MCP (RFC 6750; RFC 9068, section 4). For tokens of this server it
// asks nobody and takes no lock.
func (o *Server) Authenticate(r *http.Request) (auth.Identity, error) {
	token, fault := o.bearer(r)
	if fault != nil {
		return auth.Identity{}, fault
	}
	if !seal.Own(token) {
		return o.direct(r, token)
	}
	access, err := o.tokens.Verify(token)
	switch {
	case errors.Is(err, seal.ErrExpired):
		return auth.Identity{}, o.faults.expired
	case err != nil:
		return auth.Identity{}, o.faults.invalid
	case o.settings.Ledger.Revoked("family:"+access.Family) || o.settings.Ledger.Revoked("token:"+access.ID):
		return auth.Identity{}, o.faults.ended
	}
	return o.identity(auth.Principal{
		Mode: auth.ModeOIDC, Key: access.Subject, Name: access.Name, Subject: access.ProviderSubject, Scopes: access.Scopes,
		Client: access.Client, Since: access.IssuedAt,
	}), nil
}

// direct checks a token that the provider made for this server, for pipelines
// that have no user to log in. It is accepted only where INFRAHUB_MCP_OIDC_AUDIENCE
// says what such a token is made for.
func (o *Server) direct(r *http.Request, token string) (auth.Identity, error) {
	if !o.settings.Provider.IssuedHere(token) {
		return auth.Identity{}, o.faults.invalid
	}
	login, err := o.settings.Provider.Direct(r.Context(), token)
	switch {
	case errors.Is(err, provider.ErrUnavailable):
		return auth.Identity{}, o.faults.unavailable
	case err != nil:
		return auth.Identity{}, o.faults.invalid
	}
	return o.identity(auth.Principal{
		Mode: auth.ModeOIDC, Key: subject(login.Issuer, login.Subject), Name: login.Name, Subject: login.Subject, Scopes: login.Granted,
	}), nil
}

// bearer reads the one token of a request (RFC 6750, section 2.1).
func (o *Server) bearer(r *http.Request) (string, *auth.Error) {
	if r.URL.RawQuery != "" && r.URL.Query().Has("access_token") {
		return "", o.faults.inQuery
	}
	values := r.Header["Authorization"]
	switch {
	case len(values) == 0:
		return "", o.faults.missing
	case len(values) > 1 || strings.Contains(values[0], ","):
		return "", o.faults.repeated
	case len(values[0]) > maxToken:
		return "", o.faults.invalid
	}
	scheme, token, found := strings.Cut(strings.TrimSpace(values[0]), " ")
	token = strings.TrimLeft(token, " ")
	if !found || !strings.EqualFold(scheme, "Bearer") || token == "" || strings.ContainsAny(token, " \t") {
		return "", o.faults.invalid
	}
	return token, nil
}

// faults are the answers to requests that are not let in. They are made once:
// nothing of a request is in them.
type faults struct {
	missing, invalid, expired, ended, repeated, inQuery, unavailable *auth.Error
}

func (o *Server) newFaults() faults {
	invalid := func(message string) *auth.Error {
		return &auth.Error{Status: http.StatusUnauthorized, Message: message, Challenge: o.challenge("invalid_token", message)}
	}
	return faults{
		// Without a token there is no error to name (RFC 6750, section 3.1).
		missing:  &auth.Error{Status: http.StatusUnauthorized, Message: "The request carries no access token. Log in.", Challenge: o.challenge("", "")},
		invalid:  invalid("The access token is not valid for this server. Log in again."),
		expired:  invalid("The access token has expired. Refresh it."),
		ended:    invalid("The login that the access token belongs to was ended. Log in again."),
		repeated: &auth.Error{Status: http.StatusBadRequest, Message: "The request carries several access tokens."},
		inQuery:  &auth.Error{Status: http.StatusBadRequest, Message: "The request carries an access token in its URL, where logs and histories keep it. Send it in the header Authorization."},
		unavailable: &auth.Error{
			Status: http.StatusServiceUnavailable, RetryAfter: unavailableFor,
			Message: "The access token cannot be checked, because the identity provider does not answer. Try again in a moment.",
		},
	}
}

// StepUp is the challenge to a user who may read and wants to write: log in again
// and ask for these scopes (RFC 6750, section 3.1; MCP, Authorization, Scope
// Challenge Handling).
func (o *Server) StepUp() string {
	return o.challenge("insufficient_scope", "Writing needs more than this login allows.")
}

// challenge is the value of the header WWW-Authenticate (RFC 6750, section 3; RFC
// 9728, section 5.1).
func (o *Server) challenge(code, description string) string {
	var parameters []string
	add := func(name, value string) {
		if value != "" {
			parameters = append(parameters, name+`="`+quote(value)+`"`)
		}
	}
	add("error", code)
	add("error_description", description)
	add("scope", strings.Join(o.settings.WriteScopes, " "))
	add("resource_metadata", o.metadataURL())
	return "Bearer " + strings.Join(parameters, ", ")
}

// metadataURL is where the metadata of this resource is. Below the base URL, not
// in front of its path, because an ingress may pass on nothing else.
func (o *Server) metadataURL() string {
	return o.settings.BaseURL + ProtectedResourcePath + o.settings.Path
}

// quote escapes what would end a quoted string (RFC 9110, section 5.6.4).
func quote(text string) string { return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) }
