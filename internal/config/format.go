package config

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"infrahub-mcp/internal/problem"
)

// advice is why a value is refused, as a sentence for people that never holds
// the text of a secret.
type advice string

// refused is the advice when Setting.Allowed says it all.
const refused advice = ""

// Error returns the sentence.
func (a advice) Error() string { return string(a) }

// format is a rule for the text of a setting.
type format struct {
	// allowed completes "it must be …".
	allowed string
	// check returns the text in normal form, or an advice.
	check func(text string) (string, error)
}

// formatOf returns the rule that the tag "format" of a field names.
func formatOf(name string) format {
	switch name {
	case "address":
		return format{"an http or https URL with a host, without user, query and fragment", checkAddress}
	case "url":
		return format{"an http or https URL with a host, without user and fragment", checkURL}
	case "proxy":
		return format{"an http, https or socks5 URL with a host", checkProxy}
	case "token":
		return format{"printable ASCII characters without blanks", checkToken}
	case "header":
		return format{"the name of an HTTP header", checkHeader}
	case "base-url":
		return format{"an http or https URL with a host, without user, query and fragment", checkBaseURL}
	case "url-path":
		return format{"a path that begins with a slash, without a slash at its end", checkURLPath}
	case "state":
		return format{"a redis, rediss, valkey or valkeys URL with a host, or a unix URL with a path", checkState}
	case "claims":
		return format{"names of claims separated by commas", checkScope}
	case "redirect-uris":
		return format{"absolute URIs separated by commas", checkRedirectURI}
	case "cimd":
		return format{"on, off, or host names separated by commas", checkLine}
	case "otlp-headers":
		return format{"pairs name=value separated by commas, the values escaped as in a URL", checkHeaders}
	case "hosts":
		return format{"host names separated by commas", checkLine}
	case "origins":
		return format{"origins such as https://example.com separated by commas", checkLine}
	case "networks":
		return format{"networks such as 10.0.0.0/8, or addresses, separated by commas", checkLine}
	case "scopes":
		return format{"scopes separated by commas", checkScope}
	case "host":
		return format{"an IP address or a host name, without a port", checkHost}
	case "listen":
		return format{"an address and a port, such as 127.0.0.1:9090", checkListen}
	case "branch":
		return format{"a name that Infrahub allows for a branch", checkBranch}
	case "branch-pattern":
		return format{"a branch name that may hold {date}, {hex} and {user}", checkPattern}
	case "certificates":
		return format{"a file of certificates in PEM format", checkCertificates}
	case "path":
		return format{"the path of a file", checkLine}
	default:
		return format{"text on one line", checkLine}
	}
}

// checkLine refuses control characters, which no setting has a use for.
func checkLine(text string) (string, error) {
	if strings.ContainsFunc(text, unicode.IsControl) || !utf8.ValidString(text) {
		return text, refused
	}
	return text, nil
}

// checkWord looks a word up in those allowed.
func checkWord(word string, words []string) (string, error) {
	if slices.Contains(words, word) {
		return word, nil
	}
	return word, didYouMean(word, words)
}

// didYouMean names the closest word, if any is close.
func didYouMean(word string, words []string) advice {
	if closest := problem.Closest(word, words, 1); len(closest) > 0 {
		return advice("Did you mean " + closest[0] + "?")
	}
	return refused
}

// checkAddress returns the address of Infrahub without the slash at its end.
func checkAddress(text string) (string, error) {
	text, err := checkURL(text)
	if err != nil {
		return text, err
	}
	if strings.Contains(text, "?") {
		return text, refused
	}
	return strings.TrimRight(text, "/"), nil
}

// checkURL reads an http or https URL.
func checkURL(text string) (string, error) {
	u, err := url.Parse(text)
	switch {
	case strings.Contains(text, "@") && (err != nil || u.User != nil || u.Host == ""):
		return text, advice("A credential has a setting of its own and does not belong in an address.")
	case !strings.Contains(text, "://"):
		return text, missingScheme(text)
	case err != nil, !validHost(u), u.Scheme != "http" && u.Scheme != "https", strings.Contains(text, "#"):
		return text, refused
	}
	return u.String(), nil
}

// checkBaseURL returns the address of this server without the slash at its end.
func checkBaseURL(text string) (string, error) {
	text, err := checkAddress(text)
	if err != nil {
		return text, err
	}
	u, err := url.Parse(text)
	if err != nil {
		return text, refused
	}
	if path, err := checkURLPath(u.EscapedPath()); u.Path != "" && err != nil {
		return path, refused
	}
	u.Host = strings.ToLower(u.Host)
	return u.String(), nil
}

// checkURLPath admits paths that stand for themselves in a URL and in a route.
func checkURLPath(text string) (string, error) {
	if !strings.HasPrefix(text, "/") || strings.HasSuffix(text, "/") || strings.Contains(text, "//") {
		return text, refused
	}
	for segment := range strings.SplitSeq(text[1:], "/") {
		if segment == "." || segment == ".." || strings.ContainsFunc(segment, func(r rune) bool { return !isLetterOrDigit(r) && !strings.ContainsRune("-._~", r) }) {
			return text, refused
		}
	}
	return text, nil
}

// checkState reads the address of a store, which may hold a credential.
func checkState(text string) (string, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return text, refused
	case u.Scheme == "unix" && u.Path != "":
		return text, nil
	case !slices.Contains([]string{"redis", "rediss", "valkey", "valkeys"}, u.Scheme) || !validHost(u):
		return text, refused
	}
	return text, nil
}

// checkRedirectURI admits absolute URIs; what else there is to say of one is for
// the authorization server.
func checkRedirectURI(text string) (string, error) {
	for uri := range strings.SplitSeq(text, ",") {
		if uri = strings.TrimSpace(uri); uri == "" {
			continue
		}
		if u, err := url.Parse(uri); err != nil || !u.IsAbs() || u.Fragment != "" || strings.Contains(uri, "*") {
			return text, refused
		}
	}
	return text, nil
}

// missingScheme proposes the address with a scheme, if that makes it right.
func missingScheme(text string) advice {
	u, err := url.Parse("http://" + text)
	if err != nil || !validHost(u) || conceals(text) || len(text) > 200 {
		return refused
	}
	return advice("Did you mean http://" + text + "?")
}

// validHost tells whether a URL has a host, and a port in range if any.
func validHost(u *url.URL) bool {
	if u.Port() != "" {
		if port, err := strconv.ParseUint(u.Port(), 10, 16); err != nil || port == 0 {
			return false
		}
	}
	return u.Hostname() != "" && !strings.HasSuffix(u.Host, ":")
}

// conceals tells whether an address may hold a credential: a user part, or a
// query or fragment with a token.
func conceals(text string) bool { return strings.ContainsAny(text, "@?#") }

// checkProxy reads the address of a proxy, which may hold a credential.
func checkProxy(text string) (string, error) {
	if !strings.Contains(text, "://") {
		return text, advice("It has no scheme such as http:// in front.")
	}
	u, err := url.Parse(text)
	if err != nil || !validHost(u) || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) {
		return text, refused
	}
	return text, nil
}

// checkToken admits what can stand in an HTTP header.
func checkToken(text string) (string, error) {
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return text, refused
	}
	return text, nil
}

// checkHeader admits a field name (RFC 9110, section 5.6.2, "token").
func checkHeader(text string) (string, error) {
	if text == "" || strings.ContainsFunc(text, func(r rune) bool {
		return !isLetterOrDigit(r) && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	}) {
		return text, refused
	}
	return text, nil
}

// checkHeaders admits what OpenTelemetry reads as headers (OTLP Exporter
// Configuration, Specifying headers via environment variables).
func checkHeaders(text string) (string, error) {
	for pair := range strings.SplitSeq(text, ",") {
		name, value, found := strings.Cut(pair, "=")
		if _, err := checkHeader(strings.TrimSpace(name)); err != nil || !found {
			return text, refused
		}
		value, err := url.PathUnescape(value)
		if err != nil || strings.ContainsFunc(value, unicode.IsControl) {
			return text, refused
		}
	}
	return text, nil
}

// checkScope admits a scope (RFC 6749, section 3.3, "scope-token").
func checkScope(text string) (string, error) {
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
		return text, refused
	}
	return text, nil
}

// checkHost returns an address to listen on, without the brackets of an IPv6
// address.
func checkHost(text string) (string, error) {
	bare := strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	if _, err := netip.ParseAddr(bare); err == nil {
		return bare, nil
	}
	switch {
	case strings.Contains(text, "/"):
		return text, refused
	case strings.Contains(text, ":"):
		return text, advice("The port has its own setting, --port or MCP_PORT.")
	case strings.Trim(text, "0123456789.") == "", len(text) > 253:
		return text, refused
	case strings.ContainsFunc(text, func(r rune) bool { return !isLetterOrDigit(r) && !strings.ContainsRune("-._", r) }):
		return text, refused
	}
	return text, nil
}

// checkListen returns an address to listen on with its port. Without an address it
// is every interface.
func checkListen(text string) (string, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return text, refused
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return text, refused
	}
	if host != "" {
		if host, err = checkHost(host); err != nil {
			return text, refused
		}
	}
	return net.JoinHostPort(host, port), nil
}

// isLetterOrDigit tells whether a character is one of ASCII's.
func isLetterOrDigit(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

// checkCertificates tries to read a file of certificates.
func checkCertificates(path string) (string, error) {
	if _, err := checkLine(path); err != nil {
		return path, err
	}
	content, err := readFile(path, maxFile)
	if err != nil {
		return path, advice(fmt.Sprintf("It cannot be read: %v.", err))
	}
	if !x509.NewCertPool().AppendCertsFromPEM(content) {
		return path, advice("It holds no certificate.")
	}
	return path, nil
}
