package program_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"infrahub-mcp/test/mcptest"
)

func TestReadsGoToTheBranchThatIsNamed(t *testing.T) {
	parallel(t)
	everyWay(t, func(t *testing.T, s *session) {
		branch, name := dataBranch(t), unique("branch-"+string(s.Era())+"-"+string(s.program.transport[:5]))
		shared.infrahub.must(t, branch, `mutation($name: String!) { BuiltinTagUpsert(data: {name: {value: $name}}) { ok } }`, map[string]any{"name": name}, nil)
		here, there := object{"kind": "BuiltinTag", "filters": object{"name__value": name}}, object{"kind": "BuiltinTag", "filters": object{"name__value": name}, "branch": branch}
		if got := s.list(t, here); got.TotalCount != 0 || got.Branch != "" {
			t.Errorf("on the default branch there are %d of branch %q", got.TotalCount, got.Branch)
		}
		if got := s.list(t, there); got.TotalCount != 1 || got.Branch != branch {
			t.Errorf("on the branch there are %d of branch %q", got.TotalCount, got.Branch)
		}
		for tool, arguments := range map[string]object{
			"search_nodes":   {"query": name, "kind": "BuiltinTag"},
			"query_graphql":  {"query": `{ BuiltinTag(name__value: "` + name + `") { edges { node { display_label } } } }`},
			"find_reachable": {"source": "BuiltinTag__" + name, "target_kinds": "LocationSite", "max_depth": 1},
		} {
			arguments["branch"] = branch
			if result := s.must(t, tool, arguments); !strings.Contains(result.Text, name) {
				t.Errorf("%s does not find the tag on the branch: %s", tool, result.Text)
			}
		}
		got, err := s.Complete(t.Context(), mcptest.Reference{Prompt: "make_infra_change"}, "hfid", name, map[string]string{"kind": "BuiltinTag", "branch": branch})
		if err != nil || strings.Join(got.Values, " ") != "BuiltinTag__"+name {
			t.Errorf("completed to %v: %v", got.Values, err)
		}
		got, err = s.Complete(t.Context(), mcptest.Reference{Prompt: "make_infra_change"}, "branch", branch, nil)
		if err != nil || strings.Join(got.Values, " ") != branch {
			t.Errorf("the branch is completed to %v: %v", got.Values, err)
		}
	})
}

func TestThePastIsReadAsItWas(t *testing.T) {
	parallel(t)
	bothTransports(t, func(t *testing.T, s *session) {
		branch, name := dataBranch(t), unique("past-"+string(s.program.transport[:5]))
		write := func(description string) {
			shared.infrahub.must(t, branch, `mutation($name: String!, $description: String!) { BuiltinTagUpsert(data: {name: {value: $name}, description: {value: $description}}) { ok } }`,
				map[string]any{"name": name, "description": description}, nil)
		}
		read := func(at string) nodes {
			arguments := object{"kind": "BuiltinTag", "fields": []string{"description", "created_at", "updated_at"}, "filters": object{"name__value": name}, "branch": branch}
			if at != "" {
				arguments["at"] = at
			}
			return s.list(t, arguments)
		}
		moment := func(page nodes, field string) time.Time {
			text, _ := page.Nodes[0][field].(string)
			at, err := time.Parse(time.RFC3339Nano, text)
			if err != nil {
				t.Fatalf("%s is %q: %v", field, text, err)
			}
			return at
		}
		write("before")
		first := read("")
		write("after")
		second := read("")
		created, changed := moment(first, "updated_at"), moment(second, "updated_at")
		if !changed.After(created) {
			t.Fatalf("the tag was created at %v and changed at %v", created, changed)
		}
		between := created.Add(changed.Sub(created) / 2)
		for _, test := range []struct {
			name, at string
			want     string // description; none: not there
		}{
			{"now", "", "after"},
			{"between the changes", between.Format(time.RFC3339Nano), "before"},
			{"between the changes, in another zone", between.In(time.FixedZone("", 5*3600)).Format(time.RFC3339Nano), "before"},
			{"after the changes", changed.Add(time.Millisecond).Format(time.RFC3339Nano), "after"},
			{"before the first", created.Add(-time.Second).Format(time.RFC3339Nano), ""},
		} {
			t.Run(test.name, func(t *testing.T) {
				page := read(test.at)
				got := ""
				if len(page.Nodes) == 1 {
					got, _ = page.Nodes[0]["description"].(string)
				}
				if got != test.want || (test.at == "") != (page.At == "") {
					t.Errorf("the description is %q, want %q; the answer is of %q", got, test.want, page.At)
				}
			})
		}
	})
}

// A kind that is loaded into Infrahub while the program runs is known to it
// soon, on that branch and no other.
func TestAChangedSchemaIsSeenWithoutARestart(t *testing.T) {
	parallel(t)
	branch := schemaBranch(t)
	type client struct {
		name string
		*session
	}
	// One that looks again only when the schema has changed under it.
	behind := newSession(t, overHTTP, mcptest.Modern)
	behind.must(t, "get_schema", object{"branch": branch})
	summary, err := shared.infrahub.send(t.Context(), http.MethodGet, "/api/schema/summary?branch="+url.QueryEscape(branch), nil)
	if err != nil {
		t.Fatal(err)
	}
	clients := []client{
		{"over stdio", newSession(t, overStdio, mcptest.Modern)},
		{"over streamable HTTP", newSession(t, overHTTP, mcptest.Legacy)},
	}
	const kind = "RealtestProbe"
	for _, c := range clients {
		if text := c.refused(t, "get_nodes", object{"kind": kind, "branch": branch}); !strings.Contains(text, kind) {
			t.Errorf("%s, before: %s", c.name, text)
		}
	}
	schema := map[string]any{"version": "1.0", "nodes": []any{map[string]any{
		"name": "Probe", "namespace": "Realtest", "human_friendly_id": []string{"name__value"}, "display_label": "{{ name__value }}",
		"attributes": []any{
			map[string]any{"name": "name", "kind": "Text", "unique": true},
			map[string]any{"name": "entry_code", "kind": "Password", "optional": true},
		},
	}}}
	if err := shared.infrahub.load(t.Context(), branch, schema); err != nil {
		t.Fatal(err)
	}
	name, code := unique("probe"), unique("plugh")
	shared.infrahub.eventually(t, branch, `mutation($name: String!, $code: String!) { RealtestProbeUpsert(data: {name: {value: $name}, entry_code: {value: $code}}) { ok } }`,
		map[string]any{"name": name, "code": code})

	t.Run("a secret of a kind that was loaded since the last look is masked", func(t *testing.T) {
		behind.proxy.behave(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/api/schema/summary" {
				behind.proxy.forward.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(summary)
		})
		behind.must(t, "get_schema", object{"branch": branch}) // the last look
		behind.proxy.behave(nil)
		<-time.After(500 * time.Millisecond) // a look again is not refused as too early
		result, err := behind.CallTool(t.Context(), "query_graphql", object{"query": `{ RealtestProbe { edges { node { entry_code { value } } } } }`, "branch": branch})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(result.Text, code) {
			t.Errorf("the secret is answered: %s", result.Text)
		}
	})
	for _, c := range clients {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			deadline, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			for {
				result, err := c.CallTool(deadline, "get_nodes", object{"kind": kind, "branch": branch})
				if err != nil {
					t.Fatalf("the kind is still unknown after %s: %v", time.Since(start), err)
				}
				if !result.IsError {
					break
				}
			}
			t.Logf("the kind is known after %s", time.Since(start).Round(time.Millisecond))
			if got := c.list(t, object{"kind": kind, "include_attributes": true, "branch": branch}); got.TotalCount != 1 || got.Nodes[0]["name"] != name || got.Nodes[0]["entry_code"] != masked {
				t.Errorf("its nodes are %v", got.Nodes)
			}
			if result := c.query(t, branch, `{ RealtestProbe { edges { node { entry_code { value } } } } }`); strings.Contains(result.Text, code) {
				t.Errorf("its secret is answered: %s", result.Text)
			}
			if result := c.must(t, "get_schema", object{"kind": kind, "branch": branch}); !strings.Contains(result.Text, "entry_code") {
				t.Errorf("its schema is %s", result.Text)
			}
			if result := c.must(t, "get_schema", object{"branch": branch}); !strings.Contains(result.Text, kind) {
				t.Error("it is not in the catalogue of the branch")
			}
			if result := c.must(t, "get_schema", nil); strings.Contains(result.Text, kind) {
				t.Error("it is in the catalogue of the default branch")
			}
			if text := c.refused(t, "get_nodes", object{"kind": kind}); !strings.Contains(text, kind) {
				t.Errorf("on the default branch: %s", text)
			}
		})
	}
}
