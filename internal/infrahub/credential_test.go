package infrahub

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCredentialsHideThemselves(t *testing.T) {
	u, _ := newUpstream(t, answering(200, "application/json", `{"data":{}}`), Settings{})
	logger, written := logged()
	for _, c := range []Credential{someToken, someUser, {Token: markedToken, Username: "alice", Password: markedPassword}} {
		client := u.Client(c)
		nested := struct {
			Exported   Credential
			Pointer    *Credential
			unexported *Client
		}{c, &c, client}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			for _, value := range []any{c, &c, []Credential{c}, map[string]Credential{"c": c}, client, *client, u, nested} {
				fmt.Fprintf(written, verb, value)
			}
		}
		if err := json.NewEncoder(written).Encode([]any{c, &c, nested, map[string]any{"c": c}, client}); err != nil {
			t.Fatal(err)
		}
		text, err := c.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		written.Write(text)
		logger.Error("text", slog.Any("credential", c), slog.Any("pointer", &c), slog.Any("client", client), slog.Any("nested", nested))
		written.Write([]byte(client.Key()))
	}
	if strings.Contains(written.String(), "MARKED") || strings.Contains(written.String(), "alice") {
		t.Errorf("a credential can be read in:\n%s", written)
	}
	if !strings.Contains(written.String(), "credential(token)") || !strings.Contains(written.String(), "credential(password)") {
		t.Errorf("the sort of a credential is not shown in:\n%s", written)
	}
}

func TestACredentialThatCannotBeOneIsNotSent(t *testing.T) {
	// Infrahub would take an empty header for none and answer as to anybody.
	u, _ := newUpstream(t, func(http.ResponseWriter, *http.Request) {
		t.Error("a request was sent")
	}, Settings{})
	for name, c := range map[string]Credential{
		"nothing":                {},
		"a blank token":          {Token: " "},
		"a token with a newline": {Token: "a\nX-Other: b"},
		"a token not in ASCII":   {Token: "schlüssel"},
		"no password":            {Username: "alice"},
		"no user name":           {Password: "p"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := u.Client(c).GraphQL(t.Context(), Query{Document: "{ x }"})
			mustBe(t, err, Unauthenticated)
			if !Unauthorized(err) || Unavailable(err) {
				t.Errorf("Unauthorized is %t and Unavailable is %t", Unauthorized(err), Unavailable(err))
			}
		})
	}
}

func TestKeysTellCredentialsApart(t *testing.T) {
	u, _ := upstreamOf(t, "http://127.0.0.1:1", Settings{})
	other, _ := upstreamOf(t, "http://127.0.0.1:1", Settings{})
	// Few letters, so that parts often are the same and often shift.
	credential := rapid.Custom(func(t *rapid.T) Credential {
		part := rapid.StringMatching(`[ab]{0,2}`)
		return Credential{Token: part.Draw(t, "token"), Username: part.Draw(t, "username"), Password: part.Draw(t, "password")}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := credential.Draw(t, "a"), credential.Draw(t, "b")
		if (a == b) != (u.Client(a).Key() == u.Client(b).Key()) {
			t.Fatalf("equal credentials: %t, equal keys: %t", a == b, u.Client(a).Key() == u.Client(b).Key())
		}
		if u.Client(a).Key() == other.Client(a).Key() {
			t.Fatal("the key does not depend on the secret of the process")
		}
	})
}
