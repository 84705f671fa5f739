package server

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/sandbox/seed"
	"infrahub-mcp/internal/telemetry"
	"infrahub-mcp/internal/telemetry/metricstest"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// secretFile is the file of a token at a path.
func secretFile(t *testing.T, path string) config.SecretFile {
	t.Helper()
	cfg := configuration(t, "http://127.0.0.1:1", map[string]string{"INFRAHUB_API_TOKEN": "", "INFRAHUB_API_TOKEN_FILE": path})
	return cfg.SecretFiles[0]
}

// reloads is a reloader of one file that runs until the test ends.
type reloads struct {
	*reloader
	log     *lockedBuffer
	signals chan os.Signal

	mu   sync.Mutex
	used []string
}

func startReloader(t *testing.T, file config.SecretFile, held config.Secret, use func(config.Secret) error) *reloads {
	t.Helper()
	secrets, log := telemetry.NewSecrets(), &lockedBuffer{}
	r := &reloads{log: log, signals: make(chan os.Signal, 1)}
	r.reloader = &reloader{
		secrets: secrets, metrics: telemetry.NewMetrics("test"),
		logger: telemetry.NewLogger(log, telemetry.LogOptions{Format: telemetry.FormatText, Secrets: secrets}),
	}
	r.files = []*reloadable{{SecretFile: file, held: held, use: func(s config.Secret) error {
		if use != nil {
			if err := use(s); err != nil {
				return err
			}
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.used = append(r.used, s.Reveal())
		return nil
	}}}
	ctx, cancel := context.WithCancel(t.Context())
	go r.run(ctx, r.signals)
	t.Cleanup(cancel)
	time.Sleep(lookInterval / 2) // so that nothing happens at the same time as a look
	return r
}

// after is what was put to use when the files have been looked at often enough.
func (r *reloads) after() []string {
	time.Sleep(3 * lookInterval)
	return r.now()
}

// now is what was put to use so far.
func (r *reloads) now() []string {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.used)
}

func TestAFileThatHasChangedIsReadAgain(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(t *testing.T, directory, path string)
	}{
		{"when it is written", func(t *testing.T, _, path string) { write(t, path, "second") }},
		{"when another one takes its place", func(t *testing.T, directory, path string) {
			other := filepath.Join(directory, "other")
			write(t, other, "second")
			if err := os.Rename(other, path); err != nil {
				t.Fatal(err)
			}
		}},
		{"when another one of the same size and time takes its place", func(t *testing.T, directory, path string) {
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			other := filepath.Join(directory, "other")
			write(t, other, "second")
			if err := errors.Join(os.Chtimes(other, info.ModTime(), info.ModTime()), os.Rename(other, path)); err != nil {
				t.Fatal(err)
			}
		}},
		{"when it was gone for a while", func(t *testing.T, _, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * lookInterval)
			write(t, path, "second")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			directory := t.TempDir()
			path := filepath.Join(directory, "token")
			write(t, path, "first1")
			file := secretFile(t, path)
			synctest.Test(t, func(t *testing.T) {
				r := startReloader(t, file, "first1", nil)
				if used := r.after(); used != nil {
					t.Fatalf("before the change %q is put to use", used)
				}
				test.change(t, directory, path)
				if diff := gocmp.Diff([]string{"second"}, r.after()); diff != "" {
					t.Errorf("put to use (-want +got)\n%s\n%s", diff, r.log)
				}
				r.after()
				if lines := strings.Count(r.log.String(), "is in use from now on"); lines != 1 || !strings.Contains(r.log.String(), "variable=INFRAHUB_API_TOKEN_FILE") {
					t.Errorf("%d lines say so:\n%s", lines, r.log)
				}
			})
		})
	}
}

// Kubernetes replaces all files of a mounted secret by pointing the link ..data,
// through which the files are reached, to another directory.
func TestASecretThatKubernetesReplacesIsReadAgain(t *testing.T) {
	directory := t.TempDir()
	version := func(name, token string) {
		t.Helper()
		if err := os.Mkdir(filepath.Join(directory, name), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(directory, name, "token"), token)
		link := filepath.Join(directory, "..data_tmp")
		if err := errors.Join(os.Symlink(name, link), os.Rename(link, filepath.Join(directory, "..data"))); err != nil {
			t.Fatal(err)
		}
	}
	version("..1", "first")
	path := filepath.Join(directory, "token")
	if err := os.Symlink("..data/token", path); err != nil {
		t.Skip("there are no links here:", err)
	}
	file := secretFile(t, path)
	synctest.Test(t, func(t *testing.T) {
		r := startReloader(t, file, "first", nil)
		r.after()
		version("..2", "other")
		if diff := gocmp.Diff([]string{"other"}, r.after()); diff != "" {
			t.Errorf("put to use (-want +got)\n%s\n%s", diff, r.log)
		}
	})
}

func TestAFileIsLeftAloneWhileItIsWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	write(t, path, "first")
	file := secretFile(t, path)
	synctest.Test(t, func(t *testing.T) {
		r := startReloader(t, file, "first", nil)
		r.after()
		for i := range 5 {
			write(t, path, strings.Repeat("x", i+10))
			time.Sleep(lookInterval)
		}
		if diff := gocmp.Diff([]string{strings.Repeat("x", 14)}, r.after()); diff != "" {
			t.Errorf("put to use (-want +got)\n%s", diff)
		}
	})
}

func TestAFileThatCannotBeUsedLeavesTheOldSecretInUse(t *testing.T) {
	for _, test := range []struct {
		name    string
		change  func(path string) error
		because string
	}{
		{"missing", os.Remove, "cannot be read"},
		{"empty", func(path string) error { return os.WriteFile(path, nil, 0o600) }, "is empty"},
		{"malformed", func(path string) error { return os.WriteFile(path, []byte(marked+" is two words"), 0o600) }, "must be printable"},
		{"not taken", func(path string) error { return os.WriteFile(path, []byte(marked+"-refused"), 0o600) }, "no such thing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "token")
			write(t, path, "first")
			file := secretFile(t, path)
			synctest.Test(t, func(t *testing.T) {
				r := startReloader(t, file, "first", func(s config.Secret) error {
					if strings.HasPrefix(s.Reveal(), marked) {
						return errors.New("no such thing as " + s.Reveal())
					}
					return nil
				})
				r.after()
				changes := metricstest.Changes(t, r.metrics, func() {
					if err := test.change(path); err != nil {
						t.Fatal(err)
					}
					for range 5 {
						if used := r.after(); used != nil {
							t.Fatalf("%q is put to use", used)
						}
					}
				})
				if diff := gocmp.Diff(map[string]float64{`credential_reloads_total{outcome="failed"}`: 1}, changes); diff != "" {
					t.Errorf("counted (-want +got)\n%s", diff)
				}
				log := r.log.String()
				if lines := strings.Count(log, "\n"); lines != 1 || !strings.Contains(log, "level=ERROR") || !strings.Contains(log, test.because) || !strings.Contains(log, path) {
					t.Errorf("%d lines instead of one with %q:\n%s", lines, test.because, log)
				}
				if strings.Contains(log, marked) {
					t.Errorf("the content of the file is shown:\n%s", log)
				}
				write(t, path, "second")
				if diff := gocmp.Diff([]string{"second"}, r.after()); diff != "" {
					t.Errorf("a good one afterwards (-want +got)\n%s", diff)
				}
			})
		})
	}
}

func TestASignalReadsFilesAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	write(t, path, "first")
	file := secretFile(t, path)
	synctest.Test(t, func(t *testing.T) {
		r := startReloader(t, file, "first", nil)
		r.signals <- os.Interrupt
		if used := r.now(); used != nil || !strings.Contains(r.log.String(), "no credential has changed") {
			t.Errorf("%q is put to use, and the log says\n%s", used, r.log)
		}
		write(t, path, "second")
		r.signals <- os.Interrupt
		if diff := gocmp.Diff([]string{"second"}, r.now()); diff != "" {
			t.Errorf("put to use (-want +got)\n%s", diff)
		}
	})
}

func TestTheLoginOfAnOldPasswordIsForgottenWhenNoCallNeedsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		forgotten := make(chan infrahub.Credential, 2)
		old := infrahub.Credential{Username: "bot", Password: "old"}
		r := &reloader{
			files: []*reloadable{{}}, overlap: time.Minute, logger: slog.New(slog.DiscardHandler),
			retire:  func(c infrahub.Credential) { forgotten <- c },
			retired: []retired{{old, time.Now()}},
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go r.run(ctx, nil)
		time.Sleep(time.Minute - time.Second/2)
		synctest.Wait()
		if len(forgotten) > 0 {
			t.Error("it is forgotten too early")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if len(forgotten) != 1 || <-forgotten != old {
			t.Errorf("it is not forgotten once")
		}
	})
}

// rotating is a server whose settings come from files, with what it logs and a way
// to have it read them again.
type rotating struct {
	address string
	log     *lockedBuffer
	signals chan os.Signal
}

func serveRotating(t *testing.T, cfg *config.Config) *rotating {
	t.Helper()
	r := &rotating{signals: make(chan os.Signal, 1)}
	r.address, r.log, _ = serveWith(t, cfg, Options{Reload: r.signals})
	return r
}

// reload has the server read its files again, and waits until the log says so.
func (r *rotating) reload(t *testing.T) {
	t.Helper()
	before := strings.Count(r.log.String(), "\n")
	r.signals <- os.Interrupt
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		lines := strings.SplitAfter(r.log.String(), "\n")
		if slices.ContainsFunc(lines[min(before, len(lines)):], func(line string) bool {
			return strings.Contains(line, "what it holds is in use") || strings.Contains(line, "cannot be used")
		}) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the files are not read:\n%s", r.log)
		}
	}
}

// keyed is the Infrahub of a configuration behind one that knows other tokens and
// passwords: it keeps those that it is sent, and passes on the token that the
// Infrahub behind it knows.
type keyed struct {
	address string

	mu   sync.Mutex
	sent map[string]bool
}

func newKeyed(t *testing.T, cfg *config.Config) *keyed {
	t.Helper()
	target, err := url.Parse(cfg.Infrahub.Address)
	if err != nil {
		t.Fatal(err)
	}
	k := &keyed{sent: map[string]bool{}}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Header.Set("X-INFRAHUB-KEY", cfg.Infrahub.APIToken.Reveal())
		r.Out.Header.Del("Authorization")
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/auth/login" {
			var login struct{ Password string }
			_ = json.NewDecoder(r.Body).Decode(&login)
			k.note("login with " + login.Password)
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"access_token":"session-of-`+login.Password+`","refresh_token":"r"}`)
			return
		}
		k.note(cmp.Or(r.Header.Get("X-INFRAHUB-KEY"), strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	k.address = server.URL
	return k
}

func (k *keyed) note(what string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sent[what] = true
}

// take returns what was sent since the last time.
func (k *keyed) take() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	all := slices.Sorted(maps.Keys(k.sent))
	clear(k.sent)
	return all
}

// readBranches asks for something that Infrahub has to be asked for.
func readBranches(t *testing.T, address, session string) error {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/mcp",
		strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"infrahub://branches"}}`))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Mcp-Session-Id", session)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && !bytes.Contains(answer, []byte(`"result"`)) {
		err = fmt.Errorf("the answer is %d %s", response.StatusCode, answer)
	}
	return err
}

func TestCallsBeforeDuringAndAfterAChangeOfTheTokenSucceed(t *testing.T) {
	boxed, _ := sandboxed(t, nil)
	upstream := newKeyed(t, boxed)
	path := filepath.Join(t.TempDir(), "token")
	write(t, path, "token-0\n")
	r := serveRotating(t, configuration(t, upstream.address, map[string]string{"INFRAHUB_API_TOKEN": "", "INFRAHUB_API_TOKEN_FILE": path}))
	id := session(t, r.address)
	structured(t, r.address, id, "node_upsert", `{"kind":"BuiltinTag","data":{"name":"before"}}`)
	before := structured(t, r.address, id, "get_session_info", `{}`)

	ctx, stop := context.WithCancel(t.Context())
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for ctx.Err() == nil {
				if err := readBranches(t, r.address, id); err != nil {
					t.Errorf("a call: %v", err)
					return
				}
			}
		})
	}
	for _, token := range []string{"token-1", "token-2", "token-3"} {
		write(t, path, token)
		r.reload(t)
	}
	stop()
	callers.Wait()
	upstream.take()
	if err := readBranches(t, r.address, id); err != nil {
		t.Error(err)
	}
	if diff := gocmp.Diff([]string{"token-3"}, upstream.take()); diff != "" {
		t.Errorf("what Infrahub is sent after the changes (-want +got)\n%s", diff)
	}
	if diff := gocmp.Diff(before, structured(t, r.address, id, "get_session_info", `{}`)); diff != "" {
		t.Errorf("the session and its branch (-before +after)\n%s", diff)
	}
	for _, token := range []string{"token-0", "token-1", "token-2", "token-3"} {
		if strings.Contains(r.log.String(), token) {
			t.Errorf("%s stands in the log:\n%s", token, r.log)
		}
	}
}

func TestANewPasswordIsLoggedInWith(t *testing.T) {
	boxed, _ := sandboxed(t, nil)
	upstream := newKeyed(t, boxed)
	path := filepath.Join(t.TempDir(), "password")
	write(t, path, "first-one\n")
	r := serveRotating(t, configuration(t, upstream.address, map[string]string{
		"INFRAHUB_API_TOKEN": "", "INFRAHUB_USERNAME": "bot", "INFRAHUB_PASSWORD_FILE": path,
	}))
	id := session(t, r.address)
	for _, step := range []struct {
		password string
		want     []string
	}{
		{"first-one", []string{"login with first-one", "session-of-first-one"}},
		{"second-one", []string{"login with second-one", "session-of-second-one"}},
	} {
		if step.password != "first-one" {
			write(t, path, step.password)
			r.reload(t)
			upstream.take()
		}
		if err := readBranches(t, r.address, id); err != nil {
			t.Error(err)
		}
		if diff := gocmp.Diff(step.want, upstream.take()); diff != "" {
			t.Errorf("what Infrahub is sent (-want +got)\n%s", diff)
		}
	}
	if strings.Contains(r.log.String(), "second-one") {
		t.Errorf("the password stands in the log:\n%s", r.log)
	}
}

// Keys of the tests, beside signingKey: 32 bytes in base64.
var newSigningKey = strings.Repeat("b", 43) + "="

func TestSigningKeysAreReplacedWithoutEndingSessions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	write(t, path, signingKey+"\n")
	cfg, _, _ := singleSigned(t, map[string]string{"INFRAHUB_MCP_SIGNING_KEY": "", "INFRAHUB_MCP_SIGNING_KEY_FILE": path})
	r := serveRotating(t, cfg)
	old := newCaller(t, r.address, accessToken(t, "wes", "write"))

	write(t, path, newSigningKey+"\n"+signingKey+"\n")
	r.reload(t)
	if tools := old.tools(); len(tools) != len(namesOf(true)) {
		t.Errorf("while both keys are listed, who logged in before is offered %q", tools)
	}
	young := newCaller(t, r.address, old.token)

	write(t, path, newSigningKey+"\n")
	r.reload(t)
	if status, _, _ := old.send(list); status != http.StatusUnauthorized {
		t.Errorf("a token of a key that is not listed any more: %d", status)
	}
	young.token = signed(t, newSigningKey, time.Now(), "wes", "write")
	if tools := young.tools(); len(tools) != len(namesOf(true)) {
		t.Errorf("a session of the new key is offered %q", tools)
	}

	write(t, path, "c2hvcnQ=")
	r.reload(t)
	if tools := young.tools(); len(tools) != len(namesOf(true)) {
		t.Errorf("after a bad file, a session of the new key is offered %q", tools)
	}
	if log := r.log.String(); !strings.Contains(log, "INFRAHUB_MCP_SIGNING_KEY_FILE") || !strings.Contains(log, "a signing key has 5 bytes") ||
		strings.Contains(log, "c2hvcnQ") || strings.Contains(log, newSigningKey) {
		t.Errorf("the log says\n%s", log)
	}
}

func TestSessionsOfPassthroughModesOutliveANewKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	write(t, path, signingKey)
	cfg, _ := sandboxed(t, map[string]string{
		"INFRAHUB_MCP_AUTH_MODE": "token-passthrough", "INFRAHUB_MCP_SIGNING_KEY_FILE": path, "INFRAHUB_API_TOKEN": "",
	})
	r := serveRotating(t, cfg)
	c := newCaller(t, r.address, seed.Accounts()[0].Token)
	write(t, path, newSigningKey+","+signingKey)
	r.reload(t)
	if status, answer, _ := c.send(list); status != http.StatusOK {
		t.Errorf("%d %s", status, answer)
	}
}

func TestANewClientSecretIsShownToTheProvider(t *testing.T) {
	for _, test := range []struct {
		name, key string
		status    int // for who logged in before
	}{
		{"with a signing key", signingKey, http.StatusOK},
		{"in the place of a signing key", "", http.StatusUnauthorized},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "secret")
			write(t, path, "old-client-secret\n")
			cfg, _, _ := singleSigned(t, map[string]string{
				"INFRAHUB_MCP_OIDC_CLIENT_SECRET": "", "INFRAHUB_MCP_OIDC_CLIENT_SECRET_FILE": path, "INFRAHUB_MCP_SIGNING_KEY": test.key,
			})
			logger := slog.New(slog.DiscardHandler)
			a, err := newApp(t.Context(), cfg, "test", logger, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			session := a.sessions.Issue(t.Context(), false)
			signals := make(chan os.Signal)
			defer a.reloading(t.Context(), cfg, telemetry.NewSecrets(), signals)()
			write(t, path, "new-client-secret\n")
			signals <- os.Interrupt
			signals <- os.Interrupt // taken when the first was dealt with
			if got := a.sso.clientSecret(); got != "new-client-secret" {
				t.Errorf("the client secret is %q", got)
			}
			if valid := a.sessions.Valid(t.Context(), session); valid != (test.status == http.StatusOK) {
				t.Errorf("a session from before is valid: %v", valid)
			}
		})
	}
}
