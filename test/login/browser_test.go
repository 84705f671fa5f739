package login_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestTheBackButtonLeadsToALoginThatWorks(t *testing.T) {
	everywhere(t, func(t *testing.T, at place) {
		a := known(t, at.server(t, nil))
		p := newPerson(t)
		login := a.attempt(t)
		p.must(t, p.open(t, login.url), consentPage)
		p.must(t, p.reload(t), consentPage)
		p.must(t, p.allow(t), loginPage)
		p.must(t, p.back(t), consentPage)
		p.must(t, p.allow(t), loginPage)
		p.must(t, p.signIn(t, "writer"), clientPage)
		a.writes(t, a.redeem(t, login, a.answer(t)).Access)
	})
}

func TestTheBackButtonAfterALoginRepeatsNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, at place) {
		a := known(t, at.server(t, nil))
		p := newPerson(t)
		login := a.attempt(t)
		p.logIn(t, login.url, "writer")
		answer := a.answer(t)
		got := a.redeem(t, login, answer)

		// Back to the provider's page, which sends them on with a state that was used.
		p.must(t, p.back(t), loginPage)
		p.must(t, p.signIn(t, "writer"), otherPage)
		if status := p.status(); status != http.StatusForbidden {
			t.Errorf("a login that is over is answered with status %d: %s", status, p.text(t))
		}
		if text := p.text(t); !strings.Contains(text, "may be connected already") {
			t.Errorf("the page does not calm anybody: %s", text)
		}
		p.picture(t, "login-over")
		if len(a.answers) > 0 {
			t.Error("the client got a second answer")
		}
		if !a.works(t, got.Access) {
			t.Error("the login does not work any longer")
		}
	})
}

// Keycloak forgets a person who logs in with the scope offline_access at once, and
// ends what other tabs had begun.
func TestTwoTabsLogInAtOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, at place) {
		t.Run("at Keycloak", func(t *testing.T) {
			t.Parallel()
			s := at.serverWith(t, atRealm().with(settings{"OIDC_OFFLINE_ACCESS": "false"}))
			// Its page notices that the person is known by now, and goes on by itself.
			twoTabs(t, s, func(left *tab) page { return left.settleAt(t, clientPage) })
		})
		t.Run("at another provider", func(t *testing.T) {
			t.Parallel()
			twoTabs(t, at.serverAtAnotherProvider(t, "public"), func(left *tab) page { return left.signIn(t, "writer") })
		})
	})
}

// twoTabs has a person log in two clients in two tabs, both of which are at the
// provider before one goes on. finish finishes what is left in the other.
func twoTabs(t *testing.T, s *server, finish func(left *tab) page) {
	t.Helper()
	p := newPerson(t)
	first, second := known(t, s), known(t, s)
	one, two := p.tab, p.another(t)
	loginOne, loginTwo := first.attempt(t), second.attempt(t)
	one.must(t, one.open(t, loginOne.url), consentPage)
	two.must(t, two.open(t, loginTwo.url), consentPage)
	one.must(t, one.allow(t), loginPage)
	two.must(t, two.allow(t), loginPage)
	two.must(t, two.signIn(t, "writer"), clientPage)
	second.writes(t, second.redeem(t, loginTwo, second.answer(t)).Access)
	one.must(t, finish(one), clientPage)
	first.writes(t, first.redeem(t, loginOne, first.answer(t)).Access)
}

func TestTheConsentPageIsGuarded(t *testing.T) {
	everywhere(t, func(t *testing.T, at place) {
		a := known(t, at.server(t, nil))
		p := newPerson(t)
		p.must(t, p.open(t, a.attempt(t).url), consentPage)
		for name, want := range map[string]string{
			"Content-Security-Policy": "frame-ancestors 'none'", "X-Frame-Options": "DENY", "Cache-Control": "no-store",
			"Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff",
		} {
			if got := p.header(name); !strings.Contains(got, want) {
				t.Errorf("the header %s is %q, want %q in it", name, got, want)
			}
		}
		const active = `document.scripts.length + performance.getEntriesByType("resource").length +
			[...document.querySelectorAll("*")].filter((e) => e.getAttributeNames().some((name) => name.startsWith("on"))).length`
		if n := evaluate[int](t, p.tab, active); n > 0 {
			t.Errorf("the page has %d scripts, or loads as many files", n)
		}
	})
}

// A page has to be readable wherever it is shown. What axe-core finds without
// people is looked for: names of fields and buttons, contrast, order, language.
func TestThePagesAreMadeForPeople(t *testing.T) {
	t.Parallel()
	axe, err := os.ReadFile(filepath.Join("clients", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(t, nil)
	a, long := known(t, s), newApp(t, s, strings.Repeat("Verylongname", 40))
	long.discover(t)
	long.callback += "/" + strings.Repeat("averylongpath", 30)
	long.register(t)
	pages := []struct{ name, address string }{
		{"consent", a.attempt(t).url},
		{"consent-long", long.attempt(t).url},
		{"refused", strings.Replace(a.attempt(t).url, a.id, "nobody", 1)},
	}
	light, dark := map[string]string{"prefers-color-scheme": "light"}, map[string]string{"prefers-color-scheme": "dark"}
	for _, look := range []struct {
		name     string
		width    int64
		features map[string]string
	}{
		{"desktop-light", 1280, light}, {"desktop-dark", 1280, dark},
		{"phone-light", 360, light}, {"phone-dark", 360, dark},
		{"narrow-light", 320, light}, {"narrow-dark", 320, dark}, // WCAG 2.2, 1.4.10
	} {
		t.Run(look.name, func(t *testing.T) {
			t.Parallel()
			p := newPerson(t)
			p.appear(t, look.width, 780, look.features)
			for _, page := range pages {
				p.open(t, page.address)
				p.picture(t, page.name+"-"+look.name)
				if wide := evaluate[int](t, p.tab, `document.documentElement.scrollWidth - window.innerWidth`); wide > 0 {
					t.Errorf("%s is %d pixels wider than the window", page.name, wide)
				}
				background := evaluate[string](t, p.tab, `getComputedStyle(document.body).backgroundColor`)
				if got := strings.HasPrefix(background, "rgb(2"); got != (look.features["prefers-color-scheme"] == "light") {
					t.Errorf("%s has the background %s", page.name, background)
				}
				evaluate[chromedp.Void](t, p.tab, string(axe))
				await := func(p *runtime.EvaluateParams) { p.AwaitPromise = new(true); p.ReturnByValue = new(true) }
				found := evaluate[verdict](t, p.tab, axeRun, await)
				for _, violation := range found.Violations {
					t.Errorf("%s: %s", page.name, violation)
				}
				if found.Contrasts == 0 {
					t.Errorf("%s: no contrast was measured", page.name)
				}
			}
			if complaints := p.complaints(); len(complaints) > 0 {
				t.Errorf("the browser complains: %q", complaints)
			}
		})
	}
}

// verdict is what axe-core says of a page.
type verdict struct {
	Violations []string // of its rules, and contrasts that it could not measure
	Contrasts  int      // texts of which it measured the contrast
}

const axeRun = `axe.run().then((r) => ({
	violations: r.violations.concat(r.incomplete.filter((v) => v.id === "color-contrast"))
		.flatMap((v) => v.nodes.filter((n) => !n.html.includes("aria-hidden")).map((n) => v.id + ": " + n.html + ": " + n.failureSummary)),
	contrasts: r.passes.filter((v) => v.id === "color-contrast").reduce((sum, v) => sum + v.nodes.length, 0),
}))`

func TestTheConsentPageNeedsOnlyTheKeyboard(t *testing.T) {
	t.Parallel()
	a := known(t, newServer(t, nil))
	p := newPerson(t)
	login := a.attempt(t)
	p.must(t, p.open(t, login.url), consentPage)
	stop := func() (id string) {
		t.Helper()
		p.do(t, "pressing the tab key", chromedp.KeyEvent(kb.Tab))
		if !evaluate[bool](t, p.tab, `(() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2; })()`) {
			t.Error("nobody sees where the focus is")
		}
		return evaluate[string](t, p.tab, `document.activeElement.id`)
	}
	if got := stop(); got != "write" {
		t.Fatalf("the first stop of the tab key is %q", got)
	}
	p.do(t, "pressing the space key", chromedp.KeyEvent(" "))
	if evaluate[bool](t, p.tab, `document.activeElement.checked`) {
		t.Error("the space key does not untick writing")
	}
	if got := stop(); got != "allow" {
		t.Fatalf("the second stop of the tab key is %q", got)
	}
	if got := stop(); got != "deny" {
		t.Fatalf("the third stop of the tab key is %q", got)
	}
	p.do(t, "going back", chromedp.KeyEvent(kb.Tab, chromedp.KeyModifiers(chromedp.ModifierShift)))
	before := p.now(t)
	p.do(t, "pressing the enter key", chromedp.KeyEvent(kb.Enter))
	p.must(t, p.settle(t, before), loginPage)
	p.must(t, p.signIn(t, "writer"), clientPage)
	a.onlyReads(t, a.redeem(t, login, a.answer(t)).Access)
}

func TestAPageThatRefusesSaysNothingOfTheRequest(t *testing.T) {
	t.Parallel()
	a := known(t, newServer(t, nil))
	p := newPerson(t)
	const evil = "https://evil.example/<script>"
	for name, address := range map[string]string{
		"another redirect URI": strings.Replace(a.attempt(t).url, "%2Fcallback", "%2Felsewhere", 1),
		"an unknown client":    strings.Replace(a.attempt(t).url, a.id, "nobody", 1),
		"an unknown state":     a.metadata.Issuer + "/oauth/callback?code=x&state=y",
		"an error":             a.metadata.Issuer + "/oauth/callback?error=access_denied&error_description=" + evil + "&state=y",
	} {
		p.must(t, p.open(t, address), otherPage)
		if status := p.status(); status != http.StatusBadRequest && status != http.StatusForbidden {
			t.Errorf("%s: status %d", name, status)
		}
		if text := p.text(t); strings.Contains(text, "evil") || strings.TrimSpace(text) == "" {
			t.Errorf("%s: the page says %q", name, text)
		}
		if p.address(t).Host != strings.TrimPrefix(a.metadata.Issuer, "http://") {
			t.Errorf("%s: the browser was sent to %s", name, p.address(t))
		}
	}
	if len(a.answers) > 0 {
		t.Error("the client got an answer")
	}
}
