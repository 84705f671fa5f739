package branch

import (
	"crypto/rand"
	"encoding/hex"
	"regexp"
	"strings"
	"time"
)

// name makes a name from the pattern.
func (m *Manager) name(user string, now time.Time) string {
	random := make([]byte, 4)
	_, _ = rand.Read(random) // never fails, by its documentation
	return m.options.Pattern.Name(now.UTC().Format("20060102"), hex.EncodeToString(random), SafeUser(user))
}

// fixed tells whether the pattern gives the same name each time, so that a
// second try would make no other.
func (m *Manager) fixed() bool {
	for _, part := range m.options.Pattern {
		if part.Placeholder == "hex" {
			return false
		}
	}
	return true
}

// fits tells whether the pattern could have made a name for a user.
func (m *Manager) fits(name, user string) bool {
	var expression strings.Builder
	for _, part := range m.options.Pattern {
		switch part.Placeholder {
		case "date":
			expression.WriteString(`[0-9]{8}`)
		case "hex":
			expression.WriteString(`[0-9a-f]{8}`)
		case "user":
			expression.WriteString(regexp.QuoteMeta(SafeUser(user)))
		default:
			expression.WriteString(regexp.QuoteMeta(part.Text))
		}
	}
	matched, err := regexp.MatchString(`\A`+expression.String()+`\z`, name)
	return err == nil && matched
}

// mostUser bounds the part of a branch name that a user's name takes, in bytes.
const mostUser = 60

// SafeUser is a user's name as part of a branch name: letters, digits, "-" and
// "_"; all else becomes "-". It is "anonymous" when nothing is left.
func SafeUser(user string) string {
	var safe strings.Builder
	for _, r := range user {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_':
			safe.WriteRune(r)
		default:
			safe.WriteByte('-')
		}
		if safe.Len() >= mostUser {
			break
		}
	}
	if name := strings.Trim(safe.String(), "-"); name != "" {
		return name
	}
	return "anonymous"
}
