package login_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// wiretap is another address of Keycloak, at which is kept what the program asks
// the token endpoint. What it is answered there is added to the secrets. Keycloak
// calls itself by the address that it is asked at.
type wiretap struct {
	url       string
	resources atomic.Int64 // authorization requests that named a resource

	mu       sync.Mutex
	requests []tokenRequest
}

// tokenRequest is one at the token endpoint of the provider.
type tokenRequest struct {
	header bool // it has a header Authorization
	form   url.Values
}

func newWiretap(t *testing.T, keycloak string) *wiretap {
	t.Helper()
	target, err := url.Parse(keycloak)
	if err != nil {
		t.Fatal(err)
	}
	w := &wiretap{}
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		ModifyResponse: overhear,
	}
	server := httptest.NewServer(readFirst(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w.note(r)
		proxy.ServeHTTP(out, r)
	})))
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// heard are the requests at the token endpoint so far.
func (w *wiretap) heard() []tokenRequest {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.requests)
}

func (w *wiretap) note(r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/auth") && r.URL.Query().Has("resource") {
		w.resources.Add(1)
	}
	if !atTokenEndpoint(r) {
		return
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return // Keycloak will complain
	}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	form, _ := url.ParseQuery(string(raw)) // as far as it can be read
	shared.secrets.addFrom("a token request to the provider", form)
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	shared.secrets.add("the credential of the program at the provider", credential)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests = append(w.requests, tokenRequest{r.Header.Get("Authorization") != "", form})
}

func atTokenEndpoint(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/protocol/openid-connect/token")
}

// overhear adds the tokens in an answer to the secrets.
func overhear(r *http.Response) error {
	if !atTokenEndpoint(r.Request) {
		return nil
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	var answer struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		ID      string `json:"id_token"`
	}
	_ = json.Unmarshal(raw, &answer) // what is no JSON has no tokens
	shared.secrets.add("an access token of the provider", answer.Access)
	shared.secrets.add("a refresh token of the provider", answer.Refresh)
	shared.secrets.add("an id token of the provider", answer.ID)
	return nil
}
