package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lines is a stream that tells of each line that is written to it.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
	news chan struct{}
}

func newLines() *lines { return &lines{news: make(chan struct{}, 1)} }

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.news <- struct{}{}:
	default:
	}
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// program is a command that runs until it is told to end.
type program struct {
	t      *testing.T
	err    *lines
	status chan int
	cancel context.CancelFunc
	in     *io.PipeWriter
	out    *io.PipeReader
}

// start runs a command line in the background.
func start(t *testing.T, arguments ...string) *program {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	in, write := io.Pipe()
	read, out := io.Pipe()
	p := &program{t: t, err: newLines(), status: make(chan int, 1), cancel: cancel, in: write, out: read}
	go func() {
		status := Run(ctx, arguments, Streams{In: in, Out: out, Err: p.err})
		_ = out.Close()
		p.status <- status
	}()
	t.Cleanup(func() { cancel(); _ = write.Close(); _ = read.Close() })
	return p
}

// find waits until standard error holds what an expression matches, and returns
// its first group.
func (p *program) find(expression string) string {
	p.t.Helper()
	pattern := regexp.MustCompile(expression)
	for {
		if match := pattern.FindStringSubmatch(p.err.String()); match != nil {
			return match[1]
		}
		select {
		case <-p.err.news:
		case status := <-p.status:
			p.t.Fatalf("it ended with status %d:\n%s", status, p.err)
		}
	}
}

// end cancels the command and returns its exit status.
func (p *program) end() int {
	p.cancel()
	return <-p.status
}

const address = `at (http://127\.0\.0\.1:\d+)`

// graphql asks a sandbox.
func graphql(t *testing.T, address, token, document string) string {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": document})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/graphql", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("X-Infrahub-Key", token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

func TestTheSandboxServesTellsWhereAndEndsCleanly(t *testing.T) {
	environment(t, map[string]string{"INFRAHUB_TIMEOUT": "never"}) // no configuration is read
	p := start(t, "sandbox", "--listen", "127.0.0.1:0", "--devices", "3")
	at := p.find(address)
	token := p.find(`account reader +password reader +token (\S+)`)
	for _, want := range []string{"this is a sandbox", "1.11", "made-up data", "account admin", "account engineer"} {
		if !strings.Contains(p.err.String(), want) {
			t.Errorf("standard error lacks %q:\n%s", want, p.err)
		}
	}
	if got := graphql(t, at, token, "{ DcimDevice { count } }"); !strings.Contains(got, `"count":3`) && !strings.Contains(got, `"count": 3`) {
		t.Errorf("it answers %s", got)
	}
	if status := p.end(); status != exitOK {
		t.Errorf("status %d:\n%s", status, p.err)
	}
	if _, err := http.Get(at + "/api/info"); err == nil {
		t.Error("it still answers")
	}
}

func TestTheSandboxHeedsItsFlags(t *testing.T) {
	environment(t, nil)
	t.Run("an older generation", func(t *testing.T) {
		p := start(t, "sandbox", "--listen", "127.0.0.1:0", "--devices", "0", "--emulate", "1.9")
		if got := graphql(t, p.find(address), "", "{ InfrahubInfo { version } }"); !strings.Contains(got, `1.9`) || !strings.Contains(p.err.String(), "Infrahub 1.9") {
			t.Errorf("%s\n%s", got, p.err)
		}
		if got := graphql(t, p.find(address), "", "{ DcimDevice { count } }"); !strings.Contains(got, "Cannot query field") {
			t.Errorf("without demo data it answers %s", got)
		}
	})
	t.Run("nobody without a credential", func(t *testing.T) {
		p := start(t, "sandbox", "--listen", "127.0.0.1:0", "--devices", "0", "--deny-anonymous")
		if got := graphql(t, p.find(address), "", "{ BuiltinTag { count } }"); !strings.Contains(got, "errors") {
			t.Errorf("%s", got)
		}
	})
	for name, flags := range map[string][]string{"faults on demand": {"--faults"}, "no faults otherwise": nil} {
		t.Run(name, func(t *testing.T) {
			p := start(t, append([]string{"sandbox", "--listen", "127.0.0.1:0", "--devices", "0"}, flags...)...)
			response, err := http.Get(p.find(address) + "/sandbox/faults")
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if (response.StatusCode == http.StatusOK) != (flags != nil) {
				t.Errorf("status %d", response.StatusCode)
			}
		})
	}
	t.Run("a warning beyond loopback", func(t *testing.T) {
		p := start(t, "sandbox", "--listen", "0.0.0.0:0", "--devices", "0")
		p.find(`(listens beyond this machine)`)
		if status := p.end(); status != exitOK {
			t.Errorf("status %d", status)
		}
	})
}

func TestASandboxCommandLineThatMakesNoSense(t *testing.T) {
	const more = "Run 'infrahub-mcp sandbox --help' for what it takes.\n"
	for _, test := range []struct{ arguments, err string }{
		{"sandbox --emulate 1.10", "infrahub-mcp: --emulate is \"1.10\", but must be 1.11 or 1.9.\n" + more},
		{"sandbox --devices -1", "infrahub-mcp: --devices is -1, but must be 0 to 60000.\n" + more},
		{"sandbox --devices 60001", "infrahub-mcp: --devices is 60001, but must be 0 to 60000.\n" + more},
		{"sandbox now", "infrahub-mcp: 'infrahub-mcp sandbox' takes no arguments.\n" + more},
		{"sandbox --lisen x", "infrahub-mcp: There is no flag named \"--lisen\". Did you mean --listen?\n" + more},
		{"--data x", "infrahub-mcp: --data names the file of a sandbox, so it needs --sandbox.\nRun 'infrahub-mcp --help' for what it takes.\n"},
	} {
		environment(t, map[string]string{"INFRAHUB_ADDRESS": "http://127.0.0.1:1", "INFRAHUB_API_TOKEN": "x"})
		status, out, err := run(t, strings.Fields(test.arguments)...)
		if status != exitUsage || out != "" {
			t.Errorf("%s: status %d, output %q", test.arguments, status, out)
		}
		if diff := cmp.Diff(test.err, err); diff != "" {
			t.Errorf("%s: %s", test.arguments, diff)
		}
	}
	for _, arguments := range []string{"sandbox --devices many", "sandbox --token-lifetime soon", "sandbox --listen"} {
		environment(t, nil)
		if status, _, err := run(t, strings.Fields(arguments)...); status != exitUsage || !strings.HasSuffix(err, more) {
			t.Errorf("%s: status %d, %s", arguments, status, err)
		}
	}
	if status, out, _ := run(t, "sandbox", "--help"); status != exitOK || !strings.HasPrefix(out, "Serve an Infrahub in memory") || !strings.Contains(out, "--emulate") || !strings.Contains(out, "It guards nothing") {
		t.Errorf("status %d: %s", status, out)
	}
}

func TestASandboxThatCannotStartSaysWhy(t *testing.T) {
	environment(t, nil)
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Close() }()
	if err := os.WriteFile("junk.db", []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		arguments []string
		want      string
	}{
		"a port that is taken":          {[]string{"sandbox", "--devices", "0", "--listen", busy.Addr().String()}, "address already in use"},
		"no port":                       {[]string{"sandbox", "--devices", "0", "--listen", "127.0.0.1"}, "missing port"},
		"a file of something else":      {[]string{"sandbox", "--data", "junk.db"}, "junk.db"},
		"a folder in place of a file":   {[]string{"sandbox", "--data", "."}, "data of the sandbox"},
		"the same below a server":       {[]string{"--sandbox", "--data", "junk.db"}, "junk.db"},
		"a setting that is not allowed": {[]string{"--sandbox", "--port", "x"}, "--port is"},
	} {
		status, out, errors := run(t, test.arguments...)
		if status == exitOK || out != "" || !strings.Contains(errors, test.want) {
			t.Errorf("%s: status %d, output %q, standard error %s", name, status, out, errors)
		}
	}
	if text, err := os.ReadFile("junk.db"); err != nil || string(text) != "junk" {
		t.Errorf("what was no data of a sandbox is now %q, %v", text, err)
	}
}

func TestDataSurvivesTheSandbox(t *testing.T) {
	environment(t, nil)
	path := filepath.Join(t.TempDir(), "trial.db")
	for round := range 2 {
		p := start(t, "sandbox", "--listen", "127.0.0.1:0", "--devices", "0", "--data", path)
		at, token := p.find(address), p.find(`account admin +password infrahub +token (\S+)`)
		got := graphql(t, at, token, `{ BuiltinTag(name__value: "kept") { count } }`)
		if has := strings.Contains(got, "1"); has != (round == 1) {
			t.Errorf("round %d: %s", round, got)
		}
		if round == 0 {
			graphql(t, at, token, `mutation { BuiltinTagCreate(data: {name: {value: "kept"}}) { ok } }`)
		}
		if status := p.end(); status != exitOK {
			t.Errorf("status %d: %s", status, p.err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the file: %v, %v", info, err)
		}
	}
}

// exchange speaks MCP over standard input and output.
func (p *program) exchange(requests ...string) []string {
	p.t.Helper()
	decoder := json.NewDecoder(p.out)
	var answers []string
	for _, request := range requests {
		if _, err := fmt.Fprintln(p.in, request); err != nil {
			p.t.Fatal(err)
		}
		if !strings.Contains(request, `"id"`) {
			continue
		}
		var answer json.RawMessage
		if err := decoder.Decode(&answer); err != nil {
			p.t.Fatalf("%v\n%s", err, p.err)
		}
		answers = append(answers, string(answer))
	}
	return answers
}

const (
	initialize  = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}`
	initialized = `{"jsonrpc":"2.0","method":"notifications/initialized"}`
)

func callOf(id int, name, arguments string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":%q,"arguments":%s}}`, id, name, arguments)
}

// TestAServerOnASandbox has settings about Infrahub in the environment and in a
// .env file, and none of them counts.
func TestAServerOnASandbox(t *testing.T) {
	environment(t, map[string]string{
		"INFRAHUB_ADDRESS": "http://infrahub.example", "INFRAHUB_USERNAME": "somebody", "INFRAHUB_DEFAULT_BRANCH": "nowhere",
		"INFRAHUB_PROXY": "http://127.0.0.1:1", "INFRAHUB_TLS_CA_FILE": "missing.pem", "INFRAHUB_MCP_ENV_FILE": "also-missing",
	})
	if err := os.WriteFile(".env", []byte("INFRAHUB_API_TOKEN=from-the-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(t.TempDir(), "trial.db")
	for round := range 2 {
		p := start(t, "--sandbox", "--data", data)
		write := `{"kind":"BuiltinTag","data":{"name":"kept"}}`
		if round == 1 {
			write = `{"kind":"BuiltinTag","hfid":["kept"],"data":{"description":"again"}}`
		}
		answers := p.exchange(initialize, initialized, callOf(2, "get_nodes", `{"kind":"DcimDevice","limit":0}`), callOf(3, "node_upsert", write), callOf(4, "get_session_info", `{}`))
		for _, want := range []string{`total_count: 40`, `mcp/session-`, `http://127.0.0.1:`} {
			if !strings.Contains(strings.Join(answers, "\n"), want) {
				t.Errorf("the answers lack %s: %s", want, answers)
			}
		}
		p.find("this is a (sandbox)")
		if err := p.in.Close(); err != nil { // the client goes
			t.Fatal(err)
		}
		if status := <-p.status; status != exitOK {
			t.Errorf("status %d: %s", status, p.err)
		}
		if _, err := os.Stat(data); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
	}
}

func TestAServerOnASandboxThatIsInterruptedSavesItsData(t *testing.T) {
	environment(t, nil)
	p := start(t, "--sandbox", "--data", "trial.db", "--transport", "streamable-http", "--port", "0")
	p.find(`(listening)`)
	if status := p.end(); status != exitOK {
		t.Errorf("status %d: %s", status, p.err)
	}
	if _, err := os.Stat("trial.db"); errors.Is(err, os.ErrNotExist) {
		t.Error("nothing was saved")
	}
}
