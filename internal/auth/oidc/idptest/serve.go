package idptest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Untold is in the description of every error of the token, userinfo and
// revocation endpoints. Search what the tested program shows and logs for it.
const Untold = "<b>a text of the provider</b>"

const discoveryPath = "/.well-known/openid-configuration"

// grant is what a user granted to the client.
type grant struct {
	user                          User
	asked                         []string // scopes of the request
	redirect, nonce, challenge    string
	audience                      string
	offline, idToken, refreshable bool
}

// ServeHTTP answers requests to all endpoints.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	issuer, err := url.Parse(p.base())
	if err != nil {
		panic(err) // the issuer is ours
	}
	path, _ := strings.CutPrefix(r.URL.Path, issuer.Path)
	endpoints := map[string]struct {
		name    Endpoint
		handler func(http.ResponseWriter, *http.Request)
	}{
		discoveryPath: {Discovery, p.serveDiscovery},
		"/authorize":  {Authorize, p.serveAuthorize},
		"/token":      {Token, p.serveToken},
		"/userinfo":   {UserInfo, p.serveUserInfo},
		"/revoke":     {Revocation, p.serveRevocation},
		"/keys":       {JWKS, p.serveKeys},
	}
	endpoint, ok := endpoints[path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	p.record(endpoint.name, r)
	if !p.fault(w, r, endpoint.name) {
		endpoint.handler(w, r)
	}
}

func (p *Provider) record(e Endpoint, r *http.Request) {
	parameters := r.URL.Query()
	if r.Method == http.MethodPost {
		_ = r.ParseForm() // what cannot be read is refused by the handler
		parameters = r.PostForm
	}
	auth := "none"
	switch scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " "); {
	case scheme != "":
		auth = strings.ToLower(scheme)
	case parameters.Has("client_secret"):
		auth = "post"
	case e != Authorize && parameters.Has("client_id"):
		auth = "public"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests[e] = append(p.requests[e], request{parameters, auth})
}

func (p *Provider) serveDiscovery(w http.ResponseWriter, _ *http.Request) {
	b, _ := p.snapshot()
	base := p.base()
	document := map[string]any{
		"issuer":                   p.issuer,
		"authorization_endpoint":   base + "/authorize",
		"token_endpoint":           base + "/token",
		"userinfo_endpoint":        base + "/userinfo",
		"jwks_uri":                 base + "/keys",
		"response_types_supported": []string{"code"},
		"subject_types_supported":  []string{"public"},
	}
	for name, list := range map[string][]string{
		"scopes_supported":                      b.ScopesSupported,
		"token_endpoint_auth_methods_supported": b.AuthMethods,
		"id_token_signing_alg_values_supported": b.Algorithms,
	} {
		if list != nil {
			document[name] = list
		}
	}
	if b.ChallengeMethods {
		document["code_challenge_methods_supported"] = []string{"plain", "S256"}
	}
	if b.IssParameter {
		document["authorization_response_iss_parameter_supported"] = true
	}
	if b.HasRevocation {
		document["revocation_endpoint"] = base + "/revoke"
	}
	if b.Discovery != nil {
		b.Discovery(document)
	}
	answer(w, http.StatusOK, document)
}

func (p *Provider) serveKeys(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, p.keySet())
}

// serveAuthorize logs the user in without a page.
func (p *Provider) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	redirect, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || !redirect.IsAbs() || q.Get("client_id") != p.ClientID {
		http.Error(w, "unknown client or redirect URI", http.StatusBadRequest)
		return
	}
	b, user := p.snapshot()
	back := url.Values{}
	if q.Has("state") {
		back.Set("state", q.Get("state"))
	}
	if b.IssParameter {
		back.Set("iss", p.issuer)
	}
	g, code, description := p.authorize(b, user, q)
	if code == "" {
		back.Set("code", p.keep(p.codes, g))
	} else {
		back.Set("error", code)
		back.Set("error_description", description)
	}
	query := redirect.Query()
	maps.Copy(query, back)
	redirect.RawQuery = query.Encode()
	w.Header().Set("Location", redirect.String())
	w.WriteHeader(http.StatusFound)
}

// authorize returns the grant, or an error code with its description.
func (p *Provider) authorize(b Behavior, user User, q url.Values) (g grant, code, description string) {
	p.mu.Lock()
	refusal := p.refusal
	p.mu.Unlock()
	switch {
	case refusal.code != "":
		return g, refusal.code, refusal.description
	case q.Get("response_type") != "code":
		return g, "unsupported_response_type", "only code"
	case q.Get("code_challenge") == "" || q.Get("code_challenge_method") != "S256":
		return g, "invalid_request", "PKCE with S256 is required"
	case q.Has("resource") && (p.profile == EntraV1 || p.profile == EntraV2):
		return g, "invalid_request", "AADSTS901002: The 'resource' request parameter is not supported."
	case q.Get("scope") == "" && p.profile != Keycloak && p.profile != Auth0:
		return g, "invalid_request", "scope is missing"
	}
	g = grant{
		user: user, asked: strings.Fields(q.Get("scope")),
		redirect: q.Get("redirect_uri"), nonce: q.Get("nonce"), challenge: q.Get("code_challenge"), audience: q.Get("audience"),
	}
	for _, s := range g.asked {
		if s == "openid" {
			g.idToken = true
		}
		if s == "offline_access" {
			g.offline = true
			if p.profile == Google {
				return g, "invalid_scope", "offline_access"
			}
		}
		if standard(s) {
			continue
		}
		short, prefixed := strings.CutPrefix(s, b.ScopePrefix)
		if !prefixed || !slices.Contains(b.CustomScopes, short) {
			if p.profile == Auth0 {
				continue // drops what it does not know
			}
			return g, "invalid_scope", "there is no scope " + s
		}
		if !b.DropScopes && !slices.Contains(user.Scopes, short) {
			return g, "access_denied", "the user may not have " + s
		}
	}
	switch b.Refresh {
	case RefreshAlways:
		g.refreshable = true
	case RefreshOffline:
		g.refreshable = g.offline
	case RefreshAccessType:
		g.refreshable = q.Get("access_type") == "offline"
	case RefreshNever:
	}
	return g, "", ""
}

func standard(scope string) bool {
	return slices.Contains([]string{"openid", "profile", "email", "address", "phone", "offline_access"}, scope)
}

// serveToken redeems codes and refresh tokens.
func (p *Provider) serveToken(w http.ResponseWriter, r *http.Request) {
	b, user := p.snapshot()
	if !p.authenticate(w, r, b) {
		return
	}
	form := r.PostForm
	switch form.Get("grant_type") {
	case "authorization_code":
		g, ok := p.take(p.codes, form.Get("code"))
		if !ok || form.Get("redirect_uri") != g.redirect || challenge(form.Get("code_verifier")) != g.challenge {
			p.fail(w, http.StatusBadRequest, "invalid_grant")
			return
		}
		refresh := ""
		if g.refreshable {
			refresh = p.keep(p.refresh, g)
		}
		p.grantTokens(w, b, g, refresh, g.idToken)
	case "refresh_token":
		old := form.Get("refresh_token")
		g, ok := p.refreshGrant(old, b.RotateRefresh)
		if !ok {
			p.fail(w, http.StatusBadRequest, "invalid_grant")
			return
		}
		if g.user.Subject == user.Subject {
			g.user = user
		}
		refresh := ""
		if b.RotateRefresh {
			refresh = p.keep(p.refresh, g)
		}
		g.nonce = ""
		p.grantTokens(w, b, g, refresh, g.idToken && !b.NoIDTokenOnRefresh)
	default:
		p.fail(w, http.StatusBadRequest, "unsupported_grant_type")
	}
}

// refreshGrant looks up a refresh token, and takes it away when it is to be
// replaced.
func (p *Provider) refreshGrant(token string, rotate bool) (grant, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g, ok := p.refresh[token]
	if !ok || p.disabled {
		return grant{}, false
	}
	if rotate {
		delete(p.refresh, token)
	}
	return g, true
}

// grantTokens answers with tokens (RFC 6749, section 5.1).
func (p *Provider) grantTokens(w http.ResponseWriter, b Behavior, g grant, refresh string, withIDToken bool) {
	var long, short []string // scopes, as the response and as an access token have them
	custom := false
	for _, s := range g.asked {
		switch name := strings.TrimPrefix(s, b.ScopePrefix); {
		case standard(s):
			if b.LongScopes && s != "openid" {
				s = "https://www.googleapis.com/auth/userinfo." + s
			}
			long = append(long, s)
			if b.ScopePrefix == "" {
				short = append(short, s)
			}
		case slices.Contains(b.CustomScopes, name) && slices.Contains(g.user.Scopes, name):
			custom = true
			long, short = append(long, s), append(short, name)
		}
	}
	response := map[string]any{"token_type": "Bearer", "access_token": p.newAccessToken(b, g, short, custom)}
	if b.ExpiresIn != nil {
		response["expires_in"] = b.ExpiresIn
	}
	if b.Scope == ScopeAlways || b.Scope == ScopeIfChanged && len(long) != len(g.asked) {
		response["scope"] = strings.Join(long, " ")
	}
	if refresh != "" {
		response["refresh_token"] = refresh
	}
	access, _ := response["access_token"].(string)
	if withIDToken {
		token := p.idToken(b, g, access)
		if b.IDToken != nil {
			b.IDToken(token)
		}
		response["id_token"] = token.String()
	}
	p.mu.Lock()
	p.access[access] = g
	p.mu.Unlock()
	if b.Response != nil {
		b.Response(response)
	}
	answer(w, http.StatusOK, response)
}

// newAccessToken makes an access token of the form that the grant gets.
func (p *Provider) newAccessToken(b Behavior, g grant, scopes []string, custom bool) string {
	form := b.Access
	switch form {
	case ReadableWithAudience:
		form = Opaque
		if g.audience != "" {
			form = Readable
			b.Audience = []string{g.audience, p.base() + "/userinfo"}
		}
	case ReadableWithScope:
		form = Unverifiable
		if custom {
			form = Readable
		}
	case Opaque, Readable, Unverifiable:
	}
	if form == Opaque {
		return rand.Text()
	}
	token := p.accessToken(b, g.user, scopes)
	if form == Unverifiable {
		kid := "not-published"
		if p.profile == EntraV1 || p.profile == EntraV2 {
			// A token for Microsoft Graph: signed with a published key, but over
			// a header that has another nonce.
			kid, token.Header["nonce"] = p.key().id, rand.Text()
		}
		p.Forge(token, kid)
	}
	if b.AccessToken != nil {
		b.AccessToken(token)
	}
	return token.String()
}

// authenticate checks the client (RFC 6749, section 2.3), as strictly as the
// vendors do.
func (p *Provider) authenticate(w http.ResponseWriter, r *http.Request, b Behavior) bool {
	if r.Method != http.MethodPost || r.PostForm == nil {
		p.fail(w, http.StatusBadRequest, "invalid_request")
		return false
	}
	id, secret, method := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret"), "client_secret_post"
	if user, password, ok := r.BasicAuth(); ok {
		var err1, err2 error
		id, err1 = url.QueryUnescape(user)
		secret, err2 = url.QueryUnescape(password)
		method = "client_secret_basic"
		if err1 != nil || err2 != nil || r.PostForm.Has("client_secret") {
			p.fail(w, http.StatusBadRequest, "invalid_request")
			return false
		}
	}
	methods := b.AuthMethods
	if methods == nil {
		methods = []string{"client_secret_basic"}
	}
	confidential := p.ClientSecret != ""
	switch {
	case id != p.ClientID,
		!confidential && (secret != "" || method == "client_secret_basic"),
		confidential && !slices.Contains(methods, method):
		p.fail(w, http.StatusUnauthorized, "invalid_client")
		return false
	case secret != p.ClientSecret:
		p.fail(w, http.StatusUnauthorized, b.WrongSecret)
		return false
	}
	return true
}

func (p *Provider) serveUserInfo(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	p.mu.Lock()
	g, ok := p.access[token]
	p.mu.Unlock()
	// The userinfo endpoint of Entra takes tokens for Microsoft Graph alone.
	foreign := (p.profile == EntraV1 || p.profile == EntraV2) && slices.ContainsFunc(g.asked, func(s string) bool { return !standard(s) })
	if !ok || foreign {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		p.fail(w, http.StatusUnauthorized, "invalid_token")
		return
	}
	b, _ := p.snapshot()
	claims := maps.Clone(g.user.Claims)
	if claims == nil {
		claims = map[string]any{}
	}
	claims["sub"] = g.user.Subject
	if b.UserInfo != nil {
		b.UserInfo(claims)
	}
	if b.SignedUserInfo {
		claims["iss"], claims["aud"] = p.issuer, p.ClientID
		w.Header().Set("Content-Type", "application/jwt")
		_, _ = fmt.Fprint(w, p.JWT(claims))
		return
	}
	answer(w, http.StatusOK, claims)
}

// serveRevocation forgets a token (RFC 7009).
func (p *Provider) serveRevocation(w http.ResponseWriter, r *http.Request) {
	b, _ := p.snapshot()
	if !p.authenticate(w, r, b) {
		return
	}
	p.mu.Lock()
	delete(p.refresh, r.PostForm.Get("token"))
	delete(p.access, r.PostForm.Get("token"))
	p.mu.Unlock()
	w.WriteHeader(http.StatusOK)
}

// keep keeps a grant under a new random key, which it returns.
func (p *Provider) keep(in map[string]grant, g grant) string {
	key := rand.Text()
	p.mu.Lock()
	defer p.mu.Unlock()
	in[key] = g
	return key
}

// take returns a grant, once.
func (p *Provider) take(from map[string]grant, key string) (grant, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g, ok := from[key]
	delete(from, key)
	return g, ok
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // an error means that the client is gone
}

// EntraCode is the number of every error of the Entra profiles.
const EntraCode = 50057

// fail answers an error (RFC 6749, section 5.2), with a text that must reach
// nobody.
func (p *Provider) fail(w http.ResponseWriter, status int, code string) {
	body := map[string]any{"error": code, "error_description": Untold}
	if p.profile == EntraV1 || p.profile == EntraV2 {
		body["error_codes"] = []int{EntraCode}
	}
	answer(w, status, body)
}
