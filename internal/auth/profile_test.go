package auth

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"infrahub-mcp/internal/infrahub"
)

// upstream is an Infrahub that answers a GraphQL request with a text.
func upstream(t *testing.T, status int, answer string) *infrahub.Upstream {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/api/auth/login" {
			body, _ := io.ReadAll(r.Body)
			var sent struct{ Username, Password string }
			if json.Unmarshal(body, &sent) != nil || sent.Username != "alice" {
				w.WriteHeader(http.StatusNotFound)
				io.WriteString(w, `{"data":null,"errors":[{"message":"That login user doesn't exist in the system","extensions":{"code":404}}]}`)
				return
			}
			if sent.Password != "right" {
				w.WriteHeader(http.StatusUnauthorized)
				io.WriteString(w, `{"data":null,"errors":[{"message":"Incorrect password","extensions":{"code":401}}]}`)
				return
			}
			io.WriteString(w, `{"access_token":"a","refresh_token":"r"}`)
			return
		}
		w.WriteHeader(status)
		io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	u, err := infrahub.New(infrahub.Settings{Address: server.URL, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(u.Close)
	return u
}

func TestTheNameIsThatOfTheAccount(t *testing.T) {
	for _, test := range []struct {
		name, answer, want string
	}{
		{"a name and a label", `{"data":{"AccountProfile":{"display_label":"Alice M.","name":{"value":"alice"}}}}`, "alice"},
		{"a label alone", `{"data":{"AccountProfile":{"display_label":"Alice M.","name":{"value":null}}}}`, "Alice M."},
		{"neither", `{"data":{"AccountProfile":null},"errors":[{"message":"Unable to find the node","path":["AccountProfile"],"extensions":{"code":"NODE_NOT_FOUND"}}]}`, ""},
		{"no permission", `{"data":{"AccountProfile":null},"errors":[{"message":"no","extensions":{"code":"PERMISSION_DENIED","http_status":403}}]}`, ""},
		{"a schema without it", `{"data":null,"errors":[{"message":"Cannot query field","locations":[{"line":1,"column":1}]}]}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			ask := Profile(upstream(t, 200, test.answer))
			for _, c := range []infrahub.Credential{{Token: "some-api-key"}, {Username: "alice", Password: "right"}} {
				if got, err := ask(t.Context(), c); got != test.want || err != nil {
					t.Errorf("%s: %q, %v", c, got, err)
				}
			}
		})
	}
}

func TestACredentialThatIsRefusedIsNoName(t *testing.T) {
	const refused = `{"data":null,"errors":[{"message":"Invalid token","extensions":{"code":"AUTHENTICATION_REQUIRED","http_status":401}}]}`
	for _, test := range []struct {
		name       string
		status     int
		answer     string
		credential infrahub.Credential
		is         func(error) bool
	}{
		{"a bad token", 401, refused, infrahub.Credential{Token: "some-api-key"}, infrahub.Unauthorized},
		{"a bad token, with status 200", 200, refused, infrahub.Credential{Token: "some-api-key"}, infrahub.Unauthorized},
		{"a wrong password", 200, `{"data":{}}`, infrahub.Credential{Username: "alice", Password: "wrong"}, infrahub.Unauthorized},
		{"an unknown user", 200, `{"data":{}}`, infrahub.Credential{Username: "bob", Password: "right"}, infrahub.Unauthorized},
		{"no password", 200, `{"data":{}}`, infrahub.Credential{Username: "alice"}, infrahub.Unauthorized},
		{"a gateway without Infrahub", 502, `bad gateway`, infrahub.Credential{Token: "some-api-key"}, infrahub.Unavailable},
		{"a failing Infrahub", 500, `oops`, infrahub.Credential{Token: "some-api-key"}, func(err error) bool { return err != nil }},
	} {
		t.Run(test.name, func(t *testing.T) {
			name, err := Profile(upstream(t, test.status, test.answer))(t.Context(), test.credential)
			if name != "" || !test.is(err) {
				t.Errorf("%q, %v", name, err)
			}
		})
	}
}

func TestRefusedLoginsAreToldApartByNothing(t *testing.T) {
	ask := Profile(upstream(t, 200, `{"data":{}}`))
	_, unknown := ask(t.Context(), infrahub.Credential{Username: "bob", Password: "right"})
	_, wrong := ask(t.Context(), infrahub.Credential{Username: "alice", Password: "wrong"})
	if unknown == nil || wrong == nil || unknown.Error() != wrong.Error() || strings.Contains(wrong.Error(), "alice") {
		t.Errorf("%v\n%v", unknown, wrong)
	}
}
