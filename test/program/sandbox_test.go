package program_test

import (
	"net/http/httptest"
	"testing"

	"infrahub-mcp/internal/sandbox"
	"infrahub-mcp/internal/sandbox/seed"
)

// box is a sandbox of one test's own, in its process: what happens to the default
// branch disturbs nobody, and the test may reach around the API.
type box struct {
	infrahub
	*sandbox.Sandbox
}

// newBox starts a sandbox with the demo data.
func newBox(t *testing.T) *box {
	t.Helper()
	content, err := sandbox.New(sandbox.Options{Devices: devices})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(content)
	t.Cleanup(server.Close)
	return &box{infrahub{address: server.URL, token: seed.Accounts()[0].Token}, content}
}

// disturbed is an Infrahub for tests that do to branches what only people do: a
// box, or the real one, where box is nil.
func disturbed(t *testing.T) (infrahub, *box) {
	t.Helper()
	if !shared.sandbox {
		return shared.infrahub, nil
	}
	b := newBox(t)
	return b.infrahub, b
}
