package program_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/test/mcptest"
)

func TestGreetingSaysWhatTheServerIs(t *testing.T) {
	parallel(t)
	everyWay(t, func(t *testing.T, s *session) {
		greeting := decode[struct {
			ProtocolVersion   string   `json:"protocolVersion"`
			SupportedVersions []string `json:"supportedVersions"`
			Instructions      string   `json:"instructions"`
			Capabilities      struct {
				Tools, Resources, Prompts, Completions *struct{}
			} `json:"capabilities"`
		}](t, s.Greeting())
		if s.Era() == mcptest.Legacy && greeting.ProtocolVersion != string(mcptest.Legacy) {
			t.Errorf("the server chose protocol %q", greeting.ProtocolVersion)
		}
		if s.Era() == mcptest.Modern && !slices.Contains(greeting.SupportedVersions, string(mcptest.Modern)) {
			t.Errorf("the server supports protocols %v", greeting.SupportedVersions)
		}
		if !strings.Contains(greeting.Instructions, "get_schema") || !strings.Contains(greeting.Instructions, "propose_changes") {
			t.Errorf("the instructions are %q", greeting.Instructions)
		}
		c := greeting.Capabilities
		if c.Tools == nil || c.Resources == nil || c.Prompts == nil || c.Completions == nil {
			t.Errorf("a capability is missing: %s", s.Greeting())
		}
	})
}

func TestToolsAreListedWithAllThatAClientAsksFor(t *testing.T) {
	parallel(t)
	everyWay(t, func(t *testing.T, s *session) {
		mark := s.proxy.mark()
		tools, err := s.Tools(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if asked := s.proxy.everything(mark); len(asked) > 0 {
			t.Errorf("listing tools asks Infrahub: %v", asked)
		}
		hinted := map[string]string{}
		for _, tool := range tools {
			hints := tool.Annotations
			hinted[tool.Name] = strings.Join([]string{said(hints.ReadOnly), said(hints.Destructive), said(hints.Idempotent), said(hints.OpenWorld)}, " ")
			if tool.Title == "" || tool.Description == "" {
				t.Errorf("%s lacks a title or a description", tool.Name)
			}
			for kind, raw := range map[string]json.RawMessage{"input": tool.InputSchema, "output": tool.OutputSchema} {
				resolve(t, tool.Name, raw)
				if fault := portable(decode[any](t, raw), true); fault != "" {
					t.Errorf("the %s schema of %s: %s: %s", kind, tool.Name, fault, raw)
				}
			}
		}
		want := map[string]string{ // whether readOnly, destructive, idempotent and openWorld
			"node_upsert": "false false true false", "propose_changes": "false false true false", "reset_session_branch": "false false true false",
			"node_delete": "false true false false", "mutate_graphql": "false true false false",
		}
		for _, reads := range readTools() {
			want[reads] = "true false true false"
		}
		if diff := cmp.Diff(want, hinted); diff != "" {
			t.Errorf("the tools with their hints (-want +got):\n%s", diff)
		}
	})
}

// readTools are the tools that change nothing.
func readTools() []string {
	return []string{"find_paths", "find_reachable", "get_branch_diff", "get_nodes", "get_schema", "get_session_info", "query_graphql", "search_nodes"}
}

// writeTools are all others.
func writeTools() []string {
	return []string{"mutate_graphql", "node_delete", "node_upsert", "propose_changes", "reset_session_branch"}
}

func said(hint *bool) string {
	if hint == nil {
		return "unsaid"
	}
	return fmt.Sprint(*hint)
}

// portable says what in a JSON Schema some clients stumble over.
func portable(schema any, top bool) string {
	s, ok := schema.(map[string]any)
	if !ok {
		return "a schema that is no object"
	}
	if _, ok := s["type"].([]any); ok {
		return "a list of types"
	}
	for _, combined := range []string{"anyOf", "oneOf", "allOf", "not", "$ref"} {
		if _, has := s[combined]; has {
			return "it uses " + combined
		}
	}
	properties, has := s["properties"].(map[string]any)
	if (top || s["type"] == "object") && (s["type"] != "object" || !has) {
		return "an object without properties"
	}
	if _, has := s["items"]; s["type"] == "array" && !has {
		return "an array without items"
	}
	for name, property := range properties {
		if fault := portable(property, false); fault != "" {
			return name + ": " + fault
		}
	}
	if items, has := s["items"]; has {
		return portable(items, false)
	}
	return ""
}

func TestResourcesHoldTheSchemaAndTheBranches(t *testing.T) {
	parallel(t)
	everyWay(t, func(t *testing.T, s *session) {
		resources, err := s.Resources(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var listed []string
		for _, r := range resources {
			listed = append(listed, r.URI+r.URITemplate+" "+r.MIMEType)
			if r.Name == "" || r.Title == "" || r.Description == "" {
				t.Errorf("%s%s lacks a name, a title or a description", r.URI, r.URITemplate)
			}
		}
		slices.Sort(listed)
		want := []string{
			"infrahub://branches application/json", "infrahub://graphql-schema text/plain",
			"infrahub://schema application/json", "infrahub://schema/{kind} text/plain",
		}
		if diff := cmp.Diff(want, listed); diff != "" {
			t.Error(diff)
		}
		read := func(uri string) string {
			content, err := s.ReadResource(t.Context(), uri)
			if err != nil {
				t.Fatalf("%s: %v", uri, err)
			}
			if content.URI != uri || !slices.Contains([]string{"application/json", "text/plain"}, content.MIMEType) {
				t.Errorf("%s is answered as %s of %s", uri, content.URI, content.MIMEType)
			}
			return content.Text
		}

		kinds := decode[map[string]string](t, json.RawMessage(read("infrahub://schema")))
		if kinds["DcimPhysicalInterface"] != "Physical interface" || kinds["DcimInterface"] == "" || kinds["BuiltinTag"] == "" {
			t.Errorf("the catalogue lacks kinds: %v", kinds)
		}
		for kind := range kinds {
			if strings.HasPrefix(kind, "Profile") || strings.HasPrefix(kind, "Internal") {
				t.Errorf("the catalogue has %s, which Infrahub made for itself", kind)
			}
		}
		detail := decode[struct{ Kind string }](t, s.must(t, "get_schema", map[string]any{"kind": "DcimDevice"}).Structured)
		if text := read("infrahub://schema/DcimDevice"); detail.Kind != "DcimDevice" || !strings.Contains(text, "kind: DcimDevice") || !strings.Contains(text, "console_password") {
			t.Errorf("the kind is %q, the resource of it: %.300s", detail.Kind, text)
		}
		if sdl := read("infrahub://graphql-schema"); len(sdl) < 1_000_000 || !strings.Contains(sdl, "\ntype DcimDevice implements") {
			t.Errorf("the GraphQL schema has %d bytes and begins with %.100q", len(sdl), sdl)
		}
		branches := decode[map[string]struct {
			IsDefault       bool   `json:"is_default"`
			IsSessionBranch bool   `json:"is_session_branch"`
			Status          string `json:"status"`
		}](t, json.RawMessage(read("infrahub://branches")))
		if main := branches["main"]; !main.IsDefault || main.IsSessionBranch || main.Status != "OPEN" {
			t.Errorf("the branch main is %+v", main)
		}
	})
}

func TestUnknownResourcesAreNamedInTheError(t *testing.T) {
	parallel(t)
	everyWay(t, func(t *testing.T, s *session) {
		// The code of a resource that does not exist changed with 2026-07-28.
		want := map[mcptest.Era]int{mcptest.Legacy: -32002, mcptest.Modern: -32602}[s.Era()]
		for uri, text := range map[string]string{
			"infrahub://schema/DcimDevise": "DcimDevice",
			"infrahub://nothing":           "infrahub://nothing",
			"infrahub://schema/Gerät":      "Gerät",
		} {
			_, err := s.ReadResource(t.Context(), uri)
			if f := fault(t, err); f.Code != want || !strings.Contains(f.Message+string(f.Data), text) {
				t.Errorf("%s: code %d, %s %s; want code %d and %q", uri, f.Code, f.Message, f.Data, want, text)
			}
		}
	})
}

func TestPromptsAreWrittenFromTheirArguments(t *testing.T) {
	parallel(t)
	everyWay(t, func(t *testing.T, s *session) {
		prompts, err := s.Prompts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var listed []string
		for _, p := range prompts {
			entry := p.Name
			for _, a := range p.Arguments {
				entry += " " + a.Name
				if a.Required {
					entry += "!"
				}
				if a.Description == "" {
					t.Errorf("%s: the argument %s is not described", p.Name, a.Name)
				}
			}
			listed = append(listed, entry)
			if p.Title == "" || p.Description == "" {
				t.Errorf("%s lacks a title or a description", p.Name)
			}
		}
		slices.Sort(listed)
		want := []string{
			"answer_infra_question question! kind_hint fields branch", "explore_schema kind", "infrahub_agent",
			"make_infra_change description! kind hfid branch",
		}
		if diff := cmp.Diff(want, listed); diff != "" {
			t.Error(diff)
		}
		for _, test := range []struct {
			prompt    string
			arguments map[string]string
			has       []string
		}{
			{"infrahub_agent", nil, []string{"get_nodes", "find_paths", "query_graphql", "session branch", "propose_changes"}},
			{"answer_infra_question", map[string]string{"question": "How many spines?"}, []string{"How many spines?", "get_schema"}},
			{
				"answer_infra_question",
				map[string]string{"question": "Which?", "kind_hint": "DcimDevice", "fields": "name,role", "branch": "some/branch"},
				[]string{"Which?", "DcimDevice", "name,role", "some/branch"},
			},
			{
				"make_infra_change",
				map[string]string{"description": "Drain par1.", "kind": "DcimDevice", "hfid": "DcimDevice__par1-spine000"},
				[]string{"Drain par1.", "DcimDevice__par1-spine000", "node_upsert", "Do not merge"},
			},
			{"explore_schema", nil, []string{"get_schema without arguments"}},
			{"explore_schema", map[string]string{"kind": "IpamVLAN"}, []string{"IpamVLAN"}},
		} {
			text, err := s.GetPrompt(t.Context(), test.prompt, test.arguments)
			if err != nil {
				t.Errorf("%s %v: %v", test.prompt, test.arguments, err)
			}
			for _, part := range test.has {
				if !strings.Contains(text, part) {
					t.Errorf("%s %v lacks %q: %s", test.prompt, test.arguments, part, text)
				}
			}
		}
	})
}

func TestPromptsRefuseWhatTheyCannotUse(t *testing.T) {
	parallel(t)
	everyWay(t, func(t *testing.T, s *session) {
		for _, test := range []struct {
			name, prompt string
			arguments    map[string]string
			says         string
		}{
			{"a missing required argument", "answer_infra_question", nil, "question"},
			{"a blank required argument", "make_infra_change", map[string]string{"description": " "}, "description"},
			{"an unknown argument", "explore_schema", map[string]string{"kinds": "x"}, "kind"},
			{"an unknown prompt", "explore", nil, "explore"},
		} {
			_, err := s.GetPrompt(t.Context(), test.prompt, test.arguments)
			if f := fault(t, err); f.Code != -32602 || !strings.Contains(f.Message, test.says) {
				t.Errorf("%s: %v, want code -32602 and %q", test.name, f, test.says)
			}
		}
	})
}

func TestArgumentsAreCompleted(t *testing.T) {
	parallel(t)
	everyWay(t, func(t *testing.T, s *session) {
		change, question := mcptest.Reference{Prompt: "make_infra_change"}, mcptest.Reference{Prompt: "answer_infra_question"}
		for _, test := range []struct {
			name            string
			of              mcptest.Reference
			argument, typed string
			others          map[string]string
			want            []string // the first values
			total           int      // 0: not known
		}{
			{"kinds by their beginning", change, "kind", "DcimDevice", nil, []string{"DcimDevice", "DcimDeviceType"}, 2},
			{"kinds by a part, in any case", mcptest.Reference{Prompt: "explore_schema"}, "kind", "vlan", nil, []string{"IpamVLAN"}, 1},
			{"kinds for a hint", question, "kind_hint", "LocationS", nil, []string{"LocationSite"}, 1},
			{"kinds for the resource template", mcptest.Reference{Template: "infrahub://schema/{kind}"}, "kind", "RoutingB", nil, []string{"RoutingBGPSession"}, 1},
			{"branches", change, "branch", "mai", nil, []string{"main"}, 0},
			{"fields after a comma", question, "fields", "name,seri", map[string]string{"kind_hint": "DcimDevice"}, []string{"name,serial"}, 1},
			{"nodes of a kind by a part of a value", change, "hfid", "spine000", map[string]string{"kind": "DcimDevice"}, []string{"DcimDevice__par1-spine000"}, 1},
			{"nodes by the beginning of their reference", change, "hfid", "DcimDevice__par1-spine000", map[string]string{"kind": "DcimDevice"}, []string{"DcimDevice__par1-spine000"}, 1},
			{"nodes of which nothing is typed", change, "hfid", "", map[string]string{"kind": "DcimDevice"}, nil, devices},
			{"nodes of a generic", change, "hfid", "par1", map[string]string{"kind": "LocationGeneric"}, []string{"LocationSite__par1"}, 0},
			{"nodes of no kind", change, "hfid", "par1", nil, nil, 0},
			{"an argument of free text", question, "question", "How", nil, nil, 0},
		} {
			t.Run(test.name, func(t *testing.T) {
				got, err := s.Complete(t.Context(), test.of, test.argument, test.typed, test.others)
				if err != nil {
					t.Fatal(err)
				}
				for _, value := range test.want {
					if !slices.Contains(got.Values, value) {
						t.Errorf("%q is not among %v", value, got.Values)
					}
				}
				if test.total != 0 && (got.Total != test.total || len(got.Values) != test.total || got.HasMore) {
					t.Errorf("%d values of %d, more: %v; want %d: %v", len(got.Values), got.Total, got.HasMore, test.total, got.Values)
				}
				if test.want == nil && test.total == 0 && len(got.Values) > 0 {
					t.Errorf("there is nothing to complete, got %v", got.Values)
				}
			})
		}
		// More than a completion may hold.
		got, err := s.Complete(t.Context(), change, "hfid", "", map[string]string{"kind": "DcimPhysicalInterface"})
		if err != nil || len(got.Values) != 100 || got.Total != interfaces || !got.HasMore {
			t.Errorf("%d values of %d, more: %v: %v", len(got.Values), got.Total, got.HasMore, err)
		}
		_, err = s.Complete(t.Context(), mcptest.Reference{Prompt: "nothing"}, "kind", "", nil)
		if f := fault(t, err); f.Code != -32602 {
			t.Errorf("a prompt that does not exist: %v", f)
		}
	})
}
