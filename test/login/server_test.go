package login_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"infrahub-mcp/test/mcptest"
)

// server is the program in mode oidc, as a process on a sandbox of its own unless
// its settings name an Infrahub.
type server struct {
	*mcptest.Process
	base     string // where clients find it
	address  string // where it listens, host:port
	settings settings
}

// settings are of the program, names without their prefix INFRAHUB_MCP_.
type settings map[string]string

// with returns the settings with others laid over them.
func (s settings) with(more settings) settings {
	all := maps.Clone(s)
	maps.Copy(all, more)
	return all
}

// atKeycloak are the settings for a realm at an address of Keycloak, with a key
// that outlives a process.
func (r *realm) atKeycloak(address string) settings {
	return settings{
		"OIDC_CONFIG_URL": r.config(address), "OIDC_CLIENT_ID": confidential, "OIDC_CLIENT_SECRET": clientSecret,
		"SIGNING_KEY": newKey(), "BRANCH_PATTERN": "mcp/{user}-{hex}",
	}
}

func newKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails
	return base64.StdEncoding.EncodeToString(key)
}

// atRealm are the settings for the realm that all tests share.
func atRealm() settings { return shared.realm.atKeycloak(shared.keycloak.url) }

// configure gives a server its settings.
func (s *server) configure(base string, all settings) {
	s.base = base
	s.settings = settings{"AUTH_MODE": "oidc", "OIDC_BASE_URL": base, "LOG_LEVEL": "debug", "LOG_FORMAT": "text"}.with(all)
	shared.secrets.add("the client secret", s.settings["OIDC_CLIENT_SECRET"])
	for key := range strings.SplitSeq(s.settings["SIGNING_KEY"], ",") {
		shared.secrets.add("a signing key", key)
	}
}

// mcp is the address of the MCP endpoint.
func (s *server) mcp() string { return s.base + "/mcp" }

// launch starts a process of the program, and does not wait for it to listen.
func (s *server) launch(t *testing.T) {
	t.Helper()
	_, port, err := net.SplitHostPort(s.address)
	if err != nil {
		t.Fatal(err)
	}
	environment := []string{"GORACE=atexit_sleep_ms=50"} // a second otherwise
	for _, name := range slices.Sorted(maps.Keys(s.settings)) {
		prefix := "INFRAHUB_MCP_"
		if strings.HasPrefix(name, "INFRAHUB_") {
			prefix = ""
		}
		environment = append(environment, prefix+name+"="+s.settings[name])
	}
	arguments := []string{"--transport", "streamable-http", "--port", port}
	if s.settings["INFRAHUB_ADDRESS"] == "" {
		arguments = append(arguments, "--sandbox")
	}
	s.Process, err = mcptest.Start(mcptest.Command{Path: shared.program, Dir: t.TempDir(), Args: arguments, Env: environment})
	if err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, s.Stdout) // the process keeps what it wrote
	t.Cleanup(s.Kill)                // does nothing when it has ended
}

// start starts the program. When the test ends it is stopped, and must have
// behaved.
func (s *server) start(t *testing.T) {
	t.Helper()
	s.launch(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := s.Listening(ctx); err != nil {
		t.Fatal(err)
	}
	p := s.Process
	t.Cleanup(func() {
		if s.Process == p {
			s.stop(t)
		}
	})
}

// stop stops the program as its users do and checks what holds for every run: it
// ends well, without a data race or a panic, and nothing that it wrote holds a
// secret of any login of these tests.
func (s *server) stop(t *testing.T) {
	t.Helper()
	_ = s.Signal(syscall.SIGTERM) // it may have ended already
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if status, err := s.Wait(ctx); err != nil || status != 0 {
		t.Errorf("exit status %d, %v; the log ends with:\n%s", status, err, tail(s.Log()))
	}
	written := s.Output() + s.Log()
	shared.secrets.absent(t, written)
	for _, sign := range []string{"DATA RACE", "panic"} {
		if at := strings.Index(written, sign); at >= 0 {
			t.Errorf("the log tells of a %s:\n%.4000s", sign, written[at:])
		}
	}
	s.Process = nil
}

// restart stops the program and starts it again with the same settings.
func (s *server) restart(t *testing.T) {
	t.Helper()
	s.stop(t)
	s.start(t)
}

func tail(text string) string {
	const most = 3000
	return text[max(len(text)-most, 0):]
}
