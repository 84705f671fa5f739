package client

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode"
)

// metadata is what a client says of itself (RFC 7591, section 2), in a
// registration or a document. Members that are not here are ignored; among them
// logo_uri and all other addresses, none of which is ever fetched.
type metadata struct {
	ID              string          `json:"client_id"`
	Name            string          `json:"client_name"`
	RedirectURIs    []string        `json:"redirect_uris"`
	GrantTypes      []string        `json:"grant_types"`
	ResponseTypes   []string        `json:"response_types"`
	AuthMethod      string          `json:"token_endpoint_auth_method"`
	AuthMethods     json.RawMessage `json:"token_endpoint_auth_methods_supported"`
	ApplicationType string          `json:"application_type"`
	Scope           string          `json:"scope"`
	Secret          json.RawMessage `json:"client_secret"`
	SecretExpiry    json.RawMessage `json:"client_secret_expires_at"`
}

// The one flow of this server, and its refresh.
const (
	grantCode    = "authorization_code"
	grantRefresh = "refresh_token"
	responseCode = "code"
	authNone     = "none"
	authKey      = "private_key_jwt"
)

// usesCode reports whether the client can use the authorization code flow. What
// it does not say, it leaves to the server.
func (m metadata) usesCode() bool {
	return (m.GrantTypes == nil || slices.Contains(m.GrantTypes, grantCode)) &&
		(m.ResponseTypes == nil || slices.Contains(m.ResponseTypes, responseCode))
}

// isPublic reports whether the client of a document can do without
// authentication, as all clients do here.
//
// ChatGPT publishes one document for all servers, in which the method is
// private_key_jwt and the member of server metadata of the same name, in the
// plural, has none as well. Such a client reads what this server offers, and
// sends no assertion. Secrets are another matter: a document is public and can
// have none (draft-ietf-oauth-client-id-metadata-document, section 4.1).
func (m metadata) isPublic() bool {
	switch m.AuthMethod {
	case "", authNone:
		return true
	case authKey:
		var methods []string
		return json.Unmarshal(m.AuthMethods, &methods) == nil && slices.Contains(methods, authNone)
	}
	return false
}

// maxName is the most characters of a name.
const maxName = 80

// clean makes a name fit for a page: on one line, short, and without characters
// that cannot be seen or that turn the direction of text.
func clean(name string) string {
	var kept []rune
	for _, r := range name {
		switch {
		case unicode.IsSpace(r):
			r = ' '
		case !unicode.IsPrint(r), unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
			continue
		}
		if r == ' ' && (len(kept) == 0 || kept[len(kept)-1] == ' ') {
			continue
		}
		if len(kept) == maxName {
			break
		}
		kept = append(kept, r)
	}
	return strings.TrimRight(string(kept), " ")
}
