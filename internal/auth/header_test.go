package auth

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"infrahub-mcp/internal/infrahub"
)

// request returns a request with lines of headers: name, value, name, value.
func request(lines ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/mcp", nil)
	for line := range slices.Chunk(lines, 2) {
		r.Header[line[0]] = append(r.Header[line[0]], line[1])
	}
	return r
}

func encode(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func newToken(t testing.TB, header string) *Token {
	t.Helper()
	a, err := NewToken(header, NewKeys())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func newBasic(t testing.TB, header string) *Basic {
	t.Helper()
	a, err := NewBasic(header, NewKeys())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// refusal is an error of an Authenticator.
func refusal(t testing.TB, err error) *Error {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("the error is %T: %v", err, err)
	}
	return e
}

func TestTokensAreReadFromOneHeader(t *testing.T) {
	const uuid = "06438eb2-8019-4776-878c-0941b1f1d1ec"
	long := strings.Repeat("t", maxCredential)
	for _, test := range []struct {
		name, header string
		lines        []string
		token        string
		status       int
	}{
		{"Bearer and a token", "Authorization", []string{"Authorization", "Bearer " + uuid}, uuid, 0},
		{"the scheme in lower case", "Authorization", []string{"Authorization", "bearer " + uuid}, uuid, 0},
		{"several spaces after the scheme", "Authorization", []string{"Authorization", "BEARER   " + uuid}, uuid, 0},
		{"a token alone", "Authorization", []string{"Authorization", uuid}, uuid, 0},
		{"a token with base64 padding", "Authorization", []string{"Authorization", "Bearer ab+/=="}, "ab+/==", 0},
		{"spaces around the value", "Authorization", []string{"Authorization", "  " + uuid + " "}, uuid, 0},
		{"the longest token", "Authorization", []string{"Authorization", long}, long, 0},
		{"a header of its own", "X-Infrahub-Token", []string{"X-Infrahub-Token", uuid}, uuid, 0},
		{"Bearer in a header of its own", "x-infrahub-token", []string{"X-Infrahub-Token", "Bearer " + uuid}, uuid, 0},
		{"Authorization beside a header of its own", "X-Infrahub-Token", []string{"Authorization", "Basic eA==", "X-Infrahub-Token", uuid}, uuid, 0},

		{"no header", "Authorization", nil, "", 401},
		{"Authorization in place of a header of its own", "X-Infrahub-Token", []string{"Authorization", "Bearer " + uuid}, "", 401},
		{"a header with underscores", "X-Infrahub-Token", []string{"X_infrahub_token", uuid}, "", 401},
		{"an empty value", "Authorization", []string{"Authorization", ""}, "", 401},
		{"a blank value", "Authorization", []string{"Authorization", "   "}, "", 401},
		{"Bearer alone", "Authorization", []string{"Authorization", "Bearer"}, "", 401},
		{"Bearer and spaces", "Authorization", []string{"Authorization", "Bearer  "}, "", 401},
		{"Basic alone", "Authorization", []string{"Authorization", "basic"}, "", 401},
		{"Basic", "Authorization", []string{"Authorization", "Basic " + encode("a:b")}, "", 401},
		{"another scheme", "Authorization", []string{"Authorization", "Digest x"}, "", 401},
		{"a tab after the scheme", "Authorization", []string{"Authorization", "Bearer\t" + uuid}, "", 401},
		{"two words after the scheme", "Authorization", []string{"Authorization", "Bearer a b"}, "", 401},
		{"a line break", "Authorization", []string{"Authorization", "Bearer a\r\nX-Other: b"}, "", 401},
		{"a zero byte", "Authorization", []string{"Authorization", "Bearer a\x00b"}, "", 401},
		{"a letter outside ASCII", "Authorization", []string{"Authorization", "Bearer schlüssel"}, "", 401},
		{"a byte that is no UTF-8", "Authorization", []string{"Authorization", "Bearer \xff"}, "", 401},
		{"a token that is too long", "Authorization", []string{"Authorization", long + "t"}, "", 401},
		{"64 KiB", "Authorization", []string{"Authorization", strings.Repeat("t", 64<<10)}, "", 401},

		{"two lines", "Authorization", []string{"Authorization", "Bearer a", "Authorization", "Bearer b"}, "", 400},
		{"two equal lines", "Authorization", []string{"Authorization", "Bearer a", "Authorization", "Bearer a"}, "", 400},
		{"two lines, one of them empty", "Authorization", []string{"Authorization", "", "Authorization", "Bearer a"}, "", 400},
		{"two lines that a proxy joined", "Authorization", []string{"Authorization", "Bearer a, Bearer b"}, "", 400},
		{"a comma at the end", "Authorization", []string{"Authorization", "Bearer a,"}, "", 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newToken(t, test.header)
			id, err := a.Authenticate(request(test.lines...))
			if test.status == 0 {
				if err != nil {
					t.Fatal(err)
				}
				if id.Credential != (infrahub.Credential{Token: test.token}) || id.Principal.Mode != ModeToken {
					t.Errorf("%s: the token is %q", id.Principal, id.Credential.Token)
				}
				return
			}
			e := refusal(t, err)
			challenge := map[int]string{401: "Bearer"}[test.status]
			if e.Status != test.status || e.Challenge != challenge {
				t.Errorf("status %d, challenge %q: %v", e.Status, e.Challenge, e)
			}
			if id.Credential != (infrahub.Credential{}) || id.Principal.Key != "" {
				t.Errorf("there is an identity beside the error: %s", id)
			}
		})
	}
}

func TestUserNamesAndPasswordsAreReadFromOneHeader(t *testing.T) {
	for _, test := range []struct {
		name, value    string
		user, password string
		status         int
	}{
		{"a name and a password", "Basic " + encode("alice:secret"), "alice", "secret", 0},
		{"the scheme in lower case", "basic " + encode("alice:secret"), "alice", "secret", 0},
		{"several spaces after the scheme", "BASIC   " + encode("alice:secret"), "alice", "secret", 0},
		{"a password with colons", "Basic " + encode("alice:a:b:"), "alice", "a:b:", 0},
		{"UTF-8", "Basic " + encode("renée:pässwörd€"), "renée", "pässwörd€", 0},
		{"blanks at the ends", "Basic " + encode(" alice : secret "), " alice ", " secret ", 0},
		{"a comma in the password", "Basic " + encode("alice:a,b"), "alice", "a,b", 0},
		{"an empty password", "Basic " + encode("alice:"), "alice", "", 0},

		{"no header", "", "", "", 401},
		{"Basic alone", "Basic", "", "", 401},
		{"base64 of nothing", "Basic " + encode(""), "", "", 401},
		{"no colon", "Basic " + encode("alice"), "", "", 401},
		{"an empty name", "Basic " + encode(":secret"), "", "", 401},
		{"a colon alone", "Basic " + encode(":"), "", "", 401},
		{"no padding", "Basic " + base64.RawStdEncoding.EncodeToString([]byte("alice:pass1")), "", "", 401},
		{"too much padding", "Basic " + encode("alice:secret") + "====", "", "", 401},
		{"bits left over", "Basic YWI6Yx==", "", "", 401},
		{"the URL alphabet", "Basic " + base64.URLEncoding.EncodeToString([]byte("a:\u07ff\u07ff>>>???")), "", "", 401},
		{"a space inside", "Basic YWxp Y2U6c2VjcmV0", "", "", 401},
		{"a line break inside", "Basic YWxp\nY2U6c2VjcmV0", "", "", 401},
		{"Latin-1", "Basic " + encode("ren\xe9e:secret"), "", "", 401},
		{"half a character", "Basic " + encode("alice:\xc3"), "", "", 401},
		{"a zero byte", "Basic " + encode("alice:a\x00b"), "", "", 401},
		{"a line break in the name", "Basic " + encode("al\r\nice:secret"), "", "", 401},
		{"a delete character", "Basic " + encode("alice:\x7f"), "", "", 401},
		{"a control character above ASCII", "Basic " + encode("alice:\u0085"), "", "", 401},
		{"Bearer", "Bearer " + encode("alice:secret"), "", "", 401},
		{"base64 alone", encode("alice:secret"), "", "", 401},
		{"too long", "Basic " + encode("alice:"+strings.Repeat("p", maxCredential)), "", "", 401},
		{"two credentials that a proxy joined", "Basic " + encode("a:b") + ", Basic " + encode("c:d"), "", "", 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := request()
			if test.value != "" {
				r = request("Authorization", test.value)
			}
			id, err := newBasic(t, "Authorization").Authenticate(r)
			if test.status == 0 {
				if err != nil {
					t.Fatal(err)
				}
				if id.Credential != (infrahub.Credential{Username: test.user, Password: test.password}) || id.Principal.Mode != ModeBasic {
					t.Errorf("%s: the user is %q, the password %q", id.Principal, id.Credential.Username, id.Credential.Password)
				}
				return
			}
			e := refusal(t, err)
			challenge := map[int]string{401: `Basic realm="infrahub", charset="UTF-8"`}[test.status]
			if e.Status != test.status || e.Challenge != challenge {
				t.Errorf("status %d, challenge %q: %v", e.Status, e.Challenge, e)
			}
		})
	}
	t.Run("two lines", func(t *testing.T) {
		_, err := newBasic(t, "Authorization").Authenticate(request("Authorization", "Basic "+encode("a:b"), "Authorization", "Basic "+encode("a:b")))
		if e := refusal(t, err); e.Status != 400 {
			t.Errorf("status %d: %v", e.Status, e)
		}
	})
}

func TestACredentialInTheURLIsRefused(t *testing.T) {
	for name, a := range map[string]Authenticator{"token": newToken(t, "X-Key"), "basic": newBasic(t, "X-Key")} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/mcp?a=b&access_token=marked", nil)
			r.Header.Set("X-Key", "Bearer x")
			_, err := a.Authenticate(r)
			if e := refusal(t, err); e.Status != 400 || strings.Contains(e.Message, "marked") {
				t.Errorf("status %d: %v", e.Status, e)
			}
		})
	}
}

func TestTrailersAreNotRead(t *testing.T) {
	r := request()
	r.Trailer = http.Header{"Authorization": {"Bearer x"}}
	_, err := newToken(t, "Authorization").Authenticate(r)
	if e := refusal(t, err); e.Status != 401 {
		t.Errorf("status %d: %v", e.Status, e)
	}
}

func TestHeadersThatMeanSomethingElseCannotCarryACredential(t *testing.T) {
	for _, name := range []string{
		"", "X Token", "X-Token:", "Tökén", "X\r\nY", "Connection", "connection", "Keep-Alive", "Proxy-Authenticate",
		"Proxy-Authorization", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Host", "HOST", "Cookie", "Set-Cookie",
		"Content-Type", "content-length", "Mcp-Session-Id", "MCP-Protocol-Version", "Forwarded", "X-Forwarded-For",
		"Origin", "Accept", "Accept-Encoding", "User-Agent", "Sec-Fetch-Site", "WWW-Authenticate",
	} {
		_, tokenErr := NewToken(name, NewKeys())
		_, basicErr := NewBasic(name, NewKeys())
		if tokenErr == nil || basicErr == nil {
			t.Errorf("%q was taken: %v, %v", name, tokenErr, basicErr)
		}
	}
	for _, name := range []string{"Authorization", "authorization", "X-Infrahub-Token", "X_Infrahub_Token", "X-INFRAHUB-KEY"} {
		newToken(t, name)
		newBasic(t, name)
	}
}

// texts are all that the errors of an Authenticator may say.
func texts(h header) []*Error {
	return []*Error{h.missing, h.malformed, h.tooLong, h.repeated, h.inQuery}
}

func FuzzTokens(f *testing.F) {
	for _, seed := range []string{"", "Bearer", "Bearer x", "bearer  x y", "raw", "Digest x", "Basic YTpi", "a,b", "Bearer \xff", "\tx", "Bearer x\r\nY: z"} {
		f.Add(seed)
	}
	a := newToken(f, "Authorization")
	f.Fuzz(func(t *testing.T, value string) {
		id, err := a.Authenticate(request("Authorization", value))
		if err != nil {
			// The texts were made before there was a request, so nothing of it is in them.
			if !slices.Contains(texts(a.header), refusal(t, err)) {
				t.Fatalf("an error made of the request: %v", err)
			}
			return
		}
		token := id.Credential.Token
		if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' || r == ',' }) || len(token) > maxCredential {
			t.Errorf("a token that is none: %q", token)
		}
		if !strings.HasSuffix(strings.TrimRight(value, " "), token) {
			t.Errorf("the token %q is not the end of %q", token, value)
		}
		again, err := a.Authenticate(request("Authorization", "Bearer "+token))
		if len(token)+len("Bearer ") <= maxCredential && (err != nil || again.Principal.Key != id.Principal.Key) {
			t.Errorf("with Bearer the token is another: %v", err)
		}
	})
}

func FuzzBasic(f *testing.F) {
	for _, seed := range []string{"a:b", "a:b:c", ":", "", "a", "renée:é", "\xff:a", "a:\x00", "a:\u0085"} {
		f.Add("Basic "+encode(seed), seed)
	}
	f.Add("basic  YTpi", "a:b")
	f.Add("Basic YTpi=", "a:b")
	f.Add("Bearer YTpi", "a:b")
	a := newBasic(f, "Authorization")
	f.Fuzz(func(t *testing.T, value, text string) {
		for _, value := range []string{value, "Basic " + encode(text)} {
			r := request("Authorization", value)
			id, err := a.Authenticate(r)
			if err != nil {
				if !slices.Contains(texts(a.header), refusal(t, err)) {
					t.Fatalf("an error made of the request: %v", err)
				}
				continue
			}
			c := id.Credential
			joined := c.Username + ":" + c.Password
			if c.Username == "" || strings.Contains(c.Username, ":") || !utf8.ValidString(joined) || strings.ContainsFunc(joined, unicode.IsControl) {
				t.Errorf("%q gave the user %q, password %q", value, c.Username, c.Password)
			}
			// There is no second way to write the same credential.
			value = strings.TrimRight(value, " ")
			if encoded := value[strings.LastIndex(value, " ")+1:]; encode(joined) != encoded {
				t.Errorf("%q is %q", encoded, joined)
			}
		}
	})
}

func TestEveryPairOfNameAndPasswordArrives(t *testing.T) {
	a := newBasic(t, "Authorization")
	printable := rapid.StringOfN(rapid.RuneFrom(nil, unicode.PrintRanges...), 1, 40, 200)
	rapid.Check(t, func(t *rapid.T) {
		user := strings.ReplaceAll(printable.Draw(t, "user"), ":", ";")
		password := printable.Draw(t, "password")
		r := request()
		r.SetBasicAuth(user, password)
		id, err := a.Authenticate(r)
		if err != nil {
			t.Fatal(err)
		}
		if id.Credential != (infrahub.Credential{Username: user, Password: password}) {
			t.Errorf("%q, %q", id.Credential.Username, id.Credential.Password)
		}
	})
}
