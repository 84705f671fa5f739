package idptest

import "slices"

// Profile names the vendor that a Provider takes after.
type Profile string

// The profiles.
const (
	// Google: opaque access tokens, no scopes but its own, in responses as URLs;
	// a refresh token only for access_type=offline.
	Google Profile = "google"
	// OktaOrg is the organization's own server: access tokens that nobody else
	// can verify, no scopes but the standard ones.
	OktaOrg Profile = "okta-org"
	// OktaCustom: JWT access tokens with an array scp.
	OktaCustom Profile = "okta-custom"
	// EntraV1 is Entra with access tokens of version 1: another issuer, and an
	// audience api://….
	EntraV1 Profile = "entra-v1"
	// EntraV2 is Entra with access tokens of version 2.
	EntraV2 Profile = "entra-v2"
	// Keycloak: drops scopes that the user may not have, has roles in claims,
	// advertises HS256, and sends iss with responses (RFC 9207).
	Keycloak Profile = "keycloak"
	// Auth0: an issuer that ends in a slash, opaque access tokens unless there is
	// an audience, no scope in responses when it is what was asked.
	Auth0 Profile = "auth0"
)

// Tenant is the id of the tenant of the Entra profiles.
const Tenant = "5f6fc0ae-2f3c-4a5e-8a5b-0a4f7f6f3b11"

const (
	clientID     = "8a1cfd5c-7d6a-44ad-9f8c-1d3f6cd6f0a2"
	clientSecret = "secret:of the+client/%" // #nosec G101 -- of tests, with characters that need encoding
)

// Behavior is how a Provider behaves. Each profile has its own, see
// [Provider.Configure].
type Behavior struct {
	// ScopesSupported, AuthMethods and Algorithms are lists of the discovery
	// document; nil leaves one out.
	ScopesSupported, AuthMethods, Algorithms []string
	// ChallengeMethods, IssParameter and HasRevocation are other parts of the
	// discovery document. IssParameter also adds iss to responses.
	ChallengeMethods, IssParameter, HasRevocation bool
	// Discovery changes the discovery document, if set.
	Discovery func(document map[string]any)

	// CustomScopes are those beyond the standard ones that exist, by their short
	// names; requests name them with ScopePrefix before.
	CustomScopes []string
	ScopePrefix  string
	// DropScopes drops scopes that the user may not have; else they are refused.
	DropScopes bool

	// Access is the form of access tokens, Audience their aud, AccessIssuer
	// their iss when it is not that of the provider, ScopeClaim the claim of
	// their scopes, which is an array with ScopeArray.
	Access       AccessForm
	Audience     any
	AccessIssuer string
	ScopeClaim   string
	ScopeArray   bool

	// Scope is when token responses have a scope, and LongScopes whether
	// standard scopes are URLs in it, as Google has them.
	Scope      ScopeRule
	LongScopes bool
	// Refresh is when there is a refresh token, RotateRefresh whether a refresh
	// replaces it, NoIDTokenOnRefresh whether a refresh is without id token.
	Refresh            RefreshRule
	RotateRefresh      bool
	NoIDTokenOnRefresh bool
	// ExpiresIn is of token responses; nil leaves it out.
	ExpiresIn any
	// ThinIDTokens leaves the user's claims to the userinfo endpoint, whose
	// answers are signed with SignedUserInfo.
	ThinIDTokens, SignedUserInfo bool
	// WrongSecret is the error code for a wrong client secret.
	WrongSecret string

	// IDToken, AccessToken and Response change what the token endpoint answers,
	// and UserInfo the claims of the userinfo endpoint, before it is signed or
	// sent, if set.
	IDToken, AccessToken func(*JWT)
	Response, UserInfo   func(map[string]any)
}

// AccessForm is a form of access tokens.
type AccessForm int

// The forms of access tokens.
const (
	// Opaque access tokens are random.
	Opaque AccessForm = iota
	// Readable access tokens are JWTs that the published keys verify.
	Readable
	// Unverifiable access tokens are JWTs that no published key verifies.
	Unverifiable
	// ReadableWithAudience are Readable if the request had an audience, or else
	// Opaque.
	ReadableWithAudience
	// ReadableWithScope are Readable if the request had a custom scope, or else
	// Unverifiable.
	ReadableWithScope
)

// ScopeRule is when a token response has a scope.
type ScopeRule int

// The rules of scopes in responses.
const (
	ScopeAlways ScopeRule = iota
	ScopeIfChanged
	ScopeNever
)

// RefreshRule is when a login gets a refresh token.
type RefreshRule int

// The rules of refresh tokens.
const (
	// RefreshOffline: for the scope offline_access.
	RefreshOffline RefreshRule = iota
	// RefreshAccessType: for the parameter access_type=offline.
	RefreshAccessType
	RefreshAlways
	RefreshNever
)

type vendor struct {
	base, path string // of the issuer
	behavior   Behavior
}

func vendors() map[Profile]vendor {
	standard := []string{"openid", "profile", "email"}
	offline := append(slices.Clone(standard), "offline_access")
	both := []string{"client_secret_post", "client_secret_basic"}
	rs256 := []string{"RS256"}
	entra := Behavior{
		ScopesSupported: offline, AuthMethods: []string{"client_secret_post", "private_key_jwt", "client_secret_basic"}, Algorithms: rs256,
		CustomScopes: []string{"read", "write"}, ScopePrefix: "api://" + clientID + "/",
		Access: ReadableWithScope, ScopeClaim: "scp", Audience: clientID,
		RotateRefresh: true, ExpiresIn: 3599, WrongSecret: "invalid_client",
	}
	entraV1 := entra
	entraV1.Audience, entraV1.AccessIssuer = "api://"+clientID, "https://sts.windows.net/"+Tenant+"/"
	okta := Behavior{
		ScopesSupported: offline, AuthMethods: both, Algorithms: rs256, ChallengeMethods: true, HasRevocation: true,
		Access: Unverifiable, ScopeClaim: "scp", ScopeArray: true,
		ExpiresIn: 3600, WrongSecret: "invalid_client",
	}
	oktaOrg, oktaCustom := okta, okta
	oktaOrg.Audience = "https://dev-1.okta.com"
	oktaCustom.Access, oktaCustom.Audience, oktaCustom.CustomScopes = Readable, "api://default", []string{"read", "write"}
	return map[Profile]vendor{
		Google: {"https://accounts.google.com", "", Behavior{
			ScopesSupported: standard, AuthMethods: both, Algorithms: rs256, ChallengeMethods: true, HasRevocation: true,
			LongScopes: true, Refresh: RefreshAccessType, ExpiresIn: 3599, WrongSecret: "invalid_client",
		}},
		OktaOrg:    {"https://dev-1.okta.com", "", oktaOrg},
		OktaCustom: {"https://dev-1.okta.com", "/oauth2/default", oktaCustom},
		EntraV1:    {"https://login.microsoftonline.com", "/" + Tenant + "/v2.0", entraV1},
		EntraV2:    {"https://login.microsoftonline.com", "/" + Tenant + "/v2.0", entra},
		Keycloak: {"https://keycloak.example.com", "/realms/infrahub", Behavior{
			ScopesSupported: append(slices.Clone(offline), "write", "read"),
			AuthMethods:     []string{"private_key_jwt", "client_secret_basic", "client_secret_post"},
			Algorithms:      []string{"PS384", "RS384", "HS256", "RS256"}, ChallengeMethods: true, IssParameter: true, HasRevocation: true,
			CustomScopes: []string{"read", "write"}, DropScopes: true,
			Access: Readable, Audience: []string{clientID, "account"}, ScopeClaim: "scope",
			Refresh: RefreshAlways, ExpiresIn: 300, WrongSecret: "unauthorized_client",
		}},
		Auth0: {"https://dev-1.eu.auth0.com", "/", Behavior{
			ScopesSupported: offline, AuthMethods: append([]string{"private_key_jwt"}, both...), Algorithms: []string{"HS256", "RS256", "PS256"},
			ChallengeMethods: true, HasRevocation: true,
			CustomScopes: []string{"read", "write"}, DropScopes: true,
			Access: ReadableWithAudience, ScopeClaim: "scope", Scope: ScopeIfChanged,
			RotateRefresh: true, ExpiresIn: 86400, WrongSecret: "access_denied",
		}},
	}
}
