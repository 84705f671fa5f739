package front

import (
	"net/http"
	"testing"

	"github.com/google/uuid"

	"infrahub-mcp/internal/telemetry"
)

func TestRequestIDs(t *testing.T) {
	const id = "0b8e4c6e-6f0a-4f5c-9a57-5a1d6c2f3b11"
	for name, test := range map[string]struct {
		headers []string
		want    string // "" is a new one
	}{
		"none is made":                   {},
		"a UUID is taken":                {[]string{"X-Request-ID", id}, id},
		"in lower case":                  {[]string{"X-Request-ID", "0B8E4C6E-6F0A-4F5C-9A57-5A1D6C2F3B11"}, id},
		"a word is not":                  {[]string{"X-Request-ID", "abc"}, ""},
		"nor a UUID in another form":     {[]string{"X-Request-ID", "{" + id + "}"}, ""},
		"nor as a URN":                   {[]string{"X-Request-ID", "urn:uuid:" + id}, ""},
		"nor without its dashes":         {[]string{"X-Request-ID", "0b8e4c6e6f0a4f5c9a575a1d6c2f3b11"}, ""},
		"one beside a credential is":     {[]string{"X-Request-ID", id, "Authorization", "Bearer 1b8e4c6e-6f0a-4f5c-9a57-5a1d6c2f3b11"}, id},
		"nor two":                        {[]string{"X-Request-ID", id, "X-Request-ID", id}, ""},
		"nor one that is a credential":   {[]string{"X-Request-ID", id, "Authorization", "Bearer 0B8E4C6E-6F0A-4F5C-9A57-5A1D6C2F3B11"}, ""},
		"nor text as long as one":        {[]string{"X-Request-ID", "level=ERROR msg=all-is-lost-user-ann"}, ""},
		"nor dashes in the wrong places": {[]string{"X-Request-ID", "0b8e4c6e6-f0a-4f5c-9a57-5a1d6c2f3b11"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var inside string
			h := WithRequestID(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { inside = telemetry.RequestID(r.Context()) }))
			got := call(t, h, http.MethodGet, "/", test.headers...).Header().Get("X-Request-ID")
			if got != inside {
				t.Errorf("the answer says %q, the context %q", got, inside)
			}
			if test.want != "" && got != test.want {
				t.Errorf("got %q", got)
			}
			if parsed, err := uuid.Parse(got); err != nil || parsed.String() != got {
				t.Errorf("%q is not a UUID: %v", got, err)
			}
			if test.want == "" && (got == id || len(test.headers) > 0 && got == test.headers[1]) {
				t.Errorf("%q was taken", got)
			}
		})
	}
}
