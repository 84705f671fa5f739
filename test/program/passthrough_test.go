package program_test

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"infrahub-mcp/internal/sandbox"
	"infrahub-mcp/internal/sandbox/seed"
	"infrahub-mcp/test/mcptest"
)

// The passthrough modes.
const (
	byToken = "token-passthrough"
	byBasic = "basic-passthrough"
)

// entrance is a program in a passthrough mode, without a credential of its own,
// before a sandbox of its own.
type entrance struct {
	*program
	mode  string
	proxy *proxy
	box   *box
}

// newEntrance starts the program in a mode.
func newEntrance(t *testing.T, mode string, settings ...string) *entrance {
	t.Helper()
	return entranceTo(t, newBox(t), mode, settings...)
}

func entranceTo(t *testing.T, b *box, mode string, settings ...string) *entrance {
	t.Helper()
	p := startProxyTo(t, b.infrahub)
	settings = append([]string{"INFRAHUB_API_TOKEN=", "INFRAHUB_MCP_AUTH_MODE=" + mode}, settings...)
	e := &entrance{mode: mode, proxy: p, box: b}
	e.program = start(t, launch{transport: overHTTP, address: "http://" + p.address, token: b.token, settings: settings})
	return e
}

// bothModes runs a test in each passthrough mode.
func bothModes(t *testing.T, test func(t *testing.T, e *entrance), settings ...string) {
	t.Helper()
	for _, mode := range []string{byToken, byBasic} {
		t.Run("in mode "+mode, func(t *testing.T) {
			parallel(t)
			test(t, newEntrance(t, mode, settings...))
		})
	}
}

// account is one of the sandbox.
func account(t *testing.T, name string) seed.Account {
	t.Helper()
	all := seed.Accounts()
	i := slices.IndexFunc(all, func(a seed.Account) bool { return a.Name == name })
	if i < 0 {
		t.Fatalf("the sandbox has no account %s", name)
	}
	return all[i]
}

// credential is how an account shows who it is in the mode.
func (e *entrance) credential(a seed.Account) string {
	if e.mode == byBasic {
		return basic(a.Name, a.Password)
	}
	return "Bearer " + a.Token
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// stranger is an account that the sandbox does not have.
func stranger() seed.Account {
	return seed.Account{Name: "stranger", Password: "marked-wrong-password", Token: "marked-0000-wrong-token"}
}

// as are the headers of a request with a credential; "" is none.
func as(credential string, more ...string) http.Header {
	h := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}
	if credential != "" {
		h.Set("Authorization", credential)
	}
	for pair := range slices.Chunk(more, 2) {
		h.Set(pair[0], pair[1])
	}
	return h
}

// reply is what came back for an HTTP request. Of a stream there is no body.
type reply struct {
	status int
	header http.Header
	body   string
}

func (r reply) String() string { return fmt.Sprintf("status %d: %.400s", r.status, r.body) }

// code is that of the JSON-RPC error in the body, 0 without one.
func (r reply) code() int {
	var m struct{ Error struct{ Code int } }
	if json.Unmarshal([]byte(r.body), &m) != nil {
		return 0
	}
	return m.Error.Code
}

// result is that of a tool in the body.
func (r reply) result() (text string, structured json.RawMessage, ok bool) {
	var m struct {
		Result *struct {
			Content    []struct{ Text string }
			Structured json.RawMessage `json:"structuredContent"`
			IsError    bool
		}
	}
	if json.Unmarshal([]byte(r.body), &m) != nil || m.Result == nil || len(m.Result.Content) == 0 {
		return "", nil, false
	}
	return m.Result.Content[0].Text, m.Result.Structured, !m.Result.IsError
}

// refusedCredential reports whether the reply says that the credential was not
// accepted: as an error, or as the result of a tool.
func (r reply) refusedCredential() bool {
	text, _, ok := r.result()
	return r.code() == -32001 || !ok && strings.Contains(strings.ToLower(text), "credential")
}

// knock sends one HTTP request.
func knock(ctx context.Context, method, url, body string, header http.Header) (reply, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	request.Header = header
	request.Host = header.Get("Host")
	// Who announces the end of the connection may not hear why a large body is
	// refused before it is read: net/http then closes at once.
	request.Close = len(body) < 1<<20
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	r := reply{status: response.StatusCode, header: response.Header}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		return r, nil
	}
	raw, err := io.ReadAll(response.Body)
	r.body = string(raw)
	return r, err
}

func (p *program) knock(t *testing.T, method, body string, header http.Header) reply {
	t.Helper()
	r, err := knock(t.Context(), method, p.url, body, header)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// rpc is a request of the era that has sessions, though it may do without one.
func rpc(method string, params any) string {
	raw, _ := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params}) // of this package
	return string(raw)
}

func toolRequest(tool string, arguments object) string {
	return rpc("tools/call", object{"name": tool, "arguments": arguments})
}

// whoami asks Infrahub who is asking.
func whoami() string {
	return toolRequest("query_graphql", object{"query": `{ AccountProfile { name { value } } }`})
}

// writes is a call that makes a tag.
func writes(name string) string {
	return toolRequest("node_upsert", object{"kind": "BuiltinTag", "data": object{"name": name}})
}

// named is what answers whoami with the name of an account.
func named(r reply, name string) bool {
	_, structured, ok := r.result()
	return ok && regexp.MustCompile(`"value":\s*"`+name+`"`).Match(structured)
}

// open begins a session.
func (p *program) open(t *testing.T, header http.Header) string {
	t.Helper()
	r := p.knock(t, http.MethodPost, rpc("initialize", object{
		"protocolVersion": mcptest.Legacy, "capabilities": object{}, "clientInfo": object{"name": "t", "version": "1"},
	}), header)
	id := r.header.Get("Mcp-Session-Id")
	if r.status != http.StatusOK || id == "" {
		t.Fatalf("no session begins: %v", r)
	}
	return id
}

func TestWithoutAProperCredentialNobodyComesIn(t *testing.T) {
	parallel(t)
	bothModes(t, func(t *testing.T, e *entrance) {
		other := map[string]string{byToken: byBasic, byBasic: byToken}[e.mode]
		right := e.credential(account(t, "reader"))
		challenge := map[string]string{byToken: "Bearer", byBasic: `Basic realm="infrahub", charset="UTF-8"`}[e.mode]
		for _, test := range []struct {
			name   string
			values []string
			status int
		}{
			{"no credential", nil, 401},
			{"an empty one", []string{""}, 401},
			{"a scheme alone", []string{strings.Fields(right)[0]}, 401},
			{"an unknown scheme", []string{"Digest " + strings.Fields(right)[1]}, 401},
			{"that of mode " + other, []string{(&entrance{mode: other}).credential(account(t, "reader"))}, 401},
			{"a control character in it", []string{right + "\tx"}, 401},
			{"one too long", []string{right + strings.Repeat("x", 5000)}, 401},
			{"the same one twice", []string{right, right}, 400},
			{"two of them", []string{right, e.credential(account(t, "engineer"))}, 400},
			{"two joined by a comma", []string{right + ", " + e.credential(account(t, "engineer"))}, 400},
		} {
			for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodDelete} {
				t.Run(test.name+" with "+method, func(t *testing.T) {
					header := as("")
					if test.values != nil {
						header["Authorization"] = test.values
					}
					r := e.knock(t, method, rpc("tools/list", object{}), header)
					if r.status != test.status || r.code() != -32001 {
						t.Errorf("%v; want status %d and code -32001", r, test.status)
					}
					if got := r.header.Get("WWW-Authenticate"); (test.status == http.StatusUnauthorized) != (got == challenge) {
						t.Errorf("the challenge is %q", got)
					}
				})
			}
		}
		r, err := knock(t.Context(), http.MethodPost, e.url+"?access_token=x", rpc("tools/list", object{}), as(right))
		if err != nil || r.status != http.StatusBadRequest {
			t.Errorf("with a credential in the URL: %v, %v", r, err)
		}
		if r := e.knock(t, http.MethodPost, whoami(), as(right)); !named(r, "reader") {
			t.Errorf("with the right one: %v", r)
		}
	})
}

func TestACredentialIsReadFromItsOwnHeaderAlone(t *testing.T) {
	parallel(t)
	const name = "X-Infrahub-Token"
	bothModes(t, func(t *testing.T, e *entrance) {
		reader, engineer := e.credential(account(t, "reader")), e.credential(account(t, "engineer"))
		if r := e.knock(t, http.MethodPost, whoami(), as("", name, reader)); !named(r, "reader") {
			t.Errorf("in its header: %v", r)
		}
		if r := e.knock(t, http.MethodPost, whoami(), as(engineer, name, reader)); !named(r, "reader") {
			t.Errorf("beside another in Authorization: %v", r)
		}
		if r := e.knock(t, http.MethodPost, whoami(), as(engineer)); r.status != http.StatusUnauthorized || !strings.Contains(r.body, name) {
			t.Errorf("in Authorization: %v", r)
		}
	}, "INFRAHUB_MCP_TOKEN_PASSTHROUGH_HEADER="+name)
}

func TestACredentialThatInfrahubRefusesIsNamedAsTheReason(t *testing.T) {
	parallel(t)
	bothModes(t, func(t *testing.T, e *entrance) {
		header := as(e.credential(stranger()))
		for name, body := range map[string]string{
			"a tool":     whoami(),
			"a write":    writes("never"),
			"a resource": rpc("resources/read", object{"uri": "infrahub://schema"}),
		} {
			if r := e.knock(t, http.MethodPost, body, header); !r.refusedCredential() {
				t.Errorf("%s: %v", name, r)
			}
		}
	})
}

func TestStdioHasNoPassthrough(t *testing.T) {
	parallel(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, mode := range []string{byToken, byBasic} {
		process, err := mcptest.Start(mcptest.Command{Path: shared.race, Dir: t.TempDir(), Env: []string{
			"INFRAHUB_ADDRESS=http://127.0.0.1:1", "INFRAHUB_MCP_AUTH_MODE=" + mode,
		}})
		if err != nil {
			t.Fatal(err)
		}
		status, err := process.Wait(ctx)
		if err != nil {
			process.Kill()
			t.Fatal(err)
		}
		if log := process.Log(); status == 0 || !strings.Contains(log, "stdio") || !strings.Contains(log, mode) {
			t.Errorf("mode %s: exit status %d: %s", mode, status, log)
		}
	}
}

func TestWhatIsOpenToAllNeedsNoCredential(t *testing.T) {
	parallel(t)
	bothModes(t, func(t *testing.T, e *entrance) {
		mark := e.proxy.mark()
		for _, test := range []struct {
			method, path string
			status       int
			says         string
		}{
			{"GET", "/health", 200, `"auth_mode":"` + e.mode + `"`},
			{"GET", "/.well-known/oauth-protected-resource/mcp", 404, `"invalid_request"`},
			{"GET", "/.well-known/oauth-authorization-server", 404, `"invalid_request"`},
			{"GET", "/mcp/.well-known/openid-configuration", 404, `"invalid_request"`},
			{"POST", "/register", 404, `"invalid_request"`},
		} {
			r, err := knock(t.Context(), test.method, e.base()+test.path, "", as(""))
			if err != nil || r.status != test.status || !strings.Contains(r.body, test.says) || !json.Valid([]byte(r.body)) {
				t.Errorf("%s %s: %v, %v", test.method, test.path, r, err)
			}
		}
		if asked := e.proxy.everything(mark); len(asked) > 0 {
			t.Errorf("Infrahub was asked: %v", asked)
		}
		for _, line := range []string{"auth_mode=" + e.mode, "msg=passthrough_middleware enabled=true mode=" + e.mode} {
			if !strings.Contains(e.Log(), line) {
				t.Errorf("the log lacks %q", line)
			}
		}
	})
}

// What an account may do is for Infrahub to say, and its name is in the audit
// line and in the name of its branch.
func TestEveryUserActsAsThemselves(t *testing.T) {
	parallel(t)
	bothModes(t, func(t *testing.T, e *entrance) {
		engineer, reader := as(e.credential(account(t, "engineer"))), as(e.credential(account(t, "reader")))
		r := e.knock(t, http.MethodPost, writes("theirs"), engineer)
		_, structured, ok := r.result()
		if !ok {
			t.Fatalf("the engineer cannot write: %v", r)
		}
		branch := decode[struct{ Branch string }](t, structured).Branch
		if !strings.HasPrefix(branch, "mcp/engineer-") || e.box.tags(t, branch, "theirs") != 1 || e.box.tags(t, "", "theirs") != 0 {
			t.Errorf("the write went to %q", branch)
		}
		if r := e.knock(t, http.MethodPost, writes("not-theirs"), reader); !strings.Contains(r.body, `"isError":true`) {
			t.Errorf("the reader writes: %v", r)
		}
		for _, b := range e.box.branchNames(t) {
			if e.box.tags(t, b, "not-theirs") != 0 {
				t.Errorf("the tag of the reader is on %s", b)
			}
		}
		if r := e.knock(t, http.MethodPost, rpc("resources/read", object{"uri": "infrahub://schema"}), reader); r.code() != 0 {
			t.Errorf("the reader cannot read: %v", r)
		}
		// An audit line is written after its answer.
		if err := e.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		ended(t, e.program)
		for _, want := range []string{`tool=node_upsert user=engineer`, `tool=node_upsert user=reader`, `uri=infrahub://schema user=reader`} {
			if !strings.Contains(e.Log(), want) {
				t.Errorf("no audit line has %q", want)
			}
		}
		asked := slices.DeleteFunc(e.proxy.everything(0), func(r upstreamRequest) bool { return !strings.HasPrefix(r.Document, "query AccountProfile") })
		if len(asked) != 2 {
			t.Errorf("Infrahub was asked for the name of an account %d times, want once for each of two", len(asked))
		}
	}, "INFRAHUB_MCP_BRANCH_PATTERN=mcp/{user}-{hex}")
}

func TestASessionIsThatOfItsPrincipal(t *testing.T) {
	parallel(t)
	bothModes(t, func(t *testing.T, e *entrance) {
		mine, theirs := e.credential(account(t, "engineer")), e.credential(account(t, "agent"))
		id := e.open(t, as(mine))
		with := func(credential, id string) http.Header {
			return as(credential, "Mcp-Session-Id", id, "Accept", "application/json, text/event-stream")
		}
		for _, test := range []struct {
			name, method, credential, id string
			status                       int
		}{
			{"another posts", "POST", theirs, id, 404},
			{"another listens", "GET", theirs, id, 404},
			{"another ends it", "DELETE", theirs, id, 404},
			{"nobody posts", "POST", "", id, 401},
			{"a forged id", "POST", mine, strings.Repeat("A", len(id)), 404},
			{"its own posts", "POST", mine, id, 200},
			{"its own listens", "GET", mine, id, 200},
			{"its own ends it", "DELETE", mine, id, 200},
			{"its own posts after the end", "POST", mine, id, 404},
		} {
			if r := e.knock(t, test.method, rpc("tools/list", object{}), with(test.credential, test.id)); r.status != test.status {
				t.Errorf("%s: %v; want %d", test.name, r, test.status)
			}
		}
		// Each of two sessions and each of two callers without one has a branch
		// of its own, and a session keeps it.
		first, second := e.open(t, as(mine)), e.open(t, as(theirs))
		owners := map[string]string{}
		for i, sender := range []struct{ owner, credential, id string }{
			{"my session", mine, first}, {"their session", theirs, second}, {"my session", mine, first}, {"their session", theirs, second},
			{"me", mine, ""}, {"them", theirs, ""},
		} {
			header := as(sender.credential)
			if sender.id != "" {
				header.Set("Mcp-Session-Id", sender.id)
			}
			r := e.knock(t, http.MethodPost, writes(fmt.Sprintf("tag-%d", i)), header)
			_, structured, ok := r.result()
			if !ok {
				t.Fatalf("%s: %v", sender.owner, r)
			}
			branch := decode[struct{ Branch string }](t, structured).Branch
			if owner := cmp.Or(owners[branch], sender.owner); owner != sender.owner {
				t.Errorf("%s writes to %s, the branch of %s", sender.owner, branch, owner)
			}
			owners[branch] = sender.owner
		}
		if len(owners) != 4 {
			t.Errorf("four owners have the branches %v", owners)
		}
	})
}

func TestALoginThatEndsIsRenewed(t *testing.T) {
	parallel(t)
	content, err := sandbox.New(sandbox.Options{Devices: devices, AccessLifetime: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(content)
	t.Cleanup(server.Close)
	e := entranceTo(t, &box{infrahub{address: server.URL, token: seed.Accounts()[0].Token}, content}, byBasic)
	header := as(e.credential(account(t, "reader")))
	renewals := func() (n int) {
		for _, r := range e.proxy.everything(0) {
			if strings.HasPrefix(r.Path, "/api/auth/") {
				n++
			}
		}
		return n
	}
	for calls, deadline := 0, time.Now().Add(time.Minute); renewals() < 3; calls++ {
		if r := e.knock(t, http.MethodPost, whoami(), header); !named(r, "reader") {
			t.Fatalf("call %d: %v", calls, r)
		}
		if calls == 3 && renewals() > 2 {
			t.Errorf("%d logins for the first calls", renewals())
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d logins and renewals", renewals())
		}
	}
}

func TestPasswordsCannotBeGuessed(t *testing.T) {
	parallel(t)
	e := newEntrance(t, byBasic)
	reader := as(e.credential(account(t, "reader")))
	if r := e.knock(t, http.MethodPost, whoami(), as(e.credential(account(t, "engineer")))); !named(r, "engineer") {
		t.Fatalf("before: %v", r)
	}
	victims := []string{"reader", "engineer", "nobody-of-that-name"}
	together(t, 5*len(victims), func(i int) error {
		victim := victims[i%len(victims)]
		r, err := knock(t.Context(), http.MethodPost, e.url, whoami(), as(basic(victim, fmt.Sprintf("guess-%d", i))))
		if err == nil && !r.refusedCredential() {
			err = fmt.Errorf("guessing at %s: %v", victim, r)
		}
		return err
	})
	mark := e.proxy.mark()
	for name, header := range map[string]http.Header{
		"another guess":                     as(basic("reader", "guess-no-more")),
		"the right password, never seen":    reader,
		"a guess at one who is logged in":   as(basic("engineer", "guess-no-more")),
		"a guess at one who does not exist": as(basic("nobody-of-that-name", "guess-no-more")),
	} {
		r := e.knock(t, http.MethodPost, whoami(), header)
		if r.status != http.StatusTooManyRequests || r.header.Get("Retry-After") == "" {
			t.Errorf("%s: %v", name, r)
		}
	}
	if asked := e.proxy.everything(mark); len(asked) > 0 {
		t.Errorf("Infrahub was asked: %v", asked)
	}
	if r := e.knock(t, http.MethodPost, whoami(), as(e.credential(account(t, "engineer")))); !named(r, "engineer") {
		t.Errorf("who was logged in before is locked out: %v", r)
	}
}

// Two hundred callers with two accounts at once: each request to Infrahub
// carries the credential of the caller it is for, and each answer is theirs.
func TestCallersAtOnceAreNeverMixedUp(t *testing.T) {
	parallel(t)
	const callers = 200
	e := newEntrance(t, byToken)
	who := [2]seed.Account{account(t, "engineer"), account(t, "reader")}
	var mu sync.Mutex
	var seen, marked int
	mark := regexp.MustCompile(`caller-(\d+)-end`)
	e.proxy.behave(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		key, others := r.Header.Values("X-INFRAHUB-KEY"), r.Header.Values("Authorization")
		mu.Lock()
		seen++
		if len(key) != 1 || key[0] != who[0].Token && key[0] != who[1].Token || len(others) > 0 {
			t.Errorf("%s carries %d keys and %d other credentials", r.URL.Path, len(key), len(others))
		} else if m := mark.FindSubmatch(body); m != nil {
			marked++
			var i int
			_, _ = fmt.Sscan(string(m[1]), &i) // digits
			if key[0] != who[i%2].Token {
				t.Errorf("a request of caller %d carries the credential of another: %s", i, body)
			}
		}
		mu.Unlock()
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		e.proxy.forward.ServeHTTP(w, r)
	})
	together(t, callers, func(i int) error {
		me, tag := who[i%2], fmt.Sprintf("caller-%d-end", i)
		header := as(e.credential(me))
		say := func(body string) (reply, error) {
			r, err := knock(t.Context(), http.MethodPost, e.url, body, header.Clone())
			if err == nil && r.status != http.StatusOK {
				err = fmt.Errorf("as %s: %v", me.Name, r)
			}
			return r, err
		}
		r, err := say(toolRequest("query_graphql", object{"query": `{ AccountProfile { name { value } } BuiltinTag(name__value: "` + tag + `") { count } }`}))
		if err != nil {
			return err
		}
		if !named(r, me.Name) {
			return fmt.Errorf("the answer is not that of %s: %v", me.Name, r)
		}
		if r, err = say(toolRequest("get_nodes", object{"kind": "BuiltinTag", "filters": object{"name__value": tag}})); err != nil {
			return err
		}
		if _, _, ok := r.result(); !ok {
			return fmt.Errorf("%s cannot read: %v", me.Name, r)
		}
		if i%20 > 1 {
			return nil
		}
		if r, err = say(writes(tag)); err != nil {
			return err
		}
		if _, _, ok := r.result(); ok != (me.Name == "engineer") {
			return fmt.Errorf("%s writes: %v", me.Name, r)
		}
		return nil
	})
	mu.Lock()
	defer mu.Unlock()
	if marked < 2*callers {
		t.Errorf("only %d of %d requests could be told apart", marked, seen)
	}
	t.Logf("%d requests to Infrahub, %d of them of a known caller", seen, marked)
}

// A credential is in nothing that the process writes or answers, whatever
// happens: not even when Infrahub repeats it.
func TestCredentialsAreNeverRepeated(t *testing.T) {
	parallel(t)
	bothModes(t, func(t *testing.T, e *entrance) {
		good := seed.Account{Name: "marked-user", Password: "marked-pass:wörd-7f3a", Token: account(t, "reader").Token}
		self := "reader" // whose token it is
		if e.mode == byBasic {
			self = good.Name
			e.box.must(t, "", `mutation($n: String!, $p: String!) { CoreAccountCreate(data: {name: {value: $n}, password: {value: $p}, account_type: {value: "User"}, member_of_groups: [{hfid: ["readers"]}]}) { ok } }`,
				object{"n": good.Name, "p": good.Password}, nil)
		}
		var mu sync.Mutex
		marks := map[string]bool{}
		add := func(values ...string) {
			mu.Lock()
			defer mu.Unlock()
			for _, v := range values {
				marks[v] = true
			}
		}
		for _, a := range []seed.Account{good, stranger()} {
			add(a.Token, a.Password, strings.TrimPrefix(basic(a.Name, a.Password), "Basic "))
		}
		// Those that a login gives are not to be seen, either.
		forward := func(w http.ResponseWriter, r *http.Request) {
			if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
				add(token)
			}
			e.proxy.forward.ServeHTTP(w, r)
		}
		repeat := func(w http.ResponseWriter, r *http.Request) {
			raw, _ := io.ReadAll(r.Body) // the program may give up
			w.Header().Set("Content-Type", "application/json")
			if !strings.HasPrefix(r.URL.Path, "/graphql") {
				w.WriteHeader(http.StatusInternalServerError)
			}
			_ = json.NewEncoder(w).Encode(object{"data": nil, "errors": []any{object{"message": fmt.Sprintf("failed: %v %s", r.Header, raw)}}})
		}
		var answers strings.Builder
		for _, behaviour := range []struct {
			name string
			http.HandlerFunc
		}{{"it works", forward}, {"no server", unavailable}, {"it repeats the request", repeat}, {"no answer", hanging}, {"it works again", forward}} {
			e.proxy.behave(behaviour.HandlerFunc)
			type request struct {
				method, body string
				header       http.Header
			}
			var requests []request
			for _, a := range []seed.Account{good, stranger()} {
				c := e.credential(a)
				for _, body := range []string{whoami(), rpc("tools/list", object{}), rpc("resources/read", object{"uri": "infrahub://schema"})} {
					requests = append(requests, request{http.MethodPost, body, as(c)})
				}
				requests = append(
					requests, request{http.MethodGet, "", as(c)}, request{http.MethodDelete, "", as(c)},
					request{http.MethodPost, whoami(), as(c + " x")}, request{http.MethodPost, whoami(), as(strings.Replace(c, " ", " , ", 1))},
				)
			}
			together(t, len(requests), func(i int) error {
				r, err := knock(t.Context(), requests[i].method, e.url, requests[i].body, requests[i].header)
				if i == 0 && behaviour.name == "it works" && !named(r, self) {
					t.Errorf("no success: %v", r)
				}
				mu.Lock()
				defer mu.Unlock()
				fmt.Fprintln(&answers, r.status, r.header, r.body)
				return err
			})
		}
		mu.Lock()
		defer mu.Unlock()
		for what, text := range map[string]string{"log": e.Log(), "standard output": e.Output(), "answers": answers.String()} {
			for m := range marks {
				if at := strings.Index(text, m); at >= 0 {
					t.Errorf("the %s hold %q: %.600s", what, m, text[max(0, at-300):])
				}
			}
		}
		if e.mode == byBasic && len(marks) < 7 {
			t.Error("no token of a login was seen")
		}
	}, "INFRAHUB_TIMEOUT=3")
}
