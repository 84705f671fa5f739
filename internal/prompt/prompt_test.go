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

// texts are the instructions and every prompt, for the tools that are offered.
func texts(t *testing.T, offered []tool.Tool, readOnly bool) map[string]string {
	t.Helper()
	all := map[string]string{"instructions": prompt.Instructions(offered, readOnly)}
	for _, p := range prompt.Catalogue() {
		arguments := map[string]string{}
		for _, a := range p.Arguments {
			arguments[a.Name] = "x"
		}
		got, err := p.Text(offered, readOnly, arguments)
		if err != nil {
			t.Fatal(err)
		}
		all[p.Name] = got
	}
	return all
}

// TestTextsNameOnlyToolsThatAreOffered keeps prompts and instructions from
// sending a model to tools that this server does not offer.
func TestTextsNameOnlyToolsThatAreOffered(t *testing.T) {
	for _, readOnly := range []bool{false, true} {
		offered := tool.Offered(tool.Catalogue(), readOnly)
		for what, got := range texts(t, offered, readOnly) {
			for _, entry := range tool.Catalogue() {
				if strings.Contains(got, entry.Name) && !has(offered, entry.Name) {
					t.Errorf("read-only %v: %s names %s", readOnly, what, entry.Name)
				}
			}
		}
	}
}

func TestTextsTellHowToWriteOnlyWhereThatIsPossible(t *testing.T) {
	writing, reading := texts(t, tool.Catalogue(), false), texts(t, tool.Offered(tool.Catalogue(), true), true)
	for what, want := range map[string]string{
		"instructions":      "reach the default branch only through propose_changes",
		"infrahub_agent":    "Your first write makes a session branch",
		"make_infra_change": "Write with node_upsert",
	} {
		if !strings.Contains(writing[what], want) {
			t.Errorf("%s lacks %q:\n%s", what, want, writing[what])
		}
		if !strings.Contains(reading[what], "This server is read-only.") || strings.Contains(reading[what], want) {
			t.Errorf("on a read-only server %s says:\n%s", what, reading[what])
		}
	}
	for _, name := range []string{"answer_infra_question", "explore_schema"} {
		if writing[name] != reading[name] {
			t.Errorf("%s differs though it is about reading", name)
		}
	}
	for _, entry := range tool.Catalogue() {
		if !strings.Contains(writing["infrahub_agent"], "- "+entry.Name+": "+entry.Title) {
			t.Errorf("the briefing does not list %s", entry.Name)
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
