package sandbox_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/sandbox"
	"infrahub-mcp/internal/sandbox/front"
)

func TestServingEndsWithTheContextAndLeavesNothingBehind(t *testing.T) {
	before := goleak.IgnoreCurrent()
	box, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "trial.db")
	address, end := serving(t, box, path)
	answer, err := http.Get("http://" + address + "/api/info")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("it answers %d", answer.StatusCode)
	}
	if err := end(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("a new sandbox was not saved: %v", err)
	}
	http.DefaultClient.CloseIdleConnections()
	goleak.VerifyNone(t, before)
}

func TestWhatWasOnlyReadIsNotSavedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trial.db")
	box, err := sandbox.Open(path, sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := box.Save(path); err != nil {
		t.Fatal(err)
	}
	if box, err = sandbox.Open(path, sandbox.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	address, end := serving(t, box, path)
	client{t: t, address: "http://" + address}.send("/api/schema/summary", "")
	if err := end(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it was saved: %v", err)
	}
}

func TestAChangeWithoutAnAnswerIsSaved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trial.db")
	box, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := box.Save(path); err != nil {
		t.Fatal(err)
	}
	if box, err = sandbox.Open(path, sandbox.Options{Faults: true}); err != nil { // nothing has changed in it
		t.Fatal(err)
	}
	rule := httptest.NewRequest(http.MethodPost, "/sandbox/faults", strings.NewReader(`{"path": "/graphql", "drop": "after"}`))
	rule.Header.Set("Content-Type", "application/json")
	box.ServeHTTP(httptest.NewRecorder(), rule)
	address, end := serving(t, box, path)
	c := client{t: t, address: "http://" + address, token: adminToken()}
	if _, err := c.tryQuery("main", `mutation { BuiltinTagCreate(data: {name: {value: "silent"}}) { ok } }`); err == nil {
		t.Error("the connection did not end")
	}
	if err := end(); err != nil {
		t.Error(err)
	}
	again, err := sandbox.Open(path, sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, `{"BuiltinTag": {"count": 1}}`, clientOf(t, again).query("main", `{ BuiltinTag { count } }`))
}

func TestARequestInProgressIsAnsweredBeforeTheEnd(t *testing.T) {
	box, err := sandbox.New(sandbox.Options{Faults: true})
	if err != nil {
		t.Fatal(err)
	}
	address, end := serving(t, box, "")
	c := client{t: t, address: "http://" + address, token: adminToken()}
	c.send("/sandbox/faults", `{"path": "/api/info", "delay": "200ms"}`)
	status := make(chan int, 1)
	go func() {
		answered, _, err := c.try("/api/info", "")
		if err != nil {
			t.Error(err)
		}
		status <- answered
	}()
	for rules := ""; rules != "[]"; { // until the request has used the rule up
		_, raw := c.send("/sandbox/faults", "")
		rules = strings.TrimSpace(string(raw))
	}
	if err := end(); err != nil {
		t.Error(err)
	}
	if got := <-status; got != http.StatusOK {
		t.Errorf("it was answered %d", got)
	}
}

// Data is saved while the sandbox serves, and again later when it could not be.
func TestDataIsSavedAgainAndAgain(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "later")
	path := filepath.Join(directory, "trial.db")
	synctest.Test(t, func(t *testing.T) {
		box, err := sandbox.New(sandbox.Options{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		var log strings.Builder
		go func() {
			ended <- box.Serve(ctx, newDeadListener(), sandbox.ServeOptions{Data: path, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		}()
		time.Sleep(time.Minute) // of the bubble, as below
		synctest.Wait()
		if !strings.Contains(log.String(), "could not be saved") {
			t.Errorf("that it could not be saved is not logged: %q", log.String())
		}
		if err := os.Mkdir(directory, 0o700); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if _, err := os.Stat(path); err != nil {
			t.Errorf("it was not saved: %v", err)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestServingFailsWithItsListener(t *testing.T) {
	box, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	listener := newDeadListener()
	listener.close()
	if err := box.Serve(t.Context(), listener, sandbox.ServeOptions{Logger: slog.New(slog.DiscardHandler)}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the error is %v", err)
	}
}

// serving serves a sandbox on a free port until end is called, which returns the
// error of Serve.
func serving(t *testing.T, box *sandbox.Sandbox, data string) (address string, end func() error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- box.Serve(ctx, listener, sandbox.ServeOptions{Data: data, Logger: slog.New(slog.DiscardHandler)})
	}()
	return listener.Addr().String(), func() error { cancel(); return <-ended }
}

// deadListener is a net.Listener to which nobody connects.
type deadListener struct {
	closed chan struct{}
	close  func()
}

func newDeadListener() *deadListener {
	closed := make(chan struct{})
	return &deadListener{closed, sync.OnceFunc(func() { close(closed) })}
}

func (l *deadListener) Accept() (net.Conn, error) {
	<-l.closed
	return nil, net.ErrClosed
}

func (l *deadListener) Close() error {
	l.close()
	return nil
}

func (l *deadListener) Addr() net.Addr { return &net.TCPAddr{} }

// Both generations word the same faults differently; the client of Infrahub has
// to understand either.
func TestTheErrorsOfBothGenerationsAreUnderstood(t *testing.T) {
	for _, generation := range []front.Generation{front.V1_11, front.V1_9} {
		t.Run(string(generation), func(t *testing.T) {
			box, err := sandbox.New(sandbox.Options{Devices: 4, Emulate: generation})
			if err != nil {
				t.Fatal(err)
			}
			c := upstream(t, box, infrahub.Settings{})
			admin, reader := c.Client(infrahub.Credential{Token: adminToken()}), c.Client(infrahub.Credential{Token: readerToken()})
			if version, err := admin.Version(t.Context()); err != nil || version.String() != generation.Version() {
				t.Errorf("the version is %v, %v", version, err)
			}
			for _, test := range []struct {
				name, branch, document string
				as                     *infrahub.Client
				want                   infrahub.Kind
			}{
				{"an unknown branch", "nowhere", `{ DcimDevice { count } }`, admin, infrahub.BranchNotFound},
				{"an unknown field", "main", `{ Nope { count } }`, admin, infrahub.QueryInvalid},
				{"an unknown node", "main", `mutation { DcimDeviceDelete(data: {id: "18b00000-0000-0000-0000-000000000000"}) { ok } }`, admin, infrahub.NodeNotFound},
				{"a name that is taken", "main", `mutation { OrganizationProviderCreate(data: {name: {value: "GTT"}}) { ok } }`, admin, infrahub.Invalid},
				{"a missing value", "main", `mutation { OrganizationProviderCreate(data: {}) { ok } }`, admin, infrahub.Invalid},
				{"a choice that is none", "main", `mutation { DcimDeviceUpdate(data: {hfid: ["par1-spine000"], status: {value: "nope"}}) { ok } }`, admin, infrahub.Invalid},
				{"a permission that is missing", "main", `mutation { BuiltinTagCreate(data: {name: {value: "x"}}) { ok } }`, reader, infrahub.Forbidden},
				{"a token that is none", "main", `{ DcimDevice { count } }`, c.Client(infrahub.Credential{Token: "nope"}), infrahub.Unauthenticated},
			} {
				t.Run(test.name, func(t *testing.T) {
					_, err := test.as.GraphQL(t.Context(), infrahub.Query{Document: test.document, Branch: test.branch})
					if !errors.Is(err, test.want) {
						t.Errorf("the error is %v of the kind %v, want %v", err, kindOf(err), test.want)
					}
					if fault, ok := errors.AsType[*infrahub.Error](err); ok && generation == front.V1_9 && fault.Code != "" {
						t.Errorf("it has the code %s, which that generation does not know", fault.Code)
					}
				})
			}
		})
	}
}

// What the sandbox does on demand is what the client takes it for.
func TestMisbehaviourIsTakenForWhatItIs(t *testing.T) {
	const read = `query Read { BuiltinTag { count } }`
	box, err := sandbox.New(sandbox.Options{Faults: true})
	if err != nil {
		t.Fatal(err)
	}
	up := upstream(t, box, infrahub.Settings{Timeout: 500 * time.Millisecond})
	c := up.Client(infrahub.Credential{Token: adminToken()})
	raw := client{t, up.Address(), adminToken()}
	for _, branch := range []string{"merged", "deleted"} {
		raw.query("main", `mutation { BranchCreate(data: {name: "`+branch+`", sync_with_git: false}) { ok } }`)
	}
	for _, test := range []struct {
		name, rule, branch, document string
		want                         infrahub.Kind
	}{
		{"too many requests", `{"operation": "Read", "status": 429, "headers": {"Retry-After": "7", "X-Infrahub-Admission": "shed"}}`, "main", read, infrahub.Overloaded},
		{"a failure", `{"operation": "Read", "times": 2, "status": 500}`, "main", read, infrahub.ServerFault},
		{"an answer that is cut off", `{"operation": "Read", "times": 0, "truncate": 10}`, "main", read, infrahub.Unreachable},
		{"a connection that ends", `{"operation": "Read", "times": 0, "drop": "before"}`, "main", read, infrahub.Unreachable},
		{"a connection that ends after the work", `{"operation": "Write", "drop": "after"}`, "main", `mutation Write { BuiltinTagCreate(data: {name: {value: "done"}}) { ok } }`, infrahub.Unreachable},
		{"an answer that takes too long", `{"operation": "Read", "times": 0, "delay": "1h"}`, "main", read, infrahub.Timeout},
		{
			"a branch merged by somebody else", `{"operation": "Write", "action": "merge", "branch": "merged"}`,
			"merged", `mutation Write { BuiltinTagCreate(data: {name: {value: "late"}}) { ok } }`, infrahub.BranchClosed,
		},
		{
			"a branch deleted by somebody else", `{"operation": "Write", "action": "delete", "branch": "deleted"}`,
			"deleted", `mutation Write { BuiltinTagCreate(data: {name: {value: "late"}}) { ok } }`, infrahub.BranchNotFound,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			defer forget(t, up.Address())
			if status, answer := raw.send("/sandbox/faults", test.rule); status != http.StatusCreated {
				t.Fatalf("the rule: %d %s", status, answer)
			}
			_, err := c.GraphQL(t.Context(), infrahub.Query{Document: test.document, Branch: test.branch})
			if !errors.Is(err, test.want) {
				t.Errorf("the error is %v of the kind %v, want %v", err, kindOf(err), test.want)
			}
			if fault, ok := errors.AsType[*infrahub.Error](err); ok && test.want == infrahub.Overloaded && fault.RetryAfter != 7*time.Second {
				t.Errorf("it says to wait for %v", fault.RetryAfter)
			}
		})
	}
	sameJSON(t, `{"BuiltinTag": {"count": 1}}`, raw.query("main", `{ BuiltinTag { count } }`))
}

// upstream is the client of Infrahub to a sandbox that is served until the end of
// the test.
func upstream(t *testing.T, box *sandbox.Sandbox, settings infrahub.Settings) *infrahub.Upstream {
	t.Helper()
	server := httptest.NewServer(box)
	t.Cleanup(server.Close)
	settings.Address = server.URL
	up, err := infrahub.New(settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(up.Close)
	return up
}

// forget removes the rules that are left.
func forget(t *testing.T, address string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodDelete, address+"/sandbox/faults", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusNoContent {
		t.Errorf("removing the rules: %d, %v", answer.StatusCode, err)
	}
}

func kindOf(err error) infrahub.Kind {
	if fault, ok := errors.AsType[*infrahub.Error](err); ok {
		return fault.Kind
	}
	return infrahub.Unclassified
}
