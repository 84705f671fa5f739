package redirect

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"infrahub-mcp/internal/problem"
)

// target is a URI in its parts, cut and not decoded. For private-use schemes
// there are only scheme and rest.
type target struct {
	scheme string
	host   string // with brackets around IPv6
	port   string // without the colon, "" for none
	rest   string // path and query
}

// maxLength is the most bytes of a URI.
const maxLength = 1024

// Characters of a URI (RFC 3986, section 2), without the number sign of a
// fragment, the asterisk, which would look like a wildcard, and the brackets,
// which only an IPv6 address has.
const (
	letters = "abcdefghijklmnopqrstuvwxyz"
	digits  = "0123456789"
	uriSet  = letters + "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + digits + "-._~" + ":/?@" + "!$&'()+,;=" + "%"
)

// parse cuts a URI into its parts. It refuses whatever programs could read in
// different ways.
func parse(uri string) (target, *problem.Problem) {
	t := target{}
	switch {
	case uri == "":
		return t, problem.New("The redirect URI is empty.", "Give an absolute URI.")
	case len(uri) > maxLength:
		return t, problem.New("The redirect URI is longer than "+strconv.Itoa(maxLength)+" bytes.", "Use a shorter one.")
	case strings.Contains(uri, "#"):
		return t, problem.New("The redirect URI has a fragment.", "Remove it.")
	case strings.Contains(uri, "*"):
		return t, problem.New("The redirect URI has an asterisk, and there are no wildcards.", "Give each URI in full.")
	}
	scheme, after, ok := strings.Cut(uri, ":")
	if !ok || scheme == "" || !consists(scheme, letters+digits+"+-.") || !strings.Contains(letters, scheme[:1]) {
		return t, problem.New("The redirect URI does not begin with a scheme in lower case.", "Give an absolute URI.")
	}
	if unsafe(scheme) {
		return t, problem.New("The redirect URI has a scheme that is not safe.", "Use https or http to 127.0.0.1.")
	}
	t.scheme, t.rest = scheme, after

	authority, hierarchical := strings.CutPrefix(after, "//")
	if hierarchical {
		end := strings.IndexAny(authority, "/?")
		if end < 0 {
			end = len(authority)
		}
		authority, t.rest = authority[:end], authority[end:]
		if strings.Contains(authority, "@") {
			return t, problem.New("The redirect URI has a user.", "Remove what is before the at sign.")
		}
	}
	if scheme == "https" || scheme == "http" {
		if t.host, t.port, ok = cutPort(authority); !hierarchical || !ok {
			return t, problem.New("The redirect URI has no host, or one that is not a plain name or address.",
				"Write the name in lower case without a dot at the end, an address in its shortest form, and a port as a number from 1 to 65535.")
		}
	} else if hierarchical {
		// What a private-use scheme has there need not be a host.
		t.rest = "//" + authority + t.rest
	}
	if fault := checkRest(t.rest); fault != nil {
		return t, fault
	}
	// The parser of the standard library has to agree.
	if u, err := url.Parse(uri); err != nil || t.host != "" && u.Host != authority {
		return t, problem.New("The redirect URI is not a URI.", "Give an absolute URI (RFC 3986).")
	}
	return t, nil
}

// unsafe reports whether a scheme runs code, names no place, or reads what is on
// a disk or in a browser. No operator can allow one.
func unsafe(scheme string) bool {
	switch scheme {
	case "about", "blob", "chrome", "data", "feed", "file", "filesystem", "ftp", "jar",
		"javascript", "mailto", "mhtml", "res", "resource", "vbscript", "view-source", "ws", "wss":
		return true
	}
	return false
}

// loopback reports whether the URI is http to the computer of the user.
func (t target) loopback() bool {
	if t.scheme != "http" {
		return false
	}
	ip, err := netip.ParseAddr(strings.Trim(t.host, "[]"))
	return t.host == "localhost" || err == nil && ip.IsLoopback()
}

// cutPort splits an authority without user into host and port, and reports
// whether both are in canonical form.
func cutPort(authority string) (host, port string, ok bool) {
	host = authority
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		host, port = authority[:i], authority[i+1:]
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil || number == 0 || strconv.FormatUint(number, 10) != port {
			return "", "", false
		}
	}
	return host, port, validHost(host)
}

// validHost reports whether a host is a name in lower case or an address in its
// canonical form. Addresses in octal, hexadecimal or fewer than four parts,
// IPv4 inside IPv6, and zones are none.
func validHost(host string) bool {
	if inside, ok := strings.CutPrefix(host, "["); ok {
		inside, ok = strings.CutSuffix(inside, "]")
		ip, err := netip.ParseAddr(inside)
		return ok && err == nil && ip.Is6() && !ip.Is4In6() && ip.Zone() == "" && ip.String() == inside
	}
	if len(host) > 253 {
		return false
	}
	last := ""
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			!consists(label, letters+digits+"-") {
			return false
		}
		last = label
	}
	// No top-level domain begins with a digit, and browsers take a host whose
	// last part is a number for an IPv4 address (WHATWG URL, section 3.5).
	if strings.Contains(digits, last[:1]) {
		ip, err := netip.ParseAddr(host)
		return err == nil && ip.Is4()
	}
	return true
}

// checkRest checks the path and the query.
func checkRest(rest string) *problem.Problem {
	if !consists(rest, uriSet) {
		return problem.New("The redirect URI has a character that is not of a URI, such as a blank, a backslash or a letter beyond ASCII.",
			"Percent-encode it, and write names of hosts in their ASCII form.")
	}
	path, query, _ := strings.Cut(rest, "?")
	decodedPath, fault := unescape(path)
	if fault != nil {
		return fault
	}
	if _, fault = unescape(query); fault != nil {
		return fault
	}
	if strings.Count(decodedPath, "/") != strings.Count(path, "/") || strings.Count(decodedPath, ".") != strings.Count(path, ".") ||
		strings.ContainsAny(decodedPath, `\%`) {
		return problem.New("The redirect URI has a slash, backslash, dot or percent sign that is percent-encoded in its path.", "Use a plain path.")
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return problem.New("The redirect URI has a dot segment in its path.", "Write the path that it stands for.")
		}
	}
	for parameter := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' || r == ';' }) {
		name, _, _ := strings.Cut(parameter, "=")
		name, _ = url.QueryUnescape(name)
		if ofResponse(name) {
			return problem.New("The redirect URI has a parameter that authorization responses have, such as code or state.", "Rename it.")
		}
	}
	return nil
}

// unescape decodes percent-encoding and refuses control characters.
func unescape(text string) (string, *problem.Problem) {
	decoded, err := url.PathUnescape(text)
	if err != nil || strings.ContainsFunc(decoded, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", problem.New("The redirect URI has a percent sign that encodes no printable character.", "Percent-encode what is meant.")
	}
	return decoded, nil
}

// ofResponse reports whether a parameter belongs to an authorization response
// (RFC 6749, section 4.1.2; RFC 9207), in any case.
func ofResponse(name string) bool {
	switch strings.ToLower(name) {
	case "code", "state", "iss", "error", "error_description", "error_uri":
		return true
	}
	return false
}

// consists reports whether every byte of text is one of set.
func consists(text, set string) bool {
	for i := range len(text) {
		if strings.IndexByte(set, text[i]) < 0 {
			return false
		}
	}
	return true
}
