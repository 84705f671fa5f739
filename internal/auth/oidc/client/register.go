package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"infrahub-mcp/internal/auth/oidc/redirect"
	"infrahub-mcp/internal/auth/oidc/seal"
)

// Register registers a client by its metadata (RFC 7591, section 3.1), and
// returns what to answer with status 201 (section 3.2.1). Its errors are
// [*RegistrationError], but for a failure to seal the id.
//
// Redirect URIs that this server does not allow are left out as long as one is
// left: editors register their own scheme next to the loopback interface and do
// well with either. The answer and the id hold those that are left (RFC 7591,
// section 3.2.1: the server may replace what was asked for).
//
// The id holds the redirect URIs and the name, sealed, so that there is nothing
// to store and nothing to fill. It is valid for as long as the key is.
func (r *Registry) Register(metadata []byte) (response any, err error) {
	m, err := r.parse(metadata)
	if err != nil {
		return nil, err
	}
	id, err := r.box.Seal(seal.Client, sealed{RedirectURIs: m.RedirectURIs, Name: m.Name}, 0)
	if err != nil {
		return nil, fmt.Errorf("sealing a client id: %w", err)
	}
	return registration{
		ID: id, IssuedAt: time.Now().Unix(), Name: m.Name, RedirectURIs: m.RedirectURIs,
		GrantTypes: m.GrantTypes, ResponseTypes: m.ResponseTypes, AuthMethod: m.AuthMethod,
		ApplicationType: m.ApplicationType, Scope: m.Scope,
	}, nil
}

// RegistrationError is a registration that is refused (RFC 7591, section 3.2.2).
type RegistrationError struct {
	// Code is "invalid_redirect_uri" or "invalid_client_metadata".
	Code string
	// Description says what is wrong and what to do, as plain ASCII without
	// quotation marks or backslashes (RFC 6749, section 5.2).
	Description string
}

// Error is the code and the description.
func (e *RegistrationError) Error() string { return e.Code + ": " + e.Description }

// sealed is what the id of a registered client says.
type sealed struct {
	RedirectURIs []string `json:"u"`
	Name         string   `json:"n,omitempty"`
}

// registration is the answer to a registration. There is no client_secret in it:
// every client is public.
type registration struct {
	ID              string   `json:"client_id"`
	IssuedAt        int64    `json:"client_id_issued_at"`
	Name            string   `json:"client_name,omitempty"`
	RedirectURIs    []string `json:"redirect_uris"`
	GrantTypes      []string `json:"grant_types"`
	ResponseTypes   []string `json:"response_types"`
	AuthMethod      string   `json:"token_endpoint_auth_method"`
	ApplicationType string   `json:"application_type,omitempty"`
	Scope           string   `json:"scope,omitempty"`
}

// What a registration may hold.
const (
	maxRegistration = 32 << 10 // bytes
	maxURIs         = 10       // VS Code has registered six
	maxURIBytes     = 2048     // of all redirect URIs together
	maxScope        = 1024     // bytes
)

// parse reads a registration and replaces what the client asked for by what it
// gets.
func (r *Registry) parse(text []byte) (metadata, error) {
	var m metadata
	if len(text) > maxRegistration {
		return m, invalid("The metadata has more than %d bytes.", maxRegistration)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
			return m, invalid("The value of %s is not of the type that RFC 7591 gives it.", wrong.Field)
		}
		return m, invalid("The metadata is not a JSON object.")
	}
	var err error
	if m.RedirectURIs, err = r.allow(m.RedirectURIs); err != nil {
		return m, err
	}
	if !m.usesCode() {
		return m, invalid("This server knows only the grant type authorization_code, with refresh_token, and the response type code. Ask for these.")
	}
	switch m.AuthMethod {
	case "", authNone, "client_secret_basic", "client_secret_post":
		// Many clients ask for a secret and do well without one. They learn from
		// the answer that there is none.
	default:
		return m, invalid("Clients do not authenticate here. Ask for the token_endpoint_auth_method none, and use PKCE.")
	}
	switch m.ApplicationType {
	case "", "native", "web":
		// A hint, which forbids nothing: OpenID Connect Dynamic Client Registration
		// 1.0, section 2, would refuse a web application on loopback, and some
		// clients send web, its default, for every program.
	default:
		m.ApplicationType = "" // not understood, so left out (RFC 7591, section 2)
	}
	if len(m.Scope) > maxScope || strings.ContainsFunc(m.Scope, notOfScope) {
		return m, invalid("The scope is too long, or not a list of names with blanks between them (RFC 6749, section 3.3).")
	}

	m.Name = clean(m.Name)
	m.ResponseTypes = []string{responseCode}
	m.AuthMethod = authNone
	offered := []string{grantCode, grantRefresh}
	if asked := m.GrantTypes; asked != nil {
		offered = slices.DeleteFunc(offered, func(grant string) bool { return !slices.Contains(asked, grant) })
	}
	m.GrantTypes = offered
	return m, nil
}

// allow returns those of the redirect URIs of a registration that this server
// allows. What was sent is counted, and not what is left of it.
func (r *Registry) allow(uris []string) ([]string, error) {
	if len(uris) == 0 || len(uris) > maxURIs {
		return nil, invalidURI("A client has one to %d redirect_uris.", maxURIs)
	}
	size := 0
	for _, uri := range uris {
		size += len(uri)
	}
	if size > maxURIBytes {
		return nil, invalidURI("The redirect_uris have more than %d bytes together.", maxURIBytes)
	}
	kept := permitted(uris, r.allowed)
	if len(kept) == 0 {
		return nil, invalidURI("None of the redirect_uris can be registered. The first is %s: %v", shown(uris[0]), redirect.Check(uris[0], r.allowed))
	}
	return kept, nil
}

// maxShown is the most of a redirect URI that an error repeats, in bytes.
const maxShown = 100

// shown returns a redirect URI as the description of an error may have it. Its
// whole text is of use to a person only: the client knows it.
func shown(uri string) string {
	if uri == "" {
		return "empty"
	}
	end := ""
	if len(uri) > maxShown {
		uri, end = uri[:maxShown], "..."
	}
	return strings.Map(func(r rune) rune {
		if r == ' ' || notOfScope(r) {
			return '?'
		}
		return r
	}, uri) + end
}

func invalid(format string, args ...any) *RegistrationError {
	return &RegistrationError{"invalid_client_metadata", fmt.Sprintf(format, args...)}
}

func invalidURI(format string, args ...any) *RegistrationError {
	return &RegistrationError{"invalid_redirect_uri", fmt.Sprintf(format, args...)}
}

// notOfScope reports whether a character is none of a scope or an error
// description (RFC 6749, sections 3.3 and 5.2).
func notOfScope(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }
