package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/infrahub"
)

const marked = "MARKED-7f3a9c"

// authenticate is a function as an Authenticator.
type authenticate func(*http.Request) (Identity, error)

func (f authenticate) Authenticate(r *http.Request) (Identity, error) { return f(r) }

func refuse(err error) Authenticator {
	return authenticate(func(*http.Request) (Identity, error) { return Identity{}, err })
}

func TestARequestThatIsNotLetInGetsAJSONRPCError(t *testing.T) {
	for _, test := range []struct {
		name   string
		a      Authenticator
		status int
		header http.Header
		code   float64
	}{
		{"no token", newToken(t, "Authorization"), 401, http.Header{"Www-Authenticate": {"Bearer"}}, -32001},
		{"no name and password", newBasic(t, "X-Key"), 401, http.Header{"Www-Authenticate": {`Basic realm="infrahub", charset="UTF-8"`}}, -32001},
		{"too many failures", refuse(exceeded(1500 * time.Millisecond)), 429, http.Header{"Retry-After": {"2"}}, -32001},
		{"an ambiguous request", refuse(newToken(t, "X-Key").header.repeated), 400, http.Header{}, -32001},
		{"an error of another type", refuse(errors.New(marked)), 500, http.Header{}, -32603},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, method := range []string{"POST", "GET", "DELETE", "PUT", "HEAD", "OPTIONS", "BREW"} {
				h := Require(test.a, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was let in") }))
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest(method, "/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":7,"method":"ping"}`)))
				want := test.header.Clone()
				want.Set("Content-Type", "application/json")
				want.Set("Cache-Control", "no-store")
				if diff := cmp.Diff(want, w.Header()); diff != "" || w.Code != test.status {
					t.Errorf("%s: status %d, headers (-want +got):\n%s", method, w.Code, diff)
				}
				var answer map[string]any
				if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
					t.Fatal(err)
				}
				message, _ := answer["error"].(map[string]any)["message"].(string)
				if diff := cmp.Diff(map[string]any{"jsonrpc": "2.0", "id": nil, "error": map[string]any{"code": test.code, "message": message}}, answer); diff != "" {
					t.Errorf("%s: (-want +got):\n%s", method, diff)
				}
				if len(message) < 20 || strings.Contains(message, marked) {
					t.Errorf("%s: the message is %q", method, message)
				}
			}
		})
	}
}

func TestTheMessageNamesTheHeaderToUse(t *testing.T) {
	for want, a := range map[string]Authenticator{
		`"X-Infrahub-Token: Bearer <token>"`: newToken(t, "x-infrahub-token"),
		`"Authorization: Basic <base64`:      newBasic(t, "Authorization"),
	} {
		if _, err := a.Authenticate(request()); !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not contain %s", err, want)
		}
	}
}

func TestErrorsCountAsAnUnauthenticatedCaller(t *testing.T) {
	_, err := newToken(t, "Authorization").Authenticate(request())
	if !infrahub.Unauthorized(fmt.Errorf("making the call: %w", err)) || infrahub.Unavailable(err) {
		t.Errorf("%v", err)
	}
}

func TestEachRequestActsWithItsOwnCredential(t *testing.T) {
	h := Require(newToken(t, "Authorization"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := IdentityFrom(r.Context())
		fmt.Fprint(w, id.Credential.Token, " ", id.Principal.Key)
	}))
	keys := make([]string, 100)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, request("Authorization", fmt.Sprint("Bearer t", i)))
			token, key, _ := strings.Cut(w.Body.String(), " ")
			if token != fmt.Sprint("t", i) {
				t.Errorf("request %d acts as %s", i, token)
			}
			keys[i] = key
		})
	}
	all.Wait()
	seen := map[string]int{}
	for i, key := range keys {
		if other, ok := seen[key]; ok || key == "" {
			t.Errorf("requests %d and %d share the key %q", i, other, key)
		}
		seen[key] = i
	}
}

func TestTheKeyTellsCallersApart(t *testing.T) {
	keys := NewKeys()
	token, err := NewToken("Authorization", keys)
	if err != nil {
		t.Fatal(err)
	}
	basic, err := NewBasic("Authorization", keys)
	if err != nil {
		t.Fatal(err)
	}
	key := func(a Authenticator, value string) string {
		id, err := a.Authenticate(request("Authorization", value))
		if err != nil {
			t.Fatal(err)
		}
		return id.Principal.Key
	}
	seen := map[string]string{}
	for what, k := range map[string]string{
		"a token": key(token, "abc"), "another token": key(token, "abd"), "a user": key(basic, "Basic "+encode("a:bc")),
		"another user": key(basic, "Basic "+encode("ab:c")), "another password": key(basic, "Basic "+encode("a:bd")),
	} {
		if other, ok := seen[k]; ok {
			t.Errorf("%s and %s have the same key", what, other)
		}
		seen[k] = what
	}
	if key(token, "abc") != key(token, "Bearer abc") || key(basic, "Basic "+encode("a:bc")) != key(basic, "basic  "+encode("a:bc")) {
		t.Error("the key depends on how the credential is written")
	}
}

func TestModeNoneNeedsNoCredentialAndKeepsNobodyApart(t *testing.T) {
	want := infrahub.Credential{Token: marked}
	none := NewNone(want)
	for _, r := range []*http.Request{request(), request("Authorization", "Bearer x"), request("Authorization", "a", "Authorization", "b")} {
		id, err := none.Authenticate(r)
		if err != nil || id.Credential != want || id.Principal.Key != "" || id.Principal.Mode != ModeNone {
			t.Errorf("%s, %v", id, err)
		}
	}
	if none.Identity().Credential != want {
		t.Error("the identity for stdio has another credential")
	}
}

func TestWithoutAnIdentityNothingCanBeSent(t *testing.T) {
	if id := IdentityFrom(t.Context()); id.Credential != (infrahub.Credential{}) {
		t.Errorf("%s", id)
	}
}

func TestIdentitiesHideTheirCredentials(t *testing.T) {
	keys := mustParseKeys(t, encode(strings.Repeat(marked, 3)))
	token, err := NewToken("Authorization", keys)
	if err != nil {
		t.Fatal(err)
	}
	basic, err := NewBasic("Authorization", keys)
	if err != nil {
		t.Fatal(err)
	}
	none := NewNone(infrahub.Credential{Token: marked})
	accounts := NewAccounts(func(context.Context, infrahub.Credential) (string, error) { return "Ann", nil }, slog.New(slog.DiscardHandler), nil)
	ofToken, err := token.Authenticate(request("Authorization", "Bearer "+marked))
	if err != nil {
		t.Fatal(err)
	}
	ofBasic, err := basic.Authenticate(request("Authorization", "Basic "+encode(marked+":"+marked)))
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{marked, strings.TrimRight(encode(marked), "="), fmt.Sprintf("%x", marked), fmt.Sprintf("%X", marked), strings.Trim(fmt.Sprint([]byte(marked)), "[]")}
	look := func(what, written string) {
		t.Helper()
		for _, secret := range secrets {
			if strings.Contains(written, secret) {
				t.Errorf("%q can be read in %s:\n%s", secret, what, written)
			}
		}
	}
	for _, id := range []Identity{ofToken, ofBasic, none.Identity()} {
		nested := struct {
			Exported Identity
			Any      any
		}{id, &id}
		for _, value := range []any{
			id, &id, id.Principal, &id.Principal, []Identity{id}, map[string]any{"id": id}, nested, WithIdentity(t.Context(), id),
			keys, none, token, *token, basic, *basic, accounts.Limit(none, nowhere),
		} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
				look(fmt.Sprintf("%s of %T", verb, value), fmt.Sprintf(verb, value))
			}
			encoded, _ := json.Marshal(value) // a context cannot be encoded
			look(fmt.Sprintf("the JSON of %T", value), string(encoded))
			for _, handler := range []func(io.Writer) slog.Handler{
				func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
				func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
			} {
				var logged bytes.Buffer
				slog.New(handler(&logged)).Error("text", slog.Any("value", value))
				look(fmt.Sprintf("the log of %T", value), logged.String())
			}
		}
	}
	ofToken.Principal.Name = "Ann\n"
	if got, want := fmt.Sprintf("%v", ofToken), `principal(token-passthrough, "Ann\n")`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestNothingOfAHeaderIsWritten sends marked credentials of every form, good
// and bad, and looks for them in answers and logs.
func TestNothingOfAHeaderIsWritten(t *testing.T) {
	var logged bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	accounts := NewAccounts(func(context.Context, infrahub.Credential) (string, error) {
		return "", &infrahub.Error{Kind: infrahub.Unauthenticated, Message: "no"}
	}, logger, nil)
	for _, value := range []string{
		marked, "Bearer " + marked, "Bearer " + marked + " " + marked, "Digest " + marked, marked + "," + marked, marked + "\n",
		"Basic " + marked, "Basic " + encode(marked), "Basic " + encode(marked+":"+marked), "Basic " + encode(marked+":\x00"+marked),
		marked + " " + marked, strings.Repeat(marked, 1000),
	} {
		for _, a := range []Authenticator{newToken(t, "Authorization"), newBasic(t, "Authorization")} {
			h := Require(accounts.Limit(a, nowhere), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				id := IdentityFrom(r.Context())
				name, err := accounts.Name(r.Context(), id)
				fmt.Fprint(w, name, err, id)
			}))
			for _, headers := range [][]string{{"Authorization", value}, {"Authorization", value, "Authorization", value}} {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, request(headers...))
				written := fmt.Sprint(w.Header()) + w.Body.String() + logged.String()
				for _, part := range []string{marked, encode(marked)[:12]} {
					if strings.Contains(written, part) {
						t.Errorf("%q shows in:\n%s", value, written)
					}
				}
			}
		}
	}
	if !strings.Contains(logged.String(), "login refused") {
		_, _ = io.Copy(t.Output(), &logged)
		t.Error("no login was refused, the test shows nothing")
	}
}
