package prompt_test

import (
	"strings"
	"testing"

	"infrahub-mcp/internal/prompt"
	"infrahub-mcp/internal/tool"
)

func text(t *testing.T, tools []tool.Tool, readOnly bool, name string, arguments map[string]string) (string, error) {
	t.Helper()
	for _, p := range prompt.Catalogue() {
		if p.Name == name {
			return p.Text(tools, readOnly, arguments)
		}
	}
	t.Fatalf("there is no prompt %s", name)
	return "", nil
}

func TestPromptsSpeakOfWhatWasAsked(t *testing.T) {
	for _, test := range []struct {
		prompt    string
		arguments map[string]string
		want      []string
	}{
		{"infrahub_agent", nil, []string{"get_schema", "next_offset"}},
		{"answer_infra_question", map[string]string{"question": "How many?\nReally."}, []string{"> How many?\n> Really.", "get_schema without arguments"}},
		{"answer_infra_question", map[string]string{"question": "q", "kind_hint": "DcimDevice", "fields": "name, site", "branch": "b1"}, []string{"probably DcimDevice", "fields name, site", "branch b1"}},
		{"make_infra_change", map[string]string{"description": "Rename it", "kind": "DcimDevice", "hfid": "DcimDevice__a", "branch": "b1"}, []string{"> Rename it", "kind DcimDevice", "DcimDevice__a", "branch b1"}},
		{"explore_schema", nil, []string{"Group the kinds by namespace"}},
		{"explore_schema", map[string]string{"kind": "DcimDevice"}, []string{"kind DcimDevice"}},
	} {
		got, err := text(t, tool.Catalogue(), false, test.prompt, test.arguments)
		if err != nil {
			t.Errorf("%s: %v", test.prompt, err)
		}
		for _, want := range test.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s lacks %q:\n%s", test.prompt, want, got)
			}
		}
	}
}

func TestPromptArgumentsAreChecked(t *testing.T) {
	for _, test := range []struct {
		prompt    string
		arguments map[string]string
		want      string
	}{
		{"answer_infra_question", nil, "needs the argument question"},
		{"answer_infra_question", map[string]string{"question": " "}, "needs the argument question"},
		{"make_infra_change", map[string]string{}, "needs the argument description"},
		{"explore_schema", map[string]string{"kinds": "x"}, "Did you mean kind?"},
	} {
		if _, err := text(t, nil, false, test.prompt, test.arguments); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.prompt, err)
		}
	}
}

// TestTextsNameOnlyToolsThatExist keeps prompts and instructions from sending a
// model to tools that this server does not offer.
func TestTextsNameOnlyToolsThatExist(t *testing.T) {
	all := []string{"get_schema", "get_nodes", "search_nodes", "query_graphql", "find_paths", "find_reachable", "get_session_info",
		"node_upsert", "node_delete", "propose_changes", "mutate_graphql", "reset_session_branch"}
	writers := []tool.Tool{{Name: "node_upsert"}, {Name: "node_delete"}, {Name: "propose_changes"}}
	for name, offered := range map[string][]tool.Tool{"reading": tool.Catalogue(), "writing": append(tool.Catalogue(), writers...)} {
		for _, readOnly := range []bool{false, true} {
			if name == "writing" && readOnly {
				continue // never offered together
			}
			texts := map[string]string{"instructions": prompt.Instructions(offered, readOnly)}
			for _, p := range prompt.Catalogue() {
				arguments := map[string]string{}
				for _, a := range p.Arguments {
					arguments[a.Name] = "x"
				}
				got, err := p.Text(offered, readOnly, arguments)
				if err != nil {
					t.Fatal(err)
				}
				texts[p.Name] = got
			}
			for what, got := range texts {
				for _, tool := range all {
					if strings.Contains(got, tool) && !has(offered, tool) {
						t.Errorf("%s, read-only %v: %s names %s", name, readOnly, what, tool)
					}
				}
			}
		}
	}
}

func has(tools []tool.Tool, name string) bool {
	for _, t := range tools {
		if t.Name == name {
			return true
		}
	}
	return false
}
