package docs

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestScriptsAreSplitIntoCommands(t *testing.T) {
	none := map[string]string{}
	for name, test := range map[string]struct {
		script string
		want   []Command
	}{
		"one for each line":                 {"make a\nmake b # and so on\n", []Command{{none, []string{"make", "a"}}, {none, []string{"make", "b"}}}},
		"a line that goes on":               {"curl -s \\\n  -d x", []Command{{none, []string{"curl", "-s", "-d", "x"}}}},
		"a pipe, and what comes after":      {"a | b && c; d &", []Command{{none, []string{"a"}}, {none, []string{"b"}}, {none, []string{"c"}}, {none, []string{"d"}}}},
		"single quotes hold anything":       {`a 'b "|" \ c'd`, []Command{{none, []string{"a", `b "|" \ cd`}}}},
		"double quotes hold escaped quotes": {`a "b \"c\" # d"`, []Command{{none, []string{"a", `b "c" # d`}}}},
		"redirections are left out":         {"a <b 2>c d > e", []Command{{none, []string{"a", "d"}}}},
		"an empty word":                     {`a ''`, []Command{{none, []string{"a", ""}}}},
		"assignments before a command":      {"A=1 B_C='2 3' run D=4", []Command{{map[string]string{"A": "1", "B_C": "2 3"}, []string{"run", "D=4"}}}},
		"assignments alone":                 {"export A=1", []Command{{map[string]string{"A": "1"}, nil}}},
		"a loop":                            {"for a in b c; do run $a; done", []Command{{none, []string{"run", "$a"}}}},
		"what a shell fills in":             {`a "$(b c)" "$d/e"`, []Command{{none, []string{"a", "$(b c)", "$d/e"}}, {none, []string{"b", "c"}}}},
		"nothing":                           {"\n# a\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Commands(test.script)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) == 0 {
				got = nil
			}
			for i := range got {
				if len(got[i].Words) == 0 {
					got[i].Words = nil
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if _, err := Commands(`echo 'a`); err == nil {
		t.Error("a quote that is not closed is taken")
	}
}
