package protocol

import (
	"bytes"
	"context"
	"encoding/base64"
	"testing"

	"pgregory.net/rapid"

	"infrahub-mcp/internal/state"
)

func TestAStateOpensOnlyForItsRequest(t *testing.T) {
	s := newSeal(nil, nil)
	rapid.Check(t, func(t *rapid.T) {
		request := rapid.SliceOf(rapid.Byte()).Draw(t, "request")
		other := rapid.SliceOf(rapid.Byte()).Draw(t, "other request")
		subject, stranger := rapid.String().Draw(t, "subject"), rapid.String().Draw(t, "other subject")
		token := s.close(request, subject)
		opened, err := s.open(request, token)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.open(other, token); (err == nil) != (string(other) == string(request)) {
			t.Errorf("for another request: %v", err)
		}
		if stranger != subject && spends(s, opened, stranger) {
			t.Error("it counts for another subject")
		}
		if !spends(s, opened, subject) {
			t.Error("it does not count for its subject")
		}
		if spends(s, opened, subject) {
			t.Error("it counts twice")
		}
	})
}

func TestAStateWithOneBitChangedDoesNotOpen(t *testing.T) {
	s := newSeal(nil, nil)
	token := s.close([]byte("request"), "subject")
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 8 * len(raw) {
		raw[i/8] ^= 1 << (i % 8)
		if _, err := s.open([]byte("request"), base64.RawURLEncoding.EncodeToString(raw)); err == nil {
			t.Errorf("with bit %d changed", i)
		}
		raw[i/8] ^= 1 << (i % 8)
	}
	if _, err := s.open([]byte("request"), token); err != nil {
		t.Errorf("unchanged: %v", err)
	}
}

func TestSpentStatesThatAreForgottenStaySpent(t *testing.T) {
	s := newSeal(nil, nil)
	open := func() *sealed {
		opened, err := s.open(nil, s.close(nil, "subject"))
		if err != nil {
			t.Fatal(err)
		}
		return opened
	}
	first := open()
	if !spends(s, first, "subject") {
		t.Fatal("the first does not count")
	}
	late := open()
	late.expiry = late.expiry.Add(stateLifetime)
	for range maxSpent {
		// They expire after the first, as those that are asked later do.
		next := open()
		next.expiry = next.expiry.Add(stateLifetime / 2)
		if !spends(s, next, "subject") {
			t.Fatal("one does not count")
		}
	}
	if len(s.spent) != maxSpent || len(s.order) != maxSpent {
		t.Errorf("%d are remembered, %d in order", len(s.spent), len(s.order))
	}
	if spends(s, first, "subject") {
		t.Error("one that was forgotten counts again")
	}
	if !spends(s, late, "subject") {
		t.Error("one that was never used does not count")
	}
}

func TestKeysOfReplicasAreReplacedAndOthersAreNot(t *testing.T) {
	first, second := bytes.Repeat([]byte("a"), 32), bytes.Repeat([]byte("b"), 32)
	request := []byte("request")
	for name, shared := range map[string]*state.Redis{"replicas": new(state.Redis), "one process alone": nil} {
		t.Run(name, func(t *testing.T) {
			s := newSeal(shared, [][]byte{first})
			token := s.close(request, "subject")
			s.replace([][]byte{second, first})
			if _, err := s.open(request, token); err != nil {
				t.Errorf("a token from before does not open: %v", err)
			}
			_, err := newSeal(new(state.Redis), [][]byte{second}).open(request, s.close(request, "subject"))
			if (err == nil) != (shared != nil) {
				t.Errorf("a replica that has the new key reads a new token: %v", err)
			}
		})
	}
}

func FuzzState(f *testing.F) {
	s := newSeal(nil, nil)
	issued := s.close([]byte("request"), "subject")
	for _, seed := range []string{"", "x", issued, issued[1:], issued + "AAAA", "====", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := s.open([]byte("request"), token); err == nil && token != issued {
			t.Errorf("%q opens", token)
		}
	})
}

// spends reports whether a token counts, which a memory always knows.
func spends(s *seal, t *sealed, subject string) bool {
	counts, err := s.spend(context.Background(), t, subject)
	return counts && err == nil
}
