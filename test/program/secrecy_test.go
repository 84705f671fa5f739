package program_test

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"infrahub-mcp/internal/auth/oidc/idptest"
	"infrahub-mcp/internal/sandbox/seed"
	"infrahub-mcp/internal/telemetry/tracetest"
	"infrahub-mcp/test/mcptest"
)

// forms are the ways in which a text may be written: as it is, in URLs, in JSON,
// between quotes of Go, and in base64, also as a part of something longer.
func forms(secret string) []string {
	all := []string{secret, url.QueryEscape(secret), url.PathEscape(secret)}
	quoted := []string{strconv.Quote(secret), strconv.QuoteToASCII(secret)}
	var plain strings.Builder
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(secret) // of a string
	escaped, _ := json.Marshal(secret)
	for _, q := range append(quoted, strings.TrimSpace(plain.String()), string(escaped)) {
		all = append(all, q[1:len(q)-1])
	}
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			// The characters in which neighbours have a part are left out.
			encoded := encoding.EncodeToString([]byte(strings.Repeat("x", before) + secret))
			all = append(all, encoded[(before*8+5)/6:(before+len(secret))*8/6])
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// secrets are what must not be seen.
type secrets struct {
	mu    sync.Mutex
	marks map[string]string // what is searched for, and what it is
}

func (s *secrets) add(what string, values ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.marks == nil {
		s.marks = map[string]string{}
	}
	for _, v := range values {
		for _, form := range forms(v) {
			s.marks[form] = what
		}
	}
}

// search fails for each secret in a text.
func (s *secrets) search(t *testing.T, where, text string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for form, what := range s.marks {
		if at := strings.Index(text, form); at >= 0 {
			t.Errorf("%s shows %s, as %q: %.500s", where, what, form, text[max(0, at-200):])
		}
	}
}

// walk searches the files below a directory.
func (s *secrets) walk(t *testing.T, directory string) {
	t.Helper()
	files := os.DirFS(directory)
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, path)
		s.search(t, "the file "+path, path+"\n"+string(content))
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestTheSearchForSecretsFindsThem(t *testing.T) {
	const secret = `p"ä/s+s&w<ö:r\d`
	var s secrets
	s.add("it", secret)
	for _, form := range []string{
		secret, fmt.Sprintf("%q", secret), fmt.Sprintf("%+q", secret), `{"a":"p\"ä/s+s\u0026w\u003cö:r\\d"}`, "?a=" + url.QueryEscape(secret), url.PathEscape(secret),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.URLEncoding.EncodeToString([]byte("user:" + secret)), base64.StdEncoding.EncodeToString([]byte("{" + secret + "}")),
	} {
		found := slices.ContainsFunc(sortedKeys(s.marks), func(mark string) bool { return strings.Contains(form, mark) })
		if !found {
			t.Errorf("%s is not found", form)
		}
	}
}

// The accounts of this test: one that a sandbox knows by its password, and one
// that nobody knows. They have in them what is written differently elsewhere.
const (
	markedUser     = "marked-user"
	markedPassword = `marked-p"ä/s+s&w<ö>:r\d=`
	wrongPassword  = `marked-wr"ö/n+g&p<ä>:s\s=`
	wrongToken     = `marked-wr"o/n+g&t<o>:k\n=`
	markedHeader   = `marked-h"e/a+d&e<r>:s\n=`
)

// TestNoCredentialIsEverSeen drives the program in every mode, at level debug,
// through what succeeds, what is refused and what fails, and searches all that it
// writes and answers for the credentials. That of a panic is a test of package
// server.
func TestNoCredentialIsEverSeen(t *testing.T) {
	parallel(t)
	token := account(t, "reader").Token
	for _, test := range []struct {
		name     string
		settings []string
		header   string   // that carries the credential, Authorization if empty
		good     []string // values with which it works
		bad      []string // that are refused
	}{
		{
			name:     "none with a token",
			settings: []string{"INFRAHUB_API_TOKEN=" + token},
			good:     []string{""},
		},
		{
			name:     "none with a token that is refused",
			settings: []string{"INFRAHUB_API_TOKEN=" + wrongToken},
			bad:      []string{""},
		},
		{
			name:     "none with a password",
			settings: []string{"INFRAHUB_API_TOKEN=", "INFRAHUB_USERNAME=" + markedUser, "INFRAHUB_PASSWORD=" + markedPassword},
			good:     []string{""},
		},
		{
			name:     "none with a password that is refused",
			settings: []string{"INFRAHUB_API_TOKEN=", "INFRAHUB_USERNAME=" + markedUser, "INFRAHUB_PASSWORD=" + wrongPassword},
			bad:      []string{""},
		},
		{
			name:     byToken,
			settings: []string{"INFRAHUB_API_TOKEN=", "INFRAHUB_MCP_AUTH_MODE=" + byToken},
			good:     []string{"Bearer " + token, token},
			bad:      []string{"Bearer " + wrongToken, wrongToken, "Digest " + wrongToken, "Bearer " + wrongToken + " x", "Bearer " + wrongToken + ", " + token, basic(markedUser, markedPassword)},
		},
		{
			name:     byToken + " with a header of its own",
			settings: []string{"INFRAHUB_API_TOKEN=", "INFRAHUB_MCP_AUTH_MODE=" + byToken, "INFRAHUB_MCP_TOKEN_PASSTHROUGH_HEADER=X-Own-Key"},
			header:   "X-Own-Key",
			good:     []string{token, "Bearer " + token},
			bad:      []string{wrongToken, wrongToken + ", " + token, basic(markedUser, markedPassword)},
		},
		{
			name:     byBasic,
			settings: []string{"INFRAHUB_API_TOKEN=", "INFRAHUB_MCP_AUTH_MODE=" + byBasic},
			good:     []string{basic(markedUser, markedPassword)},
			bad: []string{
				basic(markedUser, wrongPassword), basic("marked-nobody", wrongPassword), basic(markedUser, markedPassword) + " x", strings.TrimRight(basic(markedUser, markedPassword+"x"), "="),
				"Basic " + markedUser + ":" + wrongToken, "Bearer " + wrongToken, basic(markedUser, wrongPassword+"\x00"),
			},
		},
	} {
		for _, format := range []string{"text", "json"} {
			t.Run("in mode "+test.name+", logged as "+format, func(t *testing.T) {
				parallel(t)
				w := newWitness(t, append(test.settings, "INFRAHUB_MCP_LOG_FORMAT="+format)...)
				w.header = cmp.Or(test.header, "Authorization")
				for _, h := range test.good {
					w.converse(t, h, true)
				}
				for _, h := range test.bad {
					w.converse(t, h, false)
				}
				for _, h := range slices.Concat(test.good, test.bad) {
					w.misplace(t, h)
				}
				// One that works and one that does not: each takes seconds.
				for _, h := range slices.Concat(test.good[:min(1, len(test.good))], test.bad[:min(1, len(test.bad))]) {
					w.fail(t, h)
				}
				w.conclude(t)
			})
		}
	}
}

// In mode oidc there are, beside the credentials of the server, those that come
// from the identity provider, which reach nobody, and those that the server
// issues, which reach their client alone.
func TestNoCredentialOfALoginIsEverSeen(t *testing.T) {
	parallel(t)
	const key, public = "marked-key/of+the&signatures=0123456789", "https://mcp.example.com"
	for _, format := range []string{"text", "json"} {
		t.Run("logged as "+format, func(t *testing.T) {
			parallel(t)
			idp := idptest.New(t, idptest.Keycloak)
			own := base64.StdEncoding.EncodeToString([]byte(key))
			settings := append(ssoSettings(idp, public), "INFRAHUB_API_TOKEN="+account(t, "reader").Token, "INFRAHUB_MCP_SIGNING_KEY="+own, "INFRAHUB_MCP_LOG_FORMAT="+format)
			w := newWitness(t, settings...)
			w.secrets.add("the secret of the client", idp.ClientSecret)
			w.secrets.add("a signing key", own, key)
			w.secrets.add("what the provider says", idptest.Untold)
			s := ssoOf(w.program, idp, public)
			var issued secrets
			s.issued = func(values ...string) {
				for _, v := range values {
					if len(v) > 3 { // no removed cookie
						issued.add("what the server issued", v)
					}
				}
			}
			s.answer = func(text string) { w.note(reply{body: text}) }
			access, refresh := s.login(t)
			forged := access[:len(access)-6] + "forged"
			w.converse(t, "Bearer "+access, true)
			bad := []string{"Bearer " + forged, "Bearer " + refresh, access, basic("ann", access), "Bearer " + access + ", Bearer " + access, "Bearer " + wrongToken}
			for _, credential := range bad {
				w.converse(t, credential, false)
			}
			for _, credential := range append(bad, "Bearer "+access) {
				w.misplace(t, credential)
			}
			for _, body := range []string{"grant_type=authorization_code&code=" + url.QueryEscape(wrongToken), "grant_type=refresh_token&refresh_token=" + url.QueryEscape(refresh), "token=" + url.QueryEscape(wrongToken), "{"} {
				for _, path := range []string{"/token", "/revoke", "/register", "/consent"} {
					w.note(s.visit(t, nil, http.MethodPost, public+path, body, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}))
				}
			}
			for _, path := range []string{"/authorize?state=" + url.QueryEscape(wrongToken), "/oauth/callback?code=" + url.QueryEscape(wrongToken) + "&state=" + url.QueryEscape(wrongToken), "/auth/callback?error=" + url.QueryEscape(wrongToken)} {
				w.note(s.visit(t, nil, http.MethodGet, public+path, "", http.Header{}))
			}
			// What the provider and the server told each other.
			codes := 0
			for _, q := range idp.Requests(idptest.Token) {
				for _, name := range []string{"code", "code_verifier", "refresh_token"} {
					if v := q.Get(name); v != "" {
						w.secrets.add("the "+name+" of the provider", v)
						codes++
					}
				}
			}
			if codes < 3 {
				t.Errorf("the provider was told %d things, so that this shows little", codes)
			}
			w.fail(t, "Bearer "+access)
			w.conclude(t)
			issued.search(t, "the log", w.Log())
			issued.search(t, "standard output", w.Output())
			issued.walk(t, w.files)
		})
	}
}

// witness is a program, its Infrahub, and all that was seen of the program.
type witness struct {
	*program
	proxy     *proxy
	collector *tracetest.Collector
	secrets   secrets
	header    string // that carries the credential
	files     string // where the program may put files

	mu   sync.Mutex
	seen strings.Builder
}

func newWitness(t *testing.T, settings ...string) *witness {
	t.Helper()
	b := newBox(t)
	b.must(t, "", `mutation($n: String!, $p: String!) { CoreAccountCreate(data: {name: {value: $n}, password: {value: $p}, account_type: {value: "User"}, member_of_groups: [{hfid: ["readers"]}]}) { ok } }`,
		object{"n": markedUser, "p": markedPassword}, nil)
	w := &witness{proxy: startProxyTo(t, b.infrahub), collector: tracetest.New(t), header: "Authorization", files: t.TempDir()}
	w.secrets.add("a password", markedPassword, wrongPassword)
	w.secrets.add("a token", wrongToken, account(t, "reader").Token)
	w.secrets.add("a header for the collector", markedHeader)
	w.secrets.add("a header", strings.TrimPrefix(basic(markedUser, markedPassword), "Basic "), strings.TrimPrefix(basic(markedUser, wrongPassword), "Basic "))
	w.proxy.behave(w.forward)
	w.program = start(t, launch{
		transport: overHTTP, address: "http://" + w.proxy.address, token: seed.Accounts()[0].Token,
		settings: append([]string{"INFRAHUB_TIMEOUT=1", "INFRAHUB_MCP_RETRY_MAX_ATTEMPTS=1", "INFRAHUB_MCP_RETRY_BASE_DELAY=0.01", "INFRAHUB_MCP_PROMETHEUS_ENABLED=true",
			"INFRAHUB_MCP_OTEL_ENABLED=true", "OTEL_EXPORTER_OTLP_ENDPOINT=" + w.collector.URL, "OTEL_EXPORTER_OTLP_HEADERS=authorization=" + url.PathEscape(markedHeader), "TMPDIR=" + w.files, "HOME=" + w.files}, settings...),
	})
	return w
}

// forward lets Infrahub answer and notes the tokens that its logins give.
func (w *witness) forward(rw http.ResponseWriter, r *http.Request) {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		w.secrets.add("a token of a login", token)
	}
	w.proxy.forward.ServeHTTP(rw, r)
}

// repeat answers as an Infrahub that quotes what it was sent, and is no use.
func repeat(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body) // the program may give up
	w.Header().Set("Content-Type", "application/json")
	if !strings.HasPrefix(r.URL.Path, "/graphql") {
		w.WriteHeader(http.StatusInternalServerError)
	}
	said := fmt.Sprintf("failed: %v %s", r.Header, raw)
	_ = json.NewEncoder(w).Encode(object{"data": nil, "errors": []any{object{"message": said, "extensions": object{"code": said}}}})
}

// as are the headers of a request with a credential, in the header of the mode.
func (w *witness) as(credential string, more ...string) http.Header {
	h := as("", more...)
	if credential != "" && h.Get(w.header) == "" {
		h.Set(w.header, credential)
	}
	return h
}

// note keeps an answer.
func (w *witness) note(r reply) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fmt.Fprintln(&w.seen, r.status, r.header, r.body)
}

// send sends a request, whose client may give up, and keeps the answer.
func (w *witness) send(ctx context.Context, method, target, body string, header http.Header) reply {
	r, err := knock(ctx, method, target, body, header)
	if err == nil {
		w.note(r)
	}
	return r
}

// conversation is what a client does in its life.
func conversation() []string {
	return []string{
		whoami(), writes("theirs"), toolRequest("get_nodes", object{"kind": "Nothing"}), toolRequest("get_session_info", object{}), rpc("tools/list", object{}),
		rpc("resources/read", object{"uri": "infrahub://schema"}), rpc("resources/read", object{"uri": "infrahub://branches"}),
		rpc("prompts/get", object{"name": "infrahub_agent"}),
		rpc("completion/complete", object{"ref": object{"type": "ref/prompt", "name": "explore_schema"}, "argument": object{"name": "kind", "value": "Dcim"}}),
		rpc("ping", object{}), rpc("nothing/at-all", object{}), `{"jsonrpc":`, `[]`,
	}
}

// converse has a conversation with a credential, in a session and without one.
func (w *witness) converse(t *testing.T, credential string, works bool) {
	t.Helper()
	r := w.send(t.Context(), http.MethodPost, w.url, whoami(), w.as(credential))
	// The limit for Infrahub is short here, and the machine may be busy.
	for deadline := time.Now().Add(time.Minute); works && r.code() == -32002 && time.Now().Before(deadline); {
		r = w.send(t.Context(), http.MethodPost, w.url, whoami(), w.as(credential))
	}
	if _, _, ok := r.result(); ok != works {
		t.Errorf("with %q: %v", credential, r)
	}
	opened := w.send(t.Context(), http.MethodPost, w.url, rpc("initialize", object{
		"protocolVersion": mcptest.Legacy, "capabilities": object{}, "clientInfo": object{"name": "t", "version": "1"},
	}), w.as(credential))
	for _, session := range []string{"", opened.header.Get("Mcp-Session-Id")} {
		for _, body := range conversation() {
			w.send(t.Context(), http.MethodPost, w.url, body, w.as(credential, "Mcp-Session-Id", session))
		}
		w.send(t.Context(), http.MethodGet, w.url, "", w.as(credential, "Mcp-Session-Id", session, "Accept", "text/event-stream"))
		w.send(t.Context(), http.MethodDelete, w.url, "", w.as(credential, "Mcp-Session-Id", session))
	}
}

// misplace puts a credential where none belongs.
func (w *witness) misplace(t *testing.T, credential string) {
	t.Helper()
	if credential == "" {
		credential = "Bearer " + wrongToken
	}
	for _, name := range []string{"X-Request-ID", "Mcp-Session-Id", "Cookie", "User-Agent", "X-Infrahub-Key", "Proxy-Authorization", "Mcp-Protocol-Version", "Content-Type", "X-Forwarded-For"} {
		if strings.ContainsFunc(credential, func(r rune) bool { return r < ' ' || r > '~' }) {
			continue // net/http of the test does not send it
		}
		w.send(t.Context(), http.MethodPost, w.url, whoami(), w.as(credential, name, credential))
	}
	escaped := url.QueryEscape(credential)
	for _, target := range []string{w.url + "?access_token=" + escaped, w.url + "?token=" + escaped, w.url + "/" + url.PathEscape(credential), w.base() + "/.well-known/" + url.PathEscape(credential)} {
		w.send(t.Context(), http.MethodPost, target, whoami(), w.as(credential))
	}
	// What net/http refuses before any handler sees it.
	for _, lines := range []string{
		"POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\nno header %[1]s\r\n\r\n", "POST /mcp HTTP/1.1\r\nHost: %s\r\n\r\n",
		"%s\r\n\r\n", "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: %s\r\n\r\n", "POST /mcp HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: %s\r\n\r\n",
		"POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{",
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(w.base(), "http://"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, lines, credential)
		_ = conn.(*net.TCPConn).CloseWrite()
		raw, _ := io.ReadAll(conn) // the connection may be reset
		w.note(reply{body: string(raw)})
		conn.Close()
	}
}

// fail has a conversation while Infrahub is of no use, and one whose client
// gives up.
func (w *witness) fail(t *testing.T, credential string) {
	t.Helper()
	for _, behaviour := range []http.HandlerFunc{unavailable, repeat, hanging} {
		w.proxy.behave(behaviour)
		bodies := conversation()[:6]
		together(t, len(bodies)+1, func(i int) error {
			if i == len(bodies) {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
				defer cancel()
				w.send(ctx, http.MethodPost, w.url, whoami(), w.as(credential))
				return nil
			}
			w.send(t.Context(), http.MethodPost, w.url, bodies[i], w.as(credential))
			return nil
		})
		w.send(t.Context(), http.MethodGet, w.base()+"/health", "", as(""))
	}
	w.proxy.behave(w.forward)
}

// conclude ends the program and searches what was seen of it.
func (w *witness) conclude(t *testing.T) {
	t.Helper()
	for _, path := range []string{"/health", "/metrics", "/", "/register"} {
		if r := w.send(t.Context(), http.MethodGet, w.base()+path, "", as("")); r.status == 0 {
			t.Errorf("%s is not answered", path)
		} else if path == "/metrics" && (strings.Contains(r.body, markedUser) || !strings.Contains(r.body, "infrahub_mcp_tool_calls_total{")) {
			t.Errorf("the metrics name a user, or count nothing:\n%s", r.body)
		}
	}
	directories := []string{w.files}
	if at, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", w.ID())); err == nil { // Linux
		directories = append(directories, at)
	}
	if err := w.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	ended(t, w.program)
	for _, directory := range directories {
		w.secrets.walk(t, directory)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	spans := w.collector.Raw()
	w.secrets.search(t, "a span", spans)
	for _, private := range []string{markedUser, "marked-", "theirs", "Nothing", "mutation", "mcp/session"} { // users, what they write and ask for, and where
		if at := strings.Index(spans, private); at >= 0 {
			t.Errorf("a span shows %s: %q", private, spans[max(0, at-200):at+20])
		}
	}
	for _, want := range []string{"execute_tool", "read_resource", "write_prompt", "POST /", "tool_error"} {
		if !strings.Contains(spans, want) {
			t.Errorf("no span has %q, so that this shows little", want)
		}
	}
	for where, text := range map[string]string{"an answer": w.seen.String(), "the log": w.Log(), "standard output": w.Output()} {
		w.secrets.search(t, where, text)
	}
	for _, want := range []string{"tool_call", "resource_read", "infrahub_request", "refused", "failed", "fault"} {
		if !strings.Contains(w.Log(), want) {
			t.Errorf("the log has no %q, so that this shows little", want)
		}
	}
}
