package login_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"infrahub-mcp/test/mcptest"
)

// script starts one of the scripts in ./clients for Node, or of the packages there.
func script(t *testing.T, arguments ...string) *mcptest.Process {
	t.Helper()
	return scriptWith(t, nil, arguments...)
}

func scriptWith(t *testing.T, environment []string, arguments ...string) *mcptest.Process {
	t.Helper()
	node := filepath.Join("node_modules", ".bin", "node") // the system's may be too old
	return startClient(t, node, append([]string{"NODE_EXTRA_CA_CERTS=" + shared.certificate}, environment...), arguments)
}

// startClient starts a program that runs in ./clients.
func startClient(t *testing.T, program string, environment, arguments []string) *mcptest.Process {
	t.Helper()
	directory, err := filepath.Abs("clients")
	if err != nil {
		t.Fatal(err)
	}
	if !filepath.IsAbs(program) {
		program = filepath.Join(directory, program)
	}
	environment = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, environment...)
	p, err := mcptest.Start(mcptest.Command{Path: program, Dir: directory, Args: arguments, Env: environment})
	if err != nil {
		t.Fatalf(".ci/login installs the clients: %v", err)
	}
	t.Cleanup(p.Kill)
	return p
}

func TestTheTypeScriptSDKLogsInStepsUpAndRefreshes(t *testing.T) {
	everywhere(t, func(t *testing.T, at place) {
		for _, generation := range []string{"1", "2"} {
			t.Run("version "+generation, func(t *testing.T) {
				t.Parallel()
				s := at.server(t, nil)
				a := newApp(t, s, "") // for its callback
				guide(t, a, script(t, "typescript.mjs", generation, s.mcp(), a.callback))
			})
		}
	})
}

func TestThePythonSDKLogsInStepsUpAndRefreshes(t *testing.T) {
	everywhere(t, func(t *testing.T, at place) {
		for _, generation := range []string{"1", "2"} {
			t.Run("version "+generation, func(t *testing.T) {
				t.Parallel()
				python, err := filepath.Abs("../../build/login-python-" + generation + "/bin/python")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := os.Stat(python); err != nil {
					t.Skip("the Python SDK is not installed; .ci/login does it where there is a Python with venv")
				}
				s := at.server(t, nil)
				a := newApp(t, s, "") // for its callback
				environment := []string{"SSL_CERT_FILE=" + shared.certificate, "PYTHONDONTWRITEBYTECODE=1"}
				guide(t, a, startClient(t, python, environment, []string{"python.py", generation, s.mcp(), a.callback}))
			})
		}
	})
}

// guide is the person in front of one of the scripts that are clients: they go to
// the browser when it asks for that, and do not allow writing until the second
// time. What the script tells at the end must fit.
func guide(t *testing.T, a *app, sdk *mcptest.Process) {
	t.Helper()
	p := newPerson(t)
	var result struct {
		Open          string
		First         []string
		Second        string
		Third, Fourth []string
		Rotated       bool
	}
	logins := 0
	for lines := bufio.NewScanner(sdk.Stdout); result.First == nil && lines.Scan(); {
		if err := json.Unmarshal(lines.Bytes(), &result); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		if result.First != nil {
			break
		}
		p.must(t, p.open(t, result.Open), consentPage)
		if logins++; logins == 1 {
			p.untick(t)
		}
		p.must(t, p.proceed(t, "writer"), clientPage)
		fmt.Fprintln(sdk.Stdin, a.callback+"?"+a.answer(t).Encode())
	}
	if result.First == nil {
		t.Fatalf("the client ended: %s", sdk.Log())
	}
	if logins != 2 || slices.Contains(result.First, "node_upsert") || !slices.Contains(result.Third, "node_upsert") {
		t.Errorf("%d logins; before the second: %q, after it: %q", logins, result.First, result.Third)
	}
	if !strings.HasPrefix(result.Second, "mcp/writer-example-com-") {
		t.Errorf("the branch is %q", result.Second)
	}
	if !result.Rotated || !slices.Equal(result.Third, result.Fourth) {
		t.Errorf("after the refresh: %q, a new refresh token: %v", result.Fourth, result.Rotated)
	}
}

func TestMCPRemoteLogsInAndWrites(t *testing.T) {
	everywhere(t, mcpRemoteLogsInAndWrites)
}

func mcpRemoteLogsInAndWrites(t *testing.T, at place) {
	for _, protocol := range []string{"legacy", "auto"} {
		t.Run("protocol "+protocol, func(t *testing.T) {
			t.Parallel()
			s := at.server(t, nil)
			p := newPerson(t)
			opened := filepath.Join(t.TempDir(), "opened")
			browser, err := filepath.Abs("clients/open-browser")
			if err != nil {
				t.Fatal(err)
			}
			bridge := scriptWith(t, []string{"BROWSER=" + browser, "OPENED=" + opened},
				"node_modules/mcp-remote/dist/proxy.js", s.mcp(), "--auth-timeout", "120", "--protocol", protocol)
			connected := make(chan *mcptest.Client, 1)
			go func() {
				c, err := mcptest.ConnectStdio(t.Context(), mcptest.Legacy, bridge.Stdin, bridge.Stdout)
				if err != nil {
					t.Errorf("connecting: %v\n%s", err, bridge.Log())
				}
				connected <- c
			}()
			var address []byte
			eventually(t, time.Minute, "the client opens no browser", func() bool {
				address, err = os.ReadFile(opened)
				return err == nil
			})
			p.must(t, p.open(t, strings.TrimSpace(string(address))), consentPage)
			p.picture(t, "consent-mcp-remote")
			p.must(t, p.proceed(t, "writer"), otherPage) // it has a page of its own
			c := <-connected
			if c == nil {
				return
			}
			t.Cleanup(func() { _ = c.Close() })
			result, err := c.CallTool(t.Context(), "node_upsert", object{"kind": "BuiltinTag", "data": object{"name": "mcp-remote"}})
			if err != nil || result.IsError {
				t.Errorf("writing: %s, %v\n%s", result.Text, err, bridge.Log())
			}
		})
	}
}

func TestTheClientOfMCPGoLogsIn(t *testing.T) {
	everywhere(t, theClientOfMCPGoLogsIn)
}

func theClientOfMCPGoLogsIn(t *testing.T, at place) {
	s := at.server(t, nil)
	a := newApp(t, s, "") // for its callback
	c, err := client.NewOAuthStreamableHttpClient(s.mcp(), transport.OAuthConfig{
		RedirectURI: a.callback, TokenStore: transport.NewMemoryTokenStore(), PKCEEnabled: true, HTTPClient: shared.web,
	}, transport.WithHTTPBasicClient(shared.web))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	start := func() error {
		if err := c.Start(t.Context()); err != nil {
			return err
		}
		_, err := c.Initialize(t.Context(), mcp.InitializeRequest{Params: mcp.InitializeParams{
			ProtocolVersion: mcp.LATEST_PROTOCOL_VERSION, ClientInfo: mcp.Implementation{Name: "mcp-go", Version: "1"},
		}})
		return err
	}
	err = start()
	handler := client.GetOAuthHandler(err)
	if handler == nil {
		t.Fatalf("connecting: %v", err)
	}
	if err := handler.RegisterClient(t.Context(), "mcp-go"); err != nil {
		t.Fatal(err)
	}
	verifier, err := client.GenerateCodeVerifier()
	if err != nil {
		t.Fatal(err)
	}
	state, err := client.GenerateState()
	if err != nil {
		t.Fatal(err)
	}
	address, err := handler.GetAuthorizationURL(t.Context(), state, client.GenerateCodeChallenge(verifier))
	if err != nil {
		t.Fatal(err)
	}
	newPerson(t).logIn(t, address, "writer")
	answer := a.answer(t)
	if err := handler.ProcessAuthorizationResponse(t.Context(), answer.Get("code"), answer.Get("state"), verifier); err != nil {
		t.Fatal(err)
	}
	if err := start(); err != nil {
		t.Fatalf("connecting after the login: %v", err)
	}
	var call mcp.CallToolRequest
	call.Params.Name, call.Params.Arguments = "node_upsert", object{"kind": "BuiltinTag", "data": object{"name": "mcp-go"}}
	if result, err := c.CallTool(t.Context(), call); err != nil || result.IsError {
		t.Errorf("writing: %+v, %v", result, err)
	}
}

func TestAnotherProviderIsEnough(t *testing.T) {
	everywhere(t, anotherProviderIsEnough)
}

func anotherProviderIsEnough(t *testing.T, at place) {
	for _, id := range []string{"confidential", "public"} {
		t.Run("a client that is "+id, func(t *testing.T) {
			t.Parallel()
			a := known(t, at.serverAtAnotherProvider(t, id))
			got := a.logIn(t, newPerson(t).tab, "writer")
			// The e-mail address is known from the userinfo endpoint.
			if branch := a.writes(t, got.Access); !strings.HasPrefix(branch, "mcp/writer-example-com-") {
				t.Errorf("the branch is %q", branch)
			}
			if id == "public" {
				newest := a.refresh(t, a.refresh(t, got))
				a.writes(t, newest.Access)
				a.revoke(t, newest.Refresh)
				if a.works(t, newest.Access) {
					t.Error("the token of a login that was ended is accepted")
				}
			} else if got.Refresh != "" {
				t.Error("there is a refresh token although the provider gave none")
			}
			p := newPerson(t)
			login := a.attempt(t)
			p.must(t, p.open(t, login.url), consentPage)
			p.untick(t)
			p.must(t, p.proceed(t, "writer"), clientPage)
			a.onlyReads(t, a.redeem(t, login, a.answer(t)).Access)
		})
	}
}

// serverAtAnotherProvider starts the program, and the provider of clients/provider.mjs
// for it alone, where it is one of the clients confidential and public.
func (at place) serverAtAnotherProvider(t *testing.T, id string) *server {
	t.Helper()
	address := freeAddress(t)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	all := settings{
		"OIDC_CONFIG_URL": "http://" + address + "/.well-known/openid-configuration", "OIDC_CLIENT_ID": id,
		"SIGNING_KEY": newKey(), "BRANCH_PATTERN": "mcp/{user}-{hex}",
	}
	if id == "confidential" {
		all["OIDC_CLIENT_SECRET"] = clientSecret
	}
	s := at.prepare(t, all)
	provider := script(t, "provider.mjs", port, s.base+"/oauth/callback")
	if line, err := bufio.NewReader(provider.Stdout).ReadString('\n'); err != nil {
		t.Fatalf("the provider does not start: %q, %v, %s", line, err, provider.Log())
	}
	go io.Copy(io.Discard, provider.Stdout)
	s.start(t)
	return s
}

func TestTheConformanceSuiteAgrees(t *testing.T) {
	everywhere(t, func(t *testing.T, at place) {
		a := known(t, at.server(t, nil))
		_, port, err := net.SplitHostPort(freeAddress(t))
		if err != nil {
			t.Fatal(err)
		}
		a.callback = "http://127.0.0.1:" + port + "/callback"
		a.register(t)
		results := t.TempDir()
		suite := script(t, "node_modules/@modelcontextprotocol/conformance/dist/index.js", "authorization",
			"--url", a.metadata.Issuer, "--client-id", a.id, "--resource", a.resource, "--port", port, "--output-dir", results)
		for lines := bufio.NewScanner(suite.Stdout); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), a.metadata.Authorization+"?") {
				p := newPerson(t)
				p.must(t, p.open(t, lines.Text()), consentPage)
				p.must(t, p.proceed(t, "writer"), otherPage)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if status, err := suite.Wait(ctx); err != nil || status != 0 {
			t.Errorf("exit status %d, %v\n%s\n%s", status, err, suite.Output(), suite.Log())
		}
		scenarios, err := verdicts(results)
		if err != nil || len(scenarios) != 2 {
			t.Fatalf("the suite tells of %d scenarios, want 2, %v\n%s", len(scenarios), err, suite.Output())
		}
		for scenario, checks := range scenarios {
			if len(checks) == 0 {
				t.Errorf("%s: no checks", scenario)
			}
			for _, c := range checks {
				if c.Status != "SUCCESS" && c.Status != "INFO" {
					t.Errorf("%s: %s: %s %s", scenario, c.ID, c.Status, c.ErrorMessage)
				}
			}
		}
	})
}

// check is one of the conformance suite.
type check struct{ ID, Status, ErrorMessage string }

// verdicts reads what the conformance suite wrote: the checks of each scenario.
func verdicts(directory string) (map[string][]check, error) {
	all := map[string][]check{}
	written := os.DirFS(directory)
	files, err := fs.Glob(written, "*/checks.json")
	for _, file := range files {
		raw, err := fs.ReadFile(written, file)
		if err != nil {
			return nil, err
		}
		var checks []check
		if err := json.Unmarshal(raw, &checks); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all[path.Dir(file)] = checks
	}
	return all, err
}
