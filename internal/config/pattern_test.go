package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBranchPatterns(t *testing.T) {
	tests := []struct{ pattern, name, refusal string }{
		{"mcp/session-{date}-{hex}", "mcp/session-20260131-0a1b2c3d", ""},
		{"{user}/{hex}", "ann/0a1b2c3d", ""},
		{"fixed", "fixed", ""},
		{"{hex}{hex}", "0a1b2c3d0a1b2c3d", ""},
		{"a{{b}}{hex}", "a{b}0a1b2c3d", ""},
		{"{{hex}}", "{hex}", ""},
		{"é%#-{user}", "é%#-ann", ""},
		{"{users}", "", `There is no placeholder "users". Did you mean user?`},
		{"a-{branch}", "", `There is no placeholder "branch".`},
		{"a-{HEX}", "", `There is no placeholder "HEX". Did you mean hex?`},
		{"a-{ hex }", "", `There is no placeholder " hex ". Did you mean hex?`},
		{"a-{}", "", `There is no placeholder "".`},
		{"a-{0}", "", `There is no placeholder "0".`},
		{"a-{date.year}", "", `There is no placeholder "date.year". Did you mean date?`},
		{"a-{x\ny}", "", `There is no placeholder "x\ny".`},
		{"a-{hex:8}", "", "A placeholder takes no format."},
		{"a-{user!r}", "", "A placeholder takes no format."},
		{"a-{hex", "", "A { has no } behind it."},
		{"a-{", "", "A { has no } behind it."},
		{"a-{a{hex}}", "", "A { has no } behind it."},
		{"a-hex}", "", "A } has no { before it."},
		{"", "", "A branch name has 3 to 250 characters."},
		{"ab", "", "A branch name has 3 to 250 characters."},
		{strings.Repeat("x", 251), "", "A branch name has 3 to 250 characters."},
		{"a b{hex}", "", `A branch name must not hold " ".`},
		{"a..{hex}", "", `A branch name must not hold "..".`},
		{"a//{hex}", "", `A branch name must not hold "//".`},
		{"a/.{hex}", "", `A branch name must not hold "/.".`},
		{"a@{{{hex}", "", `A branch name must not hold "@{".`},
		{"a~{hex}", "", `A branch name must not hold "~".`},
		{"a\x00{hex}", "", `A branch name must not hold "\x00".`},
		{"a\\{hex}", "", `A branch name must not hold "\\".`},
		{"/a-{hex}", "", `A branch name must not start with "/".`},
		{"{hex}/", "", `A branch name must not end with "/".`},
		{"{hex}.", "", `A branch name must not end with ".".`},
		{"{hex}.lock", "", `A branch name must not end with ".lock".`},
		{"abc\xff", "", ""},
	}
	for _, test := range tests {
		t.Run(test.pattern, func(t *testing.T) {
			pattern, err := ParsePattern(test.pattern)
			if test.name == "" {
				if err == nil || err.Error() != test.refusal {
					t.Errorf("error %v, want %s", err, test.refusal)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if name := pattern.Name("20260131", "0a1b2c3d", "ann"); name != test.name {
				t.Errorf("name %q, want %q", name, test.name)
			}
		})
	}
}

// FuzzParsePattern proves that a pattern that is accepted gives a name that
// Infrahub accepts and can be written again from its parts, and that a refusal
// is one line.
func FuzzParsePattern(f *testing.F) {
	for _, seed := range []string{"mcp/session-{date}-{hex}", "{user}", "{{", "}}", "{", "}", "{a:b}", "{{{hex}}}", "a/.b", "@{{", "\xff\n"} {
		f.Add(seed)
	}
	escape := strings.NewReplacer("{", "{{", "}", "}}")
	f.Fuzz(func(t *testing.T, text string) {
		pattern, err := ParsePattern(text)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("the refusal has several lines: %q", err)
			}
			return
		}
		if _, err := checkBranch(pattern.Name("20260131", "0a1b2c3d", "anonymous")); err != nil {
			t.Errorf("a bad name was accepted: %v", err)
		}
		var again strings.Builder
		for _, part := range pattern {
			if part.Placeholder != "" {
				again.WriteString("{" + part.Placeholder + "}")
			}
			again.WriteString(escape.Replace(part.Text))
		}
		if diff := cmp.Diff(text, again.String()); diff != "" {
			t.Error(diff)
		}
	})
}
