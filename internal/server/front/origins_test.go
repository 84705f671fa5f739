package front

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func origins(t *testing.T, allowed, names []string, listen, public string) Origins {
	t.Helper()
	hosts, err := NewHosts(names, listen, public)
	if err != nil {
		t.Fatal(err)
	}
	o, err := NewOrigins(allowed, public, hosts)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestOrigins(t *testing.T) {
	for name, test := range map[string]struct {
		allowed, names          []string
		listen, public          string
		host, admitted, refused string
	}{
		"pages of loopback may ask a server on loopback": {
			listen: "127.0.0.1", host: "localhost:8001",
			admitted: "http://localhost:8001 http://localhost:6274 https://127.0.0.1 http://[::1]:1 HTTP://LOCALHOST",
			refused:  "http://evil.example https://localhost.evil.example http://localhost@evil.example null file:// http:// localhost http://localhost/path http://localhost:8001:1 chrome-extension://abc vscode-webview://localhost http://localhost,http://localhost",
		},
		"pages of the same host may, when that is listed": {
			names: []string{"mcp.example.com"}, listen: "0.0.0.0", host: "mcp.example.com",
			admitted: "https://mcp.example.com https://mcp.example.com:443 http://mcp.example.com http://mcp.example.com:80",
			refused:  "https://mcp.example.com:8443 https://example.com http://localhost",
		},
		"its port counts":                         {names: []string{"mcp.example.com"}, listen: "0.0.0.0", host: "mcp.example.com:8001", admitted: "http://mcp.example.com:8001", refused: "https://mcp.example.com http://mcp.example.com:8002"},
		"a host that nobody listed is no reason":  {listen: "0.0.0.0", host: "evil.example:8001", refused: "http://evil.example:8001 http://localhost"},
		"nor is one where any host is admitted":   {names: []string{"*"}, listen: "0.0.0.0", host: "evil.example:8001", refused: "http://evil.example:8001"},
		"pages of the public URL behind any host": {names: []string{"inner"}, listen: "0.0.0.0", public: "https://MCP.example.com/base", host: "inner:8001", admitted: "https://mcp.example.com https://mcp.example.com:443", refused: "http://mcp.example.com https://evil.example"},
		"listed ones": {
			allowed: []string{"https://app.example.com", "https://*.tools.example", "http://dev.example:3000", "chrome-extension://abcdef"}, listen: "0.0.0.0", host: "mcp.example.com",
			admitted: "https://app.example.com https://APP.example.com:443 https://a.tools.example https://a.b.tools.example http://dev.example:3000 chrome-extension://abcdef",
			refused:  "http://app.example.com https://app.example.com:8443 https://tools.example https://eviltools.example http://dev.example chrome-extension://other https://app.example.com.evil.example null",
		},
		"any of them": {allowed: []string{"*"}, listen: "0.0.0.0", host: "mcp.example.com", admitted: "https://evil.example null"},
	} {
		t.Run(name, func(t *testing.T) {
			h := origins(t, test.allowed, test.names, test.listen, test.public).Guard(http.HandlerFunc(ok))
			if got := call(t, h, http.MethodPost, "/mcp", "Host", test.host); got.Code != http.StatusOK {
				t.Errorf("a program is refused: %d", got.Code)
			}
			for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodDelete, http.MethodOptions} {
				for from := range strings.FieldsSeq(test.admitted) {
					if got := call(t, h, method, "/mcp", "Host", test.host, "Origin", from); got.Code != http.StatusOK {
						t.Errorf("%s from %s is refused: %d", method, from, got.Code)
					}
				}
				for from := range strings.FieldsSeq(test.refused) {
					got := call(t, h, method, "/mcp", "Host", test.host, "Origin", from)
					if got.Code != http.StatusForbidden {
						t.Errorf("%s from %s is answered: %d", method, from, got.Code)
					} else if code := decode(t, got)["error"]; code != "invalid_origin" {
						t.Errorf("%s from %s is refused as %v", method, from, code)
					}
				}
			}
		})
	}
}

func TestTwoOriginsAreNone(t *testing.T) {
	h := origins(t, []string{"*"}, nil, "127.0.0.1", "").Guard(http.HandlerFunc(ok))
	if got := call(t, h, http.MethodGet, "/mcp", "Host", "localhost", "Origin", "http://localhost", "Origin", "http://localhost"); got.Code != http.StatusForbidden {
		t.Errorf("status %d", got.Code)
	}
}

func TestOriginsThatCannotBeAreRefusedInTheList(t *testing.T) {
	for entry, why := range map[string]string{
		"":                         "write scheme",
		"app.example.com":          "write scheme",
		"https://":                 "write scheme",
		"https://app.example.com/": "without a path",
		"https://app.example.com:": "write scheme",
		"https://a.example:0":      "port",
		"https://a.example:x":      "port",
		"https://a.*.example":      "labels in front",
		"https://*":                "labels in front",
		"https://u:p@a.example":    "write scheme",
		"ht tp://a.example":        "scheme",
		"null":                     "sandbox",
		"*":                        "",
		"vscode-webview://abc":     "",
		"http://[::1]:3000":        "",
	} {
		_, err := NewOrigins([]string{entry}, "", Hosts{})
		switch {
		case why == "" && err != nil:
			t.Errorf("%q: %v", entry, err)
		case why != "" && (err == nil || !strings.Contains(err.Error(), why)):
			t.Errorf("%q: %v, want it to say %q", entry, err, why)
		}
	}
}

func TestCORSIsOffUnlessOriginsAreListed(t *testing.T) {
	o := origins(t, nil, nil, "127.0.0.1", "")
	if o.CORS("X-Token") != nil {
		t.Error("there is a middleware")
	}
	got := call(t, Chain(http.HandlerFunc(ok), o.Guard, o.CORS()), http.MethodPost, "/mcp", "Host", "localhost", "Origin", "http://localhost:6274")
	if diff := cmp.Diff(http.Header{}, got.Result().Header); diff != "" {
		t.Error(diff)
	}
}

func TestCORS(t *testing.T) {
	o := origins(t, []string{"https://app.example.com"}, nil, "127.0.0.1", "")
	reached := 0
	h := Chain(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		reached++
		w.Header().Set("WWW-Authenticate", "Bearer")
		w.WriteHeader(http.StatusUnauthorized)
	}), o.Guard, o.CORS("X-Infrahub-Token"))

	t.Run("a preflight request is answered without credentials", func(t *testing.T) {
		for _, method := range []string{"GET", "POST", "DELETE"} {
			wanted := "authorization,content-type,last-event-id,mcp-method,mcp-name,mcp-protocol-version,mcp-session-id,x-infrahub-token,x-request-id"
			got := call(t, h, http.MethodOptions, "/mcp", "Host", "localhost", "Origin", "https://app.example.com", "Access-Control-Request-Method", method, "Access-Control-Request-Headers", wanted)
			if got.Code != http.StatusNoContent || reached != 0 {
				t.Errorf("%s: status %d, handler reached %d times", method, got.Code, reached)
			}
			want := http.Header{
				"Access-Control-Allow-Origin": {"https://app.example.com"}, "Access-Control-Allow-Methods": {method}, "Access-Control-Allow-Headers": {wanted},
				"Access-Control-Max-Age": {"600"}, "Vary": {"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"},
			}
			if diff := cmp.Diff(want, got.Result().Header); diff != "" {
				t.Errorf("%s: %s", method, diff)
			}
		}
	})
	for name, headers := range map[string][]string{
		"another method is not allowed": {"Access-Control-Request-Method", "PUT"},
		"another header is not allowed": {"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "cookie"},
	} {
		t.Run(name, func(t *testing.T) {
			got := call(t, h, http.MethodOptions, "/mcp", append([]string{"Host", "localhost", "Origin", "https://app.example.com"}, headers...)...)
			if got.Header().Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("it is: %v", got.Header())
			}
		})
	}
	t.Run("the page may read the answer, and what it is told to do", func(t *testing.T) {
		got := call(t, h, http.MethodPost, "/mcp", "Host", "localhost", "Origin", "https://app.example.com")
		if got.Code != http.StatusUnauthorized || got.Header().Get("Access-Control-Allow-Origin") != "https://app.example.com" {
			t.Errorf("status %d, %v", got.Code, got.Header())
		}
		exposed := strings.Split(got.Header().Get("Access-Control-Expose-Headers"), ", ")
		for _, name := range []string{"Mcp-Session-Id", "Www-Authenticate"} {
			if !slices.Contains(exposed, name) {
				t.Errorf("%s is not exposed: %v", name, exposed)
			}
		}
		if got.Header().Get("Access-Control-Allow-Credentials") != "" {
			t.Error("cookies are allowed")
		}
	})
	t.Run("a page that is admitted but not listed may not read it", func(t *testing.T) {
		got := call(t, h, http.MethodPost, "/mcp", "Host", "localhost", "Origin", "http://localhost:6274")
		if got.Code != http.StatusUnauthorized || got.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("status %d, %v", got.Code, got.Header())
		}
	})
	t.Run("other pages do not get so far", func(t *testing.T) {
		got := call(t, h, http.MethodOptions, "/mcp", "Host", "localhost", "Origin", "https://evil.example", "Access-Control-Request-Method", "POST")
		if got.Code != http.StatusForbidden {
			t.Errorf("status %d", got.Code)
		}
	})
}

func FuzzOriginGuard(f *testing.F) {
	for _, seed := range []string{"null", "http://localhost", "http://evil.example", "http://127.0.0.1:1", "http://[::1]", "https://app.example.com", "http://localhost@evil", "http://localhost\\evil", "://", "http://localhost:80:80"} {
		f.Add(seed)
	}
	hosts, err := NewHosts(nil, "127.0.0.1", "")
	if err != nil {
		f.Fatal(err)
	}
	o, err := NewOrigins([]string{"https://app.example.com"}, "", hosts)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, from string) {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		request.Host = "localhost:8001"
		if !o.admits(request, from) {
			return
		}
		lower := strings.ToLower(from)
		known := slices.ContainsFunc([]string{"https://app.example.com", "http://localhost", "https://localhost", "http://127.", "https://127.", "http://[", "https://["}, func(p string) bool { return strings.HasPrefix(lower, p) })
		if !known || strings.ContainsAny(from, "/@\\?# ") && strings.ContainsAny(from[strings.Index(from, "://")+3:], "/@\\?# ") {
			t.Errorf("%q is admitted", from)
		}
	})
}
