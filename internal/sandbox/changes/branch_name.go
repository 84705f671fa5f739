package changes

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"infrahub-mcp/internal/sandbox/fault"
)

// checkBranchName tells whether a branch can have a name. The rules are those of
// git for references, and the sentences those of Infrahub 1.11.
func checkBranchName(name string) error {
	rules := []struct {
		bad         bool
		description string
	}{
		{strings.Contains(name, "/."), "/."},
		{strings.Contains(name, ".."), ".."},
		{strings.HasPrefix(name, "/"), "starts with /"},
		{strings.Contains(name, "//"), "//"},
		{strings.Contains(name, "@{"), "@{"},
		{strings.Contains(name, `\`), `backslash (\)`},
		{regexp.MustCompile(`[\x00-\x1f\x7f ~^:?*\[]`).MatchString(name), "disallowed ASCII characters/patterns"},
		{strings.HasSuffix(name, ".lock"), "ends with .lock"},
		{strings.HasSuffix(name, "/"), "ends with /"},
		{strings.HasSuffix(name, "."), "ends with ."},
	}
	var found []string
	for _, r := range rules {
		if r.bad {
			found = append(found, r.description)
		}
	}
	switch length := utf8.RuneCountInString(name); {
	case found != nil:
		return fault.Invalid("Branch name contains invalid patterns or characters: %s", strings.Join(found, ", "))
	case length < 3:
		return fault.Invalid("invalid field name: String should have at least 3 characters")
	case length > 250:
		return fault.Invalid("invalid field name: String should have at most 250 characters")
	}
	return nil
}
