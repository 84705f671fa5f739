package front

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHosts(t *testing.T) {
	listed := []string{"mcp.example.com", "*.corp.example", "exact.example:8443", "10.1.2.3", "[2001:db8::1]:8001", "web.example:443"}
	for name, test := range map[string]struct {
		allowed        []string
		listen, public string
		admitted       string
		refused        string
	}{
		"a server on loopback is known by names of loopback": {
			listen:   "127.0.0.1",
			admitted: "localhost localhost:8001 LOCALHOST localhost. 127.0.0.1 127.0.0.1:1 127.9.9.9 [::1] [::1]:8001 [::ffff:127.0.0.1]:80",
			refused:  "evil.example evil.example:8001 localhost.evil.example 127.0.0.1.nip.io 0.0.0.0 0.0.0.0:8001 10.0.0.1 ::1 [::1 [localhost] [127.0.0.1] localhost:1:2 127.1 :8001 localhost@evil",
		},
		"so is one that listens on ::1":       {listen: "::1", admitted: "localhost [::1]:8001", refused: "evil.example"},
		"and on localhost":                    {listen: "localhost", admitted: "localhost [::1]:8001", refused: "evil.example"},
		"beyond loopback any name will do":    {listen: "0.0.0.0", admitted: "evil.example 10.0.0.1 localhost mcp.example.com:8001"},
		"any name of IPv6, too":               {listen: "::", admitted: "evil.example [2001:db8::9]:1"},
		"the public URL is a list of one":     {listen: "0.0.0.0", public: "https://mcp.example.com/base", admitted: "mcp.example.com mcp.example.com:8001 localhost", refused: "evil.example"},
		"the public URL of one on loopback":   {listen: "127.0.0.1", public: "https://mcp.example.com", admitted: "mcp.example.com localhost", refused: "evil.example"},
		"a star is any host, on loopback too": {allowed: []string{"*"}, listen: "127.0.0.1", admitted: "evil.example localhost"},
		"a list": {
			allowed: listed, listen: "0.0.0.0",
			admitted: "mcp.example.com MCP.Example.COM:1 mcp.example.com. a.corp.example a.b.corp.example:99 exact.example:8443 10.1.2.3 10.1.2.3:80 [2001:DB8:0::1]:8001 web.example web.example:443 localhost 127.0.0.1:8001",
			refused:  "example.com x.mcp.example.com corp.example .corp.example xcorp.example exact.example exact.example:8444 10.1.2.4 [2001:db8::1] [2001:db8::1]:8002 web.example:80 evil.example mcp.example.com:1:2 mcp.example.com,evil.example",
		},
	} {
		t.Run(name, func(t *testing.T) {
			hosts, err := NewHosts(test.allowed, test.listen, test.public)
			if err != nil {
				t.Fatal(err)
			}
			h := hosts.Guard(http.HandlerFunc(ok))
			for host := range strings.FieldsSeq(test.admitted) {
				if got := call(t, h, http.MethodGet, "/mcp", "Host", host); got.Code != http.StatusOK {
					t.Errorf("%s is refused: %d", host, got.Code)
				}
			}
			for host := range strings.FieldsSeq(test.refused) {
				got := call(t, h, http.MethodPost, "/mcp", "Host", host)
				if got.Code != http.StatusForbidden {
					t.Errorf("%s is answered: %d", host, got.Code)
				} else if code := decode(t, got)["error"]; code != "invalid_host" {
					t.Errorf("%s is refused as %v", host, code)
				}
			}
		})
	}
}

func TestARequestWithoutAHostIsRefused(t *testing.T) {
	hosts, err := NewHosts(nil, "127.0.0.1", "")
	if err != nil {
		t.Fatal(err)
	}
	if got := call(t, hosts.Guard(http.HandlerFunc(ok)), http.MethodGet, "/", "Host", ""); got.Code != http.StatusForbidden {
		t.Errorf("status %d", got.Code)
	}
}

func TestTheAddressOfTheConnectionIsAKnownHost(t *testing.T) {
	hosts, err := NewHosts([]string{"mcp.example.com"}, "0.0.0.0", "")
	if err != nil {
		t.Fatal(err)
	}
	h := hosts.Guard(http.HandlerFunc(ok))
	for host, want := range map[string]int{"10.0.0.7:8001": 200, "10.0.0.7": 200, "[::ffff:10.0.0.7]:1": 200, "10.0.0.8": 403, "pod.example": 403} {
		local := context.WithValue(t.Context(), http.LocalAddrContextKey, net.Addr(&net.TCPAddr{IP: net.IPv4(10, 0, 0, 7), Port: 8001}))
		request := httptest.NewRequestWithContext(local, http.MethodGet, "/health", nil)
		request.Host = host
		recorder := httptest.NewRecorder()
		h.ServeHTTP(recorder, request)
		if recorder.Code != want {
			t.Errorf("%s: status %d, want %d", host, recorder.Code, want)
		}
	}
}

func TestHostsThatCannotBeAreRefusedInTheList(t *testing.T) {
	for entry, why := range map[string]string{
		"":                      "write name",
		"https://a.example":     "scheme",
		"a.example/mcp":         "character",
		"a.example:":            "write name",
		"a.example:0":           "port",
		"a.example:70000":       "port",
		"a.example:http":        "port",
		"*":                     "",
		"*.":                    "labels in front",
		"*.*.example":           "labels in front",
		"a.*.example":           "labels in front",
		"*a.example":            "labels in front",
		"a..example":            "empty",
		"bücher.example":        "xn--",
		"a b.example":           "character",
		"user@a.example":        "character",
		"[a.example]":           "write name",
		"::1":                   "",
		"xn--bcher-kva.example": "",
		"a_b.example":           "",
	} {
		_, err := NewHosts([]string{entry}, "0.0.0.0", "")
		switch {
		case why == "" && err != nil:
			t.Errorf("%q: %v", entry, err)
		case why != "" && (err == nil || !strings.Contains(err.Error(), why)):
			t.Errorf("%q: %v, want it to say %q", entry, err, why)
		}
	}
	if _, err := NewHosts(nil, "0.0.0.0", "no URL"); err == nil {
		t.Error("a public URL without a host is taken")
	}
}

func FuzzSplitHost(f *testing.F) {
	for _, seed := range []string{"localhost:8001", "[::1]:80", "[::1", "a:b:c", "", "[]", ":1", "[fe80::1%25eth0]:80", "a.example."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name, _, ok := splitHost(text)
		if !ok {
			return
		}
		if name == "" || name != normalHost(name) && !strings.HasSuffix(name, ".") {
			t.Errorf("%q has the host %q, which is not in its normal form %q", text, name, normalHost(name))
		}
		if isLoopback(name) && !strings.Contains(strings.ToLower(text), "localhost") && !strings.Contains(text, "127") && !strings.Contains(text, ":") {
			t.Errorf("%q is taken for loopback", text)
		}
	})
}
