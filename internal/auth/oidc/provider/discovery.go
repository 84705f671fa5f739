package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// metadata is what discovery found. It never changes.
type metadata struct {
	document document
	issuer   string           // exactly as in the document
	style    oauth2.AuthStyle // how this server names itself
	idTokens []string         // algorithms of id tokens
	keys     *keys            // of the provider
	userinfo *oidc.Provider   // asks the userinfo endpoint
	entra    string           // issuer of Entra's tokens of version 1, "" for other providers
	google   bool
}

// document is the part of a discovery document that matters here (OpenID Connect
// Discovery 1.0, section 3; RFC 8414, section 2; RFC 9207, section 3).
type document struct {
	Issuer           string   `json:"issuer"`
	Authorization    string   `json:"authorization_endpoint"`
	Token            string   `json:"token_endpoint"`
	UserInfo         string   `json:"userinfo_endpoint"`
	Revocation       string   `json:"revocation_endpoint"`
	JWKS             string   `json:"jwks_uri"`
	Scopes           []string `json:"scopes_supported"`
	AuthMethods      []string `json:"token_endpoint_auth_methods_supported"`
	Algorithms       []string `json:"id_token_signing_alg_values_supported"`
	IssuerInResponse bool     `json:"authorization_response_iss_parameter_supported"`
}

const (
	refreshInterval = 10 * time.Minute // of discovery and keys
	retryFirst      = time.Second      // after a failure, and longer each time
	retryMost       = 30 * time.Second
)

// Start reads the discovery document. An error means that a setting is wrong,
// and says what to do. A provider that does not answer is no error: it is
// logged, and [Provider.Run] goes on trying.
func (p *Provider) Start(ctx context.Context) error {
	if strings.HasPrefix(p.settings.ConfigURL, "http:") && !p.onLoopback() {
		p.settings.Logger.WarnContext(ctx, "the identity provider is reached without TLS: whoever is on the way can log in as anyone")
	}
	err := p.update(ctx)
	if errors.Is(err, ErrUnavailable) {
		p.settings.Logger.WarnContext(ctx, "nobody can log in until the identity provider answers", "error", err)
		return nil
	}
	return err
}

// Run keeps what is known of the provider up to date until ctx ends: it goes on
// trying while discovery has not succeeded, and reads the document and the keys
// anew from time to time, so that a key that the provider withdraws is not
// trusted any longer.
func (p *Provider) Run(ctx context.Context) {
	retry := backoff.NewExponentialBackOff()
	retry.InitialInterval, retry.MaxInterval, retry.Multiplier = retryFirst, retryMost, 2
	retry.Reset()
	m := p.known.Load()
	failed := m == nil || m.keys.current.Load() == nil
	wait := refreshInterval
	if failed {
		wait = retry.NextBackOff()
	}
	for sleep(ctx, wait) {
		if err := p.update(ctx); err != nil {
			failed, wait = true, retry.NextBackOff()
			if ctx.Err() == nil {
				p.settings.Logger.WarnContext(ctx, "the configuration of the identity provider cannot be read", "error", err, "retry_in", wait)
			}
			continue
		}
		if failed {
			p.settings.Logger.InfoContext(ctx, "the identity provider answers again", "issuer", p.known.Load().issuer)
		}
		failed, wait = false, refreshInterval
		retry.Reset()
	}
}

// sleep reports whether ctx lasted as long as d.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// update reads the document and the keys. What was known stays if that fails.
func (p *Provider) update(ctx context.Context) error {
	d, err := p.discover(ctx)
	if err != nil {
		return err
	}
	m, err := p.newMetadata(d)
	if err != nil {
		return err
	}
	if old := p.known.Load(); old != nil && old.keys.url == m.keys.url {
		m.keys = old.keys
	}
	p.known.Store(m)
	if err := m.keys.refresh(ctx); err != nil {
		return fmt.Errorf("reading the keys of the identity provider: %w", err)
	}
	return nil
}

// discover fetches the document. Errors that do not match [ErrUnavailable] are
// about settings.
func (p *Provider) discover(ctx context.Context) (document, error) {
	var d document
	at := p.settings.ConfigURL
	status, body, err := p.get(ctx, at)
	switch {
	case err != nil:
		return d, fmt.Errorf("%w: %w", ErrUnavailable, err)
	case temporary(status):
		return d, fmt.Errorf("%w: it answers with status %d at %s", ErrUnavailable, status, at)
	case status >= 300 && status < 400:
		return d, fmt.Errorf("INFRAHUB_MCP_OIDC_CONFIG_URL is %q, which leads to another address: set that one", at)
	case status != http.StatusOK:
		return d, fmt.Errorf("INFRAHUB_MCP_OIDC_CONFIG_URL is %q, which answers with status %d: look up the address of the discovery document at the identity provider", at, status)
	case json.Unmarshal(body, &d) != nil:
		return d, fmt.Errorf("INFRAHUB_MCP_OIDC_CONFIG_URL is %q, where there is no discovery document in JSON: look up its address at the identity provider", at)
	}
	return d, nil
}

// get fetches a document.
func (p *Provider) get(ctx context.Context, at string) (status int, body []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, http.NoBody)
	if err != nil {
		return 0, nil, fmt.Errorf("making the request: %w", err)
	}
	r.Header.Set("Accept", "application/json")
	answer, err := p.client.Do(r)
	if err != nil {
		return 0, nil, err // names the method and the address
	}
	defer answer.Body.Close()
	if body, err = io.ReadAll(answer.Body); err != nil {
		return 0, nil, fmt.Errorf("reading the answer of %s: %w", at, err)
	}
	return answer.StatusCode, body, nil
}

// temporary reports whether a status says nothing of the request.
func temporary(status int) bool {
	return status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status == http.StatusTooEarly
}

// newMetadata checks a document.
func (p *Provider) newMetadata(d document) (*metadata, error) {
	if err := p.checkIssuer(d.Issuer); err != nil {
		return nil, err
	}
	for _, endpoint := range []struct {
		name, address string
		optional      bool
	}{
		{"authorization_endpoint", d.Authorization, false}, {"token_endpoint", d.Token, false}, {"jwks_uri", d.JWKS, false},
		{"userinfo_endpoint", d.UserInfo, true}, {"revocation_endpoint", d.Revocation, true},
	} {
		at, err := url.Parse(endpoint.address)
		switch {
		case endpoint.address == "" && endpoint.optional:
		case err != nil, at.Host == "", at.Scheme != "https" && at.Scheme != "http":
			return nil, fmt.Errorf("the discovery document at %s has no usable %s: this is not an OpenID provider that can log users in", p.settings.ConfigURL, endpoint.name)
		case at.Scheme == "http" && strings.HasPrefix(d.Issuer, "https:"):
			return nil, fmt.Errorf("the discovery document at %s has a %s without TLS, though its issuer has TLS: mend the identity provider's configuration", p.settings.ConfigURL, endpoint.name)
		}
	}
	m := &metadata{
		document: d, issuer: d.Issuer,
		style:    p.authStyle(d.AuthMethods),
		idTokens: []string{"RS256"}, // which every provider must support (OpenID Connect Core 1.0, section 15.1)
		keys:     newKeys(p, d.JWKS),
		entra:    entraV1Issuer(d.Issuer),
		google:   d.Issuer == "https://accounts.google.com",
	}
	if d.Algorithms != nil {
		m.idTokens = slices.DeleteFunc(slices.Clone(d.Algorithms), func(a string) bool { return !slices.Contains(algorithms(), a) })
		if len(m.idTokens) == 0 {
			return nil, fmt.Errorf("the identity provider signs id tokens with none of the algorithms that are safe here (%s): change that at the identity provider",
				strings.Join(algorithms(), ", "))
		}
	}
	m.userinfo = (&oidc.ProviderConfig{IssuerURL: d.Issuer, UserInfoURL: d.UserInfo, JWKSURL: d.JWKS, Algorithms: m.idTokens}).
		NewProvider(oidc.ClientContext(context.Background(), p.client))
	return m, nil
}

// checkIssuer compares the issuer of a document with its address (OpenID Connect
// Discovery 1.0, section 4.3), but for a slash at its end, which is not in the
// address (section 4.1).
func (p *Provider) checkIssuer(issuer string) error {
	switch {
	case strings.Contains(issuer, "{"):
		return fmt.Errorf("INFRAHUB_MCP_OIDC_CONFIG_URL is %q, which is for users of all tenants: put the id of your tenant in the place of common, organizations or consumers",
			p.settings.ConfigURL)
	case strings.TrimSuffix(issuer, "/") == p.issuer:
		return nil
	case strings.HasPrefix(issuer, "https://sts.windows.net/"):
		return fmt.Errorf("INFRAHUB_MCP_OIDC_CONFIG_URL is %q, which is version 1.0 of Entra: use https://login.microsoftonline.com/<tenant id>/v2.0%s",
			p.settings.ConfigURL, discoveryPath)
	}
	return fmt.Errorf("INFRAHUB_MCP_OIDC_CONFIG_URL is %q, but the document there says that its issuer is %.200q: use the address that the issuer has with %s behind it, or mend the host name in the identity provider's configuration",
		p.settings.ConfigURL, issuer, discoveryPath)
}

// authStyle is how this server names itself at the token endpoint. It is never
// found out by trying: a code is good for one try.
func (p *Provider) authStyle(methods []string) oauth2.AuthStyle {
	if p.settings.ClientSecret() == "" {
		return oauth2.AuthStyleInParams
	}
	// A document without methods means basic (OpenID Connect Discovery 1.0).
	if methods == nil || slices.Contains(methods, "client_secret_basic") {
		return oauth2.AuthStyleInHeader
	}
	return oauth2.AuthStyleInParams
}

// entraV1Issuer returns the issuer that access tokens of version 1.0 of an Entra
// tenant have, when issuer is that of version 2.0, and "" for other providers.
func entraV1Issuer(issuer string) string {
	for _, host := range []string{"login.microsoftonline.com", "login.microsoftonline.us"} {
		if rest, ok := strings.CutPrefix(issuer, "https://"+host+"/"); ok {
			if tenant, ok := strings.CutSuffix(rest, "/v2.0"); ok && !strings.Contains(tenant, "/") {
				return "https://sts.windows.net/" + tenant + "/"
			}
		}
	}
	return ""
}

// onLoopback reports whether the provider is on this machine.
func (p *Provider) onLoopback() bool {
	at, err := url.Parse(p.issuer)
	if err != nil {
		return false
	}
	address, err := netip.ParseAddr(at.Hostname())
	return at.Hostname() == "localhost" || err == nil && address.IsLoopback()
}
