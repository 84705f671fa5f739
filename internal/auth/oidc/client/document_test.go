package client_test

import (
	"compress/gzip"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/auth/oidc/client"
)

const (
	documentURL = "https://app.example/client.json"
	listedURI   = "cursor://mcp/cb"
)

func expand(document string, r *http.Request) string {
	return strings.ReplaceAll(document, "$ID", "https://"+r.Host+r.RequestURI)
}

func TestADocumentDescribesAClient(t *testing.T) {
	for _, test := range []struct {
		name, id, document string
		want               client.Client
	}{
		{
			"the least that a document has", documentURL,
			`{"client_id": "$ID", "redirect_uris": ["https://app.example/cb"]}`,
			client.Client{RedirectURIs: []string{"https://app.example/cb"}, Host: "app.example"},
		},
		{
			"all that counts", documentURL,
			`{"client_id": "$ID", "client_name": " The\tApp\u202e ", "redirect_uris": ["http://127.0.0.1/cb", "cursor://mcp/cb"],
			  "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
			  "token_endpoint_auth_method": "none", "logo_uri": "https://other.example/logo.png", "client_uri": 7}`,
			client.Client{Name: "The App", RedirectURIs: []string{"http://127.0.0.1/cb", "cursor://mcp/cb"}, Host: "app.example"},
		},
		{
			"redirect URIs that are not allowed here are left out", documentURL,
			`{"client_id": "$ID", "redirect_uris": ["vscode://x", "https://*.app.example/cb", "http://other.example/", "https://app.example/cb"]}`,
			client.Client{RedirectURIs: []string{"https://app.example/cb"}, Host: "app.example"},
		},
		{
			// As ChatGPT publishes it.
			"a key is preferred, and none will do", documentURL,
			`{"client_id": "$ID", "redirect_uris": ["https://app.example/cb"], "token_endpoint_auth_method": "private_key_jwt",
			  "token_endpoint_auth_methods_supported": ["private_key_jwt", "none"], "jwks_uri": "https://app.example/jwks.json"}`,
			client.Client{RedirectURIs: []string{"https://app.example/cb"}, Host: "app.example"},
		},
		{
			"methods of another type do not count", documentURL,
			`{"client_id": "$ID", "redirect_uris": ["https://app.example/cb"], "token_endpoint_auth_methods_supported": "none"}`,
			client.Client{RedirectURIs: []string{"https://app.example/cb"}, Host: "app.example"},
		},
		{
			"a host with a port", "https://mcp.app.example:8443/a/b",
			`{"client_id": "$ID", "redirect_uris": ["https://app.example/cb"]}`,
			client.Client{RedirectURIs: []string{"https://app.example/cb"}, Host: "mcp.app.example:8443"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				net := newInternet(t, answer(test.document))
				got, err := net.registry().Find(t.Context(), test.id)
				if err != nil {
					t.Fatal(err)
				}
				test.want.ID, test.want.Kind = test.id, client.Document
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff([]string{test.id}, net.requests()); diff != "" {
					t.Errorf("requests: %s", diff)
				}
			})
		})
	}
}

func TestURLsThatAreNotFetched(t *testing.T) {
	for _, test := range []struct{ name, id string }{
		{"http", "http://app.example/client.json"},
		{"a scheme in upper case", "HTTPS://app.example/client.json"},
		{"no path", "https://app.example"},
		{"the root path", "https://app.example/"},
		{"a query", "https://app.example/client.json?v=1"},
		{"an empty query", "https://app.example/client.json?"},
		{"a fragment", "https://app.example/client.json#x"},
		{"a user", "https://user@app.example/client.json"},
		{"a user that looks like the host", "https://app.example@other.example/client.json"},
		{"a backslash", `https://app.example\@other.example/client.json`},
		{"a dot segment", "https://app.example/a/../client.json"},
		{"an encoded dot segment", "https://app.example/%2e%2e/client.json"},
		{"an encoded slash", "https://app.example/..%2fclient.json"},
		{"a host in upper case", "https://App.example/client.json"},
		{"a trailing dot", "https://app.example./client.json"},
		{"an internationalized host", "https://äpp.example/client.json"},
		{"a host without a dot", "https://intranet/client.json"},
		{"localhost", "https://localhost/client.json"},
		{"an IPv4 address", "https://8.8.8.8/client.json"},
		{"an IPv4 address as a number", "https://134744072/client.json"},
		{"an IPv4 address in hexadecimal", "https://0x08.0x08.0x08.0x08/client.json"},
		{"an IPv4 address in octal", "https://010.010.010.010/client.json"},
		{"an IPv6 address", "https://[2606:4700::1111]/client.json"},
		{"IPv4 inside IPv6", "https://[::ffff:8.8.8.8]/client.json"},
		{"an IPv6 address with a zone", "https://[fe80::1%25eth0]/client.json"},
		{"an empty port", "https://app.example:/client.json"},
		{"a line feed", "https://app.example/client.json\n"},
		{"a header inside", "https://app.example/ HTTP/1.1\r\nX: y"},
		{"too long", "https://app.example/" + strings.Repeat("a", 2000)},
		{"much too long", "https://app.example/" + strings.Repeat("a", 1<<20)},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				net := newInternet(t, describe())
				found, err := net.registry().Find(t.Context(), test.id)
				if !errors.Is(err, client.ErrUnknown) {
					t.Fatalf("found %v, error %v", found, err)
				}
				presentable(t, err)
				if lookups, dialed := net.traffic(); len(lookups)+len(dialed) > 0 {
					t.Errorf("looked up %q, dialed %q", lookups, dialed)
				}
			})
		})
	}
}

func TestOnlyPublicAddressesAreReached(t *testing.T) {
	for _, test := range []struct {
		name      string
		addresses []string
	}{
		{"loopback", []string{"127.0.0.1"}},
		{"private", []string{"10.1.2.3"}},
		{"shared by a carrier", []string{"100.64.0.1"}},
		{"the metadata service of a cloud", []string{"169.254.169.254"}},
		{"IPv4 inside IPv6", []string{"::ffff:10.1.2.3"}},
		{"unique local", []string{"fd00:ec2::254"}},
		{"link-local with a zone", []string{"fe80::1%eth0"}},
		{"public with a zone", []string{"2606:4700::1%eth0"}},
		{"a public one first", []string{"8.8.8.8", "192.168.1.1"}},
		{"a public one last", []string{"::1", "8.8.8.8"}},
		{"none", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				net := newInternet(t, describe())
				net.addresses["app.example"] = nil
				for _, address := range test.addresses {
					net.addresses["app.example"] = append(net.addresses["app.example"], netip.MustParseAddr(address))
				}
				_, err := net.registry().Find(t.Context(), documentURL)
				if !errors.Is(err, client.ErrUnavailable) {
					t.Fatal(err)
				}
				// Nothing tells a stranger what the name stands for.
				if got, want := err.Error(), "the client cannot be looked up now: its document cannot be fetched"; got != want {
					t.Errorf("error %q, want %q", got, want)
				}
				if _, dialed := net.traffic(); len(dialed) > 0 {
					t.Errorf("dialed %q", dialed)
				}
			})
		})
	}
}

func TestASecondAnswerOfTheNameServerChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newInternet(t, describe())
		lookups := 0
		registry := client.New(client.Settings{
			Documents: client.DocumentPolicy{"*"}, RootCAs: net.roots, Dial: net.Dial,
			Resolve: func(context.Context, string, string) ([]netip.Addr, error) {
				if lookups++; lookups > 1 {
					return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
				}
				return []netip.Addr{publicAddress}, nil
			},
		})
		if _, err := registry.Find(t.Context(), documentURL); err != nil {
			t.Fatal(err)
		}
		_, dialed := net.traffic()
		if diff := cmp.Diff([]string{"8.8.8.8:443"}, dialed); diff != "" || lookups != 1 {
			t.Errorf("%d lookups, dialed: %s", lookups, diff)
		}
	})
}

func TestAnAddressThatDoesNotAnswerLeavesTimeForTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newInternet(t, describe())
		net.addresses["app.example"] = []netip.Addr{
			netip.MustParseAddr("2606:4700::1111"), netip.MustParseAddr("1.1.1.1"), publicAddress,
		}
		if _, err := net.registry().Find(t.Context(), documentURL); err != nil {
			t.Fatal(err)
		}
		_, dialed := net.traffic()
		if diff := cmp.Diff([]string{"[2606:4700::1111]:443", "1.1.1.1:443", "8.8.8.8:443"}, dialed); diff != "" {
			t.Error(diff)
		}
	})
}

func TestFewAddressesOfAHostAreTried(t *testing.T) {
	dialed := 0
	registry := client.New(client.Settings{
		Documents: client.DocumentPolicy{"*"},
		Resolve: func(context.Context, string, string) ([]netip.Addr, error) {
			return slices.Repeat([]netip.Addr{publicAddress}, 100), nil
		},
		Dial: func(context.Context, string, string) (net.Conn, error) {
			dialed++
			return nil, net.ErrClosed
		},
	})
	if _, err := registry.Find(t.Context(), documentURL); !errors.Is(err, client.ErrUnavailable) {
		t.Error(err)
	}
	if dialed != 8 {
		t.Errorf("dialed %d times", dialed)
	}
}

func TestASilentNameServerTakesFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan struct{})
		registry := client.New(client.Settings{
			Documents: client.DocumentPolicy{"*"},
			Resolve: func(ctx context.Context, _, _ string) ([]netip.Addr, error) {
				defer close(ended)
				<-ctx.Done()
				return nil, ctx.Err()
			},
		})
		start := time.Now()
		if _, err := registry.Find(t.Context(), documentURL); !errors.Is(err, client.ErrUnavailable) {
			t.Error(err)
		}
		<-ended // and not only who waits for it
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func TestAnswersThatDescribeNoClient(t *testing.T) {
	const uris = `"redirect_uris": ["https://app.example/cb"]`
	status := func(code int, headers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			for i := 0; i+1 < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			w.WriteHeader(code)
			io.WriteString(w, expand(`{"client_id": "$ID", `+uris+`}`, r))
		}
	}
	asJSON := []string{"Content-Type", "application/json"}
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		want    error
		says    string
	}{
		{"a redirect", status(302, append(asJSON, "Location", "https://other.example/client.json")...), client.ErrUnknown, "status 302"},
		{"a permanent redirect", status(308, append(asJSON, "Location", documentURL+"2")...), client.ErrUnknown, "status 308"},
		{"created", status(201, asJSON...), client.ErrUnknown, "status 201"},
		{"not found", status(404, asJSON...), client.ErrUnknown, "status 404"},
		{"gone", status(410, asJSON...), client.ErrUnknown, "status 410"},
		{"forbidden", status(403, asJSON...), client.ErrUnavailable, "cannot be fetched"},
		{"too many requests", status(429, asJSON...), client.ErrUnavailable, "cannot be fetched"},
		{"a fault of its server", status(500, asJSON...), client.ErrUnavailable, "cannot be fetched"},
		{"no type", status(200, "Content-Type", ""), client.ErrUnknown, "application/json"},
		{"a page", status(200, "Content-Type", "text/html"), client.ErrUnknown, "application/json"},
		{"a file of any kind", status(200, "Content-Type", "application/octet-stream"), client.ErrUnknown, "application/json"},
		{"a picture with JSON inside", status(200, "Content-Type", "image/svg+json"), client.ErrUnknown, "application/json"},
		{"too many headers", status(200, append(asJSON, "X", strings.Repeat("x", 64<<10))...), client.ErrUnavailable, "cannot be fetched"},
		{"something else than JSON", answer(`<html>`), client.ErrUnknown, "JSON"},
		{"nothing", answer(``), client.ErrUnknown, "JSON"},
		{"a list", answer(`[]`), client.ErrUnknown, "JSON"},
		{"two documents", answer(`{"client_id": "$ID", ` + uris + `}{}`), client.ErrUnknown, "JSON"},
		{"a very deep one", answer(strings.Repeat(`{"a":`, 2000)), client.ErrUnknown, "JSON"},
		{"one of 20 KB", answer(`{"client_id": "$ID", ` + uris + `, "x": "` + strings.Repeat("x", 20<<10) + `"}`), client.ErrUnknown, "bytes"},
		{"one that is padded", answer(`{"client_id": "$ID", ` + uris + `}` + strings.Repeat(" ", 10<<10)), client.ErrUnknown, "bytes"},
		{"no client_id", answer(`{` + uris + `}`), client.ErrUnknown, "client_id"},
		{"the client_id of another host", answer(`{"client_id": "https://other.example/client.json", ` + uris + `}`), client.ErrUnknown, "client_id"},
		{"a client_id with a trailing slash", answer(`{"client_id": "$ID/", ` + uris + `}`), client.ErrUnknown, "client_id"},
		{"a client_id in upper case", answer(`{"client_id": "https://APP.example/client.json", ` + uris + `}`), client.ErrUnknown, "client_id"},
		{"a client_id with the default port", answer(`{"client_id": "https://app.example:443/client.json", ` + uris + `}`), client.ErrUnknown, "client_id"},
		{"a secret", answer(`{"client_id": "$ID", ` + uris + `, "client_secret": "s"}`), client.ErrUnknown, "client_secret"},
		{"a secret that is null", answer(`{"client_id": "$ID", ` + uris + `, "client_secret": null}`), client.ErrUnknown, "client_secret"},
		{"the end of a secret", answer(`{"client_id": "$ID", ` + uris + `, "client_secret_expires_at": 0}`), client.ErrUnknown, "client_secret"},
		{"authentication by secret", answer(`{"client_id": "$ID", ` + uris + `, "token_endpoint_auth_method": "client_secret_basic"}`), client.ErrUnknown, "auth_method"},
		{"authentication by key", answer(`{"client_id": "$ID", ` + uris + `, "token_endpoint_auth_method": "private_key_jwt"}`), client.ErrUnknown, "auth_method"},
		{"authentication by key among others", answer(`{"client_id": "$ID", ` + uris + `, "token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_methods_supported": ["private_key_jwt", "tls_client_auth"]}`), client.ErrUnknown, "auth_method"},
		{"authentication by key, or none as one text", answer(`{"client_id": "$ID", ` + uris + `, "token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_methods_supported": "none"}`), client.ErrUnknown, "auth_method"},
		{"authentication by secret, or none", answer(`{"client_id": "$ID", ` + uris + `, "token_endpoint_auth_method": "client_secret_post", "token_endpoint_auth_methods_supported": ["none"]}`), client.ErrUnknown, "auth_method"},
		{"another flow", answer(`{"client_id": "$ID", ` + uris + `, "grant_types": ["client_credentials"]}`), client.ErrUnknown, "flow"},
		{"another response", answer(`{"client_id": "$ID", ` + uris + `, "response_types": ["token"]}`), client.ErrUnknown, "flow"},
		{"no redirect URIs", answer(`{"client_id": "$ID"}`), client.ErrUnknown, "redirect URI"},
		{"a wildcard", answer(`{"client_id": "$ID", "redirect_uris": ["https://app.example/*"]}`), client.ErrUnknown, "redirect URI"},
		{"a private-use URI that is not listed", answer(`{"client_id": "$ID", "redirect_uris": ["vscode://x/cb"]}`), client.ErrUnknown, "redirect URI"},
		{"a compressed document", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			io.WriteString(z, expand(`{"client_id": "$ID", `+uris+`}`, r))
			if err := z.Close(); err != nil {
				return // the connection ended
			}
		}, client.ErrUnknown, "compressed"},
		{"one that ends early", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "500")
			io.WriteString(w, `{`)
		}, client.ErrUnavailable, "cannot be fetched"},
		{"one without end", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for range 1000 { // a reader without a limit would take all memory, since time stands still meanwhile
				if _, err := io.WriteString(w, strings.Repeat(" ", 1000)); err != nil {
					return
				}
			}
			<-r.Context().Done()
		}, client.ErrUnknown, "bytes"},
		{"headers that do not come", func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
		}, client.ErrUnavailable, "cannot be fetched"},
		{"a byte every second", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for r.Context().Err() == nil {
				io.WriteString(w, " ")
				if http.NewResponseController(w).Flush() != nil {
					return
				}
				select {
				case <-time.After(time.Second):
				case <-r.Context().Done():
				}
			}
		}, client.ErrUnavailable, "cannot be fetched"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				net := newInternet(t, test.handler)
				start := time.Now()
				found, err := net.registry().Find(t.Context(), documentURL)
				if !errors.Is(err, test.want) {
					t.Fatalf("found %v, error %v, want %v", found, err, test.want)
				}
				if !strings.Contains(err.Error(), test.says) {
					t.Errorf("error %q does not say %q", err, test.says)
				}
				presentable(t, err)
				if diff := cmp.Diff([]string{documentURL}, net.requests()); diff != "" {
					t.Errorf("requests: %s", diff)
				}
				if took := time.Since(start); took > 5*time.Second { // of the bubble's clock
					t.Errorf("took %s", took)
				}
			})
		})
	}
}

func TestServersThatAreNotTheHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newInternet(t, describe())
		if _, err := net.registry().Find(t.Context(), "https://not-app.example/client.json"); !errors.Is(err, client.ErrUnavailable) {
			t.Errorf("a certificate for another host: %v", err)
		}
		stranger := client.New(client.Settings{
			Documents: client.DocumentPolicy{"*"}, RootCAs: x509.NewCertPool(), Dial: net.Dial, Resolve: net.Resolve,
		})
		if _, err := stranger.Find(t.Context(), documentURL); !errors.Is(err, client.ErrUnavailable) {
			t.Errorf("a certificate of a stranger: %v", err)
		}
		if asked := net.requests(); len(asked) > 0 {
			t.Errorf("asked for %q", asked)
		}
	})
}

func TestASilentServerTakesFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newInternet(t, describe())
		net.silent = true
		start := time.Now()
		if _, err := net.registry().Find(t.Context(), documentURL); !errors.Is(err, client.ErrUnavailable) {
			t.Error(err)
		}
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("took %s", took)
		}
		// That nothing stays behind is checked by the end of the bubble.
	})
}

func TestDocumentsAreKeptAsTheirServerSays(t *testing.T) {
	for _, test := range []struct {
		name    string
		headers []string
		want    time.Duration
	}{
		{"without a word", nil, time.Hour},
		{"a word about something else", []string{"Cache-Control", "public"}, time.Hour},
		{"a minute", []string{"Cache-Control", "max-age=60"}, time.Minute},
		{"a day at most", []string{"Cache-Control", "max-age=31536000"}, 24 * time.Hour},
		{"more than a number holds", []string{"Cache-Control", "max-age=99999999999999999999"}, 24 * time.Hour},
		{"in capitals and quotation marks", []string{"Cache-Control", `Public, Max-Age="120"`}, 2 * time.Minute},
		{"the shorter of two", []string{"Cache-Control", "max-age=600", "Cache-Control", "max-age=60"}, time.Minute},
		{"no-store", []string{"Cache-Control", "no-store"}, 0},
		{"no-cache after an age", []string{"Cache-Control", "max-age=600, no-cache"}, 0},
		{"no-store in a second header", []string{"Cache-Control", "max-age=600", "Cache-Control", "no-store"}, 0},
		{"an age of zero", []string{"Cache-Control", "max-age=0"}, 0},
		{"an age that is none", []string{"Cache-Control", "max-age=soon"}, 0},
		{"a negative age", []string{"Cache-Control", "max-age=-1"}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				net := newInternet(t, describe(test.headers...))
				registry := net.registry()
				find := func(wantRequests int) {
					t.Helper()
					if _, err := registry.Find(t.Context(), documentURL); err != nil {
						t.Fatal(err)
					}
					if got := len(net.requests()); got != wantRequests {
						t.Fatalf("%d requests, want %d", got, wantRequests)
					}
				}
				find(1)
				if test.want > 0 {
					time.Sleep(test.want - time.Second)
					find(1)
					time.Sleep(time.Second)
				}
				find(2)
			})
		})
	}
}

func TestTheLastGoodDocumentIsUsedWhenItCannotBeFetched(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(code)
		}
	}
	hangUp := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	const age, day = "max-age=60", 24 * time.Hour
	for _, test := range []struct {
		name    string
		control string // Cache-Control of the good document
		then    http.HandlerFunc
		after   time.Duration // since the good document
		want    error
	}{
		{"a fault of its server", age, status(500), time.Minute, nil},
		{"a gateway", age, status(502), time.Minute, nil},
		{"maintenance", age, status(503), time.Hour, nil},
		{"a wall against robots", age, status(403), time.Minute, nil},
		{"too many requests", age, status(429), time.Minute, nil},
		{"a connection that ends", age, hangUp, time.Minute, nil},
		{"no answer", age, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, time.Minute, nil},
		{"never fresh", "max-age=0", status(500), time.Second, nil},
		{"without a word", "", status(500), 2 * time.Hour, nil},
		{"the last moment of the day", age, status(500), time.Minute + day - time.Second, nil},

		{"after the day", age, status(500), time.Minute + day, client.ErrUnavailable},
		{"after the day without a word", "", status(500), time.Hour + day, client.ErrUnavailable},
		{"after the day, never fresh", "max-age=0", status(500), day, client.ErrUnavailable},
		{"not to be stored", "no-store", status(500), time.Second, client.ErrUnavailable},
		{"not to be used unasked", "no-cache", status(500), time.Second, client.ErrUnavailable},
		{"not to be used when it is old", age + ", must-revalidate", status(500), time.Minute, client.ErrUnavailable},
		{"not to be used by many when it is old", "Proxy-Revalidate, " + age, status(500), time.Minute, client.ErrUnavailable},
		{"not found", age, status(404), time.Minute, client.ErrUnknown},
		{"gone", age, status(410), time.Minute, client.ErrUnknown},
		{"moved", age, status(301), time.Minute, client.ErrUnknown},
		{"no document", age, answer(`{}`), time.Minute, client.ErrUnknown},
		{"a document without redirect URIs", age, answer(`{"client_id": "$ID"}`), time.Minute, client.ErrUnknown},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				net := newInternet(t, describe("Cache-Control", test.control))
				registry := net.registry()
				good, err := registry.Find(t.Context(), documentURL)
				if err != nil {
					t.Fatal(err)
				}
				net.HandlerFunc = test.then
				time.Sleep(test.after)
				found, err := registry.Find(t.Context(), documentURL)
				if !errors.Is(err, test.want) {
					t.Fatalf("found %v, error %v, want %v", found, err, test.want)
				}
				if err == nil {
					if diff := cmp.Diff(good, found); diff != "" {
						t.Error(diff)
					}
				}
				if got := len(net.requests()); got != 2 {
					t.Errorf("%d requests", got)
				}
			})
		})
	}
}

func TestADocumentThatIsGoneIsForgotten(t *testing.T) {
	for _, test := range []struct {
		name string
		then http.HandlerFunc
	}{
		{"not found", http.NotFound},
		{"no good", answer(`{}`)},
		{"not to be stored any more", describe("Cache-Control", "no-store")},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				net := newInternet(t, describe("Cache-Control", "max-age=60"))
				registry := net.registry()
				if _, err := registry.Find(t.Context(), documentURL); err != nil {
					t.Fatal(err)
				}
				net.HandlerFunc = test.then
				time.Sleep(time.Minute)
				registry.Find(t.Context(), documentURL) //nolint:errcheck // whatever comes of it
				net.HandlerFunc = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
				if _, err := registry.Find(t.Context(), documentURL); !errors.Is(err, client.ErrUnavailable) {
					t.Errorf("error %v", err)
				}
			})
		})
	}
}

func TestWhoCannotFetchADocumentTriesAgainInAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newInternet(t, describe("Cache-Control", "max-age=60"))
		registry := net.registry()
		find := func(want error, wantRequests int) {
			t.Helper()
			if _, err := registry.Find(t.Context(), documentURL); !errors.Is(err, want) {
				t.Fatalf("error %v, want %v", err, want)
			}
			if got := len(net.requests()); got != wantRequests {
				t.Fatalf("%d requests, want %d", got, wantRequests)
			}
		}
		find(nil, 1)
		net.HandlerFunc = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }
		time.Sleep(time.Minute)
		find(nil, 2)
		time.Sleep(time.Minute - time.Second)
		find(nil, 2)
		time.Sleep(time.Second)
		find(nil, 3)
		// That a copy is used does not make it younger.
		time.Sleep(24*time.Hour - time.Minute - time.Second)
		find(nil, 4)
		time.Sleep(time.Second)
		find(client.ErrUnavailable, 5)
		net.HandlerFunc = describe("Cache-Control", "max-age=60")
		find(nil, 6)
		find(nil, 6)
	})
}

func TestStrangersCannotMakeAKnownDocumentUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newInternet(t, describe("Cache-Control", "max-age=60"))
		registry := net.registry()
		if _, err := registry.Find(t.Context(), documentURL); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		var err error
		for i := 0; err == nil && i < 100; i++ { // until no more is fetched from the host
			_, err = registry.Find(t.Context(), fmt.Sprintf("https://app.example/%d", i))
		}
		if !errors.Is(err, client.ErrUnavailable) {
			t.Fatal(err)
		}
		if _, err := registry.Find(t.Context(), documentURL); err != nil {
			t.Error(err)
		}
	})
}

func TestAFailureIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fail := true
		net := newInternet(t, func(w http.ResponseWriter, r *http.Request) {
			if fail {
				w.Header().Set("Cache-Control", "max-age=3600")
				http.NotFound(w, r)
				return
			}
			describe()(w, r)
		})
		registry := net.registry()
		if _, err := registry.Find(t.Context(), documentURL); !errors.Is(err, client.ErrUnknown) {
			t.Fatal(err)
		}
		fail = false
		if _, err := registry.Find(t.Context(), documentURL); err != nil {
			t.Fatal(err)
		}
	})
}

func TestWhatIsFoundIsTheCallersOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := newInternet(t, describe()).registry()
		for range 2 {
			found, err := registry.Find(t.Context(), documentURL)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"https://app.example/cb"}, found.RedirectURIs); diff != "" {
				t.Fatal(diff)
			}
			found.RedirectURIs[0] = "https://evil.example/cb"
		}
	})
}

func TestManyWhoAskAtOnceMakeOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		net := newInternet(t, func(w http.ResponseWriter, r *http.Request) {
			<-release
			describe()(w, r)
		})
		registry := net.registry()
		impatient, leave := context.WithCancel(t.Context())
		first := make(chan error)
		go func() {
			_, err := registry.Find(impatient, documentURL)
			first <- err
		}()
		synctest.Wait()
		var others sync.WaitGroup
		for range 50 {
			others.Go(func() {
				if found, err := registry.Find(t.Context(), documentURL); err != nil || found.ID != documentURL {
					t.Errorf("found %v, error %v", found, err)
				}
			})
		}
		synctest.Wait()
		leave()
		if err := <-first; !errors.Is(err, client.ErrUnavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("who left: %v", err)
		}
		close(release)
		others.Wait()
		if got := len(net.requests()); got != 1 {
			t.Errorf("%d requests", got)
		}
	})
}

func TestStrangersCannotMakeThisServerFetchWithoutLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := newInternet(t, describe("Cache-Control", "no-store"))
		registry := net.registry()
		fetches := func(n int, id func(int) string) (made int) {
			before := len(net.requests())
			for i := range n {
				if _, err := registry.Find(t.Context(), id(i)); err != nil {
					if !errors.Is(err, client.ErrUnavailable) || !strings.Contains(err.Error(), "too many documents were fetched") {
						t.Fatal(err)
					}
					presentable(t, err)
				}
			}
			return len(net.requests()) - before
		}
		one := func(i int) string { return fmt.Sprintf("https://app.example:%d/%d", 1+i%100, i) }
		if got := fetches(200, one); got != 10 {
			t.Errorf("%d fetches from one host", got)
		}
		if got := fetches(200, func(i int) string { return fmt.Sprintf("https://h%d.app.example/c", i) }); got != 40 {
			t.Errorf("%d more fetches from all hosts", got)
		}
		time.Sleep(time.Minute)
		if got := fetches(200, one); got != 10 {
			t.Errorf("%d fetches from one host after a minute", got)
		}
	})
}

func TestOnlyHostsOfThePolicyAreAsked(t *testing.T) {
	for _, test := range []struct {
		name, policy, id string
		want             bool
	}{
		{"on", "on", "https://app.example/c", true},
		{"off", "off", "https://app.example/c", false},
		{"in capitals and blanks", " ON ", "https://app.example/c", true},
		{"the host", "app.example", "https://app.example/c", true},
		{"the host on a port", "app.example", "https://app.example:8443/c", true},
		{"one of several hosts", "other.example, App.Example", "https://app.example/c", true},
		{"another host", "other.example", "https://app.example/c", false},
		{"a host below", "app.example", "https://mcp.app.example/c", false},
		{"below", "*.app.example", "https://mcp.app.example/c", true},
		{"far below", "*.example", "https://mcp.app.example/c", true},
		{"not below itself", "*.app.example", "https://app.example/c", false},
		{"a host that ends alike", "*.app.example", "https://my-app.example/c", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				policy, err := client.ParseDocumentPolicy(test.policy)
				if err != nil {
					t.Fatal(err)
				}
				net := newInternet(t, describe())
				registry := client.New(client.Settings{Documents: policy, Resolve: net.Resolve, Dial: net.Dial, RootCAs: net.roots})
				_, err = registry.Find(t.Context(), test.id)
				if test.want != (err == nil) || err != nil && !errors.Is(err, client.ErrUnknown) {
					t.Errorf("error %v", err)
				}
				lookups, _ := net.traffic()
				if test.want != (len(lookups) == 1) {
					t.Errorf("looked up %q", lookups)
				}
				if got, want := registry.TakesDocuments(), test.policy != "off"; got != want {
					t.Errorf("TakesDocuments() = %v", got)
				}
			})
		})
	}
}

func TestPoliciesThatAreNone(t *testing.T) {
	for _, text := range []string{
		"", ",", "yes please", "*", "*.", "*.*.example", "a.*.example", "app.example,", "https://app.example", "app.example/c",
		"app.example:443", "app.example.", "a@app.example", "bücher.example", "[::1]", "app.example?x", "app.example#x",
	} {
		if policy, err := client.ParseDocumentPolicy(text); err == nil {
			t.Errorf("%q is %q", text, policy)
		}
	}
}

func FuzzDocumentURL(f *testing.F) {
	for _, seed := range []string{
		documentURL, "https://app.example:8443/a/b", "https://app.example@evil.example/x", `https://app.example\x`, "https://127.1/x",
		"https://[::1]/x", "https://app.example/%2e%2e/x", "https://app.example/x#y", "https://app.example./x", "https://a.b//c", "eyJ",
	} {
		f.Add(seed)
	}
	errStop := errors.New("far enough")
	f.Fuzz(func(t *testing.T, id string) {
		var looked string
		registry := client.New(client.Settings{
			Documents: client.DocumentPolicy{"*"},
			Resolve: func(_ context.Context, _, host string) ([]netip.Addr, error) {
				looked = host
				return nil, errStop
			},
		})
		if !strings.HasPrefix(id, "https://") {
			id = "https://" + id
		}
		_, err := registry.Find(t.Context(), id)
		presentable(t, err)
		if looked == "" {
			return
		}
		// The host that is asked is what anyone reads in the URL.
		after, _ := strings.CutPrefix(id, "https://")
		host, path, ok := strings.Cut(after, "/")
		if name, _, _ := strings.Cut(host, ":"); name != looked || !ok || path == "" || strings.ContainsAny(id, "@\\#?%\n ") && !strings.Contains(path, "%") && !strings.Contains(path, "@") {
			t.Fatalf("%q asks %q", id, looked)
		}
	})
}
