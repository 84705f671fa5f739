package resource_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"infrahub-mcp/internal/branch"
	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/kept"
	"infrahub-mcp/internal/resource"
	"infrahub-mcp/internal/sandbox"
	"infrahub-mcp/internal/sandbox/seed"
)

// session returns a Call of a session to an Infrahub in memory, on a branch of
// its own if asked to.
func session(t *testing.T, writer bool) (*call.Call, *sandbox.Sandbox) {
	t.Helper()
	box, err := sandbox.New(sandbox.Options{Devices: 1})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box)
	t.Cleanup(server.Close)
	upstream, err := infrahub.New(infrahub.Settings{Address: server.URL, Timeout: 10 * time.Second, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(upstream.Close)
	pattern, err := config.ParsePattern("mcp/session-{hex}")
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.DiscardHandler)
	client := upstream.Client(infrahub.Credential{Token: seed.Accounts()[0].Token})
	c := &call.Call{
		Client: client, Schemas: schema.NewCache(time.Hour, 4, nil), Logger: logger, User: "ann", Settings: call.Settings{ExpandPeers: true},
		Branches: branch.NewManager(branch.Options{Pattern: pattern, Attempts: 1, Store: branch.NewMemory(1, time.Hour), Logger: logger}).Session(client, branch.Owner{Session: "1"}),
	}
	if writer {
		if _, _, err := c.Branches.Reset(t.Context(), "mcp/session-0123abcd"); err != nil {
			t.Fatal(err)
		}
		c.SessionBranch = "mcp/session-0123abcd"
	}
	return c, box
}

func read(t *testing.T, c *call.Call, uri string, variables map[string]string) (string, error) {
	t.Helper()
	for _, r := range resource.Catalogue() {
		if r.URI == uri {
			content, err := r.Read(t.Context(), c, uri, variables)
			return string(content), err
		}
	}
	t.Fatalf("there is no resource %s", uri)
	return "", nil
}

func TestTheBranchesAreListedAndTheSessionBranchIsMarked(t *testing.T) {
	t.Parallel()
	for _, writer := range []bool{false, true} {
		c, _ := session(t, writer)
		content, err := read(t, c, "infrahub://branches", nil)
		if err != nil {
			t.Fatal(err)
		}
		var branches map[string]struct {
			IsDefault       bool `json:"is_default"`
			IsSessionBranch bool `json:"is_session_branch"`
			SyncWithGit     bool `json:"sync_with_git"`
			Status          string
		}
		if err := json.Unmarshal([]byte(content), &branches); err != nil {
			t.Fatal(err)
		}
		for name, b := range branches {
			if b.IsDefault != (name == "main") || b.IsSessionBranch != (name == "mcp/session-0123abcd") || b.Status != "OPEN" || b.IsSessionBranch && b.SyncWithGit {
				t.Errorf("%s: %+v", name, b)
			}
		}
		if _, has := branches["mcp/session-0123abcd"]; has != writer || len(branches) == 0 {
			t.Errorf("the branches are %s", content)
		}
	}
}

func TestWhatIsReadIsThatOfTheSessionBranch(t *testing.T) {
	t.Parallel()
	for _, writer := range []bool{false, true} {
		c, box := session(t, writer)
		if writer {
			request := `{"schemas":[{"version":"1.0","nodes":[{"name":"Thing","namespace":"Testing","attributes":[{"name":"name","kind":"Text"}]}]}]}`
			if _, err := box.Base().Load(c.SessionBranch, []byte(request)); err != nil {
				t.Fatal(err)
			}
		}
		for uri, words := range map[string]string{"infrahub://schema": `"TestingThing"`, "infrahub://graphql-schema": "type TestingThing "} {
			content, err := read(t, c, uri, nil)
			if err != nil || strings.Contains(content, words) != writer {
				t.Errorf("%s on a session branch: %v, %v, the kind of that branch is there: %v", uri, writer, err, strings.Contains(content, words))
			}
		}
		content, err := read(t, c, "infrahub://schema/{kind}", map[string]string{"kind": "DcimDevice"})
		if err != nil || !strings.Contains(content, "console_password") {
			t.Errorf("%v: %s", err, content)
		}
		if _, err := read(t, c, "infrahub://schema/{kind}", map[string]string{"kind": "DcimDevic"}); err == nil || !strings.Contains(err.Error(), "DcimDevice") {
			t.Errorf("a kind misspelt: %v", err)
		}
	}
}

// TestASessionBranchThatIsGone is told as such, and the next read is of the
// default branch.
func TestASessionBranchThatIsGone(t *testing.T) {
	t.Parallel()
	c, box := session(t, true)
	if err := box.Base().Store.DeleteBranch(c.SessionBranch); err != nil {
		t.Fatal(err)
	}
	if _, err := read(t, c, "infrahub://schema", nil); !errors.Is(err, infrahub.BranchNotFound) && err == nil {
		t.Error("the schema of a branch that is gone was read")
	}
	current, err := c.Branches.Current(t.Context())
	if err != nil || current != "" {
		t.Errorf("the session goes on with %q, %v: every further read fails", current, err)
	}
}

func TestWhatIsKeptOfASchemaIsNotShownAfterItChanged(t *testing.T) {
	t.Parallel()
	c, box := session(t, true)
	c.Schemas = schema.NewCache(0, 4, nil)
	c.Kept = kept.New(kept.Options{Life: time.Hour, Bytes: 64 << 20}).For("ann")
	shows := func(want bool) {
		t.Helper()
		for uri, words := range map[string]string{"infrahub://schema": `"TestingThing"`, "infrahub://graphql-schema": "type TestingThing "} {
			for range 2 { // the second one is kept
				if content, err := read(t, c, uri, nil); err != nil || strings.Contains(content, words) != want {
					t.Errorf("%s: %v, the new kind is there: %v", uri, err, !want)
				}
			}
		}
	}
	shows(false)
	request := `{"schemas":[{"version":"1.0","nodes":[{"name":"Thing","namespace":"Testing","attributes":[{"name":"name","kind":"Text"}]}]}]}`
	if _, err := box.Base().Load(c.SessionBranch, []byte(request)); err != nil {
		t.Fatal(err)
	}
	shows(true)
	for _, kind := range []string{"Nonsense", "TestingThing", "Nonsense"} { // refusals are not kept
		if content, err := read(t, c, "infrahub://schema/{kind}", map[string]string{"kind": kind}); (err == nil) != (kind == "TestingThing") {
			t.Errorf("%s: %v: %s", kind, err, content)
		}
	}
}

func TestAReadEndsWithTheTimeOfACall(t *testing.T) {
	t.Parallel()
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then the server sees that a client is gone
		<-r.Context().Done()
	}))
	t.Cleanup(silent.Close)
	upstream, err := infrahub.New(infrahub.Settings{Address: silent.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(upstream.Close)
	c, _ := session(t, false)
	c.Client = upstream.Client(infrahub.Credential{Token: "t"})
	c.Settings.CallLimit = 50 * time.Millisecond
	if content, err := read(t, c, "infrahub://branches", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v: %s", err, content)
	}
}
