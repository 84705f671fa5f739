package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"golang.org/x/oauth2"
)

// tokenError turns an error of package oauth2 into one of this package. Its text
// may hold the answer of the provider, and is never passed on.
func (p *Provider) tokenError(ctx context.Context, m *metadata, err error) error {
	if e, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		err = refusal(e.Response.StatusCode, e.ErrorCode)
		p.logRefusal(ctx, m, err, e)
		return err
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("%w: %w", ErrUnavailable, e)
	}
	return fmt.Errorf("%w: its token endpoint gives an answer that is none", ErrUnavailable)
}

// logRefusal tells the operator of a refusal at the token endpoint: its code, and
// the numbers by which Entra's documentation explains it (AADSTS50057 for 50057).
func (p *Provider) logRefusal(ctx context.Context, m *metadata, err error, e *oauth2.RetrieveError) {
	refused, ok := errors.AsType[*Refused](err)
	if !ok {
		return
	}
	attributes := []any{"code", refused.Code}
	if numbers := entraCodes(e.Body); m.entra != "" && len(numbers) > 0 {
		attributes = append(attributes, "error_codes", numbers)
	}
	switch {
	case errors.Is(refused, ErrUnavailable):
		p.settings.Logger.ErrorContext(ctx, "the identity provider does not accept this server: check INFRAHUB_MCP_OIDC_CLIENT_ID, INFRAHUB_MCP_OIDC_CLIENT_SECRET and the grants of the client there", attributes...)
	default:
		p.settings.Logger.WarnContext(ctx, "the identity provider refuses a token", attributes...)
	}
}

// entraCodes returns the first numbers of an error of Entra, and nothing that is
// not a number.
func entraCodes(body []byte) []uint32 {
	const most = 5
	var answer struct {
		Codes []uint32 `json:"error_codes"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return nil
	}
	return answer.Codes[:min(len(answer.Codes), most)]
}

// Declined returns the Refused of an error that a browser brought back from the
// authorization endpoint. code is the parameter error, of which nothing has been
// checked; write is as it was for [Provider.AuthorizeURL].
//
// It tells the operator what to do about invalid_scope. A scope that the
// discovery document lists need not be one that this client may ask for: Keycloak
// lists all scopes of a realm, and refuses those that the client has not got.
func (p *Provider) Declined(ctx context.Context, code string, write bool) *Refused {
	refused := Refusal(code)
	if m := p.known.Load(); m != nil && refused.Code == "invalid_scope" {
		p.settings.Logger.ErrorContext(ctx, "the identity provider refuses the scopes of a login: assign every one of them to this client there, or take those that it cannot have out of INFRAHUB_MCP_OIDC_SCOPES and INFRAHUB_MCP_AUTH_SCOPES_WRITE",
			"code", refused.Code, "scopes", p.scopes(m, write))
	}
	return refused
}

// refusal is the error of an answer. Only one that has a code of OAuth is a
// refusal: anything else may come from a proxy on the way.
func refusal(status int, code string) error {
	if temporary(status) || !wellFormed(code) || code == "temporarily_unavailable" || code == "server_error" {
		return fmt.Errorf("%w: it answers with status %d", ErrUnavailable, status)
	}
	return &Refused{code}
}

// errorCode returns the error code of an answer (RFC 6749, section 5.2).
func errorCode(body []byte) string {
	var answer struct {
		Code string `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return ""
	}
	return answer.Code
}
