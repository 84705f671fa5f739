package telemetry

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Hidden stands in a log where a credential was.
const Hidden = "(hidden)"

// redactor keeps credentials out of the log: by the name of an attribute, by
// value where it is known, and by shape where it is not.
type redactor struct {
	secrets *Secrets // those of the server
	headers []string // names of headers that carry credentials, in lower case
	shapes  *shapes
}

func newRedactor(secrets *Secrets, headers []string) *redactor {
	if secrets == nil {
		secrets = NewSecrets()
	}
	names := []string{"authorization", "cookie", "x-infrahub-key"}
	for _, name := range headers {
		names = append(names, strings.ToLower(name))
	}
	return &redactor{secrets, names, newShapes(names)}
}

// telling reports whether an attribute of this name is never shown.
func (r *redactor) telling(name string) bool {
	name = strings.ToLower(name)
	for _, part := range [...]string{"credential", "password", "secret", "token"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return slices.ContainsFunc(r.headers, func(header string) bool { return strings.Contains(name, header) })
}

// text returns a text without the credentials in it. own are those of the
// request it belongs to, longest first.
func (r *redactor) text(text string, own []string) string {
	text = r.secrets.hide(text)
	for _, secret := range own {
		if len(secret) <= len(text) {
			text = strings.ReplaceAll(text, secret, Hidden)
		}
	}
	return r.shapes.hide(text)
}

// variants returns secrets as they are and as they stand in URLs, in JSON and
// between quotes of Go, longest first, so that none is cut by a shorter one.
func variants(secrets []string) []string {
	var all []string
	for _, secret := range secrets {
		if len(secret) < 3 {
			continue
		}
		all = append(all, secret, url.QueryEscape(secret), url.PathEscape(secret))
		for _, quoted := range []string{strconv.Quote(secret), strconv.QuoteToASCII(secret)} {
			all = append(all, quoted[1:len(quoted)-1])
		}
		if encoded, err := json.Marshal(secret); err == nil { // invalid UTF-8 is no error
			all = append(all, string(encoded[1:len(encoded)-1]))
		}
	}
	slices.SortFunc(all, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(all)
}
