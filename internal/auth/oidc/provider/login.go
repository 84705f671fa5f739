package provider

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Login is what the provider said about a user. Package fmt, logs and JSON show
// nothing of the refresh token.
type Login struct {
	// Issuer and Subject identify the user, together and for ever (OpenID Connect
	// Core 1.0, section 5.7).
	Issuer, Subject string
	// Name is a label for people, never empty: visible characters, at most 100.
	// Two users may have the same.
	Name string
	// Granted are those of [Settings.WriteScopes] for which there is evidence
	// that the user has them: a scope of the token response, a scope in an access
	// token whose signature was checked, or a value of one of the
	// [Settings.ScopeClaims] in that, in the id token, or, when it is in neither,
	// in the answer of the userinfo endpoint, where Okta and others put groups.
	// That a scope was asked for, and no other was mentioned, is none.
	Granted []string
	// RefreshToken is that of the provider, "" if it gave none.
	RefreshToken string `json:"-"`
	// Life is how long the provider's access token is good for, 0 if it did not
	// say.
	Life time.Duration
}

// String shows who logged in.
func (l Login) String() string {
	return fmt.Sprintf("login(%q of %q, %q, %q)", l.Subject, l.Issuer, l.Name, l.Granted)
}

// Format writes the same as String for every verb.
func (l Login) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, l.String()) // the formatter reports its own errors
}

// LogValue is the same as String.
func (l Login) LogValue() slog.Value { return slog.StringValue(l.String()) }

// Exchange redeems the code that the browser brought back. There is exactly one
// request to the token endpoint, since a code is good for one. Errors are
// [*Refused], or match [ErrUnavailable] or [ErrInvalid].
func (p *Provider) Exchange(ctx context.Context, code string, a Attempt) (Login, error) {
	m, err := p.metadata()
	if err != nil {
		return Login{}, err
	}
	if code == "" {
		return Login{}, fmt.Errorf("%w: there is no code", ErrInvalid)
	}
	token, err := p.oauth(m).Exchange(oidc.ClientContext(ctx, p.client), code, oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return Login{}, p.tokenError(ctx, m, err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok || raw == "" {
		return Login{}, fmt.Errorf("%w: there is no id token", ErrInvalid)
	}
	id, err := p.idToken(ctx, m, raw, token.AccessToken)
	if err != nil {
		return Login{}, err
	}
	if !same(id.text("nonce"), a.Nonce) {
		return Login{}, fmt.Errorf("%w: the id token is of another login", ErrInvalid)
	}
	return p.login(ctx, m, token, id, Login{})
}

// Refresh renews a login with the provider's refresh token, and learns whether
// the user still has it and what the user may do now. of is what was known so
// far: its issuer and subject must be the same, and its name stays.
//
// A scope of writing needs evidence anew. A response without scope means that
// the scopes are those granted before (RFC 6749, sections 5.1 and 6): only then,
// and only if there is neither an access token that can be checked nor a
// [Settings.ScopeClaims] to ask, those of of.Granted stay.
//
// The refresh token in the result replaces the old one, which the provider may
// not accept again. So the provider is not asked before its keys have been read,
// and a userinfo endpoint that fails is no reason to fail. Errors are as those of
// [Provider.Exchange].
func (p *Provider) Refresh(ctx context.Context, refreshToken string, of Login) (Login, error) {
	m, err := p.metadata()
	if err != nil {
		return Login{}, err
	}
	switch {
	case of.Issuer != m.issuer:
		return Login{}, fmt.Errorf("%w: the login is of another identity provider", ErrInvalid)
	case of.Subject == "" || refreshToken == "":
		return Login{}, fmt.Errorf("%w: there is no login to refresh", ErrInvalid)
	case m.keys.current.Load() == nil:
		if err := m.keys.refresh(ctx); err != nil {
			return Login{}, fmt.Errorf("reading the keys of the identity provider: %w", err)
		}
	}
	source := p.oauth(m).TokenSource(oidc.ClientContext(ctx, p.client), &oauth2.Token{RefreshToken: refreshToken})
	token, err := source.Token()
	if err != nil {
		return Login{}, p.tokenError(ctx, m, err)
	}
	// A response need not have an id token, but one that it has must be right
	// (OpenID Connect Core 1.0, section 12.2).
	var id claims
	if extra := token.Extra("id_token"); extra != nil && extra != "" {
		raw, _ := extra.(string)
		if id, err = p.idToken(ctx, m, raw, token.AccessToken); err != nil {
			return Login{}, err
		}
		if id.text("sub") != of.Subject {
			return Login{}, fmt.Errorf("%w: the refreshed login is of another user", ErrInvalid)
		}
	}
	return p.login(ctx, m, token, id, of)
}

// login makes a Login of a token response. id is nil if it has no id token, and
// before is what was known, which is nothing at a first login.
func (p *Provider) login(ctx context.Context, m *metadata, token *oauth2.Token, id claims, before Login) (Login, error) {
	if !strings.EqualFold(token.Type(), "Bearer") {
		return Login{}, fmt.Errorf("%w: the access token is not a bearer token", ErrInvalid)
	}
	l := Login{Issuer: m.issuer, Subject: before.Subject, Name: before.Name, RefreshToken: token.RefreshToken, Life: life(token)}
	if l.Subject == "" {
		l.Subject = id.text("sub")
	}
	s := &said{id: id, response: token.Extra("scope")}
	// If there was an id token, the keys are as new as they get. An access token
	// that is meant for somebody else may be signed with a key that is not
	// published, and would make every login ask for it.
	s.access = p.loginAccess(ctx, m, token.AccessToken, token.Extra("id_token") == nil)
	s.userinfo = p.userinfo(ctx, m, token, l.Subject)
	if l.Name == "" {
		l.Name = p.name(s, l.Subject)
	}
	l.Granted = p.granted(s)
	if s.response == nil && s.access == nil && len(p.settings.ScopeClaims) == 0 {
		for _, w := range p.settings.WriteScopes {
			if slices.Contains(before.Granted, w) {
				l.Granted = append(l.Granted, w)
			}
		}
	}
	return l, nil
}

// life is the life of an access token.
func life(token *oauth2.Token) time.Duration {
	if token.ExpiresIn > 0 {
		return time.Duration(token.ExpiresIn) * time.Second
	}
	if !token.Expiry.IsZero() { // of a response that is no JSON
		return max(0, time.Until(token.Expiry).Round(time.Second))
	}
	return 0
}

// userinfo returns a function that asks the userinfo endpoint, once and only
// when it is called. What it returns is nil if that fails or is about somebody
// else (OpenID Connect Core 1.0, section 5.3.2).
func (p *Provider) userinfo(ctx context.Context, m *metadata, token *oauth2.Token, subject string) func() claims {
	var answer claims
	asked := false
	return func() claims {
		if asked {
			return answer
		}
		asked = true
		info, err := m.userinfo.UserInfo(oidc.ClientContext(ctx, p.client), oauth2.StaticTokenSource(token))
		var c claims
		switch {
		case err != nil:
			// The text of the error may hold the answer.
			p.settings.Logger.DebugContext(ctx, "the userinfo endpoint gives no answer of use")
		case info.Subject != subject:
			p.settings.Logger.WarnContext(ctx, "the userinfo endpoint answers about another user")
		case info.Claims(&c) == nil:
			answer = c
		}
		return answer
	}
}

// Revoke tells the provider that a refresh token is not needed any more (RFC
// 7009), if it wants to know. Errors are as those of [Provider.Exchange].
func (p *Provider) Revoke(ctx context.Context, refreshToken string) error {
	m, err := p.metadata()
	if err != nil {
		return err
	}
	if m.document.Revocation == "" || refreshToken == "" {
		return nil
	}
	form := url.Values{"token": {refreshToken}, "token_type_hint": {"refresh_token"}}
	secret := p.settings.ClientSecret()
	if m.style == oauth2.AuthStyleInParams {
		form.Set("client_id", p.settings.ClientID)
		if secret != "" {
			form.Set("client_secret", secret)
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, m.document.Revocation, strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("making the request: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if m.style == oauth2.AuthStyleInHeader {
		r.SetBasicAuth(url.QueryEscape(p.settings.ClientID), url.QueryEscape(secret)) // RFC 6749, section 2.3.1
	}
	answer, err := p.client.Do(r)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusOK || answer.StatusCode == http.StatusNoContent {
		return nil
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return fmt.Errorf("%w: reading the answer of its revocation endpoint: %w", ErrUnavailable, err)
	}
	return refusal(answer.StatusCode, errorCode(body))
}
