package provider

import (
	"bytes"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/auth/oidc/idptest"
)

// logged is a change of settings that has what is logged written to log, without
// the time.
func logged(log *bytes.Buffer) func(*Settings) {
	return func(s *Settings) {
		s.Logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{
			Level: slog.LevelDebug,
			ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey {
					return slog.Attr{}
				}
				return a
			},
		}))
	}
}

func TestTheOperatorLearnsWhyTheProviderRefusesAndNothingElseOfWhatItSays(t *testing.T) {
	t.Parallel()
	const (
		refuses = `level=WARN msg="the identity provider refuses a token" `
		accepts = `level=ERROR msg="the identity provider does not accept this server: check INFRAHUB_MCP_OIDC_CLIENT_ID, INFRAHUB_MCP_OIDC_CLIENT_SECRET and the grants of the client there" `
		text    = `,"error_description":"AADSTS50057: <b>a text of the provider</b>","suberror":"text","trace_id":"text","error_uri":"text"}`
	)
	for _, test := range []struct {
		name    string
		profile idptest.Profile
		status  int
		body    string
		want    string
	}{
		{"a code", idptest.Keycloak, 400, `{"error":"invalid_grant"` + text, refuses + "code=invalid_grant\n"},
		{"a code and a number", idptest.EntraV2, 400, `{"error":"invalid_grant","error_codes":[50057]` + text, refuses + "code=invalid_grant error_codes=[50057]\n"},
		{"numbers, of which five are enough", idptest.EntraV1, 400, `{"error":"invalid_grant","error_codes":[1,2,3,4,5,6,7]` + text, refuses + "code=invalid_grant error_codes=\"[1 2 3 4 5]\"\n"},
		{"no numbers", idptest.EntraV2, 400, `{"error":"invalid_grant","error_codes":[]` + text, refuses + "code=invalid_grant\n"},
		{"texts in the place of numbers", idptest.EntraV2, 400, `{"error":"invalid_grant","error_codes":["text"]` + text, refuses + "code=invalid_grant\n"},
		{"a text in the place of the numbers", idptest.EntraV2, 400, `{"error":"invalid_grant","error_codes":"text"` + text, refuses + "code=invalid_grant\n"},
		{"numbers that are none of Entra", idptest.EntraV2, 400, `{"error":"invalid_grant","error_codes":[-1,1.5,99999999999]` + text, refuses + "code=invalid_grant\n"},
		{"numbers of another provider", idptest.Keycloak, 400, `{"error":"invalid_grant","error_codes":[50057]` + text, refuses + "code=invalid_grant\n"},
		{"a wrong secret", idptest.EntraV2, 401, `{"error":"invalid_client","error_codes":[7000215]` + text, accepts + "code=invalid_client error_codes=[7000215]\n"},
		{"a code that cannot be one", idptest.EntraV2, 400, `{"error":"text text","error_codes":[50057]` + text, ""},
		{"no refusal", idptest.EntraV2, 503, `{"error":"temporarily_unavailable","error_codes":[90033]` + text, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			idp := idptest.NewVirtual(t, test.profile)
			p := start(t, idp, logged(&log))
			idp.Fault(idptest.Token, idptest.Fault{Status: test.status, Body: test.body})
			of := Login{Issuer: idp.Issuer(), Subject: "user-1"}
			if _, err := p.Refresh(t.Context(), "token", of); err == nil || strings.Contains(err.Error(), "text") {
				t.Error(err)
			}
			if _, err := p.Exchange(t.Context(), "code", NewAttempt()); err == nil || strings.Contains(err.Error(), "text") {
				t.Error(err)
			}
			if diff := cmp.Diff(test.want+test.want, log.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestScopesThatTheProviderRefusesAreNamed(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	idp := idptest.NewVirtual(t, idptest.Keycloak)
	// The realm has the scope, and the client has not.
	idp.Configure(func(b *idptest.Behavior) { b.CustomScopes = nil })
	p := start(t, idp, logged(&log))
	decline := func(write bool) *Refused {
		t.Helper()
		log.Reset()
		at, err := p.AuthorizeURL("s", NewAttempt(), write)
		if err != nil {
			t.Fatal(err)
		}
		back, err := url.Parse(idp.Login(t, at))
		if err != nil {
			t.Fatal(err)
		}
		return p.Declined(t.Context(), back.Query().Get("error"), write)
	}
	if r := decline(true); r.Code != "invalid_scope" || errors.Is(r, ErrUnavailable) {
		t.Error(r)
	}
	const refuses = `level=ERROR msg="the identity provider refuses the scopes of a login: ` +
		`assign every one of them to this client there, or take those that it cannot have out of INFRAHUB_MCP_OIDC_SCOPES and INFRAHUB_MCP_AUTH_SCOPES_WRITE" code=invalid_scope `
	if diff := cmp.Diff(refuses+"scopes=\"[openid email profile write offline_access]\"\n", log.String()); diff != "" {
		t.Error(diff)
	}
	idp.Deny("invalid_scope", idptest.Untold)
	decline(false)
	if diff := cmp.Diff(refuses+"scopes=\"[openid email profile offline_access]\"\n", log.String()); diff != "" {
		t.Error(diff)
	}
	idp.Deny("access_denied", idptest.Untold)
	if r := decline(true); r.Code != "access_denied" {
		t.Error(r)
	}
	if log.Len() > 0 {
		t.Errorf("advice on scopes for another error: %s", &log)
	}
}

func TestCodesThatCannotBeOnesAreNotPassedOn(t *testing.T) {
	t.Parallel()
	p, err := New(settings(idptest.NewVirtual(t, idptest.Keycloak))) // before discovery
	if err != nil {
		t.Fatal(err)
	}
	for code, want := range map[string]string{
		"access_denied": "access_denied", "invalid_scope": "invalid_scope", "Vendor-1.2": "Vendor-1.2", strings.Repeat("x", 64): strings.Repeat("x", 64),
		"": "server_error", "<b>": "server_error", "a b": "server_error", "a\n": "server_error", "é": "server_error", strings.Repeat("x", 65): "server_error",
	} {
		if got := Refusal(code).Code; got != want {
			t.Errorf("%q became %q", code, got)
		}
		if got := p.Declined(t.Context(), code, true).Code; got != want {
			t.Errorf("%q became %q", code, got)
		}
	}
}
