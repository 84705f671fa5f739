package branch

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"infrahub-mcp/internal/config"
)

func TestNamesFollowThePattern(t *testing.T) {
	// Five hours behind UTC it is still the day before.
	now := time.Date(2026, 3, 1, 22, 0, 0, 0, time.FixedZone("", -5*3600))
	for text, want := range map[string]string{
		usual:                     `^mcp/session-20260302-[0-9a-f]{8}$`,
		"ai/{user}/{hex}":         `^ai/ann-example-com/[0-9a-f]{8}$`,
		"{user}":                  `^ann-example-com$`,
		"fixed.name":              `^fixed\.name$`,
		"a{{b}}-{date}":           `^a\{b\}-20260302$`,
		"{hex}-{hex}":             `^[0-9a-f]{8}-[0-9a-f]{8}$`,
		"über/{user}":             `^über/ann-example-com$`,
		"x.{hex}.(y)+":            `^x\.[0-9a-f]{8}\.\(y\)\+$`,
		"{date}{hex}{user}-{hex}": `^20260302[0-9a-f]{8}ann-example-com-[0-9a-f]{8}$`,
	} {
		m := manager(t, text)
		name := m.name("ann@example.com", now)
		if !regexp.MustCompile(want).MatchString(name) {
			t.Errorf("%s: %s, want %s", text, name, want)
		}
		if !m.fits(name, "ann@example.com") {
			t.Errorf("%s: %s does not fit the pattern it was made from", text, name)
		}
	}
}

func TestTwoNamesDiffer(t *testing.T) {
	m := manager(t, usual)
	seen := map[string]bool{}
	for range 100 {
		seen[m.name("", time.Now())] = true
	}
	if len(seen) != 100 {
		t.Errorf("%d different names of 100", len(seen))
	}
}

func TestANameFitsOnlyTheWholePatternOfItsUser(t *testing.T) {
	for _, test := range []struct {
		pattern, user, name string
		want                bool
	}{
		{usual, "", "mcp/session-20260101-0123abcd", true},
		{usual, "", "mcp/session-20260101-0123abcd\n", false},
		{usual, "", "mcp/session-20260101-0123abcde", false},
		{usual, "", "xmcp/session-20260101-0123abcd", false},
		{usual, "", "mcp/session-20260101-0123ABCD", false},
		{usual, "", "mcp/session-2026-01-01-0123abcd", false},
		{usual, "", "main", false},
		{usual, "", "", false},
		{"mcp/{user}-{hex}", "ann", "mcp/ann-0123abcd", true},
		{"mcp/{user}-{hex}", "ann", "mcp/bob-0123abcd", false},
		{"mcp/{user}-{hex}", "", "mcp/anonymous-0123abcd", true},
		{"mcp/{user}-{hex}", "a.*", "mcp/anything-0123abcd", false},
		{"mcp.x/{hex}", "", "mcpyx/0123abcd", false},
		{"fixed", "", "fixed", true},
		{"fixed", "", "fixed2", false},
		{"fixed", "", "Fixed", false},
	} {
		if got := manager(t, test.pattern).fits(test.name, test.user); got != test.want {
			t.Errorf("%s for %q and %q: %v", test.pattern, test.name, test.user, got)
		}
	}
}

func TestAPatternIsFixedWithoutRandomDigits(t *testing.T) {
	for text, want := range map[string]bool{"fixed": true, "mcp/{user}-{date}": true, usual: false} {
		if got := manager(t, text).fixed(); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestUsersAreSafeInNames(t *testing.T) {
	for user, want := range map[string]string{
		"":                       "anonymous",
		"---":                    "anonymous",
		"日本":                     "anonymous",
		"ann":                    "ann",
		"Ann_B":                  "Ann_B",
		"ann@example.com":        "ann-example-com",
		"../../main":             "main",
		"a/b":                    "a-b",
		"x.lock":                 "x-lock",
		"a\x00b\nc":              "a-b-c",
		"\xff\xfe":               "anonymous",
		"zoë":                    "zo",
		strings.Repeat("a", 500): strings.Repeat("a", 60),
	} {
		if got := SafeUser(user); got != want {
			t.Errorf("%q: %q, want %q", user, got, want)
		}
	}
}

var safe = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,58}[A-Za-z0-9_])?$`)

func FuzzSafeUser(f *testing.F) {
	for _, seed := range []string{"", "ann@example.com", "-", "../x", "a\x00", "日本", strings.Repeat("-a", 99), "\xf0\x28"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, user string) {
		got := SafeUser(user)
		if !safe.MatchString(got) {
			t.Errorf("%q became %q", user, got)
		}
		if again := SafeUser(got); again != got {
			t.Errorf("%q became %q and then %q", user, got, again)
		}
	})
}

func TestEveryNameOfAPatternFitsItAndIsOneThatInfrahubTakes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-z]{3}(/[a-z.{}]{0,10}|-)?(\{(date|hex|user)\}[a-z_-]?){0,3}[a-z]`).Draw(t, "pattern")
		p, err := config.ParsePattern(text)
		if err != nil {
			t.Skip("no pattern")
		}
		m := NewManager(Options{Pattern: p})
		user := rapid.String().Draw(t, "user")
		name := m.name(user, time.Now())
		if !m.fits(name, user) {
			t.Fatalf("%q does not fit %q for %q", name, text, user)
		}
		// A name without placeholders is checked as a branch is.
		if _, err := config.ParsePattern(strings.NewReplacer("{", "{{", "}", "}}").Replace(name)); err != nil {
			t.Fatalf("%q cannot be a branch: %v", name, err)
		}
	})
}
