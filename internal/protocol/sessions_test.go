package protocol

import (
	"bytes"
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func TestSessionsOutliveTheKeyTheyWereMadeWithWhileItIsListed(t *testing.T) {
	older, newer := bytes.Repeat([]byte("o"), 32), bytes.Repeat([]byte("n"), 32)
	before, during, after := NewSessions(time.Hour, principal, older), NewSessions(time.Hour, principal, newer, older), NewSessions(time.Hour, principal, newer)
	ann := context.WithValue(t.Context(), user{}, "ann")
	old, fresh := before.Issue(ann, true), during.Issue(ann, false)
	for _, test := range []struct {
		name     string
		sessions *Sessions
		id       string
		want     bool
	}{
		{"an old session while the old key is listed", during, old, true},
		{"an old session after the old key was removed", after, old, false},
		{"a new session on a replica without the old key", after, fresh, true},
		{"a new session on a replica without the new key", before, fresh, false},
		{"a session of a random key", NewSessions(time.Hour, principal), fresh, false},
	} {
		if got := test.sessions.Valid(ann, test.id); got != test.want {
			t.Errorf("%s is valid: %t", test.name, got)
		}
	}
}

func TestASessionAndItsStreamEndWithTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewSessions(time.Hour, principal)
		id := s.Issue(t.Context(), false)
		time.Sleep(time.Hour)
		if !s.Valid(t.Context(), id) {
			t.Error("a session ends before its time")
		}
		time.Sleep(2 * time.Second)
		if s.Valid(t.Context(), id) {
			t.Error("a session does not end")
		}
	})
	// Also without pings.
	s, _ := testServer(t)
	sessions := NewSessions(time.Hour, principal)
	h := NewHTTP(s, sessions, HTTPOptions{KeepAlive: time.Millisecond})
	server := serveHTTP(t, h)
	session := initialize(t, server, "")
	stream := send(t, http.MethodGet, server, "", legacy(session, ""))
	sessions.End(session)
	text(t, stream) // until it ends
}
