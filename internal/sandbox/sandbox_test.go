package sandbox_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/sandbox"
	"infrahub-mcp/internal/sandbox/seed"
	"infrahub-mcp/internal/sandbox/store"
)

func TestANewSandboxHoldsTheDemoData(t *testing.T) {
	c := serve(t, sandbox.Options{Devices: 8})
	sameJSON(t, `{
		"DcimDevice": {"edges": [{"node": {
			"display_label": "ams1-leaf005", "site": {"node": {"display_label": "ams1"}}, "interfaces": {"count": 5}
		}}]},
		"all": {"count": 8}, "LocationGeneric": {"count": 14}, "DcimPhysicalInterface": {"count": 32}, "IpamIPAddress": {"count": 16}, "DcimCable": {"count": 4}
	}`, c.query("main", `{
		DcimDevice(name__value: "ams1-leaf005") { edges { node { display_label site { node { display_label } } interfaces { count } } } }
		all: DcimDevice { count } LocationGeneric { count } DcimPhysicalInterface { count } IpamIPAddress { count } DcimCable { count }
	}`))
}

func TestWithoutDevicesThereIsNoDemoModel(t *testing.T) {
	c := serve(t, sandbox.Options{})
	if status, answer := c.send("/api/schema/DcimDevice", ""); status != http.StatusUnprocessableEntity {
		t.Errorf("a kind of the demo model: %d %s", status, answer)
	}
	sameJSON(t, `{"BuiltinTag": {"count": 0}, "CoreAccount": {"count": 4}}`, c.query("main", `{ BuiltinTag { count } CoreAccount { count } }`))
}

func TestEveryAccountMayDoWhatItIsFor(t *testing.T) {
	c := serve(t, sandbox.Options{Devices: 4})
	c.query("main", `mutation { BranchCreate(data: {name: "work", sync_with_git: false}) { ok } }`)
	for _, test := range []struct {
		account, branch string
		may             bool
	}{
		{"admin", "main", true},
		{"agent", "main", true},
		{"engineer", "main", false},
		{"engineer", "work", true},
		{"reader", "main", false},
		{"reader", "work", false},
	} {
		for _, account := range seed.Accounts() {
			if account.Name != test.account {
				continue
			}
			c.token = account.Token
			if got := c.query(test.branch, `{ AccountProfile { name { value } } DcimDevice { count } }`); !strings.Contains(got, `"`+account.Name+`"`) {
				t.Errorf("%s reads %s", account.Name, got)
			}
			tag := fmt.Sprintf(`mutation { BuiltinTagCreate(data: {name: {value: "of %s"}}) { ok } }`, account.Name)
			status, answer := c.send("/graphql/"+test.branch, asked(tag))
			if may := status == http.StatusOK && !bytes.Contains(answer, []byte(`"errors"`)); may != test.may {
				t.Errorf("%s writes to %s: %d %s", account.Name, test.branch, status, answer)
			}
		}
		if test.account == "admin" {
			c.token = seed.Accounts()[0].Token
		}
	}
}

func TestWithoutACredentialOneMayReadUnlessDenied(t *testing.T) {
	for _, test := range []struct {
		name string
		deny bool
		want int
	}{
		{"allowed", false, http.StatusOK},
		{"denied", true, http.StatusUnauthorized},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := serve(t, sandbox.Options{DenyAnonymous: test.deny})
			c.token = ""
			if status, answer := c.send("/graphql/main", asked(`{ BuiltinTag { count } }`)); status != test.want {
				t.Errorf("a list is answered %d %s", status, answer)
			}
		})
	}
}

func TestAnAccessTokenExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box, err := sandbox.New(sandbox.Options{AccessLifetime: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		answered := func(path, body, token string) (int, []byte) {
			request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
			request.Header.Set("Content-Type", "application/json")
			if token != "" {
				request.Header.Set("Authorization", "Bearer "+token)
			}
			answer := httptest.NewRecorder()
			box.ServeHTTP(answer, request)
			return answer.Code, answer.Body.Bytes()
		}
		var login struct {
			Access string `json:"access_token"`
		}
		if _, answer := answered("/api/auth/login", `{"username": "admin", "password": "infrahub"}`, ""); json.Unmarshal(answer, &login) != nil {
			t.Fatalf("logging in answered %s", answer)
		}
		query := asked(`{ AccountProfile { id } }`)
		if status, answer := answered("/graphql", query, login.Access); status != http.StatusOK {
			t.Errorf("at first: %d %s", status, answer)
		}
		time.Sleep(time.Minute) // of the bubble
		if status, answer := answered("/graphql", query, login.Access); status != http.StatusUnauthorized || !bytes.Contains(answer, []byte("TOKEN_EXPIRED")) {
			t.Errorf("after a minute: %d %s", status, answer)
		}
	})
}

// Everything that there is survives: data, its past, branches with a schema of
// their own, and accounts.
func TestSavedDataIsThereAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trial.db")
	first, err := sandbox.Open(path, sandbox.Options{Devices: 4})
	if err != nil {
		t.Fatal(err)
	}
	c := clientOf(t, first)
	before := time.Now()
	c.query("main", `mutation { DcimDeviceUpdate(data: {hfid: ["par1-spine000"], description: {value: "changed"}}) { ok } }`)
	c.query("main", `mutation { BranchCreate(data: {name: "work", description: "of today", sync_with_git: false}) { ok } }`)
	if status, answer := c.send("/api/schema/load?branch=work", `{"schemas": [{"version": "1.0", "nodes": [
		{"name": "Thing", "namespace": "Trial", "attributes": [{"name": "name", "kind": "Text"}]}]}]}`); status != http.StatusOK {
		t.Fatalf("loading a schema: %d %s", status, answer)
	}
	c.query("work", `mutation { TrialThingCreate(data: {name: {value: "one"}}) { ok } }`)
	c.query("work", `mutation { DcimDeviceDelete(data: {hfid: ["ams1-spine001"]}) { ok } }`)

	c.query("main", `mutation { DiffUpdate(data: {branch: "work", wait_for_completion: true}) { ok } }`)

	questions := []struct{ branch, document string }{
		{"main", `{ DcimDevice { count edges { node { id hfid description { value updated_at updated_by { display_label } } } node_metadata { created_at } } } }`},
		{"main?at=" + before.UTC().Format(time.RFC3339Nano), `{ DcimDevice { edges { node { description { value } } } } }`},
		{"main", `{ Branch { id name description status created_at branched_from schema_differs_from_default_branch } }`},
		{"main", `{ InfrahubInfo { deployment_id } }`},
		{"work", `{ TrialThing { edges { node { id name { value } } } } DcimDevice { count } }`},
		{"main", `{ DiffTree(branch: "work") { num_added num_removed nodes { kind label status } } }`},
	}
	ask := func(c client) (answers []string) {
		for _, q := range questions {
			answers = append(answers, c.query(q.branch, q.document))
		}
		return answers
	}
	want := ask(c)
	if err := first.Save(path); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has the mode %v, %v", info.Mode(), err)
	}

	second, err := sandbox.Open(path, sandbox.Options{Devices: 400})
	if err != nil {
		t.Fatal(err)
	}
	c = clientOf(t, second)
	if diff := cmp.Diff(want, ask(c)); diff != "" {
		t.Errorf("other than before (-want +got):\n%s", diff)
	}
	sameJSON(t, `{"BranchMerge": {"ok": true}}`, c.query("main", `mutation { BranchMerge(data: {name: "work"}) { ok } }`))
	sameJSON(t, `{"DcimDevice": {"count": 3}, "TrialThing": {"count": 1}}`, c.query("main", `{ DcimDevice { count } TrialThing { count } }`))
}

func TestADamagedFileIsRefusedAndStays(t *testing.T) {
	box, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var whole bytes.Buffer
	if _, err := box.WriteTo(&whole); err != nil {
		t.Fatal(err)
	}
	altered := bytes.Clone(whole.Bytes())
	altered[len(altered)/2] ^= 1
	for _, test := range []struct {
		name    string
		content []byte
	}{
		{"nothing", nil},
		{"something else", []byte("hello\n")},
		{"half of it", whole.Bytes()[:whole.Len()/2]},
		{"without its end", whole.Bytes()[:whole.Len()-1]},
		{"altered in the middle", altered},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "trial.db")
			if err := os.WriteFile(path, test.content, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := sandbox.Open(path, sandbox.Options{}); !errors.Is(err, store.ErrSnapshot) || !strings.Contains(err.Error(), path) {
				t.Errorf("the error is %v", err)
			}
			if left, err := os.ReadFile(path); err != nil || !bytes.Equal(left, test.content) {
				t.Errorf("the file is not what it was: %v", err)
			}
		})
	}
}

func TestAFileThatCannotBeReplacedStays(t *testing.T) {
	box, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	directory := t.TempDir()
	path := filepath.Join(directory, "trial.db")
	if err := os.MkdirAll(filepath.Join(path, "not a file"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := box.Save(path); err == nil {
		t.Error("saving in place of a directory gave no error")
	}
	if err := box.Save(filepath.Join(directory, "nowhere", "trial.db")); err == nil {
		t.Error("saving in no directory gave no error")
	}
	left, err := os.ReadDir(directory)
	if err != nil || len(left) != 1 {
		t.Errorf("left are %v, %v, want the directory alone", left, err)
	}
}

// Readers, writers, branches, merges and a snapshot at once, for the race
// detector and for what must be right all the time.
func TestManyWorkAtOnce(t *testing.T) {
	const workers, rounds = 16, 6
	box, err := sandbox.New(sandbox.Options{Devices: 12})
	if err != nil {
		t.Fatal(err)
	}
	c := clientOf(t, box)
	query := func(branch, format string, arguments ...any) string {
		data, err := c.tryQuery(branch, fmt.Sprintf(format, arguments...))
		if err != nil {
			t.Error(err)
		}
		return data
	}
	tasks := []func(name string){
		func(string) {
			sameJSON(t, `{"DcimDevice": {"count": 12}}`, query("main", `{ DcimDevice(name__isnull: false) { count } }`))
			query("main", `{ CoreNode(limit: 20, offset: 5) { count edges { node { id display_label } } } }`)
		},
		func(name string) {
			query("main", `mutation { BuiltinTagCreate(data: {name: {value: %q}}) { ok } }`, name)
			query("main", `mutation { DcimDeviceUpdate(data: {hfid: ["par1-spine000"], description: {value: %q}}) { ok } }`, name)
		},
		func(name string) {
			query("main", `mutation { BranchCreate(data: {name: %q, sync_with_git: false}) { ok } }`, name)
			query(name, `mutation { BuiltinTagCreate(data: {name: {value: %q}}) { ok } }`, name)
			sameJSON(t, `{"BuiltinTag": {"count": 1}}`, query(name, `{ BuiltinTag(name__value: %q) { count } }`, name))
			query("main", `mutation { BranchMerge(data: {name: %q}) { ok } }`, name)
		},
		func(name string) {
			if _, err := box.WriteTo(io.Discard); err != nil {
				t.Error(err)
			}
			query("main", `mutation { BranchCreate(data: {name: %q, sync_with_git: false}) { ok } }`, name)
			query("main", `mutation { BranchDelete(data: {name: %q}) { ok } }`, name)
		},
	}
	var work sync.WaitGroup
	for worker := range workers {
		work.Go(func() {
			for round := range rounds {
				tasks[worker%len(tasks)](fmt.Sprintf("w%02d-%d", worker, round))
			}
		})
	}
	work.Wait()
	tags, branches := 3+workers/2*rounds, 1+workers/4*rounds
	sameJSON(t, fmt.Sprintf(`{"BuiltinTag": {"count": %d}, "DcimDevice": {"count": 12}, "InfrahubBranch": {"count": %d}}`, tags, branches),
		c.query("main", `{ BuiltinTag { count } DcimDevice { count } InfrahubBranch { count } }`))
}

// client talks to a sandbox.
type client struct {
	t       testing.TB
	address string
	token   string
}

func adminToken() string { return seed.Accounts()[0].Token }

func readerToken() string { return seed.Accounts()[3].Token }

// serve serves a new sandbox until the end of the test and returns a client of
// its administrator.
func serve(t testing.TB, o sandbox.Options) client {
	t.Helper()
	box, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return clientOf(t, box)
}

// clientOf serves a sandbox until the end of the test.
func clientOf(t testing.TB, box *sandbox.Sandbox) client {
	t.Helper()
	server := httptest.NewServer(box)
	t.Cleanup(server.Close)
	return client{t, server.URL, adminToken()}
}

// try sends a body as JSON, or reads if it is empty, and returns status and body
// of the answer. It may be called from any goroutine.
func (c client) try(path, body string) (status int, answer []byte, err error) {
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.address+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		request.Header.Set("X-INFRAHUB-KEY", c.token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

// send is try for what must be answered.
func (c client) send(path, body string) (status int, answer []byte) {
	c.t.Helper()
	status, answer, err := c.try(path, body)
	if err != nil {
		c.t.Fatal(err)
	}
	return status, answer
}

// tryQuery sends a GraphQL document and returns the data of the answer, or an
// error if it has errors. It may be called from any goroutine.
func (c client) tryQuery(branch, document string) (string, error) {
	status, answer, err := c.try("/graphql/"+branch, asked(document))
	if err != nil {
		return "", err
	}
	var decoded struct {
		Data   json.RawMessage
		Errors json.RawMessage
	}
	if err := json.Unmarshal(answer, &decoded); err != nil || status != http.StatusOK || decoded.Errors != nil {
		return "", fmt.Errorf("%s: %d %s", document, status, answer)
	}
	return string(decoded.Data), nil
}

// query is tryQuery for what must be answered without errors.
func (c client) query(branch, document string) string {
	c.t.Helper()
	data, err := c.tryQuery(branch, document)
	if err != nil {
		c.t.Fatal(err)
	}
	return data
}

// asked is the body of a request that sends a document.
func asked(document string) string {
	body, err := json.Marshal(map[string]string{"query": document})
	if err != nil {
		panic(err) // cannot be: it is a text
	}
	return string(body)
}

// sameJSON compares JSON texts by what they mean. It may be called from any
// goroutine.
func sameJSON(t testing.TB, want, got string) {
	t.Helper()
	var w, g any
	if err := errors.Join(json.Unmarshal([]byte(want), &w), json.Unmarshal([]byte(got), &g)); err != nil {
		t.Errorf("%v in %s", err, got)
		return
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
