package provider

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"infrahub-mcp/internal/auth/oidc/idptest"
)

func TestADiscoveryDocumentThatCannotBeRightStopsTheStart(t *testing.T) {
	t.Parallel()
	document := func(pairs ...any) func(*idptest.Provider) {
		return func(idp *idptest.Provider) {
			idp.Configure(func(b *idptest.Behavior) {
				b.Discovery = func(d map[string]any) {
					for i := 0; i < len(pairs); i += 2 {
						if d[pairs[i].(string)] = pairs[i+1]; pairs[i+1] == nil {
							delete(d, pairs[i].(string))
						}
					}
				}
			})
		}
	}
	answer := func(status int, body string) func(*idptest.Provider) {
		return func(idp *idptest.Provider) {
			idp.Fault(idptest.Discovery, idptest.Fault{Status: status, Body: body, ContentType: "text/html"})
		}
	}
	const mend = "mend the identity provider's configuration"
	for _, test := range []struct {
		name  string
		wrong func(*idptest.Provider)
		want  string // in the error
	}{
		{"another issuer", document("issuer", "https://evil.example.com"), `says that its issuer is "https://evil.example.com": use the address that the issuer has`},
		{"an issuer on another port", document("issuer", "https://keycloak.example.com:8443/realms/infrahub"), "says that its issuer is"},
		{"an issuer that goes on", document("issuer", "https://keycloak.example.com/realms/infrahub/x"), "says that its issuer is"},
		{"an issuer in capitals", document("issuer", "https://Keycloak.example.com/realms/infrahub"), "says that its issuer is"},
		{"no issuer", document("issuer", nil), `says that its issuer is ""`},
		{"an issuer for all tenants", document("issuer", "https://login.microsoftonline.com/{tenantid}/v2.0"), "put the id of your tenant in the place of common"},
		{"version 1.0 of Entra", document("issuer", "https://sts.windows.net/5f6fc0ae/"), "version 1.0 of Entra: use https://login.microsoftonline.com/"},
		{"no authorization endpoint", document("authorization_endpoint", nil), "no usable authorization_endpoint"},
		{"no token endpoint", document("token_endpoint", nil), "no usable token_endpoint"},
		{"no keys", document("jwks_uri", nil), "no usable jwks_uri"},
		{"an authorization endpoint that is a program", document("authorization_endpoint", "javascript://keycloak.example.com/alert(1)"), "no usable authorization_endpoint"},
		{"a token endpoint without host", document("token_endpoint", "https:///token"), "no usable token_endpoint"},
		{"a token endpoint that is no address", document("token_endpoint", "https://keycloak.example.com:port/"), "no usable token_endpoint"},
		{"a token endpoint without TLS", document("token_endpoint", "http://keycloak.example.com/token"), mend},
		{"keys without TLS", document("jwks_uri", "http://keycloak.example.com/keys"), mend},
		{"userinfo that is no address", document("userinfo_endpoint", "/userinfo"), "no usable userinfo_endpoint"},
		{"userinfo without TLS", document("userinfo_endpoint", "http://keycloak.example.com/userinfo"), mend},
		{"revocation without TLS", document("revocation_endpoint", "http://keycloak.example.com/revoke"), mend},
		{"none but shared secrets", document("id_token_signing_alg_values_supported", []string{"HS256", "none"}), "none of the algorithms that are safe here"},
		{"a page", answer(200, "<html>"), "no discovery document in JSON"},
		{"JSON of another form", answer(200, `{"issuer":["x"]}`), "no discovery document in JSON"},
		{"nothing there", answer(404, "not found"), "answers with status 404"},
		{"forbidden", answer(403, "{}"), "answers with status 403"},
		{"a redirect", func(idp *idptest.Provider) {
			idp.Fault(idptest.Discovery, idptest.Fault{Status: 302, Location: idp.ConfigURL(), Times: 1})
		}, "leads to another address"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			idp := idptest.NewVirtual(t, idptest.Keycloak)
			test.wrong(idp)
			p, err := New(settings(idp))
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Start(t.Context()); err == nil || errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			if _, err := p.AuthorizeURL("s", NewAttempt(), false); !errors.Is(err, ErrUnavailable) {
				t.Errorf("a login begins all the same: %v", err)
			}
		})
	}
}

func TestTheIssuerIsTheAddressOfDiscovery(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ address, want string }{
		{"https://example.com/.well-known/openid-configuration", "https://example.com"},
		{"https://example.com/a%2Fb/.well-known/openid-configuration", "https://example.com/a%2Fb"},
		{"https://example.com/x/.well-known/openid-configuration?p=policy", "https://example.com/x"},
		{"http://[::1]:8080/.well-known/openid-configuration", "http://[::1]:8080"},
	} {
		p, err := New(settings(idptest.NewVirtual(t, idptest.Keycloak), func(s *Settings) { s.ConfigURL = test.address }))
		if err != nil {
			t.Errorf("%s: %v", test.address, err)
		} else if p.issuer != test.want {
			t.Errorf("%s: %q, want %q", test.address, p.issuer, test.want)
		}
	}
}

func TestAProviderThatIsDownAtTheStartIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		where idptest.Endpoint
		fault idptest.Fault
	}{
		{"no connection", idptest.Discovery, idptest.Fault{Drop: true}},
		{"broken", idptest.Discovery, idptest.Fault{Status: 500}},
		{"a proxy without the provider", idptest.Discovery, idptest.Fault{Status: 503, Body: "<html>"}},
		{"too many requests", idptest.Discovery, idptest.Fault{Status: 429}},
		{"too slow for a proxy", idptest.Discovery, idptest.Fault{Status: 408}},
		{"too early", idptest.Discovery, idptest.Fault{Status: 425}},
		{"no answer", idptest.Discovery, idptest.Fault{Delay: time.Hour}},
		{"an endless answer", idptest.Discovery, idptest.Fault{Status: 200, Body: strings.Repeat("x", 1<<20+1)}},
		{"keys that cannot be read", idptest.JWKS, idptest.Fault{Status: 500}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				idp := idptest.NewVirtual(t, idptest.Keycloak)
				var log bytes.Buffer
				idp.Fault(test.where, test.fault)
				p := start(t, idp, func(s *Settings) { s.Audience, s.Logger = "account", slog.New(slog.NewTextHandler(&log, nil)) })
				if !strings.Contains(log.String(), "nobody can log in until the identity provider answers") {
					t.Errorf("not logged: %s", &log)
				}
				if test.where == idptest.Discovery {
					wantUnavailable(t, p, idp)
				}
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan bool)
				go func() { p.Run(ctx); close(done) }()
				time.Sleep(3 * time.Minute)
				tries := len(idp.Requests(test.where))
				if tries < 4 || tries > 15 {
					t.Errorf("%d tries in three minutes", tries)
				}
				idp.Heal(test.where)
				time.Sleep(time.Minute)
				mustLogin(t, p, idp)
				if _, err := p.Direct(t.Context(), idp.AccessToken(nil)); err != nil {
					t.Error(err)
				}
				cancel()
				<-done
				if n := strings.Count(log.String(), "answers again"); n != 1 {
					t.Errorf("logged %d times that it answers again: %s", n, &log)
				}
			})
		})
	}
}

// wantUnavailable checks that all that needs discovery says that it may work
// later.
func wantUnavailable(t *testing.T, p *Provider, idp *idptest.Provider) {
	t.Helper()
	var errs []error
	_, err := p.AuthorizeURL("s", NewAttempt(), true)
	errs = append(errs, err)
	_, err = p.Exchange(t.Context(), "code", NewAttempt())
	errs = append(errs, err)
	_, err = p.Refresh(t.Context(), "token", Login{Issuer: idp.Issuer(), Subject: "user-1"})
	errs = append(errs, err)
	_, err = p.Direct(t.Context(), idp.AccessToken(nil))
	errs = append(errs, err, p.Revoke(t.Context(), "token"), p.CheckIssuer([]string{idp.Issuer()}))
	for i, err := range errs {
		if !errors.Is(err, ErrUnavailable) {
			t.Errorf("number %d: %v", i, err)
		}
	}
}

func TestWhatTheProviderChangesIsFollowed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		idp := idptest.NewVirtual(t, idptest.Keycloak)
		p := start(t, idp, func(s *Settings) { s.Audience = "account" })
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan bool)
		go func() { p.Run(ctx); close(done) }()

		withdrawn := idp.AccessToken(nil)
		idp.Rotate(true)
		idp.Configure(func(b *idptest.Behavior) { b.AuthMethods = []string{"client_secret_post"} })
		time.Sleep(refreshInterval + time.Second)
		if _, err := p.Direct(t.Context(), withdrawn); !errors.Is(err, ErrInvalid) {
			t.Errorf("a token of a key that was withdrawn: %v", err)
		}
		mustLogin(t, p, idp)
		if styles := idp.AuthStyles(idptest.Token); len(styles) != 1 || styles[0] != "post" {
			t.Errorf("named itself as %v", styles)
		}

		// What is wrong replaces nothing, and neither does what is not there.
		good := idp.AccessToken(nil)
		for _, wrong := range []func(){
			func() { idp.Down(true) },
			func() {
				idp.Down(false)
				idp.Configure(func(b *idptest.Behavior) {
					b.Discovery = func(d map[string]any) { d["issuer"] = "https://evil.example.com" }
				})
			},
			func() {
				idp.Configure(func(b *idptest.Behavior) { b.Discovery = nil })
				idp.Fault(idptest.JWKS, idptest.Fault{Status: 200, Body: `{"keys":[]}`})
			},
		} {
			wrong()
			time.Sleep(refreshInterval + time.Minute)
			if _, err := p.Direct(t.Context(), good); err != nil {
				t.Error(err)
			}
			if err := p.CheckIssuer([]string{idp.Issuer()}); err != nil {
				t.Error(err)
			}
		}

		// Keys at another address are read there.
		idp.Heal(idptest.JWKS)
		idp.Configure(func(b *idptest.Behavior) {
			b.Discovery = func(d map[string]any) { d["jwks_uri"] = idp.Issuer() + "/keys?new" }
		})
		time.Sleep(refreshInterval + time.Minute)
		if _, err := p.Direct(t.Context(), idp.AccessToken(nil)); err != nil {
			t.Error(err)
		}
		if all := idp.Requests(idptest.JWKS); !all[len(all)-1].Has("new") {
			t.Error("the new address was not asked")
		}
		cancel()
		<-done
	})
}

func TestAProviderWithoutTLSIsWarnedOfUnlessItIsOnThisMachine(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"http://keycloak.internal": true, "http://127.evil.example.com": true, "http://localhost.example.com": true,
		"http://127.0.0.1:8080": false, "http://[::1]:8080": false, "http://localhost": false, "https://keycloak.internal": false,
	} {
		var log bytes.Buffer
		idp := idptest.NewVirtual(t, idptest.Keycloak)
		p, err := New(settings(idp, func(s *Settings) {
			s.ConfigURL, s.Logger = address+discoveryPath, slog.New(slog.NewTextHandler(&log, nil))
		}))
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Start(t.Context()); err != nil { // nobody is there
			t.Error(err)
		}
		if got := strings.Contains(log.String(), "without TLS"); got != want {
			t.Errorf("%s: %t", address, got)
		}
	}
}

func TestEntrasOtherIssuer(t *testing.T) {
	t.Parallel()
	for issuer, want := range map[string]string{
		"https://login.microsoftonline.com/t/v2.0":              "https://sts.windows.net/t/",
		"https://login.microsoftonline.us/t/v2.0":               "https://sts.windows.net/t/",
		"https://login.microsoftonline.com/t/v2.0/":             "",
		"https://login.microsoftonline.com/t":                   "",
		"https://login.microsoftonline.com/a/b/v2.0":            "",
		"https://login.microsoftonline.com.evil.example/t/v2.0": "",
		"http://login.microsoftonline.com/t/v2.0":               "",
		"https://keycloak.example.com/t/v2.0":                   "",
	} {
		if got := entraV1Issuer(issuer); got != want {
			t.Errorf("%s: %q, want %q", issuer, got, want)
		}
	}
}
