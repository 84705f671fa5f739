package oidc

import (
	"encoding/json"
	"net/http"
	"slices"
)

// Where metadata is (RFC 9728, section 3; RFC 8414, section 3).
const (
	ProtectedResourcePath   = "/.well-known/oauth-protected-resource"
	AuthorizationServerPath = "/.well-known/oauth-authorization-server"
)

// offlineAccess is the scope by which clients ask for refresh tokens (OpenID
// Connect Core, section 11). Ours come without being asked for.
const offlineAccess = "offline_access"

// protectedResource says which authorization server the tokens of MCP come from
// (RFC 9728, section 2). The scopes are those of writing: the tools that need
// them are not listed without, so a client could not find out about them.
func (o *Server) protectedResource(w http.ResponseWriter, _ *http.Request) {
	o.publish(w, struct {
		Resource             string   `json:"resource"`
		AuthorizationServers []string `json:"authorization_servers"`
		Scopes               []string `json:"scopes_supported,omitempty"`
		BearerMethods        []string `json:"bearer_methods_supported"`
		Name                 string   `json:"resource_name"`
	}{o.resource, []string{o.settings.BaseURL}, o.settings.WriteScopes, []string{"header"}, "Infrahub"})
}

// authorizationServer says where the endpoints are and what they can do (RFC
// 8414, section 2; RFC 9207, section 3; draft-ietf-oauth-client-id-metadata-document).
func (o *Server) authorizationServer(w http.ResponseWriter, _ *http.Request) {
	base := o.settings.BaseURL
	o.publish(w, struct {
		Issuer            string   `json:"issuer"`
		Authorization     string   `json:"authorization_endpoint"`
		Token             string   `json:"token_endpoint"`
		Registration      string   `json:"registration_endpoint"`
		Revocation        string   `json:"revocation_endpoint"`
		Scopes            []string `json:"scopes_supported"`
		ResponseTypes     []string `json:"response_types_supported"`
		ResponseModes     []string `json:"response_modes_supported"`
		GrantTypes        []string `json:"grant_types_supported"`
		TokenAuth         []string `json:"token_endpoint_auth_methods_supported"`
		RevocationAuth    []string `json:"revocation_endpoint_auth_methods_supported"`
		ChallengeMethods  []string `json:"code_challenge_methods_supported"`
		IssuerInResponses bool     `json:"authorization_response_iss_parameter_supported"`
		ClientDocuments   bool     `json:"client_id_metadata_document_supported"`
	}{
		Issuer: base, Authorization: base + "/authorize", Token: base + "/token", Registration: base + "/register", Revocation: base + "/revoke",
		Scopes:        append(slices.Clone(o.settings.WriteScopes), offlineAccess),
		ResponseTypes: []string{"code"}, ResponseModes: []string{"query"}, GrantTypes: []string{grantCode, grantRefresh},
		TokenAuth: []string{"none"}, RevocationAuth: []string{"none"}, ChallengeMethods: []string{"S256"},
		IssuerInResponses: true, ClientDocuments: o.settings.Clients.TakesDocuments(),
	})
}

// publish answers a document that is the same for everyone.
func (o *Server) publish(w http.ResponseWriter, document any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "public, max-age=300")
	_ = json.NewEncoder(w).Encode(document) // the client is gone
}
