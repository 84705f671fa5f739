package contract

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/sandbox"
	"infrahub-mcp/internal/sandbox/seed"
)

// TestSandbox compares the answers of a sandbox with the recorded ones.
func TestSandbox(t *testing.T) {
	box, expired := oldSandbox(t)
	target := Target{ExpiredToken: expired, Patience: 10 * time.Second, Differences: differences()}
	for _, account := range seed.Accounts() {
		switch account.Name {
		case "admin":
			target.AdminToken, target.AdminPassword = config.Secret(account.Token), config.Secret(account.Password)
		case "reader":
			target.ReaderToken = config.Secret(account.Token)
		case "engineer":
			target.EngineerToken = config.Secret(account.Token)
		}
	}
	server := httptest.NewServer(box)
	t.Cleanup(server.Close)
	target.Address = server.URL
	Run(t, target)
}

// oldSandbox returns a sandbox that was made two hours ago, and an access token
// of a login at that time. Both come from a bubble of synctest, where it is the
// year 2000 and a sleep takes no time.
func oldSandbox(t *testing.T) (box *sandbox.Sandbox, expired config.Secret) {
	t.Helper()
	made := time.Now().Add(-2 * time.Hour).Round(0) // without the monotonic clock, which is another in the bubble
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(made))
		var err error
		if box, err = sandbox.New(sandbox.Options{Devices: 40}); err != nil {
			t.Fatal(err)
		}
		login := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/auth/login",
			strings.NewReader(`{"username": "admin", "password": "infrahub"}`))
		login.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		box.ServeHTTP(answer, login)
		var tokens struct {
			Access string `json:"access_token"`
		}
		if err := json.Unmarshal(answer.Body.Bytes(), &tokens); err != nil || tokens.Access == "" {
			t.Fatalf("logging in answered %d: %v", answer.Code, err)
		}
		expired = config.Secret(tokens.Access)
	})
	if t.Failed() {
		t.FailNow()
	}
	return box, expired
}
