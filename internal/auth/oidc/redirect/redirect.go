// Package redirect decides where the answer to an authorization request may be
// sent. A redirect URI is https, or http on the loopback interface of the user's
// computer, or a private-use URI that the operator listed (RFC 8252, section 7;
// OAuth 2.1, section 2.3). It has to be written in the one way that every
// program reads alike, so that what is compared here, what a person is shown and
// where a browser goes are the same place.
package redirect

import (
	"net/url"
	"slices"
	"strings"

	"infrahub-mcp/internal/problem"
)

// Check reports why a redirect URI may not be registered, as a
// [*problem.Problem] whose text is plain ASCII without quotation marks or
// backslashes and repeats nothing of the URI; nil means that it may be.
//
// allowed holds the entries of INFRAHUB_MCP_OIDC_ALLOWED_REDIRECT_URIS, exact
// URIs. A private-use scheme is admitted by them only. They admit nothing that
// is refused for another reason.
func Check(uri string, allowed []string) error {
	t, fault := parse(uri)
	if fault != nil {
		return fault
	}
	switch {
	case t.scheme == "https", t.loopback():
		return nil
	case t.scheme == "http":
		return problem.New("The redirect URI is http to another computer.",
			"Use https, or http to 127.0.0.1, [::1] or localhost.")
	case slices.Contains(allowed, uri):
		return nil
	}
	return problem.New("The redirect URI has a private-use scheme that this server does not allow.",
		"Use https or http to 127.0.0.1, or ask the operator to list the URI in INFRAHUB_MCP_OIDC_ALLOWED_REDIRECT_URIS.")
}

// Match reports whether uri is one of registered, of which each passed [Check].
// They are compared as strings, with one exception: the port of an http URI of
// the loopback interface may differ or be absent (RFC 8252, section 7.3).
func Match(uri string, registered []string) bool {
	if slices.Contains(registered, uri) {
		return true
	}
	asked, fault := parse(uri)
	if fault != nil || !asked.loopback() {
		return false
	}
	return slices.ContainsFunc(registered, func(r string) bool {
		have, fault := parse(r)
		return fault == nil && have.loopback() && have.host == asked.host && have.rest == asked.rest
	})
}

// Loopback reports whether uri is well formed and leads to the computer of the
// user: http to 127.0.0.0/8, [::1] or localhost, of which no other name is a
// part. Any program on that computer may be the one that listens.
func Loopback(uri string) bool {
	t, fault := parse(uri)
	return fault == nil && t.loopback()
}

// Answer returns uri, which passed [Check], with the parameters of an
// authorization response added. The query that it has stays as it is, byte for
// byte (RFC 6749, section 3.1.2).
func Answer(uri string, parameters url.Values) string {
	if len(parameters) == 0 {
		return uri
	}
	separator := "?"
	if _, query, ok := strings.Cut(uri, "?"); ok {
		separator = "&"
		if query == "" || strings.HasSuffix(query, "&") {
			separator = ""
		}
	}
	return uri + separator + parameters.Encode()
}

// Host returns the part of uri that a person should look at: the host, with the
// port where there is one, but without for the loopback interface, where it
// means nothing; the scheme, such as "vscode", of a private-use URI. An
// internationalized name stays in its ASCII form ("xn--…"), which no other name
// resembles. It is "" for what [Check] refuses under every setting.
func Host(uri string) string {
	t, fault := parse(uri)
	switch {
	case fault != nil:
		return ""
	case t.scheme != "https" && t.scheme != "http":
		return t.scheme
	case t.port == "" || t.loopback():
		return t.host
	}
	return t.host + ":" + t.port
}
