package client

import (
	"context"
	"encoding/json"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"infrahub-mcp/internal/auth/oidc/redirect"
)

func TestAddressesOfTheInternet(t *testing.T) {
	f := newFetcher(Settings{})
	for address, want := range map[string]bool{
		"1.1.1.1": true, "8.8.8.8": true, "93.184.216.34": true, "172.15.255.255": true, "172.32.0.0": true,
		"100.63.255.255": true, "100.128.0.0": true, "192.0.1.0": true, "223.255.255.255": true, "::ffff:8.8.8.8": true,
		"2606:4700::1111": true, "2001:4860:4860::8888": true, "2a00:1450::1": true, "3ffe::1": true,

		"0.0.0.0": false, "0.1.2.3": false, "10.0.0.0": false, "10.255.255.255": false, "100.64.0.0": false,
		"100.100.100.200": false, "100.127.255.255": false, "127.0.0.1": false, "127.255.255.255": false,
		"168.63.129.16": false, "169.254.169.254": false, "172.16.0.0": false, "172.31.255.255": false, "192.0.0.1": false,
		"192.0.0.192": false, "192.0.2.1": false, "192.31.196.1": false, "192.52.193.1": false, "192.88.99.1": false, "192.175.48.1": false, "192.168.0.1": false, "198.18.0.1": false,
		"198.19.255.255": false, "198.51.100.1": false, "203.0.113.1": false, "224.0.0.1": false, "239.255.255.255": false,
		"240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "::8.8.8.8": false, "::ffff:127.0.0.1": false, "::ffff:169.254.169.254": false,
		"64:ff9b::808:808": false, "64:ff9b:1::1": false, "100::1": false, "2001::1": false, "2001:2::1": false, "2001:1ff::1": false,
		"2001:db8::1": false, "2002:808:808::1": false, "2620:4f:8000::1": false, "3fff::1": false, "4000::1": false, "5f00::1": false, "fc00::1": false,
		"fd00:ec2::254": false, "fe80::1": false, "fec0::1": false, "feff::1": false, "ff02::1": false, "2606:4700::1%eth0": false,
	} {
		if got := f.isPublic(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
	if f.isPublic(netip.Addr{}) {
		t.Error("no address is public")
	}
}

// The dialer of the program looks at addresses too. This is the one test that
// dials, on the loopback interface.
func TestTheDialerRefusesWhatIsNotPublic(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	f := newFetcher(Settings{})
	if connection, err := f.dial(t.Context(), "tcp", listener.Addr().String()); err == nil {
		connection.Close()
		t.Error("connected to the loopback interface")
	} else if !strings.Contains(err.Error(), "not public") {
		t.Errorf("refused for another reason: %v", err)
	}
	if connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", listener.Addr().String()); err != nil {
		t.Errorf("the listener does not listen: %v", err)
	} else {
		connection.Close()
	}
}

func TestTheResolverOfTheSystemIsGuarded(t *testing.T) {
	f := newFetcher(Settings{Dial: func(context.Context, string, string) (net.Conn, error) {
		t.Error("dialed")
		return nil, net.ErrClosed
	}})
	if _, err := f.connect(t.Context(), "tcp", "localhost:443"); err == nil {
		t.Error("connected to localhost")
	}
}

func TestNoProxyAndNoDecompression(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	f := newFetcher(Settings{Resolve: func(context.Context, string, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("8.8.8.8")}, nil
	}, Dial: func(_ context.Context, _, address string) (net.Conn, error) {
		if address != "8.8.8.8:443" {
			t.Errorf("dialed %s", address)
		}
		return nil, net.ErrClosed
	}})
	if _, _, err := f.fetch(t.Context(), "https://app.example/c"); err == nil {
		t.Error("fetched without a network")
	}
}

func TestNamesAreFitForAPage(t *testing.T) {
	for _, test := range []struct{ name, given, want string }{
		{"a name", "Claude Code (infrahub)", "Claude Code (infrahub)"},
		{"letters of any language", "Бюро 東京 café", "Бюро 東京 café"},
		{"markup stays, for the page to escape", "<b>App</b>", "<b>App</b>"},
		{"lines and blanks", "\t My\r\n\u2028App\u00a0 1 ", "My App 1"},
		{"control characters", "A\x00p\x1b[31mp\x7f\u0085", "Ap[31mp"},
		{"the direction of text", "\u202eppa\u202c \u2066x\u2069 \u200f", "ppa x"},
		{"nothing that can be seen", "\u200b\u2060\ufeff\u00ad\u3164\u115f\ufe0f\U000e0041", ""},
		{"private use", "\ue000App", "App"},
		{"bytes that are not UTF-8", "A\xffB", "A\ufffdB"},
		{"too long", strings.Repeat("é", 100), strings.Repeat("é", 80)},
		{"too long with a blank at the end", strings.Repeat("a", 79) + " b", strings.Repeat("a", 79)},
		{"empty", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := clean(test.given); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		name := clean(rapid.String().Draw(t, "name"))
		if again := clean(name); again != name {
			t.Fatalf("%q becomes %q", name, again)
		}
	})
}

func FuzzDocument(f *testing.F) {
	const id = "https://app.example/client.json"
	for _, seed := range []string{
		`{"client_id": "` + id + `", "client_name": "App", "redirect_uris": ["https://app.example/cb", "vscode://x"]}`,
		`{"client_id": "` + id + `", "redirect_uris": ["http://localhost/cb"], "token_endpoint_auth_method": "none", "grant_types": ["authorization_code"]}`,
		`{"client_id": "` + id + `", "redirect_uris": ["http://[::1]/cb"], "token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_methods_supported": ["none"]}`,
		`{"CLIENT_ID": "` + id + `", "redirect_uris": null, "client_secret": null}`, `[]`, `{`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		found, err := parseDocument(body, id, "app.example", nil)
		if err != nil {
			return
		}
		if found.ID != id || found.Kind != Document || found.Host != "app.example" || len(found.RedirectURIs) == 0 || clean(found.Name) != found.Name {
			t.Fatalf("%s describes %+v", body, found)
		}
		var said struct {
			URIs []string `json:"redirect_uris"`
		}
		if err := json.Unmarshal(body, &said); err != nil {
			t.Fatal(err)
		}
		for _, uri := range found.RedirectURIs {
			if err := redirect.Check(uri, nil); err != nil || !slices.Contains(said.URIs, uri) {
				t.Fatalf("%s has %q: %v", body, uri, err)
			}
		}
	})
}
