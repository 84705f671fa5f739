package telemetry

import (
	"strings"
	"testing"
)

func TestCredentialsAreKnownByTheirShape(t *testing.T) {
	s := newShapes([]string{"authorization", "cookie", "x-infrahub-key", "x-own-header"})
	const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl_-x"
	for _, test := range []struct{ name, text, want string }{
		{"a JSON Web Token", "refused " + jwt + ": expired", "refused (hidden): expired"},
		{"one without a signature", "(eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.)", "((hidden))"},
		{"one in a URL", "/callback#id_token=" + jwt + "&state=x", "/callback#id_token=(hidden)&state=(hidden)"},
		{"a bearer token", "sent Bearer s3cr3t and failed", "sent Bearer (hidden) and failed"},
		{"one in lower case", "sent bearer s3cr3t", "sent bearer (hidden)"},
		{"one between quotes", `sent "Bearer s3cr3t" and failed`, `sent "Bearer (hidden)" and failed`},
		{"one in an escaped URL", "x?h=Bearer%20s3cr3t", "x?h=Bearer%20(hidden)"},
		{"a user and password", "sent Basic YW5uOnMzY3IzdA== and failed", "sent Basic (hidden) and failed"},
		{"a header", "GET /mcp\r\nAuthorization: s3cr3t with blanks\r\nHost: x", "GET /mcp\r\nAuthorization: (hidden)\r\nHost: x"},
		{"that of Infrahub", "X-INFRAHUB-KEY: s3cr3t", "X-INFRAHUB-KEY: (hidden)"},
		{"one of the operator's choice", "x-own-HEADER:s3cr3t", "x-own-HEADER:(hidden)"},
		{"a cookie", "Set-Cookie: access_token=s3cr3t; Path=/", "Set-Cookie: (hidden)"},
		{"a header as package fmt writes it", "map[Authorization:[Bearer s3cr3t] Host:[x]]", "map[Authorization:(hidden)"},
		{"a header as a command takes it", `curl -H "Authorization: s3cr3t" x`, `curl -H "Authorization: (hidden)`},
		{"headers in JSON", `{"Authorization":["s3cr3t"],"a":1}`, `{"Authorization":(hidden)`},
		{"a header in JSON", `{"authorization": "Bearer s3cr3t", "a": 1}`, `{"authorization": "(hidden)", "a": 1}`},
		{"a form", "grant_type=password&password=s3cr3t&a=1", "grant_type=password&password=(hidden)&a=1"},
		{"a form, escaped", "token%3Ds3cr3t", "token%3D(hidden)"},
		{"a name with underscores", "INFRAHUB_API_TOKEN=s3cr3t x", "INFRAHUB_API_TOKEN=(hidden) x"},
		{"JSON", `{"access_token":"s3cr3t","a":1}`, `{"access_token":"(hidden)","a":1}`},
		{"JSON with spaces", `{"client_secret" : "s3cr3t", "a": 1}`, `{"client_secret" : "(hidden)", "a": 1}`},
		{"JSON with quotes in the value", `{"password":"s3\"cr\\3t\\","a":1}`, `{"password":"(hidden)","a":1}`},
		{"JSON in JSON", `"{\"password\":\"s3\\\"cr3t\",\"a\":1}"`, `"{\"password\":\"(hidden)\",\"a\":1}"`},
		{"JSON without an end", `{"password":"s3cr3t `, `{"password":"(hidden)`},
		{"a struct as package fmt writes it", "{Username:ann Password:s3cr3t}", "{Username:ann Password:(hidden)}"},
		{"user and password in a URL", "proxy http://ann:s3cr3t@proxy:3128/x failed", "proxy http://(hidden)@proxy:3128/x failed"},
		{"the code of a login", "/auth/callback?code=s3cr3t&state=s3cr3t", "/auth/callback?code=(hidden)&state=(hidden)"},
		{"what is hidden in part already", "token=(hidden)s3cr3t x", "token=(hidden) x"},

		{"what is hidden already", `token=(hidden) Bearer (hidden) {"password":"(hidden)"}`, `token=(hidden) Bearer (hidden) {"password":"(hidden)"}`},
		{"a sentence", "The request carries no bearer token.", "The request carries no bearer token."},
		{"another sentence", "basic authentication is off", "basic authentication is off"},
		{"a wrapped error", "reading the token: dial tcp 127.0.0.1:80: connection refused", "reading the token: dial tcp 127.0.0.1:80: connection refused"},
		{"a challenge", `Bearer realm="infrahub", error="invalid_token"`, `Bearer realm="infrahub", error="invalid_token"`},
		{"an address", "http://infrahub:8000/graphql?at=1", "http://infrahub:8000/graphql?at=1"},
		{"a mail address", "https://x/y?mail=ann@example.com", "https://x/y?mail=ann@example.com"},
		{"a mode", "token-passthrough", "token-passthrough"},
		{"a status", "code=404", "code=404"},
		{"a resource", "infrahub://schema/DcimDevice", "infrahub://schema/DcimDevice"},
		{"a UUID", "06438eb2-8019-4776-878c-0941b1f1d1ec", "06438eb2-8019-4776-878c-0941b1f1d1ec"},
		{"nothing", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := s.hide(test.text); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// places are where a credential may stand; %s is the credential.
func places() []string {
	return []string{
		"Bearer %s", "basic %s", "BEARER\t%s", `"Bearer %s"`, "Authorization: %s", "authorization=%s", "Authorization:[%s]",
		`{"token":"%s"}`, `{\"password\":\"%s\"}`, "password=%s&x=y", "{Secret:%s}", "x://ann:%s@host/", "?code=%s", "Cookie: a=%s; b",
		"api_key=%s", "%s", // by itself it must be one that is known
	}
}

func FuzzWhatIsHiddenDoesNotComeThrough(f *testing.F) {
	f.Add("", "s3cr3t-0123456789", "", 0)
	f.Add(`say "`, "s3cr3t-0123456789", `" and go`, 3)
	f.Add("password=(hidden)", "s3cr3t-0123456789", "eyJ", 8)
	f.Add("token=", "Bearer-Bearer-Bearer", " Basic ", 1)
	f.Fuzz(func(t *testing.T, before, secret, after string, place int) {
		all := places()
		template := all[uint(place)%uint(len(all))]
		known := template == "%s"
		// In a quoted place a secret would be escaped, and elsewhere end where a
		// blank or a delimiter does.
		if len(secret) < 8 || strings.ContainsAny(secret, " \t\r\n\"'\\,;&(){}[]<>=:@/?#%+!.") || strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r > '~' }) {
			t.Skip()
		}
		switch strings.ToLower(secret) {
		case "authentication", "credential", "credentials", "passthrough": // words of a sentence
			t.Skip()
		}
		var secrets []string
		if known {
			secrets = []string{secret}
		}
		r := newRedactor(nil, nil)
		text := before + " " + strings.ReplaceAll(template, "%s", secret) + " " + after
		got := r.text(text, variants(secrets))
		around := r.text(before, nil) + r.text(after, nil)
		if strings.Contains(got, secret) && !strings.Contains(around, secret) && !strings.Contains(template, secret) {
			t.Errorf("%q became %q", text, got)
		}
		if again := r.text(got, variants(secrets)); again != got {
			t.Errorf("hidden twice, %q became %q", got, again)
		}
	})
}
