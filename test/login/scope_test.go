package login_test

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Requests that two readers of JSON may understand differently must not get past
// whoever decides what may be written: each is sent by somebody who may only read.
func TestNobodyGetsAroundTheScope(t *testing.T) {
	t.Parallel()
	a := known(t, newServer(t, nil))
	reader, writer := a.logIn(t, newPerson(t).tab, "reader"), a.logIn(t, newPerson(t).tab, "writer")

	const (
		arguments = `"arguments":{"kind":"BuiltinTag","data":{"name":"smuggled"},"query":"mutation { BuiltinTagUpsert(data: {name: {value: \"smuggled\"}}) { ok } }"}`
		upsert    = `{` + arguments + `,"name":"node_upsert",META}`
		call      = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":` + upsert + `}`
		list      = `{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{META}}`
	)
	with := func(params string) string {
		return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{` + arguments + `,META,` + params + `}}`
	}
	attacks := map[string]struct {
		body         string
		method, name string // of the headers, where they are others
	}{
		"as it is":                      {body: call},
		"a batch":                       {body: `[` + call + `]`},
		"a batch behind a list":         {body: `[` + list + `,` + call + `]`, method: "tools/list"},
		"two messages":                  {body: list + "\n" + call, method: "tools/list"},
		"two names, the harmless first": {body: with(`"name":"get_nodes","name":"node_upsert"`), name: "get_nodes"},
		"two names, the harmless last":  {body: with(`"name":"node_upsert","name":"get_nodes"`), name: "get_nodes"},
		"the name in capitals beside a harmless one":  {body: with(`"name":"get_nodes","NAME":"node_upsert"`), name: "get_nodes"},
		"the name in capitals before a harmless one":  {body: with(`"Name":"node_upsert","name":"get_nodes"`), name: "get_nodes"},
		"the name in capitals alone":                  {body: with(`"Name":"node_upsert"`)},
		"the tool in capitals":                        {body: with(`"name":"Node_Upsert"`)},
		"the tool with a blank":                       {body: with(`"name":"node_upsert "`)},
		"the tool in escapes":                         {body: with(`"name":"node\u005fupsert"`)},
		"the key in escapes":                          {body: with(`"n\u0061me":"node_upsert"`)},
		"params twice":                                {body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_nodes","arguments":{"kind":"BuiltinTag"},META},"params":` + upsert + `}`, name: "get_nodes"},
		"params in capitals":                          {body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","Params":` + upsert + `,"params":{"name":"get_nodes","arguments":{"kind":"BuiltinTag"},META}}`, name: "get_nodes"},
		"the method twice":                            {body: `{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call","params":` + upsert + `}`, method: "tools/list"},
		"the method in capitals":                      {body: `{"jsonrpc":"2.0","id":1,"method":"tools/list","METHOD":"tools/call","params":` + upsert + `}`, method: "tools/list"},
		"a header that names a harmless tool":         {body: call, name: "get_nodes"},
		"a header that names a harmless method":       {body: call, method: "tools/list"},
		"another tool that writes":                    {body: with(`"name":"mutate_graphql"`), name: "mutate_graphql"},
		"a mutation in the tool for queries":          {body: with(`"name":"query_graphql"`), name: "query_graphql"},
		"another tool that writes, named as harmless": {body: with(`"name":"mutate_graphql"`), name: "query_graphql"},
	}
	meta, err := json.Marshal(a.meta())
	if err != nil {
		t.Fatal(err)
	}
	session := a.session(t, reader.Access)
	for name, attack := range attacks {
		header := map[string]string{"Mcp-Protocol-Version": modern, "Mcp-Method": "tools/call", "Mcp-Name": "node_upsert"}
		if attack.method != "" {
			header["Mcp-Method"] = attack.method
			delete(header, "Mcp-Name")
		}
		if attack.name != "" {
			header["Mcp-Name"] = attack.name
		}
		for era, sent := range map[string]struct {
			body   string
			header map[string]string
		}{
			"2026": {strings.ReplaceAll(attack.body, "META", `"_meta":`+string(meta)), header},
			"2025": {strings.ReplaceAll(attack.body, "META", `"_meta":{}`), map[string]string{"Mcp-Protocol-Version": legacy, "Mcp-Session-Id": session}},
			"none": {strings.ReplaceAll(attack.body, "META", `"_meta":{}`), nil},
		} {
			r := a.post(t, reader.Access, sent.body, sent.header)
			if r.status >= http.StatusInternalServerError || strings.Contains(r.body, `"branch":"`) {
				t.Errorf("%s, protocol of %s: %s", name, era, r)
			}
		}
	}
	if diff := cmp.Diff([]string{"main"}, a.branches(t, reader.Access)); diff != "" {
		t.Errorf("somebody who may only read has made branches (-want +got):\n%s", diff)
	}
	// A write would have been seen.
	branch := a.writes(t, writer.Access)
	if diff := cmp.Diff([]string{"main", branch}, a.branches(t, reader.Access)); diff != "" {
		t.Errorf("the branches after a write (-want +got):\n%s", diff)
	}
}

// legacy is a protocol version with sessions.
const legacy = "2025-11-25"

// session begins a session of the protocol version legacy.
func (a *app) session(t *testing.T, access string) (id string) {
	t.Helper()
	body, err := json.Marshal(object{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": object{
		"protocolVersion": legacy, "capabilities": object{}, "clientInfo": object{"name": rand.Text(), "version": "1"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	r := a.post(t, access, string(body), nil)
	if id = r.header.Get("Mcp-Session-Id"); r.status != http.StatusOK || id == "" {
		t.Fatalf("no session: %s", r)
	}
	a.post(t, access, `{"jsonrpc":"2.0","method":"notifications/initialized"}`, map[string]string{"Mcp-Protocol-Version": legacy, "Mcp-Session-Id": id})
	return id
}

// branches are those of Infrahub, as a tool that reads tells them.
func (a *app) branches(t *testing.T, access string) (names []string) {
	t.Helper()
	var message struct {
		Result struct {
			Structured struct {
				Branch []struct{ Name string }
			} `json:"structuredContent"`
		}
	}
	a.ask(t, access, "tools/call", object{"name": "query_graphql", "arguments": object{"query": "{ Branch { name } }"}}).decode(t, &message)
	for _, branch := range message.Result.Structured.Branch {
		names = append(names, branch.Name)
	}
	return names
}
