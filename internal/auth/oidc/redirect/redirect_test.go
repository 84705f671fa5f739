package redirect_test

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"infrahub-mcp/internal/auth/oidc/redirect"
	"infrahub-mcp/internal/problem"
)

// listed is what the operator of the tests lists.
var listed = []string{
	"cursor://anysphere.cursor-mcp/oauth/callback",
	"com.example.app:/oauth",
	"com.example.app:callback",
	"javascript:alert(1)",
	"data:text/html,x",
	"http://intranet.example/cb",
	"cursor://x/../y",
	"cursor://user@x/cb",
	"cursor://x/cb#top",
	"https://app.example/cb",
}

func TestURIsThatMayBeRegistered(t *testing.T) {
	for _, test := range []struct{ name, uri string }{
		{"https", "https://app.example/callback"},
		{"https without a path", "https://app.example"},
		{"https on a port", "https://app.example:8443/callback"},
		{"https with a query", "https://app.example/cb?tenant=a%20b&x"},
		{"https to a single name", "https://intranet/cb"},
		{"https to localhost", "https://localhost:3000/cb"},
		{"https to an address", "https://192.0.2.7/cb"},
		{"https to an IPv6 address", "https://[2001:db8::1]:8443/cb"},
		{"an internationalized name in its ASCII form", "https://xn--bcher-kva.example/cb"},
		{"a percent-encoded letter in the path", "https://app.example/caf%C3%A9"},
		{"an at sign in the path", "https://app.example/@me/cb"},
		{"dots that are no segment", "https://app.example/a..b/.well-known/...x"},
		{"http to 127.0.0.1", "http://127.0.0.1/cb"},
		{"http to 127.0.0.1 on a port", "http://127.0.0.1:49152/cb"},
		{"http to another loopback address", "http://127.8.9.10:1/"},
		{"http to the IPv6 loopback address", "http://[::1]:8080/cb"},
		{"http to localhost", "http://localhost:65535/oauth/callback"},
		{"a listed private-use URI", "cursor://anysphere.cursor-mcp/oauth/callback"},
		{"a listed private-use URI without authority", "com.example.app:/oauth"},
		{"a listed private-use URI without slash", "com.example.app:callback"},
		{"a URI as long as may be", "https://app.example/" + strings.Repeat("a", 1004)},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := redirect.Check(test.uri, listed); err != nil {
				t.Errorf("Check(%q): %v", test.uri, err)
			}
		})
	}
}

func TestURIsThatMayNotBeRegistered(t *testing.T) {
	for _, test := range []struct{ name, uri string }{
		{"nothing", ""},
		{"a path", "/callback"},
		{"no scheme", "app.example/cb"},
		{"no scheme with slashes", "//app.example/cb"},
		{"an empty scheme", "://app.example/cb"},
		{"a scheme that begins with a digit", "1a://x/cb"},
		{"a scheme in upper case", "HTTPS://app.example/cb"},
		{"a scheme after a blank", " https://app.example/cb"},
		{"one byte too long", "https://app.example/" + strings.Repeat("a", 1005)},
		{"very long", "https://app.example/" + strings.Repeat("a", 1<<20)},

		{"http to another computer", "http://app.example/cb"},
		{"http to another computer, listed", "http://intranet.example/cb"},
		{"http to a private address", "http://10.0.0.1/cb"},
		{"http to the unspecified address", "http://0.0.0.0:80/cb"},
		{"a name that begins with localhost", "http://localhost.evil.example/cb"},
		{"a name that ends with localhost", "http://evil.localhost/cb"},
		{"a name that begins with 127.0.0.1", "http://127.0.0.1.nip.io/cb"},
		{"localhost as user", "http://localhost@evil.example/cb"},
		{"localhost and port as user and password", "http://localhost:80@evil.example/cb"},
		{"an empty user", "http://@localhost/cb"},
		{"a user of https", "https://me@app.example/cb"},
		{"an encoded user", "https://me%40app.example/cb"},

		{"no host", "https:///cb"},
		{"no host and no slashes", "https:/cb"},
		{"no slashes", "https:app.example/cb"},
		{"only the scheme", "https:"},
		{"only a port", "https://:443/cb"},
		{"a host in upper case", "https://APP.example/cb"},
		{"localhost in upper case", "http://LOCALHOST/cb"},
		{"a trailing dot", "https://app.example./cb"},
		{"localhost with a trailing dot", "http://localhost./cb"},
		{"an address with a trailing dot", "http://127.0.0.1./cb"},
		{"an empty label", "https://app..example/cb"},
		{"a label that begins with a hyphen", "https://-app.example/cb"},
		{"a label that ends with a hyphen", "https://app-.example/cb"},
		{"a label of 64 letters", "https://" + strings.Repeat("a", 64) + ".example/cb"},
		{"a name of more than 253 letters", "https://" + strings.Repeat("abcdefg.", 32) + "example/cb"},
		{"an underscore in the name", "https://my_app.example/cb"},
		{"a percent-encoded dot in the name", "https://app%2eexample/cb"},
		{"a percent-encoded name", "http://%6cocalhost/cb"},
		{"an internationalized name", "https://bücher.example/cb"},
		{"a full-width dot", "https://app。example/cb"},
		{"a wildcard in the name", "https://*.example/cb"},
		{"a wildcard in the path", "https://app.example/*"},
		{"a wildcard as port", "http://localhost:*/cb"},

		{"an IPv4 address in octal", "http://0177.0.0.1/cb"},
		{"an IPv4 address with leading zeros", "http://127.000.000.001/cb"},
		{"an IPv4 address in hexadecimal", "http://0x7f.0.0.1/cb"},
		{"an IPv4 address as one number", "http://2130706433/cb"},
		{"an IPv4 address as one hexadecimal number", "http://0x7f000001/cb"},
		{"an IPv4 address in two parts", "http://127.1/cb"},
		{"an IPv4 address beyond 255", "http://127.0.0.256/cb"},
		{"a name whose last part is a number", "https://app.1/cb"},
		{"an IPv6 address in long form", "http://[0:0:0:0:0:0:0:1]/cb"},
		{"an IPv6 address in upper case", "https://[2001:DB8::1]/cb"},
		{"an IPv6 address with a zone", "http://[::1%25lo]/cb"},
		{"an IPv6 address with a raw zone", "http://[fe80::1%lo]/cb"},
		{"IPv4 inside IPv6", "http://[::ffff:127.0.0.1]/cb"},
		{"IPv4 inside IPv6 in hexadecimal", "http://[::ffff:7f00:1]/cb"},
		{"IPv4 in brackets", "http://[127.0.0.1]/cb"},
		{"an IPv6 address without brackets", "http://::1/cb"},
		{"an open bracket", "http://[::1/cb"},
		{"something after the brackets", "http://[::1]x/cb"},
		{"an address of a future version", "http://[v1.a]/cb"},
		{"an empty port", "http://localhost:/cb"},
		{"port zero", "http://localhost:0/cb"},
		{"a port with a leading zero", "http://localhost:080/cb"},
		{"a port with a sign", "http://localhost:+80/cb"},
		{"a port beyond 65535", "http://localhost:65536/cb"},
		{"a port that is a name", "http://localhost:http/cb"},
		{"two ports", "http://localhost:80:80/cb"},

		{"a fragment", "https://app.example/cb#top"},
		{"an empty fragment", "https://app.example/cb#"},
		{"a backslash in the path", `https://app.example\cb`},
		{"a backslash before the at sign", `https://evil.example\@app.example/cb`},
		{"backslashes for slashes", `https:\\app.example/cb`},
		{"a dot segment", "https://app.example/a/../cb"},
		{"a single dot segment", "https://app.example/./cb"},
		{"a dot segment at the end", "https://app.example/a/.."},
		{"an encoded dot segment", "https://app.example/%2e%2E/cb"},
		{"a half encoded dot segment", "https://app.example/.%2e/cb"},
		{"an encoded slash", "https://app.example/..%2fcb"},
		{"an encoded backslash", "https://app.example/..%5Ccb"},
		{"a doubly encoded dot segment", "https://app.example/%252e%252e/cb"},
		{"a broken escape", "https://app.example/%zz"},
		{"an escape cut short", "https://app.example/cb?a=%2"},
		{"an encoded line feed in the path", "https://app.example/a%0ab"},
		{"an encoded line feed in the query", "https://app.example/cb?a=%0d%0a"},
		{"an encoded null", "https://app.example/%00"},
		{"a line feed", "https://app.example/cb\n"},
		{"a tab in the scheme", "java\tscript:alert(1)"},
		{"a tab", "https://app.example/\tcb"},
		{"a null", "https://app.example/\x00cb"},
		{"a delete", "https://app.example/\x7fcb"},
		{"a blank", "https://app.example/a b"},
		{"a quotation mark", `https://app.example/"cb`},
		{"angle brackets", "https://app.example/<cb>"},
		{"a brace", "https://app.example/{cb}"},
		{"brackets in the path", "https://app.example/[cb]"},
		{"a letter beyond ASCII", "https://app.example/é"},
		{"a right-to-left override", "https://app.example/\u202ecb"},
		{"bytes that are not UTF-8", "https://app.example/\xff"},

		{"a parameter code", "https://app.example/cb?code=1"},
		{"a parameter state", "https://app.example/cb?a=1&state"},
		{"a parameter iss", "https://app.example/cb?a=1;iss=x"},
		{"a parameter error", "https://app.example/cb?error=x"},
		{"a parameter in upper case", "https://app.example/cb?CODE=1"},
		{"an encoded parameter", "https://app.example/cb?c%6fde=1"},

		{"a private-use URI that is not listed", "vscode://app/cb"},
		{"a private-use URI that begins like a listed one", "cursor://anysphere.cursor-mcp/oauth/callback/more"},
		{"a listed one with a query", "cursor://anysphere.cursor-mcp/oauth/callback?a=b"},
		{"a listed one in another case", "cursor://Anysphere.cursor-mcp/oauth/callback"},
		{"a listed script", "javascript:alert(1)"},
		{"listed data", "data:text/html,x"},
		{"a script", "javascript://localhost/%0aalert(1)"},
		{"a script in capitals", "JavaScript:alert(1)"},
		{"a Visual Basic script", "vbscript:x"},
		{"a file", "file:///etc/passwd"},
		{"a blob", "blob:https://app.example/1"},
		{"a listed dot segment", "cursor://x/../y"},
		{"a listed user", "cursor://user@x/cb"},
		{"a listed fragment", "cursor://x/cb#top"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := redirect.Check(test.uri, listed)
			if err == nil {
				t.Fatalf("Check(%q) = nil", test.uri)
			}
			var fault *problem.Problem
			if !errors.As(err, &fault) || fault.What == "" || fault.Do == "" {
				t.Errorf("Check(%q) is not a problem with advice: %#v", test.uri, err)
			}
			// What may stand in error_description (RFC 6749, section 5.2).
			for _, r := range err.Error() {
				if r < ' ' || r > '~' || r == '"' || r == '\\' {
					t.Errorf("Check(%q) says %q, which has %q", test.uri, err, r)
				}
			}
			if redirect.Loopback(test.uri) {
				t.Errorf("Loopback(%q) = true", test.uri)
			}
		})
	}
}

func TestEachFaultHasItsReason(t *testing.T) {
	const host, escape = "no host, or one that is not a plain name or address", "percent sign that encodes no printable character"
	reasons := map[string]string{
		"": "is empty",
		"https://a.b/" + strings.Repeat("a", 1024): "longer than 1024 bytes",
		"https://app.example/cb#":                  "has a fragment",
		"https://app.example/*":                    "has an asterisk",
		"callback":                                 "does not begin with a scheme",
		"my_app:/cb":                               "does not begin with a scheme",
		"1app:/cb":                                 "does not begin with a scheme",
		"App:/cb":                                  "does not begin with a scheme",
		"cursor://user@x/cb":                       "has a user",
		"https:app.example":                        host,
		"https://app.example:/":                    host,
		"http://[::1/cb":                           host,
		"http://[127.0.0.1]/cb":                    host,
		"http://[::1%25lo]/cb":                     host,
		"cursor://x/a b":                           "has a character that is not of a URI",
		"cursor://x/%zz":                           escape,
		"cursor://x/%7f":                           escape,
		"cursor://x/cb?a=%7F":                      escape,
		"cursor://x/%2f":                           "percent-encoded in its path",
		"cursor://x/../y":                          "has a dot segment",
		"cursor://x/cb?state":                      "has a parameter that authorization responses have",
		"cursor:cb?error_description=":             "has a parameter that authorization responses have",
		"cursor:cb?error_uri=":                     "has a parameter that authorization responses have",
		"cursor://x:port/cb":                       "is not a URI",
		"http://app.example/cb":                    "is http to another computer",
	}
	for _, scheme := range []string{
		"about", "blob", "chrome", "data", "feed", "file", "filesystem", "ftp", "jar", "javascript", "mailto", "mhtml",
		"res", "resource", "vbscript", "view-source", "ws", "wss",
	} {
		reasons[scheme+":cb"] = "has a scheme that is not safe"
	}
	for uri, want := range reasons {
		err := redirect.Check(uri, []string{uri}) // that it is listed does not help
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Check(%.50q): %v, want that it %s", uri, err, want)
		}
	}
}

func TestPrivateUseNeedsAnEntry(t *testing.T) {
	const uri = "vscode://vscode.github-authentication/did-authenticate"
	if err := redirect.Check(uri, nil); err == nil || !strings.Contains(err.Error(), "INFRAHUB_MCP_OIDC_ALLOWED_REDIRECT_URIS") {
		t.Errorf("without an entry: %v", err)
	}
	if err := redirect.Check(uri, []string{uri}); err != nil {
		t.Errorf("with an entry: %v", err)
	}
}

func TestMatch(t *testing.T) {
	for _, test := range []struct {
		name, registered, asked string
		want                    bool
	}{
		{"the same", "https://app.example/cb", "https://app.example/cb", true},
		{"another path", "https://app.example/cb", "https://app.example/cb2", false},
		{"a longer path", "https://app.example/cb", "https://app.example/cb/", false},
		{"the path in another case", "https://app.example/cb", "https://app.example/CB", false},
		{"the path encoded", "https://app.example/cb", "https://app.example/c%62", false},
		{"the host in another case", "https://app.example/cb", "https://App.example/cb", false},
		{"another scheme", "https://app.example/cb", "http://app.example/cb", false},
		{"the default port", "https://app.example/cb", "https://app.example:443/cb", false},
		{"a query more", "https://app.example/cb", "https://app.example/cb?a", false},
		{"an empty query more", "https://app.example/cb", "https://app.example/cb?", false},
		{"a fragment more", "https://app.example/cb", "https://app.example/cb#", false},
		{"a dot segment more", "https://app.example/cb", "https://app.example/x/../cb", false},
		{"a private-use URI", "cursor://x/cb", "cursor://x/cb", true},
		{"a private-use URI on a port", "cursor://x/cb", "cursor://x:1/cb", false},

		{"another port on 127.0.0.1", "http://127.0.0.1:1000/cb", "http://127.0.0.1:2000/cb", true},
		{"another port on [::1]", "http://[::1]:1000/cb", "http://[::1]:2000/cb", true},
		{"another port on localhost", "http://localhost:1000/cb", "http://localhost:2000/cb", true},
		{"a port where none was", "http://localhost/cb", "http://localhost:2000/cb", true},
		{"no port where one was", "http://localhost:1000/cb", "http://localhost/cb", true},
		{"another port and the same query", "http://localhost:1000/cb?a=b", "http://localhost:2000/cb?a=b", true},
		{"another port and another query", "http://localhost:1000/cb?a=b", "http://localhost:2000/cb?a=c", false},
		{"another port and another path", "http://localhost:1000/cb", "http://localhost:2000/other", false},
		{"another port and no path", "http://localhost:1000/", "http://localhost:2000", false},
		{"a port that is none", "http://localhost:1000/cb", "http://localhost:99999/cb", false},
		{"an empty port", "http://localhost:1000/cb", "http://localhost:/cb", false},
		{"another port and a user", "http://localhost:1000/cb", "http://localhost:2000@evil.example/cb", false},
		{"another port and a fragment", "http://localhost:1000/cb", "http://localhost:2000/cb#", false},
		{"an address for the name", "http://localhost:1000/cb", "http://127.0.0.1:1000/cb", false},
		{"another loopback address", "http://127.0.0.1:1000/cb", "http://127.0.0.2:1000/cb", false},
		{"a host that begins alike", "http://127.0.0.1:1000/cb", "http://127.0.0.1.evil.example:1000/cb", false},
		{"https on localhost is not flexible", "https://localhost:1000/cb", "https://localhost:2000/cb", false},
		{"http on another port for https", "https://localhost:1000/cb", "http://localhost:2000/cb", false},
		{"another port and a parameter of responses", "http://localhost:1000/cb?code=1", "http://localhost:2000/cb?code=1", false},
		{"https for http", "http://localhost:1000/cb", "https://localhost:1000/cb", false},
		{"nothing", "https://app.example/cb", "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			registered := []string{"https://other.example/cb", test.registered}
			if got := redirect.Match(test.asked, registered); got != test.want {
				t.Errorf("Match(%q, %q) = %v", test.asked, registered, got)
			}
		})
	}
	if redirect.Match("https://app.example/cb", nil) {
		t.Error("matches without anything registered")
	}
}

func TestAnswerKeepsTheQuery(t *testing.T) {
	for _, test := range []struct{ name, uri, want string }{
		{"no query", "https://app.example/cb", "https://app.example/cb?code=a+b%26&state=s"},
		{"no path", "https://app.example", "https://app.example?code=a+b%26&state=s"},
		{"a query", "https://app.example/cb?b=%7e&a=+%20", "https://app.example/cb?b=%7e&a=+%20&code=a+b%26&state=s"},
		{"an empty query", "https://app.example/cb?", "https://app.example/cb?code=a+b%26&state=s"},
		{"an open query", "https://app.example/cb?a&", "https://app.example/cb?a&code=a+b%26&state=s"},
		{"a question mark in the query", "https://app.example/cb?a=?", "https://app.example/cb?a=?&code=a+b%26&state=s"},
		{"a private-use URI", "com.example.app:cb", "com.example.app:cb?code=a+b%26&state=s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := redirect.Answer(test.uri, url.Values{"state": {"s"}, "code": {"a b&"}})
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if got := redirect.Answer(test.uri, nil); got != test.uri {
				t.Errorf("without parameters: %s", got)
			}
		})
	}
}

func TestHostAndLoopback(t *testing.T) {
	for _, test := range []struct {
		uri, host string
		loopback  bool
	}{
		{"https://app.example/cb", "app.example", false},
		{"https://app.example:8443/cb", "app.example:8443", false},
		{"https://app.example?x", "app.example", false},
		{"https://xn--bcher-kva.example/cb", "xn--bcher-kva.example", false},
		{"https://[2001:db8::1]:8443/cb", "[2001:db8::1]:8443", false},
		{"https://localhost:3000/cb", "localhost:3000", false},
		{"http://localhost:3000/cb", "localhost", true},
		{"http://127.0.0.1:3000/cb", "127.0.0.1", true},
		{"http://[::1]:3000/cb", "[::1]", true},
		{"http://[::1]", "[::1]", true},
		{"http://[::2]/cb", "[::2]", false},
		{"http://app.example/cb", "app.example", false},
		{"cursor://anysphere/cb", "cursor", false},
		{"com.example.app:/cb", "com.example.app", false},
		{"https://app.example@evil.example/cb", "", false},
		{"javascript:alert(1)", "", false},
		{"https://app.example/cb?code=1", "", false},
		{"http://localhost:3000/cb#top", "", false},
	} {
		if got := redirect.Host(test.uri); got != test.host {
			t.Errorf("Host(%q) = %q, want %q", test.uri, got, test.host)
		}
		if got := redirect.Loopback(test.uri); got != test.loopback {
			t.Errorf("Loopback(%q) = %v", test.uri, got)
		}
	}
}

func TestWhatMatchesMayBeRegistered(t *testing.T) {
	part := rapid.SampledFrom([]string{
		"http", "https", "cursor", ":", "//", "/", "localhost", "127.0.0.1", "[::1]", ":80", ":81", "app.example",
		"@", "?", "a=b", "&", "#", "..", ".", "%2e", "%2f", "\\", "*", "code=", "cb", "%", " ", "é", "\n",
	})
	rapid.Check(t, func(t *rapid.T) {
		registered := strings.Join(rapid.SliceOfN(part, 1, 8).Draw(t, "registered"), "")
		asked := strings.Join(rapid.SliceOfN(part, 1, 8).Draw(t, "asked"), "")
		holds(t, registered, asked)
		holds(t, "http://localhost:80/"+registered, "http://localhost:81/"+registered)
	})
}

func FuzzURI(f *testing.F) {
	for _, seed := range []string{
		"https://app.example/cb", "http://127.0.0.1:1000/cb?a=b", "http://[::1]:2000/", "http://localhost@evil.example/",
		"cursor://x/cb", "http://0x7f.1/", "https://app.example/%2e%2e/", `http://localhost\@evil.example`, "http://localhost:080/",
		"https://[::ffff:127.0.0.1]/", "https:/x", "a:b", "https://app.example/cb?code=1", "https://app.example./#",
	} {
		f.Add(seed, "http://127.0.0.1:1000/cb?a=b")
	}
	f.Fuzz(func(t *testing.T, registered, asked string) { holds(t, registered, asked) })
}

// holds checks what is true of every pair of URIs.
func holds(t interface {
	Helper()
	Fatalf(format string, args ...any)
}, registered, asked string,
) {
	t.Helper()
	for _, uri := range []string{registered, asked} {
		valid := redirect.Check(uri, []string{uri}) == nil
		if redirect.Loopback(uri) && !valid {
			t.Fatalf("%q is loopback and may not be registered", uri)
		}
		if !valid {
			continue
		}
		u, err := url.Parse(uri)
		if err != nil {
			t.Fatalf("%q may be registered and is no URI: %v", uri, err)
		}
		if u.User != nil || u.Fragment != "" || u.Scheme == "javascript" || u.JoinPath().Path != u.Path && u.Path != "" && !strings.Contains(u.Path, "//") {
			t.Fatalf("%q may be registered", uri)
		}
		if u.Scheme == "http" {
			ip, err := netip.ParseAddr(u.Hostname())
			if u.Hostname() != "localhost" && (err != nil || !ip.IsLoopback()) {
				t.Fatalf("%q may be registered", uri)
			}
			if redirect.Host(uri)+portOf(u) != u.Host {
				t.Fatalf("%q is shown as %q", uri, redirect.Host(uri))
			}
		}
		if u.Scheme == "https" && redirect.Host(uri) != u.Host {
			t.Fatalf("%q is shown as %q", uri, redirect.Host(uri))
		}

		answer := redirect.Answer(uri, url.Values{"code": {"c&=?#"}, "state": {"s"}})
		after, ok := strings.CutPrefix(answer, uri)
		a, err := url.Parse(answer)
		if !ok || err != nil || a.Host != u.Host || a.Path != u.Path || a.Opaque != u.Opaque || a.Fragment != "" {
			t.Fatalf("the answer to %q goes to %q: %v", uri, answer, err)
		}
		if parameters, err := url.ParseQuery(strings.TrimLeft(after, "?&")); err != nil ||
			parameters.Get("code") != "c&=?#" || parameters.Get("state") != "s" || len(parameters) != 2 {
			t.Fatalf("the answer to %q is %q", uri, answer)
		}
		if a.RawQuery != u.RawQuery+after && a.RawQuery != strings.TrimPrefix(u.RawQuery+after, "?") {
			t.Fatalf("the answer to %q is %q: the query changed", uri, answer)
		}
	}

	if redirect.Check(registered, []string{registered}) == nil && redirect.Match(asked, []string{registered}) {
		if err := redirect.Check(asked, []string{registered}); err != nil {
			t.Fatalf("%q matches %q and may not be registered: %v", asked, registered, err)
		}
		if asked != registered && (!redirect.Loopback(asked) || redirect.Host(asked) != redirect.Host(registered)) {
			t.Fatalf("%q matches %q", asked, registered)
		}
	}
}

func portOf(u *url.URL) string {
	if u.Port() == "" {
		return ""
	}
	return ":" + u.Port()
}
