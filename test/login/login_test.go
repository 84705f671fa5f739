package login_test

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAWriterLogsInAndWrites(t *testing.T) {
	everywhere(t, func(t *testing.T, at place) {
		s := at.server(t, nil)
		a := known(t, s)
		p := newPerson(t)
		login := a.attempt(t)
		p.must(t, p.open(t, login.url), consentPage)
		text := p.text(t)
		for _, want := range []string{a.name, "127.0.0.1"} {
			if !strings.Contains(text, want) {
				t.Errorf("the consent page does not say %q: %s", want, text)
			}
		}
		p.must(t, p.allow(t), loginPage)
		p.must(t, p.signIn(t, "writer"), clientPage)
		if complaints := p.complaints(); len(complaints) > 0 {
			t.Errorf("the browser complains: %q", complaints)
		}
		got := a.redeem(t, login, a.answer(t))
		if got.Refresh == "" || got.Life <= 0 || !slices.Contains(strings.Fields(got.Scope), "write") {
			t.Errorf("the tokens have the life %d, the scope %q, and a refresh token: %v", got.Life, got.Scope, got.Refresh != "")
		}
		if branch := a.writes(t, got.Access); !strings.HasPrefix(branch, "mcp/writer-example-com-") {
			t.Errorf("the branch %q does not name the writer", branch)
		}
		for _, want := range []string{
			"tool=node_upsert", "user=writer@example.com",
			"oidc_auth enabled=true config_url=" + s.settings["OIDC_CONFIG_URL"] + " client_id=" + confidential,
			"auth_middleware enabled=true auth_mode=oidc write_scopes=['write']",
			"level=DEBUG", // else looking for secrets in the log proves little
		} {
			eventually(t, 10*time.Second, "the log does not say "+want, func() bool { return strings.Contains(s.Log(), want) })
		}
	})
}

func TestAReaderReadsAndIsRefusedToWrite(t *testing.T) {
	everywhere(t, func(t *testing.T, at place) {
		a := known(t, at.server(t, nil))
		reader, writer := a.logIn(t, newPerson(t).tab, "reader"), a.logIn(t, newPerson(t).tab, "writer")
		if slices.Contains(strings.Fields(reader.Scope), "write") {
			t.Errorf("a reader is given the scope %q", reader.Scope)
		}
		a.onlyReads(t, reader.Access)
		all := slices.Sorted(slices.Values(append(a.tools(t, reader.Access), writeTools()...)))
		if diff := cmp.Diff(all, a.tools(t, writer.Access)); diff != "" {
			t.Errorf("what the writer is offered beyond the reader's tools and those that write (-want +got):\n%s", diff)
		}
	})
}

func TestWritingThatWasNotTickedIsGivenByALaterLogin(t *testing.T) {
	everywhere(t, func(t *testing.T, at place) {
		a := known(t, at.server(t, nil))
		p := newPerson(t)
		login := a.attempt(t)
		p.must(t, p.open(t, login.url), consentPage)
		p.untick(t)
		p.must(t, p.proceed(t, "writer"), clientPage)
		less := a.redeem(t, login, a.answer(t))
		a.onlyReads(t, less.Access)

		// The challenge says which scope to ask for.
		more := a.logIn(t, p.tab, "writer", strings.Fields(a.upsert(t, less.Access).challenge(t)["scope"])...)
		a.writes(t, more.Access)
		a.onlyReads(t, less.Access)
	})
}

func TestAReaderWhoBecomesAWriterWritesAfterANewLogin(t *testing.T) {
	t.Parallel()
	r := ownRealm(t)
	a := known(t, serverWith(t, r.atKeycloak(shared.keycloak.url)))
	p := newPerson(t)
	before := a.logIn(t, p.tab, "reader")
	a.onlyReads(t, before.Access)
	r.grant(t, "reader", true)
	after := a.logIn(t, p.tab, "reader", strings.Fields(a.upsert(t, before.Access).challenge(t)["scope"])...)
	a.writes(t, after.Access)
}

func TestWhoDeniesGivesNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, at place) {
		a := known(t, at.server(t, nil))
		p := newPerson(t)
		login := a.attempt(t)
		p.must(t, p.open(t, login.url), consentPage)
		p.must(t, p.deny(t), clientPage)
		a.refused(t, login, a.answer(t), "access_denied")
		for _, step := range p.trail {
			if strings.Contains(step, shared.realm.name) {
				t.Errorf("the browser went to the provider: %s", step)
			}
		}
		// They may think again.
		if !a.works(t, a.logIn(t, p.tab, "reader").Access) {
			t.Error("the token of the next login is refused")
		}
	})
}

// The attack of CVE-2026-27124: consent in one browser, the login in another.
func TestABrowserThatDidNotConsentCannotFinishALogin(t *testing.T) {
	everywhere(t, func(t *testing.T, at place) {
		a := known(t, at.server(t, nil))
		attacker, victim := newPerson(t), newPerson(t)
		login := a.attempt(t)
		attacker.must(t, attacker.open(t, login.url), consentPage)
		attacker.must(t, attacker.allow(t), loginPage)
		// The attacker sends the victim to the provider's page.
		victim.must(t, victim.open(t, attacker.address(t).String()), loginPage)
		victim.must(t, victim.signIn(t, "writer"), otherPage)
		if status := victim.status(); status != http.StatusForbidden {
			t.Errorf("the victim sees status %d", status)
		}
		if len(a.answers) > 0 {
			t.Error("the client of the attacker got an answer")
		}
	})
}

func TestTheProviderHearsTheSecretWhereThereIsOneAndNothingOfTheResource(t *testing.T) {
	everywhere(t, func(t *testing.T, at place) {
		for name, test := range map[string]settings{
			"a client with a secret":                   {},
			"a client without one":                     {"OIDC_CLIENT_ID": public, "OIDC_CLIENT_SECRET": ""},
			"a client without one, and no signing key": {"OIDC_CLIENT_ID": public, "OIDC_CLIENT_SECRET": "", "SIGNING_KEY": ""},
			"a client with a secret, and no other key": {"SIGNING_KEY": ""},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := newWiretap(t, shared.keycloak.url)
				all := shared.realm.atKeycloak(w.url).with(test)
				a := known(t, at.serverWith(t, all))
				got := a.logIn(t, newPerson(t).tab, "writer")
				a.writes(t, got.Access)
				a.writes(t, a.refresh(t, got).Access)
				heard := w.heard()
				if len(heard) != 2 {
					t.Fatalf("the provider was asked %d times for tokens, want once for the code and once for the refresh", len(heard))
				}
				for _, h := range heard {
					if secret := all["OIDC_CLIENT_SECRET"]; h.header != (secret != "") || h.form.Has("client_secret") {
						t.Errorf("%s: a secret in the header: %v, in the form: %v", h.form.Get("grant_type"), h.header, h.form.Has("client_secret"))
					}
					if h.form.Has("resource") {
						t.Error("the provider is told the resource")
					}
				}
				if w.resources.Load() > 0 {
					t.Error("the provider's login page is told the resource")
				}
			})
		}
	})
}

func TestARealInfrahubIsReadAfterALogin(t *testing.T) {
	t.Parallel()
	address, token := os.Getenv("INFRAHUB_ADDRESS"), os.Getenv("INFRAHUB_API_TOKEN")
	if address == "" || token == "" {
		t.Skip("INFRAHUB_ADDRESS and INFRAHUB_API_TOKEN name no Infrahub")
	}
	shared.secrets.add("the token of Infrahub", token)
	a := known(t, newServer(t, settings{"INFRAHUB_ADDRESS": address, "INFRAHUB_API_TOKEN": token}))
	a.onlyReads(t, a.logIn(t, newPerson(t).tab, "reader").Access)
	writer := a.logIn(t, newPerson(t).tab, "writer")
	a.reads(t, writer.Access)
	a.offersWriting(t, writer.Access)
}
