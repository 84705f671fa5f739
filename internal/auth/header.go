package auth

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// maxCredential bounds the value of the header that carries a credential, in
// bytes.
const maxCredential = 4 << 10

// header reads the one header that carries a credential. Its faults are made
// once: their texts cannot depend on a request.
type header struct {
	name string // canonical

	missing, malformed, tooLong, repeated, inQuery *Error
}

// newHeader returns the reader of a header. carries is what it carries and usage
// how that is written, both for people; challenge is that of the mode.
func newHeader(name, carries, usage, challenge string) (header, error) {
	if err := checkHeader(name); err != nil {
		return header{}, err
	}
	h := header{name: http.CanonicalHeaderKey(name)}
	fault := func(status int, what string) *Error {
		e := &Error{Status: status, Message: fmt.Sprintf("%s Send %s in the header \"%s: %s\".", what, carries, h.name, usage)}
		if status == http.StatusUnauthorized {
			e.Challenge = challenge
		}
		return e
	}
	h.missing = fault(http.StatusUnauthorized, "The request carries no credential.")
	h.malformed = fault(http.StatusUnauthorized, "The credential of the request is not of the form that this server takes.")
	h.tooLong = fault(http.StatusUnauthorized, fmt.Sprintf("The credential of the request is longer than %d bytes.", maxCredential))
	h.repeated = fault(http.StatusBadRequest, "The request carries several credentials, or one with a comma in it.")
	h.inQuery = fault(http.StatusBadRequest, "The request carries a credential in its URL, where logs and histories keep it.")
	return h, nil
}

// value returns the one value of the header: visible ASCII and spaces, no comma.
// More than one line, or a comma, which a proxy puts between lines that it joins
// (RFC 9110, section 5.3), leaves open which credential is meant: what stands
// before this server may have looked at another one. Trailers are not headers,
// and a name with other punctuation is another header.
func (h *header) value(r *http.Request) (string, *Error) {
	// The query parameter of RFC 6750, section 2.3.
	if r.URL != nil && r.URL.RawQuery != "" && r.URL.Query().Has("access_token") {
		return "", h.inQuery
	}
	values := r.Header[h.name]
	switch {
	case len(values) == 0:
		return "", h.missing
	case len(values) > 1:
		return "", h.repeated
	case len(values[0]) > maxCredential:
		return "", h.tooLong
	case strings.Contains(values[0], ","):
		return "", h.repeated
	}
	value := strings.Trim(values[0], " ")
	if value == "" || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "", h.malformed
	}
	return value, nil
}

// cutScheme splits a value into the scheme and what follows (RFC 9110, section
// 11.4: scheme 1*SP credentials). Without a space there is no scheme.
func cutScheme(value string) (scheme, rest string) {
	scheme, rest, found := strings.Cut(value, " ")
	if !found {
		return "", value
	}
	return scheme, strings.TrimLeft(rest, " ")
}

// checkHeader refuses the names of headers that cannot carry a credential: those
// that are none, that belong to one hop (RFC 9110, section 7.6.1), that mean
// something else to this server or to HTTP, or that proxies write or log.
func checkHeader(name string) error {
	lower := strings.ToLower(name)
	if name == "" || strings.ContainsFunc(lower, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	}) {
		return fmt.Errorf("%q is not the name of an HTTP header", name)
	}
	taken := []string{
		"accept", "connection", "cookie", "date", "expect", "forwarded", "from", "host", "keep-alive",
		"last-event-id", "origin", "pragma", "proxy-authenticate", "proxy-authorization", "proxy-connection",
		"range", "referer", "set-cookie", "te", "trailer", "trailers", "traceparent", "tracestate", "baggage",
		"transfer-encoding", "upgrade", "user-agent", "vary", "via", "warning", "www-authenticate", "x-real-ip",
		"x-request-id",
	}
	families := []string{"accept-", "access-control-", "cache-", "content-", "if-", "mcp-", "sec-", "x-forwarded-"}
	if slices.Contains(taken, lower) || slices.ContainsFunc(families, func(f string) bool { return strings.HasPrefix(lower, f) }) {
		return fmt.Errorf("the header %q has another meaning and cannot carry a credential; take Authorization or a name of your own, such as X-Infrahub-Token", name)
	}
	return nil
}
