package program_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"infrahub-mcp/internal/auth/oidc/idptest"
	"infrahub-mcp/test/mcptest"
)

// modern is a request of the era without sessions, with a credential.
func modern(id int, method, name string, params object, credential string) (body string, header http.Header) {
	params = maps.Clone(params)
	params["_meta"] = object{
		"io.modelcontextprotocol/protocolVersion": mcptest.Modern, "io.modelcontextprotocol/clientCapabilities": object{},
		"io.modelcontextprotocol/clientInfo": object{"name": "t", "version": "1"},
	}
	raw, _ := json.Marshal(object{"jsonrpc": "2.0", "id": id, "method": method, "params": params}) // of this package
	return string(raw), as(credential, "Accept", "application/json, text/event-stream", "Mcp-Protocol-Version", string(mcptest.Modern), "Mcp-Method", method, "Mcp-Name", name)
}

// The era without sessions has a branch for each caller, whose name is what a
// caller shows to be let in there again: it is of no use to another.
func TestCallersWithoutSessionsHaveBranchesOfTheirOwn(t *testing.T) {
	parallel(t)
	bothModes(t, func(t *testing.T, e *entrance) {
		mine, theirs := e.credential(account(t, "engineer")), e.credential(account(t, "agent"))
		write := func(name, credential, branch string) (reply, string) {
			t.Helper()
			arguments := object{"kind": "BuiltinTag", "data": object{"name": name}}
			if branch != "" {
				arguments["branch"] = branch
			}
			body, header := modern(1, "tools/call", "node_upsert", object{"name": "node_upsert", "arguments": arguments}, credential)
			header.Set("Accept", "application/json")
			r := e.knock(t, http.MethodPost, body, header)
			_, structured, ok := r.result()
			if !ok {
				return r, ""
			}
			return r, decode[struct{ Branch string }](t, structured).Branch
		}
		_, first := write("first", mine, "")
		_, second := write("second", theirs, "")
		if !strings.HasPrefix(first, "mcp/engineer-") || !strings.HasPrefix(second, "mcp/agent-") {
			t.Fatalf("they write to %q and %q", first, second)
		}
		if r, branch := write("third", mine, first); branch != first {
			t.Errorf("with my own branch: %v", r)
		}
		if r, branch := write("fourth", theirs, first); branch != "" || !strings.Contains(r.body, "not a session branch of yours") {
			t.Errorf("with the branch of another: %v", r)
		}
		for name, want := range map[string]map[string]int{"first": {first: 1, second: 0}, "second": {first: 0, second: 1}, "third": {first: 1, second: 0}, "fourth": {first: 0, second: 0}} {
			for branch, number := range want {
				if got := e.box.tags(t, branch, name); got != number {
					t.Errorf("%d tags %s are on %s, want %d", got, name, branch, number)
				}
			}
		}
	}, "INFRAHUB_MCP_BRANCH_PATTERN=mcp/{user}-{hex}")
}

// Ids of requests are chosen by clients, and different ones choose the same.
func TestNobodyCancelsTheCallOfAnother(t *testing.T) {
	parallel(t)
	bothModes(t, func(t *testing.T, e *entrance) {
		mine, theirs := e.credential(account(t, "engineer")), e.credential(account(t, "agent"))
		session := e.open(t, as(mine))
		call := object{"name": "query_graphql", "arguments": object{"query": `{ AccountProfile { name { value } } }`}}
		inSession, _ := json.Marshal(object{"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": call})
		without, modernHeader := modern(7, "tools/call", "query_graphql", call, mine)
		if r := e.knock(t, http.MethodPost, whoami(), as(theirs)); !named(r, "agent") { // who that is need not be asked again
			t.Fatal(r)
		}
		if r := e.knock(t, http.MethodPost, whoami(), as(mine)); !named(r, "engineer") {
			t.Fatal(r)
		}

		gate := e.proxy.hold(t)
		answers := make(chan reply, 2)
		for _, request := range []struct {
			body   string
			header http.Header
		}{{string(inSession), as(mine, "Mcp-Session-Id", session)}, {without, modernHeader}} {
			request.header.Set("Accept", "application/json")
			go func() {
				r, err := knock(t.Context(), http.MethodPost, e.url, request.body, request.header)
				if err != nil {
					t.Error(err)
				}
				answers <- r
			}()
		}
		wait(t, gate.entered, 2)
		cancel := `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}`
		own := e.open(t, as(theirs))
		for name, attempt := range map[string]struct {
			header http.Header
			status int
		}{
			"in the era without sessions":        {as(theirs, "Mcp-Protocol-Version", string(mcptest.Modern), "Mcp-Method", "notifications/cancelled"), 202},
			"by the caller, in that era":         {as(mine, "Mcp-Protocol-Version", string(mcptest.Modern), "Mcp-Method", "notifications/cancelled"), 202},
			"without a session":                  {as(theirs), 202},
			"in another session":                 {as(theirs, "Mcp-Session-Id", own), 202},
			"in the session, by someone else":    {as(theirs, "Mcp-Session-Id", session), 404},
			"in the session, by someone unknown": {as("", "Mcp-Session-Id", session), 401},
		} {
			if r := e.knock(t, http.MethodPost, cancel, attempt.header); r.status != attempt.status {
				t.Errorf("%s: %v; want %d", name, r, attempt.status)
			}
		}
		gate.open()
		for range 2 {
			if r := <-answers; !named(r, "engineer") {
				t.Errorf("the call was cancelled: %v", r)
			}
		}
		if len(gate.dropped) > 0 {
			t.Errorf("%d requests to Infrahub were dropped", len(gate.dropped))
		}
	})
}

// In mode oidc a session belongs to the user, whichever token shows who that is.
func TestASessionOutlivesTheTokensOfItsUser(t *testing.T) {
	parallel(t)
	b := newBox(t)
	s := newSSO(t, b.infrahub, "https://mcp.example.com")
	first, _ := s.login(t)
	second, _ := s.login(t)
	s.idp.SetUser(idptest.User{Subject: "user-2", Claims: map[string]any{"email": "ann@example.com", "email_verified": true}, Scopes: []string{"write"}})
	namesake, _ := s.login(t)
	if first == second {
		t.Fatal("two logins give one token")
	}
	opened := s.ask(t, http.MethodPost, rpc("initialize", object{
		"protocolVersion": mcptest.Legacy, "capabilities": object{}, "clientInfo": object{"name": "t", "version": "1"},
	}), as("Bearer "+first))
	id := opened.header.Get("Mcp-Session-Id")
	if opened.status != http.StatusOK || id == "" {
		t.Fatalf("no session begins: %v", opened)
	}
	for _, test := range []struct {
		name, method, token, id string
		status                  int
	}{
		{"the same token", "POST", first, id, 200},
		{"another token of the user", "POST", second, id, 200},
		{"another user of the same name", "POST", namesake, id, 404},
		{"another user listens", "GET", namesake, id, 404},
		{"another user ends it", "DELETE", namesake, id, 404},
		{"nobody", "POST", "", id, 401},
		{"a forged id", "POST", first, strings.Repeat("A", len(id)), 404},
		{"an id with its last bits changed", "POST", first, id[:len(id)-2] + "AA", 404},
		{"another token of the user ends it", "DELETE", second, id, 200},
		{"the same token after the end", "POST", first, id, 404},
	} {
		credential := ""
		if test.token != "" {
			credential = "Bearer " + test.token
		}
		if r := s.ask(t, test.method, rpc("tools/list", object{}), as(credential, "Mcp-Session-Id", test.id, "Accept", "application/json, text/event-stream")); r.status != test.status {
			t.Errorf("%s: %v; want %d", test.name, r, test.status)
		}
	}
}

// A 401 of this server means that the caller has to log in again, which is of no
// use when Infrahub refuses the credential of the server.
func TestARefusalByInfrahubIsNoRefusalOfTheToken(t *testing.T) {
	parallel(t)
	b := newBox(t)
	p := startProxyTo(t, b.infrahub)
	s := newSSO(t, infrahub{address: "http://" + p.address, token: b.token}, "https://mcp.example.com")
	access, _ := s.login(t)
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		p.behave(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"data":null,"errors":[{"message":"no","extensions":{"code":%d}}]}`, status)
		})
		for _, body := range []string{whoami(), writes("never"), rpc("resources/read", object{"uri": "infrahub://schema"}), rpc("tools/list", object{})} {
			r := s.ask(t, http.MethodPost, body, as("Bearer "+access))
			if _, _, ok := r.result(); r.status != http.StatusOK || r.header.Get("WWW-Authenticate") != "" || ok {
				t.Errorf("Infrahub answers %d to %.60s: %v", status, body, r)
			}
		}
	}
}
