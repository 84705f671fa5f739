package login_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
)

// keycloak is a Keycloak as its administrator sees it (Keycloak Admin REST API).
type keycloak struct{ url string }

// realm is a realm with two people, reader and writer, and with the scope write for
// those who have the role write.
type realm struct {
	keycloak
	name string
}

// confidential and public are clients of every realm; the tokens of brief live ten
// seconds, and pipeline is one that takes a password for a token.
const (
	confidential = "infrahub-mcp"
	public       = "infrahub-mcp-public"
	brief        = "infrahub-mcp-short"
	pipeline     = "infrahub-mcp-pipeline"

	clientSecret = "marked-secret-of-the-client"
	audience     = "infrahub-mcp-tests"
)

type object = map[string]any

// password is that of a user.
func password(user string) string { return "marked-password-of-" + user }

// newRealm makes a realm.
func (k keycloak) newRealm() (*realm, error) {
	r := &realm{keycloak: k, name: "login-" + uuid.NewString()[:8]}
	user := func(name, first, last string, roles ...string) object {
		return object{
			"username": name, "enabled": true, "email": name + "@example.com", "emailVerified": true,
			"firstName": first, "lastName": last, "realmRoles": append(roles, "default-roles-"+r.name),
			"credentials": []object{{"type": "password", "value": password(name), "temporary": false}},
		}
	}
	_, err := k.admin(http.MethodPost, "", object{
		"realm": r.name, "enabled": true, "sslRequired": "none",
		"roles": object{"realm": []object{{"name": "write"}}},
		"users": []object{user("reader", "Rea", "Der"), user("writer", "Wri", "Ter", "write")},
	}, nil)
	if err != nil {
		return nil, fmt.Errorf("making a realm: %w", err)
	}
	if err := r.fill(); err != nil {
		_ = r.remove() // the first error tells more
		return nil, fmt.Errorf("making a realm: %w", err)
	}
	return r, nil
}

// fill adds scopes and clients. A client gets the scopes that the realm has when
// it is made.
func (r *realm) fill() error {
	scope, err := r.admin(http.MethodPost, "/client-scopes", object{
		"name": "write", "protocol": "openid-connect", "attributes": object{"include.in.token.scope": "true"},
	}, nil)
	if err != nil {
		return err
	}
	role, err := r.role("write")
	if err != nil {
		return err
	}
	// Only who has the role gets the scope.
	if _, err := r.admin(http.MethodPost, "/client-scopes/"+scope+"/scope-mappings/realm", []any{role}, nil); err != nil {
		return err
	}
	if _, err := r.admin(http.MethodPut, "/default-optional-client-scopes/"+scope, nil, nil); err != nil {
		return err
	}
	client := func(id string, more object) object {
		c := object{
			"clientId": id, "protocol": "openid-connect", "standardFlowEnabled": true, "secret": clientSecret,
			"redirectUris": []string{"http://127.0.0.1/*", "https://127.0.0.1:*"},
			"attributes":   object{"pkce.code.challenge.method": "S256"},
		}
		maps.Copy(c, more)
		return c
	}
	for _, c := range []object{
		client(confidential, nil),
		client(public, object{"publicClient": true, "secret": nil}),
		client(brief, object{"attributes": object{"pkce.code.challenge.method": "S256", "access.token.lifespan": "10"}}),
		client(pipeline, object{
			"publicClient": true, "secret": nil, "standardFlowEnabled": false, "directAccessGrantsEnabled": true, "attributes": object{},
			"protocolMappers": []object{{
				"name": "audience", "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper",
				"config": object{"included.custom.audience": audience, "access.token.claim": "true"},
			}},
		}),
	} {
		if _, err := r.admin(http.MethodPost, "/clients", c, nil); err != nil {
			return err
		}
	}
	return nil
}

// ownRealm is a realm for one test, which may do with it what it likes.
func ownRealm(t *testing.T) *realm {
	t.Helper()
	r, err := shared.keycloak.newRealm()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.remove(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r *realm) remove() error {
	if _, err := r.admin(http.MethodDelete, "", nil, nil); err != nil {
		return fmt.Errorf("removing a realm: %w", err)
	}
	return nil
}

// config is the URL of the discovery document as it is at an address of Keycloak;
// the issuer has the same address.
func (r *realm) config(address string) string {
	return r.issuer(address) + "/.well-known/openid-configuration"
}

func (r *realm) issuer(address string) string { return address + "/realms/" + r.name }

// admin calls the administration of the realm, and returns the id of what was
// made.
func (r *realm) admin(method, below string, body, into any) (string, error) {
	return r.keycloak.admin(method, "/"+r.name+below, body, into)
}

func (r *realm) role(name string) (role any, err error) {
	_, err = r.admin(http.MethodGet, "/roles/"+name, nil, &role)
	return role, err
}

// must calls the administration in a test.
func (r *realm) must(t *testing.T, method, below string, body, into any) {
	t.Helper()
	if _, err := r.admin(method, below, body, into); err != nil {
		t.Fatal(err)
	}
}

func (r *realm) user(t *testing.T, name string) (id string) {
	t.Helper()
	var found []struct{ ID string }
	r.must(t, http.MethodGet, "/users?exact=true&username="+name, nil, &found)
	if len(found) != 1 {
		t.Fatalf("the realm has %d users %s", len(found), name)
	}
	return found[0].ID
}

// grant gives the role write to a user, or takes it away.
func (r *realm) grant(t *testing.T, user string, may bool) {
	t.Helper()
	role, err := r.role("write")
	if err != nil {
		t.Fatal(err)
	}
	method := http.MethodDelete
	if may {
		method = http.MethodPost
	}
	r.must(t, method, "/users/"+r.user(t, user)+"/role-mappings/realm", []any{role}, nil)
}

func (r *realm) disable(t *testing.T, user string) {
	t.Helper()
	r.must(t, http.MethodPut, "/users/"+r.user(t, user), object{"enabled": false}, nil)
}

// sessions counts the sessions that a user has with the client confidential. They
// are offline sessions: a login with the scope offline_access leaves no other.
func (r *realm) sessions(t *testing.T, user string) int {
	t.Helper()
	var clients []struct{ ID string }
	r.must(t, http.MethodGet, "/clients?clientId="+confidential, nil, &clients)
	var found []any
	r.must(t, http.MethodGet, "/users/"+r.user(t, user)+"/offline-sessions/"+clients[0].ID, nil, &found)
	return len(found)
}

// rotate makes a new key to sign with. The old ones still verify, or are dropped.
func (r *realm) rotate(t *testing.T, drop bool) {
	t.Helper()
	var keys []object
	r.must(t, http.MethodGet, "/components?type=org.keycloak.keys.KeyProvider", nil, &keys)
	r.must(t, http.MethodPost, "/components", object{
		"name": uuid.NewString(), "providerId": "rsa-generated", "providerType": "org.keycloak.keys.KeyProvider",
		"config": object{
			"priority": []string{strconv.FormatInt(time.Now().Unix(), 10)}, "enabled": []string{"true"},
			"active": []string{"true"}, "algorithm": []string{"RS256"},
		},
	}, nil)
	for _, key := range keys {
		if key["providerId"] != "rsa-generated" {
			continue
		}
		id, _ := key["id"].(string)
		if drop {
			r.must(t, http.MethodDelete, "/components/"+id, nil, nil)
			continue
		}
		config, _ := key["config"].(map[string]any)
		config["active"] = []string{"false"}
		r.must(t, http.MethodPut, "/components/"+id, key, nil)
	}
}

// token is an access token for a password, as a pipeline gets it, from Keycloak at
// an address.
func (r *realm) token(t *testing.T, address, user, scope string) string {
	t.Helper()
	response, err := shared.web.PostForm(r.issuer(address)+"/protocol/openid-connect/token", url.Values{
		"grant_type": {"password"}, "client_id": {pipeline}, "username": {user}, "password": {password(user)}, "scope": {scope},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer.Token == "" {
		t.Fatalf("no token: %s, %v", response.Status, err)
	}
	shared.secrets.add("an access token of the provider", answer.Token)
	return answer.Token
}

// admin calls the administration below /admin/realms, and returns the last part
// of the header Location.
func (k keycloak) admin(method, below string, body, into any) (string, error) {
	token, err := k.login()
	if err != nil {
		return "", err
	}
	var content io.Reader = http.NoBody
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return "", err
		}
		content = bytes.NewReader(raw)
	}
	request, err := http.NewRequest(method, k.url+"/admin/realms"+below, content)
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	response, err := shared.web.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	if response.StatusCode >= http.StatusBadRequest {
		return "", fmt.Errorf("%s %s: %s: %.300s", method, below, response.Status, raw)
	}
	if into != nil {
		if err := json.Unmarshal(raw, into); err != nil {
			return "", fmt.Errorf("%s %s: %w", method, below, err)
		}
	}
	return path.Base(response.Header.Get("Location")), nil
}

// login is a token of the administrator; it lives a minute.
func (k keycloak) login() (string, error) {
	response, err := shared.web.PostForm(k.url+"/realms/master/protocol/openid-connect/token", url.Values{
		"grant_type": {"password"}, "client_id": {"admin-cli"}, "username": {"admin"}, "password": {"admin"},
	})
	if err != nil {
		return "", fmt.Errorf("logging in as the administrator: %w", err)
	}
	defer response.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return "", fmt.Errorf("logging in as the administrator: %w", err)
	}
	if answer.Token == "" {
		return "", fmt.Errorf("logging in as the administrator: %s", response.Status)
	}
	return answer.Token, nil
}
