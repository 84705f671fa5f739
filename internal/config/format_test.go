package config

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestFormats(t *testing.T) {
	const own = "A credential has a setting of its own and does not belong in an address."
	const ok = "ok"
	tests := []struct{ format, text, want, refusal string }{
		{"address", "http://a", "http://a", ok},
		{"address", "HTTPS://A.example:443/x/", "https://A.example:443/x", ok},
		{"address", "http://a/x@y", "http://a/x@y", ok},
		{"address", "http://", "", ""},
		{"address", "http:///x", "", ""},
		{"address", "http://:8000", "", ""},
		{"address", "http://a:0", "", ""},
		{"address", "http://a:65536", "", ""},
		{"address", "http://a:b", "", ""},
		{"address", "http://a b", "", ""},
		{"address", "http://a#", "", ""},
		{"address", "http://a?", "", ""},
		{"address", "//a", "", ""},
		{"address", "", "", ""},
		{"address", "http:/a", "", ""},
		{"address", "a.example", "", "Did you mean http://a.example?"},
		{"address", "127.0.0.1:8000/x", "", "Did you mean http://127.0.0.1:8000/x?"},
		{"address", "a?token=x", "", ""},
		{"address", "u:p@a", "", own},
		{"address", "http://u@a", "", own},
		{"address", "http://u:p%zz@a", "", own},
		{"address", "http://u:p@", "", own},
		{"url", "https://id.example/x?p=1", "https://id.example/x?p=1", ok},
		{"url", "https://id.example/x#y", "", ""},
		{"proxy", "http://u:p@p:3128", "http://u:p@p:3128", ok},
		{"proxy", "socks5h://p", "socks5h://p", ok},
		{"proxy", "ftp://p", "", ""},
		{"proxy", "http://", "", ""},
		{"proxy", "http://u:p@p:x", "", ""},
		{"token", "!~", "!~", ok},
		{"token", "a\r\nX: y", "", ""},
		{"token", "é", "", ""},
		{"header", "X-Infrahub_Key", "X-Infrahub_Key", ok},
		{"header", "X:", "", ""},
		{"otlp-headers", "authorization=Bearer%20x, X-Tenant = a", "authorization=Bearer%20x, X-Tenant = a", ok},
		{"otlp-headers", "a=b=c==", "a=b=c==", ok},
		{"otlp-headers", "Bearer x", "", ""},
		{"otlp-headers", "a b=c", "", ""},
		{"otlp-headers", "a=%zz", "", ""},
		{"otlp-headers", "a=%0d%0aX: y", "", ""},
		{"otlp-headers", "a=b,", "", ""},
		{"scopes", "infrahub:write", "infrahub:write", ok},
		{"scopes", `a"b`, "", ""},
		{"base-url", "https://MCP.example/", "https://mcp.example", ok},
		{"base-url", "https://mcp.example/infrahub", "https://mcp.example/infrahub", ok},
		{"base-url", "https://mcp.example/a/../b", "", ""},
		{"base-url", "https://mcp.example?x=1", "", ""},
		{"base-url", "mcp.example", "", "Did you mean http://mcp.example?"},
		{"url-path", "/oauth/callback", "/oauth/callback", ok},
		{"url-path", "callback", "", ""},
		{"url-path", "/", "", ""},
		{"url-path", "/a/", "", ""},
		{"url-path", "/a//b", "", ""},
		{"url-path", "/a/..", "", ""},
		{"url-path", "/{x}", "", ""},
		{"url-path", "/a?b", "", ""},
		{"state", "redis://:word@redis.example:6379/0", "redis://:word@redis.example:6379/0", ok},
		{"state", "unix:///run/redis.sock", "unix:///run/redis.sock", ok},
		{"state", "http://redis.example", "", ""},
		{"state", "redis://", "", ""},
		{"claims", "realm_access.roles", "realm_access.roles", ok},
		{"redirect-uris", "cursor://anysphere.cursor-mcp/oauth/callback", "cursor://anysphere.cursor-mcp/oauth/callback", ok},
		{"redirect-uris", "/callback", "", ""},
		{"redirect-uris", "https://client.example/*", "", ""},
		{"redirect-uris", "https://client.example/cb#x", "", ""},
		{"host", "localhost", "localhost", ok},
		{"host", "my_service.internal", "my_service.internal", ok},
		{"host", "fe80::1%eth0", "fe80::1%eth0", ok},
		{"host", "[::]", "::", ok},
		{"host", "::1:x", "", "The port has its own setting, --port or MCP_PORT."},
		{"host", "http://a", "", ""},
		{"host", "999.1.1.1", "", ""},
		{"host", "*", "", ""},
		{"host", "", "", ""},
		{"listen", "127.0.0.1:9090", "127.0.0.1:9090", ok},
		{"listen", "[::1]:0", "[::1]:0", ok},
		{"listen", "metrics.internal:9090", "metrics.internal:9090", ok},
		{"listen", ":9090", ":9090", ok},
		{"listen", "127.0.0.1", "", ""},
		{"listen", "9090", "", ""},
		{"listen", "127.0.0.1:", "", ""},
		{"listen", "127.0.0.1:65536", "", ""},
		{"listen", "127.0.0.1:http", "", ""},
		{"listen", "http://127.0.0.1:9090", "", ""},
		{"listen", "a b:9090", "", ""},
		{"branch", "main", "main", ok},
		{"branch", "a b c", "", `A branch name must not hold " ".`},
		{"path", "a b/c", "a b/c", ok},
		{"path", "a\x00", "", ""},
		{"", "Ann Lee", "Ann Lee", ok},
		{"", "a\x7f", "", ""},
		{"", "a\xff", "", ""},
	}
	for _, test := range tests {
		t.Run(test.format+" "+test.text, func(t *testing.T) {
			got, err := formatOf(test.format).check(test.text)
			switch {
			case test.refusal == ok && (err != nil || got != test.want):
				t.Errorf("%q, %v; want %q", got, err, test.want)
			case test.refusal != ok && (err == nil || err.Error() != test.refusal):
				t.Errorf("error %v, want %q", err, test.refusal)
			}
		})
	}
}

func TestAFileOfCertificatesIsTried(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	environment(t, nil)
	writeFile(t, "good.pem", string(certificate))
	writeFile(t, "bad.pem", "no certificate")
	for path, want := range map[string]string{
		"good.pem":    "",
		"bad.pem":     "It holds no certificate.",
		"missing.pem": "It cannot be read: no such file or directory.",
		".":           "It cannot be read: it is a directory.",
	} {
		_, err := checkCertificates(path)
		if got := errorText(err); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
