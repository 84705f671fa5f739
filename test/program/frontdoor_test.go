package program_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"infrahub-mcp/internal/sandbox/seed"
)

func TestHostsAndOriginsAreThoseListed(t *testing.T) {
	parallel(t)
	e := newEntrance(t, byToken, "INFRAHUB_MCP_ALLOWED_HOSTS=mcp.example, *.inside.example:8443", "INFRAHUB_MCP_ALLOWED_ORIGINS=https://app.example")
	credential := e.credential(account(t, "reader"))
	for _, test := range []struct {
		name   string
		header http.Header
		status int
		says   string
	}{
		{"a listed host", as(credential, "Host", "mcp.example"), 200, "get_nodes"},
		{"a listed host with a port", as(credential, "Host", "MCP.example:9999"), 200, "get_nodes"},
		{"a name below a listed one with its port", as(credential, "Host", "a.inside.example:8443"), 200, "get_nodes"},
		{"a name below a listed one with another port", as(credential, "Host", "a.inside.example:1"), 403, "invalid_host"},
		{"another host", as(credential, "Host", "evil.example"), 403, "invalid_host"},
		{"a host that ends like a listed one", as(credential, "Host", "evilmcp.example"), 403, "invalid_host"},
		{"another host without a credential", as("", "Host", "evil.example"), 403, "invalid_host"},
		{"loopback", as(credential), 200, "get_nodes"},
		{"a page of a listed origin", as(credential, "Origin", "https://app.example"), 200, "get_nodes"},
		{"a page of its own host", as(credential, "Host", "mcp.example", "Origin", "https://mcp.example"), 200, "get_nodes"},
		{"a page of another origin", as(credential, "Origin", "https://evil.example"), 403, "invalid_origin"},
		{"a page of the listed origin over http", as(credential, "Origin", "http://app.example"), 403, "invalid_origin"},
		{"a page of no origin", as(credential, "Origin", "null"), 403, "invalid_origin"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := e.knock(t, http.MethodPost, rpc("tools/list", object{}), test.header)
			if r.status != test.status || !strings.Contains(r.body, test.says) {
				t.Errorf("%v; want %d with %q", r, test.status, test.says)
			}
			listed := test.header.Get("Origin") == "https://app.example"
			if got := r.header.Get("Access-Control-Allow-Origin"); (got == "https://app.example") != listed || !listed && got != "" {
				t.Errorf("pages of %q may read it", got)
			}
			if r.header.Get("Access-Control-Allow-Credentials") != "" {
				t.Error("cookies are allowed")
			}
		})
	}
}

// A browser asks before it sends a credential, and does so without one.
func TestPreflightsAreAnsweredForListedOrigins(t *testing.T) {
	parallel(t)
	const name = "X-Infrahub-Token"
	e := newEntrance(t, byToken, "INFRAHUB_MCP_ALLOWED_ORIGINS=https://app.example", "INFRAHUB_MCP_TOKEN_PASSTHROUGH_HEADER="+name)
	preflight := func(origin, headers string) reply {
		return e.knock(t, http.MethodOptions, "", http.Header{
			"Origin": {origin}, "Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {headers},
		})
	}
	r := preflight("https://app.example", "content-type,mcp-session-id,x-infrahub-token")
	if allowed := strings.ToLower(r.header.Get("Access-Control-Allow-Headers")); r.status >= 300 || r.header.Get("Access-Control-Allow-Origin") != "https://app.example" ||
		!strings.Contains(allowed, strings.ToLower(name)) || !strings.Contains(allowed, "mcp-session-id") {
		t.Errorf("a listed origin: %v %v", r, r.header)
	}
	if r := preflight("https://app.example", "x-anything"); r.header.Get("Access-Control-Allow-Headers") != "" {
		t.Errorf("a header that nobody needs: %v", r.header)
	}
	if r := preflight("https://evil.example", "content-type"); r.status != http.StatusForbidden || r.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("another origin: %v %v", r, r.header)
	}
	// The refusal can be read by the page, too.
	if r := e.knock(t, http.MethodPost, rpc("tools/list", object{}), as("", "Origin", "https://app.example")); r.status != http.StatusUnauthorized || r.header.Get("Access-Control-Allow-Origin") == "" {
		t.Errorf("without a credential: %v %v", r, r.header)
	}
}

func TestWhoSendsTooMuchHasToWait(t *testing.T) {
	parallel(t)
	// So slow that nobody gets another token while the test runs.
	limits := []string{"INFRAHUB_MCP_RATE_LIMIT_RPS=0.001", "INFRAHUB_MCP_RATE_LIMIT_BURST=3"}
	behind := append([]string{"INFRAHUB_MCP_TRUSTED_PROXIES=127.0.0.0/8"}, limits...)
	for _, test := range []struct {
		name     string
		settings []string
		send     func(i int, one, other string) http.Header // the first three and one more
		free     func(one, other string) http.Header        // who need not wait
	}{
		{
			"an address, whoever sends from it", behind,
			func(i int, one, other string) http.Header {
				return as([]string{one, other, "", one}[i], "X-Forwarded-For", "198.51.100.1")
			},
			func(one, _ string) http.Header { return as(one, "X-Forwarded-For", "198.51.100.2") },
		},
		{
			"a principal, wherever it sends from", behind,
			func(i int, one, _ string) http.Header {
				return as(one, "X-Forwarded-For", "198.51.100."+strconv.Itoa(i))
			},
			func(_, other string) http.Header { return as(other, "X-Forwarded-For", "198.51.100.9") },
		},
		{
			"an address that claims to be others", limits,
			func(i int, one, other string) http.Header {
				return as([]string{one, other, "", one}[i], "X-Forwarded-For", "198.51.100."+strconv.Itoa(i))
			},
			nil,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			parallel(t)
			e := newEntrance(t, byToken, test.settings...)
			one, other := e.credential(account(t, "reader")), e.credential(account(t, "engineer"))
			send := func(header http.Header) reply {
				return e.knock(t, http.MethodPost, rpc("tools/list", object{}), header)
			}
			for i := range 3 {
				if r := send(test.send(i, one, other)); r.status == http.StatusTooManyRequests {
					t.Fatalf("request %d: %v", i, r)
				}
			}
			r := send(test.send(3, one, other))
			if wait, err := strconv.Atoi(r.header.Get("Retry-After")); r.status != http.StatusTooManyRequests || err != nil || wait < 1 || r.code() == 0 {
				t.Errorf("one request more: %v, Retry-After %q", r, r.header.Get("Retry-After"))
			}
			if test.free != nil {
				if r := send(test.free(one, other)); r.status != http.StatusOK {
					t.Errorf("another one: %v", r)
				}
			}
			if r, err := knock(t.Context(), http.MethodGet, e.base()+"/health", "", as("")); err != nil || r.status != http.StatusOK {
				t.Errorf("health: %v, %v", r, err)
			}
		})
	}
}

func TestRequestsAreBounded(t *testing.T) {
	parallel(t)
	e := newEntrance(t, byToken)
	credential := e.credential(account(t, "reader"))
	large := rpc("tools/list", object{"x": strings.Repeat("x", 8<<20)})
	for _, test := range []struct {
		name   string
		body   string
		header http.Header
		status int
	}{
		{"a body over 4 MiB", large, as(credential), 413},
		{"a body over 4 MiB of nobody", large, as(""), 401},
		{"headers over 64 KiB", rpc("tools/list", object{}), as(credential, "X-Filler", strings.Repeat("x", 72<<10)), 431},
		{"headers below 64 KiB", rpc("tools/list", object{}), as(credential, "X-Filler", strings.Repeat("x", 60<<10)), 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			if r := e.knock(t, http.MethodPost, test.body, test.header); r.status != test.status {
				t.Errorf("%v; want %d", r, test.status)
			}
		})
	}
}

func TestTheServerSpeaksTLS(t *testing.T) {
	parallel(t)
	certificate, pool := selfSigned(t)
	e := newEntrance(t, byToken, "INFRAHUB_MCP_TLS_CERT_FILE="+certificate+".crt", "INFRAHUB_MCP_TLS_KEY_FILE="+certificate+".key")
	if !strings.HasPrefix(e.url, "https://") {
		t.Fatalf("it listens at %s", e.url)
	}
	send := func(config *tls.Config) (*http.Response, error) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.url, strings.NewReader(whoami()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header, request.Close = as(e.credential(account(t, "reader"))), true
		return (&http.Client{Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}}).Do(request)
	}
	response, err := send(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("status %s", response.Status)
	}
	if response, err := send(&tls.Config{MinVersion: tls.VersionTLS12}); err == nil {
		response.Body.Close()
		t.Error("a client that does not know the certificate is served")
	}
	if response, err := send(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}); err == nil {
		response.Body.Close()
		t.Error("TLS 1.1 is spoken")
	}
	r, err := knock(t.Context(), http.MethodPost, "http"+strings.TrimPrefix(e.url, "https"), whoami(), as(e.credential(account(t, "reader"))))
	if err == nil && r.status != http.StatusBadRequest {
		t.Errorf("over plain HTTP: %v", r)
	}
}

// selfSigned makes a certificate for 127.0.0.1, in a file with the ending crt,
// and its key, in one with the ending key.
func selfSigned(t *testing.T) (path string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "infrahub-mcp"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "server")
	for name, block := range map[string]*pem.Block{path + ".crt": {Type: "CERTIFICATE", Bytes: raw}, path + ".key": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool = x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})) {
		t.Fatal("the certificate cannot be read again")
	}
	return path, pool
}

// Mode none beyond loopback gives everyone the rights of the server, and says so;
// with a credential for each request there is nothing to warn of.
func TestAnOpenDoorIsNamedInTheLog(t *testing.T) {
	parallel(t)
	const warning = "everyone who reaches this address acts with the server's Infrahub credential"
	b := newBox(t)
	for _, test := range []struct {
		name     string
		settings []string
		warns    bool
	}{
		{"mode none on every interface", []string{"MCP_HOST=0.0.0.0"}, true},
		{"mode none on loopback", nil, false},
		{"a passthrough mode on every interface", []string{"MCP_HOST=0.0.0.0", "INFRAHUB_API_TOKEN=", "INFRAHUB_MCP_AUTH_MODE=" + byToken}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			parallel(t)
			p := start(t, launch{transport: overHTTP, address: b.address, token: seed.Accounts()[0].Token, settings: test.settings})
			url := strings.Replace(p.base(), "[::]", "127.0.0.1", 1)
			if _, err := knock(t.Context(), http.MethodGet, url+"/health", "", as("")); err != nil { // it is logged before
				t.Fatal(err)
			}
			if got := strings.Contains(p.Log(), warning); got != test.warns {
				t.Errorf("it warns: %v", got)
			}
		})
	}
}
