package login_test

import (
	"net/url"
	"strings"
	"sync"
	"testing"
)

// secrets are what must never stand in what the program writes. It is safe for
// concurrent use.
type secrets struct {
	mu    sync.Mutex
	names map[string]string // by secret
}

// add adds a secret. What is too short to be one is none.
func (s *secrets) add(name, secret string) {
	const shortest = 12
	if len(secret) < shortest {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.names == nil {
		s.names = map[string]string{}
	}
	s.names[secret] = name
}

// addFrom adds those in a query or a form of a login, whoever it is sent to.
func (s *secrets) addFrom(where string, values url.Values) {
	for name, kind := range map[string]string{
		"code": "an authorization code", "code_verifier": "a code verifier", "client_secret": "a client secret", "password": "a password",
		"refresh_token": "a refresh token", "state": "a state", "nonce": "a nonce",
	} {
		s.add(kind+" in "+where, values.Get(name))
	}
}

// absent wants none of them in a text.
func (s *secrets) absent(t *testing.T, text string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for secret, name := range s.names {
		if before, after, found := strings.Cut(text, secret); found {
			t.Errorf("%s stands in the log: …%s[here]%.100s", name, before[max(len(before)-200, 0):], after)
		}
	}
}
