package infrahub

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNewNamesEveryBadSetting(t *testing.T) {
	noCertificate := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(noCertificate, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	const good = "https://infrahub.example.com"
	tests := []struct {
		name     string
		settings Settings
		want     []string
	}{
		{"no address", Settings{}, []string{"INFRAHUB_ADDRESS is empty"}},
		{"an address without a scheme", Settings{Address: "infrahub:8000"}, []string{"INFRAHUB_ADDRESS"}},
		{"an address of another scheme", Settings{Address: "ftp://infrahub"}, []string{"INFRAHUB_ADDRESS"}},
		{"an address without a host", Settings{Address: "http://:8000"}, []string{"INFRAHUB_ADDRESS"}},
		{"an address with a query", Settings{Address: good + "?branch=b"}, []string{"INFRAHUB_ADDRESS"}},
		{"an address that is no URL", Settings{Address: "http://alice:MARKED@host:port"}, []string{"INFRAHUB_ADDRESS"}},
		{"an address with a password", Settings{Address: "http://alice:MARKED@host"}, []string{"INFRAHUB_ADDRESS", "INFRAHUB_PASSWORD"}},
		{"a proxy without a host", Settings{Address: good, Proxy: "http://"}, []string{"INFRAHUB_PROXY "}},
		{"a proxy that is no URL", Settings{Address: good, ProxyHTTP: "http://alice:MARKED@host:port"}, []string{"INFRAHUB_PROXY_MOUNTS_HTTP "}},
		{"a proxy of another scheme", Settings{Address: good, ProxyHTTPS: "ftp://alice:MARKED@host"}, []string{"INFRAHUB_PROXY_MOUNTS_HTTPS "}},
		{"a missing CA file", Settings{Address: good, CAFile: "/does/not/exist.pem"}, []string{"INFRAHUB_TLS_CA_FILE", "/does/not/exist.pem"}},
		{"a CA file without a certificate", Settings{Address: good, CAFile: noCertificate}, []string{"INFRAHUB_TLS_CA_FILE", noCertificate}},
		{"an unknown priority", Settings{Address: good, Priority: "urgent"}, []string{"INFRAHUB_PRIORITY", "urgent"}},
		{"a negative timeout", Settings{Address: good, Timeout: -time.Second}, []string{"INFRAHUB_TIMEOUT", "-1s"}},
		{
			"several at once",
			Settings{Address: "", Proxy: "x", ReadAttempts: -1, MaxConcurrent: -2, RateLimit: RateLimit{MaxRetries: -3}},
			[]string{"INFRAHUB_ADDRESS", "INFRAHUB_PROXY", "INFRAHUB_MCP_RETRY_MAX_ATTEMPTS", "INFRAHUB_MAX_CONCURRENT_EXECUTION", "INFRAHUB_RATE_LIMIT_MAX_RETRIES"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(tt.settings)
			if err == nil {
				t.Fatal("the settings are accepted")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not named in: %v", want, err)
				}
			}
			if strings.Contains(err.Error(), "MARKED") {
				t.Errorf("a password is shown: %v", err)
			}
		})
	}
}

func TestAddressHasNoTrailingSlash(t *testing.T) {
	got := map[string]string{}
	for _, address := range []string{"http://infrahub:8000", "http://infrahub:8000/", "https://example.com/infrahub//"} {
		u, _ := upstreamOf(t, address, Settings{})
		got[address] = u.Client(someToken).Address()
	}
	want := map[string]string{
		"http://infrahub:8000":           "http://infrahub:8000",
		"http://infrahub:8000/":          "http://infrahub:8000",
		"https://example.com/infrahub//": "https://example.com/infrahub",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
}
