package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/auth"
	"infrahub-mcp/internal/auth/oidc/client"
	"infrahub-mcp/internal/auth/oidc/redirect"
	"infrahub-mcp/internal/auth/oidc/seal"
)

// registry returns a registry without documents.
func registry(keys auth.Keys, allowed ...string) *client.Registry {
	return client.New(client.Settings{Box: seal.New(keys), KnownID: "known", AllowedRedirectURIs: allowed})
}

// register returns the answer to a registration as a client reads it.
func register(t testing.TB, r *client.Registry, metadata string) map[string]any {
	t.Helper()
	response, err := r.Register([]byte(metadata))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(response)
	if err != nil {
		t.Fatal(err)
	}
	var decoded map[string]any
	if err := json.Unmarshal(text, &decoded); err != nil {
		t.Fatal(err)
	}
	return decoded
}

// presentable checks that the text of an error may be shown to anyone
// (error_description of RFC 6749, section 5.2).
func presentable(t testing.TB, err error) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	text := err.Error()
	if len(text) > 400 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) {
		t.Errorf("error %q", text)
	}
}

func TestARegistrationIsAnswered(t *testing.T) {
	both := []any{"authorization_code", "refresh_token"}
	for _, test := range []struct {
		name, metadata string
		want           map[string]any // besides client_id, client_id_issued_at and what all have
	}{
		{
			"the least", `{"redirect_uris": ["http://127.0.0.1/cb"]}`,
			map[string]any{"redirect_uris": []any{"http://127.0.0.1/cb"}, "grant_types": both},
		},
		{
			"all that counts",
			`{"redirect_uris": ["https://app.example/cb", "http://localhost:1/cb"], "client_name": "My \u200bApp\n", "grant_types": ["authorization_code", "refresh_token"],
			  "response_types": ["code"], "token_endpoint_auth_method": "none", "application_type": "native", "scope": "read write"}`,
			map[string]any{
				"redirect_uris": []any{"https://app.example/cb", "http://localhost:1/cb"}, "grant_types": both,
				"client_name": "My App", "application_type": "native", "scope": "read write",
			},
		},
		{
			"a secret is asked for and none given",
			`{"redirect_uris": ["https://app.example/cb"], "token_endpoint_auth_method": "client_secret_post", "client_secret": "mine", "client_id": "mine"}`,
			map[string]any{"redirect_uris": []any{"https://app.example/cb"}, "grant_types": both},
		},
		{
			"more flows than there are",
			`{"redirect_uris": ["https://app.example/cb"], "grant_types": ["implicit", "authorization_code"], "response_types": ["code", "token"], "application_type": "web"}`,
			map[string]any{"redirect_uris": []any{"https://app.example/cb"}, "grant_types": both[:1], "application_type": "web"},
		},
		{
			"a listed private-use URI", `{"redirect_uris": ["cursor://mcp/cb"], "application_type": "native"}`,
			map[string]any{"redirect_uris": []any{"cursor://mcp/cb"}, "grant_types": both, "application_type": "native"},
		},
		{
			// As Cursor registers: its own scheme next to loopback.
			"redirect URIs that are not allowed are left out",
			`{"redirect_uris": ["cursor://anysphere.cursor-mcp/oauth/callback", "http://localhost:1/cb", "javascript:alert(1)", "data:text/html,x",
			  "http://app.example/cb", "https://*.app.example/cb", "", "https://app.example/cb"]}`,
			map[string]any{"redirect_uris": []any{"http://localhost:1/cb", "https://app.example/cb"}, "grant_types": both},
		},
		{
			"a web application on loopback", `{"redirect_uris": ["http://127.0.0.1/cb"], "application_type": "web"}`,
			map[string]any{"redirect_uris": []any{"http://127.0.0.1/cb"}, "grant_types": both, "application_type": "web"},
		},
		{
			"a web application with a listed private-use URI", `{"redirect_uris": ["cursor://mcp/cb"], "application_type": "web"}`,
			map[string]any{"redirect_uris": []any{"cursor://mcp/cb"}, "grant_types": both, "application_type": "web"},
		},
		{
			"a type of application that nobody knows", `{"redirect_uris": ["https://app.example/cb"], "application_type": "service"}`,
			map[string]any{"redirect_uris": []any{"https://app.example/cb"}, "grant_types": both},
		},
		{
			"a member of server metadata of any type", `{"redirect_uris": ["https://app.example/cb"], "token_endpoint_auth_methods_supported": 1}`,
			map[string]any{"redirect_uris": []any{"https://app.example/cb"}, "grant_types": both},
		},
		{
			"members that do not count", `{"redirect_uris": ["https://app.example/cb"], "logo_uri": 1, "jwks": {}, "contacts": ["x"]}`,
			map[string]any{"redirect_uris": []any{"https://app.example/cb"}, "grant_types": both},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := registry(auth.NewKeys(), listedURI)
			got := register(t, r, test.metadata)
			id, _ := got["client_id"].(string)
			if issued, _ := got["client_id_issued_at"].(float64); issued < 1.7e9 {
				t.Errorf("client_id_issued_at is %v", got["client_id_issued_at"])
			}
			delete(got, "client_id")
			delete(got, "client_id_issued_at")
			test.want["response_types"], test.want["token_endpoint_auth_method"] = []any{"code"}, "none"
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}

			found, err := r.Find(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			want := client.Client{ID: id, Kind: client.Registered}
			want.Name, _ = test.want["client_name"].(string)
			for _, uri := range test.want["redirect_uris"].([]any) {
				want.RedirectURIs = append(want.RedirectURIs, uri.(string))
			}
			if diff := cmp.Diff(want, found); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRegistrationsThatAreRefused(t *testing.T) {
	const metadata, uri = "invalid_client_metadata", "invalid_redirect_uri"
	long := "https://app.example/" + strings.Repeat("a", 600)
	with := func(members string) string { return `{"redirect_uris": ["https://app.example/cb"], ` + members + `}` }
	for _, test := range []struct{ name, text, code string }{
		{"nothing", ``, metadata},
		{"a form", `redirect_uris=https://app.example/cb`, metadata},
		{"a list", `[]`, metadata},
		{"a text", `"x"`, metadata},
		{"JSON cut short", `{"redirect_uris": ["https://app.example/cb"]`, metadata},
		{"something after the object", `{"redirect_uris": ["https://app.example/cb"]} x`, metadata},
		{"redirect URIs that are one text", `{"redirect_uris": "https://app.example/cb"}`, metadata},
		{"redirect URIs that are numbers", `{"redirect_uris": [1]}`, metadata},
		{"a name that is an object", with(`"client_name": {}`), metadata},
		{"too large", with(`"x": "` + strings.Repeat("x", 32<<10) + `"`), metadata},
		{"a client that has a key", with(`"token_endpoint_auth_method": "private_key_jwt"`), metadata},
		{"an authentication that nobody knows", with(`"token_endpoint_auth_method": "x"`), metadata},
		{"another grant", with(`"grant_types": ["client_credentials"]`), metadata},
		{"no grant", with(`"grant_types": []`), metadata},
		{"only refreshing", with(`"grant_types": ["refresh_token"]`), metadata},
		{"another response", with(`"response_types": ["token"]`), metadata},
		{"a scope with a quotation mark", with(`"scope": "a\"b"`), metadata},
		{"a scope with a line feed", with(`"scope": "a\nb"`), metadata},
		{"a long scope", with(`"scope": "` + strings.Repeat("a", 1025) + `"`), metadata},

		{"null", `null`, uri},
		{"no redirect URIs", `{}`, uri},
		{"an empty list of redirect URIs", `{"redirect_uris": []}`, uri},
		{"an empty redirect URI", `{"redirect_uris": [""]}`, uri},
		{"eleven redirect URIs", `{"redirect_uris": ["https://a.b/"` + strings.Repeat(`, "https://a.b/"`, 10) + `]}`, uri},
		{"eleven redirect URIs of which one is allowed", `{"redirect_uris": ["https://a.b/"` + strings.Repeat(`, "x:/"`, 10) + `]}`, uri},
		{"redirect URIs of 3 KB", `{"redirect_uris": ["` + strings.Repeat(long+`", "`, 4) + long + `"]}`, uri},
		{"redirect URIs of 3 KB of which one is allowed", `{"redirect_uris": ["https://a.b/", "x:` + strings.Repeat("a", 3<<10) + `"]}`, uri},
		{"a redirect URI of 2 KB", `{"redirect_uris": ["https://app.example/` + strings.Repeat("a", 2000) + `"]}`, uri},
		{"bad redirect URIs only", `{"redirect_uris": ["http://app.example/cb", "vscode://x/cb", "javascript:alert(1)"]}`, uri},
		{"a wildcard", `{"redirect_uris": ["https://*.app.example/cb"]}`, uri},
		{"a script", `{"redirect_uris": ["javascript:alert(1)"]}`, uri},
		{"a private-use URI that is not listed", `{"redirect_uris": ["vscode://x/cb"]}`, uri},
		{"a web application with a private-use URI that is not listed", `{"redirect_uris": ["vscode://x/cb"], "application_type": "web"}`, uri},
	} {
		t.Run(test.name, func(t *testing.T) {
			response, err := registry(auth.NewKeys(), listedURI).Register([]byte(test.text))
			refusal, ok := errors.AsType[*client.RegistrationError](err)
			if !ok || refusal.Code != test.code || response != nil {
				t.Fatalf("response %v, error %v, want %s", response, err, test.code)
			}
			presentable(t, refusal)
		})
	}
}

func TestTheFirstBadRedirectURIIsNamed(t *testing.T) {
	const private = "The redirect URI has a private-use scheme that this server does not allow. " +
		"Use https or http to 127.0.0.1, or ask the operator to list the URI in INFRAHUB_MCP_OIDC_ALLOWED_REDIRECT_URIS."
	for _, test := range []struct{ name, uri, want string }{
		{"a private-use URI", "vscode://x/cb", "The first is vscode://x/cb: " + private},
		{"an empty one", "", "The first is empty: The redirect URI is empty. Give an absolute URI."},
		{"a long one", "x:" + strings.Repeat("a", 500), "The first is x:" + strings.Repeat("a", 98) + "...: " + private},
		{
			"one with characters that an error may not have", `x:"\ é<b>` + "\r\n",
			"The first is x:????<b>??: The redirect URI has a character that is not of a URI, such as a blank, a backslash or a letter beyond ASCII. " +
				"Percent-encode it, and write names of hosts in their ASCII form.",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, err := json.Marshal(map[string]any{"redirect_uris": []string{test.uri, "javascript:alert(1)"}})
			if err != nil {
				t.Fatal(err)
			}
			_, err = registry(auth.NewKeys()).Register(text)
			presentable(t, err)
			want := "invalid_redirect_uri: None of the redirect_uris can be registered. " + test.want
			if diff := cmp.Diff(want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTenURIsOfTwoKilobytesAreTaken(t *testing.T) {
	var uris []string
	size := 0
	for i := range 10 {
		uris = append(uris, fmt.Sprintf("https://app.example/%d?%s", i, strings.Repeat("&", 180)))
		size += len(uris[i])
	}
	uris[0] += strings.Repeat("&", 2048-size)
	text, err := json.Marshal(map[string]any{"redirect_uris": uris, "client_name": strings.Repeat("🙂", 500)})
	if err != nil {
		t.Fatal(err)
	}
	r := registry(auth.NewKeys())
	id, _ := register(t, r, string(text))["client_id"].(string)
	found, err := r.Find(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(uris, found.RedirectURIs); diff != "" {
		t.Error(diff)
	}
	if got := utf8.RuneCountInString(found.Name); got != 80 {
		t.Errorf("the name has %d characters", got)
	}
}

func TestIDsThatAreNotOfARegisteredClient(t *testing.T) {
	keys := auth.NewKeys()
	r := registry(keys)
	issued, _ := register(t, r, `{"redirect_uris": ["https://app.example/cb"]}`)["client_id"].(string)
	elsewhere, _ := register(t, registry(auth.NewKeys()), `{"redirect_uris": ["https://app.example/cb"]}`)["client_id"].(string)
	other, err := seal.New(keys).Seal(seal.Code, map[string]any{"u": []string{"https://app.example/cb"}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	listed, _ := register(t, registry(keys, listedURI), `{"redirect_uris": ["`+listedURI+`"]}`)["client_id"].(string)
	const issue = "this server did not issue the client id"
	for _, test := range []struct{ name, id, says string }{
		{"none", "", "the client id is empty"},
		{"any text", "client", issue},
		{"the known id in another case", "Known", issue},
		{"of another server", elsewhere, issue},
		{"another artefact of this server", other, issue},
		{"altered", strings.Replace(issued, issued[len(issued)-30:len(issued)-25], "AAAAA", 1), issue},
		{"cut short", issued[:len(issued)-1], issue},
		{"with something after it", issued + "A", issue},
		{"with a blank before it", " " + issued, issue},
		{"with a URI that is no longer allowed", listed, "its redirect URIs are no longer allowed"},
		{"very long", strings.Repeat("a", 1<<20), issue},
		{"http", "http://app.example/client.json", issue},
		{"a document, though they are off", documentURL, "does not accept the document of that host"},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, err := r.Find(t.Context(), test.id)
			if !errors.Is(err, client.ErrUnknown) {
				t.Fatalf("found %v, error %v", found, err)
			}
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %q does not say %q", err, test.says)
			}
			presentable(t, err)
		})
	}
	if _, err := r.Find(t.Context(), issued); err != nil {
		t.Errorf("the one that was issued: %v", err)
	}
}

func TestNoIDIsNotTheKnownClientOfNoID(t *testing.T) {
	r := client.New(client.Settings{Box: seal.New(auth.NewKeys())})
	if found, err := r.Find(t.Context(), ""); !errors.Is(err, client.ErrUnknown) {
		t.Errorf("found %v, error %v", found, err)
	}
}

func TestARegistrationOutlivesTheSettings(t *testing.T) {
	keys := auth.NewKeys()
	id, _ := register(t, registry(keys, listedURI), `{"redirect_uris": ["`+listedURI+`", "https://app.example/cb"]}`)["client_id"].(string)
	found, err := registry(keys).Find(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"https://app.example/cb"}, found.RedirectURIs); diff != "" {
		t.Error(diff)
	}
}

func TestTheKnownClient(t *testing.T) {
	r := registry(auth.NewKeys(), "https://claude.example/cb", listedURI, "javascript:alert(1)", "http://intranet.example/cb")
	found, err := r.Find(t.Context(), "known")
	if err != nil {
		t.Fatal(err)
	}
	want := client.Client{ID: "known", Kind: client.Known, RedirectURIs: []string{"https://claude.example/cb", listedURI}}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}
	for uri, want := range map[string]bool{
		"https://claude.example/cb":      true,
		listedURI:                        true,
		"http://127.0.0.1:4711/anything": true,
		"http://[::1]/":                  true,
		"http://localhost:1/cb?a=b":      true,
		"https://claude.example/cb2":     false,
		"https://app.example/cb":         false,
		"https://localhost/cb":           false,
		"http://localhost:1/cb?code=x":   false,
		"http://localhost@evil.example":  false,
		"http://intranet.example/cb":     false,
		"javascript:alert(1)":            false,
		"":                               false,
	} {
		if got := found.Redirects(uri); got != want {
			t.Errorf("Redirects(%q) = %v", uri, got)
		}
	}
}

func TestOtherClientsHaveOnlyWhatTheyRegistered(t *testing.T) {
	for _, kind := range []client.Kind{client.Registered, client.Document} {
		c := client.Client{Kind: kind, RedirectURIs: []string{"http://localhost:1/cb"}}
		for uri, want := range map[string]bool{"http://localhost:2/cb": true, "http://localhost:1/": false, "http://127.0.0.1:1/cb": false} {
			if got := c.Redirects(uri); got != want {
				t.Errorf("%s: Redirects(%q) = %v", kind, uri, got)
			}
		}
	}
}

func TestHashesOfIDs(t *testing.T) {
	// printf known | openssl dgst -sha256 -binary | basenc --base64url
	if got, want := (client.Client{ID: "known"}).Hash(), "cRf_8tD9KURis8gCt8uHU1efI_OUa5nPVfOOhz8BPxA"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := len(client.Client{ID: strings.Repeat("a", 1<<20)}.Hash()); got != 43 {
		t.Errorf("%d characters", got)
	}
}

func TestRegistrationsFillNothing(t *testing.T) {
	r := registry(auth.NewKeys())
	heap := func() uint64 {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	many := func(n int) {
		for range n {
			if _, err := r.Register([]byte(`{"redirect_uris": ["https://app.example/cb"]}`)); err != nil {
				t.Fatal(err)
			}
		}
	}
	many(100)
	before := heap()
	const registrations = 100_000
	many(registrations)
	after := heap()
	t.Logf("%d registrations: %d bytes on the heap before, %d after", registrations, before, after)
	if after > before+1<<20 { // eleven bytes each would be as much
		t.Errorf("the heap grew from %d to %d bytes", before, after)
	}
	runtime.KeepAlive(r)
}

func FuzzRegister(f *testing.F) {
	for _, seed := range []string{
		`{"redirect_uris": ["https://app.example/cb"], "client_name": "App", "scope": "a b", "application_type": "web"}`,
		`{"redirect_uris": ["http://127.0.0.1:80/cb", "cursor://mcp/cb"], "grant_types": ["authorization_code"], "response_types": ["code"]}`,
		`{"redirect_uris": ["javascript:alert(1)", "http://localhost/cb", "vscode://x"], "application_type": "x"}`, `{"redirect_uris": ["vscode:\u00e9\"\\"]}`,
		`{"redirect_uris": "x"}`, `{"client_name": {"a": 1}}`, `[`, `{"redirect_uris": ["https://a.b/\u0000"], "client_name": "\ud800\u202e"}`,
	} {
		f.Add([]byte(seed))
	}
	r := registry(auth.NewKeys(), listedURI)
	f.Fuzz(func(t *testing.T, metadata []byte) {
		response, err := r.Register(metadata)
		if err != nil {
			refusal, ok := errors.AsType[*client.RegistrationError](err)
			if !ok || refusal.Code != "invalid_redirect_uri" && refusal.Code != "invalid_client_metadata" {
				t.Fatal(err)
			}
			presentable(t, refusal)
			return
		}
		text, err := json.Marshal(response)
		if err != nil {
			t.Fatal(err)
		}
		var answer struct {
			ID   string   `json:"client_id"`
			URIs []string `json:"redirect_uris"`
			Name string   `json:"client_name"`
		}
		if err := json.Unmarshal(text, &answer); err != nil {
			t.Fatal(err)
		}
		found, err := r.Find(t.Context(), answer.ID)
		if err != nil {
			t.Fatalf("registered %s and not found: %v", text, err)
		}
		want := client.Client{ID: answer.ID, Name: answer.Name, RedirectURIs: answer.URIs, Kind: client.Registered}
		if diff := cmp.Diff(want, found); diff != "" {
			t.Fatal(diff)
		}
		var sent struct {
			URIs []string `json:"redirect_uris"`
		}
		if err := json.Unmarshal(metadata, &sent); err != nil {
			t.Fatal(err)
		}
		want.RedirectURIs = slices.DeleteFunc(sent.URIs, func(uri string) bool { return redirect.Check(uri, []string{listedURI}) != nil })
		if diff := cmp.Diff(want, found); diff != "" {
			t.Fatal(diff)
		}
		if utf8.RuneCountInString(found.Name) > 80 || strings.TrimSpace(found.Name) != found.Name ||
			strings.ContainsFunc(found.Name, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Fatalf("name %q", found.Name)
		}
	})
}
