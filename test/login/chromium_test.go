package login_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// chromium is the browser that all people of the tests use, each with cookies of
// their own.
type chromium struct {
	ctx  context.Context
	stop context.CancelFunc
}

func startChromium() (*chromium, error) {
	path := os.Getenv("CHROMIUM")
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path == "" {
			path, _ = exec.LookPath(name)
		}
	}
	if path == "" {
		return nil, errors.New("there is no Chromium: CHROMIUM must name one")
	}
	// It shows nothing but pages of this machine, and as root or in a container its
	// sandbox does not start.
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.IgnoreCertErrors)
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stop := chromedp.NewContext(allocator)
	c := &chromium{ctx: ctx, stop: func() { stop(); stopAllocator() }}
	if err := chromedp.Do(ctx); err != nil {
		c.stop()
		return nil, fmt.Errorf("starting %s: %w", path, err)
	}
	return c, nil
}

func (c *chromium) close() error {
	defer c.stop()
	ctx, cancel := context.WithTimeout(c.ctx, 10*time.Second)
	defer cancel()
	return chromedp.Cancel(ctx)
}

// person is somebody with a browser window: its tabs share cookies, which nobody
// else has.
type person struct {
	*tab // the first
}

// tab is a tab of the browser.
type tab struct {
	ctx context.Context

	mu     sync.Mutex
	shown  *network.Response // of the document that is shown
	trail  []string          // addresses that led there, without their parameters
	faults []string          // what the browser complains of
}

// newPerson opens a window that knows nobody.
func newPerson(t *testing.T) person {
	t.Helper()
	return person{openTab(shared.chromium.ctx, t, chromedp.WithNewBrowserContext())}
}

// another opens a further tab in the window.
func (p person) another(t *testing.T) *tab {
	t.Helper()
	return openTab(p.ctx, t)
}

func openTab(parent context.Context, t *testing.T, options ...chromedp.ContextOption) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent, options...)
	t.Cleanup(cancel)
	b := &tab{ctx: ctx}
	if err := chromedp.Listen(ctx, b.note); err != nil {
		t.Fatalf("opening a tab: %v", err)
	}
	return b
}

// note keeps what the tests ask for later.
func (b *tab) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if e.Type == network.ResourceTypeDocument {
			bare, _, _ := strings.Cut(e.Request.URL, "?")
			b.trail = append(b.trail, e.Request.Method+" "+bare)
			shared.secrets.addFrom("an address", queryOf(e.Request.URL))
		}
	case *network.EventResponseReceivedExtraInfo:
		for name, value := range e.Headers {
			if strings.EqualFold(name, "Set-Cookie") {
				addCookies(fmt.Sprint(value))
			}
		}
	case *network.EventResponseReceived:
		if e.Type == network.ResourceTypeDocument {
			b.shown = e.Response
		}
	case *log.EventEntryAdded:
		if e.Entry.Source == log.EntrySourceSecurity || strings.Contains(e.Entry.Text, "Content Security Policy") {
			b.faults = append(b.faults, e.Entry.Text)
		}
	}
}

// queryOf is the query of an address.
func queryOf(address string) url.Values {
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	return u.Query()
}

// addCookies adds the cookies of a login to the secrets. The browser writes several
// headers as lines of one.
func addCookies(headers string) {
	for line := range strings.Lines(headers) {
		pair, _, _ := strings.Cut(line, ";")
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		shared.secrets.add("the cookie "+name, value)
	}
}

// page is what kind of page a tab shows.
type page string

// The pages of a login. A page of the provider asks for a name and a password, or
// whether the server may have what it asks for.
const (
	consentPage  page = "the consent page"
	loginPage    page = "the login page of the provider"
	approvalPage page = "the page of the provider that asks for approval"
	clientPage   page = "the page of the client"
	otherPage    page = "another page"
)

// look tells what the tab shows: first the time its document began, which names
// it, then the kind of page, "" while it loads.
const look = `(() => {
	const has = (selector) => document.querySelector(selector) !== null;
	const page = document.readyState !== "complete" ? ""
		: has("#allow") ? "the consent page"
		: has("#password, [name=password]") ? "the login page of the provider"
		: has("button.login-submit") ? "the page of the provider that asks for approval"
		: has("#client-has-answer") ? "the page of the client"
		: "another page";
	return [String(performance.timeOrigin), page];
})()`

// settle waits until the tab shows a page that began after the one called before,
// and tells which page it is.
func (b *tab) settle(t *testing.T, before string) page {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	for ; ctx.Err() == nil; <-time.After(20 * time.Millisecond) {
		// While a page goes there is nothing to look at, which is no error.
		seen, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](look))
		if err == nil && len(seen) == 2 && seen[0] != before && seen[1] != "" {
			return page(seen[1])
		}
	}
	t.Fatalf("the browser does not move on\n%s", b.story(t))
	return ""
}

// settleAt waits until the tab shows a page of a kind, to which it goes by itself.
func (b *tab) settleAt(t *testing.T, want page) page {
	t.Helper()
	var got page
	for deadline := time.Now().Add(time.Minute); got != want && time.Now().Before(deadline); <-time.After(20 * time.Millisecond) {
		got = b.settle(t, "")
	}
	return got
}

// now names the document that the tab shows.
func (b *tab) now(t *testing.T) string {
	t.Helper()
	seen, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](look))
	if err != nil || len(seen) != 2 {
		t.Fatalf("looking at the page: %v", err)
	}
	return seen[0]
}

// must wants the tab to show a page.
func (b *tab) must(t *testing.T, got, want page) {
	t.Helper()
	if got != want {
		t.Fatalf("the browser shows %s, want %s\n%s", got, want, b.story(t))
	}
}

// story tells what the tab shows and how it came there.
func (b *tab) story(t *testing.T) string {
	t.Helper()
	text := b.text(t)
	b.mu.Lock()
	defer b.mu.Unlock()
	return fmt.Sprintf("the way: %s\nthe page: %.1000s\nthe browser's complaints: %q", strings.Join(b.trail, " → "), text, b.faults)
}

// open goes to an address as if it were typed.
func (b *tab) open(t *testing.T, address string) page {
	t.Helper()
	before := b.now(t)
	var failed *chromedp.LoadError
	if err := chromedp.Do(b.ctx, chromedp.Navigate(address)); err != nil && !errors.As(err, &failed) {
		t.Fatalf("opening a page: %v", err)
	}
	return b.settle(t, before)
}

// press presses a button that leads to another page.
func (b *tab) press(t *testing.T, selector string) page {
	t.Helper()
	before := b.now(t)
	b.do(t, "pressing "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
	return b.settle(t, before)
}

// back goes back to the page before.
func (b *tab) back(t *testing.T) page {
	t.Helper()
	before := b.now(t)
	b.do(t, "going back", chromedp.NavigateBack())
	return b.settle(t, before)
}

func (b *tab) reload(t *testing.T) page {
	t.Helper()
	before := b.now(t)
	b.do(t, "loading the page again", chromedp.Reload())
	return b.settle(t, before)
}

// allow and deny answer the consent page.
func (b *tab) allow(t *testing.T) page { t.Helper(); return b.answer(t, "#allow") }
func (b *tab) deny(t *testing.T) page  { t.Helper(); return b.answer(t, "#deny") }

func (b *tab) answer(t *testing.T, button string) page {
	t.Helper()
	shared.secrets.add("a sealed form", evaluate[string](t, b, `document.querySelector("input[name=form]").value`))
	return b.press(t, button)
}

// untick takes writing out of what the consent page allows.
func (b *tab) untick(t *testing.T) {
	t.Helper()
	b.do(t, "unticking writing", chromedp.Click(chromedp.CSS("input[type=checkbox][name=write]"), chromedp.NodeVisible))
}

// signIn fills in the login page of the provider, whichever it is.
func (b *tab) signIn(t *testing.T, name string) page {
	t.Helper()
	before := b.now(t)
	b.fill(t, name)
	got := b.settle(t, before)
	if got == approvalPage {
		return b.press(t, "button.login-submit")
	}
	return got
}

func (b *tab) fill(t *testing.T, name string) {
	t.Helper()
	b.do(t, "signing in",
		chromedp.SetValue(chromedp.CSS("#username, [name=login]"), name),
		chromedp.SetValue(chromedp.CSS("#password, [name=password]"), password(name)),
		chromedp.Click(chromedp.CSS("#kc-login, button.login-submit"), chromedp.NodeVisible))
}

// signInHeld is signIn, but the browser does not follow the provider's last
// redirect, the one to the path. It returns where that leads.
func (b *tab) signInHeld(t *testing.T, name, path string) (address string) {
	t.Helper()
	held := chromedp.Events(b.ctx, fetch.RequestPaused)
	_, err := chromedp.Call(b.ctx, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: "*" + path + "*"}}})
	if err != nil {
		t.Fatal(err)
	}
	b.fill(t, name)
	for e, err := range held {
		if err != nil {
			t.Fatal(err)
		}
		address = e.Request.URL
		_, err = chromedp.Call(b.ctx, fetch.FailRequest, fetch.FailRequestParams{RequestID: e.RequestID, ErrorReason: network.ErrorReasonAborted})
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	if _, err := chromedp.Call(b.ctx, fetch.Disable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	return address
}

// logIn opens an authorization request, allows everything and signs in. The tab
// ends at the page of the client.
func (b *tab) logIn(t *testing.T, address, name string) {
	t.Helper()
	b.must(t, b.open(t, address), consentPage)
	b.must(t, b.proceed(t, name), clientPage)
}

// proceed allows what the consent page asks for, and signs in if the provider wants
// that. Keycloak does so at each login: it remembers nobody who logs in with the
// scope offline_access.
func (b *tab) proceed(t *testing.T, name string) page {
	t.Helper()
	got := b.allow(t)
	if got == loginPage {
		return b.signIn(t, name)
	}
	return got
}

func (b *tab) do(t *testing.T, what string, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatalf("%s: %v\n%s", what, err, b.story(t))
	}
}

// text is what a person reads on the page.
func (b *tab) text(t *testing.T) string {
	t.Helper()
	return evaluate[string](t, b, `document.body?.innerText ?? ""`)
}

// address is what stands in the address bar.
func (b *tab) address(t *testing.T) *url.URL {
	t.Helper()
	address, err := url.Parse(evaluate[string](t, b, `document.location.href`))
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// status is the HTTP status that the page came with.
func (b *tab) status() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.shown == nil {
		return 0
	}
	return b.shown.Status
}

// header is one of those that the page came with.
func (b *tab) header(name string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for key, value := range b.shown.Headers {
		if strings.EqualFold(key, name) {
			return fmt.Sprint(value)
		}
	}
	return ""
}

// complaints are what the browser refused to do, such as for a policy of a page.
func (b *tab) complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.faults)
}

func evaluate[T any](t *testing.T, b *tab, script string, options ...chromedp.EvaluateOption) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, options...))
	if err != nil {
		t.Fatalf("asking the page: %v", err)
	}
	return value
}

// appear makes the browser look another way: a width in pixels, and media
// features such as prefers-color-scheme.
func (b *tab) appear(t *testing.T, width, height int64, features map[string]string) {
	t.Helper()
	options := []chromedp.EmulateViewportOption{}
	if width < 500 {
		options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait, chromedp.EmulateScale(2))
	}
	b.do(t, "changing the size", chromedp.EmulateViewport(width, height, options...))
	var media []*emulation.MediaFeature
	for _, name := range slices.Sorted(maps.Keys(features)) {
		media = append(media, &emulation.MediaFeature{Name: name, Value: features[name]})
	}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: media}); err != nil {
		t.Fatalf("changing the look: %v", err)
	}
}

// picture keeps a screenshot of the whole page.
func (b *tab) picture(t *testing.T, name string) {
	t.Helper()
	image, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatalf("taking a screenshot: %v", err)
	}
	if err := os.WriteFile(filepath.Join(shared.pictures, name+".png"), image, 0o644); err != nil {
		t.Fatal(err)
	}
}
