package contract

import (
	"cmp"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"infrahub-mcp/internal/config"
)

// TestReal compares the answers of the Infrahub that INFRAHUB_ADDRESS names
// with the recorded ones. RECORD=1 records them anew.
func TestReal(t *testing.T) {
	target, missing := named()
	switch {
	case missing == "":
		waken(t, target)
		Run(t, target)
	case os.Getenv("INFRAHUB_REAL") == "required":
		t.Fatal(missing)
	default:
		t.Skip(missing)
	}
}

// waken has Infrahub set up the work of its that mends human-friendly ids in the
// background: a fresh one does so when a branch is deleted, or a schema changes,
// for the first time.
func waken(t *testing.T, target Target) {
	t.Helper()
	s := newSession(target)
	for _, mutation := range []string{
		`mutation { BranchCreate(data: {name: "contract-{{run}}-first", sync_with_git: false}, wait_until_completion: true) { ok } }`,
		`mutation { BranchDelete(data: {name: "contract-{{run}}-first"}, wait_until_completion: true) { ok } }`,
	} {
		f := s.fetch(t.Context(), request{graphql: mutation})
		if _, failed := find(f.answer.body, path{"errors"}); f.err != nil || failed == nil {
			t.Fatalf("%s: %v %v", mutation, f.err, f.answer.body)
		}
	}
}

// publishedKey signs the tokens of an Infrahub that was set up by the examples
// in its documentation.
const publishedKey = "327f747f-efac-42be-9e73-999f08f86b92"

// named is the Infrahub that the environment names, or says what is missing.
// Its administrator has the password that Infrahub gives it at first.
func named() (target Target, missing string) {
	var names []string
	setting := func(name string) string {
		value := os.Getenv(name)
		if value == "" {
			names = append(names, name)
		}
		return value
	}
	target = Target{
		Address:       strings.TrimSuffix(setting("INFRAHUB_ADDRESS"), "/"),
		AdminToken:    config.Secret(setting("INFRAHUB_API_TOKEN")),
		ReaderToken:   config.Secret(setting("INFRAHUB_READER_TOKEN")),
		EngineerToken: config.Secret(setting("INFRAHUB_ENGINEER_TOKEN")),
		AdminPassword: "infrahub",
		ExpiredToken:  expired(cmp.Or(os.Getenv("INFRAHUB_SECURITY_SECRET_KEY"), publishedKey)),
		Record:        os.Getenv("RECORD") == "1",
	}
	if names != nil {
		return Target{}, "the environment lacks " + strings.Join(names, ", ")
	}
	return target, ""
}

// expired is an access token like Infrahub's that expired long ago.
func expired(key string) config.Secret {
	then := time.Now().Add(-48 * time.Hour)
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": uuid.NewString(), "session_id": uuid.NewString(), "type": "access", "fresh": false,
		"iat": then.Unix(), "nbf": then.Unix(), "exp": then.Add(time.Hour).Unix(),
	})
	signed, err := token.SignedString([]byte(key))
	if err != nil {
		panic(err) // cannot be: HMAC signs with any key
	}
	return config.Secret(signed)
}
